#pragma once

/*
 * When each pool runs full: a workload run many times from one snapshot, as it is and in some variants.
 * docs/what-if.md says how it reckons and what it leaves out.
 */

#include "pool/account.h"
#include "sim/forecast/course.h"

#define FORECAST_DAYS_MAX 3650
#define FORECAST_RUNS_MAX 10000
/* A run deploys and redeploys so many stacks at most. */
#define FORECAST_DEPLOYS_MAX 2000000.0

/* What somebody knows of a network's leaks, better than the snapshot. */
struct forecast_leaked {
        const char *network;
        uint64_t count;
};

struct forecast_settings {
        uint64_t days, runs, seed;
        uint64_t rotate_days;
        uint8_t larger_bits; /* the length of the larger subnets */
        bool has_subnet;     /* the larger subnet is this one, of the one network that runs full */
        struct prefix subnet;
        size_t processes; /* 0: one a processor */
        LIST(struct forecast_leaked) leaked;
        void (*progressed)(const char *variant, uint64_t done, uint64_t runs); /* NULL: nobody asks */
};

enum forecast_variant {
        VARIANT_AS_IT_IS,
        VARIANT_RECLAIMED, /* leaked addresses are given back now */
        VARIANT_HELD,      /* and removals go through the gate from now on */
        VARIANT_LARGER,    /* what runs full gets a larger subnet */
        VARIANT_LARGER_AND_HELD,
        VARIANT_ROTATED, /* the leader changes every so many days */
        VARIANTS,
};

const char *forecast_variant_name(enum forecast_variant variant);  /* "as-it-is", for programs */
const char *forecast_variant_title(enum forecast_variant variant); /* for people */

/* A network that the workload uses. */
struct forecast_pool {
        const struct account *account;
        struct interval leaked; /* now; reckoned with is the least */
        struct prefix subnet;
        struct prefix larger; /* length 0: it has no need of one */
};

struct forecast_row {
        enum forecast_variant variant;
        const struct forecast_pool *pool;
        struct prefix subnet;
        struct interval leaked; /* at the beginning */
        uint64_t capacity;
        uint64_t full_runs; /* in how many it ran full */
        /* The time at which it does in the first tenth of the runs, in half, and in nine tenths; in those
         * that do, if not all do. */
        int64_t early_ms, median_ms, late_ms;
        uint64_t held_most; /* in any run */
        double leaks_a_day;
        double leaks_a_day_reckoned; /* from the workload alone */
};

struct forecast {
        const struct workload *workload;
        const struct swarm *swarm;
        struct forecast_settings settings; /* `leaked` is borrowed */
        struct accounts accounts;
        LIST(struct forecast_pool) pools;
        LIST(struct forecast_row) rows; /* variant by variant, in each the pools in their order */
        uint64_t refused;               /* requests of clients, in all runs as it is */
        double deploys;                 /* in a run as it is, on average */
        char *no_larger; /* why there is no larger subnet; NULL: there is, or nobody needs it */
};

void forecast_done(struct forecast *forecast);
#define _cleanup_forecast_ _cleanup_(forecast_done)

/* The swarm and the workload must outlive the forecast. */
int forecast_make(struct swarm *swarm, const struct workload *workload,
                  const struct forecast_settings *settings, struct forecast *ret_forecast,
                  struct error *error);

/*
 * What L1 alone tells: removals a day, times the tasks of the stack that are on the network and on one of
 * their stack's own. `pool` is NULL for ingress, else a network's name; in the first `duration_ms` of it, in
 * which stacks that live long are not removed yet.
 */
double reckon_leaks_a_day(const struct workload *workload, const char *pool, size_t nodes, bool held,
                          int64_t duration_ms);
