#include "sim/scenario/make.h"

#include "sim/scenario/check.h"
#include "sim/scenario/spec.h"

/*
 * Networks: those that name their subnet first, so that the default pool hands out what is left; then those
 * that overlap, when the others have theirs.
 */

#define ALLOCATE_MAX_MS 120000 /* twice what `timing` can ask for */

static int add_network(struct making *making, const struct roster_network *network)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_free_ char *what = text_format("the network %s", network->name);

        network_write(network, &body);
        const struct making_request request = {.line = network->line,
                                               .what = what,
                                               .method = "POST",
                                               .path = "/networks/create",
                                               .body = buffer_text(&body),
                                               .beside = network->what->line == 0};
        return making_ask(making, &request, NULL);
}

enum turn {
        TURN_SUBNET,
        TURN_POOL,
        TURN_OVERLAP,
};

static enum turn turn_of(const struct roster_network *network)
{
        return network->what->overlap              ? TURN_OVERLAP
               : network->what->subnet.length_bits ? TURN_SUBNET
                                                   : TURN_POOL;
}

static bool is_allocated(const struct making *making, enum turn turn)
{
        for (size_t i = 1; i < making->roster.networks.count; i++)
                if (turn_of(&making->roster.networks.items[i]) == turn &&
                    !sim_network_has_pool(making->sim, making->roster.networks.items[i].name))
                        return false;
        return true;
}

static int add_networks(struct making *making, enum turn turn)
{
        int64_t end_ms = sim_now_ms(making->sim) + ALLOCATE_MAX_MS;

        for (size_t i = 1; i < making->roster.networks.count; i++)
                if (turn_of(&making->roster.networks.items[i]) == turn &&
                    add_network(making, &making->roster.networks.items[i]) < 0)
                        return -1;
        while (sim_next_ms(making->sim) <= end_ms && !is_allocated(making, turn))
                sim_run_until(making->sim, sim_next_ms(making->sim));
        return 0;
}

static int require_pools(struct making *making)
{
        char pool[PREFIX_TEXT_SIZE];

        prefix_format(making->scenario->pool_range, pool);
        for (size_t i = 1; i < making->roster.networks.count; i++) {
                const struct roster_network *network = &making->roster.networks.items[i];
                if (sim_network_has_pool(making->sim, network->name) != network->what->overlap)
                        continue;
                if (network->what->overlap)
                        return scenario_refuse(making->scenario, network->line, making->error,
                                               "%s is to overlap another network, and got its addresses",
                                               network->name);
                return scenario_refuse(making->scenario, network->line, making->error,
                                       "%s gets no subnet: %s has none of /%u left", network->name, pool,
                                       (unsigned)making->scenario->pool_size);
        }
        return 0;
}

int making_networks(struct making *making)
{
        if (add_networks(making, TURN_SUBNET) < 0 || add_networks(making, TURN_POOL) < 0 ||
            add_networks(making, TURN_OVERLAP) < 0)
                return -1;
        return require_pools(making);
}
