/* Declared networks: what is understood, what is refused and with which words, what is asked for, and what is
 * drift. */

#include "swarm/declared.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct declared parse(const char *text)
{
        struct declared declared = {0};
        _cleanup_error_ struct error error = {0};

        if (declared_parse(text, strlen(text), "n.yaml", &declared, &error) < 0)
                fail_msg("%s", error.sentence);
        return declared;
}

static void refused(const char *text, const char *sentence)
{
        _cleanup_declared_ struct declared declared = {0};
        _cleanup_error_ struct error error = {0};

        if (declared_parse(text, strlen(text), "n.yaml", &declared, &error) == 0)
                fail_msg("understood: %s", text);
        assert_int_equal(error.kind, ERROR_USAGE);
        assert_string_equal(error.sentence, sentence);
}

#define FULL                                                                                                 \
        "version: '3.8'\n"                                                                                   \
        "x-mine: {a: b}\n"                                                                                   \
        "services: {app: {image: *what}}\n"                                                                  \
        "networks:\n"                                                                                        \
        "  edge:\n"                                                                                          \
        "    name: proxy\n"                                                                                  \
        "    driver: overlay\n"                                                                              \
        "    attachable: true\n"                                                                             \
        "    internal: true\n"                                                                               \
        "    driver_opts: {encrypted: '', com.docker.network.driver.mtu: 1400}\n"                            \
        "    labels: {who: ops, empty: , price: 5$$}\n"                                                      \
        "    ipam:\n"                                                                                        \
        "      driver: default\n"                                                                            \
        "      config:\n"                                                                                    \
        "        - subnet: 10.10.0.0/16\n"                                                                   \
        "          ip_range: 10.10.128.0/17\n"                                                               \
        "          gateway: 10.10.0.5\n"                                                                     \
        "  plain:\n"                                                                                         \
        "  theirs:\n"                                                                                        \
        "    external: true\n"

static void every_key_of_a_network_is_understood(void **state)
{
        _cleanup_declared_ struct declared declared = parse(FULL);
        const struct declared_network *network = declared.networks.items;
        _cleanup_free_ char *request = declared_request(network);
        _cleanup_free_ char *plain = declared_request(&declared.networks.items[1]);

        assert_int_equal(declared.networks.count, 3);
        assert_int_equal(network->line, 5);
        assert_true(declared.networks.items[2].external);
        assert_string_equal(
                request,
                "{\"Name\":\"proxy\",\"CheckDuplicate\":true,\"Driver\":\"overlay\",\"Scope\":\"swarm\","
                "\"Attachable\":true,\"Internal\":true,\"IPAM\":{\"Driver\":\"default\",\"Config\":[{"
                "\"Subnet\":\"10.10.0.0/16\",\"IPRange\":\"10.10.128.0/17\",\"Gateway\":\"10.10.0.5\"}]},"
                "\"Options\":{\"encrypted\":\"\",\"com.docker.network.driver.mtu\":\"1400\"},"
                "\"Labels\":{\"who\":\"ops\",\"empty\":\"\",\"price\":\"5$\"}}");
        assert_string_equal(plain,
                            "{\"Name\":\"plain\",\"CheckDuplicate\":true,\"Driver\":\"overlay\","
                            "\"Scope\":\"swarm\",\"Attachable\":false,\"Internal\":false,\"Options\":{},"
                            "\"Labels\":{}}");
}

static void labels_may_be_a_list(void **state)
{
        _cleanup_declared_ struct declared declared =
                parse("networks:\n  n:\n    labels:\n      - a=b=c\n      - d\n      - e=\n");
        const struct declared_pair *labels = declared.networks.items[0].labels.items.items;

        assert_int_equal(declared.networks.items[0].labels.items.count, 3);
        assert_string_equal(labels[0].key, "a");
        assert_string_equal(labels[0].value, "b=c");
        assert_string_equal(labels[1].key, "d");
        assert_string_equal(labels[1].value, "");
        assert_string_equal(labels[2].value, "");
}

#define NET(text) "networks:\n  n:\n    " text "\n"
#define KEYS      "only name, driver, attachable, internal, external, driver_opts, labels and ipam"

static void what_is_not_understood_is_refused_with_its_line(void **state)
{
        refused("", "n.yaml declares no network under networks:");
        refused("networks: {}\n", "n.yaml declares no network under networks:");
        refused("netwroks: {n: }\n", "n.yaml:1: a Compose file has no section netwroks");
        refused("- n\n", "n.yaml:1: a Compose file takes a section, not a list");
        refused("networks: [n]\n", "n.yaml:1: networks takes a section, not a list");
        refused("networks:\n  n: overlay\n", "n.yaml:2: n takes a section, not a single value");
        refused("networks: {'': {}}\n", "n.yaml:1: \"\" can't be a network's name: that has 1 to 63 letters, "
                                        "digits, - and _, and a letter or digit at both ends");
        refused("networks: {n.o: {}}\n", "n.yaml:1: \"n.o\" can't be a network's name: that has 1 to 63 "
                                         "letters, digits, - and _, and a letter or digit at both ends");
        refused("networks:\n  n:\n    name: -n\n", "n.yaml:2: \"-n\" can't be a network's name: that has 1 "
                                                   "to 63 letters, digits, - and _, and a "
                                                   "letter or digit at both ends");
        refused(NET("atachable: true"), "n.yaml:3: a network has no key atachable here, " KEYS);
        refused(NET("enable_ipv6: true"), "n.yaml:3: a network has no key enable_ipv6 here, " KEYS);
        refused(NET("attachable: yes"), "n.yaml:3: attachable takes true or false without quotes, not yes");
        refused(NET("attachable: 'true'"),
                "n.yaml:3: attachable takes true or false without quotes, not \"true\"");
        refused(NET("driver: bridge"),
                "n.yaml:3: n would be a bridge network; headroom makes overlays of the swarm only");
        refused(NET("driver_opts: [a]"), "n.yaml:3: driver_opts takes a section, not a list");
        refused(NET("driver_opts: {a: [b]}"), "n.yaml:3: a takes a single value, not a list");
        refused(NET("labels: [a=b, a]"), "n.yaml:3: the label a stands here a second time");
        refused(NET("labels: {a: $HOME}"), "n.yaml:3: headroom substitutes no variables: write the value "
                                           "out, or $$ for a dollar, in $HOME");
        refused(NET("labels: {a: b$}"), "n.yaml:3: headroom substitutes no variables: write the value out, "
                                        "or $$ for a dollar, in b$");
        refused(NET("labels: *l"),
                "n.yaml:3: labels is an alias; headroom follows none, write the value out");
}

#define CONFIG(text) NET("ipam:\n      config:\n        - {" text "}")

static void addresses_that_can_not_be_are_refused_with_their_line(void **state)
{
        refused(NET("ipam: {options: {a: b}}"),
                "n.yaml:3: ipam has no key options here, only driver and config");
        refused(NET("ipam: {driver: dhcp}"),
                "n.yaml:3: headroom knows the ipam driver default only, not dhcp");
        refused(CONFIG("subnet: lots"), "n.yaml:5: lots is no subnet like 10.10.0.0/16");
        refused(CONFIG("subnet: 10.10.0.1/16"), "n.yaml:5: 10.10.0.1/16 has host bits set, and the engine "
                                                "refuses it; did you mean 10.10.0.0/16?");
        refused(CONFIG("subnet: 'fd00::/64'"),
                "n.yaml:5: fd00::/64 is IPv6; the engine can't make IPv6 overlays with a given subnet "
                "(moby#52469)");
        refused(CONFIG("gateway: 10.0.0.1"), "n.yaml:5: ip_range and gateway need a subnet");
        refused(CONFIG("subnet: 10.10.0.0/16, gateway: 10.11.0.1"),
                "n.yaml:5: the gateway 10.11.0.1 is no address inside the subnet 10.10.0.0/16");
        refused(CONFIG("subnet: 10.10.0.0/16, gateway: 10.10.0.1/16"),
                "n.yaml:5: the gateway 10.10.0.1/16 is no address inside the subnet 10.10.0.0/16");
        refused(CONFIG("subnet: 10.10.0.0/16, ip_range: 10.0.0.0/8"),
                "n.yaml:5: the ip_range 10.0.0.0/8 is not inside the subnet 10.10.0.0/16");
        refused(CONFIG("subnet: 10.10.0.0/16, ip_range: 10.11.0.0/24"),
                "n.yaml:5: the ip_range 10.11.0.0/24 is not inside the subnet 10.10.0.0/16");
        refused(CONFIG("subnet: 10.10.0.0/16, aux_addresses: {a: b}"),
                "n.yaml:5: ipam.config has no key aux_addresses here, only subnet, ip_range and gateway");
        refused(NET("ipam: {config: [{subnet: 10.1.0.0/16}, {subnet: 10.2.0.0/16}]}"),
                "n.yaml:3: headroom makes networks with one subnet");
}

static void declarations_that_clash_are_refused(void **state)
{
        refused("networks:\n  a: {name: n}\n  b: {name: N}\n",
                "n.yaml:3: line 2 declares the network n already");
        refused("networks:\n  a: {ipam: {config: [{subnet: 10.0.0.0/8}]}}\n"
                "  b: {ipam: {config: [{subnet: 10.3.0.0/16}]}}\n",
                "n.yaml:3: 10.3.0.0/16 overlaps 10.0.0.0/8, the subnet of a (line 2)");
}

/* Drift */

#define FOUND                                                                                                \
        "{\"Name\":\"proxy\",\"Scope\":\"swarm\",\"Driver\":\"overlay\",\"EnableIPv6\":false,\"IPAM\":{"     \
        "\"Driver\":\"default\",\"Options\":null,\"Config\":[{\"Subnet\":\"10.10.0.0/16\","                  \
        "\"IPRange\":\"10.10.128.0/17\",\"Gateway\":\"10.10.0.5\"}]},\"Internal\":true,\"Attachable\":true," \
        "\"Options\":{\"encrypted\":\"\",\"com.docker.network.driver.mtu\":\"1400\","                        \
        "\"com.docker.network.driver.overlay.vxlanid_list\":\"4097\"},\"Labels\":{\"who\":\"ops\","          \
        "\"empty\":\"\",\"price\":\"5$\",\"com.docker.stack.namespace\":\"x\"}}"

/* The differences between the first network of FULL and what is found, a line each. */
static char *compare(const char *found)
{
        _cleanup_declared_ struct declared declared = parse(FULL);
        _cleanup_json_ struct json_document *document = NULL;
        _cleanup_differences_ struct differences differences = {0};
        struct buffer lines = {0};

        assert_int_equal(json_parse(found, strlen(found), &document, NULL), 0);
        declared_compare(declared.networks.items, document, json_root(document), &differences);
        buffer_add_text(&lines, "");
        for (size_t i = 0; i < differences.items.count; i++)
                buffer_format(&lines, "%s: %s, %s\n", differences.items.items[i].field,
                              differences.items.items[i].declared, differences.items.items[i].found);
        return lines.bytes ? buffer_steal(&lines) : text_copy("");
}

static void what_is_as_declared_is_no_drift(void **state)
{
        _cleanup_free_ char *lines = compare(FOUND);

        assert_string_equal(lines, "");
}

static void each_field_drifts_by_its_name(void **state)
{
        static const struct {
                const char *from, *to, *line;
        } cases[] = {
                {"\"overlay\"", "\"bridge\"", "driver: overlay, bridge\n"},
                {"\"swarm\"", "\"local\"", "scope: swarm, local\n"},
                {"\"Attachable\":true", "\"Attachable\":false", "attachable: true, false\n"},
                {"\"Internal\":true", "\"Internal\":false", "internal: true, false\n"},
                {"10.10.0.0/16", "10.0.1.0/24", "ipam.subnet: 10.10.0.0/16, 10.0.1.0/24\n"},
                {"\"10.10.0.0/16\"", "\"10.10.0.0/16\"},{\"Subnet\":\"10.9.0.0/16\"",
                 "ipam.subnet: 10.10.0.0/16, 10.10.0.0/16, 10.9.0.0/16\nipam.ip_range: 10.10.128.0/17, none\n"
                 "ipam.gateway: 10.10.0.5, none\n"},
                {"\"IPRange\":\"10.10.128.0/17\",", "", "ipam.ip_range: 10.10.128.0/17, none\n"},
                {"\"10.10.0.5\"", "\"10.10.0.1\"", "ipam.gateway: 10.10.0.5, 10.10.0.1\n"},
                {"\"encrypted\":\"\",", "", "driver_opts.encrypted: , none\n"},
                {"1400", "1450", "driver_opts.com.docker.network.driver.mtu: 1400, 1450\n"},
                {"\"encrypted\":\"\"", "\"encrypted\":\"\",\"more\":\"1\"", "driver_opts.more: none, 1\n"},
                {"\"ops\"", "\"dev\"", "labels.who: ops, dev\n"},
                {"\"who\":\"ops\",", "", "labels.who: ops, none\n"},
                {"\"who\"", "\"other\":\"1\",\"who\"", "labels.other: none, 1\n"},
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                const char *at = strstr(FOUND, cases[i].from);
                assert_non_null(at);
                _cleanup_free_ char *found = text_format("%.*s%s%s", (int)(at - FOUND), FOUND, cases[i].to,
                                                         at + strlen(cases[i].from));
                _cleanup_free_ char *lines = compare(found);
                assert_string_equal(lines, cases[i].line);
        }
}

static void what_is_not_declared_is_the_engines_to_choose(void **state)
{
        _cleanup_declared_ struct declared declared = parse("networks:\n  n:\n");
        _cleanup_json_ struct json_document *document = NULL;
        _cleanup_differences_ struct differences differences = {0};
        static const char found[] =
                "{\"Name\":\"n\",\"Scope\":\"swarm\",\"Driver\":\"overlay\",\"IPAM\":{"
                "\"Config\":[{\"Subnet\":\"10.0.7.0/24\",\"Gateway\":\"10.0.7.1\"}]},"
                "\"Options\":{\"com.docker.network.driver.overlay.vxlanid_list\":\"4100\"},"
                "\"Labels\":null}";

        assert_int_equal(json_parse(found, strlen(found), &document, NULL), 0);
        declared_compare(declared.networks.items, document, json_root(document), &differences);
        assert_int_equal(differences.items.count, 0);
        assert_true(declared_is_allocated(document, json_root(document)));
}

/* As 20.10 lists a network whose subnet overlaps another. */
static void a_network_without_addresses_is_known_as_one(void **state)
{
        static const char found[] =
                "{\"Name\":\"lap\",\"Scope\":\"swarm\",\"Driver\":\"\",\"IPAM\":{\"Driver\":\"\",\"Options\":"
                "null,"
                "\"Config\":null},\"Internal\":false,\"Attachable\":false,\"Options\":null,\"Labels\":null}";
        _cleanup_json_ struct json_document *document = NULL;

        assert_int_equal(json_parse(found, strlen(found), &document, NULL), 0);
        assert_false(declared_is_allocated(document, json_root(document)));
}

static void no_damage_is_worse_than_a_sentence(void **state)
{
        static const char bytes[] = "\n \t:-[]{}#&*!|>'\"%@`,?$/\x80";
        size_t length = strlen(FULL);

        for (size_t i = 0; i < 2 * length; i++) {
                _cleanup_free_ char *changed = text_copy(FULL);
                _cleanup_declared_ struct declared declared = {0};
                _cleanup_error_ struct error error = {0};
                changed[i % length] = i < length ? bytes[i % (sizeof(bytes) - 1)] : 0;
                if (declared_parse(changed, strlen(changed), "n.yaml", &declared, &error) < 0)
                        assert_memory_equal(error.sentence, "n.yaml", 6);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_key_of_a_network_is_understood),
                cmocka_unit_test(labels_may_be_a_list),
                cmocka_unit_test(what_is_not_understood_is_refused_with_its_line),
                cmocka_unit_test(addresses_that_can_not_be_are_refused_with_their_line),
                cmocka_unit_test(declarations_that_clash_are_refused),
                cmocka_unit_test(what_is_as_declared_is_no_drift),
                cmocka_unit_test(each_field_drifts_by_its_name),
                cmocka_unit_test(what_is_not_declared_is_the_engines_to_choose),
                cmocka_unit_test(a_network_without_addresses_is_known_as_one),
                cmocka_unit_test(no_damage_is_worse_than_a_sentence),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
