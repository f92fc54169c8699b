#include "sim/state.h"

#include <assert.h>

/* Which nodes have a copy of an overlay, and what keeps it there. */

struct sim_presence *sim_presence(struct sim_network *network, uint32_t node)
{
        while (network->on.count <= node)
                list_add(&network->on);
        return &network->on.items[node];
}

void sim_presence_add(struct sim *sim, struct sim_network *network, uint32_t node, bool visitor)
{
        struct sim_presence *on = sim_presence(network, node);

        if (!on->known)
                sim_tell_copy(sim, network, node, "create");
        on->known = true;
        if (visitor)
                on->visitors++;
        else
                on->containers++;
}

/*
 * The engine takes its copy away with the last container the swarm put there. It fails when a visitor is
 * still connected, and nothing tries again before the engine is started anew.
 */
void sim_presence_drop(struct sim *sim, struct sim_network *network, uint32_t node, bool visitor)
{
        struct sim_presence *on = sim_presence(network, node);

        assert(visitor ? on->visitors : on->containers);
        if (visitor)
                on->visitors--;
        else
                on->containers--;
        if (!visitor && on->containers == 0 && on->visitors)
                on->zombie = true;
        if (on->containers || on->visitors)
                return;
        on->empty_ms = sim->now_ms;
        sim_schedule(sim, SIM_EVENT_DRAIN, network->object.ref, 0, sim->settings.drain_ms);
}
