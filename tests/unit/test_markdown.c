/*
 * Markdown: whatever an engine says stays text. What a reader's program makes of it is checked against a
 * small reading of CommonMark: unescaped marks, code spans and cells.
 */

#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "move/document/markdown.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ROUNDS 20000

static void expect_text(const char *text, const char *expected)
{
        _cleanup_buffer_ struct buffer out = {0};

        markdown_text(&out, text);
        assert_string_equal(buffer_text(&out), expected);
}

static void expect_code(const char *text, const char *expected)
{
        _cleanup_buffer_ struct buffer out = {0};

        markdown_code(&out, text);
        assert_string_equal(buffer_text(&out), expected);
}

static void what_reads_well_is_left_as_it_is(void **state)
{
        static const char *const plain[] = {"traefik_app",
                                            "10.0.1.0/24",
                                            "2026-01-01T00:00:00Z",
                                            "1 of 2 tasks (ci-gitea_app, ...)",
                                            "100% of 5 + 3 = 8; see moby#37338",
                                            "R&D, a & b",
                                            "größer",
                                            "ops@example"};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(plain); i++)
                expect_text(plain[i], plain[i]);
        expect_text(NULL, "");
}

static void markup_is_escaped(void **state)
{
        (void)state;
        expect_text("*bold* _under_ `code`", "\\*bold\\* \\_under\\_ \\`code\\`");
        expect_text("[click](http://evil)", "\\[click\\](http://evil)");
        expect_text("<img src=x onerror=alert(1)>", "\\<img src=x onerror=alert(1)\\>");
        expect_text("a|b", "a\\|b");
        expect_text("&lt;script&#62;", "\\&lt;script\\&\\#62;");
        expect_text("# not a heading", "\\# not a heading");
        expect_text("- no item", "\\- no item");
        expect_text("+ none", "\\+ none");
        expect_text("12. no item", "12\\. no item");
        expect_text("1) no item", "1\\) no item");
        expect_text("=====", "\\=====");
        expect_text("    indented", "indented");
        expect_text("ask @admin about #12", "ask \\@admin about \\#12");
        expect_text("~~gone~~", "\\~\\~gone\\~\\~");
        expect_text("C:\\path", "C:\\\\path");
}

static void lines_and_controls_can_not_break_out(void **state)
{
        (void)state;
        expect_text("one\ntwo\r\n\n# three", "one two   # three");
        expect_text("\x1b[31mred\x07", "\\[31mred ");
        expect_text("a\xc2\x85"
                    "b",
                    "a\xef\xbf\xbd"
                    "b"); /* next line */
        expect_text("a\xe2\x80\xae"
                    "b",
                    "a\xef\xbf\xbd"
                    "b"); /* right to left from here */
        expect_text("a\xe2\x80\xa8"
                    "b",
                    "a\xef\xbf\xbd"
                    "b"); /* line separator */
        expect_text("\xff\xc3(\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
        expect_text("cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd");
}

static void code_holds_backticks_and_blanks(void **state)
{
        (void)state;
        expect_code("GET /networks", "`GET /networks`");
        expect_code("a`b", "`` a`b ``");
        expect_code("``", "``` `` ```");
        expect_code("`", "`` ` ``");
        expect_code(" x", "`  x `");
        expect_code("a\nb", "`a b`");
        expect_code("<b>|*", "`<b>|*`");
        expect_code("", "");
}

static void a_fence_is_longer_than_what_it_holds(void **state)
{
        _cleanup_buffer_ struct buffer out = {0};

        (void)state;
        markdown_fence(&out, "diff", "-a\n+```\n+\tb\x1b");
        assert_string_equal(buffer_text(&out), "````diff\n-a\n+```\n+\tb \n````\n\n");
}

static void a_long_text_is_cut_within_a_bound(void **state)
{
        _cleanup_free_ char *text = memory_new(3 * MARKDOWN_TEXT_MAX, 1);
        _cleanup_buffer_ struct buffer out = {0};

        (void)state;
        for (size_t i = 0; i + 2 < 3 * MARKDOWN_TEXT_MAX; i += 2)
                memcpy(text + i, "\xc3\xa4", 2);
        markdown_text(&out, text);
        assert_in_range(out.length, MARKDOWN_TEXT_MAX - 10, MARKDOWN_TEXT_MAX);
        assert_string_equal(out.bytes + out.length - 5, "\xc3\xa4...");
}

static void a_table_has_its_columns_whatever_is_in_it(void **state)
{
        static const char *const headers[] = {"who", "n", "how"};
        struct markdown_table table;
        _cleanup_buffer_ struct buffer out = {0};

        (void)state;
        markdown_table(&table, &out, "tnc", headers);
        markdown_row(&table, "a|b", "7", "x|y`z");
        markdown_row(&table, NULL, "", NULL);
        assert_string_equal(buffer_text(&out), "| who | n | how |\n|---|---:|---|\n"
                                               "| a\\|b | 7 | `` x\\|y`z `` |\n|  |  |  |\n");
}

static void headings_and_items_are_one_line(void **state)
{
        _cleanup_buffer_ struct buffer out = {0};

        (void)state;
        markdown_heading(&out, 2, "The pool of %s", "a\n# b");
        markdown_item(&out, "%s", "x\n- y");
        markdown_paragraph(&out, "%s is it", "<p>");
        assert_string_equal(buffer_text(&out), "## The pool of a # b\n\n- x - y\n\\<p\\> is it\n\n");
}

/* Cells of a row, as GFM cuts them: at bars that no backslash stands before. */
static size_t count_bars(const char *row)
{
        size_t bars = 0;

        for (const char *at = row; *at; at++) {
                if (*at == '\\' && at[1])
                        at++;
                else
                        bars += *at == '|';
        }
        return bars;
}

/* In code a backslash is no escape but before a bar, so one that the text has must not swallow the cell's
 * end. */
static void random_texts_stay_in_their_cell(void **state)
{
        static const char alphabet[] = "ab|`\\*_<>[]#\n\r\t &;:/@~-+.)(1\x80\xc3\xa4\xe2\x80\xae\x1b";
        static const char *const headers[] = {"a", "b", "c"};
        struct random_stream stream;
        uint64_t seed;

        (void)state;
        if (!text_to_u64(getenv("HEADROOM_SEED"), &seed) || !seed)
                seed = (uint64_t)clock_wall_ms();
        print_message("seed %llu\n", (unsigned long long)seed);
        stream.state = seed;
        for (int round = 0; round < ROUNDS; round++) {
                char text[24] = "";
                struct markdown_table table;
                _cleanup_buffer_ struct buffer out = {0};
                for (size_t i = random_below(&stream, sizeof(text)); i > 0; i--)
                        text[i - 1] = alphabet[random_below(&stream, sizeof(alphabet) - 1)];
                markdown_table(&table, &out, "tnc", headers);
                const size_t before = out.length;
                markdown_row(&table, text, text, text);
                const char *row = out.bytes + before;
                assert_int_equal(count_bars(row), 4);
                assert_int_equal(strcspn(row, "\n"), strlen(row) - 1);
                assert_null(strpbrk(row, "\r\t\x1b"));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_reads_well_is_left_as_it_is),
                cmocka_unit_test(markup_is_escaped),
                cmocka_unit_test(lines_and_controls_can_not_break_out),
                cmocka_unit_test(code_holds_backticks_and_blanks),
                cmocka_unit_test(a_fence_is_longer_than_what_it_holds),
                cmocka_unit_test(a_long_text_is_cut_within_a_bound),
                cmocka_unit_test(a_table_has_its_columns_whatever_is_in_it),
                cmocka_unit_test(headings_and_items_are_one_line),
                cmocka_unit_test(random_texts_stay_in_their_cell),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
