#include "swarm/parse.h"
#include "swarm/swarm.h"

/*
 * A survey is one round of GETs in parallel, lists parsed element by element as they arrive, and a second
 * round for the networks whose endpoints were asked for. The lists are read within milliseconds of each other
 * but not at one instant: an object may be in one and not yet in another, so nothing above may treat a
 * dangling ID as an error.
 */

#define TASKS_PATH       "/tasks"
#define ATTACHMENTS_PATH "/tasks?filters=%7B%22runtime%22%3A%5B%22attachment%22%5D%7D"

/* Of a list that holds anything else, nothing can be known. */
static int refuse_other_than_object(const struct json_document *d, struct error *error)
{
        return json_type(d, json_root(d)) == JSON_OBJECT
                       ? 0
                       : error_set(error, ERROR_ENGINE, "the engine lists something that is no object");
}

static int add_node(void *userdata, const struct json_document *d, struct error *error)
{
        struct swarm *swarm = userdata;

        if (refuse_other_than_object(d, error) < 0)
                return -1;
        parse_node(swarm, d, json_root(d), list_add(&swarm->nodes));
        return 0;
}

static int add_network(void *userdata, const struct json_document *d, struct error *error)
{
        struct swarm *swarm = userdata;

        if (refuse_other_than_object(d, error) < 0)
                return -1;
        parse_network(swarm, d, json_root(d), list_add(&swarm->networks));
        return 0;
}

static int add_service(void *userdata, const struct json_document *d, struct error *error)
{
        struct swarm *swarm = userdata;

        if (refuse_other_than_object(d, error) < 0)
                return -1;
        parse_service(swarm, d, json_root(d), list_add(&swarm->services));
        return 0;
}

static int add_task(void *userdata, const struct json_document *d, struct error *error)
{
        struct swarm *swarm = userdata;

        if (refuse_other_than_object(d, error) < 0)
                return -1;
        parse_task(swarm, d, json_root(d), list_add(&swarm->tasks));
        return 0;
}

static int add_attachment_task(void *userdata, const struct json_document *d, struct error *error)
{
        struct swarm *swarm = userdata;

        if (refuse_other_than_object(d, error) < 0)
                return -1;
        struct task *task = list_add(&swarm->tasks);
        parse_task(swarm, d, json_root(d), task);
        task->attachment = true;
        return 0;
}

struct list {
        const char *path;
        json_sink add;
};

static const struct list task_lists[] = {{TASKS_PATH, add_task}, {ATTACHMENTS_PATH, add_attachment_task}};
static const struct list all_lists[] = {{"/nodes", add_node},
                                        {"/networks", add_network},
                                        {"/services", add_service},
                                        {TASKS_PATH, add_task},
                                        {ATTACHMENTS_PATH, add_attachment_task}};

#define LISTS_MAX ELEMENTS(all_lists)

/* Performs `lists` into the swarm, and `extra` requests beside them. The first failure in order is the one
 * told. */
static int fetch_lists(struct engine *engine, struct swarm *swarm, const struct list *lists, size_t count,
                       struct engine_request *info, struct error *error)
{
        struct engine_request requests[LISTS_MAX + 1] = {0};
        struct json_split *splits[LISTS_MAX];
        size_t total = count;
        int result = 0;

        for (size_t i = 0; i < count; i++) {
                splits[i] = json_split_new(lists[i].add, swarm);
                requests[i] = (struct engine_request){
                        .path = lists[i].path, .sink = engine_list_sink, .userdata = splits[i]};
        }
        if (info)
                requests[total++] = *info;
        engine_perform(engine, requests, total);
        if (info) {
                *info = requests[count];
                result = info->error.kind ? -1 : 0; /* it stays in there, for the caller to tell */
        }
        for (size_t i = 0; i < count; i++) {
                if (result == 0 && engine_list_end(&requests[i], error) < 0)
                        result = error_while(error, "reading %s", lists[i].path);
                engine_request_done(&requests[i]);
                json_split_free(splits[i]);
        }
        return result;
}

static int read_info(struct swarm *swarm, const struct engine_request *request, struct error *error)
{
        _cleanup_json_ struct json_document *d = NULL;

        if (json_parse(buffer_text(&request->answer), request->answer.length, &d, error) < 0)
                return error_while(error, "reading /info");
        parse_info(swarm, d, json_root(d));
        if (!json_bool(d, json_path(d, json_root(d), "Swarm", "ControlAvailable", NULL)))
                return error_set(error, ERROR_REFUSED,
                                 "this engine (%s) is not a swarm manager; run headroom on a manager, or "
                                 "name one with --host",
                                 swarm->local_node_name ? swarm->local_node_name : "unnamed");
        return 0;
}

static int read_endpoints(struct swarm *swarm, struct network *network, struct engine_request *request,
                          struct error *error)
{
        _cleanup_json_ struct json_document *d = NULL;

        if (request->error.kind == ERROR_NOT_FOUND)
                return 0; /* removed since the list was read: it has no endpoints to tell of */
        if (request->error.kind)
                return error_move(error, &request->error);
        if (json_parse(buffer_text(&request->answer), request->answer.length, &d, error) < 0)
                return error_while(error, "reading %s", request->path);
        parse_endpoints(swarm, d, json_root(d), network);
        return 0;
}

static bool is_wanted(const struct network *network, const char *which)
{
        return network->id && network_is_overlay(network) &&
               (text_equal(which, "*") || text_equal(which, network->id));
}

static int inspect_networks(struct engine *engine, const char *which, struct swarm *swarm,
                            struct error *error)
{
        struct engine_request *requests = memory_new(swarm->networks.count, sizeof(*requests));
        struct network **wanted = memory_new(swarm->networks.count, sizeof(struct network *));
        size_t count = 0;
        int result = 0;

        for_each_network (network, swarm) {
                if (!is_wanted(network, which))
                        continue;
                requests[count].path = text_format("/networks/%s", network->id);
                wanted[count++] = network;
        }
        engine_perform(engine, requests, count);
        for (size_t i = 0; i < count; i++) {
                if (result == 0)
                        result = read_endpoints(swarm, wanted[i], &requests[i], error);
                free((char *)requests[i].path);
                engine_request_done(&requests[i]);
        }
        free(requests);
        free(wanted);
        return result;
}

int survey(struct engine *engine, const char *inspect, struct swarm *ret_swarm, struct error *error)
{
        struct engine_request info _cleanup_(engine_request_done) = {.path = "/info"};
        _cleanup_swarm_ struct swarm swarm;

        swarm_init(&swarm);
        swarm.engine = swarm_string(&swarm, engine->description);
        int listed = fetch_lists(engine, &swarm, all_lists, ELEMENTS(all_lists), &info, error);
        /* Why the lists failed stands in /info: "not a manager" says more than the lists' own 503. */
        if (info.error.kind)
                return error_move(error, &info.error);
        if (info.status == 200) {
                _cleanup_error_ struct error told = {0};
                if (read_info(&swarm, &info, &told) < 0)
                        return error_move(error, &told);
        }
        if (listed < 0)
                return -1;
        if (!swarm.nodes.count)
                return error_set(
                        error, ERROR_ENGINE,
                        "the engine at %s lists no node, not even itself: what the swarm holds can't "
                        "be known",
                        swarm.engine);
        if (inspect && inspect_networks(engine, inspect, &swarm, error) < 0)
                return -1;
        *ret_swarm = swarm;
        swarm = (struct swarm){0};
        return 0;
}

int survey_tasks(struct engine *engine, const char *filter, struct swarm *swarm, struct error *error)
{
        swarm_forget_tasks(swarm);
        if (!filter)
                return fetch_lists(engine, swarm, task_lists, ELEMENTS(task_lists), NULL, error);
        _cleanup_free_ char *encoded = engine_encode(filter);
        _cleanup_free_ char *path = text_format(TASKS_PATH "?filters=%s", encoded);
        struct list filtered = {path, add_task};
        return fetch_lists(engine, swarm, &filtered, 1, NULL, error);
}
