#include "sim/front/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#define EVENTS_MAX  64
#define WAIT_MAX_MS 60000

/* Time */

void front_go_on(struct front *front)
{
        int64_t began_ms = clock_now_ms();

        sim_run_until(front->sim, pace_virtual_ms(&front->pace, began_ms));
        int64_t spent_ms = clock_now_ms() - began_ms;
        if (spent_ms > FRONT_LAG_MS)
                pace_skip(&front->pace, spent_ms - FRONT_LAG_MS);
}

/* Until the next thing that is due: in the swarm, of a request that waits, or in libmicrohttpd. */
static int wait_ms(const struct front *front)
{
        int64_t due_ms = MIN(sim_next_ms(front->sim), exchanges_due_ms(front));
        int64_t wait = WAIT_MAX_MS;
        MHD_UNSIGNED_LONG_LONG daemon_ms;

        if (due_ms != INT64_MAX)
                wait = MIN(wait, pace_real_ms(&front->pace, due_ms) - clock_now_ms());
        if (MHD_get_timeout(front->daemon, &daemon_ms) == MHD_YES)
                wait = MIN(wait, (int64_t)MIN(daemon_ms, WAIT_MAX_MS));
        return (int)MAX(wait, 0);
}

/* Opening */

static int open_signals(struct front *front, struct error *error)
{
        sigset_t ending;

        sigemptyset(&ending);
        sigaddset(&ending, SIGINT);
        sigaddset(&ending, SIGTERM);
        sigaddset(&ending, SIGHUP);
        signal(SIGPIPE, SIG_IGN);
        if (sigprocmask(SIG_BLOCK, &ending, NULL) < 0 ||
            (front->signals = signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
                return error_set(error, ERROR_FAILED, "signals can't be waited for: %s", strerror(errno));
        return 0;
}

/* libmicrohttpd closes the descriptor it is given, so it gets one of its own. */
static int start_daemon(struct front *front, int listening, struct error *error)
{
        int own = fcntl(listening, F_DUPFD_CLOEXEC, 0);

        if (own >= 0)
                front->daemon = MHD_start_daemon(
                        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, exchange_handle, front,
                        MHD_OPTION_LISTEN_SOCKET, own, MHD_OPTION_URI_LOG_CALLBACK, exchange_begin, front,
                        MHD_OPTION_NOTIFY_COMPLETED, exchange_end, front, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                        FRONT_HEAD_MAX, MHD_OPTION_CONNECTION_LIMIT, (unsigned)FRONT_CONNECTIONS_MAX,
                        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)FRONT_IDLE_S, MHD_OPTION_END);
        if (front->daemon)
                return 0;
        if (own >= 0)
                close(own);
        return error_set(error, ERROR_FAILED, "the HTTP server does not start: %s", strerror(errno));
}

static int watch(const struct front *front, int fd, const void *what, struct error *error)
{
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = (void *)what};

        if (epoll_ctl(front->epoll, EPOLL_CTL_ADD, fd, &event) == 0)
                return 0;
        return error_set(error, ERROR_FAILED, "connections can't be waited for: %s", strerror(errno));
}

static int open_loop(struct front *front, struct error *error)
{
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(front->daemon, MHD_DAEMON_INFO_EPOLL_FD);

        front->epoll = epoll_create1(EPOLL_CLOEXEC);
        if (front->epoll < 0 || !info)
                return error_set(error, ERROR_FAILED, "connections can't be waited for: %s", strerror(errno));
        return watch(front, front->signals, &front->signals, error) < 0 ||
                               watch(front, info->epoll_fd, &front->daemon, error) < 0
                       ? -1
                       : 0;
}

int front_open(struct sim *sim, double speed, int listening, struct front **ret_front, struct error *error)
{
        _cleanup_front_ struct front *front = new_zero(struct front);

        front->sim = sim;
        front->epoll = front->signals = -1;
        front->pace = (struct pace){.speed = speed, .real_ms = clock_now_ms(), .virtual_ms = sim_now_ms(sim)};
        if (open_signals(front, error) < 0 || start_daemon(front, listening, error) < 0 ||
            open_loop(front, error) < 0)
                return -1;
        *ret_front = steal_pointer(front);
        return 0;
}

/* libmicrohttpd can't be stopped while connections are suspended. */
struct front *front_free(struct front *front)
{
        if (!front)
                return NULL;
        while (front->waiting)
                exchange_cut(front->waiting);
        if (front->daemon)
                MHD_stop_daemon(front->daemon);
        if (front->epoll >= 0)
                close(front->epoll);
        if (front->signals >= 0)
                close(front->signals);
        free(front);
        return NULL;
}

/* Running. True: a signal says that it is over. */
static bool heed(struct front *front, const struct epoll_event *events, int count)
{
        bool over = false;

        for (int i = 0; i < count; i++)
                if (events[i].data.ptr == &front->signals)
                        over = true;
                else if (events[i].data.ptr != &front->daemon)
                        exchange_cut(events[i].data.ptr);
        return over;
}

int front_run(struct front *front, struct error *error)
{
        struct epoll_event events[EVENTS_MAX];

        for (;;) {
                int count = epoll_wait(front->epoll, events, EVENTS_MAX, wait_ms(front));
                if (count < 0 && errno != EINTR)
                        return error_set(error, ERROR_FAILED, "connections can't be waited for: %s",
                                         strerror(errno));
                if (heed(front, events, count))
                        return 0;
                front_go_on(front);
                exchanges_wake(front);
                if (MHD_run(front->daemon) != MHD_YES)
                        return error_set(error, ERROR_FAILED, "the HTTP server has broken down: %s",
                                         strerror(errno));
        }
}
