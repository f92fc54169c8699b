#include "pool/band.h"

void band_list_done(struct band_list *list)
{
        free(list->bands.items);
        *list = (struct band_list){0};
}

/* How many subnets of that size fit between a free address and the next occupied one. */
static uint64_t count_free_from(const struct span_set *taken, struct prefix pool, struct prefix subnet)
{
        const struct span *next = span_set_from(taken, subnet.address);
        uint64_t end = (uint64_t)prefix_last(pool) + 1;

        if (next)
                end = MIN(end, next->first);
        return (end - subnet.address) / prefix_size(subnet);
}

/* The stretch of a pool from `from` on that holds the next *remaining free subnets, or as many as there are.
 */
static struct band band_in_pool(const struct span_set *taken, struct prefix pool, uint8_t subnet_bits,
                                uint64_t from, uint64_t *remaining)
{
        struct band band = {0};
        struct prefix subnet;

        /* Each turn passes one occupied span. */
        while (*remaining && span_set_first_free(taken, pool, from, subnet_bits, &subnet)) {
                uint64_t count = MIN(*remaining, count_free_from(taken, pool, subnet));
                if (!band.subnets)
                        band.span.first = subnet.address;
                from = subnet.address + count * prefix_size(subnet);
                band.span.last = (uint32_t)(from - 1);
                band.subnets += count;
                *remaining -= count;
        }
        return band;
}

static bool is_covered(const struct band_list *list, struct span span)
{
        for (size_t i = 0; i < list->bands.count; i++) {
                struct span other = list->bands.items[i].span;
                if (other.first <= span.first && span.last <= other.last)
                        return true;
        }
        return false;
}

/* Adds the bands of the next subnets, from an address of one pool on through the pools after it. */
static void add_bands(const struct span_set *taken, const struct default_pools *pools, size_t pool,
                      uint64_t from, bool restart, struct band_list *list)
{
        uint64_t remaining = CHOICE_NEXT_SUBNETS;

        for (; pool < pools->count && remaining; pool++) {
                struct band band =
                        band_in_pool(taken, pools->prefixes[pool], pools->subnet_bits, from, &remaining);
                band.restart = restart;
                if (band.subnets && !is_covered(list, band.span))
                        *list_add(&list->bands) = band;
                from = 0;
        }
}

/* Where the subnet after the highest overlay that has the look of being cut from this pool begins; 0: no
 * overlay. */
static uint64_t cursor_in_pool(const struct occupied *occupied, struct prefix pool, uint8_t subnet_bits)
{
        uint64_t cursor = 0;

        for (size_t i = 0; i < occupied->ranges.count; i++) {
                const struct occupied_range *range = &occupied->ranges.items[i];
                if (range->overlay && range->prefix.length_bits == subnet_bits &&
                    prefix_contains(pool, range->prefix.address))
                        cursor = MAX(cursor, (uint64_t)prefix_last(range->prefix) + 1);
        }
        return cursor;
}

void bands_find(const struct occupied *occupied, const struct span_set *taken,
                const struct default_pools *pools, struct band_list *ret_list)
{
        for (size_t pool = pools->count; pool-- > 0;) {
                uint64_t cursor = cursor_in_pool(occupied, pools->prefixes[pool], pools->subnet_bits);
                if (cursor) {
                        add_bands(taken, pools, pool, cursor, false, ret_list);
                        break;
                }
        }
        /* With no overlay to go by, the bottom is simply where the next one comes from. */
        add_bands(taken, pools, 0, 0, ret_list->bands.count > 0, ret_list);
}

const struct band *bands_touched(const struct band_list *list, struct prefix prefix)
{
        for (size_t i = 0; i < list->bands.count; i++) {
                struct span span = list->bands.items[i].span;
                if (span.first <= prefix_last(prefix) && prefix.address <= span.last)
                        return &list->bands.items[i];
        }
        return NULL;
}

void occupied_spans(const struct occupied *occupied, struct span_set *ret_set)
{
        for (size_t i = 0; i < occupied->ranges.count; i++) {
                struct prefix prefix = occupied->ranges.items[i].prefix;
                span_set_add(ret_set, prefix.address, prefix_last(prefix));
        }
        span_set_order(ret_set);
}

struct prefix_band choose_next_band(const struct occupied *occupied, const struct default_pools *pools)
{
        _cleanup_span_set_ struct span_set taken = {0};
        _cleanup_band_list_ struct band_list list = {0};

        occupied_spans(occupied, &taken);
        bands_find(occupied, &taken, pools, &list);
        if (!list.bands.count)
                return (struct prefix_band){0};
        struct span span = list.bands.items[0].span;
        return (struct prefix_band){span.first, span.last, true};
}
