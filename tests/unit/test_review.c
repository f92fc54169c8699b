/*
 * Reviews with real keys: which ones count, and each reason why one does not. Time is the test's own, so that
 * a review grows old without waiting.
 */

#include "review_keys.h"

#include "base/clock.h"
#include "move/review/review.h"
#include "json/json.h"

#define NOW_MS 1767225600000

static int64_t wall_ms;

static int64_t read_wall(void *userdata)
{
        return wall_ms;
}

static int64_t read_now(void *userdata)
{
        return wall_ms;
}

static const struct clock_source standing = {read_now, read_wall, NULL, NULL};

/* A desk: a plan in a file, and the settings it is judged by. */

struct desk {
        struct plan plan;
        char *path;
        struct settings settings;
};

static void fill_plan(struct plan *plan, const char *planner)
{
        snprintf(plan->id, sizeof(plan->id), "0123456789ab");
        plan->cluster_id = text_copy("cluster");
        plan->created_ms = NOW_MS;
        plan->network = text_copy("proxy");
        plan->network_id = text_copy("n3tn3tn3tn3tn3tn3tn3tn3tn");
        plan->old_subnet = text_copy("10.0.1.0/24");
        plan->new_subnet = text_copy("10.10.0.0/16");
        plan->hop = text_copy("headroom-hop-proxy");
        plan->hop_subnet = text_copy("10.20.0.0/22");
        plan->old_request = text_copy("{\"Name\":\"proxy\"}");
        plan->new_request = text_copy("{\"Name\":\"proxy\"}");
        plan->hop_request = text_copy("{\"Name\":\"headroom-hop-proxy\",\"Labels\":{}}");
        plan->planner = planner ? fingerprint_of(planner) : NULL;
}

static void write_plan(struct desk *desk)
{
        assert_int_equal(plan_write(&desk->plan, desk->path, NULL), 0);
}

static void desk_start(struct desk *desk, const char *planner, uint64_t required)
{
        *desk = (struct desk){.path = in_folder("plan")};
        fill_plan(&desk->plan, planner);
        write_plan(desk);
        desk->settings.require_reviews = required;
        desk->settings.allowed_signers = in_folder("signers");
        wall_ms = NOW_MS;
        clock_use(&standing);
}

static void desk_done(struct desk *desk)
{
        plan_done(&desk->plan);
        settings_done(&desk->settings);
        free(desk->path);
        clock_use(NULL);
}
#define _cleanup_desk_ _cleanup_(desk_done)

static struct check_points points_of(enum check_result result)
{
        struct check_points points = {0};

        *list_add(&points.items) = (struct check_point){result, text_copy("subnet"), text_copy("clear"),
                                                        text_copy("\"clear\"\n\x01of all")};
        return points;
}

/* Signs and gives the review's file name. */
static char *sign_as(const struct desk *desk, const char *key, enum check_result result, enum goal goal,
                     enum check_phase phase)
{
        _cleanup_check_points_ struct check_points points = points_of(result);
        const struct review review = {&desk->plan, desk->path, goal, phase, &points};
        _cleanup_free_ char *key_path = in_folder(key);
        _cleanup_free_ char *path = NULL;
        _cleanup_free_ char *fingerprint = NULL;
        _cleanup_error_ struct error error = {0};

        if (review_write(&review, key_path, &path, &fingerprint, &error) < 0)
                fail_msg("%s", error.sentence);
        assert_true(text_starts_with(path, desk->path));
        return text_copy(path + strlen(folder) + 1);
}

static void sign_well(const struct desk *desk, const char *key)
{
        free(sign_as(desk, key, CHECK_PASS, GOAL_NEW, CHECK_BEFORE));
}

/* "RESULT SUBJECT: FOUND" a line; *ret_enough. */
static char *judge(const struct desk *desk, bool *ret_enough)
{
        _cleanup_check_points_ struct check_points points = {0};
        _cleanup_error_ struct error error = {0};
        struct buffer text = {0};

        if (reviews_judge(&desk->plan, desk->path, &desk->settings, clock_wall_ms(), &points, ret_enough,
                          &error) < 0)
                fail_msg("%s (%s)", error.sentence, error.trail ? error.trail : "");
        for (size_t i = 0; i < points.items.count; i++)
                buffer_format(&text, "%s %s: %s\n", check_result_name(points.items.items[i].result),
                              points.items.items[i].subject, points.items.items[i].found);
        return text.length ? buffer_steal(&text) : text_copy("");
}

static void expect(const struct desk *desk, bool enough, const char *const *said)
{
        bool found = !enough;
        _cleanup_free_ char *text = judge(desk, &found);

        for (; *said; said++)
                if (!strstr(text, *said))
                        fail_msg("\"%s\" is not said in:\n%s", *said, text);
        if (found != enough)
                fail_msg("%s enough:\n%s", found ? "taken for" : "not taken for", text);
}
#define expect_enough(desk, ...)     expect(desk, true, (const char *const[]){__VA_ARGS__, NULL})
#define expect_not_enough(desk, ...) expect(desk, false, (const char *const[]){__VA_ARGS__, NULL})

static void expect_error(const struct desk *desk, const char *said)
{
        _cleanup_check_points_ struct check_points points = {0};
        _cleanup_error_ struct error error = {0};
        bool enough = true;

        assert_int_equal(reviews_judge(&desk->plan, desk->path, &desk->settings, clock_wall_ms(), &points,
                                       &enough, &error),
                         -1);
        if (!strstr(error.sentence, said))
                fail_msg("\"%s\" is not said in: %s", said, error.sentence);
        assert_true(enough); /* written on success only */
        assert_int_equal(points.items.count, 0);
}

/* The tests */

static void a_fresh_review_by_somebody_else_counts(void **state)
{
        _cleanup_desk_ struct desk desk;

        desk_start(&desk, "planner", 1);
        expect_not_enough(&desk, "FAIL number of reviews: 0 of 0 count");
        sign_well(&desk, "alice");
        expect_enough(&desk, "pass review by alice@example.org: so, 0 s old",
                      "pass number of reviews: 1 of 1 count");
}

static void the_review_says_what_was_seen(void **state)
{
        _cleanup_desk_ struct desk desk;
        _cleanup_json_ struct json_document *d = NULL;

        desk_start(&desk, "planner", 1);
        _cleanup_free_ char *name = sign_as(&desk, "alice", CHECK_FAIL, GOAL_NEW, CHECK_BEFORE);
        _cleanup_free_ char *text = read_text(name);
        _cleanup_free_ char *alice = fingerprint_of("alice");
        assert_int_equal(json_parse(text, strlen(text), &d, NULL), 0);
        json_node root = json_root(d);
        json_node point = json_first(d, json_get(d, root, "points"));
        assert_true(json_text_is(d, json_get(d, root, "plan"), desk.plan.id));
        assert_true(json_text_is(d, json_get(d, root, "time"), "2026-01-01T00:00:00Z"));
        assert_true(json_text_is(d, json_get(d, root, "key"), alice));
        assert_true(json_text_is(d, json_get(d, root, "verdict"), "fail"));
        assert_true(json_text_is(d, json_get(d, point, "result"), "FAIL"));
        assert_true(json_text_is(d, json_get(d, point, "found"), "\"clear\"\n\x01of all"));
}

static void a_review_is_good_for_thirty_minutes(void **state)
{
        _cleanup_desk_ struct desk desk;

        desk_start(&desk, "planner", 1);
        sign_well(&desk, "alice");
        wall_ms = NOW_MS + 30 * 60000;
        expect_enough(&desk, "so, 1800 s old");
        wall_ms++;
        expect_not_enough(&desk, "FAIL review by alice@example.org: is 30 min old; 30 is the most",
                          "0 of 1 count");
}

static void a_reviewer_s_clock_may_be_a_minute_ahead(void **state)
{
        _cleanup_desk_ struct desk desk;

        desk_start(&desk, "planner", 1);
        sign_well(&desk, "alice");
        wall_ms = NOW_MS - 60000;
        expect_enough(&desk, "so, 0 s old");
        wall_ms -= 1000;
        expect_not_enough(&desk, "is of a time 61 s from now");
}

static void an_unknown_key_does_not_count(void **state)
{
        _cleanup_desk_ struct desk desk;

        desk_start(&desk, "planner", 1);
        sign_well(&desk, "mallory");
        expect_not_enough(&desk, "FAIL review by plan.review-", "does not count: its key is not one of ",
                          "No principal matched");
}

static void an_expired_key_and_one_for_other_things_do_not_count(void **state)
{
        _cleanup_desk_ struct desk desk;

        desk_start(&desk, "planner", 1);
        sign_well(&desk, "expired");
        sign_well(&desk, "committer");
        expect_not_enough(&desk, "key has expired", "not permitted for use in signature namespace",
                          "0 of 2 count");
}

static void a_review_of_another_plan_does_not_count(void **state)
{
        _cleanup_desk_ struct desk desk;

        desk_start(&desk, "planner", 1);
        sign_well(&desk, "alice");
        snprintf(desk.plan.id, sizeof(desk.plan.id), "ba9876543210");
        write_plan(&desk);
        expect_not_enough(&desk, "review by alice@example.org: is of another plan");
}

static void a_plan_with_the_same_id_and_another_content_needs_new_reviews(void **state)
{
        _cleanup_desk_ struct desk desk;

        desk_start(&desk, "planner", 1);
        sign_well(&desk, "alice");
        *list_add(&desk.plan.roads) = (struct plan_road){ROAD_COMMAND, text_copy("rm -rf /")};
        write_plan(&desk);
        expect_not_enough(&desk, "is of this plan with another content");
}

static void a_plan_that_changes_while_it_is_judged_is_refused(void **state)
{
        _cleanup_desk_ struct desk desk;

        desk_start(&desk, "planner", 1);
        sign_well(&desk, "alice");
        *list_add(&desk.plan.notes) = text_copy("what was read is not what lies there");
        expect_error(&desk, "was changed while it was looked at");
        unlink(desk.path);
        expect_error(&desk, "cannot open");
}

static void a_changed_review_does_not_count(void **state)
{
        _cleanup_desk_ struct desk desk;

        desk_start(&desk, "planner", 1);
        _cleanup_free_ char *name = sign_as(&desk, "alice", CHECK_FAIL, GOAL_NEW, CHECK_BEFORE);
        expect_not_enough(&desk, "alice@example.org: says that not every point held");
        _cleanup_free_ char *text = read_text(name);
        memcpy(strstr(text, "\"fail\""), "\"pass\"", strlen("\"pass\""));
        write_file(name, text);
        expect_not_enough(&desk, "does not count: its signature is not one of its content");
}

static void a_review_of_the_undo_or_after_the_move_does_not_count(void **state)
{
        _cleanup_desk_ struct desk desk;

        desk_start(&desk, "planner", 1);
        free(sign_as(&desk, "alice", CHECK_PASS, GOAL_OLD, CHECK_BEFORE));
        free(sign_as(&desk, "bob", CHECK_PASS, GOAL_NEW, CHECK_AFTER));
        expect_not_enough(&desk, "alice@example.org: is of the undo",
                          "bob@example.org: was made when the move was under way or over");
}

static void the_planner_s_own_key_does_not_count(void **state)
{
        _cleanup_desk_ struct desk desk;

        desk_start(&desk, "alice", 1);
        sign_well(&desk, "alice");
        expect_not_enough(&desk, "review by alice@example.org: is by the key that planned");
        sign_well(&desk, "bob");
        expect_enough(&desk, "unknown review by alice@example.org", "pass review by bob@example.org",
                      "1 of 2");
}

/* Known only when the plan is signed: a key alone does not tell whose it is. */
static void another_key_of_the_planner_does_not_count(void **state)
{
        _cleanup_desk_ struct desk desk;
        _cleanup_free_ char *key = in_folder("alice");

        desk_start(&desk, "alice", 1);
        assert_int_equal(plan_sign(desk.path, key, NULL), 0);
        sign_well(&desk, "alice2");
        expect_not_enough(&desk, "pass signature of the plan: so",
                          "is by alice@example.org, who planned with another key");
}

static void a_signature_of_the_plan_that_is_not_the_planner_s_is_told(void **state)
{
        _cleanup_desk_ struct desk desk;
        _cleanup_free_ char *mallory = in_folder("mallory");
        _cleanup_free_ char *planner = in_folder("planner");

        desk_start(&desk, "planner", 1);
        sign_well(&desk, "alice");
        assert_int_equal(plan_sign(desk.path, planner, NULL), 0);
        expect_enough(&desk, "pass signature of the plan");
        assert_int_equal(plan_sign(desk.path, mallory, NULL), 0);
        expect_not_enough(&desk, "FAIL signature of the plan: is by another key");
        write_file("plan.sig", "-----BEGIN SSH SIGNATURE-----\nAAAA\n");
        expect_not_enough(&desk, "FAIL signature of the plan: does not count");
        plan_sign_not(desk.path);
        expect_enough(&desk, "1 of 1 count");
}

static void a_plan_without_a_planner_can_not_be_reviewed(void **state)
{
        _cleanup_desk_ struct desk desk;

        desk_start(&desk, NULL, 1);
        sign_well(&desk, "alice");
        expect_not_enough(&desk, "plan again with --key");
}

static void two_reviews_are_by_two_keys_and_two_people(void **state)
{
        _cleanup_desk_ struct desk desk;

        desk_start(&desk, "planner", 2);
        sign_well(&desk, "alice");
        _cleanup_free_ char *name = sign_as(&desk, "alice", CHECK_PASS, GOAL_NEW, CHECK_BEFORE);
        _cleanup_free_ char *text = read_text(name);
        _cleanup_free_ char *signature_name = text_format("%s.sig", name);
        _cleanup_free_ char *signature = read_text(signature_name);
        write_file("plan.review-zzzzzzzz", text);
        write_file("plan.review-zzzzzzzz.sig", signature);
        expect_not_enough(&desk, "FAIL review by alice@example.org: is a second one by alice@example.org",
                          "1 of 2 count");
        sign_well(&desk, "alice2");
        expect_not_enough(&desk, "1 of 3 count");
        sign_well(&desk, "bob");
        expect_enough(&desk, "pass review by bob@example.org", "2 of 4 count",
                      "unknown review by alice@example.org: is a second one");
}

static void what_lies_about_is_told_and_holds_nobody(void **state)
{
        _cleanup_desk_ struct desk desk;
        _cleanup_free_ char *pipe = in_folder("plan.review-pipe");
        _cleanup_free_ char *pipe_signature = in_folder("plan.review-sigpipe.sig");
        _cleanup_free_ char *sub = in_folder("plan.review-folder");
        _cleanup_free_ char *large = in_folder("plan.review-large");

        desk_start(&desk, "planner", 1);
        assert_int_equal(mkfifo(pipe, 0600), 0);
        assert_int_equal(mkfifo(pipe_signature, 0600), 0);
        assert_int_equal(mkdir(sub, 0700), 0);
        write_file("plan.review-sigpipe", "{}");
        write_file("plan.review-unsigned", "{}");
        write_file("plan.review-rubbish", "\x01\x02");
        write_file("plan.review-rubbish.sig", "nothing\x1b[2J");
        write_file("plan.review-large", "");
        assert_int_equal(truncate(large, (2 << 20)), 0);
        write_file("plan.review-half.99.part", "{");
        expect_not_enough(&desk, "plan.review-pipe: does not count: it is no file",
                          "plan.review-sigpipe: does not count: what lies beside it is no signature",
                          "plan.review-unsigned: does not count: it has no signature beside it",
                          "plan.review-rubbish: does not count", "plan.review-folder: does not count",
                          "plan.review-large: does not count: ", "0 of 6 count");
        sign_well(&desk, "alice");
        expect_enough(&desk, "1 of 7 count");
}

/* Signed well, and yet no review: nothing in it may be taken for granted. */
static void a_signed_text_that_is_no_review_does_not_count(void **state)
{
        static const char *const texts[] = {
                "",
                "nonsense",
                "[]",
                "{}",
                "{\"headroom_review\":1,\"plan\":7}",
                "{\"headroom_review\":2,\"plan\":\"0123456789ab\"}",
                "{\"headroom_review\":1,\"plan\":\"0123456789ab\",\"plan_sha256\":null,\"verdict\":\"pass\"}",
        };
        _cleanup_desk_ struct desk desk;
        _cleanup_free_ char *key = in_folder("alice");

        desk_start(&desk, "planner", 1);
        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                _cleanup_buffer_ struct buffer bytes = {0};
                _cleanup_buffer_ struct buffer signature = {0};
                buffer_add_text(&bytes, texts[i]);
                assert_int_equal(signature_make(key, REVIEW_NAMESPACE, &bytes, &signature, NULL), 0);
                write_file("plan.review-odd", texts[i]);
                write_file("plan.review-odd.sig", buffer_text(&signature));
                expect_not_enough(&desk, "FAIL review by alice@example.org: is ");
        }
}

/* A signature over a review for another purpose, such as a commit, must not be taken for one. */
static void a_signature_in_another_namespace_does_not_count(void **state)
{
        _cleanup_desk_ struct desk desk;
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_buffer_ struct buffer signature = {0};
        _cleanup_free_ char *key = in_folder("alice");

        desk_start(&desk, "planner", 1);
        _cleanup_free_ char *name = sign_as(&desk, "alice", CHECK_PASS, GOAL_NEW, CHECK_BEFORE);
        _cleanup_free_ char *signature_name = text_format("%s.sig", name);
        _cleanup_free_ char *text = read_text(name);
        buffer_add_text(&bytes, text);
        assert_int_equal(signature_make(key, "git", &bytes, &signature, NULL), 0);
        write_file(signature_name, buffer_text(&signature));
        expect_not_enough(&desk, "its signature is not one of its content", "0 of 1 count");
}

static void more_reviews_than_anybody_needs_are_refused(void **state)
{
        _cleanup_desk_ struct desk desk;

        desk_start(&desk, "planner", 1);
        for (int i = 0; i < 65; i++) {
                _cleanup_free_ char *name = text_format("plan.review-%d", i);
                write_file(name, "{}");
        }
        expect_error(&desk, "more than 64 reviews");
}

static void principals_that_are_no_plain_words_are_not_believed(void **state)
{
        _cleanup_desk_ struct desk desk;

        desk_start(&desk, "planner", 1);
        sign_well(&desk, "option");
        expect_not_enough(&desk, "principal", "that is not plain text");
}

static void signers_that_can_not_be_read_are_told_with_the_key_of_the_configuration(void **state)
{
        _cleanup_desk_ struct desk desk;

        desk_start(&desk, "planner", 1);
        free(desk.settings.allowed_signers);
        desk.settings.allowed_signers = NULL;
        expect_error(&desk, "allowed_signers in /etc/headroom/headroom.yaml is not set");
        desk.settings.allowed_signers = in_folder("nowhere");
        expect_error(&desk, "nowhere: No such file");
        free(desk.settings.allowed_signers);
        desk.settings.allowed_signers = text_copy(folder);
        expect_error(&desk, "not a file");
}

static void reviews_that_nobody_requires_are_told_and_no_obstacle(void **state)
{
        _cleanup_desk_ struct desk desk;

        desk_start(&desk, "planner", 0);
        bool enough = false;
        _cleanup_free_ char *none = judge(&desk, &enough);
        assert_string_equal(none, "");
        sign_well(&desk, "mallory");
        expect_enough(&desk, "unknown review by plan.review-");
        free(desk.settings.allowed_signers);
        desk.settings.allowed_signers = NULL;
        expect_enough(&desk, "can't be judged: allowed_signers is not set");
}

/* Making */

static int sign_into(const struct desk *desk, const char *key_path, struct error *error)
{
        _cleanup_check_points_ struct check_points points = points_of(CHECK_PASS);
        const struct review review = {&desk->plan, desk->path, GOAL_NEW, CHECK_BEFORE, &points};
        char *path = NULL;
        char *fingerprint = NULL;
        int result = review_write(&review, key_path, &path, &fingerprint, error);

        free(path);
        free(fingerprint);
        return result;
}

static void expect_unsigned(const struct desk *desk, const char *key, const char *said)
{
        _cleanup_free_ char *key_path = in_folder(key);
        _cleanup_error_ struct error error = {0};

        assert_int_equal(sign_into(desk, key_path, &error), -1);
        if (!strstr(error.sentence, said))
                fail_msg("\"%s\" is not said in: %s", said, error.sentence);
}

static void keys_that_can_not_sign_leave_nothing_behind(void **state)
{
        _cleanup_desk_ struct desk desk;
        bool enough;

        desk_start(&desk, "planner", 1);
        write_file("nokey", "hello\n");
        expect_unsigned(&desk, "missing", "cannot read the key");
        expect_unsigned(&desk, "nokey", "is no key that ssh-keygen can read");
        expect_unsigned(&desk, "signers", "several keys");
        expect_unsigned(&desk, "locked", "cannot sign with"); /* its passphrase is asked of nobody */
        expect_unsigned(&desk, "lonely.pub", "No private key found");
        _cleanup_free_ char *text = judge(&desk, &enough);
        assert_string_equal(text, "FAIL number of reviews: 0 of 0 count\n");
}

static void a_review_that_can_not_be_written_leaves_no_half(void **state)
{
        _cleanup_desk_ struct desk desk;
        _cleanup_free_ char *key_path = in_folder("alice");
        _cleanup_error_ struct error error = {0};

        desk_start(&desk, "planner", 1);
        _cleanup_free_ char *name = sign_as(&desk, "alice", CHECK_PASS, GOAL_NEW, CHECK_BEFORE);
        _cleanup_free_ char *path = in_folder(name);
        _cleanup_free_ char *signature_name = text_format("%s.sig", name);
        unlink(path);
        assert_int_equal(mkdir(path, 0700), 0); /* in the way of the second of the two files */
        assert_int_equal(sign_into(&desk, key_path, &error), -1);
        assert_non_null(strstr(error.sentence, name));
        assert_false(exists(signature_name));
        rmdir(path);
}

static void the_fingerprint_is_the_key_s_and_not_its_comment_s(void **state)
{
        _cleanup_free_ char *private = fingerprint_of("alice");
        _cleanup_free_ char *public = fingerprint_of("alice.pub");
        _cleanup_free_ char *other = fingerprint_of("bob");

        assert_int_equal(strlen(private), 50);
        assert_string_equal(private, public);
        assert_string_not_equal(private, other);
}

int main(void)
{
#define at_the_desk(test) cmocka_unit_test_teardown(test, desk_clear)
        const struct CMUnitTest tests[] = {
                at_the_desk(a_fresh_review_by_somebody_else_counts),
                at_the_desk(the_review_says_what_was_seen),
                at_the_desk(a_review_is_good_for_thirty_minutes),
                at_the_desk(a_reviewer_s_clock_may_be_a_minute_ahead),
                at_the_desk(an_unknown_key_does_not_count),
                at_the_desk(an_expired_key_and_one_for_other_things_do_not_count),
                at_the_desk(a_review_of_another_plan_does_not_count),
                at_the_desk(a_plan_with_the_same_id_and_another_content_needs_new_reviews),
                at_the_desk(a_plan_that_changes_while_it_is_judged_is_refused),
                at_the_desk(a_changed_review_does_not_count),
                at_the_desk(a_review_of_the_undo_or_after_the_move_does_not_count),
                at_the_desk(the_planner_s_own_key_does_not_count),
                at_the_desk(another_key_of_the_planner_does_not_count),
                at_the_desk(a_signature_of_the_plan_that_is_not_the_planner_s_is_told),
                at_the_desk(a_plan_without_a_planner_can_not_be_reviewed),
                at_the_desk(two_reviews_are_by_two_keys_and_two_people),
                at_the_desk(what_lies_about_is_told_and_holds_nobody),
                at_the_desk(a_signed_text_that_is_no_review_does_not_count),
                at_the_desk(a_signature_in_another_namespace_does_not_count),
                at_the_desk(more_reviews_than_anybody_needs_are_refused),
                at_the_desk(principals_that_are_no_plain_words_are_not_believed),
                at_the_desk(signers_that_can_not_be_read_are_told_with_the_key_of_the_configuration),
                at_the_desk(reviews_that_nobody_requires_are_told_and_no_obstacle),
                at_the_desk(keys_that_can_not_sign_leave_nothing_behind),
                at_the_desk(a_review_that_can_not_be_written_leaves_no_half),
                at_the_desk(the_fingerprint_is_the_key_s_and_not_its_comment_s),
        };

        return cmocka_run_group_tests(tests, keys_make, keys_end);
}
