#pragma once

/*
 * The swarm served as an engine's API over HTTP. One thread and one event loop: libmicrohttpd does the
 * protocol, when the loop lets it; the swarm lives between its calls.
 *
 * Time. The swarm's clock goes on with the real one, so many times as fast, whether anybody asks or not: what
 * is due happens when its time comes. A request is answered at the moment at which it is complete, and takes
 * no virtual time itself. A few wait in the swarm (connecting a container to a full network does for 20 s):
 * they are answered when their time has really come, and until then the swarm stands at that time for
 * everybody. Where computing takes so long that the clock would be late, it is late: no more than
 * FRONT_LAG_MS of real time is made up for at once.
 *
 * Bounds: connections, bytes of a request's head and body, and how long a connection may be idle.
 */

#include "base/error.h"
#include "sim/sim.h"

#define FRONT_BODY_MAX        ((size_t)4 << 20) /* larger requests are answered with 413 */
#define FRONT_CONNECTIONS_MAX 1000
#define FRONT_HEAD_MAX        ((size_t)128 << 10) /* also the size of a chunk of an answer */
#define FRONT_IDLE_S          120
#define FRONT_LAG_MS          100

struct front;

/* Both are borrowed; `listening` is a non-blocking socket. SIGINT, SIGTERM and SIGHUP are blocked from now on
 * and end front_run. */
int front_open(struct sim *sim, double speed, int listening, struct front **ret_front, struct error *error);
int front_run(struct front *front, struct error *error); /* 0: ended by a signal */
struct front *front_free(struct front *front);           /* returns NULL */
static inline void front_cleanup(struct front **front)
{
        front_free(*front);
}
#define _cleanup_front_ _cleanup_(front_cleanup)
