#pragma once

/* One service of a plan, compared with and adopted from the live one: inside move/ only. */

#include "move/move.h"

void plan_service_done(struct plan_service *service);

bool plan_has_service(const struct plan *plan, const char *id);

/*
 * How many nodes have no task of a global service any more, since it ended there and its own policy starts no
 * other. Of a replicated one this shows in the number of its replicas: 0.
 */
uint64_t plan_service_ended(const struct swarm *swarm, const struct service *service);

/* Whether all its tasks that should run do. */
bool plan_service_is_complete(const struct swarm *swarm, const struct service *service);

/* The engine gave its last update up, and paused it or went back. */
bool plan_service_update_failed(const struct service *service);

/*
 * What differs between the spec, edits taken back and networks masked, and the one that was planned: the
 * parts' paths, or NULL. Owned by the caller.
 */
int plan_service_difference(const struct move *move, const struct plan_service *planned,
                            const struct buffer *body, char **ret_difference, struct error *error);

/* The same as a refusal: ERROR_CONFLICT names the service and the parts. */
int plan_service_refuse_changed(const struct move *move, const struct plan_service *planned,
                                const struct buffer *body, struct error *error);

/* Takes the spec as it is for the original; edits that somebody has overwritten are dropped. */
int plan_service_adopt(const struct move *move, struct plan_service *planned, const struct buffer *body,
                       struct error *error);

/* Adds a service that has come to NET since, with its own way of moving. */
int plan_service_join(const struct move *move, struct plan *plan, struct swarm *swarm,
                      const struct service *service, struct error *error);

struct way_ground;

/* Plans one service of the surveyed swarm; the ground's plan ID must be set, its networks are what digests
 * mask. */
int plan_service_make(const struct way_ground *ground, const struct service *service,
                      const struct buffer *body, bool edge, struct plan_service *planned,
                      struct error *error);
