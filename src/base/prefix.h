#pragma once

/*
 * IPv4 addresses and prefixes. Addresses are in host byte order, so that they count. Headroom moves IPv4
 * pools only; an IPv6 text is recognised, so that it can be refused by name.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prefix {
        uint32_t address; /* the network address: host bits are zero */
        uint8_t length_bits;
};

#define ADDRESS_TEXT_SIZE 16 /* "255.255.255.255" */
#define PREFIX_TEXT_SIZE  20 /* "255.255.255.255/32" */

/* "10.0.1.5", or "10.0.1.5/24" whose length is ignored: both ways the engine writes addresses. */
bool address_parse(const char *text, uint32_t *ret_address);
void address_format(uint32_t address, char ret_text[ADDRESS_TEXT_SIZE]);

enum prefix_fault {
        PREFIX_FINE,
        PREFIX_NOT_ONE,   /* not a.b.c.d/length */
        PREFIX_HOST_BITS, /* an address inside the prefix, not its first */
        PREFIX_IPV6,
};

/* *ret_prefix is also written for PREFIX_HOST_BITS, with the bits cleared: what was probably meant. */
enum prefix_fault prefix_parse(const char *text, struct prefix *ret_prefix);
/* As engines take and tell subnets and ranges: with host bits, too. False when it is none of IPv4. */
bool prefix_told(const char *text, struct prefix *ret_prefix);
void prefix_format(struct prefix prefix, char ret_text[PREFIX_TEXT_SIZE]);

uint32_t prefix_mask(uint8_t length_bits);
uint64_t prefix_size(struct prefix prefix); /* addresses in it, all of them */
uint32_t prefix_last(struct prefix prefix); /* the broadcast address */
bool prefix_contains(struct prefix prefix, uint32_t address);
bool prefix_overlaps(struct prefix a, struct prefix b);
bool prefix_equal(struct prefix a, struct prefix b);

/*
 * What an overlay of this size can hand out: all but network, broadcast and gateway (docs/engine-notes.md).
 * 0 for prefixes too small to hold any.
 */
uint64_t prefix_usable(uint8_t length_bits);
