#include "sim/api.h"
#include "sim/state.h"

#include "sim/timing.h"

/*
 * Connections that people make. A standalone container gets its address from the swarm, with a hidden task
 * that holds it. A task's container is connected by its node alone: the swarm's books know nothing of it, and
 * the node must have a copy of the network already.
 */

struct sim_connection *sim_connection_of(struct sim_container *container, const struct sim_network *network)
{
        for (size_t i = 0; i < container->connections.count; i++)
                if (sim_ref_equal(container->connections.items[i].network, network->object.ref))
                        return &container->connections.items[i];
        return NULL;
}

struct sim_attachment *sim_attachment_of(struct sim *sim, const struct sim_container *container,
                                         const struct sim_network *network)
{
        struct sim_task *task = sim_table_at(&sim->tasks, container->task);

        for (size_t i = 0; task && i < task->attachment_count; i++)
                if (task->attachments[i].connected &&
                    sim_ref_equal(task->attachments[i].network, network->object.ref))
                        return &task->attachments[i];
        return NULL;
}

/* The node's own address manager knows the containers that are on the node, and no others. */
static bool is_used_here(struct sim *sim, const struct sim_network *network, uint32_t node, uint32_t address)
{
        if (address == network->gateway ||
            (node < network->on.count && network->on.items[node].endpoint == address))
                return true;
        for_each_sim (sim_container, container, &sim->containers) {
                if (container->node != node)
                        continue;
                const struct sim_connection *connection = sim_connection_of(container, network);
                const struct sim_attachment *attachment = sim_attachment_of(sim, container, network);
                if ((connection && connection->address == address) ||
                    (attachment && attachment->address == address))
                        return true;
        }
        return false;
}

bool sim_visitor_has(struct sim *sim, struct sim_network *network, uint32_t node, uint32_t address)
{
        if (!sim_presence(network, node)->visitors)
                return false;
        for_each_sim (sim_container, container, &sim->containers) {
                const struct sim_connection *connection = sim_connection_of(container, network);
                if (container->node == node && connection && connection->address == address &&
                    !sim_table_at(&sim->tasks, connection->task))
                        return true;
        }
        return false;
}

static bool choose_here(struct sim *sim, const struct sim_network *network, uint32_t node,
                        uint32_t *ret_address)
{
        for (uint32_t address = network->subnet.address + 1; address < prefix_last(network->subnet);
             address++)
                if (!is_used_here(sim, network, node, address)) {
                        *ret_address = address;
                        return true;
                }
        return false;
}

bool sim_address_wanted(const struct sim_network *network, const char *text, uint32_t *ret_address,
                        struct sim_answer *answer)
{
        if (!address_parse(text, ret_address))
                return sim_refuse(answer, 400, "invalid IPv4 address: %s", text);
        if (!prefix_contains(network->subnet, *ret_address))
                return sim_refuse(answer, 400,
                                  "invalid config for network %s: invalid endpoint settings:\nno configured "
                                  "subnet or ip-range contain the IP address %s",
                                  network->name, text);
        return true;
}

static bool connect_visitor(struct sim *sim, struct sim_container *container, struct sim_network *network,
                            const char *wanted, struct sim_connection *connection, struct sim_answer *answer)
{
        if (sim_table_at(&sim->tasks, container->task) && !sim_presence(network, container->node)->containers)
                return sim_refuse(answer, 404, "network %s not found", network->name);
        if (wanted && !sim_address_wanted(network, wanted, &connection->address, answer))
                return false;
        if (wanted ? is_used_here(sim, network, container->node, connection->address)
                   : !choose_here(sim, network, container->node, &connection->address))
                return sim_refuse(answer, 403,
                                  wanted ? "Address already in use"
                                         : "no available IPv4 addresses "
                                           "on this network's address pools: %s",
                                  network->name);
        connection->task = SIM_NO_REF;
        sim_presence_add(sim, network, container->node, true);
        return true;
}

/*
 * The engine waits for the swarm, and gives up; but it remembers the network as the container's, and the next
 * attempt is let through without asking, with an address of the node's own choice. It forgets it when that
 * connection is taken off again.
 */
static bool give_up(struct sim_container *container, struct sim_ref network, struct sim_answer *answer)
{
        container->failed = network;
        return sim_refuse(answer, 500,
                          "attaching to network failed, make sure your network options are correct and check "
                          "manager logs: context deadline exceeded");
}

static bool take_address(struct sim_network *network, const char *wanted, uint32_t *address)
{
        if (!network->allocated)
                return false;
        if (!wanted)
                return sim_address_next(&network->pool, address);
        return prefix_contains(network->subnet, *address) && sim_address_take(&network->pool, *address);
}

/* Until the network has its pool, and the pool an address. Nothing that happens by itself takes them away. */
static bool wait_for_address(struct sim *sim, struct sim_network *network, const char *wanted,
                             uint32_t *address)
{
        int64_t end_ms = sim->now_ms + ATTACH_MAX_MS;

        while (!take_address(network, wanted, address)) {
                if (sim->now_ms >= end_ms)
                        return false;
                sim_run_until(sim, MAX(MIN(sim_next_ms(sim), end_ms), sim->now_ms));
        }
        return true;
}

static bool connect_attached(struct sim *sim, struct sim_container *container, struct sim_network *network,
                             const char *wanted, struct sim_connection *connection, struct sim_answer *answer)
{
        if (network->removed)
                return sim_refuse(answer, 404, "network %s not found", network->name);
        if (!network->attachable)
                return sim_refuse(answer, 500,
                                  "Could not attach to network %s: rpc error: code = PermissionDenied desc = "
                                  "network %s not manually attachable",
                                  network->name, network->name);
        if (wanted && !address_parse(wanted, &connection->address))
                return sim_refuse(answer, 400, "invalid IPv4 address: %s", wanted);
        if (!wait_for_address(sim, network, wanted, &connection->address))
                return give_up(container, network->object.ref, answer);
        connection->task = sim_task_attach(sim, container, network, connection->address)->object.ref;
        sim_presence_add(sim, network, container->node, false);
        return true;
}

static bool connect_bridge(struct sim_network *network, struct sim_connection *connection,
                           struct sim_answer *answer)
{
        connection->task = SIM_NO_REF;
        if (network->has_subnet && !sim_address_next(&network->pool, &connection->address))
                return sim_refuse(answer, 403,
                                  "no available IPv4 addresses on this network's address pools: %s",
                                  network->name);
        return true;
}

/* What failed has no address: nothing is to be given back when the container goes. */
static bool establish(struct sim *sim, struct sim_container *container, struct sim_network *network,
                      struct sim_connection *connection, struct sim_answer *answer)
{
        const char *wanted = connection->configured;
        bool fine;

        if (network->local)
                fine = connect_bridge(network, connection, answer);
        else if (sim_table_at(&sim->tasks, container->task) ||
                 sim_ref_equal(container->failed, network->object.ref))
                fine = connect_visitor(sim, container, network, wanted, connection, answer);
        else
                fine = connect_attached(sim, container, network, wanted, connection, answer);
        if (!fine)
                connection->address = 0;
        return fine;
}

static void connection_done(struct sim_connection *connection)
{
        free(connection->configured);
        free(connection->aliases);
}

bool sim_connect(struct sim *sim, struct sim_container *container, struct sim_network *network,
                 const char *address, const char *aliases, struct sim_answer *answer)
{
        struct sim_connection connection = {.network = network->object.ref, .task = SIM_NO_REF};

        const struct sim_connection *before = sim_connection_of(container, network);
        if (before || sim_attachment_of(sim, container, network)) {
                _cleanup_free_ char *name = sim_container_name(sim, container);
                bool attached = before && sim_table_at(&sim->tasks, before->task);
                return sim_refuse(answer, attached ? 409 : 403,
                                  attached ? "%s is already attached to network %s"
                                           : "endpoint with name %s already exists in network %s",
                                  name, network->name);
        }
        connection.configured = text_copy(address);
        connection.aliases = text_copy(aliases);
        if (container->running && !establish(sim, container, network, &connection, answer)) {
                connection_done(&connection);
                return false;
        }
        *list_add(&container->connections) = connection;
        sim_tell_connection(sim, container, network, "connect");
        return true;
}

/* What it was connected to before it ran is established now; all or none. */
bool sim_container_start(struct sim *sim, struct sim_container *container, struct sim_answer *answer)
{
        if (container->missing)
                return sim_refuse(answer, 500, SIM_NOT_ATTACHED_UNKNOWN, container->missing,
                                  container->missing);
        container->running = true;
        container->started_ms = sim->now_ms;
        for (size_t i = 0; i < container->connections.count; i++) {
                struct sim_connection *connection = &container->connections.items[i];
                struct sim_network *network = sim_network_stored(sim, connection->network);
                if (network && establish(sim, container, network, connection, answer))
                        continue;
                if (!network)
                        sim_refuse(answer, 404, "network not found");
                container->running = false;
                return false;
        }
        return true;
}

void sim_disconnect(struct sim *sim, struct sim_container *container, struct sim_connection *connection)
{
        struct sim_network *network = sim_table_at(&sim->networks, connection->network);
        struct sim_task *task = sim_table_at(&sim->tasks, connection->task);
        uint32_t address = connection->address;

        if (network)
                sim_tell_connection(sim, container, network, "disconnect");
        if (network && sim_ref_equal(container->failed, network->object.ref))
                container->failed = SIM_NO_REF;
        connection_done(connection);
        *connection = container->connections.items[--container->connections.count];
        if (network && network->local && address && network->has_subnet)
                sim_address_give(&network->pool, address);
        else if (network && !network->local && address)
                sim_presence_drop(sim, network, container->node, !task);
        if (task)
                sim_task_detach(sim, task);
}

/* Also from a network of its own task, which keeps the address. */
bool sim_disconnect_from(struct sim *sim, struct sim_container *container, struct sim_network *network)
{
        struct sim_connection *connection = sim_connection_of(container, network);
        struct sim_attachment *attachment = sim_attachment_of(sim, container, network);

        if (connection)
                sim_disconnect(sim, container, connection);
        else if (attachment) {
                attachment->connected = false;
                sim_presence_drop(sim, network, container->node, false);
        }
        return connection || attachment;
}
