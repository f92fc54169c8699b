#include "sim/forecast/course.h"

#include "base/random.h"
#include "sim/forecast/quantity.h"
#include "sim/forecast/stack.h"
#include "sim/queue.h"

#include <math.h>

#define GOLDEN 0x9e3779b97f4a7c15 /* neighbouring seeds begin far from each other */

/*
 * What clients and people do stands in an agenda of its own, beside the swarm's. The swarm is let run up to
 * the time of each entry, then that is done, which puts the next one in. After each the pools are looked at;
 * the swarm itself notes the moment of the first refusal.
 */

enum deed {
        DEPLOY,   /* of the shape whose index the object is */
        REDEPLOY, /* these three of the live stack that the object is */
        REMOVE,
        REMOVE_NETWORKS,
        LEADER_CHANGE, /* these four of the swarm; the stamp says which of the two leader changes */
        ENGINE_RESTART,
        NODE_DOWN,
        NODE_UP,
};

/* A place for a live stack. The generation is odd while it is taken: old entries are recognised. */
struct place {
        struct stack stack;
        uint32_t generation;
};

struct progress {
        const struct course_settings *settings;
        struct sim *sim;
        struct random_stream random;
        struct sim_queue agenda;
        LIST(struct place) places;
        LIST(uint32_t) unused;
        uint64_t number;
        int64_t start_ms;
        size_t open; /* pools that have not refused */
        struct course course;
};

static void progress_done(struct progress *progress)
{
        sim_queue_done(&progress->agenda);
        free(progress->places.items);
        free(progress->unused.items);
        sim_free(progress->sim);
}

/* Times */

static double random_share(struct random_stream *random) /* above 0, at most 1 */
{
        return ((double)(random_next(random) >> 11) + 1) / (double)(1ULL << 53);
}

static void enter(struct progress *progress, int64_t delay_ms, enum deed deed, struct sim_ref object,
                  uint32_t stamp)
{
        sim_queue_add(&progress->agenda, sim_now_ms(progress->sim) + delay_ms, (int)deed, object, stamp);
}

/* The time to the next of things that come so often: at random times, memoryless, or at equal distances. */
static int64_t gap_ms(struct progress *progress, double a_day, bool evenly)
{
        double mean_ms = (double)QUANTITY_DAY_MS / a_day;

        return (int64_t)(evenly ? mean_ms : -log(random_share(&progress->random)) * mean_ms);
}

static int64_t between(struct progress *progress, int64_t min, int64_t max)
{
        return min + (int64_t)random_below(&progress->random, (uint64_t)(max - min) + 1);
}

/* Stacks */

static struct sim_ref take_place(struct progress *progress, const struct workload_stack *shape)
{
        uint32_t index;

        if (progress->unused.count) {
                index = progress->unused.items[--progress->unused.count];
        } else {
                index = (uint32_t)progress->places.count;
                list_add(&progress->places);
        }
        struct place *place = &progress->places.items[index];
        place->generation++;
        place->stack = (struct stack){
                .workload = progress->settings->workload, .shape = shape, .number = ++progress->number};
        return (struct sim_ref){index, place->generation};
}

static struct stack *stack_at(struct progress *progress, struct sim_ref ref)
{
        struct place *place = &progress->places.items[ref.index];

        return place->generation == ref.generation ? &place->stack : NULL;
}

static void leave_place(struct progress *progress, struct sim_ref ref)
{
        progress->places.items[ref.index].generation++;
        *list_add(&progress->unused) = ref.index;
}

static void plan_redeploy(struct progress *progress, struct sim_ref ref, const struct workload_stack *shape)
{
        if (shape->redeploys_a_day > 0)
                enter(progress, gap_ms(progress, shape->redeploys_a_day, shape->evenly), REDEPLOY, ref, 0);
}

static void plan_deploy(struct progress *progress, uint32_t index)
{
        const struct workload_stack *shape = &progress->settings->workload->stacks.items[index];

        enter(progress, gap_ms(progress, shape->deploys_a_day, shape->evenly), DEPLOY,
              (struct sim_ref){index, 0}, 0);
}

static void deploy(struct progress *progress, uint32_t index)
{
        const struct workload_stack *shape = &progress->settings->workload->stacks.items[index];
        struct sim_ref ref = take_place(progress, shape);

        plan_deploy(progress, index);
        progress->course.deploys++;
        progress->course.refused += stack_deploy(progress->sim, stack_at(progress, ref));
        plan_redeploy(progress, ref, shape);
        if (shape->removal != REMOVED_NEVER)
                enter(progress, between(progress, shape->lives_min_ms, shape->lives_max_ms), REMOVE, ref, 0);
}

static void remove_networks(struct progress *progress, struct sim_ref ref, struct stack *stack)
{
        enum workload_removal removal = stack->shape->removal;
        int64_t wait_ms;
        size_t refused;

        if (progress->settings->held && removal == REMOVED_STACK_RM)
                removal = REMOVED_GATE;
        bool done = stack_remove_networks(progress->sim, stack, removal, &wait_ms, &refused);
        progress->course.refused += refused;
        if (done)
                leave_place(progress, ref);
        else
                enter(progress, wait_ms, REMOVE_NETWORKS, ref, 0);
}

static void redeploy(struct progress *progress, struct sim_ref ref, struct stack *stack)
{
        progress->course.refused += stack_redeploy(progress->sim, stack);
        plan_redeploy(progress, ref, stack->shape);
}

/* From here on it is on its way out: entries made before are of the past. */
static void begin_removal(struct progress *progress, struct sim_ref ref, struct stack *stack)
{
        progress->course.removals++;
        progress->course.refused += stack_remove_services(progress->sim, stack);
        progress->places.items[ref.index].generation += 2;
        ref.generation += 2;
        remove_networks(progress, ref, stack);
}

static void do_stack(struct progress *progress, const struct sim_event *event)
{
        struct stack *stack = stack_at(progress, event->object);

        if (!stack)
                return;
        if (event->kind == REDEPLOY)
                redeploy(progress, event->object, stack);
        else if (event->kind == REMOVE)
                begin_removal(progress, event->object, stack);
        else
                remove_networks(progress, event->object, stack);
}

/* The swarm */

static size_t some_node(struct progress *progress)
{
        return random_below(&progress->random, ground_nodes(progress->settings->ground->swarm));
}

static void plan(struct progress *progress, double a_day, enum deed deed)
{
        if (a_day > 0)
                enter(progress, gap_ms(progress, a_day, false), deed, (struct sim_ref){0}, 0);
}

static void node_down(struct progress *progress)
{
        uint32_t node = (uint32_t)some_node(progress);

        sim_node_down(progress->sim, node, true);
        enter(progress, progress->settings->workload->node_restart_ms, NODE_UP, (struct sim_ref){node, 0}, 0);
}

#define OF_ITSELF 1 /* the stamp of leader changes that come every so many days */

static void do_swarm(struct progress *progress, const struct sim_event *event)
{
        const struct workload *workload = progress->settings->workload;

        switch ((enum deed)event->kind) {
        case LEADER_CHANGE:
                sim_leader_change(progress->sim);
                if (event->stamp == OF_ITSELF)
                        enter(progress, progress->settings->rotate_ms, LEADER_CHANGE, event->object,
                              OF_ITSELF);
                else
                        plan(progress, workload->leader_changes_a_day, LEADER_CHANGE);
                return;
        case ENGINE_RESTART:
                sim_engine_restart(progress->sim, some_node(progress));
                plan(progress, workload->engine_restarts_a_day, ENGINE_RESTART);
                return;
        case NODE_DOWN:
                node_down(progress);
                plan(progress, workload->node_restarts_a_day, NODE_DOWN);
                return;
        default:
                sim_node_down(progress->sim, event->object.index, false);
        }
}

static void do_event(struct progress *progress, const struct sim_event *event)
{
        if (event->kind == DEPLOY)
                deploy(progress, event->object.index);
        else if (event->kind <= REMOVE_NETWORKS)
                do_stack(progress, event);
        else
                do_swarm(progress, event);
}

/* Pools */

static const char *pool_name(const struct progress *progress, size_t pool)
{
        return progress->settings->ground->pools.items[pool].account->network->name;
}

static void note(struct progress *progress, struct course_pool *pool, const struct sim_pool_state *state)
{
        pool->capacity = state->capacity;
        pool->held_most = state->held_most;
        pool->leaked = state->leaked_ever;
        pool->watched_ms = sim_now_ms(progress->sim) - progress->start_ms;
        if (!state->refused_ms)
                return;
        pool->full_ms = MAX(state->refused_ms - progress->start_ms, 0);
        pool->watched_ms = pool->full_ms;
        progress->open--;
}

/* One that is full must not keep the others from being used: it begins anew, as often as it has to. */
static void relieve(struct progress *progress, size_t pool)
{
        sim_leak_clear(progress->sim, pool_name(progress, pool));
        sim_pool_watch(progress->sim, pool_name(progress, pool));
}

static void look(struct progress *progress, bool last)
{
        for (size_t i = 0; i < progress->settings->ground->pools.count; i++) {
                struct course_pool *pool = &progress->course.pools[i];
                struct sim_pool_state state = sim_pool_state(progress->sim, pool_name(progress, i));
                if (pool->full_ms < 0 && (state.refused_ms || last))
                        note(progress, pool, &state);
                if (state.refused_ms)
                        relieve(progress, i);
        }
}

static void begin(struct progress *progress)
{
        const struct workload *workload = progress->settings->workload;

        progress->start_ms = sim_now_ms(progress->sim);
        progress->open = progress->settings->ground->pools.count;
        for (size_t i = 0; i < progress->open; i++)
                progress->course.pools[i].full_ms = -1;
        stack_models(progress->sim, workload);
        for (uint32_t i = 0; i < workload->stacks.count; i++)
                plan_deploy(progress, i);
        plan(progress, workload->leader_changes_a_day, LEADER_CHANGE);
        plan(progress, workload->engine_restarts_a_day, ENGINE_RESTART);
        plan(progress, workload->node_restarts_a_day, NODE_DOWN);
        if (progress->settings->rotate_ms)
                enter(progress, progress->settings->rotate_ms, LEADER_CHANGE, (struct sim_ref){0}, OF_ITSELF);
}

int course_run(const struct course_settings *settings, uint64_t seed, struct course *ret_course,
               struct error *error)
{
        _cleanup_(progress_done) struct progress progress = {.settings = settings,
                                                             .random = {(seed * GOLDEN) | 1}};
        struct sim_event event;

        if (ground_open(settings->ground, seed, &progress.sim, error) < 0)
                return -1;
        begin(&progress);
        int64_t end_ms = progress.start_ms + settings->duration_ms;
        while (progress.open && sim_queue_next(&progress.agenda, end_ms, &event)) {
                sim_run_until(progress.sim, event.time_ms);
                do_event(&progress, &event);
                look(&progress, false);
        }
        if (progress.open)
                sim_run_until(progress.sim, end_ms);
        look(&progress, true);
        *ret_course = progress.course;
        return 0;
}
