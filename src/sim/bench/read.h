#pragma once

/* A schedule's file (docs/schedules.md), checked whole. */

#include "sim/bench/schedule.h"

struct yaml;
struct yaml_node;

/* What is not said in the file stays as it is in `shape`. (read_shape.c) */
int shape_read(const struct yaml *yaml, const struct yaml_node *node, struct shape *shape,
               struct error *error);

/* ERROR_USAGE "FILE:LINE: ..." for what is not understood, or can't be. */
int schedule_read(const char *path, struct schedule *ret_schedule, struct error *error);
