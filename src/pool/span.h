#pragma once

/*
 * A set of addresses as sorted, disjoint spans. A question costs one binary search, and a walk over what is
 * free jumps over each occupied span at once, so that a /8 full of /24s and a /8 taken by one route cost the
 * same as their number of spans, never as their number of addresses.
 */

#include "base/prefix.h"
#include "base/text.h"

/* Both ends belong to it. */
struct span {
        uint32_t first, last;
};

struct span_set {
        LIST(struct span) spans;
};

void span_set_done(struct span_set *set);
#define _cleanup_span_set_ _cleanup_(span_set_done)

/* Add in any order, then order once; the questions below are for ordered sets only. */
void span_set_add(struct span_set *set, uint32_t first, uint32_t last);
void span_set_order(struct span_set *set);

/* The lowest span that ends at the address or above it, or NULL. */
const struct span *span_set_from(const struct span_set *set, uint32_t address);
bool span_set_touches(const struct span_set *set, struct prefix prefix);

/*
 * The lowest prefix of that length inside `within` that begins at `from` or above and touches no span. `from`
 * may be one past the last address there is.
 */
bool span_set_first_free(const struct span_set *set, struct prefix within, uint64_t from, uint8_t length_bits,
                         struct prefix *ret_prefix);
