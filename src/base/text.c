#include "base/text.h"

#include <errno.h>
#include <stdio.h>

static void *must(void *p)
{
        if (!p)
                abort();
        return p;
}

void *memory_new(size_t count, size_t size)
{
        return must(calloc(count ? count : 1, size ? size : 1));
}

void *memory_resize(void *p, size_t count, size_t size)
{
        return must(reallocarray(p, count ? count : 1, size));
}

char *text_copy(const char *s)
{
        return s ? must(strdup(s)) : NULL;
}

char *text_copy_n(const char *s, size_t length_bytes)
{
        char *copy = must(malloc(length_bytes + 1));

        if (length_bytes)
                memcpy(copy, s, length_bytes);
        copy[length_bytes] = 0;
        return copy;
}

char *text_vformat(const char *format, va_list arguments)
{
        char *s = NULL;

        if (vasprintf(&s, format, arguments) < 0)
                abort();
        return s;
}

char *text_format(const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        char *s = text_vformat(format, arguments);
        va_end(arguments);
        return s;
}

/* Eight bytes at a step, with the high half, which every bit reaches by the product, folded into the low one.
 */
uint32_t text_hash(const char *text, size_t length)
{
        uint64_t h = HASH_FACTOR ^ length;
        uint64_t word;

        for (; length >= sizeof(word); text += sizeof(word), length -= sizeof(word)) {
                memcpy(&word, text, sizeof(word));
                h = (h ^ word) * HASH_FACTOR;
                h ^= h >> 32;
        }
        word = 0;
        memcpy(&word, text, length);
        h = (h ^ word) * HASH_FACTOR;
        return (uint32_t)(h ^ h >> 32);
}

bool text_to_u64(const char *s, uint64_t *ret_value)
{
        char *end;

        if (!s || *s < '0' || *s > '9')
                return false;
        errno = 0;
        unsigned long long value = strtoull(s, &end, 10);
        if (errno || *end)
                return false;
        *ret_value = value;
        return true;
}

char *text_shell_word(const char *s)
{
        static const char plain[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_";
        size_t quotes = 0;

        if (*s && s[strspn(s, plain)] == 0)
                return text_copy(s);
        for (const char *c = s; *c; c++)
                quotes += *c == '\'';
        char *word = memory_new(strlen(s) + 3 * quotes + 3, 1);
        char *at = word;
        *at++ = '\'';
        for (; *s; s++) {
                if (*s == '\'')
                        at = stpcpy(at, "'\\'");
                *at++ = *s;
        }
        *at = '\'';
        return word;
}
