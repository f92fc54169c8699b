#pragma once

/*
 * The engine's log: from the journal, or from a file. Read once from its beginning to its end, line by line,
 * with memory for one line; of longer ones the end is left out. Lines that dockerd did not write (those of
 * containers, too, which it hands to the journal under its own name) are passed over.
 *
 * dockerd logs by logrus: time="RFC 3339" level=error msg="..." error="..." with Go's quoting, or one JSON
 * object with the same keys (log-format in daemon.json). syslog and journalctl put a prefix before it that
 * names the program: "May 20 12:00:00 host dockerd[812]: ".
 */

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LINE_BYTES_MAX 65536

struct log_entry {
        int64_t time_ms;
        bool debug;
        const char *text; /* message and error, quoted as in the line. At debug level mostly the error only:
                             messages there hold whole tasks with what their users wrote */
};

typedef void (*log_sink)(void *userdata, const struct log_entry *entry);

/* How much of the log was seen. */
struct log_reach {
        uint64_t entries; /* that are the engine's */
        int64_t first_ms; /* 0 when there are none */
        int64_t last_ms;
};

/* "-" is standard input. A file that grows meanwhile is read as far as it went at first. */
int log_read_file(const char *path, int64_t since_ms, log_sink sink, void *userdata,
                  struct log_reach *ret_reach, struct error *error);

/*
 * Unit docker.service (or the snap's), since then, or since the last boot when that is 0. `folder` is NULL
 * for the machine's journal. A user who may not read it, and a machine without one, see no entries: that is
 * no error, and says nothing about the log.
 */
int log_read_journal(const char *folder, int64_t since_ms, log_sink sink, void *userdata,
                     struct log_reach *ret_reach, struct error *error);

/* What the readers share: gives an entry to the sink when the line is the engine's. Changes the line. */
struct log_reading {
        log_sink sink;
        void *userdata;
        int64_t since_ms;
        struct log_reach reach;
};
void log_take_line(struct log_reading *reading, char *line);
