#pragma once

/* Comparing a plan with the swarm as it is, before anything is done: inside move/ only. */

#include "move/move.h"
#include "move/run.h"

/*
 * ERROR_REFUSED, naming every fact that moved, unless `adopt`: then the plan is changed to what is there and
 * each change is told to the observer.
 */
int facts_compare(struct move *move, struct plan *plan, bool adopt, const struct run_observer *observer,
                  struct error *error);

/* After the run: everything at the goal, nothing of headroom's left. ERROR_FAILED names what is not so. */
int facts_verify(struct move *move, struct error *error);
