#include "sim/scenario/read.h"

/* Nodes, images, and how their containers behave. */

const struct field node_fields[] = {
        {"name", FIELD_NAME, AT(scenario_node, name)},
        {"manager", FIELD_BOOL, AT(scenario_node, manager)},
        {"availability", FIELD_CHOICE, AT(scenario_node, availability), .words = scenario_availabilities},
        {"down", FIELD_BOOL, AT(scenario_node, down)},
        {NULL},
};

#define MODEL_TIME_MAX_MS (30LL * 60 * 1000)
#define MODEL_STOP_MAX_MS (24LL * 3600 * 1000)

const struct field image_fields[] = {
        {"start", FIELD_DURATION, AT(sim_model, start_ms), 0, MODEL_TIME_MAX_MS},
        {"healthy", FIELD_DURATION, AT(sim_model, healthy_after_ms), 0, MODEL_TIME_MAX_MS},
        {"stop", FIELD_DURATION, AT(sim_model, stop_ms), 0, MODEL_STOP_MAX_MS},
        {"run", FIELD_DURATION, AT(sim_model, run_ms), 1, DURATION_MAX_MS},
        {"fails", FIELD_BOOL, AT(sim_model, fails)},
        {"health_check", FIELD_BOOL, AT(sim_model, health_check)},
        {NULL},
};

static int read_node(const struct yaml *yaml, const struct yaml_node *item, struct scenario *scenario,
                     struct error *error)
{
        bool first = scenario->nodes.count == 0;
        struct scenario_node *node = list_add(&scenario->nodes);

        node->line = item->line;
        node->manager = first;
        if (item->type == YAML_TEXT)
                return field_name(yaml, item, "an item of nodes", &node->name, error);
        if (yaml_require(yaml, item, YAML_MAP, "an item of nodes", error) < 0 ||
            fields_read(yaml, item, "a node", node_fields, node, error) < 0)
                return -1;
        return node->name ? 0 : yaml_refuse(yaml, item, error, "a node needs a name");
}

static int make_nodes(const struct yaml *yaml, const struct yaml_node *number, struct scenario *scenario,
                      struct error *error)
{
        uint64_t count;

        if (yaml_number(yaml, number, "nodes", 1, SCENARIO_NODES_MAX, &count, error) < 0)
                return -1;
        for (uint64_t i = 1; i <= count; i++)
                *list_add(&scenario->nodes) =
                        (struct scenario_node){.line = number->line,
                                               .name = text_format("node%llu", (unsigned long long)i),
                                               .manager = i == 1};
        return 0;
}

int read_nodes(const struct yaml *yaml, const struct yaml_node *node, void *scenario, struct error *error)
{
        if (node->type == YAML_TEXT)
                return make_nodes(yaml, node, scenario, error);
        if (yaml_require(yaml, node, YAML_LIST, "nodes", error) < 0)
                return -1;
        if (node->children.count == 0 || node->children.count > SCENARIO_NODES_MAX)
                return yaml_refuse(yaml, node, error, "a swarm has from 1 to %d nodes, not %zu",
                                   SCENARIO_NODES_MAX, node->children.count);
        for_each_yaml (item, node)
                if (read_node(yaml, item, scenario, error) < 0)
                        return -1;
        return 0;
}

int read_model(const struct yaml *yaml, const struct yaml_node *node, void *member, struct error *error)
{
        return fields_read(yaml, node, "how containers behave", image_fields, member, error);
}

static int read_image(const struct yaml *yaml, const struct yaml_node *node, void *userdata,
                      struct error *error)
{
        struct scenario *scenario = userdata;
        struct scenario_image *image = list_add(&scenario->images);

        image->line = node->line;
        image->name = text_copy(node->key);
        image->model = scenario_model_default();
        if (!*image->name || image->name[strcspn(image->name, " \t\"\\")])
                return yaml_refuse(yaml, node, error, "%s is no image like nginx:1.25", image->name);
        return fields_read(yaml, node, "an image", image_fields, &image->model, error);
}

int read_images(const struct yaml *yaml, const struct yaml_node *node, void *scenario, struct error *error)
{
        return field_each(yaml, node, TEXTS_MAX, read_image, scenario, error);
}
