/*
 * Theory of operation.
 *
 * The candidates of a length are all its aligned prefixes in the sources: the default pools in their order,
 * then the private ranges. Two ordered span sets answer every question about them: `taken` is what is in use,
 * `blocked` is that and the bands of the swarm's next subnets (band.h). The search asks first with `blocked`,
 * then, if that leaves nothing in any source, with `taken`. In each source it tries the memorable numbers,
 * then all from the lowest up. So an earlier source beats a number that is easier to remember: the default
 * pool is the range somebody set aside for this.
 *
 * Memorable is a number that is a multiple of ten in the first octet the source leaves open, and zero after
 * it: 10.20.0.0/16, 10.20.0.0/22, 172.20.0.0/16, 192.168.30.0/24. Lengths below 16 follow the same rule where
 * their alignment allows: 10.40.0.0/13, 10.80.0.0/12.
 *
 * What was passed over is told afterwards, by walking the candidates below the chosen one again (reject.c):
 * the search itself jumps over occupied spans and never sees most of them.
 */

#include "pool/candidate.h"

#include "base/buffer.h"

#include <assert.h>

#define OCTET_STEP 10

void choice_done(struct choice *choice)
{
        for (size_t i = 0; i < choice->rejected.count; i++)
                free(choice->rejected.items[i].reason);
        free(choice->rejected.items);
        free(choice->reason);
        *choice = (struct choice){0};
}

void candidates_done(struct candidates *candidates)
{
        free(candidates->sources.items);
        span_set_done(&candidates->taken);
        span_set_done(&candidates->blocked);
        band_list_done(&candidates->bands);
        *candidates = (struct candidates){0};
}

static void add_source(struct candidates *candidates, struct prefix source)
{
        for (size_t i = 0; i < candidates->sources.count; i++) {
                struct prefix other = candidates->sources.items[i];
                if (other.length_bits <= source.length_bits && prefix_overlaps(other, source))
                        return;
        }
        *list_add(&candidates->sources) = source;
}

static void find_sources(struct candidates *candidates)
{
        for (size_t i = 0; i < candidates->pools->count; i++)
                add_source(candidates, candidates->pools->prefixes[i]);
        for (size_t i = 0; i < PRIVATE_RANGES; i++)
                add_source(candidates, private_ranges[i]);
}

static void candidates_find(const struct occupied *occupied, const struct default_pools *pools,
                            uint8_t length_bits, struct candidates *ret_candidates)
{
        struct candidates *c = ret_candidates;

        assert(pools->count == 0 || pools->subnet_bits <= 32);
        *c = (struct candidates){.occupied = occupied, .pools = pools, .length_bits = length_bits};
        find_sources(c);
        occupied_spans(occupied, &c->taken);
        bands_find(occupied, &c->taken, pools, &c->bands);
        for (size_t i = 0; i < c->taken.spans.count; i++)
                span_set_add(&c->blocked, c->taken.spans.items[i].first, c->taken.spans.items[i].last);
        for (size_t i = 0; i < c->bands.bands.count; i++)
                span_set_add(&c->blocked, c->bands.bands.items[i].span.first,
                             c->bands.bands.items[i].span.last);
        span_set_order(&c->blocked);
}

/* How far left the first octet stands that the source does not fix; the first octet of all is never played
 * with. */
static unsigned int open_octet_shift(struct prefix source)
{
        if (source.length_bits < 16)
                return 16;
        return source.length_bits < 24 ? 8 : 0;
}

static bool find_memorable(const struct span_set *avoid, struct prefix source, uint8_t length_bits,
                           struct prefix *ret_prefix)
{
        unsigned int shift = open_octet_shift(source);
        uint32_t kept = source.address & ~((UINT32_C(256) << shift) - 1);

        if (length_bits < source.length_bits)
                return false;
        for (uint32_t octet = 0; octet <= UINT8_MAX; octet += OCTET_STEP) {
                struct prefix prefix = {kept | octet << shift, length_bits};
                bool aligned = (prefix.address & prefix_mask(length_bits)) == prefix.address;
                if (!aligned || !prefix_contains(source, prefix.address) || span_set_touches(avoid, prefix))
                        continue;
                *ret_prefix = prefix;
                return true;
        }
        return false;
}

static bool search(const struct candidates *candidates, const struct span_set *avoid,
                   struct selection *ret_selection)
{
        uint8_t length_bits = candidates->length_bits;

        for (size_t i = 0; i < candidates->sources.count; i++) {
                struct selection found = {.source = i};
                struct prefix source = candidates->sources.items[i];
                found.memorable = find_memorable(avoid, source, length_bits, &found.subnet);
                if (!found.memorable && !span_set_first_free(avoid, source, 0, length_bits, &found.subnet))
                        continue;
                *ret_selection = found;
                return true;
        }
        return false;
}

/* The widest range in the way of the sources explains best why nothing is free. */
static int refuse_all(const struct candidates *candidates, struct error *error)
{
        const struct occupied_range *widest = NULL;
        _cleanup_buffer_ struct buffer text = {0};
        char prefix[PREFIX_TEXT_SIZE];

        for (size_t i = 0; i < candidates->sources.count; i++) {
                struct prefix source = candidates->sources.items[i];
                for (size_t j = 0; j < candidates->occupied->ranges.count; j++) {
                        const struct occupied_range *range = &candidates->occupied->ranges.items[j];
                        if (prefix_overlaps(range->prefix, source) &&
                            (!widest || range->prefix.length_bits < widest->prefix.length_bits))
                                widest = range;
                }
                prefix_format(source, prefix);
                buffer_format(&text, "%s%s", i ? ", " : "", prefix);
        }
        prefix_format(widest ? widest->prefix : (struct prefix){0}, prefix);
        return error_set(error, ERROR_REFUSED, "no /%u is free in %s; the widest range in the way is %s (%s)",
                         candidates->length_bits, buffer_text(&text), widest ? widest->owner : "unknown",
                         prefix);
}

static int check_length(uint8_t length_bits, struct error *error)
{
        if (length_bits >= CHOICE_LENGTH_MIN && length_bits <= CHOICE_LENGTH_MAX)
                return 0;
        return error_set(error, ERROR_REFUSED, "a /%u is not a size for an overlay; /%d to /%d are",
                         length_bits, CHOICE_LENGTH_MIN, CHOICE_LENGTH_MAX);
}

int choose_subnet(const struct occupied *occupied, const struct default_pools *pools, uint8_t length_bits,
                  struct choice *ret_choice, struct error *error)
{
        _cleanup_(candidates_done) struct candidates candidates = {0};
        struct selection selection;

        if (check_length(length_bits, error) < 0)
                return -1;
        candidates_find(occupied, pools, length_bits, &candidates);
        if (!search(&candidates, &candidates.blocked, &selection) &&
            !search(&candidates, &candidates.taken, &selection))
                return refuse_all(&candidates, error);
        struct choice choice = {.subnet = selection.subnet,
                                .reason = reason_for_chosen(&candidates, &selection)};
        candidates_reject(&candidates, &selection, &choice);
        *ret_choice = choice;
        return 0;
}

/* Ranges with a meaning of their own, in which no overlay can work; and who says so. */
static const struct {
        struct prefix prefix;
        const char *meaning;
} unusable_ranges[] = {
        {{0x00000000, 8}, "\"this network\" (RFC 791)"},
        {{0x7f000000, 8}, "loopback (RFC 1122)"},
        {{0xa9fe0000, 16}, "link-local addresses and cloud metadata (RFC 3927)"},
        {{0xe0000000, 4}, "multicast (RFC 5771)"},
        {{0xf0000000, 4}, "reserved (RFC 1112)"},
};

static int check_named(const struct occupied *occupied, struct prefix subnet, struct error *error)
{
        const struct occupied_range *range = occupied_find(occupied, subnet);
        char text[PREFIX_TEXT_SIZE];
        char other[PREFIX_TEXT_SIZE];

        if (check_length(subnet.length_bits, error) < 0)
                return -1;
        prefix_format(subnet, text);
        if (subnet.address & ~prefix_mask(subnet.length_bits))
                return error_set(error, ERROR_REFUSED, "%s is not the first address of a /%u", text,
                                 subnet.length_bits);
        for (size_t i = 0; i < ELEMENTS(unusable_ranges); i++) {
                prefix_format(unusable_ranges[i].prefix, other);
                if (prefix_overlaps(unusable_ranges[i].prefix, subnet))
                        return error_set(error, ERROR_REFUSED, "%s overlaps %s, which is for %s", text, other,
                                         unusable_ranges[i].meaning);
        }
        if (!range)
                return 0;
        prefix_format(range->prefix, other);
        return error_set(error, ERROR_REFUSED, "%s overlaps %s (%s)", text, range->owner, other);
}

int choose_named(const struct occupied *occupied, const struct default_pools *pools, struct prefix subnet,
                 struct choice *ret_choice, struct error *error)
{
        _cleanup_(candidates_done) struct candidates candidates = {0};

        if (check_named(occupied, subnet, error) < 0)
                return -1;
        candidates_find(occupied, pools, subnet.length_bits, &candidates);
        *ret_choice = (struct choice){.subnet = subnet, .reason = reason_for_named(&candidates, subnet)};
        return 0;
}
