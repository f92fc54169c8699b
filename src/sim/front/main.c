#include "sim/front/mode.h"

#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>

const struct mode *const modes[] = {&mode_serve, &mode_what_if, &mode_schedules, &mode_schedule, NULL};

/* "--scenario" and "--scenario=FILE" */
static bool is_option(const char *word, const char *name)
{
        size_t length = strlen(name);

        return text_starts_with(word, "--") && strncmp(word + 2, name, length) == 0 &&
               (word[2 + length] == 0 || word[2 + length] == '=');
}

static const struct mode *find_mode(int argc, char **argv)
{
        for (int i = 1; i < argc; i++)
                for (const struct mode *const *mode = modes; *mode; mode++)
                        if (is_option(argv[i], (*mode)->options->name))
                                return *mode;
        return NULL;
}

static int fail_no_mode(int argc, char **argv)
{
        _cleanup_error_ struct error error = {0};
        _cleanup_buffer_ struct buffer words = {0};

        for (const struct mode *const *mode = modes; *mode; mode++)
                buffer_format(&words, "%s--%s", mode == modes ? "" : ", ", (*mode)->options->name);
        if (argc > 1)
                error_set(&error, ERROR_USAGE, "'%s' does not say what is to be done: %s does", argv[1],
                          buffer_text(&words));
        else
                error_set(&error, ERROR_USAGE, "nothing says what is to be done: %s does",
                          buffer_text(&words));
        return mode_fail_usage(&error);
}

static int run(int argc, char **argv)
{
        const struct mode *mode = find_mode(argc, argv);

        for (int i = 1; i < argc; i++) {
                if (is_option(argv[i], "help") || text_equal(argv[i], "-h"))
                        return help_modes(), 0;
                if (is_option(argv[i], "man"))
                        return help_manual(), 0;
                if (is_option(argv[i], "version"))
                        return printf("headroom-sim %s\n", HEADROOM_VERSION), 0;
        }
        return mode ? mode->run(argc, argv) : fail_no_mode(argc, argv);
}

/* A disk that is full shows at the last flush at the earliest; output that is not whole is no success. */
static int finish_output(int code)
{
        bool lost = ferror(stdout);

        errno = 0;
        if (fclose(stdout) == 0 && !lost)
                return code;
        fprintf(stderr, "headroom-sim: the output could not be written%s%s\n", errno ? ": " : "",
                errno ? strerror(errno) : "");
        return code ? code : 1;
}

int main(int argc, char **argv)
{
        descriptors_keep();
        setlocale(LC_CTYPE, "");
        return finish_output(run(argc, argv));
}
