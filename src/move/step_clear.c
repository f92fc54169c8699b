#include "move/hanger.h"

/* Everything that is headroom's is taken off a network that is to go, one after the other. */

static const char *clearing_id(const struct move *move, const struct step *step)
{
        if (step->kind == STEP_CLEAR_NET || step->kind == STEP_DRAIN_NET)
                return move_leaving(move) ? move->net_id : NULL;
        return move_net_at_goal(move) ? move->hop_id : NULL;
}

int look_hangers(struct move *move, const struct step *step, const struct swarm *swarm, enum level *ret_level,
                 char **ret_waiting, struct error *error)
{
        const char *id = clearing_id(move, step);
        const struct endpoint *endpoint = NULL;

        *ret_level = LEVEL_DONE;
        switch (hanger_find(swarm, id, HANGER_STRANGER, &endpoint)) {
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
        enum hanger hanger = hanger_find(&swarm, id, HANGER_STRANGER, &endpoint);
        return hanger_take_off(move, id, hanger, endpoint, error);
}
