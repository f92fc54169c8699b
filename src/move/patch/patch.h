#pragma once

/*
 * The file that an operator deploys NET from, with the new subnet in it. Shell scripts, Nix files, systemd
 * units and Compose files are read as far as it takes to find the one declaration of NET; the edit is as
 * small as it can be, stands beside a comment that says why, and is proved: the edited file is read again,
 * and declares NET with the new subnet and everything else as before. What can't be proved is refused.
 */

#include "base/buffer.h"
#include "base/error.h"
#include "move/plan.h"

#define PATCH_FILE_BYTES_MAX ((size_t)4 << 20)

struct patch_wish {
        const char *network;
        const char *old_subnet; /* for the comment */
        const char *new_subnet;
        const char *reason; /* one sentence; NULL: none */
        bool in_place;      /* refuse now what could not be edited in place later */
};

void patch_done(struct plan_patch *patch);
#define _cleanup_patch_ _cleanup_(patch_done)

/*
 * Reads the file and finds the edits. A file that declares NET with the new subnet already gives none, and
 * `before` and `after` are the same. Everything that stands in the way is ERROR_REFUSED, with the line.
 */
int patch_make(const char *path, const struct patch_wish *wish, struct plan_patch *ret_patch,
               struct error *error);

/* The same from bytes: `path` tells the language, and errors name it; it is taken over as it is. */
int patch_make_bytes(const char *path, const char *bytes, size_t length, const struct patch_wish *wish,
                     struct plan_patch *ret_patch, struct error *error);

/* The edited file from the file as it was or, with `undo`, the other way; appended. ERROR_CONFLICT: the bytes
 * are others. */
int patch_edit(const struct plan_patch *patch, bool undo, const char *bytes, size_t length,
               struct buffer *ret_bytes, struct error *error);

/*
 * Appends a unified diff with three lines of context, for `patch -p1` or `git apply` in the root folder; the
 * bytes are the file's before the edits. Nothing is added for a patch without edits.
 */
int patch_diff(const struct plan_patch *patch, const char *bytes, size_t length, struct buffer *ret_diff,
               struct error *error);

/* The same of the file itself. ERROR_CONFLICT: it was changed since it was planned. */
int patch_diff_file(const struct plan_patch *patch, struct buffer *ret_diff, struct error *error);

enum patch_state {
        PATCH_BEFORE,  /* the file is as it was when this was planned; without edits, too */
        PATCH_AFTER,   /* it has the edits */
        PATCH_OTHER,   /* it is neither: somebody changed it */
        PATCH_NO_FILE, /* a link, a folder or the like is in its place */
        PATCH_GONE,    /* there is no such file */
};

/* What the file is now. An error: that can't be told. */
int patch_look(const struct plan_patch *patch, enum patch_state *ret_state, struct error *error);

/* Whether the file as it is now, whoever edited it, declares the network with the subnet. */
bool patch_declares(const struct plan_patch *patch, const char *network, const char *subnet);

/*
 * Gives the file the edits or, with `undo`, takes them back; fine when that is so already. It is replaced
 * whole: owner, mode and extended attributes stay; a reader sees the old bytes or the new ones.
 * ERROR_CONFLICT: it was changed since it was planned. On any error the file is as it was.
 */
int patch_apply(const struct plan_patch *patch, bool undo, struct error *error);
