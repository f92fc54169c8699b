#include "sim/front/exchange.h"

/* An answer of the swarm's as HTTP, with the engine's own headers. */

static void add_header(struct MHD_Response *response, const char *name, const char *format, ...)
        _printf_(3, 4);

static void add_header(struct MHD_Response *response, const char *name, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        _cleanup_free_ char *value = text_vformat(format, arguments);
        va_end(arguments);
        MHD_add_response_header(response, name, value);
}

static bool is_ping(const struct exchange *exchange)
{
        size_t length = strcspn(exchange->uri, "?");

        return length >= 6 && strncmp(exchange->uri + length - 6, "/_ping", 6) == 0;
}

static void add_headers(const struct exchange *exchange, struct MHD_Response *response)
{
        const struct sim *sim = exchange->front->sim;

        add_header(response, "Api-Version", "1.%d", sim_api_minor(sim));
        add_header(response, "Docker-Experimental", "false");
        add_header(response, "Ostype", "linux");
        add_header(response, "Server", "Docker/%s (linux)", sim_engine_version(sim));
        if (exchange->answer.content_type)
                add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "%s", exchange->answer.content_type);
        if (!is_ping(exchange))
                return;
        add_header(response, "Builder-Version", "%s", "");
        add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache, no-store, must-revalidate");
        add_header(response, MHD_HTTP_HEADER_PRAGMA, "no-cache");
}

/* The next bytes, for which the next part is asked when the one at hand has been taken. */
static ssize_t read_part(void *userdata, uint64_t position _unused_, char *bytes, size_t max)
{
        struct exchange *exchange = userdata;
        struct sim_answer *answer = &exchange->answer;

        if (exchange->cut)
                return MHD_CONTENT_READER_END_WITH_ERROR;
        if (exchange->taken == answer->body.length && !exchange->over) {
                exchange->taken = 0;
                exchange->over = !sim_answer_more(exchange->front->sim, answer);
        }
        size_t length = MIN(max, answer->body.length - exchange->taken);
        if (!length && exchange->over)
                return MHD_CONTENT_READER_END_OF_STREAM;
        if (!length) {
                exchange_suspend(exchange);
                return 0;
        }
        memcpy(bytes, answer->body.bytes + exchange->taken, length);
        exchange->taken += length;
        return (ssize_t)length;
}

static struct MHD_Response *whole(struct exchange *exchange)
{
        size_t length = text_equal(exchange->method, MHD_HTTP_METHOD_HEAD) ? 0 : exchange->answer.body.length;
        char *bytes = length ? buffer_steal(&exchange->answer.body) : NULL;

        return MHD_create_response_from_buffer(length, bytes, MHD_RESPMEM_MUST_FREE);
}

enum MHD_Result reply_send(struct exchange *exchange)
{
        struct sim_answer *answer = &exchange->answer;

        if (!answer->status)
                return MHD_NO; /* a dead engine says nothing */
        exchange->streams = answer->list || answer->tail;
        struct MHD_Response *response =
                exchange->streams ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, FRONT_HEAD_MAX,
                                                                      read_part, exchange, NULL)
                                  : whole(exchange);
        if (!response)
                return MHD_NO;
        add_headers(exchange, response);
        enum MHD_Result result = MHD_queue_response(exchange->connection, (unsigned)answer->status, response);
        MHD_destroy_response(response); /* the connection holds it as long as it needs it */
        return result;
}

void reply_refuse(struct exchange *exchange, int status, const char *content_type, const char *body)
{
        exchange->answer.status = status;
        exchange->answer.content_type = content_type;
        buffer_clear(&exchange->answer.body);
        buffer_add_text(&exchange->answer.body, body);
}
