#pragma once

/* One run of a workload on its ground, in virtual time, by one seed. */

#include "sim/forecast/ground.h"
#include "sim/forecast/workload.h"

#define COURSE_POOLS_MAX 64

struct course_settings {
        const struct workload *workload;
        const struct ground *ground;
        int64_t duration_ms;
        bool held;         /* every removal by `stack rm` goes through the gate */
        int64_t rotate_ms; /* the leader changes as often; 0: not by itself */
};

/* What became of a pool, up to the moment when it first refused an address, or to the end. */
struct course_pool {
        int64_t full_ms; /* since the start; -1: it never refused */
        int64_t watched_ms;
        uint64_t capacity;
        uint64_t held_most;
        uint64_t leaked; /* all that were, whatever was given back in between */
};

struct course {
        uint64_t deploys, removals;
        uint64_t refused;                           /* requests that the swarm refused */
        struct course_pool pools[COURSE_POOLS_MAX]; /* in the ground's order */
};

/*
 * A pool that has refused is noted, and then gets its leaked addresses back, so that the others' times are
 * their own. The same settings and seed give the same course.
 */
int course_run(const struct course_settings *settings, uint64_t seed, struct course *ret_course,
               struct error *error);
