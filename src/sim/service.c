#include "sim/state.h"

/* Services: what the API does to them. The rest goes on in events, a moment later. */

struct sim_service *sim_service_find(struct sim *sim, const char *name_or_id)
{
        struct sim_ref ref;
        char id[SIM_ID_SIZE];

        if (sim_ref_of_id(sim, SIM_KIND_SERVICE, name_or_id, &ref) && sim_table_at(&sim->services, ref))
                return sim_table_at(&sim->services, ref);
        for_each_named (sim_service, service, &sim->service_names, name_or_id)
                if (text_equal(service->name, name_or_id))
                        return service;
        for_each_sim (sim_service, service, &sim->services) {
                sim_id(sim, SIM_KIND_SERVICE, service->object.ref, id);
                if (strlen(name_or_id) >= SIM_SHORT_ID && text_starts_with(id, name_or_id))
                        return service;
        }
        return NULL;
}

/* An event will look at the service; further calls until then do nothing more. */
void sim_service_due(struct sim *sim, struct sim_service *service, int64_t delay_ms)
{
        if (delay_ms == 0 && service->due)
                return;
        service->due = service->due || delay_ms == 0;
        sim_schedule(sim, SIM_EVENT_SERVICE, service->object.ref, service->object.stamp, delay_ms);
}

/* How the specs differ, as far as events tell. NULL: not at all. */
static char *change_of(const struct sim_spec *before, const struct sim_spec *after)
{
        char numbers[2][24];
        struct buffer changes = {0};

        snprintf(numbers[0], sizeof(numbers[0]), "%llu", (unsigned long long)before->replicas);
        snprintf(numbers[1], sizeof(numbers[1]), "%llu", (unsigned long long)after->replicas);
        char *const texts[] = {before->mode == SIM_REPLICATED
                                       ? sim_attribute_change("replicas", numbers[0], numbers[1])
                                       : NULL,
                               sim_attribute_change("image", before->image, after->image)};
        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                if (texts[i])
                        buffer_add_text(&changes, texts[i]);
                free(texts[i]);
        }
        return changes.length ? buffer_steal(&changes) : NULL;
}

struct sim_service *sim_service_add(struct sim *sim, struct sim_spec *spec)
{
        struct sim_service *service = sim_table_add(sim, &sim->services, sizeof(*service));

        service->spec = spec;
        service->name = text_copy(spec->name);
        sim_name_enter(&sim->service_names, service, service->name);
        service->due = true;
        sim_schedule(sim, SIM_EVENT_SERVICE, service->object.ref, service->object.stamp,
                     sim->settings.allocate_ms);
        sim_tell_service(sim, service, "create", NULL);
        return service;
}

void sim_service_set(struct sim *sim, struct sim_service *service, struct sim_spec *spec)
{
        sim_spec_free(service->previous);
        service->previous = service->spec;
        service->spec = spec;
        service->update_state = SIM_UPDATE_NONE;
        free(steal_pointer(service->update_message));
        sim_tell_service(sim, service, "update", change_of(service->previous, spec));
        sim_service_changed(sim, service);
}

/* The allocator and the updater see another spec than before. */
void sim_service_changed(struct sim *sim, struct sim_service *service)
{
        sim_touch(sim, service);
        service->allocated = false;
        service->logged = false;
        service->updating = false;
        sim_service_allocate(sim, service);
        sim_update_begin(sim, service);
        sim_service_due(sim, service, 0);
}

void sim_service_free(struct sim_service *service)
{
        sim_spec_free(service->spec);
        sim_spec_free(service->previous);
        sim_spec_free(service->endpoint_of);
        free(service->vips.items);
        free(service->ports.items);
        free(service->update_message);
        free(service->name);
}

/* Before 26.1 nobody removes what a job has done. */
static bool is_forgotten(const struct sim *sim, const struct sim_service *service,
                         const struct sim_task *task)
{
        return sim_minor(sim) < SIM_MINOR_26 && service->spec->mode == SIM_REPLICATED_JOB &&
               task->state == TASK_COMPLETE;
}

/* Its tasks outlive it until they have ended. */
void sim_service_remove(struct sim *sim, struct sim_service *service)
{
        sim_tell_service(sim, service, "remove", NULL);
        sim_vips_give(sim, service);
        for (struct sim_task *task = service->first_task, *next; task; task = next) {
                next = task->next;
                task->next = NULL;
                if (!is_forgotten(sim, service, task))
                        sim_task_desire(sim, task, TASK_REMOVE);
        }
        service->first_task = NULL;
        sim_name_leave(&sim->service_names, service);
        sim_service_free(service);
        sim_table_drop(&sim->services, service);
}
