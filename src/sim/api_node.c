#include "sim/api.h"

/* Nodes, as the API asks of them. */

static struct sim_table *nodes(struct sim *sim)
{
        return &sim->nodes;
}

static bool is_listed(struct sim *sim, const struct sim_call *call, const void *object)
{
        (void)sim;
        (void)call;
        return !((const struct sim_node *)object)->removed;
}

static bool matches(struct sim *sim, const struct sim_call *call, const void *object, const char *key,
                    const char *value)
{
        const struct sim_node *node = object;
        char id[SIM_ID_SIZE];

        (void)call;
        sim_id(sim, SIM_KIND_NODE, node->object.ref, id);
        if (text_equal(key, "name"))
                return text_starts_with(node->name, value);
        if (text_equal(key, "id"))
                return text_starts_with(id, value);
        if (text_equal(key, "role"))
                return text_equal(node->manager ? "manager" : "worker", value);
        if (text_equal(key, "membership"))
                return text_equal(value, "accepted");
        return sim_label_matches(node->labels, strlen(node->labels), value);
}

static void write_node(struct sim *sim, const struct sim_call *call, const void *object, struct buffer *out)
{
        (void)call;
        sim_write_node(sim, object, out);
}

void sim_get_nodes(struct sim *sim, struct sim_call *call)
{
        static const char *const known[] = {"name", "id", "label", "role", "membership", "node.label", NULL};
        static const char *const roles[] = {"manager", "worker", NULL};
        static const char *const memberships[] = {"accepted", "pending", NULL};
        static const struct sim_list_kind kind = {nodes, is_listed, matches, write_node};

        if (sim_is_manager(sim, call) && sim_filters_read(call, known) &&
            sim_filter_words(call, "role", roles) && sim_filter_words(call, "membership", memberships))
                sim_answer_list(sim, call, &kind);
}

static struct sim_node *find(struct sim *sim, struct sim_call *call)
{
        struct sim_node *node = sim_node_find(sim, call->part);

        if (!node)
                sim_refuse(call->answer, 404, "node %s not found", call->part);
        return node;
}

void sim_get_node(struct sim *sim, struct sim_call *call)
{
        const struct sim_node *node = find(sim, call);

        if (node)
                sim_write_node(sim, node, &call->answer->body);
}

static void write_manager(const struct sim *sim, const struct sim_node *node, const char *address,
                          struct buffer *out)
{
        buffer_add_text(out, ",\"ManagerStatus\":{");
        if (sim->leader == node->object.ref.index)
                buffer_add_text(out, "\"Leader\":true,");
        buffer_format(out, "\"Reachability\":\"%s\",\"Addr\":\"%s:2377\"}",
                      node->down ? "unreachable" : "reachable", address);
}

#define PLUGINS                                                                                              \
        "{\"Type\":\"Log\",\"Name\":\"journald\"},{\"Type\":\"Log\",\"Name\":\"json-file\"},{\"Type\":"      \
        "\"Log\","                                                                                           \
        "\"Name\":\"local\"},{\"Type\":\"Log\",\"Name\":\"syslog\"},{\"Type\":\"Network\",\"Name\":"         \
        "\"bridge\"},"                                                                                       \
        "{\"Type\":\"Network\",\"Name\":\"host\"},{\"Type\":\"Network\",\"Name\":\"ipvlan\"},{\"Type\":"     \
        "\"Network\",\"Name\":\"macvlan\"},{\"Type\":\"Network\",\"Name\":\"null\"},{\"Type\":\"Network\","  \
        "\"Name\":\"overlay\"},{\"Type\":\"Volume\",\"Name\":\"local\"}"

void sim_write_node(struct sim *sim, const struct sim_node *node, struct buffer *out)
{
        char id[SIM_ID_SIZE];
        char address[ADDRESS_TEXT_SIZE];

        sim_id(sim, SIM_KIND_NODE, node->object.ref, id);
        address_format(node->address, address);
        buffer_format(out, "{\"ID\":\"%s\",", id);
        sim_write_head(sim, &node->object, out);
        buffer_format(out,
                      ",\"Spec\":{\"Labels\":%s,\"Role\":\"%s\",\"Availability\":\"%s\"},\"Description\":{"
                      "\"Hostname\":\"%s\",\"Platform\":{\"Architecture\":\"x86_64\",\"OS\":\"linux\"},"
                      "\"Resources\":{\"NanoCPUs\":2000000000,\"MemoryBytes\":4294967296},\"Engine\":{"
                      "\"EngineVersion\":\"%s\",\"Plugins\":[" PLUGINS "]}," SIM_TLS_INFO
                      "},\"Status\":{\"State\":\"%s\",\"Addr\":\"%s\"}",
                      node->labels, node->manager ? "manager" : "worker", node->availability, node->name,
                      sim_engine_version(sim), node->down ? "down" : "ready", address);
        if (node->manager)
                write_manager(sim, node, address, out);
        buffer_add_text(out, "}");
}

/* Changes */

/* What a node was, for what is told of its change. */
struct before {
        bool manager, leads;
        char *availability;
};

static char *change_of(const struct before *before, const struct sim_node *node)
{
        struct buffer changes = {0};
        char *const texts[] = {
                sim_attribute_change("availability", before->availability, node->availability),
                sim_attribute_change("role", before->manager ? "manager" : "worker",
                                     node->manager ? "manager" : "worker"),
        };

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                buffer_add_text(&changes, texts[i] ? texts[i] : "");
                free(texts[i]);
        }
        return changes.length ? buffer_steal(&changes) : NULL;
}

static void take_labels(const struct json_document *d, struct sim_node *node)
{
        json_node labels = json_get(d, json_root(d), "Labels");
        bool given = json_type(d, labels) == JSON_OBJECT;

        free(node->labels);
        node->labels = given ? text_copy_n(json_bytes(d, labels), json_length(d, labels)) : text_copy("{}");
}

/* Promoting, demoting, draining, labels. A leader that is demoted gives way to another manager. */
static void apply_node(struct sim *sim, struct sim_node *node, const struct json_document *d)
{
        const struct before before = {.manager = node->manager,
                                      .leads = sim->leader == node->object.ref.index,
                                      .availability = node->availability};

        node->manager = json_text_is(d, json_get(d, json_root(d), "Role"), "manager");
        node->availability = json_text(d, json_get(d, json_root(d), "Availability"));
        take_labels(d, node);
        sim_touch(sim, node);
        sim_tell_node(sim, node, "update", change_of(&before, node));
        free(before.availability);
        if (before.leads && !node->manager)
                sim_leader_change(sim);
        for_each_sim (sim_service, service, &sim->services)
                sim_service_due(sim, service, 0);
        sim_retry_due(sim);
}

static bool accept_word(struct sim_call *call, const struct json_document *d, const char *key,
                        const char *const words[])
{
        _cleanup_free_ char *word = json_text(d, json_get(d, json_root(d), key));

        for (size_t i = 0; words[i]; i++)
                if (text_equal(word, words[i]))
                        return true;
        return sim_refuse(call->answer, 400, "invalid %s: \"%s\"", key, word ? word : "");
}

static bool accept_update(struct sim *sim, struct sim_call *call, const struct sim_node *node,
                          const struct json_document *d)
{
        static const char *const availabilities[] = {"active", "pause", "drain", NULL};
        static const char *const roles[] = {"manager", "worker", NULL};
        _cleanup_free_ char *version = sim_query(call, "version");
        uint64_t given = 0;

        if (!version || !text_to_u64(version, &given))
                return sim_refuse(
                        call->answer, 400,
                        "invalid node version '%s': strconv.ParseUint: parsing \"%s\": invalid syntax",
                        version ? version : "", version ? version : "");
        if (!accept_word(call, d, "Role", roles) || !accept_word(call, d, "Availability", availabilities))
                return false;
        if (given != node->object.version)
                return sim_refuse(call->answer, 500,
                                  "rpc error: code = Unknown desc = update out of sequence");
        if (node->manager && sim_managers(sim) == 1 &&
            !json_text_is(d, json_get(d, json_root(d), "Role"), "manager"))
                return sim_refuse(call->answer, 400,
                                  "rpc error: code = FailedPrecondition desc = attempting to demote the last "
                                  "manager of the swarm");
        return true;
}

void sim_update_node(struct sim *sim, struct sim_call *call)
{
        struct sim_node *node = find(sim, call);
        _cleanup_json_ struct json_document *d = node ? sim_body(call, "swarm.NodeSpec") : NULL;

        if (d && accept_update(sim, call, node, d))
                apply_node(sim, node, d);
}

void sim_delete_node(struct sim *sim, struct sim_call *call)
{
        struct sim_node *node = find(sim, call);
        char id[SIM_ID_SIZE];

        if (!node)
                return;
        sim_id(sim, SIM_KIND_NODE, node->object.ref, id);
        if (node->manager)
                sim_refuse(
                        call->answer, 400,
                        "rpc error: code = FailedPrecondition desc = node %s is a cluster manager and is a "
                        "member of the raft cluster. It must be demoted to worker before removal",
                        id);
        else if (!node->down && !sim_query_flag(call, "force"))
                sim_refuse(call->answer, 400,
                           "rpc error: code = FailedPrecondition desc = node %s is not down and can't be "
                           "removed",
                           id);
        else
                sim_node_remove(sim, node);
}
