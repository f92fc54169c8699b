#include "sim/bench/bench.h"

#include "host/host.h"

#include <unistd.h>

/*
 * The operator: plans, applies, and when a run ends early reads why, mends what is broken, and runs the same
 * command again, with what its sentence asks for. docs/schedules.md says what he does when.
 */

#define PLAN_TRIES     8
#define RUNS_MAX       4    /* after the last thing that went wrong */
#define HASTY_RUNS     2    /* ... between which the operator does not wait until all is at rest */
#define CALLS_MAX      6000 /* ... */
#define BETWEEN_MS     30000
#define PATH_BYTES_MAX 256

struct operator_state {
        struct bench *bench;
        struct buffer plan_json; /* the plan's file */
        char *plan_id;
        enum goal goal;
        bool adopt;
        bool take_over;
        bool busy;      /* he has waited in vain for the host to be quiet */
        bool waited;    /* ... once */
        bool elsewhere; /* taken up on another host */
        bool ended;
};

void outcome_done(struct outcome *outcome)
{
        free(outcome->invariant);
        free(outcome->expected);
        free(outcome->found);
        free(outcome->refusal);
        *outcome = (struct outcome){0};
}

/* What a run tells, for the trace. */

static void tell_waiting(void *userdata, size_t number, size_t total, const char *title,
                         const char *waiting_for)
{
        bench_tell(userdata, "   %zu/%zu %s: waiting for %s", number, total, title,
                   waiting_for ? waiting_for : "it");
}

static void tell_settled(void *userdata, size_t number, size_t total, const char *title, bool acted)
{
        bench_tell(userdata, "   %zu/%zu %s: %s", number, total, title, acted ? "done" : "nothing to do");
}

static void tell_note(void *userdata, const char *text)
{
        bench_tell(userdata, "   %s", text);
}

static bool is_killed(void *userdata)
{
        return ((const struct bench *)userdata)->dead;
}

/* A process that is gone writes nothing more: what it wrote since is taken back. */
static void bury(struct bench *bench)
{
        if (!bench->dead || bench_is_over(bench))
                return;
        bench->dead = false;
        if (bench->journal && bench->journal_bytes >= 0 && truncate(bench->journal, bench->journal_bytes) < 0)
                bench_tell(bench, "the journal could not be cut");
        host_file_bury(bench);
        bench_tell(bench, "headroom was killed");
}

/* Planning */

static int64_t count_spare(const struct bench *bench)
{
        struct sim_pool_state pool = sim_pool_state(bench->sim, schedule_network(bench->schedule));

        return (int64_t)pool.capacity - (int64_t)pool.held;
}

/* What somebody brought while the plan was being made may not have all of its addresses yet. */
static void keep_plan(struct operator_state *o, struct plan *plan)
{
        buffer_clear(&o->plan_json);
        plan_format(plan, false, &o->plan_json);
        free(o->plan_id);
        o->plan_id = text_copy(plan->id);
        watch_plan(o->bench, plan);
        watch_forgive(o->bench);
        o->bench->spare = MIN(o->bench->spare, count_spare(o->bench));
}

/* False when there can't be one. */
static bool make_plan(struct operator_state *o)
{
        struct bench *bench = o->bench;
        const struct plan_wish wish = {.network = schedule_network(bench->schedule),
                                       .length_bits = schedule_size_bits(bench->schedule)};

        for (int tries = 0; tries < PLAN_TRIES && !bench_is_over(bench); tries++) {
                _cleanup_plan_ struct plan plan = {0};
                _cleanup_error_ struct error error = {0};
                bench->read_only = true;
                int result = plan_make(&bench->engine, &wish, &plan, &error);
                bench->read_only = false;
                bool killed = bench->dead;
                bury(bench);
                if (result == 0 && !killed) {
                        bench_tell(bench, "planned: %s to %s", plan.old_subnet, plan.new_subnet);
                        host_file_plan(bench, &plan);
                        keep_plan(o, &plan);
                        free(steal_pointer(bench->outcome.refusal));
                        return true;
                }
                bench_tell(bench, "no plan: %s", killed ? "killed" : error.sentence);
                free(bench->outcome.refusal);
                bench->outcome.refusal = text_copy(killed ? "killed" : error.sentence);
                mishap_mend(bench);
                bench_wait(bench, BETWEEN_MS);
        }
        return false;
}

/* One run */

static char *state_of(const struct operator_state *o)
{
        return text_format("%s%s", o->bench->state, o->elsewhere ? "/elsewhere" : "");
}

/* As it is in its file, or in the hop's label. */
static int read_plan(struct operator_state *o, struct plan *ret_plan, struct error *error)
{
        if (o->elsewhere &&
            plan_recover(&o->bench->engine, schedule_network(o->bench->schedule), ret_plan, NULL) == 0)
                return 0;
        return plan_parse(o->plan_json.bytes, o->plan_json.length, "the plan", ret_plan, error);
}

static int run(struct operator_state *o, struct plan *plan, struct error *error)
{
        struct bench *bench = o->bench;
        _cleanup_free_ char *state = state_of(o);
        const struct run_options options = {.goal = o->goal,
                                            .adopt = o->adopt,
                                            .take_over = o->take_over || o->elsewhere,
                                            .busy = bench->schedule->busy || o->busy,
                                            .state = state,
                                            .log = "/dev/null",
                                            .interrupted = is_killed};
        const struct run_observer observer = {
                .waiting = tell_waiting, .settled = tell_settled, .note = tell_note, .userdata = bench};
        bool changed;

        free(bench->journal);
        bench->journal = text_format("%s/%s/journal", state, o->plan_id);
        bench->outcome.runs++;
        bench->clashes = sim_visitor_clashes(bench->sim);
        bench_tell(bench, "apply%s%s%s%s", o->goal == GOAL_OLD ? " --undo" : "", o->adopt ? " --adopt" : "",
                   o->elsewhere ? " --recover" : "", o->busy ? " --busy" : "");
        if (read_plan(o, plan, error) < 0)
                return -1;
        bench->adopts = o->adopt;
        int result = plan_run(&bench->engine, plan, &options, &observer, &changed, error);
        if (bench->adopts)
                watch_forgive(bench);
        return result;
}

/* After it */

static void turn(struct operator_state *o)
{
        enum course course = o->bench->schedule->course;
        bool disturbed = o->bench->runs_since <= 1;

        if (course == COURSE_RECOVER)
                o->elsewhere = true;
        if (bench_is_full(o->bench))
                o->goal = GOAL_NEW;
        if (bench_is_full(o->bench) || course == COURSE_RECOVER)
                return;
        if (course == COURSE_TURN)
                o->goal = GOAL_OLD;
        if (course == COURSE_WAVER && disturbed)
                o->goal = o->goal == GOAL_NEW ? GOAL_OLD : GOAL_NEW;
}

/* "`docker service update --force NAME`": of tasks that have ended for good. */
static void force_as_told(struct bench *bench, const char *sentence)
{
        static const char command[] = "`docker service update --force ";
        const char *at = strstr(sentence, command);

        if (!at)
                return;
        at += strlen(command);
        _cleanup_free_ char *service = text_copy_n(at, strcspn(at, "`"));
        mishap_force(bench, service);
}

/* "the host is at work: a task of x is starting", or the same as a point of the plan that does not hold. */
static bool is_at_work(const char *sentence)
{
        return strstr(sentence, "the host is at work: ") || strstr(sentence, ": the host ");
}

/* Where a while has not helped, or the host is at work, until nothing happens any more; that once. */
static void wait_for_rest(struct operator_state *o, bool at_work)
{
        struct bench *bench = o->bench;
        int64_t end_ms = sim_now_ms(bench->sim) + BENCH_REST_MAX_MS;

        if (at_work ? !o->waited : bench->runs_since > HASTY_RUNS)
                while (bench_go_on(bench, end_ms))
                        ;
        o->busy = at_work && o->waited;
        o->waited = o->waited || at_work;
}

static void think(struct operator_state *o, const struct plan *plan, const char *sentence)
{
        struct bench *bench = o->bench;

        if (host_file_mend(bench, plan, o->goal, sentence))
                return;
        force_as_told(bench, sentence);
        o->adopt = strstr(sentence, "--adopt") != NULL;
        o->take_over = strstr(sentence, "--recover") != NULL;
        if (!mishap_mend(bench) && !o->adopt && strstr(sentence, "plan again") && bench->runs_since > 1 &&
            o->goal == GOAL_NEW)
                make_plan(o);
        turn(o);
        wait_for_rest(o, is_at_work(sentence));
        bench_wait(bench, BETWEEN_MS);
}

/* What somebody changes in a full network hangs, and no move of it begins. */
static bool is_rightly_refused(struct bench *bench)
{
        _cleanup_free_ char *hop = text_format("headroom-hop-%s", schedule_network(bench->schedule));

        return bench_is_full(bench) && bench->disturbed && !sim_pool_state(bench->sim, hop).capacity;
}

/* Nothing has gone wrong that headroom could have met with, and nothing goes on that it has to wait for. */
static bool is_to_end_at_once(const struct bench *bench, const char *sentence)
{
        return bench_is_undisturbed(bench) && !bench_is_full(bench) &&
               (!is_at_work(sentence) || bench_is_at_rest(bench));
}

static void judge_failure(struct operator_state *o, const char *sentence)
{
        struct bench *bench = o->bench;

        bench->runs_since++;
        bench_tell(bench, "ended early: %s", sentence);
        if (is_to_end_at_once(bench, sentence))
                bench_fault(bench, "what nobody disturbs ends at once", text_copy("one run"),
                            text_copy(sentence));
        else if (is_rightly_refused(bench))
                o->ended = bench->runs_since > RUNS_MAX;
        else if (bench->runs_since > RUNS_MAX)
                bench_fault(bench, "it ends",
                            text_format("in %d runs after the last thing that went wrong", RUNS_MAX),
                            text_copy(sentence));
        else if (bench->calls_since > CALLS_MAX)
                bench_fault(bench, "it ends",
                            text_format("in %d calls after the last thing that went wrong", CALLS_MAX),
                            text_copy(sentence));
}

static void judge_success(struct operator_state *o, const struct plan *plan)
{
        struct bench *bench = o->bench;

        bench_tell(bench, "done");
        verdict_look(bench, plan, o->goal);
        o->ended = bench->schedule->course != COURSE_UNDO || o->goal == GOAL_OLD || bench_is_full(bench);
        o->goal = GOAL_OLD;
        bench->runs_since = bench->calls_since = 0;
}

static void run_once(struct operator_state *o)
{
        struct bench *bench = o->bench;
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_error_ struct error error = {0};
        int result = run(o, &plan, &error);
        bool killed = bench->dead;

        bury(bench);
        if (bench_is_over(bench))
                return;
        if (result == 0 && !killed) {
                judge_success(o, &plan);
                return;
        }
        const char *sentence = killed ? "killed" : error.sentence;
        judge_failure(o, sentence);
        if (!bench_is_over(bench) && !o->ended)
                think(o, &plan, sentence);
}

static void outcome_of_no_swarm(const char *why, struct outcome *ret_outcome)
{
        *ret_outcome = (struct outcome){0};
        ret_outcome->invariant = text_copy("the swarm can be made");
        ret_outcome->expected = text_copy("it");
        ret_outcome->found = text_copy(why);
}

void bench_run(const struct schedule *schedule, const char *state, FILE *trace, struct call_list *calls,
               struct outcome *ret_outcome)
{
        static const struct host nowhere = {.name = "nowhere"};
        _cleanup_error_ struct error error = {0};
        struct bench bench;
        struct operator_state o = {.bench = &bench, .goal = GOAL_NEW};

        if (bench_open(&bench, schedule, state, trace, &error) < 0) {
                outcome_of_no_swarm(error.sentence, ret_outcome);
                return;
        }
        bench.list = calls;
        clock_use(&bench.clock);
        random_use(&bench.random);
        host_use(&nowhere);
        watch_begin(&bench);
        bench.spare = count_spare(&bench);
        host_file_open(&bench);
        if (make_plan(&o))
                while (!o.ended && !bench_is_over(&bench))
                        run_once(&o);
        bench.outcome.calls = bench.calls;
        for (size_t i = 0; i < bench.struck.count; i++)
                bench.outcome.idle_faults += !bench.struck.items[i];
        bench.outcome.took_ms = sim_now_ms(bench.sim);
        *ret_outcome = bench.outcome;
        clock_use(NULL);
        random_use(NULL);
        host_use(NULL);
        free(o.plan_id);
        buffer_done(&o.plan_json);
        bench_close(&bench);
}
