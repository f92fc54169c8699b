#include "cli/progress.h"

#include "cli/terminal.h"

#include "base/clock.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>

/*
 * A line whose numbers alone changed is the same step going on: it is drawn again only after a while. Any
 * other change is a new step and is drawn at once, because nothing may be drawn for long after it. Callers
 * that wait call progress_show again while they do, which lets the seconds go on.
 */
#define REDRAW_MS 200  /* on a terminal */
#define REPEAT_MS 1000 /* elsewhere, as a further line */

#define ERASE_LINE "\r\033[K"

static struct {
        char *text;         /* NULL: no unfinished line */
        int64_t started_ms; /* when its step began */
        int64_t drawn_ms;
        bool on_screen; /* it stands on the terminal, without an end of line */
} line;

static bool rewrites(void)
{
        return isatty(STDERR_FILENO) && !text_equal(getenv("TERM"), "dumb");
}

/* Equal but for the digits. */
static bool same_step(const char *a, const char *b)
{
        for (;;) {
                while (isdigit((unsigned char)*a))
                        a++;
                while (isdigit((unsigned char)*b))
                        b++;
                if (*a != *b)
                        return false;
                if (!*a)
                        return true;
                a++;
                b++;
        }
}

static void draw(int64_t now_ms)
{
        int64_t seconds = (now_ms - line.started_ms) / 1000;
        _cleanup_free_ char *elapsed =
                seconds > 0 ? text_format("  %lld s", (long long)seconds) : text_copy("");

        line.drawn_ms = now_ms;
        if (!rewrites()) {
                fprintf(stderr, "%s%s\n", line.text, elapsed);
                return;
        }
        /* One cell stays free: a full line would wrap, and \r goes back over one line only. */
        int cells = MAX(terminal_columns() - 1 - terminal_width(elapsed), 0);
        const char *more = terminal_width(line.text) <= cells ? "" : terminal_is_utf8() ? "…" : "~";
        size_t length = terminal_cut(line.text, MAX(cells - terminal_width(more), 0));
        fprintf(stderr, ERASE_LINE "%.*s%s%s%s%s", (int)length, line.text, more,
                terminal_colour(STDERR_FILENO, COLOUR_FAINT), elapsed, terminal_plain(STDERR_FILENO));
        fflush(stderr);
        line.on_screen = true;
}

void progress_show(const char *format, ...)
{
        int64_t now_ms = clock_now_ms();
        va_list arguments;

        va_start(arguments, format);
        _cleanup_free_ char *raw = text_vformat(format, arguments);
        va_end(arguments);
        char *text = terminal_printable(raw);
        bool goes_on = line.text && same_step(line.text, text);
        bool changed = !text_equal(line.text, text);

        free(line.text);
        line.text = text;
        if (!goes_on)
                line.started_ms = now_ms;
        else if (now_ms - line.drawn_ms < (rewrites() ? REDRAW_MS : REPEAT_MS) || (!changed && !rewrites()))
                return;
        draw(now_ms);
}

void progress_clear(void)
{
        if (line.on_screen) {
                fputs(ERASE_LINE, stderr);
                fflush(stderr);
        }
        free(line.text);
        line.text = NULL;
        line.on_screen = false;
}

void progress_done(enum colour colour, const char *mark, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        _cleanup_free_ char *raw = text_vformat(format, arguments);
        va_end(arguments);
        _cleanup_free_ char *text = terminal_printable(raw);
        progress_clear();
        fprintf(stderr, "%s%s%s  %s\n", terminal_colour(STDERR_FILENO, colour), mark,
                terminal_plain(STDERR_FILENO), text);
}
