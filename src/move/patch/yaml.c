#include "move/patch/yaml.h"

#include <libfyaml.h>

#define SPOT_DEPTH_MAX 128 /* libfyaml's own bound is 64 */

void spot_done(struct spot *spot)
{
        for (size_t i = 0; i < spot->children.count; i++)
                spot_done(&spot->children.items[i]);
        free(spot->children.items);
        free(spot->key);
        free(spot->text);
        free(spot->anchor);
        *spot = (struct spot){0};
}

const struct spot *spot_get(const struct spot *map, const char *key)
{
        for (size_t i = 0; map && map->type == SPOT_MAP && i < map->children.count; i++)
                if (text_equal(map->children.items[i].key, key))
                        return &map->children.items[i];
        return NULL;
}

static bool has_alias(const struct spot *spot, const char *anchor)
{
        if (spot->type == SPOT_ALIAS)
                return text_equal(spot->text, anchor);
        for (size_t i = 0; i < spot->children.count; i++)
                if (has_alias(&spot->children.items[i], anchor))
                        return true;
        return false;
}

bool spot_is_repeated(const struct spot *root, const struct spot *spot)
{
        return spot->anchor && has_alias(root, spot->anchor);
}

/* From events */

struct reading {
        struct fy_parser *parser;
        size_t length;
        bool failed;
};

static char *token_text(struct fy_token *token)
{
        size_t length = 0;
        const char *text = token ? fy_token_get_text(token, &length) : NULL;

        return token ? text_copy_n(text ? text : "", text ? length : 0) : NULL;
}

static void take_marks(struct reading *reading, struct fy_token *token, struct spot *spot)
{
        const struct fy_mark *begin = token ? fy_token_start_mark(token) : NULL;
        const struct fy_mark *end = token ? fy_token_end_mark(token) : NULL;

        if (!begin || !end || begin->input_pos > end->input_pos || end->input_pos > reading->length) {
                reading->failed = true;
                return;
        }
        spot->begin = begin->input_pos;
        spot->end = end->input_pos;
}

static void take_scalar(struct reading *reading, struct fy_event *event, struct spot *spot)
{
        struct fy_token *token = event->scalar.value;
        enum fy_scalar_style style = token ? fy_token_scalar_style(token) : FYSS_PLAIN;

        spot->text = token ? token_text(token) : text_copy("");
        spot->anchor = token_text(event->scalar.anchor);
        if (!token || !fy_token_start_mark(token))
                return; /* SPOT_NOTHING */
        spot->type = SPOT_SCALAR;
        spot->quoted = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
        take_marks(reading, token, spot);
}

static bool take_value(struct reading *reading, struct fy_event *event, struct spot *spot, unsigned depth);

static struct fy_event *next_event(struct reading *reading)
{
        struct fy_event *event = reading->failed ? NULL : fy_parser_parse(reading->parser);

        reading->failed = !event;
        return event;
}

/* The key that the event is; false when it is none. */
static bool take_key(struct reading *reading, struct fy_event *event, struct spot *spot)
{
        struct spot key = {0};

        if (event->type != FYET_SCALAR)
                return false;
        take_scalar(reading, event, &key);
        if (key.type == SPOT_SCALAR) {
                spot->key_begin = key.begin - (key.quoted && key.begin);
                spot->key_end = key.end + key.quoted;
        } else {
                reading->failed = true;
        }
        spot->key = steal_pointer(key.text);
        spot_done(&key);
        return true;
}

static void take_children(struct reading *reading, enum fy_event_type ending, struct spot *spot,
                          unsigned depth)
{
        for (struct fy_event *event; (event = next_event(reading));) {
                bool end = event->type == ending;
                bool map = spot->type == SPOT_MAP;
                struct spot *child = end ? NULL : list_add(&spot->children);

                if (end && spot->flow) {
                        struct fy_token *token =
                                map ? event->mapping_end.mapping_end : event->sequence_end.sequence_end;
                        struct spot close = {0};
                        take_marks(reading, token, &close);
                        spot->end = close.end;
                } else if (!end && map) {
                        reading->failed = !take_key(reading, event, child) || reading->failed;
                        fy_parser_event_free(reading->parser, event);
                        event = next_event(reading);
                }
                if (!end && event)
                        reading->failed = !take_value(reading, event, child, depth) || reading->failed;
                fy_parser_event_free(reading->parser, event);
                if (end || reading->failed)
                        return;
        }
}

static bool take_value(struct reading *reading, struct fy_event *event, struct spot *spot, unsigned depth)
{
        if (depth > SPOT_DEPTH_MAX)
                return false;
        switch (event->type) {
        case FYET_SCALAR:
                take_scalar(reading, event, spot);
                break;
        case FYET_ALIAS:
                spot->type = SPOT_ALIAS;
                spot->text = token_text(event->alias.anchor);
                take_marks(reading, event->alias.anchor, spot);
                break;
        case FYET_MAPPING_START:
                spot->type = SPOT_MAP;
                spot->flow = fy_event_get_node_style(event) == FYNS_FLOW;
                spot->anchor = token_text(event->mapping_start.anchor);
                take_marks(reading, event->mapping_start.mapping_start, spot);
                take_children(reading, FYET_MAPPING_END, spot, depth + 1);
                break;
        case FYET_SEQUENCE_START:
                spot->type = SPOT_LIST;
                spot->flow = fy_event_get_node_style(event) == FYNS_FLOW;
                spot->anchor = token_text(event->sequence_start.anchor);
                take_marks(reading, event->sequence_start.sequence_start, spot);
                take_children(reading, FYET_SEQUENCE_END, spot, depth + 1);
                break;
        default:
                return false;
        }
        return !reading->failed;
}

static void parser_done(struct fy_parser **parser)
{
        if (*parser)
                fy_parser_destroy(*parser);
}

bool spot_read(const char *bytes, size_t length, struct spot *ret_root)
{
        struct fy_parse_cfg settings = {.flags = FYPCF_QUIET | FYPCF_ALLOW_DUPLICATE_KEYS};
        _cleanup_(parser_done) struct fy_parser *parser = fy_parser_create(&settings);
        _cleanup_spot_ struct spot root = {0};
        struct reading reading = {parser, length, false};
        bool done = false;

        if (!parser)
                abort();
        if (length == 0 || fy_parser_set_string(parser, bytes, length) != 0)
                return false;
        while (!done) {
                struct fy_event *event = next_event(&reading);
                if (!event)
                        return false;
                bool head = event->type == FYET_STREAM_START || event->type == FYET_DOCUMENT_START;
                if (!head && !take_value(&reading, event, &root, 0))
                        reading.failed = true;
                done = !head;
                fy_parser_event_free(parser, event);
        }
        if (reading.failed)
                return false;
        *ret_root = root;
        root = (struct spot){0};
        return true;
}
