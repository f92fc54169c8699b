#include "ask.h"

#include "base/clock.h"
#include "swarm/swarm.h"

#include <stdio.h>

/* What is looked at of a swarm, each as a line of text that is the same for every engine that agrees. */

#define STATES (TASK_ORPHANED + 1)

/* Tasks: of a service, also of one that is gone. */

struct tally {
        unsigned counts[STATES][STATES]; /* by state and desired state */
};

static enum task_state state_of(const struct json_document *d, json_node node)
{
        _cleanup_free_ char *name = json_text(d, node);

        return name ? task_state_parse(name) : TASK_UNKNOWN;
}

static void tally_task(struct tally *tally, const struct json_document *d, json_node task)
{
        enum task_state state = state_of(d, json_path(d, task, "Status", "State", NULL));

        tally->counts[state][state_of(d, json_get(d, task, "DesiredState"))]++;
}

/* "running 2, shutdown 1"; the desired state stands there where it is neither that nor to run. */
static char *tally_text(const struct tally *tally)
{
        struct buffer out = {0};

        for (unsigned i = 0; i < STATES; i++)
                for (unsigned j = 0; j < STATES; j++) {
                        if (!tally->counts[i][j])
                                continue;
                        buffer_format(&out, "%s%s", out.length ? ", " : "",
                                      task_state_name((enum task_state)i));
                        if (j != i && j != TASK_RUNNING)
                                buffer_format(&out, ">%s", task_state_name((enum task_state)j));
                        buffer_format(&out, " %u", tally->counts[i][j]);
                }
        return out.bytes ? buffer_steal(&out) : text_copy("none");
}

static bool is_of_service(const struct asker *asker, const struct json_document *d, json_node task,
                          const char *name)
{
        const char *id = asker_id(asker, name);

        return id && json_text_is(d, json_get(d, task, "ServiceID"), id);
}

static char *look_tasks(struct asker *asker, char *const *words, size_t count)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_json_ struct json_document *d = asker_get(asker, "/tasks", &bytes);
        struct tally tally = {0};

        (void)count;
        json_for_each (task, d, json_root(d))
                if (is_of_service(asker, d, task, words[0]))
                        tally_task(&tally, d, task);
        return tally_text(&tally);
}

/* How many run and are meant to. */
static char *look_running(struct asker *asker, char *const *words, size_t count)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_json_ struct json_document *d = asker_get(asker, "/tasks", &bytes);
        unsigned running = 0;

        (void)count;
        json_for_each (task, d, json_root(d))
                running += is_of_service(asker, d, task, words[0]) &&
                           json_text_is(d, json_get(d, task, "DesiredState"), "running") &&
                           json_text_is(d, json_path(d, task, "Status", "State", NULL), "running");
        return text_format("%u", running);
}

/* Of one that runs; NULL when there is none. */
static char *container_of_task(struct asker *asker, const char *service)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_json_ struct json_document *d = asker_get(asker, "/tasks", &bytes);

        json_for_each (task, d, json_root(d))
                if (is_of_service(asker, d, task, service) &&
                    json_text_is(d, json_path(d, task, "Status", "State", NULL), "running"))
                        return json_text(
                                d, json_path(d, task, "Status", "ContainerStatus", "ContainerID", NULL));
        return NULL;
}

/* `container SERVICE`: its task's container is known as task-SERVICE from now on. */
static char *look_container(struct asker *asker, char *const *words, size_t count)
{
        _cleanup_free_ char *id = container_of_task(asker, words[0]);
        _cleanup_free_ char *name = text_format("task-%s", words[0]);

        (void)count;
        asker_learn(asker, id, name);
        return text_copy(id ? "known" : "none runs");
}

/* Addresses of the tasks that are not over, by slot's number: "1 n 10.9.0.3/24" */

struct lines {
        LIST(char *) items;
};

static int compare(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *join(struct lines *lines, const char *between, bool sorted)
{
        struct buffer out = {0};

        if (sorted && lines->items.count)
                qsort(lines->items.items, lines->items.count, sizeof(char *), compare);
        for (size_t i = 0; i < lines->items.count; i++) {
                buffer_format(&out, "%s%s", i ? between : "", lines->items.items[i]);
                free(lines->items.items[i]);
        }
        free(lines->items.items);
        lines->items.items = NULL;
        lines->items.count = lines->items.room = 0;
        return out.bytes ? buffer_steal(&out) : text_copy("-");
}

static void add_attachments(const struct json_document *d, json_node task, struct lines *lines)
{
        uint64_t slot = 0;

        json_u64(d, json_get(d, task, "Slot"), &slot);
        json_for_each (attachment, d, json_get(d, task, "NetworksAttachments")) {
                _cleanup_free_ char *network =
                        json_text(d, json_path(d, attachment, "Network", "Spec", "Name", NULL));
                _cleanup_free_ char *address =
                        json_text(d, json_first(d, json_get(d, attachment, "Addresses")));
                *list_add(&lines->items) = text_format("%llu %s %s", (unsigned long long)slot,
                                                       network ? network : "?", address ? address : "-");
        }
}

static char *look_addresses(struct asker *asker, char *const *words, size_t count)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_json_ struct json_document *d = asker_get(asker, "/tasks", &bytes);
        struct lines lines = {0};

        (void)count;
        json_for_each (task, d, json_root(d))
                if (is_of_service(asker, d, task, words[0]) &&
                    state_of(d, json_path(d, task, "Status", "State", NULL)) <= TASK_RUNNING)
                        add_attachments(d, task, &lines);
        return join(&lines, ", ", true);
}

/* Anything: `get PATH SELECTOR...`. A selector names members, `[]` stands for each of a list or map. */

static void add_value(const struct asker *asker, const struct json_document *d, json_node node,
                      struct lines *lines)
{
        _cleanup_free_ char *text = json_type(d, node) == JSON_STRING
                                            ? json_text(d, node)
                                            : text_copy_n(json_bytes(d, node), json_length(d, node));

        *list_add(&lines->items) = asker_normal(asker, text ? text : "");
}

static void select_from(const struct asker *asker, const struct json_document *d, json_node node,
                        const char *selector, struct lines *lines)
{
        size_t length = strcspn(selector, ".");
        const char *rest = selector + length + (selector[length] == '.');

        if (node == JSON_NONE)
                return;
        if (!length) {
                add_value(asker, d, node, lines);
                return;
        }
        bool each = length >= 2 && strncmp(selector + length - 2, "[]", 2) == 0;
        _cleanup_free_ char *key = text_copy_n(selector, length - (each ? 2 : 0));
        json_node member = *key ? json_get(d, node, key) : node;
        if (!each)
                select_from(asker, d, member, rest, lines);
        else
                json_for_each (child, d, member)
                        select_from(asker, d, child, rest, lines);
}

static char *look_get(struct asker *asker, char *const *words, size_t count)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        int status = asker_send(asker, "GET", words[0], NULL, &bytes);
        _cleanup_json_ struct json_document *d = NULL;
        struct lines values = {0};

        if (status / 100 != 2 || count == 1)
                return asker_outcome(asker, status, &bytes);
        if (json_parse(buffer_text(&bytes), bytes.length, &d, NULL) < 0)
                return text_copy("no JSON");
        for (size_t i = 1; i < count; i++) {
                struct lines lines = {0};
                select_from(asker, d, json_root(d), words[i], &lines);
                *list_add(&values.items) = join(&lines, " ", strstr(words[i], "[]"));
        }
        return join(&values, "; ", false);
}

/* The shape of an answer: the paths of all its members, once each. */

static void add_keys(const struct asker *asker, const struct json_document *d, json_node node,
                     const char *path, struct lines *lines)
{
        bool is_map = json_type(d, node) == JSON_OBJECT;

        if (!json_count(d, node)) {
                for (size_t i = 0; i < lines->items.count; i++)
                        if (text_equal(lines->items.items[i], path))
                                return;
                *list_add(&lines->items) = text_copy(path);
                return;
        }
        json_for_each (child, d, node) {
                _cleanup_free_ char *key = is_map ? json_key(d, child) : NULL;
                _cleanup_free_ char *normal = asker_normal(asker, key ? key : "[]");
                _cleanup_free_ char *deeper = text_format("%s%s%s", path, *path ? "." : "", normal);
                add_keys(asker, d, child, deeper, lines);
        }
}

static char *look_keys(struct asker *asker, char *const *words, size_t count)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_json_ struct json_document *d = asker_get(asker, words[0], &bytes);
        struct lines lines = {0};

        json_node node = json_root(d);
        for (size_t i = 1; i < count; i++)
                node = json_get(d, node, words[i]);
        add_keys(asker, d, node, "", &lines);
        return join(&lines, " ", true);
}

/* `version PATH`: whether an object has another one than when it was last looked at. */
static char *look_version(struct asker *asker, char *const *words, size_t count)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_json_ struct json_document *d = asker_get(asker, words[0], &bytes);
        const char *before = NULL;
        uint64_t index = 0;
        uint64_t former = 0;

        (void)count;
        json_u64(d, json_path(d, json_root(d), "Version", "Index", NULL), &index);
        for (size_t i = 0; i < asker->versions.count; i++)
                if (text_equal(asker->versions.items[i].name, words[0]))
                        before = asker->versions.items[i].id;
        if (before)
                text_to_u64(before, &former);
        *list_add(&asker->versions) = (struct known){.name = text_copy(words[0]),
                                                     .id = text_format("%llu", (unsigned long long)index)};
        return text_copy(!before           ? "first"
                         : index == former ? "the same"
                         : index > former  ? "higher"
                                           : "lower");
}

/* `events TYPE`: what the swarm told of them since the question began; the same again counts once. */
static char *look_events(struct asker *asker, char *const *words, size_t count)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        int64_t now_ms = clock_wall_ms() + 1;
        _cleanup_free_ char *path =
                text_format("/events?since=%lld.%03d&until=%lld.%03d", (long long)asker->began_ms / 1000,
                            (int)(asker->began_ms % 1000), (long long)now_ms / 1000, (int)(now_ms % 1000));
        struct lines lines = {0};

        (void)count;
        asker_send(asker, "GET", path, NULL, &bytes);
        for (const char *at = buffer_text(&bytes); *at; at += strcspn(at, "\n"), at += *at == '\n') {
                _cleanup_json_ struct json_document *d = NULL;
                if (json_parse(at, strcspn(at, "\n"), &d, NULL) < 0 ||
                    !json_text_is(d, json_get(d, json_root(d), "scope"), "swarm") ||
                    !json_text_is(d, json_get(d, json_root(d), "Type"), words[0]))
                        continue;
                _cleanup_free_ char *action = json_text(d, json_get(d, json_root(d), "Action"));
                _cleanup_free_ char *name =
                        json_text(d, json_path(d, json_root(d), "Actor", "Attributes", "name", NULL));
                _cleanup_free_ char *event = text_format("%s %s", action, name ? name : "-");
                if (!lines.items.count || !text_equal(lines.items.items[lines.items.count - 1], event))
                        *list_add(&lines.items) = steal_pointer(event);
        }
        return join(&lines, ", ", false);
}

/* `log LEVEL WORDS...`: whether the first node's engine has logged them since the question began. */
static char *look_log(struct asker *asker, char *const *words, size_t count)
{
        _cleanup_free_ char *since = clock_format(asker->began_ms);
        struct buffer text _cleanup_(buffer_done) = {0};
        const struct sim_log_line *line;
        bool said = false;

        for (size_t i = 1; i < count; i++)
                buffer_format(&text, "%s%s", i > 1 ? " " : "", words[i]);
        if (!asker->sim) {
                _cleanup_free_ char *act = text_format("log %s %s '%s'", since, words[0], buffer_text(&text));
                said = asker_act(asker, act);
        }
        for (size_t i = 0; asker->sim && (line = sim_log_line(asker->sim, i)); i++)
                said = said || (line->wall_ms >= asker->began_ms && text_equal(line->level, words[0]) &&
                                strstr(line->text, buffer_text(&text)));
        return text_copy(said ? "said" : "silent");
}

look_function look_named(const char *name, size_t words)
{
        static const struct {
                const char *name;
                size_t min, max;
                look_function function;
        } looks[] = {
                {"tasks", 1, 1, look_tasks},
                {"running", 1, 1, look_running},
                {"addresses", 1, 1, look_addresses},
                {"container-of", 1, 1, look_container},
                {"get", 1, 14, look_get},
                {"keys", 1, 3, look_keys},
                {"version", 1, 1, look_version},
                {"events", 1, 1, look_events},
                {"log", 2, 20, look_log},
        };

        for (size_t i = 0; i < ELEMENTS(looks); i++)
                if (text_equal(looks[i].name, name) && words >= looks[i].min && words <= looks[i].max)
                        return looks[i].function;
        return NULL;
}
