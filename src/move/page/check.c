#include "move/page/plan_pages.h"

#include "base/clock.h"
#include "host/host.h"

#include <inttypes.h>

#define PAGES_PAUSE_MS 500 /* between two looks at the same page */

struct verdict {
        const struct plan_page *page;
        struct page_circumstances circumstances;
        enum check_result result;
        char *found; /* NULL: not asked yet */
        bool final;  /* asking again changes nothing */
};

struct verdicts {
        LIST(struct verdict) items;
};

static void verdicts_done(struct verdicts *verdicts)
{
        for (size_t i = 0; i < verdicts->items.count; i++)
                free(verdicts->items.items[i].found);
        free(verdicts->items.items);
}

static const struct plan_service *planned_of(const struct plan *plan, const char *id)
{
        for_each_planned (planned, plan)
                if (text_equal(planned->id, id))
                        return planned;
        return NULL;
}

static void add_circumstances(struct page_circumstances *circumstances, const struct plan *plan,
                              const struct plan_service *planned)
{
        bool stuck = planned && planned->stuck && plan->refusing;

        circumstances->stuck = circumstances->stuck || stuck;
        circumstances->incomplete = circumstances->incomplete || (planned && !planned->complete && !stuck);
}

/* A page made by a service also needs the edge; where that was down, all that is asked through it was. */
static void verdict_begin(struct verdict *verdict, const struct plan *plan, const struct swarm *swarm,
                          enum check_phase phase, bool here)
{
        const struct plan_page *page = verdict->page;

        verdict->circumstances.phase = phase;
        add_circumstances(&verdict->circumstances, plan, planned_of(plan, page->service));
        for_each_planned (planned, plan)
                if (planned->edge && page->at)
                        add_circumstances(&verdict->circumstances, plan, planned);
        verdict->result = CHECK_UNKNOWN;
        if (page->at && !here)
                verdict->found = text_format("can be asked on %s only", plan->host);
        else if (page->service && !swarm_service_by_id(swarm, page->service))
                verdict->found = text_copy("its service was removed since this was planned");
        verdict->final = verdict->found != NULL;
}

static bool plan_is_here(const struct plan *plan)
{
        _cleanup_free_ char *host = host_name();

        return !plan->host || text_equal(plan->host, host);
}

/* What could still become better with time: faults, and after a move what nobody answers yet. */
static bool verdict_is_final(const struct verdict *verdict)
{
        return verdict->result == CHECK_PASS ||
               (verdict->result == CHECK_UNKNOWN &&
                !(verdict->circumstances.stuck && verdict->circumstances.phase == CHECK_AFTER));
}

static void verdict_take(struct verdict *verdict, const struct page_answer *answer)
{
        char *found;

        verdict->result = page_judge(verdict->page, &verdict->circumstances, answer, &found);
        free(verdict->found);
        verdict->found = found;
        verdict->final = verdict_is_final(verdict);
}

static int verdicts_ask(struct verdicts *verdicts, struct error *error)
{
        size_t room = verdicts->items.count;
        _cleanup_free_ struct page_request *requests = memory_new(room, sizeof(*requests));
        _cleanup_free_ struct page_answer *answers = memory_new(room, sizeof(*answers));
        _cleanup_free_ struct verdict **asked = memory_new(room, sizeof(struct verdict *));
        size_t count = 0;

        for (size_t i = 0; i < room; i++) {
                struct verdict *verdict = &verdicts->items.items[i];
                if (verdict->final)
                        continue;
                requests[count] = (struct page_request){verdict->page->url, verdict->page->at};
                asked[count++] = verdict;
        }
        if (pages_ask(requests, count, PAGE_TIMEOUT_MS, answers, error) < 0)
                return -1;
        for (size_t i = 0; i < count; i++) {
                verdict_take(asked[i], &answers[i]);
                page_answer_done(&answers[i]);
        }
        return 0;
}

static bool verdicts_are_final(const struct verdicts *verdicts)
{
        for (size_t i = 0; i < verdicts->items.count; i++)
                if (!verdicts->items.items[i].final)
                        return false;
        return true;
}

static int verdicts_wait(struct verdicts *verdicts, int64_t patience_ms, struct error *error)
{
        int64_t deadline_ms = clock_now_ms() + patience_ms;

        while (!verdicts_are_final(verdicts)) {
                if (verdicts_ask(verdicts, error) < 0)
                        return -1;
                if (clock_now_ms() >= deadline_ms)
                        return 0;
                if (!verdicts_are_final(verdicts))
                        clock_sleep_ms(PAGES_PAUSE_MS);
        }
        return 0;
}

static char *claim_of(const struct plan_page *page)
{
        _cleanup_free_ char *status =
                page->wanted_status ? text_format("%" PRIu64, page->wanted_status) : text_copy("200 to 399");

        if (!page->wanted)
                return page_baseline_text(page);
        if (page->wanted_title)
                return text_format("answers %s with the title \"%s\"", status, page->wanted_title);
        return text_format("answers %s", status);
}

int pages_check(const struct plan *plan, const struct swarm *swarm, enum check_phase phase,
                int64_t patience_ms, struct check_points *points, struct error *error)
{
        _cleanup_(verdicts_done) struct verdicts verdicts = {0};
        bool here = plan_is_here(plan);

        for (size_t i = 0; i < plan->pages.count; i++) {
                struct verdict *verdict = list_add(&verdicts.items);
                verdict->page = &plan->pages.items[i];
                verdict_begin(verdict, plan, swarm, phase, here);
        }
        if (verdicts_wait(&verdicts, patience_ms, error) < 0)
                return -1;
        for (size_t i = 0; i < verdicts.items.count; i++) {
                struct verdict *verdict = &verdicts.items.items[i];
                struct check_point *point = list_add(&points->items);
                point->result = verdict->result;
                point->subject = text_format("page %s", verdict->page->url);
                point->claim = claim_of(verdict->page);
                point->found = steal_pointer(verdict->found);
        }
        return 0;
}
