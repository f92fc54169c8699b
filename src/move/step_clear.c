#include "move/anchor.h"
#include "move/held.h"
#include "move/move.h"

/*
 * What headroom itself has on a network: the anchor, and live connections of the edge. They are taken off one
 * that is to go, live connections first: without the anchor the network is not live on this node any more,
 * and a connection that is left then blocks the network's name. And they are given back, one by one and no
 * more than needed, when an edge returns to a network that has no address to spare for it.
 */

enum hanger {
        HANGER_NONE, /* in the order in which they stay */
        HANGER_ANCHOR,
        HANGER_LIVE,
        HANGER_STRANGER, /* a container that nobody planned */
};

static const struct task *task_of_container(const struct swarm *swarm, const char *container_id)
{
        for_each_task (task, swarm)
                if (text_equal(task->container_id, container_id))
                        return task;
        return NULL;
}

static enum hanger judge(const struct swarm *swarm, const struct network *network,
                         const struct endpoint *endpoint)
{
        const struct task *task = task_of_container(swarm, endpoint->container_id);

        if (text_starts_with(endpoint->container_id, "lb-") || endpoint_is_unborn(endpoint))
                return HANGER_NONE;
        if (text_starts_with(endpoint->name, ANCHOR_PREFIX))
                return HANGER_ANCHOR;
        if (!task)
                return HANGER_STRANGER;
        return task_on(task, network->id) ? HANGER_NONE : HANGER_LIVE;
}

static int take_off(struct move *move, const char *network_id, enum hanger hanger,
                    const struct endpoint *endpoint, struct error *error)
{
        switch (hanger) {
        case HANGER_ANCHOR:
                return container_remove(move->engine, endpoint->container_id, error);
        case HANGER_LIVE:
                return network_disconnect(move->engine, network_id, endpoint->container_id, error);
        default:
                return 0;
        }
}

/* Off a network that is to go */

static const char *clearing_id(const struct move *move, const struct step *step)
{
        if (step->kind == STEP_CLEAR_NET || step->kind == STEP_DRAIN_NET)
                return move_leaving(move) ? move->net_id : NULL;
        return move_net_at_goal(move) ? move->hop_id : NULL;
}

/* The one that goes next, of those up to `last`. */
static enum hanger find_hanger(const struct swarm *swarm, const char *id, enum hanger last,
                               const struct endpoint **ret_endpoint)
{
        const struct network *network = swarm_network_by_id(swarm, id);
        enum hanger found = HANGER_NONE;

        for (size_t i = 0; network && i < network->endpoints.count; i++) {
                enum hanger hanger = judge(swarm, network, &network->endpoints.items[i]);
                if (hanger <= found || hanger > last)
                        continue;
                *ret_endpoint = &network->endpoints.items[i];
                found = hanger;
        }
        return found;
}

int look_hangers(struct move *move, const struct step *step, const struct swarm *swarm, enum level *ret_level,
                 char **ret_waiting, struct error *error)
{
        const char *id = clearing_id(move, step);
        const struct endpoint *endpoint = NULL;

        *ret_level = LEVEL_DONE;
        switch (find_hanger(swarm, id, HANGER_STRANGER, &endpoint)) {
        case HANGER_NONE:
                return 0;
        case HANGER_STRANGER:
                return error_set(error, ERROR_CONFLICT,
                                 "container %s is connected to %s and was not when this was planned: "
                                 "disconnect it, or run the same command with --adopt to move it too",
                                 endpoint->name,
                                 text_equal(id, move->hop_id) ? move->plan->hop : move->plan->network);
        default:
                *ret_level = LEVEL_TODO;
                *ret_waiting = text_format("%s to be off it", endpoint->name);
                return 0;
        }
}

int look_clear(struct move *move, const struct step *step, enum level *ret_level, char **ret_waiting,
               struct error *error)
{
        const char *id = clearing_id(move, step);
        _cleanup_swarm_ struct swarm swarm = {0};

        *ret_level = LEVEL_DONE;
        if (!id)
                return 0;
        if (survey(move->engine, id, &swarm, error) < 0)
                return -1;
        return look_hangers(move, step, &swarm, ret_level, ret_waiting, error);
}

int act_clear(struct move *move, const struct step *step, struct error *error)
{
        const char *id = clearing_id(move, step);
        _cleanup_swarm_ struct swarm swarm = {0};
        const struct endpoint *endpoint = NULL;

        if (survey(move->engine, id, &swarm, error) < 0)
                return -1;
        enum hanger hanger = find_hanger(&swarm, id, HANGER_STRANGER, &endpoint);
        return take_off(move, id, hanger, endpoint, error);
}

/* Given back for an edge */

/* NET is still the one that was planned, with all that has leaked on it, and somebody waits for an address.
 */
static bool is_exhausted(const struct move *move)
{
        if (!text_equal(move->net_id, move->plan->network_id))
                return false;
        for_each_planned (planned, move->plan)
                if (planned->stuck)
                        return true;
        return false;
}

/* The live connection that the swarm comes to first. NULL: none. */
static const struct endpoint *first_live(const struct held *held, const struct network *network)
{
        const struct endpoint *first = NULL;
        uint64_t fewest = 0;

        for (size_t i = 0; i < network->endpoints.count; i++) {
                const struct endpoint *endpoint = &network->endpoints.items[i];
                if (judge(&held->swarm, network, endpoint) != HANGER_LIVE)
                        continue;
                uint64_t free_before = held_free_before(held, endpoint->address);
                if (first && free_before >= fewest)
                        continue;
                first = endpoint;
                fewest = free_before;
        }
        return first;
}

/*
 * Whether NET, which in an undo is as small as it was, lacks an address for the edge. Those of live
 * connections are free in the swarm's books, but a task that is given one fails: so there must be enough
 * before the first of them. Stop-first, the last of its tasks comes when all the old ones have ended.
 */
static bool is_short(const struct held *held, const struct service *edge, const struct endpoint *first)
{
        const struct task *task = first ? task_of_container(&held->swarm, first->container_id) : NULL;
        bool own = task && text_equal(task->service_id, edge->id);
        bool ends_before = own && !text_equal(edge->update_order, "start-first");
        uint64_t needed = MAX(edge->replicas, 1) + !edge->dnsrr - ends_before;

        return (first ? held_free_before(held, first->address) : held->account->free.max) < needed;
}

/* What goes next: of several connections the first that the swarm comes to, and the anchor at last. */
static enum hanger find_spare(const struct move *move, const struct service *edge, const struct held *held,
                              const struct endpoint **ret_endpoint)
{
        const struct network *network = swarm_network_by_id(&held->swarm, move->net_id);
        const struct endpoint *first = first_live(held, network);

        if (!is_exhausted(move) && !is_short(held, edge, first))
                return HANGER_NONE;
        *ret_endpoint = first;
        return first ? HANGER_LIVE : find_hanger(&held->swarm, move->net_id, HANGER_ANCHOR, ret_endpoint);
}

static int look_spare(struct move *move, const struct step *step, struct held *held, enum hanger *ret_hanger,
                      const struct endpoint **ret_endpoint, struct error *error)
{
        *ret_hanger = HANGER_NONE;
        if (move->goal != GOAL_OLD || move->net != NET_OLD || !move->hop_id)
                return 0;
        if (held_look(move->engine, move->net_id, held, error) < 0)
                return -1;
        const struct service *edge =
                swarm_service_by_id(&held->swarm, move->plan->services.items[step->index].id);
        if (edge && held->account && service_on(edge, move->hop_id))
                *ret_hanger = find_spare(move, edge, held, ret_endpoint);
        return 0;
}

int look_anchor_drop(struct move *move, const struct step *step, enum level *ret_level, char **ret_waiting,
                     struct error *error)
{
        _cleanup_held_ struct held held = {0};
        const struct endpoint *endpoint = NULL;
        enum hanger hanger;

        if (look_spare(move, step, &held, &hanger, &endpoint, error) < 0)
                return -1;
        *ret_level = hanger == HANGER_NONE ? LEVEL_DONE : LEVEL_TODO;
        if (hanger != HANGER_NONE)
                *ret_waiting = text_format("%s to be off it", endpoint->name);
        return 0;
}

int act_anchor_drop(struct move *move, const struct step *step, struct error *error)
{
        _cleanup_held_ struct held held = {0};
        const struct endpoint *endpoint = NULL;
        enum hanger hanger;

        if (look_spare(move, step, &held, &hanger, &endpoint, error) < 0)
                return -1;
        return take_off(move, move->net_id, hanger, endpoint, error);
}
