#pragma once

/*
 * The simulated swarm's whole state, for the files of this room only.
 *
 * Objects live in tables and are named by their index; a slot that is free again is used again, with another
 * generation, so that an old reference is recognised: `sim_ref` is both. The API's IDs are made from the
 * reference (identity.c) and not stored. Times are virtual milliseconds since the start.
 */

#include "base/random.h"
#include "base/text.h"
#include "sim/queue.h"
#include "sim/sim.h"
#include "swarm/swarm.h"

#include <stdio.h>

#define SIM_NONE        UINT32_MAX
#define SIM_ID_SIZE     26 /* 25 lower-case digits and letters */
#define SIM_HEX_ID_SIZE 65
#define SIM_TIME_SIZE   64
#define SIM_SHORT_ID    10 /* people write the first 10 or 12 characters */

/* What engines call themselves differs by these. */
#define SIM_MINOR_26 45
#define SIM_MINOR_28 51
#define SIM_MINOR_29 52
#define SIM_MINOR_SERIAL_POOL                                                                                \
        45 /* up to here the default pool's subnets go round, then the lowest is taken */

#define SIM_NO_REF ((struct sim_ref){SIM_NONE, 0})

/* The head of everything in a table. */
struct sim_object {
        struct sim_ref ref; /* its own; the generation is odd while the slot is in use */
        uint32_t stamp;     /* of the event that is waited for: others are stale */
        uint64_t version;   /* the store's index at the last change */
        int64_t created_ms;
        int64_t updated_ms;
        const char *name;               /* borrowed from the object; NULL: it has none to be found by */
        struct sim_object *same_bucket; /* of names.c */
};

/* Objects keep their place in memory as long as the table lives. */
struct sim_table {
        struct sim_object **items;
        size_t count, room;
        LIST(uint32_t) unused;
};

/* table.c */
void *sim_table_add(struct sim *sim, struct sim_table *table, size_t size); /* zeroed but for its head */
void sim_table_drop(struct sim_table *table, void *object);                 /* what it owns was freed */
void sim_table_done(struct sim_table *table);
void *sim_table_at(const struct sim_table *table, struct sim_ref ref); /* NULL: not any more */
void *sim_table_from(const struct sim_table *table, size_t index);     /* the first in use from there on */
void sim_touch(struct sim *sim, void *object);                         /* a new version */

/* names.c */
struct sim_names {
        struct sim_object **buckets;
        size_t room, count;
};
void sim_name_enter(struct sim_names *names, void *object, const char *name); /* stays until it leaves */
void sim_name_leave(struct sim_names *names, void *object);
void *sim_named(const struct sim_names *names, const char *name); /* in any case; NULL: nobody */
void *sim_named_next(const void *object);
#define for_each_named(type, x, names, wanted)                                                               \
        for (struct type *x = sim_named(names, wanted); x; x = sim_named_next(x))

#define for_each_sim(type, x, table)                                                                         \
        for (struct type *x = sim_table_from(table, 0); x;                                                   \
             x = sim_table_from(table, x->object.ref.index + (size_t)1))

static inline bool sim_ref_equal(struct sim_ref a, struct sim_ref b)
{
        return a.index == b.index && a.generation == b.generation;
}

/* A range of addresses with a bit each, handed out serially (pool.c). */
struct sim_pool {
        uint32_t first;  /* address of bit 0 */
        uint64_t size;   /* bits */
        uint64_t from;   /* bits below are not handed out unasked, */
        uint64_t until;  /* nor those from here on: the IP range */
        uint64_t cursor; /* where the next search begins */
        uint64_t held;
        uint64_t *words;
};

/* A node's own copy of an overlay. */
struct sim_presence {
        uint32_t tasks;      /* live ones that were assigned to the node */
        uint32_t endpoint;   /* address of the load-balancer endpoint; 0: none */
        uint32_t containers; /* that the swarm connected */
        uint32_t visitors;   /* task containers connected behind its back */
        int64_t empty_ms;    /* since when there are no containers */
        bool known;          /* had containers, and has not been taken away since */
        bool zombie;         /* it lost its ground under a visitor, and stays until the engine restarts */
};

struct sim_network {
        struct sim_object object;
        char *name;
        char *driver;
        char *options;     /* raw JSON, as asked for */
        char *labels;      /* raw JSON */
        char *subnet_said; /* as it was asked for, host bits and all; NULL: it was not */
        char *ipam;        /* its driver and options, raw JSON members; NULL: none */
        bool has_subnet, has_range;
        struct prefix subnet, range;
        char *range_said; /* likewise */
        uint32_t gateway; /* 0: not yet */
        bool gateway_asked;
        bool attachable, internal, ingress, local;
        bool allocated;
        bool removed; /* gone from the store; kept while a node has a copy */
        uint32_t vxlan;
        uint64_t leaked;
        uint64_t leaked_ever; /* these three since somebody began to watch it */
        uint64_t held_most;
        int64_t refused_ms; /* when an address was refused first; 0: never */
        uint32_t local_node;
        bool refused; /* it was logged that it can't have its pool */
        struct sim_pool pool;
        LIST(struct sim_presence) on; /* by node */
};

enum sim_action {
        SIM_PAUSE,
        SIM_CONTINUE,
        SIM_ROLLBACK,
};

struct sim_update_config {
        uint64_t parallelism;
        int64_t delay_ms;
        int64_t monitor_ms;
        enum sim_action action;
        double ratio;
        bool start_first;
};

enum sim_mode {
        SIM_REPLICATED,
        SIM_GLOBAL,
        SIM_REPLICATED_JOB,
        SIM_GLOBAL_JOB,
};

struct sim_constraint {
        char *key;
        char *value;
        bool unequal;
};

struct sim_port {
        uint32_t target, published;
        char protocol[5];
        bool host_mode;
};

/* A spec as it was posted, and what the swarm reads in it. Shared by counting. */
struct sim_spec {
        uint32_t users;
        char *bytes;
        size_t length;
        size_t template_offset, template_length; /* of TaskTemplate */
        size_t endpoint_offset, endpoint_length; /* of EndpointSpec; length 0: none */
        size_t labels_offset, labels_length;
        size_t outer_networks_offset, outer_networks_length;     /* beside the template; 0: none */
        size_t container_labels_offset, container_labels_length; /* of ContainerSpec; 0: none */
        char *name;
        char *image;
        enum sim_mode mode;
        uint64_t replicas; /* of a replicated job: how many are to complete */
        uint64_t concurrent;
        bool dnsrr;
        bool ingress; /* publishes a port there */
        bool health_check, health_check_none;
        bool has_placement;
        uint64_t replicas_max_per_node;
        int64_t stop_grace_ms;
        int64_t restart_delay_ms;
        bool restart_none, restart_on_failure;
        struct sim_update_config update, rollback;
        LIST(struct sim_ref) networks;
        LIST(struct sim_constraint) constraints;
        LIST(struct sim_port) ports;
};

enum sim_update_state {
        SIM_UPDATE_NONE,
        SIM_UPDATING,
        SIM_PAUSED,
        SIM_COMPLETED,
        SIM_ROLLBACK_STARTED,
        SIM_ROLLBACK_PAUSED,
        SIM_ROLLBACK_COMPLETED,
};

struct sim_vip {
        struct sim_ref network;
        uint32_t address; /* 0: not yet */
};

struct sim_service {
        struct sim_object object;
        char *name;
        struct sim_spec *spec;
        struct sim_spec *previous;
        struct sim_spec *endpoint_of; /* the one whose endpoint was allocated last; NULL: none was */
        uint64_t job_iteration;
        LIST(struct sim_vip) vips;
        bool vips_lost;              /* the store names them, and the pools have them back */
        LIST(struct sim_port) ports; /* with the numbers the swarm chose */
        bool allocated;              /* all VIPs are there */
        bool logged;                 /* that they are not */
        bool due;                    /* an event will look at it */
        struct sim_task *first_task;

        enum sim_update_state update_state;
        char *update_message;
        int64_t update_started_ms, update_completed_ms;
        bool updating;    /* the updater is at work */
        int64_t quiet_ms; /* since when it has nothing left to do; 0: it has */
        uint32_t failures, updated;
};

struct sim_attachment {
        struct sim_ref network;
        uint32_t address; /* 0: not yet */
        bool connected;   /* its container is on the network */
};

struct sim_task {
        struct sim_object object;
        struct sim_ref service;
        bool attachment; /* a container's, of no service */
        struct sim_spec *spec;
        struct sim_task *next; /* of the same service */
        uint32_t slot;
        uint32_t node;
        struct sim_ref container;
        uint8_t state;   /* enum task_state */
        uint8_t desired; /* enum task_state */
        uint8_t attachment_count;
        bool allocated; /* has its addresses */
        bool present;   /* counts as live on its node */
        bool updated;   /* made by the updater that is at work */
        bool tried;     /* that updater made one in its place */
        bool follows;   /* runs as soon as its slot's old task has ended */
        bool queued;    /* waits for an address or a node */
        bool stopping;
        bool last;        /* it has ended, and by its spec no other one is to follow it */
        int64_t since_ms; /* of the state */
        int64_t hold_ms;  /* not to run before; 0: no such time */
        const char *message;
        const char *error; /* a constant, or NULL */
        uint64_t job_iteration;
        struct sim_attachment *attachments;
};

struct sim_connection {
        struct sim_ref network;
        uint32_t address;    /* 0: not yet, the container does not run */
        struct sim_ref task; /* the attachment's; SIM_NO_REF: local, behind the swarm's back */
        char *configured;    /* the address that was asked for */
        char *aliases;       /* raw JSON */
};

/* A task's container is on its task's networks; `connections` are those besides. */
struct sim_container {
        struct sim_object object;
        struct sim_ref task; /* SIM_NO_REF: a standalone one */
        uint32_t node;
        bool running;
        char *name; /* NULL for a task's: made from the task */
        char *image;
        char *labels;          /* raw */
        char *command;         /* raw */
        char *missing;         /* the network of its network mode, when there was none of the name; or NULL */
        struct sim_ref failed; /* the network that it could not be attached to last */
        int64_t started_ms;
        int exit_code;
        LIST(struct sim_connection) connections;
};

struct sim_node {
        struct sim_object object;
        char *name;
        uint32_t address;
        bool manager;
        bool down;
        bool removed;   /* its place stays: others' are counted from it */
        uint32_t tasks; /* live ones that were assigned to it */
        char *availability;
        char *labels; /* raw */
        char *bytes;  /* the spec as posted; NULL: made up */
};

enum sim_event_kind {
        SIM_EVENT_NETWORK, /* the allocator comes to it */
        SIM_EVENT_SERVICE, /* allocator, orchestrator and updater look at it */
        SIM_EVENT_TASK,    /* its next state is due */
        SIM_EVENT_REAP,    /* it is forgotten, if it is over */
        SIM_EVENT_RETRY,   /* what waits for an address or a node gets another try */
        SIM_EVENT_DRAIN,   /* a removed network is looked at: has any node a copy yet? */
        SIM_EVENT_LEADER,  /* a new one is elected */
        SIM_EVENT_ORPHAN,  /* a node has been down for a day */
        SIM_EVENT_OUTSIDE, /* what somebody outside has asked for */
};

struct sim_named_model {
        char *name;
        bool of_service;
        struct sim_model model;
};

/* What GET /events tells. */
struct sim_happening {
        int64_t time_ms;
        const char *type, *action;
        uint32_t node; /* whose engine tells it; SIM_NONE: the swarm's managers do */
        char *id;
        char *name;
        char *from;       /* a container's image; NULL: about none */
        char *attributes; /* raw JSON members besides the name, each with a comma behind; NULL: none */
};

struct sim {
        struct sim_settings settings;
        struct clock_source clock;
        struct random_stream random;
        int64_t now_ms;
        uint64_t index; /* the store's */
        uint64_t leaked;
        uint64_t clashes;  /* tasks that failed at a visitor's address */
        uint64_t node_key; /* scrambles IDs */
        uint32_t leader;
        int64_t leaderless_until_ms;
        uint32_t asked; /* the node that answers the request at hand */
        uint32_t vxlan_next;
        uint32_t port_next;
        bool panicked; /* the engine met the spec that kills it, and does so at every start */
        bool retry_due;
        uint64_t subnet_cursor; /* of the default pool: where the next search begins */
        struct prefix default_pool;

        struct sim_queue events;
        struct sim_table networks, services, tasks, containers, nodes;
        struct sim_names network_names, service_names;
        LIST(struct sim_ref) waiting; /* tasks without an address or a node */
        LIST(struct sim_named_model) models;
        LIST(char *) images;
        LIST(struct sim_outside *) outside; /* NULL: it has happened */
        LIST(struct sim_happening) happenings;
        uint64_t happenings_dropped; /* older ones */
        LIST(struct sim_log_line) log;
};

/* pool.c */
void sim_pool_init(struct sim_pool *pool, struct prefix prefix);
void sim_pool_init_bits(struct sim_pool *pool, uint64_t size);
void sim_pool_done(struct sim_pool *pool);
void sim_pool_limit(struct sim_pool *pool, struct prefix range);
bool sim_pool_next(struct sim_pool *pool, uint64_t *ret_bit); /* false: full */
bool sim_pool_take(struct sim_pool *pool, uint64_t bit);      /* false: taken */
void sim_pool_give(struct sim_pool *pool, uint64_t bit);
bool sim_pool_has(const struct sim_pool *pool, uint64_t bit);
bool sim_address_next(struct sim_pool *pool, uint32_t *ret_address);
bool sim_address_take(struct sim_pool *pool, uint32_t address);
void sim_address_give(struct sim_pool *pool, uint32_t address);

/* identity.c: kinds keep IDs of different tables apart */
enum sim_kind {
        SIM_KIND_NETWORK = 1,
        SIM_KIND_SERVICE,
        SIM_KIND_TASK,
        SIM_KIND_NODE,
        SIM_KIND_CONTAINER,
        SIM_KIND_ENDPOINT,
        SIM_KIND_SANDBOX,
        SIM_KIND_CLUSTER,
};
void sim_id(const struct sim *sim, enum sim_kind kind, struct sim_ref ref, char ret_id[SIM_ID_SIZE]);
void sim_hex_id(const struct sim *sim, enum sim_kind kind, struct sim_ref ref, char ret_id[SIM_HEX_ID_SIZE]);
/* The reference an ID was made from, in full or from its first characters on; false when it can't be one. */
bool sim_ref_of_id(const struct sim *sim, enum sim_kind kind, const char *id, struct sim_ref *ret_ref);
bool sim_ref_of_hex_id(const struct sim *sim, enum sim_kind kind, const char *id, struct sim_ref *ret_ref);

/* spec_normal.c: NULL, and the answer says why, when the swarm refuses it */
char *sim_spec_normal(struct sim *sim, const struct json_document *d, const char *bytes, size_t length,
                      struct sim_answer *answer);
json_node sim_spec_networks(const struct json_document *d);

/* spec_default.c: with what the engine adds always, or also for who asks for its defaults */
char *sim_spec_complete(const char *bytes, size_t length, bool asked);

/* spec.c */
struct sim_spec *sim_spec_read(struct sim *sim, const char *bytes, size_t length, struct sim_answer *answer);
/* A swarm's check of names, of services and overlays; false, and the answer says why: they are DNS labels. */
bool sim_accept_name(const char *name, struct sim_answer *answer);
struct sim_spec *sim_spec_use(struct sim_spec *spec);
struct sim_spec *sim_spec_free(struct sim_spec *spec); /* NULL; gone with its last user */
bool sim_spec_same_tasks(const struct sim_spec *a, const struct sim_spec *b);

/* network.c */
#define SIM_POOL_OVERLAPS "Pool overlaps with other one on this address space"
struct sim_network *sim_network_stored(struct sim *sim, struct sim_ref ref); /* NULL: not in the store */
struct sim_network *sim_network_find(struct sim *sim, const char *name_or_id);
struct sim_network *sim_network_add(struct sim *sim, const char *name);
struct sim_network *sim_ingress(struct sim *sim); /* NULL: removed */
/* Whether it overlaps one of the asked node's own networks, but for this one; `network` may be NULL. */
bool sim_network_overlaps_local(struct sim *sim, const struct sim_network *network, struct prefix prefix);
void sim_network_remove(struct sim *sim, struct sim_network *network);
void sim_network_allocate(struct sim *sim, struct sim_network *network);
void sim_network_drain(struct sim *sim, struct sim_network *network);
bool sim_network_is_here(const struct sim *sim, const struct sim_network *network, uint32_t node);
struct sim_presence *sim_presence(struct sim_network *network, uint32_t node);
void sim_network_free(struct sim_network *network);
void sim_network_drop(struct sim *sim, struct sim_network *network); /* freed, and forgotten */
void sim_presence_add(struct sim *sim, struct sim_network *network, uint32_t node, bool visitor);
void sim_presence_drop(struct sim *sim, struct sim_network *network, uint32_t node, bool visitor);
char *sim_network_user(struct sim *sim, const struct sim_network *network); /* "service X", NULL: none */

/* outside.c */
void sim_outside_run(struct sim *sim, uint32_t index);
void sim_outside_done(struct sim *sim);

/* service.c */
struct sim_service *sim_service_find(struct sim *sim, const char *name_or_id);
struct sim_service *sim_service_add(struct sim *sim, struct sim_spec *spec);
void sim_service_set(struct sim *sim, struct sim_service *service, struct sim_spec *spec);
void sim_service_remove(struct sim *sim, struct sim_service *service);
void sim_service_due(struct sim *sim, struct sim_service *service, int64_t delay_ms);
void sim_service_changed(struct sim *sim, struct sim_service *service);
void sim_service_free(struct sim_service *service);

/* endpoint.c: a service's VIPs and ports */
void sim_service_allocate(struct sim *sim, struct sim_service *service);
void sim_vips_give(struct sim *sim, struct sim_service *service);

/* One place for a task: of a number for replicated services, of a node for global ones. */
struct sim_slot {
        struct sim_task *clean; /* made as the spec says now */
        struct sim_task *dirty; /* made as it said before */
        struct sim_task *spare; /* a second dirty one, of an update that was overtaken */
        bool ending;            /* one that is not wanted has not ended yet */
        bool done;              /* one has ended, and is not to be started again */
        uint32_t tasks;         /* its history included */
};
struct sim_slots {
        struct sim_slot *items; /* by slot number; the first is 1 */
        size_t count;
};

/* replicas.c: how many tasks there should be */
void sim_service_go_on(struct sim *sim, struct sim_service *service);

/* update.c */
void sim_update_begin(struct sim *sim, struct sim_service *service);
void sim_update_go_on(struct sim *sim, struct sim_service *service, struct sim_slots *slots);
void sim_update_note_failure(struct sim *sim, struct sim_service *service, struct sim_task *task);
/* Back to the previous spec; false when there is none. `message` is what the update's status says. By hand,
 * the spec that is left can be gone back to in its turn. */
bool sim_roll_back(struct sim *sim, struct sim_service *service, bool by_hand, const char *message);

/* task.c */
struct sim_task *sim_task_add(struct sim *sim, struct sim_service *service, uint32_t slot, uint32_t node,
                              enum task_state desired);
void sim_task_desire(struct sim *sim, struct sim_task *task, enum task_state desired);
void sim_task_step(struct sim *sim, struct sim_task *task);
void sim_task_reap(struct sim *sim, struct sim_task *task);
void sim_task_end(struct sim *sim, struct sim_task *task, enum task_state state, const char *error);
/* The hidden task of a standalone container on an overlay: `address` was taken for it. */
struct sim_task *sim_task_attach(struct sim *sim, struct sim_container *container,
                                 struct sim_network *network, uint32_t address);
void sim_task_detach(struct sim *sim, struct sim_task *task); /* and it is forgotten */
void sim_task_free(struct sim_task *task);
static inline bool sim_task_is_live(const struct sim_task *task)
{
        return task->state <= TASK_RUNNING;
}
static inline bool sim_task_is_wanted(const struct sim_task *task)
{
        return task->desired <= TASK_RUNNING || task->desired == TASK_COMPLETE;
}
#define for_each_sim_task(t, service) for (struct sim_task *t = (service)->first_task; t; t = t->next)

/* allocate.c: addresses of tasks, and of nodes for them */
bool sim_network_address(struct sim *sim, struct sim_network *network, uint32_t *ret_address);
bool sim_task_allocate(struct sim *sim, struct sim_task *task);
void sim_task_release(struct sim *sim, struct sim_task *task);
void sim_note_leak(struct sim *sim,
                   struct sim_network *network); /* counts an address that nobody has any more */
void sim_retry_due(struct sim *sim);
void sim_retry(struct sim *sim);
void sim_endpoint_update(struct sim *sim, struct sim_network *network, uint32_t node);
bool sim_has_endpoints(struct sim *sim, const struct sim_task *task);
void sim_allocator_restart(struct sim *sim);
void sim_network_recount(struct sim *sim, struct sim_network *network);

/* node.c */
void sim_node_free(struct sim_node *node);
void sim_node_remove(struct sim *sim, struct sim_node *node);
void sim_node_orphan(struct sim *sim, const struct sim_node *node);
struct sim_node *sim_node_find(struct sim *sim, const char *name_or_id);
uint32_t sim_node_choose(struct sim *sim, const struct sim_task *task); /* SIM_NONE: no node suits */
/* Why none suits, in the engine's words; owned by the caller. */
char *sim_node_refusals(struct sim *sim, const struct sim_task *task);
bool sim_node_suits(struct sim *sim, uint32_t node, const struct sim_spec *spec);

/* container.c */
struct sim_container *sim_container_find(struct sim *sim, uint32_t node, const char *name_or_id);
struct sim_container *sim_container_add(struct sim *sim, uint32_t node, struct sim_ref task);
char *sim_container_name(struct sim *sim, const struct sim_container *container);
char *sim_task_name(struct sim *sim, const struct sim_task *task);        /* as its container is called */
void sim_container_end(struct sim *sim, struct sim_container *container); /* and forget it */
void sim_container_free(struct sim_container *container);

/* connect.c: connections by hand. What is asked for: an address or NULL, raw aliases or NULL. */
bool sim_connect(struct sim *sim, struct sim_container *container, struct sim_network *network,
                 const char *address, const char *aliases, struct sim_answer *answer);
void sim_disconnect(struct sim *sim, struct sim_container *container, struct sim_connection *connection);
/* Whichever way it is on the network; false: it is not. */
bool sim_disconnect_from(struct sim *sim, struct sim_container *container, struct sim_network *network);
/* The address that is asked for, which must be one of the network's. */
bool sim_address_wanted(const struct sim_network *network, const char *text, uint32_t *ret_address,
                        struct sim_answer *answer);
/* Whether a task's container that was connected by hand has the address, which the swarm's books don't know.
 */
bool sim_visitor_has(struct sim *sim, struct sim_network *network, uint32_t node, uint32_t address);
struct sim_connection *sim_connection_of(struct sim_container *container, const struct sim_network *network);
/* The task's own attachment that its container is connected by; NULL when it is not. */
struct sim_attachment *sim_attachment_of(struct sim *sim, const struct sim_container *container,
                                         const struct sim_network *network);
bool sim_container_start(struct sim *sim, struct sim_container *container, struct sim_answer *answer);

/* model.c */
const struct sim_model *sim_model_named(const struct sim *sim, const char *name, bool of_service);
struct sim_model sim_model_of(const struct sim *sim, const struct sim_spec *spec);
int64_t sim_jitter(struct sim *sim, int64_t ms);

/* journal.c */
void sim_happened(struct sim *sim, const char *type, const char *action, const char *id, const char *name,
                  char *attributes); /* told by the swarm; the attributes are taken */
/* Told by one engine. The new one, for more to be said. */
struct sim_happening *sim_happened_on(struct sim *sim, uint32_t node, const char *type, const char *action,
                                      const char *id, const char *name, char *attributes);
void sim_log(struct sim *sim, const char *level, const char *format, ...) _printf_(3, 4);
void sim_journal_done(struct sim *sim);

/* tell.c */
void sim_tell_container(struct sim *sim, const struct sim_container *container, const char *action,
                        const char *more); /* raw members, each with a comma behind */
void sim_tell_start(struct sim *sim, const struct sim_container *container); /* of a task */
void sim_tell_connection(struct sim *sim, const struct sim_container *container,
                         const struct sim_network *network, const char *action);
void sim_tell_copy(struct sim *sim, const struct sim_network *network, uint32_t node,
                   const char *action); /* of a node's own copy of an overlay */
void sim_tell_node(struct sim *sim, const struct sim_node *node, const char *action,
                   char *attributes); /* taken */
void sim_tell_service(struct sim *sim, const struct sim_service *service, const char *action,
                      char *attributes);                                             /* taken */
char *sim_attribute_change(const char *what, const char *before, const char *after); /* NULL: none */

/* sim.c */
void sim_schedule(struct sim *sim, enum sim_event_kind kind, struct sim_ref object, uint32_t stamp,
                  int64_t delay_ms);
int sim_minor(const struct sim *sim);
int64_t sim_wall_ms(const struct sim *sim, int64_t time_ms);
void sim_time_format(const struct sim *sim, int64_t time_ms, char ret_text[SIM_TIME_SIZE]);
