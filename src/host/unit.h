#pragma once

/*
 * systemd's units, asked and acted on over the system bus (org.freedesktop.systemd1(5)). This is the only
 * door to them; a test or the simulator puts its own operations in place and everything above runs unchanged.
 *
 * No call waits for a unit: unit_job asks for the job and returns, and the caller looks again until
 * unit_outcome has a verdict. systemd itself goes away from the bus for a moment when it re-executes (a
 * rebuild may do that): ERROR_TIMEOUT and ERROR_UNREACHABLE of a later look are worth asking again.
 */

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

#define UNITS_CONNECT_MS 5000
#define UNITS_LOOK_MS                                                                                        \
        10000 /* of one call, which is made again: a call during a re-execution gets no answer */
#define UNITS_JOB_MS  30000 /* systemd answers nobody while it reads its files again */
#define UNIT_NAME_MAX 255   /* systemd's own bound, in bytes */

enum unit_action {
        UNIT_START,
        UNIT_STOP,
        UNIT_RESTART, /* starts one that does not run */
};

struct unit_texts {
        LIST(char *) items;
};

/* What systemd says of one unit, all at one moment. All zero is the null value; texts may be NULL. */
struct unit_state {
        char *name;         /* as it was asked for, with its suffix */
        char *id;           /* its first name, by which others' lists know it; `name` may be an alias */
        char *load_state;   /* "loaded", "not-found", "masked", "bad-setting", "error" */
        char *active_state; /* "active", "activating", "deactivating", "inactive", "failed", "reloading" */
        char *sub_state;    /* "exited", "running", "start", "dead", ... */
        char *result;       /* "success", "exit-code", "timeout", ...: of the last run, kept until the next */
        char *type;         /* "oneshot", "simple", ...; NULL for what is no service */
        char *fragment_path; /* its file; "" when there is none */
        char *invocation_id; /* 32 hex digits, new with each start; "" when it never ran or was forgotten */
        bool remain_after_exit;
        bool need_daemon_reload; /* its file was changed since systemd read it */
        bool conditions_unmet;   /* when it was last to start, a condition or assertion kept it from it */
        bool job;                /* a job for it is queued or runs */
        bool job_waits;          /* ... and has not begun: it waits for other units' jobs */
        int32_t exit_code;       /* CLD_EXITED, CLD_KILLED or CLD_DUMPED of the last main process; 0: none */
        int32_t exit_status;     /* its exit status or signal */
        struct unit_texts after;
        struct unit_texts before;
        struct unit_texts requires; /* Requires, Requisite, BindsTo and Wants together */
        struct unit_texts commands; /* of a start: ExecCondition to ExecStartPost, arguments joined by blanks;
                                       may hold secrets */
};

void unit_state_done(struct unit_state *state);
#define _cleanup_unit_state_ _cleanup_(unit_state_done)

struct units;

struct units_operations {
        /* look and job get names that unit_name has passed. */
        int (*look)(struct units *units, const char *name, struct unit_state *ret_state, struct error *error);
        int (*job)(struct units *units, const char *name, enum unit_action action, uint32_t *ret_job,
                   struct error *error);
        int (*reload)(struct units *units, struct error *error);
        void (*free)(struct units *units);
};

/* The head of every implementation. */
struct units {
        const struct units_operations *operations;
};

/* Connects to the system bus: ERROR_UNREACHABLE when there is none, ERROR_TIMEOUT when it does not answer. */
int units_open(struct units **ret_units, struct error *error);
struct units *units_free(struct units *units); /* returns NULL */
static inline void units_cleanup(struct units **units)
{
        units_free(*units);
}
#define _cleanup_units_ _cleanup_(units_cleanup)

/* The name with ".service" added unless it has a suffix that systemd knows; ERROR_USAGE when it can't be one.
 */
int unit_name(const char *name, char **ret_name, struct error *error);

/* A unit that does not exist is no error: its load_state is "not-found". */
int unit_look(struct units *units, const char *name, struct unit_state *ret_state, struct error *error);

/*
 * Queues a job in mode "replace" and returns at once, with its number (`ret_job` may be NULL).
 * ERROR_NOT_FOUND: no such unit; ERROR_REFUSED: masked, its file can't be read, or it may not be started by
 * hand; ERROR_PERMISSION; ERROR_TIMEOUT: whether the job was queued shows in the next look.
 */
int unit_job(struct units *units, const char *name, enum unit_action action, uint32_t *ret_job,
             struct error *error);

/*
 * Has systemd read the files of all units again (daemon-reload), and waits until it has. A unit whose state
 * says need_daemon_reload would be started as its file was before. ERROR_TIMEOUT: it may still be at it.
 */
int unit_reload(struct units *units, struct error *error);

enum unit_outcome {
        UNIT_WAITS,     /* its job is queued or its commands run */
        UNIT_WORKED,    /* it was started since, and runs or has ended well */
        UNIT_FAILED,    /* it was started since, and failed or was stopped */
        UNIT_UNTOUCHED, /* it was not started since: not asked, taken back, or a dependency failed */
};

/*
 * How a start or restart came out that was asked for when the unit's invocation ID was `before`. The sentence
 * (owned by the caller) says so without the unit's name: "failed: its command ended with status 3". A unit
 * that runs once, remains not, and that nothing refers to is forgotten by systemd when it ends, and then
 * looks untouched to all but the process that asked for its job.
 */
enum unit_outcome unit_outcome(const struct unit_state *now, const char *before, char **ret_sentence);
