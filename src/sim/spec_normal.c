#include "sim/api.h"
#include "sim/state.h"

#include "json/edit.h"

/*
 * A posted spec as it is kept: value for value as it came, but for what the engine itself rewrites. Networks
 * that were named are identified, update settings with fields left out come back filled in, a mode that is
 * not said is one of one replica, and the members of the spec stand in the engine's order. As everything that
 * Go has read and writes, it has no blanks, of a key that comes twice the last, and no member that is null.
 */

typedef const struct json_document *document_t;

json_node sim_spec_networks(document_t d)
{
        json_node networks = json_path(d, json_root(d), "TaskTemplate", "Networks", NULL);

        return json_count(d, networks) ? networks : json_get(d, json_root(d), "Networks");
}

struct edits {
        LIST(struct json_edit) items;
        LIST(char *) texts;
};

static void edits_done(struct edits *edits)
{
        for (size_t i = 0; i < edits->texts.count; i++)
                free(edits->texts.items[i]);
        free(edits->texts.items);
        free(edits->items.items);
}

static void edit_value(struct edits *edits, document_t d, json_node node, char *text)
{
        *list_add(&edits->texts) = text;
        *list_add(&edits->items) = (struct json_edit){
                .offset = json_offset(d, node), .removed = json_length(d, node), .inserted = text};
}

static bool resolve_target(struct sim *sim, document_t d, json_node entry, struct edits *edits,
                           struct sim_answer *answer)
{
        _cleanup_free_ char *target = json_text(d, json_get(d, entry, "Target"));
        struct sim_network *network = target ? sim_network_find(sim, target) : NULL;
        char id[SIM_ID_SIZE];

        if (!network || network->removed)
                return sim_refuse(answer, 500, "network %s not found", target ? target : "");
        if (network->ingress)
                return sim_refuse(answer, 400,
                                  "rpc error: code = InvalidArgument desc = Service cannot be explicitly "
                                  "attached to the ingress network \"%s\"",
                                  network->name);
        if (network->local)
                return sim_refuse(
                        answer, 403,
                        "The network %s cannot be used with services. Only networks scoped to the swarm "
                        "can be used, such as those created with the overlay driver.",
                        network->name);
        sim_id(sim, SIM_KIND_NETWORK, network->object.ref, id);
        if (!text_equal(id, target))
                edit_value(edits, d, json_get(d, entry, "Target"), text_format("\"%s\"", id));
        return true;
}

/* In the order of the engine's own struct. */
static void fill_update_config(document_t d, const char *key, struct edits *edits)
{
        json_node config = json_get(d, json_root(d), key);

        if (json_type(d, config) != JSON_OBJECT || json_get(d, config, "Monitor") != JSON_NONE)
                return;
        _cleanup_free_ char *order = json_text(d, json_get(d, config, "Order"));
        _cleanup_free_ char *action = json_text(d, json_get(d, config, "FailureAction"));
        uint64_t parallelism = 1;
        json_u64(d, json_get(d, config, "Parallelism"), &parallelism);
        edit_value(edits, d, config,
                   text_format("{\"Parallelism\":%llu,\"FailureAction\":\"%s\",\"Monitor\":5000000000,"
                               "\"MaxFailureRatio\":0,\"Order\":\"%s\"}",
                               (unsigned long long)parallelism, action ? action : "pause",
                               order ? order : "stop-first"));
}

#define ONE_REPLICA "{\"Replicated\":{\"Replicas\":1}}"

/* A replicated service whose number is not said is one of one. */
static void fill_mode(document_t d, struct edits *edits)
{
        json_node mode = json_get(d, json_root(d), "Mode");
        json_node replicated = json_get(d, mode, "Replicated");

        if (json_count(d, mode) > 1 || json_get(d, mode, "Global") != JSON_NONE ||
            json_get(d, mode, "ReplicatedJob") != JSON_NONE || json_get(d, mode, "GlobalJob") != JSON_NONE)
                return;
        if (mode != JSON_NONE && json_type(d, json_get(d, replicated, "Replicas")) != JSON_NUMBER)
                edit_value(edits, d, mode, text_copy(ONE_REPLICA));
}

static char *edited_bytes(struct sim *sim, document_t d, const char *bytes, size_t length,
                          struct sim_answer *answer)
{
        _cleanup_(edits_done) struct edits edits = {0};
        struct buffer out = {0};

        json_for_each (entry, d, sim_spec_networks(d))
                if (!resolve_target(sim, d, entry, &edits, answer))
                        return NULL;
        fill_mode(d, &edits);
        fill_update_config(d, "UpdateConfig", &edits);
        fill_update_config(d, "RollbackConfig", &edits);
        if (json_edit_apply(bytes, length, edits.items.items, edits.items.count, &out, NULL) < 0) {
                sim_refuse(answer, 500, "the spec can't be read");
                return NULL;
        }
        return buffer_steal(&out);
}

static void write_value(document_t d, json_node node, struct buffer *out);

static void write_object(document_t d, json_node object, struct buffer *out)
{
        const char *before = "{";

        json_for_each (member, d, object) {
                _cleanup_free_ char *key = json_key(d, member);
                if (json_type(d, member) == JSON_NULL || (key && json_get(d, object, key) != member))
                        continue;
                buffer_add_text(out, before);
                sim_write_text(out, key ? key : "");
                buffer_add_text(out, ":");
                write_value(d, member, out);
                before = ",";
        }
        buffer_add_text(out, *before == '{' ? "{}" : "}");
}

static void write_value(document_t d, json_node node, struct buffer *out)
{
        const char *before = "[";

        if (json_type(d, node) == JSON_OBJECT) {
                write_object(d, node, out);
        } else if (json_type(d, node) == JSON_ARRAY) {
                json_for_each (element, d, node) {
                        buffer_add_text(out, before);
                        write_value(d, element, out);
                        before = ",";
                }
                buffer_add_text(out, *before == '[' ? "[]" : "]");
        } else {
                buffer_add(out, json_bytes(d, node), json_length(d, node));
        }
}

/* In the order of the engine's own struct; what it does not know is dropped. */
static char *ordered_bytes(const char *bytes, size_t length)
{
        static const struct {
                const char *key;
                const char *unsaid; /* what stands there where nobody said it; NULL: nothing */
        } members[] = {{"Name", NULL},        {"Labels", "{}"},       {"TaskTemplate", NULL},
                       {"Mode", ONE_REPLICA}, {"UpdateConfig", NULL}, {"RollbackConfig", NULL},
                       {"Networks", NULL},    {"EndpointSpec", NULL}};
        _cleanup_json_ struct json_document *d = NULL;
        struct buffer out = {0};

        if (json_parse(bytes, length, &d, NULL) < 0)
                return NULL;
        for (size_t i = 0; i < ELEMENTS(members); i++) {
                json_node member = json_get(d, json_root(d), members[i].key);
                bool missing = json_type(d, member) == JSON_NULL; /* or null, which is the same to Go */
                if (missing && !members[i].unsaid)
                        continue;
                buffer_format(&out, "%s\"%s\":", out.length ? "," : "{", members[i].key);
                if (missing)
                        buffer_add_text(&out, members[i].unsaid);
                else
                        write_value(d, member, &out);
        }
        buffer_add_text(&out, out.length ? "}" : "{}");
        return buffer_steal(&out);
}

char *sim_spec_normal(struct sim *sim, document_t d, const char *bytes, size_t length,
                      struct sim_answer *answer)
{
        _cleanup_free_ char *edited = edited_bytes(sim, d, bytes, length, answer);

        _cleanup_free_ char *ordered = edited ? ordered_bytes(edited, strlen(edited)) : NULL;

        return ordered ? sim_spec_complete(ordered, strlen(ordered), false) : NULL;
}
