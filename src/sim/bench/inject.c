#include "sim/bench/bench.h"

#include <fnmatch.h>
#include <sys/stat.h>

/*
 * The engine that headroom asks in a schedule: each call is counted, may be struck by faults, and is answered
 * by the simulated swarm. When headroom is killed the engine falls silent, its clock leaves the swarm's, and
 * the run comes to its end without touching anything.
 */

#define CALLS_MAX   20000 /* of a whole schedule; a fault-free one takes some hundred */
#define IDLE_MAX_MS 5000  /* so long at most is jumped over while nothing goes on */

void bench_tell(const struct bench *bench, const char *format, ...)
{
        va_list arguments;

        if (!bench->trace)
                return;
        fprintf(bench->trace, "%9.3f s  ", (double)sim_now_ms(bench->sim) / 1000);
        va_start(arguments, format);
        vfprintf(bench->trace, format, arguments);
        va_end(arguments);
        fputc('\n', bench->trace);
}

void bench_fault(struct bench *bench, const char *invariant, char *expected, char *found)
{
        if (bench_is_over(bench)) {
                free(expected);
                free(found);
                return;
        }
        bench->outcome.invariant = text_copy(invariant);
        bench->outcome.expected = expected;
        bench->outcome.found = found;
        bench->dead = true;
        bench_tell(bench, "!! %s: expected %s, found %s", invariant, expected, found);
}

/* Which faults strike a call */

static bool is_of_kind(const struct fault *fault, const char *method, const char *path)
{
        return text_equal(fault->method, method) && fnmatch(fault->path, path, FNM_PATHNAME) == 0;
}

/* Whether the fault strikes this call; its count goes on. */
static bool is_due(struct bench *bench, size_t index, const char *method, const char *path)
{
        const struct fault *fault = &bench->schedule->faults.items[index];
        uint64_t number = bench->calls;
        uint64_t from = fault->call;

        if (!from) {
                if (!is_of_kind(fault, method, path))
                        return false;
                number = ++bench->seen.items[index];
                from = fault->nth;
        }
        return number >= from && number < from + fault->times;
}

/* The ID of the service that a call is about; NULL: it is about none. Owned by the caller. */
static char *service_of(const char *path)
{
        static const char prefix[] = "/services/";

        if (!text_starts_with(path, prefix))
                return NULL;
        return text_copy_n(path + strlen(prefix), strcspn(path + strlen(prefix), "/"));
}

static void touch(struct bench *bench, const char *path)
{
        _cleanup_free_ char *id = service_of(path);

        if (id)
                mishap_touch(bench, id);
}

/* All of the world strike; of those of the call itself the first. NULL: none of those. */
static const struct fault *strike(struct bench *bench, const char *method, const char *path)
{
        const struct fault *of_call = NULL;

        for (size_t i = 0; i < bench->schedule->faults.count; i++) {
                const struct fault *fault = &bench->schedule->faults.items[i];
                if (!is_due(bench, i, method, path))
                        continue;
                bench->struck.items[i] = true;
                bench->runs_since = bench->calls_since = 0;
                if (fault->kind == FAULT_STALE)
                        touch(bench, path);
                else if (!fault_is_of_call(fault->kind))
                        mishap_strike(bench, fault);
                else if (!of_call)
                        of_call = fault;
        }
        return of_call;
}

/* What comes of it */

static void answer(struct bench *bench, struct engine_request *request)
{
        bench->inner->api_version_minor = bench->engine.api_version_minor;
        bench->inner->operations->perform(bench->inner, request, 1);
}

/* The call is carried out, and its answer is kept from the caller. */
static void answer_unheard(struct bench *bench, const struct engine_request *request,
                           struct engine_request *ret_unheard)
{
        *ret_unheard = (struct engine_request){.method = request->method,
                                               .path = request->path,
                                               .body = request->body,
                                               .body_length = request->body_length};
        answer(bench, ret_unheard);
}

static void deliver(struct engine_request *request, const char *bytes, size_t length)
{
        if (request->sink && request->status / 100 == 2)
                request->sink(request->userdata, bytes, length, &request->error);
        else
                buffer_add(&request->answer, bytes, length);
}

static void time_out(struct bench *bench, struct engine_request *request)
{
        bench_wait(bench, request->timeout_ms ? request->timeout_ms : ENGINE_TIMEOUT_MS);
        error_set(&request->error, ERROR_TIMEOUT, "the engine did not finish answering %s %s within %d s",
                  engine_request_method(request), request->path, ENGINE_TIMEOUT_MS / 1000);
}

static void spoil(struct bench *bench, struct engine_request *request, bool cut)
{
        struct engine_request unheard _cleanup_(engine_request_done) = {0};

        answer_unheard(bench, request, &unheard);
        request->status = unheard.status;
        if (unheard.error.kind) {
                error_move(&request->error, &unheard.error);
                return;
        }
        deliver(request, buffer_text(&unheard.answer), unheard.answer.length / 2);
        if (cut) {
                buffer_clear(&request->answer);
                error_set(&request->error, ERROR_PROTOCOL, "the engine broke off its answer to %s %s",
                          engine_request_method(request), request->path);
        } else if (!request->error.kind) {
                deliver(request, "\"]{", 3);
        }
}

static void die(struct bench *bench, struct engine_request *request)
{
        struct stat journal;

        bench->dead = true;
        bench->journal_bytes = bench->journal && stat(bench->journal, &journal) == 0 ? journal.st_size : -1;
        bench->dead_ms = sim_now_ms(bench->sim);
        host_file_die(bench);
        error_set(&request->error, ERROR_UNREACHABLE, "headroom was killed");
}

static void suffer(struct bench *bench, const struct fault *fault, struct engine_request *request)
{
        struct engine_request unheard _cleanup_(engine_request_done) = {0};

        switch (fault->kind) {
        case FAULT_REFUSED:
                error_set(&request->error, ERROR_UNREACHABLE, "no engine at %s: connection refused",
                          bench->engine.description);
                return;
        case FAULT_LOST_AFTER:
                answer_unheard(bench, request, &unheard);
                time_out(bench, request);
                return;
        case FAULT_LOST_BEFORE:
                time_out(bench, request);
                return;
        case FAULT_ERROR:
                request->status = 500;
                buffer_add_text(&request->answer, "{\"message\":\"something went wrong inside\"}\n");
                return;
        case FAULT_BROKEN:
        case FAULT_CUT:
                spoil(bench, request, fault->kind == FAULT_CUT);
                return;
        case FAULT_KILL_AFTER:
                answer_unheard(bench, request, &unheard);
                die(bench, request);
                return;
        default:
                die(bench, request);
        }
}

/* "POST /services/x/update" is a call of the kind "POST /services/" and a star "/update". */
static char *kind_of(const char *method, const char *path)
{
        static const char *const rooms[] = {"/services/", "/networks/", "/containers/",
                                            "/images/",   "/tasks/",    "/nodes/"};
        static const char *const words[] = {"create", "json", "prune"};

        for (size_t i = 0; i < ELEMENTS(rooms); i++) {
                if (!text_starts_with(path, rooms[i]))
                        continue;
                const char *object = path + strlen(rooms[i]);
                for (size_t j = 0; j < ELEMENTS(words); j++)
                        if (text_equal(object, words[j]))
                                return text_format("%s %s", method, path);
                return text_format("%s %s*%s", method, rooms[i], object + strcspn(object, "/"));
        }
        return text_format("%s %s", method, path);
}

void call_list_done(struct call_list *calls)
{
        for (size_t i = 0; i < calls->items.count; i++)
                free(calls->items.items[i]);
        free(calls->items.items);
        *calls = (struct call_list){0};
}

static void tell_call(const struct bench *bench, const struct engine_request *request,
                      const struct fault *fault)
{
        if (bench->trace)
                bench_tell(bench, "#%llu %s %s -> %d%s%s%s%s", (unsigned long long)bench->calls,
                           engine_request_method(request), request->path, request->status,
                           fault ? "  ** " : "", fault ? fault_name(fault->kind) : "",
                           request->status >= 400 ? " " : "",
                           request->status >= 400 ? buffer_text(&request->answer) : "");
}

static void note_update(struct bench *bench, const struct engine_request *request, const char *path)
{
        _cleanup_free_ char *id =
                text_equal(engine_request_method(request), "POST") ? service_of(path) : NULL;

        if (id && request->status == 200)
                watch_update(bench, id);
}

static void call(struct bench *bench, struct engine_request *request)
{
        _cleanup_free_ char *path = text_copy_n(request->path, strcspn(request->path, "?"));
        const char *method = engine_request_method(request);

        if (bench->dead || bench->calls >= CALLS_MAX) {
                if (!bench->dead)
                        bench_fault(bench, "it ends", text_format("at most %d calls", CALLS_MAX),
                                    text_copy("more"));
                error_set(&request->error, ERROR_UNREACHABLE, "headroom was killed");
                return;
        }
        bench->calls++;
        bench->calls_since++;
        if (bench->list)
                *list_add(&bench->list->items) = kind_of(method, path);
        const struct fault *fault = strike(bench, method, path);
        if (bench->read_only && !text_equal(method, "GET"))
                bench_fault(bench, "a plan changes nothing", text_copy("only GET"),
                            text_format("%s %s", method, path));
        if (fault)
                suffer(bench, fault, request);
        else
                answer(bench, request);
        tell_call(bench, request, fault);
        note_update(bench, request, path);
        watch_look(bench);
}

static void perform(struct engine *engine, struct engine_request *requests, size_t count)
{
        for (size_t i = 0; i < count; i++)
                call((struct bench *)engine, &requests[i]);
}

static void nothing_to_free(_unused_ struct engine *engine)
{
}

/* Time */

static int64_t now_ms(void *userdata)
{
        const struct bench *bench = userdata;

        return bench->dead ? bench->dead_ms : sim_now_ms(bench->sim);
}

static int64_t wall_ms(void *userdata)
{
        const struct bench *bench = userdata;

        return sim_clock(bench->sim)->wall_ms(bench->sim);
}

static int64_t next_ms_of(const struct bench *bench)
{
        return MIN(sim_next_ms(bench->sim), mishap_next_ms(bench));
}

static void go_on_until(struct bench *bench, int64_t until_ms)
{
        for (;;) {
                int64_t next_ms = next_ms_of(bench);
                if (next_ms > until_ms || bench_is_over(bench))
                        break;
                sim_run_until(bench->sim, next_ms);
                mishap_lift_due(bench);
                watch_look(bench);
        }
        sim_run_until(bench->sim, until_ms);
}

void bench_wait(struct bench *bench, int64_t ms)
{
        go_on_until(bench, sim_now_ms(bench->sim) + ms);
}

bool bench_is_undisturbed(const struct bench *bench)
{
        for (size_t i = 0; i < bench->struck.count; i++)
                if (bench->struck.items[i])
                        return false;
        return true;
}

bool bench_is_at_rest(const struct bench *bench)
{
        return next_ms_of(bench) >= sim_now_ms(bench->sim) + BENCH_REST_MS;
}

bool bench_go_on(struct bench *bench, int64_t end_ms)
{
        if (bench_is_at_rest(bench) || sim_now_ms(bench->sim) >= end_ms || bench_is_over(bench))
                return false;
        go_on_until(bench, next_ms_of(bench));
        return true;
}

/* Headroom looks again when something has happened; while nothing does it would see the same. */
static void sleep_ms(void *userdata, int64_t duration_ms)
{
        struct bench *bench = userdata;

        if (bench->dead) {
                bench->dead_ms += MAX(duration_ms, 0);
                return;
        }
        bench_wait(bench, MAX(duration_ms, 0));
        int64_t next_ms = next_ms_of(bench);
        if (!bench->schedule->patient && next_ms > sim_now_ms(bench->sim))
                go_on_until(bench, MIN(next_ms, sim_now_ms(bench->sim) + IDLE_MAX_MS));
}

int bench_open(struct bench *bench, const struct schedule *schedule, const char *state, FILE *trace,
               struct error *error)
{
        static const struct engine_operations operations = {.perform = perform, .free = nothing_to_free};

        *bench = (struct bench){.schedule = schedule, .state = state, .trace = trace};
        bench->random.state = (schedule->seed << 1) | 1;
        if (bench_swarm_open(schedule, &bench->sim, error) < 0)
                return -1;
        bench->inner = sim_engine_open(bench->sim, 0);
        bench->engine.operations = &operations;
        bench->engine.description = bench->inner->description;
        bench->engine.api_version_minor = bench->inner->api_version_minor;
        bench->clock = (struct clock_source){now_ms, wall_ms, sleep_ms, bench};
        for (size_t i = 0; i < schedule->faults.count; i++) {
                list_add(&bench->seen);
                list_add(&bench->struck);
        }
        return 0;
}

void bench_close(struct bench *bench)
{
        watch_done(&bench->watch);
        host_file_close(bench);
        free(bench->foreign_id);
        free(bench->journal);
        free(bench->seen.items);
        free(bench->struck.items);
        free(bench->ongoing.items);
        engine_free(bench->inner);
        sim_free(bench->sim);
}
