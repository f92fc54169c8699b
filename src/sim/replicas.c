#include "sim/state.h"

/*
 * The orchestrators: as many tasks as the spec wants, on the nodes it wants them, and another one for each
 * that failed. Every change looks at the whole service again, slot by slot.
 */

static bool is_global(const struct sim_spec *spec)
{
        return spec->mode == SIM_GLOBAL || spec->mode == SIM_GLOBAL_JOB;
}

static bool is_job(const struct sim_spec *spec)
{
        return spec->mode == SIM_REPLICATED_JOB || spec->mode == SIM_GLOBAL_JOB;
}

static bool is_on_down_node(const struct sim *sim, const struct sim_task *task)
{
        return task->node != SIM_NONE && ((const struct sim_node *)sim->nodes.items[task->node])->down;
}

/* Looking */

static void note_wanted(struct sim_service *service, struct sim_slot *slot, struct sim_task *task)
{
        struct sim_task **place =
                sim_spec_same_tasks(task->spec, service->spec) ? &slot->clean : &slot->dirty;

        if (*place && task->state != TASK_RUNNING) {
                slot->spare = task;
                return;
        }
        if (*place)
                slot->spare = *place;
        *place = task;
}

/* It has ended, and another is not to follow: by its spec, or as the job's part that it was. */
static bool is_done(const struct sim_service *service, const struct sim_task *task)
{
        if (task->last)
                return sim_spec_same_tasks(task->spec, service->spec);
        return sim_task_is_wanted(task) && !sim_task_is_live(task) &&
               task->job_iteration == service->job_iteration;
}

static void note_task(struct sim *sim, struct sim_service *service, struct sim_slot *slot,
                      struct sim_task *task)
{
        slot->tasks++;
        slot->done = slot->done || is_done(service, task);
        if (!sim_task_is_wanted(task))
                slot->ending = slot->ending || (sim_task_is_live(task) && !is_on_down_node(sim, task));
        else if (sim_task_is_live(task))
                note_wanted(service, slot, task);
}

static void look(struct sim *sim, struct sim_service *service, struct sim_slots *ret_slots)
{
        size_t count = is_global(service->spec) ? sim->nodes.count : service->spec->replicas;

        for_each_sim_task (task, service)
                count = MAX(count, task->slot);
        ret_slots->count = count + 1;
        ret_slots->items = memory_new(count + 1, sizeof(*ret_slots->items));
        for_each_sim_task (task, service)
                note_task(sim, service, &ret_slots->items[task->slot], task);
}

static void slots_done(struct sim_slots *slots)
{
        free(slots->items);
}

static bool is_filled(const struct sim_slot *slot)
{
        return slot->clean || slot->dirty || slot->done;
}

size_t sim_service_ended(struct sim *sim, const char *name)
{
        _cleanup_(slots_done) struct sim_slots slots = {0};
        struct sim_service *service = sim_service_find(sim, name);
        size_t ended = 0;

        if (service)
                look(sim, service, &slots);
        for (size_t i = 0; i < slots.count; i++)
                ended += slots.items[i].done && !slots.items[i].clean && !slots.items[i].dirty;
        return ended;
}

/* Failed tasks */

static bool is_to_restart(const struct sim_spec *spec, const struct sim_task *task)
{
        if (spec->restart_none)
                return false;
        return task->state != TASK_COMPLETE || (!spec->restart_on_failure && !is_job(spec));
}

static void restart(struct sim *sim, struct sim_service *service, struct sim_task *task)
{
        uint32_t node = is_global(service->spec) ? task->node : SIM_NONE;
        struct sim_task *fresh = sim_task_add(sim, service, task->slot, node, TASK_READY);

        fresh->hold_ms = sim->now_ms + service->spec->restart_delay_ms;
        sim_task_desire(sim, task, TASK_SHUTDOWN);
        sim_service_due(sim, service, MAX(service->spec->restart_delay_ms, 1));
}

/* Its place may be taken again already: by the old task of an update that was rolled back. */
static bool is_replaced(struct sim_service *service, const struct sim_task *task)
{
        for_each_sim_task (other, service)
                if (other != task && other->slot == task->slot && sim_task_is_live(other) &&
                    sim_task_is_wanted(other) && sim_spec_same_tasks(other->spec, service->spec))
                        return true;
        return false;
}

static void replace_failed(struct sim *sim, struct sim_service *service, struct sim_task *task)
{
        bool replaced = is_replaced(service, task);

        if (!replaced && is_to_restart(service->spec, task)) {
                restart(sim, service, task);
        } else if (replaced || !is_job(service->spec)) {
                task->last = !replaced;
                sim_task_desire(sim, task, TASK_SHUTDOWN);
        }
}

static void restart_failed(struct sim *sim, struct sim_service *service)
{
        for_each_sim_task (task, service) {
                if (sim_task_is_wanted(task) && sim_task_is_live(task) && is_on_down_node(sim, task))
                        sim_task_desire(sim, task, TASK_SHUTDOWN);
                if (sim_task_is_wanted(task) && !sim_task_is_live(task))
                        replace_failed(sim, service, task);
        }
}

/* One that was made to wait may start: its time has come, or the old task it waited for has ended. */
static void let_start(struct sim *sim, struct sim_service *service, const struct sim_slots *slots)
{
        for_each_sim_task (task, service) {
                if (task->desired != TASK_READY)
                        continue;
                bool alone = task->follows && !slots->items[task->slot].ending;
                if (alone || sim->now_ms >= task->hold_ms)
                        sim_task_desire(sim, task, is_job(service->spec) ? TASK_COMPLETE : TASK_RUNNING);
        }
}

/* As many as wanted */

static void empty_slot(struct sim *sim, const struct sim_slot *slot, enum task_state desired)
{
        struct sim_task *const tasks[] = {slot->clean, slot->dirty, slot->spare};

        for (size_t i = 0; i < ELEMENTS(tasks); i++)
                if (tasks[i])
                        sim_task_desire(sim, tasks[i], desired);
}

static void shrink(struct sim *sim, struct sim_slots *slots, size_t surplus)
{
        for (size_t i = slots->count; i-- > 1 && surplus;) {
                if (!is_filled(&slots->items[i]))
                        continue;
                empty_slot(sim, &slots->items[i], TASK_REMOVE);
                surplus--;
        }
}

static void grow(struct sim *sim, struct sim_service *service, struct sim_slots *slots, size_t missing)
{
        for (size_t i = 1; i < slots->count && missing; i++) {
                if (is_filled(&slots->items[i]))
                        continue;
                slots->items[i].clean = sim_task_add(sim, service, (uint32_t)i, SIM_NONE, TASK_RUNNING);
                missing--;
        }
}

static void scale(struct sim *sim, struct sim_service *service, struct sim_slots *slots)
{
        size_t filled = 0;

        for (size_t i = 1; i < slots->count; i++)
                filled += is_filled(&slots->items[i]);
        if (filled > service->spec->replicas)
                shrink(sim, slots, filled - service->spec->replicas);
        else
                grow(sim, service, slots, service->spec->replicas - filled);
}

static void spread(struct sim *sim, struct sim_service *service, struct sim_slots *slots)
{
        enum task_state desired = is_job(service->spec) ? TASK_COMPLETE : TASK_RUNNING;

        for (uint32_t node = 0; node < sim->nodes.count; node++) {
                struct sim_slot *slot = &slots->items[node + 1];
                if (!sim_node_suits(sim, node, service->spec))
                        empty_slot(sim, slot, TASK_SHUTDOWN);
                else if (!is_filled(slot))
                        slot->clean = sim_task_add(sim, service, node + 1, node, desired);
        }
}

/* A replicated job: so many at a time until so many have completed. */
static void work_off(struct sim *sim, struct sim_service *service, struct sim_slots *slots)
{
        size_t active = 0;

        for (size_t i = 1; i < slots->count; i++)
                active += slots->items[i].clean != NULL;
        for (size_t i = 1; i <= service->spec->replicas && active < service->spec->concurrent; i++) {
                if (is_filled(&slots->items[i]))
                        continue;
                slots->items[i].clean = sim_task_add(sim, service, (uint32_t)i, SIM_NONE, TASK_COMPLETE);
                active++;
        }
}

/* History */

static bool is_over(const struct sim_task *task)
{
        return !sim_task_is_live(task) || (!sim_task_is_wanted(task) && task->state < TASK_ASSIGNED);
}

/* The list of tasks is the youngest first, so the last one that is over is the oldest. */
static struct sim_task *oldest_over(struct sim_service *service, uint32_t slot)
{
        struct sim_task *oldest = NULL;

        for_each_sim_task (task, service)
                if (task->slot == slot && is_over(task))
                        oldest = task;
        return oldest;
}

static void forget_old(struct sim *sim, struct sim_service *service, const struct sim_slots *slots)
{
        for (size_t i = 1; i < slots->count; i++) {
                for (uint32_t left = slots->items[i].tasks; left > sim->settings.task_history; left--) {
                        struct sim_task *task = oldest_over(service, (uint32_t)i);
                        if (!task)
                                break;
                        sim_task_reap(sim, task);
                }
        }
}

void sim_service_go_on(struct sim *sim, struct sim_service *service)
{
        _cleanup_(slots_done) struct sim_slots slots = {0};

        service->due = false;
        if (!service->logged) /* who was tried in vain waits for something to be given back */
                sim_service_allocate(sim, service);
        restart_failed(sim, service);
        look(sim, service, &slots);
        let_start(sim, service, &slots);
        if (service->spec->mode == SIM_REPLICATED)
                scale(sim, service, &slots);
        else if (service->spec->mode == SIM_REPLICATED_JOB)
                work_off(sim, service, &slots);
        else
                spread(sim, service, &slots);
        if (!is_job(service->spec))
                sim_update_go_on(sim, service, &slots);
        forget_old(sim, service, &slots);
}
