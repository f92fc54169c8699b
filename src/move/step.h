#pragma once

/*
 * A move is a list of steps, the same list whichever way it goes. Each step is a level: it can tell from the
 * swarm alone whether it is still to be done, being done, or done (or has nothing to do for this goal). So a
 * run that was killed anywhere is resumed by going through the list again, and turned round by going through
 * the list for the other goal. Nothing is remembered between looks but what the plan says.
 *
 * The goal is which subnet NET shall have at the end: the new one, or the old one for an undo. If NET already
 * is as the goal wants it, the steps that would leave it find nothing to do, and only those that lead back to
 * it act.
 */

#include "move/plan.h"

enum goal {
        GOAL_NEW,
        GOAL_OLD,
};

enum step_kind {
        STEP_PAUSE_UNIT,
        STEP_PAUSE_SERVICE,
        STEP_HOP_CREATE,          /* the hop network: lock, journal, way back */
        STEP_ANCHOR_HOP,          /* a container of headroom's own, so that the hop is live on this node */
        STEP_EDGE_REACH_HOP,      /* the edge's running tasks connected to the hop */
        STEP_CONTAINER_REACH_HOP, /* standalone containers connected to the hop, too */
        STEP_SERVICE_TO_HOP,
        STEP_CONTAINER_TO_HOP,
        STEP_CLEAR_NET, /* live connections and anchors off NET */
        STEP_DRAIN_NET, /* until nobody has an address on NET */
        STEP_NET_REMOVE,
        STEP_NET_CREATE,
        STEP_CONTAINER_REACH_NET, /* before anybody else takes their addresses */
        STEP_ANCHOR_NET,
        STEP_EDGE_REACH_NET,
        STEP_SERVICE_TO_NET,
        STEP_CONTAINER_TO_NET,
        STEP_ANCHOR_DROP,      /* before an edge (index) goes back to a NET that has no address to spare */
        STEP_SETTINGS_RESTORE, /* temporary edits that held until the end */
        STEP_CLEAR_HOP,
        STEP_DRAIN_HOP,
        STEP_HOP_REMOVE,
        STEP_ANCHOR_REMOVE, /* the anchors' image and what is left of them */
        STEP_PATCH,         /* from here on the plan's host, and what was paused */
        STEP_ROAD,
        STEP_RESUME_SERVICE,
        STEP_RESUME_UNIT,
        STEP_KINDS,
};

struct step {
        enum step_kind kind;
        size_t index; /* of the service, container, unit, patch or road, for steps that concern one */
};

struct steps {
        LIST(struct step) items;
};

void steps_of(const struct plan *plan, enum goal goal, struct steps *ret_steps);
void steps_done(struct steps *steps);
char *step_title(const struct step *step, const struct plan *plan); /* "service traefik_app to the hop" */
const char *step_name(enum step_kind kind);                         /* "service-to-hop", for the journal */

enum level {
        LEVEL_DONE, /* settled, or nothing to do for this goal */
        LEVEL_TODO, /* act */
        LEVEL_WAIT, /* acted on, not settled yet */
};

struct move;

/*
 * Looks at the swarm and tells the level. `ret_waiting` (owned by the caller) says what is being waited for.
 * An error means that the run must stop: somebody changed what is being moved, or the engine gave up an
 * update.
 */
int step_look(struct move *move, const struct step *step, enum level *ret_level, char **ret_waiting,
              struct error *error);

/* Takes the action, once. What it did shows in the next look. */
int step_act(struct move *move, const struct step *step, struct error *error);

int64_t step_bound_ms(const struct move *move, const struct step *step); /* how long it may take to settle */

/* Whether it takes something out of reach for a while: a host at work has to be waited for. */
bool step_disrupts(const struct step *step);

/*
 * Whether what an earlier step has settled must be so again before the one at `index`: a task of an edge that
 * has come since is to reach those that move, too. Not once that has been taken back for want of addresses.
 */
bool steps_need(const struct steps *steps, size_t index, size_t earlier);

/* Whether acting again after an act that has not settled is harmless and may help. */
bool step_may_act_again(const struct step *step);
