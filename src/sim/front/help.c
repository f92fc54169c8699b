#include "sim/front/mode.h"

#include "base/text.h"
#include "cli/grid.h"
#include "cli/terminal.h"

#include <stdio.h>

#define SUMMARY           "a simulated swarm: an engine on a socket, and a bench to break moves on"
#define PROSE_COLUMNS_MAX 90 /* longer lines are hard to read */

static const struct mode_option common_options[] = {
        {"help", NULL, "this help", NULL},
        {"man", NULL, "the manual page headroom-sim(8), as scdoc reads it", NULL},
        {"version", NULL, "the version", NULL},
        {NULL, NULL, NULL, NULL},
};

static const char *const exit_codes[] = {"done; an engine on a socket was ended by SIGINT or SIGTERM",
                                         "failed", "refused, and nothing was changed",
                                         "the command line, or a file's contents, is not understood"};

/* Calls `show` for each paragraph. */
static void each_paragraph(const char *text, void (*show)(const char *paragraph))
{
        while (!text_empty(text)) {
                const char *end = strstr(text, "\n\n");
                _cleanup_free_ char *paragraph =
                        end ? text_copy_n(text, (size_t)(end - text)) : text_copy(text);

                show(paragraph);
                text = end ? end + 2 : NULL;
        }
}

static void show_paragraph(const char *paragraph)
{
        _cleanup_free_ char *wrapped = terminal_wrap(paragraph, MIN(terminal_columns(), PROSE_COLUMNS_MAX));

        printf("\n%s\n", *paragraph == ' ' ? paragraph : wrapped);
}

static void show_options(const struct mode_option *options)
{
        static const struct grid_column columns[] = {{.right = false}, {.shrinks = true}};
        _cleanup_grid_ struct grid *grid = grid_new(columns, ELEMENTS(columns));

        for (; options->name; options++) {
                _cleanup_free_ char *left =
                        text_format("  --%s %s", options->name, options->argument ? options->argument : "");
                grid_add_row(grid);
                grid_set(grid, 0, left, COLOUR_NONE);
                grid_set(grid, 1, options->help, COLOUR_NONE);
        }
        grid_print(grid);
}

void help_modes(void)
{
        printf("headroom-sim - %s\n", SUMMARY);
        for (const struct mode *const *mode = modes; *mode; mode++) {
                printf("\nusage: headroom-sim %s\n\n%s:\n", (*mode)->usage, (*mode)->summary);
                show_options((*mode)->options);
                each_paragraph((*mode)->description, show_paragraph);
        }
        printf("\nother options:\n");
        show_options(common_options);
        printf("\nexit codes:\n");
        for (size_t i = 0; i < ELEMENTS(exit_codes); i++)
                printf("  %zu  %s\n", i, exit_codes[i]);
}

/* The manual, in scdoc's markup (scdoc(5)) */

static void print_escaped(const char *text)
{
        for (const char *c = text; *c; c++) {
                if (strchr("*_\\<>`", *c) || (c == text && strchr("-#;.|[]", *c)))
                        putchar('\\');
                putchar(*c);
        }
}

static void print_paragraph(const char *paragraph)
{
        if (*paragraph == ' ') {
                printf("```\n%s\n```\n\n", paragraph);
                return;
        }
        print_escaped(paragraph);
        printf("\n\n");
}

static void print_options(const struct mode_option *options)
{
        for (; options->name; options++) {
                printf("*--%s*", options->name);
                if (options->argument)
                        printf(" _%s_", options->argument);
                printf("\n\t");
                print_escaped(options->help);
                printf("\n\n");
        }
}

void help_manual(void)
{
        printf("headroom-sim(8)\n\n# NAME\n\nheadroom-sim - %s\n\n# SYNOPSIS\n\n", SUMMARY);
        for (const struct mode *const *mode = modes; *mode; mode++)
                printf("*headroom-sim* %s\n\n", (*mode)->usage);
        printf("# MODES\n\n");
        for (const struct mode *const *mode = modes; *mode; mode++) {
                printf("## headroom-sim --%s\n\n", (*mode)->options->name);
                each_paragraph((*mode)->description, print_paragraph);
                print_options((*mode)->options);
        }
        printf("# OPTIONS\n\n");
        print_options(common_options);
        printf("# EXIT STATUS\n\n");
        for (size_t i = 0; i < ELEMENTS(exit_codes); i++)
                printf("*%zu*\n\t%s\n\n", i, exit_codes[i]);
        printf("# SEE ALSO\n\nheadroom(8)\n");
}
