#pragma once

/*
 * How virtual time follows real time: speed virtual milliseconds pass in a real one. Both are milliseconds of
 * their own clocks. Nothing here asks a clock.
 */

#include "base/error.h"

#include <stdint.h>

#define PACE_SPEED_MIN 0.001
#define PACE_SPEED_MAX 10000.0

struct pace {
        double speed;
        int64_t real_ms, virtual_ms; /* this real time is that virtual one */
};

/* "1", "0.5", "20": a decimal number within the bounds, else ERROR_USAGE. */
int pace_parse_speed(const char *text, double *ret_speed, struct error *error);

/* The virtual time at a real time. */
int64_t pace_virtual_ms(const struct pace *pace, int64_t real_ms);

/* The real time at which a virtual one is reached; INT64_MAX for INT64_MAX. */
int64_t pace_real_ms(const struct pace *pace, int64_t virtual_ms);

/* So much real time is left out: the swarm's clock stood still. */
void pace_skip(struct pace *pace, int64_t real_ms);
