#pragma once

/* What every command that looks says of a move that is under way, or was interrupted. */

#include "engine/engine.h"
#include "pool/finding.h"

bool unfinished_any(const struct findings *findings);

/*
 * Judges the hops among the findings by who holds them: a move that runs on this host is no alarm. `state` is
 * the folder of locks; of an engine it is also asked what is edited meanwhile, NULL: that is not told. Order
 * the findings afterwards.
 */
int unfinished_judge(struct findings *findings, const char *state, struct engine *engine,
                     struct error *error);
