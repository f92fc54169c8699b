#include "move/anchor.h"

#include "base/text.h"

#include <stdio.h>

/* The program, linked in by anchor_program.S. */
extern const unsigned char anchor_program_start[];
extern const unsigned char anchor_program_end[];

#define TAR_BLOCK_BYTES 512

/* One regular file in a POSIX ustar archive (IEEE Std 1003.1, pax). */
static void add_tar_file(struct buffer *tar, const char *name, const void *bytes, size_t length)
{
        char header[TAR_BLOCK_BYTES] = {0};
        unsigned int sum = 0;

        snprintf(header, 100, "%s", name);
        snprintf(header + 100, 8, "%07o", 0755);
        snprintf(header + 108, 8, "%07o", 0);
        snprintf(header + 116, 8, "%07o", 0);
        snprintf(header + 124, 12, "%011zo", length);
        snprintf(header + 136, 12, "%011o", 0);
        memset(header + 148, ' ', 8); /* the checksum counts its own field as blanks */
        header[156] = '0';
        memcpy(header + 257, "ustar\00000", 8);
        for (size_t i = 0; i < sizeof(header); i++)
                sum += (unsigned char)header[i];
        snprintf(header + 148, 8, "%06o", sum);
        buffer_add(tar, header, sizeof(header));
        buffer_add(tar, bytes, length);
        char zeros[TAR_BLOCK_BYTES] = {0};
        if (length % TAR_BLOCK_BYTES)
                buffer_add(tar, zeros, TAR_BLOCK_BYTES - length % TAR_BLOCK_BYTES);
}

int anchor_import(struct engine *engine, struct error *error)
{
        _cleanup_buffer_ struct buffer tar = {0};
        struct engine_request request _cleanup_(engine_request_done) = {
                .method = "POST",
                .path = "/images/create?fromSrc=-&repo=headroom-anchor&tag=1",
                .content_type = "application/x-tar",
        };
        char end[2 * TAR_BLOCK_BYTES] = {0};

        /* cppcheck-suppress comparePointers; both stand in one object of anchor_program.S */
        size_t length = (size_t)(anchor_program_end - anchor_program_start);

        add_tar_file(&tar, "anchor", anchor_program_start, length);
        buffer_add(&tar, end, sizeof(end));
        request.body = tar.bytes;
        request.body_length = tar.length;
        engine_perform(engine, &request, 1);
        if (request.error.kind)
                return error_move(error, &request.error);
        /* The answer is a stream of progress objects; a failure in it comes with status 200. */
        if (strstr(buffer_text(&request.answer), "\"error\""))
                return error_set(error, ERROR_ENGINE, "the engine could not import the anchor's image: %s",
                                 buffer_text(&request.answer));
        return 0;
}
