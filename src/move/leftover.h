#pragma once

/* What moves have left in the swarm and on this node, and whether a move is going on. Read-only. */

#include "engine/engine.h"
#include "swarm/swarm.h"

/*
 * Whether a run is at work on the move whose hop this network is. The hop's label names host and process that
 * made it; a resumed run has another process, which the lock in the state folder names.
 */
enum hop_holder {
        HOP_ABANDONED,
        HOP_RUNNING,
        HOP_ELSEWHERE, /* another host holds it: whether it still runs can't be seen from here */
};
enum hop_holder hop_holder(const struct network *hop, const char *state);
const char *hop_holder_text(const struct network *hop); /* "HOST pid NUMBER", NULL when it does not say */

/* Names of the services that have a temporary edit of this move in their spec now, comma-separated; NULL when
 * none has. Owned by the caller. */
int hop_edits(struct engine *engine, const struct network *hop, char **ret_names, struct error *error);

/* Names of anchors on this node. */
struct anchors {
        LIST(char *) names;
};
void anchors_done(struct anchors *anchors);
#define _cleanup_anchors_ _cleanup_(anchors_done)

/* Those of one plan, and those of moves that are over: of a run that was killed in its last step. */
int anchors_to_remove(struct engine *engine, const char *plan_id, struct anchors *ret_anchors,
                      struct error *error);

/* A container or image of headroom's that belongs to no move of this swarm. */
struct leftover {
        char *evidence;
        char *next;    /* a command line that removes it */
        bool harmless; /* it takes a little disk, and nothing else */
};

struct leftovers {
        LIST(struct leftover) items;
};

void leftovers_done(struct leftovers *leftovers);
#define _cleanup_leftovers_ _cleanup_(leftovers_done)

int leftovers_find(struct engine *engine, const struct swarm *swarm, struct leftovers *ret_leftovers,
                   struct error *error);
