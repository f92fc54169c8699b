#include "pool/diagnose.h"

#include "base/clock.h"
#include "pool/stuck.h"

/* What is left of a sighting now. */
struct judgement {
        enum severity severity;
        const struct network *network; /* NULL when it is none, or can't be told */
        const char *now;               /* static: what the swarm shows now, "" when there is nothing to say */
};

/* Sightings of one signature that came to the same judgement: one finding. */
struct group {
        const struct signature *signature;
        struct judgement judgement;
        uint64_t count;
        size_t subjects;
        const char *name; /* of one subject, NULL when it is gone */
        int64_t first_ms;
        int64_t last_ms;
};

struct context {
        const struct swarm *swarm;
        const struct accounts *accounts;
        int64_t renewed_ms;
};

static bool is_recent(const struct context *context, const struct sighting *sighting)
{
        return context->swarm->taken_ms - sighting->last_ms <= LOG_RECENT_MS;
}

static bool task_got_address(const struct context *context, const char *task_id, const char *network_id)
{
        for_each_task (task, context->swarm)
                if (text_equal(task->id, task_id)) {
                        const struct attachment *on = task_on(task, network_id);
                        return on && on->address_count;
                }
        return false;
}

static struct judgement judge_network(const struct context *context, const struct sighting *sighting)
{
        const struct account *account = account_of_network(context->accounts, sighting->subject);

        if (!account)
                return (struct judgement){SEVERITY_NOTE, NULL, "the network is gone"};
        if (account->refusing)
                return (struct judgement){SEVERITY_CRITICAL, account->network, "it still refuses"};
        if (context->renewed_ms > sighting->last_ms)
                return (struct judgement){SEVERITY_NOTE, account->network, "a leader began anew since"};
        if (account->free.min > 0)
                return (struct judgement){SEVERITY_NOTE, account->network, "it has free addresses now"};
        if (task_got_address(context, sighting->task, account->network->id) ||
            gave_address_since(context->swarm, account->network->id, sighting->last_ms))
                return (struct judgement){SEVERITY_NOTE, account->network, "it gave out addresses since"};
        return (struct judgement){SEVERITY_WARNING, account->network,
                                  "nothing got an address there since, so whether it has any is unknown"};
}

static bool has_vip_on(const struct service *service, const char *network_id)
{
        for (size_t i = 0; i < service->vips.count; i++)
                if (service->vips.items[i].allocated &&
                    text_equal(service->vips.items[i].network_id, network_id))
                        return true;
        return false;
}

/* One that is on ingress alone has its only VIP there. */
static bool has_all_vips(const struct service *service)
{
        if (service->dnsrr)
                return true;
        for_each_attachment (attachment, service)
                if (!has_vip_on(service, attachment->network_id))
                        return false;
        return service->networks.count || (service->vips.count && service->vips.items[0].allocated);
}

static struct judgement judge_service(const struct context *context, const struct sighting *sighting)
{
        const struct service *service = swarm_service_by_id(context->swarm, sighting->subject);

        if (service && !has_all_vips(service))
                return (struct judgement){SEVERITY_CRITICAL, NULL, "it still has none"};
        if (service)
                return (struct judgement){SEVERITY_NOTE, NULL, "it has its VIPs now"};
        if (context->renewed_ms > sighting->last_ms)
                return (struct judgement){SEVERITY_NOTE, NULL, "a leader began anew since"};
        if (is_recent(context, sighting))
                return (struct judgement){SEVERITY_WARNING, NULL,
                                          "the service is gone, and which network refused can't be told"};
        return (struct judgement){SEVERITY_NOTE, NULL, "the service is gone, and it was not refused since"};
}

static struct judgement judge_unallocated(const struct context *context, const struct sighting *sighting)
{
        const struct account *account = account_of_network(context->accounts, sighting->subject);

        if (account && account->verdict == VERDICT_UNALLOCATED)
                return (struct judgement){SEVERITY_CRITICAL, account->network, "it still has no pool"};
        return (struct judgement){SEVERITY_NOTE, account ? account->network : NULL,
                                  account ? "it has a pool now" : "the network is gone"};
}

static struct judgement judge_by_time(const struct context *context, const struct sighting *sighting,
                                      enum severity recent)
{
        if (context->renewed_ms > sighting->last_ms)
                return (struct judgement){SEVERITY_NOTE, NULL, "a leader began anew since"};
        return (struct judgement){is_recent(context, sighting) ? recent : SEVERITY_NOTE, NULL, ""};
}

static struct judgement judge(const struct context *context, const struct sighting *sighting)
{
        const struct signature *signature = sighting->signature;

        if (signature->severity == SEVERITY_NOTE)
                return (struct judgement){SEVERITY_NOTE, NULL, ""};
        if (signature->finding == FINDING_LOG_UNALLOCATED)
                return judge_unallocated(context, sighting);
        if (signature->subject == SUBJECT_NETWORK && *sighting->subject)
                return judge_network(context, sighting);
        if (signature->subject == SUBJECT_SERVICE && *sighting->subject)
                return judge_service(context, sighting);
        return judge_by_time(context, sighting, SEVERITY_WARNING);
}

static const char *name_of(const struct swarm *swarm, const struct sighting *sighting)
{
        const struct service *service = swarm_service_by_id(swarm, sighting->subject);
        const struct network *network = swarm_network_by_id(swarm, sighting->subject);
        const struct node *node = swarm_node_by_id(swarm, sighting->subject);

        return service ? service->name : network ? network->name : node ? node->name : NULL;
}

struct groups {
        LIST(struct group) items;
};

static struct group *find_group(struct groups *groups, const struct signature *signature,
                                const struct judgement *judgement)
{
        for (size_t i = 0; i < groups->items.count; i++) {
                struct group *group = &groups->items.items[i];
                if (group->signature == signature && group->judgement.network == judgement->network &&
                    group->judgement.severity == judgement->severity &&
                    group->judgement.now == judgement->now)
                        return group;
        }
        struct group *group = list_add(&groups->items);
        group->signature = signature;
        group->judgement = *judgement;
        return group;
}

static void add_to_group(const struct context *context, struct groups *groups,
                         const struct sighting *sighting)
{
        struct judgement judgement = judge(context, sighting);
        struct group *group = find_group(groups, sighting->signature, &judgement);

        group->first_ms = group->count ? MIN(group->first_ms, sighting->first_ms) : sighting->first_ms;
        group->last_ms = MAX(group->last_ms, sighting->last_ms);
        group->count += sighting->count;
        group->subjects += *sighting->subject != 0;
        if (!group->name)
                group->name = name_of(context->swarm, sighting);
}

static const char *const subject_words[] = {
        [SUBJECT_NONE] = "",
        [SUBJECT_SERVICE] = "service",
        [SUBJECT_NETWORK] = "network",
        [SUBJECT_NODE] = "node",
};

/* "", " about service web", " about 13 services" */
static char *about(const struct group *group)
{
        const char *word = subject_words[group->signature->subject];

        if (group->subjects == 0)
                return text_copy("");
        if (group->subjects > 1)
                return text_format(" about %zu %ss%s%s%s", group->subjects, word, group->name ? " (" : "",
                                   group->name ? group->name : "", group->name ? ", ...)" : "");
        return group->name ? text_format(" about %s %s", word, group->name)
                           : text_format(" about a %s that is gone", word);
}

static void add_finding(struct findings *findings, const struct group *group)
{
        const struct judgement *judgement = &group->judgement;
        const struct network *network = judgement->network;
        _cleanup_free_ char *first = clock_format(group->first_ms);
        _cleanup_free_ char *last = clock_format(group->last_ms);
        _cleanup_free_ char *subject = about(group);
        char *evidence =
                group->count == 1
                        ? text_format("the engine's log says \"%s\"%s, once, at %s%s%s",
                                      group->signature->text, subject, last, *judgement->now ? ": " : "",
                                      judgement->now)
                        : text_format("the engine's log says \"%s\"%s, %llu times from %s to %s%s%s",
                                      group->signature->text, subject, (unsigned long long)group->count,
                                      first, last, *judgement->now ? ": " : "", judgement->now);
        struct finding *finding = findings_add(findings, group->signature->finding, network,
                                               network ? network->name : group->name, evidence);

        finding->severity = judgement->severity;
        finding->meaning = group->signature->meaning;
}

void diagnose_log(const struct swarm *swarm, const struct accounts *accounts,
                  const struct sightings *sightings, struct findings *findings)
{
        const struct context context = {swarm, accounts, sightings->renewed_ms};
        struct groups groups = {0};

        for (size_t i = 0; i < sightings->items.count; i++)
                add_to_group(&context, &groups, &sightings->items.items[i]);
        for (size_t i = 0; i < groups.items.count; i++)
                add_finding(findings, &groups.items.items[i]);
        free(groups.items.items);
}
