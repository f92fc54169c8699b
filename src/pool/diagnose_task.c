#include "pool/diagnose.h"

#include <stdlib.h>

/*
 * Theory of operation. A slot's newest task is what the service has there now; older ones are history and say
 * nothing about today. So tasks are ordered by service and slot, the newest first, and of each slot the first
 * one is judged: does a node say that addresses are missing, does the task wait, or did it end, for a reason
 * of its own?
 */

#define NO_ADDRESS_TEXT "missing network attachments"

struct service_trouble {
        const struct service *service;
        uint64_t no_address; /* tasks */
        uint64_t other;
        const char *reason; /* of one of the latter */
        enum task_state state;
};

struct troubles {
        LIST(struct service_trouble) items;
};

/* Strings of one swarm are shared: the same pointer means the same text. */
static int compare_pointers(const void *a, const void *b)
{
        return a < b ? -1 : a > b;
}

/* Of a global service, the node is the slot. */
static int compare_slots(const struct task *a, const struct task *b)
{
        int by_service = compare_pointers(a->service_id, b->service_id);

        if (by_service)
                return by_service;
        if (a->slot != b->slot)
                return a->slot < b->slot ? -1 : 1;
        return a->slot ? 0 : compare_pointers(a->node_id, b->node_id);
}

static int compare_tasks(const void *a, const void *b)
{
        const struct task *left = *(const struct task *const *)a;
        const struct task *right = *(const struct task *const *)b;
        int by_slot = compare_slots(left, right);

        if (by_slot)
                return by_slot;
        return left->created_ms > right->created_ms ? -1 : left->created_ms < right->created_ms;
}

static struct service_trouble *trouble_of(struct troubles *troubles, const struct swarm *swarm,
                                          const struct task *task)
{
        struct service_trouble *last =
                troubles->items.count ? &troubles->items.items[troubles->items.count - 1] : NULL;
        const struct service *service = swarm_service_by_id(swarm, task->service_id);

        if (!service || (last && last->service == service))
                return service ? last : NULL;
        last = list_add(&troubles->items);
        last->service = service;
        return last;
}

static bool is_wanted(const struct task *task)
{
        return task->desired <= TASK_RUNNING;
}

/* A task that failed may stay the newest of its slot for good: a job, or one that is not restarted. */
static bool is_in_trouble(const struct swarm *swarm, const struct task *task)
{
        if (text_empty(task->error))
                return false;
        if (task->state == TASK_REJECTED || task->state == TASK_FAILED)
                return true;
        return is_wanted(task) && task->state < TASK_RUNNING &&
               swarm->taken_ms - task->created_ms >= TASKS_WAIT_MS;
}

static void judge_task(const struct swarm *swarm, const struct task *task, struct troubles *troubles)
{
        struct service_trouble *trouble =
                is_in_trouble(swarm, task) ? trouble_of(troubles, swarm, task) : NULL;

        if (!trouble)
                return;
        if (strstr(task->error, NO_ADDRESS_TEXT)) {
                trouble->no_address++;
                return;
        }
        trouble->other++;
        trouble->reason = task->error;
        trouble->state = task->state;
}

static void find_troubles(const struct swarm *swarm, struct troubles *troubles)
{
        const struct task **tasks = memory_new(swarm->tasks.count + 1, sizeof(const struct task *));
        size_t count = 0;

        for_each_task (task, swarm)
                if (task->service_id)
                        tasks[count++] = task;
        qsort(tasks, count, sizeof(const struct task *), compare_tasks);
        for (size_t i = 0; i < count; i++)
                if (i == 0 || compare_slots(tasks[i - 1], tasks[i]) != 0)
                        judge_task(swarm, tasks[i], troubles);
        free(tasks);
}

static void add_no_address(struct findings *findings, const struct service_trouble *trouble)
{
        findings_add(findings, FINDING_TASKS_NO_ADDRESS, NULL, trouble->service->name,
                     text_format("%s: %llu task%s: node is missing network attachments, ip addresses may be "
                                 "exhausted",
                                 trouble->service->name, (unsigned long long)trouble->no_address,
                                 trouble->no_address == 1 ? "" : "s"));
}

static void add_other(struct findings *findings, const struct service_trouble *trouble)
{
        findings_add(findings, FINDING_TASKS_OTHER, NULL, trouble->service->name,
                     text_format("%s: %llu task%s %s: %s", trouble->service->name,
                                 (unsigned long long)trouble->other, trouble->other == 1 ? "" : "s",
                                 task_state_name(trouble->state), trouble->reason));
}

static void add_rest(struct findings *findings, enum finding_kind kind, size_t rest)
{
        if (rest == 0)
                return;
        struct finding *finding =
                findings_add(findings, kind, NULL, NULL,
                             text_format("the same of %zu more service%s", rest, rest == 1 ? "" : "s"));
        free(steal_pointer(finding->next)); /* it names one service */
}

void diagnose_tasks(const struct swarm *swarm, struct findings *findings)
{
        struct troubles troubles = {0};
        size_t no_address = 0;
        size_t other = 0;

        find_troubles(swarm, &troubles);
        for (size_t i = 0; i < troubles.items.count; i++) {
                const struct service_trouble *trouble = &troubles.items.items[i];
                if (trouble->no_address && no_address++ < TASK_FINDINGS_MAX)
                        add_no_address(findings, trouble);
                if (trouble->other && other++ < TASK_FINDINGS_MAX)
                        add_other(findings, trouble);
        }
        add_rest(findings, FINDING_TASKS_NO_ADDRESS,
                 no_address > TASK_FINDINGS_MAX ? no_address - TASK_FINDINGS_MAX : 0);
        add_rest(findings, FINDING_TASKS_OTHER, other > TASK_FINDINGS_MAX ? other - TASK_FINDINGS_MAX : 0);
        free(troubles.items.items);
}
