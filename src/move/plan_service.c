#include "move/plan_service.h"

#include "base/clock.h"
#include "move/look.h"
#include "move/way.h"

static bool image_has_health_check(struct engine *engine, const char *image)
{
        _cleanup_free_ char *encoded = engine_encode(image ? image : "");
        _cleanup_free_ char *path = text_format("/images/%s/json", encoded);
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_json_ struct json_document *d = NULL;

        /* An image that this node does not have is taken to have none: stop-first is the way that never lies.
         */
        if (engine_get(engine, path, &body, NULL) < 0 ||
            json_parse(buffer_text(&body), body.length, &d, NULL) < 0)
                return false;
        json_node test = json_first(d, json_path(d, json_root(d), "Config", "Healthcheck", "Test", NULL));
        return test != JSON_NONE && !json_text_is(d, test, "NONE");
}

static bool is_last_of_its_node(const struct swarm *swarm, const struct task *task)
{
        for_each_task (other, swarm)
                if (other != task && text_equal(other->service_id, task->service_id) &&
                    text_equal(other->node_id, task->node_id) && other->created_ms >= task->created_ms)
                        return false;
        return true;
}

uint64_t plan_service_ended(const struct swarm *swarm, const struct service *service)
{
        uint64_t count = 0;

        if (service->mode != SERVICE_GLOBAL)
                return 0;
        for_each_task (task, swarm)
                if (text_equal(task->service_id, service->id) && task->node_id &&
                    (task->state == TASK_FAILED || task->state == TASK_REJECTED ||
                     task->state == TASK_COMPLETE) &&
                    is_last_of_its_node(swarm, task))
                        count++;
        return count;
}

bool plan_service_is_complete(const struct swarm *swarm, const struct service *service)
{
        uint64_t running = 0;
        uint64_t wanted = 0;

        for_each_task (task, swarm) {
                if (!text_equal(task->service_id, service->id) || task->desired != TASK_RUNNING)
                        continue;
                wanted++;
                running += task->state == TASK_RUNNING;
        }
        return service->mode == SERVICE_REPLICATED ? running >= service->replicas
                                                   : running == wanted && !plan_service_ended(swarm, service);
}

bool plan_service_update_failed(const struct service *service)
{
        return text_equal(service->update_state, "paused") ||
               text_starts_with(service->update_state, "rollback_");
}

static bool is_stuck(const struct swarm *swarm, const struct service *service)
{
        for_each_task (task, swarm)
                if (text_equal(task->service_id, service->id) && task->state == TASK_NEW &&
                    task->desired <= TASK_RUNNING)
                        return true;
        return false;
}

/*
 * How long the service's container took from its start until the task was called running, which with a health
 * check is when it was healthy; 0 when none of its containers is on this node.
 */
static int64_t measure_ready_ms(struct engine *engine, const struct swarm *swarm,
                                const struct service *service)
{
        for_each_task (task, swarm) {
                _cleanup_buffer_ struct buffer body = {0};
                _cleanup_json_ struct json_document *d = NULL;
                if (!text_equal(task->service_id, service->id) || task->state != TASK_RUNNING ||
                    !task->container_id || !text_equal(task->node_id, swarm->local_node_id))
                        continue;
                if (look_container(engine, task->container_id, &body, NULL) < 0 ||
                    json_parse(buffer_text(&body), body.length, &d, NULL) < 0)
                        continue;
                _cleanup_free_ char *started =
                        json_text(d, json_path(d, json_root(d), "State", "StartedAt", NULL));
                int64_t started_ms = clock_parse(started);
                if (started_ms > 0)
                        return MAX(1, task->state_since_ms - started_ms);
        }
        return 0;
}

int plan_service_make(const struct way_ground *ground, const struct service *service,
                      const struct buffer *body, bool edge, struct plan_service *planned, struct error *error)
{
        _cleanup_buffer_ struct buffer spec = {0};
        bool health = service->health_check ||
                      (!service->health_check_none && image_has_health_check(ground->engine, service->image));

        planned->id = text_copy(service->id);
        planned->name = text_copy(service->name);
        planned->version = service->version;
        planned->edge = edge;
        planned->stuck = is_stuck(ground->swarm, service);
        planned->ready_ms = measure_ready_ms(ground->engine, ground->swarm, service);
        planned->complete = plan_service_is_complete(ground->swarm, service);
        if (spec_build(body, NULL, NULL, NULL, EDITS_NONE, &spec, error) < 0 ||
            spec_digest(spec.bytes, spec.length, ground->plan_id, ground->ids, &planned->parts, error) < 0)
                return error_while(error, "planning service %s", service->name);
        return way_decide(ground, service, body, health, planned, error);
}

/* The IDs that mean "the network this is about"; `ids` has room for four. */
static void networks_of(const struct move *move, const char *ids[4])
{
        size_t count = 0;

        ids[count++] = move->plan->network_id;
        if (move->net_id)
                ids[count++] = move->net_id;
        if (move->hop_id)
                ids[count++] = move->hop_id;
        ids[count] = NULL;
}

/* All that a move may have changed in the service: its edits and its pause. */
static void original_edits(const struct plan *plan, const struct plan_service *planned,
                           struct spec_edits *ret_edits)
{
        for_each_pause (pause, plan)
                if (text_equal(pause->id, planned->id) && pause->replicas)
                        *list_add(&ret_edits->items) = pause_edit(pause);
        for (size_t i = 0; i < planned->edits.items.count; i++) {
                const struct spec_edit *edit = &planned->edits.items.items[i];
                *list_add(&ret_edits->items) =
                        (struct spec_edit){text_copy(edit->path), text_copy(edit->original),
                                           text_copy(edit->edited), edit->until};
        }
}

static int digest_original(const struct move *move, const struct plan_service *planned,
                           const struct buffer *body, struct spec_parts *ret_parts, struct error *error)
{
        const char *ids[4];
        _cleanup_buffer_ struct buffer original = {0};
        _cleanup_(spec_edits_done) struct spec_edits edits = {0};

        networks_of(move, ids);
        original_edits(move->plan, planned, &edits);
        if (spec_build(body, NULL, NULL, &edits, EDITS_NONE, &original, error) < 0)
                return error_while(error, "comparing service %s with the plan", planned->name);
        return spec_digest(original.bytes, original.length, move->plan->id, ids, ret_parts, error);
}

int plan_service_difference(const struct move *move, const struct plan_service *planned,
                            const struct buffer *body, char **ret_difference, struct error *error)
{
        _cleanup_spec_parts_ struct spec_parts parts = {0};
        _cleanup_error_ struct error told = {0};

        *ret_difference = NULL;
        if (digest_original(move, planned, body, &parts, &told) == 0)
                *ret_difference = spec_difference(&planned->parts, &parts);
        else if (told.kind == ERROR_CONFLICT) /* a member that headroom edits */
                *ret_difference = text_copy(told.sentence);
        else
                return error_move(error, &told);
        return 0;
}

int plan_service_refuse_changed(const struct move *move, const struct plan_service *planned,
                                const struct buffer *body, struct error *error)
{
        _cleanup_free_ char *difference = NULL;

        if (plan_service_difference(move, planned, body, &difference, error) < 0)
                return -1;
        if (difference)
                return error_set(error, ERROR_CONFLICT,
                                 "service %s was changed by somebody else since it was planned: %s",
                                 planned->name, difference);
        return 0;
}

bool plan_has_service(const struct plan *plan, const char *id)
{
        for_each_planned (planned, plan)
                if (text_equal(planned->id, id))
                        return true;
        return false;
}

int plan_service_adopt(const struct move *move, struct plan_service *planned, const struct buffer *body,
                       struct error *error)
{
        spec_parts_done(&planned->parts);
        for (size_t i = 0; i < planned->edits.items.count;) {
                struct spec_edits one = {.items = {&planned->edits.items.items[i], 1, 1}};
                _cleanup_buffer_ struct buffer spec = {0};
                if (spec_build(body, NULL, NULL, &one, EDITS_NONE, &spec, NULL) == 0) {
                        i++;
                        continue;
                }
                struct spec_edit *last = &planned->edits.items.items[planned->edits.items.count - 1];
                struct spec_edit overwritten = planned->edits.items.items[i];
                planned->edits.items.items[i] = *last;
                planned->edits.items.count--;
                free(overwritten.path);
                free(overwritten.original);
                free(overwritten.edited);
        }
        return digest_original(move, planned, body, &planned->parts, error);
}

int plan_service_join(const struct move *move, struct plan *plan, struct swarm *swarm,
                      const struct service *service, struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_accounts_ struct accounts accounts = {0};
        const char *ids[4];

        networks_of(move, ids);
        accounts_of(swarm, NULL, &accounts);
        const struct way_ground ground = {move->engine, swarm, &accounts, plan->id, ids, true};
        if (look_service(move->engine, service->id, &body, error) < 0)
                return -1;
        /* Before the edges, which move last. */
        struct plan_service joined = {0};
        if (plan_service_make(&ground, service, &body, false, &joined, error) < 0) {
                plan_service_done(&joined);
                return -1;
        }
        list_add(&plan->services);
        memmove(&plan->services.items[1], &plan->services.items[0],
                (plan->services.count - 1) * sizeof(joined));
        plan->services.items[0] = joined;
        return 0;
}
