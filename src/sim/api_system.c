#include "sim/api.h"

/* The engine itself, the swarm, nodes and events. */

static const char *engine_version(const struct sim *sim)
{
        int minor = sim_minor(sim);

        return minor >= SIM_MINOR_29   ? "29.0.0"
               : minor >= SIM_MINOR_28 ? "28.5.2"
               : minor >= SIM_MINOR_26 ? "26.1.5"
                                       : "20.10.24";
}

void sim_get_ping(struct sim *sim, struct sim_call *call)
{
        (void)sim;
        call->answer->content_type = "text/plain; charset=utf-8";
        buffer_add_text(&call->answer->body, "OK");
}

void sim_get_version(struct sim *sim, struct sim_call *call)
{
        const char *version = engine_version(sim);

        buffer_format(
                &call->answer->body,
                "{\"Platform\":{\"Name\":\"headroom-sim\"},\"Components\":[{\"Name\":\"Engine\",\"Version\":"
                "\"%s\","
                "\"Details\":{\"ApiVersion\":\"1.%d\",\"MinAPIVersion\":\"1.12\",\"Os\":\"linux\",\"Arch\":"
                "\"amd64\"}}],\"Version\":\"%s\",\"ApiVersion\":\"1.%d\",\"MinAPIVersion\":\"1.12\","
                "\"GitCommit\":"
                "\"\",\"GoVersion\":\"\",\"Os\":\"linux\",\"Arch\":\"amd64\",\"KernelVersion\":\"6.1.0\"}\n",
                version, sim_minor(sim), version, sim_minor(sim));
}

static void write_cluster(struct sim *sim, struct buffer *out)
{
        char id[SIM_ID_SIZE];
        char pool[PREFIX_TEXT_SIZE];
        const struct sim_object object = {.version = 9, .created_ms = 0, .updated_ms = 0};

        sim_id(sim, SIM_KIND_CLUSTER, (struct sim_ref){0, 1}, id);
        prefix_format(sim->default_pool, pool);
        buffer_format(out, "\"ID\":\"%s\",", id);
        sim_write_head(sim, &object, out);
        buffer_format(out,
                      ",\"Spec\":{\"Name\":\"default\",\"Labels\":{},\"Orchestration\":{"
                      "\"TaskHistoryRetentionLimit\":%u},\"Raft\":{},\"Dispatcher\":{},\"CAConfig\":{},"
                      "\"TaskDefaults\":{},\"EncryptionConfig\":{\"AutoLockManagers\":false}},"
                      "\"RootRotationInProgress\":false,",
                      sim->settings.task_history);
        if (sim_minor(sim) >= SIM_MINOR_28 && !sim->settings.pool) /* the defaults are not told any more */
                buffer_add_text(out, "\"DefaultAddrPool\":null,");
        else
                buffer_format(out, "\"DefaultAddrPool\":[\"%s\"],", pool);
        buffer_format(out, "\"SubnetSize\":%u,\"DataPathPort\":4789", sim->settings.pool_subnet_bits);
}

static size_t count_managers(struct sim *sim)
{
        size_t count = 0;

        for_each_sim (sim_node, node, &sim->nodes)
                count += node->manager;
        return count;
}

static void write_swarm_state(struct sim *sim, const struct sim_call *call, struct buffer *out)
{
        const struct sim_node *node = (const struct sim_node *)sim->nodes.items[call->node];
        char id[SIM_ID_SIZE];
        char address[ADDRESS_TEXT_SIZE];

        sim_id(sim, SIM_KIND_NODE, node->object.ref, id);
        address_format(node->address, address);
        buffer_format(out,
                      "\"Swarm\":{\"NodeID\":\"%s\",\"NodeAddr\":\"%s\",\"LocalNodeState\":\"active\","
                      "\"ControlAvailable\":%s,\"Error\":\"\",\"RemoteManagers\":[]",
                      id, address, node->manager ? "true" : "false");
        if (node->manager) {
                buffer_format(out, ",\"Nodes\":%zu,\"Managers\":%zu,\"Cluster\":{", sim->nodes.count,
                              count_managers(sim));
                write_cluster(sim, out);
                buffer_add_text(out, "}");
        }
        buffer_add_text(out, "}");
}

void sim_get_info(struct sim *sim, struct sim_call *call)
{
        const struct sim_node *node = (const struct sim_node *)sim->nodes.items[call->node];
        struct buffer *out = &call->answer->body;
        char time[SIM_TIME_SIZE];
        size_t running = 0;

        for_each_sim (sim_container, container, &sim->containers)
                running += container->running && container->node == call->node;
        sim_time_format(sim, sim->now_ms, time);
        buffer_format(
                out,
                "{\"ID\":\"SIM\",\"Containers\":%zu,\"ContainersRunning\":%zu,\"ContainersPaused\":0,"
                "\"ContainersStopped\":0,\"Images\":%zu,\"Driver\":\"overlay2\",\"DriverStatus\":[],"
                "\"Plugins\":{\"Volume\":[\"local\"],\"Network\":[\"bridge\",\"host\",\"null\",\"overlay\"],"
                "\"Authorization\":null,\"Log\":[]},\"MemoryLimit\":true,\"SystemTime\":\"%s\","
                "\"LoggingDriver\":\"json-file\",\"CgroupDriver\":\"systemd\",\"CgroupVersion\":\"2\",",
                running, running, sim->images.count, time);
        buffer_format(out,
                      "\"KernelVersion\":\"6.1.0\",\"OperatingSystem\":\"headroom-sim\",\"OSType\":\"linux\","
                      "\"Architecture\":\"x86_64\",\"NCPU\":2,\"MemTotal\":4294967296,\"DockerRootDir\":"
                      "\"/var/lib/docker\",\"Name\":\"%s\",\"Labels\":[],\"ExperimentalBuild\":false,"
                      "\"ServerVersion\":\"%s\",\"Debug\":%s,\"LiveRestoreEnabled\":false,\"Warnings\":null,",
                      node->name, engine_version(sim), sim->settings.debug_log ? "true" : "false");
        write_swarm_state(sim, call, out);
        buffer_add_text(out, "}\n");
}

/* What is refused to a worker. */
static bool is_manager(struct sim *sim, struct sim_call *call)
{
        if (((const struct sim_node *)sim->nodes.items[call->node])->manager)
                return true;
        return sim_refuse(
                call->answer, 503,
                "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster "
                "state. Please run this command on a manager node or promote the current node to a manager.");
}

void sim_get_swarm(struct sim *sim, struct sim_call *call)
{
        if (!is_manager(sim, call))
                return;
        buffer_add_text(&call->answer->body, "{");
        write_cluster(sim, &call->answer->body);
        buffer_add_text(&call->answer->body, ",\"JoinTokens\":{\"Worker\":\"SIM\",\"Manager\":\"SIM\"}}\n");
}

void sim_get_nothing(struct sim *sim, struct sim_call *call)
{
        (void)sim;
        buffer_add_text(&call->answer->body, "[]\n");
}

/* Nodes */

static struct sim_table *nodes(struct sim *sim)
{
        return &sim->nodes;
}

static bool matches(struct sim *sim, const struct sim_call *call, const void *object, const char *key,
                    const char *value)
{
        const struct sim_node *node = object;
        char id[SIM_ID_SIZE];

        (void)call;
        sim_id(sim, SIM_KIND_NODE, node->object.ref, id);
        if (text_equal(key, "name"))
                return text_starts_with(node->name, value);
        if (text_equal(key, "id"))
                return text_starts_with(id, value);
        if (text_equal(key, "role"))
                return text_equal(node->manager ? "manager" : "worker", value);
        if (text_equal(key, "membership"))
                return text_equal(value, "accepted");
        return sim_label_matches(node->labels, strlen(node->labels), value);
}

static void write_node(struct sim *sim, const struct sim_call *call, const void *object, struct buffer *out)
{
        (void)call;
        sim_write_node(sim, object, out);
}

void sim_get_nodes(struct sim *sim, struct sim_call *call)
{
        static const char *const known[] = {"name", "id", "label", "role", "membership", "node.label", NULL};
        static const struct sim_list_kind kind = {nodes, NULL, matches, write_node};

        if (is_manager(sim, call) && sim_filters_read(call, known))
                sim_answer_list(sim, call, &kind);
}

static struct sim_node *find(struct sim *sim, struct sim_call *call)
{
        struct sim_node *node = sim_node_find(sim, call->part);

        if (!node)
                sim_refuse(call->answer, 404, "node %s not found", call->part);
        return node;
}

void sim_get_node(struct sim *sim, struct sim_call *call)
{
        const struct sim_node *node = find(sim, call);

        if (node)
                sim_write_node(sim, node, &call->answer->body);
}

static void write_manager(const struct sim *sim, const struct sim_node *node, const char *address,
                          struct buffer *out)
{
        buffer_add_text(out, ",\"ManagerStatus\":{");
        if (sim->leader == node->object.ref.index)
                buffer_add_text(out, "\"Leader\":true,");
        buffer_format(out, "\"Reachability\":\"%s\",\"Addr\":\"%s:2377\"}",
                      node->down ? "unreachable" : "reachable", address);
}

void sim_write_node(struct sim *sim, const struct sim_node *node, struct buffer *out)
{
        char id[SIM_ID_SIZE];
        char address[ADDRESS_TEXT_SIZE];

        sim_id(sim, SIM_KIND_NODE, node->object.ref, id);
        address_format(node->address, address);
        buffer_format(out, "{\"ID\":\"%s\",", id);
        sim_write_head(sim, &node->object, out);
        buffer_format(
                out,
                ",\"Spec\":{\"Labels\":%s,\"Role\":\"%s\",\"Availability\":\"%s\"},\"Description\":{"
                "\"Hostname\":\"%s\",\"Platform\":{\"Architecture\":\"x86_64\",\"OS\":\"linux\"},"
                "\"Resources\":{"
                "\"NanoCPUs\":2000000000,\"MemoryBytes\":4294967296},\"Engine\":{\"EngineVersion\":\"%s\"}},"
                "\"Status\":{\"State\":\"%s\",\"Addr\":\"%s\"}",
                node->labels, node->manager ? "manager" : "worker", node->availability, node->name,
                engine_version(sim), node->down ? "down" : "ready", address);
        if (node->manager)
                write_manager(sim, node, address, out);
        buffer_add_text(out, "}");
}

/* Promoting, demoting, draining. A leader that is demoted gives way to another manager. */
static void apply_node(struct sim *sim, struct sim_node *node, const struct json_document *d)
{
        json_node root = json_root(d);
        bool manager = json_text_is(d, json_get(d, root, "Role"), "manager");
        char *availability = json_text(d, json_get(d, root, "Availability"));
        bool leads = sim->leader == node->object.ref.index;

        node->manager = manager;
        if (availability) {
                free(node->availability);
                node->availability = availability;
        }
        sim_touch(sim, node);
        if (leads && !manager)
                sim_leader_change(sim);
        for_each_sim (sim_service, service, &sim->services)
                sim_service_due(sim, service, 0);
        sim_retry_due(sim);
}

void sim_update_node(struct sim *sim, struct sim_call *call)
{
        struct sim_node *node = find(sim, call);
        _cleanup_json_ struct json_document *d = node ? sim_body(call) : NULL;
        _cleanup_free_ char *version = sim_query(call, "version");
        uint64_t given = 0;

        if (!d)
                return;
        bool last = node->manager && count_managers(sim) == 1 &&
                    !json_text_is(d, json_get(d, json_root(d), "Role"), "manager");
        if (!version || !text_to_u64(version, &given))
                sim_refuse(call->answer, 400, "invalid node version '%s'", version ? version : "");
        else if (given != node->object.version)
                sim_refuse(call->answer, 500, "rpc error: code = Unknown desc = update out of sequence");
        else if (last)
                sim_refuse(call->answer, 400,
                           "rpc error: code = FailedPrecondition desc = attempting to demote the last "
                           "manager of the "
                           "swarm");
        else
                apply_node(sim, node, d);
}

/* Events */

static int64_t query_time_ms(const struct sim *sim, const struct sim_call *call, const char *key,
                             int64_t otherwise)
{
        _cleanup_free_ char *text = sim_query(call, key);
        char *end = NULL;

        if (text_empty(text))
                return otherwise;
        double seconds = strtod(text, &end);
        return *end ? otherwise : (int64_t)(seconds * 1000) - sim_wall_ms(sim, 0);
}

static void write_event(const struct sim *sim, const struct sim_happening *event, struct buffer *out)
{
        long long wall_ms = (long long)sim_wall_ms(sim, event->time_ms);

        buffer_format(out,
                      "{\"Type\":\"%s\",\"Action\":\"%s\",\"Actor\":{\"ID\":\"%s\",\"Attributes\":{\"name\":"
                      "\"%s\"}},"
                      "\"scope\":\"%s\",\"time\":%lld,\"timeNano\":%lld000000}\n",
                      event->type, event->action, event->id, event->name, event->scope, wall_ms / 1000,
                      wall_ms);
}

/* What has happened between since and until; who asks without an end gets what there is now. */
void sim_get_events(struct sim *sim, struct sim_call *call)
{
        int64_t since_ms = query_time_ms(sim, call, "since", sim->now_ms);
        int64_t until_ms = query_time_ms(sim, call, "until", INT64_MAX);

        for (size_t i = 0; i < sim->happenings.count; i++) {
                const struct sim_happening *event = &sim->happenings.items[i];
                if (event->time_ms >= since_ms && event->time_ms <= until_ms)
                        write_event(sim, event, &call->answer->body);
        }
}
