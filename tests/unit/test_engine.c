/* What headroom makes of every kind of engine behind the seam, well-behaved or not. */

#include "scripted_peer.h"

#include "base/clock.h"
#include "engine/engine.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#define SHORT_MS 200
#define SLACK_MS 5000 /* how late a bound may come on a busy machine and still count as a bound */

#define OK_HEAD    "HTTP/1.1 200 OK\r\n"
#define CHUNKED    OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"
#define STEPS(...) ((const struct script_step[]){__VA_ARGS__, {STEP_END, NULL, 0}})
#define SEND(text)                                                                                           \
        {                                                                                                    \
                STEP_SEND, text, 0                                                                           \
        }

static void address_of(const struct peer *peer, struct engine_address *address)
{
        *address = (struct engine_address){.host = peer->host, .origin = (char *)"the test"};
}

static struct engine *open_peer(const struct peer *peer)
{
        struct engine_address address;
        struct engine *engine = NULL;
        struct error error = {0};

        address_of(peer, &address);
        if (engine_open(&address, &engine, &error) < 0)
                fail_msg("%s", error.sentence);
        return engine;
}

/* The error of opening; the engine must not open. */
static struct error open_error(const char *host)
{
        struct engine_address address = {.host = (char *)host, .origin = (char *)"the test"};
        struct engine *engine = NULL;
        struct error error = {0};

        assert_int_equal(engine_open(&address, &engine, &error), -1);
        assert_null(engine);
        return error;
}

static void assert_says(const struct error *error, enum error_kind kind, const char *words)
{
        if (error->kind != kind || !error->sentence || !strstr(error->sentence, words))
                fail_msg("expected kind %d and \"%s\", got kind %d and \"%s\"", kind, words, error->kind,
                         error->sentence ? error->sentence : "");
}

/* --- each kind of failing answer, and the error it becomes --- */

struct failure {
        const char *name;
        const char *answer; /* sent as it is, then the connection closes; NULL: `steps` */
        enum error_kind kind;
        const char *words;
        struct script_step steps[3];
};

#define JSON_ANSWER(status, json)                                                                            \
        "HTTP/1.1 " status "\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" json

static const struct failure failures[] = {
        {"a 500's message is kept word for word",
         JSON_ANSWER("500 Internal Server Error",
                     "{\"message\":\"rpc error: code = Unknown desc = \\\"no\\\" way\"}"),
         ERROR_ENGINE, "the engine answers GET /x with 500: rpc error: code = Unknown desc = \"no\" way"},
        {"a 500 that is not JSON shows its first line",
         JSON_ANSWER("500 Oh", "\r\npanic: \033[1mboom\r\ngoroutine 1"), ERROR_ENGINE,
         "500: panic: ?[1mboom"},
        {"a 500 without a body is still a sentence", JSON_ANSWER("500 Oh", ""), ERROR_ENGINE,
         "500: no explanation"},
        {"a 404 is an object the engine does not know",
         JSON_ANSWER("404 Nope", "{\"message\":\"network x not found\"}"), ERROR_NOT_FOUND,
         "network x not found"},
        {"a 409 is a conflict", JSON_ANSWER("409 Conflict", "{\"message\":\"in use\"}"), ERROR_CONFLICT,
         "in use"},
        {"a 403 is a matter of rights", JSON_ANSWER("403 No", "{\"message\":\"authorization denied\"}"),
         ERROR_PERMISSION, "authorization denied"},
        {"a stale version is a conflict, whatever its status",
         JSON_ANSWER("500 Oh", "{\"message\":\"rpc error: code = Unknown desc = update out of sequence\"}"),
         ERROR_CONFLICT, "update out of sequence"},
        {"a network that a service uses is a conflict, whatever its status",
         JSON_ANSWER("400 Bad Request", "{\"message\":\"rpc error: code = FailedPrecondition desc = network "
                                        "n is in use by service s\"}"),
         ERROR_CONFLICT, "network n is in use by service s"},
        {"a network with containers on it is a conflict and no matter of rights",
         JSON_ANSWER("403 Forbidden",
                     "{\"message\":\"error while removing network: network n has active endpoints\"}"),
         ERROR_CONFLICT, "has active endpoints"},
        {"an engine that is no manager is refused with what to do",
         JSON_ANSWER("503 No", "{\"message\":\"This node is not a swarm manager. Use x\"}"), ERROR_REFUSED,
         "run headroom on a manager, or name one with --host or --context; it says: This node is not a swarm "
         "manager. "
         "Use x"},
        {"a swarm without a leader may have carried the call out or not",
         JSON_ANSWER("503 No", "{\"message\":\"The swarm does not have a leader.\"}"), ERROR_TIMEOUT,
         "The swarm does not have a leader."},
        {"a redirect is not followed", JSON_ANSWER("302 Found\r\nLocation: http://127.0.0.1:1/", ""),
         ERROR_PROTOCOL, "redirect"},
        {"what is not HTTP is named so", "SSH-2.0-OpenSSH_9.2\r\n", ERROR_PROTOCOL, "does not speak HTTP"},
        {"an answer shorter than it promised is no answer", OK_HEAD "Content-Length: 10\r\n\r\n[1,2",
         ERROR_PROTOCOL, "broke off its answer to GET /x"},
        {"a chunked answer without its end is no answer", CHUNKED "4\r\n[1,2\r\n", ERROR_PROTOCOL,
         "broke off its answer to GET /x"},
        {"broken chunks are no answer", CHUNKED "4\r\n[1,2\r\nzz\r\n", ERROR_PROTOCOL,
         "broke off its answer to GET /x"},
        {"a connection closed without an answer is named so", "", ERROR_PROTOCOL,
         "closed the connection instead of answering GET /x"},
        {"an engine that hangs after accepting is left in time",
         NULL,
         ERROR_TIMEOUT,
         "did not finish answering GET /x within 0.2 s",
         {{STEP_HANG, NULL, 0}}},
        {"an engine that hangs in mid-body is left in time",
         NULL,
         ERROR_TIMEOUT,
         "did not finish answering GET /x within 0.2 s",
         {SEND(OK_HEAD "Content-Length: 10\r\n\r\n[1,2"), {STEP_HANG, NULL, 0}}},
        {"an engine that trickles is left in time",
         NULL,
         ERROR_TIMEOUT,
         "did not finish answering GET /x within 0.2 s",
         {SEND(OK_HEAD "Content-Length: 1000000\r\n\r\n"), {STEP_TRICKLE, "x", 0}}},
        {"headers that trickle are left in time",
         NULL,
         ERROR_TIMEOUT,
         "did not finish answering GET /x within 0.2 s",
         {SEND(OK_HEAD), {STEP_TRICKLE, "X-Y: z\r\n", 0}}},
        {"headers without end are refused",
         NULL,
         ERROR_PROTOCOL,
         "of headers",
         {SEND(OK_HEAD), {STEP_REPEAT, "X-Y: z\r\n", 100000}}},
};

static void test_failure(void **state)
{
        const struct failure *failure = *state;
        const struct script_step answer[] = {SEND(failure->answer), {STEP_CLOSE, NULL, 0}};
        _cleanup_peer_ struct peer peer = {.steps = failure->answer ? answer : failure->steps};
        _cleanup_request_ struct engine_request request = {.path = "/x", .timeout_ms = SHORT_MS};
        _cleanup_engine_ struct engine *engine = NULL;

        if (failure->kind != ERROR_TIMEOUT)
                request.timeout_ms = SLACK_MS;
        peer_start(&peer, false);
        engine = open_peer(&peer);
        int64_t started_ms = clock_now_ms();
        engine_perform(engine, &request, 1);
        assert_true(clock_now_ms() - started_ms < SLACK_MS);
        assert_says(&request.error, failure->kind, failure->words);
}

static void test_a_body_beyond_the_bound_is_refused(void **state)
{
        static const struct script_step steps[] = {SEND(OK_HEAD "Connection: close\r\n\r\n"),
                                                   {STEP_FLOOD, NULL, ENGINE_BODY_BYTES_MAX + 1},
                                                   {STEP_CLOSE, NULL, 0},
                                                   {STEP_END, NULL, 0}};
        _cleanup_peer_ struct peer peer = {.steps = steps};
        _cleanup_request_ struct engine_request request = {.path = "/x"};
        _cleanup_engine_ struct engine *engine = NULL;

        peer_start(&peer, false);
        engine = open_peer(&peer);
        engine_perform(engine, &request, 1);
        assert_says(&request.error, ERROR_PROTOCOL, "answers GET /x with more than 64 MiB");
        assert_int_equal(request.answer.length, 0);
}

/* --- opening --- */

struct version {
        const char *name;
        const char *ping;
        int minor; /* 0: refused */
        enum error_kind kind;
        const char *words;
};

static const struct version versions[] = {
        {"an engine of API 1.24 is refused by name", PING("1.24"), 0, ERROR_REFUSED,
         "API 1.24; headroom needs 1.40"},
        {"an engine that names no version is taken for 1.24",
         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", 0, ERROR_REFUSED,
         "names no API version, so it is taken for API 1.24; headroom needs 1.40"},
        {"an engine of API 1.40 is spoken to in 1.40", PING("1.40"), 40},
        {"an engine of API 1.41 is spoken to in 1.41", PING("1.41"), 41},
        {"an engine of API 1.52 is spoken to in 1.52", PING("1.52"), 52},
        {"an engine newer than headroom is spoken to in 1.52", PING("1.60"), 52},
        {"a version that is none is a protocol error", PING("2.x"), 0, ERROR_PROTOCOL,
         "names \"2.x\" as its API version"},
        {"an unwell engine that names its version is opened",
         "HTTP/1.1 500 Oh\r\nApi-Version: 1.45\r\nContent-Length: 2\r\n\r\nno", 45},
        {"a proxy's refusal is shown when there is no version",
         "HTTP/1.1 403 No\r\nContent-Length: 13\r\n\r\n<h1>No</h1>\r\n", 0, ERROR_PERMISSION,
         "403: <h1>No</h1>"},
};

static void test_version(void **state)
{
        const struct version *version = *state;
        _cleanup_peer_ struct peer peer = {.ping = version->ping, .steps = STEPS({STEP_ECHO, NULL, 0})};
        _cleanup_engine_ struct engine *engine = NULL;
        _cleanup_error_ struct error error = {0};
        _cleanup_buffer_ struct buffer body = {0};

        peer_start(&peer, false);
        if (!version->minor) {
                error = open_error(peer.host);
                assert_says(&error, version->kind, version->words);
                return;
        }
        engine = open_peer(&peer);
        assert_int_equal(engine->api_version_minor, version->minor);
        assert_string_equal(engine->description, peer.host);
        assert_int_equal(engine_get(engine, "/services?a=b", &body, NULL), 0);
        _cleanup_free_ char *expected = text_format("/v1.%d/services?a=b", version->minor);
        assert_string_equal(buffer_text(&body), expected);
}

static void test_a_missing_socket_is_named_with_a_next_step(void **state)
{
        _cleanup_error_ struct error error = open_error("unix:///nonexistent/docker.sock");

        assert_says(&error, ERROR_UNREACHABLE,
                    "no engine at unix:///nonexistent/docker.sock (from the test): there is "
                    "no such socket; start Docker");
}

static void test_a_stale_socket_is_told_from_a_missing_one(void **state)
{
        struct peer peer = {.folder = "/tmp/headroom-stale.XXXXXX"};

        assert_non_null(mkdtemp(peer.folder));
        close(peer_listen_unix(&peer)); /* the file stays, and nothing listens */
        struct error error = open_error(peer.host);
        assert_says(&error, ERROR_UNREACHABLE, "nothing listens on it");
        error_done(&error);
        unlink(peer.path);
        rmdir(peer.folder);
        free(peer.path);
        free(peer.host);
}

/* In a child, since the rights are given up for good; root itself is never denied. */
static int open_without_rights(const char *host)
{
        if (getuid() == 0 && setresuid(65534, 65534, 65534) < 0)
                return 2;
        struct engine_address address = {.host = (char *)host};
        struct engine *engine = NULL;
        struct error error = {0};

        if (engine_open(&address, &engine, &error) == 0)
                return 1;
        return error.kind == ERROR_PERMISSION && strstr(error.sentence, host + strlen("unix://")) &&
                               strstr(error.sentence, "run as root")
                       ? 0
                       : 1;
}

static void test_a_socket_without_rights_names_the_group_to_join(void **state)
{
        _cleanup_peer_ struct peer peer = {.steps = STEPS({STEP_ECHO, NULL, 0})};
        int status;

        peer_start(&peer, false);
        chmod(peer.folder, 0755);
        chmod(peer.path, 0);
        pid_t child = fork();
        if (child == 0)
                _exit(open_without_rights(peer.host));
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
}

static void test_a_closed_tcp_port_is_unreachable(void **state)
{
        _cleanup_error_ struct error error = open_error("tcp://127.0.0.1:1");

        assert_says(&error, ERROR_UNREACHABLE, "no engine at tcp://127.0.0.1:1");
}

static void test_an_engine_behind_an_unknown_scheme_is_refused(void **state)
{
        _cleanup_error_ struct error error = open_error("ssh://somewhere");

        assert_says(&error, ERROR_REFUSED, "ssh://somewhere");
}

static void test_proxies_of_the_environment_are_not_used(void **state)
{
        _cleanup_peer_ struct peer peer = {.steps = STEPS({STEP_ECHO, NULL, 0})};
        _cleanup_engine_ struct engine *engine = NULL;
        _cleanup_buffer_ struct buffer body = {0};

        setenv("http_proxy", "http://127.0.0.1:1", 1);
        setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
        peer_start(&peer, true);
        engine = open_peer(&peer);
        assert_int_equal(engine_get(engine, "/info", &body, NULL), 0);
        unsetenv("http_proxy");
        unsetenv("ALL_PROXY");
        assert_string_equal(buffer_text(&body), "/v1.45/info");
}

/* --- asking --- */

static void test_many_parallel_requests_are_all_answered_in_their_places(void **state)
{
        enum { COUNT = 500 };
        _cleanup_peer_ struct peer peer = {.steps = STEPS({STEP_ECHO, NULL, 0})};
        _cleanup_engine_ struct engine *engine = NULL;
        struct engine_request requests[COUNT] = {0};
        char *paths[COUNT];

        peer_start(&peer, false);
        engine = open_peer(&peer);
        for (int i = 0; i < COUNT; i++)
                requests[i].path = paths[i] = text_format("/services/%d", i);
        engine_perform(engine, requests, COUNT);
        for (int i = 0; i < COUNT; i++) {
                assert_int_equal(requests[i].error.kind, ERROR_NONE);
                assert_int_equal(requests[i].status, 200);
                assert_string_equal(buffer_text(&requests[i].answer) + strlen("/v1.45"), paths[i]);
                engine_request_done(&requests[i]);
                free(paths[i]);
        }
        assert_true(peer.connections <= ENGINE_PARALLEL_MAX); /* reused, and no more than that at a time */
}

static void test_one_failing_request_leaves_its_neighbours_alone(void **state)
{
        static const struct script_step steps[] = {SEND(OK_HEAD "Content-Length: 2\r\n\r\nok"),
                                                   {STEP_END, NULL, 0}};
        _cleanup_peer_ struct peer peer = {.steps = steps};
        _cleanup_engine_ struct engine *engine = NULL;
        struct engine_request requests[] = {{.path = "/a"}, {.path = "/ not a path"}, {.path = "/b"}};

        peer_start(&peer, false);
        engine = open_peer(&peer);
        engine_perform(engine, requests, ELEMENTS(requests));
        assert_string_equal(buffer_text(&requests[0].answer), "ok");
        assert_int_equal(requests[1].error.kind, ERROR_FAILED);
        assert_string_equal(buffer_text(&requests[2].answer), "ok");
        for (size_t i = 0; i < ELEMENTS(requests); i++)
                engine_request_done(&requests[i]);
}

static void test_requests_can_be_performed_again(void **state)
{
        static const struct script_step steps[] = {SEND("HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\nabc"),
                                                   {STEP_END, NULL, 0}};
        _cleanup_peer_ struct peer peer = {.steps = steps};
        _cleanup_engine_ struct engine *engine = NULL;
        _cleanup_request_ struct engine_request request = {.path = "/a"};

        peer_start(&peer, false);
        engine = open_peer(&peer);
        for (int i = 0; i < 3; i++) {
                engine_perform(engine, &request, 1);
                assert_int_equal(request.status, 404);
                assert_string_equal(buffer_text(&request.answer), "abc");
                assert_says(&request.error, ERROR_NOT_FOUND, "404: abc");
        }
        assert_int_equal(peer.connections, 1);
}

static void test_a_post_carries_its_body_and_type(void **state)
{
        static const struct script_step steps[] = {
                SEND("HTTP/1.1 201 Made\r\nContent-Length: 8\r\n\r\n{\"ID\":1}"), {STEP_END, NULL, 0}};
        _cleanup_peer_ struct peer peer = {.steps = steps};
        _cleanup_engine_ struct engine *engine = NULL;
        _cleanup_buffer_ struct buffer body = {0};

        peer_start(&peer, false);
        engine = open_peer(&peer);
        assert_int_equal(engine_post(engine, "/networks/create", "{\"Name\":\"n\"}", &body, NULL), 0);
        assert_string_equal(buffer_text(&body), "{\"ID\":1}");
        assert_true(text_starts_with(peer.last_request, "POST /v1.45/networks/create HTTP/1.1\r\n"));
        assert_non_null(strstr(peer.last_request, "\r\nContent-Type: application/json\r\n"));
        assert_non_null(strstr(peer.last_request, "\r\nContent-Length: 12\r\n"));
        assert_non_null(strstr(peer.last_request, "\r\n\r\n{\"Name\":\"n\"}"));
        assert_null(strstr(peer.last_request, "Expect"));
}

static void test_each_method_is_sent_as_itself_on_a_reused_handle(void **state)
{
        static const struct script_step steps[] = {SEND("HTTP/1.1 204 None\r\n\r\n"), {STEP_END, NULL, 0}};
        static const char *const methods[] = {"POST", "DELETE", "GET", "PUT", "HEAD", "POST", "GET"};
        _cleanup_peer_ struct peer peer = {.steps = steps};
        _cleanup_engine_ struct engine *engine = NULL;

        peer_start(&peer, false);
        engine = open_peer(&peer);
        for (size_t i = 0; i < ELEMENTS(methods); i++) {
                _cleanup_request_ struct engine_request request = {.method = methods[i],
                                                                   .path = "/swarm/leave"};
                _cleanup_free_ char *line = text_format("%s /v1.45/swarm/leave HTTP/1.1\r\n", methods[i]);
                bool sends = text_starts_with(methods[i], "P");
                engine_perform(engine, &request, 1);
                assert_int_equal(request.error.kind, ERROR_NONE);
                assert_int_equal(request.status, 204);
                assert_true(text_starts_with(peer.last_request, line));
                assert_int_equal(strstr(peer.last_request, "\r\nContent-Length: 0\r\n") != NULL, sends);
                assert_null(strstr(peer.last_request, "Content-Type"));
        }
        assert_int_equal(engine_delete(engine, "/networks/n", NULL), 0);
        assert_true(text_starts_with(peer.last_request, "DELETE /v1.45/networks/n HTTP/1.1\r\n"));
}

static void test_a_get_on_a_connection_closed_meanwhile_is_sent_again(void **state)
{
        /* the ping is the one request answered on the first connection */
        _cleanup_peer_ struct peer peer = {.steps = STEPS({STEP_ECHO, NULL, 0}), .requests_a_connection = 1};
        _cleanup_engine_ struct engine *engine = NULL;
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_error_ struct error error = {0};

        peer_start(&peer, false);
        engine = open_peer(&peer);
        for (int i = 0; i < 3; i++) {
                assert_int_equal(engine_get(engine, "/info", &body, &error), 0);
                assert_string_equal(buffer_text(&body), "/v1.45/info");
        }
        assert_int_equal(peer.requests, 3);
}

static void test_a_change_is_never_sent_twice(void **state)
{
        _cleanup_peer_ struct peer peer = {.steps = STEPS({STEP_CLOSE, NULL, 0})};
        _cleanup_engine_ struct engine *engine = NULL;
        _cleanup_error_ struct error error = {0};

        peer_start(&peer, false);
        engine = open_peer(&peer);
        assert_int_equal(engine_post(engine, "/services/create", "{}", NULL, &error), -1);
        assert_says(&error, ERROR_PROTOCOL,
                    "closed the connection instead of answering POST /services/create; whether "
                    "it was carried out is not known");
        assert_int_equal(peer.requests, 1);
        assert_int_equal(engine_delete(engine, "/services/s", &error), -1);
        assert_int_equal(peer.requests, 2);
}

static void test_a_change_that_runs_out_of_time_says_that_its_outcome_is_unknown(void **state)
{
        _cleanup_peer_ struct peer peer = {.steps = STEPS({STEP_HANG, NULL, 0})};
        _cleanup_engine_ struct engine *engine = NULL;
        _cleanup_request_ struct engine_request request = {
                .method = "DELETE", .path = "/x", .timeout_ms = SHORT_MS};

        peer_start(&peer, false);
        engine = open_peer(&peer);
        engine_perform(engine, &request, 1);
        assert_says(&request.error, ERROR_TIMEOUT, "whether it was carried out is not known");
        assert_int_equal(request.status, 0);
}

static void test_changes_do_not_pile_up_connections(void **state)
{
        static const struct script_step steps[] = {SEND("HTTP/1.1 204 None\r\n\r\n"), {STEP_END, NULL, 0}};
        _cleanup_peer_ struct peer peer = {.steps = steps};
        _cleanup_engine_ struct engine *engine = NULL;

        peer_start(&peer, false);
        engine = open_peer(&peer);
        int before = dup(0);
        close(before);
        for (int i = 0; i < 100; i++)
                assert_int_equal(engine_delete(engine, "/networks/n", NULL), 0);
        int after = dup(0);
        close(after);
        /* both ends of every connection are in this process */
        assert_true(after - before <= 2 * ENGINE_PARALLEL_MAX + 2);
}

/* --- streams --- */

struct count {
        size_t elements;
        size_t bytes;
        size_t stop_at;
};

static int count_bytes(void *userdata, const char *bytes, size_t length, struct error *error)
{
        struct count *count = userdata;

        count->bytes += length;
        if (count->stop_at && count->bytes >= count->stop_at)
                return error_set(error, ERROR_FAILED, "enough");
        return 0;
}

static int count_element(void *userdata, const struct json_document *element, struct error *error)
{
        struct count *count = userdata;

        count->elements++;
        return 0;
}

static int64_t peak_kb(void)
{
        char line[256];
        long long kb = 0;
        FILE *file = fopen("/proc/self/status", "re");

        while (fgets(line, sizeof(line), file))
                if (text_starts_with(line, "VmHWM:"))
                        kb = strtoll(line + 6, NULL, 10);
        fclose(file);
        return kb;
}

static void test_a_long_stream_does_not_grow_memory(void **state)
{
        enum { MIB = 200 };
        static const struct script_step steps[] = {SEND(OK_HEAD "Connection: close\r\n\r\n"),
                                                   {STEP_FLOOD, NULL, (size_t)MIB << 20},
                                                   {STEP_CLOSE, NULL, 0},
                                                   {STEP_END, NULL, 0}};
        struct count count = {0};
        _cleanup_peer_ struct peer peer = {.steps = steps};
        _cleanup_request_ struct engine_request request = {
                .path = "/x", .sink = count_bytes, .userdata = &count};
        _cleanup_engine_ struct engine *engine = NULL;

        peer_start(&peer, false);
        engine = open_peer(&peer);
        FILE *reset = fopen("/proc/self/clear_refs", "we"); /* 5: the peak starts anew (proc(5)) */
        assert_non_null(reset);
        fputs("5", reset);
        fclose(reset);
        int64_t before_kb = peak_kb();
        engine_perform(engine, &request, 1);
        assert_int_equal(request.error.kind, ERROR_NONE);
        assert_int_equal(count.bytes, (size_t)MIB << 20);
        assert_int_equal(request.answer.length, 0);
        assert_true(peak_kb() - before_kb < 8 * 1024);
}

static void test_a_sink_that_stops_gives_the_request_its_error(void **state)
{
        static const struct script_step steps[] = {SEND(OK_HEAD "Connection: close\r\n\r\n"),
                                                   {STEP_FLOOD, NULL, (size_t)1 << 30},
                                                   {STEP_CLOSE, NULL, 0},
                                                   {STEP_END, NULL, 0}};
        struct count count = {.stop_at = 1 << 20};
        _cleanup_peer_ struct peer peer = {.steps = steps};
        _cleanup_request_ struct engine_request request = {
                .path = "/x", .sink = count_bytes, .userdata = &count};
        _cleanup_engine_ struct engine *engine = NULL;

        peer_start(&peer, false);
        engine = open_peer(&peer);
        engine_perform(engine, &request, 1);
        assert_says(&request.error, ERROR_FAILED, "enough");
        assert_string_equal(request.error.trail, "while reading the answer to GET /x");
        assert_int_equal(request.status, 200);
        assert_true(count.bytes < 2 << 20);
}

static void test_a_refusal_goes_to_the_answer_and_never_to_the_sink(void **state)
{
        static const struct script_step steps[] = {
                SEND("HTTP/1.1 500 No\r\nContent-Length: 17\r\n\r\n{\"message\":\"wai\"}"),
                {STEP_END, NULL, 0}};
        struct count count = {0};
        _cleanup_peer_ struct peer peer = {.steps = steps};
        _cleanup_request_ struct engine_request request = {
                .path = "/x", .sink = count_bytes, .userdata = &count};
        _cleanup_engine_ struct engine *engine = NULL;

        peer_start(&peer, false);
        engine = open_peer(&peer);
        engine_perform(engine, &request, 1);
        assert_int_equal(count.bytes, 0);
        assert_string_equal(buffer_text(&request.answer), "{\"message\":\"wai\"}");
        assert_says(&request.error, ERROR_ENGINE, "500: wai");
}

struct list {
        const char *name;
        struct script_step steps[3];
        size_t elements;
        enum error_kind kind;
};

static const struct list lists[] = {
        {"a list is cut into its elements",
         {SEND(OK_HEAD "Content-Length: 9\r\n\r\n[1,{},[]]")},
         3,
         ERROR_NONE},
        {"a list in many chunks is cut into its elements",
         {SEND(CHUNKED "3\r\n[1,\r\n"
                       "1\r\n2\r\n"),
          {STEP_CHUNKS, "3]", 1}},
         2,
         ERROR_NONE},
        {"Go's null is an empty list", {SEND(OK_HEAD "Content-Length: 4\r\n\r\nnull")}, 0, ERROR_NONE},
        {"broken JSON in a list is an error",
         {SEND(OK_HEAD "Content-Length: 9\r\n\r\n[1,{}x[]]")},
         1,
         ERROR_PROTOCOL},
        {"a list without its bracket is an error",
         {SEND(OK_HEAD "Content-Length: 6\r\n\r\n[1,{},")},
         2,
         ERROR_PROTOCOL},
        {"an object where a list belongs is an error",
         {SEND(OK_HEAD "Content-Length: 2\r\n\r\n{}")},
         0,
         ERROR_PROTOCOL},
        {"a list broken off with a length is an error",
         {SEND(OK_HEAD "Content-Length: 9\r\n\r\n[1,{}"), {STEP_CLOSE, NULL, 0}},
         1,
         ERROR_PROTOCOL},
        {"a list broken off between chunks is an error",
         {SEND(CHUNKED "5\r\n[1,2,\r\n"), {STEP_CLOSE, NULL, 0}},
         2,
         ERROR_PROTOCOL},
        {"a list broken off after its bracket is an error all the same",
         {SEND(CHUNKED "5\r\n[1,2]\r\n"), {STEP_CLOSE, NULL, 0}},
         2,
         ERROR_PROTOCOL},
        {"a refusal instead of a list is the refusal",
         {SEND("HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n[]")},
         0,
         ERROR_NOT_FOUND},
};

static void test_list(void **state)
{
        const struct list *list = *state;
        struct script_step steps[4] = {list->steps[0], list->steps[1], list->steps[2], {STEP_END, NULL, 0}};
        struct count count = {0};
        _cleanup_peer_ struct peer peer = {.steps = steps};
        _cleanup_engine_ struct engine *engine = NULL;
        _cleanup_error_ struct error error = {0};
        struct json_split *split = json_split_new(count_element, &count);
        _cleanup_request_ struct engine_request request = {
                .path = "/tasks", .sink = engine_list_sink, .userdata = split};

        peer_start(&peer, false);
        engine = open_peer(&peer);
        engine_perform(engine, &request, 1);
        int result = engine_list_end(&request, &error);
        json_split_free(split);
        assert_int_equal(error.kind, list->kind);
        assert_int_equal(result, list->kind == ERROR_NONE ? 0 : -1);
        if (list->kind == ERROR_NONE)
                assert_int_equal(count.elements, list->elements);
}

/* --- what holds for every implementation of the seam --- */

static void perform_conflict(struct engine *engine, struct engine_request *requests, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                requests[i].status = 409;
                buffer_add_text(&requests[i].answer, "{\"message\":\"network n has active endpoints\"}");
        }
}

static void test_refusals_read_the_same_from_every_implementation(void **state)
{
        static const struct engine_operations operations = {.perform = perform_conflict};
        struct engine engine = {.operations = &operations, .description = (char *)"simulated"};
        _cleanup_error_ struct error error = {0};

        assert_int_equal(engine_delete(&engine, "/networks/n", &error), -1);
        assert_says(&error, ERROR_CONFLICT,
                    "the engine answers DELETE /networks/n with 409: network n has active endpoints");
}

static void test_components_are_percent_encoded(void **state)
{
        _cleanup_free_ char *encoded = engine_encode("a-Z_0.9~ /?&\"{}%\xc3\xa9");
        _cleanup_free_ char *empty = engine_encode("");

        assert_string_equal(encoded, "a-Z_0.9~%20%2F%3F%26%22%7B%7D%25%C3%A9");
        assert_string_equal(empty, "");
}

/* --- TLS, by the openssl program --- */

struct tls_peer {
        char folder[64];
        pid_t pid;
        FILE *said; /* open as long as s_server lives: it would die of writing to a closed pipe */
        int port;
};

static int run(const char *folder, const char *command)
{
        _cleanup_free_ char *line = text_format("cd %s && { %s; } >/dev/null 2>&1", folder, command);

        return system(line); // NOLINT(cert-env33-c): a test with fixed words
}

static bool tls_make_certificates(const char *folder)
{
        return run(folder, "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca.key "
                           "-out ca.pem && "
                           "for n in server cert; do "
                           "openssl req -newkey rsa:2048 -nodes -subj /CN=$n -keyout $n.key -out $n.csr && "
                           "printf 'subjectAltName=IP:127.0.0.1' >ext && "
                           "openssl x509 -req -in $n.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
                           "-extfile ext "
                           "-out $n.pem; done && "
                           "printf 'HTTP/1.1 200 OK\\r\\nApi-Version: 1.45\\r\\nContent-Length: "
                           "2\\r\\n\\r\\nOK' >_ping && "
                           "mkdir v1.45 && printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}' "
                           ">v1.45/info") == 0;
}

/* s_server picks a free port and says which; with -HTTP it sends files as they are. */
static bool tls_start(struct tls_peer *peer)
{
        int out[2];
        char line[256];

        strcpy(peer->folder, "/tmp/headroom-tls.XXXXXX");
        if (!mkdtemp(peer->folder) || !tls_make_certificates(peer->folder) || pipe(out) < 0)
                return false;
        peer->pid = fork();
        if (peer->pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failing test does not reach its end */
                dup2(out[1], 1);
                dup2(out[1], 2);
                close(out[0]);
                if (chdir(peer->folder) == 0)
                        execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-HTTP", "-cert",
                               "server.pem", "-key", "server.key", "-CAfile", "ca.pem", "-Verify", "1",
                               "-verify_return_error", (char *)NULL);
                _exit(127);
        }
        close(out[1]);
        peer->said = fdopen(out[0], "re");
        while (!peer->port && fgets(line, sizeof(line), peer->said))
                if (text_starts_with(line, "ACCEPT "))
                        peer->port = (int)strtol(strrchr(line, ':') + 1, NULL, 10);
        return peer->port > 0;
}

static void tls_stop(struct tls_peer *peer)
{
        if (peer->pid > 0) {
                kill(peer->pid, SIGKILL);
                waitpid(peer->pid, NULL, 0);
        }
        if (peer->said)
                fclose(peer->said);
        _cleanup_free_ char *command = text_format("rm -rf %s", peer->folder);
        run("/", command);
}

static void test_tls_is_spoken_with_certificates_of_both_sides(void **state)
{
        _cleanup_(tls_stop) struct tls_peer peer = {.folder = ""};
        _cleanup_engine_ struct engine *engine = NULL;
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_error_ struct error error = {0};

        if (!tls_start(&peer))
                skip();
        _cleanup_free_ char *host = text_format("tcp://127.0.0.1:%d", peer.port);
        _cleanup_free_ char *ca = text_format("%s/ca.pem", peer.folder);
        _cleanup_free_ char *certificate = text_format("%s/cert.pem", peer.folder);
        _cleanup_free_ char *key = text_format("%s/cert.key", peer.folder);
        struct engine_address address = {.host = host,
                                         .tls = true,
                                         .tls_verify = true,
                                         .ca_path = ca,
                                         .certificate_path = certificate,
                                         .key_path = key};
        if (engine_open(&address, &engine, &error) < 0)
                fail_msg("%s", error.sentence);
        assert_int_equal(engine_get(engine, "/info", &body, &error), 0);
        assert_string_equal(buffer_text(&body), "{}");
        engine = engine_free(engine); /* s_server serves one connection at a time */

        address.ca_path = certificate; /* a peer whose certificate no given authority has signed */
        struct engine *other = NULL;
        assert_int_equal(engine_open(&address, &other, &error), -1);
        assert_says(&error, ERROR_UNREACHABLE, "TLS fails: ");
        address.ca_path = NULL;
        assert_int_equal(engine_open(&address, &other, &error), -1);
        assert_says(&error, ERROR_UNREACHABLE, "TLS fails: ");
        address.tls_verify = false; /* asked for by DOCKER_TLS or SkipTLSVerify */
        assert_int_equal(engine_open(&address, &other, &error), 0);
        engine_free(other);
}

#define ROW_TEST(function, row)                                                                              \
        {                                                                                                    \
                (row)->name, function, NULL, NULL, (void *)(row)                                             \
        }

int main(void)
{
        static const struct CMUnitTest single[] = {
                cmocka_unit_test(test_a_long_stream_does_not_grow_memory),
                cmocka_unit_test(test_a_body_beyond_the_bound_is_refused),
                cmocka_unit_test(test_a_missing_socket_is_named_with_a_next_step),
                cmocka_unit_test(test_a_stale_socket_is_told_from_a_missing_one),
                cmocka_unit_test(test_a_socket_without_rights_names_the_group_to_join),
                cmocka_unit_test(test_a_closed_tcp_port_is_unreachable),
                cmocka_unit_test(test_an_engine_behind_an_unknown_scheme_is_refused),
                cmocka_unit_test(test_proxies_of_the_environment_are_not_used),
                cmocka_unit_test(test_many_parallel_requests_are_all_answered_in_their_places),
                cmocka_unit_test(test_one_failing_request_leaves_its_neighbours_alone),
                cmocka_unit_test(test_requests_can_be_performed_again),
                cmocka_unit_test(test_a_post_carries_its_body_and_type),
                cmocka_unit_test(test_each_method_is_sent_as_itself_on_a_reused_handle),
                cmocka_unit_test(test_a_get_on_a_connection_closed_meanwhile_is_sent_again),
                cmocka_unit_test(test_a_change_is_never_sent_twice),
                cmocka_unit_test(test_a_change_that_runs_out_of_time_says_that_its_outcome_is_unknown),
                cmocka_unit_test(test_changes_do_not_pile_up_connections),
                cmocka_unit_test(test_a_sink_that_stops_gives_the_request_its_error),
                cmocka_unit_test(test_a_refusal_goes_to_the_answer_and_never_to_the_sink),
                cmocka_unit_test(test_refusals_read_the_same_from_every_implementation),
                cmocka_unit_test(test_components_are_percent_encoded),
                cmocka_unit_test(test_tls_is_spoken_with_certificates_of_both_sides),
        };
        struct CMUnitTest tests[ELEMENTS(single) + ELEMENTS(failures) + ELEMENTS(versions) + ELEMENTS(lists)];
        size_t count = 0;

        memcpy(tests, single, sizeof(single));
        count += ELEMENTS(single);
        for (size_t i = 0; i < ELEMENTS(failures); i++)
                tests[count++] = (struct CMUnitTest)ROW_TEST(test_failure, &failures[i]);
        for (size_t i = 0; i < ELEMENTS(versions); i++)
                tests[count++] = (struct CMUnitTest)ROW_TEST(test_version, &versions[i]);
        for (size_t i = 0; i < ELEMENTS(lists); i++)
                tests[count++] = (struct CMUnitTest)ROW_TEST(test_list, &lists[i]);
        return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
