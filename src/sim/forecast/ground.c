#include "sim/forecast/ground.h"

#include "sim/forecast/client.h"
#include "json/write.h"

/* From a snapshot to a simulated swarm that has as much of everything. */

#define SETTLE_MS       120000
#define TASKS_MAX       250000
#define NODES_MAX       1000
#define SUBNET_BITS_MIN 8
#define SUBNET_BITS_MAX 29
#define JITTER_MS       250
#define HOLDER_IMAGE    "held"

void ground_done(struct ground *ground)
{
        free(ground->pools.items);
        *ground = (struct ground){0};
}

/* Nodes */

static bool takes_tasks(const struct node *node)
{
        return text_equal(node->state, "ready") && text_equal(node->availability, "active");
}

size_t ground_nodes(const struct swarm *swarm)
{
        size_t count = 0;

        for_each_node (node, swarm)
                count += takes_tasks(node);
        return MIN(MAX(count, 1), NODES_MAX);
}

/* The first is a manager, whatever it is in the snapshot: somebody leads. */
static void add_nodes(struct sim *sim, const struct swarm *swarm)
{
        size_t count = 0;
        size_t limit = ground_nodes(swarm);

        for_each_node (node, swarm) {
                if (!takes_tasks(node) || count == limit)
                        continue;
                _cleanup_free_ char *name = text_format("node%zu", count + 1);
                if (count++)
                        sim_node_add(sim, name, node->manager);
        }
}

/* Which API an engine of that version speaks, as far as the simulator makes a difference. */
static int minor_of(const char *engine_version)
{
        long major = engine_version ? strtol(engine_version, NULL, 10) : 0;

        return major >= 29 ? 52 : major >= 28 ? 51 : major >= 24 ? 45 : 41;
}

/* Networks */

static const struct ground_pool *pool_of(const struct ground *ground, const struct network *network)
{
        for (size_t i = 0; i < ground->pools.count; i++)
                if (ground->pools.items[i].account->network == network)
                        return &ground->pools.items[i];
        return NULL;
}

/* One that got a pool: others hold nothing. */
static bool is_copied(const struct network *network)
{
        return network && network_is_overlay(network) && network->subnets.count &&
               network->subnets.items[0].gateway && !network->subnets.items[0].ipv6;
}

static bool has_name(const struct swarm *swarm)
{
        for_each_service (service, swarm)
                if (text_empty(service->name))
                        return false;
        for_each_network (network, swarm)
                if (is_copied(network) && text_empty(network->name))
                        return false;
        return true;
}

static bool has_size(struct prefix subnet)
{
        return subnet.length_bits >= SUBNET_BITS_MIN && subnet.length_bits <= SUBNET_BITS_MAX;
}

static uint64_t tasks_wanted(const struct swarm *swarm)
{
        uint64_t sum = 0;

        for_each_service (service, swarm) {
                uint64_t tasks = service->mode == SERVICE_GLOBAL ? ground_nodes(swarm) : service->replicas;
                sum = tasks > TASKS_MAX ? tasks : MIN(sum + tasks, TASKS_MAX + 1);
                if (sum > TASKS_MAX)
                        break;
        }
        return sum;
}

int ground_check(const struct swarm *swarm, struct error *error)
{
        struct prefix pool = swarm->pools.count ? swarm->pools.items[0].prefix : (struct prefix){0};

        if (!has_name(swarm))
                return error_set(error, ERROR_USAGE, "the snapshot has a service or network without a name");
        for_each_network (network, swarm)
                if (is_copied(network) && !has_size(network->subnets.items[0].prefix))
                        return error_set(error, ERROR_USAGE,
                                         "the snapshot's network %s has no subnet from "
                                         "/%d to /%d",
                                         network->name, SUBNET_BITS_MIN, SUBNET_BITS_MAX);
        if (swarm->pools.count &&
            (swarm->pool_subnet_bits < pool.length_bits || swarm->pool_subnet_bits > SUBNET_BITS_MAX))
                return error_set(error, ERROR_USAGE,
                                 "the snapshot's default pool can't be cut into subnets of /%u",
                                 swarm->pool_subnet_bits);
        if (tasks_wanted(swarm) > TASKS_MAX)
                return error_set(error, ERROR_REFUSED,
                                 "the snapshot's services want %llu tasks or more; %d are the most",
                                 (unsigned long long)tasks_wanted(swarm), TASKS_MAX);
        return 0;
}

static int refuse(const char *what, const char *name, const char *answer, struct error *error)
{
        return error_set(error, ERROR_FAILED, "the simulated swarm takes no %s %s as the snapshot has it: %s",
                         what, name, answer);
}

static int add_network(struct sim *sim, const struct ground *ground, const struct network *network,
                       struct error *error)
{
        const struct ground_pool *pool = pool_of(ground, network);
        char subnet[PREFIX_TEXT_SIZE];
        _cleanup_buffer_ struct buffer body = {0};
        struct json_writer w = {.out = &body};
        _cleanup_free_ char *answer = NULL;

        prefix_format(pool ? pool->subnet : network->subnets.items[0].prefix, subnet);
        json_write_object(&w);
        json_write_member_text(&w, "Name", network->name);
        json_write_member_text(&w, "Driver", "overlay");
        json_write_member_bool(&w, "Attachable", true); /* what else holds addresses comes as containers */
        json_write_key(&w, "IPAM");
        json_write_object(&w);
        json_write_key(&w, "Config");
        json_write_array(&w);
        json_write_object(&w);
        json_write_member_text(&w, "Subnet", subnet);
        json_write_object_end(&w);
        json_write_array_end(&w);
        json_write_object_end(&w);
        json_write_object_end(&w);
        if (client_ask(sim, "POST", "/networks/create", buffer_text(&body), &answer) / 100 != 2)
                return refuse("network", network->name, answer, error);
        return 0;
}

static int add_networks(struct sim *sim, const struct ground *ground, struct error *error)
{
        for_each_network (network, ground->swarm)
                if (is_copied(network) && !network->ingress && add_network(sim, ground, network, error) < 0)
                        return -1;
        return 0;
}

/* Services */

static bool publishes(const struct service *service)
{
        for (size_t i = 0; i < service->ports.count; i++)
                if (!service->ports.items[i].host_mode)
                        return true;
        return false;
}

/* On a network that is looked at; what is on others only changes nothing there. */
static bool matters(const struct ground *ground, const struct service *service)
{
        for (size_t i = 0; i < ground->pools.count; i++) {
                const struct network *network = ground->pools.items[i].account->network;
                if (service_on(service, network->id) || (network->ingress && publishes(service)))
                        return true;
        }
        return false;
}

static void write_template(struct json_writer *w, const struct ground *ground, const struct service *service)
{
        json_write_key(w, "TaskTemplate");
        json_write_object(w);
        json_write_key(w, "ContainerSpec");
        json_write_object(w);
        json_write_member_text(w, "Image", service->image ? service->image : HOLDER_IMAGE);
        json_write_member_u64(w, "StopGracePeriod", (uint64_t)service->stop_grace_ms * 1000000);
        json_write_object_end(w);
        json_write_key(w, "Placement");
        json_write_object(w);
        json_write_object_end(w);
        json_write_key(w, "Networks");
        json_write_array(w);
        for_each_attachment (attachment, service) {
                const struct network *network = swarm_network_by_id(ground->swarm, attachment->network_id);
                if (!is_copied(network))
                        continue;
                json_write_object(w);
                json_write_member_text(w, "Target", network->name);
                json_write_object_end(w);
        }
        json_write_array_end(w);
        json_write_object_end(w);
}

/* Ports of a host are left out: here a node is to take as many tasks as it has in the snapshot. */
static void write_endpoint(struct json_writer *w, const struct service *service)
{
        json_write_key(w, "EndpointSpec");
        json_write_object(w);
        json_write_member_text(w, "Mode", service->dnsrr ? "dnsrr" : "vip");
        json_write_key(w, "Ports");
        json_write_array(w);
        for (size_t i = 0; i < service->ports.count; i++) {
                const struct port *port = &service->ports.items[i];
                if (port->host_mode)
                        continue;
                json_write_object(w);
                json_write_member_text(w, "Protocol", port->protocol);
                json_write_member_u64(w, "TargetPort", port->target);
                json_write_member_u64(w, "PublishedPort", port->published);
                json_write_member_text(w, "PublishMode", "ingress");
                json_write_object_end(w);
        }
        json_write_array_end(w);
        json_write_object_end(w);
}

static int add_service(struct sim *sim, const struct ground *ground, const struct service *service,
                       struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        struct json_writer w = {.out = &body};
        _cleanup_free_ char *answer = NULL;

        json_write_object(&w);
        json_write_member_text(&w, "Name", service->name);
        write_template(&w, ground, service);
        json_write_key(&w, "Mode");
        json_write_object(&w);
        json_write_key(&w, service->mode == SERVICE_GLOBAL ? "Global" : "Replicated");
        json_write_object(&w);
        if (service->mode == SERVICE_REPLICATED)
                json_write_member_u64(&w, "Replicas", service->replicas);
        json_write_object_end(&w);
        json_write_object_end(&w);
        write_endpoint(&w, service);
        json_write_object_end(&w);
        if (client_ask(sim, "POST", "/services/create", buffer_text(&body), &answer) / 100 != 2)
                return refuse("service", service->name, answer, error);
        return 0;
}

/* Jobs that run hold addresses for a while: they are among the further holders. */
static int add_services(struct sim *sim, const struct ground *ground, struct error *error)
{
        for_each_service (service, ground->swarm)
                if (service->mode != SERVICE_JOB && matters(ground, service) &&
                    add_service(sim, ground, service, error) < 0)
                        return -1;
        return 0;
}

/* What else there is */

static bool add_holder(struct sim *sim, const char *network, size_t pool, size_t number)
{
        _cleanup_buffer_ struct buffer body = {0};
        struct json_writer w = {.out = &body};
        _cleanup_free_ char *create = text_format("/containers/create?name=held-%zu-%zu", pool, number);
        _cleanup_free_ char *start = text_format("/containers/held-%zu-%zu/start", pool, number);

        json_write_object(&w);
        json_write_member_text(&w, "Image", HOLDER_IMAGE);
        json_write_key(&w, "HostConfig");
        json_write_object(&w);
        json_write_member_text(&w, "NetworkMode", network);
        json_write_object_end(&w);
        json_write_object_end(&w);
        return client_done(sim, "POST", create, buffer_text(&body)) && client_done(sim, "POST", start, NULL);
}

/* Containers, jobs, tasks that are on their way out: whatever holds more addresses than the services do. */
static void add_holders(struct sim *sim, const struct ground *ground, size_t pool)
{
        const struct account *account = ground->pools.items[pool].account;

        for (size_t i = 0; sim_pool_state(sim, account->network->name).held < account->owned; i++)
                if (!add_holder(sim, account->network->name, pool, i))
                        return;
}

static int open_pool(struct sim *sim, const struct ground *ground, size_t index, struct error *error)
{
        const struct ground_pool *pool = &ground->pools.items[index];
        const char *name = pool->account->network->name;

        if (!sim_pool_state(sim, name).capacity)
                return error_set(error, ERROR_REFUSED,
                                 "%s overlaps another network, and so never gets its pool", name);
        add_holders(sim, ground, index);
        for (uint64_t i = 0; i < pool->leaked && sim_leak(sim, name, 0); i++)
                ;
        sim_pool_watch(sim, name);
        return 0;
}

int ground_open(const struct ground *ground, uint64_t seed, struct sim **ret_sim, struct error *error)
{
        const struct swarm *swarm = ground->swarm;
        char ingress[PREFIX_TEXT_SIZE] = "";
        char pool[PREFIX_TEXT_SIZE] = "";

        for_each_network (network, swarm)
                if (is_copied(network) && network->ingress) {
                        const struct ground_pool *looked_at = pool_of(ground, network);
                        prefix_format(looked_at ? looked_at->subnet : network->subnets.items[0].prefix,
                                      ingress);
                }
        if (swarm->pools.count)
                prefix_format(swarm->pools.items[0].prefix, pool);
        _cleanup_sim_ struct sim *sim = sim_open(&(struct sim_settings){
                .seed = seed,
                .api_version_minor = minor_of(swarm->engine_version),
                .pool = *pool ? pool : NULL,
                .pool_subnet_bits = swarm->pool_subnet_bits,
                .ingress_subnet = *ingress ? ingress : NULL,
                .jitter_ms = JITTER_MS,
        });
        sim_image_add(sim, HOLDER_IMAGE);
        add_nodes(sim, swarm);
        if (add_networks(sim, ground, error) < 0)
                return -1;
        sim_run_until(sim, sim_now_ms(sim) + SETTLE_MS);
        if (add_services(sim, ground, error) < 0)
                return -1;
        sim_run_until(sim, sim_now_ms(sim) + SETTLE_MS);
        for (size_t i = 0; i < ground->pools.count; i++)
                if (open_pool(sim, ground, i, error) < 0)
                        return -1;
        *ret_sim = steal_pointer(sim);
        return 0;
}
