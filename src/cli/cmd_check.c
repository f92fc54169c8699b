#include "cli/command.h"
#include "cli/commands.h"
#include "cli/document_cli.h"
#include "cli/review_cli.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "move/check.h"
#include "move/run.h"
#include "settings/settings.h"

#include <stdio.h>

/* `headroom check FILE`: a cold second look at everything a plan rests on, or at what a move has left. */

const struct option_spec check_options[] = {
        {"undo", 0, OPTION_FLAG, NULL, "look at what an undo would rest on"},
        {"log", 0, OPTION_VALUE, "FILE", "the engine's log, where it is not in this host's journal"},
        OPTION_STATE,
        {"sign", 0, OPTION_VALUE, "KEY",
         "write a review beside the plan, signed with this private key (or public key of the agent)"},
        {NULL},
};

static const struct column columns[] = {
        {"Result", "RESULT", false, false, 0},
        {"Subject", "SUBJECT", false, true, 0},
        {"Claim", "CLAIMED", false, true, 1},
        {"Found", "FOUND", false, true, 0},
        {NULL},
};

static const enum colour colours[] = {
        [CHECK_PASS] = COLOUR_GOOD, [CHECK_UNKNOWN] = COLOUR_FAINT, [CHECK_FAIL] = COLOUR_BAD};

static void add_points(struct table *table, const struct check_points *points)
{
        for (size_t i = 0; i < points->items.count; i++) {
                const struct check_point *point = &points->items.items[i];
                table_add_row(table);
                table_text(table, "Result", check_result_name(point->result), colours[point->result]);
                table_text(table, "Subject", point->subject, COLOUR_NONE);
                table_text(table, "Claim", point->claim, COLOUR_FAINT);
                table_text(table, "Found", point->found, COLOUR_NONE);
        }
}

static int print_points(const struct invocation *invocation, const struct check_points *points,
                        const struct check_points *reviews, struct error *error)
{
        _cleanup_table_ struct table *table = table_new(columns);

        add_points(table, points);
        add_points(table, reviews);
        return table_print(table, invocation_value(invocation, "format"),
                           !invocation_flag(invocation, "no-header"), error);
}

/* `again`: the command that would run the plan. Once its move has begun, there is no planning anew. */
static void print_failed(const struct plan *plan, enum check_phase phase, const char *again, bool adoptable)
{
        _cleanup_free_ char *word = text_shell_word(plan->network);
        _cleanup_free_ char *network = terminal_printable(word);

        if (phase == CHECK_DURING && adoptable)
                printf("\nNot every point holds, and `headroom apply` would refuse: take what changed as it "
                       "is, and go on with: %s --adopt\n",
                       again);
        else if (phase == CHECK_DURING)
                printf("\nNot every point holds, and `headroom apply` would refuse: mend what is told above, "
                       "and go on with: %s\n",
                       again);
        else if (adoptable)
                printf("\nNot every point holds: plan again with `headroom plan %s ...`, or take what "
                       "changed as it is: %s --adopt\n",
                       network, again);
        else
                printf("\nNot every point holds, and `headroom apply` would refuse: mend what is told above, "
                       "or plan again with `headroom plan %s ...`\n",
                       network);
}

static void print_verdict(const struct invocation *invocation, const struct plan *plan,
                          enum check_phase phase, const struct check_points *points, bool reviewed)
{
        const char *undo = invocation_flag(invocation, "undo") ? "--undo " : "";
        const char *format = invocation_value(invocation, "format");
        bool passed = check_passed(points);
        _cleanup_free_ char *places = invocation_places(invocation);
        _cleanup_free_ char *file = text_shell_word(invocation->words[0]);
        _cleanup_free_ char *again = text_format("headroom apply %s%s%s", places, undo, file);

        if (format && !text_equal(format, "table"))
                return;
        if (phase == CHECK_AFTER)
                printf("\n%s\n", passed ? "The move has arrived whole." : "The move has NOT arrived whole.");
        else if (passed && !reviewed)
                printf("\nEvery point holds, but reviews are missing. By somebody else than who planned: "
                       "headroom check %s--sign KEY %s\n",
                       places, file);
        else if (passed)
                printf("\nEvery point holds. %s: %s\n", phase == CHECK_DURING ? "Go on with" : "Run it with",
                       again);
        else
                print_failed(plan, phase, again, check_is_adoptable(points));
}

/*
 * Prints the points, and signs them: what is printed then is what is signed. Without --sign the reviews that
 * are there are looked at as well.
 */
static int tell(const struct invocation *invocation, const struct settings *settings,
                const struct review *review, bool *ret_enough, struct error *error)
{
        _cleanup_check_points_ struct check_points reviews = {0};

        *ret_enough = true;
        if (!invocation_value(invocation, "sign") &&
            review_show(review, settings, &reviews, ret_enough, error) < 0)
                return -1;
        if (print_points(invocation, review->points, &reviews, error) < 0)
                return -1;
        print_verdict(invocation, review->plan, review->phase, review->points, *ret_enough);
        return review_sign(invocation, review, error);
}

/* What a run has adopted since holds like the plan itself; but what is signed is the file that was planned.
 */
static int read_plan(const struct invocation *invocation, const char *state, struct plan *ret_plan,
                     struct error *error)
{
        if (plan_read(invocation->words[0], ret_plan, error) < 0)
                return -1;
        if (!state || invocation_value(invocation, "sign"))
                return 0;
        _cleanup_free_ char *folder = text_format("%s/%s", state, ret_plan->id);
        return plan_take_adopted(folder, ret_plan, error);
}

int command_check(const struct invocation *invocation)
{
        _cleanup_free_ char *places = invocation_places(invocation);
        struct check_options options = {.goal = invocation_flag(invocation, "undo") ? GOAL_OLD : GOAL_NEW,
                                        .places = places,
                                        .state = invocation_value(invocation, "state"),
                                        .log = invocation_value(invocation, "log")};
        _cleanup_error_ struct error error = {0};
        _cleanup_engine_ struct engine *engine = NULL;
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_check_points_ struct check_points points = {0};
        _cleanup_settings_ struct settings settings = {0};
        struct review review = {
                .plan = &plan, .plan_path = invocation->words[0], .goal = options.goal, .points = &points};
        bool enough = true;
        struct status_keeper keeper = {.wish = {.plan = &plan, .plan_path = invocation->words[0]},
                                       .goal = options.goal};

        if (invocation_settings(invocation, &settings, &error) < 0)
                return invocation_fail(invocation, &error);
        if (!options.state)
                options.state = settings.state;
        if (read_plan(invocation, options.state, &plan, &error) < 0 ||
            invocation_open_engine(invocation, &engine, &error) < 0 ||
            check_plan(engine, &plan, &options, &review.phase, &points, &error) < 0)
                return invocation_fail(invocation, &error);
        keeper.wish.state = options.state;
        keeper.wish.settings = &settings;
        status_keep_check(&keeper, review.phase, &points);
        if (tell(invocation, &settings, &review, &enough, &error) < 0)
                return invocation_fail(invocation, &error);
        if (invocation_value(invocation, "sign"))
                status_keep(&keeper, true); /* with the new review */
        return check_passed(&points) && enough ? 0 : 1;
}
