#include "base/clock.h"

#include "base/text.h"

#include <errno.h>
#include <stdbool.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
        struct timespec now;

        clock_gettime(id, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t machine_now(_unused_ void *userdata)
{
        return read_ms(CLOCK_MONOTONIC);
}

static int64_t machine_wall(_unused_ void *userdata)
{
        return read_ms(CLOCK_REALTIME);
}

static void machine_sleep(_unused_ void *userdata, int64_t duration_ms)
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

/* A number of exactly that many digits; moves past it. */
static bool take_number(const char **text, int digits, int *ret_number)
{
        int number = 0;

        for (; digits > 0; digits--, (*text)++) {
                if (**text < '0' || **text > '9')
                        return false;
                number = number * 10 + (**text - '0');
        }
        *ret_number = number;
        return true;
}

static bool take_mark(const char **text, char mark)
{
        if (**text != mark)
                return false;
        (*text)++;
        return true;
}

/* "2026-03-01T12:00:00"; strptime would take blanks and short numbers, too. */
static bool take_date_time(const char **text, struct tm *ret_parts)
{
        struct tm parts = {0};

        if (!take_number(text, 4, &parts.tm_year) || !take_mark(text, '-') ||
            !take_number(text, 2, &parts.tm_mon) || !take_mark(text, '-') ||
            !take_number(text, 2, &parts.tm_mday) || !take_mark(text, 'T') ||
            !take_number(text, 2, &parts.tm_hour) || !take_mark(text, ':') ||
            !take_number(text, 2, &parts.tm_min) || !take_mark(text, ':') ||
            !take_number(text, 2, &parts.tm_sec))
                return false;
        if (parts.tm_hour > 23 || parts.tm_min > 59 || parts.tm_sec > 60) /* 60: a leap second */
                return false;
        parts.tm_year -= 1900;
        parts.tm_mon -= 1;
        *ret_parts = parts;
        return true;
}

/* Milliseconds of ".123456789", rounded down; 0 without one. */
static bool take_fraction_ms(const char **text, int *ret_ms)
{
        int ms = 0;
        int scale = 100;
        int digit;

        *ret_ms = 0;
        if (!take_mark(text, '.'))
                return true;
        if (!take_number(text, 1, &digit))
                return false;
        do {
                ms += digit * scale;
                scale /= 10;
        } while (take_number(text, 1, &digit));
        *ret_ms = ms;
        return true;
}

/* "Z" or "+05:30". */
static bool take_zone(const char **text, int64_t *ret_offset_ms)
{
        int sign = **text == '-' ? -1 : 1;
        int hours;
        int minutes;

        *ret_offset_ms = 0;
        if (take_mark(text, 'Z'))
                return true;
        if (!take_mark(text, '+') && !take_mark(text, '-'))
                return false;
        if (!take_number(text, 2, &hours) || !take_mark(text, ':') || !take_number(text, 2, &minutes) ||
            hours > 23 || minutes > 59)
                return false;
        *ret_offset_ms = sign * (hours * 60 + minutes) * 60000LL;
        return true;
}

int64_t clock_parse(const char *text)
{
        struct tm parts;
        int64_t offset_ms;
        int ms;

        if (!text || !take_date_time(&text, &parts) || !take_fraction_ms(&text, &ms) ||
            !take_zone(&text, &offset_ms) || *text)
                return -1;
        struct tm minute = parts;
        minute.tm_sec = 0; /* a leap second may lie in the next day */
        int64_t seconds = timegm(&minute) + parts.tm_sec;
        if (minute.tm_mday != parts.tm_mday || minute.tm_mon != parts.tm_mon)
                return -1; /* 30 February */
        return seconds * 1000 + ms - offset_ms;
}
