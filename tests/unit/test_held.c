/*
 * Which address the swarm comes to last, and how many it has before one: what headroom connects an edge by,
 * against a naive allocator that hands out serially.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/random.h"
#include "move/anchor.h"
#include "move/held.h"

#define FIRST 0x0a000100 /* 10.0.1.0 */

/* A subnet with holders at some of its addresses; one may be the anchor's. */
struct pool {
        struct network network;
        struct account account;
        struct held held;
};

static void pool_make(struct pool *pool, uint8_t length_bits)
{
        *pool = (struct pool){0};
        list_add(&pool->network.subnets)->prefix = (struct prefix){FIRST, length_bits};
        pool->account.network = &pool->network;
        pool->held.account = &pool->account;
}

static void pool_done(struct pool *pool)
{
        free(pool->network.subnets.items);
        free(pool->account.holders.items);
}
#define _cleanup_pool_ _cleanup_(pool_done)

static struct holder *hold(struct pool *pool, uint32_t number)
{
        struct holder *holder = list_add(&pool->account.holders);

        *holder = (struct holder){
                .kind = HOLDER_NODE, .address_known = true, .address = FIRST + number, .name = "n1"};
        return holder;
}

/* A task that was created then. */
static void hold_since(struct pool *pool, uint32_t number, int64_t created_ms)
{
        struct holder *holder = hold(pool, number);

        holder->kind = HOLDER_TASK;
        holder->created_ms = created_ms;
}

static void hold_attached(struct pool *pool, uint32_t number, const char *name, int64_t created_ms)
{
        struct holder *holder = hold(pool, number);

        holder->kind = HOLDER_ATTACHMENT;
        holder->name = name;
        holder->created_ms = created_ms;
}

static void on_a_new_network_it_is_the_highest_address(void **state)
{
        _cleanup_pool_ struct pool pool;

        (void)state;
        pool_make(&pool, 24);
        hold(&pool, 1);
        hold(&pool, 2);
        hold_since(&pool, 3, 1);
        assert_int_equal(held_last_free(&pool.held, 0), FIRST + 254);
        assert_int_equal(held_last_free(&pool.held, 2), FIRST + 252);
        assert_int_equal(held_free_before(&pool.held, FIRST + 4), 0);
        assert_int_equal(held_free_before(&pool.held, FIRST + 254), 250);
}

static void where_the_swarm_is_further_up_it_is_the_one_below(void **state)
{
        _cleanup_pool_ struct pool pool;

        (void)state;
        pool_make(&pool, 24);
        hold(&pool, 1);
        hold(&pool, 199);
        hold_since(&pool, 200, 1);
        assert_int_equal(held_last_free(&pool.held, 0), FIRST + 198);
        assert_int_equal(held_free_before(&pool.held, FIRST + 250), 49);
        assert_int_equal(held_free_before(&pool.held, FIRST + 198), 54 + 196);
}

static void a_new_leader_begins_at_the_front_as_the_newest_task_tells(void **state)
{
        _cleanup_pool_ struct pool pool;

        (void)state;
        pool_make(&pool, 28);
        hold_attached(&pool, 9, ANCHOR_PREFIX "a-net", 1000); /* under the former leader */
        assert_int_equal(held_last_free(&pool.held, 0), FIRST + 8);
        assert_int_equal(held_free_before(&pool.held, FIRST + 8), 5 + 7);
        hold_since(&pool, 2, 2000);
        assert_int_equal(held_free_before(&pool.held, FIRST + 8), 5);
        assert_int_equal(held_last_free(&pool.held, 0), FIRST + 1);
}

static void a_container_that_asked_for_its_address_tells_nothing(void **state)
{
        _cleanup_pool_ struct pool pool;

        (void)state;
        pool_make(&pool, 28);
        hold_since(&pool, 9, 1000);
        hold_attached(&pool, 3, "debug", 2000);
        assert_int_equal(held_last_free(&pool.held, 0), FIRST + 8);
}

static void of_a_full_network_there_is_none(void **state)
{
        _cleanup_pool_ struct pool pool;

        (void)state;
        pool_make(&pool, 29);
        for (uint32_t number = 1; number < 7; number++)
                hold(&pool, number);
        assert_int_equal(held_last_free(&pool.held, 0), 0);
        pool.account.holders.count--; /* .6 */
        assert_int_equal(held_last_free(&pool.held, 0), FIRST + 6);
        assert_int_equal(held_last_free(&pool.held, 5), FIRST + 6);
}

static void what_nobody_knows_the_address_of_may_be_in_between(void **state)
{
        _cleanup_pool_ struct pool pool;

        (void)state;
        pool_make(&pool, 24);
        hold_since(&pool, 3, 1);
        *list_add(&pool.account.holders) =
                (struct holder){.kind = HOLDER_NODE, .inferred = true, .name = "n2"};
        assert_int_equal(held_free_before(&pool.held, FIRST + 10), 5);
        assert_int_equal(held_free_before(&pool.held, FIRST + 4), 0);
}

static void without_a_pool_there_is_none(void **state)
{
        struct held held = {0};

        (void)state;
        assert_int_equal(held_last_free(&held, 0), 0);
        assert_int_equal(held_free_before(&held, FIRST + 1), 0);
}

/* What a serial allocator hands out from the anchor on, in order. */
static size_t hand_out(const struct pool *pool, uint32_t anchor, uint32_t last, uint32_t *ret_row)
{
        size_t count = 0;

        for (uint32_t i = 1; i < last; i++) {
                uint32_t number = (anchor + i - 1) % (last - 1) + 1;
                if (!held_has(&pool->held, FIRST + number))
                        ret_row[count++] = FIRST + number;
        }
        return count;
}

static void it_agrees_with_a_serial_allocator(void **state)
{
        struct random_stream random = {.state = 20261128};
        uint32_t row[256];

        (void)state;
        for (unsigned round = 0; round < 2000; round++) {
                _cleanup_pool_ struct pool pool;
                uint8_t bits = (uint8_t)(24 + random_below(&random, 6));
                uint32_t last = (1U << (32 - bits)) - 1;
                uint32_t anchor = 1 + (uint32_t)random_below(&random, last - 1);

                pool_make(&pool, bits);
                hold_since(&pool, anchor, 1);
                for (uint32_t number = 1; number < last; number++)
                        if (number != anchor && random_below(&random, 3) == 0)
                                hold(&pool, number);
                size_t count = hand_out(&pool, anchor, last, row);
                assert_int_equal(held_last_free(&pool.held, 0), count ? row[count - 1] : 0);
                for (size_t i = 0; i < count; i++) {
                        assert_int_equal(held_free_before(&pool.held, row[i]), i);
                        assert_int_equal(held_last_free(&pool.held, count - 1 - i), row[i]);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(on_a_new_network_it_is_the_highest_address),
                cmocka_unit_test(where_the_swarm_is_further_up_it_is_the_one_below),
                cmocka_unit_test(a_new_leader_begins_at_the_front_as_the_newest_task_tells),
                cmocka_unit_test(a_container_that_asked_for_its_address_tells_nothing),
                cmocka_unit_test(of_a_full_network_there_is_none),
                cmocka_unit_test(what_nobody_knows_the_address_of_may_be_in_between),
                cmocka_unit_test(without_a_pool_there_is_none),
                cmocka_unit_test(it_agrees_with_a_serial_allocator),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
