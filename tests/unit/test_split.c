#include "json/json.h"

#include "base/random.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

/* The sink writes every element's bytes and a bar, so that two runs compare as two texts. */
struct record {
        struct buffer seen;
        size_t count;
        size_t stop_at; /* the element at which the sink fails; 0: never */
};

static int record_element(void *userdata, const struct json_document *element, struct error *error)
{
        struct record *record = userdata;

        buffer_add(&record->seen, json_bytes(element, json_root(element)),
                   json_length(element, json_root(element)));
        buffer_add(&record->seen, "|", 1);
        if (++record->count == record->stop_at)
                return error_set(error, ERROR_REFUSED, "the sink stops");
        return 0;
}

/* Feeds the text in chunks, each in memory of its own size so that a read beyond it is caught. */
static int split_text(const char *text, size_t length, size_t chunk, struct record *record,
                      struct error *error)
{
        struct json_split *split = json_split_new(record_element, record);
        int result = 0;

        for (size_t at = 0; at < length && result == 0; at += chunk) {
                size_t size = MIN(chunk, length - at);
                _cleanup_free_ char *exact = memory_new(size, 1);

                memcpy(exact, text + at, size);
                result = json_split_feed(split, exact, size, error);
        }
        if (result == 0)
                result = json_split_end(split, error);
        else
                assert_int_equal(json_split_end(split, NULL), -1);
        assert_null(json_split_free(split));
        return result;
}

static const char list[] = " [ {\"a\":[1,\"]}\",{\"b\\\\\":\"\\\"}\"}]} , 12.5e3,true , "
                           "\"x,\\\"]\xf0\x9f\x98\x80\" , [ ] ,{},null, [[[\"[\"]]]\n,0\t] \n";
static const char elements[] = "{\"a\":[1,\"]}\",{\"b\\\\\":\"\\\"}\"}]}|12.5e3|true|\"x,\\\"]"
                               "\xf0\x9f\x98\x80\"|[ ]|{}|null|[[[\"[\"]]]|0|";

static void every_chunk_size_gives_the_same_elements(void **state)
{
        for (size_t chunk = 1; chunk <= sizeof(list); chunk++) {
                struct record record = {0};
                _cleanup_error_ struct error error = {0};

                if (split_text(list, strlen(list), chunk, &record, &error) < 0)
                        fail_msg("chunk %zu: %s", chunk, error.sentence);
                assert_string_equal(record.seen.bytes, elements);
                assert_int_equal(record.count, 9);
                buffer_done(&record.seen);
        }
}

static void an_array_cut_at_any_byte_is_noticed(void **state)
{
        size_t closed = (size_t)(strrchr(list, ']') - list) + 1;

        for (size_t length = 0; length < closed; length++) {
                struct record record = {0};
                _cleanup_error_ struct error error = {0};

                assert_int_equal(split_text(list, length, 7, &record, &error), -1);
                assert_int_equal(error.kind, ERROR_PROTOCOL);
                buffer_done(&record.seen);
        }
}

static void what_is_wrong_is_told_alike_wherever_chunks_end(void **state)
{
        static const char *const texts[] = {
                "[{\"a\":1},{\"b\":[1,2,}]}]",
                "[[1],[2]x,[3]]",
                "[{\"a\":\"\\q\"}]",
                "[[1,2],{\"a\":1]",
                "[{\"a\" 1}]",
                "[{},[],{\"\x01\"}]",
                "[[[[[]]]]]]",
                "[{\"a\":\"\xff\"}]",
        };

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                _cleanup_error_ struct error whole = {0};
                struct record seen = {0};

                assert_int_equal(split_text(texts[i], strlen(texts[i]), strlen(texts[i]), &seen, &whole), -1);
                for (size_t chunk = 1; chunk < strlen(texts[i]); chunk++) {
                        _cleanup_error_ struct error error = {0};
                        struct record record = {0};

                        assert_int_equal(split_text(texts[i], strlen(texts[i]), chunk, &record, &error), -1);
                        assert_string_equal(error.sentence, whole.sentence);
                        assert_string_equal(buffer_text(&record.seen), buffer_text(&seen.seen));
                        buffer_done(&record.seen);
                }
                buffer_done(&seen.seen);
        }
}

static void empty_lists_have_no_elements(void **state)
{
        static const char *const texts[] = {"[]", " [ ] ", "null", "\n null\n"};

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                for (size_t chunk = 1; chunk < 8; chunk++) {
                        struct record record = {0};

                        assert_int_equal(split_text(texts[i], strlen(texts[i]), chunk, &record, NULL), 0);
                        assert_int_equal(record.count, 0);
                        buffer_done(&record.seen);
                }
        }
}

static void garbage_around_and_between_elements_is_refused(void **state)
{
        static const char *const texts[] = {
                "",
                " ",
                "{}",
                "1",
                "\"[]\"",
                "nul",
                "nulll",
                "null null",
                "n",
                "nUll",
                "[",
                "]",
                "[,]",
                "[1,]",
                "[,1]",
                "[1,,2]",
                "[1 2]",
                "[1\"a\"]",
                "[\"a\"1]",
                "[[]{}]",
                "[{}:{}]",
                "[1]]",
                "[1],",
                "[1] x",
                "[][]",
                "[1}",
                "[}",
                "[{]",
                "[{]}]",
                "[[}]",
                "[tru]",
                "[01]",
                "[1.]",
                "[\"\\x\"]",
                "[\"\xff\"]",
                "[\"\xc3\"]",
                "[\"a\nb\"]",
                "\xef\xbb\xbf[]",
                "[1;2]",
                "[nan]",
                "[{\"a\":1,}]",
                "[1}]",
                "[}]",
                "[:]",
        };

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                for (size_t chunk = 1; chunk < 12; chunk++) {
                        struct record record = {0};
                        _cleanup_error_ struct error error = {0};

                        if (split_text(texts[i], strlen(texts[i]), chunk, &record, &error) == 0)
                                fail_msg("accepted: %s", texts[i]);
                        assert_int_equal(error.kind, ERROR_PROTOCOL);
                        buffer_done(&record.seen);
                }
        }
}

static void elements_before_the_fault_are_handed_over(void **state)
{
        struct record record = {0};
        _cleanup_error_ struct error error = {0};
        static const char text[] = "[1,{\"a\":2},[3,]]";

        assert_int_equal(split_text(text, strlen(text), 3, &record, &error), -1);
        assert_string_equal(record.seen.bytes, "1|{\"a\":2}|");
        assert_non_null(strstr(error.trail, "element 2"));
        assert_non_null(strstr(error.trail, "byte 11"));
        buffer_done(&record.seen);
}

static void a_failing_sink_stops_the_split(void **state)
{
        struct record record = {.stop_at = 2};
        _cleanup_error_ struct error error = {0};

        assert_int_equal(split_text("[1,2,3]", 7, 100, &record, &error), -1);
        assert_int_equal(error.kind, ERROR_REFUSED);
        assert_int_equal(record.count, 2);
        buffer_done(&record.seen);
}

static void a_failed_split_stays_failed(void **state)
{
        struct record record = {0};
        struct json_split *split = json_split_new(record_element, &record);

        assert_int_equal(json_split_feed(split, "x", 1, NULL), -1);
        assert_int_equal(json_split_feed(split, "[]", 2, NULL), -1);
        assert_int_equal(json_split_end(split, NULL), -1);
        json_split_free(split);
        assert_null(json_split_free(NULL));
}

static void empty_chunks_change_nothing(void **state)
{
        struct record record = {0};
        struct json_split *split = json_split_new(record_element, &record);

        for (const char *c = "[12,\"a\"]"; *c; c++) {
                assert_int_equal(json_split_feed(split, NULL, 0, NULL), 0);
                assert_int_equal(json_split_feed(split, c, 1, NULL), 0);
        }
        assert_int_equal(json_split_end(split, NULL), 0);
        assert_string_equal(record.seen.bytes, "12|\"a\"|");
        json_split_free(split);
        buffer_done(&record.seen);
}

static void an_element_has_a_documents_depth(void **state)
{
        for (size_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
                struct record record = {0};
                _cleanup_buffer_ struct buffer text = {0};

                for (size_t i = 0; i <= depth; i++)
                        buffer_add_text(&text, "[");
                for (size_t i = 0; i <= depth; i++)
                        buffer_add_text(&text, "]");
                assert_int_equal(split_text(text.bytes, text.length, 5, &record, NULL),
                                 depth == JSON_DEPTH_MAX ? 0 : -1);
                buffer_done(&record.seen);
        }
}

/* An element without end, by chunks: refused at the bound, and before the bytes beyond it are kept. */
static void an_element_beyond_the_bound_is_refused(void **state)
{
        enum { CHUNK = 1 << 20 };
        struct record record = {0};
        struct json_split *split = json_split_new(record_element, &record);
        _cleanup_free_ char *chunk = memory_new(CHUNK, 1);
        _cleanup_error_ struct error error = {0};
        size_t fed = 0;

        memset(chunk, 'a', CHUNK);
        assert_int_equal(json_split_feed(split, "[\"", 2, &error), 0);
        while (fed < 2 * JSON_SIZE_MAX && json_split_feed(split, chunk, CHUNK, &error) == 0)
                fed += CHUNK;
        assert_int_equal(fed, JSON_SIZE_MAX - CHUNK);
        assert_int_equal(error.kind, ERROR_PROTOCOL);
        assert_non_null(strstr(error.sentence, "longer"));
        json_split_free(split);
}

/* 8 MB of one element byte by byte takes a moment; were it scanned anew each time, it would take days. */
static void one_long_element_takes_linear_time(void **state)
{
        struct record record = {0};
        struct json_split *split = json_split_new(record_element, &record);

        assert_int_equal(json_split_feed(split, "[[0", 3, NULL), 0);
        for (int i = 0; i < 4000000; i++) {
                assert_int_equal(json_split_feed(split, ",", 1, NULL), 0);
                assert_int_equal(json_split_feed(split, "0", 1, NULL), 0);
        }
        assert_int_equal(json_split_feed(split, "]]", 2, NULL), 0);
        assert_int_equal(json_split_end(split, NULL), 0);
        assert_int_equal(record.count, 1);
        json_split_free(split);
        buffer_done(&record.seen);
}

static void random_add(struct random_stream *random, struct buffer *text, struct buffer *expected)
{
        static const char *const values[] = {"0",
                                             "-1e5",
                                             "null",
                                             "\"\"",
                                             "\"[\\\\\\\"]\"",
                                             "{\"a\":\"}\",\"b\":[[],{}]}",
                                             "[ \"x\\\\\" ]",
                                             "\"\xe2\x82\xac\\u20ac\""};
        static const char *const blanks[] = {"", " ", "\n\t "};
        uint64_t count = random_below(random, 12);

        buffer_add_text(text, "[");
        for (uint64_t i = 0; i < count; i++) {
                const char *value = values[random_below(random, ELEMENTS(values))];

                buffer_format(text, "%s%s%s%s", i ? "," : "", blanks[random_below(random, 3)], value,
                              blanks[random_below(random, 3)]);
                buffer_format(expected, "%s|", value);
        }
        buffer_add_text(text, "]");
}

static void random_lists_come_apart_at_random_chunks(void **state)
{
        struct random_stream random = {.state = (uint64_t)time(NULL) << 1 | 1};

        print_message("seed %llu\n", (unsigned long long)random.state);
        for (int i = 0; i < 5000; i++) {
                _cleanup_buffer_ struct buffer text = {0}, expected = {0};
                struct record record = {0};
                size_t chunk = 1 + random_below(&random, 40);

                random_add(&random, &text, &expected);
                assert_int_equal(split_text(text.bytes, text.length, chunk, &record, NULL), 0);
                assert_string_equal(buffer_text(&record.seen), buffer_text(&expected));
                buffer_done(&record.seen);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_chunk_size_gives_the_same_elements),
                cmocka_unit_test(an_array_cut_at_any_byte_is_noticed),
                cmocka_unit_test(what_is_wrong_is_told_alike_wherever_chunks_end),
                cmocka_unit_test(empty_lists_have_no_elements),
                cmocka_unit_test(garbage_around_and_between_elements_is_refused),
                cmocka_unit_test(elements_before_the_fault_are_handed_over),
                cmocka_unit_test(a_failing_sink_stops_the_split),
                cmocka_unit_test(a_failed_split_stays_failed),
                cmocka_unit_test(empty_chunks_change_nothing),
                cmocka_unit_test(an_element_has_a_documents_depth),
                cmocka_unit_test(an_element_beyond_the_bound_is_refused),
                cmocka_unit_test(one_long_element_takes_linear_time),
                cmocka_unit_test(random_lists_come_apart_at_random_chunks),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
