#include "sim/bench/bench.h"

#include "engine/engine.h"

/* What goes wrong in the world around headroom: nodes, images, containers, and people who change things. */

bool bench_ask(struct bench *bench, const char *method, const char *path, const char *body,
               struct buffer *ret_answer)
{
        struct engine_request request _cleanup_(engine_request_done) = {
                .method = method, .path = path, .body = body, .body_length = body ? strlen(body) : 0};

        bench->inner->operations->perform(bench->inner, &request, 1);
        if (!text_equal(method, "GET"))
                bench_tell(bench, "somebody: %s %s -> %d %s", method, path, request.status,
                           request.status >= 400 ? buffer_text(&request.answer) : "");
        if (ret_answer) {
                buffer_clear(ret_answer);
                buffer_add(ret_answer, buffer_text(&request.answer), request.answer.length);
        }
        return request.status / 100 == 2;
}

/* Services */

static bool post_spec(struct bench *bench, const char *service, const char *spec)
{
        _cleanup_free_ char *path = text_format("/services/%s", service);
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_json_ struct json_document *d = NULL;
        uint64_t version = 0;

        if (!bench_ask(bench, "GET", path, NULL, &body) ||
            json_parse(buffer_text(&body), body.length, &d, NULL) < 0)
                return false;
        json_u64(d, json_path(d, json_root(d), "Version", "Index", NULL), &version);
        _cleanup_free_ char *update =
                text_format("/services/%s/update?version=%llu", service, (unsigned long long)version);
        return bench_ask(bench, "POST", update, spec, NULL);
}

/* An update that the engine has paused goes on when it is posted again, and ends the old tasks at once. */
static void shake_broken(struct bench *bench, const char *spec)
{
        for (size_t i = 0; i < bench->watch.services.count; i++) {
                struct kept *kept = &bench->watch.services.items[i];
                if (kept->broken && sim_service_spec(bench->sim, kept->name, NULL) == spec)
                        kept->shaken = true;
        }
}

void mishap_touch(struct bench *bench, const char *service)
{
        const char *spec = sim_service_spec(bench->sim, service, NULL);
        _cleanup_free_ char *copy = text_copy(spec);

        if (!spec)
                return;
        shake_broken(bench, spec);
        post_spec(bench, service, copy);
}

/* Puts `put`, and a comma where more follows, behind the first `after` of a text; NULL when there is none. */
static char *put_behind(const char *text, const char *after, const char *put)
{
        const char *at = text ? strstr(text, after) : NULL;

        if (!at)
                return NULL;
        at += strlen(after);
        return text_format("%.*s%s%s%s", (int)(at - text), text, put, strchr("}]", *at) ? "" : ",", at);
}

/* The same change is made to the service and to what is expected of it. */
static void change_service(struct bench *bench, const char *name, const char *after, const char *put)
{
        struct kept *kept = watch_find(&bench->watch, name);
        _cleanup_free_ char *spec = put_behind(sim_service_spec(bench->sim, name, NULL), after, put);

        if (!kept || kept->gone || !spec)
                return;
        char *expected = put_behind(kept->spec, after, put);
        char *seen = kept->seen;
        size_t seen_length = kept->seen_length;
        kept->seen = text_copy(spec); /* it is looked at while it is being posted */
        kept->seen_length = strlen(spec);
        if (post_spec(bench, name, spec)) {
                free(kept->former);
                kept->former = kept->spec;
                kept->spec = steal_pointer(expected);
                kept->unseen = true;
                watch_relearn(bench, kept);
                free(seen);
        } else {
                free(kept->seen);
                kept->seen = seen;
                kept->seen_length = seen_length;
        }
        free(expected);
}

/* `put` has a %d, so that no two changes are the same. */
static void mark(struct bench *bench, const char *name, const char *after, const char *put)
{
        const char *number = strstr(put, "%d");
        _cleanup_free_ char *text = text_format("%.*s%llu%s", (int)(number - put), put,
                                                (unsigned long long)++bench->marks, number + strlen("%d"));

        change_service(bench, name, after, text);
}

static void mark_environment(struct bench *bench, const char *name)
{
        const char *spec = sim_service_spec(bench->sim, name, NULL);

        if (spec && strstr(spec, "\"Env\":["))
                mark(bench, name, "\"Env\":[", "\"MARK%d=1\"");
        else
                mark(bench, name, "\"ContainerSpec\":{", "\"Env\":[\"MARK%d=1\"]");
}

/* As `docker service update --force` does; what changes in the spec is no matter of the schedules. */
void mishap_force(struct bench *bench, const char *service)
{
        mark_environment(bench, service);
}

static void add_service(struct bench *bench)
{
        _cleanup_free_ char *spec = text_format(
                "{\"Name\":\"" MISHAP_SERVICE
                "\",\"Labels\":{\"a\":\"b\"},\"TaskTemplate\":{\"ContainerSpec\":{"
                "\"Image\":\"app\"},\"Placement\":{},\"Networks\":[{\"Target\":\"%s\",\"Aliases\":[\"l\"]}]},"
                "\"Mode\":{\"Replicated\":{\"Replicas\":1}}}",
                schedule_network(bench->schedule));

        bench->disturbed = true;
        if (bench_ask(bench, "POST", "/services/create", spec, NULL)) {
                bench->spare -= 2; /* its VIP and its task */
                watch_add(bench, MISHAP_SERVICE);
        }
}

static void remove_service(struct bench *bench, const char *name)
{
        struct kept *kept = watch_find(&bench->watch, name);
        _cleanup_free_ char *path = text_format("/services/%s", name);

        if (kept && bench_ask(bench, "DELETE", path, NULL, NULL))
                kept->gone = true;
}

/* Networks and containers */

static void add_network(struct bench *bench)
{
        _cleanup_buffer_ struct buffer answer = {0};
        _cleanup_json_ struct json_document *d = NULL;
        _cleanup_free_ char *request =
                text_format("{\"Name\":\"headroom-hop-%s\",\"Driver\":\"overlay\",\"CheckDuplicate\":true}",
                            schedule_network(bench->schedule));

        if (!bench_ask(bench, "POST", "/networks/create", request, &answer) ||
            json_parse(buffer_text(&answer), answer.length, &d, NULL) < 0)
                return;
        free(bench->foreign_id);
        bench->foreign_id = json_text(d, json_get(d, json_root(d), "Id"));
}

/* False: it stands, because nobody leads that could remove it. */
static bool remove_network(struct bench *bench)
{
        _cleanup_free_ char *path = text_format("/networks/%s", bench->foreign_id ? bench->foreign_id : "");

        if (!bench->foreign_id)
                return true;
        bench->foreign_stands = false;
        if (!bench_ask(bench, "DELETE", path, NULL, NULL))
                return false;
        free(steal_pointer(bench->foreign_id));
        return true;
}

static void add_container(struct bench *bench)
{
        const char *network = schedule_network(bench->schedule);
        _cleanup_free_ char *request = text_format(
                "{\"Image\":\"app\",\"HostConfig\":{\"NetworkMode\":\"%s\"},\"NetworkingConfig\":{"
                "\"EndpointsConfig\":{\"%s\":{\"Aliases\":[\"v\"]}}}}",
                network, network);

        bench->disturbed = true;
        sim_image_add(bench->sim, "app");
        if (bench_ask(bench, "POST", "/containers/create?name=" MISHAP_CONTAINER, request, NULL) &&
            bench_ask(bench, "POST", "/containers/" MISHAP_CONTAINER "/start", "", NULL)) {
                bench->spare--;
                watch_container(bench, MISHAP_CONTAINER);
        }
}

/* Nodes and images */

static void shake(struct bench *bench, const char *name)
{
        bench->disturbed = true;
        for (size_t i = 0; i < bench->watch.services.count; i++)
                if (!name || text_equal(bench->watch.services.items[i].name, name))
                        bench->watch.services.items[i].shaken = true;
}

/* NULL: of every service, and 0: all of them. */
static void let_end(struct bench *bench, const char *name, size_t tasks)
{
        for (size_t i = 0; i < bench->watch.services.count; i++) {
                struct kept *kept = &bench->watch.services.items[i];
                if (!name || text_equal(kept->name, name))
                        kept->let_end += tasks ? tasks : kept->running;
        }
}

static void set_node(struct bench *bench, const char *name, bool down)
{
        size_t number;

        if (!sim_node_number(bench->sim, name, &number) || number == 0)
                return; /* the first is the one that is asked */
        if (down) {
                shake(bench, NULL);
                let_end(bench, NULL, 0); /* the tasks that come up elsewhere */
        }
        sim_node_down(bench->sim, number, down);
}

static void shake_service(struct bench *bench, const char *name)
{
        struct kept *kept = watch_find(&bench->watch, name);

        if (kept)
                kept->shaken = true;
}

/* What new tasks can't do takes an edge out of reach, and what keeps it in reach of others with it. */
static void shake_edge(struct bench *bench, const char *name)
{
        const char *spec = sim_service_spec(bench->sim, name, NULL);

        if (spec && strstr(spec, "\"PublishMode\""))
                shake(bench, name);
}

static void set_model(struct bench *bench, const struct fault *fault, bool wrong)
{
        struct sim_model model = sim_service_model(bench->sim, fault->subject);

        struct kept *kept = watch_find(&bench->watch, fault->subject);

        shake_edge(bench, fault->subject);
        if (kept)
                kept->broken = true;
        if (kept && strstr(kept->spec, "\"FailureAction\":\"continue\"")) /* whatever becomes of new tasks */
                kept->shaken = true;
        if (kept)
                kept->one_writer =
                        false; /* the engine starts a failed task again beside one that still stops */
        model.missing = wrong && fault->kind == FAULT_IMAGE_MISSING;
        model.fails = wrong && fault->kind == FAULT_UNHEALTHY;
        sim_model_service(bench->sim, fault->subject, &model);
}

static bool change(struct bench *bench, const struct fault *fault, bool begins)
{
        switch (fault->kind) {
        case FAULT_LEADER_LOST:
                if (begins)
                        sim_leader_lose(bench->sim, fault->for_ms);
                return true;
        case FAULT_NODE_DOWN:
                set_node(bench, fault->subject, begins);
                return true;
        case FAULT_IMAGE_MISSING:
        case FAULT_UNHEALTHY:
                set_model(bench, fault, begins);
                return true;
        case FAULT_NETWORK_ADDED:
                if (begins)
                        add_network(bench);
                else
                        return remove_network(bench);
                return true;
        default:
                return true;
        }
}

static void strike_once(struct bench *bench, const struct fault *fault)
{
        switch (fault->kind) {
        case FAULT_LEADER_CHANGE:
                sim_leader_change(bench->sim);
                return;
        case FAULT_TASK_DIES:
                shake(bench, fault->subject);
                if (sim_task_kill(bench->sim, fault->subject))
                        let_end(bench, fault->subject, 1);
                return;
        case FAULT_SERVICE_LABEL:
                shake_service(bench,
                              fault->subject); /* in an update the engine ends the old task at once then */
                mark(bench, fault->subject, "\"Labels\":{", "\"mark%d\":\"1\"");
                return;
        case FAULT_SERVICE_UPDATED:
                shake(bench, fault->subject);
                let_end(bench, fault->subject, 0); /* the new tasks, where they can't come up */
                mark_environment(bench, fault->subject);
                return;
        case FAULT_SERVICE_ADDED:
                add_service(bench);
                return;
        case FAULT_SERVICE_REMOVED:
                remove_service(bench, fault->subject);
                return;
        case FAULT_CONTAINER_ADDED:
                add_container(bench);
                return;
        case FAULT_FILE_EDITED:
                host_file_edit(bench);
                return;
        default:
                return;
        }
}

static bool goes_on(enum fault_kind kind)
{
        return kind == FAULT_NETWORK_ADDED || fault_lasts(kind);
}

void mishap_strike(struct bench *bench, const struct fault *fault)
{
        bench_tell(bench, "** %s%s%s", fault_name(fault->kind), fault->subject ? " " : "",
                   fault->subject ? fault->subject : "");
        if (!goes_on(fault->kind)) {
                strike_once(bench, fault);
                return;
        }
        change(bench, fault, true);
        *list_add(&bench->ongoing) =
                (struct ongoing){fault, fault->for_ms ? sim_now_ms(bench->sim) + fault->for_ms : INT64_MAX};
}

/* What can't be mended now is left to the operator's next attempt. */
static void lift(struct bench *bench, size_t index)
{
        const struct fault *fault = bench->ongoing.items[index].fault;

        bench->runs_since = bench->calls_since = 0;
        if (!change(bench, fault, false)) {
                bench->ongoing.items[index].until_ms = INT64_MAX;
                return;
        }
        bench->ongoing.items[index] = bench->ongoing.items[--bench->ongoing.count];
        bench_tell(bench, "** %s is over", fault_name(fault->kind));
}

int64_t mishap_next_ms(const struct bench *bench)
{
        int64_t next_ms = INT64_MAX;

        for (size_t i = 0; i < bench->ongoing.count; i++)
                next_ms = MIN(next_ms, bench->ongoing.items[i].until_ms);
        return next_ms;
}

void mishap_lift_due(struct bench *bench)
{
        for (size_t i = bench->ongoing.count; i-- > 0;)
                if (bench->ongoing.items[i].until_ms <= sim_now_ms(bench->sim))
                        lift(bench, i);
}

void mishap_outlast(struct bench *bench)
{
        mishap_mend(bench);
        while (mishap_next_ms(bench) < INT64_MAX && !bench_is_over(bench)) {
                bench_wait(bench, mishap_next_ms(bench) - sim_now_ms(bench->sim));
                mishap_mend(bench);
        }
}

bool mishap_mend(struct bench *bench)
{
        bool any = false;

        for (size_t i = bench->ongoing.count; i-- > 0;)
                if (bench->ongoing.items[i].until_ms == INT64_MAX) {
                        lift(bench, i);
                        any = true;
                }
        return any;
}
