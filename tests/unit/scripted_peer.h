#pragma once

/*
 * A tiny engine made of threads, for tests of what a client does with each kind of peer. It listens in a
 * folder of its own (or on loopback), answers GET /_ping with the peer's `ping`, and every other request by
 * the peer's script. Nothing sleeps for luck: a peer that hangs hangs until the client leaves or the test
 * ends.
 */

#include "base/text.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PEER_CONNECTIONS_MAX 256
#define PEER_REQUEST_BYTES   8192
#define TRICKLE_MS           10

enum script_step_kind {
        STEP_END,
        STEP_SEND,    /* the text */
        STEP_FLOOD,   /* `count` bytes of 'x', as many as the client takes */
        STEP_REPEAT,  /* the text `count` times, as often as the client takes it */
        STEP_CHUNKS,  /* `count` times the text as one chunk each, and the last chunk */
        STEP_TRICKLE, /* the text, one byte at a time, again and again */
        STEP_ECHO,    /* a whole answer whose body is the request's path */
        STEP_COUNT,   /* how many requests there were so far */
        STEP_HANG,
        STEP_CLOSE,
};

struct script_step {
        enum script_step_kind kind;
        const char *text;
        size_t count;
};

#define PING(version) "HTTP/1.1 200 OK\r\nApi-Version: " version "\r\nContent-Length: 2\r\n\r\nOK"

struct peer {
        const char *ping;                /* NULL: PING("1.45") */
        const struct script_step *steps; /* for every request but the ping */
        int requests_a_connection; /* 0: any number; else the one after these is read, and the connection
                                      closed */

        char folder[64];
        char *host; /* unix:///... or tcp://127.0.0.1:port */
        char *path; /* of the socket; NULL over TCP */
        int listener;
        int stop; /* an eventfd: readable when the test ends */
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_t workers[PEER_CONNECTIONS_MAX];
        atomic_int connections;
        atomic_int requests; /* the pings not counted */
        char last_request[PEER_REQUEST_BYTES];
};

struct peer_connection {
        struct peer *peer;
        int fd;
        char request[PEER_REQUEST_BYTES];
};

/* Until the fd has something, false when the test ended first. A client that left counts as something. */
static inline bool peer_wait(const struct peer_connection *connection, short events, int timeout_ms)
{
        struct pollfd fds[] = {{.fd = connection->peer->stop, .events = POLLIN},
                               {.fd = connection->fd, .events = events}};

        poll(fds, 2, timeout_ms);
        return !(fds[0].revents & POLLIN);
}

static inline bool peer_send(struct peer_connection *connection, const char *bytes, size_t length)
{
        while (length) {
                if (!peer_wait(connection, POLLOUT, -1))
                        return false;
                ssize_t sent = send(connection->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (sent < 0)
                        return false;
                bytes += sent;
                length -= (size_t)sent;
        }
        return true;
}

/* The end of a whole request in the bytes so far, or NULL. */
static inline const char *peer_request_end(const char *bytes)
{
        const char *head_end = strstr(bytes, "\r\n\r\n");
        const char *length = strcasestr(bytes, "\r\nContent-Length: ");
        uint64_t body = length && length < head_end ? strtoull(length + 18, NULL, 10) : 0;

        return head_end && strlen(head_end + 4) >= body ? head_end + 4 + body : NULL;
}

static inline bool peer_read_request(struct peer_connection *connection)
{
        size_t length = 0;

        connection->request[0] = 0;
        while (!peer_request_end(connection->request)) {
                if (length == PEER_REQUEST_BYTES - 1 || !peer_wait(connection, POLLIN, -1))
                        return false;
                ssize_t got = recv(connection->fd, connection->request + length,
                                   PEER_REQUEST_BYTES - 1 - length, MSG_DONTWAIT);
                if (got <= 0)
                        return false;
                length += (size_t)got;
                connection->request[length] = 0;
        }
        return true;
}

static inline bool peer_flood(struct peer_connection *connection, size_t count)
{
        enum { BLOCK_BYTES = 65536 };
        _cleanup_free_ char *block = memory_new(BLOCK_BYTES, 1);

        memset(block, 'x', BLOCK_BYTES);
        for (; count; count -= MIN(count, BLOCK_BYTES))
                if (!peer_send(connection, block, MIN(count, BLOCK_BYTES)))
                        return false;
        return true;
}

static inline bool peer_repeat(struct peer_connection *connection, const char *text, size_t count)
{
        for (; count; count--)
                if (!peer_send(connection, text, strlen(text)))
                        return false;
        return true;
}

static inline bool peer_chunks(struct peer_connection *connection, const char *text, size_t count)
{
        _cleanup_free_ char *chunk = text_format("%zx\r\n%s\r\n", strlen(text), text);

        return peer_repeat(connection, chunk, count) && peer_send(connection, "0\r\n\r\n", 5);
}

static inline bool peer_trickle(struct peer_connection *connection, const char *text)
{
        for (const char *p = text; peer_wait(connection, 0, TRICKLE_MS); p = p[1] ? p + 1 : text)
                if (!peer_send(connection, p, 1))
                        return false;
        return false;
}

static inline bool peer_echo(struct peer_connection *connection)
{
        const char *path = strchr(connection->request, ' ') + 1;
        int length = (int)strcspn(path, " ");
        _cleanup_free_ char *answer =
                text_format("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%.*s", length, length, path);

        return peer_send(connection, answer, strlen(answer));
}

static inline bool peer_count(struct peer_connection *connection)
{
        _cleanup_free_ char *count = text_format("%d", connection->peer->requests);

        return peer_send(connection, count, strlen(count));
}

static inline bool peer_step(struct peer_connection *connection, const struct script_step *step)
{
        switch (step->kind) {
        case STEP_SEND:
                return peer_send(connection, step->text, strlen(step->text));
        case STEP_FLOOD:
                return peer_flood(connection, step->count);
        case STEP_REPEAT:
                return peer_repeat(connection, step->text, step->count);
        case STEP_CHUNKS:
                return peer_chunks(connection, step->text, step->count);
        case STEP_TRICKLE:
                return peer_trickle(connection, step->text);
        case STEP_ECHO:
                return peer_echo(connection);
        case STEP_COUNT:
                return peer_count(connection);
        case STEP_HANG:
                return peer_wait(connection, POLLRDHUP, -1) && false;
        default:
                return false;
        }
}

static inline bool peer_answer(struct peer_connection *connection)
{
        struct peer *peer = connection->peer;

        if (text_starts_with(connection->request, "GET /_ping ")) {
                const char *ping = peer->ping ? peer->ping : PING("1.45");
                return peer_send(connection, ping, strlen(ping));
        }
        pthread_mutex_lock(&peer->lock);
        strcpy(peer->last_request, connection->request);
        pthread_mutex_unlock(&peer->lock);
        peer->requests++;
        for (const struct script_step *step = peer->steps; step->kind != STEP_END; step++)
                if (!peer_step(connection, step))
                        return false;
        return true;
}

static inline void *peer_serve(void *userdata)
{
        struct peer_connection *connection = userdata;
        int limit = connection->peer->requests_a_connection;

        for (int served = 0; peer_read_request(connection); served++)
                if ((limit && served == limit) || !peer_answer(connection))
                        break;
        close(connection->fd);
        free(connection);
        return NULL;
}

static inline void *peer_accept(void *userdata)
{
        struct peer *peer = userdata;
        struct peer_connection waiting = {.peer = peer, .fd = peer->listener};

        while (peer_wait(&waiting, POLLIN, -1)) {
                int fd = accept(peer->listener, NULL, NULL);
                if (fd < 0 || peer->connections == PEER_CONNECTIONS_MAX)
                        abort();
                struct peer_connection *connection = new_zero(struct peer_connection);
                connection->peer = peer;
                connection->fd = fd;
                pthread_create(&peer->workers[peer->connections], NULL, peer_serve, connection);
                peer->connections++;
        }
        return NULL;
}

static inline int peer_listen_unix(struct peer *peer)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        peer->path = text_format("%s/docker.sock", peer->folder);
        peer->host = text_format("unix://%s", peer->path);
        strcpy(address.sun_path, peer->path);
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 64) < 0)
                abort();
        return fd;
}

static inline int peer_listen_tcp(struct peer *peer)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 64) < 0 ||
            getsockname(fd, (struct sockaddr *)&address, &length) < 0)
                abort();
        peer->host = text_format("tcp://127.0.0.1:%d", ntohs(address.sin_port));
        return fd;
}

static inline void peer_start(struct peer *peer, bool tcp)
{
        strcpy(peer->folder, "/tmp/headroom-peer.XXXXXX");
        if (!mkdtemp(peer->folder))
                abort();
        pthread_mutex_init(&peer->lock, NULL);
        peer->listener = tcp ? peer_listen_tcp(peer) : peer_listen_unix(peer);
        peer->stop = eventfd(0, EFD_CLOEXEC);
        pthread_create(&peer->thread, NULL, peer_accept, peer);
}

static inline void peer_stop(struct peer *peer)
{
        eventfd_write(peer->stop, 1);
        pthread_join(peer->thread, NULL);
        for (int i = 0; i < peer->connections; i++)
                pthread_join(peer->workers[i], NULL);
        close(peer->listener);
        close(peer->stop);
        if (peer->path)
                unlink(peer->path);
        rmdir(peer->folder);
        free(peer->path);
        free(peer->host);
        pthread_mutex_destroy(&peer->lock);
}
#define _cleanup_peer_ _cleanup_(peer_stop)
