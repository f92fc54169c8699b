#pragma once

/* What the files of the journal page share: inside move/document*.c only. */

#include "base/clock.h"
#include "host/host.h"
#include "host/log.h"
#include "host/unit.h"
#include "move/document/document.h"
#include "move/document/markdown.h"
#include "pool/diagnose.h"
#include "settings/settings.h"

struct engine_facts {
        char *version;
        char *system; /* "Debian GNU/Linux 12 (bookworm)" */
        char *kernel;
        char *name; /* of the machine, as the engine knows it */
};

struct document_unit {
        struct unit_state state;
        bool road;     /* it is restarted after a move; otherwise one of those needs it */
        bool creates;  /* what it starts creates NET */
        char *unknown; /* why it could not be asked; NULL: it was */
};

/* Everything the page is written from. */
struct facts {
        const struct plan *plan;
        const char *plan_path;
        const struct document_wish *wish;
        char *shown; /* "headroom proxy": what shows NET's account */
        struct swarm swarm;
        struct accounts accounts;
        struct findings findings;
        struct sightings sightings;
        struct log_reach log;
        char *log_unknown; /* why the engine's log was not read; NULL: it was */
        struct host host;
        char *host_unknown;
        LIST(const struct service *) services; /* by name */
        LIST(const struct network *) networks; /* by subnet, those without one last */
        struct engine_facts engine;
        int64_t engine_started_ms; /* -1: not known */
        LIST(struct document_unit) units;
        char *units_unknown;
};

int facts_gather(struct engine *engine, struct facts *facts, struct error *error);
void facts_done(struct facts *facts);
#define _cleanup_facts_ _cleanup_(facts_done)

/* The units of the roads, and the services these need: in units.c. */
void facts_gather_units(struct facts *facts);
bool unit_is_service(const char *name);

/* The parts of the page, in its order. */
void document_cause(const struct facts *facts, struct buffer *out);
void document_subnets(const struct facts *facts, struct buffer *out);
void document_services(const struct facts *facts, struct buffer *out);
void document_roads(const struct facts *facts, struct buffer *out);
void document_choice(const struct facts *facts, struct buffer *out);
void document_patch(const struct facts *facts, struct buffer *out);
void document_host(const struct facts *facts, struct buffer *out);
void document_procedure(const struct facts *facts, struct buffer *out);

const struct account *facts_account(const struct facts *facts); /* NET's; NULL when it is gone */
struct network *facts_network(const struct facts *facts);

/* "65,533"; owned by the caller. */
char *grouped_text(uint64_t number);
char *interval_text(struct interval interval); /* "7", "0 to 12" */
