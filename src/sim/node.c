#include "sim/state.h"

#include "json/json.h"

#include "sim/timing.h"

/* Nodes: which one suits a task, and what happens to them from outside. */

struct sim_node *sim_node_find(struct sim *sim, const char *name_or_id)
{
        char id[SIM_ID_SIZE];

        for_each_sim (sim_node, node, &sim->nodes) {
                sim_id(sim, SIM_KIND_NODE, node->object.ref, id);
                if (node->removed)
                        continue;
                if (text_equal(node->name, name_or_id) ||
                    (strlen(name_or_id) >= SIM_SHORT_ID && text_starts_with(id, name_or_id)))
                        return node;
        }
        if (text_equal(name_or_id, "self"))
                return (struct sim_node *)sim->nodes.items[sim->asked];
        return NULL;
}

bool sim_node_number(struct sim *sim, const char *name, size_t *ret_node)
{
        const struct sim_node *node = sim_node_find(sim, name);

        if (node)
                *ret_node = node->object.ref.index;
        return node != NULL;
}

void sim_node_free(struct sim_node *node)
{
        free(node->name);
        free(node->availability);
        free(node->labels);
}

/* The value of its label, or "". */
static char *label_of(const struct sim_node *node, const char *label)
{
        _cleanup_json_ struct json_document *d = NULL;

        if (json_parse(node->labels, strlen(node->labels), &d, NULL) < 0)
                return text_copy("");
        char *value = json_text(d, json_get(d, json_root(d), label));
        return value ? value : text_copy("");
}

static bool meets(struct sim *sim, const struct sim_node *node, const struct sim_constraint *constraint)
{
        static const char labels[] = "node.labels.";
        char id[SIM_ID_SIZE];
        const char *value = "";

        if (text_starts_with(constraint->key, labels)) {
                _cleanup_free_ char *label = label_of(node, constraint->key + strlen(labels));
                return (strcasecmp(label, constraint->value) == 0) != constraint->unequal;
        }
        sim_id(sim, SIM_KIND_NODE, node->object.ref, id);
        if (text_equal(constraint->key, "node.hostname"))
                value = node->name;
        else if (text_equal(constraint->key, "node.id"))
                value = id;
        else if (text_equal(constraint->key, "node.role"))
                value = node->manager ? "manager" : "worker";
        return (strcasecmp(value, constraint->value) == 0) != constraint->unequal;
}

static bool is_available(const struct sim_node *node)
{
        return !node->down && text_equal(node->availability, "active");
}

static bool meets_all(struct sim *sim, const struct sim_node *node, const struct sim_spec *spec)
{
        for (size_t i = 0; i < spec->constraints.count; i++)
                if (!meets(sim, node, &spec->constraints.items[i]))
                        return false;
        return true;
}

bool sim_node_suits(struct sim *sim, uint32_t index, const struct sim_spec *spec)
{
        const struct sim_node *node = (const struct sim_node *)sim->nodes.items[index];

        return is_available(node) && meets_all(sim, node, spec);
}

/* How many live tasks of the same service the node has. */
static uint64_t count_tasks(struct sim *sim, const struct sim_task *task, uint32_t node)
{
        const struct sim_service *service = sim_table_at(&sim->services, task->service);
        uint64_t count = 0;

        if (service)
                for_each_sim_task (other, service)
                        count += other != task && other->node == node && sim_task_is_live(other) &&
                                 sim_task_is_wanted(other);
        return count;
}

static bool has_host_port(const struct sim_spec *spec, const struct sim_port *wanted)
{
        for (size_t i = 0; i < spec->ports.count; i++)
                if (spec->ports.items[i].host_mode && spec->ports.items[i].published == wanted->published &&
                    text_equal(spec->ports.items[i].protocol, wanted->protocol))
                        return true;
        return false;
}

static bool is_port_taken(struct sim *sim, const struct sim_task *task, const struct sim_port *wanted,
                          uint32_t node)
{
        for_each_sim (sim_task, other, &sim->tasks)
                if (other != task && other->spec && other->node == node && other->present &&
                    has_host_port(other->spec, wanted))
                        return true;
        return false;
}

static bool has_host_ports_free(struct sim *sim, const struct sim_task *task, uint32_t node)
{
        for (size_t i = 0; i < task->spec->ports.count; i++) {
                const struct sim_port *port = &task->spec->ports.items[i];
                if (port->host_mode && port->published && is_port_taken(sim, task, port, node))
                        return false;
        }
        return true;
}

/* The fewest tasks of the same service first, then the fewest of all: swarmkit's spread. */
uint32_t sim_node_choose(struct sim *sim, const struct sim_task *task)
{
        uint32_t best = SIM_NONE;
        uint64_t fewest = UINT64_MAX;
        uint32_t fewest_of_all = UINT32_MAX;

        for (uint32_t i = 0; i < sim->nodes.count; i++) {
                if (!sim_node_suits(sim, i, task->spec) || !has_host_ports_free(sim, task, i))
                        continue;
                uint64_t count = count_tasks(sim, task, i);
                uint32_t of_all = ((const struct sim_node *)sim->nodes.items[i])->tasks;
                if (count > fewest || (count == fewest && of_all >= fewest_of_all) ||
                    (task->spec->replicas_max_per_node && count >= task->spec->replicas_max_per_node))
                        continue;
                fewest = count;
                fewest_of_all = of_all;
                best = i;
        }
        return best;
}

#define BRIDGE "com.docker.network.bridge."
#define BRIDGE_OPTIONS                                                                                       \
        "{\"" BRIDGE "default_bridge\":\"true\",\"" BRIDGE "enable_icc\":\"true\",\"" BRIDGE                 \
        "enable_ip_masquerade\":\"true\",\"" BRIDGE "host_binding_ipv4\":\"0.0.0.0\",\"" BRIDGE              \
        "name\":\"docker0\",\"com.docker.network.driver.mtu\":\"1500\"}"
#define GATEWAY_OPTIONS                                                                                      \
        "{\"" BRIDGE "enable_icc\":\"false\",\"" BRIDGE "enable_ip_masquerade\":\"true\",\"" BRIDGE          \
        "name\":\"docker_gwbridge\"}"
/* Of each node the first thing that speaks against it counts; what most have is told first. */
char *sim_node_refusals(struct sim *sim, const struct sim_task *task)
{
        struct {
                const char *before, *after; /* around "1 node"; before alone, where there is no after */
                size_t count;
        } reasons[] = {
                {"", " not available for new tasks", 0},
                {"scheduling constraints not satisfied on ", "", 0},
                {"host-mode port already in use on ", "", 0},
                {"max replicas per node limit exceed", NULL, 0},
        };
        struct buffer out = {0};

        for_each_sim (sim_node, node, &sim->nodes) {
                bool available = is_available(node);
                bool met = meets_all(sim, node, task->spec);
                bool free_ports = has_host_ports_free(sim, task, node->object.ref.index);
                reasons[!available ? 0 : !met ? 1 : !free_ports ? 2 : 3].count++;
        }
        for (size_t count = sim->nodes.count; count; count--)
                for (size_t i = 0; i < ELEMENTS(reasons); i++) {
                        if (reasons[i].count != count)
                                continue;
                        buffer_add_text(&out, out.length ? "; " : "no suitable node (");
                        buffer_add_text(&out, reasons[i].before);
                        if (reasons[i].after)
                                buffer_format(&out, "%zu node%s%s", count, count > 1 ? "s" : "",
                                              reasons[i].after);
                }
        buffer_add_text(&out, ")");
        return buffer_steal(&out);
}

static struct sim_network *add_local(struct sim *sim, const char *name, const char *driver,
                                     const char *subnet, uint32_t node)
{
        struct sim_network *network = sim_network_add(sim, name);

        network->local = true;
        network->local_node = node;
        network->driver = text_copy(driver);
        network->allocated = true;
        if (subnet && prefix_parse(subnet, &network->subnet) == PREFIX_FINE) {
                network->has_subnet = true;
                sim_pool_init(&network->pool, network->subnet);
                sim_address_next(&network->pool, &network->gateway);
        }
        return network;
}

size_t sim_node_add(struct sim *sim, const char *name, bool manager)
{
        struct sim_node *node = sim_table_add(sim, &sim->nodes, sizeof(*node));
        uint32_t index = node->object.ref.index;

        node->name = text_copy(name);
        node->manager = manager;
        node->address = 0xc0000201 + index; /* 192.0.2.1, of the range for documentation */
        node->availability = text_copy("active");
        node->labels = text_copy("{}");
        add_local(sim, "bridge", "bridge", "172.17.0.0/16", index)->options = text_copy(BRIDGE_OPTIONS);
        add_local(sim, "docker_gwbridge", "bridge", "172.18.0.0/16", index)->options =
                text_copy(GATEWAY_OPTIONS);
        add_local(sim, "host", "host", NULL, index);
        add_local(sim, "none", "null", NULL, index);
        if (sim_ingress(sim))
                sim_endpoint_update(sim, sim_ingress(sim), index);
        for_each_sim (sim_service, service, &sim->services)
                sim_service_due(sim, service, 0);
        sim_retry_due(sim);
        return index;
}

void sim_leader_change(struct sim *sim)
{
        for (size_t i = 1; i <= sim->nodes.count; i++) {
                uint32_t next = (uint32_t)((sim->leader + i) % sim->nodes.count);
                const struct sim_node *node = (const struct sim_node *)sim->nodes.items[next];
                if (!node->manager || node->down)
                        continue;
                sim->leader = next;
                break;
        }
        sim_allocator_restart(sim);
}

void sim_leader_lose(struct sim *sim, int64_t duration_ms)
{
        sim->leaderless_until_ms = sim->now_ms + duration_ms;
        sim_schedule(sim, SIM_EVENT_LEADER, SIM_NO_REF, 0, duration_ms);
}

/* Its engine was killed, and stops what ran without it: who heeds SIGTERM is taken to have ended by itself.
 */
static void end_alone(struct sim *sim, struct sim_task *task)
{
        if (sim_model_of(sim, task->spec).stop_ms <= task->spec->stop_grace_ms)
                sim_task_end(sim, task, TASK_COMPLETE, NULL);
        else
                sim_task_end(sim, task, TASK_FAILED, "task: non-zero exit (137)");
}

/* What was told to end while nobody heard of it ends now. */
static void hear_again(struct sim *sim, uint32_t node)
{
        for_each_sim (sim_task, task, &sim->tasks)
                if (task->present && task->node == node && !sim_task_is_wanted(task))
                        end_alone(sim, task);
}

/* After a day the swarm gives up what a node took with it. */
void sim_node_orphan(struct sim *sim, const struct sim_node *node)
{
        for_each_sim (sim_task, task, &sim->tasks)
                if (node->down && task->present && task->node == node->object.ref.index)
                        sim_task_end(sim, task, TASK_ORPHANED, NULL);
}

/* Its tasks are given up at once, and so are its endpoints. */
void sim_node_remove(struct sim *sim, struct sim_node *node)
{
        sim_node_down(sim, node->object.ref.index, true);
        sim_node_orphan(sim, node);
        node->removed = true;
        sim_tell_node(sim, node, "remove", NULL);
        for_each_sim (sim_network, network, &sim->networks)
                sim_endpoint_update(sim, network, node->object.ref.index);
}

void sim_node_down(struct sim *sim, size_t index, bool down)
{
        struct sim_node *node = (struct sim_node *)sim->nodes.items[index];

        if (node->down == down)
                return;
        node->down = down;
        sim_touch(sim, node);
        sim_tell_node(sim, node, "update",
                      sim_attribute_change("state", down ? "ready" : "down", down ? "down" : "ready"));
        if (down && sim->leader == index)
                sim_leader_change(sim);
        node->object.stamp++;
        if (down)
                sim_schedule(sim, SIM_EVENT_ORPHAN, node->object.ref, node->object.stamp, NODE_ORPHAN_MS);
        else
                hear_again(sim, (uint32_t)index);
        for_each_sim (sim_service, service, &sim->services)
                sim_service_due(sim, service, 0);
        sim_retry_due(sim);
}

void sim_engine_restart(struct sim *sim, size_t index)
{
        for_each_sim (sim_task, task, &sim->tasks)
                if (task->present && !task->attachment && task->node == index && task->state >= TASK_READY)
                        sim_task_end(sim, task, sim_task_is_wanted(task) ? TASK_FAILED : TASK_SHUTDOWN,
                                     "task: non-zero exit (137)");
        for_each_sim (sim_network, network, &sim->networks) {
                if (index >= network->on.count)
                        continue;
                network->on.items[index].zombie = false;
                network->on.items[index].known = false; /* what is left of it is swept away at the start */
                sim_network_drain(sim, network);
        }
        if (sim->leader == index)
                sim_leader_change(sim);
}

bool sim_task_kill(struct sim *sim, const char *name)
{
        struct sim_service *service = sim_service_find(sim, name);

        if (service)
                for_each_sim_task (task, service)
                        if (task->state == TASK_RUNNING && sim_task_is_wanted(task)) {
                                sim_task_end(sim, task, TASK_FAILED, "task: non-zero exit (137)");
                                return true;
                        }
        return false;
}
