/*
 * One curl multi handle carries up to PAGES_PARALLEL_MAX transfers; when one ends, the next waiting request
 * takes its place, so that a request's time runs from when it is really sent. Every transfer is bounded by
 * its timeout, and its body by PAGE_BYTES_MAX, at which it is ended from within; so the loop ends. Of a body
 * only the part is kept in which a title is looked for, and only while its transfer goes on.
 *
 * Each request has a connection of its own, as the question is whether one can be made.
 */

#include "host/page.h"

#include "base/buffer.h"

#include <curl/curl.h>
#include <inttypes.h>

#define HEADER_BYTES_MAX ((size_t)64 << 10)
#define POLL_MS          1000 /* curl_multi_poll wakes by itself for its own timers */
#define FAILURE_TEXT_MAX 300

#ifndef HEADROOM_VERSION
#define HEADROOM_VERSION "0"
#endif

/* One transfer under way. */
struct asking {
        const struct page_request *request;
        struct page_answer *answer;
        int64_t timeout_ms;
        CURL *easy; /* NULL: the slot is free */
        struct curl_slist *connect_to;
        struct buffer head; /* the beginning of the body */
        uint64_t length;
        size_t header_bytes;
        bool headers_ended; /* with the empty line; those before the final ones too */
        char reason[CURL_ERROR_SIZE];
};

void page_answer_done(struct page_answer *answer)
{
        free(answer->title);
        free(answer->failure);
        *answer = (struct page_answer){0};
}

static size_t on_header(char *bytes, size_t size, size_t count, void *userdata)
{
        struct asking *asking = userdata;
        size_t length = size * count;

        asking->header_bytes += length;
        asking->headers_ended = length && (bytes[0] == '\r' || bytes[0] == '\n');
        return asking->header_bytes <= HEADER_BYTES_MAX ? length : 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *userdata)
{
        struct asking *asking = userdata;
        uint64_t taken = MIN((uint64_t)(size * count), PAGE_BYTES_MAX - asking->length);

        buffer_add(&asking->head, bytes, MIN(taken, PAGE_TITLE_BYTES_MAX - asking->head.length));
        asking->length += taken;
        return asking->length < PAGE_BYTES_MAX ? size * count : CURL_WRITEFUNC_ERROR;
}

static bool is_port(const char *url)
{
        return text_starts_with(url, "tcp://");
}

/* Whether the operator asks for the page where it is, or a plan asks for it at this host's edge. */
static void set_target(struct asking *asking)
{
        const struct page_request *request = asking->request;
        CURL *easy = asking->easy;

        if (is_port(request->url)) {
                _cleanup_free_ char *url = text_format("http://%s", request->url + strlen("tcp://"));
                curl_easy_setopt(easy, CURLOPT_URL, url);
                curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
        } else {
                curl_easy_setopt(easy, CURLOPT_URL, request->url);
        }
        if (!request->at)
                return;
        _cleanup_free_ char *to = text_format("::%s", request->at);
        asking->connect_to = curl_slist_append(NULL, to);
        if (!asking->connect_to)
                abort(); /* out of memory, see text.h */
        curl_easy_setopt(easy, CURLOPT_CONNECT_TO, asking->connect_to);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
}

static void set_limits(struct asking *asking)
{
        CURL *easy = asking->easy;

        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        /* A resolver that does not answer must not keep its caller past the timeout. */
        curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        curl_easy_setopt(easy, CURLOPT_USERAGENT, "headroom/" HEADROOM_VERSION);
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)asking->timeout_ms);
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)asking->timeout_ms);
}

static void set_sinks(struct asking *asking)
{
        CURL *easy = asking->easy;

        curl_easy_setopt(easy, CURLOPT_PRIVATE, asking);
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, asking->reason);
        curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(easy, CURLOPT_HEADERDATA, asking);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, asking);
}

static void asking_start(struct asking *asking, CURLM *multi)
{
        asking->easy = curl_easy_init();
        if (!asking->easy)
                abort(); /* out of memory, see text.h */
        set_limits(asking);
        set_sinks(asking);
        set_target(asking);
        if (curl_multi_add_handle(multi, asking->easy) != CURLM_OK)
                abort(); /* a new handle is refused for want of memory only */
}

static void asking_end(struct asking *asking, CURLM *multi)
{
        if (asking->easy) {
                curl_multi_remove_handle(multi, asking->easy);
                curl_easy_cleanup(asking->easy);
        }
        curl_slist_free_all(asking->connect_to);
        buffer_done(&asking->head);
        *asking = (struct asking){0};
}

/* What happened, in a sentence that follows on the URL. Texts of the other side may be in curl's reason. */
static char *describe(const struct asking *asking, CURLcode code, bool connected)
{
        const char *reason = asking->reason[0] ? asking->reason : curl_easy_strerror(code);
        const char *at = asking->request->at;

        switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
                return text_copy("its name can't be resolved");
        case CURLE_COULDNT_CONNECT:
                return text_format("no connection is accepted%s%s", at ? " at " : "", at ? at : "");
        case CURLE_OPERATION_TIMEDOUT:
                return text_format("%s in %" PRId64 " ms",
                                   connected ? "the connection is accepted, but there is no answer"
                                             : "there is no connection",
                                   asking->timeout_ms);
        case CURLE_GOT_NOTHING:
                return text_copy("the connection is closed without an answer");
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_WEIRD_SERVER_REPLY:
                return text_copy("what answers does not speak HTTP");
        case CURLE_PEER_FAILED_VERIFICATION:
                return text_format("its certificate is not valid: %s", reason);
        case CURLE_SSL_CACERT_BADFILE:
                return text_format("its certificate can't be judged, because this machine knows no "
                                   "authorities (Debian: ca-certificates): %s",
                                   reason);
        case CURLE_PARTIAL_FILE:
                return text_format("the answer breaks off after %" PRIu64 " bytes", asking->length);
        case CURLE_WRITE_ERROR:
                return text_format("the answer has more than %zu bytes of headers", HEADER_BYTES_MAX);
        default:
                return text_copy(reason);
        }
}

/* A body that was cut here, or had no end in the time there is, belongs to an answer all the same. */
static bool is_answer(const struct asking *asking, CURLcode code, uint64_t status)
{
        return code == CURLE_OK || (code == CURLE_WRITE_ERROR && asking->length >= PAGE_BYTES_MAX) ||
               (code == CURLE_OPERATION_TIMEDOUT && status >= 200 && asking->headers_ended);
}

static bool is_html(CURL *easy)
{
        const char *type = NULL;

        curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
        return !type || strcasestr(type, "html");
}

static void take_answer(struct asking *asking, CURLcode code)
{
        struct page_answer *answer = asking->answer;
        curl_off_t connect_us = 0;
        long status = 0;

        curl_easy_getinfo(asking->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(asking->easy, CURLINFO_CONNECT_TIME_T, &connect_us);
        answer->connected = code == CURLE_OK || status || connect_us > 0;
        if (!is_answer(asking, code, (uint64_t)status)) {
                _cleanup_free_ char *failure = describe(asking, code, answer->connected);
                answer->failure = page_text(failure, strlen(failure));
                return;
        }
        answer->status = (uint64_t)status;
        answer->length = asking->length;
        if (is_html(asking->easy))
                answer->title = page_title(buffer_text(&asking->head), asking->head.length);
}

/* The requests of one call that have not been started yet, and those under way. */
struct queue {
        const struct page_request *requests;
        struct page_answer *answers;
        size_t count;
        size_t next;
        size_t active;
        int64_t timeout_ms;
        CURLM *multi;
        struct asking slots[PAGES_PARALLEL_MAX];
};

static void feed(struct queue *queue, struct asking *asking)
{
        if (queue->next == queue->count)
                return;
        *asking = (struct asking){.request = &queue->requests[queue->next],
                                  .answer = &queue->answers[queue->next],
                                  .timeout_ms = queue->timeout_ms};
        queue->next++;
        queue->active++;
        asking_start(asking, queue->multi);
}

/* Ends what has ended and starts what waits; whether anything had ended. */
static bool reap(struct queue *queue)
{
        const CURLMsg *message;
        bool any = false;
        int left;

        while ((message = curl_multi_info_read(queue->multi, &left))) {
                struct asking *asking = NULL;
                CURLcode code = message->data.result; /* the message dies with remove_handle */
                curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &asking);
                take_answer(asking, code);
                asking_end(asking, queue->multi);
                queue->active--;
                feed(queue, asking);
                any = true;
        }
        return any;
}

static CURLMcode perform(struct queue *queue)
{
        int running;

        for (size_t i = 0; i < PAGES_PARALLEL_MAX; i++)
                feed(queue, &queue->slots[i]);
        while (queue->active) {
                CURLMcode code = curl_multi_perform(queue->multi, &running);
                if (code == CURLM_OK && !reap(queue))
                        code = curl_multi_poll(queue->multi, NULL, 0, POLL_MS, NULL);
                if (code != CURLM_OK)
                        return code;
        }
        return CURLM_OK;
}

static int ask_all(struct queue *queue, struct error *error)
{
        CURLMcode code = perform(queue);

        for (size_t i = 0; i < PAGES_PARALLEL_MAX; i++)
                asking_end(&queue->slots[i], queue->multi);
        if (code == CURLM_OK)
                return 0;
        for (size_t i = 0; i < queue->count; i++)
                page_answer_done(&queue->answers[i]);
        return error_set(error, ERROR_FAILED, "libcurl can't ask pages: %s", curl_multi_strerror(code));
}

int pages_ask(const struct page_request *requests, size_t count, int64_t timeout_ms,
              struct page_answer *ret_answers, struct error *error)
{
        struct queue queue = {
                .requests = requests, .answers = ret_answers, .count = count, .timeout_ms = timeout_ms};

        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return error_set(error, ERROR_FAILED, "libcurl cannot be initialised");
        queue.multi = curl_multi_init();
        if (!queue.multi)
                abort(); /* out of memory, see text.h */
        for (size_t i = 0; i < count; i++)
                ret_answers[i] = (struct page_answer){0};
        int result = ask_all(&queue, error);
        curl_multi_cleanup(queue.multi);
        curl_global_cleanup();
        return result;
}
