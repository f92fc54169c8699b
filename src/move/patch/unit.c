/*
 * Unit files (systemd.syntax): lines "Key=value", continued by a backslash at the end; lines that begin with
 * "#" or ";" are comments, also between continued ones. Commands stand in the keys Exec*=, variables in
 * Environment=.
 */

#include "move/patch/find.h"

struct unit {
        const char *bytes;
        size_t length;
        const struct patch_text *text;
        struct patch_findings *findings;
};

static size_t line_end(const struct unit *unit, size_t at)
{
        const char *newline = memchr(unit->bytes + at, '\n', unit->length - at);

        return newline ? (size_t)(newline - unit->bytes) : unit->length;
}

static bool continues(const struct unit *unit, size_t start, size_t end)
{
        if (end > start && unit->bytes[end - 1] == '\r')
                end--;
        return end > start && unit->bytes[end - 1] == '\\';
}

static bool is_comment(const struct unit *unit, size_t start, size_t end)
{
        while (start < end && (unit->bytes[start] == ' ' || unit->bytes[start] == '\t'))
                start++;
        return start < end && (unit->bytes[start] == '#' || unit->bytes[start] == ';');
}

/* Where the line that begins at `start`, with those that continue it, ends. */
static size_t logical_end(const struct unit *unit, size_t start)
{
        size_t end = line_end(unit, start);

        while (end < unit->length && (continues(unit, start, end) || is_comment(unit, start, end))) {
                start = end + 1;
                end = line_end(unit, start);
        }
        return end;
}

static bool key_begins(const struct unit *unit, size_t start, size_t end, const char *key)
{
        while (start < end && (unit->bytes[start] == ' ' || unit->bytes[start] == '\t'))
                start++;
        return patch_text_has(unit->text, start, end, key);
}

/* Comments between continued lines are no part of the value. */
static void scan_value(const struct unit *unit, size_t start, size_t from, size_t end)
{
        _cleanup_patch_text_ struct patch_text value = {0};

        for (size_t line = from; line < end;) {
                size_t stop = MIN(line_end(unit, line), end);
                size_t next = MIN(stop + 1, end);
                if (line == from || !is_comment(unit, line, stop))
                        patch_text_add_part(&value, unit->text, line, next);
                line = next;
        }
        patch_scan(
                &(struct patch_scan_wish){
                        .text = &value, .to = value.length, .dialect = DIALECT_UNIT, .comment = start},
                unit->findings);
}

static void scan_line(const struct unit *unit, size_t start, size_t end)
{
        const char *equals = memchr(unit->bytes + start, '=', end - start);
        size_t from = equals ? (size_t)(equals - unit->bytes) + 1 : end;
        bool commands =
                key_begins(unit, start, from, "Exec") || key_begins(unit, start, from, "Environment=");

        digest_add(unit->findings->shape, unit->bytes + start, (commands ? from : end) - start);
        digest_add(unit->findings->shape, "\n", 1);
        if (commands)
                scan_value(unit, start, from, end);
}

void patch_find_unit(const char *bytes, size_t length, struct patch_findings *findings)
{
        _cleanup_patch_text_ struct patch_text text = {0};
        struct unit unit = {bytes, length, &text, findings};

        patch_text_add_bytes(&text, bytes, 0, length);
        for (size_t start = 0; start < length;) {
                size_t end = line_end(&unit, start);
                if (!is_comment(&unit, start, end)) {
                        end = logical_end(&unit, start);
                        scan_line(&unit, start, end);
                }
                start = end + 1;
        }
}
