#pragma once

/*
 * Reading a section of a file by a table of its keys: what stands under a key goes to a place of a struct, by
 * the type that the table names. A key that is not in the table is refused with the nearest that is.
 */

#include "sim/scenario/model.h"

enum field_type {
        FIELD_TEXT,     /* char * */
        FIELD_NAME,     /* char *, of the characters that names may have */
        FIELD_BOOL,     /* bool */
        FIELD_NUMBER,   /* uint64_t, from min to max */
        FIELD_DURATION, /* int64_t, in milliseconds, from min to max */
        FIELD_SUBNET,   /* struct prefix */
        FIELD_ADDRESS,  /* uint32_t */
        FIELD_CHOICE,   /* unsigned: the number of one of `words` */
        FIELD_TEXTS,    /* struct scenario_texts */
        FIELD_PAIRS,    /* struct scenario_pairs */
        FIELD_OWN,      /* by `read` */
};

typedef int (*field_reader)(const struct yaml *yaml, const struct yaml_node *node, void *member,
                            struct error *error);

struct field {
        const char *key;
        enum field_type type;
        size_t offset;
        uint64_t min, max;
        const char *const *words;
        field_reader read;
};

#define DURATION_MAX_MS (1000LL * 24 * 3600 * 1000) /* a thousand days */
#define TEXTS_MAX       256
#define NAME_MAX_LENGTH 63

/*
 * The map's members into the object by the table, which ends with a NULL key. `what` is what people call such
 * a section ("a network").
 */
int fields_read(const struct yaml *yaml, const struct yaml_node *map, const char *what,
                const struct field *table, void *object, struct error *error);

/* A value of its own: 0 or -1. The names are what people call them. */
int field_name(const struct yaml *yaml, const struct yaml_node *node, const char *name, char **ret_name,
               struct error *error);
int field_duration(const struct yaml *yaml, const struct yaml_node *node, const char *name, int64_t min_ms,
                   int64_t max_ms, int64_t *ret_ms, struct error *error);
int field_address(const struct yaml *yaml, const struct yaml_node *node, const char *name,
                  uint32_t *ret_address, struct error *error);
int field_texts(const struct yaml *yaml, const struct yaml_node *node, const char *name,
                struct scenario_texts *texts, struct error *error);
int field_choice(const struct yaml *yaml, const struct yaml_node *node, const char *name,
                 const char *const *words, unsigned *ret_choice, struct error *error);

/* A key that names something, as node, network or service: refused when no such name can be. */
int field_require_name(const struct yaml *yaml, const struct yaml_node *node, const char *what,
                       const char *name, struct error *error);

/* A map of things by their names: each goes to `read`. */
int field_each(const struct yaml *yaml, const struct yaml_node *map, size_t max, field_reader read,
               void *userdata, struct error *error);

void scenario_texts_done(struct scenario_texts *texts);
void scenario_pairs_done(struct scenario_pairs *pairs);

/* The word that is most like this one; NULL when none is much like it. */
const char *word_nearest(const char *word, const char *const *words, size_t count);
