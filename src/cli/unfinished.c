#include "cli/unfinished.h"

#include "move/leftover.h"

static bool is_unfinished(const struct finding *finding)
{
        return finding->kind == FINDING_MOVE_UNFINISHED;
}

bool unfinished_any(const struct findings *findings)
{
        for (size_t i = 0; i < findings->items.count; i++)
                if (is_unfinished(&findings->items.items[i]))
                        return true;
        return false;
}

static void qualify(struct finding *finding, char *addition)
{
        _cleanup_free_ char *owned = addition;
        char *evidence = text_format("%s%s", finding->evidence, owned);

        free(finding->evidence);
        finding->evidence = evidence;
}

/* A move that runs is no alarm; of one that another host holds, only that host can tell. */
static int judge(struct finding *finding, const char *state, struct engine *engine, struct error *error)
{
        const char *holder = hop_holder_text(finding->network);
        _cleanup_free_ char *names = NULL;

        switch (hop_holder(finding->network, state)) {
        case HOP_RUNNING:
                finding->severity = SEVERITY_NOTE;
                finding->meaning = "headroom is moving the network now; what else shows may be part of it.";
                free(steal_pointer(finding->next));
                return 0;
        case HOP_ELSEWHERE:
                finding->severity = SEVERITY_WARNING;
                qualify(finding, text_format(", held by %s: whether that still runs can't be seen from here",
                                             holder ? holder : "?"));
                return 0;
        default:
                if (engine && hop_edits(engine, finding->network, &names, error) < 0)
                        return -1;
                if (names)
                        qualify(finding, text_format("; the update order of %s is changed meanwhile", names));
                return 0;
        }
}

int unfinished_judge(struct findings *findings, const char *state, struct engine *engine, struct error *error)
{
        for (size_t i = 0; i < findings->items.count; i++)
                if (is_unfinished(&findings->items.items[i]) &&
                    judge(&findings->items.items[i], state, engine, error) < 0)
                        return -1;
        return 0;
}
