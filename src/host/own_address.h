#pragma once

#include "base/text.h"

#define OWN_ADDRESSES_MAX 8

struct own_addresses {
        LIST(char *) items; /* "192.0.2.1" */
};

void own_addresses_done(struct own_addresses *addresses);
#define _cleanup_own_addresses_ _cleanup_(own_addresses_done)

/*
 * Where this machine's published ports may be reached from itself: 127.0.0.1, then the IPv4 addresses of its
 * interfaces that are up, link-local ones left out. Never empty, never more than OWN_ADDRESSES_MAX.
 */
void own_addresses_read(struct own_addresses *ret_addresses);
