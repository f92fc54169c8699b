/*
 * Shell text, read as far as it takes to know its commands: words, quotes, comments, separators,
 * redirections, here-documents, substitutions. What is quoted may be a command itself (`sh -c "..."`, `ssh
 * host '...'`), and so is read again one level deeper, as are substitutions and the bodies of here-documents.
 * A quote that is not closed ends the reading: what stands behind it is not known to be a command.
 */

#include "move/patch_find.h"

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

static bool is_name(char c)
{
        return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
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
                patch_text_done(&scan->words.items.items[i].value);
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

        while (at < value->length && (is_name(value->bytes[at]) || value->bytes[at] == '-'))
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

static void word_part(struct scan *scan, struct patch_text *value, size_t to)
{
        if (to == 0) /* not closed: nothing behind it is known */
                to = scan->end;
        patch_text_add_part(value, scan->text, scan->at, to);
        scan->at = to;
}

/* An expression that the shell puts in: as it stands, between marks. */
static void word_mark(struct scan *scan, struct patch_text *value, size_t to)
{
        size_t begin = scan->text->begin[scan->at];

        patch_text_add(value, MARK_SHELL, begin, begin);
        word_part(scan, value, to);
        size_t end = scan->text->end[scan->at - 1];
        patch_text_add(value, MARK_END, end, end);
}

static void word_substitution(struct scan *scan, struct patch_text *value, size_t open, size_t to)
{
        if (to > scan->at + open)
                scan_inner(scan, scan->text, scan->at + open, to - 1);
        word_mark(scan, value, to);
}

static void word_dollar(struct scan *scan, struct patch_text *value)
{
        const struct patch_text *text = scan->text;
        size_t to = scan->at + 1;

        if (has(scan, "${")) {
                word_mark(scan, value, shell_skip_braces(text, scan->at + 1, scan->end, 0));
                return;
        }
        if (has(scan, "$(") && scan->wish->dialect == DIALECT_SHELL) {
                size_t behind = shell_skip_parentheses(text, scan->at + 1, scan->end, 0);
                word_substitution(scan, value, 2, behind);
                return;
        }
        if (to < scan->end && strchr("?#@*!-$", text->bytes[to]))
                to++;
        else
                while (to < scan->end && is_name(text->bytes[to]))
                        to++;
        if (to > scan->at + 1)
                word_mark(scan, value, to);
        else
                word_part(scan, value, to);
}

/* What is special outside quotes and in double ones. False: it is nothing special. */
static bool word_special(struct scan *scan, struct patch_text *value)
{
        switch (peek(scan)) {
        case '$':
                word_dollar(scan, value);
                return true;
        case '`':
                if (scan->wish->dialect != DIALECT_SHELL)
                        return false;
                word_substitution(scan, value, 1, shell_skip_backticks(scan->text, scan->at, scan->end));
                return true;
        case MARK_SHELL:
        case MARK_NIX:
                word_part(scan, value, patch_text_skip_mark(scan->text, scan->at, scan->end));
                return true;
        default:
                return false;
        }
}

static size_t continuation(const struct scan *scan)
{
        return has(scan, "\\\n") ? 2 : has(scan, "\\\r\n") ? 3 : 0;
}

static void word_escaped(struct scan *scan, struct patch_text *value)
{
        size_t skip = continuation(scan);

        if (skip == 0 && scan->at + 1 < scan->end) {
                patch_text_add(value, scan->text->bytes[scan->at + 1], scan->text->begin[scan->at],
                               scan->text->end[scan->at + 1]);
                skip = 2;
        }
        scan->at += skip ? skip : 1;
}

static void word_single(struct scan *scan, struct patch_text *value)
{
        size_t behind = shell_skip_single(scan->text, scan->at, scan->end);

        scan->at++;
        if (behind == 0) {
                scan->at = scan->end;
                return;
        }
        patch_text_add_part(value, scan->text, scan->at, behind - 1);
        scan->at = behind;
}

static void word_double(struct scan *scan, struct patch_text *value)
{
        size_t behind = shell_skip_double(scan->text, scan->at, scan->end, 0);
        size_t close = behind ? behind - 1 : scan->end;

        scan->at++;
        if (behind == 0) {
                scan->at = scan->end;
                return;
        }
        while (scan->at < close) {
                char next = scan->at + 1 < close ? scan->text->bytes[scan->at + 1] : 0;
                if (peek(scan) == '\\' && next && strchr("$`\"\\\r\n", next))
                        word_escaped(scan, value);
                else if (!word_special(scan, value))
                        word_part(scan, value, scan->at + 1);
        }
        scan->at = behind;
}

static bool ends_word(const struct scan *scan)
{
        static const char blanks[] = " \t\r\n";
        static const char operators[] = ";&|()<>";
        char c = peek(scan);

        return scan->at >= scan->end || (c && strchr(blanks, c)) ||
               (scan->wish->dialect == DIALECT_SHELL && c && strchr(operators, c));
}

static void word_read(struct scan *scan, struct shell_word *word)
{
        *word = (struct shell_word){.from = scan->at};
        while (!ends_word(scan)) {
                if (peek(scan) == '\\')
                        word_escaped(scan, &word->value);
                else if (peek(scan) == '\'')
                        word_single(scan, &word->value);
                else if (peek(scan) == '"')
                        word_double(scan, &word->value);
                else if (!word_special(scan, &word->value))
                        word_part(scan, &word->value, scan->at + 1);
        }
        word->to = scan->at;
}

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

        word_read(scan, &word);
        if (scan->here_target)
                here_add(scan, &word);
        bool separator = scan->wish->dialect == DIALECT_UNIT && shell_word_is(&word, ";");
        bool kept = !scan->target && !is_descriptor(scan, &word) && !separator;
        scan->target = scan->here_target = false;
        if (kept) {
                *list_add(&scan->words.items) = word;
                return;
        }
        patch_text_done(&word.value);
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
        size_t skip = continuation(scan);

        if (skip || has(scan, " ") || has(scan, "\t") || has(scan, "\r"))
                scan->at += skip ? skip : 1;
        else if (peek(scan) == '\n')
                scan_newline(scan);
        else if (peek(scan) == '#' && scan->wish->dialect == DIALECT_SHELL)
                scan_comment(scan);
        else if (ends_word(scan))
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
