#pragma once

/*
 * YAML as people write it into configuration and Compose files, read into a tree that knows its lines
 * (libfyaml, YAML 1.2). Strict: duplicate keys, a second document, keys that are no plain words and anything
 * libfyaml calls an error are refused with the line. Aliases stay unresolved, so that no text can grow:
 * whoever wants a value there refuses it. Depth is bounded by libfyaml (64), bytes by the caller. Errors are
 * ERROR_USAGE, "ORIGIN:LINE: ...".
 */

#include "base/error.h"
#include "base/text.h"

enum yaml_type {
        YAML_NULL, /* nothing, ~ or null */
        YAML_TEXT, /* any other scalar */
        YAML_LIST,
        YAML_MAP,
        YAML_ALIAS,
};

struct yaml_node {
        enum yaml_type type;
        unsigned line; /* from 1; of the key where it has one */
        char *key;     /* of a map's member, else NULL */
        char *text;    /* of YAML_TEXT */
        bool plain;    /* the text stands without quotes: it may be a number or a bool */
        LIST(struct yaml_node) children;
};

struct yaml {
        char *origin; /* a file's name, for errors */
        struct yaml_node root;
};

void yaml_done(struct yaml *yaml);
#define _cleanup_yaml_ _cleanup_(yaml_done)

int yaml_parse(const char *bytes, size_t length, const char *origin, struct yaml *ret_yaml,
               struct error *error);
int yaml_read(const char *path, size_t bound_bytes, struct yaml *ret_yaml, struct error *error);

/* NOLINTBEGIN(bugprone-macro-parentheses): a name that is being declared takes no parentheses */
#define for_each_yaml(n, parent)                                                                             \
        for (struct yaml_node *n = (parent)->children.items;                                                 \
             n && n < (parent)->children.items + (parent)->children.count; n++)
/* NOLINTEND(bugprone-macro-parentheses) */

/* "ORIGIN:LINE: " and the sentence; returns -1. */
int yaml_refuse(const struct yaml *yaml, const struct yaml_node *node, struct error *error,
                const char *format, ...) _printf_(4, 5);

/* Refuses a value of another type; `name` is what people call it. An alias is refused as one. */
int yaml_require(const struct yaml *yaml, const struct yaml_node *node, enum yaml_type type, const char *name,
                 struct error *error);

/* Typed values. A text is never empty; `true` and `false` and numbers stand without quotes. */
int yaml_text(const struct yaml *yaml, const struct yaml_node *node, const char *name, char **ret_text,
              struct error *error);
int yaml_bool(const struct yaml *yaml, const struct yaml_node *node, const char *name, bool *ret_value,
              struct error *error);
int yaml_number(const struct yaml *yaml, const struct yaml_node *node, const char *name, uint64_t min,
                uint64_t max, uint64_t *ret_value, struct error *error);
