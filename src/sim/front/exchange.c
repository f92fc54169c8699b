#include "sim/front/exchange.h"

#include <sys/epoll.h>

/* A request is taken in, asked of the swarm, and answered, now or when its time has come. */

#define GO_BAD_REQUEST "400 Bad Request"

void *exchange_begin(void *userdata, const char *uri, struct MHD_Connection *connection)
{
        struct exchange *exchange = new_zero(struct exchange);

        exchange->front = userdata;
        exchange->connection = connection;
        exchange->uri = text_copy(uri);
        exchange->watched = -1;
        return exchange;
}

/* Waiting */

static void watch(struct exchange *exchange)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct epoll_event event = {.events = EPOLLRDHUP, .data.ptr = exchange};

        if (info && epoll_ctl(exchange->front->epoll, EPOLL_CTL_ADD, info->connect_fd, &event) == 0)
                exchange->watched = info->connect_fd;
}

void exchange_suspend(struct exchange *exchange)
{
        struct front *front = exchange->front;

        exchange->waits = true;
        exchange->previous = NULL;
        exchange->next = front->waiting;
        if (front->waiting)
                front->waiting->previous = exchange;
        front->waiting = exchange;
        watch(exchange);
        MHD_suspend_connection(exchange->connection);
}

static void leave(struct exchange *exchange)
{
        if (!exchange->waits)
                return;
        if (exchange->previous)
                exchange->previous->next = exchange->next;
        else
                exchange->front->waiting = exchange->next;
        if (exchange->next)
                exchange->next->previous = exchange->previous;
        if (exchange->watched >= 0)
                epoll_ctl(exchange->front->epoll, EPOLL_CTL_DEL, exchange->watched, NULL);
        exchange->watched = -1;
        exchange->waits = false;
}

static void resume(struct exchange *exchange)
{
        leave(exchange);
        MHD_resume_connection(exchange->connection);
}

void exchange_cut(struct exchange *exchange)
{
        exchange->cut = true;
        if (exchange->waits)
                resume(exchange);
}

/* The swarm is there already; is real time? */
static bool is_due(const struct exchange *exchange)
{
        return pace_virtual_ms(&exchange->front->pace, clock_now_ms()) >= exchange->due_ms;
}

/* A stream goes on when there is something to tell, or nothing will be told any more. */
static bool can_go_on(struct exchange *exchange)
{
        if (!exchange->streams)
                return is_due(exchange);
        exchange->taken = 0;
        exchange->over = !sim_answer_more(exchange->front->sim, &exchange->answer);
        return exchange->over || exchange->answer.body.length;
}

void exchanges_wake(struct front *front)
{
        for (struct exchange *exchange = front->waiting, *next; exchange; exchange = next) {
                next = exchange->next;
                if (can_go_on(exchange))
                        resume(exchange);
        }
}

int64_t exchanges_due_ms(const struct front *front)
{
        int64_t due_ms = INT64_MAX;

        for (const struct exchange *exchange = front->waiting; exchange; exchange = exchange->next)
                due_ms = MIN(due_ms,
                             exchange->streams ? sim_answer_end_ms(&exchange->answer) : exchange->due_ms);
        return due_ms;
}

/* Asking */

static void ask(struct exchange *exchange)
{
        struct front *front = exchange->front;
        _cleanup_free_ char *path = NULL;
        const char *query;

        exchange->asked = true;
        if (exchange->body.length > FRONT_BODY_MAX) {
                reply_refuse(exchange, 413, "application/json",
                             "{\"message\":\"http: request body too large\"}\n");
                return;
        }
        if (!target_split(exchange->uri, &path, &query)) {
                reply_refuse(exchange, 400, "text/plain; charset=utf-8", GO_BAD_REQUEST);
                return;
        }
        front_go_on(front);
        const struct sim_request request = {
                .method = exchange->method,
                .path = path,
                .query = query,
                .body = buffer_text(&exchange->body),
                .content_type = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND,
                                                            MHD_HTTP_HEADER_CONTENT_TYPE),
                .body_length = exchange->body.length,
                .beside = true,
                .live = true};
        sim_request(front->sim, &request, &exchange->answer);
        exchange->due_ms = sim_now_ms(front->sim);
}

/* What is announced as too large is refused before it comes. */
static bool begin(struct exchange *exchange, const char *method)
{
        const char *announced = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND,
                                                            MHD_HTTP_HEADER_CONTENT_LENGTH);
        uint64_t length = 0;

        exchange->begun = true;
        exchange->method = method;
        if (!announced || !text_to_u64(announced, &length) || length <= FRONT_BODY_MAX)
                return true;
        exchange->asked = true;
        reply_refuse(exchange, 413, "application/json", "{\"message\":\"http: request body too large\"}\n");
        return false;
}

/* Of a body that comes in chunks nobody knows the length: behind the bound, no more is kept, nor waited for.
 */
static enum MHD_Result take(struct exchange *exchange, const char *data, size_t *length)
{
        if (exchange->body.length > 2 * FRONT_BODY_MAX)
                return MHD_NO;
        buffer_add(&exchange->body, data, *length);
        *length = 0;
        return MHD_YES;
}

enum MHD_Result exchange_handle(void *front _unused_, struct MHD_Connection *connection,
                                const char *path _unused_, const char *method, const char *version _unused_,
                                const char *data, size_t *length, void **state)
{
        struct exchange *exchange = *state;

        if (!exchange || exchange->connection != connection)
                return MHD_NO;
        if (!exchange->begun)
                return begin(exchange, method) ? MHD_YES : reply_send(exchange);
        if (*length)
                return take(exchange, data, length);
        if (!exchange->asked)
                ask(exchange);
        if (exchange->cut)
                return MHD_NO;
        if (is_due(exchange))
                return reply_send(exchange);
        exchange_suspend(exchange);
        return MHD_YES;
}

void exchange_end(void *userdata _unused_, struct MHD_Connection *connection _unused_, void **state,
                  enum MHD_RequestTerminationCode why _unused_)
{
        struct exchange *exchange = *state;

        if (!exchange)
                return;
        leave(exchange);
        sim_answer_done(&exchange->answer);
        buffer_done(&exchange->body);
        free(exchange->uri);
        free(exchange);
        *state = NULL;
}
