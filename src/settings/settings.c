#include "settings/settings.h"

#include "base/prefix.h"
#include "settings/yaml.h"

#include <errno.h>
#include <inttypes.h>

#define AT(member) offsetof(struct settings, member)

const struct setting settings_table[] = {
        {"checks", SETTING_CHECKS, AT(checks), NULL, 0, 0, "URL or {url, status, title}",
         "pages that must answer before and after a move; without a status any from 200 to 399 will do"},
        {"quiet.stacks", SETTING_TEXTS, AT(quiet_stacks), NULL, 0, 0, "PATTERN",
         "stacks that are expected to run during a move, such as warm-*; when set, any other one stops it"},
        {"quiet.busy", SETTING_TEXTS, AT(quiet_busy), NULL, 0, 0, "PATTERN",
         "containers whose running says that the host is at work"},
        {"quiet.commands", SETTING_TEXTS, AT(quiet_commands), NULL, 0, 0, "COMMAND",
         "commands that fail while the host is at work"},
        {"quiet.wait", SETTING_NUMBER, AT(quiet_wait_s), "60", 0, 86400, "SECONDS",
         "how long a move waits in its middle for a host that is at work, before it stops"},
        {"pause.units", SETTING_TEXTS, AT(pause_units), NULL, 0, 0, "UNIT",
         "systemd units and timers that are stopped for the time of a move"},
        {"pause.services", SETTING_TEXTS, AT(pause_services), NULL, 0, 0, "SERVICE",
         "services that have no tasks for the time of a move"},
        {"roads.rebuild", SETTING_TEXT, AT(roads_rebuild), NULL, 0, 0, "COMMAND",
         "command that rebuilds the host after a move; it stands in the plan, so no secrets in it"},
        {"roads.units", SETTING_TEXTS, AT(roads_units), NULL, 0, 0, "UNIT",
         "systemd units that are restarted after a move, in this order"},
        {"roads.command", SETTING_TEXT, AT(roads_command), NULL, 0, 0, "COMMAND",
         "command that deploys everything again after a move"},
        {"roads.timeout", SETTING_NUMBER, AT(roads_timeout_s), "900", 1, 86400, "SECONDS",
         "how long each of them may take"},
        {"reserve", SETTING_RANGES, AT(reserve), NULL, 0, 0, "CIDR",
         "ranges to keep clear of that this host does not know; those of --reserve are added"},
        {"edges", SETTING_TEXTS, AT(edges), NULL, 0, 0, "SERVICE",
         "services that pass requests on to the others; otherwise those that publish ports"},
        {"require_reviews", SETTING_NUMBER, AT(require_reviews), "0", 0, 16, "NUMBER",
         "how many signed reviews a plan needs before it is applied"},
        {"allowed_signers", SETTING_PATH, AT(allowed_signers), NULL, 0, 0, "FILE",
         "whose reviews count, as ssh-keygen(1) reads it"},
        {"state", SETTING_PATH, AT(state), "/var/lib/headroom", 0, 0, "FOLDER",
         "where plans, locks and journals are kept; HEADROOM_STATE wins over it"},
        {"ensure.timeout", SETTING_NUMBER, AT(ensure_timeout_s), "60", 1, 86400, "SECONDS",
         "how long `headroom ensure` waits for the engine, and then for subnets"},
        {NULL},
};

_Static_assert(ELEMENTS(settings_table) == SETTINGS_COUNT + 1, "a line is kept for every key");

static void *member_of(struct settings *settings, const struct setting *setting)
{
        return (char *)settings + setting->offset;
}

static unsigned *line_of(struct settings *settings, const struct setting *setting)
{
        return &settings->lines[setting - settings_table];
}

static void texts_done(struct setting_texts *texts)
{
        for (size_t i = 0; i < texts->items.count; i++)
                free(texts->items.items[i].text);
        free(texts->items.items);
        *texts = (struct setting_texts){0};
}

static void checks_done(struct settings *settings)
{
        for (size_t i = 0; i < settings->checks.count; i++) {
                free(settings->checks.items[i].url);
                free(settings->checks.items[i].title);
        }
        free(settings->checks.items);
        settings->checks.items = NULL;
        settings->checks.count = 0;
}

void settings_done(struct settings *settings)
{
        char **text;

        for (const struct setting *setting = settings_table; setting->name; setting++) {
                switch (setting->type) {
                case SETTING_TEXT:
                case SETTING_PATH:
                        text = member_of(settings, setting);
                        free(*text);
                        *text = NULL;
                        break;
                case SETTING_TEXTS:
                case SETTING_RANGES:
                        texts_done(member_of(settings, setting));
                        break;
                case SETTING_CHECKS:
                        checks_done(settings);
                        break;
                case SETTING_NUMBER:
                        break;
                }
        }
        free(settings->path);
        *settings = (struct settings){0};
}

static void set_defaults(struct settings *settings)
{
        for (const struct setting *setting = settings_table; setting->name; setting++) {
                if (!setting->fallback)
                        continue;
                if (setting->type == SETTING_NUMBER)
                        text_to_u64(setting->fallback, member_of(settings, setting));
                else
                        *(char **)member_of(settings, setting) = text_copy(setting->fallback);
        }
}

/* From YAML */

static int refuse_unknown(const struct yaml *yaml, const struct yaml_node *node, const char *name,
                          struct error *error)
{
        return yaml_refuse(yaml, node, error, "there is no key %s; `headroom help --man` lists all there are",
                           name);
}

static int read_range(const struct yaml *yaml, const struct yaml_node *node, const char *text,
                      struct error *error)
{
        char meant[PREFIX_TEXT_SIZE];
        struct prefix prefix;

        switch (prefix_parse(text, &prefix)) {
        case PREFIX_FINE:
                return 0;
        case PREFIX_HOST_BITS:
                prefix_format(prefix, meant);
                return yaml_refuse(yaml, node, error, "%s has host bits set; did you mean %s?", text, meant);
        case PREFIX_IPV6:
                return yaml_refuse(yaml, node, error, "%s is IPv6; headroom keeps IPv4 ranges only", text);
        default:
                return yaml_refuse(yaml, node, error, "%s is no range like 10.20.0.0/16", text);
        }
}

static int require_list(const struct yaml *yaml, const struct yaml_node *node, const char *name,
                        struct error *error)
{
        if (yaml_require(yaml, node, YAML_LIST, name, error) < 0)
                return -1;
        if (node->children.count > SETTINGS_ITEMS_MAX)
                return yaml_refuse(yaml, node, error, "%s takes at most %d items, not %zu", name,
                                   SETTINGS_ITEMS_MAX, node->children.count);
        return 0;
}

static int read_texts(const struct yaml *yaml, const struct yaml_node *node, const struct setting *setting,
                      struct setting_texts *texts, struct error *error)
{
        _cleanup_free_ char *item_name = text_format("an item of %s", setting->name);

        if (require_list(yaml, node, setting->name, error) < 0)
                return -1;
        for_each_yaml (item, node) {
                struct setting_text *text = list_add(&texts->items);
                text->line = item->line;
                if (yaml_text(yaml, item, item_name, &text->text, error) < 0)
                        return -1;
                if (setting->type == SETTING_RANGES && read_range(yaml, item, text->text, error) < 0)
                        return -1;
        }
        return 0;
}

static int require_url(const struct yaml *yaml, const struct yaml_node *node, const char *url,
                       struct error *error)
{
        const char *host = text_starts_with(url, "http://")    ? url + strlen("http://")
                           : text_starts_with(url, "https://") ? url + strlen("https://")
                                                               : NULL;

        if (!host || strcspn(host, "/?#") == 0 || url[strcspn(url, " \t\r\n")])
                return yaml_refuse(yaml, node, error, "%s is no URL like https://ci.example.org/", url);
        return 0;
}

static int read_check_member(const struct yaml *yaml, const struct yaml_node *node,
                             struct setting_check *check, struct error *error)
{
        if (text_equal(node->key, "url"))
                return yaml_text(yaml, node, "checks.url", &check->url, error);
        if (text_equal(node->key, "status"))
                return yaml_number(yaml, node, "checks.status", 100, 599, &check->status, error);
        if (text_equal(node->key, "title"))
                return yaml_text(yaml, node, "checks.title", &check->title, error);
        return yaml_refuse(yaml, node, error, "an item of checks has no key %s, only url, status and title",
                           node->key);
}

static int read_check(const struct yaml *yaml, const struct yaml_node *node, struct setting_check *check,
                      struct error *error)
{
        check->line = node->line;
        if (node->type == YAML_TEXT) {
                check->url = text_copy(node->text);
        } else {
                if (yaml_require(yaml, node, YAML_MAP, "an item of checks", error) < 0)
                        return -1;
                for_each_yaml (member, node)
                        if (read_check_member(yaml, member, check, error) < 0)
                                return -1;
        }
        if (!check->url)
                return yaml_refuse(yaml, node, error, "an item of checks needs a url");
        return require_url(yaml, node, check->url, error);
}

static int read_checks(const struct yaml *yaml, const struct yaml_node *node, struct settings *settings,
                       struct error *error)
{
        if (require_list(yaml, node, "checks", error) < 0)
                return -1;
        for_each_yaml (item, node)
                if (read_check(yaml, item, list_add(&settings->checks), error) < 0)
                        return -1;
        return 0;
}

static int read_text(const struct yaml *yaml, const struct yaml_node *node, const struct setting *setting,
                     char **text, struct error *error)
{
        char *told = NULL;

        if (yaml_text(yaml, node, setting->name, &told, error) < 0)
                return -1;
        free(*text); /* the default */
        *text = told;
        if (setting->type == SETTING_PATH && *told != '/')
                return yaml_refuse(yaml, node, error, "%s takes a path that begins with /, not %s",
                                   setting->name, told);
        return 0;
}

static int read_setting(const struct yaml *yaml, const struct yaml_node *node, const struct setting *setting,
                        struct settings *settings, struct error *error)
{
        void *member = member_of(settings, setting);

        if (node->type == YAML_NULL)
                return 0; /* as if it were not there */
        *line_of(settings, setting) = node->line;
        switch (setting->type) {
        case SETTING_TEXT:
        case SETTING_PATH:
                return read_text(yaml, node, setting, member, error);
        case SETTING_NUMBER:
                return yaml_number(yaml, node, setting->name, setting->min, setting->max, member, error);
        case SETTING_CHECKS:
                return read_checks(yaml, node, settings, error);
        default:
                return read_texts(yaml, node, setting, member, error);
        }
}

static const struct setting *setting_find(const char *name)
{
        for (const struct setting *setting = settings_table; setting->name; setting++)
                if (text_equal(setting->name, name))
                        return setting;
        return NULL;
}

static bool is_section(const char *name)
{
        _cleanup_free_ char *beginning = text_format("%s.", name);

        for (const struct setting *setting = settings_table; setting->name; setting++)
                if (text_starts_with(setting->name, beginning))
                        return true;
        return false;
}

static int read_section(const struct yaml *yaml, const struct yaml_node *section, struct settings *settings,
                        struct error *error)
{
        if (section->type == YAML_NULL)
                return 0;
        if (yaml_require(yaml, section, YAML_MAP, section->key, error) < 0)
                return -1;
        for_each_yaml (node, section) {
                _cleanup_free_ char *name = text_format("%s.%s", section->key, node->key);
                const struct setting *setting = setting_find(name);
                if (!setting)
                        return refuse_unknown(yaml, node, name, error);
                if (read_setting(yaml, node, setting, settings, error) < 0)
                        return -1;
        }
        return 0;
}

static int read_root(const struct yaml *yaml, struct settings *settings, struct error *error)
{
        if (yaml->root.type == YAML_NULL)
                return 0;
        if (yaml_require(yaml, &yaml->root, YAML_MAP, "the configuration", error) < 0)
                return -1;
        for_each_yaml (node, &yaml->root) {
                const struct setting *setting = strchr(node->key, '.') ? NULL : setting_find(node->key);
                int result = setting                 ? read_setting(yaml, node, setting, settings, error)
                             : is_section(node->key) ? read_section(yaml, node, settings, error)
                                                     : refuse_unknown(yaml, node, node->key, error);
                if (result < 0)
                        return -1;
        }
        return 0;
}

static int read_yaml(const struct yaml *yaml, struct settings *ret_settings, struct error *error)
{
        _cleanup_settings_ struct settings settings = {0};

        set_defaults(&settings);
        settings.path = text_copy(yaml->origin);
        if (read_root(yaml, &settings, error) < 0)
                return -1;
        *ret_settings = settings;
        settings = (struct settings){0};
        return 0;
}

int settings_parse(const char *bytes, size_t length, const char *origin, struct settings *ret_settings,
                   struct error *error)
{
        _cleanup_yaml_ struct yaml yaml = {0};

        if (yaml_parse(bytes, length, origin, &yaml, error) < 0)
                return -1;
        return read_yaml(&yaml, ret_settings, error);
}

/* The sources together */

/* It was meant to say something, most often what another variable holds that is not set. */
static int refuse_empty(const char *variable, const char *what, struct error *error)
{
        const char *value = getenv(variable);

        if (!value || *value)
                return 0;
        return error_set(error, ERROR_USAGE, "%s is set, but empty: let it name a %s, or unset it", variable,
                         what);
}

static void take_environment(struct settings *settings)
{
        const char *state = getenv("HEADROOM_STATE");

        if (!state)
                return;
        free(settings->state);
        settings->state = text_copy(state);
        settings->state_from_environment = true;
}

static int load_file(const char *path, struct settings *ret_settings, struct error *error)
{
        _cleanup_yaml_ struct yaml yaml = {0};

        if (yaml_read(path, SETTINGS_BYTES_MAX, &yaml, error) < 0)
                return error_while(error, "reading the configuration");
        return read_yaml(&yaml, ret_settings, error);
}

int settings_load(const char *path, struct settings *ret_settings, struct error *error)
{
        const char *from_environment = getenv("HEADROOM_CONFIG");

        *ret_settings = (struct settings){0};
        if (refuse_empty("HEADROOM_STATE", "folder", error) < 0 ||
            (!path && refuse_empty("HEADROOM_CONFIG", "file", error) < 0))
                return -1;
        if (!path)
                path = from_environment;
        if (!path && access(SETTINGS_PATH, F_OK) < 0 && errno == ENOENT)
                set_defaults(ret_settings);
        else if (load_file(path ? path : SETTINGS_PATH, ret_settings, error) < 0)
                return -1;
        take_environment(ret_settings);
        return 0;
}
