#include "base/prefix.h"

#include "base/text.h"

#include <stdio.h>

/* A number of 0 to 255 without needless zeros; moves past it. */
static bool take_octet(const char **text, uint32_t *ret_octet)
{
        const char *at = *text;
        uint32_t octet = 0;

        for (; *at >= '0' && *at <= '9' && octet <= 255; at++)
                octet = octet * 10 + (uint32_t)(*at - '0');
        if (at == *text || octet > 255 || (**text == '0' && at > *text + 1))
                return false;
        *text = at;
        *ret_octet = octet;
        return true;
}

/* As inet_pton reads it, which takes ten times as long: there are as many addresses as tasks. */
bool address_parse(const char *text, uint32_t *ret_address)
{
        uint32_t address = 0;
        uint32_t octet;

        if (!text)
                return false;
        for (int i = 0; i < 4; i++) {
                if ((i > 0 && *text++ != '.') || !take_octet(&text, &octet))
                        return false;
                address = address << 8 | octet;
        }
        if (*text && *text != '/')
                return false;
        *ret_address = address;
        return true;
}

static char *write_octet(char *at, uint32_t octet)
{
        if (octet >= 100)
                *at++ = (char)('0' + octet / 100);
        if (octet >= 10)
                *at++ = (char)('0' + octet / 10 % 10);
        *at++ = (char)('0' + octet % 10);
        return at;
}

void address_format(uint32_t address, char ret_text[ADDRESS_TEXT_SIZE])
{
        char *at = ret_text;

        for (int shift = 24; shift >= 0; shift -= 8) {
                at = write_octet(at, address >> shift & 255);
                *at++ = shift ? '.' : 0;
        }
}

enum prefix_fault prefix_parse(const char *text, struct prefix *ret_prefix)
{
        const char *slash = text ? strchr(text, '/') : NULL;
        uint64_t length_bits;
        uint32_t address;

        if (text && strchr(text, ':'))
                return PREFIX_IPV6;
        if (!slash || strlen(slash) > 3 || !text_to_u64(slash + 1, &length_bits) || length_bits > 32 ||
            !address_parse(text, &address))
                return PREFIX_NOT_ONE;
        *ret_prefix = (struct prefix){address & prefix_mask((uint8_t)length_bits), (uint8_t)length_bits};
        return ret_prefix->address == address ? PREFIX_FINE : PREFIX_HOST_BITS;
}

bool prefix_told(const char *text, struct prefix *ret_prefix)
{
        enum prefix_fault fault = prefix_parse(text, ret_prefix);

        return fault == PREFIX_FINE || fault == PREFIX_HOST_BITS;
}

void prefix_format(struct prefix prefix, char ret_text[PREFIX_TEXT_SIZE])
{
        address_format(prefix.address, ret_text);
        char *at = ret_text + strlen(ret_text);
        *at++ = '/';
        *write_octet(at, prefix.length_bits) = 0;
}

uint32_t prefix_mask(uint8_t length_bits)
{
        return length_bits == 0 ? 0 : UINT32_MAX << (32 - length_bits);
}

uint64_t prefix_size(struct prefix prefix)
{
        return UINT64_C(1) << (32 - prefix.length_bits);
}

uint32_t prefix_last(struct prefix prefix)
{
        return prefix.address | ~prefix_mask(prefix.length_bits);
}

bool prefix_contains(struct prefix prefix, uint32_t address)
{
        return (address & prefix_mask(prefix.length_bits)) == prefix.address;
}

bool prefix_overlaps(struct prefix a, struct prefix b)
{
        return prefix_contains(a, b.address) || prefix_contains(b, a.address);
}

bool prefix_equal(struct prefix a, struct prefix b)
{
        return a.address == b.address && a.length_bits == b.length_bits;
}

uint64_t prefix_usable(uint8_t length_bits)
{
        uint64_t size = UINT64_C(1) << (32 - length_bits);

        return size > 3 ? size - 3 : 0;
}
