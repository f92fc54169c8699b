#include "host/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#define GROUP_LOOK_MS 20 /* nothing tells when a group is empty: it is asked */
#define NOT_RUN       127

int64_t shell_now_ms(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void shell_done(struct shell *shell)
{
        cleanup_close(&shell->process);
        cleanup_close(&shell->gate);
        shell->process = shell->gate = -1;
}

/* Handlers and blocked signals are inherited by what is executed where they are "ignore" and "blocked". */
static void reset_signals(void)
{
        sigset_t none;

        for (int number = 1; number < NSIG; number++)
                signal(number, SIG_DFL); /* fails for those that can't be ignored either */
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool pass_gate(int gate)
{
        char go;
        ssize_t length;

        do
                length = read(gate, &go, 1);
        while (length < 0 && errno == EINTR);
        return length == 1;
}

_Noreturn static void become_shell(const char *command, int output, int gate, pid_t parent)
{
        int null = open("/dev/null", O_RDONLY);

        setpgid(0, 0);
        if (parent) {
                prctl(PR_SET_PDEATHSIG, SIGTERM);
                if (getppid() != parent) /* it ended before that */
                        _exit(NOT_RUN);
        }
        if (!pass_gate(gate) || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
            dup2(output, STDERR_FILENO) < 0 || chdir("/") < 0)
                _exit(NOT_RUN);
        closefrom(STDERR_FILENO + 1);
        reset_signals();
        execl("/bin/sh", "sh", "-c", "--", command, (char *)NULL);
        dprintf(STDERR_FILENO, "cannot run /bin/sh: %s\n", strerror(errno));
        _exit(NOT_RUN);
}

static int fail(const char *what, struct error *error)
{
        return error_set(error, ERROR_FAILED, "cannot run a shell: %s: %s", what, strerror(errno));
}

int shell_start(const char *command, int output, bool bound, struct shell *ret_shell, struct error *error)
{
        struct shell shell = {.process = -1, .gate = -1};
        pid_t self = getpid();
        int gate[2];

        if (pipe2(gate, O_CLOEXEC) < 0)
                return fail("pipe", error);
        shell.pid = fork();
        if (shell.pid == 0) {
                close(gate[1]);
                become_shell(command, output, gate[0], bound ? self : 0);
        }
        close(gate[0]);
        shell.gate = gate[1];
        if (shell.pid > 0) {
                setpgid(shell.pid, shell.pid); /* whoever of the two comes first */
                shell.process = pidfd_open(shell.pid, 0);
        }
        if (shell.process < 0) {
                fail(shell.pid < 0 ? "fork" : "pidfd_open", error);
                shell_done(&shell);
                if (shell.pid > 0)
                        waitpid(shell.pid, NULL, 0);
                return -1;
        }
        *ret_shell = shell;
        return 0;
}

/* A shell that was killed at the gate must not take this process along by SIGPIPE. */
int shell_go(struct shell *shell)
{
        sigset_t pipe_only;
        sigset_t before;
        struct timespec at_once = {0};

        sigemptyset(&pipe_only);
        sigaddset(&pipe_only, SIGPIPE);
        sigprocmask(SIG_BLOCK, &pipe_only, &before);
        ssize_t written = write(shell->gate, "", 1);
        int code = errno;
        if (written < 0 && code == EPIPE && !sigismember(&before, SIGPIPE))
                sigtimedwait(&pipe_only, NULL, &at_once);
        sigprocmask(SIG_SETMASK, &before, NULL);
        cleanup_close(&shell->gate);
        shell->gate = -1;
        errno = code;
        return written == 1 ? 0 : -1;
}

bool shell_wait(struct shell *shell, int64_t timeout_ms, int *ret_status)
{
        int64_t deadline_ms = shell_now_ms() + timeout_ms;

        for (;;) {
                int64_t left_ms = deadline_ms - shell_now_ms();
                struct pollfd ended = {.fd = shell->process, .events = POLLIN};
                int result = poll(&ended, 1, (int)MAX(0, MIN(left_ms, (int64_t)INT32_MAX)));
                if (result > 0)
                        break;
                if (result == 0 && left_ms <= 0)
                        return false;
        }
        while (waitpid(shell->pid, ret_status, 0) < 0 && errno == EINTR)
                ;
        return true;
}

void shell_stop(struct shell *shell)
{
        int64_t deadline_ms = shell_now_ms() + SHELL_GRACE_MS;
        const struct timespec pause = {.tv_nsec = GROUP_LOOK_MS * 1000000};
        bool reaped = false;

        kill(-shell->pid, SIGTERM);
        kill(-shell->pid, SIGCONT); /* a stopped one would never see it */
        while (kill(-shell->pid, 0) == 0 && shell_now_ms() < deadline_ms) {
                reaped = reaped || waitpid(shell->pid, NULL, WNOHANG) == shell->pid;
                clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
        }
        kill(-shell->pid, SIGKILL);
        while (!reaped && waitpid(shell->pid, NULL, 0) < 0 && errno == EINTR)
                ;
}
