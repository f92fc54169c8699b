#pragma once

/* Where the plan's edges take requests on this node: inside move/ only. */

#include "move/plan.h"

/* A TCP port that an edge publishes. */
struct edge_port {
        const struct service *service;
        uint32_t published;
        uint32_t target;
        char *at; /* "127.0.0.1:80" */
};

struct edge_ports {
        LIST(struct edge_port) items;
};

void edge_ports_done(struct edge_ports *ports);
#define _cleanup_edge_ports_ _cleanup_(edge_ports_done)

/*
 * The ports of the plan's edges that accept connections from this machine, each with the first of its
 * addresses where it does. A port of an edge that does not run completely is listed all the same, at
 * 127.0.0.1. What is left out is told in the plan's notes.
 */
void edge_ports_find(const struct swarm *swarm, struct plan *plan, struct edge_ports *ret_ports);

bool edge_port_is_tls(const struct edge_port *port);
