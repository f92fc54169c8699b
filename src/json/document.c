#include "json/document.h"

#include "base/text.h"
#include "json/repeat.h"
#include "json/scan.h"

#include <string.h>

/*
 * Theory of operation
 *
 * A document is one array of 16-byte nodes in the order in which the values begin in the text. A node holds
 * where its value lies (offset and length, brackets and quotes included), its type, and the index of the next
 * value in the same container. Nothing is copied out of the text and nothing is decoded: the text is the
 * store, the nodes are its index.
 *
 *      text    { "Name" : "web" , "Ports" : [ 80 , 443 ] }
 *      node    0 1        2       3         4 5    6
 *      next    - -        4       -         - 6    -
 *
 * Since a container's contents follow it, the first child of node c is c + 1, or c + 2 in an object, where
 * each value is preceded by its key; NODE_FILLED tells that there is one. The whole subtree of c is the run
 * of nodes that begin before c ends, so that a walk over it is a loop, not a recursion.
 *
 * The parser is a loop as well. The containers that are still open need no stack: until its bracket closes, a
 * container keeps in `length` the container around it, and its own `next` is written for its first child, as
 * if it were a sibling before it; closing sets both right.
 *
 * A node covers at least one byte that no other node begins at, so there are never more nodes than bytes, and
 * with JSON_SIZE_MAX every offset and index fits 32 bits. Engine JSON has about one node in ten bytes.
 */

_Static_assert(sizeof(struct node) == 16, "a node is four words");
_Static_assert(JSON_SIZE_MAX < UINT32_MAX, "offsets and indices fit a node");

/*
 * Every function below takes the place in the text from where it reads and returns where the next one goes
 * on, or NULL when it has failed.
 */
struct parser {
        struct json_document *document;
        const char *begin;
        struct node *nodes; /* the document's */
        uint32_t count;
        uint32_t room;
        uint32_t depth;
        json_node open;  /* the innermost open container */
        json_node last;  /* its last child so far, itself when it has none */
        uint8_t flags;   /* of its children: NODE_MEMBER in an object */
        json_node known; /* the last object that is kept as one that may come again; 0: none */
        const char *end;
        struct error *error;
};

__attribute__((cold, noinline)) static const char *parser_fail(const struct parser *parser, const char *at,
                                                               const char *what)
{
        error_set(parser->error, ERROR_PROTOCOL, "not valid JSON at byte %zu: %s",
                  (size_t)(at - parser->begin), what);
        return NULL;
}

static const char *parser_fault(const struct parser *parser, struct scan_fault fault)
{
        return parser_fail(parser, fault.at, fault.what);
}

__attribute__((cold, noinline)) static void nodes_grow(struct parser *parser)
{
        struct json_document *document = parser->document;

        document->room *= 2;
        document->nodes = memory_resize(document->nodes, document->room, sizeof(struct node));
        parser->nodes = document->nodes;
        parser->room = document->room;
}

static inline json_node node_add(struct parser *parser, const char *at, const char *past, enum json_type type,
                                 uint8_t flags)
{
        if (parser->count == parser->room)
                nodes_grow(parser);
        parser->nodes[parser->count] = (struct node){
                .offset = (uint32_t)(at - parser->begin),
                .length = (uint32_t)(past - at),
                .next = JSON_NONE,
                .type = (uint8_t)type,
                .flags = flags,
        };
        return parser->count++;
}

/* Makes a node the last child of the open container. */
static inline void value_link(struct parser *parser, json_node node)
{
        parser->nodes[parser->last].next = node;
        parser->last = node;
}

/* Adds a value and links it into the open container. */
static inline const char *value_add(struct parser *parser, const char *at, const char *past,
                                    enum json_type type, uint8_t flags)
{
        value_link(parser, node_add(parser, at, past, type, flags | parser->flags));
        return past;
}

/* The next byte that is no blank. The engine writes none. */
static inline const char *next_mark(const struct parser *parser, const char *at)
{
        return at < parser->end && (uint8_t)*at > ' ' ? at : scan_blanks(at, parser->end);
}

__attribute__((cold, noinline)) static const char *
mark_after_blanks(const struct parser *parser, const char *at, char mark, const char *otherwise)
{
        at = scan_blanks(at, parser->end);
        return at < parser->end && *at == mark ? at : parser_fail(parser, at, otherwise);
}

/* The same where one mark alone may stand. */
static inline const char *due_mark(const struct parser *parser, const char *at, char mark,
                                   const char *otherwise)
{
        return at < parser->end && *at == mark ? at : mark_after_blanks(parser, at, mark, otherwise);
}

/* A key and its colon; the value comes next. */
static inline const char *key_read(struct parser *parser, const char *at)
{
        struct scan_fault fault;
        bool escaped;

        at = due_mark(parser, at, '"', "a key in quotes is due");
        if (!at)
                return NULL;
        const char *past = scan_string(at + 1, parser->end, &escaped, &fault);
        if (!past)
                return parser_fault(parser, fault);
        node_add(parser, at, past, JSON_STRING, escaped ? NODE_KEY | NODE_ESCAPED : NODE_KEY);
        at = due_mark(parser, past, ':', "a colon is due after a key");
        return at ? at + 1 : NULL;
}

static inline const char *string_value(struct parser *parser, const char *at)
{
        struct scan_fault fault;
        bool escaped;
        const char *past = scan_string(at + 1, parser->end, &escaped, &fault);

        if (!past)
                return parser_fault(parser, fault);
        return value_add(parser, at, past, JSON_STRING, escaped ? NODE_ESCAPED : 0);
}

static const char *number_value(struct parser *parser, const char *at)
{
        struct scan_fault fault;
        const char *past = scan_number(at, parser->end, &fault);

        return past ? value_add(parser, at, past, JSON_NUMBER, 0) : parser_fault(parser, fault);
}

static const char *word_value(struct parser *parser, const char *at, const char *word, enum json_type type)
{
        size_t length = strlen(word);

        if ((size_t)(parser->end - at) < length || memcmp(at, word, length) != 0)
                return parser_fail(parser, at, "a value is due");
        return value_add(parser, at, at + length, type, 0);
}

static const char *scalar_value(struct parser *parser, const char *at)
{
        switch (*at) {
        case 't':
                return word_value(parser, at, "true", JSON_TRUE);
        case 'f':
                return word_value(parser, at, "false", JSON_FALSE);
        case 'n':
                return word_value(parser, at, "null", JSON_NULL);
        default:
                if (*at == '-' || (*at >= '0' && *at <= '9'))
                        return number_value(parser, at);
                return parser_fail(parser, at, "a value is due");
        }
}

static inline void container_enter(struct parser *parser, json_node container)
{
        parser->open = container;
        parser->flags = parser->nodes[container].type == JSON_OBJECT ? NODE_MEMBER : 0;
}

/* Keeps a complete object for when it comes again, unless there is one in it that is kept. */
static void object_keep(struct parser *parser, json_node object)
{
        const struct node *node = &parser->nodes[object];

        if (object <= parser->known || node->type != JSON_OBJECT || node->length < REPEAT_BYTES_MIN ||
            node->length > REPEAT_BYTES_MAX)
                return;
        repeats_keep(parser->document->repeats, parser->begin + node->offset, parser->nodes, object,
                     parser->count - object, parser->depth);
        parser->known = object;
}

/* An object that has come before: the end of it, or NULL when this is none. */
static const char *object_again(struct parser *parser, const char *at)
{
        const struct repeat *repeat = repeats_find(parser->document->repeats, at, parser->end);

        if (!repeat || parser->depth > repeat->depth)
                return NULL;
        json_node node = parser->count;
        while (parser->room - node < repeat->count)
                nodes_grow(parser);
        repeat_copy(repeat, parser->nodes + node, node, (uint32_t)(at - parser->begin));
        parser->nodes[node].flags |= parser->flags;
        value_link(parser, node);
        parser->known = node;
        parser->count += repeat->count;
        return at + repeat->length_bytes;
}

/* `at` is on the closing bracket. */
static inline const char *container_close(struct parser *parser, const char *at)
{
        struct node *node = &parser->nodes[parser->open];
        json_node around = node->length;

        node->length = (uint32_t)(at + 1 - parser->begin) - node->offset;
        node->next = JSON_NONE;
        parser->last = parser->open;
        if (--parser->depth > 0)
                container_enter(parser, around);
        if (parser->document->repeats)
                object_keep(parser, parser->last);
        return at + 1;
}

/* Where the container's first child is due. An empty container is closed, and so what follows it is. */
static inline const char *container_open(struct parser *parser, const char *at, enum json_type type,
                                         char closing, bool *ret_closed)
{
        if (parser->depth == JSON_DEPTH_MAX)
                return parser_fail(parser, at, "it is nested too deeply");
        json_node around = parser->open;
        at = value_add(parser, at, at + 1, type, NODE_FILLED);
        parser->depth++;
        parser->nodes[parser->last].length = around;
        container_enter(parser, parser->last);

        at = next_mark(parser, at);
        *ret_closed = at < parser->end && *at == closing;
        if (!*ret_closed)
                return type == JSON_OBJECT ? key_read(parser, at) : at;
        parser->nodes[parser->open].flags &= (uint8_t)~NODE_FILLED;
        return container_close(parser, at);
}

/* A scalar, an empty container, or containers up to the first of these in them. */
static inline const char *value_read(struct parser *parser, const char *at)
{
        bool complete = false;

        while (at && !complete) {
                at = next_mark(parser, at);
                if (at == parser->end)
                        return parser_fail(parser, at, "the text ends where a value is due");
                if (*at == '"')
                        return string_value(parser, at);
                const char *past = *at == '{' && parser->document->repeats ? object_again(parser, at) : NULL;
                if (past)
                        return past;
                if (*at == '{')
                        at = container_open(parser, at, JSON_OBJECT, '}', &complete);
                else if (*at == '[')
                        at = container_open(parser, at, JSON_ARRAY, ']', &complete);
                else
                        return scalar_value(parser, at);
        }
        return at;
}

/* After the comma that follows a value. */
static inline const char *next_read(struct parser *parser, const char *at)
{
        if (parser->flags & NODE_MEMBER)
                at = key_read(parser, at);
        return at ? value_read(parser, at) : NULL;
}

/* What follows a value in a container: a comma and the next value, or the closing bracket. */
static inline const char *member_read(struct parser *parser, const char *at)
{
        at = next_mark(parser, at);
        if (at == parser->end)
                return parser_fail(parser, at, "the text ends inside an array or object");
        if (*at == ',')
                return next_read(parser, at + 1);
        if (*at != (parser->flags & NODE_MEMBER ? '}' : ']'))
                return parser_fail(parser, at, "a comma or a closing bracket is due");
        return container_close(parser, at);
}

/* One value at the beginning of the text: where it ends. Flattened, for a call for each mark is a quarter of
 * the time. */
__attribute__((flatten)) static const char *text_read(struct json_document *document, const char *bytes,
                                                      size_t length, struct error *error)
{
        document->bytes = length ? bytes : "";
        if (!document->nodes) {
                document->room = (uint32_t)(length / 12 + 4);
                document->nodes = memory_resize(NULL, document->room, sizeof(struct node));
        }
        struct parser parser = {
                .document = document,
                .begin = document->bytes,
                .nodes = document->nodes,
                .room = document->room,
                .end = document->bytes + length,
                .error = error,
        };
        const char *at = value_read(&parser, document->bytes);

        while (at && parser.depth > 0)
                at = member_read(&parser, at);
        document->count = at ? parser.count : 0;
        if (at)
                document->nodes[0].next = JSON_NONE; /* it was its own last child */
        return at;
}

const char *document_read_first(struct json_document *document, const char *bytes, size_t length)
{
        return text_read(document, bytes, MIN(length, JSON_SIZE_MAX), NULL);
}

int document_read(struct json_document *document, const char *bytes, size_t length, struct error *error)
{
        if (length > JSON_SIZE_MAX)
                return error_set(error, ERROR_PROTOCOL, "the JSON is %zu bytes long, more than %zu", length,
                                 JSON_SIZE_MAX);
        const char *at = text_read(document, bytes, length, error);
        if (!at)
                return -1;
        const char *end = document->bytes + length;
        at = scan_blanks(at, end);
        if (at < end)
                return error_set(error, ERROR_PROTOCOL,
                                 "not valid JSON at byte %zu: something follows the value",
                                 (size_t)(at - document->bytes));
        return 0;
}

int json_parse(const char *bytes, size_t length, struct json_document **ret_document, struct error *error)
{
        _cleanup_json_ struct json_document *document = new_zero(struct json_document);

        if (document_read(document, bytes, length, error) < 0)
                return -1;
        document->nodes = memory_resize(document->nodes, document->count, sizeof(struct node));
        document->room = document->count;
        *ret_document = steal_pointer(document);
        return 0;
}

struct json_document *json_free(struct json_document *document)
{
        if (document) {
                free(document->nodes);
                free(document);
        }
        return NULL;
}
