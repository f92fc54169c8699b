#include "move/adopt.h"

#include "move/container.h"
#include "move/look.h"
#include "move/plan_service.h"

#include <inttypes.h>

struct adopting {
        struct move *move;
        struct plan *plan;
        const struct run_observer *observer;
        struct swarm swarm;
};

static void adopting_done(struct adopting *adopting)
{
        swarm_done(&adopting->swarm);
}

static void tell(struct adopting *a, const char *format, ...) _printf_(2, 3);
static void tell(struct adopting *a, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        _cleanup_free_ char *text = text_vformat(format, arguments);
        va_end(arguments);
        _cleanup_free_ char *adopted = text_format("adopted: %s", text);
        a->observer->note(a->observer->userdata, adopted);
}

/* Tasks of it still come or go, often by our own doing, and none has failed since it was updated last. */
static bool is_changing(const struct swarm *swarm, const struct service *service)
{
        bool changing = false;

        for_each_task (task, swarm) {
                if (!text_equal(task->service_id, service->id))
                        continue;
                if ((task->state == TASK_FAILED || task->state == TASK_REJECTED) &&
                    task->state_since_ms >= service->updated_ms)
                        return false;
                changing = changing || (task->state <= TASK_RUNNING &&
                                        (task->state != TASK_RUNNING || task->desired != TASK_RUNNING));
        }
        return changing && !plan_service_update_failed(service);
}

/* It is no longer of the move: what that has lent to it is given back at once. */
static int let_go(struct adopting *a, struct plan_service *planned, struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};

        tell(a, "service %s was taken off the network since", planned->name);
        if (!planned->edits.items.count)
                return 0;
        return look_service(a->move->engine, planned->id, &body, error) < 0 ||
                               plan_service_adopt(a->move, planned, &body, error) < 0
                       ? -1
                       : settings_give_back(a->move, planned, error);
}

static int adopt_service(struct adopting *a, struct plan_service *planned, bool *ret_gone,
                         struct error *error)
{
        const struct service *service = swarm_service_by_id(&a->swarm, planned->id);
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_free_ char *difference = NULL;

        *ret_gone = !service || !move_has_service(a->move, service);
        if (!service)
                tell(a, "service %s was removed since", planned->name);
        if (*ret_gone)
                return service ? let_go(a, planned, error) : 0;
        planned->complete = planned->complete &&
                            (plan_service_is_complete(&a->swarm, service) || is_changing(&a->swarm, service));
        if (look_service(a->move->engine, planned->id, &body, error) < 0 ||
            plan_service_difference(a->move, planned, &body, &difference, error) < 0)
                return -1;
        if (!difference)
                return 0;
        tell(a, "service %s was changed since: %s", planned->name, difference);
        return plan_service_adopt(a->move, planned, &body, error);
}

static void drop(struct plan *plan, size_t index)
{
        struct plan_service gone = plan->services.items[index];

        memmove(&plan->services.items[index], &plan->services.items[index + 1],
                (plan->services.count - index - 1) * sizeof(struct plan_service));
        plan->services.count--;
        plan_service_done(&gone);
}

static int adopt_services(struct adopting *a, struct error *error)
{
        for (size_t i = 0; i < a->plan->services.count;) {
                bool gone;
                if (adopt_service(a, &a->plan->services.items[i], &gone, error) < 0)
                        return -1;
                if (gone)
                        drop(a->plan, i);
                else
                        i++;
        }
        return 0;
}

static int adopt_newcomers(struct adopting *a, struct error *error)
{
        for_each_service (service, &a->swarm) {
                if (!move_has_service(a->move, service) || plan_has_service(a->plan, service->id))
                        continue;
                tell(a, "service %s joined %s since", service->name, a->plan->network);
                if (plan_service_join(a->move, a->plan, &a->swarm, service, error) < 0)
                        return -1;
        }
        return 0;
}

static int adopt_containers_of(struct adopting *a, const char *network_id, struct error *error)
{
        const struct network *network;
        size_t known = a->plan->containers.count;

        if (containers_look(a->move->engine, &a->swarm, network_id, &network, error) < 0 ||
            (network && containers_plan(a->move->engine, &a->swarm, network, a->plan, error) < 0))
                return -1;
        for (size_t i = known; network && i < a->plan->containers.count; i++)
                tell(a, "container %s joined %s since", a->plan->containers.items[i].name, network->name);
        return 0;
}

/* Those on a network that is to go. */
static int adopt_containers(struct adopting *a, struct error *error)
{
        if (move_leaving(a->move) && adopt_containers_of(a, a->move->net_id, error) < 0)
                return -1;
        return a->move->hop_id ? adopt_containers_of(a, a->move->hop_id, error) : 0;
}

/* A service that is to be paused gets back, at the end, the number it has now. */
static void adopt_pauses(struct adopting *a)
{
        for_each_pause (pause, a->plan) {
                const struct service *service = swarm_service_by_id(&a->swarm, pause->id);
                if (!service || service->replicas == 0 || service->replicas == pause->replicas)
                        continue;
                tell(a, "service %s was scaled to %" PRIu64 " since", pause->name, service->replicas);
                pause->replicas = service->replicas;
        }
}

int plan_adopt(struct move *move, struct plan *plan, const struct run_observer *observer, struct error *error)
{
        _cleanup_(adopting_done) struct adopting a = {.move = move, .plan = plan, .observer = observer};

        if (survey(move->engine, NULL, &a.swarm, error) < 0 || move_refresh(move, error) < 0)
                return -1;
        adopt_pauses(&a);
        if (adopt_services(&a, error) < 0 || adopt_newcomers(&a, error) < 0)
                return -1;
        return adopt_containers(&a, error);
}

int plan_take_adopted(const char *folder, struct plan *plan, struct error *error)
{
        _cleanup_free_ char *path = text_format("%s/" ADOPTED_PLAN_NAME, folder);
        _cleanup_plan_ struct plan adopted = {0};

        if (access(path, F_OK) < 0)
                return 0;
        if (plan_read(path, &adopted, error) < 0)
                return -1;
        plan_done(plan);
        *plan = adopted;
        adopted = (struct plan){0};
        return 0;
}
