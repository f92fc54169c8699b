#include "cli/terminal.h"

#include "base/buffer.h"
#include "base/text.h"

#include <langinfo.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <wchar.h>
#include <wctype.h>

#define COLUMNS_MAX 10000

static enum { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER } colour_when;

int terminal_set_colour(const char *when)
{
        if (text_equal(when, "auto"))
                colour_when = COLOUR_AUTO;
        else if (text_equal(when, "always"))
                colour_when = COLOUR_ALWAYS;
        else if (text_equal(when, "never"))
                colour_when = COLOUR_NEVER;
        else
                return -1;
        return 0;
}

bool terminal_has_colour(int fd)
{
        const char *term = getenv("TERM");

        if (colour_when != COLOUR_AUTO)
                return colour_when == COLOUR_ALWAYS;
        /* https://no-color.org: set and not empty */
        return isatty(fd) && text_empty(getenv("NO_COLOR")) && !text_empty(term) && !text_equal(term, "dumb");
}

const char *terminal_colour(int fd, enum colour colour)
{
        static const char *const sequences[] = {
                [COLOUR_NONE] = "",          [COLOUR_GOOD] = "\033[32m",  [COLOUR_WARN] = "\033[33m",
                [COLOUR_BAD] = "\033[1;31m", [COLOUR_FAINT] = "\033[90m",
        };

        return terminal_has_colour(fd) ? sequences[colour] : "";
}

const char *terminal_plain(int fd)
{
        return terminal_has_colour(fd) ? "\033[0m" : "";
}

int terminal_columns(void)
{
        static const int fds[] = {STDOUT_FILENO, STDERR_FILENO};
        uint64_t columns;

        for (size_t i = 0; i < ELEMENTS(fds); i++) {
                struct winsize size = {0};

                if (ioctl(fds[i], TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
                        return size.ws_col;
        }
        if (text_to_u64(getenv("COLUMNS"), &columns) && columns > 0 && columns <= COLUMNS_MAX)
                return (int)columns;
        return TERMINAL_COLUMNS;
}

bool terminal_is_utf8(void)
{
        return text_equal(nl_langinfo(CODESET), "UTF-8");
}

/* One cell, in every locale; nearly all there is. */
static bool is_plain(char c)
{
        return c >= ' ' && c <= '~';
}

/* The character at `text`: its bytes, and its cells or -1 when it can't be shown. False at the end. */
static bool next_character(const char *text, size_t *ret_length, int *ret_cells)
{
        /* A bar is one of them, many times. */
        static struct {
                char bytes[MB_LEN_MAX];
                size_t length;
                int cells;
        } last;
        mbstate_t state = {0};
        wchar_t character;

        if (!*text)
                return false;
        if (is_plain(*text)) {
                *ret_length = 1;
                *ret_cells = 1;
                return true;
        }
        if (last.length && strncmp(text, last.bytes, last.length) == 0) {
                *ret_length = last.length;
                *ret_cells = last.cells;
                return true;
        }
        size_t length = mbrtowc(&character, text, MB_CUR_MAX, &state);
        if (length == (size_t)-1 || length == (size_t)-2) {
                *ret_length = 1;
                *ret_cells = -1;
                return true;
        }
        last.length = *ret_length = length;
        last.cells = *ret_cells = iswprint((wint_t)character) ? wcwidth(character) : -1;
        memcpy(last.bytes, text, length);
        return true;
}

size_t terminal_cut(const char *text, int cells)
{
        const char *end = text;
        size_t length;
        int width;

        while (next_character(end, &length, &width) && (cells -= width < 0 ? 1 : width) >= 0)
                end += length;
        return (size_t)(end - text);
}

int terminal_width(const char *text)
{
        size_t length;
        int width;
        int sum = 0;

        for (; next_character(text, &length, &width); text += length)
                sum += width < 0 ? 1 : width;
        return sum;
}

char *terminal_printable(const char *text)
{
        _cleanup_buffer_ struct buffer copy = {0};
        size_t length;
        int width;

        const char *plain = text;
        while (is_plain(*plain))
                plain++;
        if (!*plain)
                return text_copy(text);
        for (; next_character(text, &length, &width); text += length) {
                if (*text == '\n' || *text == '\t')
                        buffer_add_text(&copy, " ");
                else if (width < 0)
                        buffer_add_text(&copy, "?");
                else
                        buffer_add(&copy, text, length);
        }
        return buffer_steal(&copy);
}

/*
 * Bytes of the text's first line when no line may take more than `cells`: up to a blank, else behind a mark
 * that joins the parts of a name, else as much as fits.
 */
static size_t line_length(const char *text, int cells)
{
        size_t length = terminal_cut(text, cells);

        if (!text[length] || text[length] == ' ')
                return length;
        for (size_t i = length; i > 0; i--)
                if (text[i] == ' ')
                        return i;
        for (size_t i = length; i > length / 2; i--)
                if (strchr("-_./:", text[i - 1]))
                        return i;
        return length > 0 ? length : strlen(text); /* not even one character fits */
}

char *terminal_wrap(const char *text, int cells)
{
        _cleanup_buffer_ struct buffer lines = {0};

        while (*text) {
                size_t length = line_length(text, cells);

                if (lines.length > 0)
                        buffer_add_text(&lines, "\n");
                buffer_add(&lines, text, length);
                text += length;
                text += strspn(text, " ");
        }
        return buffer_steal(&lines);
}
