#include "sim/api.h"

#include <regex.h>

/* Networks, as the API asks of them. */

#define LOCAL_SUBNETS 12 /* from which bridges get theirs, beside those of the engine's own */

static struct sim_table *table(struct sim *sim)
{
        return &sim->networks;
}

static bool is_listed(struct sim *sim, const struct sim_call *call, const void *object)
{
        const struct sim_network *network = object;

        if (network->local || network->removed)
                return sim_network_is_here(sim, network, call->node);
        return true;
}

/* Any part of the text, or what a regular expression stands for. Most are plain, and compiling is slow. */
static bool part_matches(const char *text, const char *wanted)
{
        regex_t expression;

        if (!strpbrk(wanted, ".[]{}()\\*+?|^$"))
                return strstr(text, wanted);
        if (regcomp(&expression, wanted, REG_EXTENDED | REG_NOSUB) != 0)
                return false;
        bool found = regexec(&expression, text, 0, NULL, 0) == 0;
        regfree(&expression);
        return found;
}

/* The swarm is asked for the whole name; what is on the node is found by any part of it. */
static bool name_matches(const struct sim *sim, const struct sim_call *call,
                         const struct sim_network *network, const char *wanted)
{
        return text_equal(network->name, wanted) ||
               (sim_network_is_here(sim, network, call->node) && part_matches(network->name, wanted));
}

static bool is_builtin(const struct sim_network *network)
{
        return network->local || network->ingress;
}

static bool matches(struct sim *sim, const struct sim_call *call, const void *object, const char *key,
                    const char *value)
{
        const struct sim_network *network = object;
        char id[SIM_HEX_ID_SIZE];

        sim_network_id(sim, network, id);
        if (text_equal(key, "name"))
                return name_matches(sim, call, network, value);
        if (text_equal(key, "id"))
                return text_starts_with(id, value);
        if (text_equal(key, "driver"))
                return text_equal(network->allocated ? network->driver : "", value);
        if (text_equal(key, "scope"))
                return text_equal(network->local ? "local" : "swarm", value);
        if (text_equal(key, "type"))
                return is_builtin(network) == text_equal(value, "builtin");
        if (text_equal(key, "dangling"))
                return false;
        return network->labels && sim_label_matches(network->labels, strlen(network->labels), value);
}

static void write_one(struct sim *sim, const struct sim_call *call, const void *object, struct buffer *out)
{
        sim_write_network(sim, call, object, false, out);
}

void sim_get_networks(struct sim *sim, struct sim_call *call)
{
        static const char *const known[] = {"name", "id",       "driver", "scope",
                                            "type", "dangling", "label",  NULL};
        static const char *const types[] = {"builtin", "custom", NULL};
        static const struct sim_list_kind kind = {table, is_listed, matches, write_one};

        if (sim_filters_read(call, known) && sim_filter_words(call, "type", types))
                sim_answer_list(sim, call, &kind);
}

static struct sim_network *find(struct sim *sim, struct sim_call *call)
{
        struct sim_network *network = sim_network_find(sim, call->part);

        if (network && is_listed(sim, call, network))
                return network;
        sim_refuse(call->answer, 404, "network %s not found", call->part);
        return NULL;
}

void sim_get_network(struct sim *sim, struct sim_call *call)
{
        const struct sim_network *network = find(sim, call);

        if (network)
                sim_write_network(sim, call, network, true, &call->answer->body);
}

/* Creation */

static char *raw(const struct json_document *d, json_node node, const char *otherwise)
{
        return node == JSON_NONE || json_type(d, node) == JSON_NULL
                       ? text_copy(otherwise)
                       : text_copy_n(json_bytes(d, node), json_length(d, node));
}

/* What is asked for, as text and as read. */
struct asked_ipam {
        char *subnet, *range, *gateway;
};

static void asked_ipam_done(struct asked_ipam *asked)
{
        free(asked->subnet);
        free(asked->range);
        free(asked->gateway);
}

/* The words of engines before 26.1, which take host bits, and ranges that are wider than their subnet. */
static bool accept_loosely(const struct asked_ipam *asked, struct sim_network *wanted,
                           struct sim_answer *answer)
{
        static const char refused[] = "rpc error: code = InvalidArgument desc = ipam configuration:";

        if (wanted->has_subnet && !prefix_told(asked->subnet, &wanted->subnet))
                return sim_refuse(answer, 500, "Invalid subnet %s : invalid CIDR address: %s", asked->subnet,
                                  asked->subnet);
        if (wanted->has_range && !prefix_told(asked->range, &wanted->range))
                return sim_refuse(answer, 400, "%s invalid range %s", refused, asked->range);
        if (wanted->has_range && !prefix_contains(wanted->subnet, wanted->range.address))
                return sim_refuse(answer, 400, "%s subnet %s does not contain range %s", refused,
                                  asked->subnet, asked->range);
        if (wanted->gateway_asked && !address_parse(asked->gateway, &wanted->gateway))
                return sim_refuse(answer, 400, "%s invalid gateway %s", refused, asked->gateway);
        if (wanted->gateway_asked && !prefix_contains(wanted->subnet, wanted->gateway))
                return sim_refuse(answer, 400, "%s subnet %s does not contain gateway %s", refused,
                                  asked->subnet, asked->gateway);
        return true;
}

static bool accept_prefix(const char *text, const char *what, struct prefix *ret_prefix,
                          struct sim_answer *answer)
{
        char fitting[PREFIX_TEXT_SIZE];

        switch (prefix_parse(text, ret_prefix)) {
        case PREFIX_FINE:
                return true;
        case PREFIX_HOST_BITS:
                prefix_format(*ret_prefix, fitting);
                return sim_refuse(answer, 400, "invalid network config:\ninvalid %s %s: it should be %s",
                                  what, text, fitting);
        default:
                return sim_refuse(answer, 400,
                                  "invalid network config:\ninvalid %s %s: invalid CIDR block notation", what,
                                  text);
        }
}

/* The words since 26.1. */
static bool accept_strictly(const struct asked_ipam *asked, struct sim_network *wanted,
                            struct sim_answer *answer)
{
        static const char refused[] = "invalid network config:\ninvalid";

        if ((wanted->has_subnet && !accept_prefix(asked->subnet, "subnet", &wanted->subnet, answer)) ||
            (wanted->has_range && !accept_prefix(asked->range, "ip-range", &wanted->range, answer)))
                return false;
        if (wanted->has_range && wanted->range.length_bits < wanted->subnet.length_bits)
                return sim_refuse(answer, 400,
                                  "%s ip-range %s: CIDR block is bigger than its parent subnet %s", refused,
                                  asked->range, asked->subnet);
        if (wanted->has_range && !prefix_contains(wanted->subnet, wanted->range.address))
                return sim_refuse(answer, 400, "%s ip-range %s: parent subnet %s doesn't contain ip-range",
                                  refused, asked->range, asked->subnet);
        if (wanted->gateway_asked && !address_parse(asked->gateway, &wanted->gateway))
                return sim_refuse(answer, 400, "%s gateway %s: invalid address", refused, asked->gateway);
        if (wanted->gateway_asked && !prefix_contains(wanted->subnet, wanted->gateway))
                return sim_refuse(answer, 400, "%s gateway %s: parent subnet %s doesn't contain this address",
                                  refused, asked->gateway, asked->subnet);
        return true;
}

static bool read_config(const struct sim *sim, const struct json_document *d, json_node config,
                        struct sim_network *wanted, struct sim_answer *answer)
{
        struct asked_ipam asked _cleanup_(asked_ipam_done) = {json_text(d, json_get(d, config, "Subnet")),
                                                              json_text(d, json_get(d, config, "IPRange")),
                                                              json_text(d, json_get(d, config, "Gateway"))};

        wanted->has_subnet = !text_empty(asked.subnet);
        wanted->has_range = !text_empty(asked.range);
        wanted->gateway_asked = !text_empty(asked.gateway);
        return sim_minor(sim) < SIM_MINOR_26 ? accept_loosely(&asked, wanted, answer)
                                             : accept_strictly(&asked, wanted, answer);
}

static bool refuse_taken(struct sim *sim, const struct sim_call *call, const char *name, bool local)
{
        for_each_named (sim_network, network, &sim->network_names, name) {
                if (!is_listed(sim, call, network))
                        continue;
                if (text_equal(network->name, name))
                        return sim_refuse(call->answer, 409, "network with name %s already exists", name);
                if (!local && !network->local && !network->removed)
                        return sim_refuse(
                                call->answer, 500,
                                "rpc error: code = Unknown desc = name conflicts with an existing object");
        }
        return true;
}

static bool is_predefined(const char *name)
{
        static const char *const names[] = {"bridge", "host", "none", "default"};

        for (size_t i = 0; i < ELEMENTS(names); i++)
                if (text_equal(names[i], name))
                        return true;
        return false;
}

static bool accept_name(struct sim *sim, struct sim_call *call, const char *name, bool local)
{
        if (text_empty(name) || strspn(name, " ") == strlen(name))
                return sim_refuse(call->answer, sim_minor(sim) < SIM_MINOR_26 ? 500 : 400, "invalid name: %s",
                                  sim_minor(sim) >= SIM_MINOR_28 ? "name is empty"
                                  : name                         ? name
                                                                 : "");
        if (local && is_predefined(name))
                return sim_refuse(call->answer, 403, "operation is not permitted on predefined %s network ",
                                  name);
        return refuse_taken(sim, call, name, local) && (local || sim_accept_name(name, call->answer));
}

/* A node's own networks share its address space, which overlays have no part in. */
static bool accept_local(struct sim *sim, const struct sim_network *wanted, struct sim_answer *answer)
{
        if (!wanted->has_subnet || !sim_network_overlaps_local(sim, NULL, wanted->subnet))
                return true;
        return sim_refuse(answer, 403, "%s" SIM_POOL_OVERLAPS,
                          sim_minor(sim) < SIM_MINOR_28 ? "" : "invalid pool request: ");
}

static void keep(const struct json_document *d, const struct sim_network *wanted, struct sim_network *network)
{
        json_node root = json_root(d);
        json_node ipam = json_get(d, root, "IPAM");
        json_node options = json_get(d, ipam, "Options");
        _cleanup_free_ char *ipam_options = raw(d, json_count(d, options) ? options : JSON_NONE, "null");

        network->driver = json_text(d, json_get(d, root, "Driver"));
        network->options = raw(d, json_get(d, root, "Options"), NULL);
        network->labels = raw(d, json_get(d, root, "Labels"), NULL);
        network->ipam = text_format("\"Driver\":\"default\",\"Options\":%s", ipam_options);
        network->attachable = json_bool(d, json_get(d, root, "Attachable"));
        network->internal = json_bool(d, json_get(d, root, "Internal"));
        network->ingress = json_bool(d, json_get(d, root, "Ingress"));
        network->has_subnet = wanted->has_subnet;
        network->has_range = wanted->has_range;
        network->subnet = wanted->subnet;
        network->range = wanted->range;
        network->gateway = wanted->gateway;
        network->gateway_asked = wanted->gateway_asked;
        json_node config = json_first(d, json_get(d, ipam, "Config"));
        network->subnet_said = wanted->has_subnet ? json_text(d, json_get(d, config, "Subnet")) : NULL;
        network->range_said = wanted->has_range ? json_text(d, json_get(d, config, "IPRange")) : NULL;
}

/* 172.19.0.0/16 and the eleven behind it; a network's number says where it begins to look. */
static void choose_local_subnet(struct sim *sim, struct sim_network *network)
{
        for (uint32_t i = 0; i < LOCAL_SUBNETS; i++) {
                prefix_parse("172.19.0.0/16", &network->subnet);
                network->subnet.address += (network->object.ref.index + i) % LOCAL_SUBNETS << 16;
                if (!sim_network_overlaps_local(sim, network, network->subnet))
                        break;
        }
        network->has_subnet = true;
}

static void keep_local(struct sim *sim, struct sim_network *network)
{
        if (!network->has_subnet)
                choose_local_subnet(sim, network);
        network->local = true;
        network->local_node = sim->asked;
        network->allocated = true;
        sim_pool_init(&network->pool, network->subnet);
        if (network->gateway)
                sim_address_take(&network->pool, network->gateway);
        else
                sim_address_next(&network->pool, &network->gateway);
}

void sim_create_network(struct sim *sim, struct sim_call *call)
{
        _cleanup_json_ struct json_document *d = sim_typed_body(call, "types.NetworkCreateRequest");
        struct sim_network wanted = {0};
        char id[SIM_HEX_ID_SIZE];

        if (!d || !sim_type_fits(sim, d, &sim_type_network, call->answer))
                return;
        json_node config = json_first(d, json_path(d, json_root(d), "IPAM", "Config", NULL));
        _cleanup_free_ char *name = json_text(d, json_get(d, json_root(d), "Name"));
        bool local = !json_text_is(d, json_get(d, json_root(d), "Driver"), "overlay");
        if (!accept_name(sim, call, name, local) || !read_config(sim, d, config, &wanted, call->answer) ||
            (local && !accept_local(sim, &wanted, call->answer)))
                return;
        if (json_bool(d, json_get(d, json_root(d), "Ingress")) && sim_ingress(sim)) {
                sim_network_id(sim, sim_ingress(sim), id);
                sim_refuse(call->answer, 409,
                           "rpc error: code = AlreadyExists desc = ingress network (%s) is already present",
                           id);
                return;
        }
        struct sim_network *network = sim_network_add(sim, name);
        keep(d, &wanted, network);
        if (local)
                keep_local(sim, network);
        sim_network_id(sim, network, id);
        if (local)
                sim_happened_on(sim, call->node, "network", "create", id, network->name,
                                text_copy("\"type\":\"bridge\","));
        else
                sim_happened(sim, "network", "create", id, network->name, NULL);
        call->answer->status = 201;
        buffer_format(&call->answer->body, "{\"Id\":\"%s\",\"Warning\":\"\"}\n", id);
}

/* Removal and connections */

static void remove_local(struct sim *sim, struct sim_call *call, struct sim_network *network)
{
        char id[SIM_HEX_ID_SIZE];

        if (is_predefined(network->name)) {
                sim_refuse(call->answer, 403, "%s is a pre-defined network and cannot be removed",
                           network->name);
                return;
        }
        sim_network_id(sim, network, id);
        for_each_sim (sim_container, container, &sim->containers)
                if (sim_connection_of(container, network)) {
                        sim_refuse(call->answer, 403,
                                   "error while removing network: network %s id %s has active endpoints",
                                   network->name, id);
                        return;
                }
        call->answer->status = 204;
        sim_network_drop(sim, network);
}

/* The ID of a service that publishes there. */
static bool ingress_user(struct sim *sim, char ret_id[SIM_ID_SIZE])
{
        for_each_sim (sim_service, service, &sim->services) {
                if (!service->spec->ingress)
                        continue;
                sim_id(sim, SIM_KIND_SERVICE, service->object.ref, ret_id);
                return true;
        }
        return false;
}

void sim_delete_network(struct sim *sim, struct sim_call *call)
{
        struct sim_network *network = find(sim, call);

        if (!network)
                return;
        if (network->local) {
                remove_local(sim, call, network);
                return;
        }
        _cleanup_free_ char *user = network->removed ? NULL : sim_network_user(sim, network);
        char id[SIM_HEX_ID_SIZE];
        char publisher[SIM_ID_SIZE];
        sim_network_id(sim, network, id);
        if (network->removed)
                sim_refuse(call->answer, 404, "network %s not found", call->part);
        else if (network->ingress && ingress_user(sim, publisher))
                sim_refuse(call->answer, 400,
                           "rpc error: code = FailedPrecondition desc = ingress network cannot be removed "
                           "because "
                           "service %s depends on it",
                           publisher);
        else if (user)
                sim_refuse(call->answer, 400,
                           "rpc error: code = FailedPrecondition desc = network %s is in use by %s", id,
                           user);
        else
                sim_network_remove(sim, network);
        if (call->answer->status == 200)
                call->answer->status = 204;
}

/* All that nobody names: those whose tasks are only told to end, too, so that it leaks as a removal does. */
void sim_prune_networks(struct sim *sim, struct sim_call *call)
{
        const char *comma = "";

        buffer_add_text(&call->answer->body, "{\"NetworksDeleted\":[");
        for_each_sim (sim_network, network, &sim->networks) {
                if (network->local || network->ingress || network->removed)
                        continue;
                _cleanup_free_ char *user = sim_network_user(sim, network);
                if (user)
                        continue;
                buffer_add_text(&call->answer->body, comma);
                sim_write_text(&call->answer->body, network->name);
                comma = ",";
                sim_network_remove(sim, network);
        }
        buffer_add_text(&call->answer->body, "]}\n");
}

static struct sim_container *container_of_body(struct sim *sim, struct sim_call *call,
                                               const struct json_document *d)
{
        _cleanup_free_ char *id = json_text(d, json_get(d, json_root(d), "Container"));
        struct sim_container *container = id ? sim_container_find(sim, call->node, id) : NULL;

        if (!container)
                sim_refuse(call->answer, 404, "No such container: %s", id ? id : "");
        return container;
}

/* What no node knows is asked of the swarm, but for a task's container. */
static struct sim_network *network_to_join(struct sim *sim, struct sim_call *call,
                                           const struct sim_container *container)
{
        struct sim_network *network = find(sim, call);

        if (!network && !sim_table_at(&sim->tasks, container->task))
                sim_refuse(call->answer, 500, SIM_NOT_ATTACHED_UNKNOWN, call->part, call->part);
        return network;
}

void sim_post_connect(struct sim *sim, struct sim_call *call)
{
        _cleanup_json_ struct json_document *d = sim_typed_body(call, "types.NetworkConnect");
        struct sim_container *container = d ? container_of_body(sim, call, d) : NULL;
        struct sim_network *network = container ? network_to_join(sim, call, container) : NULL;

        if (!network)
                return;
        json_node config = json_get(d, json_root(d), "EndpointConfig");
        _cleanup_free_ char *address = json_text(d, json_path(d, config, "IPAMConfig", "IPv4Address", NULL));
        _cleanup_free_ char *aliases = raw(d, json_get(d, config, "Aliases"), NULL);
        sim_connect(sim, container, network, text_empty(address) ? NULL : address, aliases, call->answer);
}

void sim_post_disconnect(struct sim *sim, struct sim_call *call)
{
        _cleanup_json_ struct json_document *d = sim_typed_body(call, "types.NetworkDisconnect");
        struct sim_network *network = d ? find(sim, call) : NULL;
        struct sim_container *container = network ? container_of_body(sim, call, d) : NULL;
        char id[SIM_HEX_ID_SIZE];

        if (!container || sim_disconnect_from(sim, container, network))
                return;
        sim_hex_id(sim, SIM_KIND_CONTAINER, container->object.ref, id);
        sim_refuse(call->answer, 500, "container %s is not connected to network %s", id, network->name);
}
