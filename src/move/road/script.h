#pragma once

/*
 * Shell text, read for what it deploys and what it waits for: not as a shell reads it, but line by line as a
 * person skims it. Quotes are not followed, since those of a unit's command line are lost anyway. Inside
 * move/ only.
 */

#include "base/text.h"

#include <stdbool.h>

/* What stands between line ends, ";", "&", "&&" and "||". */
struct road_statement {
        char *text;
        unsigned line;  /* from 1 */
        bool condition; /* of an `until` or `while` */
        bool loop;      /* in one, or in a `for` */
        bool ignored;   /* its failure is: "|| true" */
};

struct road_statements {
        LIST(struct road_statement) items;
};

void road_statements_done(struct road_statements *statements);
void road_script_split(const char *script, struct road_statements *ret_statements);

/* What a statement waits by: "curl", "systemctl start", "the condition of a loop"; NULL: it does not wait. */
const char *road_statement_waits(const struct road_statement *statement);

/*
 * The stack or service that it deploys; NULL: none. Owned by the caller. *ret_unnamed: it deploys something
 * whose name is made when it runs.
 */
char *road_statement_deploys(const struct road_statement *statement, bool *ret_unnamed);

/*
 * Whether the text has the name as a whole word. In a longer name with dots it counts only as the first part
 * of a URL's host, and behind "tasks.". With `stack`, the names of the stack's services count, too:
 * "name_app".
 */
bool road_text_names(const char *text, const char *name, bool stack);

bool road_begins_with(const char *text, const char *word);
bool road_begins_with_any(const char *text, const char *const *words, size_t count);
const char *road_skip_keywords(const char *text); /* past what only leads to a command: if, !, sh -c */

/* sh, /bin/bash, ... */
bool road_is_shell(const char *word);

/* The next word between blanks, without quotes and brackets around it; NULL at the end. Owned by the caller.
 */
char *road_next_word(const char **text);
