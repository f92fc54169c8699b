#include "pool/finding.h"

#include <stdio.h>

struct finding_info {
        enum severity severity;
        const char *meaning;
        const char *next; /* %s is the network's name; NULL: none */
};

static const struct finding_info infos[] = {
        [FINDING_POOL_REFUSES] = {SEVERITY_CRITICAL,
                                  "New services and tasks on this network can't start until addresses come "
                                  "back or it is enlarged.",
                                  "headroom plan %s --size 16 -o %s.plan"},
        [FINDING_POOL_FULL] = {SEVERITY_CRITICAL,
                               "Every address has an owner: the next task or service will not start.",
                               "headroom plan %s --size 16 -o %s.plan"},
        [FINDING_POOL_NEAR_FULL] = {SEVERITY_WARNING,
                                    "A start-first update or a larger deploy may run out of addresses.",
                                    "headroom plan %s --size 16 -o %s.plan"},
        [FINDING_POOL_LEAKED] = {SEVERITY_WARNING,
                                 "The allocator holds addresses that nobody has: each was lost when a stack "
                                 "was removed with its network.",
                                 "headroom %s"},
        [FINDING_NETWORK_UNALLOCATED] = {SEVERITY_CRITICAL,
                                         "The engine never gave this network a pool, most often because its "
                                         "subnet overlaps another: nothing on it can start.",
                                         "docker network inspect %s"},
        [FINDING_TASKS_STUCK] =
                {SEVERITY_WARNING,
                 "Tasks wait for an address; which of their networks refuses can't be told from here.",
                 "headroom %s"},
        [FINDING_MOVE_UNFINISHED] = {SEVERITY_CRITICAL,
                                     "A move was interrupted: this network holds its lock and its way back.",
                                     "headroom apply --recover %s"},
};

#define HOP_NET_LABEL "headroom.net"

void findings_done(struct findings *findings)
{
        for (size_t i = 0; i < findings->items.count; i++) {
                free(findings->items.items[i].evidence);
                free(findings->items.items[i].next);
        }
        free(findings->items.items);
        *findings = (struct findings){0};
}

/* Puts every %s of the table's command to the network's name; the formats are the table's own, at most two.
 */
static char *next_command(const struct finding_info *info, const char *name)
{
        struct buffer out = {0};

        if (!info->next)
                return NULL;
        for (const char *p = info->next; *p; p++) {
                if (p[0] == '%' && p[1] == 's') {
                        buffer_add_text(&out, name);
                        p++;
                } else {
                        buffer_add(&out, p, 1);
                }
        }
        return buffer_steal(&out);
}

/* Takes the evidence over. */
static void add(struct findings *findings, enum finding_kind kind, const struct network *network,
                const char *subject, char *evidence)
{
        struct finding *finding = list_add(&findings->items);

        finding->kind = kind;
        finding->severity = infos[kind].severity;
        finding->meaning = infos[kind].meaning;
        finding->network = network;
        finding->evidence = evidence;
        finding->next = next_command(&infos[kind], subject);
}

static void find_pool(struct findings *findings, const struct account *a)
{
        const char *name = a->network->name;
        unsigned long long owned = a->owned;
        unsigned long long capacity = a->capacity;

        if (a->verdict == VERDICT_UNALLOCATED) {
                add(findings, FINDING_NETWORK_UNALLOCATED, a->network, name,
                    text_format("%s has no gateway and no pool", name));
                return;
        }
        if (a->refusing)
                add(findings, FINDING_POOL_REFUSES, a->network, name,
                    text_format("%s refuses addresses: %llu task%s (%s%s) in New, yet only %llu of %llu "
                                "addresses have an owner; %llu are leaked",
                                name, (unsigned long long)a->stuck, a->stuck == 1 ? "" : "s", a->stuck_name,
                                a->stuck > 1 ? ", ..." : "", owned, capacity,
                                (unsigned long long)a->leaked.min));
        else if (a->verdict == VERDICT_FULL)
                add(findings, FINDING_POOL_FULL, a->network, name,
                    text_format("%s: %llu of %llu addresses owned, %llu leaked, none free", name, owned,
                                capacity, (unsigned long long)a->leaked.min));
        else if (a->verdict == VERDICT_NEAR_FULL)
                add(findings, FINDING_POOL_NEAR_FULL, a->network, name,
                    text_format("%s: %llu of %llu addresses owned, at most %llu free", name, owned, capacity,
                                (unsigned long long)a->free.max));
        else if (a->leaked.min > 0)
                add(findings, FINDING_POOL_LEAKED, a->network, name,
                    text_format("%s: %llu of %llu addresses leaked", name, (unsigned long long)a->leaked.min,
                                capacity));
        if (a->stuck && !a->refusing)
                add(findings, FINDING_TASKS_STUCK, a->network, name,
                    text_format("%s: %llu task%s (%s%s) in New", name, (unsigned long long)a->stuck,
                                a->stuck == 1 ? "" : "s", a->stuck_name, a->stuck > 1 ? ", ..." : ""));
}

static void find_unfinished(struct findings *findings, const struct network *network)
{
        const char *net = label_value(network->labels.items, network->labels.count, HOP_NET_LABEL);

        if (net)
                add(findings, FINDING_MOVE_UNFINISHED, network, net,
                    text_format("%s is a hop network of headroom for %s", network->name, net));
}

static int compare(const void *a, const void *b)
{
        const struct finding *left = a;
        const struct finding *right = b;

        if (left->severity != right->severity)
                return left->severity > right->severity ? -1 : 1;
        return left->kind < right->kind ? -1 : left->kind > right->kind;
}

void findings_of(const struct swarm *swarm, const struct accounts *accounts, struct findings *ret_findings)
{
        struct findings findings = {0};

        for_each_account (account, accounts)
                find_pool(&findings, account);
        for_each_network (network, swarm)
                find_unfinished(&findings, network);
        if (findings.items.count)
                qsort(findings.items.items, findings.items.count, sizeof(struct finding), compare);
        *ret_findings = findings;
}

enum severity findings_worst(const struct findings *findings)
{
        return findings->items.count ? findings->items.items[0].severity : SEVERITY_NOTE;
}
