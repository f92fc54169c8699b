/* What is wrong, how it shows and what to do next: from a swarm to the findings an operator reads. */

#include "swarm_fixture.h"

#include "pool/finding.h"

#define LONG_AGO "10:00:00"
#define WAITING  "11:59:00"

struct report {
        struct fixture fixture;
        struct swarm swarm;
        struct accounts accounts;
        struct findings findings;
};

static void report_done(struct report *report)
{
        findings_done(&report->findings);
        accounts_done(&report->accounts);
        swarm_done(&report->swarm);
        fixture_done(&report->fixture);
}
#define _cleanup_report_ _cleanup_(report_done)

static void look(struct report *report)
{
        fixture_read(&report->fixture, &report->swarm);
        accounts_of(&report->swarm, NULL, &report->accounts);
        findings_of(&report->swarm, &report->accounts, &report->findings);
}

static void proxy(struct report *report, const char *more)
{
        fixture_network(&report->fixture, "proxy", "10.0.1.0/28", "10.0.1.1", more);
}

static void add_waiting(struct report *report, const char *other_net)
{
        fixture_service(&report->fixture, "late", WAITING, "proxy", "", other_net);
        fixture_task(&report->fixture, "late", WAITING, "new", "", "proxy", "");
}

/* Tasks of one service on n1, which takes one more for the node. */
static void add_tasks(struct report *report, int count)
{
        fixture_service(&report->fixture, "web", LONG_AGO, "proxy", "", "");
        for (int i = 0; i < count; i++) {
                _cleanup_free_ char *address = text_format("10.0.1.%d/28", 2 + i);
                fixture_task(&report->fixture, "web", LONG_AGO, "running", "n1", "proxy", address);
        }
}

static const struct finding *only(const struct report *report, enum finding_kind kind)
{
        assert_int_equal(report->findings.items.count, 1);
        assert_int_equal(report->findings.items.items[0].kind, kind);
        return &report->findings.items.items[0];
}

static void expect_evidence(const struct finding *finding, const char *words)
{
        if (!strstr(finding->evidence, words))
                fail_msg("'%s' does not say '%s'", finding->evidence, words);
}

static void a_swarm_in_good_order_has_no_finding(void **state)
{
        _cleanup_report_ struct report report = {0};

        proxy(&report, "");
        add_tasks(&report, 2);
        look(&report);
        assert_int_equal(report.findings.items.count, 0);
        assert_int_equal(findings_worst(&report.findings), SEVERITY_NOTE);
}

static void a_refusing_pool_is_one_finding_with_its_numbers_and_the_way_out(void **state)
{
        _cleanup_report_ struct report report = {0};

        proxy(&report, "");
        add_tasks(&report, 2);
        add_waiting(&report, "");
        look(&report);
        const struct finding *finding = only(&report, FINDING_POOL_REFUSES);
        assert_int_equal(finding->severity, SEVERITY_CRITICAL);
        expect_evidence(finding, "1 task (late)");
        expect_evidence(finding, "3 of 13 addresses");
        expect_evidence(finding, "10 are leaked");
        assert_string_equal(finding->next, "headroom plan proxy --size 16 -o proxy.plan");
}

static void a_full_pool_without_anyone_waiting_is_critical_already(void **state)
{
        _cleanup_report_ struct report report = {0};

        proxy(&report, "");
        add_tasks(&report, 12);
        look(&report);
        assert_int_equal(only(&report, FINDING_POOL_FULL)->severity, SEVERITY_CRITICAL);
}

static void a_nearly_full_pool_is_a_warning(void **state)
{
        _cleanup_report_ struct report report = {0};

        proxy(&report, "");
        add_tasks(&report, 10);
        look(&report);
        const struct finding *finding = only(&report, FINDING_POOL_NEAR_FULL);
        assert_int_equal(finding->severity, SEVERITY_WARNING);
        expect_evidence(finding, "proxy: 11 of 13 addresses owned");
        expect_evidence(finding, "at most 2 free");
}

static void leaks_that_the_engine_counts_are_a_warning(void **state)
{
        _cleanup_report_ struct report report = {0};

        proxy(&report,
              "'Status':{'IPAM':{'Subnets':{'10.0.1.0/28':{'IPsInUse':8,'DynamicIPsAvailable':8}}}}");
        look(&report);
        const struct finding *finding = only(&report, FINDING_POOL_LEAKED);
        expect_evidence(finding, "proxy: 5 of 13 addresses leaked");
        assert_string_equal(finding->next, "headroom proxy");
}

static void a_network_without_a_pool_is_critical_and_its_tasks_are_no_second_finding(void **state)
{
        _cleanup_report_ struct report report = {0};

        fixture_network(&report.fixture, "proxy", "10.0.1.0/28", "", "");
        add_waiting(&report, "");
        look(&report);
        expect_evidence(only(&report, FINDING_NETWORK_UNALLOCATED), "proxy has no");
}

static void tasks_stuck_without_a_culprit_are_named_on_each_network(void **state)
{
        _cleanup_report_ struct report report = {0};

        proxy(&report, "");
        fixture_network(&report.fixture, "internal", "10.0.2.0/24", "10.0.2.1", "");
        add_waiting(&report, "internal");
        fixture_task(&report.fixture, "late", WAITING, "new", "", "proxy", "");
        look(&report);
        assert_int_equal(report.findings.items.count, 2);
        for (size_t i = 0; i < 2; i++) {
                const struct finding *finding = &report.findings.items.items[i];
                assert_int_equal(finding->kind, FINDING_TASKS_STUCK);
                assert_int_equal(finding->severity, SEVERITY_WARNING);
                assert_non_null(strstr(finding->evidence, ": 2 tasks (late, ...) in New"));
        }
}

static void a_hop_network_says_whose_move_was_interrupted(void **state)
{
        _cleanup_report_ struct report report = {0};

        fixture_network(&report.fixture, "headroom-hop-1", "10.0.7.0/24", "10.0.7.1",
                        "'Labels':{'headroom.net':'proxy'}");
        look(&report);
        const struct finding *finding = only(&report, FINDING_MOVE_UNFINISHED);
        assert_int_equal(finding->severity, SEVERITY_CRITICAL);
        assert_string_equal(finding->evidence, "headroom-hop-1 is a hop network of headroom for proxy");
        assert_string_equal(finding->next, "headroom apply --recover proxy");
}

static void the_worst_stands_first(void **state)
{
        _cleanup_report_ struct report report = {0};

        fixture_network(
                &report.fixture, "a", "10.0.3.0/28", "10.0.3.1",
                "'Status':{'IPAM':{'Subnets':{'10.0.3.0/28':{'IPsInUse':5,'DynamicIPsAvailable':11}}}}");
        fixture_network(&report.fixture, "b", "10.0.4.0/28", "", "");
        look(&report);
        assert_int_equal(report.findings.items.count, 2);
        assert_int_equal(report.findings.items.items[0].severity, SEVERITY_CRITICAL);
        assert_int_equal(report.findings.items.items[1].severity, SEVERITY_WARNING);
        assert_int_equal(findings_worst(&report.findings), SEVERITY_CRITICAL);
}

static void a_network_named_like_a_format_is_text_all_the_same(void **state)
{
        _cleanup_report_ struct report report = {0};

        fixture_network(&report.fixture, "%s%n", "10.0.4.0/28", "", "");
        look(&report);
        const struct finding *finding = only(&report, FINDING_NETWORK_UNALLOCATED);
        expect_evidence(finding, "%s%n has no");
        assert_non_null(strstr(finding->next, "network rm %s%n"));
}

/* The next command of a network with that subnet that is full. */
static char *next_of_full(const char *subnet, const char *more)
{
        _cleanup_report_ struct report report = {0};
        _cleanup_free_ char *gateway = text_copy_n(subnet, strcspn(subnet, "/"));
        _cleanup_free_ char *status =
                text_format("'Status':{'IPAM':{'Subnets':{'%s':{'IPsInUse':99,'DynamicIPsAvailable':0}}}}%s",
                            subnet, more);

        gateway[strlen(gateway) - 1] = '1';
        fixture_network(&report.fixture, "proxy", subnet, gateway, status);
        look(&report);
        assert_int_equal(only(&report, FINDING_POOL_FULL)->kind, FINDING_POOL_FULL);
        return text_copy(report.findings.items.items[0].next);
}

static void expect_next(const char *subnet, const char *more, const char *next)
{
        _cleanup_free_ char *told = next_of_full(subnet, more);

        if (!text_equal(told, next))
                fail_msg("%s: %s, not %s", subnet, told, next);
}

/* `headroom plan` refuses the size that a network has, and a smaller one is no help. */
static void a_large_network_is_told_a_larger_size_and_none_where_there_is_none(void **state)
{
        expect_next("10.0.1.0/28", "", "headroom plan proxy --size 16 -o proxy.plan");
        expect_next("10.0.0.0/20", "", "headroom plan proxy --size 16 -o proxy.plan");
        expect_next("10.0.0.0/19", "", "headroom plan proxy --size 15 -o proxy.plan");
        expect_next("10.0.0.0/16", "", "headroom plan proxy --size 12 -o proxy.plan");
        expect_next("10.0.0.0/11", "", "headroom plan proxy --size 8 -o proxy.plan");
        expect_next("10.0.0.0/9", "", "headroom plan proxy --size 8 -o proxy.plan");
        expect_next("10.0.0.0/8", "", "headroom proxy");
}

/* move/plan_make.c refuses them all. */
static void a_network_that_no_plan_moves_is_not_sent_to_one(void **state)
{
        expect_next("10.0.1.0/28", ",'Ingress':true", "headroom proxy");
        expect_next("10.0.1.0/28", ",'EnableIPv6':true", "headroom proxy");
}

/* A snapshot is a file of anybody's, and its next commands are copied into shells. */
static void a_name_in_a_next_command_is_one_word_of_a_shell(void **state)
{
        _cleanup_report_ struct report report = {0};

        fixture_network(&report.fixture, "a; touch /tmp/x", "10.0.1.0/28", "10.0.1.1", "");
        fixture_network(&report.fixture, "$(reboot)", "10.0.2.0/28", "", "");
        fixture_service(&report.fixture, "late", WAITING, "a; touch /tmp/x", "", "");
        fixture_task(&report.fixture, "late", WAITING, "new", "", "a; touch /tmp/x", "");
        look(&report);
        assert_int_equal(report.findings.items.count, 2);
        assert_string_equal(report.findings.items.items[0].next,
                            "headroom plan 'a; touch /tmp/x' --size 16 -o 'a; touch /tmp/x.plan'");
        assert_string_equal(report.findings.items.items[1].next, "docker network rm '$(reboot)'");
}

/* L3 (docs/engine-notes.md): only what the spec lists before the full network. */
static void a_service_that_waits_drains_the_networks_before_the_full_one(void **state)
{
        _cleanup_report_ struct report report = {0};

        proxy(&report, "");
        fixture_network(&report.fixture, "front", "10.0.2.0/24", "10.0.2.1", "");
        fixture_network(&report.fixture, "back", "10.0.3.0/24", "10.0.3.1", "");
        add_tasks(&report, 1);
        add_waiting(&report, "");
        fixture_service(&report.fixture, "between", WAITING, "front", "10.0.2.2/24", "proxy");
        fixture_task(&report.fixture, "between", WAITING, "new", "", "proxy", "");
        fixture_service(&report.fixture, "behind", WAITING, "proxy", "", "back");
        fixture_task(&report.fixture, "behind", WAITING, "new", "", "proxy", "");
        look(&report);
        size_t drains = 0;
        for (size_t i = 0; i < report.findings.items.count; i++) {
                const struct finding *finding = &report.findings.items.items[i];
                if (finding->kind != FINDING_POOL_DRAINS)
                        continue;
                drains++;
                assert_string_equal(finding->subject, "front");
                expect_evidence(finding, "between, which waits for proxy");
                assert_string_equal(finding->next, "headroom plan proxy --size 16 -o proxy.plan");
        }
        assert_int_equal(drains, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_swarm_in_good_order_has_no_finding),
                cmocka_unit_test(a_refusing_pool_is_one_finding_with_its_numbers_and_the_way_out),
                cmocka_unit_test(a_service_that_waits_drains_the_networks_before_the_full_one),
                cmocka_unit_test(a_full_pool_without_anyone_waiting_is_critical_already),
                cmocka_unit_test(a_nearly_full_pool_is_a_warning),
                cmocka_unit_test(leaks_that_the_engine_counts_are_a_warning),
                cmocka_unit_test(a_network_without_a_pool_is_critical_and_its_tasks_are_no_second_finding),
                cmocka_unit_test(tasks_stuck_without_a_culprit_are_named_on_each_network),
                cmocka_unit_test(a_hop_network_says_whose_move_was_interrupted),
                cmocka_unit_test(the_worst_stands_first),
                cmocka_unit_test(a_large_network_is_told_a_larger_size_and_none_where_there_is_none),
                cmocka_unit_test(a_network_that_no_plan_moves_is_not_sent_to_one),
                cmocka_unit_test(a_name_in_a_next_command_is_one_word_of_a_shell),
                cmocka_unit_test(a_network_named_like_a_format_is_text_all_the_same),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
