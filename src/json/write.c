#include "json/write.h"
#include "json/scan.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static void line_begin(struct json_writer *writer)
{
        if (!writer->indented)
                return;
        buffer_add(writer->out, "\n", 1);
        for (int i = 0; i < writer->depth; i++)
                buffer_add(writer->out, "  ", 2);
}

/* The comma and the line break that are due before a key or an array's value. */
static void item_begin(struct json_writer *writer)
{
        if (writer->after_value)
                buffer_add(writer->out, ",", 1);
        if (writer->depth > 0)
                line_begin(writer);
        writer->after_value = false;
}

static void value_begin(struct json_writer *writer)
{
        if (!writer->after_key)
                item_begin(writer);
        writer->after_key = false;
}

static void write_value(struct json_writer *writer, const char *bytes, size_t length)
{
        value_begin(writer);
        buffer_add(writer->out, bytes, length);
        writer->after_value = true;
}

static void container_begin(struct json_writer *writer, const char *bracket)
{
        value_begin(writer);
        buffer_add(writer->out, bracket, 1);
        writer->depth++;
        writer->after_value = false;
}

static void container_end(struct json_writer *writer, const char *bracket)
{
        assert(writer->depth > 0 && !writer->after_key);
        writer->depth--;
        if (writer->after_value) /* not empty */
                line_begin(writer);
        buffer_add(writer->out, bracket, 1);
        writer->after_value = true;
}

void json_write_object(struct json_writer *writer)
{
        container_begin(writer, "{");
}

void json_write_object_end(struct json_writer *writer)
{
        container_end(writer, "}");
}

void json_write_array(struct json_writer *writer)
{
        container_begin(writer, "[");
}

void json_write_array_end(struct json_writer *writer)
{
        container_end(writer, "]");
}

/* One byte that can't stand in a string as it is, or a sequence of more than one byte; returns what it took.
 */
static size_t add_special(struct buffer *out, const char *at, const char *end)
{
        static const char letters[128] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r',
                                          ['\t'] = 't', ['"'] = '"',  ['\\'] = '\\'};
        size_t length = scan_utf8(at, end);

        if (length == 0)
                buffer_add_text(out, "\xef\xbf\xbd"); /* U+FFFD */
        else if (length > 1)
                buffer_add(out, at, length);
        else if (letters[(uint8_t)*at])
                buffer_add(out, (char[]){'\\', letters[(uint8_t)*at]}, 2);
        else
                buffer_format(out, "\\u%04x", (unsigned)*at);
        return length ? length : 1;
}

static void add_string(struct buffer *out, const char *text)
{
        const char *end = text + strlen(text);

        buffer_add(out, "\"", 1);
        while (text < end) {
                const char *past = scan_plain(text, end);

                buffer_add(out, text, (size_t)(past - text));
                text = past < end ? past + add_special(out, past, end) : end;
        }
        buffer_add(out, "\"", 1);
}

void json_write_key(struct json_writer *writer, const char *key)
{
        assert(writer->depth > 0 && !writer->after_key);
        item_begin(writer);
        add_string(writer->out, key);
        buffer_add_text(writer->out, writer->indented ? ": " : ":");
        writer->after_key = true;
}

void json_write_text(struct json_writer *writer, const char *text)
{
        if (!text) {
                json_write_null(writer);
                return;
        }
        value_begin(writer);
        add_string(writer->out, text);
        writer->after_value = true;
}

void json_write_u64(struct json_writer *writer, uint64_t value)
{
        value_begin(writer);
        buffer_format(writer->out, "%" PRIu64, value);
        writer->after_value = true;
}

void json_write_i64(struct json_writer *writer, int64_t value)
{
        value_begin(writer);
        buffer_format(writer->out, "%" PRId64, value);
        writer->after_value = true;
}

void json_write_bool(struct json_writer *writer, bool value)
{
        const char *word = value ? "true" : "false";

        write_value(writer, word, strlen(word));
}

void json_write_null(struct json_writer *writer)
{
        write_value(writer, "null", strlen("null"));
}

void json_write_raw(struct json_writer *writer, const char *json, size_t length)
{
        write_value(writer, json, length);
}

void json_write_member_text(struct json_writer *writer, const char *key, const char *text)
{
        json_write_key(writer, key);
        json_write_text(writer, text);
}

void json_write_member_u64(struct json_writer *writer, const char *key, uint64_t value)
{
        json_write_key(writer, key);
        json_write_u64(writer, value);
}

void json_write_member_bool(struct json_writer *writer, const char *key, bool value)
{
        json_write_key(writer, key);
        json_write_bool(writer, value);
}
