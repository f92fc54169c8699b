#include "sim/state.h"

/*
 * The leader's allocator: addresses of tasks, of nodes' load-balancer endpoints, and who gets another try
 * when something was given back. It knows pools by the networks of the store only. That is where addresses
 * are lost: a task that ends with one of its networks gone is taken for one that never had addresses, and
 * those it has on its other networks stay in the books until another leader makes them anew.
 */

#define RETRY_MS 2

bool sim_network_address(struct sim *sim, struct sim_network *network, uint32_t *ret_address)
{
        if (sim_address_next(&network->pool, ret_address)) {
                network->held_most = MAX(network->held_most, network->pool.held);
                return true;
        }
        if (!network->refused_ms)
                network->refused_ms = sim->now_ms;
        return false;
}

/* Tasks */

static void give_back(struct sim *sim, struct sim_task *task, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                struct sim_network *network = sim_network_stored(sim, task->attachments[i].network);
                sim_address_give(&network->pool, task->attachments[i].address);
                task->attachments[i].address = 0;
        }
}

bool sim_task_allocate(struct sim *sim, struct sim_task *task)
{
        const struct sim_service *service = sim_table_at(&sim->services, task->service);
        char id[SIM_ID_SIZE];

        if (service && !service->allocated)
                return false;
        for (size_t i = 0; i < task->attachment_count; i++) {
                struct sim_attachment *attachment = &task->attachments[i];
                struct sim_network *network = sim_network_stored(sim, attachment->network);
                if (network && network->allocated && sim_network_address(sim, network, &attachment->address))
                        continue;
                give_back(sim, task, i);
                sim_id(sim, SIM_KIND_TASK, task->object.ref, id);
                sim_log(sim, "debug",
                        "failed to allocate network IP for task %s network: could not find an "
                        "available IP",
                        id);
                return false;
        }
        task->allocated = true;
        return true;
}

static bool knows_all(struct sim *sim, const struct sim_task *task)
{
        for (size_t i = 0; i < task->attachment_count; i++) {
                const struct sim_network *network = sim_network_stored(sim, task->attachments[i].network);
                if (!network || !network->allocated)
                        return false;
        }
        return true;
}

void sim_note_leak(struct sim *sim, struct sim_network *network)
{
        network->leaked++;
        network->leaked_ever++;
        sim->leaked++;
}

static void leak(struct sim *sim, const struct sim_task *task)
{
        for (size_t i = 0; i < task->attachment_count; i++) {
                struct sim_network *network = sim_network_stored(sim, task->attachments[i].network);
                if (!network || !network->allocated || !task->attachments[i].address)
                        continue;
                sim_note_leak(sim, network);
        }
}

/* The addresses stay written in the task, as the engine leaves them in its history. */
void sim_task_release(struct sim *sim, struct sim_task *task)
{
        if (!task->allocated)
                return;
        task->allocated = false;
        if (!knows_all(sim, task)) {
                leak(sim, task);
                return;
        }
        for (size_t i = 0; i < task->attachment_count; i++)
                sim_address_give(&sim_network_stored(sim, task->attachments[i].network)->pool,
                                 task->attachments[i].address);
        if (task->attachment_count)
                sim_retry_due(sim);
}

/* Nodes */

static bool needs_endpoint(const struct sim *sim, const struct sim_network *network, uint32_t node)
{
        return (network->ingress && !((const struct sim_node *)sim->nodes.items[node])->removed) ||
               network->on.items[node].tasks;
}

static void tell_endpoint(struct sim *sim, uint32_t node)
{
        sim_tell_node(sim, (const struct sim_node *)sim->nodes.items[node], "update", NULL);
}

void sim_endpoint_update(struct sim *sim, struct sim_network *network, uint32_t node)
{
        struct sim_presence *on = sim_presence(network, node);

        if (!network->allocated || network->local)
                return;
        if (on->endpoint && !needs_endpoint(sim, network, node)) {
                sim_address_give(&network->pool, on->endpoint);
                on->endpoint = 0;
                tell_endpoint(sim, node);
                sim_retry_due(sim);
        } else if (!on->endpoint && needs_endpoint(sim, network, node)) {
                if (sim_network_address(sim, network, &on->endpoint))
                        tell_endpoint(sim, node);
                else
                        sim_log(sim, "error",
                                "Failed to allocate network resources for node: could not find an available "
                                "IP");
        }
}

bool sim_has_endpoints(struct sim *sim, const struct sim_task *task)
{
        for (size_t i = 0; i < task->attachment_count; i++) {
                struct sim_network *network = sim_network_stored(sim, task->attachments[i].network);
                if (network && !sim_presence(network, task->node)->endpoint)
                        return false;
        }
        return true;
}

/* Another try */

void sim_retry_due(struct sim *sim)
{
        if (sim->retry_due)
                return;
        sim->retry_due = true;
        sim_schedule(sim, SIM_EVENT_RETRY, SIM_NO_REF, 0, RETRY_MS);
}

static void retry_endpoints(struct sim *sim, struct sim_network *network)
{
        for (uint32_t node = 0; node < network->on.count; node++)
                if (network->allocated && needs_endpoint(sim, network, node))
                        sim_endpoint_update(sim, network, node);
}

static void retry_tasks(struct sim *sim)
{
        size_t count = sim->waiting.count;
        struct sim_ref *refs = sim->waiting.items;

        sim->waiting.items = NULL; /* those that wait on come back */
        sim->waiting.count = sim->waiting.room = 0;
        for (size_t i = 0; i < count; i++) {
                struct sim_task *task = sim_table_at(&sim->tasks, refs[i]);
                if (!task || !task->queued)
                        continue;
                task->queued = false;
                sim_task_step(sim, task);
        }
        free(refs);
}

/* In the allocator's order: networks, nodes, services, tasks. */
void sim_retry(struct sim *sim)
{
        sim->retry_due = false;
        for_each_sim (sim_network, network, &sim->networks) {
                if (!network->removed && !network->allocated && network->refused)
                        sim_network_allocate(sim, network);
                retry_endpoints(sim, network);
        }
        for_each_sim (sim_service, service, &sim->services)
                if (!service->allocated && service->logged) /* who was never tried is not to be tried again */
                        sim_service_allocate(sim, service);
        retry_tasks(sim);
}

/* A new leader */

static void reopen_pool(struct sim_network *network)
{
        struct prefix subnet = network->subnet;

        sim_pool_done(&network->pool);
        sim_pool_init(&network->pool, subnet);
        if (network->has_range)
                sim_pool_limit(&network->pool, network->range);
        sim_address_take(&network->pool, network->gateway);
        network->leaked = 0;
        for (size_t i = 0; i < network->on.count; i++)
                if (network->on.items[i].endpoint)
                        sim_address_take(&network->pool, network->on.items[i].endpoint);
}

/* False: somebody else has it. */
static bool take_again(struct sim *sim, const struct sim_network *only, struct sim_ref ref, uint32_t address)
{
        struct sim_network *network = sim_network_stored(sim, ref);

        if (!network || !network->allocated || !address || (only && network != only))
                return true;
        return sim_address_take(&network->pool, address);
}

/* A new leader believes the store, also in what the one before it had given back. */
static void take_vips(struct sim *sim, const struct sim_network *only, struct sim_service *service)
{
        bool whole = true;

        if (only && service->vips_lost)
                return;
        for (size_t i = 0; i < service->vips.count; i++)
                whole = take_again(sim, only, service->vips.items[i].network,
                                   service->vips.items[i].address) &&
                        whole;
        service->vips_lost = !whole;
}

/* What the store holds, of all networks or of one. */
static void take_stored(struct sim *sim, const struct sim_network *only)
{
        for_each_sim (sim_service, service, &sim->services)
                take_vips(sim, only, service);
        for_each_sim (sim_task, task, &sim->tasks)
                for (size_t i = 0; task->allocated && i < task->attachment_count; i++)
                        take_again(sim, only, task->attachments[i].network, task->attachments[i].address);
        sim_retry_due(sim);
}

void sim_allocator_restart(struct sim *sim)
{
        sim->subnet_cursor = 0;
        sim->leaked = 0;
        for_each_sim (sim_network, network, &sim->networks)
                if (network->allocated && !network->local)
                        reopen_pool(network);
        take_stored(sim, NULL);
}

void sim_network_recount(struct sim *sim, struct sim_network *network)
{
        sim->leaked -= network->leaked;
        reopen_pool(network);
        take_stored(sim, network);
}
