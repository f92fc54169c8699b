#include "move/journal.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#define JOURNAL_BYTES_MAX ((size_t)16 << 20)

struct journal {
        char *folder;
        int lock;
        int file;
};

struct journal *journal_close(struct journal *journal)
{
        if (!journal)
                return NULL;
        if (journal->lock >= 0)
                close(journal->lock);
        if (journal->file >= 0)
                close(journal->file);
        free(journal->folder);
        free(journal);
        return NULL;
}

static int open_at(const char *folder, const char *name, int flags, struct error *error)
{
        _cleanup_free_ char *path = text_format("%s/%s", folder, name);
        int fd = open(path, flags | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0)
                error_set(error, errno == EACCES || errno == EROFS ? ERROR_PERMISSION : ERROR_FAILED,
                          "cannot open %s: %s", path, strerror(errno));
        return fd;
}

static int take_lock(struct journal *journal, struct error *error)
{
        char holder[32] = "";

        if (flock(journal->lock, LOCK_EX | LOCK_NB) == 0) {
                int length = snprintf(holder, sizeof(holder), "%d\n", (int)getpid());
                return ftruncate(journal->lock, 0) == 0 &&
                                       pwrite(journal->lock, holder, (size_t)length, 0) == length
                               ? 0
                               : error_set(error, ERROR_FAILED, "cannot write %s/lock: %s", journal->folder,
                                           strerror(errno));
        }
        if (pread(journal->lock, holder, sizeof(holder) - 1, 0) < 0)
                holder[0] = 0;
        holder[strcspn(holder, "\n")] = 0;
        return error_set(error, ERROR_REFUSED,
                         "process %s on this host is running this plan now; let it finish, or end it",
                         holder[0] ? holder : "?");
}

int journal_open(const char *state, const char *plan_id, struct journal **ret_journal, struct error *error)
{
        struct journal *journal = new_zero(struct journal);

        journal->lock = journal->file = -1;
        journal->folder = text_format("%s/%s", state, plan_id);
        if (folder_make(journal->folder, 0700, error) < 0 ||
            (journal->lock = open_at(journal->folder, "lock", O_RDWR, error)) < 0 ||
            take_lock(journal, error) < 0 ||
            (journal->file = open_at(journal->folder, "journal", O_WRONLY | O_APPEND, error)) < 0) {
                journal_close(journal);
                return error_while(error, "opening the journal of plan %s", plan_id);
        }
        *ret_journal = journal;
        return 0;
}

/* All of it or nothing: the next line would go on where half a line ends, and not be found. */
static int write_line(int fd, const char *line, size_t length)
{
        off_t end = lseek(fd, 0, SEEK_END);

        if (file_write_all(fd, line, length) < 0) {
                int why = errno;
                if (ftruncate(fd, end) < 0)
                        why = errno;
                errno = why;
                return -1;
        }
        return fdatasync(fd);
}

int journal_write(struct journal *journal, struct error *error, const char *format, ...)
{
        va_list arguments;
        _cleanup_free_ char *now = clock_format(clock_wall_ms());

        va_start(arguments, format);
        _cleanup_free_ char *text = text_vformat(format, arguments);
        va_end(arguments);
        _cleanup_free_ char *line = text_format("%s %s\n", now, text);
        if (write_line(journal->file, line, strlen(line)) < 0)
                return error_set(error, ERROR_FAILED, "cannot write %s/journal: %s", journal->folder,
                                 strerror(errno));
        return 0;
}

int journal_keep(struct journal *journal, const char *name, const void *bytes, size_t length,
                 struct error *error)
{
        _cleanup_free_ char *path = text_format("%s/%s", journal->folder, name);

        return access(path, F_OK) == 0 ? 0 : file_write(path, bytes, length, 0600, error);
}

const char *journal_folder(const struct journal *journal)
{
        return journal->folder;
}

void journal_times(const char *folder, int64_t *ret_started_ms, int64_t *ret_finished_ms)
{
        _cleanup_free_ char *path = text_format("%s/journal", folder);
        _cleanup_buffer_ struct buffer bytes = {0};
        char *rest = NULL;

        if (file_read(path, JOURNAL_BYTES_MAX, &bytes, NULL) < 0)
                return;
        for (char *line = strtok_r((char *)buffer_text(&bytes), "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest)) {
                char *text = strchr(line, ' ');
                if (!text)
                        continue;
                *text++ = 0;
                if (text_starts_with(text, "started ")) {
                        *ret_started_ms = clock_parse(line);
                        *ret_finished_ms = INT64_MAX;
                } else if (text_starts_with(text, "finished: ")) {
                        *ret_finished_ms = clock_parse(line);
                }
        }
}
