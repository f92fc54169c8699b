#pragma once

/* Making a swarm of a scenario, for the files of this room only: all by the API that anybody would use. */

#include "sim/scenario/roster.h"

struct making {
        const struct scenario *scenario;
        struct roster roster;
        struct sim *sim;
        struct error *error;
};

/*
 * One request to a node's engine. `line` is of what asks; what the engine refuses is refused with its words.
 * `beside`: the clock does not move for it. ret_body may be NULL.
 */
struct making_request {
        unsigned line;
        const char *what; /* "the network proxy" */
        const char *method, *path, *query, *body;
        size_t node;
        bool beside;
};
int making_ask(const struct making *making, const struct making_request *request, struct buffer *ret_body);
void making_wait(const struct making *making, int64_t ms);

int making_networks(struct making *making);   /* make_network.c */
int making_leak_some(struct making *making);  /* make_leak.c: certain addresses, before others take them */
int making_leak(struct making *making);       /* as many as are said */
int making_containers(struct making *making); /* make_container.c */
void making_events(struct making *making);    /* make_event.c */
