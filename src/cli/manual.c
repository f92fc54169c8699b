#include "cli/help.h"

#include "cli/options.h"

#include "base/text.h"

#include <stdio.h>

/* The manual page in scdoc's markup (scdoc(5)): tabs indent, * and _ mark, a backslash takes their meaning
 * away. */

static void print_escaped(const char *text)
{
        for (const char *c = text; *c; c++) {
                bool line_start = c == text || c[-1] == '\n';

                /* At the start of a line the latter would begin a list, a heading, a comment or a table. */
                if (strchr("*_\\<>`", *c) || (line_start && strchr("-#;.|[]", *c)))
                        putchar('\\');
                putchar(*c);
        }
}

static void print_prose(const char *text)
{
        while (!text_empty(text)) {
                const char *end = strstr(text, "\n\n");
                _cleanup_free_ char *paragraph =
                        end ? text_copy_n(text, (size_t)(end - text)) : text_copy(text);

                if (*paragraph == ' ') {
                        printf("```\n%s\n```\n\n", paragraph);
                } else {
                        print_escaped(paragraph);
                        printf("\n\n");
                }
                text = end ? end + 2 : NULL;
        }
}

static void print_options(const struct option_spec *specs)
{
        for (; specs && specs->name; specs++) {
                if (specs->letter)
                        printf("*-%c*, ", specs->letter);
                printf("*--%s*", specs->name);
                if (specs->argument)
                        printf(" _%s_", specs->argument);
                printf("\n\t");
                print_escaped(specs->help);
                printf("\n\n");
        }
}

static void print_command(const struct command *command)
{
        _cleanup_free_ char *usage = help_usage(command);

        printf("## %s\n\n", usage); /* scdoc takes headings as they are */
        print_prose(command->description ? command->description : command->summary);
        print_options(command->options);
}

static void print_environment(void)
{
        printf("# ENVIRONMENT\n\n"
               "*DOCKER\\_HOST*, *DOCKER\\_CONTEXT*, *DOCKER\\_TLS\\_VERIFY*, *DOCKER\\_CERT\\_PATH*, "
               "*DOCKER\\_CONFIG*\n"
               "\tWhich engine is meant, when neither *--host* nor *--context* says so; read as the docker "
               "command "
               "reads them.\n\n"
               "*HEADROOM\\_CONFIG*\n"
               "\tThe configuration file, when *--config* does not name one. Set, but empty, it is "
               "refused.\n\n"
               "*HEADROOM\\_STATE*\n"
               "\tThe folder of plans, locks and journals; wins over *state* of the configuration. Set, but "
               "empty, it is refused.\n\n"
               "*NO\\_COLOR*\n"
               "\tNo colours, unless *--color* says so.\n\n"
               "*COLUMNS*\n"
               "\tWidth of prose where there is no terminal. Tables are cut to fit on a terminal only.\n\n");
}

static void print_configuration(void)
{
        printf("# CONFIGURATION\n\n_" SETTINGS_PATH "_ is YAML. It may be missing, and so may each key; "
               "unknown keys are refused. "
               "A key with a dot stands in a section: *state: /srv/headroom*, but *ensure: {timeout: 30}*. "
               "*headroom config* shows what is in "
               "effect.\n\n");
        for (const struct setting *setting = settings_table; setting->name; setting++) {
                bool list = setting->type >= SETTING_TEXTS;

                printf("*");
                print_escaped(setting->name);
                printf("*: ");
                print_escaped(setting->argument);
                printf("%s\n\t", list ? ", a list" : "");
                print_escaped(setting->help);
                if (setting->fallback)
                        printf(" (default: %s)", setting->fallback);
                printf("\n\n");
        }
}

static void print_exit_status(const struct command *table)
{
        printf("# EXIT STATUS\n\nOf commands that look (");
        for (const struct command *command = table, *first = NULL; command->name; command++) {
                if (!command->monitoring)
                        continue;
                _cleanup_free_ char *title = command_title(command);
                printf("%s*%s*", first ? ", " : "", title);
                first = command;
        }
        printf("): 0 fine, 1 warning, 2 critical, 3 unknown.\n\n"
               "Of all others: 0 done, 1 failed, 2 refused and nothing was changed, 3 usage.\n\n");
        for (const struct command *command = table; command->name; command++)
                if (command->other_exit)
                        printf("Of *headroom %s* also: %s.\n\n", command->name, command->other_exit);
}

void help_manual(const struct command *table)
{
        printf("headroom(8)\n\n# NAME\n\nheadroom - %s\n\n# SYNOPSIS\n\n", PROGRAM_SUMMARY);
        for (const struct command *command = table; command->name; command++) {
                _cleanup_free_ char *usage = help_usage(command);
                print_escaped(usage);
                printf("%s\n", command[1].name ? "++" : "");
        }
        printf("\n# COMMANDS\n\n");
        for (const struct command *command = table; command->name; command++)
                print_command(command);
        printf("# OPTIONS OF EVERY COMMAND\n\nThey may stand before or after the command. A network that is "
               "named "
               "like a command is written behind *--*.\n\n");
        print_options(common_options);
        print_configuration();
        print_environment();
        print_exit_status(table);
        printf("# SEE ALSO\n\n*docker-network*(1), *docker-service*(1), *docker-stack*(1)\n");
}
