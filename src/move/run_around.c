#include "move/run_inside.h"

#include "base/clock.h"
#include "move/adopt.h"
#include "move/look.h"
#include "move/quiet.h"

#include <stdio.h>

/*
 * What a run does around its steps: it looks whether the move may begin or go on, keeps what a person would
 * need to put things back by hand, verifies the result, and gives back what was paused when it ends early.
 */

#define VERIFY_MS      60000
#define VERIFY_POLL_MS 1000
#define ALLOCATION_MS  3000 /* the engine allocates a network within milliseconds, or not at all */

/* The specs as they were, for a person who must put one back by hand: on this host only, readable by root
 * only. */
static int keep_originals(struct run *run, struct error *error)
{
        for_each_planned (planned, run->plan) {
                _cleanup_buffer_ struct buffer body = {0};
                _cleanup_free_ char *name = text_format("service-%s.json", planned->id);
                if (look_service(run->move.engine, planned->id, &body, error) < 0 ||
                    journal_keep(run->journal, name, body.bytes, body.length, error) < 0)
                        return error_while(error, "keeping the spec of %s", planned->name);
        }
        return 0;
}

/* The lock is looked at before anything is done, so that a run that is not ours is refused, not failed. */
static int look_at_lock(struct run *run, struct error *error)
{
        const struct step lock = {STEP_HOP_CREATE, 0};
        enum level level;
        _cleanup_free_ char *waiting = NULL;

        return step_look(&run->move, &lock, &level, &waiting, error);
}

static int look_at_points(struct run *run, enum check_phase *ret_phase, struct check_points *ret_points,
                          struct error *error)
{
        const struct check_options options = {.goal = run->move.goal,
                                              .state = run->options->state,
                                              .log = run->options->log,
                                              .units = run->options->units,
                                              .busy = run->options->busy,
                                              .take_over = run->options->take_over,
                                              .places = run->options->places};

        return check_plan(run->move.engine, run->plan, &options, ret_phase, ret_points, error);
}

static void tell_points(const struct run *run, enum check_phase phase, const struct check_points *points)
{
        if (run->observer->checked)
                run->observer->checked(run->observer->userdata, phase, points);
}

static int refuse_moved(struct run *run, struct error *error)
{
        _cleanup_check_points_ struct check_points points = {0};
        enum check_phase phase;

        if (look_at_points(run, &phase, &points, error) < 0)
                return -1;
        tell_points(run, phase, &points);
        _cleanup_free_ char *failures = phase == CHECK_AFTER ? NULL : check_failures(&points);
        if (failures && check_is_adoptable(&points)) /* in the midst of a move there is no planning */
                return error_set(error, ERROR_REFUSED,
                                 "the swarm is not as it was when this was planned: %s. %s", failures,
                                 phase == CHECK_BEFORE ? "Plan again, or run with --adopt"
                                                       : "Go on with what changed as it is: run the same "
                                                         "command with --adopt");
        if (failures)
                return error_set(
                        error, ERROR_REFUSED,
                        "not every point of the plan holds: %s. Mend that and run the same command%s",
                        failures, phase == CHECK_BEFORE ? ", or plan again" : "");
        return 0;
}

/*
 * Updates and tasks on their way end by themselves: they are waited for before the move begins, rather than
 * refused. What else is at work is for the check to name.
 */
static int wait_for_passing(struct run *run, struct error *error)
{
        int64_t deadline_ms = clock_now_ms() + (int64_t)run->plan->quiet_wait_s * 1000;

        if (run->options->busy || run->move.hop_id || move_net_at_goal(&run->move))
                return 0;
        for (;;) {
                _cleanup_busy_ struct busy busy = {0};
                if (quiet_look(run->move.engine, run->plan, false, &busy, error) < 0)
                        return -1;
                _cleanup_free_ char *what = busy_text(&busy);
                if (!what || busy.lasting || clock_now_ms() >= deadline_ms)
                        return 0;
                if (run_is_interrupted(run))
                        return error_set(error, ERROR_REFUSED,
                                         "ended while waiting for the host to be quiet: %s", what);
                run->observer->waiting(run->observer->userdata, 0, 0, "the host to be quiet", what);
                clock_sleep_ms(RUN_POLL_MIN_MS);
        }
}

/*
 * The same predicates that a person asks with `headroom check`, until they hold: what the roads have deployed
 * again takes a while to answer, and so may the engine. Sets *ret_whole; with `last` it says why not.
 */
static int verify_once(struct run *run, bool last, bool *ret_whole, struct error *error)
{
        _cleanup_check_points_ struct check_points points = {0};
        _cleanup_error_ struct error told = {0};
        enum check_phase phase;

        *ret_whole = false;
        if (look_at_points(run, &phase, &points, &told) < 0)
                return last || !run_is_silence(told.kind) ? error_move(error, &told) : 0;
        _cleanup_free_ char *failures = check_failures(&points);
        *ret_whole = phase == CHECK_AFTER && !failures;
        if (*ret_whole || last)
                tell_points(run, phase, &points);
        if (*ret_whole || !last)
                return 0;
        return error_set(error, ERROR_FAILED, "the move has not arrived whole: %s",
                         failures ? failures : "it is not over");
}

int run_verify(struct run *run, struct error *error)
{
        int64_t deadline_ms = clock_now_ms() + VERIFY_MS;
        bool whole = false;

        for (;;) {
                if (verify_once(run, clock_now_ms() >= deadline_ms, &whole, error) < 0)
                        return -1;
                if (whole)
                        return 0;
                clock_sleep_ms(VERIFY_POLL_MS);
        }
}

/*
 * What NET and the hop are now. A network that was created a moment ago, by a run that was killed then, tells
 * no subnet yet; which one it is shows when it is allocated, or never.
 */
static int look_at_networks(struct run *run, struct error *error)
{
        int64_t deadline_ms = clock_now_ms() + ALLOCATION_MS;

        for (;;) {
                if (move_look_first(&run->move, error) < 0)
                        return -1;
                if (!run->move.net_id || run->move.net_allocated || clock_now_ms() >= deadline_ms)
                        return 0;
                clock_sleep_ms(RUN_POLL_MIN_MS);
        }
}

/*
 * What was adopted is kept beside the journal, so that the run that goes on after a kill goes on with it, and
 * gives back what it has lent to a service that joined.
 */
static int adopt(struct run *run, struct error *error)
{
        _cleanup_free_ char *path = text_format("%s/" ADOPTED_PLAN_NAME, run->move.folder);

        if (plan_take_adopted(run->move.folder, run->plan, error) < 0)
                return -1;
        buffer_clear(&run->move.seen);
        if (!run->options->adopt)
                return 0;
        if (plan_adopt(&run->move, run->plan, run->observer, error) < 0 ||
            plan_write(run->plan, path, error) < 0)
                return error_while(error, "adopting");
        return 0;
}

/* On another host the move is as good, but not what it was planned with. */
static void tell_elsewhere(struct run *run)
{
        const struct plan *plan = run->plan;
        bool any = plan->pause_units.count || plan->roads.count;

        for (size_t i = 0; i < plan->patches.count; i++)
                any = any || plan->patches.items[i].in_place;
        if (run->move.here || !any)
                return;
        _cleanup_free_ char *text =
                text_format("this was planned on %s, and its units, files and roads are there: here they are "
                            "neither paused nor patched, and nothing is deployed again",
                            plan->host ? plan->host : "another host");
        run->observer->note(run->observer->userdata, text);
}

int run_prepare(struct run *run, struct error *error)
{
        if (look_at_networks(run, error) < 0)
                return -1;
        if (run->move.hop_id && look_at_lock(run, error) < 0)
                return -1;
        run->move.resumes = run->move.hop_id != NULL; /* of this very move: what it has paused is ours */
        if (adopt(run, error) < 0)
                return -1;
        if (wait_for_passing(run, error) < 0 || refuse_moved(run, error) < 0 ||
            move_look_first(&run->move, error) < 0)
                return -1;
        tell_elsewhere(run);
        if (!run->move.hop_id && !move_net_at_goal(&run->move) && keep_originals(run, error) < 0)
                return -1;
        return journal_write(run->journal, error, "%s towards %s by pid %d",
                             run->move.hop_id ? "resumed" : "started", move_wanted_subnet(&run->move),
                             (int)getpid());
}

void run_restore(struct run *run)
{
        run->restoring = true;
        for (size_t i = 0; i < run->steps.items.count; i++) {
                _cleanup_error_ struct error told = {0};
                const struct step *step = &run->steps.items.items[i];
                if ((step->kind != STEP_RESUME_SERVICE && step->kind != STEP_RESUME_UNIT) ||
                    !pause_is_held(&run->move, step))
                        continue;
                if (run_step(run, i, &told) < 0) {
                        journal_write(run->journal, NULL, "not given back: %s", told.sentence);
                        run->observer->note(run->observer->userdata, told.sentence);
                }
        }
}
