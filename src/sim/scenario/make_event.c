#include "sim/scenario/make.h"

/* What is for later: put into the swarm's own order of things. */

/* A service that behaves by itself, and is of the image. */
struct bereft {
        char *service;
        struct sim_model model;
};

struct happening {
        enum scenario_event_kind kind;
        char *subject;
        size_t node;
        int64_t duration_ms;
        uint64_t count;
        struct sim_model image; /* that goes missing */
        LIST(struct bereft) bereft;
};

static void happening_free(void *userdata)
{
        struct happening *happening = userdata;

        for (size_t i = 0; i < happening->bereft.count; i++)
                free(happening->bereft.items[i].service);
        free(happening->bereft.items);
        free(happening->subject);
        free(happening);
}

/* No node has it any more, and none can get it. */
static void lose_image(struct sim *sim, const struct happening *happening)
{
        _cleanup_free_ char *path = text_format("/images/%s", happening->subject);
        _cleanup_sim_answer_ struct sim_answer answer = {0};
        const struct sim_request request = {.method = "DELETE", .path = path, .beside = true};

        sim_model_image(sim, happening->subject, &happening->image);
        for (size_t i = 0; i < happening->bereft.count; i++)
                sim_model_service(sim, happening->bereft.items[i].service, &happening->bereft.items[i].model);
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
                lose_image(sim, happening);
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

static void note_image(const struct making *making, struct happening *happening)
{
        const struct scenario_image *image = scenario_image_find(making->scenario, happening->subject);

        happening->image = image ? image->model : scenario_model_default();
        happening->image.missing = true;
        for (size_t i = 0; i < making->roster.services.count; i++) {
                const struct roster_service *service = &making->roster.services.items[i];
                if (!service->sketch->behaves_said || !text_equal(service->sketch->image, happening->subject))
                        continue;
                struct bereft *bereft = list_add(&happening->bereft);
                bereft->service = text_copy(service->name);
                bereft->model = service->sketch->behaves;
                bereft->model.missing = true;
        }
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
                if (event->kind == EVENT_IMAGE_MISSING)
                        note_image(making, happening);
                sim_at(making->sim, sim_now_ms(making->sim) + event->at_ms, happen, happening,
                       happening_free);
        }
}
