#include "move/anchor.h"
#include "move/held.h"
#include "move/look.h"
#include "move/move.h"

/*
 * While services move one by one, the edge must reach those on either network. Its running containers are
 * connected to the other network by this node's engine, behind the swarm's back. A task that the swarm gives
 * the address of such a connection fails (docs/engine-notes.md), so they get those which the swarm comes to
 * last (move/held.h), and the edge that moves last gets the very last ones. A connection ends with its
 * container; one that is still there when its network is to go is taken off first, because a network removed
 * under it would block its name until the engine restarts.
 */

const char *reached_id(const struct move *move, const struct step *step)
{
        if (step_is_to_net(step))
                return move_net_at_goal(move) && move->hop_id ? move->net_id : NULL;
        return move_leaving(move) ? move->hop_id : NULL;
}

const char *left_id(const struct move *move, const struct step *step)
{
        return step_is_to_net(step) ? move->hop_id : move->net_id;
}

/* One container of a running task of the edge on this node. */
struct edge_tasks {
        struct swarm swarm;
        LIST(const char *) containers;
};

static void edge_tasks_done(struct edge_tasks *edge)
{
        swarm_done(&edge->swarm);
        free(edge->containers.items);
}

/* Those whose service is still on the network that is being left; others have moved already. */
static int find_edge_tasks(struct move *move, const struct plan_service *planned, const char *left,
                           struct edge_tasks *edge, struct error *error)
{
        swarm_init(&edge->swarm);
        if (look_tasks_of(move->engine, planned->id, &edge->swarm, error) < 0)
                return -1;
        for_each_task (task, &edge->swarm)
                if (task->state == TASK_RUNNING && task->desired == TASK_RUNNING && task->container_id &&
                    left && task_on(task, left))
                        *list_add(&edge->containers) = task->container_id;
        return 0;
}

static int find_unconnected(struct move *move, const struct edge_tasks *edge, const char *network_id,
                            const char **ret_container, struct error *error)
{
        *ret_container = NULL;
        for (size_t i = 0; i < edge->containers.count; i++) {
                struct connection connection = {0};
                _cleanup_error_ struct error told = {0};
                if (container_look(move->engine, edge->containers.items[i], network_id, NULL, &connection,
                                   &told) < 0) {
                        if (told.kind == ERROR_NOT_FOUND)
                                continue; /* its task has ended in between, or runs on another node */
                        return error_move(error, &told);
                }
                if (!connection.on) {
                        *ret_container = edge->containers.items[i];
                        return 0;
                }
        }
        return 0;
}

/* How many connections of edges that move later there may be. */
static uint64_t later_connections(const struct move *move, const struct step *step, const struct held *held)
{
        uint64_t count = 0;

        for (size_t i = step->index + 1; i < move->plan->services.count; i++) {
                const struct plan_service *planned = &move->plan->services.items[i];
                const struct service *service =
                        planned->edge ? swarm_service_by_id(&held->swarm, planned->id) : NULL;
                if (service && left_id(move, step) && service_on(service, left_id(move, step)))
                        count += MAX(service->replicas, 1);
        }
        return count;
}

/* *ret_address is 0 when none is free, and the edge can't be on both networks. */
static int live_address(struct move *move, const struct step *step, uint32_t *ret_address,
                        struct error *error)
{
        _cleanup_held_ struct held held = {0};

        if (held_look(move->engine, reached_id(move, step), &held, error) < 0)
                return -1;
        *ret_address = held_last_free(&held, later_connections(move, step, &held));
        return 0;
}

int look_edge(struct move *move, const struct step *step, enum level *ret_level, char **ret_waiting,
              struct error *error)
{
        const struct plan_service *planned = &move->plan->services.items[step->index];
        _cleanup_(edge_tasks_done) struct edge_tasks edge = {0};
        const char *container;
        uint32_t address;

        *ret_level = LEVEL_DONE;
        if (!reached_id(move, step))
                return 0;
        if (find_edge_tasks(move, planned, left_id(move, step), &edge, error) < 0 ||
            find_unconnected(move, &edge, reached_id(move, step), &container, error) < 0)
                return -1;
        if (!container)
                return 0;
        if (live_address(move, step, &address, error) < 0)
                return -1;
        if (!address)
                return 0;
        *ret_level = LEVEL_TODO;
        *ret_waiting = text_format("its container %.12s to be connected", container);
        return 0;
}

int act_edge(struct move *move, const struct step *step, struct error *error)
{
        const struct plan_service *planned = &move->plan->services.items[step->index];
        _cleanup_(edge_tasks_done) struct edge_tasks edge = {0};
        const char *network_id = reached_id(move, step);
        char text[ADDRESS_TEXT_SIZE];
        const char *container;
        uint32_t address;

        if (find_edge_tasks(move, planned, left_id(move, step), &edge, error) < 0 ||
            find_unconnected(move, &edge, network_id, &container, error) < 0)
                return -1;
        if (!container)
                return 0;
        if (live_address(move, step, &address, error) < 0)
                return -1;
        if (!address)
                return 0;
        address_format(address, text);
        return network_connect(move->engine, network_id, container, text, NULL, error);
}
