#include "json/json.h"
#include "json/write.h"

#include "base/random.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

static void write_sample(struct json_writer *writer)
{
        json_write_object(writer);
        json_write_member_text(writer, "Name", "web");
        json_write_member_u64(writer, "Index", UINT64_MAX);
        json_write_member_bool(writer, "Up", true);
        json_write_key(writer, "None");
        json_write_array(writer);
        json_write_array_end(writer);
        json_write_key(writer, "List");
        json_write_array(writer);
        json_write_i64(writer, INT64_MIN);
        json_write_null(writer);
        json_write_object(writer);
        json_write_object_end(writer);
        json_write_raw(writer, "[1, 2]x", 6);
        json_write_text(writer, NULL);
        json_write_array_end(writer);
        json_write_object_end(writer);
}

static void one_line_has_no_blanks(void **state)
{
        _cleanup_buffer_ struct buffer out = {0};

        write_sample(&(struct json_writer){.out = &out});
        assert_string_equal(out.bytes,
                            "{\"Name\":\"web\",\"Index\":18446744073709551615,\"Up\":true,\"None\":[],"
                            "\"List\":[-9223372036854775808,null,{},[1, 2],null]}");
}

static void indentation_is_two_spaces_a_level(void **state)
{
        _cleanup_buffer_ struct buffer out = {0};

        write_sample(&(struct json_writer){.out = &out, .indented = true});
        assert_string_equal(out.bytes,
                            "{\n  \"Name\": \"web\",\n  \"Index\": 18446744073709551615,\n  \"Up\": true,\n"
                            "  \"None\": [],\n  \"List\": [\n    -9223372036854775808,\n    null,\n    {},\n"
                            "    [1, 2],\n    null\n  ]\n}");
}

static void scalars_stand_alone(void **state)
{
        _cleanup_buffer_ struct buffer out = {0};
        struct json_writer writer = {.out = &out, .indented = true};

        json_write_text(&writer, "x");
        assert_string_equal(out.bytes, "\"x\"");
}

static void strings_are_escaped_as_the_rfc_demands(void **state)
{
        static const struct {
                const char *text;
                const char *json;
        } cases[] = {
                {"", "\"\""},
                {"\"\\/", "\"\\\"\\\\/\""},
                {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
                {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
                {"\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\""},
                {"a\xff"
                 "b",
                 "\"a\xef\xbf\xbd"
                 "b\""},
                {"\xc3", "\"\xef\xbf\xbd\""},
                {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
                {"eight plain bytes and \xe2\x82 more",
                 "\"eight plain bytes and \xef\xbf\xbd\xef\xbf\xbd more\""},
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_buffer_ struct buffer out = {0};
                struct json_writer writer = {.out = &out};

                json_write_text(&writer, cases[i].text);
                assert_string_equal(out.bytes, cases[i].json);
        }
}

static char *random_text(struct random_stream *random)
{
        static const char *const pieces[] = {"a",
                                             "web",
                                             "\"",
                                             "\\",
                                             "\n",
                                             "\x01",
                                             "\x1f",
                                             "/",
                                             "\xc3\xa9",
                                             "\xe2\x82\xac",
                                             "\xf0\x9f\x98\x80",
                                             "longer than eight"};
        _cleanup_buffer_ struct buffer text = {0};

        for (uint64_t i = random_below(random, 8); i > 0; i--)
                buffer_add_text(&text, pieces[random_below(random, ELEMENTS(pieces))]);
        return buffer_steal(&text);
}

static void what_is_written_is_read_back(void **state)
{
        struct random_stream random = {.state = (uint64_t)time(NULL) << 1 | 1};

        print_message("seed %llu\n", (unsigned long long)random.state);
        for (int i = 0; i < 20000; i++) {
                _cleanup_buffer_ struct buffer out = {0};
                _cleanup_json_ struct json_document *document = NULL;
                _cleanup_free_ char *key = random_text(&random), *text = random_text(&random);
                struct json_writer writer = {.out = &out, .indented = i & 1};
                uint64_t number = random_next(&random), read;
                int64_t read_signed;

                json_write_object(&writer);
                json_write_member_text(&writer, key, text);
                json_write_key(&writer, "list");
                json_write_array(&writer);
                json_write_u64(&writer, number);
                json_write_i64(&writer, (int64_t)number);
                json_write_array_end(&writer);
                json_write_object_end(&writer);

                assert_int_equal(json_parse(out.bytes, out.length, &document, NULL), 0);
                json_node member = json_first(document, json_root(document));
                _cleanup_free_ char *read_key = json_key(document, member);
                assert_string_equal(read_key, key);
                assert_true(json_text_is(document, json_get(document, json_root(document), key), text));
                json_node first = json_first(document, json_next(document, member));
                assert_true(json_u64(document, first, &read) && read == number);
                assert_true(json_i64(document, json_next(document, first), &read_signed) &&
                            read_signed == (int64_t)number);
        }
}

/* Any bytes at all become a string the parser takes: the writer never makes invalid JSON. */
static void any_bytes_become_valid_json(void **state)
{
        struct random_stream random = {.state = (uint64_t)time(NULL) << 1 | 1};

        print_message("seed %llu\n", (unsigned long long)random.state);
        for (int i = 0; i < 50000; i++) {
                _cleanup_buffer_ struct buffer out = {0};
                _cleanup_json_ struct json_document *document = NULL;
                struct json_writer writer = {.out = &out};
                char text[24] = "";

                for (size_t at = 0, length = random_below(&random, sizeof(text)); at < length; at++)
                        text[at] = (char)(1 + random_below(&random, 255));
                json_write_text(&writer, text);
                assert_int_equal(json_parse(out.bytes, out.length, &document, NULL), 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(one_line_has_no_blanks),
                cmocka_unit_test(indentation_is_two_spaces_a_level),
                cmocka_unit_test(scalars_stand_alone),
                cmocka_unit_test(strings_are_escaped_as_the_rfc_demands),
                cmocka_unit_test(what_is_written_is_read_back),
                cmocka_unit_test(any_bytes_become_valid_json),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
