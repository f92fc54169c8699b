#include "move/deed.h"
#include "move/look.h"
#include "move/move.h"
#include "move/plan_service.h"

#include <inttypes.h>

/*
 * Services that make work have no tasks for the time of a move. What is changed is one number of their spec,
 * and the plan says what it was; so both directions are levels, as any other step of the swarm is. While work
 * remains they are kept at 0; when the move is over, or the run ends early, they get their number back - if
 * it was a move that put them to 0, which a deed on this host says, or the hop that was there when the run
 * began.
 */

#define REPLICAS_PATH "Mode/Replicated/Replicas"

struct pause_look {
        struct swarm swarm;
        struct buffer body;
        struct service *service;
};

static void pause_look_done(struct pause_look *look)
{
        swarm_done(&look->swarm);
        buffer_done(&look->body);
}

static int look_at(struct move *move, const struct plan_pause *pause, struct pause_look *look,
                   struct error *error)
{
        _cleanup_error_ struct error told = {0};

        swarm_init(&look->swarm);
        if (look_service_model(move->engine, pause->id, &look->swarm, &look->body, &told) < 0) {
                if (told.kind != ERROR_NOT_FOUND)
                        return error_move(error, &told);
                return 0; /* removed since: nothing is left to pause or to restore */
        }
        look->service = &look->swarm.services.items[0];
        return 0;
}

static const struct plan_pause *pause_of(const struct move *move, const struct step *step)
{
        return &move->plan->pauses.items[step->index];
}

static int count_running(struct move *move, struct pause_look *look, uint64_t *ret_running,
                         uint64_t *ret_there, struct error *error)
{
        if (look_tasks_of(move->engine, look->service->id, &look->swarm, error) < 0)
                return -1;
        *ret_running = *ret_there = 0;
        for_each_task (task, &look->swarm) {
                *ret_there += task_holds_addresses(task) && task->state != TASK_NEW;
                *ret_running += task->state == TASK_RUNNING && task->desired == TASK_RUNNING;
        }
        return 0;
}

int look_pause_service(struct move *move, const struct step *step, enum level *ret_level, char **ret_waiting,
                       struct error *error)
{
        _cleanup_(pause_look_done) struct pause_look look = {0};
        const struct plan_pause *pause = pause_of(move, step);
        uint64_t running;
        uint64_t there;

        *ret_level = LEVEL_DONE;
        if (!move_has_work(move) || pause->replicas == 0)
                return 0;
        if (look_at(move, pause, &look, error) < 0)
                return -1;
        if (!look.service)
                return 0;
        if (look.service->replicas != 0) {
                *ret_level = LEVEL_TODO;
                return 0;
        }
        if (count_running(move, &look, &running, &there, error) < 0)
                return -1;
        if (there) {
                *ret_level = LEVEL_WAIT;
                *ret_waiting = text_format("%" PRIu64 " of its tasks to end", there);
        }
        return 0;
}

/*
 * In the middle of a move nothing is waited for, nor tasks that could not run before; and in a pool that
 * refuses, whoever waited in New has taken the address that a paused task gave up.
 */
static bool is_expected_to_run(const struct move *move, const struct plan_pause *pause)
{
        if (move_has_work(move))
                return false;
        for_each_planned (planned, move->plan)
                if (text_equal(planned->id, pause->id))
                        return planned->complete && !(move->plan->refusing && move->goal == GOAL_OLD);
        return true;
}

char *pause_deed(const struct move *move, const struct step *step)
{
        if (step->kind == STEP_PAUSE_UNIT || step->kind == STEP_RESUME_UNIT)
                return text_format("pause-unit-%s", move->plan->pause_units.items[step->index]);
        return text_format("pause-service-%s", pause_of(move, step)->id);
}

/* What a move has done to the service: paused it, or paused it and given it back, or nothing. */
static int read_deed(const struct move *move, const struct step *step, struct deed *ret_deed,
                     struct error *error)
{
        _cleanup_free_ char *name = pause_deed(move, step);

        if (deed_read(move->folder, name, ret_deed, error) < 0)
                return -1;
        if (ret_deed->state == DEED_NONE && move->resumes && step->kind == STEP_RESUME_SERVICE)
                ret_deed->state = DEED_BEGUN;
        return 0;
}

bool pause_is_recorded(const struct move *move, const char *service_id)
{
        for (size_t i = 0; i < move->plan->pauses.count; i++) {
                const struct step step = {STEP_RESUME_SERVICE, i};
                _cleanup_deed_ struct deed deed = {0};
                if (text_equal(move->plan->pauses.items[i].id, service_id))
                        return move->folder && read_deed(move, &step, &deed, NULL) == 0 &&
                               deed.state != DEED_NONE;
        }
        return false;
}

bool pause_is_held(const struct move *move, const struct step *step)
{
        _cleanup_deed_ struct deed deed = {0};

        return read_deed(move, step, &deed, NULL) < 0 || deed.state == DEED_BEGUN;
}

int look_resume_service(struct move *move, const struct step *step, enum level *ret_level, char **ret_waiting,
                        struct error *error)
{
        _cleanup_(pause_look_done) struct pause_look look = {0};
        const struct plan_pause *pause = pause_of(move, step);
        uint64_t running;
        uint64_t there;

        _cleanup_deed_ struct deed deed = {0};

        *ret_level = LEVEL_DONE;
        if (read_deed(move, step, &deed, error) < 0)
                return -1;
        if (deed.state == DEED_NONE || pause->replicas == 0)
                return 0;
        if (look_at(move, pause, &look, error) < 0)
                return -1;
        if (!look.service)
                return 0;
        if (look.service->replicas == 0) {
                *ret_level = deed.state == DEED_BEGUN ? LEVEL_TODO : LEVEL_DONE;
                return 0;
        }
        if (count_running(move, &look, &running, &there, error) < 0)
                return -1;
        if (running < look.service->replicas && is_expected_to_run(move, pause)) {
                *ret_level = LEVEL_WAIT;
                *ret_waiting = text_format("%" PRIu64 " of %" PRIu64 " tasks to run",
                                           look.service->replicas - running, look.service->replicas);
        }
        return 0;
}

struct spec_edit pause_edit(const struct plan_pause *pause)
{
        return (struct spec_edit){.path = text_copy(REPLICAS_PATH),
                                  .original = text_format("%" PRIu64, pause->replicas),
                                  .edited = text_copy("0"),
                                  .until = EDIT_UNTIL_END};
}

static int post_replicas(struct move *move, const struct plan_pause *pause, enum edits_wanted wanted,
                         struct error *error)
{
        _cleanup_(pause_look_done) struct pause_look look = {0};
        _cleanup_(spec_edits_done) struct spec_edits edits = {0};
        _cleanup_buffer_ struct buffer spec = {0};
        _cleanup_buffer_ struct buffer answer = {0};
        _cleanup_free_ char *replicas = NULL;

        if (look_at(move, pause, &look, error) < 0)
                return -1;
        if (!look.service)
                return 0;
        if (spec_member(&look.body, REPLICAS_PATH, &replicas, error) < 0)
                return -1;
        if (!replicas)
                return error_set(error, ERROR_REFUSED, "the spec of %s states no number of tasks",
                                 pause->name);
        *list_add(&edits.items) = pause_edit(pause);
        if (spec_build(&look.body, NULL, NULL, &edits, wanted, &spec, error) < 0)
                return error_while(error, "changing the number of tasks of %s", pause->name);
        _cleanup_free_ char *path =
                text_format("/services/%s/update?version=%" PRIu64, look.service->id, look.service->version);
        return engine_post(move->engine, path, spec.bytes, &answer, error);
}

int act_pause_service(struct move *move, const struct step *step, struct error *error)
{
        const struct plan_pause *pause = pause_of(move, step);
        _cleanup_free_ char *name = pause_deed(move, step);

        if (deed_write(move->folder, name, DEED_BEGUN, move->goal, "", error) < 0)
                return -1;
        return post_replicas(move, pause, EDITS_AWAY, error);
}

int act_resume_service(struct move *move, const struct step *step, struct error *error)
{
        const struct plan_pause *pause = pause_of(move, step);
        _cleanup_error_ struct error told = {0};
        _cleanup_free_ char *name = pause_deed(move, step);

        if (post_replicas(move, pause, EDITS_NONE, error) < 0)
                return -1;
        if (deed_write(move->folder, name, DEED_DONE, move->goal, "", &told) == 0)
                return 0;
        return error_set(error, ERROR_FAILED, "%s was given back, and that can't be recorded: %s",
                         pause->name, told.sentence);
}
