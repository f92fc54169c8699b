#pragma once

/* A move under way, and the steps' looks and acts by kind: inside move/ only. */

#include "engine/engine.h"
#include "host/unit.h"
#include "move/run.h"

enum net_state {
        NET_ABSENT,
        NET_OLD,
        NET_NEW,
};

struct move {
        struct engine *engine;
        const struct plan *plan;
        enum goal goal;
        bool take_over;     /* go on with a move that another host holds */
        char *host;         /* this host's name, for the lock's label */
        const char *places; /* as in run_options */

        bool resumes; /* the hop was there when this run began: what is at 0 was paused by the move */

        /* What is done outside the swarm: */
        bool here;           /* this is the plan's host: its units, files and commands are in reach */
        const char *folder;  /* where its deeds are recorded; borrowed */
        struct units *units; /* opened when first needed, unless they were given */
        bool units_borrowed;
        enum run_unfinished unfinished;
        LIST(size_t)
        refused; /* container by container: an address that the swarm would not give back, in this run */
        size_t passes;     /* how often, in this run, this node's balancer was made to take another address */
        size_t road_begun; /* the number of the road, from 1, that this run began last */

        /* As of the last look. */
        enum net_state net;
        char *net_id; /* NULL when absent */
        bool net_allocated;
        char *hop_id; /* NULL when absent */
        bool hop_allocated;
        struct buffer seen; /* the engine's answer that says so; empty: of another plan, or there is none */
};

void move_done(struct move *move);

/* Reads what NET and the hop are now. Every look begins with it. */
int move_refresh(struct move *move, struct error *error);
/* The same before anything is changed: what is in the way then is ERROR_REFUSED. */
int move_look_first(struct move *move, struct error *error);
/* Whether the service's spec names NET or the hop. */
static inline bool move_has_service(const struct move *move, const struct service *service)
{
        return (move->net_id && service_on(service, move->net_id)) ||
               (move->hop_id && service_on(service, move->hop_id));
}

static inline bool move_net_at_goal(const struct move *move)
{
        return move->net == (move->goal == GOAL_NEW ? NET_NEW : NET_OLD);
}
static inline const char *move_wanted_subnet(const struct move *move)
{
        return move->goal == GOAL_NEW ? move->plan->new_subnet : move->plan->old_subnet;
}
/* NET stands and is not what the goal wants: it must be left. */
static inline bool move_leaving(const struct move *move)
{
        return move->net != NET_ABSENT && !move_net_at_goal(move);
}

/* The move is not over: NET is not as the goal wants it, or the hop is still there. */
static inline bool move_has_work(const struct move *move)
{
        return move->hop_id || !move_net_at_goal(move);
}

typedef int (*look_function)(struct move *move, const struct step *step, enum level *ret_level,
                             char **ret_waiting, struct error *error);
typedef int (*act_function)(struct move *move, const struct step *step, struct error *error);

int look_hop_create(struct move *, const struct step *, enum level *, char **, struct error *);
int act_hop_create(struct move *, const struct step *, struct error *);
int look_drain(struct move *, const struct step *, enum level *, char **, struct error *);
int look_remove(struct move *, const struct step *, enum level *, char **, struct error *);
int act_remove(struct move *, const struct step *, struct error *);
int look_net_create(struct move *, const struct step *, enum level *, char **, struct error *);
int act_net_create(struct move *, const struct step *, struct error *);

int look_service_hop(struct move *, const struct step *, enum level *, char **, struct error *);
int act_service_hop(struct move *, const struct step *, struct error *);
int look_settings(struct move *, const struct step *, enum level *, char **, struct error *);
int act_settings(struct move *, const struct step *, struct error *);
/* The service's update settings as they were, where the move has lent it others. */
int settings_give_back(struct move *move, const struct plan_service *planned, struct error *error);

int look_anchor(struct move *, const struct step *, enum level *, char **, struct error *);
int act_anchor(struct move *, const struct step *, struct error *);
int look_anchor_remove(struct move *, const struct step *, enum level *, char **, struct error *);
int act_anchor_remove(struct move *, const struct step *, struct error *);
int look_edge(struct move *, const struct step *, enum level *, char **, struct error *);
int act_edge(struct move *, const struct step *, struct error *);
/* What hangs on a network and must come off: the part of look_clear that asks nothing. */
int look_hangers(struct move *, const struct step *, const struct swarm *, enum level *, char **,
                 struct error *);
int look_clear(struct move *, const struct step *, enum level *, char **, struct error *);
int act_clear(struct move *, const struct step *, struct error *);
int look_anchor_drop(struct move *, const struct step *, enum level *, char **, struct error *);
int act_anchor_drop(struct move *, const struct step *, struct error *);
int look_container_hop(struct move *, const struct step *, enum level *, char **, struct error *);
int act_container_hop(struct move *, const struct step *, struct error *);

int look_pause_service(struct move *, const struct step *, enum level *, char **, struct error *);
int act_pause_service(struct move *, const struct step *, struct error *);
int look_resume_service(struct move *, const struct step *, enum level *, char **, struct error *);
int act_resume_service(struct move *, const struct step *, struct error *);
int look_pause_unit(struct move *, const struct step *, enum level *, char **, struct error *);
int act_pause_unit(struct move *, const struct step *, struct error *);
int look_resume_unit(struct move *, const struct step *, enum level *, char **, struct error *);
int act_resume_unit(struct move *, const struct step *, struct error *);
int look_patch(struct move *, const struct step *, enum level *, char **, struct error *);
int act_patch(struct move *, const struct step *, struct error *);
int look_road(struct move *, const struct step *, enum level *, char **, struct error *);
int act_road(struct move *, const struct step *, struct error *);

/* Connects to systemd when that has not been done yet. */
int look_at_unit(struct move *move, const char *name, struct unit_state *ret_state, struct error *error);

/* The record of what a step of pausing or resuming is about; owned by the caller. */
char *pause_deed(const struct move *move, const struct step *step);
/* Whether what the step resumes is paused, as far as it is recorded. */
bool pause_is_held(const struct move *move, const struct step *step);

/* Whether a move has paused the service, now or before. */
bool pause_is_recorded(const struct move *move, const char *service_id);

/* The number of a paused service's tasks, as an edit of its spec; its texts belong to the caller. */
struct spec_edit pause_edit(const struct plan_pause *pause);

/* Which way a step leads: to NET or to the hop. */
static inline bool step_is_to_net(const struct step *step)
{
        return step->kind >= STEP_CONTAINER_REACH_NET && step->kind <= STEP_CONTAINER_TO_NET;
}

/* The network that a step of an anchor or a running edge reaches for; NULL: this goal has no use for it now.
 */
const char *reached_id(const struct move *move, const struct step *step);
/* The network on which the edge still is by its spec, while the step matters. */
const char *left_id(const struct move *move, const struct step *step);

/* connect and disconnect of one container, by the network's ID or name; `address` may be NULL, and `as`,
 * whose aliases and settings it gets. */
int network_connect(struct engine *engine, const char *network_id, const char *container_id,
                    const char *address, const struct plan_container *as, struct error *error);
int network_disconnect(struct engine *engine, const char *network_id, const char *container_id,
                       struct error *error);

/* One container and one network; ERROR_NOT_FOUND when the container is gone. */
struct connection {
        bool on;   /* it is connected, or will be when it starts */
        bool runs; /* one that does not is connected by the network's name alone, which its node may not know
                    */
};
int container_look(struct engine *engine, const char *container_id, const char *network_id,
                   const char *network_name, struct connection *ret_connection, struct error *error);

int container_remove(struct engine *engine, const char *name, struct error *error); /* running or not */

#define LABEL_PLAN   "headroom.plan"
#define LABEL_NET    "headroom.net"
#define LABEL_HOLDER "headroom.holder"
#define LABEL_MOVE   "headroom.move"
