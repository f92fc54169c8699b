/*
 * Nix files, read into their strings: "..." and ''...'', decoded, with the expressions in ${} marked. Each
 * string is read as shell text, whatever it is for. Strings stand in expressions and expressions in strings,
 * so both readers call each other; the depth is bounded.
 */

#include "move/patch/find.h"

#include "base/text.h"

#define NIX_DEPTH_MAX 32

struct nix {
        const char *bytes;
        size_t length;
        size_t at;
        size_t comment; /* the start of the line that code was last seen to begin on */
        struct patch_findings *findings;
        char *name; /* of "name =" that was just read; NULL: none */
        bool equals;
        bool broken; /* something is not closed, or nests too deep */
};

static bool has(const struct nix *nix, const char *word)
{
        size_t length = strlen(word);

        return nix->length - nix->at >= length && memcmp(nix->bytes + nix->at, word, length) == 0;
}

static void read_code(struct nix *nix, unsigned depth);

/* "${", code, "}": the code is read, and the expression stands in the text as a mark. */
static void read_expression(struct nix *nix, struct patch_text *text, unsigned depth)
{
        size_t begin = nix->at;

        nix->at += 2;
        read_code(nix, depth + 1);
        if (nix->at >= nix->length) {
                nix->broken = true;
                return;
        }
        nix->at++;
        patch_text_add(text, MARK_NIX, begin, begin);
        patch_text_add_bytes(text, nix->bytes, begin, nix->at);
        patch_text_add(text, MARK_END, nix->at, nix->at);
}

static char unescape(char c)
{
        return c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
}

static void take(struct nix *nix, struct patch_text *text, char c, size_t count)
{
        patch_text_add(text, c, nix->at, nix->at + count);
        nix->at += count;
}

/* What both kinds of strings have in common. False: it is nothing special. */
static bool read_special(struct nix *nix, struct patch_text *text, unsigned depth)
{
        if (has(nix, "$$")) {
                take(nix, text, '$', 1);
                take(nix, text, '$', 1);
                return true;
        }
        if (!has(nix, "${"))
                return false;
        read_expression(nix, text, depth);
        return true;
}

static void read_double(struct nix *nix, struct patch_text *text, unsigned depth)
{
        nix->at++;
        while (nix->at < nix->length && !has(nix, "\"") && !nix->broken) {
                if (has(nix, "\\") && nix->at + 1 < nix->length)
                        take(nix, text, unescape(nix->bytes[nix->at + 1]), 2);
                else if (!read_special(nix, text, depth))
                        take(nix, text, nix->bytes[nix->at], 1);
        }
        nix->broken = nix->broken || nix->at >= nix->length;
        nix->at++;
}

static void read_indented(struct nix *nix, struct patch_text *text, unsigned depth)
{
        nix->at += 2;
        while (nix->at < nix->length && !nix->broken) {
                if (has(nix, "'''")) {
                        take(nix, text, '\'', 2);
                        take(nix, text, '\'', 1);
                } else if (has(nix, "''$"))
                        take(nix, text, '$', 3);
                else if (has(nix, "''\\") && nix->at + 3 < nix->length)
                        take(nix, text, unescape(nix->bytes[nix->at + 3]), 4);
                else if (has(nix, "''"))
                        break;
                else if (!read_special(nix, text, depth))
                        take(nix, text, nix->bytes[nix->at], 1);
        }
        nix->broken = nix->broken || nix->at >= nix->length;
        nix->at += 2;
}

/* name = "value"; of a value without blanks. */
static bool take_binding(struct nix *nix, const struct patch_text *text, size_t at)
{
        size_t next = nix->at;

        while (next < nix->length && strchr(" \t\r\n", nix->bytes[next]))
                next++;
        if (!nix->name || !nix->equals || next >= nix->length || nix->bytes[next] != ';' || !text->length ||
            memchr(text->bytes, ' ', text->length) || memchr(text->bytes, '\n', text->length))
                return false;
        if (nix->findings->assignments.count == PATCH_ASSIGNMENTS_MAX) {
                nix->findings->overflow = true;
                return true;
        }
        struct patch_assignment *assignment = list_add(&nix->findings->assignments);
        *assignment = (struct patch_assignment){
                .name = nix->name, .mark = MARK_NIX, .at = at, .comment = nix->comment};
        nix->name = NULL;
        patch_text_add_part(&assignment->value, text, 0, text->length);
        return true;
}

static void forget_name(struct nix *nix)
{
        free(nix->name);
        nix->name = NULL;
        nix->equals = false;
}

static void read_string(struct nix *nix, unsigned depth)
{
        _cleanup_patch_text_ struct patch_text text = {0};
        _cleanup_free_ char *name = steal_pointer(nix->name);
        bool equals = nix->equals;
        size_t comment = nix->comment;
        size_t at = nix->at;

        if (has(nix, "\""))
                read_double(nix, &text, depth);
        else
                read_indented(nix, &text, depth);
        if (nix->broken)
                return;
        forget_name(nix);
        nix->name = steal_pointer(name);
        nix->equals = equals;
        nix->comment = comment;
        bool binding = take_binding(nix, &text, at);
        forget_name(nix);
        digest_add(nix->findings->shape, "\"", 2);
        if (!binding)
                patch_scan(
                        &(struct patch_scan_wish){
                                .text = &text, .to = text.length, .comment = comment, .own_lines = true},
                        nix->findings);
        /* The line goes on behind a string that has several: no comment can stand there. */
}

static bool is_name(char c)
{
        return c == '_' || c == '\'' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
               (c >= 'A' && c <= 'Z');
}

static void read_name(struct nix *nix)
{
        size_t from = nix->at;
        bool attribute = from > 0 && nix->bytes[from - 1] == '.';

        while (nix->at < nix->length && is_name(nix->bytes[nix->at]))
                nix->at++;
        digest_add(nix->findings->shape, nix->bytes + from, nix->at - from);
        digest_add(nix->findings->shape, " ", 1);
        forget_name(nix);
        if (!attribute)
                nix->name = text_copy_n(nix->bytes + from, nix->at - from);
}

static void skip_comment(struct nix *nix)
{
        const char *close = has(nix, "#") ? "\n" : "*/";

        nix->at += strlen(close);
        while (nix->at < nix->length && !has(nix, close))
                nix->at++;
        if (*close == '*')
                nix->at = MIN(nix->at + 2, nix->length);
}

static void read_sign(struct nix *nix)
{
        char c = nix->bytes[nix->at++];

        if (c == '\n')
                nix->comment = nix->at;
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
                return;
        digest_add(nix->findings->shape, &c, 1);
        if (c == '=' && nix->name && !nix->equals)
                nix->equals = true;
        else
                forget_name(nix);
}

/* Up to the brace that closes what the caller has opened, or to the end. */
static void read_code(struct nix *nix, unsigned depth)
{
        unsigned braces = 0;

        nix->broken = nix->broken || depth > NIX_DEPTH_MAX;
        while (nix->at < nix->length && !nix->broken) {
                char c = nix->bytes[nix->at];
                if (c == '}' && braces == 0 && depth > 0)
                        return;
                braces += c == '{';
                braces -= c == '}' && braces > 0;
                if (c == '#' || has(nix, "/*"))
                        skip_comment(nix);
                else if (c == '"' || has(nix, "''"))
                        read_string(nix, depth);
                else if (is_name(c))
                        read_name(nix);
                else
                        read_sign(nix);
        }
        if (nix->broken)
                nix->at = nix->length;
}

void patch_find_nix(const char *bytes, size_t length, struct patch_findings *findings)
{
        struct nix nix = {.bytes = bytes, .length = length, .findings = findings};

        read_code(&nix, 0);
        forget_name(&nix);
}
