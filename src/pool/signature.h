#pragma once

/*
 * What the engine's log says about addresses: one table of signatures, in signature.c, and what was seen of
 * each. A sighting is one signature about one subject, with how often and when; so memory does not grow with
 * the log. Texts were read in moby and swarmkit, and measured (docs/engine-notes.md).
 */

#include "host/log.h"
#include "pool/finding.h"

enum signature_subject {
        SUBJECT_NONE,
        SUBJECT_SERVICE,
        SUBJECT_NETWORK,
        SUBJECT_NODE,
};

struct signature {
        const char *text;
        const char *also; /* must be in the line, too; NULL: nothing more */
        enum signature_subject subject;
        const char *before; /* what stands before the subject's ID; NULL when there is none */
        enum finding_kind finding;
        enum severity severity; /* at most: pool/symptom.c asks what is left of it now */
        const char *meaning;
};

extern const struct signature signatures[]; /* ends with a NULL text; of several that fit, the first counts */

#define SIGHTING_ID_MAX 64
#define SIGHTINGS_MAX   512 /* beyond it, what is seen is counted without its subject */

struct sighting {
        const struct signature *signature;
        char subject[SIGHTING_ID_MAX]; /* an ID; "" when there is none */
        char task[SIGHTING_ID_MAX];    /* of the last line, "" when it names none */
        uint64_t count;
        int64_t first_ms;
        int64_t last_ms;
};

/* All zero is the empty value. */
struct sightings {
        LIST(struct sighting) items;
        int64_t renewed_ms; /* when a leader last began with a fresh allocator; 0: not seen */
};

void sightings_done(struct sightings *sightings);
#define _cleanup_sightings_ _cleanup_(sightings_done)

/* A log_sink whose userdata is the sightings. */
void sightings_take(void *userdata, const struct log_entry *entry);
