#pragma once

/*
 * How patch.c finds a declaration. Languages that run commands (shell, Nix, units) are read into the same
 * findings; YAML goes its own way.
 */

#include "base/digest.h"
#include "move/patch/patch.h"
#include "move/patch/text.h"

#define PATCH_CREATES_MAX     1024 /* in one file */
#define PATCH_ASSIGNMENTS_MAX 4096

enum patch_option_kind {
        PATCH_SUBNET,
        PATCH_GATEWAY,
        PATCH_RANGE,
        PATCH_AUX,
        PATCH_CONFIG_FROM,
};

/* An option of `docker network create` that belongs to its subnet. Positions are the file's. */
struct patch_option {
        enum patch_option_kind kind;
        struct patch_text value;
        size_t begin;  /* of its first word */
        size_t end;    /* of its last word */
        size_t before; /* the end of the word before it */
};

/* One `docker network create`. */
struct patch_create {
        struct patch_text name;
        size_t at;       /* the word docker */
        size_t insert;   /* where another option may be put */
        size_t comment;  /* the start of a line before which a comment may stand */
        bool understood; /* it takes exactly one name */
        LIST(struct patch_option) options;
};

/* NAME=value of a shell or unit, or name = "value"; of Nix. */
struct patch_assignment {
        char *name;
        char mark; /* MARK_SHELL or MARK_NIX: what puts it in */
        struct patch_text value;
        size_t at;
        size_t comment;
};

/* What a file of commands says. `shape` is a digest of all the rest, comments left out. */
struct patch_findings {
        LIST(struct patch_create) creates;
        LIST(struct patch_assignment) assignments;
        struct digest *shape;
        bool overflow; /* more than the bounds allow: nothing may be concluded */
};

void patch_findings_done(struct patch_findings *findings);
#define _cleanup_findings_ _cleanup_(patch_findings_done)

enum patch_dialect {
        DIALECT_SHELL,
        DIALECT_UNIT, /* words and quotes only: the value of ExecStart= */
};

struct patch_scan_wish {
        const struct patch_text *text;
        size_t from, to;
        enum patch_dialect dialect;
        size_t comment; /* where a comment may stand for commands of the first line */
        bool own_lines; /* a comment may stand before a line of the text itself */
        unsigned depth; /* of quoting */
};

/* The commands of a text go into the findings; nothing is refused. */
void patch_scan(const struct patch_scan_wish *wish, struct patch_findings *findings);

/* Quoting in shell text: the index behind what begins at `at`; 0 when it is not closed before `end`. */
size_t shell_skip_single(const struct patch_text *text, size_t at, size_t end);
size_t shell_skip_double(const struct patch_text *text, size_t at, size_t end, unsigned depth);
size_t shell_skip_parentheses(const struct patch_text *text, size_t at, size_t end, unsigned depth);
size_t shell_skip_braces(const struct patch_text *text, size_t at, size_t end, unsigned depth);
size_t shell_skip_backticks(const struct patch_text *text, size_t at, size_t end);

/* Part of a text. */
struct shell_span {
        size_t from, to;
};

/* A word of a command: where it stands in the text that was scanned, and its value without quotes. */
struct shell_word {
        size_t from, to;
        struct patch_text value;
        LIST(struct shell_span) inner; /* its substitutions, which are commands */
};

struct shell_words {
        LIST(struct shell_word) items;
};

void shell_word_done(struct shell_word *word);

/* The word that begins at `at`, where none ends; it is never empty. */
void shell_word_read(const struct patch_text *text, size_t at, size_t end, enum patch_dialect dialect,
                     struct shell_word *ret_word);
bool shell_ends_word(const struct patch_text *text, size_t at, size_t end, enum patch_dialect dialect);

/* How long a line end after a backslash is; 0: there is none at `at`. */
size_t shell_continuation(const struct patch_text *text, size_t at, size_t end);

bool shell_is_name(char c);

bool shell_word_is(const struct shell_word *word, const char *text);

/* What one command says: its creation of a network, its assignments, and its part of the shape. */
void patch_command(const struct patch_text *text, const struct shell_words *words, size_t comment,
                   struct patch_findings *findings);

/* Whether the value of a word may be a command itself: it is read as one, unless it is only printed. */
bool patch_may_hold_command(const struct patch_text *value);

/* Adds the value to the shape, but for what is read as commands of its own: substitutions. */
void patch_shape_value(struct digest *shape, const struct patch_text *value);

/* Whether the command only prints its words. */
bool patch_command_prints(const struct shell_words *words);

void patch_find_shell(const char *bytes, size_t length, struct patch_findings *findings);
void patch_find_unit(const char *bytes, size_t length, struct patch_findings *findings);
void patch_find_nix(const char *bytes, size_t length, struct patch_findings *findings);

/* What a language's editor works on, and what it gives. */
struct patch_job {
        const char *path;
        const char *bytes;
        size_t length;
        const struct patch_wish *wish;
        struct prefix subnet; /* the new one */
        struct plan_patch *patch;
};

typedef void (*patch_finder)(const char *bytes, size_t length, struct patch_findings *findings);

/* Fills line, declaration and edits. */
int patch_edit_commands(const struct patch_job *job, patch_finder find, struct error *error);
int patch_edit_yaml(const struct patch_job *job, struct error *error);

/* That the edited bytes say what they should and nothing else. */
int patch_prove_commands(const struct patch_job *job, patch_finder find, const struct buffer *edited,
                         struct error *error);
int patch_prove_yaml(const struct patch_job *job, const struct buffer *edited, struct error *error);

/* "PATH:LINE: SENTENCE", ERROR_REFUSED. */
int patch_refuse(const struct patch_job *job, size_t offset, struct error *error, const char *format, ...)
        _printf_(4, 5);

size_t patch_line(const struct patch_job *job, size_t offset); /* from 1 */
size_t patch_line_start(const struct patch_job *job, size_t offset);
size_t patch_line_end(const struct patch_job *job, size_t offset);     /* its newline is outside */
const char *patch_newline(const struct patch_job *job, size_t offset); /* that line's: "\n" or "\r\n" */

/* Takes line and declaration from where it stands. */
void patch_declared_at(const struct patch_job *job, size_t offset);

/* An edit that replaces [from, to); takes `edited` over. */
void patch_add_edit(const struct patch_job *job, size_t from, size_t to, char *edited);

/*
 * A comment line before the line that starts at `offset`, with that line's indentation; one that headroom put
 * there before is replaced. `also` is NULL or another sentence.
 */
void patch_add_comment(const struct patch_job *job, size_t offset, const char *also);

/* The edits or their reverse, on bytes that are known to be the right ones; appended. False: they are not. */
bool patch_edited(const struct plan_patch *patch, bool undo, const char *bytes, size_t length,
                  struct buffer *ret_bytes);

/* Whether the value of a gateway, range or auxiliary address lies in the subnet. */
enum patch_fit { FIT_INSIDE, FIT_OUTSIDE, FIT_UNKNOWN };
enum patch_fit patch_fits(enum patch_option_kind kind, const char *value, struct prefix subnet);
