#include "cli/command.h"
#include "cli/commands.h"
#include "cli/document_cli.h"
#include "cli/plan_view.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "move/review/review.h"
#include "move/run.h"
#include "settings/settings.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* `headroom apply FILE [--undo]`, and `headroom apply --recover NET [--undo]` when the file is gone. */

const struct option_spec apply_options[] = {
        {"undo", 0, OPTION_FLAG, NULL, "back to the old subnet, from wherever the move is"},
        {"yes", 'y', OPTION_FLAG, NULL, "do not ask, as where there is no terminal to ask on"},
        {"adopt", 0, OPTION_FLAG, NULL, "go on with what somebody else changed since the plan, as it is now"},
        {"recover", 0, OPTION_FLAG, NULL, "take the plan from the unfinished move of the named NETWORK"},
        {"busy", 0, OPTION_FLAG, NULL, "go on although the host is at work"},
        {"unfinished", 0, OPTION_VALUE, "done|again",
         "what to make of a command of yours that was begun by a run that was killed, and whose end nobody "
         "saw"},
        {"log", 0, OPTION_VALUE, "FILE", "the engine's log, where it is not in this host's journal"},
        OPTION_STATE,
        {NULL},
};

static void show_waiting(_unused_ void *userdata, size_t number, size_t total, const char *title,
                         const char *waiting_for)
{
        if (!total)
                progress_show("waiting for %s: %s", title, waiting_for);
        else
                progress_show("%2zu/%zu  %s%s%s", number, total, title, waiting_for ? ": waiting for " : "",
                              waiting_for ? waiting_for : "");
}

static void show_settled(void *userdata, size_t number, size_t total, const char *title, bool acted)
{
        progress_done(acted ? COLOUR_GOOD : COLOUR_FAINT, acted ? "ok" : "--", "%2zu/%zu  %s%s", number,
                      total, title, acted ? "" : " (nothing to do)");
        if (acted)
                status_keep(userdata, false);
}

static void show_note(_unused_ void *userdata, const char *text)
{
        progress_done(COLOUR_WARN, "!!", "%s", text);
}

static void note_checked(void *userdata, enum check_phase phase, const struct check_points *points)
{
        status_keep_check(userdata, phase, points);
}

/* The first signal asks for an end in order, which gives back what was paused; the second ends at once. */
static volatile sig_atomic_t signalled;

static bool is_interrupted(_unused_ void *userdata)
{
        return signalled != 0;
}

/* Asks only a person: without a terminal there is nobody to ask, and the plan was reviewed. */
static bool agreed(const struct invocation *invocation, const struct plan *plan, bool undo)
{
        char answer[8] = "";

        if (invocation_flag(invocation, "yes") || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
                return true;
        plan_view(plan, undo);
        printf("\nGo on? [y/N] ");
        fflush(stdout);
        return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int read_plan(const struct invocation *invocation, struct engine *engine, struct plan *ret_plan,
                     struct error *error)
{
        if (invocation_flag(invocation, "recover"))
                return plan_recover(engine, invocation->words[0], ret_plan, error);
        return plan_read(invocation->words[0], ret_plan, error);
}

/* Going back is always allowed: what was reviewed is the way there. */
static int demand_reviews(const struct invocation *invocation, struct engine *engine, const struct plan *plan,
                          const struct settings *settings, const struct run_options *options,
                          struct error *error)
{
        const struct review_demand demand = {
                .plan = plan,
                .plan_path = options->take_over ? NULL : invocation->words[0],
                .settings = settings,
                .state = options->state,
                .adopt = options->adopt,
        };

        return options->goal == GOAL_NEW ? reviews_demand(engine, &demand, error) : 0;
}

static void print_done(const struct invocation *invocation, const struct plan *plan, bool undo, bool changed)
{
        const char *subnet = undo ? plan->old_subnet : plan->new_subnet;
        _cleanup_free_ char *places = invocation_places(invocation);

        if (!changed) {
                printf("%s has the subnet %s already; nothing was done.\n", plan->network, subnet);
                return;
        }
        printf("%s has the subnet %s. Every service of the plan is settled on it, and nothing of headroom is "
               "left.\n",
               plan->network, subnet);
        _cleanup_free_ char *file = text_shell_word(invocation->words[0]);
        if (!undo && !invocation_flag(invocation, "recover"))
                printf("The way back: headroom apply %s--undo %s\n", places, file);
}

static void print_ways_on(const struct invocation *invocation)
{
        const char *recover = invocation_flag(invocation, "recover") ? "--recover " : "";
        const char *undo = invocation_flag(invocation, "undo") ? "--undo " : "";
        _cleanup_free_ char *places = invocation_places(invocation);
        _cleanup_free_ char *file = text_shell_word(invocation->words[0]);

        fprintf(stderr, "next: headroom apply %s%s%s%s goes on from here; headroom apply %s%s%s%s goes %s\n",
                places, undo, recover, file, places, *undo ? "" : "--undo ", recover, file,
                *undo ? "forward" : "back");
}

static void on_interrupt(int number)
{
        static const char text[] = "\nheadroom: ending; a second signal ends at once\n";

        if (signalled)
                _exit(128 + number);
        signalled = number;
        if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
                return; /* nobody is there to read it, and what was paused is given back all the same */
}

/* A terminal that goes is a signal like others, unless somebody arranged for it (nohup). Nobody who stops
 * reading ends a move. */
static void heed_signals(void)
{
        signal(SIGINT, on_interrupt);
        signal(SIGTERM, on_interrupt);
        if (signal(SIGHUP, on_interrupt) == SIG_IGN)
                signal(SIGHUP, SIG_IGN);
        signal(SIGPIPE, SIG_IGN);
}

static int read_options(const struct invocation *invocation, const struct settings *settings,
                        struct run_options *ret_options, struct error *error)
{
        const char *unfinished = invocation_value(invocation, "unfinished");
        const char *state = invocation_value(invocation, "state");

        if (unfinished && !text_equal(unfinished, "done") && !text_equal(unfinished, "again"))
                return error_set(error, ERROR_USAGE, "--unfinished takes done or again, not %s", unfinished);
        *ret_options = (struct run_options){
                .goal = invocation_flag(invocation, "undo") ? GOAL_OLD : GOAL_NEW,
                .adopt = invocation_flag(invocation, "adopt"),
                .take_over = invocation_flag(invocation, "recover"),
                .busy = invocation_flag(invocation, "busy"),
                .unfinished = !unfinished                      ? UNFINISHED_ASK
                              : text_equal(unfinished, "done") ? UNFINISHED_DONE
                                                               : UNFINISHED_AGAIN,
                .state = state ? state : settings->state,
                .log = invocation_value(invocation, "log"),
                .interrupted = is_interrupted,
        };
        return 0;
}

/* The run, and the status page with it. */
static int run(const struct invocation *invocation, struct engine *engine, struct plan *plan,
               const struct run_options *options, const struct settings *settings, bool *ret_changed,
               struct error *error)
{
        struct status_keeper keeper = {.wish = {.plan = plan,
                                                .plan_path = options->take_over ? NULL : invocation->words[0],
                                                .state = options->state,
                                                .settings = settings},
                                       .goal = options->goal};
        const struct run_observer observer = {.waiting = show_waiting,
                                              .settled = show_settled,
                                              .note = show_note,
                                              .checked = note_checked,
                                              .userdata = &keeper};

        heed_signals();
        int result = plan_run(engine, plan, options, &observer, ret_changed, error);
        status_keep(&keeper, true);
        return result;
}

int command_apply(const struct invocation *invocation)
{
        bool undo = invocation_flag(invocation, "undo");
        struct run_options options = {0};
        _cleanup_error_ struct error error = {0};
        _cleanup_engine_ struct engine *engine = NULL;
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_settings_ struct settings settings = {0};
        _cleanup_free_ char *places = invocation_places(invocation);
        bool changed = false;

        if (invocation_settings(invocation, &settings, &error) < 0 ||
            read_options(invocation, &settings, &options, &error) < 0)
                return invocation_fail(invocation, &error);
        options.places = places;
        /* A plan that can't be read needs no engine to be refused. */
        if (!options.take_over && read_plan(invocation, NULL, &plan, &error) < 0)
                return invocation_fail(invocation, &error);
        if (invocation_open_engine(invocation, &engine, &error) < 0)
                return invocation_fail(invocation, &error);
        if (options.take_over && read_plan(invocation, engine, &plan, &error) < 0)
                return invocation_fail(invocation, &error);
        if (demand_reviews(invocation, engine, &plan, &settings, &options, &error) < 0)
                return invocation_fail(invocation, &error);
        if (!agreed(invocation, &plan, undo)) {
                error_set(&error, ERROR_REFUSED, "not agreed; nothing was changed");
                return invocation_fail(invocation, &error);
        }
        if (run(invocation, engine, &plan, &options, &settings, &changed, &error) < 0) {
                int code = invocation_fail(invocation, &error);
                if (changed)
                        print_ways_on(invocation);
                return signalled ? 128 + signalled : changed ? 1 : code;
        }
        print_done(invocation, &plan, undo, changed);
        return 0;
}
