#pragma once

/*
 * A host whose swarm is moved with everything around it: a timer that makes work and one that is off, a
 * script that declares NET, and four roads: a rebuild that reads the script, two units in a row, and a
 * command. The swarm and systemd are scripted and live in virtual time; the script, the records and the
 * commands with their keepers are real. So that no run outpaces a command, a sleep waits until every keeper
 * has written down its command's end: its lock is free then.
 */

#include "fake_units.h"
#include "move_scene.h"

#include "base/file.h"
#include "host/host.h"
#include "move/patch/patch.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/file.h>

#define TIMER      "ci-poll.timer"
#define IDLE_TIMER "backup.timer"
#define INIT       "swarm-init.service"
#define DEPLOY     "deploy-app.service"
#define UNIT_MS    700

enum scene_road {
        SCENE_REBUILD,
        SCENE_INIT,
        SCENE_DEPLOY,
        SCENE_COMMAND,
};

#define SCRIPT "set -e\ndocker network create --driver overlay proxy\n"

struct scene {
        struct fake fake;
        struct fake_units units;
        struct plan plan;
        char *script; /* path of the file that declares NET */
        char *log;    /* path: what the commands tell */
        char *engine_log;
};

static inline void scene_done(struct scene *scene)
{
        fake_units_done(&scene->units);
        plan_done(&scene->plan);
        free(scene->script);
        free(scene->log);
        free(scene->engine_log);
        fake_done(&scene->fake);
        *scene = (struct scene){0};
}
#define _cleanup_scene_ _cleanup_(scene_done)

/* Called in each sleep before the commands' ends are waited for. */
static void (*while_commands_run)(void);

static inline void wait_for_commands(void)
{
        _cleanup_free_ char *pattern = text_format("%s/*/road-*.begun", state_folder);
        glob_t found = {0};

        if (while_commands_run)
                while_commands_run();
        glob(pattern, 0, NULL, &found);
        for (size_t i = 0; i < found.gl_pathc; i++) {
                int keeper = open(found.gl_pathv[i], O_RDONLY | O_CLOEXEC);
                if (keeper < 0)
                        continue; /* forgotten in between */
                flock(keeper, LOCK_SH);
                close(keeper);
        }
        globfree(&found);
}

static inline void scene_sleep(void *userdata, int64_t duration_ms)
{
        fake_sleep(userdata, duration_ms);
        wait_for_commands();
}

static inline void scene_use_clock(struct scene *scene)
{
        static struct clock_source source;

        source = (struct clock_source){fake_now, fake_wall, scene_sleep, &scene->fake};
        clock_use(&source);
}

static inline void write_text(const char *path, const char *text)
{
        assert_int_equal(file_write(path, text, strlen(text), 0644, NULL), 0);
}

/* Owned by the caller; "" when there is no such file. */
static inline char *read_text(const char *path)
{
        struct buffer bytes = {0};

        file_read(path, 65536, &bytes, NULL);
        return bytes.length ? buffer_steal(&bytes) : text_copy("");
}

/* Nothing of earlier runs, and the script as it was. */
static inline void scene_clear_disk(const struct scene *scene)
{
        state_folder_remove(NULL);
        assert_int_equal(mkdir(state_folder, 0700), 0);
        write_text(scene->script, SCRIPT);
        write_text(scene->engine_log, "");
}

static inline void scene_add_units(struct fake_units *units)
{
        fake_units_init(units);
        *fake_unit_add(units, TIMER) = (struct fake_unit){
                .name = TIMER, .load_state = "loaded", .phase = FAKE_UNIT_ACTIVE, .starts = 1};
        *fake_unit_add(units, IDLE_TIMER) = (struct fake_unit){.name = IDLE_TIMER, .load_state = "loaded"};
        fake_unit_add(units, INIT)->run_ms = UNIT_MS;
        struct fake_unit *deploy = fake_unit_add(units, DEPLOY);
        deploy->run_ms = UNIT_MS;
        deploy->after[0] = INIT;
}

static inline void scene_add_swarm(struct fake *fake)
{
        fake_init(fake);
        fake_network_add(fake, NETWORK("proxy", NET_SUBNET, "false"));
        fake_network_add(fake, NETWORK("backend", "10.0.2.0/24", "false"));
        fake->networks.items[0].room = 100;
        fake->networks.items[1].room = 100;
        _cleanup_free_ char *on = text_format("{\"Target\":\"%s\"}", fake->networks.items[0].id);
        _cleanup_free_ char *off = text_format("{\"Target\":\"%s\"}", fake->networks.items[1].id);
        add_service(fake, "web", HEALTH, on, TWO);
        add_service(fake, "app", "", on, ONE);
        add_service(fake, "db", "", off, ONE);
        fake_sleep(fake, SETTLE_MS);
}

static inline void scene_add_road(struct plan *plan, enum road_kind kind, char *text)
{
        *list_add(&plan->roads) = (struct plan_road){kind, text};
}

static inline void scene_add_plan(struct scene *scene)
{
        struct plan *plan = &scene->plan;
        struct patch_wish wish = {.network = "proxy", .old_subnet = NET_SUBNET, .in_place = true};
        _cleanup_error_ struct error error = {0};

        make_plan(&scene->fake, plan);
        free(plan->host);
        plan->host = host_name();
        plan->roads_timeout_s = 600;
        *list_add(&plan->pause_units) = text_copy(TIMER);
        *list_add(&plan->pause_units) = text_copy(IDLE_TIMER);
        wish.new_subnet = plan->new_subnet;
        if (patch_make(scene->script, &wish, list_add(&plan->patches), &error) < 0)
                fail_msg("%s", error.sentence);
        plan->patches.items[0].in_place = true;
        scene_add_road(plan, ROAD_REBUILD,
                       text_format("grep -o -e '--subnet [0-9./]*' %s >>%s || echo no subnet >>%s",
                                   scene->script, scene->log, scene->log));
        scene_add_road(plan, ROAD_UNIT, text_copy("swarm-init"));
        scene_add_road(plan, ROAD_UNIT, text_copy(DEPLOY));
        scene_add_road(plan, ROAD_COMMAND, text_format("echo announced >>%s", scene->log));
}

/* The world as it was, without a plan. */
static inline void scene_make_world(struct scene *scene)
{
        scene_add_units(&scene->units);
        scene_add_swarm(&scene->fake);
        scene_use_clock(scene);
}

static inline void scene_make(struct scene *scene)
{
        *scene = (struct scene){.script = text_format("%s/deploy.sh", state_folder),
                                .log = text_format("%s/log", state_folder),
                                .engine_log = text_format("%s/engine.log", state_folder)};
        scene_clear_disk(scene);
        scene_make_world(scene);
        scene_add_plan(scene);
        while_commands_run = NULL;
}

/* The world as it was, for the same plan. */
static inline void scene_reset(struct scene *scene)
{
        fake_units_done(&scene->units);
        fake_done(&scene->fake);
        scene_clear_disk(scene);
        scene_make_world(scene);
}

static inline struct fake_unit *scene_unit(struct scene *scene, const char *name)
{
        return fake_unit_find(&scene->units, name);
}

static inline struct run_options scene_options(struct scene *scene, enum goal goal)
{
        return (struct run_options){
                .goal = goal, .state = state_folder, .log = scene->engine_log, .units = &scene->units.units};
}

static inline int scene_run(struct scene *scene, enum goal goal, struct error *error)
{
        const struct run_options options = scene_options(scene, goal);
        bool changed;

        return plan_run(&scene->fake.engine, &scene->plan, &options, &quiet, &changed, error);
}

static inline void scene_must_run(struct scene *scene, enum goal goal, const char *when)
{
        _cleanup_error_ struct error error = {0};

        if (scene_run(scene, goal, &error) < 0)
                fail_msg("%s: %s (%s)", when, error.sentence, error.trail ? error.trail : "");
}

/* How often the commands have told the text. */
static inline size_t scene_told(const struct scene *scene, const char *text)
{
        _cleanup_free_ char *log = read_text(scene->log);
        size_t count = 0;

        for (const char *at = log; (at = strstr(at, text)); at += strlen(text))
                count++;
        return count;
}

static inline bool scene_is_moved(const struct scene *scene, enum goal goal)
{
        size_t index = fake_network_find(&scene->fake, "proxy");

        return index != FAKE_NONE && fake_network_find(&scene->fake, scene->plan.hop) == FAKE_NONE &&
               text_equal(scene->fake.networks.items[index].subnet,
                          goal == GOAL_NEW ? scene->plan.new_subnet : NET_SUBNET);
}

static inline enum patch_state scene_patch(const struct scene *scene)
{
        enum patch_state state;

        assert_int_equal(patch_look(&scene->plan.patches.items[0], &state, NULL), 0);
        return state;
}

/* What was paused runs, and what was not does not. */
static inline void scene_expect_units_as_before(struct scene *scene, const char *when)
{
        if (scene_unit(scene, TIMER)->phase != FAKE_UNIT_ACTIVE)
                fail_msg("%s: %s stays paused", when, TIMER);
        if (scene_unit(scene, IDLE_TIMER)->phase != FAKE_UNIT_INACTIVE ||
            scene_unit(scene, IDLE_TIMER)->starts)
                fail_msg("%s: %s was started", when, IDLE_TIMER);
}

/* The swarm, the script and the units are exactly as the goal wants them. */
static inline void scene_expect_end(struct scene *scene, enum goal goal, const char *when)
{
        enum patch_state wanted = goal == GOAL_NEW ? PATCH_AFTER : PATCH_BEFORE;

        if (!scene_is_moved(scene, goal))
                fail_msg("%s: the network is not as it should be", when);
        for (size_t i = 0; i < scene->fake.services.count; i++)
                if (!is_up(&scene->fake, i))
                        fail_msg("%s: %s does not run", when, scene->fake.services.items[i].name);
        if (scene_patch(scene) != wanted)
                fail_msg("%s: the script is not as it should be", when);
        scene_expect_units_as_before(scene, when);
}
