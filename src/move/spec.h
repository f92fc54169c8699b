#pragma once

/*
 * A service's spec as bytes. A move changes one ID in it and, for a while, a few listed members; every other
 * byte goes back to the engine as it came (docs/decisions.md: a spec built from a model can kill a 20.10
 * engine for good). Input is the body of GET /services/{id}.
 */

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>

/* When a temporary edit goes back. */
enum edit_until {
        EDIT_UNTIL_BACK, /* with the hop back to NET: it names the network */
        EDIT_UNTIL_END,  /* after that hop has settled: it says how to update */
};

/*
 * One member of the spec that differs while a move is on. `path` is the keys from Spec, divided by '/' (no
 * key edited here holds one: see spec_edit_possible). Texts are raw JSON values; original NULL means the
 * member was absent.
 */
struct spec_edit {
        char *path;
        char *original;
        char *edited;
        enum edit_until until;
};

struct spec_edits {
        LIST(struct spec_edit) items;
};

void spec_edits_done(struct spec_edits *edits);

/* The digest of one part of a spec, so that a change by somebody else can be named without keeping its value.
 */
#define PART_DIGEST_LENGTH 8
struct spec_part {
        char *path; /* "TaskTemplate.ContainerSpec.Image" */
        char digest[PART_DIGEST_LENGTH + 1];
};

struct spec_parts {
        LIST(struct spec_part) items;
};

void spec_parts_done(struct spec_parts *parts);
#define _cleanup_spec_parts_ _cleanup_(spec_parts_done)

enum edits_wanted {
        EDITS_NONE, /* all members as they were originally */
        EDITS_AWAY, /* all edits in: the service is on the hop */
        EDITS_BACK, /* only those until the end: it is back on NET */
};

/*
 * The Spec of the service with every `from` among its networks' targets put to `to` (NULL: unchanged) and the
 * edits in or out as wanted. An edited member that is neither as it was nor as the edit left it is refused
 * (ERROR_CONFLICT): somebody else changed it.
 */
int spec_build(const struct buffer *service_body, const char *from, const char *to,
               const struct spec_edits *edits, enum edits_wanted wanted, struct buffer *ret_spec,
               struct error *error);

/* The raw value at a path of the spec, or NULL; owned by the caller. */
int spec_member(const struct buffer *service_body, const char *path, char **ret_raw, struct error *error);

/*
 * Digests of the parts of a spec text, salted with the plan's ID, with every target that is one of `ids`
 * (which end with NULL) read as the same network: equal before, during and after a move.
 */
int spec_digest(const char *spec, size_t length, const char *salt, const char *const *ids,
                struct spec_parts *ret_parts, struct error *error);

/* The paths that differ, comma-separated; NULL when none does. Owned by the caller. */
char *spec_difference(const struct spec_parts *a, const struct spec_parts *b);
