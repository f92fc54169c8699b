#include "sim/api.h"

/* What engines tell of containers, their networks and nodes, in GET /events. */

static void write_task_labels(struct sim *sim, const struct sim_task *task, struct buffer *out)
{
        char node[SIM_ID_SIZE];
        char service[SIM_ID_SIZE];
        char id[SIM_ID_SIZE];
        _cleanup_free_ char *name = sim_task_name(sim, task);

        sim_id(sim, SIM_KIND_NODE, sim->nodes.items[task->node]->ref, node);
        sim_id(sim, SIM_KIND_SERVICE, task->service, service);
        sim_id(sim, SIM_KIND_TASK, task->object.ref, id);
        buffer_format(out,
                      "\"com.docker.swarm.node.id\":\"%s\",\"com.docker.swarm.service.id\":\"%s\","
                      "\"com.docker.swarm.service.name\":\"%s\",\"com.docker.swarm.task\":\"\","
                      "\"com.docker.swarm.task.id\":\"%s\",\"com.docker.swarm.task.name\":\"%s\"",
                      node, service, task->spec->name, id, name);
}

/* What the spec gives its containers, and what the swarm adds. */
void sim_write_container_labels(struct sim *sim, const struct sim_task *task, struct buffer *out)
{
        const struct sim_spec *spec = task->spec;

        if (spec->container_labels_length > 2) { /* more than its braces */
                buffer_add(out, spec->bytes + spec->container_labels_offset + 1,
                           spec->container_labels_length - 2);
                buffer_add_text(out, ",");
        }
        write_task_labels(sim, task, out);
}

/* "{...}" without its braces and the blanks around; nothing for an empty object. */
static void add_members(const char *object, struct buffer *out)
{
        _cleanup_json_ struct json_document *d = NULL;

        if (!object || json_parse(object, strlen(object), &d, NULL) < 0 || !json_count(d, json_root(d)))
                return;
        buffer_add(out, json_bytes(d, json_root(d)) + 1, json_length(d, json_root(d)) - 2);
        buffer_add_text(out, ",");
}

void sim_tell_container(struct sim *sim, const struct sim_container *container, const char *action,
                        const char *more)
{
        const struct sim_task *task = sim_table_at(&sim->tasks, container->task);
        const char *image = task ? task->spec->image : container->image;
        _cleanup_free_ char *name = sim_container_name(sim, container);
        struct buffer attributes = {0};
        char id[SIM_HEX_ID_SIZE];

        sim_hex_id(sim, SIM_KIND_CONTAINER, container->object.ref, id);
        if (task) {
                sim_write_container_labels(sim, task, &attributes);
                buffer_add_text(&attributes, ",");
        } else {
                add_members(container->labels, &attributes);
        }
        buffer_format(&attributes, "%s\"image\":", more);
        sim_write_text(&attributes, image);
        buffer_add_text(&attributes, ",");
        sim_happened_on(sim, container->node, "container", action, id, name, buffer_steal(&attributes))
                ->from = text_copy(image);
}

void sim_tell_connection(struct sim *sim, const struct sim_container *container,
                         const struct sim_network *network, const char *action)
{
        char id[SIM_HEX_ID_SIZE];
        char container_id[SIM_HEX_ID_SIZE];

        sim_network_id(sim, network, id);
        sim_hex_id(sim, SIM_KIND_CONTAINER, container->object.ref, container_id);
        sim_happened_on(sim, container->node, "network", action, id, network->name,
                        text_format("\"container\":\"%s\",\"type\":\"%s\",", container_id, network->driver));
}

void sim_tell_start(struct sim *sim, const struct sim_container *container)
{
        const struct sim_task *task = sim_table_at(&sim->tasks, container->task);

        for (size_t i = 0; task && i < task->attachment_count; i++) {
                const struct sim_network *network =
                        sim_table_at(&sim->networks, task->attachments[i].network);
                if (network && task->attachments[i].connected)
                        sim_tell_connection(sim, container, network, "connect");
        }
        sim_tell_container(sim, container, "start", "");
}

void sim_tell_copy(struct sim *sim, const struct sim_network *network, uint32_t node, const char *action)
{
        char id[SIM_HEX_ID_SIZE];

        sim_network_id(sim, network, id);
        sim_happened_on(sim, node, "network", action, id, network->name, text_copy("\"type\":\"overlay\","));
}

void sim_tell_service(struct sim *sim, const struct sim_service *service, const char *action,
                      char *attributes)
{
        char id[SIM_ID_SIZE];

        sim_id(sim, SIM_KIND_SERVICE, service->object.ref, id);
        sim_happened(sim, "service", action, id, service->spec->name, attributes);
}

void sim_tell_node(struct sim *sim, const struct sim_node *node, const char *action, char *attributes)
{
        char id[SIM_ID_SIZE];

        sim_id(sim, SIM_KIND_NODE, node->object.ref, id);
        sim_happened(sim, "node", action, id, node->name, attributes);
}

char *sim_attribute_change(const char *what, const char *before, const char *after)
{
        return text_equal(before, after)
                       ? NULL
                       : text_format("\"%s.new\":\"%s\",\"%s.old\":\"%s\",", what, after, what, before);
}
