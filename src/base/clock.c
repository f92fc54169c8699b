#include "base/clock.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
        struct timespec now;

        clock_gettime(id, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t machine_now(void *userdata)
{
        return read_ms(CLOCK_MONOTONIC);
}

static int64_t machine_wall(void *userdata)
{
        return read_ms(CLOCK_REALTIME);
}

static void machine_sleep(void *userdata, int64_t duration_ms)
{
        struct timespec left = {.tv_sec = duration_ms / 1000, .tv_nsec = duration_ms % 1000 * 1000000};

        while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
                ;
}

static const struct clock_source machine = {machine_now, machine_wall, machine_sleep, NULL};
static const struct clock_source *source_in_use = &machine;

void clock_use(const struct clock_source *source)
{
        source_in_use = source ? source : &machine;
}

int64_t clock_now_ms(void)
{
        return source_in_use->now_ms(source_in_use->userdata);
}

int64_t clock_wall_ms(void)
{
        return source_in_use->wall_ms(source_in_use->userdata);
}

void clock_sleep_ms(int64_t duration_ms)
{
        if (duration_ms > 0)
                source_in_use->sleep_ms(source_in_use->userdata, duration_ms);
}

char *clock_format(int64_t wall_ms)
{
        time_t seconds = wall_ms / 1000;
        struct tm parts;
        char text[32];

        gmtime_r(&seconds, &parts);
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
        return text_copy(text);
}

/* Milliseconds of ".123456789"; moves past it. */
static int64_t parse_fraction_ms(const char **text)
{
        int64_t ms = 0;
        int scale = 100;

        if (**text != '.')
                return 0;
        for ((*text)++; **text >= '0' && **text <= '9'; (*text)++) {
                ms += (**text - '0') * scale;
                scale /= 10;
        }
        return ms;
}

int64_t clock_parse(const char *text)
{
        struct tm parts = {0};
        int hours = 0;
        int minutes = 0;

        if (!text)
                return -1;
        const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
        if (!rest)
                return -1;
        int64_t ms = parse_fraction_ms(&rest);
        if ((*rest == '+' || *rest == '-') &&
            sscanf(rest + 1, "%2d:%2d", &hours, &minutes) != 2) // NOLINT(cert-err34-c)
                return -1;
        int64_t offset_ms = (hours * 3600LL + minutes * 60LL) * 1000 * (*rest == '-' ? -1 : 1);
        return (int64_t)timegm(&parts) * 1000 + ms - offset_ms;
}
