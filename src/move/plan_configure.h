#pragma once

/* What the operator's configuration asks of a move, taken into its plan: inside move/ only. */

#include "move/plan.h"

/*
 * Everything that will be run, stopped or looked at stands in the plan, so that a review covers it and a
 * later change of the configuration changes no plan. `settings` may be NULL. ERROR_REFUSED when a service to
 * be paused is not there, or can't be.
 */
int plan_configure(const struct swarm *swarm, const struct settings *settings, struct plan *plan,
                   struct error *error);
