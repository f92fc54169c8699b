#include "swarm/strings.h"

#include "base/arena.h"
#include "base/text.h"

/*
 * Open addressing with linear probing. A slot keeps its text's hash and length beside the pointer, so that
 * most texts that are not the one are told apart without being looked at.
 */

#define SLOTS_MIN  1024
#define SHARED_MAX 256 /* longer texts are not looked for among the others */

/* Most texts are the IDs of the services, networks and nodes that the last tasks had, too: these are found
 * without a walk through all memory. */
#define RECENT_BITS 10

struct slot {
        const char *text; /* NULL: empty */
        uint32_t hash;
        uint32_t length_bytes;
};

struct recent {
        const char *text; /* NULL: none */
        size_t length_bytes;
};

struct string_table {
        struct slot *slots;
        size_t slot_count; /* a power of two */
        size_t used;
        struct arena texts;
        struct recent recent[1 << RECENT_BITS];
};

struct string_table *string_table_new(void)
{
        struct string_table *table = new_zero(struct string_table);

        table->slot_count = SLOTS_MIN;
        table->slots = memory_new(table->slot_count, sizeof(*table->slots));
        return table;
}

struct string_table *string_table_free(struct string_table *table)
{
        if (!table)
                return NULL;
        arena_done(&table->texts);
        free(table->slots);
        free(table);
        return NULL;
}

/* The slot that holds the text, or the empty one where it belongs. */
static struct slot *slot_of(const struct string_table *table, const char *text, size_t length, uint32_t hash)
{
        size_t mask = table->slot_count - 1;
        size_t i = hash & mask;

        for (;; i = (i + 1) & mask) {
                struct slot *slot = &table->slots[i];
                if (!slot->text || (slot->hash == hash && slot->length_bytes == length &&
                                    memcmp(slot->text, text, length) == 0))
                        return slot;
        }
}

static void grow(struct string_table *table)
{
        struct slot *old = table->slots;
        size_t old_count = table->slot_count;

        table->slot_count *= 4;
        table->slots = memory_new(table->slot_count, sizeof(*table->slots));
        for (size_t i = 0; i < old_count; i++)
                if (old[i].text)
                        *slot_of(table, old[i].text, old[i].length_bytes, old[i].hash) = old[i];
        free(old);
}

/* By the first and the last eight bytes, which may be the same ones, or by all of fewer. */
static struct recent *recent_of(struct string_table *table, const char *text, size_t length)
{
        uint64_t head = 0;
        uint64_t tail = 0;

        if (length >= sizeof(head)) {
                memcpy(&head, text, sizeof(head));
                memcpy(&tail, text + length - sizeof(tail), sizeof(tail));
        } else {
                memcpy(&head, text, length);
        }
        return &table->recent[word_place(head + 3 * tail + length, RECENT_BITS)];
}

static const char *share(struct string_table *table, const char *text, size_t length)
{
        uint32_t hash = text_hash(text, length);
        struct slot *slot = slot_of(table, text, length, hash);

        if (slot->text)
                return slot->text;
        if (4 * (table->used + 1) > 3 * table->slot_count) {
                grow(table);
                slot = slot_of(table, text, length, hash);
        }
        table->used++;
        *slot = (struct slot){arena_text(&table->texts, text, length), hash, (uint32_t)length};
        return slot->text;
}

const char *string_table_add(struct string_table *table, const char *text, size_t length)
{
        if (length > SHARED_MAX)
                return arena_text(&table->texts, text, length);
        struct recent *recent = recent_of(table, text, length);
        if (!recent->text || recent->length_bytes != length || memcmp(recent->text, text, length) != 0)
                *recent = (struct recent){share(table, text, length), length};
        return recent->text;
}
