#pragma once

/*
 * A plan: the facts it rests on, what is to be done, and everything needed to go back. It is written to a
 * file for people, and whole into a label of the hop network, so that any manager can finish or undo a move
 * when the file and the host that started it are gone. No environment or secret of a service is in it; specs
 * appear only as digests of their parts.
 */

#include "base/prefix.h"
#include "move/spec.h"
#include "pool/choose.h"
#include "swarm/swarm.h"

#define PLAN_ID_LENGTH 12
#define PLAN_FORMAT    1
#define PLAN_BYTES_MAX ((size_t)32 << 20) /* of its file */

enum way {
        WAY_START_FIRST, /* the new task is healthy before the old one stops */
        WAY_STOP_FIRST,  /* the old task stops before the new one starts */
};

struct plan_service {
        char *id;
        char *name;
        uint64_t version; /* when it was planned */
        enum way way;
        char *why;     /* one sentence */
        bool edge;     /* takes requests from outside for the others: moved last, connected to both networks
                          meanwhile */
        bool stuck;    /* waits in New for an address of NET */
        bool complete; /* all its tasks ran when it was planned */
        int64_t ready_ms; /* how long its last container took from start to running, health check included; 0:
                             unknown */
        int64_t gap_expected_ms; /* at each of the two hops: how long it is out of reach */
        int64_t gap_bound_ms;
        int64_t settle_bound_ms; /* how long one hop may take before the run stops and says so */
        struct spec_edits edits;
        struct spec_parts parts; /* of the original spec */
};

/* A standalone container on NET, on the node where the plan was made. */
struct plan_container {
        char *id;
        char *name;
        char *static_address; /* NULL when the engine chose it */
        LIST(char *) aliases;
        char *settings; /* an object: what else it was connected with, as the engine has it; NULL: nothing */
};

/* A page that is asked before and after the move, and how it answered when this was planned. */
struct plan_page {
        char *url;
        char *at; /* "127.0.0.1:80": asked there, whatever the name resolves to; NULL: where it resolves to */
        char *origin;           /* "checks, line 4", "Host() of drone_app", "port 80 of traefik_app" */
        char *service;          /* ID of the service that makes it; NULL: not known */
        uint64_t wanted_status; /* 0: any from 200 to 399 */
        char *wanted_title;     /* NULL: any */
        bool wanted;            /* the operator asked for it: it has to be fine, not only as it was */
        uint64_t status;        /* the baseline; 0: no answer */
        uint64_t length;        /* of the body, in bytes */
        char *title;            /* NULL: it has none */
        char *failure;          /* why there was no answer; NULL: there was one */
};

/* The smallest edit of a file that declares NET: texts at offsets of the file as it was, in rising order. */
struct plan_patch_edit {
        uint64_t offset;
        char *original; /* "": something is put in */
        char *edited;
};

struct plan_patch {
        char *path;        /* absolute */
        uint64_t line;     /* of the declaration, from 1 */
        char *declaration; /* that line as it was */
        bool in_place;     /* the move edits the file; otherwise the diff lies beside the plan */
        char *before;      /* digests of the whole file */
        char *after;
        LIST(struct plan_patch_edit) edits;
};

/* A service that has no tasks for the time of the move. */
struct plan_pause {
        char *id;
        char *name;
        uint64_t replicas; /* as they were */
};

enum road_kind {
        ROAD_REBUILD, /* the operator's command; it may restart units by itself */
        ROAD_UNIT,    /* a systemd unit that is restarted */
        ROAD_COMMAND,
};

/* A way of deploying again what is declared, gone after the move in this order. */
struct plan_road {
        enum road_kind kind;
        char *text; /* the command line, or the unit's name */
};

struct plan {
        char id[PLAN_ID_LENGTH + 1];
        char *cluster_id;
        char *engine; /* where it was asked, for people */
        char *author; /* user@host */
        int64_t created_ms;
        char *network;    /* NET's name */
        char *network_id; /* when it was planned */
        char *old_subnet;
        char *new_subnet;
        char *hop; /* the hop network's name */
        char *hop_subnet;
        bool live_connect; /* NET is attachable: running containers can be connected to the hop */
        bool refusing;     /* NET refused addresses then: what is stuck will run once it is off NET */
        char *old_request; /* JSON bodies of POST /networks/create */
        char *new_request;
        char *hop_request; /* without headroom's own labels */
        char *reason;      /* why this subnet */
        LIST(struct choice_rejected) rejected;
        LIST(struct plan_service) services; /* in the order they move */
        LIST(struct plan_container) containers;
        LIST(char *) bystanders; /* names of the services not on NET */
        LIST(char *) notes;      /* what the reader must know */

        /* What the operator's configuration asked for when this was planned. */
        char *host;            /* whose units, files and pages these are */
        char *planner;         /* fingerprint of the key that planned, "SHA256:..."; NULL: none was named */
        LIST(char *) reserved; /* ranges to keep clear of */
        LIST(char *) quiet_stacks;
        LIST(char *) quiet_busy;
        LIST(char *) quiet_commands;
        uint64_t quiet_wait_s;
        LIST(char *) pause_units;
        LIST(struct plan_pause) pauses;
        LIST(struct plan_road) roads;
        uint64_t roads_timeout_s; /* of each */
        LIST(struct plan_page) pages;
        LIST(struct plan_patch) patches;
};

void plan_done(struct plan *plan);
#define _cleanup_plan_ _cleanup_(plan_done)

#define for_each_planned(s, plan)                                                                            \
        for (struct plan_service *s = (plan)->services.items;                                                \
             s && s < (plan)->services.items + (plan)->services.count; s++)
#define for_each_planned_container(c, plan)                                                                  \
        for (struct plan_container *c = (plan)->containers.items;                                            \
             c && c < (plan)->containers.items + (plan)->containers.count; c++)

#define for_each_pause(p, plan)                                                                              \
        for (struct plan_pause *p = (plan)->pauses.items;                                                    \
             p && p < (plan)->pauses.items + (plan)->pauses.count; p++)
#define for_each_road(r, plan)                                                                               \
        for (struct plan_road *r = (plan)->roads.items; r && r < (plan)->roads.items + (plan)->roads.count;  \
             r++)

/* A range to keep clear of, and who says so: "--reserve", or a line of the configuration. */
struct reserved_range {
        const char *range;
        const char *origin;
};

/* What the user asked for: a size or a subnet. */
struct plan_wish {
        const char *network;
        uint8_t length_bits; /* 0: not given */
        const char *subnet;  /* NULL: not given */
        const char *edges;   /* comma-separated service names, NULL: those that publish ports */
        const struct reserved_range *reserved;
        size_t reserved_count;
        const struct settings *settings; /* NULL: none */
        const char *places;              /* options that lead a next command to the same engine; NULL: none */
};

/* Makes a plan from the live swarm; changes nothing. ERROR_REFUSED says why there can't be one. */
int plan_make(struct engine *engine, const struct plan_wish *wish, struct plan *ret_plan,
              struct error *error);

/* The plan as one JSON value, and back. `origin` names where it came from in errors. */
void plan_format(const struct plan *plan, bool indented, struct buffer *ret_json);
int plan_parse(const char *json, size_t length, const char *origin, struct plan *ret_plan,
               struct error *error);

/* The plan file: the value and its digest, so that a truncated or edited file is refused (ERROR_REFUSED). */
int plan_write(const struct plan *plan, const char *path, struct error *error);
int plan_read(const char *path, struct plan *ret_plan, struct error *error);

/* Every range in use that this host and this engine know of. */
int occupied_gather(const struct swarm *swarm, const struct reserved_range *reserved, size_t reserved_count,
                    const char *except_network_id, struct occupied *ret_occupied, struct error *error);

/* The creation request that makes a network like this one: `inspect` is the body of GET /networks/{id}. */
struct request_change {
        const char *name;   /* NULL: as it is */
        const char *subnet; /* NULL: as it is */
        const char *labels; /* raw JSON object; NULL: as they are */
};
int request_of_network(const struct buffer *inspect, const struct request_change *change, char **ret_request,
                       struct error *error);
