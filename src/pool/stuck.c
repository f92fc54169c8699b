#include "pool/stuck.h"

/*
 * Theory of operation. When a pool has no address left, the engine says so only in its log; in its objects,
 * the service's tasks stay in state New. New alone proves nothing: the allocator may be busy, or another
 * network of the same service may be the full one. So a pool is called refusing only when
 *   - a task that wants an address there has waited in New for STUCK_MS, and something that was created after
 * it has been allocated meanwhile, or it has waited for STUCK_SURELY_MS; and
 *   - every other network of that task is shown to hand out addresses: something created after the task got
 * one there, or the network was made for it (no more than FRESH_MS before its service) and is less than half
 * owned. A network that has no pool at all explains its own tasks, and convicts nobody else. Where a task
 * wants one network only, that one's age acquits it of nothing.
 */

#define STUCK_MS        10000
#define STUCK_SURELY_MS 30000
#define FRESH_MS        60000

static bool is_waiting(const struct swarm *swarm, const struct task *task)
{
        return task->state == TASK_NEW && task->desired <= TASK_RUNNING && task->created_ms &&
               swarm->taken_ms - task->created_ms >= STUCK_MS;
}

/* The youngest task that has been allocated: proof that the allocator was at work since. */
static int64_t last_allocation_ms(const struct swarm *swarm)
{
        int64_t last = 0;

        for_each_task (task, swarm)
                if (task->state > TASK_NEW && task->networks.count)
                        last = MAX(last, task->created_ms);
        return last;
}

bool gave_address_since(const struct swarm *swarm, const char *network_id, int64_t since_ms)
{
        for_each_task (task, swarm) {
                const struct attachment *on = task_on(task, network_id);
                if (on && on->address_count && task->created_ms > since_ms)
                        return true;
        }
        for_each_service (service, swarm)
                for (size_t i = 0; i < service->vips.count; i++)
                        if (service->vips.items[i].allocated && service->created_ms > since_ms &&
                            text_equal(service->vips.items[i].network_id, network_id))
                                return true;
        return false;
}

static bool wants(const struct service *service, const struct account *account)
{
        for (size_t i = 0; account->network->ingress && i < service->ports.count; i++)
                if (!service->ports.items[i].host_mode)
                        return true;
        return service_on(service, account->network->id);
}

static size_t count_wanted(struct accounts *accounts, const struct service *service)
{
        size_t count = 0;

        for_each_account (account, accounts)
                count += wants(service, account);
        return count;
}

static bool is_healthy(const struct swarm *swarm, const struct account *account,
                       const struct service *service, const struct task *task, bool alone)
{
        bool fresh = account->network->created_ms + FRESH_MS >= service->created_ms &&
                     2 * account->owned < account->capacity;

        return (fresh && !alone) || gave_address_since(swarm, account->network->id, task->created_ms);
}

static bool has_pool(const struct account *account)
{
        return account->network->subnets.count && account->network->subnets.items[0].gateway;
}

/* The one pool that can be at fault for this task; NULL when none or several can. */
static struct account *culprit(const struct swarm *swarm, struct accounts *accounts,
                               const struct service *service, const struct task *task)
{
        bool alone = count_wanted(accounts, service) == 1;
        struct account *suspect = NULL;

        for_each_account (account, accounts) {
                if (!wants(service, account))
                        continue;
                if (!has_pool(account))
                        return NULL;
                if (is_healthy(swarm, account, service, task, alone))
                        continue;
                if (suspect)
                        return NULL;
                suspect = account;
        }
        return suspect;
}

/* The service of a task that waits; NULL for all others. */
static const struct service *waiting_service(const struct swarm *swarm, const struct task *task)
{
        return is_waiting(swarm, task) && task->service_id ? swarm_service_by_id(swarm, task->service_id)
                                                           : NULL;
}

static void convict(const struct swarm *swarm, struct accounts *accounts)
{
        int64_t last_ms = last_allocation_ms(swarm);

        for_each_task (task, swarm) {
                const struct service *service = waiting_service(swarm, task);
                bool surely =
                        last_ms > task->created_ms || swarm->taken_ms - task->created_ms >= STUCK_SURELY_MS;
                struct account *account = service && surely ? culprit(swarm, accounts, service, task) : NULL;
                if (account)
                        account->refusing = true;
        }
}

static bool explains(const struct account *account)
{
        return account->refusing || !has_pool(account);
}

static bool is_explained(struct accounts *accounts, const struct service *service)
{
        for_each_account (account, accounts)
                if (explains(account) && wants(service, account))
                        return true;
        return false;
}

/* A task that waits for a pool that refuses, or for one that is not there, says nothing about its other
 * networks. */
static void count_stuck(const struct swarm *swarm, struct accounts *accounts)
{
        for_each_task (task, swarm) {
                const struct service *service = waiting_service(swarm, task);
                if (!service)
                        continue;
                bool explained = is_explained(accounts, service);
                for_each_account (account, accounts)
                        if (wants(service, account) && (explains(account) || !explained)) {
                                account->stuck++;
                                if (service->name &&
                                    (!account->stuck_name || strcmp(service->name, account->stuck_name) < 0))
                                        account->stuck_name = service->name;
                        }
        }
}

void stuck_find(const struct swarm *swarm, struct accounts *accounts)
{
        convict(swarm, accounts);
        count_stuck(swarm, accounts);
}
