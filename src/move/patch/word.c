/* One word of shell text: quotes taken off, what the shell puts in marked, substitutions noted. */

#include "move/patch/find.h"

#include "base/text.h"

struct reading {
        const struct patch_text *text;
        size_t at, end;
        enum patch_dialect dialect;
        struct shell_word *word;
};

void shell_word_done(struct shell_word *word)
{
        patch_text_done(&word->value);
        free(word->inner.items);
        *word = (struct shell_word){0};
}

bool shell_is_name(char c)
{
        return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

size_t shell_continuation(const struct patch_text *text, size_t at, size_t end)
{
        return patch_text_has(text, at, end, "\\\n") ? 2 : patch_text_has(text, at, end, "\\\r\n") ? 3 : 0;
}

bool shell_ends_word(const struct patch_text *text, size_t at, size_t end, enum patch_dialect dialect)
{
        static const char blanks[] = " \t\r\n";
        static const char operators[] = ";&|()<>";
        char c = at < end ? text->bytes[at] : 0;

        return at >= end || (c && (strchr(blanks, c) || (dialect == DIALECT_SHELL && strchr(operators, c))));
}

static char peek(const struct reading *reading)
{
        return reading->at < reading->end ? reading->text->bytes[reading->at] : 0;
}

static bool has(const struct reading *reading, const char *word)
{
        return patch_text_has(reading->text, reading->at, reading->end, word);
}

static void word_part(struct reading *reading, struct patch_text *value, size_t to)
{
        if (to == 0) /* not closed: nothing behind it is known */
                to = reading->end;
        patch_text_add_part(value, reading->text, reading->at, to);
        reading->at = to;
}

/* An expression that the shell puts in: as it stands, between marks. */
static void word_mark(struct reading *reading, struct patch_text *value, size_t to)
{
        size_t begin = reading->text->begin[reading->at];

        patch_text_add(value, MARK_SHELL, begin, begin);
        word_part(reading, value, to);
        size_t end = reading->text->end[reading->at - 1];
        patch_text_add(value, MARK_END, end, end);
}

static void word_substitution(struct reading *reading, struct patch_text *value, size_t open, size_t to)
{
        if (to > reading->at + open)
                *list_add(&reading->word->inner) = (struct shell_span){reading->at + open, to - 1};
        word_mark(reading, value, to);
}

static void word_dollar(struct reading *reading, struct patch_text *value)
{
        const struct patch_text *text = reading->text;
        size_t to = reading->at + 1;

        if (has(reading, "${")) {
                word_mark(reading, value, shell_skip_braces(text, reading->at + 1, reading->end, 0));
                return;
        }
        if (has(reading, "$(") && reading->dialect == DIALECT_SHELL) {
                size_t behind = shell_skip_parentheses(text, reading->at + 1, reading->end, 0);
                word_substitution(reading, value, 2, behind);
                return;
        }
        if (to < reading->end && strchr("?#@*!-$", text->bytes[to]))
                to++;
        else
                while (to < reading->end && shell_is_name(text->bytes[to]))
                        to++;
        if (to > reading->at + 1)
                word_mark(reading, value, to);
        else
                word_part(reading, value, to);
}

/* What is special outside quotes and in double ones. False: it is nothing special. */
static bool word_special(struct reading *reading, struct patch_text *value)
{
        switch (peek(reading)) {
        case '$':
                word_dollar(reading, value);
                return true;
        case '`':
                if (reading->dialect != DIALECT_SHELL)
                        return false;
                word_substitution(reading, value, 1,
                                  shell_skip_backticks(reading->text, reading->at, reading->end));
                return true;
        case MARK_SHELL:
        case MARK_NIX:
                word_part(reading, value, patch_text_skip_mark(reading->text, reading->at, reading->end));
                return true;
        default:
                return false;
        }
}

static void word_escaped(struct reading *reading, struct patch_text *value)
{
        size_t skip = shell_continuation(reading->text, reading->at, reading->end);

        if (skip == 0 && reading->at + 1 < reading->end) {
                patch_text_add(value, reading->text->bytes[reading->at + 1],
                               reading->text->begin[reading->at], reading->text->end[reading->at + 1]);
                skip = 2;
        }
        reading->at += skip ? skip : 1;
}

static void word_single(struct reading *reading, struct patch_text *value)
{
        size_t behind = shell_skip_single(reading->text, reading->at, reading->end);

        reading->at++;
        if (behind == 0) {
                reading->at = reading->end;
                return;
        }
        patch_text_add_part(value, reading->text, reading->at, behind - 1);
        reading->at = behind;
}

static void word_double(struct reading *reading, struct patch_text *value)
{
        size_t behind = shell_skip_double(reading->text, reading->at, reading->end, 0);
        size_t close = behind ? behind - 1 : reading->end;

        reading->at++;
        if (behind == 0) {
                reading->at = reading->end;
                return;
        }
        while (reading->at < close) {
                char next = reading->at + 1 < close ? reading->text->bytes[reading->at + 1] : 0;
                if (peek(reading) == '\\' && next && strchr("$`\"\\\r\n", next))
                        word_escaped(reading, value);
                else if (!word_special(reading, value))
                        word_part(reading, value, reading->at + 1);
        }
        reading->at = behind;
}

static bool ends(const struct reading *reading)
{
        return shell_ends_word(reading->text, reading->at, reading->end, reading->dialect);
}

void shell_word_read(const struct patch_text *text, size_t at, size_t end, enum patch_dialect dialect,
                     struct shell_word *ret_word)
{
        struct shell_word word = {.from = at};
        struct reading reading = {text, at, end, dialect, &word};

        while (!ends(&reading)) {
                if (peek(&reading) == '\\')
                        word_escaped(&reading, &word.value);
                else if (peek(&reading) == '\'')
                        word_single(&reading, &word.value);
                else if (peek(&reading) == '"')
                        word_double(&reading, &word.value);
                else if (!word_special(&reading, &word.value))
                        word_part(&reading, &word.value, reading.at + 1);
        }
        word.to = reading.at;
        *ret_word = word;
}
