#pragma once

/*
 * What headroom itself has on a network of this node: the anchor, and live connections of the edge. The
 * anchor goes last: without it the network is not live on this node any more, and a connection that is left
 * then blocks the network's name. Inside move/ only.
 */

#include "move/move.h"

enum hanger {
        HANGER_NONE, /* in the order in which they stay */
        HANGER_ANCHOR,
        HANGER_LIVE,
        HANGER_STRANGER, /* a container that nobody planned */
};

enum hanger hanger_of(const struct swarm *swarm, const struct network *network,
                      const struct endpoint *endpoint);

/* The one that goes next, of those up to `last`. The endpoint is the swarm's. */
enum hanger hanger_find(const struct swarm *swarm, const char *network_id, enum hanger last,
                        const struct endpoint **ret_endpoint);

/* Removes the anchor, or disconnects; leaves what is not headroom's. */
int hanger_take_off(struct move *move, const char *network_id, enum hanger hanger,
                    const struct endpoint *endpoint, struct error *error);
