#include "sim/scenario/read.h"

/* Services. What is alike about many stands in a sketch. */

const struct field update_fields[] = {
        {"order", FIELD_CHOICE, AT(scenario_update, order), .words = scenario_orders},
        {"parallelism", FIELD_NUMBER, AT(scenario_update, parallelism), 0, SCENARIO_TASKS_MAX},
        {"delay", FIELD_DURATION, AT(scenario_update, delay_ms), 0, DURATION_MAX_MS},
        {"monitor", FIELD_DURATION, AT(scenario_update, monitor_ms), 1, DURATION_MAX_MS},
        {"failure_action", FIELD_CHOICE, AT(scenario_update, failure_action),
         .words = scenario_failure_actions},
        {"max_failure_percent", FIELD_NUMBER, AT(scenario_update, failure_percent), 0, 100},
        {NULL},
};

static int read_update(const struct yaml *yaml, const struct yaml_node *node, void *member,
                       struct error *error)
{
        struct scenario_update *update = member;

        *update = (struct scenario_update){.line = node->line, .parallelism = 1};
        return fields_read(yaml, node, "an update", update_fields, update, error);
}

static int read_replicas(const struct yaml *yaml, const struct yaml_node *node, void *member,
                         struct error *error)
{
        struct scenario_sketch *sketch = member;

        sketch->replicas_said = true;
        return yaml_number(yaml, node, "replicas", 0, SCENARIO_TASKS_MAX, &sketch->replicas, error);
}

static int read_joins(const struct yaml *yaml, const struct yaml_node *node, void *member,
                      struct error *error)
{
        return read_joins_of(yaml, node, join_fields, member, error);
}

/* NAME:/PATH, /HOST:/PATH, either with :ro. */
static int read_volumes(const struct yaml *yaml, const struct yaml_node *node, void *member,
                        struct error *error)
{
        struct scenario_texts *volumes = member;

        if (field_texts(yaml, node, "volumes", volumes, error) < 0)
                return -1;
        for (size_t i = 0; i < volumes->items.count; i++) {
                const char *volume = volumes->items.items[i];
                size_t source = strcspn(volume, ":");
                const char *target = volume + source + (volume[source] == ':');
                const char *mode = target + strcspn(target, ":");
                if (source == 0 || *target != '/' || (*mode && !text_equal(mode, ":ro")))
                        return yaml_refuse(yaml, &node->children.items[i], error,
                                           "%s is no volume like data:/data or /srv:/data:ro", volume);
        }
        return 0;
}

static int read_constraints(const struct yaml *yaml, const struct yaml_node *node, void *member,
                            struct error *error)
{
        struct scenario_texts *constraints = member;

        if (field_texts(yaml, node, "constraints", constraints, error) < 0)
                return -1;
        for (size_t i = 0; i < constraints->items.count; i++)
                if (!strstr(constraints->items.items[i], "==") && !strstr(constraints->items.items[i], "!="))
                        return yaml_refuse(yaml, &node->children.items[i], error,
                                           "%s is no constraint like node.hostname==node2",
                                           constraints->items.items[i]);
        return 0;
}

static int read_behaves(const struct yaml *yaml, const struct yaml_node *node, void *member,
                        struct error *error)
{
        struct scenario_sketch *sketch = member;

        sketch->behaves_said = true;
        return read_model(yaml, node, &sketch->behaves, error);
}

const struct field sketch_fields[] = {
        {"image", FIELD_TEXT, AT(scenario_sketch, image)},
        {"replicas", FIELD_OWN, 0, .read = read_replicas},
        {"global", FIELD_BOOL, AT(scenario_sketch, global)},
        {"job", FIELD_NUMBER, AT(scenario_sketch, job), 1, SCENARIO_TASKS_MAX},
        {"concurrent", FIELD_NUMBER, AT(scenario_sketch, concurrent), 1, SCENARIO_TASKS_MAX},
        {"networks", FIELD_OWN, AT(scenario_sketch, networks), .read = read_joins},
        {"ports", FIELD_OWN, AT(scenario_sketch, ports), .read = read_ports},
        {"endpoint_mode", FIELD_CHOICE, AT(scenario_sketch, endpoint_mode), .words = scenario_endpoint_modes},
        {"health", FIELD_BOOL, AT(scenario_sketch, health)},
        {"update", FIELD_OWN, AT(scenario_sketch, update), .read = read_update},
        {"rollback", FIELD_OWN, AT(scenario_sketch, rollback), .read = read_update},
        {"stop_grace", FIELD_DURATION, AT(scenario_sketch, stop_grace_ms), 1, DURATION_MAX_MS},
        {"volumes", FIELD_OWN, AT(scenario_sketch, volumes), .read = read_volumes},
        {"constraints", FIELD_OWN, AT(scenario_sketch, constraints), .read = read_constraints},
        {"command", FIELD_TEXTS, AT(scenario_sketch, command)},
        {"labels", FIELD_PAIRS, AT(scenario_sketch, labels)},
        {"env", FIELD_PAIRS, AT(scenario_sketch, env)},
        {"restart", FIELD_CHOICE, AT(scenario_sketch, restart), .words = scenario_restarts},
        {"restart_delay", FIELD_DURATION, AT(scenario_sketch, restart_delay_ms), 1, DURATION_MAX_MS},
        {"max_per_node", FIELD_NUMBER, AT(scenario_sketch, max_per_node), 1, SCENARIO_TASKS_MAX},
        {"stuck", FIELD_BOOL, AT(scenario_sketch, stuck)},
        {"behaves", FIELD_OWN, 0, .read = read_behaves},
        {"spec", FIELD_TEXT, AT(scenario_sketch, spec)},
        {NULL},
};

struct scenario_sketch *sketch_add(struct scenario *scenario, unsigned line)
{
        struct scenario_sketch *sketch = new_zero(struct scenario_sketch);

        *list_add(&scenario->sketches) = sketch;
        *sketch = (struct scenario_sketch){
                .line = line, .image = text_copy("app"), .replicas = 1, .behaves = scenario_model_default()};
        return sketch;
}

void sketch_free(struct scenario_sketch *sketch)
{
        free(sketch->image);
        joins_done(&sketch->networks);
        free(sketch->ports.items.items);
        scenario_texts_done(&sketch->volumes);
        scenario_texts_done(&sketch->constraints);
        scenario_texts_done(&sketch->command);
        scenario_pairs_done(&sketch->labels);
        scenario_pairs_done(&sketch->env);
        free(sketch->spec);
        free(sketch);
}

/* The engine's own JSON says all that is posted; these are not. */
static bool goes_with_spec(const char *key)
{
        return text_equal(key, "spec") || text_equal(key, "stuck") || text_equal(key, "behaves");
}

static int require_spec_alone(const struct yaml *yaml, const struct yaml_node *node, struct error *error)
{
        for_each_yaml (item, node)
                if (!goes_with_spec(item->key))
                        return yaml_refuse(yaml, item, error,
                                           "%s says nothing beside a spec, which is posted as it is: say it "
                                           "there",
                                           item->key);
        return 0;
}

int read_service(const struct yaml *yaml, const struct yaml_node *node, struct scenario *scenario,
                 const char *stack, struct error *error)
{
        struct scenario_service *service = list_add(&scenario->services);

        service->line = node->line;
        service->name = text_copy(node->key);
        service->stack = stack;
        service->sketch = sketch_add(scenario, node->line);
        if (field_require_name(yaml, node, "a service", node->key, error) < 0)
                return -1;
        if (fields_read(yaml, node, "a service", sketch_fields, service->sketch, error) < 0)
                return -1;
        return service->sketch->spec ? require_spec_alone(yaml, node, error) : 0;
}

static int read_own(const struct yaml *yaml, const struct yaml_node *node, void *scenario,
                    struct error *error)
{
        return read_service(yaml, node, scenario, NULL, error);
}

int read_services(const struct yaml *yaml, const struct yaml_node *node, void *scenario, struct error *error)
{
        return field_each(yaml, node, SCENARIO_SERVICES_MAX, read_own, scenario, error);
}
