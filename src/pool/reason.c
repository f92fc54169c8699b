/* The sentences about a choice. Their reader decides by them whether to touch a production network. */

#include "pool/candidate.h"

#include "base/buffer.h"

#define GROUPED_TEXT_SIZE 32

const struct prefix private_ranges[PRIVATE_RANGES] = {{0x0a000000, 8}, {0xac100000, 12}, {0xc0a80000, 16}};

/* "65,533"; not the locale's way, so that a report reads the same everywhere. */
static const char *grouped(uint64_t number, char ret_text[GROUPED_TEXT_SIZE])
{
        char *at = &ret_text[GROUPED_TEXT_SIZE - 1];
        unsigned int digits = 0;

        *at = 0;
        do {
                if (digits && digits % 3 == 0)
                        *--at = ',';
                *--at = (char)('0' + number % 10);
                digits++;
                number /= 10;
        } while (number);
        return at;
}

static void add_span(struct buffer *text, struct span span)
{
        char first[ADDRESS_TEXT_SIZE];
        char last[ADDRESS_TEXT_SIZE];

        address_format(span.first, first);
        address_format(span.last, last);
        buffer_format(text, "%s-%s", first, last);
}

/* "A-B and C-D" of one of the two places the swarm's next subnets come from; returns how many subnets. */
static uint64_t add_place(struct buffer *text, const struct candidates *candidates, bool restart)
{
        uint64_t subnets = 0;

        for (size_t i = 0; i < candidates->bands.bands.count; i++) {
                const struct band *band = &candidates->bands.bands.items[i];
                if (band->restart != restart)
                        continue;
                if (subnets)
                        buffer_add_text(text, " and ");
                add_span(text, band->span);
                subnets += band->subnets;
        }
        return subnets;
}

static void add_use(struct buffer *text, uint64_t subnets, bool restart)
{
        char number[GROUPED_TEXT_SIZE];

        if (restart)
                buffer_add_text(text, " where the swarm begins again");
        else
                buffer_format(text, " from which the swarm cuts its next %s subnets",
                              grouped(subnets, number));
}

/* A second place that runs into the first says nothing new to a reader. */
static bool restart_is_apart(const struct candidates *candidates)
{
        bool any = false;

        for (size_t i = 0; i < candidates->bands.bands.count; i++) {
                const struct band *restart = &candidates->bands.bands.items[i];
                for (size_t j = 0; restart->restart && j < i; j++) {
                        struct span other = candidates->bands.bands.items[j].span;
                        if (other.first <= restart->span.last && restart->span.first <= other.last)
                                return false;
                }
                any = any || restart->restart;
        }
        return any;
}

static void add_band_clause(struct buffer *text, const struct candidates *candidates, struct prefix subnet)
{
        const struct band *band = bands_touched(&candidates->bands, subnet);

        if (!candidates->bands.bands.count)
                return;
        if (band) {
                _cleanup_free_ char *clause = reason_band(candidates, band);
                buffer_format(text, "; but %s (it will pass over this one, and has that much less room)",
                              clause);
                return;
        }
        buffer_add_text(text, "; outside ");
        add_use(text, add_place(text, candidates, false), false);
        if (!restart_is_apart(candidates))
                return;
        buffer_add_text(text, "; outside ");
        add_use(text, add_place(text, candidates, true), true);
}

static const struct prefix *pool_of(const struct default_pools *pools, struct prefix subnet)
{
        for (size_t i = 0; i < pools->count; i++) {
                if (pools->prefixes[i].length_bits <= subnet.length_bits &&
                    prefix_contains(pools->prefixes[i], subnet.address))
                        return &pools->prefixes[i];
        }
        return NULL;
}

static void add_pool_clause(struct buffer *text, const struct default_pools *pools, struct prefix subnet)
{
        const struct prefix *pool = pool_of(pools, subnet);
        char prefix[PREFIX_TEXT_SIZE];

        if (pools->count == 0)
                return;
        prefix_format(pool ? *pool : pools->prefixes[0], prefix);
        if (!pool && pools->count > 1)
                buffer_add_text(text, "; not inside one of the default pools");
        else
                buffer_format(text, "; %s the default pool %s", pool ? "inside" : "not inside", prefix);
}

char *reason_for_named(const struct candidates *candidates, struct prefix subnet)
{
        struct buffer text = {0};
        char prefix[PREFIX_TEXT_SIZE];
        char number[GROUPED_TEXT_SIZE];
        bool is_private = pool_of(candidates->pools, subnet);

        prefix_format(subnet, prefix);
        buffer_format(
                &text,
                "%s holds %s addresses; clear of every overlay, bridge, route, address and resolver known",
                prefix, grouped(prefix_usable(subnet.length_bits), number));
        add_band_clause(&text, candidates, subnet);
        add_pool_clause(&text, candidates->pools, subnet);
        buffer_add_text(&text, ".");
        for (size_t i = 0; i < PRIVATE_RANGES; i++)
                is_private = is_private || (private_ranges[i].length_bits <= subnet.length_bits &&
                                            prefix_contains(private_ranges[i], subnet.address));
        if (!is_private)
                buffer_add_text(&text,
                                " It is not private (RFC 1918): hosts on the Internet with these addresses "
                                "cannot be reached from its containers.");
        return buffer_steal(&text);
}

char *reason_for_chosen(const struct candidates *candidates, const struct selection *selection)
{
        _cleanup_free_ char *facts = reason_for_named(candidates, selection->subnet);
        const char *number = selection->memorable ? "the first of these that is easy to remember"
                                                  : "the lowest, as none that is easy to remember is free";

        if (bands_touched(&candidates->bands, selection->subnet))
                return text_format("%s No /%u outside is free; this is %s.", facts, candidates->length_bits,
                                   number);
        return text_format("%s It is %s.", facts, number);
}

char *reason_overlap(const struct candidates *candidates, struct prefix prefix)
{
        const struct occupied_range *first = occupied_find(candidates->occupied, prefix);
        char text[PREFIX_TEXT_SIZE];
        char number[GROUPED_TEXT_SIZE];
        uint64_t more = 0;

        for (const struct occupied_range *range = first + 1;
             range < candidates->occupied->ranges.items + candidates->occupied->ranges.count; range++)
                more += prefix_overlaps(range->prefix, prefix);
        prefix_format(first->prefix, text);
        return more ? text_format("overlaps %s (%s) and %s more", first->owner, text, grouped(more, number))
                    : text_format("overlaps %s (%s)", first->owner, text);
}

char *reason_band(const struct candidates *candidates, const struct band *band)
{
        struct buffer text = {0};
        _cleanup_buffer_ struct buffer place = {0};

        buffer_add_text(&text, "inside ");
        add_span(&text, band->span);
        add_use(&text, add_place(&place, candidates, band->restart), band->restart);
        return buffer_steal(&text);
}

char *reason_memory(const struct selection *selection)
{
        char text[PREFIX_TEXT_SIZE];

        prefix_format(selection->subnet, text);
        return text_format("free, but %s is easier to remember", text);
}

char *reason_run(const char *reason, uint64_t further, struct prefix last)
{
        char text[PREFIX_TEXT_SIZE];
        char number[GROUPED_TEXT_SIZE];

        prefix_format(last, text);
        return text_format("%s; the same holds for the %s after it, up to %s", reason,
                           grouped(further, number), text);
}
