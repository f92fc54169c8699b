#pragma once

/*
 * The pages of a plan: what the users of a swarm see, asked when the plan is made and around the move.
 *
 * Where they come from: `checks` of the configuration; the TCP ports that the plan's edges publish on this
 * node; and the hosts that labels of services give to a Traefik, asked at the edge's port and not where a
 * name resolves to. Ports and hosts are only asked on the engine's own machine. A page is asked without
 * following where it redirects to. A port that does not speak HTTP becomes "tcp://ADDRESS:PORT": all that is
 * compared is that it accepts connections.
 */

#include "host/page.h"
#include "move/check.h"
#include "move/plan.h"

#define PLAN_PAGES_MAX           256
#define PAGE_TIMEOUT_MS          5000  /* of one page, from its connection to its last byte */
#define PAGES_PATIENCE_BEFORE_MS 5000  /* a page may have a bad moment */
#define PAGES_PATIENCE_AFTER_MS  30000 /* after a move it may take a while to come back */

/* Adds the pages to the plan, each once, and to its notes what can't be asked. It changes nothing and can't
 * fail. */
void pages_gather(struct engine *engine, const struct swarm *swarm, const struct settings *settings,
                  struct plan *plan);

/* Asks all pages and keeps their answers in the plan; notes those that fail already. */
void pages_baseline(struct plan *plan);

/* What is known of the service behind a page when it is judged. */
struct page_circumstances {
        enum check_phase phase;
        bool stuck;      /* it, or the edge, waited for an address of NET when this was planned */
        bool incomplete; /* it, or the edge, did not run completely then for another reason */
};

/*
 * What an answer says of a page; *ret_found (owned by the caller) tells it. A page of `checks` has to be as
 * configured: its status, or any from 200 to 399, and its title. Another has to be as in the baseline, status
 * and title; a length that differs much is told and no fault. A page that failed in the baseline already
 * fails the check before a move, unless its service was down then and the move is what it waits for. During a
 * move nothing is a fault.
 */
enum check_result page_judge(const struct plan_page *page, const struct page_circumstances *circumstances,
                             const struct page_answer *answer, char **ret_found);

/*
 * Asks all pages of the plan, those that are not as they should be again until patience_ms is over, and adds
 * a point for each. The plan may come from anywhere; the swarm is as it is now.
 */
int pages_check(const struct plan *plan, const struct swarm *swarm, enum check_phase phase,
                int64_t patience_ms, struct check_points *points, struct error *error);

/* For people: "200, "Drone", 5123 bytes", "accepts connections", or why there is no answer. Owned by the
 * caller. */
char *page_baseline_text(const struct plan_page *page);

/* It was not as it should be when this was planned. */
bool page_failed(const struct plan_page *page);

/* Inside move/ only. */

/* A page of a published port, whatever is served there; not one of a name. */
bool page_is_port(const struct plan_page *page);
/* Only whether connections are accepted is asked. */
bool page_is_silent(const struct plan_page *page);
