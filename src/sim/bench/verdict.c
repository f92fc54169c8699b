#include "sim/bench/bench.h"

#include "move/anchor.h"

/*
 * What must hold when a run says that it is done: NET is exactly as it was but for its subnet, every spec is
 * as it was to the byte, containers have their addresses and aliases, all that ran runs, nothing has leaked,
 * and of headroom's own nothing is left.
 */

#define SETTLE_MS 60000

static void look_at_networks(struct bench *bench, const struct plan *plan, enum goal goal, struct watch *now)
{
        const struct watch *before = &bench->watch;
        const char *wanted = goal == GOAL_NEW ? plan->new_subnet : before->subnet;
        _cleanup_buffer_ struct buffer expected = {0};
        _cleanup_buffer_ struct buffer found = {0};

        for (size_t i = 0; i < before->networks.count; i++)
                buffer_format(&expected, "%s ", before->networks.items[i]);
        for (size_t i = 0; i < now->networks.count; i++)
                buffer_format(&found, "%s ", now->networks.items[i]);
        if (!text_equal(buffer_text(&expected), buffer_text(&found)))
                bench_fault(bench, "no network is lost or left", buffer_steal(&expected),
                            buffer_steal(&found));
        else if (!text_equal(now->subnet, wanted))
                bench_fault(bench, "it ends exactly new or exactly old", text_copy(wanted),
                            text_copy(now->subnet ? now->subnet : "no subnet"));
        else if (!text_equal(now->traits, before->traits))
                bench_fault(bench, "it ends exactly new or exactly old", text_copy(before->traits),
                            text_copy(now->traits));
}

static void look_at_specs(struct bench *bench, const char *net_id)
{
        for (size_t i = 0; i < bench->watch.services.count && !bench_is_over(bench); i++) {
                const struct kept *kept = &bench->watch.services.items[i];
                const char *spec = sim_service_spec(bench->sim, kept->name, NULL);
                if (kept->gone || !spec)
                        continue;
                _cleanup_free_ char *form = watch_form(bench, spec, false);
                watch_compare(bench, kept->name, kept->spec, form);
                if (kept->moved && !strstr(spec, net_id))
                        bench_fault(bench, "it ends exactly new or exactly old",
                                    text_format("%s on %s", kept->name, net_id), text_copy(spec));
        }
}

/* Where addresses are short, and went to others meanwhile, somebody has to wait. */
static bool is_short(struct bench *bench)
{
        struct sim_pool_state pool = sim_pool_state(bench->sim, schedule_network(bench->schedule));

        return bench->disturbed && pool.held >= pool.capacity;
}

/* Without those that something else than headroom has ended, where their restart policy lets none follow. */
static size_t wanted_tasks(struct bench *bench, const struct kept *kept)
{
        size_t ended = MIN(sim_service_ended(bench->sim, kept->name), kept->let_end);

        return kept->running - MIN(ended, kept->running);
}

static bool runs_again(struct bench *bench, const struct kept *kept)
{
        return kept->gone || sim_service_running(bench->sim, kept->name) >= wanted_tasks(bench, kept);
}

/* What has struck a service may take it longer than a minute: to start, or to be started again. */
static void wait_for_struck(struct bench *bench, const struct kept *kept)
{
        int64_t end_ms = sim_now_ms(bench->sim) + BENCH_REST_MAX_MS;

        if (!kept->let_end && !kept->broken)
                return;
        while (!runs_again(bench, kept) && bench_go_on(bench, end_ms))
                ;
}

static void look_at_tasks(struct bench *bench)
{
        if (is_short(bench))
                return;
        for (size_t i = 0; i < bench->watch.services.count; i++) {
                const struct kept *kept = &bench->watch.services.items[i];
                wait_for_struck(bench, kept);
                if (!runs_again(bench, kept))
                        bench_fault(bench, "what ran runs again",
                                    text_format("%zu tasks of %s", wanted_tasks(bench, kept), kept->name),
                                    text_format("%zu", sim_service_running(bench->sim, kept->name)));
        }
}

/* The address that a container must have: as it was, or at the same distance from its subnet's start. */
static char *wanted_address(const struct kept_container *kept, const char *old_subnet, const char *subnet)
{
        char text[ADDRESS_TEXT_SIZE];
        struct prefix old;
        struct prefix now;
        uint32_t address;

        if (!address_parse(kept->address, &address) || prefix_parse(old_subnet, &old) != PREFIX_FINE ||
            prefix_parse(subnet, &now) != PREFIX_FINE)
                return NULL;
        if (!prefix_contains(now, address))
                address = now.address + (address - old.address);
        address_format(address, text);
        return text_copy(text);
}

static void look_at_container(struct bench *bench, const struct kept_container *kept,
                              const struct json_document *d, const char *subnet)
{
        json_node networks = json_path(d, json_root(d), "NetworkSettings", "Networks", NULL);
        json_node on = json_get(d, networks, schedule_network(bench->schedule));
        json_node aliases = json_get(d, on, "Aliases");
        _cleanup_free_ char *address = json_text(d, json_path(d, on, "IPAMConfig", "IPv4Address", NULL));
        _cleanup_free_ char *wanted = wanted_address(kept, bench->watch.subnet, subnet);
        _cleanup_free_ char *raw = text_copy_n(json_bytes(d, aliases), json_length(d, aliases));

        if (on == JSON_NONE || json_count(d, networks) != kept->networks)
                bench_fault(bench, "containers are where they were",
                            text_format("%s on that network, and on %zu", kept->name, kept->networks),
                            text_format("%zu networks", json_count(d, networks)));
        else if (!text_equal(address, wanted) && !bench->disturbed)
                bench_fault(bench, "no static address is lost",
                            text_format("%s with %s", kept->name, wanted ? wanted : "none"),
                            text_copy(address ? address : "none"));
        else if (!text_equal(raw, kept->aliases))
                bench_fault(bench, "no alias is lost", text_format("%s with %s", kept->name, kept->aliases),
                            text_copy(raw));
}

static void look_at_containers(struct bench *bench, const char *subnet)
{
        for (size_t i = 0; i < bench->watch.containers.count; i++) {
                const struct kept_container *kept = &bench->watch.containers.items[i];
                _cleanup_free_ char *path = text_format("/containers/%s/json", kept->name);
                _cleanup_buffer_ struct buffer body = {0};
                _cleanup_json_ struct json_document *d = NULL;
                if (!bench_ask(bench, "GET", path, NULL, &body) ||
                    json_parse(buffer_text(&body), body.length, &d, NULL) < 0)
                        bench_fault(bench, "containers are where they were", text_copy(kept->name),
                                    text_copy("none"));
                else
                        look_at_container(bench, kept, d, subnet);
        }
}

/* A task's container is on the networks of its spec, and on ingress if it publishes there. */
static void look_at_task_container(struct bench *bench, const struct json_document *d, json_node container)
{
        _cleanup_free_ char *service =
                json_text(d, json_path(d, container, "Labels", "com.docker.swarm.service.name", NULL));
        json_node networks = json_path(d, container, "NetworkSettings", "Networks", NULL);
        const char *spec = service ? sim_service_spec(bench->sim, service, NULL) : NULL;
        size_t wanted = 0;

        if (!spec)
                return;
        for (const char *at = spec; (at = strstr(at, "\"Target\":\"")); at++)
                wanted += at[strlen("\"Target\":\"")] != '/';
        wanted += strstr(spec, "\"PublishMode\":\"ingress\"") != NULL;
        if (json_count(d, networks) != wanted)
                bench_fault(bench, "nothing of headroom's is left",
                            text_format("a container of %s on %zu networks", service, wanted),
                            text_format("on %zu", json_count(d, networks)));
}

static void look_at_leftovers(struct bench *bench)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_json_ struct json_document *d = NULL;

        bench_ask(bench, "GET", "/images/json", NULL, &body);
        if (strstr(buffer_text(&body), ANCHOR_IMAGE))
                bench_fault(bench, "nothing of headroom's is left", text_copy("no image of headroom's"),
                            text_copy(ANCHOR_IMAGE));
        bench_ask(bench, "GET", "/containers/json?all=true", NULL, &body);
        if (strstr(buffer_text(&body), ANCHOR_PREFIX))
                bench_fault(bench, "nothing of headroom's is left", text_copy("no container of headroom's"),
                            text_copy("an anchor"));
        if (json_parse(buffer_text(&body), body.length, &d, NULL) < 0)
                return;
        json_for_each (container, d, json_root(d))
                look_at_task_container(bench, d, container);
}

/* Then the engine itself loses a VIP at every try, on the healthy networks of a service that waits (L3). */
static bool is_lossy(const struct plan *plan)
{
        for (size_t i = 0; i < plan->services.count; i++)
                if (plan->services.items[i].stuck)
                        return true;
        return plan->refusing;
}

static void look_at_books(struct bench *bench, const struct plan *plan)
{
        char *fault = sim_inconsistency(bench->sim);

        if (fault)
                bench_fault(bench, "the swarm's books agree", text_copy("no contradiction"), fault);
        if (!is_lossy(plan) && !bench_is_full(bench) && sim_leaked(bench->sim) > bench->watch.leaked)
                bench_fault(bench, "a move leaks nothing",
                            text_format("%llu leaked addresses", (unsigned long long)bench->watch.leaked),
                            text_format("%llu", (unsigned long long)sim_leaked(bench->sim)));
}

void verdict_look(struct bench *bench, const struct plan *plan, enum goal goal)
{
        struct watch now = {0};

        mishap_outlast(bench);
        watch_networks(bench, &now);
        look_at_networks(bench, plan, goal, &now);
        if (!bench_is_over(bench)) {
                look_at_specs(bench, now.id);
                look_at_containers(bench, now.subnet);
                bench_wait(bench, SETTLE_MS);
                look_at_leftovers(bench);
                records_look(bench);
                host_file_look(bench, plan, goal);
                look_at_tasks(bench);
                look_at_books(bench, plan);
        }
        watch_done(&now);
}
