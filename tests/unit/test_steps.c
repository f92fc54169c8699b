/*
 * Whole moves against a small swarm: planned, run, killed at every single call and taken up again or turned
 * round. Whatever happens on the way, it ends exactly new or exactly old, with nothing of headroom's left.
 */

#include "move_scene.h"

/* The swarm that is moved. */

#define ORDER                                                                                                \
        "{\"Parallelism\":1,\"FailureAction\":\"rollback\",\"Monitor\":5,\"MaxFailureRatio\":0,\"Order\":"   \
        "\"stop-first\"}"

static void add_services(struct fake *fake, const char *proxy, const char *backend)
{
        _cleanup_free_ char *on = text_format("{\"Target\":\"%s\",\"Aliases\":[\"app\",\"web\"]}", proxy);
        _cleanup_free_ char *both = text_format("{\"Target\":\"%s\"},%s", backend, on);
        _cleanup_free_ char *off = text_format("{\"Target\":\"%s\"}", backend);

        add_service(fake, "edge_app", "", on,
                    TWO ",\"EndpointSpec\":{\"Ports\":[{\"PublishedPort\":81,\"PublishMode\":\"ingress\"}]}");
        add_service(fake, "edge_tcp", "", on,
                    ONE ",\"EndpointSpec\":{\"Mode\":\"vip\",\"Ports\":[{\"PublishedPort\":80,"
                        "\"PublishMode\":\"host\"}]}");
        add_service(fake, "lent_app", HEALTH, on, ONE);
        add_service(fake, "keycloak", HEALTH, both,
                    TWO ",\"UpdateConfig\":" ORDER ",\"RollbackConfig\":" ORDER
                        ",\"EndpointSpec\":{\"Mode\":\"vip\"}");
        add_service(fake, "plain_app", "", on, ONE ",\"EndpointSpec\":{\"Mode\":\"dnsrr\"}");
        add_service(fake, "db", "", off, ONE);
}

static void add_debug_container(struct fake *fake)
{
        struct fake_container *container = fake_container_add(fake, text_copy("debug"), FAKE_NONE);

        container->running = true;
        fake_connect(fake, container, 0, 0x0a00014d, text_copy("10.0.1.77"), text_copy("[\"dbg\",\"d2\"]"));
}

/* The IDs and the order of everything are the same each time. `room`: of NET, less leaves stuck_app in New.
 */
static void scene_make(struct fake *fake, const char *net, size_t room)
{
        fake_init(fake);
        fake_network_add(fake, net);
        fake_network_add(fake, NETWORK("backend", "10.0.2.0/24", "false"));
        fake->networks.items[0].room = room;
        add_services(fake, fake->networks.items[0].id, fake->networks.items[1].id);
        add_debug_container(fake);
        fake_sleep(fake, SETTLE_MS);
        _cleanup_free_ char *on = text_format("{\"Target\":\"%s\"}", fake->networks.items[0].id);
        add_service(fake, "stuck_app", "", on, ONE);
        fake_sleep(fake, SETTLE_MS);
}
#define NET_ATTACHABLE  NETWORK("proxy", NET_SUBNET, "true")
#define ROOM_TOO_LITTLE 7 /* for one of the eight tasks */
#define ROOM_ENOUGH     100

static int run(struct fake *fake, struct plan *plan, enum goal goal, struct error *error)
{
        struct run_options options = {.goal = goal, .state = state_folder};
        bool changed;

        return plan_run(&fake->engine, plan, &options, &quiet, &changed, error);
}

static void must_run(struct fake *fake, struct plan *plan, enum goal goal, const char *when)
{
        _cleanup_error_ struct error error = {0};

        if (run(fake, plan, goal, &error) < 0)
                fail_msg("%s: %s (%s)", when, error.sentence, error.trail ? error.trail : "");
}

/* What must be at the end. */

static void expect_network(const struct fake *fake, const struct plan *plan, enum goal goal)
{
        size_t index = fake_network_find(fake, "proxy");

        assert_true(index != FAKE_NONE);
        const struct fake_network *network = &fake->networks.items[index];
        assert_string_equal(network->subnet, goal == GOAL_NEW ? plan->new_subnet : NET_SUBNET);
        assert_string_equal(network->labels, "{\"l\":\"v\"}");
        assert_non_null(strstr(network->options, "\"encrypted\":\"\""));
        assert_int_equal(network->attachable, fake->networks.items[0].attachable);
        assert_int_equal(fake_network_find(fake, plan->hop), FAKE_NONE);
}

/* The spec of the scene with NET's ID as it is now; everything else to the byte. */
static void expect_specs(const struct fake *fake, const struct fake *before)
{
        const char *old = before->networks.items[0].id;
        const char *now = fake->networks.items[fake_network_find(fake, "proxy")].id;

        for (size_t i = 0; i < before->services.count; i++) {
                _cleanup_free_ char *expected = text_copy(before->services.items[i].spec);
                char *at = strstr(expected, old);
                if (at)
                        memcpy(at, now, strlen(now));
                assert_string_equal(fake->services.items[i].spec, expected);
        }
}

static void expect_tasks(const struct fake *fake, bool stuck_too)
{
        for (size_t i = 0; i < fake->services.count; i++)
                if (!is_up(fake, i) && (stuck_too || !text_equal(fake->services.items[i].name, "stuck_app")))
                        fail_msg("%s does not run", fake->services.items[i].name);
}

/* Tasks are connected to what their specs say and nothing else; of headroom's own nothing is there. */
static void expect_containers(const struct fake *fake, enum goal goal)
{
        const struct fake_container *debug = fake_container_find(fake, "debug");

        for (size_t i = 0; i < fake->containers.count; i++) {
                const struct fake_container *container = &fake->containers.items[i];
                if (container->gone)
                        continue;
                assert_null(strstr(container->name, "headroom"));
                if (container->task != FAKE_NONE)
                        assert_int_equal(container->connections.count,
                                         fake->tasks.items[container->task].networks.count);
        }
        assert_false(fake->anchor_image);
        assert_int_equal(debug->connections.count, 1);
        assert_int_equal(debug->connections.items[0].network, fake_network_find(fake, "proxy"));
        assert_string_equal(debug->connections.items[0].aliases, "[\"dbg\",\"d2\"]");
        assert_true((debug->connections.items[0].address & 0xff) == 77);
        (void)goal;
}

static void expect_end(const struct fake *fake, const struct fake *before, const struct plan *plan,
                       enum goal goal)
{
        expect_network(fake, plan, goal);
        expect_specs(fake, before);
        expect_tasks(fake, goal == GOAL_NEW);
        expect_containers(fake, goal);
}

/* The scene as it was, for comparison: made beside, without its clock. */
static void make_pair(struct fake *fake, struct fake *before, const char *net, size_t room)
{
        scene_make(before, net, room);
        scene_make(fake, net, room);
}

static void make_and_plan(struct fake *fake, struct fake *before, size_t room, struct plan *ret_plan)
{
        make_pair(fake, before, NET_ATTACHABLE, room);
        make_plan(fake, ret_plan);
}

static void a_move_ends_exactly_new(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};

        (void)state;
        make_pair(&fake, &before, NET_ATTACHABLE, ROOM_TOO_LITTLE);
        assert_false(is_up(&fake, 6)); /* stuck_app */
        make_plan(&fake, &plan);
        assert_true(plan.live_connect);
        assert_int_equal(fake.changes, 0);
        must_run(&fake, &plan, GOAL_NEW, "the move");
        expect_end(&fake, &before, &plan, GOAL_NEW);
        print_message("%zu calls, %zu of them changes\n", fake.calls, fake.changes);
}

static void a_finished_move_is_undone_exactly(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};

        (void)state;
        make_pair(&fake, &before, NET_ATTACHABLE, ROOM_TOO_LITTLE);
        make_plan(&fake, &plan);
        must_run(&fake, &plan, GOAL_NEW, "the move");
        must_run(&fake, &plan, GOAL_OLD, "its undo");
        expect_end(&fake, &before, &plan, GOAL_OLD);
}

static void a_network_that_is_not_attachable_moves_without_live_connections(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};

        (void)state;
        make_pair(&fake, &before, NETWORK("proxy", NET_SUBNET, "false"), ROOM_ENOUGH);
        make_plan(&fake, &plan);
        assert_false(plan.live_connect);
        must_run(&fake, &plan, GOAL_NEW, "the move");
        expect_end(&fake, &before, &plan, GOAL_NEW);
}

static void a_move_that_is_done_has_nothing_to_do(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};

        (void)state;
        make_pair(&fake, &before, NET_ATTACHABLE, ROOM_ENOUGH);
        make_plan(&fake, &plan);
        must_run(&fake, &plan, GOAL_OLD, "undoing nothing");
        assert_int_equal(fake.changes, 0);
        must_run(&fake, &plan, GOAL_NEW, "the move");
        size_t changes = fake.changes;
        must_run(&fake, &plan, GOAL_NEW, "the move again");
        assert_int_equal(fake.changes, changes);
}

/* Kills. */

struct kill {
        bool pauses;      /* a service of NET, which has room, and one that is not on it */
        enum goal first;  /* of the run that is killed */
        enum goal second; /* of the one that takes up what it left */
        bool done_before; /* the network was moved already */
        bool after;       /* the call that it dies in is carried out */
};

static size_t room_of(const struct kill *kill)
{
        return kill->pauses ? ROOM_ENOUGH : ROOM_TOO_LITTLE;
}

/* Killed at a call of its first run; the second must end as if there had been none. */
static void kill_at(const struct kill *kill, size_t call, const struct fake *before, struct plan *plan)
{
        _cleanup_fake_ struct fake fake;
        _cleanup_error_ struct error error = {0};
        char when[96];

        scene_make(&fake, NET_ATTACHABLE, room_of(kill));
        if (kill->done_before)
                must_run(&fake, plan, GOAL_NEW, "the move before");
        snprintf(when, sizeof(when), "killed %s call %zu towards %s", kill->after ? "after" : "before", call,
                 kill->first == GOAL_NEW ? "new" : "old");
        fake.kill_after = kill->after;
        fake.kill_at = call;
        assert_int_equal(run(&fake, plan, kill->first, &error), -1);
        fake.kill_at = 0;
        if (error.kind != ERROR_FAILED)
                fail_msg("%s, it says %s", when, error.sentence);
        must_run(&fake, plan, kill->second, when);
        expect_end(&fake, before, plan, kill->second);
}

/* The calls of a whole run: from which to which, and which of them change something. */
static void record(const struct kill *kill, struct plan *plan, struct fake *ret_fake, size_t *ret_first)
{
        scene_make(ret_fake, NET_ATTACHABLE, room_of(kill));
        if (kill->done_before)
                must_run(ret_fake, plan, GOAL_NEW, "the move before");
        *ret_first = ret_fake->calls + 1;
        must_run(ret_fake, plan, kill->first, "the run that is not killed");
}

static bool is_change(const struct fake *recorded, size_t call)
{
        for (size_t i = 0; i < recorded->change_calls.count; i++)
                if (recorded->change_calls.items[i] == call)
                        return true;
        return false;
}

/* HEADROOM_KILLS: of the calls that change nothing, "all" or "none" of them; a fortieth when it is not set.
 */
static size_t kill_step(void)
{
        const char *wanted = getenv("HEADROOM_KILLS");

        if (text_equal(wanted, "all"))
                return 1;
        return text_equal(wanted, "none") ? SIZE_MAX : 40;
}

static void add_pause(const struct fake *fake, struct plan *plan, const char *name)
{
        for (size_t i = 0; i < fake->services.count; i++) {
                const struct fake_service *service = &fake->services.items[i];
                if (text_equal(service->name, name))
                        *list_add(&plan->pauses) = (struct plan_pause){
                                text_copy(service->id), text_copy(service->name), service->replicas};
        }
}

static void add_pauses(const struct fake *fake, struct plan *plan)
{
        add_pause(fake, plan, "keycloak");
        add_pause(fake, plan, "db");
        assert_int_equal(plan->pauses.count, 2);
}

/* After every call that changes something. Before the next of those only time passes, so some will do. */
static void kill_everywhere(struct kill kill)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake recorded;
        _cleanup_plan_ struct plan plan = {0};
        size_t step = kill_step();
        size_t first;

        scene_make(&before, NET_ATTACHABLE, room_of(&kill));
        make_plan(&before, &plan);
        if (kill.pauses)
                add_pauses(&before, &plan);
        record(&kill, &plan, &recorded, &first);
        for (size_t call = first; call <= recorded.calls; call++) {
                kill.after = is_change(&recorded, call);
                if (kill.after || call % step == 0)
                        kill_at(&kill, call, &before, &plan);
        }
}

static void killed_anywhere_the_same_command_ends_exactly_new(void **state)
{
        (void)state;
        kill_everywhere((struct kill){false, GOAL_NEW, GOAL_NEW, false, false});
}

static void killed_anywhere_an_undo_ends_exactly_old(void **state)
{
        (void)state;
        kill_everywhere((struct kill){false, GOAL_NEW, GOAL_OLD, false, false});
}

static void an_undo_killed_anywhere_is_taken_up_again(void **state)
{
        (void)state;
        kill_everywhere((struct kill){false, GOAL_OLD, GOAL_OLD, true, false});
}

static void an_undo_killed_anywhere_may_be_turned_round(void **state)
{
        (void)state;
        kill_everywhere((struct kill){false, GOAL_OLD, GOAL_NEW, true, false});
}

static void killed_anywhere_what_was_paused_runs_in_the_end(void **state)
{
        (void)state;
        kill_everywhere((struct kill){true, GOAL_NEW, GOAL_NEW, false, false});
}

static void killed_anywhere_what_was_paused_runs_after_an_undo(void **state)
{
        (void)state;
        kill_everywhere((struct kill){true, GOAL_NEW, GOAL_OLD, false, false});
}

/* When plain_app is asked to hop. */
static void count_paused(struct fake *fake, const struct engine_request *request)
{
        static const size_t paused[] = {3, 5}; /* keycloak, db */

        (void)request;
        for (size_t i = 0; i < ELEMENTS(paused); i++)
                for (size_t j = 0; j < fake->tasks.count; j++)
                        if (fake->tasks.items[j].service == paused[i] &&
                            fake_is_live(&fake->tasks.items[j]) && text_equal(request->method, "POST") &&
                            strstr(request->path, "/networks/create"))
                                fail_msg("%s runs while it is to be paused",
                                         fake->services.items[paused[i]].name);
}

static void paused_services_have_no_task_while_a_move_is_on_and_all_of_them_after_it(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        add_pauses(&fake, &plan);
        fake.before = count_paused;
        must_run(&fake, &plan, GOAL_NEW, "the move");
        expect_end(&fake, &before, &plan, GOAL_NEW);
        size_t changes = fake.changes;
        must_run(&fake, &plan, GOAL_NEW, "the move again");
        assert_int_equal(fake.changes, changes);
}

static void a_run_that_fails_gives_back_what_it_has_paused(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_error_ struct error error = {0};

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        add_pauses(&fake, &plan);
        fake.withholds = true; /* the hop never gets its subnet */
        assert_int_equal(run(&fake, &plan, GOAL_NEW, &error), -1);
        fake_sleep(&fake, SETTLE_MS);
        assert_true(is_up(&fake, 3) && fake.services.items[3].replicas == 2);
        assert_true(is_up(&fake, 5) && fake.services.items[5].replicas == 1);
        must_run(&fake, &plan, GOAL_OLD, "the undo");
        expect_end(&fake, &before, &plan, GOAL_OLD);
}

/* What goes wrong on the way. */

static void expect_refusal(struct fake *fake, struct plan *plan, enum goal goal, enum error_kind kind,
                           const char *words)
{
        _cleanup_error_ struct error error = {0};

        if (run(fake, plan, goal, &error) == 0)
                fail_msg("it runs through, and should have said %s", words);
        if (!strstr(error.sentence, words))
                fail_msg("\"%s\" does not say \"%s\"", error.sentence, words);
        assert_int_equal(error.kind, kind);
}

/* Refused before anything is changed. */
static void expect_untouched(struct fake *fake, struct plan *plan, const char *words)
{
        size_t changes = fake->changes;

        expect_refusal(fake, plan, GOAL_NEW, ERROR_REFUSED, words);
        assert_int_equal(fake->changes, changes);
}

#define PLAIN_APP 4 /* its place */

static void change_image(struct fake *fake)
{
        struct fake_service *service = &fake->services.items[PLAIN_APP];

        memcpy(strstr(service->spec, "\"Image\":\"x\""), "\"Image\":\"y\"", strlen("\"Image\":\"y\""));
        service->version++;
        fake->before = NULL;
}

/* The image of plain_app, when lent_app's first hop is asked for. */
static void change_image_once(struct fake *fake, const struct engine_request *request)
{
        if (request->body && strstr(request->path, "/update") && strstr(request->body, "lent_app"))
                change_image(fake);
}

static void a_service_that_somebody_changes_in_between_is_named_with_what_changed(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        fake.before = change_image_once;
        expect_refusal(&fake, &plan, GOAL_NEW, ERROR_CONFLICT,
                       "service plain_app was changed by somebody else since it was planned: "
                       "TaskTemplate.ContainerSpec.Image");
        expect_refusal(&fake, &plan, GOAL_NEW, ERROR_REFUSED, "TaskTemplate.ContainerSpec.Image");
}

/* `plan` is refused while the hop is there. */
static void who_is_in_the_midst_of_a_move_is_not_told_to_plan_again(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_error_ struct error error = {0};

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        fake.before = change_image_once;
        expect_refusal(&fake, &plan, GOAL_NEW, ERROR_CONFLICT, "plain_app");
        assert_int_equal(run(&fake, &plan, GOAL_NEW, &error), -1);
        assert_non_null(strstr(error.sentence, "run the same command with --adopt"));
        assert_null(strcasestr(error.sentence, "plan again"));
}

static void a_change_that_was_adopted_stays(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};
        struct run_options options = {.goal = GOAL_NEW, .adopt = true, .state = state_folder};
        bool changed;

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        fake.before = change_image_once;
        expect_refusal(&fake, &plan, GOAL_NEW, ERROR_CONFLICT, "plain_app");
        assert_int_equal(plan_run(&fake.engine, &plan, &options, &quiet, &changed, NULL), 0);
        expect_network(&fake, &plan, GOAL_NEW);
        assert_non_null(strstr(fake_service_find(&fake, "plain_app")->spec, "\"Image\":\"y\""));
}

/* When plain_app's first hop has been asked for, and none of its tasks runs. */
static void change_image_under_its_update(struct fake *fake, const struct engine_request *request)
{
        if (fake_service_find(fake, "plain_app")->update_state && !is_up(fake, PLAIN_APP) &&
            strstr(request->path, "/tasks?"))
                change_image(fake);
}

struct eager {
        struct fake *fake;
        bool hopped, ran;
};

static void note_hop(void *userdata, size_t number, size_t total, const char *title, bool acted)
{
        struct eager *eager = userdata;

        if (!text_equal(title, "service plain_app to the hop"))
                return;
        eager->hopped = true;
        eager->ran = is_up(eager->fake, PLAIN_APP);
}

static void a_service_adopted_in_the_midst_of_its_update_is_waited_for(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};
        struct run_options options = {.goal = GOAL_NEW, .adopt = true, .state = state_folder};
        struct eager eager = {.fake = &fake};
        struct run_observer observer = quiet;
        bool changed;

        (void)state;
        observer.settled = note_hop;
        observer.userdata = &eager;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        fake.before = change_image_under_its_update;
        expect_refusal(&fake, &plan, GOAL_NEW, ERROR_CONFLICT, "plain_app");
        assert_false(is_up(&fake, PLAIN_APP));
        assert_int_equal(plan_run(&fake.engine, &plan, &options, &observer, &changed, NULL), 0);
        assert_true(eager.hopped);
        assert_true(eager.ran);
}

/* Its own order is stop-first; the move has lent it another. Off the hop it is no longer of the move. */
static void a_service_that_was_taken_off_gets_its_settings_back(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};
        struct run_options options = {.goal = GOAL_NEW, .adopt = true, .busy = true, .state = state_folder};
        _cleanup_error_ struct error error = {0};
        bool changed;

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        fake.kill_at = fake.calls + 350; /* it is on the hop */
        assert_int_equal(run(&fake, &plan, GOAL_NEW, NULL), -1);
        fake.kill_at = 0;
        struct fake_service *lent = fake_service_find(&fake, "lent_app");
        assert_non_null(strstr(lent->spec, "start-first"));
        char *networks = strstr(lent->spec, "\"Networks\":[{\"Target\":");
        assert_non_null(networks);
        char *from = networks + strlen("\"Networks\":[");
        char *to = strstr(from, "}]") + 1;
        memmove(from, to, strlen(to) + 1);
        lent->version++;
        if (plan_run(&fake.engine, &plan, &options, &quiet, &changed, &error) < 0)
                fail_msg("%s (%s)", error.sentence, error.trail ? error.trail : "");
        expect_network(&fake, &plan, GOAL_NEW);
        assert_null(strstr(fake_service_find(&fake, "lent_app")->spec, "start-first"));
}

static void a_move_that_another_plan_holds_is_refused_with_its_holder(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan first = {0};
        _cleanup_plan_ struct plan second = {0};
        _cleanup_error_ struct error error = {0};

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &first);
        make_plan(&fake, &second);
        fake.kill_at = fake.calls + 350; /* services are on the hop, with the first plan's edits */
        assert_int_equal(run(&fake, &first, GOAL_NEW, &error), -1);
        fake.kill_at = 0;
        _cleanup_free_ char *words = text_format("is being moved by plan %s, held by", first.id);
        size_t changes = fake.changes;
        expect_refusal(&fake, &second, GOAL_NEW, ERROR_REFUSED, words);
        expect_refusal(&fake, &second, GOAL_OLD, ERROR_REFUSED, words);
        assert_int_equal(fake.changes, changes);
}

static void expect_no_plan(struct fake *fake, const struct plan_wish *wish, const char *words)
{
        _cleanup_error_ struct error error = {0};
        _cleanup_plan_ struct plan plan = {0};
        size_t changes = fake->changes;

        assert_int_equal(plan_make(&fake->engine, wish, &plan, &error), -1);
        assert_int_equal(error.kind, ERROR_REFUSED);
        if (!strstr(error.sentence, words))
                fail_msg("\"%s\" does not say \"%s\"", error.sentence, words);
        assert_int_equal(fake->changes, changes);
}

/* It may have been an own plan, and nothing has been changed: it is refused, and nobody is blamed. */
static void a_plan_that_another_one_has_overtaken_is_refused(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan first = {0};
        _cleanup_plan_ struct plan second = {0};
        const struct plan_wish wish = {.network = "proxy", .length_bits = 20};

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &first);
        assert_int_equal(plan_make(&fake.engine, &wish, &second, NULL), 0);
        must_run(&fake, &first, GOAL_NEW, "the first move");
        expect_untouched(&fake, &second, "by another plan or by hand");
}

/* Another engine may be asked where no --host is given, and --undo alone is no command. */
static void the_ways_on_of_a_held_move_lead_to_the_engine_that_was_asked(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan first = {0};
        _cleanup_plan_ struct plan second = {0};
        _cleanup_error_ struct error error = {0};
        const struct run_options options = {
                .goal = GOAL_NEW, .state = state_folder, .places = "--host unix:///s "};
        const char *ways = "`headroom apply --host unix:///s --recover proxy`, or undo it with `headroom "
                           "apply --host unix:///s --undo --recover proxy`";
        bool changed;

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &first);
        make_plan(&fake, &second);
        fake.kill_at = fake.calls + 350;
        assert_int_equal(run(&fake, &first, GOAL_NEW, NULL), -1);
        fake.kill_at = 0;
        assert_int_equal(plan_run(&fake.engine, &second, &options, &quiet, &changed, &error), -1);
        assert_non_null(strstr(error.sentence, ways));
        expect_no_plan(
                &fake,
                &(struct plan_wish){.network = "proxy", .length_bits = 20, .places = "--host unix:///s "},
                ways);
}

/* "host1" is not "host10", though it begins like it. */
static void a_move_that_another_host_holds_is_refused_until_it_is_taken_over(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};
        struct run_options options = {.goal = GOAL_NEW, .take_over = true, .state = state_folder};
        bool changed;

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        fake.kill_at = fake.calls + 200;
        assert_int_equal(run(&fake, &plan, GOAL_NEW, NULL), -1);
        fake.kill_at = 0;
        char **labels = &fake.networks.items[fake_network_find(&fake, plan.hop)].labels;
        char *pid = strstr(*labels, " pid ");
        assert_non_null(pid);
        char *other = text_format("%.*s0%s", (int)(pid - *labels), *labels, pid);
        free(*labels);
        *labels = other;
        expect_refusal(&fake, &plan, GOAL_NEW, ERROR_REFUSED, "this move is held by");
        assert_int_equal(plan_run(&fake.engine, &plan, &options, &quiet, &changed, NULL), 0);
        expect_end(&fake, &before, &plan, GOAL_NEW);
}

static void an_unfinished_move_is_recovered_from_the_swarm_alone(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_plan_ struct plan recovered = {0};

        (void)state;
        make_and_plan(&fake, &before, ROOM_TOO_LITTLE, &plan);
        assert_int_equal(plan_recover(&fake.engine, "proxy", &recovered, NULL), -1);
        fake.kill_at = fake.calls + 300;
        assert_int_equal(run(&fake, &plan, GOAL_NEW, NULL), -1);
        fake.kill_at = 0;
        assert_int_equal(plan_recover(&fake.engine, "proxy", &recovered, NULL), 0);
        must_run(&fake, &recovered, GOAL_OLD, "the recovered plan");
        expect_end(&fake, &before, &plan, GOAL_OLD);
}

static void the_plan_in_the_swarm_tells_no_environment(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_buffer_ struct buffer text = {0};

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        plan_format(&plan, false, &text);
        assert_non_null(strstr(text.bytes, "TaskTemplate.ContainerSpec.Env"));
        assert_null(strstr(text.bytes, "hunter2"));
}

static void a_version_that_moves_under_an_update_is_looked_at_anew(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        fake.conflicts = 4;
        must_run(&fake, &plan, GOAL_NEW, "four conflicts");
        assert_int_equal(fake.conflicts, 0);
        expect_end(&fake, &before, &plan, GOAL_NEW);
}

static void versions_that_never_stand_still_end_the_run(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        fake.conflicts = SIZE_MAX;
        expect_refusal(&fake, &plan, GOAL_NEW, ERROR_CONFLICT, "update out of sequence");
}

static size_t creations;

static void count_creations(struct fake *fake, const struct engine_request *request)
{
        (void)fake;
        creations += text_equal(request->path, "/networks/create") && !strstr(request->body, "headroom-hop");
}

/* The engine keeps a removed network's name until the last container is off it. */
static void a_name_that_is_taken_for_a_while_is_asked_for_again(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        creations = 0;
        fake.before = count_creations;
        must_run(&fake, &plan, GOAL_NEW, "a name that stays taken");
        assert_in_range(creations, 2, 5);
        expect_end(&fake, &before, &plan, GOAL_NEW);
}

static void withhold_from_net(struct fake *fake, const struct engine_request *request)
{
        if (text_equal(request->path, "/networks/create"))
                fake->withholds = strstr(request->body, "headroom-hop") == NULL;
}

static void a_network_that_never_gets_its_subnet_is_waited_for_no_longer_and_undone(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        fake.before = withhold_from_net;
        expect_refusal(&fake, &plan, GOAL_NEW, ERROR_TIMEOUT, "the subnet overlaps another pool");
        fake.before = NULL;
        fake.withholds = false;
        must_run(&fake, &plan, GOAL_OLD, "undo from an unallocated network");
        expect_end(&fake, &before, &plan, GOAL_OLD);
}

static void a_hop_that_never_gets_its_subnet_is_undone(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        fake.withholds = true;
        expect_refusal(&fake, &plan, GOAL_NEW, ERROR_TIMEOUT, "its subnet");
        fake.withholds = false;
        must_run(&fake, &plan, GOAL_OLD, "undo from an unallocated hop");
        expect_end(&fake, &before, &plan, GOAL_OLD);
}

static void an_update_that_the_engine_pauses_ends_the_run_and_can_be_undone(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        fake_service_find(&fake, "plain_app")->fails = true;
        expect_refusal(&fake, &plan, GOAL_NEW, ERROR_FAILED, "the engine gave up updating plain_app (paused");
        fake_service_find(&fake, "plain_app")->fails = false;
        must_run(&fake, &plan, GOAL_OLD, "undo from a paused update");
        expect_end(&fake, &before, &plan, GOAL_OLD);
}

/* The engine leaves a paused update where it is, also when what was wrong has been mended. */
static void an_update_that_the_engine_has_paused_is_posted_again_by_the_next_run(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        fake_service_find(&fake, "plain_app")->fails = true;
        expect_refusal(&fake, &plan, GOAL_NEW, ERROR_FAILED, "the engine gave up updating plain_app (paused");
        expect_refusal(&fake, &plan, GOAL_NEW, ERROR_FAILED, "the engine gave up updating plain_app (paused");
        fake_service_find(&fake, "plain_app")->fails = false;
        must_run(&fake, &plan, GOAL_NEW, "after a paused update");
        expect_end(&fake, &before, &plan, GOAL_NEW);
}

static void an_update_that_the_engine_rolls_back_ends_the_run(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        fake.rolls_back = "keycloak";
        expect_refusal(&fake, &plan, GOAL_NEW, ERROR_FAILED, "rollback_completed");
        must_run(&fake, &plan, GOAL_NEW, "once more");
        expect_end(&fake, &before, &plan, GOAL_NEW);
}

static void end_after_the_hop(struct fake *fake, const struct engine_request *request)
{
        if (text_equal(request->method, "POST") && strstr(request->path, "/networks/create"))
                fake->kill_at = fake->calls + 1;
}

static void a_plan_that_is_refused_gives_back_nothing_of_the_move_that_goes_on(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_plan_ struct plan other = {0};

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        add_pauses(&fake, &plan);
        make_plan(&fake, &other);
        add_pauses(&fake, &other);
        fake.before = end_after_the_hop;
        assert_int_equal(run(&fake, &plan, GOAL_NEW, NULL), -1);
        fake.before = NULL;
        fake.kill_at = 0;
        expect_untouched(&fake, &other, "proxy is being moved by plan");
        assert_int_equal(fake_service_find(&fake, "keycloak")->replicas, 0);
        must_run(&fake, &plan, GOAL_NEW, "the move");
        expect_end(&fake, &before, &plan, GOAL_NEW);
}

static void a_network_of_the_hops_name_is_in_the_way(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        fake_network_add(&fake, NETWORK("headroom-hop-proxy", "10.9.0.0/24", "false"));
        expect_untouched(&fake, &plan, "headroom-hop-proxy that no move has made");
}

static void no_plan_leads_to_where_the_network_is_already(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        must_run(&fake, &plan, GOAL_NEW, "the move");
        expect_no_plan(&fake, &(struct plan_wish){.network = "proxy", .length_bits = 16},
                       "proxy is a /16 already");
        expect_no_plan(&fake, &(struct plan_wish){.network = "proxy", .subnet = plan.new_subnet},
                       "has the subnet");
        free(plan.old_subnet);
        plan.old_subnet = text_copy(plan.new_subnet);
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_plan_ struct plan read = {0};
        plan_format(&plan, false, &bytes);
        assert_int_equal(plan_parse(bytes.bytes, bytes.length, "it", &read, NULL), -1);
}

static void an_edge_that_no_service_is_is_refused(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        expect_no_plan(
                &fake,
                &(struct plan_wish){.network = "proxy", .length_bits = 16, .edges = "edge_app,egde_tcp"},
                "no service 'egde_tcp'");
}

#define LONG_NAME "a-network-whose-name-has-sixty-characters-and-not-one-more-xx"

static void the_hop_of_a_long_name_is_short_enough_and_always_the_same(void **state)
{
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_plan_ struct plan again = {0};
        const struct plan_wish wish = {.network = LONG_NAME, .length_bits = 16};

        (void)state;
        scene_make(&fake, NETWORK(LONG_NAME, NET_SUBNET, "true"), ROOM_ENOUGH);
        assert_int_equal(plan_make(&fake.engine, &wish, &plan, NULL), 0);
        assert_int_equal(plan_make(&fake.engine, &wish, &again, NULL), 0);
        assert_int_equal(strlen(plan.hop), 63);
        assert_string_equal(plan.hop, again.hop);
        must_run(&fake, &plan, GOAL_NEW, "the move");
        assert_int_equal(fake_network_find(&fake, plan.hop), FAKE_NONE);
}

static void a_service_that_came_to_the_network_is_refused_or_adopted(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};
        struct run_options options = {.goal = GOAL_NEW, .adopt = true, .state = state_folder};
        bool changed;

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        _cleanup_free_ char *on = text_format("{\"Target\":\"%s\"}", fake.networks.items[0].id);
        add_service(&fake, "newcomer", HEALTH, on, ONE);
        fake_sleep(&fake, SETTLE_MS);
        expect_untouched(&fake, &plan, "service newcomer joined proxy since");
        assert_int_equal(plan_run(&fake.engine, &plan, &options, &quiet, &changed, NULL), 0);
        expect_end(&fake, &before, &plan, GOAL_NEW);
        assert_true(is_up(&fake, 7));
        for_each_planned (planned, &plan)
                if (text_equal(planned->name, "newcomer"))
                        assert_int_equal(planned->edits.items.count, 0); /* only this host knew of them */
}

static void a_container_that_came_to_the_network_is_refused_or_adopted(void **state)
{
        _cleanup_fake_ struct fake before;
        _cleanup_fake_ struct fake fake;
        _cleanup_plan_ struct plan plan = {0};
        struct run_options options = {.goal = GOAL_NEW, .adopt = true, .state = state_folder};
        bool changed;

        (void)state;
        make_and_plan(&fake, &before, ROOM_ENOUGH, &plan);
        struct fake_container *visitor = fake_container_add(&fake, text_copy("visitor"), FAKE_NONE);
        visitor->running = true;
        fake_connect(&fake, visitor, 0, 0x0a00014e, text_copy("10.0.1.78"), text_copy("[\"guest\"]"));
        expect_untouched(&fake, &plan, "container visitor joined proxy since");
        assert_int_equal(plan_run(&fake.engine, &plan, &options, &quiet, &changed, NULL), 0);
        visitor = fake_container_find(&fake, "visitor");
        assert_int_equal(visitor->connections.count, 1);
        assert_int_equal(visitor->connections.items[0].network, fake_network_find(&fake, "proxy"));
        assert_string_equal(visitor->connections.items[0].aliases, "[\"guest\"]");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_move_ends_exactly_new),
                cmocka_unit_test(a_finished_move_is_undone_exactly),
                cmocka_unit_test(a_network_that_is_not_attachable_moves_without_live_connections),
                cmocka_unit_test(a_move_that_is_done_has_nothing_to_do),
                cmocka_unit_test(a_service_that_somebody_changes_in_between_is_named_with_what_changed),
                cmocka_unit_test(who_is_in_the_midst_of_a_move_is_not_told_to_plan_again),
                cmocka_unit_test(a_change_that_was_adopted_stays),
                cmocka_unit_test(a_service_that_was_taken_off_gets_its_settings_back),
                cmocka_unit_test(a_service_adopted_in_the_midst_of_its_update_is_waited_for),
                cmocka_unit_test(a_move_that_another_plan_holds_is_refused_with_its_holder),
                cmocka_unit_test(a_plan_that_another_one_has_overtaken_is_refused),
                cmocka_unit_test(the_ways_on_of_a_held_move_lead_to_the_engine_that_was_asked),
                cmocka_unit_test(a_move_that_another_host_holds_is_refused_until_it_is_taken_over),
                cmocka_unit_test(an_unfinished_move_is_recovered_from_the_swarm_alone),
                cmocka_unit_test(the_plan_in_the_swarm_tells_no_environment),
                cmocka_unit_test(a_version_that_moves_under_an_update_is_looked_at_anew),
                cmocka_unit_test(versions_that_never_stand_still_end_the_run),
                cmocka_unit_test(a_name_that_is_taken_for_a_while_is_asked_for_again),
                cmocka_unit_test(a_network_that_never_gets_its_subnet_is_waited_for_no_longer_and_undone),
                cmocka_unit_test(a_hop_that_never_gets_its_subnet_is_undone),
                cmocka_unit_test(an_update_that_the_engine_pauses_ends_the_run_and_can_be_undone),
                cmocka_unit_test(an_update_that_the_engine_has_paused_is_posted_again_by_the_next_run),
                cmocka_unit_test(an_update_that_the_engine_rolls_back_ends_the_run),
                cmocka_unit_test(no_plan_leads_to_where_the_network_is_already),
                cmocka_unit_test(an_edge_that_no_service_is_is_refused),
                cmocka_unit_test(the_hop_of_a_long_name_is_short_enough_and_always_the_same),
                cmocka_unit_test(a_service_that_came_to_the_network_is_refused_or_adopted),
                cmocka_unit_test(a_container_that_came_to_the_network_is_refused_or_adopted),
                cmocka_unit_test(killed_anywhere_the_same_command_ends_exactly_new),
                cmocka_unit_test(killed_anywhere_an_undo_ends_exactly_old),
                cmocka_unit_test(an_undo_killed_anywhere_is_taken_up_again),
                cmocka_unit_test(an_undo_killed_anywhere_may_be_turned_round),
                cmocka_unit_test(paused_services_have_no_task_while_a_move_is_on_and_all_of_them_after_it),
                cmocka_unit_test(a_run_that_fails_gives_back_what_it_has_paused),
                cmocka_unit_test(a_plan_that_is_refused_gives_back_nothing_of_the_move_that_goes_on),
                cmocka_unit_test(a_network_of_the_hops_name_is_in_the_way),
                cmocka_unit_test(killed_anywhere_what_was_paused_runs_in_the_end),
                cmocka_unit_test(killed_anywhere_what_was_paused_runs_after_an_undo),
        };

        return cmocka_run_group_tests(tests, state_folder_make, state_folder_remove);
}
