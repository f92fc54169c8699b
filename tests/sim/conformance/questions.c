#include "ask.h"

#include "base/file.h"

/* Reading the file: a question's name stands at the line's start, its steps are indented. */

#define FILE_BYTES_MAX ((size_t)1 << 20)
#define BLANKS         " \t"

static void step_done(struct step *step)
{
        for (size_t i = 0; i < step->words.count; i++)
                free(step->words.items[i]);
        free(step->words.items);
        free((char *)step->text);
}

void questions_done(struct questions *questions)
{
        for (size_t i = 0; i < questions->items.count; i++) {
                struct question *question = &questions->items.items[i];
                for (size_t j = 0; j < question->steps.count; j++)
                        step_done(&question->steps.items[j]);
                free(question->steps.items);
                free(question->name);
                free(question->pool);
        }
        free(questions->items.items);
}

static void read_words(struct step *step)
{
        for (const char *at = step->text; *at;) {
                size_t length = *at == '{' && at[1] == '"' ? strlen(at) : strcspn(at, BLANKS);
                *list_add(&step->words) = text_copy_n(at, length);
                at += length;
                at += strspn(at, BLANKS);
        }
}

/* What stands in brackets behind the name: "3 nodes", "fresh", "pool 10.50.0.0/22". False: something else. */
static bool read_condition(struct question *question, const char *text)
{
        static const char pool[] = "pool ";
        _cleanup_free_ char *word = text_copy_n(text, strcspn(text, " )"));
        uint64_t nodes;

        if (text_to_u64(word, &nodes)) {
                question->nodes = nodes;
                return nodes && nodes <= ASK_NODES_MAX && text_equal(text + strlen(word), " nodes)");
        }
        question->fresh = true;
        if (!text_starts_with(text, pool))
                return text_equal(text, "fresh)");
        text += strlen(pool);
        question->pool = text_copy_n(text, strcspn(text, ")"));
        return text_equal(text + strlen(question->pool), ")");
}

static bool read_name(struct question *question, const char *text)
{
        const char *bracket = strstr(text, " (");

        question->nodes = 1;
        question->name = text_copy_n(text, bracket ? (size_t)(bracket - text) : strlen(text));
        return !bracket || read_condition(question, bracket + 2);
}

static bool has_question(const struct questions *questions, const char *name)
{
        for (size_t i = 0; i + 1 < questions->items.count; i++)
                if (text_equal(questions->items.items[i].name, name))
                        return true;
        return false;
}

static int read_line(struct questions *questions, const char *path, unsigned line, const char *text,
                     struct error *error)
{
        size_t indent = strspn(text, BLANKS);

        if (!text[indent] || text[indent] == '#')
                return 0;
        if (!indent) {
                struct question *question = list_add(&questions->items);
                question->line = line;
                if (!read_name(question, text))
                        return error_set(error, ERROR_USAGE, "%s:%u: 1 to %d nodes, fresh, or a pool", path,
                                         line, ASK_NODES_MAX);
                if (has_question(questions, question->name))
                        return error_set(error, ERROR_USAGE, "%s:%u: asked twice: %s", path, line,
                                         question->name);
                return 0;
        }
        if (!questions->items.count)
                return error_set(error, ERROR_USAGE, "%s:%u: a step before the first question", path, line);
        struct step *step = list_add(&questions->items.items[questions->items.count - 1].steps);
        step->line = line;
        step->text = text_copy(text + indent);
        read_words(step);
        if (!step_is_known(step))
                return error_set(error, ERROR_USAGE, "%s:%u: no such step: %s", path, line, step->text);
        return 0;
}

int questions_read(const char *path, struct questions *ret_questions, struct error *error)
{
        _cleanup_(questions_done) struct questions questions = {0};
        _cleanup_buffer_ struct buffer bytes = {0};
        unsigned line = 0;

        if (file_read(path, FILE_BYTES_MAX, &bytes, error) < 0)
                return -1;
        for (const char *at = buffer_text(&bytes); *at; at += strcspn(at, "\n"), at += *at == '\n') {
                _cleanup_free_ char *text = text_copy_n(at, strcspn(at, "\n"));
                if (read_line(&questions, path, ++line, text, error) < 0)
                        return -1;
        }
        *ret_questions = questions;
        questions = (struct questions){0};
        return 0;
}
