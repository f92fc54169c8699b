#pragma once

/*
 * Memory for many small things that live and die together: taken one after the other from large chunks, freed
 * all at once. A malloc of its own would double the size of each. The null value is an empty arena.
 */

#include <stddef.h>

struct arena {
        struct arena_chunk *chunks; /* the newest first */
        char *fill;                 /* where the next thing goes, in the first chunk */
        size_t left_bytes;
        size_t chunk_bytes; /* of the newest chunk */
};

/* Zeroed, aligned for pointers and 64-bit numbers. Never NULL: out of memory aborts. */
void *arena_new(struct arena *arena, size_t count, size_t size);

/* A copy of so many bytes with a zero after them; not aligned. */
char *arena_text(struct arena *arena, const char *bytes, size_t length_bytes);

void arena_done(struct arena *arena); /* leaves the null value */
