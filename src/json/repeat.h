#pragma once

/*
 * Objects that come again, for the files of this room only. An engine writes the whole network into every
 * task that is on it: more than half of a list of tasks is text that has been read before. What has been read
 * once is kept here with its nodes; where the same bytes stand again, the nodes are copied and moved, which
 * takes a tenth of the time of reading. The last one of each beginning is kept, REPEAT_PLACES at most.
 */

#include "json/document.h"

#define REPEAT_BYTES_MIN 256
#define REPEAT_BYTES_MAX 4096

/* An object as if it stood at the beginning of a document. */
struct repeat {
        char *text; /* not ended by a zero; NULL: none */
        struct node *nodes;
        char id[8]; /* bytes of the text that tell it from most others */
        uint32_t length_bytes;
        uint32_t count;
        uint32_t depth; /* containers that were open around it: so deep, it is not nested too deeply */
};

struct repeats;

struct repeats *repeats_new(void);
struct repeats *repeats_free(struct repeats *repeats); /* returns NULL */

/* The kept object that is exactly what begins at `at`, or NULL; it stays until the next repeats_keep. */
const struct repeat *repeats_find(const struct repeats *repeats, const char *at, const char *end);

/* Copies an object of REPEAT_BYTES_MIN to REPEAT_BYTES_MAX bytes; `first` is the index of its own node. */
void repeats_keep(struct repeats *repeats, const char *text, const struct node *nodes, json_node first,
                  uint32_t count, uint32_t depth);

/* Writes a kept object's nodes as those of an object at `offset` whose own node is `first`. */
void repeat_copy(const struct repeat *repeat, struct node *ret_nodes, json_node first, uint32_t offset);
