#pragma once

/*
 * The scanners under the reader, the splitter and the writer. Each looks at the bytes in [at, end) only and
 * never reads beyond `end`; none allocates.
 */

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* What is wrong with the text, and at which byte. The null value is "nothing". */
struct scan_fault {
        const char *at;
        const char *what; /* static */
};

static inline bool scan_is_blank(char c)
{
        return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static inline const char *scan_blanks(const char *at, const char *end)
{
        while (at < end && scan_is_blank(*at))
                at++;
        return at;
}

#define SCAN_EACH_BYTE(value) (0x0101010101010101ULL * (value))

/*
 * The highest bit of each of eight bytes that is not plain. A borrow may mark a byte above such a one for
 * nothing, but the lowest mark is always right.
 */
static inline uint64_t scan_marks(uint64_t word)
{
        uint64_t quotes = word ^ SCAN_EACH_BYTE('"');
        uint64_t backslashes = word ^ SCAN_EACH_BYTE('\\');
        uint64_t below = (word - SCAN_EACH_BYTE(0x20)) | (quotes - SCAN_EACH_BYTE(1)) |
                         (backslashes - SCAN_EACH_BYTE(1));

        return (below | word) & SCAN_EACH_BYTE(0x80);
}

const char *scan_plain_rest(const char *at, const char *end); /* of fewer than eight bytes */

#ifdef __SSE2__
/* A bit for each of sixteen bytes that is not plain; as signed numbers, control and high bytes are below
 * 0x20. */
static inline uint32_t scan_marks_wide(const char *at)
{
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
        __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
        __m128i others = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));

        return (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), others));
}
#endif

/* Past the bytes that mean only themselves in a string: printable ASCII but the quote and the backslash. */
static inline const char *scan_plain(const char *at, const char *end)
{
#ifdef __SSE2__
        for (; end - at >= 16; at += 16) {
                uint32_t marks = scan_marks_wide(at);
                if (marks)
                        return at + __builtin_ctz(marks);
        }
#endif
        while (end - at >= 8) {
                uint64_t word;

                memcpy(&word, at, sizeof(word));
                uint64_t marks = scan_marks(le64toh(word));
                if (marks)
                        return at + __builtin_ctzll(marks) / 8;
                at += 8;
        }
        return scan_plain_rest(at, end);
}

/* Past a string's closing quote, `at` being where only plain bytes have been before. NULL fills the fault. */
const char *scan_string_rest(const char *at, const char *end, bool *ret_escaped,
                             struct scan_fault *ret_fault);

/* The same, `at` being behind the opening quote. */
static inline const char *scan_string(const char *at, const char *end, bool *ret_escaped,
                                      struct scan_fault *ret_fault)
{
        at = scan_plain(at, end);
        if (at == end || *at != '"')
                return scan_string_rest(at, end, ret_escaped, ret_fault);
        *ret_escaped = false;
        return at + 1;
}

/* Past a number. NULL fills the fault. */
const char *scan_number(const char *at, const char *end, struct scan_fault *ret_fault);

/* The length in bytes, 1 to 4, of the UTF-8 sequence at `at`; 0 when it is not a valid one (RFC 3629). */
size_t scan_utf8(const char *at, const char *end);
