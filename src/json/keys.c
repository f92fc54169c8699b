#include "json/document.h"

#include "base/text.h"

/*
 * Go's decoder takes a key for a struct field when the two are equal under simple case folding. The engine's
 * fields are ASCII, and the only other characters that fold to ASCII letters are U+017F (long s) and U+212A
 * (Kelvin sign). Half a surrogate pair Go reads as U+FFFD.
 */
static uint32_t point_fold(uint32_t point)
{
        if (point >= 'A' && point <= 'Z')
                return point | 0x20;
        if (point == 0x17f)
                return 's';
        if (point == 0x212a)
                return 'k';
        return point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
}

struct folded_key {
        const char *bytes; /* in the buffer of all the object's keys */
        size_t length;
        const struct node *node;
};

static int folded_compare(const void *a, const void *b)
{
        const struct folded_key *x = a, *y = b;
        int order = memcmp(x->bytes, y->bytes, MIN(x->length, y->length));

        if (order != 0)
                return order;
        if (x->length != y->length)
                return x->length < y->length ? -1 : 1;
        return x->node < y->node ? -1 : x->node > y->node;
}

/* Never more bytes than the key has in the text. */
static size_t key_fold(const struct json_document *document, const struct node *key, bool folds,
                       char *ret_bytes)
{
        struct string_reader reader = string_read(document, key);
        uint32_t point;
        size_t length = 0;

        while (string_next(&reader, &point))
                length += utf8_put(folds ? point_fold(point) : point, ret_bytes + length);
        return length;
}

static int keys_refuse(const struct json_document *document, const struct folded_key *key,
                       const struct folded_key *other, struct error *error)
{
        const struct node *a = key->node, *b = other->node;

        return error_set(
                error, ERROR_PROTOCOL,
                "the keys %.*s at byte %u and %.*s at byte %u of one object are the same to the engine",
                (int)MIN(a->length, 200U), document->bytes + a->offset, a->offset, (int)MIN(b->length, 200U),
                document->bytes + b->offset, b->offset);
}

static int object_require_plain_keys(const struct json_document *document, json_node object, bool folds,
                                     struct error *error)
{
        LIST(struct folded_key) keys = {0};
        int result = 0;

        _cleanup_free_ char *bytes = memory_new(json_length(document, object), 1); /* room for all the keys */
        size_t used = 0;
        json_for_each (member, document, object) {
                const struct node *key = node_key(document, member);
                size_t length = key_fold(document, key, folds, bytes + used);

                *list_add(&keys) = (struct folded_key){.bytes = bytes + used, .length = length, .node = key};
                used += length;
        }
        if (keys.count > 1)
                qsort(keys.items, keys.count, sizeof(*keys.items), folded_compare);
        for (size_t i = 1; i < keys.count && result == 0; i++) {
                const struct folded_key *a = &keys.items[i - 1], *b = &keys.items[i];

                if (a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0)
                        result = keys_refuse(document, a, b, error);
        }
        free(keys.items);
        return result;
}

static bool is_map(const struct json_document *document, json_node object, const char *const *maps)
{
        _cleanup_free_ char *key = maps ? json_key(document, object) : NULL;

        for (; key && *maps; maps++)
                if (text_equal(key, *maps))
                        return true;
        return false;
}

int json_require_plain_keys(const struct json_document *document, json_node node, const char *const *maps,
                            struct error *error)
{
        const struct node *top = node_at(document, node);

        if (!top)
                return 0;
        size_t end = (size_t)top->offset + top->length;
        for (json_node i = node; i < document->count && document->nodes[i].offset < end; i++) {
                if (document->nodes[i].type != JSON_OBJECT)
                        continue;
                if (object_require_plain_keys(document, i, !is_map(document, i, maps), error) < 0)
                        return -1;
        }
        return 0;
}
