#include "pool/diagnose.h"

/*
 * Docker's own bridges show up twice: as a local network of the engine, and as an address of an interface.
 * They are told by the network's name, once; a claim that is just such a network's subnet is passed over.
 */

#define CLAIMS_TOLD_MAX 3

static bool is_local(const struct network *network)
{
        return !network_is_overlay(network) && !network_is_unallocated(network);
}

static bool is_local_networks(const struct swarm *swarm, struct prefix prefix)
{
        for_each_network (network, swarm)
                for (size_t i = 0; i < network->subnets.count && is_local(network); i++)
                        if (!network->subnets.items[i].ipv6 &&
                            prefix_equal(network->subnets.items[i].prefix, prefix))
                                return true;
        return false;
}

/* What of one overlay is used elsewhere. */
struct clash {
        struct prefix subnet;
        struct buffer told;
        size_t count;
};

static void add(struct clash *clash, struct prefix prefix, const char *what, const char *name)
{
        char text[PREFIX_TEXT_SIZE];

        if (!prefix_overlaps(clash->subnet, prefix) || clash->count++ >= CLAIMS_TOLD_MAX)
                return;
        prefix_format(prefix, text);
        buffer_format(&clash->told, "%s%s%s%s (%s)", clash->count > 1 ? ", " : "", what, name ? " " : "",
                      name ? name : "", text);
}

static void add_local_networks(const struct swarm *swarm, struct clash *clash)
{
        for_each_network (network, swarm)
                for (size_t i = 0; i < network->subnets.count && is_local(network); i++)
                        if (!network->subnets.items[i].ipv6)
                                add(clash, network->subnets.items[i].prefix, "the local network",
                                    network->name);
}

static void add_claims(const struct swarm *swarm, const struct host *host, struct clash *clash)
{
        for (size_t i = 0; i < host->claims.count; i++) {
                const struct host_claim *claim = &host->claims.items[i];
                _cleanup_free_ char *what = host_claim_describe(claim);
                if (!is_local_networks(swarm, claim->prefix))
                        add(clash, claim->prefix, "the host's", what);
        }
}

static void find_clash(const struct swarm *swarm, const struct host *host, const struct network *network,
                       const struct subnet *subnet, struct findings *findings)
{
        struct clash clash = {.subnet = subnet->prefix};

        add_local_networks(swarm, &clash);
        if (host)
                add_claims(swarm, host, &clash);
        if (clash.count > CLAIMS_TOLD_MAX)
                buffer_format(&clash.told, " and %zu more", clash.count - CLAIMS_TOLD_MAX);
        if (clash.count)
                findings_add(findings, FINDING_OVERLAP, network, network->name,
                             text_format("%s (%s) overlaps %s", network->name, subnet->text,
                                         buffer_text(&clash.told)));
        buffer_done(&clash.told);
}

void diagnose_overlaps(const struct swarm *swarm, const struct host *host, struct findings *findings)
{
        for_each_network (network, swarm)
                for (size_t i = 0; i < network->subnets.count && network_is_overlay(network); i++)
                        if (!network->subnets.items[i].ipv6 && network->subnets.items[i].prefix.length_bits)
                                find_clash(swarm, host, network, &network->subnets.items[i], findings);
}
