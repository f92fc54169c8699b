/*
 * Choosing a subnet: the reference host (an engine's usual pool with five overlays), what a user may name,
 * and random machines against a naive model, a map of every /29 of the private ranges.
 */

#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "pool/choose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ROUNDS 200

static struct prefix P(const char *text) {
        struct prefix prefix;

        if (prefix_parse(text, &prefix) != PREFIX_FINE)
                fail_msg("%s", text);
        return prefix;
}

static const struct prefix usual_pool = {0x0a000000, 8};
static const struct default_pools usual_pools = {&usual_pool, 1, 24};

static void add(struct occupied *occupied, const char *prefix, const char *owner)
{
        occupied_add(occupied, P(prefix), "%s", owner);
}

static void add_reference_host(struct occupied *occupied)
{
        occupied_add_overlay(occupied, P("10.0.0.0/24"), "ingress");
        occupied_add_overlay(occupied, P("10.0.1.0/24"), "proxy");
        occupied_add_overlay(occupied, P("10.0.2.0/24"), "traefik_internal");
        occupied_add_overlay(occupied, P("10.0.3.0/24"), "warm-keycloak_internal");
        occupied_add_overlay(occupied, P("10.0.4.0/24"), "backups_default");
        add(occupied, "172.17.0.0/16", "bridge docker0");
        add(occupied, "172.18.0.0/16", "bridge docker_gwbridge");
        add(occupied, "91.98.47.73/32", "address on eth0");
        add(occupied, "100.95.31.88/32", "address on tailscale0");
        add(occupied, "100.64.0.0/10", "Tailscale");
        add(occupied, "169.254.0.0/16", "cloud metadata");
}

static void choose(const struct occupied *occupied, const struct default_pools *pools, uint8_t length_bits,
                   struct choice *ret_choice)
{
        _cleanup_error_ struct error error = {0};

        if (choose_subnet(occupied, pools, length_bits, ret_choice, &error) < 0)
                fail_msg("%s", error.sentence);
}

static void expect_subnet(const struct occupied *occupied, const struct default_pools *pools,
                          const char *subnet)
{
        _cleanup_choice_ struct choice choice = {0};
        char text[PREFIX_TEXT_SIZE];

        choose(occupied, pools, P(subnet).length_bits, &choice);
        prefix_format(choice.subnet, text);
        assert_string_equal(text, subnet);
}

static void the_reference_host_gets_10_10_for_a_16(void **state)
{
        _cleanup_occupied_ struct occupied occupied = {0};
        _cleanup_choice_ struct choice choice = {0};

        (void)state;
        add_reference_host(&occupied);
        choose(&occupied, &usual_pools, 16, &choice);
        assert_true(prefix_equal(choice.subnet, P("10.10.0.0/16")));
        assert_string_equal(
                choice.reason,
                "10.10.0.0/16 holds 65,533 addresses; clear of every overlay, bridge, route, address and "
                "resolver known; outside 10.0.5.0-10.8.4.255 from which the swarm cuts its next 2,048 "
                "subnets; inside the default pool 10.0.0.0/8. It is the first of these that is easy to "
                "remember.");
}

static void the_reference_host_is_told_why_not_the_ten_before(void **state)
{
        _cleanup_occupied_ struct occupied occupied = {0};
        _cleanup_choice_ struct choice choice = {0};

        (void)state;
        add_reference_host(&occupied);
        choose(&occupied, &usual_pools, 16, &choice);
        assert_int_equal(choice.rejected.count, 10);
        for (uint32_t i = 0; i < 10; i++)
                assert_true(prefix_equal(choice.rejected.items[i].prefix,
                                         (struct prefix){0x0a000000 | i << 16, 16}));
        assert_string_equal(choice.rejected.items[0].reason,
                            "overlaps overlay ingress (10.0.0.0/24) and 4 more");
        for (size_t i = 1; i < 9; i++)
                assert_string_equal(
                        choice.rejected.items[i].reason,
                        "inside 10.0.5.0-10.8.4.255 from which the swarm cuts its next 2,048 subnets");
        assert_string_equal(choice.rejected.items[9].reason, "free, but 10.10.0.0/16 is easier to remember");
}

static void the_next_taken_memorable_number_gives_way_to_the_one_after(void **state)
{
        _cleanup_occupied_ struct occupied occupied = {0};

        (void)state;
        add_reference_host(&occupied);
        add(&occupied, "10.10.200.0/24", "route on wg0");
        expect_subnet(&occupied, &usual_pools, "10.20.0.0/16");
}

static void other_lengths_get_memorable_numbers_too(void **state)
{
        static const char *const subnets[] = {"10.128.0.0/9", "10.160.0.0/11", "10.80.0.0/12",
                                              "10.40.0.0/13", "10.10.0.0/15",  "10.10.0.0/20",
                                              "10.10.0.0/24", "10.10.0.0/29"};
        _cleanup_occupied_ struct occupied occupied = {0};

        (void)state;
        add_reference_host(&occupied);
        for (size_t i = 0; i < ELEMENTS(subnets); i++)
                expect_subnet(&occupied, &usual_pools, subnets[i]);
}

static void a_pool_of_192_168_counts_its_third_octet_in_tens(void **state)
{
        static const struct prefix pool = {0xc0a80000, 16};
        static const struct default_pools pools = {&pool, 1, 28};
        _cleanup_occupied_ struct occupied occupied = {0};

        (void)state;
        add(&occupied, "192.168.0.0/18", "route on eth1");
        expect_subnet(&occupied, &pools, "192.168.200.0/24"); /* 64.0 to 191.255 are the next 2,048 */
}

static void the_default_pool_comes_before_an_easier_number_elsewhere(void **state)
{
        static const struct prefix pool = {0x0a400000, 11}; /* 10.64.0.0 - 10.95.255.255 */
        static const struct default_pools pools = {&pool, 1, 24};
        _cleanup_occupied_ struct occupied occupied = {0};

        (void)state;
        add(&occupied, "10.80.0.0/16", "route on eth1");
        add(&occupied, "10.90.0.0/16", "route on eth1");
        expect_subnet(&occupied, &pools,
                      "10.72.0.0/16"); /* 10.64-10.71 are the next, and nothing by ten is free */
}

static void outside_the_pool_comes_before_the_swarms_next_subnets(void **state)
{
        static const struct prefix pool = {0x0a400000, 16};
        static const struct default_pools pools = {&pool, 1, 24};
        _cleanup_occupied_ struct occupied occupied = {0};
        _cleanup_choice_ struct choice choice = {0};

        (void)state;
        choose(&occupied, &pools, 24, &choice);
        assert_true(prefix_equal(choice.subnet, P("10.0.0.0/24")));
        assert_non_null(strstr(choice.reason,
                               "outside 10.64.0.0-10.64.255.255 from which the swarm cuts its next 256 "
                               "subnets; not inside the default pool 10.64.0.0/16."));
        assert_int_equal(choice.rejected.count, 1);
        assert_string_equal(
                choice.rejected.items[0].reason,
                "inside 10.64.0.0-10.64.255.255 from which the swarm cuts its next 256 subnets; the same "
                "holds for the 255 after it, up to 10.64.255.0/24");
}

static void a_choice_among_the_swarms_next_subnets_says_so(void **state)
{
        _cleanup_occupied_ struct occupied occupied = {0};
        _cleanup_choice_ struct choice choice = {0};

        (void)state;
        add_reference_host(&occupied);
        add(&occupied, "10.8.0.0/13", "route on wg0");
        add(&occupied, "10.16.0.0/12", "route on wg0");
        add(&occupied, "10.32.0.0/11", "route on wg0");
        add(&occupied, "10.64.0.0/10", "route on wg0");
        add(&occupied, "10.128.0.0/9", "route on wg0");
        add(&occupied, "172.16.0.0/12", "route on wg0");
        add(&occupied, "192.168.0.0/16", "route on wg0");
        choose(&occupied, &usual_pools, 16, &choice);
        assert_true(prefix_equal(choice.subnet, P("10.1.0.0/16")));
        assert_non_null(strstr(choice.reason,
                               "but inside 10.0.5.0-10.7.255.255 from which the swarm cuts its next "));
        assert_non_null(strstr(choice.reason, "No /16 outside is free"));
}

static void nothing_free_is_refused_with_the_widest_range_in_the_way(void **state)
{
        _cleanup_occupied_ struct occupied occupied = {0};
        _cleanup_error_ struct error error = {0};
        struct choice choice;

        (void)state;
        add(&occupied, "172.16.0.0/12", "route on eth1");
        add(&occupied, "10.0.0.0/8", "route on wg0");
        add(&occupied, "192.168.255.0/24", "address on eth0");
        assert_int_equal(choose_subnet(&occupied, &usual_pools, 16, &choice, &error), -1);
        assert_int_equal(error.kind, ERROR_REFUSED);
        assert_string_equal(error.sentence,
                            "no /16 is free in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16; the widest "
                            "range in the way is route on wg0 (10.0.0.0/8)");
}

static void a_size_that_is_none_for_an_overlay_is_refused(void **state)
{
        struct occupied occupied = {0};
        struct choice choice;

        (void)state;
        assert_int_equal(choose_subnet(&occupied, &usual_pools, 7, &choice, NULL), -1);
        assert_int_equal(choose_subnet(&occupied, &usual_pools, 30, &choice, NULL), -1);
        assert_int_equal(choose_named(&occupied, &usual_pools, P("10.0.0.0/30"), &choice, NULL), -1);
}

static void the_band_follows_the_highest_overlay_cut_from_the_pool(void **state)
{
        _cleanup_occupied_ struct occupied occupied = {0};

        (void)state;
        add_reference_host(&occupied);
        occupied_add_overlay(&occupied, P("10.20.0.0/16"), "enlarged"); /* not of the pool's length */
        add(&occupied, "10.99.0.0/24", "route on eth1");                /* not the swarm's */
        struct prefix_band band = choose_next_band(&occupied, &usual_pools);
        assert_true(band.any);
        assert_int_equal(band.first, P("10.0.5.0/32").address);
        assert_int_equal(band.last, P("10.8.4.255/32").address);
}

static void the_band_counts_free_subnets_only(void **state)
{
        _cleanup_occupied_ struct occupied occupied = {0};

        (void)state;
        add_reference_host(&occupied);
        add(&occupied, "10.4.0.0/16", "route on eth1");
        struct prefix_band band = choose_next_band(&occupied, &usual_pools);
        assert_int_equal(band.last, P("10.9.4.255/32").address);
}

static void the_bottom_of_the_pool_is_kept_clear_as_well(void **state)
{
        _cleanup_occupied_ struct occupied occupied = {0};
        _cleanup_choice_ struct choice choice = {0};

        (void)state;
        add_reference_host(&occupied);
        occupied_add_overlay(&occupied, P("10.200.3.0/24"), "by_hand");
        choose(&occupied, &usual_pools, 16, &choice);
        assert_true(prefix_equal(choice.subnet, P("10.10.0.0/16")));
        assert_non_null(strstr(choice.reason,
                               "outside 10.200.4.0-10.208.3.255 from which the swarm cuts its next 2,048 "
                               "subnets; outside 10.0.5.0-10.8.4.255 where the swarm begins again; "));
}

static void the_band_goes_on_in_the_next_pool(void **state)
{
        static const struct prefix prefixes[] = {{0x0a010000, 16}, {0x0a140000, 14}};
        static const struct default_pools pools = {prefixes, 2, 24};
        _cleanup_occupied_ struct occupied occupied = {0};
        _cleanup_choice_ struct choice choice = {0};

        (void)state;
        occupied_add_overlay(&occupied, P("10.1.255.0/24"), "last");
        struct prefix_band band = choose_next_band(&occupied, &pools);
        assert_int_equal(band.first, P("10.20.0.0/32").address);
        assert_int_equal(band.last, P("10.23.255.255/32").address);
        choose(&occupied, &pools, 16, &choice);
        assert_true(prefix_equal(choice.subnet, P("10.0.0.0/16")));
}

static void without_pools_there_is_no_band(void **state)
{
        static const struct default_pools pools = {NULL, 0, 24};
        _cleanup_occupied_ struct occupied occupied = {0};

        (void)state;
        assert_false(choose_next_band(&occupied, &pools).any);
        expect_subnet(&occupied, &pools, "10.0.0.0/16");
}

static void a_named_subnet_that_is_free_is_explained(void **state)
{
        _cleanup_occupied_ struct occupied occupied = {0};
        _cleanup_choice_ struct choice private = {0};
        _cleanup_choice_ struct choice public = {0};

        (void)state;
        add_reference_host(&occupied);
        assert_int_equal(choose_named(&occupied, &usual_pools, P("10.3.0.0/16"), &private, NULL), 0);
        assert_non_null(strstr(private.reason, "but inside 10.0.5.0-10.8.4.255"));
        assert_null(strstr(private.reason, "RFC 1918"));
        assert_int_equal(private.rejected.count, 0);
        assert_int_equal(choose_named(&occupied, &usual_pools, P("11.0.0.0/16"), &public, NULL), 0);
        assert_non_null(strstr(public.reason, "It is not private (RFC 1918)"));
}

static void a_named_subnet_in_use_or_with_another_meaning_is_refused(void **state)
{
        static const struct {
                const char *subnet;
                const char *sentence;
        } cases[] = {
                {"10.0.0.0/16", "10.0.0.0/16 overlaps overlay ingress (10.0.0.0/24)"},
                {"172.17.128.0/24", "172.17.128.0/24 overlaps bridge docker0 (172.17.0.0/16)"},
                {"127.1.0.0/16", "127.1.0.0/16 overlaps 127.0.0.0/8, which is for loopback (RFC 1122)"},
                {"224.0.0.0/8", "224.0.0.0/8 overlaps 224.0.0.0/4, which is for multicast (RFC 5771)"},
        };
        _cleanup_occupied_ struct occupied occupied = {0};
        struct choice choice;

        (void)state;
        add_reference_host(&occupied);
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_error_ struct error error = {0};
                assert_int_equal(choose_named(&occupied, &usual_pools, P(cases[i].subnet), &choice, &error),
                                 -1);
                assert_int_equal(error.kind, ERROR_REFUSED);
                assert_string_equal(error.sentence, cases[i].sentence);
        }
        assert_int_equal(
                choose_named(&occupied, &usual_pools, (struct prefix){0x0b000001, 24}, &choice, NULL), -1);
}

static void a_pool_full_of_networks_costs_no_time(void **state)
{
        _cleanup_occupied_ struct occupied occupied = {0};
        _cleanup_choice_ struct choice choice = {0};
        int64_t before_ms = clock_now_ms();

        (void)state;
        for (uint32_t i = 0; i < 40000; i++)
                occupied_add_overlay(&occupied, (struct prefix){0x0a000000 | i << 8, 24}, "one of many");
        choose(&occupied, &usual_pools, 29, &choice);
        assert_true(prefix_equal(choice.subnet, P("10.170.0.0/29")));
        assert_in_range(clock_now_ms() - before_ms, 0, 5000);
}

/* The model: a map of the /29s of the private ranges, and walks over it one candidate at a time. */

#define UNIT_BITS 29
#define UNITS     ((1U << 21) + (1U << 17) + (1U << 13))

static const struct prefix ranges[] = {{0x0a000000, 8}, {0xac100000, 12}, {0xc0a80000, 16}};

enum { TAKEN = 1, BAND = 2 };

struct model {
        unsigned char *map;
        struct prefix pools[3];
        struct default_pools given;
        struct occupied occupied;
        struct prefix sources[6];
        size_t source_count;
};

static struct random_stream stream;

/* Where the unit of a private address stands in the map. */
static size_t unit_of(uint32_t address)
{
        size_t base = 0;

        for (size_t i = 0; i < ELEMENTS(ranges); i++) {
                if (prefix_contains(ranges[i], address))
                        return base + (address - ranges[i].address) / 8;
                base += prefix_size(ranges[i]) / 8;
        }
        fail();
        return 0;
}

static void mark(struct model *model, struct prefix prefix, unsigned char what)
{
        for (size_t i = 0; i < ELEMENTS(ranges); i++) {
                if (!prefix_overlaps(ranges[i], prefix))
                        continue;
                uint32_t first = MAX(prefix.address, ranges[i].address);
                uint32_t last = MIN(prefix_last(prefix), prefix_last(ranges[i]));
                for (size_t unit = unit_of(first); unit <= unit_of(last); unit++)
                        model->map[unit] |= what;
        }
}

static unsigned char look(const struct model *model, struct prefix prefix)
{
        unsigned char what = 0;
        size_t first = unit_of(prefix.address);

        for (size_t unit = 0; unit < MAX(prefix_size(prefix) / 8, 1); unit++)
                what |= model->map[first + unit];
        return what;
}

static struct prefix random_private(uint8_t length_min, uint8_t length_max)
{
        struct prefix range = ranges[random_below(&stream, 4) * 3 / 4 % 3];
        uint8_t shortest = MAX(length_min, range.length_bits);
        uint8_t length_bits =
                (uint8_t)(shortest + random_below(&stream, MAX(length_max, shortest) - shortest + 1U));
        uint32_t inside = (uint32_t)random_next(&stream) & ~prefix_mask(range.length_bits);

        return (struct prefix){(range.address | inside) & prefix_mask(length_bits), length_bits};
}

static void make_pools(struct model *model)
{
        uint8_t subnet_bits = 16;

        model->given.prefixes = model->pools;
        model->given.count = random_below(&stream, 4);
        for (size_t i = 0; i < model->given.count; i++) {
                model->pools[i] = random_private(8, 22);
                subnet_bits = MAX(subnet_bits, model->pools[i].length_bits);
        }
        model->given.subnet_bits = (uint8_t)(subnet_bits + random_below(&stream, UNIT_BITS - subnet_bits));
}

/* Wide routes over all but the first pool, so that what is left lies in a band, or nothing is. */
static void crowd(struct model *model)
{
        for (uint32_t i = 0; i < 34; i++) {
                struct prefix prefix = {0x0a000000 | i << 19, 13};
                if (i >= 32)
                        prefix = ranges[i - 31];
                if (model->given.count && prefix_overlaps(prefix, model->pools[0]))
                        continue;
                occupied_add(&model->occupied, prefix, "wide route %u", i);
                mark(model, prefix, TAKEN);
        }
}

static void make_occupied(struct model *model)
{
        uint64_t count = random_below(&stream, 40);
        uint8_t widest = random_below(&stream, 3) ? 14 : 8;

        if (random_below(&stream, 2))
                crowd(model);
        for (uint64_t i = 0; i < count; i++) {
                struct prefix prefix = random_private(widest, 32);
                if (random_below(&stream, 2) && model->given.count) {
                        struct prefix pool = model->pools[random_below(&stream, model->given.count)];
                        uint64_t subnets = UINT64_C(1) << (model->given.subnet_bits - pool.length_bits);
                        uint64_t index = random_below(&stream, MIN(subnets, 1U << random_below(&stream, 20)));
                        prefix.length_bits = model->given.subnet_bits;
                        prefix.address = pool.address + (uint32_t)(index * prefix_size(prefix));
                        occupied_add_overlay(&model->occupied, prefix, "random");
                } else {
                        occupied_add(&model->occupied, prefix, "route %u", (unsigned int)i);
                }
                mark(model, prefix, TAKEN);
        }
}

static void add_source(struct model *model, struct prefix source)
{
        for (size_t i = 0; i < model->source_count; i++) {
                if (prefix_contains(model->sources[i], source.address) &&
                    prefix_contains(model->sources[i], prefix_last(source)))
                        return;
        }
        model->sources[model->source_count++] = source;
}

/* The next 2,048 free subnets, one at a time, from an address of a pool on; what lies between them is in the
 * band. */
static void mark_band(struct model *model, size_t pool, uint64_t from)
{
        uint64_t left = CHOICE_NEXT_SUBNETS;
        uint64_t size = UINT64_C(1) << (32 - model->given.subnet_bits);

        for (; pool < model->given.count && left; pool++, from = 0) {
                uint64_t end = prefix_last(model->pools[pool]) + UINT64_C(1);
                uint64_t first = end;
                uint64_t last = 0;
                for (uint64_t at = MAX(from, model->pools[pool].address); at < end && left; at += size) {
                        if (look(model, (struct prefix){(uint32_t)at, model->given.subnet_bits}) & TAKEN)
                                continue;
                        first = MIN(first, at);
                        last = at + size;
                        left--;
                }
                for (uint64_t at = first; at < last; at += 8)
                        model->map[unit_of((uint32_t)at)] |= BAND;
        }
}

static void make_bands(struct model *model)
{
        for (size_t pool = model->given.count; pool-- > 0;) {
                uint64_t cursor = 0;
                for (size_t i = 0; i < model->occupied.ranges.count; i++) {
                        const struct occupied_range *range = &model->occupied.ranges.items[i];
                        if (range->overlay && prefix_contains(model->pools[pool], range->prefix.address))
                                cursor = MAX(cursor, prefix_last(range->prefix) + UINT64_C(1));
                }
                if (cursor) {
                        mark_band(model, pool, cursor);
                        break;
                }
        }
        mark_band(model, 0, 0);
}

static void model_make(struct model *model)
{
        model->map = memory_new(UNITS, 1);
        make_pools(model);
        make_occupied(model);
        for (size_t i = 0; i < model->given.count; i++)
                add_source(model, model->pools[i]);
        for (size_t i = 0; i < ELEMENTS(ranges); i++)
                add_source(model, ranges[i]);
        make_bands(model);
}

static void model_done(struct model *model)
{
        free(model->map);
        occupied_done(&model->occupied);
}

/* Octet by octet, as a person would say it. */
static bool is_memorable(struct prefix source, struct prefix prefix)
{
        const uint32_t octets[] = {prefix.address >> 24, prefix.address >> 16 & 255,
                                   prefix.address >> 8 & 255, prefix.address & 255};
        size_t open = source.length_bits < 16 ? 1 : source.length_bits < 24 ? 2 : 3;

        for (size_t i = open + 1; i < ELEMENTS(octets); i++) {
                if (octets[i])
                        return false;
        }
        return octets[open] % 10 == 0;
}

static bool model_find(const struct model *model, struct prefix source, uint8_t length_bits,
                       unsigned char avoid, bool memorable, struct prefix *ret_prefix)
{
        uint64_t size = UINT64_C(1) << (32 - length_bits);

        if (length_bits < source.length_bits)
                return false;
        for (uint64_t at = source.address; at <= prefix_last(source); at += size) {
                struct prefix prefix = {(uint32_t)at, length_bits};
                /* Asked for by its text only where the bits allow it: most candidates are not worth a
                 * sentence. */
                if (memorable && !is_memorable(source, prefix))
                        continue;
                if (look(model, prefix) & avoid)
                        continue;
                *ret_prefix = prefix;
                return true;
        }
        return false;
}

static bool model_choose(const struct model *model, uint8_t length_bits, struct prefix *ret_prefix)
{
        static const unsigned char avoids[] = {TAKEN | BAND, TAKEN};

        for (size_t i = 0; i < ELEMENTS(avoids); i++) {
                for (size_t j = 0; j < model->source_count; j++) {
                        struct prefix source = model->sources[j];
                        if (model_find(model, source, length_bits, avoids[i], true, ret_prefix) ||
                            model_find(model, source, length_bits, avoids[i], false, ret_prefix))
                                return true;
                }
        }
        return false;
}

/* Every reason is the first that holds: taken, then the band (unless the chosen one is in it, too), then the
 * number. */
static void check_rejected(const struct model *model, const struct choice *choice)
{
        bool in_band = look(model, choice->subnet) & BAND;

        assert_in_range(choice->rejected.count, 0, CHOICE_REJECTED_MAX);
        for (size_t i = 0; i < choice->rejected.count; i++) {
                const struct choice_rejected *rejected = &choice->rejected.items[i];
                unsigned char what = look(model, rejected->prefix);
                const char *word = what & TAKEN              ? "overlaps "
                                   : what & BAND && !in_band ? "inside "
                                                             : "free, but ";
                assert_int_equal(rejected->prefix.length_bits, choice->subnet.length_bits);
                assert_false(prefix_equal(rejected->prefix, choice->subnet));
                if (!text_starts_with(rejected->reason, word))
                        fail_msg("%s is not \"%s\"", rejected->reason, word);
        }
}

static void choices_are_those_of_the_model(void **state)
{
        (void)state;
        for (int i = 0; i < ROUNDS; i++) {
                _cleanup_(model_done) struct model model = {0};
                _cleanup_choice_ struct choice choice = {0};
                _cleanup_error_ struct error error = {0};
                struct prefix expected;
                model_make(&model);
                uint8_t length_bits = (uint8_t)(8 + random_below(&stream, 22));
                bool any = model_choose(&model, length_bits, &expected);
                int result = choose_subnet(&model.occupied, &model.given, length_bits, &choice, &error);
                assert_int_equal(result, any ? 0 : -1);
                if (!any) {
                        assert_int_equal(error.kind, ERROR_REFUSED);
                        continue;
                }
                assert_true(prefix_equal(choice.subnet, expected));
                assert_null(occupied_find(&model.occupied, choice.subnet));
                assert_int_equal(strstr(choice.reason, "but inside ") != NULL,
                                 (look(&model, choice.subnet) & BAND) != 0);
                check_rejected(&model, &choice);
        }
}

static void named_subnets_are_had_when_the_model_has_them_free(void **state)
{
        (void)state;
        for (int i = 0; i < ROUNDS; i++) {
                _cleanup_(model_done) struct model model = {0};
                model_make(&model);
                for (int j = 0; j < 50; j++) {
                        _cleanup_choice_ struct choice choice = {0};
                        struct prefix subnet = random_private(8, 29);
                        bool free = !(look(&model, subnet) & TAKEN);
                        assert_int_equal(choose_named(&model.occupied, &model.given, subnet, &choice, NULL),
                                         free ? 0 : -1);
                }
        }
}

/* HEADROOM_SEED replays a failure. */
static int start_stream(void **state)
{
        uint64_t seed;

        (void)state;
        if (!text_to_u64(getenv("HEADROOM_SEED"), &seed) || !seed)
                seed = (uint64_t)clock_wall_ms();
        print_message("seed %llu\n", (unsigned long long)seed);
        stream.state = seed;
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_reference_host_gets_10_10_for_a_16),
                cmocka_unit_test(the_reference_host_is_told_why_not_the_ten_before),
                cmocka_unit_test(the_next_taken_memorable_number_gives_way_to_the_one_after),
                cmocka_unit_test(other_lengths_get_memorable_numbers_too),
                cmocka_unit_test(a_pool_of_192_168_counts_its_third_octet_in_tens),
                cmocka_unit_test(the_default_pool_comes_before_an_easier_number_elsewhere),
                cmocka_unit_test(outside_the_pool_comes_before_the_swarms_next_subnets),
                cmocka_unit_test(a_choice_among_the_swarms_next_subnets_says_so),
                cmocka_unit_test(nothing_free_is_refused_with_the_widest_range_in_the_way),
                cmocka_unit_test(a_size_that_is_none_for_an_overlay_is_refused),
                cmocka_unit_test(the_band_follows_the_highest_overlay_cut_from_the_pool),
                cmocka_unit_test(the_band_counts_free_subnets_only),
                cmocka_unit_test(the_bottom_of_the_pool_is_kept_clear_as_well),
                cmocka_unit_test(the_band_goes_on_in_the_next_pool),
                cmocka_unit_test(without_pools_there_is_no_band),
                cmocka_unit_test(a_named_subnet_that_is_free_is_explained),
                cmocka_unit_test(a_named_subnet_in_use_or_with_another_meaning_is_refused),
                cmocka_unit_test(a_pool_full_of_networks_costs_no_time),
                cmocka_unit_test(choices_are_those_of_the_model),
                cmocka_unit_test(named_subnets_are_had_when_the_model_has_them_free),
        };

        return cmocka_run_group_tests(tests, start_stream, NULL);
}
