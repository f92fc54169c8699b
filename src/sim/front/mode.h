#pragma once

/*
 * The modes of headroom-sim: a table entry each, from which come dispatch, --help and the manual page. The
 * first word of the command line that is the first option of a mode picks it. A mode is one file that defines
 * its entry; main.c lists it.
 */

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

#define MODE_OPTIONS_MAX 24

struct mode_option {
        const char *name;     /* without dashes */
        const char *argument; /* placeholder of the value in help: "FILE"; NULL for a flag */
        const char *help;     /* one line, no full stop */
        const char *needed;   /* what is missing without it, for the refusal; NULL: it may be left out */
};

struct mode {
        const char *usage;                 /* "--scenario FILE --socket PATH [--speed N]" */
        const char *summary;               /* one line */
        const char *description;           /* paragraphs divided by \n\n; one that begins with a blank is an
                                              example, shown as it is */
        const struct mode_option *options; /* ends with a NULL name; the first picks the mode */
        int (*run)(int argc, char **argv); /* the whole command line; returns the exit code */
};

extern const struct mode mode_serve;
extern const struct mode mode_what_if;
extern const struct mode mode_schedules;
extern const struct mode mode_schedule;

extern const struct mode *const modes[]; /* ends with NULL */

/*
 * The words of a command line by the place of their option in the mode's table: the value, "" for a flag,
 * NULL for what was not given. "--name VALUE" and "--name=VALUE" are the same. ERROR_USAGE for what is no
 * option, given twice, without its value, or missing.
 */
int mode_read(const struct mode *mode, int argc, char **argv, const char *ret_values[MODE_OPTIONS_MAX],
              struct error *error);

/* A whole number as an option's value, within bounds. */
int mode_number(const char *option, const char *value, uint64_t min, uint64_t max, uint64_t *ret_number,
                struct error *error);

/* "headroom-sim: SENTENCE" and the trail on stderr; returns the exit code (0 done, 1 failed, 2 refused, 3
 * usage). */
int mode_fail(const struct error *error);
int mode_fail_usage(const struct error *error); /* with where help is: the command's words are wrong */

/* help.c, on stdout */
void help_modes(void);
void help_manual(void); /* headroom-sim(8), as scdoc reads it */
