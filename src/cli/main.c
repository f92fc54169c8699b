#include "cli/help.h"
#include "cli/options.h"
#include "cli/terminal.h"

#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>

static int run(struct invocation *invocation, struct error *error)
{
        const char *colour = invocation_value(invocation, "color");

        if (colour && terminal_set_colour(colour) < 0)
                return error_set(error, ERROR_USAGE, "--color is auto, always or never, not '%s'", colour);
        if (invocation_flag(invocation, "help")) {
                if (*invocation->command->name)
                        help_command(invocation->command);
                else
                        help_overview(commands);
                return 0;
        }
        if (invocation_flag(invocation, "version")) {
                printf("headroom %s\n", HEADROOM_VERSION);
                return 0;
        }
        return invocation->command->run(invocation);
}

static int fail_usage(const struct invocation *invocation, const struct error *error)
{
        _cleanup_free_ char *usage = help_usage(invocation->command);
        _cleanup_free_ char *title = command_title(invocation->command);
        int code = invocation_fail(invocation, error);

        fprintf(stderr, "usage: %s\nTry `%s --help`.\n", usage, title);
        return code;
}

/* A disk that is full shows at the last flush at the earliest; a report that is not whole is no success. */
static int finish_output(const struct invocation *invocation, int code)
{
        _cleanup_error_ struct error error = {0};
        bool lost = ferror(stdout);

        errno = 0;
        if (fclose(stdout) != 0 || lost)
                error_set(&error, ERROR_FAILED, "the output could not be written%s%s", errno ? ": " : "",
                          errno ? strerror(errno) : "");
        return error.kind == ERROR_NONE ? code : invocation_fail(invocation, &error);
}

int main(int argc, char **argv)
{
        _cleanup_invocation_ struct invocation invocation = {0};
        _cleanup_error_ struct error error = {0};

        descriptors_keep();
        setlocale(LC_CTYPE, "");
        int code = invocation_parse(commands, argc, argv, &invocation, &error);
        if (code == 0)
                code = run(&invocation, &error);
        if (code < 0)
                code = fail_usage(&invocation, &error);
        return finish_output(&invocation, code);
}
