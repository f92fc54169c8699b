#include "move/document/markdown.h"

#include "base/text.h"

#include <assert.h>
#include <stdarg.h>

#define CUT_MARK     "..."
#define ROOM_FOR_CUT (sizeof(CUT_MARK) - 1 + 4) /* and one character */

/* Bytes of the UTF-8 character at the text; 0 when there is none, or one that nobody should write. */
static size_t character_length(const char *text)
{
        const unsigned char *at = (const unsigned char *)text;
        size_t length = at[0] < 0x80 ? 1 : at[0] >= 0xc2 && at[0] < 0xe0 ? 2 : (at[0] & 0xf0) == 0xe0 ? 3 : 4;
        uint32_t point = length == 1 ? at[0] : at[0] & (0xffU >> (length + 1));

        if (length > 1 && (at[0] < 0xc2 || at[0] > 0xf4))
                return 0;
        for (size_t i = 1; i < length; i++) {
                if ((at[i] & 0xc0) != 0x80)
                        return 0;
                point = point << 6 | (at[i] & 0x3f);
        }
        if ((length == 3 && (point < 0x800 || (point >= 0xd800 && point < 0xe000))) ||
            (length == 4 && (point < 0x10000 || point > 0x10ffff)))
                return 0;
        return length;
}

static bool is_at(const char *text, const char *first, const char *last)
{
        return strncmp(text, first, 3) >= 0 && strncmp(text, last, 3) <= 0;
}

/* Marks of direction and line ends beyond ASCII: U+0080-9F, U+061C, U+200E-F, U+2028-2E, U+2066-69, U+FEFF.
 */
static bool is_deceptive(const char *text)
{
        return (text[0] == '\xc2' && (unsigned char)text[1] < 0xa0) || strncmp(text, "\xd8\x9c", 2) == 0 ||
               is_at(text, "\xe2\x80\x8e", "\xe2\x80\x8f") || is_at(text, "\xe2\x80\xa8", "\xe2\x80\xae") ||
               is_at(text, "\xe2\x81\xa6", "\xe2\x81\xa9") || strncmp(text, "\xef\xbb\xbf", 3) == 0;
}

static bool is_control(char character)
{
        return (unsigned char)character < ' ' || character == 0x7f;
}

/* The text with what is no character replaced; line breaks and tabs stay in a block only. */
static char *clean(const char *text, size_t bound, bool block)
{
        struct buffer out = {0};

        for (const char *at = text ? text : ""; *at;) {
                size_t length = character_length(at);
                if (out.length > bound - ROOM_FOR_CUT) {
                        buffer_add_text(&out, CUT_MARK);
                        break;
                }
                if (length == 1 && is_control(*at))
                        buffer_add(&out, block && (*at == '\n' || *at == '\t') ? at : " ", 1);
                else if (length && !is_deceptive(at))
                        buffer_add(&out, at, length);
                else
                        buffer_add_text(&out, "\xef\xbf\xbd");
                at += length ? length : 1;
        }
        return out.length ? buffer_steal(&out) : text_copy("");
}

static bool is_word(char character)
{
        return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'z') ||
               (character >= 'A' && character <= 'Z') || (unsigned char)character >= 0x80;
}

/* "&lt;" and "&#60;" stand for other characters; an ampersand that is none does not. */
static bool is_entity(const char *at)
{
        size_t length = 1 + (at[1] == '#');

        while (is_word(at[length]))
                length++;
        return length > 1 && at[length] == ';';
}

/* What is markup at this place only, and would make the text ugly if it were escaped everywhere. */
static bool is_markup(const char *text, const char *at)
{
        bool first = at == text;

        if (strchr("\\`*[]<>|~", *at))
                return true;
        if (*at == '_') /* inside a word it is a letter like others */
                return first || !is_word(at[-1]) || !is_word(at[1]);
        if (*at == '&')
                return is_entity(at);
        if (*at == '@' || (*at == '#' && !first)) /* somebody's name, or an issue's number */
                return is_word(at[1]) && (first || !is_word(at[-1]));
        if (first)
                return strchr("#+-=", *at) != NULL;
        if (*at == '.' || *at == ')') /* "1. " begins a list */
                return strspn(text, "0123456789") == (size_t)(at - text) && (at[1] == ' ' || !at[1]);
        return false;
}

void markdown_text(struct buffer *out, const char *text)
{
        _cleanup_free_ char *cleaned = clean(text, MARKDOWN_TEXT_MAX, false);

        for (const char *at = cleaned + strspn(cleaned, " "), *start = at; *at; at++) {
                if (is_markup(start, at))
                        buffer_add_text(out, "\\");
                buffer_add(out, at, 1);
        }
}

/* The longest run of backticks: what encloses the text must be longer (CommonMark 6.1 and 4.5). */
static size_t longest_run(const char *text)
{
        size_t longest = 0;

        for (const char *at = text; *at; at++) {
                size_t run = strspn(at, "`");
                longest = MAX(longest, run);
                at += run ? run - 1 : 0;
        }
        return longest;
}

static void add_ticks(struct buffer *out, size_t count)
{
        for (; count; count--)
                buffer_add_text(out, "`");
}

/* In a table a bar ends the cell even in a code span, unless a backslash stands before it; elsewhere that
 * would be shown. */
static void add_code(struct buffer *out, const char *text, bool in_table)
{
        _cleanup_free_ char *cleaned = clean(text, MARKDOWN_TEXT_MAX, false);
        size_t ticks = longest_run(cleaned) + 1;
        bool apart = ticks > 1 || *cleaned == ' ';

        if (!*cleaned)
                return;
        if (in_table && strstr(cleaned, "\\|")) { /* no code span in a cell can say that */
                markdown_text(out, cleaned);
                return;
        }
        add_ticks(out, ticks);
        if (apart)
                buffer_add_text(out, " ");
        for (const char *at = cleaned; *at; at++)
                buffer_format(out, "%s%c", in_table && *at == '|' ? "\\" : "", *at);
        if (apart)
                buffer_add_text(out, " ");
        add_ticks(out, ticks);
}

void markdown_code(struct buffer *out, const char *text)
{
        add_code(out, text, false);
}

void markdown_fence(struct buffer *out, const char *language, const char *text)
{
        _cleanup_free_ char *cleaned = clean(text, SIZE_MAX, true);
        size_t ticks = MAX((size_t)3, longest_run(cleaned) + 1);
        size_t length = strlen(cleaned);

        add_ticks(out, ticks);
        buffer_format(out, "%s\n%s%s", language, cleaned, length && cleaned[length - 1] != '\n' ? "\n" : "");
        add_ticks(out, ticks);
        buffer_add_text(out, "\n\n");
}

static void add_formatted(struct buffer *out, const char *format, va_list arguments) _printf_(2, 0);
static void add_formatted(struct buffer *out, const char *format, va_list arguments)
{
        _cleanup_free_ char *text = text_vformat(format, arguments);

        markdown_text(out, text);
}

void markdown_heading(struct buffer *out, unsigned level, const char *format, ...)
{
        va_list arguments;

        for (; level; level--)
                buffer_add_text(out, "#");
        buffer_add_text(out, " ");
        va_start(arguments, format);
        add_formatted(out, format, arguments);
        va_end(arguments);
        buffer_add_text(out, "\n\n");
}

void markdown_paragraph(struct buffer *out, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        add_formatted(out, format, arguments);
        va_end(arguments);
        buffer_add_text(out, "\n\n");
}

void markdown_item(struct buffer *out, const char *format, ...)
{
        va_list arguments;

        buffer_add_text(out, "- ");
        va_start(arguments, format);
        add_formatted(out, format, arguments);
        va_end(arguments);
        buffer_add_text(out, "\n");
}

void markdown_table(struct markdown_table *ret_table, struct buffer *out, const char *types,
                    const char *const *headers)
{
        size_t count = strlen(types);

        *ret_table = (struct markdown_table){out, types};
        buffer_add_text(out, "|");
        for (size_t i = 0; i < count; i++) {
                buffer_add_text(out, " ");
                markdown_text(out, headers[i]);
                buffer_add_text(out, " |");
        }
        buffer_add_text(out, "\n|");
        for (size_t i = 0; i < count; i++)
                buffer_add_text(out, types[i] == 'n' ? "---:|" : "---|");
        buffer_add_text(out, "\n");
}

void markdown_cells(const struct markdown_table *table, const char *const *cells, size_t count)
{
        assert(count == strlen(table->types));
        buffer_add_text(table->out, "|");
        for (size_t i = 0; i < count; i++) {
                buffer_add_text(table->out, " ");
                if (table->types[i] == 'c')
                        add_code(table->out, cells[i], true);
                else
                        markdown_text(table->out, cells[i]);
                buffer_add_text(table->out, " |");
        }
        buffer_add_text(table->out, "\n");
}
