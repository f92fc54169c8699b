#pragma once

/* What the kernel says about itself over rtnetlink (rtnetlink(7)). Adds to the host's claims. */

#include "host/host.h"

int netlink_read(struct host *host, struct error *error);
