#pragma once

/*
 * What stdout and stderr can show: colours (NO_COLOR, --color auto|always|never, TERM=dumb), width, UTF-8;
 * and text measured in the cells it takes there.
 */

#include "cli/table.h"

#include <stdbool.h>

#define TERMINAL_COLUMNS 80 /* where nothing tells the width */

int terminal_set_colour(const char *when); /* -1 for a word that is none of auto, always, never */
bool terminal_has_colour(int fd);
const char *terminal_colour(int fd, enum colour colour); /* the escape sequence, or "" */
const char *terminal_plain(int fd);
int terminal_columns(void); /* of stdout, else stderr, else $COLUMNS, else TERMINAL_COLUMNS */
bool terminal_is_utf8(void);

/* Cells the text takes; a byte or character that shows nothing counts as one. */
int terminal_width(const char *text);

/* Bytes of the longest start of the text that takes at most `cells` cells. */
size_t terminal_cut(const char *text, int cells);

/* A copy safe to show: '?' for what moves the cursor or is no character, a blank for a tab or a new line. */
char *terminal_printable(const char *text);

/* A copy with new lines instead of blanks, so that no line is wider than `cells`; longer words are cut. */
char *terminal_wrap(const char *text, int cells);
