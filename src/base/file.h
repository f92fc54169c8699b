#pragma once

/* Files: read whole and bounded, written whole or not at all. */

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

/* Appends the file's bytes to the buffer; a file larger than the bound is refused. */
int file_read(const char *path, size_t bound_bytes, struct buffer *ret_bytes, struct error *error);

/*
 * Writes beside the path, syncs, and renames over it: a reader sees the old bytes or the new ones, also after
 * a power cut. The folder must exist.
 */
int file_write(const char *path, const void *bytes, size_t length, mode_t mode, struct error *error);

/* All of the bytes, however few a single write takes; -1 with errno. */
int file_write_all(int fd, const char *bytes, size_t length);

/* Makes the folder and its parents with the mode; one that exists is left as it is. */
int folder_make(const char *path, mode_t mode, struct error *error);

/*
 * A program started with a standard descriptor closed would get that number for its first socket, and print
 * into it. A descriptor that refuses what the program does with it takes the place.
 */
void descriptors_keep(void);
