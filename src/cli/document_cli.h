#pragma once

/* The pages beside a plan, for the commands that write them. A page that can't be written is told on stderr.
 */

#include "cli/command.h"
#include "move/check.h"
#include "move/document/status.h"

/* The journal and the first status page. -1 when either is missing; the plan itself is written by then. */
int documents_write(const struct invocation *invocation, struct engine *engine,
                    const struct settings *settings, const struct plan *plan, const char *plan_path);

/*
 * The status page while something goes on. What the work comes to does not depend on it: when it can't be
 * written, that is told once.
 */
struct status_keeper {
        struct status_wish wish;
        enum goal goal;
        int64_t written_ms; /* of clock_now_ms; 0: not yet */
        bool told;
};

/* A check was made: it is noted for every later page. */
void status_keep_check(struct status_keeper *keeper, enum check_phase phase,
                       const struct check_points *points);
/* Something went on: the page follows, but not more often than every few seconds unless it is the end. */
void status_keep(struct status_keeper *keeper, bool end);
