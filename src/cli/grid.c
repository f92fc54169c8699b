#include "cli/grid.h"

#include "cli/terminal.h"

#include "base/buffer.h"
#include "base/text.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>

/*
 * What to give up when the terminal is narrow: first the wide gap between columns, then room in columns that
 * may shrink (their text is wrapped between words), then columns that may be left out. What still does not
 * fit runs over the edge, whole: nothing is cut.
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

/* A row as it is written: a cell's lines one after the other, beside those of the others. */
struct cursor {
        char *wrapped; /* owned; NULL where a cell has one line */
        char *rest;    /* in it: the lines to come */
        const char *line;
};

struct writer {
        const struct grid *grid;
        const struct extent *extents;
        int gap; /* between columns */
        struct buffer out;
        int blanks; /* that are due before the next text; a line ends without any */
        bool coloured;
};

static void cursor_begin(struct cursor *cursor, const struct cell *cell, const struct extent *extent)
{
        const char *text = cell->text ? cell->text : "";

        *cursor = (struct cursor){.line = text};
        if (extent->width == 0 || extent->width >= extent->natural)
                return;
        cursor->wrapped = cursor->rest = terminal_wrap(text, extent->width);
        cursor->line = strsep(&cursor->rest, "\n");
}

/* Whether the cell has another line. */
static bool cursor_next(struct cursor *cursor)
{
        cursor->line = cursor->rest ? strsep(&cursor->rest, "\n") : "";
        return *cursor->line || cursor->rest;
}

static void write_text(struct writer *writer, const char *text, enum colour colour)
{
        static const char blanks[] = "                                ";
        bool coloured = writer->coloured && colour != COLOUR_NONE;

        while (writer->blanks > 0) {
                int some = MIN(writer->blanks, (int)strlen(blanks));
                buffer_add(&writer->out, blanks, (size_t)some);
                writer->blanks -= some;
        }
        if (coloured)
                buffer_add_text(&writer->out, terminal_colour(STDOUT_FILENO, colour));
        buffer_add_text(&writer->out, text);
        if (coloured)
                buffer_add_text(&writer->out, terminal_plain(STDOUT_FILENO));
}

static void write_piece(struct writer *writer, const char *text, enum colour colour, int width, bool right)
{
        int padding = MAX(width - terminal_width(text), 0);

        writer->blanks += right ? padding : 0;
        if (*text)
                write_text(writer, text, colour);
        writer->blanks += right ? 0 : padding;
}

static void write_line(struct writer *writer, const struct cell *cells, const struct cursor *cursors)
{
        const struct grid *grid = writer->grid;
        bool first = true;

        for (size_t i = 0; i < grid->column_count; i++) {
                int width = writer->extents[i].width;
                if (width == 0)
                        continue;
                writer->blanks += first ? 0 : writer->gap;
                write_piece(writer, cursors[i].line, cells[i].colour, width, grid->columns[i].right);
                first = false;
        }
        writer->blanks = 0;
        buffer_add(&writer->out, "\n", 1);
}

static void write_row(struct writer *writer, const struct cell *cells, struct cursor *cursors)
{
        size_t count = writer->grid->column_count;
        bool more = true;

        for (size_t i = 0; i < count; i++)
                cursor_begin(&cursors[i], &cells[i], &writer->extents[i]);
        while (more) {
                write_line(writer, cells, cursors);
                more = false;
                for (size_t i = 0; i < count; i++)
                        more = cursor_next(&cursors[i]) || more;
        }
        for (size_t i = 0; i < count; i++)
                free(cursors[i].wrapped);
}

void grid_print(const struct grid *grid)
{
        _cleanup_free_ struct extent *extents = memory_new(grid->column_count, sizeof(*extents));
        _cleanup_free_ struct cursor *cursors = memory_new(grid->column_count, sizeof(*cursors));
        struct writer writer = {
                .grid = grid,
                .extents = extents,
                .gap = lay_out(grid, extents),
                .coloured = terminal_has_colour(STDOUT_FILENO),
        };

        for (size_t at = 0; at < grid->cells.count; at += grid->column_count) {
                write_row(&writer, &grid->cells.items[at], cursors);
                fwrite(writer.out.bytes, 1, writer.out.length, stdout);
                buffer_clear(&writer.out);
        }
        buffer_done(&writer.out);
}
