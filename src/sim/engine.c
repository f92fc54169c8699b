#include "sim/api.h"

/* The swarm behind the seam that headroom asks engines through. */

struct sim_engine {
        struct engine engine;
        struct sim *sim;
        size_t node;
};

static void take_part(struct engine_request *request, const struct buffer *body)
{
        if (request->error.kind)
                return; /* the sink has had enough */
        if (request->sink && request->status / 100 == 2)
                request->sink(request->userdata, buffer_text(body), body->length, &request->error);
        else
                buffer_add(&request->answer, buffer_text(body), body->length);
}

static void answer(struct sim_engine *engine, struct engine_request *request, bool beside)
{
        _cleanup_sim_answer_ struct sim_answer answered = {0};
        size_t length = strcspn(request->path, "?");
        _cleanup_free_ char *path = sim_decode(request->path, length);
        const struct sim_request asked = {.method = engine_request_method(request),
                                          .path = path,
                                          .query = request->path[length] ? request->path + length + 1 : "",
                                          .body = request->body,
                                          .body_length = request->body_length,
                                          .minor = engine->engine.api_version_minor,
                                          .node = engine->node,
                                          .beside = beside};

        sim_request(engine->sim, &asked, &answered);
        request->status = answered.status;
        if (!answered.status) {
                error_set(&request->error, ERROR_UNREACHABLE, "no engine at %s", engine->engine.description);
                return;
        }
        take_part(request, &answered.body);
        while (!request->error.kind && sim_answer_more(engine->sim, &answered))
                take_part(request, &answered.body);
}

static void perform(struct engine *engine, struct engine_request *requests, size_t count)
{
        for (size_t i = 0; i < count; i++)
                answer((struct sim_engine *)engine, &requests[i], i > 0);
}

static void engine_done(struct engine *engine)
{
        free(engine->description);
        free(engine);
}

struct engine *sim_engine_open(struct sim *sim, size_t node)
{
        static const struct engine_operations operations = {.perform = perform, .free = engine_done};
        struct sim_engine *engine = new_zero(struct sim_engine);

        engine->engine.operations = &operations;
        engine->engine.description = text_format("sim://node%zu", node + 1);
        engine->engine.api_version_minor = MIN(sim_minor(sim), API_VERSION_MAX_MINOR);
        engine->sim = sim;
        engine->node = node;
        return &engine->engine;
}
