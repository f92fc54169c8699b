#include "host/log.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/text.h"
#include "json/json.h"

/* What one line of either format comes to. */
struct log_fields {
        char *time;
        char *level;
        char *text;
        const char *error; /* inside the text; NULL when there is none */
};

static void log_fields_done(struct log_fields *fields)
{
        free(fields->time);
        free(fields->level);
        free(fields->text);
}

/* Where the engine's own words begin: a prefix must name the program that wrote them. */
static char *skip_prefix(char *line)
{
        if (text_starts_with(line, "time=\"") || *line == '{')
                return line;
        char *program = strstr(line, " dockerd[");
        char *begin = program ? strstr(program, "]: ") : NULL;
        if (!begin)
                return NULL;
        begin += strlen("]: ");
        return text_starts_with(begin, "time=\"") || *begin == '{' ? begin : NULL;
}

/* time="..." level=error msg=... */
static bool read_words(const char *line, struct log_fields *fields)
{
        const char *time = line + strlen("time=\"");
        const char *time_end = strchr(time, '"');

        if (!time_end || !text_starts_with(time_end, "\" level="))
                return false;
        const char *level = time_end + strlen("\" level=");
        size_t level_length = strcspn(level, " ");
        fields->time = text_copy_n(time, (size_t)(time_end - time));
        fields->level = text_copy_n(level, level_length);
        fields->text = text_copy(level + level_length);
        /* Inside a quoted value the quote would be escaped, so this begins a field. */
        fields->error = strstr(fields->text, " error=\"");
        return true;
}

static bool read_object(const char *line, struct log_fields *fields)
{
        _cleanup_json_ struct json_document *d = NULL;

        if (json_parse(line, strlen(line), &d, NULL) < 0)
                return false;
        json_node root = json_root(d);
        _cleanup_free_ char *message = json_text(d, json_get(d, root, "msg"));
        _cleanup_free_ char *error = json_text(d, json_get(d, root, "error"));
        fields->time = json_text(d, json_get(d, root, "time"));
        fields->level = json_text(d, json_get(d, root, "level"));
        if (!fields->time || !fields->level)
                return false;
        fields->text =
                text_format("%s%s%s", message ? message : "", error ? " error=" : "", error ? error : "");
        fields->error = error ? fields->text + (message ? strlen(message) : 0) : NULL;
        return true;
}

/* The allocator's retries, the debug messages that hold nothing but an ID. */
static bool is_retry(const char *text)
{
        return text_starts_with(text, " msg=\"Failed allocation ") ||
               text_starts_with(text, "Failed allocation ");
}

void log_take_line(struct log_reading *reading, char *line)
{
        struct log_fields fields _cleanup_(log_fields_done) = {0};
        const char *begin = skip_prefix(line);

        if (!begin || !(*begin == '{' ? read_object(begin, &fields) : read_words(begin, &fields)))
                return;
        struct log_entry entry = {
                .time_ms = clock_parse(fields.time),
                .debug = text_equal(fields.level, "debug") || text_equal(fields.level, "trace"),
        };
        if (entry.time_ms < 0 || entry.time_ms < reading->since_ms)
                return;
        struct log_reach *reach = &reading->reach;
        reach->first_ms = reach->entries++ ? MIN(reach->first_ms, entry.time_ms) : entry.time_ms;
        reach->last_ms = MAX(reach->last_ms, entry.time_ms);
        entry.text = entry.debug && !is_retry(fields.text) ? fields.error : fields.text;
        if (entry.text)
                reading->sink(reading->userdata, &entry);
}
