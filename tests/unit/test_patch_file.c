#include "move/patch/patch.h"

#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cmocka.h>

static char folder[] = "/tmp/headroom-patch.XXXXXX";

static const char script[] = "#!/bin/sh\ndocker network create proxy\n";
static const char edited[] = "#!/bin/sh\n# headroom: subnet 10.10.0.0/16 in place of 10.0.1.0/24.\n"
                             "docker network create --subnet 10.10.0.0/16 proxy\n";

static const struct patch_wish wish = {
        .network = "proxy", .old_subnet = "10.0.1.0/24", .new_subnet = "10.10.0.0/16", .in_place = true};

static char *path_of(const char *name)
{
        return text_format("%s/%s", folder, name);
}

static void write_file(const char *name, const char *text)
{
        _cleanup_free_ char *path = path_of(name);

        assert_int_equal(file_write(path, text, strlen(text), 0644, NULL), 0);
}

static void expect_file(const char *name, const char *text)
{
        _cleanup_free_ char *path = path_of(name);
        _cleanup_buffer_ struct buffer bytes = {0};

        assert_int_equal(file_read(path, 1 << 20, &bytes, NULL), 0);
        assert_string_equal(buffer_text(&bytes), text);
}

/* Nothing but these stands in the folder: no temporary file is left. */
static void expect_one_file(void)
{
        _cleanup_free_ char *command = text_format("test \"$(ls -A %s)\" = f", folder);

        assert_int_equal(system(command), 0); // NOLINT(cert-env33-c): our own words
}

static void make(const char *name, struct plan_patch *ret_patch)
{
        _cleanup_free_ char *path = path_of(name);
        _cleanup_error_ struct error error = {0};

        if (patch_make(path, &wish, ret_patch, &error) < 0)
                fail_msg("%s", error.sentence);
        assert_string_equal(ret_patch->path, path);
}

static void expect_refusal_of(const char *path, const char *words)
{
        _cleanup_patch_ struct plan_patch patch = {0};
        _cleanup_error_ struct error error = {0};

        assert_int_equal(patch_make(path, &wish, &patch, &error), -1);
        assert_int_equal(error.kind, ERROR_REFUSED);
        if (!strstr(error.sentence, words))
                fail_msg("'%s' has no '%s'", error.sentence, words);
}

static void expect_refusal(const char *name, const char *words)
{
        _cleanup_free_ char *path = path_of(name);

        expect_refusal_of(path, words);
}

static void expect_state(const struct plan_patch *patch, enum patch_state state)
{
        enum patch_state found;

        assert_int_equal(patch_look(patch, &found, NULL), 0);
        assert_int_equal(found, state);
}

static void a_file_is_edited_and_given_back(void **state)
{
        _cleanup_patch_ struct plan_patch patch = {0};

        write_file("f", script);
        make("f", &patch);
        assert_true(patch.in_place);
        expect_state(&patch, PATCH_BEFORE);
        assert_int_equal(patch_apply(&patch, true, NULL), 0);
        expect_file("f", script);
        assert_int_equal(patch_apply(&patch, false, NULL), 0);
        expect_file("f", edited);
        expect_state(&patch, PATCH_AFTER);
        assert_int_equal(patch_apply(&patch, false, NULL), 0);
        expect_file("f", edited);
        assert_int_equal(patch_apply(&patch, true, NULL), 0);
        expect_file("f", script);
        expect_one_file();
}

static void a_file_without_edits_stays(void **state)
{
        _cleanup_patch_ struct plan_patch patch = {0};
        _cleanup_buffer_ struct buffer diff = {0};

        write_file("f", edited);
        make("f", &patch);
        assert_int_equal(patch.edits.count, 0);
        expect_state(&patch, PATCH_BEFORE);
        assert_int_equal(patch_apply(&patch, false, NULL), 0);
        assert_int_equal(patch_apply(&patch, true, NULL), 0);
        expect_file("f", edited);
        assert_int_equal(patch_diff(&patch, edited, strlen(edited), &diff, NULL), 0);
        assert_int_equal(diff.length, 0);
}

static void a_file_changed_since_is_refused(void **state)
{
        _cleanup_patch_ struct plan_patch patch = {0};
        _cleanup_error_ struct error error = {0};
        static const char changed[] = "#!/bin/sh\ndocker network create proxy #\n";

        write_file("f", script);
        make("f", &patch);
        write_file("f", changed);
        for (int undo = 0; undo < 2; undo++) {
                assert_int_equal(patch_apply(&patch, undo, &error), -1);
                assert_int_equal(error.kind, ERROR_CONFLICT);
                assert_non_null(strstr(error.sentence, "was changed since it was planned"));
        }
        expect_file("f", changed);
        expect_state(&patch, PATCH_OTHER);
        unlink(patch.path);
        expect_state(&patch, PATCH_GONE);
        assert_int_equal(patch_apply(&patch, false, &error), -1);
        assert_int_equal(error.kind, ERROR_NOT_FOUND);
        assert_int_equal(symlink("/dev/null", patch.path), 0);
        expect_state(&patch, PATCH_NO_FILE);
        assert_int_equal(patch_apply(&patch, false, &error), -1);
        assert_int_equal(error.kind, ERROR_REFUSED);
        unlink(patch.path);
}

/* A plan that somebody wrote: digests and edits that do not belong together change nothing. */
static void edits_that_do_not_fit_their_digests_are_refused(void **state)
{
        _cleanup_patch_ struct plan_patch patch = {0};
        _cleanup_error_ struct error error = {0};

        write_file("f", script);
        make("f", &patch);
        patch.edits.items[0].offset = UINT64_MAX - 1;
        assert_int_equal(patch_apply(&patch, false, &error), -1);
        assert_int_equal(error.kind, ERROR_CONFLICT);
        patch.edits.items[0].offset = 0;
        assert_int_equal(patch_apply(&patch, false, &error), -1);
        assert_int_equal(error.kind, ERROR_CONFLICT);
        patch.path[0] = 'x';
        assert_int_equal(patch_apply(&patch, false, &error), -1);
        patch.path[0] = '/';
        expect_file("f", script);
}

static void owner_mode_and_attributes_stay(void **state)
{
        _cleanup_patch_ struct plan_patch patch = {0};
        struct stat status;
        char value[8] = "";

        write_file("f", script);
        make("f", &patch);
        assert_int_equal(chmod(patch.path, 0751), 0);
        bool attributes = setxattr(patch.path, "user.note", "kept", 4, 0) == 0;
        bool root = geteuid() == 0 && chown(patch.path, 12345, 54321) == 0;
        assert_int_equal(patch_apply(&patch, false, NULL), 0);
        assert_int_equal(stat(patch.path, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0751);
        if (root) {
                assert_int_equal(status.st_uid, 12345);
                assert_int_equal(status.st_gid, 54321);
        }
        if (attributes)
                assert_int_equal(getxattr(patch.path, "user.note", value, sizeof(value)), 4);
        unlink(patch.path);
}

/* As on a full disk: the write stops in the middle. */
static void a_write_that_fails_leaves_the_file(void **state)
{
        _cleanup_patch_ struct plan_patch patch = {0};
        _cleanup_error_ struct error error = {0};
        struct rlimit before, small;

        write_file("f", script);
        make("f", &patch);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        small = (struct rlimit){16, before.rlim_max};
        signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        int result = patch_apply(&patch, false, &error);
        setrlimit(RLIMIT_FSIZE, &before);
        assert_int_equal(result, -1);
        assert_int_equal(error.kind, ERROR_FAILED);
        assert_non_null(strstr(error.sentence, "it is as it was"));
        expect_file("f", script);
        expect_one_file();
}

static void what_is_no_plain_file_is_refused(void **state)
{
        _cleanup_free_ char *link_path = path_of("link");
        _cleanup_free_ char *pipe_path = path_of("pipe");
        _cleanup_free_ char *other = path_of("g");

        write_file("f", script);
        assert_int_equal(symlink("f", link_path), 0);
        expect_refusal("link", "is a symbolic link; name the file itself");
        unlink(link_path);
        assert_int_equal(symlink("nowhere", link_path), 0);
        expect_refusal("link", "is a symbolic link to nothing");
        unlink(link_path);
        assert_int_equal(mkfifo(pipe_path, 0600), 0);
        expect_refusal("pipe", "is a pipe");
        unlink(pipe_path);
        expect_refusal_of("/dev/null", "is a device");
        expect_refusal_of(folder, "is a folder");
        expect_refusal_of("/tmp/", "is a folder");
        expect_refusal_of(".", "is a folder");
        expect_refusal_of("", "is empty");
        expect_refusal("absent", "No such file");
        expect_refusal("absent/f", "No such file");
        expect_refusal("f/f", "cannot open");
        _cleanup_free_ char *file = path_of("f");
        assert_int_equal(link(file, other), 0);
        expect_refusal("f", "hard links");
        unlink(other);
}

static void a_huge_file_is_refused(void **state)
{
        _cleanup_free_ char *path = path_of("f");

        write_file("f", script);
        assert_int_equal(truncate(path, (off_t)PATCH_FILE_BYTES_MAX + 1), 0);
        expect_refusal("f", "larger than 4 MB");
        unlink(path);
}

static void a_folder_that_cannot_be_written_is_refused_for_an_edit_in_place(void **state)
{
        _cleanup_patch_ struct plan_patch patch = {0};
        _cleanup_error_ struct error error = {0};
        struct patch_wish elsewhere = wish;

        elsewhere.in_place = false;
        assert_int_equal(patch_make("/proc/self/comm", &elsewhere, &patch, &error), -1);
        assert_non_null(strstr(error.sentence, "declares no network"));
        expect_refusal_of("/proc/self/comm", "can't be edited in place");
}

static void a_relative_path_becomes_absolute(void **state)
{
        _cleanup_patch_ struct plan_patch patch = {0};
        _cleanup_free_ char *path = path_of("f");

        write_file("f", script);
        assert_int_equal(chdir(folder), 0);
        assert_int_equal(patch_make("f", &wish, &patch, NULL), 0);
        assert_string_equal(patch.path, path);
        patch_done(&patch);
        assert_int_equal(patch_make(".././tmp/../../f", &wish, &patch, NULL), -1);
        assert_int_equal(patch_make("./f", &wish, &patch, NULL), 0);
        assert_string_equal(patch.path, path);
        assert_int_equal(chdir("/"), 0);
}

/* Diffs */

static void expect_diff(const char *name, const char *file, const char *expected)
{
        _cleanup_patch_ struct plan_patch patch = {0};
        _cleanup_buffer_ struct buffer diff = {0};

        assert_int_equal(patch_make_bytes(name, file, strlen(file), &wish, &patch, NULL), 0);
        assert_int_equal(patch_diff(&patch, file, strlen(file), &diff, NULL), 0);
        assert_string_equal(buffer_text(&diff), expected);
}

#define SAYS "# headroom: subnet 10.10.0.0/16 in place of 10.0.1.0/24"

static void a_diff_tells_of_a_missing_last_newline(void **state)
{
        expect_diff("/a b", "docker network create proxy",
                    "--- a/a b\t\n+++ b/a b\t\n@@ -1,1 +1,2 @@\n+" SAYS
                    ".\n-docker network create proxy\n\\ No newline at end of file\n"
                    "+docker network create --subnet 10.10.0.0/16 proxy\n\\ No newline at end of file\n");
        expect_diff(
                "a\"\n.yml", "networks:\n  proxy:",
                "--- \"a/a\\\"\\012.yml\"\n+++ \"b/a\\\"\\012.yml\"\n@@ -1,2 +1,6 @@\n networks:\n+  " SAYS
                ".\n-  proxy:\n\\ No newline at end of file\n+  proxy:\n+    ipam:\n+      config:\n"
                "+        - subnet: 10.10.0.0/16\n\\ No newline at end of file\n");
}

static void edits_far_apart_are_hunks_of_their_own(void **state)
{
        expect_diff(
                "s",
                "s=10.0.1.0/24\n1\n2\n3\n4\n5\n6\n7\n\ndocker network create --subnet $s --gateway 10.0.1.1 "
                "proxy\n",
                "--- a/s\n+++ b/s\n@@ -1,4 +1,5 @@\n+" SAYS
                ". Taken out, being outside of it: 10.0.1.1.\n-s=10.0.1.0/24\n+s=10.10.0.0/16\n 1\n 2\n 3\n"
                "@@ -7,4 +8,4 @@\n 6\n 7\n \n-docker network create --subnet $s --gateway 10.0.1.1 proxy\n"
                "+docker network create --subnet $s proxy\n");
}

static void a_diff_of_other_bytes_is_refused(void **state)
{
        _cleanup_patch_ struct plan_patch patch = {0};
        _cleanup_buffer_ struct buffer diff = {0};
        _cleanup_error_ struct error error = {0};

        assert_int_equal(patch_make_bytes("s", script, strlen(script), &wish, &patch, NULL), 0);
        assert_int_equal(patch_diff(&patch, script, strlen(script) - 1, &diff, &error), -1);
        assert_int_equal(error.kind, ERROR_CONFLICT);
        assert_int_equal(diff.length, 0);
}

static void apply_with_git(void)
{
        _cleanup_free_ char *path = path_of("f");
        _cleanup_free_ char *command =
                text_format("cd %s && git -c safe.directory='*' apply diff && rm diff", folder);
        _cleanup_patch_ struct plan_patch patch = {0};
        _cleanup_buffer_ struct buffer diff = {0};

        write_file("f", script);
        assert_int_equal(patch_make_bytes("f", script, strlen(script), &wish, &patch, NULL), 0);
        assert_int_equal(patch_diff(&patch, script, strlen(script), &diff, NULL), 0);
        write_file("diff", diff.bytes);
        assert_int_equal(system(command), 0); // NOLINT(cert-env33-c): our own words
        expect_file("f", edited);
        unlink(path);
}

/* git is pickier than patch. */
static void git_applies_the_diff(void **state)
{
        (void)state;
        if (system("git --version >/dev/null 2>&1") != 0) // NOLINT(cert-env33-c): our own words
                skip();
        apply_with_git();
}

static int set_up(void **state)
{
        return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
        _cleanup_free_ char *path = path_of("f");

        unlink(path);
        return rmdir(folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_file_is_edited_and_given_back),
                cmocka_unit_test(a_file_without_edits_stays),
                cmocka_unit_test(a_file_changed_since_is_refused),
                cmocka_unit_test(edits_that_do_not_fit_their_digests_are_refused),
                cmocka_unit_test(owner_mode_and_attributes_stay),
                cmocka_unit_test(a_write_that_fails_leaves_the_file),
                cmocka_unit_test(what_is_no_plain_file_is_refused),
                cmocka_unit_test(a_huge_file_is_refused),
                cmocka_unit_test(a_folder_that_cannot_be_written_is_refused_for_an_edit_in_place),
                cmocka_unit_test(a_relative_path_becomes_absolute),
                cmocka_unit_test(a_diff_tells_of_a_missing_last_newline),
                cmocka_unit_test(edits_far_apart_are_hunks_of_their_own),
                cmocka_unit_test(a_diff_of_other_bytes_is_refused),
                cmocka_unit_test(git_applies_the_diff),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
