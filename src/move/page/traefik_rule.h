#pragma once

/* The rules in Traefik's labels: inside move/ only. */

#include "base/text.h"

#include <stdbool.h>

/* One way to satisfy a rule. */
struct rule_way {
        char *host;   /* NULL: any */
        char *path;   /* NULL: any */
        bool obscure; /* takes more than a host and a path */
};

struct rule_ways {
        LIST(struct rule_way) items;
};

void rule_ways_done(struct rule_ways *ways);
#define _cleanup_rule_ways_ _cleanup_(rule_ways_done)

/* Host(`a`) && PathPrefix(`/x`), of v2 and v3; false when it is not understood, and then there is no way. */
bool rule_parse(const char *rule, struct rule_ways *ret_ways);

/* Host:a,b;PathPrefix:/x, of v1. */
bool rule_parse_v1(const char *rule, struct rule_ways *ret_ways);
