#include "sim/bench/bench.h"

#include "engine/engine.h"
#include "sim/scenario/scenario.h"

/* The swarm of a schedule: asked for as people would ask for it, and settled. */

#define NETWORK        "proxy"
#define START_WALL_MS  1772323200000 /* 2026-03-01 */
#define SETTLE_MS      30000
#define LEAK_SETTLE_MS 5000

/* One that the swarm must accept: what a drawn schedule describes is possible. */
static void ask(struct sim *sim, const char *method, const char *path, const char *body)
{
        _cleanup_engine_ struct engine *engine = sim_engine_open(sim, 0);
        struct engine_request request _cleanup_(engine_request_done) = {
                .method = method, .path = path, .body = body, .body_length = body ? strlen(body) : 0};

        engine_perform(engine, &request, 1);
}

static void wait(struct sim *sim, int64_t ms)
{
        sim_run_until(sim, sim_now_ms(sim) + ms);
}

static void add_network(struct sim *sim, const char *name, const char *subnet, bool attachable)
{
        _cleanup_free_ char *body = text_format(
                "{\"Name\":\"%s\",\"Driver\":\"overlay\",\"Attachable\":%s,\"IPAM\":{\"Config\":[{\"Subnet\":"
                "\"%s\"}]},\"Options\":{\"encrypted\":\"\"},\"Labels\":{\"l\":\"v\"}}",
                name, attachable ? "true" : "false", subnet);

        ask(sim, "POST", "/networks/create", body);
        wait(sim, 50);
}

/* A service and its network go together, and its address on NET stays taken. */
static void leak(struct sim *sim)
{
        add_network(sim, "gone", "10.0.9.0/24", true);
        ask(sim, "POST", "/services/create",
            "{\"Name\":\"leaks\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"app\"},\"Placement\":{},"
            "\"Networks\":[{\"Target\":\"" NETWORK "\"},{\"Target\":\"gone\"}]},\"Mode\":{"
            "\"Replicated\":{\"Replicas\":1}},\"EndpointSpec\":{\"Mode\":\"dnsrr\"}}");
        wait(sim, LEAK_SETTLE_MS);
        ask(sim, "DELETE", "/services/leaks", NULL);
        ask(sim, "DELETE", "/networks/gone", NULL);
        wait(sim, LEAK_SETTLE_MS);
}

static void add_container(struct sim *sim)
{
        ask(sim, "POST", "/containers/create?name=debug",
            "{\"Image\":\"app\",\"HostConfig\":{\"NetworkMode\":\"" NETWORK "\"},\"NetworkingConfig\":{"
            "\"EndpointsConfig\":{\"" NETWORK "\":{\"IPAMConfig\":{\"IPv4Address\":\"10.0.1.5\"},"
            "\"Aliases\":[\"dbg\",\"d2\"]}}}}");
        ask(sim, "POST", "/containers/debug/start", "");
}

static bool is_healthy(const struct member *member)
{
        return member->kind == MEMBER_HEALTHY || member->kind == MEMBER_EDGE_INGRESS ||
               member->kind == MEMBER_VOLUME;
}

static void write_networks(const struct member *member, const char *name, struct buffer *out)
{
        if (member->kind == MEMBER_BYSTANDER) {
                buffer_add_text(out, "{\"Target\":\"backend\"}");
                return;
        }
        if (member->twice)
                buffer_add_text(out, "{\"Target\":\"backend\"},");
        buffer_add_text(out, "{\"Target\":\"" NETWORK "\"");
        if (member->aliases)
                buffer_format(out, ",\"Aliases\":[\"%s\",\"web\"]", name);
        buffer_add_text(out, "}");
}

static void write_ports(const struct member *member, struct buffer *out)
{
        if (member->kind == MEMBER_EDGE_HOST || member->kind == MEMBER_EDGE_INGRESS)
                buffer_format(out,
                              ",\"EndpointSpec\":{\"Mode\":\"vip\",\"Ports\":[{\"Protocol\":\"tcp\","
                              "\"TargetPort\":80,\"PublishedPort\":%d,\"PublishMode\":\"%s\"}]}",
                              80 + (int)member->number,
                              member->kind == MEMBER_EDGE_HOST ? "host" : "ingress");
        else
                buffer_format(out, ",\"EndpointSpec\":{\"Mode\":\"%s\"}", member->dnsrr ? "dnsrr" : "vip");
}

#define ORDER                                                                                                \
        "{\"Parallelism\":1,\"FailureAction\":\"rollback\",\"Monitor\":5000000000,\"MaxFailureRatio\":0,"    \
        "\"Order\":\"stop-first\"}"

static void write_spec(const struct member *member, const char *name, struct buffer *out)
{
        buffer_format(out,
                      "{\"Name\":\"%s\",\"Labels\":{\"big\":\"18446744073709551615\"},\"TaskTemplate\":{"
                      "\"ContainerSpec\":{\"Image\":\"%s\",\"Env\":[\"P=hunter2\"]",
                      name, name);
        if (is_healthy(member))
                buffer_add_text(out, ",\"Healthcheck\":{\"Test\":[\"CMD\",\"true\"]}");
        if (member->kind == MEMBER_VOLUME)
                buffer_format(out,
                              ",\"Mounts\":[{\"Type\":\"volume\",\"Source\":\"%s\",\"Target\":\"/data\"}]",
                              name);
        buffer_format(out, "},\"Placement\":{%s},\"Networks\":[",
                      member->pinned ? "\"Constraints\":[\"node.hostname==node1\"]" : "");
        write_networks(member, name, out);
        buffer_add_text(out, "],\"ForceUpdate\":18446744073709551615},");
        if (member->kind == MEMBER_GLOBAL)
                buffer_add_text(out, "\"Mode\":{\"Global\":{}}");
        else
                buffer_format(out, "\"Mode\":{\"Replicated\":{\"Replicas\":%llu}}",
                              (unsigned long long)member->replicas);
        if (member->settings)
                buffer_add_text(out, ",\"UpdateConfig\":" ORDER ",\"RollbackConfig\":" ORDER);
        write_ports(member, out);
        buffer_add_text(out, "}");
}

static struct sim_model model_of(const struct member *member)
{
        return (struct sim_model){.start_ms = member->slow ? 4000 : 700,
                                  .healthy_after_ms = 1500,
                                  .stop_ms = member->slow ? 8000 : 200,
                                  .health_check = is_healthy(member)};
}

static void add_member(struct sim *sim, const struct shape *shape, size_t index)
{
        const struct member *member = &shape->members.items[index];
        _cleanup_free_ char *name = member_name(shape, index);
        _cleanup_buffer_ struct buffer spec = {0};
        const struct sim_model model = model_of(member);

        sim_model_image(sim, name, &model);
        write_spec(member, name, &spec);
        ask(sim, "POST", "/services/create", spec.bytes);
        wait(sim, 2000);
}

static struct sim *open_shape(const struct schedule *schedule)
{
        const struct shape *shape = &schedule->shape;
        const struct sim_settings settings = {.seed = schedule->seed,
                                              .start_wall_ms = START_WALL_MS,
                                              .api_version_minor = (int)shape->api_minor,
                                              .nodes = shape->nodes,
                                              .task_history = 2,
                                              .call_ms = (int64_t)shape->call_ms,
                                              .jitter_ms = (int64_t)shape->jitter_ms};
        struct sim *sim = sim_open(&settings);
        _cleanup_free_ char *subnet = text_format("10.0.1.0/%d", (int)shape->bits);

        sim_image_add(sim, "app");
        add_network(sim, NETWORK, subnet, !shape->detached);
        add_network(sim, "backend", "10.0.2.0/24", true);
        if (shape->leak)
                leak(sim);
        if (shape->container)
                add_container(sim);
        for (size_t i = 0; i < shape->members.count; i++)
                add_member(sim, shape, i);
        wait(sim, SETTLE_MS);
        return sim;
}

int bench_swarm_open(const struct schedule *schedule, struct sim **ret_sim, struct error *error)
{
        if (schedule->scenario)
                return scenario_open(schedule->scenario, schedule->seed, ret_sim, error);
        *ret_sim = open_shape(schedule);
        return 0;
}
