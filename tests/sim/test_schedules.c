/* Fault schedules from files: those kept for what they have found, what is refused, and that all can be
 * repeated. */

#include "sim/bench/jobs.h"
#include "sim/bench/read.h"
#include "sim/bench/shrink.h"

#include "base/file.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char *state;

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static void run_file(const char *path)
{
        _cleanup_schedule_ struct schedule schedule = {0};
        _cleanup_outcome_ struct outcome outcome = {0};
        _cleanup_error_ struct error error = {0};

        if (schedule_read(path, &schedule, &error) < 0)
                fail_msg("%s", error.sentence);
        bench_run(&schedule, state, NULL, NULL, &outcome);
        state_folder_empty(state);
        if (outcome.invariant)
                fail_msg("%s: %s: expected %s, found %s", path, outcome.invariant, outcome.expected,
                         outcome.found);
        assert_true(outcome.runs > 0);
}

static void what_schedules_have_found_stays_mended(void **unused)
{
        LIST(char *) names = {0};
        DIR *folder = opendir(SCHEDULES);

        (void)unused;
        assert_non_null(folder);
        for (const struct dirent *entry; (entry = readdir(folder));)
                if (strstr(entry->d_name, ".yaml"))
                        *list_add(&names) = text_format(SCHEDULES "/%s", entry->d_name);
        closedir(folder);
        assert_true(names.count >= 7);
        qsort(names.items, names.count, sizeof(char *), compare_names);
        for (size_t i = 0; i < names.count; i++) {
                run_file(names.items[i]);
                free(names.items[i]);
        }
        free(names.items);
}

/* The whole trace; owned by the caller. */
static char *trace_of(const struct schedule *schedule)
{
        _cleanup_outcome_ struct outcome outcome = {0};
        char *text = NULL;
        size_t length = 0;
        FILE *trace = open_memstream(&text, &length);

        assert_non_null(trace);
        bench_run(schedule, state, trace, NULL, &outcome);
        fclose(trace);
        state_folder_empty(state);
        return text;
}

static void a_schedule_gives_the_same_trace_each_time(void **unused)
{
        (void)unused;
        for (uint64_t seed = 1; seed <= 20; seed++) {
                _cleanup_schedule_ struct schedule schedule = {0};
                schedule_draft(seed, &schedule);
                _cleanup_free_ char *first = trace_of(&schedule);
                _cleanup_free_ char *second = trace_of(&schedule);
                assert_string_equal(first, second);
        }
}

/* What --schedules prints of a failure is what --schedule takes. */
static void a_drawn_schedule_is_the_same_from_its_file(void **unused)
{
        _cleanup_free_ char *path = text_format("%s/drawn.yaml", state);

        (void)unused;
        for (uint64_t seed = 1; seed <= 20; seed++) {
                _cleanup_schedule_ struct schedule schedule = {0};
                _cleanup_schedule_ struct schedule again = {0};
                _cleanup_buffer_ struct buffer file = {0};
                _cleanup_error_ struct error error = {0};
                schedule_draft(seed, &schedule);
                schedule_write(&schedule, &file);
                assert_int_equal(file_write(path, file.bytes, file.length, 0600, NULL), 0);
                if (schedule_read(path, &again, &error) < 0)
                        fail_msg("%s\n%s", error.sentence, file.bytes);
                _cleanup_free_ char *first = trace_of(&schedule);
                _cleanup_free_ char *second = trace_of(&again);
                assert_string_equal(first, second);
        }
}

/* A scenario in place, with what is said of its timing and of the service `app`. */
#define SCENARIO(timing, app)                                                                                \
        "swarm:\n  timing: {" timing                                                                         \
        "}\n  networks: {proxy: {subnet: 10.0.1.0/24}, back: {}}\n  services:\n"                             \
        "    web: {networks: [proxy]}\n    app: {" app "}\n"
#define SWARM "shape: {members: [{kind: edge-host}, {kind: healthy}]}\n"

static const struct {
        const char *text, *words;
} refused[] = {
        {"faults: []\n", ":1: a schedule needs one swarm"},
        {SWARM SWARM "faults: []\n", ":2: "},
        {SWARM "swarm: {networks: {proxy: {subnet: 10.0.1.0/24}}}\n", "a schedule needs one swarm"},
        {SWARM "curse: apply\n", ":2: "},
        {SWARM "course: sideways\n", ":2: "},
        {"shape: {members: [{kind: edge-host, replicas: 0}]}\n", ":1: "},
        {"shape: {members: []}\n", ":1: a shape has from 1"},
        {"shape: {nodes: 2}\n", ":1: a shape needs members"},
        {"shape:\n  members:\n    - replicas: 2\n", ":3: a member needs a kind"},
        {"shape: {api: 43, members: [{kind: plain}]}\n", ":1: api is 41, 45, 51 or 52, not 43"},
        {"shape: {call_ms: 2001, members: [{kind: plain}]}\n", ":1: "},
        {"shape: {detached: true, container: true, members: [{kind: plain}]}\n",
         ":1: a container can't be on a network that is detached"},
        {"shape: {members: [{kind: edge-ingress, dnsrr: true}]}\n", ":1: edge-ingress1 has a port"},
        {"shape: {members: [{kind: global, replicas: 2}]}\n", ":1: global1 runs once on every node"},
        {"shape: {members: [{kind: edge-host, replicas: 2}]}\n", ":1: edge-host1 has a port of its host"},
        {"shape: {nodes: 2, members: [{kind: edge-host, replicas: 2, pinned: true}]}\n",
         ":1: edge-host1 has"},
        {"swarm:\n  networks: {proxy: {subnet: 10.0.1.0/24}}\n  services: {late: {networks: [proxy]}}\n"
         "faults:\n  - {fault: service-added, call: 3}\n",
         ":5: service-added brings one named late"},
        {"swarm:\n  networks: {proxy: {subnet: 10.0.1.0/24, attachable: true}}\n"
         "  containers: {visitor: {networks: [proxy]}}\nfaults:\n  - {fault: container-added, call: 3}\n",
         ":5: container-added brings one named visitor"},
        {"shape:\n  members:\n    - {kind: plain, number: 2}\n    - {kind: plain, number: 2}\n",
         ":4: two members have the number 2"},
        {SWARM "network: other\n", "there is no overlay other"},
        {SWARM "faults:\n  - {call: 3}\n", ":3: a fault needs its kind"},
        {SWARM "faults:\n  - {fault: kill-after}\n", ":3: a fault strikes either"},
        {SWARM "faults:\n  - {fault: kill-after, call: 3, on: GET /tasks}\n", ":3: a fault strikes either"},
        {SWARM "faults:\n  - {fault: kill-after, on: tasks}\n", ":3: `on` takes a method and a path"},
        {SWARM "faults:\n  - {fault: kill-after, call: 3, nth: 2}\n", ":3: `nth` goes with `on`"},
        {SWARM "faults:\n  - {fault: unhealthy, call: 3}\n", ":3: unhealthy needs to say of what"},
        {SWARM "faults:\n  - {fault: unhealthy, call: 3, of: healthy9}\n",
         ":3: there is no service healthy9"},
        {SWARM "faults:\n  - {fault: node-down, call: 3, of: node2}\n", ":3: there is no node node2"},
        {SWARM "faults:\n  - {fault: node-down, call: 3, of: node1}\n",
         ":3: node1 is the node that is asked"},
        {SWARM "faults:\n  - {fault: cut, call: 3, of: healthy2}\n", ":3: cut is of nothing"},
        {SWARM "faults:\n  - {fault: cut, call: 3, for_ms: 2}\n", ":3: cut does not last"},
        {SWARM "faults:\n  - {fault: leader-lost, call: 3}\n", ":3: leader-lost needs for_ms"},
        {SWARM "faults:\n  - {fault: file-edited, call: 3}\n", ":3: there is no file to edit"},
        {SWARM "faults:\n  - {fault: task-dies, of: healthy2, call: 3, times: 2}\n",
         ":3: task-dies is of no call"},
        {"scenario: nowhere.yaml\n", "nowhere.yaml"},
        {"swarm: {networks: {proxy: {subnett: 10.0.1.0/24}}}\n", ":1: "},
        {"swarm:\n  networks: {proxy: {subnet: 10.0.1.0/24}}\n  services: {web: {networks: [proxy]}}\n"
         "  then: [{at: 5s, task_dies: web}]\n",
         "has no `then`"},
        {SCENARIO("call: 2001ms", ""), ":2: call is at most 2s in a schedule"},
        {SCENARIO("allocate: 60s", ""), ":2: allocate is at most 2s in a schedule"},
        {SCENARIO("drain: 20m", ""), ":2: drain is at most 30s in a schedule"},
        {SCENARIO("jitter: 1h", ""), ":2: jitter is at most 60s in a schedule"},
        {SCENARIO("", "restart_delay: 31m"), ":6: restart_delay of app is at most 30 minutes"},
        {SCENARIO("", "networks: [proxy], stop_grace: 1d, behaves: {stop: 1d}"),
         ":6: with app the services on proxy take 1442 minutes"},
        {SCENARIO("", "networks: [proxy], replicas: 3, behaves: {start: 20m}"), "40 is the limit"},
        {"patient: true\n" SCENARIO("", "networks: [proxy], behaves: {start: 5m}"),
         "4 is the limit of a schedule with `patient: true`"},
        {"swarm:\n  settle: 1m\n  networks: {proxy: {subnet: 10.0.1.0/24}}\n  services:\n"
         "    sick: {networks: [proxy], health: true, behaves: {fails: true}}\n",
         ":5: sick is on the network that is to be moved, and its tasks never come up"},
        {SCENARIO("", "networks: [proxy], restart: none, behaves: {fails: true}"),
         ":6: app is on the network that is to be moved, and its tasks never come up"},
        {"swarm:\n  settle: 1m\n  networks: {proxy: {subnet: 10.0.1.0/24}}\n  services:\n"
         "    cron: {networks: [proxy], behaves: {run: 30s}}\n",
         ":5: cron is on the network that is to be moved, and its tasks end by themselves"},
        {"[1, 2]\n", ":1: "},
        {"seed: [\n", ": "},
};

static void what_is_no_schedule_is_refused_with_its_line(void **unused)
{
        _cleanup_free_ char *path = text_format("%s/bad.yaml", state);

        (void)unused;
        for (size_t i = 0; i < ELEMENTS(refused); i++) {
                _cleanup_schedule_ struct schedule schedule = {0};
                _cleanup_error_ struct error error = {0};
                assert_int_equal(file_write(path, refused[i].text, strlen(refused[i].text), 0600, NULL), 0);
                if (schedule_read(path, &schedule, &error) == 0)
                        fail_msg("this is taken: %s", refused[i].text);
                if (!strstr(error.sentence, refused[i].words))
                        fail_msg("%s: \"%s\" does not say \"%s\"", refused[i].text, error.sentence,
                                 refused[i].words);
        }
}

/* A network that is given up for lost after no more runs than one: what does not end shrinks to what matters.
 */
static void what_fails_is_made_smaller_and_fails_alike(void **unused)
{
        _cleanup_schedule_ struct schedule schedule = {0};
        _cleanup_outcome_ struct outcome outcome = {0};

        (void)unused;
        schedule_draft(1, &schedule);
        while (schedule.faults.count)
                schedule_drop_fault(&schedule, 0);
        struct fault *fault = list_add(&schedule.faults); /* nothing is ever answered again */
        *fault = (struct fault){.kind = FAULT_REFUSED, .call = 100, .times = 1000000};
        fault = list_add(&schedule.faults);
        *fault = (struct fault){.kind = FAULT_LEADER_CHANGE, .call = 5, .times = 1};
        schedule.course = COURSE_WAVER;
        bench_run(&schedule, state, NULL, NULL, &outcome);
        state_folder_empty(state);
        assert_string_equal(outcome.invariant, "it ends");
        size_t members = schedule.shape.members.count;
        schedule_shrink(&schedule, state, &outcome);
        assert_string_equal(outcome.invariant, "it ends");
        assert_int_equal(schedule.faults.count, 1);
        assert_int_equal(schedule.faults.items[0].kind, FAULT_REFUSED);
        assert_true(schedule.shape.members.count < members);
        assert_int_equal(schedule.course, COURSE_APPLY);
}

static int make_state(void **unused)
{
        (void)unused;
        state = state_folder_make();
        return state ? 0 : -1;
}

static int remove_state(void **unused)
{
        (void)unused;
        state_folder_remove(state);
        free(state);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_schedules_have_found_stays_mended),
                cmocka_unit_test(a_schedule_gives_the_same_trace_each_time),
                cmocka_unit_test(a_drawn_schedule_is_the_same_from_its_file),
                cmocka_unit_test(what_is_no_schedule_is_refused_with_its_line),
                cmocka_unit_test(what_fails_is_made_smaller_and_fails_alike),
        };

        return cmocka_run_group_tests(tests, make_state, remove_state);
}
