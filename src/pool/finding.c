#include "pool/finding.h"
#include "pool/choose.h"
#include "pool/drain.h"

#include <assert.h>
#include <stdio.h>

static char *next_elsewhere(const struct network *network);

struct finding_info {
        const char *name;
        enum severity severity;
        const char *meaning;
        const char *next;                                /* %s is the subject's name; NULL: none */
        char *(*next_of)(const struct network *network); /* instead of it, what depends on the network */
};

static const struct finding_info infos[FINDING_KINDS] = {
        [FINDING_POOL_REFUSES] = {"pool-refuses", SEVERITY_CRITICAL,
                                  "New services and tasks on this network can't start until addresses come "
                                  "back or it is enlarged.",
                                  NULL, finding_enlarge},
        [FINDING_POOL_FULL] = {"pool-full", SEVERITY_CRITICAL,
                               "Every address has an owner: the next task or service will not start.", NULL,
                               finding_enlarge},
        [FINDING_POOL_NEAR_FULL] = {"pool-near-full", SEVERITY_WARNING,
                                    "A start-first update or a larger deploy may run out of addresses.", NULL,
                                    finding_enlarge},
        [FINDING_POOL_LEAKED] = {"pool-leaked", SEVERITY_WARNING,
                                 "The allocator holds addresses that nobody has: each was lost when a stack "
                                 "was removed with its network.",
                                 "headroom %s"},
        [FINDING_POOL_DRAINS] =
                {"pool-drains", SEVERITY_WARNING,
                 "The engine takes a VIP on each network that the service's spec lists before "
                 "the full one, and forgets it: a healthy pool runs empty. Enlarge the full "
                 "one, or remove the service that waits.",
                 NULL},
        [FINDING_NETWORK_UNALLOCATED] = {"network-unallocated", SEVERITY_CRITICAL,
                                         "The engine never gave this network a pool, most often because its "
                                         "subnet overlaps another: nothing on it can start. Create it again "
                                         "with a subnet that is free.",
                                         "docker network rm %s"},
        [FINDING_TASKS_STUCK] =
                {"tasks-stuck", SEVERITY_WARNING,
                 "Tasks wait for an address; which of their networks refuses can't be told from here.",
                 "headroom %s"},
        [FINDING_MOVE_UNFINISHED] =
                {"move-unfinished", SEVERITY_CRITICAL,
                 "A move is under way, or was interrupted: this network holds its lock and its way back.",
                 "headroom apply --recover %s"},
        [FINDING_TASKS_NO_ADDRESS] = {"tasks-no-address", SEVERITY_CRITICAL,
                                      "A node waited in vain for the task's addresses, or for its own on "
                                      "that network: a pool is used up.",
                                      "docker service ps --no-trunc %s"},
        [FINDING_TASKS_OTHER] = {"tasks-other", SEVERITY_NOTE,
                                 "Tasks don't run, and the reason they give is not a lack of addresses.",
                                 "docker service ps --no-trunc %s"},
        [FINDING_OVERLAP] = {"overlap", SEVERITY_WARNING,
                             "Tasks on this network can't reach what uses the same addresses outside; for "
                             "a resolver, they can't resolve names. The engine checks for none of this.",
                             NULL, next_elsewhere},
        [FINDING_LOG_REFUSED] = {"log-refused", SEVERITY_WARNING, NULL, "headroom"},
        [FINDING_LOG_UNALLOCATED] = {"log-unallocated", SEVERITY_WARNING, NULL, "docker network ls"},
        [FINDING_LOG_DUPLICATE] = {"log-duplicate", SEVERITY_WARNING, NULL, "headroom"},
        [FINDING_LOG_LEAK] = {"log-leak", SEVERITY_NOTE, NULL, "headroom"},
        [FINDING_LOG_SYMPTOM] = {"log-symptom", SEVERITY_NOTE, NULL, NULL},
        [FINDING_LEFTOVER] = {"leftover", SEVERITY_WARNING,
                              "headroom put it there for a move that no longer exists; nothing needs it.",
                              NULL},
        [FINDING_ENGINE_FAULT] = {"engine-fault", SEVERITY_NOTE, NULL, NULL},
        [FINDING_NOT_LOOKED] = {"not-looked-at", SEVERITY_NOTE,
                                "Nothing can be said about it, neither good nor bad.", NULL},
};

static const char *const severity_names[] = {
        [SEVERITY_NOTE] = "note",
        [SEVERITY_WARNING] = "warning",
        [SEVERITY_CRITICAL] = "critical",
};

const char *finding_kind_name(enum finding_kind kind)
{
        return infos[kind].name;
}

const char *severity_name(enum severity severity)
{
        return severity_names[severity];
}

#define HOP_NET_LABEL "headroom.net"

#define UNALLOCATED_GRACE_MS 5000 /* a network just created has no pool yet */
#define ENLARGED_LENGTH_BITS 16   /* what a network is enlarged to, or to more, */
#define ENLARGED_BY_BITS     4    /* by this, as far as an overlay can be */

void findings_done(struct findings *findings)
{
        for (size_t i = 0; i < findings->items.count; i++) {
                free(findings->items.items[i].subject);
                free(findings->items.items[i].evidence);
                free(findings->items.items[i].next);
        }
        free(findings->items.items);
        *findings = (struct findings){0};
}

/* Names may be anything in a snapshot: each is one word for a shell. */
static char *next_command(const char *format, const char *name)
{
        const char *place = format ? strstr(format, "%s") : NULL;
        _cleanup_free_ char *word = text_shell_word(name);

        if (!place)
                return text_copy(format);
        return text_format("%.*s%s%s", (int)(place - format), format, word, place + 2);
}

/* The length of the only subnet of a network that a plan can move (move/plan_make.c refuses all others); 0:
 * of none. */
static uint8_t movable_length(const struct network *network)
{
        const struct subnet *subnet = network->subnets.count == 1 ? &network->subnets.items[0] : NULL;

        if (network->ingress || network->ipv6 || !subnet || !subnet->counted || !subnet->gateway ||
            subnet->range || label_value(network->labels.items, network->labels.count, HOP_NET_LABEL))
                return 0;
        return subnet->prefix.length_bits;
}

char *finding_plan_command(const char *places, const char *network, const char *way)
{
        _cleanup_free_ char *name = text_shell_word(network);
        _cleanup_free_ char *path = text_format("%s.plan", network);
        _cleanup_free_ char *file = text_shell_word(path);

        return text_format("headroom plan %s%s %s -o %s", places, name, way, file);
}

/* `length_bits` 0: no plan of it helps, and who holds its addresses is what can be shown. */
static char *next_plan(const struct network *network, unsigned length_bits)
{
        if (!length_bits)
                return next_command("headroom %s", network->name);
        _cleanup_free_ char *way = text_format("--size %u", length_bits);
        return finding_plan_command("", network->name, way);
}

char *finding_enlarge(const struct network *network)
{
        int present = movable_length(network);
        int length_bits = MIN(ENLARGED_LENGTH_BITS, present - ENLARGED_BY_BITS);

        return next_plan(network, present > CHOICE_LENGTH_MIN ? MAX(length_bits, CHOICE_LENGTH_MIN) : 0);
}

/* Anywhere else: a plan of the length that it has would be refused, and a smaller network may be too small.
 */
static char *next_elsewhere(const struct network *network)
{
        int present = movable_length(network);

        if (!present)
                return next_plan(network, 0);
        return next_plan(network, present > CHOICE_LENGTH_MIN ? present - 1 : present + 1);
}

struct finding *findings_add(struct findings *findings, enum finding_kind kind, const struct network *network,
                             const char *subject, char *evidence)
{
        struct finding *finding = list_add(&findings->items);

        finding->kind = kind;
        finding->severity = infos[kind].severity;
        finding->meaning = infos[kind].meaning;
        finding->network = network;
        finding->subject = text_copy(subject);
        finding->evidence = evidence;
        assert(network || !infos[kind].next_of);
        finding->next = infos[kind].next_of ? infos[kind].next_of(network)
                                            : next_command(infos[kind].next, subject ? subject : "");
        return finding;
}

static bool is_just_created(const struct swarm *swarm, const struct network *network)
{
        return network->created_ms && swarm->taken_ms - network->created_ms < UNALLOCATED_GRACE_MS;
}

static char *unallocated_evidence(const struct account *a)
{
        if (!a->stuck)
                return text_format("%s has no subnet and no gateway", a->network->name);
        return text_format("%s has no subnet and no gateway, and %llu task%s (%s%s) wait%s for it",
                           a->network->name, (unsigned long long)a->stuck, a->stuck == 1 ? "" : "s",
                           a->stuck_name, a->stuck > 1 ? ", ..." : "", a->stuck == 1 ? "s" : "");
}

/* Every node takes one address of ingress, and of any other overlay while it runs a task there. */
static char *near_full_evidence(const struct account *a)
{
        return text_format("%s: %llu of %llu addresses owned (VIPs %llu, tasks %llu, nodes %llu, attachments "
                           "%llu), at most %llu free, for %s",
                           a->network->name, (unsigned long long)a->owned, (unsigned long long)a->capacity,
                           (unsigned long long)a->counts[HOLDER_VIP],
                           (unsigned long long)a->counts[HOLDER_TASK],
                           (unsigned long long)a->counts[HOLDER_NODE],
                           (unsigned long long)a->counts[HOLDER_ATTACHMENT], (unsigned long long)a->free.max,
                           a->network->ingress ? "published services, their tasks and every node that joins"
                                               : "services, tasks and each further node that runs one here");
}

static void find_pool(const struct swarm *swarm, struct findings *findings, const struct account *a)
{
        const char *name = a->network->name;
        unsigned long long owned = a->owned;
        unsigned long long capacity = a->capacity;

        if (a->verdict == VERDICT_UNALLOCATED) {
                if (!is_just_created(swarm, a->network))
                        findings_add(findings, FINDING_NETWORK_UNALLOCATED, a->network, name,
                                     unallocated_evidence(a));
                return;
        }
        if (a->refusing)
                findings_add(
                        findings, FINDING_POOL_REFUSES, a->network, name,
                        text_format("%s refuses addresses: %llu task%s (%s%s) in New, yet only %llu of %llu "
                                    "addresses have an owner; %llu are leaked",
                                    name, (unsigned long long)a->stuck, a->stuck == 1 ? "" : "s",
                                    a->stuck_name, a->stuck > 1 ? ", ..." : "", owned, capacity,
                                    (unsigned long long)a->leaked.min));
        else if (a->verdict == VERDICT_FULL)
                findings_add(findings, FINDING_POOL_FULL, a->network, name,
                             text_format("%s: %llu of %llu addresses owned, %llu leaked, none free", name,
                                         owned, capacity, (unsigned long long)a->leaked.min));
        else if (a->verdict == VERDICT_NEAR_FULL)
                findings_add(findings, FINDING_POOL_NEAR_FULL, a->network, name, near_full_evidence(a));
        else if (a->leaked.min > 0)
                findings_add(findings, FINDING_POOL_LEAKED, a->network, name,
                             text_format("%s: %llu of %llu addresses leaked", name,
                                         (unsigned long long)a->leaked.min, capacity));
        if (a->stuck && !a->refusing)
                findings_add(findings, FINDING_TASKS_STUCK, a->network, name,
                             text_format("%s: %llu task%s (%s%s) in New", name, (unsigned long long)a->stuck,
                                         a->stuck == 1 ? "" : "s", a->stuck_name,
                                         a->stuck > 1 ? ", ..." : ""));
}

static void find_unfinished(struct findings *findings, const struct network *network)
{
        const char *net = label_value(network->labels.items, network->labels.count, HOP_NET_LABEL);

        if (net)
                findings_add(findings, FINDING_MOVE_UNFINISHED, network, net,
                             text_format("%s is a hop network of headroom for %s", network->name, net));
}

static int compare(const void *a, const void *b)
{
        const struct finding *left = a;
        const struct finding *right = b;

        if (left->severity != right->severity)
                return left->severity > right->severity ? -1 : 1;
        if (left->kind != right->kind)
                return left->kind < right->kind ? -1 : 1;
        return strcmp(left->evidence, right->evidence);
}

void findings_order(struct findings *findings)
{
        if (findings->items.count)
                qsort(findings->items.items, findings->items.count, sizeof(struct finding), compare);
}

void findings_of(const struct swarm *swarm, const struct accounts *accounts, struct findings *ret_findings)
{
        struct findings findings = {0};

        for_each_account (account, accounts)
                find_pool(swarm, &findings, account);
        for_each_network (network, swarm)
                find_unfinished(&findings, network);
        drains_find(swarm, accounts, &findings);
        findings_order(&findings);
        *ret_findings = findings;
}

enum severity findings_worst(const struct findings *findings)
{
        return findings->items.count ? findings->items.items[0].severity : SEVERITY_NOTE;
}
