#include "sim/forecast/stack.h"

#include "sim/forecast/client.h"

#define LOOK_MS 250 /* who waits for tasks looks as often at first, and less often the longer it takes */

static void add_service_name(struct buffer *out, const struct stack *stack,
                             const struct workload_service *service)
{
        buffer_format(out, "%s-%llu_%s", stack->shape->name, (unsigned long long)stack->number,
                      service->name);
}

static void add_network_name(struct buffer *out, const struct stack *stack, size_t network)
{
        buffer_format(out, "%s-%llu_%s", stack->shape->name, (unsigned long long)stack->number,
                      stack->shape->networks.items[network]);
}

static char *image_name(const struct workload_stack *shape, const struct workload_service *service)
{
        return text_format("%s/%s", shape->name, service->name);
}

void stack_models(struct sim *sim, const struct workload *workload)
{
        for (size_t i = 0; i < workload->stacks.count; i++) {
                const struct workload_stack *shape = &workload->stacks.items[i];
                for (size_t j = 0; j < shape->services.count; j++) {
                        const struct workload_service *service = &shape->services.items[j];
                        _cleanup_free_ char *image = image_name(shape, service);
                        sim_model_image(sim, image,
                                        &(struct sim_model){.start_ms = service->starts_ms,
                                                            .stop_ms = service->stops_ms});
                }
        }
}

/* Names of networks that the snapshot has may need quoting, those of the workload don't. */
static void add_target(struct buffer *out, const struct stack *stack, const struct workload_join *join)
{
        if (join->own)
                add_network_name(out, stack, join->index);
        else
                buffer_add_text(out, stack->workload->shared.items[join->index].name);
}

/* As a client posts it. The number of redeploys makes another task of it. */
static void add_spec(struct buffer *out, const struct stack *stack, const struct workload_service *service)
{
        _cleanup_free_ char *image = image_name(stack->shape, service);

        buffer_add_text(out, "{\"Name\":\"");
        add_service_name(out, stack, service);
        buffer_format(out,
                      "\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"%s\",\"StopGracePeriod\":%lld},"
                      "\"Placement\":{},\"ForceUpdate\":%u,\"Networks\":[",
                      image, (long long)service->grace_ms * 1000000, stack->redeploys);
        for (size_t i = 0; i < service->networks.count; i++) {
                buffer_add_text(out, i ? ",{\"Target\":\"" : "{\"Target\":\"");
                add_target(out, stack, &service->networks.items[i]);
                buffer_add_text(out, "\"}");
        }
        if (service->global)
                buffer_add_text(out, "]},\"Mode\":{\"Global\":{}}");
        else
                buffer_format(out, "]},\"Mode\":{\"Replicated\":{\"Replicas\":%llu}}",
                              (unsigned long long)service->replicas);
        buffer_format(out, ",\"UpdateConfig\":{\"Parallelism\":1,\"Order\":\"%s\"}",
                      service->start_first ? "start-first" : "stop-first");
        buffer_format(out, ",\"EndpointSpec\":{\"Mode\":\"%s\",\"Ports\":[%s]}}",
                      service->dnsrr ? "dnsrr" : "vip",
                      service->ports == PORTS_NONE      ? ""
                      : service->ports == PORTS_INGRESS ? "{\"Protocol\":\"tcp\",\"TargetPort\":80,"
                                                          "\"PublishMode\":\"ingress\"}"
                                                        : "{\"Protocol\":\"tcp\",\"TargetPort\":80,"
                                                          "\"PublishMode\":\"host\"}");
}

static bool create_network(struct sim *sim, const struct stack *stack, size_t network)
{
        _cleanup_buffer_ struct buffer body = {0};

        buffer_add_text(&body, "{\"Name\":\"");
        add_network_name(&body, stack, network);
        buffer_add_text(&body, "\",\"Driver\":\"overlay\"}");
        return client_done(sim, "POST", "/networks/create", buffer_text(&body));
}

size_t stack_deploy(struct sim *sim, const struct stack *stack)
{
        size_t refused = 0;

        for (size_t i = 0; i < stack->shape->networks.count; i++)
                if (workload_network_counts(stack->shape, i))
                        refused += !create_network(sim, stack, i);
        for (size_t i = 0; i < stack->shape->services.count; i++) {
                _cleanup_buffer_ struct buffer body = {0};
                if (!stack->shape->services.items[i].shares)
                        continue;
                add_spec(&body, stack, &stack->shape->services.items[i]);
                refused += !client_done(sim, "POST", "/services/create", buffer_text(&body));
        }
        return refused;
}

/* Redeploying */

static bool update_service(struct sim *sim, const struct stack *stack, const struct workload_service *service)
{
        static const char version_key[] = "\"Index\":";
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_buffer_ struct buffer path = {0};
        _cleanup_free_ char *found = NULL;

        buffer_add_text(&path, "/services/");
        add_service_name(&path, stack, service);
        if (client_ask(sim, "GET", buffer_text(&path), NULL, &found) != 200)
                return false;
        const char *version = strstr(found, version_key);
        version = version ? version + strlen(version_key) : "";
        buffer_format(&path, "/update?version=%.*s", (int)strspn(version, "0123456789"), version);
        add_spec(&body, stack, service);
        return client_done(sim, "POST", buffer_text(&path), buffer_text(&body));
}

size_t stack_redeploy(struct sim *sim, struct stack *stack)
{
        size_t refused = 0;

        stack->redeploys++;
        for (size_t i = 0; i < stack->shape->services.count; i++)
                if (stack->shape->services.items[i].shares)
                        refused += !update_service(sim, stack, &stack->shape->services.items[i]);
        return refused;
}

/* Removing */

size_t stack_remove_services(struct sim *sim, struct stack *stack)
{
        size_t refused = 0;

        for (size_t i = 0; i < stack->shape->services.count; i++) {
                _cleanup_buffer_ struct buffer path = {0};
                if (!stack->shape->services.items[i].shares)
                        continue;
                buffer_add_text(&path, "/services/");
                add_service_name(&path, stack, &stack->shape->services.items[i]);
                refused += !client_done(sim, "DELETE", buffer_text(&path), NULL);
        }
        stack->held_since_ms = sim_now_ms(sim);
        return refused;
}

static bool may_go(struct sim *sim, const struct stack *stack, enum workload_removal removal,
                   const char *network)
{
        if (removal == REMOVED_STACK_RM ||
            (removal == REMOVED_GATE && sim_now_ms(sim) - stack->held_since_ms >= GATE_BOUND_MS))
                return true;
        return sim_network_live(sim, network) == 0;
}

/* False when it has to be waited with. */
static bool remove_network(struct sim *sim, struct stack *stack, enum workload_removal removal,
                           size_t *refused)
{
        _cleanup_buffer_ struct buffer path = {0};

        if (!workload_network_counts(stack->shape, stack->removed_networks))
                return true;
        buffer_add_text(&path, "/networks/");
        add_network_name(&path, stack, stack->removed_networks);
        if (!may_go(sim, stack, removal, buffer_text(&path) + strlen("/networks/")))
                return false;
        *refused += !client_done(sim, "DELETE", buffer_text(&path), NULL);
        stack->held_since_ms = sim_now_ms(sim);
        return true;
}

bool stack_remove_networks(struct sim *sim, struct stack *stack, enum workload_removal removal,
                           int64_t *ret_wait_ms, size_t *ret_refused)
{
        *ret_refused = 0;
        for (; stack->removed_networks < stack->shape->networks.count; stack->removed_networks++) {
                if (remove_network(sim, stack, removal, ret_refused))
                        continue;
                *ret_wait_ms = MAX(LOOK_MS, (sim_now_ms(sim) - stack->held_since_ms) / 8);
                return false;
        }
        return true;
}
