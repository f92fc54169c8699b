#pragma once

/* Which addresses of one network are held, as far as that can be seen from here. Inside move/ only. */

#include "engine/engine.h"
#include "pool/account.h"

struct held {
        struct swarm swarm;
        struct accounts accounts;
        const struct account *account; /* NULL: there is no such network, or it has no pool */
};

void held_done(struct held *held);
#define _cleanup_held_ _cleanup_(held_done)

int held_look(struct engine *engine, const char *network_id, struct held *ret_held, struct error *error);
bool held_has(const struct held *held, uint32_t address);
