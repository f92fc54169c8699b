#pragma once

/* Taking what somebody else changed since the plan as it is now: inside move/ only. */

#include "move/move.h"
#include "move/run.h"

#define ADOPTED_PLAN_NAME "adopted.plan" /* in the plan's folder: a later run of it goes on with that */

/*
 * Changes the plan to what is there: specs that changed, services that were removed, taken off or have
 * joined. Each is told to the observer.
 */
int plan_adopt(struct move *move, struct plan *plan, const struct run_observer *observer,
               struct error *error);
