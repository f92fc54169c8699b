#include "sim/forecast/workload.h"

#include "settings/yaml.h"
#include "sim/forecast/quantity.h"

#include <assert.h>

/*
 * Each section of the file has a table of its keys. They are read in the table's order, whatever the file's,
 * so that a service's networks can be told from its stack's.
 */

#define NAME_LENGTH_MAX   20 /* a service is STACK-NUMBER_NAME, and the engine takes 63 characters */
#define LIFE_MS_MAX       (3660 * QUANTITY_DAY_MS)
#define CONTAINER_MS_MAX  QUANTITY_DAY_MS
#define STARTS_MS         700
#define STOPS_MS          200
#define GRACE_MS          10000
#define NODE_RESTART_MS   (2 * 60 * 1000)
#define NODE_MS_MAX       (7 * QUANTITY_DAY_MS)
#define INTERRUPTIONS_MAX 24.0 /* a day */

struct reader {
        const struct yaml *yaml;
        struct workload *workload;
        struct workload_stack *stack; /* the one at hand */
        struct error *error;
};

struct key {
        const char *name;
        int (*read)(struct reader *reader, const struct yaml_node *node, void *object);
        bool needed;
};

void workload_done(struct workload *workload)
{
        for (size_t i = 0; i < workload->stacks.count; i++) {
                struct workload_stack *stack = &workload->stacks.items[i];
                for (size_t j = 0; j < stack->networks.count; j++)
                        free(stack->networks.items[j]);
                for (size_t j = 0; j < stack->services.count; j++) {
                        free(stack->services.items[j].name);
                        free(stack->services.items[j].networks.items);
                }
                free(stack->networks.items);
                free(stack->services.items);
                free(stack->name);
        }
        for (size_t i = 0; i < workload->shared.count; i++)
                free(workload->shared.items[i].name);
        free(workload->stacks.items);
        free(workload->shared.items);
        free(workload->path);
        *workload = (struct workload){0};
}

/* Sections */

static const struct key *key_of(const struct key *keys, const char *name)
{
        while (keys->name && !text_equal(keys->name, name))
                keys++;
        return keys->name ? keys : NULL;
}

static int refuse_unknown(const struct reader *reader, const struct yaml_node *node, const struct key *keys,
                          const char *what)
{
        _cleanup_buffer_ struct buffer known = {0};

        for (; keys->name; keys++)
                buffer_format(&known, "%s%s", known.length ? ", " : "", keys->name);
        return yaml_refuse(reader->yaml, node, reader->error, "%s has no key %s; it has %s", what, node->key,
                           buffer_text(&known));
}

static const struct yaml_node *member(const struct yaml_node *section, const char *name)
{
        for_each_yaml (node, section)
                if (text_equal(node->key, name))
                        return node;
        return NULL;
}

static int read_section(struct reader *reader, const struct yaml_node *section, const char *what,
                        const struct key *keys, void *object)
{
        if (yaml_require(reader->yaml, section, YAML_MAP, what, reader->error) < 0)
                return -1;
        for_each_yaml (node, section)
                if (!key_of(keys, node->key))
                        return refuse_unknown(reader, node, keys, what);
        for (; keys->name; keys++) {
                const struct yaml_node *node = member(section, keys->name);
                if (!node && keys->needed)
                        return yaml_refuse(reader->yaml, section, reader->error, "%s needs %s", what,
                                           keys->name);
                if (node && keys->read(reader, node, object) < 0)
                        return -1;
        }
        return 0;
}

/* One of several words; `words` ends with NULL. */
static int read_word(struct reader *reader, const struct yaml_node *node, const char *const *words,
                     int *ret_index)
{
        _cleanup_buffer_ struct buffer known = {0};

        if (yaml_require(reader->yaml, node, YAML_TEXT, node->key, reader->error) < 0)
                return -1;
        for (int i = 0; words[i]; i++) {
                if (text_equal(words[i], node->text)) {
                        *ret_index = i;
                        return 0;
                }
                buffer_format(&known, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
        }
        return yaml_refuse(reader->yaml, node, reader->error, "%s is %s, not %s", node->key,
                           buffer_text(&known), node->text);
}

static int require_name(struct reader *reader, const struct yaml_node *node, const char *name)
{
        size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

        if (length && !name[length] && length <= NAME_LENGTH_MAX)
                return 0;
        return yaml_refuse(reader->yaml, node, reader->error,
                           "%s is no name: up to %d letters, digits, - and _ make one", name,
                           NAME_LENGTH_MAX);
}

static int require_count(struct reader *reader, const struct yaml_node *node, size_t count, size_t max)
{
        if (count > 0 && count <= max)
                return 0;
        return yaml_refuse(reader->yaml, node, reader->error, "%s takes 1 to %zu items, not %zu", node->key,
                           max, count);
}

/* A service */

static size_t shared_index(struct workload *workload, const struct yaml_node *node)
{
        for (size_t i = 0; i < workload->shared.count; i++)
                if (text_equal(workload->shared.items[i].name, node->text))
                        return i;
        *list_add(&workload->shared) =
                (struct workload_shared){.name = text_copy(node->text), .line = node->line};
        return workload->shared.count - 1;
}

static struct workload_join join_of(struct reader *reader, const struct yaml_node *node)
{
        for (size_t i = 0; i < reader->stack->networks.count; i++)
                if (text_equal(reader->stack->networks.items[i], node->text))
                        return (struct workload_join){.own = true, .index = i};
        return (struct workload_join){.own = false, .index = shared_index(reader->workload, node)};
}

static int read_joins(struct reader *reader, const struct yaml_node *node, void *object)
{
        struct workload_service *service = object;

        if (yaml_require(reader->yaml, node, YAML_LIST, node->key, reader->error) < 0 ||
            require_count(reader, node, node->children.count, WORKLOAD_SERVICES_MAX) < 0)
                return -1;
        for_each_yaml (item, node) {
                if (yaml_require(reader->yaml, item, YAML_TEXT, "a network's name", reader->error) < 0)
                        return -1;
                struct workload_join join = join_of(reader, item);
                for (size_t i = 0; i < service->networks.count; i++)
                        if (service->networks.items[i].own == join.own &&
                            service->networks.items[i].index == join.index)
                                return yaml_refuse(reader->yaml, item, reader->error, "%s joins %s twice",
                                                   service->name, item->text);
                *list_add(&service->networks) = join;
        }
        return 0;
}

static int read_replicas(struct reader *reader, const struct yaml_node *node, void *object)
{
        struct workload_service *service = object;

        service->global = node->type == YAML_TEXT && text_equal(node->text, "global");
        if (service->global)
                return 0;
        return yaml_number(reader->yaml, node, "replicas (or global)", 1, WORKLOAD_REPLICAS_MAX,
                           &service->replicas, reader->error);
}

static int read_endpoint(struct reader *reader, const struct yaml_node *node, void *object)
{
        static const char *const words[] = {"vip", "dnsrr", NULL};
        int index;

        if (read_word(reader, node, words, &index) < 0)
                return -1;
        ((struct workload_service *)object)->dnsrr = index == 1;
        return 0;
}

static int read_order(struct reader *reader, const struct yaml_node *node, void *object)
{
        static const char *const words[] = {"stop-first", "start-first", NULL};
        int index;

        if (read_word(reader, node, words, &index) < 0)
                return -1;
        ((struct workload_service *)object)->start_first = index == 1;
        return 0;
}

static int read_ports(struct reader *reader, const struct yaml_node *node, void *object)
{
        static const char *const words[] = {"none", "ingress", "host", NULL};
        struct workload_service *service = object;
        int index;

        if (read_word(reader, node, words, &index) < 0)
                return -1;
        service->ports = (enum workload_ports)index;
        if (service->ports == PORTS_INGRESS && service->dnsrr)
                return yaml_refuse(reader->yaml, node, reader->error,
                                   "the engine refuses a port in ingress mode of a service with dnsrr");
        reader->workload->ingress |= service->ports == PORTS_INGRESS;
        return 0;
}

static int read_starts(struct reader *reader, const struct yaml_node *node, void *object)
{
        return quantity_read_duration(reader->yaml, node, 0, CONTAINER_MS_MAX,
                                      &((struct workload_service *)object)->starts_ms, reader->error);
}

static int read_stops(struct reader *reader, const struct yaml_node *node, void *object)
{
        return quantity_read_duration(reader->yaml, node, 0, CONTAINER_MS_MAX,
                                      &((struct workload_service *)object)->stops_ms, reader->error);
}

static int read_grace(struct reader *reader, const struct yaml_node *node, void *object)
{
        return quantity_read_duration(reader->yaml, node, 0, CONTAINER_MS_MAX,
                                      &((struct workload_service *)object)->grace_ms, reader->error);
}

static const struct key service_keys[] = {
        {"networks", read_joins, true},
        {"replicas", read_replicas, false},
        {"endpoint", read_endpoint, false},
        {"ports", read_ports, false},
        {"update_order", read_order, false},
        {"starts_in", read_starts, false},
        {"stops_in", read_stops, false},
        {"stop_grace", read_grace, false},
        {NULL, NULL, false},
};

/* A stack */

static int read_deploys(struct reader *reader, const struct yaml_node *node, void *object)
{
        struct workload_stack *stack = object;

        if (quantity_read_rate(reader->yaml, node, WORKLOAD_RATE_MAX, &stack->deploys_a_day, reader->error) <
            0)
                return -1;
        if (stack->deploys_a_day > 0)
                return 0;
        return yaml_refuse(reader->yaml, node, reader->error,
                           "%s is never deployed at %s; leave it out instead", stack->name, node->text);
}

static int read_arrivals(struct reader *reader, const struct yaml_node *node, void *object)
{
        static const char *const words[] = {"random", "even", NULL};
        int index;

        if (read_word(reader, node, words, &index) < 0)
                return -1;
        ((struct workload_stack *)object)->evenly = index == 1;
        return 0;
}

static int read_lives(struct reader *reader, const struct yaml_node *node, void *object)
{
        struct workload_stack *stack = object;

        return quantity_read_span(reader->yaml, node, LIFE_MS_MAX, &stack->lives_min_ms, &stack->lives_max_ms,
                                  reader->error);
}

static int read_removed(struct reader *reader, const struct yaml_node *node, void *object)
{
        static const char *const words[] = {[REMOVED_STACK_RM] = "stack rm",
                                            [REMOVED_GATE] = "gate",
                                            [REMOVED_IN_ORDER] = "in order",
                                            [REMOVED_NEVER] = "never",
                                            NULL};
        struct workload_stack *stack = object;
        int index;

        if (read_word(reader, node, words, &index) < 0)
                return -1;
        stack->removal = (enum workload_removal)index;
        return 0;
}

static int read_redeploys(struct reader *reader, const struct yaml_node *node, void *object)
{
        return quantity_read_rate(reader->yaml, node, WORKLOAD_RATE_MAX,
                                  &((struct workload_stack *)object)->redeploys_a_day, reader->error);
}

static int read_own_networks(struct reader *reader, const struct yaml_node *node, void *object)
{
        struct workload_stack *stack = object;

        if (yaml_require(reader->yaml, node, YAML_LIST, node->key, reader->error) < 0 ||
            require_count(reader, node, node->children.count, WORKLOAD_SERVICES_MAX) < 0)
                return -1;
        for_each_yaml (item, node) {
                if (yaml_require(reader->yaml, item, YAML_TEXT, "a network's name", reader->error) < 0 ||
                    require_name(reader, item, item->text) < 0)
                        return -1;
                for (size_t i = 0; i < stack->networks.count; i++)
                        if (text_equal(stack->networks.items[i], item->text))
                                return yaml_refuse(reader->yaml, item, reader->error,
                                                   "%s has the network %s twice", stack->name, item->text);
                *list_add(&stack->networks) = text_copy(item->text);
        }
        return 0;
}

static int read_service(struct reader *reader, const struct yaml_node *node, struct workload_service *service)
{
        _cleanup_free_ char *what = text_format("service %s", node->key);

        *service = (struct workload_service){.name = text_copy(node->key),
                                             .replicas = 1,
                                             .starts_ms = STARTS_MS,
                                             .stops_ms = STOPS_MS,
                                             .grace_ms = GRACE_MS};
        if (require_name(reader, node, node->key) < 0 ||
            read_section(reader, node, what, service_keys, service) < 0)
                return -1;
        service->shares = service->ports == PORTS_INGRESS;
        for (size_t i = 0; i < service->networks.count; i++)
                service->shares = service->shares || !service->networks.items[i].own;
        return 0;
}

static int read_services(struct reader *reader, const struct yaml_node *node, void *object)
{
        struct workload_stack *stack = object;

        if (yaml_require(reader->yaml, node, YAML_MAP, node->key, reader->error) < 0 ||
            require_count(reader, node, node->children.count, WORKLOAD_SERVICES_MAX) < 0)
                return -1;
        for_each_yaml (service, node)
                if (read_service(reader, service, list_add(&stack->services)) < 0)
                        return -1;
        return 0;
}

static const struct key stack_keys[] = {
        {"deploys", read_deploys, true},      {"arrivals", read_arrivals, false},
        {"lives", read_lives, false},         {"removed", read_removed, false},
        {"redeploys", read_redeploys, false}, {"networks", read_own_networks, false},
        {"services", read_services, true},    {NULL, NULL, false},
};

static bool joins_own(const struct workload_service *service, size_t network)
{
        for (size_t i = 0; i < service->networks.count; i++)
                if (service->networks.items[i].own && service->networks.items[i].index == network)
                        return true;
        return false;
}

static bool is_joined(const struct workload_stack *stack, size_t network)
{
        for (size_t i = 0; i < stack->services.count; i++)
                if (joins_own(&stack->services.items[i], network))
                        return true;
        return false;
}

bool workload_network_counts(const struct workload_stack *stack, size_t network)
{
        for (size_t i = 0; i < stack->services.count; i++)
                if (stack->services.items[i].shares && joins_own(&stack->services.items[i], network))
                        return true;
        return false;
}

/* On average; 0 of those that are never removed. */
static double life_days(const struct workload_stack *stack)
{
        return (double)(stack->lives_min_ms + stack->lives_max_ms) / 2 / (double)QUANTITY_DAY_MS;
}

/* What each line allows, and all of them together do not. */
static int judge_stack(struct reader *reader, const struct yaml_node *node,
                       const struct workload_stack *stack)
{
        double there = stack->deploys_a_day * life_days(stack);

        for (size_t i = 0; i < stack->networks.count; i++)
                if (!is_joined(stack, i))
                        return yaml_refuse(reader->yaml, node, reader->error, "no service of %s joins its %s",
                                           stack->name, stack->networks.items[i]);
        if (stack->removal != REMOVED_NEVER && !stack->lives_max_ms)
                return yaml_refuse(reader->yaml, node, reader->error,
                                   "%s needs lives: how long it is there until it is removed", stack->name);
        if (stack->removal == REMOVED_NEVER && stack->lives_max_ms)
                return yaml_refuse(reader->yaml, node, reader->error,
                                   "%s is never removed, and so lives says nothing", stack->name);
        if (there > WORKLOAD_LIVE_MAX)
                return yaml_refuse(reader->yaml, node, reader->error,
                                   "%.0f stacks of %s would be there at once; %.0f are the most", there,
                                   stack->name, WORKLOAD_LIVE_MAX);
        return 0;
}

static int read_stack(struct reader *reader, const struct yaml_node *node, struct workload_stack *stack)
{
        _cleanup_free_ char *what = text_format("stack %s", node->key);

        stack->name = text_copy(node->key);
        reader->stack = stack;
        if (require_name(reader, node, node->key) < 0 ||
            read_section(reader, node, what, stack_keys, stack) < 0)
                return -1;
        return judge_stack(reader, node, stack);
}

/* The whole */

static int read_stacks(struct reader *reader, const struct yaml_node *node, void *object)
{
        struct workload *workload = object;

        if (yaml_require(reader->yaml, node, YAML_MAP, node->key, reader->error) < 0 ||
            require_count(reader, node, node->children.count, WORKLOAD_STACKS_MAX) < 0)
                return -1;
        for_each_yaml (stack, node)
                if (read_stack(reader, stack, list_add(&workload->stacks)) < 0)
                        return -1;
        return 0;
}

static int read_interruptions(struct reader *reader, const struct yaml_node *node, double *a_day)
{
        return quantity_read_rate(reader->yaml, node, INTERRUPTIONS_MAX, a_day, reader->error);
}

static int read_leader_changes(struct reader *reader, const struct yaml_node *node, void *object)
{
        return read_interruptions(reader, node, &((struct workload *)object)->leader_changes_a_day);
}

static int read_engine_restarts(struct reader *reader, const struct yaml_node *node, void *object)
{
        return read_interruptions(reader, node, &((struct workload *)object)->engine_restarts_a_day);
}

static int read_node_restarts(struct reader *reader, const struct yaml_node *node, void *object)
{
        return read_interruptions(reader, node, &((struct workload *)object)->node_restarts_a_day);
}

static int read_node_restart_takes(struct reader *reader, const struct yaml_node *node, void *object)
{
        return quantity_read_duration(reader->yaml, node, 1000, NODE_MS_MAX,
                                      &((struct workload *)object)->node_restart_ms, reader->error);
}

static const struct key workload_keys[] = {
        {"stacks", read_stacks, true},
        {"leader_changes", read_leader_changes, false},
        {"engine_restarts", read_engine_restarts, false},
        {"node_restarts", read_node_restarts, false},
        {"node_restart_takes", read_node_restart_takes, false},
        {NULL, NULL, false},
};

static int read_workload(const struct yaml *yaml, struct workload *ret_workload, struct error *error)
{
        _cleanup_workload_ struct workload workload = {.path = text_copy(yaml->origin),
                                                       .node_restart_ms = NODE_RESTART_MS};
        struct reader reader = {.yaml = yaml, .workload = &workload, .error = error};

        if (read_section(&reader, &yaml->root, "a workload", workload_keys, &workload) < 0)
                return -1;
        *ret_workload = workload;
        workload = (struct workload){0};
        return 0;
}

int workload_parse(const char *bytes, size_t length, const char *origin, struct workload *ret_workload,
                   struct error *error)
{
        _cleanup_yaml_ struct yaml yaml = {0};

        if (yaml_parse(bytes, length, origin, &yaml, error) < 0)
                return -1;
        return read_workload(&yaml, ret_workload, error);
}

int workload_read(const char *path, struct workload *ret_workload, struct error *error)
{
        _cleanup_yaml_ struct yaml yaml = {0};

        if (yaml_read(path, WORKLOAD_BYTES_MAX, &yaml, error) < 0)
                return -1;
        return read_workload(&yaml, ret_workload, error);
}

/* Against a swarm */

static int refuse_shared(const struct workload *workload, const struct workload_shared *shared,
                         struct error *error, const char *why)
{
        return error_set(error, ERROR_USAGE, "%s:%u: %s", workload->path, shared->line, why);
}

static bool has_one_pool(const struct network *network)
{
        return network->subnets.count == 1 && !network->subnets.items[0].ipv6 &&
               network->subnets.items[0].gateway;
}

static int check_shared(const struct workload *workload, const struct workload_shared *shared,
                        const struct swarm *swarm, struct error *error)
{
        _cleanup_error_ struct error unknown = {0};
        _cleanup_free_ char *why = NULL;
        struct network *network;

        if (swarm_find_network(swarm, shared->name, &network, &unknown) < 0)
                why = text_format("%s joins neither a network of its stack nor one of the snapshot: %s",
                                  shared->name, unknown.sentence);
        else if (!text_equal(network->name, shared->name))
                why = text_format("a network is joined by its name, which is %s", network->name);
        else if (!network_is_overlay(network) || network->ingress)
                why = text_format("%s is no overlay that services can join", shared->name);
        else if (!has_one_pool(network))
                why = text_format("%s has not exactly one IPv4 pool of its own, and only that is reckoned",
                                  shared->name);
        return why ? refuse_shared(workload, shared, error, why) : 0;
}

int workload_check(const struct workload *workload, const struct swarm *swarm, struct error *error)
{
        bool ingress = false;

        for (size_t i = 0; i < workload->shared.count; i++)
                if (check_shared(workload, &workload->shared.items[i], swarm, error) < 0)
                        return -1;
        for_each_network (network, swarm)
                ingress =
                        ingress || (network_is_overlay(network) && network->ingress && has_one_pool(network));
        if (workload->ingress && !ingress)
                return error_set(error, ERROR_USAGE,
                                 "%s publishes ports in ingress mode, and the snapshot has no ingress "
                                 "network with one "
                                 "IPv4 pool",
                                 workload->path);
        return 0;
}

double workload_deploys_a_day(const struct workload *workload)
{
        double sum = 0;

        for (size_t i = 0; i < workload->stacks.count; i++)
                sum += workload->stacks.items[i].deploys_a_day;
        return sum;
}

double workload_redeploys(const struct workload *workload, double days)
{
        double sum = 0;

        for (size_t i = 0; i < workload->stacks.count; i++) {
                const struct workload_stack *stack = &workload->stacks.items[i];
                double life = stack->removal == REMOVED_NEVER ? days : MIN(life_days(stack), days);
                sum += stack->redeploys_a_day * stack->deploys_a_day * life * (days - life / 2);
        }
        return sum;
}
