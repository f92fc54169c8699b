#pragma once

/* A schedule's file (docs/schedules.md), checked whole. */

#include "sim/bench/schedule.h"

/* ERROR_USAGE "FILE:LINE: ..." for what is not understood, or can't be. */
int schedule_read(const char *path, struct schedule *ret_schedule, struct error *error);
