#pragma once

/*
 * Progress on stderr for anything over a second: on a terminal one line that is rewritten in place, elsewhere
 * a plain line a change. Finished lines stay.
 */

#include "cli/table.h"

void progress_show(const char *format, ...)
        _printf_(1, 2); /* the line being worked on; elapsed seconds are added */
void progress_done(enum colour colour, const char *mark, const char *format, ...)
        _printf_(3, 4);    /* "ok", "--", "!!" and a line that stays */
void progress_clear(void); /* takes an unfinished line away, before other output */
