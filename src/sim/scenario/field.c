#include "sim/scenario/field.h"

#include <ctype.h>
#include <inttypes.h>

void scenario_texts_done(struct scenario_texts *texts)
{
        for (size_t i = 0; i < texts->items.count; i++)
                free(texts->items.items[i]);
        free(texts->items.items);
        *texts = (struct scenario_texts){0};
}

void scenario_pairs_done(struct scenario_pairs *pairs)
{
        for (size_t i = 0; i < pairs->items.count; i++) {
                free(pairs->items.items[i].key);
                free(pairs->items.items[i].value);
        }
        free(pairs->items.items);
        *pairs = (struct scenario_pairs){0};
}

/* Single values */

int field_require_name(const struct yaml *yaml, const struct yaml_node *node, const char *what,
                       const char *name, struct error *error)
{
        static const char *const characters =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
        size_t length = strlen(name);

        if (length && !name[strspn(name, characters)] && isalnum((unsigned char)*name) &&
            length <= NAME_MAX_LENGTH)
                return 0;
        return yaml_refuse(yaml, node, error,
                           "%.*s%s is no name for %s: letters, digits, -, _ and ., a letter or digit first, "
                           "%d at most",
                           NAME_MAX_LENGTH, name, length > NAME_MAX_LENGTH ? "..." : "", what,
                           NAME_MAX_LENGTH);
}

int field_name(const struct yaml *yaml, const struct yaml_node *node, const char *name, char **ret_name,
               struct error *error)
{
        _cleanup_free_ char *text = NULL;

        if (yaml_text(yaml, node, name, &text, error) < 0 ||
            field_require_name(yaml, node, name, text, error) < 0)
                return -1;
        free(*ret_name);
        *ret_name = steal_pointer(text);
        return 0;
}

/* "1h30m": numbers, each with its unit, the sum of which fits; false for anything else. */
static bool duration_of(const char *text, int64_t *ret_ms)
{
        static const struct {
                const char *name;
                int64_t ms;
        } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
        int64_t sum = 0;

        if (!*text)
                return false;
        while (*text) {
                size_t digits = strspn(text, "0123456789");
                size_t letters = strcspn(text + digits, "0123456789");
                _cleanup_free_ char *number = text_copy_n(text, digits);
                uint64_t value;
                size_t unit = 0;

                while (unit < ELEMENTS(units) && (strlen(units[unit].name) != letters ||
                                                  strncmp(units[unit].name, text + digits, letters) != 0))
                        unit++;
                if (unit == ELEMENTS(units) || !text_to_u64(number, &value) ||
                    value > (uint64_t)(DURATION_MAX_MS / units[unit].ms))
                        return false;
                sum += (int64_t)value * units[unit].ms;
                text += digits + letters;
                if (sum > DURATION_MAX_MS)
                        return false;
        }
        *ret_ms = sum;
        return true;
}

int field_duration(const struct yaml *yaml, const struct yaml_node *node, const char *name, int64_t min_ms,
                   int64_t max_ms, int64_t *ret_ms, struct error *error)
{
        int64_t ms;

        if (yaml_require(yaml, node, YAML_TEXT, name, error) < 0)
                return -1;
        if (!duration_of(node->text, &ms))
                return yaml_refuse(yaml, node, error,
                                   "%s takes a time like 20ms, 10s, 1h30m or 11d, 1000d at most, not %s",
                                   name, node->text);
        if (ms < min_ms || ms > max_ms)
                return yaml_refuse(yaml, node, error, "%s takes from %" PRId64 "ms to %" PRId64 "ms, not %s",
                                   name, min_ms, max_ms, node->text);
        *ret_ms = ms;
        return 0;
}

int field_address(const struct yaml *yaml, const struct yaml_node *node, const char *name,
                  uint32_t *ret_address, struct error *error)
{
        if (yaml_require(yaml, node, YAML_TEXT, name, error) < 0)
                return -1;
        if (strchr(node->text, '/') || !address_parse(node->text, ret_address))
                return yaml_refuse(yaml, node, error, "%s takes an address like 10.0.1.5, not %s", name,
                                   node->text);
        return 0;
}

static int read_subnet(const struct yaml *yaml, const struct yaml_node *node, const char *name,
                       const struct field *field, struct prefix *ret_prefix, struct error *error)
{
        char meant[PREFIX_TEXT_SIZE];
        struct prefix prefix;

        if (yaml_require(yaml, node, YAML_TEXT, name, error) < 0)
                return -1;
        switch (prefix_parse(node->text, &prefix)) {
        case PREFIX_FINE:
                break;
        case PREFIX_HOST_BITS:
                prefix_format(prefix, meant);
                return yaml_refuse(yaml, node, error, "%s %s has host bits set; did you mean %s?", name,
                                   node->text, meant);
        case PREFIX_IPV6:
                return yaml_refuse(yaml, node, error, "%s %s is IPv6, of which the swarm here knows nothing",
                                   name, node->text);
        default:
                return yaml_refuse(yaml, node, error, "%s takes a range like 10.20.0.0/16, not %s", name,
                                   node->text);
        }
        if (prefix.length_bits < field->min || prefix.length_bits > field->max)
                return yaml_refuse(yaml, node, error,
                                   "%s takes a range from /%" PRIu64 " to /%" PRIu64 ", not %s", name,
                                   field->min, field->max, node->text);
        *ret_prefix = prefix;
        return 0;
}

int field_choice(const struct yaml *yaml, const struct yaml_node *node, const char *name,
                 const char *const *words, unsigned *ret_choice, struct error *error)
{
        _cleanup_buffer_ struct buffer all = {0};

        if (yaml_require(yaml, node, YAML_TEXT, name, error) < 0)
                return -1;
        for (unsigned i = 0; words[i]; i++) {
                if (text_equal(words[i], node->text)) {
                        *ret_choice = i + 1;
                        return 0;
                }
                buffer_format(&all, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
        }
        return yaml_refuse(yaml, node, error, "%s takes %s, not %s", name, buffer_text(&all), node->text);
}

/* Lists and maps of texts */

static int require_few(const struct yaml *yaml, const struct yaml_node *node, const char *name,
                       struct error *error)
{
        if (node->children.count <= TEXTS_MAX)
                return 0;
        return yaml_refuse(yaml, node, error, "%s takes at most %d items, not %zu", name, TEXTS_MAX,
                           node->children.count);
}

int field_texts(const struct yaml *yaml, const struct yaml_node *node, const char *name,
                struct scenario_texts *texts, struct error *error)
{
        _cleanup_free_ char *item_name = text_format("an item of %s", name);

        if (yaml_require(yaml, node, YAML_LIST, name, error) < 0 || require_few(yaml, node, name, error) < 0)
                return -1;
        for_each_yaml (item, node)
                if (yaml_text(yaml, item, item_name, list_add(&texts->items), error) < 0)
                        return -1;
        return 0;
}

static int read_pairs(const struct yaml *yaml, const struct yaml_node *node, const char *name,
                      struct scenario_pairs *pairs, struct error *error)
{
        if (yaml_require(yaml, node, YAML_MAP, name, error) < 0 || require_few(yaml, node, name, error) < 0)
                return -1;
        for_each_yaml (item, node) {
                if (yaml_require(yaml, item, YAML_TEXT, item->key, error) < 0)
                        return -1;
                struct scenario_pair *pair = list_add(&pairs->items);
                pair->key = text_copy(item->key);
                pair->value = text_copy(item->text);
        }
        return 0;
}

/* Sections */

static int refuse_unknown(const struct yaml *yaml, const struct yaml_node *node, const char *what,
                          const struct field *table, struct error *error)
{
        LIST(const char *) keys = {0};
        _cleanup_buffer_ struct buffer all = {0};

        for (const struct field *field = table; field->key; field++) {
                *list_add(&keys) = field->key;
                buffer_format(&all, "%s%s", all.length ? ", " : "", field->key);
        }
        const char *nearest = word_nearest(node->key, keys.items, keys.count);
        free(keys.items);
        if (nearest)
                return yaml_refuse(yaml, node, error, "%s has no key %s; did you mean %s?", what, node->key,
                                   nearest);
        return yaml_refuse(yaml, node, error, "%s has no key %s, only %s", what, node->key,
                           buffer_text(&all));
}

static int read_field(const struct yaml *yaml, const struct yaml_node *node, const struct field *field,
                      void *member, struct error *error)
{
        char **text = member;

        switch (field->type) {
        case FIELD_TEXT:
                free(steal_pointer(*text));
                return yaml_text(yaml, node, field->key, text, error);
        case FIELD_NAME:
                return field_name(yaml, node, field->key, text, error);
        case FIELD_BOOL:
                return yaml_bool(yaml, node, field->key, member, error);
        case FIELD_NUMBER:
                return yaml_number(yaml, node, field->key, field->min, field->max, member, error);
        case FIELD_DURATION:
                return field_duration(yaml, node, field->key, (int64_t)field->min, (int64_t)field->max,
                                      member, error);
        case FIELD_SUBNET:
                return read_subnet(yaml, node, field->key, field, member, error);
        case FIELD_ADDRESS:
                return field_address(yaml, node, field->key, member, error);
        case FIELD_CHOICE:
                return field_choice(yaml, node, field->key, field->words, member, error);
        case FIELD_TEXTS:
                return field_texts(yaml, node, field->key, member, error);
        case FIELD_PAIRS:
                return read_pairs(yaml, node, field->key, member, error);
        default:
                return field->read(yaml, node, member, error);
        }
}

int fields_read(const struct yaml *yaml, const struct yaml_node *map, const char *what,
                const struct field *table, void *object, struct error *error)
{
        if (yaml_require(yaml, map, YAML_MAP, what, error) < 0)
                return -1;
        for_each_yaml (node, map) {
                const struct field *field = table;
                while (field->key && !text_equal(field->key, node->key))
                        field++;
                if (!field->key)
                        return refuse_unknown(yaml, node, what, table, error);
                if (read_field(yaml, node, field, (char *)object + field->offset, error) < 0)
                        return -1;
        }
        return 0;
}

int field_each(const struct yaml *yaml, const struct yaml_node *map, size_t max, field_reader read,
               void *userdata, struct error *error)
{
        if (yaml_require(yaml, map, YAML_MAP, map->key, error) < 0)
                return -1;
        if (map->children.count > max)
                return yaml_refuse(yaml, map, error, "%s takes at most %zu, not %zu", map->key, max,
                                   map->children.count);
        for_each_yaml (node, map)
                if (read(yaml, node, userdata, error) < 0)
                        return -1;
        return 0;
}
