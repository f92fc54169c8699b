/* Edits on bytes, their reverse, and how people read them: as a unified diff. */

#include "move/patch/find.h"

#include "base/text.h"

#define CONTEXT_LINES 3

bool patch_edited(const struct plan_patch *patch, bool undo, const char *bytes, size_t length,
                  struct buffer *ret_bytes)
{
        size_t at = 0;
        uint64_t grown = 0; /* by the edits so far; wraps where they shrink the file */

        for (size_t i = 0; i < patch->edits.count; i++) {
                const struct plan_patch_edit *edit = &patch->edits.items[i];
                const char *from = undo ? edit->edited : edit->original;
                const char *to = undo ? edit->original : edit->edited;
                uint64_t offset = edit->offset + (undo ? grown : 0);
                size_t removed = strlen(from);

                if (offset < at || offset > length || removed > length - offset ||
                    memcmp(bytes + offset, from, removed) != 0)
                        return false;
                buffer_add(ret_bytes, bytes + at, offset - at);
                buffer_add_text(ret_bytes, to);
                at = offset + removed;
                grown += strlen(edit->edited) - strlen(edit->original);
        }
        buffer_add(ret_bytes, bytes + at, length - at);
        return true;
}

static bool has_digest(const char *bytes, size_t length, const char *digest)
{
        char found[DIGEST_TEXT_LENGTH + 1];

        digest_of(bytes, length, found);
        return text_equal(found, digest);
}

int patch_edit(const struct plan_patch *patch, bool undo, const char *bytes, size_t length,
               struct buffer *ret_bytes, struct error *error)
{
        _cleanup_buffer_ struct buffer edited = {0};

        if (!has_digest(bytes, length, undo ? patch->after : patch->before))
                return error_set(error, ERROR_CONFLICT, "%s was changed since it was planned", patch->path);
        if (!patch_edited(patch, undo, bytes, length, &edited) ||
            !has_digest(buffer_text(&edited), edited.length, undo ? patch->before : patch->after))
                return error_set(error, ERROR_CONFLICT, "the edits of %s do not fit it", patch->path);
        buffer_add(ret_bytes, buffer_text(&edited), edited.length);
        return 0;
}

/* The diff */

struct lines {
        const char *bytes;
        size_t length;
        LIST(size_t) starts; /* of each line, and the length at the end */
};

static void lines_done(struct lines *lines)
{
        free(lines->starts.items);
}

static void lines_split(const char *bytes, size_t length, struct lines *ret_lines)
{
        *ret_lines = (struct lines){.bytes = bytes, .length = length};
        for (size_t at = 0; at < length;) {
                const char *newline = memchr(bytes + at, '\n', length - at);
                *list_add(&ret_lines->starts) = at;
                at = newline ? (size_t)(newline - bytes) + 1 : length;
        }
        *list_add(&ret_lines->starts) = length;
}

static size_t lines_count(const struct lines *lines)
{
        return lines->starts.count - 1;
}

/* The line that holds the byte, or the one after the last. */
static size_t line_at(const struct lines *lines, size_t offset)
{
        size_t low = 0;
        size_t high = lines_count(lines);

        while (low < high) {
                size_t middle = (low + high) / 2;
                if (lines->starts.items[middle + 1] <= offset)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static bool is_start(const struct lines *lines, size_t offset)
{
        return offset == 0 || lines->bytes[offset - 1] == '\n';
}

/* Lines [from, to) of both files that an edit makes differ. */
struct change {
        size_t old_from, old_to;
        size_t new_from, new_to;
};

struct changes {
        LIST(struct change) items;
};

/* The lines that bytes [from, to) touch. Nothing, or whole lines: just those. Else the line around, too. */
static void touched(const struct lines *lines, size_t from, size_t to, bool whole, size_t *ret_from,
                    size_t *ret_to)
{
        *ret_from = line_at(lines, from);
        *ret_to = whole ? line_at(lines, to) : MIN(line_at(lines, to) + 1, lines_count(lines));
        if (*ret_from == lines_count(lines) && *ret_from > 0 && !is_start(lines, from))
                --*ret_from; /* at the end of a last line without an end */
}

static void changes_of(const struct plan_patch *patch, const struct lines *old, const struct lines *new,
                       struct changes *ret_changes)
{
        size_t grown = 0;

        for (size_t i = 0; i < patch->edits.count; i++) {
                const struct plan_patch_edit *edit = &patch->edits.items[i];
                size_t removed = strlen(edit->original);
                size_t added = strlen(edit->edited);
                size_t at = edit->offset + grown;
                struct change change;
                bool whole = is_start(old, edit->offset) && is_start(new, at + added) &&
                             is_start(old, edit->offset + removed);

                touched(old, edit->offset, edit->offset + removed, whole, &change.old_from, &change.old_to);
                touched(new, at, at + added, whole, &change.new_from, &change.new_to);
                grown += added - removed;
                struct changes *all = ret_changes;
                struct change *last = all->items.count ? &all->items.items[all->items.count - 1] : NULL;
                if (last && (change.old_from < last->old_to || change.new_from < last->new_to)) {
                        last->old_to = MAX(last->old_to, change.old_to);
                        last->new_to = MAX(last->new_to, change.new_to);
                } else {
                        *list_add(&all->items) = change;
                }
        }
}

static void add_lines(const struct lines *lines, size_t from, size_t to, char sign, struct buffer *diff)
{
        for (size_t i = from; i < to; i++) {
                size_t start = lines->starts.items[i];
                size_t end = lines->starts.items[i + 1];

                buffer_add(diff, &sign, 1);
                buffer_add(diff, lines->bytes + start, end - start);
                if (lines->bytes[end - 1] != '\n')
                        buffer_add_text(diff, "\n\\ No newline at end of file\n");
        }
}

/* "12,3" of a hunk's head; an empty side stands behind the line before it. */
static void add_range(size_t from, size_t to, char sign, struct buffer *diff)
{
        buffer_format(diff, "%c%zu,%zu", sign, from + (to > from), to - from);
}

/* Changes [first, behind) as one hunk. */
static void add_hunk(const struct changes *changes, size_t first, size_t behind, const struct lines *old,
                     const struct lines *new, struct buffer *diff)
{
        const struct change *begin = &changes->items.items[first];
        const struct change *end = &changes->items.items[behind - 1];
        size_t before = MIN(begin->old_from, (size_t)CONTEXT_LINES);
        size_t after = MIN(lines_count(old) - end->old_to, (size_t)CONTEXT_LINES);
        size_t at = begin->old_from - before;

        buffer_add_text(diff, "@@ ");
        add_range(at, end->old_to + after, '-', diff);
        buffer_add_text(diff, " ");
        add_range(begin->new_from - before, end->new_to + after, '+', diff);
        buffer_add_text(diff, " @@\n");
        for (size_t i = first; i < behind; i++) {
                const struct change *change = &changes->items.items[i];
                add_lines(old, at, change->old_from, ' ', diff);
                add_lines(old, change->old_from, change->old_to, '-', diff);
                add_lines(new, change->new_from, change->new_to, '+', diff);
                at = change->old_to;
        }
        add_lines(old, at, at + after, ' ', diff);
}

/* A name with signs in it is quoted as git does; one with blanks is ended by a tab. */
static void add_name(const char *head, const char *path, struct buffer *diff)
{
        bool quoted = false;

        for (const char *at = path; *at; at++)
                quoted = quoted || *at == '"' || *at == '\\' || (unsigned char)*at < ' ' || *at == 0x7f;
        buffer_format(diff, "%.4s%s%s", head, quoted ? "\"" : "", head + 4);
        for (const char *at = path + (*path == '/'); *at; at++) {
                if (*at == '"' || *at == '\\')
                        buffer_format(diff, "\\%c", *at);
                else if ((unsigned char)*at < ' ' || *at == 0x7f)
                        buffer_format(diff, "\\%03o", (unsigned char)*at);
                else
                        buffer_add(diff, at, 1);
        }
        buffer_format(diff, "%s\n", quoted ? "\"" : strchr(path, ' ') ? "\t" : "");
}

static void add_diff(const struct plan_patch *patch, const struct lines *old, const struct lines *new,
                     struct buffer *diff)
{
        struct changes changes = {0};

        add_name("--- a/", patch->path, diff);
        add_name("+++ b/", patch->path, diff);
        changes_of(patch, old, new, &changes);
        for (size_t first = 0, i = 1; i <= changes.items.count; i++) {
                const struct change *change = &changes.items.items[i];
                if (i < changes.items.count &&
                    change->old_from - change[-1].old_to <= (size_t)2 * CONTEXT_LINES)
                        continue;
                add_hunk(&changes, first, i, old, new, diff);
                first = i;
        }
        free(changes.items.items);
}

int patch_diff(const struct plan_patch *patch, const char *bytes, size_t length, struct buffer *ret_diff,
               struct error *error)
{
        _cleanup_buffer_ struct buffer edited = {0};
        _cleanup_(lines_done) struct lines old = {0};
        _cleanup_(lines_done) struct lines new = {0};

        if (patch_edit(patch, false, bytes, length, &edited, error) < 0)
                return -1;
        if (patch->edits.count == 0)
                return 0;
        lines_split(bytes, length, &old);
        lines_split(buffer_text(&edited), edited.length, &new);
        add_diff(patch, &old, &new, ret_diff);
        return 0;
}
