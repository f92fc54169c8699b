#pragma once

/*
 * The one seam to Docker. Everything headroom learns from an engine or asks of it passes through
 * engine_perform; a test or the simulator puts its own `perform` in place and all above runs unchanged.
 *
 * Over HTTP the API version is negotiated once by GET /_ping (docs/engine-notes.md): the lower of what the
 * engine offers and API_VERSION_MAX, at least API_VERSION_MIN. Paths are given without the version. Every
 * call is bounded in time and, unless it is streamed, in size. The engine's own error text is kept word for
 * word.
 */

#include "base/buffer.h"
#include "base/error.h"
#include "json/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define API_VERSION_MIN_MINOR 40 /* 1.40: Docker 19.03 */
#define API_VERSION_MAX_MINOR 52 /* 1.52: Docker 29, Status.IPAM */

#define ENGINE_TIMEOUT_MS     30000 /* one call, from connect to last byte, unless the request says otherwise */
#define ENGINE_CONNECT_MS     5000
#define ENGINE_BODY_BYTES_MAX ((size_t)64 << 20)
#define ENGINE_PARALLEL_MAX   8 /* connections at a time */

/* Bytes in their order, a piece at a time while they come; -1 ends the transfer with that error. */
typedef int (*engine_sink)(void *userdata, const char *bytes, size_t length, struct error *error);

/*
 * One call. Zero is a good default for everything but path. With a sink, a body of a 2xx answer is streamed
 * to it; everything else lands in `answer`. After engine_perform: `status` is the HTTP status (0 when there
 * was no answer), and `error` is set when the call failed, an HTTP status of 400 or more included.
 */
struct engine_request {
        const char *method; /* NULL: GET */
        const char *path;   /* "/services?insertDefaults=false": already percent-encoded */
        const char *body;   /* NULL: none */
        size_t body_length;
        const char *content_type; /* NULL: application/json */
        int64_t timeout_ms;       /* 0: ENGINE_TIMEOUT_MS */
        engine_sink sink;
        void *userdata;

        int status;
        struct buffer answer; /* empty when the answer did not come whole */
        struct error error;
};

static inline const char *engine_request_method(const struct engine_request *request)
{
        return request->method ? request->method : "GET";
}

void engine_request_done(struct engine_request *request); /* frees answer and error */
#define _cleanup_request_ _cleanup_(engine_request_done)

struct engine;

struct engine_operations {
        /*
         * Performs all requests, in parallel where it can; each carries its own outcome. The results are
         * empty beforehand. `error` is for what went wrong on the way: engine_perform itself turns statuses
         * of 400 and above into errors.
         */
        void (*perform)(struct engine *engine, struct engine_request *requests, size_t count);
        void (*free)(struct engine *engine);
};

/* The head of every implementation. A caller may lower api_version_minor for some calls and put it back. */
struct engine {
        const struct engine_operations *operations;
        char *description;     /* "unix:///var/run/docker.sock", for people */
        int api_version_minor; /* negotiated: 41 for 1.41 */
};

/*
 * Where the engine is, resolved as the docker CLI does: an explicit host, else an explicit context, else
 * DOCKER_HOST, else DOCKER_CONTEXT, else currentContext of ~/.docker/config.json, else the default socket.
 */
struct engine_address {
        char *host; /* unix:///path, tcp://host:port */
        bool tls;
        bool tls_verify;
        char *ca_path, *certificate_path, *key_path; /* NULL when not given */
        char *origin; /* what decided: "DOCKER_HOST", "context lab", for errors */
};

void engine_address_done(struct engine_address *address);
int engine_address_resolve(const char *host, const char *context, struct engine_address *ret_address,
                           struct error *error);

/* Connects and negotiates: ERROR_UNREACHABLE or ERROR_PERMISSION name the socket and what to do. */
int engine_open(const struct engine_address *address, struct engine **ret_engine, struct error *error);
struct engine *engine_free(struct engine *engine); /* returns NULL */
static inline void engine_cleanup(struct engine **engine)
{
        engine_free(*engine);
}
#define _cleanup_engine_ _cleanup_(engine_cleanup)

/* Results of an earlier call with the same requests are dropped first. A sink must not use its engine. */
void engine_perform(struct engine *engine, struct engine_request *requests, size_t count);

/*
 * Single calls built on it. Statuses 400 and above are errors: 404 ERROR_NOT_FOUND, 409, a stale version and
 * a network in use ERROR_CONFLICT, 403 ERROR_PERMISSION, no leader or a deadline of the swarm
 * ERROR_TIMEOUT, others ERROR_ENGINE, each with the engine's
 * message. An engine that is not a swarm manager is ERROR_REFUSED. ret_body (may be NULL) is replaced on
 * success.
 */
int engine_get(struct engine *engine, const char *path, struct buffer *ret_body, struct error *error);
int engine_post(struct engine *engine, const char *path, const char *body, struct buffer *ret_body,
                struct error *error);
int engine_delete(struct engine *engine, const char *path, struct error *error);

/*
 * A sink that cuts a streamed JSON array into elements: set request.sink = engine_list_sink and
 * request.userdata = a struct json_split. After performing, call engine_list_end to learn whether the list
 * was whole.
 */
int engine_list_sink(void *userdata, const char *bytes, size_t length, struct error *error);
int engine_list_end(struct engine_request *request, struct error *error);

/* Percent-encodes one path or query component; owned by the caller. */
char *engine_encode(const char *text);
