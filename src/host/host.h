#pragma once

/*
 * The machine headroom runs on: what its kernel and its resolver already use. Read-only.
 * Sources: rtnetlink RTM_GETADDR, RTM_GETROUTE, RTM_GETLINK (libmnl), /etc/resolv.conf and
 * /run/systemd/resolve/resolv.conf.
 */

#include "base/error.h"
#include "base/prefix.h"
#include "base/text.h"

#include <stdbool.h>

enum host_claim_kind {
        HOST_ADDRESS,  /* an address on an interface, with its on-link prefix */
        HOST_ROUTE,    /* a route that is not a default route, any table */
        HOST_RESOLVER, /* a name server */
};

/* One range the machine uses. */
struct host_claim {
        enum host_claim_kind kind;
        struct prefix prefix;
        char *interface; /* NULL when there is none */
};

struct host {
        LIST(struct host_claim) claims;
        bool tailscale; /* an interface of that name, or an address in 100.64.0.0/10 on one */
};

void host_done(struct host *host);
#define _cleanup_host_ _cleanup_(host_done)

/* `root` is "" for the machine itself; a test may give a folder that holds etc/resolv.conf. */
int host_read(const char *root, struct host *ret_host, struct error *error);

/* One line for people: "route on eth1", "address on tailscale0", "resolver". */
char *host_claim_describe(const struct host_claim *claim);
