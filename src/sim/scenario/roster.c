#include "sim/scenario/roster.h"
#include "sim/scenario/field.h"
#include "sim/sim.h"

#include "base/random.h"

#include <ctype.h>
#include <stdio.h>

void roster_done(struct roster *roster)
{
        for (size_t i = 0; i < roster->networks.count; i++)
                free(roster->networks.items[i].name);
        for (size_t i = 0; i < roster->services.count; i++)
                free(roster->services.items[i].name);
        free(roster->networks.items);
        free(roster->services.items);
        free(roster->network_names.items.items);
        free(roster->service_names.items.items);
        scenario_texts_done(&roster->texts);
        *roster = (struct roster){0};
}

/* Names */

static int compare(const void *a, const void *b)
{
        const struct roster_name *left = a;
        const struct roster_name *right = b;
        int order = strcasecmp(left->name, right->name);

        return order ? order : (left->index > right->index) - (left->index < right->index);
}

static int compare_name(const void *a, const void *b)
{
        return strcasecmp(((const struct roster_name *)a)->name, ((const struct roster_name *)b)->name);
}

static void add_name(struct roster_names *names, const char *name, size_t index)
{
        *list_add(&names->items) = (struct roster_name){name, index};
}

static size_t find(const struct roster_names *names, const char *name)
{
        const struct roster_name wanted = {.name = name};
        const struct roster_name *found = names->items.count
                                                  ? bsearch(&wanted, names->items.items, names->items.count,
                                                            sizeof(wanted), compare_name)
                                                  : NULL;

        return found && text_equal(found->name, name) ? found->index : ROSTER_NONE;
}

/* The second of two with one name; ROSTER_NONE when all differ. */
static size_t sort(struct roster_names *names, size_t *ret_first)
{
        if (names->items.count)
                qsort(names->items.items, names->items.count, sizeof(*names->items.items), compare);
        for (size_t i = 1; i < names->items.count; i++)
                if (compare_name(&names->items.items[i - 1], &names->items.items[i]) == 0) {
                        *ret_first = names->items.items[i - 1].index;
                        return names->items.items[i].index;
                }
        return ROSTER_NONE;
}

static int refuse_twice(const struct scenario *scenario, const char *kind, const char *name,
                        unsigned first_line, unsigned line, struct error *error)
{
        if (!first_line)
                return scenario_refuse(scenario, line, error, "a %s named %s is there without being named",
                                       kind, name);
        return scenario_refuse(scenario, line, error,
                               "a second %s is named %s, after line %u (the swarm tells no case apart)", kind,
                               name, first_line);
}

static int sort_names(const struct scenario *scenario, struct roster *roster, struct error *error)
{
        size_t first = 0;
        size_t second;

        for (size_t i = 0; i < roster->networks.count; i++)
                add_name(&roster->network_names, roster->networks.items[i].name, i);
        for (size_t i = 0; i < roster->services.count; i++)
                add_name(&roster->service_names, roster->services.items[i].name, i);
        second = sort(&roster->network_names, &first);
        if (second != ROSTER_NONE)
                return refuse_twice(scenario, "network", roster->networks.items[second].name,
                                    roster->networks.items[first].line, roster->networks.items[second].line,
                                    error);
        second = sort(&roster->service_names, &first);
        if (second != ROSTER_NONE)
                return refuse_twice(scenario, "service", roster->services.items[second].name,
                                    roster->services.items[first].line, roster->services.items[second].line,
                                    error);
        return 0;
}

size_t roster_network_find(const struct roster *roster, const char *stack, const char *name)
{
        _cleanup_free_ char *own = stack ? text_format("%s_%s", stack, name) : NULL;
        size_t found = own ? find(&roster->network_names, own) : ROSTER_NONE;

        return found == ROSTER_NONE ? find(&roster->network_names, name) : found;
}

size_t roster_service_find(const struct roster *roster, const char *name)
{
        return find(&roster->service_names, name);
}

static const char *nearest(const struct roster_names *names, const char *name)
{
        const char **words = memory_new(names->items.count + 1, sizeof(*words));

        for (size_t i = 0; i < names->items.count; i++)
                words[i] = names->items.items[i].name;
        const char *word = word_nearest(name, words, names->items.count);
        free(words);
        return word;
}

const char *roster_network_nearest(const struct roster *roster, const char *name)
{
        return nearest(&roster->network_names, name);
}

const char *roster_service_nearest(const struct roster *roster, const char *name)
{
        return nearest(&roster->service_names, name);
}

/* What stands in the file */

static char *full_name(const char *stack, const char *name)
{
        return stack ? text_format("%s_%s", stack, name) : text_copy(name);
}

static void add_network(struct roster *roster, unsigned line, char *name, const char *stack,
                        const struct scenario_network *what)
{
        static const struct scenario_network any;

        *list_add(&roster->networks) = (struct roster_network){line, name, stack, what ? what : &any};
}

static void add_said_networks(const struct scenario *scenario, struct roster *roster)
{
        add_network(roster, scenario->ingress.line, text_copy("ingress"), NULL, &scenario->ingress);
        for (size_t i = 0; i < scenario->networks.count; i++) {
                const struct scenario_network *network = &scenario->networks.items[i];
                add_network(roster, network->line, full_name(network->stack, network->name), network->stack,
                            network);
        }
}

static void add_said_services(const struct scenario *scenario, struct roster *roster)
{
        for (size_t i = 0; i < scenario->services.count; i++) {
                const struct scenario_service *service = &scenario->services.items[i];
                *list_add(&roster->services) =
                        (struct roster_service){.line = service->line,
                                                .name = full_name(service->stack, service->name),
                                                .short_name = service->name,
                                                .stack = service->stack,
                                                .sketch = service->sketch,
                                                .replicas = service->sketch->replicas,
                                                .network = ROSTER_NONE};
        }
}

/* A stack's service that names no network is on its stack's own. */
static void join_defaults(struct roster *roster)
{
        for (size_t i = 0; i < roster->services.count; i++) {
                struct roster_service *service = &roster->services.items[i];
                if (service->stack && !service->by_rule && !service->sketch->networks.items.count &&
                    !service->sketch->spec)
                        service->network = roster_network_find(roster, service->stack, "default");
        }
}

/* What rules make */

static char *keep(struct roster *roster, char *text)
{
        *list_add(&roster->texts.items) = text;
        return text;
}

static char *numbered(const char *prefix, uint64_t number, uint64_t of)
{
        int digits = snprintf(NULL, 0, "%llu", (unsigned long long)of);

        return text_format("%s-%0*llu", prefix, digits, (unsigned long long)number);
}

static size_t add_rule_networks(const struct scenario_rule *rule, struct roster *roster)
{
        _cleanup_free_ char *prefix = text_format("%s-net", rule->prefix);
        size_t first = roster->networks.count;

        for (uint64_t i = 0; i < rule->networks; i++)
                add_network(roster, rule->line, numbered(prefix, i + 1, rule->networks), NULL, NULL);
        return first;
}

static void name_in_stack(const struct scenario_rule *rule, uint64_t i, struct roster *roster,
                          struct roster_service *service)
{
        uint64_t number = i / rule->per_stack + 1;
        uint64_t stacks = (rule->services + rule->per_stack - 1) / rule->per_stack;
        unsigned long long place = i % rule->per_stack + 1;

        if (i % rule->per_stack == 0) {
                char *stack = keep(roster, numbered(rule->prefix, number, stacks));
                add_network(roster, rule->line, text_format("%s_default", stack), stack, NULL);
        }
        service->stack = roster->texts.items.items[roster->texts.items.count - 1];
        service->name = text_format("%s_s%llu", service->stack, place);
        service->short_name = service->name + strlen(service->stack) + 1;
        service->network = roster->networks.count - 1;
}

static uint64_t tasks_of_rule(const struct scenario_rule *rule, struct random_stream *random)
{
        if (!rule->tasks_min)
                return rule->sketch->replicas;
        return rule->tasks_min + random_below(random, rule->tasks_max - rule->tasks_min + 1);
}

static void add_by_rule(const struct scenario_rule *rule, struct random_stream *random, struct roster *roster)
{
        size_t first = add_rule_networks(rule, roster);

        for (uint64_t i = 0; i < rule->services; i++) {
                struct roster_service service = {.line = rule->line,
                                                 .sketch = rule->sketch,
                                                 .replicas = tasks_of_rule(rule, random),
                                                 .network = ROSTER_NONE,
                                                 .by_rule = true};
                if (rule->per_stack) {
                        name_in_stack(rule, i, roster, &service);
                } else {
                        service.name = numbered(rule->prefix, i + 1, rule->services);
                        service.short_name = service.name;
                }
                if (rule->networks)
                        service.network = first + i % rule->networks;
                *list_add(&roster->services) = service;
        }
}

/* Together */

static int require_few(const struct scenario *scenario, struct error *error)
{
        uint64_t services = scenario->services.count;
        uint64_t networks = scenario->networks.count;

        for (size_t i = 0; i < scenario->rules.count; i++) {
                const struct scenario_rule *rule = &scenario->rules.items[i];
                services += rule->services;
                networks += rule->networks;
                networks += rule->per_stack ? (rule->services + rule->per_stack - 1) / rule->per_stack : 0;
                if (services > SCENARIO_SERVICES_MAX)
                        return scenario_refuse(scenario, rule->line, error,
                                               "with this there are %llu services; %d is the limit",
                                               (unsigned long long)services, SCENARIO_SERVICES_MAX);
                if (networks > SCENARIO_NETWORKS_MAX)
                        return scenario_refuse(scenario, rule->line, error,
                                               "with this there are %llu networks; %d is the limit",
                                               (unsigned long long)networks, SCENARIO_NETWORKS_MAX);
        }
        return 0;
}

/* As the swarm takes them, which is stricter than engines are with what is their own. */
static int require_swarm_name(const struct scenario *scenario, unsigned line, const char *kind,
                              const char *name, struct error *error)
{
        size_t length = strlen(name);

        if (length <= SIM_NAME_MAX && !strchr(name, '.') && isalnum((unsigned char)name[length - 1]))
                return 0;
        return scenario_refuse(scenario, line, error,
                               "%s is no name for %s: no dot, a letter or digit last, and %d characters at "
                               "most with its stack's",
                               name, kind, SIM_NAME_MAX);
}

static int require_swarm_names(const struct scenario *scenario, const struct roster *roster,
                               struct error *error)
{
        for (size_t i = 0; i < roster->networks.count; i++) {
                const struct roster_network *network = &roster->networks.items[i];
                if (network->what->driver != DRIVER_BRIDGE &&
                    require_swarm_name(scenario, network->line, "an overlay", network->name, error) < 0)
                        return -1;
        }
        for (size_t i = 0; i < roster->services.count; i++) {
                const struct roster_service *service = &roster->services.items[i];
                if (require_swarm_name(scenario, service->line, "a service", service->name, error) < 0)
                        return -1;
        }
        return 0;
}

int roster_make(const struct scenario *scenario, uint64_t seed, struct roster *ret_roster,
                struct error *error)
{
        struct random_stream random = {.state = (seed << 1) | 1};

        *ret_roster = (struct roster){0};
        if (require_few(scenario, error) < 0)
                return -1;
        add_said_networks(scenario, ret_roster);
        add_said_services(scenario, ret_roster);
        for (size_t i = 0; i < scenario->rules.count; i++)
                add_by_rule(&scenario->rules.items[i], &random, ret_roster);
        if (sort_names(scenario, ret_roster, error) == 0 &&
            require_swarm_names(scenario, ret_roster, error) == 0) {
                join_defaults(ret_roster);
                return 0;
        }
        roster_done(ret_roster);
        return -1;
}

/* What a service asks for */

size_t roster_join_count(const struct roster_service *service)
{
        return service->sketch->networks.items.count + (service->network != ROSTER_NONE);
}

size_t roster_join(const struct roster *roster, const struct roster_service *service, size_t index)
{
        if (index == service->sketch->networks.items.count)
                return service->network;
        return roster_network_find(roster, service->stack,
                                   service->sketch->networks.items.items[index].network);
}

uint64_t roster_tasks(const struct roster_service *service, uint64_t nodes)
{
        const struct scenario_sketch *sketch = service->sketch;

        return sketch->global ? nodes
               : sketch->job  ? MIN(sketch->job, MAX(sketch->concurrent, 1U))
                              : service->replicas;
}
