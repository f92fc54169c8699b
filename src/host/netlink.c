/*
 * Three dumps, one after the other: links for their names, addresses, routes of all tables. A dump is a
 * stream of messages in several datagrams. When the kernel's tables change while it is under way the kernel
 * marks it as interrupted, and what came is neither the old state nor the new: it is thrown away and asked
 * for again.
 */

#include "host/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#define DUMP_TRIES   8
#define DUMP_WAIT_S  5     /* the kernel answers at once; a lost answer must not hang the caller */
#define BUFFER_BYTES 32768 /* what the kernel packs into one datagram of a dump */

/* Half of a default route: VPNs cover all there is with 0.0.0.0/1 and 128.0.0.0/1 and leave the default
 * route. */
#define DEFAULT_ROUTE_BITS 1

struct link {
        uint32_t index;
        char *name;
};

/* What the dumps collect. */
struct collection {
        LIST(struct link) links;
        LIST(struct host_claim) addresses;
        LIST(struct host_claim) routes;
};

static void collection_done(struct collection *collection)
{
        for (size_t i = 0; i < collection->links.count; i++)
                free(collection->links.items[i].name);
        for (size_t i = 0; i < collection->addresses.count; i++)
                free(collection->addresses.items[i].interface);
        for (size_t i = 0; i < collection->routes.count; i++)
                free(collection->routes.items[i].interface);
        free(collection->links.items);
        free(collection->addresses.items);
        free(collection->routes.items);
        *collection = (struct collection){0};
}

static void cleanup_socket(struct mnl_socket **socket)
{
        if (*socket)
                mnl_socket_close(*socket);
}

static const char *link_name(const struct collection *collection, uint32_t index)
{
        for (size_t i = 0; i < collection->links.count; i++) {
                if (collection->links.items[i].index == index)
                        return collection->links.items[i].name;
        }
        return NULL;
}

static int take_link(const struct nlmsghdr *message, void *userdata)
{
        const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
        struct collection *collection = userdata;
        const struct nlattr *attribute;

        if (message->nlmsg_type != RTM_NEWLINK)
                return MNL_CB_OK;
        mnl_attr_for_each(attribute, message, sizeof(*link))
        {
                if (mnl_attr_get_type(attribute) == IFLA_IFNAME &&
                    mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
                        *list_add(&collection->links) = (struct link){(uint32_t)link->ifi_index,
                                                                      text_copy(mnl_attr_get_str(attribute))};
        }
        return MNL_CB_OK;
}

static bool get_address(const struct nlattr *attribute, uint32_t *ret_address)
{
        if (mnl_attr_validate(attribute, MNL_TYPE_U32) < 0)
                return false;
        *ret_address = ntohl(mnl_attr_get_u32(attribute));
        return true;
}

static bool is_loopback(uint32_t address)
{
        return address >> 24 == IN_LOOPBACKNET;
}

static void add_address(struct collection *collection, uint32_t address, uint8_t length_bits, uint32_t link)
{
        if (is_loopback(address))
                return;
        *list_add(&collection->addresses) =
                (struct host_claim){HOST_ADDRESS,
                                    {address & prefix_mask(length_bits), length_bits},
                                    text_copy(link_name(collection, link))};
}

static int take_address(const struct nlmsghdr *message, void *userdata)
{
        const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
        const struct nlattr *attribute;
        uint32_t local = 0;
        uint32_t on_link = 0;
        bool has_local = false;
        bool has_on_link = false;

        if (message->nlmsg_type != RTM_NEWADDR || header->ifa_family != AF_INET || header->ifa_prefixlen > 32)
                return MNL_CB_OK;
        mnl_attr_for_each(attribute, message, sizeof(*header))
        {
                if (mnl_attr_get_type(attribute) == IFA_LOCAL)
                        has_local = get_address(attribute, &local);
                if (mnl_attr_get_type(attribute) == IFA_ADDRESS)
                        has_on_link = get_address(attribute, &on_link);
        }
        struct prefix prefix = {on_link & prefix_mask(header->ifa_prefixlen), header->ifa_prefixlen};
        if (has_on_link)
                add_address(userdata, on_link, header->ifa_prefixlen, header->ifa_index);
        /* With a peer, the prefix is the peer's and the own address may lie anywhere. */
        if (has_local && !(has_on_link && prefix_contains(prefix, local)))
                add_address(userdata, local, 32, header->ifa_index);
        return MNL_CB_OK;
}

/* Types that send or stop what goes to the prefix. A `throw` route says only "look elsewhere". */
static bool is_claiming_type(unsigned char type)
{
        return type == RTN_UNICAST || type == RTN_BLACKHOLE || type == RTN_UNREACHABLE ||
               type == RTN_PROHIBIT;
}

/* The link of the first of several next hops: one name is enough to find the route by. */
static uint32_t first_hop_link(const struct nlattr *attribute)
{
        const struct rtnexthop *hop = mnl_attr_get_payload(attribute);

        return mnl_attr_get_payload_len(attribute) >= sizeof(*hop) ? (uint32_t)hop->rtnh_ifindex : 0;
}

static int take_route(const struct nlmsghdr *message, void *userdata)
{
        const struct rtmsg *header = mnl_nlmsg_get_payload(message);
        struct collection *collection = userdata;
        const struct nlattr *attribute;
        uint32_t destination = 0;
        uint32_t link = 0;

        /* RTM_F_CLONED marks what the kernel learnt for single destinations: no route anybody made. */
        if (message->nlmsg_type != RTM_NEWROUTE || header->rtm_family != AF_INET ||
            !is_claiming_type(header->rtm_type) || header->rtm_flags & RTM_F_CLONED ||
            header->rtm_dst_len <= DEFAULT_ROUTE_BITS || header->rtm_dst_len > 32)
                return MNL_CB_OK;
        mnl_attr_for_each(attribute, message, sizeof(*header))
        {
                if (mnl_attr_get_type(attribute) == RTA_DST && !get_address(attribute, &destination))
                        return MNL_CB_OK;
                if (mnl_attr_get_type(attribute) == RTA_OIF &&
                    mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
                        link = mnl_attr_get_u32(attribute);
                if (mnl_attr_get_type(attribute) == RTA_MULTIPATH)
                        link = first_hop_link(attribute);
        }
        struct prefix prefix = {destination & prefix_mask(header->rtm_dst_len), header->rtm_dst_len};
        if (!is_loopback(destination))
                *list_add(&collection->routes) =
                        (struct host_claim){HOST_ROUTE, prefix, text_copy(link_name(collection, link))};
        return MNL_CB_OK;
}

/* One dump: what is asked for, with the header of its type, and who takes the answers. */
struct dump {
        uint16_t type;
        unsigned char family;
        size_t header_bytes;
        mnl_cb_t take;
};

/* Links first: the others are told with the name of theirs. */
static const struct dump dumps[] = {
        {RTM_GETLINK, AF_UNSPEC, sizeof(struct ifinfomsg), take_link},
        {RTM_GETADDR, AF_INET, sizeof(struct ifaddrmsg), take_address},
        {RTM_GETROUTE, AF_INET, sizeof(struct rtmsg), take_route},
};

/* The type serves as the sequence number: a socket carries each dump once. */
static int dump_request(struct mnl_socket *socket, const struct dump *dump)
{
        char buffer[64] = {0};
        struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
        struct rtgenmsg *header = mnl_nlmsg_put_extra_header(message, dump->header_bytes);

        message->nlmsg_type = dump->type;
        message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
        message->nlmsg_seq = dump->type;
        header->rtgen_family = dump->family; /* the first byte of each of these headers */
        return mnl_socket_sendto(socket, message, message->nlmsg_len) < 0 ? -1 : 0;
}

/* 0 when the dump is complete; -1 with errno, EINTR when it was interrupted. */
static int dump_run(struct mnl_socket *socket, const struct dump *dump, struct collection *collection)
{
        _cleanup_free_ char *buffer = memory_new(1, BUFFER_BYTES);
        int state = MNL_CB_OK;

        if (dump_request(socket, dump) < 0)
                return -1;
        /* The kernel ends every dump, and the socket's time limit ends the wait for it. */
        while (state == MNL_CB_OK) {
                ssize_t length = mnl_socket_recvfrom(socket, buffer, BUFFER_BYTES);
                if (length < 0)
                        return -1;
                state = mnl_cb_run(buffer, (size_t)length, dump->type, mnl_socket_get_portid(socket),
                                   dump->take, collection);
        }
        return state == MNL_CB_STOP ? 0 : -1;
}

/* Every try has a socket of its own: the rest of an interrupted dump dies with the old one. */
static int collect(struct collection *collection)
{
        _cleanup_(cleanup_socket) struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
        struct timeval wait = {.tv_sec = DUMP_WAIT_S};

        if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
                return -1;
        if (setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0)
                return -1;
        for (size_t i = 0; i < ELEMENTS(dumps); i++) {
                if (dump_run(socket, &dumps[i], collection) < 0)
                        return -1;
        }
        return 0;
}

/* The kernel makes a route for each address; it says nothing the address does not. */
static bool is_of_address(const struct collection *collection, const struct host_claim *route)
{
        for (size_t i = 0; i < collection->addresses.count; i++) {
                const struct host_claim *address = &collection->addresses.items[i];
                if (prefix_equal(address->prefix, route->prefix) &&
                    text_equal(address->interface, route->interface))
                        return true;
        }
        return false;
}

static void add_claim(struct host *host, struct host_claim *claim)
{
        *list_add(&host->claims) = *claim;
        *claim = (struct host_claim){0};
}

static void hand_over(struct collection *collection, struct host *host)
{
        for (size_t i = 0; i < collection->links.count; i++)
                host->tailscale =
                        host->tailscale || text_starts_with(collection->links.items[i].name, "tailscale");
        for (size_t i = 0; i < collection->routes.count; i++) {
                if (is_of_address(collection, &collection->routes.items[i])) {
                        free(collection->routes.items[i].interface);
                        collection->routes.items[i] = (struct host_claim){0};
                }
        }
        for (size_t i = 0; i < collection->addresses.count; i++)
                add_claim(host, &collection->addresses.items[i]);
        for (size_t i = 0; i < collection->routes.count; i++) {
                if (collection->routes.items[i].prefix.length_bits)
                        add_claim(host, &collection->routes.items[i]);
        }
}

int netlink_read(struct host *host, struct error *error)
{
        for (int i = 0; i < DUMP_TRIES; i++) {
                _cleanup_(collection_done) struct collection collection = {0};
                if (collect(&collection) == 0) {
                        hand_over(&collection, host);
                        return 0;
                }
                if (errno != EINTR)
                        return error_set(error, errno == EAGAIN ? ERROR_TIMEOUT : ERROR_FAILED,
                                         "cannot read the addresses and routes of this machine: %s",
                                         strerror(errno));
        }
        return error_set(error, ERROR_FAILED,
                         "the addresses and routes of this machine changed during each of %d readings",
                         DUMP_TRIES);
}
