#include "move/patch/patch.h"

#include "base/text.h"
#include "move/patch/find.h"
#include "json/scan.h"

#include <stdarg.h>

#define COMMENT_BYTES_MAX 600
#define COMMENT_OPENING   "headroom: subnet "

void patch_done(struct plan_patch *patch)
{
        for (size_t i = 0; i < patch->edits.count; i++) {
                free(patch->edits.items[i].original);
                free(patch->edits.items[i].edited);
        }
        free(patch->edits.items);
        free(patch->path);
        free(patch->declaration);
        free(patch->before);
        free(patch->after);
        *patch = (struct plan_patch){0};
}

/* Lines */

size_t patch_line(const struct patch_job *job, size_t offset)
{
        size_t line = 1;

        for (size_t i = 0; i < offset && i < job->length; i++)
                line += job->bytes[i] == '\n';
        return line;
}

size_t patch_line_start(const struct patch_job *job, size_t offset)
{
        while (offset > 0 && job->bytes[offset - 1] != '\n')
                offset--;
        return offset;
}

size_t patch_line_end(const struct patch_job *job, size_t offset)
{
        while (offset < job->length && job->bytes[offset] != '\n')
                offset++;
        return offset;
}

const char *patch_newline(const struct patch_job *job, size_t offset)
{
        size_t end = patch_line_end(job, offset);

        if (end == job->length && patch_line_start(job, offset) > 0)
                end = patch_line_start(job, offset) - 1;
        return end > 0 && end < job->length && job->bytes[end - 1] == '\r' ? "\r\n" : "\n";
}

int patch_refuse(const struct patch_job *job, size_t offset, struct error *error, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        _cleanup_free_ char *sentence = text_vformat(format, arguments);
        va_end(arguments);
        return error_set(error, ERROR_REFUSED, "%s:%zu: %s", job->path, patch_line(job, offset), sentence);
}

void patch_declared_at(const struct patch_job *job, size_t offset)
{
        size_t start = patch_line_start(job, offset);
        size_t end = patch_line_end(job, offset);

        if (end > start && job->bytes[end - 1] == '\r')
                end--;
        job->patch->line = patch_line(job, offset);
        job->patch->declaration = text_copy_n(job->bytes + start, end - start);
}

/* Edits */

/* In rising order; of two at one offset, what is put in comes before what is taken out. */
void patch_add_edit(const struct patch_job *job, size_t from, size_t to, char *edited)
{
        struct plan_patch *patch = job->patch;
        struct plan_patch_edit edit = {from, text_copy_n(job->bytes + from, to - from), edited};
        size_t at = patch->edits.count;

        list_add(&patch->edits);
        while (at > 0 && (patch->edits.items[at - 1].offset > from ||
                          (patch->edits.items[at - 1].offset == from && from == to))) {
                patch->edits.items[at] = patch->edits.items[at - 1];
                at--;
        }
        patch->edits.items[at] = edit;
}

/* The reason as one line that means nothing to any language it may stand in. */
static char *comment_text(const char *reason)
{
        struct buffer text = {0};

        buffer_add_text(&text, "");
        for (const char *at = reason ? reason : ""; *at; at++) {
                unsigned char c = (unsigned char)*at;
                bool plain = c > ' ' && c != 0x7f && !strchr("'\"`$\\{}<>|&", c);
                if (plain || (text.length && text.bytes[text.length - 1] != ' '))
                        buffer_add(&text, plain ? at : " ", 1);
        }
        size_t length = MIN(text.length, (size_t)COMMENT_BYTES_MAX);
        while (length && length < text.length && (text.bytes[length] & 0xc0) == 0x80)
                length--; /* not within a letter of several bytes */
        while (length && strchr(" .", text.bytes[length - 1]))
                length--;
        char *copy = text_copy_n(buffer_text(&text), length);
        buffer_done(&text);
        return copy;
}

/* Whether the line before is a comment by headroom, from a move before this one: [*ret_from, *ret_to). */
static bool earlier_comment(const struct patch_job *job, size_t offset, size_t *ret_from, size_t *ret_to)
{
        if (offset == 0)
                return false;
        *ret_to = offset - 1;
        size_t at = patch_line_start(job, *ret_to);
        while (at < *ret_to && (job->bytes[at] == ' ' || job->bytes[at] == '\t'))
                at++;
        *ret_from = at;
        if (*ret_to > at && job->bytes[*ret_to - 1] == '\r')
                (*ret_to)--;
        size_t length = strlen("# " COMMENT_OPENING);
        return *ret_to - at >= length && memcmp(job->bytes + at, "# " COMMENT_OPENING, length) == 0;
}

void patch_add_comment(const struct patch_job *job, size_t offset, const char *also)
{
        size_t indent = offset;
        size_t from, to;
        _cleanup_free_ char *reason = comment_text(job->wish->reason);
        _cleanup_free_ char *text =
                text_format("# " COMMENT_OPENING "%s in place of %s%s%s.%s%s", job->wish->new_subnet,
                            job->wish->old_subnet ? job->wish->old_subnet : "another", *reason ? ": " : "",
                            reason, also ? " " : "", also ? also : "");

        while (indent < job->length && (job->bytes[indent] == ' ' || job->bytes[indent] == '\t'))
                indent++;
        if (earlier_comment(job, offset, &from, &to)) {
                patch_add_edit(job, from, to, steal_pointer(text));
                return;
        }
        _cleanup_free_ char *blanks = text_copy_n(job->bytes + offset, indent - offset);
        patch_add_edit(job, offset, offset, text_format("%s%s%s", blanks, text, patch_newline(job, offset)));
}

/* Options that belong to a subnet */

static bool address_fits(const char *text, struct prefix subnet)
{
        uint32_t address;

        return address_parse(text, &address) && prefix_contains(subnet, address);
}

enum patch_fit patch_fits(enum patch_option_kind kind, const char *value, struct prefix subnet)
{
        const char *equals = strchr(value, '=');
        uint32_t address;
        struct prefix range;

        if (strchr(value, ',') || !*value)
                return FIT_UNKNOWN;
        if (kind == PATCH_RANGE) {
                enum prefix_fault fault = prefix_parse(value, &range);
                if (fault != PREFIX_FINE && fault != PREFIX_HOST_BITS)
                        return FIT_UNKNOWN;
                return prefix_contains(subnet, range.address) && range.length_bits >= subnet.length_bits
                               ? FIT_INSIDE
                               : FIT_OUTSIDE;
        }
        if (kind == PATCH_AUX && !equals)
                return FIT_UNKNOWN;
        const char *text = kind == PATCH_AUX ? equals + 1 : value;
        if (!address_parse(text, &address))
                return FIT_UNKNOWN;
        return address_fits(text, subnet) ? FIT_INSIDE : FIT_OUTSIDE;
}

/* Languages */

enum language { LANGUAGE_SHELL, LANGUAGE_NIX, LANGUAGE_UNIT, LANGUAGE_YAML };

static bool ends_with(const char *text, const char *end)
{
        size_t length = strlen(text);

        return length >= strlen(end) && text_equal(text + length - strlen(end), end);
}

static bool has_line(const char *bytes, size_t length, const char *opening)
{
        size_t wanted = strlen(opening);

        for (size_t at = 0; at + wanted <= length;) {
                if (memcmp(bytes + at, opening, wanted) == 0)
                        return true;
                const char *newline = memchr(bytes + at, '\n', length - at);
                if (!newline)
                        return false;
                at = (size_t)(newline - bytes) + 1;
        }
        return false;
}

static enum language language_of(const char *path, const char *bytes, size_t length)
{
        static const struct {
                const char *end;
                enum language language;
        } ends[] = {{".nix", LANGUAGE_NIX},      {".yml", LANGUAGE_YAML},   {".yaml", LANGUAGE_YAML},
                    {".json", LANGUAGE_YAML},    {".sh", LANGUAGE_SHELL},   {".bash", LANGUAGE_SHELL},
                    {".service", LANGUAGE_UNIT}, {".socket", LANGUAGE_UNIT}};

        for (size_t i = 0; i < ELEMENTS(ends); i++)
                if (ends_with(path, ends[i].end))
                        return ends[i].language;
        if (length >= 2 && memcmp(bytes, "#!", 2) == 0)
                return LANGUAGE_SHELL;
        if (has_line(bytes, length, "[Service]"))
                return LANGUAGE_UNIT;
        return has_line(bytes, length, "networks:") || (length && bytes[0] == '{') ? LANGUAGE_YAML
                                                                                   : LANGUAGE_SHELL;
}

static const patch_finder finders[] = {[LANGUAGE_SHELL] = patch_find_shell,
                                       [LANGUAGE_NIX] = patch_find_nix,
                                       [LANGUAGE_UNIT] = patch_find_unit};

/* Making one */

static int refuse_bytes(const struct patch_job *job, struct error *error)
{
        for (size_t i = 0; i < job->length; i++) {
                unsigned char c = (unsigned char)job->bytes[i];
                if (c < ' ' && !strchr("\t\n\v\f\r\b\a\x1b", c ? c : 1))
                        return patch_refuse(job, i, error, "this is no text: it holds the byte 0x%02x", c);
        }
        return 0;
}

static bool is_utf8(const char *text)
{
        const char *end = text + strlen(text);

        for (size_t step; text < end; text += step)
                if (!(step = *text & 0x80 ? scan_utf8(text, end) : 1))
                        return false;
        return true;
}

/* A plan is JSON: it can hold nothing else. The declaration is only shown. */
static int refuse_encoding(const struct patch_job *job, struct error *error)
{
        const struct plan_patch *patch = job->patch;
        bool fine = is_utf8(patch->path);

        for (size_t i = 0; i < patch->edits.count; i++)
                fine = fine && is_utf8(patch->edits.items[i].original);
        if (!fine)
                return error_set(error, ERROR_REFUSED, "%s:%zu: what is to be edited is not written in UTF-8",
                                 patch->path, (size_t)patch->line);
        return 0;
}

static int edit_and_prove(const struct patch_job *job, struct error *error)
{
        enum language language = language_of(job->path, job->bytes, job->length);
        _cleanup_buffer_ struct buffer edited = {0};
        _cleanup_buffer_ struct buffer again = {0};
        char digest[DIGEST_TEXT_LENGTH + 1];

        if ((language == LANGUAGE_YAML ? patch_edit_yaml(job, error)
                                       : patch_edit_commands(job, finders[language], error)) < 0 ||
            refuse_encoding(job, error) < 0)
                return -1;
        digest_of(job->bytes, job->length, digest);
        job->patch->before = text_copy(digest);
        if (!patch_edited(job->patch, false, job->bytes, job->length, &edited))
                return error_set(error, ERROR_REFUSED, "%s: its edits overlap; change it by hand", job->path);
        digest_of(buffer_text(&edited), edited.length, digest);
        job->patch->after = text_copy(digest);
        if (patch_edit(job->patch, true, buffer_text(&edited), edited.length, &again, error) < 0)
                return -1;
        if (edited.length > PATCH_FILE_BYTES_MAX)
                return error_set(error, ERROR_REFUSED, "%s would grow beyond 4 MB", job->path);
        if (job->patch->edits.count == 0)
                return 0;
        return language == LANGUAGE_YAML ? patch_prove_yaml(job, &edited, error)
                                         : patch_prove_commands(job, finders[language], &edited, error);
}

int patch_make_bytes(const char *path, const char *bytes, size_t length, const struct patch_wish *wish,
                     struct plan_patch *ret_patch, struct error *error)
{
        _cleanup_patch_ struct plan_patch patch = {.path = text_copy(path), .in_place = wish->in_place};
        struct patch_job job = {path, bytes, length, wish, {0}, &patch};

        if (length > PATCH_FILE_BYTES_MAX)
                return error_set(error, ERROR_REFUSED, "%s is larger than 4 MB", path);
        if (prefix_parse(wish->new_subnet, &job.subnet) != PREFIX_FINE)
                return error_set(error, ERROR_REFUSED, "%s is no subnet that a network can have",
                                 wish->new_subnet);
        if (refuse_bytes(&job, error) < 0 || edit_and_prove(&job, error) < 0)
                return -1;
        *ret_patch = patch;
        patch = (struct plan_patch){0};
        return 0;
}
