#include "base/file.h"
#include "host/host.h"
#include "move/look.h"
#include "move/move.h"
#include "json/write.h"

/* The steps that create, empty and remove NET and the hop. */

void move_done(struct move *move)
{
        free(move->host);
        free(move->net_id);
        free(move->hop_id);
        free(move->refused.items);
        buffer_done(&move->seen);
        if (!move->units_borrowed)
                units_free(move->units);
        *move = (struct move){0};
}

static bool is_allocated(const struct network *network)
{
        return network->subnets.count && network->subnets.items[0].gateway;
}

/* One that was not allocated yet shows neither driver nor subnet (moby daemon/cluster/convert/network.go). */
static bool is_of_swarm(const struct network *network)
{
        return network_is_overlay(network) || (text_equal(network->scope, "swarm") && !network->driver);
}

/*
 * Which NET this is, by its subnet. Without one it is somebody's fresh creation, and not the one that was
 * planned: taken for the new one it is waited for on the way there, and removed on the way back.
 */
static int note_net(struct move *move, const struct network *network, struct error *error)
{
        const char *subnet = network->subnets.count ? network->subnets.items[0].text : NULL;

        if (!subnet)
                move->net = text_equal(network->id, move->plan->network_id) ? NET_OLD : NET_NEW;
        else if (text_equal(subnet, move->plan->old_subnet))
                move->net = NET_OLD;
        else if (text_equal(subnet, move->plan->new_subnet))
                move->net = NET_NEW;
        else
                return error_set(error, ERROR_CONFLICT,
                                 "%s has the subnet %s, neither the old %s nor the new %s of the plan: it "
                                 "was made anew since this was planned, by another plan or by hand",
                                 network->name, subnet, move->plan->old_subnet, move->plan->new_subnet);
        move->net_id = text_copy(network->id);
        move->net_allocated = is_allocated(network);
        return 0;
}

/* The networks of either name, and more: the API's filter takes patterns or beginnings, depending on the
 * engine. */
static int list_networks(struct move *move, struct buffer *ret_body, struct error *error)
{
        _cleanup_buffer_ struct buffer filter = {0};
        struct json_writer w = {.out = &filter};

        json_write_object(&w);
        json_write_key(&w, "name");
        json_write_array(&w);
        json_write_text(&w, move->plan->network);
        json_write_text(&w, move->plan->hop);
        json_write_array_end(&w);
        json_write_object_end(&w);
        return look_networks(move->engine, filter.bytes, ret_body, error);
}

static int note_networks(struct move *move, const struct buffer *body, struct error *error)
{
        _cleanup_swarm_ struct swarm swarm;

        swarm_init(&swarm);
        if (look_read_networks(body, &swarm, error) < 0)
                return error_while(error, "looking at %s", move->plan->network);
        free(steal_pointer(move->net_id));
        free(steal_pointer(move->hop_id));
        move->net = NET_ABSENT;
        for_each_network (network, &swarm) {
                if (!is_of_swarm(network))
                        continue;
                if (text_equal(network->name, move->plan->network) && note_net(move, network, error) < 0)
                        return -1;
                if (text_equal(network->name, move->plan->hop)) {
                        move->hop_id = text_copy(network->id);
                        move->hop_allocated = is_allocated(network);
                }
        }
        return 0;
}

/* Mostly nothing has changed since the last look, and the hop's label, the whole plan, is not read again. */
int move_refresh(struct move *move, struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};

        if (list_networks(move, &body, error) < 0)
                return error_while(error, "looking at %s", move->plan->network);
        if (body.length && body.length == move->seen.length &&
            memcmp(body.bytes, move->seen.bytes, body.length) == 0)
                return 0;
        buffer_clear(&move->seen);
        if (note_networks(move, &body, error) < 0)
                return -1;
        buffer_done(&move->seen);
        move->seen = body;
        body = (struct buffer){0};
        return 0;
}

int move_look_first(struct move *move, struct error *error)
{
        _cleanup_error_ struct error told = {0};

        if (move_refresh(move, &told) == 0)
                return 0;
        if (told.kind == ERROR_CONFLICT)
                told.kind = ERROR_REFUSED;
        return error_move(error, &told);
}

#define HOLDER_PID     " pid " /* the holder's label: HOST pid NUMBER */
#define COMM_BYTES_MAX 64

/* Whether a process of this host is one of headroom's: its ID alone may be somebody else's by now. */
static bool is_headroom(const char *pid)
{
        _cleanup_free_ char *path = text_format("/proc/%s/comm", pid);
        _cleanup_buffer_ struct buffer theirs = {0};
        _cleanup_buffer_ struct buffer ours = {0};

        return file_read(path, COMM_BYTES_MAX, &theirs, NULL) == 0 &&
               file_read("/proc/self/comm", COMM_BYTES_MAX, &ours, NULL) == 0 &&
               text_equal(buffer_text(&theirs), buffer_text(&ours));
}

/* The process that the holder's label names, when it is of this host; NULL: of another one, of which nothing
 * can be known here. */
static const char *process_here(const struct move *move, const char *holder)
{
        const char *pid = strstr(holder, HOLDER_PID);
        size_t length = strlen(move->host);

        if (!pid || (size_t)(pid - holder) != length || strncmp(holder, move->host, length) != 0)
                return NULL;
        return pid + strlen(HOLDER_PID);
}

/* A run that goes on: it has the journal's lock, but perhaps in another state folder. */
static bool goes_on_here(const char *pid)
{
        uint64_t number;

        return pid && text_to_u64(pid, &number) && number != host_process() && is_headroom(pid);
}

/* Who made the hop that is there, for the one who finds it taken. */
static int refuse_held(struct move *move, const struct network *hop, struct error *error)
{
        const char *id = label_value(hop->labels.items, hop->labels.count, LABEL_MOVE);
        const char *holder = label_value(hop->labels.items, hop->labels.count, LABEL_HOLDER);

        if (!id)
                return error_set(
                        error, ERROR_REFUSED,
                        "there is a network %s that no move has made, and a move of %s needs that name: "
                        "remove it (docker network rm %s) and run the same command",
                        hop->name, move->plan->network, hop->name);
        _cleanup_free_ char *finish = recover_command(move->places, false, move->plan->network);
        _cleanup_free_ char *undo = recover_command(move->places, true, move->plan->network);
        if (!text_equal(id, move->plan->id))
                return error_set(error, ERROR_REFUSED,
                                 "%s is being moved by plan %s, held by %s; finish it with `%s`, or undo it "
                                 "with `%s`",
                                 move->plan->network, id, holder ? holder : "?", finish, undo);
        const char *pid = holder ? process_here(move, holder) : NULL;
        if (goes_on_here(pid))
                return error_set(
                        error, ERROR_REFUSED,
                        "this move is held by %s, which goes on with it: only when that has ended can "
                        "another run go on",
                        holder);
        if (!move->take_over && holder && !pid)
                return error_set(error, ERROR_REFUSED,
                                 "this move is held by %s; if that run is dead, go on from here with `%s`",
                                 holder, move->goal == GOAL_NEW ? finish : undo);
        return 0;
}

static int look_at_lock(struct move *move, struct error *error)
{
        _cleanup_swarm_ struct swarm swarm;
        _cleanup_buffer_ struct buffer body = {0};

        swarm_init(&swarm);
        if (list_networks(move, &body, error) < 0 || look_read_networks(&body, &swarm, error) < 0)
                return -1;
        for_each_network (network, &swarm)
                if (text_equal(network->id, move->hop_id))
                        return refuse_held(move, network, error);
        return 0;
}

int look_hop_create(struct move *move, _unused_ const struct step *step, enum level *ret_level,
                    char **ret_waiting, struct error *error)
{
        if (move->hop_id && look_at_lock(move, error) < 0)
                return -1;
        if (move->hop_id) /* where nothing is to leave NET, a hop without a subnet does no harm */
                *ret_level = move->hop_allocated || move_net_at_goal(move) ? LEVEL_DONE : LEVEL_WAIT;
        else
                *ret_level = move_net_at_goal(move) ? LEVEL_DONE : LEVEL_TODO;
        if (*ret_level == LEVEL_WAIT)
                *ret_waiting = text_format("the engine to give %s its subnet %s", move->plan->hop,
                                           move->plan->hop_subnet);
        return 0;
}

/* The hop's creation request is the plan's, with labels that let any manager finish or undo the move. */
static void hop_request(const struct move *move, struct buffer *ret_request)
{
        const struct plan *plan = move->plan;
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_free_ char *holder =
                text_format("%s" HOLDER_PID "%llu", move->host, (unsigned long long)host_process());
        const char *labels = strstr(plan->hop_request, "\"Labels\":{}");
        struct json_writer w = {.out = ret_request};

        plan_format(plan, false, &body);
        buffer_add(ret_request, plan->hop_request,
                   (size_t)(labels - plan->hop_request) + strlen("\"Labels\":"));
        json_write_object(&w);
        json_write_member_text(&w, LABEL_NET, plan->network);
        json_write_member_text(&w, LABEL_MOVE, plan->id);
        json_write_member_text(&w, LABEL_HOLDER, holder);
        json_write_member_text(&w, LABEL_PLAN, buffer_text(&body));
        json_write_object_end(&w);
        buffer_add_text(ret_request, labels + strlen("\"Labels\":{}"));
}

int act_hop_create(struct move *move, _unused_ const struct step *step, struct error *error)
{
        _cleanup_buffer_ struct buffer request = {0};
        _cleanup_buffer_ struct buffer answer = {0};

        hop_request(move, &request);
        return engine_post(move->engine, "/networks/create", request.bytes, &answer, error);
}

/* The network a drain or removal step is about: its ID, or NULL when there is nothing to do for this goal. */
static const char *leaving_id(const struct move *move, const struct step *step)
{
        if (step->kind == STEP_DRAIN_NET || step->kind == STEP_NET_REMOVE)
                return move_leaving(move) ? move->net_id : NULL;
        return move_net_at_goal(move) ? move->hop_id : NULL;
}

/* A service that is not the plan's and names the network: somebody deployed it since. */
static int refuse_strangers(struct move *move, struct swarm *swarm, const char *id, struct error *error)
{
        for_each_service (service, swarm)
                if (service_on(service, id))
                        return error_set(error, ERROR_CONFLICT,
                                         "service %s is on %s and was not when this was planned: run the "
                                         "same command with --adopt to move it too",
                                         service->name,
                                         text_equal(id, move->hop_id) ? move->plan->hop
                                                                      : move->plan->network);
        return 0;
}

static char *waiting_for_task(const struct swarm *swarm, const struct task *task, size_t count)
{
        const struct service *service =
                task->service_id ? swarm_service_by_id(swarm, task->service_id) : NULL;
        const struct node *node = task->node_id ? swarm_node_by_id(swarm, task->node_id) : NULL;

        return text_format("%zu task%s that still ha%s an address: %s is %s%s%s", count,
                           count == 1 ? "" : "s", count == 1 ? "s" : "ve", service ? service->name : task->id,
                           task_state_name(task->state), node ? " on " : "", node ? node->name : "");
}

/*
 * What a killed run had asked for may come true after the network was cleared: the engine finishes creating
 * and connecting a container when the one who asked is gone. So it is cleared of that here, too.
 */
int look_drain(struct move *move, const struct step *step, enum level *ret_level, char **ret_waiting,
               struct error *error)
{
        const char *id = leaving_id(move, step);
        _cleanup_swarm_ struct swarm swarm = {0};
        const struct task *last = NULL;
        size_t count = 0;

        *ret_level = LEVEL_DONE;
        if (!id)
                return 0;
        if (survey(move->engine, id, &swarm, error) < 0 || refuse_strangers(move, &swarm, id, error) < 0 ||
            look_hangers(move, step, &swarm, ret_level, ret_waiting, error) < 0)
                return -1;
        if (*ret_level != LEVEL_DONE)
                return 0;
        for_each_task (task, &swarm)
                if (task_holds_address_on(task, id)) {
                        last = task;
                        count++;
                }
        if (!last)
                return 0;
        *ret_level = LEVEL_WAIT;
        *ret_waiting = waiting_for_task(&swarm, last, count);
        return 0;
}

int look_remove(struct move *move, const struct step *step, enum level *ret_level, char **ret_waiting,
                _unused_ struct error *error)
{
        *ret_level = leaving_id(move, step) ? LEVEL_TODO : LEVEL_DONE;
        *ret_waiting = text_copy("its name to be free again");
        return 0;
}

int act_remove(struct move *move, const struct step *step, struct error *error)
{
        _cleanup_free_ char *path = text_format("/networks/%s", leaving_id(move, step));
        _cleanup_error_ struct error refused = {0};

        /* Somebody may have taken the name since the lock was looked at. One without a pool tells no labels.
         */
        if (step->kind == STEP_HOP_REMOVE && move->hop_allocated && look_at_lock(move, error) < 0)
                return -1;
        if (engine_delete(move->engine, path, &refused) == 0 || refused.kind == ERROR_NOT_FOUND)
                return 0;
        return error_move(error, &refused);
}

int look_net_create(struct move *move, _unused_ const struct step *step, enum level *ret_level,
                    char **ret_waiting, _unused_ struct error *error)
{
        if (move->net == NET_ABSENT)
                *ret_level = LEVEL_TODO;
        else
                *ret_level = move->net_allocated ? LEVEL_DONE : LEVEL_WAIT;
        *ret_waiting = text_format(
                "the engine to give %s its subnet (if it never does, the subnet overlaps another pool)",
                move->plan->network);
        return 0;
}

int act_net_create(struct move *move, _unused_ const struct step *step, struct error *error)
{
        const char *request = move->goal == GOAL_NEW ? move->plan->new_request : move->plan->old_request;
        _cleanup_buffer_ struct buffer answer = {0};

        return engine_post(move->engine, "/networks/create", request, &answer, error);
}
