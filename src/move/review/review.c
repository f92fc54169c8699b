#include "move/review/review.h"

#include "base/clock.h"
#include "base/file.h"
#include "host/signing.h"
#include "json/json.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>

/*
 * Judging reviews. Everything beside the plan is somebody else's text: a review's bytes are read once, their
 * signature is judged over those bytes, and only then is anything in them believed.
 */

#define REVIEW_BYTES_MAX ((size_t)1 << 20)
#define REVIEWS_MAX      64

struct judging {
        const struct plan *plan;
        const char *plan_path;
        const struct settings *settings;
        int64_t now_ms;
        char *digest;            /* of the plan's file */
        char *planner_principal; /* NULL: not known */
        bool planner_unsure;     /* the plan's signature is not what it claims */
        LIST(char *) names;      /* files beside the plan */
        LIST(struct signer) counted;
        struct check_points points;
};

static void judging_done(struct judging *j)
{
        free(j->digest);
        free(j->planner_principal);
        for (size_t i = 0; i < j->names.count; i++)
                free(j->names.items[i]);
        free(j->names.items);
        for (size_t i = 0; i < j->counted.count; i++)
                signer_done(&j->counted.items[i]);
        free(j->counted.items);
        check_points_done(&j->points);
}

static void add_point(struct judging *j, enum check_result result, char *subject, const char *claim,
                      char *found)
{
        *list_add(&j->points.items) = (struct check_point){result, subject, text_copy(claim), found};
}

static const char *configuration(const struct settings *settings)
{
        return settings->path ? settings->path : SETTINGS_PATH;
}

static int refuse_signers(const struct settings *settings, const char *why, struct error *error)
{
        return error_set(error, ERROR_REFUSED, "whose reviews count can't be told: allowed_signers in %s %s",
                         configuration(settings), why);
}

/* Whose reviews count must be known before any is looked at. */
static int look_at_signers(const struct settings *settings, struct error *error)
{
        const char *path = settings->allowed_signers;
        struct stat status;

        if (!path)
                return settings->require_reviews ? refuse_signers(settings, "is not set", error) : 0;
        bool readable = stat(path, &status) == 0 && access(path, R_OK) == 0;
        if (readable && S_ISREG(status.st_mode))
                return 0;
        _cleanup_free_ char *why = text_format("is %s: %s", path, readable ? "not a file" : strerror(errno));
        return refuse_signers(settings, why, error);
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool ends_with(const char *text, const char *end)
{
        size_t length = strlen(text);

        return length >= strlen(end) && text_equal(text + length - strlen(end), end);
}

/* The names of the reviews, in their order; the folder's path ends with a slash, or is "./". */
static int find_reviews(struct judging *j, struct error *error)
{
        const char *slash = strrchr(j->plan_path, '/');
        _cleanup_free_ char *folder =
                slash ? text_copy_n(j->plan_path, (size_t)(slash - j->plan_path) + 1) : text_copy("./");
        _cleanup_free_ char *start = text_format("%s.review-", slash ? slash + 1 : j->plan_path);
        DIR *listing = opendir(folder);

        if (!listing)
                return error_set(error, ERROR_FAILED, "cannot look for reviews in %s: %s", folder,
                                 strerror(errno));
        for (struct dirent *entry; (entry = readdir(listing));)
                if (text_starts_with(entry->d_name, start) && !ends_with(entry->d_name, ".sig") &&
                    !ends_with(entry->d_name, ".part") && j->names.count <= REVIEWS_MAX)
                        *list_add(&j->names) = text_format("%s%s", folder, entry->d_name);
        closedir(listing);
        if (j->names.count > REVIEWS_MAX)
                return error_set(error, ERROR_REFUSED,
                                 "more than %d reviews lie beside %s; take away those that "
                                 "are of no use",
                                 REVIEWS_MAX, j->plan_path);
        if (j->names.count)
                qsort(j->names.items, j->names.count, sizeof(char *), compare_names);
        return 0;
}

/* A file that is none would hold us (a pipe), and its end is not to be waited for. */
static int read_review(const char *path, struct buffer *ret_bytes, struct error *error)
{
        struct stat status;

        if (stat(path, &status) < 0 || !S_ISREG(status.st_mode))
                return error_set(error, ERROR_REFUSED, "it is no file");
        return file_read(path, REVIEW_BYTES_MAX, ret_bytes, error);
}

static bool is_counted(const struct judging *j, const struct signer *signer)
{
        for (size_t i = 0; i < j->counted.count; i++)
                if (text_equal(j->counted.items[i].fingerprint, signer->fingerprint) ||
                    text_equal(j->counted.items[i].principal, signer->principal))
                        return true;
        return false;
}

static char *find_fault_of_signer(const struct judging *j, const struct signer *signer)
{
        if (text_equal(signer->fingerprint, j->plan->planner))
                return text_copy("is by the key that planned");
        if (text_equal(signer->principal, j->planner_principal))
                return text_format("is by %s, who planned with another key", signer->principal);
        if (is_counted(j, signer))
                return text_format("is a second one by %s", signer->principal);
        return NULL;
}

static char *find_fault_of_time(const struct judging *j, int64_t time_ms)
{
        int64_t age_ms = j->now_ms - time_ms;

        if (time_ms < 0)
                return text_copy("tells no time");
        if (age_ms > REVIEW_AGE_MAX_MS)
                return text_format("is %" PRId64 " min old; %lld is the most", age_ms / 60000,
                                   REVIEW_AGE_MAX_MS / 60000);
        if (-age_ms > REVIEW_AHEAD_MAX_MS)
                return text_format("is of a time %" PRId64 " s from now", -age_ms / 1000);
        return NULL;
}

/* Why the content of a well signed review makes it count for nothing; NULL when it counts. */
static char *find_fault(const struct judging *j, const struct json_document *d, const struct signer *signer,
                        int64_t *ret_time_ms)
{
        json_node root = json_root(d);
        _cleanup_free_ char *time = json_text(d, json_get(d, root, "time"));
        uint64_t format = 0;

        *ret_time_ms = clock_parse(time);
        if (!json_u64(d, json_get(d, root, "headroom_review"), &format) || format != REVIEW_FORMAT)
                return text_copy("is no review that this headroom can read");
        if (!json_text_is(d, json_get(d, root, "plan"), j->plan->id))
                return text_copy("is of another plan");
        if (!json_text_is(d, json_get(d, root, "plan_sha256"), j->digest))
                return text_copy("is of this plan with another content");
        if (!json_text_is(d, json_get(d, root, "goal"), "new"))
                return text_copy("is of the undo");
        if (!json_text_is(d, json_get(d, root, "phase"), "before"))
                return text_copy("was made when the move was under way or over");
        if (!json_text_is(d, json_get(d, root, "verdict"), "pass"))
                return text_copy("says that not every point held");
        char *fault = find_fault_of_time(j, *ret_time_ms);
        return fault ? fault : find_fault_of_signer(j, signer);
}

/* One that does not count fails only where one is missing for it: decided at the end. */
static void add_review(struct judging *j, const char *who, char *fault, int64_t time_ms)
{
        add_point(j, fault ? CHECK_UNKNOWN : CHECK_PASS, text_format("review by %s", who),
                  "signed, of this plan, recent, passed, not by who planned",
                  fault ? fault
                        : text_format("so, %" PRId64 " s old", MAX((int64_t)0, j->now_ms - time_ms) / 1000));
}

static int judge_review(struct judging *j, const char *path, struct error *error)
{
        const char *slash = strrchr(path, '/');
        _cleanup_free_ char *signature_path = text_format("%s.sig", path);
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_signer_ struct signer signer = {0};
        _cleanup_json_ struct json_document *d = NULL;
        _cleanup_error_ struct error told = {0};
        int64_t time_ms = 0;

        if (!j->settings->allowed_signers) {
                add_review(j, slash + 1, text_copy("can't be judged: allowed_signers is not set"), 0);
                return 0;
        }
        if (read_review(path, &bytes, &told) < 0 ||
            signature_judge(signature_path, REVIEW_NAMESPACE, j->settings->allowed_signers, &bytes, &signer,
                            &told) < 0) {
                if (told.kind != ERROR_REFUSED)
                        return error_move(error, &told);
                add_review(j, slash + 1, text_format("does not count: %s", told.sentence), 0);
                return 0;
        }
        char *fault = json_parse(buffer_text(&bytes), bytes.length, &d, NULL) < 0
                              ? text_copy("is no review that this headroom can read")
                              : find_fault(j, d, &signer, &time_ms);
        add_review(j, signer.principal, fault, time_ms);
        if (!fault) {
                *list_add(&j->counted) = signer;
                signer = (struct signer){0};
        }
        return 0;
}

/* Who planned, where the plan is signed: by which key, and which person that is if it is an allowed signer.
 */
static int judge_planner(struct judging *j, struct error *error)
{
        _cleanup_free_ char *path = text_format("%s.sig", j->plan_path);
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_signer_ struct signer signer = {0};
        _cleanup_signer_ struct signer known = {0};
        _cleanup_error_ struct error told = {0};

        if (access(path, F_OK) < 0)
                return 0;
        if (file_read(j->plan_path, PLAN_BYTES_MAX, &bytes, error) < 0)
                return -1;
        if (signature_judge(path, REVIEW_PLAN_NAMESPACE, NULL, &bytes, &signer, &told) < 0 &&
            told.kind != ERROR_REFUSED)
                return error_move(error, &told);
        j->planner_unsure = !text_equal(signer.fingerprint, j->plan->planner);
        add_point(j, j->planner_unsure ? CHECK_FAIL : CHECK_PASS, text_copy("signature of the plan"),
                  "by the key that planned",
                  told.sentence       ? text_format("does not count: %s", told.sentence)
                  : j->planner_unsure ? text_copy("is by another key")
                                      : text_copy("so"));
        if (!j->settings->allowed_signers || j->planner_unsure)
                return 0;
        error_done(&told);
        if (signature_judge(path, REVIEW_PLAN_NAMESPACE, j->settings->allowed_signers, &bytes, &known,
                            &told) < 0)
                return told.kind == ERROR_REFUSED ? 0 : error_move(error, &told);
        j->planner_principal = steal_pointer(known.principal);
        return 0;
}

/* The number, and with it what the reviews that do not count are worth telling. */
static bool judge_count(struct judging *j)
{
        uint64_t required = j->settings->require_reviews;
        bool enough = !required || (j->counted.count >= required && j->plan->planner && !j->planner_unsure);

        for (size_t i = 0; !enough && i < j->points.items.count; i++)
                if (j->points.items.items[i].result == CHECK_UNKNOWN)
                        j->points.items.items[i].result = CHECK_FAIL;
        if (!required)
                return true;
        _cleanup_free_ char *claim = text_format("%" PRIu64 " that count", required);
        add_point(j, enough ? CHECK_PASS : CHECK_FAIL, text_copy("number of reviews"), claim,
                  j->plan->planner
                          ? text_format("%zu of %zu count", j->counted.count, j->names.count)
                          : text_copy("can't be told from the planner's: the plan names no key; plan again "
                                      "with --key"));
        return enough;
}

static int judge(struct judging *j, struct error *error)
{
        if (look_at_signers(j->settings, error) < 0 ||
            review_plan_digest(j->plan, j->plan_path, &j->digest, error) < 0 || find_reviews(j, error) < 0 ||
            judge_planner(j, error) < 0)
                return -1;
        for (size_t i = 0; i < j->names.count; i++)
                if (judge_review(j, j->names.items[i], error) < 0)
                        return error_while(error, "judging the review %s", j->names.items[i]);
        return 0;
}

int reviews_judge(const struct plan *plan, const char *plan_path, const struct settings *settings,
                  int64_t now_ms, struct check_points *points, bool *ret_enough, struct error *error)
{
        _cleanup_(judging_done) struct judging j = {
                .plan = plan, .plan_path = plan_path, .settings = settings, .now_ms = now_ms};

        if (judge(&j, error) < 0)
                return -1;
        bool enough = judge_count(&j);
        for (size_t i = 0; i < j.points.items.count; i++)
                *list_add(&points->items) = j.points.items.items[i];
        j.points.items.count = 0; /* handed on */
        *ret_enough = enough;
        return 0;
}
