#pragma once

/*
 * Templates as the docker CLI writes them, the small part of them that headroom needs: text, {{.Field}},
 * {{json .Field}}, {{json .}}, \t, \n and \\; "table " before it asks for aligned columns under a header.
 */

#include "cli/table.h"

#include "base/text.h"

enum template_kind {
        TEMPLATE_TEXT,
        TEMPLATE_FIELD,      /* {{.Field}} */
        TEMPLATE_FIELD_JSON, /* {{json .Field}} */
        TEMPLATE_ROW_JSON,   /* {{json .}} */
};

struct template_part {
        enum template_kind kind;
        char *text;   /* of TEMPLATE_TEXT */
        size_t field; /* index of the column */
};

/* All zero is the null value. */
struct template
{
        LIST(struct template_part) parts;
        bool aligned; /* "table ..." */
};

/* ERROR_USAGE names an unknown field and lists the known ones. */
int template_parse(const char *format, const struct column *columns, struct template *ret_template,
                   struct error *error);
void template_done(struct template *template);
#define _cleanup_template_ _cleanup_(template_done)
