#pragma once

/*
 * Choosing a subnet, and saying why. The engine checks a new overlay only against other swarm-wide pools; a
 * clash with a route, a bridge, a VPN or the resolver takes a network down silently. So everything known to
 * be in use is gathered first (the caller's business), and every range passed over keeps its reason.
 */

#include "base/error.h"
#include "base/prefix.h"
#include "base/text.h"

#include <stdbool.h>

/* A range that must not be given out, and who has it: "overlay ingress", "route on eth1 of node a". */
struct occupied_range {
        struct prefix prefix;
        char *owner;
        bool overlay; /* a pool of the swarm's own: the default pools go on after the highest of them */
};

struct occupied {
        LIST(struct occupied_range) ranges;
};

void occupied_done(struct occupied *occupied);
#define _cleanup_occupied_ _cleanup_(occupied_done)
void occupied_add(struct occupied *occupied, struct prefix prefix, const char *format, ...) _printf_(3, 4);
void occupied_add_overlay(struct occupied *occupied, struct prefix prefix,
                          const char *network); /* "overlay NETWORK" */
const struct occupied_range *occupied_find(const struct occupied *occupied,
                                           struct prefix prefix); /* first overlap, or NULL */

/* The swarm's default pools, from which it cuts subnets of `subnet_bits` by itself. */
struct default_pools {
        const struct prefix *prefixes;
        size_t count;
        uint8_t subnet_bits;
};

struct choice_rejected {
        struct prefix prefix;
        char *reason;
};

struct choice {
        struct prefix subnet;
        char *reason; /* sentences for people: clear of what, why this number */
        LIST(struct choice_rejected)
        rejected; /* in the order they were considered, at most CHOICE_REJECTED_MAX */
};

#define CHOICE_REJECTED_MAX 32
#define CHOICE_NEXT_SUBNETS 2048 /* how many more subnets the default pool keeps room for */
#define CHOICE_LENGTH_MIN   8
#define CHOICE_LENGTH_MAX   29

void choice_done(struct choice *choice);
#define _cleanup_choice_ _cleanup_(choice_done)

/*
 * The best free subnet of that length. Candidates: the default pools, then 10/8, 172.16/12, 192.168/16.
 * Preference: clear of the band the default pool hands out next, then the order of these ranges, then a
 * number a person can remember (for a /16 a second octet that is a multiple of ten; choose.c for the others),
 * then the lowest. When nothing clear of the band is free, one inside it is chosen and the reason says so.
 * ERROR_REFUSED when nothing is free at all, or the length is none for an overlay. A run of more than ten
 * candidates passed over for one reason is one entry of `rejected`, whose reason says how far it goes.
 */
int choose_subnet(const struct occupied *occupied, const struct default_pools *pools, uint8_t length_bits,
                  struct choice *ret_choice, struct error *error);

/* Whether a subnet the user names can be had: ERROR_REFUSED names what is in its way; *ret_choice says why it
 * is fine. */
int choose_named(const struct occupied *occupied, const struct default_pools *pools, struct prefix subnet,
                 struct choice *ret_choice, struct error *error);

/*
 * The range of addresses from which the default pool hands out its next subnets: from the first free one
 * after the highest overlay that was cut from it (the lowest free one when there is none) as far as
 * CHOICE_NEXT_SUBNETS of them reach, or the pool. The choice also keeps clear of where allocation begins
 * again at the bottom (band.h).
 */
struct prefix_band {
        uint32_t first, last;
        bool any;
};
struct prefix_band choose_next_band(const struct occupied *occupied, const struct default_pools *pools);
