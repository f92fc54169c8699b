#pragma once

/*
 * Markdown for people (CommonMark, and tables as GitHub, GitLab and Gitea read them). Whatever comes from an
 * engine, a file or a log is somebody else's text: in a code span nothing of it is markup, and outside one
 * all that could be is escaped. A control character, a line break or one that turns the direction of writing
 * never comes through. Inside move/ only.
 */

#include "base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

#define MARKDOWN_TEXT_MAX 2000 /* bytes of one text; what is longer ends with "..." */

void markdown_text(struct buffer *out, const char *text); /* NULL is "" */
void markdown_code(struct buffer *out, const char *text);
void markdown_fence(struct buffer *out, const char *language,
                    const char *text); /* line breaks and tabs stay, and its length */

/* The formatted text is escaped as a whole. Each is a block of its own. */
void markdown_heading(struct buffer *out, unsigned level, const char *format, ...) _printf_(3, 4);
void markdown_paragraph(struct buffer *out, const char *format, ...) _printf_(2, 3);
void markdown_item(struct buffer *out, const char *format, ...) _printf_(2, 3); /* of a list; one line */

/* A column for each letter: 't' text, 'c' code, 'n' a number. */
struct markdown_table {
        struct buffer *out;
        const char *types;
};

void markdown_table(struct markdown_table *ret_table, struct buffer *out, const char *types,
                    const char *const *headers);
void markdown_cells(const struct markdown_table *table, const char *const *cells, size_t count);
#define markdown_row(table, ...)                                                                             \
        markdown_cells(table, (const char *const[]){__VA_ARGS__},                                            \
                       sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
