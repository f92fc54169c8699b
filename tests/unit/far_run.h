#pragma once

/*
 * A run in a process of its own. The fakes stay here and are asked over a socket, so that the process can be
 * killed (SIGKILL) before or after any of its dealings with the world, and what it did until then has
 * happened. What it does on the disk, it does itself.
 */

#include "host_scene.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum far_kind {
        FAR_NOW,
        FAR_WALL,
        FAR_ENDED,
        FAR_POINTS, /* from here on the process may be killed at it */
        FAR_ENGINE = FAR_POINTS,
        FAR_SLEEP,
        FAR_LOOK,
        FAR_JOB,
        FAR_RELOAD,
        FAR_FORK, /* of a command's keeper */
};

struct far_ask {
        enum far_kind kind;
        int64_t number; /* of milliseconds, an action, a result */
        char method[8];
        char text[768]; /* a path, a unit's name, a sentence */
        bool has_body;
        size_t body_length; /* the body follows */
};

struct far_answer {
        int64_t number;
        int status;
        enum error_kind kind; /* of what failed */
        char sentence[256];
        struct fake_unit unit; /* its texts are this program's own, in either process */
        size_t length;         /* the bytes follow */
};

static inline void far_write(int socket, const void *bytes, size_t length)
{
        for (size_t done = 0; done < length;) {
                ssize_t written = send(socket, (const char *)bytes + done, length - done, MSG_NOSIGNAL);
                if (written <= 0)
                        _exit(9); /* the test is over */
                done += (size_t)written;
        }
}

static inline bool far_read(int socket, void *bytes, size_t length)
{
        for (size_t done = 0; done < length;) {
                ssize_t got = read(socket, (char *)bytes + done, length - done);
                if (got <= 0)
                        return false;
                done += (size_t)got;
        }
        return true;
}

/* The process that runs. */

static int far_socket = -1;
static pid_t far_process;

static inline void far_ask(const struct far_ask *ask, const char *body, struct far_answer *ret_answer,
                           struct buffer *ret_bytes)
{
        char chunk[4096];

        far_write(far_socket, ask, sizeof(*ask));
        far_write(far_socket, body, ask->body_length);
        if (!far_read(far_socket, ret_answer, sizeof(*ret_answer)))
                _exit(9);
        for (size_t left = ret_answer->length; left;) {
                size_t length = MIN(left, sizeof(chunk));
                if (!far_read(far_socket, chunk, length))
                        _exit(9);
                buffer_add(ret_bytes, chunk, length);
                left -= length;
        }
}

static inline int64_t far_ask_number(enum far_kind kind, int64_t number)
{
        const struct far_ask ask = {.kind = kind, .number = number};
        struct far_answer answer;

        far_ask(&ask, NULL, &answer, NULL);
        return answer.number;
}

static inline int64_t far_now(void *userdata)
{
        return far_ask_number(FAR_NOW, 0);
}

static inline int64_t far_wall(void *userdata)
{
        return far_ask_number(FAR_WALL, 0);
}

static inline void far_sleep(void *userdata, int64_t duration_ms)
{
        far_ask_number(FAR_SLEEP, duration_ms);
}

/* A keeper forks, too, and a shell: they are not this process. */
static inline void far_forks(void)
{
        if (getpid() == far_process)
                far_ask_number(FAR_FORK, 0);
}

static inline void far_perform(struct engine *engine, struct engine_request *requests, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                struct engine_request *request = &requests[i];
                struct far_ask ask = {.kind = FAR_ENGINE, .has_body = request->body != NULL};
                struct far_answer answer;
                ask.body_length = request->body ? request->body_length : 0;
                snprintf(ask.method, sizeof(ask.method), "%s", engine_request_method(request));
                snprintf(ask.text, sizeof(ask.text), "%s", request->path);
                far_ask(&ask, request->body, &answer, &request->answer);
                request->status = answer.status;
                if (!request->sink || request->status / 100 != 2)
                        continue;
                request->sink(request->userdata, buffer_text(&request->answer), request->answer.length,
                              &request->error);
                buffer_clear(&request->answer);
        }
}

static inline int far_ask_unit(enum far_kind kind, const char *name, int64_t number,
                               struct far_answer *ret_answer, struct error *error)
{
        struct far_ask ask = {.kind = kind, .number = number};

        snprintf(ask.text, sizeof(ask.text), "%s", name);
        far_ask(&ask, NULL, ret_answer, NULL);
        return ret_answer->kind == ERROR_NONE
                       ? 0
                       : error_set(error, ret_answer->kind, "%s", ret_answer->sentence);
}

static inline int far_look(struct units *units, const char *name, struct unit_state *ret_state,
                           struct error *error)
{
        struct far_answer answer;

        if (far_ask_unit(FAR_LOOK, name, 0, &answer, error) < 0)
                return -1;
        fake_unit_tell(&answer.unit, ret_state);
        ret_state->name = text_copy(name);
        ret_state->id = text_copy(name);
        return 0;
}

static inline int far_job(struct units *units, const char *name, enum unit_action action, uint32_t *ret_job,
                          struct error *error)
{
        struct far_answer answer;

        *ret_job = 1;
        return far_ask_unit(FAR_JOB, name, action, &answer, error);
}

static inline int far_reload(struct units *units, struct error *error)
{
        struct far_answer answer;

        return far_ask_unit(FAR_RELOAD, "", 0, &answer, error);
}

_Noreturn static inline void far_live(struct scene *scene, enum goal goal)
{
        static const struct engine_operations engine_operations = {.perform = far_perform};
        static const struct units_operations units_operations = {
                .look = far_look, .job = far_job, .reload = far_reload};
        static const struct clock_source clock = {far_now, far_wall, far_sleep, NULL};
        struct engine engine = scene->fake.engine;
        struct units units = {&units_operations};
        struct run_options options = scene_options(scene, goal);
        struct error error = {0};
        struct far_ask ended = {.kind = FAR_ENDED};
        bool changed;

        far_process = getpid();
        pthread_atfork(far_forks, NULL, NULL);
        clock_use(&clock);
        engine.operations = &engine_operations;
        options.units = &units;
        ended.number = plan_run(&engine, &scene->plan, &options, &quiet, &changed, &error);
        snprintf(ended.text, sizeof(ended.text), "%s", error.sentence ? error.sentence : "");
        far_write(far_socket, &ended, sizeof(ended));
        _exit(0);
}

/* The world around it. */

struct far_point {
        enum far_kind kind;
        bool changes; /* something of the world */
        char what[96];
};

struct far {
        struct scene *scene;
        enum goal goal;
        size_t kill_at;  /* the number of a point, from 1; 0: never */
        bool kill_after; /* ... when what it asked for has been done */

        LIST(struct far_point) points;
        bool killed;
        char failure[768]; /* how it ended by itself; "" well */
};

static inline void far_done(struct far *far)
{
        free(far->points.items);
}
#define _cleanup_far_ _cleanup_(far_done)

static inline void far_answer_unit(struct far *far, const struct far_ask *ask, struct far_answer *answer)
{
        static const struct fake_unit none = {.load_state = "not-found"};
        _cleanup_unit_state_ struct unit_state state = {0};
        _cleanup_error_ struct error error = {0};
        struct units *units = &far->scene->units.units;
        const struct units_operations *operations = units->operations;
        uint32_t job;
        int result = ask->kind == FAR_LOOK ? operations->look(units, ask->text, &state, &error)
                     : ask->kind == FAR_JOB
                             ? operations->job(units, ask->text, (enum unit_action)ask->number, &job, &error)
                             : operations->reload(units, &error);

        if (result < 0) {
                answer->kind = error.kind;
                snprintf(answer->sentence, sizeof(answer->sentence), "%s", error.sentence);
        }
        const struct fake_unit *unit = scene_unit(far->scene, ask->text);
        answer->unit = unit ? *unit : none;
}

static inline void far_answer_engine(struct far *far, const struct far_ask *ask, const char *body,
                                     struct far_answer *answer, struct buffer *bytes)
{
        struct engine_request request = {.method = ask->method,
                                         .path = ask->text,
                                         .body = ask->has_body ? body : NULL,
                                         .body_length = ask->body_length};

        fake_answer(&far->scene->fake, &request);
        answer->status = request.status;
        buffer_add(bytes, buffer_text(&request.answer), request.answer.length);
        answer->length = bytes->length;
        engine_request_done(&request);
}

static inline void far_do(struct far *far, const struct far_ask *ask, const char *body,
                          struct far_answer *answer, struct buffer *bytes)
{
        switch (ask->kind) {
        case FAR_NOW:
                answer->number = clock_now_ms();
                break;
        case FAR_WALL:
                answer->number = clock_wall_ms();
                break;
        case FAR_SLEEP:
                clock_sleep_ms(ask->number);
                break;
        case FAR_ENGINE:
                far_answer_engine(far, ask, body, answer, bytes);
                break;
        case FAR_LOOK:
        case FAR_JOB:
        case FAR_RELOAD:
                far_answer_unit(far, ask, answer);
                break;
        default:
                break;
        }
}

static inline void far_note_point(struct far *far, const struct far_ask *ask)
{
        static const char *const kinds[] = {
                [FAR_ENGINE] = "", [FAR_SLEEP] = "sleep",   [FAR_LOOK] = "look at",
                [FAR_JOB] = "job", [FAR_RELOAD] = "reload", [FAR_FORK] = "fork"};
        struct far_point *point = list_add(&far->points);

        point->kind = ask->kind;
        point->changes = ask->kind == FAR_JOB || ask->kind == FAR_RELOAD || ask->kind == FAR_FORK ||
                         (ask->kind == FAR_ENGINE && !text_equal(ask->method, "GET"));
        snprintf(point->what, sizeof(point->what), "%s %s %.60s", kinds[ask->kind], ask->method, ask->text);
}

/* One thing that the process asks for; false when it has ended or was killed. */
static inline bool far_serve(struct far *far, int socket, pid_t process)
{
        struct far_ask ask;
        struct far_answer answer = {0};
        _cleanup_buffer_ struct buffer bytes = {0};

        if (!far_read(socket, &ask, sizeof(ask))) {
                snprintf(far->failure, sizeof(far->failure), "it died of itself");
                return false;
        }
        _cleanup_free_ char *body = memory_new(1, ask.body_length + 1);
        assert_true(far_read(socket, body, ask.body_length));
        if (ask.kind == FAR_ENDED) {
                memcpy(far->failure, ask.text, sizeof(far->failure));
                return false;
        }
        if (ask.kind >= FAR_POINTS)
                far_note_point(far, &ask);
        bool dies = ask.kind >= FAR_POINTS && far->points.count == far->kill_at;
        if (!dies || far->kill_after)
                far_do(far, &ask, body, &answer, &bytes);
        if (dies) {
                far->killed = true;
                kill(process, SIGKILL);
                return false;
        }
        far_write(socket, &answer, sizeof(answer));
        far_write(socket, bytes.bytes, bytes.length);
        return true;
}

/* Runs until it ends or is killed. */
static inline void far_run(struct far *far)
{
        int ends[2];
        int status;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        pid_t process = fork();
        assert_true(process >= 0);
        if (process == 0) {
                close(ends[0]);
                far_socket = ends[1];
                far_live(far->scene, far->goal);
        }
        close(ends[1]);
        while (far_serve(far, ends[0], process))
                ;
        close(ends[0]);
        assert_int_equal(waitpid(process, &status, 0), process);
        if (!far->killed && !far->failure[0] && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
                snprintf(far->failure, sizeof(far->failure), "it ended with status %d", status);
}
