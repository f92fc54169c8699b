#include "host/unit.h"

#include <signal.h>

static void texts_done(struct unit_texts *texts)
{
        for (size_t i = 0; i < texts->items.count; i++)
                free(texts->items.items[i]);
        free(texts->items.items);
}

void unit_state_done(struct unit_state *state)
{
        char *const texts[] = {state->name,         state->id,     state->load_state, state->active_state,
                               state->sub_state,    state->result, state->type,       state->fragment_path,
                               state->invocation_id};

        for (size_t i = 0; i < ELEMENTS(texts); i++)
                free(texts[i]);
        texts_done(&state->after);
        texts_done(&state->before);
        texts_done(&state->requires);
        texts_done(&state->commands);
        *state = (struct unit_state){0};
}

struct units *units_free(struct units *units)
{
        if (units)
                units->operations->free(units);
        return NULL;
}

/* systemd.unit(5). A name may have other dots in it. */
static bool has_suffix(const char *name)
{
        static const char *const suffixes[] = {".service", ".socket",    ".target", ".timer",
                                               ".mount",   ".automount", ".path",   ".slice",
                                               ".scope",   ".swap",      ".device"};
        const char *dot = strrchr(name, '.');

        for (size_t i = 0; i < ELEMENTS(suffixes); i++)
                if (dot && dot > name && text_equal(dot, suffixes[i]))
                        return true;
        return false;
}

int unit_name(const char *name, char **ret_name, struct error *error)
{
        static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      ":-_.\\@";

        if (text_empty(name) || name[strspn(name, allowed)])
                return error_set(error, ERROR_USAGE, "\"%s\" is no unit's name", name ? name : "");
        _cleanup_free_ char *full = text_format("%s%s", name, has_suffix(name) ? "" : ".service");
        if (strlen(full) > UNIT_NAME_MAX)
                return error_set(error, ERROR_USAGE,
                                 "a unit's name has at most %d bytes, \"%.20s...\" has more", UNIT_NAME_MAX,
                                 full);
        if (strrchr(full, '.')[-1] == '@')
                return error_set(error, ERROR_USAGE,
                                 "%s is a template; name one of its instances (between @ and the dot)", full);
        *ret_name = steal_pointer(full);
        return 0;
}

int unit_look(struct units *units, const char *name, struct unit_state *ret_state, struct error *error)
{
        _cleanup_free_ char *full = NULL;
        _cleanup_unit_state_ struct unit_state state = {0};

        if (unit_name(name, &full, error) < 0)
                return -1;
        if (units->operations->look(units, full, &state, error) < 0)
                return error_while(error, "asking systemd about %s", full);
        *ret_state = state;
        state = (struct unit_state){0};
        return 0;
}

int unit_job(struct units *units, const char *name, enum unit_action action, uint32_t *ret_job,
             struct error *error)
{
        static const char *const verbs[] = {
                [UNIT_START] = "start", [UNIT_STOP] = "stop", [UNIT_RESTART] = "restart"};
        _cleanup_free_ char *full = NULL;
        uint32_t job;

        if (unit_name(name, &full, error) < 0)
                return -1;
        if (units->operations->job(units, full, action, ret_job ? ret_job : &job, error) < 0)
                return error_while(error, "asking systemd to %s %s", verbs[action], full);
        return 0;
}

int unit_reload(struct units *units, struct error *error)
{
        if (units->operations->reload(units, error) < 0)
                return error_while(error, "asking systemd to read its files again");
        return 0;
}

static char *describe_failure(const struct unit_state *now)
{
        if (text_equal(now->result, "exit-code") && now->exit_code == CLD_EXITED && now->exit_status)
                return text_format("failed: its command ended with status %d", (int)now->exit_status);
        if ((text_equal(now->result, "signal") || text_equal(now->result, "core-dump")) && now->exit_status)
                return text_format("failed: its command was ended by signal %d", (int)now->exit_status);
        if (text_equal(now->result, "timeout"))
                return text_copy("failed: it did not start within its own time limit");
        return text_format("failed: systemd calls the result \"%s\"", now->result ? now->result : "unknown");
}

static char *describe_wait(const struct unit_state *now)
{
        if (now->job_waits)
                return text_copy("its job waits for other units' jobs");
        return text_format("is %s (%s)", now->active_state ? now->active_state : "?",
                           now->sub_state ? now->sub_state : "?");
}

static bool is_on_its_way(const struct unit_state *now)
{
        return now->job || text_equal(now->active_state, "activating") ||
               text_equal(now->active_state, "deactivating") || text_equal(now->active_state, "reloading");
}

/* A unit that neither runs nor failed: the end of one that runs once, or somebody stopped it. */
static enum unit_outcome outcome_of_end(const struct unit_state *now, char **ret_sentence)
{
        if (now->remain_after_exit) {
                *ret_sentence = text_copy("was started, and is inactive again: somebody stopped it");
                return UNIT_FAILED;
        }
        *ret_sentence = text_copy("ran to its end");
        return UNIT_WORKED;
}

enum unit_outcome unit_outcome(const struct unit_state *now, const char *before, char **ret_sentence)
{
        const char *id = now->invocation_id ? now->invocation_id : "";

        if (is_on_its_way(now)) {
                *ret_sentence = describe_wait(now);
                return UNIT_WAITS;
        }
        if (!*id || text_equal(id, before ? before : "")) {
                *ret_sentence =
                        text_copy(now->conditions_unmet
                                          ? "was not started since; when it was last to start, a condition "
                                            "in its file was not met"
                                          : "was not started since");
                return UNIT_UNTOUCHED;
        }
        if (text_equal(now->active_state, "active")) {
                *ret_sentence = text_format("is active (%s)", now->sub_state ? now->sub_state : "?");
                return UNIT_WORKED;
        }
        if (text_equal(now->active_state, "inactive"))
                return outcome_of_end(now, ret_sentence);
        *ret_sentence = describe_failure(now);
        return UNIT_FAILED;
}
