#pragma once

/* The files of `headroom plan --patch`: from the command line into the plan, and their diff beside it. */

#include "base/buffer.h"
#include "cli/command.h"
#include "move/plan.h"

#define OPTION_PATCH                                                                                         \
        {                                                                                                    \
                "patch", 0, OPTION_VALUE, "FILE",                                                            \
                        "a file that declares NET, to get the new subnet; may be given several times"        \
        }
#define OPTION_IN_PLACE                                                                                      \
        {                                                                                                    \
                "in-place", 0, OPTION_FLAG, NULL, "let the move itself edit the files of --patch"            \
        }

/* ERROR_USAGE, before anything is asked. */
int plan_patch_check(const struct invocation *invocation, struct error *error);

/* Each --patch becomes one of the plan's. */
int plan_patch_make(const struct invocation *invocation, struct plan *plan, struct error *error);

/* All of the plan's patches as one diff; empty when there is nothing to edit. */
int plan_patch_diff(const struct plan *plan, struct buffer *ret_diff, struct error *error);

/* Writes the diff beside the plan; one of an earlier plan of that name goes. */
int plan_patch_write(const struct buffer *diff, const char *plan_path, struct error *error);

/* Tells where the diff is and how to apply it; `plan_path` NULL: prints it. Without a diff: that of a plan
 * that was made before. */
void plan_patch_tell(const struct plan *plan, const char *plan_path, const struct buffer *diff);
