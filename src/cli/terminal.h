#pragma once

/* What stdout and stderr can show: colours (NO_COLOR, --color auto|always|never, TERM=dumb), width, UTF-8. */

#include "cli/table.h"

#include <stdbool.h>

int terminal_set_colour(const char *when); /* -1 for a word that is none of auto, always, never */
bool terminal_has_colour(int fd);
const char *terminal_colour(int fd, enum colour colour); /* the escape sequence, or "" */
const char *terminal_plain(int fd);
int terminal_columns(void);
bool terminal_is_utf8(void);
