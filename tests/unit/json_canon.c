/*
 * The C half of tests/json_agree: reads documents from standard input, each after its length as four bytes
 * (least significant first), and writes a line for each: its canonical form, or "error". The form is
 * described there.
 */

#include "json/json.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>

static void write_hex(const char *text)
{
        for (; *text; text++)
                printf("%02x", (unsigned)(uint8_t)*text);
}

static void write_text(char *text)
{
        if (text)
                write_hex(text);
        else
                putchar('?');
        free(text);
}

static void write_number(const struct json_document *document, json_node node)
{
        uint64_t u64;
        int64_t i64;

        printf("n%.*s", (int)json_length(document, node), json_bytes(document, node));
        if (json_u64(document, node, &u64))
                printf("u%" PRIu64, u64);
        if (json_i64(document, node, &i64))
                printf("i%" PRId64, i64);
}

static void write_key(const struct json_document *document, json_node object, json_node member)
{
        char *key = json_key(document, member);

        if (key)
                putchar(json_get(document, object, key) == member ? '=' : '-');
        write_text(key);
        putchar(':');
}

/* Recursion is bounded by JSON_DEPTH_MAX. */
static void write_canonical(const struct json_document *document, json_node node)
{
        enum json_type type = json_type(document, node);

        switch (type) {
        case JSON_NULL:
        case JSON_FALSE:
        case JSON_TRUE:
                putchar("0ft"[type]);
                break;
        case JSON_NUMBER:
                write_number(document, node);
                break;
        case JSON_STRING:
                putchar('s');
                write_text(json_text(document, node));
                break;
        case JSON_ARRAY:
        case JSON_OBJECT:
                putchar(type == JSON_ARRAY ? '[' : '{');
                json_for_each (child, document, node) {
                        if (type == JSON_OBJECT)
                                write_key(document, node, child);
                        write_canonical(document, child);
                        putchar(',');
                }
                putchar(type == JSON_ARRAY ? ']' : '}');
                break;
        }
}

static bool read_document(struct buffer *ret_bytes)
{
        uint8_t header[4];

        buffer_clear(ret_bytes);
        if (fread(header, sizeof(header), 1, stdin) != 1)
                return false;
        size_t length = header[0] | header[1] << 8 | header[2] << 16 | (size_t)header[3] << 24;
        if (length > JSON_SIZE_MAX)
                return false;
        _cleanup_free_ char *bytes = memory_new(length, 1);
        if (length && fread(bytes, length, 1, stdin) != 1)
                return false;
        buffer_add(ret_bytes, bytes, length);
        return true;
}

int main(void)
{
        _cleanup_buffer_ struct buffer bytes = {0};

        while (read_document(&bytes)) {
                _cleanup_json_ struct json_document *document = NULL;

                if (json_parse(bytes.bytes, bytes.length, &document, NULL) < 0)
                        printf("error");
                else
                        write_canonical(document, json_root(document));
                putchar('\n');
        }
        return ferror(stdin) ? 1 : 0;
}
