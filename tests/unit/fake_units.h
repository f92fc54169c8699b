#pragma once

/*
 * A systemd of a few units, behind the seam of host/unit.h. It knows what real ones do
 * (docs/engine-notes.md): a restart gives a new invocation ID at once and leaves the unit activating while
 * its commands run, one that remains goes "active (exited)", a job waits for the jobs of units it is ordered
 * after, and a unit that does not exist is answered like any other. One whose file was changed is started as
 * it was until all files are read again. Time is clock_now_ms'.
 */

#include "base/clock.h"
#include "base/text.h"
#include "host/unit.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define FAKE_UNIT_NEVER INT64_MAX

enum fake_unit_phase {
        FAKE_UNIT_INACTIVE,
        FAKE_UNIT_WAITING, /* its job waits for others' */
        FAKE_UNIT_STARTING,
        FAKE_UNIT_ACTIVE,
        FAKE_UNIT_FAILED,
};

struct fake_unit {
        const char *name; /* with suffix */
        const char *load_state;
        const char *type;
        bool remains;
        int64_t run_ms;        /* how long its commands take; FAKE_UNIT_NEVER: without an end */
        int exit_status;       /* of its commands */
        bool dependency_fails; /* jobs for it end without touching it */
        bool changed;          /* its file was, since systemd read it */
        const char *after[8];
        const char *before[8];
        const char *commands[8];
        const char *requires[8];

        enum fake_unit_phase phase;
        int64_t since_ms;
        unsigned starts;
        unsigned stale_starts; /* those of them with its file changed and not read again */
};

struct fake_units {
        struct units units;
        LIST(struct fake_unit) items;
        size_t looks, jobs, reloads;
        bool silent; /* every call runs into its time limit */
};

static inline struct fake_unit *fake_unit_find(struct fake_units *fake, const char *name)
{
        for (size_t i = 0; i < fake->items.count; i++)
                if (text_equal(fake->items.items[i].name, name))
                        return &fake->items.items[i];
        return NULL;
}

/* A oneshot that remains and is active, as the reference host's are; the caller changes what it wants else.
 */
static inline struct fake_unit *fake_unit_add(struct fake_units *fake, const char *name)
{
        struct fake_unit *unit = list_add(&fake->items);

        *unit = (struct fake_unit){.name = name,
                                   .load_state = "loaded",
                                   .type = "oneshot",
                                   .remains = true,
                                   .run_ms = 1000,
                                   .phase = FAKE_UNIT_ACTIVE,
                                   .starts = 1};
        return unit;
}

static inline bool fake_unit_waits(struct fake_units *fake, const struct fake_unit *unit)
{
        for (size_t i = 0; i < ELEMENTS(unit->after) && unit->after[i]; i++) {
                const struct fake_unit *other = fake_unit_find(fake, unit->after[i]);
                if (other && other->phase == FAKE_UNIT_STARTING)
                        return true;
        }
        return false;
}

static inline void fake_unit_go_on(struct fake_units *fake, struct fake_unit *unit)
{
        int64_t now_ms = clock_now_ms();

        if (unit->phase == FAKE_UNIT_WAITING && !fake_unit_waits(fake, unit)) {
                unit->phase = FAKE_UNIT_STARTING;
                unit->since_ms = now_ms;
                unit->starts++;
                unit->stale_starts += unit->changed;
        }
        if (unit->phase != FAKE_UNIT_STARTING || unit->run_ms == FAKE_UNIT_NEVER ||
            now_ms - unit->since_ms < unit->run_ms)
                return;
        unit->phase = unit->exit_status                                     ? FAKE_UNIT_FAILED
                      : unit->remains || !text_equal(unit->type, "oneshot") ? FAKE_UNIT_ACTIVE
                                                                            : FAKE_UNIT_INACTIVE;
}

static inline void fake_unit_texts(struct unit_texts *texts, const char *const *items)
{
        for (size_t i = 0; i < 8 && items[i]; i++)
                *list_add(&texts->items) = text_copy(items[i]);
}

static inline void fake_unit_tell(const struct fake_unit *unit, struct unit_state *state)
{
        static const char *const active[] = {[FAKE_UNIT_INACTIVE] = "inactive",
                                             [FAKE_UNIT_WAITING] = "inactive",
                                             [FAKE_UNIT_STARTING] = "activating",
                                             [FAKE_UNIT_ACTIVE] = "active",
                                             [FAKE_UNIT_FAILED] = "failed"};
        static const char *const sub[] = {[FAKE_UNIT_INACTIVE] = "dead",
                                          [FAKE_UNIT_WAITING] = "dead",
                                          [FAKE_UNIT_STARTING] = "start",
                                          [FAKE_UNIT_ACTIVE] = "exited",
                                          [FAKE_UNIT_FAILED] = "failed"};

        state->load_state = text_copy(unit->load_state);
        state->active_state = text_copy(active[unit->phase]);
        state->sub_state = text_copy(sub[unit->phase]);
        state->result = text_copy(unit->phase == FAKE_UNIT_FAILED ? "exit-code" : "success");
        state->type = text_copy(unit->type);
        state->remain_after_exit = unit->remains;
        state->need_daemon_reload = unit->changed;
        state->job_waits = unit->phase == FAKE_UNIT_WAITING;
        state->job = state->job_waits || unit->phase == FAKE_UNIT_STARTING;
        state->invocation_id = unit->starts ? text_format("%032x", unit->starts) : text_copy("");
        if (unit->phase == FAKE_UNIT_FAILED) {
                state->exit_code = CLD_EXITED;
                state->exit_status = unit->exit_status;
        }
        fake_unit_texts(&state->after, unit->after);
        fake_unit_texts(&state->before, unit->before);
        fake_unit_texts(&state->commands, unit->commands);
        fake_unit_texts(&state->requires, unit->requires);
}

static inline int fake_units_look(struct units *units, const char *name, struct unit_state *ret_state,
                                  struct error *error)
{
        static const struct fake_unit none = {.load_state = "not-found"};
        struct fake_units *fake = (struct fake_units *)units;
        struct fake_unit *unit = fake_unit_find(fake, name);

        fake->looks++;
        if (fake->silent)
                return error_set(error, ERROR_TIMEOUT, "systemd did not answer");
        for (size_t i = 0; i < fake->items.count; i++)
                fake_unit_go_on(fake, &fake->items.items[i]);
        fake_unit_tell(unit ? unit : &none, ret_state);
        ret_state->name = text_copy(name);
        ret_state->id = text_copy(name);
        return 0;
}

static inline int fake_units_job(struct units *units, const char *name, enum unit_action action,
                                 uint32_t *ret_job, struct error *error)
{
        struct fake_units *fake = (struct fake_units *)units;
        struct fake_unit *unit = fake_unit_find(fake, name);

        fake->jobs++;
        if (fake->silent)
                return error_set(error, ERROR_TIMEOUT, "systemd did not answer");
        if (!unit || !text_equal(unit->load_state, "loaded"))
                return error_set(error, unit ? ERROR_REFUSED : ERROR_NOT_FOUND,
                                 "systemd says: Unit %s is %s.", name, unit ? unit->load_state : "not found");
        for (size_t i = 0; i < fake->items.count; i++)
                fake_unit_go_on(fake, &fake->items.items[i]);
        bool is_down = unit->phase == FAKE_UNIT_INACTIVE || unit->phase == FAKE_UNIT_FAILED;
        if (action == UNIT_STOP)
                unit->phase = FAKE_UNIT_INACTIVE;
        else if ((action == UNIT_RESTART || is_down) && !unit->dependency_fails)
                unit->phase = FAKE_UNIT_WAITING;
        fake_unit_go_on(fake, unit);
        *ret_job = (uint32_t)fake->jobs;
        return 0;
}

static inline int fake_units_reload(struct units *units, struct error *error)
{
        struct fake_units *fake = (struct fake_units *)units;

        fake->reloads++;
        if (fake->silent)
                return error_set(error, ERROR_TIMEOUT, "systemd did not answer");
        for (size_t i = 0; i < fake->items.count; i++)
                fake->items.items[i].changed = false;
        return 0;
}

static inline void fake_units_done(struct fake_units *fake)
{
        free(fake->items.items);
        *fake = (struct fake_units){0};
}
#define _cleanup_fake_units_ _cleanup_(fake_units_done)

static inline void fake_units_init(struct fake_units *fake)
{
        static const struct units_operations operations = {
                .look = fake_units_look, .job = fake_units_job, .reload = fake_units_reload};

        *fake = (struct fake_units){.units = {&operations}};
}
