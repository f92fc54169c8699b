#pragma once

/*
 * The files of a command and the keeper that writes them. Inside host/ only.
 *
 * NAME.begun: "ID KEEPER-PID SHELL-PID SHELL-START BOOT-ID". NAME.ended: "ID exited|signalled|timed-out
 * NUMBER", padded with blanks. The ID ties the two together: an end of an earlier run says nothing.
 */

#include "base/error.h"
#include "base/text.h"

#include <sys/types.h>

#define COMMAND_ID_LENGTH   16
#define COMMAND_BEGUN_MAX   256
#define COMMAND_ENDED_BYTES 64

struct command_files {
        char *folder;
        char *begun, *output, *ended;
};

void command_files_of(const char *folder, const char *name, struct command_files *ret_files);
void command_files_done(struct command_files *files);
#define _cleanup_command_files_ _cleanup_(command_files_done)

/* What tells a process from a later one with its number. */
struct command_process {
        uint64_t pid;
        uint64_t start; /* in clock ticks since the boot: field 22 of proc(5)'s stat */
        char boot[37];  /* /proc/sys/kernel/random/boot_id */
};

/* False when there is none, or it has ended and is kept by the kernel for its parent only. */
bool command_process_of(pid_t pid, struct command_process *ret_process);

/* "exited", "signalled", "timed-out", by enum command_end. */
extern const char *const command_end_names[];
#define COMMAND_ENDS 3

/* The last lines that are not blank at the end, fit for a terminal; owned by the caller. */
char *command_last_lines(const char *bytes, size_t length, unsigned lines);

/* What the keeper tells its starter, in one write. */
struct command_report {
        enum error_kind kind; /* ERROR_NONE: the intent is on the disk, and the command begins */
        char sentence[512];
};

/* Becomes the keeper: never returns. `report` is the descriptor that a struct command_report is written to.
 */
_Noreturn void command_keep(const struct command_files *files, const char *command, int64_t timeout_ms,
                            int report);
