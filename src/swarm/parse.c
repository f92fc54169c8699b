#include "swarm/parse.h"
#include "swarm/strings.h"

#include "base/clock.h"

#include <stdio.h>

#define NANOSECONDS_A_MS           1000000
#define STOP_GRACE_DEFAULT_MS      10000        /* the engine's own default */
#define DEFAULT_POOL               "10.0.0.0/8" /* docker swarm init --default-addr-pool */
#define DEFAULT_POOL_SUBNET_BITS   24
#define PARALLELISM_DEFAULT        1 /* of an update without settings; settings that say 0 mean all at once */
#define HEALTH_INTERVAL_DEFAULT_MS 30000
#define SHORT_TEXT_SIZE            64

typedef const struct json_document *document_t;

static const char *string_at(struct swarm *swarm, document_t d, json_node node)
{
        const char *plain;
        size_t length;

        if (json_plain(d, node, &plain, &length))
                return length ? string_table_add(swarm->strings, plain, length) : NULL;
        _cleanup_free_ char *text = json_text(d, node);
        return text_empty(text) ? NULL : swarm_string(swarm, text);
}

/* A text that no other object of the swarm has: not shared. */
static const char *own_string_at(struct arena *arena, document_t d, json_node node)
{
        const char *plain;
        size_t length;

        if (json_plain(d, node, &plain, &length))
                return length ? arena_text(arena, plain, length) : NULL;
        _cleanup_free_ char *text = json_text(d, node);
        return text_empty(text) ? NULL : arena_text(arena, text, strlen(text));
}

/* A short text, such as a time or an address, without memory of its own; empty when it is none, or too long.
 */
struct short_text {
        char text[SHORT_TEXT_SIZE];
};

static inline struct short_text short_text_at(document_t d, json_node node)
{
        struct short_text copy;
        const char *bytes;
        size_t length;

        copy.text[0] = 0;
        if (!json_plain(d, node, &bytes, &length)) {
                _cleanup_free_ char *text = json_text(d, node);
                snprintf(copy.text, sizeof(copy.text), "%s",
                         text && strlen(text) < sizeof(copy.text) ? text : "");
        } else if (length < sizeof(copy.text)) {
                memcpy(copy.text, bytes, length);
                copy.text[length] = 0;
        }
        return copy;
}

static const char *member(struct swarm *swarm, document_t d, json_node object, const char *key)
{
        return string_at(swarm, d, json_get(d, object, key));
}

static uint64_t number(document_t d, json_node object, const char *key)
{
        uint64_t value = 0;

        json_u64(d, json_get(d, object, key), &value);
        return value;
}

static bool flag(document_t d, json_node object, const char *key)
{
        return json_bool(d, json_get(d, object, key));
}

static int64_t time_at(document_t d, json_node node)
{
        struct short_text text = short_text_at(d, node);
        int64_t time = clock_parse(text.text);

        return MAX(time, 0); /* the engine writes year 1 for "never" */
}

static int64_t time_ms(document_t d, json_node object, const char *key)
{
        return time_at(d, json_get(d, object, key));
}

static int64_t nanoseconds_as_ms(document_t d, json_node object, const char *key, int64_t otherwise)
{
        int64_t value;

        return json_i64(d, json_get(d, object, key), &value) && value > 0 ? value / NANOSECONDS_A_MS
                                                                          : otherwise;
}

/* Newer engines tell no pools where the defaults are in use: then these are the engine's own. */
static void add_default_pool(struct swarm *swarm)
{
        prefix_parse(DEFAULT_POOL, &list_add(&swarm->pools)->prefix);
        if (!swarm->pool_subnet_bits)
                swarm->pool_subnet_bits = DEFAULT_POOL_SUBNET_BITS;
}

void parse_info(struct swarm *swarm, document_t d, json_node info)
{
        json_node state = json_get(d, info, "Swarm");
        json_node cluster = json_get(d, state, "Cluster");

        swarm->engine_version = member(swarm, d, info, "ServerVersion");
        swarm->local_node_name = member(swarm, d, info, "Name");
        swarm->local_node_id = member(swarm, d, state, "NodeID");
        swarm->cluster_id = member(swarm, d, cluster, "ID");
        swarm->taken_ms = time_ms(d, info, "SystemTime");
        swarm->pool_subnet_bits = (uint8_t)number(d, cluster, "SubnetSize");
        json_for_each (pool, d, json_get(d, cluster, "DefaultAddrPool")) {
                _cleanup_free_ char *text = json_text(d, pool);
                struct prefix prefix;
                if (prefix_parse(text, &prefix) == PREFIX_FINE)
                        list_add(&swarm->pools)->prefix = prefix;
        }
        if (swarm->pools.count == 0)
                add_default_pool(swarm);
}

void parse_node(struct swarm *swarm, document_t d, json_node object, struct node *node)
{
        json_node manager = json_get(d, object, "ManagerStatus");
        json_node description = json_get(d, object, "Description");

        node->id = member(swarm, d, object, "ID");
        node->name = member(swarm, d, description, "Hostname");
        node->engine_version =
                string_at(swarm, d, json_path(d, description, "Engine", "EngineVersion", NULL));
        node->state = string_at(swarm, d, json_path(d, object, "Status", "State", NULL));
        node->address = string_at(swarm, d, json_path(d, object, "Status", "Addr", NULL));
        node->availability = string_at(swarm, d, json_path(d, object, "Spec", "Availability", NULL));
        node->manager = json_text_is(d, json_path(d, object, "Spec", "Role", NULL), "manager");
        node->leader = flag(d, manager, "Leader");
        node->reachable = json_text_is(d, json_get(d, manager, "Reachability"), "reachable");
}

bool label_is_read(const char *key)
{
        return text_starts_with(key, "headroom.") || text_equal(key, "com.docker.stack.namespace");
}

static void add_label(struct swarm *swarm, document_t d, json_node value, struct label *label,
                      const char *key)
{
        label->key = swarm_string(swarm, key);
        label->value = string_at(swarm, d, value);
        if (!label->value)
                label->value = swarm_string(swarm, "");
}

static void parse_subnets(struct swarm *swarm, document_t d, json_node config, struct network *network)
{
        json_for_each (entry, d, config) {
                struct subnet *subnet = list_add(&network->subnets);
                subnet->text = member(swarm, d, entry, "Subnet");
                subnet->range = member(swarm, d, entry, "IPRange");
                subnet->gateway = member(swarm, d, entry, "Gateway");
                enum prefix_fault fault =
                        subnet->text ? prefix_parse(subnet->text, &subnet->prefix) : PREFIX_NOT_ONE;
                subnet->ipv6 = fault == PREFIX_IPV6;
                subnet->counted = fault == PREFIX_FINE || fault == PREFIX_HOST_BITS;
        }
}

/* Status.IPAM.Subnets is keyed by CIDR (API 1.52). */
static void parse_status(document_t d, json_node object, struct network *network)
{
        json_node subnets = json_path(d, object, "Status", "IPAM", "Subnets", NULL);

        for (size_t i = 0; i < network->subnets.count; i++) {
                struct subnet *subnet = &network->subnets.items[i];
                json_node status = subnet->text ? json_get(d, subnets, subnet->text) : JSON_NONE;
                subnet->status_known =
                        json_u64(d, json_get(d, status, "IPsInUse"), &subnet->in_use) &&
                        json_u64(d, json_get(d, status, "DynamicIPsAvailable"), &subnet->available);
        }
}

void parse_network(struct swarm *swarm, document_t d, json_node object, struct network *network)
{
        network->id = member(swarm, d, object, "Id");
        network->name = member(swarm, d, object, "Name");
        network->driver = member(swarm, d, object, "Driver");
        network->scope = member(swarm, d, object, "Scope");
        network->created_ms = time_ms(d, object, "Created");
        network->ingress = flag(d, object, "Ingress");
        network->attachable = flag(d, object, "Attachable");
        network->internal = flag(d, object, "Internal");
        network->ipv6 = flag(d, object, "EnableIPv6");
        parse_subnets(swarm, d, json_path(d, object, "IPAM", "Config", NULL), network);
        parse_status(d, object, network);
        json_for_each (option, d, json_get(d, object, "Options")) {
                _cleanup_free_ char *key = json_key(d, option);
                if (key)
                        add_label(swarm, d, option, list_add(&network->options), key);
        }
        json_for_each (label, d, json_get(d, object, "Labels")) {
                _cleanup_free_ char *key = json_key(d, label);
                if (key && label_is_read(key))
                        add_label(swarm, d, label, list_add(&network->labels), key);
        }
}

void parse_endpoints(struct swarm *swarm, document_t d, json_node object, struct network *network)
{
        network->inspected = true;
        json_for_each (entry, d, json_get(d, object, "Containers")) {
                _cleanup_free_ char *container_id = json_key(d, entry);
                _cleanup_free_ char *address = json_text(d, json_get(d, entry, "IPv4Address"));
                struct endpoint *endpoint = list_add(&network->endpoints);
                endpoint->container_id = swarm_string(swarm, container_id);
                endpoint->name = member(swarm, d, entry, "Name");
                address_parse(address, &endpoint->address);
        }
}

static void parse_service_network(struct swarm *swarm, document_t d, json_node entry,
                                  struct attachment *attachment)
{
        json_node aliases = json_get(d, entry, "Aliases");

        attachment->network_id = member(swarm, d, entry, "Target");
        attachment->aliases = memory_new(json_count(d, aliases), sizeof(*attachment->aliases));
        json_for_each (alias, d, aliases)
                attachment->aliases[attachment->alias_count++] = string_at(swarm, d, alias);
}

static void parse_vips(struct swarm *swarm, document_t d, json_node endpoint, struct service *service)
{
        json_for_each (entry, d, json_get(d, endpoint, "VirtualIPs")) {
                struct short_text address = short_text_at(d, json_get(d, entry, "Addr"));
                struct vip *vip = list_add(&service->vips);
                vip->network_id = member(swarm, d, entry, "NetworkID");
                vip->allocated = address_parse(address.text, &vip->address);
        }
}

static void parse_ports(struct swarm *swarm, document_t d, json_node endpoint_spec, struct service *service)
{
        json_for_each (entry, d, json_get(d, endpoint_spec, "Ports")) {
                struct port *port = list_add(&service->ports);
                port->published = (uint32_t)number(d, entry, "PublishedPort");
                port->target = (uint32_t)number(d, entry, "TargetPort");
                port->protocol = member(swarm, d, entry, "Protocol");
                port->host_mode = json_text_is(d, json_get(d, entry, "PublishMode"), "host");
        }
}

static void parse_mounts(struct swarm *swarm, document_t d, json_node container, struct service *service)
{
        json_for_each (entry, d, json_get(d, container, "Mounts")) {
                struct mount *mount = list_add(&service->mounts);
                mount->type = member(swarm, d, entry, "Type");
                mount->source = member(swarm, d, entry, "Source");
                mount->target = member(swarm, d, entry, "Target");
                mount->read_only = flag(d, entry, "ReadOnly");
        }
}

static void parse_health(document_t d, json_node container, struct service *service)
{
        json_node health = json_get(d, container, "Healthcheck");
        json_node test = json_first(d, json_get(d, health, "Test"));

        service->health_check_none = json_text_is(d, test, "NONE");
        service->health_check = test != JSON_NONE && !service->health_check_none;
        service->health_start_ms = nanoseconds_as_ms(d, health, "StartPeriod", 0) +
                                   nanoseconds_as_ms(d, health, "Interval", HEALTH_INTERVAL_DEFAULT_MS);
}

static void parse_mode(document_t d, json_node mode, struct service *service)
{
        json_node replicated = json_get(d, mode, "Replicated");

        if (json_get(d, mode, "Global") != JSON_NONE)
                service->mode = SERVICE_GLOBAL;
        else if (replicated == JSON_NONE)
                service->mode = SERVICE_JOB;
        service->replicas = number(d, replicated, "Replicas");
}

static void parse_update_settings(struct swarm *swarm, document_t d, json_node update,
                                  struct service *service)
{
        service->has_update_config = update != JSON_NONE && json_type(d, update) == JSON_OBJECT;
        service->update_parallelism =
                service->has_update_config ? number(d, update, "Parallelism") : PARALLELISM_DEFAULT;
        service->update_delay_ms = nanoseconds_as_ms(d, update, "Delay", 0);
        service->update_order = member(swarm, d, update, "Order");
        service->update_failure_action = member(swarm, d, update, "FailureAction");
        service->update_monitor_ms = nanoseconds_as_ms(d, update, "Monitor", 5000);
}

static void parse_template(struct swarm *swarm, document_t d, json_node task_template,
                           struct service *service)
{
        json_node container = json_get(d, task_template, "ContainerSpec");

        service->image = member(swarm, d, container, "Image");
        service->stop_grace_ms = nanoseconds_as_ms(d, container, "StopGracePeriod", STOP_GRACE_DEFAULT_MS);
        parse_mounts(swarm, d, container, service);
        parse_health(d, container, service);
        service->max_replicas_per_node = number(d, json_get(d, task_template, "Placement"), "MaxReplicas");
        json_node reservations = json_path(d, task_template, "Resources", "Reservations", NULL);
        service->has_reservations = json_count(d, reservations) > 0;
}

static void parse_endpoint_spec(struct swarm *swarm, document_t d, json_node spec, struct service *service)
{
        service->dnsrr = json_text_is(d, json_get(d, spec, "Mode"), "dnsrr");
        parse_ports(swarm, d, spec, service);
}

static void parse_labels(struct swarm *swarm, document_t d, json_node labels, struct service *service)
{
        service->stack = member(swarm, d, labels, "com.docker.stack.namespace");
        json_for_each (label, d, labels) {
                _cleanup_free_ char *key = json_key(d, label);
                if (key && label_is_read(key))
                        add_label(swarm, d, label, list_add(&service->labels), key);
        }
}

/* Networks stand in TaskTemplate since API 1.29; older specs have them at the top. */
static void parse_service_networks(struct swarm *swarm, document_t d, json_node task_template, json_node old,
                                   struct service *service)
{
        json_node networks = json_get(d, task_template, "Networks");

        json_for_each (entry, d, json_count(d, networks) ? networks : old)
                parse_service_network(swarm, d, entry, list_add(&service->networks));
}

static void parse_service_spec(struct swarm *swarm, document_t d, json_node spec, struct service *service)
{
        enum { NAME, LABELS, TEMPLATE, MODE, UPDATE, ROLLBACK, NETWORKS, ENDPOINT, COUNT };
        static const struct json_name keys[COUNT] = {
                JSON_NAME("Name"),     JSON_NAME("Labels"),       JSON_NAME("TaskTemplate"),
                JSON_NAME("Mode"),     JSON_NAME("UpdateConfig"), JSON_NAME("RollbackConfig"),
                JSON_NAME("Networks"), JSON_NAME("EndpointSpec"),
        };
        json_node at[COUNT];

        json_get_each(d, spec, keys, COUNT, at);
        service->name = string_at(swarm, d, at[NAME]);
        parse_labels(swarm, d, at[LABELS], service);
        parse_template(swarm, d, at[TEMPLATE], service);
        parse_mode(d, at[MODE], service);
        parse_update_settings(swarm, d, at[UPDATE], service);
        service->rollback_order = member(swarm, d, at[ROLLBACK], "Order");
        parse_service_networks(swarm, d, at[TEMPLATE], at[NETWORKS], service);
        parse_endpoint_spec(swarm, d, at[ENDPOINT], service);
}

void parse_service(struct swarm *swarm, document_t d, json_node object, struct service *service)
{
        enum { ID, VERSION, CREATED_AT, UPDATED_AT, SPEC, ENDPOINT, UPDATE_STATUS, COUNT };
        static const struct json_name keys[COUNT] = {
                JSON_NAME("ID"),   JSON_NAME("Version"),  JSON_NAME("CreatedAt"),    JSON_NAME("UpdatedAt"),
                JSON_NAME("Spec"), JSON_NAME("Endpoint"), JSON_NAME("UpdateStatus"),
        };
        json_node at[COUNT];

        json_get_each(d, object, keys, COUNT, at);
        service->id = string_at(swarm, d, at[ID]);
        service->version = number(d, at[VERSION], "Index");
        service->created_ms = time_at(d, at[CREATED_AT]);
        service->updated_ms = time_at(d, at[UPDATED_AT]);
        service->update_state = member(swarm, d, at[UPDATE_STATUS], "State");
        service->update_message = member(swarm, d, at[UPDATE_STATUS], "Message");
        parse_service_spec(swarm, d, at[SPEC], service);
        parse_vips(swarm, d, at[ENDPOINT], service);
}

/* The network's ID in a task's attachment; the entry holds the whole network. */
static json_node attachment_network(document_t d, json_node entry)
{
        return json_get(d, json_get(d, entry, "Network"), "ID");
}

static void parse_task_network(struct swarm *swarm, document_t d, json_node entry,
                               struct attachment *attachment)
{
        json_node addresses = json_get(d, entry, "Addresses");

        attachment->network_id = string_at(swarm, d, attachment_network(d, entry));
        attachment->addresses =
                arena_new(&swarm->task_memory, json_count(d, addresses), sizeof(*attachment->addresses));
        json_for_each (address, d, addresses) {
                struct short_text text = short_text_at(d, address);
                if (address_parse(text.text, &attachment->addresses[attachment->address_count]))
                        attachment->address_count++;
        }
}

static void parse_task_networks(struct swarm *swarm, document_t d, json_node entries, struct task *task)
{
        task->networks.items =
                arena_new(&swarm->task_memory, json_count(d, entries), sizeof(*task->networks.items));
        json_for_each (entry, d, entries)
                parse_task_network(swarm, d, entry, &task->networks.items[task->networks.count++]);
}

static enum task_state parse_state(document_t d, json_node node)
{
        return task_state_parse(short_text_at(d, node).text);
}

static bool is_attachment(document_t d, json_node spec)
{
        enum { RUNTIME, ATTACHMENT_SPEC, COUNT };
        static const struct json_name keys[COUNT] = {JSON_NAME("Runtime"),
                                                     JSON_NAME("NetworkAttachmentSpec")};
        json_node at[COUNT];

        json_get_each(d, spec, keys, COUNT, at);
        return json_text_is(d, at[RUNTIME], "attachment") || at[ATTACHMENT_SPEC] != JSON_NONE;
}

static void parse_task_status(struct swarm *swarm, document_t d, json_node status, struct task *task)
{
        enum { TIMESTAMP, STATE, ERR, CONTAINER_STATUS, COUNT };
        static const struct json_name keys[COUNT] = {JSON_NAME("Timestamp"), JSON_NAME("State"),
                                                     JSON_NAME("Err"), JSON_NAME("ContainerStatus")};
        json_node at[COUNT];

        json_get_each(d, status, keys, COUNT, at);
        task->state = parse_state(d, at[STATE]);
        task->state_since_ms = time_at(d, at[TIMESTAMP]);
        task->error = string_at(swarm, d, at[ERR]);
        task->container_id =
                own_string_at(&swarm->task_memory, d, json_get(d, at[CONTAINER_STATUS], "ContainerID"));
}

/* There are many more tasks than of anything else: hence in the order in which the engine writes them. */
void parse_task(struct swarm *swarm, document_t d, json_node object, struct task *task)
{
        enum { ID, CREATED_AT, SPEC, SERVICE_ID, SLOT, NODE_ID, STATUS, DESIRED_STATE, ATTACHMENTS, COUNT };
        static const struct json_name keys[COUNT] = {
                JSON_NAME("ID"),        JSON_NAME("CreatedAt"),    JSON_NAME("Spec"),
                JSON_NAME("ServiceID"), JSON_NAME("Slot"),         JSON_NAME("NodeID"),
                JSON_NAME("Status"),    JSON_NAME("DesiredState"), JSON_NAME("NetworksAttachments"),
        };
        json_node at[COUNT];

        json_get_each(d, object, keys, COUNT, at);
        task->id = own_string_at(&swarm->task_memory, d, at[ID]);
        task->service_id = string_at(swarm, d, at[SERVICE_ID]);
        task->node_id = string_at(swarm, d, at[NODE_ID]);
        json_u64(d, at[SLOT], &task->slot);
        task->created_ms = time_at(d, at[CREATED_AT]);
        task->desired = parse_state(d, at[DESIRED_STATE]);
        task->attachment = is_attachment(d, at[SPEC]);
        parse_task_status(swarm, d, at[STATUS], task);
        parse_task_networks(swarm, d, at[ATTACHMENTS], task);
}
