#include "sim/api.h"
#include "sim/state.h"

/*
 * The types that an engine reads bodies into, as far as headroom and its client send them: Go refuses a
 * member of another type, and names where it stands. 20.10 and 26.1 name the struct it is in, 26.1 also
 * structs that are embedded, and 28.5 the outermost struct and places in lists and maps. All three were
 * asked.
 */

enum kind {
        TEXT,
        FLAG,
        UNSIGNED,
        SIGNED,
        REAL,
        MAP,
        LIST_OF,
        STRUCT,
};

struct field;

struct sim_type {
        enum kind kind;
        const char *name;             /* as the engine calls it */
        const char *owner;            /* of a struct, before its fields */
        const struct sim_type *inner; /* of a list or map */
        const struct field *fields;   /* of a struct; the last has no key */
        const char *owner_26;         /* since 26.1, where it is another one */
        const char *root_28;          /* of a body as a whole */
        const char *embedded;         /* 26.1: what fields marked so come from */
};

struct field {
        const char *key;
        const struct sim_type *type;
        bool embedded;
};

#define TYPE_OF(kind_, name_)                                                                                \
        &(const struct sim_type)                                                                             \
        {                                                                                                    \
                .kind = kind_, .name = name_                                                                 \
        }
#define LIST_TYPE(name_, inner_)                                                                             \
        &(const struct sim_type)                                                                             \
        {                                                                                                    \
                .kind = LIST_OF, .name = name_, .inner = inner_                                              \
        }
#define STRUCT_TYPE(name_, owner_, ...)                                                                      \
        &(const struct sim_type)                                                                             \
        {                                                                                                    \
                .kind = STRUCT, .name = name_, .owner = owner_, .fields = (const struct field[])             \
                {                                                                                            \
                        __VA_ARGS__,                                                                         \
                        {                                                                                    \
                                0                                                                            \
                        }                                                                                    \
                }                                                                                            \
        }

static const struct sim_type text = {.kind = TEXT, .name = "string"};
static const struct sim_type flag = {.kind = FLAG, .name = "bool"};
static const struct sim_type u32 = {.kind = UNSIGNED, .name = "uint32"};
static const struct sim_type u64 = {.kind = UNSIGNED, .name = "uint64"};
static const struct sim_type i64 = {.kind = SIGNED, .name = "int64"};
static const struct sim_type integer = {.kind = SIGNED, .name = "int"};
static const struct sim_type duration = {.kind = SIGNED, .name = "time.Duration"};
static const struct sim_type texts = {.kind = LIST_OF, .name = "[]string", .inner = &text};
static const struct sim_type map = {.kind = MAP, .name = "map[string]string", .inner = &text};

static const struct sim_type mounts = {
        .kind = LIST_OF,
        .name = "[]mount.Mount",
        .inner = STRUCT_TYPE("mount.Mount", "Mount", {"Type", TYPE_OF(TEXT, "mount.Type")}, {"Source", &text},
                             {"Target", &text}, {"ReadOnly", &flag},
                             {"Consistency", TYPE_OF(TEXT, "mount.Consistency")})};

static const struct sim_type attachments = {.kind = LIST_OF,
                                            .name = "[]swarm.NetworkAttachmentConfig",
                                            .inner = STRUCT_TYPE("swarm.NetworkAttachmentConfig",
                                                                 "NetworkAttachmentConfig", {"Target", &text},
                                                                 {"Aliases", &texts}, {"DriverOpts", &map})};

static const struct sim_type health = {.kind = STRUCT,
                                       .name = "container.HealthConfig",
                                       .owner = "HealthConfig",
                                       .owner_26 = "HealthcheckConfig",
                                       .fields = (const struct field[]){{"Test", &texts},
                                                                        {"Interval", &duration},
                                                                        {"Timeout", &duration},
                                                                        {"StartPeriod", &duration},
                                                                        {"Retries", &integer},
                                                                        {0}}};

static const struct sim_type container = {
        .kind = STRUCT,
        .name = "swarm.ContainerSpec",
        .owner = "ContainerSpec",
        .fields = (const struct field[]){
                {"Image", &text},
                {"Labels", &map},
                {"Command", &texts},
                {"Args", &texts},
                {"Hostname", &text},
                {"Env", &texts},
                {"Dir", &text},
                {"User", &text},
                {"Groups", &texts},
                {"StopSignal", &text},
                {"TTY", &flag},
                {"OpenStdin", &flag},
                {"ReadOnly", &flag},
                {"Mounts", &mounts},
                {"StopGracePeriod", &duration},
                {"Healthcheck", &health},
                {"Hosts", &texts},
                {"DNSConfig", STRUCT_TYPE("swarm.DNSConfig", "DNSConfig", {"Nameservers", &texts},
                                          {"Search", &texts}, {"Options", &texts})},
                {"Secrets", LIST_TYPE("[]*swarm.SecretReference",
                                      STRUCT_TYPE("swarm.SecretReference", "SecretReference",
                                                  {"SecretID", &text}, {"SecretName", &text}))},
                {"Configs", LIST_TYPE("[]*swarm.ConfigReference",
                                      STRUCT_TYPE("swarm.ConfigReference", "ConfigReference",
                                                  {"ConfigID", &text}, {"ConfigName", &text}))},
                {"Isolation", TYPE_OF(TEXT, "container.Isolation")},
                {"Init", &flag},
                {"Sysctls", &map},
                {0}}};

static const struct sim_type placement = {
        .kind = STRUCT,
        .name = "swarm.Placement",
        .owner = "Placement",
        .fields = (const struct field[]){
                {"Constraints", &texts},
                {"Preferences", LIST_TYPE("[]swarm.PlacementPreference",
                                          STRUCT_TYPE("swarm.PlacementPreference", "PlacementPreference",
                                                      {"Spread", STRUCT_TYPE("swarm.SpreadOver", "SpreadOver",
                                                                             {"SpreadDescriptor", &text})}))},
                {"MaxReplicas", &u64},
                {"Platforms",
                 LIST_TYPE("[]swarm.Platform", STRUCT_TYPE("swarm.Platform", "Platform",
                                                           {"Architecture", &text}, {"OS", &text}))},
                {0}}};

static const struct sim_type resources = {
        .kind = STRUCT,
        .name = "swarm.ResourceRequirements",
        .owner = "ResourceRequirements",
        .fields = (const struct field[]){
                {"Limits", STRUCT_TYPE("swarm.Limit", "Limit", {"NanoCPUs", &i64}, {"MemoryBytes", &i64},
                                       {"Pids", &i64})},
                {"Reservations",
                 STRUCT_TYPE("swarm.Resources", "Resources", {"NanoCPUs", &i64}, {"MemoryBytes", &i64},
                             {"GenericResources",
                              LIST_TYPE("[]swarm.GenericResource",
                                        STRUCT_TYPE("swarm.GenericResource", "GenericResource", {0}))})},
                {0}}};

static const struct sim_type restart = {
        .kind = STRUCT,
        .name = "swarm.RestartPolicy",
        .owner = "RestartPolicy",
        .fields = (const struct field[]){{"Condition", TYPE_OF(TEXT, "swarm.RestartPolicyCondition")},
                                         {"Delay", &duration},
                                         {"MaxAttempts", &u64},
                                         {"Window", &duration},
                                         {0}}};

static const struct sim_type template = {
        .kind = STRUCT,
        .name = "swarm.TaskSpec",
        .owner = "TaskSpec",
        .fields = (const struct field[]){
                {"ContainerSpec", &container},
                {"Resources", &resources},
                {"RestartPolicy", &restart},
                {"Placement", &placement},
                {"Networks", &attachments},
                {"LogDriver", STRUCT_TYPE("swarm.Driver", "Driver", {"Name", &text}, {"Options", &map})},
                {"ForceUpdate", &u64},
                {"Runtime", TYPE_OF(TEXT, "swarm.RuntimeType")},
                {0}}};

static const struct sim_type mode = {
        .kind = STRUCT,
        .name = "swarm.ServiceMode",
        .owner = "ServiceMode",
        .fields = (const struct field[]){
                {"Replicated",
                 STRUCT_TYPE("swarm.ReplicatedService", "ReplicatedService", {"Replicas", &u64})},
                {"Global", STRUCT_TYPE("swarm.GlobalService", "GlobalService", {0})},
                {"ReplicatedJob", STRUCT_TYPE("swarm.ReplicatedJob", "ReplicatedJob", {"MaxConcurrent", &u64},
                                              {"TotalCompletions", &u64})},
                {"GlobalJob", STRUCT_TYPE("swarm.GlobalJob", "GlobalJob", {0})},
                {0}}};

static const struct sim_type update = {
        .kind = STRUCT,
        .name = "swarm.UpdateConfig",
        .owner = "UpdateConfig",
        .fields = (const struct field[]){{"Parallelism", &u64},
                                         {"Delay", &duration},
                                         {"FailureAction", &text},
                                         {"Monitor", &duration},
                                         {"MaxFailureRatio", TYPE_OF(REAL, "float32")},
                                         {"Order", &text},
                                         {0}}};

static const struct sim_type endpoint = {
        .kind = STRUCT,
        .name = "swarm.EndpointSpec",
        .owner = "EndpointSpec",
        .fields = (const struct field[]){
                {"Mode", TYPE_OF(TEXT, "swarm.ResolutionMode")},
                {"Ports",
                 LIST_TYPE("[]swarm.PortConfig",
                           STRUCT_TYPE("swarm.PortConfig", "PortConfig", {"Name", &text},
                                       {"Protocol", TYPE_OF(TEXT, "swarm.PortConfigProtocol")},
                                       {"TargetPort", &u32}, {"PublishedPort", &u32},
                                       {"PublishMode", TYPE_OF(TEXT, "swarm.PortConfigPublishMode")}))},
                {0}}};

const struct sim_type sim_type_service = {.kind = STRUCT,
                                          .name = "swarm.ServiceSpec",
                                          .owner = "ServiceSpec",
                                          .root_28 = "ServiceSpec",
                                          .embedded = "Annotations",
                                          .fields = (const struct field[]){{"Name", &text, true},
                                                                           {"Labels", &map, true},
                                                                           {"TaskTemplate", &template},
                                                                           {"Mode", &mode},
                                                                           {"UpdateConfig", &update},
                                                                           {"RollbackConfig", &update},
                                                                           {"Networks", &attachments},
                                                                           {"EndpointSpec", &endpoint},
                                                                           {0}}};

static const struct sim_type ipam = {
        .kind = STRUCT,
        .name = "network.IPAM",
        .owner = "IPAM",
        .fields = (const struct field[]){
                {"Driver", &text},
                {"Options", &map},
                {"Config", LIST_TYPE("[]network.IPAMConfig",
                                     STRUCT_TYPE("network.IPAMConfig", "IPAMConfig", {"Subnet", &text},
                                                 {"IPRange", &text}, {"Gateway", &text},
                                                 {"AuxiliaryAddresses", &map}))},
                {0}}};

const struct sim_type sim_type_network = {
        .kind = STRUCT,
        .name = "types.NetworkCreateRequest",
        .owner = "NetworkCreateRequest",
        .root_28 = "CreateRequest",
        .embedded = "NetworkCreate",
        .fields = (const struct field[]){
                {"Name", &text, false},
                {"CheckDuplicate", &flag, true},
                {"Driver", &text, true},
                {"Scope", &text, true},
                {"EnableIPv6", &flag, true},
                {"IPAM", &ipam, true},
                {"Internal", &flag, true},
                {"Attachable", &flag, true},
                {"Ingress", &flag, true},
                {"ConfigOnly", &flag, true},
                {"ConfigFrom", STRUCT_TYPE("network.ConfigReference", "ConfigReference", {"Network", &text}),
                 true},
                {"Options", &map, true},
                {"Labels", &map, true},
                {0}}};

struct walk {
        const struct json_document *d;
        int minor;
        const struct sim_type *root;
        struct sim_answer *answer;
};

/* Where a value stands: a field, or else an element of the one outside. */
struct place {
        const struct place *outer;
        const struct field *field;
        const char *key; /* of a map's element; NULL: it is a list's */
        size_t number;
};

static void write_place(const struct walk *walk, const struct place *place, struct buffer *out)
{
        if (!place)
                return;
        write_place(walk, place->outer, out);
        if (place->field && place->field->embedded && walk->minor >= SIM_MINOR_26 &&
            walk->minor < SIM_MINOR_28)
                buffer_format(out, ".%s", walk->root->embedded);
        if (place->field)
                buffer_format(out, ".%s", place->field->key);
        else if (walk->minor >= SIM_MINOR_28 && place->key)
                buffer_format(out, ".%s", place->key);
        else if (walk->minor >= SIM_MINOR_28)
                buffer_format(out, ".%zu", place->number);
}

static const char *owner_name(const struct walk *walk, const struct sim_type *owner)
{
        if (walk->minor >= SIM_MINOR_28)
                return walk->root->root_28;
        return walk->minor >= SIM_MINOR_26 && owner->owner_26 ? owner->owner_26 : owner->owner;
}

static bool refuse(const struct walk *walk, json_node node, const struct sim_type *type,
                   const struct sim_type *owner, const struct place *place)
{
        bool numbers = type->kind == UNSIGNED || type->kind == SIGNED;
        bool number = numbers && json_type(walk->d, node) == JSON_NUMBER;
        _cleanup_buffer_ struct buffer path = {0};

        write_place(walk, place, &path);
        return sim_refuse(walk->answer, 400,
                          "%sjson: cannot unmarshal %s%s%.*s into Go struct field %s%s of type %s",
                          walk->minor >= SIM_MINOR_26 ? "invalid JSON: " : "",
                          sim_json_type_name(json_type(walk->d, node)), number ? " " : "",
                          number ? (int)json_length(walk->d, node) : 0, json_bytes(walk->d, node),
                          owner_name(walk, owner), buffer_text(&path), type->name);
}

static bool is_of(const struct json_document *d, json_node node, enum kind kind)
{
        uint64_t unsigned_value;
        int64_t signed_value;

        switch (kind) {
        case TEXT:
                return json_type(d, node) == JSON_STRING;
        case FLAG:
                return json_type(d, node) == JSON_TRUE || json_type(d, node) == JSON_FALSE;
        case UNSIGNED:
                return json_u64(d, node, &unsigned_value);
        case SIGNED:
                return json_i64(d, node, &signed_value);
        case REAL:
                return json_type(d, node) == JSON_NUMBER;
        case LIST_OF:
                return json_type(d, node) == JSON_ARRAY;
        default:
                return json_type(d, node) == JSON_OBJECT;
        }
}

static bool fits(const struct walk *walk, json_node node, const struct sim_type *type,
                 const struct sim_type *owner, const struct place *place);

static bool elements_fit(const struct walk *walk, json_node node, const struct sim_type *type,
                         const struct sim_type *owner, const struct place *place)
{
        struct place inside = {.outer = place};

        json_for_each (element, walk->d, node) {
                _cleanup_free_ char *key = type->kind == MAP ? json_key(walk->d, element) : NULL;
                inside.key = key;
                if (!fits(walk, element, type->inner, owner, &inside))
                        return false;
                inside.number++;
        }
        return true;
}

static bool fields_fit(const struct walk *walk, json_node node, const struct sim_type *type,
                       const struct place *place)
{
        for (const struct field *field = type->fields; field->key; field++) {
                json_node member = json_get(walk->d, node, field->key);
                struct place inside = {.outer = place, .field = field};
                if (member != JSON_NONE && !fits(walk, member, field->type, type, &inside))
                        return false;
        }
        return true;
}

static bool fits(const struct walk *walk, json_node node, const struct sim_type *type,
                 const struct sim_type *owner, const struct place *place)
{
        if (json_type(walk->d, node) == JSON_NULL)
                return true;
        if (!is_of(walk->d, node, type->kind))
                return refuse(walk, node, type, owner, place);
        if (type->kind == STRUCT)
                return fields_fit(walk, node, type, place);
        return !type->inner || elements_fit(walk, node, type, owner, place);
}

bool sim_type_fits(const struct sim *sim, const struct json_document *d, const struct sim_type *type,
                   struct sim_answer *answer)
{
        const struct walk walk = {d, sim_minor(sim), type, answer};

        return fits(&walk, json_root(d), type, type, NULL);
}
