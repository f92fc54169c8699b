#include "move/document/inside.h"
#include "move/step.h"

#include <inttypes.h>

/* What will be done, who looks at it before, and what is looked at afterwards. */

static void steps(const struct facts *facts, struct buffer *out)
{
        struct steps list = {0};

        steps_of(facts->plan, GOAL_NEW, &list);
        for (size_t i = 0; i < list.items.count; i++) {
                _cleanup_free_ char *title = step_title(&list.items.items[i], facts->plan);
                buffer_format(out, "%zu. ", i + 1);
                markdown_text(out, title);
                buffer_add_text(out, "\n");
        }
        steps_done(&list);
        buffer_add_text(out, "\n");
}

static char *seconds(int64_t duration_ms)
{
        return duration_ms > 0 ? text_format("%" PRId64 " s", (duration_ms + 999) / 1000) : text_copy("none");
}

static void gaps(const struct facts *facts, struct buffer *out)
{
        static const char *const headers[] = {"service", "way", "gap, twice", "at most", "why"};
        struct markdown_table table;

        markdown_table(&table, out, "ctttt", headers);
        for_each_planned (planned, facts->plan) {
                _cleanup_free_ char *gap = seconds(planned->gap_expected_ms);
                _cleanup_free_ char *bound = seconds(planned->gap_bound_ms);
                markdown_row(&table, planned->name,
                             planned->way == WAY_START_FIRST ? "start-first" : "stop-first",
                             planned->stuck ? "down now" : gap, planned->stuck ? "" : bound, planned->why);
        }
        buffer_add_text(out, "\n");
}

/* One list of the plan as one item; nothing for an empty one. */
static void quiet_item(struct buffer *out, const char *what, char *const *items, size_t count)
{
        _cleanup_buffer_ struct buffer names = {0};

        for (size_t i = 0; i < count; i++)
                buffer_format(&names, "%s%s", i ? ", " : "", items[i]);
        if (count)
                markdown_item(out, "%s: %s", what, buffer_text(&names));
}

static void quiet(const struct facts *facts, struct buffer *out)
{
        const struct plan *plan = facts->plan;

        markdown_paragraph(out,
                           "Before the first change, and before each step that takes something out of reach, "
                           "the host must be quiet: no service update going on and no task on its way, and "
                           "nothing of this:");
        quiet_item(out, "stacks other than these", plan->quiet_stacks.items, plan->quiet_stacks.count);
        quiet_item(out, "containers whose running says that the host is at work", plan->quiet_busy.items,
                   plan->quiet_busy.count);
        quiet_item(out, "a failure of these commands", plan->quiet_commands.items,
                   plan->quiet_commands.count);
        if (!plan->quiet_stacks.count && !plan->quiet_busy.count && !plan->quiet_commands.count)
                markdown_item(out, "(nothing further is configured: quiet in headroom.yaml)");
        buffer_add_text(out, "\n");
}

static void command(struct buffer *out, const char *what, const char *line)
{
        buffer_format(out, "- %s: ", what);
        markdown_code(out, line);
        buffer_add_text(out, "\n");
}

static void review(const struct facts *facts, struct buffer *out)
{
        uint64_t required = facts->wish->settings ? facts->wish->settings->require_reviews : 0;
        _cleanup_free_ char *file = text_shell_word(facts->plan_path);
        _cleanup_free_ char *sign = text_format("headroom check --sign KEY %s", file);

        markdown_heading(out, 2, "Review");
        markdown_paragraph(
                out, "A second, independent reader asks everything again, from a cold start and against "
                     "the live host, before anything is changed; the verdict is written down and signed.");
        if (required)
                markdown_paragraph(out,
                                   "Required: %" PRIu64 " signed reviews, none by the key that planned (%s).",
                                   required, facts->plan->planner ? facts->plan->planner : "none was named");
        else
                markdown_paragraph(out, "Signed reviews are not required here (require_reviews).");
        command(out, "with", sign);
        buffer_add_text(out, "\n");
}

static void pages(const struct facts *facts, struct buffer *out)
{
        static const char *const headers[] = {"page", "status", "bytes", "title", "from"};
        struct markdown_table table;

        if (!facts->plan->pages.count) {
                markdown_paragraph(out, "No page is known that could be asked (checks in headroom.yaml).");
                return;
        }
        markdown_paragraph(out,
                           "These pages answered so when it was planned, and are to answer so again (curl):");
        markdown_table(&table, out, "cnntt", headers);
        for (size_t i = 0; i < facts->plan->pages.count; i++) {
                const struct plan_page *page = &facts->plan->pages.items[i];
                _cleanup_free_ char *status = text_format("%" PRIu64, page->status);
                _cleanup_free_ char *length = text_format("%" PRIu64, page->length);
                markdown_row(&table, page->url, page->failure ? "" : status, page->failure ? "" : length,
                             page->failure ? page->failure : page->title, page->origin);
        }
        buffer_add_text(out, "\n");
}

static void afterwards(const struct facts *facts, struct buffer *out)
{
        const struct plan *plan = facts->plan;

        markdown_heading(out, 2, "Looked at afterwards");
        markdown_item(out, "%s has the subnet %s, and its pool is allocated (GET /networks)", plan->network,
                      plan->new_subnet);
        markdown_item(out, "every service of the plan is settled on it, with its spec as it was and all its "
                           "replicas, and the others are untouched (GET /services, GET /tasks)");
        markdown_item(
                out,
                "no allocation error in the engine's log since the start (journalctl -u docker.service)");
        markdown_item(out, "nothing of headroom is left: network, container, image (headroom doctor)");
        markdown_item(out, "the addresses that are leaked stay none (%s)", facts->shown);
        buffer_add_text(out, "\n");
        pages(facts, out);
}

void document_procedure(const struct facts *facts, struct buffer *out)
{
        _cleanup_free_ char *file = text_shell_word(facts->plan_path);
        _cleanup_free_ char *apply = text_format("headroom apply %s", file);
        _cleanup_free_ char *undo = text_format("headroom apply --undo %s", file);
        _cleanup_free_ char *check = text_format("headroom check %s", file);

        markdown_heading(out, 2, "Procedure");
        quiet(facts, out);
        steps(facts, out);
        gaps(facts, out);
        command(out, "look again, without changing anything", check);
        command(out, "do it, and go on after an interruption", apply);
        command(out, "the way back, from anywhere", undo);
        buffer_add_text(out, "\n");
        for (size_t i = 0; i < facts->plan->notes.count; i++)
                markdown_item(out, "to know: %s", facts->plan->notes.items[i]);
        buffer_add_text(out, "\n");
        review(facts, out);
        afterwards(facts, out);
}
