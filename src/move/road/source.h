#pragma once

/* What a unit runs, as texts: its own command lines and the scripts they name. Inside move/ only. */

#include "move/road/order.h"
#include "move/road/script.h"

struct road_source {
        char *path; /* NULL: a command line of the unit */
        struct road_statements statements;
};

struct road_sources {
        LIST(struct road_source) items;
        struct unit_texts deploys; /* stacks and services that they deploy by name */
        bool unnamed;              /* and something whose name is made when they run */
};

void road_sources_done(struct road_sources *sources);
void road_sources_of(const struct unit_state *unit, road_reader read, void *userdata,
                     struct road_sources *ret_sources);
bool road_sources_have(const struct road_sources *sources, const char *path);
