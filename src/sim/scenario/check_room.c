#include "sim/scenario/check.h"

/* Whether each pool has room for those who are to have an address there, and for what was leaked. */

uint64_t network_capacity(const struct scenario *scenario, const struct roster_network *network)
{
        struct prefix subnet = network_subnet(scenario, network);
        uint8_t length = subnet.length_bits ? subnet.length_bits : (uint8_t)scenario->pool_size;
        uint64_t usable = prefix_usable(length);

        return network->what->range.length_bits ? MIN(usable, prefix_size(network->what->range)) : usable;
}

/* One endpoint of a node is there for sure; on ingress every node's. */
static uint64_t endpoints(struct scenario_check *check, const struct roster_network *network)
{
        if (network == check->roster->networks.items)
                return check->scenario->nodes.count;
        return network->tasks || network->containers ? 1 : 0;
}

int scenario_check_room(struct scenario_check *check)
{
        for (size_t i = 0; i < check->roster->networks.count; i++) {
                const struct roster_network *network = &check->roster->networks.items[i];
                uint64_t room = network_capacity(check->scenario, network);
                uint64_t leaks = network->what->leaks.count + network->what->leaks.addresses.count;
                uint64_t nodes = endpoints(check, network);
                uint64_t wanted = network->vips + network->tasks + network->containers + nodes + leaks;

                if (network_is_local(network) || network->what->overlap || wanted <= room)
                        continue;
                return scenario_refuse(
                        check->scenario, network->line, check->error,
                        "%s has room for %llu addresses, and %llu are asked for: %llu VIPs, %llu tasks, %llu "
                        "nodes, %llu containers, %llu leaked",
                        network->name, (unsigned long long)room, (unsigned long long)wanted,
                        (unsigned long long)network->vips, (unsigned long long)network->tasks,
                        (unsigned long long)nodes, (unsigned long long)network->containers,
                        (unsigned long long)leaks);
        }
        return 0;
}
