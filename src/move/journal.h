#pragma once

/*
 * A run's lock and journal on this host: STATE/PLAN-ID/{lock,journal}. The lock is the kernel's (flock), so
 * it ends with its process, however that ends. Inside move/ only.
 */

#include "base/error.h"

#include <stdint.h>

struct journal;

/* ERROR_REFUSED when another process of this host runs the same plan. */
int journal_open(const char *state, const char *plan_id, struct journal **ret_journal, struct error *error);
struct journal *journal_close(struct journal *journal); /* returns NULL */

const char *journal_folder(const struct journal *journal); /* borrowed */

/*
 * When the run of the last line "started" began, and when it was finished after that (INT64_MAX: not yet).
 * What can't be read is left as it is.
 */
void journal_times(const char *folder, int64_t *ret_started_ms, int64_t *ret_finished_ms);

/* One line with the time, on the disk when it returns. */
int journal_write(struct journal *journal, struct error *error, const char *format, ...) _printf_(3, 4);

/* Keeps bytes beside the journal, readable by its owner only, unless a file of that name is there. */
int journal_keep(struct journal *journal, const char *name, const void *bytes, size_t length,
                 struct error *error);
