/*
 * Addresses that the simulated swarm hands out in a second, as one line of JSON. `pool`: the allocator's own
 * search, on a /16 that is three quarters full, one given back for each that is taken. `swarm`: whole tasks,
 * from the request that makes their service to all of them having their address, and back.
 */

#include "base/text.h"
#include "sim/sim.h"
#include "sim/state.h"

#include <stdio.h>
#include <time.h>

#define POOL_ROUNDS  200
#define SWARM_ROUNDS 10
#define SWARM_TASKS  60000
#define STEP_MS      1
#define STEPS_MAX    100000
#define NETWORK                                                                                              \
        "{\"Name\":\"n\",\"Driver\":\"overlay\",\"IPAM\":{\"Config\":[{\"Subnet\":\"10.64.0.0/14\"}]}}"
#define SERVICE                                                                                              \
        "{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"},\"Placement\":{},"            \
        "\"Networks\":[{\"Target\":\"n\"}]},\"Mode\":{\"Replicated\":{\"Replicas\":60000}},"                 \
        "\"EndpointSpec\":{\"Mode\":\"dnsrr\"}}"

static double seconds(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double measure_pool(void)
{
        struct sim_pool pool;
        struct prefix prefix;
        uint64_t count = 0;
        uint32_t address;
        LIST(uint32_t) held = {0};

        prefix_parse("10.10.0.0/16", &prefix);
        sim_pool_init(&pool, prefix);
        for (uint64_t i = 0; i < pool.size * 3 / 4 && sim_address_next(&pool, &address); i++)
                *list_add(&held) = address;
        double began = seconds();
        for (size_t round = 0; round < POOL_ROUNDS; round++)
                for (size_t i = 0; i < held.count; i++, count++) {
                        sim_address_give(&pool, held.items[i]);
                        if (!sim_address_next(&pool, &held.items[i]))
                                abort();
                }
        double took = seconds() - began;
        sim_pool_done(&pool);
        free(held.items);
        return (double)count / took;
}

static void ask(struct sim *sim, const char *method, const char *path, const char *body)
{
        struct sim_request request = {
                .method = method, .path = path, .body = body, .body_length = body ? strlen(body) : 0};
        _cleanup_sim_answer_ struct sim_answer answer = {0};

        sim_request(sim, &request, &answer);
        if (answer.status / 100 != 2) {
                fprintf(stderr, "%s %s: %d\n", method, path, answer.status);
                exit(1);
        }
}

static void run_until_held(struct sim *sim, uint64_t wanted)
{
        for (size_t i = 0; sim_pool_state(sim, "n").held != wanted; i++) {
                if (i == STEPS_MAX)
                        exit(1);
                sim_run_until(sim, sim_now_ms(sim) + STEP_MS);
        }
}

/* Only the way up is timed: from the request to the last address. */
static double measure_swarm(void)
{
        _cleanup_sim_ struct sim *sim = sim_open(NULL);
        double took = 0;

        ask(sim, "POST", "/networks/create", NETWORK);
        sim_run_until(sim, sim_now_ms(sim) + 1000);
        for (size_t round = 0; round < SWARM_ROUNDS; round++) {
                double began = seconds();
                ask(sim, "POST", "/services/create", SERVICE);
                run_until_held(sim, SWARM_TASKS);
                took += seconds() - began;
                ask(sim, "DELETE", "/services/s", NULL);
                run_until_held(sim, 0);
        }
        return (double)SWARM_TASKS * SWARM_ROUNDS / took;
}

int main(void)
{
        printf("{\"pool\": %.0f, \"swarm\": %.0f}\n", measure_pool(), measure_swarm());
        return 0;
}
