#pragma once

/* How one service moves, and what its users will notice: inside move/ only. */

#include "move/plan.h"
#include "pool/account.h"

/* Where a service moves. Nothing of it is owned. */
struct way_ground {
        struct engine *engine;
        const struct swarm *swarm;
        const struct accounts *accounts; /* of the swarm's overlays */
        const char *plan_id;
        const char *const *ids; /* of the network that is moved and its hop; the last is NULL */
        bool joined; /* the service has come in mid-move: only one host knows what would be lent to it */
};

/*
 * Decides way, why, edits, gaps and bounds of a planned service. `body` is its GET; `health_check` says
 * whether its tasks have one, by spec or by image.
 */
int way_decide(const struct way_ground *ground, const struct service *service, const struct buffer *body,
               bool health_check, struct plan_service *planned, struct error *error);

/* Addresses that a start-first update takes, on each network of the service, before it gives any back. */
uint64_t way_addresses_needed(const struct service *service);

/* Where no edge can be connected live, services are out of reach from their own hop to the edge's: adds that.
 */
void way_add_waits(struct plan *plan);
