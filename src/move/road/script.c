#include "move/road/script.h"

#include "base/buffer.h"

#include <ctype.h>

#define DELIMITER_MAX 64 /* of a here-document; longer ones are not taken for one */

void road_statements_done(struct road_statements *statements)
{
        for (size_t i = 0; i < statements->items.count; i++)
                free(statements->items.items[i].text);
        free(statements->items.items);
        *statements = (struct road_statements){0};
}

struct splitting {
        struct road_statements *statements;
        struct buffer text;
        unsigned line, first_line; /* now, and where the statement begins */
        unsigned loops;
        bool condition, alternative;   /* an "||" stands before the statement */
        char delimiter[DELIMITER_MAX]; /* of a here-document that begins with the next line */
};

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r';
}

static void note_loop(struct splitting *s, const char *text)
{
        static const char *const waiting[] = {"until", "while"};
        const char *command = road_skip_keywords(text);

        if (road_begins_with(text, "do"))
                s->condition = false;
        if (road_begins_with_any(command, waiting, ELEMENTS(waiting))) {
                s->condition = true;
                s->loops++;
        } else if (road_begins_with(command, "for")) {
                s->loops++;
        }
}

static void end_statement(struct splitting *s)
{
        const char *text = buffer_text(&s->text);

        text += strspn(text, " \t");
        if (*text) {
                size_t count = s->statements->items.count;
                note_loop(s, text);
                if (s->alternative && count &&
                    (road_begins_with(text, "true") || road_begins_with(text, ":")))
                        s->statements->items.items[count - 1].ignored = true;
                *list_add(&s->statements->items) = (struct road_statement){.text = text_copy(text),
                                                                           .line = s->first_line,
                                                                           .condition = s->condition,
                                                                           .loop = s->loops > 0};
                if (road_begins_with(text, "done") && s->loops)
                        s->loops--;
        }
        s->alternative = false;
        buffer_clear(&s->text);
}

/* "<<EOF", "<<-'EOF'": remembers where the here-document ends. Returns the text behind it. */
static const char *take_here(struct splitting *s, const char *p)
{
        p += 2 + (p[2] == '-');
        p += strspn(p, " \t\"'\\");
        size_t length = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
        if (length && !isdigit((unsigned char)*p) && length < sizeof(s->delimiter)) { /* 1<<2 is none */
                memcpy(s->delimiter, p, length);
                s->delimiter[length] = 0;
        }
        p += length;
        return p + (*p == '"' || *p == '\'');
}

/* From behind the line in which it was announced to behind its last line. */
static const char *skip_here(struct splitting *s, const char *p)
{
        while (*p) {
                const char *line = p + strspn(p, "\t");
                size_t length = strcspn(line, "\n");
                p = line + length + (line[length] == '\n');
                s->line++;
                if (length == strlen(s->delimiter) && memcmp(line, s->delimiter, length) == 0)
                        break;
        }
        s->delimiter[0] = 0;
        return p;
}

static const char *take_newline(struct splitting *s, const char *p)
{
        end_statement(s);
        s->line++;
        p++;
        return s->delimiter[0] ? skip_here(s, p) : p;
}

static bool is_separator(const char *start, const char *p)
{
        bool redirection = (p > start && (p[-1] == '>' || p[-1] == '<')) || p[1] == '>'; /* 2>&1, &> */

        return *p == ';' || (*p == '&' && !redirection) || (p[0] == '|' && p[1] == '|');
}

static const char *take_separator(struct splitting *s, const char *p)
{
        bool alternative = *p == '|';

        end_statement(s);
        s->alternative = alternative;
        return p + (p[1] == p[0] ? 2 : 1);
}

static void take_character(struct splitting *s, char c)
{
        if (!s->text.length)
                s->first_line = s->line;
        if (s->text.length || !is_blank(c))
                buffer_add(&s->text, &c, 1);
}

void road_script_split(const char *script, struct road_statements *ret_statements)
{
        struct splitting s = {.statements = ret_statements, .line = 1};

        for (const char *p = script; *p;) {
                bool word_begins = p == script || isspace((unsigned char)p[-1]) || strchr(";&|(", p[-1]);
                if (p[0] == '\\' && p[1] == '\n') {
                        take_character(&s, ' ');
                        s.line++;
                        p += 2;
                } else if (*p == '#' && word_begins) {
                        p += strcspn(p, "\n");
                } else if (*p == '\n') {
                        p = take_newline(&s, p);
                } else if (p[0] == '<' && p[1] == '<' && p[2] != '<' && (p == script || p[-1] != '<')) {
                        p = take_here(&s, p);
                } else if (is_separator(script, p)) {
                        p = take_separator(&s, p);
                } else {
                        take_character(&s, *p++);
                }
        }
        end_statement(&s);
        buffer_done(&s.text);
}
