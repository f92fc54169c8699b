/* Where quotes, substitutions and expansions of shell text end. They nest; the depth is bounded. */

#include "move/patch/find.h"

#define NESTING_MAX 64

size_t shell_skip_single(const struct patch_text *text, size_t at, size_t end)
{
        for (size_t i = at + 1; i < end;) {
                if (text->bytes[i] == '\'')
                        return i + 1;
                bool mark = text->bytes[i] == MARK_SHELL || text->bytes[i] == MARK_NIX;
                i = mark ? patch_text_skip_mark(text, i, end) : i + 1;
        }
        return 0;
}

size_t shell_skip_backticks(const struct patch_text *text, size_t at, size_t end)
{
        for (size_t i = at + 1; i < end; i++) {
                if (text->bytes[i] == '`')
                        return i + 1;
                i += text->bytes[i] == '\\';
        }
        return 0;
}

/* What is the same in double quotes, parentheses and braces: a step over what begins here; 0: not closed. */
static size_t skip_inside(const struct patch_text *text, size_t i, size_t end, unsigned depth)
{
        switch (text->bytes[i]) {
        case '\\':
                return MIN(i + 2, end);
        case '`':
                return shell_skip_backticks(text, i, end);
        case MARK_SHELL:
        case MARK_NIX:
                return patch_text_skip_mark(text, i, end);
        case '$':
                if (patch_text_has(text, i, end, "$("))
                        return shell_skip_parentheses(text, i + 1, end, depth + 1);
                if (patch_text_has(text, i, end, "${"))
                        return shell_skip_braces(text, i + 1, end, depth + 1);
                return i + 1;
        default:
                return i + 1;
        }
}

static size_t skip_quoted(const struct patch_text *text, size_t i, size_t end, unsigned depth)
{
        if (text->bytes[i] == '\'')
                return shell_skip_single(text, i, end);
        if (text->bytes[i] == '"')
                return shell_skip_double(text, i, end, depth + 1);
        return skip_inside(text, i, end, depth);
}

size_t shell_skip_double(const struct patch_text *text, size_t at, size_t end, unsigned depth)
{
        for (size_t i = at + 1; i && i < end && depth < NESTING_MAX;) {
                if (text->bytes[i] == '"')
                        return i + 1;
                i = skip_inside(text, i, end, depth);
        }
        return 0;
}

static bool starts_comment(const struct patch_text *text, size_t i)
{
        return text->bytes[i] == '#' && strchr(" \t\n;(", text->bytes[i - 1]);
}

size_t shell_skip_parentheses(const struct patch_text *text, size_t at, size_t end, unsigned depth)
{
        for (size_t i = at + 1; i && i < end && depth < NESTING_MAX;) {
                if (text->bytes[i] == ')')
                        return i + 1;
                if (text->bytes[i] == '(')
                        i = shell_skip_parentheses(text, i, end, depth + 1);
                else if (starts_comment(text, i))
                        while (i < end && text->bytes[i] != '\n')
                                i++;
                else
                        i = skip_quoted(text, i, end, depth);
        }
        return 0;
}

size_t shell_skip_braces(const struct patch_text *text, size_t at, size_t end, unsigned depth)
{
        for (size_t i = at + 1; i && i < end && depth < NESTING_MAX;) {
                if (text->bytes[i] == '}')
                        return i + 1;
                i = skip_quoted(text, i, end, depth);
        }
        return 0;
}
