#include "sim/state.h"

/* What happens to the swarm from outside at a time that was said before, and addresses that have no owner. */

struct sim_outside {
        void (*happen)(struct sim *sim, void *userdata);
        void (*done)(void *userdata);
        void *userdata;
};

void sim_at(struct sim *sim, int64_t time_ms, void (*happen)(struct sim *sim, void *userdata), void *userdata,
            void (*done)(void *userdata))
{
        uint32_t index = (uint32_t)sim->outside.count;
        struct sim_outside *outside = new_zero(struct sim_outside);

        *outside = (struct sim_outside){happen, done, userdata};
        *list_add(&sim->outside) = outside;
        sim_schedule(sim, SIM_EVENT_OUTSIDE, SIM_NO_REF, index, time_ms - sim->now_ms);
}

static void outside_free(struct sim_outside *outside)
{
        if (outside && outside->done)
                outside->done(outside->userdata);
        free(outside);
}

void sim_outside_run(struct sim *sim, uint32_t index)
{
        struct sim_outside *outside = steal_pointer(sim->outside.items[index]);

        outside->happen(sim, outside->userdata);
        outside_free(outside);
}

void sim_outside_done(struct sim *sim)
{
        for (size_t i = 0; i < sim->outside.count; i++)
                outside_free(sim->outside.items[i]);
        free(sim->outside.items);
}

static struct sim_network *network_with_pool(struct sim *sim, const char *name)
{
        struct sim_network *network = sim_network_find(sim, name);

        return network && !network->removed && !network->local && network->allocated ? network : NULL;
}

bool sim_address_keep(struct sim *sim, const char *name, uint32_t address)
{
        struct sim_network *network = network_with_pool(sim, name);

        return network && sim_address_take(&network->pool, address);
}

void sim_address_let_go(struct sim *sim, const char *name, uint32_t address)
{
        struct sim_network *network = network_with_pool(sim, name);

        if (network)
                sim_address_give(&network->pool, address);
}

bool sim_leak(struct sim *sim, const char *name, uint32_t address)
{
        struct sim_network *network = network_with_pool(sim, name);

        if (!network)
                return false;
        if (address ? !sim_address_take(&network->pool, address)
                    : !sim_address_next(&network->pool, &address))
                return false;
        network->leaked++;
        sim->leaked++;
        return true;
}
