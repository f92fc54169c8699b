/* A command that is asked something: run to its end, its output kept no longer than its last lines. */

#include "host/command.h"

#include "base/buffer.h"
#include "host/command_files.h"
#include "host/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>

#define CHUNK_BYTES    4096
#define REST_BYTES_MAX 65536 /* read after its end: what it left behind may write for ever */

struct asking {
        struct shell shell;
        int output; /* -1 when it was closed */
        struct buffer tail;
};

/* Takes what is there; closes at the end. Returns the bytes taken. */
static size_t take_output(struct asking *asking)
{
        char chunk[CHUNK_BYTES];
        ssize_t length = read(asking->output, chunk, sizeof(chunk));

        if (length < 0 && (errno == EINTR || errno == EAGAIN))
                return 0;
        if (length <= 0) {
                close(asking->output);
                asking->output = -1;
                return 0;
        }
        buffer_add(&asking->tail, chunk, (size_t)length);
        if (asking->tail.length > (size_t)2 * COMMAND_TAIL_BYTES) {
                size_t cut = asking->tail.length - COMMAND_TAIL_BYTES;
                memmove(asking->tail.bytes, asking->tail.bytes + cut, COMMAND_TAIL_BYTES);
                asking->tail.length = COMMAND_TAIL_BYTES;
        }
        return (size_t)length;
}

/* False when the time is over before the shell's end. */
static bool listen_to_end(struct asking *asking, int64_t timeout_ms)
{
        int64_t deadline_ms = shell_now_ms() + timeout_ms;

        for (;;) {
                struct pollfd events[] = {{.fd = asking->shell.process, .events = POLLIN},
                                          {.fd = asking->output, .events = POLLIN}};
                int64_t left_ms = deadline_ms - shell_now_ms();
                if (left_ms <= 0)
                        return false;
                if (poll(events, ELEMENTS(events), (int)MIN(left_ms, (int64_t)INT32_MAX)) <= 0)
                        continue;
                if (events[0].revents)
                        break;
                take_output(asking);
        }
        for (size_t total = 0, length = 1; asking->output >= 0 && length && total < REST_BYTES_MAX;
             total += length)
                length = take_output(asking);
        return true;
}

static int ask(struct asking *asking, const char *command, int64_t timeout_ms, int *ret_status,
               struct error *error)
{
        int output[2];
        int status = 0;

        if (pipe2(output, O_CLOEXEC) < 0)
                return error_set(error, ERROR_FAILED, "cannot run a shell: %s", strerror(errno));
        asking->output = output[0];
        int result = fcntl(output[0], F_SETFL, O_NONBLOCK) < 0
                             ? error_set(error, ERROR_FAILED, "cannot run a shell: %s", strerror(errno))
                             : shell_start(command, output[1], true, &asking->shell, error);
        close(output[1]);
        if (result < 0)
                return -1;
        shell_go(&asking->shell); /* when it fails the shell is dead, which shows in its status */
        if (!listen_to_end(asking, timeout_ms)) {
                shell_stop(&asking->shell);
                return error_set(error, ERROR_TIMEOUT, "it did not end within %.1f s and was stopped",
                                 (double)timeout_ms / 1000);
        }
        if (!shell_wait(&asking->shell, 0, &status))
                return error_set(error, ERROR_FAILED, "the shell's end can't be read");
        *ret_status = WIFSIGNALED(status) ? COMMAND_SIGNAL_BASE + WTERMSIG(status) : WEXITSTATUS(status);
        return 0;
}

int command_ask(const char *command, int64_t timeout_ms, int *ret_status, char **ret_last_line,
                struct error *error)
{
        struct asking asking = {.shell = {.process = -1, .gate = -1}, .output = -1};
        int result = ask(&asking, command, timeout_ms, ret_status, error);

        if (result == 0 && ret_last_line)
                *ret_last_line = command_last_lines(buffer_text(&asking.tail), asking.tail.length, 1);
        cleanup_close(&asking.output);
        shell_done(&asking.shell);
        buffer_done(&asking.tail);
        return result;
}
