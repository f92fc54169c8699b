/* The candidates that were passed over. */

#include "pool/candidate.h"

/* A longer run of candidates with one reason becomes one entry: a /8 route hides two million /29s. */
#define RUN_LISTED_MAX 10

/* A candidate, and how many from it on are passed over for the same reason. */
struct run {
        struct prefix candidate;
        uint64_t count;
        char *reason;
};

/* Whole candidates from the given one on that end before `limit`. */
static uint64_t count_before(struct prefix candidate, uint64_t limit)
{
        return (limit - candidate.address) / prefix_size(candidate);
}

/* Candidates from the given one on that begin before `limit`. */
static uint64_t count_begun(struct prefix candidate, uint64_t limit)
{
        return (limit - candidate.address + prefix_size(candidate) - 1) / prefix_size(candidate);
}

static uint64_t first_from(const struct span_set *set, uint32_t address, uint64_t end)
{
        const struct span *span = span_set_from(set, address);

        return span ? MIN(end, span->first) : end;
}

/* The run that begins at a candidate; `end` is where the candidates to tell about end. */
static struct run run_from(const struct candidates *candidates, const struct selection *selection,
                           struct prefix candidate, uint64_t end)
{
        const struct occupied_range *range = occupied_find(candidates->occupied, candidate);
        const struct band *band = bands_touched(&candidates->bands, candidate);
        const struct span_set *avoided = &candidates->blocked;
        struct run run = {.candidate = candidate};

        if (range) {
                run.count = count_begun(candidate, MIN(end, (uint64_t)prefix_last(range->prefix) + 1));
                run.reason = reason_overlap(candidates, candidate);
                return run;
        }
        /* When the chosen one is in a band, too, the band was no reason. */
        if (bands_touched(&candidates->bands, selection->subnet))
                avoided = &candidates->taken;
        if (band && avoided == &candidates->blocked) {
                uint64_t in_band = count_begun(candidate, MIN(end, (uint64_t)band->span.last + 1));
                uint64_t free =
                        count_before(candidate, first_from(&candidates->taken, candidate.address, end));
                run.count = MIN(in_band, free);
                run.reason = reason_band(candidates, band);
                return run;
        }
        run.count = count_before(candidate, first_from(avoided, candidate.address, end));
        run.reason = reason_memory(selection);
        return run;
}

/* Adds the run, or just its first candidate when it is short; returns how many candidates that tells about.
 */
static uint64_t add_run(struct choice *choice, struct run run)
{
        uint64_t size = prefix_size(run.candidate);
        struct choice_rejected *rejected = list_add(&choice->rejected);

        *rejected = (struct choice_rejected){run.candidate, run.reason};
        if (run.count <= RUN_LISTED_MAX)
                return 1;
        struct prefix last = {(uint32_t)(run.candidate.address + (run.count - 1) * size),
                              run.candidate.length_bits};
        rejected->reason = reason_run(run.reason, run.count - 1, last);
        free(run.reason);
        return run.count;
}

/* The end of the earlier source that holds the address, so that no candidate is told about twice; 0 if none
 * does. */
static uint64_t end_of_earlier(const struct candidates *candidates, size_t source, uint64_t address)
{
        for (size_t i = 0; i < source; i++) {
                struct prefix earlier = candidates->sources.items[i];
                if (earlier.length_bits <= candidates->length_bits &&
                    prefix_contains(earlier, (uint32_t)address))
                        return (uint64_t)prefix_last(earlier) + 1;
        }
        return 0;
}

static void reject_in_source(const struct candidates *candidates, const struct selection *selection,
                             size_t source, struct choice *choice)
{
        struct prefix range = candidates->sources.items[source];
        uint64_t end = (uint64_t)prefix_last(range) + 1;
        uint64_t size = prefix_size(selection->subnet);

        if (source == selection->source)
                end = selection->subnet.address;
        if (range.length_bits > candidates->length_bits)
                return;
        for (uint64_t at = range.address; at < end && choice->rejected.count < CHOICE_REJECTED_MAX;) {
                struct prefix candidate = {(uint32_t)at, candidates->length_bits};
                uint64_t past = end_of_earlier(candidates, source, at);
                if (past)
                        at = past;
                else
                        at += add_run(choice, run_from(candidates, selection, candidate, end)) * size;
        }
}

void candidates_reject(const struct candidates *candidates, const struct selection *selection,
                       struct choice *choice)
{
        for (size_t source = 0; source <= selection->source; source++)
                reject_in_source(candidates, selection, source, choice);
}
