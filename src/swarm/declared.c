#include "swarm/declared.h"

#include "settings/yaml.h"
#include "swarm/swarm.h"
#include "json/write.h"

#include <ctype.h>

/* A Compose file's other sections: headroom does not look into them. */
static const char *const other_sections[] = {"version", "name",    "services", "volumes",
                                             "configs", "secrets", "include"};

static void pairs_done(struct declared_pairs *pairs)
{
        for (size_t i = 0; i < pairs->items.count; i++) {
                free(pairs->items.items[i].key);
                free(pairs->items.items[i].value);
        }
        free(pairs->items.items);
}

void declared_done(struct declared *declared)
{
        for (size_t i = 0; i < declared->networks.count; i++) {
                struct declared_network *network = &declared->networks.items[i];
                pairs_done(&network->options);
                pairs_done(&network->labels);
                free(network->name);
                free(network->subnet);
                free(network->range);
                free(network->gateway);
        }
        free(declared->networks.items);
        free(declared->origin);
        *declared = (struct declared){0};
}

/* Texts */

/* "$$" is a dollar; any other one asks for a variable, which headroom does not have. */
static int take_text(const struct yaml *yaml, const struct yaml_node *node, const char *text, char **ret_text,
                     struct error *error)
{
        struct buffer out = {0};

        buffer_add_text(&out, "");
        for (const char *at = text; *at; at++) {
                if (*at == '$' && *++at != '$') {
                        buffer_done(&out);
                        return yaml_refuse(
                                yaml, node, error,
                                "headroom substitutes no variables: write the value out, or $$ for a "
                                "dollar, in %s",
                                text);
                }
                buffer_add(&out, at, 1);
        }
        *ret_text = out.bytes ? buffer_steal(&out) : text_copy("");
        return 0;
}

static int read_text(const struct yaml *yaml, const struct yaml_node *node, char **ret_text,
                     struct error *error)
{
        _cleanup_free_ char *text = NULL;

        if (yaml_text(yaml, node, node->key, &text, error) < 0)
                return -1;
        return take_text(yaml, node, text, ret_text, error);
}

static int read_pair_map(const struct yaml *yaml, const struct yaml_node *map, struct declared_pairs *pairs,
                         struct error *error)
{
        for_each_yaml (member, map) {
                struct declared_pair *pair = list_add(&pairs->items);
                const char *text = member->type == YAML_NULL ? "" : member->text;

                pair->key = text_copy(member->key);
                if (member->type != YAML_NULL &&
                    yaml_require(yaml, member, YAML_TEXT, member->key, error) < 0)
                        return -1;
                if (take_text(yaml, member, text, &pair->value, error) < 0)
                        return -1;
        }
        return 0;
}

/* "KEY=VALUE", or "KEY" for an empty value. */
static int read_pair_list(const struct yaml *yaml, const struct yaml_node *list, struct declared_pairs *pairs,
                          struct error *error)
{
        for_each_yaml (item, list) {
                struct declared_pair *pair = list_add(&pairs->items);
                if (yaml_require(yaml, item, YAML_TEXT, "an item of labels", error) < 0)
                        return -1;
                size_t length = strcspn(item->text, "=");
                pair->key = text_copy_n(item->text, length);
                const char *value = item->text[length] ? item->text + length + 1 : "";
                if (take_text(yaml, item, value, &pair->value, error) < 0)
                        return -1;
                for (size_t i = 0; i + 1 < pairs->items.count; i++)
                        if (text_equal(pairs->items.items[i].key, pair->key))
                                return yaml_refuse(yaml, item, error,
                                                   "the label %s stands here a second time", pair->key);
        }
        return 0;
}

/* ipam */

static int read_config_member(const struct yaml *yaml, const struct yaml_node *node,
                              struct declared_network *network, struct error *error)
{
        if (text_equal(node->key, "subnet"))
                return read_text(yaml, node, &network->subnet, error);
        if (text_equal(node->key, "ip_range"))
                return read_text(yaml, node, &network->range, error);
        if (text_equal(node->key, "gateway"))
                return read_text(yaml, node, &network->gateway, error);
        return yaml_refuse(yaml, node, error,
                           "ipam.config has no key %s here, only subnet, ip_range and gateway", node->key);
}

static int read_prefix(const struct yaml *yaml, const struct yaml_node *node, const char *text,
                       struct prefix *ret_prefix, struct error *error)
{
        char meant[PREFIX_TEXT_SIZE];

        switch (prefix_parse(text, ret_prefix)) {
        case PREFIX_FINE:
                return 0;
        case PREFIX_IPV6:
                return yaml_refuse(yaml, node, error,
                                   "%s is IPv6; the engine can't make IPv6 overlays with a given subnet "
                                   "(moby#52469)",
                                   text);
        case PREFIX_HOST_BITS:
                prefix_format(*ret_prefix, meant);
                return yaml_refuse(yaml, node, error,
                                   "%s has host bits set, and the engine refuses it; did you mean %s?", text,
                                   meant);
        default:
                return yaml_refuse(yaml, node, error, "%s is no subnet like 10.10.0.0/16", text);
        }
}

static int check_config(const struct yaml *yaml, const struct yaml_node *node,
                        struct declared_network *network, struct error *error)
{
        struct prefix range;
        uint32_t gateway;

        if (!network->subnet)
                return network->range || network->gateway
                               ? yaml_refuse(yaml, node, error, "ip_range and gateway need a subnet")
                               : 0;
        if (read_prefix(yaml, node, network->subnet, &network->prefix, error) < 0)
                return -1;
        if (network->range && read_prefix(yaml, node, network->range, &range, error) < 0)
                return -1;
        if (network->range && (range.length_bits < network->prefix.length_bits ||
                               !prefix_contains(network->prefix, range.address)))
                return yaml_refuse(yaml, node, error, "the ip_range %s is not inside the subnet %s",
                                   network->range, network->subnet);
        if (network->gateway &&
            (strchr(network->gateway, '/') || !address_parse(network->gateway, &gateway) ||
             !prefix_contains(network->prefix, gateway)))
                return yaml_refuse(yaml, node, error, "the gateway %s is no address inside the subnet %s",
                                   network->gateway, network->subnet);
        return 0;
}

static int read_config(const struct yaml *yaml, const struct yaml_node *node,
                       struct declared_network *network, struct error *error)
{
        if (yaml_require(yaml, node, YAML_LIST, "ipam.config", error) < 0)
                return -1;
        if (node->children.count > 1)
                return yaml_refuse(yaml, &node->children.items[1], error,
                                   "headroom makes networks with one subnet");
        for_each_yaml (item, node) {
                if (yaml_require(yaml, item, YAML_MAP, "an item of ipam.config", error) < 0)
                        return -1;
                for_each_yaml (member, item)
                        if (read_config_member(yaml, member, network, error) < 0)
                                return -1;
                if (check_config(yaml, item, network, error) < 0)
                        return -1;
        }
        return 0;
}

static int read_ipam(const struct yaml *yaml, const struct yaml_node *node, struct declared_network *network,
                     struct error *error)
{
        if (yaml_require(yaml, node, YAML_MAP, "ipam", error) < 0)
                return -1;
        for_each_yaml (member, node) {
                if (text_equal(member->key, "config")) {
                        if (read_config(yaml, member, network, error) < 0)
                                return -1;
                } else if (text_equal(member->key, "driver")) {
                        _cleanup_free_ char *driver = NULL;
                        if (read_text(yaml, member, &driver, error) < 0)
                                return -1;
                        if (!text_equal(driver, "default"))
                                return yaml_refuse(yaml, member, error,
                                                   "headroom knows the ipam driver default only, not %s",
                                                   driver);
                } else {
                        return yaml_refuse(yaml, member, error,
                                           "ipam has no key %s here, only driver and config", member->key);
                }
        }
        return 0;
}

/* The keys of a network */

static int read_name(const struct yaml *yaml, const struct yaml_node *node, struct declared_network *network,
                     struct error *error)
{
        char *name = NULL;

        if (read_text(yaml, node, &name, error) < 0)
                return -1;
        free(network->name);
        network->name = name;
        return 0;
}

static int read_driver(const struct yaml *yaml, const struct yaml_node *node,
                       struct declared_network *network, struct error *error)
{
        _cleanup_free_ char *driver = NULL;

        if (read_text(yaml, node, &driver, error) < 0)
                return -1;
        if (!text_equal(driver, "overlay"))
                return yaml_refuse(yaml, node, error,
                                   "%s would be a %s network; headroom makes overlays of the swarm only",
                                   network->name, driver);
        return 0;
}

static int read_attachable(const struct yaml *yaml, const struct yaml_node *node,
                           struct declared_network *network, struct error *error)
{
        return yaml_bool(yaml, node, node->key, &network->attachable, error);
}

static int read_internal(const struct yaml *yaml, const struct yaml_node *node,
                         struct declared_network *network, struct error *error)
{
        return yaml_bool(yaml, node, node->key, &network->internal, error);
}

static int read_external(const struct yaml *yaml, const struct yaml_node *node,
                         struct declared_network *network, struct error *error)
{
        return yaml_bool(yaml, node, node->key, &network->external, error);
}

static int read_options(const struct yaml *yaml, const struct yaml_node *node,
                        struct declared_network *network, struct error *error)
{
        if (yaml_require(yaml, node, YAML_MAP, node->key, error) < 0)
                return -1;
        return read_pair_map(yaml, node, &network->options, error);
}

static int read_labels(const struct yaml *yaml, const struct yaml_node *node,
                       struct declared_network *network, struct error *error)
{
        if (node->type == YAML_LIST)
                return read_pair_list(yaml, node, &network->labels, error);
        if (yaml_require(yaml, node, YAML_MAP, node->key, error) < 0)
                return -1;
        return read_pair_map(yaml, node, &network->labels, error);
}

static const struct network_key {
        const char *name;
        int (*read)(const struct yaml *yaml, const struct yaml_node *node, struct declared_network *network,
                    struct error *error);
} network_keys[] = {
        {"name", read_name},         {"driver", read_driver},     {"attachable", read_attachable},
        {"internal", read_internal}, {"external", read_external}, {"driver_opts", read_options},
        {"labels", read_labels},     {"ipam", read_ipam},
};

static int read_member(const struct yaml *yaml, const struct yaml_node *node,
                       struct declared_network *network, struct error *error)
{
        for (size_t i = 0; i < ELEMENTS(network_keys); i++)
                if (text_equal(network_keys[i].name, node->key))
                        return node->type == YAML_NULL ? 0 : network_keys[i].read(yaml, node, network, error);
        return yaml_refuse(yaml, node, error,
                           "a network has no key %s here, only name, driver, attachable, internal, external, "
                           "driver_opts, labels and ipam",
                           node->key);
}

static int read_network(const struct yaml *yaml, const struct yaml_node *node,
                        struct declared_network *network, struct error *error)
{
        network->line = node->line;
        network->name = text_copy(node->key);
        if (node->type == YAML_NULL)
                return 0;
        if (yaml_require(yaml, node, YAML_MAP, node->key, error) < 0)
                return -1;
        for_each_yaml (member, node)
                if (read_member(yaml, member, network, error) < 0)
                        return -1;
        return 0;
}

/* All of them */

/* As the swarm takes them (docs/engine-notes.md). */
static bool is_network_name(const char *name)
{
        static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
        size_t length = strlen(name);

        return length && length <= NETWORK_NAME_MAX_LENGTH && !name[strspn(name, characters)] &&
               isalnum((unsigned char)name[0]) && isalnum((unsigned char)name[length - 1]);
}

static int refuse_name(const struct yaml *yaml, const struct declared_network *network, struct error *error)
{
        struct yaml_node where = {.line = network->line};

        if (network->external || is_network_name(network->name))
                return 0;
        return yaml_refuse(
                yaml, &where, error,
                "\"%s\" can't be a network's name: that has 1 to %d letters, digits, - and _, and a "
                "letter or digit at both ends",
                network->name, NETWORK_NAME_MAX_LENGTH);
}

static int refuse_clash(const struct yaml *yaml, const struct declared *declared,
                        const struct declared_network *network, struct error *error)
{
        struct yaml_node where = {.line = network->line};

        for (const struct declared_network *other = declared->networks.items; other < network; other++) {
                /* The swarm takes names that differ in case for one. */
                if (strcasecmp(other->name, network->name) == 0)
                        return yaml_refuse(yaml, &where, error, "line %u declares the network %s already",
                                           other->line, other->name);
                if (other->subnet && network->subnet && prefix_overlaps(other->prefix, network->prefix))
                        return yaml_refuse(yaml, &where, error, "%s overlaps %s, the subnet of %s (line %u)",
                                           network->subnet, other->subnet, other->name, other->line);
        }
        return 0;
}

static int read_networks(const struct yaml *yaml, const struct yaml_node *section, struct declared *declared,
                         struct error *error)
{
        if (yaml_require(yaml, section, YAML_MAP, "networks", error) < 0)
                return -1;
        if (section->children.count > DECLARED_NETWORKS_MAX)
                return yaml_refuse(yaml, section, error, "more than %d networks are declared",
                                   DECLARED_NETWORKS_MAX);
        for_each_yaml (node, section) {
                struct declared_network *network = list_add(&declared->networks);
                if (read_network(yaml, node, network, error) < 0 || refuse_name(yaml, network, error) < 0 ||
                    refuse_clash(yaml, declared, network, error) < 0)
                        return -1;
        }
        return 0;
}

static bool is_other_section(const char *key)
{
        for (size_t i = 0; i < ELEMENTS(other_sections); i++)
                if (text_equal(other_sections[i], key))
                        return true;
        return text_starts_with(key, "x-");
}

static int read_root(const struct yaml *yaml, struct declared *declared, struct error *error)
{
        if (yaml->root.type != YAML_NULL &&
            yaml_require(yaml, &yaml->root, YAML_MAP, "a Compose file", error) < 0)
                return -1;
        for_each_yaml (node, &yaml->root) {
                if (text_equal(node->key, "networks") && node->type != YAML_NULL) {
                        if (read_networks(yaml, node, declared, error) < 0)
                                return -1;
                } else if (!text_equal(node->key, "networks") && !is_other_section(node->key)) {
                        return yaml_refuse(yaml, node, error, "a Compose file has no section %s", node->key);
                }
        }
        if (declared->networks.count == 0)
                return error_set(error, ERROR_USAGE, "%s declares no network under networks:", yaml->origin);
        return 0;
}

static int read_yaml(const struct yaml *yaml, struct declared *ret_declared, struct error *error)
{
        _cleanup_declared_ struct declared declared = {.origin = text_copy(yaml->origin)};

        if (read_root(yaml, &declared, error) < 0)
                return -1;
        *ret_declared = declared;
        declared = (struct declared){0};
        return 0;
}

int declared_parse(const char *bytes, size_t length, const char *origin, struct declared *ret_declared,
                   struct error *error)
{
        _cleanup_yaml_ struct yaml yaml = {0};

        if (yaml_parse(bytes, length, origin, &yaml, error) < 0)
                return -1;
        return read_yaml(&yaml, ret_declared, error);
}

int declared_read(const char *path, struct declared *ret_declared, struct error *error)
{
        _cleanup_yaml_ struct yaml yaml = {0};

        if (yaml_read(path, DECLARED_BYTES_MAX, &yaml, error) < 0)
                return -1;
        return read_yaml(&yaml, ret_declared, error);
}

/* The creation request */

static void write_pairs(struct json_writer *w, const char *key, const struct declared_pairs *pairs)
{
        json_write_key(w, key);
        json_write_object(w);
        for (size_t i = 0; i < pairs->items.count; i++)
                json_write_member_text(w, pairs->items.items[i].key, pairs->items.items[i].value);
        json_write_object_end(w);
}

static void write_ipam(struct json_writer *w, const struct declared_network *declared)
{
        json_write_key(w, "IPAM");
        json_write_object(w);
        json_write_member_text(w, "Driver", "default");
        json_write_key(w, "Config");
        json_write_array(w);
        json_write_object(w);
        json_write_member_text(w, "Subnet", declared->subnet);
        if (declared->range)
                json_write_member_text(w, "IPRange", declared->range);
        if (declared->gateway)
                json_write_member_text(w, "Gateway", declared->gateway);
        json_write_object_end(w);
        json_write_array_end(w);
        json_write_object_end(w);
}

char *declared_request(const struct declared_network *declared)
{
        struct buffer out = {0};
        struct json_writer writer = {.out = &out};

        json_write_object(&writer);
        json_write_member_text(&writer, "Name", declared->name);
        json_write_member_bool(&writer, "CheckDuplicate", true);
        json_write_member_text(&writer, "Driver", "overlay");
        json_write_member_text(&writer, "Scope", "swarm");
        json_write_member_bool(&writer, "Attachable", declared->attachable);
        json_write_member_bool(&writer, "Internal", declared->internal);
        if (declared->subnet)
                write_ipam(&writer, declared);
        write_pairs(&writer, "Options", &declared->options);
        write_pairs(&writer, "Labels", &declared->labels);
        json_write_object_end(&writer);
        return buffer_steal(&out);
}
