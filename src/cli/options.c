#include "cli/options.h"

#include "base/text.h"

#include <assert.h>

/*
 * A command line is read twice by the same reader: first with all options of all commands known, only to find
 * the first word and with it the command (an option's value must not be taken for a word); then with the
 * options of that command.
 */

const struct option_spec common_options[] = {
        {"host", 'H', OPTION_VALUE, "HOST", "engine to talk to, as unix:///path or tcp://host:port"},
        {"context", 'c', OPTION_VALUE, "CONTEXT", "docker context that names the engine"},
        {"config", 0, OPTION_VALUE, "FILE", "configuration instead of " SETTINGS_PATH},
        {"format", 0, OPTION_VALUE, "FORMAT",
         "of tables: table, json, or a template such as '{{.Network}} {{.Free}}'"},
        {"no-header", 0, OPTION_FLAG, NULL, "leave the header of tables out"},
        {"color", 0, OPTION_VALUE, "WHEN", "auto, always or never"},
        {"help", 'h', OPTION_FLAG, NULL, "what the command does and takes"},
        {"version", 0, OPTION_FLAG, NULL, "version of headroom"},
        {NULL},
};

/* Suggestions */

#define SPELLING_MAX 32 /* longer words are not worth a guess */

/* Letters to insert, delete, replace or swap with the next one, to make one word of the other. */
static size_t spelling_distance(const char *a, const char *b)
{
        size_t rows[SPELLING_MAX + 1][SPELLING_MAX + 1];
        size_t length_a = strlen(a);
        size_t length_b = strlen(b);

        if (length_a > SPELLING_MAX || length_b > SPELLING_MAX)
                return SPELLING_MAX;
        for (size_t i = 0; i <= length_a; i++) {
                for (size_t j = 0; j <= length_b; j++) {
                        if (i == 0 || j == 0) {
                                rows[i][j] = i + j;
                                continue;
                        }
                        size_t replaced = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
                        rows[i][j] = MIN(replaced, MIN(rows[i - 1][j], rows[i][j - 1]) + 1);
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                rows[i][j] = MIN(rows[i][j], rows[i - 2][j - 2] + 1);
                }
        }
        return rows[length_a][length_b];
}

/* The better of two guesses at `word`; NULL stays when the candidate is too far away. */
static const char *spelling_better(const char *word, const char *best, const char *candidate)
{
        size_t length = strlen(word);
        size_t distance = spelling_distance(word, candidate);

        if (length >= 3 && text_starts_with(candidate, word))
                distance = 1; /* an abbreviation */
        if (length < 2 || distance > 1 + length / 4)
                return best;
        return best && spelling_distance(word, best) <= distance ? best : candidate;
}

/* The command table */

const struct command *command_find(const struct command *table, const char *name)
{
        for (; table->name; table++)
                if (text_equal(table->name, name))
                        return table;
        return NULL;
}

const struct command *command_nearest(const struct command *table, const char *word)
{
        const char *best = NULL;

        for (const struct command *command = table; command->name; command++)
                if (*command->name)
                        best = spelling_better(word, best, command->name);
        return best ? command_find(table, best) : NULL;
}

char *command_title(const struct command *command)
{
        return *command->name ? text_format("headroom %s", command->name) : text_copy("headroom");
}

static const struct option_spec *option_in(const struct option_spec *specs, const char *name, size_t length,
                                           char letter)
{
        for (; specs && specs->name; specs++) {
                if (letter && specs->letter == letter)
                        return specs;
                if (!letter && strlen(specs->name) == length && strncmp(specs->name, name, length) == 0)
                        return specs;
        }
        return NULL;
}

static const char *option_nearest(const struct command *command, const char *word)
{
        const char *best = NULL;

        for (const struct option_spec *spec = command->options; spec && spec->name; spec++)
                best = spelling_better(word, best, spec->name);
        for (const struct option_spec *spec = common_options; spec->name; spec++)
                best = spelling_better(word, best, spec->name);
        return best;
}

/* The reader */

struct reader {
        const struct command *table;
        const struct command *command; /* NULL: options of every command are known */
        int argc;
        char *const *argv;
        int next;
        const char *letters; /* what is left of "-abc" */
        bool words_only;     /* after -- */
};

struct item {
        const struct option_spec *spec; /* NULL: a word */
        const char *text;               /* the option's value or the word; both NULL: the end */
};

static const struct option_spec *reader_find(const struct reader *reader, const char *name, size_t length,
                                             char letter)
{
        const struct option_spec *spec = option_in(common_options, name, length, letter);

        if (spec)
                return spec;
        if (reader->command)
                return option_in(reader->command->options, name, length, letter);
        for (const struct command *command = reader->table; command->name && !spec; command++)
                spec = option_in(command->options, name, length, letter);
        return spec;
}

static int unknown_option(const struct reader *reader, const char *shown, const char *word,
                          struct error *error)
{
        if (!reader->command)
                return -1; /* looking for the command only: nobody reads the sentence */
        _cleanup_free_ char *title = command_title(reader->command);
        const char *nearest = option_nearest(reader->command, word);
        if (nearest)
                return error_set(error, ERROR_USAGE, "`%s` has no option %s; did you mean --%s?", title,
                                 shown, nearest);
        return error_set(error, ERROR_USAGE, "`%s` has no option %s", title, shown);
}

/*
 * The value of an option that stands in the next argument. One that begins with a dash is more likely the
 * next option after a forgotten value, so it is taken in the form --name=value only.
 */
static int next_value(struct reader *reader, const struct option_spec *spec, const char **ret_value,
                      struct error *error)
{
        const char *value = reader->next < reader->argc ? reader->argv[reader->next] : NULL;

        if (!value)
                return error_set(error, ERROR_USAGE, "--%s needs a value: --%s %s", spec->name, spec->name,
                                 spec->argument);
        if (value[0] == '-' && value[1])
                return error_set(
                        error, ERROR_USAGE,
                        "--%s needs a value before %s (one that begins with a dash is written --%s=%s)",
                        spec->name, value, spec->name, value);
        reader->next++;
        *ret_value = value;
        return 0;
}

/* "--name", "--name=value", "--name value"; `name` is behind the dashes. */
static int read_long(struct reader *reader, const char *name, struct item *ret_item, struct error *error)
{
        size_t length = strcspn(name, "=");
        const char *value = name[length] ? name + length + 1 : NULL;
        const struct option_spec *spec = reader_find(reader, name, length, 0);

        if (!spec) {
                _cleanup_free_ char *word = text_copy_n(name, length);
                _cleanup_free_ char *shown = text_format("--%s", word);
                return unknown_option(reader, shown, word, error);
        }
        if (spec->kind == OPTION_FLAG && value)
                return error_set(error, ERROR_USAGE, "--%s takes no value", spec->name);
        if (spec->kind == OPTION_VALUE && !value && next_value(reader, spec, &value, error) < 0)
                return -1;
        *ret_item = (struct item){spec, value};
        return 0;
}

/* One letter of "-abc"; the rest behind a letter that takes a value is that value. */
static int read_letter(struct reader *reader, struct item *ret_item, struct error *error)
{
        const char *letters = reader->letters;
        const struct option_spec *spec = reader_find(reader, NULL, 0, letters[0]);
        const char *value = NULL;

        reader->letters = letters[1] ? letters + 1 : NULL;
        if (!spec) {
                _cleanup_free_ char *shown = text_format("-%s", letters);
                reader->letters = NULL;
                return unknown_option(reader, shown, letters, error);
        }
        if (spec->kind == OPTION_VALUE) {
                value = steal_pointer(reader->letters);
                if (!value && next_value(reader, spec, &value, error) < 0)
                        return -1;
        }
        *ret_item = (struct item){spec, value};
        return 0;
}

/* Always moves on, also past what it refuses. */
static int reader_read(struct reader *reader, struct item *ret_item, struct error *error)
{
        if (reader->letters)
                return read_letter(reader, ret_item, error);
        if (reader->next >= reader->argc) {
                *ret_item = (struct item){0};
                return 0;
        }
        const char *argument = reader->argv[reader->next++];
        if (reader->words_only || argument[0] != '-' || !argument[1]) {
                *ret_item = (struct item){.text = argument};
                return 0;
        }
        if (text_equal(argument, "--")) {
                reader->words_only = true;
                return reader_read(reader, ret_item, error);
        }
        if (argument[1] == '-')
                return read_long(reader, argument + 2, ret_item, error);
        reader->letters = argument + 1;
        return read_letter(reader, ret_item, error);
}

/* The command that the first word names, and which argument that word is (0 for none). */
static const struct command *find_command(struct reader reader, int *ret_argument)
{
        const struct command *fallback = command_find(reader.table, "");
        struct item item = {0};

        *ret_argument = 0;
        while (reader_read(&reader, &item, NULL) < 0 || item.spec)
                ; /* each read moves on, to the end at last */
        if (text_empty(item.text) || reader.words_only)
                return fallback;
        const struct command *named = command_find(reader.table, item.text);
        if (named)
                *ret_argument = reader.next - 1;
        return named ? named : fallback;
}

static int take_word(const struct command *table, struct invocation *invocation, const char *word,
                     struct error *error)
{
        const struct command *command = invocation->command;
        _cleanup_free_ char *title = command_title(command);

        if (!*word)
                return error_set(error, ERROR_USAGE, "`%s` was given an empty word: is a variable not set?",
                                 title);
        if (invocation->word_count < MIN(command->words_max, (size_t)INVOCATION_WORDS_MAX)) {
                invocation->words[invocation->word_count++] = word;
                return 0;
        }
        /* `headroom pln proxy`: the misspelt command was taken for a network. */
        const char *first = invocation->word_count ? invocation->words[0] : word;
        const struct command *meant = *command->name ? NULL : command_nearest(table, first);
        if (meant)
                return error_set(error, ERROR_USAGE, "'%s' is no command; did you mean `headroom %s`?", first,
                                 meant->name);
        return error_set(error, ERROR_USAGE, "`%s` has no use for the word '%s'", title, word);
}

/* Of an unset variable in a script: an empty folder would be the root, and an empty file is none. */
static int refuse_nameless(const struct option_spec *spec, const char *value, struct error *error)
{
        static const char *const places[] = {"FILE", "FOLDER", "KEY"};

        if (spec->kind != OPTION_VALUE || !value || *value)
                return 0;
        for (size_t i = 0; i < ELEMENTS(places); i++)
                if (text_equal(spec->argument, places[i]))
                        return error_set(error, ERROR_USAGE, "--%s takes a %s, and the name given is empty",
                                         spec->name, spec->argument);
        return 0;
}

/* Of two lists only the last would count, and what the first names would not be heeded. */
static int refuse_second_list(const struct invocation *invocation, const struct option_spec *spec,
                              struct error *error)
{
        if (spec->kind != OPTION_VALUE || !strstr(spec->argument, ",...") ||
            !invocation_value(invocation, spec->name))
                return 0;
        return error_set(error, ERROR_USAGE, "--%s is given twice: one list takes them all, as %s",
                         spec->name, spec->argument);
}

static int check_word_count(const struct invocation *invocation, struct error *error)
{
        size_t missing = invocation->command->words_min;

        if (invocation->word_count >= missing || invocation_flag(invocation, "help"))
                return 0;
        missing -= invocation->word_count;
        _cleanup_free_ char *title = command_title(invocation->command);
        return error_set(error, ERROR_USAGE, "`%s` needs %zu %sword%s", title, missing,
                         invocation->word_count ? "more " : "", missing == 1 ? "" : "s");
}

static int check_format(const struct invocation *invocation, struct error *error)
{
        const char *format = invocation_value(invocation, "format");

        if (!invocation->command->no_table || !format || text_equal(format, "table") ||
            invocation_flag(invocation, "help"))
                return 0;
        _cleanup_free_ char *title = command_title(invocation->command);
        return error_set(error, ERROR_USAGE, "`%s` prints no table, and has no use for --format=%s", title,
                         format);
}

static int check_whole(const struct invocation *invocation, struct error *error)
{
        int result = check_word_count(invocation, error);

        return result < 0 ? result : check_format(invocation, error);
}

int invocation_parse(const struct command *table, int argc, char *const *argv,
                     struct invocation *ret_invocation, struct error *error)
{
        struct reader reader = {.table = table, .argc = argc, .argv = argv, .next = 1};
        LIST(struct option_value) options = {0};
        int name_argument;

        *ret_invocation = (struct invocation){.command = find_command(reader, &name_argument)};
        reader.command = ret_invocation->command;
        assert(reader.command); /* a table has a command "" */
        for (;;) {
                struct item item = {0};
                int result = reader_read(&reader, &item, error);

                if (result == 0 && item.spec) {
                        result = refuse_nameless(item.spec, item.text, error);
                        if (result == 0)
                                result = refuse_second_list(ret_invocation, item.spec, error);
                        *list_add(&options) = (struct option_value){item.spec, item.text};
                }
                if (result == 0 && !item.spec && item.text && reader.next - 1 != name_argument)
                        result = take_word(table, ret_invocation, item.text, error);
                ret_invocation->options = options.items;
                ret_invocation->option_count = options.count;
                if (result < 0)
                        return -1;
                if (!item.spec && !item.text)
                        return check_whole(ret_invocation, error);
        }
}

void invocation_done(struct invocation *invocation)
{
        const struct command *command = invocation->command;

        free((void *)invocation->options);
        *invocation = (struct invocation){.command = command};
}

const char *invocation_value(const struct invocation *invocation, const char *option)
{
        for (size_t i = invocation->option_count; i > 0; i--)
                if (text_equal(invocation->options[i - 1].spec->name, option))
                        return invocation->options[i - 1].value;
        return NULL;
}

bool invocation_flag(const struct invocation *invocation, const char *option)
{
        for (size_t i = 0; i < invocation->option_count; i++)
                if (text_equal(invocation->options[i].spec->name, option))
                        return true;
        return false;
}
