#include "move/document/inside.h"

#include <inttypes.h>

/* Who is on the network, who is not, and which stacks that makes. */

#define STACK_LABEL "com.docker.stack.namespace"

static const struct plan_service *planned_of(const struct plan *plan, const char *id)
{
        for_each_planned (planned, plan)
                if (text_equal(planned->id, id))
                        return planned;
        return NULL;
}

/* "1 of 1", "0 of 1": tasks that run, of those that shall. */
static void count_tasks(const struct facts *facts, const struct service *service, uint64_t *ret_running,
                        uint64_t *ret_wanted)
{
        *ret_running = *ret_wanted = 0;
        for_each_task (task, &facts->swarm)
                if (text_equal(task->service_id, service->id) && task->desired == TASK_RUNNING) {
                        (*ret_wanted)++;
                        *ret_running += task->state == TASK_RUNNING;
                }
        if (service->mode == SERVICE_REPLICATED)
                *ret_wanted = service->replicas;
}

static char *tasks_text(const struct facts *facts, const struct service *service)
{
        uint64_t running;
        uint64_t wanted;

        count_tasks(facts, service, &running, &wanted);
        return text_format("%" PRIu64 "/%" PRIu64, running, wanted);
}

static char *vip_text(const struct facts *facts, const struct service *service)
{
        for (size_t i = 0; i < service->vips.count; i++) {
                char address[ADDRESS_TEXT_SIZE];
                if (!text_equal(service->vips.items[i].network_id, facts->plan->network_id))
                        continue;
                address_format(service->vips.items[i].address, address);
                return text_copy(service->vips.items[i].allocated ? address : "none given");
        }
        return text_copy(service->dnsrr ? "dnsrr" : "none given");
}

static char *aliases_text(const struct facts *facts, const struct service *service)
{
        const struct attachment *on = service_on(service, facts->plan->network_id);
        struct buffer out = {0};

        for (size_t i = 0; on && i < on->alias_count; i++)
                buffer_format(&out, "%s%s", i ? ", " : "", on->aliases[i]);
        return out.length ? buffer_steal(&out) : text_copy("");
}

static char *ports_text(const struct service *service)
{
        struct buffer out = {0};

        for (size_t i = 0; i < service->ports.count; i++)
                buffer_format(&out, "%s%u:%u/%s%s", i ? ", " : "", service->ports.items[i].published,
                              service->ports.items[i].target,
                              service->ports.items[i].protocol ? service->ports.items[i].protocol : "tcp",
                              service->ports.items[i].host_mode ? " on the host" : "");
        return out.length ? buffer_steal(&out) : text_copy("");
}

static char *part_text(const struct facts *facts, const struct service *service)
{
        const struct plan_service *planned = planned_of(facts->plan, service->id);

        return text_format("%s%s", planned && planned->edge ? "edge" : "",
                           planned && planned->stuck ? "stuck in New" : "");
}

static void services_on(const struct facts *facts, struct buffer *out)
{
        static const char *const headers[] = {"service", "stack", "tasks", "VIP",
                                              "aliases", "ports", "part",  "shown by"};
        struct markdown_table table;

        markdown_heading(out, 3, "Services on %s", facts->plan->network);
        markdown_table(&table, out, "ccnccctc", headers);
        for (size_t i = 0; i < facts->services.count; i++) {
                const struct service *service = facts->services.items[i];
                if (!service_on(service, facts->plan->network_id))
                        continue;
                _cleanup_free_ char *tasks = tasks_text(facts, service);
                _cleanup_free_ char *vip = vip_text(facts, service);
                _cleanup_free_ char *aliases = aliases_text(facts, service);
                _cleanup_free_ char *ports = ports_text(service);
                _cleanup_free_ char *part = part_text(facts, service);
                markdown_row(&table, service->name, service->stack, tasks, vip, aliases, ports, part,
                             "GET /services, GET /tasks");
        }
        buffer_add_text(out, "\n");
}

static void services_off(const struct facts *facts, struct buffer *out)
{
        static const char *const headers[] = {"service", "stack", "tasks", "shown by"};
        struct markdown_table table;

        markdown_heading(out, 3, "Services not on %s, left alone", facts->plan->network);
        markdown_table(&table, out, "ccnc", headers);
        for (size_t i = 0; i < facts->services.count; i++) {
                const struct service *service = facts->services.items[i];
                _cleanup_free_ char *tasks = tasks_text(facts, service);
                if (!service_on(service, facts->plan->network_id))
                        markdown_row(&table, service->name, service->stack, tasks,
                                     "GET /services, GET /tasks");
        }
        buffer_add_text(out, "\n");
}

static void containers(const struct facts *facts, struct buffer *out)
{
        static const char *const headers[] = {"container", "its own address", "shown by"};
        struct markdown_table table;

        if (!facts->plan->containers.count)
                return;
        markdown_heading(out, 3, "Standalone containers on %s", facts->plan->network);
        markdown_table(&table, out, "ccc", headers);
        for_each_planned_container (container, facts->plan)
                markdown_row(&table, container->name, container->static_address, "GET /containers/{id}/json");
        buffer_add_text(out, "\n");
}

/* A stack, and what of it runs: one of which nothing does is told apart from those that make up the host. */
struct stack {
        const char *name;
        bool runs;
        struct buffer services;
};

struct stacks {
        LIST(struct stack) items;
};

static void stacks_done(struct stacks *stacks)
{
        for (size_t i = 0; i < stacks->items.count; i++)
                buffer_done(&stacks->items.items[i].services);
        free(stacks->items.items);
}

static struct stack *stack_of(struct stacks *stacks, const char *name)
{
        for (size_t i = 0; i < stacks->items.count; i++)
                if (text_equal(stacks->items.items[i].name, name))
                        return &stacks->items.items[i];
        struct stack *stack = list_add(&stacks->items);
        stack->name = name;
        stack->runs = true;
        return stack;
}

static int compare_stacks(const void *a, const void *b)
{
        return strcmp(((const struct stack *)a)->name, ((const struct stack *)b)->name);
}

static void stacks_find(const struct facts *facts, struct stacks *stacks)
{
        for (size_t i = 0; i < facts->services.count; i++) {
                const struct service *service = facts->services.items[i];
                uint64_t running;
                uint64_t wanted;
                if (!service->stack)
                        continue;
                struct stack *stack = stack_of(stacks, service->stack);
                count_tasks(facts, service, &running, &wanted);
                stack->runs = stack->runs && running >= wanted;
                buffer_format(&stack->services, "%s%s", stack->services.length ? ", " : "", service->name);
        }
        if (stacks->items.count)
                qsort(stacks->items.items, stacks->items.count, sizeof(struct stack), compare_stacks);
}

static void stack_sentence(const struct stacks *stacks, bool run, struct buffer *out)
{
        _cleanup_buffer_ struct buffer names = {0};
        size_t count = 0;

        for (size_t i = 0; i < stacks->items.count; i++)
                if (stacks->items.items[i].runs == run)
                        buffer_format(&names, "%s%s", count++ ? ", " : "", stacks->items.items[i].name);
        if (count)
                markdown_paragraph(out, "%zu stack%s %s: %s.", count, count == 1 ? "" : "s",
                                   run          ? count == 1 ? "runs completely" : "run completely"
                                   : count == 1 ? "does not run completely"
                                                : "do not run completely",
                                   buffer_text(&names));
}

static void stacks_part(const struct facts *facts, struct buffer *out)
{
        static const char *const headers[] = {"stack", "services", "shown by"};
        _cleanup_(stacks_done) struct stacks stacks = {0};
        struct markdown_table table;

        stacks_find(facts, &stacks);
        markdown_heading(out, 3, "Stacks");
        stack_sentence(&stacks, true, out);
        stack_sentence(&stacks, false, out);
        markdown_table(&table, out, "ccc", headers);
        for (size_t i = 0; i < stacks.items.count; i++)
                markdown_row(&table, stacks.items.items[i].name, buffer_text(&stacks.items.items[i].services),
                             "GET /services: Spec.Labels[" STACK_LABEL "]");
        buffer_add_text(out, "\n");
}

void document_services(const struct facts *facts, struct buffer *out)
{
        markdown_heading(out, 2, "What runs");
        services_on(facts, out);
        containers(facts, out);
        services_off(facts, out);
        stacks_part(facts, out);
}
