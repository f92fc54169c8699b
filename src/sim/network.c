#include "sim/state.h"

/*
 * Networks live in the store, and as copies on the nodes where containers are on them. Removed from the
 * store, the pool is free at once, and the name only on nodes that have no copy any more.
 */

#define SUBNET_BITS_MAX 30 /* smaller ones have no room for a gateway */

struct sim_network *sim_network_stored(struct sim *sim, struct sim_ref ref)
{
        struct sim_network *network = sim_table_at(&sim->networks, ref);

        return network && !network->removed ? network : NULL;
}

static struct sim_network *find_by_name(struct sim *sim, const char *name, bool removed)
{
        for_each_named (sim_network, network, &sim->network_names, name)
                if (network->removed == removed && text_equal(network->name, name) &&
                    (!network->local || network->local_node == sim->asked))
                        return network;
        return NULL;
}

static bool has_id(const struct sim *sim, const struct sim_network *network, const char *id)
{
        char own[SIM_HEX_ID_SIZE];

        if (network->local)
                sim_hex_id(sim, SIM_KIND_NETWORK, network->object.ref, own);
        else
                sim_id(sim, SIM_KIND_NETWORK, network->object.ref, own);
        return text_starts_with(own, id);
}

static struct sim_network *find_by_id(struct sim *sim, const char *id)
{
        struct sim_ref ref;

        if (sim_ref_of_id(sim, SIM_KIND_NETWORK, id, &ref) && sim_table_at(&sim->networks, ref))
                return sim_table_at(&sim->networks, ref);
        for_each_sim (sim_network, network, &sim->networks)
                if (strlen(id) >= SIM_SHORT_ID && has_id(sim, network, id))
                        return network;
        return NULL;
}

struct sim_network *sim_network_find(struct sim *sim, const char *name_or_id)
{
        struct sim_network *network = find_by_name(sim, name_or_id, false);

        if (!network)
                network = find_by_id(sim, name_or_id);
        return network ? network : find_by_name(sim, name_or_id, true);
}

struct sim_network *sim_network_add(struct sim *sim, const char *name)
{
        struct sim_network *network = sim_table_add(sim, &sim->networks, sizeof(*network));

        network->name = text_copy(name);
        sim_name_enter(&sim->network_names, network, network->name);
        network->vxlan = sim->vxlan_next++;
        sim_schedule(sim, SIM_EVENT_NETWORK, network->object.ref, network->object.stamp,
                     sim->settings.allocate_ms);
        return network;
}

struct sim_network *sim_ingress(struct sim *sim)
{
        for_each_sim (sim_network, network, &sim->networks)
                if (network->ingress && !network->removed)
                        return network;
        return NULL;
}

void sim_network_free(struct sim_network *network)
{
        char *const texts[] = {network->name, network->driver,      network->options,   network->labels,
                               network->ipam, network->subnet_said, network->range_said};

        for (size_t i = 0; i < ELEMENTS(texts); i++)
                free(texts[i]);
        free(network->on.items);
        sim_pool_done(&network->pool);
}

void sim_network_drop(struct sim *sim, struct sim_network *network)
{
        sim_name_leave(&sim->network_names, network);
        sim_network_free(network);
        sim_table_drop(&sim->networks, network);
}

/* Pools */

static bool overlaps_another(struct sim *sim, const struct sim_network *network, struct prefix prefix)
{
        for_each_sim (sim_network, other, &sim->networks)
                if (other != network && other->allocated && !other->local &&
                    prefix_overlaps(other->subnet, prefix))
                        return true;
        return false;
}

bool sim_network_overlaps_local(struct sim *sim, const struct sim_network *network, struct prefix prefix)
{
        for_each_sim (sim_network, other, &sim->networks)
                if (other != network && other->local && other->local_node == sim->asked &&
                    other->has_subnet && prefix_overlaps(other->subnet, prefix))
                        return true;
        return false;
}

static struct prefix subnet_of_bit(const struct sim *sim, uint64_t bit)
{
        uint8_t bits = sim->settings.pool_subnet_bits;

        return (struct prefix){sim->default_pool.address + (uint32_t)(bit << (32 - bits)), bits};
}

/*
 * The next subnet of the default pool that is clear of all others. Up to 26.1 serially, then the lowest:
 * below the cursor there is none then.
 */
static bool choose_subnet(struct sim *sim, struct sim_network *network)
{
        uint64_t count = 1ULL << (sim->settings.pool_subnet_bits - sim->default_pool.length_bits);
        uint64_t from = sim->subnet_cursor;

        for (uint64_t i = 0; i < count; i++) {
                uint64_t bit = (from + i) % count;
                struct prefix prefix = subnet_of_bit(sim, bit);
                if (overlaps_another(sim, network, prefix))
                        continue;
                sim->subnet_cursor = bit + 1;
                network->subnet = prefix;
                return true;
        }
        return false;
}

static void refuse(struct sim *sim, struct sim_network *network, const char *why)
{
        char id[SIM_ID_SIZE];

        sim_id(sim, SIM_KIND_NETWORK, network->object.ref, id);
        sim_log(sim, network->refused ? "debug" : "error",
                "Failed allocation for network %s: failed allocating pools and gateway IP for network %s: %s",
                id, id, why);
        network->refused = true;
}

static void tell(struct sim *sim, const struct sim_network *network, const char *action)
{
        char id[SIM_ID_SIZE];

        sim_id(sim, SIM_KIND_NETWORK, network->object.ref, id);
        sim_happened(sim, "network", action, id, network->name, NULL);
}

static void open_pool(struct sim *sim, struct sim_network *network)
{
        sim_pool_init(&network->pool, network->subnet);
        if (network->has_range)
                sim_pool_limit(&network->pool, network->range);
        if (network->gateway)
                sim_address_take(&network->pool, network->gateway);
        else if (!sim_address_next(&network->pool, &network->gateway))
                network->gateway = network->subnet.address; /* of what is too small for one */
        network->allocated = true;
        sim_touch(sim, network);
        tell(sim, network, "update");
        if (network->ingress)
                for_each_sim (sim_node, node, &sim->nodes)
                        sim_endpoint_update(sim, network, node->object.ref.index);
        sim_retry_due(sim);
}

void sim_network_allocate(struct sim *sim, struct sim_network *network)
{
        if (network->removed || network->allocated)
                return;
        if (!network->has_subnet && !choose_subnet(sim, network))
                refuse(sim, network,
                       sim_minor(sim) < SIM_MINOR_28
                               ? "could not find an available, non-overlapping IPv4 address pool among the "
                                 "defaults to assign to the network"
                               : "all predefined address pools have been fully subnetted");
        else if (network->has_subnet && overlaps_another(sim, network, network->subnet))
                refuse(sim, network, SIM_POOL_OVERLAPS);
        else if (network->has_subnet && network->subnet.length_bits > SUBNET_BITS_MAX &&
                 sim_minor(sim) < SIM_MINOR_26)
                refuse(sim, network, "No available addresses on this pool");
        else
                open_pool(sim, network);
}

static void give_subnet(struct sim *sim, const struct sim_network *network)
{
        if (sim_minor(sim) > SIM_MINOR_SERIAL_POOL &&
            prefix_contains(sim->default_pool, network->subnet.address))
                sim->subnet_cursor =
                        MIN(sim->subnet_cursor, (network->subnet.address - sim->default_pool.address) >>
                                                        (32 - sim->settings.pool_subnet_bits));
}

/* Removal */

static bool names_network(const struct sim_spec *spec, struct sim_ref network)
{
        for (size_t i = 0; i < spec->networks.count; i++)
                if (sim_ref_equal(spec->networks.items[i], network))
                        return true;
        return false;
}

static bool task_names(const struct sim_task *task, struct sim_ref network)
{
        for (size_t i = 0; i < task->attachment_count; i++)
                if (sim_ref_equal(task->attachments[i].network, network))
                        return true;
        return false;
}

char *sim_network_user(struct sim *sim, const struct sim_network *network)
{
        char id[SIM_ID_SIZE];

        for_each_sim (sim_service, service, &sim->services)
                if (names_network(service->spec, network->object.ref)) {
                        sim_id(sim, SIM_KIND_SERVICE, service->object.ref, id);
                        return text_format("service %s", id);
                }
        for_each_sim (sim_task, task, &sim->tasks) {
                if (!sim_task_is_wanted(task) || !sim_task_is_live(task) ||
                    !task_names(task, network->object.ref))
                        continue;
                sim_id(sim, SIM_KIND_TASK, task->object.ref, id);
                return text_format("task %s", id);
        }
        return NULL;
}

void sim_network_remove(struct sim *sim, struct sim_network *network)
{
        network->removed = true;
        if (network->allocated)
                give_subnet(sim, network);
        network->allocated = false;
        sim_touch(sim, network);
        for (size_t i = 0; i < network->on.count; i++)
                if (network->on.items[i].visitors)
                        network->on.items[i].zombie = true;
        tell(sim, network, "remove");
        sim_retry_due(sim); /* its subnet is free: one that overlapped it may have it */
        sim_network_drain(sim, network);
}

bool sim_network_is_here(const struct sim *sim, const struct sim_network *network, uint32_t node)
{
        if (network->local)
                return node == network->local_node;
        if (node >= network->on.count)
                return network->ingress && network->allocated;
        const struct sim_presence *on = &network->on.items[node];
        return on->containers || on->visitors || on->zombie || (network->ingress && network->allocated) ||
               (on->known && sim->now_ms < on->empty_ms + sim->settings.drain_ms);
}

static void forget_copies(struct sim *sim, struct sim_network *network)
{
        for (uint32_t i = 0; i < network->on.count; i++) {
                if (!network->on.items[i].known || sim_network_is_here(sim, network, i))
                        continue;
                network->on.items[i].known = false;
                sim_tell_copy(sim, network, i, "destroy");
        }
}

/* Forgotten when no node has a copy any more. */
void sim_network_drain(struct sim *sim, struct sim_network *network)
{
        forget_copies(sim, network);
        if (!network->removed)
                return;
        for (size_t i = 0; i < network->on.count; i++)
                if (sim_network_is_here(sim, network, (uint32_t)i))
                        return;
        sim_network_drop(sim, network);
}
