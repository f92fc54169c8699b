#include "cli/plan_view.h"

#include "base/clock.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "move/page/plan_pages.h"
#include "move/step.h"

#include <inttypes.h>
#include <stdio.h>

char *duration_text(int64_t duration_ms)
{
        if (duration_ms <= 0)
                return text_copy("none");
        if (duration_ms < 120000)
                return text_format("%" PRId64 " s", (duration_ms + 999) / 1000);
        return text_format("%" PRId64 " min", (duration_ms + 59999) / 60000);
}

static void heading(const char *text)
{
        printf("\n%s%s%s\n", terminal_colour(STDOUT_FILENO, COLOUR_FAINT), text,
               terminal_plain(STDOUT_FILENO));
}

static void view_subnet(const struct plan *plan)
{
        heading("Subnet");
        printf("  now %s, then %s\n", plan->old_subnet, plan->new_subnet);
        if (plan->reason)
                printf("  %s\n", plan->reason);
        for (size_t i = 0; i < plan->rejected.count; i++) {
                char text[PREFIX_TEXT_SIZE];
                prefix_format(plan->rejected.items[i].prefix, text);
                printf("  not %s: %s\n", text, plan->rejected.items[i].reason);
        }
        printf("  hop network %s on %s, for the time of the move\n", plan->hop, plan->hop_subnet);
}

static const struct column service_columns[] = {
        {"Service", "  SERVICE", false, false},
        {"Way", "WAY", false, false},
        {"Gap", "GAP, TWICE", true, false},
        {"Bound", "AT MOST", true, false},
        {"Why", "WHY", false, true},
        {NULL},
};

static void view_services(const struct plan *plan)
{
        _cleanup_table_ struct table *table = table_new(service_columns);

        heading("Services on it, in the order they move");
        for_each_planned (service, plan) {
                _cleanup_free_ char *gap = duration_text(service->gap_expected_ms);
                _cleanup_free_ char *bound = duration_text(service->gap_bound_ms);
                _cleanup_free_ char *name =
                        text_format("  %s%s%s", service->name, service->edge ? " (edge)" : "",
                                    service->stuck ? " (stuck in New)" : "");
                table_add_row(table);
                table_text(table, "Service", name, COLOUR_NONE);
                table_text(table, "Way", service->way == WAY_START_FIRST ? "start-first" : "stop-first",
                           COLOUR_NONE);
                table_text(table, "Gap", service->stuck ? "down now" : gap,
                           service->gap_expected_ms ? COLOUR_WARN : COLOUR_GOOD);
                table_text(table, "Bound", service->stuck ? "" : bound, COLOUR_NONE);
                table_text(table, "Why", service->why, COLOUR_FAINT);
        }
        table_print(table, NULL, true, NULL);
        for_each_planned (service, plan)
                if (service->edge && service->gap_expected_ms) {
                        _cleanup_free_ char *gap = duration_text(service->gap_expected_ms);
                        printf("  While %s restarts (twice, about %s each), everything behind it is out of "
                               "reach "
                               "too.\n",
                               service->name, gap);
                }
}

static void view_names(const char *title, char *const *names, size_t count)
{
        if (!count)
                return;
        heading(title);
        printf("  ");
        for (size_t i = 0; i < count; i++)
                printf("%s%s", i ? ", " : "", names[i]);
        printf("\n");
}

static void view_containers(const struct plan *plan)
{
        if (!plan->containers.count)
                return;
        heading("Standalone containers on it, connected to the new network before the old one is taken away");
        for_each_planned_container (container, plan)
                printf("  %s%s%s\n", container->name, container->static_address ? ", address " : "",
                       container->static_address ? container->static_address : "");
}

static const struct column page_columns[] = {
        {"Page", "  PAGE", false, false},
        {"Answer", "ANSWERS NOW", false, true},
        {"Origin", "NAMED BY", false, true},
        {NULL},
};

static void view_pages(const struct plan *plan)
{
        if (!plan->pages.count)
                return;
        _cleanup_table_ struct table *table = table_new(page_columns);
        heading("Pages, looked at again before and after the move");
        for (size_t i = 0; i < plan->pages.count; i++) {
                const struct plan_page *page = &plan->pages.items[i];
                _cleanup_free_ char *name = text_format("  %s", page->url);
                _cleanup_free_ char *answer = page_baseline_text(page);
                table_add_row(table);
                table_text(table, "Page", name, COLOUR_NONE);
                table_text(table, "Answer", answer, page_failed(page) ? COLOUR_BAD : COLOUR_GOOD);
                table_text(table, "Origin", page->origin, COLOUR_FAINT);
        }
        table_print(table, NULL, true, NULL);
}

static void view_patches(const struct plan *plan)
{
        if (!plan->patches.count)
                return;
        heading("Files that declare it");
        for (size_t i = 0; i < plan->patches.count; i++) {
                const struct plan_patch *patch = &plan->patches.items[i];
                _cleanup_free_ char *path = terminal_printable(patch->path);
                _cleanup_free_ char *line = terminal_printable(patch->declaration ? patch->declaration : "");
                printf("  %s line %" PRIu64 ": %s\n", path, patch->line, line + strspn(line, " "));
                printf("    %s\n", !patch->edits.count ? "has the new subnet already"
                                   : patch->in_place
                                           ? "edited by the move, given back by its undo"
                                           : "not edited by the move: the diff is for you to apply");
        }
}

static void view_steps(const struct plan *plan, bool undo)
{
        struct steps steps = {0};

        steps_of(plan, undo ? GOAL_OLD : GOAL_NEW, &steps);
        heading(undo ? "Steps of the undo" : "Steps");
        for (size_t i = 0; i < steps.items.count; i++) {
                _cleanup_free_ char *title = step_title(&steps.items.items[i], plan);
                printf("  %2zu  %s\n", i + 1, title);
        }
        steps_done(&steps);
}

static void view_notes(const struct plan *plan)
{
        heading("To know");
        for (size_t i = 0; i < plan->notes.count; i++)
                printf("  - %s\n", plan->notes.items[i]);
        printf("  - interrupted at any point, `headroom apply` goes on where it was, and `--undo` goes "
               "back\n");
}

void plan_view(const struct plan *plan, bool undo)
{
        _cleanup_free_ char *created = clock_format(plan->created_ms);

        printf("Plan %s: network %s from %s to %s\n", plan->id, plan->network,
               undo ? plan->new_subnet : plan->old_subnet, undo ? plan->old_subnet : plan->new_subnet);
        printf("made %s by %s from %s\n", created, plan->author ? plan->author : "?",
               plan->engine ? plan->engine : "?");
        view_subnet(plan);
        view_services(plan);
        view_containers(plan);
        view_names("Services not on it, left alone", plan->bystanders.items, plan->bystanders.count);
        view_pages(plan);
        view_patches(plan);
        view_steps(plan, undo);
        view_notes(plan);
}
