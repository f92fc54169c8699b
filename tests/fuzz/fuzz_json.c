/*
 * What must hold for any bytes at all, whether they are JSON or not. An invariant that does not hold aborts,
 * which libFuzzer and the replay both take for a finding.
 */

#include "json/document.h"
#include "json/edit.h"

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                                      \
        do {                                                                                                 \
                if (!(condition))                                                                            \
                        abort();                                                                             \
        } while (0)

static size_t node_end(const struct json_document *document, json_node node)
{
        return json_offset(document, node) + json_length(document, node);
}

/* A decoded string is found again by its own accessors. */
static void check_strings(const struct json_document *document, json_node object, json_node node)
{
        _cleanup_free_ char *key = json_key(document, node);
        _cleanup_free_ char *text = json_text(document, node);

        if (text)
                MUST(json_text_is(document, node, text));
        if (!key)
                return;
        json_node found = json_get(document, object, key);
        MUST(found != JSON_NONE && found >= node); /* itself, or a later one of the same key */
        _cleanup_free_ char *found_key = json_key(document, found);
        MUST(text_equal(found_key, key));
}

static void check_number(const struct json_document *document, json_node node)
{
        uint64_t value, magnitude;
        int64_t value_signed;
        bool whole = json_u64(document, node, &value);

        if (json_type(document, node) != JSON_NUMBER) {
                MUST(!whole && !json_i64(document, node, &value_signed));
                return;
        }
        _cleanup_free_ char *text = text_copy_n(json_bytes(document, node), json_length(document, node));
        MUST(whole == text_to_u64(text, &magnitude));
        MUST(!whole || value == magnitude);
        if (whole && value <= INT64_MAX)
                MUST(json_i64(document, node, &value_signed) && (uint64_t)value_signed == value);
}

/* The children lie in their container, in order and apart. Bounded: the parser refuses more than
 * JSON_DEPTH_MAX. */
static void check_node(const struct json_document *document, json_node node, int depth)
{
        size_t past = json_offset(document, node) + 1;
        size_t count = 0;

        MUST(depth <= JSON_DEPTH_MAX);
        MUST(json_length(document, node) > 0);
        check_number(document, node);
        json_for_each (child, document, node) {
                MUST(json_offset(document, child) >= past);
                past = node_end(document, child);
                MUST(past < node_end(document, node));
                check_strings(document, node, child);
                check_node(document, child, depth + 1);
                count++;
        }
        MUST(count == json_count(document, node));
}

/* Every element the splitter hands over, each followed by a comma: the text of a list, but for blanks. */
static int collect(void *userdata, const struct json_document *element, struct error *error _unused_)
{
        struct buffer *seen = userdata;
        json_node root = json_root(element);

        buffer_add(seen, json_bytes(element, root), json_length(element, root));
        buffer_add(seen, ",", 1);
        return 0;
}

static bool split_bytes(const char *bytes, size_t length, size_t chunk, struct buffer *ret_seen)
{
        struct json_split *split = json_split_new(collect, ret_seen);
        int result = 0;

        for (size_t at = 0; at < length && result == 0; at += chunk)
                result = json_split_feed(split, bytes + at, MIN(chunk, length - at), NULL);
        if (result == 0)
                result = json_split_end(split, NULL);
        json_split_free(split);
        return result == 0;
}

/* What the splitter makes of the bytes does not depend on how they come. */
static bool check_split(const char *bytes, size_t length, struct buffer *ret_seen)
{
        static const size_t chunks[] = {1, 2, 3, 7, 64};
        bool whole = split_bytes(bytes, length, length ? length : 1, ret_seen);

        for (size_t i = 0; i < ELEMENTS(chunks); i++) {
                _cleanup_buffer_ struct buffer seen = {0};

                MUST(split_bytes(bytes, length, chunks[i], &seen) == whole);
                MUST(text_equal(buffer_text(&seen), buffer_text(ret_seen)));
        }
        return whole;
}

static void check_split_of_document(const struct json_document *document, const char *bytes, size_t length)
{
        json_node root = json_root(document);
        _cleanup_buffer_ struct buffer list = {0}, seen = {0}, expected = {0};

        buffer_add_text(&list, "[");
        buffer_add(&list, bytes, length);
        buffer_add_text(&list, "]");
        MUST(check_split(list.bytes, list.length, &seen));
        buffer_add(&expected, json_bytes(document, root), json_length(document, root));
        buffer_add_text(&expected, ",");
        MUST(text_equal(buffer_text(&seen), buffer_text(&expected)));
}

static int compare_with_alone(void *userdata, const struct json_document *element, struct error *error)
{
        const struct json_document *alone = userdata;

        (void)error;
        MUST(element->count == alone->count);
        for (json_node i = 0; i < alone->count; i++)
                MUST(element->nodes[i].offset == alone->nodes[i].offset &&
                     element->nodes[i].length == alone->nodes[i].length &&
                     element->nodes[i].next == alone->nodes[i].next &&
                     element->nodes[i].type == alone->nodes[i].type &&
                     element->nodes[i].flags == alone->nodes[i].flags);
        return 0;
}

/* A value that comes again in a list is read, to the node, as by itself. */
static void check_repeated(const struct json_document *document, const char *bytes, size_t length)
{
        json_node root = json_root(document);
        enum json_type type = json_type(document, root);
        _cleanup_json_ struct json_document *alone = NULL;
        _cleanup_buffer_ struct buffer list = {0};

        if (type != JSON_OBJECT && type != JSON_ARRAY)
                return;
        MUST(json_parse(json_bytes(document, root), json_length(document, root), &alone, NULL) == 0);
        for (int i = 0; i < 3; i++) {
                buffer_add_text(&list, i ? "," : "[");
                buffer_add(&list, bytes, length);
        }
        buffer_add_text(&list, "]");
        struct json_split *split = json_split_new(compare_with_alone, alone);
        MUST(json_split_feed(split, list.bytes, list.length, NULL) == 0);
        MUST(json_split_end(split, NULL) == 0);
        json_split_free(split);
}

/* The bytes as a list: it comes apart exactly when it parses, into the children of the document. */
static void check_split_of_bytes(const struct json_document *document, const char *bytes, size_t length)
{
        _cleanup_buffer_ struct buffer seen = {0}, expected = {0};
        bool is_list = document && (json_type(document, json_root(document)) == JSON_ARRAY ||
                                    json_type(document, json_root(document)) == JSON_NULL);
        bool split = check_split(bytes, length, &seen);

        if (is_list) {
                MUST(split);
                json_for_each (child, document, json_root(document)) {
                        buffer_add(&expected, json_bytes(document, child), json_length(document, child));
                        buffer_add_text(&expected, ",");
                }
                MUST(text_equal(buffer_text(&seen), buffer_text(&expected)));
        } else if (split) {
                MUST(!document && memchr(bytes, '[', length)); /* one level deeper than a document may be */
        }
}

/* Replacing a value by its own bytes, and taking everything out and putting it back, gives the same text. */
static void check_edit(const struct json_document *document, const char *bytes, size_t length)
{
        json_node root = json_root(document);
        _cleanup_free_ char *value = text_copy_n(json_bytes(document, root), json_length(document, root));
        const struct json_edit edits[] = {
                {.offset = length, .inserted = ""},
                {.offset = json_offset(document, root),
                 .removed = json_length(document, root),
                 .inserted = value},
                {.offset = 0, .inserted = ""},
        };
        _cleanup_buffer_ struct buffer out = {0};

        MUST(json_edit_apply(bytes, length, edits, ELEMENTS(edits), &out, NULL) == 0);
        MUST(out.length == length && memcmp(out.bytes, bytes, length) == 0);
}

static void check_document(const struct json_document *document, const char *bytes, size_t length)
{
        json_node root = json_root(document);

        MUST(root != JSON_NONE && json_next(document, root) == JSON_NONE);
        MUST(json_bytes(document, root) == bytes + json_offset(document, root));
        MUST(node_end(document, root) <= length);
        check_node(document, root, 0);
        json_require_plain_keys(document, root, NULL, NULL);
        check_edit(document, bytes, length);
        check_split_of_document(document, bytes, length);
        check_repeated(document, bytes, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *bytes = memory_new(size, 1); /* no NUL behind it: a read beyond is seen */
        _cleanup_json_ struct json_document *document = NULL;
        _cleanup_error_ struct error error = {0};

        if (size)
                memcpy(bytes, data, size);
        if (json_parse(bytes, size, &document, &error) == 0)
                check_document(document, bytes, size);
        else
                MUST(!document && error.kind == ERROR_PROTOCOL && strstr(error.sentence, "byte"));
        check_split_of_bytes(document, bytes, size);
        return 0;
}
