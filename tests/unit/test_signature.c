/* Signatures in the engine's log: the lines as engines wrote them, and lines that only look so. */

#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "pool/signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define T1 "2026-03-01T12:00:00.5Z"
#define T2 "2026-03-01T12:00:01.5+00:00"

/* Reads the text as a log file. */
static struct log_reach read_text_since(const char *text, int64_t since_ms, struct sightings *sightings)
{
        char path[] = "/tmp/headroom-log-XXXXXX";
        struct log_reach reach = {0};
        _cleanup_error_ struct error error = {0};
        int fd = mkstemp(path);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        close(fd);
        int result = log_read_file(path, since_ms, sightings_take, sightings, &reach, &error);
        unlink(path);
        if (result < 0)
                fail_msg("%s", error.sentence);
        return reach;
}

static struct log_reach read_text(const char *text, struct sightings *sightings)
{
        return read_text_since(text, 0, sightings);
}

/* Lines of 20.10.24 and 28.5.2, but for the first and the fourth-last, which stand in moby's source. */
static const struct {
        const char *line;
        enum finding_kind finding;
        const char *subject;
} samples[] = {
        {"level=error msg=\"Failed to allocate network resources for node n4\" error=\"could not find an "
         "available IP\"",
         FINDING_LOG_REFUSED, "n4"},
        {"level=error msg=\"Failed allocation for service 6bj2pq\" error=\"could not find an available IP "
         "while "
         "allocating VIP\" module=node node.id=rad3",
         FINDING_LOG_REFUSED, "6bj2pq"},
        {"level=debug msg=\"Failed allocation of unallocated service 6bj2pq\" error=\"could not find an "
         "available IP "
         "while allocating VIP\" module=node",
         FINDING_LOG_REFUSED, "6bj2pq"},
        {"level=error msg=\"task allocation failure\" error=\"failed to allocate network IP for task ib8z "
         "network "
         "403i: could not find an available IP\" module=node",
         FINDING_LOG_REFUSED, "403i"},
        {"level=error msg=\"task allocation failure\" error=\"service ama6 to which task krc8 belongs has "
         "pending "
         "allocations\" module=node",
         FINDING_LOG_SYMPTOM, "ama6"},
        {"level=debug msg=\"Failed allocation of unallocated network 2vpo\" error=\"failed allocating pools "
         "and "
         "gateway IP for network 2vpo: Pool overlaps with other one on this address space\" module=node",
         FINDING_LOG_UNALLOCATED, "2vpo"},
        {"level=error msg=\"Failed allocation for service 3wv9\" error=\"networkallocator: could not find "
         "local "
         "network state\" module=node",
         FINDING_LOG_SYMPTOM, "3wv9"},
        {"level=error msg=\"task allocation failure\" error=\"failed during network allocation for task x: "
         "could not "
         "find network allocator state for network gone1\"",
         FINDING_LOG_LEAK, "gone1"},
        {"level=error msg=\"Failed allocation for network abc\" error=\"all predefined address pools have "
         "been fully "
         "subnetted\"",
         FINDING_LOG_UNALLOCATED, "abc"},
        {"level=error msg=\"Failed allocation for network lmqd\" error=\"failed allocating pools and gateway "
         "IP "
         "for network lmqd: could not find an available, non-overlapping IPv4 address pool among the "
         "defaults "
         "to assign to the network\" module=node node.id=pcj1",
         FINDING_LOG_UNALLOCATED, "lmqd"},
        {"level=error msg=\"Failed allocation for network xhkg\" error=\"failed allocating pools and gateway "
         "IP "
         "for network xhkg: No available addresses on this pool\" module=node node.id=qerg",
         FINDING_LOG_UNALLOCATED, "xhkg"},
        {"level=error msg=\"fatal task error\" error=\"node is missing network attachments, ip addresses may "
         "be "
         "exhausted\" module=node/agent/taskmanager",
         FINDING_LOG_REFUSED, ""},
        {"level=error msg=\"fatal task error\" error=\"Address already in use\"", FINDING_LOG_DUPLICATE, ""},
        {"level=warning msg=\"Error (Unable to complete atomic operation, key modified) deleting object "
         "[endpoint a "
         "b], retrying....\"",
         FINDING_LOG_SYMPTOM, ""},
        {"level=error msg=\"network proxy remove failed: error while removing network: unknown network\"",
         FINDING_LOG_SYMPTOM, ""},
};

static void every_signature_is_known_by_what_engines_write(void **state)
{
        for (size_t i = 0; i < ELEMENTS(samples); i++) {
                _cleanup_sightings_ struct sightings sightings = {0};
                _cleanup_free_ char *line = text_format("time=\"" T1 "\" %s\n", samples[i].line);
                assert_int_equal(read_text(line, &sightings).entries, 1);
                if (sightings.items.count != 1)
                        fail_msg("%zu sightings in: %s", sightings.items.count, line);
                const struct sighting *sighting = &sightings.items.items[0];
                assert_int_equal(sighting->signature->finding, samples[i].finding);
                assert_string_equal(sighting->subject, samples[i].subject);
        }
}

static void expect_nothing(const char *text, uint64_t entries)
{
        _cleanup_sightings_ struct sightings sightings = {0};

        assert_int_equal(read_text(text, &sightings).entries, entries);
        assert_int_equal(sightings.items.count, 0);
}

static void words_of_others_are_not_the_engines(void **state)
{
        /* A container's line in the same syslog. */
        expect_nothing("Mar  1 12:00:00 host 0d1f2[812]: time=\"" T1
                       "\" level=error msg=\"Failed allocation for service "
                       "a\" error=\"could not find an available IP while allocating VIP\"\n",
                       0);
        /* A task dumped at debug level, with its command. */
        expect_nothing(
                "time=\"" T1
                "\" level=debug msg=\"Creating service config for t = &Task{Args:[grep \\\"Address "
                "already in use\\\" error=\\\"could not find an available IP while allocating VIP\\\"]}\"\n",
                1);
        expect_nothing("time=\"" T1 "\" level=info msg=\"API listen on /run/docker.sock\"\n", 1);
        expect_nothing("listen tcp 0.0.0.0:80: bind: address already in use\n", 0);
        expect_nothing("time=\"yesterday\" level=error msg=\"Address already in use\"\n", 0);
        expect_nothing("", 0);
}

static void a_prefix_of_syslog_and_the_json_format_are_understood(void **state)
{
        _cleanup_sightings_ struct sightings sightings = {0};
        struct log_reach reach = read_text("Mar 01 12:00:00 host dockerd[812]: time=\"" T1
                                           "\" level=error msg=\"Failed allocation for service a1\" "
                                           "error=\"could not find an available IP "
                                           "while allocating VIP\"\n"
                                           "{\"error\":\"could not find an available IP while allocating "
                                           "VIP\",\"level\":\"error\",\"msg\":"
                                           "\"Failed allocation for service a1\",\"time\":\"" T2 "\"}",
                                           &sightings);

        assert_int_equal(reach.entries, 2);
        assert_int_equal(sightings.items.count, 1);
        assert_int_equal(sightings.items.items[0].count, 2);
        assert_string_equal(sightings.items.items[0].subject, "a1");
        assert_int_equal(sightings.items.items[0].first_ms, clock_parse(T1));
        assert_int_equal(sightings.items.items[0].last_ms, clock_parse(T2));
        assert_int_equal(reach.first_ms, clock_parse(T1));
}

static void lines_before_since_do_not_count(void **state)
{
        _cleanup_sightings_ struct sightings sightings = {0};
        struct log_reach reach =
                read_text_since("time=\"" T1 "\" level=error msg=\"Address already in use\"\n"
                                "time=\"" T2 "\" level=error msg=\"Address already in use\"\n",
                                clock_parse(T2), &sightings);

        assert_int_equal(reach.entries, 1);
        assert_int_equal(sightings.items.items[0].count, 1);
}

static void a_fresh_leader_is_remembered(void **state)
{
        _cleanup_sightings_ struct sightings sightings = {0};

        read_text("time=\"" T1 "\" level=info msg=\"raft.node: 28f0 elected leader 28f0 at term 2\"\n",
                  &sightings);
        assert_int_equal(sightings.renewed_ms, clock_parse(T1));
        assert_int_equal(sightings.items.count, 0);
}

static void a_line_without_end_hides_none_that_follow(void **state)
{
        _cleanup_buffer_ struct buffer text = {0};
        _cleanup_sightings_ struct sightings sightings = {0};

        buffer_add_text(&text, "time=\"" T1 "\" level=error msg=\"");
        for (size_t i = 0; i < 3 * LOG_LINE_BYTES_MAX; i++)
                buffer_add_text(&text, "x");
        buffer_add_text(&text, " Address already in use\"\ntime=\"" T2
                               "\" level=error msg=\"Address already in use\"");
        assert_int_equal(read_text(text.bytes, &sightings).entries, 2);
        assert_int_equal(sightings.items.items[0].count, 1);
}

static void many_subjects_take_bounded_memory_and_are_all_counted(void **state)
{
        _cleanup_sightings_ struct sightings sightings = {0};
        uint64_t total = 0;
        const size_t lines = 4 * SIGHTINGS_MAX;

        for (size_t i = 0; i < lines; i++) {
                _cleanup_free_ char *text = text_format(" msg=\"Failed allocation for service s%zu\" "
                                                        "error=\"could not find an available IP while "
                                                        "allocating VIP\"",
                                                        i);
                sightings_take(&sightings, &(struct log_entry){.time_ms = 1000, .text = text});
        }
        assert_true(sightings.items.count <= SIGHTINGS_MAX + 1);
        for (size_t i = 0; i < sightings.items.count; i++)
                total += sightings.items.items[i].count;
        assert_int_equal(total, lines);
}

/* Whatever is cut out of a line, it is read to its end. */
static void broken_lines_are_passed_over(void **state)
{
        const char *from_environment = getenv("HEADROOM_SEED");
        struct random_stream random = {from_environment ? strtoull(from_environment, NULL, 0)
                                                        : (uint64_t)time(NULL) | 1};

        print_message("HEADROOM_SEED=%llu\n", (unsigned long long)random.state);
        for (size_t round = 0; round < 20000; round++) {
                struct sightings sightings = {0};
                struct log_reading reading = {.sink = sightings_take, .userdata = &sightings};
                const char *sample = samples[random_below(&random, ELEMENTS(samples))].line;
                _cleanup_free_ char *line = text_format("time=\"" T1 "\" %s", sample);
                size_t length = strlen(line);
                for (size_t i = random_below(&random, 4); i > 0; i--)
                        line[random_below(&random, length)] = (char)(1 + random_below(&random, 255));
                line[random_below(&random, length + 1)] = 0;
                log_take_line(&reading, line);
                assert_true(sightings.items.count <= 1);
                sightings_done(&sightings);
        }
}

static void a_file_that_is_none_is_refused_by_name(void **state)
{
        struct log_reach reach;
        _cleanup_error_ struct error error = {0};

        assert_int_equal(log_read_file("/nonexistent/log", 0, sightings_take, NULL, &reach, &error), -1);
        assert_non_null(strstr(error.sentence, "/nonexistent/log"));
        assert_int_equal(log_read_file("/tmp", 0, sightings_take, NULL, &reach, &error), -1);
}

/* A machine without a journal, and one that this user may not read, look the same: nothing to tell. */
static void an_empty_journal_has_no_entries(void **state)
{
        char folder[] = "/tmp/headroom-journal-XXXXXX";
        struct log_reach reach = {.entries = 7};
        _cleanup_sightings_ struct sightings sightings = {0};
        _cleanup_error_ struct error error = {0};

        assert_non_null(mkdtemp(folder));
        int result = log_read_journal(folder, 0, sightings_take, &sightings, &reach, &error);
        rmdir(folder);
        assert_int_equal(result, 0);
        assert_int_equal(reach.entries, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_signature_is_known_by_what_engines_write),
                cmocka_unit_test(words_of_others_are_not_the_engines),
                cmocka_unit_test(a_prefix_of_syslog_and_the_json_format_are_understood),
                cmocka_unit_test(lines_before_since_do_not_count),
                cmocka_unit_test(a_fresh_leader_is_remembered),
                cmocka_unit_test(a_line_without_end_hides_none_that_follow),
                cmocka_unit_test(many_subjects_take_bounded_memory_and_are_all_counted),
                cmocka_unit_test(broken_lines_are_passed_over),
                cmocka_unit_test(a_file_that_is_none_is_refused_by_name),
                cmocka_unit_test(an_empty_journal_has_no_entries),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
