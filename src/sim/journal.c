#include "sim/state.h"

/* What the swarm tells: events for GET /events, and the engine's log. */

#define HAPPENINGS_MAX 16384

static void happening_done(struct sim_happening *happening)
{
        free(happening->id);
        free(happening->name);
        free(happening->from);
        free(happening->attributes);
}

/* The older half goes: who has not read it by then asks in vain, as with a real engine's ring of 256. */
static void make_room(struct sim *sim)
{
        size_t half = sim->happenings.count / 2;

        for (size_t i = 0; i < half; i++)
                happening_done(&sim->happenings.items[i]);
        memmove(sim->happenings.items, sim->happenings.items + half,
                (sim->happenings.count - half) * sizeof(*sim->happenings.items));
        sim->happenings.count -= half;
        sim->happenings_dropped += half;
}

struct sim_happening *sim_happened_on(struct sim *sim, uint32_t node, const char *type, const char *action,
                                      const char *id, const char *name, char *attributes)
{
        if (sim->happenings.count == HAPPENINGS_MAX)
                make_room(sim);
        struct sim_happening *happening = list_add(&sim->happenings);
        *happening = (struct sim_happening){.time_ms = sim->now_ms,
                                            .type = type,
                                            .action = action,
                                            .node = node,
                                            .id = text_copy(id),
                                            .name = text_copy(name),
                                            .attributes = attributes};
        return happening;
}

void sim_happened(struct sim *sim, const char *type, const char *action, const char *id, const char *name,
                  char *attributes)
{
        sim_happened_on(sim, SIM_NONE, type, action, id, name, attributes);
}

void sim_log(struct sim *sim, const char *level, const char *format, ...)
{
        va_list arguments;

        if (text_equal(level, "debug") && !sim->settings.debug_log)
                return;
        va_start(arguments, format);
        *list_add(&sim->log) = (struct sim_log_line){.wall_ms = sim_wall_ms(sim, sim->now_ms),
                                                     .level = level,
                                                     .text = text_vformat(format, arguments)};
        va_end(arguments);
}

const struct sim_log_line *sim_log_line(const struct sim *sim, size_t index)
{
        return index < sim->log.count ? &sim->log.items[index] : NULL;
}

void sim_journal_done(struct sim *sim)
{
        for (size_t i = 0; i < sim->happenings.count; i++)
                happening_done(&sim->happenings.items[i]);
        free(sim->happenings.items);
        for (size_t i = 0; i < sim->log.count; i++)
                free(sim->log.items[i].text);
        free(sim->log.items);
}
