#include "host/unit.h"
#include "move/deed.h"
#include "move/move.h"
#include "move/patch.h"

/*
 * Steps on the plan's host that are not the swarm's: units that are stopped for the time of a move, and files
 * that declare NET. On another host than the plan's these steps, and the roads, have nothing to do.
 */

static const char *pause_unit_of(const struct move *move, const struct step *step)
{
        return move->plan->pause_units.items[step->index];
}

static int open_units(struct move *move, struct error *error)
{
        return move->units ? 0 : units_open(&move->units, error);
}

int look_at_unit(struct move *move, const char *name, struct unit_state *ret_state, struct error *error)
{
        return open_units(move, error) < 0 ? -1 : unit_look(move->units, name, ret_state, error);
}

static bool is_up(const struct unit_state *state)
{
        return text_equal(state->active_state, "active") || text_equal(state->active_state, "reloading");
}

/* Units that make work */

int look_pause_unit(struct move *move, const struct step *step, enum level *ret_level, char **ret_waiting,
                    struct error *error)
{
        _cleanup_unit_state_ struct unit_state state = {0};
        const char *name = pause_unit_of(move, step);

        *ret_level = LEVEL_DONE;
        if (!move->here || !move_has_work(move))
                return 0;
        if (look_at_unit(move, name, &state, error) < 0)
                return -1;
        if (text_equal(state.active_state, "deactivating") || (state.job && !is_up(&state))) {
                *ret_level = LEVEL_WAIT;
                *ret_waiting = text_copy("it to stop");
        } else if (is_up(&state) || text_equal(state.active_state, "activating")) {
                *ret_level = LEVEL_TODO;
        }
        return 0;
}

int act_pause_unit(struct move *move, const struct step *step, struct error *error)
{
        const char *name = pause_unit_of(move, step);
        _cleanup_free_ char *deed = pause_deed(move, step);

        if (deed_write(move->folder, deed, DEED_BEGUN, move->goal, "active", error) < 0 ||
            open_units(move, error) < 0)
                return -1;
        return unit_job(move->units, name, UNIT_STOP, NULL, error);
}

/* A unit that was not running when it was to be stopped has no record, and is not started. */
int look_resume_unit(struct move *move, const struct step *step, enum level *ret_level, char **ret_waiting,
                     struct error *error)
{
        _cleanup_unit_state_ struct unit_state state = {0};
        _cleanup_deed_ struct deed deed = {0};
        const char *name = pause_unit_of(move, step);
        _cleanup_free_ char *deed_name = pause_deed(move, step);

        *ret_level = LEVEL_DONE;
        if (!move->here)
                return 0;
        if (deed_read(move->folder, deed_name, &deed, error) < 0)
                return -1;
        if (deed.state == DEED_NONE)
                return 0;
        if (deed.state == DEED_BEGUN) {
                *ret_level = LEVEL_TODO;
                return 0;
        }
        if (look_at_unit(move, name, &state, error) < 0)
                return -1;
        if (state.job || text_equal(state.active_state, "activating")) {
                *ret_level = LEVEL_WAIT;
                *ret_waiting = text_copy("it to start");
                return 0;
        }
        if (text_equal(state.active_state, "failed"))
                return error_set(error, ERROR_FAILED,
                                 "%s was started again and failed (%s); `systemctl status %s` tells why",
                                 name, state.result, name);
        return 0;
}

int act_resume_unit(struct move *move, const struct step *step, struct error *error)
{
        const char *name = pause_unit_of(move, step);
        _cleanup_free_ char *deed = pause_deed(move, step);

        if (open_units(move, error) < 0 || unit_job(move->units, name, UNIT_START, NULL, error) < 0)
                return -1;
        return deed_write(move->folder, deed, DEED_DONE, move->goal, "", error);
}

/* Files that declare NET */

int look_patch(struct move *move, const struct step *step, enum level *ret_level, _unused_ char **ret_waiting,
               struct error *error)
{
        const struct plan_patch *patch = &move->plan->patches.items[step->index];
        enum patch_state wanted = move->goal == GOAL_NEW ? PATCH_AFTER : PATCH_BEFORE;
        enum patch_state state;

        *ret_level = LEVEL_DONE;
        if (!move->here)
                return 0;
        if (patch_look(patch, &state, error) < 0)
                return -1;
        if (state != PATCH_BEFORE && state != PATCH_AFTER)
                return error_set(
                        error, ERROR_CONFLICT,
                        "%s %s since it was planned, so it is not edited. Declare %s with the subnet "
                        "%s there by hand; nothing else of the move is left to do to it",
                        patch->path, state == PATCH_GONE ? "was removed" : "was changed", move->plan->network,
                        move->goal == GOAL_NEW ? move->plan->new_subnet : move->plan->old_subnet);
        if (state != wanted)
                *ret_level = LEVEL_TODO;
        return 0;
}

int act_patch(struct move *move, const struct step *step, struct error *error)
{
        return patch_apply(&move->plan->patches.items[step->index], move->goal == GOAL_OLD, error);
}
