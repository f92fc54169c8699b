#include "sim/front/mode.h"

#include "base/text.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>

static const struct mode_option *option_find(const struct mode *mode, const char *word, size_t length)
{
        for (const struct mode_option *option = mode->options; option->name; option++)
                if (strlen(option->name) == length && strncmp(option->name, word, length) == 0)
                        return option;
        return NULL;
}

/* One option and its value, which may be the next word. Moves *at on to the last word that was read. */
static int read_option(const struct mode *mode, int argc, char **argv, int *at,
                       const char *values[MODE_OPTIONS_MAX], struct error *error)
{
        const char *word = argv[*at];
        size_t length = strcspn(word, "=");
        const struct mode_option *option =
                text_starts_with(word, "--") ? option_find(mode, word + 2, length - 2) : NULL;

        if (!option)
                return error_set(error, ERROR_USAGE, "'%.*s' is no option of --%s", (int)length, word,
                                 mode->options->name);
        const char *value = word[length] ? word + length + 1 : NULL;
        if (!option->argument && value)
                return error_set(error, ERROR_USAGE, "--%s takes no value", option->name);
        if (option->argument && !value && *at + 1 < argc)
                value = argv[++*at];
        if (option->argument && text_empty(value))
                return error_set(error, ERROR_USAGE, "--%s needs a value: %s", option->name,
                                 option->argument);
        const char **place = &values[option - mode->options];
        if (*place)
                return error_set(error, ERROR_USAGE, "--%s is given twice", option->name);
        *place = value ? value : "";
        return 0;
}

int mode_read(const struct mode *mode, int argc, char **argv, const char *ret_values[MODE_OPTIONS_MAX],
              struct error *error)
{
        const char *values[MODE_OPTIONS_MAX] = {NULL};

        for (int at = 1; at < argc; at++)
                if (read_option(mode, argc, argv, &at, values, error) < 0)
                        return -1;
        for (size_t i = 0; mode->options[i].name; i++) {
                assert(i < MODE_OPTIONS_MAX);
                if (!values[i] && mode->options[i].needed)
                        return error_set(error, ERROR_USAGE, "--%s %s is missing: %s", mode->options[i].name,
                                         mode->options[i].argument, mode->options[i].needed);
        }
        memcpy(ret_values, values, sizeof(values));
        return 0;
}

int mode_number(const char *option, const char *value, uint64_t min, uint64_t max, uint64_t *ret_number,
                struct error *error)
{
        uint64_t number;

        if (!text_to_u64(value, &number) || number < min || number > max)
                return error_set(error, ERROR_USAGE, "--%s is a whole number from %llu to %llu, not '%s'",
                                 option, (unsigned long long)min, (unsigned long long)max, value);
        *ret_number = number;
        return 0;
}

int mode_fail(const struct error *error)
{
        fprintf(stderr, "headroom-sim: %s\n", error->sentence);
        if (error->trail)
                fprintf(stderr, "  %s\n", error->trail);
        return error_exit_code(error);
}

int mode_fail_usage(const struct error *error)
{
        int code = mode_fail(error);

        fprintf(stderr, "Try `headroom-sim --help`.\n");
        return code;
}
