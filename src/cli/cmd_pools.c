#include "cli/command.h"
#include "cli/commands.h"
#include "cli/finding_view.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/unfinished.h"
#include "pool/account.h"
#include "pool/finding.h"

#include <inttypes.h>
#include <stdio.h>

/* `headroom [NET]`: like df, a line an overlay; with NET, a line a holder. */

#define BAR_CELLS 10

const struct option_spec pools_options[] = {
        {"from", 0, OPTION_VALUE, "FILE", "read a snapshot of `headroom survey` instead of an engine"},
        {NULL},
};

static const struct column pool_columns[] = {
        {"Network", "NETWORK", false, true},
        {"Subnet", "SUBNET", false, false},
        {"Capacity", "SIZE", true, false},
        {"Vips", "VIPS", true, false, 4},
        {"Tasks", "TASKS", true, false, 3},
        {"Nodes", "NODES", true, false, 5},
        {"Attachments", "ATTACHED", true, false, 6},
        {"Leaked", "LEAKED", true, false},
        {"Free", "FREE", true, false},
        {"Use", "USE", false, false, 2},
        {"Verdict", "VERDICT", false, true},
        {"Id", NULL, false, false},
        {"Owned", NULL, true, false},
        {"LeakedMax", NULL, true, false},
        {"LeakedReason", NULL, false, false},
        {"FreeMin", NULL, true, false},
        {"FreeMax", NULL, true, false},
        {"Stuck", NULL, true, false},
        {NULL},
};

static const struct column holder_columns[] = {
        {"Address", "ADDRESS", false, false}, {"Kind", "KIND", false, false},
        {"Name", "NAME", false, true},        {"Node", "NODE", false, false},
        {"State", "STATE", false, true},      {"Inferred", NULL, false, false},
        {"Id", NULL, false, false},           {NULL},
};

static enum colour verdict_colour(enum verdict verdict)
{
        switch (verdict) {
        case VERDICT_FINE:
                return COLOUR_GOOD;
        case VERDICT_UNPROVEN:
        case VERDICT_UNCOUNTED:
                return COLOUR_NONE;
        case VERDICT_LEAKING:
        case VERDICT_NEAR_FULL:
                return COLOUR_WARN;
        default:
                return COLOUR_BAD;
        }
}

/* "10.0.1.0/24", or the first of several and how many more there are. */
static char *subnet_text(const struct network *network)
{
        if (network->subnets.count == 0)
                return text_copy("-");
        if (network->subnets.count == 1)
                return text_copy(network->subnets.items[0].text);
        return text_format("%s +%zu", network->subnets.items[0].text, network->subnets.count - 1);
}

static void set_interval(struct table *table, const char *field, const struct interval *interval,
                         enum colour colour)
{
        if (interval->min == interval->max) {
                table_number(table, field, interval->min, colour);
                return;
        }
        _cleanup_free_ char *shown = text_format("%s%" PRIu64, interval->min ? "" : "<=", interval->max);
        if (interval->min)
                table_shown(table, field, "?", COLOUR_FAINT);
        else
                table_shown(table, field, shown, COLOUR_FAINT);
}

/* Of a pool that is not of IPv4. */
static void set_uncounted(struct table *table)
{
        static const char *const fields[] = {"Capacity", "Leaked", "LeakedMax", "Free", "FreeMin", "FreeMax"};

        for (size_t i = 0; i < ELEMENTS(fields); i++)
                table_shown(table, fields[i], "?", COLOUR_FAINT);
}

static void set_room(struct table *table, const struct account *account)
{
        table_number(table, "Capacity", account->capacity, COLOUR_NONE);
        if (account_leaked_known(account))
                table_number(table, "Leaked", account->leaked.min,
                             account->leaked.min ? COLOUR_BAD : COLOUR_NONE);
        else
                table_shown(table, "Leaked", "?", COLOUR_FAINT);
        table_number(table, "LeakedMax", account->leaked.max, COLOUR_NONE);
        set_interval(table, "Free", &account->free, account->free.max ? COLOUR_NONE : COLOUR_BAD);
        table_number(table, "FreeMin", account->free.min, COLOUR_NONE);
        table_number(table, "FreeMax", account->free.max, COLOUR_NONE);
}

static void add_pool(struct table *table, const struct account *account)
{
        _cleanup_free_ char *subnet = subnet_text(account->network);
        _cleanup_free_ char *bar =
                table_bar(account->owned + account->leaked.min, account->capacity, BAR_CELLS);
        enum colour colour = verdict_colour(account->verdict);

        table_add_row(table);
        table_text(table, "Network", account->network->name, COLOUR_NONE);
        table_text(table, "Id", account->network->id, COLOUR_NONE);
        table_text(table, "Subnet", subnet, COLOUR_NONE);
        if (account->counted)
                set_room(table, account);
        else
                set_uncounted(table);
        table_number(table, "Vips", account->counts[HOLDER_VIP], COLOUR_NONE);
        table_number(table, "Tasks", account->counts[HOLDER_TASK], COLOUR_NONE);
        table_number(table, "Nodes", account->counts[HOLDER_NODE], COLOUR_NONE);
        table_number(table, "Attachments", account->counts[HOLDER_ATTACHMENT], COLOUR_NONE);
        table_number(table, "Owned", account->owned, COLOUR_NONE);
        table_text(table, "LeakedReason", account->leaked_reason, COLOUR_NONE);
        table_number(table, "Stuck", account->stuck, COLOUR_NONE);
        table_text(table, "Use", bar, colour);
        table_text(table, "Verdict", verdict_name(account->verdict), colour);
}

static void add_holder(struct table *table, const struct holder *holder)
{
        char address[ADDRESS_TEXT_SIZE] = "";

        table_add_row(table);
        if (holder->address_known) {
                address_format(holder->address, address);
                table_text(table, "Address", address, COLOUR_NONE);
        } else {
                table_shown(table, "Address", "?", COLOUR_FAINT);
        }
        table_text(table, "Kind", holder_kind_name(holder->kind), COLOUR_NONE);
        table_text(table, "Name", holder->name, COLOUR_NONE);
        table_text(table, "Node", holder->node ? holder->node : "", COLOUR_NONE);
        table_text(table, "State",
                   holder->inferred ? "inferred"
                   : holder->state  ? holder->state
                                    : "",
                   holder->inferred ? COLOUR_FAINT : COLOUR_NONE);
        table_bool(table, "Inferred", holder->inferred);
        if (holder->id)
                table_text(table, "Id", holder->id, COLOUR_NONE);
}

static bool is_table(const struct invocation *invocation)
{
        const char *format = invocation_value(invocation, "format");

        return !format || text_equal(format, "table");
}

static int print_pools(const struct invocation *invocation, const struct accounts *accounts,
                       struct error *error)
{
        _cleanup_table_ struct table *table = table_new(pool_columns);

        for_each_account (account, accounts)
                add_pool(table, account);
        return table_print(table, invocation_value(invocation, "format"),
                           !invocation_flag(invocation, "no-header"), error);
}

static int print_holders(const struct invocation *invocation, const struct account *account,
                         struct error *error)
{
        _cleanup_table_ struct table *table = table_new(holder_columns);

        for (size_t i = 0; i < account->holders.count; i++)
                add_holder(table, &account->holders.items[i]);
        if (table_print(table, invocation_value(invocation, "format"),
                        !invocation_flag(invocation, "no-header"), error) < 0)
                return -1;
        if (!is_table(invocation))
                return 0;
        _cleanup_free_ char *name = terminal_printable(account->network->name);
        if (!account->counted) {
                printf("\n%s: %" PRIu64 " addresses owned (%s)\n", name, account->owned,
                       account->leaked_reason);
                return 0;
        }
        printf("\n%s: %" PRIu64 " of %" PRIu64 " addresses owned, ", name, account->owned, account->capacity);
        if (account_leaked_known(account))
                printf("%" PRIu64 " leaked, %" PRIu64 " free (%s)\n", account->leaked.min, account->free.min,
                       account->leaked_reason);
        else
                printf("leaked: 0 to %" PRIu64 " (%s)\n", account->leaked.max, account->leaked_reason);
        return 0;
}

static int read_swarm(const struct invocation *invocation, const char *network, struct swarm *ret_swarm,
                      struct error *error)
{
        _cleanup_engine_ struct engine *engine = NULL;

        if (invocation_value(invocation, "from"))
                return invocation_read_snapshot(invocation, ret_swarm, error);
        if (invocation_open_engine(invocation, &engine, error) < 0)
                return -1;
        return survey(engine, network ? "*" : NULL, ret_swarm, error);
}

static int find_account(const struct accounts *accounts, const struct network *network,
                        const struct account **ret_account, struct error *error)
{
        *ret_account = account_of_network(accounts, network->id);
        if (!*ret_account)
                return error_set(error, ERROR_USAGE,
                                 "%s is a local %s network of this node, not an overlay of the swarm: it has "
                                 "no shared pool",
                                 network->name, network->driver);
        return 0;
}

/* As the doctor does. The configuration, which says where locks are, is of no use here otherwise. */
static int judge_moves(const struct invocation *invocation, struct findings *findings, struct error *error)
{
        _cleanup_settings_ struct settings settings = {0};

        if (!unfinished_any(findings))
                return 0;
        if (invocation_settings(invocation, &settings, error) < 0 ||
            unfinished_judge(findings, settings.state, NULL, error) < 0)
                return -1;
        findings_order(findings);
        return 0;
}

int command_pools(const struct invocation *invocation)
{
        const char *name = invocation->word_count ? invocation->words[0] : NULL;
        _cleanup_error_ struct error error = {0};
        _cleanup_swarm_ struct swarm swarm = {0};
        _cleanup_accounts_ struct accounts accounts = {0};
        _cleanup_findings_ struct findings findings = {0};
        const struct account *one = NULL;
        struct network *network = NULL;

        if (read_swarm(invocation, name, &swarm, &error) < 0 ||
            (name && swarm_find_network(&swarm, name, &network, &error) < 0))
                return invocation_fail(invocation, &error);
        accounts_of(&swarm, network ? network->id : NULL, &accounts);
        findings_of(&swarm, &accounts, &findings);
        if ((network && find_account(&accounts, network, &one, &error) < 0) ||
            judge_moves(invocation, &findings, &error) < 0)
                return invocation_fail(invocation, &error);
        if (!one)
                swarm_forget_tasks(&swarm); /* the table of all pools tells of none */
        if ((one ? print_holders(invocation, one, &error) : print_pools(invocation, &accounts, &error)) < 0)
                return invocation_fail(invocation, &error);
        _cleanup_free_ char *places = invocation_places(invocation);
        if (is_table(invocation))
                findings_print(&findings, one ? one->network : NULL, places);
        return findings_exit_code(&findings);
}
