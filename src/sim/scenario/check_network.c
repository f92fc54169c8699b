#include "sim/scenario/check.h"
#include "sim/scenario/field.h"

/* Networks by themselves, and those that overlap. */

bool network_is_local(const struct roster_network *network)
{
        return network->what->driver == DRIVER_BRIDGE;
}

struct prefix network_subnet(const struct scenario *scenario, const struct roster_network *network)
{
        if (network->what != &scenario->ingress || network->what->subnet.length_bits)
                return network->what->subnet;
        return (struct prefix){scenario->pool_range.address, (uint8_t)scenario->pool_size};
}

static int check_inside(struct scenario_check *check, const struct roster_network *network)
{
        const struct scenario_network *what = network->what;
        char text[PREFIX_TEXT_SIZE];

        prefix_format(what->subnet, text);
        if ((what->gateway || what->range.length_bits) && !what->subnet.length_bits)
                return scenario_refuse(check->scenario, network->line, check->error,
                                       "%s has a gateway or an ip_range, and no subnet that they are in",
                                       network->name);
        if (what->gateway &&
            (!prefix_contains(what->subnet, what->gateway) || what->gateway == what->subnet.address ||
             what->gateway == prefix_last(what->subnet)))
                return scenario_refuse(check->scenario, network->line, check->error,
                                       "the gateway of %s is no address of %s that can be given out",
                                       network->name, text);
        if (what->range.length_bits && (!prefix_contains(what->subnet, what->range.address) ||
                                        what->range.length_bits < what->subnet.length_bits))
                return scenario_refuse(check->scenario, network->line, check->error,
                                       "the ip_range of %s is not inside its subnet %s", network->name, text);
        return 0;
}

static int check_leak(struct scenario_check *check, const struct roster_network *network, size_t index)
{
        const struct scenario_leaks *leaks = &network->what->leaks;
        const struct scenario_address *leak = &leaks->addresses.items[index];
        struct prefix subnet = network_subnet(check->scenario, network);
        uint32_t gateway = network->what->gateway ? network->what->gateway : subnet.address + 1;
        char text[ADDRESS_TEXT_SIZE];

        address_format(leak->address, text);
        if (!subnet.length_bits)
                return scenario_refuse(check->scenario, leak->line, check->error,
                                       "%s is to leak certain addresses, and has no subnet that they are in",
                                       network->name);
        if (!prefix_contains(subnet, leak->address) || leak->address == subnet.address ||
            leak->address == prefix_last(subnet) || leak->address == gateway)
                return scenario_refuse(check->scenario, leak->line, check->error,
                                       "%s can't leak from %s: the pool never gives it out", text,
                                       network->name);
        for (size_t i = 0; i < index; i++)
                if (leaks->addresses.items[i].address == leak->address)
                        return scenario_refuse(check->scenario, leak->line, check->error,
                                               "%s leaks twice from %s", text, network->name);
        return 0;
}

static int check_kind(struct scenario_check *check, const struct roster_network *network)
{
        const struct scenario_network *what = network->what;
        bool leaks = what->leaks.all || what->leaks.count || what->leaks.addresses.count;

        if (network_is_local(network) && (what->overlap || leaks))
                return scenario_refuse(check->scenario, network->line, check->error,
                                       "%s is a bridge, which is no business of the swarm's allocator",
                                       network->name);
        if (what->overlap && !what->subnet.length_bits)
                return scenario_refuse(check->scenario, network->line, check->error,
                                       "%s is to overlap another network and has no subnet", network->name);
        if (what->overlap && leaks)
                return scenario_refuse(check->scenario, network->line, check->error,
                                       "%s never gets its addresses (overlap: true), and is to leak some",
                                       network->name);
        if (leaks && what->leaks.addresses.count > TEXTS_MAX)
                return scenario_refuse(check->scenario, network->line, check->error,
                                       "%s leaks more than %d addresses by name; say how many instead",
                                       network->name, TEXTS_MAX);
        for (size_t i = 0; i < what->leaks.addresses.count; i++)
                if (check_leak(check, network, i) < 0)
                        return -1;
        return 0;
}

/* Overlaps. Ranges are one inside the other or apart, so in order each has only to be held against one. */

struct stretch {
        struct prefix prefix;
        const struct roster_network *network;
};
struct stretches {
        LIST(struct stretch) items;
};

static void stretches_done(struct stretches *stretches)
{
        free(stretches->items.items);
}

static int compare(const void *a, const void *b)
{
        struct prefix left = ((const struct stretch *)a)->prefix;
        struct prefix right = ((const struct stretch *)b)->prefix;

        if (left.address != right.address)
                return left.address < right.address ? -1 : 1;
        return (int)left.length_bits - (int)right.length_bits;
}

/* Bridges of the engine's own. */
static const struct scenario_network own[] = {
        {.subnet = {0xac110000, 16}, .driver = DRIVER_BRIDGE}, /* 172.17.0.0 */
        {.subnet = {0xac120000, 16}, .driver = DRIVER_BRIDGE},
};
static const struct roster_network own_bridges[] = {
        {.name = "bridge", .what = &own[0]},
        {.name = "docker_gwbridge", .what = &own[1]},
};

/* Bridges, or overlays: their address spaces are apart. */
static void gather(struct scenario_check *check, bool local, struct stretches *stretches)
{
        for (size_t i = 0; local && i < ELEMENTS(own_bridges); i++)
                *list_add(&stretches->items) = (struct stretch){own[i].subnet, &own_bridges[i]};
        for (size_t i = 0; i < check->roster->networks.count; i++) {
                const struct roster_network *network = &check->roster->networks.items[i];
                struct prefix subnet = network_subnet(check->scenario, network);
                if (subnet.length_bits && network_is_local(network) == local && !network->what->overlap)
                        *list_add(&stretches->items) = (struct stretch){subnet, network};
        }
        if (stretches->items.count)
                qsort(stretches->items.items, stretches->items.count, sizeof(*stretches->items.items),
                      compare);
}

static int refuse_overlap(struct scenario_check *check, const struct roster_network *a,
                          const struct roster_network *b)
{
        const struct roster_network *later = a->line > b->line ? a : b;
        const struct roster_network *earlier = later == a ? b : a;
        char text[PREFIX_TEXT_SIZE];
        char other[PREFIX_TEXT_SIZE];

        prefix_format(network_subnet(check->scenario, later), text);
        prefix_format(network_subnet(check->scenario, earlier), other);
        if (network_is_local(later))
                return scenario_refuse(check->scenario, later->line, check->error,
                                       "%s of %s overlaps %s of %s, which the engine refuses of bridges",
                                       text, later->name, other, earlier->name);
        return scenario_refuse(check->scenario, later->line, check->error,
                               "%s of %s overlaps %s of %s; the engine would make the network and never give "
                               "it addresses: say overlap: true if that is meant",
                               text, later->name, other, earlier->name);
}

static int check_overlaps(struct scenario_check *check, bool local)
{
        _cleanup_(stretches_done) struct stretches stretches = {0};

        gather(check, local, &stretches);
        for (size_t i = 1; i < stretches.items.count; i++)
                if (prefix_overlaps(stretches.items.items[i - 1].prefix, stretches.items.items[i].prefix))
                        return refuse_overlap(check, stretches.items.items[i - 1].network,
                                              stretches.items.items[i].network);
        return 0;
}

static bool overlaps_any(struct scenario_check *check, const struct roster_network *network)
{
        for (size_t i = 0; i < check->roster->networks.count; i++) {
                const struct roster_network *other = &check->roster->networks.items[i];
                struct prefix subnet = network_subnet(check->scenario, other);
                if (other != network && subnet.length_bits && !network_is_local(other) &&
                    !other->what->overlap && prefix_overlaps(subnet, network->what->subnet))
                        return true;
        }
        return false;
}

int scenario_check_networks(struct scenario_check *check)
{
        for (size_t i = 0; i < check->roster->networks.count; i++) {
                const struct roster_network *network = &check->roster->networks.items[i];
                if (check_inside(check, network) < 0 || check_kind(check, network) < 0)
                        return -1;
                if (network->what->overlap && !overlaps_any(check, network))
                        return scenario_refuse(check->scenario, network->line, check->error,
                                               "%s is to overlap another network, and overlaps none",
                                               network->name);
        }
        return check_overlaps(check, false) < 0 ? -1 : check_overlaps(check, true);
}
