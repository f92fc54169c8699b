#include "base/file.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define READ_CHUNK_BYTES 65536

static enum error_kind kind_of_errno(int code)
{
        return code == EACCES || code == EPERM || code == EROFS ? ERROR_PERMISSION : ERROR_FAILED;
}

static int fail(struct error *error, const char *what, const char *path)
{
        return error_set(error, kind_of_errno(errno), "cannot %s %s: %s", what, path, strerror(errno));
}

static int read_all(int fd, const char *path, size_t bound_bytes, struct buffer *bytes, struct error *error)
{
        _cleanup_free_ char *chunk = memory_new(1, READ_CHUNK_BYTES);

        for (size_t total = 0;;) {
                ssize_t length = read(fd, chunk, READ_CHUNK_BYTES);
                if (length < 0 && errno == EINTR)
                        continue;
                if (length < 0)
                        return fail(error, "read", path);
                if (length == 0)
                        return 0;
                total += (size_t)length;
                if (total > bound_bytes)
                        return error_set(error, ERROR_REFUSED, "%s is larger than %zu bytes", path,
                                         bound_bytes);
                buffer_add(bytes, chunk, (size_t)length);
        }
}

int file_read(const char *path, size_t bound_bytes, struct buffer *ret_bytes, struct error *error)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        _cleanup_buffer_ struct buffer bytes = {0};
        struct stat status;

        if (fd < 0)
                return fail(error, "open", path);
        if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
                return error_set(error, ERROR_FAILED, "%s is a folder, not a file", path);
        if (read_all(fd, path, bound_bytes, &bytes, error) < 0)
                return -1;
        buffer_add(ret_bytes, bytes.bytes, bytes.length);
        return 0;
}

int file_write_all(int fd, const char *bytes, size_t length)
{
        while (length) {
                ssize_t written = write(fd, bytes, length);
                if (written < 0 && errno == EINTR)
                        continue;
                if (written < 0)
                        return -1;
                bytes += written;
                length -= (size_t)written;
        }
        return 0;
}

/* A rename is on the disk only when its folder is. */
static void sync_folder_of(const char *path)
{
        const char *slash = strrchr(path, '/');
        _cleanup_free_ char *folder = slash ? text_copy_n(path, (size_t)(slash - path) + 1) : text_copy(".");
        _cleanup_close_ int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd >= 0)
                fsync(fd);
}

/* A link is followed, so that it stays one; what is no file, such as a device, is not replaced by one.
 * Owned by the caller; NULL: it can't be written. */
static char *resolve_target(const char *path, struct error *error)
{
        struct stat status;

        if (!*path) {
                error_set(error, ERROR_USAGE, "a file's name is missing: it is empty");
                return NULL;
        }
        if (lstat(path, &status) < 0 && errno == ENOENT)
                return text_copy(path);
        _cleanup_free_ char *target = realpath(path, NULL);
        if (!target || stat(target, &status) < 0)
                fail(error, "write", path);
        else if (S_ISDIR(status.st_mode))
                error_set(error, ERROR_FAILED, "cannot write %s: it is a folder", path);
        else if (!S_ISREG(status.st_mode))
                error_set(error, ERROR_REFUSED, "cannot write %s: it is not a regular file", path);
        else
                return steal_pointer(target);
        return NULL;
}

static int replace_file(const char *path, const void *bytes, size_t length, mode_t mode, struct error *error)
{
        _cleanup_free_ char *beside = text_format("%s.%d.part", path, (int)getpid());
        _cleanup_close_ int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);

        if (fd < 0)
                return fail(error, "create", path);
        if (file_write_all(fd, bytes, length) < 0 || fchmod(fd, mode) < 0 || fsync(fd) < 0 ||
            rename(beside, path) < 0) {
                fail(error, "write", path);
                unlink(beside);
                return -1;
        }
        sync_folder_of(path);
        return 0;
}

int file_write(const char *path, const void *bytes, size_t length, mode_t mode, struct error *error)
{
        _cleanup_free_ char *target = resolve_target(path, error);

        if (!target)
                return -1;
        return replace_file(target, bytes, length, mode, error);
}

static int make_one(const char *path, mode_t mode, struct error *error)
{
        struct stat status;

        if (mkdir(path, mode) == 0)
                return 0;
        if (errno != EEXIST)
                return fail(error, "make the folder", path);
        if (stat(path, &status) < 0)
                return fail(error, "use as a folder", path);
        if (!S_ISDIR(status.st_mode))
                return error_set(error, ERROR_FAILED, "%s is in the way: it is not a folder", path);
        return 0;
}

int folder_make(const char *path, mode_t mode, struct error *error)
{
        _cleanup_free_ char *copy = text_copy(path);

        for (char *slash = *copy ? strchr(copy + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
                *slash = 0;
                if (make_one(copy, mode, error) < 0)
                        return -1;
                *slash = '/';
        }
        return make_one(copy, mode, error);
}

void descriptors_keep(void)
{
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0 &&
                    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
                        abort();
}
