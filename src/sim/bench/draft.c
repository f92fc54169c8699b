#include "sim/bench/schedule.h"

#include "base/random.h"

/*
 * From a seed to a schedule. Small swarms, because a fault shows in two services as well as in twenty, and
 * few faults, because most that go wrong together go wrong in pairs.
 */

#define CALLS_SPAN 320 /* a move of a small swarm makes about as many */

static uint64_t below(struct random_stream *random, uint64_t bound)
{
        return random_below(random, bound);
}

static bool one_in(struct random_stream *random, uint64_t chance)
{
        return below(random, chance) == 0;
}

static enum member_kind draw_kind(struct random_stream *random, size_t index)
{
        static const enum member_kind edges[] = {MEMBER_EDGE_HOST, MEMBER_EDGE_HOST, MEMBER_EDGE_INGRESS};
        static const enum member_kind others[] = {
                MEMBER_HEALTHY, MEMBER_HEALTHY, MEMBER_HEALTHY, MEMBER_PLAIN,
                MEMBER_PLAIN,   MEMBER_VOLUME,  MEMBER_GLOBAL,  MEMBER_BYSTANDER,
        };

        if (index == 0)
                return edges[below(random, ELEMENTS(edges))];
        if (index == 1)
                return one_in(random, 4) ? MEMBER_VOLUME : MEMBER_HEALTHY;
        return one_in(random, 12) ? MEMBER_EDGE_INGRESS : others[below(random, ELEMENTS(others))];
}

static void draw_member(struct random_stream *random, const struct shape *shape, size_t index,
                        struct member *member)
{
        member->kind = draw_kind(random, index);
        member->number = index + 1;
        bool edge = member->kind == MEMBER_EDGE_HOST || member->kind == MEMBER_EDGE_INGRESS;
        member->replicas = member->kind == MEMBER_EDGE_INGRESS || member->kind == MEMBER_HEALTHY ||
                                           member->kind == MEMBER_PLAIN
                                   ? 1 + one_in(random, 4)
                                   : 1;
        member->dnsrr = !edge && one_in(random, 4);
        member->aliases = one_in(random, 2);
        member->twice = one_in(random, 4);
        member->settings = one_in(random, 3);
        member->slow = one_in(random, 6);
        member->pinned = shape->nodes > 1 && (edge ? !one_in(random, 4) : one_in(random, 4));
}

static void draw_shape(struct random_stream *random, struct shape *shape)
{
        static const uint64_t minors[] = {41, 41, 41, 45, 51, 52};
        static const uint64_t bits[] = {24, 24, 28, 28, 29};

        shape->api_minor = minors[below(random, ELEMENTS(minors))];
        shape->nodes = one_in(random, 4) ? 2 + below(random, 2) : 1;
        shape->bits = bits[below(random, ELEMENTS(bits))];
        shape->detached = one_in(random, 8);
        shape->jitter_ms = one_in(random, 3) ? 1 + below(random, 3000) : 0;
        shape->call_ms = one_in(random, 8) ? 100 + below(random, 400) : 2;
        shape->leak = one_in(random, 8);
        shape->container = !shape->detached && one_in(random, 3);
        size_t count = 2 + below(random, 3);
        for (size_t i = 0; i < count; i++)
                draw_member(random, shape, i, list_add(&shape->members));
}

/* What a move changes things by, each with how often one may happen. */
static const struct call_kind {
        const char *method, *path;
        uint64_t often;
} call_kinds[] = {
        {"POST", "/services/*/update", 8},
        {"POST", "/services/*/update", 8},
        {"POST", "/networks/create", 2},
        {"DELETE", "/networks/*", 2},
        {"POST", "/networks/*/connect", 4},
        {"POST", "/networks/*/disconnect", 4},
        {"POST", "/containers/create", 2},
        {"POST", "/containers/*/start", 2},
        {"DELETE", "/containers/*", 6},
        {"POST", "/images/create", 2},
        {"DELETE", "/images/*", 1},
        {"GET", "/networks/*", 12},
        {"GET", "/tasks", 30},
        {"GET", "/services/*", 30},
        {"GET", "/services", 12},
        {"GET", "/info", 12},
        {"GET", "/containers/*/json", 12},
        {"GET", "/networks", 30},
};

static enum fault_kind draw_fault_kind(struct random_stream *random)
{
        if (one_in(random, 3))
                return one_in(random, 2) ? FAULT_KILL_BEFORE : FAULT_KILL_AFTER;
        if (one_in(random, 2))
                return (enum fault_kind)below(random, FAULT_KILL_BEFORE);
        return (enum fault_kind)(FAULT_LEADER_CHANGE +
                                 below(random, FAULT_FILE_EDITED - FAULT_LEADER_CHANGE));
}

static char *draw_subject(struct random_stream *random, const struct schedule *schedule, enum fault_kind kind)
{
        if (!fault_has_subject(kind))
                return NULL;
        if (kind == FAULT_NODE_DOWN)
                return text_format("node%d", (int)(2 + below(random, schedule->shape.nodes - 1)));
        return member_name(&schedule->shape, below(random, schedule->shape.members.count));
}

/* What is removed while its network goes is where addresses leak. */
static void draw_removal(struct random_stream *random, struct fault *fault)
{
        fault->method = text_copy("GET");
        fault->path = text_copy("/networks/*");
        fault->nth = 1 + below(random, 12);
}

static void draw_place(struct random_stream *random, struct fault *fault)
{
        fault->times = one_in(random, 4) ? 1 + below(random, 5) : 1;
        if (fault->kind == FAULT_SERVICE_REMOVED && one_in(random, 2)) {
                draw_removal(random, fault);
                return;
        }
        if (fault->kind == FAULT_STALE || one_in(random, 2)) {
                const struct call_kind *kind = &call_kinds[below(random, ELEMENTS(call_kinds))];
                if (fault->kind == FAULT_STALE)
                        kind = &call_kinds[0];
                fault->method = text_copy(kind->method);
                fault->path = text_copy(kind->path);
                fault->nth = 1 + below(random, kind->often);
                return;
        }
        fault->call = 1 + below(random, CALLS_SPAN);
}

static void draw_fault(struct random_stream *random, struct schedule *schedule)
{
        enum fault_kind kind = draw_fault_kind(random);

        if (kind == FAULT_NODE_DOWN && schedule->shape.nodes < 2)
                kind = FAULT_KILL_AFTER;
        struct fault *fault = list_add(&schedule->faults);
        fault->kind = kind;
        draw_place(random, fault);
        fault->subject = draw_subject(random, schedule, kind);
        if (fault_lasts(kind) && (kind == FAULT_LEADER_LOST || one_in(random, 2)))
                fault->for_ms = 500 + (int64_t)below(random, 40000);
        if (!fault_is_of_call(kind))
                fault->times = 1;
}

/* Last, so that a seed's swarm and its other faults stay what they were. */
static void draw_file(struct random_stream *random, struct schedule *schedule)
{
        schedule->file = one_in(random, 8);
        if (!schedule->file || one_in(random, 2))
                return;
        struct fault *fault = list_add(&schedule->faults);
        fault->kind = FAULT_FILE_EDITED;
        draw_place(random, fault);
        fault->times = 1;
}

void schedule_draft(uint64_t seed, struct schedule *ret_schedule)
{
        struct random_stream random = {(seed * 0x9e3779b97f4a7c15ULL) | 1};
        struct schedule schedule = {.seed = seed};

        for (int i = 0; i < 8; i++)
                random_next(&random); /* seeds that follow each other begin alike */
        draw_shape(&random, &schedule.shape);
        schedule.course = (enum course)below(&random, COURSES);
        schedule.patient = one_in(&random, 16);
        schedule.busy = one_in(&random, 2);
        size_t count = 1 + below(&random, 3);
        for (size_t i = 0; i < count; i++)
                draw_fault(&random, &schedule);
        draw_file(&random, &schedule);
        *ret_schedule = schedule;
}
