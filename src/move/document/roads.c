#include "move/document/inside.h"

#include <inttypes.h>

/* How what is declared gets deployed: the roads in their order, the units, and where the network is declared.
 */

static const char *const road_names[] = {
        [ROAD_REBUILD] = "rebuild", [ROAD_UNIT] = "restart of the unit", [ROAD_COMMAND] = "command"};

static void roads_table(const struct facts *facts, const char *source, struct buffer *out)
{
        static const char *const headers[] = {"no.", "road", "what", "shown by"};
        struct markdown_table table;

        markdown_table(&table, out, "ntcc", headers);
        for (size_t i = 0; i < facts->plan->roads.count; i++) {
                const struct plan_road *road = &facts->plan->roads.items[i];
                _cleanup_free_ char *number = text_format("%zu", i + 1);
                markdown_row(&table, number, road_names[road->kind], road->text, source);
        }
        buffer_add_text(out, "\n");
}

static char *kind_text(const struct unit_state *state)
{
        return text_format("%s%s", state->type ? state->type : "not a service",
                           state->remain_after_exit ? ", remains after exit" : "");
}

/* Targets and slices are everywhere, and say nothing. */
static char *services_text(const struct unit_texts *texts)
{
        struct buffer out = {0};

        for (size_t i = 0; i < texts->items.count; i++)
                if (unit_is_service(texts->items.items[i]))
                        buffer_format(&out, "%s%s", out.length ? ", " : "", texts->items.items[i]);
        return out.length ? buffer_steal(&out) : text_copy("");
}

static void unit_row(const struct markdown_table *table, const struct document_unit *unit)
{
        const struct unit_state *state = &unit->state;
        _cleanup_free_ char *kind = kind_text(state);
        _cleanup_free_ char *activity =
                text_format("%s (%s)", state->active_state ? state->active_state : "?",
                            state->sub_state ? state->sub_state : "?");
        _cleanup_free_ char *needs = services_text(&state->requires);
        _cleanup_free_ char *source = text_format("systemctl cat %s", state->name);
        _cleanup_free_ char *part =
                text_format("%s%s", unit->creates ? "creates the network; " : "",
                            unit->road ? "restarted after the move" : "needed by those that are restarted");

        if (unit->unknown || !text_equal(state->load_state, "loaded"))
                markdown_row(table, state->name, "", unit->unknown ? unit->unknown : state->load_state, "",
                             "", source);
        else
                markdown_row(table, state->id ? state->id : state->name, kind, activity, needs, part, source);
}

static void units_part(const struct facts *facts, struct buffer *out)
{
        static const char *const headers[] = {"unit", "type", "state", "needs", "part", "shown by"};
        struct markdown_table table;
        bool remains = false;

        if (facts->units_unknown)
                markdown_paragraph(out, "systemd was not asked: %s.", facts->units_unknown);
        if (!facts->units.count)
                return;
        markdown_table(&table, out, "cttctc", headers);
        for (size_t i = 0; i < facts->units.count; i++) {
                unit_row(&table, &facts->units.items[i]);
                remains = remains ||
                          (facts->units.items[i].road && facts->units.items[i].state.remain_after_exit);
        }
        buffer_add_text(out, "\n");
        if (remains)
                markdown_paragraph(out,
                                   "A oneshot that remains after exit is not run again by a rebuild that "
                                   "leaves its unit unchanged: each is restarted by name, in this order.");
}

static void pauses(const struct facts *facts, struct buffer *out)
{
        static const char *const headers[] = {"stopped", "what it is", "shown by"};
        const struct plan *plan = facts->plan;
        struct markdown_table table;

        if (!plan->pause_units.count && !plan->pauses.count)
                return;
        markdown_heading(out, 3, "What is stopped for the time of the move");
        markdown_table(&table, out, "ctc", headers);
        for (size_t i = 0; i < plan->pause_units.count; i++) {
                _cleanup_free_ char *source = text_format("systemctl cat %s", plan->pause_units.items[i]);
                markdown_row(&table, plan->pause_units.items[i], "a unit", source);
        }
        for (size_t i = 0; i < plan->pauses.count; i++) {
                _cleanup_free_ char *what = text_format("a service with %" PRIu64 " replicas now",
                                                        plan->pauses.items[i].replicas);
                markdown_row(&table, plan->pauses.items[i].name, what, "GET /services");
        }
        buffer_add_text(out, "\n");
}

static void declarations(const struct facts *facts, struct buffer *out)
{
        static const char *const headers[] = {"declared in", "line", "as", "shown by"};
        struct markdown_table table;

        markdown_heading(out, 3, "Where %s is declared", facts->plan->network);
        if (!facts->plan->patches.count) {
                markdown_paragraph(
                        out,
                        "Not known: no file was named. A network that is created by a script or a "
                        "unit is to be declared with %s there, or it comes back with its old subnet "
                        "when it is created anew (headroom plan --patch FILE).",
                        facts->plan->new_subnet);
                return;
        }
        markdown_table(&table, out, "cncc", headers);
        for (size_t i = 0; i < facts->plan->patches.count; i++) {
                const struct plan_patch *patch = &facts->plan->patches.items[i];
                _cleanup_free_ char *line = text_format("%" PRIu64, patch->line);
                _cleanup_free_ char *source = text_format("sed -n %" PRIu64 "p %s", patch->line, patch->path);
                markdown_row(&table, patch->path, line,
                             patch->declaration + strspn(patch->declaration, " \t"), source);
        }
        buffer_add_text(out, "\n");
}

void document_roads(const struct facts *facts, struct buffer *out)
{
        const char *source = facts->wish->settings && facts->wish->settings->path
                                     ? facts->wish->settings->path
                                     : "headroom config";

        markdown_heading(out, 2, "How things are deployed");
        declarations(facts, out);
        markdown_heading(out, 3, "Roads, gone after the move in this order");
        if (facts->plan->roads.count)
                roads_table(facts, source, out);
        else
                markdown_paragraph(out,
                                   "None is configured (roads in %s). Nothing has to be deployed again for "
                                   "the move: no service stops existing.",
                                   source);
        units_part(facts, out);
        pauses(facts, out);
}
