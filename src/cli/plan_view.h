#pragma once

/* A plan as an operator reads it before running it. */

#include "move/plan.h"

void plan_view(const struct plan *plan, bool undo);
char *duration_text(int64_t duration_ms); /* "none", "3 s", "2 min"; owned by the caller */
