#include "move/check_inside.h"

#include "host/host.h"
#include "move/look.h"

/*
 * Each predicate is a function that adds one point or several; one table says in which phases it is asked. A
 * predicate that can't be asked at all (the engine does not answer) is an error, not a failed point.
 */

void check_points_done(struct check_points *points)
{
        for (size_t i = 0; i < points->items.count; i++) {
                free(points->items.items[i].subject);
                free(points->items.items[i].claim);
                free(points->items.items[i].found);
        }
        free(points->items.items);
        *points = (struct check_points){0};
}

static void checking_done(struct checking *c)
{
        accounts_done(&c->accounts);
        swarm_done(&c->swarm);
        move_done(&c->move);
        free(c->folder);
        check_points_done(&c->points);
}

void check_add(struct checking *c, enum check_result result, char *subject, char *claim, char *found)
{
        *list_add(&c->points.items) = (struct check_point){result, subject, claim, found, false};
}

#define PHASE(phase) (1U << (phase))
#define ALWAYS       (PHASE(CHECK_BEFORE) | PHASE(CHECK_DURING) | PHASE(CHECK_AFTER))

static const struct predicate {
        int (*check)(struct checking *c, struct error *error);
        unsigned phases;
} predicates[] = {
        {check_swarm, ALWAYS},
        {check_network, ALWAYS},
        {check_hop, PHASE(CHECK_DURING)},
        {check_subnets, PHASE(CHECK_BEFORE) | PHASE(CHECK_DURING)},
        {check_nodes, PHASE(CHECK_BEFORE)},
        {check_order, PHASE(CHECK_BEFORE)},
        {check_specs, PHASE(CHECK_BEFORE) | PHASE(CHECK_DURING)},
        {check_newcomers, PHASE(CHECK_BEFORE) | PHASE(CHECK_DURING)},
        {check_containers, PHASE(CHECK_BEFORE) | PHASE(CHECK_DURING)},
        {check_bystanders, ALWAYS},
        {check_updates, PHASE(CHECK_BEFORE)},
        {check_running, PHASE(CHECK_BEFORE)},
        {check_room, PHASE(CHECK_BEFORE)},
        {check_settled, PHASE(CHECK_AFTER)},
        {check_patches, ALWAYS},
        {check_roads, PHASE(CHECK_BEFORE) | PHASE(CHECK_DURING)},
        {check_pauses, PHASE(CHECK_BEFORE)},
        {check_quiet, PHASE(CHECK_BEFORE)},
        {check_roads_gone, PHASE(CHECK_AFTER)},
        {check_given_back, PHASE(CHECK_AFTER)},
        {check_pages, PHASE(CHECK_BEFORE) | PHASE(CHECK_AFTER)},
        {check_log, PHASE(CHECK_AFTER)},
        {check_left_over, PHASE(CHECK_AFTER)},
};

static enum check_phase phase_of(const struct move *move)
{
        if (move->hop_id)
                return CHECK_DURING;
        return move_net_at_goal(move) ? CHECK_AFTER : CHECK_BEFORE;
}

/* What a run would know of this host. */
static void look_around(struct checking *c)
{
        const char *state = c->options->state;

        c->move.host = host_name();
        c->move.here = text_equal(c->move.host, c->plan->host);
        c->folder = state ? text_format("%s/%s", state, c->plan->id) : NULL;
        c->move.folder = c->folder;
        c->move.units = c->options->units;
        c->move.units_borrowed = c->options->units != NULL;
}

int check_plan(struct engine *engine, const struct plan *plan, const struct check_options *options,
               enum check_phase *ret_phase, struct check_points *ret_points, struct error *error)
{
        _cleanup_(checking_done) struct checking c = {.options = options,
                                                      .plan = plan,
                                                      .move = {.engine = engine,
                                                               .plan = plan,
                                                               .goal = options->goal,
                                                               .take_over = options->take_over,
                                                               .places = options->places}};

        look_around(&c);
        if (survey(engine, NULL, &c.swarm, error) < 0 || move_look_first(&c.move, error) < 0)
                return -1;
        accounts_of(&c.swarm, NULL, &c.accounts);
        c.phase = phase_of(&c.move);
        for (size_t i = 0; i < ELEMENTS(predicates); i++)
                if (predicates[i].phases & PHASE(c.phase) && predicates[i].check(&c, error) < 0)
                        return -1;
        *ret_phase = c.phase;
        *ret_points = c.points;
        c.points = (struct check_points){0};
        return 0;
}

bool check_passed(const struct check_points *points)
{
        for (size_t i = 0; i < points->items.count; i++)
                if (points->items.items[i].result == CHECK_FAIL)
                        return false;
        return true;
}

char *check_failures(const struct check_points *points)
{
        struct buffer out = {0};

        for (size_t i = 0; i < points->items.count; i++)
                if (points->items.items[i].result == CHECK_FAIL)
                        buffer_format(&out, "%s%s %s", out.length ? "; " : "", points->items.items[i].subject,
                                      points->items.items[i].found);
        return out.length ? buffer_steal(&out) : NULL;
}

bool check_is_adoptable(const struct check_points *points)
{
        for (size_t i = 0; i < points->items.count; i++)
                if (points->items.items[i].result == CHECK_FAIL && !points->items.items[i].adoptable)
                        return false;
        return true;
}

const char *check_result_name(enum check_result result)
{
        static const char *const names[] = {
                [CHECK_PASS] = "pass", [CHECK_UNKNOWN] = "unknown", [CHECK_FAIL] = "FAIL"};

        return names[result];
}
