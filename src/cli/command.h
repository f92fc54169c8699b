#pragma once

/*
 * The command table: one entry a command, from which come dispatch, `--help`, the man page and completion.
 * A command gets its words already parsed, does its work through the rooms below, and returns the exit code.
 */

#include "base/error.h"
#include "engine/engine.h"
#include "settings/settings.h"
#include "swarm/swarm.h"

#include <stdbool.h>
#include <stddef.h>

enum option_kind {
        OPTION_FLAG,  /* --exact */
        OPTION_VALUE, /* --size 16, --size=16 */
};

struct option_spec {
        const char *name; /* without dashes */
        char letter;      /* 0 when there is none */
        enum option_kind kind;
        const char *argument; /* placeholder of the value in help: "FILE" */
        const char *help;     /* one line, no full stop */
};

#define OPTION_STATE                                                                                         \
        {                                                                                                    \
                "state", 0, OPTION_VALUE, "FOLDER",                                                          \
                        "where locks and journals are kept (else HEADROOM_STATE, else `state` of the "       \
                        "configuration)"                                                                     \
        }

#define INVOCATION_WORDS_MAX 16

/* A command line that has been understood. Borrowed strings. */
struct invocation {
        const struct command *command;
        const char *words[INVOCATION_WORDS_MAX]; /* what is no option, the command's name left out */
        size_t word_count;
        const struct option_value {
                const struct option_spec *spec;
                const char *value; /* NULL for a flag */
        } * options;
        size_t option_count;
};

const char *invocation_value(const struct invocation *invocation,
                             const char *option); /* the last given; NULL when absent */
bool invocation_flag(const struct invocation *invocation, const char *option);

/* "--state /var/lib/x ": the options that say where engine, settings and records are, for a command that goes
 * on there; "" when there are none. Owned by the caller. */
char *invocation_places(const struct invocation *invocation);

struct command {
        const char *name;        /* "" is the command that runs when none is named */
        const char *arguments;   /* "NET --size BITS -o FILE" */
        const char *summary;     /* one line */
        const char *description; /* prose for --help and the man page; paragraphs divided by \n\n; one
                                  that begins with a blank is an example, shown as it is */
        const struct option_spec
                *options; /* ends with a NULL name; the common options are added to every command */
        size_t words_min, words_max;
        int (*run)(const struct invocation *invocation);
        const char *other_exit; /* a further exit code, such as "4 drift"; NULL: none */
        bool no_table; /* it prints none: --format is refused, so that nothing unformatted is taken for it */
        bool monitoring; /* exit codes 0 fine, 1 warning, 2 critical, 3 unknown; else 0 done, 1 failed, 2
                            refused, 3 usage */
};

/* Common options: --host -H, --context -c, --config, --format, --no-header (NH), --color WHEN, --help -h,
 * --version. */

/* Ends with a NULL name. */
extern const struct command commands[];

/* The engine that --host, --context and the environment name, opened. */
int invocation_open_engine(const struct invocation *invocation, struct engine **ret_engine,
                           struct error *error);

/* The snapshot of --from, which goes with neither --host nor --context. */
int invocation_read_snapshot(const struct invocation *invocation, struct swarm *ret_swarm,
                             struct error *error);

/*
 * Refuses a comma-separated list in which something is missing: an unset variable of a script shall not pass
 * for a wish. `what` says what it holds: "names of services". An option that is not given is fine.
 */
int invocation_check_list(const struct invocation *invocation, const char *option, const char *what,
                          struct error *error);

/* Refuses "-", under which the command would write a file of that name. */
int output_check(const char *path, struct error *error);

/* The settings of the file that --config names, else HEADROOM_CONFIG, else /etc/headroom/headroom.yaml. */
int invocation_settings(const struct invocation *invocation, struct settings *ret_settings,
                        struct error *error);

/* "headroom: SENTENCE" and the trail on stderr; returns the exit code of the error for this command. */
int invocation_fail(const struct invocation *invocation, const struct error *error);
