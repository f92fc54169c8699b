#include "pool/id_index.h"

void id_index_done(struct id_index *index)
{
        free(index->places.items);
        *index = (struct id_index){0};
}

void id_index_add(struct id_index *index, const char *id, size_t place)
{
        if (id)
                *list_add(&index->places) = (struct id_place){id, place};
}

static int compare(const void *a, const void *b)
{
        return strcmp(((const struct id_place *)a)->id, ((const struct id_place *)b)->id);
}

void id_index_order(struct id_index *index)
{
        if (index->places.count)
                qsort(index->places.items, index->places.count, sizeof(*index->places.items), compare);
}

size_t id_index_find(const struct id_index *index, const char *id)
{
        const struct id_place wanted = {.id = id};
        const struct id_place *found =
                id && index->places.count
                        ? bsearch(&wanted, index->places.items, index->places.count, sizeof(wanted), compare)
                        : NULL;

        return found ? found->place : ID_NOWHERE;
}
