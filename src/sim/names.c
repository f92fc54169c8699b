#include "sim/state.h"

/*
 * Who has a name: services and networks by it, in whatever case, as the swarm takes names that differ in case
 * for one. Several networks may share one: a node's leftover, the next of its name, and other nodes' own.
 */

#define BUCKETS_FIRST 64

/* FNV-1a (Fowler, Noll, Vo), of the lower-case name. */
static uint64_t hash(const char *name)
{
        uint64_t value = 0xcbf29ce484222325;

        for (; *name; name++) {
                unsigned char c = (unsigned char)*name;
                value = (value ^ (c >= 'A' && c <= 'Z' ? c | 0x20U : c)) * 0x100000001b3;
        }
        return value;
}

static struct sim_object **bucket_of(const struct sim_names *names, const char *name)
{
        return &names->buckets[hash(name) & (names->room - 1)];
}

/* The earliest in the table first, so that the order is that of a walk through it. */
static void enter(struct sim_names *names, struct sim_object *object)
{
        struct sim_object **at = bucket_of(names, object->name);

        while (*at && (*at)->ref.index < object->ref.index)
                at = &(*at)->same_bucket;
        object->same_bucket = *at;
        *at = object;
}

static void grow(struct sim_names *names)
{
        struct sim_names larger = {.room = names->room ? 2 * names->room : BUCKETS_FIRST,
                                   .count = names->count};

        larger.buckets = memory_new(larger.room, sizeof(struct sim_object *));
        for (size_t i = 0; i < names->room; i++)
                for (struct sim_object *object = names->buckets[i], *next; object; object = next) {
                        next = object->same_bucket;
                        enter(&larger, object);
                }
        free(names->buckets);
        *names = larger;
}

void sim_name_enter(struct sim_names *names, void *object, const char *name)
{
        struct sim_object *head = object;

        head->name = name;
        if (names->count++ >= names->room)
                grow(names);
        enter(names, head);
}

void sim_name_leave(struct sim_names *names, void *object)
{
        struct sim_object *head = object;
        struct sim_object **at = bucket_of(names, head->name);

        while (*at != head)
                at = &(*at)->same_bucket;
        *at = head->same_bucket;
        names->count--;
}

static void *match_from(struct sim_object *object, const char *name)
{
        while (object && strcasecmp(object->name, name) != 0)
                object = object->same_bucket;
        return object;
}

void *sim_named(const struct sim_names *names, const char *name)
{
        return names->room ? match_from(*bucket_of(names, name), name) : NULL;
}

void *sim_named_next(const void *object)
{
        const struct sim_object *head = object;

        return match_from(head->same_bucket, head->name);
}
