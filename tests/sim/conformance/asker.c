#include "ask.h"

#include "base/clock.h"
#include "swarm/swarm.h"

#include <stdio.h>

#define CLEAN_MAX_MS   60000
#define CLEAN_LOOK_MS  100
#define REQUEST_MAX_MS 60000

/* What a path may not hold as it is, for filters written in JSON. */
static char *encode(const char *path)
{
        struct buffer out = {0};

        for (; *path; path++)
                if (strchr("{}[]\" ", *path))
                        buffer_format(&out, "%%%02X", (unsigned char)*path);
                else
                        buffer_add(&out, path, 1);
        return buffer_steal(&out);
}

int asker_send(struct asker *asker, const char *method, const char *path, const char *body,
               struct buffer *ret_answer)
{
        _cleanup_free_ char *resolved = asker_resolve(asker, path);
        _cleanup_free_ char *encoded = encode(resolved);
        _cleanup_free_ char *content = body ? asker_resolve(asker, body) : NULL;
        _cleanup_request_ struct engine_request request = {.method = method,
                                                           .path = encoded,
                                                           .body = content,
                                                           .body_length = content ? strlen(content) : 0,
                                                           .timeout_ms = REQUEST_MAX_MS};

        engine_perform(asker->engines[asker->at], &request, 1);
        buffer_clear(ret_answer);
        buffer_add_text(ret_answer, buffer_text(&request.answer));
        return request.status;
}

char *asker_outcome(const struct asker *asker, int status, const struct buffer *answer)
{
        _cleanup_json_ struct json_document *d = NULL;

        if (!status)
                return text_copy("no answer");
        if (status / 100 == 2 || json_parse(buffer_text(answer), answer->length, &d, NULL) < 0)
                return text_format("%d", status);
        _cleanup_free_ char *message = json_text(d, json_get(d, json_root(d), "message"));
        _cleanup_free_ char *normal = asker_normal(asker, message ? message : "");
        return text_format("%d %s", status, normal);
}

void asker_note(struct asker *asker, const struct step *step, const char *answer)
{
        buffer_format(&asker->record, "  %s: %s\n", step->text, answer);
}

bool asker_do(struct asker *asker, const struct step *step, const char *method, const char *path,
              const char *body, struct buffer *ret_answer)
{
        int status = asker_send(asker, method, path, body, ret_answer);

        if (status / 100 == 2)
                return true;
        _cleanup_free_ char *outcome = asker_outcome(asker, status, ret_answer);
        asker_note(asker, step, outcome);
        return false;
}

struct json_document *asker_get(struct asker *asker, const char *path, struct buffer *bytes)
{
        struct json_document *d = NULL;

        if (asker_send(asker, "GET", path, NULL, bytes) / 100 != 2 ||
            json_parse(buffer_text(bytes), bytes->length, &d, NULL) < 0)
                json_parse("null", strlen("null"), &d, NULL);
        return d;
}

bool asker_act(struct asker *asker, const char *words)
{
        _cleanup_free_ char *command = text_format("%s %s", asker->acts ? asker->acts : "", words);

        return asker->acts && system(command) == 0; /* NOLINT(cert-env33-c): the test's own program */
}

/* Beginning and end */

void asker_made(struct asker *asker, const char *collection, const char *name)
{
        *list_add(&asker->made) =
                (struct made){.collection = collection, .name = text_copy(name), .node = asker->at};
}

/* The nodes by their hosts' names, which end with their numbers. */
static void learn_nodes(struct asker *asker)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_json_ struct json_document *d = asker_get(asker, "/nodes", &bytes);
        char name[16];

        json_for_each (node, d, json_root(d)) {
                _cleanup_free_ char *id = json_text(d, json_get(d, node, "ID"));
                _cleanup_free_ char *host = json_text(d, json_path(d, node, "Description", "Hostname", NULL));
                snprintf(name, sizeof(name), "node%c", host && *host ? host[strlen(host) - 1] : '?');
                asker_learn(asker, id, name);
        }
}

void asker_begin(struct asker *asker)
{
        _cleanup_buffer_ struct buffer bytes = {0};

        asker->began_ms = clock_wall_ms();
        asker->at = 0;
        learn_nodes(asker);
        _cleanup_json_ struct json_document *d = asker_get(asker, "/networks/ingress", &bytes);
        _cleanup_free_ char *id = json_text(d, json_get(d, json_root(d), "Id"));
        asker_learn(asker, id, "ingress");
}

/* Asks for the removal as long as it is there: a network may be in use for a moment. True when it is gone. */
static bool is_removed(struct asker *asker, const struct made *made)
{
        _cleanup_buffer_ struct buffer answer = {0};
        _cleanup_free_ char *path = text_format("/%s/%s%s", made->collection, made->name,
                                                text_equal(made->collection, "containers") ? "?force=1" : "");

        asker->at = made->node;
        return asker_send(asker, "DELETE", path, NULL, &answer) == 404;
}

/* Those that are over hold nothing, and an engine may keep them for ever. */
static bool has_live_tasks(struct asker *asker)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_json_ struct json_document *d = asker_get(asker, "/tasks", &bytes);

        json_for_each (task, d, json_root(d)) {
                _cleanup_free_ char *state = json_text(d, json_path(d, task, "Status", "State", NULL));
                if (state && task_state_parse(state) <= TASK_RUNNING)
                        return true;
        }
        return false;
}

static void note_left(struct asker *asker, const char *what, const char *name)
{
        buffer_format(&asker->record, "  left: %s %s\n", what, name);
}

/* Services first, networks last: the rows of `made` are looked through once for each. */
void asker_clean(struct asker *asker)
{
        static const char *const order[] = {"services", "containers", "networks"};
        int64_t end_ms = clock_now_ms() + CLEAN_MAX_MS;

        for (size_t i = 0; i < ELEMENTS(order); i++)
                for (size_t j = 0; j < asker->made.count; j++) {
                        const struct made *made = &asker->made.items[j];
                        bool gone = !text_equal(made->collection, order[i]) || is_removed(asker, made);
                        while (!gone && clock_now_ms() < end_ms) {
                                clock_sleep_ms(CLEAN_LOOK_MS);
                                gone = is_removed(asker, made);
                        }
                        if (!gone)
                                note_left(asker, made->collection, made->name);
                }
        asker->at = 0;
        while (has_live_tasks(asker) && clock_now_ms() < end_ms)
                clock_sleep_ms(CLEAN_LOOK_MS);
        if (has_live_tasks(asker))
                note_left(asker, "tasks", "");
}

static void known_done(struct known *known)
{
        free(known->id);
        free(known->name);
}

void asker_done(struct asker *asker)
{
        for (size_t i = 0; i < asker->known.count; i++)
                known_done(&asker->known.items[i]);
        for (size_t i = 0; i < asker->versions.count; i++)
                known_done(&asker->versions.items[i]);
        for (size_t i = 0; i < asker->made.count; i++)
                free(asker->made.items[i].name);
        free(asker->known.items);
        free(asker->versions.items);
        free(asker->made.items);
        buffer_done(&asker->record);
        memset(&asker->known, 0, sizeof(asker->known));
        memset(&asker->versions, 0, sizeof(asker->versions));
        memset(&asker->made, 0, sizeof(asker->made));
}
