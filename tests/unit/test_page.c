/* What asking a page brings back from every kind of server, well-behaved or not. */

#include "scripted_peer.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "host/page.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

#define SHORT_MS 250
#define LONG_MS  20000 /* nothing here takes as long */
#define SLACK_MS 5000  /* how late a bound may come on a busy machine and still count as a bound */

#define HTML(status)                                                                                         \
        "HTTP/1.1 " status "\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n\r\n"
#define STEPS(...) ((const struct script_step[]){__VA_ARGS__, {STEP_END, NULL, 0}})
#define SEND(text)                                                                                           \
        {                                                                                                    \
                STEP_SEND, text, 0                                                                           \
        }
#define CLOSE                                                                                                \
        {                                                                                                    \
                STEP_CLOSE, NULL, 0                                                                          \
        }

static const char *authority(const struct peer *peer)
{
        return peer->host + strlen("tcp://");
}

static struct page_answer ask(const char *url, const char *at, int64_t timeout_ms)
{
        struct page_request request = {url, at};
        struct page_answer answer;
        struct error error = {0};

        if (pages_ask(&request, 1, timeout_ms, &answer, &error) < 0)
                fail_msg("%s", error.sentence);
        return answer;
}

static struct page_answer ask_peer(const struct peer *peer, int64_t timeout_ms)
{
        return ask("http://drone.example.org/", authority(peer), timeout_ms);
}

/* --- one answer of each kind --- */

struct kind {
        const char *name;
        struct script_step steps[4];
        int64_t timeout_ms;
        uint64_t status;
        uint64_t length;
        const char *title;   /* NULL: none */
        const char *failure; /* words of it; NULL: none */
};

static const struct kind kinds[] = {
        {"a page with a title",
         {SEND(HTML("200 OK") "<html><head><title>Drone</title></head></html>"), CLOSE},
         LONG_MS,
         200,
         46,
         "Drone",
         NULL},
        {"an empty page", {SEND("HTTP/1.1 204 No Content\r\n\r\n"), CLOSE}, LONG_MS, 204, 0, NULL, NULL},
        {"an error page is an answer",
         {SEND(HTML("502 Bad Gateway") "<title>502</title>"), CLOSE},
         LONG_MS,
         502,
         18,
         "502",
         NULL},
        {"a redirect is an answer, and not followed",
         {SEND("HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"), CLOSE},
         LONG_MS,
         301,
         0,
         NULL,
         NULL},
        {"what is not HTML has no title",
         {SEND("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n"
               "{\"x\":\"<title>a</title>"),
          CLOSE},
         LONG_MS,
         200,
         22,
         NULL,
         NULL},
        {"a body larger than its bound is cut",
         {SEND(HTML("200 OK") "<title>Huge</title>"), {STEP_FLOOD, NULL, 64 << 20}, CLOSE},
         LONG_MS,
         200,
         PAGE_BYTES_MAX,
         "Huge",
         NULL},
        {"a title behind its bound is not seen",
         {SEND(HTML("200 OK")), {STEP_FLOOD, NULL, PAGE_TITLE_BYTES_MAX}, SEND("<title>late</title>"), CLOSE},
         LONG_MS,
         200,
         PAGE_TITLE_BYTES_MAX + 19,
         NULL,
         NULL},
        {"a page whose body hangs has answered",
         {SEND(HTML("200 OK") "<title>Events</title>"), {STEP_HANG, NULL, 0}},
         SHORT_MS,
         200,
         21,
         "Events",
         NULL},
        {"a server that accepts and never answers",
         {{STEP_HANG, NULL, 0}},
         SHORT_MS,
         0,
         0,
         NULL,
         "the connection is accepted, but there is no answer in 250 ms"},
        {"a server whose headers never end",
         {SEND("HTTP/1.1 200 OK\r\n"), {STEP_TRICKLE, "X-Y: z\r\n", 0}},
         SHORT_MS,
         0,
         0,
         NULL,
         "there is no answer in 250 ms"},
        {"a server whose headers are too many",
         {SEND("HTTP/1.1 200 OK\r\n"), {STEP_REPEAT, "X-Header: abcdefghijklmnop\r\n", 100000}, CLOSE},
         LONG_MS,
         0,
         0,
         NULL,
         "more than 65536 bytes of headers"},
        {"a server that closes at once", {CLOSE}, LONG_MS, 0, 0, NULL, "closed without an answer"},
        {"a server that does not speak HTTP",
         {SEND("SSH-2.0-OpenSSH_9.2\r\n"), CLOSE},
         LONG_MS,
         0,
         0,
         NULL,
         "does not speak HTTP"},
        {"an answer that breaks off",
         {SEND("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), CLOSE},
         LONG_MS,
         0,
         0,
         NULL,
         "breaks off after 4 bytes"},
};

static void test_each_kind_of_answer_is_told_for_what_it_is(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS(kinds); i++) {
                const struct kind *kind = &kinds[i];
                _cleanup_peer_ struct peer peer = {.steps = kind->steps};
                peer_start(&peer, true);
                _cleanup_(page_answer_done) struct page_answer answer = ask_peer(&peer, kind->timeout_ms);
                if (answer.status != kind->status || answer.length != kind->length ||
                    !text_equal(answer.title, kind->title) || !answer.connected ||
                    !answer.failure != !kind->failure ||
                    (kind->failure && !strstr(answer.failure, kind->failure)))
                        fail_msg("%s: %lu, %lu bytes, title %s, failure %s", kind->name,
                                 (unsigned long)answer.status, (unsigned long)answer.length, answer.title,
                                 answer.failure);
        }
}

static void test_a_page_that_streams_for_ever_is_bounded_in_time(void **state)
{
        (void)state;
        _cleanup_peer_ struct peer peer = {
                .steps = STEPS(SEND(HTML("200 OK") "<title>Log</title>"), {STEP_TRICKLE, "line\n", 0})};
        int64_t start_ms = clock_now_ms();

        peer_start(&peer, true);
        _cleanup_(page_answer_done) struct page_answer answer = ask_peer(&peer, SHORT_MS);
        assert_true(clock_now_ms() - start_ms < SHORT_MS + SLACK_MS);
        assert_int_equal(answer.status, 200);
        assert_string_equal(answer.title, "Log");
        assert_true(answer.length >= 18 && answer.length < 200);
        assert_null(answer.failure);
}

static void test_a_refused_connection_is_a_failure_that_names_where(void **state)
{
        (void)state;
        _cleanup_(page_answer_done) struct page_answer answer = ask("http://a/", "127.0.0.1:1", LONG_MS);

        assert_int_equal(answer.status, 0);
        assert_false(answer.connected);
        assert_string_equal(answer.failure, "no connection is accepted at 127.0.0.1:1");
}

static void test_a_name_that_is_none_is_a_failure(void **state)
{
        (void)state;
        _cleanup_(page_answer_done) struct page_answer answer = ask("http://a..invalid/", NULL, LONG_MS);

        assert_false(answer.connected);
        assert_non_null(answer.failure);
}

static void test_other_protocols_are_not_spoken(void **state)
{
        (void)state;
        _cleanup_(page_answer_done) struct page_answer answer = ask("file:///etc/passwd", NULL, LONG_MS);

        assert_int_equal(answer.length, 0);
        assert_false(answer.connected);
        assert_non_null(answer.failure);
}

/* --- what is asked --- */

static void test_the_host_is_named_and_the_connection_made_elsewhere(void **state)
{
        (void)state;
        _cleanup_peer_ struct peer peer = {.steps = STEPS(SEND(HTML("200 OK")), CLOSE)};

        peer_start(&peer, true);
        _cleanup_(page_answer_done) struct page_answer answer =
                ask("http://drone.example.org/x?y=1", authority(&peer), LONG_MS);
        assert_int_equal(answer.status, 200);
        assert_true(text_starts_with(peer.last_request, "GET /x?y=1 HTTP/1.1\r\n"));
        assert_non_null(strstr(peer.last_request, "\r\nHost: drone.example.org\r\n"));
        assert_null(strstr(peer.last_request, "Authorization"));
        assert_null(strstr(peer.last_request, "Cookie"));
}

static void test_proxies_of_the_environment_take_no_part(void **state)
{
        (void)state;
        _cleanup_peer_ struct peer peer = {.steps = STEPS(SEND(HTML("200 OK")), CLOSE)};
        _cleanup_free_ char *url = NULL;

        peer_start(&peer, true);
        url = text_format("http://%s/", authority(&peer));
        setenv("http_proxy", "http://127.0.0.1:1", 1);
        setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
        _cleanup_(page_answer_done) struct page_answer answer = ask(url, NULL, LONG_MS);
        unsetenv("http_proxy");
        unsetenv("ALL_PROXY");
        assert_int_equal(answer.status, 200);
}

static void test_a_port_is_asked_for_nothing_but_a_connection(void **state)
{
        (void)state;
        _cleanup_peer_ struct peer peer = {.steps = STEPS({STEP_HANG, NULL, 0})};
        _cleanup_free_ char *url = NULL;

        peer_start(&peer, true);
        url = text_format("tcp://%s", authority(&peer));
        _cleanup_(page_answer_done) struct page_answer answer = ask(url, NULL, LONG_MS);
        assert_true(answer.connected);
        assert_null(answer.failure);
        assert_int_equal(answer.status, 0);
        assert_int_equal(peer.requests, 0);
        _cleanup_(page_answer_done) struct page_answer refused = ask("tcp://127.0.0.1:1", NULL, LONG_MS);
        assert_false(refused.connected);
        assert_non_null(refused.failure);
}

/* --- many --- */

static void test_many_pages_are_asked_at_once_and_each_has_its_own_answer(void **state)
{
        (void)state;
        enum { COUNT = 4 * PAGES_PARALLEL_MAX + 3 };
        _cleanup_peer_ struct peer peer = {.steps = STEPS({STEP_ECHO, NULL, 0})};
        struct page_request requests[COUNT];
        struct page_answer answers[COUNT];
        char *urls[COUNT];

        peer_start(&peer, true);
        for (int i = 0; i < COUNT; i++) {
                urls[i] = text_format("http://a/%0*d", i, 0); /* a path of its own length */
                requests[i] = (struct page_request){urls[i], authority(&peer)};
        }
        assert_int_equal(pages_ask(requests, COUNT, LONG_MS, answers, NULL), 0);
        for (int i = 0; i < COUNT; i++) {
                assert_int_equal(answers[i].status, 200);
                assert_int_equal(answers[i].length, strlen(urls[i]) - strlen("http://a"));
                page_answer_done(&answers[i]);
                free(urls[i]);
        }
        assert_int_equal(peer.requests, COUNT);
}

/* As many as there are connections wait together: a hanging page costs the others no time. */
static void test_hanging_pages_wait_together(void **state)
{
        (void)state;
        enum { COUNT = PAGES_PARALLEL_MAX, TIMEOUT_MS = 1000 };
        _cleanup_peer_ struct peer peer = {.steps = STEPS({STEP_HANG, NULL, 0})};
        struct page_request requests[COUNT];
        struct page_answer answers[COUNT];
        int64_t start_ms = clock_now_ms();

        peer_start(&peer, true);
        for (int i = 0; i < COUNT; i++)
                requests[i] = (struct page_request){"http://a/", authority(&peer)};
        assert_int_equal(pages_ask(requests, COUNT, TIMEOUT_MS, answers, NULL), 0);
        assert_true(clock_now_ms() - start_ms < TIMEOUT_MS + SLACK_MS);
        for (int i = 0; i < COUNT; i++) {
                assert_non_null(answers[i].failure);
                page_answer_done(&answers[i]);
        }
}

static void test_asking_no_page_is_no_failure(void **state)
{
        (void)state;
        assert_int_equal(pages_ask(NULL, 0, SHORT_MS, NULL, NULL), 0);
}

/* --- titles --- */

static const struct {
        const char *page;
        const char *title; /* NULL: none */
} titles[] = {
        {"<title>Drone</title>", "Drone"},
        {"<!doctype html><HTML><HEAD><TITLE lang='en'\n>Drone CI</TITLE >", "Drone CI"},
        {"<title>\n   a\t\r\n b&nbsp;&nbsp;c  </title>", "a b c"},
        {"<title>a &amp; b &lt;c&gt; &quot;d&quot; &#39;e&#x27; &ndash; &#8211;</title>",
         "a & b <c> \"d\" 'e' \u2013 \u2013"},
        {"<title>&unknown; &; & &#; &#x; &#xzz; &#1114112; &amp</title>",
         "&unknown; &; & &#; &#x; &#xzz; &#1114112; &amp"},
        {"<title>&amp;lt;</title>", "&lt;"}, /* once, not twice */
        {"<title>a&#0;&#27;[31mb&#x9b;1m&#xD800;&#x202e;c</title>", "a[31mb1mc"},
        {"<title>a\033]0;own\007b\177c</title>", "a]0;ownbc"},
        {"<title>\u202eevil\u2066\u200b\ufeff</title>", "evil"},
        {"<title>\xff\xfe"
         "a\xc3\x28\xe2\x82</title>",
         "a("},
        {"<title>\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80x</title>", "x"}, /* overlong, surrogate, out of range */
        {"<title>na\u00efve \u65e5\u672c \U0001f680</title>", "na\u00efve \u65e5\u672c \U0001f680"},
        {"<title>a < b</title>", "a < b"},
        {"<title>never closed<meta charset=x><body>more", "never closed"},
        {"<title>never closed", "never closed"},
        {"<!-- <title>old</title> --><title>new</title>", "new"},
        {"<!-- <title>old</title>", NULL},
        {"<titles>no</titles>", NULL},
        {"<title", NULL},
        {"<title ", NULL},
        {"<title></title>", NULL},
        {"<title> \n&nbsp;</title>", NULL},
        {"<<title>x</title>", "x"},
        {"plain text", NULL},
        {"", NULL},
};

static void test_titles_are_one_line_of_printable_text(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS(titles); i++) {
                /* An exact copy, so that a sanitizer sees a byte too far. */
                size_t length = strlen(titles[i].page);
                _cleanup_free_ char *page = memory_new(length + !length, 1);
                memcpy(page, titles[i].page, length);
                _cleanup_free_ char *title = page_title(page, length);
                if (!text_equal(title, titles[i].title))
                        fail_msg("%s: %s", titles[i].page, title);
        }
}

static void test_a_huge_title_is_cut_between_characters(void **state)
{
        (void)state;
        struct buffer page = {0};

        buffer_add_text(&page, "<title>");
        for (int i = 0; i < 5000; i++)
                buffer_add_text(&page, "\u00e4 ");
        _cleanup_free_ char *title = page_title(page.bytes, page.length);
        /* The last character would be a blank, which is never the end. */
        assert_int_equal(strlen(title), (PAGE_TITLE_MAX / 2) * 3 - 1);
        buffer_done(&page);
}

static void test_any_bytes_give_a_printable_title_or_none(void **state)
{
        (void)state;
        unsigned seed = (unsigned)clock_wall_ms();
        static const char *const pieces[] = {"<title>",  "</title>",     "<!--",  "-->", "&#x", "&amp;", ";",
                                             "\xf0\x9f", "\xe2\x80\xae", "\033[", "<",   ">",   "a"};

        print_message("seed %u\n", seed);
        for (int round = 0; round < 20000; round++) {
                _cleanup_buffer_ struct buffer page = {0};
                for (int i = rand_r(&seed) % 24; i > 0; i--) {
                        char byte = (char)rand_r(&seed);
                        if (rand_r(&seed) % 3)
                                buffer_add_text(&page, pieces[(size_t)rand_r(&seed) % ELEMENTS(pieces)]);
                        else
                                buffer_add(&page, &byte, 1);
                }
                _cleanup_free_ char *title = page_title(page.bytes, page.length);
                for (const char *p = title; p && *p; p++)
                        assert_true((unsigned char)*p >= ' ' && *p != 0x7f);
                assert_false(title && strstr(title, "\u202e"));
        }
}

/* --- TLS, by the openssl program --- */

struct tls_server {
        char folder[64];
        pid_t process;
        int said; /* open as long as s_server lives: it would die of writing to a closed pipe */
        char *at;
};

static bool run(const char *folder, const char *command)
{
        _cleanup_free_ char *line = text_format("cd %s && { %s; } >/dev/null 2>&1", folder, command);

        return system(line) == 0; // NOLINT(cert-env33-c): the test's own words
}

/* Reads "ACCEPT 127.0.0.1:port", which s_server says when it is ready. */
static char *read_address(int fd)
{
        _cleanup_buffer_ struct buffer said = {0};
        char block[256];
        ssize_t got;

        while ((got = read(fd, block, sizeof(block))) > 0) {
                buffer_add(&said, block, (size_t)got);
                const char *at = strstr(said.bytes, "ACCEPT ");
                if (at && strchr(at, '\n'))
                        return text_format("%.*s", (int)strcspn(at + 7, "\n"), at + 7);
        }
        return NULL;
}

static bool tls_start(struct tls_server *server)
{
        int out[2];

        strcpy(server->folder, "/tmp/headroom-page.XXXXXX");
        if (!mkdtemp(server->folder) || pipe(out) < 0 ||
            !run(server->folder, "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=else -keyout "
                                 "key.pem -out cert.pem"))
                return false;
        server->process = fork();
        if (server->process == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (chdir(server->folder) == 0 && dup2(out[1], STDOUT_FILENO) >= 0)
                        execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-cert",
                               "cert.pem", "-key", "key.pem", NULL);
                _exit(127);
        }
        close(out[1]);
        server->said = out[0];
        server->at = read_address(out[0]);
        return server->at;
}

static void tls_stop(struct tls_server *server)
{
        if (server->process > 0) {
                kill(server->process, SIGKILL);
                waitpid(server->process, NULL, 0);
                close(server->said);
        }
        run(server->folder, "rm -f key.pem cert.pem");
        rmdir(server->folder);
        free(server->at);
}

static void test_a_certificate_counts_where_the_operator_asks_and_not_at_the_local_edge(void **state)
{
        (void)state;
        _cleanup_(tls_stop) struct tls_server server = {.folder = ""};

        if (!tls_start(&server))
                fail_msg("openssl s_server does not start");
        _cleanup_free_ char *url = text_format("https://%s/", server.at);
        _cleanup_(page_answer_done) struct page_answer strict = ask(url, NULL, LONG_MS);
        assert_non_null(strict.failure);
        assert_non_null(strstr(strict.failure, "its certificate is not valid"));
        _cleanup_(page_answer_done) struct page_answer edge =
                ask("https://drone.example.org/", server.at, LONG_MS);
        assert_null(edge.failure);
        assert_int_equal(edge.status, 200);
}

/* In a process of its own, below whose /etc/ssl/certs there is nothing. */
static int ask_without_authorities(const char *url)
{
        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("tmpfs", "/etc/ssl/certs", "tmpfs", 0, "size=64k") < 0)
                return errno == EPERM || errno == EINVAL ? 77 : 1;
        _cleanup_(page_answer_done) struct page_answer answer = ask(url, NULL, LONG_MS);
        return answer.failure && strstr(answer.failure, "this machine knows no authorities") ? 0 : 2;
}

static void test_a_machine_without_authorities_is_told_for_what_it_is(void **state)
{
        _cleanup_(tls_stop) struct tls_server server = {.folder = ""};
        int status = 0;

        (void)state;
        if (!tls_start(&server))
                fail_msg("openssl s_server does not start");
        _cleanup_free_ char *url = text_format("https://%s/", server.at);
        pid_t child = fork();
        if (child == 0)
                _exit(ask_without_authorities(url));
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) != 77) /* who may mount nothing can't have such a machine */
                assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_kind_of_answer_is_told_for_what_it_is),
                cmocka_unit_test(test_a_page_that_streams_for_ever_is_bounded_in_time),
                cmocka_unit_test(test_a_refused_connection_is_a_failure_that_names_where),
                cmocka_unit_test(test_a_name_that_is_none_is_a_failure),
                cmocka_unit_test(test_other_protocols_are_not_spoken),
                cmocka_unit_test(test_the_host_is_named_and_the_connection_made_elsewhere),
                cmocka_unit_test(test_proxies_of_the_environment_take_no_part),
                cmocka_unit_test(test_a_port_is_asked_for_nothing_but_a_connection),
                cmocka_unit_test(test_many_pages_are_asked_at_once_and_each_has_its_own_answer),
                cmocka_unit_test(test_hanging_pages_wait_together),
                cmocka_unit_test(test_asking_no_page_is_no_failure),
                cmocka_unit_test(test_titles_are_one_line_of_printable_text),
                cmocka_unit_test(test_a_huge_title_is_cut_between_characters),
                cmocka_unit_test(test_any_bytes_give_a_printable_title_or_none),
                cmocka_unit_test(test_a_machine_without_authorities_is_told_for_what_it_is),
                cmocka_unit_test(test_a_certificate_counts_where_the_operator_asks_and_not_at_the_local_edge),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
