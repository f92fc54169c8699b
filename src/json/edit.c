#include "json/edit.h"

#include "base/text.h"

/* Sorted: by offset, insertions before the removal at the same offset, else in the caller's order. */
static int edit_compare(const void *a, const void *b)
{
        const struct json_edit *const *pa = a, *const *pb = b;
        const struct json_edit *x = *pa, *y = *pb;

        if (x->offset != y->offset)
                return x->offset < y->offset ? -1 : 1;
        if ((x->removed > 0) != (y->removed > 0))
                return x->removed > 0 ? 1 : -1;
        return x < y ? -1 : x > y;
}

static int edits_check(const struct json_edit *const *sorted, size_t count, size_t length,
                       struct error *error)
{
        size_t past = 0; /* the end of the edit before */

        for (size_t i = 0; i < count; i++) {
                const struct json_edit *edit = sorted[i];

                if (edit->offset > length || edit->removed > length - edit->offset)
                        return error_set(
                                error, ERROR_REFUSED,
                                "an edit of %zu bytes at byte %zu reaches beyond the text's %zu bytes",
                                edit->removed, edit->offset, length);
                if (edit->offset < past)
                        return error_set(
                                error, ERROR_REFUSED,
                                "an edit at byte %zu lies inside another one, which ends at byte %zu",
                                edit->offset, past);
                past = edit->offset + edit->removed;
        }
        return 0;
}

int json_edit_apply(const char *bytes, size_t length, const struct json_edit *edits, size_t count,
                    struct buffer *ret_bytes, struct error *error)
{
        _cleanup_free_ const struct json_edit **sorted = memory_new(count, sizeof(void *));
        size_t at = 0;

        for (size_t i = 0; i < count; i++)
                sorted[i] = &edits[i];
        qsort(sorted, count, sizeof(void *), edit_compare);
        if (edits_check(sorted, count, length, error) < 0)
                return -1;
        for (size_t i = 0; i < count; i++) {
                const struct json_edit *edit = sorted[i];

                buffer_add(ret_bytes, bytes + at, edit->offset - at);
                if (edit->inserted)
                        buffer_add_text(ret_bytes, edit->inserted);
                at = edit->offset + edit->removed;
        }
        if (length > at)
                buffer_add(ret_bytes, bytes + at, length - at);
        return 0;
}
