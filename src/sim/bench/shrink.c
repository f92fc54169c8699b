#include "sim/bench/shrink.h"

#include "sim/bench/jobs.h"

/*
 * One simplification after the other is tried, and kept when the schedule still fails by the same invariant,
 * until none helps. Faults that strike the call of a number are put to the call of a kind first, because the
 * numbers move with everything else.
 */

#define ROUNDS_MAX 20

struct shrinking {
        struct schedule best;
        struct outcome outcome;
        const char *state;
        bool better;
};

static void run(struct shrinking *s, const struct schedule *schedule, struct call_list *calls,
                struct outcome *ret_outcome)
{
        bench_run(schedule, s->state, NULL, calls, ret_outcome);
        state_folder_empty(s->state);
}

/* Takes the candidate over: it is the best now, or it is freed. */
static bool try(struct shrinking *s, struct schedule *candidate)
{
        struct outcome outcome = {0};

        run(s, candidate, NULL, &outcome);
        if (!text_equal(outcome.invariant, s->outcome.invariant)) {
                outcome_done(&outcome);
                schedule_done(candidate);
                return false;
        }
        schedule_done(&s->best);
        outcome_done(&s->outcome);
        s->best = *candidate;
        s->outcome = outcome;
        s->better = true;
        return true;
}

/* Where calls of a number are by their kind. */
static void place_by_kind(struct shrinking *s)
{
        for (size_t i = 0; i < s->best.faults.count; i++) {
                struct call_list calls = {0};
                struct outcome outcome = {0};
                struct schedule candidate;
                uint64_t number = s->best.faults.items[i].call;
                if (!number)
                        continue;
                run(s, &s->best, &calls, &outcome);
                outcome_done(&outcome);
                if (number <= calls.items.count) {
                        const char *kind = calls.items.items[number - 1];
                        schedule_copy(&s->best, &candidate);
                        struct fault *fault = &candidate.faults.items[i];
                        fault->call = 0;
                        fault->method = text_copy_n(kind, strcspn(kind, " "));
                        fault->path = text_copy(strchr(kind, ' ') + 1);
                        fault->nth = 0;
                        for (size_t j = 0; j < number; j++)
                                fault->nth += text_equal(calls.items.items[j], kind);
                        try(s, &candidate);
                }
                call_list_done(&calls);
        }
}

static void drop_faults(struct shrinking *s)
{
        for (size_t i = s->best.faults.count; i-- > 0;) {
                struct schedule candidate;
                schedule_copy(&s->best, &candidate);
                schedule_drop_fault(&candidate, i);
                try(s, &candidate);
        }
}

static bool is_subject(const struct schedule *schedule, size_t member)
{
        _cleanup_free_ char *name = member_name(&schedule->shape, member);

        for (size_t i = 0; i < schedule->faults.count; i++)
                if (text_equal(schedule->faults.items[i].subject, name))
                        return true;
        return false;
}

static void drop_members(struct shrinking *s)
{
        for (size_t i = s->best.shape.members.count; i-- > 0;) {
                struct schedule candidate;
                if (is_subject(&s->best, i) || s->best.shape.members.count == 1)
                        continue;
                schedule_copy(&s->best, &candidate);
                struct member *members = candidate.shape.members.items;
                memmove(&members[i], &members[i + 1],
                        (candidate.shape.members.count - i - 1) * sizeof(*members));
                candidate.shape.members.count--;
                try(s, &candidate);
        }
}

/* Numbers and flags with what they are in the simplest swarm: false where it is so already. */

static bool set_number(uint64_t *number, uint64_t simplest)
{
        bool differs = *number != simplest;

        *number = simplest;
        return differs;
}

static bool set_flag(bool *flag)
{
        bool differs = *flag;

        *flag = false;
        return differs;
}

static bool simplify_shape(struct schedule *schedule, size_t which)
{
        struct shape *shape = &schedule->shape;

        switch (which) {
        case 0:
                return set_number(&shape->nodes, 1);
        case 1:
                return set_number(&shape->jitter_ms, 0);
        case 2:
                return set_number(&shape->call_ms, SHAPE_CALL_MS);
        case 3:
                return set_number(&shape->bits, SHAPE_BITS);
        case 4:
                return set_number(&shape->api_minor, SHAPE_API_MINOR);
        case 5:
                return set_flag(&shape->leak);
        case 6:
                return set_flag(&shape->container);
        case 7:
                return set_flag(&shape->detached);
        case 8:
                return set_flag(&schedule->busy);
        case 9:
                return set_flag(&schedule->file);
        default:
                return set_flag(&schedule->patient);
        }
}
#define SHAPE_TRAITS 11

static bool simplify_member(struct member *member, size_t which)
{
        bool *const flags[] = {&member->dnsrr,    &member->aliases, &member->twice,
                               &member->settings, &member->slow,    &member->pinned};

        return which < ELEMENTS(flags) ? set_flag(flags[which]) : set_number(&member->replicas, 1);
}
#define MEMBER_TRAITS 7

static void simplify(struct shrinking *s)
{
        for (size_t which = 0; which < SHAPE_TRAITS; which++) {
                struct schedule candidate;
                schedule_copy(&s->best, &candidate);
                if (simplify_shape(&candidate, which))
                        try(s, &candidate);
                else
                        schedule_done(&candidate);
        }
        for (size_t i = 0; i < s->best.shape.members.count * MEMBER_TRAITS; i++) {
                struct schedule candidate;
                schedule_copy(&s->best, &candidate);
                if (simplify_member(&candidate.shape.members.items[i / MEMBER_TRAITS], i % MEMBER_TRAITS))
                        try(s, &candidate);
                else
                        schedule_done(&candidate);
        }
}

static void simplify_faults(struct shrinking *s)
{
        for (size_t i = 0; i < s->best.faults.count * 2; i++) {
                struct schedule candidate;
                schedule_copy(&s->best, &candidate);
                struct fault *fault = &candidate.faults.items[i / 2];
                bool differs = i % 2 ? fault->for_ms && fault->kind != FAULT_LEADER_LOST : fault->times > 1;
                if (i % 2 && fault->kind != FAULT_LEADER_LOST)
                        fault->for_ms = 0;
                else if (i % 2 == 0)
                        fault->times = 1;
                if (differs)
                        try(s, &candidate);
                else
                        schedule_done(&candidate);
        }
}

static void simplify_course(struct shrinking *s)
{
        struct schedule candidate;

        if (s->best.course == COURSE_APPLY)
                return;
        schedule_copy(&s->best, &candidate);
        candidate.course = COURSE_APPLY;
        try(s, &candidate);
}

void schedule_shrink(struct schedule *schedule, const char *state, struct outcome *outcome)
{
        struct shrinking s = {.state = state, .better = true, .outcome = *outcome};

        schedule_copy(schedule, &s.best);
        for (int round = 0; round < ROUNDS_MAX && s.better; round++) {
                s.better = false;
                drop_faults(&s);
                place_by_kind(&s);
                simplify_course(&s);
                simplify_faults(&s);
                drop_members(&s);
                simplify(&s);
        }
        schedule_done(schedule);
        *schedule = s.best;
        *outcome = s.outcome;
}
