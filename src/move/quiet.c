#include "move/quiet.h"

#include "host/command.h"
#include "move/plan_service.h"
#include "json/json.h"

#include <fnmatch.h>

#define COMMAND_TIMEOUT_MS 30000
#define ITEMS_MAX          20 /* told of; enough to see what goes on */

void busy_done(struct busy *busy)
{
        for (size_t i = 0; i < busy->items.count; i++)
                free(busy->items.items[i]);
        free(busy->items.items);
        *busy = (struct busy){0};
}

char *busy_text(const struct busy *busy)
{
        struct buffer out = {0};

        for (size_t i = 0; i < busy->items.count; i++)
                buffer_format(&out, "%s%s", i ? "; " : "", busy->items.items[i]);
        return out.length ? buffer_steal(&out) : NULL;
}

static void note(struct busy *busy, bool lasting, const char *format, ...) _printf_(3, 4);
static void note(struct busy *busy, bool lasting, const char *format, ...)
{
        va_list arguments;

        busy->lasting += lasting;
        if (busy->items.count == ITEMS_MAX)
                return;
        va_start(arguments, format);
        *list_add(&busy->items) = text_vformat(format, arguments);
        va_end(arguments);
}

/* Whether what goes on with the service may be the move's own doing. */
static bool is_ours(const struct plan *plan, const char *id)
{
        for_each_pause (pause, plan)
                if (text_equal(pause->id, id))
                        return true;
        return plan_has_service(plan, id);
}

/* The first pattern that fits, NULL when none does. */
static const char *match(char *const *patterns, size_t count, const char *text)
{
        for (size_t i = 0; text && i < count; i++)
                if (fnmatch(patterns[i], text, 0) == 0)
                        return patterns[i];
        return NULL;
}

static bool is_told(char *const *names, size_t count, const char *name)
{
        for (size_t i = 0; i < count; i++)
                if (text_equal(names[i], name))
                        return true;
        return false;
}

static void look_at_stacks(const struct swarm *swarm, const struct plan *plan, struct busy *busy)
{
        LIST(char *) told = {0};

        if (!plan->quiet_stacks.count)
                return;
        for_each_service (service, swarm) {
                if (!service->stack || is_told(told.items, told.count, service->stack) ||
                    match(plan->quiet_stacks.items, plan->quiet_stacks.count, service->stack))
                        continue;
                *list_add(&told) = (char *)service->stack;
                note(busy, true, "stack %s runs, which quiet.stacks does not expect", service->stack);
        }
        free(told.items);
}

static void look_at_updates(const struct swarm *swarm, const struct plan *plan, struct busy *busy)
{
        for_each_service (service, swarm)
                if (!is_ours(plan, service->id) && (text_equal(service->update_state, "updating") ||
                                                    text_equal(service->update_state, "rollback_started")))
                        note(busy, false, "service %s is being updated", service->name);
}

/* On their way up or down. What waits in New or Pending goes nowhere, and is why a network is moved. */
static bool is_transitional(const struct task *task)
{
        if (task->attachment || !task_holds_addresses(task))
                return false;
        if (task->desired > TASK_RUNNING)
                return task->state >= TASK_ASSIGNED;
        return task->state >= TASK_ASSIGNED && task->state < TASK_RUNNING;
}

static void look_at_tasks(const struct swarm *swarm, const struct plan *plan, struct busy *busy)
{
        for_each_task (task, swarm) {
                const struct service *service = swarm_service_by_id(swarm, task->service_id);
                if (!is_transitional(task) || is_ours(plan, task->service_id))
                        continue;
                note(busy, false, "a task of %s is %s", service ? service->name : "a removed service",
                     task->desired > TASK_RUNNING ? "stopping" : task_state_name(task->state));
        }
}

/* Names in the list begin with a slash. */
static void look_at_container(const struct json_document *d, json_node container, const struct plan *plan,
                              struct busy *busy)
{
        _cleanup_free_ char *image = json_text(d, json_get(d, container, "Image"));

        json_for_each (entry, d, json_get(d, container, "Names")) {
                _cleanup_free_ char *name = json_text(d, entry);
                const char *plain = name && name[0] == '/' ? name + 1 : name;
                const char *pattern = match(plan->quiet_busy.items, plan->quiet_busy.count, plain);
                if (!pattern)
                        pattern = match(plan->quiet_busy.items, plan->quiet_busy.count, image);
                if (!pattern)
                        continue;
                note(busy, true, "container %s runs (quiet.busy: %s)", plain, pattern);
                return;
        }
}

static int look_at_containers(struct engine *engine, const struct plan *plan, struct busy *busy,
                              struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_json_ struct json_document *d = NULL;

        if (!plan->quiet_busy.count)
                return 0;
        if (engine_get(engine, "/containers/json", &body, error) < 0 ||
            json_parse(buffer_text(&body), body.length, &d, error) < 0)
                return error_while(error, "looking for busy containers");
        json_for_each (container, d, json_root(d))
                look_at_container(d, container, plan, busy);
        return 0;
}

/* Tasks on other nodes are not among this node's containers; their services' names and images are known. */
static void look_at_services(const struct swarm *swarm, const struct plan *plan, struct busy *busy)
{
        for_each_task (task, swarm) {
                const struct service *service = swarm_service_by_id(swarm, task->service_id);
                if (!service || task->state != TASK_RUNNING ||
                    text_equal(task->node_id, swarm->local_node_id))
                        continue;
                const char *pattern = match(plan->quiet_busy.items, plan->quiet_busy.count, service->name);
                if (!pattern)
                        pattern = match(plan->quiet_busy.items, plan->quiet_busy.count, service->image);
                if (pattern)
                        note(busy, true, "a task of %s runs on another node (quiet.busy: %s)", service->name,
                             pattern);
        }
}

static int look_at_commands(const struct plan *plan, struct busy *busy, struct error *error)
{
        for (size_t i = 0; i < plan->quiet_commands.count; i++) {
                const char *command = plan->quiet_commands.items[i];
                _cleanup_free_ char *said = NULL;
                _cleanup_error_ struct error told = {0};
                int status = 0;
                if (command_ask(command, COMMAND_TIMEOUT_MS, &status, &said, &told) < 0) {
                        if (told.kind != ERROR_TIMEOUT) {
                                error_move(error, &told);
                                return error_while(error, "asking `%s`", command);
                        }
                        note(busy, true, "`%s` does not tell: %s", command, told.sentence);
                } else if (status)
                        note(busy, true, "`%s` ended with %d%s%s", command, status,
                             text_empty(said) ? "" : ": ", said ? said : "");
        }
        return 0;
}

int quiet_look(struct engine *engine, const struct plan *plan, bool commands, struct busy *ret_busy,
               struct error *error)
{
        _cleanup_swarm_ struct swarm swarm = {0};
        _cleanup_busy_ struct busy busy = {0};

        if (survey(engine, NULL, &swarm, error) < 0)
                return -1;
        look_at_stacks(&swarm, plan, &busy);
        look_at_updates(&swarm, plan, &busy);
        look_at_tasks(&swarm, plan, &busy);
        look_at_services(&swarm, plan, &busy);
        if (look_at_containers(engine, plan, &busy, error) < 0 ||
            (commands && look_at_commands(plan, &busy, error) < 0))
                return -1;
        *ret_busy = busy;
        busy = (struct busy){0};
        return 0;
}
