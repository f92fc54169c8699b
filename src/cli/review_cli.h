#pragma once

/* The signed reviews of a plan, for the commands that make, show and demand them. */

#include "cli/command.h"
#include "move/review/review.h"

/*
 * What the reviews beside the plan of a check are worth, where the move has not begun: later they are past,
 * and going back needs none. *ret_enough stays as it is otherwise.
 */
int review_show(const struct review *review, const struct settings *settings, struct check_points *reviews,
                bool *ret_enough, struct error *error);

/* Signs with --sign's key, if there is one, and says so. What is signed has been printed before. */
int review_sign(const struct invocation *invocation, const struct review *review, struct error *error);

/* The fingerprint of --key, NULL without it; refused where reviews are required and a plan is to be written.
 */
int planner_find(const struct invocation *invocation, const struct settings *settings, char **ret_planner,
                 struct error *error);

/* Writes the plan, with --key's signature if that key can sign. */
int plan_write_signed(const struct invocation *invocation, const struct plan *plan, const char *path,
                      struct error *error);
