#include "sim/scenario/make.h"

#include "sim/scenario/check.h"
#include "sim/scenario/spec.h"

/*
 * Standalone containers: made, connected to what they are on besides, and started. An address that a later
 * one asks for is kept for it meanwhile: else the balancer of the first one's node might have it.
 */

struct kept {
        const struct scenario_join *join;
        bool is; /* not when it is nobody's to hand out, as on a local network */
};
struct keeping {
        LIST(struct kept) items;
};

static void keeping_done(struct keeping *keeping)
{
        free(keeping->items.items);
}

static void keep(struct making *making, const struct scenario_container *container, struct keeping *keeping)
{
        for (size_t i = 0; i < container->networks.items.count; i++) {
                const struct scenario_join *join = &container->networks.items.items[i];
                if (join->address)
                        *list_add(&keeping->items) = (struct kept){
                                join, sim_address_keep(making->sim, join->network, join->address)};
        }
}

static void let_go(struct making *making, const struct scenario_container *container, struct keeping *keeping)
{
        const struct scenario_join *first = container->networks.items.items;

        for (size_t i = 0; i < keeping->items.count; i++) {
                struct kept *kept = &keeping->items.items[i];
                if (!kept->is || kept->join < first || kept->join >= first + container->networks.items.count)
                        continue;
                sim_address_let_go(making->sim, kept->join->network, kept->join->address);
                kept->is = false;
        }
}

static int ask(struct making *making, const struct scenario_container *container, size_t node,
               const char *path, const char *query, const char *body)
{
        _cleanup_free_ char *what = text_format("the container %s", container->name);
        const struct making_request request = {.line = container->line,
                                               .what = what,
                                               .method = "POST",
                                               .path = path,
                                               .query = query,
                                               .body = body,
                                               .node = node};

        return making_ask(making, &request, NULL);
}

static int connect_to(struct making *making, const struct scenario_container *container, size_t node,
                      const struct scenario_join *join)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_free_ char *path = text_format("/networks/%s/connect", join->network);

        connect_write(container, join, &body);
        return ask(making, container, node, path, NULL, buffer_text(&body));
}

static int add_container(struct making *making, const struct scenario_container *container,
                         struct keeping *keeping)
{
        size_t node = container->node ? (size_t)(scenario_node_find(making->scenario, container->node) -
                                                 making->scenario->nodes.items)
                                      : 0;
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_free_ char *query = text_format("name=%s", container->name);
        _cleanup_free_ char *start = text_format("/containers/%s/start", container->name);

        container_write(container, &body);
        if (ask(making, container, node, "/containers/create", query, buffer_text(&body)) < 0)
                return -1;
        for (size_t i = 1; i < container->networks.items.count; i++)
                if (connect_to(making, container, node, &container->networks.items.items[i]) < 0)
                        return -1;
        let_go(making, container, keeping);
        return ask(making, container, node, start, NULL, NULL);
}

int making_containers(struct making *making)
{
        const struct scenario *scenario = making->scenario;
        _cleanup_(keeping_done) struct keeping keeping = {0};

        for (size_t i = 0; i < scenario->containers.count; i++)
                keep(making, &scenario->containers.items[i], &keeping);
        for (size_t i = 0; i < scenario->containers.count; i++)
                if (add_container(making, &scenario->containers.items[i], &keeping) < 0)
                        return -1;
        return 0;
}
