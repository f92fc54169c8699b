#pragma once

/*
 * A growing byte buffer. `bytes` is always followed by a NUL that does not count, so that text can be read in
 * place. All zero is the empty buffer (then `bytes` is NULL; buffer_text gives "").
 */

#include "base/cleanup.h"

#include <stddef.h>

struct buffer {
        char *bytes;
        size_t length;
        size_t room;
};

void buffer_done(struct buffer *buffer);
#define _cleanup_buffer_ _cleanup_(buffer_done)

void buffer_add(struct buffer *buffer, const void *bytes, size_t length);
void buffer_add_text(struct buffer *buffer, const char *text);
/* Several texts, one after the other: what a format of nothing but %s would say, in a fifth of its time. */
void buffer_add_list(struct buffer *buffer, const char *const *texts); /* ends with NULL */
#define buffer_add_texts(buffer, ...) buffer_add_list((buffer), (const char *const[]){__VA_ARGS__, NULL})
void buffer_format(struct buffer *buffer, const char *format, ...) _printf_(2, 3);
void buffer_clear(struct buffer *buffer);  /* keeps the memory */
char *buffer_steal(struct buffer *buffer); /* the bytes, NUL-terminated; the buffer is empty afterwards */
const char *buffer_text(const struct buffer *buffer);
