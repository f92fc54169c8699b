#pragma once

/*
 * The scanners under the reader, the splitter and the writer. Each looks at the bytes in [at, end) only and
 * never reads beyond `end`; none allocates.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is wrong with the text, and at which byte. The null value is "nothing". */
struct scan_fault {
        const char *at;
        const char *what; /* static */
};

static inline bool scan_is_blank(char c)
{
        return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static inline const char *scan_blanks(const char *at, const char *end)
{
        while (at < end && scan_is_blank(*at))
                at++;
        return at;
}

/* Past the bytes that mean only themselves in a string: printable ASCII but the quote and the backslash. */
const char *scan_plain(const char *at, const char *end);

/* Past a string's closing quote, `at` being behind the opening one. NULL fills the fault. */
const char *scan_string(const char *at, const char *end, bool *ret_escaped, struct scan_fault *ret_fault);

/* Past a number. NULL fills the fault. */
const char *scan_number(const char *at, const char *end, struct scan_fault *ret_fault);

/* The length in bytes, 1 to 4, of the UTF-8 sequence at `at`; 0 when it is not a valid one (RFC 3629). */
size_t scan_utf8(const char *at, const char *end);
