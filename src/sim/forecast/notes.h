#pragma once

/* What a forecast rests on, in sentences, and the commands that come next. */

#include "sim/forecast/report.h"

struct notes {
        LIST(char *) items;
};

void notes_done(struct notes *notes);
#define _cleanup_notes_ _cleanup_(notes_done)

void notes_find(const struct forecast *forecast, struct notes *notes);
void notes_next(const struct forecast *forecast, const struct report_command *command, struct notes *notes);
