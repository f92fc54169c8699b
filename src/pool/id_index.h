#pragma once

/*
 * Where in a list something with an ID stands. In a swarm of thousands, walking the list for each task takes
 * longer than reading the swarm. Add all, then order it, then look up. The IDs must outlive it.
 */

#include "base/text.h"

#define ID_NOWHERE SIZE_MAX

struct id_place {
        const char *id;
        size_t place;
};
struct id_index {
        LIST(struct id_place) places;
};

void id_index_done(struct id_index *index);
void id_index_add(struct id_index *index, const char *id, size_t place); /* NULL is left out */
void id_index_order(struct id_index *index);
size_t id_index_find(const struct id_index *index, const char *id); /* ID_NOWHERE: not there, or NULL */
