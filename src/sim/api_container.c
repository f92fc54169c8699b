#include "sim/api.h"

/* Containers and images of the node that is asked. */

static struct sim_table *table(struct sim *sim)
{
        return &sim->containers;
}

static bool is_listed(struct sim *sim, const struct sim_call *call, const void *object)
{
        const struct sim_container *container = object;

        (void)sim;
        return container->node == call->node && (container->running || sim_query_flag(call, "all"));
}

static bool is_on(struct sim *sim, const struct sim_container *container, const char *name_or_id)
{
        const struct sim_network *network = sim_network_find(sim, name_or_id);

        return network && (sim_attachment_of(sim, container, network) ||
                           sim_connection_of((struct sim_container *)container, network));
}

static bool matches(struct sim *sim, const struct sim_call *call, const void *object, const char *key,
                    const char *value)
{
        const struct sim_container *container = object;
        _cleanup_free_ char *name = sim_container_name(sim, container);
        char id[SIM_HEX_ID_SIZE];

        (void)call;
        sim_hex_id(sim, SIM_KIND_CONTAINER, container->object.ref, id);
        if (text_equal(key, "name"))
                return strstr(name, value + (*value == '/' || *value == '^')) != NULL;
        if (text_equal(key, "id"))
                return text_starts_with(id, value);
        if (text_equal(key, "network"))
                return is_on(sim, container, value);
        if (text_equal(key, "status"))
                return text_equal(container->running ? "running" : "created", value);
        return container->labels && sim_label_matches(container->labels, strlen(container->labels), value);
}

static void write_line(struct sim *sim, const struct sim_call *call, const void *object, struct buffer *out)
{
        (void)call;
        sim_write_container_line(sim, object, out);
}

void sim_get_containers(struct sim *sim, struct sim_call *call)
{
        static const char *const known[] = {"name", "id", "network", "status", "label", NULL};
        static const struct sim_list_kind kind = {table, is_listed, matches, write_line};

        if (sim_filters_read(call, known))
                sim_answer_list(sim, call, &kind);
}

static struct sim_container *find(struct sim *sim, struct sim_call *call)
{
        struct sim_container *container = sim_container_find(sim, call->node, call->part);

        if (!container)
                sim_refuse(call->answer, 404, "No such container: %s", call->part);
        return container;
}

void sim_get_container(struct sim *sim, struct sim_call *call)
{
        const struct sim_container *container = find(sim, call);

        if (container)
                sim_write_container(sim, container, &call->answer->body);
}

static bool has_image(const struct sim *sim, const char *name)
{
        for (size_t i = 0; i < sim->images.count; i++)
                if (text_equal(sim->images.items[i], name))
                        return true;
        return false;
}

static char *raw(const struct json_document *d, json_node node)
{
        return node == JSON_NONE || json_type(d, node) == JSON_NULL
                       ? NULL
                       : text_copy_n(json_bytes(d, node), json_length(d, node));
}

/* The network of its network mode is connected when it starts. */
static bool connect_first(struct sim *sim, const struct json_document *d, struct sim_container *container,
                          struct sim_answer *answer)
{
        _cleanup_free_ char *mode =
                json_text(d, json_path(d, json_root(d), "HostConfig", "NetworkMode", NULL));

        if (text_empty(mode) || text_equal(mode, "default"))
                mode = (free(mode), text_copy("bridge"));
        if (text_equal(mode, "host") || text_equal(mode, "none"))
                return true;
        struct sim_network *network = sim_network_find(sim, mode);
        if (!network) {
                container->missing = steal_pointer(mode); /* the engine notices it at the start only */
                return true;
        }
        json_node config = json_path(d, json_root(d), "NetworkingConfig", "EndpointsConfig", mode, NULL);
        _cleanup_free_ char *address = json_text(d, json_path(d, config, "IPAMConfig", "IPv4Address", NULL));
        _cleanup_free_ char *aliases = raw(d, json_get(d, config, "Aliases"));
        return sim_connect(sim, container, network, address, aliases, answer);
}

/* From 26.1 on the engine looks whether the address fits a network that is here. */
static bool accept_address(struct sim *sim, struct sim_call *call, const struct json_document *d)
{
        _cleanup_free_ char *mode =
                json_text(d, json_path(d, json_root(d), "HostConfig", "NetworkMode", NULL));
        const struct sim_network *network = text_empty(mode) ? NULL : sim_network_find(sim, mode);
        uint32_t address;

        if (!network || network->local || call->engine_minor < SIM_MINOR_26 ||
            !sim_network_is_here(sim, network, call->node))
                return true;
        json_node config = json_path(d, json_root(d), "NetworkingConfig", "EndpointsConfig", mode, NULL);
        _cleanup_free_ char *wanted = json_text(d, json_path(d, config, "IPAMConfig", "IPv4Address", NULL));
        return !wanted || sim_address_wanted(network, wanted, &address, call->answer);
}

void sim_create_container(struct sim *sim, struct sim_call *call)
{
        _cleanup_json_ struct json_document *d = sim_typed_body(call, "container.ContainerConfigWrapper");
        char *name = sim_query(call, "name");
        char id[SIM_HEX_ID_SIZE];

        _cleanup_free_ char *image = d ? json_text(d, json_get(d, json_root(d), "Image")) : NULL;
        if (!d || !image || !has_image(sim, image)) {
                if (d)
                        sim_refuse(call->answer, 404, "No such image: %s", image ? image : "");
                free(name);
                return;
        }
        if (name && sim_container_find(sim, call->node, name)) {
                sim_hex_id(sim, SIM_KIND_CONTAINER, sim_container_find(sim, call->node, name)->object.ref,
                           id);
                sim_refuse(call->answer, 409,
                           "Conflict. The container name \"/%s\" is already in use by container \"%s\". You "
                           "have to "
                           "remove (or rename) that container to be able to reuse that name.",
                           name, id);
                free(name);
                return;
        }
        if (!accept_address(sim, call, d)) {
                free(name);
                return;
        }
        struct sim_container *container = sim_container_add(sim, call->node, SIM_NO_REF);
        container->name = name ? name : text_format("quiet_%u", container->object.ref.index);
        container->image = steal_pointer(image);
        container->labels = raw(d, json_get(d, json_root(d), "Labels"));
        container->command = raw(d, json_get(d, json_root(d), "Cmd"));
        sim_tell_container(sim, container, "create", "");
        connect_first(sim, d, container, call->answer);
        sim_hex_id(sim, SIM_KIND_CONTAINER, container->object.ref, id);
        call->answer->status = 201;
        buffer_format(&call->answer->body, "{\"Id\":\"%s\",\"Warnings\":[]}\n", id);
}

/* From 28.5 on a refusal says what was being done. */
static void name_the_step(struct sim_call *call)
{
        _cleanup_json_ struct json_document *d = NULL;
        _cleanup_buffer_ struct buffer said = call->answer->body;

        call->answer->body = (struct buffer){0};
        if (json_parse(buffer_text(&said), said.length, &d, NULL) < 0)
                return;
        _cleanup_free_ char *message = json_text(d, json_get(d, json_root(d), "message"));
        sim_refuse(call->answer, call->answer->status, "failed to set up container networking: %s", message);
}

void sim_start_container(struct sim *sim, struct sim_call *call)
{
        struct sim_container *container = find(sim, call);

        if (!container)
                return;
        if (container->running)
                call->answer->status = 304;
        else if (sim_container_start(sim, container, call->answer)) {
                sim_tell_container(sim, container, "start", "");
                call->answer->status = 204;
        } else if (call->engine_minor >= SIM_MINOR_28) {
                name_the_step(call);
        }
}

/* A task's container ends with its task. */
static void end(struct sim *sim, struct sim_container *container)
{
        struct sim_task *task = sim_table_at(&sim->tasks, container->task);

        if (task)
                sim_task_end(sim, task, TASK_FAILED, "task: non-zero exit (137)");
        else
                sim_container_end(sim, container);
}

void sim_stop_container(struct sim *sim, struct sim_call *call)
{
        struct sim_container *container = find(sim, call);

        if (!container)
                return;
        call->answer->status = container->running ? 204 : 304;
        if (container->running)
                end(sim, container);
}

void sim_delete_container(struct sim *sim, struct sim_call *call)
{
        struct sim_container *container = find(sim, call);
        char id[SIM_HEX_ID_SIZE];

        if (!container)
                return;
        sim_hex_id(sim, SIM_KIND_CONTAINER, container->object.ref, id);
        if (container->running && !sim_query_flag(call, "force")) {
                sim_refuse(call->answer, 409,
                           "You cannot remove a running container %s. Stop the container before attempting "
                           "removal "
                           "or force remove",
                           id);
                return;
        }
        end(sim, container);
        call->answer->status = 204;
}

/* Images */

static bool is_reference(const char *image, const char *wanted)
{
        size_t length = strlen(wanted);

        return strncmp(image, wanted, length) == 0 && (image[length] == 0 || image[length] == ':');
}

void sim_get_images(struct sim *sim, struct sim_call *call)
{
        static const char *const known[] = {"reference", "dangling", "label", NULL};
        const char *wanted = "";
        const char *comma = "";

        if (!sim_filters_read(call, known))
                return;
        for (size_t i = 0; i < call->filters.items.count; i++)
                if (text_equal(call->filters.items.items[i].key, "reference"))
                        wanted = call->filters.items.items[i].value;
        buffer_add_text(&call->answer->body, "[");
        for (size_t i = 0; i < sim->images.count; i++) {
                if (*wanted && !is_reference(sim->images.items[i], wanted))
                        continue;
                buffer_format(&call->answer->body, "%s{\"Id\":\"sha256:%064zx\",\"RepoTags\":[\"%s\"]}",
                              comma, i, sim->images.items[i]);
                comma = ",";
        }
        buffer_add_text(&call->answer->body, "]\n");
}

void sim_get_image(struct sim *sim, struct sim_call *call)
{
        const struct sim_model *model = sim_model_named(sim, call->part, false);

        if (!has_image(sim, call->part)) {
                sim_refuse(call->answer, 404, "no such image: %s: No such image: %s%s", call->part,
                           call->part, strchr(call->part, ':') ? "" : ":latest");
                return;
        }
        buffer_format(&call->answer->body, "{\"Id\":\"sha256:0\",\"RepoTags\":[\"%s\"],\"Config\":{%s}}\n",
                      call->part,
                      model && model->health_check ? "\"Healthcheck\":{\"Test\":[\"CMD\",\"/health\"]}" : "");
}

void sim_import_image(struct sim *sim, struct sim_call *call)
{
        _cleanup_free_ char *repository = sim_query(call, "repo");
        _cleanup_free_ char *tag = sim_query(call, "tag");

        if (!repository) {
                sim_refuse(call->answer, 404, "pull access denied: there is no registry here");
                return;
        }
        _cleanup_free_ char *name = text_format("%s:%s", repository, tag ? tag : "latest");
        sim_image_add(sim, name);
        buffer_add_text(&call->answer->body, "{\"status\":\"sha256:0\"}\n");
}

void sim_delete_image(struct sim *sim, struct sim_call *call)
{
        for (size_t i = 0; i < sim->images.count; i++) {
                if (!text_equal(sim->images.items[i], call->part))
                        continue;
                free(sim->images.items[i]);
                sim->images.items[i] = sim->images.items[--sim->images.count];
                buffer_format(&call->answer->body, "[{\"Untagged\":\"%s\"}]\n", call->part);
                return;
        }
        sim_refuse(call->answer, 404, "No such image: %s", call->part);
}
