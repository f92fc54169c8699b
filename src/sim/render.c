#include "sim/api.h"

#include <time.h>

/* What all objects have in common when they are written. */

static void write_number(char *text, int digits, int number)
{
        for (; digits-- > 0; number /= 10)
                text[digits] = (char)('0' + number % 10);
}

/* With as many digits as the engine writes; the last ones are the virtual clock's, so never all zero. */
void sim_time_format(const struct sim *sim, int64_t time_ms, char ret_text[SIM_TIME_SIZE])
{
        static const char pattern[] = "0000-00-00T00:00:00.000000001Z";
        int64_t wall = sim_wall_ms(sim, time_ms);
        time_t seconds = wall / 1000;
        struct tm parts;

        gmtime_r(&seconds, &parts);
        memcpy(ret_text, pattern, sizeof(pattern));
        write_number(ret_text, 4, parts.tm_year + 1900);
        write_number(ret_text + 5, 2, parts.tm_mon + 1);
        write_number(ret_text + 8, 2, parts.tm_mday);
        write_number(ret_text + 11, 2, parts.tm_hour);
        write_number(ret_text + 14, 2, parts.tm_min);
        write_number(ret_text + 17, 2, parts.tm_sec);
        write_number(ret_text + 20, 3, (int)(wall % 1000));
}

void sim_write_head(struct sim *sim, const struct sim_object *object, struct buffer *out)
{
        char created[SIM_TIME_SIZE];
        char updated[SIM_TIME_SIZE];

        sim_time_format(sim, object->created_ms, created);
        sim_time_format(sim, object->updated_ms, updated);
        buffer_add_text(out, "\"Version\":{\"Index\":");
        sim_write_number(out, object->version);
        buffer_add_texts(out, "},\"CreatedAt\":\"", created, "\",\"UpdatedAt\":\"", updated, "\"");
}

void sim_write_number(struct buffer *out, uint64_t number)
{
        char digits[20];
        char *at = digits + sizeof(digits);

        do
                *--at = (char)('0' + number % 10);
        while (number /= 10);
        buffer_add(out, at, (size_t)(digits + sizeof(digits) - at));
}

void sim_write_text(struct buffer *out, const char *text)
{
        struct json_writer w = {.out = out};

        json_write_text(&w, text);
}

void sim_network_id(const struct sim *sim, const struct sim_network *network, char ret_id[SIM_HEX_ID_SIZE])
{
        if (network->local)
                sim_hex_id(sim, SIM_KIND_NETWORK, network->object.ref, ret_id);
        else
                sim_id(sim, SIM_KIND_NETWORK, network->object.ref, ret_id);
}
