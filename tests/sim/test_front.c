#include "front_scene.h"

#include "sim/front/exchange.h"
#include "sim/front/mode.h"
#include "sim/front/pace.h"

#include "base/file.h"

#include <sys/stat.h>

/* The simulated engine on its socket: protocol, streams, time, and what becomes of the socket. */

static void open_plain(struct front_scene *scene)
{
        front_scene_open(scene, sim_open(NULL), 1);
}

/* Protocol */

static void answers_carry_the_engines_headers(void **state)
{
        struct front_scene scene;

        (void)state;
        open_plain(&scene);
        front_tells(&scene, "GET /_ping HTTP/1.1\r\n" FRONT_END, "Api-Version: 1.41\r\n");
        front_tells(&scene, "GET /_ping HTTP/1.1\r\n" FRONT_END, "Ostype: linux\r\n");
        front_tells(&scene, "GET /_ping HTTP/1.1\r\n" FRONT_END, "Server: Docker/20.10.24 (linux)\r\n");
        front_tells(&scene, "GET /_ping HTTP/1.1\r\n" FRONT_END, "\r\n\r\nOK");
        front_tells(&scene, "HEAD /_ping HTTP/1.1\r\n" FRONT_END, "Content-Length: 0\r\n");
        front_tells(&scene, "GET /v1.41/networks HTTP/1.1\r\n" FRONT_END,
                    "Content-Type: application/json\r\n");
        front_tells(&scene, "GET http://d/_ping HTTP/1.1\r\n" FRONT_END, "HTTP/1.1 200 OK");
        assert_int_equal(front_scene_close(&scene), 0);
}

static void bad_requests_are_refused_and_the_server_goes_on(void **state)
{
        static const struct {
                const char *bytes, *answer;
        } bad[] = {
                {"GET /nonsense HTTP/1.1\r\n" FRONT_END, "404 Not Found"},
                {"GET /nonsense HTTP/1.1\r\n" FRONT_END, "{\"message\":\"page not found\"}\n"},
                {"PUT /networks HTTP/1.1\r\n" FRONT_END, "404 Not Found"},
                {"GET /networks/%zz HTTP/1.1\r\n" FRONT_END, "400 Bad Request"},
                {"GET /networks/%00 HTTP/1.1\r\n" FRONT_END, "400 Bad Request"},
                {"GET /networks/%4 HTTP/1.1\r\n" FRONT_END, "400 Bad Request"},
                {"GET networks HTTP/1.1\r\n" FRONT_END, "400 Bad Request"},
                {"GET /v1.99/info HTTP/1.1\r\n" FRONT_END,
                 "client version 1.99 is too new. Maximum supported API version is 1.41"},
                {"GET /v1.11/info HTTP/1.1\r\n" FRONT_END,
                 "client version 1.11 is too old. Minimum supported API version is 1.12, please upgrade your "
                 "client to a newer version"},
                {"POST /networks/create HTTP/1.1\r\nContent-Length: 4194305\r\n" FRONT_END,
                 "413 Content Too Large"},
                {"POST /networks/create HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" FRONT_END
                 "zz\r\nx\r\n0\r\n\r\n",
                 "400 Bad Request"},
        };
        struct front_scene scene;

        (void)state;
        open_plain(&scene);
        for (size_t i = 0; i < ELEMENTS(bad); i++)
                front_tells(&scene, bad[i].bytes, bad[i].answer);
        _cleanup_free_ char *nothing = front_talk(&scene, "nonsense\r\n\r\n");
        assert_null(strstr(nothing, "200 OK"));
        front_tells(&scene, "GET /_ping HTTP/1.1\r\n" FRONT_END, "OK");
        assert_int_equal(front_scene_close(&scene), 0);
}

/* The head, or a body whose length nobody tells, beyond its bound. */
static void requests_without_an_end_are_cut_off(void **state)
{
        static const char endless[] =
                "POST /networks/create HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n";
        _cleanup_free_ char *long_head = memory_new(FRONT_HEAD_MAX + 1, 1);
        _cleanup_buffer_ struct buffer chunk = {0};
        _cleanup_buffer_ struct buffer answer = {0};
        struct front_scene scene;

        (void)state;
        open_plain(&scene);
        memset(long_head, 'x', FRONT_HEAD_MAX);
        _cleanup_free_ char *head = text_format("GET /_ping HTTP/1.1\r\nX: %s\r\n" FRONT_END, long_head);
        front_tells(&scene, head, "431 Request Header Fields Too Large");
        buffer_format(&chunk, "%zx\r\n%s\r\n", FRONT_HEAD_MAX, long_head);
        int fd = front_connect(&scene);
        front_send(fd, endless, strlen(endless));
        for (size_t i = 0; i < 4 * FRONT_BODY_MAX / FRONT_HEAD_MAX; i++)
                front_send(fd, chunk.bytes, chunk.length);
        front_read(fd, NULL, &answer); /* it closes; what it says, if anything, is no success */
        assert_null(strstr(buffer_text(&answer), " 201 "));
        close(fd);
        front_tells(&scene, "GET /_ping HTTP/1.1\r\n" FRONT_END, "OK");
        assert_int_equal(front_scene_close(&scene), 0);
}

static void a_chunked_body_is_a_body(void **state)
{
        struct front_scene scene;

        (void)state;
        open_plain(&scene);
        front_tells(&scene,
                    "POST /v1.41/networks/create HTTP/1.1\r\nContent-Type: application/json\r\n"
                    "Transfer-Encoding: chunked\r\n" FRONT_END "a\r\n{\"Name\":\"n\r\n"
                    "15\r\n\",\"Driver\":\"overlay\"}\r\n0\r\n\r\n",
                    "201 Created");
        front_tells(&scene, "GET /networks/n HTTP/1.1\r\n" FRONT_END, "\"Name\":\"n\"");
        assert_int_equal(front_scene_close(&scene), 0);
}

static void requests_sent_at_once_are_answered_in_order(void **state)
{
        struct front_scene scene;

        (void)state;
        open_plain(&scene);
        _cleanup_free_ char *answer = front_talk(&scene, "GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n"
                                                         "GET /nothing HTTP/1.1\r\nHost: d\r\n\r\n"
                                                         "GET /nodes HTTP/1.1\r\n" FRONT_END);
        const char *ping = strstr(answer, "200 OK");
        const char *nothing = ping ? strstr(ping, "404 Not Found") : NULL;
        const char *nodes = nothing ? strstr(nothing, "\"Hostname\":\"node1\"") : NULL;
        assert_non_null(nodes);
        assert_int_equal(front_scene_close(&scene), 0);
}

/* A spec without Placement kills 20.10 for good. */
static void a_dead_engine_closes_without_an_answer(void **state)
{
        struct sim *sim = sim_open(NULL);
        struct front_scene scene;

        (void)state;
        scene_service(sim, "s", "", 0, "");
        /* The allocator makes a version of its own; were it still to come, a slow update would be out of
         * sequence. */
        scene_wait(sim, SETTLE_MS);
        _cleanup_free_ char *version = scene_text(sim, "/services/s", "Version", "Index", NULL);
        front_scene_open(&scene, sim, 1);
        static const char spec[] = "{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"}},"
                                   "\"Mode\":{\"Replicated\":{\"Replicas\":0}}}";
        _cleanup_free_ char *update = text_format(
                "POST /services/s/update?version=%s HTTP/1.1\r\nContent-Type: application/json\r\n"
                "Content-Length: %zu\r\n" FRONT_END "%s",
                version, strlen(spec), spec);
        _cleanup_free_ char *killed = front_talk(&scene, update);
        assert_string_equal(killed, "");
        _cleanup_free_ char *dead = front_talk(&scene, "GET /_ping HTTP/1.1\r\n" FRONT_END);
        assert_string_equal(dead, "");
        assert_int_equal(front_scene_close(&scene), 0);
}

/* Streams */

static void long_lists_come_whole_over_many_connections(void **state)
{
        static const char running[] = "\"DesiredState\":\"running\"";
        struct sim *sim = sim_open(NULL);
        struct front_scene scene;
        char name[16];

        (void)state;
        scene_network(sim, "n", "10.9.0.0/16");
        for (unsigned i = 0; i < 2000; i++) {
                snprintf(name, sizeof(name), "s%u", i);
                scene_service(sim, name, "n", 2, "");
        }
        scene_wait(sim, SETTLE_MS);
        front_scene_open(&scene, sim, 1);
        int fds[8];
        for (size_t i = 0; i < ELEMENTS(fds); i++) {
                static const char ask[] = "GET /v1.41/tasks HTTP/1.1\r\n" FRONT_END;
                fds[i] = front_connect(&scene);
                front_send(fds[i], ask, strlen(ask));
        }
        for (size_t i = 0; i < ELEMENTS(fds); i++) {
                _cleanup_buffer_ struct buffer answer = {0};
                size_t tasks = 0;
                assert_true(front_read(fds[i], NULL, &answer));
                close(fds[i]);
                const char *end = answer.bytes + answer.length;
                for (const char *at = answer.bytes;
                     (at = memmem(at, (size_t)(end - at), running, strlen(running))); at++)
                        tasks++;
                assert_in_range(tasks, 3990, 4000); /* a chunk's end may lie within some */
                assert_non_null(strstr(answer.bytes, "]\n\r\n0\r\n\r\n"));
        }
        assert_int_equal(front_scene_close(&scene), 0);
}

static void open_events(const struct front_scene *scene, const char *query, int *ret_fd,
                        struct buffer *events)
{
        _cleanup_free_ char *ask = text_format("GET /v1.41/events?%s HTTP/1.1\r\n" FRONT_END, query);

        *ret_fd = front_connect(scene);
        front_send(*ret_fd, ask, strlen(ask));
        assert_true(front_read(*ret_fd, "\r\n\r\n", events)); /* its head comes at once */
}

#define MAKE_NETWORK                                                                                         \
        "POST /networks/create HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: "               \
        "31\r\n" FRONT_END "{\"Name\":\"n\",\"Driver\":\"overlay\"}"

static void events_come_when_they_happen_to_everybody_who_listens(void **state)
{
        struct front_scene scene;
        struct buffer all = {0};
        struct buffer some = {0};
        int all_fd, some_fd;

        (void)state;
        open_plain(&scene);
        open_events(&scene, "", &all_fd, &all);
        open_events(&scene, "filters=%7B%22event%22%3A%5B%22remove%22%5D%7D", &some_fd, &some);
        front_tells(&scene, MAKE_NETWORK, "201 Created");
        assert_true(front_read(all_fd, "\"Action\":\"create\"", &all));
        assert_true(front_read(all_fd, "\"Attributes\":{\"name\":\"n\"}},\"scope\":\"swarm\"", &all));
        front_tells(&scene, "DELETE /networks/n HTTP/1.1\r\n" FRONT_END, "204 No Content");
        assert_true(front_read(some_fd, "\"Action\":\"remove\"", &some));
        assert_null(strstr(some.bytes, "create"));
        close(all_fd);
        close(some_fd);
        buffer_done(&all);
        buffer_done(&some);
        assert_int_equal(front_scene_close(&scene), 0);
}

/* What waits for events must not keep others out: a connection that is closed is forgotten. */
static void listeners_that_go_away_leave_their_places(void **state)
{
        struct front_scene scene;

        (void)state;
        open_plain(&scene);
        for (size_t i = 0; i < 3 * FRONT_CONNECTIONS_MAX; i++) {
                _cleanup_buffer_ struct buffer events = {0};
                int fd;
                open_events(&scene, "", &fd, &events);
                close(fd);
        }
        front_tells(&scene, "GET /_ping HTTP/1.1\r\n" FRONT_END, "OK");
        assert_int_equal(front_scene_close(&scene), 0);
}

static void a_stream_with_an_end_ends_then(void **state)
{
        struct front_scene scene;

        (void)state;
        front_scene_open(&scene, sim_open(&(struct sim_settings){.start_wall_ms = 1767225600000}), 1000);
        /* Ten minutes after the swarm began: 0.6 s of real time. */
        front_tells(&scene, "GET /events?until=1767226200 HTTP/1.1\r\n" FRONT_END, "0\r\n\r\n");
        front_tells(&scene, "GET /events?since=2&until=1 HTTP/1.1\r\n" FRONT_END, "400 Bad Request");
        front_tells(&scene, "GET /events?since=soon HTTP/1.1\r\n" FRONT_END, "500 Internal Server Error");
        assert_int_equal(front_scene_close(&scene), 0);
}

/* Time */

static int64_t virtual_time(const struct front_scene *scene)
{
        _cleanup_free_ char *answer = front_talk(scene, "GET /info HTTP/1.1\r\n" FRONT_END);
        const char *time = strstr(answer, "\"SystemTime\":\"");

        assert_non_null(time);
        _cleanup_free_ char *text = text_copy_n(time + 14, strcspn(time + 14, "\""));
        return clock_parse(text);
}

static void the_swarms_clock_follows_the_real_one(void **state)
{
        static const double speeds[] = {0.5, 1, 200};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(speeds); i++) {
                struct front_scene scene;
                front_scene_open(&scene, sim_open(NULL), speeds[i]);
                int64_t before = clock_now_ms();
                int64_t first = virtual_time(&scene);
                int64_t between = clock_now_ms();
                while (clock_now_ms() < between + 200)
                        clock_sleep_ms(20);
                int64_t again = clock_now_ms();
                int64_t second = virtual_time(&scene);
                int64_t after = clock_now_ms();
                double passed = (double)(second - first);
                assert_true(passed >= speeds[i] * (double)(again - between - 1) - 1);
                assert_true(passed <= speeds[i] * (double)(after - before + 1) + 1);
                assert_int_equal(front_scene_close(&scene), 0);
        }
}

static void the_swarm_goes_on_while_nobody_asks(void **state)
{
        struct buffer events = {0};
        struct front_scene scene;
        int fd;

        (void)state;
        struct sim *sim = sim_open(NULL);
        scene_network(sim, "n", "10.9.0.0/24");
        scene_service(sim, "s", "n", 1, "");
        front_scene_open(&scene, sim, 10);
        open_events(&scene, "since=1", &fd, &events); /* on a busy machine it may have happened already */
        assert_true(front_read(fd, "\"Action\":\"start\"",
                               &events)); /* of its container, which nobody asked for */
        close(fd);
        buffer_done(&events);
        assert_int_equal(front_scene_close(&scene), 0);
}

/* Of a /29, network, broadcast, gateway and endpoint leave four: the fifth container waits for 20 s. */
static void who_waits_in_the_swarm_is_answered_in_its_time(void **state)
{
        static const char start[] = "POST /containers/last/start HTTP/1.1\r\nContent-Length: 0\r\n" FRONT_END;
        struct sim *sim = sim_open(NULL);
        struct front_scene scene;
        struct buffer answer = {0};
        char name[64];

        (void)state;
        sim_image_add(sim, "x:1");
        scene_network(sim, "n", "10.9.0.0/29");
        for (unsigned i = 0; i < 5; i++) {
                snprintf(name, sizeof(name), "/containers/create?name=%c%s", i == 4 ? 'l' : 'a' + (int)i,
                         i == 4 ? "ast" : "");
                scene_done(sim, "POST", name, "{\"Image\":\"x:1\",\"HostConfig\":{\"NetworkMode\":\"n\"}}");
                snprintf(name, sizeof(name), "/containers/%c/start", 'a' + (int)i);
                if (i < 4)
                        scene_done(sim, "POST", name, NULL);
        }
        front_scene_open(&scene, sim, 20);
        int64_t before_ms = clock_now_ms();
        int fd = front_connect(&scene);
        front_send(fd, start, strlen(start));
        assert_true(front_read(fd, NULL, &answer));
        assert_true(clock_now_ms() - before_ms >= 1000 - 1);
        assert_non_null(strstr(buffer_text(&answer), "context deadline exceeded"));
        close(fd);
        buffer_done(&answer);
        front_tells(&scene, "GET /_ping HTTP/1.1\r\n" FRONT_END, "OK");
        assert_int_equal(front_scene_close(&scene), 0);
}

static void the_pace_maps_both_ways(void **state)
{
        struct pace pace = {.speed = 0.5, .real_ms = 1000, .virtual_ms = 70};

        (void)state;
        assert_int_equal(pace_virtual_ms(&pace, 1000), 70);
        assert_int_equal(pace_virtual_ms(&pace, 1101), 120);
        for (int64_t t = 70; t < 1000; t++)
                assert_int_equal(pace_virtual_ms(&pace, pace_real_ms(&pace, t)), t);
        assert_int_equal(pace_real_ms(&pace, INT64_MAX), INT64_MAX);
        pace_skip(&pace, 100);
        assert_int_equal(pace_virtual_ms(&pace, 1100), 70);
}

static void speeds_are_decimal_and_bounded(void **state)
{
        static const char *const bad[] = {"",  "0",    "-1",    "1e3",     ".5",  "5.",  "1,5",
                                          "x", "0x10", "10001", "0.00001", "nan", "inf", " 1"};
        double speed = 0;

        (void)state;
        assert_int_equal(pace_parse_speed("0.5", &speed, NULL), 0);
        assert_true(speed == 0.5);
        assert_int_equal(pace_parse_speed("10000", &speed, NULL), 0);
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                _cleanup_error_ struct error error = {0};
                assert_int_equal(pace_parse_speed(bad[i], &speed, &error), -1);
                assert_int_equal(error.kind, ERROR_USAGE);
        }
}

/* The socket */

/* The first escape of a path once was taken for a plain letter, having been written over. */
static void every_escape_of_a_path_is_undone(void **state)
{
        static const char *const escaped[][2] = {{"/networks/%70roxy", "/networks/proxy"},
                                                 {"/a%20b%20c", "/a b c"},
                                                 {"/%25", "/%"},
                                                 {"/x", "/x"}};
        const char *query;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(escaped); i++) {
                _cleanup_free_ char *path = NULL;
                assert_true(target_split(escaped[i][0], &path, &query));
                assert_string_equal(path, escaped[i][1]);
        }
        char *none = NULL;
        assert_false(target_split("/%2", &none, &query));
        assert_false(target_split("/%zz", &none, &query));
        assert_false(target_split("/%00", &none, &query));
}

static void refuse_path(const char *path, enum error_kind kind, const char *words)
{
        struct front_socket socket = FRONT_SOCKET_NONE;
        _cleanup_error_ struct error error = {0};

        assert_int_equal(front_socket_open(path, &socket, &error), -1);
        assert_int_equal(error.kind, kind);
        if (!strstr(error.sentence, words))
                fail_msg("%s", error.sentence);
}

static void a_path_that_is_taken_is_refused_and_stays(void **state)
{
        struct front_socket socket _cleanup_(front_socket_close) = FRONT_SOCKET_NONE;
        char folder[] = "/tmp/headroom-front.XXXXXX";
        struct stat before, after;

        (void)state;
        assert_non_null(mkdtemp(folder));
        _cleanup_free_ char *path = text_format("%s/s", folder);
        _cleanup_free_ char *file = text_format("%s/file", folder);
        _cleanup_free_ char *nowhere = text_format("%s/no/s", folder);
        _cleanup_free_ char *longer = text_format("%s/%0200d", folder, 0);
        assert_int_equal(file_write(file, "x", 1, 0600, NULL), 0);
        assert_int_equal(front_socket_open(path, &socket, NULL), 0);
        assert_int_equal(stat(path, &before), 0);
        assert_int_equal(before.st_mode & 07777, 0600);
        refuse_path(path, ERROR_REFUSED, "listens there");
        refuse_path(file, ERROR_REFUSED, "is no socket");
        refuse_path(folder, ERROR_REFUSED, "is no socket");
        refuse_path(nowhere, ERROR_REFUSED, "no such folder");
        refuse_path(longer, ERROR_USAGE, "at most 107 bytes");
        assert_int_equal(stat(path, &after), 0);
        assert_int_equal(before.st_ino, after.st_ino);
        front_socket_close(&socket);
        assert_int_equal(access(path, F_OK), -1);
        assert_int_equal(access(file, F_OK), 0);
        unlink(file);
        rmdir(folder);
}

static void a_socket_left_behind_is_replaced_and_a_later_one_left_alone(void **state)
{
        struct front_socket first = FRONT_SOCKET_NONE;
        struct front_socket second = FRONT_SOCKET_NONE;
        char folder[] = "/tmp/headroom-front.XXXXXX";

        (void)state;
        assert_non_null(mkdtemp(folder));
        _cleanup_free_ char *path = text_format("%s/s", folder);
        assert_int_equal(front_socket_open(path, &first, NULL), 0);
        close(first.fd); /* as a kill leaves it */
        first.fd = -1;
        assert_int_equal(front_socket_open(path, &second, NULL), 0);
        unlink(path);
        assert_int_equal(file_write(path, "x", 1, 0600, NULL), 0);
        front_socket_close(&second);
        front_socket_close(&first);
        assert_int_equal(access(path, F_OK), 0); /* it is somebody else's now */
        unlink(path);
        rmdir(folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(answers_carry_the_engines_headers),
                cmocka_unit_test(bad_requests_are_refused_and_the_server_goes_on),
                cmocka_unit_test(requests_without_an_end_are_cut_off),
                cmocka_unit_test(a_chunked_body_is_a_body),
                cmocka_unit_test(requests_sent_at_once_are_answered_in_order),
                cmocka_unit_test(a_dead_engine_closes_without_an_answer),
                cmocka_unit_test(long_lists_come_whole_over_many_connections),
                cmocka_unit_test(events_come_when_they_happen_to_everybody_who_listens),
                cmocka_unit_test(listeners_that_go_away_leave_their_places),
                cmocka_unit_test(a_stream_with_an_end_ends_then),
                cmocka_unit_test(the_swarms_clock_follows_the_real_one),
                cmocka_unit_test(the_swarm_goes_on_while_nobody_asks),
                cmocka_unit_test(who_waits_in_the_swarm_is_answered_in_its_time),
                cmocka_unit_test(the_pace_maps_both_ways),
                cmocka_unit_test(speeds_are_decimal_and_bounded),
                cmocka_unit_test(every_escape_of_a_path_is_undone),
                cmocka_unit_test(a_path_that_is_taken_is_refused_and_stays),
                cmocka_unit_test(a_socket_left_behind_is_replaced_and_a_later_one_left_alone),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
