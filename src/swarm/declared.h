#pragma once

/*
 * Networks as a Compose file's `networks:` section declares them, and how one that exists differs. Pure: YAML
 * and JSON go in. Only what an overlay of the swarm can have is understood; a network's name is its `name`,
 * else its key (no project's name is put before it). Variables are not substituted. Source: the Compose
 * specification, networks.
 */

#include "base/error.h"
#include "base/prefix.h"
#include "base/text.h"
#include "json/json.h"

#include <stdbool.h>

#define DECLARED_BYTES_MAX    ((size_t)1 << 20)
#define DECLARED_NETWORKS_MAX 256

struct declared_pair {
        char *key;
        char *value;
};

struct declared_pairs {
        LIST(struct declared_pair) items;
};

struct declared_network {
        char *name;
        unsigned line;
        bool external; /* somebody else makes it; nothing more is known of it */
        bool attachable;
        bool internal;
        struct declared_pairs options;
        struct declared_pairs labels;
        char *subnet; /* NULL: the engine chooses, and range and gateway are NULL too */
        struct prefix prefix;
        char *range;   /* NULL: all of the subnet */
        char *gateway; /* NULL: the first address */
};

struct declared {
        char *origin; /* the file */
        LIST(struct declared_network) networks;
};

void declared_done(struct declared *declared);
#define _cleanup_declared_ _cleanup_(declared_done)

/* NOLINTBEGIN(bugprone-macro-parentheses): a name that is being declared takes no parentheses */
#define for_each_declared(n, declared)                                                                       \
        for (struct declared_network *n = (declared)->networks.items;                                        \
             n && n < (declared)->networks.items + (declared)->networks.count; n++)
/* NOLINTEND(bugprone-macro-parentheses) */

/* ERROR_USAGE, "FILE:LINE: ...", for what is not understood, two networks of one name or with one range
 * included. */
int declared_read(const char *path, struct declared *ret_declared, struct error *error);
int declared_parse(const char *bytes, size_t length, const char *origin, struct declared *ret_declared,
                   struct error *error);

/* The body of POST /networks/create; owned by the caller. */
char *declared_request(const struct declared_network *declared);

/* One field that is not as declared. */
struct difference {
        char *field; /* as the file calls it: "ipam.subnet", "labels.a" */
        char *declared;
        char *found;
};

struct differences {
        LIST(struct difference) items;
};

void differences_done(struct differences *differences);
#define _cleanup_differences_ _cleanup_(differences_done)

/*
 * Compares with an element of GET /networks that has its addresses already: before that the engine tells
 * neither driver nor options (docs/engine-notes.md). What the engine adds by itself is no difference: a VXLAN
 * number, and labels that begin with com.docker.stack. or com.docker.compose.
 */
void declared_compare(const struct declared_network *declared, const struct json_document *document,
                      json_node network, struct differences *ret_differences);

/* The subnets of a network of the engine's list, comma-separated; NULL when it has none. Owned by the caller.
 */
char *declared_subnets(const struct json_document *document, json_node network);

/* Whether a network of the engine's list has been given its addresses. */
bool declared_is_allocated(const struct json_document *document, json_node network);
