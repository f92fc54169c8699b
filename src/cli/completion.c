#include "cli/help.h"

#include "cli/options.h"

#include "base/text.h"

#include <stdio.h>

#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* What a placeholder of the help stands for, as bash finds it. Without an entry nothing is proposed. */
static const struct {
        const char *placeholder;
        const char *bash;
} sources[] = {
        {"FILE", "_headroom_files"},
        {"NET",
         "_headroom_list \"$(docker network ls --filter driver=overlay --format '{{.Name}}' 2>/dev/null)\""},
        {"STACK", "_headroom_list \"$(docker stack ls --format '{{.Name}}' 2>/dev/null)\""},
        {"CONTEXT", "_headroom_list \"$(docker context ls --format '{{.Name}}' 2>/dev/null)\""},
        {"COMMAND", "_headroom_list \"$commands\""},
        {"FORMAT", "_headroom_list 'table json'"},
        {"WHEN", "_headroom_list 'auto always never'"},
        {"SHELL", "_headroom_list bash"},
};

/* For the first placeholder in the text that has a source, "[NET]" or "NET --size BITS"; else nothing is
 * done. */
static const char *find_source(const char *text)
{
        const char *at = text ? text : "";

        while (*(at += strcspn(at, CAPITALS))) {
                size_t length = strspn(at, CAPITALS);

                for (size_t i = 0; i < ELEMENTS(sources); i++)
                        if (strlen(sources[i].placeholder) == length &&
                            strncmp(sources[i].placeholder, at, length) == 0)
                                return sources[i].bash;
                at += length;
        }
        return ":";
}

static void print_names(const struct option_spec *specs)
{
        for (; specs && specs->name; specs++)
                printf(" --%s", specs->name);
}

/* Arms of a case over "COMMAND OPTION"; `command` may be a pattern. */
static void print_values(const char *command, const struct option_spec *specs)
{
        for (; specs && specs->name; specs++) {
                if (specs->kind != OPTION_VALUE)
                        continue;
                printf("        %s\" --%s\"", command, specs->name);
                if (specs->letter)
                        printf(" | %s\" -%c\"", command, specs->letter);
                printf(") %s ;;\n", find_source(specs->argument));
        }
}

static void print_command_arms(const struct command *table)
{
        printf("_headroom_value() # the value of option $2 of command $1; fails when it takes none\n{\n"
               "        case \"$1 $2\" in\n");
        for (const struct command *command = table; command->name; command++)
                print_values(command->name, command->options);
        print_values("*", common_options);
        printf("        *) return 1 ;;\n        esac\n}\n\n");

        printf("_headroom_option() # an option of command $1\n{\n        case \"$1\" in\n");
        for (const struct command *command = table; command->name; command++) {
                printf("        '%s') _headroom_list '", command->name);
                print_names(command->options);
                print_names(common_options);
                printf("' ;;\n");
        }
        printf("        esac\n}\n\n");

        printf("_headroom_word() # a word of command $1\n{\n        case \"$1\" in\n");
        for (const struct command *command = table; command->name; command++)
                printf("        '%s') %s ;;\n", command->name, find_source(command->arguments));
        printf("        esac\n}\n\n");
}

/* Bash cuts words at "=": --size=16 comes as three. */
static const char completion_body[] =
        "        local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= named= i\n"
        "        [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
        "        [[ $cur == = ]] && cur=\n"
        "        for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "                case \"${COMP_WORDS[i]}\" in\n"
        "                --) named=yes; break ;;\n"
        "                -*)\n"
        "                        if [[ \" $valued \" == *\" ${COMP_WORDS[i]} \"* ]]; then\n"
        "                                [[ ${COMP_WORDS[i + 1]} == = ]] && ((i++))\n"
        "                                ((i++))\n"
        "                        fi ;;\n"
        "                *)\n"
        "                        [[ \" $commands \" == *\" ${COMP_WORDS[i]} \"* ]] && "
        "command=${COMP_WORDS[i]}\n"
        "                        named=yes\n"
        "                        break ;;\n"
        "                esac\n"
        "        done\n"
        "        COMPREPLY=()\n"
        "        if [[ $prev == -* ]] && _headroom_value \"$command\" \"$prev\"; then\n"
        "                return\n"
        "        elif [[ $cur == -* ]]; then\n"
        "                _headroom_option \"$command\"\n"
        "        else\n"
        "                _headroom_word \"$command\"\n"
        "                local words=(\"${COMPREPLY[@]}\")\n"
        "                [[ $named ]] || { _headroom_list \"$commands\"; COMPREPLY+=(\"${words[@]}\"); }\n"
        "        fi\n"
        "}\n"
        "complete -F _headroom headroom\n";

static void print_valued(const struct option_spec *specs)
{
        for (; specs && specs->name; specs++) {
                if (specs->kind == OPTION_VALUE)
                        printf(" --%s", specs->name);
                if (specs->kind == OPTION_VALUE && specs->letter)
                        printf(" -%c", specs->letter);
        }
}

/* The two lists stand inside the function, so that nothing but functions is left in the user's shell. */
static void print_lists(const struct command *table)
{
        printf("        local commands='");
        for (const struct command *command = table; command->name; command++)
                printf("%s ", command->name);
        printf("' valued='");
        print_valued(common_options);
        for (const struct command *command = table; command->name; command++)
                print_valued(command->options);
        printf("'\n");
}

void help_completion(const struct command *table)
{
        printf("# bash completion for headroom, made by `headroom help --completion bash`\n\n"
               "_headroom_list()\n{\n        mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n}\n\n"
               "_headroom_files()\n{\n        compopt -o filenames\n"
               "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n}\n\n");
        print_command_arms(table);
        printf("_headroom()\n{\n");
        print_lists(table);
        printf("%s", completion_body);
}
