#pragma once

/* What the files of a run share: inside move/run*.c only. */

#include "move/journal.h"
#include "move/move.h"

#define RUN_POLL_MIN_MS 200

struct run {
        struct move move;
        struct plan *plan;
        struct steps steps;
        struct journal *journal;
        const struct run_observer *observer;
        const struct run_options *options;
        bool changed;
        bool restoring; /* what was paused is given back: not to be interrupted */
};

/* No answer, a broken one, or none that says anything: the swarm may have no leader, or the engine restarts.
 */
static inline bool run_is_silence(enum error_kind kind)
{
        return kind == ERROR_UNREACHABLE || kind == ERROR_TIMEOUT || kind == ERROR_PROTOCOL;
}

/* One step, until it is settled; in run.c. */
int run_step(struct run *run, size_t index, struct error *error);

/* Whether somebody has asked for an end, which giving back what was paused does not heed. */
bool run_is_interrupted(const struct run *run);

/* Before the first step and after the last, in run_around.c. */

/* Looks whether the move may begin or go on; nothing has been changed when it may not. */
int run_prepare(struct run *run, struct error *error);
/* Waits until every point of the check holds that is asked after a move. */
int run_verify(struct run *run, struct error *error);
/*
 * A run that ends early gives back what it has paused, or an earlier one that was killed: the host works
 * again while somebody finds out. What can't be given back is told, and does not hide why the run ended.
 */
void run_restore(struct run *run);
