#pragma once

/*
 * The unix socket that the simulated engine listens on. It has mode 0600 from its first moment. Nothing that
 * is there already is taken away but a socket that nobody listens on any more.
 */

#include "base/error.h"

#include <sys/types.h>

struct front_socket {
        int fd;     /* non-blocking */
        char *path; /* NULL: there is none */
        dev_t device;
        ino_t inode;
};
#define FRONT_SOCKET_NONE ((struct front_socket){.fd = -1})

/*
 * ERROR_USAGE for a path that can be no socket's, ERROR_REFUSED for one that is taken - by a socket that
 * somebody listens on (who is told), or by anything else - and for a folder that is not there.
 */
int front_socket_open(const char *path, struct front_socket *ret_socket, struct error *error);

/* The path is removed if it is still the same socket. */
void front_socket_close(struct front_socket *socket);
#define _cleanup_front_socket_ _cleanup_(front_socket_close)
