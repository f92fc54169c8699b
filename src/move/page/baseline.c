#include "move/page/plan_pages.h"

/* How the pages of a plan answer when it is made. */

typedef bool (*page_filter)(const struct plan_page *page);
typedef void (*page_taker)(struct plan_page *page, struct page_answer *answer);

static bool is_any(_unused_ const struct plan_page *page)
{
        return true;
}

static bool has_title_to_compare(const struct plan_page *page)
{
        return page->title && !page->wanted;
}

static void take_baseline(struct plan_page *page, struct page_answer *answer)
{
        page->status = answer->status;
        page->length = answer->length;
        page->title = steal_pointer(answer->title);
        page->failure = steal_pointer(answer->failure);
        if (!page->failure || !answer->connected || !page_is_port(page))
                return;
        /* It takes connections and does not speak HTTP: that is what it is compared by. */
        free(page->url);
        page->url = text_format("tcp://%s", page->at);
        free(steal_pointer(page->failure));
}

/* A title that is another one a moment later says nothing when it is another one after the move. */
static void take_second_look(struct plan_page *page, struct page_answer *answer)
{
        if (answer->status == page->status && !text_equal(page->title, answer->title))
                free(steal_pointer(page->title));
}

/* Asks those that pass the filter. */
static int ask(struct plan *plan, page_filter filter, page_taker take, struct error *error)
{
        size_t room = plan->pages.count;
        _cleanup_free_ struct page_request *requests = memory_new(room, sizeof(*requests));
        _cleanup_free_ struct page_answer *answers = memory_new(room, sizeof(*answers));
        _cleanup_free_ struct plan_page **asked = memory_new(room, sizeof(struct plan_page *));
        size_t count = 0;

        for (size_t i = 0; i < room; i++) {
                struct plan_page *page = &plan->pages.items[i];
                if (!filter(page))
                        continue;
                requests[count] = (struct page_request){page->url, page->at};
                asked[count++] = page;
        }
        if (pages_ask(requests, count, PAGE_TIMEOUT_MS, answers, error) < 0)
                return -1;
        for (size_t i = 0; i < count; i++) {
                take(asked[i], &answers[i]);
                page_answer_done(&answers[i]);
        }
        return 0;
}

static void note_unasked(struct plan *plan, const struct error *error)
{
        for (size_t i = 0; i < plan->pages.count; i++)
                plan->pages.items[i].failure = text_copy("it could not be asked");
        *list_add(&plan->notes) = text_format("pages can't be asked: %s", error->sentence);
}

/* Whether the check will stop at it, or has a reason not to, is the check's to say. */
static void note_failing(struct plan *plan)
{
        const struct plan_page *first = NULL;
        size_t count = 0;

        for (size_t i = 0; i < plan->pages.count; i++)
                if (page_failed(&plan->pages.items[i])) {
                        first = first ? first : &plan->pages.items[i];
                        count++;
                }
        if (!first)
                return;
        _cleanup_free_ char *found = page_baseline_text(first);
        *list_add(&plan->notes) =
                text_format("%zu of %zu pages fail already (%s: %s): unless their services wait for an "
                            "address, the check before the move will not pass",
                            count, plan->pages.count, first->url, found);
}

void pages_baseline(struct plan *plan)
{
        _cleanup_error_ struct error error = {0};

        if (ask(plan, is_any, take_baseline, &error) < 0) {
                note_unasked(plan, &error);
                return;
        }
        ask(plan, has_title_to_compare, take_second_look, NULL);
        note_failing(plan);
}
