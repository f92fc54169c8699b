#pragma once

/*
 * What is to happen, by time; of one time, in the order in which it was put in. The swarm's own events are in
 * one, and who drives a swarm may keep his in another: `kind` is the owner's enum, `object` and `stamp` what
 * he makes of them.
 */

#include "base/text.h"

struct sim_ref {
        uint32_t index;
        uint32_t generation;
};

struct sim_event {
        int64_t time_ms;
        uint64_t sequence; /* earlier ones first */
        struct sim_ref object;
        uint32_t stamp;
        int kind;
};

struct sim_queue {
        LIST(struct sim_event) heap;
        uint64_t sequence;
};

void sim_queue_add(struct sim_queue *queue, int64_t time_ms, int kind, struct sim_ref object, uint32_t stamp);
/* The next one up to then, taken out; false when there is none. */
bool sim_queue_next(struct sim_queue *queue, int64_t until_ms, struct sim_event *ret_event);
int64_t sim_queue_next_ms(const struct sim_queue *queue); /* INT64_MAX: nothing is to happen */
void sim_queue_done(struct sim_queue *queue);
