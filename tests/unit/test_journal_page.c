/*
 * The journal page of a plan: every fact that a reader needs is in it, beside what shows it, and nothing that
 * an engine says is taken for markup.
 */

#include "fake_swarm.h"
#include "fake_units.h"

#include "base/file.h"
#include "move/document/document.h"
#include "move/patch/patch.h"
#include "settings/settings.h"

#include <ftw.h>
#include <sys/stat.h>

static char folder[] = "/tmp/headroom-journal-XXXXXX";

struct scene {
        struct fake fake;
        struct fake_units units;
        struct plan plan;
        struct settings settings;
        char *path, *log;
};

static void scene_done(struct scene *scene)
{
        plan_done(&scene->plan);
        fake_units_done(&scene->units);
        fake_done(&scene->fake);
        free(scene->path);
        free(scene->log);
}
#define _cleanup_scene_ _cleanup_(scene_done)

static void add_service(struct fake *fake, const char *name, const char *network, const char *more)
{
        fake_service_add(
                fake, text_format("{\"Name\":\"%s\",\"Labels\":{\"com.docker.stack.namespace\":\"st|ack\"},"
                                  "\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\",\"Env\":[\"P="
                                  "hunter2\"]},\"Placement\":{},\"Networks\":[{\"Target\":\"%s\",\"Aliases\":"
                                  "[\"web\"]}]},\"Mode\":{\"Replicated\":{\"Replicas\":1}}%s}",
                                  name, network, more));
}

#define NETWORK(name, subnet)                                                                                \
        "{\"Name\":\"" name "\",\"Driver\":\"overlay\",\"Attachable\":true,\"IPAM\":{\"Config\":[{"          \
        "\"Subnet\":\"" subnet "\"}]},\"Options\":{},\"Labels\":{}}"

static void scene_start(struct scene *scene)
{
        const struct plan_wish wish = {.network = "proxy", .length_bits = 16};
        _cleanup_error_ struct error error = {0};

        *scene = (struct scene){.path = text_format("%s/plan", folder),
                                .log = text_format("%s/dockerd.log", folder)};
        assert_int_equal(file_write(scene->log, "", 0, 0600, NULL),
                         0); /* this machine's own journal is not read */
        fake_init(&scene->fake);
        fake_units_init(&scene->units);
        free(scene->fake.engine.description);
        scene->fake.engine.description = text_copy("unix:///fake");
        fake_network_add(&scene->fake, NETWORK("proxy", "10.0.1.0/24"));
        fake_network_add(&scene->fake, NETWORK("inner", "10.0.2.0/24"));
        scene->fake.networks.items[0].room =
                5; /* three tasks of four; an endpoint and the VIPs are not counted */
        add_service(&scene->fake, "traefik_app", scene->fake.networks.items[0].id,
                    ",\"EndpointSpec\":{\"Ports\":[{\"PublishedPort\":80,\"TargetPort\":8080,\"PublishMode\":"
                    "\"host\"}]}");
        add_service(&scene->fake, "drone_app", scene->fake.networks.items[0].id, "");
        add_service(&scene->fake, "db", scene->fake.networks.items[1].id, "");
        fake_sleep(&scene->fake, 10000);
        if (plan_make(&scene->fake.engine, &wish, &scene->plan, &error) < 0)
                fail_msg("%s", error.sentence);
}

static char *page_of(struct scene *scene)
{
        const struct document_wish wish = {
                .log = scene->log, .units = &scene->units.units, .settings = &scene->settings};
        _cleanup_free_ char *path = text_format("%s.journal.md", scene->path);
        _cleanup_error_ struct error error = {0};
        struct buffer page = {0};

        if (document_write(&scene->fake.engine, &scene->plan, scene->path, &wish, &error) < 0 ||
            file_read(path, 1 << 22, &page, &error) < 0)
                fail_msg("%s", error.sentence);
        return buffer_steal(&page);
}

static void expect_in(const char *page, const char *said)
{
        if (!strstr(page, said))
                fail_msg("\"%s\" is not in:\n%s", said, page);
}

static void expect_not_in(const char *page, const char *said)
{
        if (strstr(page, said))
                fail_msg("\"%s\" is in:\n%s", said, page);
}

static void services_networks_and_pools_stand_beside_their_paths(void **state)
{
        _cleanup_scene_ struct scene scene;

        scene_start(&scene);
        _cleanup_free_ char *page = page_of(&scene);
        expect_in(page, "# Journal: proxy from 10.0.1.0/24 to 10.10.0.0/16\n");
        expect_in(page, "| `proxy` | `10.0.1.0/24` | `10.0.1.1` | overlay, attachable | `GET /networks` |");
        expect_in(page, "| `inner` | `10.0.2.0/24` |");
        expect_in(page, "| `10.0.0.0/8` | `/24` |");
        expect_in(page, "| it can hand out | 253 |");
        expect_in(page, "| `traefik_app` | `st\\|ack` | 1/1 |");
        expect_in(page, "| `web` | `80:8080/tcp on the host` | edge | `GET /services, GET /tasks` |");
        const char *off = strstr(page, "### Services not on proxy");
        assert_non_null(off);
        expect_in(off, "| `db` | `st\\|ack` | 1/1 | `GET /services, GET /tasks` |");
        expect_not_in(off, "| `drone_app` |  |");
        expect_in(page, "1 stack runs completely: st\\|ack.");
        expect_in(page, "| engine | 20.10.24 | `GET /info: ServerVersion` |");
        expect_in(page, "| `host1` | manager, the leader | ready | active |");
}

static void the_choice_tells_its_reason_and_how_many_times_as_many(void **state)
{
        _cleanup_scene_ struct scene scene;

        scene_start(&scene);
        _cleanup_free_ char *page = page_of(&scene);
        expect_in(page, "65,534 addresses instead of 254, 258 times as many.");
        expect_in(page, "can use 65,533 instead of 253.");
        expect_in(page, "| `10.0.0.0/16` | overlaps overlay ");
        expect_in(page, "inside the default pool 10.0.0.0/8");
        expect_in(page, "Meanwhile the network headroom-hop-proxy has ");
}

static void what_waits_and_what_the_log_says_is_the_cause(void **state)
{
        _cleanup_scene_ struct scene scene;
        _cleanup_buffer_ struct buffer log = {0};

        scene_start(&scene);
        scene.fake.networks.items[0].room = 0;
        add_service(&scene.fake, "late_app", scene.fake.networks.items[0].id, "");
        fake_sleep(&scene.fake, 10000);
        for (int i = 0; i < 13; i++)
                buffer_format(
                        &log,
                        "time=\"2026-01-01T00:00:%02dZ\" level=error msg=\"could not find an available IP "
                        "while allocating VIP\" service.id=%s\n",
                        i, scene.fake.services.items[1].id);
        assert_int_equal(file_write(scene.log, log.bytes, log.length, 0600, NULL), 0);
        _cleanup_free_ char *page = page_of(&scene);
        expect_in(page, "| `late_app.1` | new | 2026-01-01T");
        expect_in(page, "| `could not find an available IP while allocating VIP` |");
        expect_in(page, "| 13 | 2026-01-01T00:00:00Z | 2026-01-01T00:00:12Z |");
}

static void a_log_that_can_not_be_read_is_told_and_no_error(void **state)
{
        _cleanup_scene_ struct scene scene;

        scene_start(&scene);
        unlink(scene.log);
        _cleanup_free_ char *page = page_of(&scene);
        expect_in(page, "Not read: cannot open ");
}

static void roads_tell_their_units_and_what_these_need(void **state)
{
        _cleanup_scene_ struct scene scene;

        _cleanup_free_ char *script = text_format("%s/swarm-init", folder);
        static const char creates[] = "#!/bin/sh\ndocker network create --driver overlay proxy\n";

        scene_start(&scene);
        assert_int_equal(file_write(script, creates, sizeof(creates) - 1, 0700, NULL), 0);
        struct fake_unit *deploy = fake_unit_add(&scene.units, "deploy-proxy.service");
        deploy->requires[0] = "swarm-init.service";
        deploy->requires[1] = "docker.service";
        deploy->requires[2] = "sysinit.target";
        deploy->commands[0] = "/bin/deploy --token hunter2";
        fake_unit_add(&scene.units, "swarm-init.service")->commands[0] = script;
        *list_add(&scene.plan.roads) = (struct plan_road){ROAD_REBUILD, text_copy("nixos-rebuild switch")};
        *list_add(&scene.plan.roads) = (struct plan_road){ROAD_UNIT, text_copy("deploy-proxy")};
        *list_add(&scene.plan.roads) = (struct plan_road){ROAD_UNIT, text_copy("gone.service")};
        _cleanup_free_ char *page = page_of(&scene);
        expect_in(page, "| 1 | rebuild | `nixos-rebuild switch` |");
        expect_in(page, "| 2 | restart of the unit | `deploy-proxy` |");
        expect_in(page, "| `deploy-proxy.service` | oneshot, remains after exit | active (exited) |");
        expect_in(page, "restarted after the move | `systemctl cat deploy-proxy.service` |");
        expect_in(page, "| `swarm-init.service` | oneshot, remains after exit |");
        expect_in(page, "| creates the network; needed by those that are restarted | `systemctl cat "
                        "swarm-init.service` |");
        expect_in(page, "| `swarm-init.service, docker.service` | restarted after the move |");
        expect_in(page, "| `gone.service` |  | not-found |");
        expect_not_in(page, "| `docker.service` |");
        expect_not_in(page, "| `sysinit.target` |");
        expect_in(page, "is not run again by a rebuild");
}

static void nothing_secret_is_in_it(void **state)
{
        _cleanup_scene_ struct scene scene;

        scene_start(&scene);
        fake_unit_add(&scene.units, "deploy.service")->commands[0] = "/bin/deploy --token hunter2";
        *list_add(&scene.plan.roads) = (struct plan_road){ROAD_UNIT, text_copy("deploy.service")};
        _cleanup_free_ char *page = page_of(&scene);
        expect_not_in(page, "hunter2");
        expect_in(page, "`deploy.service`");
}

static void the_patch_is_its_diff(void **state)
{
        static const char script[] =
                "#!/bin/sh\n# ```\ndocker network create --driver overlay --attachable proxy\n";
        _cleanup_scene_ struct scene scene;
        _cleanup_free_ char *file = text_format("%s/swarm-init.sh", folder);
        _cleanup_error_ struct error error = {0};

        scene_start(&scene);
        const struct patch_wish wish = {
                .network = "proxy", .old_subnet = scene.plan.old_subnet, .new_subnet = scene.plan.new_subnet};
        assert_int_equal(file_write(file, script, strlen(script), 0600, NULL), 0);
        if (patch_make(file, &wish, list_add(&scene.plan.patches), &error) < 0)
                fail_msg("%s", error.sentence);
        _cleanup_free_ char *page = page_of(&scene);
        expect_in(page, "swarm-init.sh` | 3 | `docker network create --driver overlay --attachable proxy` |");
        expect_in(page, "\n````diff\n");
        expect_in(page, "\n-docker network create --driver overlay --attachable proxy\n");
        expect_in(page, "--subnet");
        unlink(file); /* then what was planned is still told */
        _cleanup_free_ char *without = page_of(&scene);
        expect_in(without, "at byte ");
        expect_in(without, "--subnet");
}

static void pages_and_their_baseline_are_listed(void **state)
{
        _cleanup_scene_ struct scene scene;

        scene_start(&scene);
        *list_add(&scene.plan.pages) = (struct plan_page){.url = text_copy("http://drone.example.org/"),
                                                          .origin = text_copy("Host() of drone_app"),
                                                          .status = 200,
                                                          .length = 1234,
                                                          .title = text_copy("Dro|ne <b>")};
        *list_add(&scene.plan.pages) = (struct plan_page){.url = text_copy("http://down.example.org/"),
                                                          .origin = text_copy("checks, line 4"),
                                                          .failure = text_copy("connection refused")};
        _cleanup_free_ char *page = page_of(&scene);
        expect_in(page,
                  "| `http://drone.example.org/` | 200 | 1234 | Dro\\|ne \\<b\\> | Host() of drone_app |");
        expect_in(page, "| `http://down.example.org/` |  |  | connection refused | checks, line 4 |");
}

static void a_network_that_is_gone_and_a_silent_systemd_are_no_error(void **state)
{
        _cleanup_scene_ struct scene scene;

        scene_start(&scene);
        *list_add(&scene.plan.roads) = (struct plan_road){ROAD_UNIT, text_copy("deploy.service")};
        scene.units.silent = true;
        snprintf(scene.plan.network_id, strlen(scene.plan.network_id) + 1, "gone");
        _cleanup_free_ char *page = page_of(&scene);
        expect_in(page, "systemd did not answer");
        expect_in(page, "## Subnets in use");
}

static void a_page_that_can_not_be_written_is_an_error_and_leaves_nothing(void **state)
{
        const struct document_wish wish = {0};
        _cleanup_scene_ struct scene scene;
        _cleanup_free_ char *path = text_format("%s/nowhere/plan", folder);
        _cleanup_error_ struct error error = {0};

        scene_start(&scene);
        assert_int_equal(document_write(&scene.fake.engine, &scene.plan, path, &wish, &error), -1);
        assert_non_null(strstr(error.sentence, "nowhere/plan.journal.md"));
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
        return walk->level ? remove(path) : 0;
}

static int start(void **state)
{
        return mkdtemp(folder) ? 0 : -1;
}

static int clear(void **state)
{
        return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int end(void **state)
{
        return rmdir(folder);
}

int main(void)
{
#define in_folder(test) cmocka_unit_test_teardown(test, clear)
        const struct CMUnitTest tests[] = {
                in_folder(services_networks_and_pools_stand_beside_their_paths),
                in_folder(the_choice_tells_its_reason_and_how_many_times_as_many),
                in_folder(what_waits_and_what_the_log_says_is_the_cause),
                in_folder(a_log_that_can_not_be_read_is_told_and_no_error),
                in_folder(roads_tell_their_units_and_what_these_need),
                in_folder(nothing_secret_is_in_it),
                in_folder(the_patch_is_its_diff),
                in_folder(pages_and_their_baseline_are_listed),
                in_folder(a_network_that_is_gone_and_a_silent_systemd_are_no_error),
                in_folder(a_page_that_can_not_be_written_is_an_error_and_leaves_nothing),
        };

        return cmocka_run_group_tests(tests, start, end);
}
