#pragma once

/*
 * All networks and services of a scenario by the names that the swarm knows them by: those that stand in the
 * file, those that stacks add, and those that rules make, in the order in which they are made. It points into
 * the scenario, which must outlive it.
 */

#include "sim/scenario/model.h"

#define ROSTER_NONE SIZE_MAX

struct roster_network {
        unsigned line;
        char *name;
        const char *stack; /* NULL: of none */
        const struct scenario_network *what;
        uint64_t vips, tasks, containers; /* that are to have an address on it, in all */
};

struct roster_service {
        unsigned line;
        char *name;
        const char *short_name; /* within its stack */
        const char *stack;      /* NULL: of none */
        const struct scenario_sketch *sketch;
        uint64_t replicas;
        size_t network; /* one more than the sketch says, by number; ROSTER_NONE: no */
        bool by_rule;
};

/* Who has a name, in any case. */
struct roster_name {
        const char *name;
        size_t index;
};
struct roster_names {
        LIST(struct roster_name) items; /* sorted */
};

struct roster {
        LIST(struct roster_network) networks; /* the first is ingress */
        LIST(struct roster_service) services;
        struct roster_names network_names, service_names;
        struct scenario_texts texts; /* stacks that rules make */
};

void roster_done(struct roster *roster);
#define _cleanup_roster_ _cleanup_(roster_done)

/* `seed` decides what rules leave open. Names that can't be, or are there twice, are refused. */
int roster_make(const struct scenario *scenario, uint64_t seed, struct roster *ret_roster,
                struct error *error);

/* By the name that a stack's file knows, or NULL's; ROSTER_NONE when there is none. */
size_t roster_network_find(const struct roster *roster, const char *stack, const char *name);
size_t roster_service_find(const struct roster *roster, const char *name);

/* The network that is most like it by name; NULL when none is. */
const char *roster_network_nearest(const struct roster *roster, const char *name);
const char *roster_service_nearest(const struct roster *roster, const char *name);

/* How many networks a service is on, and which: by its sketch's joins first. */
size_t roster_join_count(const struct roster_service *service);
size_t roster_join(const struct roster *roster, const struct roster_service *service, size_t index);
/* How many tasks it is to have, given so many nodes that take tasks. */
uint64_t roster_tasks(const struct roster_service *service, uint64_t nodes);
