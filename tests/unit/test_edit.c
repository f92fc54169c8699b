#include "json/edit.h"

#include "base/random.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

static void expect(const char *text, const struct json_edit *edits, size_t count, const char *expected)
{
        _cleanup_buffer_ struct buffer out = {0};
        _cleanup_error_ struct error error = {0};

        if (json_edit_apply(text, strlen(text), edits, count, &out, &error) < 0)
                fail_msg("%s", error.sentence);
        assert_string_equal(buffer_text(&out), expected);
}

static void expect_refusal(const char *text, const struct json_edit *edits, size_t count)
{
        _cleanup_buffer_ struct buffer out = {0};
        _cleanup_error_ struct error error = {0};

        assert_int_equal(json_edit_apply(text, strlen(text), edits, count, &out, &error), -1);
        assert_int_equal(error.kind, ERROR_REFUSED);
        assert_int_equal(out.length, 0);
}

static void no_edits_change_nothing(void **state)
{
        expect("{\"a\":1}", NULL, 0, "{\"a\":1}");
        expect("", NULL, 0, "");
}

static void edits_apply_in_any_order(void **state)
{
        expect("0123456789", (struct json_edit[]){{8, 1, "eight"}, {0, 2, ""}, {5, 0, "-"}}, 3,
               "234-567eight9");
        expect("abc", (struct json_edit[]){{3, 0, "!"}, {0, 3, "xyz"}}, 2, "xyz!");
}

static void inserts_at_one_offset_keep_their_order(void **state)
{
        expect("ab", (struct json_edit[]){{1, 0, "1"}, {1, 0, "2"}, {1, 0, "3"}}, 3, "a123b");
        expect("", (struct json_edit[]){{0, 0, "1"}, {0, 0, "2"}}, 2, "12");
}

static void an_insert_touching_a_removal_is_no_overlap(void **state)
{
        expect("abcd", (struct json_edit[]){{1, 2, "X"}, {1, 0, "<"}, {3, 0, ">"}}, 3, "a<X>d");
}

static void neighbouring_removals_are_no_overlap(void **state)
{
        expect("abcd", (struct json_edit[]){{2, 2, NULL}, {0, 2, "x"}}, 2, "x");
}

static void overlapping_edits_are_refused(void **state)
{
        expect_refusal("abcd", (struct json_edit[]){{0, 2, "x"}, {1, 2, "y"}}, 2);
        expect_refusal("abcd", (struct json_edit[]){{1, 1, "x"}, {1, 1, "x"}}, 2);
        expect_refusal("abcd", (struct json_edit[]){{0, 4, "x"}, {2, 0, "y"}}, 2);
        expect_refusal("abcd", (struct json_edit[]){{2, 1, "x"}, {0, 4, "y"}}, 2);
}

static void edits_beyond_the_text_are_refused(void **state)
{
        expect_refusal("abcd", (struct json_edit[]){{5, 0, "x"}}, 1);
        expect_refusal("abcd", (struct json_edit[]){{4, 1, "x"}}, 1);
        expect_refusal("abcd", (struct json_edit[]){{2, SIZE_MAX, "x"}}, 1);
        expect_refusal("abcd", (struct json_edit[]){{SIZE_MAX, 1, "x"}}, 1);
}

static void bytes_outside_are_untouched_whatever_they_are(void **state)
{
        static const char text[] = "\0\xff\x80{\n\0}";
        static const char expected[] = "\0\xff\x80{Z\n\0}";
        _cleanup_buffer_ struct buffer out = {0};

        assert_int_equal(json_edit_apply(text, sizeof(text), &(struct json_edit){4, 0, "Z"}, 1, &out, NULL),
                         0);
        assert_int_equal(out.length, sizeof(expected));
        assert_memory_equal(out.bytes, expected, sizeof(expected));
}

enum { MODEL_TEXT = 30, MODEL_EDITS = 4 };

/*
 * The naive model: each byte, and the place before it, knows what becomes of it. Says false when two edits
 * want the same byte, or one wants to insert inside what another removes.
 */
static bool model_apply(const char *text, size_t length, const struct json_edit *edits, size_t count,
                        struct buffer *ret_out)
{
        int owner[MODEL_TEXT];

        for (size_t at = 0; at < length; at++)
                owner[at] = -1;
        for (size_t i = 0; i < count; i++) {
                for (size_t at = edits[i].offset; at < edits[i].offset + edits[i].removed; at++) {
                        if (at >= length || owner[at] >= 0)
                                return false;
                        owner[at] = (int)i;
                }
        }
        for (size_t at = 0; at <= length; at++) {
                for (size_t i = 0; i < count; i++) {
                        if (edits[i].removed > 0 || edits[i].offset != at)
                                continue;
                        if (at > 0 && at < length && owner[at] >= 0 && owner[at] == owner[at - 1])
                                return false;
                        buffer_add_text(ret_out, edits[i].inserted);
                }
                if (at < length && owner[at] >= 0 && edits[owner[at]].offset == at)
                        buffer_add_text(ret_out, edits[owner[at]].inserted);
                if (at < length && owner[at] < 0)
                        buffer_add(ret_out, text + at, 1);
        }
        return true;
}

static void random_edits_do_what_the_naive_model_does(void **state)
{
        static const char *const inserts[] = {"", "A", "BC", "DEF"};
        static const char text[MODEL_TEXT + 1] = "abcdefghijklmnopqrstuvwxyz0123";
        struct random_stream random = {.state = (uint64_t)time(NULL) << 1 | 1};
        size_t applied = 0;

        print_message("seed %llu\n", (unsigned long long)random.state);
        for (int round = 0; round < 100000; round++) {
                _cleanup_buffer_ struct buffer expected = {0}, out = {0};
                struct json_edit edits[MODEL_EDITS];
                size_t length = random_below(&random, MODEL_TEXT + 1),
                       count = random_below(&random, MODEL_EDITS + 1);

                for (size_t i = 0; i < count; i++)
                        edits[i] = (struct json_edit){
                                .offset = random_below(&random, length + 1),
                                .removed = random_below(&random, 5),
                                .inserted = inserts[random_below(&random, ELEMENTS(inserts))],
                        };
                bool fine = model_apply(text, length, edits, count, &expected);
                assert_int_equal(json_edit_apply(text, length, edits, count, &out, NULL), fine ? 0 : -1);
                if (!fine)
                        continue;
                applied++;
                assert_string_equal(buffer_text(&out), buffer_text(&expected));
        }
        assert_true(applied > 1000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(no_edits_change_nothing),
                cmocka_unit_test(edits_apply_in_any_order),
                cmocka_unit_test(inserts_at_one_offset_keep_their_order),
                cmocka_unit_test(an_insert_touching_a_removal_is_no_overlap),
                cmocka_unit_test(neighbouring_removals_are_no_overlap),
                cmocka_unit_test(overlapping_edits_are_refused),
                cmocka_unit_test(edits_beyond_the_text_are_refused),
                cmocka_unit_test(bytes_outside_are_untouched_whatever_they_are),
                cmocka_unit_test(random_edits_do_what_the_naive_model_does),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
