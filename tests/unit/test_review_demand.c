/*
 * What a run demands of reviews: before it begins, all of them; once it has begun nothing any more, however
 * old they have grown, but only for the very plan that was let in.
 */

#include "fake_swarm.h"
#include "review_keys.h"

#include "move/review/review.h"
#include "move/run.h"

struct scene {
        struct fake fake;
        struct plan plan;
        struct settings settings;
        char *path, *state;
};

static void scene_done(struct scene *scene)
{
        plan_done(&scene->plan);
        settings_done(&scene->settings);
        free(scene->path);
        free(scene->state);
        fake_done(&scene->fake);
}
#define _cleanup_scene_ _cleanup_(scene_done)

static void add_app(struct fake *fake)
{
        fake_service_add(
                fake, text_format("{\"Name\":\"app\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"},"
                                  "\"Placement\":{},\"Networks\":[{\"Target\":\"%s\"}]},"
                                  "\"Mode\":{\"Replicated\":{\"Replicas\":1}}}",
                                  fake->networks.items[0].id));
        fake_sleep(fake, 10000);
}

static void scene_start(struct scene *scene, uint64_t required)
{
        const struct plan_wish wish = {.network = "proxy", .length_bits = 16};

        *scene = (struct scene){.path = in_folder("plan"), .state = in_folder("plan.state")};
        scene->settings.require_reviews = required;
        scene->settings.allowed_signers = in_folder("signers");
        fake_init(&scene->fake);
        fake_network_add(&scene->fake,
                         "{\"Name\":\"proxy\",\"Driver\":\"overlay\",\"Attachable\":true,\"IPAM\":{"
                         "\"Config\":[{\"Subnet\":\"10.0.1.0/24\"}]},\"Options\":{},\"Labels\":{}}");
        scene->fake.networks.items[0].room = 100;
        add_app(&scene->fake);
        assert_int_equal(plan_make(&scene->fake.engine, &wish, &scene->plan, NULL), 0);
        scene->plan.planner = fingerprint_of("planner");
        assert_int_equal(plan_write(&scene->plan, scene->path, NULL), 0);
}

static void sign_as(struct scene *scene, const char *key)
{
        _cleanup_check_points_ struct check_points points = {0};
        const struct review review = {&scene->plan, scene->path, GOAL_NEW, CHECK_BEFORE, &points};
        _cleanup_free_ char *key_path = in_folder(key);
        _cleanup_free_ char *path = NULL;
        _cleanup_free_ char *fingerprint = NULL;

        assert_int_equal(review_write(&review, key_path, &path, &fingerprint, NULL), 0);
}

static int demand(struct scene *scene, const struct plan *plan, const char *path, bool adopt,
                  struct error *error)
{
        const struct review_demand wanted = {plan, path, &scene->settings, scene->state, adopt};

        return reviews_demand(&scene->fake.engine, &wanted, error);
}

static void expect_let_in(struct scene *scene)
{
        _cleanup_error_ struct error error = {0};

        if (demand(scene, &scene->plan, scene->path, false, &error) < 0)
                fail_msg("%s", error.sentence);
}

static void expect_refused(struct scene *scene, bool adopt, const char *said)
{
        _cleanup_error_ struct error error = {0};

        assert_int_equal(demand(scene, &scene->plan, scene->path, adopt, &error), -1);
        assert_int_equal(error.kind, ERROR_REFUSED);
        if (!strstr(error.sentence, said))
                fail_msg("\"%s\" is not said in: %s", said, error.sentence);
}

static void quiet_waiting(void *userdata, size_t number, size_t total, const char *title,
                          const char *waiting_for)
{
}
static void quiet_settled(void *userdata, size_t number, size_t total, const char *title, bool acted)
{
}
static void quiet_note(void *userdata, const char *text)
{
}

static int run(struct scene *scene)
{
        static const struct run_observer quiet = {quiet_waiting, quiet_settled, quiet_note, NULL};
        const struct run_options options = {.goal = GOAL_NEW, .state = scene->state};
        bool changed;

        return plan_run(&scene->fake.engine, &scene->plan, &options, &quiet, &changed, NULL);
}

/* Begun, and cut off when the hop is there. */
static void run_in_part(struct scene *scene)
{
        size_t changes = scene->fake.changes;

        for (size_t more = 20; scene->fake.changes < changes + 3; more += 20) {
                scene->fake.kill_at = scene->fake.calls + more;
                assert_int_equal(run(scene), -1);
        }
        scene->fake.kill_at = 0;
        assert_true(fake_network_find(&scene->fake, scene->plan.hop) != FAKE_NONE);
}

static void nothing_is_demanded_where_nothing_is_required(void **state)
{
        _cleanup_scene_ struct scene scene;

        scene_start(&scene, 0);
        expect_let_in(&scene);
        assert_int_equal(access(scene.state, F_OK), -1);
}

static void a_move_begins_with_all_its_reviews_only(void **state)
{
        _cleanup_scene_ struct scene scene;

        scene_start(&scene, 2);
        expect_refused(&scene, false, "2 signed reviews are required");
        sign_as(&scene, "alice");
        expect_refused(&scene, false, "number of reviews 1 of 1 count");
        sign_as(&scene, "planner");
        expect_refused(&scene, false, "review by planner@example.org is by the key that planned");
        sign_as(&scene, "bob");
        expect_let_in(&scene);
}

static void what_nobody_reviewed_is_not_adopted(void **state)
{
        _cleanup_scene_ struct scene scene;

        scene_start(&scene, 1);
        sign_as(&scene, "alice");
        expect_refused(&scene, true, "--adopt");
        expect_let_in(&scene);
        _cleanup_free_ char *adopted = text_format("%s/%s/adopted.plan", scene.state, scene.plan.id);
        assert_int_equal(plan_write(&scene.plan, adopted, NULL), 0);
        expect_refused(&scene, false, "an earlier run of this plan adopted");
}

static void a_move_under_way_goes_on_when_its_reviews_have_grown_old(void **state)
{
        _cleanup_scene_ struct scene scene;
        _cleanup_plan_ struct plan recovered = {0};
        _cleanup_error_ struct error error = {0};

        scene_start(&scene, 1);
        sign_as(&scene, "alice");
        expect_let_in(&scene);
        run_in_part(&scene);
        fake_sleep(&scene.fake, 2 * REVIEW_AGE_MAX_MS);
        expect_let_in(&scene);
        assert_int_equal(demand(&scene, &scene.plan, scene.path, true, &error), 0); /* --adopt, too */
        assert_int_equal(plan_recover(&scene.fake.engine, "proxy", &recovered, NULL), 0);
        assert_int_equal(demand(&scene, &recovered, NULL, false, &error), 0);
        assert_int_equal(run(&scene), 0);
        expect_let_in(&scene); /* over: what is left to tidy up may be */
}

/* The move of one plan lets no other in, not even one with its name. */
static void a_plan_that_was_changed_since_it_began_is_not_let_in(void **state)
{
        _cleanup_scene_ struct scene scene;
        _cleanup_error_ struct error error = {0};

        scene_start(&scene, 1);
        sign_as(&scene, "alice");
        expect_let_in(&scene);
        run_in_part(&scene);
        *list_add(&scene.plan.roads) = (struct plan_road){ROAD_COMMAND, text_copy("rm -rf /")};
        assert_int_equal(plan_write(&scene.plan, scene.path, NULL), 0);
        expect_refused(&scene, false, "another content");
        assert_int_equal(demand(&scene, &scene.plan, NULL, false, &error), -1);
        assert_non_null(strstr(error.sentence, "without a file"));
}

static void a_move_that_was_let_in_and_never_begun_needs_fresh_reviews(void **state)
{
        _cleanup_scene_ struct scene scene;

        scene_start(&scene, 1);
        sign_as(&scene, "alice");
        expect_let_in(&scene);
        fake_sleep(&scene.fake, 2 * REVIEW_AGE_MAX_MS);
        expect_refused(&scene, false, "60 min old; 30 is the most");
}

int main(void)
{
#define at_the_desk(test) cmocka_unit_test_teardown(test, desk_clear)
        const struct CMUnitTest tests[] = {
                at_the_desk(nothing_is_demanded_where_nothing_is_required),
                at_the_desk(a_move_begins_with_all_its_reviews_only),
                at_the_desk(what_nobody_reviewed_is_not_adopted),
                at_the_desk(a_move_under_way_goes_on_when_its_reviews_have_grown_old),
                at_the_desk(a_plan_that_was_changed_since_it_began_is_not_let_in),
                at_the_desk(a_move_that_was_let_in_and_never_begun_needs_fresh_reviews),
        };

        return cmocka_run_group_tests(tests, keys_make, keys_end);
}
