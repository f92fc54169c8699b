/*
 * What host_read sees, in a network namespace of the test's own: each test begins with an empty one, and the
 * kernel removes it with the test or the process.
 */

#include "base/file.h"
#include "base/text.h"
#include "host/host.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

/* Where a test puts its etc/resolv.conf. */
static const char root_pattern[] = "/tmp/headroom-test-host-XXXXXX";
static char root[sizeof(root_pattern)];

static const char *const paths[] = {"etc/resolv.conf", "run/systemd/resolve/resolv.conf"};
static const char *const folders[] = {"etc", "run/systemd/resolve", "run/systemd", "run"};

static int enter(void **state)
{
        (void)state;
        memcpy(root, root_pattern, sizeof(root));
        if (!mkdtemp(root))
                return -1;
        for (size_t i = 0; i < 2; i++) {
                _cleanup_free_ char *path = text_format("%s/%s", root, folders[i]);
                if (folder_make(path, 0700, NULL) < 0)
                        return -1;
        }
        return unshare(CLONE_NEWNET);
}

static int leave(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS(paths); i++) {
                _cleanup_free_ char *path = text_format("%s/%s", root, paths[i]);
                unlink(path);
        }
        for (size_t i = 0; i < ELEMENTS(folders); i++) {
                _cleanup_free_ char *path = text_format("%s/%s", root, folders[i]);
                rmdir(path);
        }
        return rmdir(root);
}

static void ip(const char *arguments)
{
        _cleanup_free_ char *command = text_format("ip %s", arguments);

        if (system(command) != 0) // NOLINT(cert-env33-c): the test's own words
                fail_msg("%s", command);
}

/* A bridge, since every kernel that runs Docker has it; few containers may load the dummy module. */
static void add_link(const char *name)
{
        _cleanup_free_ char *add = text_format("link add %s type bridge", name);
        _cleanup_free_ char *up = text_format("link set %s up", name);

        ip(add);
        ip(up);
}

static void write_conf(size_t which, const char *text)
{
        _cleanup_free_ char *path = text_format("%s/%s", root, paths[which]);

        assert_int_equal(file_write(path, text, strlen(text), 0600, NULL), 0);
}

/* "10.1.0.0/24 address on lan0" a line, in the order of the claims. */
static char *read_claims(struct host *ret_host)
{
        _cleanup_error_ struct error error = {0};
        struct buffer text = {0};

        if (host_read(root, ret_host, &error) < 0)
                fail_msg("%s", error.sentence);
        for (size_t i = 0; i < ret_host->claims.count; i++) {
                _cleanup_free_ char *what = host_claim_describe(&ret_host->claims.items[i]);
                char prefix[PREFIX_TEXT_SIZE];
                prefix_format(ret_host->claims.items[i].prefix, prefix);
                buffer_format(&text, "%s %s\n", prefix, what);
        }
        return buffer_steal(&text);
}

static void expect(const char *claims)
{
        _cleanup_host_ struct host host = {0};
        _cleanup_free_ char *text = read_claims(&host);

        assert_string_equal(text, claims);
}

static void a_machine_without_network_or_resolver_claims_nothing(void **state)
{
        (void)state;
        ip("link set lo up");
        expect("");
}

static void an_address_claims_its_prefix_once(void **state)
{
        (void)state;
        add_link("lan0");
        ip("addr add 10.1.2.3/24 dev lan0");
        ip("addr add 91.98.47.73/32 dev lan0");
        expect("10.1.2.0/24 address on lan0\n"
               "91.98.47.73/32 address on lan0\n");
}

static void an_address_on_a_link_that_is_down_is_seen(void **state)
{
        (void)state;
        ip("link add lan0 type bridge");
        ip("addr add 172.17.0.1/16 dev lan0");
        expect("172.17.0.0/16 address on lan0\n");
}

static void an_address_with_a_peer_claims_both_sides(void **state)
{
        (void)state;
        add_link("tun0");
        ip("addr add 10.9.0.1 peer 10.8.0.1/32 dev tun0");
        expect("10.8.0.1/32 address on tun0\n"
               "10.9.0.1/32 address on tun0\n");
}

static void loopback_is_left_out_but_not_other_addresses_on_its_link(void **state)
{
        (void)state;
        ip("link set lo up");
        ip("addr add 127.0.0.53/8 dev lo");
        ip("addr add 10.255.0.1/32 dev lo");
        expect("10.255.0.1/32 address on lo\n");
}

static void routes_of_every_table_are_seen(void **state)
{
        (void)state;
        add_link("lan0");
        ip("addr add 10.1.2.3/24 dev lan0");
        ip("route add 10.50.0.0/16 via 10.1.2.1");
        ip("route add 10.60.0.0/16 dev lan0 table 52");
        ip("route add 10.70.0.0/16 nexthop via 10.1.2.1 nexthop via 10.1.2.2");
        ip("route add blackhole 10.80.0.0/16");
        _cleanup_host_ struct host host = {0};
        _cleanup_free_ char *text = read_claims(&host);
        assert_int_equal(host.claims.count, 5); /* the order of tables is the kernel's */
        assert_non_null(strstr(text, "10.50.0.0/16 route on lan0\n"));
        assert_non_null(strstr(text, "10.60.0.0/16 route on lan0\n"));
        assert_non_null(strstr(text, "10.70.0.0/16 route on lan0\n"));
        assert_non_null(strstr(text, "10.80.0.0/16 route\n"));
}

static void default_routes_whole_or_in_halves_claim_nothing(void **state)
{
        (void)state;
        add_link("lan0");
        ip("addr add 10.1.2.3/24 dev lan0");
        ip("route add default via 10.1.2.1");
        ip("route add 0.0.0.0/1 via 10.1.2.2");
        ip("route add 128.0.0.0/1 via 10.1.2.2");
        ip("route add default via 10.1.2.2 table 52");
        expect("10.1.2.0/24 address on lan0\n");
}

static void local_broadcast_multicast_and_throw_routes_claim_nothing(void **state)
{
        (void)state;
        add_link("lan0");
        ip("route add local 10.20.0.0/16 dev lan0");
        ip("route add broadcast 10.30.0.0/16 dev lan0");
        ip("route add multicast 239.0.0.0/8 dev lan0 table 52");
        ip("route add throw 10.40.0.0/16");
        expect("");
}

static void many_routes_come_in_many_datagrams(void **state)
{
        _cleanup_host_ struct host host = {0};
        _cleanup_buffer_ struct buffer batch = {0};
        _cleanup_free_ char *path = text_format("%s/%s", root, paths[0]);
        _cleanup_free_ char *command = text_format("-batch %s", path);

        (void)state;
        add_link("lan0");
        for (int i = 0; i < 5000; i++)
                buffer_format(&batch, "route add 10.%d.%d.0/24 dev lan0\n", i / 256, i % 256);
        assert_int_equal(file_write(path, batch.bytes, batch.length, 0600, NULL), 0);
        ip(command);
        unlink(path);
        _cleanup_free_ char *text = read_claims(&host);
        assert_int_equal(host.claims.count, 5000);
        assert_non_null(strstr(text, "10.19.135.0/24 route on lan0\n"));
}

static void tailscale_is_known_by_its_link_or_its_range(void **state)
{
        _cleanup_host_ struct host without = {0};
        _cleanup_host_ struct host by_address = {0};
        _cleanup_host_ struct host by_name = {0};

        (void)state;
        add_link("lan0");
        assert_int_equal(host_read(root, &without, NULL), 0);
        assert_false(without.tailscale);
        ip("addr add 100.95.31.88/32 dev lan0");
        assert_int_equal(host_read(root, &by_address, NULL), 0);
        assert_true(by_address.tailscale);
        ip("addr del 100.95.31.88/32 dev lan0");
        add_link("tailscale0");
        assert_int_equal(host_read(root, &by_name, NULL), 0);
        assert_true(by_name.tailscale);
}

static void resolvers_come_from_both_files_without_stubs_and_ipv6(void **state)
{
        (void)state;
        write_conf(
                0,
                "# made by hand\nsearch example.org\nnameserver 127.0.0.53\nnameserver\t10.3.0.2 \r\n"
                "options edns0\nnameserver fd00::1\n#nameserver 10.3.0.9\nnameserver nonsense\nnameserver\n");
        write_conf(1, "nameserver 10.3.0.2\nnameserver 192.168.7.1");
        expect("10.3.0.2/32 resolver\n"
               "192.168.7.1/32 resolver\n");
}

static void a_resolver_file_that_cannot_be_read_is_an_error(void **state)
{
        _cleanup_free_ char *path = text_format("%s/%s", root, paths[0]);
        _cleanup_error_ struct error error = {0};
        struct host host;

        (void)state;
        assert_int_equal(mkdir(path, 0700), 0);
        assert_int_equal(host_read(root, &host, &error), -1);
        assert_non_null(strstr(error.sentence, path));
        rmdir(path);
}

#define in_namespace(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
        const struct CMUnitTest tests[] = {
                in_namespace(a_machine_without_network_or_resolver_claims_nothing),
                in_namespace(an_address_claims_its_prefix_once),
                in_namespace(an_address_on_a_link_that_is_down_is_seen),
                in_namespace(an_address_with_a_peer_claims_both_sides),
                in_namespace(loopback_is_left_out_but_not_other_addresses_on_its_link),
                in_namespace(routes_of_every_table_are_seen),
                in_namespace(default_routes_whole_or_in_halves_claim_nothing),
                in_namespace(local_broadcast_multicast_and_throw_routes_claim_nothing),
                in_namespace(many_routes_come_in_many_datagrams),
                in_namespace(tailscale_is_known_by_its_link_or_its_range),
                in_namespace(resolvers_come_from_both_files_without_stubs_and_ipv6),
                in_namespace(a_resolver_file_that_cannot_be_read_is_an_error),
        };

        if (unshare(CLONE_NEWNET) < 0 && errno == EPERM) {
                print_message("skipped: a network namespace of its own is not permitted here\n");
                return 77; /* meson's word for skipped */
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
