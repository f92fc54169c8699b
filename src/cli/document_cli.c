#include "cli/document_cli.h"

#include "base/clock.h"
#include "cli/progress.h"
#include "move/document/document.h"

#define STATUS_EVERY_MS 5000

int documents_write(const struct invocation *invocation, struct engine *engine,
                    const struct settings *settings, const struct plan *plan, const char *plan_path)
{
        const struct document_wish wish = {.log = invocation_value(invocation, "log"), .settings = settings};
        const struct status_wish status = {plan, plan_path, settings->state, settings};
        _cleanup_error_ struct error error = {0};
        int result = 0;

        if (document_write(engine, plan, plan_path, &wish, &error) < 0) {
                progress_done(COLOUR_BAD, "!!", "the plan is written, its journal is not: %s",
                              error.sentence);
                result = -1;
        }
        error_done(&error);
        if (status_write(&status, &error) < 0) {
                progress_done(COLOUR_BAD, "!!", "the plan is written, its status page is not: %s",
                              error.sentence);
                result = -1;
        }
        return result;
}

static void tell(struct status_keeper *keeper, const struct error *error)
{
        if (!keeper->told)
                progress_done(COLOUR_WARN, "!!", "the status page is not up to date: %s", error->sentence);
        keeper->told = true;
}

void status_keep_check(struct status_keeper *keeper, enum check_phase phase,
                       const struct check_points *points)
{
        _cleanup_error_ struct error error = {0};

        if (status_note_check(keeper->wish.state, keeper->wish.plan, keeper->goal, phase, points, &error) < 0)
                tell(keeper, &error);
        status_keep(keeper, true);
}

void status_keep(struct status_keeper *keeper, bool end)
{
        _cleanup_error_ struct error error = {0};
        int64_t now_ms = clock_now_ms();

        if (!end && keeper->written_ms && now_ms - keeper->written_ms < STATUS_EVERY_MS)
                return;
        if (status_write(&keeper->wish, &error) < 0)
                tell(keeper, &error);
        keeper->written_ms = clock_now_ms();
}
