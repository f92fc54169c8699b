#pragma once

/*
 * The status page, PLAN.status.md: what was checked and with which verdict, the procedure with each step's
 * state and time, what became of it, and the reviews. It is written anew from what is recorded: the plan, the
 * run's journal and notes of checks in STATE/PLAN-ID. So it may be lost or changed without harm, and nobody
 * reads it but people.
 */

#include "move/check.h"
#include "settings/settings.h"

/*
 * Keeps the outcome of a check, or of the reviews' judgement, for every later page. The last one of a phase
 * and goal counts. The folder of the plan is made when it is not there.
 */
int status_note_check(const char *state, const struct plan *plan, enum goal goal, enum check_phase phase,
                      const struct check_points *points, struct error *error);
int status_note_reviews(const char *state, const struct plan *plan, const struct check_points *points,
                        struct error *error);

struct status_wish {
        const struct plan *plan;
        const char *plan_path; /* NULL: the page is STATE/PLAN-ID/status.md */
        const char *state;     /* folder of locks and journals; NULL: nothing is known of runs */
        const struct settings
                *settings; /* whose reviews count, while the move has not begun; NULL: not asked */
};

/* Writes the page whole, or not at all. What can't be read is told in it. */
int status_write(const struct status_wish *wish, struct error *error);
