#include "cli/table.h"
#include "cli/terminal.h"

#include "base/buffer.h"
#include "base/random.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <cmocka.h>

static const struct column columns[] = {
        {"Network", "NETWORK", .shrinks = true},
        {"Subnet", "SUBNET", .drops = 2},
        {"Free", "FREE", .right = true},
        {"Leaked", "LEAKED", .right = true},
        {"Use", "USE", .drops = 1},
        {"Attachable", "ATT"},
        {"Verdict", "VERDICT", .shrinks = true},
        {"ID"},
        {NULL},
};

static struct table *sample(void)
{
        struct table *table = table_new(columns);

        table_add_row(table);
        table_text(table, "Network", "proxy", COLOUR_NONE);
        table_text(table, "Subnet", "10.0.1.0/24", COLOUR_NONE);
        table_number(table, "Free", UINT64_MAX, COLOUR_GOOD);
        table_shown(table, "Leaked", "?", COLOUR_FAINT);
        table_shown(table, "Use", "####......", COLOUR_BAD);
        table_number(table, "Use", 40, COLOUR_NONE);
        table_bool(table, "Attachable", true);
        table_text(table, "Verdict", "say \"fine\" and look again in a few days", COLOUR_GOOD);
        table_add_row(table);
        table_text(table, "Network", "a_rather-long.name", COLOUR_NONE);
        table_number(table, "Free", 7, COLOUR_BAD);
        table_bool(table, "Attachable", false);
        table_text(table, "ID", "x7k", COLOUR_NONE);
        return table;
}

/* stdout goes to `fd` while this lives. */
static int stdout_to(int fd)
{
        fflush(stdout);
        int saved = dup(STDOUT_FILENO);
        dup2(fd, STDOUT_FILENO);
        return saved;
}

static void stdout_back(int saved)
{
        fflush(stdout);
        dup2(saved, STDOUT_FILENO);
        close(saved);
}

static char *printed(const struct table *table, const char *format, bool header)
{
        _cleanup_close_ int file = memfd_create("stdout", MFD_CLOEXEC);
        static char text[65536];
        int saved = stdout_to(file);
        int result = table_print(table, format, header, NULL);

        stdout_back(saved);
        assert_int_equal(result, 0);
        ssize_t length = pread(file, text, sizeof(text) - 1, 0);
        assert_true(length >= 0);
        return text_copy_n(text, (size_t)length);
}

/* A terminal hands over in parts, and when it likes: all has come when the mark that is written last has. */
static char *read_to_mark(int master, char mark)
{
        struct buffer text = {0};
        char part[4096];

        do {
                ssize_t length = read(master, part, sizeof(part));
                assert_true(length > 0);
                buffer_add(&text, part, (size_t)length);
        } while (text.bytes[text.length - 1] != mark);
        text.bytes[text.length - 1] = 0;
        return buffer_steal(&text);
}

/* What a terminal of that width gets. Short enough to wait in the terminal's buffer. */
static char *printed_on_terminal(const struct table *table, unsigned short width)
{
        const char mark = '\036';
        _cleanup_close_ int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        struct winsize size = {.ws_col = width, .ws_row = 24};

        if (master < 0)
                fail_msg("no pseudo-terminal: %s (is devpts mounted on /dev/pts?)", strerror(errno));
        assert_true(grantpt(master) == 0 && unlockpt(master) == 0);
        _cleanup_close_ int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
        assert_true(slave >= 0);
        assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
        int saved = stdout_to(slave);
        int result = table_print(table, NULL, true, NULL);
        stdout_back(saved);
        assert_int_equal(result, 0);
        assert_int_equal(write(slave, &mark, 1), 1);
        return read_to_mark(master, mark);
}

static int widest_line(const char *text)
{
        int widest = 0;

        while (*text) {
                size_t length = strcspn(text, "\r\n");
                _cleanup_free_ char *line = text_copy_n(text, length);

                widest = MAX(widest, terminal_width(line));
                text += length;
                text += strspn(text, "\r\n");
        }
        return widest;
}

static struct table *sample_table;

static int set_up(void **state)
{
        sample_table = sample();
        return 0;
}

static int tear_down(void **state)
{
        sample_table = table_free(sample_table);
        return 0;
}

static void assert_printed(const char *format, bool header, const char *expected)
{
        _cleanup_free_ char *text = printed(sample_table, format, header);

        assert_string_equal(text, expected);
}

static void json_keeps_types_order_and_what_is_unknown(void **state)
{
        assert_printed("json", true,
                       "[\n"
                       "  {\n"
                       "    \"Network\": \"proxy\",\n"
                       "    \"Subnet\": \"10.0.1.0/24\",\n"
                       "    \"Free\": 18446744073709551615,\n"
                       "    \"Leaked\": null,\n"
                       "    \"Use\": 40,\n"
                       "    \"Attachable\": true,\n"
                       "    \"Verdict\": \"say \\\"fine\\\" and look again in a few days\",\n"
                       "    \"ID\": null\n"
                       "  },\n"
                       "  {\n"
                       "    \"Network\": \"a_rather-long.name\",\n"
                       "    \"Subnet\": null,\n"
                       "    \"Free\": 7,\n"
                       "    \"Leaked\": null,\n"
                       "    \"Use\": null,\n"
                       "    \"Attachable\": false,\n"
                       "    \"Verdict\": null,\n"
                       "    \"ID\": \"x7k\"\n"
                       "  }\n"
                       "]\n");
}

static const char whole_table[] =
        "NETWORK             SUBNET                       FREE  LEAKED  USE         ATT  VERDICT\n"
        "proxy               10.0.1.0/24  18446744073709551615       ?  ####......  yes  say \"fine\" and "
        "look again in "
        "a few days\n"
        "a_rather-long.name                                  7                      no\n";

static void table_is_whole_and_plain_where_there_is_no_terminal(void **state)
{
        assert_printed(NULL, true, whole_table);
        assert_printed("table", true, whole_table);
}

static void header_can_be_left_out(void **state)
{
        assert_printed(NULL, false,
                       "proxy               10.0.1.0/24  18446744073709551615  ?  ####......  yes  say "
                       "\"fine\" and look "
                       "again in a few days\n"
                       "a_rather-long.name                                  7                 no\n");
}

static void table_without_rows_is_a_header_or_an_empty_array(void **state)
{
        struct table *empty = table_new(columns);
        _cleanup_free_ char *shown = printed(empty, NULL, true);
        _cleanup_free_ char *bare = printed(empty, NULL, false);
        _cleanup_free_ char *json = printed(empty, "json", true);

        table_free(empty);
        assert_string_equal(shown, "NETWORK  SUBNET  FREE  LEAKED  USE  ATT  VERDICT\n");
        assert_string_equal(bare, "");
        assert_string_equal(json, "[]\n");
}

static void template_gives_values_and_never_nothing_for_the_unknown(void **state)
{
        assert_printed("{{.Network}}\\t{{ .Free }}: {{.Leaked}} {{.Use}} {{.Attachable}}", true,
                       "proxy\t18446744073709551615: ? 40 true\n"
                       "a_rather-long.name\t7:   false\n");
        assert_printed("{{json .Network}} {{json .Leaked}}\\\\{{.ID}}", true,
                       "\"proxy\" null\\\n"
                       "\"a_rather-long.name\" null\\x7k\n");
}

static void template_gives_a_row_as_json(void **state)
{
        _cleanup_free_ char *text = printed(sample_table, "{{json .}}", true);

        assert_true(text_starts_with(
                text, "{\"Network\":\"proxy\",\"Subnet\":\"10.0.1.0/24\",\"Free\":18446744073709551615,"
                      "\"Leaked\":null,"));
}

static void template_aligns_columns_under_a_header(void **state)
{
        assert_printed("table {{.Network}}\\t{{.Attachable}} {{.ID}}", true,
                       "NETWORK             ATT ID\n"
                       "proxy               true \n"
                       "a_rather-long.name  false x7k\n");
        assert_printed("table {{.ID}}\\t{{.Free}}", false,
                       "     18446744073709551615\n"
                       "x7k  7\n");
}

static void assert_format_refused(const char *format, const char *sentence)
{
        _cleanup_error_ struct error error = {0};

        assert_int_equal(table_print(sample_table, format, true, &error), -1);
        assert_int_equal(error.kind, ERROR_USAGE);
        assert_string_equal(error.sentence, sentence);
        assert_int_equal(table_check_format(columns, format, NULL), -1);
}

static void unknown_field_is_named_with_the_known_ones(void **state)
{
        static const char sentence[] =
                "no field 'Sise' here; the fields are Network, Subnet, Free, Leaked, Use, "
                "Attachable, Verdict, ID";

        assert_format_refused("{{.Sise}}", sentence);
        assert_format_refused("table {{json .Sise}}", sentence);
}

static void format_that_is_no_template_is_refused(void **state)
{
        assert_format_refused("jsn",
                              "a format is table, json or a template such as '{{.Network}}', not 'jsn'");
        assert_format_refused("", "a format is table, json or a template such as '{{.Network}}', not ''");
        assert_format_refused("{{.Free", "the template opens {{ and does not close it: {{.Free");
        assert_format_refused("{{upper .Free}}", "the template holds {{upper .Free}}, but only {{.Field}}, "
                                                 "{{json .Field}} and {{json .}} are understood");
        assert_format_refused(
                "{{}}", "the template holds {{}}, but only {{.Field}}, {{json .Field}} and {{json .}} are "
                        "understood");
        assert_int_equal(table_check_format(columns, "{{.Free}}", NULL), 0);
        assert_int_equal(table_check_format(columns, "json", NULL), 0);
        assert_int_equal(table_check_format(columns, NULL, NULL), 0);
}

static void wide_terminal_shows_everything(void **state)
{
        _cleanup_free_ char *text = printed_on_terminal(sample_table, 200);

        assert_non_null(strstr(text, "look again in a few days"));
        assert_non_null(strstr(text, "10.0.1.0/24"));
}

static void narrow_terminal_is_never_overrun(void **state)
{
        for (unsigned short width = 60; width < 130; width++) {
                _cleanup_free_ char *text = printed_on_terminal(sample_table, width);

                assert_true(widest_line(text) <= width);
                assert_non_null(strstr(text, "18446744073709551615"));
                assert_non_null(strstr(text, "days")); /* wrapped, not cut */
        }
}

static void narrow_terminal_loses_columns_in_their_order(void **state)
{
        _cleanup_free_ char *wide = printed_on_terminal(sample_table, 100);
        _cleanup_free_ char *middle = printed_on_terminal(sample_table, 90);
        _cleanup_free_ char *narrow = printed_on_terminal(sample_table, 80);

        assert_non_null(strstr(wide, "SUBNET"));
        assert_non_null(strstr(wide, "USE"));
        assert_null(strstr(middle, "SUBNET"));
        assert_non_null(strstr(middle, "USE"));
        assert_null(strstr(narrow, "SUBNET"));
        assert_null(strstr(narrow, "USE"));
}

static void colours_are_for_terminals_that_want_them(void **state)
{
        assert_int_equal(terminal_set_colour("sometimes"), -1);
        assert_int_equal(setenv("TERM", "xterm", 1), 0);
        assert_int_equal(unsetenv("NO_COLOR"), 0);
        _cleanup_free_ char *coloured = printed_on_terminal(sample_table, 200);
        assert_non_null(strstr(coloured, "\033[32m"));
        assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
        _cleanup_free_ char *refused = printed_on_terminal(sample_table, 200);
        assert_null(strchr(refused, '\033'));
        assert_int_equal(terminal_set_colour("always"), 0);
        _cleanup_free_ char *forced = printed(sample_table, NULL, true);
        assert_non_null(strchr(forced, '\033'));
        assert_int_equal(terminal_set_colour("never"), 0);
        _cleanup_free_ char *plain = printed_on_terminal(sample_table, 200);
        assert_null(strchr(plain, '\033'));
        assert_int_equal(terminal_set_colour("auto"), 0);
}

static void names_cannot_steer_the_terminal(void **state)
{
        static const struct column one[] = {{"Name", "NAME"}, {"Next", "NEXT"}, {NULL}};
        struct table *table = table_new(one);

        table_add_row(table);
        table_text(table, "Name",
                   "a\033[2Jb\nc\xff"
                   "d",
                   COLOUR_NONE);
        table_text(table, "Next", "z", COLOUR_NONE);
        _cleanup_free_ char *text = printed(table, NULL, false);
        table_free(table);
        assert_string_equal(text, "a?[2Jb c?d  z\n");
}

static void wide_characters_are_aligned_by_the_cells_they_take(void **state)
{
        static const struct column two[] = {{"Name", "NAME"}, {"Next", "NEXT"}, {NULL}};
        struct table *table = table_new(two);

        table_add_row(table);
        table_text(table, "Name", "größe", COLOUR_NONE);
        table_text(table, "Next", "1", COLOUR_NONE);
        table_add_row(table);
        table_text(table, "Name", "網路", COLOUR_NONE);
        table_text(table, "Next", "2", COLOUR_NONE);
        _cleanup_free_ char *text = printed(table, NULL, false);
        table_free(table);
        assert_string_equal(text, "größe  1\n網路   2\n");
}

static void assert_bar(uint64_t filled, uint64_t total, int cells, const char *expected)
{
        _cleanup_free_ char *bar = table_bar(filled, total, cells);

        assert_string_equal(bar, expected);
}

static void bar_is_as_wide_as_asked(void **state)
{
        assert_bar(1, 2, 4, "██░░");
        assert_bar(0, 0, 3, "░░░");
        assert_bar(1, 2, 0, "");
        assert_non_null(setlocale(LC_CTYPE, "C"));
        assert_bar(1, 2, 4, "##..");
        assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
}

static void bar_says_empty_or_full_only_when_it_is(void **state)
{
        assert_bar(0, 65533, 10, "░░░░░░░░░░");
        assert_bar(1, 65533, 10, "█░░░░░░░░░");
        assert_bar(65532, 65533, 10, "█████████░");
        assert_bar(65533, 65533, 10, "██████████");
        assert_bar(65534, 65533, 10, "██████████");
        assert_bar(UINT64_MAX - 1, UINT64_MAX, 2, "█░");
}

static void wrapped_text_keeps_its_words_and_the_width(void **state)
{
        uint64_t seed = 20240611;
        struct random_stream stream = {seed};

        for (int round = 0; round < 500; round++) {
                char text[80] = "";
                size_t length = (size_t)random_below(&stream, sizeof(text) - 1) + 1;
                int cells = (int)random_below(&stream, 20) + 1;

                for (size_t i = 0; i < length; i++)
                        text[i] = "abc-_ "[random_below(&stream, i > 0 && text[i - 1] != ' ' ? 6 : 5)];
                text[length - 1] = 0;
                _cleanup_free_ char *wrapped = terminal_wrap(text, cells);
                if (widest_line(wrapped) > cells)
                        fail_msg("seed %llu round %d: '%s' at %d", (unsigned long long)seed, round, text,
                                 cells);
                const char *at = wrapped; /* without blanks and new lines both are the same */
                for (const char *c = text; *c; c++) {
                        at += strspn(at, " \n");
                        if (*c != ' ')
                                assert_int_equal(*at++, *c);
                }
                assert_string_equal(at, "");
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(json_keeps_types_order_and_what_is_unknown),
                cmocka_unit_test(table_is_whole_and_plain_where_there_is_no_terminal),
                cmocka_unit_test(header_can_be_left_out),
                cmocka_unit_test(table_without_rows_is_a_header_or_an_empty_array),
                cmocka_unit_test(template_gives_values_and_never_nothing_for_the_unknown),
                cmocka_unit_test(template_gives_a_row_as_json),
                cmocka_unit_test(template_aligns_columns_under_a_header),
                cmocka_unit_test(unknown_field_is_named_with_the_known_ones),
                cmocka_unit_test(format_that_is_no_template_is_refused),
                cmocka_unit_test(wide_terminal_shows_everything),
                cmocka_unit_test(narrow_terminal_is_never_overrun),
                cmocka_unit_test(narrow_terminal_loses_columns_in_their_order),
                cmocka_unit_test(colours_are_for_terminals_that_want_them),
                cmocka_unit_test(names_cannot_steer_the_terminal),
                cmocka_unit_test(wide_characters_are_aligned_by_the_cells_they_take),
                cmocka_unit_test(bar_is_as_wide_as_asked),
                cmocka_unit_test(bar_says_empty_or_full_only_when_it_is),
                cmocka_unit_test(wrapped_text_keeps_its_words_and_the_width),
        };

        if (!setlocale(LC_CTYPE, "C.UTF-8"))
                return 77;
        setenv("TERM", "dumb", 1); /* colours only where a test asks for them */
        return cmocka_run_group_tests(tests, set_up, tear_down);
}
