#include "json/document.h"

#include "base/text.h"
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
 * The parser is a loop as well. It wants either a value or what follows one (comma or closing bracket); the
 * containers that are still open are frames on a stack of JSON_DEPTH_MAX, and each frame remembers its last
 * child in order to link the next one to it. A container's length is filled in when its bracket closes.
 *
 * A node covers at least one byte that no other node begins at, so there are never more nodes than bytes, and
 * with JSON_SIZE_MAX every offset and index fits 32 bits. Engine JSON has about one node in ten bytes.
 */

_Static_assert(sizeof(struct node) == 16, "a node is four words");
_Static_assert(JSON_SIZE_MAX < UINT32_MAX, "offsets and indices fit a node");

struct frame {
        json_node container;
        json_node last; /* the last child so far */
};

struct parser {
        struct json_document *document;
        const char *at;
        const char *end;
        bool wants_value;
        uint32_t depth;
        struct frame frames[JSON_DEPTH_MAX];
        struct error *error;
};

static int parser_fail(const struct parser *parser, const char *at, const char *what)
{
        return error_set(parser->error, ERROR_PROTOCOL, "not valid JSON at byte %zu: %s",
                         (size_t)(at - parser->document->bytes), what);
}

static int parser_fault(const struct parser *parser, struct scan_fault fault)
{
        return parser_fail(parser, fault.at, fault.what);
}

static json_node node_add(struct parser *parser, enum json_type type, uint8_t flags, const char *past)
{
        struct json_document *document = parser->document;

        if (document->count == document->room) {
                document->room *= 2;
                document->nodes = memory_resize(document->nodes, document->room, sizeof(struct node));
        }
        document->nodes[document->count] = (struct node){
                .offset = (uint32_t)(parser->at - document->bytes),
                .length = (uint32_t)(past - parser->at),
                .next = JSON_NONE,
                .type = type,
                .flags = flags,
        };
        parser->at = past;
        return document->count++;
}

/* Adds a value of the bytes from here to `past`, and links it into the open container. */
static json_node value_add(struct parser *parser, enum json_type type, uint8_t flags, const char *past)
{
        json_node node = node_add(parser, type, flags, past);

        parser->wants_value = false;
        if (parser->depth == 0)
                return node;
        struct node *nodes = parser->document->nodes;
        struct frame *frame = &parser->frames[parser->depth - 1];
        if (frame->last == JSON_NONE)
                nodes[frame->container].flags |= NODE_FILLED;
        else
                nodes[frame->last].next = node;
        if (nodes[frame->container].type == JSON_OBJECT)
                nodes[node].flags |= NODE_MEMBER;
        frame->last = node;
        return node;
}

static bool in_object(const struct parser *parser)
{
        json_node container = parser->frames[parser->depth - 1].container;

        return parser->document->nodes[container].type == JSON_OBJECT;
}

/* A key and its colon; the value comes next. */
static int parse_key(struct parser *parser)
{
        struct scan_fault fault;
        bool escaped;

        parser->at = scan_blanks(parser->at, parser->end);
        if (parser->at == parser->end || *parser->at != '"')
                return parser_fail(parser, parser->at, "a key in quotes is due");
        const char *past = scan_string(parser->at + 1, parser->end, &escaped, &fault);
        if (!past)
                return parser_fault(parser, fault);
        node_add(parser, JSON_STRING, escaped ? NODE_KEY | NODE_ESCAPED : NODE_KEY, past);

        parser->at = scan_blanks(parser->at, parser->end);
        if (parser->at == parser->end || *parser->at != ':')
                return parser_fail(parser, parser->at, "a colon is due after a key");
        parser->at++;
        parser->wants_value = true;
        return 0;
}

static void container_close(struct parser *parser)
{
        json_node container = parser->frames[--parser->depth].container;
        struct node *node = &parser->document->nodes[container];

        parser->at++;
        node->length = (uint32_t)(parser->at - parser->document->bytes) - node->offset;
}

static int parse_open(struct parser *parser, enum json_type type, char closing)
{
        if (parser->depth == JSON_DEPTH_MAX)
                return parser_fail(parser, parser->at, "it is nested too deeply");
        json_node container = value_add(parser, type, 0, parser->at + 1);
        parser->frames[parser->depth++] = (struct frame){.container = container, .last = JSON_NONE};

        parser->at = scan_blanks(parser->at, parser->end);
        if (parser->at < parser->end && *parser->at == closing) {
                container_close(parser);
                return 0;
        }
        if (type == JSON_OBJECT)
                return parse_key(parser);
        parser->wants_value = true;
        return 0;
}

static int parse_string(struct parser *parser)
{
        struct scan_fault fault;
        bool escaped;
        const char *past = scan_string(parser->at + 1, parser->end, &escaped, &fault);

        if (!past)
                return parser_fault(parser, fault);
        value_add(parser, JSON_STRING, escaped ? NODE_ESCAPED : 0, past);
        return 0;
}

static int parse_number(struct parser *parser)
{
        struct scan_fault fault;
        const char *past = scan_number(parser->at, parser->end, &fault);

        if (!past)
                return parser_fault(parser, fault);
        value_add(parser, JSON_NUMBER, 0, past);
        return 0;
}

static int parse_word(struct parser *parser, const char *word, enum json_type type)
{
        size_t length = strlen(word);

        if ((size_t)(parser->end - parser->at) < length || memcmp(parser->at, word, length) != 0)
                return parser_fail(parser, parser->at, "a value is due");
        value_add(parser, type, 0, parser->at + length);
        return 0;
}

/* A whole scalar, or a container up to its first value. */
static int parse_value(struct parser *parser)
{
        parser->at = scan_blanks(parser->at, parser->end);
        if (parser->at == parser->end)
                return parser_fail(parser, parser->at, "the text ends where a value is due");
        switch (*parser->at) {
        case '{':
                return parse_open(parser, JSON_OBJECT, '}');
        case '[':
                return parse_open(parser, JSON_ARRAY, ']');
        case '"':
                return parse_string(parser);
        case 't':
                return parse_word(parser, "true", JSON_TRUE);
        case 'f':
                return parse_word(parser, "false", JSON_FALSE);
        case 'n':
                return parse_word(parser, "null", JSON_NULL);
        default:
                if (*parser->at == '-' || (*parser->at >= '0' && *parser->at <= '9'))
                        return parse_number(parser);
                return parser_fail(parser, parser->at, "a value is due");
        }
}

/* What follows a value in a container: a comma (and the next key), or the closing bracket. */
static int parse_separator(struct parser *parser)
{
        bool object = in_object(parser);

        parser->at = scan_blanks(parser->at, parser->end);
        if (parser->at == parser->end)
                return parser_fail(parser, parser->at, "the text ends inside an array or object");
        if (*parser->at == (object ? '}' : ']')) {
                container_close(parser);
                return 0;
        }
        if (*parser->at != ',')
                return parser_fail(parser, parser->at, "a comma or a closing bracket is due");
        parser->at++;
        if (object)
                return parse_key(parser);
        parser->wants_value = true;
        return 0;
}

static int parse_one(struct parser *parser)
{
        while (parser->wants_value || parser->depth > 0) {
                if ((parser->wants_value ? parse_value(parser) : parse_separator(parser)) < 0)
                        return -1;
        }
        return 0;
}

static void parser_begin(struct parser *parser, struct json_document *document, const char *bytes,
                         size_t length, struct error *error)
{
        document->bytes = length ? bytes : "";
        document->count = 0;
        if (!document->nodes) {
                document->room = (uint32_t)(length / 12 + 4);
                document->nodes = memory_resize(NULL, document->room, sizeof(struct node));
        }
        parser->document = document;
        parser->at = document->bytes;
        parser->end = document->bytes + length;
        parser->wants_value = true;
        parser->depth = 0; /* the frames below it need no value */
        parser->error = error;
}

const char *document_read_first(struct json_document *document, const char *bytes, size_t length)
{
        struct parser parser;

        parser_begin(&parser, document, bytes, MIN(length, JSON_SIZE_MAX), NULL);
        return parse_one(&parser) < 0 ? NULL : parser.at;
}

int document_read(struct json_document *document, const char *bytes, size_t length, struct error *error)
{
        struct parser parser;

        if (length > JSON_SIZE_MAX)
                return error_set(error, ERROR_PROTOCOL, "the JSON is %zu bytes long, more than %zu", length,
                                 JSON_SIZE_MAX);
        parser_begin(&parser, document, bytes, length, error);
        if (parse_one(&parser) < 0)
                return -1;
        parser.at = scan_blanks(parser.at, parser.end);
        if (parser.at < parser.end)
                return parser_fail(&parser, parser.at, "something follows the value");
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
