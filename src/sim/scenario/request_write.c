#include "sim/scenario/spec.h"

#include "json/write.h"

/* What is posted to make networks and containers. */

#define STACK_LABEL "com.docker.stack.namespace"

static void write_pairs(struct json_writer *json, const char *key, const struct scenario_pairs *pairs,
                        const char *stack)
{
        json_write_key(json, key);
        json_write_object(json);
        if (stack)
                json_write_member_text(json, STACK_LABEL, stack);
        for (size_t i = 0; i < pairs->items.count; i++)
                json_write_member_text(json, pairs->items.items[i].key, pairs->items.items[i].value);
        json_write_object_end(json);
}

static void write_prefix(struct json_writer *json, const char *key, struct prefix prefix)
{
        char text[PREFIX_TEXT_SIZE];

        if (!prefix.length_bits)
                return;
        prefix_format(prefix, text);
        json_write_member_text(json, key, text);
}

static void write_address(struct json_writer *json, const char *key, uint32_t address)
{
        char text[ADDRESS_TEXT_SIZE];

        if (!address)
                return;
        address_format(address, text);
        json_write_member_text(json, key, text);
}

static void write_ipam(struct json_writer *json, const struct scenario_network *network)
{
        json_write_key(json, "IPAM");
        json_write_object(json);
        json_write_member_text(json, "Driver", "default");
        json_write_key(json, "Config");
        json_write_array(json);
        if (network->subnet.length_bits) {
                json_write_object(json);
                write_prefix(json, "Subnet", network->subnet);
                write_prefix(json, "IPRange", network->range);
                write_address(json, "Gateway", network->gateway);
                json_write_object_end(json);
        }
        json_write_array_end(json);
        json_write_object_end(json);
}

void network_write(const struct roster_network *network, struct buffer *out)
{
        struct json_writer json = {.out = out};
        const struct scenario_network *what = network->what;

        json_write_object(&json);
        json_write_member_text(&json, "Name", network->name);
        json_write_member_bool(&json, "CheckDuplicate", true);
        json_write_member_text(&json, "Driver", scenario_drivers[MAX(what->driver, 1U) - 1]);
        json_write_member_bool(&json, "Internal", what->internal);
        json_write_member_bool(&json, "Attachable", what->attachable);
        json_write_member_bool(&json, "Ingress", false);
        write_ipam(&json, what);
        write_pairs(&json, "Options", &what->options, NULL);
        write_pairs(&json, "Labels", &what->labels, network->stack);
        json_write_object_end(&json);
}

/* Containers */

static void write_texts(struct json_writer *json, const char *key, const struct scenario_texts *texts)
{
        if (!texts->items.count)
                return;
        json_write_key(json, key);
        json_write_array(json);
        for (size_t i = 0; i < texts->items.count; i++)
                json_write_text(json, texts->items.items[i]);
        json_write_array_end(json);
}

static void write_endpoint(struct json_writer *json, const struct scenario_join *join)
{
        json_write_object(json);
        if (join->address) {
                json_write_key(json, "IPAMConfig");
                json_write_object(json);
                write_address(json, "IPv4Address", join->address);
                json_write_object_end(json);
        }
        write_texts(json, "Aliases", &join->aliases);
        json_write_object_end(json);
}

void container_write(const struct scenario_container *container, struct buffer *out)
{
        struct json_writer json = {.out = out};
        const struct scenario_join *first =
                container->networks.items.count ? container->networks.items.items : NULL;

        json_write_object(&json);
        json_write_member_text(&json, "Image", container->image);
        write_texts(&json, "Cmd", &container->command);
        write_pairs(&json, "Labels", &container->labels, NULL);
        json_write_key(&json, "HostConfig");
        json_write_object(&json);
        json_write_member_text(&json, "NetworkMode", first ? first->network : "default");
        json_write_object_end(&json);
        if (first) {
                json_write_key(&json, "NetworkingConfig");
                json_write_object(&json);
                json_write_key(&json, "EndpointsConfig");
                json_write_object(&json);
                json_write_key(&json, first->network);
                write_endpoint(&json, first);
                json_write_object_end(&json);
                json_write_object_end(&json);
        }
        json_write_object_end(&json);
}

void connect_write(const struct scenario_container *container, const struct scenario_join *join,
                   struct buffer *out)
{
        struct json_writer json = {.out = out};

        json_write_object(&json);
        json_write_member_text(&json, "Container", container->name);
        json_write_key(&json, "EndpointConfig");
        write_endpoint(&json, join);
        json_write_object_end(&json);
}
