#include "move/anchor.h"
#include "move/held.h"
#include "move/look.h"
#include "move/move.h"
#include "json/write.h"

/*
 * While services move one by one, the edge must reach those on either network. Its running containers are
 * connected to the other network by this node's engine, behind the swarm's back: with addresses from the top
 * of the subnet, where the swarm's serial allocation does not come for a long time. Such a connection ends
 * with its container; one that is still there when its network is to go is taken off first, because a network
 * removed under it would block its name until the engine restarts (docs/engine-notes.md).
 */

#define LIVE_ADDRESSES_FROM_TOP 5 /* the first live address: broadcast - 5, then downwards */

static const char *anchor_side(const struct step *step)
{
        return step->kind == STEP_ANCHOR_NET ? "net" : "hop";
}

static char *anchor_name(const struct move *move, const struct step *step)
{
        return text_format(ANCHOR_PREFIX "%s-%s", move->plan->id, anchor_side(step));
}

/* The network that the step reaches for, or NULL when this goal has no use for it now. */
static const char *reached_id(const struct move *move, const struct step *step)
{
        if (step_is_to_net(step))
                return move_net_at_goal(move) && move->hop_id ? move->net_id : NULL;
        return move_leaving(move) ? move->hop_id : NULL;
}

/* The network on which the edge still is by its spec, while the step matters. */
static const char *left_id(const struct move *move, const struct step *step)
{
        return step_is_to_net(step) ? move->hop_id : move->net_id;
}

/* One container of a running task of the edge on this node. */
struct edge_tasks {
        struct swarm swarm;
        LIST(const char *) containers;
};

static void edge_tasks_done(struct edge_tasks *edge)
{
        swarm_done(&edge->swarm);
        free(edge->containers.items);
}

/* Those whose service is still on the network that is being left; others have moved already. */
static int find_edge_tasks(struct move *move, const struct plan_service *planned, const char *left,
                           struct edge_tasks *edge, struct error *error)
{
        swarm_init(&edge->swarm);
        if (look_tasks_of(move->engine, planned->id, &edge->swarm, error) < 0)
                return -1;
        for_each_task (task, &edge->swarm)
                if (task->state == TASK_RUNNING && task->desired == TASK_RUNNING && task->container_id &&
                    left && task_on(task, left))
                        *list_add(&edge->containers) = task->container_id;
        return 0;
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

static int anchor_runs(struct move *move, const char *name, bool *ret_exists, bool *ret_runs,
                       struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_json_ struct json_document *d = NULL;
        _cleanup_error_ struct error told = {0};

        *ret_exists = false;
        *ret_runs = false;
        if (look_container(move->engine, name, &body, &told) < 0)
                return told.kind == ERROR_NOT_FOUND ? 0 : error_move(error, &told);
        if (json_parse(buffer_text(&body), body.length, &d, error) < 0)
                return -1;
        *ret_exists = true;
        *ret_runs = json_bool(d, json_path(d, json_root(d), "State", "Running", NULL));
        return 0;
}

int look_anchor(struct move *move, const struct step *step, enum level *ret_level,
                _unused_ char **ret_waiting, struct error *error)
{
        _cleanup_free_ char *name = anchor_name(move, step);
        bool there = false;
        bool exists;
        bool runs;

        *ret_level = LEVEL_DONE;
        if (!reached_id(move, step))
                return 0;
        if (look_edge_still_there(move, step, &there, error) < 0)
                return -1;
        if (!there)
                return 0;
        if (anchor_runs(move, name, &exists, &runs, error) < 0)
                return -1;
        *ret_level = runs ? LEVEL_DONE : LEVEL_TODO;
        return 0;
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

static int remove_container(struct engine *engine, const char *name, struct error *error)
{
        _cleanup_free_ char *path = text_format("/containers/%s?force=true", name);
        _cleanup_error_ struct error told = {0};

        if (engine_delete(engine, path, &told) == 0 || told.kind == ERROR_NOT_FOUND)
                return 0;
        return error_move(error, &told);
}

int act_anchor(struct move *move, const struct step *step, struct error *error)
{
        _cleanup_free_ char *name = anchor_name(move, step);
        _cleanup_free_ char *start = text_format("/containers/%s/start", name);
        _cleanup_buffer_ struct buffer answer = {0};

        /* One that is there and does not run may be of an earlier network of the same name. */
        if (remove_container(move->engine, name, error) < 0 || anchor_import(move->engine, error) < 0 ||
            create_anchor(move, step, name, error) < 0)
                return -1;
        return engine_post(move->engine, start, "", &answer, error);
}

static int find_unconnected(struct move *move, const struct edge_tasks *edge, const char *network_id,
                            const char **ret_container, size_t *ret_index, struct error *error)
{
        *ret_container = NULL;
        for (size_t i = 0; i < edge->containers.count; i++) {
                bool on = false;
                _cleanup_error_ struct error told = {0};
                if (container_is_on(move->engine, edge->containers.items[i], network_id, &on, &told) < 0) {
                        if (told.kind == ERROR_NOT_FOUND)
                                continue; /* its task has ended in between, or runs on another node */
                        return error_move(error, &told);
                }
                if (!on) {
                        *ret_container = edge->containers.items[i];
                        *ret_index = i;
                        return 0;
                }
        }
        return 0;
}

/*
 * Several edges take turns, so that no two of their tasks want the same address: the first task of each, then
 * the second of each.
 */
static uint32_t live_number(const struct plan *plan, const struct step *step, size_t index)
{
        size_t edges = 0;
        size_t before = 0;

        for (size_t i = 0; i < plan->services.count; i++) {
                edges += plan->services.items[i].edge;
                if (i < step->index)
                        before += plan->services.items[i].edge;
        }
        return (uint32_t)(before + index * edges);
}

/*
 * A small network hands out its upper addresses, too: then the highest that is free. *ret_address is 0 when
 * none is, and the edge can't be on both networks.
 */
static int live_address(struct move *move, const struct step *step, size_t index, uint32_t *ret_address,
                        struct error *error)
{
        const char *subnet = !step_is_to_net(step)    ? move->plan->hop_subnet
                             : move->goal == GOAL_NEW ? move->plan->new_subnet
                                                      : move->plan->old_subnet;
        _cleanup_held_ struct held held = {0};
        struct prefix prefix;

        if (!prefix_told(subnet, &prefix))
                return error_set(error, ERROR_FAILED, "the plan's subnet %s is none", subnet);
        if (held_look(move->engine, reached_id(move, step), &held, error) < 0)
                return -1;
        uint32_t address =
                prefix_last(prefix) - LIVE_ADDRESSES_FROM_TOP - live_number(move->plan, step, index);
        if (address <= prefix.address || held_has(&held, address))
                for (address = prefix_last(prefix) - 1; address > prefix.address; address--)
                        if (!held_has(&held, address))
                                break;
        *ret_address = address > prefix.address ? address : 0;
        return 0;
}

int look_edge(struct move *move, const struct step *step, enum level *ret_level, char **ret_waiting,
              struct error *error)
{
        const struct plan_service *planned = &move->plan->services.items[step->index];
        _cleanup_(edge_tasks_done) struct edge_tasks edge = {0};
        const char *container;
        uint32_t address = 0;
        size_t index;

        *ret_level = LEVEL_DONE;
        if (!reached_id(move, step))
                return 0;
        if (find_edge_tasks(move, planned, left_id(move, step), &edge, error) < 0 ||
            find_unconnected(move, &edge, reached_id(move, step), &container, &index, error) < 0)
                return -1;
        if (!container)
                return 0;
        if (live_address(move, step, index, &address, error) < 0)
                return -1;
        if (!address)
                return 0;
        *ret_level = LEVEL_TODO;
        *ret_waiting = text_format("its container %.12s to be connected", container);
        return 0;
}

int act_edge(struct move *move, const struct step *step, struct error *error)
{
        const struct plan_service *planned = &move->plan->services.items[step->index];
        _cleanup_(edge_tasks_done) struct edge_tasks edge = {0};
        const char *network_id = reached_id(move, step);
        char text[ADDRESS_TEXT_SIZE];
        const char *container;
        uint32_t address = 0;
        size_t index;

        if (find_edge_tasks(move, planned, left_id(move, step), &edge, error) < 0 ||
            find_unconnected(move, &edge, network_id, &container, &index, error) < 0)
                return -1;
        if (!container)
                return 0;
        if (live_address(move, step, index, &address, error) < 0)
                return -1;
        if (!address)
                return 0;
        address_format(address, text);
        return network_connect(move->engine, network_id, container, text, NULL, 0, error);
}

/* What hangs on a network that is to go: an anchor, a live connection, or a container that nobody planned. */
enum hanger {
        HANGER_NONE, /* in the order in which they stay */
        HANGER_ANCHOR,
        HANGER_LIVE,
        HANGER_STRANGER,
};

static const struct task *task_of_container(const struct swarm *swarm, const char *container_id)
{
        for_each_task (task, swarm)
                if (text_equal(task->container_id, container_id))
                        return task;
        return NULL;
}

static enum hanger judge(const struct swarm *swarm, const struct network *network,
                         const struct endpoint *endpoint)
{
        const struct task *task = task_of_container(swarm, endpoint->container_id);

        if (text_starts_with(endpoint->container_id, "lb-") || endpoint_is_unborn(endpoint))
                return HANGER_NONE;
        if (text_starts_with(endpoint->name, ANCHOR_PREFIX))
                return HANGER_ANCHOR;
        if (!task)
                return HANGER_STRANGER;
        return task_on(task, network->id) ? HANGER_NONE : HANGER_LIVE;
}

/* NET is still the one that was planned, with all that has leaked on it, and somebody waits for an address.
 */
static bool is_exhausted(const struct move *move)
{
        if (!text_equal(move->net_id, move->plan->network_id))
                return false;
        for_each_planned (planned, move->plan)
                if (planned->stuck)
                        return true;
        return false;
}

/* In an undo NET is as small as it was. Whether the edges that still have to come to it need the address that
 * headroom's anchor has. */
static int look_short(struct move *move, bool *ret_short, struct error *error)
{
        _cleanup_held_ struct held held = {0};
        uint64_t needed = 0;

        *ret_short = is_exhausted(move);
        if (*ret_short)
                return 0;
        if (held_look(move->engine, move->net_id, &held, error) < 0)
                return -1;
        for_each_planned (planned, move->plan) {
                const struct service *service =
                        planned->edge ? swarm_service_by_id(&held.swarm, planned->id) : NULL;
                if (service && service_on(service, move->hop_id))
                        needed += MAX(service->replicas, 1) + !service->dnsrr;
        }
        *ret_short = held.account && held.account->free.max < needed;
        return 0;
}

static const char *clearing_id(const struct move *move, const struct step *step)
{
        if (step->kind == STEP_CLEAR_NET || step->kind == STEP_DRAIN_NET)
                return move_leaving(move) ? move->net_id : NULL;
        if (step->kind == STEP_ANCHOR_DROP)
                return move->goal == GOAL_OLD && move->hop_id && move->net == NET_OLD ? move->net_id : NULL;
        return move_net_at_goal(move) ? move->hop_id : NULL;
}

/*
 * The next one to deal with; containers that are back on a NET that stays are no strangers. Live connections
 * come off before the anchor goes: without it the network is not live on this node any more, and a connection
 * that is left then blocks the network's name.
 */
static enum hanger find_hanger(const struct swarm *swarm, const struct step *step, const char *id,
                               const struct endpoint **ret_endpoint)
{
        const struct network *network = swarm_network_by_id(swarm, id);
        enum hanger found = HANGER_NONE;

        for (size_t i = 0; network && i < network->endpoints.count; i++) {
                enum hanger hanger = judge(swarm, network, &network->endpoints.items[i]);
                if (hanger <= found || (hanger == HANGER_STRANGER && step->kind == STEP_ANCHOR_DROP))
                        continue;
                *ret_endpoint = &network->endpoints.items[i];
                found = hanger;
        }
        return found;
}

int look_hangers(struct move *move, const struct step *step, const struct swarm *swarm, enum level *ret_level,
                 char **ret_waiting, struct error *error)
{
        const char *id = clearing_id(move, step);
        const struct endpoint *endpoint = NULL;

        *ret_level = LEVEL_DONE;
        switch (find_hanger(swarm, step, id, &endpoint)) {
        case HANGER_NONE:
                return 0;
        case HANGER_STRANGER:
                return error_set(error, ERROR_CONFLICT,
                                 "container %s is connected to %s and was not when this was planned: "
                                 "disconnect it, or run the same command with --adopt to move it too",
                                 endpoint->name,
                                 text_equal(id, move->hop_id) ? move->plan->hop : move->plan->network);
        default:
                *ret_level = LEVEL_TODO;
                *ret_waiting = text_format("%s to be off it", endpoint->name);
                return 0;
        }
}

int look_clear(struct move *move, const struct step *step, enum level *ret_level, char **ret_waiting,
               struct error *error)
{
        const char *id = clearing_id(move, step);
        _cleanup_swarm_ struct swarm swarm = {0};
        bool needed = true;

        *ret_level = LEVEL_DONE;
        if (!id)
                return 0;
        if (step->kind == STEP_ANCHOR_DROP && look_short(move, &needed, error) < 0)
                return -1;
        if (!needed)
                return 0;
        if (survey(move->engine, id, &swarm, error) < 0)
                return -1;
        return look_hangers(move, step, &swarm, ret_level, ret_waiting, error);
}

int act_clear(struct move *move, const struct step *step, struct error *error)
{
        const char *id = clearing_id(move, step);
        _cleanup_swarm_ struct swarm swarm = {0};
        const struct endpoint *endpoint = NULL;

        if (survey(move->engine, id, &swarm, error) < 0)
                return -1;
        switch (find_hanger(&swarm, step, id, &endpoint)) {
        case HANGER_ANCHOR:
                return remove_container(move->engine, endpoint->container_id, error);
        case HANGER_LIVE:
                return network_disconnect(move->engine, id, endpoint->container_id, error);
        default:
                return 0;
        }
}

static int look_image(struct move *move, bool *ret_exists, struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_error_ struct error told = {0};

        *ret_exists = engine_get(move->engine, "/images/" ANCHOR_IMAGE "/json", &body, &told) == 0;
        return *ret_exists || told.kind == ERROR_NOT_FOUND ? 0 : error_move(error, &told);
}

static const struct step anchor_steps[] = {{STEP_ANCHOR_HOP, 0}, {STEP_ANCHOR_NET, 0}};

int look_anchor_remove(struct move *move, _unused_ const struct step *step, enum level *ret_level,
                       _unused_ char **ret_waiting, struct error *error)
{
        bool left;

        if (look_image(move, &left, error) < 0)
                return -1;
        for (size_t i = 0; i < ELEMENTS(anchor_steps) && !left; i++) {
                _cleanup_free_ char *name = anchor_name(move, &anchor_steps[i]);
                bool runs;
                if (anchor_runs(move, name, &left, &runs, error) < 0)
                        return -1;
        }
        *ret_level = left ? LEVEL_TODO : LEVEL_DONE;
        return 0;
}

int act_anchor_remove(struct move *move, _unused_ const struct step *step, struct error *error)
{
        _cleanup_error_ struct error told = {0};

        for (size_t i = 0; i < ELEMENTS(anchor_steps); i++) {
                _cleanup_free_ char *name = anchor_name(move, &anchor_steps[i]);
                if (remove_container(move->engine, name, error) < 0)
                        return -1;
        }
        if (engine_delete(move->engine, "/images/" ANCHOR_IMAGE, &told) == 0 || told.kind == ERROR_NOT_FOUND)
                return 0;
        return error_move(error, &told);
}
