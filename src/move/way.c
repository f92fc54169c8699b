#include "move/way.h"

/*
 * Start-first is taken where it cannot harm: the new task must show that it is healthy, and nothing may be
 * held that only one task can hold. Otherwise the old task stops first and there is a gap, which is estimated
 * from the service's own last start.
 */

#define UNBIND_MS        2000 /* the engine takes a task's names away this long before it stops it */
#define STOP_MS          500  /* what a process that heeds its signal takes to end */
#define CONTAINER_MS     1000 /* what the engine takes to start a container that it has prepared */
#define FOLLOW_MS        1000 /* for those who ask by name to notice */
#define START_UNKNOWN_MS 5000
#define SETTLE_BASE_MS   120000
#define SETTLE_MAX_MS    3600000

static bool has_host_port(const struct service *service)
{
        for (size_t i = 0; i < service->ports.count; i++)
                if (service->ports.items[i].host_mode)
                        return true;
        return false;
}

static const struct mount *writable_mount(const struct service *service)
{
        for (size_t i = 0; i < service->mounts.count; i++) {
                const struct mount *mount = &service->mounts.items[i];
                if (!mount->read_only &&
                    (text_equal(mount->type, "volume") || text_equal(mount->type, "bind")))
                        return mount;
        }
        return NULL;
}

uint64_t way_addresses_needed(const struct service *service)
{
        uint64_t replicas = service->mode == SERVICE_REPLICATED ? MAX(service->replicas, 1) : 1;

        return service->update_parallelism ? MIN(service->update_parallelism, replicas) : replicas;
}

static bool is_moved(const struct way_ground *ground, const char *network_id)
{
        for (const char *const *id = ground->ids; *id; id++)
                if (text_equal(*id, network_id))
                        return true;
        return false;
}

/* One of its other overlays that surely has no room for the tasks that start first; NULL when none. */
static const struct network *network_without_room(const struct way_ground *ground,
                                                  const struct service *service)
{
        for_each_attachment (attachment, service) {
                const struct account *account = account_of_network(ground->accounts, attachment->network_id);
                if (account && account->counted && !is_moved(ground, attachment->network_id) &&
                    account->free.max < way_addresses_needed(service))
                        return account->network;
        }
        return NULL;
}

/* Why two tasks can't run at once at all; NULL when they can. */
static char *hard_objection(const struct way_ground *ground, const struct service *service)
{
        if (has_host_port(service))
                return text_copy("it publishes a port of its host, which only one task can hold");
        if (service->max_replicas_per_node)
                return text_copy("it limits its replicas per node");
        const struct network *full = network_without_room(ground, service);
        return full ? text_format("its network %s has no address free for another task", full->name) : NULL;
}

/* Why they should not, though its own settings might say otherwise. */
static char *soft_objection(const struct service *service, bool health_check)
{
        const struct mount *mount = writable_mount(service);

        if (mount)
                return text_format("two tasks would write to %s at once",
                                   mount->source ? mount->source : mount->target);
        if (!health_check)
                return text_copy("it has no health check that would show when a new task is ready");
        if (service->has_reservations)
                return text_copy("it reserves resources, and there may be no room for two");
        if (service->mode == SERVICE_GLOBAL)
                return text_copy("it runs once on every node");
        return NULL;
}

/* The mean of how long its running tasks took from creation to running, health check included. */
static int64_t start_ms(const struct swarm *swarm, const struct service *service)
{
        int64_t sum = 0;
        int64_t count = 0;

        for_each_task (task, swarm) {
                if (!text_equal(task->service_id, service->id) || task->state != TASK_RUNNING ||
                    !task->created_ms)
                        continue;
                sum += MAX(0, task->state_since_ms - task->created_ms);
                count++;
        }
        return count ? sum / count : START_UNKNOWN_MS;
}

static void add_edit(struct spec_edits *edits, const char *path, char *original, const char *edited,
                     enum edit_until until)
{
        struct spec_edit *edit = list_add(&edits->items);

        edit->path = text_copy(path);
        edit->original = original;
        edit->edited = text_copy(edited);
        edit->until = until;
}

/* Sets `section`.Order for the time of the move: in place where the section has one, else by adding the
 * section. */
static int edit_order(const struct buffer *body, const char *section, const char *order,
                      enum edit_until until, struct spec_edits *edits, struct error *error)
{
        _cleanup_free_ char *path = text_format("%s/Order", section);
        _cleanup_free_ char *edited = text_format("\"%s\"", order);
        _cleanup_free_ char *added =
                text_format("{\"Parallelism\":1,\"FailureAction\":\"pause\",\"Order\":\"%s\"}", order);
        _cleanup_free_ char *whole = NULL;
        char *original = NULL;

        if (spec_member(body, section, &whole, error) < 0 || spec_member(body, path, &original, error) < 0)
                return -1;
        if (!whole)
                add_edit(edits, section, NULL, added, until);
        else if (original && !text_equal(original, edited))
                add_edit(edits, path, original, edited, until);
        else
                free(original);
        return 0;
}

static int set_order(const struct service *service, const struct buffer *body, const char *order,
                     struct spec_edits *edits, struct error *error)
{
        if (!text_equal(service->update_order ? service->update_order : "stop-first", order) &&
            edit_order(body, "UpdateConfig", order, EDIT_UNTIL_END, edits, error) < 0)
                return -1;
        /* A rollback goes by its own order, and must not open a gap where the update would not have. */
        if (!text_equal(service->update_failure_action, "rollback") ||
            text_equal(service->rollback_order ? service->rollback_order : "stop-first", order))
                return 0;
        return edit_order(body, "RollbackConfig", order, EDIT_UNTIL_END, edits, error);
}

/*
 * Stop-first: the names go, the old task stops, the new container starts and becomes ready, and those who ask
 * notice. A host port is not asked for by name, and answers as soon as its process runs.
 */
static int64_t stop_first_gap_ms(const struct service *service, int64_t start_to_ready_ms)
{
        if (has_host_port(service))
                return STOP_MS + CONTAINER_MS + FOLLOW_MS;
        return UNBIND_MS + start_to_ready_ms + FOLLOW_MS;
}

static void set_gaps(const struct swarm *swarm, const struct service *service, bool health_check,
                     struct plan_service *planned)
{
        int64_t start = start_ms(swarm, service);
        int64_t ready = planned->ready_ms ? CONTAINER_MS + planned->ready_ms : start;
        uint64_t replicas = MAX(service->replicas, 1);

        if (planned->way == WAY_STOP_FIRST) {
                planned->gap_expected_ms = stop_first_gap_ms(service, ready);
                planned->gap_bound_ms =
                        UNBIND_MS + service->stop_grace_ms + 2 * start + service->health_start_ms + FOLLOW_MS;
                if (service->mode == SERVICE_REPLICATED && service->update_parallelism &&
                    service->update_parallelism < replicas)
                        planned->gap_expected_ms = 0; /* its replicas stop one after the other */
        } else if (!health_check) {
                /* The old task goes when the new one runs, and nobody can tell whether that is ready by then.
                 */
                planned->gap_expected_ms = FOLLOW_MS;
                planned->gap_bound_ms = FOLLOW_MS + service->health_start_ms;
        }
        int64_t settle = SETTLE_BASE_MS +
                         (int64_t)replicas * (service->stop_grace_ms + service->health_start_ms + 3 * start +
                                              service->update_monitor_ms + service->update_delay_ms);
        planned->settle_bound_ms = MIN(settle, SETTLE_MAX_MS);
}

static int decide_way(const struct service *service, const char *hard, const struct buffer *body,
                      bool health_check, bool joined, struct plan_service *planned, struct error *error)
{
        bool own_start_first = text_equal(service->update_order, "start-first");
        _cleanup_free_ char *soft = soft_objection(service, health_check);

        planned->way = !hard && (own_start_first || (!soft && !joined)) ? WAY_START_FIRST : WAY_STOP_FIRST;
        if (hard)
                planned->why = text_format("stop-first: %s", hard);
        else if (own_start_first)
                planned->why = soft ? text_format("start-first is its own setting, although %s", soft)
                                    : text_copy("start-first, as it is set");
        else if (joined)
                planned->why = text_copy("stop-first, as it is set: it has come in mid-move");
        else if (soft)
                planned->why = text_format("stop-first: %s", soft);
        else
                planned->why = text_copy(
                        "start-first for the time of the move: it has a health check and shares nothing");
        return set_order(service, body, planned->way == WAY_START_FIRST ? "start-first" : "stop-first",
                         &planned->edits, error);
}

static bool has_running_task(const struct swarm *swarm, const struct service *service)
{
        for_each_task (task, swarm)
                if (text_equal(task->service_id, service->id) && task->state == TASK_RUNNING)
                        return true;
        return false;
}

/*
 * A task that never got an address can't be seen to stop: stop-first waits a minute for it before it starts
 * the new one (docs/engine-notes.md). Where nothing of the service runs there is nothing to stop first, so it
 * goes to the hop start-first, whatever it does on its way back. Not where two tasks may not be: the VIP that
 * the service gives back as it leaves may be the address that the old task was waiting for.
 */
static int start_stuck_at_once(const struct swarm *swarm, const struct service *service, const char *hard,
                               const struct buffer *body, struct plan_service *planned, struct error *error)
{
        bool own_stop_first = !text_equal(service->update_order, "start-first");

        if (!planned->stuck || planned->way != WAY_STOP_FIRST || !own_stop_first || hard ||
            writable_mount(service) || has_running_task(swarm, service))
                return 0;
        return edit_order(body, "UpdateConfig", "start-first", EDIT_UNTIL_BACK, &planned->edits, error);
}

int way_decide(const struct way_ground *ground, const struct service *service, const struct buffer *body,
               bool health_check, struct plan_service *planned, struct error *error)
{
        _cleanup_free_ char *hard = hard_objection(ground, service);

        if (decide_way(service, hard, body, health_check, ground->joined, planned, error) < 0 ||
            (!ground->joined && start_stuck_at_once(ground->swarm, service, hard, body, planned, error) < 0))
                return -1;
        set_gaps(ground->swarm, service, health_check, planned);
        return 0;
}

void way_add_waits(struct plan *plan)
{
        int64_t later_expected = 0;
        int64_t later_bound = 0;

        for (size_t i = plan->services.count; i-- > 0;) {
                struct plan_service *service = &plan->services.items[i];
                int64_t own = service->gap_expected_ms;
                int64_t own_bound = service->gap_bound_ms;
                if (!service->edge) {
                        service->gap_expected_ms += later_expected;
                        service->gap_bound_ms += later_bound;
                }
                later_expected +=
                        own + START_UNKNOWN_MS + UNBIND_MS; /* each hop also waits for the update's monitor */
                later_bound += own_bound + START_UNKNOWN_MS + UNBIND_MS;
        }
}
