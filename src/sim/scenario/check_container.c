#include "sim/scenario/check.h"

/* Standalone containers, and the addresses that they ask for. */

struct place {
        size_t network;
        uint32_t address;
        unsigned line;
};
struct places {
        LIST(struct place) items;
};

static void places_done(struct places *places)
{
        free(places->items.items);
}

static int compare(const void *a, const void *b)
{
        const struct place *left = a;
        const struct place *right = b;

        if (left->network != right->network)
                return left->network < right->network ? -1 : 1;
        if (left->address != right->address)
                return left->address < right->address ? -1 : 1;
        return (left->line > right->line) - (left->line < right->line);
}

static bool is_given_out(struct scenario_check *check, const struct roster_network *network, uint32_t address)
{
        struct prefix subnet = network_subnet(check->scenario, network);
        uint32_t gateway = network->what->gateway ? network->what->gateway : subnet.address + 1;

        return subnet.length_bits && prefix_contains(subnet, address) && address != subnet.address &&
               address != prefix_last(subnet) && address != gateway;
}

static int check_address(struct scenario_check *check, const struct roster_network *network,
                         const struct scenario_join *join)
{
        char text[ADDRESS_TEXT_SIZE];

        address_format(join->address, text);
        if (!is_given_out(check, network, join->address))
                return scenario_refuse(check->scenario, join->line, check->error,
                                       "%s is no address that %s can give out%s", text, network->name,
                                       network_subnet(check->scenario, network).length_bits
                                               ? ""
                                               : ": it has no subnet in this file");
        for (size_t i = 0; i < network->what->leaks.addresses.count; i++)
                if (network->what->leaks.addresses.items[i].address == join->address)
                        return scenario_refuse(check->scenario, join->line, check->error,
                                               "%s of %s is leaked, and can't be a container's", text,
                                               network->name);
        return 0;
}

static int refuse_network(struct scenario_check *check, const struct scenario_container *container,
                          const struct scenario_join *join)
{
        const char *nearest = roster_network_nearest(check->roster, join->network);

        if (text_equal(join->network, "bridge"))
                return scenario_refuse(check->scenario, join->line, check->error,
                                       "%s is on bridge, which is for containers that name no networks: "
                                       "leave networks out",
                                       container->name);
        return scenario_refuse(check->scenario, join->line, check->error,
                               "%s is on %s, and there is no such network%s%s%s", container->name,
                               join->network, nearest ? "; did you mean " : "", nearest ? nearest : "",
                               nearest ? "?" : "");
}

static int check_join(struct scenario_check *check, const struct scenario_container *container,
                      const struct scenario_join *join, struct places *places)
{
        size_t number = roster_network_find(check->roster, NULL, join->network);
        struct roster_network *network =
                number == ROSTER_NONE ? NULL : &check->roster->networks.items[number];

        if (!network)
                return refuse_network(check, container, join);
        if (network->what->overlap || number == 0 ||
            (!network->what->attachable && !network_is_local(network)))
                return scenario_refuse(check->scenario, join->line, check->error, "%s can't be on %s: %s",
                                       container->name, network->name,
                                       number == 0 ? "it is the swarm's own"
                                       : network->what->overlap
                                               ? "it never gets its addresses (overlap: true)"
                                               : "it is not attachable");
        network->containers += !network_is_local(network);
        if (!join->address)
                return 0;
        *list_add(&places->items) = (struct place){number, join->address, join->line};
        return check_address(check, network, join);
}

static int check_container(struct scenario_check *check, const struct scenario_container *container,
                           struct places *places)
{
        const struct scenario_node *node =
                container->node ? scenario_node_find(check->scenario, container->node) : NULL;

        if (container->node && !node)
                return scenario_refuse(check->scenario, container->line, check->error,
                                       "%s is on node %s, and there is none", container->name,
                                       container->node);
        if (node && node->down)
                return scenario_refuse(check->scenario, container->line, check->error,
                                       "%s is on node %s, which is down", container->name, container->node);
        for (size_t i = 0; i < container->networks.items.count; i++)
                if (check_join(check, container, &container->networks.items.items[i], places) < 0)
                        return -1;
        return 0;
}

int scenario_check_containers(struct scenario_check *check)
{
        const struct scenario *scenario = check->scenario;
        _cleanup_(places_done) struct places places = {0};
        char text[ADDRESS_TEXT_SIZE];

        for (size_t i = 0; i < scenario->containers.count; i++)
                if (check_container(check, &scenario->containers.items[i], &places) < 0)
                        return -1;
        if (places.items.count)
                qsort(places.items.items, places.items.count, sizeof(*places.items.items), compare);
        for (size_t i = 1; i < places.items.count; i++) {
                const struct place *place = &places.items.items[i];
                if (place->network != place[-1].network || place->address != place[-1].address)
                        continue;
                address_format(place->address, text);
                return scenario_refuse(scenario, place->line, check->error,
                                       "%s of %s is taken already, in line %u", text,
                                       check->roster->networks.items[place->network].name, place[-1].line);
        }
        return 0;
}
