#include "sim/scenario/check.h"
#include "sim/scenario/field.h"

/* What happens later: to things that are there, and never so that nobody could lead. */

static const struct scenario_node *require_node(struct scenario_check *check,
                                                const struct scenario_event *event)
{
        const char *name = event->subjects[event->kind];
        const struct scenario_node *node = scenario_node_find(check->scenario, name);

        if (!node)
                scenario_refuse(check->scenario, event->line, check->error, "there is no node %s", name);
        return node;
}

static int require_service(struct scenario_check *check, const struct scenario_event *event)
{
        const char *name = event->subjects[event->kind];
        const char *nearest = roster_service_nearest(check->roster, name);

        if (roster_service_find(check->roster, name) != ROSTER_NONE)
                return 0;
        return scenario_refuse(check->scenario, event->line, check->error, "there is no service %s%s%s%s",
                               name, nearest ? "; did you mean " : "", nearest ? nearest : "",
                               nearest ? "?" : "");
}

static int require_pool(struct scenario_check *check, const struct scenario_event *event)
{
        const char *name = event->subjects[event->kind];
        size_t number = roster_network_find(check->roster, NULL, name);
        const struct roster_network *network =
                number == ROSTER_NONE ? NULL : &check->roster->networks.items[number];

        if (!network || network_is_local(network) || network->what->overlap)
                return scenario_refuse(check->scenario, event->line, check->error,
                                       "there is no network %s that could leak", name);
        uint64_t capacity = network_capacity(check->scenario, network);
        if (event->count <= capacity)
                return 0;
        return scenario_refuse(check->scenario, event->line, check->error,
                               "%s has %llu addresses in all, and %llu are to leak", name,
                               (unsigned long long)capacity, (unsigned long long)event->count);
}

static int require_image(struct scenario_check *check, const struct scenario_event *event)
{
        const struct scenario *scenario = check->scenario;
        const char *name = event->subjects[event->kind];
        bool used = scenario_image_find(scenario, name) != NULL;

        for (size_t i = 0; i < scenario->sketches.count; i++)
                used = used || text_equal(scenario->sketches.items[i]->image, name);
        for (size_t i = 0; i < scenario->containers.count; i++)
                used = used || text_equal(scenario->containers.items[i].image, name);
        return used ? 0
                    : scenario_refuse(scenario, event->line, check->error, "nothing is of the image %s",
                                      name);
}

/* `down` has a flag for each node, as things are at that time. */
static int check_down(struct scenario_check *check, const struct scenario_event *event, bool *down)
{
        const struct scenario *scenario = check->scenario;
        const struct scenario_node *node = require_node(check, event);
        unsigned managers = 0;
        unsigned up = 0;

        if (!node)
                return -1;
        down[node - scenario->nodes.items] = event->kind == EVENT_NODE_DOWN;
        for (size_t i = 0; i < scenario->nodes.count; i++) {
                managers += scenario->nodes.items[i].manager;
                up += scenario->nodes.items[i].manager && !down[i];
        }
        if (2 * up > managers)
                return 0;
        return scenario_refuse(scenario, event->line, check->error,
                               "with %s down, %u of %u managers are up, which is not more than half: nobody "
                               "could lead",
                               node->name, up, managers);
}

static int check_event(struct scenario_check *check, const struct scenario_event *event, bool *down)
{
        switch (event->kind) {
        case EVENT_NODE_DOWN:
        case EVENT_NODE_UP:
                return check_down(check, event, down);
        case EVENT_ENGINE_RESTARTS:
                return require_node(check, event) ? 0 : -1;
        case EVENT_TASK_DIES:
                return require_service(check, event);
        case EVENT_IMAGE_MISSING:
                return require_image(check, event);
        case EVENT_LEAK:
                return require_pool(check, event);
        default:
                return 0;
        }
}

int scenario_check_events(struct scenario_check *check)
{
        const struct scenario *scenario = check->scenario;
        _cleanup_free_ bool *down = memory_new(scenario->nodes.count, sizeof(*down));

        for (size_t i = 0; i < scenario->nodes.count; i++)
                down[i] = scenario->nodes.items[i].down;
        for (size_t i = 0; i < scenario->events.count; i++)
                if (check_event(check, &scenario->events.items[i], down) < 0)
                        return -1;
        return 0;
}
