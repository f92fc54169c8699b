#include "sim/front/socket.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG       512
#define COMM_SIZE_MAX 64

static int name_of(const char *path, struct sockaddr_un *ret_name, struct error *error)
{
        struct sockaddr_un name = {.sun_family = AF_UNIX};
        size_t length = strlen(path);

        if (length >= sizeof(name.sun_path))
                return error_set(error, ERROR_USAGE,
                                 "the path of a socket has at most %zu bytes, and %s has %zu",
                                 sizeof(name.sun_path) - 1, path, length);
        memcpy(name.sun_path, path, length + 1);
        *ret_name = name;
        return 0;
}

/* "process 12 (dockerd)": who listens at the other end. */
static char *listener(int fd)
{
        struct ucred peer = {0};
        socklen_t length = sizeof(peer);
        _cleanup_buffer_ struct buffer comm = {0};

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 || peer.pid <= 0)
                return text_copy("a process out of sight");
        _cleanup_free_ char *path = text_format("/proc/%d/comm", (int)peer.pid);
        if (file_read(path, COMM_SIZE_MAX, &comm, NULL) < 0)
                return text_format("process %d", (int)peer.pid);
        return text_format("process %d (%.*s)", (int)peer.pid, (int)strcspn(buffer_text(&comm), "\n"),
                           buffer_text(&comm));
}

/* 0: nobody listens there. */
static int require_deserted(const char *path, const struct sockaddr_un *name, struct error *error)
{
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return error_set(error, ERROR_FAILED, "no socket can be made: %s", strerror(errno));
        if (connect(fd, (const struct sockaddr *)name, sizeof(*name)) == 0) {
                _cleanup_free_ char *who = listener(fd);
                return error_set(error, ERROR_REFUSED, "%s is taken: %s listens there", path, who);
        }
        if (errno == ECONNREFUSED || errno == ENOENT)
                return 0;
        if (errno == EAGAIN)
                return error_set(error, ERROR_REFUSED, "%s is taken: somebody listens there, and is busy",
                                 path);
        return error_set(error, ERROR_REFUSED, "%s is taken, and nobody can tell by whom: %s", path,
                         strerror(errno));
}

/* A socket that was left behind is removed; everything else that is there stays. */
static int clear(const char *path, const struct sockaddr_un *name, struct error *error)
{
        struct stat found, again;

        if (lstat(path, &found) < 0) {
                if (errno == ENOENT)
                        return 0; /* or its folder is missing, which bind will tell */
                return error_set(error, ERROR_REFUSED, "%s can't be looked at: %s", path, strerror(errno));
        }
        if (!S_ISSOCK(found.st_mode))
                return error_set(error, ERROR_REFUSED, "%s is there, and is no socket: it stays as it is",
                                 path);
        if (require_deserted(path, name, error) < 0)
                return -1;
        if (lstat(path, &again) < 0 || again.st_ino != found.st_ino || again.st_dev != found.st_dev)
                return 0; /* somebody else's by now, or gone: bind will tell */
        if (unlink(path) < 0 && errno != ENOENT)
                return error_set(error, ERROR_REFUSED, "%s was left behind, and can't be removed: %s", path,
                                 strerror(errno));
        return 0;
}

/* No moment passes between its making and its mode. */
static int bind_closed(int fd, const struct sockaddr_un *name)
{
        mode_t mask = umask(0177);
        int result = bind(fd, (const struct sockaddr *)name, sizeof(*name));
        int failure = errno;

        umask(mask);
        errno = failure;
        return result;
}

static int listen_at(const char *path, const struct sockaddr_un *name, int fd, struct error *error)
{
        if (fd < 0)
                return error_set(error, ERROR_FAILED, "no socket can be made: %s", strerror(errno));
        if (bind_closed(fd, name) < 0)
                return error_set(error, ERROR_REFUSED, "no socket can be made at %s: %s", path,
                                 errno == EADDRINUSE ? "something else was just made there"
                                 : errno == ENOENT   ? "there is no such folder"
                                                     : strerror(errno));
        if (listen(fd, BACKLOG) < 0)
                return error_set(error, ERROR_FAILED, "nothing can listen at %s: %s", path, strerror(errno));
        return 0;
}

static int open_at(const char *path, const struct sockaddr_un *name, int fd, struct front_socket *ret_socket,
                   struct error *error)
{
        struct stat made;

        if (listen_at(path, name, fd, error) < 0)
                return -1;
        if (lstat(path, &made) < 0)
                return error_set(error, ERROR_FAILED, "the socket %s was taken away at once", path);
        *ret_socket = (struct front_socket){
                .fd = fd, .path = text_copy(path), .device = made.st_dev, .inode = made.st_ino};
        return 0;
}

int front_socket_open(const char *path, struct front_socket *ret_socket, struct error *error)
{
        struct sockaddr_un name;

        if (name_of(path, &name, error) < 0 || clear(path, &name, error) < 0)
                return -1;
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (open_at(path, &name, fd, ret_socket, error) == 0)
                return 0;
        if (fd >= 0)
                close(fd);
        return -1;
}

void front_socket_close(struct front_socket *socket)
{
        struct stat found;

        /* While the descriptor is open, no other file can have its inode's number. */
        if (socket->path && lstat(socket->path, &found) == 0 && found.st_dev == socket->device &&
            found.st_ino == socket->inode)
                unlink(socket->path);
        if (socket->fd >= 0)
                close(socket->fd);
        free(socket->path);
        *socket = FRONT_SOCKET_NONE;
}
