#include "move/hanger.h"
#include "move/held.h"

/*
 * Live connections and the anchor are given back, one by one and no more than needed, when an edge returns to
 * a network that has no address to spare for it.
 */

/* NET is still the one that was planned, with all that has leaked on it, and somebody waits for an address:
 * not just because it has only been deployed. */
static bool is_exhausted(const struct move *move, const struct held *held)
{
        if (!text_equal(move->net_id, move->plan->network_id) ||
            (!move->plan->refusing && !held->account->refusing))
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
                if (hanger_of(&held->swarm, network, endpoint) != HANGER_LIVE)
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
        const struct task *task = first ? swarm_task_of_container(&held->swarm, first->container_id) : NULL;
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

        if (!is_exhausted(move, held) && !is_short(held, edge, first))
                return HANGER_NONE;
        *ret_endpoint = first;
        return first ? HANGER_LIVE : hanger_find(&held->swarm, move->net_id, HANGER_ANCHOR, ret_endpoint);
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
        return hanger_take_off(move, move->net_id, hanger, endpoint, error);
}
