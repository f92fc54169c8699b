#include "cli/command.h"
#include "cli/commands.h"
#include "swarm/swarm.h"

#include <stdio.h>

/* `headroom survey -o FILE`: a snapshot to look at elsewhere. */

const struct option_spec survey_options[] = {
        {"output", 'o', OPTION_VALUE, "FILE", "where to write the snapshot"},
        {NULL},
};

int command_survey(const struct invocation *invocation)
{
        const char *path = invocation_value(invocation, "output");
        _cleanup_error_ struct error error = {0};
        _cleanup_swarm_ struct swarm swarm = {0};
        _cleanup_engine_ struct engine *engine = NULL;

        if (!path) {
                error_set(&error, ERROR_USAGE, "say where to write the snapshot: headroom survey -o FILE");
                return invocation_fail(invocation, &error);
        }
        if (output_check(path, &error) < 0 || invocation_open_engine(invocation, &engine, &error) < 0 ||
            survey(engine, "*", &swarm, &error) < 0 || snapshot_write(&swarm, path, &error) < 0)
                return invocation_fail(invocation, &error);
        _cleanup_free_ char *file = text_shell_word(path);
        printf("%s: %zu networks, %zu services, %zu tasks; look at it with `headroom --from %s`\n", path,
               swarm.networks.count, swarm.services.count, swarm.tasks.count, file);
        return 0;
}
