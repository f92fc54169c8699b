/* Services: how their tasks come and go, and how updates end. */

#include "scene.h"

#include "base/random.h"

static struct sim *swarm_of(size_t nodes)
{
        return sim_open(&(struct sim_settings){.nodes = nodes, .seed = 5});
}

static uint64_t number_at(struct sim *sim, const char *path, const char *a, const char *b)
{
        _cleanup_free_ char *text = scene_text(sim, path, a, b, NULL);
        uint64_t value = 0;

        assert_true(text && text_to_u64(text, &value));
        return value;
}

static char *update_path(struct sim *sim, const char *service)
{
        _cleanup_free_ char *path = text_format("/services/%s", service);

        return text_format("/services/%s/update?version=%llu", service,
                           (unsigned long long)number_at(sim, path, "Version", "Index"));
}

static void update(struct sim *sim, const char *service, const char *spec)
{
        _cleanup_free_ char *path = update_path(sim, service);

        scene_done(sim, "POST", path, spec);
}

static void expect_update(struct sim *sim, const char *service, const char *expected)
{
        _cleanup_free_ char *path = text_format("/services/%s", service);
        _cleanup_free_ char *state = scene_text(sim, path, "UpdateStatus", "State", NULL);

        if (!text_equal(state, expected))
                fail_msg("%s: the update is %s, not %s", service, state ? state : "absent",
                         expected ? expected : "absent");
}

/* The spec with another image, and update settings. */
static char *changed(const char *name, unsigned replicas, const char *image, const char *more)
{
        return text_format(
                "{\"Name\":\"%s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"%s\"},\"Placement\":{},"
                "\"Networks\":[{\"Target\":\"n\"}]},\"Mode\":{\"Replicated\":{\"Replicas\":%u}}%s}",
                name, image, replicas, more);
}

#define UPDATE(order, action)                                                                                \
        ",\"UpdateConfig\":{\"Parallelism\":1,\"FailureAction\":\"" action                                   \
        "\",\"Monitor\":5000000000,\"MaxFailureRatio\":0,\"Order\":\"" order "\"}"

/* The fewest that ran at any time until the update was over. */
static size_t fewest_running(struct sim *sim, const char *service, int64_t ms)
{
        int64_t until_ms = sim_now_ms(sim) + ms;
        size_t fewest = SIZE_MAX;

        while (sim_next_ms(sim) < until_ms) {
                sim_run_until(sim, sim_next_ms(sim));
                fewest = MIN(fewest, sim_service_running(sim, service));
        }
        sim_run_until(sim, until_ms);
        scene_consistent(sim);
        return fewest;
}

static void start_first_never_has_fewer_tasks_and_stop_first_one_less(void **state)
{
        static const struct {
                const char *update;
                size_t fewest;
        } cases[] = {{UPDATE("start-first", "pause"), 3}, {UPDATE("stop-first", "pause"), 2}, {"", 2}};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_sim_ struct sim *sim = swarm_of(1);
                _cleanup_free_ char *spec = changed("s", 3, "y", cases[i].update);
                scene_network(sim, "n", "10.9.0.0/24");
                scene_service(sim, "s", "n", 3, "");
                scene_wait(sim, 5000);
                update(sim, "s", spec);
                expect_update(sim, "s", "updating");
                assert_int_equal(fewest_running(sim, "s", 60000), cases[i].fewest);
                expect_update(sim, "s", "completed");
                assert_int_equal(sim_service_running(sim, "s"), 3);
        }
}

static void an_update_is_complete_only_after_its_monitor_time(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);
        _cleanup_free_ char *spec = changed("s", 1, "y", "");

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        scene_service(sim, "s", "n", 1, "");
        scene_wait(sim, 5000);
        update(sim, "s", spec);
        scene_wait(sim, 4500);
        assert_int_equal(sim_service_running(sim, "s"), 1);
        expect_update(sim, "s", "updating");
        scene_wait(sim, 5000);
        expect_update(sim, "s", "completed");
}

static void an_update_of_labels_only_recreates_nothing(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);
        _cleanup_free_ char *spec = scene_spec("s", "n", 1, "");
        _cleanup_free_ char *labelled = text_format("{\"Name\":\"s\",\"Labels\":{\"a\":\"b\"}%s", spec + 11);

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        scene_service(sim, "s", "n", 1, "");
        scene_wait(sim, 5000);
        update(sim, "s", labelled);
        scene_wait(sim, 5000);
        expect_update(sim, "s", NULL);
        assert_int_equal(scene_count(sim, "/tasks"), 1);
        assert_int_equal(scene_count(sim, "/services?filters=%7B%22label%22%3A%5B%22a%3Db%22%5D%7D"), 1);
        assert_int_equal(scene_count(sim, "/services?filters=%7B%22label%22%3A%7B%22a%3Dc%22%3Atrue%7D%7D"),
                         0);
}

static void a_failed_update_pauses_goes_on_or_rolls_back(void **state)
{
        static const struct {
                const char *update;
                const char *end;
                bool old_spec;
        } cases[] = {{UPDATE("start-first", "pause"), "paused", false},
                     {UPDATE("start-first", "rollback"), "rollback_completed", true},
                     {UPDATE("stop-first", "rollback"), "rollback_completed", true}};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_sim_ struct sim *sim = swarm_of(1);
                _cleanup_free_ char *spec = changed("s", 2, "broken", cases[i].update);
                sim_model_image(sim, "broken", &(struct sim_model){.start_ms = 300, .fails = true});
                scene_network(sim, "n", "10.9.0.0/24");
                scene_service(sim, "s", "n", 2, "");
                scene_wait(sim, 5000);
                _cleanup_free_ char *before = text_copy(sim_service_spec(sim, "s", NULL));
                update(sim, "s", spec);
                scene_wait(sim, 120000);
                expect_update(sim, "s", cases[i].end);
                assert_true(text_equal(sim_service_spec(sim, "s", NULL), before) == cases[i].old_spec);
                if (cases[i].old_spec)
                        assert_int_equal(sim_service_running(sim, "s"), 2);
                scene_consistent(sim);
        }
}

static void a_rollback_by_hand_goes_one_spec_back_and_then_forth(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);
        _cleanup_free_ char *first = changed("s", 1, "y", "");
        _cleanup_free_ char *second = changed("s", 1, "z", "");

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        scene_service(sim, "s", "n", 1, "");
        scene_wait(sim, 5000);
        update(sim, "s", first);
        scene_wait(sim, 20000);
        update(sim, "s", second);
        scene_wait(sim, 20000);
        _cleanup_free_ char *path = update_path(sim, "s");
        _cleanup_free_ char *back = text_format("%s&rollback=previous", path);
        scene_done(sim, "POST", back, second);
        scene_wait(sim, 20000);
        expect_update(sim, "s", "rollback_completed");
        assert_non_null(strstr(sim_service_spec(sim, "s", NULL), "\"y\""));
        _cleanup_free_ char *again = update_path(sim, "s");
        _cleanup_free_ char *forth = text_format("%s&rollback=previous", again);
        scene_done(sim, "POST", forth, second);
        assert_non_null(strstr(sim_service_spec(sim, "s", NULL), "\"z\""));
}

static void a_stale_version_is_refused_also_when_only_the_status_moved(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);
        _cleanup_free_ char *spec = changed("s", 1, "y", "");

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        scene_service(sim, "s", "n", 1, "");
        scene_wait(sim, 5000);
        _cleanup_free_ char *first = update_path(sim, "s");
        scene_done(sim, "POST", first, spec);
        scene_refused(sim, "POST", first, spec, 500, "update out of sequence");
        _cleanup_free_ char *second = update_path(sim, "s");
        scene_wait(sim, 20000); /* the update completes, and that is a change of the service */
        scene_refused(sim, "POST", second, spec, 500, "update out of sequence");
}

static void an_update_undone_midway_keeps_the_old_task(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);
        _cleanup_free_ char *spec = changed("s", 1, "slow", UPDATE("start-first", "pause"));
        _cleanup_free_ char *old = changed("s", 1, "x", UPDATE("start-first", "pause"));

        (void)state;
        sim_model_image(sim, "slow", &(struct sim_model){.start_ms = 20000});
        scene_network(sim, "n", "10.9.0.0/24");
        scene_service(sim, "s", "n", 1, "");
        scene_wait(sim, 5000);
        _cleanup_buffer_ struct buffer before = {0};
        scene_ask(sim, "GET", "/containers/json", NULL, &before);
        update(sim, "s", spec);
        scene_wait(sim, 3000);
        update(sim, "s", old);
        assert_int_equal(fewest_running(sim, "s", 30000), 1);
        _cleanup_buffer_ struct buffer after = {0};
        scene_ask(sim, "GET", "/containers/json", NULL, &after);
        assert_string_equal(after.bytes, before.bytes);
}

static void stop_first_waits_a_minute_for_a_task_in_new(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);
        _cleanup_free_ char *spec = scene_spec("s", "other", 1, "");

        (void)state;
        scene_network(sim, "n", "10.9.0.0/29");
        scene_network(sim, "other", "10.9.1.0/24");
        scene_service(sim, "first", "n", 3, "");
        scene_service(sim, "s", "n", 1, "");
        scene_wait(sim, 5000);
        update(sim, "s", spec);
        scene_wait(sim, 55000);
        assert_int_equal(sim_service_running(sim, "s"), 0);
        scene_wait(sim, 10000);
        assert_int_equal(sim_service_running(sim, "s"), 1);
        scene_consistent(sim);
}

static void a_slot_keeps_five_tasks(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        scene_service(sim, "s", "n", 1, "");
        scene_wait(sim, 5000);
        for (size_t i = 0; i < 9; i++) {
                assert_true(sim_task_kill(sim, "s"));
                scene_wait(sim, 20000);
                assert_int_equal(sim_service_running(sim, "s"), 1);
        }
        assert_int_equal(scene_count(sim, "/tasks"), 5);
        assert_int_equal(scene_count(sim, "/containers/json"), 1);
        assert_int_equal(sim_pool_state(sim, "n").held, 3);
        scene_consistent(sim);
}

static void a_removed_service_takes_its_tasks_with_it(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        scene_service(sim, "s", "n", 3, "");
        scene_wait(sim, 5000);
        scene_done(sim, "DELETE", "/services/s", NULL);
        assert_int_equal(scene_count(sim, "/services"), 0);
        assert_int_equal(scene_count(sim, "/tasks"), 3);
        scene_wait(sim, 20000);
        assert_int_equal(scene_count(sim, "/tasks"), 0);
        assert_int_equal(sim_pool_state(sim, "n").held, 0);
}

static void a_global_service_has_a_task_on_each_node_that_suits(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(3);
        static const char spec[] =
                "{\"Name\":\"g\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"},\"Placement\":"
                "{},\"Networks\":[{\"Target\":\"n\"}]},\"Mode\":{\"Global\":{}}}";

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        scene_done(sim, "POST", "/services/create", spec);
        scene_wait(sim, 5000);
        assert_int_equal(sim_service_running(sim, "g"), 3);
        sim_node_add(sim, "late", false);
        scene_wait(sim, 5000);
        assert_int_equal(sim_service_running(sim, "g"), 4);
        _cleanup_free_ char *path =
                text_format("/nodes/node2/update?version=%llu",
                            (unsigned long long)number_at(sim, "/nodes/node2", "Version", "Index"));
        scene_done(sim, "POST", path, "{\"Role\":\"manager\",\"Availability\":\"drain\"}");
        scene_wait(sim, 20000);
        assert_int_equal(sim_service_running(sim, "g"), 3);
        scene_consistent(sim);
}

static void a_job_runs_so_often_and_is_not_started_again(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);
        static const char spec[] =
                "{\"Name\":\"j\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"work\"},"
                "\"Placement\":{},\"Networks\":[{\"Target\":\"n\"}]},\"Mode\":{\"ReplicatedJob\":{"
                "\"MaxConcurrent\":2,\"TotalCompletions\":5}}}";

        (void)state;
        sim_model_image(sim, "work", &(struct sim_model){.start_ms = 100, .run_ms = 3000});
        scene_network(sim, "n", "10.9.0.0/24");
        scene_done(sim, "POST", "/services/create", spec);
        scene_wait(sim, 2000);
        assert_int_equal(sim_service_running(sim, "j"), 2);
        scene_wait(sim, 60000);
        assert_int_equal(sim_service_running(sim, "j"), 0);
        assert_int_equal(scene_count(sim, "/tasks"), 5);
        assert_int_equal(sim_pool_state(sim, "n").held, 1); /* the VIP */
        scene_consistent(sim);
}

static void tasks_of_a_node_that_is_down_keep_their_addresses(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(3);

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        scene_service(sim, "s", "n", 3, "");
        scene_wait(sim, 5000);
        uint64_t before = sim_pool_state(sim, "n").held;
        sim_node_down(sim, 2, true);
        scene_wait(sim, 20000);
        assert_int_equal(sim_service_running(sim, "s"), 3);
        assert_int_equal(sim_pool_state(sim, "n").held, before + 1);
        sim_node_down(sim, 2, false);
        scene_wait(sim, 20000);
        assert_int_equal(sim_pool_state(sim, "n").held, before - 1); /* and the node's own is free */
        assert_int_equal(sim_service_running(sim, "s"), 3);
        scene_consistent(sim);
}

static void after_a_day_a_lost_nodes_addresses_are_free(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(2);

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        scene_service(sim, "s", "n", 4, "");
        scene_wait(sim, 5000);
        sim_node_down(sim, 1, true);
        scene_wait(sim, 23 * 3600000LL);
        assert_int_equal(sim_pool_state(sim, "n").held, 1 + 6 + 2);
        scene_wait(sim, 2 * 3600000LL);
        assert_int_equal(sim_pool_state(sim, "n").held, 1 + 4 + 1);
        scene_consistent(sim);
}

static void a_port_of_the_host_is_one_tasks_at_a_time(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(2);
        static const char port[] = ",\"EndpointSpec\":{\"Ports\":[{\"TargetPort\":80,\"PublishedPort\":80,"
                                   "\"Protocol\":\"tcp\",\"PublishMode\":\"host\"}]}";

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        scene_service(sim, "s", "n", 1, port);
        scene_service(sim, "t", "n", 2, port);
        scene_wait(sim, 60000);
        assert_int_equal(sim_service_running(sim, "s") + sim_service_running(sim, "t"), 2);
        scene_done(sim, "DELETE", "/services/s", NULL);
        scene_wait(sim, 10000);
        assert_int_equal(sim_service_running(sim, "t"), 2);
}

static void services_reach_each_other_on_a_common_network_only(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);

        (void)state;
        scene_network(sim, "a", "10.9.0.0/24");
        scene_network(sim, "b", "10.9.1.0/24");
        scene_service(sim, "edge", "a", 2, "");
        scene_service(sim, "app", "a,b", 1, "");
        scene_service(sim, "db", "b", 1, "");
        scene_wait(sim, 5000);
        assert_int_equal(sim_reach(sim, "edge", "app").reaching, 2);
        assert_int_equal(sim_reach(sim, "edge", "app").serving, 2);
        assert_int_equal(sim_reach(sim, "app", "db").reaching, 1);
        assert_int_equal(sim_reach(sim, "edge", "db").reaching, 0);
        scene_done(sim, "DELETE", "/services/app", NULL);
        assert_int_equal(sim_reach(sim, "edge", "app").serving, 0); /* nobody of that name */
}

static void a_health_check_holds_a_task_back_until_it_passes(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);

        (void)state;
        sim_model_image(sim, "x",
                        &(struct sim_model){.start_ms = 500, .healthy_after_ms = 9000, .health_check = true});
        scene_network(sim, "n", "10.9.0.0/24");
        scene_service(sim, "s", "n", 1, "");
        scene_wait(sim, 8000);
        assert_int_equal(sim_service_running(sim, "s"), 0);
        scene_wait(sim, 3000);
        assert_int_equal(sim_service_running(sim, "s"), 1);
        _cleanup_free_ char *test = scene_text(sim, "/images/x/json", "Config", "Healthcheck", "Test");
        assert_non_null(test);
}

static void a_spec_without_placement_kills_an_old_engine_for_good(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);
        static const char spec[] =
                "{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"}},\"Mode\":{"
                "\"Replicated\":{\"Replicas\":1}}}";

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        scene_service(sim, "s", "n", 1, "");
        scene_wait(sim, 5000);
        _cleanup_free_ char *path = update_path(sim, "s");
        assert_int_equal(scene_ask(sim, "POST", path, spec, NULL), 0);
        assert_int_equal(scene_ask(sim, "GET", "/info", NULL, NULL), 0);
}

/* Many operations at random: the books must agree after each of them. */
static void the_books_agree_whatever_happens(void **state)
{
        static const char *const nets[] = {"a", "b", "c", "a,b", "b,c", "a,b,c"};

        (void)state;
        for (uint64_t seed = 1; seed <= 40; seed++) {
                _cleanup_sim_ struct sim *sim = sim_open(
                        &(struct sim_settings){.seed = seed, .nodes = 1 + seed % 3, .jitter_ms = 500});
                struct random_stream random = {seed * 77 + 1};
                for (size_t step = 0; step < 150; step++) {
                        char name[2] = {(char)('p' + random_below(&random, 5)), 0};
                        char net[2] = {(char)('a' + random_below(&random, 3)), 0};
                        _cleanup_free_ char *service = text_format("/services/%s", name);
                        _cleanup_free_ char *network = text_format("/networks/%s", net);
                        _cleanup_free_ char *spec = scene_spec(
                                name, nets[random_below(&random, ELEMENTS(nets))],
                                (unsigned)random_below(&random, 4), UPDATE("start-first", "rollback"));
                        _cleanup_free_ char *create =
                                text_format("{\"Name\":\"%s\",\"Driver\":\"overlay\",\"Attachable\":true,"
                                            "\"IPAM\":{\"Config\":[{"
                                            "\"Subnet\":\"10.9.%d.0/%d\"}]}}",
                                            net, net[0], 28 + (int)random_below(&random, 2));
                        switch (random_below(&random, 9)) {
                        case 0:
                        case 1:
                                scene_ask(sim, "POST", "/services/create", spec, NULL);
                                break;
                        case 2:
                                scene_ask(sim, "DELETE", service, NULL, NULL);
                                break;
                        case 3:
                                scene_ask(sim, "DELETE", network, NULL, NULL);
                                break;
                        case 4:
                        case 5:
                                scene_ask(sim, "POST", "/networks/create", create, NULL);
                                break;
                        case 6:
                                if (scene_ask(sim, "GET", service, NULL, NULL) == 200) {
                                        _cleanup_free_ char *path = update_path(sim, name);
                                        scene_ask(sim, "POST", path, spec, NULL);
                                }
                                break;
                        case 7:
                                sim_task_kill(sim, name);
                                break;
                        default:
                                if (random_below(&random, 4) == 0)
                                        sim_leader_change(sim);
                                else
                                        sim_node_down(sim, sim_now_ms(sim) % (1 + seed % 3),
                                                      random_below(&random, 2));
                        }
                        scene_wait(sim, (int64_t)random_below(&random, 3000));
                        _cleanup_free_ char *fault = sim_inconsistency(sim);
                        if (fault)
                                fail_msg("seed %llu, step %zu: %s", (unsigned long long)seed, step, fault);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(start_first_never_has_fewer_tasks_and_stop_first_one_less),
                cmocka_unit_test(an_update_is_complete_only_after_its_monitor_time),
                cmocka_unit_test(an_update_of_labels_only_recreates_nothing),
                cmocka_unit_test(a_failed_update_pauses_goes_on_or_rolls_back),
                cmocka_unit_test(a_rollback_by_hand_goes_one_spec_back_and_then_forth),
                cmocka_unit_test(a_stale_version_is_refused_also_when_only_the_status_moved),
                cmocka_unit_test(an_update_undone_midway_keeps_the_old_task),
                cmocka_unit_test(stop_first_waits_a_minute_for_a_task_in_new),
                cmocka_unit_test(a_slot_keeps_five_tasks),
                cmocka_unit_test(a_removed_service_takes_its_tasks_with_it),
                cmocka_unit_test(a_global_service_has_a_task_on_each_node_that_suits),
                cmocka_unit_test(a_job_runs_so_often_and_is_not_started_again),
                cmocka_unit_test(tasks_of_a_node_that_is_down_keep_their_addresses),
                cmocka_unit_test(after_a_day_a_lost_nodes_addresses_are_free),
                cmocka_unit_test(a_port_of_the_host_is_one_tasks_at_a_time),
                cmocka_unit_test(services_reach_each_other_on_a_common_network_only),
                cmocka_unit_test(a_health_check_holds_a_task_back_until_it_passes),
                cmocka_unit_test(a_spec_without_placement_kills_an_old_engine_for_good),
                cmocka_unit_test(the_books_agree_whatever_happens),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
