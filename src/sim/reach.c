#include "sim/state.h"

/*
 * Who can reach whom: a container reaches a service by name when it is on one of the networks on which a
 * running task of that service is, by whatever way it came there. A task that is told to end has no name any
 * more.
 */

static bool serves(const struct sim_task *task)
{
        return task->state == TASK_RUNNING && sim_task_is_wanted(task);
}

static bool is_on(struct sim *sim, const struct sim_task *task, struct sim_ref network)
{
        const struct sim_container *container = sim_table_at(&sim->containers, task->container);

        for (size_t i = 0; i < task->attachment_count; i++)
                if (task->attachments[i].connected && sim_ref_equal(task->attachments[i].network, network))
                        return true;
        for (size_t i = 0; container && i < container->connections.count; i++)
                if (sim_ref_equal(container->connections.items[i].network, network))
                        return true;
        return false;
}

static bool task_reaches(struct sim *sim, const struct sim_task *from, const struct sim_service *to)
{
        for_each_sim_task (task, to)
                for (size_t i = 0; serves(task) && i < task->attachment_count; i++)
                        if (task->attachments[i].connected && is_on(sim, from, task->attachments[i].network))
                                return true;
        return false;
}

struct sim_reach sim_reach(struct sim *sim, const char *from, const char *to)
{
        const struct sim_service *source = sim_service_find(sim, from);
        const struct sim_service *target = sim_service_find(sim, to);
        struct sim_reach reach = {0};

        if (source && target)
                for_each_sim_task (task, source) {
                        reach.serving += serves(task);
                        reach.reaching += serves(task) && task_reaches(sim, task, target);
                }
        return reach;
}
