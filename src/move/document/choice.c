#include "base/file.h"
#include "move/document/inside.h"
#include "move/patch/patch.h"

#include <inttypes.h>

/* Why this subnet, and the patch of what declares it. */

static void sizes(const struct facts *facts, struct buffer *out)
{
        struct prefix old_subnet;
        struct prefix new_subnet;

        if (!prefix_told(facts->plan->old_subnet, &old_subnet) ||
            prefix_parse(facts->plan->new_subnet, &new_subnet) != PREFIX_FINE || prefix_size(old_subnet) <= 2)
                return;
        uint64_t old_hosts = prefix_size(old_subnet) - 2;
        uint64_t new_hosts = prefix_size(new_subnet) - 2;
        _cleanup_free_ char *before = grouped_text(old_hosts);
        _cleanup_free_ char *after = grouped_text(new_hosts);
        _cleanup_free_ char *usable_before = grouped_text(prefix_usable(old_subnet.length_bits));
        _cleanup_free_ char *usable_after = grouped_text(prefix_usable(new_subnet.length_bits));
        if (new_hosts >= old_hosts)
                markdown_paragraph(
                        out,
                        "%s addresses instead of %s, %" PRIu64
                        " times as many. Less the gateway, services, tasks and nodes can use %s instead "
                        "of %s.",
                        after, before, new_hosts / old_hosts, usable_after, usable_before);
        else
                markdown_paragraph(out, "Services, tasks and nodes can use %s addresses instead of %s.",
                                   usable_after, usable_before);
}

static void rejected(const struct facts *facts, struct buffer *out)
{
        static const char *const headers[] = {"not", "because"};
        struct markdown_table table;

        if (!facts->plan->rejected.count)
                return;
        markdown_table(&table, out, "ct", headers);
        for (size_t i = 0; i < facts->plan->rejected.count; i++) {
                char subnet[PREFIX_TEXT_SIZE];
                prefix_format(facts->plan->rejected.items[i].prefix, subnet);
                markdown_row(&table, subnet, facts->plan->rejected.items[i].reason);
        }
        buffer_add_text(out, "\n");
}

void document_choice(const struct facts *facts, struct buffer *out)
{
        markdown_heading(out, 2, "Why %s", facts->plan->new_subnet);
        if (facts->plan->reason)
                markdown_paragraph(out, "%s", facts->plan->reason);
        sizes(facts, out);
        rejected(facts, out);
        markdown_paragraph(
                out,
                "Meanwhile the network %s has %s, chosen in the same way; it is gone when the move is "
                "over.",
                facts->plan->hop, facts->plan->hop_subnet);
}

/* The texts that change, where there is no diff. */
static void edits(const struct plan_patch *patch, struct buffer *out)
{
        _cleanup_buffer_ struct buffer text = {0};

        for (size_t i = 0; i < patch->edits.count; i++)
                buffer_format(&text, "at byte %" PRIu64 ":\n-%s\n+%s\n", patch->edits.items[i].offset,
                              patch->edits.items[i].original, patch->edits.items[i].edited);
        markdown_fence(out, "diff", buffer_text(&text));
}

/* The file may have changed since, or be unreadable: then what was planned is told without its surroundings.
 */
static void diff(const struct plan_patch *patch, struct buffer *out)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_buffer_ struct buffer text = {0};

        if (file_read(patch->path, PATCH_FILE_BYTES_MAX, &bytes, NULL) == 0 &&
            patch_diff(patch, buffer_text(&bytes), bytes.length, &text, NULL) == 0)
                markdown_fence(out, "diff", buffer_text(&text));
        else
                edits(patch, out);
}

static void one_patch(const struct plan_patch *patch, struct buffer *out)
{
        markdown_heading(out, 3, "%s, line %" PRIu64, patch->path, patch->line);
        if (!patch->edits.count) {
                markdown_paragraph(out, "It declares the new subnet already.");
                return;
        }
        diff(patch, out);
        markdown_paragraph(out, "%s",
                           patch->in_place
                                   ? "The move edits the file itself, if it is still the same then; an undo "
                                     "takes that back."
                                   : "It is for you to apply.");
}

void document_patch(const struct facts *facts, struct buffer *out)
{
        markdown_heading(out, 2, "The patch");
        for (size_t i = 0; i < facts->plan->patches.count; i++)
                one_patch(&facts->plan->patches.items[i], out);
        if (!facts->plan->patches.count)
                markdown_paragraph(out, "None: no file was named that declares %s.", facts->plan->network);
}
