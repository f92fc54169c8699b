#pragma once

/* The properties of a unit as systemd sends them (a{sv} of org.freedesktop.systemd1(5)). Inside host/ only.
 */

#include "host/unit.h"

#include <systemd/sd-bus.h>

/* What they are read into. */
struct unit_reading {
        struct unit_state state; /* without name, job, job_waits and conditions_unmet */
        bool condition_result, assert_result;
        uint64_t condition_us, assert_us; /* when they were looked at; 0: never */
        char *job_path;                   /* NULL: no job */
};

void unit_reading_done(struct unit_reading *reading);
#define _cleanup_unit_reading_ _cleanup_(unit_reading_done)

/* Takes the properties it knows and passes over others; a negative errno when one has another type. */
int unit_properties_read(sd_bus_message *m, struct unit_reading *reading);
