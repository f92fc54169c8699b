#include "settings/yaml.h"

#include "base/file.h"
#include "json/scan.h"

#include <inttypes.h>
#include <libfyaml.h>

static void node_done(struct yaml_node *node)
{
        for (size_t i = 0; i < node->children.count; i++)
                node_done(&node->children.items[i]);
        free(node->children.items);
        free(node->key);
        free(node->text);
        *node = (struct yaml_node){0};
}

void yaml_done(struct yaml *yaml)
{
        node_done(&yaml->root);
        free(yaml->origin);
        *yaml = (struct yaml){0};
}

int yaml_refuse(const struct yaml *yaml, const struct yaml_node *node, struct error *error,
                const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        _cleanup_free_ char *sentence = text_vformat(format, arguments);
        va_end(arguments);
        return error_set(error, ERROR_USAGE, "%s:%u: %s", yaml->origin, MAX(node->line, 1U), sentence);
}

/* From libfyaml's tree to this one */

/* Only scalars know where they stand: of a list or a map it is the first scalar in it. 0 when there is none.
 */
static unsigned line_of(struct fy_node *from)
{
        while (from && !fy_node_is_scalar(from)) {
                void *at = NULL;
                struct fy_node_pair *pair =
                        fy_node_is_mapping(from) ? fy_node_mapping_iterate(from, &at) : NULL;
                from = pair                        ? fy_node_pair_key(pair)
                       : fy_node_is_sequence(from) ? fy_node_sequence_iterate(from, &at)
                                                   : NULL;
        }
        struct fy_token *token = from ? fy_node_get_scalar_token(from) : NULL;
        const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
        return mark ? (unsigned)mark->line + 1 : 0;
}

/* NULL when it holds a NUL, and so can't be a C string. */
static char *scalar_text(struct fy_node *from)
{
        size_t length = 0;
        const char *bytes = fy_node_get_scalar(from, &length);

        if (!bytes)
                return text_copy("");
        return memchr(bytes, 0, length) ? NULL : text_copy_n(bytes, length);
}

static bool says_null(const struct yaml_node *node)
{
        static const char *const words[] = {"", "~", "null", "Null", "NULL"};

        for (size_t i = 0; i < ELEMENTS(words); i++)
                if (node->plain && text_equal(node->text, words[i]))
                        return true;
        return false;
}

static int take_scalar(const struct yaml *yaml, struct fy_node *from, struct yaml_node *node,
                       struct error *error)
{
        enum fy_node_style style = fy_node_get_style(from);

        node->text = scalar_text(from);
        if (!node->text)
                return yaml_refuse(yaml, node, error, "a text here holds a NUL");
        node->plain = style == FYNS_PLAIN || style == FYNS_ANY;
        node->type = says_null(node) ? YAML_NULL : YAML_TEXT;
        return 0;
}

struct standing {
        const char *key;
        const struct yaml_node *node;
};

static int compare_standing(const void *a, const void *b)
{
        const struct standing *left = a;
        const struct standing *right = b;
        int order = strcmp(left->key, right->key);

        return order ? order
                     : (left->node->line > right->node->line) - (left->node->line < right->node->line);
}

/* libfyaml compares every key with every other, which takes minutes for a file that is only large. */
static int refuse_duplicates(const struct yaml *yaml, const struct yaml_node *map, struct error *error)
{
        size_t count = map->children.count;
        _cleanup_free_ struct standing *sorted = memory_new(count + 1, sizeof(*sorted));

        for (size_t i = 0; i < count; i++)
                sorted[i] = (struct standing){map->children.items[i].key, &map->children.items[i]};
        qsort(sorted, count, sizeof(*sorted), compare_standing);
        for (size_t i = 1; i < count; i++)
                if (text_equal(sorted[i].key, sorted[i - 1].key))
                        return yaml_refuse(yaml, sorted[i].node, error,
                                           "%s stands here a second time, after line %u", sorted[i].key,
                                           sorted[i - 1].node->line);
        return 0;
}

static int take(const struct yaml *yaml, struct fy_node *from, struct yaml_node *node, struct error *error);

static int take_list(const struct yaml *yaml, struct fy_node *from, struct yaml_node *node,
                     struct error *error)
{
        void *at = NULL;

        node->type = YAML_LIST;
        for (struct fy_node *item; (item = fy_node_sequence_iterate(from, &at));) {
                struct yaml_node *child = list_add(&node->children);
                child->line = node->line; /* until it tells its own */
                if (take(yaml, item, child, error) < 0)
                        return -1;
        }
        return 0;
}

static int take_map(const struct yaml *yaml, struct fy_node *from, struct yaml_node *node,
                    struct error *error)
{
        void *at = NULL;

        node->type = YAML_MAP;
        for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(from, &at));) {
                struct fy_node *key = fy_node_pair_key(pair);
                struct yaml_node *child = list_add(&node->children);

                child->line = key ? line_of(key) : node->line;
                child->key =
                        key && fy_node_is_scalar(key) && !fy_node_is_alias(key) ? scalar_text(key) : NULL;
                if (!child->key)
                        return yaml_refuse(yaml, child, error, "a key here is no plain word");
                if (fy_node_pair_value(pair) && take(yaml, fy_node_pair_value(pair), child, error) < 0)
                        return -1;
        }
        return refuse_duplicates(yaml, node, error);
}

static int take(const struct yaml *yaml, struct fy_node *from, struct yaml_node *node, struct error *error)
{
        unsigned line = line_of(from);

        if (line && !node->key)
                node->line = line;
        if (fy_node_is_alias(from)) {
                node->type = YAML_ALIAS;
                return 0;
        }
        if (fy_node_is_sequence(from))
                return take_list(yaml, from, node, error);
        if (fy_node_is_mapping(from))
                return take_map(yaml, from, node, error);
        return take_scalar(yaml, from, node, error);
}

/* The parser */

static void parser_done(struct fy_parser **parser)
{
        if (*parser)
                fy_parser_destroy(*parser);
}

static void diag_done(struct fy_diag **diag)
{
        if (*diag)
                fy_diag_destroy(*diag);
}

static void say_nothing(struct fy_diag *diag, void *userdata, const char *bytes, size_t length)
{
}

static struct fy_diag *quiet_diag(void)
{
        struct fy_diag_cfg settings;

        fy_diag_cfg_default(&settings);
        settings.fp = NULL;
        settings.output_fn = say_nothing;
        settings.level = FYET_ERROR;
        settings.colorize = false;
        struct fy_diag *diag = fy_diag_create(&settings);
        if (!diag)
                abort();
        fy_diag_set_collect_errors(diag, true);
        return diag;
}

static int refuse_syntax(const struct yaml *yaml, struct fy_diag *diag, struct error *error)
{
        void *at = NULL;
        const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &at);
        struct yaml_node where = {.line = first && first->line > 0 ? (unsigned)first->line : 1};

        return yaml_refuse(yaml, &where, error, "this is not YAML: %s",
                           first && first->msg ? first->msg : "it can't be read");
}

/* The first document, and that there is no other. */
static int take_document(struct fy_parser *parser, struct fy_diag *diag, struct yaml *yaml,
                         struct error *error)
{
        struct fy_document *document = fy_parse_load_document(parser);
        int result = 0;

        if (!document && fy_diag_got_error(diag))
                return refuse_syntax(yaml, diag, error);
        if (!document)
                return 0; /* empty, or comments only */
        if (fy_document_root(document))
                result = take(yaml, fy_document_root(document), &yaml->root, error);
        fy_parse_document_destroy(parser, document);
        if (result < 0)
                return -1;
        document = fy_parse_load_document(parser);
        if (!document && fy_diag_got_error(diag))
                return refuse_syntax(yaml, diag, error);
        if (!document)
                return 0;
        struct yaml_node second = {.line = line_of(fy_document_root(document))};
        fy_parse_document_destroy(parser, document);
        return yaml_refuse(yaml, &second, error,
                           "this is a second document; the file holds more than one YAML document");
}

/* libfyaml would take UTF-16, and some garbage, for an empty file. */
static int refuse_bytes(const struct yaml *yaml, const char *bytes, size_t length, struct error *error)
{
        struct yaml_node where = {.line = 1};

        for (const char *at = bytes, *end = bytes + length; at < end;) {
                unsigned char c = (unsigned char)*at;
                size_t step = c < 0x80 ? 1 : scan_utf8(at, end);
                if (step == 0 || c == 0x7f || (c < ' ' && !strchr("\t\r\n", c)) || c == 0)
                        return yaml_refuse(yaml, &where, error,
                                           "this is no text: the byte 0x%02x has no place in UTF-8 text", c);
                where.line += c == '\n';
                at += step;
        }
        return 0;
}

int yaml_parse(const char *bytes, size_t length, const char *origin, struct yaml *ret_yaml,
               struct error *error)
{
        _cleanup_(diag_done) struct fy_diag *diag = quiet_diag();
        struct fy_parse_cfg settings = {
                .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_ALLOW_DUPLICATE_KEYS, .diag = diag};
        _cleanup_(parser_done) struct fy_parser *parser = fy_parser_create(&settings);
        _cleanup_yaml_ struct yaml yaml = {.origin = text_copy(origin)};

        if (!parser)
                abort();
        if (length == 0) {
                *ret_yaml = yaml;
                yaml = (struct yaml){0};
                return 0;
        }
        if (refuse_bytes(&yaml, bytes, length, error) < 0)
                return -1;
        if (fy_parser_set_string(parser, bytes, length) != 0)
                return refuse_syntax(&yaml, diag, error);
        if (take_document(parser, diag, &yaml, error) < 0)
                return -1;
        *ret_yaml = yaml;
        yaml = (struct yaml){0};
        return 0;
}

int yaml_read(const char *path, size_t bound_bytes, struct yaml *ret_yaml, struct error *error)
{
        _cleanup_buffer_ struct buffer bytes = {0};

        if (file_read(path, bound_bytes, &bytes, error) < 0)
                return -1;
        return yaml_parse(buffer_text(&bytes), bytes.length, path, ret_yaml, error);
}

/* Values by type */

static const char *type_name(enum yaml_type type)
{
        static const char *const names[] = {"nothing", "a single value", "a list", "a section", "an alias"};

        return names[type];
}

int yaml_require(const struct yaml *yaml, const struct yaml_node *node, enum yaml_type type, const char *name,
                 struct error *error)
{
        if (node->type == YAML_ALIAS)
                return yaml_refuse(yaml, node, error,
                                   "%s is an alias; headroom follows none, write the value out", name);
        if (node->type != type)
                return yaml_refuse(yaml, node, error, "%s takes %s, not %s", name, type_name(type),
                                   type_name(node->type));
        return 0;
}

int yaml_text(const struct yaml *yaml, const struct yaml_node *node, const char *name, char **ret_text,
              struct error *error)
{
        if (yaml_require(yaml, node, YAML_TEXT, name, error) < 0)
                return -1;
        if (!*node->text)
                return yaml_refuse(yaml, node, error, "%s is empty", name);
        *ret_text = text_copy(node->text);
        return 0;
}

int yaml_bool(const struct yaml *yaml, const struct yaml_node *node, const char *name, bool *ret_value,
              struct error *error)
{
        if (yaml_require(yaml, node, YAML_TEXT, name, error) < 0)
                return -1;
        bool says_true = text_equal(node->text, "true");
        if (!node->plain || (!says_true && !text_equal(node->text, "false")))
                return yaml_refuse(yaml, node, error, "%s takes true or false without quotes, not %s%s%s",
                                   name, node->plain ? "" : "\"", node->text, node->plain ? "" : "\"");
        *ret_value = says_true;
        return 0;
}

int yaml_number(const struct yaml *yaml, const struct yaml_node *node, const char *name, uint64_t min,
                uint64_t max, uint64_t *ret_value, struct error *error)
{
        uint64_t value;

        if (yaml_require(yaml, node, YAML_TEXT, name, error) < 0)
                return -1;
        if (!node->plain || !text_to_u64(node->text, &value) || value < min || value > max)
                return yaml_refuse(
                        yaml, node, error,
                        "%s takes a whole number from %" PRIu64 " to %" PRIu64 " without quotes, not %s%s%s",
                        name, min, max, node->plain ? "" : "\"", node->text, node->plain ? "" : "\"");
        *ret_value = value;
        return 0;
}
