#include "sim/forecast/notes.h"

#include "pool/finding.h"

typedef unsigned long long ull;

void notes_done(struct notes *notes)
{
        for (size_t i = 0; i < notes->items.count; i++)
                free(notes->items.items[i]);
        free(notes->items.items);
        *notes = (struct notes){0};
}

_printf_(2, 3) static void add(struct notes *notes, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        *list_add(&notes->items) = text_vformat(format, arguments);
        va_end(arguments);
}

static void note_runs(const struct forecast *forecast, struct notes *notes)
{
        const struct forecast_settings *settings = &forecast->settings;

        add(notes,
            "%llu runs of %llu days, %.1f deploys a day, seeds %llu to %llu; times are the median, in "
            "brackets "
            "from the first tenth of the runs to the last.",
            (ull)settings->runs, (ull)settings->days, workload_deploys_a_day(forecast->workload),
            (ull)settings->seed, (ull)(settings->seed + settings->runs - 1));
}

/* The first variant in which anything is deployed to it. */
static const struct forecast_row *telling_row(const struct forecast *forecast,
                                              const struct forecast_pool *pool)
{
        for (size_t i = 0; i < forecast->rows.count; i++)
                if (forecast->rows.items[i].pool == pool && !report_full_now(&forecast->rows.items[i]))
                        return &forecast->rows.items[i];
        return NULL;
}

/* The closed form beside what was simulated. */
static void note_reckoned(const struct forecast *forecast, struct notes *notes)
{
        for (size_t i = 0; i < forecast->pools.count; i++) {
                const struct forecast_row *row = telling_row(forecast, &forecast->pools.items[i]);
                if (row)
                        add(notes,
                            "Leaks a day on %s by the workload alone (removals a day x tasks of a stack that "
                            "lose a network of their own): %.1f; simulated: %.1f.",
                            row->pool->account->network->name, row->leaks_a_day_reckoned, row->leaks_a_day);
        }
}

static void note_leaked(const struct forecast *forecast, struct notes *notes)
{
        for (size_t i = 0; i < forecast->pools.count; i++) {
                const struct forecast_pool *pool = &forecast->pools.items[i];
                const char *name = pool->account->network->name;
                if (pool->leaked.min != pool->leaked.max)
                        add(notes,
                            "How many addresses of %s have leaked already, the engine of the snapshot does "
                            "not tell: from %llu to %llu. As it is, it is full the sooner the more there "
                            "are.",
                            name, (ull)pool->leaked.min, (ull)pool->leaked.max);
                else if (pool->leaked.max)
                        add(notes, "%llu addresses of %s have leaked already.", (ull)pool->leaked.max, name);
        }
}

static bool has(const struct forecast *forecast, enum forecast_variant variant)
{
        for (size_t i = 0; i < forecast->rows.count; i++)
                if (forecast->rows.items[i].variant == variant)
                        return true;
        return false;
}

static void note_variants(const struct forecast *forecast, struct notes *notes)
{
        if (has(forecast, VARIANT_HELD))
                add(notes,
                    "Removals held: what has leaked is given back now, and from then on a network is removed "
                    "only when the tasks on it have ended.");
        if (has(forecast, VARIANT_ROTATED))
                add(notes,
                    "Leader changed regularly: now and every %llu days; it gives back what has leaked.",
                    (ull)forecast->settings.rotate_days);
        if (forecast->no_larger)
                add(notes, "%s.", forecast->no_larger);
}

static void note_limits(const struct forecast *forecast, struct notes *notes)
{
        size_t nodes = ground_nodes(forecast->swarm);

        if (nodes > 1)
                add(notes, "Tasks are spread over all %zu nodes: a snapshot holds no placement constraints.",
                    nodes);
        if (forecast->refused)
                add(notes, "The swarm refused %.1f requests of clients a run, as it is.",
                    (double)forecast->refused / (double)forecast->settings.runs);
        add(notes,
            "Each network's time is its own: another one that runs full before is given its leaks back. "
            "What docs/what-if.md lists is not reckoned.");
}

void notes_find(const struct forecast *forecast, struct notes *notes)
{
        note_runs(forecast, notes);
        note_reckoned(forecast, notes);
        note_leaked(forecast, notes);
        note_variants(forecast, notes);
        note_limits(forecast, notes);
}

/* What comes next */

void notes_next(const struct forecast *forecast, const struct report_command *command, struct notes *notes)
{
        for (size_t i = 0; i < forecast->pools.count; i++) {
                const struct forecast_pool *pool = &forecast->pools.items[i];
                const char *network = pool->account->network->name;
                if (pool->larger.length_bits) {
                        _cleanup_free_ char *way = text_format("--size %u", pool->larger.length_bits);
                        *list_add(&notes->items) = finding_plan_command("", network, way);
                } else if (pool->leaked.min != pool->leaked.max) {
                        _cleanup_free_ char *name = text_shell_word(network);
                        _cleanup_free_ char *snapshot = text_shell_word(command->snapshot);
                        _cleanup_free_ char *workload = text_shell_word(command->workload);
                        add(notes, "headroom-sim --what-if %s --workload %s --leaked %s=COUNT", snapshot,
                            workload, name);
                }
        }
}
