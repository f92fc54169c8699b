#pragma once

/* What the files of the server share: the loop's state, and a request with its answer. */

#include "base/text.h"
#include "sim/front/pace.h"
#include "sim/front/server.h"

#include <microhttpd.h>

/*
 * From a request's first line to its answer's last byte. One that can't go on for now is suspended:
 * libmicrohttpd does not look at its connection, and it stands in the front's list of those that wait.
 */
struct exchange {
        struct front *front;
        struct MHD_Connection *connection;
        char *uri; /* as it came */
        const char *method;
        struct buffer body;
        bool begun;     /* its head was looked at */
        bool asked;     /* there is an answer */
        bool streams;   /* the answer is being sent in parts */
        bool over;      /* its last part has been taken */
        bool cut;       /* the other side has gone, or the program ends */
        int watched;    /* its connection, while it waits for what happens; -1: not watched */
        int64_t due_ms; /* virtual; not to be answered before */
        struct sim_answer answer;
        size_t taken;                     /* of the answer's part at hand */
        struct exchange *previous, *next; /* of those that wait */
        bool waits;
};

struct front {
        struct sim *sim;
        struct pace pace;
        struct MHD_Daemon *daemon;
        int epoll, signals;
        struct exchange *waiting;
};

/* Everything that is due by now happens. */
void front_go_on(struct front *front);

/* libmicrohttpd's callbacks */
void *exchange_begin(void *front, const char *uri, struct MHD_Connection *connection);
enum MHD_Result exchange_handle(void *front, struct MHD_Connection *connection, const char *path,
                                const char *method, const char *version, const char *data, size_t *length,
                                void **exchange);
void exchange_end(void *front, struct MHD_Connection *connection, void **exchange,
                  enum MHD_RequestTerminationCode why);

/* Those that can go on by now do. */
void exchanges_wake(struct front *front);
/* The virtual time at which the next of those that wait goes on or ends; INT64_MAX: none does by itself. */
int64_t exchanges_due_ms(const struct front *front);
/* It waits from now on: called from libmicrohttpd's callbacks, which then return with nothing. */
void exchange_suspend(struct exchange *exchange);
/* The other side of a waiting one has gone. */
void exchange_cut(struct exchange *exchange);

/* reply.c: what the answer looks like in HTTP. False: the connection is to be closed. */
enum MHD_Result reply_send(struct exchange *exchange);
/* The engine's own error object, or as Go's server says it when it is plain. */
void reply_refuse(struct exchange *exchange, int status, const char *content_type, const char *body);

/* target.c: a request's target as the swarm wants it. False: it is none. */
bool target_split(const char *uri, char **ret_path, const char **ret_query);
