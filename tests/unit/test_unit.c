/*
 * Units: names, the judgement of a restart, and a host without a D-Bus. What systemd itself does is tried on
 * a booted one (tests/lab).
 */

#include "fake_units.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#define NEW_ID "0123456789abcdef0123456789abcdef"

static void expect_name(const char *name, const char *full)
{
        _cleanup_free_ char *found = NULL;

        assert_int_equal(unit_name(name, &found, NULL), 0);
        assert_string_equal(found, full);
}

static void a_name_without_a_suffix_is_a_service(void **state)
{
        (void)state;
        expect_name("deploy-proxy", "deploy-proxy.service");
        expect_name("deploy-proxy.service", "deploy-proxy.service");
        expect_name("backup.timer", "backup.timer");
        expect_name("v1.2", "v1.2.service");
        expect_name("getty@tty1", "getty@tty1.service");
        expect_name("dev-disk\\x2dby", "dev-disk\\x2dby.service");
}

static void what_is_no_name_is_refused(void **state)
{
        static const char *const bad[] = {"",  "a b",    "/dev/sda", "a\nb",           "-x;y",
                                          "ü", "a/../b", "never@",   "never@.service", "*"};
        _cleanup_free_ char *huge = memory_new(300, 1);

        (void)state;
        memset(huge, 'x', 299);
        for (size_t i = 0; i <= ELEMENTS(bad); i++) {
                _cleanup_error_ struct error error = {0};
                char *found = NULL;
                if (unit_name(i < ELEMENTS(bad) ? bad[i] : huge, &found, &error) == 0)
                        fail_msg("taken: %s", found);
                assert_int_equal(error.kind, ERROR_USAGE);
        }
}

struct outcome_case {
        const char *before;
        struct unit_state now;
        enum unit_outcome outcome;
        const char *says;
};

static char text_active[] = "active", text_inactive[] = "inactive", text_failed[] = "failed",
            text_activating[] = "activating", text_start[] = "start", text_exited[] = "exited",
            text_exit_code[] = "exit-code", text_signal[] = "signal", text_timeout[] = "timeout",
            text_success[] = "success", text_dead[] = "dead", text_new[] = NEW_ID, text_old[] = "f00",
            text_none[] = "", text_resources[] = "resources", text_deactivating[] = "deactivating";

#define STATE(active, sub, res, id)                                                                          \
        .active_state = text_##active, .sub_state = text_##sub, .result = text_##res,                        \
        .invocation_id = text_##id

static const struct outcome_case outcomes[] = {
        {"f00", {STATE(active, exited, success, old)}, UNIT_UNTOUCHED, "was not started since"},
        {"f00", {STATE(failed, dead, exit_code, old)}, UNIT_UNTOUCHED, "was not started since"},
        {"f00", {STATE(active, exited, success, old), .job = true}, UNIT_WAITS, "is active (exited)"},
        {"f00",
         {STATE(inactive, dead, success, old), .job = true, .job_waits = true},
         UNIT_WAITS,
         "other units"},
        {"f00", {STATE(deactivating, dead, success, old)}, UNIT_WAITS, "is deactivating"},
        {"f00", {STATE(activating, start, success, new)}, UNIT_WAITS, "is activating (start)"},
        {"f00",
         {STATE(active, exited, success, new), .remain_after_exit = true},
         UNIT_WORKED,
         "active (exited)"},
        {"", {STATE(active, exited, success, new)}, UNIT_WORKED, "active (exited)"},
        {NULL, {STATE(inactive, dead, success, new)}, UNIT_WORKED, "ran to its end"},
        {"f00", {STATE(inactive, dead, success, new), .remain_after_exit = true}, UNIT_FAILED, "stopped it"},
        {"f00",
         {STATE(failed, dead, exit_code, new), .exit_code = CLD_EXITED, .exit_status = 7},
         UNIT_FAILED,
         "ended with status 7"},
        {"f00",
         {STATE(failed, dead, signal, new), .exit_code = CLD_KILLED, .exit_status = 9},
         UNIT_FAILED,
         "signal 9"},
        {"f00", {STATE(failed, dead, timeout, new)}, UNIT_FAILED, "time limit"},
        {"f00", {STATE(failed, dead, resources, new)}, UNIT_FAILED, "\"resources\""},
        {"f00", {STATE(inactive, dead, success, none)}, UNIT_UNTOUCHED, "was not started since"},
        {"", {STATE(inactive, dead, success, none), .conditions_unmet = true}, UNIT_UNTOUCHED, "a condition"},
        {"f00", {.active_state = NULL, .invocation_id = text_new}, UNIT_FAILED, "unknown"},
};

static void a_restart_is_judged_by_job_invocation_and_state(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS(outcomes); i++) {
                _cleanup_free_ char *sentence = NULL;
                enum unit_outcome outcome = unit_outcome(&outcomes[i].now, outcomes[i].before, &sentence);
                if (outcome != outcomes[i].outcome || !strstr(sentence, outcomes[i].says))
                        fail_msg("case %zu: %d, %s", i, (int)outcome, sentence);
        }
}

/* Virtual time, a second a sleep at most. */
static int64_t now_ms;

static int64_t get_now(void *userdata)
{
        (void)userdata;
        return now_ms;
}

static void pass_time(void *userdata, int64_t duration_ms)
{
        (void)userdata;
        now_ms += duration_ms;
}

static const struct clock_source virtual_clock = {get_now, get_now, pass_time, NULL};

static enum unit_outcome restart(struct fake_units *fake, const char *name, int64_t bound_ms, char **ret_says)
{
        _cleanup_unit_state_ struct unit_state before = {0};
        enum unit_outcome outcome = UNIT_WAITS;
        uint32_t job;

        assert_int_equal(unit_look(&fake->units, name, &before, NULL), 0);
        assert_int_equal(unit_job(&fake->units, name, UNIT_RESTART, &job, NULL), 0);
        for (int64_t end_ms = now_ms + bound_ms; now_ms < end_ms; clock_sleep_ms(100)) {
                _cleanup_unit_state_ struct unit_state now = {0};
                assert_int_equal(unit_look(&fake->units, name, &now, NULL), 0);
                free(*ret_says);
                outcome = unit_outcome(&now, before.invocation_id, ret_says);
                if (outcome != UNIT_WAITS)
                        break;
        }
        return outcome;
}

static void scripted_units_restart_fail_hang_and_wait(void **state)
{
        _cleanup_fake_units_ struct fake_units fake;
        _cleanup_free_ char *says = NULL;

        (void)state;
        clock_use(&virtual_clock);
        fake_units_init(&fake);
        fake_unit_add(&fake, "good.service");
        fake_unit_add(&fake, "bad.service")->exit_status = 3;
        fake_unit_add(&fake, "hangs.service")->run_ms = FAKE_UNIT_NEVER;
        fake_unit_add(&fake, "later.service")->after[0] = "hangs.service";
        assert_int_equal(restart(&fake, "good", 5000, &says), UNIT_WORKED);
        assert_int_equal(restart(&fake, "good", 5000, &says), UNIT_WORKED);
        assert_int_equal(restart(&fake, "bad", 5000, &says), UNIT_FAILED);
        assert_non_null(strstr(says, "status 3"));
        assert_int_equal(restart(&fake, "hangs", 5000, &says), UNIT_WAITS);
        assert_int_equal(restart(&fake, "later", 5000, &says), UNIT_WAITS);
        assert_non_null(strstr(says, "waits for other units"));
        clock_use(NULL);
}

static void a_changed_file_counts_once_systemd_has_read_it_again(void **state)
{
        _cleanup_fake_units_ struct fake_units fake;
        _cleanup_unit_state_ struct unit_state before = {0};
        _cleanup_unit_state_ struct unit_state after = {0};
        _cleanup_error_ struct error error = {0};

        (void)state;
        clock_use(&virtual_clock);
        fake_units_init(&fake);
        fake_unit_add(&fake, "edited.service")->changed = true;
        assert_int_equal(unit_look(&fake.units, "edited", &before, NULL), 0);
        assert_true(before.need_daemon_reload);
        assert_int_equal(unit_reload(&fake.units, NULL), 0);
        assert_int_equal(unit_look(&fake.units, "edited", &after, NULL), 0);
        assert_false(after.need_daemon_reload);
        assert_string_equal(after.invocation_id, before.invocation_id);
        fake.silent = true;
        assert_int_equal(unit_reload(&fake.units, &error), -1);
        assert_int_equal(error.kind, ERROR_TIMEOUT);
        assert_non_null(strstr(error.trail, "read its files again"));
        clock_use(NULL);
}

static void who_does_not_want_a_jobs_number_gets_none(void **state)
{
        _cleanup_fake_units_ struct fake_units fake;

        (void)state;
        clock_use(&virtual_clock);
        fake_units_init(&fake);
        const struct fake_unit *unit = fake_unit_add(&fake, "good.service");
        assert_int_equal(unit_job(&fake.units, "good", UNIT_RESTART, NULL, NULL), 0);
        assert_int_equal(unit->starts, 2);
        clock_use(NULL);
}

static void a_missing_or_masked_unit_is_seen_and_gets_no_job(void **state)
{
        _cleanup_fake_units_ struct fake_units fake;
        _cleanup_unit_state_ struct unit_state missing = {0};
        _cleanup_error_ struct error error = {0};
        uint32_t job;

        (void)state;
        fake_units_init(&fake);
        fake_unit_add(&fake, "masked.service")->load_state = "masked";
        assert_int_equal(unit_look(&fake.units, "nope", &missing, &error), 0);
        assert_string_equal(missing.load_state, "not-found");
        assert_string_equal(missing.name, "nope.service");
        assert_int_equal(unit_job(&fake.units, "nope", UNIT_START, &job, &error), -1);
        assert_int_equal(error.kind, ERROR_NOT_FOUND);
        assert_non_null(strstr(error.trail, "start nope.service"));
        error_done(&error);
        assert_int_equal(unit_job(&fake.units, "masked", UNIT_START, &job, &error), -1);
        assert_int_equal(error.kind, ERROR_REFUSED);
}

/* sd-bus takes the address from the environment. */
static void open_at(const char *path, enum error_kind kind, const char *says)
{
        _cleanup_free_ char *address = text_format("unix:path=%s", path);
        _cleanup_error_ struct error error = {0};
        _cleanup_units_ struct units *units = NULL;

        setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1);
        assert_int_equal(units_open(&units, &error), -1);
        unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
        assert_int_equal(error.kind, kind);
        assert_non_null(strstr(error.sentence, says));
        assert_non_null(strstr(error.sentence, path));
}

static void a_host_without_a_bus_is_told_as_that(void **state)
{
        (void)state;
        open_at("/nonexistent/bus", ERROR_UNREACHABLE, "there is no D-Bus on this host");
}

static void a_bus_that_does_not_answer_is_given_up(void **state)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        char folder[] = "/tmp/headroom-test-unit-XXXXXX";
        _cleanup_close_ int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void)state;
        assert_non_null(mkdtemp(folder));
        snprintf(address.sun_path, sizeof(address.sun_path), "%s/bus", folder);
        assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(listen(listener, 4), 0);
        open_at(address.sun_path, ERROR_TIMEOUT, "does not answer within 5 s");
        unlink(address.sun_path);
        rmdir(folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_name_without_a_suffix_is_a_service),
                cmocka_unit_test(what_is_no_name_is_refused),
                cmocka_unit_test(a_restart_is_judged_by_job_invocation_and_state),
                cmocka_unit_test(scripted_units_restart_fail_hang_and_wait),
                cmocka_unit_test(a_changed_file_counts_once_systemd_has_read_it_again),
                cmocka_unit_test(who_does_not_want_a_jobs_number_gets_none),
                cmocka_unit_test(a_missing_or_masked_unit_is_seen_and_gets_no_job),
                cmocka_unit_test(a_host_without_a_bus_is_told_as_that),
                cmocka_unit_test(a_bus_that_does_not_answer_is_given_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
