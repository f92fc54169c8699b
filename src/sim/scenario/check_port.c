#include "sim/scenario/check.h"

/* Published ports: one service each on ingress, one task each on a node. */

struct claim {
        uint64_t published;
        unsigned protocol;
        bool host;
        uint64_t tasks;
        const struct roster_service *service;
        unsigned line;
};
struct claims {
        LIST(struct claim) items;
};

static void claims_done(struct claims *claims)
{
        free(claims->items.items);
}

static int compare(const void *a, const void *b)
{
        const struct claim *left = a;
        const struct claim *right = b;

        if (left->host != right->host)
                return left->host ? 1 : -1;
        if (left->published != right->published)
                return left->published < right->published ? -1 : 1;
        if (left->protocol != right->protocol)
                return left->protocol < right->protocol ? -1 : 1;
        return (left->line > right->line) - (left->line < right->line);
}

static bool same_port(const struct claim *a, const struct claim *b)
{
        return a->host == b->host && a->published == b->published && a->protocol == b->protocol;
}

static void gather(struct scenario_check *check, const struct roster_service *service, struct claims *claims)
{
        const struct scenario_sketch *sketch = service->sketch;

        for (size_t i = 0; i < sketch->ports.items.count; i++) {
                const struct scenario_port *port = &sketch->ports.items.items[i];
                if (port->published)
                        *list_add(&claims->items) =
                                (struct claim){.published = port->published,
                                               .protocol = MAX(port->protocol, 1U),
                                               .host = port->mode == PORT_HOST,
                                               .tasks = roster_tasks(service, check->active_nodes),
                                               .service = service,
                                               .line = port->line};
        }
}

static int check_claim(struct scenario_check *check, const struct claims *claims, size_t index,
                       uint64_t *tasks)
{
        const struct claim *claim = &claims->items.items[index];
        const struct claim *before = index ? &claims->items.items[index - 1] : NULL;
        bool shared = before && same_port(before, claim);

        *tasks = claim->tasks + (shared ? *tasks : 0);
        if (!claim->host && shared)
                return scenario_refuse(check->scenario, claim->line, check->error,
                                       "%s publishes port %llu on ingress, and so does %s",
                                       claim->service->name, (unsigned long long)claim->published,
                                       before->service->name);
        if (claim->host && *tasks > check->active_nodes)
                return scenario_refuse(check->scenario, claim->line, check->error,
                                       "%llu tasks are to have port %llu of their host, with those of %s, "
                                       "and only %llu nodes take tasks",
                                       (unsigned long long)*tasks, (unsigned long long)claim->published,
                                       claim->service->name, (unsigned long long)check->active_nodes);
        return 0;
}

int scenario_check_ports(struct scenario_check *check)
{
        _cleanup_(claims_done) struct claims claims = {0};
        uint64_t tasks = 0;

        for (size_t i = 0; i < check->roster->services.count; i++)
                if (!check->roster->services.items[i].sketch->stuck)
                        gather(check, &check->roster->services.items[i], &claims);
        if (claims.items.count)
                qsort(claims.items.items, claims.items.count, sizeof(*claims.items.items), compare);
        for (size_t i = 0; i < claims.items.count; i++)
                if (check_claim(check, &claims, i, &tasks) < 0)
                        return -1;
        return 0;
}
