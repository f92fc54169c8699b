#include "sim/state.h"

/* The sim looked at from outside: what its books say, and whether they agree with each other. */

#define RESERVED_ADDRESSES 3 /* network, broadcast, gateway */

struct sim_pool_state sim_pool_state(struct sim *sim, const char *name)
{
        const struct sim_network *network = sim_network_find(sim, name);

        if (!network || !network->allocated)
                return (struct sim_pool_state){0};
        return (struct sim_pool_state){.capacity = network->pool.size - RESERVED_ADDRESSES,
                                       .held = network->pool.held - RESERVED_ADDRESSES,
                                       .leaked = network->leaked,
                                       .held_most = MAX(network->held_most, network->pool.held) -
                                                    RESERVED_ADDRESSES,
                                       .leaked_ever = network->leaked_ever,
                                       .refused_ms = network->refused_ms};
}

void sim_pool_watch(struct sim *sim, const char *name)
{
        struct sim_network *network = sim_network_find(sim, name);

        if (!network)
                return;
        network->held_most = network->pool.held;
        network->leaked_ever = 0;
        network->refused_ms = 0;
}

void sim_leak_clear(struct sim *sim, const char *name)
{
        struct sim_network *network = sim_network_find(sim, name);

        if (network && network->allocated)
                sim_network_recount(sim, network);
}

size_t sim_network_live(struct sim *sim, const char *name)
{
        const struct sim_network *network = sim_network_find(sim, name);
        size_t live = 0;

        for_each_sim (sim_task, task, &sim->tasks)
                for (size_t i = 0; network && sim_task_is_live(task) && i < task->attachment_count; i++)
                        live += sim_ref_equal(task->attachments[i].network, network->object.ref);
        return live;
}

size_t sim_network_visitors(struct sim *sim, const char *name)
{
        const struct sim_network *network = sim_network_find(sim, name);
        size_t visitors = 0;

        for (size_t i = 0; network && i < network->on.count; i++)
                visitors += network->on.items[i].visitors;
        return visitors;
}

static bool is_visited(struct sim *sim, struct sim_network *network, uint32_t address)
{
        for (uint32_t node = 0; node < network->on.count; node++)
                if (sim_visitor_has(sim, network, node, address))
                        return true;
        return false;
}

bool sim_visitor_among_next(struct sim *sim, const char *name, uint64_t count)
{
        struct sim_network *network = sim_network_find(sim, name);

        if (!network || !network->allocated || !sim_network_visitors(sim, name))
                return false;
        for (uint64_t i = 0; i < network->pool.size && count; i++) {
                uint64_t bit = (network->pool.cursor + i) % network->pool.size;
                if (is_visited(sim, network, network->pool.first + (uint32_t)bit))
                        return true;
                count -= !sim_pool_has(&network->pool, bit);
        }
        return false;
}

const char *sim_service_spec(struct sim *sim, const char *name, size_t *ret_length)
{
        const struct sim_service *service = sim_service_find(sim, name);

        if (service && ret_length)
                *ret_length = service->spec->length;
        return service ? service->spec->bytes : NULL;
}

size_t sim_service_running(struct sim *sim, const char *name)
{
        const struct sim_service *service = sim_service_find(sim, name);
        size_t running = 0;

        if (service)
                for_each_sim_task (task, service)
                        running += task->state == TASK_RUNNING && sim_task_is_wanted(task);
        return running;
}

size_t sim_service_wanted(struct sim *sim, const char *name)
{
        const struct sim_service *service = sim_service_find(sim, name);
        size_t wanted = 0;

        if (service)
                for_each_sim_task (task, service)
                        wanted += sim_task_is_live(task) && sim_task_is_wanted(task);
        return wanted;
}

bool sim_network_has_pool(struct sim *sim, const char *name)
{
        const struct sim_network *network = sim_network_find(sim, name);

        return network && !network->removed && network->allocated;
}

size_t sim_service_processes(struct sim *sim, const char *name)
{
        const struct sim_service *service = sim_service_find(sim, name);
        size_t processes = 0;

        if (service)
                for_each_sim_task (task, service) {
                        const struct sim_container *container =
                                sim_table_at(&sim->containers, task->container);
                        processes += container && container->running;
                }
        return processes;
}

/* Every owner's address is held once, and what is held without an owner is what was leaked. */

struct audit {
        struct sim *sim;
        const struct sim_network *network;
        struct sim_pool seen;
        char *fault;
};

static void audit_address(struct audit *audit, uint32_t address, const char *owner)
{
        char text[ADDRESS_TEXT_SIZE];

        if (audit->fault || !address)
                return;
        address_format(address, text);
        if (!prefix_contains(audit->network->subnet, address) ||
            !sim_pool_has(&audit->network->pool, address - audit->network->pool.first))
                audit->fault = text_format("%s of a %s on %s is not in the pool's books", text, owner,
                                           audit->network->name);
        else if (!sim_address_take(&audit->seen, address))
                audit->fault =
                        text_format("%s of a %s on %s has two owners", text, owner, audit->network->name);
}

static void audit_owners(struct audit *audit)
{
        struct sim *sim = audit->sim;
        const struct sim_ref ref = audit->network->object.ref;

        audit_address(audit, audit->network->gateway, "gateway");
        for (size_t i = 0; i < audit->network->on.count; i++)
                audit_address(audit, audit->network->on.items[i].endpoint, "node");
        for_each_sim (sim_service, service, &sim->services)
                for (size_t i = 0; !service->vips_lost && i < service->vips.count; i++)
                        if (sim_ref_equal(service->vips.items[i].network, ref))
                                audit_address(audit, service->vips.items[i].address, "VIP");
        for_each_sim (sim_task, task, &sim->tasks)
                for (size_t i = 0; task->allocated && i < task->attachment_count; i++)
                        if (sim_ref_equal(task->attachments[i].network, ref))
                                audit_address(audit, task->attachments[i].address, "task");
}

static char *audit_network(struct sim *sim, const struct sim_network *network)
{
        struct audit audit = {.sim = sim, .network = network};

        sim_pool_init(&audit.seen, network->subnet);
        audit_owners(&audit);
        if (!audit.fault && network->pool.held != audit.seen.held + network->leaked)
                audit.fault =
                        text_format("%s holds %llu addresses, %llu have owners and %llu were leaked",
                                    network->name, (unsigned long long)network->pool.held,
                                    (unsigned long long)audit.seen.held, (unsigned long long)network->leaked);
        sim_pool_done(&audit.seen);
        return audit.fault;
}

static char *audit_presence(struct sim *sim, const struct sim_network *network)
{
        for (uint32_t node = 0; node < network->on.count; node++) {
                const struct sim_presence *on = &network->on.items[node];
                uint32_t tasks = 0;
                for_each_sim (sim_task, task, &sim->tasks)
                        for (size_t i = 0; task->present && task->node == node && i < task->attachment_count;
                             i++)
                                tasks += sim_ref_equal(task->attachments[i].network, network->object.ref);
                if (tasks != on->tasks)
                        return text_format("%s counts %u tasks on node %u, and %u are there", network->name,
                                           on->tasks, node + 1, tasks);
                if (!network->ingress && on->endpoint && !on->tasks)
                        return text_format("node %u has an endpoint on %s and no task there", node + 1,
                                           network->name);
        }
        return NULL;
}

char *sim_inconsistency(struct sim *sim)
{
        char *fault = NULL;

        for_each_sim (sim_network, network, &sim->networks) {
                if (network->local || !network->allocated)
                        continue;
                fault = audit_network(sim, network);
                if (!fault)
                        fault = audit_presence(sim, network);
                if (fault)
                        return fault;
        }
        return NULL;
}
