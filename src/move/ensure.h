#pragma once

/*
 * Declared networks brought into being. Nothing that exists is ever changed: what is missing is created, what
 * differs is told. Each network is a level - absent, without addresses yet, there - looked at until all are
 * there, so that any number of callers may do this at once: who comes second to a name is told so by the
 * engine, and looks again.
 */

#include "move/plan.h"
#include "swarm/declared.h"

struct ensure_options {
        int64_t timeout_ms; /* of the wait for the engine, and once more of the wait for addresses */
        const struct reserved_range *reserved;
        size_t reserved_count;
        void (*waiting)(void *userdata, const char *text); /* called over and over while it waits */
        void *userdata;
};

enum ensure_state {
        ENSURE_PRESENT,
        ENSURE_CREATED,
        ENSURE_DRIFT,
        ENSURE_EXTERNAL, /* not looked at */
};

struct ensured {
        const struct declared_network *declared;
        enum ensure_state state;
        char *subnet; /* as found; NULL for an external one */
        struct differences differences;
};

struct ensure_result {
        LIST(struct ensured) networks; /* in the order of the declaration, into which they point */
        bool changed;                  /* something was created: set on failure, too */
};

void ensure_result_done(struct ensure_result *result);
#define _cleanup_ensure_result_ _cleanup_(ensure_result_done)

/*
 * Waits until an engine answers at the address that is a swarm manager; its last refusal is the error. A call
 * that is under way at the deadline is let finish (ENGINE_TIMEOUT_MS).
 */
int ensure_open(const struct engine_address *address, const struct ensure_options *options,
                struct engine **ret_engine, struct swarm *ret_swarm, struct error *error);

/*
 * ERROR_REFUSED, before anything is created, when a name is ambiguous or a declared subnet overlaps what this
 * host or the swarm uses (the survey is of just now). *result is filled as far as it went.
 */
int ensure_networks(struct engine *engine, const struct swarm *swarm, const struct declared *declared,
                    const struct ensure_options *options, struct ensure_result *result, struct error *error);
