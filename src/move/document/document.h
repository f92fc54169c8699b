#pragma once

/*
 * What a plan is told with, for people: PLAN.journal.md, written with the plan and not touched afterwards. It
 * holds the cause with its evidence, every subnet in use, what is on the network and what is not, how things
 * are deployed, why this subnet, the patch, the state of the host, the procedure, and what is looked at
 * afterwards. Each fact stands beside the API path or the command that shows it. No environment, secret or
 * command line of a unit is in it.
 */

#include "host/unit.h"
#include "move/plan.h"

struct document_wish {
        const char *log;                 /* the engine's log as a file; NULL: this host's journal */
        struct units *units;             /* borrowed; NULL: the system bus is asked */
        const struct settings *settings; /* NULL: none */
};

/*
 * Asks the engine and this host again, and writes the page whole or not at all. What can't be read is told in
 * it, and is no error; an error is that the engine does not answer, or that the page can't be written.
 */
int document_write(struct engine *engine, const struct plan *plan, const char *plan_path,
                   const struct document_wish *wish, struct error *error);
