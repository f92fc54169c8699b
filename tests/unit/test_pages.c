/* Which pages a plan looks at, what an answer says of one, and that a bad moment is not taken for a fault. */

#include "scripted_peer.h"

#include "base/clock.h"
#include "host/host.h"
#include "move/page/plan_pages.h"
#include "settings/settings.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define STEPS(...) ((const struct script_step[]){__VA_ARGS__, {STEP_END, NULL, 0}})
#define SEND(text)                                                                                           \
        {                                                                                                    \
                STEP_SEND, text, 0                                                                           \
        }
#define CLOSE                                                                                                \
        {                                                                                                    \
                STEP_CLOSE, NULL, 0                                                                          \
        }
#define HTML(status) "HTTP/1.1 " status "\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"

/* --- the judge --- */

#define OK_200     .status = 200, .length = 5000, .title = (char *)"Drone"
#define BAD_502    .status = 502, .length = 100
#define NONE_404   .status = 404, .length = 19
#define NO_ANSWER  .failure = (char *)"no connection is accepted"
#define DERIVED    .url = (char *)"http://drone/", .at = (char *)"127.0.0.1:80"
#define WANTED     .url = (char *)"https://ci.example.org/", .wanted = true
#define PORT       .url = (char *)"http://127.0.0.1:80/", .at = (char *)"127.0.0.1:80"
#define SILENT     .url = (char *)"tcp://127.0.0.1:22", .at = (char *)"127.0.0.1:22"
#define BEFORE     .phase = CHECK_BEFORE
#define DURING     .phase = CHECK_DURING
#define AFTER      .phase = CHECK_AFTER
#define STUCK      .stuck = true
#define INCOMPLETE .incomplete = true

static const struct judgement {
        struct plan_page page;
        struct page_circumstances circumstances;
        struct page_answer answer;
        enum check_result result;
        const char *words; /* of what is found */
} judgements[] = {
        /* As in the baseline. */
        {{DERIVED, OK_200}, {BEFORE}, {OK_200}, CHECK_PASS, "200, \"Drone\", 5000 bytes"},
        {{DERIVED, OK_200}, {AFTER}, {OK_200}, CHECK_PASS, "200"},
        {{DERIVED, NONE_404}, {AFTER}, {NONE_404}, CHECK_PASS, "404"},
        {{DERIVED, .status = 301}, {AFTER}, {.status = 301}, CHECK_PASS, "301"},
        {{DERIVED, .status = 401}, {AFTER}, {.status = 401}, CHECK_PASS, "401"},
        {{DERIVED, OK_200}, {AFTER}, {BAD_502}, CHECK_FAIL, "502, 100 bytes; when this was planned: 200"},
        {{DERIVED, OK_200}, {AFTER}, {NONE_404}, CHECK_FAIL, "404"},
        {{DERIVED, NONE_404}, {AFTER}, {OK_200}, CHECK_FAIL, "when this was planned: 404"},
        {{DERIVED, OK_200}, {AFTER}, {NO_ANSWER}, CHECK_FAIL, "no connection is accepted; when"},
        {{DERIVED, OK_200}, {BEFORE}, {NO_ANSWER}, CHECK_FAIL, "no connection is accepted; when"},
        {{DERIVED, OK_200}, {AFTER}, {.status = 200, .title = (char *)"Gitea"}, CHECK_FAIL, "\"Gitea\""},
        {{DERIVED, OK_200}, {AFTER}, {.status = 200}, CHECK_FAIL, "\"Drone\""},
        {{DERIVED, .status = 200}, {AFTER}, {.status = 200, .title = (char *)"A"}, CHECK_PASS, "\"A\""},
        /* A length is told. */
        {{DERIVED, .status = 200, .length = 5000},
         {AFTER},
         {.status = 200, .length = 9000},
         CHECK_PASS,
         "9000 bytes"},
        {{DERIVED, .status = 200, .length = 50000},
         {AFTER},
         {.status = 200, .length = 0},
         CHECK_PASS,
         "200, 0 bytes, where 50000 were when this was planned: look at it"},
        /* What the operator wants. */
        {{WANTED, OK_200}, {AFTER}, {.status = 204}, CHECK_PASS, "204"},
        {{WANTED, OK_200}, {AFTER}, {.status = 302}, CHECK_PASS, "302"},
        {{WANTED, OK_200}, {AFTER}, {.status = 401}, CHECK_FAIL, "401"},
        {{WANTED, OK_200}, {BEFORE}, {BAD_502}, CHECK_FAIL, "502"},
        {{WANTED, .status = 503, .wanted_status = 503}, {AFTER}, {.status = 503}, CHECK_PASS, "503"},
        {{WANTED, .status = 503, .wanted_status = 503}, {AFTER}, {.status = 200}, CHECK_FAIL, "200"},
        {{WANTED, OK_200, .wanted_title = (char *)"Drone"}, {AFTER}, {OK_200}, CHECK_PASS, "Drone"},
        {{WANTED, OK_200, .wanted_title = (char *)" Drone\n"}, {AFTER}, {OK_200}, CHECK_PASS, "Drone"},
        {{WANTED, OK_200, .wanted_title = (char *)"Drone"}, {AFTER}, {.status = 200}, CHECK_FAIL, "200"},
        {{WANTED, OK_200, .wanted_title = (char *)"Drone"},
         {AFTER},
         {.status = 200, .title = (char *)"Drone CI"},
         CHECK_FAIL,
         "Drone CI"},
        /* What failed already would prove nothing. */
        {{WANTED, BAD_502},
         {BEFORE},
         {BAD_502},
         CHECK_FAIL,
         "was failing already when this was planned (502, 100 bytes): after the move it would prove nothing; "
         "mend it, or take it out of `checks`, and plan again"},
        {{WANTED, NO_ANSWER}, {BEFORE}, {NO_ANSWER}, CHECK_FAIL, "was failing already"},
        {{WANTED, BAD_502}, {BEFORE}, {OK_200}, CHECK_PASS, "200"},
        {{WANTED, OK_200, .wanted_title = (char *)"X"},
         {BEFORE},
         {OK_200},
         CHECK_FAIL,
         "was failing already"},
        {{DERIVED, BAD_502}, {BEFORE}, {BAD_502}, CHECK_FAIL, "or name it in `checks`"},
        {{DERIVED, BAD_502}, {BEFORE}, {OK_200}, CHECK_FAIL, "was failing already"},
        {{DERIVED, BAD_502}, {AFTER}, {BAD_502}, CHECK_FAIL, "it failed already"},
        {{DERIVED, BAD_502}, {AFTER}, {OK_200}, CHECK_PASS, "200"},
        {{DERIVED, NO_ANSWER}, {AFTER}, {NO_ANSWER}, CHECK_FAIL, "it failed already"},
        /* A service that waits for an address is expected to fail, and has to answer afterwards. */
        {{DERIVED, BAD_502}, {BEFORE, STUCK}, {BAD_502}, CHECK_UNKNOWN, "waits for an address"},
        {{DERIVED, NONE_404}, {BEFORE, STUCK}, {NONE_404}, CHECK_UNKNOWN, "waits for an address"},
        {{WANTED, BAD_502}, {BEFORE, STUCK}, {BAD_502}, CHECK_UNKNOWN, "waits for an address"},
        {{DERIVED, BAD_502}, {AFTER, STUCK}, {BAD_502}, CHECK_FAIL, "has to answer now"},
        {{DERIVED, BAD_502}, {AFTER, STUCK}, {NO_ANSWER}, CHECK_FAIL, "has to answer now"},
        {{WANTED, BAD_502}, {AFTER, STUCK}, {NONE_404}, CHECK_FAIL, "has to answer now"},
        {{DERIVED, BAD_502}, {AFTER, STUCK}, {NONE_404}, CHECK_UNKNOWN, "can't be told"},
        {{DERIVED, NONE_404}, {AFTER, STUCK}, {OK_200}, CHECK_PASS, "200"},
        {{DERIVED, BAD_502}, {AFTER, STUCK}, {OK_200}, CHECK_PASS, "200"},
        {{DERIVED, OK_200}, {BEFORE, STUCK}, {BAD_502}, CHECK_FAIL, "when this was planned: 200"},
        {{DERIVED, OK_200}, {AFTER, STUCK}, {.status = 403}, CHECK_FAIL, "when this was planned: 200"},
        /* One that was down for a reason of its own proves nothing either way. */
        {{DERIVED, BAD_502}, {BEFORE, INCOMPLETE}, {BAD_502}, CHECK_UNKNOWN, "did not run completely"},
        {{DERIVED, NONE_404}, {AFTER, INCOMPLETE}, {NONE_404}, CHECK_UNKNOWN, "did not run completely"},
        {{DERIVED, BAD_502}, {AFTER, INCOMPLETE}, {OK_200}, CHECK_PASS, "200"},
        {{DERIVED, OK_200}, {AFTER, INCOMPLETE}, {BAD_502}, CHECK_FAIL, "when this was planned: 200"},
        {{WANTED, BAD_502}, {BEFORE, INCOMPLETE}, {BAD_502}, CHECK_FAIL, "was failing already"},
        /* Nothing is a fault while a move is under way. */
        {{DERIVED, OK_200}, {DURING}, {NO_ANSWER}, CHECK_UNKNOWN, "a move is under way"},
        {{WANTED, OK_200}, {DURING}, {BAD_502}, CHECK_UNKNOWN, "a move is under way"},
        {{DERIVED, OK_200}, {DURING}, {OK_200}, CHECK_PASS, "200"},
        /* A port that is asked for no name may say that nothing is there; one that is silent only accepts. */
        {{PORT, .status = 503}, {BEFORE}, {.status = 503, .connected = true}, CHECK_PASS, "503"},
        {{PORT, .status = 503}, {AFTER}, {.status = 404, .connected = true}, CHECK_FAIL, "404"},
        {{PORT, .status = 404}, {AFTER}, {NO_ANSWER}, CHECK_FAIL, "no connection"},
        {{PORT, NO_ANSWER}, {AFTER, STUCK}, {.connected = true, .failure = (char *)"closed"}, CHECK_PASS, ""},
        {{PORT, NO_ANSWER}, {AFTER, STUCK}, {NO_ANSWER}, CHECK_FAIL, "has to answer now"},
        {{SILENT}, {BEFORE}, {.connected = true}, CHECK_PASS, "accepts connections"},
        {{SILENT}, {AFTER}, {NO_ANSWER}, CHECK_FAIL, "when this was planned: accepts connections"},
};

static void test_an_answer_is_judged_by_what_the_page_is_for(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS(judgements); i++) {
                const struct judgement *j = &judgements[i];
                _cleanup_free_ char *found = NULL;
                enum check_result result = page_judge(&j->page, &j->circumstances, &j->answer, &found);
                if (result != j->result || !strstr(found, j->words))
                        fail_msg("judgement %zu: %s, \"%s\"", i, check_result_name(result), found);
        }
}

/* --- a swarm of a few services, and an engine that lists their labels --- */

struct scene {
        struct engine engine; /* first */
        const char *services; /* the answer of GET /services; NULL: 500 */
        int calls;
        struct swarm swarm;
        struct plan plan;
        struct settings settings;
        char *host;
};

static void scene_perform(struct engine *engine, struct engine_request *requests, size_t count)
{
        struct scene *scene = (struct scene *)engine;

        scene->calls += (int)count;
        requests[0].status = scene->services ? 200 : 500;
        if (!scene->services)
                error_set(&requests[0].error, ERROR_ENGINE, "no");
        else if (requests[0].sink(requests[0].userdata, scene->services, strlen(scene->services),
                                  &requests[0].error) < 0)
                assert_int_not_equal(requests[0].error.kind, ERROR_NONE);
}

static const struct engine_operations scene_operations = {.perform = scene_perform};

static void scene_init(struct scene *scene)
{
        *scene = (struct scene){.engine = {.operations = &scene_operations,
                                           .description = (char *)"unix:///run/docker.sock",
                                           .api_version_minor = 41},
                                .services = "[]",
                                .host = host_name()};
        swarm_init(&scene->swarm);
        scene->swarm.local_node_id = "n1";
        scene->swarm.local_node_name = scene->host;
        scene->settings.path = (char *)"/etc/headroom/headroom.yaml";
}

static void scene_done(struct scene *scene)
{
        swarm_done(&scene->swarm);
        plan_done(&scene->plan);
        free(scene->settings.checks.items);
        free(scene->host);
}
#define _cleanup_scene_ _cleanup_(scene_done)

/* A service with a running task here, and its part of the plan; NULL when it is not on NET. */
static struct plan_service *add_service(struct scene *scene, const char *id, bool on_net)
{
        struct service *service = list_add(&scene->swarm.services);
        struct task *task = list_add(&scene->swarm.tasks);

        service->id = service->name = id;
        service->replicas = 1;
        *task = (struct task){
                .service_id = id, .node_id = "n1", .state = TASK_RUNNING, .desired = TASK_RUNNING};
        if (!on_net)
                return NULL;
        struct plan_service *planned = list_add(&scene->plan.services);
        planned->id = text_copy(id);
        planned->name = text_copy(id);
        planned->complete = true;
        return planned;
}

static uint32_t port_of(const struct peer *peer)
{
        return (uint32_t)strtoul(strrchr(peer->host, ':') + 1, NULL, 10);
}

static struct plan_service *add_edge(struct scene *scene, const char *id, uint32_t published)
{
        struct plan_service *planned = add_service(scene, id, true);
        struct service *service = &scene->swarm.services.items[scene->swarm.services.count - 1];

        planned->edge = true;
        *list_add(&service->ports) =
                (struct port){.published = published, .target = 80, .protocol = "tcp", .host_mode = true};
        return planned;
}

static void gather(struct scene *scene)
{
        pages_gather(&scene->engine, &scene->swarm, &scene->settings, &scene->plan);
}

static void add_check(struct scene *scene, const char *url, unsigned line)
{
        *list_add(&scene->settings.checks) = (struct setting_check){.url = (char *)url, .line = line};
}

static bool is_noted(const struct plan *plan, const char *words)
{
        for (size_t i = 0; i < plan->notes.count; i++)
                if (strstr(plan->notes.items[i], words))
                        return true;
        return false;
}

static const struct plan_page *page_at(const struct scene *scene, const char *url)
{
        for (size_t i = 0; i < scene->plan.pages.count; i++)
                if (text_equal(scene->plan.pages.items[i].url, url))
                        return &scene->plan.pages.items[i];
        fail_msg("no page %s", url);
        return NULL;
}

#define LABELLED(id, rule)                                                                                   \
        "{\"ID\":\"" id "\",\"Spec\":{\"Labels\":{\"traefik.http.routers.r.rule\":\"" rule "\"}}}"

static void test_pages_come_from_the_operator_the_edge_and_the_labels(void **state)
{
        (void)state;
        _cleanup_scene_ struct scene scene;
        _cleanup_peer_ struct peer peer = {.steps = STEPS(SEND(HTML("200 OK")), CLOSE)};

        peer_start(&peer, true);
        scene_init(&scene);
        add_edge(&scene, "edge", port_of(&peer));
        add_service(&scene, "drone", true);
        add_service(&scene, "gitea", false);
        add_check(&scene, "https://ci.example.org/health", 4);
        scene.services = "[" LABELLED(
                "drone",
                "Host(`CI.example.org`) || Host(`drone`)") ","
                                                           "{\"ID\":\"gitea\",\"Spec\":{\"Labels\":{},"
                                                           "\"TaskTemplate\":{\"ContainerSpec\":{\"Labels\":{"
                                                           "\"traefik.frontend.rule\":\"Host:git.example.org;"
                                                           "PathPrefix:/x\"}}}}},"
                                                           "{\"ID\":\"unknown\",\"Spec\":{\"Labels\":{"
                                                           "\"traefik.frontend.rule\":\"Host:no\"}}}]";
        gather(&scene);
        assert_int_equal(scene.plan.pages.count, 5);
        const struct plan_page *check = page_at(&scene, "https://ci.example.org/health");
        assert_true(check->wanted);
        assert_null(check->at);
        assert_string_equal(check->origin, "checks, line 4 of /etc/headroom/headroom.yaml");
        assert_string_equal(check->service, "drone");
        _cleanup_free_ char *port = text_format("http://%s/", peer.host + strlen("tcp://"));
        assert_string_equal(page_at(&scene, port)->service, "edge");
        assert_true(page_is_port(page_at(&scene, port)));
        const struct plan_page *site = page_at(&scene, "http://ci.example.org/");
        assert_string_equal(site->at, peer.host + strlen("tcp://"));
        assert_string_equal(site->origin, "Host() of drone");
        assert_false(site->wanted || page_is_port(site));
        page_at(&scene, "http://drone/");
        assert_string_equal(page_at(&scene, "http://git.example.org/x")->service, "gitea");
}

static void test_a_page_is_looked_at_once_and_the_operators_word_comes_first(void **state)
{
        (void)state;
        _cleanup_scene_ struct scene scene;
        _cleanup_peer_ struct peer peer = {.steps = STEPS(SEND(HTML("200 OK")), CLOSE)};

        peer_start(&peer, true);
        scene_init(&scene);
        add_edge(&scene, "edge", port_of(&peer));
        add_service(&scene, "a", true);
        add_check(&scene, "http://drone", 1);
        add_check(&scene, "http://drone/", 2);
        scene.services = "[" LABELLED("a", "Host(`drone`) || Host(`Drone`)") "," LABELLED(
                "edge", "Host(`b`)") "," LABELLED("edge", "Host(`b`)") "]";
        gather(&scene);
        assert_int_equal(scene.plan.pages.count, 3);
        assert_true(page_at(&scene, "http://drone")->wanted);
        page_at(&scene, "http://b/");
}

static void test_a_page_with_a_password_is_not_taken_into_a_plan(void **state)
{
        (void)state;
        _cleanup_scene_ struct scene scene;

        scene_init(&scene);
        add_check(&scene, "https://user:hunter2@ci.example.org/", 7);
        add_check(&scene, "https://ci.example.org/@a", 8);
        gather(&scene);
        assert_int_equal(scene.plan.pages.count, 1);
        assert_true(is_noted(&scene.plan, "line 7"));
        assert_false(is_noted(&scene.plan, "hunter2"));
}

static void test_another_machines_edge_is_not_asked_here(void **state)
{
        (void)state;
        _cleanup_peer_ struct peer peer = {.steps = STEPS(SEND(HTML("200 OK")), CLOSE)};

        peer_start(&peer, true);
        for (int i = 0; i < 2; i++) {
                _cleanup_scene_ struct scene scene;
                scene_init(&scene);
                if (i == 0)
                        scene.swarm.local_node_name = "some-other-host";
                else
                        scene.engine.description = (char *)"tcp://192.0.2.1:2376";
                add_edge(&scene, "edge", port_of(&peer));
                scene.services = "[" LABELLED("edge", "Host(`drone`)") "]";
                gather(&scene);
                assert_int_equal(scene.plan.pages.count, 0);
                assert_int_equal(scene.calls, 0);
                assert_true(is_noted(&scene.plan, "not the engine's own host"));
        }
        assert_int_equal(peer.connections, 0);
}

static void test_a_port_where_nobody_listens_is_told_and_no_page(void **state)
{
        (void)state;
        _cleanup_scene_ struct scene scene;

        scene_init(&scene);
        add_edge(&scene, "edge", 1);
        scene.services = "[" LABELLED("edge", "Host(`drone`)") "]";
        gather(&scene);
        assert_int_equal(scene.plan.pages.count, 0);
        assert_true(is_noted(&scene.plan, "port 1 of edge accepts no connection"));
}

static void test_an_edge_that_is_down_is_looked_at_where_it_will_be(void **state)
{
        (void)state;
        _cleanup_scene_ struct scene scene;

        scene_init(&scene);
        add_edge(&scene, "edge", 1)->complete = false;
        scene.services = "[" LABELLED("edge", "Host(`drone`)") "]";
        gather(&scene);
        assert_string_equal(page_at(&scene, "http://drone/")->at, "127.0.0.1:1");
}

static void test_a_port_of_a_host_is_asked_where_its_task_runs(void **state)
{
        (void)state;
        _cleanup_scene_ struct scene scene;

        scene_init(&scene);
        add_edge(&scene, "edge", 1);
        scene.swarm.tasks.items[0].node_id = "n2";
        gather(&scene);
        assert_int_equal(scene.plan.pages.count, 0);
        assert_true(is_noted(&scene.plan, "the ports of edge are other nodes'"));
}

static void test_labels_that_cannot_be_read_leave_the_rest_of_the_pages(void **state)
{
        static const char odd[] = "[{\"ID\":7},{\"Spec\":[]},{\"ID\":\"edge\",\"Spec\":{\"Labels\":"
                                  "{\"traefik.http.routers.r.rule\":7}}}]";
        const char *const answers[] = {NULL, "nonsense", "[{\"ID\":", "[1,null,\"x\"]", odd};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(answers); i++) {
                _cleanup_scene_ struct scene scene;
                scene_init(&scene);
                scene.services = answers[i];
                add_edge(&scene, "edge", 1);
                add_check(&scene, "https://ci.example.org/", 1);
                gather(&scene);
                assert_int_equal(scene.plan.pages.count, 1);
                if (i < 3)
                        assert_true(is_noted(&scene.plan, "labels of services could not be read"));
        }
}

static void test_services_without_tasks_have_no_page(void **state)
{
        (void)state;
        _cleanup_scene_ struct scene scene;
        _cleanup_peer_ struct peer peer = {.steps = STEPS(SEND(HTML("200 OK")), CLOSE)};

        peer_start(&peer, true);
        scene_init(&scene);
        add_edge(&scene, "edge", port_of(&peer));
        add_service(&scene, "zero", true);
        scene.swarm.services.items[1].replicas = 0;
        add_service(&scene, "crashed", false);
        scene.swarm.tasks.items[2].state = TASK_FAILED;
        add_service(&scene, "stuck", true);
        scene.swarm.tasks.items[3].state = TASK_NEW;
        scene.services =
                "[" LABELLED("zero", "Host(`zero`)") "," LABELLED("crashed", "Host(`crashed`)") "," LABELLED(
                        "stuck", "Host(`stuck`)") "," LABELLED("edge", "HostRegexp(`.*`)") "]";
        gather(&scene);
        assert_int_equal(scene.plan.pages.count, 2);
        page_at(&scene, "http://stuck/");
        assert_true(is_noted(&scene.plan, "a rule in the labels of edge names no host"));
}

static void test_the_number_of_pages_is_bounded_and_the_rest_is_told(void **state)
{
        (void)state;
        _cleanup_scene_ struct scene scene;
        char *urls[PLAN_PAGES_MAX + 5];

        scene_init(&scene);
        for (unsigned i = 0; i < ELEMENTS(urls); i++) {
                urls[i] = text_format("http://host%u/", i);
                add_check(&scene, urls[i], i);
        }
        gather(&scene);
        assert_int_equal(scene.plan.pages.count, PLAN_PAGES_MAX);
        assert_true(is_noted(&scene.plan, "5 more pages are not looked at"));
        for (size_t i = 0; i < ELEMENTS(urls); i++)
                free(urls[i]);
}

/* --- the baseline --- */

static struct plan_page *add_page(struct plan *plan, char *url, const char *at)
{
        struct plan_page *page = list_add(&plan->pages);

        page->url = url;
        page->at = text_copy(at);
        page->origin = text_copy("the test");
        return page;
}

static const char *at_of(const struct peer *peer)
{
        return peer->host + strlen("tcp://");
}

static void test_a_baseline_is_how_pages_answer(void **state)
{
        (void)state;
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_peer_ struct peer fine = {.steps =
                                                   STEPS(SEND(HTML("200 OK") "<title>Drone</title>"), CLOSE)};
        _cleanup_peer_ struct peer ssh = {.steps = STEPS(SEND("SSH-2.0\r\n"), CLOSE)};

        peer_start(&fine, true);
        peer_start(&ssh, true);
        add_page(&plan, text_copy("http://drone/"), at_of(&fine));
        add_page(&plan, text_format("http://%s/", at_of(&ssh)), at_of(&ssh));
        add_page(&plan, text_copy("http://ssh/"), at_of(&ssh));
        add_page(&plan, text_copy("http://nobody/"), "127.0.0.1:1");
        pages_baseline(&plan);
        const struct plan_page *pages = plan.pages.items;
        assert_int_equal(pages[0].status, 200);
        assert_int_equal(pages[0].length, 20);
        assert_string_equal(pages[0].title, "Drone");
        assert_null(pages[0].failure);
        assert_true(page_is_silent(&pages[1]));
        assert_null(pages[1].failure);
        assert_string_equal(pages[2].url, "http://ssh/"); /* a name has to be served, a port need not */
        assert_non_null(pages[2].failure);
        assert_non_null(pages[3].failure);
        assert_true(is_noted(&plan, "2 of 4 pages fail already (http://ssh/: "));
}

static void test_a_title_that_changes_by_itself_is_not_compared(void **state)
{
        (void)state;
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_peer_ struct peer peer = {.steps = STEPS(SEND(HTML("200 OK") "<title>"),
                                                          {STEP_COUNT, NULL, 0}, SEND("</title>"), CLOSE)};
        _cleanup_peer_ struct peer untitled = {.steps = STEPS(SEND(HTML("200 OK")), CLOSE)};

        peer_start(&peer, true);
        peer_start(&untitled, true);
        add_page(&plan, text_copy("http://a/"), at_of(&peer));
        add_page(&plan, text_copy("http://b/"), at_of(&untitled));
        pages_baseline(&plan);
        assert_int_equal(plan.pages.items[0].status, 200);
        assert_null(plan.pages.items[0].title);
        assert_int_equal(peer.requests, 2);
        assert_int_equal(untitled.requests, 1); /* there is nothing to look at twice */
        /* What the operator wants is asked for as it is. */
        _cleanup_plan_ struct plan wanted = {0};
        add_page(&wanted, text_copy("http://a/"), at_of(&peer))->wanted = true;
        pages_baseline(&wanted);
        assert_string_equal(wanted.pages.items[0].title, "3");
}

/* --- the check --- */

/* A clock whose sleep mends what a peer answers. */
static struct peer *mended;
static const struct script_step *mended_steps;
static int64_t virtual_ms;
static int sleeps;

static int64_t now_ms(void *userdata)
{
        return virtual_ms;
}

static void sleep_ms(void *userdata, int64_t duration_ms)
{
        virtual_ms += duration_ms;
        if (++sleeps == 3 && mended)
                mended->steps = mended_steps;
}

static const struct clock_source mending_clock = {now_ms, now_ms, sleep_ms, NULL};

static int clock_setup(void **state)
{
        (void)state;
        mended = NULL;
        sleeps = 0;
        clock_use(&mending_clock);
        return 0;
}

static int clock_teardown(void **state)
{
        (void)state;
        clock_use(NULL);
        return 0;
}

static void check(struct scene *scene, enum check_phase phase, struct check_points *points)
{
        _cleanup_error_ struct error error = {0};

        if (pages_check(&scene->plan, &scene->swarm, phase, 5000, points, &error) < 0)
                fail_msg("%s", error.sentence);
        assert_int_equal(points->items.count, scene->plan.pages.count);
}

static void test_a_page_that_comes_back_in_time_is_fine(void **state)
{
        (void)state;
        _cleanup_scene_ struct scene scene;
        _cleanup_check_points_ struct check_points points = {0};
        _cleanup_peer_ struct peer peer = {.steps = STEPS(SEND(HTML("503 Not yet")), CLOSE)};

        scene_init(&scene);
        mended = &peer;
        mended_steps = STEPS(SEND(HTML("200 OK")), CLOSE);
        peer_start(&peer, true);
        add_page(&scene.plan, text_copy("http://a/"), at_of(&peer))->status = 200;
        check(&scene, CHECK_AFTER, &points);
        assert_int_equal(points.items.items[0].result, CHECK_PASS);
        assert_string_equal(points.items.items[0].subject, "page http://a/");
        assert_string_equal(points.items.items[0].claim, "200, 0 bytes");
        assert_int_equal(sleeps, 3);
        assert_int_equal(peer.requests, 4);
}

static void test_a_page_that_does_not_come_back_fails_when_patience_ends(void **state)
{
        (void)state;
        _cleanup_scene_ struct scene scene;
        _cleanup_check_points_ struct check_points points = {0};
        _cleanup_peer_ struct peer peer = {.steps = STEPS(SEND(HTML("503 No")), CLOSE)};

        scene_init(&scene);
        peer_start(&peer, true);
        add_page(&scene.plan, text_copy("http://a/"), at_of(&peer))->status = 200;
        check(&scene, CHECK_AFTER, &points);
        assert_int_equal(points.items.items[0].result, CHECK_FAIL);
        assert_int_equal(peer.requests, 5000 / 500 + 1);
}

static void test_what_is_fine_is_asked_once(void **state)
{
        (void)state;
        _cleanup_scene_ struct scene scene;
        _cleanup_check_points_ struct check_points points = {0};
        _cleanup_peer_ struct peer fine = {.steps = STEPS(SEND(HTML("200 OK")), CLOSE)};
        _cleanup_peer_ struct peer bad = {.steps = STEPS(SEND(HTML("503 No")), CLOSE)};

        scene_init(&scene);
        peer_start(&fine, true);
        peer_start(&bad, true);
        add_page(&scene.plan, text_copy("http://a/"), at_of(&fine))->status = 200;
        add_page(&scene.plan, text_copy("http://b/"), at_of(&bad))->status = 200;
        check(&scene, CHECK_BEFORE, &points);
        assert_int_equal(fine.requests, 1);
        assert_true(bad.requests > 1);
        /* In the middle of a move pages may be down, and are not waited for. */
        _cleanup_check_points_ struct check_points during = {0};
        int asked = bad.requests;
        check(&scene, CHECK_DURING, &during);
        assert_int_equal(during.items.items[1].result, CHECK_UNKNOWN);
        assert_int_equal(bad.requests, asked + 1);
}

static void test_what_cannot_be_asked_is_unknown_and_not_asked(void **state)
{
        (void)state;
        _cleanup_scene_ struct scene scene;
        _cleanup_check_points_ struct check_points points = {0};
        _cleanup_peer_ struct peer peer = {.steps = STEPS(SEND(HTML("200 OK")), CLOSE)};

        scene_init(&scene);
        peer_start(&peer, true);
        scene.plan.host = text_copy("some-other-host");
        add_page(&scene.plan, text_copy("http://a/"), at_of(&peer))->status = 200;
        add_page(&scene.plan, text_format("http://%s/", at_of(&peer)), NULL)->service = text_copy("gone");
        check(&scene, CHECK_AFTER, &points);
        assert_int_equal(points.items.items[0].result, CHECK_UNKNOWN);
        assert_string_equal(points.items.items[0].found, "can be asked on some-other-host only");
        assert_int_equal(points.items.items[1].result, CHECK_UNKNOWN);
        assert_string_equal(points.items.items[1].found, "its service was removed since this was planned");
        assert_int_equal(peer.connections, 0);
}

static void test_a_stuck_edge_excuses_what_is_behind_it(void **state)
{
        (void)state;
        _cleanup_scene_ struct scene scene;
        _cleanup_check_points_ struct check_points points = {0};

        scene_init(&scene);
        struct plan_service *edge = add_edge(&scene, "edge", 1);
        edge->complete = false;
        edge->stuck = true;
        scene.plan.refusing = true;
        add_service(&scene, "a", true);
        struct plan_page *page = add_page(&scene.plan, text_copy("http://a/"), "127.0.0.1:1");
        page->service = text_copy("a");
        page->failure = text_copy("no connection is accepted");
        check(&scene, CHECK_BEFORE, &points);
        assert_int_equal(points.items.items[0].result, CHECK_UNKNOWN);
        _cleanup_check_points_ struct check_points after = {0};
        check(&scene, CHECK_AFTER, &after);
        assert_int_equal(after.items.items[0].result, CHECK_FAIL);
}

#define with_clock(test) cmocka_unit_test_setup_teardown(test, clock_setup, clock_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_an_answer_is_judged_by_what_the_page_is_for),
                cmocka_unit_test(test_pages_come_from_the_operator_the_edge_and_the_labels),
                cmocka_unit_test(test_a_page_is_looked_at_once_and_the_operators_word_comes_first),
                cmocka_unit_test(test_a_page_with_a_password_is_not_taken_into_a_plan),
                cmocka_unit_test(test_another_machines_edge_is_not_asked_here),
                cmocka_unit_test(test_a_port_where_nobody_listens_is_told_and_no_page),
                cmocka_unit_test(test_an_edge_that_is_down_is_looked_at_where_it_will_be),
                cmocka_unit_test(test_a_port_of_a_host_is_asked_where_its_task_runs),
                cmocka_unit_test(test_labels_that_cannot_be_read_leave_the_rest_of_the_pages),
                cmocka_unit_test(test_services_without_tasks_have_no_page),
                cmocka_unit_test(test_the_number_of_pages_is_bounded_and_the_rest_is_told),
                cmocka_unit_test(test_a_baseline_is_how_pages_answer),
                cmocka_unit_test(test_a_title_that_changes_by_itself_is_not_compared),
                with_clock(test_a_page_that_comes_back_in_time_is_fine),
                with_clock(test_a_page_that_does_not_come_back_fails_when_patience_ends),
                with_clock(test_what_is_fine_is_asked_once),
                with_clock(test_what_cannot_be_asked_is_unknown_and_not_asked),
                with_clock(test_a_stuck_edge_excuses_what_is_behind_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
