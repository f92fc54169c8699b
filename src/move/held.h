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

/*
 * A swarm hands addresses out in rising order and round again. Where it is, only its leader knows, and a new
 * leader begins at the front; headroom goes by what the newest task of a service has, or the anchor where it
 * is newer, or without any by the subnet's start, where a new network begins.
 */

/* The free address that the swarm comes to last, or `before` free ones earlier; 0: none is free. */
uint32_t held_last_free(const struct held *held, uint64_t before);

/* How many free addresses the swarm has before it comes to `address`, at the least. */
uint64_t held_free_before(const struct held *held, uint32_t address);
