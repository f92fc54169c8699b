#include "sim/front/pace.h"

#include "base/text.h"

#include <math.h>

/* Digits, and at most one point between them. */
static bool is_decimal(const char *text)
{
        size_t whole = strspn(text, "0123456789");
        const char *point = text + whole;

        if (*point == '.')
                return whole && point[1] && strspn(point + 1, "0123456789") == strlen(point + 1);
        return whole && !*point;
}

int pace_parse_speed(const char *text, double *ret_speed, struct error *error)
{
        double speed = is_decimal(text) ? strtod(text, NULL) : 0;

        if (speed < PACE_SPEED_MIN || speed > PACE_SPEED_MAX)
                return error_set(error, ERROR_USAGE,
                                 "--speed is how many times as fast as real time, from %g to %g, not '%s'",
                                 PACE_SPEED_MIN, PACE_SPEED_MAX, text);
        *ret_speed = speed;
        return 0;
}

int64_t pace_virtual_ms(const struct pace *pace, int64_t real_ms)
{
        return pace->virtual_ms + (int64_t)((double)(real_ms - pace->real_ms) * pace->speed);
}

int64_t pace_real_ms(const struct pace *pace, int64_t virtual_ms)
{
        double real = ceil((double)(virtual_ms - pace->virtual_ms) / pace->speed);

        return real >= (double)(INT64_MAX - pace->real_ms) ? INT64_MAX : pace->real_ms + (int64_t)real;
}

void pace_skip(struct pace *pace, int64_t real_ms)
{
        pace->real_ms += real_ms;
}
