#include "sim/api.h"

/* A service: its spec as it was posted, and around it what the swarm made of it. */

const char *sim_update_state_name(enum sim_update_state state)
{
        static const char *const names[] = {
                [SIM_UPDATING] = "updating",
                [SIM_PAUSED] = "paused",
                [SIM_COMPLETED] = "completed",
                [SIM_ROLLBACK_STARTED] = "rollback_started",
                [SIM_ROLLBACK_PAUSED] = "rollback_paused",
                [SIM_ROLLBACK_COMPLETED] = "rollback_completed",
        };

        return names[state];
}

static void write_port(const struct sim_port *port, struct buffer *out)
{
        buffer_format(out, "{\"Protocol\":\"%s\",\"TargetPort\":%u,", port->protocol, port->target);
        if (port->published)
                buffer_format(out, "\"PublishedPort\":%u,", port->published);
        buffer_format(out, "\"PublishMode\":\"%s\"}", port->host_mode ? "host" : "ingress");
}

static void write_vips(struct sim *sim, const struct sim_service *service, struct buffer *out)
{
        buffer_add_text(out, ",\"VirtualIPs\":[");
        for (size_t i = 0; i < service->vips.count; i++) {
                const struct sim_network *network = sim_network_stored(sim, service->vips.items[i].network);
                char id[SIM_ID_SIZE];
                char address[ADDRESS_TEXT_SIZE];
                sim_id(sim, SIM_KIND_NETWORK, service->vips.items[i].network, id);
                address_format(service->vips.items[i].address, address);
                buffer_add_texts(out, i ? ",{" : "{", "\"NetworkID\":\"", id, "\",\"Addr\":\"", address, "/");
                sim_write_number(out, network ? network->subnet.length_bits : 0);
                buffer_add_text(out, "\"}");
        }
        buffer_add_text(out, "]");
}

static void write_endpoint(struct sim *sim, const struct sim_service *service, struct buffer *out)
{
        const struct sim_spec *spec = service->endpoint_of;

        buffer_add_text(out, ",\"Endpoint\":{\"Spec\":");
        if (spec && spec->endpoint_length)
                buffer_add(out, spec->bytes + spec->endpoint_offset, spec->endpoint_length);
        else
                buffer_add_text(out, "{}");
        if (service->ports.count) {
                buffer_add_text(out, ",\"Ports\":[");
                for (size_t i = 0; i < service->ports.count; i++) {
                        buffer_add_text(out, i ? "," : "");
                        write_port(&service->ports.items[i], out);
                }
                buffer_add_text(out, "]");
        }
        if (service->vips.count)
                write_vips(sim, service, out);
        buffer_add_text(out, "}");
}

static void write_update_status(struct sim *sim, const struct sim_service *service, struct buffer *out)
{
        char time[SIM_TIME_SIZE];

        if (service->update_state == SIM_UPDATE_NONE)
                return;
        sim_time_format(sim, service->update_started_ms, time);
        buffer_format(out, ",\"UpdateStatus\":{\"State\":\"%s\",\"StartedAt\":\"%s\"",
                      sim_update_state_name(service->update_state), time);
        if (service->update_completed_ms >= service->update_started_ms && !service->updating &&
            (service->update_state == SIM_COMPLETED || service->update_state == SIM_ROLLBACK_COMPLETED)) {
                sim_time_format(sim, service->update_completed_ms, time);
                buffer_format(out, ",\"CompletedAt\":\"%s\"", time);
        }
        buffer_add_text(out, ",\"Message\":");
        sim_write_text(out, service->update_message);
        buffer_add_text(out, "}");
}

/* What `docker service ls` shows as replicas; asked for by status=true. */
static void write_counts(struct sim *sim, const struct sim_service *service, struct buffer *out)
{
        uint64_t running = 0;
        uint64_t desired = 0;
        uint64_t completed = 0;

        (void)sim;
        for_each_sim_task (task, service) {
                running += task->state == TASK_RUNNING && sim_task_is_wanted(task);
                desired += sim_task_is_wanted(task) && sim_task_is_live(task);
                completed += task->state == TASK_COMPLETE;
        }
        if (service->spec->mode == SIM_REPLICATED)
                desired = service->spec->replicas;
        buffer_format(
                out,
                ",\"ServiceStatus\":{\"RunningTasks\":%llu,\"DesiredTasks\":%llu,\"CompletedTasks\":%llu}",
                (unsigned long long)running, (unsigned long long)desired, (unsigned long long)completed);
}

static void write_job(struct sim *sim, const struct sim_service *service, struct buffer *out)
{
        char time[SIM_TIME_SIZE];

        if (service->spec->mode != SIM_REPLICATED_JOB && service->spec->mode != SIM_GLOBAL_JOB)
                return;
        sim_time_format(sim, service->object.created_ms, time);
        buffer_add_text(out, ",\"JobStatus\":{\"JobIteration\":{");
        if (service->job_iteration)
                buffer_format(out, "\"Index\":%llu", (unsigned long long)service->job_iteration);
        buffer_format(out, "},\"LastExecution\":\"%s\"}", time);
}

static void write_spec(const struct sim_call *call, const struct sim_spec *spec, struct buffer *out)
{
        if (!sim_query_flag(call, "insertDefaults")) {
                buffer_add(out, spec->bytes, spec->length);
                return;
        }
        _cleanup_free_ char *whole = sim_spec_complete(spec->bytes, spec->length, true);
        buffer_add_text(out, whole);
}

void sim_write_service(struct sim *sim, const struct sim_call *call, const struct sim_service *service,
                       struct buffer *out)
{
        char id[SIM_ID_SIZE];

        sim_id(sim, SIM_KIND_SERVICE, service->object.ref, id);
        buffer_add_texts(out, "{\"ID\":\"", id, "\",");
        sim_write_head(sim, &service->object, out);
        buffer_add_text(out, ",\"Spec\":");
        write_spec(call, service->spec, out);
        if (service->previous) {
                buffer_add_text(out, ",\"PreviousSpec\":");
                buffer_add(out, service->previous->bytes, service->previous->length);
        }
        write_endpoint(sim, service, out);
        write_update_status(sim, service, out);
        if (call->minor >= 41 && sim_query_flag(call, "status"))
                write_counts(sim, service, out);
        write_job(sim, service, out);
        buffer_add_text(out, "}");
}
