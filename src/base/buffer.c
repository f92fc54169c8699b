#include "base/buffer.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

#define SMALL_BYTES    512 /* most of what is formatted is shorter */
#define ROOM_BYTES_MIN 64  /* growing from one byte on would take many small steps */

void buffer_done(struct buffer *buffer)
{
        free(buffer->bytes);
        *buffer = (struct buffer){0};
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t length)
{
        size_t needed = buffer->length + length + 1;

        if (needed > buffer->room) {
                buffer->room = MAX(MAX(needed, 2 * buffer->room), (size_t)ROOM_BYTES_MIN);
                buffer->bytes = memory_resize(buffer->bytes, buffer->room, 1);
        }
        if (length)
                memcpy(buffer->bytes + buffer->length, bytes, length);
        buffer->length += length;
        buffer->bytes[buffer->length] = 0;
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
        buffer_add(buffer, text, strlen(text));
}

void buffer_add_list(struct buffer *buffer, const char *const *texts)
{
        for (; *texts; texts++)
                buffer_add_text(buffer, *texts);
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
        char small[SMALL_BYTES];
        va_list arguments;

        va_start(arguments, format);
        int length = vsnprintf(small, sizeof(small), format, arguments);
        va_end(arguments);
        if (length >= 0 && (size_t)length < sizeof(small)) {
                buffer_add(buffer, small, (size_t)length);
                return;
        }
        va_start(arguments, format);
        _cleanup_free_ char *text = text_vformat(format, arguments);
        va_end(arguments);
        buffer_add_text(buffer, text);
}

void buffer_clear(struct buffer *buffer)
{
        buffer->length = 0;
        if (buffer->bytes)
                buffer->bytes[0] = 0;
}

char *buffer_steal(struct buffer *buffer)
{
        char *bytes = buffer->bytes ? buffer->bytes : text_copy("");

        *buffer = (struct buffer){0};
        return bytes;
}

const char *buffer_text(const struct buffer *buffer)
{
        return buffer->bytes ? buffer->bytes : "";
}
