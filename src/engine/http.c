/*
 * The engine over HTTP.
 *
 * One curl multi handle carries up to ENGINE_PARALLEL_MAX slots. A slot is an easy handle that keeps its
 * constant options for life and takes one request after another: when its transfer ends, the next waiting
 * request starts on it. So a request's time runs from when it is really sent, not from when it was queued,
 * and no more connections are opened than there are slots. Connections live in the multi's cache and are used
 * again by later calls.
 *
 * Bounds. Each transfer has a connect and a total timeout, and the total also ends a peer that trickles.
 * Headers and kept bodies are bounded in bytes. A body that goes to a sink is not kept, so memory does not
 * grow with it. The loop in http_perform therefore ends: every slot ends by its timeout, and requests only
 * get fewer.
 *
 * Retries. When a reused connection turns out to be closed before the first byte of an answer, curl sends the
 * request again on a new one, whatever the method. That is right for GET. For everything else it could do a
 * thing twice, so such requests always get a connection of their own, where curl does not retry.
 *
 * Sinks are called from inside curl, which cannot be entered a second time: a sink must not use its engine.
 *
 * Signals: CURLOPT_NOSIGNAL keeps curl from using SIGALRM and from touching SIGPIPE; it sends with
 * MSG_NOSIGNAL, TLS included.
 */

#include "engine/http.h"

#include "base/text.h"

#include <assert.h>

#define RECEIVE_BUFFER_BYTES (256L * 1024)        /* fewer wake-ups on a 58 MB list of tasks */
#define SINK_BYTES           ((size_t)128 * 1024) /* of 16 KiB, libcurl's own, every seventh task is cut */
#define HEADER_BYTES_MAX     ((size_t)256 * 1024)
#define POLL_MS              1000 /* curl_multi_poll wakes by itself for its own timers */

#ifndef HEADROOM_VERSION
#define HEADROOM_VERSION "0"
#endif

static struct http *http_of(struct engine *engine)
{
        return (struct http *)engine;
}

int64_t request_timeout_ms(const struct engine_request *request)
{
        return request->timeout_ms > 0 ? request->timeout_ms : ENGINE_TIMEOUT_MS;
}

bool request_is_safe(const struct engine_request *request)
{
        return text_equal(engine_request_method(request), "GET") ||
               text_equal(engine_request_method(request), "HEAD");
}

static bool is_fine(int status)
{
        return status >= 200 && status < 300;
}

static size_t on_header(_unused_ char *bytes, size_t size, size_t count, void *userdata)
{
        struct slot *slot = userdata;
        size_t length = size * count;

        slot->header_bytes += length;
        if (slot->header_bytes <= HEADER_BYTES_MAX)
                return length;
        error_set(&slot->request->error, ERROR_PROTOCOL,
                  "the engine at %s answers %s %s with more than %zu bytes of headers",
                  slot->http->engine.description, engine_request_method(slot->request), slot->request->path,
                  HEADER_BYTES_MAX);
        return 0;
}

/* Hands over what has been gathered for the sink. */
static int sink_feed(struct engine_request *request)
{
        int fed = request->sink(request->userdata, request->answer.bytes, request->answer.length,
                                &request->error);

        buffer_clear(&request->answer);
        if (fed == 0)
                return 0;
        if (request->error.kind == ERROR_NONE)
                error_set(&request->error, ERROR_FAILED, "the answer was not read to its end");
        return error_while(&request->error, "reading the answer to %s %s", engine_request_method(request),
                           request->path);
}

static size_t on_sink_body(struct engine_request *request, const char *bytes, size_t length)
{
        buffer_add(&request->answer, bytes, length);
        if (request->answer.length < SINK_BYTES || sink_feed(request) == 0)
                return length;
        return CURL_WRITEFUNC_ERROR;
}

/* What came after the last whole piece; of an answer that broke off, too, since it may tell more than that.
 */
static void sink_finish(struct engine_request *request)
{
        if (!request->sink || !is_fine(request->status))
                return;
        if (request->error.kind == ERROR_NONE && request->answer.length)
                sink_feed(request);
        buffer_done(&request->answer);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *userdata)
{
        struct slot *slot = userdata;
        struct engine_request *request = slot->request;
        size_t length = size * count;
        long status = 0;

        curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
        if (request->sink && is_fine((int)status))
                return on_sink_body(request, bytes, length);
        if (length <= ENGINE_BODY_BYTES_MAX - request->answer.length) {
                buffer_add(&request->answer, bytes, length);
                return length;
        }
        error_set(&request->error, ERROR_PROTOCOL, "the engine at %s answers %s %s with more than %zu MiB",
                  slot->http->engine.description, engine_request_method(request), request->path,
                  ENGINE_BODY_BYTES_MAX >> 20);
        return CURL_WRITEFUNC_ERROR;
}

/* Without verification the peer is taken as it is; with it, a given CA is the only one trusted, as in the
 * CLI. */
static void slot_set_tls(CURL *easy, const struct engine_address *address)
{
        if (!address->tls)
                return;
        curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, address->tls_verify ? 1L : 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, address->tls_verify ? 2L : 0L);
        if (address->ca_path && address->tls_verify) {
                curl_easy_setopt(easy, CURLOPT_CAINFO, address->ca_path);
                curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
        }
        if (address->certificate_path)
                curl_easy_setopt(easy, CURLOPT_SSLCERT, address->certificate_path);
        if (address->key_path)
                curl_easy_setopt(easy, CURLOPT_SSLKEY, address->key_path);
}

/* The options that no request changes. */
static int slot_open(struct slot *slot)
{
        if (slot->easy)
                return 0;
        CURL *easy = slot->easy = curl_easy_init();
        if (!easy)
                return -1;
        curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_QUICK_EXIT,
                         1L); /* a resolver that hangs must not outlast the timeout */
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* not the environment's either */
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
        curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
        curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER_BYTES);
        curl_easy_setopt(easy, CURLOPT_USERAGENT, "headroom/" HEADROOM_VERSION);
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->reason);
        curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
        if (slot->http->socket_path)
                curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, slot->http->socket_path);
        slot_set_tls(easy, &slot->http->address);
        return 0;
}

/* First back to a plain GET, whatever the slot's last request was; POSTFIELDS before HTTPGET, as it means
 * POST. */
static void slot_set_method(struct slot *slot)
{
        const struct engine_request *request = slot->request;
        const char *method = engine_request_method(request);
        const char *natural = "GET";
        CURL *easy = slot->easy;

        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        if (text_equal(method, "HEAD")) {
                curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
                natural = "HEAD";
        } else if (request->body || text_equal(method, "POST") || text_equal(method, "PUT")) {
                curl_easy_setopt(easy, CURLOPT_POST, 1L);
                curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                 (curl_off_t)(request->body ? request->body_length : 0));
                curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body ? request->body : "");
                natural = "POST";
        }
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, text_equal(method, natural) ? NULL : method);
}

static void slot_set_headers(struct slot *slot)
{
        const struct engine_request *request = slot->request;

        if (request->body) {
                _cleanup_free_ char *type =
                        text_format("Content-Type: %s",
                                    request->content_type ? request->content_type : "application/json");
                slot->headers = curl_slist_append(NULL, type);
        } else {
                slot->headers = curl_slist_append(NULL, "Content-Type:"); /* none, and not curl's form type */
        }
        struct curl_slist *more =
                curl_slist_append(slot->headers, "Expect:"); /* no round trip before a large body */
        if (!slot->headers || !more)
                abort(); /* out of memory, see text.h */
        curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, slot->headers);
}

static void slot_set_url(struct slot *slot)
{
        const struct http *http = slot->http;
        int minor = http->engine.api_version_minor;
        _cleanup_free_ char *url =
                minor ? text_format("%s/v1.%d%s", http->base_url, minor, slot->request->path)
                      : text_format("%s%s", http->base_url, slot->request->path);

        curl_easy_setopt(slot->easy, CURLOPT_URL, url);
}

static int slot_start(struct slot *slot, struct engine_request *request)
{
        long timeout_ms = (long)request_timeout_ms(request);

        if (slot_open(slot) < 0)
                return error_set(&request->error, ERROR_FAILED, "libcurl cannot make a transfer");
        slot->request = request;
        slot->header_bytes = 0;
        slot->reason[0] = 0;
        slot_set_url(slot);
        slot_set_method(slot);
        slot_set_headers(slot);
        curl_easy_setopt(slot->easy, CURLOPT_FRESH_CONNECT, request_is_safe(request) ? 0L : 1L);
        curl_easy_setopt(slot->easy, CURLOPT_TIMEOUT_MS, timeout_ms);
        curl_easy_setopt(slot->easy, CURLOPT_CONNECTTIMEOUT_MS, MIN(timeout_ms, (long)ENGINE_CONNECT_MS));
        CURLMcode code = curl_multi_add_handle(slot->http->multi, slot->easy);
        if (code == CURLM_OK)
                return 0;
        slot->request = NULL;
        curl_slist_free_all(steal_pointer(slot->headers));
        return error_set(&request->error, ERROR_FAILED, "libcurl cannot start a transfer: %s",
                         curl_multi_strerror(code));
}

static void slot_finish(struct slot *slot, CURLcode code)
{
        struct engine_request *request = slot->request;
        long status = 0;

        curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
        request->status = (int)status;
        sink_finish(request);
        outcome_set(slot, code);
        if (request->error.kind != ERROR_NONE)
                buffer_clear(&request->answer); /* half a body is not to be taken for one */
        curl_multi_remove_handle(slot->http->multi, slot->easy);
        curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, NULL);
        curl_slist_free_all(steal_pointer(slot->headers));
        slot->request = NULL;
}

/* The requests of one http_perform that have not been started yet. */
struct queue {
        struct engine_request *requests;
        size_t count;
        size_t next;
};

/* Gives the slot the next request that can be started; whether there was one. */
static bool slot_feed(struct slot *slot, struct queue *queue)
{
        while (queue->next < queue->count)
                if (slot_start(slot, &queue->requests[queue->next++]) == 0)
                        return true;
        return false;
}

/* Ends what has ended and starts what waits. Returns how many slots fell idle. */
static size_t reap(struct http *http, struct queue *queue)
{
        const CURLMsg *message;
        size_t idle = 0;
        int left;

        while ((message = curl_multi_info_read(http->multi, &left))) {
                struct slot *slot = NULL;
                CURLcode code = message->data.result; /* the message dies with remove_handle */
                curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
                slot_finish(slot, code);
                if (!slot_feed(slot, queue))
                        idle++;
        }
        return idle;
}

static void fail_all(struct http *http, struct queue *queue, CURLMcode code)
{
        for (size_t i = 0; i < ENGINE_PARALLEL_MAX; i++)
                if (http->slots[i].request) {
                        error_set(&http->slots[i].request->error, ERROR_FAILED, "libcurl fails: %s",
                                  curl_multi_strerror(code));
                        slot_finish(&http->slots[i], CURLE_FAILED_INIT);
                }
        for (; queue->next < queue->count; queue->next++)
                error_set(&queue->requests[queue->next].error, ERROR_FAILED, "libcurl fails: %s",
                          curl_multi_strerror(code));
}

static void http_perform(struct engine *engine, struct engine_request *requests, size_t count)
{
        struct http *http = http_of(engine);
        struct queue queue = {.requests = requests, .count = count};
        size_t active = 0;
        int running;

        assert(!http->busy);
        http->busy = true;
        while (active < ENGINE_PARALLEL_MAX && slot_feed(&http->slots[active], &queue))
                active++;
        while (active) {
                CURLMcode code = curl_multi_perform(http->multi, &running);
                size_t idle = reap(http, &queue);
                active -= idle;
                if (code == CURLM_OK && active && !idle)
                        code = curl_multi_poll(http->multi, NULL, 0, POLL_MS, NULL);
                if (code != CURLM_OK) {
                        fail_all(http, &queue, code);
                        break;
                }
        }
        http->busy = false;
}

static void http_free(struct engine *engine)
{
        struct http *http = http_of(engine);

        for (size_t i = 0; i < ENGINE_PARALLEL_MAX; i++)
                curl_easy_cleanup(http->slots[i].easy);
        curl_multi_cleanup(http->multi);
        engine_address_done(&http->address);
        free(http->engine.description);
        free(http->base_url);
        free(http);
        curl_global_cleanup();
}

static const struct engine_operations http_operations = {.perform = http_perform, .free = http_free};

static void address_copy(struct engine_address *to, const struct engine_address *from)
{
        *to = (struct engine_address){
                .host = text_copy(from->host),
                .tls = from->tls,
                .tls_verify = from->tls_verify,
                .ca_path = text_copy(from->ca_path),
                .certificate_path = text_copy(from->certificate_path),
                .key_path = text_copy(from->key_path),
                .origin = text_copy(from->origin),
        };
}

/* The host after "tcp://", without the slash that would double the one a path begins with. */
static char *tcp_base_url(const struct engine_address *address)
{
        const char *rest = address->host + strlen("tcp://");
        size_t length = strlen(rest);

        while (length && rest[length - 1] == '/')
                length--;
        return text_format("%s://%.*s", address->tls ? "https" : "http", (int)length, rest);
}

static struct http *http_new(const struct engine_address *address)
{
        bool is_socket = text_starts_with(address->host, "unix://");
        struct http *http = new_zero(struct http);

        http->multi = curl_multi_init();
        if (!http->multi)
                abort(); /* out of memory, see text.h */
        curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)ENGINE_PARALLEL_MAX);
        http->engine.operations = &http_operations;
        http->engine.description = text_copy(address->host);
        address_copy(&http->address, address);
        http->socket_path = is_socket ? http->address.host + strlen("unix://") : NULL;
        http->base_url = is_socket ? text_copy("http://docker") : tcp_base_url(address);
        for (size_t i = 0; i < ENGINE_PARALLEL_MAX; i++)
                http->slots[i].http = http;
        return http;
}

/* "1.41" gives 41; false for anything else. */
static bool parse_version(const char *text, uint64_t *ret_minor)
{
        return text_starts_with(text, "1.") && text_to_u64(text + 2, ret_minor) && *ret_minor < 10000;
}

/* Engines before API 1.25 do not name a version (docker/cli: assume 1.24); they are too old in any case. */
static int choose_version(struct http *http, const char *offered, struct error *error)
{
        uint64_t minor = 24;

        if (offered && !parse_version(offered, &minor))
                return error_set(error, ERROR_PROTOCOL, "the engine at %s names \"%.20s\" as its API version",
                                 http->engine.description, offered);
        if (minor < API_VERSION_MIN_MINOR)
                return error_set(error, ERROR_REFUSED,
                                 "the engine at %s %s API 1.%d; headroom needs 1.%d or later (Docker 19.03)",
                                 http->engine.description,
                                 offered ? "speaks only" : "names no API version, so it is taken for",
                                 (int)minor, API_VERSION_MIN_MINOR);
        http->engine.api_version_minor = (int)MIN(minor, (uint64_t)API_VERSION_MAX_MINOR);
        return 0;
}

/* An engine that is unwell may answer the ping with an error and still name its version: then go on. */
static int negotiate(struct http *http, struct error *error)
{
        _cleanup_request_ struct engine_request ping = {.path = "/_ping"};
        struct curl_header *version = NULL;

        engine_perform(&http->engine, &ping, 1);
        if (ping.status &&
            curl_easy_header(http->slots[0].easy, "Api-Version", 0, CURLH_HEADER, -1, &version) != CURLHE_OK)
                version = NULL;
        if (ping.error.kind != ERROR_NONE && !version)
                return error_move(error, &ping.error);
        return choose_version(http, version ? version->value : NULL, error);
}

int engine_open(const struct engine_address *address, struct engine **ret_engine, struct error *error)
{
        const char *host = address->host ? address->host : "";

        if (!text_starts_with(host, "unix://") && !text_starts_with(host, "tcp://"))
                return error_set(error, ERROR_REFUSED, "\"%s\" is neither unix:///PATH nor tcp://HOST:PORT",
                                 host);
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) /* given back by http_free */
                return error_set(error, ERROR_FAILED, "libcurl cannot be initialised");
        struct http *http = http_new(address);
        if (negotiate(http, error) < 0) {
                http_free(&http->engine);
                return error_while(error, "opening the engine at %s", host);
        }
        *ret_engine = &http->engine;
        return 0;
}
