#pragma once

/*
 * JSON as the engine speaks it (RFC 8259), read with byte offsets.
 *
 * A document is parsed once into a flat array of nodes that point back into the caller's bytes: numbers stay
 * text (the engine's reach 2^64-1), strings stay escaped until asked for, and a byte range can be replaced
 * without touching any other byte (edit.h). Large lists are not read as documents: json_split cuts a streamed
 * top-level array into its elements, each small enough to be a document of its own.
 *
 * Strict: UTF-8 is checked, control characters in strings, leading zeros, trailing commas, comments, NaN,
 * a byte-order mark and anything after the value are refused. `\u0000` and lone surrogates are accepted as
 * JSON and refused by json_text, which returns C strings of valid UTF-8. Bounds: depth JSON_DEPTH_MAX, bytes
 * JSON_SIZE_MAX. Errors are ERROR_PROTOCOL with the byte offset in the sentence.
 */

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define JSON_DEPTH_MAX 128
#define JSON_SIZE_MAX  ((size_t)64 << 20)

enum json_type {
        JSON_NULL,
        JSON_FALSE,
        JSON_TRUE,
        JSON_NUMBER,
        JSON_STRING,
        JSON_ARRAY,
        JSON_OBJECT,
};

/* A node's index in its document; JSON_NONE is "no such value", and every accessor takes it. */
typedef uint32_t json_node;
#define JSON_NONE UINT32_MAX

struct json_document;

/* Keeps a pointer to the bytes, which must stay as they are until json_free. */
int json_parse(const char *bytes, size_t length, struct json_document **ret_document, struct error *error);
struct json_document *json_free(struct json_document *document); /* returns NULL */
static inline void json_cleanup(struct json_document **document)
{
        json_free(*document);
}
#define _cleanup_json_ _cleanup_(json_cleanup)

json_node json_root(const struct json_document *document);
enum json_type json_type(const struct json_document *document, json_node node); /* JSON_NULL for JSON_NONE */

/* The value's bytes: offset of the first, and their number (quotes and brackets included). */
size_t json_offset(const struct json_document *document, json_node node);
size_t json_length(const struct json_document *document, json_node node);
const char *json_bytes(const struct json_document *document, json_node node);

/*
 * The member of an object, by exact key; of duplicate keys the last, as Go reads them. JSON_NONE when there
 * is none or the node is no object. json_path walks several members: json_path(d, n, "Spec", "Name", NULL).
 */
json_node json_member(const struct json_document *document, json_node object, const char *key, size_t length);
static inline json_node json_get(const struct json_document *document, json_node object, const char *key)
{
        return json_member(document, object, key, strlen(key)); /* of a literal it is known when compiled */
}
json_node json_path(const struct json_document *document, json_node node, ...) __attribute__((sentinel));

/* Several members of one object, each as json_get gives it, in one walk: quickest where `keys` are in the
 * order of the text. */
struct json_name {
        const char *text;
        size_t length;
};
#define JSON_NAME(literal)                                                                                   \
        {                                                                                                    \
                literal, sizeof(literal) - 1                                                                 \
        }
void json_get_each(const struct json_document *document, json_node object, const struct json_name *keys,
                   size_t count, json_node *ret_members);

/* Children in order. For an object these are the values; json_key gives the key of a member's value. */
json_node json_first(const struct json_document *document, json_node container);
json_node json_next(const struct json_document *document, json_node node);
size_t json_count(const struct json_document *document, json_node container);
char *json_key(const struct json_document *document,
               json_node member); /* decoded, owned by the caller; NULL if it can't be a C string */
#define json_for_each(child, document, container)                                                            \
        for (json_node child = json_first(document, container); (child) != JSON_NONE;                        \
             (child) = json_next(document, child))

/* Typed values; false or NULL when the node is missing, null, or of another type. Returned strings are the
 * caller's. */
char *json_text(const struct json_document *document, json_node node);
bool json_text_is(const struct json_document *document, json_node node,
                  const char *text); /* without a copy */
/* A string without escapes, where it lies in the document's bytes (no zero ends it); false for all else. */
bool json_plain(const struct json_document *document, json_node node, const char **ret_bytes,
                size_t *ret_length);
bool json_u64(const struct json_document *document, json_node node,
              uint64_t *ret_value); /* whole, not negative, in range */
bool json_i64(const struct json_document *document, json_node node, int64_t *ret_value);
bool json_bool(const struct json_document *document, json_node node); /* true only for `true` */

/*
 * Refuses an object, at any depth below the node, that holds the same key twice or keys that differ only in
 * case: Go's decoder would merge them, and an edit could reach the wrong one. Objects that are the member of
 * one of the names in `maps` (ends with NULL; may be NULL) are Go maps: only the same key twice is refused in
 * them.
 */
int json_require_plain_keys(const struct json_document *document, json_node node, const char *const *maps,
                            struct error *error);

/*
 * A streamed top-level array, element by element. Feed bytes as they come; each complete element is handed to
 * the sink as a parsed document (freed by the splitter afterwards). json_split_end tells whether the array
 * was closed and nothing followed. A top-level `null` (Go's empty list) counts as an empty array. Memory is
 * one element, bounded by JSON_SIZE_MAX. A sink's -1 stops and is passed on.
 */
struct json_split;
typedef int (*json_sink)(void *userdata, const struct json_document *element, struct error *error);

struct json_split *json_split_new(json_sink sink, void *userdata);
struct json_split *json_split_free(struct json_split *split);
int json_split_feed(struct json_split *split, const char *bytes, size_t length, struct error *error);
int json_split_end(struct json_split *split, struct error *error);
