/* A network's creation request out of its inspect: the same network again, on another subnet. */

#include "base/text.h"
#include "move/plan.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define INSPECT_HEAD                                                                                         \
        "{\"Name\":\"proxy\",\"Id\":\"n3tn3tn3tn3tn3tn3tn3tn3tn\",\"Created\":\"2026-01-01T00:00:00Z\","     \
        "\"Scope\":"                                                                                         \
        "\"swarm\",\"Driver\":\"overlay\",\"EnableIPv6\":false,\"IPAM\":{\"Driver\":\"default\","            \
        "\"Options\":null,"                                                                                  \
        "\"Config\":[{\"Subnet\":\"10.0.1.0/24\""
#define INSPECT_TAIL                                                                                         \
        "}]},\"Internal\":true,\"Attachable\":true,\"Ingress\":false,\"ConfigFrom\":{\"Network\":\"\"},"     \
        "\"ConfigOnly\":false,\"Containers\":{\"lb-proxy\":{}},\"Options\":{"                                \
        "\"com.docker.network.driver.overlay.vxlanid_list\":\"4097\",\"encrypted\":\"\","                    \
        "\"com.docker.network.driver.mtu\":\"1400\"},\"Labels\":{\"a\":\"b\",\"c\":\"\\u00e4\\\"\"},"        \
        "\"Peers\":[]}\n"

static void request(const char *gateway, const struct request_change *change, char **ret_made)
{
        _cleanup_buffer_ struct buffer inspect = {0};

        buffer_format(&inspect, INSPECT_HEAD "%s" INSPECT_TAIL, gateway);
        assert_int_equal(request_of_network(&inspect, change, ret_made, NULL), 0);
}

static void everything_that_was_chosen_is_asked_for_again(void **state)
{
        _cleanup_free_ char *made = NULL;
        request(",\"Gateway\":\"10.0.1.1\"", &(struct request_change){0}, &made);

        (void)state;
        assert_string_equal(
                made,
                "{\"Name\":\"proxy\",\"CheckDuplicate\":true,\"Driver\":\"overlay\",\"Scope\":\"swarm\","
                "\"Internal\":true,\"Attachable\":true,\"EnableIPv6\":false,\"IPAM\":{\"Driver\":\"default\","
                "\"Config\":[{\"Subnet\":\"10.0.1.0/24\"}]},\"Options\":{\"encrypted\":\"\","
                "\"com.docker.network.driver.mtu\":\"1400\"},\"Labels\":{\"a\":\"b\",\"c\":\"\\u00e4\\\"\"}"
                "}");
}

static void the_vxlan_number_is_the_engines_to_choose(void **state)
{
        _cleanup_free_ char *made = NULL;
        request("", &(struct request_change){0}, &made);

        (void)state;
        assert_null(strstr(made, "vxlanid_list"));
        assert_null(strstr(made, "n3tn3t"));
}

static void another_subnet_is_all_that_differs(void **state)
{
        _cleanup_free_ char *old = NULL;
        request("", &(struct request_change){0}, &old);
        _cleanup_free_ char *new = NULL;
        request("", &(struct request_change){.subnet = "10.10.0.0/16"}, &new);

        (void)state;
        char *at = strstr(old, "10.0.1.0/24");
        assert_non_null(at);
        _cleanup_free_ char *expected =
                text_format("%.*s10.10.0.0/16%s", (int)(at - old), old, at + strlen("10.0.1.0/24"));
        assert_string_equal(new, expected);
}

static void a_gateway_keeps_its_distance_unless_the_engine_would_choose_it(void **state)
{
        static const struct {
                const char *gateway, *subnet, *expected;
        } cases[] = {
                {"10.0.1.1", NULL, NULL},
                {"10.0.1.1", "10.10.0.0/16", NULL},
                {"10.0.1.254", NULL, "10.0.1.254"},
                {"10.0.1.254", "10.10.0.0/16", "10.10.0.254"},
                {"10.0.1.2", "10.10.0.0/16", "10.10.0.2"},
                {"10.0.1.254", "10.10.0.0/29", NULL}, /* it does not fit */
                {"", "10.10.0.0/16", NULL},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_free_ char *gateway = text_format(",\"Gateway\":\"%s\"", cases[i].gateway);
                _cleanup_free_ char *made = NULL;
                request(gateway, &(struct request_change){.subnet = cases[i].subnet}, &made);
                _cleanup_free_ char *expected =
                        cases[i].expected ? text_format("\",\"Gateway\":\"%s\"}", cases[i].expected) : NULL;
                if (expected ? !strstr(made, expected) : strstr(made, "Gateway") != NULL)
                        fail_msg("%s in %s gives %s", cases[i].gateway, cases[i].subnet, made);
        }
}

/* step_network.c puts the lock's labels in the place of these bytes. */
static void a_hop_has_empty_labels_for_the_lock_to_fill(void **state)
{
        _cleanup_free_ char *made = NULL;
        request("", &(struct request_change){"headroom-hop-proxy", "10.20.0.0/22", "{}"}, &made);

        (void)state;
        const char *labels = strstr(made, "\"Labels\":{}");
        assert_non_null(labels);
        assert_null(strstr(labels + 1, "\"Labels\":{}"));
        assert_true(text_starts_with(made, "{\"Name\":\"headroom-hop-proxy\","));
        assert_non_null(strstr(made, "\"encrypted\":\"\""));
        assert_non_null(strstr(made, "\"Attachable\":true"));
}

/* An option or label that looks like the empty labels must not be taken for them. */
static void text_in_an_option_is_not_mistaken_for_the_labels(void **state)
{
        static const char inspect[] =
                "{\"Name\":\"p\",\"Scope\":\"swarm\",\"Driver\":\"overlay\",\"IPAM\":{\"Config\":[{"
                "\"Subnet\":\"10.0.1.0/24\"}]},\"Options\":{\"x\":\"\\\"Labels\\\":{}\"},\"Labels\":{}}";
        struct buffer body = {.bytes = (char *)inspect, .length = strlen(inspect)};
        _cleanup_free_ char *made = NULL;

        (void)state;
        assert_int_equal(request_of_network(&body, &(struct request_change){"h", NULL, "{}"}, &made, NULL),
                         0);
        assert_string_equal(strstr(made, "\"Labels\":{}"), "\"Labels\":{}}");
}

/* Engines take one with host bits, and tell it as it was asked for. */
static void a_subnet_with_host_bits_is_asked_for_again(void **state)
{
        static const char inspect[] = "{\"Name\":\"p\",\"IPAM\":{\"Config\":[{\"Subnet\":\"10.0.1.7/"
                                      "24\",\"Gateway\":\"10.0.1.1\"}]}}";
        const struct buffer body = {.bytes = (char *)inspect, .length = strlen(inspect)};
        _cleanup_free_ char *made = NULL;

        (void)state;
        assert_int_equal(request_of_network(&body, &(struct request_change){0}, &made, NULL), 0);
        assert_non_null(strstr(made, "[{\"Subnet\":\"10.0.1.7/24\"}]"));
}

static void a_network_without_a_subnet_gives_no_request(void **state)
{
        static const char *const bodies[] = {
                "{\"Name\":\"p\",\"IPAM\":{\"Config\":null}}",
                "{\"Name\":\"p\",\"IPAM\":{\"Config\":[{\"Subnet\":\"fd00::/64\"}]}}",
                "{}",
                "{",
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(bodies); i++) {
                struct buffer body = {.bytes = (char *)bodies[i], .length = strlen(bodies[i])};
                _cleanup_error_ struct error error = {0};
                char *made = NULL;
                assert_int_equal(request_of_network(&body, &(struct request_change){0}, &made, &error), -1);
                assert_int_equal(error.kind, ERROR_PROTOCOL);
                assert_null(made);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(everything_that_was_chosen_is_asked_for_again),
                cmocka_unit_test(the_vxlan_number_is_the_engines_to_choose),
                cmocka_unit_test(another_subnet_is_all_that_differs),
                cmocka_unit_test(a_gateway_keeps_its_distance_unless_the_engine_would_choose_it),
                cmocka_unit_test(a_hop_has_empty_labels_for_the_lock_to_fill),
                cmocka_unit_test(text_in_an_option_is_not_mistaken_for_the_labels),
                cmocka_unit_test(a_subnet_with_host_bits_is_asked_for_again),
                cmocka_unit_test(a_network_without_a_subnet_gives_no_request),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
