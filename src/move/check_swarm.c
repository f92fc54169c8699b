#include "move/check_inside.h"

#include "move/container.h"
#include "move/look.h"
#include "move/plan_service.h"
#include "move/way.h"

#include <inttypes.h>

/* The points that are asked of the swarm: NET, its subnet, and the services that are moved. */

/* What somebody else changed in the swarm since. */
static void add_change(struct checking *c, char *subject, char *claim, char *found)
{
        *list_add(&c->points.items) = (struct check_point){CHECK_FAIL, subject, claim, found, true};
}

int check_swarm(struct checking *c, struct error *error)
{
        const char *id = c->swarm.cluster_id ? c->swarm.cluster_id : "unknown";

        if (!text_equal(id, c->plan->cluster_id))
                return error_set(error, ERROR_REFUSED,
                                 "the plan is for another swarm (%s, and this one is %s)",
                                 c->plan->cluster_id, id);
        check_add(c, CHECK_PASS, text_copy("swarm"), text_copy(c->plan->cluster_id), text_copy(id));
        return 0;
}

int check_network(struct checking *c, struct error *error)
{
        const char *found = c->move.net == NET_OLD   ? c->plan->old_subnet
                            : c->move.net == NET_NEW ? c->plan->new_subnet
                                                     : "absent, in the middle of a move";

        if (c->move.net == NET_ABSENT && !c->move.hop_id)
                return error_set(error, ERROR_REFUSED,
                                 "there is no network %s, and no hop network of a move of it",
                                 c->plan->network);
        check_add(c, CHECK_PASS, text_format("network %s", c->plan->network),
                  text_format("%s or %s", c->plan->old_subnet, c->plan->new_subnet), text_copy(found));
        return 0;
}

/* The hop is the lock of a move: this one's, or another's. */
int check_hop(struct checking *c, struct error *error)
{
        const struct step lock = {STEP_HOP_CREATE, 0};
        _cleanup_free_ char *waiting = NULL;
        _cleanup_error_ struct error told = {0};
        enum level level;

        if (step_look(&c->move, &lock, &level, &waiting, &told) < 0 && told.kind != ERROR_REFUSED)
                return error_move(error, &told);
        check_add(c, told.sentence ? CHECK_FAIL : CHECK_PASS, text_format("network %s", c->plan->hop),
                  text_copy("is this move's, and nobody runs it"),
                  text_copy(told.sentence ? told.sentence : "so"));
        return 0;
}

struct reserved {
        LIST(struct reserved_range) ranges;
};

static void reserved_done(struct reserved *reserved)
{
        free(reserved->ranges.items);
}

static int check_clear(struct checking *c, const char *subnet, const char *what, struct error *error)
{
        _cleanup_occupied_ struct occupied occupied = {0};
        struct prefix prefix;

        if (!prefix_told(subnet, &prefix))
                return error_set(error, ERROR_REFUSED, "the plan's subnet %s is none", subnet);
        _cleanup_(reserved_done) struct reserved reserved = {0};
        for (size_t i = 0; i < c->plan->reserved.count; i++)
                *list_add(&reserved.ranges) = (struct reserved_range){c->plan->reserved.items[i], "the plan"};
        if (occupied_gather(&c->swarm, reserved.ranges.items, reserved.ranges.count, c->move.net_id,
                            &occupied, error) < 0)
                return -1;
        const struct occupied_range *range = occupied_find(&occupied, prefix);
        char taken[PREFIX_TEXT_SIZE] = "";
        if (range)
                prefix_format(range->prefix, taken);
        char *found = range ? text_format("is taken since: %s has %s", range->owner, taken)
                            : text_format("clear of the %zu ranges known", occupied.ranges.count);
        check_add(c, range ? CHECK_FAIL : CHECK_PASS, text_format("subnet %s for %s", subnet, what),
                  text_copy("clear of every overlay, bridge, route, address, resolver and reserved range"),
                  found);
        return 0;
}

int check_subnets(struct checking *c, struct error *error)
{
        const char *wanted = move_wanted_subnet(&c->move);

        if (!move_net_at_goal(&c->move) && check_clear(c, wanted, c->plan->network, error) < 0)
                return -1;
        if (!c->move.hop_id && check_clear(c, c->plan->hop_subnet, c->plan->hop, error) < 0)
                return -1;
        return 0;
}

/* Nothing else may have come to NET, whose addresses and names would be lost with it. */
int check_newcomers(struct checking *c, _unused_ struct error *error)
{
        size_t before = c->points.items.count;

        for_each_service (service, &c->swarm)
                if (move_has_service(&c->move, service) && !plan_has_service(c->plan, service->id))
                        add_change(c, text_format("service %s", service->name),
                                   text_format("not on %s", c->plan->network),
                                   text_format("joined %s since", c->plan->network));
        if (c->points.items.count == before)
                check_add(c, CHECK_PASS, text_format("other services on %s", c->plan->network),
                          text_copy("none"), text_copy("none"));
        return 0;
}

static int check_containers_of(struct checking *c, const char *network_id, struct error *error)
{
        const struct network *network;
        _cleanup_error_ struct error elsewhere = {0};

        if (containers_look(c->move.engine, &c->swarm, network_id, &network, error) < 0)
                return -1;
        if (!network)
                return 0;
        for (size_t i = 0; i < network->endpoints.count; i++)
                if (container_is_new(&c->swarm, c->plan, &network->endpoints.items[i]))
                        add_change(c, text_format("container %s", network->endpoints.items[i].name),
                                   text_format("not on %s", network->name),
                                   text_format("joined %s since", network->name));
        if (containers_refuse_elsewhere(&c->swarm, network, &elsewhere) < 0)
                check_add(c, CHECK_FAIL, text_format("containers on %s", network->name),
                          text_copy("none on other nodes"), text_copy(elsewhere.sentence));
        return 0;
}

/* A container that nobody moves would keep a network from being removed. */
int check_containers(struct checking *c, struct error *error)
{
        size_t before = c->points.items.count;

        if (move_leaving(&c->move) && check_containers_of(c, c->move.net_id, error) < 0)
                return -1;
        if (c->move.hop_id && check_containers_of(c, c->move.hop_id, error) < 0)
                return -1;
        if (c->points.items.count == before)
                check_add(c, CHECK_PASS, text_format("other containers on %s", c->plan->network),
                          text_copy("none"), text_copy("none"));
        return 0;
}

/* What is found of one planned service: NULL when its spec is as planned. Owned by the caller. */
static int find_change(struct checking *c, const struct plan_service *planned, char **ret_found,
                       struct error *error)
{
        const struct service *service = swarm_service_by_id(&c->swarm, planned->id);
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_free_ char *difference = NULL;

        *ret_found = NULL;
        if (!service || !move_has_service(&c->move, service)) {
                *ret_found = text_copy(service ? "was taken off the network since" : "was removed since");
                return 0;
        }
        if (look_service(c->move.engine, planned->id, &body, error) < 0 ||
            plan_service_difference(&c->move, planned, &body, &difference, error) < 0)
                return error_while(error, "checking service %s", planned->name);
        if (difference)
                *ret_found = text_format("was changed by somebody else since it was planned: %s", difference);
        return 0;
}

int check_specs(struct checking *c, struct error *error)
{
        for_each_planned (planned, c->plan) {
                char *found;
                if (find_change(c, planned, &found, error) < 0)
                        return -1;
                char *subject = text_format("service %s", planned->name);
                char *claim = text_copy("its spec as planned");
                if (found)
                        add_change(c, subject, claim, found);
                else
                        check_add(c, CHECK_PASS, subject, claim, text_copy("unchanged"));
        }
        return 0;
}

int check_updates(struct checking *c, _unused_ struct error *error)
{
        for_each_planned (planned, c->plan) {
                const struct service *service = swarm_service_by_id(&c->swarm, planned->id);
                bool resumed = pause_is_recorded(&c->move, planned->id);
                if (service && text_equal(service->update_state, "updating"))
                        check_add(c, resumed ? CHECK_UNKNOWN : CHECK_FAIL,
                                  text_format("service %s", service->name), text_copy("no update going on"),
                                  text_copy("is being updated; let it finish first"));
        }
        return 0;
}

static void count_tasks(const struct swarm *swarm, const char *service_id, uint64_t *ret_running,
                        uint64_t *ret_wanted)
{
        *ret_running = *ret_wanted = 0;
        for_each_task (task, swarm)
                if (text_equal(task->service_id, service_id) && task->desired == TASK_RUNNING) {
                        (*ret_wanted)++;
                        *ret_running += task->state == TASK_RUNNING;
                }
}

int check_running(struct checking *c, _unused_ struct error *error)
{
        for_each_planned (planned, c->plan) {
                const struct service *service = swarm_service_by_id(&c->swarm, planned->id);
                uint64_t running;
                uint64_t wanted;
                if (!service || !planned->complete)
                        continue;
                count_tasks(&c->swarm, planned->id, &running, &wanted);
                wanted = service->mode == SERVICE_REPLICATED ? service->replicas : wanted;
                bool resumed = pause_is_recorded(&c->move, planned->id);
                check_add(c,
                          running >= wanted ? CHECK_PASS
                          : resumed         ? CHECK_UNKNOWN
                                            : CHECK_FAIL,
                          text_format("service %s", planned->name), text_copy("runs completely"),
                          text_format("runs %" PRIu64 " of %" PRIu64 " tasks", running, wanted));
        }
        return 0;
}

static enum check_result judge_room(struct interval available, uint64_t needed)
{
        if (available.max < needed)
                return CHECK_FAIL;
        return available.min < needed ? CHECK_UNKNOWN : CHECK_PASS;
}

static void add_room(struct checking *c, const struct service *service, const struct account *account)
{
        uint64_t needed = way_addresses_needed(service);

        check_add(c, judge_room(account->free, needed),
                  text_format("room for %s on %s", service->name, account->network->name),
                  text_format("%" PRIu64 " free for a start-first update", needed),
                  text_format("%" PRIu64 " to %" PRIu64 " free", account->free.min, account->free.max));
}

/* A start-first update needs more addresses on every other overlay of its service. */
int check_room(struct checking *c, _unused_ struct error *error)
{
        for_each_planned (planned, c->plan) {
                const struct service *service = swarm_service_by_id(&c->swarm, planned->id);
                if (!service || planned->way != WAY_START_FIRST)
                        continue;
                for_each_attachment (attachment, service) {
                        const struct account *account =
                                account_of_network(&c->accounts, attachment->network_id);
                        if (account && account->counted &&
                            !text_equal(attachment->network_id, c->move.net_id))
                                add_room(c, service, account);
                }
        }
        return 0;
}

/* Services that are not to be touched: there, and not on NET. */
int check_bystanders(struct checking *c, _unused_ struct error *error)
{
        struct buffer gone = {0};

        for (size_t i = 0; i < c->plan->bystanders.count; i++) {
                const struct service *found = NULL;
                for_each_service (service, &c->swarm)
                        if (text_equal(service->name, c->plan->bystanders.items[i]))
                                found = service;
                if (!found)
                        buffer_format(&gone, "%s%s", gone.length ? ", " : "", c->plan->bystanders.items[i]);
        }
        check_add(c, gone.length ? CHECK_UNKNOWN : CHECK_PASS, text_copy("services not on the network"),
                  text_format("%zu, untouched", c->plan->bystanders.count),
                  gone.length ? text_format("no longer there: %s", buffer_text(&gone))
                              : text_copy("all there"));
        buffer_done(&gone);
        return 0;
}

/* Who passes requests on moves last: until then it reaches those on either network. */
int check_order(struct checking *c, _unused_ struct error *error)
{
        const char *early = NULL;
        bool others = false;

        for (size_t i = c->plan->services.count; i-- > 0;) {
                const struct plan_service *planned = &c->plan->services.items[i];
                others = others || !planned->edge;
                if (planned->edge && others)
                        early = planned->name;
        }
        check_add(c, early ? CHECK_FAIL : CHECK_PASS, text_copy("order"), text_copy("edges move last"),
                  early ? text_format("%s is an edge and would move before others", early) : text_copy("so"));
        return 0;
}

int check_nodes(struct checking *c, _unused_ struct error *error)
{
        for_each_node (node, &c->swarm)
                if (!text_equal(node->id, c->swarm.local_node_id))
                        check_add(c, CHECK_UNKNOWN, text_format("node %s", node->name),
                                  text_copy("its routes, addresses and bridges clear of the subnet"),
                                  text_copy("can't be asked from here"));
        return 0;
}

/* What a step's look says, as a point. */
static int check_step(struct checking *c, const struct step *step, char *subject, const char *claim,
                      struct error *error)
{
        _cleanup_free_ char *waiting = NULL;
        _cleanup_error_ struct error told = {0};
        enum level level;

        if (step_look(&c->move, step, &level, &waiting, &told) < 0) {
                bool verdict = told.kind == ERROR_CONFLICT || told.kind == ERROR_FAILED;
                check_add(c, CHECK_FAIL, subject, text_copy(claim), text_copy(told.sentence));
                return verdict ? 0 : error_move(error, &told);
        }
        char *found = level == LEVEL_DONE ? text_copy("so")
                                          : text_format("not yet: waiting for %s", waiting ? waiting : "it");
        check_add(c, level == LEVEL_DONE ? CHECK_PASS : CHECK_FAIL, subject, text_copy(claim), found);
        return 0;
}

/*
 * A road may have deployed the service anew, in words of its own: then its spec is the operator's again, and
 * what is left to see is that it is on NET and runs.
 */
static bool check_redeployed(struct checking *c, const struct plan_service *planned)
{
        const struct service *service = swarm_service_by_id(&c->swarm, planned->id);
        _cleanup_free_ char *found = NULL;
        uint64_t running;
        uint64_t wanted;

        if (!c->plan->roads.count || !service || !c->move.net_id || !service_on(service, c->move.net_id) ||
            find_change(c, planned, &found, NULL) < 0 || !found)
                return false;
        count_tasks(&c->swarm, planned->id, &running, &wanted);
        wanted = service->mode == SERVICE_REPLICATED ? service->replicas : wanted;
        check_add(c, running >= wanted || !planned->complete ? CHECK_UNKNOWN : CHECK_FAIL,
                  text_format("service %s", planned->name), text_copy("settled on the network"),
                  text_format("deployed anew since, and runs %" PRIu64 " of %" PRIu64 " tasks", running,
                              wanted));
        return true;
}

int check_settled(struct checking *c, struct error *error)
{
        for (size_t i = 0; i < c->plan->services.count; i++) {
                const struct plan_service *planned = &c->plan->services.items[i];
                const struct step step = {STEP_SERVICE_TO_NET, i};
                if (!check_redeployed(c, planned) &&
                    check_step(c, &step, text_format("service %s", planned->name),
                               "settled on the network, its spec as planned", error) < 0)
                        return -1;
        }
        return 0;
}

int check_left_over(struct checking *c, struct error *error)
{
        const struct step step = {STEP_ANCHOR_REMOVE, 0};

        check_add(c, c->move.net_allocated ? CHECK_PASS : CHECK_FAIL,
                  text_format("network %s", c->plan->network), text_copy("has its pool"),
                  text_copy(c->move.net_allocated ? "so" : "was never allocated"));
        return check_step(c, &step, text_copy("this node"), "nothing of headroom left on it", error);
}
