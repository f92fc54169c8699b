#include "cli/finding_view.h"

#include "cli/terminal.h"

#include <stdio.h>
#include <unistd.h>

static enum colour severity_colour(enum severity severity)
{
        switch (severity) {
        case SEVERITY_CRITICAL:
                return COLOUR_BAD;
        case SEVERITY_WARNING:
                return COLOUR_WARN;
        default:
                return COLOUR_FAINT;
        }
}

/* A command of headroom's is to ask the engine that was asked: its options stand behind the command's name.
 */
static char *next_there(const char *next, const char *places)
{
        size_t name = text_starts_with(next, "headroom ") ? strlen("headroom ") : 0;
        size_t behind = name ? name + strcspn(next + name, " ") : 0;

        if (behind && next[behind] == ' ')
                return text_format("%.*s %s%s", (int)behind, next, places, next + behind + 1);
        return text_copy(next);
}

/* Names come from engines and snapshots: no escape sequence of theirs may reach the terminal. */
static void print_line(const char *before, const char *text)
{
        _cleanup_free_ char *shown = terminal_printable(text);

        printf("  %s%s\n", before, shown);
}

static void print_finding(const struct finding *finding, const char *places)
{
        _cleanup_free_ char *evidence = terminal_printable(finding->evidence);

        printf("\n%s%s:%s %s\n", terminal_colour(STDOUT_FILENO, severity_colour(finding->severity)),
               severity_name(finding->severity), terminal_plain(STDOUT_FILENO), evidence);
        if (finding->meaning)
                print_line("", finding->meaning);
        if (finding->next) {
                _cleanup_free_ char *next = next_there(finding->next, places);
                print_line("next: ", next);
        }
}

void findings_print(const struct findings *findings, const struct network *only, const char *places)
{
        for (size_t i = 0; i < findings->items.count; i++)
                if (!only || findings->items.items[i].network == only)
                        print_finding(&findings->items.items[i], places);
}

int findings_exit_code(const struct findings *findings)
{
        switch (findings_worst(findings)) {
        case SEVERITY_CRITICAL:
                return 2;
        case SEVERITY_WARNING:
                return 1;
        default:
                return 0;
        }
}
