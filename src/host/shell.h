#pragma once

/*
 * `/bin/sh -c COMMAND` in a process group of its own, from "/", with standard input from /dev/null. Time here
 * is the kernel's, whatever clock is in use: a process does not live in virtual time. Inside host/ only.
 */

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SHELL_GRACE_MS 10000 /* between asking it to end and killing it */

struct shell {
        pid_t pid;   /* also the group's */
        int process; /* pidfd */
        int gate;    /* the command begins when a byte is written here, and never when it is closed before */
};

/*
 * Forks; the command waits for shell_go. Output and errors go to the descriptor. With `bound` the shell is
 * asked to end when the thread that started it ends.
 */
int shell_start(const char *command, int output, bool bound, struct shell *ret_shell, struct error *error);
int shell_go(struct shell *shell); /* -1 with errno */

/* False when the time is over first. *ret_status is as of waitpid(2). */
bool shell_wait(struct shell *shell, int64_t timeout_ms, int *ret_status);

/* Asks the whole group to end, and kills what is left of it after the grace. */
void shell_stop(struct shell *shell);

int64_t shell_now_ms(void); /* monotonic */
void shell_done(struct shell *shell);
