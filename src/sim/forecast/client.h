#pragma once

/* What a client asks of the simulated swarm: one request, as `docker` would send it. */

#include "sim/sim.h"

/* The status of the answer; 0: the engine is dead. `body` may be NULL, and ret_answer, whose text is the
 * caller's. */
int client_ask(struct sim *sim, const char *method, const char *path, const char *body, char **ret_answer);
static inline bool client_done(struct sim *sim, const char *method, const char *path, const char *body)
{
        return client_ask(sim, method, path, body, NULL) / 100 == 2;
}
