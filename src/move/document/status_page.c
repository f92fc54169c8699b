#include "move/document/status_inside.h"

#include "base/clock.h"
#include "base/file.h"
#include "move/document/markdown.h"
#include "move/review/review.h"

#include <inttypes.h>

static const char *verdict_of(const struct check_points *points)
{
        return check_passed(points) ? "passed" : "NOT passed";
}

static void points_table(const struct check_points *points, struct buffer *out)
{
        static const char *const headers[] = {"result", "subject", "claimed", "found"};
        struct markdown_table table;

        markdown_table(&table, out, "tttt", headers);
        for (size_t i = 0; i < points->items.count; i++) {
                const struct check_point *point = &points->items.items[i];
                markdown_row(&table, check_result_name(point->result), point->subject, point->claim,
                             point->found);
        }
        buffer_add_text(out, "\n");
}

static const char *check_title(const struct status_check *check)
{
        static const char *const titles[] = {[CHECK_BEFORE] = "Before the move",
                                             [CHECK_DURING] = "While it was under way",
                                             [CHECK_AFTER] = "After the move"};
        static const char *const undo_titles[] = {[CHECK_BEFORE] = "Before the undo",
                                                  [CHECK_DURING] = "While the undo was under way",
                                                  [CHECK_AFTER] = "After the undo"};

        return check->goal == GOAL_NEW ? titles[check->phase] : undo_titles[check->phase];
}

static void checks_part(const struct status_checks *checks, struct buffer *out)
{
        size_t count = 0;

        markdown_heading(out, 2, "Checks");
        for (size_t i = 0; i < checks->items.count; i++) {
                const struct status_check *check = &checks->items.items[i];
                _cleanup_free_ char *time = clock_format(check->time_ms);
                if (check->reviews)
                        continue;
                count++;
                markdown_heading(out, 3, "%s, %s: %s", check_title(check), time, verdict_of(&check->points));
                points_table(&check->points, out);
        }
        if (!count)
                markdown_paragraph(out, "None yet.");
}

static const char *state_of(const struct run_story *story, size_t index, size_t last_begun)
{
        const struct step_times *times = &story->times.items[index];

        if (times->done_ms >= 0)
                return "done";
        if (times->begun_ms >= 0)
                return story->state == RUN_UNDER_WAY ? "begun" : "begun, not done";
        return story->state == RUN_FINISHED || index < last_begun ? "nothing to do" : "to do";
}

static char *time_or_nothing(int64_t time_ms)
{
        return time_ms < 0 ? text_copy("") : clock_format(time_ms);
}

static void procedure_part(const struct plan *plan, const struct run_story *story, struct buffer *out)
{
        static const char *const headers[] = {"no.", "step", "state", "begun", "done"};
        struct markdown_table table;
        size_t last_begun = 0;

        for (size_t i = 0; i < story->times.count; i++)
                if (story->times.items[i].begun_ms >= 0)
                        last_begun = i;
        markdown_heading(out, 2, "Procedure, towards %s",
                         story->goal == GOAL_NEW ? plan->new_subnet : plan->old_subnet);
        markdown_table(&table, out, "ntttt", headers);
        for (size_t i = 0; i < story->steps.items.count; i++) {
                _cleanup_free_ char *number = text_format("%zu", i + 1);
                _cleanup_free_ char *title = step_title(&story->steps.items.items[i], plan);
                _cleanup_free_ char *begun = time_or_nothing(story->times.items[i].begun_ms);
                _cleanup_free_ char *done = time_or_nothing(story->times.items[i].done_ms);
                markdown_row(&table, number, title, state_of(story, i, last_begun), begun, done);
        }
        buffer_add_text(out, "\n");
}

static void events_part(const struct run_story *story, struct buffer *out)
{
        static const char *const headers[] = {"time", "event"};
        struct markdown_table table;

        if (story->unknown)
                markdown_paragraph(out, "The journal can't be read: %s.", story->unknown);
        if (!story->events.count)
                return;
        markdown_heading(out, 2, "Runs");
        markdown_table(&table, out, "tt", headers);
        for (size_t i = 0; i < story->events.count; i++) {
                _cleanup_free_ char *time = clock_format(story->events.items[i].time_ms);
                markdown_row(&table, time, story->events.items[i].text);
        }
        buffer_add_text(out, "\n");
}

static const struct status_check *noted_reviews(const struct status_checks *checks)
{
        for (size_t i = 0; i < checks->items.count; i++)
                if (checks->items.items[i].reviews)
                        return &checks->items.items[i];
        return NULL;
}

/* As they were when the move began, or else as they are. */
static void reviews_part(const struct status_wish *wish, const struct run_story *story,
                         const struct status_checks *checks, struct buffer *out)
{
        const struct status_check *noted = noted_reviews(checks);
        _cleanup_check_points_ struct check_points points = {0};
        _cleanup_error_ struct error told = {0};
        bool enough;

        markdown_heading(out, 2, "Reviews");
        if (noted && story->state != RUN_NONE) {
                _cleanup_free_ char *time = clock_format(noted->time_ms);
                markdown_paragraph(out, "As the move was let in, %s:", time);
                points_table(&noted->points, out);
        } else if (!wish->settings || !wish->plan_path || story->state != RUN_NONE) {
                markdown_paragraph(out, "None is noted.");
        } else if (reviews_judge(wish->plan, wish->plan_path, wish->settings, clock_wall_ms(), &points,
                                 &enough, &told) < 0) {
                markdown_paragraph(out, "They can't be judged: %s.", told.sentence);
        } else if (!points.items.count) {
                markdown_paragraph(out, "None is there, and none is required.");
        } else {
                points_table(&points, out);
        }
}

static const char *last_stop(const struct run_story *story)
{
        for (size_t i = story->events.count; i > 0; i--)
                if (text_starts_with(story->events.items[i - 1].text, "stopped: "))
                        return story->events.items[i - 1].text + strlen("stopped: ");
        return "";
}

static char *verdict_text(const struct plan *plan, const struct run_story *story)
{
        const char *subnet = story->goal == GOAL_NEW ? plan->new_subnet : plan->old_subnet;
        _cleanup_free_ char *started = clock_format(story->started_ms);
        _cleanup_free_ char *ended = clock_format(story->ended_ms);
        int64_t took_s = (story->ended_ms - story->started_ms) / 1000;

        switch (story->state) {
        case RUN_UNDER_WAY:
                return text_format("under way towards %s since %s", subnet, started);
        case RUN_STOPPED:
                return text_format("stopped at %s, on the way to %s since %s: %s", ended, subnet, started,
                                   last_stop(story));
        case RUN_FINISHED:
                return text_format("finished at %s, %" PRId64 " s after its start: %s has %s", ended, took_s,
                                   plan->network, subnet);
        default:
                return text_copy("planned, and not begun as far as is known here");
        }
}

static void head(const struct status_wish *wish, const struct run_story *story, struct buffer *out)
{
        const struct plan *plan = wish->plan;
        _cleanup_free_ char *created = clock_format(plan->created_ms);
        _cleanup_free_ char *now = clock_format(clock_wall_ms());
        _cleanup_free_ char *verdict = verdict_text(plan, story);

        markdown_heading(out, 1, "Status: %s from %s to %s", plan->network, plan->old_subnet,
                         plan->new_subnet);
        markdown_paragraph(out,
                           "Plan %s of %s by %s. This page was written at %s and is written anew by headroom "
                           "plan, check and apply.",
                           plan->id, created, plan->author ? plan->author : "?", now);
        markdown_paragraph(out, "The move is %s.", verdict);
}

int status_write(const struct status_wish *wish, struct error *error)
{
        _cleanup_status_checks_ struct status_checks checks = {0};
        _cleanup_run_story_ struct run_story story = {0};
        _cleanup_buffer_ struct buffer out = {0};
        _cleanup_free_ char *path = wish->plan_path
                                            ? text_format("%s.status.md", wish->plan_path)
                                            : text_format("%s/%s/status.md", wish->state, wish->plan->id);

        if (wish->state)
                status_checks_read(wish->state, wish->plan, &checks);
        run_story_read(wish->state, wish->plan, &story);
        head(wish, &story, &out);
        reviews_part(wish, &story, &checks, &out);
        checks_part(&checks, &out);
        procedure_part(wish->plan, &story, &out);
        events_part(&story, &out);
        return file_write(path, out.bytes, out.length, 0600, error);
}
