#include "sim/bench/bench.h"

#include <inttypes.h>

/* A schedule as its file says it (docs/schedules.md): what is as it is without being said is left out. */

static void write_flag(struct buffer *out, const char *indent, const char *key, bool value)
{
        if (value)
                buffer_format(out, "%s%s: true\n", indent, key);
}

static void write_number(struct buffer *out, const char *indent, const char *key, uint64_t value,
                         uint64_t unsaid)
{
        if (value != unsaid)
                buffer_format(out, "%s%s: %" PRIu64 "\n", indent, key, value);
}

static void write_member(const struct shape *shape, size_t index, struct buffer *out)
{
        const struct member *member = &shape->members.items[index];
        static const char indent[] = "      ";

        buffer_format(out, "    - kind: %s\n", member_kind_name(member->kind));
        write_number(out, indent, "number", member->number, index + 1);
        write_number(out, indent, "replicas", member->replicas, 1);
        write_flag(out, indent, "dnsrr", member->dnsrr);
        write_flag(out, indent, "aliases", member->aliases);
        write_flag(out, indent, "twice", member->twice);
        write_flag(out, indent, "settings", member->settings);
        write_flag(out, indent, "slow", member->slow);
        write_flag(out, indent, "pinned", member->pinned);
}

static void write_shape(const struct shape *shape, struct buffer *out)
{
        buffer_add_text(out, "shape:\n");
        write_number(out, "  ", "api", shape->api_minor, SHAPE_API_MINOR);
        write_number(out, "  ", "nodes", shape->nodes, 1);
        write_number(out, "  ", "bits", shape->bits, SHAPE_BITS);
        write_number(out, "  ", "jitter_ms", shape->jitter_ms, 0);
        write_number(out, "  ", "call_ms", shape->call_ms, SHAPE_CALL_MS);
        write_flag(out, "  ", "detached", shape->detached);
        write_flag(out, "  ", "leak", shape->leak);
        write_flag(out, "  ", "container", shape->container);
        buffer_add_text(out, "  members:\n");
        for (size_t i = 0; i < shape->members.count; i++)
                write_member(shape, i, out);
}

static void write_fault(const struct fault *fault, struct buffer *out)
{
        static const char indent[] = "    ";

        buffer_format(out, "  - fault: %s\n", fault_name(fault->kind));
        if (fault->subject)
                buffer_format(out, "    of: %s\n", fault->subject);
        if (fault->call)
                buffer_format(out, "    call: %" PRIu64 "\n", fault->call);
        else
                buffer_format(out, "    on: %s %s\n", fault->method, fault->path);
        write_number(out, indent, "nth", fault->call ? 1 : fault->nth, 1);
        write_number(out, indent, "times", fault->times, 1);
        write_number(out, indent, "for_ms", (uint64_t)fault->for_ms, 0);
}

void schedule_write(const struct schedule *schedule, struct buffer *out)
{
        write_number(out, "", "seed", schedule->seed, 0);
        buffer_format(out, "course: %s\n", course_name(schedule->course));
        write_flag(out, "", "busy", schedule->busy);
        write_flag(out, "", "patient", schedule->patient);
        write_flag(out, "", "file", schedule->file);
        write_shape(&schedule->shape, out);
        buffer_add_text(out, schedule->faults.count ? "faults:\n" : "faults: []\n");
        for (size_t i = 0; i < schedule->faults.count; i++)
                write_fault(&schedule->faults.items[i], out);
}

void outcome_tell(const struct schedule *schedule, const struct outcome *outcome, FILE *to)
{
        _cleanup_buffer_ struct buffer file = {0};

        if (outcome->invariant)
                fprintf(to, "\n# does not hold: %s\n#   expected %s\n#   found    %s\n", outcome->invariant,
                        outcome->expected, outcome->found);
        else if (outcome->refusal)
                fprintf(to, "\n# not tried: headroom made no plan: %s\n", outcome->refusal);
        else
                fprintf(to, "\n# all holds: %llu runs, %llu calls, %lld s of virtual time\n",
                        (unsigned long long)outcome->runs, (unsigned long long)outcome->calls,
                        (long long)(outcome->took_ms / 1000));
        if (outcome->idle_faults)
                fprintf(to, "# %llu of its faults never struck\n", (unsigned long long)outcome->idle_faults);
        if (!schedule)
                return;
        schedule_write(schedule, &file);
        fprintf(to, "%s", buffer_text(&file));
}
