#include "json/document.h"
#include "json/scan.h"

#include "base/text.h"

static uint32_t hex_digit(char c)
{
        return (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* The value of \uXXXX; the digits have been checked by the parser. */
static uint32_t hex_unit(const char *escape)
{
        return hex_digit(escape[2]) << 12 | hex_digit(escape[3]) << 8 | hex_digit(escape[4]) << 4 |
               hex_digit(escape[5]);
}

static uint32_t escape_next(struct string_reader *reader)
{
        static const char values[128] = {['b'] = '\b', ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r',
                                         ['t'] = '\t', ['"'] = '"',  ['\\'] = '\\', ['/'] = '/'};
        char letter = reader->at[1];

        if (letter != 'u') {
                reader->at += 2;
                return (uint8_t)values[letter & 0x7f];
        }
        uint32_t unit = hex_unit(reader->at);
        reader->at += 6;
        if (unit < 0xd800 || unit > 0xdbff)
                return unit;
        if (reader->end - reader->at < 6 || reader->at[0] != '\\' || reader->at[1] != 'u')
                return unit;
        uint32_t low = hex_unit(reader->at);
        if (low < 0xdc00 || low > 0xdfff)
                return unit;
        reader->at += 6;
        return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
}

/* One UTF-8 sequence, which the parser has found valid. */
static uint32_t utf8_next(struct string_reader *reader)
{
        uint8_t first = (uint8_t)*reader->at++;
        int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
        uint32_t point = more ? first & (0x3fU >> more) : first;

        for (; more > 0; more--)
                point = point << 6 | ((uint8_t)*reader->at++ & 0x3f);
        return point;
}

bool string_next(struct string_reader *reader, uint32_t *ret_point)
{
        if (reader->at >= reader->end)
                return false;
        *ret_point = *reader->at == '\\' ? escape_next(reader) : utf8_next(reader);
        return true;
}

size_t utf8_put(uint32_t point, char ret_bytes[4])
{
        size_t length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
        static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};

        for (size_t i = length - 1; i > 0; i--) {
                ret_bytes[i] = (char)(0x80 | (point & 0x3f));
                point >>= 6;
        }
        ret_bytes[0] = (char)(leads[length] | point);
        return length;
}

static bool is_text(uint32_t point)
{
        return point != 0 && (point < 0xd800 || point > 0xdfff);
}

char *string_decode(const struct json_document *document, const struct node *string)
{
        struct string_reader reader = string_read(document, string);
        uint32_t point;

        if (!(string->flags & NODE_ESCAPED))
                return text_copy_n(reader.at, (size_t)(reader.end - reader.at));

        /* No escape is shorter than what it stands for. */
        _cleanup_free_ char *text = memory_new(string->length, 1);
        size_t length = 0;
        for (;;) {
                const char *plain = reader.at;
                reader.at = scan_plain(plain, reader.end);
                memcpy(text + length, plain, (size_t)(reader.at - plain));
                length += (size_t)(reader.at - plain);
                if (!string_next(&reader, &point))
                        break;
                if (!is_text(point))
                        return NULL;
                length += utf8_put(point, text + length);
        }
        return steal_pointer(text);
}

bool string_escaped_is(struct string_reader reader, const char *text, size_t length)
{
        uint32_t point;
        char bytes[4];

        while (string_next(&reader, &point)) {
                size_t size = utf8_put(point, bytes);

                if (!is_text(point) || size > length || memcmp(text, bytes, size) != 0)
                        return false;
                text += size;
                length -= size;
        }
        return length == 0;
}
