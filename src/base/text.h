#pragma once

/*
 * Memory and strings. Allocation never fails: out of memory aborts. Returned strings belong to the caller.
 */

#include "base/cleanup.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

void *memory_new(size_t count, size_t size); /* zeroed */
void *memory_resize(void *p, size_t count, size_t size);
char *text_copy(const char *s); /* NULL gives NULL */
char *text_copy_n(const char *s, size_t length_bytes);
char *text_format(const char *format, ...) _printf_(1, 2);
char *text_vformat(const char *format, va_list arguments) _printf_(1, 0);

static inline bool text_equal(const char *a, const char *b)
{
        return a && b ? strcmp(a, b) == 0 : a == b;
}

static inline bool text_empty(const char *s)
{
        return !s || !*s;
}

static inline bool text_starts_with(const char *s, const char *prefix)
{
        return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

/* One word of a shell's command line: quoted where it has to be. Owned by the caller. */
char *text_shell_word(const char *s);

/* For tables that live as long as the process: the same text, the same number. */
uint32_t text_hash(const char *s, size_t length_bytes);

/* A place among 2^bits for a word, by its product's highest bits, which all of its own reach. */
#define HASH_FACTOR 0x9e3779b97f4a7c15ULL /* 2^64 over the golden ratio: odd, no pattern in its bits */
static inline size_t word_place(uint64_t word, unsigned bits)
{
        return (size_t)(word * HASH_FACTOR >> (64 - bits));
}

/* A decimal number that takes up the whole string; false for anything else, overflow included. */
bool text_to_u64(const char *s, uint64_t *ret_value);

#define new_zero(type) ((type *)memory_new(1, sizeof(type)))

/*
 * Growing arrays: `LIST(struct x)` is a pointer and two counts; list_add returns a zeroed new last element.
 * Elements are freed by their owner, the array by free(list.items). Most lists stay short: the first room is
 * what the smallest piece of memory holds.
 */
#define LIST_FIRST_BYTES 24
#define LIST(type)                                                                                           \
        struct {                                                                                             \
                type *items;                                                                                 \
                size_t count;                                                                                \
                size_t room;                                                                                 \
        }

#define list_add(list)                                                                                       \
        __extension__({                                                                                      \
                __typeof__(list) list_ = (list);                                                             \
                if (list_->count == list_->room) {                                                           \
                        list_->room = list_->room                                                            \
                                              ? 2 * list_->room                                              \
                                              : MAX(LIST_FIRST_BYTES / sizeof(*list_->items), (size_t)1);    \
                        list_->items = memory_resize(list_->items, list_->room, sizeof(*list_->items));      \
                }                                                                                            \
                memset(&list_->items[list_->count], 0, sizeof(*list_->items));                               \
                &list_->items[list_->count++];                                                               \
        })
