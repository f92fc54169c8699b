#include "move/leftover.h"

#include "base/file.h"
#include "move/anchor.h"
#include "move/look.h"
#include "move/move.h"

#define PID_BYTES_MAX 64

/* {"name":["headroom-anchor-"]} and {"reference":["headroom-anchor"]} */
#define ANCHORS_PATH "/containers/json?all=true&filters=%7B%22name%22%3A%5B%22" ANCHOR_PREFIX "%22%5D%7D"
#define IMAGES_PATH  "/images/json?filters=%7B%22reference%22%3A%5B%22headroom-anchor%22%5D%7D"

static const char *hop_label(const struct network *network, const char *key)
{
        return label_value(network->labels.items, network->labels.count, key);
}

const char *hop_holder_text(const struct network *hop)
{
        return hop_label(hop, LABEL_HOLDER);
}

/* Whether that process is headroom: its number alone may be somebody else's by now. */
static bool is_headroom(const char *pid)
{
        _cleanup_free_ char *path = text_format("/proc/%s/comm", pid);
        _cleanup_buffer_ struct buffer comm = {0};
        uint64_t number;

        return text_to_u64(pid, &number) && file_read(path, PID_BYTES_MAX, &comm, NULL) == 0 &&
               text_equal(buffer_text(&comm), "headroom\n");
}

static bool lock_is_held(const char *state, const char *plan_id)
{
        _cleanup_free_ char *path = text_format("%s/%s/lock", state, plan_id);
        _cleanup_buffer_ struct buffer pid = {0};

        if (file_read(path, PID_BYTES_MAX, &pid, NULL) < 0 || !pid.length)
                return false;
        pid.bytes[strcspn(pid.bytes, "\n")] = 0;
        return is_headroom(pid.bytes);
}

enum hop_holder hop_holder(const struct network *hop, const char *state)
{
        const char *holder = hop_holder_text(hop);
        const char *plan_id = hop_label(hop, LABEL_MOVE);
        const char *pid = holder ? strstr(holder, " pid ") : NULL;
        char host[256] = "";

        if (plan_id && !strchr(plan_id, '/') && lock_is_held(state, plan_id))
                return HOP_RUNNING;
        gethostname(host, sizeof(host) - 1);
        if (!pid)
                return HOP_ABANDONED;
        if (strlen(host) != (size_t)(pid - holder) || !text_starts_with(holder, host))
                return HOP_ELSEWHERE;
        return is_headroom(pid + strlen(" pid ")) ? HOP_RUNNING : HOP_ABANDONED;
}

/* Whether one of the service's planned edits is in its spec now. */
static int has_edit(struct engine *engine, const struct plan_service *planned, bool *ret_has,
                    struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_error_ struct error told = {0};

        *ret_has = false;
        if (planned->edits.items.count == 0)
                return 0;
        if (look_service(engine, planned->id, &body, &told) < 0)
                return told.kind == ERROR_NOT_FOUND ? 0 : error_move(error, &told);
        for (size_t i = 0; i < planned->edits.items.count; i++) {
                const struct spec_edit *edit = &planned->edits.items.items[i];
                _cleanup_free_ char *raw = NULL;
                if (spec_member(&body, edit->path, &raw, error) < 0)
                        return -1;
                *ret_has = *ret_has || (text_equal(raw, edit->edited) && !text_equal(raw, edit->original));
        }
        return 0;
}

int hop_edits(struct engine *engine, const struct network *hop, char **ret_names, struct error *error)
{
        const char *json = hop_label(hop, LABEL_PLAN);
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_buffer_ struct buffer names = {0};
        bool has;

        if (json && plan_parse(json, strlen(json), hop->name, &plan, error) < 0)
                return -1;
        for_each_planned (planned, &plan) {
                if (has_edit(engine, planned, &has, error) < 0)
                        return -1;
                if (has)
                        buffer_format(&names, "%s%s", names.length ? ", " : "", planned->name);
        }
        *ret_names = names.length ? buffer_steal(&names) : NULL;
        return 0;
}

void leftovers_done(struct leftovers *leftovers)
{
        for (size_t i = 0; i < leftovers->items.count; i++) {
                free(leftovers->items.items[i].evidence);
                free(leftovers->items.items[i].next);
        }
        free(leftovers->items.items);
        *leftovers = (struct leftovers){0};
}

/* "headroom-anchor-PLAN-hop" is of a move that is there when a hop's label has that PLAN. */
static bool is_of_a_move(const struct swarm *swarm, const char *anchor)
{
        for_each_network (network, swarm) {
                const char *plan_id = hop_label(network, LABEL_MOVE);
                if (plan_id && strstr(anchor, plan_id))
                        return true;
        }
        return false;
}

static bool any_move(const struct swarm *swarm)
{
        for_each_network (network, swarm)
                if (hop_label(network, LABEL_NET))
                        return true;
        return false;
}

void anchors_done(struct anchors *anchors)
{
        for (size_t i = 0; i < anchors->names.count; i++)
                free(anchors->names.items[i]);
        free(anchors->names.items);
}

static int list_anchors(struct engine *engine, struct anchors *anchors, struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_json_ struct json_document *d = NULL;

        if (engine_get(engine, ANCHORS_PATH, &body, error) < 0 ||
            json_parse(buffer_text(&body), body.length, &d, error) < 0)
                return error_while(error, "looking for anchors of headroom on this node");
        json_for_each (container, d, json_root(d)) {
                _cleanup_free_ char *name =
                        json_text(d, json_first(d, json_get(d, container, "Names"))); /* "/NAME" */
                if (text_starts_with(name, "/" ANCHOR_PREFIX))
                        *list_add(&anchors->names) = text_copy(name + 1);
        }
        return 0;
}

static bool is_of_plan(const char *anchor, const char *plan_id)
{
        return text_starts_with(anchor + strlen(ANCHOR_PREFIX), plan_id);
}

/* The swarm is asked only where there are others than the plan's own. */
int anchors_to_remove(struct engine *engine, const char *plan_id, struct anchors *ret_anchors,
                      struct error *error)
{
        _cleanup_anchors_ struct anchors all = {0};
        _cleanup_swarm_ struct swarm swarm = {0};
        bool others = false;

        if (list_anchors(engine, &all, error) < 0)
                return -1;
        for (size_t i = 0; i < all.names.count; i++)
                others = others || !is_of_plan(all.names.items[i], plan_id);
        if (others && survey(engine, NULL, &swarm, error) < 0)
                return -1;
        for (size_t i = 0; i < all.names.count; i++)
                if (is_of_plan(all.names.items[i], plan_id) || !is_of_a_move(&swarm, all.names.items[i]))
                        *list_add(&ret_anchors->names) = steal_pointer(all.names.items[i]);
        return 0;
}

static int find_anchors(struct engine *engine, const struct swarm *swarm, struct leftovers *leftovers,
                        struct error *error)
{
        _cleanup_anchors_ struct anchors anchors = {0};

        if (list_anchors(engine, &anchors, error) < 0)
                return -1;
        for (size_t i = 0; i < anchors.names.count; i++) {
                const char *name = anchors.names.items[i];
                if (is_of_a_move(swarm, name))
                        continue;
                struct leftover *leftover = list_add(&leftovers->items);
                leftover->evidence = text_format("the container %s is an anchor of no move", name);
                leftover->next = text_format("docker rm --force %s", name);
        }
        return 0;
}

static int find_image(struct engine *engine, const struct swarm *swarm, struct leftovers *leftovers,
                      struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_json_ struct json_document *d = NULL;

        if (any_move(swarm))
                return 0;
        if (engine_get(engine, IMAGES_PATH, &body, error) < 0 ||
            json_parse(buffer_text(&body), body.length, &d, error) < 0)
                return error_while(error, "looking for the image of headroom's anchors");
        if (json_count(d, json_root(d)) == 0)
                return 0;
        struct leftover *leftover = list_add(&leftovers->items);
        leftover->evidence = text_copy("the image " ANCHOR_IMAGE " is on this node, and no move is");
        leftover->harmless = true;
        leftover->next = text_copy("docker image rm " ANCHOR_IMAGE);
        return 0;
}

int leftovers_find(struct engine *engine, const struct swarm *swarm, struct leftovers *ret_leftovers,
                   struct error *error)
{
        _cleanup_leftovers_ struct leftovers leftovers = {0};

        if (find_anchors(engine, swarm, &leftovers, error) < 0 ||
            find_image(engine, swarm, &leftovers, error) < 0)
                return -1;
        *ret_leftovers = leftovers;
        leftovers = (struct leftovers){0};
        return 0;
}
