#pragma once

/*
 * Running a move: the list of steps, each looked at, acted on and waited for, with a journal on this host for
 * people and for the next run. What decides is always the swarm; the journal decides nothing.
 */

#include "move/check.h"

/* What a run tells while it goes on; the texts are borrowed for the call. */
struct run_observer {
        /* Before the first step number and total are 0, and the title is what is waited for. */
        void (*waiting)(void *userdata, size_t number, size_t total, const char *title,
                        const char *waiting_for);
        void (*settled)(void *userdata, size_t number, size_t total, const char *title, bool acted);
        void (*note)(void *userdata, const char *text);
        void (*checked)(void *userdata, enum check_phase phase, const struct check_points *points);
        void *userdata;
};

/* What to do about an operator's command that was begun by an earlier run and whose end nobody saw. */
enum run_unfinished {
        UNFINISHED_ASK,
        UNFINISHED_AGAIN,
        UNFINISHED_DONE,
};

struct run_options {
        enum goal goal;
        bool adopt;     /* take changes that somebody else made since as they are */
        bool take_over; /* go on with a move that another host holds */
        bool busy;      /* go on although the host is at work */
        enum run_unfinished unfinished;
        const char *state;                   /* folder for locks and journals */
        const char *places;                  /* options that lead a next command there; NULL: none */
        const char *log;                     /* the engine's log as a file; NULL: the journal's */
        struct units *units;                 /* borrowed; NULL: the system bus is asked when it is needed */
        bool (*interrupted)(void *userdata); /* asked between looks; NULL: never */
};

/*
 * Runs or resumes the plan towards the goal. Before the first change every fact of the plan is compared with
 * the swarm: ERROR_REFUSED names those that moved, and nothing has been changed then. Later failures leave
 * everything where it is, in a state from which the same call goes on; the sentence says so. *ret_changed
 * tells whether anything was acted on. A plan may be changed by adopting.
 */
int plan_run(struct engine *engine, struct plan *plan, const struct run_options *options,
             const struct run_observer *observer, bool *ret_changed, struct error *error);

/*
 * Puts what an earlier run of the plan has adopted, and kept in the plan's folder of records, in the plan's
 * place; the plan stays where no run did.
 */
int plan_take_adopted(const char *folder, struct plan *plan, struct error *error);

/* "headroom apply --host H --recover NET", for a sentence. `places` is as in run_options. Owned by the
 * caller.
 */
char *recover_command(const char *places, bool undo, const char *network);

/* The plan that an unfinished move of NET left in its hop network: ERROR_NOT_FOUND when there is none. */
int plan_recover(struct engine *engine, const char *network, struct plan *ret_plan, struct error *error);
