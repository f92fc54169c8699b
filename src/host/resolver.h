#pragma once

/* The name servers of resolv.conf(5). Adds to the host's claims. */

#include "host/host.h"

int resolver_read(const char *root, struct host *host, struct error *error);
