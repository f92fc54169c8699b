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
#define SHRUNK_LEAST    8  /* cells that even a wrapped name gets */

struct cell {
        char *text;
        enum colour colour;
};

struct grid {
        struct grid_column *columns;
        size_t column_count;
        LIST(struct cell) cells; /* row after row */
};

/* A column on one terminal. */
struct extent {
        int natural;  /* cells that its widest text takes; 0: there is nothing to show, or it is left out */
        int readable; /* the least at which it reads well */
        int width;    /* chosen */
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

static int longest_word(const char *text, int width)
{
        int longest = 0;

        if (!strchr(text, ' '))
                return width;
        while (*text) {
                size_t length = strcspn(text, " ");
                _cleanup_free_ char *word = text_copy_n(text, length);

                longest = MAX(longest, terminal_width(word));
                text += length;
                text += strspn(text, " ");
        }
        return longest;
}

static void measure(const struct grid *grid, struct extent *extents)
{
        for (size_t i = 0; i < grid->cells.count; i++) {
                struct extent *extent = &extents[i % grid->column_count];
                const char *text = grid->cells.items[i].text;

                if (!text)
                        continue;
                int width = terminal_width(text);
                extent->natural = MAX(extent->natural, width);
                extent->readable = MAX(extent->readable, longest_word(text, width));
        }
        for (size_t i = 0; i < grid->column_count; i++)
                extents[i].readable = MIN(extents[i].natural, MAX(extents[i].readable, SHRUNK_READABLE));
}

static int total_width(const struct extent *extents, size_t count, int gap)
{
        int sum = 0;

        for (size_t i = 0; i < count; i++)
                if (extents[i].width > 0)
                        sum += extents[i].width + (sum > 0 ? gap : 0);
        return sum;
}

/* Takes cells from the widest column that may shrink, one by one. */
static bool shrink(const struct grid *grid, struct extent *extents, int columns, bool readable)
{
        int excess = total_width(extents, grid->column_count, GAP_NARROW) - columns;

        for (; excess > 0; excess--) {
                struct extent *widest = NULL;

                for (size_t i = 0; i < grid->column_count; i++) {
                        struct extent *extent = &extents[i];
                        int least = readable ? extent->readable : SHRUNK_LEAST;

                        if (grid->columns[i].shrinks && extent->width > least &&
                            (!widest || extent->width > widest->width))
                                widest = extent;
                }
                if (!widest)
                        return false;
                widest->width--;
        }
        return true;
}

static bool drop_column(const struct grid *grid, struct extent *extents)
{
        size_t first = grid->column_count;

        for (size_t i = 0; i < grid->column_count; i++) {
                if (extents[i].natural == 0 || grid->columns[i].drops == 0)
                        continue;
                if (first == grid->column_count || grid->columns[i].drops > grid->columns[first].drops)
                        first = i;
        }
        if (first == grid->column_count)
                return false;
        extents[first].natural = 0;
        return true;
}

/* With the columns that are left. The gap is written in any case. */
static bool fits(const struct grid *grid, struct extent *extents, int columns, bool readable, int *ret_gap)
{
        for (size_t i = 0; i < grid->column_count; i++)
                extents[i].width = extents[i].natural;
        for (*ret_gap = GAP_WIDE; *ret_gap > GAP_NARROW; (*ret_gap)--)
                if (total_width(extents, grid->column_count, *ret_gap) <= columns)
                        return true;
        return shrink(grid, extents, columns, readable);
}

/* Returns the gap between columns. */
static int lay_out(const struct grid *grid, struct extent *extents)
{
        int columns = isatty(STDOUT_FILENO) ? terminal_columns() : INT_MAX;
        int gap;

        measure(grid, extents);
        while (!fits(grid, extents, columns, true, &gap))
                if (!drop_column(grid, extents)) {
                        fits(grid, extents, columns, false, &gap);
                        break;
                }
        return gap;
}

static bool is_wrapped(const struct extent *extent)
{
        return extent->width < extent->natural;
}

static void add_column(struct libscols_table *scols, const struct grid_column *column, bool wrapped)
{
        int flags = (column->right ? SCOLS_FL_RIGHT : 0) | (wrapped ? SCOLS_FL_WRAP : 0);
        struct libscols_column *added = scols_table_new_column(scols, NULL, 0, flags);

        if (!added)
                abort();
        if (wrapped) {
                scols_column_set_wrapfunc(added, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
                scols_column_set_safechars(added, "\n");
        }
}

static void fill_cell(struct libscols_line *row, size_t column, const struct cell *cell,
                      const struct extent *extent, bool coloured)
{
        const char *text = cell->text ? cell->text : "";
        _cleanup_free_ char *wrapped = is_wrapped(extent) ? terminal_wrap(text, extent->width) : NULL;

        if (scols_line_set_data(row, column, wrapped ? wrapped : text) != 0)
                abort();
        if (coloured && cell->colour != COLOUR_NONE && *text)
                scols_cell_set_color(scols_line_get_cell(row, column),
                                     terminal_colour(STDOUT_FILENO, cell->colour));
}

static void fill(const struct grid *grid, const struct extent *extents, struct libscols_table *scols)
{
        bool coloured = terminal_has_colour(STDOUT_FILENO); /* it asks the terminal: not for each cell */

        for (size_t i = 0; i < grid->column_count; i++)
                if (extents[i].width > 0)
                        add_column(scols, &grid->columns[i], is_wrapped(&extents[i]));
        for (size_t at = 0; at < grid->cells.count; at += grid->column_count) {
                struct libscols_line *row = scols_table_new_line(scols, NULL);
                size_t shown = 0;

                if (!row)
                        abort();
                for (size_t i = 0; i < grid->column_count; i++)
                        if (extents[i].width > 0)
                                fill_cell(row, shown++, &grid->cells.items[at + i], &extents[i], coloured);
        }
}

static void unref_scols(struct libscols_table **scols)
{
        scols_unref_table(*scols);
}

void grid_print(const struct grid *grid)
{
        _cleanup_free_ struct extent *extents = memory_new(grid->column_count, sizeof(*extents));
        _cleanup_(unref_scols) struct libscols_table *scols = scols_new_table();

        if (!scols)
                abort();
        int gap = lay_out(grid, extents);
        scols_table_enable_noheadings(scols, 1);
        scols_table_enable_colors(scols, terminal_has_colour(STDOUT_FILENO));
        scols_table_set_column_separator(scols, gap == GAP_WIDE ? "  " : " ");
        scols_table_set_termforce(scols, SCOLS_TERMFORCE_NEVER); /* it fits by now, or it may not be cut */
        scols_table_set_stream(scols, stdout);
        fill(grid, extents, scols);
        scols_print_table(scols);
}
