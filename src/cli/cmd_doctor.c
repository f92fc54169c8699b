#include "cli/command.h"
#include "cli/commands.h"
#include "cli/finding_view.h"
#include "cli/table.h"
#include "cli/unfinished.h"

#include "base/clock.h"
#include "host/host.h"
#include "host/log.h"
#include "move/leftover.h"
#include "pool/diagnose.h"

#include <inttypes.h>
#include <stdio.h>

/*
 * `headroom doctor`: everything that can be looked at without writing, as findings. What can't be looked at
 * is a finding, too: nobody shall take silence for health.
 */

const struct option_spec doctor_options[] = {
        {"log", 0, OPTION_VALUE, "FILE",
         "read the engine's log from a file ('-': standard input), not the journal"},
        {"since", 0, OPTION_VALUE, "TIME",
         "the log since then: 90m, 12h, 7d, or 2026-03-01T12:00:00Z; else all"},
        {"from", 0, OPTION_VALUE, "FILE", "look at a snapshot of `headroom survey` instead of an engine"},
        {NULL},
};

static const struct column columns[] = {
        {"Severity", "SEVERITY", false, false},
        {"Kind", "KIND", false, false},
        {"Subject", "SUBJECT", false, true},
        {"Evidence", "EVIDENCE", false, true},
        {"Meaning", NULL, false, false},
        {"Next", NULL, false, false},
        {NULL},
};

struct examination {
        const struct invocation *invocation;
        struct engine *engine; /* NULL: a snapshot */
        bool here;             /* the engine runs on this machine, as far as its address tells */
        int64_t since_ms;
        struct settings settings;
        struct swarm swarm;
        struct accounts accounts;
        struct findings findings;
        struct sightings sightings;
        struct log_reach log;
        bool host_read;
};

static void examination_done(struct examination *examination)
{
        findings_done(&examination->findings);
        accounts_done(&examination->accounts);
        sightings_done(&examination->sightings);
        swarm_done(&examination->swarm);
        settings_done(&examination->settings);
        engine_free(examination->engine);
}

static void not_looked(struct examination *x, const char *next, char *what)
{
        _cleanup_free_ char *owned = what;
        struct finding *finding = findings_add(&x->findings, FINDING_NOT_LOOKED, NULL, NULL,
                                               text_format("not looked at: %s", owned));

        finding->next = text_copy(next);
}

/* "90m" and the like, or a time. */
static int parse_since(const char *text, int64_t *ret_ms, struct error *error)
{
        static const struct {
                char unit;
                int64_t ms;
        } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
        size_t length = strlen(text);
        _cleanup_free_ char *number = text_copy_n(text, length ? length - 1 : 0);
        int64_t now_ms = clock_wall_ms();
        uint64_t value;

        for (size_t i = 0; length && i < ELEMENTS(units); i++)
                if (text[length - 1] == units[i].unit && text_to_u64(number, &value) &&
                    value < (uint64_t)(now_ms / units[i].ms)) {
                        *ret_ms = now_ms - (int64_t)value * units[i].ms;
                        return 0;
                }
        *ret_ms = clock_parse(text);
        return *ret_ms > 0 ? 0
                           : error_set(error, ERROR_USAGE,
                                       "--since is a time like 2026-03-01T12:00:00Z, or how long ago it was, "
                                       "like 90m, 12h or 7d, not '%s'",
                                       text);
}

static int read_swarm(struct examination *x, struct error *error)
{
        if (invocation_value(x->invocation, "from"))
                return invocation_read_snapshot(x->invocation, &x->swarm, error);
        if (invocation_open_engine(x->invocation, &x->engine, error) < 0)
                return -1;
        x->here = text_starts_with(x->engine->description, "unix://");
        return survey(x->engine, "*", &x->swarm, error);
}

/* ---- the engine's log ---- */

#define LOG_NEXT "headroom doctor --log FILE"

static int read_log_file(struct examination *x, const char *path, struct error *error)
{
        if (log_read_file(path, x->since_ms, sightings_take, &x->sightings, &x->log, error) < 0)
                return -1;
        if (x->log.entries == 0)
                not_looked(x, LOG_NEXT,
                           text_format("the engine's log: no line of %s is dockerd's%s", path,
                                       x->since_ms ? " and as young as --since wants it" : ""));
        return 0;
}

static void read_journal(struct examination *x)
{
        _cleanup_error_ struct error told = {0};

        if (!x->here)
                not_looked(x, LOG_NEXT, text_copy("the engine's log: the engine is not on this machine"));
        else if (log_read_journal(NULL, x->since_ms, sightings_take, &x->sightings, &x->log, &told) < 0)
                not_looked(x, LOG_NEXT, text_format("the engine's log: %s", told.sentence));
        else if (x->log.entries == 0)
                not_looked(x, LOG_NEXT,
                           text_copy("the engine's log: the journal has nothing of docker.service since then "
                                     "that this user may read"));
}

/* The allocator works, and logs, on the leader only. */
static void tell_other_logs(struct examination *x)
{
        size_t managers = 0;

        for_each_node (node, &x->swarm)
                managers += node->manager;
        if (managers > 1)
                not_looked(x, LOG_NEXT,
                           text_copy("the logs of the other managers: what the allocator says stands in the "
                                     "log of whichever led at that time"));
}

static int look_at_log(struct examination *x, struct error *error)
{
        const char *path = invocation_value(x->invocation, "log");

        if (path && read_log_file(x, path, error) < 0)
                return -1;
        if (!path)
                read_journal(x);
        if (x->log.entries)
                tell_other_logs(x);
        diagnose_log(&x->swarm, &x->accounts, &x->sightings, &x->findings);
        return 0;
}

/* ---- this host ---- */

static void look_at_host(struct examination *x)
{
        _cleanup_host_ struct host host = {0};
        _cleanup_error_ struct error told = {0};

        if (!x->here)
                not_looked(x, NULL,
                           text_copy("addresses, routes and resolvers of the engine's machine, because it is "
                                     "not this one"));
        else if (host_read("", &host, &told) < 0)
                not_looked(x, NULL,
                           text_format("addresses, routes and resolvers of this host: %s", told.sentence));
        else
                x->host_read = true;
        if (x->swarm.nodes.count > 1)
                not_looked(
                        x, NULL,
                        text_format("addresses, routes, bridges and resolvers of the %zu other node%s: only "
                                    "the node itself tells",
                                    x->swarm.nodes.count - 1, x->swarm.nodes.count == 2 ? "" : "s"));
        diagnose_overlaps(&x->swarm, x->host_read ? &host : NULL, &x->findings);
}

/* ---- what headroom left ---- */

static int look_at_leftovers(struct examination *x, struct error *error)
{
        _cleanup_leftovers_ struct leftovers leftovers = {0};

        if (unfinished_judge(&x->findings, x->settings.state, x->engine, error) < 0)
                return -1;
        if (!x->engine) {
                not_looked(
                        x, NULL,
                        text_copy("containers and images that headroom may have left: a snapshot has none"));
                return 0;
        }
        if (leftovers_find(x->engine, &x->swarm, &leftovers, error) < 0)
                return -1;
        for (size_t i = 0; i < leftovers.items.count; i++) {
                struct leftover *leftover = &leftovers.items.items[i];
                struct finding *finding = findings_add(&x->findings, FINDING_LEFTOVER, NULL, NULL,
                                                       steal_pointer(leftover->evidence));
                finding->next = steal_pointer(leftover->next);
                finding->severity = leftover->harmless ? SEVERITY_NOTE : finding->severity;
        }
        return 0;
}

static int examine(struct examination *x, struct error *error)
{
        const char *since = invocation_value(x->invocation, "since");

        if (since && parse_since(since, &x->since_ms, error) < 0)
                return -1;
        if (invocation_settings(x->invocation, &x->settings, error) < 0 || read_swarm(x, error) < 0)
                return -1;
        accounts_of(&x->swarm, NULL, &x->accounts);
        findings_of(&x->swarm, &x->accounts, &x->findings);
        if (look_at_log(x, error) < 0 || look_at_leftovers(x, error) < 0)
                return -1;
        look_at_host(x);
        diagnose_tasks(&x->swarm, &x->findings);
        diagnose_engines(&x->swarm, &x->findings);
        findings_order(&x->findings);
        return 0;
}

/* ---- what is shown ---- */

static int print_table(const struct examination *x, const char *format, struct error *error)
{
        _cleanup_table_ struct table *table = table_new(columns);

        for (size_t i = 0; i < x->findings.items.count; i++) {
                const struct finding *finding = &x->findings.items.items[i];
                table_add_row(table);
                table_text(table, "Severity", severity_name(finding->severity), COLOUR_NONE);
                table_text(table, "Kind", finding_kind_name(finding->kind), COLOUR_NONE);
                if (finding->subject)
                        table_text(table, "Subject", finding->subject, COLOUR_NONE);
                table_text(table, "Evidence", finding->evidence, COLOUR_NONE);
                if (finding->meaning)
                        table_text(table, "Meaning", finding->meaning, COLOUR_NONE);
                if (finding->next)
                        table_text(table, "Next", finding->next, COLOUR_NONE);
        }
        return table_print(table, format, !invocation_flag(x->invocation, "no-header"), error);
}

static size_t count(const struct findings *findings, enum severity severity)
{
        size_t found = 0;

        for (size_t i = 0; i < findings->items.count; i++)
                found += findings->items.items[i].severity == severity;
        return found;
}

/* Each node that joins takes an address of ingress, whatever runs there. */
static void print_outlook(const struct examination *x)
{
        for_each_account (account, &x->accounts)
                if (account->network->ingress && account->verdict != VERDICT_UNALLOCATED)
                        printf("ingress has room for %s%" PRIu64
                               " more published services, tasks of theirs, and nodes.\n",
                               account->free.min == account->free.max ? "" : "at most ", account->free.max);
}

static void print_summary(const struct examination *x)
{
        const struct swarm *swarm = &x->swarm;
        _cleanup_free_ char *first = clock_format(x->log.first_ms);
        _cleanup_free_ char *last = clock_format(x->log.last_ms);

        printf("\nLooked at %zu network%s, %zu service%s, %zu task%s and %zu node%s", x->accounts.items.count,
               x->accounts.items.count == 1 ? "" : "s", swarm->services.count,
               swarm->services.count == 1 ? "" : "s", swarm->tasks.count, swarm->tasks.count == 1 ? "" : "s",
               swarm->nodes.count, swarm->nodes.count == 1 ? "" : "s");
        if (x->host_read)
                printf(", this host's addresses, routes and resolvers");
        if (x->log.entries)
                printf(", and %" PRIu64 " lines of the engine's log from %s to %s", x->log.entries, first,
                       last);
        printf(".\n");
        print_outlook(x);
        printf("%zu critical, %zu warning%s, %zu note%s\n", count(&x->findings, SEVERITY_CRITICAL),
               count(&x->findings, SEVERITY_WARNING), count(&x->findings, SEVERITY_WARNING) == 1 ? "" : "s",
               count(&x->findings, SEVERITY_NOTE), count(&x->findings, SEVERITY_NOTE) == 1 ? "" : "s");
}

static int print(const struct examination *x, struct error *error)
{
        const char *format = invocation_value(x->invocation, "format");

        if (format && !text_equal(format, "table"))
                return print_table(x, format, error);
        _cleanup_free_ char *places = invocation_places(x->invocation);
        findings_print(&x->findings, NULL, places);
        print_summary(x);
        return 0;
}

int command_doctor(const struct invocation *invocation)
{
        struct examination x _cleanup_(examination_done) = {.invocation = invocation};
        _cleanup_error_ struct error error = {0};

        if (table_check_format(columns, invocation_value(invocation, "format"), &error) < 0 ||
            examine(&x, &error) < 0 || print(&x, &error) < 0)
                return invocation_fail(invocation, &error);
        return findings_exit_code(&x.findings);
}
