#pragma once

/*
 * A workload: what is deployed to a swarm and removed again, and what else happens to it, day by day. Read
 * from YAML; docs/what-if.md has the format as a table. What is not understood or can't be is ERROR_USAGE,
 * "FILE:LINE: ...".
 */

#include "base/error.h"
#include "base/text.h"
#include "swarm/swarm.h"

#define WORKLOAD_BYTES_MAX    ((size_t)1 << 20)
#define WORKLOAD_STACKS_MAX   64
#define WORKLOAD_SERVICES_MAX 64 /* of one stack; its networks, too */
#define WORKLOAD_REPLICAS_MAX 1000
#define WORKLOAD_RATE_MAX     100000.0 /* a day */
#define WORKLOAD_LIVE_MAX     5000.0   /* stacks that are there at once */

/* How a stack goes, which is what makes leaks or does not. */
enum workload_removal {
        REMOVED_STACK_RM, /* all services, then at once the networks, as `docker stack rm` does */
        REMOVED_GATE,     /* the same, but the network's removal is held until its tasks have ended, for a
                             bounded time */
        REMOVED_IN_ORDER, /* networks only when their tasks have ended, however long that takes */
        REMOVED_NEVER,
};

enum workload_ports { PORTS_NONE, PORTS_INGRESS, PORTS_HOST };

/* One network of a service: of its stack's own, or one that the swarm has. */
struct workload_join {
        bool own;
        size_t index; /* in the stack's `networks`, else in the workload's `shared` */
};

struct workload_service {
        char *name;
        LIST(struct workload_join) networks;
        bool global;
        uint64_t replicas;
        bool dnsrr;
        bool start_first;
        enum workload_ports ports;
        bool shares; /* joins a network that is not its stack's, or publishes on ingress */
        int64_t starts_ms, stops_ms, grace_ms;
};

struct workload_stack {
        char *name;
        double deploys_a_day;
        bool evenly; /* deploys come at equal distances, else at random times */
        int64_t lives_min_ms, lives_max_ms;
        enum workload_removal removal;
        double redeploys_a_day; /* of each of its services, while it is there */
        LIST(char *) networks;
        LIST(struct workload_service) services;
};

/* A network of the stack's own that a service is on which shares others; false: it is of no consequence. */
bool workload_network_counts(const struct workload_stack *stack, size_t network);

struct workload_shared {
        char *name;
        unsigned line; /* where it is joined first */
};

struct workload {
        char *path;
        LIST(struct workload_stack) stacks;
        LIST(struct workload_shared) shared;
        bool ingress; /* something is published there */
        double leader_changes_a_day, engine_restarts_a_day, node_restarts_a_day;
        int64_t node_restart_ms; /* how long a node is away */
};

void workload_done(struct workload *workload);
#define _cleanup_workload_ _cleanup_(workload_done)

int workload_read(const char *path, struct workload *ret_workload, struct error *error);
int workload_parse(const char *bytes, size_t length, const char *origin, struct workload *ret_workload,
                   struct error *error);

/* That the swarm has the networks which are joined, as overlays with a pool of their own. */
int workload_check(const struct workload *workload, const struct swarm *swarm, struct error *error);

double workload_deploys_a_day(const struct workload *workload);
/* How often stacks are updated within so many days, on average; none is there when they begin. */
double workload_redeploys(const struct workload *workload, double days);
