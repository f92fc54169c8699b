#include "sim/scenario/check.h"

/* Nodes, and the order of all checks. */

const struct scenario_node *scenario_node_find(const struct scenario *scenario, const char *name)
{
        for (size_t i = 0; i < scenario->nodes.count; i++)
                if (text_equal(scenario->nodes.items[i].name, name))
                        return &scenario->nodes.items[i];
        return NULL;
}

static int check_managers(struct scenario_check *check)
{
        const struct scenario *scenario = check->scenario;
        const struct scenario_node *first = &scenario->nodes.items[0];
        unsigned managers = 0;
        unsigned up = 0;

        if (!first->manager || first->down)
                return scenario_refuse(scenario, first->line, check->error,
                                       "%s is the first node, which leads: it has to be %s", first->name,
                                       first->down ? "up" : "a manager");
        for (size_t i = 0; i < scenario->nodes.count; i++) {
                managers += scenario->nodes.items[i].manager;
                up += scenario->nodes.items[i].manager && !scenario->nodes.items[i].down;
        }
        if (2 * up <= managers)
                return scenario_refuse(scenario, first->line, check->error,
                                       "%u of %u managers are up, which is not more than half: nobody could "
                                       "lead",
                                       up, managers);
        return 0;
}

int scenario_check_nodes(struct scenario_check *check)
{
        const struct scenario *scenario = check->scenario;

        for (size_t i = 0; i < scenario->nodes.count; i++) {
                const struct scenario_node *node = &scenario->nodes.items[i];
                const struct scenario_node *first = scenario_node_find(scenario, node->name);
                if (first != node)
                        return scenario_refuse(scenario, node->line, check->error,
                                               "a second node is named %s, after line %u", node->name,
                                               first->line);
                check->active_nodes += !node->down && (node->availability == NODE_AVAILABILITY_DEFAULT ||
                                                       node->availability == NODE_ACTIVE);
        }
        return check_managers(check);
}

static int check_pool(struct scenario_check *check)
{
        const struct scenario *scenario = check->scenario;
        char text[PREFIX_TEXT_SIZE];

        prefix_format(scenario->pool_range, text);
        if (scenario->pool_size < scenario->pool_range.length_bits)
                return scenario_refuse(scenario, scenario->line, check->error,
                                       "the pool %s is smaller than the /%u that it is to be cut into", text,
                                       (unsigned)scenario->pool_size);
        return 0;
}

int scenario_check_all(const struct scenario *scenario, struct roster *roster, struct error *error)
{
        static int (*const checks[])(struct scenario_check *) = {
                check_pool,
                scenario_check_nodes,
                scenario_check_networks,
                scenario_check_services,
                scenario_check_ports,
                scenario_check_containers,
                scenario_check_room,
                scenario_check_events,
        };
        struct scenario_check check = {scenario, roster, 0, error};

        for (size_t i = 0; i < ELEMENTS(checks); i++)
                if (checks[i](&check) < 0)
                        return -1;
        return 0;
}
