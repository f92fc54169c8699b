#include "sim/state.h"

#include "sim/timing.h"

/*
 * A task's way from NEW to its end: addresses, a node, its container, health, and the way down. Each state
 * says when the next one is due; what has to wait for something else is looked at again when that changes.
 */

static void next_in(struct sim *sim, struct sim_task *task, int64_t delay_ms)
{
        sim_schedule(sim, SIM_EVENT_TASK, task->object.ref, ++task->object.stamp, delay_ms);
}

static void set_state(struct sim *sim, struct sim_task *task, enum task_state state, const char *message)
{
        task->state = (uint8_t)state;
        task->message = message;
        task->since_ms = sim->now_ms;
        sim_touch(sim, task);
}

static void tell_service(struct sim *sim, const struct sim_task *task)
{
        struct sim_service *service = sim_table_at(&sim->services, task->service);

        if (service)
                sim_service_due(sim, service, 0);
}

/* Tried again whenever the allocator got something back, or nodes changed. */
static void wait_for_retry(struct sim *sim, struct sim_task *task)
{
        if (task->queued)
                return;
        task->queued = true;
        *list_add(&sim->waiting) = task->object.ref;
}

static void attach(struct sim_task *task, struct sim_ref network)
{
        task->attachments[task->attachment_count++].network = network;
}

struct sim_task *sim_task_add(struct sim *sim, struct sim_service *service, uint32_t slot, uint32_t node,
                              enum task_state desired)
{
        struct sim_task *task = sim_table_add(sim, &sim->tasks, sizeof(*task));
        struct sim_network *ingress = service->spec->ingress ? sim_ingress(sim) : NULL;

        task->service = service->object.ref;
        task->spec = sim_spec_use(service->spec);
        task->container = SIM_NO_REF;
        task->slot = slot;
        task->node = node;
        task->desired = (uint8_t)desired;
        task->job_iteration = service->job_iteration;
        task->attachments = memory_new(service->spec->networks.count + 1, sizeof(*task->attachments));
        if (ingress)
                attach(task, ingress->object.ref);
        for (size_t i = 0; i < service->spec->networks.count; i++)
                attach(task, service->spec->networks.items[i]);
        task->next = service->first_task;
        service->first_task = task;
        set_state(sim, task, TASK_NEW, "created");
        next_in(sim, task, TASK_ALLOCATE_MS);
        return task;
}

void sim_task_free(struct sim_task *task)
{
        sim_spec_free(task->spec);
        free(task->attachments);
}

/* Presence: what keeps a load-balancer endpoint on the task's node. */

static void be_present(struct sim *sim, struct sim_task *task, bool present)
{
        if (task->present == present)
                return;
        task->present = present;
        ((struct sim_node *)sim->nodes.items[task->node])->tasks += present ? 1 : (uint32_t)-1;
        for (size_t i = 0; i < task->attachment_count; i++) {
                struct sim_network *network = sim_network_stored(sim, task->attachments[i].network);
                if (!network)
                        continue;
                struct sim_presence *on = sim_presence(network, task->node);
                on->tasks += present ? 1 : (uint32_t)-1;
                sim_endpoint_update(sim, network, task->node);
        }
}

struct sim_task *sim_task_attach(struct sim *sim, struct sim_container *container,
                                 struct sim_network *network, uint32_t address)
{
        struct sim_task *task = sim_table_add(sim, &sim->tasks, sizeof(*task));

        task->attachment = true;
        task->service = SIM_NO_REF;
        task->container = container->object.ref;
        task->node = container->node;
        task->desired = TASK_RUNNING;
        task->allocated = true;
        task->attachments = memory_new(1, sizeof(*task->attachments));
        attach(task, network->object.ref);
        task->attachments[0].address = address;
        set_state(sim, task, TASK_RUNNING, "started");
        be_present(sim, task, true);
        return task;
}

static void forget(struct sim *sim, struct sim_task *task)
{
        sim_task_release(sim, task);
        sim_task_free(task);
        sim_table_drop(&sim->tasks, task);
}

void sim_task_detach(struct sim *sim, struct sim_task *task)
{
        be_present(sim, task, false);
        forget(sim, task);
}

/* The end */

void sim_task_end(struct sim *sim, struct sim_task *task, enum task_state state, const char *error)
{
        struct sim_service *service = sim_table_at(&sim->services, task->service);
        struct sim_container *container = sim_table_at(&sim->containers, task->container);

        bool begun = task->state >= TASK_STARTING;

        task->object.stamp++;
        if (container && container->running && task->stopping)
                sim_tell_container(sim, container, "kill", "\"signal\":\"15\",");
        task->stopping = false;
        task->error = error;
        if (container) {
                container->exit_code = state == TASK_FAILED;
                sim_container_end(sim, container);
        }
        set_state(sim, task, state,
                  state == TASK_REJECTED   ? "preparing"
                  : error && !begun        ? "starting"
                  : error                  ? "started"
                  : state == TASK_SHUTDOWN ? "shutdown"
                                           : "finished");
        sim_task_release(sim, task);
        be_present(sim, task, false);
        if (sim->waiting.count)
                sim_retry_due(sim);              /* its place on the node is free, too */
        if (service && sim_task_is_wanted(task)) /* who ends well has ended, too */
                sim_update_note_failure(sim, service, task);
        tell_service(sim, task);
        if (task->desired == TASK_REMOVE)
                sim_schedule(sim, SIM_EVENT_REAP, task->object.ref, 0, TASK_REAP_MS);
}

static void unlink_task(struct sim *sim, struct sim_task *task)
{
        struct sim_service *service = sim_table_at(&sim->services, task->service);
        struct sim_task **at = service ? &service->first_task : NULL;

        while (at && *at && *at != task)
                at = &(*at)->next;
        if (at && *at)
                *at = task->next;
}

void sim_task_reap(struct sim *sim, struct sim_task *task)
{
        if (task->state >= TASK_ASSIGNED && sim_task_is_live(task))
                return;
        unlink_task(sim, task);
        forget(sim, task);
}

/* The way down: a container that runs loses its names first, and gets SIGTERM when gossip has had its time.
 */
static int64_t stop_ms(struct sim *sim, const struct sim_task *task)
{
        if (task->state < TASK_STARTING || !task->spec)
                return TASK_STOP_IDLE_MS;
        int64_t stop = sim_jitter(sim, sim_model_of(sim, task->spec).stop_ms);
        return TASK_UNBIND_MS + MIN(stop, task->spec->stop_grace_ms);
}

static void end_in(struct sim *sim, struct sim_task *task, int64_t delay_ms)
{
        task->stopping = true;
        next_in(sim, task, delay_ms);
}

static void go_down(struct sim *sim, struct sim_task *task)
{
        const struct sim_node *node =
                sim->nodes.count > task->node ? (const struct sim_node *)sim->nodes.items[task->node] : NULL;

        if (task->state < TASK_ASSIGNED) {
                task->object.stamp++;
                if (task->desired == TASK_REMOVE)
                        sim_schedule(sim, SIM_EVENT_REAP, task->object.ref, 0, TASK_REAP_MS);
                else if (task->state == TASK_PENDING)
                        end_in(sim, task, TASK_SCHEDULE_MS);
                return; /* one without addresses is nobody's business, and stays in its state */
        }
        if (node && node->down)
                return; /* nobody hears of it */
        end_in(sim, task, stop_ms(sim, task));
}

void sim_task_desire(struct sim *sim, struct sim_task *task, enum task_state desired)
{
        if (task->desired == desired || (!sim_task_is_wanted(task) && desired < TASK_REMOVE))
                return;
        task->desired = (uint8_t)desired;
        sim_touch(sim, task);
        if (!sim_task_is_live(task)) {
                if (desired == TASK_REMOVE)
                        sim_schedule(sim, SIM_EVENT_REAP, task->object.ref, 0, TASK_REAP_MS);
        } else if (!sim_task_is_wanted(task) && !task->stopping) {
                go_down(sim, task);
        } else if (task->state == TASK_READY) {
                next_in(sim, task, 0);
        }
}

/* The way up */

static void step_new(struct sim *sim, struct sim_task *task)
{
        if (!sim_task_allocate(sim, task)) {
                wait_for_retry(sim, task);
                return;
        }
        set_state(sim, task, TASK_PENDING, "pending task scheduling");
        next_in(sim, task, TASK_SCHEDULE_MS);
}

static void step_pending(struct sim *sim, struct sim_task *task)
{
        if (task->node == SIM_NONE)
                task->node = sim_node_choose(sim, task);
        if (task->node == SIM_NONE) {
                wait_for_retry(sim, task);
                return;
        }
        set_state(sim, task, TASK_ASSIGNED, "scheduler assigned task to node");
        be_present(sim, task, true);
        next_in(sim, task, TASK_ACCEPT_MS);
}

/* The node prepares a container as soon as it has its own endpoints; it gives up after a while. */
static void step_assigned(struct sim *sim, struct sim_task *task)
{
        if (!sim_has_endpoints(sim, task)) {
                if (sim->now_ms - task->since_ms >= TASK_ATTACH_MAX_MS)
                        sim_task_end(sim, task, TASK_REJECTED,
                                     "node is missing network attachments, ip addresses may be exhausted");
                else
                        next_in(sim, task, TASK_ATTACH_LOOK_MS);
                return;
        }
        set_state(sim, task, TASK_PREPARING, "preparing");
        next_in(sim, task, TASK_PREPARE_MS);
}

static void step_preparing(struct sim *sim, struct sim_task *task)
{
        if (sim_model_of(sim, task->spec).missing) {
                sim_task_end(sim, task, TASK_REJECTED, "No such image");
                return;
        }
        struct sim_container *container = sim_container_add(sim, task->node, task->object.ref);

        task->container = container->object.ref;
        set_state(sim, task, TASK_READY, "prepared");
        tell_service(sim, task);
        next_in(sim, task, 0);
}

/* The node's own address manager has given it to a container that was connected behind the swarm's back. */
static bool is_address_taken(struct sim *sim, const struct sim_task *task)
{
        for (size_t i = 0; i < task->attachment_count; i++) {
                struct sim_network *network = sim_network_stored(sim, task->attachments[i].network);
                if (network && sim_visitor_has(sim, network, task->node, task->attachments[i].address))
                        return true;
        }
        return false;
}

#define CANT_START "starting container failed: "

static void step_ready(struct sim *sim, struct sim_task *task)
{
        struct sim_container *container = sim_table_at(&sim->containers, task->container);

        if (task->desired == TASK_READY)
                return;
        if (is_address_taken(sim, task)) {
                sim->clashes++;
                sim_task_end(sim, task, TASK_FAILED,
                             sim_minor(sim) < SIM_MINOR_28 ? CANT_START "Address already in use"
                                                           : CANT_START
                                     "failed to set up container networking: "
                                     "Address already in use");
                return;
        }
        container->running = true;
        container->started_ms = sim->now_ms;
        sim_tell_start(sim, container);
        set_state(sim, task, TASK_STARTING, "starting");
        struct sim_model model = sim_model_of(sim, task->spec);
        next_in(sim, task,
                sim_jitter(sim, model.start_ms) + (model.health_check ? model.healthy_after_ms : 0));
}

static void step_starting(struct sim *sim, struct sim_task *task)
{
        struct sim_model model = sim_model_of(sim, task->spec);

        if (model.fails) {
                sim_task_end(sim, task, TASK_FAILED,
                             model.health_check ? "task: unhealthy container" : "task: non-zero exit (1)");
                return;
        }
        set_state(sim, task, TASK_RUNNING, "started");
        tell_service(sim, task);
        if (model.run_ms)
                next_in(sim, task, model.run_ms);
}

static void step_running(struct sim *sim, struct sim_task *task)
{
        sim_task_end(sim, task, TASK_COMPLETE, NULL);
}

void sim_task_step(struct sim *sim, struct sim_task *task)
{
        static void (*const steps[])(struct sim *, struct sim_task *) = {
                [TASK_NEW] = step_new,           [TASK_PENDING] = step_pending,
                [TASK_ASSIGNED] = step_assigned, [TASK_PREPARING] = step_preparing,
                [TASK_READY] = step_ready,       [TASK_STARTING] = step_starting,
                [TASK_RUNNING] = step_running,
        };

        if (task->stopping)
                sim_task_end(sim, task, TASK_SHUTDOWN, NULL);
        else if (sim_task_is_wanted(task) && sim_task_is_live(task) && steps[task->state])
                steps[task->state](sim, task);
}
