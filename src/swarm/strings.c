#include "swarm/strings.h"

#include "base/text.h"

/*
 * Open addressing with linear probing over pointers; the texts themselves lie in large chunks, because a
 * swarm of ten thousand services has a hundred thousand short ones and a malloc header each would double
 * their size.
 */

#define CHUNK_BYTES_MIN 4096
#define CHUNK_BYTES_MAX 65536
#define SHARED_MAX      256 /* longer texts are not looked for among the others */

struct chunk {
        struct chunk *next;
        char bytes[];
};

struct string_table {
        const char **slots;
        size_t slot_count; /* a power of two */
        size_t used;
        struct chunk *chunks;
        char *fill; /* where the next text goes, in the first chunk */
        size_t left;
        size_t chunk_bytes; /* of the next one */
};

struct string_table *string_table_new(void)
{
        struct string_table *table = new_zero(struct string_table);

        table->slot_count = 256;
        table->chunk_bytes = CHUNK_BYTES_MIN;
        table->slots = memory_new(table->slot_count, sizeof(*table->slots));
        return table;
}

struct string_table *string_table_free(struct string_table *table)
{
        if (!table)
                return NULL;
        while (table->chunks) {
                struct chunk *next = table->chunks->next;
                free(table->chunks);
                table->chunks = next;
        }
        free(table->slots);
        free(table);
        return NULL;
}

/* FNV-1a. */
static size_t hash(const char *text, size_t length)
{
        uint64_t h = 14695981039346656037ULL;

        for (size_t i = 0; i < length; i++)
                h = (h ^ (unsigned char)text[i]) * 1099511628211ULL;
        return (size_t)(h ^ h >> 32);
}

static size_t slot_of(const struct string_table *table, const char *text, size_t length)
{
        size_t i = hash(text, length) & (table->slot_count - 1);

        while (table->slots[i] && (strncmp(table->slots[i], text, length) != 0 || table->slots[i][length]))
                i = (i + 1) & (table->slot_count - 1);
        return i;
}

static void grow(struct string_table *table)
{
        const char **old = table->slots;
        size_t old_count = table->slot_count;

        table->slot_count *= 2;
        table->slots = memory_new(table->slot_count, sizeof(*table->slots));
        for (size_t i = 0; i < old_count; i++)
                if (old[i])
                        table->slots[slot_of(table, old[i], strlen(old[i]))] = old[i];
        free(old);
}

static char *store(struct string_table *table, const char *text, size_t length)
{
        if (table->left < length + 1) {
                size_t room = MAX(table->chunk_bytes, length + 1);
                struct chunk *chunk = memory_new(1, sizeof(*chunk) + room);
                chunk->next = table->chunks;
                table->chunks = chunk;
                table->chunk_bytes = MIN(4 * table->chunk_bytes, (size_t)CHUNK_BYTES_MAX);
                table->fill = chunk->bytes;
                table->left = room;
        }
        char *copy = table->fill;
        memcpy(copy, text, length);
        copy[length] = 0;
        table->fill += length + 1;
        table->left -= length + 1;
        return copy;
}

const char *string_table_add(struct string_table *table, const char *text, size_t length)
{
        if (length > SHARED_MAX)
                return store(table, text, length);
        size_t slot = slot_of(table, text, length);

        if (table->slots[slot])
                return table->slots[slot];
        if (2 * (table->used + 1) > table->slot_count) {
                grow(table);
                slot = slot_of(table, text, length);
        }
        table->used++;
        return table->slots[slot] = store(table, text, length);
}
