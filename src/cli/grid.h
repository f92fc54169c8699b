#pragma once

/*
 * Text in columns on stdout. On a terminal everything is made to fit its width; elsewhere every cell keeps
 * its whole text. Prints nothing but what it is given: a header is a first row.
 */

#include "cli/table.h"

struct grid_column {
        bool right;
        bool shrinks;
        int drops; /* left out when the terminal is narrow, the highest first; 0: never */
};

struct grid;

struct grid *grid_new(const struct grid_column *columns, size_t count); /* copies the columns */
struct grid *grid_free(struct grid *grid);                              /* returns NULL */
static inline void grid_cleanup(struct grid **grid)
{
        grid_free(*grid);
}
#define _cleanup_grid_ _cleanup_(grid_cleanup)

void grid_add_row(struct grid *grid);
void grid_set(struct grid *grid, size_t column, const char *text, enum colour colour); /* in the last row */
void grid_print(const struct grid *grid);
