#include "cli/grid.h"

#include "cli/terminal.h"

#include "base/text.h"

#include <assert.h>
#include <libsmartcols.h>
#include <limits.h>
#include <stdio.h>

/*
 * libsmartcols aligns, pads and colours. What to give up when the terminal is narrow is decided here, because
 * it would cut cells without a sign: first the wide gap between columns, then room in columns that may shrink
 * (their text is wrapped between words), then columns that may be left out. What still does not fit runs over
 * the edge, whole.
 */

#define GAP_WIDE        2
#define GAP_NARROW      1
#define SHRUNK_READABLE 24 /* cells under which prose is hard to read: rather leave a column out */
#define SHRUNK_LEAST    8

struct cell {
        char *text;
        enum colour colour;
};

struct grid {
        struct grid_column *columns;
        size_t column_count;
        LIST(struct cell) cells; /* row after row */
};

/* The widths chosen for one terminal. */
struct layout {
        int *widths; /* 0: the column is left out */
        int gap;
};

struct grid *grid_new(const struct grid_column *columns, size_t count)
{
        struct grid *grid = new_zero(struct grid);

        grid->columns = memory_new(count, sizeof(*columns));
        memcpy(grid->columns, columns, count * sizeof(*columns));
        grid->column_count = count;
        return grid;
}

struct grid *grid_free(struct grid *grid)
{
        if (!grid)
                return NULL;
        for (size_t i = 0; i < grid->cells.count; i++)
                free(grid->cells.items[i].text);
        free(grid->cells.items);
        free(grid->columns);
        free(grid);
        return NULL;
}

void grid_add_row(struct grid *grid)
{
        for (size_t i = 0; i < grid->column_count; i++)
                list_add(&grid->cells);
}

void grid_set(struct grid *grid, size_t column, const char *text, enum colour colour)
{
        assert(grid->cells.count > 0 && column < grid->column_count);
        struct cell *cell = &grid->cells.items[grid->cells.count - grid->column_count + column];
        free(cell->text);
        *cell = (struct cell){terminal_printable(text), colour};
}

static void measure(const struct grid *grid, int *widths)
{
        for (size_t i = 0; i < grid->cells.count; i++) {
                int *width = &widths[i % grid->column_count];

                if (grid->cells.items[i].text)
                        *width = MAX(*width, terminal_width(grid->cells.items[i].text));
        }
}

static int total_width(const struct grid *grid, const struct layout *layout)
{
        int sum = 0;

        for (size_t i = 0; i < grid->column_count; i++)
                if (layout->widths[i] > 0)
                        sum += layout->widths[i] + (sum > 0 ? layout->gap : 0);
        return sum;
}

/* Takes cells from the widest column that may shrink, one by one, down to `least`. */
static bool shrink(const struct grid *grid, struct layout *layout, int columns, int least)
{
        int excess = total_width(grid, layout) - columns;

        for (; excess > 0; excess--) {
                int *widest = NULL;

                for (size_t i = 0; i < grid->column_count; i++) {
                        int *width = &layout->widths[i];
                        if (grid->columns[i].shrinks && *width > least && (!widest || *width > *widest))
                                widest = width;
                }
                if (!widest)
                        return false;
                (*widest)--;
        }
        return true;
}

static bool drop_column(const struct grid *grid, int *widths)
{
        size_t first = grid->column_count;

        for (size_t i = 0; i < grid->column_count; i++) {
                if (widths[i] == 0 || grid->columns[i].drops == 0)
                        continue;
                if (first == grid->column_count || grid->columns[i].drops > grid->columns[first].drops)
                        first = i;
        }
        if (first == grid->column_count)
                return false;
        widths[first] = 0;
        return true;
}

/* With the columns that are left, down to `least`. */
static bool fits(const struct grid *grid, const int *natural, struct layout *layout, int columns, int least)
{
        size_t bytes = grid->column_count * sizeof(*natural);

        for (layout->gap = GAP_WIDE; layout->gap >= GAP_NARROW; layout->gap--) {
                memcpy(layout->widths, natural, bytes);
                if (total_width(grid, layout) <= columns)
                        return true;
        }
        layout->gap = GAP_NARROW;
        return shrink(grid, layout, columns, least);
}

static void lay_out(const struct grid *grid, int *natural, struct layout *layout)
{
        int columns = isatty(STDOUT_FILENO) ? terminal_columns() : INT_MAX;

        measure(grid, natural);
        while (!fits(grid, natural, layout, columns, SHRUNK_READABLE))
                if (!drop_column(grid, natural)) {
                        fits(grid, natural, layout, columns, SHRUNK_LEAST);
                        return;
                }
}

static struct libscols_column *add_column(struct libscols_table *scols, const struct grid_column *column,
                                          bool wraps)
{
        struct libscols_column *added = scols_table_new_column(
                scols, NULL, 0, (column->right ? SCOLS_FL_RIGHT : 0) | (wraps ? SCOLS_FL_WRAP : 0));

        if (!added)
                abort();
        if (wraps)
                scols_column_set_wrapfunc(added, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
        return added;
}

static void fill_cell(struct libscols_line *row, size_t column, const struct cell *cell, int width)
{
        _cleanup_free_ char *text = terminal_wrap(cell->text ? cell->text : "", width);
        const char *colour = terminal_colour(STDOUT_FILENO, cell->colour);

        if (scols_line_set_data(row, column, text) != 0)
                abort();
        if (*colour && *text)
                scols_cell_set_color(scols_line_get_cell(row, column), colour);
}

static void fill(const struct grid *grid, const struct layout *layout, struct libscols_table *scols)
{
        for (size_t i = 0; i < grid->column_count; i++)
                if (layout->widths[i] > 0)
                        add_column(scols, &grid->columns[i], grid->columns[i].shrinks);
        for (size_t at = 0; at < grid->cells.count; at += grid->column_count) {
                struct libscols_line *row = scols_table_new_line(scols, NULL);
                size_t shown = 0;

                if (!row)
                        abort();
                for (size_t i = 0; i < grid->column_count; i++)
                        if (layout->widths[i] > 0)
                                fill_cell(row, shown++, &grid->cells.items[at + i], layout->widths[i]);
        }
}

static void unref_scols(struct libscols_table **scols)
{
        scols_unref_table(*scols);
}

void grid_print(const struct grid *grid)
{
        _cleanup_free_ int *natural = memory_new(grid->column_count, sizeof(int));
        _cleanup_free_ int *widths = memory_new(grid->column_count, sizeof(int));
        _cleanup_(unref_scols) struct libscols_table *scols = scols_new_table();
        struct layout layout = {.widths = widths};

        if (!scols)
                abort();
        lay_out(grid, natural, &layout);
        scols_table_enable_noheadings(scols, 1);
        scols_table_enable_colors(scols, terminal_has_colour(STDOUT_FILENO));
        scols_table_set_column_separator(scols, layout.gap == GAP_WIDE ? "  " : " ");
        scols_table_set_termforce(scols, SCOLS_TERMFORCE_NEVER); /* it fits by now, or it may not be cut */
        scols_table_set_stream(scols, stdout);
        fill(grid, &layout, scols);
        scols_print_table(scols);
}
