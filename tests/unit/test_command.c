/*
 * An operator's command and its keeper, with real processes: whatever is killed, a result is either on the
 * disk or known to be lost, and the command runs once.
 */

#include "base/buffer.h"
#include "base/file.h"
#include "base/random.h"
#include "base/text.h"
#include "host/command.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#define BOUND_MS  20000
#define LOOK_MS   5
#define MINUTE_MS 60000

static const char folder_pattern[] = "/tmp/headroom-test-command-XXXXXX";
static char folder[sizeof(folder_pattern)];

static int enter(void **state)
{
        (void)state;
        memcpy(folder, folder_pattern, sizeof(folder));
        return mkdtemp(folder) ? 0 : -1;
}

/* Only files, and nothing below. */
static size_t empty_folder(void)
{
        size_t count = 0;
        DIR *entries = opendir(folder);

        assert_non_null(entries);
        for (struct dirent *entry; (entry = readdir(entries));)
                if (entry->d_name[0] != '.') {
                        unlinkat(dirfd(entries), entry->d_name, 0);
                        count++;
                }
        closedir(entries);
        return count;
}

static int leave(void **state)
{
        (void)state;
        empty_folder();
        return rmdir(folder);
}

static char *path_of(const char *name)
{
        return text_format("%s/%s", folder, name);
}

static void pause_ms(long ms)
{
        const struct timespec pause = {.tv_nsec = ms * 1000000};

        nanosleep(&pause, NULL);
}

static void start(const char *command, int64_t timeout_ms)
{
        _cleanup_error_ struct error error = {0};

        if (command_start(folder, "job", command, timeout_ms, &error) < 0)
                fail_msg("%s", error.sentence);
}

static struct command_result look(void)
{
        struct command_result result;
        _cleanup_error_ struct error error = {0};

        if (command_look(folder, "job", &result, &error) < 0)
                fail_msg("%s", error.sentence);
        return result;
}

static struct command_result wait_until_over(void)
{
        for (int i = 0; i < BOUND_MS / LOOK_MS; i++) {
                struct command_result result = look();
                if (result.state != COMMAND_RUNNING)
                        return result;
                command_result_done(&result);
                pause_ms(LOOK_MS);
        }
        fail_msg("it runs on");
        return (struct command_result){0};
}

static void expect_end(enum command_end end, int status, const char *tail)
{
        _cleanup_command_result_ struct command_result result = wait_until_over();
        _cleanup_free_ char *text = command_describe(&result);

        if (result.state != COMMAND_ENDED || result.end != end || result.status != status)
                fail_msg("it %s", text);
        assert_string_equal(result.tail, tail);
}

static void wait_for_output(void)
{
        _cleanup_free_ char *path = path_of("job.output");
        struct stat status = {0};

        for (int i = 0; i < BOUND_MS / LOOK_MS && !status.st_size; i++, pause_ms(LOOK_MS))
                assert_int_equal(stat(path, &status), 0);
}

/* A number out of NAME.begun: 1 is the keeper, 2 the shell. */
static pid_t process_in_begun(int field)
{
        _cleanup_free_ char *path = path_of("job.begun");
        _cleanup_buffer_ struct buffer text = {0};
        char *rest = NULL;
        uint64_t pid;

        assert_int_equal(file_read(path, 4096, &text, NULL), 0);
        const char *word = strtok_r(text.bytes, " ", &rest);
        while (field-- && word)
                word = strtok_r(NULL, " ", &rest);
        assert_true(text_to_u64(word, &pid));
        return (pid_t)pid;
}

/* Until the process is gone or a zombie of somebody else's. */
static void wait_for_death(pid_t pid)
{
        _cleanup_free_ char *path = text_format("/proc/%d/stat", (int)pid);

        for (int i = 0; i < BOUND_MS / LOOK_MS; i++, pause_ms(LOOK_MS)) {
                _cleanup_buffer_ struct buffer stat = {0};
                if (file_read(path, 4096, &stat, NULL) < 0 || strstr(stat.bytes, ") Z "))
                        return;
        }
        fail_msg("process %d lives on", (int)pid);
}

static void a_command_tells_its_status_and_last_lines(void **state)
{
        (void)state;
        start("echo one; echo two >&2; exit 3", MINUTE_MS);
        expect_end(COMMAND_EXITED, 3, "one\ntwo");
        _cleanup_command_result_ struct command_result result = look();
        _cleanup_free_ char *text = command_describe(&result);
        assert_string_equal(text, "ended with status 3");
        assert_false(command_worked(&result));
}

static void a_command_that_was_not_begun_says_so(void **state)
{
        _cleanup_command_result_ struct command_result result = look();

        (void)state;
        assert_int_equal(result.state, COMMAND_NEVER);
        assert_null(result.tail);
}

static void a_command_runs_in_the_root_without_input_or_open_files(void **state)
{
        _cleanup_close_ int open_here = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */

        (void)state;
        assert_in_range(open_here, 3, 9);
        start("pwd; cat; for i in 3 4 5 6 7 8 9; do test -e /proc/$$/fd/$i && echo $i; done; "
              "grep SigBlk /proc/self/status",
              MINUTE_MS);
        expect_end(COMMAND_EXITED, 0, "/\nSigBlk: 0000000000000000");
}

static void a_command_that_begins_with_a_dash_is_a_command(void **state)
{
        (void)state;
        start("-x", MINUTE_MS);
        _cleanup_command_result_ struct command_result result = wait_until_over();
        assert_int_equal(result.status, 127);
        assert_non_null(strstr(result.tail, "not found"));
}

static void a_signal_is_told_as_one(void **state)
{
        (void)state;
        start("kill -SEGV $$", MINUTE_MS);
        expect_end(COMMAND_SIGNALLED, SIGSEGV, "");
}

static void the_files_are_their_owners_only(void **state)
{
        static const char *const names[] = {"job.begun", "job.output", "job.ended"};

        (void)state;
        umask(0);
        start("echo hunter2", MINUTE_MS);
        expect_end(COMMAND_EXITED, 0, "hunter2");
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                _cleanup_free_ char *path = path_of(names[i]);
                struct stat status;
                assert_int_equal(stat(path, &status), 0);
                assert_int_equal(status.st_mode & 07777, 0600);
        }
        assert_int_equal(empty_folder(), 3);
}

static void the_commands_text_is_in_no_file(void **state)
{
        (void)state;
        start("TOKEN=hunter2 true", MINUTE_MS);
        expect_end(COMMAND_EXITED, 0, "");
        _cleanup_free_ char *grep = text_format("grep -r hunter2 %s", folder);
        int status = 0;
        assert_int_equal(command_ask(grep, MINUTE_MS, &status, NULL, NULL), 0);
        assert_int_equal(status, 1);
}

static void a_time_out_ends_the_whole_group_even_if_it_will_not(void **state)
{
        _cleanup_free_ char *command =
                text_format("trap '' TERM; (echo $$; trap 'echo asked; exit' TERM; sleep 300 & wait) & "
                            "echo begun; sleep 300; sleep 300");

        (void)state;
        start(command, 300);
        pid_t shell = process_in_begun(2);
        _cleanup_command_result_ struct command_result result = wait_until_over();
        assert_int_equal(result.end, COMMAND_TIMED_OUT);
        assert_non_null(strstr(result.tail, "asked"));
        for (int i = 0; i < BOUND_MS / LOOK_MS && kill(-shell, 0) == 0; i++)
                pause_ms(LOOK_MS); /* until init has reaped them */
        assert_int_equal(kill(-shell, 0), -1);
        assert_int_equal(errno, ESRCH);
}

static void a_daemon_that_is_left_behind_does_not_keep_it_running(void **state)
{
        (void)state;
        start("sleep 300 & echo $!", MINUTE_MS);
        _cleanup_command_result_ struct command_result result = wait_until_over();
        uint64_t daemon;
        assert_true(command_worked(&result));
        assert_true(text_to_u64(result.tail, &daemon));
        assert_int_equal(kill((pid_t)daemon, SIGKILL), 0);
}

static void the_starters_death_loses_nothing(void **state)
{
        pid_t starter = fork();
        int status = 0;

        (void)state;
        if (starter == 0) {
                command_start(folder, "job", "sleep 0.3; echo whole; exit 5", MINUTE_MS, NULL);
                raise(SIGKILL);
        }
        waitpid(starter, &status, 0);
        assert_true(WIFSIGNALED(status));
        expect_end(COMMAND_EXITED, 5, "whole");
}

/* The starter is killed at any moment of the start; what it began goes on, and what it did not never runs. */
static void a_starter_killed_while_it_starts_leaves_none_or_one(void **state)
{
        struct random_stream random = {20261123};
        unsigned begun = 0;

        (void)state;
        for (int i = 0; i < 40; i++) {
                const struct timespec pause = {
                        .tv_nsec = (long)random_below(&random, i % 2 ? 5000000 : 80000000)};
                pid_t starter = fork();
                if (starter == 0) {
                        command_start(folder, "job", "echo ran", MINUTE_MS, NULL);
                        pause_ms(900);
                        _exit(0);
                }
                nanosleep(&pause, NULL);
                kill(starter, SIGKILL);
                waitpid(starter, NULL, 0);
                /* As a resumed run does: what is not begun is begun, and whoever loses that race looks again.
                 */
                _cleanup_error_ struct error error = {0};
                if (command_start(folder, "job", "echo ran", MINUTE_MS, &error) < 0) {
                        assert_int_equal(error.kind, ERROR_CONFLICT);
                        begun++;
                }
                expect_end(COMMAND_EXITED, 0, "ran");
                assert_int_equal(command_forget(folder, "job", NULL), 0);
        }
        print_message("begun by the killed: %u of 40\n", begun);
}

static void a_killed_keepers_command_runs_on_and_its_end_is_lost(void **state)
{
        (void)state;
        start("echo begun; sleep 300", MINUTE_MS);
        wait_for_output();
        pid_t keeper = process_in_begun(1);
        pid_t shell = process_in_begun(2);
        assert_int_equal(kill(keeper, SIGKILL), 0);
        wait_for_death(keeper);
        _cleanup_command_result_ struct command_result running = look();
        assert_int_equal(running.state, COMMAND_RUNNING);
        assert_int_equal(command_forget(folder, "job", NULL), -1);
        assert_int_equal(kill(-shell, SIGKILL), 0);
        _cleanup_command_result_ struct command_result lost = wait_until_over();
        assert_int_equal(lost.state, COMMAND_LOST);
        assert_string_equal(lost.tail, "begun");
        assert_int_equal(command_forget(folder, "job", NULL), 0);
        start("true", MINUTE_MS);
        expect_end(COMMAND_EXITED, 0, "");
}

/* This process takes the place of a first one that reaps nobody. */
static void a_shell_that_nobody_reaps_does_not_seem_to_run(void **state)
{
        siginfo_t ended = {0};

        (void)state;
        assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
        start("kill -9 $PPID $$", MINUTE_MS);
        pid_t keeper = process_in_begun(1);
        pid_t shell = process_in_begun(2);
        assert_int_equal(waitpid(keeper, NULL, 0), keeper);
        assert_int_equal(waitid(P_PID, (id_t)shell, &ended, WEXITED | WNOWAIT), 0);
        _cleanup_command_result_ struct command_result lost = look();
        assert_int_equal(lost.state, COMMAND_LOST);
        assert_int_equal(waitpid(shell, NULL, 0), shell);
        assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

static void a_keeper_is_not_ended_by_what_ends_others(void **state)
{
        static const int signals[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGUSR1};

        (void)state;
        start("read x; sleep 0.2; exit 4", MINUTE_MS);
        pid_t keeper = process_in_begun(1);
        for (size_t i = 0; i < ELEMENTS(signals); i++)
                kill(keeper, signals[i]);
        expect_end(COMMAND_EXITED, 4, "");
}

static void an_intent_of_an_earlier_boot_is_lost(void **state)
{
        _cleanup_free_ char *path = path_of("job.begun");
        _cleanup_free_ char *other_boot =
                text_format("0123456789abcdef %d %d 1 00000000-0000-0000-0000-000000000000\n", (int)getpid(),
                            (int)getpid());

        (void)state;
        assert_int_equal(file_write(path, other_boot, strlen(other_boot), 0600, NULL), 0);
        _cleanup_command_result_ struct command_result result = look();
        assert_int_equal(result.state, COMMAND_LOST);
}

static void an_end_of_an_earlier_run_says_nothing(void **state)
{
        _cleanup_free_ char *path = path_of("job.ended");
        const char *end = "0123456789abcdef exited 0\n";

        (void)state;
        assert_int_equal(file_write(path, end, strlen(end), 0600, NULL), 0);
        _cleanup_command_result_ struct command_result never = look();
        assert_int_equal(never.state, COMMAND_NEVER);
        start("sleep 0.1; exit 9", MINUTE_MS);
        expect_end(COMMAND_EXITED, 9, "");
}

static void what_headroom_did_not_write_is_refused(void **state)
{
        static const char *const texts[] = {"",
                                            "x",
                                            "0123456789abcdef 1 2 3\n",
                                            "0123456789abcdef 1 x 3 boot\n",
                                            "0123456789abcdef 1 99999999999999 3 boot\n",
                                            "0123456789abcde 1 2 3 boot\n"};
        _cleanup_free_ char *path = path_of("job.begun");
        _cleanup_free_ char *huge = memory_new(5001, 1);

        (void)state;
        memset(huge, '7', 5000);
        for (size_t i = 0; i <= ELEMENTS(texts); i++) {
                const char *text = i < ELEMENTS(texts) ? texts[i] : huge;
                struct command_result result;
                assert_int_equal(file_write(path, text, strlen(text), 0600, NULL), 0);
                assert_int_equal(command_look(folder, "job", &result, NULL), -1);
        }
}

static void a_command_is_not_begun_twice(void **state)
{
        _cleanup_error_ struct error error = {0};

        (void)state;
        start("echo first; sleep 0.2", MINUTE_MS);
        assert_int_equal(command_start(folder, "job", "echo second", MINUTE_MS, &error), -1);
        assert_int_equal(error.kind, ERROR_CONFLICT);
        error_done(&error);
        assert_int_equal(command_forget(folder, "job", &error), -1);
        assert_int_equal(error.kind, ERROR_CONFLICT);
        expect_end(COMMAND_EXITED, 0, "first");
        assert_int_equal(command_forget(folder, "job", NULL), 0);
        assert_int_equal(empty_folder(), 0);
}

static void names_that_are_no_file_names_are_refused(void **state)
{
        static const char *const names[] = {"", "..", "a/b", "../x", "a b", ".x", "a\n", "ä"};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                _cleanup_error_ struct error error = {0};
                assert_int_equal(command_start(folder, names[i], "true", MINUTE_MS, &error), -1);
                assert_int_equal(error.kind, ERROR_USAGE);
        }
}

static void without_a_folder_to_write_to_it_is_not_run(void **state)
{
        _cleanup_free_ char *mark = path_of("ran");
        _cleanup_free_ char *command = text_format("touch %s", mark);
        _cleanup_free_ char *symlink_path = path_of("job.output");
        _cleanup_error_ struct error error = {0};

        (void)state;
        assert_int_equal(command_start("/nonexistent", "job", command, MINUTE_MS, &error), -1);
        assert_non_null(strstr(error.sentence, "not run"));
        error_done(&error);
        assert_int_equal(symlink("/etc/passwd", symlink_path), 0);
        assert_int_equal(command_start(folder, "job", command, MINUTE_MS, &error), -1);
        assert_non_null(strstr(error.sentence, symlink_path));
        assert_int_equal(access(mark, F_OK), -1);
        _cleanup_command_result_ struct command_result result = look();
        assert_int_equal(result.state, COMMAND_NEVER);
        assert_int_equal(empty_folder(), 1);
}

/* A file system of 16 pages in a mount namespace of a child, which does what may fail there. */
static void on_a_small_disk(void (*act)(void))
{
        pid_t child = fork();
        int status = 0;

        if (child == 0) {
                /* Below a chroot that is no mount of its own the disk could not be kept to this process. */
                if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                        _exit(errno == EPERM || errno == EINVAL ? 77 : 1);
                if (mount("tmpfs", folder, "tmpfs", 0, "size=64k") < 0)
                        _exit(errno == EPERM ? 77 : 1);
                act();
                _exit(0);
        }
        waitpid(child, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
                skip();
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

#define need(condition)                                                                                      \
        do {                                                                                                 \
                if (!(condition)) {                                                                          \
                        print_message("line %d: not so: %s\n", __LINE__, #condition);                        \
                        _exit(2);                                                                            \
                }                                                                                            \
        } while (0)

static void start_on_a_full_disk(void)
{
        _cleanup_free_ char *fill =
                text_format("head -c 200k /dev/zero >%s/fill; test -e %s/fill", folder, folder);
        _cleanup_free_ char *touch = text_format("rm %s/fill", folder);
        _cleanup_error_ struct error error = {0};
        int status;

        need(command_ask(fill, MINUTE_MS, &status, NULL, NULL) == 0 && status == 0);
        need(command_start(folder, "job", touch, MINUTE_MS, &error) == -1);
        need(strstr(error.sentence, "No space left") && strstr(error.sentence, "not run"));
        struct command_result result = look();
        need(result.state == COMMAND_NEVER);
}

static void fill_the_disk_by_the_command(void)
{
        _cleanup_free_ char *fill = text_format("head -c 200k /dev/zero >%s/fill; echo x; exit 6", folder);

        start(fill, MINUTE_MS);
        struct command_result result = wait_until_over();
        need(result.state == COMMAND_ENDED && result.status == 6);
}

static void on_a_full_disk_it_is_not_run(void **state)
{
        (void)state;
        on_a_small_disk(start_on_a_full_disk);
}

static void a_command_that_fills_the_disk_has_its_result_kept(void **state)
{
        (void)state;
        on_a_small_disk(fill_the_disk_by_the_command);
}

static void the_tail_of_endless_output_is_bounded_and_printable(void **state)
{
        (void)state;
        start("seq 1 100000; printf 'a\\033[31mb\\tc\\000d\\n\\n \\n'", MINUTE_MS);
        expect_end(COMMAND_EXITED, 0,
                   "99992\n99993\n99994\n99995\n99996\n99997\n99998\n99999\n100000\na?[31mb c?d");
}

static void asking_gives_status_and_last_line(void **state)
{
        _cleanup_free_ char *line = NULL;
        int status = -1;

        (void)state;
        assert_int_equal(command_ask("echo busy: run 7; echo; exit 2", MINUTE_MS, &status, &line, NULL), 0);
        assert_int_equal(status, 2);
        assert_string_equal(line, "busy: run 7");
        free(line);
        line = NULL;
        assert_int_equal(command_ask("kill -9 $$", MINUTE_MS, &status, &line, NULL), 0);
        assert_int_equal(status, 128 + SIGKILL);
        assert_string_equal(line, "");
}

static void asking_is_bounded_in_time_and_memory(void **state)
{
        _cleanup_error_ struct error error = {0};
        _cleanup_free_ char *line = NULL;
        int status = -1;

        (void)state;
        assert_int_equal(command_ask("yes; sleep 300", 300, &status, &line, &error), -1);
        assert_int_equal(error.kind, ERROR_TIMEOUT);
        assert_null(line);
        assert_int_equal(command_ask("seq 1 300000; sleep 300 & yes | head -n 50000; echo last; kill $!",
                                     MINUTE_MS, &status, &line, NULL),
                         0);
        assert_string_equal(line, "last");
}

static void asking_does_not_wait_for_what_is_left_behind(void **state)
{
        _cleanup_free_ char *line = NULL;
        int status = -1;
        uint64_t daemon;

        (void)state;
        assert_int_equal(command_ask("sleep 300 & echo $!", MINUTE_MS, &status, &line, NULL), 0);
        assert_true(text_to_u64(line, &daemon));
        assert_int_equal(kill((pid_t)daemon, SIGKILL), 0);
}

#define in_folder(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
        const struct CMUnitTest tests[] = {
                in_folder(a_command_tells_its_status_and_last_lines),
                in_folder(a_command_that_was_not_begun_says_so),
                in_folder(a_command_runs_in_the_root_without_input_or_open_files),
                in_folder(a_command_that_begins_with_a_dash_is_a_command),
                in_folder(a_signal_is_told_as_one),
                in_folder(the_files_are_their_owners_only),
                in_folder(the_commands_text_is_in_no_file),
                in_folder(a_time_out_ends_the_whole_group_even_if_it_will_not),
                in_folder(a_daemon_that_is_left_behind_does_not_keep_it_running),
                in_folder(the_starters_death_loses_nothing),
                in_folder(a_starter_killed_while_it_starts_leaves_none_or_one),
                in_folder(a_killed_keepers_command_runs_on_and_its_end_is_lost),
                in_folder(a_shell_that_nobody_reaps_does_not_seem_to_run),
                in_folder(a_keeper_is_not_ended_by_what_ends_others),
                in_folder(an_intent_of_an_earlier_boot_is_lost),
                in_folder(an_end_of_an_earlier_run_says_nothing),
                in_folder(what_headroom_did_not_write_is_refused),
                in_folder(a_command_is_not_begun_twice),
                in_folder(names_that_are_no_file_names_are_refused),
                in_folder(without_a_folder_to_write_to_it_is_not_run),
                in_folder(on_a_full_disk_it_is_not_run),
                in_folder(a_command_that_fills_the_disk_has_its_result_kept),
                in_folder(the_tail_of_endless_output_is_bounded_and_printable),
                in_folder(asking_gives_status_and_last_line),
                in_folder(asking_is_bounded_in_time_and_memory),
                in_folder(asking_does_not_wait_for_what_is_left_behind),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
