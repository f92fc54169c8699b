#include "cli/command.h"

#include "cli/help.h"

#include <stdio.h>

/* Stands in until the command that looks at networks is there. */
static int cmd_default(_unused_ const struct invocation *invocation)
{
        help_overview(commands);
        return 0;
}

static int cmd_version(_unused_ const struct invocation *invocation)
{
        printf("headroom %s\nDocker API 1.%d to 1.%d\n", HEADROOM_VERSION, API_VERSION_MIN_MINOR,
               API_VERSION_MAX_MINOR);
        return 0;
}

const struct command commands[] = {
        {
                .name = "",
                .arguments = "[NET]",
                .summary = "how full each overlay network is; with NET, who holds which address",
                .description = "Shows a line for each overlay network.",
                .words_max = 1,
                .run = cmd_default,
                .monitoring = true,
        },
        {
                .name = "help",
                .arguments = "[COMMAND]",
                .summary = "what headroom or one of its commands does and takes",
                .description = "Shows the commands, or the one that is named.",
                .options = help_options,
                .words_max = 1,
                .run = command_help,
        },
        {
                .name = "version",
                .summary = "version of headroom and the engine API it speaks",
                .description = "Shows the version of headroom and which versions of the Docker Engine API it "
                               "speaks.",
                .run = cmd_version,
        },
        {NULL},
};
