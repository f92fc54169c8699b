/*
 * A spec as bytes: what a move may change in it is one ID and the edits of its plan. Generated specs look as
 * an engine's do, and hold what a model of them would lose: numbers beyond a double, escapes, empty objects,
 * members nobody knows.
 */

#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "move/spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ROUNDS 500

#define NET_ID   "n3tn3tn3tn3tn3tn3tn3tn3tn"
#define HOP_ID   "h0ph0ph0ph0ph0ph0ph0ph0ph"
#define NEW_ID   "n3wn3wn3wn3wn3wn3wn3wn3wn"
#define OTHER_ID "0th3r0th3r0th3r0th3r0th3r"

static struct random_stream stream;

static void body_of(const char *spec, struct buffer *ret_body)
{
        buffer_format(ret_body,
                      "{\"ID\":\"s1\",\"Version\":{\"Index\":7},\"Spec\":%s,\"PreviousSpec\":{\"Networks\":[{"
                      "\"Target\":\"" NET_ID "\"}]}}\n",
                      spec);
}

/* The spec built from a service that has this one; NULL with `kind` set when it is refused. */
static char *build(const char *spec, const char *from, const char *to, const struct spec_edits *edits,
                   enum edits_wanted wanted, enum error_kind *ret_kind)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_buffer_ struct buffer built = {0};
        _cleanup_error_ struct error error = {0};

        body_of(spec, &body);
        if (spec_build(&body, from, to, edits, wanted, &built, &error) == 0)
                return buffer_steal(&built);
        if (!ret_kind)
                fail_msg("%s", error.sentence);
        *ret_kind = error.kind;
        return NULL;
}

static void add_network(struct buffer *out, const char *id)
{
        static const char *const rests[] = {"", ",\"Aliases\":[\"app\",\"\\u0061pp\"]",
                                            ",\"Aliases\":null,\"DriverOpts\":{\"x\":\"" NET_ID "\"}"};

        buffer_format(out, "%s{\"Target\":\"%s\"%s}", out->length ? "," : "", id,
                      rests[random_below(&stream, ELEMENTS(rests))]);
}

static void add_networks(struct buffer *out)
{
        static const char *const ids[] = {NET_ID, OTHER_ID, NET_ID, HOP_ID};
        uint64_t count = random_below(&stream, 5);

        for (uint64_t i = 0; i < count; i++)
                add_network(out, ids[random_below(&stream, ELEMENTS(ids))]);
}

static const char *any(const char *const *texts, size_t count)
{
        return texts[random_below(&stream, count)];
}
#define ANY(...) any((const char *const[]){__VA_ARGS__}, ELEMENTS(((const char *const[]){__VA_ARGS__})))

/* A spec as an engine might send it, with the ID in places that are none of the move's business. */
static char *random_spec(void)
{
        _cleanup_buffer_ struct buffer networks = {0};
        struct buffer out = {0};

        add_networks(&networks);
        buffer_format(&out,
                      "{\"Name\":\"%s\",\"Labels\":{%s},\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"%"
                      "s\",\"Env\":[%s]",
                      ANY("app", "\\u00e4pp", "a/p\\/p"),
                      ANY("", "\"net\":\"" NET_ID "\"", "\"Target\":\"" NET_ID "\",\"\":\"\\ud83d\\ude00\""),
                      ANY("x", "x@sha256:" NET_ID),
                      ANY("", "\"NET=" NET_ID "\"", "\"" NET_ID "\",\"U=\\u0000\\ud800\""));
        buffer_format(&out, ",\"StopGracePeriod\":%llu},\"Placement\":%s,\"ForceUpdate\":%s",
                      (unsigned long long)random_next(&stream), ANY("{}", "{\"Platforms\":[{}]}"),
                      ANY("0", "18446744073709551615", "1e400", "-0.0"));
        if (random_below(&stream, 4))
                buffer_format(&out, ",\"Networks\":[%s]", buffer_text(&networks));
        buffer_format(&out, "},\"Mode\":{\"Replicated\":{\"Replicas\":%llu}},\"Unknown\":%s",
                      (unsigned long long)random_next(&stream),
                      ANY("null", "[1.0,{\"Target\":\"" NET_ID "\"}]", "\"\\\"\""));
        if (random_below(&stream, 4) == 0)
                buffer_format(&out, ",\"Networks\":[%s]", buffer_text(&networks));
        buffer_add_text(&out, "}");
        return buffer_steal(&out);
}

/* The naive model: within each `"Networks":[...]`, whose objects end with the first `]}` outside aliases. */
static char *naive_retarget(const char *spec)
{
        static const char from[] = "{\"Target\":\"" NET_ID "\"";
        char *copy = text_copy(spec);
        char *networks = copy;

        while ((networks = strstr(networks, "\"Networks\":[")) != NULL) {
                char *end = networks;
                int depth = 0;
                do {
                        depth += *end == '[' || *end == '{';
                        depth -= *end == ']' || *end == '}';
                        end++;
                } while (depth || end <= networks + strlen("\"Networks\":"));
                for (char *at = networks; (at = strstr(at, from)) && at < end; at++)
                        memcpy(at + strlen("{\"Target\":\""), HOP_ID, strlen(HOP_ID));
                networks = end;
        }
        return copy;
}

static void a_move_changes_the_target_ids_and_no_other_byte(void **state)
{
        (void)state;
        for (int i = 0; i < ROUNDS; i++) {
                _cleanup_free_ char *spec = random_spec();
                _cleanup_free_ char *expected = naive_retarget(spec);
                _cleanup_free_ char *same = build(spec, NULL, NULL, NULL, EDITS_NONE, NULL);
                _cleanup_free_ char *moved = build(spec, NET_ID, HOP_ID, NULL, EDITS_NONE, NULL);
                assert_string_equal(same, spec);
                assert_string_equal(moved, expected);
                if (strstr(spec, "\"" HOP_ID "\""))
                        continue; /* going back would take the network that was on the hop's ID before along
                                   */
                _cleanup_free_ char *back = build(moved, HOP_ID, NET_ID, NULL, EDITS_NONE, NULL);
                assert_string_equal(back, spec);
        }
}

static void an_id_in_environment_labels_or_options_stays(void **state)
{
        static const char spec[] =
                "{\"Labels\":{\"Target\":\"" NET_ID "\"},\"TaskTemplate\":{\"ContainerSpec\":{"
                "\"Env\":[\"N=" NET_ID "\"]},\"Networks\":[{\"Target\":\"" NET_ID "\"},{"
                "\"Target\":\"" OTHER_ID "\",\"Aliases\":[\"" NET_ID "\"]},{\"Target\":\"" NET_ID "\"}]}}";
        static const char moved[] =
                "{\"Labels\":{\"Target\":\"" NET_ID "\"},\"TaskTemplate\":{\"ContainerSpec\":{"
                "\"Env\":[\"N=" NET_ID "\"]},\"Networks\":[{\"Target\":\"" HOP_ID "\"},{"
                "\"Target\":\"" OTHER_ID "\",\"Aliases\":[\"" NET_ID "\"]},{\"Target\":\"" HOP_ID "\"}]}}";

        (void)state;
        _cleanup_free_ char *built = build(spec, NET_ID, HOP_ID, NULL, EDITS_NONE, NULL);
        assert_string_equal(built, moved);
}

#define HEAD  "{\"Name\":\"a\",\"TaskTemplate\":{\"Networks\":[{\"Target\":\"" NET_ID "\"}],\"Placement\":{}}"
#define ADDED "{\"Parallelism\":1,\"FailureAction\":\"pause\",\"Order\":\"start-first\"}"
/* What the engine makes of it: every field there, in its own order. */
#define FILLED                                                                                               \
        "{\"Parallelism\":1,\"FailureAction\":\"pause\",\"Monitor\":5000000000,\"MaxFailureRatio\":0,"       \
        "\"Order\":"                                                                                         \
        "\"start-first\"}"

static const struct spec_edits inserted = {
        .items = {(struct spec_edit[]){{"UpdateConfig", NULL, ADDED, EDIT_UNTIL_END}}, 1, 1}};
static const struct spec_edits ordered = {
        .items = {(struct spec_edit[]){
                          {"UpdateConfig/Order", "\"stop-first\"", "\"start-first\"", EDIT_UNTIL_END},
                          {"RollbackConfig/Order", "\"stop-first\"", "\"start-first\"", EDIT_UNTIL_END}},
                  2, 2}};
static const struct spec_edits labelled = {
        .items = {(struct spec_edit[]){{"Labels/net", "\"proxy\"", "\"hop\"", EDIT_UNTIL_BACK},
                                       {"RollbackConfig", NULL, ADDED, EDIT_UNTIL_END}},
                  2, 2}};

/* An update that rolls back by itself, and a rollback without settings of its own. */
static const struct spec_edits rolling = {
        .items = {(struct spec_edit[]){
                          {"UpdateConfig/Order", "\"stop-first\"", "\"start-first\"", EDIT_UNTIL_END},
                          {"RollbackConfig", NULL, ADDED, EDIT_UNTIL_END}},
                  2, 2}};

static void an_inserted_update_config_goes_without_a_trace(void **state)
{
        static const char *const tails[] = {"}", ",\"Mode\":{}}"};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(tails); i++) {
                _cleanup_free_ char *spec = text_format(HEAD "%s", tails[i]);
                _cleanup_free_ char *away = build(spec, NET_ID, HOP_ID, &inserted, EDITS_AWAY, NULL);
                assert_non_null(strstr(away, ADDED));
                _cleanup_free_ char *back = build(away, HOP_ID, NET_ID, &inserted, EDITS_BACK, NULL);
                assert_non_null(strstr(back, ADDED));
                _cleanup_free_ char *end = build(back, NULL, NULL, &inserted, EDITS_NONE, NULL);
                assert_string_equal(end, spec);
        }
}

static void an_inserted_member_is_known_after_the_engine_wrote_it_anew(void **state)
{
        static const char *const formats[][2] = {
                {HEAD ",\"UpdateConfig\":" FILLED "}", HEAD "}"},
                {HEAD ",\"UpdateConfig\":" FILLED ",\"Mode\":{}}", HEAD ",\"Mode\":{}}"},
                {"{\"UpdateConfig\":" FILLED "}", "{}"},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(formats); i++) {
                _cleanup_free_ char *end = build(formats[i][0], NULL, NULL, &inserted, EDITS_NONE, NULL);
                assert_string_equal(end, formats[i][1]);
                _cleanup_free_ char *still = build(formats[i][0], NULL, NULL, &inserted, EDITS_AWAY, NULL);
                assert_string_equal(still, formats[i][0]);
        }
}

static void orders_that_are_there_are_changed_in_place_and_back(void **state)
{
        static const char spec[] =
                HEAD ",\"UpdateConfig\":{\"Parallelism\":18446744073709551615,\"Order\":\"stop-first\"},"
                     "\"RollbackConfig\":{\"Order\":\"stop-first\"}}";
        static const char away[] =
                HEAD ",\"UpdateConfig\":{\"Parallelism\":18446744073709551615,\"Order\":\"start-first\"},"
                     "\"RollbackConfig\":{\"Order\":\"start-first\"}}";

        (void)state;
        _cleanup_free_ char *built = build(spec, NULL, NULL, &ordered, EDITS_AWAY, NULL);
        assert_string_equal(built, away);
        _cleanup_free_ char *again = build(away, NULL, NULL, &ordered, EDITS_AWAY, NULL);
        assert_string_equal(again, away);
        _cleanup_free_ char *back = build(away, NULL, NULL, &ordered, EDITS_NONE, NULL);
        assert_string_equal(back, spec);
}

static void an_edit_until_back_leaves_with_the_hop_and_the_others_later(void **state)
{
        static const char spec[] = "{\"Labels\":{\"net\":\"proxy\"},\"TaskTemplate\":{}}";

        (void)state;
        _cleanup_free_ char *away = build(spec, NULL, NULL, &labelled, EDITS_AWAY, NULL);
        assert_non_null(strstr(away, "\"net\":\"hop\""));
        assert_non_null(strstr(away, "RollbackConfig"));
        _cleanup_free_ char *back = build(away, NULL, NULL, &labelled, EDITS_BACK, NULL);
        assert_non_null(strstr(back, "\"net\":\"proxy\""));
        assert_non_null(strstr(back, "RollbackConfig"));
        _cleanup_free_ char *end = build(back, NULL, NULL, &labelled, EDITS_NONE, NULL);
        assert_string_equal(end, spec);
}

static void an_inserted_rollback_config_goes_from_beside_an_edited_order(void **state)
{
        static const char spec[] = HEAD ",\"UpdateConfig\":{\"Order\":\"stop-first\"}}";
        static const char away[] =
                HEAD ",\"UpdateConfig\":{\"Order\":\"start-first\"},\"RollbackConfig\":" FILLED "}";

        (void)state;
        _cleanup_free_ char *built = build(spec, NULL, NULL, &rolling, EDITS_AWAY, NULL);
        assert_non_null(strstr(built, ADDED));
        _cleanup_free_ char *back = build(built, NULL, NULL, &rolling, EDITS_NONE, NULL);
        assert_string_equal(back, spec);
        _cleanup_free_ char *end = build(away, NULL, NULL, &rolling, EDITS_NONE, NULL);
        assert_string_equal(end, spec);
}

static void an_edited_member_that_somebody_else_changed_is_a_conflict(void **state)
{
        static const struct {
                const char *spec;
                const struct spec_edits *edits;
        } cases[] = {
                {HEAD ",\"UpdateConfig\":{\"Order\":\"\"},\"RollbackConfig\":{\"Order\":\"stop-first\"}}",
                 &ordered},
                {HEAD ",\"UpdateConfig\":{\"Order\":\"start-first\"}}", &ordered},
                {HEAD "}", &ordered},
                {HEAD ",\"UpdateConfig\":{\"Order\":\"stop-first\"}}", &inserted},
                {HEAD ",\"UpdateConfig\":null}", &inserted},
                {"{\"Labels\":{\"net\":\"else\"}}", &labelled},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                enum error_kind kind = ERROR_NONE;
                _cleanup_free_ char *away =
                        build(cases[i].spec, NULL, NULL, cases[i].edits, EDITS_AWAY, &kind);
                assert_null(away);
                assert_int_equal(kind, ERROR_CONFLICT);
                kind = ERROR_NONE;
                _cleanup_free_ char *end =
                        build(cases[i].spec, NULL, NULL, cases[i].edits, EDITS_NONE, &kind);
                assert_null(end);
                assert_int_equal(kind, ERROR_CONFLICT);
        }
}

static void doubled_and_case_variant_keys_are_refused(void **state)
{
        static const char *const specs[] = {
                "{\"Name\":\"a\",\"Name\":\"b\"}",
                "{\"Name\":\"a\",\"name\":\"b\"}",
                "{\"TaskTemplate\":{\"Networks\":[{\"Target\":\"" NET_ID "\",\"target\":\"x\"}]}}",
                "{\"TaskTemplate\":{\"Networks\":[]},\"tasktemplate\":{}}",
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(specs); i++) {
                enum error_kind kind = ERROR_NONE;
                _cleanup_free_ char *built = build(specs[i], NET_ID, HOP_ID, NULL, EDITS_NONE, &kind);
                assert_null(built);
                assert_int_not_equal(kind, ERROR_NONE);
        }
}

static void labels_that_differ_in_case_alone_are_users_names(void **state)
{
        _cleanup_free_ char *built = build(
                "{\"Labels\":{\"a\":\"1\",\"A\":\"2\"},\"TaskTemplate\":{\"Networks\":[{\"Target\":\"" NET_ID
                "\"}]}}",
                NET_ID, HOP_ID, NULL, EDITS_NONE, NULL);

        (void)state;
        assert_string_equal(
                built,
                "{\"Labels\":{\"a\":\"1\",\"A\":\"2\"},\"TaskTemplate\":{\"Networks\":[{\"Target\":\"" HOP_ID
                "\"}]}}");
}

static void what_is_no_service_is_refused(void **state)
{
        static const char *const bodies[] = {"", "{", "{}", "{\"Spec\":[]}", "null", "{\"Spec\":{}"};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(bodies); i++) {
                struct buffer body = {.bytes = (char *)bodies[i], .length = strlen(bodies[i])};
                _cleanup_buffer_ struct buffer built = {0};
                _cleanup_error_ struct error error = {0};
                assert_int_equal(spec_build(&body, NET_ID, HOP_ID, NULL, EDITS_NONE, &built, &error), -1);
                assert_int_equal(error.kind, ERROR_PROTOCOL);
        }
}

static void a_member_is_found_by_its_path_as_raw_bytes(void **state)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_free_ char *number = NULL;
        _cleanup_free_ char *missing = text_copy("untouched");

        (void)state;
        body_of("{\"A\":{\"B\":{\"C\":18446744073709551616.00}}}", &body);
        assert_int_equal(spec_member(&body, "A/B/C", &number, NULL), 0);
        assert_string_equal(number, "18446744073709551616.00");
        free(steal_pointer(missing));
        assert_int_equal(spec_member(&body, "A/X/C", &missing, NULL), 0);
        assert_null(missing);
}

/* A whole spec, part by part, so that one part can be told from another. */
static const char *const parts_of_a_spec[][3] = {
        /* path, as it is, as somebody else made it */
        {"Name", "\"Name\":\"app\"", "\"Name\":\"bpp\""},
        {"Labels", "\"Labels\":{\"l\":\"secret-label\"}", "\"Labels\":{\"l\":\"secret-label\",\"m\":\"\"}"},
        {"TaskTemplate.ContainerSpec.Image", "\"Image\":\"nginx:1\"", "\"Image\":\"nginx:2\""},
        {"TaskTemplate.ContainerSpec.Env", "\"Env\":[\"PASSWORD=hunter2\"]",
         "\"Env\":[\"PASSWORD=hunter3\"]"},
        {"TaskTemplate.Placement", "\"Placement\":{}", "\"Placement\":{\"MaxReplicas\":1}"},
        {"TaskTemplate.Networks", "\"Networks\":[{\"Target\":\"" NET_ID "\",\"Aliases\":[\"app\"]}]",
         "\"Networks\":[{\"Target\":\"" NET_ID "\",\"Aliases\":[\"app\",\"b\"]}]"},
        {"Mode", "\"Mode\":{\"Replicated\":{\"Replicas\":1}}", "\"Mode\":{\"Replicated\":{\"Replicas\":2}}"},
        {"EndpointSpec", "\"EndpointSpec\":{\"Mode\":\"vip\"}", "\"EndpointSpec\":{\"Mode\":\"dnsrr\"}"},
};
#define PARTS ELEMENTS(parts_of_a_spec)

/* `changed` PARTS: none. */
static char *spec_with(size_t changed)
{
#define PART(i) parts_of_a_spec[i][changed == (i) ? 2 : 1]
        return text_format("{%s,%s,\"TaskTemplate\":{\"ContainerSpec\":{%s,%s},%s,%s},%s,%s}", PART(0),
                           PART(1), PART(2), PART(3), PART(4), PART(5), PART(6), PART(7));
#undef PART
}

static void digest(const char *spec, const char *salt, struct spec_parts *ret_parts)
{
        static const char *const ids[] = {NET_ID, HOP_ID, NEW_ID, NULL};

        assert_int_equal(spec_digest(spec, strlen(spec), salt, ids, ret_parts, NULL), 0);
}

static void a_change_is_named_by_its_path_and_nothing_else_is(void **state)
{
        _cleanup_spec_parts_ struct spec_parts before = {0};
        _cleanup_free_ char *spec = spec_with(PARTS);

        (void)state;
        digest(spec, "salt", &before);
        for (size_t i = 0; i < PARTS; i++) {
                _cleanup_spec_parts_ struct spec_parts after = {0};
                _cleanup_free_ char *changed = spec_with(i);
                digest(changed, "salt", &after);
                _cleanup_free_ char *difference = spec_difference(&before, &after);
                assert_non_null(difference);
                assert_string_equal(difference, parts_of_a_spec[i][0]);
        }
}

static void parts_that_came_or_went_are_named(void **state)
{
        _cleanup_spec_parts_ struct spec_parts with = {0};
        _cleanup_spec_parts_ struct spec_parts without = {0};

        (void)state;
        digest("{\"Name\":\"a\",\"UpdateConfig\":{},\"TaskTemplate\":{\"ContainerSpec\":{\"User\":\"u\"}}}",
               "s", &with);
        digest("{\"Name\":\"a\",\"TaskTemplate\":{\"ContainerSpec\":{}}}", "s", &without);
        _cleanup_free_ char *gone = spec_difference(&with, &without);
        _cleanup_free_ char *came = spec_difference(&without, &with);
        assert_string_equal(gone, "UpdateConfig, TaskTemplate.ContainerSpec.User");
        assert_string_equal(came, gone);
}

static void the_networks_of_a_move_are_one_network_to_the_digest(void **state)
{
        static const char *const same[] = {NET_ID, HOP_ID, NEW_ID};
        _cleanup_spec_parts_ struct spec_parts before = {0};
        _cleanup_spec_parts_ struct spec_parts elsewhere = {0};
        _cleanup_free_ char *spec = spec_with(PARTS);

        (void)state;
        digest(spec, "salt", &before);
        for (size_t i = 0; i < ELEMENTS(same); i++) {
                _cleanup_spec_parts_ struct spec_parts now = {0};
                _cleanup_free_ char *moved = build(spec, NET_ID, same[i], NULL, EDITS_NONE, NULL);
                digest(moved, "salt", &now);
                assert_null(spec_difference(&before, &now));
        }
        _cleanup_free_ char *moved = build(spec, NET_ID, OTHER_ID, NULL, EDITS_NONE, NULL);
        digest(moved, "salt", &elsewhere);
        _cleanup_free_ char *difference = spec_difference(&before, &elsewhere);
        assert_string_equal(difference, "TaskTemplate.Networks");
}

/* Elsewhere the same bytes are a value like any other. */
static void an_id_outside_the_networks_counts(void **state)
{
        _cleanup_spec_parts_ struct spec_parts before = {0};
        _cleanup_spec_parts_ struct spec_parts after = {0};

        (void)state;
        digest("{\"Labels\":{\"n\":\"" NET_ID "\"}}", "s", &before);
        digest("{\"Labels\":{\"n\":\"" HOP_ID "\"}}", "s", &after);
        _cleanup_free_ char *difference = spec_difference(&before, &after);
        assert_string_equal(difference, "Labels");
}

static void a_digest_tells_no_value_and_depends_on_its_plan(void **state)
{
        static const char *const secrets[] = {"hunter2", "secret-label", "nginx", "app"};
        _cleanup_spec_parts_ struct spec_parts one = {0};
        _cleanup_spec_parts_ struct spec_parts other = {0};
        _cleanup_free_ char *spec = spec_with(PARTS);

        (void)state;
        digest(spec, "plan one", &one);
        digest(spec, "plan two", &other);
        assert_int_equal(one.items.count, PARTS);
        for (size_t i = 0; i < one.items.count; i++) {
                const struct spec_part *part = &one.items.items[i];
                assert_int_equal(strspn(part->digest, "0123456789abcdef"), PART_DIGEST_LENGTH);
                assert_string_not_equal(part->digest, other.items.items[i].digest);
                for (size_t j = 0; j < ELEMENTS(secrets); j++)
                        assert_null(strstr(part->path, secrets[j]));
        }
}

/* HEADROOM_SEED replays a failure. */
static int start_stream(void **state)
{
        uint64_t seed;

        (void)state;
        if (!text_to_u64(getenv("HEADROOM_SEED"), &seed) || !seed)
                seed = (uint64_t)clock_wall_ms();
        print_message("seed %llu\n", (unsigned long long)seed);
        stream.state = seed;
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_move_changes_the_target_ids_and_no_other_byte),
                cmocka_unit_test(an_id_in_environment_labels_or_options_stays),
                cmocka_unit_test(an_inserted_update_config_goes_without_a_trace),
                cmocka_unit_test(an_inserted_member_is_known_after_the_engine_wrote_it_anew),
                cmocka_unit_test(orders_that_are_there_are_changed_in_place_and_back),
                cmocka_unit_test(an_edit_until_back_leaves_with_the_hop_and_the_others_later),
                cmocka_unit_test(an_inserted_rollback_config_goes_from_beside_an_edited_order),
                cmocka_unit_test(an_edited_member_that_somebody_else_changed_is_a_conflict),
                cmocka_unit_test(doubled_and_case_variant_keys_are_refused),
                cmocka_unit_test(labels_that_differ_in_case_alone_are_users_names),
                cmocka_unit_test(what_is_no_service_is_refused),
                cmocka_unit_test(a_member_is_found_by_its_path_as_raw_bytes),
                cmocka_unit_test(a_change_is_named_by_its_path_and_nothing_else_is),
                cmocka_unit_test(parts_that_came_or_went_are_named),
                cmocka_unit_test(the_networks_of_a_move_are_one_network_to_the_digest),
                cmocka_unit_test(an_id_outside_the_networks_counts),
                cmocka_unit_test(a_digest_tells_no_value_and_depends_on_its_plan),
        };

        return cmocka_run_group_tests(tests, start_stream, NULL);
}
