#include "host/own_address.h"

#include "base/prefix.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>

#define LOOPBACK_NET   127U
#define LINK_LOCAL_NET 0xa9feU /* 169.254.0.0/16 */

void own_addresses_done(struct own_addresses *addresses)
{
        for (size_t i = 0; i < addresses->items.count; i++)
                free(addresses->items.items[i]);
        free(addresses->items.items);
        *addresses = (struct own_addresses){0};
}

static void add(struct own_addresses *addresses, const struct ifaddrs *entry)
{
        char text[ADDRESS_TEXT_SIZE];

        if (!entry->ifa_addr || entry->ifa_addr->sa_family != AF_INET || !(entry->ifa_flags & IFF_UP))
                return;
        uint32_t address =
                ntohl(((const struct sockaddr_in *)(const void *)entry->ifa_addr)->sin_addr.s_addr);
        if (address >> 24 == LOOPBACK_NET || address >> 16 == LINK_LOCAL_NET ||
            addresses->items.count == OWN_ADDRESSES_MAX)
                return;
        address_format(address, text);
        *list_add(&addresses->items) = text_copy(text);
}

void own_addresses_read(struct own_addresses *ret_addresses)
{
        struct own_addresses addresses = {0};
        struct ifaddrs *list = NULL;

        *list_add(&addresses.items) = text_copy("127.0.0.1");
        if (getifaddrs(&list) == 0) {
                for (const struct ifaddrs *entry = list; entry; entry = entry->ifa_next)
                        add(&addresses, entry);
                freeifaddrs(list);
        }
        *ret_addresses = addresses;
}
