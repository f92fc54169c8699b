#include "move/run_inside.h"

#include "base/clock.h"
#include "host/host.h"
#include "move/look.h"
#include "move/quiet.h"

/*
 * The loop of a run. For every step: look; done is done; to do is journalled, acted on and looked at again;
 * what is being waited for is polled until it has settled or the step's bound runs out. Nothing here knows
 * what a step does. The polls come further apart the longer they take, so that a large swarm is not kept busy
 * by being asked.
 */

#define POLL_MAX_MS    5000
#define POLL_PER_LOOK  4 /* at least this many times as long as a look took lies between two looks */
#define AGAIN_AFTER_MS 500
#define RETRIES_MAX    10 /* how often a step that may not act twice is looked at anew after its act failed */
#define PATIENCE_MS    60000 /* how long an engine may not answer, as while it restarts or has no leader */

static void run_done(struct run *run)
{
        move_done(&run->move);
        steps_done(&run->steps);
        journal_close(run->journal);
}

/* Where one step stands between two looks. */
struct progress {
        const struct step *step;
        size_t number;
        char *title;
        int64_t deadline_ms;
        int64_t acted_ms; /* -1: not yet */
        int64_t look_ms;  /* how long the last look took */
        int retries;
        int64_t busy_since_ms;   /* when the host was first found at work; -1: it is quiet */
        int64_t silent_since_ms; /* when the engine was first found not to answer; -1: it answers */
        struct error last;       /* why acting failed, where it may be tried again */
};

static void progress_done(struct progress *progress)
{
        free(progress->title);
        error_done(&progress->last);
}

/*
 * Whether a failed act is no verdict: a version that moved under our feet, a name that is still taken, or no
 * answer at all. The next look tells whether it was carried out.
 */
static bool is_worth_a_look(struct progress *p, const struct error *told)
{
        if (step_may_act_again(p->step))
                return run_is_silence(told->kind) || told->kind == ERROR_CONFLICT ||
                       told->kind == ERROR_ENGINE || told->kind == ERROR_NOT_FOUND;
        return (run_is_silence(told->kind) || told->kind == ERROR_CONFLICT) && ++p->retries <= RETRIES_MAX;
}

/* What was paused is given back also where nothing can be written down any more. */
static int record(struct run *run, const struct progress *p, const char *what, struct error *error)
{
        _cleanup_error_ struct error told = {0};

        if (journal_write(run->journal, &told, "%s %s: %s", step_name(p->step->kind), p->title, what) == 0 ||
            run->restoring)
                return 0;
        return error_move(error, &told);
}

static int act(struct run *run, struct progress *p, struct error *error)
{
        _cleanup_error_ struct error told = {0};

        if (record(run, p, "begin", error) < 0)
                return -1;
        run->changed = true;
        p->acted_ms = clock_now_ms();
        if (step_act(&run->move, p->step, &told) == 0) {
                error_done(&p->last);
                return 0;
        }
        if (!is_worth_a_look(p, &told))
                return error_move(error, &told);
        if (!step_may_act_again(p->step))
                p->acted_ms = -1;
        error_move(&p->last, &told);
        return 0;
}

static int refuse_unsettled(const struct progress *p, const char *waiting, struct error *error)
{
        /* A failed act says more than its wait. */
        if (p->last.sentence || !waiting)
                return error_set(error, ERROR_TIMEOUT, "\"%s\" has not settled in time%s%s", p->title,
                                 p->last.sentence ? ": " : "", p->last.sentence ? p->last.sentence : "");
        return error_set(error, ERROR_TIMEOUT, "\"%s\" has not settled in time: still waiting for %s",
                         p->title, waiting);
}

/* A look that bears with an engine or a systemd that does not answer, for PATIENCE_MS. */
static int look(struct run *run, struct progress *p, enum level *ret_level, char **ret_waiting,
                struct error *error)
{
        _cleanup_error_ struct error told = {0};
        int64_t before_ms = clock_now_ms();

        if (step_look(&run->move, p->step, ret_level, ret_waiting, &told) == 0) {
                p->look_ms = clock_now_ms() - before_ms;
                p->silent_since_ms = -1;
                return 0;
        }
        if (p->silent_since_ms < 0)
                p->silent_since_ms = before_ms;
        if (!run_is_silence(told.kind) || clock_now_ms() - p->silent_since_ms > PATIENCE_MS)
                return error_move(error, &told);
        free(*ret_waiting);
        *ret_waiting = text_format("an answer: %s", told.sentence);
        *ret_level = LEVEL_WAIT;
        return 0;
}

/*
 * A host at work is waited for before something is taken out of reach, for as long as the plan says; the
 * bound of the step does not run meanwhile. *ret_waiting (owned by the caller) says what for; NULL: go on.
 */
static int wait_for_quiet(struct run *run, struct progress *p, char **ret_waiting, struct error *error)
{
        _cleanup_busy_ struct busy busy = {0};
        _cleanup_error_ struct error told = {0};
        int64_t now_ms = clock_now_ms();

        *ret_waiting = NULL;
        if (run->options->busy || p->acted_ms >= 0 || !step_disrupts(p->step))
                return 0;
        if (quiet_look(run->move.engine, run->plan, run->move.here, &busy, &told) < 0) {
                if (!run_is_silence(told.kind))
                        return error_move(error, &told);
                *ret_waiting = text_format("an answer: %s", told.sentence); /* within the step's bound */
                return 0;
        }
        _cleanup_free_ char *what = busy_text(&busy);
        if (!what)
                return 0;
        if (p->busy_since_ms < 0)
                p->busy_since_ms = now_ms;
        p->deadline_ms = now_ms + step_bound_ms(&run->move, p->step);
        *ret_waiting = text_format("the host to be quiet: %s", what);
        if (now_ms - p->busy_since_ms <= (int64_t)run->plan->quiet_wait_s * 1000)
                return 0;
        return error_set(
                error, ERROR_REFUSED,
                "the host is at work: %s. The same command goes on when that has ended, and with --busy "
                "it goes on at once",
                what);
}

static int settle(struct run *run, size_t index, bool again, struct error *error);

/* Before a step acts first; what it needs needs nothing itself. */
static int settle_needed(struct run *run, size_t index, struct error *error)
{
        for (size_t i = 0; i < index; i++)
                if (steps_need(&run->steps, index, i) && settle(run, i, true, error) < 0)
                        return -1;
        return 0;
}

/* What a look has found is to be done: once, or again where that may help, and not while the host is at work.
 */
static int act_when_due(struct run *run, struct progress *p, char **waiting, struct error *error)
{
        _cleanup_free_ char *quiet = NULL;

        if (p->acted_ms >= 0 && clock_now_ms() - p->acted_ms < AGAIN_AFTER_MS)
                return 0;
        if (wait_for_quiet(run, p, &quiet, error) < 0)
                return -1;
        if (quiet) {
                free(*waiting);
                *waiting = steal_pointer(quiet);
                return 0;
        }
        if (p->acted_ms < 0 && settle_needed(run, p->number - 1, error) < 0)
                return -1;
        return act(run, p, error);
}

/* One look, and the act it calls for. */
static int advance(struct run *run, struct progress *p, enum level *ret_level, struct error *error)
{
        _cleanup_free_ char *waiting = NULL;

        if (look(run, p, ret_level, &waiting, error) < 0)
                return -1;
        if (*ret_level == LEVEL_DONE)
                return 0;
        if (*ret_level == LEVEL_WAIT)
                error_done(&p->last); /* the act was carried out after all */
        if (clock_now_ms() > p->deadline_ms)
                return refuse_unsettled(p, waiting, error);
        if (*ret_level == LEVEL_TODO && p->acted_ms >= 0 && !step_may_act_again(p->step))
                return error_set(error, ERROR_FAILED, "\"%s\" did not take effect%s%s", p->title,
                                 waiting ? ": " : "", waiting ? waiting : "");
        if (*ret_level == LEVEL_TODO && act_when_due(run, p, &waiting, error) < 0)
                return -1;
        run->observer->waiting(run->observer->userdata, p->number, run->steps.items.count, p->title, waiting);
        return 0;
}

bool run_is_interrupted(const struct run *run)
{
        const struct run_options *options = run->options;

        return !run->restoring && options->interrupted && options->interrupted(run->observer->userdata);
}

/* Until it has settled. `again`: it had, and it is told only if there is more to do. */
static int settle(struct run *run, size_t index, bool again, struct error *error)
{
        const struct step *step = &run->steps.items.items[index];
        _cleanup_(progress_done) struct progress p = {
                .step = step,
                .number = index + 1,
                .title = step_title(step, run->plan),
                .deadline_ms = clock_now_ms() + step_bound_ms(&run->move, step),
                .acted_ms = -1,
                .busy_since_ms = -1,
                .silent_since_ms = -1,
        };
        enum level level;

        for (;;) {
                if (advance(run, &p, &level, error) < 0)
                        return error_while(error, "step %zu of %zu", p.number, run->steps.items.count);
                if (level == LEVEL_DONE)
                        break;
                if (run_is_interrupted(run))
                        return error_set(error, ERROR_FAILED, "interrupted while \"%s\" goes on", p.title);
                clock_sleep_ms(MIN(POLL_MAX_MS, MAX(RUN_POLL_MIN_MS, POLL_PER_LOOK * p.look_ms)));
        }
        if (p.acted_ms >= 0 && record(run, &p, "done", error) < 0)
                return -1;
        if (p.acted_ms >= 0 || !again)
                run->observer->settled(run->observer->userdata, p.number, run->steps.items.count, p.title,
                                       p.acted_ms >= 0);
        return 0;
}

int run_step(struct run *run, size_t index, struct error *error)
{
        return settle(run, index, false, error);
}

static int run_steps(struct run *run, struct error *error)
{
        for (size_t i = 0; i < run->steps.items.count; i++)
                if (run_step(run, i, error) < 0)
                        return -1;
        return 0;
}

/* All that happens with the lock held. */
static int run_locked(struct run *run, struct error *error)
{
        int result = run_prepare(run, error);

        steps_of(run->plan, run->options->goal, &run->steps);
        if (result < 0 || run_steps(run, error) < 0) {
                journal_write(run->journal, NULL, "stopped: %s", error->sentence);
                run_restore(run);
                return -1;
        }
        if (run_verify(run, error) < 0)
                return error_while(error, "verifying the result");
        return journal_write(run->journal, error, "finished: %s has %s", run->plan->network,
                             move_wanted_subnet(&run->move));
}

int plan_run(struct engine *engine, struct plan *plan, const struct run_options *options,
             const struct run_observer *observer, bool *ret_changed, struct error *error)
{
        _cleanup_(run_done) struct run run = {
                .move = {.engine = engine,
                         .plan = plan,
                         .goal = options->goal,
                         .take_over = options->take_over,
                         .places = options->places,
                         .unfinished = options->unfinished,
                         .units = options->units,
                         .units_borrowed = options->units != NULL,
                         .host = host_name()},
                .plan = plan,
                .options = options,
                .observer = observer,
        };
        _cleanup_error_ struct error unheard = {0};

        if (!error)
                error = &unheard; /* the journal wants to know */
        *ret_changed = false;
        run.move.here = text_equal(run.move.host, plan->host);
        if (journal_open(options->state, plan->id, &run.journal, error) < 0)
                return -1;
        run.move.folder = journal_folder(run.journal);
        int result = run_locked(&run, error);
        *ret_changed = run.changed;
        return result;
}

char *recover_command(const char *places, bool undo, const char *network)
{
        _cleanup_free_ char *word = text_shell_word(network);

        return text_format("headroom apply %s%s--recover %s", places ? places : "", undo ? "--undo " : "",
                           word);
}

int plan_recover(struct engine *engine, const char *network, struct plan *ret_plan, struct error *error)
{
        _cleanup_swarm_ struct swarm swarm = {0};

        if (survey(engine, NULL, &swarm, error) < 0)
                return -1;
        for_each_network (candidate, &swarm) {
                const char *of = label_value(candidate->labels.items, candidate->labels.count, LABEL_NET);
                const char *json = label_value(candidate->labels.items, candidate->labels.count, LABEL_PLAN);
                if (text_equal(of, network) && json)
                        return plan_parse(json, strlen(json), candidate->name, ret_plan, error);
        }
        return error_set(error, ERROR_NOT_FOUND, "no unfinished move of %s is left in this swarm", network);
}
