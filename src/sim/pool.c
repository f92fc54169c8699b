#include "sim/state.h"

#include <assert.h>

/*
 * Serial allocation, as libnetwork's bitmap does it: the next free bit after the last one that was given out
 * without being asked for by number, and round again from the start. Giving a bit back or taking a certain
 * one moves nothing.
 */

#define WORD_BITS 64

void sim_pool_init_bits(struct sim_pool *pool, uint64_t size)
{
        uint64_t words = (size + WORD_BITS - 1) / WORD_BITS;

        *pool = (struct sim_pool){.size = size, .until = size};
        pool->words = memory_new(words, sizeof(*pool->words));
        if (size % WORD_BITS) /* bits past the end are never free */
                pool->words[words - 1] = ~0ULL << (size % WORD_BITS);
}

void sim_pool_init(struct sim_pool *pool, struct prefix prefix)
{
        sim_pool_init_bits(pool, prefix_size(prefix));
        pool->first = prefix.address;
        sim_pool_take(pool, 0); /* the network's own address, and broadcast */
        sim_pool_take(pool, pool->size - 1);
}

void sim_pool_done(struct sim_pool *pool)
{
        free(pool->words);
        *pool = (struct sim_pool){0};
}

void sim_pool_limit(struct sim_pool *pool, struct prefix range)
{
        pool->from = range.address - pool->first;
        pool->until = MIN(pool->from + prefix_size(range), pool->size);
        pool->cursor = pool->from;
}

bool sim_pool_has(const struct sim_pool *pool, uint64_t bit)
{
        return pool->words[bit / WORD_BITS] >> (bit % WORD_BITS) & 1;
}

bool sim_pool_take(struct sim_pool *pool, uint64_t bit)
{
        assert(bit < pool->size);
        if (sim_pool_has(pool, bit))
                return false;
        pool->words[bit / WORD_BITS] |= 1ULL << (bit % WORD_BITS);
        pool->held++;
        return true;
}

void sim_pool_give(struct sim_pool *pool, uint64_t bit)
{
        assert(bit < pool->size && sim_pool_has(pool, bit));
        pool->words[bit / WORD_BITS] &= ~(1ULL << (bit % WORD_BITS));
        pool->held--;
}

/* The first free bit of [from, until). */
static bool find_free(const struct sim_pool *pool, uint64_t from, uint64_t until, uint64_t *ret_bit)
{
        while (from < until) {
                uint64_t taken = pool->words[from / WORD_BITS] >> (from % WORD_BITS);
                if (~taken) {
                        uint64_t bit = from + (uint64_t)__builtin_ctzll(~taken);
                        /* What was shifted in from above looks free, and is of the next word. */
                        if (bit / WORD_BITS == from / WORD_BITS && bit < until) {
                                *ret_bit = bit;
                                return true;
                        }
                }
                from = (from / WORD_BITS + 1) * WORD_BITS;
        }
        return false;
}

bool sim_pool_next(struct sim_pool *pool, uint64_t *ret_bit)
{
        if (pool->held == pool->size ||
            (!find_free(pool, MAX(pool->cursor, pool->from), pool->until, ret_bit) &&
             !find_free(pool, pool->from, pool->until, ret_bit)))
                return false;
        sim_pool_take(pool, *ret_bit);
        pool->cursor = *ret_bit + 1;
        return true;
}

bool sim_address_next(struct sim_pool *pool, uint32_t *ret_address)
{
        uint64_t bit;

        if (!sim_pool_next(pool, &bit))
                return false;
        *ret_address = pool->first + (uint32_t)bit;
        return true;
}

bool sim_address_take(struct sim_pool *pool, uint32_t address)
{
        return address >= pool->first && address - pool->first < pool->size &&
               sim_pool_take(pool, address - pool->first);
}

void sim_address_give(struct sim_pool *pool, uint32_t address)
{
        sim_pool_give(pool, address - pool->first);
}
