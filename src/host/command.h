#pragma once

/*
 * An operator's command, run so that the death of headroom does not lose its result.
 *
 * A keeper process, in a session of its own and without anything of headroom's open, runs the command and
 * notes how it ended. Three files in a folder of the caller's tell of it, and nothing else does:
 *
 *   NAME.begun   on the disk before the command begins, and locked (flock) by the keeper as long as it lives
 *   NAME.output  what the command wrote, as long as that may be; readable by its owner only
 *   NAME.ended   on the disk when the command has ended; its room is taken beforehand, so that a command that
 *                fills the disk does not lose its own result
 *
 * NAME.begun comes into being whole, locked and only once, so two starts at the same moment run the command
 * once. Neither file holds the command's text. The lock is not inherited: what a command leaves behind (a
 * daemon) does not keep it running. A power cut between the files is COMMAND_LOST: it can't be told what the
 * command did.
 */

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define COMMAND_NAME_MAX    64
#define COMMAND_START_MS    30000 /* until the keeper has its files on the disk */
#define COMMAND_SIGNAL_BASE 128   /* command_ask's status of signal 0 */
#define COMMAND_TAIL_LINES  10
#define COMMAND_TAIL_BYTES  4096

enum command_state {
        COMMAND_NEVER,   /* not begun, or forgotten since */
        COMMAND_RUNNING, /* its keeper lives, or its shell does (then its result will be lost) */
        COMMAND_ENDED,
        COMMAND_LOST, /* begun, not running, and nobody saw its end */
};

enum command_end {
        COMMAND_EXITED,    /* `status` is its exit status; 127 also when there is no /bin/sh */
        COMMAND_SIGNALLED, /* `status` is the signal */
        COMMAND_TIMED_OUT, /* it was stopped after its time, its whole process group with it */
};

struct command_result {
        enum command_state state;
        enum command_end end; /* of COMMAND_ENDED */
        int status;
        char *tail; /* the last lines of its output, fit for a terminal; NULL for COMMAND_NEVER */
};

void command_result_done(struct command_result *result);
#define _cleanup_command_result_ _cleanup_(command_result_done)

static inline bool command_worked(const struct command_result *result)
{
        return result->state == COMMAND_ENDED && result->end == COMMAND_EXITED && result->status == 0;
}

/* "ended with status 3", "was ended by signal 9 (Killed)", ...; owned by the caller. */
char *command_describe(const struct command_result *result);

/*
 * Returns when the command is on its way. The folder must exist; the name is of letters, digits, "-", "_" and
 * ".". It runs as `/bin/sh -c COMMAND` in "/" with this process's environment. ERROR_CONFLICT: it was begun
 * before and not forgotten. With any other error but ERROR_TIMEOUT it was not run.
 */
int command_start(const char *folder, const char *name, const char *command, int64_t timeout_ms,
                  struct error *error);

int command_look(const char *folder, const char *name, struct command_result *ret_result,
                 struct error *error);

/* Removes the files, so that it can be run again: ERROR_CONFLICT while it runs. */
int command_forget(const char *folder, const char *name, struct error *error);

/*
 * Runs a command to its end now; ERROR_TIMEOUT when it had to be stopped. The status of a signal is
 * COMMAND_SIGNAL_BASE and its number, as in a shell. *ret_last_line (may be NULL) is the last line it wrote
 * that is not blank, fit for a terminal, "" when there is none; owned by the caller.
 */
int command_ask(const char *command, int64_t timeout_ms, int *ret_status, char **ret_last_line,
                struct error *error);
