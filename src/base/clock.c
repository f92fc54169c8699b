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
static inline bool take_number(const char **text, int digits, int *ret_number)
{
        const char *at = *text;
        int number = 0;

        for (const char *end = at + digits; at < end; at++) {
                if (*at < '0' || *at > '9')
                        return false;
                number = number * 10 + (*at - '0');
        }
        *text = at;
        *ret_number = number;
        return true;
}

static inline bool take_mark(const char **text, char mark)
{
        if (**text != mark)
                return false;
        (*text)++;
        return true;
}

/*
 * Days from 1970-01-01 to a date of the proleptic Gregorian calendar. The year begins in March here, so that
 * the day that comes and goes is its last one, and 400 years (146,097 days) earlier than it does, so that
 * none is below 0.
 */
static int64_t days_to(int year, int month, int day)
{
        int64_t years = (month > 2 ? year : year - 1) + 400;
        int64_t months = month > 2 ? month - 3 : month + 9;
        int64_t leap_days = years / 4 - years / 100 + years / 400;

        return years * 365 + leap_days + (months * 153 + 2) / 5 + day - 1 - (719468 + 146097);
}

static int days_of(int year, int month)
{
        static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

        return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* "2026-03-01T12:00:00"; strptime would take blanks and short numbers, too. */
static bool take_date_time(const char **text, int64_t *ret_seconds)
{
        int year, month, day, hour, minute, second;

        if (!take_number(text, 4, &year) || !take_mark(text, '-') || !take_number(text, 2, &month) ||
            !take_mark(text, '-') || !take_number(text, 2, &day) || !take_mark(text, 'T') ||
            !take_number(text, 2, &hour) || !take_mark(text, ':') || !take_number(text, 2, &minute) ||
            !take_mark(text, ':') || !take_number(text, 2, &second))
                return false;
        if (hour > 23 || minute > 59 || second > 60) /* 60: a leap second */
                return false;
        if (month < 1 || month > 12 || day < 1 || day > days_of(year, month))
                return false;
        *ret_seconds = ((days_to(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
        return true;
}

/* Milliseconds of ".123456789", rounded down; 0 without one. */
static bool take_fraction_ms(const char **text, int *ret_ms)
{
        int ms = 0;
        int digits = 0;

        *ret_ms = 0;
        if (!take_mark(text, '.'))
                return true;
        const char *at = *text;
        for (; *at >= '0' && *at <= '9'; at++)
                if (digits++ < 3)
                        ms = ms * 10 + (*at - '0');
        for (int missing = 3 - digits; missing > 0; missing--)
                ms *= 10;
        *text = at;
        *ret_ms = ms;
        return digits > 0;
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
        int64_t seconds;
        int64_t offset_ms;
        int ms;

        if (!text || !take_date_time(&text, &seconds) || !take_fraction_ms(&text, &ms) ||
            !take_zone(&text, &offset_ms) || *text)
                return -1;
        return seconds * 1000 + ms - offset_ms;
}
