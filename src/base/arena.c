#include "base/arena.h"

#include "base/text.h"

#include <stdalign.h>

#define ALIGNMENT       alignof(uint64_t)
#define CHUNK_BYTES_MIN 4096
#define CHUNK_BYTES_MAX ((size_t)64 * 1024)

struct arena_chunk {
        struct arena_chunk *next;
        alignas(ALIGNMENT) char bytes[];
};

static void chunk_add(struct arena *arena, size_t needed_bytes)
{
        size_t room = MIN(4 * arena->chunk_bytes, CHUNK_BYTES_MAX);

        room = MAX(MAX(room, (size_t)CHUNK_BYTES_MIN), needed_bytes);
        struct arena_chunk *chunk = memory_new(1, sizeof(*chunk) + room);
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        arena->chunk_bytes = room;
        arena->fill = chunk->bytes;
        arena->left_bytes = room;
}

static void *take(struct arena *arena, size_t bytes)
{
        if (!arena->fill || arena->left_bytes < bytes)
                chunk_add(arena, bytes);
        void *taken = arena->fill;
        arena->fill += bytes;
        arena->left_bytes -= bytes;
        return taken;
}

void *arena_new(struct arena *arena, size_t count, size_t size)
{
        size_t odd = (size_t)((uintptr_t)arena->fill % ALIGNMENT);
        size_t gap = odd ? ALIGNMENT - odd : 0;
        size_t bytes;

        if (__builtin_mul_overflow(count, size, &bytes))
                abort();
        if (gap && gap <= arena->left_bytes)
                take(arena, gap);
        else if (gap)
                arena->left_bytes = 0; /* the next chunk begins aligned */
        return take(arena, bytes);
}

char *arena_text(struct arena *arena, const char *bytes, size_t length_bytes)
{
        char *copy = take(arena, length_bytes + 1);

        if (length_bytes)
                memcpy(copy, bytes, length_bytes);
        return copy; /* what follows it in a chunk is zero */
}

void arena_done(struct arena *arena)
{
        while (arena->chunks) {
                struct arena_chunk *next = arena->chunks->next;
                free(arena->chunks);
                arena->chunks = next;
        }
        *arena = (struct arena){0};
}
