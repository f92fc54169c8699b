#pragma once

/* A document's inside, for the files of this room only. See document.c for the layout. */

#include "json/json.h"

#include <assert.h>

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

struct string_reader string_read(const struct json_document *document, const struct node *string);
bool string_next(struct string_reader *reader, uint32_t *ret_point);
size_t utf8_put(uint32_t point, char ret_bytes[4]); /* the number of bytes; the point is not checked */

/* A string or key as an owned C string; NULL when it holds U+0000 or half a surrogate pair. */
char *string_decode(const struct json_document *document, const struct node *string);

/* Whether the string says exactly this text. */
bool string_is(const struct json_document *document, const struct node *string, const char *text,
               size_t length);
