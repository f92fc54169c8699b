#include "json/scan.h"

#include <string.h>

/* What a byte is to a string. */
enum byte_class {
        PLAIN = 0,
        QUOTE,
        BACKSLASH,
        CONTROL,
        HIGH, /* part of a UTF-8 sequence, or nothing */
};

__extension__ static const uint8_t byte_classes[256] = {
        [0x00 ... 0x1f] = CONTROL,
        ['"'] = QUOTE,
        ['\\'] = BACKSLASH,
        [0x80 ... 0xff] = HIGH,
};

const char *scan_plain_rest(const char *at, const char *end)
{
        while (at < end && byte_classes[(uint8_t)*at] == PLAIN)
                at++;
        return at;
}

static bool is_hex(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static const char *fault_set(struct scan_fault *ret_fault, const char *at, const char *what)
{
        *ret_fault = (struct scan_fault){.at = at, .what = what};
        return NULL;
}

__extension__ static const bool is_escape[256] = {
        ['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true,
        ['f'] = true, ['n'] = true,  ['r'] = true, ['t'] = true,
};

/* Past an escape, `at` being on the backslash. */
static const char *scan_escape(const char *at, const char *end, struct scan_fault *ret_fault)
{
        if (end - at < 2)
                return fault_set(ret_fault, end, "the text ends inside a string");
        if (at[1] != 'u') {
                if (!is_escape[(uint8_t)at[1]])
                        return fault_set(ret_fault, at, "there is no such escape");
                return at + 2;
        }
        for (int i = 2; i < 6; i++) {
                if (end - at <= i)
                        return fault_set(ret_fault, end, "the text ends inside a string");
                if (!is_hex(at[i]))
                        return fault_set(ret_fault, at, "\\u needs four hexadecimal digits");
        }
        return at + 6;
}

const char *scan_string_rest(const char *at, const char *end, bool *ret_escaped, struct scan_fault *ret_fault)
{
        bool escaped = false;

        for (;;) {
                at = scan_plain(at, end);
                if (at == end)
                        return fault_set(ret_fault, end, "the text ends inside a string");
                switch (byte_classes[(uint8_t)*at]) {
                case QUOTE:
                        *ret_escaped = escaped;
                        return at + 1;
                case BACKSLASH:
                        escaped = true;
                        at = scan_escape(at, end, ret_fault);
                        if (!at)
                                return NULL;
                        break;
                case HIGH: {
                        size_t length = scan_utf8(at, end);

                        if (length == 0)
                                return fault_set(ret_fault, at, "a string is not valid UTF-8");
                        at += length;
                        break;
                }
                default:
                        return fault_set(ret_fault, at, "a control character stands in a string");
                }
        }
}

static const char *scan_digits(const char *at, const char *end)
{
        while (at < end && *at >= '0' && *at <= '9')
                at++;
        return at;
}

/* One digit or more; NULL when there is none. */
static const char *scan_some_digits(const char *at, const char *end, struct scan_fault *ret_fault)
{
        const char *past = scan_digits(at, end);

        return past > at ? past : fault_set(ret_fault, at, "a digit is missing in a number");
}

const char *scan_number(const char *at, const char *end, struct scan_fault *ret_fault)
{
        if (at < end && *at == '-')
                at++;
        const char *whole = at;
        at = scan_some_digits(at, end, ret_fault);
        if (!at)
                return NULL;
        if (*whole == '0' && at > whole + 1)
                return fault_set(ret_fault, whole, "a number begins with a needless zero");
        if (at < end && *at == '.') {
                at = scan_some_digits(at + 1, end, ret_fault);
                if (!at)
                        return NULL;
        }
        if (at < end && (*at == 'e' || *at == 'E')) {
                at++;
                if (at < end && (*at == '+' || *at == '-'))
                        at++;
                at = scan_some_digits(at, end, ret_fault);
        }
        return at;
}

/* Bytes 2 to 4 of a sequence, whatever the first one is. */
static bool are_continuations(const char *at, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                if (((uint8_t)at[i] & 0xc0) != 0x80)
                        return false;
        }
        return true;
}

size_t scan_utf8(const char *at, const char *end)
{
        if (at == end)
                return 0;
        uint8_t first = (uint8_t)*at;
        if (first < 0x80)
                return 1;
        size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
        if (first < 0xc2 || first > 0xf4 || (size_t)(end - at) < length ||
            !are_continuations(at + 1, length - 1))
                return 0;

        uint8_t second = (uint8_t)at[1];
        if ((first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90)) /* longer than needed */
                return 0;
        if ((first == 0xed && second > 0x9f) ||
            (first == 0xf4 && second > 0x8f)) /* surrogate; above U+10FFFF */
                return 0;
        return length;
}
