#include "cli/command.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/terminal.h"

#include "base/buffer.h"
#include "base/text.h"

#include <stdio.h>

#define EXIT_UNKNOWN 3 /* of monitoring commands: the state could not be learnt */

char *invocation_places(const struct invocation *invocation)
{
        static const char *const names[] = {"host", "context", "config", "state", "log"};
        struct buffer out = {0};

        buffer_add_text(&out, "");
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                const char *value = invocation_value(invocation, names[i]);
                _cleanup_free_ char *word = value ? text_shell_word(value) : NULL;
                if (word)
                        buffer_format(&out, "--%s %s ", names[i], word);
        }
        return buffer_steal(&out);
}

int invocation_open_engine(const struct invocation *invocation, struct engine **ret_engine,
                           struct error *error)
{
        _cleanup_(engine_address_done) struct engine_address address = {0};

        if (engine_address_resolve(invocation_value(invocation, "host"),
                                   invocation_value(invocation, "context"), &address, error) < 0)
                return -1;
        return engine_open(&address, ret_engine, error);
}

int invocation_read_snapshot(const struct invocation *invocation, struct swarm *ret_swarm,
                             struct error *error)
{
        static const char *const engines[] = {"host", "context"};

        for (size_t i = 0; i < ELEMENTS(engines); i++)
                if (invocation_value(invocation, engines[i]))
                        return error_set(
                                error, ERROR_USAGE,
                                "--from reads a snapshot and asks no engine: leave out either it or --%s",
                                engines[i]);
        return snapshot_read(invocation_value(invocation, "from"), ret_swarm, error);
}

int invocation_check_list(const struct invocation *invocation, const char *option, const char *what,
                          struct error *error)
{
        const char *list = invocation_value(invocation, option);

        if (!list)
                return 0;
        if (!*list)
                return error_set(error, ERROR_USAGE, "--%s takes %s, and none is given", option, what);
        for (const char *at = list;; at++) {
                size_t length = strcspn(at, ",");
                if (strspn(at, " \t") >= length)
                        return error_set(error, ERROR_USAGE,
                                         "--%s takes %s, and in '%s' one is missing beside a comma", option,
                                         what, list);
                at += length;
                if (!*at)
                        return 0;
        }
}

int output_check(const char *path, struct error *error)
{
        if (!text_equal(path, "-"))
                return 0;
        return error_set(
                error, ERROR_USAGE,
                "-o takes a file, not -: what the command says goes to stdout (./- is a file of that name)");
}

int invocation_settings(const struct invocation *invocation, struct settings *ret_settings,
                        struct error *error)
{
        return settings_load(invocation_value(invocation, "config"), ret_settings, error);
}

int invocation_fail(const struct invocation *invocation, const struct error *error)
{
        /* Engines and files have a say in these words: no escape sequence of theirs may reach the terminal.
         */
        _cleanup_free_ char *sentence =
                terminal_printable(error->sentence ? error->sentence : "unknown failure");

        progress_clear();
        fprintf(stderr, "headroom: %s\n", sentence);
        if (error->trail) {
                _cleanup_free_ char *trail = terminal_printable(error->trail);
                fprintf(stderr, "%s  %s%s\n", terminal_colour(STDERR_FILENO, COLOUR_FAINT), trail,
                        terminal_plain(STDERR_FILENO));
        }
        return invocation->command && invocation->command->monitoring ? EXIT_UNKNOWN : error_exit_code(error);
}
