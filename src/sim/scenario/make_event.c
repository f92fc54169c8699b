#include "sim/scenario/make.h"

/* What is for later: put into the swarm's own order of things. */

struct happening {
        enum scenario_event_kind kind;
        char *subject;
        size_t node;
        int64_t duration_ms;
        uint64_t count;
};

static void happening_free(void *userdata)
{
        struct happening *happening = userdata;

        free(happening->subject);
        free(happening);
}

static void remove_image(struct sim *sim, const char *name)
{
        _cleanup_free_ char *path = text_format("/images/%s", name);
        _cleanup_sim_answer_ struct sim_answer answer = {0};
        const struct sim_request request = {.method = "DELETE", .path = path, .beside = true};

        sim_request(sim, &request, &answer);
}

static void happen(struct sim *sim, void *userdata)
{
        const struct happening *happening = userdata;

        switch (happening->kind) {
        case EVENT_LEADER:
                if (happening->duration_ms)
                        sim_leader_lose(sim, happening->duration_ms);
                else
                        sim_leader_change(sim);
                return;
        case EVENT_NODE_DOWN:
        case EVENT_NODE_UP:
                sim_node_down(sim, happening->node, happening->kind == EVENT_NODE_DOWN);
                return;
        case EVENT_ENGINE_RESTARTS:
                sim_engine_restart(sim, happening->node);
                return;
        case EVENT_TASK_DIES:
                sim_task_kill(sim, happening->subject);
                return;
        case EVENT_IMAGE_MISSING:
                remove_image(sim, happening->subject);
                return;
        default:
                for (uint64_t i = 0; i < happening->count && sim_leak(sim, happening->subject, 0); i++)
                        ;
        }
}

static size_t node_number(const struct scenario *scenario, const char *name)
{
        size_t i = 0;

        while (i < scenario->nodes.count && !text_equal(scenario->nodes.items[i].name, name))
                i++;
        return i;
}

void making_events(struct making *making)
{
        const struct scenario *scenario = making->scenario;

        for (size_t i = 0; i < scenario->events.count; i++) {
                const struct scenario_event *event = &scenario->events.items[i];
                struct happening *happening = new_zero(struct happening);
                *happening = (struct happening){.kind = event->kind,
                                                .subject = text_copy(event->subjects[event->kind]),
                                                .node = node_number(scenario, event->subjects[event->kind]),
                                                .duration_ms = event->duration_ms,
                                                .count = MAX(event->count, 1U)};
                sim_at(making->sim, sim_now_ms(making->sim) + event->at_ms, happen, happening,
                       happening_free);
        }
}
