#include "move/anchor.h"
#include "move/leftover.h"
#include "move/look.h"
#include "move/move.h"
#include "json/write.h"

/* A container of headroom's own that keeps a network live on this node, for as long as an edge needs it. */

static const char *anchor_side(const struct step *step)
{
        return step->kind == STEP_ANCHOR_NET ? "net" : "hop";
}

static char *anchor_name(const struct move *move, const struct step *step)
{
        return text_format(ANCHOR_PREFIX "%s-%s", move->plan->id, anchor_side(step));
}

static int edge_is_on(struct move *move, const struct plan_service *planned, const char *network_id,
                      bool *ret_on, struct error *error)
{
        _cleanup_swarm_ struct swarm swarm = {0};
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_error_ struct error told = {0};

        swarm_init(&swarm);
        if (look_service_model(move->engine, planned->id, &swarm, &body, &told) == 0)
                *ret_on = service_on(&swarm.services.items[0], network_id);
        else if (told.kind != ERROR_NOT_FOUND)
                return error_move(error, &told);
        return 0;
}

/*
 * By its spec, whether a task of it runs now or not: one may start later, and be connected then. Never
 * without an anchor: when everybody else has left the network, it would lose its ground under the connection.
 */
static int look_edge_still_there(struct move *move, const struct step *step, bool *ret_there,
                                 struct error *error)
{
        const char *left = left_id(move, step);

        *ret_there = false;
        for_each_planned (planned, move->plan)
                if (left && planned->edge && !*ret_there &&
                    edge_is_on(move, planned, left, ret_there, error) < 0)
                        return -1;
        return 0;
}

static int anchor_runs(struct move *move, const char *name, bool *ret_runs, struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_json_ struct json_document *d = NULL;
        _cleanup_error_ struct error told = {0};

        *ret_runs = false;
        if (look_container(move->engine, name, &body, &told) < 0)
                return told.kind == ERROR_NOT_FOUND ? 0 : error_move(error, &told);
        if (json_parse(buffer_text(&body), body.length, &d, error) < 0)
                return -1;
        *ret_runs = json_bool(d, json_path(d, json_root(d), "State", "Running", NULL));
        return 0;
}

int look_anchor(struct move *move, const struct step *step, enum level *ret_level,
                _unused_ char **ret_waiting, struct error *error)
{
        _cleanup_free_ char *name = anchor_name(move, step);
        bool there = false;
        bool runs;

        *ret_level = LEVEL_DONE;
        if (!reached_id(move, step))
                return 0;
        if (look_edge_still_there(move, step, &there, error) < 0)
                return -1;
        if (!there)
                return 0;
        if (anchor_runs(move, name, &runs, error) < 0)
                return -1;
        *ret_level = runs ? LEVEL_DONE : LEVEL_TODO;
        return 0;
}

static int look_image(struct move *move, bool *ret_exists, struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_error_ struct error told = {0};

        *ret_exists = engine_get(move->engine, "/images/" ANCHOR_IMAGE "/json", &body, &told) == 0;
        return *ret_exists || told.kind == ERROR_NOT_FOUND ? 0 : error_move(error, &told);
}

static int create_anchor(struct move *move, const struct step *step, const char *name, struct error *error)
{
        _cleanup_free_ char *path = text_format("/containers/create?name=%s", name);
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_buffer_ struct buffer answer = {0};
        struct json_writer w = {.out = &body};

        json_write_object(&w);
        json_write_member_text(&w, "Image", ANCHOR_IMAGE);
        json_write_key(&w, "Cmd");
        json_write_array(&w);
        json_write_text(&w, "/anchor");
        json_write_array_end(&w);
        json_write_key(&w, "Labels");
        json_write_object(&w);
        json_write_member_text(&w, LABEL_MOVE, move->plan->id);
        json_write_object_end(&w);
        json_write_key(&w, "HostConfig");
        json_write_object(&w);
        json_write_member_text(&w, "NetworkMode", reached_id(move, step));
        json_write_object_end(&w);
        json_write_object_end(&w);
        return engine_post(move->engine, path, body.bytes, &answer, error);
}

int act_anchor(struct move *move, const struct step *step, struct error *error)
{
        _cleanup_free_ char *name = anchor_name(move, step);
        _cleanup_free_ char *start = text_format("/containers/%s/start", name);
        _cleanup_buffer_ struct buffer answer = {0};
        bool image;

        /* Imported again it would take the tag, and leave the former one without any. */
        if (look_image(move, &image, error) < 0 || (!image && anchor_import(move->engine, error) < 0))
                return -1;
        /* One that is there and does not run may be of an earlier network of the same name. */
        if (container_remove(move->engine, name, error) < 0 || create_anchor(move, step, name, error) < 0)
                return -1;
        return engine_post(move->engine, start, "", &answer, error);
}

int look_anchor_remove(struct move *move, _unused_ const struct step *step, enum level *ret_level,
                       _unused_ char **ret_waiting, struct error *error)
{
        _cleanup_anchors_ struct anchors anchors = {0};
        bool image;

        if (look_image(move, &image, error) < 0 ||
            anchors_to_remove(move->engine, move->plan->id, &anchors, error) < 0)
                return -1;
        *ret_level = image || anchors.names.count ? LEVEL_TODO : LEVEL_DONE;
        return 0;
}

int act_anchor_remove(struct move *move, _unused_ const struct step *step, struct error *error)
{
        _cleanup_anchors_ struct anchors anchors = {0};
        _cleanup_error_ struct error told = {0};

        if (anchors_to_remove(move->engine, move->plan->id, &anchors, error) < 0)
                return -1;
        for (size_t i = 0; i < anchors.names.count; i++)
                if (container_remove(move->engine, anchors.names.items[i], error) < 0)
                        return -1;
        if (engine_delete(move->engine, "/images/" ANCHOR_IMAGE, &told) == 0 || told.kind == ERROR_NOT_FOUND)
                return 0;
        return error_move(error, &told);
}
