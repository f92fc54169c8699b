/*
 * What is the same for every implementation of `perform`: the reading of an engine's refusals, the single
 * calls, and lists cut into elements.
 */

#include "engine/engine.h"

#include "base/text.h"

#include <assert.h>
#include <ctype.h>

#define EXCERPT_BYTES_MAX 200 /* of an error body that is not the engine's JSON */

void engine_request_done(struct engine_request *request)
{
        if (!request)
                return;
        buffer_done(&request->answer);
        error_done(&request->error);
}

struct engine *engine_free(struct engine *engine)
{
        if (engine)
                engine->operations->free(engine);
        return NULL;
}

/* {"message": "..."}, the engine's own words; NULL when the body is not that. Owned by the caller. */
static char *engine_message(const struct buffer *answer)
{
        _cleanup_json_ struct json_document *document = NULL;

        if (json_parse(buffer_text(answer), answer->length, &document, NULL) < 0)
                return NULL;
        _cleanup_free_ char *message =
                json_text(document, json_get(document, json_root(document), "message"));
        return text_empty(message) ? NULL : steal_pointer(message);
}

/* The first line, fit for a terminal; "no explanation" when there is none. Owned by the caller. */
static char *first_line(const struct buffer *answer)
{
        const char *text = buffer_text(answer);

        while (isspace((unsigned char)*text))
                text++;
        char *line = text_copy_n(text, MIN(strcspn(text, "\r\n"), EXCERPT_BYTES_MAX));
        for (char *p = line; *p; p++)
                if (iscntrl((unsigned char)*p))
                        *p = '?';
        if (*line)
                return line;
        free(line);
        return text_copy("no explanation");
}

/*
 * Where the words say more than the status. Measured on 20.10 and 28.5, which agree: a stale version answers
 * 500, a network named by a service or task 400, a local network with containers on it 403.
 */
static const struct {
        const char *words;
        int status; /* 0: any */
        enum error_kind kind;
} telling[] = {
        {"not a swarm manager", 503, ERROR_REFUSED},  {"update out of sequence", 0, ERROR_CONFLICT},
        {"is in use by", 0, ERROR_CONFLICT},          {"has active endpoints", 0, ERROR_CONFLICT},
        {"does not have a leader", 0, ERROR_TIMEOUT}, {"deadline exceeded", 0, ERROR_TIMEOUT},
        {"name conflicts with", 0, ERROR_CONFLICT},
};

static enum error_kind kind_of_answer(int status, const char *message)
{
        for (size_t i = 0; i < ELEMENTS(telling); i++)
                if ((!telling[i].status || telling[i].status == status) &&
                    strcasestr(message, telling[i].words))
                        return telling[i].kind;
        switch (status) {
        case 403:
                return ERROR_PERMISSION;
        case 404:
                return ERROR_NOT_FOUND;
        case 409:
                return ERROR_CONFLICT;
        default:
                return ERROR_ENGINE;
        }
}

static void set_answer_error(struct engine *engine, struct engine_request *request)
{
        _cleanup_free_ char *message = engine_message(&request->answer);
        if (!message)
                message = first_line(&request->answer);
        enum error_kind kind = kind_of_answer(request->status, message);

        if (kind == ERROR_REFUSED)
                error_set(&request->error, kind,
                          "the engine at %s is not a swarm manager; run headroom on a manager, or name one "
                          "with --host "
                          "or --context; it says: %s",
                          engine->description, message);
        else
                error_set(&request->error, kind, "the engine answers %s %s with %d: %s",
                          engine_request_method(request), request->path, request->status, message);
}

void engine_perform(struct engine *engine, struct engine_request *requests, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                assert(requests[i].path && requests[i].path[0] == '/');
                requests[i].status = 0;
                buffer_clear(&requests[i].answer);
                error_done(&requests[i].error);
        }
        if (count)
                engine->operations->perform(engine, requests, count);
        for (size_t i = 0; i < count; i++)
                if (requests[i].error.kind == ERROR_NONE && requests[i].status >= 400)
                        set_answer_error(engine, &requests[i]);
}

static int perform_one(struct engine *engine, struct engine_request request, struct buffer *ret_body,
                       struct error *error)
{
        _cleanup_request_ struct engine_request owned = request;

        engine_perform(engine, &owned, 1);
        if (owned.error.kind != ERROR_NONE)
                return error_move(error, &owned.error);
        if (ret_body) {
                buffer_done(ret_body);
                *ret_body = owned.answer;
                owned.answer = (struct buffer){0};
        }
        return 0;
}

int engine_get(struct engine *engine, const char *path, struct buffer *ret_body, struct error *error)
{
        return perform_one(engine, (struct engine_request){.path = path}, ret_body, error);
}

int engine_post(struct engine *engine, const char *path, const char *body, struct buffer *ret_body,
                struct error *error)
{
        struct engine_request request = {
                .method = "POST", .path = path, .body = body, .body_length = body ? strlen(body) : 0};

        return perform_one(engine, request, ret_body, error);
}

int engine_delete(struct engine *engine, const char *path, struct error *error)
{
        return perform_one(engine, (struct engine_request){.method = "DELETE", .path = path}, NULL, error);
}

int engine_list_sink(void *userdata, const char *bytes, size_t length, struct error *error)
{
        return json_split_feed(userdata, bytes, length, error);
}

int engine_list_end(struct engine_request *request, struct error *error)
{
        if (request->error.kind != ERROR_NONE) {
                struct error copy = {.kind = request->error.kind,
                                     .sentence = text_copy(request->error.sentence),
                                     .trail = text_copy(request->error.trail)};
                return error_move(error, &copy);
        }
        if (json_split_end(request->userdata, error) < 0)
                return error_while(error, "reading the answer to %s %s", engine_request_method(request),
                                   request->path);
        return 0;
}

char *engine_encode(const char *text)
{
        static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
        static const char digits[] = "0123456789ABCDEF";
        struct buffer encoded = {0};

        for (; *text; text++) {
                const char escape[] = {'%', digits[(unsigned char)*text >> 4], digits[*text & 15]};
                if (strchr(unreserved, *text))
                        buffer_add(&encoded, text, 1);
                else
                        buffer_add(&encoded, escape, sizeof(escape));
        }
        return buffer_steal(&encoded);
}
