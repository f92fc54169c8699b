#include "sim/forecast/quantity.h"

#include <ctype.h>

#define DURATION_EXAMPLES "90 s, 25 min, 2 h or 3 days"
#define RATE_EXAMPLES     "22 a day, 3 an hour or 1 a week"
#define MS_MAX            4e15 /* over 100,000 years, and exact in a double */

struct unit {
        const char *name;
        double ms;
};

static const struct unit units[] = {
        {"ms", 1},          {"m", 60e3},       {"d", 86400e3},   {"s", 1000},       {"second", 1000},
        {"seconds", 1000},  {"min", 60e3},     {"minute", 60e3}, {"minutes", 60e3}, {"h", 3600e3},
        {"hour", 3600e3},   {"hours", 3600e3}, {"day", 86400e3}, {"days", 86400e3}, {"week", 604.8e6},
        {"weeks", 604.8e6}, {NULL, 0},
};

static const char *skip_blanks(const char *at)
{
        return at + strspn(at, " \t");
}

/* Digits, with a point among them if need be; NULL when there are none. */
static const char *read_number(const char *at, double *ret_number)
{
        size_t length = strspn(at, "0123456789.");
        _cleanup_free_ char *digits = text_copy_n(at, length);
        char *end = NULL;

        if (!isdigit((unsigned char)*at))
                return NULL;
        *ret_number = strtod(digits, &end);
        return *end ? NULL : at + length;
}

static const char *read_unit(const char *at, double *ret_ms)
{
        size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz");

        for (const struct unit *unit = units; unit->name; unit++)
                if (strlen(unit->name) == length && strncmp(at, unit->name, length) == 0) {
                        *ret_ms = unit->ms;
                        return at + length;
                }
        return NULL;
}

/* One duration from the start of the text; where it ends, or NULL. */
static const char *read_duration(const char *text, int64_t *ret_ms)
{
        double number;
        double unit_ms;
        const char *at = read_number(skip_blanks(text), &number);

        at = at ? read_unit(skip_blanks(at), &unit_ms) : NULL;
        if (at)
                *ret_ms = (int64_t)MIN(number * unit_ms + 0.5, MS_MAX);
        return at;
}

/* A sum, too: "1h30m". */
bool quantity_duration(const char *text, int64_t *ret_ms)
{
        double sum_ms = 0;
        const char *at = text;

        do {
                int64_t ms;
                at = read_duration(at, &ms);
                if (!at)
                        return false;
                sum_ms += (double)ms;
                at = skip_blanks(at);
        } while (*at);
        *ret_ms = (int64_t)MIN(sum_ms, MS_MAX);
        return true;
}

/* "a day", "an hour", "per week" */
static const char *read_each(const char *at)
{
        static const char *const words[] = {"an ", "a ", "per "};

        for (size_t i = 0; i < ELEMENTS(words); i++)
                if (text_starts_with(at, words[i]))
                        return skip_blanks(at + strlen(words[i]));
        return NULL;
}

bool quantity_rate(const char *text, double *ret_a_day)
{
        double number;
        double unit_ms;
        const char *at = read_number(skip_blanks(text), &number);

        at = at ? read_each(skip_blanks(at)) : NULL;
        at = at ? read_unit(at, &unit_ms) : NULL;
        if (!at || *skip_blanks(at))
                return false;
        *ret_a_day = MIN(number * ((double)QUANTITY_DAY_MS / unit_ms), MS_MAX);
        return true;
}

/* In files */

static int refuse_duration(const struct yaml *yaml, const struct yaml_node *node, struct error *error)
{
        return yaml_refuse(yaml, node, error, "%s takes a duration such as %s, not %s", node->key,
                           DURATION_EXAMPLES, node->text);
}

static int require_within(const struct yaml *yaml, const struct yaml_node *node, int64_t ms, int64_t min_ms,
                          int64_t max_ms, struct error *error)
{
        _cleanup_free_ char *min = quantity_show(min_ms);
        _cleanup_free_ char *max = quantity_show(max_ms);

        if (ms >= min_ms && ms <= max_ms)
                return 0;
        return yaml_refuse(yaml, node, error, "%s is from %s to %s, not %s", node->key, min, max, node->text);
}

int quantity_read_duration(const struct yaml *yaml, const struct yaml_node *node, int64_t min_ms,
                           int64_t max_ms, int64_t *ret_ms, struct error *error)
{
        int64_t ms;

        if (yaml_require(yaml, node, YAML_TEXT, node->key, error) < 0)
                return -1;
        if (!quantity_duration(node->text, &ms))
                return refuse_duration(yaml, node, error);
        if (require_within(yaml, node, ms, min_ms, max_ms, error) < 0)
                return -1;
        *ret_ms = ms;
        return 0;
}

int quantity_read_span(const struct yaml *yaml, const struct yaml_node *node, int64_t max_ms,
                       int64_t *ret_min_ms, int64_t *ret_max_ms, struct error *error)
{
        int64_t from;
        int64_t to;

        if (yaml_require(yaml, node, YAML_TEXT, node->key, error) < 0)
                return -1;
        const char *middle = strstr(node->text, " to ");
        _cleanup_free_ char *first = middle ? text_copy_n(node->text, (size_t)(middle - node->text)) : NULL;
        if (!quantity_duration(first ? first : node->text, &from) ||
            !quantity_duration(middle ? middle + strlen(" to ") : node->text, &to))
                return refuse_duration(yaml, node, error);
        if (require_within(yaml, node, from, 1000, max_ms, error) < 0 ||
            require_within(yaml, node, to, 1000, max_ms, error) < 0)
                return -1;
        if (to < from)
                return yaml_refuse(yaml, node, error, "%s ends before it begins: %s", node->key, node->text);
        *ret_min_ms = from;
        *ret_max_ms = to;
        return 0;
}

int quantity_read_rate(const struct yaml *yaml, const struct yaml_node *node, double max_a_day,
                       double *ret_a_day, struct error *error)
{
        double a_day;

        if (yaml_require(yaml, node, YAML_TEXT, node->key, error) < 0)
                return -1;
        if (!quantity_rate(node->text, &a_day))
                return yaml_refuse(yaml, node, error, "%s takes a rate such as %s, not %s", node->key,
                                   RATE_EXAMPLES, node->text);
        if (a_day > max_a_day)
                return yaml_refuse(yaml, node, error, "%s is at most %.0f a day, not %s", node->key,
                                   max_a_day, node->text);
        *ret_a_day = a_day;
        return 0;
}

char *quantity_show(int64_t ms)
{
        static const struct unit shown[] = {{"days", 86400e3}, {"hours", 3600e3}, {"min", 60e3}, {"s", 1000}};

        for (size_t i = 0; i < ELEMENTS(shown); i++) {
                double number = (double)ms / shown[i].ms;
                /* What rounds to 1.0 is shown in the unit below. */
                if (number >= 2 || (number >= 1 && i > 1))
                        return text_format(number >= 100 || number == (double)(int64_t)number ? "%.0f %s"
                                                                                              : "%.1f %s",
                                           number, shown[i].name);
        }
        return text_format("%lld ms", (long long)ms);
}
