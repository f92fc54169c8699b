/*
 * The keeper of a command. Its order is what counts:
 *
 *   1. a shell is forked that waits at a gate, so that its process can be named in the intent;
 *   2. room for the end is taken on the disk, under another name;
 *   3. the intent is written under another name, locked, synced, and linked to NAME.begun, which only one
 *      keeper can do, and none whose starter is dead;
 *   4. the starter is told, the gate is opened;
 *   5. the end is written over its room, synced, and renamed to NAME.ended; the lock goes with the keeper.
 *
 * A keeper that dies before 3 leaves a command that was never begun: its shell finds the gate closed.
 */

#include "host/command_files.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/random.h"
#include "host/command.h"
#include "host/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define REPORT_FD      3
#define STAT_BYTES_MAX 4096
#define START_FIELD    20 /* of stat, counted from the one after the program's name */

const char *const command_end_names[COMMAND_ENDS] = {
        [COMMAND_EXITED] = "exited", [COMMAND_SIGNALLED] = "signalled", [COMMAND_TIMED_OUT] = "timed-out"};

struct keeper {
        const struct command_files *files;
        char id[COMMAND_ID_LENGTH + 1];
        char *begun_part, *ended_part;
        int output, begun, ended;
        struct shell shell;
};

void command_files_of(const char *folder, const char *name, struct command_files *ret_files)
{
        *ret_files = (struct command_files){text_copy(folder), text_format("%s/%s.begun", folder, name),
                                            text_format("%s/%s.output", folder, name),
                                            text_format("%s/%s.ended", folder, name)};
}

void command_files_done(struct command_files *files)
{
        free(files->folder);
        free(files->begun);
        free(files->output);
        free(files->ended);
        *files = (struct command_files){0};
}

/* False for one that has ended and whose parent has not asked how: it does nothing any more. */
static bool take_start(const char *stat, uint64_t *ret_start)
{
        const char *name_end = strrchr(stat, ')'); /* a program's name may hold blanks and brackets */
        _cleanup_free_ char *fields = text_copy(name_end ? name_end + 1 : "");
        char *rest = NULL;
        const char *field = strtok_r(fields, " ", &rest);

        if (field && strchr("ZX", *field))
                return false;
        for (int i = 1; field && i < START_FIELD; i++)
                field = strtok_r(NULL, " ", &rest);
        return text_to_u64(field, ret_start);
}

bool command_process_of(pid_t pid, struct command_process *ret_process)
{
        struct command_process process = {.pid = (uint64_t)pid};
        _cleanup_free_ char *path = text_format("/proc/%d/stat", (int)pid);
        _cleanup_buffer_ struct buffer stat = {0};
        _cleanup_buffer_ struct buffer boot = {0};

        if (file_read(path, STAT_BYTES_MAX, &stat, NULL) < 0 ||
            file_read("/proc/sys/kernel/random/boot_id", STAT_BYTES_MAX, &boot, NULL) < 0 ||
            !take_start(buffer_text(&stat), &process.start))
                return false;
        snprintf(process.boot, sizeof(process.boot), "%s", buffer_text(&boot));
        process.boot[strcspn(process.boot, "\n")] = 0;
        *ret_process = process;
        return true;
}

static int fail(const char *what, const char *path, struct error *error)
{
        int code = errno;

        if (code == EEXIST)
                return error_set(error, ERROR_CONFLICT, "the command was begun already: %s is there", path);
        return error_set(error,
                         code == EACCES || code == EPERM || code == EROFS ? ERROR_PERMISSION : ERROR_FAILED,
                         "cannot %s %s: %s; the command was not run", what, path, strerror(code));
}

static int create(const char *path, int flags, struct error *error)
{
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0600);
        struct stat status;

        if (fd < 0)
                return fail("create", path, error);
        if (fchmod(fd, 0600) == 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
                return fd;
        close(fd);
        return error_set(error, ERROR_REFUSED, "%s is in the way: it is no file; the command was not run",
                         path);
}

static int write_synced(int fd, const char *path, const char *text, struct error *error)
{
        size_t length = strlen(text);

        errno = ENOSPC; /* what a short write means */
        if (pwrite(fd, text, length, 0) != (ssize_t)length || fsync(fd) < 0)
                return fail("write", path, error);
        return 0;
}

static void format_end(const struct keeper *keeper, enum command_end end, int number,
                       char ret_text[COMMAND_ENDED_BYTES + 1])
{
        int length = snprintf(ret_text, COMMAND_ENDED_BYTES, "%s %s %d\n", keeper->id, command_end_names[end],
                              number);

        memset(ret_text + length, ' ', (size_t)(COMMAND_ENDED_BYTES - length));
        ret_text[COMMAND_ENDED_BYTES] = 0;
}

static int prepare(struct keeper *keeper, const char *command, struct error *error)
{
        char room[COMMAND_ENDED_BYTES + 1];

        keeper->output = create(keeper->files->output, O_APPEND, error);
        if (keeper->output < 0)
                return -1;
        keeper->ended = create(keeper->ended_part, O_EXCL, error);
        format_end(keeper, COMMAND_TIMED_OUT, 0, room);
        if (keeper->ended < 0 || write_synced(keeper->ended, keeper->files->ended, room, error) < 0)
                return -1;
        return shell_start(command, keeper->output, false, &keeper->shell, error);
}

static void sync_folder(const char *folder)
{
        _cleanup_close_ int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd >= 0)
                fsync(fd);
}

/* A dead starter's successor may have begun the command itself by now, and even have forgotten it. */
static bool starter_lives(void)
{
        struct pollfd reader = {.fd = REPORT_FD};

        return poll(&reader, 1, 0) == 0; /* else POLLERR: nobody has the other end */
}

static int begin(struct keeper *keeper, struct error *error)
{
        struct command_process process;

        if (!command_process_of(keeper->shell.pid, &process))
                return error_set(error, ERROR_FAILED, "cannot read /proc; the command was not run");
        _cleanup_free_ char *text = text_format("%s %d %" PRIu64 " %" PRIu64 " %s\n", keeper->id,
                                                (int)getpid(), process.pid, process.start, process.boot);
        keeper->begun = create(keeper->begun_part, O_EXCL, error);
        if (keeper->begun < 0 || write_synced(keeper->begun, keeper->files->begun, text, error) < 0)
                return -1;
        if (flock(keeper->begun, LOCK_EX | LOCK_NB) < 0)
                return fail("lock", keeper->files->begun, error);
        if (!starter_lives())
                return error_set(error, ERROR_FAILED, "its starter is dead; the command was not run");
        if (link(keeper->begun_part, keeper->files->begun) < 0)
                return fail("create", keeper->files->begun, error);
        unlink(keeper->begun_part);
        sync_folder(keeper->files->folder);
        return 0;
}

static void report(const struct error *error)
{
        struct command_report told = {.kind = error->kind};

        snprintf(told.sentence, sizeof(told.sentence), "%s", error->sentence ? error->sentence : "");
        if (write(REPORT_FD, &told, sizeof(told)) < 0)
                errno = 0; /* the starter is dead: nobody needs to know */
        close(REPORT_FD);
}

/* Nothing of headroom's may stay open, or its terminal and pipes would seem to live on. */
static void leave_starter(int report_fd)
{
        sigset_t all;
        int null = open("/dev/null", O_RDWR);

        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, NULL); /* only SIGKILL ends a keeper before its command */
        signal(SIGCHLD, SIG_DFL);           /* ignored, it would swallow the command's status */
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        if (report_fd != REPORT_FD)
                dup2(report_fd, REPORT_FD);
        closefrom(REPORT_FD + 1);
}

static void end(struct keeper *keeper, enum command_end how, int number)
{
        char text[COMMAND_ENDED_BYTES + 1];

        format_end(keeper, how, number, text);
        if (write_synced(keeper->ended, keeper->files->ended, text, NULL) == 0 &&
            rename(keeper->ended_part, keeper->files->ended) == 0)
                sync_folder(keeper->files->folder);
        else
                unlink(keeper->ended_part);
}

static void watch(struct keeper *keeper, int64_t timeout_ms)
{
        int status = 0;

        if (!shell_wait(&keeper->shell, timeout_ms, &status)) {
                shell_stop(&keeper->shell);
                end(keeper, COMMAND_TIMED_OUT, 0);
        } else if (WIFSIGNALED(status)) {
                end(keeper, COMMAND_SIGNALLED, WTERMSIG(status));
        } else {
                end(keeper, COMMAND_EXITED, WEXITSTATUS(status));
        }
}

/* What was made for a command that does not run. Its shell ends with the gate. */
static void clear_away(struct keeper *keeper)
{
        unlink(keeper->begun_part);
        unlink(keeper->ended_part);
}

_Noreturn void command_keep(const struct command_files *files, const char *command, int64_t timeout_ms,
                            int report_fd)
{
        struct keeper keeper = {
                .files = files, .output = -1, .begun = -1, .ended = -1, .shell = {.process = -1, .gate = -1}};
        _cleanup_error_ struct error error = {0};

        leave_starter(report_fd);
        random_hex(keeper.id, COMMAND_ID_LENGTH);
        keeper.begun_part = text_format("%s.%s.part", files->begun, keeper.id);
        keeper.ended_part = text_format("%s.%s.part", files->ended, keeper.id);
        if (prepare(&keeper, command, &error) < 0 || begin(&keeper, &error) < 0) {
                clear_away(&keeper);
                report(&error);
                _exit(1);
        }
        report(&error);
        if (ftruncate(keeper.output, 0) == 0 && shell_go(&keeper.shell) == 0)
                watch(&keeper, timeout_ms);
        _exit(0);
}
