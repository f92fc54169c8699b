#include "move/facts.h"

#include "move/look.h"
#include "move/plan_service.h"

#include <stdio.h>

/*
 * Every fact the plan rests on, asked again: the swarm, NET's subnet, the ranges in use, each service's spec,
 * and who else has come to NET. All that moved is named at once, so that the reader sees the whole
 * difference.
 */

struct comparison {
        struct move *move;
        struct plan *plan;
        bool adopt;
        const struct run_observer *observer;
        struct swarm swarm;
        struct buffer moved; /* sentences */
};

static void comparison_done(struct comparison *comparison)
{
        swarm_done(&comparison->swarm);
        buffer_done(&comparison->moved);
}

static void say(struct comparison *c, const char *format, ...) _printf_(2, 3);
static void say(struct comparison *c, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        _cleanup_free_ char *text = text_vformat(format, arguments);
        va_end(arguments);
        if (c->adopt)
                c->observer->note(c->observer->userdata, text);
        else
                buffer_format(&c->moved, "%s%s", c->moved.length ? "; " : "", text);
}

static int compare_swarm(struct comparison *c, struct error *error)
{
        if (!text_equal(c->swarm.cluster_id, c->plan->cluster_id))
                return error_set(error, ERROR_REFUSED,
                                 "the plan is for another swarm (%s, and this one is %s)",
                                 c->plan->cluster_id, c->swarm.cluster_id ? c->swarm.cluster_id : "unknown");
        if (c->move->net == NET_ABSENT && !c->move->hop_id)
                return error_set(error, ERROR_REFUSED,
                                 "there is no network %s, and no hop network of a move of it",
                                 c->plan->network);
        return 0;
}

/* The subnet that is still to be made must be free; adopting can't help against an overlap. */
static int compare_subnet(struct comparison *c, const char *subnet, const char *what, struct error *error)
{
        _cleanup_occupied_ struct occupied occupied = {0};
        struct prefix prefix;

        if (prefix_parse(subnet, &prefix) != PREFIX_FINE)
                return error_set(error, ERROR_REFUSED, "the plan's subnet %s is none", subnet);
        if (occupied_gather(&c->swarm, NULL, 0, c->move->net_id, &occupied, error) < 0)
                return -1;
        const struct occupied_range *range = occupied_find(&occupied, prefix);
        if (range)
                return error_set(error, ERROR_REFUSED,
                                 "%s, planned for %s, is taken since: %s has it; plan again", subnet, what,
                                 range->owner);
        return 0;
}

static int compare_subnets(struct comparison *c, struct error *error)
{
        const struct move *move = c->move;
        const char *goal_subnet = move->goal == GOAL_NEW ? c->plan->new_subnet : c->plan->old_subnet;

        if (!move_net_at_goal(move) && compare_subnet(c, goal_subnet, c->plan->network, error) < 0)
                return -1;
        if (!move->hop_id && !move_net_at_goal(move) &&
            compare_subnet(c, c->plan->hop_subnet, c->plan->hop, error) < 0)
                return -1;
        return 0;
}

static bool is_on_either(const struct move *move, const struct service *service)
{
        return (move->net_id && service_on(service, move->net_id)) ||
               (move->hop_id && service_on(service, move->hop_id));
}

static int compare_service(struct comparison *c, struct plan_service *planned, bool *ret_drop,
                           struct error *error)
{
        const struct service *service = swarm_service_by_id(&c->swarm, planned->id);
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_error_ struct error told = {0};

        *ret_drop = false;
        if (!service || !is_on_either(c->move, service)) {
                say(c, "service %s was %s since", planned->name,
                    service ? "taken off the network" : "removed");
                *ret_drop = true;
                return 0;
        }
        if (look_service(c->move->engine, planned->id, &body, error) < 0)
                return -1;
        if (plan_service_refuse_changed(c->move, planned, &body, &told) == 0)
                return 0;
        if (told.kind != ERROR_CONFLICT)
                return error_move(error, &told);
        say(c, "%s", told.sentence);
        return c->adopt ? plan_service_adopt(c->move, planned, &body, error) : 0;
}

static void drop(struct plan *plan, size_t index)
{
        struct plan_service gone = plan->services.items[index];

        memmove(&plan->services.items[index], &plan->services.items[index + 1],
                (plan->services.count - index - 1) * sizeof(struct plan_service));
        plan->services.count--;
        plan_service_done(&gone);
}

static int compare_services(struct comparison *c, struct error *error)
{
        for (size_t i = 0; i < c->plan->services.count;) {
                bool gone;
                if (compare_service(c, &c->plan->services.items[i], &gone, error) < 0)
                        return -1;
                if (gone && c->adopt)
                        drop(c->plan, i);
                else
                        i++;
        }
        return 0;
}

static bool is_planned(const struct plan *plan, const char *id)
{
        for_each_planned (planned, plan)
                if (text_equal(planned->id, id))
                        return true;
        return false;
}

/* Services that have come to NET since. */
static int compare_newcomers(struct comparison *c, struct error *error)
{
        for_each_service (service, &c->swarm) {
                if (!is_on_either(c->move, service) || is_planned(c->plan, service->id))
                        continue;
                say(c, "service %s joined %s since", service->name, c->plan->network);
                if (c->adopt && plan_service_join(c->move, c->plan, &c->swarm, service, error) < 0)
                        return -1;
        }
        return 0;
}

static int compare_updates(struct comparison *c, struct error *error)
{
        for_each_planned (planned, c->plan) {
                const struct service *service = swarm_service_by_id(&c->swarm, planned->id);
                if (service && text_equal(service->update_state, "updating") && !c->move->hop_id)
                        return error_set(error, ERROR_REFUSED,
                                         "an update of %s is going on; let it finish first", service->name);
        }
        return 0;
}

int facts_compare(struct move *move, struct plan *plan, bool adopt, const struct run_observer *observer,
                  struct error *error)
{
        _cleanup_(comparison_done) struct comparison c = {
                .move = move, .plan = plan, .adopt = adopt, .observer = observer};

        if (survey(move->engine, NULL, &c.swarm, error) < 0 || move_refresh(move, error) < 0)
                return -1;
        if (compare_swarm(&c, error) < 0 || compare_subnets(&c, error) < 0 ||
            compare_services(&c, error) < 0 || compare_newcomers(&c, error) < 0 ||
            compare_updates(&c, error) < 0)
                return -1;
        if (c.moved.length)
                return error_set(error, ERROR_REFUSED,
                                 "the swarm is not as it was when this was planned: %s. Plan again, or run "
                                 "with --adopt",
                                 buffer_text(&c.moved));
        return 0;
}

static int verify_services(struct move *move, struct error *error)
{
        for (size_t i = 0; i < move->plan->services.count; i++) {
                const struct step step = {STEP_SERVICE_TO_NET, i};
                enum level level;
                _cleanup_free_ char *waiting = NULL;
                if (step_look(move, &step, &level, &waiting, error) < 0)
                        return -1;
                if (level != LEVEL_DONE)
                        return error_set(error, ERROR_FAILED, "%s is not settled on %s: waiting for %s",
                                         move->plan->services.items[i].name, move->plan->network,
                                         waiting ? waiting : "its update");
        }
        return 0;
}

int facts_verify(struct move *move, struct error *error)
{
        if (move_refresh(move, error) < 0)
                return -1;
        if (!move_net_at_goal(move) || !move->net_allocated)
                return error_set(error, ERROR_FAILED, "%s is not on its planned subnet", move->plan->network);
        if (move->hop_id)
                return error_set(error, ERROR_FAILED, "%s is still there", move->plan->hop);
        return verify_services(move, error);
}
