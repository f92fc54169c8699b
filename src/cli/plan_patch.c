#include "cli/plan_patch.h"

#include "base/file.h"
#include "cli/terminal.h"
#include "move/patch/patch.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define PATCHES_MAX 64

static const char *next_patch(const struct invocation *invocation, size_t *at)
{
        while (*at < invocation->option_count) {
                const struct option_value *option = &invocation->options[(*at)++];
                if (text_equal(option->spec->name, "patch"))
                        return option->value;
        }
        return NULL;
}

int plan_patch_check(const struct invocation *invocation, struct error *error)
{
        size_t at = 0, count = 0;

        while (next_patch(invocation, &at))
                count++;
        if (count > PATCHES_MAX)
                return error_set(error, ERROR_USAGE, "more than %d files are to be patched", PATCHES_MAX);
        if (count == 0 && invocation_flag(invocation, "in-place"))
                return error_set(error, ERROR_USAGE, "--in-place goes with --patch FILE");
        return 0;
}

static int refuse_twice(const struct plan *plan, const struct plan_patch *patch, struct error *error)
{
        for (size_t i = 0; i < plan->patches.count; i++)
                if (text_equal(plan->patches.items[i].path, patch->path))
                        return error_set(error, ERROR_USAGE, "--patch names %s twice", patch->path);
        return 0;
}

int plan_patch_make(const struct invocation *invocation, struct plan *plan, struct error *error)
{
        struct patch_wish wish = {.network = plan->network,
                                  .old_subnet = plan->old_subnet,
                                  .new_subnet = plan->new_subnet,
                                  .reason = plan->reason,
                                  .in_place = invocation_flag(invocation, "in-place")};
        size_t at = 0;

        for (const char *path; (path = next_patch(invocation, &at));) {
                _cleanup_patch_ struct plan_patch patch = {0};
                if (patch_make(path, &wish, &patch, error) < 0 || refuse_twice(plan, &patch, error) < 0)
                        return -1;
                *list_add(&plan->patches) = patch;
                patch = (struct plan_patch){0};
        }
        return 0;
}

int plan_patch_diff(const struct plan *plan, struct buffer *ret_diff, struct error *error)
{
        for (size_t i = 0; i < plan->patches.count; i++)
                if (patch_diff_file(&plan->patches.items[i], ret_diff, error) < 0)
                        return -1;
        return 0;
}

int plan_patch_write(const struct buffer *diff, const char *plan_path, struct error *error)
{
        _cleanup_free_ char *path = text_format("%s.patch", plan_path);

        if (diff->length)
                return file_write(path, diff->bytes, diff->length, 0600, error);
        /* Where nothing may be written, the plan itself will tell. */
        if (unlink(path) < 0 && errno != ENOENT && errno != EROFS)
                return error_set(error, ERROR_FAILED, "cannot remove %s, of an earlier plan: %s", path,
                                 strerror(errno));
        return 0;
}

/* As it is for `patch`; a terminal gets no escape sequence that stands in somebody's file. */
static void print_diff(const char *diff)
{
        if (!isatty(STDOUT_FILENO)) {
                printf("\n%s", diff);
                return;
        }
        printf("\n");
        for (const char *next; *diff; diff = next) {
                size_t length = strcspn(diff, "\n");
                _cleanup_free_ char *line = text_copy_n(diff, length);
                _cleanup_free_ char *shown = terminal_printable(line);
                printf("%s\n", shown);
                next = diff + length + (diff[length] == '\n');
        }
}

void plan_patch_tell(const struct plan *plan, const char *plan_path, const struct buffer *diff)
{
        _cleanup_free_ char *path = plan_path ? text_format("%s.patch", plan_path) : NULL;
        bool by_hand = false;

        for (size_t i = 0; i < plan->patches.count; i++)
                by_hand = by_hand || (plan->patches.items[i].edits.count && !plan->patches.items[i].in_place);
        if (diff ? diff->length == 0 : !path || access(path, R_OK) < 0)
                return;
        if (!path)
                print_diff(buffer_text(diff));
        else if (by_hand)
                printf("\nThe diff is in %s; apply it with: patch -p1 -d / <%s\n", path, path);
        else
                printf("\nThe diff is in %s.\n", path);
}
