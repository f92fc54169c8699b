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

int network_connect(struct engine *engine, const char *network_id, const char *container_id,
                    const char *address, char *const *aliases, size_t alias_count, struct error *error)
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
        if (alias_count) {
                json_write_key(&w, "Aliases");
                json_write_array(&w);
                for (size_t i = 0; i < alias_count; i++)
                        json_write_text(&w, aliases[i]);
                json_write_array_end(&w);
        }
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

int container_is_on(struct engine *engine, const char *container_id, const char *network_id, bool *ret_on,
                    struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_json_ struct json_document *d = NULL;

        if (look_container(engine, container_id, &body, error) < 0 ||
            json_parse(buffer_text(&body), body.length, &d, error) < 0)
                return -1;
        *ret_on = false;
        json_for_each (on, d, json_path(d, json_root(d), "NetworkSettings", "Networks", NULL))
                if (json_text_is(d, json_get(d, on, "NetworkID"), network_id))
                        *ret_on = true;
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
