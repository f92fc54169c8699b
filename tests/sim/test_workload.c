/* Workloads as they are written: quantities, and what is refused with its line. */

#include "base/file.h"
#include "base/random.h"
#include "scene.h"
#include "sim/forecast/quantity.h"
#include "sim/forecast/workload.h"

#include <math.h>

static void durations_are_numbers_with_a_unit(void **state)
{
        static const struct {
                const char *text;
                int64_t ms;
        } cases[] = {{"250 ms", 250},       {"90 s", 90000},        {"90s", 90000},        {"1.5 h", 5400000},
                     {" 25 min ", 1500000}, {"11 days", 950400000}, {"1 week", 604800000}, {"0 s", 0},
                     {"1h30m", 5400000},    {"11d", 950400000},     {"1 h 5 min", 3900000}};
        static const char *const none[] = {"",      "5",      "min",   "-5 s",      "5 fortnights",
                                           "5 s s", "1h 30",  "1e3 s", "5 s later", "1.2.3 s",
                                           ".5 s",  "0x10 s", "inf s"};
        int64_t ms = 17;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                assert_true(quantity_duration(cases[i].text, &ms));
                assert_int_equal(ms, cases[i].ms);
        }
        ms = 17;
        for (size_t i = 0; i < ELEMENTS(none); i++)
                if (quantity_duration(none[i], &ms))
                        fail_msg("'%s' is taken for %lld ms", none[i], (long long)ms);
        assert_int_equal(ms, 17);
}

static void rates_are_so_many_a_time(void **state)
{
        static const struct {
                const char *text;
                double a_day;
        } cases[] = {{"22 a day", 22},
                     {"3 an hour", 72},
                     {"1 a week", 1.0 / 7},
                     {"0.5 per min", 720},
                     {"0 a day", 0}};
        static const char *const none[] = {"22",   "22 day",     "a day",       "-1 a day",
                                           "22 a", "22 a month", "22 a day off"};
        double a_day;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                assert_true(quantity_rate(cases[i].text, &a_day));
                assert_true(fabs(a_day - cases[i].a_day) < 1e-9);
        }
        for (size_t i = 0; i < ELEMENTS(none); i++)
                assert_false(quantity_rate(none[i], &a_day));
}

static void times_are_shown_in_a_unit_that_fits(void **state)
{
        static const struct {
                int64_t ms;
                const char *text;
        } cases[] = {{0, "0 ms"},           {999, "999 ms"},          {1500, "1.5 s"},
                     {60000, "1 min"},      {5400000, "90 min"},      {7200000, "2 hours"},
                     {172800000, "2 days"}, {967680000, "11.2 days"}, {31536000000, "365 days"}};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_free_ char *text = quantity_show(cases[i].ms);
                assert_string_equal(text, cases[i].text);
        }
}

static void a_whole_workload_is_read(void **state)
{
        static const char text[] = "stacks:\n"
                                   "  recipe:\n"
                                   "    services:\n" /* before what they refer to */
                                   "      app: {networks: [proxy, own], replicas: 3, ports: ingress}\n"
                                   "      each: {networks: [own], replicas: global, endpoint: dnsrr,\n"
                                   "             starts_in: 1 s, stops_in: 2 s, stop_grace: 3 s,\n"
                                   "             update_order: start-first}\n"
                                   "    networks: [own]\n"
                                   "    deploys: 2 a day\n"
                                   "    arrivals: even\n"
                                   "    lives: 10 min to 1 h\n"
                                   "    removed: in order\n"
                                   "    redeploys: 1 a week\n"
                                   "leader_changes: 1 a week\n"
                                   "engine_restarts: 2 a week\n"
                                   "node_restarts: 3 a week\n"
                                   "node_restart_takes: 5 min\n";
        _cleanup_workload_ struct workload workload = {0};
        _cleanup_error_ struct error error = {0};

        (void)state;
        if (workload_parse(text, strlen(text), "w.yaml", &workload, &error) < 0)
                fail_msg("%s", error.sentence);
        const struct workload_stack *stack = &workload.stacks.items[0];
        const struct workload_service *app = &stack->services.items[0];
        const struct workload_service *each = &stack->services.items[1];
        assert_string_equal(workload.shared.items[0].name, "proxy");
        assert_int_equal(workload.shared.count, 1);
        assert_int_equal(workload.shared.items[0].line, 4);
        assert_true(workload.ingress && stack->evenly && each->global && each->dnsrr && each->start_first);
        assert_false(app->networks.items[0].own);
        assert_true(app->networks.items[1].own);
        assert_int_equal(app->replicas, 3);
        assert_int_equal(app->ports, PORTS_INGRESS);
        assert_int_equal(each->starts_ms + each->stops_ms + each->grace_ms, 6000);
        assert_int_equal(stack->lives_min_ms, 600000);
        assert_int_equal(stack->lives_max_ms, 3600000);
        assert_int_equal(stack->removal, REMOVED_IN_ORDER);
        assert_int_equal(workload.node_restart_ms, 300000);
        assert_true(fabs(workload_deploys_a_day(&workload) - 2) < 1e-9);
}

#define STACK(deploys, lives, service)                                                                       \
        "stacks:\n  r:\n    deploys: " deploys "\n    lives: " lives "\n    services:\n      app: " service  \
        "\n"

static void what_is_not_understood_is_refused_with_its_line(void **state)
{
        static const struct {
                const char *text, *words;
        } cases[] = {
                {"", "w.yaml"},
                {"- a\n", "a workload takes a section"},
                {"stacks: {}\n", "w.yaml:1: stacks takes 1 to 64 items, not 0"},
                {"leader_changes: 1 a week\n", "a workload needs stacks"},
                {STACK("22 a day", "5 min", "{networks: [proxy]}") "deploy: 5\n",
                 "w.yaml:7: a workload has no key deploy; it has stacks"},
                {STACK("22", "5 min", "{networks: [proxy]}"), "w.yaml:3: deploys takes a rate such as"},
                {STACK("-22 a day", "5 min", "{networks: [proxy]}"), "w.yaml:3: deploys takes a rate"},
                {STACK("0 a day", "5 min", "{networks: [proxy]}"),
                 "w.yaml:3: r is never deployed at 0 a day"},
                {STACK("200000 a day", "5 min", "{networks: [proxy]}"),
                 "w.yaml:3: deploys is at most 100000"},
                {STACK("99999999999999999999999999 a day", "5 min", "{networks: [proxy]}"),
                 "at most 100000 a day"},
                {STACK("90000 a day", "5 days", "{networks: [proxy]}"),
                 "450000 stacks of r would be there at once"},
                {STACK("22 a day", "five", "{networks: [proxy]}"),
                 "w.yaml:4: lives takes a duration such as"},
                {STACK("22 a day", "0 s", "{networks: [proxy]}"), "w.yaml:4: lives is from 1 s to 3660 days"},
                {STACK("22 a day", "9 min to 5 min", "{networks: [proxy]}"), "lives ends before it begins"},
                {STACK("22 a day", "5 min\n    removed: never", "{networks: [proxy]}"), "r is never removed"},
                {"stacks: {r: {deploys: 1 a day, services: {a: {networks: [p]}}}}\n", "r needs lives"},
                {STACK("22 a day", "5 min\n    removed: politely", "{networks: [proxy]}"),
                 "w.yaml:5: removed is stack rm, gate, in order or never, not politely"},
                {STACK("22 a day", "5 min\n    networks: [own]", "{networks: [proxy]}"),
                 "no service of r joins its own"},
                {STACK("22 a day", "5 min\n    networks: [own, own]", "{networks: [own]}"),
                 "has the network own twice"},
                {STACK("22 a day", "5 min", "{}"), "w.yaml:6: service app needs networks"},
                {STACK("22 a day", "5 min", "{networks: []}"), "networks takes 1 to 64 items"},
                {STACK("22 a day", "5 min", "{networks: [proxy, proxy]}"), "app joins proxy twice"},
                {STACK("22 a day", "5 min", "{networks: [proxy], replicas: 0}"), "from 1 to 1000"},
                {STACK("22 a day", "5 min", "{networks: [proxy], replicas: 1001}"), "from 1 to 1000"},
                {STACK("22 a day", "5 min", "{networks: [proxy], endpoint: dnsrr, ports: ingress}"),
                 "the engine refuses a port in ingress mode"},
                {STACK("22 a day", "5 min", "{networks: [proxy], stop_grace: 2 days}"),
                 "stop_grace is from 0 ms to 24 hours"},
                {STACK("22 a day", "5 min", "{networks: *proxy}"), "w.yaml:6"},
                {STACK("22 a day", "5 min", "{networks: [proxy]}") "leader_changes: 1 a min\n",
                 "w.yaml:7: leader_changes is at most 24 a day"},
                {"stacks: {a-name-that-is-far-too-long: {}}\n", "is no name: up to 20"},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                _cleanup_workload_ struct workload workload = {0};
                _cleanup_error_ struct error error = {0};
                if (workload_parse(cases[i].text, strlen(cases[i].text), "w.yaml", &workload, &error) == 0)
                        fail_msg("this is taken:\n%s", cases[i].text);
                assert_int_equal(error.kind, ERROR_USAGE);
                if (!strstr(error.sentence, cases[i].words))
                        fail_msg("'%s' is refused with: %s", cases[i].words, error.sentence);
        }
}

/* Bytes that were changed, lost or doubled: read or refused, with the file's name, and nothing else. */
static void a_mutilated_workload_is_read_or_refused(void **state)
{
        static const char letters[] = " :-,[]{}#\n09azS&*\"'";
        _cleanup_buffer_ struct buffer whole = {0};
        struct random_stream random = {20261};
        size_t refused = 0;

        (void)state;
        assert_int_equal(file_read(SCENARIOS "/cc-ci-workload.yaml", 1 << 20, &whole, NULL), 0);
        for (size_t i = 0; i < 3000; i++) {
                _cleanup_free_ char *text = text_copy(whole.bytes);
                size_t length = whole.length;
                _cleanup_workload_ struct workload workload = {0};
                _cleanup_error_ struct error error = {0};
                for (uint64_t j = 1 + random_below(&random, 4); j--;) {
                        size_t at = random_below(&random, length - 40);
                        size_t lost = random_below(&random, 3) ? 0 : random_below(&random, 40);
                        memmove(text + at, text + at + lost, length - at - lost);
                        length -= lost;
                        text[at] = letters[random_below(&random, sizeof(letters) - 1)];
                }
                if (workload_parse(text, length, "w.yaml", &workload, &error) == 0)
                        continue;
                refused++;
                assert_int_equal(error.kind, ERROR_USAGE);
                assert_true(text_starts_with(error.sentence, "w.yaml"));
        }
        assert_true(refused > 300 && refused < 3000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(durations_are_numbers_with_a_unit),
                cmocka_unit_test(rates_are_so_many_a_time),
                cmocka_unit_test(times_are_shown_in_a_unit_that_fits),
                cmocka_unit_test(a_whole_workload_is_read),
                cmocka_unit_test(what_is_not_understood_is_refused_with_its_line),
                cmocka_unit_test(a_mutilated_workload_is_read_or_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
