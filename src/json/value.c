#include "json/document.h"

#include "base/text.h"

#include <stdarg.h>

json_node json_root(const struct json_document *document)
{
        return document->count ? 0 : JSON_NONE;
}

enum json_type json_type(const struct json_document *document, json_node node)
{
        const struct node *n = node_at(document, node);

        return n ? n->type : JSON_NULL;
}

size_t json_offset(const struct json_document *document, json_node node)
{
        const struct node *n = node_at(document, node);

        return n ? n->offset : 0;
}

size_t json_length(const struct json_document *document, json_node node)
{
        const struct node *n = node_at(document, node);

        return n ? n->length : 0;
}

const char *json_bytes(const struct json_document *document, json_node node)
{
        const struct node *n = node_at(document, node);

        return n ? document->bytes + n->offset : "";
}

json_node json_first(const struct json_document *document, json_node container)
{
        const struct node *n = node_at(document, container);

        if (!n || !(n->flags & NODE_FILLED))
                return JSON_NONE;
        return container + (n->type == JSON_OBJECT ? 2 : 1);
}

json_node json_next(const struct json_document *document, json_node node)
{
        const struct node *n = node_at(document, node);

        return n ? n->next : JSON_NONE;
}

size_t json_count(const struct json_document *document, json_node container)
{
        size_t count = 0;

        json_for_each (child, document, container)
                count++;
        return count;
}

/* The first member's value: what json_for_each begins with, without looking twice at what each node is. */
static json_node first_member(const struct json_document *document, json_node object)
{
        const struct node *n = node_at(document, object);

        return n && n->type == JSON_OBJECT && n->flags & NODE_FILLED ? object + 2 : JSON_NONE;
}

json_node json_member(const struct json_document *document, json_node object, const char *key, size_t length)
{
        const struct node *nodes = document->nodes;
        json_node found = JSON_NONE;

        for (json_node at = first_member(document, object); at != JSON_NONE; at = nodes[at].next)
                if (string_is(document, &nodes[at - 1], key, length))
                        found = at;
        return found;
}

void json_get_each(const struct json_document *document, json_node object, const struct json_name *keys,
                   size_t count, json_node *ret_members)
{
        const struct node *nodes = document->nodes;
        size_t next = 0;      /* the key after the one that was found last */
        uint64_t lengths = 0; /* those that keys have, as bits; of more than 63, by their rest */

        for (size_t i = 0; i < count; i++) {
                ret_members[i] = JSON_NONE;
                lengths |= UINT64_C(1) << keys[i].length % 64;
        }
        for (json_node at = first_member(document, object); at != JSON_NONE; at = nodes[at].next) {
                const struct node *key = &nodes[at - 1];
                if (!(key->flags & NODE_ESCAPED) && !(lengths >> (key->length - 2) % 64 & 1))
                        continue;
                for (size_t tried = 0; tried < count; tried++) {
                        size_t i = next + tried < count ? next + tried : next + tried - count;
                        if (!string_is(document, key, keys[i].text, keys[i].length))
                                continue;
                        ret_members[i] = at;
                        next = i + 1;
                        break;
                }
        }
}

json_node json_path(const struct json_document *document, json_node node, ...)
{
        va_list keys;
        const char *key;

        va_start(keys, node);
        while ((key = va_arg(keys, const char *)))
                node = json_get(document, node, key);
        va_end(keys);
        return node;
}

char *json_key(const struct json_document *document, json_node member)
{
        const struct node *n = node_at(document, member);

        return n && n->flags & NODE_MEMBER ? string_decode(document, node_key(document, member)) : NULL;
}

static const struct node *node_of_type(const struct json_document *document, json_node node,
                                       enum json_type type)
{
        const struct node *n = node_at(document, node);

        return n && n->type == type ? n : NULL;
}

char *json_text(const struct json_document *document, json_node node)
{
        const struct node *n = node_of_type(document, node, JSON_STRING);

        return n ? string_decode(document, n) : NULL;
}

bool json_plain(const struct json_document *document, json_node node, const char **ret_bytes,
                size_t *ret_length)
{
        const struct node *n = node_of_type(document, node, JSON_STRING);

        if (!n || n->flags & NODE_ESCAPED)
                return false;
        *ret_bytes = document->bytes + n->offset + 1;
        *ret_length = n->length - 2;
        return true;
}

bool json_text_is(const struct json_document *document, json_node node, const char *text)
{
        const struct node *n = node_of_type(document, node, JSON_STRING);

        return n && text && string_is(document, n, text, strlen(text));
}

/* A run of digits and nothing else. */
static bool digits_to_u64(const char *digits, size_t length, uint64_t *ret_value)
{
        uint64_t value = 0;

        for (size_t i = 0; i < length; i++) {
                if (digits[i] < '0' || digits[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
                    __builtin_add_overflow(value, (uint64_t)(digits[i] - '0'), &value))
                        return false;
        }
        *ret_value = value;
        return true;
}

bool json_u64(const struct json_document *document, json_node node, uint64_t *ret_value)
{
        const struct node *n = node_of_type(document, node, JSON_NUMBER);

        return n && digits_to_u64(document->bytes + n->offset, n->length, ret_value);
}

bool json_i64(const struct json_document *document, json_node node, int64_t *ret_value)
{
        const struct node *n = node_of_type(document, node, JSON_NUMBER);
        uint64_t magnitude;

        if (!n)
                return false;
        const char *number = document->bytes + n->offset;
        bool negative = *number == '-';
        if (!digits_to_u64(number + negative, n->length - negative, &magnitude))
                return false;
        if (magnitude > (uint64_t)INT64_MAX + negative)
                return false;
        *ret_value = (int64_t)(negative ? -magnitude : magnitude);
        return true;
}

bool json_bool(const struct json_document *document, json_node node)
{
        return node_of_type(document, node, JSON_TRUE) != NULL;
}
