#include "move/plan_configure.h"

#include "host/host.h"
#include "settings/settings.h"

#include <inttypes.h>
#include <stdio.h>

/* The names of services that deploy themselves again would be a riddle: they are looked up once, here. */
static int add_pause(const struct swarm *swarm, const char *name, struct plan *plan, struct error *error)
{
        for_each_service (service, swarm) {
                if (!text_equal(service->name, name) && !text_equal(service->id, name))
                        continue;
                if (service->mode != SERVICE_REPLICATED)
                        return error_set(error, ERROR_REFUSED,
                                         "pause.services names %s, which is not replicated: it has no number "
                                         "of tasks that could be 0 for a while",
                                         service->name);
                *list_add(&plan->pauses) = (struct plan_pause){text_copy(service->id),
                                                               text_copy(service->name), service->replicas};
                return 0;
        }
        return error_set(error, ERROR_REFUSED, "pause.services names %s, and there is no such service", name);
}

static int add_pauses(const struct swarm *swarm, const struct settings *settings, struct plan *plan,
                      struct error *error)
{
        for (size_t i = 0; i < settings->pause_services.items.count; i++)
                if (add_pause(swarm, settings->pause_services.items.items[i].text, plan, error) < 0)
                        return -1;
        return 0;
}

static void add_road(struct plan *plan, enum road_kind kind, const char *text)
{
        if (!text_empty(text))
                *list_add(&plan->roads) = (struct plan_road){kind, text_copy(text)};
}

#define copy_texts(list, texts)                                                                              \
        for (size_t i_ = 0; i_ < (texts)->items.count; i_++)                                                 \
        *list_add(list) = text_copy((texts)->items.items[i_].text)

int plan_configure(const struct swarm *swarm, const struct settings *settings, struct plan *plan,
                   struct error *error)
{
        plan->host = host_name();
        if (!settings)
                return 0;
        copy_texts(&plan->quiet_stacks, &settings->quiet_stacks);
        copy_texts(&plan->quiet_busy, &settings->quiet_busy);
        copy_texts(&plan->quiet_commands, &settings->quiet_commands);
        copy_texts(&plan->pause_units, &settings->pause_units);
        plan->quiet_wait_s = settings->quiet_wait_s;
        add_road(plan, ROAD_REBUILD, settings->roads_rebuild);
        for (size_t i = 0; i < settings->roads_units.items.count; i++)
                add_road(plan, ROAD_UNIT, settings->roads_units.items.items[i].text);
        add_road(plan, ROAD_COMMAND, settings->roads_command);
        plan->roads_timeout_s = settings->roads_timeout_s;
        return add_pauses(swarm, settings, plan, error);
}
