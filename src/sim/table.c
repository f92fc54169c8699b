#include "sim/state.h"

#include <assert.h>

void *sim_table_add(struct sim *sim, struct sim_table *table, size_t size)
{
        struct sim_object *object;

        if (table->unused.count) {
                object = table->items[table->unused.items[--table->unused.count]];
                struct sim_object head = *object;
                memset(object, 0, size);
                object->ref = head.ref;
                object->stamp = head.stamp + 1;
        } else {
                object = memory_new(1, size);
                object->ref.index = (uint32_t)table->count;
                *list_add(table) = object;
        }
        object->ref.generation++;
        object->created_ms = sim->now_ms;
        sim_touch(sim, object);
        return object;
}

void sim_table_drop(struct sim_table *table, void *object)
{
        struct sim_object *head = object;

        assert(head->ref.generation & 1);
        head->ref.generation++;
        *list_add(&table->unused) = head->ref.index;
}

void sim_table_done(struct sim_table *table)
{
        for (size_t i = 0; i < table->count; i++)
                free(table->items[i]);
        free(table->items);
        free(table->unused.items);
        *table = (struct sim_table){0};
}

void *sim_table_at(const struct sim_table *table, struct sim_ref ref)
{
        return ref.index < table->count && (ref.generation & 1) &&
                               table->items[ref.index]->ref.generation == ref.generation
                       ? table->items[ref.index]
                       : NULL;
}

void *sim_table_from(const struct sim_table *table, size_t index)
{
        while (index < table->count && !(table->items[index]->ref.generation & 1))
                index++;
        return index < table->count ? table->items[index] : NULL;
}

void sim_touch(struct sim *sim, void *object)
{
        struct sim_object *head = object;

        head->version = ++sim->index;
        head->updated_ms = sim->now_ms;
}
