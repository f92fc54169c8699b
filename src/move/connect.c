#include "move/look.h"
#include "move/move.h"
#include "json/write.h"

static int post(struct engine *engine, const char *network_id, const char *verb, const struct buffer *body,
                struct error *error)
{
        _cleanup_free_ char *path = text_format("/networks/%s/%s", network_id, verb);
        _cleanup_buffer_ struct buffer answer = {0};

        return engine_post(engine, path, buffer_text(body), &answer, error);
}

/* The members of an object in JSON, each as it is. */
static void write_members(struct json_writer *w, const char *object)
{
        _cleanup_json_ struct json_document *d = NULL;

        if (!object || json_parse(object, strlen(object), &d, NULL) < 0)
                return;
        json_for_each (member, d, json_root(d)) {
                _cleanup_free_ char *key = json_key(d, member);
                if (!key)
                        continue;
                json_write_key(w, key);
                json_write_raw(w, json_bytes(d, member), json_length(d, member));
        }
}

int network_connect(struct engine *engine, const char *network_id, const char *container_id,
                    const char *address, const struct plan_container *as, struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        struct json_writer w = {.out = &body};

        json_write_object(&w);
        json_write_member_text(&w, "Container", container_id);
        json_write_key(&w, "EndpointConfig");
        json_write_object(&w);
        if (address) {
                json_write_key(&w, "IPAMConfig");
                json_write_object(&w);
                json_write_member_text(&w, "IPv4Address", address);
                json_write_object_end(&w);
        }
        if (as && as->aliases.count) {
                json_write_key(&w, "Aliases");
                json_write_array(&w);
                for (size_t i = 0; i < as->aliases.count; i++)
                        json_write_text(&w, as->aliases.items[i]);
                json_write_array_end(&w);
        }
        write_members(&w, as ? as->settings : NULL);
        json_write_object_end(&w);
        json_write_object_end(&w);
        return post(engine, network_id, "connect", &body, error);
}

int network_disconnect(struct engine *engine, const char *network_id, const char *container_id,
                       struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        struct json_writer w = {.out = &body};

        json_write_object(&w);
        json_write_member_text(&w, "Container", container_id);
        json_write_member_bool(&w, "Force", false);
        json_write_object_end(&w);
        return post(engine, network_id, "disconnect", &body, error);
}

/* One that does not run is connected by name, until it starts. */
static bool is_of_network(const struct json_document *d, json_node on, const char *network_id,
                          const char *network_name)
{
        _cleanup_free_ char *id = json_text(d, json_get(d, on, "NetworkID"));
        _cleanup_free_ char *key = json_key(d, on);

        return text_empty(id) ? text_equal(key, network_name) || text_equal(key, network_id)
                              : text_equal(id, network_id);
}

int container_look(struct engine *engine, const char *container_id, const char *network_id,
                   const char *network_name, struct connection *ret_connection, struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_json_ struct json_document *d = NULL;

        if (look_container(engine, container_id, &body, error) < 0 ||
            json_parse(buffer_text(&body), body.length, &d, error) < 0)
                return -1;
        *ret_connection = (struct connection){
                .runs = json_bool(d, json_path(d, json_root(d), "State", "Running", NULL))};
        json_for_each (on, d, json_path(d, json_root(d), "NetworkSettings", "Networks", NULL))
                ret_connection->on = ret_connection->on || is_of_network(d, on, network_id, network_name);
        return 0;
}

int container_remove(struct engine *engine, const char *name, struct error *error)
{
        _cleanup_free_ char *path = text_format("/containers/%s?force=true", name);
        _cleanup_error_ struct error told = {0};

        if (engine_delete(engine, path, &told) == 0 || told.kind == ERROR_NOT_FOUND)
                return 0;
        return error_move(error, &told);
}
