#include "json/repeat.h"

#include "base/random.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

/* Objects that come again in a list: what the splitter hands over is to the node what a reader of each
 * element alone sees, wherever and however often they stand. */

static void same_as_read_alone(const struct json_document *element)
{
        json_node root = json_root(element);
        struct json_document *alone = NULL;

        assert_int_equal(json_parse(json_bytes(element, root), json_length(element, root), &alone, NULL), 0);
        assert_int_equal(element->count, alone->count);
        for (json_node i = 0; i < alone->count; i++) {
                assert_int_equal(element->nodes[i].offset, alone->nodes[i].offset);
                assert_int_equal(element->nodes[i].length, alone->nodes[i].length);
                assert_int_equal(element->nodes[i].next, alone->nodes[i].next);
                assert_int_equal(element->nodes[i].type, alone->nodes[i].type);
                assert_int_equal(element->nodes[i].flags, alone->nodes[i].flags);
        }
        json_free(alone);
}

static int compare_element(void *userdata, const struct json_document *element, struct error *error)
{
        (void)error;
        same_as_read_alone(element);
        ++*(size_t *)userdata;
        return 0;
}

static size_t split_compared(const struct buffer *list, size_t chunk, struct error *error)
{
        size_t count = 0;
        struct json_split *split = json_split_new(compare_element, &count);
        int result = 0;

        for (size_t at = 0; at < list->length && result == 0; at += chunk)
                result = json_split_feed(split, list->bytes + at, MIN(chunk, list->length - at), error);
        if (result == 0)
                result = json_split_end(split, error);
        json_split_free(split);
        return result < 0 ? 0 : count;
}

/* One of a few objects, of which some differ in nothing but a byte at their end, or where they are told
 * apart. */
static void add_object(struct random_stream *random, struct buffer *text, unsigned depth)
{
        static const char *const ids[] = {"1o04emcr44r0guu261bkr25vp", "1o04emcr44r0guu261bkr25vq",
                                          "3sia0yr4ougfa5bmqq"};
        int blanks = random_below(random, 8) ? 0 : 1;

        buffer_format(text,
                      "{\"ID\":%*s\"%s\",\"Labels\":{},\"Spec\":{\"Name\":\"a \\\"name\\\"\",\"Names\":[",
                      blanks, "", ids[random_below(random, ELEMENTS(ids))]);
        for (uint64_t i = 0, count = random_below(random, 3) ? 10 : 300; i < count; i++)
                buffer_format(text, "%s\"%020d\"", i ? "," : "", 7);
        buffer_add_text(text, "]}");
        if (depth > 0 && random_below(random, 2)) {
                buffer_add_text(text, ",\"Inner\":");
                add_object(random, text, depth - 1);
        }
        buffer_format(text, ",\"Last\":%d}", (int)random_below(random, 2));
}

static void add_element(struct random_stream *random, struct buffer *text)
{
        buffer_format(text, "{\"Index\":%d,\"Networks\":[", (int)random_below(random, 1000));
        for (uint64_t i = 0, count = random_below(random, 4); i < count; i++) {
                buffer_add_text(text, i ? ",{\"Network\":" : "{\"Network\":");
                add_object(random, text, 2);
                buffer_format(text, ",\"Addresses\":[\"10.0.%d.2/24\"]}", (int)random_below(random, 250));
        }
        buffer_add_text(text, "],\"Plain\":[");
        add_object(random, text, 1);
        buffer_add_text(text, ",null]}");
}

static void an_object_that_comes_again_is_read_as_the_first_time(void **state)
{
        struct random_stream random = {.state = (uint64_t)time(NULL) << 1 | 1};

        (void)state;
        print_message("seed %llu\n", (unsigned long long)random.state);
        for (int round = 0; round < 100; round++) {
                _cleanup_error_ struct error error = {0};
                _cleanup_buffer_ struct buffer list = {0};
                size_t count = 1 + random_below(&random, 30);

                for (size_t i = 0; i < count; i++) {
                        buffer_add_text(&list, i ? "," : "[");
                        add_element(&random, &list);
                }
                buffer_add_text(&list, "]");
                if (split_compared(&list, 1 + random_below(&random, list.length), &error) != count)
                        fail_msg("%s", error.sentence ? error.sentence : "an element is missing");
        }
}

static void add_many(struct buffer *text, const char *what, size_t count)
{
        while (count-- > 0)
                buffer_add_text(text, what);
}

/* An object of `levels` containers, long enough to be kept. */
static void add_nested(struct buffer *text, size_t levels)
{
        buffer_add_text(text, "{\"Name\":\"");
        add_many(text, "x", REPEAT_BYTES_MIN);
        buffer_add_text(text, "\",\"Deep\":");
        add_many(text, "[", levels - 1);
        add_many(text, "]", levels - 1);
        buffer_add_text(text, "}");
}

static void an_object_that_comes_again_deeper_is_still_nested_too_deeply(void **state)
{
        enum { LEVELS = 10 };

        (void)state;
        for (size_t around = JSON_DEPTH_MAX - LEVELS - 2; around <= JSON_DEPTH_MAX - LEVELS + 2; around++) {
                _cleanup_error_ struct error error = {0};
                _cleanup_buffer_ struct buffer list = {0};

                buffer_add_text(&list, "[[");
                add_nested(&list, LEVELS);
                buffer_add_text(&list, "],");
                add_many(&list, "[", around);
                add_nested(&list, LEVELS);
                add_many(&list, "]", around);
                buffer_add_text(&list, "]");
                bool fits = around + LEVELS <= JSON_DEPTH_MAX;
                assert_int_equal(split_compared(&list, list.length, &error), fits ? 2 : 0);
                if (!fits)
                        assert_non_null(strstr(error.sentence, "it is nested too deeply"));
        }
}

static void what_is_too_short_or_cut_off_is_not_found(void **state)
{
        _cleanup_buffer_ struct buffer text = {0};
        struct json_document *document = NULL;
        struct repeats *repeats = repeats_new();
        static const char zeros[2 * REPEAT_BYTES_MIN]; /* as the places of no object are */

        (void)state;
        assert_null(repeats_find(repeats, zeros, zeros + sizeof(zeros)));
        add_nested(&text, 3);
        const char *end = text.bytes + text.length;
        assert_null(repeats_find(repeats, text.bytes, end));
        assert_int_equal(json_parse(text.bytes, text.length, &document, NULL), 0);
        repeats_keep(repeats, text.bytes, document->nodes, 0, document->count, 0);
        const struct repeat *found = repeats_find(repeats, text.bytes, end);
        assert_non_null(found);
        assert_int_equal(found->count, document->count);
        for (const char *at = text.bytes; at < end; at++)
                assert_null(repeats_find(repeats, text.bytes, at));
        text.bytes[text.length - 2] = '}';
        assert_null(repeats_find(repeats, text.bytes, end));
        json_free(document);
        assert_null(repeats_free(repeats));
        assert_null(repeats_free(NULL));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_object_that_comes_again_is_read_as_the_first_time),
                cmocka_unit_test(an_object_that_comes_again_deeper_is_still_nested_too_deeply),
                cmocka_unit_test(what_is_too_short_or_cut_off_is_not_found),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
