#include "move/check_inside.h"

#include "base/clock.h"
#include "base/file.h"
#include "host/log.h"
#include "move/journal.h"
#include "move/page/plan_pages.h"
#include "move/patch/patch.h"
#include "move/quiet.h"
#include "pool/signature.h"

#include <inttypes.h>

/* The points about the plan's host: whether it is quiet, its files, its units and commands, the engine's log.
 */

int check_quiet(struct checking *c, struct error *error)
{
        _cleanup_busy_ struct busy busy = {0};

        if (quiet_look(c->move.engine, c->plan, c->move.here, &busy, error) < 0)
                return -1;
        for (size_t i = 0; i < busy.items.count; i++)
                check_add(c, c->options->busy ? CHECK_UNKNOWN : CHECK_FAIL, text_copy("the host"),
                          text_copy("is quiet"), text_copy(busy.items.items[i]));
        if (!busy.items.count)
                check_add(c, CHECK_PASS, text_copy("the host"), text_copy("is quiet"), text_copy("so"));
        return 0;
}

/* Patches */

/*
 * After the move a file that was not edited in place is the operator's business, and told. An undo can't be
 * planned again, and an edited file is no reason to keep the network: its last step asks for the declaration.
 */
static enum check_result judge_patch(const struct checking *c, const struct plan_patch *patch,
                                     enum patch_state state)
{
        enum patch_state wanted = c->move.goal == GOAL_NEW ? PATCH_AFTER : PATCH_BEFORE;

        if (c->phase == CHECK_AFTER && patch->edits.count && state != wanted)
                return patch->in_place ? CHECK_FAIL : CHECK_UNKNOWN;
        if (state == PATCH_BEFORE || state == PATCH_AFTER)
                return CHECK_PASS;
        return c->move.goal == GOAL_OLD ? CHECK_UNKNOWN : check_obstacle(c);
}

static const char *tell_patch(const struct plan_patch *patch, enum patch_state state)
{
        switch (state) {
        case PATCH_BEFORE:
                return patch->edits.count ? "as it was when planned; the patch applies"
                                          : "declares the new subnet already";
        case PATCH_AFTER:
                return "has the new subnet";
        case PATCH_NO_FILE:
                return "is no plain file any more, as it was when planned: put the file itself there";
        case PATCH_GONE:
                return "was removed since it was planned";
        default:
                return "was edited by somebody since it was planned: the patch no longer fits";
        }
}

int check_patches(struct checking *c, _unused_ struct error *error)
{
        for (size_t i = 0; i < c->plan->patches.count; i++) {
                const struct plan_patch *patch = &c->plan->patches.items[i];
                _cleanup_error_ struct error told = {0};
                char *subject = text_format("declaration in %s", patch->path);
                char *claim = text_copy(c->phase == CHECK_AFTER ? "declares the subnet" : "can be patched");
                enum patch_state state;
                if (!c->move.here)
                        check_add(c, CHECK_UNKNOWN, subject, claim, text_copy(CHECK_ELSEWHERE));
                else if (patch_look(patch, &state, &told) < 0)
                        check_add(c, check_obstacle(c), subject, claim, text_copy(told.sentence));
                else if (state == PATCH_OTHER &&
                         patch_declares(patch, c->plan->network, move_wanted_subnet(&c->move)))
                        check_add(c, CHECK_PASS, subject, claim,
                                  text_copy("was edited since, and declares the subnet"));
                else
                        check_add(c, judge_patch(c, patch, state), subject, claim,
                                  text_copy(tell_patch(patch, state)));
        }
        return 0;
}

/* Pauses */

static void check_paused_unit(struct checking *c, const char *name)
{
        _cleanup_unit_state_ struct unit_state state = {0};
        _cleanup_error_ struct error told = {0};
        char *subject = text_format("unit %s", name);
        char *claim = text_copy("can be paused");

        if (!c->move.here)
                check_add(c, CHECK_UNKNOWN, subject, claim, text_copy(CHECK_ELSEWHERE));
        else if ((!c->move.units && units_open(&c->move.units, &told) < 0) ||
                 unit_look(c->move.units, name, &state, &told) < 0)
                check_add(c, CHECK_FAIL, subject, claim, text_copy(told.sentence));
        else
                check_add(c, text_equal(state.load_state, "loaded") ? CHECK_PASS : CHECK_FAIL, subject, claim,
                          text_format("%s, %s", state.load_state, state.active_state));
}

static void check_paused_service(struct checking *c, size_t index)
{
        const struct plan_pause *pause = &c->plan->pauses.items[index];
        const struct step step = {STEP_PAUSE_SERVICE, index};
        const struct service *service = swarm_service_by_id(&c->swarm, pause->id);
        bool paused = service && service->replicas == 0 && c->move.folder && pause_is_held(&c->move, &step);
        bool same = service && service->replicas == pause->replicas;

        check_add(c, same || paused ? CHECK_PASS : CHECK_FAIL,
                  text_format("service %s, to be paused", pause->name),
                  text_format("%" PRIu64 " replicas", pause->replicas),
                  paused    ? text_copy("is paused by the move")
                  : service ? text_format("%" PRIu64 " replicas", service->replicas)
                            : text_copy("was removed since"));
}

int check_pauses(struct checking *c, _unused_ struct error *error)
{
        for (size_t i = 0; i < c->plan->pause_units.count; i++)
                check_paused_unit(c, c->plan->pause_units.items[i]);
        for (size_t i = 0; i < c->plan->pauses.count; i++)
                check_paused_service(c, i);
        return 0;
}

/* The record alone does not tell: a run may have been killed between giving back and writing that down. */
static bool service_stays_paused(const struct checking *c, size_t index)
{
        const struct step step = {STEP_RESUME_SERVICE, index};
        const struct service *service = swarm_service_by_id(&c->swarm, c->plan->pauses.items[index].id);

        return service && service->replicas == 0 && c->plan->pauses.items[index].replicas &&
               pause_is_held(&c->move, &step);
}

static bool unit_stays_paused(struct checking *c, size_t index)
{
        const struct step step = {STEP_RESUME_UNIT, index};
        _cleanup_unit_state_ struct unit_state state = {0};

        if (!pause_is_held(&c->move, &step))
                return false;
        return (!c->move.units && units_open(&c->move.units, NULL) < 0) ||
               unit_look(c->move.units, c->plan->pause_units.items[index], &state, NULL) < 0 ||
               !text_equal(state.active_state, "active");
}

static void add_resumed(struct checking *c, char *subject, bool paused)
{
        check_add(
                c, paused ? CHECK_FAIL : CHECK_PASS, subject, text_copy("is not paused any more"),
                text_copy(paused ? "is paused by the move: the same `headroom apply` gives it back" : "so"));
}

/* A run that was killed has left what it paused to the next one; until then somebody has to know. */
int check_given_back(struct checking *c, _unused_ struct error *error)
{
        if (!c->move.folder)
                return 0;
        for (size_t i = 0; i < c->plan->pauses.count; i++)
                add_resumed(c, text_format("service %s", c->plan->pauses.items[i].name),
                            service_stays_paused(c, i));
        for (size_t i = 0; c->move.here && i < c->plan->pause_units.count; i++)
                add_resumed(c, text_format("unit %s", c->plan->pause_units.items[i]),
                            unit_stays_paused(c, i));
        return 0;
}

/* Pages */

int check_pages(struct checking *c, struct error *error)
{
        return pages_check(c->plan, &c->swarm, c->phase,
                           c->phase == CHECK_AFTER ? PAGES_PATIENCE_AFTER_MS : PAGES_PATIENCE_BEFORE_MS,
                           &c->points, error);
}

/* The engine's log */

/* NET's pool of before the move may go on refusing until its services have left it, also where nobody could
 * tell yet. */
static bool is_of_old_pool(const struct checking *c, const struct sighting *sighting)
{
        if (sighting->signature->subject == SUBJECT_NETWORK)
                return text_equal(sighting->subject, c->plan->network_id);
        for_each_planned (planned, c->plan)
                if (planned->stuck)
                        return true;
        return c->plan->refusing;
}

/*
 * What a move itself brings about in it: clean-up that meets clean-up, and what a pool that was exhausted
 * when this was planned goes on refusing until its services have left it - or, undone, refuses again.
 */
static bool is_expected(const struct checking *c, const struct sighting *sighting, int64_t ended_ms)
{
        bool during = sighting->last_ms <= ended_ms;
        bool undone = c->plan->refusing && c->move.goal == GOAL_OLD;

        if (sighting->signature->finding == FINDING_LOG_SYMPTOM)
                return during || undone;
        return sighting->signature->finding == FINDING_LOG_REFUSED &&
               (undone || (during && is_of_old_pool(c, sighting)));
}

/* Clean-ups meet whenever a task ends, long after the move, too: a symptom alone says nothing about it. */
static enum check_result judge_sighting(const struct sighting *sighting, bool expected)
{
        if (expected)
                return CHECK_PASS;
        return sighting->signature->finding == FINDING_LOG_SYMPTOM ? CHECK_UNKNOWN : CHECK_FAIL;
}

static void add_sighting(struct checking *c, const struct sighting *sighting, int64_t ended_ms)
{
        const struct signature *signature = sighting->signature;
        bool expected = is_expected(c, sighting, ended_ms);

        check_add(c, judge_sighting(sighting, expected), text_copy("the engine's log"),
                  text_copy("no allocation error since the start but those a move brings about"),
                  text_format("\"%s\" %" PRIu64 " times%s: %s", signature->text, sighting->count,
                              expected ? ", expected" : "", signature->meaning));
}

static int read_log(struct checking *c, int64_t since_ms, struct sightings *sightings,
                    struct log_reach *reach, struct error *error)
{
        if (c->options->log)
                return log_read_file(c->options->log, since_ms, sightings_take, sightings, reach, error);
        return log_read_journal(NULL, since_ms, sightings_take, sightings, reach, error);
}

int check_log(struct checking *c, _unused_ struct error *error)
{
        _cleanup_sightings_ struct sightings sightings = {0};
        _cleanup_error_ struct error told = {0};
        struct log_reach reach = {0};
        int64_t started_ms = c->plan->created_ms;
        int64_t ended_ms = INT64_MAX;

        if (c->move.folder)
                journal_times(c->move.folder, &started_ms, &ended_ms);
        if (read_log(c, started_ms, &sightings, &reach, &told) < 0 || !reach.entries) {
                check_add(c, CHECK_UNKNOWN, text_copy("the engine's log"),
                          text_copy("no allocation error since the start"),
                          text_copy(told.sentence
                                            ? told.sentence
                                            : "no line of the engine since then can be seen from here"));
                return 0;
        }
        for (size_t i = 0; i < sightings.items.count; i++)
                add_sighting(c, &sightings.items.items[i], ended_ms);
        if (!sightings.items.count)
                check_add(c, CHECK_PASS, text_copy("the engine's log"),
                          text_copy("no allocation error since the start"),
                          text_format("none in %" PRIu64 " lines", reach.entries));
        return 0;
}
