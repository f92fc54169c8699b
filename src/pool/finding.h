#pragma once

/* What is wrong, how it shows, and what to do next. One table of kinds; evidence comes from the accounts. */

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
        FINDING_NETWORK_UNALLOCATED,
        FINDING_TASKS_STUCK,
        FINDING_MOVE_UNFINISHED,
};

struct finding {
        enum finding_kind kind;
        enum severity severity;
        const struct network *network;
        char *evidence;      /* what was seen, with numbers */
        const char *meaning; /* static */
        char *next;          /* a command line, or NULL */
};

struct findings {
        LIST(struct finding) items; /* the worst first */
};

void findings_done(struct findings *findings);
#define _cleanup_findings_ _cleanup_(findings_done)
void findings_of(const struct swarm *swarm, const struct accounts *accounts, struct findings *ret_findings);

enum severity findings_worst(const struct findings *findings); /* SEVERITY_NOTE when there is none */
