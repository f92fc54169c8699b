#include "move/document/inside.h"
#include "move/occupied.h"

/* Every range in use: in the swarm, on this host, reserved, and where the swarm's next ones come from. */

#define BRIDGE_NAME_OPTION "com.docker.network.bridge.name"

static const char *const subnet_headers[] = {"network", "subnet", "gateway", "what it is", "shown by"};

static void network_rows(const struct markdown_table *table, const struct network *network, const char *what,
                         const char *source)
{
        for (size_t i = 0; i < network->subnets.count; i++) {
                const struct subnet *subnet = &network->subnets.items[i];
                markdown_row(table, network->name, subnet->text, subnet->gateway, what, source);
        }
        if (!network->subnets.count)
                markdown_row(table, network->name, NULL, NULL, what, source);
}

static char *describe_overlay(const struct network *network)
{
        return text_format("overlay%s%s%s%s", network->ingress ? ", the ingress network" : "",
                           network->attachable ? ", attachable" : "", network->internal ? ", internal" : "",
                           network->ipv6 ? ", IPv6" : "");
}

static void overlays(const struct facts *facts, struct buffer *out)
{
        struct markdown_table table;

        markdown_heading(out, 3, "Overlays");
        markdown_table(&table, out, "ccctc", subnet_headers);
        for (size_t i = 0; i < facts->networks.count; i++) {
                const struct network *network = facts->networks.items[i];
                _cleanup_free_ char *what = describe_overlay(network);
                if (network_is_overlay(network))
                        network_rows(&table, network, what, "GET /networks");
        }
        buffer_add_text(out, "\n");
}

/* The engine names its own bridge "bridge"; on the host it is docker0. */
static char *describe_local(const struct network *network)
{
        const char *name = label_value(network->options.items, network->options.count, BRIDGE_NAME_OPTION);

        return name && !text_equal(name, network->name)
                       ? text_format("%s, on this host %s", network->driver ? network->driver : "?", name)
                       : text_format("%s", network->driver ? network->driver : "?");
}

static void bridges(const struct facts *facts, struct buffer *out)
{
        struct markdown_table table;

        markdown_heading(out, 3, "Bridges and other networks of this node");
        markdown_table(&table, out, "ccctc", subnet_headers);
        for (size_t i = 0; i < facts->networks.count; i++) {
                const struct network *network = facts->networks.items[i];
                _cleanup_free_ char *what = describe_local(network);
                if (!network_is_overlay(network) && network->subnets.count)
                        network_rows(&table, network, what, "GET /networks");
        }
        buffer_add_text(out, "\n");
}

static const char *claim_source(const struct host_claim *claim)
{
        switch (claim->kind) {
        case HOST_ADDRESS:
                return "ip -4 addr";
        case HOST_ROUTE:
                return "ip -4 route show table all";
        default:
                return "/etc/resolv.conf";
        }
}

static void host_claims(const struct facts *facts, struct buffer *out)
{
        static const char *const headers[] = {"range", "what it is", "shown by"};
        struct markdown_table table;

        markdown_heading(out, 3, "Addresses, routes and resolvers of this host");
        if (facts->host_unknown) {
                markdown_paragraph(out, "Not read: %s.", facts->host_unknown);
                return;
        }
        markdown_table(&table, out, "ctc", headers);
        for (size_t i = 0; i < facts->host.claims.count; i++) {
                const struct host_claim *claim = &facts->host.claims.items[i];
                _cleanup_free_ char *what = host_claim_describe(claim);
                char range[PREFIX_TEXT_SIZE];
                prefix_format(claim->prefix, range);
                markdown_row(&table, range, what, claim_source(claim));
        }
        if (facts->host.tailscale)
                markdown_row(&table, TAILSCALE_RANGE,
                             "Tailscale, which is up: addresses of its other machines", "ip -4 addr");
        buffer_add_text(out, "\n");
}

/* Whether a route or an address of the host has something of the new subnet, said either way. */
static void new_subnet_on_host(const struct facts *facts, struct buffer *out)
{
        struct prefix subnet;

        if (facts->host_unknown || prefix_parse(facts->plan->new_subnet, &subnet) != PREFIX_FINE)
                return;
        for (size_t i = 0; i < facts->host.claims.count; i++) {
                const struct host_claim *claim = &facts->host.claims.items[i];
                _cleanup_free_ char *what = host_claim_describe(claim);
                if (!prefix_overlaps(claim->prefix, subnet))
                        continue;
                markdown_paragraph(out, "%s overlaps with the %s of this host.", facts->plan->new_subnet,
                                   what);
                return;
        }
        markdown_paragraph(out,
                           "This host has no route, address or resolver in %s (ip -4 route show table all).",
                           facts->plan->new_subnet);
}

static void other_nodes(const struct facts *facts, struct buffer *out)
{
        if (facts->swarm.nodes.count > 1)
                markdown_paragraph(out,
                                   "Bridges, addresses, routes and resolvers of the %zu other nodes are not "
                                   "known here: only the node itself tells (headroom doctor there).",
                                   facts->swarm.nodes.count - 1);
}

static void reserved(const struct facts *facts, struct buffer *out)
{
        static const char *const headers[] = {"range", "why it is kept clear of", "shown by"};
        const char *source = facts->wish->settings && facts->wish->settings->path
                                     ? facts->wish->settings->path
                                     : "--reserve";
        struct markdown_table table;

        markdown_heading(out, 3, "Reserved ranges");
        markdown_table(&table, out, "ctc", headers);
        for (size_t i = 0; i < facts->plan->reserved.count; i++)
                markdown_row(&table, facts->plan->reserved.items[i], "the operator says so", source);
        for (const struct forgotten_range *range = forgotten_ranges; range->prefix; range++)
                markdown_row(&table, range->prefix, range->owner, "headroom plan");
        buffer_add_text(out, "\n");
}

static void default_pools(const struct facts *facts, struct buffer *out)
{
        static const char *const headers[] = {"default address pool", "cut into", "shown by"};
        _cleanup_free_ char *cut = text_format("/%u", facts->swarm.pool_subnet_bits);
        struct markdown_table table;

        markdown_heading(out, 3, "Where the swarm's own subnets come from");
        markdown_table(&table, out, "ccc", headers);
        for (size_t i = 0; i < facts->swarm.pools.count; i++) {
                char pool[PREFIX_TEXT_SIZE];
                prefix_format(facts->swarm.pools.items[i].prefix, pool);
                markdown_row(&table, pool, cut, "GET /info: Swarm.Cluster.DefaultAddrPool, SubnetSize");
        }
        buffer_add_text(out, "\n");
}

void document_subnets(const struct facts *facts, struct buffer *out)
{
        markdown_heading(out, 2, "Subnets in use");
        overlays(facts, out);
        bridges(facts, out);
        host_claims(facts, out);
        new_subnet_on_host(facts, out);
        other_nodes(facts, out);
        reserved(facts, out);
        default_pools(facts, out);
}
