/* How one service moves: each rule that speaks for or against start-first, what it edits, and the gap it
 * tells. */

#include "move/way.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define UNBIND_MS 2000
#define FOLLOW_MS 1000

struct scene {
        struct swarm swarm;
        struct network other; /* the one network that the service is on besides */
        struct attachment attachment;
        struct accounts accounts;
        struct service service;
        struct buffer body;
        struct plan plan; /* owns the planned service */
        struct plan_service *planned;
};

static void scene_done(struct scene *scene)
{
        swarm_done(&scene->swarm);
        accounts_done(&scene->accounts);
        free(scene->service.ports.items);
        free(scene->service.mounts.items);
        buffer_done(&scene->body);
        plan_done(&scene->plan);
}
#define _cleanup_scene_ _cleanup_(scene_done)

/* A service that may well start first: one replica, nothing held, an update config as the CLI leaves it. */
static void scene_set(struct scene *scene, const char *update_order, const char *more)
{
        swarm_init(&scene->swarm);
        scene->service = (struct service){.id = "s1", .name = "app", .replicas = 1, .stop_grace_ms = 10000};
        scene->service.update_order = update_order;
        if (update_order)
                buffer_format(&scene->body, "{\"Spec\":{\"UpdateConfig\":{\"Order\":\"%s\"}%s}}",
                              update_order, more);
        else
                buffer_format(&scene->body, "{\"Spec\":{\"Name\":\"app\"%s}}", more);
        scene->planned = list_add(&scene->plan.services);
}

static void add_task(struct scene *scene, enum task_state state, int64_t took_ms)
{
        struct task *task = list_add(&scene->swarm.tasks);

        task->service_id = swarm_string(&scene->swarm, "s1");
        task->state = state;
        task->created_ms = 1000000;
        task->state_since_ms = task->created_ms + took_ms;
        scene->service.id = task->service_id;
}

static void decide(struct scene *scene, bool health_check)
{
        const char *const ids[] = {"net", "hop", NULL};
        const struct way_ground ground = {.swarm = &scene->swarm, .accounts = &scene->accounts, .ids = ids};

        assert_int_equal(
                way_decide(&ground, &scene->service, &scene->body, health_check, scene->planned, NULL), 0);
}

static void expect(const struct scene *scene, enum way way, const char *why)
{
        assert_int_equal(scene->planned->way, way);
        if (!strstr(scene->planned->why, why))
                fail_msg("%s does not say %s", scene->planned->why, why);
}

static void expect_edit(const struct scene *scene, size_t index, const char *path, const char *original,
                        const char *edited)
{
        assert_true(index < scene->planned->edits.items.count);
        const struct spec_edit *edit = &scene->planned->edits.items.items[index];
        assert_string_equal(edit->path, path);
        assert_true(text_equal(edit->original, original));
        assert_non_null(strstr(edit->edited, edited));
}

static void a_health_check_and_nothing_held_start_first(void **state)
{
        _cleanup_scene_ struct scene scene = {0};

        (void)state;
        scene_set(&scene, "stop-first", "");
        decide(&scene, true);
        expect(&scene, WAY_START_FIRST, "it has a health check and shares nothing");
        assert_int_equal(scene.planned->edits.items.count, 1);
        expect_edit(&scene, 0, "UpdateConfig/Order", "\"stop-first\"", "\"start-first\"");
        assert_int_equal(scene.planned->edits.items.items[0].until, EDIT_UNTIL_END);
        assert_int_equal(scene.planned->gap_expected_ms, 0);
        assert_int_equal(scene.planned->gap_bound_ms, 0);
}

static void without_an_update_config_one_is_lent(void **state)
{
        _cleanup_scene_ struct scene scene = {0};

        (void)state;
        scene_set(&scene, NULL, "");
        decide(&scene, true);
        assert_int_equal(scene.planned->way, WAY_START_FIRST);
        assert_int_equal(scene.planned->edits.items.count, 1);
        expect_edit(&scene, 0, "UpdateConfig", NULL, "\"Order\":\"start-first\"");
}

static void its_own_start_first_needs_no_edit(void **state)
{
        _cleanup_scene_ struct scene scene = {0};

        (void)state;
        scene_set(&scene, "start-first", "");
        decide(&scene, false);
        expect(&scene, WAY_START_FIRST, "its own setting, although it has no health check");
        assert_int_equal(scene.planned->edits.items.count, 0);
}

static void stop_first_as_it_is_needs_no_edit(void **state)
{
        static const char *const orders[] = {NULL, "stop-first"};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(orders); i++) {
                _cleanup_scene_ struct scene scene = {0};
                scene_set(&scene, orders[i], "");
                decide(&scene, false);
                expect(&scene, WAY_STOP_FIRST, "no health check");
                assert_int_equal(scene.planned->edits.items.count, 0);
        }
}

static void a_host_port_stops_first_even_against_its_own_setting(void **state)
{
        _cleanup_scene_ struct scene scene = {0};

        (void)state;
        scene_set(&scene, "start-first", "");
        list_add(&scene.service.ports)->host_mode = true;
        decide(&scene, true);
        expect(&scene, WAY_STOP_FIRST, "a port of its host");
        expect_edit(&scene, 0, "UpdateConfig/Order", "\"start-first\"", "\"stop-first\"");
}

static void an_ingress_port_stops_nobody(void **state)
{
        _cleanup_scene_ struct scene scene = {0};

        (void)state;
        scene_set(&scene, "stop-first", "");
        list_add(&scene.service.ports)->published = 80;
        decide(&scene, true);
        assert_int_equal(scene.planned->way, WAY_START_FIRST);
}

static void a_limit_per_node_stops_first_even_against_its_own_setting(void **state)
{
        _cleanup_scene_ struct scene scene = {0};

        (void)state;
        scene_set(&scene, "start-first", "");
        scene.service.max_replicas_per_node = 1;
        decide(&scene, true);
        expect(&scene, WAY_STOP_FIRST, "limits its replicas per node");
}

static void add_network(struct scene *scene, const char *id, struct interval available)
{
        scene->other = (struct network){.id = id, .name = "other"};
        scene->attachment = (struct attachment){.network_id = id};
        scene->service.networks.items = &scene->attachment;
        scene->service.networks.count = 1;
        *list_add(&scene->accounts.items) =
                (struct account){.network = &scene->other, .counted = true, .free = available};
}

/* The new task would wait in New for an address that only the old one can give back. */
static void another_network_without_room_stops_first_even_against_its_own_setting(void **state)
{
        _cleanup_scene_ struct scene scene = {0};

        (void)state;
        scene_set(&scene, "start-first", "");
        add_network(&scene, "o", (struct interval){0, 0});
        decide(&scene, true);
        expect(&scene, WAY_STOP_FIRST, "its network other has no address free");
        expect_edit(&scene, 0, "UpdateConfig/Order", "\"start-first\"", "\"stop-first\"");
}

static void as_many_addresses_are_needed_as_tasks_start_at_once(void **state)
{
        static const struct {
                uint64_t replicas, parallelism, free;
                enum way way;
        } cases[] = {{3, 1, 1, WAY_START_FIRST}, {3, 2, 1, WAY_STOP_FIRST},  {3, 2, 2, WAY_START_FIRST},
                     {3, 0, 2, WAY_STOP_FIRST},  {3, 0, 3, WAY_START_FIRST}, {1, 5, 1, WAY_START_FIRST}};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_scene_ struct scene scene = {0};
                scene_set(&scene, "start-first", "");
                scene.service.replicas = cases[i].replicas;
                scene.service.update_parallelism = cases[i].parallelism;
                add_network(&scene, "o", (struct interval){0, cases[i].free});
                decide(&scene, true);
                assert_int_equal(scene.planned->way, cases[i].way);
        }
}

static void room_on_the_network_that_is_moved_does_not_count(void **state)
{
        _cleanup_scene_ struct scene scene = {0};

        (void)state;
        scene_set(&scene, "start-first", "");
        add_network(&scene, "net", (struct interval){0, 0});
        decide(&scene, true);
        assert_int_equal(scene.planned->way, WAY_START_FIRST);
}

static void add_mount(struct scene *scene, const char *type, bool read_only)
{
        struct mount *mount = list_add(&scene->service.mounts);

        *mount = (struct mount){.type = type, .source = "data", .target = "/data", .read_only = read_only};
}

static void a_mount_that_is_written_stops_first(void **state)
{
        static const struct {
                const char *type;
                bool read_only;
                enum way way;
        } cases[] = {{"volume", false, WAY_STOP_FIRST},
                     {"bind", false, WAY_STOP_FIRST},
                     {"volume", true, WAY_START_FIRST},
                     {"bind", true, WAY_START_FIRST},
                     {"tmpfs", false, WAY_START_FIRST}};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_scene_ struct scene scene = {0};
                scene_set(&scene, "stop-first", "");
                add_mount(&scene, cases[i].type, cases[i].read_only);
                decide(&scene, true);
                expect(&scene, cases[i].way,
                       cases[i].way == WAY_STOP_FIRST ? "write to data" : "health check");
        }
}

static void its_own_start_first_outweighs_a_written_mount(void **state)
{
        _cleanup_scene_ struct scene scene = {0};

        (void)state;
        scene_set(&scene, "start-first", "");
        add_mount(&scene, "volume", false);
        decide(&scene, true);
        expect(&scene, WAY_START_FIRST, "although two tasks would write to data");
}

static void reservations_and_global_services_stop_first(void **state)
{
        _cleanup_scene_ struct scene reserving = {0};
        _cleanup_scene_ struct scene global = {0};

        (void)state;
        scene_set(&reserving, "stop-first", "");
        reserving.service.has_reservations = true;
        decide(&reserving, true);
        expect(&reserving, WAY_STOP_FIRST, "reserves resources");
        scene_set(&global, "stop-first", "");
        global.service.mode = SERVICE_GLOBAL;
        decide(&global, true);
        expect(&global, WAY_STOP_FIRST, "once on every node");
        assert_true(global.planned->gap_expected_ms > 0);
}

static void a_rollback_goes_the_same_way(void **state)
{
        _cleanup_scene_ struct scene with = {0};
        _cleanup_scene_ struct scene without = {0};

        (void)state;
        scene_set(&with, "stop-first", ",\"RollbackConfig\":{\"Order\":\"stop-first\"}");
        with.service.update_failure_action = "rollback";
        with.service.rollback_order = "stop-first";
        decide(&with, true);
        assert_int_equal(with.planned->edits.items.count, 2);
        expect_edit(&with, 1, "RollbackConfig/Order", "\"stop-first\"", "\"start-first\"");
        scene_set(&without, "stop-first", "");
        without.service.update_failure_action = "rollback";
        decide(&without, true);
        assert_int_equal(without.planned->edits.items.count, 2);
        expect_edit(&without, 1, "RollbackConfig", NULL, "\"Order\":\"start-first\"");
}

static void without_rollback_its_settings_are_left_alone(void **state)
{
        _cleanup_scene_ struct scene scene = {0};

        (void)state;
        scene_set(&scene, "stop-first", ",\"RollbackConfig\":{\"Order\":\"stop-first\"}");
        scene.service.update_failure_action = "pause";
        scene.service.rollback_order = "stop-first";
        decide(&scene, true);
        assert_int_equal(scene.planned->edits.items.count, 1);
}

static void a_stuck_service_has_nothing_to_stop_first_on_its_way_out(void **state)
{
        _cleanup_scene_ struct scene stuck = {0};
        _cleanup_scene_ struct scene half = {0};

        (void)state;
        scene_set(&stuck, "stop-first", "");
        stuck.planned->stuck = true;
        add_task(&stuck, TASK_NEW, 0);
        decide(&stuck, false);
        assert_int_equal(stuck.planned->way, WAY_STOP_FIRST);
        expect_edit(&stuck, 0, "UpdateConfig/Order", "\"stop-first\"", "\"start-first\"");
        assert_int_equal(stuck.planned->edits.items.items[0].until, EDIT_UNTIL_BACK);
        scene_set(&half, "stop-first", "");
        half.planned->stuck = true;
        add_task(&half, TASK_NEW, 0);
        add_task(&half, TASK_RUNNING, 1000);
        decide(&half, false);
        assert_int_equal(half.planned->edits.items.count, 0);
}

static void the_gap_is_told_from_the_services_own_starts(void **state)
{
        _cleanup_scene_ struct scene scene = {0};

        (void)state;
        scene_set(&scene, "stop-first", "");
        scene.service.health_start_ms = 30000;
        add_task(&scene, TASK_RUNNING, 3000);
        add_task(&scene, TASK_RUNNING, 5000);
        add_task(&scene, TASK_FAILED, 90000);
        decide(&scene, false);
        assert_int_equal(scene.planned->gap_expected_ms, UNBIND_MS + 4000 + FOLLOW_MS);
        assert_int_equal(scene.planned->gap_bound_ms, UNBIND_MS + 10000 + 8000 + 30000 + FOLLOW_MS);
        assert_true(scene.planned->settle_bound_ms > scene.planned->gap_bound_ms);
}

/* A start-first service that starts in 6 s was away for 5.6 s, where the plan had promised no gap at all. */
static void start_first_without_a_health_check_promises_no_gapless_move(void **state)
{
        _cleanup_scene_ struct scene scene = {0};

        (void)state;
        scene_set(&scene, "start-first", "");
        scene.service.health_start_ms = 30000;
        decide(&scene, false);
        assert_int_equal(scene.planned->way, WAY_START_FIRST);
        assert_true(scene.planned->gap_expected_ms > 0);
        assert_true(scene.planned->gap_bound_ms >= 30000);
}

/* An edge's first start waits for its backends; its restart does not, and no name has to be forgotten. */
static void a_host_port_is_away_only_while_its_process_is(void **state)
{
        _cleanup_scene_ struct scene scene = {0};

        (void)state;
        scene_set(&scene, "stop-first", "");
        *list_add(&scene.service.ports) = (struct port){80, 80, "tcp", true};
        add_task(&scene, TASK_RUNNING, 20000);
        decide(&scene, true);
        assert_true(scene.planned->gap_expected_ms < 5000);
        assert_true(scene.planned->gap_bound_ms > scene.planned->gap_expected_ms);
}

static void replicas_that_stop_in_turn_leave_no_gap(void **state)
{
        _cleanup_scene_ struct scene scene = {0};

        (void)state;
        scene_set(&scene, "stop-first", "");
        scene.service.replicas = 3;
        scene.service.update_parallelism = 2;
        decide(&scene, false);
        assert_int_equal(scene.planned->gap_expected_ms, 0);
        assert_true(scene.planned->gap_bound_ms > 0);
}

static void replicas_that_stop_all_at_once_leave_one(void **state)
{
        static const uint64_t at_a_time[] = {0, 3, 4};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(at_a_time); i++) {
                _cleanup_scene_ struct scene scene = {0};
                scene_set(&scene, "stop-first", "");
                scene.service.replicas = 3;
                scene.service.update_parallelism = at_a_time[i];
                decide(&scene, false);
                assert_true(scene.planned->gap_expected_ms > 0);
        }
}

static void the_bound_of_a_hop_has_a_bound(void **state)
{
        _cleanup_scene_ struct scene scene = {0};

        (void)state;
        scene_set(&scene, "stop-first", "");
        scene.service.replicas = 100000;
        decide(&scene, false);
        assert_int_equal(scene.planned->settle_bound_ms, 3600000);
}

static void without_live_connections_earlier_services_wait_for_later_ones(void **state)
{
        _cleanup_plan_ struct plan plan = {0};

        (void)state;
        for (int i = 0; i < 3; i++) {
                struct plan_service *service = list_add(&plan.services);
                service->gap_expected_ms = service->gap_bound_ms = 1000;
                service->edge = i == 2;
        }
        way_add_waits(&plan);
        assert_true(plan.services.items[0].gap_expected_ms > plan.services.items[1].gap_expected_ms);
        assert_true(plan.services.items[1].gap_expected_ms > 2000);
        assert_int_equal(plan.services.items[2].gap_expected_ms, 1000);
        assert_true(plan.services.items[0].gap_bound_ms > plan.services.items[1].gap_bound_ms);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_health_check_and_nothing_held_start_first),
                cmocka_unit_test(without_an_update_config_one_is_lent),
                cmocka_unit_test(its_own_start_first_needs_no_edit),
                cmocka_unit_test(stop_first_as_it_is_needs_no_edit),
                cmocka_unit_test(a_host_port_stops_first_even_against_its_own_setting),
                cmocka_unit_test(an_ingress_port_stops_nobody),
                cmocka_unit_test(a_limit_per_node_stops_first_even_against_its_own_setting),
                cmocka_unit_test(another_network_without_room_stops_first_even_against_its_own_setting),
                cmocka_unit_test(as_many_addresses_are_needed_as_tasks_start_at_once),
                cmocka_unit_test(room_on_the_network_that_is_moved_does_not_count),
                cmocka_unit_test(a_mount_that_is_written_stops_first),
                cmocka_unit_test(its_own_start_first_outweighs_a_written_mount),
                cmocka_unit_test(reservations_and_global_services_stop_first),
                cmocka_unit_test(a_rollback_goes_the_same_way),
                cmocka_unit_test(without_rollback_its_settings_are_left_alone),
                cmocka_unit_test(a_stuck_service_has_nothing_to_stop_first_on_its_way_out),
                cmocka_unit_test(the_gap_is_told_from_the_services_own_starts),
                cmocka_unit_test(start_first_without_a_health_check_promises_no_gapless_move),
                cmocka_unit_test(a_host_port_is_away_only_while_its_process_is),
                cmocka_unit_test(replicas_that_stop_in_turn_leave_no_gap),
                cmocka_unit_test(replicas_that_stop_all_at_once_leave_one),
                cmocka_unit_test(the_bound_of_a_hop_has_a_bound),
                cmocka_unit_test(without_live_connections_earlier_services_wait_for_later_ones),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
