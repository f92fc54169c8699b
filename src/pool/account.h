#pragma once

/*
 * Who holds which address of each overlay. Pure reasoning over one survey: nothing here asks the engine.
 *
 * What takes an address is in docs/engine-notes.md. A swarm does not tell where other nodes' load-balancer
 * endpoints are, only that each node with a live task there has one: those are counted, marked `inferred`,
 * and have no address. What can't be known is an interval with the reason, never a guess.
 */

#include "swarm/swarm.h"

enum holder_kind {
        HOLDER_GATEWAY,
        HOLDER_VIP,
        HOLDER_TASK,
        HOLDER_NODE,       /* a node's load-balancer endpoint */
        HOLDER_ATTACHMENT, /* a standalone container on an attachable overlay */
        HOLDER_LOCAL,      /* an endpoint of this node that the swarm's allocator did not hand out */
        HOLDER_KINDS,
};

struct holder {
        enum holder_kind kind;
        bool address_known;
        uint32_t address;
        bool inferred;     /* it must be there, but was not seen */
        const char *name;  /* service, task as SERVICE.SLOT, container or node; never NULL */
        const char *node;  /* NULL when it is on none */
        const char *state; /* a task's state, NULL for others */
        const char *id;
        int64_t created_ms; /* of a task or an attachment; 0 for others */
};

struct interval {
        uint64_t min, max;
};

enum verdict {
        VERDICT_FINE,
        VERDICT_UNPROVEN, /* no sign of trouble, but leaks can't be seen from here */
        VERDICT_LEAKING,
        VERDICT_NEAR_FULL,
        VERDICT_FULL,        /* the engine refuses allocations now, or nothing is left */
        VERDICT_UNALLOCATED, /* the engine never gave it a pool: nothing on it can start */
        VERDICT_UNCOUNTED,   /* it has no IPv4 pool: nothing is known of its room */
};

#define NEAR_FULL_PERCENT 80

struct account {
        const struct network *network;
        bool counted;      /* it has a pool of IPv4; else capacity is 0 and says nothing */
        uint64_t capacity; /* addresses it can hand out; gateway, network and broadcast are not among them */
        uint64_t counts[HOLDER_KINDS];
        uint64_t owned; /* VIPs, tasks, node endpoints, attachments */
        struct interval leaked;
        struct interval free;
        const char *leaked_reason; /* why it is exact, or why it can't be; static text */
        uint64_t stuck;            /* tasks waiting in New that want an address here */
        const char *stuck_name;    /* their services' first by name */
        bool refusing;
        enum verdict verdict;
        bool listed;                 /* holders are listed; else they are only counted */
        LIST(struct holder) holders; /* by address, those without one last */
};

struct accounts {
        LIST(struct account) items; /* ingress first, then by subnet */
};

void accounts_done(struct accounts *accounts);
#define _cleanup_accounts_ _cleanup_(accounts_done)

/*
 * Accounts of all overlays. They point into the swarm, which must outlive them. `listed` is the ID of the
 * network whose holders are listed, "*" for each, NULL for none: in a swarm of thousands the lists are larger
 * than the swarm. Where endpoints were asked for, holders are listed in any case, since the two are compared.
 */
void accounts_of(struct swarm *swarm, const char *listed, struct accounts *ret_accounts);

const struct account *account_of_network(const struct accounts *accounts,
                                         const char *network_id); /* NULL when none */
const char *holder_kind_name(enum holder_kind kind);
const char *verdict_name(enum verdict verdict);
bool account_leaked_known(const struct account *account);

#define for_each_account(a, accounts)                                                                        \
        for (struct account *a = (accounts)->items.items;                                                    \
             a && a < (accounts)->items.items + (accounts)->items.count; a++)
