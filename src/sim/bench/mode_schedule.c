#include "sim/bench/jobs.h"
#include "sim/bench/read.h"
#include "sim/front/mode.h"

/* headroom-sim --schedule FILE: one that somebody wrote, or that was found. */

#define NOT_TRIED 2 /* headroom made no plan */

enum {
        SCHEDULE,
        TRACE,
};

static const struct mode_option options[] = {
        [SCHEDULE] = {"schedule", "FILE", "the schedule", "a file"},
        [TRACE] = {"trace", NULL, "tell every call, also when all holds", NULL},
        {NULL},
};

static int run_file(const struct schedule *schedule, bool trace, struct error *error)
{
        _cleanup_outcome_ struct outcome outcome = {0};
        _cleanup_free_ char *state = state_folder_make();

        if (!state)
                return error_set(error, ERROR_FAILED,
                                 "no folder for records can be made in /dev/shm or /tmp");
        bench_run(schedule, state, trace ? stdout : NULL, NULL, &outcome);
        if (outcome.invariant && !trace) {
                state_folder_empty(state);
                outcome_done(&outcome);
                bench_run(schedule, state, stdout, NULL, &outcome);
        }
        state_folder_remove(state);
        outcome_tell(NULL, &outcome, stdout);
        return outcome.invariant ? 1 : outcome.refusal ? NOT_TRIED : 0;
}

static int run(int argc, char **argv)
{
        const char *values[MODE_OPTIONS_MAX];
        _cleanup_error_ struct error error = {0};
        _cleanup_schedule_ struct schedule schedule = {0};

        if (mode_read(&mode_schedule, argc, argv, values, &error) < 0)
                return mode_fail_usage(&error);
        if (schedule_read(values[SCHEDULE], &schedule, &error) < 0)
                return mode_fail(&error);
        int result = run_file(&schedule, values[TRACE] != NULL, &error);
        return result < 0 ? mode_fail(&error) : result;
}

const struct mode mode_schedule = {
        .usage = "--schedule FILE [--trace]",
        .summary = "one schedule of faults, from a file",
        .description = "Runs the schedule that FILE describes (docs/schedules.md). When something does not "
                       "hold, every step is told, and the exit status is 1; it is 2 when headroom makes no "
                       "plan, so that nothing was tried. A file that is not understood is "
                       "refused with its line.\n\n"
                       "  headroom-sim --schedule tests/sim/schedules/hand-written.yaml --trace",
        .options = options,
        .run = run,
};
