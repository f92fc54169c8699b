#pragma once

/* A forecast for people, as a table with what it rests on and what to do next, and for programs as JSON. */

#include "sim/forecast/forecast.h"

/* What was asked, for the next command. */
struct report_command {
        const char *snapshot, *workload;
};

/* What is owned, and known to be leaked, fills it from the start; nothing else of the row means much then. */
bool report_full_now(const struct forecast_row *row);

/* "after 11.2 days (10.4 to 12.1 in 50 runs)", "not within 365 days", "now"; the caller's to free. */
char *report_full(const struct forecast *forecast, const struct forecast_row *row);

int report_table(const struct forecast *forecast, const struct report_command *command, struct error *error);
void report_json(const struct forecast *forecast, const struct report_command *command);
