#include "host/page.h"

#include "base/buffer.h"

#include <string.h>

/*
 * Titles come from whoever answers at an address: they are shown on terminals and kept in plans, so only what
 * can be printed in one line is taken over. Bytes that are no UTF-8 are left out, one by one.
 */

#define REFERENCE_LENGTH_MAX 10 /* "&#x10FFFF;" */

/* The references that stand in titles; others stay as they are written. */
static const struct {
        const char *name;
        const char *text;
} references[] = {
        {"amp", "&"},         {"lt", "<"},         {"gt", ">"},          {"quot", "\""},
        {"apos", "'"},        {"nbsp", " "},       {"ndash", "\u2013"},  {"mdash", "\u2014"},
        {"middot", "\u00b7"}, {"bull", "\u2022"},  {"hellip", "\u2026"}, {"laquo", "\u00ab"},
        {"raquo", "\u00bb"},  {"copy", "\u00a9"},  {"reg", "\u00ae"},    {"trade", "\u2122"},
        {"lsquo", "\u2018"},  {"rsquo", "\u2019"}, {"ldquo", "\u201c"},  {"rdquo", "\u201d"},
};

/* The code point at `bytes` and its length; 0 for what is no UTF-8 (overlong, surrogates and cut ones too).
 */
static size_t decode(const char *bytes, size_t length, uint32_t *ret_point)
{
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        const unsigned char *in = (const unsigned char *)bytes;
        size_t size = in[0] < 0x80       ? 1
                      : in[0] >> 5 == 6  ? 2
                      : in[0] >> 4 == 14 ? 3
                      : in[0] >> 3 == 30 ? 4
                                         : 0;
        uint32_t point = size > 1 ? in[0] & (0x7fU >> size) : in[0];

        if (!size || size > length)
                return 0;
        for (size_t i = 1; i < size; i++) {
                if (in[i] >> 6 != 2)
                        return 0;
                point = point << 6 | (in[i] & 0x3fU);
        }
        if (point < least[size] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
                return 0;
        *ret_point = point;
        return size;
}

static void encode(struct buffer *out, uint32_t point)
{
        char bytes[4];
        size_t size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

        if (size == 1) {
                bytes[0] = (char)point;
        } else {
                for (size_t i = size - 1; i; i--, point >>= 6)
                        bytes[i] = (char)(0x80 | (point & 0x3f));
                bytes[0] = (char)((0xf00U >> size & 0xf0) | point);
        }
        buffer_add(out, bytes, size);
}

static bool is_blank(uint32_t point)
{
        return point == ' ' || (point >= '\t' && point <= '\r') || point == 0x85 || point == 0xa0 ||
               (point >= 0x2000 && point <= 0x200a) || point == 0x2028 || point == 0x2029 ||
               point == 0x202f || point == 0x3000;
}

/* Controls, marks without width or of direction, private and missing characters. */
static bool is_hidden(uint32_t point)
{
        return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0xad || point == 0x61c ||
               (point >= 0x200b && point <= 0x200f) || (point >= 0x202a && point <= 0x202e) ||
               (point >= 0x2060 && point <= 0x206f) || (point >= 0xd800 && point <= 0xf8ff) ||
               point == 0xfeff || (point >= 0xfff0 && point <= 0xffff) || point >= 0xe0000;
}

/* What is written so far. A blank is only written when something follows. */
struct writing {
        struct buffer out;
        size_t characters;
        bool blank;
};

static void write_point(struct writing *w, uint32_t point)
{
        if (is_blank(point)) {
                w->blank = w->characters > 0;
                return;
        }
        if (is_hidden(point) || w->characters + w->blank >= PAGE_TITLE_MAX)
                return;
        if (w->blank) {
                buffer_add_text(&w->out, " ");
                w->characters++;
        }
        w->blank = false;
        encode(&w->out, point);
        w->characters++;
}

static void write_text(struct writing *w, const char *text)
{
        uint32_t point;
        size_t size;

        for (size_t length = strlen(text); length && (size = decode(text, length, &point));
             text += size, length -= size)
                write_point(w, point);
}

/* "#39" and "#x27" of length bytes; false when it is no number of a character. */
static bool parse_number(const char *name, size_t length, uint32_t *ret_point)
{
        bool hexadecimal = length > 1 && (name[1] | 0x20) == 'x';
        uint32_t point = 0;
        size_t i = hexadecimal ? 2 : 1;

        if (i >= length)
                return false;
        for (; i < length && point <= 0x10ffff; i++) {
                unsigned char c = (unsigned char)name[i];
                if (c >= '0' && c <= '9')
                        point = point * (hexadecimal ? 16 : 10) + (c - '0');
                else if (hexadecimal && (c | 0x20) >= 'a' && (c | 0x20) <= 'f')
                        point = point * 16 + ((c | 0x20U) - 'a' + 10);
                else
                        return false;
        }
        *ret_point = point;
        return point <= 0x10ffff;
}

/* Writes the reference that begins at `bytes`, and returns its length; 0 when none does. */
static size_t write_reference(struct writing *w, const char *bytes, size_t length)
{
        const char *end = memchr(bytes, ';', MIN(length, (size_t)REFERENCE_LENGTH_MAX));
        size_t name_length = end ? (size_t)(end - bytes) - 1 : 0;
        uint32_t point;

        if (bytes[0] != '&' || !name_length)
                return 0;
        if (bytes[1] == '#' && parse_number(bytes + 1, name_length, &point)) {
                write_point(w, point);
                return name_length + 2;
        }
        for (size_t i = 0; i < ELEMENTS(references); i++)
                if (strlen(references[i].name) == name_length &&
                    memcmp(references[i].name, bytes + 1, name_length) == 0) {
                        write_text(w, references[i].text);
                        return name_length + 2;
                }
        return 0;
}

char *page_text(const char *bytes, size_t length)
{
        struct writing w = {0};
        size_t taken;

        for (; length && w.characters + w.blank < PAGE_TITLE_MAX; bytes += taken, length -= taken) {
                uint32_t point;
                taken = write_reference(&w, bytes, length);
                if (taken)
                        continue;
                taken = decode(bytes, length, &point);
                if (taken)
                        write_point(&w, point);
                else
                        taken = 1;
        }
        return w.out.length ? buffer_steal(&w.out) : text_copy("");
}

static bool begins_with(const char *at, const char *end, const char *word)
{
        size_t length = strlen(word);

        return (size_t)(end - at) >= length && strncasecmp(at, word, length) == 0;
}

/* Where the text of the first title begins: behind its tag, and not in a comment. */
static const char *find_title(const char *at, const char *end)
{
        while ((at = memchr(at, '<', (size_t)(end - at)))) {
                if (begins_with(at, end, "<!--")) {
                        const char *close = memmem(at, (size_t)(end - at), "-->", 3);
                        if (!close)
                                return NULL;
                        at = close;
                        continue;
                }
                const char *behind = at + strlen("<title");
                if (begins_with(at, end, "<title") && behind < end && memchr("> \t\r\n\f/", *behind, 6)) {
                        const char *close = memchr(behind, '>', (size_t)(end - behind));
                        return close ? close + 1 : NULL;
                }
                at++;
        }
        return NULL;
}

char *page_title(const char *bytes, size_t length)
{
        if (!length)
                return NULL;
        const char *end = bytes + length;
        const char *begin = find_title(bytes, end);
        const char *close = begin;

        if (!begin)
                return NULL;
        while (close < end && !begins_with(close, end, "</title"))
                close++;
        if (close == end) { /* never closed: up to the next tag, not the whole page */
                close = memchr(begin, '<', (size_t)(end - begin));
                close = close ? close : end;
        }
        char *title = page_text(begin, (size_t)(close - begin));
        if (*title)
                return title;
        free(title);
        return NULL;
}
