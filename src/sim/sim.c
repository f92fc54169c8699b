#include "sim/state.h"

/* The sim as a whole: its beginning and end, its clock, and what becomes due. */

#define START_WALL_MS 1767225600000 /* 2026-01-01T00:00:00Z */
#define FIRST_VXLAN   4096
#define FIRST_INDEX   10

static void set_defaults(struct sim_settings *settings)
{
        settings->start_wall_ms = settings->start_wall_ms ? settings->start_wall_ms : START_WALL_MS;
        settings->api_version_minor = settings->api_version_minor ? settings->api_version_minor : 41;
        settings->pool_subnet_bits = settings->pool_subnet_bits ? settings->pool_subnet_bits : 24;
        settings->nodes = settings->nodes ? settings->nodes : 1;
        settings->task_history = settings->task_history ? settings->task_history : 5;
        settings->call_ms = settings->call_ms ? settings->call_ms : 2;
        settings->allocate_ms = settings->allocate_ms ? settings->allocate_ms : 10;
        settings->drain_ms = settings->drain_ms ? settings->drain_ms : 300;
}

static void add_ingress(struct sim *sim)
{
        struct sim_network *ingress = sim_network_add(sim, "ingress");
        const char *subnet = sim->settings.ingress_subnet;

        ingress->ingress = true;
        ingress->driver = text_copy("overlay");
        if (subnet && prefix_parse(subnet, &ingress->subnet) == PREFIX_FINE)
                ingress->has_subnet = true;
        sim_network_allocate(sim, ingress);
}

static int64_t now_ms(void *userdata)
{
        return ((struct sim *)userdata)->now_ms;
}

static int64_t wall_ms(void *userdata)
{
        const struct sim *sim = userdata;

        return sim_wall_ms(sim, sim->now_ms);
}

static void sleep_ms(void *userdata, int64_t duration_ms)
{
        struct sim *sim = userdata;

        sim_run_until(sim, sim->now_ms + MAX(duration_ms, 0));
}

struct sim *sim_open(const struct sim_settings *settings)
{
        struct sim *sim = new_zero(struct sim);
        char name[32];

        if (settings)
                sim->settings = *settings;
        set_defaults(&sim->settings);
        sim->clock = (struct clock_source){now_ms, wall_ms, sleep_ms, sim};
        sim->random.state = (sim->settings.seed << 1) | 1;
        sim->node_key = random_next(&sim->random);
        sim->now_ms = 1000;
        sim->index = FIRST_INDEX;
        sim->vxlan_next = FIRST_VXLAN;
        if (prefix_parse(sim->settings.pool ? sim->settings.pool : "10.0.0.0/8", &sim->default_pool) !=
            PREFIX_FINE)
                prefix_parse("10.0.0.0/8", &sim->default_pool);
        add_ingress(sim);
        for (size_t i = 0; i < sim->settings.nodes; i++) {
                snprintf(name, sizeof(name), "node%zu", i + 1);
                sim_node_add(sim, i == 0 && settings && settings->first_node ? settings->first_node : name,
                             true);
        }
        return sim;
}

struct sim *sim_free(struct sim *sim)
{
        if (!sim)
                return NULL;
        for_each_sim (sim_network, network, &sim->networks)
                sim_network_free(network);
        for_each_sim (sim_service, service, &sim->services)
                sim_service_free(service);
        for_each_sim (sim_task, task, &sim->tasks)
                sim_task_free(task);
        for_each_sim (sim_container, container, &sim->containers)
                sim_container_free(container);
        for_each_sim (sim_node, node, &sim->nodes)
                sim_node_free(node);
        struct sim_table *const tables[] = {&sim->networks, &sim->services, &sim->tasks, &sim->containers,
                                            &sim->nodes};
        for (size_t i = 0; i < ELEMENTS(tables); i++)
                sim_table_done(tables[i]);
        for (size_t i = 0; i < sim->models.count; i++)
                free(sim->models.items[i].name);
        for (size_t i = 0; i < sim->images.count; i++)
                free(sim->images.items[i]);
        sim_outside_done(sim);
        sim_journal_done(sim);
        free(sim->network_names.buckets);
        free(sim->service_names.buckets);
        free(sim->models.items);
        free(sim->images.items);
        sim_queue_done(&sim->events);
        free(sim->waiting.items);
        free(sim);
        return NULL;
}

const struct clock_source *sim_clock(struct sim *sim)
{
        return &sim->clock;
}

int64_t sim_now_ms(const struct sim *sim)
{
        return sim->now_ms;
}

void sim_set_wall(struct sim *sim, int64_t wall_ms)
{
        int64_t shift_ms = wall_ms - sim_wall_ms(sim, sim->now_ms);

        sim->settings.start_wall_ms += shift_ms;
        for (size_t i = 0; i < sim->log.count; i++)
                sim->log.items[i].wall_ms += shift_ms;
}

int64_t sim_next_ms(const struct sim *sim)
{
        return sim_queue_next_ms(&sim->events);
}

int64_t sim_wall_ms(const struct sim *sim, int64_t time_ms)
{
        return sim->settings.start_wall_ms + time_ms;
}

int sim_minor(const struct sim *sim)
{
        return sim->settings.api_version_minor;
}

int sim_api_minor(const struct sim *sim)
{
        return sim_minor(sim);
}

struct sim_count sim_count(struct sim *sim)
{
        struct sim_count count = {0};

        for_each_sim (sim_node, node, &sim->nodes)
                count.nodes += !node->removed;
        for_each_sim (sim_network, network, &sim->networks)
                count.networks += !network->local && !network->removed;
        for_each_sim (sim_service, service, &sim->services)
                count.services++;
        for_each_sim (sim_task, task, &sim->tasks)
                count.tasks += !task->attachment;
        return count;
}

uint64_t sim_visitor_clashes(const struct sim *sim)
{
        return sim->clashes;
}

uint64_t sim_leaked(const struct sim *sim)
{
        return sim->leaked;
}

void sim_schedule(struct sim *sim, enum sim_event_kind kind, struct sim_ref object, uint32_t stamp,
                  int64_t delay_ms)
{
        sim_queue_add(&sim->events, sim->now_ms + MAX(delay_ms, 0), (int)kind, object, stamp);
}

/* What is due. The object may be gone by then, or wait for something else. */

static void run_task(struct sim *sim, const struct sim_event *event)
{
        struct sim_task *task = sim_table_at(&sim->tasks, event->object);

        if (task && event->kind == SIM_EVENT_REAP && task->desired == TASK_REMOVE)
                sim_task_reap(sim, task);
        else if (task && event->kind == SIM_EVENT_TASK && task->object.stamp == event->stamp)
                sim_task_step(sim, task);
}

static void run_node(struct sim *sim, const struct sim_event *event)
{
        const struct sim_node *node = sim_table_at(&sim->nodes, event->object);

        if (node && node->object.stamp == event->stamp)
                sim_node_orphan(sim, node);
}

static void run_event(struct sim *sim, const struct sim_event *event)
{
        struct sim_network *network;
        struct sim_service *service;

        switch ((enum sim_event_kind)event->kind) {
        case SIM_EVENT_NETWORK:
                network = sim_table_at(&sim->networks, event->object);
                if (network)
                        sim_network_allocate(sim, network);
                return;
        case SIM_EVENT_DRAIN:
                network = sim_table_at(&sim->networks, event->object);
                if (network)
                        sim_network_drain(sim, network);
                return;
        case SIM_EVENT_SERVICE:
                service = sim_table_at(&sim->services, event->object);
                if (service)
                        sim_service_go_on(sim, service);
                return;
        case SIM_EVENT_RETRY:
                sim_retry(sim);
                return;
        case SIM_EVENT_LEADER:
                sim_leader_change(sim);
                return;
        case SIM_EVENT_ORPHAN:
                run_node(sim, event);
                return;
        case SIM_EVENT_OUTSIDE:
                sim_outside_run(sim, event->stamp);
                return;
        default:
                run_task(sim, event);
        }
}

void sim_run_until(struct sim *sim, int64_t time_ms)
{
        struct sim_event event;

        while (sim_queue_next(&sim->events, time_ms, &event)) {
                sim->now_ms = MAX(sim->now_ms, event.time_ms);
                run_event(sim, &event);
        }
        sim->now_ms = MAX(sim->now_ms, time_ms);
}
