#pragma once

/*
 * What a run does outside the swarm can't be read off the swarm, so it is recorded on this host: one small
 * file for each deed, STATE/PLAN-ID/deed-NAME, on the disk before the deed is begun and again after its end.
 * Of a deed that was begun and whose end was not written, the record keeps what is needed to examine it (a
 * unit's invocation). Inside move/ only.
 */

#include "base/error.h"
#include "move/step.h"

enum deed_state {
        DEED_NONE,   /* never begun, or taken back */
        DEED_BEGUN,  /* it may have happened */
        DEED_DONE,   /* seen to have happened */
        DEED_FAILED, /* seen to have failed: it may be begun anew */
};

struct deed {
        enum deed_state state;
        enum goal goal;   /* of the run that did it */
        char *evidence;   /* of the time before it; "" when none was taken */
        int64_t since_ms; /* wall time of the record */
};

void deed_done(struct deed *deed);
#define _cleanup_deed_ _cleanup_(deed_done)

/* A missing record is DEED_NONE; one that can't be understood is refused. */
int deed_read(const char *folder, const char *name, struct deed *ret_deed, struct error *error);
int deed_write(const char *folder, const char *name, enum deed_state state, enum goal goal,
               const char *evidence, struct error *error);
