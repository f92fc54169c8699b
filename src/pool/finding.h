#pragma once

/*
 * What is wrong, how it shows, and what to do next. One table of kinds, in finding.c. findings_of finds what
 * the accounts show; diagnose.h and the commands add what other evidence shows.
 */

#include "pool/account.h"

enum severity {
        SEVERITY_NOTE,
        SEVERITY_WARNING,
        SEVERITY_CRITICAL,
};

enum finding_kind {
        FINDING_POOL_REFUSES,
        FINDING_POOL_FULL,
        FINDING_POOL_NEAR_FULL,
        FINDING_POOL_LEAKED,
        FINDING_POOL_DRAINS,
        FINDING_NETWORK_UNALLOCATED,
        FINDING_TASKS_STUCK,
        FINDING_MOVE_UNFINISHED,
        FINDING_TASKS_NO_ADDRESS, /* a node's own word for it */
        FINDING_TASKS_OTHER,      /* tasks that don't run for a reason that is no address */
        FINDING_OVERLAP,
        FINDING_LOG_REFUSED,
        FINDING_LOG_UNALLOCATED,
        FINDING_LOG_DUPLICATE,
        FINDING_LOG_LEAK,
        FINDING_LOG_SYMPTOM,
        FINDING_LEFTOVER,
        FINDING_ENGINE_FAULT,
        FINDING_NOT_LOOKED, /* what nobody looked at is not fine: it is unknown */
        FINDING_KINDS,
};

struct finding {
        enum finding_kind kind;
        enum severity severity;
        const struct network *network; /* NULL when it is about none */
        char *subject;                 /* what it is about, as a name; NULL when it is about the whole */
        char *evidence;                /* what was seen, with numbers */
        const char *meaning;           /* static */
        char *next;                    /* a command line, or NULL */
};

struct findings {
        LIST(struct finding) items; /* the worst first */
};

void findings_done(struct findings *findings);
#define _cleanup_findings_ _cleanup_(findings_done)
void findings_of(const struct swarm *swarm, const struct accounts *accounts, struct findings *ret_findings);

/*
 * One more finding, with the severity, meaning and next command of its kind, which the caller may change.
 * Takes the evidence over; copies the subject, which the next command names. Order them afterwards.
 */
struct finding *findings_add(struct findings *findings, enum finding_kind kind, const struct network *network,
                             const char *subject, char *evidence);
void findings_order(struct findings *findings);

/* The command that plans a network's move `way`, such as "--size 16", each name one word for a shell.
 * `places`: what leads it to its engine, with a blank behind, or "". Owned by the caller. */
char *finding_plan_command(const char *places, const char *network, const char *way);

/* The command that gives the network a larger subnet; where no plan can, the one that shows who holds its
 * addresses. Owned by the caller. */
char *finding_enlarge(const struct network *network);

const char *finding_kind_name(enum finding_kind kind); /* "pool-refuses" */
const char *severity_name(enum severity severity);

enum severity findings_worst(const struct findings *findings); /* SEVERITY_NOTE when there is none */
