#include "cli/options.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct option_spec look_options[] = {
        {"exact", 'e', OPTION_FLAG, NULL, "count leaks"},
        {"sort", 's', OPTION_VALUE, "FIELD", "order"},
        {NULL},
};
static const struct option_spec plan_options[] = {
        {"size", 0, OPTION_VALUE, "BITS", "length of the new prefix"},
        {"output", 'o', OPTION_VALUE, "FILE", "where the plan goes"},
        {"reserve", 0, OPTION_VALUE, "CIDR,...", "keep clear of them"},
        {"patch", 0, OPTION_VALUE, "FILE", "change it, too"},
        {NULL},
};
static const struct command table[] = {
        {.name = "", .arguments = "[NET]", .options = look_options, .words_max = 1},
        {.name = "plan", .arguments = "NET", .options = plan_options, .words_min = 1, .words_max = 1},
        {.name = "doctor"},
        {.name = "survey", .no_table = true},
        {NULL},
};

#define ARGUMENTS_MAX 16

/* One command line, cut at blanks, and what became of it. */
struct line {
        char *text;
        char *argv[ARGUMENTS_MAX + 1];
        struct invocation invocation;
        struct error error;
        int result;
};

static struct line parse(const char *text)
{
        struct line line = {.text = text_copy(text)};
        int argc = 0;

        for (char *at = line.text, *word; (word = strtok_r(at, " ", &at)) && argc < ARGUMENTS_MAX;)
                line.argv[argc++] = word;
        line.result = invocation_parse(table, argc, line.argv, &line.invocation, &line.error);
        return line;
}

static void line_done(struct line *line)
{
        invocation_done(&line->invocation);
        error_done(&line->error);
        free(line->text);
}
#define _cleanup_line_ _cleanup_(line_done)

static void assert_refused(const char *text, const char *sentence)
{
        _cleanup_line_ struct line line = parse(text);

        assert_int_equal(line.result, -1);
        assert_int_equal(line.error.kind, ERROR_USAGE);
        assert_string_equal(line.error.sentence, sentence);
        assert_non_null(line.invocation.command); /* the usage line needs it */
}

static void assert_command(const char *text, const char *name, const char *word)
{
        _cleanup_line_ struct line line = parse(text);

        assert_int_equal(line.result, 0);
        assert_string_equal(line.invocation.command->name, name);
        assert_int_equal(line.invocation.word_count, word ? 1 : 0);
        if (word)
                assert_string_equal(line.invocation.words[0], word);
}

static void first_word_selects_the_command(void **state)
{
        assert_command("headroom", "", NULL);
        assert_command("headroom proxy", "", "proxy");
        assert_command("headroom --exact proxy", "", "proxy");
        assert_command("headroom doctor", "doctor", NULL);
        assert_command("headroom plan proxy", "plan", "proxy");
        assert_command("headroom plan plan", "plan", "plan");
        assert_command("headroom plan doctor", "plan", "doctor");
}

static void options_before_the_command_do_not_hide_it(void **state)
{
        assert_command("headroom -H unix:///s doctor", "doctor", NULL);
        assert_command("headroom --format json --no-header doctor", "doctor", NULL);
        assert_command("headroom --size 16 plan proxy", "plan", "proxy");
        assert_command("headroom --context plan doctor", "doctor", NULL);
}

static void network_named_like_a_command_stands_behind_two_dashes(void **state)
{
        assert_command("headroom -- doctor", "", "doctor");
        assert_command("headroom -- --exact", "", "--exact");
        assert_command("headroom plan -- -x", "plan", "-x");
}

static void lone_dash_is_a_word(void **state)
{
        assert_command("headroom plan -", "plan", "-");
}

/* apply "$PLAN" of a script in which PLAN is not set: "cannot open : No such file or directory". */
static void an_empty_word_is_refused(void **state)
{
        char *argv[] = {"headroom", "plan", "", NULL};
        _cleanup_invocation_ struct invocation invocation = {0};
        _cleanup_error_ struct error error = {0};

        assert_int_equal(invocation_parse(table, 1 + 2, argv, &invocation, &error), -1);
        assert_int_equal(error.kind, ERROR_USAGE);
        assert_string_equal(error.sentence,
                            "`headroom plan` was given an empty word: is a variable not set?");
}

static void value_is_read_in_all_its_forms(void **state)
{
        static const char *const forms[] = {
                "headroom plan net --output file", "headroom plan net --output=file",
                "headroom plan net -o file",       "headroom plan net -ofile",
                "headroom -o file plan net",       "headroom plan -o a -o file net",
        };

        for (size_t i = 0; i < ELEMENTS(forms); i++) {
                _cleanup_line_ struct line line = parse(forms[i]);
                assert_int_equal(line.result, 0);
                assert_string_equal(invocation_value(&line.invocation, "output"), "file");
        }
}

static void letters_may_stand_together(void **state)
{
        _cleanup_line_ struct line line = parse("headroom -esname net");

        assert_int_equal(line.result, 0);
        assert_true(invocation_flag(&line.invocation, "exact"));
        assert_string_equal(invocation_value(&line.invocation, "sort"), "name");
}

/* The first of two lists of ranges to keep clear of was forgotten, without a word. */
static void a_second_list_is_refused(void **state)
{
        assert_refused("headroom plan net --reserve 10.1.0.0/16 --reserve=10.2.0.0/16",
                       "--reserve is given twice: one list takes them all, as CIDR,...");
}

static void repeated_options_are_all_kept(void **state)
{
        _cleanup_line_ struct line line = parse("headroom plan net --patch a.nix --patch=b.nix");

        assert_int_equal(line.result, 0);
        assert_int_equal(line.invocation.option_count, 2);
        assert_string_equal(line.invocation.options[0].value, "a.nix");
        assert_string_equal(line.invocation.options[1].value, "b.nix");
}

static void the_last_of_several_values_counts(void **state)
{
        _cleanup_line_ struct line line = parse("headroom --format json net --format=table");

        assert_int_equal(line.result, 0);
        assert_string_equal(invocation_value(&line.invocation, "format"), "table");
}

static void absent_option_has_no_value(void **state)
{
        _cleanup_line_ struct line line = parse("headroom plan net");

        assert_null(invocation_value(&line.invocation, "output"));
        assert_false(invocation_flag(&line.invocation, "help"));
}

static void value_may_be_empty_or_begin_with_a_dash_behind_an_equals_sign(void **state)
{
        _cleanup_line_ struct line empty = parse("headroom --format= net");
        _cleanup_line_ struct line dash = parse("headroom --format=-x net");

        assert_string_equal(invocation_value(&empty.invocation, "format"), "");
        assert_string_equal(invocation_value(&dash.invocation, "format"), "-x");
}

/* --output "$PLAN" of a script in which PLAN is not set: it would be a file of no name, or the root folder.
 */
static void an_empty_name_of_a_file_is_refused(void **state)
{
        assert_refused("headroom plan net --output=", "--output takes a FILE, and the name given is empty");
        assert_refused("headroom plan net --output= --output=x",
                       "--output takes a FILE, and the name given is empty");
        assert_refused("headroom --config= net", "--config takes a FILE, and the name given is empty");
}

static void unknown_option_names_the_nearest_one(void **state)
{
        assert_refused("headroom --exakt", "`headroom` has no option --exakt; did you mean --exact?");
        assert_refused("headroom plan net --outptu=f",
                       "`headroom plan` has no option --outptu; did you mean --output?");
        assert_refused("headroom --vers", "`headroom` has no option --vers; did you mean --version?");
        assert_refused("headroom plan net -size 16",
                       "`headroom plan` has no option -size; did you mean --size?");
        assert_refused("headroom doctor --frobnicate", "`headroom doctor` has no option --frobnicate");
        assert_refused("headroom doctor -z", "`headroom doctor` has no option -z");
}

static void option_of_another_command_is_unknown(void **state)
{
        assert_refused("headroom doctor --size 16", "`headroom doctor` has no option --size");
        assert_refused("headroom --exact plan net", "`headroom plan` has no option --exact");
}

static void forgotten_value_is_not_taken_from_the_next_option(void **state)
{
        assert_refused("headroom plan net -o", "--output needs a value: --output FILE");
        assert_refused("headroom plan net -o --size 16",
                       "--output needs a value before --size (one that begins with a dash is written "
                       "--output=--size)");
}

static void flag_takes_no_value(void **state)
{
        assert_refused("headroom --exact=1", "--exact takes no value");
}

static void number_of_words_is_checked(void **state)
{
        assert_refused("headroom plan", "`headroom plan` needs 1 word");
        assert_refused("headroom plan a b", "`headroom plan` has no use for the word 'b'");
        assert_refused("headroom doctor now", "`headroom doctor` has no use for the word 'now'");
        assert_refused("headroom a b", "`headroom` has no use for the word 'b'");
}

static void a_format_is_refused_where_no_table_is_printed(void **state)
{
        assert_refused("headroom survey --format json",
                       "`headroom survey` prints no table, and has no use for --format=json");
        assert_refused("headroom --format= survey",
                       "`headroom survey` prints no table, and has no use for --format=");
        assert_command("headroom --format table survey", "survey", NULL);
        assert_command("headroom survey --format json --help", "survey", NULL);
        assert_command("headroom doctor --format json", "doctor", NULL);
}

static void misspelt_command_is_recognised(void **state)
{
        assert_refused("headroom pln proxy", "'pln' is no command; did you mean `headroom plan`?");
        assert_ptr_equal(command_nearest(table, "docter"), &table[2]);
        assert_ptr_equal(command_nearest(table, "doc"), &table[2]);
        assert_null(command_nearest(table, "proxy"));
        assert_null(command_nearest(table, "a-word-that-is-longer-than-any-command-could-be"));
}

static void help_is_given_without_the_words(void **state)
{
        _cleanup_line_ struct line line = parse("headroom plan --help");

        assert_int_equal(line.result, 0);
        assert_true(invocation_flag(&line.invocation, "help"));
}

static void program_without_a_name_is_understood(void **state)
{
        char *argv[] = {NULL};
        _cleanup_invocation_ struct invocation invocation = {0};

        assert_int_equal(invocation_parse(table, 0, argv, &invocation, NULL), 0);
        assert_string_equal(invocation.command->name, "");
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(first_word_selects_the_command),
                cmocka_unit_test(options_before_the_command_do_not_hide_it),
                cmocka_unit_test(network_named_like_a_command_stands_behind_two_dashes),
                cmocka_unit_test(lone_dash_is_a_word),
                cmocka_unit_test(an_empty_word_is_refused),
                cmocka_unit_test(value_is_read_in_all_its_forms),
                cmocka_unit_test(letters_may_stand_together),
                cmocka_unit_test(a_second_list_is_refused),
                cmocka_unit_test(repeated_options_are_all_kept),
                cmocka_unit_test(the_last_of_several_values_counts),
                cmocka_unit_test(absent_option_has_no_value),
                cmocka_unit_test(value_may_be_empty_or_begin_with_a_dash_behind_an_equals_sign),
                cmocka_unit_test(an_empty_name_of_a_file_is_refused),
                cmocka_unit_test(unknown_option_names_the_nearest_one),
                cmocka_unit_test(option_of_another_command_is_unknown),
                cmocka_unit_test(forgotten_value_is_not_taken_from_the_next_option),
                cmocka_unit_test(flag_takes_no_value),
                cmocka_unit_test(number_of_words_is_checked),
                cmocka_unit_test(a_format_is_refused_where_no_table_is_printed),
                cmocka_unit_test(misspelt_command_is_recognised),
                cmocka_unit_test(help_is_given_without_the_words),
                cmocka_unit_test(program_without_a_name_is_understood),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
