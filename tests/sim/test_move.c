/*
 * Whole moves against the simulated swarm: what a network and its services are afterwards, to the byte.
 */

#include "scene.h"

#include <dirent.h>

#define NET_SUBNET "10.0.1.0/28"

static char state_folder[64];

#define NETWORK(name, subnet)                                                                                \
        "{\"Name\":\"" name "\",\"Driver\":\"overlay\",\"Attachable\":true,\"IPAM\":{\"Config\":[{"          \
        "\"Subnet\":\"" subnet "\"}]},\"Options\":{\"encrypted\":\"\"},\"Labels\":{\"l\":\"v\"}}"

#define ONE    "\"Mode\":{\"Replicated\":{\"Replicas\":1}}"
#define TWO    "\"Mode\":{\"Replicated\":{\"Replicas\":2}}"
#define HEALTH ",\"Healthcheck\":{\"Test\":[\"CMD\",\"true\"]}"
#define ORDER                                                                                                \
        "{\"Parallelism\":1,\"FailureAction\":\"rollback\",\"Monitor\":5000000000,\"MaxFailureRatio\":0,"    \
        "\"Order\":\"stop-first\"}"
#define INGRESS_80                                                                                           \
        ",\"EndpointSpec\":{\"Ports\":[{\"PublishedPort\":80,\"TargetPort\":80,\"PublishMode\":\"ingress\"}" \
        "]}"
#define ON   "{\"Target\":\"proxy\",\"Aliases\":[\"app\",\"web\"]}"
#define OFF  "{\"Target\":\"backend\"}"
#define BOTH OFF "," ON

static const struct {
        const char *name, *container, *networks, *more;
} services[] = {
        {"edge_app", "", ON,
         TWO ",\"EndpointSpec\":{\"Ports\":[{\"PublishedPort\":81,\"TargetPort\":81,\"Protocol\":"
             "\"tcp\",\"PublishMode\":\"ingress\"}]}"},
        {"edge_tcp", "", ON,
         ONE ",\"EndpointSpec\":{\"Mode\":\"vip\",\"Ports\":[{\"PublishedPort\":80,"
             "\"PublishMode\":\"host\"}]}"},
        {"lent_app", HEALTH, ON, ONE},
        {"keycloak", HEALTH, BOTH,
         ONE ",\"UpdateConfig\":" ORDER ",\"RollbackConfig\":" ORDER ",\"EndpointSpec\":{\"Mode\":\"vip\"}"},
        {"plain_app", "", ON, ONE ",\"EndpointSpec\":{\"Mode\":\"dnsrr\"}"},
        {"db", "", OFF, ONE},
        {"stuck_app", "", ON, ONE},
};

static void add_service(struct sim *sim, size_t i)
{
        _cleanup_free_ char *spec =
                text_format("{\"Name\":\"%s\",\"Labels\":{\"big\":\"18446744073709551615\"},"
                            "\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\",\"Env\":[\"P=hunter2\"]%s},"
                            "\"Placement\":{},\"Networks\":[%s],\"ForceUpdate\":18446744073709551615},%s}",
                            services[i].name, services[i].container, services[i].networks, services[i].more);

        scene_done(sim, "POST", "/services/create", spec);
        scene_wait(sim, SETTLE_MS);
}

static void add_debug_container(struct sim *sim)
{
        sim_image_add(sim, "x");
        scene_done(
                sim, "POST", "/containers/create?name=debug",
                "{\"Image\":\"x\",\"HostConfig\":{\"NetworkMode\":\"proxy\"},\"NetworkingConfig\":{"
                "\"EndpointsConfig\":{\"proxy\":{\"IPAMConfig\":{\"IPv4Address\":\"10.0.1.13\"},\"Aliases\":["
                "\"dbg\",\"d2\"]}}}}");
        scene_done(sim, "POST", "/containers/debug/start", "");
}

/*
 * Thirteen addresses: four VIPs, six tasks, the node's, the debug container's and a leaked one. stuck_app
 * gets none.
 */
static struct sim *scene_open(const struct sim_settings *settings)
{
        struct sim *sim = sim_open(settings);

        clock_use(sim_clock(sim));
        scene_done(sim, "POST", "/networks/create", NETWORK("proxy", NET_SUBNET));
        scene_done(sim, "POST", "/networks/create", NETWORK("backend", "10.0.2.0/24"));
        scene_network(sim, "gone", NULL);
        scene_service(sim, "leaks", "proxy,gone", 1, ",\"EndpointSpec\":{\"Mode\":\"dnsrr\"}");
        scene_wait(sim, SETTLE_MS);
        scene_done(sim, "DELETE", "/services/leaks", NULL);
        scene_done(sim, "DELETE", "/networks/gone", NULL);
        scene_wait(sim, SETTLE_MS);
        assert_int_equal(sim_leaked(sim), 1);
        add_debug_container(sim);
        for (size_t i = 0; i < ELEMENTS(services); i++)
                add_service(sim, i);
        scene_wait(sim, 60000);
        scene_consistent(sim);
        return sim;
}

static void scene_close(struct sim **sim)
{
        clock_use(NULL);
        sim_free(*sim);
}

static void quiet_waiting(void *userdata, size_t number, size_t total, const char *title,
                          const char *waiting_for)
{
        if (getenv("SCENE_TRACE"))
                print_message("%zu/%zu %s: waiting for %s\n", number, total, title, waiting_for);
        (void)userdata;
}
static void quiet_settled(void *userdata, size_t number, size_t total, const char *title, bool acted)
{
        if (getenv("SCENE_TRACE"))
                print_message("%zu/%zu %s%s\n", number, total, title, acted ? ": done" : "");
        (void)userdata;
}
static void quiet_note(void *userdata, const char *text)
{
        (void)userdata;
        (void)text;
}
static const struct run_observer quiet = {
        .waiting = quiet_waiting, .settled = quiet_settled, .note = quiet_note};

static void make_plan(struct sim *sim, struct plan *ret_plan)
{
        _cleanup_engine_ struct engine *engine = sim_engine_open(sim, 0);
        const struct plan_wish wish = {.network = "proxy", .length_bits = 16};
        _cleanup_error_ struct error error = {0};

        if (plan_make(engine, &wish, ret_plan, &error) < 0)
                fail_msg("%s", error.sentence);
}

static void must_run(struct sim *sim, struct plan *plan, enum goal goal)
{
        _cleanup_engine_ struct engine *engine = sim_engine_open(sim, 0);
        struct run_options options = {.goal = goal, .state = state_folder};
        _cleanup_error_ struct error error = {0};
        bool changed;

        if (plan_run(engine, plan, &options, &quiet, &changed, &error) < 0)
                fail_msg("%s (%s)", error.sentence, error.trail ? error.trail : "");
        scene_wait(sim, SETTLE_MS);
        scene_consistent(sim);
}

/* The specs of the scene, with the ID that "proxy" has now in place of the one it had. */
static void expect_specs(struct sim *sim, struct sim *before)
{
        _cleanup_free_ char *old_id = scene_text(before, "/networks/proxy", "Id", NULL, NULL);
        _cleanup_free_ char *new_id = scene_text(sim, "/networks/proxy", "Id", NULL, NULL);

        for (size_t i = 0; i < ELEMENTS(services); i++) {
                _cleanup_free_ char *expected = text_copy(sim_service_spec(before, services[i].name, NULL));
                char *at = strstr(expected, old_id);
                if (at)
                        memcpy(at, new_id, strlen(new_id));
                assert_string_equal(sim_service_spec(sim, services[i].name, NULL), expected);
        }
}

static void expect_running(struct sim *sim, bool stuck_too)
{
        for (size_t i = 0; i + !stuck_too < ELEMENTS(services); i++)
                if (sim_service_running(sim, services[i].name) != (i == 0 ? 2 : 1))
                        fail_msg("%s does not run", services[i].name);
}

static void expect_end(struct sim *sim, struct sim *before, const char *subnet, bool stuck_too)
{
        _cleanup_free_ char *config = scene_text(sim, "/networks/proxy?scope=swarm", "IPAM", "Config", NULL);
        _cleanup_free_ char *labels = scene_text(sim, "/networks/proxy", "Labels", NULL, NULL);
        _cleanup_free_ char *wanted = text_format("\"Subnet\":\"%s\"", subnet);

        assert_non_null(strstr(config, wanted));
        assert_string_equal(labels, "{\"l\":\"v\"}");
        expect_specs(sim, before);
        expect_running(sim, stuck_too);
        assert_int_equal(scene_count(sim, "/networks"), 4 + 3); /* bridges, ingress, proxy, backend */
        assert_int_equal(
                scene_count(sim, "/images/json?filters=%7B%22reference%22%3A%5B%22headroom-anchor%22%5D%7D"),
                0);
        assert_int_equal(scene_count(sim, "/containers/json?filters=%7B%22name%22%3A%5B%22headroom%22%5D%7D"),
                         0);
        _cleanup_free_ char *debug =
                scene_text(sim, "/containers/debug/json", "NetworkSettings", "Networks", "proxy");
        assert_non_null(strstr(debug, "\"Aliases\":[\"dbg\",\"d2\"]"));
        assert_non_null(strstr(debug, ".13\""));
}

static void there_and_back(const struct sim_settings *settings)
{
        _cleanup_(scene_close) struct sim *before = scene_open(settings);
        _cleanup_(scene_close) struct sim *sim = scene_open(settings);
        _cleanup_plan_ struct plan plan = {0};

        assert_int_equal(sim_service_running(sim, "stuck_app"), 0);
        make_plan(sim, &plan);
        must_run(sim, &plan, GOAL_NEW);
        expect_end(sim, before, plan.new_subnet, true);
        must_run(sim, &plan, GOAL_OLD);
        expect_end(sim, before, NET_SUBNET, false);
}

static void a_move_ends_exactly_new_and_its_undo_exactly_old(void **state)
{
        (void)state;
        there_and_back(&(struct sim_settings){.seed = 1});
}

static void so_it_does_on_newer_engines_and_with_slow_ones(void **state)
{
        (void)state;
        there_and_back(&(struct sim_settings){.seed = 2, .api_version_minor = 45, .jitter_ms = 3000});
        there_and_back(&(struct sim_settings){.seed = 3, .api_version_minor = 51, .call_ms = 300});
}

static void add_container(struct sim *sim, const char *name, const char *address)
{
        _cleanup_free_ char *create = text_format("/containers/create?name=%s", name);
        _cleanup_free_ char *start = text_format("/containers/%s/start", name);
        _cleanup_free_ char *body = text_format(
                "{\"Image\":\"x\",\"HostConfig\":{\"NetworkMode\":\"proxy\"},\"NetworkingConfig\":{"
                "\"EndpointsConfig\":{\"proxy\":{\"IPAMConfig\":{\"IPv4Address\":\"%s\"}}}}}",
                address);

        sim_image_add(sim, "x");
        scene_done(sim, "POST", create, body);
        scene_done(sim, "POST", start, "");
}

static void expect_address(struct sim *sim, const char *container, const char *end, bool had)
{
        _cleanup_free_ char *path = text_format("/containers/%s/json", container);
        _cleanup_free_ char *networks = scene_text(sim, path, "NetworkSettings", "Networks", "proxy");
        _cleanup_free_ char *wanted = text_format("\"IPAddress\":\"10.10.0.%s\"", end);

        assert_non_null(networks);
        assert_int_equal(strstr(networks, wanted) != NULL, had);
}

static size_t count_notes(const struct plan *plan, const char *words)
{
        size_t count = 0;

        for (size_t i = 0; i < plan->notes.count; i++)
                count += strstr(plan->notes.items[i], words) != NULL;
        return count;
}

/* An edge, for which there is an anchor, and two containers, of which the first one has the second address.
 */
static void move_containers(const char *high)
{
        _cleanup_(scene_close) struct sim *sim = sim_open(NULL);
        _cleanup_free_ char *address = text_format("10.0.1.%s", high);
        _cleanup_plan_ struct plan plan = {0};

        clock_use(sim_clock(sim));
        scene_done(sim, "POST", "/networks/create", NETWORK("proxy", NET_SUBNET));
        scene_wait(sim, SETTLE_MS);
        add_container(sim, "gone", "10.0.1.2"); /* so that the balancer gets neither's */
        scene_done(sim, "DELETE", "/containers/gone?force=true", NULL);
        add_container(sim, "high", address);
        add_container(sim, "low", "10.0.1.2");
        scene_service(sim, "edge", "proxy", 1, INGRESS_80);
        scene_wait(sim, 60000);
        make_plan(sim, &plan);
        must_run(sim, &plan, GOAL_NEW);
        expect_address(sim, "low", "2", true);
        expect_address(sim, "high", high, true);
}

static void containers_have_their_addresses_before_anybody_comes_to_the_network(void **state)
{
        (void)state;
        move_containers("4");
        move_containers("5");
}

/* The balancer that comes with the first would have the second's. */
static void two_containers_with_the_first_addresses_keep_them(void **state)
{
        (void)state;
        move_containers("3");
}

/* Who reaches whom when the second service has moved. */
struct late_task {
        struct sim *sim;
        struct sim_reach reach;
};

static void beta_settled(void *userdata, size_t number, size_t total, const char *title, bool acted)
{
        struct late_task *late = userdata;

        (void)number;
        (void)total;
        if (acted && strstr(title, "service beta to the hop"))
                late->reach = sim_reach(late->sim, "edge", "alpha");
}

/* Thirteen addresses: the node's, two services with a task each, and the edge's with seven of its eight
 * tasks. */
static void a_task_of_the_edge_that_comes_late_reaches_what_has_moved(void **state)
{
        _cleanup_(scene_close) struct sim *sim = sim_open(NULL);
        _cleanup_engine_ struct engine *engine = sim_engine_open(sim, 0);
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_error_ struct error error = {0};
        struct late_task late = {.sim = sim};
        const struct run_observer observer = {
                .userdata = &late, .waiting = quiet_waiting, .settled = beta_settled, .note = quiet_note};
        struct run_options options = {.goal = GOAL_NEW, .state = state_folder};
        bool changed;

        (void)state;
        clock_use(sim_clock(sim));
        scene_done(sim, "POST", "/networks/create", NETWORK("proxy", NET_SUBNET));
        scene_service(sim, "alpha", "proxy", 1, "");
        scene_service(sim, "beta", "proxy", 1, "");
        scene_wait(sim, SETTLE_MS);
        scene_service(sim, "edge", "proxy", 8, INGRESS_80);
        scene_wait(sim, 60000);
        assert_int_equal(sim_service_running(sim, "edge"), 7);
        make_plan(sim, &plan);
        assert_int_equal(count_notes(&plan, "a task of edge that starts while the move goes on"), 1);
        if (plan_run(engine, &plan, &options, &observer, &changed, &error) < 0)
                fail_msg("%s (%s)", error.sentence, error.trail ? error.trail : "");
        assert_int_equal(late.reach.serving, 8);
        assert_int_equal(late.reach.reaching, 8);
}

/* What the engine still does for a run that was killed: the anchor is there after the hop has been cleared.
 */
struct late {
        struct sim *sim;
        const struct plan *plan;
        bool came;
};

static void late_settled(void *userdata, size_t number, size_t total, const char *title, bool acted)
{
        struct late *late = userdata;
        _cleanup_free_ char *path =
                text_format("/containers/create?name=headroom-anchor-%s-hop", late->plan->id);
        _cleanup_free_ char *start = text_format("/containers/headroom-anchor-%s-hop/start", late->plan->id);

        (void)number;
        (void)total;
        (void)acted;
        if (!strstr(title, "take live connections off headroom-hop-proxy"))
                return;
        scene_done(late->sim, "POST", path,
                   "{\"Image\":\"x\",\"HostConfig\":{\"NetworkMode\":\"headroom-hop-proxy\"}}");
        scene_done(late->sim, "POST", start, "");
        late->came = true;
}

static void an_anchor_that_comes_after_the_hop_was_cleared_is_removed(void **state)
{
        _cleanup_(scene_close) struct sim *sim = scene_open(NULL);
        _cleanup_engine_ struct engine *engine = sim_engine_open(sim, 0);
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_error_ struct error error = {0};
        struct late late = {.sim = sim, .plan = &plan};
        const struct run_observer observer = {
                .userdata = &late, .waiting = quiet_waiting, .settled = late_settled, .note = quiet_note};
        struct run_options options = {.goal = GOAL_NEW, .state = state_folder};
        bool changed;

        (void)state;
        make_plan(sim, &plan);
        if (plan_run(engine, &plan, &options, &observer, &changed, &error) < 0)
                fail_msg("%s (%s)", error.sentence, error.trail ? error.trail : "");
        assert_true(late.came);
        scene_wait(sim, SETTLE_MS);
        assert_int_equal(scene_count(sim, "/containers/json?filters=%7B%22name%22%3A%5B%22headroom%22%5D%7D"),
                         0);
        assert_int_equal(scene_count(sim, "/networks"), 4 + 3);
}

static void expect_no_plan_of(struct sim *sim, uint8_t length_bits, const char *words)
{
        _cleanup_engine_ struct engine *engine = sim_engine_open(sim, 0);
        const struct plan_wish wish = {.network = "proxy", .length_bits = length_bits};
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_error_ struct error error = {0};

        scene_wait(sim, 60000);
        assert_int_equal(plan_make(engine, &wish, &plan, &error), -1);
        assert_int_equal(error.kind, ERROR_REFUSED);
        assert_non_null(strstr(error.sentence, words));
}

static void expect_no_plan(struct sim *sim, const char *words)
{
        expect_no_plan_of(sim, 16, words);
}

/* The hop's label could not be stored: 1.4 MB, at half a kB for the smallest of services. */
static void a_plan_that_the_engine_could_not_store_is_refused(void **state)
{
        _cleanup_(scene_close) struct sim *sim = sim_open(NULL);

        (void)state;
        clock_use(sim_clock(sim));
        scene_network(sim, "proxy", "10.64.0.0/18");
        for (size_t i = 0; i < 4000; i++) {
                _cleanup_free_ char *name = text_format("service-%zu", i);
                scene_service(sim, name, "proxy", 1, "");
        }
        expect_no_plan(sim, "the hop network has to keep it");
}

static void a_hop_whose_name_is_taken_is_refused(void **state)
{
        _cleanup_(scene_close) struct sim *sim = sim_open(NULL);

        (void)state;
        clock_use(sim_clock(sim));
        scene_network(sim, "proxy", "10.64.0.0/24");
        scene_network(sim, "Headroom-Hop-proxy", "10.65.0.0/24");
        expect_no_plan(sim, "`docker network rm Headroom-Hop-proxy`");
}

static void a_subnet_without_a_place_for_an_own_address_is_refused(void **state)
{
        _cleanup_(scene_close) struct sim *sim = sim_open(NULL);

        (void)state;
        clock_use(sim_clock(sim));
        scene_network(sim, "proxy", "10.64.0.0/24");
        add_container(sim, "box", "10.64.0.254");
        expect_no_plan_of(sim, 25, "container box was given the address 10.64.0.254");
}

static void networks_beside_the_template_are_refused(void **state)
{
        _cleanup_(scene_close) struct sim *sim = sim_open(NULL);

        (void)state;
        clock_use(sim_clock(sim));
        scene_network(sim, "proxy", "10.64.0.0/24");
        scene_done(sim, "POST", "/services/create",
                   "{\"Name\":\"legacy\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"},"
                   "\"Placement\":{}},\"Networks\":[{\"Target\":\"proxy\"}]}");
        expect_no_plan(sim, "the spec of legacy names its networks beside TaskTemplate");
}

static void the_same_seed_gives_the_same_answers(void **state)
{
        _cleanup_(scene_close) struct sim *a = scene_open(&(struct sim_settings){.seed = 7});
        _cleanup_(scene_close) struct sim *b = scene_open(&(struct sim_settings){.seed = 7});
        _cleanup_buffer_ struct buffer left = {0};
        _cleanup_buffer_ struct buffer right = {0};
        static const char *const paths[] = {"/tasks", "/services",       "/networks",       "/nodes",
                                            "/info",  "/networks/proxy", "/containers/json"};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(paths); i++) {
                scene_ask(a, "GET", paths[i], NULL, &left);
                scene_ask(b, "GET", paths[i], NULL, &right);
                assert_string_equal(left.bytes, right.bytes);
        }
}

static int make_state_folder(void **state)
{
        (void)state;
        snprintf(state_folder, sizeof(state_folder), "/tmp/headroom-sim-XXXXXX");
        return mkdtemp(state_folder) ? 0 : -1;
}

static int remove_state_folder(void **state)
{
        _cleanup_free_ char *command = text_format("rm -r %s", state_folder);

        (void)state;
        return system(command);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_move_ends_exactly_new_and_its_undo_exactly_old),
                cmocka_unit_test(so_it_does_on_newer_engines_and_with_slow_ones),
                cmocka_unit_test(containers_have_their_addresses_before_anybody_comes_to_the_network),
                cmocka_unit_test(two_containers_with_the_first_addresses_keep_them),
                cmocka_unit_test(a_task_of_the_edge_that_comes_late_reaches_what_has_moved),
                cmocka_unit_test(an_anchor_that_comes_after_the_hop_was_cleared_is_removed),
                cmocka_unit_test(a_plan_that_the_engine_could_not_store_is_refused),
                cmocka_unit_test(a_hop_whose_name_is_taken_is_refused),
                cmocka_unit_test(a_subnet_without_a_place_for_an_own_address_is_refused),
                cmocka_unit_test(networks_beside_the_template_are_refused),
                cmocka_unit_test(the_same_seed_gives_the_same_answers),
        };

        return cmocka_run_group_tests(tests, make_state_folder, remove_state_folder);
}
