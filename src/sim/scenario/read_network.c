#include "sim/scenario/read.h"

/* Networks, and the addresses that were leaked from them. */

static int read_leaks(const struct yaml *yaml, const struct yaml_node *node, void *member,
                      struct error *error)
{
        struct scenario_leaks *leaks = member;

        if (node->type == YAML_TEXT && text_equal(node->text, "all")) {
                leaks->all = true;
                return 0;
        }
        if (node->type != YAML_LIST)
                return yaml_number(yaml, node, "leaks", 0, UINT32_MAX, &leaks->count, error);
        for_each_yaml (item, node) {
                struct scenario_address *address = list_add(&leaks->addresses);
                address->line = item->line;
                if (field_address(yaml, item, "an item of leaks", &address->address, error) < 0)
                        return -1;
        }
        return 0;
}

#define LEAKS                                                                                                \
        {                                                                                                    \
                "leaks", FIELD_OWN, AT(scenario_network, leaks), .read = read_leaks                          \
        }
#define SUBNET                                                                                               \
        {                                                                                                    \
                "subnet", FIELD_SUBNET, AT(scenario_network, subnet), 8, 30                                  \
        }

const struct field network_fields[] = {
        SUBNET,
        {"gateway", FIELD_ADDRESS, AT(scenario_network, gateway)},
        {"ip_range", FIELD_SUBNET, AT(scenario_network, range), 8, 32},
        {"attachable", FIELD_BOOL, AT(scenario_network, attachable)},
        {"internal", FIELD_BOOL, AT(scenario_network, internal)},
        {"driver", FIELD_CHOICE, AT(scenario_network, driver), .words = scenario_drivers},
        {"labels", FIELD_PAIRS, AT(scenario_network, labels)},
        {"options", FIELD_PAIRS, AT(scenario_network, options)},
        {"overlap", FIELD_BOOL, AT(scenario_network, overlap)},
        LEAKS,
        {NULL},
};

const struct field ingress_fields[] = {SUBNET, LEAKS, {NULL}};

void network_done(struct scenario_network *network)
{
        free(network->name);
        scenario_pairs_done(&network->labels);
        scenario_pairs_done(&network->options);
        free(network->leaks.addresses.items);
}

int read_network(const struct yaml *yaml, const struct yaml_node *node, struct scenario *scenario,
                 const char *stack, struct error *error)
{
        struct scenario_network *network = list_add(&scenario->networks);

        network->line = node->line;
        network->name = text_copy(node->key);
        network->stack = stack;
        if (field_require_name(yaml, node, "a network", node->key, error) < 0)
                return -1;
        return fields_read(yaml, node, "a network", network_fields, network, error);
}

static int read_own(const struct yaml *yaml, const struct yaml_node *node, void *scenario,
                    struct error *error)
{
        return read_network(yaml, node, scenario, NULL, error);
}

int read_networks(const struct yaml *yaml, const struct yaml_node *node, void *scenario, struct error *error)
{
        return field_each(yaml, node, SCENARIO_NETWORKS_MAX, read_own, scenario, error);
}
