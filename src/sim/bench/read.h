#pragma once

/* A schedule's file (docs/schedules.md), checked whole. */

#include "sim/bench/schedule.h"

#define CALL_MS_MAX   2000  /* 15 calls fit into the time that headroom gives its smallest steps */
#define JITTER_MS_MAX 60000 /* at a stop and a start: a service has 120 s beside what it takes itself */

struct yaml;
struct yaml_node;

/* What is not said in the file stays as it is in `shape`. (read_shape.c) */
int shape_read(const struct yaml *yaml, const struct yaml_node *node, struct shape *shape,
               struct error *error);

/* Whether headroom's own waits, and the bench's, allow for the swarm; ERROR_USAGE as below. (bounds.c) */
int bounds_check(const struct schedule *schedule, struct error *error);

/* ERROR_USAGE "FILE:LINE: ..." for what is not understood, or can't be. */
int schedule_read(const char *path, struct schedule *ret_schedule, struct error *error);
