#include "pool/span.h"

void span_set_done(struct span_set *set)
{
        free(set->spans.items);
        *set = (struct span_set){0};
}

void span_set_add(struct span_set *set, uint32_t first, uint32_t last)
{
        *list_add(&set->spans) = (struct span){first, last};
}

static int compare_firsts(const void *a, const void *b)
{
        uint32_t first_a = ((const struct span *)a)->first;
        uint32_t first_b = ((const struct span *)b)->first;

        return (first_a > first_b) - (first_a < first_b);
}

void span_set_order(struct span_set *set)
{
        struct span *spans = set->spans.items;
        size_t kept = 0;

        if (!set->spans.count)
                return;
        qsort(spans, set->spans.count, sizeof(*spans), compare_firsts);
        for (size_t i = 1; i < set->spans.count; i++) {
                /* Neighbours become one, too: a walk then meets no gap of size zero. */
                if (spans[i].first <= (uint64_t)spans[kept].last + 1)
                        spans[kept].last = MAX(spans[kept].last, spans[i].last);
                else
                        spans[++kept] = spans[i];
        }
        set->spans.count = kept + 1;
}

const struct span *span_set_from(const struct span_set *set, uint32_t address)
{
        size_t low = 0;
        size_t high = set->spans.count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (set->spans.items[middle].last < address)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < set->spans.count ? &set->spans.items[low] : NULL;
}

bool span_set_touches(const struct span_set *set, struct prefix prefix)
{
        const struct span *span = span_set_from(set, prefix.address);

        return span && span->first <= prefix_last(prefix);
}

bool span_set_first_free(const struct span_set *set, struct prefix within, uint64_t from, uint8_t length_bits,
                         struct prefix *ret_prefix)
{
        uint64_t size = prefix_size((struct prefix){0, length_bits});
        uint64_t end = (uint64_t)within.address + prefix_size(within);

        if (length_bits < within.length_bits)
                return false;
        /* Each turn passes at least one span for good. */
        for (uint64_t at = MAX(from, within.address);;) {
                at = (at + size - 1) / size * size;
                if (at >= end)
                        return false;
                struct prefix candidate = {(uint32_t)at, length_bits};
                const struct span *span = span_set_from(set, candidate.address);
                if (!span || span->first > prefix_last(candidate)) {
                        *ret_prefix = candidate;
                        return true;
                }
                at = (uint64_t)span->last + 1;
        }
}
