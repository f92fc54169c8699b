#include "move/occupied.h"

#include "host/host.h"
#include "move/plan.h"

const struct forgotten_range forgotten_ranges[] = {
        {"169.254.0.0/16", "link-local addresses and cloud metadata"},
        {"127.0.0.0/8", "loopback"},
        {"224.0.0.0/4", "multicast"},
        {NULL},
};

static void add_subnet(struct occupied *occupied, const struct network *network, const struct subnet *subnet)
{
        if (subnet->ipv6 || subnet->prefix.length_bits == 0)
                return;
        if (network_is_overlay(network))
                occupied_add_overlay(occupied, subnet->prefix, network->name);
        else
                occupied_add(occupied, subnet->prefix, "%s %s", network->driver, network->name);
}

static void add_networks(const struct swarm *swarm, const char *except_network_id, struct occupied *occupied)
{
        for_each_network (network, swarm)
                for (size_t i = 0; i < network->subnets.count && !text_equal(network->id, except_network_id);
                     i++)
                        add_subnet(occupied, network, &network->subnets.items[i]);
}

static int add_host(struct occupied *occupied, struct error *error)
{
        _cleanup_host_ struct host host = {0};
        struct prefix shared;

        if (host_read("", &host, error) < 0)
                return error_while(error, "reading this host's addresses and routes");
        for (size_t i = 0; i < host.claims.count; i++) {
                _cleanup_free_ char *description = host_claim_describe(&host.claims.items[i]);
                occupied_add(occupied, host.claims.items[i].prefix, "%s", description);
        }
        if (host.tailscale && prefix_parse(TAILSCALE_RANGE, &shared) == PREFIX_FINE)
                occupied_add(occupied, shared, "Tailscale, which is up on this host");
        return 0;
}

int occupied_gather(const struct swarm *swarm, const struct reserved_range *reserved, size_t reserved_count,
                    const char *except_network_id, struct occupied *ret_occupied, struct error *error)
{
        _cleanup_occupied_ struct occupied occupied = {0};
        struct prefix prefix;

        add_networks(swarm, except_network_id, &occupied);
        if (add_host(&occupied, error) < 0)
                return -1;
        for (const struct forgotten_range *range = forgotten_ranges; range->prefix; range++)
                if (prefix_parse(range->prefix, &prefix) == PREFIX_FINE)
                        occupied_add(&occupied, prefix, "%s", range->owner);
        for (size_t i = 0; i < reserved_count; i++) {
                if (prefix_parse(reserved[i].range, &prefix) != PREFIX_FINE)
                        return error_set(error, ERROR_USAGE, "%s %s is not a range like 10.20.0.0/16",
                                         reserved[i].origin, reserved[i].range);
                occupied_add(&occupied, prefix, "%s %s", reserved[i].origin, reserved[i].range);
        }
        *ret_occupied = occupied;
        occupied = (struct occupied){0};
        return 0;
}
