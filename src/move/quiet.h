#pragma once

/*
 * Whether the host is at work: what must not be running while a network is moved under it. Inside move/ only.
 */

#include "engine/engine.h"
#include "move/plan.h"

/* One thing that runs, in a sentence's words: "container recipe-gitea (busy pattern recipe-*)". */
struct busy {
        LIST(char *) items;
        size_t lasting; /* so many of them don't end within moments by themselves, as updates and tasks on
                           their way do */
};

void busy_done(struct busy *busy);
#define _cleanup_busy_ _cleanup_(busy_done)

/*
 * Asks the swarm, this node's containers and the operator's own commands. The services of the plan itself are
 * left out: while a move is on they are at work because of it. `commands` says whether the operator's
 * commands are asked, too: they are of the plan's host.
 */
int quiet_look(struct engine *engine, const struct plan *plan, bool commands, struct busy *ret_busy,
               struct error *error);

char *busy_text(const struct busy *busy); /* "a; b"; NULL when the host is quiet. Owned by the caller */
