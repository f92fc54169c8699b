#pragma once

/* Many schedules, in several processes. */

#include "sim/bench/bench.h"

struct jobs_wish {
        uint64_t first_seed;
        uint64_t count;
        uint64_t jobs;
        uint64_t failures_max; /* all stop when so many were found, at least 1 */
};

struct jobs_failure {
        uint64_t seed;
        char *text; /* the invariant, or how its process died */
        bool crashed;
};

struct jobs_result {
        uint64_t done, unplanned; /* those that headroom refused to plan for, rightly, are among the done */
        uint64_t calls, runs;
        LIST(struct jobs_failure) failures; /* by seed */
};

void jobs_result_done(struct jobs_result *result);
#define _cleanup_jobs_result_ _cleanup_(jobs_result_done)

/* Seeds first_seed, first_seed + 1, ... ERROR_FAILED when no process could be made. */
int jobs_run(const struct jobs_wish *wish, struct jobs_result *ret_result, struct error *error);

/* A folder for records, in memory where there is one; owned. NULL: none could be made. */
char *state_folder_make(void);
void state_folder_empty(const char *folder); /* what runs have left in it */
void state_folder_remove(const char *folder);
