/*
 * Who holds what: the rules by which a survey becomes accounts. The network of most tests is proxy, a /28
 * with its gateway at 10.0.1.1: 13 addresses to hand out.
 */

#include "swarm_fixture.h"

#include "pool/account.h"

#define CAPACITY 13
#define WORKED   "10:00:00" /* long ago: nothing of it is waiting */

struct books {
        struct fixture fixture;
        struct swarm swarm;
        struct accounts accounts;
};

static void books_done(struct books *books)
{
        accounts_done(&books->accounts);
        swarm_done(&books->swarm);
        fixture_done(&books->fixture);
}
#define _cleanup_books_ _cleanup_(books_done)

static void proxy(struct books *books, const char *more)
{
        fixture_network(&books->fixture, "proxy", "10.0.1.0/28", "10.0.1.1", more);
}

static void task(struct books *books, const char *state, const char *node, const char *address)
{
        fixture_task(&books->fixture, "web", WORKED, state, node, "proxy", address);
}

static const struct account *account(struct books *books, const char *network_id)
{
        fixture_read(&books->fixture, &books->swarm);
        accounts_of(&books->swarm, "*", &books->accounts);
        const struct account *found = account_of_network(&books->accounts, network_id);
        if (!found)
                fail_msg("no account of %s", network_id);
        return found;
}

static const struct account *proxy_account(struct books *books)
{
        return account(books, "id-proxy");
}

static const struct holder *holder_of(const struct account *a, enum holder_kind kind)
{
        for (size_t i = 0; i < a->holders.count; i++)
                if (a->holders.items[i].kind == kind)
                        return &a->holders.items[i];
        fail_msg("nobody is a %s", holder_kind_name(kind));
        return NULL;
}

static void assert_interval(struct interval interval, uint64_t min, uint64_t max)
{
        assert_int_equal(interval.min, min);
        assert_int_equal(interval.max, max);
}

/* ---- who holds ---- */

static void vips_tasks_and_nodes_own_and_the_gateway_does_not(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books, "");
        fixture_service(&books.fixture, "web", WORKED, "proxy", "10.0.1.2/28", "");
        task(&books, "running", "n1", "10.0.1.3/28");
        task(&books, "running", "n1", "10.0.1.4/28");
        const struct account *a = proxy_account(&books);
        assert_int_equal(a->capacity, CAPACITY);
        assert_int_equal(a->counts[HOLDER_GATEWAY], 1);
        assert_int_equal(a->counts[HOLDER_VIP], 1);
        assert_int_equal(a->counts[HOLDER_TASK], 2);
        assert_int_equal(a->counts[HOLDER_NODE], 1);
        assert_int_equal(a->owned, 4);
        assert_string_equal(holder_of(a, HOLDER_TASK)->name, "web.1");
        assert_string_equal(holder_of(a, HOLDER_TASK)->node, "n1");
        assert_string_equal(holder_of(a, HOLDER_TASK)->state, "running");
}

static void a_terminal_task_holds_nothing(void **state)
{
        static const char *const terminal[] = {"complete", "shutdown", "failed",
                                               "rejected", "remove",   "orphaned"};

        for (size_t i = 0; i < ELEMENTS(terminal); i++) {
                _cleanup_books_ struct books books = {0};

                proxy(&books, "");
                fixture_service(&books.fixture, "web", WORKED, "proxy", "", "");
                task(&books, terminal[i], "n1", "10.0.1.3/28");
                const struct account *a = proxy_account(&books);
                assert_int_equal(a->owned, 0); /* nor does its node need an endpoint */
                assert_int_equal(a->counts[HOLDER_TASK], 0);
        }
}

static void every_state_up_to_running_holds(void **state)
{
        static const char *const live[] = {"new",       "allocated", "pending",  "assigned", "accepted",
                                           "preparing", "ready",     "starting", "running"};

        for (size_t i = 0; i < ELEMENTS(live); i++) {
                _cleanup_books_ struct books books = {0};

                proxy(&books, "");
                fixture_service(&books.fixture, "web", WORKED, "proxy", "", "");
                task(&books, live[i], "n1", "10.0.1.3/28");
                assert_int_equal(proxy_account(&books)->counts[HOLDER_TASK], 1);
        }
}

static void a_task_in_a_state_of_a_newer_engine_counts_as_holding(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books, "");
        fixture_service(&books.fixture, "web", WORKED, "proxy", "", "");
        task(&books, "hibernating", "n1", "10.0.1.3/28");
        const struct account *a = proxy_account(&books);
        assert_int_equal(a->counts[HOLDER_TASK], 1);
        assert_string_equal(holder_of(a, HOLDER_TASK)->state, "unknown");
}

static void a_task_whose_service_is_gone_still_holds(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books, "");
        task(&books, "running", "n1", "10.0.1.3/28");
        assert_string_equal(holder_of(proxy_account(&books), HOLDER_TASK)->name, "task1");
}

static void a_service_without_a_vip_yet_holds_none(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books, "");
        fixture_service(&books.fixture, "web", WORKED, "proxy", "", "");
        fixture_add(
                &books.fixture.services,
                "{'ID':'id-new','Spec':{'Name':'new'},'Endpoint':{'VirtualIPs':[{'NetworkID':'id-proxy'}]}}");
        assert_int_equal(proxy_account(&books)->counts[HOLDER_VIP], 0);
}

static void endpoints_of_other_nodes_are_inferred_and_have_no_address(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books, "");
        fixture_service(&books.fixture, "web", WORKED, "proxy", "", "");
        task(&books, "running", "n2", "10.0.1.3/28");
        task(&books, "running", "n2", "10.0.1.4/28");
        const struct account *a = proxy_account(&books);
        assert_int_equal(a->counts[HOLDER_NODE], 1); /* not n1 and n3, which have no task of it */
        const struct holder *node = holder_of(a, HOLDER_NODE);
        assert_string_equal(node->name, "n2");
        assert_true(node->inferred);
        assert_false(node->address_known);
        assert_ptr_equal(node, &a->holders.items[a->holders.count - 1]);
}

static void this_nodes_endpoint_is_seen_with_its_address(void **state)
{
        static const char *const ids[] = {"lb-proxy", "ingress-sbox"};

        for (size_t i = 0; i < ELEMENTS(ids); i++) {
                _cleanup_books_ struct books books = {0};
                _cleanup_free_ char *seen = text_format(
                        "'Containers':{'%s':{'Name':'proxy-endpoint','IPv4Address':'10.0.1.9/28'}}", ids[i]);

                proxy(&books, seen);
                const struct account *a = proxy_account(&books);
                const struct holder *node = holder_of(a, HOLDER_NODE);
                assert_false(node->inferred);
                assert_true(node->address_known);
                assert_int_equal(node->address, 0x0a000109);
                assert_int_equal(a->counts[HOLDER_LOCAL], 0);
                assert_int_equal(a->owned, 1);
        }
}

static void ingress_has_an_endpoint_on_every_node(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books, "'Ingress':true");
        const struct account *a = proxy_account(&books);
        assert_int_equal(a->counts[HOLDER_NODE], 3);
        assert_int_equal(a->owned, 3);
}

static void a_standalone_container_is_an_attachment_under_the_name_its_node_shows(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books, "'Containers':{'c1':{'Name':'toolbox','IPv4Address':'10.0.1.5/28'}}");
        fixture_add(&books.fixture.tasks,
                    "{'ID':'a1','NodeID':'n1','DesiredState':'running','Status':{'State':'running'},'Spec':{"
                    "'Runtime':'attachment'},'NetworksAttachments':[{'Network':{'ID':'id-proxy'},'Addresses':"
                    "['10.0.1.5/28']}]}");
        const struct account *a = proxy_account(&books);
        assert_int_equal(a->counts[HOLDER_ATTACHMENT], 1);
        assert_int_equal(a->counts[HOLDER_TASK], 0);
        assert_int_equal(a->counts[HOLDER_LOCAL], 0);
        assert_string_equal(holder_of(a, HOLDER_ATTACHMENT)->name, "toolbox");
        assert_int_equal(a->owned, 2); /* and n1's endpoint */
}

static void an_endpoint_that_nobody_handed_out_is_shown_but_owns_nothing(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books, "'Containers':{'c1':{'Name':'stranger','IPv4Address':'10.0.1.5/28'}}");
        const struct account *a = proxy_account(&books);
        assert_int_equal(a->counts[HOLDER_LOCAL], 1);
        assert_string_equal(holder_of(a, HOLDER_LOCAL)->name, "stranger");
        assert_int_equal(a->owned, 0);
}

static void holders_stand_in_the_order_of_addresses(void **state)
{
        _cleanup_books_ struct books books = {0};
        static const uint32_t order[] = {0x0a000101, 0x0a000102, 0x0a000103, 0x0a00010c};

        proxy(&books, "");
        fixture_service(&books.fixture, "web", WORKED, "proxy", "10.0.1.3/28", "");
        task(&books, "running", "n2", "10.0.1.12/28");
        task(&books, "running", "n2", "10.0.1.2/28");
        const struct account *a = proxy_account(&books);
        assert_int_equal(a->holders.count, ELEMENTS(order) + 1);
        for (size_t i = 0; i < ELEMENTS(order); i++)
                assert_int_equal(a->holders.items[i].address, order[i]);
        assert_false(a->holders.items[ELEMENTS(order)].address_known);
}

/* ---- how many there are ---- */

static void holders_are_counted_alike_whether_they_are_listed_or_not(void **state)
{
        static const char *const listed[] = {NULL, "id-other", "id-proxy"};
        _cleanup_books_ struct books books = {0};

        proxy(&books, "");
        fixture_service(&books.fixture, "web", WORKED, "proxy", "10.0.1.3/28", "");
        task(&books, "running", "n2", "10.0.1.12/28");
        task(&books, "running", "n1", "10.0.1.2/28");
        const struct account *all = proxy_account(&books);
        assert_int_equal(all->owned, 5);
        for (size_t i = 0; i < ELEMENTS(listed); i++) {
                _cleanup_accounts_ struct accounts accounts = {0};
                accounts_of(&books.swarm, listed[i], &accounts);
                const struct account *a = account_of_network(&accounts, "id-proxy");
                assert_non_null(a);
                assert_memory_equal(a->counts, all->counts, sizeof(a->counts));
                assert_int_equal(a->owned, all->owned);
                assert_int_equal(a->holders.count,
                                 text_equal(listed[i], "id-proxy") ? all->holders.count : 0);
        }
}

static void an_ip_range_bounds_what_can_be_handed_out(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books,
              "'IPAM':{'Config':[{'Subnet':'10.0.1.0/24','IPRange':'10.0.1.64/29','Gateway':'10.0.1.1'}"
              "]}");
        assert_int_equal(proxy_account(&books)->capacity, 8);
}

/* Engines take one with host bits, and tell it as it was asked for. */
static void a_range_with_host_bits_bounds_as_one_without(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books,
              "'IPAM':{'Config':[{'Subnet':'10.0.1.0/24','IPRange':'10.0.1.67/29','Gateway':'10.0.1.1'}"
              "]}");
        assert_int_equal(proxy_account(&books)->capacity, 8);
}

static void a_range_at_the_edge_loses_network_and_gateway(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books,
              "'IPAM':{'Config':[{'Subnet':'10.0.1.0/24','IPRange':'10.0.1.0/29','Gateway':'10.0.1.1'}]}");
        assert_int_equal(proxy_account(&books)->capacity, 6);
}

static void several_subnets_add_up_and_ipv6_does_not_count(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books,
              "'IPAM':{'Config':[{'Subnet':'10.0.1.0/28','Gateway':'10.0.1.1'},"
              "{'Subnet':'10.0.2.0/29','Gateway':'10.0.2.1'},{'Subnet':'fd00::/64','Gateway':'fd00::1'}]}");
        assert_int_equal(proxy_account(&books)->capacity, CAPACITY + 5);
}

static void of_a_network_without_ipv4_nothing_is_claimed(void **state)
{
        static const char *const subnets[] = {"fd00::/64", "", "10.0.1.0/99", "word"};

        for (size_t i = 0; i < ELEMENTS(subnets); i++) {
                _cleanup_books_ struct books books = {0};
                _cleanup_free_ char *ipam =
                        text_format("'IPAM':{'Config':[{'Subnet':'%s','Gateway':'fd00::1'}]}", subnets[i]);
                proxy(&books, ipam);
                const struct account *a = proxy_account(&books);
                assert_false(a->counted);
                assert_int_equal(a->verdict, VERDICT_UNCOUNTED);
                assert_false(account_leaked_known(a));
        }
}

static void only_overlays_have_accounts_and_ingress_is_the_first(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books, "");
        fixture_network(&books.fixture, "ingress", "10.0.9.0/24", "10.0.9.1", "'Ingress':true");
        fixture_network(&books.fixture, "low", "10.0.0.0/24", "10.0.0.1", "");
        fixture_network(&books.fixture, "bridge", "172.17.0.0/16", "172.17.0.1",
                        "'Driver':'bridge','Scope':'local'");
        proxy_account(&books);
        assert_int_equal(books.accounts.items.count, 3);
        assert_string_equal(books.accounts.items.items[0].network->name, "ingress");
        assert_string_equal(books.accounts.items.items[1].network->name, "low");
        assert_string_equal(books.accounts.items.items[2].network->name, "proxy");
}

/* ---- what is leaked ---- */

static void the_engines_own_count_gives_the_exact_leaks(void **state)
{
        _cleanup_books_ struct books books = {0};

        /* 9 in use: network, broadcast, gateway, the VIP, and 5 that nobody has */
        proxy(&books, "'Status':{'IPAM':{'Subnets':{'10.0.1.0/28':{'IPsInUse':9,'DynamicIPsAvailable':7}}}}");
        fixture_service(&books.fixture, "web", WORKED, "proxy", "10.0.1.2/28", "");
        const struct account *a = proxy_account(&books);
        assert_interval(a->leaked, 5, 5);
        assert_interval(a->free, 7, 7);
        assert_true(account_leaked_known(a));
        assert_int_equal(a->verdict, VERDICT_LEAKING);
}

static void more_owned_than_the_engine_counts_is_no_negative_leak(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books,
              "'Status':{'IPAM':{'Subnets':{'10.0.1.0/28':{'IPsInUse':3,'DynamicIPsAvailable':13}}}}");
        fixture_service(&books.fixture, "web", WORKED, "proxy", "10.0.1.2/28", "");
        const struct account *a = proxy_account(&books);
        assert_interval(a->leaked, 0, 0);
        assert_int_equal(a->verdict, VERDICT_FINE);
}

static void a_status_of_one_subnet_of_two_is_not_taken_for_the_whole(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books, "'IPAM':{'Config':[{'Subnet':'10.0.1.0/28','Gateway':'10.0.1.1'},{'Subnet':'10.0.2.0/"
                      "28','Gateway':"
                      "'10.0.2.1'}]},'Status':{'IPAM':{'Subnets':{'10.0.1.0/"
                      "28':{'IPsInUse':9,'DynamicIPsAvailable':7}}}}");
        assert_false(account_leaked_known(proxy_account(&books)));
}

static void without_a_status_leaks_are_an_interval_up_to_all_that_nobody_owns(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books, "");
        fixture_service(&books.fixture, "web", WORKED, "proxy", "10.0.1.2/28", "");
        const struct account *a = proxy_account(&books);
        assert_interval(a->leaked, 0, CAPACITY - 1);
        assert_interval(a->free, 0, CAPACITY - 1);
        assert_false(account_leaked_known(a));
        assert_int_equal(a->verdict, VERDICT_UNPROVEN);
}

static void a_refusing_pool_makes_the_exact_rest_leaked(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books, "");
        fixture_service(&books.fixture, "web", WORKED, "proxy", "10.0.1.2/28", "");
        task(&books, "running", "n1", "10.0.1.3/28");
        fixture_service(&books.fixture, "late", "11:58:00", "proxy", "", "");
        fixture_task(&books.fixture, "late", "11:58:00", "new", "", "proxy", "");
        const struct account *a = proxy_account(&books);
        assert_true(a->refusing);
        assert_int_equal(a->owned, 3);
        assert_interval(a->leaked, CAPACITY - 3, CAPACITY - 3);
        assert_interval(a->free, 0, 0);
        assert_int_equal(a->verdict, VERDICT_FULL);
}

static void a_pool_that_is_all_owned_is_full_and_leaks_nothing(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books, "");
        fixture_service(&books.fixture, "web", WORKED, "proxy", "", "");
        for (int i = 0; i < CAPACITY - 1; i++) {
                _cleanup_free_ char *address = text_format("10.0.1.%d/28", 2 + i);
                task(&books, "running", "n1", address);
        }
        const struct account *a = proxy_account(&books);
        assert_int_equal(a->owned, CAPACITY);
        assert_interval(a->leaked, 0, 0);
        assert_int_equal(a->verdict, VERDICT_FULL);
}

static void four_fifths_owned_is_nearly_full(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books, "");
        fixture_service(&books.fixture, "web", WORKED, "proxy", "", "");
        for (int i = 0; i < 10; i++) {
                _cleanup_free_ char *address = text_format("10.0.1.%d/28", 2 + i);
                task(&books, "running", "n1", address);
        }
        assert_int_equal(proxy_account(&books)->verdict, VERDICT_NEAR_FULL); /* 11 of 13, with the node's */
}

static void a_network_without_a_gateway_was_never_given_a_pool(void **state)
{
        _cleanup_books_ struct books books = {0};

        fixture_network(&books.fixture, "proxy", "10.0.1.0/28", "", "");
        assert_int_equal(proxy_account(&books)->verdict, VERDICT_UNALLOCATED);
}

static void a_network_without_any_subnet_was_never_given_a_pool(void **state)
{
        _cleanup_books_ struct books books = {0};

        proxy(&books, "'IPAM':{'Config':null}");
        const struct account *a = proxy_account(&books);
        assert_int_equal(a->capacity, 0);
        assert_int_equal(a->verdict, VERDICT_UNALLOCATED);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(vips_tasks_and_nodes_own_and_the_gateway_does_not),
                cmocka_unit_test(a_terminal_task_holds_nothing),
                cmocka_unit_test(every_state_up_to_running_holds),
                cmocka_unit_test(a_task_in_a_state_of_a_newer_engine_counts_as_holding),
                cmocka_unit_test(a_task_whose_service_is_gone_still_holds),
                cmocka_unit_test(a_service_without_a_vip_yet_holds_none),
                cmocka_unit_test(endpoints_of_other_nodes_are_inferred_and_have_no_address),
                cmocka_unit_test(this_nodes_endpoint_is_seen_with_its_address),
                cmocka_unit_test(ingress_has_an_endpoint_on_every_node),
                cmocka_unit_test(a_standalone_container_is_an_attachment_under_the_name_its_node_shows),
                cmocka_unit_test(an_endpoint_that_nobody_handed_out_is_shown_but_owns_nothing),
                cmocka_unit_test(holders_stand_in_the_order_of_addresses),
                cmocka_unit_test(holders_are_counted_alike_whether_they_are_listed_or_not),
                cmocka_unit_test(an_ip_range_bounds_what_can_be_handed_out),
                cmocka_unit_test(a_range_with_host_bits_bounds_as_one_without),
                cmocka_unit_test(a_range_at_the_edge_loses_network_and_gateway),
                cmocka_unit_test(several_subnets_add_up_and_ipv6_does_not_count),
                cmocka_unit_test(of_a_network_without_ipv4_nothing_is_claimed),
                cmocka_unit_test(only_overlays_have_accounts_and_ingress_is_the_first),
                cmocka_unit_test(the_engines_own_count_gives_the_exact_leaks),
                cmocka_unit_test(more_owned_than_the_engine_counts_is_no_negative_leak),
                cmocka_unit_test(a_status_of_one_subnet_of_two_is_not_taken_for_the_whole),
                cmocka_unit_test(without_a_status_leaks_are_an_interval_up_to_all_that_nobody_owns),
                cmocka_unit_test(a_refusing_pool_makes_the_exact_rest_leaked),
                cmocka_unit_test(a_pool_that_is_all_owned_is_full_and_leaks_nothing),
                cmocka_unit_test(four_fifths_owned_is_nearly_full),
                cmocka_unit_test(a_network_without_a_gateway_was_never_given_a_pool),
                cmocka_unit_test(a_network_without_any_subnet_was_never_given_a_pool),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
