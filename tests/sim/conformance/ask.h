#pragma once

/*
 * Questions to a swarm, asked of the simulated one or of real engines through the same seam, so that the two
 * can be compared: docs/conformance.md says how, questions.txt holds the questions.
 *
 * A question is a list of steps. What is worth comparing of an answer becomes a line of the question's
 * record: the step as it stands in the file, and what came of it, with IDs and times made the same
 * everywhere. Steps that only prepare something leave a line when they are refused.
 */

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"
#include "engine/engine.h"
#include "sim/sim.h"
#include "json/json.h"

#define ASK_NODES_MAX 3

/* A line of the file. */
struct step {
        unsigned line;
        const char *text;   /* as it stands there, for the record */
        LIST(char *) words; /* one that begins a JSON object goes to the line's end */
};

struct question {
        unsigned line;
        char *name;
        size_t nodes; /* how large a swarm it is about */
        bool fresh;   /* a swarm that has handed out nothing yet */
        char *pool;   /* its default address pool; NULL: the engine's own */
        LIST(struct step) steps;
};

struct questions {
        LIST(struct question) items;
};

/* questions.c: ERROR_USAGE "FILE:LINE: ..." */
int questions_read(const char *path, struct questions *ret_questions, struct error *error);
void questions_done(struct questions *questions);

/* Something that was made for the question, to be removed after it. */
struct made {
        const char *collection; /* "services", "containers", "networks" */
        char *name;
        size_t node;
};

/* An ID that a name was given to. */
struct known {
        char *id;
        char *name;
};

/* Who asks: one question at a time, with what was learnt in answering it. */
struct asker {
        struct engine *engines[ASK_NODES_MAX]; /* by node */
        size_t nodes;
        size_t at;        /* the node that is asked */
        struct sim *sim;  /* NULL: real engines */
        const char *acts; /* the program that does what no request can; NULL: none */
        int64_t began_ms; /* wall time */
        LIST(struct known) known;
        LIST(struct made) made;
        LIST(struct known) versions; /* of a path, when it was last looked at */
        struct buffer record;
};

/* asker.c. `{NAME}` in a path or body stands for the ID of what has the name. */

/* Returns the status, 0 when there was no answer; the answer's bytes in any case. */
int asker_send(struct asker *asker, const char *method, const char *path, const char *body,
               struct buffer *ret_answer);
/* "409 network with name n already exists", owned by the caller. */
char *asker_outcome(const struct asker *asker, int status, const struct buffer *answer);
/* Sends what should go well; a line of the record says so when it does not. */
bool asker_do(struct asker *asker, const struct step *step, const char *method, const char *path,
              const char *body, struct buffer *ret_answer);
void asker_note(struct asker *asker, const struct step *step, const char *answer);
/* The document at a path, which is `null` when nothing is there. `bytes` must outlive it. */
struct json_document *asker_get(struct asker *asker, const char *path, struct buffer *bytes);
/* Has the program do what no request can, on real engines; true when it says that it did. */
bool asker_act(struct asker *asker, const char *words);
void asker_made(struct asker *asker, const char *collection, const char *name);
/* Removes what the question made and waits until it is gone; what stays is noted. */
void asker_clean(struct asker *asker);
void asker_begin(struct asker *asker);
void asker_done(struct asker *asker); /* what one question left in it, engines excepted */

/* normal.c: what differs from one engine to another without meaning anything */
void asker_learn(struct asker *asker, const char *id, const char *name);
const char *asker_id(const struct asker *asker, const char *name); /* NULL: unknown */
char *asker_normal(const struct asker *asker, const char *text);
char *asker_resolve(const struct asker *asker, const char *text); /* {NAME} becomes an ID */

/* spec.c: the value of `KEY=VALUE` or "" for `KEY` among a step's words; NULL when it is not there */
const char *step_option(const struct step *step, const char *key);
char *spec_of_step(const struct step *step);      /* of `service NAME NETWORKS OPTION...` */
char *network_of_step(const struct step *step);   /* of `network NAME SUBNET OPTION...` */
char *container_of_step(const struct step *step); /* of `container NAME NETWORK OPTION...` */
extern const char *const behaviours[];            /* images: "plain", "slow"..., ended by NULL */

/* looks.c: what is looked at. `words` are those after the look's name. Owned by the caller. */
typedef char *(*look_function)(struct asker *asker, char *const *words, size_t count);
look_function look_named(const char *name, size_t words); /* NULL: there is none that takes so many */

/* steps.c */
bool step_is_known(const struct step *step);
void step_run(struct asker *asker, const struct step *step);
