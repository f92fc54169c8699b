/* Running other programs: what they say comes back whole or bounded, and none of them can hold us. */

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "host/program.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#define LIMIT_MS   60000
#define KEPT_MAX   100000
#define SHELL(...) ((const char *const[]){"sh", "-c", __VA_ARGS__, NULL})

static struct program_result run(const struct program *program)
{
        struct program_result result = {0};
        _cleanup_error_ struct error error = {0};

        if (program_run(program, &result, &error) < 0)
                fail_msg("%s", error.sentence);
        return result;
}

static struct program_result run_shell(const char *script)
{
        const struct program program = {
                .arguments = SHELL(script), .timeout_ms = LIMIT_MS, .output_bytes_max = KEPT_MAX};

        return run(&program);
}

static void output_errors_and_status_come_back_apart(void **state)
{
        _cleanup_program_result_ struct program_result result = run_shell("echo out; echo err >&2; exit 7");

        assert_int_equal(result.status, 7);
        assert_string_equal(buffer_text(&result.output), "out\n");
        assert_string_equal(buffer_text(&result.errors), "err\n");
        assert_false(result.cut);
}

static void arguments_reach_it_without_a_shell_between(void **state)
{
        const char *const arguments[] = {"printf", "%s|", "a b", "$HOME", "`id`", "*", "", NULL};
        const struct program program = {arguments, .timeout_ms = LIMIT_MS, .output_bytes_max = KEPT_MAX};
        _cleanup_program_result_ struct program_result result = run(&program);

        assert_string_equal(buffer_text(&result.output), "a b|$HOME|`id`|*||");
}

/* More than a pipe holds, both ways at once: who writes first and reads then would stand for ever. */
static void large_input_and_output_do_not_block_each_other(void **state)
{
        size_t length = (size_t)3 << 20;
        _cleanup_free_ char *input = memory_new(length, 1);
        const struct program program = {.arguments = SHELL("cat; cat /dev/null"),
                                        .input = input,
                                        .input_length = length,
                                        .timeout_ms = LIMIT_MS,
                                        .output_bytes_max = 2 * length};

        memset(input, 'x', length);
        _cleanup_program_result_ struct program_result result = run(&program);
        assert_int_equal(result.output.length, length);
        assert_memory_equal(result.output.bytes, input, length);
        assert_false(result.cut);
}

static void without_input_it_reads_an_end_at_once(void **state)
{
        _cleanup_program_result_ struct program_result result = run_shell("wc -c");

        assert_int_equal(strtol(buffer_text(&result.output), NULL, 10), 0);
        assert_int_equal(result.status, 0);
}

static void what_is_beyond_the_bound_is_dropped_and_it_ends_all_the_same(void **state)
{
        _cleanup_program_result_ struct program_result result =
                run_shell("head -c 5000000 /dev/zero | tr '\\0' x; echo end >&2");

        assert_int_equal(result.output.length, KEPT_MAX);
        assert_true(result.cut);
        assert_string_equal(buffer_text(&result.errors), "end\n");
}

/* It is dead, or already nobody's: then somebody else has to reap it. */
static void expect_gone(const char *pid)
{
        _cleanup_free_ char *path = text_format("/proc/%ld/stat", strtol(pid, NULL, 10));
        int64_t deadline_ms = clock_now_ms() + LIMIT_MS;

        for (;;) {
                _cleanup_buffer_ struct buffer stat = {0};
                if (file_read(path, 4096, &stat, NULL) < 0 || strstr(buffer_text(&stat), ") Z "))
                        return;
                assert_true(clock_now_ms() < deadline_ms);
                clock_sleep_ms(10);
        }
}

static void a_program_that_does_not_end_is_killed_with_its_children(void **state)
{
        char path[] = "/tmp/headroom-program-XXXXXX";
        int file = mkstemp(path);
        _cleanup_free_ char *script = text_format("sleep 1000 & echo $! >%s; wait", path);
        const struct program program = {
                .arguments = SHELL(script), .timeout_ms = 1000, .output_bytes_max = KEPT_MAX};
        _cleanup_program_result_ struct program_result result = {0};
        _cleanup_error_ struct error error = {0};
        char pid[32] = "";

        assert_int_equal(program_run(&program, &result, &error), -1);
        assert_int_equal(error.kind, ERROR_TIMEOUT);
        assert_string_equal(error.sentence, "sh did not end within 1 s and was killed");
        assert_null(result.output.bytes);
        assert_true(read(file, pid, sizeof(pid) - 1) > 1);
        close(file);
        unlink(path);
        expect_gone(pid);
}

/* A daemon keeps the pipes open; its starter's end is what counts. */
static void what_it_leaves_in_the_background_is_not_waited_for(void **state)
{
        int64_t before_ms = clock_now_ms();
        _cleanup_program_result_ struct program_result result = run_shell("sleep 50 & echo $!");

        assert_true(clock_now_ms() - before_ms < 40000);
        pid_t left = (pid_t)strtol(buffer_text(&result.output), NULL, 10);
        assert_true(left > 1);
        assert_int_equal(kill(left, SIGKILL), 0);
}

static void an_end_by_a_signal_is_told_as_shells_do(void **state)
{
        _cleanup_program_result_ struct program_result result = run_shell("kill -9 $$");

        assert_int_equal(result.status, 128 + 9);
}

static void a_program_that_is_not_there_is_told_by_name(void **state)
{
        const char *const arguments[] = {"headroom-no-such-program", NULL};
        const struct program program = {arguments, .timeout_ms = LIMIT_MS, .output_bytes_max = KEPT_MAX};
        _cleanup_program_result_ struct program_result result = {0};
        _cleanup_error_ struct error error = {0};

        assert_int_equal(program_run(&program, &result, &error), -1);
        assert_int_equal(error.kind, ERROR_NOT_FOUND);
        assert_non_null(strstr(error.sentence, arguments[0]));
}

static void no_descriptor_of_ours_is_left_open_by_a_run(void **state)
{
        int lowest = dup(STDIN_FILENO);

        close(lowest);
        for (int i = 0; i < 3; i++) {
                _cleanup_program_result_ struct program_result result = run_shell("cat");
                assert_int_equal(result.status, 0);
        }
        int after = dup(STDIN_FILENO);
        close(after);
        assert_int_equal(after, lowest);
}

static void expect_words(const char *output, const char *expected)
{
        struct buffer buffer = {0};

        buffer_add_text(&buffer, output);
        _cleanup_free_ char *words = program_words(&buffer);
        if (!text_equal(words, expected))
                fail_msg("\"%s\" is told as %s", output, words ? words : "nothing");
        buffer_done(&buffer);
}

static void lines_become_one_that_cannot_move_a_cursor(void **state)
{
        expect_words("", NULL);
        expect_words("\n \r\n\t", NULL);
        expect_words("one\n", "one");
        expect_words("one two\nthree\r\n", "one two; three");
        expect_words("\n\n a \n\n\n b\n", "a; b");
        expect_words("red \x1b[31m\x07text", "red  [31m text");
        _cleanup_free_ char *long_text = memory_new(5001, 1);
        memset(long_text, 'y', 5000);
        struct buffer buffer = {0};
        buffer_add_text(&buffer, long_text);
        _cleanup_free_ char *words = program_words(&buffer);
        assert_in_range(strlen(words), 100, 1000);
        buffer_done(&buffer);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(output_errors_and_status_come_back_apart),
                cmocka_unit_test(arguments_reach_it_without_a_shell_between),
                cmocka_unit_test(large_input_and_output_do_not_block_each_other),
                cmocka_unit_test(without_input_it_reads_an_end_at_once),
                cmocka_unit_test(what_is_beyond_the_bound_is_dropped_and_it_ends_all_the_same),
                cmocka_unit_test(a_program_that_does_not_end_is_killed_with_its_children),
                cmocka_unit_test(what_it_leaves_in_the_background_is_not_waited_for),
                cmocka_unit_test(an_end_by_a_signal_is_told_as_shells_do),
                cmocka_unit_test(a_program_that_is_not_there_is_told_by_name),
                cmocka_unit_test(no_descriptor_of_ours_is_left_open_by_a_run),
                cmocka_unit_test(lines_become_one_that_cannot_move_a_cursor),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
