/*
 * How a transfer ended, as a sentence: curl's codes say where it broke, the engine's user wants to know what
 * that means and what to do next.
 */

#include "base/text.h"
#include "engine/http.h"

#include <errno.h>

#define SECONDS_TEXT_SIZE 32

static void format_seconds(int64_t ms, char ret_text[SECONDS_TEXT_SIZE])
{
        if (ms % 1000)
                snprintf(ret_text, SECONDS_TEXT_SIZE, "%.1f s", (double)ms / 1000);
        else
                snprintf(ret_text, SECONDS_TEXT_SIZE, "%lld s", (long long)ms / 1000);
}

/* Before this nothing has been asked, so nothing can have been done. */
static bool was_sent(const struct slot *slot)
{
        curl_off_t pretransfer_us = 0;

        curl_easy_getinfo(slot->easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer_us);
        return pretransfer_us > 0;
}

static const char *reason(const struct slot *slot, CURLcode code)
{
        return slot->reason[0] ? slot->reason : curl_easy_strerror(code);
}

/* What to add when a change may or may not have been made. */
static const char *doubt(const struct slot *slot)
{
        return request_is_safe(slot->request) ? "" : "; whether it was carried out is not known";
}

static void set_unreachable(struct slot *slot, const char *what)
{
        const struct http *http = slot->http;

        error_set(&slot->request->error, ERROR_UNREACHABLE, "no engine at %s (from %s): %s",
                  http->engine.description, http->address.origin ? http->address.origin : "the caller", what);
}

static void set_socket_error(struct slot *slot, int code)
{
        const struct http *http = slot->http;

        switch (code) {
        case ENOENT:
        case ENOTDIR:
                set_unreachable(
                        slot,
                        "there is no such socket; start Docker (`systemctl start docker`), or name another "
                        "engine with --host or --context");
                return;
        case ECONNREFUSED:
                set_unreachable(
                        slot,
                        "the socket is there, but nothing listens on it; start Docker (`systemctl start "
                        "docker`) or look at `journalctl -u docker`");
                return;
        case EACCES:
        case EPERM:
                error_set(&slot->request->error, ERROR_PERMISSION,
                          "this user may not use the socket %s; run as root or as a member of the group that "
                          "owns it "
                          "(usually `docker`)",
                          http->socket_path);
                return;
        default: {
                _cleanup_free_ char *what = text_format("cannot connect to the socket: %s", strerror(code));
                set_unreachable(slot, what);
        }
        }
}

static void set_connect_error(struct slot *slot, CURLcode code)
{
        long os_error = 0;

        curl_easy_getinfo(slot->easy, CURLINFO_OS_ERRNO, &os_error);
        if (slot->http->socket_path && os_error) {
                set_socket_error(slot, (int)os_error);
                return;
        }
        _cleanup_free_ char *what = text_format("%s; is dockerd running there and listening on this address?",
                                                reason(slot, code));
        set_unreachable(slot, what);
}

static void set_tls_error(struct slot *slot, CURLcode code)
{
        _cleanup_free_ char *what = text_format(
                "TLS fails: %s; check DOCKER_TLS_VERIFY and the files in DOCKER_CERT_PATH, or the context's",
                reason(slot, code));
        set_unreachable(slot, what);
}

static void set_timeout(struct slot *slot)
{
        struct engine_request *request = slot->request;
        int64_t timeout_ms = request_timeout_ms(request);
        char seconds[SECONDS_TEXT_SIZE];

        if (!was_sent(slot)) {
                format_seconds(MIN(timeout_ms, ENGINE_CONNECT_MS), seconds);
                _cleanup_free_ char *what = text_format("no connection within %s", seconds);
                set_unreachable(slot, what);
                return;
        }
        format_seconds(timeout_ms, seconds);
        error_set(&request->error, ERROR_TIMEOUT,
                  "the engine at %s did not finish answering %s %s within %s%s",
                  slot->http->engine.description, engine_request_method(request), request->path, seconds,
                  doubt(slot));
}

static void set_protocol_error(struct slot *slot, const char *what)
{
        struct engine_request *request = slot->request;

        error_set(&request->error, ERROR_PROTOCOL, "the engine at %s %s %s %s%s",
                  slot->http->engine.description, what, engine_request_method(request), request->path,
                  doubt(slot));
}

/* Connected, sent, and then something other than a whole answer came. */
static void set_broken(struct slot *slot, CURLcode code)
{
        const char *what = slot->request->status ? "broke off its answer to"
                                                 : "closed the connection instead of answering";

        set_protocol_error(slot, what);
        if (code != CURLE_GOT_NOTHING)
                error_while(&slot->request->error, "reading from it (%s)", reason(slot, code));
}

static void set_transfer_error(struct slot *slot, CURLcode code)
{
        switch (code) {
        case CURLE_COULDNT_CONNECT:
        case CURLE_COULDNT_RESOLVE_HOST:
                set_connect_error(slot, code);
                return;
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_PEER_FAILED_VERIFICATION:
                set_tls_error(slot, code);
                return;
        case CURLE_OPERATION_TIMEDOUT:
                set_timeout(slot);
                return;
        case CURLE_UNSUPPORTED_PROTOCOL: /* curl's code for an answer in HTTP/0.9: no status line */
        case CURLE_WEIRD_SERVER_REPLY:
                set_protocol_error(slot, "does not speak HTTP: that is not an HTTP answer to");
                return;
        case CURLE_GOT_NOTHING:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_PARTIAL_FILE:
                set_broken(slot, code);
                return;
        default:
                error_set(&slot->request->error, ERROR_FAILED, "%s %s to the engine at %s fails: %s%s",
                          engine_request_method(slot->request), slot->request->path,
                          slot->http->engine.description, reason(slot, code),
                          was_sent(slot) ? doubt(slot) : "");
        }
}

void outcome_set(struct slot *slot, CURLcode code)
{
        const struct engine_request *request = slot->request;
        int status = request->status;

        if (request->error.kind != ERROR_NONE)
                return;
        if (code != CURLE_OK)
                set_transfer_error(slot, code);
        else if (status < 200)
                set_protocol_error(slot, "gives no final status to");
        else if (status >= 300 && status < 400 &&
                 status != 304) /* 304: the container is in that state already */
                set_protocol_error(slot, "sends a redirect, which is not followed, for");
}
