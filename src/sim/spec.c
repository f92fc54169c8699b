#include "sim/api.h"
#include "sim/state.h"
#include "sim/timing.h"

#include <ctype.h>

/* Reading a posted spec: what the swarm goes by. */

#define NANOSECONDS_A_MS 1000000
#define RESTART_DELAY_MS 5000

typedef const struct json_document *document_t;

static int64_t duration_ms(document_t d, json_node object, const char *key, int64_t otherwise)
{
        int64_t nanoseconds;

        return json_i64(d, json_get(d, object, key), &nanoseconds) ? nanoseconds / NANOSECONDS_A_MS
                                                                   : otherwise;
}

static uint64_t number(document_t d, json_node object, const char *key, uint64_t otherwise)
{
        uint64_t value = otherwise;

        json_u64(d, json_get(d, object, key), &value);
        return value;
}

/* What the swarm goes by */

static void read_update(document_t d, const char *key, struct sim_update_config *config)
{
        json_node object = json_get(d, json_root(d), key);
        json_node action = json_get(d, object, "FailureAction");
        _cleanup_free_ char *ratio = NULL;

        config->parallelism = number(d, object, "Parallelism", json_type(d, object) == JSON_OBJECT ? 0 : 1);
        config->delay_ms = duration_ms(d, object, "Delay", 0);
        config->monitor_ms = duration_ms(d, object, "Monitor", UPDATE_MONITOR_MS);
        config->start_first = json_text_is(d, json_get(d, object, "Order"), "start-first");
        config->action = json_text_is(d, action, "continue")   ? SIM_CONTINUE
                         : json_text_is(d, action, "rollback") ? SIM_ROLLBACK
                                                               : SIM_PAUSE;
        json_node number_node = json_get(d, object, "MaxFailureRatio");
        if (json_type(d, number_node) == JSON_NUMBER) {
                ratio = text_copy_n(json_bytes(d, number_node), json_length(d, number_node));
                config->ratio = strtod(ratio, NULL);
        }
}

static void read_mode(document_t d, struct sim_spec *spec)
{
        json_node mode = json_get(d, json_root(d), "Mode");
        json_node replicated = json_get(d, mode, "Replicated");
        json_node job = json_get(d, mode, "ReplicatedJob");

        spec->mode = json_get(d, mode, "Global") != JSON_NONE      ? SIM_GLOBAL
                     : json_get(d, mode, "GlobalJob") != JSON_NONE ? SIM_GLOBAL_JOB
                     : job != JSON_NONE                            ? SIM_REPLICATED_JOB
                                                                   : SIM_REPLICATED;
        if (spec->mode == SIM_REPLICATED_JOB) {
                spec->concurrent = number(d, job, "MaxConcurrent", 1);
                spec->replicas = number(d, job, "TotalCompletions", spec->concurrent);
        } else {
                spec->replicas = number(d, replicated, "Replicas", 1);
        }
}

/* "key == value", or with "!=": the first sign in the text parts it. */
static const char *constraint_sign(const char *text)
{
        const char *equal = strstr(text, "==");
        const char *unequal = strstr(text, "!=");

        return !equal || (unequal && unequal < equal) ? unequal : equal;
}

static void read_constraint(document_t d, json_node node, struct sim_spec *spec)
{
        _cleanup_free_ char *text = json_text(d, node);
        const char *sign = text ? constraint_sign(text) : NULL;

        if (!sign)
                return;
        const char *end = sign;
        while (end > text && end[-1] == ' ')
                end--;
        *list_add(&spec->constraints) =
                (struct sim_constraint){.key = text_copy_n(text, (size_t)(end - text)),
                                        .value = text_copy(sign + 2 + strspn(sign + 2, " ")),
                                        .unequal = *sign == '!'};
}

static void read_template(document_t d, json_node object, struct sim_spec *spec)
{
        json_node container = json_get(d, object, "ContainerSpec");
        json_node placement = json_get(d, object, "Placement");
        json_node restart = json_get(d, object, "RestartPolicy");
        json_node test = json_first(d, json_path(d, container, "Healthcheck", "Test", NULL));

        spec->template_offset = json_offset(d, object);
        spec->template_length = json_length(d, object);
        json_node labels = json_get(d, container, "Labels");
        spec->container_labels_offset = labels == JSON_NONE ? 0 : json_offset(d, labels);
        spec->container_labels_length =
                json_type(d, labels) == JSON_OBJECT && json_count(d, labels) ? json_length(d, labels) : 0;
        spec->image = json_text(d, json_get(d, container, "Image"));
        spec->health_check_none = json_text_is(d, test, "NONE");
        spec->health_check = test != JSON_NONE && !spec->health_check_none;
        spec->stop_grace_ms = duration_ms(d, container, "StopGracePeriod", TASK_STOP_GRACE_MS);
        spec->has_placement = json_type(d, placement) == JSON_OBJECT;
        spec->replicas_max_per_node = number(d, placement, "MaxReplicas", 0);
        json_for_each (constraint, d, json_get(d, placement, "Constraints"))
                read_constraint(d, constraint, spec);
        spec->restart_delay_ms = duration_ms(d, restart, "Delay", RESTART_DELAY_MS);
        spec->restart_none = json_text_is(d, json_get(d, restart, "Condition"), "none");
        spec->restart_on_failure = json_text_is(d, json_get(d, restart, "Condition"), "on-failure");
}

static void read_port(document_t d, json_node node, struct sim_spec *spec)
{
        struct sim_port *port = list_add(&spec->ports);
        _cleanup_free_ char *protocol = json_text(d, json_get(d, node, "Protocol"));

        port->target = (uint32_t)number(d, node, "TargetPort", 0);
        port->published = (uint32_t)number(d, node, "PublishedPort", 0);
        snprintf(port->protocol, sizeof(port->protocol), "%s", protocol ? protocol : "tcp");
        port->host_mode = json_text_is(d, json_get(d, node, "PublishMode"), "host");
        spec->ingress = spec->ingress || !port->host_mode;
}

static void read_endpoint(document_t d, json_node object, struct sim_spec *spec)
{
        if (object == JSON_NONE)
                return;
        spec->endpoint_offset = json_offset(d, object);
        spec->endpoint_length = json_length(d, object);
        spec->dnsrr = json_text_is(d, json_get(d, object, "Mode"), "dnsrr");
        json_for_each (port, d, json_get(d, object, "Ports"))
                read_port(d, port, spec);
}

static void read_all(struct sim *sim, document_t d, struct sim_spec *spec)
{
        json_node root = json_root(d);
        json_node labels = json_get(d, root, "Labels");

        spec->name = json_text(d, json_get(d, root, "Name"));
        spec->labels_offset = labels == JSON_NONE ? 0 : json_offset(d, labels);
        spec->labels_length = json_length(d, labels);
        json_node networks = json_get(d, root, "Networks");
        spec->outer_networks_offset = json_count(d, networks) ? json_offset(d, networks) : 0;
        spec->outer_networks_length = json_count(d, networks) ? json_length(d, networks) : 0;
        read_mode(d, spec);
        read_template(d, json_get(d, root, "TaskTemplate"), spec);
        read_endpoint(d, json_get(d, root, "EndpointSpec"), spec);
        read_update(d, "UpdateConfig", &spec->update);
        read_update(d, "RollbackConfig", &spec->rollback);
        json_for_each (entry, d, sim_spec_networks(d)) {
                _cleanup_free_ char *target = json_text(d, json_get(d, entry, "Target"));
                *list_add(&spec->networks) = sim_network_find(sim, target)->object.ref;
        }
}

bool sim_accept_name(const char *name, struct sim_answer *answer)
{
        static const char inner[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
        size_t length = name ? strlen(name) : 0;

        if (length > SIM_NAME_MAX)
                return sim_refuse(
                        answer, 400,
                        "rpc error: code = InvalidArgument desc = name must be %d characters or fewer",
                        SIM_NAME_MAX);
        if (length && strspn(name, inner) == length && isalnum((unsigned char)name[0]) &&
            isalnum((unsigned char)name[length - 1]))
                return true;
        return sim_refuse(
                answer, 400,
                "rpc error: code = InvalidArgument desc = name must be valid as a DNS name component");
}

/* More tasks than any machine holds are this swarm's own limit. */
static bool accept_mode(document_t d, struct sim_answer *answer)
{
        json_node mode = json_get(d, json_root(d), "Mode");
        uint64_t replicas = 0;
        size_t said = 0;

        json_for_each (member, d, mode)
                said += json_type(d, member) == JSON_OBJECT;
        if (said > 1)
                return sim_refuse(answer, 400, "must specify only one service mode");
        if (json_u64(d, json_path(d, mode, "Replicated", "Replicas", NULL), &replicas) &&
            replicas > SIM_REPLICAS_MAX)
                return sim_refuse(answer, 400, "a simulated swarm runs at most %d tasks of a service",
                                  SIM_REPLICAS_MAX);
        return true;
}

static const char *const orders[] = {"stop-first", "start-first", NULL};
static const char *const failure_actions[] = {"pause", "continue", "rollback", NULL};
static const char *const endpoint_modes[] = {"vip", "dnsrr", NULL};
static const char *const conditions[] = {"none", "on-failure", "any", NULL};
static const char *const mount_types[] = {"bind", "volume", "tmpfs", "npipe", "cluster", NULL};

/* What an engine takes for a word, and how it refuses others: `before`, the word, `after`. */
static const struct vocabulary {
        const char *const *words;
        const char *before, *after;
        const char *path[4];
} vocabularies[] = {
        {orders, "unrecognized update order ", "", {"UpdateConfig", "Order"}},
        {orders, "unrecognized update order ", "", {"RollbackConfig", "Order"}},
        {failure_actions, "unrecognized update failure action ", "", {"UpdateConfig", "FailureAction"}},
        {failure_actions, "unrecognized update failure action ", "", {"RollbackConfig", "FailureAction"}},
        {endpoint_modes, "invalid resolution mode: \"", "\"", {"EndpointSpec", "Mode"}},
        {conditions, "invalid RestartCondition: \"", "\"", {"TaskTemplate", "RestartPolicy", "Condition"}},
};

static bool accept_word(document_t d, json_node node, const struct vocabulary *vocabulary,
                        struct sim_answer *answer)
{
        _cleanup_free_ char *word = json_text(d, node);

        if (text_empty(word))
                return true;
        for (const char *const *known = vocabulary->words; *known; known++)
                if (text_equal(*known, word))
                        return true;
        return sim_refuse(answer, 400, "%s%s%s", vocabulary->before, word, vocabulary->after);
}

static bool accept_words(document_t d, struct sim_answer *answer)
{
        static const struct vocabulary mounts = {mount_types, "invalid MountType: \"", "\"", {NULL}};

        for (size_t i = 0; i < ELEMENTS(vocabularies); i++) {
                json_node node = json_root(d);
                for (const char *const *key = vocabularies[i].path; *key; key++)
                        node = json_get(d, node, *key);
                if (!accept_word(d, node, &vocabularies[i], answer))
                        return false;
        }
        json_for_each (mount, d, json_path(d, json_root(d), "TaskTemplate", "ContainerSpec", "Mounts", NULL))
                if (!accept_word(d, json_get(d, mount, "Type"), &mounts, answer))
                        return false;
        return true;
}

static bool accept(const struct sim_spec *spec, struct sim_answer *answer)
{
        if (!spec->template_length || text_empty(spec->image))
                return sim_refuse(
                        answer, 400,
                        "rpc error: code = InvalidArgument desc = ContainerSpec: image reference must be "
                        "provided");
        if (!sim_accept_name(spec->name, answer))
                return false;
        if (spec->dnsrr && spec->ingress)
                return sim_refuse(
                        answer, 400,
                        "rpc error: code = InvalidArgument desc = EndpointSpec: port published with "
                        "ingress mode can't be used with dnsrr mode");
        return true;
}

static bool accept_constraints(document_t d, struct sim_answer *answer)
{
        static const char refused[] = "rpc error: code = Unknown desc =";

        json_for_each (constraint, d,
                       json_path(d, json_root(d), "TaskTemplate", "Placement", "Constraints", NULL)) {
                _cleanup_free_ char *text = json_text(d, constraint);
                const char *sign = text ? constraint_sign(text) : NULL;
                if (!sign)
                        return sim_refuse(answer, 500,
                                          "%s constraint expected one operator from ==, !=", refused);
                if (!sign[2 + strspn(sign + 2, " ")])
                        return sim_refuse(answer, 500, "%s value '%s' is invalid", refused, sign + 2);
        }
        return true;
}

struct sim_spec *sim_spec_read(struct sim *sim, const char *bytes, size_t length, struct sim_answer *answer)
{
        _cleanup_json_ struct json_document *posted = NULL;
        _cleanup_json_ struct json_document *d = NULL;
        struct sim_call call = {
                .body = bytes, .body_length = length, .engine_minor = sim_minor(sim), .answer = answer};

        posted = sim_body(&call, "swarm.ServiceSpec");
        if (!posted || !sim_type_fits(sim, posted, &sim_type_service, answer) ||
            !accept_mode(posted, answer) || !accept_words(posted, answer) ||
            !accept_constraints(posted, answer))
                return NULL;
        if (json_path(posted, json_root(posted), "TaskTemplate", "ContainerSpec", NULL) == JSON_NONE) {
                sim_refuse(answer, 400, "mismatched Runtime and *Spec fields");
                return NULL;
        }
        char *normal = sim_spec_normal(sim, posted, bytes, length, answer);
        if (!normal)
                return NULL;
        struct sim_spec *spec = new_zero(struct sim_spec);
        spec->users = 1;
        spec->bytes = normal;
        spec->length = strlen(normal);
        if (json_parse(normal, spec->length, &d, NULL) == 0)
                read_all(sim, d, spec);
        return accept(spec, answer) ? spec : sim_spec_free(spec);
}

struct sim_spec *sim_spec_use(struct sim_spec *spec)
{
        spec->users++;
        return spec;
}

struct sim_spec *sim_spec_free(struct sim_spec *spec)
{
        if (!spec || --spec->users)
                return NULL;
        for (size_t i = 0; i < spec->constraints.count; i++) {
                free(spec->constraints.items[i].key);
                free(spec->constraints.items[i].value);
        }
        free(spec->constraints.items);
        free(spec->networks.items);
        free(spec->ports.items);
        free(spec->bytes);
        free(spec->name);
        free(spec->image);
        free(spec);
        return NULL;
}

/* A task of an equal template and endpoint is the one that is wanted, whichever spec it was made from. */
bool sim_spec_same_tasks(const struct sim_spec *a, const struct sim_spec *b)
{
        return a == b ||
               (a->template_length == b->template_length && a->endpoint_length == b->endpoint_length &&
                memcmp(a->bytes + a->template_offset, b->bytes + b->template_offset, a->template_length) ==
                        0 &&
                memcmp(a->bytes + a->endpoint_offset, b->bytes + b->endpoint_offset, a->endpoint_length) ==
                        0);
}
