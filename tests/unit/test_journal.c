#include "move/journal.h"

#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static char state_folder[64];

static int folder_setup(void **state)
{
        (void)state;
        strcpy(state_folder, "/tmp/headroom-journal-XXXXXX");
        return mkdtemp(state_folder) ? 0 : -1;
}

static int folder_teardown(void **state)
{
        static const char *const files[] = {"id/journal", "id/lock", "id", ""};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(files); i++) {
                _cleanup_free_ char *path = text_format("%s/%s", state_folder, files[i]);
                if (remove(path) < 0)
                        return -1;
        }
        return 0;
}

static char *written(void)
{
        _cleanup_free_ char *path = text_format("%s/id/journal", state_folder);
        _cleanup_buffer_ struct buffer bytes = {0};

        assert_int_equal(file_read(path, 65536, &bytes, NULL), 0);
        return text_copy_n(buffer_text(&bytes), bytes.length);
}

/* The disk has room for so many bytes more. */
static void leave_room(size_t bytes)
{
        _cleanup_free_ char *now = written();
        const struct rlimit limit = {strlen(now) + bytes, RLIM_INFINITY};

        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void make_room(void)
{
        const struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void half_a_line_is_never_left(void **state)
{
        struct journal *journal;
        _cleanup_error_ struct error error = {0};
        int64_t started_ms = 0;
        int64_t finished_ms = 0;

        (void)state;
        signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(journal_open(state_folder, "id", &journal, NULL), 0);
        assert_int_equal(journal_write(journal, NULL, "started towards 10.10.0.0/16"), 0);
        _cleanup_free_ char *before = written();
        leave_room(30);
        assert_int_equal(journal_write(journal, &error, "finished: a sentence that has no room"), -1);
        assert_non_null(strstr(error.sentence, "File too large"));
        _cleanup_free_ char *after = written();
        assert_string_equal(after, before);
        make_room();
        assert_int_equal(journal_write(journal, NULL, "finished: proxy has 10.10.0.0/16"), 0);
        journal_close(journal);
        _cleanup_free_ char *folder = text_format("%s/id", state_folder);
        journal_times(folder, &started_ms, &finished_ms);
        assert_true(started_ms > 0 && finished_ms > 0 && finished_ms < INT64_MAX);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(half_a_line_is_never_left, folder_setup, folder_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
