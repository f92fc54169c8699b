#pragma once

/* What the files of the check share: inside move/check*.c only. */

#include "move/check.h"
#include "move/move.h"
#include "pool/account.h"

struct checking {
        const struct check_options *options;
        struct move move;
        const struct plan *plan;
        enum check_phase phase;
        struct swarm swarm;
        struct accounts accounts;
        struct check_points points;
        char *folder; /* of the plan's records; NULL: not to be looked at */
};

#define CHECK_ELSEWHERE "is on another host; can't be looked at from here"

/*
 * What to call what stands in the way of work on this host. Once a move has begun, nothing of that keeps it
 * from going on or back: a network is not left half moved because of a file or a unit.
 */
static inline enum check_result check_obstacle(const struct checking *c)
{
        return c->phase == CHECK_DURING ? CHECK_UNKNOWN : CHECK_FAIL;
}

/* Takes the three texts over. */
void check_add(struct checking *c, enum check_result result, char *subject, char *claim, char *found);

/* The predicates of the swarm, in check_swarm.c. */
int check_swarm(struct checking *c, struct error *error);
int check_network(struct checking *c, struct error *error);
int check_hop(struct checking *c, struct error *error);
int check_subnets(struct checking *c, struct error *error);
int check_newcomers(struct checking *c, struct error *error);
int check_containers(struct checking *c, struct error *error);
int check_specs(struct checking *c, struct error *error);
int check_updates(struct checking *c, struct error *error);
int check_running(struct checking *c, struct error *error);
int check_room(struct checking *c, struct error *error);
int check_bystanders(struct checking *c, struct error *error);
int check_order(struct checking *c, struct error *error);
int check_nodes(struct checking *c, struct error *error);
int check_settled(struct checking *c, struct error *error);
int check_left_over(struct checking *c, struct error *error);

/* The predicates of the plan's host, in check_host.c. */
int check_quiet(struct checking *c, struct error *error);
int check_patches(struct checking *c, struct error *error);
int check_pauses(struct checking *c, struct error *error);
int check_given_back(struct checking *c, struct error *error);
int check_pages(struct checking *c, struct error *error);
int check_log(struct checking *c, struct error *error);

/* Of the roads, in check_roads.c. */
int check_roads(struct checking *c, struct error *error);
int check_roads_gone(struct checking *c, struct error *error);
