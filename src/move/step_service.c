#include "move/look.h"
#include "move/plan_service.h"

#include <inttypes.h>

/*
 * A service's hop is one update that changes one ID in its spec. Whether it has settled is read from its
 * tasks: all that are meant to run do run on the new network, and none that is not past running is on the
 * other one.
 */

struct service_look {
        struct swarm swarm;
        struct buffer body;
        struct service *service;
};

static void service_look_done(struct service_look *look)
{
        swarm_done(&look->swarm);
        buffer_done(&look->body);
}

static const struct plan_service *planned_of(const struct move *move, const struct step *step)
{
        return &move->plan->services.items[step->index];
}

static int look_at(struct move *move, const struct plan_service *planned, struct service_look *look,
                   struct error *error)
{
        _cleanup_error_ struct error told = {0};

        swarm_init(&look->swarm);
        if (look_service_model(move->engine, planned->id, &look->swarm, &look->body, &told) < 0) {
                if (told.kind != ERROR_NOT_FOUND)
                        return error_move(error, &told);
                return error_set(error, ERROR_CONFLICT,
                                 "service %s was removed by somebody else since it was planned. Run the same "
                                 "command with --adopt to go on without it",
                                 planned->name);
        }
        look->service = &look->swarm.services.items[0];
        if (plan_service_refuse_changed(move, planned, &look->body, &told) < 0) {
                if (told.kind != ERROR_CONFLICT)
                        return error_move(error, &told);
                return error_set(error, ERROR_CONFLICT,
                                 "%s. Run the same command with --adopt to go on with it as it is now",
                                 told.sentence);
        }
        return 0;
}

static char *given_up(const struct service *service)
{
        return text_format(
                "the engine gave up updating %s (%s: %s); `docker service ps %s` tells why. Mend it "
                "and run the same command, or go back with --undo",
                service->name, service->update_state,
                service->update_message ? service->update_message : "no message", service->name);
}

/*
 * The engine leaves an update that it gave up where it is, also when what was wrong has been mended: posted
 * again, it is taken up. It then ends the old task of each slot that has a new one, whether that runs or not,
 * so all new ones must.
 */
static bool may_be_taken_up(const struct swarm *swarm, const char *on_id)
{
        for_each_task (task, swarm)
                if (task->desired <= TASK_RUNNING && task->state != TASK_RUNNING && task_on(task, on_id))
                        return false;
        return true;
}

/*
 * Whether the engine may still take the service back to the network that it leaves, which must not go before:
 * its update goes on, or has not begun to make a task.
 */
static bool may_go_back(const struct swarm *swarm, const struct service *service, const char *on_id)
{
        bool wanted = false;

        if (!text_equal(service->update_failure_action, "rollback"))
                return false;
        if (service->update_state)
                return text_equal(service->update_state, "updating");
        for_each_task (task, swarm) {
                if (task_on(task, on_id))
                        return false;
                wanted = wanted || task->desired <= TASK_RUNNING;
        }
        return wanted;
}

/* Tasks that end, and are not followed by others, by the service's own restart policy. */
static char *missing_tasks(const struct service *service, uint64_t running, uint64_t wanted, uint64_t live)
{
        char *text = text_format("%" PRIu64 " of %" PRIu64 " tasks to run", wanted - running, wanted);

        if (live >= wanted || text_equal(service->update_state, "updating"))
                return text;
        char *advice =
                text_format("%s (the others have ended, and the engine starts none for them: `docker service "
                            "update --force %s` does, and then the same command with --adopt goes on)",
                            text, service->name);
        free(text);
        return advice;
}

/*
 * NULL when the service has settled on the network, else what is being waited for. A task in New does not say
 * which network it is for. One too many is of the network that is left, and would take the first address that
 * the others give back. But if all run on this network, and one more finds no node, that one is of somebody's
 * own update, which may wait for ever (start-first, with a port of the host).
 */
static char *unsettled(const struct swarm *swarm, const struct service *service, const char *on_id,
                       const char *off_id, bool must_run)
{
        uint64_t running = 0;
        uint64_t wanted = 0;
        uint64_t meant = 0;
        uint64_t live = 0;
        bool homeless = false;

        for_each_task (task, swarm) {
                if (off_id && task_holds_address_on(task, off_id))
                        return text_format("its old task to end (%s)", task_state_name(task->state));
                live += task->desired <= TASK_RUNNING && task->state <= TASK_RUNNING;
                meant += task->desired == TASK_RUNNING && task->state <= TASK_RUNNING;
                homeless = homeless || (task->desired == TASK_RUNNING && task->state == TASK_PENDING &&
                                        task_on(task, on_id));
                if (task->desired != TASK_RUNNING || !task_holds_addresses(task))
                        continue;
                wanted++;
                running += task->state == TASK_RUNNING && task_on(task, on_id);
        }
        wanted = service->mode == SERVICE_REPLICATED ? service->replicas
                                                     : wanted + plan_service_ended(swarm, service);
        if (must_run && running < wanted)
                return missing_tasks(service, running, wanted, live);
        if (service->mode == SERVICE_REPLICATED && meant > wanted)
                return homeless && running >= wanted ? NULL : text_copy("its old task to end (new)");
        if ((must_run && text_equal(service->update_state, "updating")) || may_go_back(swarm, service, on_id))
                return text_copy("the engine to call the update complete");
        return NULL;
}

/* Those that did not run when they were planned are not waited for, but for those the exhausted pool kept
 * down. */
static bool must_run(const struct move *move, const struct plan_service *planned)
{
        bool freed = move->plan->refusing && (move->goal == GOAL_NEW || move->net != NET_OLD);

        return planned->complete || (planned->stuck && freed);
}

static int look_settled(struct move *move, const struct plan_service *planned, struct service_look *look,
                        const char *on_id, const char *off_id, enum level *ret_level, char **ret_waiting,
                        struct error *error)
{
        if (look_tasks_of(move->engine, planned->id, &look->swarm, error) < 0)
                return -1;
        char *waiting = unsettled(&look->swarm, look->service, on_id, off_id, must_run(move, planned));
        *ret_level = waiting ? LEVEL_WAIT : LEVEL_DONE;
        if (waiting && plan_service_update_failed(look->service)) {
                free(waiting);
                waiting = given_up(look->service);
                *ret_level = LEVEL_TODO;
        }
        *ret_waiting = waiting;
        if (*ret_level == LEVEL_TODO && !may_be_taken_up(&look->swarm, on_id))
                return error_set(error, ERROR_FAILED, "%s", waiting);
        return 0;
}

/* Both directions: off the one network, on the other. */
int look_service_hop(struct move *move, const struct step *step, enum level *ret_level, char **ret_waiting,
                     struct error *error)
{
        _cleanup_(service_look_done) struct service_look look = {0};
        const struct plan_service *planned = planned_of(move, step);
        bool to_net = step_is_to_net(step);
        const char *on_id = to_net ? move->net_id : move->hop_id;
        const char *off_id = to_net ? move->hop_id : move->net_id;

        *ret_level = LEVEL_DONE;
        if (to_net ? !move_net_at_goal(move) : !move_leaving(move))
                return 0;
        if (look_at(move, planned, &look, error) < 0)
                return -1;
        if (on_id && service_on(look.service, on_id))
                return look_settled(move, planned, &look, on_id, off_id, ret_level, ret_waiting, error);
        if (!off_id || !service_on(look.service, off_id))
                return error_set(error, ERROR_CONFLICT,
                                 "service %s is neither on %s nor on the hop any more: somebody else took it "
                                 "off. Run the same command with --adopt to go on without it",
                                 planned->name, move->plan->network);
        *ret_level = LEVEL_TODO;
        *ret_waiting = plan_service_update_failed(look.service)
                               ? text_format("its update, which ended in %s", look.service->update_state)
                               : NULL;
        return 0;
}

static int post_update(struct move *move, const struct service_look *look, const struct buffer *spec,
                       struct error *error)
{
        _cleanup_free_ char *path = text_format("/services/%s/update?version=%" PRIu64, look->service->id,
                                                look->service->version);
        _cleanup_buffer_ struct buffer answer = {0};

        return engine_post(move->engine, path, spec->bytes, &answer, error);
}

int act_service_hop(struct move *move, const struct step *step, struct error *error)
{
        _cleanup_(service_look_done) struct service_look look = {0};
        _cleanup_buffer_ struct buffer spec = {0};
        const struct plan_service *planned = planned_of(move, step);
        bool to_net = step_is_to_net(step);
        const char *from = to_net ? move->hop_id : move->net_id;
        const char *to = to_net ? move->net_id : move->hop_id;

        if (look_at(move, planned, &look, error) < 0)
                return -1;
        if (spec_build(&look.body, from, to, &planned->edits, to_net ? EDITS_BACK : EDITS_AWAY, &spec,
                       error) < 0)
                return error_while(error, "changing the spec of %s", planned->name);
        return post_update(move, &look, &spec, error);
}

static int build_restored(const struct plan_service *planned, const struct service_look *look,
                          struct buffer *ret_spec, bool *ret_same, struct error *error)
{
        _cleanup_buffer_ struct buffer now = {0};

        if (spec_build(&look->body, NULL, NULL, &planned->edits, EDITS_NONE, ret_spec, error) < 0 ||
            spec_build(&look->body, NULL, NULL, NULL, EDITS_NONE, &now, error) < 0)
                return error_while(error, "restoring the settings of %s", planned->name);
        *ret_same = now.length == ret_spec->length && memcmp(now.bytes, ret_spec->bytes, now.length) == 0;
        return 0;
}

int look_settings(struct move *move, const struct step *step, enum level *ret_level,
                  _unused_ char **ret_waiting, struct error *error)
{
        _cleanup_(service_look_done) struct service_look look = {0};
        _cleanup_buffer_ struct buffer restored = {0};
        const struct plan_service *planned = planned_of(move, step);
        bool same = false;

        *ret_level = LEVEL_DONE;
        if (!move_net_at_goal(move))
                return 0;
        if (look_at(move, planned, &look, error) < 0 ||
            build_restored(planned, &look, &restored, &same, error) < 0)
                return -1;
        if (!same)
                *ret_level = LEVEL_TODO;
        return 0;
}

int settings_give_back(struct move *move, const struct plan_service *planned, struct error *error)
{
        _cleanup_(service_look_done) struct service_look look = {0};
        _cleanup_buffer_ struct buffer restored = {0};
        bool same = false;

        if (look_at(move, planned, &look, error) < 0 ||
            build_restored(planned, &look, &restored, &same, error) < 0)
                return -1;
        return same ? 0 : post_update(move, &look, &restored, error);
}

int act_settings(struct move *move, const struct step *step, struct error *error)
{
        return settings_give_back(move, planned_of(move, step), error);
}
