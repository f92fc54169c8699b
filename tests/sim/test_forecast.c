/* What-if: when pools run full, by a workload that runs on a copy of a swarm. */

#include "base/file.h"
#include "base/random.h"
#include "scene.h"
#include "sim/forecast/forecast.h"
#include "sim/forecast/jobs.h"
#include "sim/forecast/quantity.h"
#include "sim/forecast/report.h"
#include "sim/scenario/scenario.h"
#include "swarm/swarm.h"

#include <math.h>
#include <signal.h>

#define HOUR_MS (3600LL * 1000)

/* A workload of one stack, with more members for the stack and for its service. */
#define WORKLOAD(deploys, stack, service)                                                                    \
        "stacks:\n"                                                                                          \
        "  r:\n"                                                                                             \
        "    deploys: " deploys "\n"                                                                         \
        "    networks: [own]\n" stack "    services:\n"                                                      \
        "      app: {networks: [proxy, own]" service "}\n"

struct scene {
        struct swarm swarm;
        struct workload workload;
        struct forecast forecast;
};

static void scene_done_all(struct scene *scene)
{
        forecast_done(&scene->forecast);
        workload_done(&scene->workload);
        swarm_done(&scene->swarm);
}
#define _cleanup_scene_ _cleanup_(scene_done_all)

/* What a survey sees of a simulated swarm, as a snapshot keeps it. */
static void take(struct sim *sim, struct swarm *ret_swarm)
{
        _cleanup_engine_ struct engine *engine = sim_engine_open(sim, 0);
        _cleanup_error_ struct error error = {0};
        _cleanup_swarm_ struct swarm seen = {0};
        char path[] = "/tmp/headroom-forecast-XXXXXX";
        int fd = mkstemp(path);

        assert_true(fd >= 0);
        close(fd);
        if (survey(engine, "*", &seen, &error) < 0 || snapshot_write(&seen, path, &error) < 0 ||
            snapshot_read(path, ret_swarm, &error) < 0)
                fail_msg("%s", error.sentence);
        unlink(path);
}

static void read_workload(const char *text, struct workload *ret_workload)
{
        _cleanup_error_ struct error error = {0};

        if (workload_parse(text, strlen(text), "w.yaml", ret_workload, &error) < 0)
                fail_msg("%s", error.sentence);
}

/* A swarm that has nothing but proxy. */
static void set_scene(struct scene *scene, size_t nodes, const char *subnet, const char *workload)
{
        _cleanup_sim_ struct sim *sim = sim_open(&(struct sim_settings){.nodes = nodes});

        scene_network(sim, "proxy", subnet);
        take(sim, &scene->swarm);
        read_workload(workload, &scene->workload);
}

static struct forecast_settings settings_of(uint64_t days, uint64_t runs)
{
        return (struct forecast_settings){.days = days, .runs = runs, .seed = 1, .larger_bits = 16};
}

static void make(struct scene *scene, const struct forecast_settings *settings)
{
        _cleanup_error_ struct error error = {0};

        if (forecast_make(&scene->swarm, &scene->workload, settings, &scene->forecast, &error) < 0)
                fail_msg("%s", error.sentence);
}

static void expect_refusal(struct scene *scene, const struct forecast_settings *settings,
                           enum error_kind kind, const char *words)
{
        _cleanup_error_ struct error error = {0};

        if (forecast_make(&scene->swarm, &scene->workload, settings, &scene->forecast, &error) == 0)
                fail_msg("this was to be refused: %s", words);
        assert_int_equal(error.kind, kind);
        if (!strstr(error.sentence, words))
                fail_msg("'%s' is refused with: %s", words, error.sentence);
}

static const struct forecast_row *row_of(const struct scene *scene, enum forecast_variant variant,
                                         const char *network)
{
        for (size_t i = 0; i < scene->forecast.rows.count; i++)
                if (scene->forecast.rows.items[i].variant == variant &&
                    text_equal(scene->forecast.rows.items[i].pool->account->network->name, network))
                        return &scene->forecast.rows.items[i];
        fail_msg("there is no row of variant %d for %s", (int)variant, network);
        return NULL;
}

static void expect_full(const struct scene *scene, enum forecast_variant variant, const char *network,
                        const char *words)
{
        _cleanup_free_ char *full = report_full(&scene->forecast, row_of(scene, variant, network));

        if (!strstr(full, words))
                fail_msg("%s in variant %d is full %s", network, (int)variant, full);
}

/* The reference host, as it is after a restart of its engine. */
static void set_reference_host(struct scene *scene)
{
        static const char *const on_proxy[] = {"traefik_app",        "drone_app",        "ccci-bridge_app",
                                               "ccci-dashboard_app", "ccci-reports_app", "warm-keycloak_app"};
        _cleanup_sim_ struct sim *sim = sim_open(NULL);
        _cleanup_error_ struct error error = {0};

        scene_network(sim, "proxy", NULL);
        scene_network(sim, "traefik_internal", NULL);
        for (size_t i = 0; i < ELEMENTS(on_proxy); i++)
                scene_service(sim, on_proxy[i], i ? "proxy" : "proxy,traefik_internal", 1, "");
        scene_service(sim, "traefik_socket-proxy", "traefik_internal", 1, "");
        scene_wait(sim, 60000);
        assert_int_equal(sim_pool_state(sim, "proxy").held, 13);
        take(sim, &scene->swarm);
        if (workload_read(SCENARIOS "/cc-ci-workload.yaml", &scene->workload, &error) < 0)
                fail_msg("%s", error.sentence);
}

static void the_reference_host_runs_full_after_eleven_days(void **state)
{
        _cleanup_scene_ struct scene scene = {0};
        struct forecast_settings settings = settings_of(40, 20);

        (void)state;
        set_reference_host(&scene);
        settings.leaked.items = &(struct forecast_leaked){"proxy", 0};
        settings.leaked.count = 1;
        make(&scene, &settings);
        const struct forecast_row *row = row_of(&scene, VARIANT_AS_IT_IS, "proxy");
        assert_int_equal(row->full_runs, 20);
        assert_int_equal(row->capacity, 253);
        assert_true(row->early_ms < 11 * QUANTITY_DAY_MS && row->late_ms > 11 * QUANTITY_DAY_MS);
        assert_true(fabs(row->leaks_a_day - row->leaks_a_day_reckoned) < 0.05 * row->leaks_a_day_reckoned);
        const struct forecast_row *held = row_of(&scene, VARIANT_HELD, "proxy");
        assert_int_equal(held->full_runs, 0);
        assert_true(held->leaks_a_day == 0 && held->held_most < 40);
        const struct forecast_row *larger = row_of(&scene, VARIANT_LARGER, "proxy");
        assert_int_equal(larger->subnet.length_bits, 16);
        assert_int_equal(larger->full_runs, 0);
}

/*
 * On real engines of three versions a /28 was dead after twelve cycles, one leak each. In the twelfth 2 of 13
 * addresses are left: for the VIP and the task, and none for the node.
 */
static void a_small_network_refuses_in_the_twelfth_cycle(void **state)
{
        _cleanup_scene_ struct scene scene = {0};
        struct forecast_settings settings = settings_of(5, 3);

        (void)state;
        set_scene(&scene, 1, "10.9.0.0/28",
                  WORKLOAD("1 an hour", "    arrivals: even\n    lives: 10 min\n", ""));
        make(&scene, &settings);
        const struct forecast_row *row = row_of(&scene, VARIANT_AS_IT_IS, "proxy");
        assert_int_equal(row->full_runs, 3);
        assert_true(row->early_ms >= 12 * HOUR_MS && row->late_ms < 12 * HOUR_MS + 60000);
        assert_int_equal(row->held_most, 13);
}

static void a_replica_more_is_an_address_more_a_removal(void **state)
{
        _cleanup_scene_ struct scene scene = {0};
        struct forecast_settings settings = settings_of(3, 4);

        (void)state;
        set_scene(&scene, 3, "10.9.0.0/24",
                  WORKLOAD("12 a day", "    arrivals: even\n    lives: 10 min\n",
                           ", replicas: 4, endpoint: dnsrr"));
        make(&scene, &settings);
        const struct forecast_row *row = row_of(&scene, VARIANT_AS_IT_IS, "proxy");
        assert_true(fabs(row->leaks_a_day_reckoned - 48) < 1);
        assert_true(fabs(row->leaks_a_day - row->leaks_a_day_reckoned) < 0.05 * 48);
}

static void global_services_leak_an_address_a_node(void **state)
{
        _cleanup_scene_ struct scene scene = {0};
        struct forecast_settings settings = settings_of(4, 4);

        (void)state;
        set_scene(&scene, 3, "10.9.0.0/24",
                  WORKLOAD("12 a day", "    arrivals: even\n    lives: 10 min\n", ", replicas: global"));
        make(&scene, &settings);
        const struct forecast_row *row = row_of(&scene, VARIANT_AS_IT_IS, "proxy");
        assert_true(fabs(row->leaks_a_day_reckoned - 36) < 1);
        assert_true(fabs(row->leaks_a_day - row->leaks_a_day_reckoned) < 0.05 * 36);
}

static void published_ports_leak_on_ingress_too(void **state)
{
        _cleanup_scene_ struct scene scene = {0};
        struct forecast_settings settings = settings_of(60, 8);

        (void)state;
        set_scene(&scene, 1, "10.9.0.0/16", WORKLOAD("20 a day", "    lives: 10 min\n", ", ports: ingress"));
        make(&scene, &settings);
        assert_int_equal(row_of(&scene, VARIANT_AS_IT_IS, "ingress")->full_runs, 8);
        assert_int_equal(row_of(&scene, VARIANT_AS_IT_IS, "proxy")->full_runs, 0);
        assert_non_null(strstr(scene.forecast.no_larger, "ingress keeps its subnet"));
}

/* proxy is full after a day, other after three: the first must not keep the second from being used. */
static void each_network_has_its_own_time(void **state)
{
        static const char text[] = "stacks:\n"
                                   "  a:\n"
                                   "    {deploys: 10 a day, arrivals: even, lives: 5 min, networks: [own],\n"
                                   "     services: {app: {networks: [proxy, own]}}}\n"
                                   "  b:\n"
                                   "    {deploys: 4 a day, arrivals: even, lives: 5 min, networks: [own],\n"
                                   "     services: {app: {networks: [other, proxy, own]}}}\n";
        _cleanup_scene_ struct scene scene = {0};
        struct forecast_settings settings = settings_of(20, 4);
        _cleanup_sim_ struct sim *sim = sim_open(NULL);

        (void)state;
        scene_network(sim, "proxy", "10.9.0.0/28");
        scene_network(sim, "other", "10.9.1.0/28");
        take(sim, &scene.swarm);
        read_workload(text, &scene.workload);
        make(&scene, &settings);
        const struct forecast_row *proxy = row_of(&scene, VARIANT_AS_IT_IS, "proxy");
        const struct forecast_row *other = row_of(&scene, VARIANT_AS_IT_IS, "other");
        assert_int_equal(proxy->full_runs, 4);
        assert_int_equal(other->full_runs, 4);
        assert_true(proxy->median_ms < QUANTITY_DAY_MS);
        assert_true(other->median_ms > 3 * QUANTITY_DAY_MS && other->median_ms < 4 * QUANTITY_DAY_MS);
}

/* What a stack does decides, not what it is. */
static void only_networks_that_go_before_their_tasks_leak(void **state)
{
        static const struct {
                const char *stack, *service;
                bool leaks, leaks_held;
        } cases[] = {
                {"    lives: 5 min\n", "", true, false},
                {"    lives: 5 min\n    removed: gate\n", "", false, false},
                {"    lives: 5 min\n    removed: in order\n", "", false, false},
                /* It takes longer to stop than a gate may wait. */
                {"    lives: 5 min\n    removed: gate\n", ", stops_in: 3 min, stop_grace: 2 min", true, true},
                {"    lives: 5 min\n    removed: in order\n", ", stops_in: 3 min, stop_grace: 2 min", false,
                 false},
                /* The grace ends what does not stop. */
                {"    lives: 5 min\n    removed: gate\n", ", stops_in: 3 min, stop_grace: 20 s", false,
                 false},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_scene_ struct scene scene = {0};
                _cleanup_free_ char *text =
                        text_format("stacks: \n  r:\n    deploys: 12 a day\n    networks: [own]\n%s"
                                    "    services:\n      app: {networks: [proxy, own]%s}\n",
                                    cases[i].stack, cases[i].service);
                struct forecast_settings settings = settings_of(2, 2);
                set_scene(&scene, 1, "10.9.0.0/24", text);
                make(&scene, &settings);
                const struct forecast_row *row = row_of(&scene, VARIANT_AS_IT_IS, "proxy");
                const struct forecast_row *held = row_of(&scene, VARIANT_HELD, "proxy");
                assert_int_equal(row->leaks_a_day > 0, cases[i].leaks);
                assert_int_equal(row->leaks_a_day_reckoned > 0, cases[i].leaks);
                assert_int_equal(held->leaks_a_day > 0, cases[i].leaks_held);
                assert_int_equal(held->leaks_a_day_reckoned > 0, cases[i].leaks_held);
        }
}

static void a_stack_without_a_network_of_its_own_leaks_nothing(void **state)
{
        _cleanup_scene_ struct scene scene = {0};
        struct forecast_settings settings = settings_of(30, 2);

        (void)state;
        set_scene(&scene, 1, "10.9.0.0/28",
                  "stacks: {r: {deploys: 20 a day, lives: 5 min, redeploys: 1 an hour,\n"
                  "             services: {app: {networks: [proxy], update_order: start-first}}}}\n");
        make(&scene, &settings);
        assert_true(row_of(&scene, VARIANT_AS_IT_IS, "proxy")->leaks_a_day == 0);
        assert_int_equal(row_of(&scene, VARIANT_AS_IT_IS, "proxy")->full_runs, 0);
        expect_full(&scene, VARIANT_AS_IT_IS, "proxy", "not within 30 days");
}

static void stacks_that_stay_fill_a_network_without_a_leak(void **state)
{
        _cleanup_scene_ struct scene scene = {0};
        struct forecast_settings settings = settings_of(30, 2);

        (void)state;
        set_scene(&scene, 1, "10.9.0.0/28",
                  WORKLOAD("2 a day", "    arrivals: even\n    removed: never\n", ""));
        make(&scene, &settings);
        const struct forecast_row *row = row_of(&scene, VARIANT_AS_IT_IS, "proxy");
        assert_true(row->leaks_a_day == 0 && row->leaks_a_day_reckoned == 0);
        /* Two addresses a stack and one for the node: the seventh one does not fit. */
        assert_true(row->median_ms > 84 * HOUR_MS && row->median_ms < 84 * HOUR_MS + 60000);
}

static void a_leader_change_gives_back_what_has_leaked(void **state)
{
        _cleanup_scene_ struct scene scene = {0};
        struct forecast_settings settings = settings_of(40, 4);

        (void)state;
        set_scene(&scene, 3, "10.9.0.0/26", WORKLOAD("20 a day", "    lives: 5 min\n", ""));
        settings.rotate_days = 1;
        make(&scene, &settings);
        const struct forecast_row *rotated = row_of(&scene, VARIANT_ROTATED, "proxy");
        assert_int_equal(row_of(&scene, VARIANT_AS_IT_IS, "proxy")->full_runs, 4);
        assert_int_equal(rotated->full_runs, 0);
        assert_true(fabs(rotated->leaks_a_day - 20) < 2); /* they are made nevertheless */
}

static void interruptions_leave_the_books_in_order(void **state)
{
        _cleanup_scene_ struct scene scene = {0};
        struct forecast_settings settings = settings_of(20, 4);

        (void)state;
        set_scene(&scene, 3, "10.9.0.0/24",
                  WORKLOAD("20 a day", "    lives: 1 h to 6 h\n    redeploys: 4 a day\n",
                           ", replicas: 2") "leader_changes: 1 a day\nengine_restarts: 1 a "
                                            "day\nnode_restarts: 2 a day\n"
                                            "node_restart_takes: 1 h\n");
        make(&scene, &settings);
        const struct forecast_row *row = row_of(&scene, VARIANT_AS_IT_IS, "proxy");
        assert_int_equal(scene.forecast.refused, 0);
        assert_int_equal(row->full_runs, 0);
        assert_true(row->leaks_a_day > 30);
}

static void the_same_seed_gives_the_same_forecast_in_any_number_of_processes(void **state)
{
        _cleanup_scene_ struct scene one = {0};
        _cleanup_scene_ struct scene many = {0};
        _cleanup_scene_ struct scene other = {0};
        struct forecast_settings settings = settings_of(20, 7);
        const char *workload = WORKLOAD("20 a day", "    lives: 5 min to 2 h\n", "");

        (void)state;
        set_scene(&one, 1, "10.9.0.0/25", workload);
        set_scene(&many, 1, "10.9.0.0/25", workload);
        set_scene(&other, 1, "10.9.0.0/25", workload);
        settings.processes = 1;
        make(&one, &settings);
        settings.processes = 5;
        make(&many, &settings);
        settings.seed = 1000;
        make(&other, &settings);
        assert_int_equal(one.forecast.rows.count, many.forecast.rows.count);
        for (size_t i = 0; i < one.forecast.rows.count; i++) {
                const struct forecast_row *a = &one.forecast.rows.items[i];
                const struct forecast_row *b = &many.forecast.rows.items[i];
                assert_int_equal(a->median_ms, b->median_ms);
                assert_int_equal(a->held_most, b->held_most);
                assert_true(a->leaks_a_day == b->leaks_a_day);
        }
        assert_int_not_equal(row_of(&one, VARIANT_AS_IT_IS, "proxy")->median_ms,
                             row_of(&other, VARIANT_AS_IT_IS, "proxy")->median_ms);
}

/* Leaks of the past */

static void what_an_engine_does_not_tell_is_a_bound(void **state)
{
        _cleanup_scene_ struct scene scene = {0};
        struct forecast_settings settings = settings_of(60, 4);

        (void)state;
        set_reference_host(&scene);
        make(&scene, &settings);
        assert_int_equal(row_of(&scene, VARIANT_AS_IT_IS, "proxy")->leaked.max, 240);
        expect_full(&scene, VARIANT_AS_IT_IS, "proxy", "after at most 1");
        expect_full(&scene, VARIANT_RECLAIMED, "proxy", "after 1");
        expect_full(&scene, VARIANT_HELD, "proxy", "not within 60 days");
}

static void leaks_that_are_known_count_from_the_start(void **state)
{
        _cleanup_scene_ struct scene scene = {0};
        struct forecast_settings settings = settings_of(60, 4);
        struct forecast_leaked leaked = {"proxy", 120};

        (void)state;
        set_reference_host(&scene);
        settings.leaked.items = &leaked;
        settings.leaked.count = 1;
        make(&scene, &settings);
        int64_t half_ms = row_of(&scene, VARIANT_AS_IT_IS, "proxy")->median_ms;
        int64_t whole_ms = row_of(&scene, VARIANT_RECLAIMED, "proxy")->median_ms;
        assert_true(half_ms > 4 * QUANTITY_DAY_MS && half_ms < 6.5 * QUANTITY_DAY_MS);
        assert_true(whole_ms > 1.6 * half_ms && whole_ms < 2.6 * half_ms);
        leaked.count = 241;
        expect_refusal(&scene, &settings, ERROR_USAGE, "only 240 have no owner");
        leaked = (struct forecast_leaked){"nowhere", 1};
        expect_refusal(&scene, &settings, ERROR_USAGE, "join no network nowhere");
}

static void a_network_that_refuses_already_is_full_now(void **state)
{
        _cleanup_scene_ struct scene scene = {0};
        struct forecast_settings settings = settings_of(60, 4);
        _cleanup_sim_ struct sim *sim = sim_open(NULL);

        (void)state;
        scene_network(sim, "proxy", "10.9.0.0/24");
        scene_service(sim, "web", "proxy", 3, "");
        scene_wait(sim, 60000);
        while (sim_leak(sim, "proxy", 0))
                ;
        assert_int_equal(sim_pool_state(sim, "proxy").leaked, 248);
        scene_service(sim, "stuck", "proxy", 1, "");
        scene_wait(sim, 60000);
        take(sim, &scene.swarm);
        read_workload(WORKLOAD("20 a day", "    lives: 5 min\n", ""), &scene.workload);
        make(&scene, &settings);
        expect_full(&scene, VARIANT_AS_IT_IS, "proxy", "now");
        expect_full(&scene, VARIANT_RECLAIMED, "proxy", "after 1");
        expect_full(&scene, VARIANT_LARGER_AND_HELD, "proxy", "not within 60 days");
}

/* The scenario of it, and what headroom sees there: 240 leaked, services stuck in New. */
static void the_exhausted_reference_host_lasts_eleven_days_once_it_is_reclaimed(void **state)
{
        _cleanup_scene_ struct scene scene = {0};
        struct forecast_settings settings = settings_of(30, 10);
        _cleanup_scenario_ struct scenario *scenario = NULL;
        _cleanup_sim_ struct sim *sim = NULL;
        _cleanup_error_ struct error error = {0};

        (void)state;
        if (scenario_read(SCENARIOS "/cc-ci.yaml", &scenario, &error) < 0 ||
            scenario_open(scenario, 0, &sim, &error) < 0 ||
            workload_read(SCENARIOS "/cc-ci-workload.yaml", &scene.workload, &error) < 0)
                fail_msg("%s", error.sentence);
        take(sim, &scene.swarm);
        make(&scene, &settings);
        const struct forecast_row *now = row_of(&scene, VARIANT_AS_IT_IS, "proxy");
        const struct forecast_row *reclaimed = row_of(&scene, VARIANT_RECLAIMED, "proxy");
        assert_int_equal(now->leaked.min, 240);
        assert_true(report_full_now(now));
        assert_int_equal(reclaimed->full_runs, 10);
        assert_true(reclaimed->median_ms > 10 * QUANTITY_DAY_MS &&
                    reclaimed->median_ms < 12 * QUANTITY_DAY_MS);
}

/* The copy of a swarm */

static void a_copy_holds_as_many_addresses_as_the_original(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed <= 40; seed++) {
                struct random_stream random = {seed * 2 + 1};
                _cleanup_sim_ struct sim *sim = sim_open(&(struct sim_settings){
                        .nodes = 1 + random_below(&random, 4), .api_version_minor = seed % 2 ? 41 : 51});
                scene_network(sim, "proxy", NULL);
                scene_network(sim, "side", NULL);
                for (size_t i = 0; i < 6; i++) {
                        _cleanup_free_ char *name = text_format("s%zu", i);
                        scene_service(
                                sim, name, i % 3 ? "proxy" : "proxy,side", (unsigned)random_below(&random, 5),
                                random_below(&random, 2) ? ",\"EndpointSpec\":{\"Mode\":\"dnsrr\"}" : "");
                }
                sim_image_add(sim, "c");
                scene_done(sim, "POST", "/containers/create?name=c",
                           "{\"Image\":\"c\",\"HostConfig\":{\"NetworkMode\":\"proxy\"}}");
                scene_wait(sim, 60000);
                scene_done(sim, "POST", "/containers/c/start", NULL);
                _cleanup_swarm_ struct swarm swarm = {0};
                take(sim, &swarm);
                _cleanup_accounts_ struct accounts accounts = {0};
                accounts_of(&swarm, NULL, &accounts);
                _cleanup_ground_ struct ground ground = {.swarm = &swarm};
                for_each_account (account, &accounts)
                        if (!account->network->ingress)
                                *list_add(&ground.pools) = (struct ground_pool){
                                        account, account->network->subnets.items[0].prefix, 5};
                _cleanup_error_ struct error error = {0};
                _cleanup_sim_ struct sim *copy = NULL;
                if (ground_open(&ground, seed, &copy, &error) < 0)
                        fail_msg("seed %llu: %s", (unsigned long long)seed, error.sentence);
                scene_consistent(copy);
                static const char *const names[] = {"proxy", "side"};
                for (size_t i = 0; i < ELEMENTS(names); i++)
                        if (sim_pool_state(copy, names[i]).held != sim_pool_state(sim, names[i]).held + 5)
                                fail_msg("seed %llu: %s holds %llu, the original %llu",
                                         (unsigned long long)seed, names[i],
                                         (unsigned long long)sim_pool_state(copy, names[i]).held,
                                         (unsigned long long)sim_pool_state(sim, names[i]).held);
        }
}

/* What is refused */

static void a_network_that_the_snapshot_lacks_is_refused_with_its_line(void **state)
{
        _cleanup_scene_ struct scene scene = {0};
        struct forecast_settings settings = settings_of(10, 1);

        (void)state;
        set_scene(&scene, 1, "10.9.0.0/24",
                  "stacks: {r: {deploys: 1 a day, lives: 1 h,\n services: {app: {networks: [Proxy]}}}}\n");
        expect_refusal(&scene, &settings, ERROR_USAGE, "w.yaml:2: Proxy joins neither");
        workload_done(&scene.workload);
        read_workload("stacks: {r: {deploys: 1 a day, lives: 1 h, services: {app: {networks: [bridge]}}}}\n",
                      &scene.workload);
        expect_refusal(&scene, &settings, ERROR_USAGE, "bridge is no overlay");
        workload_done(&scene.workload);
        read_workload("stacks: {r: {deploys: 1 a day, lives: 1 h, services: {app: {networks: [ingress]}}}}\n",
                      &scene.workload);
        expect_refusal(&scene, &settings, ERROR_USAGE, "ingress is no overlay that services can join");
        workload_done(&scene.workload);
        read_workload("stacks: {r: {deploys: 1 a day, lives: 1 h, networks: [own],\n"
                      "  services: {app: {networks: [own]}}}}\n",
                      &scene.workload);
        expect_refusal(&scene, &settings, ERROR_REFUSED, "joins no network that the swarm has");
}

static void more_than_can_be_reckoned_is_refused(void **state)
{
        _cleanup_scene_ struct scene scene = {0};
        struct forecast_settings settings = settings_of(365, 1);

        (void)state;
        set_scene(&scene, 1, "10.9.0.0/24", WORKLOAD("90000 a day", "    lives: 1 min\n", ""));
        expect_refusal(&scene, &settings, ERROR_REFUSED, "32850000 deploys in 365 days");
}

/* Deploys alone were counted, and the run never ended. */
static void more_redeploys_than_can_be_reckoned_are_refused(void **state)
{
        _cleanup_scene_ struct scene scene = {0};
        struct forecast_settings settings = settings_of(100, 1);

        (void)state;
        set_scene(&scene, 1, "10.9.0.0/24",
                  WORKLOAD("20 a day", "    lives: 10 days\n    redeploys: 100000 a day\n", ""));
        expect_refusal(
                &scene, &settings, ERROR_REFUSED,
                "2000 deploys and 1900000000 redeploys in 100 days are more than one run reckons with");
        scene.workload.stacks.items[0].removal = REMOVED_NEVER;
        expect_refusal(&scene, &settings, ERROR_REFUSED,
                       "2000 deploys and 10000000000 redeploys in 100 days");
}

static void a_snapshot_that_says_nonsense_is_refused(void **state)
{
        _cleanup_scene_ struct scene scene = {0};
        struct forecast_settings settings = settings_of(10, 1);

        (void)state;
        set_reference_host(&scene);
        scene.swarm.services.items[0].replicas = UINT64_MAX;
        expect_refusal(&scene, &settings, ERROR_REFUSED, "250000 are the most");
        scene.swarm.services.items[0].replicas = 1;
        scene.swarm.pool_subnet_bits = 4;
        expect_refusal(&scene, &settings, ERROR_USAGE, "can't be cut into subnets of /4");
        scene.swarm.pool_subnet_bits = 24;
        scene.swarm.services.items[0].name = NULL;
        expect_refusal(&scene, &settings, ERROR_USAGE, "without a name");
}

/* A snapshot is a file like any other. What its words can't be taken for is refused, and nothing breaks. */
static void a_mutilated_snapshot_is_reckoned_with_or_refused(void **state)
{
        _cleanup_scene_ struct scene scene = {0};
        char path[] = "/tmp/headroom-mutilated-XXXXXX";
        int fd = mkstemp(path);
        _cleanup_buffer_ struct buffer whole = {0};
        struct random_stream random = {20262};
        struct forecast_settings settings = settings_of(1, 1);

        (void)state;
        assert_true(fd >= 0);
        close(fd);
        set_reference_host(&scene);
        assert_int_equal(snapshot_write(&scene.swarm, path, NULL), 0);
        assert_int_equal(file_read(path, 1 << 20, &whole, NULL), 0);
        settings.processes = 1;
        for (size_t i = 0; i < 150; i++) {
                _cleanup_swarm_ struct swarm swarm = {0};
                _cleanup_forecast_ struct forecast forecast = {0};
                _cleanup_error_ struct error error = {0};
                _cleanup_free_ char *text = text_copy(whole.bytes);
                for (uint64_t j = 1 + random_below(&random, 6); j--;) {
                        char *c = &text[random_below(&random, whole.length)];
                        /* Words and numbers change, the document stays one. */
                        if (*c >= '0' && *c <= '9')
                                *c = (char)('0' + random_below(&random, 10));
                        else if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z'))
                                *c = 'x';
                }
                assert_int_equal(file_write(path, text, whole.length, 0600, NULL), 0);
                if (snapshot_read(path, &swarm, &error) == 0)
                        forecast_make(&swarm, &scene.workload, &settings, &forecast, &error);
                if (error.kind != ERROR_NONE && error.kind != ERROR_USAGE && error.kind != ERROR_REFUSED &&
                    !strstr(error.sentence, "as the snapshot has it"))
                        fail_msg("mutilation %zu: %s", i, error.sentence);
        }
        unlink(path);
}

/* Jobs */

static int work(void *userdata, size_t index, void *ret_record, struct error *error)
{
        const size_t *bad = userdata;

        if (index == *bad)
                return error_set(error, ERROR_FAILED, "piece %zu is bad", index);
        if (index == *bad + 1)
                raise(SIGKILL);
        *(size_t *)ret_record = index * index;
        return 0;
}

static void a_job_that_fails_or_dies_is_told_of(void **state)
{
        size_t records[20];
        size_t bad = 100;
        struct jobs jobs = {
                .count = 20, .processes = 3, .record_bytes = sizeof(size_t), .work = work, .userdata = &bad};
        _cleanup_error_ struct error error = {0};

        (void)state;
        assert_int_equal(forecast_jobs_run(&jobs, records, &error), 0);
        for (size_t i = 0; i < 20; i++)
                assert_int_equal(records[i], i * i);
        bad = 7;
        assert_int_equal(forecast_jobs_run(&jobs, records, &error), -1);
        assert_string_equal(error.sentence, "piece 7 is bad");
        bad = SIZE_MAX; /* and the first piece dies */
        assert_int_equal(forecast_jobs_run(&jobs, records, &error), -1);
        assert_non_null(strstr(error.sentence, "runs came to an end"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_reference_host_runs_full_after_eleven_days),
                cmocka_unit_test(a_small_network_refuses_in_the_twelfth_cycle),
                cmocka_unit_test(a_replica_more_is_an_address_more_a_removal),
                cmocka_unit_test(global_services_leak_an_address_a_node),
                cmocka_unit_test(published_ports_leak_on_ingress_too),
                cmocka_unit_test(each_network_has_its_own_time),
                cmocka_unit_test(only_networks_that_go_before_their_tasks_leak),
                cmocka_unit_test(a_stack_without_a_network_of_its_own_leaks_nothing),
                cmocka_unit_test(stacks_that_stay_fill_a_network_without_a_leak),
                cmocka_unit_test(a_leader_change_gives_back_what_has_leaked),
                cmocka_unit_test(interruptions_leave_the_books_in_order),
                cmocka_unit_test(the_same_seed_gives_the_same_forecast_in_any_number_of_processes),
                cmocka_unit_test(what_an_engine_does_not_tell_is_a_bound),
                cmocka_unit_test(leaks_that_are_known_count_from_the_start),
                cmocka_unit_test(a_network_that_refuses_already_is_full_now),
                cmocka_unit_test(the_exhausted_reference_host_lasts_eleven_days_once_it_is_reclaimed),
                cmocka_unit_test(a_copy_holds_as_many_addresses_as_the_original),
                cmocka_unit_test(a_network_that_the_snapshot_lacks_is_refused_with_its_line),
                cmocka_unit_test(more_than_can_be_reckoned_is_refused),
                cmocka_unit_test(more_redeploys_than_can_be_reckoned_are_refused),
                cmocka_unit_test(a_snapshot_that_says_nonsense_is_refused),
                cmocka_unit_test(a_mutilated_snapshot_is_reckoned_with_or_refused),
                cmocka_unit_test(a_job_that_fails_or_dies_is_told_of),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
