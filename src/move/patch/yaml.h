#pragma once

/* A YAML document as a tree that knows which bytes of the file each value stands in (libfyaml's events). */

#include "move/patch/find.h"

#include "base/text.h"

enum spot_type {
        SPOT_NOTHING, /* no value at all: it stands nowhere */
        SPOT_SCALAR,
        SPOT_LIST,
        SPOT_MAP,
        SPOT_ALIAS,
};

struct spot {
        enum spot_type type;
        bool flow;         /* a list or map in brackets */
        bool quoted;       /* a scalar in quotes; begin and end are inside of them */
        size_t begin, end; /* of a list or map that is not flow: both where its first element begins */
        size_t key_begin, key_end; /* of a map's member, quotes included */
        char *key;
        char *text; /* of a scalar; the anchor's name of an alias */
        char *anchor;
        LIST(struct spot) children;
};

void spot_done(struct spot *spot);
#define _cleanup_spot_ _cleanup_(spot_done)

/* The bytes must be what yaml_parse() takes. False: libfyaml can't tell where something stands. */
bool spot_read(const char *bytes, size_t length, struct spot *ret_root);

/* NULL when the map has no such member, or it is no map. */
const struct spot *spot_get(const struct spot *map, const char *key);

/* Whether an alias repeats what stands at this spot. */
bool spot_is_repeated(const struct spot *root, const struct spot *spot);

/* How much of a network's ipam: {config: [{subnet: CIDR}]} stands there already: what the rest goes into. */
enum ipam_level { LEVEL_ENTRY, LEVEL_IPAM, LEVEL_CONFIG, LEVEL_POOL };

/* The rest in brackets, as JSON if need be; owned by the caller. */
char *ipam_in_brackets(enum ipam_level level, const char *subnet, bool json);

/* The rest in lines, the first one without its indentation; appended. */
void ipam_in_lines(enum ipam_level level, const char *subnet, size_t columns, size_t step,
                   const char *newline, struct buffer *text);

/* A line's end and the next one's indentation. */
void line_indent(struct buffer *text, const char *newline, size_t columns);
