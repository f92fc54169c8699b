#pragma once

/* A schedule that fails, made smaller as long as it fails by the same invariant. */

#include "sim/bench/bench.h"

/* `schedule` is replaced by the smallest that was found, `outcome` by what became of that. */
void schedule_shrink(struct schedule *schedule, const char *state, struct outcome *outcome);
