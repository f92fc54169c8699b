#include "move/document/status_inside.h"

#include "base/clock.h"
#include "base/file.h"

/*
 * The journal, read as people would: "TIME started towards SUBNET by pid N" or "resumed ...", then for each
 * step that acted "TIME NAME TITLE: begin" and "...: done", at last "TIME finished: ..." or "stopped: ...". A
 * start, or a turn to the other subnet, begins the story anew; a resumption takes it up.
 */

#define JOURNAL_BYTES_MAX ((size_t)16 << 20)
#define EVENTS_MAX        200 /* the last ones are kept */

static void forget_events(struct run_story *story, size_t count)
{
        for (size_t i = 0; i < count; i++)
                free(story->events.items[i].text);
        memmove(story->events.items, story->events.items + count,
                (story->events.count - count) * sizeof(struct run_event));
        story->events.count -= count;
}

void run_story_done(struct run_story *story)
{
        if (story->events.count)
                forget_events(story, story->events.count);
        free(story->events.items);
        free(story->times.items);
        steps_done(&story->steps);
        free(story->unknown);
}

static void begin_anew(struct run_story *story, const struct plan *plan, enum goal goal)
{
        steps_done(&story->steps);
        story->times.count = 0;
        story->goal = goal;
        steps_of(plan, goal, &story->steps);
        for (size_t i = 0; i < story->steps.items.count; i++)
                *list_add(&story->times) = (struct step_times){-1, -1};
}

/*
 * A step's line: true, and its time is kept. Steps follow each other in the journal as in the list, so the
 * search goes on from where the last one was found.
 */
static bool take_step(struct run_story *story, const struct plan *plan, int64_t time_ms, const char *text)
{
        size_t count = story->steps.items.count;

        for (size_t tried = 0; tried < count; tried++) {
                size_t i = (story->at + tried) % count;
                _cleanup_free_ char *title = step_title(&story->steps.items.items[i], plan);
                _cleanup_free_ char *start =
                        text_format("%s %s: ", step_name(story->steps.items.items[i].kind), title);
                if (!text_starts_with(text, start))
                        continue;
                const char *what = text + strlen(start);
                story->at = i;
                if (text_equal(what, "begin"))
                        story->times.items[i] = (struct step_times){time_ms, -1};
                else if (text_equal(what, "done"))
                        story->times.items[i].done_ms = time_ms;
                return true;
        }
        return false;
}

static void take_start(struct run_story *story, const struct plan *plan, int64_t time_ms, const char *text)
{
        bool resumed = text_starts_with(text, "resumed towards ");
        const char *subnet = strstr(text, " towards ") + strlen(" towards ");
        size_t length = strcspn(subnet, " ");
        bool back = strlen(plan->old_subnet) == length && strncmp(subnet, plan->old_subnet, length) == 0;
        enum goal goal = back ? GOAL_OLD : GOAL_NEW;

        if (!resumed || story->state == RUN_NONE || goal != story->goal) {
                begin_anew(story, plan, goal);
                story->started_ms = time_ms;
        }
        story->state = RUN_UNDER_WAY;
}

static void take_event(struct run_story *story, const struct plan *plan, int64_t time_ms, const char *text)
{
        if (text_starts_with(text, "started towards ") || text_starts_with(text, "resumed towards "))
                take_start(story, plan, time_ms, text);
        else if (text_starts_with(text, "stopped: "))
                story->state = RUN_STOPPED, story->ended_ms = time_ms;
        else if (text_starts_with(text, "finished: "))
                story->state = RUN_FINISHED, story->ended_ms = time_ms;
        if (story->events.count == EVENTS_MAX)
                forget_events(story, EVENTS_MAX / 2);
        *list_add(&story->events) = (struct run_event){time_ms, text_copy(text)};
}

/* "2026-01-01T00:00:00Z TEXT"; a line that is none, such as the torn last one of a power cut, is passed over.
 */
static void take_line(struct run_story *story, const struct plan *plan, const char *line)
{
        size_t length = strcspn(line, " ");
        _cleanup_free_ char *time = text_copy_n(line, length);
        int64_t time_ms = clock_parse(time);

        if (time_ms >= 0 && line[length] && !take_step(story, plan, time_ms, line + length + 1))
                take_event(story, plan, time_ms, line + length + 1);
}

void run_story_read(const char *state, const struct plan *plan, struct run_story *ret_story)
{
        _cleanup_free_ char *path = text_format("%s/%s/journal", state ? state : "", plan->id);
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_error_ struct error told = {0};

        *ret_story = (struct run_story){0};
        begin_anew(ret_story, plan, GOAL_NEW);
        if (!state || access(path, F_OK) < 0)
                return;
        if (file_read(path, JOURNAL_BYTES_MAX, &bytes, &told) < 0) {
                ret_story->unknown = text_copy(told.sentence);
                return;
        }
        for (char *at = bytes.bytes, *line; at && (line = strsep(&at, "\n"));)
                take_line(ret_story, plan, line);
}
