#include "sim/scenario/check.h"
#include "sim/scenario/make.h"
#include "sim/scenario/spec.h"

#include "json/json.h"

/*
 * The swarm of a scenario, in the order in which a real one would have come to stand so: nodes, networks,
 * what asks for certain addresses, services; then what went wrong since: nodes that are down, leaks; then
 * whoever came too late. In between it is waited until nothing happens any more.
 */

#define REST_MS     (3600LL * 1000)     /* nothing is due for so long: the swarm is at rest */
#define REST_MAX_MS (4 * 3600LL * 1000) /* it should be by then */

static int refuse_answer(const struct making *making, const struct making_request *request,
                         const struct sim_answer *answer)
{
        _cleanup_json_ struct json_document *d = NULL;
        _cleanup_free_ char *message = NULL;

        if (json_parse(buffer_text(&answer->body), answer->body.length, &d, NULL) == 0)
                message = json_text(d, json_get(d, json_root(d), "message"));
        return scenario_refuse(making->scenario, request->line, making->error, "the engine refuses %s: %s",
                               request->what, message ? message : "it has died");
}

int making_ask(const struct making *making, const struct making_request *request, struct buffer *ret_body)
{
        _cleanup_sim_answer_ struct sim_answer answer = {0};
        const struct sim_request asked = {.method = request->method,
                                          .path = request->path,
                                          .query = request->query ? request->query : "",
                                          .body = request->body,
                                          .body_length = request->body ? strlen(request->body) : 0,
                                          .node = request->node,
                                          .beside = request->beside};

        sim_request(making->sim, &asked, &answer);
        if (answer.status == 0 || answer.status >= 400)
                return refuse_answer(making, request, &answer);
        if (ret_body) {
                buffer_clear(ret_body);
                buffer_add(ret_body, buffer_text(&answer.body), answer.body.length);
        }
        return 0;
}

void making_wait(const struct making *making, int64_t ms)
{
        sim_run_until(making->sim, sim_now_ms(making->sim) + ms);
}

/* False: things still happen after a time in which all should have come to rest. */
static bool rest(const struct making *making)
{
        int64_t end_ms = sim_now_ms(making->sim) + REST_MAX_MS;

        if (making->scenario->settle_ms) {
                making_wait(making, making->scenario->settle_ms);
                return true;
        }
        while (sim_now_ms(making->sim) < end_ms) {
                int64_t next_ms = sim_next_ms(making->sim);
                if (next_ms >= sim_now_ms(making->sim) + REST_MS)
                        return true;
                sim_run_until(making->sim, next_ms);
        }
        return false;
}

/* The swarm itself */

static void open_sim(struct making *making, uint64_t seed)
{
        const struct scenario *scenario = making->scenario;
        char pool[PREFIX_TEXT_SIZE];
        char ingress[PREFIX_TEXT_SIZE];

        prefix_format(scenario->pool_range, pool);
        prefix_format(scenario->ingress.subnet, ingress);
        const struct sim_settings settings = {
                .seed = seed,
                .start_wall_ms = scenario->start_wall_ms,
                .api_version_minor = scenario_api_minor(scenario),
                .pool = text_equal(pool, SCENARIO_POOL) ? NULL : pool, /* told only where it is another */
                .pool_subnet_bits = (uint8_t)scenario->pool_size,
                .ingress_subnet = scenario->ingress.subnet.length_bits ? ingress : NULL,
                .first_node = scenario->nodes.items[0].name,
                .task_history = (uint32_t)scenario->history,
                .call_ms = scenario->call_ms,
                .allocate_ms = scenario->allocate_ms,
                .drain_ms = scenario->drain_ms,
                .debug_log = scenario->debug,
                .jitter_ms = scenario->jitter_ms,
        };
        making->sim = sim_open(&settings);
        for (size_t i = 1; i < scenario->nodes.count; i++)
                sim_node_add(making->sim, scenario->nodes.items[i].name, scenario->nodes.items[i].manager);
}

static int set_availability(struct making *making, const struct scenario_node *node)
{
        static const char *const words[] = {"active", "active", "pause", "drain"};
        _cleanup_free_ char *path = text_format("/nodes/%s", node->name);
        _cleanup_free_ char *update = text_format("/nodes/%s/update", node->name);
        _cleanup_free_ char *body =
                text_format("{\"Role\":\"%s\",\"Availability\":\"%s\"}", node->manager ? "manager" : "worker",
                            words[node->availability]);
        _cleanup_buffer_ struct buffer answer = {0};
        struct making_request request = {
                .line = node->line, .what = node->name, .method = "GET", .path = path};

        if (making_ask(making, &request, &answer) < 0)
                return -1;
        const char *version = strstr(buffer_text(&answer), "\"Index\":");
        version = version ? version + strlen("\"Index\":") : "";
        _cleanup_free_ char *query = text_format("version=%.*s", (int)strspn(version, "0123456789"), version);
        request.method = "POST";
        request.path = update;
        request.query = query;
        request.body = body;
        return making_ask(making, &request, NULL);
}

static int set_nodes(struct making *making)
{
        const struct scenario *scenario = making->scenario;

        for (size_t i = 0; i < scenario->nodes.count; i++)
                if (scenario->nodes.items[i].availability > NODE_ACTIVE &&
                    set_availability(making, &scenario->nodes.items[i]) < 0)
                        return -1;
        return 0;
}

static void add_images(struct making *making)
{
        const struct scenario *scenario = making->scenario;

        for (size_t i = 0; i < scenario->images.count; i++)
                sim_model_image(making->sim, scenario->images.items[i].name,
                                &scenario->images.items[i].model);
        for (size_t i = 0; i < scenario->sketches.count; i++)
                sim_image_add(making->sim, scenario->sketches.items[i]->image);
        for (size_t i = 0; i < scenario->containers.count; i++)
                sim_image_add(making->sim, scenario->containers.items[i].image);
}

/* Services */

static int add_service(struct making *making, const struct roster_service *service)
{
        _cleanup_buffer_ struct buffer spec = {0};
        _cleanup_free_ char *what = text_format("the service %s", service->name);

        spec_write(&making->roster, service, &spec);
        if (service->sketch->behaves_said)
                sim_model_service(making->sim, service->name, &service->sketch->behaves);
        const struct making_request request = {.line = service->line,
                                               .what = what,
                                               .method = "POST",
                                               .path = "/services/create",
                                               .body = buffer_text(&spec),
                                               .beside = service->by_rule};
        return making_ask(making, &request, NULL);
}

static int add_services(struct making *making, bool stuck)
{
        for (size_t i = 0; i < making->roster.services.count; i++) {
                const struct roster_service *service = &making->roster.services.items[i];
                if (service->sketch->stuck == stuck && add_service(making, service) < 0)
                        return -1;
        }
        return 0;
}

/* The pool that keeps a service from its addresses; NULL when it is none. */
static const char *full_network(struct making *making, const struct roster_service *service)
{
        for (size_t i = 0; i < roster_join_count(service); i++) {
                const struct roster_network *network =
                        &making->roster.networks.items[roster_join(&making->roster, service, i)];
                struct sim_pool_state pool = sim_pool_state(making->sim, network->name);
                if (pool.held == pool.capacity)
                        return network->name;
        }
        return NULL;
}

/* By itself and without a fault, which on-failure leaves at that. */
static bool ends_for_good(const struct making *making, const struct roster_service *service)
{
        struct sim_model model = scenario_model_of(making->scenario, service->sketch);

        return model.run_ms && !model.fails && service->sketch->restart == RESTART_ON_FAILURE;
}

static int refuse_idle(struct making *making, const struct roster_service *service, size_t running,
                       size_t wanted)
{
        const char *full = full_network(making, service);

        if (ends_for_good(making, service))
                return scenario_refuse(making->scenario, service->line, making->error,
                                       "%s has %zu of %zu tasks running when all is at rest: they end, and "
                                       "are not made again after that (restart: on-failure); say restart: "
                                       "none if that is meant",
                                       service->name, running, wanted);
        return scenario_refuse(
                making->scenario, service->line, making->error,
                "%s has %zu of %zu tasks running when all is at rest: %s%s; say stuck: true if "
                "that is meant",
                service->name, running, wanted, full ? full : "no node takes the others",
                full ? " has no address left" : "");
}

static int require_running(struct making *making, const struct roster_service *service)
{
        const struct scenario_sketch *sketch = service->sketch;
        size_t running = sim_service_running(making->sim, service->name);
        size_t wanted = sim_service_wanted(making->sim, service->name);

        if (!sketch->global && !sketch->job && sketch->restart != RESTART_NONE)
                wanted = MAX(wanted, service->replicas);
        if (sketch->stuck && running == wanted)
                return scenario_refuse(making->scenario, service->line, making->error,
                                       "%s is to be stuck, and nothing keeps its %zu tasks from running",
                                       service->name, running);
        return sketch->stuck || running >= wanted ? 0 : refuse_idle(making, service, running, wanted);
}

static int require_all_running(struct making *making)
{
        if (making->scenario->settle_ms)
                return 0;
        for (size_t i = 0; i < making->roster.services.count; i++)
                if (require_running(making, &making->roster.services.items[i]) < 0)
                        return -1;
        return 0;
}

/* In order */

static int require_rest(struct making *making)
{
        if (rest(making))
                return 0;
        for (size_t i = 0; i < making->roster.services.count; i++)
                if (require_running(making, &making->roster.services.items[i]) < 0)
                        return -1;
        return scenario_refuse(making->scenario, making->scenario->line, making->error,
                               "the swarm does not come to rest; say settle: how long to let it before it "
                               "opens, if that is meant");
}

static void nodes_go_down(struct making *making)
{
        for (size_t i = 0; i < making->scenario->nodes.count; i++)
                if (making->scenario->nodes.items[i].down)
                        sim_node_down(making->sim, i, true);
}

static int make(struct making *making, uint64_t seed)
{
        open_sim(making, seed);
        add_images(making);
        if (set_nodes(making) < 0 || making_networks(making) < 0 || making_leak_some(making) < 0 ||
            making_containers(making) < 0 || add_services(making, false) < 0 || require_rest(making) < 0)
                return -1;
        nodes_go_down(making);
        if (require_rest(making) < 0 || making_leak(making) < 0 || add_services(making, true) < 0 ||
            require_rest(making) < 0 || require_all_running(making) < 0)
                return -1;
        making_wait(making, making->scenario->age_ms);
        making_events(making);
        return 0;
}

int scenario_open(const struct scenario *scenario, uint64_t seed, struct sim **ret_sim, struct error *error)
{
        struct making making = {.scenario = scenario, .error = error};
        int result = roster_make(scenario, seed ? seed : scenario->seed, &making.roster, error);

        if (result == 0)
                result = scenario_check_all(scenario, &making.roster, error);
        if (result == 0)
                result = make(&making, seed ? seed : scenario->seed);
        roster_done(&making.roster);
        if (result == 0)
                *ret_sim = making.sim;
        else
                sim_free(making.sim);
        return result;
}
