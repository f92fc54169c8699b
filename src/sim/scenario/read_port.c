#include "sim/scenario/read.h"

/* Published ports: "80:8080/udp", or a section. */

#define PORT_MAX 65535

const struct field port_fields[] = {
        {"target", FIELD_NUMBER, AT(scenario_port, target), 1, PORT_MAX},
        {"published", FIELD_NUMBER, AT(scenario_port, published), 1, PORT_MAX},
        {"protocol", FIELD_CHOICE, AT(scenario_port, protocol), .words = scenario_protocols},
        {"mode", FIELD_CHOICE, AT(scenario_port, mode), .words = scenario_port_modes},
        {NULL},
};

static bool read_number(const char *text, size_t length, uint64_t *ret_number)
{
        _cleanup_free_ char *number = text_copy_n(text, length);

        return text_to_u64(number, ret_number) && *ret_number >= 1 && *ret_number <= PORT_MAX;
}

/* [PUBLISHED:]TARGET[/PROTOCOL] */
static bool read_short(const char *text, struct scenario_port *port)
{
        size_t end = strcspn(text, "/");
        size_t colon = strcspn(text, ":/");

        for (unsigned i = 0; text[end] && scenario_protocols[i]; i++)
                if (text_equal(scenario_protocols[i], text + end + 1))
                        port->protocol = i + 1;
        if (text[end] && !port->protocol)
                return false;
        if (colon == end)
                return read_number(text, end, &port->target);
        return read_number(text, colon, &port->published) &&
               read_number(text + colon + 1, end - colon - 1, &port->target);
}

static int read_port(const struct yaml *yaml, const struct yaml_node *node, struct scenario_port *port,
                     struct error *error)
{
        port->line = node->line;
        if (node->type == YAML_TEXT) {
                if (read_short(node->text, port))
                        return 0;
                return yaml_refuse(yaml, node, error, "%s is no port like 80, 8080:80 or 53:53/udp",
                                   node->text);
        }
        if (fields_read(yaml, node, "a port", port_fields, port, error) < 0)
                return -1;
        return port->target ? 0 : yaml_refuse(yaml, node, error, "a port needs a target");
}

int read_ports(const struct yaml *yaml, const struct yaml_node *node, void *member, struct error *error)
{
        struct scenario_ports *ports = member;

        if (yaml_require(yaml, node, YAML_LIST, "ports", error) < 0)
                return -1;
        if (node->children.count > TEXTS_MAX)
                return yaml_refuse(yaml, node, error, "ports takes at most %d, not %zu", TEXTS_MAX,
                                   node->children.count);
        for_each_yaml (item, node)
                if (read_port(yaml, item, list_add(&ports->items), error) < 0)
                        return -1;
        return 0;
}
