/* Which pages are told from a service's labels, and that no rule, however odd, gives one it does not name. */

#include "base/buffer.h"
#include "base/clock.h"
#include "move/page/traefik.h"
#include "move/page/traefik_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* "host/path host/path", those that a page can be told from; "?" when the rule is not understood. */
static char *ways_text(const char *rule, bool (*parse)(const char *, struct rule_ways *))
{
        _cleanup_rule_ways_ struct rule_ways ways = {0};
        struct buffer out = {0};

        if (!parse(rule, &ways)) {
                assert_int_equal(ways.items.count, 0);
                return text_copy("?");
        }
        for (size_t i = 0; i < ways.items.count; i++) {
                const struct rule_way *way = &ways.items.items[i];
                if (way->host && !way->obscure)
                        buffer_format(&out, "%s%s%s", out.length ? " " : "", way->host,
                                      way->path ? way->path : "/");
        }
        return out.length ? buffer_steal(&out) : text_copy("");
}

struct rule {
        const char *rule;
        const char *ways;
};

static void assert_ways(const struct rule *rules, size_t count,
                        bool (*parse)(const char *, struct rule_ways *))
{
        for (size_t i = 0; i < count; i++) {
                _cleanup_free_ char *ways = ways_text(rules[i].rule, parse);
                if (!text_equal(ways, rules[i].ways))
                        fail_msg("%s: \"%s\", not \"%s\"", rules[i].rule, ways, rules[i].ways);
        }
}

static void test_rules_of_v2_and_v3_name_their_hosts(void **state)
{
        static const struct rule rules[] = {
                {"Host(`a.example.org`)", "a.example.org/"},
                {"Host(\"a\")", "a/"},
                {"  host ( `a` , `b` ) ", "a/ b/"},
                {"Host(`a`) || Host(`b`,`c`)", "a/ b/ c/"},
                {"Host(`a`) && PathPrefix(`/x`)", "a/x"},
                {"PathPrefix(`/x`, `/y`) && Host(`a`)", "a/x a/y"},
                {"Host(`a`) && (Path(`/x`) || PathPrefix(`/y`)) || Host(`b`)", "a/x a/y b/"},
                {"(Host(`a`) || Host(`b`)) && Path(`/x`)", "a/x b/x"},
                {"Host(`a`) && PathPrefix(`/x`) && PathPrefix(`/x/y`)", "a/x/y"},
                {"Host(`a`) && PathPrefix(`/x`) && PathPrefix(`/y`)", ""},
                {"Host(`a`) && !PathPrefix(`/api`)", "a/"},
                {"Host(`a`) && !(Host(`b`) || PathPrefix(`/x`))", "a/"},
                {"!Host(`a`)", ""},
                {"!!Host(`a`)", ""},
                {"((((Host(`a`)))))", "a/"},
                {"Host(`a`) && Method(`GET`)", "a/"},
                {"Host(`a`) && Method(`POST`)", ""},
                {"Host(`a`) && Method(`POST`, `GET`)", "a/"},
                {"HostRegexp(`{sub:[a-z]+}.example.org`)", ""},
                {"Host(`a`) || HostRegexp(`.*`)", "a/"},
                {"HostSNI(`*`)", ""},
                {"Host(`a`) && Headers(`X-Token`, `hunter2`)", ""},
                {"Host(`a`) && Query(`token=x`)", ""},
                {"Host(`a`) && ClientIP(`10.0.0.0/8`)", ""},
                {"Host(`a`) && Host(`b`)", ""},
                {"Host(`a`) && Path(`/x/{id:[0-9]+}`)", ""},
                {"Host(`a`) && PathRegexp(`^/x`)", ""},
                {"Host(`*`)", ""},
                {"Host(``)", ""},
                {"Host(`${DOMAIN}`)", ""},
                {"Host(`{{ .Name }}.local`)", ""},
                {"Host(`a/../b`)", ""},
                {"Host(`a:80`)", ""},
                {"Host(`user@a`)", ""},
                {"Host(`-a`)", ""},
                {"Host(`a b`)", ""},
                {"Host(`a`) && Path(`x`)", ""},
                {"Host(`a`) && Path(`/x?y`)", ""},
                {"Host(`a`) && Path(`/x\r\nY: z`)", ""},
                {"PathPrefix(`/x`)", ""},
        };

        (void)state;
        assert_ways(rules, ELEMENTS(rules), rule_parse);
}

static void test_what_is_no_rule_is_not_understood(void **state)
{
        static const char *const rules[] = {
                "",
                " ",
                "a",
                "Host",
                "Host(",
                "Host()",
                "Host(`a`",
                "Host(`a)",
                "Host(a)",
                "Host('a')",
                "Host(`a`,)",
                "Host(`a`))",
                "(Host(`a`)",
                "Host(`a`) &",
                "Host(`a`) |",
                "Host(`a`) &&",
                "|| Host(`a`)",
                "!",
                "Host:a",
                "Host(`a`) Host(`b`)",
                "Host(`a`);",
                "Host(\"a\\\"\")",
                "(`a`)",
                "Host(`a` `b`)",
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rules); i++) {
                _cleanup_free_ char *ways = ways_text(rules[i], rule_parse);
                if (!text_equal(ways, "?"))
                        fail_msg("%s: \"%s\"", rules[i], ways);
        }
}

static void test_rules_of_v1_name_their_hosts(void **state)
{
        static const struct rule rules[] = {
                {"Host:a", "a/"},
                {"Host:a,b", "a/ b/"},
                {"Host: a , b", "a/ b/"},
                {"host:a;PathPrefix:/x", "a/x"},
                {"Host:a; PathPrefixStrip:/x,/y;", "a/x a/y"},
                {"HostRegexp:{sub:[a-z]+}.a", ""},
                {"Host:a;Headers:X,y", ""},
                {"PathPrefix:/x", ""},
                {"", ""},
                {";;", ""},
                {"Host:", "?"},
                {"Host:,", "?"},
                {"Host", "?"},
                {":a", ""},
                {"Host(`a`)", "?"},
        };

        (void)state;
        assert_ways(rules, ELEMENTS(rules), rule_parse_v1);
}

static void test_a_rule_of_any_size_is_read_in_bounds(void **state)
{
        struct buffer deep = {0};
        struct buffer wide = {0};

        (void)state;
        for (int i = 0; i < 100000; i++)
                buffer_add_text(&deep, "(");
        buffer_add_text(&deep, "Host(`a`)");
        buffer_add_text(&wide, "Host(`a`,`b`) && Path(`/x`,`/y`)");
        for (int i = 0; i < 100000; i++) {
                buffer_add_text(&deep, ")");
                buffer_add_text(&wide, " && Method(`GET`,`GET`)");
        }
        _cleanup_free_ char *deep_ways = ways_text(deep.bytes, rule_parse);
        _cleanup_free_ char *wide_ways = ways_text(wide.bytes, rule_parse);
        assert_string_equal(deep_ways, "?");
        assert_string_equal(wide_ways, "?");
        buffer_done(&deep);
        buffer_done(&wide);
}

static void test_any_words_are_read_without_harm(void **state)
{
        static const char *const pieces[] = {"Host", "(",         ")",       "`a`", "`/x`", ",",    "&&",
                                             "||",   "!",         " ",       "\"",  "`",    "Path", ":",
                                             ";",    "Host(`a`)", "Method(", "{",   "\\"};
        unsigned seed = (unsigned)clock_wall_ms();

        (void)state;
        print_message("seed %u\n", seed);
        for (int round = 0; round < 50000; round++) {
                struct buffer rule = {0};
                for (int i = rand_r(&seed) % 16; i > 0; i--)
                        buffer_add_text(&rule, pieces[(size_t)rand_r(&seed) % ELEMENTS(pieces)]);
                _cleanup_rule_ways_ struct rule_ways ways = {0};
                _cleanup_rule_ways_ struct rule_ways old = {0};
                if (rule_parse(buffer_text(&rule), &ways))
                        assert_true(ways.items.count > 0 && ways.items.count <= TRAEFIK_SITES_MAX);
                rule_parse_v1(buffer_text(&rule), &old);
                buffer_done(&rule);
        }
}

/* --- labels, by pairs of key and value; @ stands for what the keys of routers begin with --- */

static void read_pairs(const char *const *pairs, struct traefik_sites *ret_sites)
{
        _cleanup_traefik_labels_ struct traefik_labels labels = {0};

        for (; *pairs; pairs += 2) {
                bool router = pairs[0][0] == '@';
                struct traefik_label *label = list_add(&labels.items);
                label->key = text_format("%s%s", router ? "traefik.http.routers." : "", pairs[0] + router);
                label->value = text_copy(pairs[1]);
        }
        traefik_sites_of(&labels, ret_sites);
}

static char *sites_text(const char *const *pairs)
{
        static const char *const entries[] = {"any", "plain", "tls"};
        _cleanup_traefik_sites_ struct traefik_sites sites = {0};
        struct buffer out = {0};

        read_pairs(pairs, &sites);
        for (size_t i = 0; i < sites.items.count; i++)
                buffer_format(&out, "%s%s %s; ", sites.items.items[i].host, sites.items.items[i].path,
                              entries[sites.items.items[i].entry]);
        buffer_add_text(&out, sites.obscure ? "obscure" : "");
        return buffer_steal(&out);
}

#define LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_labels_say_which_sites_there_are_and_how_they_are_entered(void **state)
{
        const struct {
                const char *const *labels;
                const char *sites;
        } cases[] = {
                {LABELS("@drone.rule", "Host(`drone`)"), "drone/ any; "},
                {LABELS("@d.rule", "Host(`d`)", "@d.entrypoints", "web-secure"), "d/ tls; "},
                {LABELS("@d.rule", "Host(`d`)", "@d.entrypoints", "web, websecure"), "d/ tls; "},
                {LABELS("@d.rule", "Host(`d`)", "@d.entryPoints", "web"), "d/ plain; "},
                {LABELS("@d.rule", "Host(`d`)", "@d.entrypoints", "ssh"), "d/ any; "},
                {LABELS("@d.rule", "Host(`d`)", "@d.tls", "true"), "d/ tls; "},
                {LABELS("@d.rule", "Host(`d`)", "@d.tls", "false"), "d/ any; "},
                {LABELS("@d.rule", "Host(`d`)", "@d.tls.certresolver", "le"), "d/ tls; "},
                {LABELS("@d.rule", "Host(`d`)", "@e.tls", "true"), "d/ any; "},
                {LABELS("TRAEFIK.HTTP.Routers.D.Rule", "Host(`d`)", "@d.TLS", "true"), "d/ tls; "},
                {LABELS("@a.rule", "Host(`a`)", "@b.rule", "Host(`b`)"), "a/ any; b/ any; "},
                {LABELS("traefik.enable", "true", "@d.rule", "Host(`d`)"), "d/ any; "},
                {LABELS("traefik.enable", "False", "@d.rule", "Host(`d`)"), ""},
                {LABELS("@d.rule", "HostRegexp(`x`)"), "obscure"},
                {LABELS("@d.rule", "nonsense"), "obscure"},
                {LABELS("@d.rule", "Host(`d`)", "@e.rule", "nonsense"), "d/ any; obscure"},
                {LABELS("@d.middlewares", "Host(`d`)"), ""},
                {LABELS("traefik.http.middlewares.rule", "Host(`d`)"), ""},
                {LABELS("@rule", "Host(`d`)"), ""},
                {LABELS("traefik.tcp.routers.d.rule", "HostSNI(`d`)"), ""},
                {LABELS("traefik.frontend.rule", "Host:d,e;PathPrefix:/x"), "d/x any; e/x any; "},
                {LABELS("traefik.frontend.rule", "Host:d", "traefik.frontend.entryPoints", "http,https"),
                 "d/ tls; "},
                {LABELS("traefik.web.frontend.rule", "Host:d", "traefik.web.frontend.entryPoints", "http"),
                 "d/ plain; "},
                {LABELS("other.frontend.rule", "Host:d"), ""},
                {LABELS("@d.rule", ""), "obscure"},
                {LABELS("traefik.", ""), ""},
                {LABELS("", ""), ""},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_free_ char *sites = sites_text(cases[i].labels);
                if (!text_equal(sites, cases[i].sites))
                        fail_msg("%s=%s: \"%s\", not \"%s\"", cases[i].labels[0], cases[i].labels[1], sites,
                                 cases[i].sites);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rules_of_v2_and_v3_name_their_hosts),
                cmocka_unit_test(test_what_is_no_rule_is_not_understood),
                cmocka_unit_test(test_rules_of_v1_name_their_hosts),
                cmocka_unit_test(test_a_rule_of_any_size_is_read_in_bounds),
                cmocka_unit_test(test_any_words_are_read_without_harm),
                cmocka_unit_test(test_labels_say_which_sites_there_are_and_how_they_are_entered),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
