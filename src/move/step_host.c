#include "host/unit.h"
#include "move/deed.h"
#include "move/move.h"
#include "move/patch/patch.h"

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
        if (text_equal(state.active_state, "deactivating") || (state.job_waits && is_up(&state))) {
                *ret_level = LEVEL_WAIT;
                *ret_waiting = text_copy("it to stop");
        } else if (state.job || is_up(&state) || text_equal(state.active_state, "activating")) {
                *ret_level = LEVEL_TODO; /* one that is on its way up is kept from it */
        }
        return 0;
}

int act_pause_unit(struct move *move, const struct step *step, struct error *error)
{
        const char *name = pause_unit_of(move, step);
        _cleanup_free_ char *deed = pause_deed(move, step);

        if (open_units(move, error) < 0 ||
            deed_write(move->folder, deed, DEED_BEGUN, move->goal, "", error) < 0)
                return -1;
        return unit_job(move->units, name, UNIT_STOP, NULL, error);
}

/*
 * Giving a unit back. Its record says what of that has happened: paused and no more; asked to start, with
 * the invocation from before, so that a run that finds the record can tell whether it did; given back;
 * failed. A unit that was not running when it was to be stopped has no record, and is not started.
 */
#define ASKED_AFTER "start after "

static int resume_outcome(struct move *move, const char *name, const struct deed *deed,
                          struct unit_state *ret_state, enum unit_outcome *ret_outcome, char **ret_says,
                          struct error *error)
{
        bool asked = deed->state == DEED_BEGUN && text_starts_with(deed->evidence, ASKED_AFTER);

        if (look_at_unit(move, name, ret_state, error) < 0)
                return -1;
        /* One that the operator did away with leaves nothing to give back. */
        bool gone = text_equal(ret_state->load_state, "not-found");
        if (gone || (is_up(ret_state) && !ret_state->job))
                *ret_outcome = UNIT_WORKED;
        else if (asked)
                *ret_outcome = unit_outcome(ret_state, deed->evidence + strlen(ASKED_AFTER), ret_says);
        else
                *ret_outcome = UNIT_UNTOUCHED;
        return 0;
}

int look_resume_unit(struct move *move, const struct step *step, enum level *ret_level, char **ret_waiting,
                     struct error *error)
{
        _cleanup_unit_state_ struct unit_state state = {0};
        _cleanup_deed_ struct deed deed = {0};
        _cleanup_free_ char *name = pause_deed(move, step);
        _cleanup_free_ char *says = NULL;
        enum unit_outcome outcome;

        *ret_level = LEVEL_DONE;
        if (!move->here)
                return 0;
        if (deed_read(move->folder, name, &deed, error) < 0)
                return -1;
        if (deed.state == DEED_NONE || deed.state == DEED_DONE)
                return 0;
        if (resume_outcome(move, pause_unit_of(move, step), &deed, &state, &outcome, &says, error) < 0)
                return -1;
        *ret_level = outcome == UNIT_WAITS ? LEVEL_WAIT : LEVEL_TODO;
        *ret_waiting = says ? text_format("it to start (%s)", says) : text_copy("it to start");
        return 0;
}

/* Also where nothing can be written down any more. */
static int ask_to_resume(struct move *move, const char *name, const char *deed,
                         const struct unit_state *state, struct error *error)
{
        _cleanup_free_ char *evidence =
                text_format("%s%s", ASKED_AFTER, state->invocation_id ? state->invocation_id : "");
        _cleanup_error_ struct error told = {0};
        bool recorded = deed_write(move->folder, deed, DEED_BEGUN, move->goal, evidence, &told) == 0;

        if (unit_job(move->units, name, UNIT_START, NULL, error) < 0)
                return -1;
        if (recorded)
                return 0;
        return error_set(error, ERROR_FAILED, "%s was given back, and that can't be recorded: %s", name,
                         told.sentence);
}

int act_resume_unit(struct move *move, const struct step *step, struct error *error)
{
        _cleanup_unit_state_ struct unit_state state = {0};
        _cleanup_deed_ struct deed deed = {0};
        const char *name = pause_unit_of(move, step);
        _cleanup_free_ char *deed_name = pause_deed(move, step);
        _cleanup_free_ char *says = NULL;
        enum unit_outcome outcome;

        if (deed_read(move->folder, deed_name, &deed, error) < 0 ||
            resume_outcome(move, name, &deed, &state, &outcome, &says, error) < 0)
                return -1;
        if (outcome == UNIT_UNTOUCHED)
                return ask_to_resume(move, name, deed_name, &state, error);
        if (outcome == UNIT_WORKED)
                return deed_write(move->folder, deed_name, DEED_DONE, move->goal, "", error);
        if (outcome == UNIT_WAITS)
                return 0;
        if (deed_write(move->folder, deed_name, DEED_FAILED, move->goal, "", error) < 0)
                return -1;
        return error_set(error, ERROR_FAILED,
                         "%s was started again and %s; `systemctl status %s` tells why. The same command "
                         "tries it again",
                         name, says, name);
}

/* Files that declare NET */

/*
 * A file that somebody edited since is not touched. When they declared NET in it as the goal wants it,
 * nothing is left to do; so the sentence that asks for that shows the way on.
 */
int look_patch(struct move *move, const struct step *step, enum level *ret_level, _unused_ char **ret_waiting,
               struct error *error)
{
        const struct plan_patch *patch = &move->plan->patches.items[step->index];
        enum patch_state wanted = move->goal == GOAL_NEW ? PATCH_AFTER : PATCH_BEFORE;
        const char *subnet = move_wanted_subnet(move);
        enum patch_state state;

        *ret_level = LEVEL_DONE;
        if (!move->here)
                return 0;
        if (patch_look(patch, &state, error) < 0)
                return -1;
        if (state == wanted || (state == PATCH_BEFORE && !patch->edits.count) ||
            (state == PATCH_OTHER && patch_declares(patch, move->plan->network, subnet)))
                return 0;
        if (state != PATCH_BEFORE && state != PATCH_AFTER)
                return error_set(
                        error, ERROR_CONFLICT,
                        "%s %s since it was planned, so it is not edited. Declare %s with the subnet "
                        "%s there by hand, and run the same command, which goes on then",
                        patch->path, state == PATCH_GONE ? "was removed" : "was changed", move->plan->network,
                        subnet);
        *ret_level = LEVEL_TODO;
        return 0;
}

int act_patch(struct move *move, const struct step *step, struct error *error)
{
        return patch_apply(&move->plan->patches.items[step->index], move->goal == GOAL_OLD, error);
}
