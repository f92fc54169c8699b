#include "base/clock.h"
#include "host/command.h"
#include "move/deed.h"
#include "move/move.h"

#include <inttypes.h>

/*
 * The roads by which everything is deployed again: an operator's commands, and units.
 *
 * A unit's or a command's doing leaves no level to look at, so each is a deed: recorded before it is begun
 * and when its end was seen. Of one that was begun and whose end was not seen, the machine is asked: a unit
 * that was restarted has another invocation than the one recorded, a command's keeper writes down its end
 * even when headroom is gone. What neither shows - the power went - is for a person to say
 * (UNFINISHED_*).
 */

static const struct plan_road *road_of(const struct move *move, const struct step *step)
{
        return &move->plan->roads.items[step->index];
}

static char *road_name(const struct step *step)
{
        return text_format("road-%zu", step->index + 1);
}

/* What one more look at a deed that was begun says; with it goes a sentence, where there is more to say. */
enum road_fate {
        FATE_NOT_BEGUN,
        FATE_RUNNING,
        FATE_DONE,
        FATE_FAILED,
        FATE_UNKNOWN,
};

/*
 * systemd goes on with a unit that takes longer than the operator said it may. It counts as failed, so that
 * the run ends, and the next one restarts it: that puts an end to what hangs.
 */
static bool is_overdue(const struct move *move, const struct deed *deed)
{
        return clock_wall_ms() - deed->since_ms > (int64_t)move->plan->roads_timeout_s * 1000;
}

static int unit_fate(struct move *move, const struct plan_road *road, const struct deed *deed,
                     enum road_fate *ret_fate, char **ret_why, struct error *error)
{
        static const enum road_fate fates[] = {[UNIT_WAITS] = FATE_RUNNING,
                                               [UNIT_WORKED] = FATE_DONE,
                                               [UNIT_FAILED] = FATE_FAILED,
                                               [UNIT_UNTOUCHED] = FATE_NOT_BEGUN};
        _cleanup_unit_state_ struct unit_state state = {0};
        _cleanup_free_ char *sentence = NULL;

        if (look_at_unit(move, road->text, &state, error) < 0)
                return -1;
        *ret_fate = fates[unit_outcome(&state, deed->evidence, &sentence)];
        if (*ret_fate == FATE_RUNNING && is_overdue(move, deed)) {
                *ret_fate = FATE_FAILED;
                *ret_why =
                        text_format("unit %s %s, longer than the %" PRIu64 " s of roads.timeout; `systemctl "
                                    "status %s` tells what it does",
                                    road->text, sentence, move->plan->roads_timeout_s, road->text);
                return 0;
        }
        *ret_why = *ret_fate == FATE_RUNNING ? steal_pointer(sentence)
                                             : text_format("unit %s %s; `journalctl -u %s` tells more",
                                                           road->text, sentence, road->text);
        return 0;
}

static int command_fate(struct move *move, const struct step *step, enum road_fate *ret_fate, char **ret_why,
                        struct error *error)
{
        static const enum road_fate fates[] = {[COMMAND_NEVER] = FATE_NOT_BEGUN,
                                               [COMMAND_RUNNING] = FATE_RUNNING,
                                               [COMMAND_LOST] = FATE_UNKNOWN};
        _cleanup_command_result_ struct command_result result = {0};
        _cleanup_free_ char *name = road_name(step);

        if (command_look(move->folder, name, &result, error) < 0)
                return -1;
        *ret_fate = result.state != COMMAND_ENDED ? fates[result.state]
                    : command_worked(&result)     ? FATE_DONE
                                                  : FATE_FAILED;
        if (*ret_fate != FATE_FAILED)
                return 0;
        _cleanup_free_ char *how = command_describe(&result);
        *ret_why = text_format(
                "`%s` %s; its output is in %s/%s.output%s%s", road_of(move, step)->text, how, move->folder,
                name, text_empty(result.tail) ? "" : ", and ends with: ", result.tail ? result.tail : "");
        return 0;
}

static int road_fate(struct move *move, const struct step *step, const struct deed *deed,
                     enum road_fate *ret_fate, char **ret_why, struct error *error)
{
        const struct plan_road *road = road_of(move, step);

        return road->kind == ROAD_UNIT ? unit_fate(move, road, deed, ret_fate, ret_why, error)
                                       : command_fate(move, step, ret_fate, ret_why, error);
}

/* An undo goes only the roads that were gone before. */
static bool road_is_gone(const struct move *move, const struct deed *deed)
{
        if (deed->state == DEED_NONE)
                return move->goal == GOAL_OLD;
        return deed->state == DEED_DONE && deed->goal == move->goal;
}

int look_road(struct move *move, const struct step *step, enum level *ret_level, char **ret_waiting,
              struct error *error)
{
        _cleanup_deed_ struct deed deed = {0};
        _cleanup_free_ char *name = road_name(step);
        _cleanup_free_ char *why = NULL;
        enum road_fate fate;

        *ret_level = LEVEL_DONE;
        if (!move->here)
                return 0;
        if (deed_read(move->folder, name, &deed, error) < 0)
                return -1;
        if (road_is_gone(move, &deed))
                return 0;
        *ret_level = LEVEL_TODO;
        if (deed.state != DEED_BEGUN)
                return 0;
        if (road_fate(move, step, &deed, &fate, &why, error) < 0)
                return -1;
        if (fate == FATE_RUNNING) {
                *ret_level = LEVEL_WAIT;
                *ret_waiting = text_format("it to end%s%s", why ? ": " : "", why ? why : "");
        }
        return 0;
}

/* A patch may have edited the unit's file: systemd would start it as it read it last. */
static int look_as_filed(struct move *move, const char *unit, struct unit_state *ret_state,
                         struct error *error)
{
        if (look_at_unit(move, unit, ret_state, error) < 0)
                return -1;
        if (!ret_state->need_daemon_reload)
                return 0;
        unit_state_done(ret_state);
        return unit_reload(move->units, error) < 0 ? -1 : look_at_unit(move, unit, ret_state, error);
}

static int begin_unit(struct move *move, const char *deed, const char *unit, struct error *error)
{
        _cleanup_unit_state_ struct unit_state state = {0};

        if (look_as_filed(move, unit, &state, error) < 0)
                return -1;
        if (!text_equal(state.load_state, "loaded"))
                return error_set(error, ERROR_FAILED,
                                 "unit %s is %s, so it can't be restarted. Mend it and run the same command",
                                 unit, state.load_state);
        if (deed_write(move->folder, deed, DEED_BEGUN, move->goal, state.invocation_id, error) < 0)
                return -1;
        return unit_job(move->units, unit, UNIT_RESTART, NULL, error);
}

static int begin_command(struct move *move, const char *deed, const char *command, struct error *error)
{
        if (command_forget(move->folder, deed, error) < 0 ||
            deed_write(move->folder, deed, DEED_BEGUN, move->goal, "", error) < 0)
                return -1;
        return command_start(move->folder, deed, command, (int64_t)move->plan->roads_timeout_s * 1000, error);
}

static int begin_road(struct move *move, const struct step *step, struct error *error)
{
        const struct plan_road *road = road_of(move, step);
        _cleanup_free_ char *name = road_name(step);

        if ((road->kind == ROAD_UNIT ? begin_unit(move, name, road->text, error)
                                     : begin_command(move, name, road->text, error)) < 0)
                return -1;
        move->road_begun = step->index + 1;
        return 0;
}

static int refuse_unknown(const struct move *move, const struct step *step, struct error *error)
{
        return error_set(
                error, ERROR_REFUSED,
                "`%s` was begun, and its end was not seen: whether it did its work can't be told from "
                "here. Look, and run the same command with --unfinished done, or with --unfinished "
                "again to run it once more",
                road_of(move, step)->text);
}

static int fail_road(struct move *move, const char *deed, const char *why, struct error *error)
{
        if (deed_write(move->folder, deed, DEED_FAILED, move->goal, "", error) < 0)
                return -1;
        return error_set(error, ERROR_FAILED, "%s. Mend it and run the same command, which tries it again",
                         why);
}

/* The answer that a person gave is about what an earlier run has lost, not about what is lost now. */
static int act_on_unknown(struct move *move, const struct step *step, const char *deed, bool ours,
                          struct error *error)
{
        if (ours || move->unfinished == UNFINISHED_ASK)
                return refuse_unknown(move, step, error);
        if (move->unfinished == UNFINISHED_DONE)
                return deed_write(move->folder, deed, DEED_DONE, move->goal, "", error);
        return begin_road(move, step, error);
}

/*
 * What was begun on the way to the other goal: whether it came to a good end or not, the road is gone once
 * more. Only an undo has nothing to go back to when it did not begin.
 */
static int act_turned_round(struct move *move, const struct step *step, const char *deed, enum road_fate fate,
                            struct error *error)
{
        if (fate == FATE_NOT_BEGUN && move->goal == GOAL_OLD)
                return deed_write(move->folder, deed, DEED_NONE, move->goal, "", error);
        return begin_road(move, step, error);
}

/* What was begun is judged; only what has not happened, or has failed in an earlier run, is begun anew. */
int act_road(struct move *move, const struct step *step, struct error *error)
{
        _cleanup_deed_ struct deed deed = {0};
        _cleanup_free_ char *name = road_name(step);
        _cleanup_free_ char *why = NULL;
        bool ours = move->road_begun == step->index + 1;
        enum road_fate fate;

        if (deed_read(move->folder, name, &deed, error) < 0)
                return -1;
        if (deed.state != DEED_BEGUN)
                return begin_road(move, step, error);
        if (road_fate(move, step, &deed, &fate, &why, error) < 0)
                return -1;
        if (fate == FATE_RUNNING)
                return 0;
        if (deed.goal != move->goal)
                return act_turned_round(move, step, name, fate, error);
        if (fate == FATE_DONE)
                return deed_write(move->folder, name, DEED_DONE, move->goal, "", error);
        if (fate == FATE_UNKNOWN)
                return act_on_unknown(move, step, name, ours, error);
        /* One that was begun by this run and is as untouched as before was kept from starting. */
        if (fate == FATE_FAILED || (ours && why))
                return fail_road(move, name, why, error);
        return begin_road(move, step, error);
}
