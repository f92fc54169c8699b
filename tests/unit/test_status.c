/* The status page: the story of the runs as the journal tells it, and the outcome of checks. */

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "move/document/status.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

static char folder[] = "/tmp/headroom-status-XXXXXX";
static char *plan_path, *state_path;

static int64_t wall_ms = 1767225600000;

static int64_t read_wall(void *userdata)
{
        return wall_ms;
}

static const struct clock_source standing = {read_wall, read_wall, NULL, NULL};

static void add_service(struct plan *plan, const char *name)
{
        struct plan_service *service = list_add(&plan->services);

        service->id = text_format("id-%s", name);
        service->name = text_copy(name);
}

static struct plan make_plan(void)
{
        struct plan plan = {.created_ms = 1767225600000};

        snprintf(plan.id, sizeof(plan.id), "0123456789ab");
        plan.network = text_copy("proxy");
        plan.old_subnet = text_copy("10.0.1.0/24");
        plan.new_subnet = text_copy("10.10.0.0/16");
        plan.hop = text_copy("headroom-hop-proxy");
        plan.hop_subnet = text_copy("10.20.0.0/22");
        plan.author = text_copy("root@cc-ci");
        add_service(&plan, "app");
        add_service(&plan, "ap|p: begin");
        return plan;
}

/* A line of the journal for a step of that kind and service. */
static char *step_line(const struct plan *plan, enum step_kind kind, size_t index, const char *what)
{
        const struct step step = {kind, index};
        _cleanup_free_ char *title = step_title(&step, plan);

        return text_format("%s %s: %s\n", step_name(kind), title, what);
}

static void journal_add(struct buffer *journal, const char *time, const char *line)
{
        buffer_format(journal, "2026-01-01T%sZ %s", time, line);
}

static void journal_step(struct buffer *journal, const struct plan *plan, const char *time,
                         enum step_kind kind, size_t index, const char *what)
{
        _cleanup_free_ char *line = step_line(plan, kind, index, what);

        journal_add(journal, time, line);
}

static void journal_write_all(const struct buffer *journal)
{
        _cleanup_free_ char *run_folder = text_format("%s/0123456789ab", state_path);
        _cleanup_free_ char *path = text_format("%s/journal", run_folder);

        assert_int_equal(folder_make(run_folder, 0700, NULL), 0);
        assert_int_equal(file_write(path, buffer_text(journal), journal->length, 0600, NULL), 0);
}

static char *page_of(const struct plan *plan)
{
        const struct status_wish wish = {.plan = plan, .plan_path = plan_path, .state = state_path};
        _cleanup_free_ char *path = text_format("%s.status.md", plan_path);
        _cleanup_error_ struct error error = {0};
        struct buffer page = {0};

        if (status_write(&wish, &error) < 0 || file_read(path, 1 << 20, &page, &error) < 0)
                fail_msg("%s", error.sentence);
        return buffer_steal(&page);
}

static void expect_in(const char *page, const char *said)
{
        if (!strstr(page, said))
                fail_msg("\"%s\" is not in:\n%s", said, page);
}

static void expect_not_in(const char *page, const char *said)
{
        if (strstr(page, said))
                fail_msg("\"%s\" is in:\n%s", said, page);
}

static void nothing_is_known_at_first(void **state)
{
        _cleanup_plan_ struct plan plan = make_plan();
        _cleanup_free_ char *page = page_of(&plan);

        expect_in(page, "# Status: proxy from 10.0.1.0/24 to 10.10.0.0/16\n");
        expect_in(page, "The move is planned, and not begun");
        expect_in(page, "| service app to the hop | to do |  |  |");
        expect_in(page, "## Checks\n\nNone yet.");
        expect_not_in(page, "## Runs");
}

static void a_run_under_way_shows_how_far_it_is(void **state)
{
        _cleanup_plan_ struct plan plan = make_plan();
        _cleanup_buffer_ struct buffer journal = {0};

        journal_add(&journal, "10:00:00", "started towards 10.10.0.0/16 by pid 7\n");
        journal_step(&journal, &plan, "10:00:01", STEP_HOP_CREATE, 0, "begin");
        journal_step(&journal, &plan, "10:00:02", STEP_HOP_CREATE, 0, "done");
        journal_step(&journal, &plan, "10:00:03", STEP_SERVICE_TO_HOP, 1, "begin");
        journal_write_all(&journal);
        _cleanup_free_ char *page = page_of(&plan);
        expect_in(page, "The move is under way towards 10.10.0.0/16 since 2026-01-01T10:00:00Z.");
        expect_in(page, "| done | 2026-01-01T10:00:01Z | 2026-01-01T10:00:02Z |");
        expect_in(page, "| service app to the hop | nothing to do |  |  |");
        expect_in(page, "| service ap\\|p: begin to the hop | begun | 2026-01-01T10:00:03Z |  |");
        expect_in(page, "| remove proxy | to do |  |  |");
}

static void a_run_that_was_stopped_and_taken_up_is_one_story(void **state)
{
        _cleanup_plan_ struct plan plan = make_plan();
        _cleanup_buffer_ struct buffer journal = {0};

        journal_add(&journal, "10:00:00", "started towards 10.10.0.0/16 by pid 7\n");
        journal_step(&journal, &plan, "10:00:01", STEP_HOP_CREATE, 0, "begin");
        journal_step(&journal, &plan, "10:00:02", STEP_HOP_CREATE, 0, "done");
        journal_add(&journal, "10:00:03", "stopped: the engine | fell over\n");
        journal_write_all(&journal);
        _cleanup_free_ char *stopped = page_of(&plan);
        expect_in(stopped, "The move is stopped at 2026-01-01T10:00:03Z, on the way to 10.10.0.0/16 since "
                           "2026-01-01T10:00:00Z: the engine \\| fell over.");
        journal_add(&journal, "11:00:00", "resumed towards 10.10.0.0/16 by pid 8\n");
        journal_add(&journal, "11:00:05", "finished: proxy has 10.10.0.0/16\n");
        journal_write_all(&journal);
        _cleanup_free_ char *finished = page_of(&plan);
        expect_in(finished, "finished at 2026-01-01T11:00:05Z, 3605 s after its start");
        expect_in(finished, "| done | 2026-01-01T10:00:01Z | 2026-01-01T10:00:02Z |");
        expect_in(finished, "| remove proxy | nothing to do |  |  |");
        expect_in(finished, "| 2026-01-01T10:00:03Z | stopped: the engine \\| fell over |");
}

static void an_undo_begins_a_story_of_its_own(void **state)
{
        _cleanup_plan_ struct plan plan = make_plan();
        _cleanup_buffer_ struct buffer journal = {0};

        journal_add(&journal, "10:00:00", "started towards 10.10.0.0/16 by pid 7\n");
        journal_step(&journal, &plan, "10:00:01", STEP_NET_REMOVE, 0, "begin");
        journal_step(&journal, &plan, "10:00:02", STEP_NET_REMOVE, 0, "done");
        journal_add(&journal, "10:00:03", "stopped: signal\n");
        journal_add(&journal, "10:01:00", "resumed towards 10.0.1.0/24 by pid 8\n");
        journal_write_all(&journal);
        _cleanup_free_ char *page = page_of(&plan);
        expect_in(page, "under way towards 10.0.1.0/24 since 2026-01-01T10:01:00Z");
        expect_in(page, "## Procedure, towards 10.0.1.0/24");
        expect_not_in(page, "| done | 2026");
}

static void a_torn_or_strange_journal_is_read_as_far_as_it_goes(void **state)
{
        _cleanup_plan_ struct plan plan = make_plan();
        _cleanup_buffer_ struct buffer journal = {0};
        static const char nul[] = "2026-01-01T10:00:02Z nul \0 inside\n";

        journal_add(&journal, "10:00:00", "started towards 10.10.0.0/16 by pid 7\n");
        buffer_add_text(&journal, "\n\nnonsense\n2026-01-01T10:00:01Z\nyesterday something\n");
        journal_add(&journal, "10:00:02", "something <script>new</script>\n");
        buffer_add(&journal, nul, sizeof(nul) - 1);
        journal_write_all(&journal);
        _cleanup_free_ char *page = page_of(&plan);
        expect_in(page, "under way towards 10.10.0.0/16");
        expect_in(page, "something \\<script\\>new\\</script\\>");
        expect_not_in(page, "nonsense");
}

static struct check_points points_of(enum check_result result)
{
        struct check_points points = {0};

        *list_add(&points.items) = (struct check_point){.result = result,
                                                        .subject = text_copy("service a|b"),
                                                        .claim = text_copy("runs"),
                                                        .found = text_copy("line\nbreak <b>")};
        return points;
}

static void checks_are_kept_in_the_order_of_their_time(void **state)
{
        _cleanup_plan_ struct plan plan = make_plan();
        _cleanup_check_points_ struct check_points good = points_of(CHECK_PASS);
        _cleanup_check_points_ struct check_points bad = points_of(CHECK_FAIL);
        _cleanup_check_points_ struct check_points unknown = points_of(CHECK_UNKNOWN);

        clock_use(&standing);
        assert_int_equal(status_note_check(state_path, &plan, GOAL_NEW, CHECK_AFTER, &good, NULL), 0);
        wall_ms += 60000;
        assert_int_equal(status_note_check(state_path, &plan, GOAL_NEW, CHECK_BEFORE, &bad, NULL), 0);
        wall_ms += 60000;
        assert_int_equal(status_note_check(state_path, &plan, GOAL_NEW, CHECK_BEFORE, &unknown, NULL), 0);
        _cleanup_free_ char *page = page_of(&plan);
        clock_use(NULL);
        const char *after = strstr(page, "### After the move, 2026-01-01T00:00:00Z: passed");
        const char *before = strstr(page, "### Before the move, 2026-01-01T00:02:00Z: passed");
        assert_non_null(after);
        assert_true(before > after);
        expect_in(page, "| unknown | service a\\|b | runs | line break \\<b\\> |");
        expect_not_in(page, "FAIL"); /* an older check of the same kind is past */
}

static void the_reviews_of_the_beginning_stay_when_it_has_begun(void **state)
{
        _cleanup_plan_ struct plan plan = make_plan();
        _cleanup_buffer_ struct buffer journal = {0};
        _cleanup_check_points_ struct check_points good = points_of(CHECK_PASS);

        assert_int_equal(status_note_reviews(state_path, &plan, &good, NULL), 0);
        _cleanup_free_ char *planned = page_of(&plan);
        expect_in(planned, "## Reviews\n\nNone is noted.");
        journal_add(&journal, "10:00:00", "started towards 10.10.0.0/16 by pid 7\n");
        journal_write_all(&journal);
        _cleanup_free_ char *begun = page_of(&plan);
        expect_in(begun, "As the move was let in, ");
        expect_in(begun, "| pass | service a\\|b |");
}

static void a_page_that_can_not_be_written_is_an_error_and_leaves_nothing(void **state)
{
        _cleanup_plan_ struct plan plan = make_plan();
        _cleanup_free_ char *path = text_format("%s/nowhere/plan", folder);
        const struct status_wish wish = {.plan = &plan, .plan_path = path, .state = state_path};
        _cleanup_check_points_ struct check_points good = points_of(CHECK_PASS);
        _cleanup_error_ struct error error = {0};

        assert_int_equal(status_write(&wish, &error), -1);
        assert_non_null(strstr(error.sentence, "nowhere/plan.status.md"));
        assert_int_equal(status_note_check("/proc/headroom", &plan, GOAL_NEW, CHECK_BEFORE, &good, &error),
                         -1);
        assert_string_equal(error.trail, "while noting the outcome of the check");
}

static void without_a_plan_file_the_page_lies_with_the_journal(void **state)
{
        _cleanup_plan_ struct plan plan = make_plan();
        const struct status_wish wish = {.plan = &plan, .state = state_path};
        _cleanup_buffer_ struct buffer journal = {0};
        _cleanup_free_ char *path = text_format("%s/0123456789ab/status.md", state_path);

        journal_write_all(&journal);
        assert_int_equal(status_write(&wish, NULL), 0);
        assert_int_equal(access(path, F_OK), 0);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
        return walk->level ? remove(path) : 0;
}

static int start(void **state)
{
        if (!mkdtemp(folder))
                return -1;
        plan_path = text_format("%s/plan", folder);
        state_path = text_format("%s/state", folder);
        return 0;
}

static int clear(void **state)
{
        return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int end(void **state)
{
        free(plan_path);
        free(state_path);
        return rmdir(folder);
}

int main(void)
{
#define in_folder(test) cmocka_unit_test_teardown(test, clear)
        const struct CMUnitTest tests[] = {
                in_folder(nothing_is_known_at_first),
                in_folder(a_run_under_way_shows_how_far_it_is),
                in_folder(a_run_that_was_stopped_and_taken_up_is_one_story),
                in_folder(an_undo_begins_a_story_of_its_own),
                in_folder(a_torn_or_strange_journal_is_read_as_far_as_it_goes),
                in_folder(checks_are_kept_in_the_order_of_their_time),
                in_folder(the_reviews_of_the_beginning_stay_when_it_has_begun),
                in_folder(a_page_that_can_not_be_written_is_an_error_and_leaves_nothing),
                in_folder(without_a_plan_file_the_page_lies_with_the_journal),
        };

        return cmocka_run_group_tests(tests, start, end);
}
