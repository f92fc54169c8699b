/*
 * Whole moves with what is done around the swarm: units paused, a file patched, everything deployed again.
 * What goes wrong there ends the run with its reason and nothing paused, and the same command goes on.
 */

#include "host_scene.h"
#include "move/check.h"
#include "move/deed.h"

#include <sys/resource.h>

/* What a run has done, in order. */

struct story {
        struct scene *scene;
        struct buffer acts; /* the titles of the steps that acted, a line each */
        char *note;
};

static void story_done(struct story *story)
{
        buffer_done(&story->acts);
        free(story->note);
}

static void tell_settled(void *userdata, size_t number, size_t total, const char *title, bool acted)
{
        struct story *story = userdata;

        (void)number;
        (void)total;
        if (acted)
                buffer_format(&story->acts, "%s\n", title);
}

static void tell_note(void *userdata, const char *text)
{
        struct story *story = userdata;

        free(story->note);
        story->note = text_copy(text);
}

static void must_run_told(struct scene *scene, enum goal goal, struct story *story)
{
        const struct run_observer observer = {
                .waiting = quiet_waiting, .settled = tell_settled, .note = tell_note, .userdata = story};
        const struct run_options options = scene_options(scene, goal);
        _cleanup_error_ struct error error = {0};
        bool changed;

        if (plan_run(&scene->fake.engine, &scene->plan, &options, &observer, &changed, &error) < 0)
                fail_msg("%s", error.sentence);
}

/* Where a step stands among those that acted; each acts once. */
static size_t place_of(const struct story *story, const char *title)
{
        const char *acts = buffer_text(&story->acts);
        const char *at = strstr(acts, title);

        if (!at) {
                fail_msg("\"%s\" was not done:\n%s", title, acts);
                return 0;
        }
        assert_null(strstr(at + 1, title));
        return (size_t)(at - acts);
}

static void expect_order(const struct story *story, const char *const *titles, size_t count)
{
        for (size_t i = 0; i + 1 < count; i++)
                if (place_of(story, titles[i]) >= place_of(story, titles[i + 1]))
                        fail_msg("\"%s\" does not come before \"%s\"", titles[i], titles[i + 1]);
}

static void expect_failure(struct scene *scene, enum goal goal, enum error_kind kind, const char *words)
{
        _cleanup_error_ struct error error = {0};

        if (scene_run(scene, goal, &error) == 0)
                fail_msg("it runs through, and should have said %s", words);
        if (!strstr(error.sentence, words))
                fail_msg("\"%s\" does not say \"%s\"", error.sentence, words);
        assert_int_equal(error.kind, kind);
        scene_expect_units_as_before(scene, words);
}

static void set_road(struct scene *scene, enum scene_road road, char *text)
{
        free(scene->plan.roads.items[road].text);
        scene->plan.roads.items[road].text = text;
}

/* The way of things */

static void the_host_is_paused_patched_deployed_again_and_resumed_in_this_order(void **state)
{
        static const char *const titles[] = {
                "pause unit " TIMER,     "create the hop network",       "remove headroom-hop",
                "declare the subnet in", "deploy again: grep",           "deploy again: swarm-init",
                "deploy again: " DEPLOY, "deploy again: echo announced", "resume unit " TIMER};
        _cleanup_scene_ struct scene scene;
        _cleanup_(story_done) struct story story = {0};

        (void)state;
        scene_make(&scene);
        must_run_told(&scene, GOAL_NEW, &story);
        expect_order(&story, titles, ELEMENTS(titles));
        assert_null(strstr(buffer_text(&story.acts), IDLE_TIMER));
        scene_expect_end(&scene, GOAL_NEW, "the move");
        assert_int_equal(scene_told(&scene, scene.plan.new_subnet), 1);
        assert_int_equal(scene_told(&scene, "announced"), 1);
        assert_int_equal(scene_unit(&scene, INIT)->starts, 2);
        assert_int_equal(scene_unit(&scene, DEPLOY)->starts, 2);
        assert_true(scene_unit(&scene, DEPLOY)->since_ms >= scene_unit(&scene, INIT)->since_ms + UNIT_MS);
}

static void look_at_timer(struct fake *fake, const struct engine_request *request)
{
        struct scene *scene = (struct scene *)fake; /* its first member */

        if (text_equal(request->path, "/networks/create") &&
            scene_unit(scene, TIMER)->phase != FAKE_UNIT_INACTIVE)
                fail_msg("%s makes work while a network is created", TIMER);
}

static void what_makes_work_is_off_while_networks_change(void **state)
{
        _cleanup_scene_ struct scene scene;

        (void)state;
        scene_make(&scene);
        scene.fake.before = look_at_timer;
        scene_must_run(&scene, GOAL_NEW, "the move");
        scene_must_run(&scene, GOAL_OLD, "its undo");
}

static void a_second_run_does_nothing(void **state)
{
        _cleanup_scene_ struct scene scene;
        _cleanup_(story_done) struct story story = {0};

        (void)state;
        scene_make(&scene);
        scene_must_run(&scene, GOAL_NEW, "the move");
        size_t jobs = scene.units.jobs;
        scene_unit(&scene, TIMER)->phase = FAKE_UNIT_FAILED; /* long after: nobody's business here */
        must_run_told(&scene, GOAL_NEW, &story);
        assert_string_equal(buffer_text(&story.acts), "");
        assert_int_equal(scene.units.jobs, jobs);
        assert_int_equal(scene_told(&scene, "announced"), 1);
}

static void an_undo_reverses_the_patch_and_goes_the_roads_again(void **state)
{
        _cleanup_scene_ struct scene scene;

        (void)state;
        scene_make(&scene);
        scene_must_run(&scene, GOAL_NEW, "the move");
        scene_must_run(&scene, GOAL_OLD, "its undo");
        scene_expect_end(&scene, GOAL_OLD, "the undo");
        assert_int_equal(scene_told(&scene, "no subnet"), 1);
        assert_int_equal(scene_told(&scene, "announced"), 2);
        assert_int_equal(scene_unit(&scene, INIT)->starts, 3);
        assert_int_equal(scene_unit(&scene, DEPLOY)->starts, 3);
        scene_must_run(&scene, GOAL_OLD, "the undo again");
        assert_int_equal(scene_unit(&scene, DEPLOY)->starts, 3);
        scene_must_run(&scene, GOAL_NEW, "the move again");
        scene_expect_end(&scene, GOAL_NEW, "the move again");
        assert_int_equal(scene_told(&scene, scene.plan.new_subnet), 2);
        assert_int_equal(scene_unit(&scene, DEPLOY)->starts, 4);
}

static void an_undo_goes_no_road_that_was_not_gone(void **state)
{
        _cleanup_scene_ struct scene scene;

        (void)state;
        scene_make(&scene);
        scene_unit(&scene, INIT)->exit_status = 1;
        expect_failure(&scene, GOAL_NEW, ERROR_FAILED, "swarm-init failed");
        scene_unit(&scene, INIT)->exit_status = 0;
        scene_must_run(&scene, GOAL_OLD, "the undo");
        scene_expect_end(&scene, GOAL_OLD, "the undo");
        assert_int_equal(scene_told(&scene, "no subnet"), 1);
        assert_int_equal(scene_told(&scene, "announced"), 0);
        assert_int_equal(scene_unit(&scene, INIT)->starts, 3);
        assert_int_equal(scene_unit(&scene, DEPLOY)->starts, 1);
}

/* Units */

static void a_unit_that_fails_ends_the_run_and_is_tried_again(void **state)
{
        _cleanup_scene_ struct scene scene;

        (void)state;
        scene_make(&scene);
        scene_unit(&scene, DEPLOY)->exit_status = 3;
        expect_failure(&scene, GOAL_NEW, ERROR_FAILED,
                       "deploy-app.service failed: its command ended with status 3");
        scene_unit(&scene, DEPLOY)->exit_status = 0;
        scene_must_run(&scene, GOAL_NEW, "the same command");
        scene_expect_end(&scene, GOAL_NEW, "the same command");
        assert_int_equal(scene_unit(&scene, INIT)->starts, 2);
        assert_int_equal(scene_unit(&scene, DEPLOY)->starts, 3);
        assert_int_equal(scene_told(&scene, scene.plan.new_subnet), 1);
}

static void a_unit_that_never_finishes_ends_the_run_at_the_bound_and_is_restarted(void **state)
{
        _cleanup_scene_ struct scene scene;

        (void)state;
        scene_make(&scene);
        struct fake_unit *init = scene_unit(&scene, INIT);
        init->run_ms = FAKE_UNIT_NEVER;
        expect_failure(&scene, GOAL_NEW, ERROR_FAILED,
                       "is activating (start), longer than the 600 s of roads.timeout");
        int64_t waited_ms = scene.fake.now_ms - init->since_ms;
        assert_in_range(waited_ms, 600000, 605000);
        init->run_ms = UNIT_MS;
        scene_must_run(&scene, GOAL_NEW, "the same command");
        scene_expect_end(&scene, GOAL_NEW, "the same command");
        assert_int_equal(init->starts, 3);
}

/* What a check afterwards finds wrong; NULL: nothing. */
static char *failures_of(struct scene *scene)
{
        const struct check_options options = {.goal = GOAL_NEW,
                                              .state = state_folder,
                                              .log = scene->engine_log,
                                              .units = &scene->units.units};
        _cleanup_check_points_ struct check_points points = {0};
        enum check_phase phase;

        assert_int_equal(check_plan(&scene->fake.engine, &scene->plan, &options, &phase, &points, NULL), 0);
        assert_int_equal(phase, CHECK_AFTER);
        return check_failures(&points);
}

static void a_move_whose_roads_are_open_is_not_whole(void **state)
{
        _cleanup_scene_ struct scene scene;

        (void)state;
        scene_make(&scene);
        scene_unit(&scene, DEPLOY)->exit_status = 3;
        expect_failure(&scene, GOAL_NEW, ERROR_FAILED, "deploy-app.service failed");
        _cleanup_free_ char *open = failures_of(&scene);
        assert_non_null(open);
        assert_non_null(strstr(open, "road `" DEPLOY "` has not come to a good end"));
        assert_null(strstr(open, "road `" INIT "`"));
        scene_unit(&scene, DEPLOY)->exit_status = 0;
        scene_must_run(&scene, GOAL_NEW, "the same command");
        _cleanup_free_ char *whole = failures_of(&scene);
        assert_null(whole);
}

static void a_move_that_left_something_paused_is_not_whole(void **state)
{
        _cleanup_scene_ struct scene scene;

        (void)state;
        scene_make(&scene);
        scene_must_run(&scene, GOAL_NEW, "the move");
        /* As a run leaves it that is killed before it gives the timer back. */
        _cleanup_free_ char *folder = text_format("%s/%s", state_folder, scene.plan.id);
        assert_int_equal(deed_write(folder, "pause-unit-" TIMER, DEED_BEGUN, GOAL_NEW, "", NULL), 0);
        _cleanup_free_ char *recorded = failures_of(&scene);
        assert_null(recorded);
        scene_unit(&scene, TIMER)->phase = FAKE_UNIT_INACTIVE;
        _cleanup_free_ char *left = failures_of(&scene);
        assert_non_null(left);
        assert_non_null(strstr(left, "unit " TIMER " is paused by the move"));
        scene_must_run(&scene, GOAL_NEW, "the same command");
        scene_expect_units_as_before(&scene, "after the same command");
}

static void a_unit_whose_dependency_failed_ends_the_run(void **state)
{
        _cleanup_scene_ struct scene scene;

        (void)state;
        scene_make(&scene);
        scene_unit(&scene, DEPLOY)->dependency_fails = true;
        expect_failure(&scene, GOAL_NEW, ERROR_FAILED, "deploy-app.service was not started since");
        scene_unit(&scene, DEPLOY)->dependency_fails = false;
        scene_must_run(&scene, GOAL_NEW, "the same command");
        assert_int_equal(scene_unit(&scene, DEPLOY)->starts, 2);
}

static void remove_deploy(struct fake *fake, const struct engine_request *request)
{
        if (text_equal(request->path, "/networks/create"))
                scene_unit((struct scene *)fake, DEPLOY)->load_state = "not-found";
}

static void a_unit_that_goes_missing_meanwhile_ends_the_run_at_its_road(void **state)
{
        _cleanup_scene_ struct scene scene;

        (void)state;
        scene_make(&scene);
        scene.fake.before = remove_deploy;
        int64_t before_ms = scene.fake.now_ms;
        expect_failure(&scene, GOAL_NEW, ERROR_FAILED, "deploy-app.service is not-found");
        assert_in_range(scene.fake.now_ms - before_ms, 1, 120000);
        assert_true(scene_is_moved(&scene, GOAL_NEW));
}

static void a_unit_whose_file_was_changed_starts_as_it_is_now(void **state)
{
        _cleanup_scene_ struct scene scene;

        (void)state;
        scene_make(&scene);
        scene_unit(&scene, INIT)->changed = true;
        scene_must_run(&scene, GOAL_NEW, "the move");
        assert_int_equal(scene_unit(&scene, INIT)->starts, 2);
        assert_int_equal(scene_unit(&scene, INIT)->stale_starts, 0);
        assert_int_equal(scene.units.reloads, 1);
}

static void a_paused_unit_that_fails_to_start_again_is_told_and_tried_again(void **state)
{
        _cleanup_scene_ struct scene scene;
        _cleanup_error_ struct error error = {0};

        (void)state;
        scene_make(&scene);
        struct fake_unit *timer = scene_unit(&scene, TIMER);
        timer->exit_status = 1;
        assert_int_equal(scene_run(&scene, GOAL_NEW, &error), -1);
        assert_int_equal(error.kind, ERROR_FAILED);
        assert_non_null(strstr(error.sentence, TIMER " was started again and failed"));
        unsigned starts = timer->starts;
        timer->exit_status = 0;
        scene_must_run(&scene, GOAL_NEW, "the same command");
        scene_expect_end(&scene, GOAL_NEW, "the same command");
        assert_int_equal(timer->starts, starts + 1);
}

static void fill_disk(struct fake *fake, const struct engine_request *request)
{
        const struct rlimit none = {0, RLIM_INFINITY};

        if (text_equal(request->path, "/networks/create"))
                setrlimit(RLIMIT_FSIZE, &none);
        (void)fake;
}

static void what_was_paused_is_given_back_where_nothing_can_be_written(void **state)
{
        const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
        _cleanup_scene_ struct scene scene;
        _cleanup_error_ struct error error = {0};

        (void)state;
        scene_make(&scene);
        signal(SIGXFSZ, SIG_IGN);
        scene.fake.before = fill_disk;
        int result = scene_run(&scene, GOAL_NEW, &error);
        setrlimit(RLIMIT_FSIZE, &all);
        assert_int_equal(result, -1);
        scene_expect_units_as_before(&scene, "on a full disk");
        scene.fake.before = NULL;
        scene_must_run(&scene, GOAL_NEW, "with room again");
        scene_expect_end(&scene, GOAL_NEW, "with room again");
}

/* Without a bus */

static void a_host_without_a_bus_is_refused_before_the_first_change(void **state)
{
        _cleanup_scene_ struct scene scene;
        _cleanup_error_ struct error error = {0};
        bool changed;

        (void)state;
        scene_make(&scene);
        struct run_options options = scene_options(&scene, GOAL_NEW);
        options.units = NULL;
        setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
        assert_int_equal(plan_run(&scene.fake.engine, &scene.plan, &options, &quiet, &changed, &error), -1);
        unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
        assert_int_equal(error.kind, ERROR_REFUSED);
        assert_non_null(strstr(error.sentence, "there is no D-Bus on this host"));
        assert_false(changed);
        assert_int_equal(scene.fake.changes, 0);
}

static void silence_systemd(struct fake *fake, const struct engine_request *request)
{
        struct scene *scene = (struct scene *)fake;

        if (text_equal(request->path, "/networks/create"))
                scene->units.silent = true;
}

/* What the swarm needs goes on; the roads are told to be missing, and come when it answers again. */
static void a_systemd_that_stops_answering_keeps_no_network_half_moved(void **state)
{
        _cleanup_scene_ struct scene scene;
        _cleanup_error_ struct error error = {0};

        (void)state;
        scene_make(&scene);
        scene.fake.before = silence_systemd;
        assert_int_equal(scene_run(&scene, GOAL_NEW, &error), -1);
        assert_int_equal(error.kind, ERROR_TIMEOUT);
        assert_non_null(strstr(error.sentence, "systemd did not answer"));
        assert_true(scene_is_moved(&scene, GOAL_NEW));
        scene.fake.before = NULL;
        scene.units.silent = false;
        scene_must_run(&scene, GOAL_NEW, "when it answers");
        scene_expect_end(&scene, GOAL_NEW, "when it answers");
        assert_int_equal(scene_unit(&scene, DEPLOY)->starts, 2);
}

/* As while the engine restarts; a change that got no answer was carried out. Before the first change it is
 * refused. */
static void an_engine_that_is_silent_for_a_moment_is_borne_with(void **state)
{
        _cleanup_scene_ struct scene scene;

        (void)state;
        scene_make(&scene);
        scene_must_run(&scene, GOAL_NEW, "undisturbed");
        size_t first = scene.fake.change_calls.items[0];
        size_t last = scene.fake.calls;
        for (size_t call = first; call <= last; call += 5) {
                _cleanup_free_ char *when = text_format("silent at call %zu", call);
                scene_reset(&scene);
                scene.fake.silent_at = call;
                scene.fake.silent = 7;
                scene_must_run(&scene, GOAL_NEW, when);
                scene_expect_end(&scene, GOAL_NEW, when);
        }
}

static void a_move_that_has_begun_goes_on_without_a_bus_until_its_roads(void **state)
{
        _cleanup_scene_ struct scene scene;
        _cleanup_error_ struct error error = {0};

        (void)state;
        scene_make(&scene);
        scene.fake.withholds = true;
        expect_failure(&scene, GOAL_NEW, ERROR_TIMEOUT, "its subnet");
        scene.fake.withholds = false;
        scene.units.silent = true;
        assert_int_equal(scene_run(&scene, GOAL_OLD, &error), -1);
        assert_int_equal(error.kind, ERROR_TIMEOUT);
        scene.units.silent = false;
        scene_must_run(&scene, GOAL_OLD, "the undo");
        scene_expect_end(&scene, GOAL_OLD, "the undo");
}

/* The file */

#define EDITED         SCRIPT "echo done\n"
#define EDITED_BY_HAND "docker network create --driver overlay --subnet %s proxy # by hand\n"

static void a_file_that_was_edited_since_is_refused_before_the_first_change(void **state)
{
        _cleanup_scene_ struct scene scene;

        (void)state;
        scene_make(&scene);
        write_text(scene.script, EDITED);
        expect_failure(&scene, GOAL_NEW, ERROR_REFUSED, "the patch no longer fits");
        assert_int_equal(scene.fake.changes, 0);
}

static void edit_script(struct fake *fake, const struct engine_request *request)
{
        if (text_equal(request->path, "/networks/create"))
                write_text(((struct scene *)fake)->script, EDITED);
}

static void a_file_that_is_edited_meanwhile_is_left_alone_and_may_be_declared_by_hand(void **state)
{
        _cleanup_scene_ struct scene scene;

        (void)state;
        scene_make(&scene);
        scene.fake.before = edit_script;
        expect_failure(&scene, GOAL_NEW, ERROR_CONFLICT, "was changed since it was planned");
        _cleanup_free_ char *found = read_text(scene.script);
        assert_string_equal(found, EDITED);
        assert_true(scene_is_moved(&scene, GOAL_NEW));
        assert_int_equal(scene_told(&scene, "announced"), 0);
        _cleanup_free_ char *declared = text_format(
                "docker network create --driver overlay --subnet %s proxy\n", scene.plan.new_subnet);
        write_text(scene.script, declared);
        scene_must_run(&scene, GOAL_NEW, "declared by hand");
        assert_int_equal(scene_told(&scene, scene.plan.new_subnet), 1);
        assert_int_equal(scene_told(&scene, "announced"), 1);
}

/* An undo can't be planned again: what was declared by hand on the way there must not bar the way back. */
static void a_file_declared_by_hand_does_not_bar_the_undo(void **state)
{
        _cleanup_scene_ struct scene scene;

        (void)state;
        scene_make(&scene);
        scene_must_run(&scene, GOAL_NEW, "the move");
        _cleanup_free_ char *edited = text_format(EDITED_BY_HAND, scene.plan.new_subnet);
        write_text(scene.script, edited);
        expect_failure(&scene, GOAL_OLD, ERROR_CONFLICT, "was changed since it was planned");
        assert_true(scene_is_moved(&scene, GOAL_OLD));
        _cleanup_free_ char *found = read_text(scene.script);
        assert_string_equal(found, edited);
        _cleanup_free_ char *declared = text_format(EDITED_BY_HAND, scene.plan.old_subnet);
        write_text(scene.script, declared);
        scene_must_run(&scene, GOAL_OLD, "declared by hand");
}

static void a_file_edited_meanwhile_keeps_no_network_half_moved(void **state)
{
        _cleanup_scene_ struct scene scene;

        (void)state;
        scene_make(&scene);
        scene.fake.rolls_back = "app";
        expect_failure(&scene, GOAL_NEW, ERROR_FAILED, "rollback_completed");
        write_text(scene.script, EDITED);
        expect_failure(&scene, GOAL_NEW, ERROR_CONFLICT, "was changed since it was planned");
        assert_true(scene_is_moved(&scene, GOAL_NEW));
}

static void a_file_that_declares_the_subnet_already_is_left_as_it_is(void **state)
{
        _cleanup_scene_ struct scene scene;
        struct plan_patch *patch;

        (void)state;
        scene_make(&scene);
        patch = &scene.plan.patches.items[0];
        struct patch_wish wish = {
                .network = "proxy", .old_subnet = NET_SUBNET, .new_subnet = scene.plan.new_subnet};
        _cleanup_free_ char *declared = text_format(
                "docker network create --driver overlay --subnet %s proxy\n", scene.plan.new_subnet);
        write_text(scene.script, declared);
        patch_done(patch);
        assert_int_equal(patch_make(scene.script, &wish, patch, NULL), 0);
        patch->in_place = true;
        assert_int_equal(patch->edits.count, 0);
        scene_must_run(&scene, GOAL_NEW, "the move");
        _cleanup_free_ char *found = read_text(scene.script);
        assert_string_equal(found, declared);
}

/* Commands */

static void a_command_that_fails_is_told_with_its_status_and_last_lines(void **state)
{
        _cleanup_scene_ struct scene scene;

        (void)state;
        scene_make(&scene);
        _cleanup_free_ char *mended = text_format("%s/mended", state_folder);
        set_road(&scene, SCENE_REBUILD,
                 text_format("echo try >>%s; test -e %s || { echo building; echo no room left >&2; exit 7; }",
                             scene.log, mended));
        expect_failure(&scene, GOAL_NEW, ERROR_FAILED, "ended with status 7");
        expect_failure(&scene, GOAL_NEW, ERROR_FAILED, "building\nno room left");
        assert_int_equal(scene_unit(&scene, INIT)->starts, 1);
        write_text(mended, "");
        scene_must_run(&scene, GOAL_NEW, "the same command");
        scene_expect_end(&scene, GOAL_NEW, "the same command");
        assert_int_equal(scene_told(&scene, "try"), 3);
}

static void a_command_that_never_ends_is_stopped_at_its_bound(void **state)
{
        _cleanup_scene_ struct scene scene;

        (void)state;
        scene_make(&scene);
        scene.plan.roads_timeout_s = 1;
        scene_unit(&scene, INIT)->run_ms = 0;
        scene_unit(&scene, DEPLOY)->run_ms = 0;
        set_road(&scene, SCENE_COMMAND, text_copy("sleep 600"));
        expect_failure(&scene, GOAL_NEW, ERROR_FAILED, "did not end in its time and was stopped");
}

/* Its own keeper and itself, so that nobody writes down its end. */
static void lose_command(struct scene *scene)
{
        set_road(scene, SCENE_REBUILD,
                 text_format(": ; echo try >>%s; test -e %s/found || kill -9 $PPID $$; echo built >>%s",
                             scene->log, state_folder, scene->log));
        expect_failure(scene, GOAL_NEW, ERROR_REFUSED, "its end was not seen");
        expect_failure(scene, GOAL_NEW, ERROR_REFUSED, "--unfinished done");
        assert_int_equal(scene_told(scene, "try"), 1);
}

static void run_unfinished(struct scene *scene, enum run_unfinished unfinished, struct error *error)
{
        struct run_options options = scene_options(scene, GOAL_NEW);
        bool changed;

        options.unfinished = unfinished;
        plan_run(&scene->fake.engine, &scene->plan, &options, &quiet, &changed, error);
}

static void a_lost_command_that_did_its_work_is_not_run_again(void **state)
{
        _cleanup_scene_ struct scene scene;
        _cleanup_error_ struct error error = {0};

        (void)state;
        scene_make(&scene);
        lose_command(&scene);
        run_unfinished(&scene, UNFINISHED_DONE, &error);
        assert_null(error.sentence);
        scene_expect_end(&scene, GOAL_NEW, "done");
        assert_int_equal(scene_told(&scene, "try"), 1);
        assert_int_equal(scene_told(&scene, "announced"), 1);
}

static void a_lost_command_is_run_again_when_that_is_asked_for(void **state)
{
        _cleanup_scene_ struct scene scene;
        _cleanup_error_ struct error error = {0};

        (void)state;
        scene_make(&scene);
        lose_command(&scene);
        _cleanup_free_ char *found = text_format("%s/found", state_folder);
        write_text(found, "");
        run_unfinished(&scene, UNFINISHED_AGAIN, &error);
        assert_null(error.sentence);
        scene_expect_end(&scene, GOAL_NEW, "again");
        assert_int_equal(scene_told(&scene, "try"), 2);
        assert_int_equal(scene_told(&scene, "built"), 1);
}

/* The answer was about the one before. */
static void a_command_that_is_lost_again_is_asked_about_again(void **state)
{
        static const enum run_unfinished answers[] = {UNFINISHED_AGAIN, UNFINISHED_AGAIN};
        _cleanup_scene_ struct scene scene;

        (void)state;
        scene_make(&scene);
        lose_command(&scene);
        for (size_t i = 0; i < ELEMENTS(answers); i++) {
                _cleanup_error_ struct error error = {0};
                run_unfinished(&scene, answers[i], &error);
                assert_int_equal(error.kind, ERROR_REFUSED);
                assert_int_equal(scene_told(&scene, "try"), i + 2);
        }
}

static void a_lost_command_is_run_once_more_by_an_undo_without_asking(void **state)
{
        _cleanup_scene_ struct scene scene;

        (void)state;
        scene_make(&scene);
        lose_command(&scene);
        _cleanup_free_ char *found = text_format("%s/found", state_folder);
        write_text(found, "");
        scene_must_run(&scene, GOAL_OLD, "the undo");
        scene_expect_end(&scene, GOAL_OLD, "the undo");
        assert_int_equal(scene_told(&scene, "built"), 1);
}

/* Elsewhere */

static void on_another_host_than_the_plans_only_the_swarm_is_moved_and_that_is_said(void **state)
{
        _cleanup_scene_ struct scene scene;
        _cleanup_(story_done) struct story story = {0};

        (void)state;
        scene_make(&scene);
        free(scene.plan.host);
        scene.plan.host = text_copy("elsewhere");
        must_run_told(&scene, GOAL_NEW, &story);
        assert_true(scene_is_moved(&scene, GOAL_NEW));
        assert_int_equal(scene_patch(&scene), PATCH_BEFORE);
        assert_int_equal(scene.units.jobs + scene.units.looks, 0);
        assert_int_equal(access(scene.log, F_OK), -1);
        assert_non_null(story.note);
        assert_non_null(strstr(story.note, "elsewhere"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_host_is_paused_patched_deployed_again_and_resumed_in_this_order),
                cmocka_unit_test(what_makes_work_is_off_while_networks_change),
                cmocka_unit_test(a_second_run_does_nothing),
                cmocka_unit_test(an_undo_reverses_the_patch_and_goes_the_roads_again),
                cmocka_unit_test(an_undo_goes_no_road_that_was_not_gone),
                cmocka_unit_test(a_unit_that_fails_ends_the_run_and_is_tried_again),
                cmocka_unit_test(a_unit_that_never_finishes_ends_the_run_at_the_bound_and_is_restarted),
                cmocka_unit_test(a_move_whose_roads_are_open_is_not_whole),
                cmocka_unit_test(a_move_that_left_something_paused_is_not_whole),
                cmocka_unit_test(a_unit_whose_dependency_failed_ends_the_run),
                cmocka_unit_test(a_unit_that_goes_missing_meanwhile_ends_the_run_at_its_road),
                cmocka_unit_test(a_unit_whose_file_was_changed_starts_as_it_is_now),
                cmocka_unit_test(a_paused_unit_that_fails_to_start_again_is_told_and_tried_again),
                cmocka_unit_test(what_was_paused_is_given_back_where_nothing_can_be_written),
                cmocka_unit_test(a_host_without_a_bus_is_refused_before_the_first_change),
                cmocka_unit_test(a_systemd_that_stops_answering_keeps_no_network_half_moved),
                cmocka_unit_test(an_engine_that_is_silent_for_a_moment_is_borne_with),
                cmocka_unit_test(a_move_that_has_begun_goes_on_without_a_bus_until_its_roads),
                cmocka_unit_test(a_file_that_was_edited_since_is_refused_before_the_first_change),
                cmocka_unit_test(a_file_that_is_edited_meanwhile_is_left_alone_and_may_be_declared_by_hand),
                cmocka_unit_test(a_file_declared_by_hand_does_not_bar_the_undo),
                cmocka_unit_test(a_file_edited_meanwhile_keeps_no_network_half_moved),
                cmocka_unit_test(a_file_that_declares_the_subnet_already_is_left_as_it_is),
                cmocka_unit_test(a_command_that_fails_is_told_with_its_status_and_last_lines),
                cmocka_unit_test(a_command_that_never_ends_is_stopped_at_its_bound),
                cmocka_unit_test(a_lost_command_that_did_its_work_is_not_run_again),
                cmocka_unit_test(a_lost_command_is_run_again_when_that_is_asked_for),
                cmocka_unit_test(a_command_that_is_lost_again_is_asked_about_again),
                cmocka_unit_test(a_lost_command_is_run_once_more_by_an_undo_without_asking),
                cmocka_unit_test(on_another_host_than_the_plans_only_the_swarm_is_moved_and_that_is_said),
        };

        return cmocka_run_group_tests(tests, state_folder_make, state_folder_remove);
}
