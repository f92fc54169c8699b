/*
 * A run that is killed while it pauses, patches, deploys again or gives back, at each of its dealings with
 * the world there: before what it has recorded is begun, when that is begun, when it has ended and nobody has
 * written that down. Whoever comes next - the same command, or an undo - examines what is left and ends as if
 * there had been no kill: exactly new or old, each unit restarted and each command run once for each way it
 * was gone, and nothing paused.
 */

#include "far_run.h"

struct kill {
        enum goal first;  /* of the run that is killed */
        enum goal second; /* of the one that takes up what it left */
        size_t at;
        bool after;
};

/* What has happened to the host. */
struct tally {
        unsigned init, deploy; /* restarts */
        size_t rebuilt_new, rebuilt_old, announced;
};

static struct tally tally_of(struct scene *scene)
{
        return (struct tally){scene_unit(scene, INIT)->starts - 1, scene_unit(scene, DEPLOY)->starts - 1,
                              scene_told(scene, scene->plan.new_subnet), scene_told(scene, "no subnet"),
                              scene_told(scene, "announced")};
}

static void expect_count(const char *when, const char *what, size_t count, size_t least, size_t most)
{
        if (count < least || count > most)
                fail_msg("%s: %s %zu times, and should be %zu to %zu", when, what, count, least, most);
}

/* Each road was gone once to the goal and, when that is to the old one, only if it was gone to the new. */
static void expect_each_once(struct scene *scene, const struct kill *kill, const struct tally *killed,
                             const char *when)
{
        struct tally now = tally_of(scene);
        bool undone = kill->second == GOAL_OLD;

        expect_count(when, INIT " was restarted", now.init, undone ? 2 * killed->init : 1,
                     undone ? 2 * killed->init : 1);
        expect_count(when, DEPLOY " was restarted", now.deploy, undone ? 2 * killed->deploy : 1,
                     undone ? 2 * killed->deploy : 1);
        expect_count(when, "the new was rebuilt", now.rebuilt_new, undone ? killed->rebuilt_new : 1,
                     undone ? killed->rebuilt_new : 1);
        expect_count(when, "the old was rebuilt", now.rebuilt_old, undone ? killed->rebuilt_new : 0,
                     undone ? killed->rebuilt_new : 0);
        expect_count(when, "it was announced", now.announced, undone ? 2 * killed->announced : 1,
                     undone ? 2 * killed->announced : 1);
}

/* An undo of a whole move goes each road once more; turned round, it goes again what was begun. */
static void expect_undo_once(struct scene *scene, const struct kill *kill, const char *when)
{
        struct tally now = tally_of(scene);
        bool turned = kill->second == GOAL_NEW;

        expect_count(when, INIT " was restarted", now.init, turned ? 1 : 2, turned ? 3 : 2);
        expect_count(when, DEPLOY " was restarted", now.deploy, turned ? 1 : 2, turned ? 3 : 2);
        expect_count(when, "the new was rebuilt", now.rebuilt_new, 1, turned ? 2 : 1);
        expect_count(when, "the old was rebuilt", now.rebuilt_old, turned ? 0 : 1, 1);
        expect_count(when, "it was announced", now.announced, turned ? 1 : 2, turned ? 3 : 2);
}

static void begin_world(struct scene *scene, const struct kill *kill)
{
        scene_reset(scene);
        if (kill->first == GOAL_OLD)
                scene_must_run(scene, GOAL_NEW, "the move before");
}

static void kill_once(struct scene *scene, const struct kill *kill, const struct far_point *point)
{
        _cleanup_far_ struct far far = {
                .scene = scene, .goal = kill->first, .kill_at = kill->at, .kill_after = kill->after};
        _cleanup_free_ char *when =
                text_format("killed %s point %zu (%s), then %s", kill->after ? "after" : "at", kill->at,
                            point->what, kill->second == GOAL_NEW ? "new" : "old");

        begin_world(scene, kill);
        far_run(&far);
        if (!far.killed)
                fail_msg("%s: it ended before that: %s", when, far.failure);
        wait_for_commands();
        struct tally killed = tally_of(scene);
        scene_must_run(scene, kill->second, when);
        scene_expect_end(scene, kill->second, when);
        if (kill->first == GOAL_NEW)
                expect_each_once(scene, kill, &killed, when);
        else
                expect_undo_once(scene, kill, when);
}

/* HEADROOM_KILLS: of the points at which nothing changes, "all" or "none" of them; a tenth when it is not
 * set.
 */
static size_t kill_step(void)
{
        const char *wanted = getenv("HEADROOM_KILLS");

        if (text_equal(wanted, "all"))
                return 1;
        return text_equal(wanted, "none") ? SIZE_MAX : 10;
}

/* The points from which to which the swarm is moved: test_steps.c kills there. */
static void find_swarm(const struct far *far, size_t *ret_first, size_t *ret_last)
{
        *ret_first = *ret_last = 0;
        for (size_t i = 0; i < far->points.count; i++) {
                const char *what = far->points.items[i].what;
                if (!*ret_first && strstr(what, "POST /networks/create"))
                        *ret_first = i;
                if (strstr(what, "DELETE /networks/"))
                        *ret_last = i;
        }
        assert_true(*ret_first && *ret_last > *ret_first);
}

/* Whether it is worth a kill: something changes there, or the unit that a deed is about is looked at. */
static bool is_wanted(const struct far *far, size_t index, size_t step)
{
        const struct far_point *point = &far->points.items[index];

        return point->changes || point->kind == FAR_LOOK || index % step == 0;
}

static void kill_at_each_edge(enum goal first, enum goal second)
{
        _cleanup_scene_ struct scene scene;
        struct kill kill = {first, second, 0, false};
        _cleanup_far_ struct far whole = {.scene = &scene, .goal = first};
        size_t step = kill_step();
        size_t swarm_first;
        size_t swarm_last;
        size_t kills = 0;

        scene_make(&scene);
        begin_world(&scene, &kill);
        far_run(&whole);
        assert_string_equal(whole.failure, "");
        scene_expect_end(&scene, first, "not killed");
        find_swarm(&whole, &swarm_first, &swarm_last);
        for (size_t i = 0; i < whole.points.count; i++) {
                if ((i > swarm_first && i < swarm_last) || !is_wanted(&whole, i, step))
                        continue;
                kill.at = i + 1;
                kill.after = false;
                kill_once(&scene, &kill, &whole.points.items[i]);
                kills++;
                if (!whole.points.items[i].changes)
                        continue;
                kill.after = true;
                kill_once(&scene, &kill, &whole.points.items[i]);
                kills++;
        }
        print_message("%zu points, %zu kills\n", whole.points.count, kills);
}

static void killed_at_any_edge_the_same_command_does_each_thing_once(void **state)
{
        (void)state;
        kill_at_each_edge(GOAL_NEW, GOAL_NEW);
}

static void killed_at_any_edge_an_undo_reverses_what_was_done_and_nothing_else(void **state)
{
        (void)state;
        kill_at_each_edge(GOAL_NEW, GOAL_OLD);
}

static void an_undo_killed_at_any_edge_does_each_thing_once(void **state)
{
        (void)state;
        kill_at_each_edge(GOAL_OLD, GOAL_OLD);
}

static void an_undo_killed_at_any_edge_may_be_turned_round(void **state)
{
        (void)state;
        kill_at_each_edge(GOAL_OLD, GOAL_NEW);
}

/* A command that outlives the run. */

static char pipe_path[96];

/* In the first sleep after the command was begun. */
static void release_command(void)
{
        _cleanup_free_ char *pattern = text_format("%s/*/road-1.begun", state_folder);
        glob_t found = {0};

        if (glob(pattern, 0, NULL, &found) == 0) {
                close(open(pipe_path, O_WRONLY | O_CLOEXEC));
                while_commands_run = NULL;
        }
        globfree(&found);
}

/* It waits for a writer of the pipe. */
static void make_command_wait(struct scene *scene)
{
        struct plan_road *road = &scene->plan.roads.items[SCENE_REBUILD];

        snprintf(pipe_path, sizeof(pipe_path), "%s/pipe", state_folder);
        assert_int_equal(mkfifo(pipe_path, 0600), 0);
        free(road->text);
        road->text = text_format("read x <%s; echo built >>%s", pipe_path, scene->log);
}

/* The point after the rebuild's keeper was forked: the run sleeps there. */
static size_t point_of_command(const struct far *far)
{
        size_t first;
        size_t last;

        find_swarm(far, &first, &last);
        while (last < far->points.count && far->points.items[last].kind != FAR_FORK)
                last++;
        assert_true(last + 1 < far->points.count);
        assert_int_equal(far->points.items[last + 1].kind, FAR_SLEEP);
        return last + 2;
}

static void a_command_that_runs_on_is_waited_for_and_not_run_again(void **state)
{
        _cleanup_scene_ struct scene scene;
        _cleanup_far_ struct far whole = {.scene = &scene, .goal = GOAL_NEW};
        _cleanup_far_ struct far far = {.scene = &scene, .goal = GOAL_NEW};

        (void)state;
        scene_make(&scene);
        far_run(&whole);
        assert_string_equal(whole.failure, "");
        far.kill_at = point_of_command(&whole);
        scene_reset(&scene);
        make_command_wait(&scene);
        far_run(&far);
        assert_true(far.killed);
        while_commands_run = release_command;
        scene_must_run(&scene, GOAL_NEW, "the same command");
        assert_null(while_commands_run);
        scene_expect_end(&scene, GOAL_NEW, "the same command");
        assert_int_equal(scene_told(&scene, "built"), 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(killed_at_any_edge_the_same_command_does_each_thing_once),
                cmocka_unit_test(killed_at_any_edge_an_undo_reverses_what_was_done_and_nothing_else),
                cmocka_unit_test(an_undo_killed_at_any_edge_does_each_thing_once),
                cmocka_unit_test(an_undo_killed_at_any_edge_may_be_turned_round),
                cmocka_unit_test(a_command_that_runs_on_is_waited_for_and_not_run_again),
        };

        return cmocka_run_group_tests(tests, state_folder_make, state_folder_remove);
}
