/* The patched file on the disk: opened so that nothing but a plain file is read, replaced whole or not at
 * all. */

#include "move/patch/find.h"

#include "base/file.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define XATTR_NAMES_MAX ((size_t)64 << 10)
#define XATTR_BYTES_MAX ((size_t)64 << 10)

/* Opening and reading */

static const char *kind_of(mode_t mode)
{
        return S_ISDIR(mode)                    ? "is a folder"
               : S_ISLNK(mode)                  ? "is a symbolic link"
               : S_ISCHR(mode) || S_ISBLK(mode) ? "is a device"
               : S_ISFIFO(mode)                 ? "is a pipe"
                                                : "is no plain file";
}

static int refuse_link(const char *path, struct error *error)
{
        char target[PATH_MAX];

        if (!realpath(path, target))
                return error_set(error, ERROR_REFUSED, "%s is a symbolic link to nothing", path);
        return error_set(error, ERROR_REFUSED, "%s is a symbolic link; name the file itself, %s", path,
                         target);
}

static enum error_kind kind_of_errno(void)
{
        return errno == ENOENT || errno == ENOTDIR ? ERROR_NOT_FOUND
               : errno == EACCES || errno == EPERM ? ERROR_PERMISSION
                                                   : ERROR_FAILED;
}

/* ERROR_NOT_FOUND: there is none; ERROR_REFUSED: it is no plain file. The caller closes *ret_fd in any case.
 */
static int open_plain(const char *path, int *ret_fd, struct stat *ret_status, struct error *error)
{
        int fd = *ret_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

        if (fd < 0 && errno == ELOOP)
                return refuse_link(path, error);
        if (fd < 0 && errno == ENXIO)
                return error_set(error, ERROR_REFUSED, "%s is no plain file", path);
        if (fd < 0 || fstat(fd, ret_status) < 0)
                return error_set(error, kind_of_errno(), "cannot open %s: %s", path, strerror(errno));
        if (!S_ISREG(ret_status->st_mode))
                return error_set(error, ERROR_REFUSED, "%s %s, not a file that can be patched", path,
                                 kind_of(ret_status->st_mode));
        return 0;
}

static int read_plain(int fd, const char *path, struct buffer *ret_bytes, struct error *error)
{
        char chunk[16384];

        buffer_add_text(ret_bytes, "");
        for (;;) {
                ssize_t length = read(fd, chunk, sizeof(chunk));
                if (length < 0 && errno == EINTR)
                        continue;
                if (length < 0)
                        return error_set(error, ERROR_FAILED, "cannot read %s: %s", path, strerror(errno));
                if (length == 0)
                        return 0;
                buffer_add(ret_bytes, chunk, (size_t)length);
                if (ret_bytes->length > PATCH_FILE_BYTES_MAX)
                        return error_set(error, ERROR_REFUSED, "%s is larger than 4 MB", path);
        }
}

/* Making */

/* The folder's real path and the name in it. */
static int absolute(const char *path, char **ret_path, struct error *error)
{
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;
        _cleanup_free_ char *folder = !slash          ? text_copy(".")
                                      : slash == path ? text_copy("/")
                                                      : text_copy_n(path, (size_t)(slash - path));
        char real[PATH_MAX];

        if (!*path)
                return error_set(error, ERROR_REFUSED, "the name of a file to patch is empty");
        if (!*name || text_equal(name, ".") || text_equal(name, ".."))
                return error_set(error, ERROR_REFUSED, "%s is a folder, not a file that can be patched",
                                 path);
        if (!realpath(folder, real))
                return error_set(error, ERROR_REFUSED, "cannot open %s: %s", path, strerror(errno));
        *ret_path = text_format("%s/%s", text_equal(real, "/") ? "" : real, name);
        return 0;
}

/* Replacing takes a folder that can be written, and a file that has no other name. */
static int refuse_unwritable(const char *path, const struct stat *status, struct error *error)
{
        _cleanup_free_ char *folder = text_copy_n(path, (size_t)(strrchr(path, '/') - path) + 1);

        if (status->st_nlink > 1)
                return error_set(error, ERROR_REFUSED,
                                 "%s has %ju names (hard links); an edit in place would reach only this one",
                                 path, (uintmax_t)status->st_nlink);
        if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) < 0 ||
            faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0)
                return error_set(error, ERROR_REFUSED, "%s can't be edited in place: %s", path,
                                 strerror(errno));
        return 0;
}

static int make(const char *path, const struct patch_wish *wish, struct plan_patch *ret_patch,
                struct error *error)
{
        _cleanup_free_ char *whole = NULL;
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_close_ int fd = -1;
        struct stat status = {0};

        if (absolute(path, &whole, error) < 0)
                return -1;
        assert(whole);
        if (open_plain(whole, &fd, &status, error) < 0 || read_plain(fd, whole, &bytes, error) < 0 ||
            (wish->in_place && refuse_unwritable(whole, &status, error) < 0))
                return -1;
        return patch_make_bytes(whole, buffer_text(&bytes), bytes.length, wish, ret_patch, error);
}

int patch_make(const char *path, const struct patch_wish *wish, struct plan_patch *ret_patch,
               struct error *error)
{
        if (make(path, wish, ret_patch, error) == 0)
                return 0;
        if (error)
                error->kind = ERROR_REFUSED; /* whatever it was: nothing was tried */
        return -1;
}

int patch_diff_file(const struct plan_patch *patch, struct buffer *ret_diff, struct error *error)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_close_ int fd = -1;
        struct stat status;

        if (open_plain(patch->path, &fd, &status, error) < 0 ||
            read_plain(fd, patch->path, &bytes, error) < 0)
                return -1;
        return patch_diff(patch, buffer_text(&bytes), bytes.length, ret_diff, error);
}

/* Looking */

static enum patch_state state_of(const struct plan_patch *patch, const struct buffer *bytes)
{
        char digest[DIGEST_TEXT_LENGTH + 1];

        digest_of(buffer_text(bytes), bytes->length, digest);
        return text_equal(digest, patch->before)  ? PATCH_BEFORE
               : text_equal(digest, patch->after) ? PATCH_AFTER
                                                  : PATCH_OTHER;
}

int patch_look(const struct plan_patch *patch, enum patch_state *ret_state, struct error *error)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_error_ struct error reason = {0};
        _cleanup_close_ int fd = -1;
        struct stat status;

        if (open_plain(patch->path, &fd, &status, &reason) == 0 &&
            read_plain(fd, patch->path, &bytes, &reason) == 0)
                *ret_state = state_of(patch, &bytes);
        else if (reason.kind == ERROR_NOT_FOUND)
                *ret_state = PATCH_GONE;
        else if (reason.kind == ERROR_REFUSED)
                *ret_state = PATCH_NO_FILE;
        else
                return error_move(error, &reason);
        return 0;
}

bool patch_declares(const struct plan_patch *patch, const char *network, const char *subnet)
{
        const struct patch_wish wish = {.network = network, .new_subnet = subnet};
        _cleanup_patch_ struct plan_patch found = {0};

        return patch_make(patch->path, &wish, &found, NULL) == 0 && found.edits.count == 0;
}

/* Replacing */

/* Access lists and security labels are extended attributes, too. What the file system can't keep is left. */
static void copy_xattrs(int from, int to)
{
        _cleanup_free_ char *names = memory_new(1, XATTR_NAMES_MAX);
        _cleanup_free_ char *value = memory_new(1, XATTR_BYTES_MAX);
        ssize_t length = flistxattr(from, names, XATTR_NAMES_MAX);

        for (const char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
                ssize_t size = fgetxattr(from, name, value, XATTR_BYTES_MAX);
                if (size >= 0 && fsetxattr(to, name, value, (size_t)size, 0) < 0)
                        continue;
        }
}

static int fill_like(int fd, int old, const struct stat *status, const struct buffer *bytes)
{
        if (file_write_all(fd, buffer_text(bytes), bytes->length) < 0)
                return -1;
        if (fchown(fd, status->st_uid, status->st_gid) < 0 || fchmod(fd, status->st_mode & 07777) < 0)
                return -1;
        copy_xattrs(old, fd);
        return fsync(fd);
}

/* Somebody who saves the file between our look and our rename would lose what they wrote. */
static bool is_unchanged(const char *path, const struct stat *status)
{
        struct stat now;

        return lstat(path, &now) == 0 && now.st_dev == status->st_dev && now.st_ino == status->st_ino &&
               now.st_size == status->st_size && now.st_mtim.tv_sec == status->st_mtim.tv_sec &&
               now.st_mtim.tv_nsec == status->st_mtim.tv_nsec;
}

static void sync_folder(const char *folder)
{
        _cleanup_close_ int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd >= 0)
                fsync(fd);
}

static int replace(const char *path, int old, const struct stat *status, const struct buffer *bytes,
                   struct error *error)
{
        const char *slash = strrchr(path, '/');
        _cleanup_free_ char *folder = text_copy_n(path, (size_t)(slash - path) + 1);
        _cleanup_free_ char *beside = text_format("%s.%s.XXXXXX", folder, slash + 1);
        _cleanup_close_ int fd = mkostemp(beside, O_CLOEXEC);

        if (fd < 0)
                return error_set(error, kind_of_errno() == ERROR_PERMISSION ? ERROR_PERMISSION : ERROR_FAILED,
                                 "cannot write beside %s: %s; it is as it was", path, strerror(errno));
        if (fill_like(fd, old, status, bytes) < 0) {
                error_set(error, ERROR_FAILED, "cannot write %s: %s; it is as it was", path, strerror(errno));
        } else if (!is_unchanged(path, status)) {
                error_set(error, ERROR_CONFLICT, "%s was changed since it was planned", path);
        } else if (rename(beside, path) < 0) {
                error_set(error, ERROR_FAILED, "cannot replace %s: %s; it is as it was", path,
                          strerror(errno));
        } else {
                sync_folder(folder);
                return 0;
        }
        unlink(beside);
        return -1;
}

int patch_apply(const struct plan_patch *patch, bool undo, struct error *error)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_buffer_ struct buffer edited = {0};
        _cleanup_close_ int fd = -1;
        struct stat status = {0};

        if (patch->path[0] != '/')
                return error_set(error, ERROR_REFUSED, "%s is no whole path", patch->path);
        if (open_plain(patch->path, &fd, &status, error) < 0 ||
            read_plain(fd, patch->path, &bytes, error) < 0)
                return -1;
        enum patch_state state = state_of(patch, &bytes);
        if (text_equal(patch->before, patch->after) ? state == PATCH_BEFORE
                                                    : state == (undo ? PATCH_BEFORE : PATCH_AFTER))
                return 0;
        if (refuse_unwritable(patch->path, &status, error) < 0 ||
            patch_edit(patch, undo, buffer_text(&bytes), bytes.length, &edited, error) < 0)
                return -1;
        return replace(patch->path, fd, &status, &edited, error);
}
