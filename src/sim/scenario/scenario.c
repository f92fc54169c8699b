#include "sim/scenario/scenario.h"

#include "sim/scenario/check.h"
#include "sim/scenario/read.h"
#include "sim/scenario/spec.h"

#include "base/clock.h"
#include "base/file.h"

/* The file as a whole: its own keys, and its beginning and end. */

const struct field pool_fields[] = {
        {"range", FIELD_SUBNET, AT(scenario, pool_range), 1, 28},
        {"size", FIELD_NUMBER, AT(scenario, pool_size), 8, 29},
        {NULL},
};

const struct field timing_fields[] = {
        {"call", FIELD_DURATION, AT(scenario, call_ms), 1, 60000},
        {"allocate", FIELD_DURATION, AT(scenario, allocate_ms), 1, 60000},
        {"drain", FIELD_DURATION, AT(scenario, drain_ms), 1, 3600000},
        {"jitter", FIELD_DURATION, AT(scenario, jitter_ms), 0, 3600000},
        {NULL},
};

static int read_pool(const struct yaml *yaml, const struct yaml_node *node, void *scenario,
                     struct error *error)
{
        return fields_read(yaml, node, "the pool", pool_fields, scenario, error);
}

static int read_timing(const struct yaml *yaml, const struct yaml_node *node, void *member,
                       struct error *error)
{
        struct scenario *scenario = member;

        scenario->timing_line = node->line;
        return fields_read(yaml, node, "timing", timing_fields, scenario, error);
}

static int read_ingress(const struct yaml *yaml, const struct yaml_node *node, void *member,
                        struct error *error)
{
        struct scenario *scenario = member;

        scenario->ingress.line = node->line;
        return fields_read(yaml, node, "ingress", ingress_fields, &scenario->ingress, error);
}

static int read_start(const struct yaml *yaml, const struct yaml_node *node, void *member,
                      struct error *error)
{
        int64_t *wall_ms = member;

        if (yaml_require(yaml, node, YAML_TEXT, "start", error) < 0)
                return -1;
        *wall_ms = clock_parse(node->text);
        if (*wall_ms <= 0)
                return yaml_refuse(yaml, node, error, "start takes a time like 2026-11-01T12:00:00Z, not %s",
                                   node->text);
        return 0;
}

#define AGE_MAX_MS    (30LL * 24 * 3600 * 1000)
#define SETTLE_MAX_MS (24LL * 3600 * 1000)

const struct field scenario_fields[] = {
        {"engine", FIELD_CHOICE, AT(scenario, engine), .words = scenario_engines},
        {"seed", FIELD_NUMBER, AT(scenario, seed), 1, UINT32_MAX},
        {"start", FIELD_OWN, AT(scenario, start_wall_ms), .read = read_start},
        {"age", FIELD_DURATION, AT(scenario, age_ms), 0, AGE_MAX_MS},
        {"settle", FIELD_DURATION, AT(scenario, settle_ms), 1, SETTLE_MAX_MS},
        {"history", FIELD_NUMBER, AT(scenario, history), 1, 1000},
        {"debug", FIELD_BOOL, AT(scenario, debug)},
        {"pool", FIELD_OWN, 0, .read = read_pool},
        {"timing", FIELD_OWN, 0, .read = read_timing},
        {"ingress", FIELD_OWN, 0, .read = read_ingress},
        {"nodes", FIELD_OWN, 0, .read = read_nodes},
        {"images", FIELD_OWN, 0, .read = read_images},
        {"networks", FIELD_OWN, 0, .read = read_networks},
        {"services", FIELD_OWN, 0, .read = read_services},
        {"stacks", FIELD_OWN, 0, .read = read_stacks},
        {"containers", FIELD_OWN, 0, .read = read_containers},
        {"generate", FIELD_OWN, 0, .read = read_rules},
        {"then", FIELD_OWN, 0, .read = read_events},
        {NULL},
};

static struct scenario *scenario_new(const char *origin, unsigned line)
{
        struct scenario *scenario = new_zero(struct scenario);

        scenario->origin = text_copy(origin);
        scenario->line = line;
        scenario->seed = 1;
        scenario->age_ms = SCENARIO_AGE_MS;
        scenario->pool_size = SCENARIO_POOL_SIZE;
        prefix_parse(SCENARIO_POOL, &scenario->pool_range);
        return scenario;
}

static void things_done(struct scenario *scenario)
{
        for (size_t i = 0; i < scenario->nodes.count; i++)
                free(scenario->nodes.items[i].name);
        for (size_t i = 0; i < scenario->images.count; i++)
                free(scenario->images.items[i].name);
        for (size_t i = 0; i < scenario->networks.count; i++)
                network_done(&scenario->networks.items[i]);
        for (size_t i = 0; i < scenario->services.count; i++)
                free(scenario->services.items[i].name);
        for (size_t i = 0; i < scenario->sketches.count; i++)
                sketch_free(scenario->sketches.items[i]);
        for (size_t i = 0; i < scenario->rules.count; i++)
                free(scenario->rules.items[i].prefix);
        for (size_t i = 0; i < scenario->events.count; i++)
                for (size_t kind = 0; kind < EVENT_KINDS; kind++)
                        free(scenario->events.items[i].subjects[kind]);
        for (size_t i = 0; i < scenario->containers.count; i++)
                container_done(&scenario->containers.items[i]);
}

struct scenario *scenario_free(struct scenario *scenario)
{
        if (!scenario)
                return NULL;
        things_done(scenario);
        network_done(&scenario->ingress);
        scenario_texts_done(&scenario->stacks);
        free(scenario->nodes.items);
        free(scenario->images.items);
        free(scenario->networks.items);
        free(scenario->services.items);
        free(scenario->sketches.items);
        free(scenario->rules.items);
        free(scenario->events.items);
        free(scenario->containers.items);
        free(scenario->origin);
        free(scenario);
        return NULL;
}

static int check_own(const struct scenario *scenario, struct error *error)
{
        _cleanup_roster_ struct roster roster = {0};

        if (roster_make(scenario, scenario->seed, &roster, error) < 0)
                return -1;
        return scenario_check_all(scenario, &roster, error);
}

int scenario_of(const struct yaml *yaml, const struct yaml_node *map, struct scenario **ret_scenario,
                struct error *error)
{
        _cleanup_scenario_ struct scenario *scenario = scenario_new(yaml->origin, map->line);
        bool empty_file = map == &yaml->root && map->type == YAML_NULL;

        if (!empty_file && fields_read(yaml, map, "a scenario", scenario_fields, scenario, error) < 0)
                return -1;
        if (!scenario->nodes.count)
                *list_add(&scenario->nodes) = (struct scenario_node){
                        .line = map->line, .name = text_copy("node1"), .manager = true};
        if (spec_read_all(scenario, error) < 0 || check_own(scenario, error) < 0)
                return -1;
        *ret_scenario = steal_pointer(scenario);
        return 0;
}

int scenario_parse(const char *bytes, size_t length, const char *origin, struct scenario **ret_scenario,
                   struct error *error)
{
        _cleanup_yaml_ struct yaml yaml = {0};

        if (yaml_parse(bytes, length, origin, &yaml, error) < 0)
                return -1;
        return scenario_of(&yaml, &yaml.root, ret_scenario, error);
}

int scenario_read(const char *path, struct scenario **ret_scenario, struct error *error)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_error_ struct error why = {0};

        if (file_read(path, SCENARIO_BYTES_MAX, &bytes, &why) < 0)
                return why.kind == ERROR_REFUSED
                               ? error_set(error, ERROR_USAGE,
                                           "%s:1: this is no scenario: the file is larger than %zu bytes",
                                           path, SCENARIO_BYTES_MAX)
                               : error_move(error, &why);
        return scenario_parse(buffer_text(&bytes), bytes.length, path, ret_scenario, error);
}

bool scenario_says_when(const struct scenario *scenario)
{
        return scenario->start_wall_ms;
}
