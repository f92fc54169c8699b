#include "sim/api.h"

#include "sim/timing.h"

/*
 * The updater. A slot whose task was made from another spec gets a new one: first the old one is told to end,
 * or first the new one has to run. So many slots at a time as the spec says, with a delay after each. When
 * all are done, failures are still watched for during the monitor time before the update is called completed.
 * An update that goes on despite failures tries each slot once: it is completed while old tasks run, and the
 * next updater, which tells of itself only by its end, tries those again.
 */

static const struct sim_update_config *config_of(const struct sim_service *service)
{
        return service->update_state == SIM_ROLLBACK_STARTED ? &service->spec->rollback
                                                             : &service->spec->update;
}

static char *state_change(enum sim_update_state before, enum sim_update_state after)
{
        const char *name = sim_update_state_name(before);

        return name ? sim_attribute_change("updatestate", name, sim_update_state_name(after))
                    : text_format("\"updatestate.new\":\"%s\",", sim_update_state_name(after));
}

static void set_status(struct sim *sim, struct sim_service *service, enum sim_update_state state,
                       char *message)
{
        if (state == SIM_UPDATING || state == SIM_ROLLBACK_STARTED)
                service->update_started_ms = sim->now_ms;
        if (state == SIM_COMPLETED || state == SIM_ROLLBACK_COMPLETED)
                service->update_completed_ms = sim->now_ms;
        sim_tell_service(sim, service, "update", state_change(service->update_state, state));
        service->update_state = state;
        free(service->update_message);
        service->update_message = message;
        sim_touch(sim, service);
}

void sim_update_begin(struct sim *sim, struct sim_service *service)
{
        (void)sim;
        service->updating = true;
        service->failures = 0;
        service->updated = 0;
        service->quiet_ms = 0;
        for_each_sim_task (task, service)
                task->updated = task->tried = false;
}

/* Whether the updater still works on the slot: its new task is not up yet, or was so less than the delay ago.
 */
static bool is_in_work(struct sim *sim, struct sim_service *service, const struct sim_slot *slot)
{
        int64_t delay_ms = config_of(service)->delay_ms;
        const struct sim_task *task = slot->clean;

        if (!task || !task->updated)
                return false;
        if (task->state < TASK_RUNNING)
                return true;
        if (sim->now_ms >= task->since_ms + delay_ms)
                return false;
        sim_service_due(sim, service, task->since_ms + delay_ms - sim->now_ms);
        return true;
}

static void end_old(struct sim *sim, struct sim_service *service, const struct sim_slot *slot)
{
        sim_task_desire(sim, slot->dirty, TASK_SHUTDOWN);
        if (slot->spare)
                sim_task_desire(sim, slot->spare, TASK_SHUTDOWN);
        sim_service_due(sim, service, 1); /* one that never got an address does not tell of its end */
}

static void replace(struct sim *sim, struct sim_service *service, struct sim_slot *slot)
{
        bool start_first = config_of(service)->start_first;
        uint32_t node = service->spec->mode == SIM_GLOBAL ? slot->dirty->node : SIM_NONE;
        struct sim_task *task =
                sim_task_add(sim, service, slot->dirty->slot, node, start_first ? TASK_RUNNING : TASK_READY);

        task->updated = true;
        slot->dirty->tried = true;
        service->updated++;
        slot->clean = task;
        if (start_first)
                return;
        end_old(sim, service, slot);
        task->follows = true;
        task->hold_ms = sim->now_ms + UPDATE_OLD_TASK_MAX_MS;
        sim_service_due(sim, service, UPDATE_OLD_TASK_MAX_MS);
}

/* Its new task has failed, and is not this updater's care any more; nor is the one that follows it. */
static bool is_passed_over(const struct sim_slot *slot)
{
        return slot->dirty && slot->dirty->tried && !(slot->clean && slot->clean->updated);
}

/* One that was made for this spec before the updater came stays; the others go at once. */
static bool old_may_end(const struct sim_service *service, const struct sim_slot *slot)
{
        return !slot->clean->updated || !config_of(service)->start_first ||
               slot->clean->state == TASK_RUNNING;
}

static void finish(struct sim *sim, struct sim_service *service, bool passed_over)
{
        int64_t monitor_ms = config_of(service)->monitor_ms;

        if (service->update_state == SIM_UPDATE_NONE) {
                service->updating = false;
                return;
        }
        if (!service->quiet_ms) {
                service->quiet_ms = sim->now_ms;
                sim_service_due(sim, service, MAX(monitor_ms, 1));
        }
        if (sim->now_ms < service->quiet_ms + monitor_ms)
                return;
        service->updating = false;
        if (service->update_state == SIM_ROLLBACK_STARTED)
                set_status(sim, service, SIM_ROLLBACK_COMPLETED, text_copy("rollback completed"));
        else
                set_status(sim, service, SIM_COMPLETED, text_copy("update completed"));
        if (passed_over) {
                sim_update_begin(sim, service);
                sim_service_due(sim, service, 1);
        }
}

static void work_on(struct sim *sim, struct sim_service *service, struct sim_slots *slots, uint64_t in_work)
{
        uint64_t parallelism = config_of(service)->parallelism;

        for (size_t i = 1; i < slots->count; i++) {
                struct sim_slot *slot = &slots->items[i];
                if (!slot->dirty || is_passed_over(slot) || !sim_task_is_wanted(slot->dirty))
                        continue;
                if (slot->clean && old_may_end(service, slot)) {
                        end_old(sim, service, slot);
                } else if (!slot->clean && (!parallelism || in_work < parallelism)) {
                        replace(sim, service, slot);
                        in_work++;
                }
        }
}

void sim_update_go_on(struct sim *sim, struct sim_service *service, struct sim_slots *slots)
{
        uint64_t in_work = 0;
        bool dirty = false, passed_over = false;

        if (!service->updating || service->update_state == SIM_PAUSED ||
            service->update_state == SIM_ROLLBACK_PAUSED)
                return;
        for (size_t i = 1; i < slots->count; i++) {
                const struct sim_slot *slot = &slots->items[i];
                passed_over = passed_over || is_passed_over(slot);
                dirty = dirty || (slot->dirty && !is_passed_over(slot));
                in_work += is_in_work(sim, service, slot);
        }
        if (dirty && service->update_state == SIM_UPDATE_NONE)
                set_status(sim, service, SIM_UPDATING, text_copy("update in progress"));
        work_on(sim, service, slots, in_work);
        if (!dirty && !in_work)
                finish(sim, service, passed_over);
}

/* Failures */

bool sim_roll_back(struct sim *sim, struct sim_service *service, bool by_hand, const char *message)
{
        struct sim_spec *left = service->spec;

        if (!service->previous)
                return false;
        service->spec = steal_pointer(service->previous);
        if (by_hand)
                service->previous = left;
        else
                sim_spec_free(left);
        set_status(sim, service, SIM_ROLLBACK_STARTED, text_copy(message));
        sim_service_changed(sim, service);
        return true;
}

static void give_up(struct sim *sim, struct sim_service *service, enum sim_action action, const char *task_id)
{
        bool back = service->update_state == SIM_ROLLBACK_STARTED;
        char *message = text_format("%s due to failure or early termination of task %s",
                                    back                     ? "rollback paused"
                                    : action == SIM_ROLLBACK ? "update rolled back"
                                                             : "update paused",
                                    task_id);

        if (action == SIM_ROLLBACK && !back && service->previous) {
                sim_roll_back(sim, service, false, message);
                free(message);
        } else {
                set_status(sim, service, back ? SIM_ROLLBACK_PAUSED : SIM_PAUSED, message);
        }
}

static uint64_t slots_of(const struct sim *sim, const struct sim_spec *spec)
{
        return spec->mode == SIM_GLOBAL ? sim->nodes.count : MAX(spec->replicas, 1);
}

void sim_update_note_failure(struct sim *sim, struct sim_service *service, struct sim_task *task)
{
        const struct sim_update_config *config = config_of(service);
        char id[SIM_ID_SIZE];

        if (!service->updating || !task->updated)
                return;
        task->updated = false;
        service->failures++;
        if (config->action == SIM_CONTINUE ||
            (double)service->failures / (double)slots_of(sim, service->spec) <= config->ratio)
                return;
        sim_id(sim, SIM_KIND_TASK, task->object.ref, id);
        give_up(sim, service, config->action, id);
}
