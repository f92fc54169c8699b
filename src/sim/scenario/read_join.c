#include "sim/scenario/read.h"

/* The networks that a service or a container is on. */

const struct field join_fields[] = {
        {"aliases", FIELD_TEXTS, AT(scenario_join, aliases)},
        {NULL},
};

const struct field attach_fields[] = {
        {"aliases", FIELD_TEXTS, AT(scenario_join, aliases)},
        {"address", FIELD_ADDRESS, AT(scenario_join, address)},
        {NULL},
};

void joins_done(struct scenario_joins *joins)
{
        for (size_t i = 0; i < joins->items.count; i++) {
                free(joins->items.items[i].network);
                scenario_texts_done(&joins->items.items[i].aliases);
        }
        free(joins->items.items);
        *joins = (struct scenario_joins){0};
}

static int add_join(const struct yaml *yaml, const struct yaml_node *node, const char *name,
                    struct scenario_joins *joins, struct error *error)
{
        for (size_t i = 0; i < joins->items.count; i++)
                if (text_equal(joins->items.items[i].network, name))
                        return yaml_refuse(yaml, node, error, "%s stands twice in networks", name);
        *list_add(&joins->items) = (struct scenario_join){.line = node->line, .network = text_copy(name)};
        return 0;
}

static int read_item(const struct yaml *yaml, const struct yaml_node *item, struct scenario_joins *joins,
                     struct error *error)
{
        if (yaml_require(yaml, item, YAML_TEXT, "an item of networks", error) < 0)
                return -1;
        return add_join(yaml, item, item->text, joins, error);
}

static int read_member(const struct yaml *yaml, const struct yaml_node *node, const struct field *table,
                       struct scenario_joins *joins, struct error *error)
{
        if (add_join(yaml, node, node->key, joins, error) < 0)
                return -1;
        struct scenario_join *join = &joins->items.items[joins->items.count - 1];
        if (node->type == YAML_LIST)
                return field_texts(yaml, node, node->key, &join->aliases, error);
        return fields_read(yaml, node, "being on a network", table, join, error);
}

int read_joins_of(const struct yaml *yaml, const struct yaml_node *node, const struct field *table,
                  struct scenario_joins *joins, struct error *error)
{
        bool list = node->type == YAML_LIST;

        if (!list && yaml_require(yaml, node, YAML_MAP, "networks", error) < 0)
                return -1;
        if (node->children.count > TEXTS_MAX)
                return yaml_refuse(yaml, node, error, "networks takes at most %d, not %zu", TEXTS_MAX,
                                   node->children.count);
        for_each_yaml (item, node)
                if ((list ? read_item(yaml, item, joins, error)
                          : read_member(yaml, item, table, joins, error)) < 0)
                        return -1;
        return 0;
}
