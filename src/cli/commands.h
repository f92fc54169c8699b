#pragma once

/* The run functions and options of the commands, one file each, for the table in commands.c. */

#include "cli/command.h"

extern const struct option_spec pools_options[];
int command_pools(const struct invocation *invocation);

extern const struct option_spec doctor_options[];
int command_doctor(const struct invocation *invocation);

extern const struct option_spec survey_options[];
int command_survey(const struct invocation *invocation);

extern const struct option_spec plan_options[];
int command_plan(const struct invocation *invocation);

extern const struct option_spec check_options[];
int command_check(const struct invocation *invocation);

extern const struct option_spec apply_options[];
int command_apply(const struct invocation *invocation);

int command_config(const struct invocation *invocation);

extern const struct option_spec ensure_specs[];
int command_ensure(const struct invocation *invocation);
