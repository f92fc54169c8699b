#pragma once

/*
 * A fault schedule: a swarm, what the operator does with it, and what goes wrong meanwhile. All of it is
 * plain data, made from a seed (draft.c), read from a file (read.c, docs/schedules.md) or cut down
 * (shrink.c); what happens when it is run follows from it alone, to the byte.
 */

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"

/* What the operator does. Whatever ends early is run again until it ends well. */
enum course {
        COURSE_APPLY,   /* plan, apply */
        COURSE_UNDO,    /* ... and when that is over, undo */
        COURSE_TURN,    /* an apply that ends early is undone */
        COURSE_RECOVER, /* one that ends early is taken up from the hop's label, as on another host */
        COURSE_WAVER,   /* each run that ends early is turned round, while faults go on */
        COURSES,
};
const char *course_name(enum course course);

enum fault_kind {
        /* of one call, or of several in a row */
        FAULT_REFUSED,     /* no connection */
        FAULT_LOST_BEFORE, /* a time-out, and it was not carried out */
        FAULT_LOST_AFTER,  /* a time-out, and it was */
        FAULT_ERROR,       /* the engine answers 500 and does nothing */
        FAULT_BROKEN,      /* the answer is no JSON */
        FAULT_CUT,         /* the answer ends in its middle */
        FAULT_STALE,       /* somebody touches the service just before */
        FAULT_KILL_BEFORE, /* headroom dies, and asks no more */
        FAULT_KILL_AFTER,  /* ... when this was carried out */
        /* of the world, just before a call */
        FAULT_LEADER_CHANGE,
        FAULT_LEADER_LOST,
        FAULT_NODE_DOWN,
        FAULT_IMAGE_MISSING,   /* of a service: new tasks are rejected */
        FAULT_UNHEALTHY,       /* of a service: new tasks fail */
        FAULT_TASK_DIES,       /* a container of a service ends by itself */
        FAULT_SERVICE_LABEL,   /* somebody changes a service, which goes on as it is */
        FAULT_SERVICE_UPDATED, /* ... which gets new tasks by that */
        FAULT_SERVICE_ADDED,   /* somebody deploys one onto the network */
        FAULT_SERVICE_REMOVED,
        FAULT_NETWORK_ADDED, /* somebody makes a network under the hop's name */
        FAULT_CONTAINER_ADDED,
        FAULT_FILE_EDITED, /* somebody edits the file that the network is deployed from */
        FAULT_KINDS,
};
const char *fault_name(enum fault_kind kind);
bool fault_is_of_call(enum fault_kind kind);
bool fault_has_subject(enum fault_kind kind); /* a service or a node is needed */
bool fault_lasts(enum fault_kind kind);

/* Where it strikes: at the call of that number, from 1, or at the nth call of a kind. */
struct fault {
        enum fault_kind kind;
        uint64_t call; /* 0: by kind */
        char *method;
        char *path; /* a pattern (fnmatch), without version and query */
        uint64_t nth;
        uint64_t times; /* how many calls in a row, at least 1 */
        int64_t for_ms; /* what lasts ends by itself after so long; 0: when the operator mends it */
        char *subject;  /* a service, or a node; NULL: the engine has only one */
};

/* Services of the swarm that is moved. */
enum member_kind {
        MEMBER_EDGE_HOST,    /* publishes a port of its host: stop-first */
        MEMBER_EDGE_INGRESS, /* publishes on the ingress network, with a health check */
        MEMBER_HEALTHY,      /* start-first */
        MEMBER_PLAIN,        /* no health check: stop-first */
        MEMBER_VOLUME,       /* one writer */
        MEMBER_GLOBAL,
        MEMBER_BYSTANDER, /* not on the network */
        MEMBER_KINDS,
};

struct member {
        enum member_kind kind;
        uint64_t number; /* part of its name */
        uint64_t replicas;
        bool dnsrr;
        bool aliases;
        bool twice;    /* on a second network, too */
        bool settings; /* has update and rollback settings of its own */
        bool slow;     /* to start and to stop */
        bool pinned;   /* to the first node */
};

/* What is meant when nothing is said. */
#define SHAPE_API_MINOR 41
#define SHAPE_BITS      24
#define SHAPE_CALL_MS   2

struct shape {
        uint64_t api_minor;
        uint64_t nodes;
        uint64_t bits; /* of the network: 29, 28, 24 */
        bool detached; /* the network is not attachable */
        uint64_t jitter_ms;
        uint64_t call_ms;
        bool leak;      /* an address was leaked before */
        bool container; /* a standalone one, with a static address and aliases */
        LIST(struct member) members;
};

struct scenario;

struct schedule {
        uint64_t seed;
        enum course course;
        char *network;             /* that is moved; NULL: "proxy" */
        uint64_t size_bits;        /* what it is to have; 0: 16 */
        struct scenario *scenario; /* NULL: the shape says what swarm it is */
        bool busy;                 /* the operator says --busy: what else goes on is not waited for */
        bool patient;              /* headroom looks as often as it likes, also while nothing goes on */
        bool file;                 /* the host deploys the network from a file, which the plan patches */
        struct shape shape;
        LIST(struct fault) faults;
};

const char *schedule_network(const struct schedule *schedule);
uint8_t schedule_size_bits(const struct schedule *schedule);
void schedule_done(struct schedule *schedule);
#define _cleanup_schedule_ _cleanup_(schedule_done)
/* Of one that was drawn: there is no second scenario. */
void schedule_copy(const struct schedule *schedule, struct schedule *ret_schedule);

void schedule_drop_fault(struct schedule *schedule, size_t index);

/* The schedule of a seed. */
void schedule_draft(uint64_t seed, struct schedule *ret_schedule);

/* As its file would say it. */
void schedule_write(const struct schedule *schedule, struct buffer *out);

/* "healthy2": what the member of this number is called in the swarm; owned by the caller. */
char *member_name(const struct shape *shape, size_t index);
const char *member_kind_name(enum member_kind kind);
