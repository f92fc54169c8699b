#include "sim/forecast/jobs.h"

#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>

/* A message is a head and the record, or a sentence of why there is none. */

#define PROCESSES_MAX  64
#define SENTENCE_BYTES 1000

struct head {
        size_t index;
        bool failed;
};

#define MESSAGE_MAX (sizeof(struct head) + JOBS_RECORD_MAX)
_Static_assert(sizeof(struct head) + JOBS_RECORD_MAX <= 4096, "PIPE_BUF bytes are written at once");
_Static_assert(SENTENCE_BYTES <= JOBS_RECORD_MAX, "a sentence takes a record's place");

static size_t message_bytes(const struct jobs *jobs)
{
        return sizeof(struct head) + MAX(jobs->record_bytes, SENTENCE_BYTES);
}

/* A child ends without a word only when nobody reads any more. */
static void do_piece(const struct jobs *jobs, size_t index, int to)
{
        char message[MESSAGE_MAX] = {0};
        struct head head = {.index = index};
        _cleanup_error_ struct error error = {0};

        head.failed = jobs->work(jobs->userdata, index, message + sizeof(head), &error) < 0;
        if (head.failed)
                snprintf(message + sizeof(head), SENTENCE_BYTES, "%s", error.sentence);
        memcpy(message, &head, sizeof(head));
        if (write(to, message, message_bytes(jobs)) < 0)
                _exit(1);
}

static pid_t start(const struct jobs *jobs, size_t first, size_t step, const int pipe_ends[2])
{
        pid_t pid = fork();

        if (pid != 0)
                return pid;
        close(pipe_ends[0]);
        for (size_t i = first; i < jobs->count; i += step)
                do_piece(jobs, i, pipe_ends[1]);
        _exit(0);
}

static bool read_whole(int from, char *bytes, size_t count)
{
        while (count) {
                ssize_t got = read(from, bytes, count);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return false;
                bytes += got;
                count -= (size_t)got;
        }
        return true;
}

/* As many as come before all processes have ended. */
static size_t collect(const struct jobs *jobs, int from, char *records, char **ret_failure)
{
        char message[MESSAGE_MAX];
        struct head head;
        size_t done = 0;

        while (read_whole(from, message, message_bytes(jobs))) {
                memcpy(&head, message, sizeof(head));
                if (head.failed && !*ret_failure)
                        *ret_failure = text_copy(message + sizeof(head));
                if (!head.failed)
                        memcpy(records + head.index * jobs->record_bytes, message + sizeof(head),
                               jobs->record_bytes);
                done++;
                if (jobs->progressed)
                        jobs->progressed(jobs->userdata, done);
        }
        return done;
}

static size_t processes_of(const struct jobs *jobs)
{
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        size_t wanted = jobs->processes ? jobs->processes : (size_t)MAX(processors, 1);

        return MIN(MIN(wanted, jobs->count), PROCESSES_MAX);
}

int forecast_jobs_run(const struct jobs *jobs, void *ret_records, struct error *error)
{
        _cleanup_free_ char *failure = NULL;
        size_t processes = processes_of(jobs);
        pid_t pids[PROCESSES_MAX];
        int ends[2];

        assert(jobs->record_bytes <= JOBS_RECORD_MAX);
        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_set(error, ERROR_FAILED, "there is no pipe to be had: %s", strerror(errno));
        fflush(NULL); /* or a child would write what stands in the buffers again */
        size_t started = 0;
        while (started < processes && (pids[started] = start(jobs, started, processes, ends)) > 0)
                started++;
        close(ends[1]);
        size_t done = collect(jobs, ends[0], ret_records, &failure);
        close(ends[0]);
        for (size_t i = 0; i < started; i++)
                while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
                        ;
        if (failure)
                return error_set(error, ERROR_FAILED, "%s", failure);
        if (done < jobs->count)
                return error_set(error, ERROR_FAILED, "only %zu of %zu runs came to an end", done,
                                 jobs->count);
        return 0;
}
