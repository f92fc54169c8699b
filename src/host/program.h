#pragma once

/*
 * Another program, run to its end: no shell, input from memory, output into memory, both bounded, and a time
 * limit after which it is killed with everything it started. What it leaves running in the background after
 * its own end is not waited for.
 */

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct program {
        const char *const
                *arguments; /* ends with NULL; the first is looked up in PATH unless it has a slash */
        const void *input;  /* what it reads on stdin; NULL: nothing */
        size_t input_length;
        size_t output_bytes_max; /* kept of stdout and of stderr, each: what comes after is read and dropped
                                  */
        int64_t timeout_ms;
        bool terminal; /* it may talk to the person: stderr and the terminal stay its own, and only itself is
                          killed at the limit */
};

struct program_result {
        int status; /* exit status; 128 and the signal's number when a signal ended it */
        bool cut;   /* it wrote more than was kept */
        struct buffer output;
        struct buffer errors; /* stderr; empty when it had the terminal */
};

void program_result_done(struct program_result *result);
#define _cleanup_program_result_ _cleanup_(program_result_done)

/*
 * ERROR_NOT_FOUND when there is no such program, ERROR_TIMEOUT when the limit came first. That it ended with
 * a status other than 0 is no error of this call.
 */
int program_run(const struct program *program, struct program_result *ret_result, struct error *error);

/*
 * What it said, to be quoted in a sentence: its lines in one, the last few hundred bytes of them, nothing
 * that could move a terminal's cursor. NULL when it said nothing. Owned by the caller.
 */
char *program_words(const struct buffer *output);
