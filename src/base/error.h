#pragma once

/*
 * The error contract.
 *
 * A function that can fail returns 0 on success and -1 on failure, and takes a `struct error *` as its last
 * parameter, which it fills on failure only. Results come back through `ret_x` parameters, written on success
 * only. An error is a kind (what the caller may do about it), a sentence (what the user reads) and a trail
 * (what was being done, innermost first). Library code never prints and never exits; the program does.
 * Running out of memory aborts (see text.h).
 *
 * A caller that handles a failure itself calls error_done() and goes on; one that passes it up may add to the
 * trail with error_while(). Passing NULL for the error is allowed where only success matters.
 */

#include "base/cleanup.h"

enum error_kind {
        ERROR_NONE = 0,
        ERROR_FAILED,      /* it was tried and did not work */
        ERROR_REFUSED,     /* it was not tried, for the reason given; nothing was changed */
        ERROR_USAGE,       /* the command's words or a file's contents are not understood */
        ERROR_UNREACHABLE, /* no connection to the engine */
        ERROR_PERMISSION,  /* the operating system or the engine says no */
        ERROR_TIMEOUT,     /* a bounded wait ran out; the outcome is unknown */
        ERROR_PROTOCOL,    /* the other side sent what it should not */
        ERROR_NOT_FOUND,   /* the engine does not know the object */
        ERROR_CONFLICT,    /* the object is in the way, in use, or has changed in between */
        ERROR_ENGINE,      /* any other refusal by the engine, in its own words */
};

/* Owns both strings. All zero is the null value. */
struct error {
        enum error_kind kind;
        char *sentence;
        char *trail; /* NULL, or "while X, while Y" */
};

void error_done(struct error *error);
#define _cleanup_error_ _cleanup_(error_done)

/* Both return -1, so that `return error_set(...)` reads as one step. error_set replaces what was there. */
int error_set(struct error *error, enum error_kind kind, const char *format, ...) _printf_(3, 4);
int error_while(struct error *error, const char *format, ...) _printf_(2, 3);

/* Hands `from` on to `to` (which may be NULL) and empties it. Returns -1. */
int error_move(struct error *to, struct error *from);

/* The documented exit code of a command that changes things: 1 failed, 2 refused, 3 usage. */
int error_exit_code(const struct error *error);
