#include "sim/scenario/spec.h"

#include "json/json.h"

#include <inttypes.h>

/* The engine's own JSON of a service: what of it can be checked before it is posted. */

struct raw {
        const struct scenario *scenario;
        const struct scenario_service *service;
        struct scenario_sketch *sketch;
        struct json_document *d;
        struct error *error;
};

static int refuse(const struct raw *raw, const char *sentence)
{
        return scenario_refuse(raw->scenario, raw->sketch->line, raw->error, "the spec of %s %s",
                               raw->service->name, sentence);
}

static int check_name(const struct raw *raw)
{
        _cleanup_free_ char *name = json_text(raw->d, json_get(raw->d, json_root(raw->d), "Name"));
        _cleanup_free_ char *wanted = raw->service->stack
                                              ? text_format("%s_%s", raw->service->stack, raw->service->name)
                                              : text_copy(raw->service->name);

        if (name && strcmp(name, wanted) == 0)
                return 0;
        return scenario_refuse(raw->scenario, raw->sketch->line, raw->error,
                               "the spec has the Name %s, and the service is called %s",
                               name ? name : "of nobody", wanted);
}

static int read_networks(const struct raw *raw)
{
        json_node root = json_root(raw->d);
        json_node networks = json_path(raw->d, root, "TaskTemplate", "Networks", NULL);

        if (json_count(raw->d, networks) == 0)
                networks = json_get(raw->d, root, "Networks");
        json_for_each (entry, raw->d, networks) {
                char *target = json_text(raw->d, json_get(raw->d, entry, "Target"));
                if (!target)
                        return refuse(raw, "has a network without a Target");
                *list_add(&raw->sketch->networks.items) =
                        (struct scenario_join){.line = raw->sketch->line, .network = target};
        }
        return 0;
}

static int read_replicas(const struct raw *raw, json_node node, uint64_t *ret_number)
{
        if (node == JSON_NONE)
                return 0;
        if (json_u64(raw->d, node, ret_number) && *ret_number <= SCENARIO_TASKS_MAX)
                return 0;
        return refuse(raw, "has a number of tasks that can't be");
}

static int read_mode(const struct raw *raw)
{
        json_node mode = json_get(raw->d, json_root(raw->d), "Mode");
        json_node job = json_get(raw->d, mode, "ReplicatedJob");

        raw->sketch->global = json_get(raw->d, mode, "Global") != JSON_NONE ||
                              json_get(raw->d, mode, "GlobalJob") != JSON_NONE;
        raw->sketch->job = job != JSON_NONE;
        if (read_replicas(raw, json_path(raw->d, mode, "Replicated", "Replicas", NULL),
                          &raw->sketch->replicas) < 0 ||
            read_replicas(raw, json_get(raw->d, job, "TotalCompletions"), &raw->sketch->job) < 0)
                return -1;
        return read_replicas(raw, json_get(raw->d, job, "MaxConcurrent"), &raw->sketch->concurrent);
}

static void read_port(const struct raw *raw, json_node node)
{
        struct scenario_port *port = list_add(&raw->sketch->ports.items);

        port->line = raw->sketch->line;
        json_u64(raw->d, json_get(raw->d, node, "TargetPort"), &port->target);
        json_u64(raw->d, json_get(raw->d, node, "PublishedPort"), &port->published);
        port->mode = json_text_is(raw->d, json_get(raw->d, node, "PublishMode"), "host") ? PORT_HOST
                                                                                         : PORT_INGRESS;
        for (unsigned i = 0; scenario_protocols[i]; i++)
                if (json_text_is(raw->d, json_get(raw->d, node, "Protocol"), scenario_protocols[i]))
                        port->protocol = i + 1;
}

static void read_restart(const struct raw *raw)
{
        json_node root = json_root(raw->d);
        json_node condition = json_path(raw->d, root, "TaskTemplate", "RestartPolicy", "Condition", NULL);

        for (unsigned i = 0; scenario_restarts[i]; i++)
                if (json_text_is(raw->d, condition, scenario_restarts[i]))
                        raw->sketch->restart = i + 1;
}

static int read_raw(const struct raw *raw)
{
        json_node endpoint = json_get(raw->d, json_root(raw->d), "EndpointSpec");
        char *image = json_text(
                raw->d, json_path(raw->d, json_root(raw->d), "TaskTemplate", "ContainerSpec", "Image", NULL));

        if (!image)
                return refuse(raw, "has no TaskTemplate.ContainerSpec.Image");
        free(raw->sketch->image);
        raw->sketch->image = image;
        if (json_text_is(raw->d, json_get(raw->d, endpoint, "Mode"), "dnsrr"))
                raw->sketch->endpoint_mode = ENDPOINT_DNSRR;
        json_for_each (port, raw->d, json_get(raw->d, endpoint, "Ports"))
                read_port(raw, port);
        read_restart(raw);
        if (check_name(raw) < 0 || read_networks(raw) < 0)
                return -1;
        return read_mode(raw);
}

static int read_service(const struct scenario *scenario, const struct scenario_service *service,
                        struct error *error)
{
        _cleanup_json_ struct json_document *d = NULL;
        _cleanup_error_ struct error why = {0};
        const char *spec = service->sketch->spec;

        if (json_parse(spec, strlen(spec), &d, &why) < 0)
                return scenario_refuse(scenario, service->line, error, "the spec of %s is no JSON: %s",
                                       service->name, why.sentence);
        const struct raw raw = {scenario, service, service->sketch, d, error};
        if (json_type(d, json_root(d)) != JSON_OBJECT)
                return refuse(&raw, "is no JSON object");
        return read_raw(&raw);
}

int spec_read_all(struct scenario *scenario, struct error *error)
{
        for (size_t i = 0; i < scenario->services.count; i++)
                if (scenario->services.items[i].sketch->spec &&
                    read_service(scenario, &scenario->services.items[i], error) < 0)
                        return -1;
        return 0;
}
