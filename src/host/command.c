#include "host/command.h"

#include "base/buffer.h"
#include "base/file.h"
#include "host/command_files.h"
#include "host/shell.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

void command_result_done(struct command_result *result)
{
        free(result->tail);
        *result = (struct command_result){0};
}

char *command_describe(const struct command_result *result)
{
        switch (result->state) {
        case COMMAND_NEVER:
                return text_copy("was not begun");
        case COMMAND_RUNNING:
                return text_copy("runs");
        case COMMAND_LOST:
                return text_copy(
                        "was begun, does not run, and nobody saw how it ended (a power cut, or its keeper "
                        "was killed)");
        case COMMAND_ENDED:
                break;
        }
        if (result->end == COMMAND_TIMED_OUT)
                return text_copy("did not end in its time and was stopped");
        if (result->end == COMMAND_SIGNALLED)
                return text_format("was ended by signal %d (%s)", result->status, strsignal(result->status));
        return text_format("ended with status %d", result->status);
}

static int check_name(const char *name, struct error *error)
{
        static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.";

        if (text_empty(name) || *name == '.' || name[strspn(name, allowed)] ||
            strlen(name) > COMMAND_NAME_MAX)
                return error_set(error, ERROR_USAGE, "\"%.*s\" can't name a command's files",
                                 COMMAND_NAME_MAX, name ? name : "");
        return 0;
}

char *command_last_lines(const char *bytes, size_t length, unsigned lines)
{
        while (length && isspace((unsigned char)bytes[length - 1]))
                length--;
        size_t start = length;
        for (; start > 0; start--)
                if (bytes[start - 1] == '\n' && !--lines)
                        break;
        char *text = text_copy_n(bytes + start, length - start);
        for (size_t i = 0; i < length - start; i++)
                if (iscntrl((unsigned char)text[i]) && text[i] != '\n')
                        text[i] = text[i] == '\t' ? ' ' : '?';
        return text;
}

static char *read_tail(const char *path)
{
        char bytes[COMMAND_TAIL_BYTES];
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        struct stat status;

        if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
                return text_copy("");
        off_t start = status.st_size > (off_t)sizeof(bytes) ? status.st_size - (off_t)sizeof(bytes) : 0;
        ssize_t length = pread(fd, bytes, sizeof(bytes), start);
        if (length <= 0)
                return text_copy("");
        return command_last_lines(bytes, (size_t)length, COMMAND_TAIL_LINES);
}

/* What NAME.begun says. */
struct beginning {
        char id[COMMAND_ID_LENGTH + 1];
        struct command_process shell;
};

static bool parse_beginning(char *text, struct beginning *ret_beginning)
{
        const char *fields[5] = {0};
        char *rest = NULL;
        uint64_t keeper;

        for (size_t i = 0; i < ELEMENTS(fields); i++)
                fields[i] = strtok_r(i ? NULL : text, " \n", &rest);
        if (!fields[4] || strlen(fields[0]) != COMMAND_ID_LENGTH ||
            strlen(fields[4]) >= sizeof(ret_beginning->shell.boot) || !text_to_u64(fields[1], &keeper) ||
            !text_to_u64(fields[2], &ret_beginning->shell.pid) || ret_beginning->shell.pid > INT32_MAX ||
            !text_to_u64(fields[3], &ret_beginning->shell.start))
                return false;
        memcpy(ret_beginning->id, fields[0], COMMAND_ID_LENGTH + 1);
        memcpy(ret_beginning->shell.boot, fields[4], strlen(fields[4]) + 1);
        return true;
}

static int read_beginning(const char *path, struct beginning *ret_beginning, struct error *error)
{
        _cleanup_buffer_ struct buffer text = {0};

        if (file_read(path, COMMAND_BEGUN_MAX, &text, error) < 0)
                return -1;
        if (!text.length || !parse_beginning(text.bytes, ret_beginning))
                return error_set(error, ERROR_USAGE,
                                 "%s is not what headroom wrote; remove it if the command may "
                                 "run again",
                                 path);
        return 0;
}

static bool is_alive(const struct command_process *shell)
{
        struct command_process now;

        return command_process_of((pid_t)shell->pid, &now) && now.start == shell->start &&
               text_equal(now.boot, shell->boot);
}

/* Whether the end of this run is on the disk; fills in how it was. */
static bool read_end(const struct command_files *files, const char *id, struct command_result *result)
{
        _cleanup_buffer_ struct buffer text = {0};
        uint64_t number;
        char *rest = NULL;

        if (file_read(files->ended, COMMAND_ENDED_BYTES, &text, NULL) < 0 || !text.length)
                return false;
        const char *found_id = strtok_r(text.bytes, " \n", &rest);
        const char *name = strtok_r(NULL, " \n", &rest);
        if (!text_equal(found_id, id) || !text_to_u64(strtok_r(NULL, " \n", &rest), &number) || number > 255)
                return false;
        for (size_t i = 0; i < COMMAND_ENDS; i++)
                if (text_equal(name, command_end_names[i])) {
                        result->state = COMMAND_ENDED;
                        result->end = (enum command_end)i;
                        result->status = (int)number;
                        return true;
                }
        return false;
}

/* Asks for the end once more after the lock was found free: it may have come in between. */
static int look_at_files(const struct command_files *files, struct command_result *result,
                         struct error *error)
{
        _cleanup_close_ int lock = open(files->begun, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        struct beginning beginning = {0};

        if (lock < 0 && errno == ENOENT)
                return 0;
        if (lock < 0)
                return error_set(error, errno == EACCES ? ERROR_PERMISSION : ERROR_FAILED,
                                 "cannot open %s: %s", files->begun, strerror(errno));
        if (read_beginning(files->begun, &beginning, error) < 0)
                return -1;
        result->state = COMMAND_RUNNING;
        if (!read_end(files, beginning.id, result) && flock(lock, LOCK_SH | LOCK_NB) == 0 &&
            !read_end(files, beginning.id, result) && !is_alive(&beginning.shell))
                result->state = COMMAND_LOST;
        result->tail = read_tail(files->output);
        return 0;
}

int command_look(const char *folder, const char *name, struct command_result *ret_result, struct error *error)
{
        _cleanup_command_files_ struct command_files files = {0};
        _cleanup_command_result_ struct command_result result = {.state = COMMAND_NEVER};

        if (check_name(name, error) < 0)
                return -1;
        command_files_of(folder, name, &files);
        if (look_at_files(&files, &result, error) < 0)
                return error_while(error, "looking at the command %s", name);
        *ret_result = result;
        result = (struct command_result){0};
        return 0;
}

/* Files that a killed keeper was about to rename. */
static void remove_parts(const char *folder, const char *name)
{
        _cleanup_free_ char *begun = text_format("%s.begun.", name);
        _cleanup_free_ char *ended = text_format("%s.ended.", name);
        DIR *entries = opendir(folder);

        for (struct dirent *entry; entries && (entry = readdir(entries));)
                if (text_starts_with(entry->d_name, begun) || text_starts_with(entry->d_name, ended))
                        unlinkat(dirfd(entries), entry->d_name, 0);
        if (entries)
                closedir(entries);
}

int command_forget(const char *folder, const char *name, struct error *error)
{
        _cleanup_command_files_ struct command_files files = {0};
        _cleanup_command_result_ struct command_result result = {0};

        if (command_look(folder, name, &result, error) < 0)
                return -1;
        if (result.state == COMMAND_RUNNING)
                return error_set(error, ERROR_CONFLICT, "the command %s still runs", name);
        command_files_of(folder, name, &files);
        const char *const paths[] = {files.begun, files.ended,
                                     files.output}; /* the one that counts goes first */
        for (size_t i = 0; i < ELEMENTS(paths); i++)
                if (unlink(paths[i]) < 0 && errno != ENOENT)
                        return error_set(error, ERROR_FAILED, "cannot remove %s: %s", paths[i],
                                         strerror(errno));
        remove_parts(folder, name);
        return 0;
}

/* Twice forked, the keeper is nobody's child here: it leaves no zombie and is not waited for. */
static pid_t fork_keeper(const struct command_files *files, const char *command, int64_t timeout_ms,
                         int report)
{
        pid_t child = fork();

        if (child != 0)
                return child;
        setsid();
        pid_t keeper = fork();
        if (keeper == 0)
                command_keep(files, command, timeout_ms, report);
        _exit(keeper < 0 ? 1 : 0);
}

static int read_report(int report, struct error *error)
{
        struct command_report told = {0};
        struct pollfd readable = {.fd = report, .events = POLLIN};
        int64_t deadline_ms = shell_now_ms() + COMMAND_START_MS;
        int result;

        do
                result = poll(&readable, 1, (int)MAX(0, deadline_ms - shell_now_ms()));
        while (result < 0 && errno == EINTR);
        if (result <= 0)
                return error_set(error, ERROR_TIMEOUT, "the command's keeper says nothing for %d s",
                                 COMMAND_START_MS / 1000);
        if (read(report, &told, sizeof(told)) != (ssize_t)sizeof(told))
                return error_set(error, ERROR_TIMEOUT, "the command's keeper ended without a word");
        return told.kind == ERROR_NONE ? 0 : error_set(error, told.kind, "%s", told.sentence);
}

int command_start(const char *folder, const char *name, const char *command, int64_t timeout_ms,
                  struct error *error)
{
        _cleanup_command_files_ struct command_files files = {0};
        int report[2];

        if (check_name(name, error) < 0)
                return -1;
        command_files_of(folder, name, &files);
        if (access(files.begun, F_OK) == 0)
                return error_set(error, ERROR_CONFLICT, "the command %s was begun already", name);
        if (pipe2(report, O_CLOEXEC) < 0)
                return error_set(error, ERROR_FAILED, "cannot run the command %s: %s", name, strerror(errno));
        _cleanup_close_ int reading = report[0];
        pid_t child = fork_keeper(&files, command, timeout_ms, report[1]);
        int code = errno;
        close(report[1]);
        if (child < 0)
                return error_set(error, ERROR_FAILED, "cannot run the command %s: %s", name, strerror(code));
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
                ;
        if (read_report(reading, error) < 0)
                return error_while(error, "starting the command %s", name);
        return 0;
}
