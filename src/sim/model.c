#include "sim/state.h"

#include "sim/timing.h"

/* How containers behave: by their service, else by their image, else as everybody does. */

static void set(struct sim *sim, const char *name, bool of_service, const struct sim_model *model)
{
        struct sim_named_model *named = NULL;

        for (size_t i = 0; i < sim->models.count && !named; i++)
                if (sim->models.items[i].of_service == of_service &&
                    text_equal(sim->models.items[i].name, name))
                        named = &sim->models.items[i];
        if (!named) {
                named = list_add(&sim->models);
                named->name = text_copy(name);
                named->of_service = of_service;
        }
        named->model = *model;
}

void sim_model_image(struct sim *sim, const char *image, const struct sim_model *model)
{
        set(sim, image, false, model);
        sim_image_add(sim, image);
}

void sim_model_service(struct sim *sim, const char *service, const struct sim_model *model)
{
        set(sim, service, true, model);
}

const struct sim_model *sim_model_named(const struct sim *sim, const char *name, bool of_service)
{
        for (size_t i = 0; i < sim->models.count; i++)
                if (sim->models.items[i].of_service == of_service &&
                    text_equal(sim->models.items[i].name, name))
                        return &sim->models.items[i].model;
        return NULL;
}

struct sim_model sim_model_of(const struct sim *sim, const struct sim_spec *spec)
{
        const struct sim_model *named = sim_model_named(sim, spec->name, true);
        struct sim_model model = {.start_ms = MODEL_START_MS, .stop_ms = MODEL_STOP_MS};

        if (!named)
                named = sim_model_named(sim, spec->image, false);
        if (named)
                model = *named;
        model.health_check = spec->health_check || (model.health_check && !spec->health_check_none);
        return model;
}

struct sim_model sim_service_model(struct sim *sim, const char *name)
{
        const struct sim_service *service = sim_service_find(sim, name);

        return service ? sim_model_of(sim, service->spec)
                       : (struct sim_model){.start_ms = MODEL_START_MS, .stop_ms = MODEL_STOP_MS};
}

int64_t sim_jitter(struct sim *sim, int64_t ms)
{
        if (sim->settings.jitter_ms <= 0)
                return ms;
        return ms + (int64_t)random_below(&sim->random, (uint64_t)sim->settings.jitter_ms + 1);
}

void sim_image_add(struct sim *sim, const char *name)
{
        for (size_t i = 0; i < sim->images.count; i++)
                if (text_equal(sim->images.items[i], name))
                        return;
        *list_add(&sim->images) = text_copy(name);
}
