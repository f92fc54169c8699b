#include "sim/scenario/check.h"

/* Services: what they are on, how many tasks they have, and whether those come to rest. */

static int refuse_network(struct scenario_check *check, unsigned line, const char *who, const char *name)
{
        const char *nearest = roster_network_nearest(check->roster, name);

        return scenario_refuse(check->scenario, line, check->error,
                               "%s is on %s, and there is no such network%s%s%s", who, name,
                               nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static int check_join(struct scenario_check *check, const struct roster_service *service, size_t index)
{
        const struct scenario_sketch *sketch = service->sketch;
        bool said = index < sketch->networks.items.count;
        unsigned line = said ? sketch->networks.items.items[index].line : service->line;
        size_t number = roster_join(check->roster, service, index);

        if (number == ROSTER_NONE)
                return refuse_network(check, line, service->name,
                                      sketch->networks.items.items[index].network);
        const struct roster_network *network = &check->roster->networks.items[number];
        if (number == 0)
                return scenario_refuse(check->scenario, line, check->error,
                                       "%s is on ingress by name; it is by publishing a port", service->name);
        if (network_is_local(network))
                return scenario_refuse(check->scenario, line, check->error,
                                       "%s is on %s, a bridge, which services can't use", service->name,
                                       network->name);
        if (network->what->overlap && !sketch->stuck)
                return scenario_refuse(check->scenario, line, check->error,
                                       "%s is on %s, which never gets its addresses (overlap: true): say "
                                       "stuck: true of the service if that is meant",
                                       service->name, network->name);
        for (size_t i = 0; i < index; i++)
                if (roster_join(check->roster, service, i) == number)
                        return scenario_refuse(check->scenario, line, check->error, "%s is on %s twice",
                                               service->name, network->name);
        return 0;
}

static bool publishes_ingress(const struct scenario_sketch *sketch)
{
        for (size_t i = 0; i < sketch->ports.items.count; i++)
                if (sketch->ports.items.items[i].mode != PORT_HOST)
                        return true;
        return false;
}

static void count(struct scenario_check *check, const struct roster_service *service, size_t network)
{
        struct roster_network *on = &check->roster->networks.items[network];

        on->vips += service->sketch->endpoint_mode != ENDPOINT_DNSRR;
        on->tasks += roster_tasks(service, check->active_nodes);
}

static int check_joins(struct scenario_check *check, const struct roster_service *service)
{
        for (size_t i = 0; i < roster_join_count(service); i++) {
                if (check_join(check, service, i) < 0)
                        return -1;
                if (!service->sketch->stuck)
                        count(check, service, roster_join(check->roster, service, i));
        }
        if (!service->sketch->stuck && publishes_ingress(service->sketch))
                count(check, service, 0);
        return 0;
}

/* A crash loop, which nobody can wait for the end of. */
static int check_rest(struct scenario_check *check, const struct roster_service *service)
{
        const struct scenario_sketch *sketch = service->sketch;
        struct sim_model model = scenario_model_of(check->scenario, sketch);
        bool again = sketch->restart != RESTART_NONE &&
                     (model.fails || (model.run_ms && sketch->restart != RESTART_ON_FAILURE && !sketch->job));

        if (!again || check->scenario->settle_ms || sketch->spec || sketch->stuck ||
            roster_tasks(service, check->active_nodes) == 0)
                return 0;
        return scenario_refuse(check->scenario, service->line, check->error,
                               "the swarm never comes to rest: the tasks of %s %s and are made again for "
                               "ever; say restart: none, or settle: how long to let them before it opens",
                               service->name, model.fails ? "fail" : "end");
}

/* Of two keys that say how many tasks there are, one would say nothing. */
static int check_counts(struct scenario_check *check, const struct roster_service *service)
{
        const struct scenario_sketch *sketch = service->sketch;

        if (sketch->global && sketch->job)
                return scenario_refuse(check->scenario, service->line, check->error,
                                       "%s is both global and a job; give the engine's own spec for that",
                                       service->name);
        if (sketch->replicas_said && sketch->global)
                return scenario_refuse(check->scenario, service->line, check->error,
                                       "%s has replicas and is global, which is one task on each node: say "
                                       "one of them",
                                       service->name);
        if (sketch->replicas_said && sketch->job)
                return scenario_refuse(check->scenario, service->line, check->error,
                                       "%s has replicas and is a job: say concurrent, if that is how many of "
                                       "its tasks run at once",
                                       service->name);
        if (sketch->concurrent && !sketch->job && !sketch->spec)
                return scenario_refuse(check->scenario, service->line, check->error,
                                       "%s has concurrent and is no job: say job, or replicas",
                                       service->name);
        return 0;
}

static int check_mode(struct scenario_check *check, const struct roster_service *service)
{
        const struct scenario_sketch *sketch = service->sketch;

        if (check_counts(check, service) < 0)
                return -1;
        if (sketch->endpoint_mode == ENDPOINT_DNSRR && publishes_ingress(sketch))
                return scenario_refuse(check->scenario, service->line, check->error,
                                       "%s is dnsrr and publishes a port on ingress, which the engine "
                                       "refuses; say mode: host of the port",
                                       service->name);
        return 0;
}

int scenario_check_services(struct scenario_check *check)
{
        uint64_t tasks = 0;

        for (size_t i = 0; i < check->roster->services.count; i++) {
                const struct roster_service *service = &check->roster->services.items[i];
                tasks += roster_tasks(service, check->active_nodes);
                if (tasks > SCENARIO_TASKS_MAX)
                        return scenario_refuse(check->scenario, service->line, check->error,
                                               "with %s there are %llu tasks; %d is the limit", service->name,
                                               (unsigned long long)tasks, SCENARIO_TASKS_MAX);
                if (check_mode(check, service) < 0 || check_joins(check, service) < 0 ||
                    check_rest(check, service) < 0)
                        return -1;
        }
        return 0;
}
