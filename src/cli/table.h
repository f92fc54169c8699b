#pragma once

/*
 * What a command shows as rows: as a table that fits the terminal, as JSON, or through a
 * template. One description of columns serves all three.
 */

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum colour {
        COLOUR_NONE,
        COLOUR_GOOD,  /* green */
        COLOUR_WARN,  /* yellow */
        COLOUR_BAD,   /* red, bold */
        COLOUR_FAINT, /* grey: inferred, unimportant */
};

struct column {
        const char *field;  /* "Leaked": the JSON key and template field */
        const char *header; /* "LEAKED"; NULL: in JSON and templates only */
        bool right;         /* numbers */
        bool shrinks;       /* may be cut or wrapped when the terminal is narrow */
        int drops;          /* left out when the terminal is too narrow, the highest first; 0: never */
};

struct table;

/* `columns` is borrowed and ends with a NULL field. */
struct table *table_new(const struct column *columns);
struct table *table_free(struct table *table); /* returns NULL */
static inline void table_cleanup(struct table **table)
{
        table_free(*table);
}
#define _cleanup_table_ _cleanup_(table_cleanup)

void table_add_row(struct table *table);
/* Cells of the last row, in any order, by field. A cell never set is null in JSON and empty in the table. */
void table_text(struct table *table, const char *field, const char *text, enum colour colour);
void table_number(struct table *table, const char *field, uint64_t value, enum colour colour);
void table_bool(struct table *table, const char *field, bool value);
/* What the table shows where JSON has null or another value: "?", a bar. */
void table_shown(struct table *table, const char *field, const char *shown, enum colour colour);

/*
 * `format` is NULL or "table", "json" (an array of objects), or a template as the docker CLI writes them:
 * {{.Field}}, text, \t and \n; one line a row; {{json .}} gives the row as JSON; "table {{.A}}\t{{.B}}"
 * aligns them under a header. ERROR_USAGE names an unknown field and lists the known ones. Prints on stdout.
 */
int table_print(const struct table *table, const char *format, bool header, struct error *error);

/* The same judgement of a format before there are rows: a command that changes something asks first. */
int table_check_format(const struct column *columns, const char *format, struct error *error);

/* Horizontal bar of `cells` cells, `filled` of `total`; with block characters where the locale is UTF-8, else
 * '#'. */
char *table_bar(uint64_t filled, uint64_t total, int cells);
