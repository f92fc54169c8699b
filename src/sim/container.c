#include "sim/state.h"

/* Containers, of tasks and standalone ones. */

static struct sim_container *find_by_name(struct sim *sim, uint32_t node, const char *name)
{
        const char *task_id = strrchr(name, '.');
        struct sim_ref ref;

        if (task_id && sim_ref_of_id(sim, SIM_KIND_TASK, task_id + 1, &ref)) {
                const struct sim_task *task = sim_table_at(&sim->tasks, ref);
                return task ? sim_table_at(&sim->containers, task->container) : NULL;
        }
        for_each_sim (sim_container, container, &sim->containers)
                if (container->node == node && container->name && text_equal(container->name, name))
                        return container;
        return NULL;
}

static struct sim_container *find_by_short_id(struct sim *sim, const char *id)
{
        char whole[SIM_HEX_ID_SIZE];

        if (strlen(id) < SIM_SHORT_ID)
                return NULL;
        for_each_sim (sim_container, container, &sim->containers) {
                sim_hex_id(sim, SIM_KIND_CONTAINER, container->object.ref, whole);
                if (text_starts_with(whole, id))
                        return container;
        }
        return NULL;
}

struct sim_container *sim_container_find(struct sim *sim, uint32_t node, const char *name_or_id)
{
        struct sim_container *container = NULL;
        struct sim_ref ref;

        if (*name_or_id == '/')
                name_or_id++;
        if (sim_ref_of_hex_id(sim, SIM_KIND_CONTAINER, name_or_id, &ref))
                container = sim_table_at(&sim->containers, ref);
        if (!container)
                container = find_by_name(sim, node, name_or_id);
        if (!container)
                container = find_by_short_id(sim, name_or_id);
        return container && container->node == node ? container : NULL;
}

static void connect_task(struct sim *sim, const struct sim_container *container, const struct sim_task *task)
{
        for (size_t i = 0; i < task->attachment_count; i++) {
                struct sim_network *network = sim_network_stored(sim, task->attachments[i].network);
                if (!network)
                        continue;
                task->attachments[i].connected = true;
                sim_presence_add(sim, network, container->node, false);
        }
}

struct sim_container *sim_container_add(struct sim *sim, uint32_t node, struct sim_ref task)
{
        struct sim_container *container = sim_table_add(sim, &sim->containers, sizeof(*container));
        const struct sim_task *of = sim_table_at(&sim->tasks, task);

        container->node = node;
        container->task = task;
        container->failed = SIM_NO_REF;
        if (of) {
                sim_tell_container(sim, container, "create", "");
                connect_task(sim, container, of);
        }
        return container;
}

char *sim_container_name(struct sim *sim, const struct sim_container *container)
{
        const struct sim_task *task = sim_table_at(&sim->tasks, container->task);

        if (container->name || !task)
                return text_copy(container->name ? container->name : "");
        return sim_task_name(sim, task);
}

char *sim_task_name(struct sim *sim, const struct sim_task *task)
{
        char id[SIM_ID_SIZE];
        char node[SIM_ID_SIZE];

        sim_id(sim, SIM_KIND_TASK, task->object.ref, id);
        if (task->spec->mode != SIM_GLOBAL && task->spec->mode != SIM_GLOBAL_JOB)
                return text_format("%s.%u.%s", task->spec->name, task->slot, id);
        sim_id(sim, SIM_KIND_NODE, sim->nodes.items[task->node]->ref, node);
        return text_format("%s.%s.%s", task->spec->name, node, id);
}

void sim_container_free(struct sim_container *container)
{
        char *const texts[] = {container->name, container->image, container->labels, container->command,
                               container->missing};

        for (size_t i = 0; i < container->connections.count; i++) {
                free(container->connections.items[i].configured);
                free(container->connections.items[i].aliases);
        }
        free(container->connections.items);
        for (size_t i = 0; i < ELEMENTS(texts); i++)
                free(texts[i]);
}

static void disconnect_task(struct sim *sim, const struct sim_container *container, struct sim_task *task)
{
        for (size_t i = 0; task && i < task->attachment_count; i++) {
                struct sim_network *network = sim_table_at(&sim->networks, task->attachments[i].network);
                if (network && task->attachments[i].connected) {
                        sim_tell_connection(sim, container, network, "disconnect");
                        sim_presence_drop(sim, network, container->node, false);
                }
                task->attachments[i].connected = false;
        }
}

void sim_container_end(struct sim *sim, struct sim_container *container)
{
        char exit_code[32];
        bool ran = container->running;

        snprintf(exit_code, sizeof(exit_code), "\"exitCode\":\"%d\",", container->exit_code);
        if (ran)
                sim_tell_container(sim, container, "die", exit_code);
        while (container->connections.count)
                sim_disconnect(sim, container, &container->connections.items[0]);
        disconnect_task(sim, container, sim_table_at(&sim->tasks, container->task));
        if (ran)
                sim_tell_container(sim, container, "stop", "");
        sim_tell_container(sim, container, "destroy", "");
        sim_container_free(container);
        sim_table_drop(&sim->containers, container);
}
