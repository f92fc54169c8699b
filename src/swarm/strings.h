#pragma once

/* A set of texts, each stored once and alive as long as the table. */

#include <stddef.h>

struct string_table;

struct string_table *string_table_new(void);
struct string_table *string_table_free(struct string_table *table); /* returns NULL */
const char *string_table_add(struct string_table *table, const char *text, size_t length);
