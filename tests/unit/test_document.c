#include "json/json.h"

#include "base/random.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

/* Parses bytes that end where their memory ends, so that a read beyond them is caught by the sanitizer. */
static bool accepts_bytes(const char *bytes, size_t length)
{
        _cleanup_json_ struct json_document *document = NULL;
        _cleanup_error_ struct error error = {0};
        _cleanup_free_ char *exact = memory_new(length, 1);

        if (length)
                memcpy(exact, bytes, length);
        if (json_parse(exact, length, &document, &error) == 0)
                return true;
        assert_null(document);
        assert_int_equal(error.kind, ERROR_PROTOCOL);
        assert_non_null(strstr(error.sentence, "byte"));
        return false;
}

static bool accepts(const char *text)
{
        return accepts_bytes(text, strlen(text));
}

static struct json_document *parse(const char *text)
{
        struct json_document *document = NULL;
        _cleanup_error_ struct error error = {0};

        if (json_parse(text, strlen(text), &document, &error) < 0)
                fail_msg("%s: %s", text, error.sentence);
        return document;
}

static bool plain_keys(const char *text)
{
        _cleanup_json_ struct json_document *document = parse(text);
        _cleanup_error_ struct error error = {0};

        if (json_require_plain_keys(document, json_root(document), NULL, &error) == 0)
                return true;
        assert_int_equal(error.kind, ERROR_PROTOCOL);
        return false;
}

static void accepts_what_the_rfc_accepts(void **state)
{
        static const char *const texts[] = {
                "null",
                "true",
                "false",
                "0",
                "-0",
                "1e400",
                "-1.5E-7",
                "0.0",
                "0e0",
                "[]",
                "{}",
                " \t\r\n[ ] ",
                "\"\"",
                "[1,[2,{\"a\":[]}],{}]",
                "{\"\":0}",
                "{\"a\":1,\"a\":2}",
                "\"\\u0000\"",
                "\"\\ud800\"",
                "\"\x7f\"",
                "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\uABcd\"",
                "340282366920938463463374607431768211456",
        };

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                if (!accepts(texts[i]))
                        fail_msg("refused: %s", texts[i]);
        }
}

static const char *const refused_texts[] = {
        "",
        " ",
        "nul",
        "nulL",
        "nullx",
        "True",
        "NaN",
        "Infinity",
        "-Infinity",
        "-",
        "+1",
        "01",
        "-01",
        "00",
        "1.",
        ".5",
        "1e",
        "1e+",
        "1.e1",
        "0x10",
        "1 2",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1",
        "]",
        "[}",
        "{]",
        "{\"a\":1,}",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\" 1}",
        "{a:1}",
        "{1:1}",
        "{\"a\":1 \"b\":2}",
        "[]]",
        "{}{}",
        "'a'",
        "// c\n1",
        "1 /* c */",
        "\"",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"a\nb\"",
        "\"a\tb\"",
        "\xef\xbb\xbf[]",
        "\f1",
        "[1]\v",
        "\xc2\xa0[]",
};

static void refuses_what_the_rfc_refuses(void **state)
{
        for (size_t i = 0; i < ELEMENTS(refused_texts); i++) {
                if (accepts(refused_texts[i]))
                        fail_msg("accepted: %s", refused_texts[i]);
        }
        assert_false(accepts_bytes("1\0", 2));
        assert_false(accepts_bytes("\0", 1));
        assert_false(accepts_bytes("\"a\0b\"", 5));
        assert_false(accepts_bytes("\"\\\0\"", 4));
        assert_false(accepts_bytes(NULL, 0));
}

static void refuses_invalid_utf8_wherever_it_stands(void **state)
{
        static const char *const bad[] = {
                "\x80",
                "\xbf",
                "\xc0\x80",
                "\xc1\xbf",
                "\xc3",
                "\xc3(",
                "\xe0\x80\x80",
                "\xe0\x9f\xbf",
                "\xe2\x82",
                "\xe2(\xa1",
                "\xed\xa0\x80",
                "\xed\xbf\xbf",
                "\xf0\x80\x80\x80",
                "\xf0\x8f\xbf\xbf",
                "\xf0\x9f\x98",
                "\xf4\x90\x80\x80",
                "\xf5\x80\x80\x80",
                "\xf8\x88\x80\x80\x80",
                "\xfe",
                "\xff",
        };
        static const char *const good[] = {"\xc2\x80",         "\xdf\xbf",         "\xe0\xa0\x80",
                                           "\xed\x9f\xbf",     "\xee\x80\x80",     "\xef\xbf\xbf",
                                           "\xf0\x90\x80\x80", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"};

        for (size_t before = 0; before < 18; before++) {
                for (size_t i = 0; i < ELEMENTS(bad); i++) {
                        _cleanup_free_ char *value =
                                text_format("\"%.*s%s~\"", (int)before, "abcdefghijklmnopqr", bad[i]);
                        _cleanup_free_ char *key = text_format("{%s:1}", value);

                        assert_false(accepts(value));
                        assert_false(accepts(key));
                        assert_false(
                                accepts_bytes(value, strlen(value) - 2)); /* it ends inside the sequence */
                }
                for (size_t i = 0; i < ELEMENTS(good); i++) {
                        _cleanup_free_ char *value =
                                text_format("\"%.*s%s~\"", (int)before, "abcdefghijklmnopqr", good[i]);

                        assert_true(accepts(value));
                }
        }
        assert_false(accepts("[\xc3\xa9]"));
}

static void strings_keep_every_plain_byte_at_every_length(void **state)
{
        char text[40];

        for (size_t length = 0; length < 24; length++) {
                for (size_t at = 0; at < length; at++) {
                        for (int byte = 1; byte < 128; byte++) {
                                bool plain = byte >= 0x20 && byte != '"' && byte != '\\';

                                snprintf(text, sizeof(text), "\"%.*s\"", (int)length,
                                         "....................................");
                                text[1 + at] = (char)byte;
                                if (byte != '\\')
                                        assert_int_equal(accepts(text), plain);
                        }
                }
        }
}

static void depth_128_is_read_and_129_refused(void **state)
{
        for (size_t depth = JSON_DEPTH_MAX - 1; depth <= JSON_DEPTH_MAX + 1; depth++) {
                _cleanup_buffer_ struct buffer arrays = {0}, objects = {0};

                for (size_t i = 0; i < depth; i++) {
                        buffer_add_text(&arrays, "[");
                        buffer_add_text(&objects, i + 1 < depth ? "{\"a\":" : "{");
                }
                for (size_t i = 0; i < depth; i++) {
                        buffer_add_text(&arrays, "]");
                        buffer_add_text(&objects, "}");
                }
                assert_int_equal(accepts(arrays.bytes), depth <= JSON_DEPTH_MAX);
                assert_int_equal(accepts(objects.bytes), depth <= JSON_DEPTH_MAX);
        }
        _cleanup_buffer_ struct buffer hostile = {0};
        for (int i = 0; i < 1000000; i++)
                buffer_add_text(&hostile, "[");
        assert_false(accepts(hostile.bytes));
}

static void a_document_cut_at_any_byte_is_refused(void **state)
{
        static const char text[] = "{\"ID\":\"x\\u00e9\\ud83d\\ude00\xc3\xa9\",\"N\":[1.5e+3,true,false,null,"
                                   "{},[]] , \"V\" : {\"Index\":18446744073709551615}}";

        for (size_t length = 0; length < sizeof(text) - 1; length++)
                assert_false(accepts_bytes(text, length));
        assert_true(accepts_bytes(text, sizeof(text) - 1));
}

static void too_many_bytes_are_refused_unread(void **state)
{
        _cleanup_json_ struct json_document *document = NULL;
        _cleanup_error_ struct error error = {0};

        assert_int_equal(json_parse("1", JSON_SIZE_MAX + 1, &document, &error), -1);
        assert_int_equal(error.kind, ERROR_PROTOCOL);
}

static void a_refusal_tells_the_byte(void **state)
{
        static const struct {
                const char *text;
                const char *place;
        } cases[] = {{"[1,x]", "byte 3:"},      {"{\"a\":1,}", "byte 7:"}, {"\"ab\xff\"", "byte 3:"},
                     {"[\"a\\q\"]", "byte 3:"}, {"[1", "byte 2:"},         {"", "byte 0:"},
                     {"1 2", "byte 2:"},        {"[-]", "byte 2:"}};

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_json_ struct json_document *document = NULL;
                _cleanup_error_ struct error error = {0};

                assert_int_equal(json_parse(cases[i].text, strlen(cases[i].text), &document, &error), -1);
                if (!strstr(error.sentence, cases[i].place))
                        fail_msg("%s: %s", cases[i].text, error.sentence);
        }
}

static void numbers_reach_the_bounds_of_64_bits(void **state)
{
        static const struct {
                const char *text;
                bool is_u64, is_i64;
                uint64_t u64;
                int64_t i64;
        } cases[] = {
                {"0", true, true, 0, 0},
                {"-0", false, true, 0, 0},
                {"-1", false, true, 0, -1},
                {"9223372036854775807", true, true, INT64_MAX, INT64_MAX},
                {"9223372036854775808", true, false, (uint64_t)INT64_MAX + 1, 0},
                {"-9223372036854775808", false, true, 0, INT64_MIN},
                {"-9223372036854775809", false, false, 0, 0},
                {"18446744073709551615", true, false, UINT64_MAX, 0},
                {"18446744073709551616", false, false, 0, 0},
                {"184467440737095516150", false, false, 0, 0},
                {"100000000000000000000000000000000", false, false, 0, 0},
                {"1.0", false, false, 0, 0},
                {"1e3", false, false, 0, 0},
                {"1e400", false, false, 0, 0},
                {"\"1\"", false, false, 0, 0},
                {"null", false, false, 0, 0},
                {"[1]", false, false, 0, 0},
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_json_ struct json_document *document = parse(cases[i].text);
                uint64_t u64 = 0;
                int64_t i64 = 0;

                assert_int_equal(json_u64(document, json_root(document), &u64), cases[i].is_u64);
                assert_int_equal(json_i64(document, json_root(document), &i64), cases[i].is_i64);
                assert_true(u64 == cases[i].u64 && i64 == cases[i].i64); /* written on success only */
        }
}

static void strings_are_decoded(void **state)
{
        static const struct {
                const char *json;
                const char *text;
        } cases[] = {
                {"\"\"", ""},
                {"\"web\"", "web"},
                {"\"a\\u003cb\\u0026c\"", "a<b&c"},
                {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
                {"\"\\u00e9\\u20ac\\uFFFF\"", "\xc3\xa9\xe2\x82\xac\xef\xbf\xbf"},
                {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
                {"\"\\udbff\\udfff\\n\"", "\xf4\x8f\xbf\xbf\n"},
                {"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\\t\"", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\t"},
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_json_ struct json_document *document = parse(cases[i].json);
                _cleanup_free_ char *text = json_text(document, json_root(document));
                _cleanup_free_ char *longer = text_format("%sx", cases[i].text);

                assert_string_equal(text, cases[i].text);
                assert_true(json_text_is(document, json_root(document), cases[i].text));
                assert_false(json_text_is(document, json_root(document), longer));
                if (*text) {
                        text[strlen(text) - 1] = 0;
                        assert_false(json_text_is(document, json_root(document), text));
                }
        }
}

static void no_c_string_is_made_of_nul_or_half_a_surrogate_pair(void **state)
{
        static const char *const strings[] = {
                "\"\\u0000\"",        "\"a\\u0000b\"",      "\"\\ud800\"",    "\"\\udc00\\ud800\"",
                "\"\\ud83d\\ud83d\"", "\"\\ud83dx\"",       "\"\\ud83d\\n\"", "\"\\ud83d\\u0041\"",
                "\"\\ud83d\\ue000\"", "\"\\ud83d\\udbff\"", "\"\\udfff\""};

        for (size_t i = 0; i < ELEMENTS(strings); i++) {
                _cleanup_free_ char *object = text_format("{%s:%s}", strings[i], strings[i]);
                _cleanup_json_ struct json_document *document = parse(object);
                json_node member = json_first(document, json_root(document));

                assert_null(json_text(document, member));
                assert_null(json_key(document, member));
                assert_false(json_text_is(document, member, ""));
                assert_false(json_text_is(document, member, "a"));
                assert_int_equal(json_get(document, json_root(document), ""), JSON_NONE);
        }
}

static void members_are_found_by_exact_key_and_the_last_wins(void **state)
{
        _cleanup_json_ struct json_document *document =
                parse("{\"Name\":1,\"name\":2,\"N\\u0061me\":3,\"Nam\":4,\"\":5,\"\\u00e9\":6,\"Spec\":{"
                      "\"Name\":7}}");
        json_node root = json_root(document);
        uint64_t value = 0;

        assert_true(json_u64(document, json_get(document, root, "Name"), &value) && value == 3);
        assert_true(json_u64(document, json_get(document, root, "name"), &value) && value == 2);
        assert_true(json_u64(document, json_get(document, root, ""), &value) && value == 5);
        assert_true(json_u64(document, json_get(document, root, "\xc3\xa9"), &value) && value == 6);
        assert_true(json_u64(document, json_path(document, root, "Spec", "Name", NULL), &value) &&
                    value == 7);
        assert_int_equal(json_get(document, root, "NAME"), JSON_NONE);
        assert_int_equal(json_get(document, root, "Na"), JSON_NONE);
        assert_int_equal(json_path(document, root, "Spec", "None", "Name", NULL), JSON_NONE);
        assert_int_equal(json_path(document, root, "Name", "Name", NULL), JSON_NONE);
        assert_int_equal(json_path(document, root, NULL), root);
}

static void members_looked_for_together_are_those_looked_for_alone(void **state)
{
        static const struct json_name keys[] = {JSON_NAME("c"), JSON_NAME("none"), JSON_NAME("a"),
                                                JSON_NAME("b"), JSON_NAME("Name"), JSON_NAME("")};
        static const char *const texts[] = {
                "{\"a\":1,\"b\":2,\"c\":3}",
                "{\"c\":3,\"x\":0,\"N\\u0061me\":1,\"b\":2,\"a\":1}",
                "{\"a\":1,\"a\":2,\"c\":3,\"a\":4,\"c\":5,\"\":6}",
                "{}",
                "[1]",
        };

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                _cleanup_json_ struct json_document *document = parse(texts[i]);
                json_node root = json_root(document);
                json_node together[ELEMENTS(keys)];

                json_get_each(document, root, keys, ELEMENTS(keys), together);
                for (size_t j = 0; j < ELEMENTS(keys); j++)
                        assert_int_equal(together[j], json_get(document, root, keys[j].text));
        }
        _cleanup_json_ struct json_document *document = parse("{\"a\":1}");
        json_node one;
        json_get_each(document, JSON_NONE, keys, 1, &one);
        assert_int_equal(one, JSON_NONE);
}

static void a_plain_string_is_seen_where_it_lies(void **state)
{
        static const char text[] = "[\"plain \xc3\xa9\",\"\",\"esc\\n\",1,null,{}]";
        static const char *const plain[] = {"plain \xc3\xa9", "", NULL, NULL, NULL, NULL};
        _cleanup_json_ struct json_document *document = parse(text);
        size_t i = 0;

        json_for_each (child, document, json_root(document)) {
                const char *bytes = NULL;
                size_t length = 0;

                assert_int_equal(json_plain(document, child, &bytes, &length), plain[i] != NULL);
                if (plain[i]) {
                        assert_int_equal(length, strlen(plain[i]));
                        assert_memory_equal(bytes, plain[i], length);
                        assert_ptr_equal(bytes, text + json_offset(document, child) + 1);
                }
                i++;
        }
        assert_int_equal(i, ELEMENTS(plain));
}

static void children_come_in_order_with_keys_and_ranges(void **state)
{
        static const char text[] =
                " { \"a\" : [ 1 , [ ] , { } ] , \"b\" : { \"c\" : \"d\" } , \"e\" : null } ";
        static const char *const keys[] = {"a", "b", "e"};
        static const char *const values[] = {"[ 1 , [ ] , { } ]", "{ \"c\" : \"d\" }", "null"};
        _cleanup_json_ struct json_document *document = parse(text);
        size_t i = 0;

        json_for_each (member, document, json_root(document)) {
                _cleanup_free_ char *key = json_key(document, member);

                assert_true(i < ELEMENTS(keys));
                assert_string_equal(key, keys[i]);
                assert_int_equal(json_length(document, member), strlen(values[i]));
                assert_memory_equal(json_bytes(document, member), values[i], strlen(values[i]));
                assert_ptr_equal(json_bytes(document, member), text + json_offset(document, member));
                i++;
        }
        assert_int_equal(i, 3);
        assert_int_equal(json_count(document, json_root(document)), 3);
        json_node a = json_get(document, json_root(document), "a");
        assert_int_equal(json_count(document, a), 3);
        json_for_each (child, document, a)
                assert_null(json_key(document, child));
        assert_int_equal(json_count(document, json_next(document, json_first(document, a))), 0);
        assert_int_equal(json_length(document, json_root(document)), strlen(text) - 2);
}

static void a_missing_value_is_taken_by_every_accessor(void **state)
{
        _cleanup_json_ struct json_document *document = parse("[\"x\"]");
        uint64_t u64;
        int64_t i64;

        assert_int_equal(json_type(document, JSON_NONE), JSON_NULL);
        assert_int_equal(json_offset(document, JSON_NONE), 0);
        assert_int_equal(json_length(document, JSON_NONE), 0);
        assert_non_null(json_bytes(document, JSON_NONE));
        assert_int_equal(json_first(document, JSON_NONE), JSON_NONE);
        assert_int_equal(json_next(document, JSON_NONE), JSON_NONE);
        assert_int_equal(json_get(document, JSON_NONE, "a"), JSON_NONE);
        assert_int_equal(json_count(document, JSON_NONE), 0);
        assert_null(json_key(document, JSON_NONE));
        assert_null(json_text(document, JSON_NONE));
        assert_false(json_text_is(document, JSON_NONE, ""));
        assert_false(json_text_is(document, json_first(document, json_root(document)), NULL));
        assert_false(json_u64(document, JSON_NONE, &u64));
        assert_false(json_i64(document, JSON_NONE, &i64));
        assert_false(json_bool(document, JSON_NONE));
        assert_int_equal(json_require_plain_keys(document, JSON_NONE, NULL, NULL), 0);
        assert_null(json_free(NULL));
}

static void only_true_is_true(void **state)
{
        _cleanup_json_ struct json_document *document = parse("[true,false,null,1,\"true\"]");
        size_t count = 0;

        json_for_each (child, document, json_root(document))
                count += json_bool(document, child);
        assert_int_equal(count, 1);
        assert_true(json_bool(document, json_first(document, json_root(document))));
}

static void keys_the_engine_would_merge_are_refused(void **state)
{
        assert_true(plain_keys("{\"a\":{\"x\":1},\"b\":{\"x\":1},\"aa\":[{\"x\":1},{\"x\":2}]}"));
        assert_true(plain_keys("[]"));
        assert_true(plain_keys("{\"\":1}"));
        assert_true(plain_keys("{\"\\u0000\":1,\"\":2,\"\\u0000a\":3}"));
        assert_false(plain_keys("{\"a\":1,\"b\":2,\"a\":3}"));
        assert_false(plain_keys("{\"Name\":1,\"b\":2,\"nAME\":3}"));
        assert_false(plain_keys("{\"Name\":1,\"N\\u0041me\":3}"));
        assert_false(plain_keys("[1,{\"b\":[{\"c\":{\"d\":1,\"D\":1}}]}]"));
        assert_false(plain_keys("{\"Tasks\":1,\"Ta\xc5\xbfks\":2}"));   /* long s */
        assert_false(plain_keys("{\"Task\":1,\"Tas\xe2\x84\xaa\":2}")); /* Kelvin sign */
        assert_false(plain_keys("{\"\\ud800\":1,\"\\udc00\":2}"));
}

static void plain_keys_looks_below_its_node_only(void **state)
{
        _cleanup_json_ struct json_document *document =
                parse("{\"a\":{\"x\":1},\"b\":{\"x\":1,\"X\":2},\"c\":{\"x\":1}}");
        json_node root = json_root(document);

        assert_int_equal(json_require_plain_keys(document, json_get(document, root, "a"), NULL, NULL), 0);
        assert_int_equal(json_require_plain_keys(document, json_get(document, root, "b"), NULL, NULL), -1);
        assert_int_equal(json_require_plain_keys(document, json_get(document, root, "c"), NULL, NULL), 0);
        assert_int_equal(json_require_plain_keys(document, root, NULL, NULL), -1);
}

static void maps_of_users_may_have_keys_that_differ_in_case(void **state)
{
        static const char *const maps[] = {"Labels", NULL};
        _cleanup_json_ struct json_document *document =
                parse("{\"Labels\":{\"x\":1,\"X\":2},\"b\":{\"Labels\":{\"x\":1,\"x\":2}},\"c\":{\"x\":1,"
                      "\"X\":2}}");
        json_node root = json_root(document);

        assert_int_equal(json_require_plain_keys(document, json_get(document, root, "Labels"), maps, NULL),
                         0);
        assert_int_equal(json_require_plain_keys(document, json_get(document, root, "b"), maps, NULL), -1);
        assert_int_equal(json_require_plain_keys(document, json_get(document, root, "c"), maps, NULL), -1);
}

static void many_keys_are_compared_in_less_than_quadratic_time(void **state)
{
        _cleanup_buffer_ struct buffer text = {0};

        buffer_add_text(&text, "{");
        for (int i = 0; i < 200000; i++)
                buffer_format(&text, "%s\"key%d\":0", i ? "," : "", i);
        buffer_add_text(&text, "}");
        assert_true(plain_keys(text.bytes)); /* quadratic: 40 thousand million comparisons */
}

/* The naive model: a random document is written while what it should say is kept as a list of (depth, key,
 * text). */
struct model {
        struct random_stream random;
        struct buffer text;
        LIST(struct {
                size_t offset;
                size_t length;
        })
        values; /* in the order in which they begin */
};

static void model_blank(struct model *model)
{
        static const char *const blanks[] = {"", "", "", " ", "\n\t", "\r\n  "};

        buffer_add_text(&model->text, blanks[random_below(&model->random, ELEMENTS(blanks))]);
}

static void model_value(struct model *model, int depth)
{
        static const char *const scalars[] = {"null",
                                              "true",
                                              "-1.5e3",
                                              "18446744073709551615",
                                              "\"web\"",
                                              "\"\\\"]},\\\\\"",
                                              "\"\xc3\xa9\\u0000{[\""};
        size_t index = model->values.count;

        list_add(&model->values)->offset = model->text.length;
        uint64_t choice = random_below(&model->random, depth < 6 ? 4 : 2);
        if (choice < 2) {
                buffer_add_text(&model->text, scalars[random_below(&model->random, ELEMENTS(scalars))]);
        } else {
                uint64_t count = random_below(&model->random, 4);

                buffer_add_text(&model->text, choice == 2 ? "[" : "{");
                for (uint64_t i = 0; i < count; i++) {
                        buffer_add_text(&model->text, i ? "," : "");
                        model_blank(model);
                        if (choice == 3)
                                buffer_format(&model->text, "\"k%d\\\"\" :", (int)i);
                        model_blank(model);
                        model_value(model, depth + 1);
                        model_blank(model);
                }
                buffer_add_text(&model->text, choice == 2 ? "]" : "}");
        }
        model->values.items[index].length = model->text.length - model->values.items[index].offset;
}

static void walk(const struct json_document *document, json_node node, const struct model *model, size_t *at)
{
        assert_true(*at < model->values.count);
        assert_int_equal(json_offset(document, node), model->values.items[*at].offset);
        assert_int_equal(json_length(document, node), model->values.items[*at].length);
        (*at)++;
        json_for_each (child, document, node)
                walk(document, child, model, at);
}

static void random_documents_are_read_as_they_were_written(void **state)
{
        struct model model = {.random.state = (uint64_t)time(NULL) << 1 | 1};

        print_message("seed %llu\n", (unsigned long long)model.random.state);
        for (int i = 0; i < 5000; i++) {
                _cleanup_json_ struct json_document *document = NULL;
                size_t at = 0;

                buffer_clear(&model.text);
                model.values.count = 0;
                model_value(&model, 0);
                assert_int_equal(json_parse(model.text.bytes, model.text.length, &document, NULL), 0);
                walk(document, json_root(document), &model, &at);
                assert_int_equal(at, model.values.count);
        }
        buffer_done(&model.text);
        free(model.values.items);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(accepts_what_the_rfc_accepts),
                cmocka_unit_test(refuses_what_the_rfc_refuses),
                cmocka_unit_test(refuses_invalid_utf8_wherever_it_stands),
                cmocka_unit_test(strings_keep_every_plain_byte_at_every_length),
                cmocka_unit_test(depth_128_is_read_and_129_refused),
                cmocka_unit_test(a_document_cut_at_any_byte_is_refused),
                cmocka_unit_test(too_many_bytes_are_refused_unread),
                cmocka_unit_test(a_refusal_tells_the_byte),
                cmocka_unit_test(numbers_reach_the_bounds_of_64_bits),
                cmocka_unit_test(strings_are_decoded),
                cmocka_unit_test(no_c_string_is_made_of_nul_or_half_a_surrogate_pair),
                cmocka_unit_test(members_are_found_by_exact_key_and_the_last_wins),
                cmocka_unit_test(members_looked_for_together_are_those_looked_for_alone),
                cmocka_unit_test(a_plain_string_is_seen_where_it_lies),
                cmocka_unit_test(children_come_in_order_with_keys_and_ranges),
                cmocka_unit_test(a_missing_value_is_taken_by_every_accessor),
                cmocka_unit_test(only_true_is_true),
                cmocka_unit_test(keys_the_engine_would_merge_are_refused),
                cmocka_unit_test(plain_keys_looks_below_its_node_only),
                cmocka_unit_test(maps_of_users_may_have_keys_that_differ_in_case),
                cmocka_unit_test(many_keys_are_compared_in_less_than_quadratic_time),
                cmocka_unit_test(random_documents_are_read_as_they_were_written),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
