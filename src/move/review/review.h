#pragma once

/*
 * Signed reviews. A review is the outcome of `headroom check`, written beside the plan as JSON and signed
 * with the reviewer's SSH key: PLAN.review-XXXXXXXX and PLAN.review-XXXXXXXX.sig, the eight digits being of
 * the key's fingerprint. It names the plan by the digest of its whole file, so that a plan that was touched
 * since has no review. The plan itself may have a signature of the key that planned, PLAN.sig.
 */

#include "move/check.h"
#include "settings/settings.h"

#define REVIEW_NAMESPACE      "headroom-review"
#define REVIEW_PLAN_NAMESPACE "headroom-plan"
#define REVIEW_FORMAT         1
#define REVIEW_AGE_MAX_MS     (30 * 60000LL)
#define REVIEW_AHEAD_MAX_MS   60000LL /* how far the reviewer's clock may be before ours */

/* What is said in a review. */
struct review {
        const struct plan *plan;
        const char *plan_path;
        enum goal goal;
        enum check_phase phase;
        const struct check_points *points; /* those of the check, all of them */
};

/*
 * Writes the review and its signature by the key; both files or none. `key_path` as in host/signing.h.
 * *ret_path is the review's, *ret_fingerprint the key's; both owned by the caller.
 */
int review_write(const struct review *review, const char *key_path, char **ret_path, char **ret_fingerprint,
                 struct error *error);

/*
 * Looks at every review beside the plan and adds a point for each, with the reason why it does not count, and
 * one for their number; and one for the plan's own signature where there is one. A review counts when it is
 * by a key of the allowed signers, over this plan, before the move, passed, not older than REVIEW_AGE_MAX_MS,
 * not by the key or the person that planned, and the first by its key and person. *ret_enough: as many as
 * require_reviews demands. ERROR_REFUSED: it can't be judged, and what is missing for that.
 */
int reviews_judge(const struct plan *plan, const char *plan_path, const struct settings *settings,
                  int64_t now_ms, struct check_points *points, bool *ret_enough, struct error *error);

/*
 * What `apply` towards the new subnet demands; nothing where require_reviews is 0. ERROR_REFUSED names what
 * is missing. A move that is under way or over was reviewed when it began: the hop's labels hold that very
 * plan, or the state folder the digest of its file. `plan_path` is NULL for a plan out of the labels.
 */
struct review_demand {
        const struct plan *plan;
        const char *plan_path;
        const struct settings *settings;
        const char *state; /* folder; what has been reviewed is noted there */
        bool adopt;        /* refused before the move begins: nobody reviewed what would be adopted */
};
int reviews_demand(struct engine *engine, const struct review_demand *demand, struct error *error);

/* Signs the plan's file. Without a usable private key an earlier plan's signature is taken away. */
int plan_sign(const char *plan_path, const char *key_path, struct error *error);
void plan_sign_not(const char *plan_path);

/* Inside move/ only. The digest is the SHA-256 of the plan's file, which must hold this very plan. */
bool plan_is_same(const struct plan *a, const struct plan *b);
int review_plan_digest(const struct plan *plan, const char *plan_path, char **ret_digest,
                       struct error *error);
