#include "sim/api.h"

/*
 * A network as the swarm knows it, or, inspected on a node that has a copy, as that node does: with the
 * endpoints that are on it there.
 */

static void write_pair(struct buffer *out, const char *key, const char *text, bool *comma)
{
        buffer_add_texts(out, *comma ? ",\"" : "\"", key, "\":\"", text, "\"");
        *comma = true;
}

static void write_ipam(const struct sim_network *network, struct buffer *out)
{
        char text[PREFIX_TEXT_SIZE];
        bool comma = false;

        if (!network->gateway || !network->subnet.length_bits) {
                buffer_add_text(out, network->local
                                             ? "{\"Driver\":\"default\",\"Options\":null,\"Config\":[]}"
                                             : "{\"Driver\":\"\",\"Options\":null,\"Config\":null}");
                return;
        }
        buffer_add_texts(out, "{", network->ipam ? network->ipam : "\"Driver\":\"default\",\"Options\":null",
                         ",\"Config\":[{");
        prefix_format(network->subnet, text);
        write_pair(out, "Subnet", network->subnet_said ? network->subnet_said : text, &comma);
        if (network->range_said)
                write_pair(out, "IPRange", network->range_said, &comma);
        address_format(network->gateway, text);
        write_pair(out, "Gateway", text, &comma);
        buffer_add_text(out, "}]}");
}

#define VXLAN_OPTION "com.docker.network.driver.overlay.vxlanid_list"

/* The driver adds the number it gave the network, unless one was asked for. */
static void write_options(const struct sim_network *network, struct buffer *out)
{
        const char *options = network->options;

        if (network->local) {
                buffer_add_text(out, options ? options : "{}");
        } else if (!network->allocated && !network->removed) {
                buffer_add_text(out, "null");
        } else if (options && strstr(options, VXLAN_OPTION)) {
                buffer_add_text(out, options);
        } else {
                bool empty = !options || strspn(options, "{ \n\t}") == strlen(options);
                buffer_add_text(out, "{\"" VXLAN_OPTION "\":\"");
                sim_write_number(out, network->vxlan);
                if (empty)
                        buffer_add_text(out, "\"}");
                else
                        buffer_add_texts(out, "\",", options + strspn(options, " \n\t") + 1);
        }
}

static void write_endpoint(struct sim *sim, const struct sim_network *network, const char *key,
                           const char *name, uint32_t address, struct sim_ref ref, struct buffer *out)
{
        char id[SIM_HEX_ID_SIZE];
        char text[ADDRESS_TEXT_SIZE];

        sim_hex_id(sim, SIM_KIND_ENDPOINT,
                   (struct sim_ref){ref.index ^ network->object.ref.index << 16, ref.generation}, id);
        address_format(address, text);
        buffer_format(
                out,
                "\"%s\":{\"Name\":\"%s\",\"EndpointID\":\"%s\",\"MacAddress\":\"02:42:%02x:%02x:%02x:%02x\","
                "\"IPv4Address\":\"%s/%u\",\"IPv6Address\":\"\"}",
                key, name, id, address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255, text,
                network->subnet.length_bits);
}

static uint32_t address_on(struct sim *sim, struct sim_container *container,
                           const struct sim_network *network)
{
        const struct sim_connection *connection = sim_connection_of(container, network);
        const struct sim_attachment *attachment = sim_attachment_of(sim, container, network);

        if (!container->running)
                return 0;
        return connection ? connection->address : attachment ? attachment->address : 0;
}

static void write_balancer(struct sim *sim, const struct sim_network *network, uint32_t node, bool *comma,
                           struct buffer *out)
{
        if (network->local || node >= network->on.count || !network->on.items[node].endpoint)
                return;
        _cleanup_free_ char *key =
                network->ingress ? text_copy("ingress-sbox") : text_format("lb-%s", network->name);
        _cleanup_free_ char *name =
                network->ingress ? text_copy("ingress-endpoint") : text_format("%s-endpoint", network->name);
        if (*comma)
                buffer_add_text(out, ",");
        *comma = true;
        write_endpoint(sim, network, key, name, network->on.items[node].endpoint, (struct sim_ref){node, 0},
                       out);
}

/* By the IDs, which are in no order that anybody could rely on. */
static void write_containers(struct sim *sim, const struct sim_network *network, uint32_t node,
                             struct buffer *out)
{
        bool comma = false;

        buffer_add_text(out, "\"Containers\":{");
        for_each_sim (sim_container, container, &sim->containers) {
                char id[SIM_HEX_ID_SIZE];
                uint32_t address = container->node == node ? address_on(sim, container, network) : 0;
                if (!address)
                        continue;
                _cleanup_free_ char *name = sim_container_name(sim, container);
                sim_hex_id(sim, SIM_KIND_CONTAINER, container->object.ref, id);
                if (comma)
                        buffer_add_text(out, ",");
                comma = true;
                write_endpoint(sim, network, id, name, address, container->object.ref, out);
        }
        write_balancer(sim, network, node, &comma, out);
        buffer_add_text(out, "}");
}

static void write_peers(struct sim *sim, const struct sim_network *network, struct buffer *out)
{
        bool comma = false;

        buffer_add_text(out, ",\"Peers\":[");
        for_each_sim (sim_node, node, &sim->nodes) {
                char address[ADDRESS_TEXT_SIZE];
                char id[SIM_ID_SIZE];
                if (!sim_network_is_here(sim, network, node->object.ref.index))
                        continue;
                address_format(node->address, address);
                sim_id(sim, SIM_KIND_NODE, node->object.ref, id);
                buffer_format(out, "%s{\"Name\":\"%.12s\",\"IP\":\"%s\"}", comma ? "," : "", id, address);
                comma = true;
        }
        buffer_add_text(out, "]");
}

/* API 1.52: what the allocator's books say, leaks included. */
static void write_status(const struct sim_network *network, struct buffer *out)
{
        char text[PREFIX_TEXT_SIZE];

        prefix_format(network->subnet, text);
        buffer_format(out,
                      ",\"Status\":{\"IPAM\":{\"Subnets\":{\"%s\":{\"IPsInUse\":%llu,\"DynamicIPsAvailable\":"
                      "%llu}}}}",
                      text, (unsigned long long)network->pool.held,
                      (unsigned long long)(network->pool.size - network->pool.held));
}

static void write_traits(const struct sim_network *network, const struct sim_call *call, struct buffer *out)
{
        bool known = network->allocated || network->removed || network->local;

        buffer_add_texts(out, network->local ? "\"Scope\":\"local\"" : "\"Scope\":\"swarm\"",
                         ",\"Driver\":\"", known && network->driver ? network->driver : "", "\",");
        if (call->minor >= 48)
                buffer_add_text(out, "\"EnableIPv4\":true,");
        buffer_add_text(out, "\"EnableIPv6\":false,\"IPAM\":");
        write_ipam(network, out);
        buffer_add_texts(out, ",\"Internal\":", network->internal ? "true" : "false",
                         ",\"Attachable\":", network->attachable ? "true" : "false",
                         ",\"Ingress\":", network->ingress ? "true" : "false",
                         ",\"ConfigFrom\":{\"Network\":\"\"},\"ConfigOnly\":false,");
}

void sim_write_network(struct sim *sim, const struct sim_call *call, const struct sim_network *network,
                       bool inspected, struct buffer *out)
{
        _cleanup_free_ char *scope = inspected ? sim_query(call, "scope") : NULL;
        bool copy = inspected && !text_equal(scope, "swarm") && sim_network_is_here(sim, network, call->node);
        char id[SIM_HEX_ID_SIZE];
        char created[SIM_TIME_SIZE];

        sim_network_id(sim, network, id);
        sim_time_format(sim, network->object.created_ms, created);
        buffer_add_text(out, "{\"Name\":");
        sim_write_text(out, network->name);
        buffer_add_texts(out, ",\"Id\":\"", id, "\",\"Created\":\"", created, "\",");
        write_traits(network, call, out);
        if (copy)
                write_containers(sim, network, call->node, out);
        else
                buffer_add_text(out, network->local ? "\"Containers\":{}" : "\"Containers\":null");
        buffer_add_text(out, ",\"Options\":");
        write_options(network, out);
        buffer_add_text(out, ",\"Labels\":");
        buffer_add_text(out, network->labels                      ? network->labels
                             : network->local || network->ingress ? "{}"
                                                                  : "null");
        if (copy && !network->local)
                write_peers(sim, network, out);
        if (inspected && !copy && call->minor >= SIM_MINOR_29 && network->allocated)
                write_status(network, out);
        buffer_add_text(out, "}");
}
