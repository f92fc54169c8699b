#include "move/document/inside.h"

#include <inttypes.h>

/* Why the network is to be moved: what its pool holds, what waits for it, and what the engine said. */

#define TASKS_MAX 30 /* listed one by one */

static const char *const count_names[HOLDER_KINDS] = {
        [HOLDER_GATEWAY] = NULL, /* not among what can be handed out */
        [HOLDER_VIP] = "VIPs of services",
        [HOLDER_TASK] = "tasks",
        [HOLDER_NODE] = "load-balancer endpoints of nodes",
        [HOLDER_ATTACHMENT] = "standalone containers",
        [HOLDER_LOCAL] = "endpoints the allocator did not give out",
};

static const char *const count_sources[HOLDER_KINDS] = {
        [HOLDER_VIP] = "GET /services: Endpoint.VirtualIPs",
        [HOLDER_TASK] = "GET /tasks: NetworksAttachments of tasks not past running",
        [HOLDER_NODE] = "GET /networks/{id} on each node: Containers",
        [HOLDER_ATTACHMENT] = "GET /tasks?filters={\"runtime\":[\"attachment\"]}",
        [HOLDER_LOCAL] = "GET /networks/{id}: Containers",
};

static char *leaked_text(const struct account *account)
{
        _cleanup_free_ char *interval = interval_text(account->leaked);

        if (!account_leaked_known(account))
                return text_format("not known (%s)", account->leaked_reason);
        return text_format("%s (%s)", interval, account->leaked_reason);
}

static void account_table(const struct facts *facts, const struct account *account, struct buffer *out)
{
        static const char *const headers[] = {"pool", "addresses", "shown by"};
        _cleanup_free_ char *capacity = grouped_text(account->capacity);
        _cleanup_free_ char *owned = grouped_text(account->owned);
        _cleanup_free_ char *leaked = leaked_text(account);
        _cleanup_free_ char *free_text = interval_text(account->free);
        struct markdown_table table;

        markdown_table(&table, out, "ttc", headers);
        markdown_row(&table, "subnet", facts->plan->old_subnet, "GET /networks: IPAM.Config");
        markdown_row(&table, "it can hand out", capacity,
                     "2^(32 - prefix) - 3: network, broadcast and gateway");
        for (size_t i = 0; i < HOLDER_KINDS; i++) {
                _cleanup_free_ char *count = grouped_text(account->counts[i]);
                if (count_names[i] && (account->counts[i] || i != HOLDER_LOCAL))
                        markdown_row(&table, count_names[i], count, count_sources[i]);
        }
        markdown_row(&table, "owned, all together", owned, facts->shown);
        markdown_row(&table, "leaked", leaked, facts->shown);
        markdown_row(&table, "free", free_text, facts->shown);
        markdown_row(&table, "it refuses", account->refusing ? "yes, now" : "not that could be seen",
                     facts->shown);
        buffer_add_text(out, "\n");
}

static const char *network_name(const struct facts *facts, const char *id)
{
        const struct network *network = swarm_network_by_id(&facts->swarm, id);

        return network ? network->name : id;
}

/* "proxy, ci-gitea_internal": the overlays the task waits for. */
static char *wanted_by(const struct facts *facts, const struct service *service)
{
        struct buffer names = {0};

        for_each_attachment (attachment, service)
                buffer_format(&names, "%s%s", names.length ? ", " : "",
                              network_name(facts, attachment->network_id));
        return names.length ? buffer_steal(&names) : text_copy("");
}

static void waiting_row(const struct facts *facts, const struct markdown_table *table,
                        const struct task *task)
{
        const struct service *service = swarm_service_by_id(&facts->swarm, task->service_id);
        _cleanup_free_ char *name = text_format("%s.%" PRIu64, service->name, task->slot);
        _cleanup_free_ char *since = clock_format(task->state_since_ms);
        _cleanup_free_ char *networks = wanted_by(facts, service);

        markdown_row(table, name, task_state_name(task->state), since, networks,
                     text_empty(task->error) ? "the engine says nothing" : task->error, "GET /tasks");
}

static bool is_waiting(const struct facts *facts, const struct task *task)
{
        return task->state == TASK_NEW && task->desired == TASK_RUNNING &&
               swarm_service_by_id(&facts->swarm, task->service_id);
}

static void waiting_tasks(const struct facts *facts, struct buffer *out)
{
        static const char *const headers[] = {"task", "state", "since", "its networks", "error", "shown by"};
        struct markdown_table table;
        size_t count = 0;

        for_each_task (task, &facts->swarm)
                count += is_waiting(facts, task);
        markdown_heading(out, 3, "Tasks that wait in New");
        if (!count) {
                markdown_paragraph(out, "None (GET /tasks).");
                return;
        }
        markdown_table(&table, out, "cttctc", headers);
        size_t listed = 0;
        for_each_task (task, &facts->swarm)
                if (is_waiting(facts, task) && ++listed <= TASKS_MAX)
                        waiting_row(facts, &table, task);
        buffer_add_text(out, "\n");
        if (count > TASKS_MAX)
                markdown_paragraph(out, "And %zu more.", count - TASKS_MAX);
}

/* The subject's name, or its ID when it is gone. */
static const char *sighting_subject(const struct facts *facts, const struct sighting *sighting)
{
        const struct service *service = swarm_service_by_id(&facts->swarm, sighting->subject);
        const struct node *node = swarm_node_by_id(&facts->swarm, sighting->subject);

        return service ? service->name : node ? node->name : network_name(facts, sighting->subject);
}

static void log_table(const struct facts *facts, struct buffer *out)
{
        static const char *const headers[] = {"text in the log", "about", "times",
                                              "first",           "last",  "meaning"};
        struct markdown_table table;

        markdown_table(&table, out, "ccnttt", headers);
        for (size_t i = 0; i < facts->sightings.items.count; i++) {
                const struct sighting *sighting = &facts->sightings.items.items[i];
                _cleanup_free_ char *count = grouped_text(sighting->count);
                _cleanup_free_ char *first = clock_format(sighting->first_ms);
                _cleanup_free_ char *last = clock_format(sighting->last_ms);
                markdown_row(&table, sighting->signature->text, sighting_subject(facts, sighting), count,
                             first, last, sighting->signature->meaning);
        }
        buffer_add_text(out, "\n");
}

static void engine_log(const struct facts *facts, struct buffer *out)
{
        const char *source = facts->wish->log ? facts->wish->log : "journalctl -u docker.service";
        _cleanup_free_ char *first = clock_format(facts->log.first_ms);
        _cleanup_free_ char *last = clock_format(facts->log.last_ms);

        markdown_heading(out, 3, "The engine's log");
        if (facts->log_unknown) {
                markdown_paragraph(out, "Not read: %s. So nothing is known of it; --log FILE names one.",
                                   facts->log_unknown);
                return;
        }
        buffer_add_text(out, "Shown by ");
        markdown_code(out, source);
        buffer_format(out, ": %" PRIu64 " lines from %s to %s.\n\n", facts->log.entries, first, last);
        if (facts->sightings.items.count)
                log_table(facts, out);
        else
                markdown_paragraph(out,
                                   "Nothing about addresses is in it. That is no proof of health: the engine "
                                   "repeats nothing.");
}

/* What headroom makes of it all: about NET, or about no network. */
static void conclusions(const struct facts *facts, struct buffer *out)
{
        const struct network *network = facts_network(facts);

        for (size_t i = 0; i < facts->findings.items.count; i++) {
                const struct finding *finding = &facts->findings.items.items[i];
                if (finding->network && finding->network != network)
                        continue;
                markdown_item(out, "%s: %s. %s", severity_name(finding->severity), finding->evidence,
                              finding->meaning);
        }
        buffer_add_text(out, "\nShown by ");
        markdown_code(out, facts->wish->log ? "headroom doctor --log FILE" : "headroom doctor");
        buffer_add_text(out, ".\n\n");
}

void document_cause(const struct facts *facts, struct buffer *out)
{
        const struct account *account = facts_account(facts);

        markdown_heading(out, 2, "Cause");
        conclusions(facts, out);
        markdown_heading(out, 3, "The pool of %s", facts->plan->network);
        if (account)
                account_table(facts, account, out);
        waiting_tasks(facts, out);
        engine_log(facts, out);
}
