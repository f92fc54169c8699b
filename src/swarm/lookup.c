#include "swarm/parse.h"
#include "swarm/strings.h"
#include "swarm/swarm.h"

#include <strings.h>

void swarm_init(struct swarm *swarm)
{
        *swarm = (struct swarm){.strings = string_table_new()};
}

static void network_done(struct network *network)
{
        free(network->subnets.items);
        free(network->options.items);
        free(network->labels.items);
        free(network->endpoints.items);
}

static void service_done(struct service *service)
{
        for_each_attachment (attachment, service)
                free(attachment->aliases);
        free(service->networks.items);
        free(service->vips.items);
        free(service->ports.items);
        free(service->mounts.items);
        free(service->labels.items);
}

void swarm_forget_tasks(struct swarm *swarm)
{
        arena_done(&swarm->task_memory);
        free(steal_pointer(swarm->tasks.items));
        swarm->tasks.count = swarm->tasks.room = 0;
}

void swarm_done(struct swarm *swarm)
{
        for_each_network (network, swarm)
                network_done(network);
        for_each_service (service, swarm)
                service_done(service);
        swarm_forget_tasks(swarm);
        free(swarm->pools.items);
        free(swarm->nodes.items);
        free(swarm->networks.items);
        free(swarm->services.items);
        string_table_free(swarm->strings);
        *swarm = (struct swarm){0};
}

const char *swarm_string(struct swarm *swarm, const char *text)
{
        return text ? string_table_add(swarm->strings, text, strlen(text)) : NULL;
}

struct network *swarm_network_by_id(const struct swarm *swarm, const char *id)
{
        for_each_network (network, swarm)
                if (text_equal(network->id, id))
                        return network;
        return NULL;
}

struct service *swarm_service_by_id(const struct swarm *swarm, const char *id)
{
        for_each_service (service, swarm)
                if (text_equal(service->id, id))
                        return service;
        return NULL;
}

struct node *swarm_node_by_id(const struct swarm *swarm, const char *id)
{
        for_each_node (node, swarm)
                if (text_equal(node->id, id))
                        return node;
        return NULL;
}

struct task *swarm_task_of_container(const struct swarm *swarm, const char *container_id)
{
        for_each_task (task, swarm)
                if (text_equal(task->container_id, container_id))
                        return task;
        return NULL;
}

bool network_is_overlay(const struct network *network)
{
        return text_equal(network->scope, "swarm") && text_equal(network->driver, "overlay");
}

bool network_is_unallocated(const struct network *network)
{
        return text_equal(network->scope, "swarm") && text_empty(network->driver) &&
               network->subnets.count == 0;
}

const char *label_value(const struct label *labels, size_t count, const char *key)
{
        for (size_t i = 0; i < count; i++)
                if (text_equal(labels[i].key, key))
                        return labels[i].value;
        return NULL;
}

static int find_by_id_prefix(const struct swarm *swarm, const char *prefix, struct network **ret_network,
                             struct error *error)
{
        struct network *found = NULL;

        for_each_network (network, swarm) {
                if (!text_starts_with(network->id, prefix))
                        continue;
                if (text_equal(network->id, prefix)) {
                        *ret_network = network;
                        return 0;
                }
                if (found)
                        return error_set(error, ERROR_USAGE,
                                         "%s begins the ID of more than one network: %s and %s", prefix,
                                         found->name, network->name);
                found = network;
        }
        if (!found)
                return error_set(error, ERROR_USAGE, "there is no network %s; `headroom` lists the overlays",
                                 prefix);
        *ret_network = found;
        return 0;
}

int swarm_find_network(const struct swarm *swarm, const char *name, struct network **ret_network,
                       struct error *error)
{
        struct network *exact = NULL;
        struct network *other_case = NULL;

        if (!*name)
                return error_set(error, ERROR_USAGE, "the network's name is missing: it is empty");
        for_each_network (network, swarm) {
                if (text_equal(network->name, name)) {
                        if (exact)
                                return error_set(
                                        error, ERROR_USAGE,
                                        "two networks are named %s (%.12s and %.12s): name one by its ID",
                                        name, exact->id, network->id);
                        exact = network;
                } else if (network->name && strcasecmp(network->name, name) == 0) {
                        other_case = network;
                }
        }
        if (exact) {
                *ret_network = exact;
                return 0;
        }
        if (other_case)
                return error_set(error, ERROR_USAGE,
                                 "there is no network %s; names are case-sensitive here: did you mean %s?",
                                 name, other_case->name);
        return find_by_id_prefix(swarm, name, ret_network, error);
}

static const char *const state_names[] = {
        [TASK_UNKNOWN] = "unknown",     [TASK_NEW] = "new",           [TASK_ALLOCATED] = "allocated",
        [TASK_PENDING] = "pending",     [TASK_ASSIGNED] = "assigned", [TASK_ACCEPTED] = "accepted",
        [TASK_PREPARING] = "preparing", [TASK_READY] = "ready",       [TASK_STARTING] = "starting",
        [TASK_RUNNING] = "running",     [TASK_COMPLETE] = "complete", [TASK_SHUTDOWN] = "shutdown",
        [TASK_FAILED] = "failed",       [TASK_REJECTED] = "rejected", [TASK_REMOVE] = "remove",
        [TASK_ORPHANED] = "orphaned",
};

enum task_state task_state_parse(const char *text)
{
        for (size_t i = 0; i < ELEMENTS(state_names); i++)
                if (text && text[0] == state_names[i][0] &&
                    text[1] == state_names[i][1] && /* most differ there */
                    text_equal(state_names[i], text))
                        return (enum task_state)i;
        return TASK_UNKNOWN;
}

const char *task_state_name(enum task_state state)
{
        return state_names[state];
}

/* An unknown state is a newer engine's: counted as holding, so that nothing is freed or called leaked on a
 * guess. */
bool task_holds_addresses(const struct task *task)
{
        return task->state <= TASK_RUNNING;
}

static struct attachment *find_attachment(struct attachment *items, size_t count, const char *network_id)
{
        for (size_t i = 0; i < count; i++)
                if (text_equal(items[i].network_id, network_id))
                        return &items[i];
        return NULL;
}

const struct attachment *task_on(const struct task *task, const char *network_id)
{
        return find_attachment(task->networks.items, task->networks.count, network_id);
}

bool task_holds_address_on(const struct task *task, const char *network_id)
{
        const struct attachment *attachment = task_on(task, network_id);

        return task_holds_addresses(task) && attachment && attachment->address_count > 0;
}

struct attachment *service_on(const struct service *service, const char *network_id)
{
        return find_attachment(service->networks.items, service->networks.count, network_id);
}
