/* Addresses: who gets which, what is lost and how it comes back, and what a full pool does. */

#include "scene.h"

#define DNSRR ",\"EndpointSpec\":{\"Mode\":\"dnsrr\"}"

static struct sim *swarm_of(size_t nodes, int minor)
{
        return sim_open(&(struct sim_settings){.nodes = nodes, .api_version_minor = minor, .seed = 3});
}

static uint64_t held(struct sim *sim, const char *network)
{
        return sim_pool_state(sim, network).held;
}

static char *vip_of(struct sim *sim, const char *service)
{
        _cleanup_free_ char *path = text_format("/services/%s", service);
        _cleanup_free_ char *vips = scene_text(sim, path, "Endpoint", "VirtualIPs", NULL);
        const char *address = vips ? strstr(vips, "\"Addr\":\"") : NULL;

        return address ? text_copy_n(address + 8, strcspn(address + 8, "/")) : NULL;
}

static void expect_vip(struct sim *sim, const char *service, const char *expected)
{
        _cleanup_free_ char *vip = vip_of(sim, service);

        assert_string_equal(vip, expected);
}

static void a_network_hands_out_all_but_three_addresses(void **state)
{
        static const struct {
                const char *subnet;
                uint64_t capacity;
        } cases[] = {{"10.9.0.0/28", 13}, {"10.9.0.0/29", 5}, {"10.9.0.0/24", 253}};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_sim_ struct sim *sim = swarm_of(1, 41);
                scene_network(sim, "n", cases[i].subnet);
                assert_int_equal(sim_pool_state(sim, "n").capacity, cases[i].capacity);
                assert_int_equal(held(sim, "n"), 0);
                scene_service(sim, "s", "n", 300, DNSRR);
                scene_wait(sim, 60000);
                assert_int_equal(held(sim, "n"), cases[i].capacity);
                scene_consistent(sim);
        }
}

static void addresses_are_handed_out_in_rising_order_and_round_again(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1, 41);
        char name[16];
        char expected[24];

        (void)state;
        scene_network(sim, "n", "10.9.0.0/29");
        for (unsigned i = 0; i < 12; i++) {
                snprintf(name, sizeof(name), "s%u", i);
                snprintf(expected, sizeof(expected), "10.9.0.%u", 2 + i % 5);
                scene_service(sim, name, "n", 0, "");
                scene_wait(sim, 20);
                expect_vip(sim, name, expected);
                _cleanup_free_ char *path = text_format("/services/%s", name);
                scene_done(sim, "DELETE", path, NULL);
        }
}

static void a_service_takes_its_vip_then_its_task_then_the_node_an_address(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1, 41);

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        scene_service(sim, "s", "n", 1, "");
        scene_wait(sim, 5000);
        _cleanup_free_ char *containers = scene_text(sim, "/networks/n", "Containers", NULL, NULL);
        expect_vip(sim, "s", "10.9.0.2");
        assert_non_null(strstr(containers, "\"IPv4Address\":\"10.9.0.3/24\""));
        assert_non_null(strstr(containers, "\"lb-n\":{\"Name\":\"n-endpoint\""));
        assert_non_null(strstr(containers, "\"IPv4Address\":\"10.9.0.4/24\""));
}

/* A stack with its own network, removed as `docker stack rm` does it. */
static void stack_up_and_down(struct sim *sim, const char *more, bool patient)
{
        scene_network(sim, "own", NULL);
        scene_service(sim, "app", "proxy,own", 1, more);
        scene_wait(sim, 5000);
        scene_done(sim, "DELETE", "/services/app", NULL);
        if (patient)
                scene_wait(sim, 20000);
        scene_done(sim, "DELETE", "/networks/own", NULL);
        scene_wait(sim, 20000);
}

static void a_small_network_is_dead_after_twelve_stacks(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1, 41);

        (void)state;
        scene_network(sim, "proxy", "10.9.0.0/28");
        for (uint64_t i = 1; i <= 14; i++) {
                stack_up_and_down(sim, "", false);
                assert_int_equal(sim_pool_state(sim, "proxy").leaked, MIN(i, 12));
                scene_consistent(sim);
        }
        scene_service(sim, "late", "proxy", 1, "");
        scene_wait(sim, 60000);
        assert_int_equal(sim_service_running(sim, "late"), 0);
        _cleanup_buffer_ struct buffer tasks = {0};
        scene_ask(sim, "GET", "/tasks", NULL, &tasks);
        assert_non_null(strstr(tasks.bytes, "\"State\":\"new\""));
}

static void a_network_removed_after_its_containers_leaks_nothing(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1, 41);

        (void)state;
        scene_network(sim, "proxy", "10.9.0.0/28");
        for (size_t i = 0; i < 15; i++)
                stack_up_and_down(sim, "", true);
        assert_int_equal(sim_leaked(sim), 0);
        assert_int_equal(held(sim, "proxy"), 0);
}

static void a_task_leaks_one_address_on_each_network_that_stays(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1, 41);

        (void)state;
        scene_network(sim, "proxy", "10.9.0.0/24");
        scene_network(sim, "second", "10.9.1.0/24");
        scene_network(sim, "own", NULL);
        scene_service(
                sim, "app", "proxy,own,second", 3,
                ",\"EndpointSpec\":{\"Ports\":[{\"TargetPort\":80,\"PublishedPort\":80,\"Protocol\":\"tcp\","
                "\"PublishMode\":\"ingress\"}]}");
        scene_wait(sim, 5000);
        uint64_t ingress = held(sim, "ingress");
        scene_done(sim, "DELETE", "/services/app", NULL);
        scene_done(sim, "DELETE", "/networks/own", NULL);
        scene_wait(sim, 20000);
        assert_int_equal(held(sim, "proxy"), 3);
        assert_int_equal(held(sim, "second"), 3);
        assert_int_equal(held(sim, "ingress"), ingress - 1); /* only the VIP came back */
        assert_int_equal(sim_leaked(sim), 9);
        scene_consistent(sim);
}

static void a_task_that_never_had_a_node_leaks_too(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1, 41);
        static const char spec[] =
                "{\"Name\":\"app\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"},"
                "\"Placement\":{\"Constraints\":[\"node.hostname==nowhere\"]},\"Networks\":[{"
                "\"Target\":\"proxy\"},{\"Target\":\"own\"}]},\"Mode\":{\"Replicated\":{"
                "\"Replicas\":1}},\"EndpointSpec\":{\"Mode\":\"dnsrr\"}}";

        (void)state;
        scene_network(sim, "proxy", "10.9.0.0/29");
        for (size_t i = 1; i <= 5; i++) { /* to the last address, as no VIP is taken */
                scene_network(sim, "own", NULL);
                scene_done(sim, "POST", "/services/create", spec);
                scene_wait(sim, 2000);
                scene_done(sim, "DELETE", "/services/app", NULL);
                scene_done(sim, "DELETE", "/networks/own", NULL);
                scene_wait(sim, 2000);
                assert_int_equal(sim_pool_state(sim, "proxy").leaked, i);
        }
        assert_int_equal(sim_pool_state(sim, "proxy").capacity, held(sim, "proxy"));
}

static void a_network_dropped_from_a_spec_and_removed_leaks(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1, 41);
        _cleanup_free_ char *without = scene_spec("app", "proxy", 1, DNSRR);

        (void)state;
        scene_network(sim, "proxy", "10.9.0.0/24");
        scene_network(sim, "own", NULL);
        scene_service(sim, "app", "proxy,own", 1, DNSRR);
        scene_wait(sim, 5000);
        _cleanup_free_ char *version = scene_text(sim, "/services/app", "Version", "Index", NULL);
        _cleanup_free_ char *path = text_format("/services/app/update?version=%s", version);
        scene_done(sim, "POST", path, without);
        scene_wait(sim, 10);
        scene_done(sim, "DELETE", "/networks/own", NULL);
        scene_wait(sim, 20000);
        assert_int_equal(sim_leaked(sim), 1);
        assert_int_equal(sim_service_running(sim, "app"), 1);
        scene_consistent(sim);
}

/* What is predicted from GET /tasks at the moment of the removal is what is leaked later. */
static void leaks_can_be_predicted_from_the_tasks(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed <= 8; seed++) {
                _cleanup_sim_ struct sim *sim = swarm_of(1, 41);
                _cleanup_buffer_ struct buffer tasks = {0};
                _cleanup_json_ struct json_document *d = NULL;
                uint64_t predicted = 0;
                scene_network(sim, "proxy", "10.9.0.0/24");
                scene_network(sim, "own", NULL);
                _cleanup_free_ char *id = scene_text(sim, "/networks/own", "Id", NULL, NULL);
                scene_service(sim, "a", "proxy,own", (unsigned)seed, "");
                scene_service(sim, "b", "proxy", 2, "");
                scene_wait(sim, (int64_t)seed * 400);
                scene_done(sim, "DELETE", "/services/a", NULL);
                scene_done(sim, "DELETE", "/networks/own", NULL);
                scene_ask(sim, "GET", "/tasks", NULL, &tasks);
                assert_int_equal(json_parse(tasks.bytes, tasks.length, &d, NULL), 0);
                json_for_each (task, d, json_root(d)) {
                        bool on_own = false;
                        uint64_t others = 0;
                        json_for_each (on, d, json_get(d, task, "NetworksAttachments")) {
                                bool own = json_text_is(d, json_path(d, on, "Network", "ID", NULL), id);
                                on_own = on_own || own;
                                others += own ? 0 : json_count(d, json_get(d, on, "Addresses"));
                        }
                        predicted += on_own ? others : 0;
                }
                scene_wait(sim, 30000);
                assert_int_equal(sim_leaked(sim), predicted);
                assert_int_equal(predicted, seed);
        }
}

static void a_new_leader_frees_what_was_leaked_and_nothing_else(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(3, 41);

        (void)state;
        scene_network(sim, "proxy", "10.9.0.0/24");
        scene_service(sim, "stays", "proxy", 4, "");
        scene_wait(sim, 5000);
        uint64_t owned = held(sim, "proxy");
        for (size_t i = 0; i < 7; i++)
                stack_up_and_down(sim, "", false);
        assert_int_equal(sim_pool_state(sim, "proxy").leaked, 7);
        sim_leader_change(sim);
        assert_int_equal(sim_leaked(sim), 0);
        assert_int_equal(held(sim, "proxy"), owned);
        assert_int_equal(sim_service_running(sim, "stays"), 4);
        scene_consistent(sim);
        scene_service(sim, "next", "proxy", 0, "");
        scene_wait(sim, 50);
        _cleanup_free_ char *vip = vip_of(sim, "next"); /* the search begins at the bottom again */
        uint32_t address;
        assert_true(address_parse(vip, &address));
        assert_in_range(address & 255, 2, 15);
}

static void a_task_stuck_in_new_runs_when_an_address_is_free_again(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1, 41);

        (void)state;
        scene_network(sim, "n", "10.9.0.0/29");
        scene_service(sim, "first", "n", 4, DNSRR);
        scene_wait(sim, 5000);
        scene_service(sim, "second", "n", 1, DNSRR);
        scene_wait(sim, 60000);
        assert_int_equal(sim_service_running(sim, "second"), 0);
        scene_done(sim, "DELETE", "/services/first", NULL);
        scene_wait(sim, 10000);
        assert_int_equal(sim_service_running(sim, "second"), 1);
        scene_consistent(sim);
}

static void a_service_without_a_vip_keeps_its_tasks_in_new(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1, 41);

        (void)state;
        scene_network(sim, "n", "10.9.0.0/29");
        scene_service(sim, "first", "n", 3, "");
        scene_wait(sim, 5000);
        scene_service(sim, "second", "n", 1, "");
        scene_wait(sim, 5000);
        assert_null(vip_of(sim, "second"));
        const struct sim_log_line *line = sim_log_line(sim, 0);
        assert_non_null(line);
        assert_non_null(strstr(line->text, "could not find an available IP while allocating VIP"));
        assert_null(sim_log_line(sim, 1)); /* tries after the first are told at debug level */
}

static void overlapping_subnets_leave_a_network_without_addresses(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1, 41);

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        scene_network(sim, "other", "10.9.0.0/16");
        _cleanup_free_ char *driver = scene_text(sim, "/networks/other", "Driver", NULL, NULL);
        _cleanup_free_ char *config = scene_text(sim, "/networks/other", "IPAM", "Config", NULL);
        assert_string_equal(driver, "");
        assert_string_equal(config, "null");
        assert_non_null(
                strstr(sim_log_line(sim, 0)->text, "Pool overlaps with other one on this address space"));
        scene_done(sim, "DELETE", "/networks/n", NULL);
        scene_wait(sim, 100);
        assert_int_equal(sim_pool_state(sim, "other").capacity, 65533);
}

static void the_default_pool_goes_round_on_old_engines_and_fills_gaps_on_new_ones(void **state)
{
        static const struct {
                int minor;
                const char *expected;
        } cases[] = {{41, "10.0.4.0/24"}, {51, "10.0.1.0/24"}};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_sim_ struct sim *sim = swarm_of(1, cases[i].minor);
                scene_network(sim, "a", NULL);
                scene_network(sim, "b", "10.0.2.0/24");
                scene_network(sim, "c", NULL);
                scene_done(sim, "DELETE", "/networks/a", NULL);
                scene_network(sim, "d", NULL);
                _cleanup_free_ char *config = scene_text(sim, "/networks/d", "IPAM", "Config", NULL);
                if (!strstr(config, cases[i].expected))
                        fail_msg("1.%d: %s", cases[i].minor, config);
        }
}

static void a_range_limits_what_is_handed_out_unasked(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1, 41);

        (void)state;
        scene_done(sim, "POST", "/networks/create",
                   "{\"Name\":\"n\",\"Driver\":\"overlay\",\"IPAM\":{\"Config\":[{\"Subnet\":\"10.9.0.0/24\","
                   "\"IPRange\":\"10.9.0.64/30\",\"Gateway\":\"10.9.0.250\"}]}}");
        scene_wait(sim, 50);
        scene_service(sim, "s", "n", 9, DNSRR);
        scene_wait(sim, 5000);
        assert_int_equal(held(sim, "n"), 4);
}

static void the_balancer_goes_with_the_nodes_last_task(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(3, 41);

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        scene_service(sim, "s", "n", 6, DNSRR);
        scene_wait(sim, 5000);
        assert_int_equal(held(sim, "n"), 6 + 3);
        scene_done(sim, "DELETE", "/services/s", NULL);
        scene_wait(sim, 20000);
        assert_int_equal(held(sim, "n"), 0);
        assert_int_equal(held(sim, "ingress"), 3); /* there each node has one for good */
}

static void the_addresses_of_a_full_pool_are_given_in_the_books_of_newer_engines(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1, 52);

        (void)state;
        scene_network(sim, "n", "10.9.0.0/28");
        _cleanup_free_ char *fresh = scene_text(sim, "/networks/n?scope=swarm", "Status", "IPAM", "Subnets");
        assert_string_equal(fresh, "{\"10.9.0.0/28\":{\"IPsInUse\":3,\"DynamicIPsAvailable\":13}}");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_network_hands_out_all_but_three_addresses),
                cmocka_unit_test(addresses_are_handed_out_in_rising_order_and_round_again),
                cmocka_unit_test(a_service_takes_its_vip_then_its_task_then_the_node_an_address),
                cmocka_unit_test(a_small_network_is_dead_after_twelve_stacks),
                cmocka_unit_test(a_network_removed_after_its_containers_leaks_nothing),
                cmocka_unit_test(a_task_leaks_one_address_on_each_network_that_stays),
                cmocka_unit_test(a_task_that_never_had_a_node_leaks_too),
                cmocka_unit_test(a_network_dropped_from_a_spec_and_removed_leaks),
                cmocka_unit_test(leaks_can_be_predicted_from_the_tasks),
                cmocka_unit_test(a_new_leader_frees_what_was_leaked_and_nothing_else),
                cmocka_unit_test(a_task_stuck_in_new_runs_when_an_address_is_free_again),
                cmocka_unit_test(a_service_without_a_vip_keeps_its_tasks_in_new),
                cmocka_unit_test(overlapping_subnets_leave_a_network_without_addresses),
                cmocka_unit_test(the_default_pool_goes_round_on_old_engines_and_fills_gaps_on_new_ones),
                cmocka_unit_test(a_range_limits_what_is_handed_out_unasked),
                cmocka_unit_test(the_balancer_goes_with_the_nodes_last_task),
                cmocka_unit_test(the_addresses_of_a_full_pool_are_given_in_the_books_of_newer_engines),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
