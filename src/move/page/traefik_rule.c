#include "move/page/traefik_rule.h"

#include "move/page/traefik.h"

#include <ctype.h>
#include <strings.h>

/*
 * A rule is an expression of matchers with &&, || and !. It is read into the ways in which it can be
 * satisfied: || puts two lists of ways one behind the other, && joins each way of one with each of the other.
 * What a rule excludes says nothing about what to ask for, so a negation is satisfied in any way. Both the
 * depth and the number of ways are bounded, and so is the reading.
 */

struct reading {
        const char *at;
        size_t depth;
};

void rule_ways_done(struct rule_ways *ways)
{
        for (size_t i = 0; i < ways->items.count; i++) {
                free(ways->items.items[i].host);
                free(ways->items.items[i].path);
        }
        free(ways->items.items);
        *ways = (struct rule_ways){0};
}

static bool is_host(const char *text)
{
        size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");

        return length && length < 254 && !text[length] && isalnum((unsigned char)text[0]);
}

/* One that stands in a URL as it is; a template or a pattern does not. */
static bool is_path(const char *text)
{
        for (const char *p = text; *p; p++)
                if (*p <= ' ' || *p == 0x7f || strchr("{}<>\"\\^`|?#*()[]", *p))
                        return false;
        return text[0] == '/' && strlen(text) < 1024;
}

enum matcher {
        MATCHER_HOST,
        MATCHER_PATH,
        MATCHER_METHOD,
        MATCHER_OTHER,
};

static enum matcher matcher_of(const char *name, size_t length)
{
        static const struct {
                const char *name;
                enum matcher matcher;
        } matchers[] = {
                {"Host", MATCHER_HOST},       {"HostHeader", MATCHER_HOST}, {"Path", MATCHER_PATH},
                {"PathPrefix", MATCHER_PATH}, {"PathStrip", MATCHER_PATH},  {"PathPrefixStrip", MATCHER_PATH},
                {"Method", MATCHER_METHOD},
        };

        for (size_t i = 0; i < ELEMENTS(matchers); i++)
                if (strlen(matchers[i].name) == length && strncasecmp(matchers[i].name, name, length) == 0)
                        return matchers[i].matcher;
        return MATCHER_OTHER;
}

/* One more way to satisfy the matcher. */
static void add_argument(struct rule_ways *ways, enum matcher matcher, const char *text)
{
        struct rule_way *way = list_add(&ways->items);

        if (matcher == MATCHER_HOST && is_host(text))
                way->host = text_copy(text);
        else if (matcher == MATCHER_PATH && is_path(text))
                way->path = text_copy(text);
        else
                way->obscure = matcher != MATCHER_METHOD || strcasecmp(text, "GET") != 0;
}

/* Joins two ways of different matchers; the same kind twice can't be told apart from a contradiction. */
static void join(struct rule_way *to, const struct rule_way *a, const struct rule_way *b)
{
        *to = (struct rule_way){.obscure = a->obscure || b->obscure || (a->host && b->host) ||
                                           (a->path && b->path && !text_starts_with(b->path, a->path) &&
                                            !text_starts_with(a->path, b->path))};
        to->host = text_copy(a->host ? a->host : b->host);
        /* Of two prefixes the longer one satisfies both. */
        to->path = text_copy(!a->path || (b->path && strlen(b->path) > strlen(a->path)) ? b->path : a->path);
}

static bool ways_and(struct rule_ways *ways, struct rule_ways *more)
{
        struct rule_ways joined = {0};
        bool fits = ways->items.count * more->items.count <= TRAEFIK_SITES_MAX;

        for (size_t i = 0; fits && i < ways->items.count; i++)
                for (size_t j = 0; j < more->items.count; j++)
                        join(list_add(&joined.items), &ways->items.items[i], &more->items.items[j]);
        rule_ways_done(ways);
        rule_ways_done(more);
        *ways = joined;
        return fits;
}

static bool ways_or(struct rule_ways *ways, struct rule_ways *more)
{
        for (size_t i = 0; i < more->items.count; i++) {
                *list_add(&ways->items) = more->items.items[i];
                more->items.items[i] = (struct rule_way){0};
        }
        rule_ways_done(more);
        return ways->items.count <= TRAEFIK_SITES_MAX;
}

static void skip_blanks(struct reading *r)
{
        r->at += strspn(r->at, " \t\r\n");
}

/* Takes the word when it comes next. */
static bool take(struct reading *r, const char *word)
{
        skip_blanks(r);
        if (!text_starts_with(r->at, word))
                return false;
        r->at += strlen(word);
        return true;
}

/* `text`, or "text" without a backslash; NULL for anything else. */
static char *take_quoted(struct reading *r)
{
        skip_blanks(r);
        char quote = *r->at;
        const char *end = quote == '`' || quote == '"' ? strchr(r->at + 1, quote) : NULL;

        if (!end)
                return NULL;
        char *text = text_copy_n(r->at + 1, (size_t)(end - r->at) - 1);
        r->at = end + 1;
        if (quote == '`' || !strchr(text, '\\'))
                return text;
        free(text);
        return NULL;
}

/* Name(`a`, `b`): satisfied by any of its arguments, but for those that take several as one. */
static bool read_matcher(struct reading *r, struct rule_ways *ways)
{
        skip_blanks(r);
        size_t length = 0;
        const char *name = r->at;

        while (isalpha((unsigned char)name[length]))
                length++;
        r->at += length;
        if (!length || !take(r, "("))
                return false;
        if (take(r, ")"))
                return false;
        do {
                _cleanup_free_ char *text = take_quoted(r);
                if (!text || ways->items.count == TRAEFIK_SITES_MAX)
                        return false;
                add_argument(ways, matcher_of(name, length), text);
        } while (take(r, ","));
        return take(r, ")");
}

static bool read_or(struct reading *r, struct rule_ways *ways);

static bool read_operand(struct reading *r, struct rule_ways *ways)
{
        bool negated = false;

        while (take(r, "!"))
                negated = true;
        if (take(r, "(")) {
                if (r->depth == TRAEFIK_DEPTH_MAX)
                        return false;
                r->depth++;
                if (!read_or(r, ways) || !take(r, ")"))
                        return false;
                r->depth--;
        } else if (!read_matcher(r, ways)) {
                return false;
        }
        if (negated) {
                rule_ways_done(ways);
                list_add(&ways->items);
        }
        return true;
}

static bool read_and(struct reading *r, struct rule_ways *ways)
{
        if (!read_operand(r, ways))
                return false;
        while (take(r, "&&")) {
                _cleanup_rule_ways_ struct rule_ways more = {0};
                if (!read_operand(r, &more) || !ways_and(ways, &more))
                        return false;
        }
        return true;
}

static bool read_or(struct reading *r, struct rule_ways *ways)
{
        if (!read_and(r, ways))
                return false;
        while (take(r, "||")) {
                _cleanup_rule_ways_ struct rule_ways more = {0};
                if (!read_and(r, &more) || !ways_or(ways, &more))
                        return false;
        }
        return true;
}

bool rule_parse(const char *rule, struct rule_ways *ret_ways)
{
        _cleanup_rule_ways_ struct rule_ways ways = {0};
        struct reading r = {rule, 0};

        if (!read_or(&r, &ways))
                return false;
        skip_blanks(&r);
        if (*r.at)
                return false;
        *ret_ways = ways;
        ways = (struct rule_ways){0};
        return true;
}

/* Name:a,b of which the text is taken apart. */
static bool read_modifier(char *text, struct rule_ways *ways)
{
        char *arguments = strchr(text, ':');
        char *state = NULL;

        if (!arguments)
                return false;
        enum matcher matcher = matcher_of(text, strcspn(text, ": "));
        for (char *argument = strtok_r(arguments + 1, ", ", &state); argument;
             argument = strtok_r(NULL, ", ", &state)) {
                if (ways->items.count == TRAEFIK_SITES_MAX)
                        return false;
                add_argument(ways, matcher, argument);
        }
        return ways->items.count > 0;
}

bool rule_parse_v1(const char *rule, struct rule_ways *ret_ways)
{
        _cleanup_rule_ways_ struct rule_ways ways = {0};
        _cleanup_free_ char *copy = text_copy(rule);
        char *state = NULL;

        list_add(&ways.items);
        for (char *text = strtok_r(copy, ";", &state); text; text = strtok_r(NULL, ";", &state)) {
                _cleanup_rule_ways_ struct rule_ways more = {0};
                text += strspn(text, " ");
                if (*text && (!read_modifier(text, &more) || !ways_and(&ways, &more)))
                        return false;
        }
        *ret_ways = ways;
        ways = (struct rule_ways){0};
        return true;
}
