#include "ask.h"

#include "base/clock.h"

#include <stdio.h>

/* What a step does. Those that are no verb are looks, and what they see is noted. */

#define UNTIL_MAX_MS 60000
#define USED_MAX_MS                                                                                          \
        10000 /* how long a network is taken to be in use by tasks that are told to end just now */
#define LOOK_MS 100

typedef void (*verb_function)(struct asker *asker, const struct step *step);

static char *word(const struct step *step, size_t index)
{
        return step->words.items[index];
}

/* The step behind the first words of another, with the same text for the record. */
static struct step behind(const struct step *step, size_t words)
{
        struct step rest = *step;

        rest.words.items += words;
        rest.words.count -= words;
        return rest;
}

/* Making */

static void create(struct asker *asker, const struct step *step, const char *collection, const char *body,
                   const char *member)
{
        bool named = text_equal(collection, "containers");
        _cleanup_free_ char *path =
                text_format("/%s/create%s%s", collection, named ? "?name=" : "", named ? word(step, 1) : "");
        _cleanup_buffer_ struct buffer answer = {0};
        _cleanup_json_ struct json_document *d = NULL;

        if (!asker_do(asker, step, "POST", path, body, &answer) ||
            json_parse(buffer_text(&answer), answer.length, &d, NULL) < 0)
                return;
        _cleanup_free_ char *id = json_text(d, json_get(d, json_root(d), member));
        asker_learn(asker, id, word(step, 1));
        asker_made(asker, collection, word(step, 1));
}

static void make_network(struct asker *asker, const struct step *step)
{
        _cleanup_free_ char *body = network_of_step(step);

        create(asker, step, "networks", body, "Id");
}

static void make_service(struct asker *asker, const struct step *step)
{
        _cleanup_free_ char *body = spec_of_step(step);

        create(asker, step, "services", body, "ID");
}

static void make_container(struct asker *asker, const struct step *step)
{
        _cleanup_free_ char *body = container_of_step(step);
        _cleanup_free_ char *path = text_format("/containers/%s/start", word(step, 1));
        _cleanup_buffer_ struct buffer answer = {0};
        size_t made = asker->made.count;

        create(asker, step, "containers", body, "Id");
        if (asker->made.count > made)
                asker_do(asker, step, "POST", path, NULL, &answer);
}

/* Changing */

static uint64_t version_of(struct asker *asker, const char *path)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_json_ struct json_document *d = asker_get(asker, path, &bytes);
        uint64_t version = 0;

        json_u64(d, json_path(d, json_root(d), "Version", "Index", NULL), &version);
        return version;
}

/* In between somebody else of the swarm may have changed it, too: an answer that says so is no answer. */
static void post_update(struct asker *asker, const struct step *step, const char *object, const char *more,
                        const char *body)
{
        _cleanup_buffer_ struct buffer answer = {0};
        bool stale = step_option(step, "stale");
        int64_t end_ms = clock_now_ms() + USED_MAX_MS;
        int status;

        do {
                uint64_t version = version_of(asker, object);
                _cleanup_free_ char *path = text_format("%s/update?version=%llu%s", object,
                                                        (unsigned long long)version - stale, more);
                status = asker_send(asker, "POST", path, body, &answer);
        } while (!stale && strstr(buffer_text(&answer), "out of sequence") && clock_now_ms() < end_ms);
        if (status / 100 == 2)
                return;
        _cleanup_free_ char *outcome = asker_outcome(asker, status, &answer);
        asker_note(asker, step, outcome);
}

static void update(struct asker *asker, const struct step *step)
{
        _cleanup_free_ char *body = spec_of_step(step);
        _cleanup_free_ char *object = text_format("/services/%s", word(step, 1));

        post_update(asker, step, object, "", body);
}

/* The current spec goes with it, and the engine takes the other one. */
static void roll_back(struct asker *asker, const struct step *step)
{
        _cleanup_free_ char *object = text_format("/services/%s", word(step, 1));
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_json_ struct json_document *d = asker_get(asker, object, &bytes);
        json_node spec = json_get(d, json_root(d), "Spec");

        if (spec == JSON_NONE)
                return;
        _cleanup_free_ char *body = text_copy_n(json_bytes(d, spec), json_length(d, spec));
        post_update(asker, step, object, "&rollback=previous", body);
}

static void set_node(struct asker *asker, const struct step *step)
{
        const char *availability = text_equal(word(step, 0), "drain") ? "drain" : "active";
        _cleanup_free_ char *object = text_format("/nodes/{%s}", word(step, 1));
        _cleanup_free_ char *body =
                text_format("{\"Role\":\"manager\",\"Availability\":\"%s\",\"Labels\":{}}", availability);

        post_update(asker, step, object, "", body);
}

static void connect_or_not(struct asker *asker, const struct step *step)
{
        const char *address = step_option(step, "ip");
        _cleanup_free_ char *path = text_format("/networks/%s/%s", word(step, 1), word(step, 0));
        const char *id = asker_id(asker, word(step, 2));
        _cleanup_free_ char *config =
                address ? text_format(",\"EndpointConfig\":{\"IPAMConfig\":{\"IPv4Address\":\"%s\"}}",
                                      address)
                        : text_copy("");
        _cleanup_free_ char *body = text_format("{\"Container\":\"%s\"%s}", id ? id : word(step, 2), config);
        _cleanup_buffer_ struct buffer answer = {0};

        asker_do(asker, step, "POST", path, body, &answer);
}

/* Tasks of a service that was removed a moment ago may not be told to end yet. */
static void remove_object(struct asker *asker, const struct step *step)
{
        _cleanup_free_ char *path = text_format("/%ss/%s%s", word(step, 1), word(step, 2),
                                                text_equal(word(step, 1), "container") ? "?force=1" : "");
        _cleanup_buffer_ struct buffer answer = {0};
        int64_t end_ms = clock_now_ms() + USED_MAX_MS;
        int status;

        while (status = asker_send(asker, "DELETE", path, NULL, &answer),
               strstr(buffer_text(&answer), "is in use by task") && clock_now_ms() < end_ms)
                clock_sleep_ms(LOOK_MS);
        if (status / 100 == 2)
                return;
        _cleanup_free_ char *outcome = asker_outcome(asker, status, &answer);
        asker_note(asker, step, outcome);
}

/* What a request made is known by its ID, whichever name it got. */
static void note_made(struct asker *asker, const char *path, const struct buffer *answer)
{
        static const char *const collections[] = {"services", "networks", "containers"};
        _cleanup_json_ struct json_document *d = NULL;

        if (json_parse(buffer_text(answer), answer->length, &d, NULL) < 0)
                return;
        _cleanup_free_ char *id = json_text(d, json_get(d, json_root(d), "ID"));
        if (!id)
                id = json_text(d, json_get(d, json_root(d), "Id"));
        for (size_t i = 0; id && i < ELEMENTS(collections); i++)
                if (text_starts_with(path + 1, collections[i]))
                        asker_made(asker, collections[i], id);
}

static void ask(struct asker *asker, const struct step *step)
{
        _cleanup_buffer_ struct buffer answer = {0};
        const char *body = step->words.count > 3 ? word(step, 3) : NULL;
        int status = asker_send(asker, word(step, 1), word(step, 2), body, &answer);
        _cleanup_free_ char *outcome = asker_outcome(asker, status, &answer);

        if (status == 201)
                note_made(asker, word(step, 2), &answer);
        asker_note(asker, step, outcome);
}

/* Waiting */

static char *join_words(const struct step *step, size_t from)
{
        struct buffer out = {0};

        for (size_t i = from; i < step->words.count; i++)
                buffer_format(&out, "%s%s", i > from ? " " : "", word(step, i));
        return buffer_steal(&out);
}

/* `until LOOK... = ANSWER`. The line that is noted when it never comes has what came instead. */
static void until(struct asker *asker, const struct step *step)
{
        int64_t end_ms = clock_now_ms() + UNTIL_MAX_MS;
        size_t sign = 1;

        while (sign < step->words.count && !text_equal(word(step, sign), "="))
                sign++;
        look_function look = look_named(word(step, 1), sign - 2);
        _cleanup_free_ char *wanted = join_words(step, sign + 1);
        for (;;) {
                _cleanup_free_ char *seen = look(asker, &step->words.items[2], sign - 2);
                if (text_equal(seen, wanted))
                        return;
                if (clock_now_ms() < end_ms) {
                        clock_sleep_ms(LOOK_MS);
                        continue;
                }
                asker_note(asker, step, seen);
                return;
        }
}

/*
 * `free NET CAPACITY`: how many addresses are left, by a service with more tasks than there can be and no
 * node for them. Tasks of a service that is made later get theirs later: once they have, all was tried.
 */
static char *count_pending(struct asker *asker)
{
        static char counted[] = "count";
        static char barrier[] = "barrier";
        look_function tasks = look_named("tasks", 1);
        int64_t end_ms = clock_now_ms() + UNTIL_MAX_MS;

        for (;;) {
                _cleanup_free_ char *last = tasks(asker, (char *[]){barrier}, 1);
                if (text_equal(last, "pending 1") || clock_now_ms() >= end_ms)
                        return tasks(asker, (char *[]){counted}, 1);
                clock_sleep_ms(LOOK_MS);
        }
}

static void run_text(struct asker *asker, const char *text)
{
        struct step step = {.text = text};
        char *copy = text_copy(text);
        char *rest = NULL;

        for (char *at = strtok_r(copy, " ", &rest); at; at = strtok_r(NULL, " ", &rest))
                *list_add(&step.words) = at;
        step_run(asker, &step);
        free(step.words.items);
        free(copy);
}

static void count_free(struct asker *asker, const struct step *step)
{
        uint64_t capacity = 0;

        text_to_u64(word(step, 2), &capacity);
        _cleanup_free_ char *service = text_format("service count %s dnsrr nowhere replicas=%llu",
                                                   word(step, 1), (unsigned long long)capacity + 1);
        run_text(asker, service);
        run_text(asker, "service barrier - nowhere");
        _cleanup_free_ char *answer = count_pending(asker);
        asker_note(asker, step, answer);
        run_text(asker, "remove service barrier");
        run_text(asker, "remove service count");
        run_text(asker, "until tasks barrier = none");
        run_text(asker, "until tasks count = none");
}

/* What no request can do */

static void act_on_sim(struct asker *asker, const struct step *step)
{
        const char *what = word(step, 1);
        uint64_t node = 1;

        if (step->words.count > 2)
                text_to_u64(word(step, 2), &node);
        if (text_equal(what, "restart"))
                sim_engine_restart(asker->sim, node - 1);
        else if (text_equal(what, "rotate"))
                sim_leader_change(asker->sim);
        else if (text_equal(what, "down") || text_equal(what, "up"))
                sim_node_down(asker->sim, node - 1, text_equal(what, "down"));
}

/* On real engines a program does it, and ends when it is done. */
static void act(struct asker *asker, const struct step *step)
{
        _cleanup_free_ char *words = join_words(step, 1);

        if (asker->sim)
                act_on_sim(asker, step);
        else if (!asker_act(asker, words))
                asker_note(asker, step, "could not be done");
}

static void at_node(struct asker *asker, const struct step *step)
{
        struct step rest = behind(step, 2);
        uint64_t node = 1;

        text_to_u64(word(step, 1), &node);
        asker->at = MIN(node, asker->nodes) - 1;
        step_run(asker, &rest);
        asker->at = 0;
}

/* The table */

static const struct verb {
        const char *name;
        size_t words; /* at least, itself included */
        verb_function function;
} verbs[] = {
        {"network", 3, make_network},
        {"service", 3, make_service},
        {"container", 3, make_container},
        {"update", 3, update},
        {"rollback", 2, roll_back},
        {"connect", 3, connect_or_not},
        {"disconnect", 3, connect_or_not},
        {"remove", 3, remove_object},
        {"drain", 2, set_node},
        {"activate", 2, set_node},
        {"ask", 3, ask},
        {"free", 3, count_free},
        {"act", 2, act},
        {"until", 4, until},
        {"at", 3, at_node},
};

static const struct verb *verb_of(const struct step *step)
{
        for (size_t i = 0; i < ELEMENTS(verbs); i++)
                if (text_equal(verbs[i].name, word(step, 0)))
                        return step->words.count >= verbs[i].words ? &verbs[i] : NULL;
        return NULL;
}

static bool until_is_known(const struct step *step)
{
        for (size_t i = 2; i < step->words.count; i++)
                if (text_equal(word(step, i), "="))
                        return look_named(word(step, 1), i - 2);
        return false;
}

bool step_is_known(const struct step *step)
{
        const struct verb *verb = verb_of(step);

        if (!verb)
                return look_named(word(step, 0), step->words.count - 1);
        if (verb->function == until)
                return until_is_known(step);
        if (verb->function == at_node) {
                struct step rest = behind(step, 2);
                return step_is_known(&rest);
        }
        return true;
}

void step_run(struct asker *asker, const struct step *step)
{
        const struct verb *verb = verb_of(step);

        if (verb) {
                verb->function(asker, step);
                return;
        }
        look_function look = look_named(word(step, 0), step->words.count - 1);
        _cleanup_free_ char *seen = look(asker, step->words.items + 1, step->words.count - 1);
        asker_note(asker, step, seen);
}
