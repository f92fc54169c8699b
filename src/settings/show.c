/* The effective settings, key by key, each with where it comes from. */

#include "settings/settings.h"

#include <inttypes.h>

/* A line of the file, or "default". */
static char *source_at(const struct settings *settings, unsigned line)
{
        return line ? text_format("%s:%u", settings->path, line) : text_copy("default");
}

static char *source_of(const struct settings *settings, const struct setting *setting)
{
        if (settings->state_from_environment && setting->offset == offsetof(struct settings, state))
                return text_copy("environment HEADROOM_STATE");
        return source_at(settings, settings->lines[setting - settings_table]);
}

static char *check_text(const struct setting_check *check)
{
        _cleanup_free_ char *status =
                check->status ? text_format(" status %" PRIu64, check->status) : text_copy("");

        return text_format("%s%s%s%s%s", check->url, status, check->title ? " title \"" : "",
                           check->title ? check->title : "", check->title ? "\"" : "");
}

static void show_one(const struct settings *settings, const struct setting *setting, const char *value,
                     settings_row row, void *userdata)
{
        _cleanup_free_ char *source = source_of(settings, setting);

        row(userdata, setting, value ? value : "", source);
}

static void show_item(const struct settings *settings, const struct setting *setting, const char *value,
                      unsigned line, settings_row row, void *userdata)
{
        _cleanup_free_ char *source = source_at(settings, line);

        row(userdata, setting, value, source);
}

static size_t show_texts(const struct settings *settings, const struct setting *setting,
                         const struct setting_texts *texts, settings_row row, void *userdata)
{
        for (size_t i = 0; i < texts->items.count; i++)
                show_item(settings, setting, texts->items.items[i].text, texts->items.items[i].line, row,
                          userdata);
        return texts->items.count;
}

static size_t show_checks(const struct settings *settings, const struct setting *setting, settings_row row,
                          void *userdata)
{
        for (size_t i = 0; i < settings->checks.count; i++) {
                _cleanup_free_ char *text = check_text(&settings->checks.items[i]);
                show_item(settings, setting, text, settings->checks.items[i].line, row, userdata);
        }
        return settings->checks.count;
}

static void show_setting(const struct settings *settings, const struct setting *setting, settings_row row,
                         void *userdata)
{
        const void *member = (const char *)settings + setting->offset;

        switch (setting->type) {
        case SETTING_TEXT:
        case SETTING_PATH:
                show_one(settings, setting, *(char *const *)member, row, userdata);
                return;
        case SETTING_NUMBER: {
                _cleanup_free_ char *text = text_format("%" PRIu64, *(const uint64_t *)member);
                show_one(settings, setting, text, row, userdata);
                return;
        }
        case SETTING_CHECKS:
                if (show_checks(settings, setting, row, userdata) == 0)
                        show_one(settings, setting, NULL, row, userdata);
                return;
        default:
                if (show_texts(settings, setting, member, row, userdata) == 0)
                        show_one(settings, setting, NULL, row, userdata);
        }
}

void settings_show(const struct settings *settings, settings_row row, void *userdata)
{
        for (const struct setting *setting = settings_table; setting->name; setting++)
                show_setting(settings, setting, row, userdata);
}
