#include "sim/api.h"

/* The engine itself and the swarm. */

const char *sim_engine_version(const struct sim *sim)
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
        const char *version = sim_engine_version(sim);

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

size_t sim_managers(struct sim *sim)
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
                              sim_managers(sim));
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
                      node->name, sim_engine_version(sim), sim->settings.debug_log ? "true" : "false");
        write_swarm_state(sim, call, out);
        buffer_add_text(out, "}\n");
}

/* What is refused to a worker. */
bool sim_is_manager(struct sim *sim, struct sim_call *call)
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
        if (!sim_is_manager(sim, call))
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
