/*
 * Any bytes at all, read as each of the languages: what is not refused gives edits that fit, are proved, and
 * can be reversed; the edited file needs none.
 */

#include "move/patch/patch.h"

#include "base/text.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                                      \
        do {                                                                                                 \
                if (!(condition))                                                                            \
                        abort();                                                                             \
        } while (0)

static const struct patch_wish wish = {.network = "proxy",
                                       .old_subnet = "10.0.1.0/24",
                                       .new_subnet = "10.10.0.0/16",
                                       .reason = "it's ''${full}\\"};

static void check_edited(const char *path, const struct plan_patch *patch, const struct buffer *edited,
                         const char *bytes, size_t size)
{
        _cleanup_patch_ struct plan_patch again = {0};
        _cleanup_buffer_ struct buffer reversed = {0};
        _cleanup_buffer_ struct buffer diff = {0};

        MUST(patch_make_bytes(path, buffer_text(edited), edited->length, &wish, &again, NULL) == 0);
        MUST(again.edits.count == 0);
        MUST(patch_edit(patch, true, buffer_text(edited), edited->length, &reversed, NULL) == 0);
        MUST(reversed.length == size && (size == 0 || memcmp(reversed.bytes, bytes, size) == 0));
        MUST(patch_diff(patch, bytes, size, &diff, NULL) == 0);
        MUST((diff.length == 0) == (patch->edits.count == 0));
}

static void check(const char *path, const char *bytes, size_t size)
{
        _cleanup_patch_ struct plan_patch patch = {0};
        _cleanup_buffer_ struct buffer edited = {0};
        _cleanup_error_ struct error error = {0};

        if (patch_make_bytes(path, bytes, size, &wish, &patch, &error) < 0) {
                MUST(error.kind == ERROR_REFUSED && !patch.path && patch.edits.count == 0);
                return;
        }
        MUST(patch.line > 0 && patch.declaration);
        MUST(patch_edit(&patch, false, bytes, size, &edited, NULL) == 0);
        check_edited(path, &patch, &edited, bytes, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const paths[] = {"a.sh", "a.nix", "a.service", "a.yml", "unknown"};
        _cleanup_free_ char *bytes = memory_new(size, 1); /* no NUL behind it: a read beyond is seen */

        if (size)
                memcpy(bytes, data, size);
        for (size_t i = 0; i < ELEMENTS(paths); i++)
                check(paths[i], bytes, size);
        return 0;
}
