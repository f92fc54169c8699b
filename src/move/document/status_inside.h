#pragma once

/* What the files of the status page share: inside move/status*.c only. */

#include "base/buffer.h"
#include "move/document/status.h"

/* A check as it was noted. */
struct status_check {
        enum goal goal;
        enum check_phase phase;
        bool reviews; /* the judgement of reviews; goal and phase say nothing then */
        int64_t time_ms;
        struct check_points points;
};

struct status_checks {
        LIST(struct status_check) items; /* the oldest first */
};

void status_checks_done(struct status_checks *checks);
#define _cleanup_status_checks_ _cleanup_(status_checks_done)

/* Whatever is noted and can be read. */
void status_checks_read(const char *state, const struct plan *plan, struct status_checks *ret_checks);

enum run_state {
        RUN_NONE,
        RUN_UNDER_WAY,
        RUN_STOPPED,
        RUN_FINISHED,
};

/* When a step was last begun and done in the run that is told of; -1: it was not. */
struct step_times {
        int64_t begun_ms;
        int64_t done_ms;
};

struct run_event {
        int64_t time_ms;
        char *text; /* the journal's words */
};

/* What the journal says of the last run, and of those it took up. */
struct run_story {
        enum run_state state;
        enum goal goal;
        int64_t started_ms;
        int64_t ended_ms; /* of RUN_STOPPED and RUN_FINISHED */
        struct steps steps;
        LIST(struct step_times) times; /* one a step */
        LIST(struct run_event) events; /* all that is no step, of all runs */
        size_t at;                     /* the step that was read last */
        char *unknown;                 /* why the journal could not be read; NULL: it was, or there is none */
};

void run_story_done(struct run_story *story);
#define _cleanup_run_story_ _cleanup_(run_story_done)

void run_story_read(const char *state, const struct plan *plan, struct run_story *ret_story);
