#pragma once

/* Durations and rates as people write them: "90 s", "25 min", "1h30m", "11 days"; "22 a day", "1 a week". */

#include "settings/yaml.h"

#include <stdbool.h>
#include <stdint.h>

#define QUANTITY_DAY_MS (24LL * 3600 * 1000)

/* False when the whole text is no such thing; a negative number is none. Out of range: the largest there is.
 */
bool quantity_duration(const char *text, int64_t *ret_ms);
bool quantity_rate(const char *text, double *ret_a_day);

/* The same of a value in a file: refused with its line, as is one outside of the limits. */
int quantity_read_duration(const struct yaml *yaml, const struct yaml_node *node, int64_t min_ms,
                           int64_t max_ms, int64_t *ret_ms, struct error *error);
/* "10 min to 30 min", or one duration, which is both. */
int quantity_read_span(const struct yaml *yaml, const struct yaml_node *node, int64_t max_ms,
                       int64_t *ret_min_ms, int64_t *ret_max_ms, struct error *error);
int quantity_read_rate(const struct yaml *yaml, const struct yaml_node *node, double max_a_day,
                       double *ret_a_day, struct error *error);

/* "11.2 days", "7.5 hours", "40 min", "90 s"; the caller's to free. */
char *quantity_show(int64_t ms);
