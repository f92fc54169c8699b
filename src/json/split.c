#include "json/repeat.h"
#include "json/scan.h"

#include "base/text.h"

#include <inttypes.h>

/*
 * Theory of operation. An array or object that lies within a chunk is read where it is, and where the reader
 * stops, the element ends: nearly all bytes of a list are looked at once. What the reader does not get
 * through may be cut off by the chunk's end, or be no JSON. Then the splitter only finds where the element
 * ends, remembering between chunks what it stands in (a string, after a backslash, how many open brackets),
 * gathers the pieces in `pending`, and has the whole read. So no byte is looked at more than three times, and
 * what is wrong is told the same way wherever the chunks end.
 */
enum split_state {
        SPLIT_BEFORE,    /* nothing but blanks so far */
        SPLIT_NULL,      /* inside a top-level null */
        SPLIT_FIRST,     /* after the opening bracket: an element or the end */
        SPLIT_DUE,       /* after a comma: an element */
        SPLIT_WORD,      /* in a number, true, false or null */
        SPLIT_STRING,    /* in a string, which may lie in a container */
        SPLIT_BACKSLASH, /* the same, after a backslash */
        SPLIT_CONTAINER, /* in an array or object outside strings, or at the first byte of any of the three */
        SPLIT_AFTER,     /* after an element: a comma or the end */
        SPLIT_CLOSED,    /* only blanks may follow */
        SPLIT_FAILED,
};

struct json_split {
        json_sink sink;
        void *userdata;
        enum split_state state;
        size_t depth;        /* open brackets in the element */
        size_t null_matched; /* bytes of a top-level null */
        size_t count;        /* elements handed over */
        uint64_t fed;        /* bytes of earlier chunks */
        uint64_t begin;      /* where the current element begins in the stream */
        struct buffer pending;
        struct json_document document; /* the element under way; its room is used again */
};

/* A chunk while it is fed. */
struct cursor {
        const char *begin;
        const char *at;
        const char *end;
};

struct json_split *json_split_new(json_sink sink, void *userdata)
{
        struct json_split *split = new_zero(struct json_split);

        split->sink = sink;
        split->userdata = userdata;
        split->document.repeats = repeats_new();
        return split;
}

struct json_split *json_split_free(struct json_split *split)
{
        if (split) {
                buffer_done(&split->pending);
                free(split->document.nodes);
                repeats_free(split->document.repeats);
                free(split);
        }
        return NULL;
}

static uint64_t stream_offset(const struct json_split *split, const struct cursor *cursor)
{
        return split->fed + (uint64_t)(cursor->at - cursor->begin);
}

static int split_fail(const struct json_split *split, const struct cursor *cursor, const char *what,
                      struct error *error)
{
        return error_set(error, ERROR_PROTOCOL, "not valid JSON at byte %" PRIu64 ": %s",
                         stream_offset(split, cursor), what);
}

static bool in_element(const struct json_split *split)
{
        return split->state >= SPLIT_WORD && split->state <= SPLIT_CONTAINER;
}

static const char *word_scan(struct json_split *split, const char *at, const char *end)
{
        while (at < end && !scan_is_blank(*at) && *at != ',' && *at != ']')
                at++;
        if (at < end)
                split->state = SPLIT_AFTER;
        return at;
}

static const char *string_scan(struct json_split *split, const char *at, const char *end)
{
        for (at = scan_plain(at, end); at < end; at = scan_plain(at + 1, end)) {
                if (*at == '\\') {
                        split->state = SPLIT_BACKSLASH;
                        return at + 1;
                }
                if (*at == '"') {
                        split->state = split->depth > 0 ? SPLIT_CONTAINER : SPLIT_AFTER;
                        return at + 1;
                }
        }
        return at;
}

static const char *container_scan(struct json_split *split, const char *at, const char *end)
{
        enum { OPENS = 1, CLOSES, QUOTE };
        static const uint8_t marks[256] = {
                ['['] = OPENS, ['{'] = OPENS, [']'] = CLOSES, ['}'] = CLOSES, ['"'] = QUOTE,
        };

        for (; at < end; at++) {
                switch (marks[(uint8_t)*at]) {
                case OPENS:
                        split->depth++;
                        break;
                case CLOSES:
                        if (--split->depth > 0)
                                break;
                        split->state = SPLIT_AFTER;
                        return at + 1;
                case QUOTE:
                        split->state = SPLIT_STRING;
                        return at + 1;
                default:
                        break;
                }
        }
        return at;
}

/* Past the bytes of the element under way, at most to `end`; SPLIT_AFTER when it ends there. */
static const char *element_scan(struct json_split *split, const char *at, const char *end)
{
        while (at < end && in_element(split)) {
                switch (split->state) {
                case SPLIT_WORD:
                        at = word_scan(split, at, end);
                        break;
                case SPLIT_STRING:
                        at = string_scan(split, at, end);
                        break;
                case SPLIT_BACKSLASH:
                        split->state = SPLIT_STRING;
                        at++;
                        break;
                default:
                        at = container_scan(split, at, end);
                        break;
                }
        }
        return at;
}

static int element_hand_over(struct json_split *split, struct error *error)
{
        split->count++;
        return split->sink(split->userdata, &split->document, error);
}

static int element_deliver(struct json_split *split, const char *bytes, size_t length, struct error *error)
{
        if (document_read(&split->document, bytes, length, error) < 0)
                return error_while(error, "reading element %zu of a list, which begins at byte %" PRIu64,
                                   split->count, split->begin);
        return element_hand_over(split, error);
}

/* Reads on in the element; hands it over when it is complete, puts its bytes aside when the chunk ends first.
 */
static int element_step(struct json_split *split, struct cursor *cursor, struct error *error)
{
        const char *from = cursor->at;

        cursor->at = element_scan(split, from, cursor->end);
        size_t length = (size_t)(cursor->at - from);
        if (length > JSON_SIZE_MAX - split->pending.length)
                return error_set(error, ERROR_PROTOCOL,
                                 "element %zu of a list, which begins at byte %" PRIu64
                                 ", is longer than %zu bytes",
                                 split->count, split->begin, JSON_SIZE_MAX);
        if (!in_element(split) && split->pending.length == 0)
                return element_deliver(split, from, length, error);
        buffer_add(&split->pending, from, length);
        if (in_element(split))
                return 0;
        if (element_deliver(split, split->pending.bytes, split->pending.length, error) < 0)
                return -1;
        buffer_clear(&split->pending);
        return 0;
}

/* The first byte, which is not taken yet, tells what will end the element. */
static int element_begin(struct json_split *split, struct cursor *cursor, struct error *error)
{
        char first = *cursor->at;
        const char *past = NULL;

        if (first == '[' || first == '{')
                past = document_read_first(&split->document, cursor->at, (size_t)(cursor->end - cursor->at));
        if (past) {
                cursor->at = past;
                split->state = SPLIT_AFTER;
                return element_hand_over(split, error);
        }
        split->begin = stream_offset(split, cursor);
        split->depth = 0;
        split->state = first == '"' || first == '[' || first == '{' ? SPLIT_CONTAINER : SPLIT_WORD;
        return 0;
}

static int null_step(struct json_split *split, struct cursor *cursor, struct error *error)
{
        if (*cursor->at != "null"[split->null_matched])
                return split_fail(split, cursor, "an array is due", error);
        cursor->at++;
        split->null_matched++;
        split->state = split->null_matched == strlen("null") ? SPLIT_CLOSED : SPLIT_NULL;
        return 0;
}

/* Takes one byte, which is no blank, outside elements; or leaves it and begins an element there. */
static int between_step(struct json_split *split, struct cursor *cursor, struct error *error)
{
        char c = *cursor->at;

        switch (split->state) {
        case SPLIT_BEFORE:
                if (c != '[')
                        return null_step(split, cursor, error);
                split->state = SPLIT_FIRST;
                break;
        case SPLIT_FIRST:
        case SPLIT_DUE:
                if (c == ']' && split->state == SPLIT_FIRST) {
                        split->state = SPLIT_CLOSED;
                        break;
                }
                if (c == ']' || c == ',')
                        return split_fail(split, cursor, "a value is due", error);
                return element_begin(split, cursor, error);
        case SPLIT_AFTER:
                if (c != ',' && c != ']')
                        return split_fail(split, cursor, "a comma or a closing bracket is due", error);
                split->state = c == ',' ? SPLIT_DUE : SPLIT_CLOSED;
                break;
        default:
                return split_fail(split, cursor, "something follows the value", error);
        }
        cursor->at++;
        return 0;
}

static int split_step(struct json_split *split, struct cursor *cursor, struct error *error)
{
        if (in_element(split))
                return element_step(split, cursor, error);
        if (split->state == SPLIT_NULL)
                return null_step(split, cursor, error);
        cursor->at = scan_blanks(cursor->at, cursor->end);
        return cursor->at < cursor->end ? between_step(split, cursor, error) : 0;
}

int json_split_feed(struct json_split *split, const char *bytes, size_t length, struct error *error)
{
        if (length == 0)
                return 0;
        struct cursor cursor = {.begin = bytes, .at = bytes, .end = bytes + length};

        if (split->state == SPLIT_FAILED)
                return error_set(error, ERROR_PROTOCOL, "the list has failed before");
        while (cursor.at < cursor.end) {
                if (split_step(split, &cursor, error) < 0) {
                        split->state = SPLIT_FAILED;
                        return -1;
                }
        }
        split->fed += length;
        return 0;
}

int json_split_end(struct json_split *split, struct error *error)
{
        if (split->state == SPLIT_CLOSED)
                return 0;
        if (split->state == SPLIT_FAILED)
                return error_set(error, ERROR_PROTOCOL, "the list has failed before");
        return error_set(error, ERROR_PROTOCOL,
                         "not valid JSON at byte %" PRIu64 ": the list is cut off after %zu elements",
                         split->fed, split->count);
}
