#pragma once

/* How one service moves, and what its users will notice: inside move/ only. */

#include "move/plan.h"

/*
 * Decides way, why, edits, gaps and bounds of a planned service. `body` is its GET; `health_check` says
 * whether its tasks have one, by spec or by image.
 */
int way_decide(const struct swarm *swarm, const struct service *service, const struct buffer *body,
               bool health_check, struct plan_service *planned, struct error *error);

/* Where no edge can be connected live, services are out of reach from their own hop to the edge's: adds that.
 */
void way_add_waits(struct plan *plan);
