#pragma once

/* From argv to a struct invocation, by the command table. */

#include "cli/command.h"

extern const struct option_spec common_options[]; /* known to every command; ends with a NULL name */

/*
 * The first word selects the command when it is a command's name; otherwise, or after `--`, it belongs to the
 * command "". Options may stand before or after the command's name. ERROR_USAGE tells what is wrong and what
 * was probably meant; even then ret_invocation->command is set, for the usage line, and invocation_done is
 * due. Strings are borrowed.
 */
int invocation_parse(const struct command *table, int argc, char *const *argv,
                     struct invocation *ret_invocation, struct error *error);
void invocation_done(struct invocation *invocation);
#define _cleanup_invocation_ _cleanup_(invocation_done)

const struct command *command_find(const struct command *table,
                                   const char *name); /* NULL when there is none */

/* The command whose name is spelled almost like the word; NULL when none is. */
const struct command *command_nearest(const struct command *table, const char *word);

/* "headroom plan", or "headroom" for the command "". */
char *command_title(const struct command *command);
