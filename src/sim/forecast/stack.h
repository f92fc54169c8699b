#pragma once

/*
 * A stack of a workload, deployed to a simulated swarm and removed as clients do it. Services that are on
 * nothing but their stack's own networks are left out: they hold no address that anybody else could want.
 */

#include "sim/forecast/workload.h"
#include "sim/sim.h"

/*
 * How long the gate holds a network's removal: clients give up after 60 s, and it must have answered by then.
 */
#define GATE_BOUND_MS 55000

struct stack {
        const struct workload *workload;
        const struct workload_stack *shape;
        uint64_t number;
        size_t removed_networks; /* how many of its networks are gone */
        int64_t held_since_ms;   /* since when the removal of the next one is waited with */
        uint32_t redeploys;
};

/* Images that behave as the workload's services do. Once for a swarm. */
void stack_models(struct sim *sim, const struct workload *workload);

/* Both return how many requests the swarm refused. */
size_t stack_deploy(struct sim *sim, const struct stack *stack);
size_t stack_redeploy(struct sim *sim, struct stack *stack);

/*
 * Its services are removed at once; then its networks, by stack_remove_networks: again after ret_wait_ms as
 * long as it returns false.
 */
size_t stack_remove_services(struct sim *sim, struct stack *stack);
bool stack_remove_networks(struct sim *sim, struct stack *stack, enum workload_removal removal,
                           int64_t *ret_wait_ms, size_t *ret_refused);
