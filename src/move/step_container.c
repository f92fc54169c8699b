#include "move/container.h"
#include "move/held.h"
#include "move/move.h"

/*
 * Standalone containers are connected to where they go before the first service moves, and taken off where
 * they were after the last one: so they are in reach all the time. Of a NET that is created anew nobody has
 * an address before them, be it an anchor or a balancer, which may be given the one that a container had. One
 * that somebody removed in between needs nothing more.
 *
 * An engine that fails to get a container an address from the swarm, because it is taken or none is left,
 * lets the next attempt through without asking: with a local address that may be somebody else's, and that
 * the swarm's books do not have (docs/engine-notes.md). So no taken address is ever asked for, and a
 * connection that the swarm does not know of is taken off and made again.
 *
 * With the first container this node's balancer comes, and takes the next address that is free. Where that is
 * one which another container had, the first goes and comes again, until the balancer has passed: each time
 * it comes it has the next one.
 */

struct hop_of_container {
        const char *on_id, *off_id;
        const char *on_name, *off_name;
        bool is_on, is_off;
        bool runs;
        bool is_unknown; /* on, with an address that the swarm did not hand out */
        bool is_early;   /* on, and the balancer that came with it has the address of one that follows */
        bool gone;
};

static bool is_handed_out(const struct swarm *swarm, const char *network_id, uint32_t address)
{
        for_each_task (task, swarm) {
                const struct attachment *on =
                        task->attachment && task_holds_addresses(task) ? task_on(task, network_id) : NULL;
                for (size_t i = 0; on && i < on->address_count; i++)
                        if (on->addresses[i] == address)
                                return true;
        }
        return false;
}

/* Where the balancer is that one container alone has brought; 0: there is none, or others hold it there. */
static uint32_t own_balancer(const struct swarm *swarm, const struct network *network,
                             const char *container_id)
{
        uint32_t address = 0;

        for_each_task (task, swarm)
                if (!task->attachment && task_holds_address_on(task, network->id))
                        return 0;
        for (size_t i = 0; i < network->endpoints.count; i++) {
                const struct endpoint *endpoint = &network->endpoints.items[i];
                if (text_starts_with(endpoint->container_id, "lb-"))
                        address = endpoint->address;
                else if (!text_equal(endpoint->container_id, container_id))
                        return 0;
        }
        return address;
}

/* Once for each of them is enough; an engine whose balancer stays where it is, is left alone. */
static bool is_of_a_follower(const struct move *move, size_t container, uint32_t address)
{
        const struct plan *plan = move->plan;
        uint32_t wished;

        if (move->passes >= plan->containers.count)
                return false;
        for (size_t i = container + 1; address && i < plan->containers.count; i++)
                if (container_wished_address(&plan->containers.items[i], plan->old_subnet,
                                             move_wanted_subnet(move), &wished) &&
                    wished == address)
                        return true;
        return false;
}

/* One that does not run has no endpoint, and takes its address when it starts. */
static int look_on(struct move *move, const struct step *step, struct hop_of_container *hop,
                   struct error *error)
{
        const char *container_id = move->plan->containers.items[step->index].id;
        _cleanup_swarm_ struct swarm swarm = {0};

        if (survey(move->engine, hop->on_id, &swarm, error) < 0)
                return -1;
        const struct network *network = swarm_network_by_id(&swarm, hop->on_id);
        for (size_t i = 0; network && i < network->endpoints.count; i++) {
                const struct endpoint *endpoint = &network->endpoints.items[i];
                if (text_equal(endpoint->container_id, container_id) && endpoint->address)
                        hop->is_unknown = !is_handed_out(&swarm, hop->on_id, endpoint->address);
        }
        if (network && step->kind == STEP_CONTAINER_REACH_NET)
                hop->is_early =
                        is_of_a_follower(move, step->index, own_balancer(&swarm, network, container_id));
        return 0;
}

static int look_at(struct move *move, const struct step *step, struct hop_of_container *hop,
                   struct error *error)
{
        const struct plan_container *container = &move->plan->containers.items[step->index];
        struct connection on = {0};
        struct connection off = {0};
        _cleanup_error_ struct error told = {0};
        bool to_net = step_is_to_net(step);

        hop->on_id = to_net ? move->net_id : move->hop_id;
        hop->off_id = to_net ? move->hop_id : move->net_id;
        hop->on_name = to_net ? move->plan->network : move->plan->hop;
        hop->off_name = to_net ? move->plan->hop : move->plan->network;
        if (container_look(move->engine, container->id, hop->on_id, hop->on_name, &on, &told) < 0 ||
            container_look(move->engine, container->id, hop->off_id, hop->off_name, &off, &told) < 0) {
                hop->gone = told.kind == ERROR_NOT_FOUND;
                return hop->gone ? 0 : error_move(error, &told);
        }
        hop->is_on = on.on;
        hop->is_off = !off.on;
        hop->runs = off.runs;
        return hop->is_on ? look_on(move, step, hop, error) : 0;
}

/* Whether it is to be taken off where it was, too. */
static bool leaves(const struct step *step)
{
        return step->kind == STEP_CONTAINER_TO_HOP || step->kind == STEP_CONTAINER_TO_NET;
}

int look_container_hop(struct move *move, const struct step *step, enum level *ret_level, char **ret_waiting,
                       struct error *error)
{
        struct hop_of_container hop = {0};

        *ret_level = LEVEL_DONE;
        if (step_is_to_net(step) ? !move_net_at_goal(move) || !move->hop_id : !move_leaving(move))
                return 0;
        if (look_at(move, step, &hop, error) < 0)
                return -1;
        if (!hop.gone && (!hop.is_on || hop.is_unknown || hop.is_early || (leaves(step) && !hop.is_off)))
                *ret_level = LEVEL_TODO;
        if (hop.is_early)
                *ret_waiting = text_copy("the node's load balancer to leave another container's address");
        else if (*ret_level == LEVEL_TODO)
                *ret_waiting = hop.is_on && !hop.is_unknown ? text_format("it to be off %s", hop.off_name)
                                                            : text_format("it to be on %s", hop.on_name);
        return 0;
}

static int is_taken(struct move *move, uint32_t address, bool *ret_taken, struct error *error)
{
        _cleanup_held_ struct held held = {0};

        if (held_look(move->engine, move->net_id, &held, error) < 0)
                return -1;
        *ret_taken = held_has(&held, address);
        return 0;
}

#define REFUSALS_MAX 2 /* one may be for want of a leader */

/* How often the swarm would not give the container the address that it had, in this run. */
static size_t count_refusals(const struct move *move, size_t container)
{
        size_t count = 0;

        for (size_t i = 0; i < move->refused.count; i++)
                count += move->refused.items[i] == container;
        return count;
}

/* Not every holder can be seen: an address that is refused again and again is another's now. */
static int connect_container(struct move *move, const struct step *step, const char *network,
                             struct error *error)
{
        const struct plan_container *container = &move->plan->containers.items[step->index];
        char text[ADDRESS_TEXT_SIZE] = "";
        bool taken = true;
        uint32_t address;

        if (step_is_to_net(step) && count_refusals(move, step->index) < REFUSALS_MAX &&
            container_wished_address(container, move->plan->old_subnet, move_wanted_subnet(move), &address)) {
                if (is_taken(move, address, &taken, error) < 0)
                        return -1;
                address_format(address, text);
        }
        if (network_connect(move->engine, network, container->id, taken ? NULL : text, container, error) == 0)
                return 0;
        if (!taken && strstr(error->sentence, "attaching to network failed"))
                *list_add(&move->refused) = step->index;
        return -1;
}

int act_container_hop(struct move *move, const struct step *step, struct error *error)
{
        const struct plan_container *container = &move->plan->containers.items[step->index];
        struct hop_of_container hop = {0};

        if (look_at(move, step, &hop, error) < 0)
                return -1;
        if (hop.gone)
                return 0;
        if (!hop.is_on)
                return connect_container(move, step, hop.runs ? hop.on_id : hop.on_name, error);
        move->passes += hop.is_early;
        if (hop.is_unknown || hop.is_early)
                return network_disconnect(move->engine, hop.on_id, container->id, error);
        return leaves(step) ? network_disconnect(move->engine, hop.runs ? hop.off_id : hop.off_name,
                                                 container->id, error)
                            : 0;
}
