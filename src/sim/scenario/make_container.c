#include "sim/scenario/make.h"

#include "sim/scenario/check.h"
#include "sim/scenario/spec.h"

/* Standalone containers: made, connected to what they are on besides, and started. */

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

static int add_container(struct making *making, const struct scenario_container *container)
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
        return ask(making, container, node, start, NULL, NULL);
}

int making_containers(struct making *making)
{
        for (size_t i = 0; i < making->scenario->containers.count; i++)
                if (add_container(making, &making->scenario->containers.items[i]) < 0)
                        return -1;
        return 0;
}
