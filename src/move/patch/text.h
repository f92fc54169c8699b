#pragma once

/*
 * A text that stands in a file under layers of quoting, decoded: each byte knows which bytes of the file it
 * comes from, so that an edit found in the innermost text is an edit of the file.
 *
 * Three bytes that no text file holds mark what is put in while the program runs: MARK_SHELL or MARK_NIX, the
 * expression as it stands ("$NET", "${pkgs.docker}", "$(id -u)"), MARK_END.
 */

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MARK_SHELL '\1'
#define MARK_NIX   '\3'
#define MARK_END   '\2'

struct patch_text {
        char *bytes;     /* not terminated */
        uint32_t *begin; /* of the file's bytes that this one is made of */
        uint32_t *end;
        size_t length;
        size_t room;
};

void patch_text_done(struct patch_text *text);
#define _cleanup_patch_text_ _cleanup_(patch_text_done)

void patch_text_add(struct patch_text *text, char c, size_t begin, size_t end);

/* Bytes of another text, as they are. */
void patch_text_add_part(struct patch_text *text, const struct patch_text *from, size_t start, size_t stop);

/* The bytes of a file, undecoded. */
void patch_text_add_bytes(struct patch_text *text, const char *bytes, size_t start, size_t stop);

/* Whether the text from `at` on begins with the word; never looks at or beyond `end`. */
bool patch_text_has(const struct patch_text *text, size_t at, size_t end, const char *word);

/* The index behind the MARK_END of the mark at `at`; at most `end`. */
size_t patch_text_skip_mark(const struct patch_text *text, size_t at, size_t end);

/* As a C string; the caller owns it. */
char *patch_text_copy(const struct patch_text *text);
