#pragma once

/*
 * Which pages a service's labels ask Traefik to serve. Sources: doc.traefik.io, "Routers" (v2 and v3:
 * `traefik.http.routers.NAME.rule`) and "Docker" of v1 (`traefik.frontend.rule`). Label keys count in any
 * case. Only rules that name a host are of use: a pattern, a header or a client's address can't be asked for.
 */

#include "base/text.h"

#include <stdbool.h>

#define TRAEFIK_SITES_MAX 64 /* of one rule; a rule that gives more is taken as not understood */
#define TRAEFIK_DEPTH_MAX 32 /* of parentheses in a rule */

struct traefik_label {
        char *key;
        char *value;
};

struct traefik_labels {
        LIST(struct traefik_label) items;
};

enum traefik_entry {
        TRAEFIK_ENTRY_ANY, /* the labels don't say */
        TRAEFIK_ENTRY_PLAIN,
        TRAEFIK_ENTRY_TLS,
};

struct traefik_site {
        char *host;
        char *path; /* "/" when the rule names none */
        enum traefik_entry entry;
};

struct traefik_sites {
        LIST(struct traefik_site) items;
        bool obscure; /* there is a rule from which no page can be told */
};

void traefik_labels_done(struct traefik_labels *labels);
void traefik_sites_done(struct traefik_sites *sites);
#define _cleanup_traefik_labels_ _cleanup_(traefik_labels_done)
#define _cleanup_traefik_sites_  _cleanup_(traefik_sites_done)

/* Whether a label is one of Traefik's. */
bool traefik_is_label(const char *key);

/* None for `traefik.enable=false`. */
void traefik_sites_of(const struct traefik_labels *labels, struct traefik_sites *ret_sites);
