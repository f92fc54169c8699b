#include "sim/scenario/model.h"

#include "sim/timing.h"

/* What is known of a scenario's words, models and lines. */

const char *const scenario_engines[] = {"20.10", "26.1", "28.5", "29.0", NULL};
const char *const scenario_availabilities[] = {"active", "pause", "drain", NULL};
const char *const scenario_drivers[] = {"overlay", "bridge", NULL};
const char *const scenario_orders[] = {"stop-first", "start-first", NULL};
const char *const scenario_failure_actions[] = {"pause", "continue", "rollback", NULL};
const char *const scenario_protocols[] = {"tcp", "udp", "sctp", NULL};
const char *const scenario_port_modes[] = {"ingress", "host", NULL};
const char *const scenario_endpoint_modes[] = {"vip", "dnsrr", NULL};
const char *const scenario_restarts[] = {"any", "on-failure", "none", NULL};

int scenario_refuse(const struct scenario *scenario, unsigned line, struct error *error, const char *format,
                    ...)
{
        va_list arguments;

        va_start(arguments, format);
        _cleanup_free_ char *sentence = text_vformat(format, arguments);
        va_end(arguments);
        return error_set(error, ERROR_USAGE, "%s:%u: %s", scenario->origin, MAX(line, 1U), sentence);
}

int scenario_api_minor(const struct scenario *scenario)
{
        static const int minors[] = {0, 41, 45, 51, 52};

        return minors[scenario->engine];
}

struct sim_model scenario_model_default(void)
{
        return (struct sim_model){.start_ms = MODEL_START_MS, .stop_ms = MODEL_STOP_MS};
}

const struct scenario_image *scenario_image_find(const struct scenario *scenario, const char *name)
{
        for (size_t i = 0; i < scenario->images.count; i++)
                if (text_equal(scenario->images.items[i].name, name))
                        return &scenario->images.items[i];
        return NULL;
}

struct sim_model scenario_model_of(const struct scenario *scenario, const struct scenario_sketch *sketch)
{
        const struct scenario_image *image = scenario_image_find(scenario, sketch->image);

        return sketch->behaves_said ? sketch->behaves : image ? image->model : scenario_model_default();
}
