#include "json/repeat.h"

#include "base/text.h"

#define PLACE_BITS    6
#define REPEAT_PLACES (1U << PLACE_BITS)
#define ID_AT         16 /* in most objects, bytes that no other one has stand here */

struct repeats {
        struct repeat places[REPEAT_PLACES];
};

struct repeats *repeats_new(void)
{
        return new_zero(struct repeats);
}

struct repeats *repeats_free(struct repeats *repeats)
{
        if (!repeats)
                return NULL;
        for (size_t i = 0; i < REPEAT_PLACES; i++) {
                free(repeats->places[i].text);
                free(repeats->places[i].nodes);
        }
        free(repeats);
        return NULL;
}

/* By bytes of the beginning among which the engine writes the ID or the image. */
static size_t place_of(const char *text)
{
        uint64_t id;
        uint64_t after;

        memcpy(&id, text + ID_AT, sizeof(id));
        memcpy(&after, text + 2 * ID_AT, sizeof(after));
        return word_place(id + 3 * after, PLACE_BITS);
}

const struct repeat *repeats_find(const struct repeats *repeats, const char *at, const char *end)
{
        size_t left = (size_t)(end - at);

        if (left < REPEAT_BYTES_MIN)
                return NULL;
        const struct repeat *place = &repeats->places[place_of(at)];
        if (!place->text || left < place->length_bytes || !same_word(place->id, at + ID_AT) ||
            memcmp(place->text, at, place->length_bytes) != 0)
                return NULL;
        return place;
}

/* A node's four: offset, length, next, and its type with its flags. */
typedef uint32_t words __attribute__((vector_size(sizeof(struct node))));
_Static_assert(offsetof(struct node, offset) == 0 && offsetof(struct node, next) == 2 * sizeof(uint32_t),
               "a node is seen as four words");

/* Moves nodes to other places in the text and in the array. No offset is JSON_NONE. */
static void nodes_move(struct node *to, const struct node *from, uint32_t count, uint32_t by_bytes,
                       json_node by)
{
        const words shift = {by_bytes, 0, by, 0};
        words node;

        for (uint32_t i = 0; i < count; i++) {
                memcpy(&node, &from[i], sizeof(node));
                node += shift & ~(words)(node == JSON_NONE);
                memcpy(&to[i], &node, sizeof(node));
        }
}

void repeats_keep(struct repeats *repeats, const char *text, const struct node *nodes, json_node first,
                  uint32_t count, uint32_t depth)
{
        struct repeat *place = &repeats->places[place_of(text)];

        place->length_bytes = nodes[first].length;
        place->count = count;
        place->depth = depth;
        memcpy(place->id, text + ID_AT, sizeof(place->id));
        place->text = memory_resize(place->text, place->length_bytes, 1);
        memcpy(place->text, text, place->length_bytes);
        place->nodes = memory_resize(place->nodes, count, sizeof(*nodes));
        nodes_move(place->nodes, nodes + first, count, 0 - nodes[first].offset, 0 - first);
        place->nodes->flags = NODE_FILLED;
        place->nodes->next = JSON_NONE;
}

void repeat_copy(const struct repeat *repeat, struct node *ret_nodes, json_node first, uint32_t offset)
{
        nodes_move(ret_nodes, repeat->nodes, repeat->count, offset, first);
}
