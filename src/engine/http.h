#pragma once

/* What http.c and outcome.c share: the engine over libcurl. http.c begins with the theory of operation. */

#include "engine/engine.h"

#include <curl/curl.h>

/* One curl handle, used for one request after another. */
struct slot {
        struct http *http;
        CURL *easy;                     /* NULL until the slot is first needed */
        struct engine_request *request; /* NULL while idle */
        struct curl_slist *headers;     /* of the request */
        size_t header_bytes;            /* of the answer, so far */
        char reason[CURL_ERROR_SIZE];   /* curl's words for what went wrong; may stay empty */
};

struct http {
        struct engine engine; /* the head: a struct engine * is a struct http * */
        struct engine_address address;
        const char *socket_path; /* inside address.host; NULL over TCP */
        char *base_url;          /* what stands before "/v1.41" */
        CURLM *multi;
        bool busy; /* inside perform: a sink must not call the engine it is fed by */
        struct slot slots[ENGINE_PARALLEL_MAX];
};

/* The time the request may take. */
int64_t request_timeout_ms(const struct engine_request *request);
/* GET and HEAD: sending it twice does no harm. */
bool request_is_safe(const struct engine_request *request);

/*
 * Turns how a transfer ended into the request's error: nothing for a whole answer that is not a redirect. An
 * error that a sink or a bound has set already stays.
 */
void outcome_set(struct slot *slot, CURLcode code);
