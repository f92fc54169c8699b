#include "sim/api.h"

/* Services and their tasks, as the API asks of them. */

static struct sim_table *services(struct sim *sim)
{
        return &sim->services;
}

static const char *mode_name(const struct sim_spec *spec)
{
        static const char *const names[] = {[SIM_REPLICATED] = "replicated",
                                            [SIM_GLOBAL] = "global",
                                            [SIM_REPLICATED_JOB] = "replicated-job",
                                            [SIM_GLOBAL_JOB] = "global-job"};

        return names[spec->mode];
}

static bool service_matches(struct sim *sim, const struct sim_call *call, const void *object, const char *key,
                            const char *value)
{
        const struct sim_service *service = object;
        const struct sim_spec *spec = service->spec;
        char id[SIM_ID_SIZE];

        (void)call;
        sim_id(sim, SIM_KIND_SERVICE, service->object.ref, id);
        if (text_equal(key, "name"))
                return text_starts_with(spec->name, value);
        if (text_equal(key, "id"))
                return text_starts_with(id, value);
        if (text_equal(key, "mode"))
                return text_equal(mode_name(spec), value);
        return sim_label_matches(spec->bytes + spec->labels_offset, spec->labels_length, value);
}

static void write_service(struct sim *sim, const struct sim_call *call, const void *object,
                          struct buffer *out)
{
        sim_write_service(sim, call, object, out);
}

void sim_get_services(struct sim *sim, struct sim_call *call)
{
        static const char *const known[] = {"name", "id", "label", "mode", "runtime", NULL};
        static const struct sim_list_kind kind = {services, NULL, service_matches, write_service};

        if (sim_filters_read(call, known))
                sim_answer_list(sim, call, &kind);
}

static struct sim_service *find(struct sim *sim, struct sim_call *call)
{
        struct sim_service *service = sim_service_find(sim, call->part);

        if (!service)
                sim_refuse(call->answer, 404, "service %s not found", call->part);
        return service;
}

void sim_get_service(struct sim *sim, struct sim_call *call)
{
        const struct sim_service *service = find(sim, call);

        if (!service)
                return;
        sim_write_service(sim, call, service, &call->answer->body);
        buffer_add_text(&call->answer->body, "\n");
}

/* A port in ingress mode is nobody else's; in host mode several services may have it. */
static const struct sim_port *find_taken(const struct sim_port *ports, size_t count,
                                         const struct sim_port *wanted)
{
        for (size_t i = 0; i < count; i++) {
                const struct sim_port *port = &ports[i];
                if (port->published == wanted->published && text_equal(port->protocol, wanted->protocol) &&
                    !(port->host_mode && wanted->host_mode))
                        return port;
        }
        return NULL;
}

/* Others have what they ask for as well as what the allocator has given them. */
static bool accept_port(struct sim *sim, struct sim_call *call, const struct sim_port *wanted,
                        const struct sim_service *own)
{
        char id[SIM_ID_SIZE];

        for_each_sim (sim_service, other, &sim->services) {
                const struct sim_port *asked =
                        find_taken(other->spec->ports.items, other->spec->ports.count, wanted);
                const struct sim_port *taken =
                        asked ? asked : find_taken(other->ports.items, other->ports.count, wanted);
                if (other == own || !taken)
                        continue;
                sim_id(sim, SIM_KIND_SERVICE, other->object.ref, id);
                return sim_refuse(call->answer, 400,
                                  "rpc error: code = InvalidArgument desc = port '%u' is already in use by "
                                  "service '%s' (%s) as %s port",
                                  wanted->published, other->spec->name, id,
                                  taken->host_mode ? "a host-published" : "an ingress");
        }
        return true;
}

static bool accept_ports(struct sim *sim, struct sim_call *call, const struct sim_spec *spec,
                         const struct sim_service *own)
{
        for (size_t i = 0; i < spec->ports.count; i++)
                if (spec->ports.items[i].published && !accept_port(sim, call, &spec->ports.items[i], own))
                        return false;
        return true;
}

static bool accept_name(struct sim *sim, struct sim_call *call, const char *name)
{
        if (!sim_named(&sim->service_names, name))
                return true;
        return sim_refuse(call->answer, 409,
                          "rpc error: code = AlreadyExists desc = name conflicts with an existing object: "
                          "service %s already exists",
                          name);
}

void sim_create_service(struct sim *sim, struct sim_call *call)
{
        struct sim_spec *spec = sim_spec_read(sim, call->body, call->body_length, call->answer);
        char id[SIM_ID_SIZE];

        if (!spec)
                return;
        if (!accept_name(sim, call, spec->name) || !accept_ports(sim, call, spec, NULL)) {
                sim_spec_free(spec);
                return;
        }
        sim_id(sim, SIM_KIND_SERVICE, sim_service_add(sim, spec)->object.ref, id);
        call->answer->status = 201;
        buffer_format(&call->answer->body, "{\"ID\":\"%s\"%s}\n", id,
                      sim_minor(sim) >= SIM_MINOR_26 ? ",\"Warnings\":null" : "");
}

/* 20.10 does not survive a spec without Placement, now or at any later start. */
static bool kills_engine(const struct sim *sim, const struct sim_spec *spec)
{
        return !spec->has_placement && sim_minor(sim) < SIM_MINOR_26;
}

static bool same_outer_networks(const struct sim_spec *a, const struct sim_spec *b)
{
        return a->outer_networks_length == b->outer_networks_length &&
               memcmp(a->bytes + a->outer_networks_offset, b->bytes + b->outer_networks_offset,
                      a->outer_networks_length) == 0;
}

/* In the engine's order. */
static bool accept_change(struct sim_call *call, const struct sim_spec *spec, const struct sim_spec *present)
{
        static const char refused[] = "rpc error: code = Unimplemented desc =";

        if (spec->outer_networks_length && !same_outer_networks(spec, present))
                return sim_refuse(call->answer, 501,
                                  "%s networks must be migrated to TaskSpec before being changed", refused);
        if (spec->mode != present->mode)
                return sim_refuse(call->answer, 501, "%s service mode change is not allowed", refused);
        if (!text_equal(spec->name, present->name))
                return sim_refuse(call->answer, 501, "%s renaming services is not supported", refused);
        return true;
}

static void update(struct sim *sim, struct sim_call *call, struct sim_service *service)
{
        struct sim_spec *spec = sim_spec_read(sim, call->body, call->body_length, call->answer);

        if (!spec)
                return;
        bool accepted = accept_ports(sim, call, spec, service) && accept_change(call, spec, service->spec);
        if (accepted && kills_engine(sim, spec)) {
                sim->panicked = true;
                call->answer->status = 0;
                accepted = false;
        }
        if (!accepted) {
                sim_spec_free(spec);
                return;
        }
        sim_service_set(sim, service, spec);
        buffer_add_text(&call->answer->body, "{\"Warnings\":null}\n");
}

static void roll_back(struct sim *sim, struct sim_call *call, struct sim_service *service)
{
        char id[SIM_ID_SIZE];

        if (sim_roll_back(sim, service, true, "manually requested rollback")) {
                buffer_add_text(&call->answer->body, "{\"Warnings\":null}\n");
                return;
        }
        sim_id(sim, SIM_KIND_SERVICE, service->object.ref, id);
        sim_refuse(call->answer, 400,
                   "rpc error: code = FailedPrecondition desc = service %s does not have a previous spec",
                   id);
}

static bool accept_version(const struct sim_call *call, uint64_t *ret_version)
{
        _cleanup_free_ char *version = sim_query(call, "version");

        if (version && text_to_u64(version, ret_version))
                return true;
        return sim_refuse(call->answer, 400,
                          "invalid service version '%s': strconv.ParseUint: parsing \"%s\": invalid syntax",
                          version ? version : "", version ? version : "");
}

/* In the engine's order: the body, the version's text, the service, the version. */
void sim_update_service(struct sim *sim, struct sim_call *call)
{
        _cleanup_free_ char *rollback = sim_query(call, "rollback");
        uint64_t version = 0;

        if (!sim_body_is_there(call) || !accept_version(call, &version))
                return;
        struct sim_service *service = find(sim, call);
        if (!service)
                return;
        if (version != service->object.version)
                sim_refuse(call->answer, 500, "rpc error: code = Unknown desc = update out of sequence");
        else if (text_equal(rollback, "previous"))
                roll_back(sim, call, service);
        else
                update(sim, call, service);
}

void sim_delete_service(struct sim *sim, struct sim_call *call)
{
        struct sim_service *service = find(sim, call);

        if (service)
                sim_service_remove(sim, service);
}

/* Tasks */

static struct sim_table *tasks(struct sim *sim)
{
        return &sim->tasks;
}

/* Attachments are told of only when they are asked for by their runtime. */
static bool task_is_listed(struct sim *sim, const struct sim_call *call, const void *object)
{
        (void)sim;
        return !((const struct sim_task *)object)->attachment || sim_filters_have(&call->filters, "runtime");
}

static bool is_of_service(struct sim *sim, const struct sim_task *task, const char *name_or_id)
{
        char id[SIM_ID_SIZE];

        if (task->attachment)
                return false;
        sim_id(sim, SIM_KIND_SERVICE, task->service, id);
        return text_equal(id, name_or_id) || text_equal(task->spec->name, name_or_id);
}

static bool is_on_node(struct sim *sim, const struct sim_task *task, const char *name_or_id)
{
        const struct sim_node *node = sim_node_find(sim, name_or_id);

        return node && task->node == node->object.ref.index;
}

/* "running" is also what is to run and does not yet, as the docker client asks for it. */
static bool has_desired(const struct sim_task *task, const char *value)
{
        return text_equal(task_state_name(task->desired), value);
}

static bool task_matches(struct sim *sim, const struct sim_call *call, const void *object, const char *key,
                         const char *value)
{
        const struct sim_task *task = object;
        char id[SIM_ID_SIZE];

        (void)call;
        sim_id(sim, SIM_KIND_TASK, task->object.ref, id);
        if (text_equal(key, "service"))
                return is_of_service(sim, task, value);
        if (text_equal(key, "node"))
                return is_on_node(sim, task, value);
        if (text_equal(key, "desired-state"))
                return has_desired(task, value);
        if (text_equal(key, "runtime"))
                return text_equal(value, task->attachment ? "attachment" : "container");
        if (text_equal(key, "id"))
                return text_starts_with(id, value);
        if (text_equal(key, "name"))
                return task->spec && text_starts_with(task->spec->name, value);
        if (text_equal(key, "_up-to-date"))
                return true;
        return task->spec && sim_label_matches(task->spec->bytes + task->spec->labels_offset,
                                               task->spec->labels_length, value);
}

static void write_task(struct sim *sim, const struct sim_call *call, const void *object, struct buffer *out)
{
        (void)call;
        sim_write_task(sim, object, out);
}

/* Services and nodes that are asked for must be there. */
static bool are_there(struct sim *sim, const struct sim_call *call)
{
        for (size_t i = 0; i < call->filters.items.count; i++) {
                const struct sim_filter *filter = &call->filters.items.items[i];
                bool missing = text_equal(filter->key, "service") ? !sim_service_find(sim, filter->value)
                               : text_equal(filter->key, "node")  ? !sim_node_find(sim, filter->value)
                                                                  : false;
                if (missing)
                        return sim_refuse(call->answer, 404, "%s %s not found", filter->key, filter->value);
        }
        return true;
}

void sim_get_tasks(struct sim *sim, struct sim_call *call)
{
        static const char *const known[] = {"service", "node",  "desired-state", "runtime", "id",
                                            "name",    "label", "_up-to-date",   NULL};
        static const char *const states[] = {"running", "shutdown", "accepted", NULL};
        static const struct sim_list_kind kind = {tasks, task_is_listed, task_matches, write_task};

        if (sim_filters_read(call, known) && sim_filter_words(call, "desired-state", states) &&
            are_there(sim, call))
                sim_answer_list(sim, call, &kind);
}

void sim_get_task(struct sim *sim, struct sim_call *call)
{
        struct sim_ref ref;
        const struct sim_task *task =
                sim_ref_of_id(sim, SIM_KIND_TASK, call->part, &ref) ? sim_table_at(&sim->tasks, ref) : NULL;

        if (task)
                sim_write_task(sim, task, &call->answer->body);
        else
                sim_refuse(call->answer, 404, "task %s not found", call->part);
}
