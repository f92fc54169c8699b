#pragma once

/*
 * The only door to time. A test or the simulator may put its own clock in place, and everything above then
 * lives in virtual time.
 */

#include <stdint.h>

struct clock_source {
        int64_t (*now_ms)(void *userdata); /* monotonic milliseconds, for waits */
        int64_t (*wall_ms)(
                void *userdata); /* milliseconds since 1970 UTC, for people and for the engine's times */
        void (*sleep_ms)(void *userdata, int64_t duration_ms);
        void *userdata;
};

void clock_use(
        const struct clock_source *source); /* NULL: the machine's own clock; the source must stay alive */
int64_t clock_now_ms(void);
int64_t clock_wall_ms(void);
void clock_sleep_ms(int64_t duration_ms);

/* "2026-03-01T12:00:00Z" of a wall time; owned by the caller. */
char *clock_format(int64_t wall_ms);

/* Wall milliseconds of an RFC 3339 time as the engine writes it; -1 when it is not one. */
int64_t clock_parse(const char *text);
