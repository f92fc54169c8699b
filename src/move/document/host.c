#include "host/process.h"
#include "move/document/inside.h"

#include <inttypes.h>

/* The state of the host and of the swarm. */

#define MINUTES_PER_DAY ((int64_t)24 * 60)
#define TASKS_MAX       30 /* listed one by one */

static char *duration(int64_t from_ms, int64_t to_ms)
{
        int64_t minutes = (to_ms - from_ms) / 60000;

        if (minutes >= 2 * MINUTES_PER_DAY)
                return text_format("%" PRId64 " days", minutes / MINUTES_PER_DAY);
        return minutes >= 120 ? text_format("%" PRId64 " hours", minutes / 60)
                              : text_format("%" PRId64 " minutes", minutes);
}

static void since_row(const struct markdown_table *table, const char *what, int64_t since_ms,
                      const char *source)
{
        _cleanup_free_ char *since = clock_format(since_ms);
        _cleanup_free_ char *uptime = duration(since_ms, clock_wall_ms());
        _cleanup_free_ char *text = text_format("%s, since %s", uptime, since);

        markdown_row(table, what, since_ms < 0 ? "not known here" : text, source);
}

static void engine_part(const struct facts *facts, struct buffer *out)
{
        static const char *const headers[] = {"what", "is", "shown by"};
        struct markdown_table table;

        markdown_table(&table, out, "ttc", headers);
        markdown_row(&table, "engine", facts->engine.version, "GET /info: ServerVersion");
        since_row(&table, "the engine is up", facts->engine_started_ms,
                  "ps -o lstart= -p $(cat /run/docker.pid)");
        markdown_row(&table, "machine", facts->engine.name, "GET /info: Name");
        markdown_row(&table, "system", facts->engine.system, "GET /info: OperatingSystem");
        markdown_row(&table, "kernel", facts->engine.kernel, "GET /info: KernelVersion");
        since_row(&table, "the machine is up", facts->host_unknown ? -1 : machine_started_ms(), "uptime -s");
        buffer_add_text(out, "\n");
}

static void nodes_part(const struct facts *facts, struct buffer *out)
{
        static const char *const headers[] = {"node", "role", "state", "availability", "engine", "shown by"};
        struct markdown_table table;

        markdown_table(&table, out, "cttttc", headers);
        for_each_node (node, &facts->swarm)
                markdown_row(&table, node->name,
                             node->leader    ? "manager, the leader"
                             : node->manager ? "manager"
                                             : "worker",
                             node->state, node->availability, node->engine_version, "GET /nodes");
        buffer_add_text(out, "\n");
}

/* Those that shall run and don't; what waits in New stands with the cause. */
static bool is_missing(const struct facts *facts, const struct task *task)
{
        return task->desired == TASK_RUNNING && task->state != TASK_RUNNING && task->state != TASK_NEW &&
               swarm_service_by_id(&facts->swarm, task->service_id);
}

static void missing_row(const struct facts *facts, const struct markdown_table *table,
                        const struct task *task)
{
        const struct service *service = swarm_service_by_id(&facts->swarm, task->service_id);
        _cleanup_free_ char *name = text_format("%s.%" PRIu64, service->name, task->slot);
        _cleanup_free_ char *since = clock_format(task->state_since_ms);

        markdown_row(table, name, task_state_name(task->state), since, task->error, "GET /tasks");
}

static void missing_part(const struct facts *facts, struct buffer *out)
{
        static const char *const headers[] = {"task", "state", "since", "error", "shown by"};
        struct markdown_table table;
        size_t count = 0;
        size_t new = 0;

        for_each_task (task, &facts->swarm) {
                count += is_missing(facts, task);
                new += task->desired == TASK_RUNNING && task->state == TASK_NEW;
        }
        markdown_heading(out, 3, "Tasks that should run and don't");
        markdown_paragraph(out, "%zu (GET /tasks); besides, %zu wait in New, as told under Cause.", count,
                           new);
        if (!count)
                return;
        markdown_table(&table, out, "cttcc", headers);
        size_t listed = 0;
        for_each_task (task, &facts->swarm)
                if (is_missing(facts, task) && ++listed <= TASKS_MAX)
                        missing_row(facts, &table, task);
        buffer_add_text(out, "\n");
}

void document_host(const struct facts *facts, struct buffer *out)
{
        markdown_heading(out, 2, "State of the host");
        engine_part(facts, out);
        nodes_part(facts, out);
        missing_part(facts, out);
}
