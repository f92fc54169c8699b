#pragma once

#include <stddef.h>
#include <stdint.h>

/* `length` lower-case hex digits from the kernel's random source, and a NUL. */
void random_hex(char *ret_text, size_t length);

/* From here on random_hex draws from this stream, so that a run in virtual time can be repeated; NULL: from
 * the kernel. The stream must stay alive. */
struct random_stream;
void random_use(struct random_stream *stream);

/*
 * xorshift64*: a small repeatable generator for tests and schedules (Vigna 2016). Never for identity.
 */
struct random_stream {
        uint64_t state; /* not zero */
};

uint64_t random_next(struct random_stream *stream);
uint64_t random_below(struct random_stream *stream, uint64_t bound); /* 0 .. bound-1; bound > 0 */
