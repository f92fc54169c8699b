#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static struct random_stream *stream_in_use;

void random_use(struct random_stream *stream)
{
        stream_in_use = stream;
}

void random_hex(char *ret_text, size_t length)
{
        for (size_t i = 0; i < length; i++) {
                unsigned char byte;
                if (stream_in_use)
                        byte = (unsigned char)random_below(stream_in_use, 16);
                else if (getrandom(&byte, 1, 0) != 1)
                        abort();
                ret_text[i] = "0123456789abcdef"[byte & 15];
        }
        ret_text[length] = 0;
}

uint64_t random_next(struct random_stream *stream)
{
        stream->state ^= stream->state >> 12;
        stream->state ^= stream->state << 25;
        stream->state ^= stream->state >> 27;
        return stream->state * 2685821657736338717ULL;
}

uint64_t random_below(struct random_stream *stream, uint64_t bound)
{
        return random_next(stream) % bound;
}
