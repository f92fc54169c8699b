/*
 * Shell text, read as far as it takes to know its commands: words, quotes, comments, separators,
 * redirections, here-documents, substitutions. What is quoted may be a command itself (`sh -c "..."`, `ssh
 * host '...'`), and so is read again one level deeper, as are substitutions and the bodies of here-documents.
 * A quote that is not closed ends the reading: what stands behind it is not known to be a command.
 */

#include "move/patch/find.h"

#include "base/text.h"

#define QUOTING_MAX 6
#define HERE_MAX    8

struct here {
        char *delimiter;
        bool tabs;    /* <<-: tabs before the delimiter don't count */
        bool settled; /* its command is over */
        bool printed; /* it is only shown to somebody */
        size_t comment;
};

struct scan {
        const struct patch_scan_wish *wish;
        const struct patch_text *text;
        struct patch_findings *findings;
        size_t at, end;
        size_t comment;
        struct shell_words words;
        bool target; /* the next word is a redirection's */
        bool here_target, here_tabs;
        bool writes; /* > was seen in this command */
        struct here heres[HERE_MAX];
        size_t here_count;
};

static char peek(const struct scan *scan)
{
        return scan->at < scan->end ? scan->text->bytes[scan->at] : 0;
}

static bool has(const struct scan *scan, const char *word)
{
        return patch_text_has(scan->text, scan->at, scan->end, word);
}

static void scan_inner(struct scan *scan, const struct patch_text *text, size_t from, size_t to)
{
        struct patch_scan_wish inner = {.text = text,
                                        .from = from,
                                        .to = to,
                                        .comment = scan->comment,
                                        .depth = scan->wish->depth + 1};

        if (inner.depth <= QUOTING_MAX)
                patch_scan(&inner, scan->findings);
}

/* Commands */

static void words_clear(struct scan *scan)
{
        for (size_t i = 0; i < scan->words.items.count; i++)
                shell_word_done(&scan->words.items.items[i]);
        scan->words.items.count = 0;
}

/* `cat <<END` only shows its text, unless it goes into a file or another command. */
static void settle_heres(struct scan *scan, bool prints, char separator)
{
        bool shows = scan->words.items.count && shell_word_is(&scan->words.items.items[0], "cat") &&
                     !scan->writes && separator != '|';

        for (size_t i = 0; i < scan->here_count; i++)
                if (!scan->heres[i].settled) {
                        scan->heres[i].settled = true;
                        scan->heres[i].printed = prints || shows;
                }
}

/* NAME="a command", --option="a command" */
static size_t command_from(const struct patch_text *value)
{
        size_t at = 0;

        while (at < value->length && (shell_is_name(value->bytes[at]) || value->bytes[at] == '-'))
                at++;
        return at < value->length && value->bytes[at] == '=' ? at + 1 : 0;
}

static void command_end(struct scan *scan, char separator)
{
        bool prints = patch_command_prints(&scan->words);

        if (scan->words.items.count)
                patch_command(scan->text, &scan->words, scan->comment, scan->findings);
        for (size_t i = 0; i < scan->words.items.count && !prints; i++) {
                const struct patch_text *value = &scan->words.items.items[i].value;
                if (patch_may_hold_command(value))
                        scan_inner(scan, value, command_from(value), value->length);
        }
        settle_heres(scan, prints, separator);
        words_clear(scan);
        scan->target = scan->here_target = scan->writes = false;
}

/* Words */

/* "2" of 2>file. */
static bool is_descriptor(const struct scan *scan, const struct shell_word *word)
{
        char c = peek(scan);

        return word->value.length == 1 && word->to - word->from == 1 && word->value.bytes[0] >= '0' &&
               word->value.bytes[0] <= '9' && (c == '<' || c == '>') && scan->wish->dialect == DIALECT_SHELL;
}

static void here_add(struct scan *scan, const struct shell_word *word)
{
        if (scan->here_count == HERE_MAX) {
                scan->findings->overflow = true;
                return;
        }
        scan->heres[scan->here_count++] = (struct here){.delimiter = patch_text_copy(&word->value),
                                                        .tabs = scan->here_tabs,
                                                        .comment = scan->comment};
}

static void scan_word(struct scan *scan)
{
        struct shell_word word;

        shell_word_read(scan->text, scan->at, scan->end, scan->wish->dialect, &word);
        scan->at = word.to;
        for (size_t i = 0; i < word.inner.count; i++)
                scan_inner(scan, scan->text, word.inner.items[i].from, word.inner.items[i].to);
        if (scan->here_target)
                here_add(scan, &word);
        bool separator = scan->wish->dialect == DIALECT_UNIT && shell_word_is(&word, ";");
        bool kept = !scan->target && !is_descriptor(scan, &word) && !separator;
        scan->target = scan->here_target = false;
        if (kept) {
                *list_add(&scan->words.items) = word;
                return;
        }
        shell_word_done(&word);
        if (separator)
                command_end(scan, ';');
}

/* Lines */

/* The line at `at` without its end; *ret_next is the start of the next one. */
static char *line_copy(const struct scan *scan, size_t *ret_next)
{
        const char *start = scan->text->bytes + scan->at;
        const char *newline = memchr(start, '\n', scan->end - scan->at);
        size_t length = newline ? (size_t)(newline - start) : scan->end - scan->at;

        *ret_next = scan->at + length + (newline != NULL);
        if (length && start[length - 1] == '\r')
                length--;
        return text_copy_n(start, length);
}

static void here_skip(struct scan *scan, const struct here *here)
{
        size_t from = scan->at;
        size_t to = scan->end;

        while (scan->at < scan->end) {
                size_t next;
                _cleanup_free_ char *line = line_copy(scan, &next);
                const char *word = here->tabs ? line + strspn(line, "\t") : line;
                to = scan->at;
                scan->at = next;
                if (text_equal(word, here->delimiter))
                        break;
                to = scan->end;
        }
        if (!here->printed) {
                size_t comment = scan->comment;
                scan->comment = here->comment;
                scan_inner(scan, scan->text, from, to);
                scan->comment = comment;
        }
}

static void scan_newline(struct scan *scan)
{
        command_end(scan, '\n');
        scan->at++;
        for (size_t i = 0; i < scan->here_count; i++) {
                here_skip(scan, &scan->heres[i]);
                free(scan->heres[i].delimiter);
        }
        scan->here_count = 0;
        if (!scan->wish->own_lines || scan->at >= scan->end)
                return;
        /* "\n" in a Nix string is a new line for the shell, and none in the file. */
        if (scan->text->end[scan->at - 1] - scan->text->begin[scan->at - 1] == 1)
                scan->comment = scan->text->end[scan->at - 1];
}

static void scan_redirection(struct scan *scan)
{
        bool here = has(scan, "<<") && !has(scan, "<<<");
        bool writes = peek(scan) == '>';

        scan->at += here ? 2 : has(scan, "<<<") ? 3 : 1;
        scan->here_tabs = here && peek(scan) == '-';
        scan->at += scan->here_tabs;
        if (!here && peek(scan) == '(') /* <(command) */
                return;
        if (!here && scan->at < scan->end && strchr(">&|", peek(scan)))
                scan->at++;
        scan->target = true;
        scan->here_target = here;
        scan->writes = scan->writes || writes;
}

static void scan_operator(struct scan *scan)
{
        char c = peek(scan);

        if (has(scan, "&>")) {
                scan->at++;
                scan_redirection(scan);
        } else if (c == '<' || c == '>') {
                scan_redirection(scan);
        } else {
                bool pipe = c == '|' && !has(scan, "||");
                command_end(scan, pipe ? '|' : ';');
                scan->at += has(scan, "||") || has(scan, "&&") ? 2 : 1;
        }
}

static void scan_comment(struct scan *scan)
{
        while (scan->at < scan->end && peek(scan) != '\n') {
                bool mark = peek(scan) == MARK_NIX || peek(scan) == MARK_SHELL;
                scan->at = mark ? patch_text_skip_mark(scan->text, scan->at, scan->end) : scan->at + 1;
        }
}

static void scan_step(struct scan *scan)
{
        size_t skip = shell_continuation(scan->text, scan->at, scan->end);

        if (skip || has(scan, " ") || has(scan, "\t") || has(scan, "\r"))
                scan->at += skip ? skip : 1;
        else if (peek(scan) == '\n')
                scan_newline(scan);
        else if (peek(scan) == '#' && scan->wish->dialect == DIALECT_SHELL)
                scan_comment(scan);
        else if (shell_ends_word(scan->text, scan->at, scan->end, scan->wish->dialect))
                scan_operator(scan);
        else
                scan_word(scan);
}

void patch_scan(const struct patch_scan_wish *wish, struct patch_findings *findings)
{
        struct scan scan = {.wish = wish,
                            .text = wish->text,
                            .findings = findings,
                            .at = wish->from,
                            .end = wish->to,
                            .comment = wish->comment};

        while (scan.at < scan.end)
                scan_step(&scan);
        command_end(&scan, '\n');
        for (size_t i = 0; i < scan.here_count; i++)
                free(scan.heres[i].delimiter);
        free(scan.words.items.items);
}

void patch_find_shell(const char *bytes, size_t length, struct patch_findings *findings)
{
        _cleanup_patch_text_ struct patch_text text = {0};

        patch_text_add_bytes(&text, bytes, 0, length);
        patch_scan(&(struct patch_scan_wish){.text = &text, .to = length, .own_lines = true}, findings);
}
