#pragma once

/*
 * Findings from evidence beyond the accounts, for `headroom doctor`. Pure reasoning; what was seen is given.
 * Each adds to the findings; order them when all have been asked (findings_order).
 */

#include "host/host.h"
#include "pool/finding.h"
#include "pool/signature.h"

/*
 * What of the log's sightings still holds. An error is over when its pool has handed out an address since, or
 * a new leader began with a fresh allocator; then it is a note. It is critical only when the swarm itself
 * shows that it goes on. In between, it is a warning: no sign of life is no proof of health.
 */
void diagnose_log(const struct swarm *swarm, const struct accounts *accounts,
                  const struct sightings *sightings, struct findings *findings);
#define LOG_RECENT_MS (60LL * 60 * 1000) /* how long an error counts whose network can't be told */

/* Tasks that don't run, by the reasons they give. Those that wait in New are the accounts' business. */
void diagnose_tasks(const struct swarm *swarm, struct findings *findings);
#define TASKS_WAIT_MS     10000 /* how long a task may be pending before it is told of */
#define TASK_FINDINGS_MAX 10    /* services told of one by one */

/* Overlays whose subnet this host, or a local network of its engine, uses otherwise. */
void diagnose_overlaps(const struct swarm *swarm, const struct host *host, struct findings *findings);

/* Faults of the nodes' engine versions: one table, in diagnose_engine.c. */
void diagnose_engines(const struct swarm *swarm, struct findings *findings);
