#include "move/review/review.h"

#include "base/clock.h"
#include "base/file.h"
#include "move/adopt.h"
#include "move/document/status.h"
#include "move/move.h"
#include "move/run.h"

#include <inttypes.h>

/*
 * Whether a run may go on as far as reviews are concerned. Reviews grow old, moves must still be resumed: so
 * the plan that was let in is noted, as the digest of its file in the state folder and by the hop's own
 * label.
 */

#define NOTE_NAME      "reviewed"
#define NOTE_BYTES_MAX 128

static char *note_path(const struct review_demand *demand)
{
        return text_format("%s/%s/" NOTE_NAME, demand->state, demand->plan->id);
}

static int look(struct engine *engine, const struct plan *plan, enum check_phase *ret_phase,
                struct error *error)
{
        _cleanup_(move_done) struct move move = {.engine = engine, .plan = plan, .goal = GOAL_NEW};

        if (move_refresh(&move, error) < 0)
                return -1;
        *ret_phase = move.hop_id ? CHECK_DURING : move_net_at_goal(&move) ? CHECK_AFTER : CHECK_BEFORE;
        return 0;
}

/* Whether the hop's labels hold this very plan. */
static int is_in_the_hop(struct engine *engine, const struct plan *plan, bool *ret_is, struct error *error)
{
        _cleanup_plan_ struct plan begun = {0};
        _cleanup_error_ struct error told = {0};

        *ret_is = false;
        if (plan_recover(engine, plan->network, &begun, &told) < 0)
                return told.kind == ERROR_NOT_FOUND || told.kind == ERROR_REFUSED ? 0
                                                                                  : error_move(error, &told);
        *ret_is = plan_is_same(plan, &begun);
        return 0;
}

static bool is_noted(const struct review_demand *demand, const char *digest)
{
        _cleanup_free_ char *path = note_path(demand);
        _cleanup_buffer_ struct buffer note = {0};

        return digest && file_read(path, NOTE_BYTES_MAX, &note, NULL) == 0 &&
               text_equal(buffer_text(&note), digest);
}

static int note(const struct review_demand *demand, const char *digest, struct error *error)
{
        _cleanup_free_ char *path = note_path(demand);
        _cleanup_free_ char *folder = text_copy_n(path, strlen(path) - strlen("/" NOTE_NAME));

        if (folder_make(folder, 0700, error) < 0 || file_write(path, digest, strlen(digest), 0600, error) < 0)
                return error_while(error, "noting that the plan was reviewed");
        return 0;
}

/* Also what an earlier run took as it was: a run goes on with that. */
static bool adopts(const struct review_demand *demand)
{
        _cleanup_free_ char *path = text_format("%s/%s/" ADOPTED_PLAN_NAME, demand->state, demand->plan->id);

        return demand->adopt || access(path, F_OK) == 0;
}

static int demand_now(const struct review_demand *demand, const char *digest, struct error *error)
{
        _cleanup_check_points_ struct check_points points = {0};
        bool enough = false;

        if (adopts(demand))
                return error_set(error, ERROR_REFUSED,
                                 "reviews are required, and nobody has reviewed what %s: plan again",
                                 demand->adopt ? "--adopt would take as it is"
                                               : "an earlier run of this plan adopted");
        if (reviews_judge(demand->plan, demand->plan_path, demand->settings, clock_wall_ms(), &points,
                          &enough, error) < 0)
                return -1;
        if (enough)
                return note(demand, digest, error) < 0
                               ? -1
                               : status_note_reviews(demand->state, demand->plan, &points, error);
        _cleanup_free_ char *failures = check_failures(&points);
        return error_set(error, ERROR_REFUSED,
                         "%" PRIu64 " signed reviews are required (headroom check --sign KEY): %s",
                         demand->settings->require_reviews, failures);
}

int reviews_demand(struct engine *engine, const struct review_demand *demand, struct error *error)
{
        _cleanup_free_ char *digest = NULL;
        enum check_phase phase;
        bool begun = false;

        if (!demand->settings->require_reviews)
                return 0;
        if (look(engine, demand->plan, &phase, error) < 0 ||
            (phase == CHECK_DURING && is_in_the_hop(engine, demand->plan, &begun, error) < 0))
                return -1;
        if (begun)
                return 0;
        if (!demand->plan_path)
                return error_set(error, ERROR_REFUSED,
                                 "reviews are required, and a plan without a file has none");
        if (review_plan_digest(demand->plan, demand->plan_path, &digest, error) < 0)
                return -1;
        if (phase != CHECK_BEFORE && is_noted(demand, digest))
                return 0;
        return demand_now(demand, digest, error);
}
