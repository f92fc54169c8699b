#include "cli/review_cli.h"

#include "base/clock.h"
#include "cli/progress.h"
#include "host/signing.h"

#include <stdio.h>

int review_show(const struct review *review, const struct settings *settings, struct check_points *reviews,
                bool *ret_enough, struct error *error)
{
        _cleanup_error_ struct error told = {0};

        if (review->phase != CHECK_BEFORE || review->goal != GOAL_NEW)
                return 0;
        if (reviews_judge(review->plan, review->plan_path, settings, clock_wall_ms(), reviews, ret_enough,
                          &told) == 0)
                return 0;
        if (told.kind != ERROR_REFUSED)
                return error_move(error, &told);
        *list_add(&reviews->items) = (struct check_point){.result = CHECK_FAIL,
                                                          .subject = text_copy("reviews"),
                                                          .claim = text_copy("can be judged"),
                                                          .found = text_copy(told.sentence)};
        *ret_enough = false;
        return 0;
}

int review_sign(const struct invocation *invocation, const struct review *review, struct error *error)
{
        const char *key = invocation_value(invocation, "sign");
        const char *format = invocation_value(invocation, "format");
        _cleanup_free_ char *path = NULL;
        _cleanup_free_ char *fingerprint = NULL;

        if (!key)
                return 0;
        fflush(stdout); /* what is signed stands above the question for the passphrase */
        if (review_write(review, key, &path, &fingerprint, error) < 0)
                return -1;
        if (format && !text_equal(format, "table"))
                return 0;
        printf("\nSigned as %s with %s: %s\n", check_passed(review->points) ? "passed" : "NOT passed",
               fingerprint, path);
        if (text_equal(fingerprint, review->plan->planner))
                printf("This key planned: its review will not count.\n");
        return 0;
}

int planner_find(const struct invocation *invocation, const struct settings *settings, char **ret_planner,
                 struct error *error)
{
        const char *key = invocation_value(invocation, "key");

        if (key)
                return key_fingerprint(key, ret_planner, error);
        if (settings->require_reviews && invocation_value(invocation, "output"))
                return error_set(
                        error, ERROR_USAGE,
                        "reviews are required (%s), and those of who plans don't count: name the key "
                        "that plans with --key FILE",
                        settings->path);
        *ret_planner = NULL;
        return 0;
}

int plan_write_signed(const struct invocation *invocation, const struct plan *plan, const char *path,
                      struct error *error)
{
        const char *key = invocation_value(invocation, "key");
        _cleanup_error_ struct error told = {0};

        if (plan_write(plan, path, error) < 0)
                return -1;
        if (!key)
                plan_sign_not(path);
        else if (plan_sign(path, key, &told) < 0)
                progress_done(COLOUR_WARN, "!!", "the plan is not signed: %s", told.sentence);
        return 0;
}
