#include "sim/bench/jobs.h"
#include "sim/bench/shrink.h"
#include "sim/front/mode.h"

#include <stdlib.h>

/* headroom-sim --schedules N: as many schedules, each of its own seed. */

#define COUNT_MAX    1000000000ULL
#define JOBS_MAX     64
#define FAILURES_MAX 1000

enum {
        SCHEDULES,
        SEED,
        JOBS,
        FAILURES,
        TRACE,
        AS_FOUND,
};

static const struct mode_option options[] = {
        [SCHEDULES] = {"schedules", "N", "how many schedules are run", "a number of them"},
        [SEED] = {"seed", "N", "seed of the first; the others follow it (1)", NULL},
        [JOBS] = {"jobs", "N", "processes that share the work (1)", NULL},
        [FAILURES] = {"failures", "N", "stop after so many that failed (1)", NULL},
        [TRACE] = {"trace", NULL, "tell every call of every schedule", NULL},
        [AS_FOUND] = {"as-found", NULL, "only name what failed, and make nothing smaller", NULL},
        {NULL},
};

struct wish {
        struct jobs_wish jobs;
        bool trace, as_found;
};

static int read_wish(int argc, char **argv, struct wish *ret_wish, struct error *error)
{
        struct jobs_wish *wish = &ret_wish->jobs;
        const char *values[MODE_OPTIONS_MAX];

        if (mode_read(&mode_schedules, argc, argv, values, error) < 0 ||
            mode_number("schedules", values[SCHEDULES], 1, COUNT_MAX, &wish->count, error) < 0 ||
            (values[SEED] &&
             mode_number("seed", values[SEED], 0, UINT64_MAX - COUNT_MAX, &wish->first_seed, error) < 0) ||
            (values[JOBS] && mode_number("jobs", values[JOBS], 1, JOBS_MAX, &wish->jobs, error) < 0) ||
            (values[FAILURES] &&
             mode_number("failures", values[FAILURES], 1, FAILURES_MAX, &wish->failures_max, error) < 0))
                return -1;
        ret_wish->trace = values[TRACE] != NULL;
        ret_wish->as_found = values[AS_FOUND] != NULL;
        return 0;
}

static void tell_result(const struct jobs_wish *wish, const struct jobs_result *result)
{
        printf("%llu schedules from seed %llu: %llu runs, %llu calls; %llu could not be planned; %zu "
               "failed\n",
               (unsigned long long)result->done, (unsigned long long)wish->first_seed,
               (unsigned long long)result->runs, (unsigned long long)result->calls,
               (unsigned long long)result->unplanned, result->failures.count);
        for (size_t i = 0; i < result->failures.count; i++)
                printf("FAIL seed %llu: %s\n     headroom-sim --schedules 1 --seed %llu --trace\n",
                       (unsigned long long)result->failures.items[i].seed, result->failures.items[i].text,
                       (unsigned long long)result->failures.items[i].seed);
}

/* Runs it again with every step told, and says as a file what it was. */
static int tell_schedule(const struct schedule *schedule, const char *state)
{
        _cleanup_outcome_ struct outcome outcome = {0};

        bench_run(schedule, state, stdout, NULL, &outcome);
        state_folder_empty(state);
        outcome_tell(schedule, &outcome, stdout);
        return outcome.invariant ? -1 : 0;
}

/* The first failure, made smaller and told step by step. */
static void tell_smallest(uint64_t seed, const char *state)
{
        _cleanup_schedule_ struct schedule schedule = {0};
        _cleanup_outcome_ struct outcome outcome = {0};

        schedule_draft(seed, &schedule);
        bench_run(&schedule, state, NULL, NULL, &outcome);
        state_folder_empty(state);
        if (outcome.invariant)
                schedule_shrink(&schedule, state, &outcome);
        printf("\nThe smallest that was found:\n\n");
        tell_schedule(&schedule, state);
}

static int trace_all(const struct jobs_wish *wish, const char *state)
{
        int result = 0;

        for (uint64_t i = 0; i < wish->count; i++) {
                _cleanup_schedule_ struct schedule schedule = {0};
                schedule_draft(wish->first_seed + i, &schedule);
                if (tell_schedule(&schedule, state) < 0)
                        result = 1;
        }
        return result;
}

static int run_wish(const struct wish *wish, const char *state, struct error *error)
{
        _cleanup_jobs_result_ struct jobs_result result = {0};

        if (wish->trace)
                return trace_all(&wish->jobs, state);
        if (jobs_run(&wish->jobs, &result, error) < 0)
                return -1;
        tell_result(&wish->jobs, &result);
        fflush(stdout);
        if (!result.failures.count)
                return 0;
        if (!result.failures.items[0].crashed && !wish->as_found)
                tell_smallest(result.failures.items[0].seed, state);
        return 1;
}

static int run(int argc, char **argv)
{
        struct wish wish = {.jobs = {.first_seed = 1, .jobs = 1, .failures_max = 1}};
        _cleanup_error_ struct error error = {0};
        _cleanup_free_ char *state = NULL;
        int result;

        if (read_wish(argc, argv, &wish, &error) < 0)
                return mode_fail_usage(&error);
        state = state_folder_make();
        if (!state) {
                error_set(&error, ERROR_FAILED, "no folder for records can be made in /dev/shm or /tmp");
                return mode_fail(&error);
        }
        result = run_wish(&wish, state, &error);
        state_folder_remove(state);
        return result < 0 ? mode_fail(&error) : result;
}

const struct mode mode_schedules = {
        .usage = "--schedules N [--seed N] [--jobs N] [--failures N] [--as-found] [--trace]",
        .summary = "moves that are broken in every way, by the number",
        .description =
                "Runs N schedules: small swarms in virtual time, moved by headroom's own code while calls "
                "are "
                "lost, headroom is killed, nodes go, and people change things. What must hold is looked at "
                "after every call and whenever something happens (docs/schedules.md).\n\n"
                "Each schedule follows from its seed. One that fails is told with the command that repeats "
                "it; the first is then made as small as it can be while it still fails, and told step by "
                "step, with a schedule file for --schedule at the end. The exit status is 1 then.\n\n"
                "  headroom-sim --schedules 10000 --jobs 2",
        .options = options,
        .run = run,
};
