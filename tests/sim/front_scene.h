#pragma once

/* A simulated swarm served on a socket by a process of its own, and bytes exchanged with it as they are. */

#include "scene.h"

#include "sim/front/server.h"
#include "sim/front/socket.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define FRONT_WAIT_MS 20000 /* for anything that has to come */

struct front_scene {
        char folder[64];
        char *path;
        pid_t server;
};

/* The server's process: never returns. */
static inline void front_serve(struct sim *sim, double speed, const char *path, int ready)
{
        struct front_socket socket = FRONT_SOCKET_NONE;
        struct front *front = NULL;
        _cleanup_error_ struct error error = {0};
        int code = 1;

        if (front_socket_open(path, &socket, &error) == 0 &&
            front_open(sim, speed, socket.fd, &front, &error) == 0) {
                if (write(ready, "r", 1) != 1)
                        _exit(1);
                code = front_run(front, &error) == 0 ? 0 : 1;
        }
        if (error.sentence)
                fprintf(stderr, "%s\n", error.sentence);
        front_free(front);
        front_socket_close(&socket);
        sim_free(sim);
        _exit(code);
}

/* The sim is taken. */
static inline void front_scene_open(struct front_scene *scene, struct sim *sim, double speed)
{
        int ready[2];
        char byte;

        strcpy(scene->folder, "/tmp/headroom-front.XXXXXX");
        assert_non_null(mkdtemp(scene->folder));
        scene->path = text_format("%s/sim.sock", scene->folder);
        assert_int_equal(pipe(ready), 0);
        scene->server = fork();
        assert_true(scene->server >= 0);
        if (scene->server == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
                front_serve(sim, speed, scene->path, ready[1]);
        close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        close(ready[0]);
        sim_free(sim);
}

/* Ends the server as an operator would, and says how it ended. */
static inline int front_scene_close(struct front_scene *scene)
{
        int status = -1;

        kill(scene->server, SIGTERM);
        waitpid(scene->server, &status, 0);
        assert_int_equal(access(scene->path, F_OK), -1); /* it has removed its socket */
        rmdir(scene->folder);
        free(scene->path);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline int front_connect(const struct front_scene *scene)
{
        struct sockaddr_un name = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        strncpy(name.sun_path, scene->path, sizeof(name.sun_path) - 1);
        assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof(name)), 0);
        return fd;
}

/* Sends as much as is taken: a server that has refused closes in the midst. */
static inline void front_send(int fd, const char *bytes, size_t length)
{
        while (length) {
                ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
                if (sent <= 0)
                        return;
                bytes += sent;
                length -= (size_t)sent;
        }
}

/* Reads until the text has come, or, when it is NULL, the other side closes. False: it never came. */
static inline bool front_read(int fd, const char *until, struct buffer *bytes)
{
        int64_t end_ms = clock_now_ms() + FRONT_WAIT_MS;
        char part[65536];

        while (!until || !bytes->length || !strstr(bytes->bytes, until)) {
                struct pollfd polled = {.fd = fd, .events = POLLIN};
                if (poll(&polled, 1, (int)MAX(end_ms - clock_now_ms(), 0)) != 1)
                        return false;
                ssize_t count = read(fd, part, sizeof(part));
                if (count <= 0)
                        return !until;
                buffer_add(bytes, part, (size_t)count);
        }
        return true;
}

/* All that comes back for these bytes, until the server closes. Owned by the caller. */
static inline char *front_talk(const struct front_scene *scene, const char *bytes)
{
        struct buffer answer = {0};
        int fd = front_connect(scene);

        front_send(fd, bytes, strlen(bytes));
        if (!front_read(fd, NULL, &answer))
                fail_msg("no end of the answer to %.60s: %s", bytes, buffer_text(&answer));
        close(fd);
        buffer_add(&answer, "", 1);
        return buffer_steal(&answer);
}

static inline void front_tells(const struct front_scene *scene, const char *bytes, const char *words)
{
        _cleanup_free_ char *answer = front_talk(scene, bytes);

        if (!strstr(answer, words))
                fail_msg("%.60s\nanswers %.400s\nand not %s", bytes, answer, words);
}

#define FRONT_END "Host: d\r\nConnection: close\r\n\r\n"
