#include "host/resolver.h"

#include "base/file.h"

#include <errno.h>

#define RESOLV_CONF_BYTES_MAX 65536

/* With systemd-resolved the first names its local stub, the second the servers behind it. */
static const char *const paths[] = {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"};

static void add_resolver(struct host *host, uint32_t address)
{
        if (address >> 24 == 127)
                return;
        for (size_t i = 0; i < host->claims.count; i++) {
                const struct host_claim *claim = &host->claims.items[i];
                if (claim->kind == HOST_RESOLVER && claim->prefix.address == address)
                        return;
        }
        *list_add(&host->claims) = (struct host_claim){HOST_RESOLVER, {address, 32}, NULL};
}

/* Anything but a `nameserver` with an IPv4 address is somebody else's business. */
static void take_line(struct host *host, char *line)
{
        char *rest = NULL;
        const char *key = strtok_r(line, " \t\r", &rest);
        const char *value = strtok_r(NULL, " \t\r", &rest);
        uint32_t address;

        if (text_equal(key, "nameserver") && address_parse(value, &address))
                add_resolver(host, address);
}

int resolver_read(const char *root, struct host *host, struct error *error)
{
        for (size_t i = 0; i < ELEMENTS(paths); i++) {
                _cleanup_free_ char *path = text_format("%s%s", root, paths[i]);
                _cleanup_buffer_ struct buffer bytes = {0};
                char *rest = NULL;

                if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
                        continue;
                if (file_read(path, RESOLV_CONF_BYTES_MAX, &bytes, error) < 0)
                        return error_while(error, "looking for name servers");
                for (char *line = bytes.bytes ? strtok_r(bytes.bytes, "\n", &rest) : NULL; line;
                     line = strtok_r(NULL, "\n", &rest))
                        take_line(host, line);
        }
        return 0;
}
