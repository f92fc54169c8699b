#include "sim/api.h"

/* A task, with what it knows of its networks: in the history also of those that are gone. */

/* What was asked of its addresses. */
static void write_wish(const struct sim_network *network, struct buffer *out)
{
        char gateway[ADDRESS_TEXT_SIZE];

        buffer_add_text(out, "\"IPAMOptions\":{\"Driver\":{\"Name\":\"default\"}");
        if (!text_empty(network->subnet_said)) {
                address_format(network->gateway, gateway);
                buffer_add_texts(out, ",\"Configs\":[{\"Subnet\":\"", network->subnet_said,
                                 "\",\"Gateway\":\"", gateway, "\"}]");
        }
        buffer_add_text(out, "},");
}

static void write_network(struct sim *sim, const struct sim_network *network, struct buffer *out)
{
        char subnet[PREFIX_TEXT_SIZE];
        char gateway[ADDRESS_TEXT_SIZE];

        buffer_add_text(out, ",");
        sim_write_head(sim, &network->object, out);
        buffer_add_text(out, ",\"Spec\":{\"Name\":");
        sim_write_text(out, network->name);
        buffer_add_text(out, ",\"Labels\":");
        buffer_add_text(out, network->labels ? network->labels : "{}");
        buffer_add_text(out, ",\"DriverConfiguration\":{\"Name\":\"overlay\"},");
        buffer_add_text(out, network->attachable ? "\"Attachable\":true," : "");
        write_wish(network, out);
        buffer_add_text(out, "\"Scope\":\"swarm\"}");
        if (!network->gateway)
                return;
        prefix_format(network->subnet, subnet);
        address_format(network->gateway, gateway);
        buffer_add_text(out,
                        ",\"DriverState\":{\"Name\":\"overlay\",\"Options\":{\"com.docker.network.driver."
                        "overlay.vxlanid_list\":\"");
        sim_write_number(out, network->vxlan);
        buffer_add_texts(
                out, "\"}},\"IPAMOptions\":{\"Driver\":{\"Name\":\"default\"},\"Configs\":[{\"Subnet\":\"",
                subnet, "\",\"Gateway\":\"", gateway, "\"}]}");
}

static void write_attachment(struct sim *sim, const struct sim_attachment *attachment, struct buffer *out)
{
        const struct sim_network *network = sim_table_at(&sim->networks, attachment->network);
        char id[SIM_ID_SIZE];
        char address[ADDRESS_TEXT_SIZE];

        sim_id(sim, SIM_KIND_NETWORK, attachment->network, id);
        buffer_add_texts(out, "{\"Network\":{\"ID\":\"", id, "\"");
        if (network)
                write_network(sim, network, out);
        buffer_add_text(out, "}");
        if (attachment->address) {
                address_format(attachment->address, address);
                buffer_add_texts(out, ",\"Addresses\":[\"", address, "/");
                sim_write_number(out, network ? network->subnet.length_bits : 24);
                buffer_add_text(out, "\"]");
        }
        buffer_add_text(out, "}");
}

/* The allocator adds them: one that waits for its addresses has none. */
static void write_attachments(struct sim *sim, const struct sim_task *task, struct buffer *out)
{
        if (!task->attachment_count || !task->attachments[0].address)
                return;
        for (size_t i = 0; i < task->attachment_count; i++) {
                buffer_add_text(out, i ? "," : ",\"NetworksAttachments\":[");
                write_attachment(sim, &task->attachments[i], out);
        }
        buffer_add_text(out, "]");
}

static void write_status(struct sim *sim, const struct sim_task *task, struct buffer *out)
{
        char time[SIM_TIME_SIZE];
        char id[SIM_HEX_ID_SIZE];

        sim_time_format(sim, task->since_ms, time);
        buffer_add_texts(out, ",\"Status\":{\"Timestamp\":\"", time, "\",\"State\":\"",
                         task_state_name(task->state), "\",\"Message\":\"",
                         task->message ? task->message : "", "\"");
        bool unplaced = task->state == TASK_PENDING && task->queued;
        _cleanup_free_ char *refusals = unplaced ? sim_node_refusals(sim, task) : NULL;
        if (unplaced || task->error)
                buffer_add_texts(out, ",\"Err\":\"", unplaced ? refusals : task->error, "\"");
        if (task->container.index != SIM_NONE && !task->attachment) {
                sim_hex_id(sim, SIM_KIND_CONTAINER, task->container, id);
                buffer_add_texts(out, ",\"ContainerStatus\":{\"ContainerID\":\"", id, "\",\"PID\":");
                sim_write_number(out, sim_task_is_live(task) ? 1000 + task->container.index : 0);
                buffer_add_text(out, task->state == TASK_FAILED ? ",\"ExitCode\":1}" : ",\"ExitCode\":0}");
        }
        buffer_add_text(out, ",\"PortStatus\":{}}");
}

/* A task's spec is its service's template, but for the runtime that the engine has put at the end of that. */
static void write_template(const struct sim_spec *spec, struct buffer *out)
{
        static const char runtime[] = ",\"Runtime\":\"container\"}";
        const char *template = spec->bytes + spec->template_offset;
        size_t length = spec->template_length;
        size_t tail = strlen(runtime);

        if (length <= tail || strncmp(template + length - tail, runtime, tail) != 0) {
                buffer_add(out, template, length);
                return;
        }
        buffer_add(out, template, length - tail);
        buffer_add_text(out, "}");
}

static void write_spec(struct sim *sim, const struct sim_task *task, struct buffer *out)
{
        char id[SIM_HEX_ID_SIZE];
        char network[SIM_ID_SIZE];

        if (!task->attachment) {
                write_template(task->spec, out);
                return;
        }
        sim_hex_id(sim, SIM_KIND_CONTAINER, task->container, id);
        sim_id(sim, SIM_KIND_NETWORK, task->attachments[0].network, network);
        buffer_format(
                out,
                "{\"NetworkAttachmentSpec\":{\"ContainerID\":\"%s\"},\"Networks\":[{\"Target\":\"%s\"}],"
                "\"ForceUpdate\":0,\"Runtime\":\"attachment\"}",
                id, network);
}

static void write_place(struct sim *sim, const struct sim_task *task, struct buffer *out)
{
        char id[SIM_ID_SIZE];
        bool numbered =
                !task->attachment && task->spec->mode != SIM_GLOBAL && task->spec->mode != SIM_GLOBAL_JOB;

        if (!task->attachment) {
                sim_id(sim, SIM_KIND_SERVICE, task->service, id);
                buffer_add_texts(out, ",\"ServiceID\":\"", id, "\"");
        }
        if (numbered) {
                buffer_add_text(out, ",\"Slot\":");
                sim_write_number(out, task->slot);
        }
        if (task->node != SIM_NONE) {
                sim_id(sim, SIM_KIND_NODE, sim->nodes.items[task->node]->ref, id);
                buffer_add_texts(out, ",\"NodeID\":\"", id, "\"");
        }
}

void sim_write_task(struct sim *sim, const struct sim_task *task, struct buffer *out)
{
        char id[SIM_ID_SIZE];

        sim_id(sim, SIM_KIND_TASK, task->object.ref, id);
        buffer_add_texts(out, "{\"ID\":\"", id, "\",");
        sim_write_head(sim, &task->object, out);
        buffer_add_text(out, ",\"Labels\":{},\"Spec\":");
        write_spec(sim, task, out);
        write_place(sim, task, out);
        write_status(sim, task, out);
        buffer_add_texts(out, ",\"DesiredState\":\"", task_state_name(task->desired), "\"");
        write_attachments(sim, task, out);
        buffer_add_text(out, "}");
}
