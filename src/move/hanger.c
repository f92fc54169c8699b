#include "move/hanger.h"

#include "move/anchor.h"

enum hanger hanger_of(const struct swarm *swarm, const struct network *network,
                      const struct endpoint *endpoint)
{
        const struct task *task = swarm_task_of_container(swarm, endpoint->container_id);

        if (text_starts_with(endpoint->container_id, "lb-") || endpoint_is_unborn(endpoint))
                return HANGER_NONE;
        if (text_starts_with(endpoint->name, ANCHOR_PREFIX))
                return HANGER_ANCHOR;
        if (!task)
                return HANGER_STRANGER;
        return task_on(task, network->id) ? HANGER_NONE : HANGER_LIVE;
}

enum hanger hanger_find(const struct swarm *swarm, const char *id, enum hanger last,
                        const struct endpoint **ret_endpoint)
{
        const struct network *network = swarm_network_by_id(swarm, id);
        enum hanger found = HANGER_NONE;

        for (size_t i = 0; network && i < network->endpoints.count; i++) {
                enum hanger hanger = hanger_of(swarm, network, &network->endpoints.items[i]);
                if (hanger <= found || hanger > last)
                        continue;
                *ret_endpoint = &network->endpoints.items[i];
                found = hanger;
        }
        return found;
}

int hanger_take_off(struct move *move, const char *network_id, enum hanger hanger,
                    const struct endpoint *endpoint, struct error *error)
{
        switch (hanger) {
        case HANGER_ANCHOR:
                return container_remove(move->engine, endpoint->container_id, error);
        case HANGER_LIVE:
                return network_disconnect(move->engine, network_id, endpoint->container_id, error);
        default:
                return 0;
        }
}
