#include "pool/id_index.h"

/* Open addressing with linear probing, at most half full. */

#define SLOTS_MIN    64
#define RECENT_COUNT 64

void id_index_done(struct id_index *index)
{
        free(index->recent);
        free(index->slots);
        *index = (struct id_index){0};
}

/* The slot of the ID, or the empty one where it belongs. There is always one: the table is half empty. */
static struct id_place *slot_of(const struct id_index *index, const char *id, uint32_t hash)
{
        size_t mask = index->slot_count - 1;
        size_t i = hash & mask;

        while (index->slots[i].id && (index->slots[i].hash != hash || !text_equal(index->slots[i].id, id)))
                i = (i + 1) & mask;
        return &index->slots[i];
}

static void grow(struct id_index *index)
{
        struct id_index larger = {.slot_count = MAX(2 * index->slot_count, (size_t)SLOTS_MIN),
                                  .used = index->used,
                                  .recent = index->recent};

        if (!larger.recent)
                larger.recent = memory_new(RECENT_COUNT, sizeof(*larger.recent));
        larger.slots = memory_new(larger.slot_count, sizeof(*larger.slots));
        for (size_t i = 0; i < index->slot_count; i++)
                if (index->slots[i].id)
                        *slot_of(&larger, index->slots[i].id, index->slots[i].hash) = index->slots[i];
        free(index->slots);
        *index = larger;
}

void id_index_add(struct id_index *index, const char *id, size_t place)
{
        if (!id)
                return;
        if (2 * (index->used + 1) > index->slot_count)
                grow(index);
        uint32_t hash = text_hash(id, strlen(id));
        struct id_place *slot = slot_of(index, id, hash);
        if (slot->id)
                return;
        *slot = (struct id_place){id, place, hash};
        index->used++;
}

size_t id_index_find(const struct id_index *index, const char *id)
{
        if (!id || !index->used)
                return ID_NOWHERE;
        struct id_place *recent = &index->recent[(uintptr_t)id / sizeof(uint64_t) % RECENT_COUNT];
        if (recent->id == id)
                return recent->place;
        const struct id_place *slot = slot_of(index, id, text_hash(id, strlen(id)));
        if (!slot->id)
                return ID_NOWHERE;
        *recent = *slot;
        return slot->place;
}
