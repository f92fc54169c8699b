#pragma once

/*
 * A small JSON writer: commas, quoting and indentation are its business, the order of calls the caller's.
 * Strings are escaped as RFC 8259 demands; bytes that are not UTF-8 become U+FFFD.
 */

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_writer {
        struct buffer *out; /* borrowed */
        bool indented;      /* two spaces a level; else one line without blanks */
        int depth;
        bool after_value; /* a comma is due before the next value */
        bool after_key;
};

void json_write_object(struct json_writer *writer); /* { */
void json_write_object_end(struct json_writer *writer);
void json_write_array(struct json_writer *writer);
void json_write_array_end(struct json_writer *writer);
void json_write_key(struct json_writer *writer, const char *key);
void json_write_text(struct json_writer *writer, const char *text); /* NULL writes null */
void json_write_u64(struct json_writer *writer, uint64_t value);
void json_write_i64(struct json_writer *writer, int64_t value);
void json_write_bool(struct json_writer *writer, bool value);
void json_write_null(struct json_writer *writer);
void json_write_raw(struct json_writer *writer, const char *json,
                    size_t length); /* a complete value, written as it is */

/* Key and value in one call. */
void json_write_member_text(struct json_writer *writer, const char *key, const char *text);
void json_write_member_u64(struct json_writer *writer, const char *key, uint64_t value);
void json_write_member_bool(struct json_writer *writer, const char *key, bool value);
