#pragma once

/*
 * Asking pages over HTTP, as an operator would look at them: several at once, each bounded in time and size,
 * none kept in memory. No redirect is followed: where a page leads to is its answer. No proxy and no setting
 * of the environment takes part.
 *
 * "tcp://HOST:PORT" asks only whether a connection is accepted there.
 */

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>

#define PAGE_BYTES_MAX       ((uint64_t)1 << 20) /* of a body that are read; the rest is not */
#define PAGE_TITLE_BYTES_MAX ((size_t)64 << 10)  /* where in a body a title is looked for */
#define PAGE_TITLE_MAX       200                 /* characters of a title that are kept */
#define PAGES_PARALLEL_MAX   16                  /* connections at a time */

struct page_request {
        const char *url; /* http://, https:// or tcp://HOST:PORT */
        /*
         * "127.0.0.1:80": the connection goes there, whatever the URL's host resolves to. Then a certificate
         * is not verified: it need not be valid for a test of the local edge, and a plan asks of the page.
         * NULL: where it resolves to, and the certificate has to be valid.
         */
        const char *at;
};

/* Owns its strings. All zero is the null value. */
struct page_answer {
        uint64_t status; /* 0: no answer in HTTP */
        uint64_t length; /* of the body, in bytes, as far as it was read */
        char *title;     /* of an HTML page, printable, in one line; NULL: it has none */
        char *failure;   /* why there is no answer, or none that counts; NULL: there is one */
        bool connected;  /* the connection was accepted, whatever came of it */
};

void page_answer_done(struct page_answer *answer);

/*
 * Asks all of them, each within timeout_ms from its connection to its last byte. A body that has not ended by
 * then is no failure: some pages never end. Each answer is told in ret_answers, which has room for `count`;
 * the function itself fails only where libcurl can't be used at all, and then writes none.
 */
int pages_ask(const struct page_request *requests, size_t count, int64_t timeout_ms,
              struct page_answer *ret_answers, struct error *error);

/* The title in the beginning of an HTML page; NULL when it has none. */
char *page_title(const char *bytes, size_t length);

/*
 * A text as titles are kept: character references resolved, blanks in one, only printable UTF-8 (what could
 * command a terminal or turn the direction of writing is left out), at most PAGE_TITLE_MAX characters.
 */
char *page_text(const char *bytes, size_t length);
