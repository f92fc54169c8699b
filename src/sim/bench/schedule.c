#include "sim/bench/schedule.h"

#include "sim/scenario/scenario.h"

#include <assert.h>

/* The tables of what a schedule is made of, and its memory. */

static const char *const course_names[COURSES] = {
        [COURSE_APPLY] = "apply",     [COURSE_UNDO] = "undo",   [COURSE_TURN] = "turn",
        [COURSE_RECOVER] = "recover", [COURSE_WAVER] = "waver",
};

enum trait {
        OF_CALL = 1,
        SUBJECT = 2,
        LASTS = 4,
};

/* The one table of faults. */
static const struct fault_info {
        const char *name;
        unsigned traits;
} infos[FAULT_KINDS] = {
        [FAULT_REFUSED] = {"refused", OF_CALL},
        [FAULT_LOST_BEFORE] = {"lost-before", OF_CALL},
        [FAULT_LOST_AFTER] = {"lost-after", OF_CALL},
        [FAULT_ERROR] = {"error", OF_CALL},
        [FAULT_BROKEN] = {"broken", OF_CALL},
        [FAULT_CUT] = {"cut", OF_CALL},
        [FAULT_STALE] = {"stale", OF_CALL},
        [FAULT_KILL_BEFORE] = {"kill-before", OF_CALL},
        [FAULT_KILL_AFTER] = {"kill-after", OF_CALL},
        [FAULT_LEADER_CHANGE] = {"leader-change", 0},
        [FAULT_LEADER_LOST] = {"leader-lost", LASTS},
        [FAULT_NODE_DOWN] = {"node-down", SUBJECT | LASTS},
        [FAULT_IMAGE_MISSING] = {"image-missing", SUBJECT | LASTS},
        [FAULT_UNHEALTHY] = {"unhealthy", SUBJECT | LASTS},
        [FAULT_TASK_DIES] = {"task-dies", SUBJECT},
        [FAULT_SERVICE_LABEL] = {"service-label", SUBJECT},
        [FAULT_SERVICE_UPDATED] = {"service-updated", SUBJECT},
        [FAULT_SERVICE_ADDED] = {"service-added", 0},
        [FAULT_SERVICE_REMOVED] = {"service-removed", SUBJECT},
        [FAULT_NETWORK_ADDED] = {"network-added", 0},
        [FAULT_CONTAINER_ADDED] = {"container-added", 0},
        [FAULT_FILE_EDITED] = {"file-edited", 0},
};

static const char *const member_kinds[MEMBER_KINDS] = {
        [MEMBER_EDGE_HOST] = "edge-host", [MEMBER_EDGE_INGRESS] = "edge-ingress",
        [MEMBER_HEALTHY] = "healthy",     [MEMBER_PLAIN] = "plain",
        [MEMBER_VOLUME] = "volume",       [MEMBER_GLOBAL] = "global",
        [MEMBER_BYSTANDER] = "bystander",
};

const char *course_name(enum course course)
{
        return course_names[course];
}

const char *fault_name(enum fault_kind kind)
{
        return infos[kind].name;
}

bool fault_is_of_call(enum fault_kind kind)
{
        return infos[kind].traits & OF_CALL;
}

bool fault_has_subject(enum fault_kind kind)
{
        return infos[kind].traits & SUBJECT;
}

bool fault_lasts(enum fault_kind kind)
{
        return infos[kind].traits & LASTS;
}

const char *member_kind_name(enum member_kind kind)
{
        return member_kinds[kind];
}

char *member_name(const struct shape *shape, size_t index)
{
        const struct member *member = &shape->members.items[index];

        return text_format("%s%d", member_kinds[member->kind], (int)member->number);
}

static void fault_done(struct fault *fault)
{
        free(fault->method);
        free(fault->path);
        free(fault->subject);
}

const char *schedule_network(const struct schedule *schedule)
{
        return schedule->network ? schedule->network : "proxy";
}

uint8_t schedule_size_bits(const struct schedule *schedule)
{
        return (uint8_t)(schedule->size_bits ? schedule->size_bits : 16);
}

void schedule_drop_fault(struct schedule *schedule, size_t index)
{
        struct fault *faults = schedule->faults.items;

        fault_done(&faults[index]);
        memmove(&faults[index], &faults[index + 1], (schedule->faults.count - index - 1) * sizeof(*faults));
        schedule->faults.count--;
}

void schedule_done(struct schedule *schedule)
{
        for (size_t i = 0; i < schedule->faults.count; i++)
                fault_done(&schedule->faults.items[i]);
        free(schedule->faults.items);
        free(schedule->shape.members.items);
        free(schedule->network);
        scenario_free(schedule->scenario);
        *schedule = (struct schedule){0};
}

void schedule_copy(const struct schedule *schedule, struct schedule *ret_schedule)
{
        struct schedule copy = *schedule;

        assert(!schedule->scenario);
        copy.network = text_copy(schedule->network);
        memset(&copy.faults, 0, sizeof(copy.faults));
        memset(&copy.shape.members, 0, sizeof(copy.shape.members));
        for (size_t i = 0; i < schedule->shape.members.count; i++)
                *list_add(&copy.shape.members) = schedule->shape.members.items[i];
        for (size_t i = 0; i < schedule->faults.count; i++) {
                struct fault *fault = list_add(&copy.faults);
                *fault = schedule->faults.items[i];
                fault->method = text_copy(fault->method);
                fault->path = text_copy(fault->path);
                fault->subject = text_copy(fault->subject);
        }
        *ret_schedule = copy;
}
