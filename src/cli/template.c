#include "cli/template.h"

#include "base/buffer.h"

#define BLANKS  " \t"
#define ALIGNED "table "

void template_done(struct template *template)
{
        for (size_t i = 0; i < template->parts.count; i++)
                free(template->parts.items[i].text);
        free(template->parts.items);
        *template = (struct template){0};
}

static int unknown_field(const char *field, size_t length, const struct column *columns, struct error *error)
{
        _cleanup_buffer_ struct buffer known = {0};

        for (const struct column *column = columns; column->field; column++)
                buffer_format(&known, "%s%s", known.length ? ", " : "", column->field);
        return error_set(error, ERROR_USAGE, "no field '%.*s' here; the fields are %s", (int)length, field,
                         buffer_text(&known));
}

/* "Field" behind the dot, `length` bytes. */
static int find_field(const char *field, size_t length, const struct column *columns, size_t *ret_index,
                      struct error *error)
{
        for (size_t i = 0; columns[i].field; i++)
                if (strlen(columns[i].field) == length && strncmp(columns[i].field, field, length) == 0) {
                        *ret_index = i;
                        return 0;
                }
        return unknown_field(field, length, columns, error);
}

/* What stands between {{ and }}. */
static int parse_action(const char *action, size_t length, const struct column *columns,
                        struct template_part *ret_part, struct error *error)
{
        const char *at = action + strspn(action, BLANKS);
        const char *end = action + length;
        bool json = text_starts_with(at, "json ");

        if (json)
                at += 4 + strspn(at + 4, BLANKS);
        while (end > at && strchr(BLANKS, end[-1]))
                end--;
        if (end <= at || *at != '.' || memchr(at, ' ', (size_t)(end - at)))
                return error_set(
                        error, ERROR_USAGE,
                        "the template holds {{%.*s}}, but only {{.Field}}, {{json .Field}} and {{json .}} "
                        "are understood",
                        (int)length, action);
        if (json && end == at + 1) {
                ret_part->kind = TEMPLATE_ROW_JSON;
                return 0;
        }
        ret_part->kind = json ? TEMPLATE_FIELD_JSON : TEMPLATE_FIELD;
        return find_field(at + 1, (size_t)(end - at) - 1, columns, &ret_part->field, error);
}

/* \t, \n and \\; any other backslash stands for itself. */
static char *unescape(const char *text, size_t length)
{
        _cleanup_buffer_ struct buffer copy = {0};

        for (size_t i = 0; i < length; i++) {
                char next = i + 1 < length ? text[i + 1] : 0;

                if (text[i] == '\\' && (next == 't' || next == 'n' || next == '\\')) {
                        buffer_add_text(&copy, next == 't' ? "\t" : next == 'n' ? "\n" : "\\");
                        i++;
                } else {
                        buffer_add(&copy, text + i, 1);
                }
        }
        return buffer_steal(&copy);
}

/* The text before {{, or all of it. Returns where it ends. */
static const char *take_text(struct template *template, const char *text)
{
        const char *open = strstr(text, "{{");
        size_t length = open ? (size_t)(open - text) : strlen(text);

        if (length > 0)
                list_add(&template->parts)->text = unescape(text, length);
        return text + length;
}

static int parse_parts(const char *text, const struct column *columns, struct template *template,
                       struct error *error)
{
        for (;;) {
                const char *open = take_text(template, text);

                if (!*open)
                        return 0;
                const char *close = strstr(open, "}}");
                if (!close)
                        return error_set(error, ERROR_USAGE,
                                         "the template opens {{ and does not close it: %s", open);
                size_t length = (size_t)(close - open) - 2;
                if (parse_action(open + 2, length, columns, list_add(&template->parts), error) < 0)
                        return -1;
                text = close + 2;
        }
}

int template_parse(const char *format, const struct column *columns, struct template *ret_template,
                   struct error *error)
{
        struct template template = {.aligned = text_starts_with(format, ALIGNED)};

        if (!strstr(format, "{{"))
                return error_set(error, ERROR_USAGE,
                                 "a format is table, json or a template such as '{{.%s}}', not '%s'",
                                 columns->field, format);
        if (parse_parts(template.aligned ? format + strlen(ALIGNED) : format, columns, &template, error) <
            0) {
                template_done(&template);
                return -1;
        }
        *ret_template = template;
        return 0;
}
