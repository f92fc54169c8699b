#include "base/clock.h"
#include "base/file.h"
#include "swarm/parse.h"
#include "swarm/swarm.h"
#include "json/write.h"

/*
 * A snapshot is one JSON object whose lists hold objects in the engine's own shapes, cut down to what the
 * model keeps; so that reading one is the same parsing as a survey, and nothing that the model does not hold
 * (commands, environment, secrets) can be in it.
 */

#define SNAPSHOT_FORMAT    1
#define SNAPSHOT_BYTES_MAX JSON_SIZE_MAX

typedef struct json_writer *writer_t;

/* To the millisecond: which of two tasks came first is evidence. */
static void write_time(writer_t w, const char *key, int64_t wall_ms)
{
        _cleanup_free_ char *seconds = clock_format(wall_ms);
        _cleanup_free_ char *text =
                text_format("%.*s.%03dZ", (int)strlen(seconds) - 1, seconds, (int)(wall_ms % 1000));

        json_write_member_text(w, key, wall_ms > 0 ? text : NULL);
}

static void write_address(writer_t w, const char *key, uint32_t address, bool present)
{
        char text[ADDRESS_TEXT_SIZE];

        address_format(address, text);
        if (key)
                json_write_key(w, key);
        json_write_text(w, present ? text : "");
}

static void write_object(writer_t w, const char *key)
{
        json_write_key(w, key);
        json_write_object(w);
}

static void write_array(writer_t w, const char *key)
{
        json_write_key(w, key);
        json_write_array(w);
}

static void write_labels(writer_t w, const char *key, const struct label *labels, size_t count)
{
        write_object(w, key);
        for (size_t i = 0; i < count; i++)
                json_write_member_text(w, labels[i].key, labels[i].value);
        json_write_object_end(w);
}

static void write_info(writer_t w, const struct swarm *swarm)
{
        write_object(w, "Info");
        json_write_member_text(w, "ServerVersion", swarm->engine_version);
        json_write_member_text(w, "Name", swarm->local_node_name);
        write_time(w, "SystemTime", swarm->taken_ms);
        write_object(w, "Swarm");
        json_write_member_text(w, "NodeID", swarm->local_node_id);
        json_write_member_bool(w, "ControlAvailable", true);
        write_object(w, "Cluster");
        json_write_member_text(w, "ID", swarm->cluster_id);
        json_write_member_u64(w, "SubnetSize", swarm->pool_subnet_bits);
        write_array(w, "DefaultAddrPool");
        for (size_t i = 0; i < swarm->pools.count; i++) {
                char text[PREFIX_TEXT_SIZE];
                prefix_format(swarm->pools.items[i].prefix, text);
                json_write_text(w, text);
        }
        json_write_array_end(w);
        json_write_object_end(w);
        json_write_object_end(w);
        json_write_object_end(w);
}

static void write_node(writer_t w, const struct node *node)
{
        json_write_object(w);
        json_write_member_text(w, "ID", node->id);
        write_object(w, "Description");
        json_write_member_text(w, "Hostname", node->name);
        write_object(w, "Engine");
        json_write_member_text(w, "EngineVersion", node->engine_version);
        json_write_object_end(w);
        json_write_object_end(w);
        write_object(w, "Status");
        json_write_member_text(w, "State", node->state);
        json_write_member_text(w, "Addr", node->address);
        json_write_object_end(w);
        write_object(w, "Spec");
        json_write_member_text(w, "Availability", node->availability);
        json_write_member_text(w, "Role", node->manager ? "manager" : "worker");
        json_write_object_end(w);
        write_object(w, "ManagerStatus");
        json_write_member_bool(w, "Leader", node->leader);
        json_write_member_text(w, "Reachability", node->reachable ? "reachable" : "unreachable");
        json_write_object_end(w);
        json_write_object_end(w);
}

static void write_subnets(writer_t w, const struct network *network)
{
        write_object(w, "IPAM");
        write_array(w, "Config");
        for (size_t i = 0; i < network->subnets.count; i++) {
                const struct subnet *subnet = &network->subnets.items[i];
                json_write_object(w);
                json_write_member_text(w, "Subnet", subnet->text);
                json_write_member_text(w, "IPRange", subnet->range);
                json_write_member_text(w, "Gateway", subnet->gateway);
                json_write_object_end(w);
        }
        json_write_array_end(w);
        json_write_object_end(w);
}

static void write_status(writer_t w, const struct network *network)
{
        write_object(w, "Status");
        write_object(w, "IPAM");
        write_object(w, "Subnets");
        for (size_t i = 0; i < network->subnets.count; i++) {
                const struct subnet *subnet = &network->subnets.items[i];
                if (!subnet->status_known)
                        continue;
                write_object(w, subnet->text);
                json_write_member_u64(w, "IPsInUse", subnet->in_use);
                json_write_member_u64(w, "DynamicIPsAvailable", subnet->available);
                json_write_object_end(w);
        }
        json_write_object_end(w);
        json_write_object_end(w);
        json_write_object_end(w);
}

static void write_endpoints(writer_t w, const struct network *network)
{
        if (!network->inspected)
                return;
        write_object(w, "Containers");
        for (size_t i = 0; i < network->endpoints.count; i++) {
                const struct endpoint *endpoint = &network->endpoints.items[i];
                write_object(w, endpoint->container_id ? endpoint->container_id : "");
                json_write_member_text(w, "Name", endpoint->name);
                write_address(w, "IPv4Address", endpoint->address, endpoint->address != 0);
                json_write_object_end(w);
        }
        json_write_object_end(w);
}

static void write_network(writer_t w, const struct network *network)
{
        json_write_object(w);
        json_write_member_text(w, "Id", network->id);
        json_write_member_text(w, "Name", network->name);
        json_write_member_text(w, "Driver", network->driver);
        json_write_member_text(w, "Scope", network->scope);
        write_time(w, "Created", network->created_ms);
        json_write_member_bool(w, "Ingress", network->ingress);
        json_write_member_bool(w, "Attachable", network->attachable);
        json_write_member_bool(w, "Internal", network->internal);
        json_write_member_bool(w, "EnableIPv6", network->ipv6);
        write_subnets(w, network);
        write_status(w, network);
        write_labels(w, "Options", network->options.items, network->options.count);
        write_labels(w, "Labels", network->labels.items, network->labels.count);
        write_endpoints(w, network);
        json_write_object_end(w);
}

static void write_mode(writer_t w, const struct service *service)
{
        static const char *const keys[] = {[SERVICE_REPLICATED] = "Replicated",
                                           [SERVICE_GLOBAL] = "Global",
                                           [SERVICE_JOB] = "ReplicatedJob"};

        write_object(w, "Mode");
        write_object(w, keys[service->mode]);
        if (service->mode == SERVICE_REPLICATED)
                json_write_member_u64(w, "Replicas", service->replicas);
        json_write_object_end(w);
        json_write_object_end(w);
}

static void write_service_networks(writer_t w, const struct service *service)
{
        write_array(w, "Networks");
        for_each_attachment (attachment, service) {
                json_write_object(w);
                json_write_member_text(w, "Target", attachment->network_id);
                write_array(w, "Aliases");
                for (size_t i = 0; i < attachment->alias_count; i++)
                        json_write_text(w, attachment->aliases[i]);
                json_write_array_end(w);
                json_write_object_end(w);
        }
        json_write_array_end(w);
}

static void write_mounts(writer_t w, const struct service *service)
{
        write_array(w, "Mounts");
        for (size_t i = 0; i < service->mounts.count; i++) {
                const struct mount *mount = &service->mounts.items[i];
                json_write_object(w);
                json_write_member_text(w, "Type", mount->type);
                json_write_member_text(w, "Source", mount->source);
                json_write_member_text(w, "Target", mount->target);
                json_write_member_bool(w, "ReadOnly", mount->read_only);
                json_write_object_end(w);
        }
        json_write_array_end(w);
}

static void write_template(writer_t w, const struct service *service)
{
        write_object(w, "TaskTemplate");
        write_object(w, "ContainerSpec");
        json_write_member_text(w, "Image", service->image);
        json_write_member_u64(w, "StopGracePeriod", (uint64_t)service->stop_grace_ms * 1000000);
        write_mounts(w, service);
        if (service->health_check || service->health_check_none) {
                write_object(w, "Healthcheck");
                write_array(w, "Test");
                json_write_text(w, service->health_check ? "CMD"
                                                         : "NONE"); /* that there is one, not what it runs */
                json_write_array_end(w);
                json_write_member_u64(w, "Interval", (uint64_t)service->health_start_ms * 1000000);
                json_write_object_end(w);
        }
        json_write_object_end(w);
        write_service_networks(w, service);
        write_object(w, "Placement");
        json_write_member_u64(w, "MaxReplicas", service->max_replicas_per_node);
        json_write_object_end(w);
        json_write_object_end(w);
}

static void write_endpoint_spec(writer_t w, const struct service *service)
{
        write_object(w, "EndpointSpec");
        json_write_member_text(w, "Mode", service->dnsrr ? "dnsrr" : "vip");
        write_array(w, "Ports");
        for (size_t i = 0; i < service->ports.count; i++) {
                const struct port *port = &service->ports.items[i];
                json_write_object(w);
                json_write_member_u64(w, "PublishedPort", port->published);
                json_write_member_u64(w, "TargetPort", port->target);
                json_write_member_text(w, "Protocol", port->protocol);
                json_write_member_text(w, "PublishMode", port->host_mode ? "host" : "ingress");
                json_write_object_end(w);
        }
        json_write_array_end(w);
        json_write_object_end(w);
}

static void write_update_settings(writer_t w, const struct service *service)
{
        if (service->has_update_config) {
                write_object(w, "UpdateConfig");
                json_write_member_u64(w, "Parallelism", service->update_parallelism);
                json_write_member_u64(w, "Delay", (uint64_t)service->update_delay_ms * 1000000);
                json_write_member_text(w, "Order", service->update_order);
                json_write_member_text(w, "FailureAction", service->update_failure_action);
                json_write_member_u64(w, "Monitor", (uint64_t)service->update_monitor_ms * 1000000);
                json_write_object_end(w);
        }
        write_object(w, "RollbackConfig");
        json_write_member_text(w, "Order", service->rollback_order);
        json_write_object_end(w);
}

static void write_vips(writer_t w, const struct service *service)
{
        write_object(w, "Endpoint");
        write_array(w, "VirtualIPs");
        for (size_t i = 0; i < service->vips.count; i++) {
                json_write_object(w);
                json_write_member_text(w, "NetworkID", service->vips.items[i].network_id);
                write_address(w, "Addr", service->vips.items[i].address, service->vips.items[i].allocated);
                json_write_object_end(w);
        }
        json_write_array_end(w);
        json_write_object_end(w);
}

static void write_service(writer_t w, const struct service *service)
{
        json_write_object(w);
        json_write_member_text(w, "ID", service->id);
        write_object(w, "Version");
        json_write_member_u64(w, "Index", service->version);
        json_write_object_end(w);
        write_time(w, "CreatedAt", service->created_ms);
        write_time(w, "UpdatedAt", service->updated_ms);
        write_object(w, "Spec");
        json_write_member_text(w, "Name", service->name);
        write_labels(w, "Labels", service->labels.items, service->labels.count);
        write_template(w, service);
        write_mode(w, service);
        write_update_settings(w, service);
        write_endpoint_spec(w, service);
        json_write_object_end(w);
        write_vips(w, service);
        if (service->update_state) {
                write_object(w, "UpdateStatus");
                json_write_member_text(w, "State", service->update_state);
                json_write_object_end(w);
        }
        json_write_object_end(w);
}

static void write_task_networks(writer_t w, const struct task *task)
{
        write_array(w, "NetworksAttachments");
        for_each_attachment (attachment, task) {
                json_write_object(w);
                write_object(w, "Network");
                json_write_member_text(w, "ID", attachment->network_id);
                json_write_object_end(w);
                write_array(w, "Addresses");
                for (size_t i = 0; i < attachment->address_count; i++)
                        write_address(w, NULL, attachment->addresses[i], true);
                json_write_array_end(w);
                json_write_object_end(w);
        }
        json_write_array_end(w);
}

static void write_task(writer_t w, const struct task *task)
{
        json_write_object(w);
        json_write_member_text(w, "ID", task->id);
        json_write_member_text(w, "ServiceID", task->service_id);
        json_write_member_text(w, "NodeID", task->node_id);
        json_write_member_u64(w, "Slot", task->slot);
        write_time(w, "CreatedAt", task->created_ms);
        json_write_member_text(w, "DesiredState", task_state_name(task->desired));
        write_object(w, "Status");
        json_write_member_text(w, "State", task_state_name(task->state));
        write_time(w, "Timestamp", task->state_since_ms);
        json_write_member_text(w, "Err", task->error);
        if (task->container_id) {
                write_object(w, "ContainerStatus");
                json_write_member_text(w, "ContainerID", task->container_id);
                json_write_object_end(w);
        }
        json_write_object_end(w);
        if (task->attachment) {
                write_object(w, "Spec");
                json_write_member_text(w, "Runtime", "attachment");
                json_write_object_end(w);
        }
        write_task_networks(w, task);
        json_write_object_end(w);
}

int snapshot_write(const struct swarm *swarm, const char *path, struct error *error)
{
        _cleanup_buffer_ struct buffer out = {0};
        struct json_writer writer = {.out = &out};
        writer_t w = &writer;

        json_write_object(w);
        json_write_member_u64(w, "HeadroomSnapshot", SNAPSHOT_FORMAT);
        json_write_member_text(w, "Engine", swarm->engine);
        write_info(w, swarm);
        write_array(w, "Nodes");
        for_each_node (node, swarm)
                write_node(w, node);
        json_write_array_end(w);
        write_array(w, "Networks");
        for_each_network (network, swarm)
                write_network(w, network);
        json_write_array_end(w);
        write_array(w, "Services");
        for_each_service (service, swarm)
                write_service(w, service);
        json_write_array_end(w);
        write_array(w, "Tasks");
        for_each_task (task, swarm)
                write_task(w, task);
        json_write_array_end(w);
        json_write_object_end(w);
        buffer_add_text(&out, "\n");
        return file_write(path, out.bytes, out.length, 0600, error);
}

static void read_lists(struct swarm *swarm, const struct json_document *d)
{
        json_node root = json_root(d);

        json_for_each (node, d, json_get(d, root, "Nodes"))
                parse_node(swarm, d, node, list_add(&swarm->nodes));
        json_for_each (object, d, json_get(d, root, "Networks")) {
                struct network *network = list_add(&swarm->networks);
                parse_network(swarm, d, object, network);
                if (json_get(d, object, "Containers") != JSON_NONE)
                        parse_endpoints(swarm, d, object, network);
        }
        json_for_each (service, d, json_get(d, root, "Services"))
                parse_service(swarm, d, service, list_add(&swarm->services));
        json_for_each (task, d, json_get(d, root, "Tasks"))
                parse_task(swarm, d, task, list_add(&swarm->tasks));
}

/* A list that is not there, or holds something else, would make an account of half a swarm. */
static bool is_whole(const struct json_document *d)
{
        static const char *const lists[] = {"Nodes", "Networks", "Services", "Tasks"};

        for (size_t i = 0; i < ELEMENTS(lists); i++) {
                json_node list = json_get(d, json_root(d), lists[i]);
                if (json_type(d, list) != JSON_ARRAY)
                        return false;
                json_for_each (element, d, list)
                        if (json_type(d, element) != JSON_OBJECT)
                                return false;
        }
        return json_type(d, json_get(d, json_root(d), "Info")) == JSON_OBJECT &&
               json_first(d, json_get(d, json_root(d), "Nodes")) != JSON_NONE;
}

int snapshot_read(const char *path, struct swarm *ret_swarm, struct error *error)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_json_ struct json_document *d = NULL;
        uint64_t format = 0;

        if (file_read(path, SNAPSHOT_BYTES_MAX, &bytes, error) < 0)
                return -1;
        _cleanup_error_ struct error unreadable = {0};
        if (json_parse(buffer_text(&bytes), bytes.length, &d, &unreadable) < 0)
                return error_set(error, ERROR_USAGE, "%s is no snapshot of `headroom survey`: %s", path,
                                 unreadable.sentence);
        if (!json_u64(d, json_get(d, json_root(d), "HeadroomSnapshot"), &format) || format != SNAPSHOT_FORMAT)
                return error_set(error, ERROR_USAGE, "%s is no snapshot of `headroom survey` in format %d",
                                 path, SNAPSHOT_FORMAT);
        if (!is_whole(d))
                return error_set(
                        error, ERROR_USAGE,
                        "%s is no whole snapshot of `headroom survey`: it lacks Info, Nodes, Networks, "
                        "Services or Tasks",
                        path);
        swarm_init(ret_swarm);
        ret_swarm->engine = swarm_string(ret_swarm, path);
        parse_info(ret_swarm, d, json_get(d, json_root(d), "Info"));
        read_lists(ret_swarm, d);
        return 0;
}
