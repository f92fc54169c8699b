#include "host/host.h"

#include "host/netlink.h"
#include "host/resolver.h"

static const struct prefix tailscale_range = {0x64400000, 10}; /* 100.64.0.0/10 (RFC 6598) */

void host_done(struct host *host)
{
        for (size_t i = 0; i < host->claims.count; i++)
                free(host->claims.items[i].interface);
        free(host->claims.items);
        *host = (struct host){0};
}

static const struct host *host_in_use;

void host_use(const struct host *host)
{
        host_in_use = host;
}

static void copy_host(struct host *ret_host)
{
        *ret_host = (struct host){.tailscale = host_in_use->tailscale};
        for (size_t i = 0; i < host_in_use->claims.count; i++) {
                struct host_claim *claim = list_add(&ret_host->claims);
                *claim = host_in_use->claims.items[i];
                claim->interface = text_copy(claim->interface);
        }
}

int host_read(const char *root, struct host *ret_host, struct error *error)
{
        _cleanup_host_ struct host host = {0};

        if (host_in_use) {
                copy_host(ret_host);
                return 0;
        }
        if (netlink_read(&host, error) < 0 || resolver_read(root, &host, error) < 0)
                return -1;
        for (size_t i = 0; i < host.claims.count; i++) {
                const struct host_claim *claim = &host.claims.items[i];
                if (claim->kind == HOST_ADDRESS && prefix_contains(tailscale_range, claim->prefix.address))
                        host.tailscale = true;
        }
        *ret_host = host;
        host = (struct host){0};
        return 0;
}

char *host_claim_describe(const struct host_claim *claim)
{
        if (claim->kind == HOST_RESOLVER)
                return text_copy("resolver");
        const char *what = claim->kind == HOST_ADDRESS ? "address" : "route";
        return claim->interface ? text_format("%s on %s", what, claim->interface) : text_copy(what);
}

char *host_name(void)
{
        char name[256] = "?";

        if (host_in_use && host_in_use->name)
                return text_copy(host_in_use->name);
        gethostname(name, sizeof(name) - 1);
        return text_copy(name);
}

char *host_author(void)
{
        const char *user = getenv("SUDO_USER") ? getenv("SUDO_USER") : getenv("USER");
        _cleanup_free_ char *name = host_name();

        return text_format("%s@%s", host_in_use ? "operator" : user ? user : "root", name);
}

uint64_t host_process(void)
{
        return host_in_use ? 1 : (uint64_t)getpid();
}
