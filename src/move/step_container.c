#include "move/move.h"

/*
 * Standalone containers are connected to where they go before they are taken off where they were. One that
 * somebody removed in between needs nothing more.
 */

struct hop_of_container {
        const char *on_id, *off_id;
        bool is_on, is_off;
        bool gone;
};

static int look_at(struct move *move, const struct step *step, struct hop_of_container *hop,
                   struct error *error)
{
        const struct plan_container *container = &move->plan->containers.items[step->index];
        _cleanup_error_ struct error told = {0};
        bool on_left = false;

        hop->on_id = step_is_to_net(step) ? move->net_id : move->hop_id;
        hop->off_id = step_is_to_net(step) ? move->hop_id : move->net_id;
        if (container_is_on(move->engine, container->id, hop->on_id, &hop->is_on, &told) < 0 ||
            container_is_on(move->engine, container->id, hop->off_id, &on_left, &told) < 0) {
                hop->gone = told.kind == ERROR_NOT_FOUND;
                return hop->gone ? 0 : error_move(error, &told);
        }
        hop->is_off = !on_left;
        return 0;
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
        if (!hop.gone && !(hop.is_on && hop.is_off))
                *ret_level = LEVEL_TODO;
        return 0;
}

/* A static address is kept if the subnet holds it, else keeps its distance from the subnet's start. */
static char *static_address(const struct move *move, const struct plan_container *container)
{
        const char *subnet = move->goal == GOAL_NEW ? move->plan->new_subnet : move->plan->old_subnet;
        struct prefix old;
        struct prefix now;
        uint32_t address;
        char text[ADDRESS_TEXT_SIZE];

        if (!address_parse(container->static_address, &address) ||
            prefix_parse(subnet, &now) != PREFIX_FINE ||
            prefix_parse(move->plan->old_subnet, &old) != PREFIX_FINE)
                return NULL;
        if (!prefix_contains(now, address))
                address = now.address + (address - old.address);
        address_format(address, text);
        return text_copy(text);
}

int act_container_hop(struct move *move, const struct step *step, struct error *error)
{
        const struct plan_container *container = &move->plan->containers.items[step->index];
        struct hop_of_container hop = {0};

        if (look_at(move, step, &hop, error) < 0)
                return -1;
        if (hop.gone)
                return 0;
        if (!hop.is_on) {
                _cleanup_free_ char *address = step_is_to_net(step) ? static_address(move, container) : NULL;
                return network_connect(move->engine, hop.on_id, container->id, address,
                                       container->aliases.items, container->aliases.count, error);
        }
        return network_disconnect(move->engine, hop.off_id, container->id, error);
}
