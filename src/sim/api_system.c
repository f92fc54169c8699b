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

#define API_VERSIONS "\"ApiVersion\":\"1.%d\",\"MinAPIVersion\":\"1.12\""
#define BUILD                                                                                                \
        "\"GitCommit\":\"0000000\",\"GoVersion\":\"go1.19.8\",\"Os\":\"linux\",\"Arch\":\"amd64\","          \
        "\"KernelVersion\":\"6.1.0\",\"BuildTime\":\"2026-01-01T00:00:00.000000000+00:00\""

void sim_get_version(struct sim *sim, struct sim_call *call)
{
        const char *version = sim_engine_version(sim);
        struct buffer *out = &call->answer->body;

        buffer_format(out,
                      "{\"Platform\":{\"Name\":\"headroom-sim\"},\"Components\":[{\"Name\":\"Engine\","
                      "\"Version\":\"%s\",\"Details\":{" API_VERSIONS ",\"Experimental\":\"false\"," BUILD
                      "}},",
                      version, sim_minor(sim));
        buffer_add_text(
                out, "{\"Name\":\"containerd\",\"Version\":\"1.6.20\",\"Details\":{\"GitCommit\":\"\"}},"
                     "{\"Name\":\"runc\",\"Version\":\"1.1.5\",\"Details\":{\"GitCommit\":\"\"}},"
                     "{\"Name\":\"docker-init\",\"Version\":\"0.19.0\",\"Details\":{\"GitCommit\":\"\"}}],");
        buffer_format(out, "\"Version\":\"%s\"," API_VERSIONS "," BUILD "}\n", version, sim_minor(sim));
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
                      "\"TaskHistoryRetentionLimit\":%u},\"Raft\":{\"SnapshotInterval\":10000,"
                      "\"KeepOldSnapshots\":0,\"LogEntriesForSlowFollowers\":500,\"ElectionTick\":10,"
                      "\"HeartbeatTick\":1},\"Dispatcher\":{\"HeartbeatPeriod\":5000000000},\"CAConfig\":{"
                      "\"NodeCertExpiry\":7776000000000000},\"TaskDefaults\":{},\"EncryptionConfig\":{"
                      "\"AutoLockManagers\":false}}," SIM_TLS_INFO ",\"RootRotationInProgress\":false,",
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

static void write_managers(struct sim *sim, struct buffer *out)
{
        const char *before = "\"RemoteManagers\":[";

        for_each_sim (sim_node, node, &sim->nodes) {
                char id[SIM_ID_SIZE];
                char address[ADDRESS_TEXT_SIZE];
                if (!node->manager)
                        continue;
                sim_id(sim, SIM_KIND_NODE, node->object.ref, id);
                address_format(node->address, address);
                buffer_format(out, "%s{\"NodeID\":\"%s\",\"Addr\":\"%s:2377\"}", before, id, address);
                before = ",";
        }
        buffer_add_text(out, "]");
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
                      "\"ControlAvailable\":%s,\"Error\":\"\",",
                      id, address, node->manager ? "true" : "false");
        write_managers(sim, out);
        if (node->manager) {
                buffer_format(out, ",\"Nodes\":%zu,\"Managers\":%zu,\"Cluster\":{", sim_count(sim).nodes,
                              sim_managers(sim));
                write_cluster(sim, out);
                buffer_add_text(out, "}");
        }
        buffer_add_text(out, "}");
}

/* What the machine is said to be: the same for all. */
#define MACHINE                                                                                              \
        "\"Driver\":\"overlay2\",\"DriverStatus\":[[\"Backing Filesystem\",\"extfs\"],[\"Supports d_type\"," \
        "\"true\"],[\"Native Overlay Diff\",\"true\"],[\"userxattr\",\"false\"]],\"Plugins\":{\"Volume\":["  \
        "\"local\"],\"Network\":[\"bridge\",\"host\",\"ipvlan\",\"macvlan\",\"null\",\"overlay\"],"          \
        "\"Authorization\":null,\"Log\":[\"journald\",\"json-file\",\"local\",\"syslog\"]},"                 \
        "\"MemoryLimit\":true,\"SwapLimit\":true,\"KernelMemory\":true,\"KernelMemoryTCP\":true,"            \
        "\"CpuCfsPeriod\":true,\"CpuCfsQuota\":true,\"CPUShares\":true,\"CPUSet\":true,\"PidsLimit\":true,"  \
        "\"IPv4Forwarding\":true,\"BridgeNfIptables\":true,\"BridgeNfIp6tables\":true,"
#define SYSTEM                                                                                               \
        "\"LoggingDriver\":\"json-file\",\"CgroupDriver\":\"cgroupfs\",\"CgroupVersion\":\"1\","             \
        "\"NEventsListener\":0,\"KernelVersion\":\"6.1.0\",\"OperatingSystem\":\"headroom-sim\","            \
        "\"OSVersion\":\"12\",\"OSType\":\"linux\",\"Architecture\":\"x86_64\",\"IndexServerAddress\":"      \
        "\"https://index.docker.io/v1/\",\"RegistryConfig\":{\"AllowNondistributableArtifactsCIDRs\":[],"    \
        "\"AllowNondistributableArtifactsHostnames\":[],\"InsecureRegistryCIDRs\":[\"127.0.0.0/8\"],"        \
        "\"IndexConfigs\":{\"docker.io\":{\"Name\":\"docker.io\",\"Mirrors\":[],\"Secure\":true,"            \
        "\"Official\":true}},\"Mirrors\":[]},\"NCPU\":2,\"MemTotal\":4294967296,\"GenericResources\":null,"  \
        "\"DockerRootDir\":\"/var/lib/docker\",\"HttpProxy\":\"\",\"HttpsProxy\":\"\",\"NoProxy\":\"\","
#define RUNTIMES                                                                                             \
        "\"Runtimes\":{\"io.containerd.runc.v2\":{\"path\":\"runc\"},\"io.containerd.runtime.v1.linux\":{"   \
        "\"path\":\"runc\"},\"runc\":{\"path\":\"runc\"}},\"DefaultRuntime\":\"runc\","
#define COMMITS                                                                                              \
        ",\"LiveRestoreEnabled\":false,\"Isolation\":\"\",\"InitBinary\":\"docker-init\","                   \
        "\"ContainerdCommit\":{\"ID\":\"1.6.20\",\"Expected\":\"1.6.20\"},\"RuncCommit\":{\"ID\":\"1.1.5\"," \
        "\"Expected\":\"1.1.5\"},\"InitCommit\":{\"ID\":\"\",\"Expected\":\"\"},\"SecurityOptions\":["       \
        "\"name=seccomp,profile=default\"],\"Warnings\":null}\n"

void sim_get_info(struct sim *sim, struct sim_call *call)
{
        const struct sim_node *node = (const struct sim_node *)sim->nodes.items[call->node];
        struct buffer *out = &call->answer->body;
        char time[SIM_TIME_SIZE];
        size_t count = 0;
        size_t running = 0;

        for_each_sim (sim_container, container, &sim->containers) {
                count += container->node == call->node;
                running += container->running && container->node == call->node;
        }
        sim_time_format(sim, sim->now_ms, time);
        buffer_format(out,
                      "{\"ID\":\"SIM\",\"Containers\":%zu,\"ContainersRunning\":%zu,\"ContainersPaused\":0,"
                      "\"ContainersStopped\":%zu,\"Images\":%zu," MACHINE
                      "\"Debug\":%s,\"NFd\":40,\"OomKillDisable\":true,\"NGoroutines\":150,"
                      "\"SystemTime\":\"%s\"," SYSTEM,
                      count, running, count - running, sim->images.count,
                      sim->settings.debug_log ? "true" : "false", time);
        buffer_format(out,
                      "\"Name\":\"%s\",\"Labels\":[],\"ExperimentalBuild\":false,\"ServerVersion\":\"%"
                      "s\"," RUNTIMES,
                      node->name, sim_engine_version(sim));
        write_swarm_state(sim, call, out);
        buffer_add_text(out, COMMITS);
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

/* No registry is ever reached. */
void sim_get_distribution(struct sim *sim, struct sim_call *call)
{
        (void)sim;
        sim_refuse(call->answer, 500,
                   "Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such "
                   "host");
}

void sim_get_nothing(struct sim *sim, struct sim_call *call)
{
        (void)sim;
        buffer_add_text(&call->answer->body, "[]\n");
}
