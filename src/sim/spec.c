#include "sim/api.h"
#include "sim/state.h"

#include <ctype.h>

/* Reading a posted spec: what the swarm goes by. */

#define NANOSECONDS_A_MS 1000000
#define STOP_GRACE_MS    10000
#define MONITOR_MS       5000
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
        config->monitor_ms = duration_ms(d, object, "Monitor", MONITOR_MS);
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

static void read_constraint(document_t d, json_node node, struct sim_spec *spec)
{
        _cleanup_free_ char *text = json_text(d, node);
        char *sign = text ? strstr(text, "==") : NULL;
        bool unequal = text && !sign;

        sign = unequal ? strstr(text, "!=") : sign;
        if (!sign)
                return;
        char *end = sign;
        while (end > text && end[-1] == ' ')
                end--;
        *list_add(&spec->constraints) =
                (struct sim_constraint){.key = text_copy_n(text, (size_t)(end - text)),
                                        .value = text_copy(sign + 2 + strspn(sign + 2, " ")),
                                        .unequal = unequal};
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
        spec->stop_grace_ms = duration_ms(d, container, "StopGracePeriod", STOP_GRACE_MS);
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

/* One of Go's types at the other end: `value` is what it is instead, `outer` the type that 20.10 names. */
static bool refuse_type(const struct sim *sim, const char *value, const char *outer, const char *field,
                        const char *type, struct sim_answer *answer)
{
        return sim_refuse(answer, 400, "%sjson: cannot unmarshal %s into Go struct field %s.%s of type %s",
                          sim_minor(sim) >= SIM_MINOR_26 ? "invalid JSON: " : "", value,
                          sim_minor(sim) >= SIM_MINOR_28 ? "ServiceSpec" : outer, field, type);
}

static bool is_object_or_absent(document_t d, json_node node)
{
        return node == JSON_NONE || json_type(d, node) == JSON_OBJECT || json_type(d, node) == JSON_NULL;
}

/* More tasks than any machine holds are this swarm's own limit. */
static bool accept_replicas(const struct sim *sim, document_t d, json_node node, struct sim_answer *answer)
{
        uint64_t replicas = 0;

        if (node == JSON_NONE || json_type(d, node) == JSON_NULL)
                return true;
        if (json_type(d, node) == JSON_NUMBER && !json_u64(d, node, &replicas)) {
                _cleanup_free_ char *number =
                        text_format("number %.*s", (int)json_length(d, node), json_bytes(d, node));
                return refuse_type(sim, number, "ReplicatedService", "Mode.Replicated.Replicas", "uint64",
                                   answer);
        }
        if (json_type(d, node) != JSON_NUMBER)
                return refuse_type(sim, sim_json_type_name(json_type(d, node)), "ReplicatedService",
                                   "Mode.Replicated.Replicas", "uint64", answer);
        if (replicas > SIM_REPLICAS_MAX)
                return sim_refuse(answer, 400, "a simulated swarm runs at most %d tasks of a service",
                                  SIM_REPLICAS_MAX);
        return true;
}

static bool accept_mode(const struct sim *sim, document_t d, struct sim_answer *answer)
{
        json_node mode = json_get(d, json_root(d), "Mode");
        json_node replicated = json_get(d, mode, "Replicated");

        if (!is_object_or_absent(d, mode))
                return refuse_type(sim, sim_json_type_name(json_type(d, mode)), "ServiceSpec", "Mode",
                                   "swarm.ServiceMode", answer);
        if (!is_object_or_absent(d, replicated))
                return refuse_type(sim, sim_json_type_name(json_type(d, replicated)), "ServiceMode",
                                   "Mode.Replicated", "swarm.ReplicatedService", answer);
        return accept_replicas(sim, d, json_get(d, replicated, "Replicas"), answer);
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

struct sim_spec *sim_spec_read(struct sim *sim, const char *bytes, size_t length, struct sim_answer *answer)
{
        _cleanup_json_ struct json_document *posted = NULL;
        _cleanup_json_ struct json_document *d = NULL;
        struct sim_call call = {
                .body = bytes, .body_length = length, .engine_minor = sim_minor(sim), .answer = answer};

        posted = sim_body(&call, "swarm.ServiceSpec");
        if (!posted || !accept_mode(sim, posted, answer))
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
