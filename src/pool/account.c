#include "pool/account.h"

#include "pool/id_index.h"
#include "pool/stuck.h"

#include <stdlib.h>

static const char *const holder_names[HOLDER_KINDS] = {
        [HOLDER_GATEWAY] = "gateway",
        [HOLDER_VIP] = "vip",
        [HOLDER_TASK] = "task",
        [HOLDER_NODE] = "node",
        [HOLDER_ATTACHMENT] = "attachment",
        [HOLDER_LOCAL] = "local",
};

static const char *const verdict_names[] = {
        [VERDICT_FINE] = "ok",
        [VERDICT_UNPROVEN] = "ok, leaks unknown",
        [VERDICT_LEAKING] = "leaking",
        [VERDICT_NEAR_FULL] = "nearly full",
        [VERDICT_FULL] = "FULL",
        [VERDICT_UNALLOCATED] = "UNALLOCATED",
        [VERDICT_UNCOUNTED] = "not counted",
};

const char *holder_kind_name(enum holder_kind kind)
{
        return holder_names[kind];
}

const char *verdict_name(enum verdict verdict)
{
        return verdict_names[verdict];
}

bool account_leaked_known(const struct account *account)
{
        return account->leaked.min == account->leaked.max;
}

void accounts_done(struct accounts *accounts)
{
        for_each_account (account, accounts)
                free(account->holders.items);
        free(accounts->items.items);
        *accounts = (struct accounts){0};
}

const struct account *account_of_network(const struct accounts *accounts, const char *network_id)
{
        for_each_account (account, accounts)
                if (text_equal(account->network->id, network_id))
                        return account;
        return NULL;
}

/* The addresses of one subnet that the allocator may hand out. */
static uint64_t subnet_capacity(const struct subnet *subnet)
{
        struct prefix range;
        uint32_t gateway;

        if (!subnet->counted)
                return 0;
        if (!subnet->range || !prefix_told(subnet->range, &range))
                return prefix_usable(subnet->prefix.length_bits);
        uint64_t reserved = prefix_contains(range, subnet->prefix.address) +
                            prefix_contains(range, prefix_last(subnet->prefix));
        if (address_parse(subnet->gateway, &gateway))
                reserved += prefix_contains(range, gateway);
        return prefix_size(range) > reserved ? prefix_size(range) - reserved : 0;
}

/* Counts a holder, and lists it where holders are listed. */
static void add_holder(struct account *account, const struct holder *holder)
{
        account->counts[holder->kind]++;
        if (!account->listed)
                return;
        struct holder *listed = list_add(&account->holders);
        *listed = *holder;
        if (!listed->name)
                listed->name = "?";
}

static const struct holder *holder_of_address(const struct account *account, uint32_t address)
{
        for (size_t i = 0; i < account->holders.count; i++)
                if (account->holders.items[i].address_known && account->holders.items[i].address == address)
                        return &account->holders.items[i];
        return NULL;
}

/* What is being counted, and where everything stands in it. */
struct counting {
        struct swarm *swarm;
        struct accounts *accounts;
        struct id_index networks, nodes; /* places of accounts and nodes */
        struct id_index services;        /* of services, for the names in lists; else empty */
        size_t local_node;               /* place of the node that was asked */
        bool *live;                      /* by account and node: a task of the node is on the network */
};

static void counting_done(struct counting *counting)
{
        id_index_done(&counting->networks);
        id_index_done(&counting->services);
        id_index_done(&counting->nodes);
        free(counting->live);
}

static void counting_begin(struct counting *counting)
{
        const struct swarm *swarm = counting->swarm;

        bool lists = false;

        for_each_account (account, counting->accounts) {
                id_index_add(&counting->networks, account->network->id,
                             (size_t)(account - counting->accounts->items.items));
                lists = lists || account->listed;
        }
        if (lists)
                for_each_service (service, swarm)
                        id_index_add(&counting->services, service->id,
                                     (size_t)(service - swarm->services.items));
        for_each_node (node, swarm)
                id_index_add(&counting->nodes, node->id, (size_t)(node - swarm->nodes.items));
        counting->local_node = id_index_find(&counting->nodes, swarm->local_node_id);
        counting->live = memory_new(counting->accounts->items.count * swarm->nodes.count + 1, sizeof(bool));
}

static const char *node_name(const struct counting *counting, const char *node_id)
{
        size_t place = id_index_find(&counting->nodes, node_id);

        return place == ID_NOWHERE ? node_id : counting->swarm->nodes.items[place].name;
}

/* NULL when it is none of the networks that are counted. */
static struct account *find(const struct counting *counting, const char *network_id)
{
        size_t place = id_index_find(&counting->networks, network_id);

        return place == ID_NOWHERE ? NULL : &counting->accounts->items.items[place];
}

static bool *live(const struct counting *counting, const struct account *account, size_t node)
{
        size_t place = (size_t)(account - counting->accounts->items.items);

        return &counting->live[place * counting->swarm->nodes.count + node];
}

static void add_gateways(struct account *account)
{
        for (size_t i = 0; i < account->network->subnets.count; i++) {
                uint32_t address;
                if (address_parse(account->network->subnets.items[i].gateway, &address))
                        add_holder(account, &(struct holder){.kind = HOLDER_GATEWAY,
                                                             .name = "gateway",
                                                             .address = address,
                                                             .address_known = true});
        }
}

static void add_vips(const struct counting *counting)
{
        for_each_service (service, counting->swarm)
                for (size_t i = 0; i < service->vips.count; i++) {
                        const struct vip *vip = &service->vips.items[i];
                        struct account *account = find(counting, vip->network_id);
                        if (account && vip->allocated)
                                add_holder(account, &(struct holder){.kind = HOLDER_VIP,
                                                                     .name = service->name,
                                                                     .id = service->id,
                                                                     .address = vip->address,
                                                                     .address_known = true});
                }
}

static const char *task_name(const struct counting *counting, const struct task *task)
{
        size_t place = id_index_find(&counting->services, task->service_id);
        _cleanup_free_ char *name = NULL;

        if (place == ID_NOWHERE)
                return task->attachment ? NULL : task->id;
        const struct service *service = &counting->swarm->services.items[place];
        name = service->mode == SERVICE_GLOBAL
                       ? text_format("%s.%.12s", service->name, task->node_id ? task->node_id : "?")
                       : text_format("%s.%llu", service->name, (unsigned long long)task->slot);
        return swarm_string(counting->swarm, name);
}

static void add_task_on(const struct counting *counting, const struct task *task,
                        const struct attachment *attachment, struct account *account)
{
        struct holder holder = {.kind = task->attachment ? HOLDER_ATTACHMENT : HOLDER_TASK};

        if (account->listed) {
                holder.name = task_name(counting, task);
                holder.id = task->id;
                holder.created_ms = task->created_ms;
                holder.node = node_name(counting, task->node_id);
                holder.state = task_state_name(task->state);
        }
        for (size_t i = 0; i < attachment->address_count; i++) {
                holder.address = attachment->addresses[i];
                holder.address_known = true;
                add_holder(account, &holder);
        }
}

static void add_task(const struct counting *counting, const struct task *task)
{
        size_t node = id_index_find(&counting->nodes, task->node_id);

        for_each_attachment (attachment, task) {
                struct account *account = find(counting, attachment->network_id);
                if (!account)
                        continue;
                if (node != ID_NOWHERE)
                        *live(counting, account, node) = true;
                add_task_on(counting, task, attachment, account);
        }
}

static void add_tasks(const struct counting *counting)
{
        for_each_task (task, counting->swarm)
                if (task_holds_addresses(task))
                        add_task(counting, task);
}

static bool is_balancer(const struct endpoint *endpoint)
{
        return text_starts_with(endpoint->container_id, "lb-") ||
               text_equal(endpoint->container_id, "ingress-sbox");
}

static const struct endpoint *local_balancer(const struct network *network)
{
        for (size_t i = 0; i < network->endpoints.count; i++)
                if (is_balancer(&network->endpoints.items[i]))
                        return &network->endpoints.items[i];
        return NULL;
}

/* A node has a load-balancer endpoint on ingress always, else while a task of it is on the network. */
static void add_nodes(const struct counting *counting, struct account *account)
{
        const struct swarm *swarm = counting->swarm;

        for_each_node (node, swarm) {
                size_t place = (size_t)(node - swarm->nodes.items);
                const struct endpoint *seen =
                        place == counting->local_node ? local_balancer(account->network) : NULL;
                bool needed = account->network->ingress || *live(counting, account, place);
                if (!seen && !needed)
                        continue;
                uint32_t address = seen ? seen->address : 0;
                add_holder(account, &(struct holder){.kind = HOLDER_NODE,
                                                     .name = node->name,
                                                     .id = node->id,
                                                     .node = node->name,
                                                     .inferred = !seen,
                                                     .address = address,
                                                     .address_known = address != 0});
        }
}

/* What this node shows beyond the swarm's books: names for attachments, and endpoints nobody handed out. */
static void add_local_endpoints(const struct swarm *swarm, struct account *account)
{
        for (size_t i = 0; i < account->network->endpoints.count; i++) {
                const struct endpoint *endpoint = &account->network->endpoints.items[i];
                struct holder *known = (struct holder *)holder_of_address(account, endpoint->address);
                if (is_balancer(endpoint) || !endpoint->address)
                        continue;
                if (known && known->kind == HOLDER_ATTACHMENT)
                        known->name = endpoint->name ? endpoint->name : known->name;
                if (known)
                        continue;
                add_holder(account, &(struct holder){.kind = HOLDER_LOCAL,
                                                     .name = endpoint->name,
                                                     .id = endpoint->container_id,
                                                     .node = swarm->local_node_name,
                                                     .address = endpoint->address,
                                                     .address_known = true});
        }
}

static int compare_holders(const void *a, const void *b)
{
        const struct holder *left = a;
        const struct holder *right = b;

        if (left->address_known != right->address_known)
                return left->address_known ? -1 : 1;
        if (left->address != right->address)
                return left->address < right->address ? -1 : 1;
        return strcmp(left->name, right->name);
}

static bool sum_status(const struct network *network, uint64_t *ret_held, uint64_t *ret_free)
{
        *ret_held = 0;
        *ret_free = 0;
        for (size_t i = 0; i < network->subnets.count; i++) {
                const struct subnet *subnet = &network->subnets.items[i];
                if (!subnet->status_known || subnet->in_use < 3)
                        return false;
                *ret_held += subnet->in_use - 3; /* network, broadcast and gateway are in its count */
                *ret_free += subnet->available;
        }
        return network->subnets.count > 0;
}

/* DESIGN's rule for `leaked`: exact from Status.IPAM, the rest while the pool refuses, else an interval. */
static void judge_leaks(struct account *account)
{
        uint64_t rest = account->capacity > account->owned ? account->capacity - account->owned : 0;
        uint64_t held;
        uint64_t available;

        if (!account->counted) {
                account->leaked = account->free = (struct interval){0, UINT64_MAX};
                account->leaked_reason = "only pools of IPv4 are counted";
        } else if (sum_status(account->network, &held, &available)) {
                uint64_t leaked = held > account->owned ? held - account->owned : 0;
                account->leaked = (struct interval){leaked, leaked};
                account->free = (struct interval){available, available};
                account->leaked_reason = "the engine's own count (Status.IPAM) less what is owned";
        } else if (account->refusing) {
                account->leaked = (struct interval){rest, rest};
                account->leaked_reason =
                        "the engine refuses addresses now, so all that nobody owns is leaked";
        } else {
                account->leaked = (struct interval){0, rest};
                account->free = (struct interval){0, rest};
                account->leaked_reason =
                        rest ? "this engine does not tell what its allocator holds while it still has some"
                             : "everything is owned";
        }
}

static enum verdict judge(const struct account *account)
{
        bool allocated = account->network->subnets.count > 0;

        for (size_t i = 0; i < account->network->subnets.count; i++)
                allocated = allocated && account->network->subnets.items[i].gateway;
        if (!allocated)
                return VERDICT_UNALLOCATED;
        if (!account->counted)
                return VERDICT_UNCOUNTED;
        if (account->refusing || account->free.max == 0)
                return VERDICT_FULL;
        if (100 * (account->owned + account->leaked.min) >= NEAR_FULL_PERCENT * account->capacity)
                return VERDICT_NEAR_FULL;
        if (account->leaked.min > 0)
                return VERDICT_LEAKING;
        return account_leaked_known(account) ? VERDICT_FINE : VERDICT_UNPROVEN;
}

static int compare_accounts(const void *a, const void *b)
{
        const struct network *left = ((const struct account *)a)->network;
        const struct network *right = ((const struct account *)b)->network;
        uint32_t left_address = left->subnets.count ? left->subnets.items[0].prefix.address : UINT32_MAX;
        uint32_t right_address = right->subnets.count ? right->subnets.items[0].prefix.address : UINT32_MAX;

        if (left->ingress != right->ingress)
                return left->ingress ? -1 : 1;
        if (left_address != right_address)
                return left_address < right_address ? -1 : 1;
        return strcmp(left->name ? left->name : "", right->name ? right->name : "");
}

static void open_accounts(const struct swarm *swarm, const char *listed, struct accounts *accounts)
{
        for_each_network (network, swarm) {
                if (!network_is_overlay(network) && !network_is_unallocated(network))
                        continue;
                struct account *account = list_add(&accounts->items);
                account->network = network;
                account->listed = network->endpoints.count > 0 || text_equal(listed, "*") ||
                                  (listed && text_equal(listed, network->id));
                for (size_t i = 0; i < network->subnets.count; i++) {
                        account->capacity += subnet_capacity(&network->subnets.items[i]);
                        account->counted = account->counted || network->subnets.items[i].counted;
                }
        }
        if (accounts->items.count)
                qsort(accounts->items.items, accounts->items.count, sizeof(struct account), compare_accounts);
}

void accounts_of(struct swarm *swarm, const char *listed, struct accounts *ret_accounts)
{
        struct accounts accounts = {0};
        struct counting counting _cleanup_(counting_done) = {.swarm = swarm, .accounts = &accounts};

        open_accounts(swarm, listed, &accounts);
        counting_begin(&counting);
        add_vips(&counting);
        add_tasks(&counting);
        for_each_account (account, &accounts) {
                add_gateways(account);
                add_nodes(&counting, account);
                add_local_endpoints(swarm, account);
                account->owned = account->counts[HOLDER_VIP] + account->counts[HOLDER_TASK] +
                                 account->counts[HOLDER_NODE] + account->counts[HOLDER_ATTACHMENT];
                if (account->holders.count)
                        qsort(account->holders.items, account->holders.count, sizeof(struct holder),
                              compare_holders);
        }
        stuck_find(swarm, &accounts);
        for_each_account (account, &accounts) {
                judge_leaks(account);
                account->verdict = judge(account);
        }
        *ret_accounts = accounts;
}
