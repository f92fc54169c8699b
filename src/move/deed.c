#include "move/deed.h"

#include "base/clock.h"
#include "base/file.h"
#include "json/json.h"
#include "json/write.h"

#include <errno.h>

#define DEED_BYTES_MAX 65536

static const char *const state_names[] = {
        [DEED_NONE] = "none", [DEED_BEGUN] = "begun", [DEED_DONE] = "done", [DEED_FAILED] = "failed"};
static const char *const goal_names[] = {[GOAL_NEW] = "new", [GOAL_OLD] = "old"};

void deed_done(struct deed *deed)
{
        free(deed->evidence);
        *deed = (struct deed){0};
}

/* Names hold what users wrote, and become names of files. */
static char *path_of(const char *folder, const char *name)
{
        char *path = text_format("%s/deed-%s", folder, name);

        for (char *at = path + strlen(folder) + 1; *at; at++)
                if (*at == '/')
                        *at = '_';
        return path;
}

static int index_of(const char *const *names, size_t count, const char *name)
{
        for (size_t i = 0; i < count; i++)
                if (text_equal(names[i], name))
                        return (int)i;
        return -1;
}

static int parse(const struct buffer *bytes, const char *path, struct deed *ret_deed, struct error *error)
{
        _cleanup_json_ struct json_document *d = NULL;

        if (json_parse(buffer_text(bytes), bytes->length, &d, NULL) < 0)
                return error_set(error, ERROR_REFUSED, "%s can't be understood", path);
        _cleanup_free_ char *state = json_text(d, json_get(d, json_root(d), "state"));
        _cleanup_free_ char *goal = json_text(d, json_get(d, json_root(d), "goal"));
        _cleanup_free_ char *since = json_text(d, json_get(d, json_root(d), "since"));
        int state_index = index_of(state_names, ELEMENTS(state_names), state);
        int goal_index = index_of(goal_names, ELEMENTS(goal_names), goal);
        if (state_index < 0 || goal_index < 0)
                return error_set(error, ERROR_REFUSED, "%s can't be understood", path);
        *ret_deed = (struct deed){(enum deed_state)state_index, (enum goal)goal_index,
                                  json_text(d, json_get(d, json_root(d), "evidence")), clock_parse(since)};
        return 0;
}

int deed_read(const char *folder, const char *name, struct deed *ret_deed, struct error *error)
{
        _cleanup_free_ char *path = path_of(folder, name);
        _cleanup_buffer_ struct buffer bytes = {0};

        *ret_deed = (struct deed){0};
        if (access(path, F_OK) < 0 && errno == ENOENT)
                return 0;
        if (file_read(path, DEED_BYTES_MAX, &bytes, error) < 0)
                return -1;
        return parse(&bytes, path, ret_deed, error);
}

int deed_write(const char *folder, const char *name, enum deed_state state, enum goal goal,
               const char *evidence, struct error *error)
{
        _cleanup_free_ char *path = path_of(folder, name);
        _cleanup_free_ char *since = clock_format(clock_wall_ms());
        _cleanup_buffer_ struct buffer bytes = {0};
        struct json_writer w = {.out = &bytes};

        json_write_object(&w);
        json_write_member_text(&w, "state", state_names[state]);
        json_write_member_text(&w, "goal", goal_names[goal]);
        json_write_member_text(&w, "evidence", evidence);
        json_write_member_text(&w, "since", since);
        json_write_object_end(&w);
        buffer_add_text(&bytes, "\n");
        if (file_write(path, bytes.bytes, bytes.length, 0600, error) < 0)
                return error_while(error, "recording %s", name);
        return 0;
}
