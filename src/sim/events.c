#include "sim/api.h"

/*
 * GET /events. What has happened since a time is told at once; a live stream then goes on until its end, each
 * part with what has happened since the part before. Who reads so slowly that the journal has dropped what
 * comes next goes on with the oldest that there is.
 */

#define REPLAY_MAX 256 /* an engine remembers so many */

struct sim_tail {
        struct sim_call call; /* owns its filters */
        uint64_t next;        /* of all happenings since the sim began */
        int64_t since_ms, until_ms;
        bool live;
};

struct sim_tail *sim_tail_free(struct sim_tail *tail)
{
        if (tail)
                sim_filters_done(&tail->call.filters);
        free(tail);
        return NULL;
}

/* Seconds since 1970, with up to nine digits behind the point, as the docker client sends them. */
static bool read_time(const struct sim *sim, const char *text, int64_t *ret_ms)
{
        char *end = NULL;
        double seconds = strtod(text, &end);

        *ret_ms = (int64_t)(seconds * 1000) - sim_wall_ms(sim, 0);
        return !*end;
}

/* Absent: `otherwise`. False when it is no time, which is refused. */
static bool query_time(const struct sim *sim, const struct sim_call *call, const char *key, int64_t otherwise,
                       int64_t *ret_ms)
{
        _cleanup_free_ char *text = sim_query(call, key);

        *ret_ms = otherwise;
        if (text_empty(text) || text_equal(text, "0") || read_time(sim, text, ret_ms))
                return true;
        return sim_refuse(call->answer, 500, "strconv.ParseInt: parsing \"%s\": invalid syntax", text);
}

static bool has_label(const struct sim_happening *event, const char *wanted)
{
        _cleanup_free_ char *object =
                event->attributes
                        ? text_format("{%.*s}", (int)strlen(event->attributes) - 1, event->attributes)
                        : text_copy("{}");

        return sim_label_matches(object, strlen(object), wanted);
}

static bool is_type(const char *key)
{
        static const char *const types[] = {"container", "network", "node",   "service", "secret",
                                            "config",    "volume",  "plugin", "daemon"};

        for (size_t i = 0; i < ELEMENTS(types); i++)
                if (text_equal(types[i], key))
                        return true;
        return false;
}

/* As the engine does: what is named as an object of one type is looked for in events of all, from the
 * beginning of their IDs and names on. Keys that it does not know are passed over. */
static bool matches(struct sim *sim, const struct sim_call *call, const void *object, const char *key,
                    const char *value)
{
        const struct sim_happening *event = object;

        (void)sim;
        (void)call;
        if (text_equal(key, "type"))
                return text_equal(event->type, value);
        if (text_equal(key, "event"))
                return text_equal(event->action, value);
        if (text_equal(key, "scope"))
                return text_equal(event->node == SIM_NONE ? "swarm" : "local", value);
        if (text_equal(key, "label"))
                return has_label(event, value);
        if (is_type(key))
                return text_starts_with(event->id, value) || text_starts_with(event->name, value);
        return true;
}

static void write_event(const struct sim *sim, const struct sim_happening *event, struct buffer *out)
{
        long long wall_ms = (long long)sim_wall_ms(sim, event->time_ms);

        if (event->from) { /* as engines told it before there were types */
                buffer_format(out, "{\"status\":\"%s\",\"id\":\"%s\",\"from\":", event->action, event->id);
                sim_write_text(out, event->from);
        }
        buffer_format(out, "%s\"Type\":\"%s\",\"Action\":\"%s\",\"Actor\":{\"ID\":\"%s\",\"Attributes\":{%s",
                      event->from ? "," : "{", event->type, event->action, event->id,
                      event->attributes ? event->attributes : "");
        buffer_add_text(out, "\"name\":");
        sim_write_text(out, event->name);
        buffer_format(out, "}},\"scope\":\"%s\",\"time\":%lld,\"timeNano\":%lld000000}\n",
                      event->node == SIM_NONE ? "swarm" : "local", wall_ms / 1000, wall_ms);
}

static void write_new(struct sim *sim, struct sim_tail *tail, struct buffer *out)
{
        uint64_t end = sim->happenings_dropped + sim->happenings.count;

        for (tail->next = MAX(tail->next, sim->happenings_dropped); tail->next < end; tail->next++) {
                const struct sim_happening *event =
                        &sim->happenings.items[tail->next - sim->happenings_dropped];
                bool heard = event->node == SIM_NONE || event->node == tail->call.node;
                if (heard && event->time_ms >= tail->since_ms && event->time_ms <= tail->until_ms &&
                    sim_filters_pass(sim, &tail->call, event, matches))
                        write_event(sim, event, out);
        }
}

bool sim_tail_more(struct sim *sim, struct sim_answer *answer)
{
        struct sim_tail *tail = answer->tail;

        write_new(sim, tail, &answer->body);
        if (tail->live && sim->now_ms < tail->until_ms)
                return true;
        answer->tail = sim_tail_free(tail);
        return answer->body.length;
}

int64_t sim_answer_end_ms(const struct sim_answer *answer)
{
        return answer->tail ? answer->tail->until_ms : INT64_MAX;
}

void sim_get_events(struct sim *sim, struct sim_call *call)
{
        int64_t since_ms;
        int64_t until_ms;

        if (!query_time(sim, call, "since", INT64_MAX, &since_ms) ||
            !query_time(sim, call, "until", INT64_MAX, &until_ms) || !sim_filters_read(call, NULL))
                return;
        if (since_ms != INT64_MAX && since_ms > until_ms) {
                _cleanup_free_ char *since = sim_query(call, "since");
                _cleanup_free_ char *until = sim_query(call, "until");
                sim_refuse(call->answer, 400, "`since` time (%s) cannot be after `until` time (%s)", since,
                           until);
                return;
        }
        struct sim_tail *tail = new_zero(struct sim_tail);
        uint64_t end = sim->happenings_dropped + sim->happenings.count;
        bool past = since_ms != INT64_MAX || until_ms != INT64_MAX;
        tail->next = past ? end - MIN(end, REPLAY_MAX) : end;
        tail->since_ms = since_ms == INT64_MAX ? INT64_MIN : since_ms;
        tail->until_ms = until_ms;
        tail->live = call->live;
        tail->call = *call;
        tail->call.part = tail->call.query = tail->call.body = NULL;
        tail->call.answer = NULL;
        call->filters = (struct sim_filters){0};
        call->answer->tail = tail;
        sim_tail_more(sim, call->answer);
}
