#pragma once

/* A document's inside, for the files of this room only. See document.c for the layout. */

#include "json/json.h"

#include <assert.h>
#include <string.h>

enum node_flag {
        NODE_KEY = 1,     /* an object key; never handed out */
        NODE_MEMBER = 2,  /* a value in an object: its key is the node before */
        NODE_FILLED = 4,  /* a container with children */
        NODE_ESCAPED = 8, /* a string or key with backslashes */
};

struct node {
        uint32_t offset;
        uint32_t length;
        json_node next; /* the next value in the same container */
        uint8_t type;   /* enum json_type; JSON_STRING for keys */
        uint8_t flags;
};

struct json_document {
        const char *bytes;
        struct node *nodes;
        uint32_t count;
        uint32_t room;
        struct repeats *repeats; /* of the list that the document is an element of, else NULL (repeat.h) */
};

/*
 * Reads a text into a document, in place of what it held; its room for nodes is used again. document_read is
 * json_parse's work. document_read_first reads the value at the beginning and leaves what follows: returns
 * where the value ends, or NULL when it is none or the bytes end before it does.
 */
int document_read(struct json_document *document, const char *bytes, size_t length, struct error *error);
const char *document_read_first(struct json_document *document, const char *bytes, size_t length);

static inline const struct node *node_at(const struct json_document *document, json_node node)
{
        if (node == JSON_NONE)
                return NULL;
        assert(node < document->count);
        return &document->nodes[node];
}

static inline const struct node *node_key(const struct json_document *document, json_node member)
{
        assert(document->nodes[member].flags & NODE_MEMBER);
        return &document->nodes[member - 1];
}

/*
 * The code points of a string or key node, one after the other: false at the end. A surrogate escape without
 * its other half comes out as it stands, U+D800 to U+DFFF.
 */
struct string_reader {
        const char *at;
        const char *end;
};

static inline struct string_reader string_read(const struct json_document *document,
                                               const struct node *string)
{
        const char *quote = document->bytes + string->offset;

        return (struct string_reader){.at = quote + 1, .end = quote + string->length - 1};
}

bool string_next(struct string_reader *reader, uint32_t *ret_point);
size_t utf8_put(uint32_t point, char ret_bytes[4]); /* the number of bytes; the point is not checked */

/* A string or key as an owned C string; NULL when it holds U+0000 or half a surrogate pair. */
char *string_decode(const struct json_document *document, const struct node *string);

/* Code point by code point. */
bool string_escaped_is(struct string_reader reader, const char *text, size_t length);

static inline bool same_word(const char *a, const char *b)
{
        uint64_t left;
        uint64_t right;

        memcpy(&left, a, sizeof(left));
        memcpy(&right, b, sizeof(right));
        return left == right;
}

/* memcmp for a few bytes, where calling it takes longer than it does. */
static inline bool same_bytes(const char *a, const char *b, size_t length)
{
        const size_t word = sizeof(uint64_t);
        size_t at = 0;

        if (length < word) {
                while (at < length && a[at] == b[at])
                        at++;
                return at == length;
        }
        while (at + word < length && same_word(a + at, b + at))
                at += word;
        return at + word >= length && same_word(a + length - word, b + length - word);
}

/* Whether the string says exactly this text. */
static inline bool string_is(const struct json_document *document, const struct node *string,
                             const char *text, size_t length)
{
        if (string->flags & NODE_ESCAPED)
                return string_escaped_is(string_read(document, string), text, length);
        return string->length == length + 2 && same_bytes(document->bytes + string->offset + 1, text, length);
}
