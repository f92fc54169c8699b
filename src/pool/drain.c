#include "pool/drain.h"

static bool waits(const struct swarm *swarm, const struct service *service)
{
        for_each_task (task, swarm)
                if (task->state == TASK_NEW && task->desired <= TASK_RUNNING &&
                    text_equal(task->service_id, service->id))
                        return true;
        return false;
}

/* Where the network stands in the service's spec; the number of networks when it does not. */
static size_t place_of(const struct service *service, const char *network_id)
{
        size_t place = 0;

        while (place < service->networks.count &&
               !text_equal(service->networks.items[place].network_id, network_id))
                place++;
        return place;
}

/* Whether a try for `refusing` loses a VIP of `drained`. */
static bool is_drain(const struct service *service, const struct account *refusing,
                     const struct account *drained)
{
        size_t full = place_of(service, refusing->network->id);

        return !service->dnsrr && full < service->networks.count &&
               place_of(service, drained->network->id) < full;
}

static void find_drain(const struct swarm *swarm, const struct account *refusing,
                       const struct account *drained, struct findings *findings)
{
        for_each_service (service, swarm) {
                if (!is_drain(service, refusing, drained) || !waits(swarm, service))
                        continue;
                struct finding *finding = findings_add(
                        findings, FINDING_POOL_DRAINS, drained->network, drained->network->name,
                        text_format("%s loses an address at every try of the engine to place %s, which waits "
                                    "for %s",
                                    drained->network->name, service->name, refusing->network->name));
                finding->next = finding_enlarge(refusing->network);
                return;
        }
}

void drains_find(const struct swarm *swarm, const struct accounts *accounts, struct findings *findings)
{
        for_each_account (refusing, accounts) {
                if (!refusing->refusing)
                        continue;
                for_each_account (drained, accounts)
                        if (drained != refusing && !drained->refusing)
                                find_drain(swarm, refusing, drained, findings);
        }
}
