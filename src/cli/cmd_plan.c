#include "cli/command.h"
#include "cli/commands.h"
#include "cli/document_cli.h"
#include "cli/plan_patch.h"
#include "cli/plan_view.h"
#include "cli/reserve.h"
#include "cli/review_cli.h"

#include <stdio.h>

/* `headroom plan NET --size N | --subnet S -o FILE`, and `headroom plan --show FILE`. */

const struct option_spec plan_options[] = {
        {"size", 0, OPTION_VALUE, "BITS", "prefix length of the new subnet: 16 for a /16"},
        {"subnet", 0, OPTION_VALUE, "CIDR", "this new subnet, instead of one that headroom chooses"},
        {"output", 'o', OPTION_VALUE, "FILE", "where to write the plan"},
        OPTION_RESERVE,
        {"edge", 0, OPTION_VALUE, "SERVICE,...",
         "services that pass requests on to the others; otherwise those that publish ports"},
        OPTION_PATCH,
        OPTION_IN_PLACE,
        {"key", 0, OPTION_VALUE, "KEY",
         "SSH key of who plans, private or public: its reviews will not count; signs the plan when it can"},
        {"log", 0, OPTION_VALUE, "FILE",
         "the engine's log for the journal page, where it is not in this host's"},
        {"show", 0, OPTION_VALUE, "FILE", "show a plan that was made before"},
        {NULL},
};

static int parse_size(const char *text, uint8_t *ret_bits, struct error *error)
{
        uint64_t bits;

        if (text && text[0] == '/')
                text++;
        if (!text_to_u64(text, &bits) || bits > 32)
                return error_set(error, ERROR_USAGE, "--size takes a prefix length such as 16, not %s", text);
        *ret_bits = (uint8_t)bits;
        return 0;
}

/* The configured edges as --edge would name them; NULL when there are none. */
static char *configured_edges(const struct settings *settings)
{
        struct buffer list = {0};

        for (size_t i = 0; i < settings->edges.items.count; i++)
                buffer_format(&list, "%s%s", i ? "," : "", settings->edges.items.items[i].text);
        return list.length ? buffer_steal(&list) : NULL;
}

/* *ret_undocumented: the plan is written, and a page beside it is not. */
static int make_and_write(const struct invocation *invocation, const struct plan_wish *wish,
                          bool *ret_undocumented, struct error *error)
{
        const char *path = invocation_value(invocation, "output");
        _cleanup_engine_ struct engine *engine = NULL;
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_buffer_ struct buffer diff = {0};
        _cleanup_free_ char *planner = NULL;

        if (planner_find(invocation, wish->settings, &planner, error) < 0 ||
            invocation_open_engine(invocation, &engine, error) < 0 ||
            plan_make(engine, wish, &plan, error) < 0 || plan_patch_make(invocation, &plan, error) < 0 ||
            plan_patch_diff(&plan, &diff, error) < 0)
                return -1;
        plan.planner = steal_pointer(planner);
        if (path && (plan_patch_write(&diff, path, error) < 0 ||
                     plan_write_signed(invocation, &plan, path, error) < 0))
                return -1;
        plan_view(&plan, false);
        plan_patch_tell(&plan, path, &diff);
        if (!path) {
                printf("\nNothing has been written or changed. Save the plan with -o FILE to run it.\n");
                return 0;
        }
        *ret_undocumented = documents_write(invocation, engine, wish->settings, &plan, path) < 0;
        _cleanup_free_ char *places = invocation_places(invocation);
        _cleanup_free_ char *file = text_shell_word(path);
        printf("\nWritten to %s, with its pages %s.journal.md and %s.status.md. Nothing has been changed. "
               "Run it with: headroom apply %s%s\n",
               path, path, path, places, file);
        return 0;
}

/* What --show would take no notice of. */
static int refuse_making(const struct invocation *invocation, struct error *error)
{
        static const char *const options[] = {"size", "subnet", "output", "reserve",
                                              "edge", "patch",  "key",    "log"};

        if (invocation->word_count)
                return error_set(error, ERROR_USAGE, "--show shows the plan in a file, and names no network");
        for (size_t i = 0; i < ELEMENTS(options); i++)
                if (invocation_value(invocation, options[i]))
                        return error_set(error, ERROR_USAGE, "--show makes no plan, and takes no --%s",
                                         options[i]);
        return 0;
}

/* A plan is no table, and a format that is not heeded would be taken for one that is. */
static int check_format(const struct invocation *invocation, bool shown, struct error *error)
{
        const char *format = invocation_value(invocation, "format");

        if (!format || text_equal(format, "table") || (shown && text_equal(format, "json")))
                return 0;
        if (shown)
                return error_set(error, ERROR_USAGE,
                                 "--show gives a plan as text or with --format json, not %s", format);
        return error_set(error, ERROR_USAGE,
                         "a plan is told as text when it is made; afterwards `headroom plan --show FILE "
                         "--format json` gives it as JSON");
}

static int show(const struct invocation *invocation, const char *path, struct error *error)
{
        _cleanup_plan_ struct plan plan = {0};

        if (refuse_making(invocation, error) < 0 || check_format(invocation, true, error) < 0 ||
            plan_read(path, &plan, error) < 0)
                return -1;
        if (text_equal(invocation_value(invocation, "format"), "json")) {
                _cleanup_buffer_ struct buffer json = {0};
                plan_format(&plan, true, &json);
                printf("%s\n", buffer_text(&json));
                return 0;
        }
        plan_view(&plan, false);
        plan_patch_tell(&plan, path, NULL);
        return 0;
}

static int plan_check_output(const struct invocation *invocation, struct error *error)
{
        const char *path = invocation_value(invocation, "output");

        if (!path && invocation_value(invocation, "log"))
                return error_set(error, ERROR_USAGE,
                                 "--log is for the journal page beside the plan: say where with -o FILE");
        return path ? output_check(path, error) : 0;
}

static int plan_network(const struct invocation *invocation, bool *ret_undocumented, struct error *error)
{
        const char *size = invocation_value(invocation, "size");
        _cleanup_settings_ struct settings settings = {0};
        _cleanup_reserve_ struct reserve reserve = {0};
        _cleanup_free_ char *places = invocation_places(invocation);
        struct plan_wish wish = {.places = places,
                                 .subnet = invocation_value(invocation, "subnet"),
                                 .edges = invocation_value(invocation, "edge")};

        if (invocation->word_count == 0)
                return error_set(error, ERROR_USAGE, "name a network: headroom plan NET --size 16 -o FILE");
        wish.network = invocation->words[0];
        if (check_format(invocation, false, error) < 0 || plan_patch_check(invocation, error) < 0 ||
            plan_check_output(invocation, error) < 0)
                return -1;
        if (!size == !wish.subnet)
                return error_set(error, ERROR_USAGE, "give either --size BITS or --subnet CIDR");
        if (size && parse_size(size, &wish.length_bits, error) < 0)
                return -1;
        if (invocation_check_list(invocation, "edge", "names of services", error) < 0)
                return -1;
        if (invocation_settings(invocation, &settings, error) < 0 ||
            reserve_gather(invocation, &settings, &reserve, error) < 0)
                return -1;
        wish.settings = &settings;
        wish.reserved = reserve.ranges.items;
        wish.reserved_count = reserve.ranges.count;
        _cleanup_free_ char *edges = configured_edges(&settings);
        if (!wish.edges)
                wish.edges = edges;
        return make_and_write(invocation, &wish, ret_undocumented, error);
}

int command_plan(const struct invocation *invocation)
{
        const char *shown = invocation_value(invocation, "show");
        _cleanup_error_ struct error error = {0};
        bool undocumented = false;

        if ((shown ? show(invocation, shown, &error) : plan_network(invocation, &undocumented, &error)) < 0)
                return invocation_fail(invocation, &error);
        return undocumented ? 1 : 0;
}
