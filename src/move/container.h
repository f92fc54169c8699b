#pragma once

/* Standalone containers on a network, as far as this node sees them: inside move/ only. */

#include "move/plan.h"

/*
 * Adds each standalone container of NET (or of the hop) that the plan does not have yet, with what connecting
 * it again takes. ERROR_REFUSED when one sits on another node, where this engine can't reach it.
 */
int containers_plan(struct engine *engine, const struct swarm *swarm, const struct network *network,
                    struct plan *plan, struct error *error);

/*
 * The address that it is to have on NET: kept if the subnet holds it, else at the same distance from the
 * subnet's start. False when it has none of its own, or none that the subnet has.
 */
bool container_wished_address(const struct plan_container *container, const char *old_subnet,
                              const char *subnet, uint32_t *ret_address);

/* Refuses a subnet that has no place for a container's own address. */
int containers_refuse_placeless(const struct plan *plan, struct error *error);

/* Into the order in which they come back to NET: by address, so that the fewest lose theirs. */
void containers_sort(struct plan *plan);

/* The network with this node's endpoints as they are now; *ret_network is NULL when there is none. */
int containers_look(struct engine *engine, struct swarm *swarm, const char *network_id,
                    const struct network **ret_network, struct error *error);

/* Whether an endpoint is one of a standalone container that the plan does not have. */
bool container_is_new(const struct swarm *swarm, const struct plan *plan, const struct endpoint *endpoint);

/* Refuses a network that a standalone container of another node is attached to. */
int containers_refuse_elsewhere(const struct swarm *swarm, const struct network *network,
                                struct error *error);
