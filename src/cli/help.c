#include "cli/help.h"

#include "cli/grid.h"
#include "cli/options.h"
#include "cli/terminal.h"

#include "base/text.h"

#include <stdio.h>

#define PROSE_COLUMNS_MAX 90 /* longer lines are hard to read */

const struct option_spec help_options[] = {
        {"man", 0, OPTION_FLAG, NULL, "the manual page headroom(8), as scdoc reads it"},
        {"completion", 0, OPTION_VALUE, "SHELL", "completion script for the shell: bash"},
        {NULL},
};

char *help_usage(const struct command *command)
{
        _cleanup_free_ char *title = command_title(command);

        return text_empty(command->arguments) ? text_copy(title)
                                              : text_format("%s %s", title, command->arguments);
}

/* Paragraphs of prose wrapped; one that begins with a blank is an example and stays as it is. */
static void print_prose(const char *text)
{
        int cells = MIN(terminal_columns(), PROSE_COLUMNS_MAX);

        while (!text_empty(text)) {
                const char *end = strstr(text, "\n\n");
                _cleanup_free_ char *paragraph =
                        end ? text_copy_n(text, (size_t)(end - text)) : text_copy(text);

                _cleanup_free_ char *flowing = terminal_printable(paragraph);
                _cleanup_free_ char *wrapped = terminal_wrap(flowing, cells);
                printf("%s\n%s", *paragraph == ' ' ? paragraph : wrapped, end ? "\n" : "");
                text = end ? end + 2 : NULL;
        }
}

static void add_pair(struct grid *grid, const char *left, const char *right)
{
        _cleanup_free_ char *indented = text_format("  %s", left);

        grid_add_row(grid);
        grid_set(grid, 0, indented, COLOUR_NONE);
        grid_set(grid, 1, right ? right : "", COLOUR_NONE);
}

static struct grid *new_pairs(void)
{
        static const struct grid_column columns[] = {{.right = false}, {.shrinks = true}};

        return grid_new(columns, ELEMENTS(columns));
}

static void print_options(const struct option_spec *specs)
{
        _cleanup_grid_ struct grid *grid = new_pairs();

        for (; specs && specs->name; specs++) {
                char letter[] = {'-', specs->letter, ',', ' ', 0};
                _cleanup_free_ char *left =
                        text_format("%s--%s%s%s", specs->letter ? letter : "    ", specs->name,
                                    specs->argument ? " " : "", specs->argument ? specs->argument : "");
                add_pair(grid, left, specs->help);
        }
        grid_print(grid);
}

void help_overview(const struct command *table)
{
        _cleanup_grid_ struct grid *grid = new_pairs();

        printf("headroom - %s\n\nusage: headroom [OPTION...] [COMMAND] [WORD...]\n\ncommands:\n",
               PROGRAM_SUMMARY);
        for (const struct command *command = table; command->name; command++)
                add_pair(grid, *command->name ? command->name : command->arguments, command->summary);
        grid_print(grid);
        const struct command *unnamed = command_find(table, "");
        if (unnamed && unnamed->options) {
                printf("\noptions without a command:\n");
                print_options(unnamed->options);
        }
        printf("\noptions of every command:\n");
        print_options(common_options);
        printf("\n");
        print_prose("`headroom help COMMAND` tells more about one of them; headroom(8) tells everything. A "
                    "network that "
                    "is named like a command is written behind --: headroom -- doctor");
}

static void print_exit_codes(const struct command *command)
{
        static const char *const changing[] = {"done", "failed", "refused, nothing was changed", "usage"};
        static const char *const monitoring[] = {"fine", "warning", "critical", "unknown, usage included"};
        _cleanup_grid_ struct grid *grid = new_pairs();

        for (size_t i = 0; i < ELEMENTS(changing); i++) {
                char code[] = {(char)('0' + i), 0};
                add_pair(grid, code, command->monitoring ? monitoring[i] : changing[i]);
        }
        if (command->other_exit) {
                char code[] = {command->other_exit[0], 0};
                add_pair(grid, code, command->other_exit + strlen("4 "));
        }
        printf("\nexit codes:\n");
        grid_print(grid);
}

void help_command(const struct command *command)
{
        _cleanup_free_ char *title = command_title(command);
        _cleanup_free_ char *usage = help_usage(command);

        printf("%s - %s\n\nusage: %s\n\n", title, command->summary, usage);
        print_prose(command->description);
        if (command->options && command->options->name) {
                printf("\noptions:\n");
                print_options(command->options);
        }
        printf("\noptions of every command:\n");
        print_options(common_options);
        print_exit_codes(command);
}

int command_help(const struct invocation *invocation)
{
        const char *name = invocation->word_count ? invocation->words[0] : NULL;
        const char *shell = invocation_value(invocation, "completion");
        const struct command *command = name ? command_find(commands, name) : NULL;
        _cleanup_error_ struct error error = {0};

        if (shell && !text_equal(shell, "bash")) {
                error_set(&error, ERROR_USAGE, "there is completion for bash only, not for %s", shell);
                return invocation_fail(invocation, &error);
        }
        if (name && !command) {
                const struct command *meant = command_nearest(commands, name);
                error_set(&error, ERROR_USAGE, "'%s' is no command%s%s%s", name,
                          meant ? "; did you mean " : "", meant ? meant->name : "", meant ? "?" : "");
                return invocation_fail(invocation, &error);
        }
        if (shell)
                help_completion(commands);
        else if (invocation_flag(invocation, "man"))
                help_manual(commands);
        else if (command)
                help_command(command);
        else
                help_overview(commands);
        return 0;
}
