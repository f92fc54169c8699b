#include "sim/scenario/read.h"

/*
 * Stacks, as `docker stack deploy` makes them: what stands in one is named STACK_NAME, and labelled with the
 * stack.
 */

struct stack {
        struct scenario *scenario;
        const char *name;
};

static int read_stack_network(const struct yaml *yaml, const struct yaml_node *node, void *userdata,
                              struct error *error)
{
        const struct stack *stack = userdata;

        return read_network(yaml, node, stack->scenario, stack->name, error);
}

static int read_stack_networks(const struct yaml *yaml, const struct yaml_node *node, void *stack,
                               struct error *error)
{
        return field_each(yaml, node, SCENARIO_NETWORKS_MAX, read_stack_network, stack, error);
}

static int read_stack_service(const struct yaml *yaml, const struct yaml_node *node, void *userdata,
                              struct error *error)
{
        const struct stack *stack = userdata;

        return read_service(yaml, node, stack->scenario, stack->name, error);
}

static int read_stack_services(const struct yaml *yaml, const struct yaml_node *node, void *stack,
                               struct error *error)
{
        return field_each(yaml, node, SCENARIO_SERVICES_MAX, read_stack_service, stack, error);
}

const struct field stack_fields[] = {
        {"networks", FIELD_OWN, 0, .read = read_stack_networks},
        {"services", FIELD_OWN, 0, .read = read_stack_services},
        {NULL},
};

/* The network of those that name none; what stands in the file by that name is it. */
static void add_default(struct scenario *scenario, const char *stack, size_t first_network,
                        size_t first_service)
{
        const struct scenario_service *lonely = NULL;

        for (size_t i = first_network; i < scenario->networks.count; i++)
                if (text_equal(scenario->networks.items[i].name, "default"))
                        return;
        for (size_t i = first_service; i < scenario->services.count && !lonely; i++) {
                const struct scenario_service *service = &scenario->services.items[i];
                if (!service->sketch->networks.items.count && !service->sketch->spec)
                        lonely = service;
        }
        if (lonely)
                *list_add(&scenario->networks) = (struct scenario_network){
                        .line = lonely->line, .name = text_copy("default"), .stack = stack};
}

static int read_stack(const struct yaml *yaml, const struct yaml_node *node, void *userdata,
                      struct error *error)
{
        struct scenario *scenario = userdata;
        struct stack stack = {scenario, text_copy(node->key)};
        size_t networks = scenario->networks.count;
        size_t services = scenario->services.count;

        *list_add(&scenario->stacks.items) = (char *)stack.name;
        if (field_require_name(yaml, node, "a stack", node->key, error) < 0)
                return -1;
        if (fields_read(yaml, node, "a stack", stack_fields, &stack, error) < 0)
                return -1;
        add_default(scenario, stack.name, networks, services);
        return 0;
}

int read_stacks(const struct yaml *yaml, const struct yaml_node *node, void *scenario, struct error *error)
{
        return field_each(yaml, node, SCENARIO_SERVICES_MAX, read_stack, scenario, error);
}
