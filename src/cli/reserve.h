#pragma once

/* The ranges to keep clear of: those of --reserve and, beside them, those of the configuration. */

#include "cli/command.h"
#include "move/plan.h"
#include "settings/settings.h"

#define RESERVED_MAX 512 /* both together */

#define OPTION_RESERVE                                                                                       \
        {                                                                                                    \
                "reserve", 0, OPTION_VALUE, "CIDR,...",                                                      \
                        "ranges to keep clear of that this host does not know"                               \
        }

struct reserve {
        char *words; /* of --reserve, cut up */
        LIST(char *) origins;
        LIST(struct reserved_range) ranges;
};

void reserve_done(struct reserve *reserve);
#define _cleanup_reserve_ _cleanup_(reserve_done)

/* The settings must outlive it. */
int reserve_gather(const struct invocation *invocation, const struct settings *settings,
                   struct reserve *ret_reserve, struct error *error);
