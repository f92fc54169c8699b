/*
 * Units over the system bus. One call gets all properties of a unit (an empty interface name asks for those
 * of every interface, as systemctl does), so that they belong together.
 *
 * The connection is kept: a job's unit is pinned with RefUnit, which holds until the connection ends, so that
 * systemd does not forget a unit that ran to its end before somebody looked. When the bus goes away (a
 * rebuild may restart it) the next call connects again.
 */

#include "host/unit_properties.h"

#include <errno.h>
#include <systemd/sd-bus.h>
#include <time.h>

#define SYSTEMD      "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER      "org.freedesktop.systemd1.Manager"
#define PROPERTIES   "org.freedesktop.DBus.Properties"
#define JOB          "org.freedesktop.systemd1.Job"
#define BUS_PATH     "/run/dbus/system_bus_socket"
#define USEC_PER_MS  1000
#define LOOKS_MAX    3 /* attempts of a call that changes nothing */

struct units_bus {
        struct units units;
        sd_bus *bus; /* NULL: to be opened again */
};

static void cleanup_message(sd_bus_message **message)
{
        sd_bus_message_unref(*message);
}
#define _cleanup_message_   _cleanup_(cleanup_message)
#define _cleanup_bus_error_ _cleanup_(sd_bus_error_free)

static void close_bus(struct units_bus *units)
{
        units->bus = sd_bus_close_unref(units->bus);
}

static int fail_to_connect(int code, struct error *error)
{
        const char *address = getenv("DBUS_SYSTEM_BUS_ADDRESS");

        if (!address)
                address = BUS_PATH;
        if (code == -ETIMEDOUT)
                return error_set(error, ERROR_TIMEOUT, "the D-Bus at %s does not answer within %d s", address,
                                 UNITS_CONNECT_MS / 1000);
        if (code == -EACCES || code == -EPERM)
                return error_set(error, ERROR_PERMISSION,
                                 "cannot connect to the D-Bus at %s: %s; run as root", address,
                                 strerror(-code));
        return error_set(
                error, ERROR_UNREACHABLE,
                "there is no D-Bus on this host (%s: %s), so systemd's units can't be asked or restarted",
                address, strerror(-code));
}

static int64_t now_ms(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the bus has taken us in; sd_bus_call would wait 90 s and longer for that. */
static int wait_until_ready(sd_bus *bus)
{
        int64_t deadline_ms = now_ms() + UNITS_CONNECT_MS;

        for (;;) {
                int result = sd_bus_is_ready(bus);
                if (result != 0)
                        return result;
                result = sd_bus_process(bus, NULL);
                if (result < 0)
                        return result;
                if (result > 0)
                        continue;
                int64_t left_ms = deadline_ms - now_ms();
                if (left_ms <= 0)
                        return -ETIMEDOUT;
                result = sd_bus_wait(bus, (uint64_t)left_ms * USEC_PER_MS);
                if (result < 0 && result != -EINTR)
                        return result;
        }
}

static int connect_bus(struct units_bus *units, struct error *error)
{
        if (units->bus)
                return 0;
        int result = sd_bus_open_system(&units->bus);
        if (result >= 0)
                result = wait_until_ready(units->bus);
        if (result >= 0)
                return 0;
        close_bus(units);
        return fail_to_connect(result, error);
}

/* What systemd's and the bus's own error names mean for the caller. */
static enum error_kind kind_of(const char *name)
{
        static const struct {
                const char *name;
                enum error_kind kind;
        } kinds[] = {
                {SYSTEMD ".NoSuchUnit", ERROR_NOT_FOUND},
                {SYSTEMD ".UnitMasked", ERROR_REFUSED},
                {SYSTEMD ".LoadFailed", ERROR_REFUSED},
                {SYSTEMD ".BadUnitSetting", ERROR_REFUSED},
                {SYSTEMD ".OnlyByDependency", ERROR_REFUSED},
                {SYSTEMD ".JobTypeNotApplicable", ERROR_REFUSED},
                {SYSTEMD ".TransactionIsDestructive", ERROR_CONFLICT},
                {SYSTEMD ".ShuttingDown", ERROR_REFUSED},
                {SD_BUS_ERROR_ACCESS_DENIED, ERROR_PERMISSION},
                {SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, ERROR_PERMISSION},
                {SD_BUS_ERROR_INVALID_ARGS, ERROR_USAGE},
                {SD_BUS_ERROR_SERVICE_UNKNOWN, ERROR_UNREACHABLE},
                {SD_BUS_ERROR_NAME_HAS_NO_OWNER, ERROR_UNREACHABLE},
                {SD_BUS_ERROR_DISCONNECTED, ERROR_UNREACHABLE},
                {SD_BUS_ERROR_NO_REPLY, ERROR_TIMEOUT},
                {SD_BUS_ERROR_TIMEOUT, ERROR_TIMEOUT},
        };

        for (size_t i = 0; i < ELEMENTS(kinds); i++)
                if (text_equal(kinds[i].name, name))
                        return kinds[i].kind;
        return ERROR_FAILED;
}

static bool is_disconnection(int code)
{
        return code == -ENOTCONN || code == -ECONNRESET || code == -EPIPE;
}

static int fail_call(int code, int64_t timeout_ms, const sd_bus_error *told, struct error *error)
{
        enum error_kind kind = is_disconnection(code) ? ERROR_UNREACHABLE : kind_of(told->name);
        const char *message = told->message ? told->message : strerror(-code);

        if (kind == ERROR_UNREACHABLE)
                return error_set(error, kind, "systemd can't be reached over D-Bus: %s", message);
        if (kind == ERROR_TIMEOUT)
                return error_set(error, kind, "systemd did not answer over D-Bus within %d s",
                                 (int)(timeout_ms / 1000));
        return error_set(error, kind, "systemd says: %s", message);
}

struct call {
        const char *path, *interface, *member;
        const char *first, *second; /* arguments, texts all; NULL: none */
        bool once;                  /* it may not be made a second time */
};

static int call_once(sd_bus *bus, const struct call *call, int64_t timeout_ms, sd_bus_error *told,
                     sd_bus_message **ret_reply)
{
        _cleanup_message_ sd_bus_message *message = NULL;
        int result = sd_bus_message_new_method_call(bus, &message, SYSTEMD, call->path, call->interface,
                                                    call->member);

        if (result >= 0 && call->first)
                result = sd_bus_message_append(message, "s", call->first);
        if (result >= 0 && call->second)
                result = sd_bus_message_append(message, "s", call->second);
        if (result >= 0)
                result = sd_bus_call(bus, message, (uint64_t)timeout_ms * USEC_PER_MS, told, ret_reply);
        return result;
}

static int perform(struct units_bus *units, const struct call *call, sd_bus_message **ret_reply,
                   struct error *error)
{
        int64_t timeout_ms = call->once ? UNITS_JOB_MS : UNITS_LOOK_MS;

        for (int left = call->once ? 1 : LOOKS_MAX;; left--) {
                _cleanup_bus_error_ sd_bus_error told = SD_BUS_ERROR_NULL;

                if (connect_bus(units, error) < 0)
                        return -1;
                int result = call_once(units->bus, call, timeout_ms, &told, ret_reply);
                if (result >= 0)
                        return 0;
                if (is_disconnection(result))
                        close_bus(units);
                if (left == 1 || (!is_disconnection(result) && result != -ETIMEDOUT))
                        return fail_call(result, timeout_ms, &told, error);
        }
}

/* Whether the job has not begun. One that has ended in between is none. */
static void look_at_job(struct units_bus *units, struct unit_reading *reading)
{
        struct call call = {reading->job_path, PROPERTIES, "Get", .first = JOB, .second = "State"};
        _cleanup_message_ sd_bus_message *reply = NULL;
        const char *state;

        if (!reading->job_path)
                return;
        reading->state.job = true;
        if (perform(units, &call, &reply, NULL) == 0 && sd_bus_message_read(reply, "v", "s", &state) >= 0)
                reading->state.job_waits = text_equal(state, "waiting");
}

static int path_of(const char *name, char **ret_path, struct error *error)
{
        int result = sd_bus_path_encode("/org/freedesktop/systemd1/unit", name, ret_path);

        return result < 0 ? error_set(error, ERROR_USAGE, "\"%s\" is no unit's name", name) : 0;
}

static int bus_look(struct units *head, const char *name, struct unit_state *ret_state, struct error *error)
{
        struct units_bus *units = (struct units_bus *)head;
        _cleanup_unit_reading_ struct unit_reading reading = {0};
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_free_ char *path = NULL;

        if (path_of(name, &path, error) < 0)
                return -1;
        struct call call = {path, PROPERTIES, "GetAll", .first = ""};
        if (perform(units, &call, &reply, error) < 0)
                return -1;
        int result = unit_properties_read(reply, &reading);
        if (result < 0 || !reading.state.load_state || !reading.state.active_state)
                return error_set(error, ERROR_PROTOCOL, "systemd's properties of %s are not understood",
                                 name);
        look_at_job(units, &reading);
        reading.state.conditions_unmet = (reading.condition_us && !reading.condition_result) ||
                                         (reading.assert_us && !reading.assert_result);
        reading.state.name = text_copy(name);
        *ret_state = reading.state;
        reading.state = (struct unit_state){0};
        return 0;
}

static int bus_job(struct units *head, const char *name, enum unit_action action, uint32_t *ret_job,
                   struct error *error)
{
        static const char *const members[] = {
                [UNIT_START] = "StartUnit", [UNIT_STOP] = "StopUnit", [UNIT_RESTART] = "RestartUnit"};
        struct units_bus *units = (struct units_bus *)head;
        struct call pin = {MANAGER_PATH, MANAGER, "RefUnit", .first = name};
        struct call ask = {MANAGER_PATH,        MANAGER,     members[action], .first = name,
                           .second = "replace", .once = true};
        _cleanup_message_ sd_bus_message *pinned = NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;
        const char *path;
        uint64_t job;

        if (perform(units, &pin, &pinned, error) < 0 || perform(units, &ask, &reply, error) < 0)
                return -1;
        const char *slash = sd_bus_message_read(reply, "o", &path) < 0 ? NULL : strrchr(path, '/');
        if (!slash || !text_to_u64(slash + 1, &job) || job > UINT32_MAX)
                return error_set(error, ERROR_PROTOCOL, "systemd's answer names no job");
        *ret_job = (uint32_t)job;
        return 0;
}

/* The answer comes when all is read, from a connection that outlives that. */
static int bus_reload(struct units *head, struct error *error)
{
        struct call call = {MANAGER_PATH, MANAGER, "Reload", .once = true};
        _cleanup_message_ sd_bus_message *reply = NULL;

        return perform((struct units_bus *)head, &call, &reply, error);
}

static void bus_free(struct units *head)
{
        struct units_bus *units = (struct units_bus *)head;

        close_bus(units);
        free(units);
}

int units_open(struct units **ret_units, struct error *error)
{
        static const struct units_operations operations = {bus_look, bus_job, bus_reload, bus_free};
        struct units_bus *units = new_zero(struct units_bus);

        units->units.operations = &operations;
        if (connect_bus(units, error) < 0) {
                bus_free(&units->units);
                return -1;
        }
        *ret_units = &units->units;
        return 0;
}
