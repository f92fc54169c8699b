#include "sim/scenario/read.h"

/* Rules that make many services. */

#define PREFIX_MAX 40 /* numbers and the names of a stack's networks come behind it */

/* "5", or "1-9": as many as the seed says. */
static int read_tasks(const struct yaml *yaml, const struct yaml_node *node, void *member,
                      struct error *error)
{
        struct scenario_rule *rule = member;

        if (yaml_require(yaml, node, YAML_TEXT, "tasks", error) < 0)
                return -1;
        size_t dash = strcspn(node->text, "-");
        _cleanup_free_ char *first = text_copy_n(node->text, dash);
        const char *last = node->text[dash] ? node->text + dash + 1 : first;
        if (text_to_u64(first, &rule->tasks_min) && text_to_u64(last, &rule->tasks_max) &&
            rule->tasks_min >= 1 && rule->tasks_min <= rule->tasks_max &&
            rule->tasks_max <= SCENARIO_TASKS_MAX)
                return 0;
        return yaml_refuse(yaml, node, error,
                           "tasks takes how many each service has, like 5 or 1-9, up to %d, not %s",
                           SCENARIO_TASKS_MAX, node->text);
}

static int read_sketch(const struct yaml *yaml, const struct yaml_node *node, void *member,
                       struct error *error)
{
        struct scenario_rule *rule = member;

        if (fields_read(yaml, node, "a service", sketch_fields, rule->sketch, error) < 0)
                return -1;
        if (rule->sketch->spec || rule->sketch->behaves_said)
                return yaml_refuse(yaml, node, error, "what is made by rule has no %s of its own%s",
                                   rule->sketch->spec ? "spec" : "behaves",
                                   rule->sketch->spec ? "" : "; say it of its image");
        return 0;
}

const struct field rule_fields[] = {
        {"prefix", FIELD_NAME, AT(scenario_rule, prefix)},
        {"services", FIELD_NUMBER, AT(scenario_rule, services), 1, SCENARIO_SERVICES_MAX},
        {"tasks", FIELD_OWN, 0, .read = read_tasks},
        {"stack", FIELD_NUMBER, AT(scenario_rule, per_stack), 1, SCENARIO_SERVICES_MAX},
        {"networks", FIELD_NUMBER, AT(scenario_rule, networks), 1, SCENARIO_NETWORKS_MAX},
        {"service", FIELD_OWN, 0, .read = read_sketch},
        {NULL},
};

static int read_rule(const struct yaml *yaml, const struct yaml_node *node, struct scenario *scenario,
                     struct error *error)
{
        struct scenario_rule *rule = list_add(&scenario->rules);

        rule->line = node->line;
        rule->sketch = sketch_add(scenario, node->line);
        if (yaml_require(yaml, node, YAML_MAP, "an item of generate", error) < 0 ||
            fields_read(yaml, node, "a rule", rule_fields, rule, error) < 0)
                return -1;
        if (!rule->prefix || !rule->services)
                return yaml_refuse(yaml, node, error, "a rule needs a prefix and the number of services");
        if (strlen(rule->prefix) > PREFIX_MAX)
                return yaml_refuse(yaml, node, error, "%s is longer than the %d characters of a prefix",
                                   rule->prefix, PREFIX_MAX);
        if (rule->per_stack && rule->networks)
                return yaml_refuse(yaml, node, error,
                                   "either stack or networks: a stack's services are on its own network");
        if (rule->tasks_min && rule->sketch->replicas_said)
                return yaml_refuse(yaml, node, error,
                                   "tasks says how many each service has, and so does replicas: say one of "
                                   "them");
        if (rule->tasks_min && (rule->sketch->global || rule->sketch->job))
                return yaml_refuse(yaml, node, error,
                                   "tasks is for replicated services, and this rule's are none");
        return 0;
}

int read_rules(const struct yaml *yaml, const struct yaml_node *node, void *scenario, struct error *error)
{
        if (yaml_require(yaml, node, YAML_LIST, "generate", error) < 0)
                return -1;
        for_each_yaml (item, node)
                if (read_rule(yaml, item, scenario, error) < 0)
                        return -1;
        return 0;
}
