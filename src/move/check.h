#pragma once

/*
 * The second look. Every point a plan rests on is asked of the live swarm and of this host again, and told
 * with what was claimed and what was found. The same points are looked at by `headroom check`, and by a run
 * before its first change; after the move others say whether it arrived whole.
 */

#include "move/step.h"

enum check_result {
        CHECK_PASS,
        CHECK_UNKNOWN, /* can't be asked from here; told, and no obstacle */
        CHECK_FAIL,
};

struct check_point {
        enum check_result result;
        char *subject;  /* "service drone_app" */
        char *claim;    /* what the plan says */
        char *found;    /* what is there */
        bool adoptable; /* a change by somebody else, which --adopt takes as it is */
};

struct check_points {
        LIST(struct check_point) items;
};

void check_points_done(struct check_points *points);
#define _cleanup_check_points_ _cleanup_(check_points_done)

enum check_phase {
        CHECK_BEFORE, /* NET is to be moved, and no hop is there */
        CHECK_DURING, /* a move of NET is unfinished */
        CHECK_AFTER,  /* NET is where the goal wants it, and no hop is there */
};

struct check_options {
        enum goal goal;
        const char *state;   /* folder of locks and journals; NULL: what is recorded there is not looked at */
        const char *log;     /* the engine's log as a file; NULL: the journal's */
        struct units *units; /* borrowed; NULL: the system bus is asked when it is needed */
        bool take_over;      /* as in run.h */
        const char *places;  /* the same */
        bool busy;           /* a host at work is told, and no obstacle */
};

/*
 * Looks at every point, for a move towards the goal. ERROR_REFUSED only where there is nothing to look at:
 * another swarm, no such network, or one that is of neither subnet.
 */
int check_plan(struct engine *engine, const struct plan *plan, const struct check_options *options,
               enum check_phase *ret_phase, struct check_points *ret_points, struct error *error);

bool check_passed(const struct check_points *points);
char *
check_failures(const struct check_points *points); /* "service a was removed; ..."; NULL when there is none */
bool check_is_adoptable(const struct check_points *points); /* all that fails can be adopted */
const char *check_result_name(enum check_result result);
