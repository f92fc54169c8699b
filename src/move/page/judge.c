#include "move/page/plan_pages.h"

#include <inttypes.h>

#define STATUS_OK_MIN     200
#define STATUS_OK_MAX     399
#define STATUS_FAULT_MIN  500 /* from here on it is the server's fault */
#define LENGTH_SLACK      1024
#define LENGTH_FACTOR_MAX 2

bool page_is_silent(const struct plan_page *page)
{
        return text_starts_with(page->url, "tcp://");
}

bool page_is_port(const struct plan_page *page)
{
        const char *authority = strstr(page->url, "://");

        return page->at && authority && text_starts_with(authority + 3, page->at);
}

/* How an answer and a baseline are told. */
static char *tell(const struct plan_page *page, uint64_t status, const char *title, uint64_t length,
                  const char *failure)
{
        if (failure)
                return text_copy(failure);
        if (page_is_silent(page) || !status)
                return text_copy("accepts connections");
        if (title)
                return text_format("%" PRIu64 ", \"%s\", %" PRIu64 " bytes", status, title, length);
        return text_format("%" PRIu64 ", %" PRIu64 " bytes", status, length);
}

char *page_baseline_text(const struct plan_page *page)
{
        return tell(page, page->status, page->title, page->length, page->failure);
}

static char *answer_text(const struct plan_page *page, const struct page_answer *answer)
{
        return tell(page, answer->status, answer->title, answer->length, answer->failure);
}

static bool status_is_wanted(const struct plan_page *page, uint64_t status)
{
        if (page->wanted_status)
                return status == page->wanted_status;
        return status >= STATUS_OK_MIN && status <= STATUS_OK_MAX;
}

/* As the operator wants it; a title is compared as titles are kept. */
static bool is_as_wanted(const struct plan_page *page, uint64_t status, const char *title)
{
        if (!status_is_wanted(page, status))
                return false;
        if (!page->wanted_title)
                return true;
        _cleanup_free_ char *wanted = page_text(page->wanted_title, strlen(page->wanted_title));
        return text_equal(wanted, title ? title : "");
}

/* A port that is asked for no name may well answer so: that nothing is served there is no fault of its. */
static bool is_fault(const struct plan_page *page, uint64_t status)
{
        return status >= STATUS_FAULT_MIN && !page_is_port(page);
}

bool page_failed(const struct plan_page *page)
{
        if (page->failure)
                return true;
        if (page_is_silent(page))
                return false;
        if (page->wanted)
                return !is_as_wanted(page, page->status, page->title);
        return page->status == 0 || is_fault(page, page->status);
}

/* What an edge says where it knows of no service, and an application where it has nothing: can't be told
 * apart. */
static bool may_be_no_service(uint64_t status)
{
        return status == 404;
}

/* Somebody answers, and not with a fault: all that can be said without a baseline. */
static bool is_served(const struct plan_page *page, const struct page_answer *answer)
{
        if (page_is_silent(page) || page_is_port(page))
                return answer->connected;
        return answer->status && !is_fault(page, answer->status) && !may_be_no_service(answer->status);
}

static bool is_as_in_baseline(const struct plan_page *page, const struct page_answer *answer)
{
        if (page_is_silent(page))
                return answer->connected;
        return answer->status && answer->status == page->status && !is_fault(page, answer->status) &&
               (!page->title || text_equal(page->title, answer->title));
}

/* The service was down when this was planned, and the answer was of nobody or of the edge. */
static bool was_unserved(const struct plan_page *page, const struct page_circumstances *circumstances)
{
        return (circumstances->stuck || circumstances->incomplete) &&
               (page_failed(page) || (!page->wanted && may_be_no_service(page->status)));
}

static bool length_differs_much(const struct plan_page *page, const struct page_answer *answer)
{
        uint64_t less = MIN(page->length, answer->length);
        uint64_t more = MAX(page->length, answer->length);

        return more > less * LENGTH_FACTOR_MAX + LENGTH_SLACK;
}

/* It is as it should be. */
static enum check_result pass(const struct plan_page *page, const struct page_answer *answer, char *now,
                              char **ret_found)
{
        bool comparable = !page_failed(page) && answer->status == page->status;

        if (!comparable || !length_differs_much(page, answer)) {
                *ret_found = now;
                return CHECK_PASS;
        }
        *ret_found = text_format("%s, where %" PRIu64 " were when this was planned: look at it", now,
                                 page->length);
        free(now);
        return CHECK_PASS;
}

/* It is not as it should be; `why` follows on what was found. Takes `now` over. */
static enum check_result not_pass(enum check_result result, char *now, const char *why, char **ret_found)
{
        *ret_found = text_format("%s%s%s", now, why ? "; " : "", why ? why : "");
        free(now);
        return result;
}

static enum check_result judge_stuck(const struct plan_page *page, enum check_phase phase,
                                     const struct page_answer *answer, char *now, char **ret_found)
{
        if (page->wanted ? is_as_wanted(page, answer->status, answer->title) : is_served(page, answer))
                return pass(page, answer, now, ret_found);
        if (phase != CHECK_AFTER)
                return not_pass(CHECK_UNKNOWN, now,
                                "as expected: its service waits for an address, and has to answer after the "
                                "move",
                                ret_found);
        if (!page->wanted && may_be_no_service(answer->status))
                return not_pass(CHECK_UNKNOWN, now,
                                "its service did not run when this was planned; whether it is the service or "
                                "the edge that says so can't be told",
                                ret_found);
        return not_pass(CHECK_FAIL, now,
                        "its service waited for an address when this was planned, and has to answer now",
                        ret_found);
}

/* It failed when this was planned, and not for want of addresses. */
static enum check_result judge_failed(const struct plan_page *page,
                                      const struct page_circumstances *circumstances,
                                      const struct page_answer *answer, char *now, char **ret_found)
{
        _cleanup_free_ char *then = page_baseline_text(page);
        _cleanup_free_ char *why = NULL;
        bool served =
                page->wanted ? is_as_wanted(page, answer->status, answer->title) : is_served(page, answer);

        if (served && (page->wanted || circumstances->incomplete || circumstances->phase == CHECK_AFTER))
                return pass(page, answer, now, ret_found);
        if (circumstances->incomplete && !page->wanted)
                return not_pass(CHECK_UNKNOWN, now,
                                "its service did not run completely when this was planned", ret_found);
        if (circumstances->phase == CHECK_AFTER)
                return not_pass(CHECK_FAIL, now, "it failed already when this was planned", ret_found);
        why = text_format("was failing already when this was planned (%s): after the move it would prove "
                          "nothing; mend it, or %s, and plan again",
                          then,
                          page->wanted ? "take it out of `checks`"
                                       : "name it in `checks` with the status it should have");
        return not_pass(CHECK_FAIL, now, why, ret_found);
}

static enum check_result judge_sound(const struct plan_page *page, const struct page_answer *answer,
                                     char *now, char **ret_found)
{
        _cleanup_free_ char *then = page_baseline_text(page);
        _cleanup_free_ char *why = NULL;

        if (page->wanted ? is_as_wanted(page, answer->status, answer->title)
                         : is_as_in_baseline(page, answer))
                return pass(page, answer, now, ret_found);
        why = text_format("when this was planned: %s", then);
        return not_pass(CHECK_FAIL, now, why, ret_found);
}

enum check_result page_judge(const struct plan_page *page, const struct page_circumstances *circumstances,
                             const struct page_answer *answer, char **ret_found)
{
        char *now = answer_text(page, answer);
        enum check_result result;

        if (circumstances->stuck && was_unserved(page, circumstances))
                result = judge_stuck(page, circumstances->phase, answer, now, ret_found);
        else if (page_failed(page) || was_unserved(page, circumstances))
                result = judge_failed(page, circumstances, answer, now, ret_found);
        else
                result = judge_sound(page, answer, now, ret_found);
        if (result != CHECK_FAIL || circumstances->phase != CHECK_DURING)
                return result;
        return not_pass(CHECK_UNKNOWN, steal_pointer(*ret_found), "a move is under way", ret_found);
}
