#pragma once

/*
 * The bench: a schedule is run in virtual time, headroom's own code against a simulated swarm in one process,
 * and what must hold is looked at after every call and at every moment at which something happens.
 */

#include "base/clock.h"
#include "base/random.h"
#include "move/run.h"
#include "sim/bench/schedule.h"
#include "sim/sim.h"

#include <stdio.h>

/* What became of a schedule. */
struct outcome {
        char *invariant; /* the one that did not hold, NULL: all did; owned, as the others are */
        char *expected;
        char *found;
        char *refusal; /* no plan was made, and this is why; NULL: one was */
        uint64_t calls, runs;
        uint64_t idle_faults; /* that never struck */
        int64_t took_ms;      /* of virtual time */
};

void outcome_done(struct outcome *outcome);
#define _cleanup_outcome_ _cleanup_(outcome_done)

/* The calls of a run, as "METHOD PATH" with a star for what names one object. */
struct call_list {
        LIST(char *) items;
};
void call_list_done(struct call_list *calls);

/*
 * Runs the schedule. `state` is a folder for headroom's records, best in memory; `trace` and `calls`
 * may be NULL. A swarm that headroom rightly refuses to plan for is no fault: the outcome then has no runs.
 */
void bench_run(const struct schedule *schedule, const char *state, FILE *trace, struct call_list *calls,
               struct outcome *ret_outcome);

/* The swarm of a schedule, settled. ERROR_USAGE: its scenario makes none. */
int bench_swarm_open(const struct schedule *schedule, struct sim **ret_sim, struct error *error);

/* What became of it, in words; `schedule` (may be NULL) is said as a file. */
void outcome_tell(const struct schedule *schedule, const struct outcome *outcome, FILE *to);

/* From here on for the files of this room only. */

/* A service that must not be lost, and how it has to be. */
struct kept {
        char *name;
        char *spec;   /* with "@" in place of NET's ID */
        char *former; /* before somebody changed it last; NULL: nobody did */
        char *loose;  /* `spec` without its update settings */
        char *seen;   /* the bytes that were looked at last */
        size_t seen_length;
        size_t running;  /* how many tasks ran */
        size_t let_end;  /* how many of them what went wrong may have ended for good */
        bool moved;      /* it is on NET */
        bool one_writer; /* no two of its containers may run */
        bool gone;       /* somebody removed it */
        bool unseen;     /* somebody changed it, and nobody told headroom that this is right */
        bool broken;     /* its new tasks could not come up, at some time */
        bool shaken;     /* what went wrong took it out of reach, and not headroom */
};

/* An edge and a service behind it that has to be in its reach all the time. */
struct tie {
        size_t edge, service; /* in `kept` */
        bool in_the_way;      /* when it was whole last, too few addresses came before a live connection's */
        bool given_up;        /* for want of room on the way back, and not whole again since */
};

struct kept_container {
        char *name;
        char *address;   /* as it was asked for, NULL: none */
        char *aliases;   /* raw */
        size_t networks; /* on how many it is */
};

struct watch {
        LIST(struct kept) services;
        LIST(struct tie) ties;
        LIST(struct kept_container) containers;
        LIST(char *) networks; /* names, sorted */
        LIST(char *) others;   /* IDs of the overlays that are not moved */
        char *traits;          /* what NET is but for its ID and subnet, raw */
        char *subnet;
        char *id;
        uint64_t leaked;
        uint64_t looks;
};

/* The file from which the host deploys NET. */
struct host_file {
        bool stands;    /* the schedule has one */
        size_t edits;   /* how often somebody edited it */
        bool touched;   /* somebody did since it was planned */
        char *planned;  /* its bytes then */
        char *at_death; /* its bytes when headroom was killed; NULL: it lives */
};

/* A fault of the world that goes on. */
struct ongoing {
        const struct fault *fault;
        int64_t until_ms; /* INT64_MAX: until the operator mends it */
};

#define SPARE_ADDRESSES_MIN 2 /* docs/schedules.md */

struct bench {
        struct engine engine; /* what headroom asks */
        struct sim *sim;
        struct engine *inner; /* what answers */
        struct clock_source clock;
        const struct schedule *schedule;
        const char *state;
        FILE *trace;
        struct call_list *list;      /* NULL: nobody wants it */
        struct random_stream random; /* of identities */

        uint64_t calls, runs;
        uint64_t marks; /* how often somebody has changed a service, so that no two changes are the same */
        LIST(uint64_t) seen; /* by fault: how many calls of its kind there were */
        LIST(bool) struck;   /* by fault: it has struck */
        LIST(struct ongoing) ongoing;
        bool disturbed;      /* addresses may have gone to others than those who had them */
        uint64_t clashes;    /* tasks that had failed at a live connection's address when this run began */
        int64_t spare;       /* addresses of NET that nobody needs, as it was planned */
        char *foreign_id;    /* of a network that somebody made in the way */
        bool foreign_stands; /* it has its pool */
        uint64_t runs_since; /* runs that ended since anything went wrong */
        uint64_t calls_since;
        bool read_only; /* while a plan is made */
        bool adopts;    /* while a run takes what somebody changed as it is */

        bool dead; /* headroom was killed: nothing that it still does counts */
        int64_t dead_ms;
        char *journal;         /* of the run under way; NULL: none */
        int64_t journal_bytes; /* how long it was then; -1: not there */

        struct watch watch;
        struct host_file file;
        struct outcome outcome;
};

/* inject.c */
int bench_open(struct bench *bench, const struct schedule *schedule, const char *state, FILE *trace,
               struct error *error);
void bench_close(struct bench *bench);
void bench_wait(struct bench *bench, int64_t ms); /* the world goes on, and is watched */

/* Nothing is due for so long: the swarm is at rest. What a schedule may have comes to that in the most. */
#define BENCH_REST_MS     (3600LL * 1000)
#define BENCH_REST_MAX_MS (4 * BENCH_REST_MS)
bool bench_is_at_rest(const struct bench *bench);
bool bench_is_undisturbed(const struct bench *bench); /* no fault has struck so far */
/* The world goes on to what happens next; false: it is at rest, or has not come to that by the end. */
bool bench_go_on(struct bench *bench, int64_t end_ms);

/* Whether there is no way back to NET as it was: what has come to it needs all of its addresses. */
static inline bool bench_is_full(const struct bench *bench)
{
        return bench->spare < SPARE_ADDRESSES_MIN;
}

/* host_file.c: what the host deploys NET from, and what headroom writes beside it */
void host_file_open(struct bench *bench); /* when the watch has begun */
void host_file_close(struct bench *bench);
void host_file_plan(struct bench *bench, struct plan *plan); /* the plan is to patch it */
void host_file_edit(struct bench *bench);                    /* somebody adds a line */
/* The operator does by hand what a run's sentence asks for; false: it asks for nothing there. */
bool host_file_mend(struct bench *bench, const struct plan *plan, enum goal goal, const char *sentence);
void host_file_die(struct bench *bench);
void host_file_bury(struct bench *bench); /* it is again as it was when headroom died */
void host_file_look(struct bench *bench, const struct plan *plan, enum goal goal);
void records_look(struct bench *bench);

/* mishap.c: what goes wrong in the world */
#define MISHAP_SERVICE   "late" /* what somebody deploys, or starts, is called */
#define MISHAP_CONTAINER "visitor"
void mishap_strike(struct bench *bench, const struct fault *fault);
void mishap_force(struct bench *bench,
                  const char *service); /* the operator has it start all its tasks anew */
void mishap_touch(struct bench *bench, const char *service); /* somebody posts its spec as it is */
void mishap_lift_due(struct bench *bench);
int64_t mishap_next_ms(const struct bench *bench);
bool mishap_mend(struct bench *bench);    /* the operator does; false: there was nothing to mend */
void mishap_outlast(struct bench *bench); /* ... and what ends by itself is let pass */
/* A change of the swarm by somebody else: 2xx or a reason why not, in the trace. */
bool bench_ask(struct bench *bench, const char *method, const char *path, const char *body,
               struct buffer *ret_answer);

/* watch.c: what must hold all the time */
void watch_begin(struct bench *bench);
void watch_networks(struct bench *bench, struct watch *ret_watch); /* the networks as they are */
void watch_plan(struct bench *bench, const struct plan *plan);
void watch_update(struct bench *bench, const char *service); /* headroom has changed it */
void watch_forgive(struct bench *bench);                     /* what somebody changed so far is in the plan */
void watch_look(struct bench *bench);
void watch_done(struct watch *watch);
struct kept *watch_find(struct watch *watch, const char *name);
struct kept *watch_add(struct bench *bench, const char *name); /* one that somebody has just made */
void watch_relearn(struct bench *bench, struct kept *kept);    /* somebody changed its spec */
void watch_container(struct bench *bench, const char *name);
/* The spec as it stands, with the IDs of networks that come and go as "@"; owned. */
char *watch_form(const struct bench *bench, const char *spec, bool loose);

void watch_compare(struct bench *bench, const char *name, const char *expected, const char *found);

/* verdict.c: what must hold when a run says that it is done */
void verdict_look(struct bench *bench, const struct plan *plan, enum goal goal);

/* What does not hold; the first one counts, and headroom is stopped. Takes both texts. */
void bench_fault(struct bench *bench, const char *invariant, char *expected, char *found);
static inline bool bench_is_over(const struct bench *bench)
{
        return bench->outcome.invariant != NULL;
}
void bench_tell(const struct bench *bench, const char *format, ...) _printf_(2, 3);
