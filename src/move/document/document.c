#include "move/document/document.h"

#include "base/file.h"
#include "host/process.h"
#include "move/document/inside.h"
#include "json/json.h"

#include <inttypes.h>
#include <stdio.h>

#define ENGINE_PID_PATH "/run/docker.pid"

void facts_done(struct facts *facts)
{
        findings_done(&facts->findings);
        sightings_done(&facts->sightings);
        accounts_done(&facts->accounts);
        swarm_done(&facts->swarm);
        host_done(&facts->host);
        free(facts->shown);
        free(facts->log_unknown);
        free(facts->host_unknown);
        free(facts->units_unknown);
        free(facts->engine.version);
        free(facts->engine.system);
        free(facts->engine.kernel);
        free(facts->engine.name);
        for (size_t i = 0; i < facts->units.count; i++) {
                unit_state_done(&facts->units.items[i].state);
                free(facts->units.items[i].unknown);
        }
        free(facts->units.items);
        free(facts->services.items);
        free(facts->networks.items);
}

static int compare_services(const void *a, const void *b)
{
        return strcmp((*(const struct service *const *)a)->name, (*(const struct service *const *)b)->name);
}

static uint64_t first_address(const struct network *network)
{
        return network->subnets.count ? network->subnets.items[0].prefix.address : UINT64_MAX;
}

static int compare_networks(const void *a, const void *b)
{
        uint64_t left = first_address(*(const struct network *const *)a);
        uint64_t right = first_address(*(const struct network *const *)b);

        return (left > right) - (left < right);
}

/* The engine's order is chance. */
static void sort_lists(struct facts *facts)
{
        for_each_service (service, &facts->swarm)
                *list_add(&facts->services) = service;
        for_each_network (network, &facts->swarm)
                *list_add(&facts->networks) = network;
        if (facts->services.count)
                qsort(facts->services.items, facts->services.count, sizeof(void *), compare_services);
        if (facts->networks.count)
                qsort(facts->networks.items, facts->networks.count, sizeof(void *), compare_networks);
}

static bool is_here(const struct engine *engine)
{
        return text_starts_with(engine->description, "unix://");
}

static int gather_engine(struct engine *engine, struct facts *facts, struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_json_ struct json_document *d = NULL;

        if (engine_get(engine, "/info", &body, error) < 0 ||
            json_parse(buffer_text(&body), body.length, &d, error) < 0)
                return -1;
        json_node root = json_root(d);
        facts->engine.version = json_text(d, json_get(d, root, "ServerVersion"));
        facts->engine.system = json_text(d, json_get(d, root, "OperatingSystem"));
        facts->engine.kernel = json_text(d, json_get(d, root, "KernelVersion"));
        facts->engine.name = json_text(d, json_get(d, root, "Name"));
        facts->engine_started_ms = is_here(engine) ? process_started_ms(ENGINE_PID_PATH, "dockerd") : -1;
        return 0;
}

static void gather_log(const struct engine *engine, struct facts *facts)
{
        const char *path = facts->wish->log;
        _cleanup_error_ struct error told = {0};

        if (!path && !is_here(engine))
                facts->log_unknown = text_copy("the engine is not on this machine");
        else if ((path ? log_read_file(path, 0, sightings_take, &facts->sightings, &facts->log, &told)
                       : log_read_journal(NULL, 0, sightings_take, &facts->sightings, &facts->log, &told)) <
                 0)
                facts->log_unknown = text_copy(told.sentence);
        else if (!facts->log.entries)
                facts->log_unknown =
                        text_format("nothing of dockerd's is in %s", path ? path : "this host's journal");
        else
                diagnose_log(&facts->swarm, &facts->accounts, &facts->sightings, &facts->findings);
}

static void gather_host(const struct engine *engine, struct facts *facts)
{
        _cleanup_error_ struct error told = {0};

        if (!is_here(engine))
                facts->host_unknown = text_copy("the engine is not on this machine");
        else if (host_read("", &facts->host, &told) < 0)
                facts->host_unknown = text_copy(told.sentence);
}

int facts_gather(struct engine *engine, struct facts *facts, struct error *error)
{
        if (survey(engine, "*", &facts->swarm, error) < 0 || gather_engine(engine, facts, error) < 0)
                return -1;
        sort_lists(facts);
        facts->shown = text_format("headroom %s", facts->plan->network);
        accounts_of(&facts->swarm, NULL, &facts->accounts);
        findings_of(&facts->swarm, &facts->accounts, &facts->findings);
        diagnose_tasks(&facts->swarm, &facts->findings);
        gather_log(engine, facts);
        gather_host(engine, facts);
        diagnose_overlaps(&facts->swarm, facts->host_unknown ? NULL : &facts->host, &facts->findings);
        diagnose_engines(&facts->swarm, &facts->findings);
        findings_order(&facts->findings);
        facts_gather_units(facts);
        return 0;
}

struct network *facts_network(const struct facts *facts)
{
        return swarm_network_by_id(&facts->swarm, facts->plan->network_id);
}

const struct account *facts_account(const struct facts *facts)
{
        return account_of_network(&facts->accounts, facts->plan->network_id);
}

char *grouped_text(uint64_t number)
{
        char digits[24];
        struct buffer out = {0};
        int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);

        for (int i = 0; i < length; i++)
                buffer_format(&out, "%s%c", i && (length - i) % 3 == 0 ? "," : "", digits[i]);
        return buffer_steal(&out);
}

char *interval_text(struct interval interval)
{
        return interval.min == interval.max
                       ? text_format("%" PRIu64, interval.min)
                       : text_format("%" PRIu64 " to %" PRIu64, interval.min, interval.max);
}

static void document_head(const struct facts *facts, struct buffer *out)
{
        const struct plan *plan = facts->plan;
        _cleanup_free_ char *created = clock_format(plan->created_ms);
        _cleanup_free_ char *taken = clock_format(facts->swarm.taken_ms);

        markdown_heading(out, 1, "Journal: %s from %s to %s", plan->network, plan->old_subnet,
                         plan->new_subnet);
        markdown_paragraph(
                out,
                "Plan %s, made %s by %s on %s. What follows is as of %s and stays as it is; how it goes "
                "on stands in the status page beside it.",
                plan->id, created, plan->author ? plan->author : "?", plan->host ? plan->host : "?", taken);
        buffer_add_text(out, "Each fact stands beside the API path or the command that shows it. The engine "
                             "was asked at ");
        markdown_code(out, plan->engine ? plan->engine : "?");
        buffer_add_text(out, "; a path is asked with ");
        markdown_code(out, "curl --unix-socket SOCKET http://docker/PATH");
        buffer_add_text(out, ".\n\n");
}

int document_write(struct engine *engine, const struct plan *plan, const char *plan_path,
                   const struct document_wish *wish, struct error *error)
{
        static void (*const parts[])(const struct facts *facts, struct buffer *out) = {
                document_head,   document_cause, document_subnets, document_services,  document_roads,
                document_choice, document_patch, document_host,    document_procedure,
        };
        _cleanup_facts_ struct facts facts = {.plan = plan, .plan_path = plan_path, .wish = wish};
        _cleanup_free_ char *path = text_format("%s.journal.md", plan_path);
        _cleanup_buffer_ struct buffer out = {0};

        if (facts_gather(engine, &facts, error) < 0)
                return error_while(error, "gathering the facts of %s", path);
        for (size_t i = 0; i < ELEMENTS(parts); i++)
                parts[i](&facts, &out);
        return file_write(path, out.bytes, out.length, 0600, error);
}
