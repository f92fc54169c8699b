#include "sim/scenario/make.h"

/*
 * Leaks, as deploys make them: tasks on the network and on one of their own, which is removed while they are
 * only told to end. No task runs for it: one that no node may take holds its addresses just the same. The
 * network of their own has a subnet that no pool hands out, so that the next network gets what it would have
 * got.
 */

#define OWN_NAME "scenario-leak"
#define OWN_ROOM 100000 /* fewer than any of the subnets below can hand out */
#define REAP_MS  1000

static int ask(struct making *making, const char *method, const char *path, const char *body, bool beside)
{
        const struct making_request request = {.line = making->scenario->line,
                                               .what = OWN_NAME,
                                               .method = method,
                                               .path = path,
                                               .body = body,
                                               .beside = beside};

        return making_ask(making, &request, NULL);
}

/* Long enough for the allocator, the scheduler, or the reaper. */
static void wait_for_swarm(struct making *making)
{
        making_wait(making, 2 * making->scenario->allocate_ms + REAP_MS);
}

/* One that the scenario's own networks leave room for. */
static int add_own_network(struct making *making)
{
        static const char *const subnets[] = {"198.18.0.0/15", "240.0.0.0/15", "100.64.0.0/15", "11.0.0.0/15",
                                              "171.0.0.0/15"};

        for (size_t i = 0; i < ELEMENTS(subnets); i++) {
                _cleanup_free_ char *body = text_format("{\"Name\":\"" OWN_NAME "\",\"Driver\":\"overlay\","
                                                        "\"IPAM\":{\"Config\":[{\"Subnet\":\"%s\"}]}}",
                                                        subnets[i]);
                if (ask(making, "POST", "/networks/create", body, false) < 0)
                        return -1;
                wait_for_swarm(making);
                if (sim_network_has_pool(making->sim, OWN_NAME))
                        return 0;
                if (ask(making, "DELETE", "/networks/" OWN_NAME, NULL, false) < 0)
                        return -1;
        }
        return scenario_refuse(making->scenario, making->scenario->line, making->error,
                               "there is no room beside the networks of this file to make leaks");
}

/* A batch: as many as are asked for, or as the pool has. */
static int leak_batch(struct making *making, const char *network, uint64_t count)
{
        _cleanup_free_ char *body = text_format(
                "{\"Name\":\"" OWN_NAME "\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"leak\"},"
                "\"Placement\":{\"Constraints\":[\"node.labels." OWN_NAME "==never\"]},\"Networks\":[{"
                "\"Target\":\"%s\"},{\"Target\":\"" OWN_NAME "\"}]},\"Mode\":{\"Replicated\":{\"Replicas\":"
                "%llu}},\"EndpointSpec\":{\"Mode\":\"dnsrr\"}}",
                network, (unsigned long long)count);

        if (add_own_network(making) < 0 || ask(making, "POST", "/services/create", body, false) < 0)
                return -1;
        wait_for_swarm(making);
        if (ask(making, "DELETE", "/services/" OWN_NAME, NULL, false) < 0 ||
            ask(making, "DELETE", "/networks/" OWN_NAME, NULL, true) < 0)
                return -1;
        wait_for_swarm(making);
        return 0;
}

/*
 * More than a batch are given out by number, which is no other thing and faster. So are those of ingress, on
 * which no service is by name.
 */
static int leak_from(struct making *making, const struct roster_network *network)
{
        const struct scenario_leaks *leaks = &network->what->leaks;
        bool by_name = network->what != &making->scenario->ingress;
        struct sim_pool_state before = sim_pool_state(making->sim, network->name);
        uint64_t wanted = leaks->all ? before.capacity - before.held : leaks->count;

        if (!wanted)
                return 0;
        if (by_name && leak_batch(making, network->name, MIN(wanted, OWN_ROOM)) < 0)
                return -1;
        while (sim_pool_state(making->sim, network->name).leaked - before.leaked < wanted &&
               sim_leak(making->sim, network->name, 0))
                ;
        uint64_t leaked = sim_pool_state(making->sim, network->name).leaked - before.leaked;
        if (leaks->all || leaked == wanted)
                return 0;
        return scenario_refuse(making->scenario, network->line, making->error,
                               "%s has room for %llu leaked addresses and not for %llu", network->name,
                               (unsigned long long)leaked, (unsigned long long)wanted);
}

int making_leak(struct making *making)
{
        for (size_t i = 0; i < making->roster.networks.count; i++)
                if (leak_from(making, &making->roster.networks.items[i]) < 0)
                        return -1;
        return 0;
}

int making_leak_some(struct making *making)
{
        for (size_t i = 0; i < making->roster.networks.count; i++) {
                const struct roster_network *network = &making->roster.networks.items[i];
                for (size_t j = 0; j < network->what->leaks.addresses.count; j++) {
                        const struct scenario_address *leak = &network->what->leaks.addresses.items[j];
                        char text[ADDRESS_TEXT_SIZE];
                        if (sim_leak(making->sim, network->name, leak->address))
                                continue;
                        address_format(leak->address, text);
                        return scenario_refuse(making->scenario, leak->line, making->error,
                                               "%s of %s is not free", text, network->name);
                }
        }
        return 0;
}
