#include "sim/bench/jobs.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * Each process takes the next seed when it has done one, so that none waits for another, and tells through a
 * pipe what it found. Which seed it is at stands in memory that is shared, so that a schedule that kills its
 * process, or keeps it busy for ever, is known.
 */

#define JOBS_MAX       64
#define TELL_EVERY     64
#define SCHEDULE_MAX_S 60 /* one takes milliseconds */

enum told {
        TOLD_PROGRESS,
        TOLD_FAILURE,
};

struct message {
        enum told told;
        uint64_t done, unplanned, calls, runs;
        uint64_t seed;
        char text[160];
};

struct job {
        pid_t process;
        int from;
};

struct board {
        uint64_t taken;          /* how many seeds are done, or under way */
        uint64_t seed[JOBS_MAX]; /* at which each process is */
        bool stop;
};

void jobs_result_done(struct jobs_result *result)
{
        for (size_t i = 0; i < result->failures.count; i++)
                free(result->failures.items[i].text);
        free(result->failures.items);
        *result = (struct jobs_result){0};
}

/* The process */

static void tell(int to, const struct message *message)
{
        if (write(to, message, sizeof(*message)) != (ssize_t)sizeof(*message))
                _exit(1); /* nobody listens any more */
}

static void run_seed(uint64_t seed, const char *state, int to, struct message *progress)
{
        _cleanup_schedule_ struct schedule schedule = {0};
        _cleanup_outcome_ struct outcome outcome = {0};

        alarm(SCHEDULE_MAX_S);
        schedule_draft(seed, &schedule);
        bench_run(&schedule, state, NULL, NULL, &outcome);
        state_folder_empty(state);
        progress->done++;
        progress->unplanned += outcome.runs == 0;
        progress->calls += outcome.calls;
        progress->runs += outcome.runs;
        if (!outcome.invariant)
                return;
        struct message failure = {.told = TOLD_FAILURE, .seed = seed};
        snprintf(failure.text, sizeof(failure.text), "%s: found %.100s", outcome.invariant, outcome.found);
        tell(to, &failure);
}

static uint64_t take_next(struct board *board)
{
        return __atomic_fetch_add(&board->taken, 1, __ATOMIC_RELAXED);
}

_Noreturn static void work(const struct jobs_wish *wish, uint64_t number, struct board *board, int to)
{
        _cleanup_free_ char *state = state_folder_make();
        struct message progress = {.told = TOLD_PROGRESS};

        if (!state)
                _exit(1);
        for (uint64_t i; !board->stop && (i = take_next(board)) < wish->count;) {
                board->seed[number] = wish->first_seed + i;
                run_seed(wish->first_seed + i, state, to, &progress);
                if (progress.done < TELL_EVERY)
                        continue;
                tell(to, &progress);
                progress = (struct message){.told = TOLD_PROGRESS};
        }
        tell(to, &progress);
        state_folder_remove(state);
        _exit(0);
}

/* The one that waits */

static void add_failure(struct jobs_result *result, uint64_t seed, char *text, bool crashed)
{
        *list_add(&result->failures) = (struct jobs_failure){seed, text, crashed};
}

static void take(struct jobs_result *result, const struct message *message)
{
        result->done += message->done;
        result->unplanned += message->unplanned;
        result->calls += message->calls;
        result->runs += message->runs;
        if (message->told == TOLD_FAILURE)
                add_failure(result, message->seed, text_copy(message->text), false);
}

static void bury(const struct job *job, uint64_t seed, struct jobs_result *result)
{
        int status;

        while (waitpid(job->process, &status, 0) < 0 && errno == EINTR)
                ;
        if (WIFSIGNALED(status))
                add_failure(result, seed,
                            text_format("its process ended by signal %d%s", WTERMSIG(status),
                                        WTERMSIG(status) == SIGALRM ? ", after a minute" : ""),
                            true);
        else if (WEXITSTATUS(status))
                add_failure(result, seed, text_format("its process ended with %d", WEXITSTATUS(status)),
                            true);
}

static int start(const struct jobs_wish *wish, uint64_t number, struct board *board, int to, struct job *job,
                 struct error *error)
{
        fflush(NULL);
        job->process = fork();
        if (job->process < 0)
                return error_set(error, ERROR_FAILED, "no process can be made: %s", strerror(errno));
        if (job->process == 0)
                work(wish, number, board, to);
        return 0;
}

static int compare_failures(const void *a, const void *b)
{
        const struct jobs_failure *left = a;
        const struct jobs_failure *right = b;

        return left->seed < right->seed ? -1 : left->seed > right->seed;
}

/* One line on a terminal, rewritten once a second. Real time: the schedules' own is virtual. */
static void show(const struct jobs_wish *wish, const struct jobs_result *result, time_t *shown)
{
        time_t now = time(NULL);

        if (now == *shown || !isatty(STDERR_FILENO))
                return;
        *shown = now;
        fprintf(stderr, "\r\033[K%llu of %llu schedules, %zu failed", (unsigned long long)result->done,
                (unsigned long long)wish->count, result->failures.count);
}

static void listen_to(const struct jobs_wish *wish, int from, struct board *board, struct jobs_result *result)
{
        time_t shown = time(NULL);
        struct message message;

        while (read(from, &message, sizeof(message)) == (ssize_t)sizeof(message)) {
                take(result, &message);
                show(wish, result, &shown);
                if (result->failures.count >= wish->failures_max)
                        board->stop = true;
        }
        if (isatty(STDERR_FILENO))
                fprintf(stderr, "\r\033[K");
}

int jobs_run(const struct jobs_wish *wish, struct jobs_result *ret_result, struct error *error)
{
        struct jobs_wish capped = *wish;
        struct jobs_result result = {0};
        struct job jobs[JOBS_MAX];
        struct board *board =
                mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        int ends[2];

        if (board == MAP_FAILED || pipe(ends) < 0)
                return error_set(error, ERROR_FAILED, "no memory or pipe to share: %s", strerror(errno));
        capped.jobs = MIN(MAX(wish->jobs, 1), JOBS_MAX);
        int begun = 0;
        for (uint64_t i = 0; i < capped.jobs && begun == 0; i++)
                begun = start(&capped, i, board, ends[1], &jobs[i], error);
        close(ends[1]);
        if (begun == 0) {
                listen_to(&capped, ends[0], board, &result);
                for (uint64_t i = 0; i < capped.jobs; i++)
                        bury(&jobs[i], board->seed[i], &result);
                if (result.failures.count)
                        qsort(result.failures.items, result.failures.count, sizeof(struct jobs_failure),
                              compare_failures);
                *ret_result = result;
        }
        close(ends[0]);
        munmap(board, sizeof(*board));
        return begun;
}
