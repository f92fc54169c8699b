#include "move/road/script.h"

#include <ctype.h>

bool road_begins_with(const char *text, const char *word)
{
        size_t length = strlen(word);

        return text_starts_with(text, word) && (!text[length] || !!isspace((unsigned char)text[length]));
}

bool road_begins_with_any(const char *text, const char *const *words, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (road_begins_with(text, words[i]))
                        return true;
        return false;
}

bool road_is_shell(const char *word)
{
        static const char *const shells[] = {"sh", "bash", "dash", "ash", "ksh", "zsh"};
        const char *slash = strrchr(word, '/');

        for (size_t i = 0; i < ELEMENTS(shells); i++)
                if (text_equal(slash ? slash + 1 : word, shells[i]))
                        return true;
        return false;
}

static const char *skip_word(const char *text)
{
        text += strcspn(text, " \t");
        return text + strspn(text, " \t");
}

/* Past "sh -euc" and a quote: what follows is the shell's own text. */
static const char *skip_shell(const char *text)
{
        _cleanup_free_ char *word = text_copy_n(text, strcspn(text, " \t"));

        if (!road_is_shell(word))
                return text;
        for (text = skip_word(text); *text == '-'; text = skip_word(text))
                ;
        return text + strspn(text, "'\"");
}

const char *road_skip_keywords(const char *text)
{
        static const char *const words[] = {"if", "then", "elif", "else", "do",
                                            "!",  "{",    "(",    "time", "exec"};

        text = skip_shell(text);
        while (road_begins_with_any(text, words, ELEMENTS(words)))
                text = skip_word(text);
        return text;
}

/* Past an assignment or a substitution that is opened within the word: x=$(curl. */
static size_t skip_openings(const char *word, size_t length)
{
        for (size_t i = length; i > 0; i--)
                if (word[i - 1] == '(' || word[i - 1] == '`')
                        return i;
        return 0;
}

char *road_next_word(const char **text)
{
        const char *start = *text + strspn(*text, " \t");
        size_t length = strcspn(start, " \t");

        *text = start + length;
        if (!length)
                return NULL;
        while (length && strchr("\"'`()[]{}", start[length - 1]))
                length--;
        size_t skipped = skip_openings(start, length);
        while (skipped < length && strchr("\"'[", start[skipped]))
                skipped++;
        return text_copy_n(start + skipped, length - skipped);
}

/* A program by its last part: /usr/bin/curl is curl. */
static bool is_program(const char *word, const char *program)
{
        const char *slash = strrchr(word, '/');

        return text_equal(slash ? slash + 1 : word, program);
}

/* Whether the program stands in the text, later the word, and the next one right behind; both may be NULL. */
static bool has_call(const char *text, const char *program, const char *word, const char *next)
{
        unsigned found = 0;

        for (char *w; (w = road_next_word(&text)); free(w)) {
                bool fits = found == 0   ? is_program(w, program)
                            : found == 1 ? text_equal(w, word)
                                         : text_equal(w, next);
                if (fits)
                        found++;
                else if (found == 2)
                        found = 1;
                if (found == 1U + (word != NULL) + (next != NULL)) {
                        free(w);
                        return true;
                }
        }
        return false;
}

struct call {
        const char *program, *word, *next, *name;
};

static const struct call asking[] = {
        {"curl", NULL, NULL, "curl"},
        {"wget", NULL, NULL, "wget"},
        {"wait-for-it", NULL, NULL, "wait-for-it"},
        {"wait-for-it.sh", NULL, NULL, "wait-for-it.sh"},
        {"wait-for", NULL, NULL, "wait-for"},
        {"docker", "service", "ls", "docker service ls"},
        {"docker", "service", "inspect", "docker service inspect"},
        {"docker", "service", "ps", "docker service ps"},
        {"docker", "service", "logs", "docker service logs"},
        {"docker", "stack", "ps", "docker stack ps"},
        {"docker", "stack", "services", "docker stack services"},
        {"systemctl", "is-active", NULL, "systemctl is-active"},
};

static const struct call starting[] = {
        {"systemctl", "start", NULL, "systemctl start"},
        {"systemctl", "restart", NULL, "systemctl restart"},
        {"systemctl", "try-restart", NULL, "systemctl try-restart"},
        {"systemctl", "reload-or-restart", NULL, "systemctl reload-or-restart"},
};

static const struct call deploying[] = {
        {"docker", "stack", "deploy", NULL},    {"docker", "stack", "up", NULL},
        {"docker", "stack", "rm", NULL},        {"docker", "stack", "remove", NULL},
        {"docker", "service", "create", NULL},  {"docker", "service", "update", NULL},
        {"docker", "service", "scale", NULL},   {"docker", "service", "rm", NULL},
        {"docker", "service", "rollback", NULL}};

static const struct call *find_call(const char *text, const struct call *calls, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (has_call(text, calls[i].program, calls[i].word, calls[i].next))
                        return &calls[i];
        return NULL;
}

const char *road_statement_waits(const struct road_statement *statement)
{
        static const char *const talking[] = {"echo", "printf", "logger", "log", "info"};
        const char *command = road_skip_keywords(statement->text);
        const struct call *call;

        if (road_begins_with_any(command, talking, ELEMENTS(talking)) ||
            find_call(command, deploying, ELEMENTS(deploying)))
                return NULL;
        call = find_call(command, starting, ELEMENTS(starting));
        if (call)
                return has_call(command, "systemctl", "--no-block", NULL) ? NULL : call->name;
        call = find_call(command, asking, ELEMENTS(asking));
        if (call)
                return statement->ignored && !statement->loop ? NULL : call->name;
        return statement->condition ? "the condition of a loop" : NULL;
}

static bool takes_value(const char *option)
{
        static const char *const options[] = {"-c",           "--compose-file", "--resolve-image",
                                              "--namespace",  "--kubeconfig",   "--orchestrator",
                                              "--bundle-file"};

        for (size_t i = 0; i < ELEMENTS(options); i++)
                if (text_equal(option, options[i]))
                        return true;
        return false;
}

/* The first word behind `docker stack deploy` that is neither an option nor its value. */
static char *take_stack(const char *text)
{
        bool begun = false;
        bool value = false;

        for (char *word; (word = road_next_word(&text)); free(word)) {
                if (!begun) {
                        begun = text_equal(word, "deploy") || text_equal(word, "up");
                        continue;
                }
                if (value || *word == '-') {
                        value = !value && takes_value(word);
                        continue;
                }
                if (*word && !strpbrk(word, "<>|"))
                        return word;
                free(word);
                break;
        }
        return NULL;
}

static char *take_service(const char *text)
{
        for (char *word; (word = road_next_word(&text)); free(word)) {
                char *name = text_starts_with(word, "--name=") ? text_copy(word + strlen("--name="))
                             : text_equal(word, "--name")      ? road_next_word(&text)
                                                               : NULL;
                if (name) {
                        free(word);
                        return name;
                }
        }
        return NULL;
}

char *road_statement_deploys(const struct road_statement *statement, bool *ret_unnamed)
{
        const char *text = statement->text;
        bool stack = has_call(text, "docker", "stack", "deploy") || has_call(text, "docker", "stack", "up");
        char *name = stack                                           ? take_stack(text)
                     : has_call(text, "docker", "service", "create") ? take_service(text)
                                                                     : NULL;

        *ret_unnamed = name && strpbrk(name, "$`");
        if (!*ret_unnamed)
                return name;
        free(name);
        return NULL;
}

static bool is_word_character(char c)
{
        return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static bool begins_word(const char *text, const char *at)
{
        size_t before = (size_t)(at - text);

        if (!before)
                return true;
        if (at[-1] == '.')
                return before >= strlen("tasks.") &&
                       memcmp(at - strlen("tasks."), "tasks.", strlen("tasks.")) == 0;
        if (at[-1] == '$' || (at[-1] == '{' && before > 1 && at[-2] == '$')) /* a variable */
                return false;
        return !is_word_character(at[-1]);
}

static bool ends_word(const char *text, const char *at, const char *end, bool stack)
{
        bool host = (size_t)(at - text) >= strlen("://") && (memcmp(at - 3, "://", 3) == 0 || at[-1] == '@');

        if (*end == '.' && is_word_character(end[1]))
                return host && !memchr(at, '.', (size_t)(end - at));
        return !is_word_character(*end) || (stack && *end == '_');
}

bool road_text_names(const char *text, const char *name, bool stack)
{
        size_t length = strlen(name);

        if (!length)
                return false;
        for (const char *at = strstr(text, name); at; at = strstr(at + 1, name))
                if (begins_word(text, at) && ends_word(text, at, at + length, stack))
                        return true;
        return false;
}
