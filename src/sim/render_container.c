#include "sim/api.h"

/* A container, inspected or as a line of a list. */

static const char *image_of(struct sim *sim, const struct sim_container *container)
{
        const struct sim_task *task = sim_table_at(&sim->tasks, container->task);

        return task ? task->spec->image : container->image;
}

static void write_connection(struct sim *sim, const struct sim_network *network, uint32_t address,
                             const char *configured, const char *aliases, bool comma, struct buffer *out)
{
        char id[SIM_HEX_ID_SIZE];
        char text[ADDRESS_TEXT_SIZE] = "";

        sim_network_id(sim, network, id);
        if (address)
                address_format(address, text);
        if (comma)
                buffer_add_text(out, ",");
        sim_write_text(out, network->name);
        buffer_add_text(out, ":{\"IPAMConfig\":");
        if (configured)
                buffer_format(out, "{\"IPv4Address\":\"%s\"}", configured);
        else
                buffer_add_text(out, "{}");
        buffer_format(out,
                      ",\"Links\":null,\"Aliases\":%s,\"NetworkID\":\"%s\",\"IPAddress\":\"%s\","
                      "\"IPPrefixLen\":%u}",
                      aliases ? aliases : "null", id, text, address ? network->subnet.length_bits : 0);
}

static void write_task_networks(struct sim *sim, const struct sim_container *container, bool *comma,
                                struct buffer *out)
{
        const struct sim_task *task = sim_table_at(&sim->tasks, container->task);

        for (size_t i = 0; task && i < task->attachment_count; i++) {
                const struct sim_network *network =
                        sim_table_at(&sim->networks, task->attachments[i].network);
                char address[ADDRESS_TEXT_SIZE];
                if (!network || !task->attachments[i].connected)
                        continue;
                address_format(task->attachments[i].address, address);
                write_connection(sim, network, task->attachments[i].address, address, NULL, *comma, out);
                *comma = true;
        }
}

static void write_networks(struct sim *sim, const struct sim_container *container, struct buffer *out)
{
        bool comma = false;

        buffer_add_text(out, "\"NetworkSettings\":{\"Networks\":{");
        write_task_networks(sim, container, &comma, out);
        for (size_t i = 0; i < container->connections.count; i++) {
                const struct sim_connection *connection = &container->connections.items[i];
                const struct sim_network *network = sim_table_at(&sim->networks, connection->network);
                if (!network)
                        continue;
                write_connection(sim, network, connection->address, connection->configured,
                                 connection->aliases, comma, out);
                comma = true;
        }
        buffer_add_text(out, "}}");
}

static void write_labels(struct sim *sim, const struct sim_container *container, struct buffer *out)
{
        const struct sim_task *task = sim_table_at(&sim->tasks, container->task);

        if (!task) {
                buffer_format(out, "\"Labels\":%s", container->labels ? container->labels : "{}");
                return;
        }
        buffer_add_text(out, "\"Labels\":{");
        sim_write_container_labels(sim, task, out);
        buffer_add_text(out, "}");
}

void sim_write_container(struct sim *sim, const struct sim_container *container, struct buffer *out)
{
        _cleanup_free_ char *name = sim_container_name(sim, container);
        char id[SIM_HEX_ID_SIZE];
        char created[SIM_TIME_SIZE];
        char started[SIM_TIME_SIZE] = "0001-01-01T00:00:00Z";

        sim_hex_id(sim, SIM_KIND_CONTAINER, container->object.ref, id);
        sim_time_format(sim, container->object.created_ms, created);
        if (container->running)
                sim_time_format(sim, container->started_ms, started);
        buffer_format(
                out,
                "{\"Id\":\"%s\",\"Created\":\"%s\",\"State\":{\"Status\":\"%s\",\"Running\":%s,\"Pid\":%u,"
                "\"ExitCode\":0,\"StartedAt\":\"%s\",\"FinishedAt\":\"0001-01-01T00:00:00Z\"},\"Name\":\"/"
                "%s\",",
                id, created, container->running ? "running" : "created",
                container->running ? "true" : "false",
                container->running ? 1000 + container->object.ref.index : 0, started, name);
        buffer_add_text(out, "\"Config\":{\"Image\":");
        sim_write_text(out, image_of(sim, container));
        buffer_format(out, ",\"Cmd\":%s,", container->command ? container->command : "null");
        write_labels(sim, container, out);
        buffer_add_text(out, "},");
        write_networks(sim, container, out);
        buffer_add_text(out, "}\n");
}

void sim_write_container_line(struct sim *sim, const struct sim_container *container, struct buffer *out)
{
        _cleanup_free_ char *name = sim_container_name(sim, container);
        char id[SIM_HEX_ID_SIZE];

        sim_hex_id(sim, SIM_KIND_CONTAINER, container->object.ref, id);
        buffer_format(out, "{\"Id\":\"%s\",\"Names\":[\"/%s\"],\"Image\":", id, name);
        sim_write_text(out, image_of(sim, container));
        buffer_format(out, ",\"Created\":%lld,\"State\":\"%s\",\"Status\":\"%s\",",
                      (long long)(sim_wall_ms(sim, container->object.created_ms) / 1000),
                      container->running ? "running" : "created", container->running ? "Up" : "Created");
        write_labels(sim, container, out);
        buffer_add_text(out, ",");
        write_networks(sim, container, out);
        buffer_add_text(out, "}");
}
