#pragma once

/* Everything that is said about the commands, made from the command table; printed on stdout. */

#include "cli/command.h"

#define PROGRAM_SUMMARY "address headroom for Docker Swarm overlay networks"

char *help_usage(const struct command *command); /* "headroom plan NET --size BITS -o FILE" */
void help_overview(const struct command *table);
void help_command(const struct command *command);
void help_manual(const struct command *table);     /* headroom(8) as scdoc reads it */
void help_completion(const struct command *table); /* for bash */

/* `headroom help [COMMAND]`, `--man`, `--completion bash`: for the command table. */
extern const struct option_spec help_options[];
int command_help(const struct invocation *invocation);
