#include "move/document/status_inside.h"

#include "base/clock.h"
#include "base/file.h"
#include "json/json.h"
#include "json/write.h"

/* The outcome of checks as JSON in the plan's folder, one file a phase and goal. */

#define NOTE_BYTES_MAX ((size_t)8 << 20)

static const struct {
        const char *name;
        enum goal goal;
        enum check_phase phase;
        bool reviews;
} kinds[] = {
        {"before-new", GOAL_NEW, CHECK_BEFORE, false}, {"during-new", GOAL_NEW, CHECK_DURING, false},
        {"after-new", GOAL_NEW, CHECK_AFTER, false},   {"before-old", GOAL_OLD, CHECK_BEFORE, false},
        {"during-old", GOAL_OLD, CHECK_DURING, false}, {"after-old", GOAL_OLD, CHECK_AFTER, false},
        {"reviews", GOAL_NEW, CHECK_BEFORE, true},
};

static char *note_path(const char *state, const struct plan *plan, size_t kind)
{
        return text_format("%s/%s/status-%s.json", state, plan->id, kinds[kind].name);
}

void status_checks_done(struct status_checks *checks)
{
        for (size_t i = 0; i < checks->items.count; i++)
                check_points_done(&checks->items.items[i].points);
        free(checks->items.items);
        *checks = (struct status_checks){0};
}

static void write_point(struct json_writer *w, const struct check_point *point)
{
        json_write_object(w);
        json_write_member_text(w, "result", check_result_name(point->result));
        json_write_member_text(w, "subject", point->subject);
        json_write_member_text(w, "claim", point->claim);
        json_write_member_text(w, "found", point->found);
        json_write_object_end(w);
}

static int note(const char *state, const struct plan *plan, size_t kind, const struct check_points *points,
                struct error *error)
{
        _cleanup_buffer_ struct buffer text = {0};
        _cleanup_free_ char *path = note_path(state, plan, kind);
        _cleanup_free_ char *folder = text_format("%s/%s", state, plan->id);
        _cleanup_free_ char *now = clock_format(clock_wall_ms());
        struct json_writer w = {.out = &text, .indented = true};

        json_write_object(&w);
        json_write_member_text(&w, "time", now);
        json_write_key(&w, "points");
        json_write_array(&w);
        for (size_t i = 0; i < points->items.count; i++)
                write_point(&w, &points->items.items[i]);
        json_write_array_end(&w);
        json_write_object_end(&w);
        return folder_make(folder, 0700, error) < 0 ||
                               file_write(path, text.bytes, text.length, 0600, error) < 0
                       ? error_while(error, "noting the outcome of the check")
                       : 0;
}

int status_note_check(const char *state, const struct plan *plan, enum goal goal, enum check_phase phase,
                      const struct check_points *points, struct error *error)
{
        size_t kind = 0;

        while (kinds[kind].goal != goal || kinds[kind].phase != phase)
                kind++;
        return note(state, plan, kind, points, error);
}

int status_note_reviews(const char *state, const struct plan *plan, const struct check_points *points,
                        struct error *error)
{
        return note(state, plan, ELEMENTS(kinds) - 1, points, error);
}

static enum check_result parse_result(const struct json_document *d, json_node node)
{
        for (enum check_result result = CHECK_PASS; result < CHECK_FAIL; result++)
                if (json_text_is(d, node, check_result_name(result)))
                        return result;
        return CHECK_FAIL;
}

static void read_points(const struct json_document *d, json_node array, struct check_points *points)
{
        json_for_each (entry, d, array) {
                struct check_point *point = list_add(&points->items);
                point->result = parse_result(d, json_get(d, entry, "result"));
                point->subject = json_text(d, json_get(d, entry, "subject"));
                point->claim = json_text(d, json_get(d, entry, "claim"));
                point->found = json_text(d, json_get(d, entry, "found"));
        }
}

static void read_one(const char *path, size_t kind, struct status_checks *checks)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_json_ struct json_document *d = NULL;

        if (file_read(path, NOTE_BYTES_MAX, &bytes, NULL) < 0 ||
            json_parse(buffer_text(&bytes), bytes.length, &d, NULL) < 0)
                return;
        _cleanup_free_ char *time = json_text(d, json_get(d, json_root(d), "time"));
        struct status_check *check = list_add(&checks->items);
        check->goal = kinds[kind].goal;
        check->phase = kinds[kind].phase;
        check->reviews = kinds[kind].reviews;
        check->time_ms = clock_parse(time);
        read_points(d, json_get(d, json_root(d), "points"), &check->points);
}

static int compare_checks(const void *a, const void *b)
{
        int64_t left = ((const struct status_check *)a)->time_ms;
        int64_t right = ((const struct status_check *)b)->time_ms;

        return (left > right) - (left < right);
}

void status_checks_read(const char *state, const struct plan *plan, struct status_checks *ret_checks)
{
        *ret_checks = (struct status_checks){0};
        for (size_t i = 0; i < ELEMENTS(kinds); i++) {
                _cleanup_free_ char *path = note_path(state, plan, i);
                read_one(path, i, ret_checks);
        }
        if (ret_checks->items.count)
                qsort(ret_checks->items.items, ret_checks->items.count, sizeof(struct status_check),
                      compare_checks);
}
