#include "sim/api.h"

/* What stands in a request's query, filters above all. */

static bool hex_digit(char c, unsigned *ret_value)
{
        static const char digits[] = "0123456789abcdef";
        const char *at = c ? strchr(digits, c | 0x20) : NULL;

        if (at)
                *ret_value = (unsigned)(at - digits);
        return at;
}

char *sim_decode(const char *text, size_t length)
{
        struct buffer out = {0};
        unsigned high = 0;
        unsigned low = 0;

        for (size_t i = 0; i < length; i++) {
                char c = text[i];
                if (c == '%' && i + 2 < length && hex_digit(text[i + 1], &high) &&
                    hex_digit(text[i + 2], &low)) {
                        c = (char)(high * 16 + low);
                        i += 2;
                }
                buffer_add(&out, &c, 1);
        }
        return out.bytes ? buffer_steal(&out) : text_copy("");
}

char *sim_query(const struct sim_call *call, const char *key)
{
        size_t length = strlen(key);

        for (const char *at = call->query; *at; at += strcspn(at, "&"), at += *at == '&') {
                if (strncmp(at, key, length) != 0 || at[length] != '=')
                        continue;
                const char *value = at + length + 1;
                return sim_decode(value, strcspn(value, "&"));
        }
        return NULL;
}

bool sim_query_flag(const struct sim_call *call, const char *key)
{
        _cleanup_free_ char *value = sim_query(call, key);

        return text_equal(value, "1") || text_equal(value, "true") || text_equal(value, "True");
}

/* How Go refuses a filter's text: 20.10 as its decoder does, later ones shortly. */
static bool refuse_filters(struct sim_call *call, const char *why)
{
        return sim_refuse(call->answer, 400, "%s",
                          call->engine_minor >= SIM_MINOR_26 ? "invalid filter" : why);
}

/* Values are an array, or, as older clients write them, the keys of an object. */
static void add_values(struct sim_filters *filters, const struct json_document *d, json_node values,
                       const char *key)
{
        json_for_each (value, d, values) {
                char *text = json_type(d, values) == JSON_OBJECT ? json_key(d, value) : json_text(d, value);
                if (text)
                        *list_add(&filters->items) =
                                (struct sim_filter){.key = text_copy(key), .value = text};
        }
}

static bool is_known(const char *key, const char *const *known)
{
        while (known && *known && !text_equal(*known, key))
                known++;
        return !known || *known;
}

bool sim_filters_read(struct sim_call *call, const char *const *known)
{
        _cleanup_free_ char *text = sim_query(call, "filters");
        _cleanup_json_ struct json_document *d = NULL;

        if (text_empty(text))
                return true;
        if (json_parse(text, strlen(text), &d, NULL) < 0) {
                _cleanup_free_ char *complaint = sim_json_complaint(text, strlen(text));
                return refuse_filters(call, complaint);
        }
        if (json_type(d, json_root(d)) != JSON_OBJECT) {
                _cleanup_free_ char *why = text_format(
                        "json: cannot unmarshal %s into Go value of type map[string]map[string]bool",
                        sim_json_type_name(json_type(d, json_root(d))));
                return refuse_filters(call, why);
        }
        json_for_each (values, d, json_root(d)) {
                if (json_type(d, values) != JSON_ARRAY && json_type(d, values) != JSON_OBJECT) {
                        _cleanup_free_ char *why =
                                text_format("json: cannot unmarshal %s into Go value of type map[string]bool",
                                            sim_json_type_name(json_type(d, values)));
                        return refuse_filters(call, why);
                }
                _cleanup_free_ char *key = json_key(d, values);
                if (!key || !is_known(key, known))
                        return sim_refuse(call->answer, 400, "%s filter '%s'",
                                          call->engine_minor < SIM_MINOR_26 ? "Invalid" : "invalid",
                                          key ? key : "");
                add_values(&call->filters, d, values, key);
        }
        return true;
}

bool sim_filter_words(const struct sim_call *call, const char *key, const char *const *words)
{
        for (size_t i = 0; i < call->filters.items.count; i++) {
                const struct sim_filter *filter = &call->filters.items.items[i];
                const char *const *word = words;
                if (!text_equal(filter->key, key))
                        continue;
                while (*word && !text_equal(*word, filter->value))
                        word++;
                if (*word)
                        continue;
                return sim_refuse(call->answer, 500,
                                  text_equal(key, "type") ? "invalid filter: '%s'='%s'"
                                                          : "Invalid %s filter: '%s'",
                                  key, filter->value);
        }
        return true;
}

void sim_filters_done(struct sim_filters *filters)
{
        for (size_t i = 0; i < filters->items.count; i++) {
                free(filters->items.items[i].key);
                free(filters->items.items[i].value);
        }
        free(filters->items.items);
        *filters = (struct sim_filters){0};
}

bool sim_filters_have(const struct sim_filters *filters, const char *key)
{
        for (size_t i = 0; i < filters->items.count; i++)
                if (text_equal(filters->items.items[i].key, key))
                        return true;
        return false;
}

static bool key_passes(struct sim *sim, const struct sim_call *call, const void *object, const char *key,
                       sim_matcher matches)
{
        bool any = false;
        bool all = true;

        for (size_t i = 0; i < call->filters.items.count; i++) {
                const struct sim_filter *filter = &call->filters.items.items[i];
                if (!text_equal(filter->key, key))
                        continue;
                bool fits = matches(sim, call, object, key, filter->value);
                any = any || fits;
                all = all && fits;
        }
        return text_equal(key, "label") ? all : any;
}

bool sim_filters_pass(struct sim *sim, const struct sim_call *call, const void *object, sim_matcher matches)
{
        for (size_t i = 0; i < call->filters.items.count; i++)
                if (!key_passes(sim, call, object, call->filters.items.items[i].key, matches))
                        return false;
        return true;
}

bool sim_label_matches(const char *labels, size_t length, const char *wanted)
{
        _cleanup_json_ struct json_document *d = NULL;
        const char *sign = strchr(wanted, '=');
        _cleanup_free_ char *key = text_copy_n(wanted, sign ? (size_t)(sign - wanted) : strlen(wanted));

        if (!length || json_parse(labels, length, &d, NULL) < 0)
                return false;
        json_node value = json_get(d, json_root(d), key);
        return value != JSON_NONE && (!sign || json_text_is(d, value, sign + 1));
}
