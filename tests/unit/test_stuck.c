/*
 * Which pool is called refusing. The survey was taken at 12:00:00; a task in New has waited since its
 * creation. A service here wants proxy, and some want a second network too.
 */

#include "swarm_fixture.h"

#include "pool/account.h"

#define LONG_AGO "10:00:00"
#define WAITING  "11:59:00" /* 60 s: surely stuck */
#define RECENT   "11:59:40" /* 20 s: stuck, if something was allocated meanwhile */
#define JUST_NOW "11:59:55" /* 5 s: nothing unusual */

struct house {
        struct fixture fixture;
        struct swarm swarm;
        struct accounts accounts;
};

static void house_done(struct house *house)
{
        accounts_done(&house->accounts);
        swarm_done(&house->swarm);
        fixture_done(&house->fixture);
}
#define _cleanup_house_ _cleanup_(house_done)

static void add_networks(struct house *house, const char *internal_more)
{
        fixture_network(&house->fixture, "proxy", "10.0.1.0/24", "10.0.1.1", "");
        fixture_network(&house->fixture, "internal", "10.0.2.0/24", "10.0.2.1", internal_more);
}

/* A service with one task in New. */
static void add_waiting(struct house *house, const char *created, const char *other_net)
{
        fixture_service(&house->fixture, "late", created, "proxy", "", other_net);
        fixture_task(&house->fixture, "late", created, "new", "", "proxy", "");
}

/* A service that got what it wanted. */
static void add_served(struct house *house, const char *name, const char *created, const char *net,
                       const char *address)
{
        fixture_service(&house->fixture, name, created, net, "", "");
        fixture_task(&house->fixture, name, created, "running", "n1", net, address);
}

static void look(struct house *house)
{
        fixture_read(&house->fixture, &house->swarm);
        accounts_of(&house->swarm, NULL, &house->accounts);
}

static const struct account *account(const struct house *house, const char *network_id)
{
        const struct account *found = account_of_network(&house->accounts, network_id);

        if (!found)
                fail_msg("no account of %s", network_id);
        return found;
}

static void expect_refusing(const struct house *house, bool proxy, bool internal)
{
        assert_int_equal(account(house, "id-proxy")->refusing, proxy);
        assert_int_equal(account(house, "id-internal")->refusing, internal);
}

static void a_task_long_in_new_convicts_its_only_network(void **state)
{
        _cleanup_house_ struct house house = {0};

        add_networks(&house, "");
        add_waiting(&house, WAITING, "");
        look(&house);
        expect_refusing(&house, true, false);
        assert_int_equal(account(&house, "id-proxy")->stuck, 1);
        assert_string_equal(account(&house, "id-proxy")->stuck_name, "late");
        assert_int_equal(account(&house, "id-internal")->stuck, 0);
}

static void a_task_that_has_just_begun_to_wait_says_nothing(void **state)
{
        _cleanup_house_ struct house house = {0};

        add_networks(&house, "");
        add_waiting(&house, JUST_NOW, "");
        look(&house);
        expect_refusing(&house, false, false);
        assert_int_equal(account(&house, "id-proxy")->stuck, 0);
}

static void a_short_wait_may_be_a_busy_allocator(void **state)
{
        _cleanup_house_ struct house house = {0};

        add_networks(&house, "");
        add_waiting(&house, RECENT, "");
        look(&house);
        expect_refusing(&house, false, false);
        assert_int_equal(account(&house, "id-proxy")->stuck, 1); /* shown all the same */
}

static void a_short_wait_is_enough_when_a_younger_task_was_served_elsewhere(void **state)
{
        _cleanup_house_ struct house house = {0};

        add_networks(&house, "");
        add_waiting(&house, RECENT, "");
        add_served(&house, "young", "11:59:50", "internal", "10.0.2.5/24");
        look(&house);
        expect_refusing(&house, true, false);
}

static void stuck_on_two_networks_convicts_neither(void **state)
{
        _cleanup_house_ struct house house = {0};

        add_networks(&house, "");
        add_waiting(&house, WAITING, "internal");
        look(&house);
        expect_refusing(&house, false, false);
        assert_int_equal(account(&house, "id-proxy")->stuck, 1);
        assert_int_equal(account(&house, "id-internal")->stuck, 1);
}

/* Seen on the reference host: its own network was suspected of what the shared one did. */
static void a_task_that_a_refusing_network_explains_accuses_no_other(void **state)
{
        _cleanup_house_ struct house house = {0};

        add_networks(&house, "");
        fixture_service(&house.fixture, "alone", WAITING, "proxy", "", "");
        fixture_task(&house.fixture, "alone", WAITING, "new", "", "proxy", "");
        add_waiting(&house, WAITING, "internal");
        look(&house);
        expect_refusing(&house, true, false);
        assert_int_equal(account(&house, "id-proxy")->stuck, 2);
        assert_int_equal(account(&house, "id-internal")->stuck, 0);
}

static void of_two_networks_the_one_that_served_a_younger_task_is_healthy(void **state)
{
        _cleanup_house_ struct house house = {0};

        add_networks(&house, "");
        add_waiting(&house, WAITING, "internal");
        add_served(&house, "young", "11:59:30", "internal", "10.0.2.5/24");
        look(&house);
        expect_refusing(&house, true, false);
}

static void of_two_networks_the_one_that_gave_a_younger_vip_is_healthy(void **state)
{
        _cleanup_house_ struct house house = {0};

        add_networks(&house, "");
        add_waiting(&house, WAITING, "internal");
        fixture_service(&house.fixture, "young", "11:59:30", "internal", "10.0.2.5/24", "");
        look(&house);
        expect_refusing(&house, true, false);
}

static void what_was_served_before_the_wait_proves_nothing(void **state)
{
        _cleanup_house_ struct house house = {0};

        add_networks(&house, "");
        add_waiting(&house, WAITING, "internal");
        add_served(&house, "old", LONG_AGO, "internal", "10.0.2.5/24");
        look(&house);
        expect_refusing(&house, false, false);
}

static void a_network_made_for_the_service_is_healthy(void **state)
{
        _cleanup_house_ struct house house = {0};

        add_networks(&house, "'Created':'" FIXTURE_DAY "11:58:30Z'");
        add_waiting(&house, WAITING, "internal");
        look(&house);
        expect_refusing(&house, true, false);
}

static void a_network_made_for_the_service_but_half_owned_is_a_suspect(void **state)
{
        _cleanup_house_ struct house house = {0};

        fixture_network(&house.fixture, "proxy", "10.0.1.0/24", "10.0.1.1", "");
        fixture_network(&house.fixture, "internal", "10.0.2.0/29", "10.0.2.1",
                        "'Created':'" FIXTURE_DAY "11:58:30Z'"); /* 5 addresses */
        add_waiting(&house, WAITING, "internal");
        add_served(&house, "old", "11:58:40", "internal", "10.0.2.2/29");
        fixture_task(&house.fixture, "old", "11:58:40", "running", "n1", "internal", "10.0.2.3/29");
        look(&house);
        expect_refusing(&house, false, false);
}

static void a_task_with_one_network_convicts_it_however_young_it_is(void **state)
{
        _cleanup_house_ struct house house = {0};

        fixture_network(&house.fixture, "proxy", "10.0.1.0/24", "10.0.1.1",
                        "'Created':'" FIXTURE_DAY "11:58:30Z'");
        fixture_network(&house.fixture, "internal", "10.0.2.0/24", "10.0.2.1", "");
        add_waiting(&house, WAITING, "");
        look(&house);
        expect_refusing(&house, true, false);
}

static void both_are_convicted_by_tasks_of_their_own(void **state)
{
        _cleanup_house_ struct house house = {0};

        add_networks(&house, "");
        add_waiting(&house, WAITING, "");
        fixture_service(&house.fixture, "other", WAITING, "internal", "", "");
        fixture_task(&house.fixture, "other", WAITING, "new", "", "internal", "");
        look(&house);
        expect_refusing(&house, true, true);
}

static void a_network_without_a_pool_explains_its_own_tasks(void **state)
{
        _cleanup_house_ struct house house = {0};

        add_networks(&house, "'IPAM':{'Config':[{'Subnet':'10.0.2.0/24'}]}");
        add_waiting(&house, WAITING, "internal");
        look(&house);
        expect_refusing(&house, false, false);
        assert_int_equal(account(&house, "id-internal")->verdict, VERDICT_UNALLOCATED);
}

/* A published port wants an address of ingress, unless it is the node's own. */
static void expect_with_port(const char *mode, bool refusing)
{
        _cleanup_house_ struct house house = {0};

        add_networks(&house, "'Ingress':true");
        fixture_add(&house.fixture.services,
                    "{'ID':'id-late','CreatedAt':'" FIXTURE_DAY WAITING
                    "Z','Spec':{'Name':'late','TaskTemplate':{'Networks':[{'Target':'id-proxy'}]},"
                    "'EndpointSpec':{'Ports':[{'PublishedPort':80,'TargetPort':80,'PublishMode':'%s'}]}}}",
                    mode);
        fixture_task(&house.fixture, "late", WAITING, "new", "", "proxy", "");
        look(&house);
        expect_refusing(&house, refusing, false);
}

static void a_published_port_makes_ingress_a_suspect_too(void **state)
{
        expect_with_port("ingress", false);
}

static void a_port_of_the_node_itself_does_not(void **state)
{
        expect_with_port("host", true);
}

static void a_task_that_is_to_end_waits_for_nothing(void **state)
{
        _cleanup_house_ struct house house = {0};

        add_networks(&house, "");
        fixture_service(&house.fixture, "late", WAITING, "proxy", "", "");
        fixture_add(&house.fixture.tasks, "{'ID':'t','ServiceID':'id-late','CreatedAt':'" FIXTURE_DAY WAITING
                                          "Z','DesiredState':'shutdown','Status':{'State':'new'}}");
        look(&house);
        expect_refusing(&house, false, false);
        assert_int_equal(account(&house, "id-proxy")->stuck, 0);
}

static void a_task_whose_service_is_gone_convicts_nobody(void **state)
{
        _cleanup_house_ struct house house = {0};

        add_networks(&house, "");
        fixture_task(&house.fixture, "gone", WAITING, "new", "", "proxy", "");
        look(&house);
        expect_refusing(&house, false, false);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_task_long_in_new_convicts_its_only_network),
                cmocka_unit_test(a_task_that_has_just_begun_to_wait_says_nothing),
                cmocka_unit_test(a_short_wait_may_be_a_busy_allocator),
                cmocka_unit_test(a_short_wait_is_enough_when_a_younger_task_was_served_elsewhere),
                cmocka_unit_test(stuck_on_two_networks_convicts_neither),
                cmocka_unit_test(a_task_that_a_refusing_network_explains_accuses_no_other),
                cmocka_unit_test(of_two_networks_the_one_that_served_a_younger_task_is_healthy),
                cmocka_unit_test(of_two_networks_the_one_that_gave_a_younger_vip_is_healthy),
                cmocka_unit_test(what_was_served_before_the_wait_proves_nothing),
                cmocka_unit_test(a_network_made_for_the_service_is_healthy),
                cmocka_unit_test(a_network_made_for_the_service_but_half_owned_is_a_suspect),
                cmocka_unit_test(a_task_with_one_network_convicts_it_however_young_it_is),
                cmocka_unit_test(both_are_convicted_by_tasks_of_their_own),
                cmocka_unit_test(a_network_without_a_pool_explains_its_own_tasks),
                cmocka_unit_test(a_published_port_makes_ingress_a_suspect_too),
                cmocka_unit_test(a_port_of_the_node_itself_does_not),
                cmocka_unit_test(a_task_that_is_to_end_waits_for_nothing),
                cmocka_unit_test(a_task_whose_service_is_gone_convicts_nobody),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
