#include "sim/state.h"

/* What is to happen, as a binary heap by time; of one time, in the order in which it was put in. */

static bool is_before(const struct sim_event *a, const struct sim_event *b)
{
        return a->time_ms != b->time_ms ? a->time_ms < b->time_ms : a->sequence < b->sequence;
}

static void swap(struct sim_event *a, struct sim_event *b)
{
        struct sim_event kept = *a;

        *a = *b;
        *b = kept;
}

void sim_schedule(struct sim *sim, enum sim_event_kind kind, struct sim_ref object, uint32_t stamp,
                  int64_t delay_ms)
{
        *list_add(&sim->events) = (struct sim_event){.time_ms = sim->now_ms + MAX(delay_ms, 0),
                                                     .sequence = ++sim->sequence,
                                                     .object = object,
                                                     .stamp = stamp,
                                                     .kind = kind};
        struct sim_event *heap = sim->events.items;
        for (size_t i = sim->events.count - 1; i && is_before(&heap[i], &heap[(i - 1) / 2]); i = (i - 1) / 2)
                swap(&heap[i], &heap[(i - 1) / 2]);
}

static void sink(struct sim_event *heap, size_t count)
{
        for (size_t i = 0; 2 * i + 1 < count;) {
                size_t least = 2 * i + 1;
                if (least + 1 < count && is_before(&heap[least + 1], &heap[least]))
                        least++;
                if (!is_before(&heap[least], &heap[i]))
                        return;
                swap(&heap[i], &heap[least]);
                i = least;
        }
}

bool sim_next_event(struct sim *sim, int64_t until_ms, struct sim_event *ret_event)
{
        struct sim_event *heap = sim->events.items;

        if (sim->events.count == 0 || heap[0].time_ms > until_ms)
                return false;
        *ret_event = heap[0];
        heap[0] = heap[--sim->events.count];
        sink(heap, sim->events.count);
        return true;
}
