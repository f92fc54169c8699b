#pragma once

/*
 * The ground a workload runs on: a simulated swarm made from a snapshot. It has the snapshot's overlays with
 * their subnets, its nodes that take tasks, the services on the networks that are looked at, and as many
 * further holders there as the snapshot has. Addresses differ, counts do not. Leaks are put there as told.
 */

#include "pool/account.h"
#include "sim/sim.h"

/* A network that is looked at. */
struct ground_pool {
        const struct account *account;
        struct prefix subnet; /* that it has; another one than the snapshot's means that it was made anew */
        uint64_t leaked;
};

struct ground {
        const struct swarm *swarm;
        LIST(struct ground_pool) pools;
};

void ground_done(struct ground *ground);
#define _cleanup_ground_ _cleanup_(ground_done)

/* That a swarm can be made of it. A snapshot is a file, and may say anything. ERROR_REFUSED. */
int ground_check(const struct swarm *swarm, struct error *error);

size_t ground_nodes(const struct swarm *swarm); /* that take tasks, at least one */

/* Settled: every service has what it gets. The same ground and seed give the same swarm. */
int ground_open(const struct ground *ground, uint64_t seed, struct sim **ret_sim, struct error *error);
