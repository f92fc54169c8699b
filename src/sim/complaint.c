#include "sim/api.h"

/*
 * What the engine says of a text that is no JSON: the words of Go's decoder (encoding/json, scanner.go),
 * which reads to the first byte that can't stand where it does. Only asked about texts that our reader has
 * refused.
 */

#define DEPTH_MAX 512 /* Go refuses at 10,000 */

struct scan {
        const char *at, *end;
        char *complaint;
};

static bool value(struct scan *scan, unsigned depth);

static void skip_blanks(struct scan *scan)
{
        while (scan->at < scan->end && strchr(" \t\r\n", *scan->at) && *scan->at)
                scan->at++;
}

/* Always false: "invalid character 'x' WHERE", or the end came too early. */
static bool complain(struct scan *scan, const char *where)
{
        char shown[8];
        unsigned char c = scan->at < scan->end ? (unsigned char)*scan->at : 0;

        if (scan->at >= scan->end) {
                scan->complaint = text_copy("unexpected EOF");
                return false;
        }
        if (c == '\'' || c == '\\')
                snprintf(shown, sizeof(shown), "\\%c", c);
        else if (c == '\n' || c == '\t' || c == '\r')
                snprintf(shown, sizeof(shown), "\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
        else
                snprintf(shown, sizeof(shown), c < ' ' || c > '~' ? "\\x%02x" : "%c", c);
        scan->complaint = text_format("invalid character '%s' %s", shown, where);
        return false;
}

static bool literal(struct scan *scan, const char *word)
{
        for (size_t i = 0; word[i]; i++, scan->at++) {
                _cleanup_free_ char *where = text_format("in literal %s (expecting '%c')", word, word[i]);
                if (scan->at >= scan->end || *scan->at != word[i])
                        return complain(scan, where);
        }
        return true;
}

static bool escape(struct scan *scan)
{
        if (scan->at >= scan->end || !strchr("\"\\/bfnrtu", *scan->at) || !*scan->at)
                return complain(scan, "in string escape code");
        if (*scan->at++ != 'u')
                return true;
        for (int i = 0; i < 4; i++, scan->at++)
                if (scan->at >= scan->end || !strchr("0123456789abcdefABCDEF", *scan->at) || !*scan->at)
                        return complain(scan, "in \\u hexadecimal character escape");
        return true;
}

static bool string(struct scan *scan)
{
        for (scan->at++; scan->at < scan->end && *scan->at != '"';) {
                if ((unsigned char)*scan->at < ' ')
                        return complain(scan, "in string literal");
                if (*scan->at++ == '\\' && !escape(scan))
                        return false;
        }
        return scan->at++ < scan->end || complain(scan, "");
}

/* At least one digit, or the complaint. */
static bool digits(struct scan *scan, const char *where)
{
        const char *from = scan->at;

        while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
                scan->at++;
        return scan->at > from || complain(scan, where);
}

static bool number(struct scan *scan)
{
        scan->at += *scan->at == '-';
        if (scan->at < scan->end && *scan->at == '0')
                scan->at++;
        else if (!digits(scan, "in numeric literal"))
                return false;
        if (scan->at < scan->end && *scan->at == '.') {
                scan->at++;
                if (!digits(scan, "after decimal point in numeric literal"))
                        return false;
        }
        if (scan->at >= scan->end || (*scan->at | 0x20) != 'e')
                return true;
        scan->at++;
        if (scan->at < scan->end && (*scan->at == '+' || *scan->at == '-'))
                scan->at++;
        return digits(scan, "in exponent of numeric literal");
}

/* Behind a member or an element: true when another one follows. *ret_over: it was the last. */
static bool follows(struct scan *scan, char closing, const char *where, bool *ret_over)
{
        skip_blanks(scan);
        *ret_over = scan->at < scan->end && *scan->at == closing;
        if (!*ret_over && (scan->at >= scan->end || *scan->at != ','))
                return complain(scan, where);
        scan->at++;
        return true;
}

static bool member(struct scan *scan, unsigned depth)
{
        skip_blanks(scan);
        if (scan->at >= scan->end || *scan->at != '"')
                return complain(scan, "looking for beginning of object key string");
        if (!string(scan))
                return false;
        skip_blanks(scan);
        if (scan->at >= scan->end || *scan->at != ':')
                return complain(scan, "after object key");
        scan->at++;
        return value(scan, depth);
}

static bool container(struct scan *scan, unsigned depth)
{
        bool object = *scan->at++ == '{';
        char closing = object ? '}' : ']';
        bool over = false;

        skip_blanks(scan);
        if (scan->at < scan->end && *scan->at == closing) {
                scan->at++;
                return true;
        }
        while (!over)
                if (!(object ? member(scan, depth) : value(scan, depth)) ||
                    !follows(scan, closing, object ? "after object key:value pair" : "after array element",
                             &over))
                        return false;
        return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): bounded by DEPTH_MAX */
static bool value(struct scan *scan, unsigned depth)
{
        skip_blanks(scan);
        if (depth == DEPTH_MAX) {
                scan->complaint = text_copy("exceeded max depth");
                return false;
        }
        switch (scan->at < scan->end ? *scan->at : 0) {
        case '{':
        case '[':
                return container(scan, depth + 1);
        case '"':
                return string(scan);
        case 't':
                return literal(scan, "true");
        case 'f':
                return literal(scan, "false");
        case 'n':
                return literal(scan, "null");
        case '-':
                return number(scan);
        default:
                if (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
                        return number(scan);
                return complain(scan, "looking for beginning of value");
        }
}

char *sim_json_complaint(const char *bytes, size_t length)
{
        struct scan scan = {.at = bytes, .end = bytes + length};

        if (!value(&scan, 0))
                return scan.complaint;
        skip_blanks(&scan);
        complain(&scan, "after top-level value");
        return scan.complaint;
}
