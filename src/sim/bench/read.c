#include "sim/bench/read.h"

#include "sim/bench/bench.h"
#include "sim/scenario/field.h"
#include "sim/scenario/scenario.h"

/*
 * The file as tables of its keys, and what the tables can't say: which keys go together, and whether what a
 * fault is about is there. For that the swarm is made, once.
 */

#define SCHEDULE_BYTES_MAX ((size_t)1 << 20)
#define FAULTS_MAX         1000
#define CALLS_MAX          1000000
#define MS_MAX             86400000

#define AT(type, member) offsetof(struct type, member)

/* Where things stand, for what is refused at the end. */
struct reading {
        struct schedule schedule;
        unsigned course; /* the number of its word, from 1; 0: none */
        const struct yaml *yaml;
        const struct yaml_node *root;
        const struct yaml_node *faults[FAULTS_MAX];
        unsigned shapes; /* how many of shape, swarm and scenario there are */
};

static const char *fault_words[FAULT_KINDS + 1];
static const char *course_words[COURSES + 1];

/* The swarm */

static int read_shape(const struct yaml *yaml, const struct yaml_node *node, void *member,
                      struct error *error)
{
        struct reading *reading = member;

        reading->shapes++;
        return shape_read(yaml, node, &reading->schedule.shape, error);
}

/* What happens to the swarm meanwhile is the faults' to say: the watch has to know of it. */
static int refuse_events(const struct reading *reading, const struct yaml *yaml, const struct yaml_node *node,
                         struct error *error)
{
        if (!reading->schedule.scenario->events.count)
                return 0;
        return yaml_refuse(yaml, node, error, "a schedule's swarm has no `then`: say it as faults");
}

static int read_swarm(const struct yaml *yaml, const struct yaml_node *node, void *member,
                      struct error *error)
{
        struct reading *reading = member;

        reading->shapes++;
        if (scenario_of(yaml, node, &reading->schedule.scenario, error) < 0)
                return -1;
        return refuse_events(reading, yaml, node, error);
}

/* Beside the schedule's own file, unless the path is absolute. */
static int read_scenario(const struct yaml *yaml, const struct yaml_node *node, void *member,
                         struct error *error)
{
        struct reading *reading = member;
        const char *slash = strrchr(yaml->origin, '/');
        _cleanup_free_ char *name = NULL;

        reading->shapes++;
        if (yaml_text(yaml, node, "scenario", &name, error) < 0)
                return -1;
        _cleanup_free_ char *path =
                *name == '/' || !slash
                        ? text_copy(name)
                        : text_format("%.*s/%s", (int)(slash - yaml->origin), yaml->origin, name);
        _cleanup_error_ struct error told = {0};
        if (scenario_read(path, &reading->schedule.scenario, &told) == 0)
                return refuse_events(reading, yaml, node, error);
        return yaml_refuse(yaml, node, error, "%s", told.sentence);
}

/* Faults */

struct fault_file {
        struct fault fault;
        unsigned kind;
        char *on;
};

static const struct field fault_fields[] = {
        {"fault", FIELD_CHOICE, AT(fault_file, kind), .words = fault_words},
        {"call", FIELD_NUMBER, AT(fault_file, fault.call), 1, CALLS_MAX},
        {"on", FIELD_TEXT, AT(fault_file, on)},
        {"nth", FIELD_NUMBER, AT(fault_file, fault.nth), 1, CALLS_MAX},
        {"times", FIELD_NUMBER, AT(fault_file, fault.times), 1, CALLS_MAX},
        {"for_ms", FIELD_NUMBER, AT(fault_file, fault.for_ms), 1, MS_MAX},
        {"of", FIELD_NAME, AT(fault_file, fault.subject)},
        {NULL},
};

static int refuse_unfit(const struct yaml *yaml, const struct yaml_node *node, const struct fault *fault,
                        struct error *error)
{
        const char *name = fault_name(fault->kind);

        if (fault_has_subject(fault->kind) && !fault->subject)
                return yaml_refuse(yaml, node, error, "%s needs to say of what", name);
        if (!fault_has_subject(fault->kind) && fault->subject)
                return yaml_refuse(yaml, node, error, "%s is of nothing", name);
        if (fault->for_ms && !fault_lasts(fault->kind))
                return yaml_refuse(yaml, node, error, "%s does not last, and takes no for_ms", name);
        if (!fault->for_ms && fault->kind == FAULT_LEADER_LOST)
                return yaml_refuse(yaml, node, error, "%s needs for_ms: nobody can mend it", name);
        if (fault->times > 1 && !fault_is_of_call(fault->kind))
                return yaml_refuse(yaml, node, error, "%s is of no call, and takes no times", name);
        return 0;
}

static int take_fault(const struct yaml *yaml, const struct yaml_node *node, struct fault_file *file,
                      struct error *error)
{
        size_t method = file->on ? strcspn(file->on, " ") : 0;

        if (!file->kind)
                return yaml_refuse(yaml, node, error, "a fault needs its kind, as in `fault: kill-after`");
        file->fault.kind = (enum fault_kind)(file->kind - 1);
        if (!file->on == !file->fault.call)
                return yaml_refuse(yaml, node, error,
                                   "a fault strikes either a `call` by its number, or `on` a kind of call");
        if (file->on && (!file->on[method] || file->on[method + 1] != '/'))
                return yaml_refuse(yaml, node, error,
                                   "`on` takes a method and a path, as in "
                                   "POST /services/*/update");
        if (file->fault.call && file->fault.nth)
                return yaml_refuse(yaml, node, error, "`nth` goes with `on`: a number is of one call only");
        if (file->on) {
                file->fault.method = text_copy_n(file->on, method);
                file->fault.path = text_copy(file->on + method + 1);
                file->fault.nth = MAX(file->fault.nth, 1);
        }
        file->fault.times = MAX(file->fault.times, 1);
        return refuse_unfit(yaml, node, &file->fault, error);
}

static int read_fault(const struct yaml *yaml, const struct yaml_node *node, struct reading *reading,
                      struct error *error)
{
        struct fault_file file = {0};
        int result = fields_read(yaml, node, "a fault", fault_fields, &file, error);

        if (result == 0)
                result = take_fault(yaml, node, &file, error);
        free(file.on);
        reading->faults[reading->schedule.faults.count] = node;
        *list_add(&reading->schedule.faults) = file.fault;
        return result;
}

static int read_faults(const struct yaml *yaml, const struct yaml_node *node, void *reading,
                       struct error *error)
{
        if (yaml_require(yaml, node, YAML_LIST, "faults", error) < 0)
                return -1;
        if (node->children.count > FAULTS_MAX)
                return yaml_refuse(yaml, node, error, "a schedule has at most %d faults", FAULTS_MAX);
        for_each_yaml (item, node)
                if (read_fault(yaml, item, reading, error) < 0)
                        return -1;
        return 0;
}

/* The whole */

static const struct field schedule_fields[] = {
        {"seed", FIELD_NUMBER, AT(reading, schedule.seed), 0, UINT64_MAX},
        {"course", FIELD_CHOICE, AT(reading, course), .words = course_words},
        {"network", FIELD_NAME, AT(reading, schedule.network)},
        {"size", FIELD_NUMBER, AT(reading, schedule.size_bits), 8, 28},
        {"busy", FIELD_BOOL, AT(reading, schedule.busy)},
        {"patient", FIELD_BOOL, AT(reading, schedule.patient)},
        {"file", FIELD_BOOL, AT(reading, schedule.file)},
        {"shape", FIELD_OWN, 0, .read = read_shape},
        {"swarm", FIELD_OWN, 0, .read = read_swarm},
        {"scenario", FIELD_OWN, 0, .read = read_scenario},
        {"faults", FIELD_OWN, 0, .read = read_faults},
        {NULL},
};

/* The tables' words, once; each list ends with NULL. */
static void learn_words(void)
{
        for (int i = 0; i < FAULT_KINDS; i++)
                fault_words[i] = fault_name((enum fault_kind)i);
        for (int i = 0; i < COURSES; i++)
                course_words[i] = course_name((enum course)i);
}

/* Somebody deploys a service, or starts a container, of a certain name: that one must be free. */
static bool is_name_taken(const struct reading *reading, struct sim *sim, enum fault_kind kind)
{
        const struct scenario *scenario = reading->schedule.scenario;

        if (kind == FAULT_SERVICE_ADDED)
                return sim_service_spec(sim, MISHAP_SERVICE, NULL);
        if (kind == FAULT_CONTAINER_ADDED && scenario)
                for (size_t i = 0; i < scenario->containers.count; i++)
                        if (text_equal(scenario->containers.items[i].name, MISHAP_CONTAINER))
                                return true;
        return false;
}

static int refuse_subject(const struct reading *reading, struct sim *sim, size_t index, struct error *error)
{
        const struct fault *fault = &reading->schedule.faults.items[index];
        size_t node;

        if (is_name_taken(reading, sim, fault->kind))
                return yaml_refuse(reading->yaml, reading->faults[index], error,
                                   "%s brings one named %s, and there is one already",
                                   fault_name(fault->kind),
                                   fault->kind == FAULT_SERVICE_ADDED ? MISHAP_SERVICE : MISHAP_CONTAINER);
        if (fault->kind == FAULT_FILE_EDITED && !reading->schedule.file)
                return yaml_refuse(reading->yaml, reading->faults[index], error,
                                   "there is no file to edit without `file: true`");
        if (!fault->subject)
                return 0;
        if (fault->kind == FAULT_NODE_DOWN && !sim_node_number(sim, fault->subject, &node))
                return yaml_refuse(reading->yaml, reading->faults[index], error, "there is no node %s",
                                   fault->subject);
        if (fault->kind == FAULT_NODE_DOWN && node == 0)
                return yaml_refuse(reading->yaml, reading->faults[index], error,
                                   "%s is the node that is asked: without it there is nothing to see",
                                   fault->subject);
        if (fault->kind != FAULT_NODE_DOWN && !sim_service_spec(sim, fault->subject, NULL))
                return yaml_refuse(reading->yaml, reading->faults[index], error, "there is no service %s",
                                   fault->subject);
        return 0;
}

/* What shows only in the swarm itself. */
static int try_swarm(const struct reading *reading, struct error *error)
{
        _cleanup_sim_ struct sim *sim = NULL;
        const char *network = schedule_network(&reading->schedule);

        if (bounds_check(&reading->schedule, error) < 0 ||
            bench_swarm_open(&reading->schedule, &sim, error) < 0)
                return -1;
        if (!sim_pool_state(sim, network).capacity)
                return yaml_refuse(reading->yaml, reading->root, error,
                                   "there is no overlay %s with a pool that could be moved", network);
        for (size_t i = 0; i < reading->schedule.faults.count; i++)
                if (refuse_subject(reading, sim, i, error) < 0)
                        return -1;
        return 0;
}

static int read_root(struct reading *reading, struct error *error)
{
        const struct yaml *yaml = reading->yaml;

        if (yaml_require(yaml, reading->root, YAML_MAP, "a schedule", error) < 0 ||
            fields_read(yaml, reading->root, "a schedule", schedule_fields, reading, error) < 0)
                return -1;
        if (reading->shapes != 1)
                return yaml_refuse(yaml, reading->root, error,
                                   "a schedule needs one swarm: a shape, a swarm, or a scenario");
        reading->schedule.course = reading->course ? (enum course)(reading->course - 1) : COURSE_APPLY;
        return try_swarm(reading, error);
}

int schedule_read(const char *path, struct schedule *ret_schedule, struct error *error)
{
        _cleanup_yaml_ struct yaml yaml = {0};
        struct reading *reading = new_zero(struct reading);

        learn_words();
        reading->schedule = (struct schedule){.seed = 1,
                                              .shape = {.api_minor = SHAPE_API_MINOR,
                                                        .nodes = 1,
                                                        .bits = SHAPE_BITS,
                                                        .call_ms = SHAPE_CALL_MS}};
        _cleanup_error_ struct error told = {0};
        int result = yaml_read(path, SCHEDULE_BYTES_MAX, &yaml, &told);
        if (told.kind == ERROR_REFUSED)
                error_set(error, ERROR_USAGE, "%s:1: this is no schedule: the file is larger than %zu bytes",
                          path, SCHEDULE_BYTES_MAX);
        else if (result < 0)
                error_move(error, &told);
        if (result == 0) {
                reading->yaml = &yaml;
                reading->root = &yaml.root;
                result = read_root(reading, error);
        }
        if (result == 0)
                *ret_schedule = reading->schedule;
        else
                schedule_done(&reading->schedule);
        free(reading);
        return result;
}
