#include "cli/command.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "settings/settings.h"

/* `headroom config`: what is in effect, and who says so. */

static const struct column columns[] = {
        {"Key", "KEY", false, false},
        {"Value", "VALUE", false, true},
        {"Source", "SOURCE", false, true},
        {"Argument", NULL, false, false},
        {"Default", NULL, false, false},
        {"Help", NULL, false, false},
        {NULL},
};

static void add_row(void *userdata, const struct setting *setting, const char *value, const char *source)
{
        struct table *table = userdata;

        table_add_row(table);
        table_text(table, "Key", setting->name, COLOUR_NONE);
        if (*value)
                table_text(table, "Value", value, COLOUR_NONE);
        else
                table_shown(table, "Value", "-", COLOUR_FAINT);
        table_text(table, "Source", source, text_equal(source, "default") ? COLOUR_FAINT : COLOUR_NONE);
        table_text(table, "Argument", setting->argument, COLOUR_NONE);
        if (setting->fallback)
                table_text(table, "Default", setting->fallback, COLOUR_NONE);
        table_text(table, "Help", setting->help, COLOUR_NONE);
}

int command_config(const struct invocation *invocation)
{
        _cleanup_table_ struct table *table = table_new(columns);
        _cleanup_settings_ struct settings settings = {0};
        _cleanup_error_ struct error error = {0};

        if (invocation_settings(invocation, &settings, &error) < 0)
                return invocation_fail(invocation, &error);
        settings_show(&settings, add_row, table);
        if (table_print(table, invocation_value(invocation, "format"),
                        !invocation_flag(invocation, "no-header"), &error) < 0)
                return invocation_fail(invocation, &error);
        return 0;
}
