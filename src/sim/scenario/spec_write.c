#include "sim/scenario/spec.h"

#include "json/write.h"

/*
 * A service's spec as the docker client posts it: the members, and their order, are those of its own types,
 * and of what `docker stack deploy` fills in.
 */

#define NANOSECONDS_A_MS 1000000
#define STACK_LABEL      "com.docker.stack.namespace"
#define STACK_IMAGE      "com.docker.stack.image"

struct writing {
        struct json_writer json;
        const struct roster *roster;
        const struct roster_service *service;
        const struct scenario_sketch *sketch;
};

static void write_texts(struct json_writer *json, const char *key, const struct scenario_texts *texts)
{
        if (!texts->items.count)
                return;
        json_write_key(json, key);
        json_write_array(json);
        for (size_t i = 0; i < texts->items.count; i++)
                json_write_text(json, texts->items.items[i]);
        json_write_array_end(json);
}

static void write_pairs(struct json_writer *json, const struct scenario_pairs *pairs)
{
        for (size_t i = 0; i < pairs->items.count; i++)
                json_write_member_text(json, pairs->items.items[i].key, pairs->items.items[i].value);
}

static void write_duration(struct json_writer *json, const char *key, int64_t ms)
{
        json_write_key(json, key);
        json_write_i64(json, ms * NANOSECONDS_A_MS);
}

static void write_labels(struct writing *w)
{
        json_write_key(&w->json, "Labels");
        json_write_object(&w->json);
        if (w->service->stack) {
                json_write_member_text(&w->json, STACK_IMAGE, w->sketch->image);
                json_write_member_text(&w->json, STACK_LABEL, w->service->stack);
        }
        write_pairs(&w->json, &w->sketch->labels);
        json_write_object_end(&w->json);
}

/* The container */

static void write_env(struct writing *w)
{
        const struct scenario_pairs *env = &w->sketch->env;

        if (!env->items.count)
                return;
        json_write_key(&w->json, "Env");
        json_write_array(&w->json);
        for (size_t i = 0; i < env->items.count; i++) {
                _cleanup_free_ char *line =
                        text_format("%s=%s", env->items.items[i].key, env->items.items[i].value);
                json_write_text(&w->json, line);
        }
        json_write_array_end(&w->json);
}

/* A stack's volumes bear its name, but for folders of the host. */
static void write_mount(struct writing *w, const char *volume)
{
        const char *target = strchr(volume, ':') + 1;
        size_t length = strcspn(target, ":");
        bool bind = *volume == '/';
        _cleanup_free_ char *name = text_copy_n(volume, (size_t)(target - volume) - 1);
        _cleanup_free_ char *source =
                bind || !w->service->stack ? text_copy(name) : text_format("%s_%s", w->service->stack, name);
        _cleanup_free_ char *path = text_copy_n(target, length);

        json_write_object(&w->json);
        json_write_member_text(&w->json, "Type", bind ? "bind" : "volume");
        json_write_member_text(&w->json, "Source", source);
        json_write_member_text(&w->json, "Target", path);
        if (target[length])
                json_write_member_bool(&w->json, "ReadOnly", true);
        json_write_object_end(&w->json);
}

static void write_mounts(struct writing *w)
{
        const struct scenario_texts *volumes = &w->sketch->volumes;

        if (!volumes->items.count)
                return;
        json_write_key(&w->json, "Mounts");
        json_write_array(&w->json);
        for (size_t i = 0; i < volumes->items.count; i++)
                write_mount(w, volumes->items.items[i]);
        json_write_array_end(&w->json);
}

static void write_health(struct writing *w)
{
        static const char check[] = "{\"Test\":[\"CMD\",\"/health\"],\"Interval\":1000000000,"
                                    "\"Timeout\":2000000000,\"Retries\":10}";

        if (!w->sketch->health)
                return;
        json_write_key(&w->json, "Healthcheck");
        json_write_raw(&w->json, check, strlen(check));
}

static void write_container(struct writing *w)
{
        json_write_key(&w->json, "ContainerSpec");
        json_write_object(&w->json);
        json_write_member_text(&w->json, "Image", w->sketch->image);
        if (w->service->stack) {
                json_write_key(&w->json, "Labels");
                json_write_object(&w->json);
                json_write_member_text(&w->json, STACK_LABEL, w->service->stack);
                json_write_object_end(&w->json);
        }
        write_texts(&w->json, "Args", &w->sketch->command);
        write_env(w);
        write_mounts(w);
        if (w->sketch->stop_grace_ms)
                write_duration(&w->json, "StopGracePeriod", w->sketch->stop_grace_ms);
        write_health(w);
        json_write_object_end(&w->json);
}

/* The task */

static void write_restart(struct writing *w)
{
        if (!w->sketch->restart && !w->sketch->restart_delay_ms)
                return;
        json_write_key(&w->json, "RestartPolicy");
        json_write_object(&w->json);
        json_write_member_text(&w->json, "Condition",
                               scenario_restarts[w->sketch->restart ? w->sketch->restart - 1 : 0]);
        if (w->sketch->restart_delay_ms)
                write_duration(&w->json, "Delay", w->sketch->restart_delay_ms);
        json_write_object_end(&w->json);
}

static void write_placement(struct writing *w)
{
        json_write_key(&w->json, "Placement");
        json_write_object(&w->json);
        write_texts(&w->json, "Constraints", &w->sketch->constraints);
        if (w->sketch->max_per_node)
                json_write_member_u64(&w->json, "MaxReplicas", w->sketch->max_per_node);
        json_write_object_end(&w->json);
}

/* A stack's service answers to its short name, too. */
static void write_join(struct writing *w, size_t index)
{
        size_t number = roster_join(w->roster, w->service, index);
        const struct scenario_texts *aliases = index < w->sketch->networks.items.count
                                                       ? &w->sketch->networks.items.items[index].aliases
                                                       : NULL;

        json_write_object(&w->json);
        json_write_member_text(&w->json, "Target", w->roster->networks.items[number].name);
        if ((aliases && aliases->items.count) || w->service->stack) {
                json_write_key(&w->json, "Aliases");
                json_write_array(&w->json);
                for (size_t i = 0; aliases && i < aliases->items.count; i++)
                        json_write_text(&w->json, aliases->items.items[i]);
                if (w->service->stack)
                        json_write_text(&w->json, w->service->short_name);
                json_write_array_end(&w->json);
        }
        json_write_object_end(&w->json);
}

static const char *join_name(const struct writing *w, size_t index)
{
        return w->roster->networks.items[roster_join(w->roster, w->service, index)].name;
}

/* Of a stack's service the client sorts networks by name, others it leaves as they are asked for. */
static void write_joins(struct writing *w)
{
        size_t count = roster_join_count(w->service);
        _cleanup_free_ size_t *order = memory_new(count, sizeof(*order));

        if (!count)
                return;
        for (size_t i = 0; i < count; i++) {
                size_t at = i;
                for (;
                     w->service->stack && at > 0 && strcmp(join_name(w, order[at - 1]), join_name(w, i)) > 0;
                     at--)
                        order[at] = order[at - 1];
                order[at] = i;
        }
        json_write_key(&w->json, "Networks");
        json_write_array(&w->json);
        for (size_t i = 0; i < count; i++)
                write_join(w, order[i]);
        json_write_array_end(&w->json);
}

static void write_template(struct writing *w)
{
        json_write_key(&w->json, "TaskTemplate");
        json_write_object(&w->json);
        write_container(w);
        json_write_key(&w->json, "Resources");
        json_write_object(&w->json);
        json_write_object_end(&w->json);
        write_restart(w);
        write_placement(w);
        write_joins(w);
        json_write_member_u64(&w->json, "ForceUpdate", 0);
        json_write_member_text(&w->json, "Runtime", "container");
        json_write_object_end(&w->json);
}

/* The service */

static void write_counts(struct writing *w, const char *mode, const char *first, uint64_t number,
                         const char *second, uint64_t other)
{
        json_write_key(&w->json, mode);
        json_write_object(&w->json);
        if (first)
                json_write_member_u64(&w->json, first, number);
        if (second)
                json_write_member_u64(&w->json, second, other);
        json_write_object_end(&w->json);
}

static void write_mode(struct writing *w)
{
        json_write_key(&w->json, "Mode");
        json_write_object(&w->json);
        if (w->sketch->global)
                write_counts(w, "Global", NULL, 0, NULL, 0);
        else if (w->sketch->job)
                write_counts(w, "ReplicatedJob", "MaxConcurrent", MAX(w->sketch->concurrent, 1U),
                             "TotalCompletions", w->sketch->job);
        else
                write_counts(w, "Replicated", "Replicas", w->service->replicas, NULL, 0);
        json_write_object_end(&w->json);
}

static void write_update(struct writing *w, const char *key, const struct scenario_update *update)
{
        if (!update->line)
                return;
        json_write_key(&w->json, key);
        json_write_object(&w->json);
        json_write_member_u64(&w->json, "Parallelism", update->parallelism);
        if (update->delay_ms)
                write_duration(&w->json, "Delay", update->delay_ms);
        json_write_member_text(&w->json, "FailureAction",
                               scenario_failure_actions[MAX(update->failure_action, 1U) - 1]);
        if (update->monitor_ms)
                write_duration(&w->json, "Monitor", update->monitor_ms);
        if (update->failure_percent) {
                _cleanup_free_ char *ratio =
                        text_format("%llu.%02llu", (unsigned long long)update->failure_percent / 100,
                                    (unsigned long long)update->failure_percent % 100);
                json_write_key(&w->json, "MaxFailureRatio");
                json_write_raw(&w->json, ratio, strlen(ratio));
        }
        json_write_member_text(&w->json, "Order", scenario_orders[MAX(update->order, 1U) - 1]);
        json_write_object_end(&w->json);
}

static void write_port(struct writing *w, const struct scenario_port *port)
{
        json_write_object(&w->json);
        json_write_member_text(&w->json, "Protocol", scenario_protocols[MAX(port->protocol, 1U) - 1]);
        json_write_member_u64(&w->json, "TargetPort", port->target);
        if (port->published)
                json_write_member_u64(&w->json, "PublishedPort", port->published);
        json_write_member_text(&w->json, "PublishMode", scenario_port_modes[MAX(port->mode, 1U) - 1]);
        json_write_object_end(&w->json);
}

static void write_endpoint(struct writing *w)
{
        json_write_key(&w->json, "EndpointSpec");
        json_write_object(&w->json);
        json_write_member_text(&w->json, "Mode",
                               scenario_endpoint_modes[MAX(w->sketch->endpoint_mode, 1U) - 1]);
        if (w->sketch->ports.items.count) {
                json_write_key(&w->json, "Ports");
                json_write_array(&w->json);
                for (size_t i = 0; i < w->sketch->ports.items.count; i++)
                        write_port(w, &w->sketch->ports.items.items[i]);
                json_write_array_end(&w->json);
        }
        json_write_object_end(&w->json);
}

void spec_write(const struct roster *roster, const struct roster_service *service, struct buffer *out)
{
        struct writing w = {
                .json = {.out = out}, .roster = roster, .service = service, .sketch = service->sketch};

        if (service->sketch->spec) {
                buffer_add_text(out, service->sketch->spec);
                return;
        }
        json_write_object(&w.json);
        json_write_member_text(&w.json, "Name", service->name);
        write_labels(&w);
        write_template(&w);
        write_mode(&w);
        write_update(&w, "UpdateConfig", &w.sketch->update);
        write_update(&w, "RollbackConfig", &w.sketch->rollback);
        write_endpoint(&w);
        json_write_object_end(&w.json);
}
