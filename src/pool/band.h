#pragma once

/*
 * Where the swarm's own next subnets will come from.
 *
 * The swarm cuts its default pools, in their order, into subnets of one length. Up to Engine 26 it goes on
 * from the last one it gave and begins at the bottom again with each new leader; later engines always take
 * the lowest that is free (moby libnetwork/ipam and ipams/defaultipam, allocatePredefinedPool). The last one
 * given cannot be asked for; the highest that exists is the best trace of it. So there are two places to keep
 * clear of: after the highest overlay that looks cut from a pool, and from the lowest free subnet up. On most
 * swarms they are nearly the same.
 */

#include "pool/choose.h"
#include "pool/span.h"

/* A stretch of one pool. */
struct band {
        struct span span;
        uint64_t subnets; /* free ones in it */
        bool restart;     /* it is used when allocation begins at the bottom again */
};

/* In the order in which they will be used; a place is several bands where it crosses from one pool into the
 * next. */
struct band_list {
        LIST(struct band) bands;
};

void band_list_done(struct band_list *list);
#define _cleanup_band_list_ _cleanup_(band_list_done)

/* `taken` is the occupied ranges as an ordered set. */
void bands_find(const struct occupied *occupied, const struct span_set *taken,
                const struct default_pools *pools, struct band_list *ret_list);

/* The first band that the prefix touches, or NULL. */
const struct band *bands_touched(const struct band_list *list, struct prefix prefix);

void occupied_spans(const struct occupied *occupied, struct span_set *ret_set);
