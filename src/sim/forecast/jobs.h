#pragma once

/*
 * Pieces of work in processes of their own, as many at a time as there are processors. Each fills one record
 * of plain bytes, which may not hold pointers. Records come back in the order of the pieces, so that the
 * result does not depend on how many processes there were.
 */

#include "base/error.h"

#include <stddef.h>

/* Whole records go through a pipe at once. */
#define JOBS_RECORD_MAX 4000

struct jobs {
        size_t count;        /* pieces */
        size_t processes;    /* at most; 0: one a processor */
        size_t record_bytes; /* at most JOBS_RECORD_MAX */
        int (*work)(void *userdata, size_t index, void *ret_record, struct error *error);
        void (*progressed)(void *userdata, size_t done); /* in this process; NULL: nobody wants to know */
        void *userdata;
};

/* ERROR_FAILED with the first piece's own sentence when one failed, or when a process ended before its time.
 */
int forecast_jobs_run(const struct jobs *jobs, void *ret_records, struct error *error);
