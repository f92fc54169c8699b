#pragma once

/*
 * A swarm in virtual time: one struct that answers the engine's API as a manager's engine would, as far as
 * headroom and a few commands of the docker client ask. It is deterministic: the same settings and the same
 * requests at the same times give the same answers to the byte. Nothing happens in it but by its own clock,
 * which every request moves on a little and waiting moves on by what is waited for.
 *
 * What it knows of a real engine stands in docs/engine-notes.md; where the two differ, the engine is right.
 * It is not safe for threads.
 */

#include "base/buffer.h"
#include "base/clock.h"
#include "base/prefix.h"
#include "engine/engine.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim;

#define SIM_NAME_MAX 63 /* of an overlay or a service */

/* Zero is a good default for everything. Times are milliseconds of virtual time. */
struct sim_settings {
        uint64_t seed;
        int64_t start_wall_ms;      /* what the clock on the wall says first; 0: 2026-01-01T00:00:00Z */
        int api_version_minor;      /* 0: 41. From 45 on the engine is called 26.1, from 51 on 28.5, from 52
                                       on 29.0 */
        const char *pool;           /* the default address pool; NULL: "10.0.0.0/8" */
        uint8_t pool_subnet_bits;   /* 0: 24 */
        const char *ingress_subnet; /* NULL: the default pool's first */
        size_t nodes;               /* 0: one. All are managers, the first leads and is asked */
        const char *first_node;     /* its name; NULL: "node1" */
        uint32_t task_history;      /* 0: 5 */
        int64_t call_ms;            /* a request takes so long; 0: 2 */
        int64_t allocate_ms;        /* from an object's creation to its addresses; 0: 10 */
        int64_t drain_ms;  /* a node's copy of a network outlives its last container so long; 0: 300 */
        bool debug_log;    /* keep the log's debug lines, too */
        int64_t jitter_ms; /* at most so much is added to each start and stop, by the seed; 0: none */
};

struct sim *sim_open(const struct sim_settings *settings); /* NULL: all defaults */
struct sim *sim_free(struct sim *sim); /* returns NULL; its engines must be freed before */
static inline void sim_cleanup(struct sim **sim)
{
        sim_free(*sim);
}
#define _cleanup_sim_ _cleanup_(sim_cleanup)

/* The sim's own clock, for clock_use: sleeping lets the swarm go on. It lives as long as the sim. */
const struct clock_source *sim_clock(struct sim *sim);
int64_t sim_now_ms(const struct sim *sim);
/* The clock on the wall shows this now; what has happened moves along. */
void sim_set_wall(struct sim *sim, int64_t wall_ms);
/* Everything that is due up to then happens, in order. Times that have passed are no error. */
void sim_run_until(struct sim *sim, int64_t time_ms);
/* The time of the next thing that will happen by itself; INT64_MAX when nothing will. */
int64_t sim_next_ms(const struct sim *sim);

/*
 * An answer. A long list comes in parts: `body` holds the first one, and as long as sim_answer_more says true
 * it holds the next. A live stream of events goes on with what happens: an empty part then says that there is
 * nothing new yet. Status 0: the engine is dead and nothing was answered.
 */
struct sim_answer {
        int status;
        const char *content_type;
        struct buffer body;
        struct sim_list *list; /* what is left of a list */
        struct sim_tail *tail; /* where a stream of events is */
};

void sim_answer_done(struct sim_answer *answer);
#define _cleanup_sim_answer_ _cleanup_(sim_answer_done)

/*
 * One request, asked of a node (0: the first). `path` is without version and query, percent-encoding undone;
 * `query` is what followed the question mark, still encoded, and `body` may be NULL. `minor` is the API
 * version asked for, 0 the engine's own.
 */
struct sim_request {
        const char *method;
        const char *path;
        const char *query;
        const char *body;
        const char *content_type; /* of the body; NULL: not said, and taken for JSON */
        size_t body_length;
        int minor;
        size_t node;
        bool beside; /* asked at the same moment as the one before: the clock stands still */
        bool live;   /* events are asked for until the end that is named, else for ever; not only up to now */
};
void sim_request(struct sim *sim, const struct sim_request *request, struct sim_answer *ret_answer);
bool sim_answer_more(struct sim *sim, struct sim_answer *answer);
/* The virtual time at which a live stream ends by itself; INT64_MAX for never. */
int64_t sim_answer_end_ms(const struct sim_answer *answer);

/* What the engine calls itself: "20.10.24", and the 41 of API 1.41. */
const char *sim_engine_version(const struct sim *sim);
int sim_api_minor(const struct sim *sim);

/* How much there is; of networks the swarm's own. */
struct sim_count {
        size_t nodes, networks, services, tasks;
};
struct sim_count sim_count(struct sim *sim);

/* An engine that asks this swarm's node, in this process. Each request moves the clock on by call_ms. */
struct engine *sim_engine_open(struct sim *sim, size_t node);

/*
 * How containers of an image behave, or of one service when that is named: a start takes start_ms, a health
 * check passes healthy_after_ms later, SIGTERM is obeyed after stop_ms or at the stop grace.
 */
struct sim_model {
        int64_t start_ms;
        int64_t healthy_after_ms;
        int64_t stop_ms;
        int64_t run_ms;    /* it ends by itself after so long, as a job does; 0: never */
        bool fails;        /* it exits as soon as it has started; with a health check, it never passes */
        bool missing;      /* no node can get the image */
        bool health_check; /* the image has one */
};
void sim_model_image(struct sim *sim, const char *image, const struct sim_model *model);
void sim_model_service(struct sim *sim, const char *service, const struct sim_model *model);
struct sim_model sim_service_model(struct sim *sim, const char *service); /* how its containers behave now */

/* Makes the image known to every node, so that GET /images/NAME/json finds it. */
void sim_image_add(struct sim *sim, const char *name);

/* What happens to a swarm from outside. */
void sim_leader_change(struct sim *sim); /* the allocator begins anew with what the store holds */
/* For so long nobody leads, and requests about the swarm are refused; then another manager does. */
void sim_leader_lose(struct sim *sim, int64_t duration_ms);
size_t sim_node_add(struct sim *sim, const char *name, bool manager); /* returns its number */
void sim_node_down(struct sim *sim, size_t node, bool down);
bool sim_node_number(struct sim *sim, const char *name, size_t *ret_node); /* false: no such node */
/* The node's engine is started again: its containers end, its local leftovers of networks go. */
void sim_engine_restart(struct sim *sim, size_t node);

/*
 * At that time `happen` is called, in the order of all that happens. The userdata is the sim's from now on:
 * `done` (may be NULL) frees it when it has happened, or with the sim.
 */
void sim_at(struct sim *sim, int64_t time_ms, void (*happen)(struct sim *sim, void *userdata), void *userdata,
            void (*done)(void *userdata));

/* A container of a running task ends by itself. False when the service has none that runs. */
bool sim_task_kill(struct sim *sim, const char *service);

/*
 * What no API tells: the books of a network's pool. Held is all that the allocator has given out, network,
 * broadcast and gateway left out; leaked is what of it has no owner. Both 0 for a network that is not there.
 */
struct sim_pool_state {
        uint64_t capacity, held, leaked;
        /* Since sim_pool_watch, or since the network is there: */
        uint64_t held_most;
        uint64_t leaked_ever; /* what a leader change gave back included */
        int64_t refused_ms;   /* when an address was refused first; 0: never */
};
struct sim_pool_state sim_pool_state(struct sim *sim, const char *network);
void sim_pool_watch(struct sim *sim, const char *network);
/*
 * An address of the network is held and has no owner from now on: a certain one, or 0 for the next that is
 * free. False when it is held already, when none is free, or when there is no such pool.
 */
bool sim_leak(struct sim *sim, const char *network, uint32_t address);
/* Keeps a free address from whoever asks for any, while a swarm is being made; false when it is held. */
bool sim_address_keep(struct sim *sim, const char *network, uint32_t address);
void sim_address_let_go(struct sim *sim, const char *network, uint32_t address);
/* Whether the network has a pool; false for one that overlaps another, or is not there. */
bool sim_network_has_pool(struct sim *sim, const char *network);
/* Gives one network's leaked addresses back, and no other's, which no engine can. */
void sim_leak_clear(struct sim *sim, const char *network);
/* Tasks of services on a network that have not ended, though they may be about to. */
size_t sim_network_live(struct sim *sim, const char *network);
/* Addresses that containers of tasks were connected with by hand: the swarm's books take them for free. */
size_t sim_network_visitors(struct sim *sim, const char *network);
/* Whether the swarm comes to one of those before it has handed out `count` others. */
bool sim_visitor_among_next(struct sim *sim, const char *network, uint64_t count);
/* Tasks that failed because they were given one of those. */
uint64_t sim_visitor_clashes(const struct sim *sim);
/* All leaks since the sim began, or since the last leader change. */
uint64_t sim_leaked(const struct sim *sim);

/* The bytes of a service's spec, NULL when there is none; they stay until its next change. */
const char *sim_service_spec(struct sim *sim, const char *service, size_t *ret_length);
/* How many of its tasks run and are meant to. */
size_t sim_service_running(struct sim *sim, const char *service);
/* How many of its tasks are meant to run and have not ended, wherever they are on their way. */
size_t sim_service_wanted(struct sim *sim, const char *service);
/* How many of its places stay empty: what was there has ended, and by its restart policy none follows. */
size_t sim_service_ended(struct sim *sim, const char *service);

/* How many of its containers run: also those that are being stopped, or are not healthy yet. */
size_t sim_service_processes(struct sim *sim, const char *service);

/* How many tasks of a service serve, and how many of those reach a serving task of the other by its name. */
struct sim_reach {
        size_t serving, reaching;
};
struct sim_reach sim_reach(struct sim *sim, const char *from, const char *to);

/* A sentence about the first thing in the sim's own books that contradicts another; NULL when all agree. */
char *sim_inconsistency(struct sim *sim);

/* The engine's log since the sim began, a line each, oldest first; NULL past the end. */
struct sim_log_line {
        int64_t wall_ms;
        const char *level;
        char *text;
};
const struct sim_log_line *sim_log_line(const struct sim *sim, size_t index);
