/* How a network that exists differs from its declaration. */

#include "swarm/declared.h"

#define VXLAN_OPTION  "com.docker.network.driver.overlay.vxlanid_list"
#define DOCKER_LABELS "com.docker."

typedef const struct json_document *document_t;

void differences_done(struct differences *differences)
{
        for (size_t i = 0; i < differences->items.count; i++) {
                free(differences->items.items[i].field);
                free(differences->items.items[i].declared);
                free(differences->items.items[i].found);
        }
        free(differences->items.items);
        *differences = (struct differences){0};
}

/* NULL is "none". */
static void differ(struct differences *differences, const char *field, const char *declared,
                   const char *found)
{
        *list_add(&differences->items) = (struct difference){
                text_copy(field), text_copy(declared ? declared : "none"), text_copy(found ? found : "none")};
}

static void compare_text(struct differences *differences, const char *field, const char *declared,
                         const char *found)
{
        if (!text_equal(declared, found))
                differ(differences, field, declared, found);
}

static void compare_member(struct differences *differences, const char *field, const char *declared,
                           document_t d, json_node object, const char *key)
{
        _cleanup_free_ char *found = json_text(d, json_get(d, object, key));

        compare_text(differences, field, declared, found);
}

static void compare_flag(struct differences *differences, const char *field, bool declared, document_t d,
                         json_node network, const char *key)
{
        bool found = json_bool(d, json_get(d, network, key));

        if (found != declared)
                differ(differences, field, declared ? "true" : "false", found ? "true" : "false");
}

/* ipam */

char *declared_subnets(document_t d, json_node network)
{
        struct buffer list = {0};

        json_for_each (entry, d, json_path(d, network, "IPAM", "Config", NULL)) {
                _cleanup_free_ char *subnet = json_text(d, json_get(d, entry, "Subnet"));
                buffer_format(&list, "%s%s", list.length ? ", " : "", subnet ? subnet : "?");
        }
        return buffer_steal(&list);
}

static void compare_ipam(struct differences *differences, const struct declared_network *declared,
                         document_t d, json_node network)
{
        json_node config = json_path(d, network, "IPAM", "Config", NULL);
        json_node first = json_first(d, config);
        _cleanup_free_ char *subnets = declared_subnets(d, network);
        _cleanup_free_ char *range = json_text(d, json_get(d, first, "IPRange"));

        if (declared->subnet)
                compare_text(differences, "ipam.subnet", declared->subnet, subnets);
        compare_text(differences, "ipam.ip_range", declared->range, text_empty(range) ? NULL : range);
        if (declared->gateway)
                compare_member(differences, "ipam.gateway", declared->gateway, d, first, "Gateway");
}

/* Options and labels */

static bool is_declared(const struct declared_pairs *pairs, const char *key)
{
        for (size_t i = 0; i < pairs->items.count; i++)
                if (text_equal(pairs->items.items[i].key, key))
                        return true;
        return false;
}

static bool is_dockers_own(const char *key)
{
        return text_equal(key, VXLAN_OPTION) || text_starts_with(key, DOCKER_LABELS "stack.") ||
               text_starts_with(key, DOCKER_LABELS "compose.");
}

static void compare_pairs(struct differences *differences, const char *field,
                          const struct declared_pairs *pairs, document_t d, json_node object)
{
        for (size_t i = 0; i < pairs->items.count; i++) {
                const struct declared_pair *pair = &pairs->items.items[i];
                _cleanup_free_ char *name = text_format("%s.%s", field, pair->key);
                _cleanup_free_ char *found = json_text(d, json_get(d, object, pair->key));
                compare_text(differences, name, pair->value, found);
        }
        json_for_each (member, d, object) {
                _cleanup_free_ char *key = json_key(d, member);
                if (!key || is_dockers_own(key) || is_declared(pairs, key))
                        continue;
                _cleanup_free_ char *name = text_format("%s.%s", field, key);
                _cleanup_free_ char *found = json_text(d, member);
                differ(differences, name, NULL, found);
        }
}

void declared_compare(const struct declared_network *declared, document_t d, json_node network,
                      struct differences *ret_differences)
{
        *ret_differences = (struct differences){0};
        compare_member(ret_differences, "driver", "overlay", d, network, "Driver");
        compare_member(ret_differences, "scope", "swarm", d, network, "Scope");
        compare_flag(ret_differences, "attachable", declared->attachable, d, network, "Attachable");
        compare_flag(ret_differences, "internal", declared->internal, d, network, "Internal");
        compare_ipam(ret_differences, declared, d, network);
        compare_pairs(ret_differences, "driver_opts", &declared->options, d, json_get(d, network, "Options"));
        compare_pairs(ret_differences, "labels", &declared->labels, d, json_get(d, network, "Labels"));
}

bool declared_is_allocated(document_t d, json_node network)
{
        json_node config = json_path(d, network, "IPAM", "Config", NULL);
        _cleanup_free_ char *gateway = json_text(d, json_get(d, json_first(d, config), "Gateway"));
        bool overlay = json_text_is(d, json_get(d, network, "Scope"), "swarm");

        return !overlay || !text_empty(gateway);
}
