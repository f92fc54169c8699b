#pragma once

/* Standalone containers on a network, as far as this node sees them: inside move/ only. */

#include "move/plan.h"

/*
 * Adds each standalone container of NET to the plan with what connecting it again takes. ERROR_REFUSED when
 * one sits on another node, where this engine can't reach it.
 */
int containers_plan(struct engine *engine, const struct swarm *swarm, const struct network *network,
                    struct plan *plan, struct error *error);
