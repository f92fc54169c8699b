/* One command of a shell, a Nix string or a unit: `docker network create`, NAME=value, or neither. */

#include "move/patch/find.h"

#include "base/text.h"

#define VALUE_SHAPE      "="
#define DOCKER_WORDS_MAX 64 /* between docker and its command */

static const char *const printing[] = {"echo",    "printf", ":",     "die",   "fail",  "warn", "warning",
                                       "log",     "info",   "error", "err",   "say",   "note", "msg",
                                       "message", "usage",  "abort", "debug", "trace", "fatal"};
static const char *const declaring[] = {"export", "local", "readonly", "declare", "typeset", "env"};
static const char *const docker_valued[] = {"-H", "--host",      "-c",          "--context", "--config",
                                            "-l", "--log-level", "--tlscacert", "--tlscert", "--tlskey"};
static const char *const docker_flags[] = {"-D", "--debug", "--tls", "--tlsverify"};
static const char *const create_flags[] = {"--attachable", "--config-only", "--ingress",
                                           "--internal",   "--ipv4",        "--ipv6"};

static const struct {
        const char *name;
        enum patch_option_kind kind;
} create_subnet_options[] = {
        {"--subnet", PATCH_SUBNET},   {"--gateway", PATCH_GATEWAY},         {"--ip-range", PATCH_RANGE},
        {"--aux-address", PATCH_AUX}, {"--config-from", PATCH_CONFIG_FROM},
};

bool shell_word_is(const struct shell_word *word, const char *text)
{
        return word->value.length == strlen(text) && memcmp(word->value.bytes, text, word->value.length) == 0;
}

static bool is_one_of(const struct shell_word *word, const char *const *texts, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (shell_word_is(word, texts[i]))
                        return true;
        return false;
}

bool patch_may_hold_command(const struct patch_text *value)
{
        return value->length &&
               (memchr(value->bytes, ' ', value->length) || memchr(value->bytes, '\n', value->length));
}

bool patch_command_prints(const struct shell_words *words)
{
        return words->items.count && is_one_of(&words->items.items[0], printing, ELEMENTS(printing));
}

/* The length of the part before "=", or of the whole. */
static size_t name_length(const struct shell_word *word)
{
        const char *equals = word->value.length ? memchr(word->value.bytes, '=', word->value.length) : NULL;

        return equals ? (size_t)(equals - word->value.bytes) : word->value.length;
}

static bool is_named(const struct shell_word *word, const char *option)
{
        return name_length(word) == strlen(option) && memcmp(word->value.bytes, option, strlen(option)) == 0;
}

static bool has_value(const struct shell_word *word)
{
        return name_length(word) < word->value.length;
}

/* Assignments */

static bool is_variable(const char *name)
{
        static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
        static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

        return *name && strchr(first, *name) && name[strspn(name, rest)] == 0;
}

/* Takes the word in when it is NAME=value. */
static bool take_assignment(const struct patch_text *text, const struct shell_word *word, size_t comment,
                            struct patch_findings *findings)
{
        size_t length = name_length(word);
        _cleanup_free_ char *name = text_copy_n(length ? word->value.bytes : "", length);

        if (!has_value(word) || !is_variable(name))
                return false;
        if (findings->assignments.count == PATCH_ASSIGNMENTS_MAX) {
                findings->overflow = true;
                return true;
        }
        struct patch_assignment *assignment = list_add(&findings->assignments);
        *assignment = (struct patch_assignment){.name = steal_pointer(name),
                                                .mark = MARK_SHELL,
                                                .at = text->begin[word->from],
                                                .comment = comment};
        patch_text_add_part(&assignment->value, &word->value, length + 1, word->value.length);
        return true;
}

/* NAME=value before a command or alone, and behind `export` and its like; returns how many words that were.
 */
static size_t take_assignments(const struct patch_text *text, const struct shell_words *words, size_t comment,
                               struct patch_findings *findings)
{
        size_t i = 0;

        while (i < words->items.count) {
                const struct shell_word *word = &words->items.items[i];
                bool option = i > 0 && word->value.length && word->value.bytes[0] == '-';
                if (!is_one_of(word, declaring, ELEMENTS(declaring)) && !option &&
                    !take_assignment(text, word, comment, findings))
                        break;
                i++;
        }
        return i;
}

/* docker network create */

/* "docker", a path that ends so, "$DOCKER"; with the signs systemd knows before a path. */
static bool names_docker(const struct shell_word *word)
{
        const struct patch_text *value = &word->value;
        static const char docker[] = "docker";
        size_t length = sizeof(docker) - 1;

        if (value->length == 0)
                return false;
        if (value->bytes[0] == MARK_SHELL || value->bytes[0] == MARK_NIX)
                if (patch_text_skip_mark(value, 0, value->length) == value->length)
                        return true;
        if (value->length < length || memcmp(value->bytes + value->length - length, docker, length) != 0)
                return false;
        return value->length == length || strchr("/-@:+!|", value->bytes[value->length - length - 1]);
}

/* The index of the first positional word from `at` on; the count when an option is not known or there are too
 * many. */
static size_t skip_docker_options(const struct shell_words *words, size_t at)
{
        for (size_t bound = at + DOCKER_WORDS_MAX; at < words->items.count && at < bound; at++) {
                const struct shell_word *word = &words->items.items[at];
                if (word->value.length == 0 || word->value.bytes[0] != '-')
                        return at;
                bool valued = false;
                for (size_t i = 0; i < ELEMENTS(docker_valued); i++)
                        valued = valued || is_named(word, docker_valued[i]);
                bool flag = false;
                for (size_t i = 0; i < ELEMENTS(docker_flags); i++)
                        flag = flag || is_named(word, docker_flags[i]);
                if (!valued && !flag)
                        return words->items.count;
                at += valued && !has_value(word);
        }
        return words->items.count;
}

/* The index behind `docker ... network create` that begins at `at`; 0 when it is none. */
static size_t match_create(const struct shell_words *words, size_t at)
{
        size_t next;

        if (!names_docker(&words->items.items[at]))
                return 0;
        next = skip_docker_options(words, at + 1);
        if (next + 1 >= words->items.count || !shell_word_is(&words->items.items[next], "network") ||
            !shell_word_is(&words->items.items[next + 1], "create"))
                return 0;
        return next + 2;
}

struct creating {
        const struct patch_text *text;
        const struct shell_words *words;
        struct patch_create *create;
        size_t positionals;
        bool ended; /* "--" was seen */
};

/* One of the options that belong to the subnet; returns how many words it takes, 0 for another. */
static size_t take_option(struct creating *creating, size_t at)
{
        const struct shell_word *word = &creating->words->items.items[at];
        size_t i = 0;

        while (i < ELEMENTS(create_subnet_options) && !is_named(word, create_subnet_options[i].name))
                i++;
        if (i == ELEMENTS(create_subnet_options))
                return 0;
        bool own = !has_value(word);
        if (own && at + 1 >= creating->words->items.count) {
                creating->create->understood = false;
                return 1;
        }
        const struct shell_word *last = &creating->words->items.items[at + own];
        struct patch_option *option = list_add(&creating->create->options);
        *option = (struct patch_option){
                .kind = create_subnet_options[i].kind,
                .begin = creating->text->begin[word->from],
                .end = creating->text->end[last->to - 1],
                .before = creating->text->end[creating->words->items.items[at - 1].to - 1]};
        patch_text_add_part(&option->value, &last->value, own ? 0 : name_length(word) + 1,
                            last->value.length);
        return 1 + own;
}

/* Words that an option takes which has nothing to do with the subnet. */
static size_t option_words(const struct shell_word *word)
{
        bool is_long = word->value.length > 1 && word->value.bytes[1] == '-';

        for (size_t i = 0; i < ELEMENTS(create_flags); i++)
                if (is_named(word, create_flags[i]))
                        return 1;
        if (is_long)
                return has_value(word) ? 1 : 2;
        return word->value.length > 2 ? 1 : 2; /* -doverlay, -d overlay */
}

static size_t take_create_word(struct creating *creating, size_t at)
{
        const struct shell_word *word = &creating->words->items.items[at];
        struct patch_create *create = creating->create;

        if (shell_word_is(word, "--") && !creating->ended) {
                creating->ended = true;
                create->insert = creating->text->begin[word->from];
                return 1;
        }
        if (word->value.length && word->value.bytes[0] == '-' && !creating->ended) {
                size_t count = take_option(creating, at);
                return count ? count : option_words(word);
        }
        if (creating->positionals++ == 0) {
                patch_text_add_part(&create->name, &word->value, 0, word->value.length);
                if (!creating->ended)
                        create->insert = creating->text->begin[word->from];
        }
        return 1;
}

static void take_create(const struct patch_text *text, const struct shell_words *words, size_t docker,
                        size_t next, size_t comment, struct patch_findings *findings)
{
        if (findings->creates.count == PATCH_CREATES_MAX) {
                findings->overflow = true;
                return;
        }
        struct patch_create *create = list_add(&findings->creates);
        struct creating creating = {text, words, create};
        *create = (struct patch_create){
                .at = text->begin[words->items.items[docker].from], .comment = comment, .understood = true};
        while (next < words->items.count)
                next += take_create_word(&creating, next);
        create->understood = create->understood && creating.positionals == 1;
}

/* The shape */

void patch_shape_value(struct digest *shape, const struct patch_text *value)
{
        for (size_t i = 0; i < value->length;) {
                char c = value->bytes[i];
                bool inner = c == MARK_NIX ||
                             (c == MARK_SHELL && (patch_text_has(value, i + 1, value->length, "$(") ||
                                                  patch_text_has(value, i + 1, value->length, "`")));
                digest_add(shape, &c, 1);
                i = inner ? patch_text_skip_mark(value, i, value->length) : i + 1;
        }
        digest_add(shape, "", 1);
}

/*
 * All words but the values that may be edited: assignments, and the options of a creation that belong to the
 * subnet. Those are compared one by one.
 */
static void shape_command(const struct shell_words *words, size_t assignments, size_t create,
                          struct digest *shape)
{
        bool prints = patch_command_prints(words);

        for (size_t i = 0; i < words->items.count; i++) {
                const struct shell_word *word = &words->items.items[i];
                bool option = false;
                for (size_t j = 0; create && i >= create && j < ELEMENTS(create_subnet_options); j++)
                        option = option || is_named(word, create_subnet_options[j].name);
                if (option)
                        i += !has_value(word);
                else if (i < assignments || (patch_may_hold_command(&word->value) && !prints))
                        digest_add(shape, VALUE_SHAPE, sizeof(VALUE_SHAPE));
                else
                        patch_shape_value(shape, &word->value);
        }
        digest_add(shape, "\n", 1);
}

void patch_command(const struct patch_text *text, const struct shell_words *words, size_t comment,
                   struct patch_findings *findings)
{
        size_t assignments = take_assignments(text, words, comment, findings);
        size_t create = 0;

        for (size_t i = 0; i < words->items.count && create == 0 && !patch_command_prints(words); i++) {
                create = match_create(words, i);
                if (create)
                        take_create(text, words, i, create, comment, findings);
        }
        shape_command(words, assignments, create, findings->shape);
}

void patch_findings_done(struct patch_findings *findings)
{
        char ignored[DIGEST_TEXT_LENGTH + 1];

        for (size_t i = 0; i < findings->creates.count; i++) {
                struct patch_create *create = &findings->creates.items[i];
                for (size_t j = 0; j < create->options.count; j++)
                        patch_text_done(&create->options.items[j].value);
                free(create->options.items);
                patch_text_done(&create->name);
        }
        for (size_t i = 0; i < findings->assignments.count; i++) {
                free(findings->assignments.items[i].name);
                patch_text_done(&findings->assignments.items[i].value);
        }
        free(findings->creates.items);
        free(findings->assignments.items);
        if (findings->shape)
                digest_end(findings->shape, ignored);
        *findings = (struct patch_findings){0};
}
