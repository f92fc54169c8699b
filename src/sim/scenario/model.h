#pragma once

/*
 * All that a scenario file can say, for the files of this room only. Texts belong to the structs they stand
 * in; `line` is where the thing stands in the file. What was left out is zero, or what the reader of the kind
 * puts there first.
 */

#include "sim/scenario/scenario.h"

#include "base/text.h"

struct scenario_texts {
        LIST(char *) items;
};

struct scenario_pair {
        char *key, *value;
};
struct scenario_pairs {
        LIST(struct scenario_pair) items;
};

/* Being on a network. */
struct scenario_join {
        unsigned line;
        char *network;
        struct scenario_texts aliases;
        uint32_t address; /* of containers; 0: any */
};
struct scenario_joins {
        LIST(struct scenario_join) items;
};

enum scenario_availability {
        NODE_AVAILABILITY_DEFAULT,
        NODE_ACTIVE,
        NODE_PAUSE,
        NODE_DRAIN,
};

struct scenario_node {
        unsigned line;
        char *name;
        bool manager;
        bool down;
        unsigned availability; /* enum scenario_availability */
};

struct scenario_image {
        unsigned line;
        char *name;
        struct sim_model model;
};

struct scenario_address {
        unsigned line;
        uint32_t address;
};

struct scenario_leaks {
        uint64_t count;
        bool all; /* as many as are free */
        LIST(struct scenario_address) addresses;
};

enum scenario_driver {
        DRIVER_DEFAULT,
        DRIVER_OVERLAY,
        DRIVER_BRIDGE,
};

struct scenario_network {
        unsigned line;
        char *name; /* within its stack */
        const char *stack;
        struct prefix subnet, range; /* no length: not said */
        uint32_t gateway;            /* 0: not said */
        bool attachable, internal;
        bool overlap; /* it is to stay without a pool */
        unsigned driver;
        struct scenario_pairs labels, options;
        struct scenario_leaks leaks;
};

struct scenario_update {
        unsigned line; /* 0: there is none */
        unsigned order, failure_action;
        uint64_t parallelism;
        int64_t delay_ms, monitor_ms; /* monitor 0: the engine's own */
        uint64_t failure_percent;
};

enum scenario_port_mode {
        PORT_MODE_DEFAULT,
        PORT_INGRESS,
        PORT_HOST,
};

enum scenario_endpoint_mode {
        ENDPOINT_DEFAULT,
        ENDPOINT_VIP,
        ENDPOINT_DNSRR,
};

struct scenario_port {
        unsigned line;
        uint64_t target, published;
        unsigned protocol, mode;
};
struct scenario_ports {
        LIST(struct scenario_port) items;
};

enum scenario_restart {
        RESTART_DEFAULT,
        RESTART_ANY,
        RESTART_ON_FAILURE,
        RESTART_NONE,
};

/* How a service's spec is to be. Several services may be alike. */
struct scenario_sketch {
        unsigned line;
        char *image;
        uint64_t replicas;
        bool replicas_said;
        bool global;
        uint64_t job;        /* so many completions; 0: it is none */
        uint64_t concurrent; /* of a job; 0: not said, which is one */
        struct scenario_joins networks;
        struct scenario_ports ports;
        unsigned endpoint_mode;
        bool health;
        struct scenario_update update, rollback;
        int64_t stop_grace_ms; /* 0: not said, as with all below */
        struct scenario_texts volumes, constraints, command;
        struct scenario_pairs labels, env;
        unsigned restart;
        int64_t restart_delay_ms;
        uint64_t max_per_node;
        bool stuck; /* it is made when all else stands, and is not to get its addresses */
        bool behaves_said;
        struct sim_model behaves;
        char *spec; /* the engine's own JSON, instead of all that is posted of the above */
};

struct scenario_service {
        unsigned line;
        char *name; /* within its stack */
        const char *stack;
        struct scenario_sketch *sketch; /* the scenario's */
};

struct scenario_container {
        unsigned line;
        char *name, *image, *node;
        struct scenario_joins networks;
        struct scenario_pairs labels;
        struct scenario_texts command;
};

/* Many services by rule. */
struct scenario_rule {
        unsigned line;
        char *prefix;
        uint64_t services;
        uint64_t tasks_min, tasks_max; /* 0: as the sketch says */
        uint64_t per_stack;            /* 0: no stacks */
        uint64_t networks;             /* so many networks, of which each service is on one */
        struct scenario_sketch *sketch;
};

enum scenario_event_kind {
        EVENT_LEADER, /* words[] of it say what: it changes, or is lost for a time */
        EVENT_NODE_DOWN,
        EVENT_NODE_UP,
        EVENT_ENGINE_RESTARTS,
        EVENT_TASK_DIES,
        EVENT_IMAGE_MISSING,
        EVENT_LEAK,
        EVENT_KINDS,
};

struct scenario_event {
        unsigned line;
        int64_t at_ms;
        enum scenario_event_kind kind;
        char *subjects[EVENT_KINDS]; /* only that of its kind is there */
        int64_t duration_ms;         /* of a leader that is lost; 0: it only changes */
        uint64_t count;              /* of leaks */
};

struct scenario {
        char *origin;
        unsigned line;
        unsigned engine;
        uint64_t seed;
        int64_t start_wall_ms; /* 0: the sim's own */
        int64_t age_ms, settle_ms;
        uint64_t history;
        bool debug;
        struct prefix pool_range;
        uint64_t pool_size;
        unsigned timing_line;
        int64_t call_ms, allocate_ms, drain_ms, jitter_ms; /* 0: the sim's own */
        struct scenario_network ingress;
        LIST(struct scenario_node) nodes;
        LIST(struct scenario_image) images;
        LIST(struct scenario_network) networks;
        LIST(struct scenario_service) services;
        LIST(struct scenario_sketch *) sketches;
        LIST(struct scenario_container) containers;
        LIST(struct scenario_rule) rules;
        LIST(struct scenario_event) events;
        struct scenario_texts stacks;
};

#define SCENARIO_POOL      "10.0.0.0/8"
#define SCENARIO_POOL_SIZE 24
#define SCENARIO_AGE_MS    60000 /* how long all has been standing when a scenario says nothing of it */

/* "ORIGIN:LINE: ", and the sentence; returns -1. */
int scenario_refuse(const struct scenario *scenario, unsigned line, struct error *error, const char *format,
                    ...) _printf_(4, 5);

/* What the words of choices stand for: the first is number 1, and the list ends with NULL. */
extern const char *const scenario_engines[];
extern const char *const scenario_availabilities[];
extern const char *const scenario_drivers[];
extern const char *const scenario_orders[];
extern const char *const scenario_failure_actions[];
extern const char *const scenario_protocols[];
extern const char *const scenario_port_modes[];
extern const char *const scenario_endpoint_modes[];
extern const char *const scenario_restarts[];
int scenario_api_minor(const struct scenario *scenario);

/* The model an image or a service has when nothing is said. */
struct sim_model scenario_model_default(void);
/* How a service's containers behave: by itself, else by its image. */
struct sim_model scenario_model_of(const struct scenario *scenario, const struct scenario_sketch *sketch);
const struct scenario_image *scenario_image_find(const struct scenario *scenario, const char *name);
