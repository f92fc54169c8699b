#include "base/clock.h"
#include "base/random.h"
#include "host/host.h"
#include "move/container.h"
#include "move/look.h"
#include "move/move.h"
#include "move/page/plan_pages.h"
#include "move/plan.h"
#include "move/plan_configure.h"
#include "move/plan_service.h"
#include "move/way.h"
#include "pool/account.h"

#include <stdio.h>
#include <strings.h>

/*
 * From a survey to a plan, one thing after the other: is this a network that can be moved; which subnet; who
 * is on it and how does each move; which requests make the new network and the hop. Nothing is written to the
 * swarm.
 */

#define HOP_PREFIX          "headroom-hop-"
#define HOP_LENGTH_BITS_MAX 22 /* the hop is never smaller, */
#define HOP_SPARE           64 /* nor has fewer addresses to spare */
#define SPARE_ADDRESSES     8  /* for start-first tasks, anchors and live connections during the move */
#define HOP_BYTES_MAX       1400000
#define FLEXIBLE_API_MINOR  42 /* engines below it die of a spec without Placement */

struct making {
        struct engine *engine;
        const struct plan_wish *wish;
        struct swarm swarm;
        struct network *network;
        struct accounts accounts; /* of its overlays */
        struct buffer inspect;    /* of NET */
        uint64_t needed;          /* addresses that are owned on NET or waited for */
        struct plan plan;
};

static void making_done(struct making *making)
{
        accounts_done(&making->accounts);
        swarm_done(&making->swarm);
        buffer_done(&making->inspect);
        plan_done(&making->plan);
}

static int refuse_kind(const struct network *network, struct error *error)
{
        const char *name = network->name;

        if (network->ingress)
                return error_set(error, ERROR_REFUSED,
                                 "%s is the ingress network: every published port of the swarm hangs on it, "
                                 "and it can't be moved this way",
                                 name);
        if (!text_equal(network->scope, "swarm"))
                return error_set(error, ERROR_REFUSED,
                                 "%s is a local %s network of this node, not an overlay of the swarm; it has "
                                 "no shared pool to enlarge",
                                 name, network->driver);
        if (!network_is_overlay(network) && !network_is_unallocated(network))
                return error_set(error, ERROR_REFUSED, "%s is a %s network; only overlays can be enlarged",
                                 name, network->driver);
        return 0;
}

static int refuse_addressing(const struct network *network, struct error *error)
{
        const char *name = network->name;

        for (size_t i = 0; i < network->subnets.count; i++)
                if (network->subnets.items[i].ipv6)
                        return error_set(error, ERROR_REFUSED,
                                         "%s has an IPv6 subnet; the engine can't make IPv6 overlays with a "
                                         "given subnet (moby#52469)",
                                         name);
        if (network->ipv6)
                return error_set(error, ERROR_REFUSED,
                                 "%s has IPv6 switched on; the engine can't make IPv6 overlays with a given "
                                 "subnet (moby#52469)",
                                 name);
        if (network->subnets.count > 1)
                return error_set(error, ERROR_REFUSED, "%s has %zu subnets; headroom moves networks with one",
                                 name, network->subnets.count);
        if (network->subnets.count == 0 || !network->subnets.items[0].gateway)
                return error_set(
                        error, ERROR_REFUSED,
                        "%s has no pool of its own (the engine never allocated it, most often because its "
                        "subnet overlaps another); nothing runs on it that could be moved",
                        name);
        if (network->subnets.items[0].range)
                return error_set(error, ERROR_REFUSED,
                                 "%s hands out addresses from the range %s only; headroom can't tell what "
                                 "the rest is kept for",
                                 name, network->subnets.items[0].range);
        return 0;
}

/* What the account of NET says of it now. */
static void read_account(struct making *making)
{
        accounts_of(&making->swarm, NULL, &making->accounts);
        const struct account *account = account_of_network(&making->accounts, making->network->id);
        making->needed = account ? account->owned + account->stuck : 0;
        making->plan.refusing = account && account->refusing;
}

/* The same for every plan of NET, since it is the lock; a network's name has at most 63 characters. */
static char *hop_name(const char *network)
{
        if (strlen(HOP_PREFIX) + strlen(network) <= NETWORK_NAME_MAX_LENGTH)
                return text_format(HOP_PREFIX "%s", network);
        return text_format(HOP_PREFIX "%.*s-%08x", (int)(NETWORK_NAME_MAX_LENGTH - strlen(HOP_PREFIX) - 9),
                           network, text_hash(network, strlen(network)));
}

/* In the middle of a move the swarm is not as it is meant to be: no plan can rest on that. */
static int refuse_moving(const struct making *making, const struct network *network, struct error *error)
{
        const char *places = making->wish->places;

        if (label_value(network->labels.items, network->labels.count, LABEL_NET))
                return error_set(error, ERROR_REFUSED,
                                 "%s is a hop network of an unfinished move; finish that one first",
                                 network->name);
        for_each_network (hop, &making->swarm) {
                if (!text_equal(label_value(hop->labels.items, hop->labels.count, LABEL_NET), network->name))
                        continue;
                _cleanup_free_ char *finish = recover_command(places, false, network->name);
                _cleanup_free_ char *undo = recover_command(places, true, network->name);
                return error_set(error, ERROR_REFUSED,
                                 "%s is being moved already, and %s holds that move: finish it with "
                                 "`%s`, or undo it with `%s`",
                                 network->name, hop->name, finish, undo);
        }
        return 0;
}

/* The engine refuses a second network of a name, a local one's and any case of it included. */
static int refuse_taken_hop(const struct swarm *swarm, const struct network *network, struct error *error)
{
        _cleanup_free_ char *hop = hop_name(network->name);

        for_each_network (other, swarm)
                if (strcasecmp(other->name, hop) == 0)
                        return error_set(error, ERROR_REFUSED,
                                         "there is a network %s, which is of no move, and the hop for %s "
                                         "takes that name: remove it with `docker network rm %s`, or make it "
                                         "anew under another name",
                                         other->name, network->name, other->name);
        return 0;
}

/* What a down node runs on NET neither ends nor moves until the node is back or gone. */
static int refuse_down_nodes(const struct making *making, struct error *error)
{
        for_each_task (task, &making->swarm) {
                const struct node *node =
                        task->node_id ? swarm_node_by_id(&making->swarm, task->node_id) : NULL;
                if (node && text_equal(node->state, "down") &&
                    task_holds_address_on(task, making->network->id))
                        return error_set(
                                error, ERROR_REFUSED,
                                "node %s is down and has tasks with addresses on %s, which would be waited "
                                "for in vain: bring it back, or remove it with `docker node rm --force %s`",
                                node->name, making->network->name, node->name);
        }
        return 0;
}

static int read_swarm(struct making *making, struct error *error)
{
        struct network *network;

        if (survey(making->engine, NULL, &making->swarm, error) < 0 ||
            swarm_find_network(&making->swarm, making->wish->network, &network, error) < 0)
                return -1;
        if (refuse_kind(network, error) < 0 || refuse_addressing(network, error) < 0)
                return -1;
        if (refuse_moving(making, network, error) < 0 || refuse_taken_hop(&making->swarm, network, error) < 0)
                return -1;
        making->network = network;
        if (refuse_down_nodes(making, error) < 0)
                return -1;
        if (look_endpoints(making->engine, &making->swarm, network, &making->inspect, error) < 0)
                return -1;
        read_account(making);
        return 0;
}

static int wished_length(const struct plan_wish *wish, struct prefix *ret_prefix, struct error *error)
{
        switch (prefix_parse(wish->subnet, ret_prefix)) {
        case PREFIX_FINE:
                return 0;
        case PREFIX_IPV6:
                return error_set(error, ERROR_REFUSED, "%s is IPv6; headroom plans IPv4 subnets only",
                                 wish->subnet);
        case PREFIX_HOST_BITS: {
                char meant[PREFIX_TEXT_SIZE];
                prefix_format(*ret_prefix, meant);
                return error_set(error, ERROR_USAGE,
                                 "%s has host bits set, and the engine refuses it; did you mean %s?",
                                 wish->subnet, meant);
        }
        default:
                return error_set(error, ERROR_USAGE, "%s is no subnet like 10.10.0.0/16", wish->subnet);
        }
}

static int refuse_size(struct making *making, uint8_t length_bits, struct error *error)
{
        uint64_t needed = making->needed + SPARE_ADDRESSES;

        if (length_bits < CHOICE_LENGTH_MIN || length_bits > CHOICE_LENGTH_MAX)
                return error_set(error, ERROR_USAGE, "a prefix length from %d to %d is needed, not %d",
                                 CHOICE_LENGTH_MIN, CHOICE_LENGTH_MAX, length_bits);
        if (prefix_usable(length_bits) < needed)
                return error_set(
                        error, ERROR_REFUSED,
                        "a /%d has %llu usable addresses; what is attached to %s, and the move, need %llu",
                        length_bits, (unsigned long long)prefix_usable(length_bits), making->network->name,
                        (unsigned long long)needed);
        return 0;
}

static struct default_pools default_pools(const struct swarm *swarm, struct prefix *storage, size_t room)
{
        size_t count = MIN(swarm->pools.count, room);

        for (size_t i = 0; i < count; i++)
                storage[i] = swarm->pools.items[i].prefix;
        return (struct default_pools){storage, count, swarm->pool_subnet_bits};
}

/* A move to where NET is already would restart everything for nothing, and could not tell new from old. */
static int refuse_present(const struct making *making, struct prefix named, struct error *error)
{
        const struct subnet *present = &making->network->subnets.items[0];

        if (making->wish->subnet && prefix_equal(named, present->prefix))
                return error_set(error, ERROR_REFUSED, "%s has the subnet %s already", making->network->name,
                                 making->wish->subnet);
        if (!making->wish->subnet && named.length_bits == present->prefix.length_bits)
                return error_set(
                        error, ERROR_REFUSED,
                        "%s is a /%d already, %s; to move it to another one all the same, say which: "
                        "--subnet",
                        making->network->name, named.length_bits, present->text);
        return 0;
}

#define POOLS_MAX 16

static int choose_new(struct making *making, const struct occupied *occupied, struct error *error)
{
        struct prefix storage[POOLS_MAX];
        struct default_pools pools = default_pools(&making->swarm, storage, POOLS_MAX);
        _cleanup_choice_ struct choice choice = {0};
        struct prefix named = {0, making->wish->length_bits};

        if (making->wish->subnet && wished_length(making->wish, &named, error) < 0)
                return -1;
        if (refuse_size(making, named.length_bits, error) < 0)
                return -1;
        if (refuse_present(making, named, error) < 0)
                return -1;
        if ((making->wish->subnet ? choose_named(occupied, &pools, named, &choice, error)
                                  : choose_subnet(occupied, &pools, named.length_bits, &choice, error)) < 0)
                return -1;
        making->plan.new_subnet = memory_new(PREFIX_TEXT_SIZE, 1);
        prefix_format(choice.subnet, making->plan.new_subnet);
        making->plan.reason = steal_pointer(choice.reason);
        for (size_t i = 0; i < choice.rejected.count; i++) {
                struct choice_rejected *rejected = list_add(&making->plan.rejected);
                *rejected = choice.rejected.items[i];
                choice.rejected.items[i].reason = NULL;
        }
        return 0;
}

/* Room for everything that is on NET, twice while tasks overlap. */
static int choose_hop(struct making *making, struct occupied *occupied, struct error *error)
{
        struct prefix storage[POOLS_MAX];
        struct default_pools pools = default_pools(&making->swarm, storage, POOLS_MAX);
        _cleanup_choice_ struct choice choice = {0};
        uint64_t needed = 2 * making->needed + HOP_SPARE;
        uint8_t length_bits = HOP_LENGTH_BITS_MAX;
        struct prefix new;

        while (length_bits > CHOICE_LENGTH_MIN && prefix_usable(length_bits) < needed)
                length_bits--;
        if (prefix_parse(making->plan.new_subnet, &new) != PREFIX_FINE)
                return error_set(error, ERROR_FAILED, "the chosen subnet %s is none",
                                 making->plan.new_subnet);
        occupied_add(occupied, new, "the new %s", making->network->name);
        occupied_add_overlay(occupied, making->network->subnets.items[0].prefix, making->network->name);
        if (choose_subnet(occupied, &pools, length_bits, &choice, error) < 0)
                return error_while(error, "choosing a subnet for the hop network");
        making->plan.hop_subnet = memory_new(PREFIX_TEXT_SIZE, 1);
        prefix_format(choice.subnet, making->plan.hop_subnet);
        return 0;
}

static int choose(struct making *making, struct error *error)
{
        _cleanup_occupied_ struct occupied occupied = {0};

        if (occupied_gather(&making->swarm, making->wish->reserved, making->wish->reserved_count,
                            making->network->id, &occupied, error) < 0)
                return -1;
        if (choose_new(making, &occupied, error) < 0)
                return -1;
        return choose_hop(making, &occupied, error);
}

static int make_requests(struct making *making, struct error *error)
{
        struct plan *plan = &making->plan;
        const char *old = making->network->subnets.items[0].text;

        plan->old_subnet = text_copy(old);
        plan->hop = hop_name(plan->network);
        return request_of_network(&making->inspect, &(struct request_change){.subnet = old},
                                  &plan->old_request, error) < 0 ||
                               request_of_network(&making->inspect,
                                                  &(struct request_change){.subnet = plan->new_subnet},
                                                  &plan->new_request, error) < 0 ||
                               request_of_network(&making->inspect,
                                                  &(struct request_change){plan->hop, plan->hop_subnet, "{}"},
                                                  &plan->hop_request, error) < 0
                       ? -1
                       : 0;
}

static int refuse_service(const struct making *making, const struct service *service,
                          const struct buffer *body, struct error *error)
{
        _cleanup_free_ char *placement = NULL;
        _cleanup_free_ char *outer = NULL;

        if (service->mode == SERVICE_JOB)
                return error_set(error, ERROR_REFUSED,
                                 "%s is a job: moving it would run it again; remove it first", service->name);
        if (service->update_state && !text_equal(service->update_state, "completed") &&
            !text_equal(service->update_state, "rollback_completed"))
                return error_set(error, ERROR_REFUSED,
                                 "an update of %s is %s; let it finish, or settle it, and plan again",
                                 service->name, service->update_state);
        if (spec_member(body, "TaskTemplate/Placement", &placement, error) < 0 ||
            spec_member(body, "Networks", &outer, error) < 0)
                return -1;
        if (outer && strstr(outer, making->network->id))
                return error_set(error, ERROR_REFUSED,
                                 "the spec of %s names its networks beside TaskTemplate, as clients before "
                                 "API 1.29 did, and engines refuse to change them there: deploy it anew "
                                 "with a current client, and plan again",
                                 service->name);
        if (!placement && making->engine->api_version_minor < FLEXIBLE_API_MINOR)
                return error_set(error, ERROR_REFUSED,
                                 "the spec of %s has no Placement; posting it back would kill this engine "
                                 "(docs/engine-notes.md)",
                                 service->name);
        return 0;
}

static bool is_listed(const char *list, const char *name)
{
        size_t length = strlen(name);

        for (const char *at = list; at && *at; at += strcspn(at, ","), at += *at == ',')
                if (strcspn(at, ",") == length && strncmp(at, name, length) == 0)
                        return true;
        return false;
}

/* A misspelt edge would move like any other service, and take everything behind it out of reach. */
static int refuse_unknown_edges(const struct making *making, struct error *error)
{
        for (const char *at = making->wish->edges; at && *at; at += strcspn(at, ","), at += *at == ',') {
                _cleanup_free_ char *name = text_copy_n(at, strcspn(at, ","));
                bool known = false;
                for_each_service (service, &making->swarm)
                        known = known || text_equal(service->name, name);
                if (!known)
                        return error_set(error, ERROR_REFUSED,
                                         "the swarm has no service '%s' that could be an edge (--edge, or "
                                         "`edges` of the configuration)",
                                         name);
        }
        return 0;
}

static int add_service(struct making *making, const struct service *service, struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        const char *const ids[] = {making->network->id, NULL};
        const struct way_ground ground = {
                making->engine, &making->swarm, &making->accounts, making->plan.id, ids, false};
        const char *edges = making->wish->edges;
        bool edge = edges ? is_listed(edges, service->name) : service->ports.count > 0;

        if (look_service(making->engine, service->id, &body, error) < 0 ||
            refuse_service(making, service, &body, error) < 0)
                return error_while(error, "planning service %s", service->name);
        return plan_service_make(&ground, service, &body, edge, list_add(&making->plan.services), error);
}

static int compare_planned(const void *a, const void *b)
{
        const struct plan_service *left = a;
        const struct plan_service *right = b;

        if (left->edge != right->edge)
                return left->edge ? 1 : -1;
        if (left->stuck != right->stuck)
                return left->stuck ? -1 : 1; /* what is down already comes up first */
        return strcmp(left->name, right->name);
}

static int add_services(struct making *making, struct error *error)
{
        struct plan *plan = &making->plan;

        if (refuse_unknown_edges(making, error) < 0)
                return -1;
        for_each_service (service, &making->swarm) {
                if (!service_on(service, making->network->id))
                        *list_add(&plan->bystanders) = text_copy(service->name);
                else if (add_service(making, service, error) < 0)
                        return -1;
        }
        if (plan->services.count)
                qsort(plan->services.items, plan->services.count, sizeof(struct plan_service),
                      compare_planned);
        return 0;
}

static void note(struct plan *plan, const char *format, ...) _printf_(2, 3);
static void note(struct plan *plan, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        *list_add(&plan->notes) = text_vformat(format, arguments);
        va_end(arguments);
}

static bool edges_are_local(const struct making *making)
{
        for_each_planned (planned, &making->plan)
                for_each_task (task, &making->swarm)
                        if (planned->edge && text_equal(task->service_id, planned->id) &&
                            task->state == TASK_RUNNING &&
                            !text_equal(task->node_id, making->swarm.local_node_id))
                                return false;
        return true;
}

/* Whether the service's tasks may only be on this node. */
static int is_bound_here(const struct making *making, const struct plan_service *planned, bool *ret_bound,
                         struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_free_ char *constraints = NULL;
        _cleanup_free_ char *name = text_format("node.hostname==%s\"", making->swarm.local_node_name);
        _cleanup_free_ char *id = text_format("node.id==%s\"", making->swarm.local_node_id);

        if (look_service(making->engine, planned->id, &body, error) < 0 ||
            spec_member(&body, "TaskTemplate/Placement/Constraints", &constraints, error) < 0)
                return error_while(error, "planning service %s", planned->name);
        *ret_bound = constraints && (strstr(constraints, name) || strstr(constraints, id));
        return 0;
}

/*
 * What comes back from the hop may come back on another node, where this engine can't connect it to NET.
 */
static int note_edges_that_may_leave(struct making *making, struct error *error)
{
        bool any = false;

        for_each_planned (planned, &making->plan) {
                bool bound = false;
                if (!planned->edge)
                        continue;
                if (is_bound_here(making, planned, &bound, error) < 0)
                        return -1;
                if (!bound)
                        note(&making->plan,
                             "%s may come back from the hop on another node, where this engine can't connect "
                             "it: services are then out of its reach from their way back until it follows",
                             planned->name);
                any = any || !bound;
        }
        if (any)
                way_add_waits(&making->plan);
        return 0;
}

static int decide_live_connect(struct making *making, struct error *error)
{
        struct plan *plan = &making->plan;
        bool has_edge = false;

        for_each_planned (planned, plan)
                has_edge = has_edge || planned->edge;
        plan->live_connect = has_edge && making->network->attachable && edges_are_local(making);
        if (plan->live_connect && making->swarm.nodes.count > 1)
                return note_edges_that_may_leave(making, error);
        if (!has_edge || plan->live_connect)
                return 0;
        if (!making->network->attachable)
                note(plan,
                     "%s is not attachable, so the edge can't be on both networks: services are out of its "
                     "reach from their own hop until it follows",
                     plan->network);
        else
                note(plan, "a task of the edge runs on another node, where this engine can't connect it: "
                           "services are out of its reach from their own hop until it follows");
        way_add_waits(plan);
        return 0;
}

/* Back on NET as it is now, the edge has its connections beside all that is on it. */
static void note_way_back(struct making *making)
{
        struct plan *plan = &making->plan;
        uint64_t capacity = prefix_usable(making->network->subnets.items[0].prefix.length_bits);
        uint64_t needed =
                making->needed + making->swarm.nodes.count; /* the anchor, and what other nodes may have */

        for_each_planned (planned, plan) {
                const struct service *service = swarm_service_by_id(&making->swarm, planned->id);
                if (planned->edge && service)
                        needed += MAX(service->replicas, 1);
        }
        if (!plan->live_connect || (!plan->refusing && needed <= capacity))
                return;
        note(plan,
             "%s: in an undo %sthe edge may be out of reach of what has moved back, from just before its own "
             "update until that is done",
             plan->refusing ? "addresses are refused now" : "there is hardly room to come back to",
             plan->refusing ? "that begins before the network has been made anew, " : "");
}

static void note_smaller(struct making *making)
{
        struct prefix new;

        if (prefix_told(making->plan.new_subnet, &new) &&
            new.length_bits > making->network->subnets.items[0].prefix.length_bits)
                note(&making->plan, "%s gets fewer addresses than it has: %llu", making->plan.network,
                     (unsigned long long)prefix_usable(new.length_bits));
}

static void note_incomplete(struct making *making)
{
        struct plan *plan = &making->plan;

        for_each_planned (planned, plan) {
                const struct service *service = swarm_service_by_id(&making->swarm, planned->id);
                if (planned->complete || (planned->stuck && plan->refusing))
                        continue;
                if (service && text_equal(service->update_failure_action, "rollback"))
                        note(plan,
                             "%s does not run completely now, and its failure action is rollback: if it does "
                             "not come up on the hop either, the engine takes it back and the move stops "
                             "there",
                             planned->name);
                else
                        note(plan, "%s does not run completely now; the move will not wait for it to",
                             planned->name);
        }
}

static int add_notes(struct making *making, struct error *error)
{
        struct plan *plan = &making->plan;

        if (decide_live_connect(making, error) < 0)
                return -1;
        note_way_back(making);
        note_smaller(making);
        for_each_service (service, &making->swarm)
                if (is_listed(making->wish->edges, service->name) && !plan_has_service(plan, service->id))
                        note(plan, "%s is named as an edge, but is not on %s", service->name, plan->network);
        if (plan->services.count > 1)
                note(plan,
                     "between the first and the last hop, services that talk to each other over %s without "
                     "going through an edge are apart",
                     plan->network);
        if (making->swarm.nodes.count > 1)
                note(plan, "routes, addresses and bridges were read on this node only; other nodes can't be "
                           "asked from here");
        note_incomplete(making);
        for_each_planned (planned, plan)
                if (planned->edge && !planned->complete && plan->live_connect)
                        note(plan,
                             "a task of %s that starts while the move goes on is connected before the next "
                             "service "
                             "moves: until then those that have moved are out of its reach",
                             planned->name);
        for_each_pause (pause, plan)
                if (plan->refusing && plan_has_service(plan, pause->id))
                        note(plan,
                             "%s is paused while %s refuses addresses: those that wait in New take the ones "
                             "it gives "
                             "up, and after an undo it would wait in their place",
                             pause->name, plan->network);
        note(plan, "afterwards `docker service rollback` of a moved service would name a network that is "
                   "gone: deploy it again instead");
        return 0;
}

static int make(struct making *making, struct error *error)
{
        struct plan *plan = &making->plan;

        if (read_swarm(making, error) < 0)
                return -1;
        random_hex(plan->id, PLAN_ID_LENGTH);
        plan->created_ms = clock_wall_ms();
        plan->author = host_author();
        plan->engine = text_copy(making->swarm.engine);
        plan->cluster_id = text_copy(making->swarm.cluster_id);
        plan->network = text_copy(making->network->name);
        plan->network_id = text_copy(making->network->id);
        if (choose(making, error) < 0 || make_requests(making, error) < 0 ||
            add_services(making, error) < 0 ||
            containers_plan(making->engine, &making->swarm, making->network, plan, error) < 0 ||
            containers_refuse_placeless(plan, error) < 0 ||
            plan_configure(&making->swarm, making->wish->settings, plan, error) < 0)
                return -1;
        containers_sort(plan);
        for (size_t i = 0; i < making->wish->reserved_count; i++)
                *list_add(&plan->reserved) = text_copy(making->wish->reserved[i].range);
        if (add_notes(making, error) < 0)
                return -1;
        pages_gather(making->engine, &making->swarm, making->wish->settings, plan);
        pages_baseline(plan);
        return 0;
}

/*
 * The whole plan stands in a label of the hop, and the engine stores no object of 1.5 MB
 * (docs/engine-notes.md). What is left of that is for what else a creation holds.
 */
static int refuse_huge(const struct plan *plan, struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};

        plan_format(plan, false, &body);
        if (body.length + strlen(plan->hop_request) <= HOP_BYTES_MAX)
                return 0;
        return error_set(
                error, ERROR_REFUSED,
                "the plan of %zu services and %zu containers takes %zu kB, and the hop network has to "
                "keep it, of which the engine stores at most %d kB: move some of them to a network "
                "of their own first",
                plan->services.count, plan->containers.count, body.length / 1000, HOP_BYTES_MAX / 1000);
}

int plan_make(struct engine *engine, const struct plan_wish *wish, struct plan *ret_plan, struct error *error)
{
        _cleanup_(making_done) struct making making = {.engine = engine, .wish = wish};

        if (make(&making, error) < 0 || refuse_huge(&making.plan, error) < 0)
                return -1;
        *ret_plan = making.plan;
        making.plan = (struct plan){0};
        return 0;
}
