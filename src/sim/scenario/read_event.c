#include "sim/scenario/read.h"

/* What happens later. */

static int read_leader(const struct yaml *yaml, const struct yaml_node *node, void *member,
                       struct error *error)
{
        static const char *const words[] = {"changes", "lost", NULL};
        char **subject = member;
        unsigned word;

        if (field_choice(yaml, node, "leader", words, &word, error) < 0)
                return -1;
        *subject = text_copy(words[word - 1]);
        return 0;
}

#define SUBJECT(kind) AT(scenario_event, subjects) + (kind) * sizeof(char *)

const struct field event_fields[] = {
        {"at", FIELD_DURATION, AT(scenario_event, at_ms), 0, DURATION_MAX_MS},
        {"leader", FIELD_OWN, SUBJECT(EVENT_LEADER), .read = read_leader},
        {"for", FIELD_DURATION, AT(scenario_event, duration_ms), 1, DURATION_MAX_MS},
        {"node_down", FIELD_TEXT, SUBJECT(EVENT_NODE_DOWN)},
        {"node_up", FIELD_TEXT, SUBJECT(EVENT_NODE_UP)},
        {"engine_restarts", FIELD_TEXT, SUBJECT(EVENT_ENGINE_RESTARTS)},
        {"task_dies", FIELD_TEXT, SUBJECT(EVENT_TASK_DIES)},
        {"image_missing", FIELD_TEXT, SUBJECT(EVENT_IMAGE_MISSING)},
        {"leak", FIELD_TEXT, SUBJECT(EVENT_LEAK)},
        {"count", FIELD_NUMBER, AT(scenario_event, count), 1, UINT32_MAX},
        {NULL},
};

static int find_kind(const struct yaml *yaml, const struct yaml_node *node, struct scenario_event *event,
                     struct error *error)
{
        unsigned found = 0;

        for (unsigned kind = 0; kind < EVENT_KINDS; kind++)
                if (event->subjects[kind]) {
                        event->kind = kind;
                        found++;
                }
        if (found != 1)
                return yaml_refuse(yaml, node, error,
                                   "an item of then needs one thing that happens, and has %u", found);
        return 0;
}

static int check_extras(const struct yaml *yaml, const struct yaml_node *node,
                        const struct scenario_event *event, struct error *error)
{
        bool lost = text_equal(event->subjects[EVENT_LEADER], "lost");

        if (lost && !event->duration_ms)
                return yaml_refuse(yaml, node, error,
                                   "a leader that is lost needs for: how long nobody leads");
        if (!lost && event->duration_ms)
                return yaml_refuse(yaml, node, error, "for goes with leader: lost only");
        if (event->count && event->kind != EVENT_LEAK)
                return yaml_refuse(yaml, node, error, "count goes with leak only");
        return 0;
}

static int read_event(const struct yaml *yaml, const struct yaml_node *node, struct scenario *scenario,
                      struct error *error)
{
        int64_t before_ms =
                scenario->events.count ? scenario->events.items[scenario->events.count - 1].at_ms : 0;
        struct scenario_event *event = list_add(&scenario->events);

        event->line = node->line;
        event->at_ms = -1;
        if (yaml_require(yaml, node, YAML_MAP, "an item of then", error) < 0 ||
            fields_read(yaml, node, "an item of then", event_fields, event, error) < 0)
                return -1;
        if (event->at_ms < 0)
                return yaml_refuse(yaml, node, error, "an item of then needs at: when it happens");
        if (event->at_ms < before_ms)
                return yaml_refuse(yaml, node, error, "this happens before what stands above it");
        if (find_kind(yaml, node, event, error) < 0)
                return -1;
        return check_extras(yaml, node, event, error);
}

int read_events(const struct yaml *yaml, const struct yaml_node *node, void *scenario, struct error *error)
{
        if (yaml_require(yaml, node, YAML_LIST, "then", error) < 0)
                return -1;
        if (node->children.count > TEXTS_MAX)
                return yaml_refuse(yaml, node, error, "then takes at most %d, not %zu", TEXTS_MAX,
                                   node->children.count);
        for_each_yaml (item, node)
                if (read_event(yaml, item, scenario, error) < 0)
                        return -1;
        return 0;
}
