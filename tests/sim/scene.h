#pragma once

/* Scenes for tests in virtual time: asking the simulated swarm, and the swarm that the moves are tried on. */

#include "base/text.h"
#include "move/plan.h"
#include "move/run.h"
#include "sim/sim.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define SETTLE_MS 10000

/* One request; the body is the caller's to clear. `path` may have a query. */
static inline int scene_ask(struct sim *sim, const char *method, const char *path, const char *body,
                            struct buffer *ret_body)
{
        _cleanup_engine_ struct engine *engine = sim_engine_open(sim, 0);
        struct engine_request request _cleanup_(engine_request_done) = {
                .method = method, .path = path, .body = body, .body_length = body ? strlen(body) : 0};

        engine->operations->perform(engine, &request, 1);
        if (ret_body) {
                buffer_clear(ret_body);
                buffer_add_text(ret_body, buffer_text(&request.answer));
        }
        return request.status;
}

/* The engine's message must hold the words. */
static inline void scene_refused(struct sim *sim, const char *method, const char *path, const char *body,
                                 int status, const char *words)
{
        _cleanup_buffer_ struct buffer answer = {0};
        int told = scene_ask(sim, method, path, body, &answer);

        if (told != status || !strstr(buffer_text(&answer), words))
                fail_msg("%s %s answers %d: %s", method, path, told, buffer_text(&answer));
}

static inline void scene_done(struct sim *sim, const char *method, const char *path, const char *body)
{
        _cleanup_buffer_ struct buffer answer = {0};
        int status = scene_ask(sim, method, path, body, &answer);

        if (status / 100 != 2)
                fail_msg("%s %s answers %d: %s", method, path, status, buffer_text(&answer));
}

static inline void scene_wait(struct sim *sim, int64_t ms)
{
        sim_run_until(sim, sim_now_ms(sim) + ms);
}

/* The text at a path of up to three members of an answer, owned by the caller; NULL when there is none. */
static inline char *scene_text(struct sim *sim, const char *path, const char *a, const char *b, const char *c)
{
        _cleanup_buffer_ struct buffer answer = {0};
        _cleanup_json_ struct json_document *d = NULL;

        assert_int_equal(scene_ask(sim, "GET", path, NULL, &answer), 200);
        assert_int_equal(json_parse(buffer_text(&answer), answer.length, &d, NULL), 0);
        json_node node = json_path(d, json_root(d), a, b, c, NULL);
        if (json_type(d, node) == JSON_STRING)
                return json_text(d, node);
        return node == JSON_NONE ? NULL : text_copy_n(json_bytes(d, node), json_length(d, node));
}

/* How many elements a list has. */
static inline size_t scene_count(struct sim *sim, const char *path)
{
        _cleanup_buffer_ struct buffer answer = {0};
        _cleanup_json_ struct json_document *d = NULL;

        assert_int_equal(scene_ask(sim, "GET", path, NULL, &answer), 200);
        assert_int_equal(json_parse(buffer_text(&answer), answer.length, &d, NULL), 0);
        return json_count(d, json_root(d));
}

static inline void scene_network(struct sim *sim, const char *name, const char *subnet)
{
        _cleanup_free_ char *config = subnet ? text_format("{\"Subnet\":\"%s\"}", subnet) : text_copy("");
        _cleanup_free_ char *body = text_format("{\"Name\":\"%s\",\"Driver\":\"overlay\",\"Attachable\":true,"
                                                "\"IPAM\":{\"Config\":[%s]}}",
                                                name, config);

        scene_done(sim, "POST", "/networks/create", body);
        scene_wait(sim, 50);
}

/* `networks` are names with commas between; `more` follows Mode: ",\"EndpointSpec\":...". */
static inline char *scene_spec(const char *name, const char *networks, unsigned replicas, const char *more)
{
        struct buffer targets = {0};

        for (const char *at = networks; *at; at += strcspn(at, ","), at += *at == ',')
                buffer_format(&targets, "%s{\"Target\":\"%.*s\"}", targets.length ? "," : "",
                              (int)strcspn(at, ","), at);
        char *spec = text_format(
                "{\"Name\":\"%s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"},"
                "\"Placement\":{},\"Networks\":[%s]},\"Mode\":{\"Replicated\":{\"Replicas\":%u}}%s}",
                name, buffer_text(&targets), replicas, more);
        buffer_done(&targets);
        return spec;
}

static inline void scene_service(struct sim *sim, const char *name, const char *networks, unsigned replicas,
                                 const char *more)
{
        _cleanup_free_ char *spec = scene_spec(name, networks, replicas, more);

        scene_done(sim, "POST", "/services/create", spec);
}

static inline void scene_consistent(struct sim *sim)
{
        _cleanup_free_ char *fault = sim_inconsistency(sim);

        if (fault)
                fail_msg("at %lld ms: %s", (long long)sim_now_ms(sim), fault);
}
