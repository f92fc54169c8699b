#include "cli/plan_patch.h"

#include "base/file.h"
#include "base/text.h"
#include "cli/options.h"
#include "move/patch/patch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static char folder[] = "/tmp/headroom-plan-patch.XXXXXX";

static const char script[] = "docker network create proxy\n";
static const char compose[] = "networks:\n  proxy:\n    attachable: true\n";
static const char done[] = "networks: {proxy: {ipam: {config: [{subnet: 10.10.0.0/16}]}}}\n";

static const struct option_spec options[] = {OPTION_PATCH, OPTION_IN_PLACE, {NULL}};
static const struct command table[] = {
        {.name = ""}, {.name = "plan", .options = options, .words_max = 1}, {.name = NULL}};

static char *path_of(const char *name)
{
        return text_format("%s/%s", folder, name);
}

static void write_file(const char *name, const char *text)
{
        _cleanup_free_ char *path = path_of(name);

        assert_int_equal(file_write(path, text, strlen(text), 0644, NULL), 0);
}

/* A plan with all that a plan file must have. */
static void make_plan(struct plan *plan)
{
        *plan = (struct plan){.id = "0123456789ab",
                              .cluster_id = text_copy("c"),
                              .engine = text_copy("here"),
                              .author = text_copy("me"),
                              .network = text_copy("proxy"),
                              .network_id = text_copy("n"),
                              .old_subnet = text_copy("10.0.1.0/24"),
                              .new_subnet = text_copy("10.10.0.0/16"),
                              .hop = text_copy("headroom-hop"),
                              .hop_subnet = text_copy("10.11.0.0/16"),
                              .old_request = text_copy("{}"),
                              .new_request = text_copy("{}"),
                              .hop_request = text_copy("{\"Labels\":{}}"),
                              .reason = text_copy("room for 65,533")};
}

/* `headroom plan proxy ARGUMENTS` as far as the patches go. */
static int patch_plan(const char *const *arguments, struct plan *plan, struct buffer *diff,
                      struct error *error)
{
        char *argv[12] = {"headroom", "plan", "proxy"};
        _cleanup_invocation_ struct invocation invocation = {0};
        int argc = 3;

        while (*arguments)
                argv[argc++] = (char *)*arguments++;
        make_plan(plan);
        if (invocation_parse(table, argc, argv, &invocation, error) < 0 ||
            plan_patch_check(&invocation, error) < 0 || plan_patch_make(&invocation, plan, error) < 0)
                return -1;
        return plan_patch_diff(plan, diff, error);
}

static void each_file_named_becomes_a_patch(void **state)
{
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_buffer_ struct buffer diff = {0};
        _cleanup_free_ char *first = path_of("init");
        _cleanup_free_ char *second = path_of("compose.yml");
        _cleanup_free_ char *third = text_format("--patch=%s/done.yml", folder);

        write_file("init", script);
        write_file("compose.yml", compose);
        write_file("done.yml", done);
        assert_int_equal(patch_plan((const char *[]){"--patch", first, "--patch", second, third, NULL}, &plan,
                                    &diff, NULL),
                         0);
        assert_int_equal(plan.patches.count, 3);
        assert_string_equal(plan.patches.items[1].path, second);
        assert_int_equal(plan.patches.items[1].line, 2);
        assert_false(plan.patches.items[0].in_place);
        assert_int_equal(plan.patches.items[2].edits.count, 0);
        const char *at =
                strstr(buffer_text(&diff), "init\n@@ -1,1 +1,2 @@\n+# headroom: subnet 10.10.0.0/16 in "
                                           "place of 10.0.1.0/24: room for 65,533.\n");
        assert_non_null(at);
        assert_non_null(strstr(at, "/compose.yml\n@@ "));
        assert_null(strstr(at, "done.yml"));
}

static void a_written_plan_keeps_its_patches(void **state)
{
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_plan_ struct plan read = {0};
        _cleanup_buffer_ struct buffer diff = {0};
        _cleanup_buffer_ struct buffer beside = {0};
        _cleanup_buffer_ struct buffer edited = {0};
        _cleanup_error_ struct error error = {0};
        _cleanup_free_ char *file = path_of("compose.yml");
        _cleanup_free_ char *path = path_of("p.plan");
        _cleanup_free_ char *patch = path_of("p.plan.patch");

        write_file("compose.yml", compose);
        assert_int_equal(
                patch_plan((const char *[]){"--in-place", "--patch", file, NULL}, &plan, &diff, NULL), 0);
        assert_true(plan.patches.items[0].in_place);
        assert_int_equal(plan_patch_write(&diff, path, NULL), 0);
        assert_int_equal(file_read(patch, 1 << 20, &beside, NULL), 0);
        assert_string_equal(beside.bytes, diff.bytes);
        if (plan_write(&plan, path, &error) < 0 || plan_read(path, &read, &error) < 0)
                fail_msg("%s", error.sentence);
        assert_int_equal(read.patches.count, 1);
        assert_true(read.patches.items[0].in_place);
        assert_int_equal(patch_apply(&read.patches.items[0], false, NULL), 0);
        assert_int_equal(file_read(file, 1 << 20, &edited, NULL), 0);
        assert_non_null(strstr(edited.bytes, "- subnet: 10.10.0.0/16\n"));
        assert_int_equal(patch_apply(&read.patches.items[0], true, NULL), 0);

        /* The next plan of that name has nothing to edit. */
        buffer_clear(&diff);
        assert_int_equal(plan_patch_write(&diff, path, NULL), 0);
        assert_int_equal(access(patch, F_OK), -1);
        assert_int_equal(plan_patch_write(&diff, path, NULL), 0);
}

static void expect_refusal(const char *const *arguments, enum error_kind kind, const char *words)
{
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_buffer_ struct buffer diff = {0};
        _cleanup_error_ struct error error = {0};

        assert_int_equal(patch_plan(arguments, &plan, &diff, &error), -1);
        assert_int_equal(error.kind, kind);
        if (!strstr(error.sentence, words))
                fail_msg("'%s' has no '%s'", error.sentence, words);
}

static void what_cannot_be_meant_is_refused(void **state)
{
        _cleanup_free_ char *file = path_of("init");
        _cleanup_free_ char *again = path_of("./init");
        _cleanup_free_ char *other = path_of("done.yml");

        write_file("init", script);
        write_file("done.yml", "networks: {web: }\n");
        expect_refusal((const char *[]){"--in-place", NULL}, ERROR_USAGE, "--in-place goes with --patch");
        expect_refusal((const char *[]){"--patch", NULL}, ERROR_USAGE, "--patch needs a value");
        expect_refusal((const char *[]){"--patch", file, "--patch", again, NULL}, ERROR_USAGE, "twice");
        expect_refusal((const char *[]){"--patch", folder, NULL}, ERROR_REFUSED, "is a folder");
        expect_refusal((const char *[]){"--patch", file, "--patch", other, NULL}, ERROR_REFUSED,
                       "declares no network proxy, only web");
}

static int set_up(void **state)
{
        return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
        static const char *const names[] = {"init", "compose.yml", "done.yml", "p.plan"};

        for (size_t i = 0; i < ELEMENTS(names); i++) {
                _cleanup_free_ char *path = path_of(names[i]);
                unlink(path);
        }
        return rmdir(folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_file_named_becomes_a_patch),
                cmocka_unit_test(a_written_plan_keeps_its_patches),
                cmocka_unit_test(what_cannot_be_meant_is_refused),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
