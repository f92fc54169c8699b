#pragma once

/*
 * Byte-exact edits: a list of (offset, bytes removed, text inserted) over one text, applied at once. Ranges
 * may not overlap; every byte outside them comes out as it went in.
 */

#include "base/buffer.h"
#include "base/error.h"

#include <stddef.h>

struct json_edit {
        size_t offset;
        size_t removed;       /* bytes taken out at the offset; 0 inserts */
        const char *inserted; /* borrowed until json_edit_apply returns */
};

/*
 * Appends the edited text. The edits may come in any order; insertions at one offset keep theirs, and stand
 * before what replaces the bytes there. Overlapping or out-of-range edits are refused (ERROR_REFUSED).
 */
int json_edit_apply(const char *bytes, size_t length, const struct json_edit *edits, size_t count,
                    struct buffer *ret_bytes, struct error *error);
