#pragma once

/* What the files behind choose.h share: the candidates of one question, and the sentences about them. */

#include "pool/band.h"
#include "pool/choose.h"
#include "pool/span.h"

/* RFC 1918. */
#define PRIVATE_RANGES 3
extern const struct prefix private_ranges[PRIVATE_RANGES];

struct candidates {
        const struct occupied *occupied;
        const struct default_pools *pools;
        uint8_t length_bits;
        LIST(struct prefix) sources; /* where they come from, best first; none lies inside an earlier one */
        struct span_set taken;       /* occupied */
        struct span_set blocked;     /* occupied, or inside a band */
        struct band_list bands;
};

void candidates_done(struct candidates *candidates);

/* The one that was found. */
struct selection {
        struct prefix subnet;
        size_t source;
        bool memorable;
};

/* Owned by the caller. */
char *reason_for_chosen(const struct candidates *candidates, const struct selection *selection);
char *reason_for_named(const struct candidates *candidates, struct prefix subnet);

char *reason_overlap(const struct candidates *candidates, struct prefix prefix);
char *reason_band(const struct candidates *candidates, const struct band *band);
char *reason_memory(const struct selection *selection);
char *reason_run(const char *reason, uint64_t further,
                 struct prefix last); /* the same for a run of candidates */

/* Fills choice->rejected with the candidates before the chosen one, each with its reason. */
void candidates_reject(const struct candidates *candidates, const struct selection *selection,
                       struct choice *choice);
