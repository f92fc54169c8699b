#include "base/arena.h"
#include "base/text.h"
#include "pool/id_index.h"
#include "swarm/strings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* Memory for many small things, the texts of a swarm in it, and where what has an ID stands. */

static void an_arena_gives_zeroed_aligned_memory_of_any_size(void **state)
{
        static const size_t sizes[] = {1, 24, 3, 4096, 7, 70000, 8, 0, 1 << 20, 5};
        struct arena arena = {0};
        unsigned char *things[100];

        (void)state;
        for (size_t i = 0; i < ELEMENTS(things); i++) {
                size_t size = sizes[i % ELEMENTS(sizes)];
                things[i] = arena_new(&arena, size, 1);
                assert_int_equal((uintptr_t)things[i] % sizeof(uint64_t), 0);
                for (size_t at = 0; at < size; at++)
                        assert_int_equal(things[i][at], 0);
                memset(things[i], (int)i + 1, size);
                assert_string_equal(arena_text(&arena, "odd", 3), "odd");
        }
        for (size_t i = 0; i < ELEMENTS(things); i++) /* none lies in another */
                for (size_t at = 0; at < sizes[i % ELEMENTS(sizes)]; at++)
                        assert_int_equal(things[i][at], i + 1);
        arena_done(&arena);
        assert_null(arena.chunks);
        arena_done(&arena);
}

static void equal_texts_are_stored_once_and_others_apart(void **state)
{
        enum { TEXTS = 5000 };
        struct string_table *table = string_table_new();
        const char **stored = memory_new(TEXTS, sizeof(*stored));
        char text[64];

        (void)state;
        for (int round = 0; round < 2; round++)
                for (int i = 0; i < TEXTS; i++) {
                        int length =
                                snprintf(text, sizeof(text), "%.*stext %d", i % 17, "................", i);
                        const char *kept = string_table_add(table, text, (size_t)length);
                        assert_string_equal(kept, text);
                        if (round == 0)
                                stored[i] = kept;
                        assert_ptr_equal(kept, stored[i]);
                }
        const char *part = string_table_add(table, "text 12345", 6); /* what follows is not part of it */
        assert_string_equal(part, "text 1");
        assert_string_equal(string_table_add(table, "", 0), "");
        free(stored);
        assert_null(string_table_free(table));
        assert_null(string_table_free(NULL));
}

static void a_long_text_is_kept_whole(void **state)
{
        struct string_table *table = string_table_new();
        _cleanup_free_ char *text = memory_new(100001, 1);

        (void)state;
        memset(text, 'x', 100000);
        assert_string_equal(string_table_add(table, text, 100000), text);
        string_table_free(table);
}

static void an_index_finds_each_id_where_it_was_added_first(void **state)
{
        enum { IDS = 3000 };
        struct id_index index = {0};
        struct string_table *table = string_table_new();
        const char **ids = memory_new(IDS, sizeof(*ids));
        char text[32];

        (void)state;
        assert_int_equal(id_index_find(&index, "any"), ID_NOWHERE);
        for (size_t i = 0; i < IDS; i++) {
                int length = snprintf(text, sizeof(text), "id%zu", i * i);
                ids[i] = string_table_add(table, text, (size_t)length);
                id_index_add(&index, ids[i], i);
                id_index_add(&index, ids[i / 2], IDS + i);
        }
        id_index_add(&index, NULL, 1);
        for (size_t i = 0; i < IDS; i++) {
                _cleanup_free_ char *copy = text_copy(ids[i]);
                assert_int_equal(id_index_find(&index, copy), i);
        }
        assert_int_equal(id_index_find(&index, "id2"), ID_NOWHERE); /* no square */
        assert_int_equal(id_index_find(&index, NULL), ID_NOWHERE);
        id_index_done(&index);
        string_table_free(table);
        free(ids);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_arena_gives_zeroed_aligned_memory_of_any_size),
                cmocka_unit_test(equal_texts_are_stored_once_and_others_apart),
                cmocka_unit_test(a_long_text_is_kept_whole),
                cmocka_unit_test(an_index_finds_each_id_where_it_was_added_first),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
