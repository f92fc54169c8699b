#include "sim/forecast/report.h"

#include "base/prefix.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "sim/forecast/notes.h"
#include "sim/forecast/quantity.h"
#include "json/write.h"

#include <stdio.h>

typedef unsigned long long ull;

static const struct column columns[] = {
        {"Variant", "VARIANT", false, true},
        {"Network", "NETWORK", false, false},
        {"Subnet", "SUBNET", false, false, 2},
        {"LeaksADay", "LEAKS A DAY", true, false, 1},
        {"MostUsed", "MOST USED", true, false},
        {"Full", "FULL", false, true},
        {NULL},
};

/* Words */

bool report_full_now(const struct forecast_row *row)
{
        return row->full_runs && row->leaked.min + row->pool->account->owned >= row->capacity;
}

static bool is_unknown(const struct forecast_row *row)
{
        return row->leaked.min != row->leaked.max;
}

/* "10.4 to 12.1", in the unit of the median that stands before it. */
static char *range_text(const struct forecast_row *row, const char *median)
{
        const char *unit = strchr(median, ' ');
        _cleanup_free_ char *early = quantity_show(row->early_ms);
        _cleanup_free_ char *late = quantity_show(row->late_ms);
        size_t early_number = strcspn(early, " ");
        size_t late_number = strcspn(late, " ");

        if (text_equal(unit, early + early_number) && text_equal(unit, late + late_number))
                return text_format("%.*s to %.*s", (int)early_number, early, (int)late_number, late);
        return text_format("%s to %s", early, late);
}

static char *full_in_all(const struct forecast *forecast, const struct forecast_row *row)
{
        _cleanup_free_ char *median = quantity_show(row->median_ms);
        _cleanup_free_ char *range = range_text(row, median);

        return text_format("after %s%s (%s in %llu runs)", is_unknown(row) ? "at most " : "", median, range,
                           (ull)forecast->settings.runs);
}

static char *full_in_some(const struct forecast *forecast, const struct forecast_row *row)
{
        _cleanup_free_ char *median = quantity_show(row->median_ms);

        return text_format("within %llu days in %llu of %llu runs, then after %s",
                           (ull)forecast->settings.days, (ull)row->full_runs, (ull)forecast->settings.runs,
                           median);
}

static char *full_in_none(const struct forecast *forecast, const struct forecast_row *row)
{
        if (is_unknown(row))
                return text_format("not within %llu days, if no more than %llu have leaked already",
                                   (ull)forecast->settings.days, (ull)(row->capacity - row->held_most));
        return text_format("not within %llu days", (ull)forecast->settings.days);
}

char *report_full(const struct forecast *forecast, const struct forecast_row *row)
{
        if (report_full_now(row))
                return text_copy("now");
        if (!row->full_runs)
                return full_in_none(forecast, row);
        return row->full_runs == forecast->settings.runs ? full_in_all(forecast, row)
                                                         : full_in_some(forecast, row);
}

static enum colour colour_of(const struct forecast *forecast, const struct forecast_row *row)
{
        if (!row->full_runs)
                return is_unknown(row) ? COLOUR_WARN : COLOUR_GOOD;
        return row->full_runs == forecast->settings.runs ? COLOUR_BAD : COLOUR_WARN;
}

/* As a table */

static void fill_row(const struct forecast *forecast, const struct forecast_row *row, struct table *table)
{
        char subnet[PREFIX_TEXT_SIZE];
        _cleanup_free_ char *full = report_full(forecast, row);
        _cleanup_free_ char *leaks =
                report_full_now(row) ? text_copy("-") : text_format("%.1f", row->leaks_a_day);
        _cleanup_free_ char *used = text_format("%llu of %llu", (ull)row->held_most, (ull)row->capacity);

        prefix_format(row->subnet, subnet);
        table_add_row(table);
        table_text(table, "Variant", forecast_variant_title(row->variant), COLOUR_NONE);
        table_text(table, "Network", row->pool->account->network->name, COLOUR_NONE);
        table_text(table, "Subnet", subnet, COLOUR_NONE);
        table_text(table, "LeaksADay", leaks, COLOUR_NONE);
        table_text(table, "MostUsed", used, COLOUR_NONE);
        table_text(table, "Full", full, colour_of(forecast, row));
}

static void print_lines(const char *before, const struct notes *notes)
{
        int cells = terminal_columns() - (int)strlen(before);

        for (size_t i = 0; i < notes->items.count; i++) {
                _cleanup_free_ char *wrapped = terminal_wrap(notes->items.items[i], MAX(cells, 20));
                for (char *line = wrapped, *end; line; line = end) {
                        end = strchr(line, '\n');
                        if (end)
                                *end++ = 0;
                        printf("%s%s\n", line == wrapped ? before : "  ", line);
                }
        }
}

int report_table(const struct forecast *forecast, const struct report_command *command, struct error *error)
{
        _cleanup_table_ struct table *table = table_new(columns);
        _cleanup_notes_ struct notes notes = {0};
        _cleanup_notes_ struct notes next = {0};

        for (size_t i = 0; i < forecast->rows.count; i++)
                fill_row(forecast, &forecast->rows.items[i], table);
        if (table_print(table, NULL, true, error) < 0)
                return -1;
        notes_find(forecast, &notes);
        notes_next(forecast, command, &next);
        printf("\n");
        print_lines("- ", &notes);
        for (size_t i = 0; i < next.items.count; i++)
                printf("next: %s\n", next.items.items[i]);
        return 0;
}

/* As JSON */

static void write_number(struct json_writer *w, const char *key, bool known, double number)
{
        _cleanup_free_ char *text = text_format("%.4f", number);

        json_write_key(w, key);
        if (known)
                json_write_raw(w, text, strlen(text));
        else
                json_write_null(w);
}

static void write_days(struct json_writer *w, const char *key, bool known, int64_t ms)
{
        write_number(w, key, known, (double)ms / (double)QUANTITY_DAY_MS);
}

static void write_row(struct json_writer *w, const struct forecast *forecast, const struct forecast_row *row)
{
        char subnet[PREFIX_TEXT_SIZE];
        _cleanup_free_ char *full = report_full(forecast, row);

        prefix_format(row->subnet, subnet);
        json_write_object(w);
        json_write_member_text(w, "Variant", forecast_variant_name(row->variant));
        json_write_member_text(w, "Network", row->pool->account->network->name);
        json_write_member_text(w, "Subnet", subnet);
        json_write_member_u64(w, "Capacity", row->capacity);
        json_write_member_u64(w, "LeakedAtFirst", row->leaked.min);
        json_write_member_u64(w, "LeakedAtFirstMax", row->leaked.max);
        json_write_member_u64(w, "MostUsed", row->held_most);
        write_number(w, "LeaksADay", !report_full_now(row), row->leaks_a_day);
        write_number(w, "LeaksADayReckoned", !report_full_now(row), row->leaks_a_day_reckoned);
        json_write_member_u64(w, "RunsFull", row->full_runs);
        write_days(w, "FullAfterDays", row->full_runs, row->median_ms);
        write_days(w, "FullAfterDaysEarly", row->full_runs, row->early_ms);
        write_days(w, "FullAfterDaysLate", row->full_runs, row->late_ms);
        json_write_member_text(w, "Full", full);
        json_write_object_end(w);
}

static void write_notes(struct json_writer *w, const char *key, const struct notes *notes)
{
        json_write_key(w, key);
        json_write_array(w);
        for (size_t i = 0; i < notes->items.count; i++)
                json_write_text(w, notes->items.items[i]);
        json_write_array_end(w);
}

void report_json(const struct forecast *forecast, const struct report_command *command)
{
        _cleanup_buffer_ struct buffer out = {0};
        struct json_writer w = {.out = &out, .indented = true};
        _cleanup_notes_ struct notes notes = {0};
        _cleanup_notes_ struct notes next = {0};

        notes_find(forecast, &notes);
        notes_next(forecast, command, &next);
        json_write_object(&w);
        json_write_member_text(&w, "Snapshot", command->snapshot);
        json_write_member_text(&w, "Workload", command->workload);
        json_write_member_u64(&w, "Days", forecast->settings.days);
        json_write_member_u64(&w, "Runs", forecast->settings.runs);
        json_write_member_u64(&w, "Seed", forecast->settings.seed);
        json_write_key(&w, "Rows");
        json_write_array(&w);
        for (size_t i = 0; i < forecast->rows.count; i++)
                write_row(&w, forecast, &forecast->rows.items[i]);
        json_write_array_end(&w);
        write_notes(&w, "Notes", &notes);
        write_notes(&w, "Next", &next);
        json_write_object_end(&w);
        printf("%s\n", buffer_text(&out));
}
