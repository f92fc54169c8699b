#include "sim/api.h"

#include "base/text.h"

/* From a request to its handler. */

#define NO_LEADER                                                                                            \
        "The swarm does not have a leader. It's possible that too few managers are online. Make sure more "  \
        "than half of the managers are online."
#define API_MINOR_MIN 12 /* what engines before 25.0 take */

static const struct route {
        const char *method, *prefix, *suffix; /* what stands between is the handler's part */
        bool whole;                           /* nothing may stand there */
        sim_handler handler;
        bool local; /* answered without the swarm */
} routes[] = {
        {"GET", "/_ping", "", true, sim_get_ping, true},
        {"HEAD", "/_ping", "", true, sim_get_ping, true},
        {"GET", "/version", "", true, sim_get_version, true},
        {"GET", "/info", "", true, sim_get_info, true},
        {"GET", "/swarm", "", true, sim_get_swarm, false},
        {"GET", "/events", "", true, sim_get_events, true},
        {"GET", "/distribution/", "/json", false, sim_get_distribution, true},
        {"GET", "/secrets", "", true, sim_get_nothing, false},
        {"GET", "/configs", "", true, sim_get_nothing, false},
        {"GET", "/nodes", "", true, sim_get_nodes, false},
        {"POST", "/nodes/", "/update", false, sim_update_node, false},
        {"GET", "/nodes/", "", false, sim_get_node, false},
        {"DELETE", "/nodes/", "", false, sim_delete_node, false},
        {"GET", "/networks", "", true, sim_get_networks, false},
        {"POST", "/networks/create", "", true, sim_create_network, false},
        {"POST", "/networks/prune", "", true, sim_prune_networks, false},
        {"POST", "/networks/", "/connect", false, sim_post_connect, false},
        {"POST", "/networks/", "/disconnect", false, sim_post_disconnect, false},
        {"GET", "/networks/", "", false, sim_get_network, false},
        {"DELETE", "/networks/", "", false, sim_delete_network, false},
        {"GET", "/services", "", true, sim_get_services, false},
        {"POST", "/services/create", "", true, sim_create_service, false},
        {"POST", "/services/", "/update", false, sim_update_service, false},
        {"GET", "/services/", "", false, sim_get_service, false},
        {"DELETE", "/services/", "", false, sim_delete_service, false},
        {"GET", "/tasks", "", true, sim_get_tasks, false},
        {"GET", "/tasks/", "", false, sim_get_task, false},
        {"GET", "/containers/json", "", true, sim_get_containers, true},
        {"GET", "/containers/", "/json", false, sim_get_container, true},
        {"POST", "/containers/create", "", true, sim_create_container, true},
        {"POST", "/containers/", "/start", false, sim_start_container, true},
        {"POST", "/containers/", "/stop", false, sim_stop_container, true},
        {"DELETE", "/containers/", "", false, sim_delete_container, true},
        {"GET", "/images/json", "", true, sim_get_images, true},
        {"GET", "/images/", "/json", false, sim_get_image, true},
        {"POST", "/images/create", "", true, sim_import_image, true},
        {"DELETE", "/images/", "", false, sim_delete_image, true},
};

bool sim_refuse(struct sim_answer *answer, int status, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        _cleanup_free_ char *message = text_vformat(format, arguments);
        va_end(arguments);
        answer->status = status;
        buffer_clear(&answer->body);
        buffer_add_text(&answer->body, "{\"message\":");
        sim_write_text(&answer->body, message);
        buffer_add_text(&answer->body, "}\n");
        return false;
}

const char *sim_json_type_name(enum json_type type)
{
        return type == JSON_ARRAY                        ? "array"
               : type == JSON_STRING                     ? "string"
               : type == JSON_NUMBER                     ? "number"
               : type == JSON_OBJECT                     ? "object"
               : type == JSON_TRUE || type == JSON_FALSE ? "bool"
                                                         : "null";
}

bool sim_body_is_there(struct sim_call *call)
{
        if (!call->body_length && call->engine_minor < SIM_MINOR_26)
                return sim_refuse(call->answer, 400, "got EOF while reading request body");
        if (!call->body_length) {
                call->body = "{}";
                call->body_length = strlen(call->body);
        }
        return true;
}

struct json_document *sim_body(struct sim_call *call, const char *type)
{
        struct json_document *d = NULL;

        if (!sim_body_is_there(call))
                return NULL;
        if (json_parse(call->body, call->body_length, &d, NULL) < 0) {
                _cleanup_free_ char *complaint = sim_json_complaint(call->body, call->body_length);
                sim_refuse(call->answer, 400, "%s", complaint);
        } else if (json_type(d, json_root(d)) != JSON_OBJECT) {
                sim_refuse(call->answer, 400, "json: cannot unmarshal %s into Go value of type %s",
                           sim_json_type_name(json_type(d, json_root(d))), type);
                return json_free(d);
        }
        return d;
}

struct json_document *sim_typed_body(struct sim_call *call, const char *type)
{
        const char *said = call->content_type;

        if (call->body_length && said &&
            (strncmp(said, "application/json", 16) != 0 || (said[16] && said[16] != ';'))) {
                sim_refuse(call->answer, 400, "Content-Type specified (%s) must be 'application/json'", said);
                return NULL;
        }
        return sim_body(call, type);
}

/* What the wildcard stands for; NULL when the route is another one's. */
static char *match(const struct route *route, const char *method, const char *path)
{
        if (!text_starts_with(path, route->prefix) || !text_equal(route->method, method))
                return NULL;
        size_t length = strlen(path);
        size_t prefix = strlen(route->prefix);
        size_t suffix = strlen(route->suffix);
        if ((route->whole ? length != prefix : length <= prefix + suffix) ||
            strcmp(path + length - suffix, route->suffix) != 0)
                return NULL;
        return text_copy_n(path + prefix, length - prefix - suffix);
}

static void dispatch(struct sim *sim, const char *method, const char *path, struct sim_call *call)
{
        for (size_t i = 0; i < ELEMENTS(routes); i++) {
                _cleanup_free_ char *part = match(&routes[i], method, path);
                if (!part)
                        continue;
                if (!routes[i].local && sim->now_ms < sim->leaderless_until_ms) {
                        sim_refuse(call->answer, 500, "rpc error: code = Unknown desc = " NO_LEADER);
                        return;
                }
                call->part = part;
                call->answer->status = 200;
                routes[i].handler(sim, call);
                return;
        }
        sim_refuse(call->answer, 404, "page not found");
}

/* "/v1.41/info": the rest of the path, or NULL when the version is not spoken here. */
/* As the engine's first clients understood refusals: plain text. */
static void refuse_plainly(struct sim_answer *answer, const char *digits)
{
        answer->status = 400;
        answer->content_type = "text/plain; charset=utf-8";
        buffer_format(&answer->body,
                      "client version 1.%s is too old. Minimum supported API version is 1.%d, please upgrade "
                      "your client to a newer version\n",
                      digits, API_MINOR_MIN);
}

static const char *strip_version(struct sim *sim, const char *path, struct sim_call *call)
{
        uint64_t minor;

        if (!text_starts_with(path, "/v1."))
                return path;
        _cleanup_free_ char *digits = text_copy_n(path + 4, strcspn(path + 4, "/"));
        if (!text_to_u64(digits, &minor))
                return path;
        if (minor > (uint64_t)sim_minor(sim)) {
                sim_refuse(call->answer, 400,
                           "client version 1.%s is too new. Maximum supported API version is 1.%d", digits,
                           sim_minor(sim));
                return NULL;
        }
        if (minor < API_MINOR_MIN) {
                refuse_plainly(call->answer, digits);
                return NULL;
        }
        call->minor = (int)minor;
        return path + 4 + strlen(digits);
}

void sim_request(struct sim *sim, const struct sim_request *request, struct sim_answer *ret_answer)
{
        struct sim_call call = {.query = request->query ? request->query : "",
                                .body = request->body,
                                .content_type = request->content_type,
                                .body_length = request->body_length,
                                .node = (uint32_t)request->node,
                                .minor = request->minor ? request->minor : sim_minor(sim),
                                .live = request->live,
                                .engine_minor = sim_minor(sim),
                                .answer = ret_answer};

        *ret_answer = (struct sim_answer){.content_type = "application/json"};
        if (!request->beside)
                sim_run_until(sim, sim->now_ms + sim->settings.call_ms);
        if (sim->panicked || request->node >= sim->nodes.count)
                return;
        sim->asked = call.node;
        const char *path = strip_version(sim, request->path, &call);
        if (path)
                dispatch(sim, request->method, path, &call);
        sim_filters_done(&call.filters);
}
