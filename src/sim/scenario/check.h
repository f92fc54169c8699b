#pragma once

/*
 * Whether a scenario can be, before anything is made of it: one function a kind of thing, each 0 or -1 with
 * the sentence of the first thing that can't.
 */

#include "sim/scenario/roster.h"

struct scenario_check {
        const struct scenario *scenario;
        struct roster *roster;
        uint64_t active_nodes; /* that take tasks */
        struct error *error;
};

int scenario_check_nodes(struct scenario_check *check);
int scenario_check_networks(struct scenario_check *check);   /* check_network.c */
int scenario_check_services(struct scenario_check *check);   /* check_service.c */
int scenario_check_ports(struct scenario_check *check);      /* check_port.c */
int scenario_check_containers(struct scenario_check *check); /* check_container.c */
int scenario_check_room(
        struct scenario_check *check); /* check_room.c: after those that count who is on what */
int scenario_check_events(struct scenario_check *check); /* check_event.c */

int scenario_check_all(const struct scenario *scenario, struct roster *roster, struct error *error);

/* What a network is when nothing is said. */
bool network_is_local(const struct roster_network *network);
/* How many addresses it has for others than its gateway. */
uint64_t network_capacity(const struct scenario *scenario, const struct roster_network *network);
/* Its subnet where the file says it: of ingress also where it does not. No length: the pool's next. */
struct prefix network_subnet(const struct scenario *scenario, const struct roster_network *network);
const struct scenario_node *scenario_node_find(const struct scenario *scenario, const char *name);
