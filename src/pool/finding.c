#include "pool/finding.h"
#include "pool/drain.h"

#include <stdio.h>

struct finding_info {
        const char *name;
        enum severity severity;
        const char *meaning;
        const char *next; /* %s is the subject's name; NULL: none */
};

static const struct finding_info infos[FINDING_KINDS] = {
        [FINDING_POOL_REFUSES] = {"pool-refuses", SEVERITY_CRITICAL,
                                  "New services and tasks on this network can't start until addresses come "
                                  "back or it is enlarged.",
                                  "headroom plan %s --size 16 -o %s.plan"},
        [FINDING_POOL_FULL] = {"pool-full", SEVERITY_CRITICAL,
                               "Every address has an owner: the next task or service will not start.",
                               "headroom plan %s --size 16 -o %s.plan"},
        [FINDING_POOL_NEAR_FULL] = {"pool-near-full", SEVERITY_WARNING,
                                    "A start-first update or a larger deploy may run out of addresses.",
                                    "headroom plan %s --size 16 -o %s.plan"},
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
                             "headroom plan %s --size 24 -o %s.plan"},
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

/* One word of the table's command with the name in the place of %s, as a shell takes it for one word. */
static void add_word(struct buffer *out, const char *word, size_t length, const char *name)
{
        const char *place = memmem(word, length, "%s", 2);

        if (!place) {
                buffer_add(out, word, length);
                return;
        }
        size_t before = (size_t)(place - word);
        size_t after = length - before - 2;
        _cleanup_free_ char *raw = text_format("%.*s%s%.*s", (int)before, word, name, (int)after, place + 2);
        _cleanup_free_ char *quoted = text_shell_word(raw);
        buffer_add_text(out, quoted);
}

/* The table's command about this name, which may be anything in a snapshot. */
static char *next_command(const struct finding_info *info, const char *name)
{
        struct buffer out = {0};

        for (const char *p = info->next; p && *p; p += *p == ' ') {
                size_t length = strcspn(p, " ");
                add_word(&out, p, length, name);
                p += length;
                if (*p)
                        buffer_add(&out, p, 1);
        }
        return info->next ? buffer_steal(&out) : NULL;
}

/* ingress can't be moved by a plan; who holds its addresses is what can be shown. */
static char *next_for(const struct finding_info *info, const struct network *network, const char *subject)
{
        if (network && network->ingress && text_starts_with(info->next, "headroom plan"))
                return next_command(&infos[FINDING_TASKS_STUCK], network->name);
        return next_command(info, subject ? subject : "");
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
        finding->next = next_for(&infos[kind], network, subject);
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
