#pragma once

/*
 * The whole data model: what one survey of a swarm brought back. Filled by survey.c (from an engine) or by
 * snapshot.c (from a file); everything in pool/ and move/ reasons about this and asks nothing further.
 *
 * Strings live in the swarm's own string table and are shared: never freed by a user, absent ones are NULL.
 * A task's own identity, its container's and its attachments live as long as the list of tasks. Times are
 * wall-clock milliseconds since 1970 as the engine gave them, 0 when absent. Addresses are IPv4 in host byte
 * order. Sources: Docker Engine API v1.41 reference, and docs/engine-notes.md for what it does not say.
 */

#include "base/arena.h"
#include "base/prefix.h"
#include "base/text.h"
#include "engine/engine.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of swarmkit's TaskState: everything past RUNNING is terminal and holds no address. */
enum task_state {
        TASK_UNKNOWN,
        TASK_NEW,
        TASK_ALLOCATED,
        TASK_PENDING,
        TASK_ASSIGNED,
        TASK_ACCEPTED,
        TASK_PREPARING,
        TASK_READY,
        TASK_STARTING,
        TASK_RUNNING,
        TASK_COMPLETE,
        TASK_SHUTDOWN,
        TASK_FAILED,
        TASK_REJECTED,
        TASK_REMOVE,
        TASK_ORPHANED,
};

struct label {
        const char *key;
        const char *value;
};

struct node {
        const char *id;
        const char *name;
        const char *state;        /* "ready", "down" */
        const char *availability; /* "active", "pause", "drain" */
        const char *address;
        const char *engine_version;
        bool manager;
        bool leader;
        bool reachable; /* a manager the leader can talk to */
};

struct subnet {
        const char *text; /* as the engine wrote it */
        struct prefix prefix;
        bool counted; /* one of IPv4; else prefix is all zero */
        bool ipv6;
        const char *range;   /* IPRange, NULL when none */
        const char *gateway; /* NULL when the engine has given none yet: the network is not allocated */
        bool status_known;   /* Status.IPAM, API 1.52 and later */
        uint64_t in_use;     /* network, broadcast and gateway included */
        uint64_t available;
};

/* An endpoint that this node's engine reports on a network. */
struct endpoint {
        const char *
                container_id; /* "lb-<network>" or "ingress-sbox" for the node's own load-balancer endpoint */
        const char *name;
        uint32_t address;
};

/* One that no container has yet: the engine is just connecting it, and names the endpoint instead. */
static inline bool endpoint_is_unborn(const struct endpoint *endpoint)
{
        return text_starts_with(endpoint->container_id, "ep-");
}

struct network {
        const char *id;
        const char *name;
        const char *driver;
        const char *scope;
        int64_t created_ms;
        bool ingress;
        bool attachable;
        bool internal;
        bool ipv6;
        LIST(struct subnet) subnets;
        LIST(struct label) options;
        LIST(struct label) labels;
        bool inspected; /* endpoints were asked for; else the list is empty for want of asking */
        LIST(struct endpoint) endpoints;
};

struct attachment {
        const char *network_id;
        const char **aliases; /* of a service's entry; NULL for a task's */
        uint32_t *addresses;  /* of a task; a service's VIPs are apart */
        uint32_t alias_count;
        uint32_t address_count;
};

struct vip {
        const char *network_id;
        uint32_t address;
        bool allocated; /* false: the engine lists the network but has given no address yet */
};

struct port {
        uint32_t published; /* 0 when none */
        uint32_t target;
        const char *protocol;
        bool host_mode; /* else ingress */
};

struct mount {
        const char *type; /* "volume", "bind", "tmpfs", ... */
        const char *source;
        const char *target;
        bool read_only;
};

enum service_mode {
        SERVICE_REPLICATED,
        SERVICE_GLOBAL,
        SERVICE_JOB, /* replicated or global job */
};

struct service {
        const char *id;
        const char *name;
        const char *stack; /* label com.docker.stack.namespace, NULL when none */
        const char *image;
        uint64_t version;
        int64_t created_ms;
        int64_t updated_ms;
        enum service_mode mode;
        uint64_t replicas;
        bool dnsrr; /* endpoint mode dnsrr: no VIP */
        LIST(struct attachment) networks;
        LIST(struct vip) vips;
        LIST(struct port) ports;
        LIST(struct mount) mounts;
        LIST(struct label) labels;
        bool health_check;       /* one in the spec that is not NONE */
        bool health_check_none;  /* the spec turns the image's off */
        int64_t health_start_ms; /* start period plus interval: how long a healthy start may take by its own
                                    words */
        int64_t stop_grace_ms;   /* 10 s when the spec says nothing */
        bool has_update_config;
        const char *update_order; /* NULL: stop-first */
        const char *update_failure_action;
        const char *rollback_order;
        int64_t update_monitor_ms;
        int64_t update_delay_ms;        /* between two batches */
        uint64_t update_parallelism;    /* tasks updated at a time; 0: all at once */
        uint64_t max_replicas_per_node; /* 0: no limit */
        bool has_reservations;          /* CPU, memory or generic resources */
        const char *update_state;       /* UpdateStatus.State, NULL when none */
        const char *update_message;
};

struct task {
        const char *id;
        const char *service_id; /* NULL for an attachment task */
        const char *node_id;    /* NULL while it is on none */
        uint64_t slot;
        enum task_state state : 8;
        enum task_state desired : 8;
        bool attachment; /* the hidden task of a standalone container on an attachable overlay */
        int64_t created_ms;
        int64_t state_since_ms;
        const char *error; /* Status.Err */
        const char *container_id;
        struct {
                struct attachment *items;
                size_t count;
        } networks;
};

struct address_pool {
        struct prefix prefix;
};

struct swarm {
        struct string_table *strings;
        const char *cluster_id;
        const char *engine; /* where it was asked, for people */
        const char *engine_version;
        const char *local_node_id;
        const char *local_node_name;
        int64_t taken_ms; /* the engine's own clock when the survey began */
        uint8_t pool_subnet_bits;
        LIST(struct address_pool) pools; /* default address pools */
        LIST(struct node) nodes;
        LIST(struct network) networks; /* all that this engine lists, bridges included */
        LIST(struct service) services;
        LIST(struct task) tasks;  /* terminal ones too */
        struct arena task_memory; /* what belongs to tasks alone */
};

#define for_each_network(n, swarm)                                                                           \
        for (struct network *n = (swarm)->networks.items;                                                    \
             n && n < (swarm)->networks.items + (swarm)->networks.count; n++)
#define for_each_service(s, swarm)                                                                           \
        for (struct service *s = (swarm)->services.items;                                                    \
             s && s < (swarm)->services.items + (swarm)->services.count; s++)
#define for_each_task(t, swarm)                                                                              \
        for (struct task *t = (swarm)->tasks.items; t && t < (swarm)->tasks.items + (swarm)->tasks.count; t++)
#define for_each_node(n, swarm)                                                                              \
        for (struct node *n = (swarm)->nodes.items; n && n < (swarm)->nodes.items + (swarm)->nodes.count; n++)
#define for_each_attachment(a, owner)                                                                        \
        for (struct attachment *a = (owner)->networks.items;                                                 \
             a && a < (owner)->networks.items + (owner)->networks.count; a++)

void swarm_init(struct swarm *swarm);
void swarm_done(struct swarm *swarm);
#define _cleanup_swarm_ _cleanup_(swarm_done)
void swarm_forget_tasks(struct swarm *swarm); /* frees them: more than half of a large swarm */

/* The shared copy of a text in the swarm's string table; NULL gives NULL. */
const char *swarm_string(struct swarm *swarm, const char *text);

/*
 * Asks an engine everything a picture of all pools needs. Refused, in the engine's words and with what to do,
 * when it is not a swarm manager. `inspect` names the networks to ask this node's endpoints of: NULL for
 * none,
 * "*" for every overlay, else one network's ID.
 */
int survey(struct engine *engine, const char *inspect, struct swarm *ret_swarm, struct error *error);

/*
 * The engine's tasks alone, read into swarm->tasks in place of what was there: all of them, attachment tasks
 * included, or those that match a filter in the API's JSON form.
 */
int survey_tasks(struct engine *engine, const char *filter, struct swarm *swarm, struct error *error);

/*
 * A snapshot is what a survey keeps, in the engine's own shapes: no environment, no commands, no secrets, no
 * labels but those headroom reads.
 */
int snapshot_write(const struct swarm *swarm, const char *path, struct error *error);
int snapshot_read(const char *path, struct swarm *ret_swarm, struct error *error);

/* Look-ups; NULL when there is none. */
struct network *swarm_network_by_id(const struct swarm *swarm, const char *id);
struct service *swarm_service_by_id(const struct swarm *swarm, const char *id);
struct node *swarm_node_by_id(const struct swarm *swarm, const char *id);
struct task *swarm_task_of_container(const struct swarm *swarm, const char *container_id);

/*
 * The network a user means: by exact name, else by exact ID, else by a unique ID prefix. Refused with a
 * sentence: unknown, ambiguous, or a name that differs only in case (which it then spells).
 */
int swarm_find_network(const struct swarm *swarm, const char *name, struct network **ret_network,
                       struct error *error);

/* An overlay of the swarm: the networks headroom keeps accounts of. */
#define NETWORK_NAME_MAX_LENGTH 63 /* of an overlay, as of any object of the swarm (docs/engine-notes.md) */
bool network_is_overlay(const struct network *network);
/* One of the swarm's that has no pool yet, or never got one: the engine shows neither driver nor subnet. */
bool network_is_unallocated(const struct network *network);
const char *label_value(const struct label *labels, size_t count,
                        const char *key); /* NULL when there is none */

enum task_state task_state_parse(const char *text);
const char *task_state_name(enum task_state state);
bool task_holds_addresses(const struct task *task); /* its actual state is not past RUNNING */
bool task_holds_address_on(const struct task *task,
                           const char *network_id); /* one in state New has none yet */
const struct attachment *task_on(const struct task *task, const char *network_id); /* NULL when it is not */
struct attachment *service_on(const struct service *service, const char *network_id);
