#include "move/look.h"

#include "swarm/parse.h"

static int look(struct engine *engine, const char *kind, const char *id, const char *suffix,
                struct buffer *ret_body, struct error *error)
{
        _cleanup_free_ char *encoded = engine_encode(id);
        _cleanup_free_ char *path = text_format("/%s/%s%s", kind, encoded, suffix);

        return engine_get(engine, path, ret_body, error);
}

int look_network(struct engine *engine, const char *id, struct buffer *ret_body, struct error *error)
{
        return look(engine, "networks", id, "", ret_body, error);
}

int look_service(struct engine *engine, const char *id, struct buffer *ret_body, struct error *error)
{
        return look(engine, "services", id, "", ret_body, error);
}

int look_container(struct engine *engine, const char *id, struct buffer *ret_body, struct error *error)
{
        return look(engine, "containers", id, "/json", ret_body, error);
}

int look_service_model(struct engine *engine, const char *id, struct swarm *swarm, struct buffer *ret_body,
                       struct error *error)
{
        _cleanup_json_ struct json_document *d = NULL;

        if (look_service(engine, id, ret_body, error) < 0 ||
            json_parse(buffer_text(ret_body), ret_body->length, &d, error) < 0)
                return error_while(error, "reading service %s", id);
        parse_service(swarm, d, json_root(d), list_add(&swarm->services));
        return 0;
}

int look_endpoints(struct engine *engine, struct swarm *swarm, struct network *network,
                   struct buffer *ret_body, struct error *error)
{
        _cleanup_json_ struct json_document *d = NULL;

        if (look_network(engine, network->id, ret_body, error) < 0 ||
            json_parse(buffer_text(ret_body), ret_body->length, &d, error) < 0)
                return error_while(error, "reading network %s", network->name);
        network->endpoints.count = 0;
        parse_endpoints(swarm, d, json_root(d), network);
        return 0;
}

int look_tasks_of(struct engine *engine, const char *service_id, struct swarm *swarm, struct error *error)
{
        _cleanup_free_ char *filter = text_format("{\"service\":[\"%s\"]}", service_id);

        return survey_tasks(engine, filter, swarm, error);
}

int look_networks(struct engine *engine, const char *filter, struct buffer *ret_body, struct error *error)
{
        _cleanup_free_ char *encoded = engine_encode(filter);
        _cleanup_free_ char *path = text_format("/networks?filters=%s", encoded);

        return engine_get(engine, path, ret_body, error);
}

int look_read_networks(const struct buffer *body, struct swarm *swarm, struct error *error)
{
        _cleanup_json_ struct json_document *d = NULL;

        if (json_parse(buffer_text(body), body->length, &d, error) < 0)
                return -1;
        json_for_each (object, d, json_root(d))
                parse_network(swarm, d, object, list_add(&swarm->networks));
        return 0;
}
