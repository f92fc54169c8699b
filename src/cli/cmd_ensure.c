#include "cli/command.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/reserve.h"
#include "cli/table.h"
#include "move/ensure.h"
#include "pool/finding.h"

#include <stdio.h>

/* `headroom ensure FILE`: declared networks exist; what differs is told, never changed. */

#define EXIT_DRIFT    4
#define TIMEOUT_MAX_S 86400
#define MS_A_SECOND   1000

const struct option_spec ensure_specs[] = {
        {"timeout", 0, OPTION_VALUE, "SECONDS",
         "how long to wait for the engine, and then for subnets (else `ensure.timeout` of the "
         "configuration)"},
        OPTION_RESERVE,
        {NULL},
};

static const struct column columns[] = {
        {"Network", "NETWORK", false, true},
        {"State", "STATE", false, false},
        {"Subnet", "SUBNET", false, false},
        {"Field", "FIELD", false, true},
        {"Declared", "DECLARED", false, true},
        {"Found", "FOUND", false, true},
        {NULL},
};

static const struct {
        const char *name;
        enum colour colour;
} states[] = {
        [ENSURE_PRESENT] = {"as declared", COLOUR_GOOD},
        [ENSURE_CREATED] = {"created", COLOUR_GOOD},
        [ENSURE_DRIFT] = {"drift", COLOUR_BAD},
        [ENSURE_EXTERNAL] = {"external, skipped", COLOUR_FAINT},
};

static void show_waiting(_unused_ void *userdata, const char *text)
{
        progress_show("waiting: %s", text);
}

static void add_row(struct table *table, const struct ensured *ensured, const struct difference *difference)
{
        table_add_row(table);
        table_text(table, "Network", ensured->declared->name, COLOUR_NONE);
        table_text(table, "State", states[ensured->state].name, states[ensured->state].colour);
        if (ensured->subnet)
                table_text(table, "Subnet", ensured->subnet, COLOUR_NONE);
        if (!difference)
                return;
        table_text(table, "Field", difference->field, COLOUR_NONE);
        table_text(table, "Declared", difference->declared, COLOUR_NONE);
        table_text(table, "Found", difference->found, COLOUR_NONE);
}

static void add_rows(struct table *table, const struct ensured *ensured)
{
        if (ensured->differences.items.count == 0)
                add_row(table, ensured, NULL);
        for (size_t i = 0; i < ensured->differences.items.count; i++)
                add_row(table, ensured, &ensured->differences.items.items[i]);
}

/* The subnet can be moved to under the network's name; all else takes a network that nobody uses. */
static void print_next(const struct invocation *invocation, const struct ensured *ensured)
{
        _cleanup_free_ char *name = text_shell_word(ensured->declared->name);
        size_t others = 0;
        bool subnet = false;

        for (size_t i = 0; i < ensured->differences.items.count; i++) {
                bool is_subnet = text_equal(ensured->differences.items.items[i].field, "ipam.subnet");
                subnet = subnet || is_subnet;
                others += !is_subnet;
        }
        if (subnet) {
                _cleanup_free_ char *places = invocation_places(invocation);
                _cleanup_free_ char *way = text_format("--subnet %s", ensured->declared->subnet);
                _cleanup_free_ char *command = finding_plan_command(places, ensured->declared->name, way);
                fprintf(stderr, "next: %s\n", command);
        }
        if (others)
                fprintf(stderr,
                        "next: %s of %s can't be changed while it exists: either change %s, or, when nothing "
                        "is on "
                        "it, docker network rm %s and ensure it again\n",
                        subnet ? "what else differs" : "what differs", name, invocation->words[0], name);
}

static int report(const struct invocation *invocation, const struct ensure_result *result,
                  struct error *error)
{
        _cleanup_table_ struct table *table = table_new(columns);
        bool drift = false;

        for (size_t i = 0; i < result->networks.count; i++)
                add_rows(table, &result->networks.items[i]);
        if (table_print(table, invocation_value(invocation, "format"),
                        !invocation_flag(invocation, "no-header"), error) < 0)
                return -1;
        fflush(stdout);
        for (size_t i = 0; i < result->networks.count; i++) {
                if (result->networks.items[i].state != ENSURE_DRIFT)
                        continue;
                drift = true;
                print_next(invocation, &result->networks.items[i]);
        }
        return drift ? EXIT_DRIFT : 0;
}

static int parse_timeout(const char *text, uint64_t otherwise_s, int64_t *ret_ms, struct error *error)
{
        uint64_t seconds = otherwise_s;

        if (text && (!text_to_u64(text, &seconds) || seconds == 0 || seconds > TIMEOUT_MAX_S))
                return error_set(error, ERROR_USAGE, "--timeout takes seconds from 1 to %d, not '%s'",
                                 TIMEOUT_MAX_S, text);
        *ret_ms = (int64_t)seconds * MS_A_SECOND;
        return 0;
}

static int ensure(const struct invocation *invocation, const struct declared *declared,
                  const struct ensure_options *options, struct ensure_result *result, struct error *error)
{
        _cleanup_(engine_address_done) struct engine_address address = {0};
        _cleanup_engine_ struct engine *engine = NULL;
        _cleanup_swarm_ struct swarm swarm = {0};

        if (engine_address_resolve(invocation_value(invocation, "host"),
                                   invocation_value(invocation, "context"), &address, error) < 0)
                return -1;
        if (ensure_open(&address, options, &engine, &swarm, error) < 0 ||
            ensure_networks(engine, &swarm, declared, options, result, error) < 0)
                return -1;
        progress_clear();
        return report(invocation, result, error);
}

static int prepare(const struct invocation *invocation, const struct settings *settings,
                   struct declared *declared, struct reserve *reserve, struct ensure_options *options,
                   struct error *error)
{
        if (table_check_format(columns, invocation_value(invocation, "format"), error) < 0 ||
            parse_timeout(invocation_value(invocation, "timeout"), settings->ensure_timeout_s,
                          &options->timeout_ms, error) < 0 ||
            reserve_gather(invocation, settings, reserve, error) < 0)
                return -1;
        options->reserved = reserve->ranges.items;
        options->reserved_count = reserve->ranges.count;
        options->waiting = show_waiting;
        return declared_read(invocation->words[0], declared, error);
}

int command_ensure(const struct invocation *invocation)
{
        _cleanup_error_ struct error error = {0};
        _cleanup_settings_ struct settings settings = {0};
        _cleanup_reserve_ struct reserve reserve = {0};
        _cleanup_declared_ struct declared declared = {0};
        _cleanup_ensure_result_ struct ensure_result result = {0};
        struct ensure_options options = {0};

        if (invocation_settings(invocation, &settings, &error) < 0 ||
            prepare(invocation, &settings, &declared, &reserve, &options, &error) < 0)
                return invocation_fail(invocation, &error);
        int code = ensure(invocation, &declared, &options, &result, &error);
        if (code >= 0)
                return code;
        code = invocation_fail(invocation, &error);
        return result.changed ? 1 : code; /* "refused" would say that nothing was changed */
}
