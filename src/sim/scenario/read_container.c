#include "sim/scenario/read.h"

/* Standalone containers. */

static int read_joins(const struct yaml *yaml, const struct yaml_node *node, void *member,
                      struct error *error)
{
        return read_joins_of(yaml, node, attach_fields, member, error);
}

const struct field container_fields[] = {
        {"image", FIELD_TEXT, AT(scenario_container, image)},
        {"node", FIELD_NAME, AT(scenario_container, node)},
        {"networks", FIELD_OWN, AT(scenario_container, networks), .read = read_joins},
        {"labels", FIELD_PAIRS, AT(scenario_container, labels)},
        {"command", FIELD_TEXTS, AT(scenario_container, command)},
        {NULL},
};

void container_done(struct scenario_container *container)
{
        free(container->name);
        free(container->image);
        free(container->node);
        joins_done(&container->networks);
        scenario_pairs_done(&container->labels);
        scenario_texts_done(&container->command);
}

static int read_container(const struct yaml *yaml, const struct yaml_node *node, void *userdata,
                          struct error *error)
{
        struct scenario *scenario = userdata;
        struct scenario_container *container = list_add(&scenario->containers);

        container->line = node->line;
        container->name = text_copy(node->key);
        container->image = text_copy("app");
        if (field_require_name(yaml, node, "a container", node->key, error) < 0)
                return -1;
        return fields_read(yaml, node, "a container", container_fields, container, error);
}

int read_containers(const struct yaml *yaml, const struct yaml_node *node, void *scenario,
                    struct error *error)
{
        return field_each(yaml, node, SCENARIO_SERVICES_MAX, read_container, scenario, error);
}
