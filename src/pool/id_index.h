#pragma once

/*
 * Where in a list something with an ID stands. In a swarm of thousands, walking the list for each task takes
 * longer than reading the swarm. The IDs must outlive it; of the same ID added twice the first is found.
 */

#include "base/text.h"

#define ID_NOWHERE SIZE_MAX

struct id_place {
        const char *id; /* NULL: empty */
        size_t place;
        uint32_t hash;
};

struct id_index {
        struct id_place
                *recent; /* found of late, by their own pointers: equal texts of a swarm are one text */
        struct id_place *slots;
        size_t slot_count; /* a power of two, or 0 */
        size_t used;
};

void id_index_done(struct id_index *index);
void id_index_add(struct id_index *index, const char *id, size_t place); /* NULL is left out */
size_t id_index_find(const struct id_index *index, const char *id);      /* ID_NOWHERE: not there, or NULL */
