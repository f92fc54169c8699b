#pragma once

/*
 * The machine headroom runs on: what its kernel and its resolver already use. Read-only.
 * 127/8 is left out everywhere. A route the kernel made for an address is told as the address only.
 * Sources: rtnetlink RTM_GETADDR, RTM_GETROUTE, RTM_GETLINK (libmnl), /etc/resolv.conf and
 * /run/systemd/resolve/resolv.conf.
 */

#include "base/error.h"
#include "base/prefix.h"
#include "base/text.h"

#include <stdbool.h>

/*
 * An address claims its on-link prefix; one with a peer claims the peer's prefix and itself. A default route
 * claims nothing, nor does half of one: VPNs cover all there is with 0.0.0.0/1 and 128.0.0.0/1.
 */
enum host_claim_kind {
        HOST_ADDRESS,
        HOST_ROUTE, /* of any table */
        HOST_RESOLVER,
};

/* One range the machine uses. */
struct host_claim {
        enum host_claim_kind kind;
        struct prefix prefix;
        char *interface; /* NULL when there is none */
};

struct host {
        LIST(struct host_claim) claims;
        const char *name; /* of a machine that is told of instead of the real one; borrowed, NULL: none */
        bool tailscale;   /* an interface whose name begins so, or an address in 100.64.0.0/10 on any */
};

void host_done(struct host *host);
#define _cleanup_host_ _cleanup_(host_done)

/* `root` is "" for the machine itself; a test may give a folder that holds etc/resolv.conf. */
int host_read(const char *root, struct host *ret_host, struct error *error);

/* From here on host_read tells of this machine instead, which must stay alive; NULL: of the real one. For
 * moves of a simulated swarm, which happen nowhere. */
void host_use(const struct host *host);

/* One line for people: "route on eth1", "address on tailscale0", "resolver". */
char *host_claim_describe(const struct host_claim *claim);

/* This machine's name, and who works on it, as USER@NAME; owned by the caller. */
char *host_name(void);
char *host_author(void);

/* The process ID of this program, as others on the machine see it. */
uint64_t host_process(void);
