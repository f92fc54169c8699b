#include "sim/forecast/forecast.h"

#include "sim/forecast/quantity.h"
#include "sim/forecast/stack.h"

/*
 * Leaks in closed form, beside the simulation: every removal of a stack leaks one address per task on each
 * network that stays, if the task was also on one that goes (docs/engine-notes.md).
 */

#define UNBIND_MS 2000 /* from the removal of a service to its tasks' SIGTERM */

static bool is_on(const struct workload *workload, const struct workload_service *service, const char *pool)
{
        if (!pool)
                return service->ports == PORTS_INGRESS;
        for (size_t i = 0; i < service->networks.count; i++) {
                const struct workload_join *join = &service->networks.items[i];
                if (!join->own && text_equal(workload->shared.items[join->index].name, pool))
                        return true;
        }
        return false;
}

static bool loses_a_network(const struct workload_service *service)
{
        for (size_t i = 0; i < service->networks.count; i++)
                if (service->networks.items[i].own)
                        return true;
        return false;
}

/* A gate that has to let go before the tasks have ended prevents nothing. */
static bool leaks(const struct workload_stack *stack, const struct workload_service *service, bool held)
{
        bool by_gate = stack->removal == REMOVED_GATE || (held && stack->removal == REMOVED_STACK_RM);
        int64_t ends_ms = UNBIND_MS + MIN(service->stops_ms, service->grace_ms);

        if (stack->removal == REMOVED_NEVER || stack->removal == REMOVED_IN_ORDER)
                return false;
        return loses_a_network(service) && (!by_gate || ends_ms > GATE_BOUND_MS);
}

/* Of those that were deployed in that time, how many are removed in it. */
static double removed_share(const struct workload_stack *stack, int64_t duration_ms)
{
        double life_ms = (double)(stack->lives_min_ms + stack->lives_max_ms) / 2;

        return duration_ms <= 0 ? 0 : MAX(1 - life_ms / (double)duration_ms, 0);
}

double reckon_leaks_a_day(const struct workload *workload, const char *pool, size_t nodes, bool held,
                          int64_t duration_ms)
{
        double sum = 0;

        for (size_t i = 0; i < workload->stacks.count; i++) {
                const struct workload_stack *stack = &workload->stacks.items[i];
                uint64_t tasks = 0;
                for (size_t j = 0; j < stack->services.count; j++) {
                        const struct workload_service *service = &stack->services.items[j];
                        if (is_on(workload, service, pool) && leaks(stack, service, held))
                                tasks += service->global ? nodes : service->replicas;
                }
                sum += stack->deploys_a_day * (double)tasks * removed_share(stack, duration_ms);
        }
        return sum;
}
