#pragma once

/*
 * A swarm as a file describes it (docs/scenarios.md), and that swarm made. The file is checked whole before
 * anything is made of it; what only shows when the swarm stands (a pool that is too small for the nodes'
 * endpoints, tasks that never come to rest) is refused then. Errors are ERROR_USAGE, "FILE:LINE: ...", but
 * for a file that can't be read (base/file.h).
 */

#include "base/error.h"
#include "settings/yaml.h"
#include "sim/sim.h"

#include <stdint.h>

#define SCENARIO_BYTES_MAX    ((size_t)1 << 20)
#define SCENARIO_NODES_MAX    1000
#define SCENARIO_NETWORKS_MAX 20000
#define SCENARIO_SERVICES_MAX 50000
#define SCENARIO_TASKS_MAX    250000

struct scenario;

int scenario_read(const char *path, struct scenario **ret_scenario, struct error *error);
/* The same out of bytes; the origin is the file's name for errors. */
int scenario_parse(const char *bytes, size_t length, const char *origin, struct scenario **ret_scenario,
                   struct error *error);
/* The same, as a section of another file. The tree is not needed afterwards. */
int scenario_of(const struct yaml *yaml, const struct yaml_node *map, struct scenario **ret_scenario,
                struct error *error);

struct scenario *scenario_free(struct scenario *scenario); /* returns NULL */
static inline void scenario_cleanup(struct scenario **scenario)
{
        scenario_free(*scenario);
}
#define _cleanup_scenario_ _cleanup_(scenario_cleanup)

/* Whether the file says what the clock on the wall shows first. */
bool scenario_says_when(const struct scenario *scenario);

/*
 * The swarm at rest: nothing is due in it but what the scenario itself has for later, its crash loops (with
 * `settle`) and the giving up of nodes that are down. Seed 0: the file's own. The scenario is not needed
 * afterwards.
 */
int scenario_open(const struct scenario *scenario, uint64_t seed, struct sim **ret_sim, struct error *error);
