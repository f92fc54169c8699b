#include "sim/state.h"

/*
 * IDs as the engine writes them, made from where the object stands in its table, so that finding one is a
 * calculation and none is stored. The reference is scrambled with the seed, and the rest of the ID is a
 * digest of it: one that somebody made up is recognised.
 */

#define DIGITS       "0123456789abcdefghijklmnopqrstuvwxyz"
#define REF_DIGITS   13 /* 36^13 > 2^64 */
#define CHECK_DIGITS 12
#define HEX_DIGITS   16

/* The finalizer of splitmix64 (Steele, Lea, Flood 2014): one to one. */
static uint64_t mix(uint64_t x)
{
        x ^= x >> 30;
        x *= 0xbf58476d1ce4e5b9;
        x ^= x >> 27;
        x *= 0x94d049bb133111eb;
        return x ^ x >> 31;
}

static uint64_t unmix(uint64_t x)
{
        x ^= x >> 31 ^ x >> 62;
        x *= 0x319642b2d24d8ec3;
        x ^= x >> 27 ^ x >> 54;
        x *= 0x96de1b173f119089;
        return x ^ x >> 30 ^ x >> 60;
}

static uint64_t key_of(const struct sim *sim, enum sim_kind kind)
{
        return mix(sim->node_key + 0x9e3779b97f4a7c15 * kind);
}

static uint64_t scramble(const struct sim *sim, enum sim_kind kind, struct sim_ref ref)
{
        return mix(((uint64_t)ref.generation << 32 | ref.index) ^ key_of(sim, kind));
}

static struct sim_ref unscramble(const struct sim *sim, enum sim_kind kind, uint64_t scrambled)
{
        uint64_t plain = unmix(scrambled) ^ key_of(sim, kind);

        return (struct sim_ref){.index = (uint32_t)plain, .generation = (uint32_t)(plain >> 32)};
}

static void write_digits(char *text, size_t count, uint64_t value, unsigned base)
{
        while (count--) {
                text[count] = DIGITS[value % base];
                value /= base;
        }
}

/* The value of the first `count` characters; false when they are no digits or too large. */
static bool read_digits(const char *text, size_t count, unsigned base, uint64_t *ret_value)
{
        uint64_t value = 0;

        for (size_t i = 0; i < count; i++) {
                const char *digit = text[i] ? strchr(DIGITS, text[i]) : NULL;
                if (!digit || digit - DIGITS >= base || __builtin_mul_overflow(value, base, &value) ||
                    __builtin_add_overflow(value, (uint64_t)(digit - DIGITS), &value))
                        return false;
        }
        *ret_value = value;
        return true;
}

void sim_id(const struct sim *sim, enum sim_kind kind, struct sim_ref ref, char ret_id[SIM_ID_SIZE])
{
        uint64_t scrambled = scramble(sim, kind, ref);

        write_digits(ret_id, REF_DIGITS, scrambled, 36);
        write_digits(ret_id + REF_DIGITS, CHECK_DIGITS, mix(scrambled + kind), 36);
        ret_id[SIM_ID_SIZE - 1] = 0;
}

void sim_hex_id(const struct sim *sim, enum sim_kind kind, struct sim_ref ref, char ret_id[SIM_HEX_ID_SIZE])
{
        uint64_t scrambled = scramble(sim, kind, ref);

        for (size_t i = 0; i < 4; i++) {
                write_digits(ret_id + HEX_DIGITS * i, HEX_DIGITS, scrambled, 16);
                scrambled = mix(scrambled + kind);
        }
        ret_id[SIM_HEX_ID_SIZE - 1] = 0;
}

bool sim_ref_of_id(const struct sim *sim, enum sim_kind kind, const char *id, struct sim_ref *ret_ref)
{
        uint64_t scrambled;
        char whole[SIM_ID_SIZE];

        if (strlen(id) < REF_DIGITS || !read_digits(id, REF_DIGITS, 36, &scrambled))
                return false;
        *ret_ref = unscramble(sim, kind, scrambled);
        sim_id(sim, kind, *ret_ref, whole);
        return text_starts_with(whole, id);
}

bool sim_ref_of_hex_id(const struct sim *sim, enum sim_kind kind, const char *id, struct sim_ref *ret_ref)
{
        uint64_t scrambled;
        char whole[SIM_HEX_ID_SIZE];

        if (strlen(id) < HEX_DIGITS || !read_digits(id, HEX_DIGITS, 16, &scrambled))
                return false;
        *ret_ref = unscramble(sim, kind, scrambled);
        sim_hex_id(sim, kind, *ret_ref, whole);
        return text_starts_with(whole, id);
}
