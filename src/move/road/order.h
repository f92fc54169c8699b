#pragma once

/*
 * Whether units that are to be started again one after the other can be: judged from what systemd says of
 * them, from the scripts they run, and from what the swarm has. Four faults:
 *
 *   missing   a unit that does not exist
 *   unusable  one that is masked, or whose file systemd can't read
 *   order     the declared order is the opposite of systemd's own (After= and Before=, over any units
 * between) deadlock  a unit's commands wait for another that can't start before they have ended, because it
 * is ordered after it by systemd, or comes later in the declared order
 *
 * Being ordered after a unit, or wanting it, is no waiting. A unit waits for another when one of its
 * commands, or a line of a script that it runs, names it and
 *   - asks for it: curl, wget, wait-for-it, docker service ls|inspect|ps|logs, docker stack ps|services,
 *     systemctl is-active - unless a failure is ignored (|| true) outside of loops -, or
 *   - starts it: systemctl start|restart|..., without --no-block, or
 *   - stands in the condition of an `until` or `while` loop.
 * Deploying (docker stack deploy, docker service create and update) and talking (echo, printf, logger) is
 * never waiting. To name a unit is to write its name, the name of a stack or service that its own commands
 * deploy, or a name by which such a stack is known, as a whole word: "drone" is not named by "drone-runner".
 * Comments and here-documents are not read, and scripts that both units run say nothing of the two.
 */

#include "host/unit.h"

#define ROAD_SCRIPT_BYTES_MAX ((size_t)256 << 10)
#define ROAD_SCRIPTS_MAX      16 /* read for one unit */
#define ROAD_SCRIPT_DEPTH     2  /* a script that a script runs is read, too */

enum road_fault {
        ROAD_MISSING,
        ROAD_UNUSABLE,
        ROAD_ORDER,
        ROAD_DEADLOCK,
};

struct road_finding {
        enum road_fault fault;
        char *subject;  /* "unit deploy-proxy.service" */
        char *sentence; /* both units, the evidence, and what to do; no text of commands, which may hold
                           secrets */
};

struct road_findings {
        LIST(struct road_finding) items;
};

void road_findings_done(struct road_findings *findings);
#define _cleanup_road_findings_ _cleanup_(road_findings_done)

/* A name by which something in the swarm is reached: a service's, an alias of it, a Host() rule's. */
struct road_name {
        const char *name;
        const char *stack; /* it belongs to; the service's own name when it has none */
};

/* A script's text, NULL when there is none at the path; owned by the caller. */
typedef char *(*road_reader)(void *userdata, const char *path);

/* The reader of this host's own files: regular, at most ROAD_SCRIPT_BYTES_MAX, without NUL bytes. */
char *road_read_file(void *userdata, const char *path);

/* The units are in the declared order; everything is borrowed. A unit that is declared twice is judged once.
 */
void road_order_judge(const struct unit_state *units, size_t count, const struct road_name *names,
                      size_t name_count, road_reader read, void *userdata,
                      struct road_findings *ret_findings);
