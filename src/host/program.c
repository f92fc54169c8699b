#include "host/program.h"

#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/*
 * The input is a file in memory, so that nothing has to be written while the program runs. What ends the wait
 * is the program's own end, by its pidfd (pidfd_open(2), Linux 5.3): a child of its own that keeps the pipes
 * open can't hold us.
 */

#define CHUNK_BYTES     65536
#define DRAIN_CHUNKS    16 /* of one look: more than a pipe holds (pipe(7)), and an end to an endless writer */
#define WORDS_BYTES_MAX 400

struct running {
        const struct program *program;
        struct program_result *result;
        pid_t pid;
        int pidfd;
        int input, output, errors; /* our ends; -1: none */
        int child_output, child_errors;
};

void program_result_done(struct program_result *result)
{
        buffer_done(&result->output);
        buffer_done(&result->errors);
        *result = (struct program_result){0};
}

static void running_done(struct running *running)
{
        int *const ends[] = {&running->pidfd,  &running->input,        &running->output,
                             &running->errors, &running->child_output, &running->child_errors};

        for (size_t i = 0; i < ELEMENTS(ends); i++)
                cleanup_close(ends[i]);
}

static int fail(const struct program *program, int code, struct error *error)
{
        return error_set(error, code == ENOENT ? ERROR_NOT_FOUND : ERROR_FAILED, "cannot run %s: %s",
                         program->arguments[0], strerror(code));
}

static int open_pipe(int *ret_ours, int *ret_child)
{
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -1;
        *ret_ours = ends[0];
        *ret_child = ends[1];
        return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

static int open_input(struct running *running)
{
        const struct program *program = running->program;

        running->input = program->input ? memfd_create("input", MFD_CLOEXEC) : open("/dev/null", O_RDONLY);
        if (running->input < 0 || !program->input)
                return running->input;
        for (size_t done = 0; done < program->input_length;) {
                ssize_t written = write(running->input, (const char *)program->input + done,
                                        program->input_length - done);
                if (written < 0)
                        return -1;
                done += (size_t)written;
        }
        return (int)lseek(running->input, 0, SEEK_SET);
}

/* A group of its own, so that a kill reaches what it started; on a terminal it would be stopped for asking.
 */
static int spawn(struct running *running)
{
        posix_spawn_file_actions_t files;
        posix_spawnattr_t attributes;
        sigset_t defaults;
        short flags = POSIX_SPAWN_SETSIGDEF;

        sigemptyset(&defaults);
        sigaddset(&defaults, SIGPIPE);
        sigaddset(&defaults, SIGINT);
        sigaddset(&defaults, SIGTERM);
        posix_spawnattr_init(&attributes);
        posix_spawnattr_setsigdefault(&attributes, &defaults);
        if (!running->program->terminal)
                flags |= POSIX_SPAWN_SETPGROUP;
        posix_spawnattr_setflags(&attributes, flags);
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_adddup2(&files, running->input, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&files, running->child_output, STDOUT_FILENO);
        if (running->child_errors >= 0)
                posix_spawn_file_actions_adddup2(&files, running->child_errors, STDERR_FILENO);
        int code = posix_spawnp(&running->pid, running->program->arguments[0], &files, &attributes,
                                (char *const *)running->program->arguments, environ);
        posix_spawn_file_actions_destroy(&files);
        posix_spawnattr_destroy(&attributes);
        return code;
}

static int start(struct running *running, struct error *error)
{
        if (open_input(running) < 0 || open_pipe(&running->output, &running->child_output) < 0 ||
            (!running->program->terminal && open_pipe(&running->errors, &running->child_errors) < 0))
                return fail(running->program, errno, error);
        int code = spawn(running);
        cleanup_close(&running->child_output);
        cleanup_close(&running->child_errors);
        running->child_output = running->child_errors = -1;
        return code ? fail(running->program, code, error) : 0;
}

/* What is there now; closes our end at the other's. */
static void drain(struct running *running, int *fd, struct buffer *kept)
{
        _cleanup_free_ char *chunk = memory_new(1, CHUNK_BYTES);

        for (int i = 0; *fd >= 0 && i < DRAIN_CHUNKS; i++) {
                ssize_t length = read(*fd, chunk, CHUNK_BYTES);
                if (length < 0 && (errno == EAGAIN || errno == EINTR))
                        return;
                if (length <= 0) {
                        cleanup_close(fd);
                        *fd = -1;
                        return;
                }
                size_t room = running->program->output_bytes_max - kept->length;
                running->result->cut = running->result->cut || (size_t)length > room;
                buffer_add(kept, chunk, MIN((size_t)length, room));
        }
}

/* False at the limit. */
static bool wait_for_end(struct running *running)
{
        int64_t deadline_ms = clock_now_ms() + running->program->timeout_ms;

        for (;;) {
                struct pollfd ends[] = {{running->pidfd, POLLIN, 0},
                                        {running->output, POLLIN, 0},
                                        {running->errors, POLLIN, 0}};
                int64_t left_ms = deadline_ms - clock_now_ms();
                if (left_ms <= 0)
                        return false;
                if (poll(ends, ELEMENTS(ends), (int)MIN(left_ms, (int64_t)INT32_MAX)) < 0 && errno != EINTR)
                        return false;
                drain(running, &running->output, &running->result->output);
                drain(running, &running->errors, &running->result->errors);
                if (ends[0].revents)
                        return true;
        }
}

static void reap(struct running *running, bool ended)
{
        int status = 0;

        if (!ended)
                kill(running->program->terminal ? running->pid : -running->pid, SIGKILL);
        while (waitpid(running->pid, &status, 0) < 0 && errno == EINTR)
                ;
        running->result->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int program_run(const struct program *program, struct program_result *ret_result, struct error *error)
{
        _cleanup_program_result_ struct program_result result = {0};
        _cleanup_(running_done) struct running running = {program, &result, 0, -1, -1, -1, -1, -1, -1};

        if (start(&running, error) < 0)
                return -1;
        running.pidfd = (int)syscall(SYS_pidfd_open, running.pid, 0);
        int code = errno;
        bool ended = running.pidfd >= 0 && wait_for_end(&running);
        reap(&running, ended);
        if (running.pidfd < 0)
                return fail(program, code, error);
        if (!ended)
                return error_set(error, ERROR_TIMEOUT, "%s did not end within %lld s and was killed",
                                 program->arguments[0], (long long)(program->timeout_ms + 999) / 1000);
        *ret_result = result;
        result = (struct program_result){0};
        return 0;
}

/* One line without the blanks around it, and blanks for what is no character. */
static void add_line(struct buffer *words, const char *line, size_t length)
{
        while (length && (unsigned char)*line <= ' ')
                line++, length--;
        while (length && (unsigned char)line[length - 1] <= ' ')
                length--;
        if (length && words->length)
                buffer_add_text(words, "; ");
        for (size_t i = 0; i < length; i++)
                buffer_add(words, (unsigned char)line[i] < ' ' || line[i] == 0x7f ? " " : line + i, 1);
}

char *program_words(const struct buffer *output)
{
        const char *at = buffer_text(output);
        struct buffer words = {0};

        if (output->length > WORDS_BYTES_MAX)
                at += output->length - WORDS_BYTES_MAX;
        while (*at) {
                size_t length = strcspn(at, "\n");
                add_line(&words, at, length);
                at += length + (at[length] == '\n');
        }
        return words.length ? buffer_steal(&words) : NULL;
}
