#include "host/unit_properties.h"

#include "base/buffer.h"

#include <stddef.h>

#define BYTES_OF_ID 16

void unit_reading_done(struct unit_reading *reading)
{
        unit_state_done(&reading->state);
        free(reading->job_path);
}

/* The readers of properties: each takes one value, whose variant was entered, into a field. */

static int read_text(sd_bus_message *m, void *field)
{
        const char *text;
        int result = sd_bus_message_read(m, "s", &text);

        if (result >= 0) {
                free(*(char **)field);
                *(char **)field = text_copy(text);
        }
        return result;
}

static int read_flag(sd_bus_message *m, void *field)
{
        int flag;
        int result = sd_bus_message_read(m, "b", &flag);

        if (result >= 0)
                *(bool *)field = flag;
        return result;
}

static int read_number(sd_bus_message *m, void *field)
{
        return sd_bus_message_read(m, "i", (int32_t *)field);
}

static int read_time(sd_bus_message *m, void *field)
{
        return sd_bus_message_read(m, "t", (uint64_t *)field);
}

static int read_texts(sd_bus_message *m, void *field)
{
        struct unit_texts *texts = field;
        const char *text;
        int result = sd_bus_message_enter_container(m, 'a', "s");

        while (result >= 0 && (result = sd_bus_message_read(m, "s", &text)) > 0)
                *list_add(&texts->items) = text_copy(text);
        return result < 0 ? result : sd_bus_message_exit_container(m);
}

static int read_id(sd_bus_message *m, void *field)
{
        const void *bytes;
        size_t length;
        int result = sd_bus_message_read_array(m, 'y', &bytes, &length);

        if (result < 0)
                return result;
        char *hex = memory_new(2 * BYTES_OF_ID + 1, 1);
        for (size_t i = 0; length == BYTES_OF_ID && i < length; i++) {
                hex[2 * i] = "0123456789abcdef"[((const uint8_t *)bytes)[i] >> 4];
                hex[2 * i + 1] = "0123456789abcdef"[((const uint8_t *)bytes)[i] & 15];
        }
        free(*(char **)field);
        *(char **)field = hex;
        return result;
}

static int read_job(sd_bus_message *m, void *field)
{
        uint32_t id;
        const char *path;
        int result = sd_bus_message_read(m, "(uo)", &id, &path);

        if (result >= 0 && id) {
                free(*(char **)field);
                *(char **)field = text_copy(path);
        }
        return result;
}

/* One command's arguments; its program by the path that systemd found. */
static int read_arguments(sd_bus_message *m, char **ret_line)
{
        _cleanup_buffer_ struct buffer line = {0};
        const char *path;
        const char *argument;
        int result = sd_bus_message_read(m, "s", &path);

        if (result >= 0)
                result = sd_bus_message_enter_container(m, 'a', "s");
        for (bool first = true; result >= 0 && (result = sd_bus_message_read(m, "s", &argument)) > 0;
             first = false)
                buffer_format(&line, "%s%s", first ? "" : " ", first ? path : argument);
        if (result >= 0)
                result = sd_bus_message_exit_container(m);
        if (result >= 0)
                *ret_line = buffer_steal(&line);
        return result;
}

#define COMMAND_REST "bttttuii" /* what follows the arguments: flags, times, the process */

static int read_commands(sd_bus_message *m, void *field)
{
        struct unit_texts *texts = field;
        int result = sd_bus_message_enter_container(m, 'a', "(sas" COMMAND_REST ")");

        while (result >= 0 && (result = sd_bus_message_enter_container(m, 'r', "sas" COMMAND_REST)) > 0) {
                char *line = NULL;
                result = read_arguments(m, &line);
                if (result >= 0)
                        *list_add(&texts->items) = line ? line : text_copy("");
                if (result >= 0)
                        result = sd_bus_message_skip(m, COMMAND_REST);
                if (result >= 0)
                        result = sd_bus_message_exit_container(m);
        }
        return result < 0 ? result : sd_bus_message_exit_container(m);
}

#define FIELD(f) offsetof(struct unit_reading, f)
#define STATE(f) FIELD(state.f)

static const struct property {
        const char *name;
        const char *signature;
        int (*read)(sd_bus_message *m, void *field);
        size_t offset;
} properties[] = {
        {"Id", "s", read_text, STATE(id)},
        {"LoadState", "s", read_text, STATE(load_state)},
        {"ActiveState", "s", read_text, STATE(active_state)},
        {"SubState", "s", read_text, STATE(sub_state)},
        {"Result", "s", read_text, STATE(result)},
        {"Type", "s", read_text, STATE(type)},
        {"FragmentPath", "s", read_text, STATE(fragment_path)},
        {"InvocationID", "ay", read_id, STATE(invocation_id)},
        {"RemainAfterExit", "b", read_flag, STATE(remain_after_exit)},
        {"NeedDaemonReload", "b", read_flag, STATE(need_daemon_reload)},
        {"ConditionResult", "b", read_flag, FIELD(condition_result)},
        {"ConditionTimestamp", "t", read_time, FIELD(condition_us)},
        {"AssertResult", "b", read_flag, FIELD(assert_result)},
        {"AssertTimestamp", "t", read_time, FIELD(assert_us)},
        {"Job", "(uo)", read_job, FIELD(job_path)},
        {"ExecMainCode", "i", read_number, STATE(exit_code)},
        {"ExecMainStatus", "i", read_number, STATE(exit_status)},
        {"After", "as", read_texts, STATE(after)},
        {"Before", "as", read_texts, STATE(before)},
        {"Requires", "as", read_texts, STATE(requires)},
        {"Requisite", "as", read_texts, STATE(requires)},
        {"BindsTo", "as", read_texts, STATE(requires)},
        {"Wants", "as", read_texts, STATE(requires)},
        {"ExecCondition", "a(sas" COMMAND_REST ")", read_commands, STATE(commands)},
        {"ExecStartPre", "a(sas" COMMAND_REST ")", read_commands, STATE(commands)},
        {"ExecStart", "a(sas" COMMAND_REST ")", read_commands, STATE(commands)},
        {"ExecStartPost", "a(sas" COMMAND_REST ")", read_commands, STATE(commands)},
};

static const struct property *property_of(const char *name)
{
        for (size_t i = 0; i < ELEMENTS(properties); i++)
                if (text_equal(properties[i].name, name))
                        return &properties[i];
        return NULL;
}

static int read_property(sd_bus_message *m, struct unit_reading *reading)
{
        const char *name;
        int result = sd_bus_message_read(m, "s", &name);
        const struct property *property = result >= 0 ? property_of(name) : NULL;

        if (result < 0)
                return result;
        if (!property)
                return sd_bus_message_skip(m, "v");
        result = sd_bus_message_enter_container(m, 'v', property->signature);
        if (result >= 0)
                result = property->read(m, (char *)reading + property->offset);
        return result < 0 ? result : sd_bus_message_exit_container(m);
}

int unit_properties_read(sd_bus_message *m, struct unit_reading *reading)
{
        int result = sd_bus_message_enter_container(m, 'a', "{sv}");

        while (result >= 0 && (result = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                result = read_property(m, reading);
                if (result >= 0)
                        result = sd_bus_message_exit_container(m);
        }
        return result;
}
