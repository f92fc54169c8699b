#include "sim/queue.h"

/* A binary heap. */

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

void sim_queue_add(struct sim_queue *queue, int64_t time_ms, int kind, struct sim_ref object, uint32_t stamp)
{
        *list_add(&queue->heap) = (struct sim_event){.time_ms = time_ms,
                                                     .sequence = ++queue->sequence,
                                                     .object = object,
                                                     .stamp = stamp,
                                                     .kind = kind};
        struct sim_event *heap = queue->heap.items;
        for (size_t i = queue->heap.count - 1; i && is_before(&heap[i], &heap[(i - 1) / 2]); i = (i - 1) / 2)
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

bool sim_queue_next(struct sim_queue *queue, int64_t until_ms, struct sim_event *ret_event)
{
        struct sim_event *heap = queue->heap.items;

        if (queue->heap.count == 0 || heap[0].time_ms > until_ms)
                return false;
        *ret_event = heap[0];
        heap[0] = heap[--queue->heap.count];
        sink(heap, queue->heap.count);
        return true;
}

int64_t sim_queue_next_ms(const struct sim_queue *queue)
{
        return queue->heap.count ? queue->heap.items[0].time_ms : INT64_MAX;
}

void sim_queue_done(struct sim_queue *queue)
{
        free(queue->heap.items);
        *queue = (struct sim_queue){0};
}
