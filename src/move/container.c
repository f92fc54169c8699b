#include "move/container.h"

#include "base/file.h"
#include "move/anchor.h"
#include "move/look.h"

#define TASK_ID_LENGTH     25
#define CONTAINER_FILE_MAX ((size_t)1 << 20)
#define TASK_LABEL         "com.docker.swarm.task.id"

typedef const struct json_document *document_t;

/*
 * A task's container is called SERVICE.SLOT.TASK, and may be seen before its task says which container it
 * has. The task may also be gone from the list by then: its service's name is enough.
 */
static bool is_named_like_a_task(const struct swarm *swarm, const char *name)
{
        for_each_service (service, swarm) {
                size_t length = strlen(service->name);
                const char *task = name && strncmp(name, service->name, length) == 0 && name[length] == '.'
                                           ? strrchr(name + length, '.') + 1
                                           : NULL;
                if (task && strlen(task) == TASK_ID_LENGTH)
                        return true;
        }
        return false;
}

static bool is_balancer(const struct endpoint *endpoint)
{
        return text_starts_with(endpoint->container_id, "lb-") ||
               text_equal(endpoint->container_id, "ingress-sbox");
}

int containers_look(struct engine *engine, struct swarm *swarm, const char *network_id,
                    const struct network **ret_network, struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        struct network *network = NULL;

        for_each_network (candidate, swarm)
                if (text_equal(candidate->id, network_id))
                        network = candidate;
        *ret_network = network;
        return network ? look_endpoints(engine, swarm, network, &body, error) : 0;
}

static bool plan_has_container(const struct plan *plan, const char *id)
{
        for (size_t i = 0; i < plan->containers.count; i++)
                if (text_equal(plan->containers.items[i].id, id))
                        return true;
        return false;
}

bool container_is_new(const struct swarm *swarm, const struct plan *plan, const struct endpoint *endpoint)
{
        if (!endpoint->container_id || is_balancer(endpoint) || endpoint_is_unborn(endpoint) ||
            text_starts_with(endpoint->name, ANCHOR_PREFIX) ||
            swarm_task_of_container(swarm, endpoint->container_id) ||
            is_named_like_a_task(swarm, endpoint->name))
                return false;
        return !plan_has_container(plan, endpoint->container_id);
}

/* The engine adds the first twelve digits of the container's ID as an alias by itself. */
static bool is_own_alias(const char *alias, const char *container_id)
{
        return strlen(alias) == 12 && text_starts_with(container_id, alias);
}

/* What else one may be connected with. */
static char *read_settings(document_t d, json_node on)
{
        static const char *const keys[] = {"Links", "DriverOpts", "GwPriority"};
        _cleanup_buffer_ struct buffer out = {0};

        for (size_t i = 0; i < ELEMENTS(keys); i++) {
                json_node member = json_get(d, on, keys[i]);
                uint64_t number = 0;
                bool said = json_type(d, member) == JSON_NUMBER ? !json_u64(d, member, &number) || number
                                                                : json_count(d, member) > 0;
                if (said)
                        buffer_format(&out, "%s\"%s\":%.*s", out.length ? "," : "{", keys[i],
                                      (int)json_length(d, member), json_bytes(d, member));
        }
        if (!out.length)
                return NULL;
        buffer_add_text(&out, "}");
        return buffer_steal(&out);
}

/*
 * Of a container that runs the engine tells an address of its own choice like one that was asked for. Asked
 * for at the next connection it would be the container's for ever, and keep it from starting when somebody
 * else has it. The engine's file of the container tells them apart, where this host has it; where not, an
 * address is taken for the container's own, since none of these may be lost.
 */
static bool is_chosen_by_engine(struct engine *engine, const char *id, const char *network)
{
        _cleanup_buffer_ struct buffer info = {0};
        _cleanup_buffer_ struct buffer file = {0};
        _cleanup_json_ struct json_document *told = NULL;
        _cleanup_json_ struct json_document *kept = NULL;

        if (engine_get(engine, "/info", &info, NULL) < 0 ||
            json_parse(buffer_text(&info), info.length, &told, NULL) < 0)
                return false;
        _cleanup_free_ char *root = json_text(told, json_get(told, json_root(told), "DockerRootDir"));
        _cleanup_free_ char *path = text_format("%s/containers/%s/config.v2.json", root ? root : "", id);
        if (!root || file_read(path, CONTAINER_FILE_MAX, &file, NULL) < 0 ||
            json_parse(buffer_text(&file), file.length, &kept, NULL) < 0)
                return false;
        return json_bool(kept, json_path(kept, json_root(kept), "NetworkSettings", "Networks", network,
                                         "IPAMOperational", NULL));
}

static void read_connection(document_t d, const char *network, struct plan_container *container)
{
        json_node on = json_path(d, json_root(d), "NetworkSettings", "Networks", network, NULL);

        container->static_address = json_text(d, json_path(d, on, "IPAMConfig", "IPv4Address", NULL));
        container->settings = read_settings(d, on);
        json_for_each (alias, d, json_get(d, on, "Aliases")) {
                char *text = json_text(d, alias);
                if (text && !is_own_alias(text, container->id))
                        *list_add(&container->aliases) = text;
                else
                        free(text);
        }
}

static int add_container(struct engine *engine, const struct network *network, const char *id,
                         const char *name, struct plan *plan, struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_json_ struct json_document *d = NULL;

        if (look_container(engine, id, &body, error) < 0 ||
            json_parse(buffer_text(&body), body.length, &d, error) < 0)
                return error_while(error, "reading container %s", name ? name : id);
        if (json_path(d, json_root(d), "Config", "Labels", TASK_LABEL, NULL) != JSON_NONE)
                return 0; /* of a service that has come since the swarm was looked at */
        struct plan_container *container = list_add(&plan->containers);
        container->id = text_copy(id);
        container->name = text_copy(name ? name : id);
        read_connection(d, network->name, container);
        if (container->static_address && is_chosen_by_engine(engine, id, network->name)) {
                free(container->static_address);
                container->static_address = NULL;
        }
        return 0;
}

/*
 * A container that has exited names its networks by their IDs, and can't start when one of them has another
 * by then: so it is connected anew, too.
 */
static int add_exited(struct engine *engine, const struct network *network, struct plan *plan,
                      struct error *error)
{
        _cleanup_free_ char *filters =
                text_format("{\"network\":[\"%s\"],\"status\":[\"exited\"]}", network->id);
        _cleanup_free_ char *encoded = engine_encode(filters);
        _cleanup_free_ char *path = text_format("/containers/json?all=true&filters=%s", encoded);
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_json_ struct json_document *d = NULL;

        if (engine_get(engine, path, &body, error) < 0 ||
            json_parse(buffer_text(&body), body.length, &d, error) < 0)
                return error_while(error, "listing containers of %s that have exited", network->name);
        json_for_each (container, d, json_root(d)) {
                _cleanup_free_ char *id = json_text(d, json_get(d, container, "Id"));
                _cleanup_free_ char *name = json_text(d, json_first(d, json_get(d, container, "Names")));
                const char *plain = name && *name == '/' ? name + 1 : name;
                if (!id || !json_text_is(d, json_get(d, container, "State"), "exited") ||
                    json_path(d, container, "Labels", TASK_LABEL, NULL) != JSON_NONE ||
                    text_starts_with(plain, ANCHOR_PREFIX) || plan_has_container(plan, id))
                        continue;
                if (add_container(engine, network, id, plain, plan, error) < 0)
                        return -1;
                *list_add(&plan->notes) = text_format(
                        "container %s does not run: it is connected anew, so that it can start again", plain);
        }
        return 0;
}

bool container_wished_address(const struct plan_container *container, const char *old_subnet,
                              const char *subnet, uint32_t *ret_address)
{
        struct prefix old;
        struct prefix now;
        uint32_t address;

        if (!address_parse(container->static_address, &address) || !prefix_told(subnet, &now) ||
            !prefix_told(old_subnet, &old))
                return false;
        *ret_address = prefix_contains(now, address) ? address : now.address + (address - old.address);
        return prefix_contains(now, *ret_address) && *ret_address != prefix_last(now);
}

int containers_refuse_placeless(const struct plan *plan, struct error *error)
{
        uint32_t address;

        for (size_t i = 0; i < plan->containers.count; i++) {
                const struct plan_container *container = &plan->containers.items[i];
                if (!container->static_address ||
                    container_wished_address(container, plan->old_subnet, plan->new_subnet, &address))
                        continue;
                return error_set(error, ERROR_REFUSED,
                                 "container %s was given the address %s, and %s has no place for it: choose "
                                 "a larger subnet, or connect the container with another address first",
                                 container->name, container->static_address, plan->new_subnet);
        }
        return 0;
}

static uint64_t rank(const struct plan_container *container)
{
        uint32_t address;

        return address_parse(container->static_address, &address) ? address : UINT64_MAX;
}

static int compare_addresses(const void *a, const void *b)
{
        uint64_t left = rank(a);
        uint64_t right = rank(b);

        return (left > right) - (left < right);
}

void containers_sort(struct plan *plan)
{
        if (plan->containers.count)
                qsort(plan->containers.items, plan->containers.count, sizeof(struct plan_container),
                      compare_addresses);
}

/* Attachment tasks tell of containers on every node, but only this node's can be reconnected. */
int containers_refuse_elsewhere(const struct swarm *swarm, const struct network *network, struct error *error)
{
        for_each_task (task, swarm) {
                if (!task->attachment || !task_holds_addresses(task) || !task_on(task, network->id) ||
                    text_equal(task->node_id, swarm->local_node_id))
                        continue;
                const struct node *node = task->node_id ? swarm_node_by_id(swarm, task->node_id) : NULL;
                return error_set(error, ERROR_REFUSED,
                                 "a standalone container on node %s is attached to %s, and only that node "
                                 "can reconnect it: "
                                 "disconnect it there first (docker network disconnect %s CONTAINER)",
                                 node ? node->name : "?", network->name, network->name);
        }
        return 0;
}

int containers_plan(struct engine *engine, const struct swarm *swarm, const struct network *network,
                    struct plan *plan, struct error *error)
{
        if (containers_refuse_elsewhere(swarm, network, error) < 0)
                return -1;
        for (size_t i = 0; i < network->endpoints.count; i++) {
                const struct endpoint *endpoint = &network->endpoints.items[i];
                if (container_is_new(swarm, plan, endpoint) &&
                    add_container(engine, network, endpoint->container_id, endpoint->name, plan, error) < 0)
                        return -1;
        }
        return add_exited(engine, network, plan, error);
}
