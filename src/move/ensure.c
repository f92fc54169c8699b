#include "move/ensure.h"

#include "base/clock.h"

#define POLL_MS 250

void ensure_result_done(struct ensure_result *result)
{
        for (size_t i = 0; i < result->networks.count; i++) {
                free(result->networks.items[i].subnet);
                differences_done(&result->networks.items[i].differences);
        }
        free(result->networks.items);
        *result = (struct ensure_result){0};
}

/* Waiting for the engine */

/* What passes while a machine boots: no socket yet, no leader yet, not in the swarm yet. */
static bool may_pass(enum error_kind kind)
{
        return kind == ERROR_UNREACHABLE || kind == ERROR_TIMEOUT || kind == ERROR_REFUSED ||
               kind == ERROR_ENGINE;
}

static int open_once(const struct engine_address *address, struct engine **ret_engine,
                     struct swarm *ret_swarm, struct error *error)
{
        _cleanup_engine_ struct engine *engine = NULL;

        if (engine_open(address, &engine, error) < 0 || survey(engine, NULL, ret_swarm, error) < 0)
                return -1;
        *ret_engine = steal_pointer(engine);
        return 0;
}

int ensure_open(const struct engine_address *address, const struct ensure_options *options,
                struct engine **ret_engine, struct swarm *ret_swarm, struct error *error)
{
        int64_t deadline_ms = clock_now_ms() + options->timeout_ms;

        for (;;) {
                _cleanup_error_ struct error refusal = {0};
                if (open_once(address, ret_engine, ret_swarm, &refusal) == 0)
                        return 0;
                if (!may_pass(refusal.kind))
                        return error_move(error, &refusal);
                if (clock_now_ms() >= deadline_ms) {
                        error_move(error, &refusal);
                        return error_while(error, "waiting %lld s for a swarm manager",
                                           (long long)options->timeout_ms / 1000);
                }
                options->waiting(options->userdata, refusal.sentence);
                clock_sleep_ms(POLL_MS);
        }
}

/* The engine's list */

struct listing {
        struct buffer body;
        struct json_document *document;
};

static void listing_done(struct listing *listing)
{
        json_free(listing->document);
        buffer_done(&listing->body);
        *listing = (struct listing){0};
}
#define _cleanup_listing_ _cleanup_(listing_done)

static int listing_read(struct engine *engine, struct listing *ret_listing, struct error *error)
{
        if (engine_get(engine, "/networks", &ret_listing->body, error) < 0 ||
            json_parse(buffer_text(&ret_listing->body), ret_listing->body.length, &ret_listing->document,
                       error) < 0)
                return error_while(error, "listing networks");
        return 0;
}

/* JSON_NONE when there is none. */
static int listing_find(const struct listing *listing, const char *name, json_node *ret_network,
                        struct error *error)
{
        const struct json_document *d = listing->document;
        json_node found = JSON_NONE;

        json_for_each (network, d, json_root(d)) {
                _cleanup_free_ char *other = json_text(d, json_get(d, network, "Name"));
                if (!other || strcasecmp(other, name) != 0)
                        continue;
                if (!text_equal(other, name)) {
                        if (!json_text_is(d, json_get(d, network, "Scope"), "swarm"))
                                continue;
                        return error_set(
                                error, ERROR_REFUSED,
                                "there is a network %s already, and the swarm takes names that differ in "
                                "case, like %s, for one",
                                other, name);
                }
                if (found != JSON_NONE)
                        return error_set(error, ERROR_REFUSED,
                                         "two networks are named %s; remove one of them by its ID", name);
                found = network;
        }
        *ret_network = found;
        return 0;
}

/* Before anything is created */

static int refuse_occupied(const struct swarm *swarm, const struct ensure_options *options,
                           const struct declared_network *network, struct error *error)
{
        _cleanup_occupied_ struct occupied occupied = {0};
        _cleanup_choice_ struct choice choice = {0};
        struct default_pools none = {0};

        if (!network->subnet)
                return 0;
        if (occupied_gather(swarm, options->reserved, options->reserved_count, NULL, &occupied, error) < 0)
                return -1;
        if (choose_named(&occupied, &none, network->prefix, &choice, error) < 0)
                return error_while(error, "looking whether the declared subnet of %s is free", network->name);
        return 0;
}

static int refuse_all(struct engine *engine, const struct swarm *swarm, const struct declared *declared,
                      const struct ensure_options *options, struct error *error)
{
        _cleanup_listing_ struct listing listing = {0};

        if (listing_read(engine, &listing, error) < 0)
                return -1;
        for_each_declared (network, declared) {
                json_node found = JSON_NONE;
                if (network->external)
                        continue;
                if (listing_find(&listing, network->name, &found, error) < 0)
                        return -1;
                if (found == JSON_NONE && refuse_occupied(swarm, options, network, error) < 0)
                        return -1;
        }
        return 0;
}

/* Creating and waiting */

struct pass {
        struct engine *engine;
        struct ensure_result *result;
        struct error conflict; /* what the engine said last of a name that it has and does not list */
        const char *waiting;   /* the first network that is not there yet */
        bool absent;           /* it is not even listed */
};

static int create(struct pass *pass, struct ensured *ensured, struct error *error)
{
        _cleanup_free_ char *body = declared_request(ensured->declared);
        _cleanup_error_ struct error refusal = {0};

        if (engine_post(pass->engine, "/networks/create", body, NULL, &refusal) == 0) {
                ensured->state = ENSURE_CREATED;
                pass->result->changed = true;
                return 0;
        }
        if (refusal.kind != ERROR_CONFLICT) {
                error_move(error, &refusal);
                return error_while(error, "creating the network %s", ensured->declared->name);
        }
        error_move(&pass->conflict,
                   &refusal); /* another was faster, or one of that name is still going away */
        return 0;
}

static int look_at(struct pass *pass, const struct listing *listing, struct ensured *ensured,
                   struct error *error)
{
        json_node found = JSON_NONE;

        if (listing_find(listing, ensured->declared->name, &found, error) < 0)
                return -1;
        if (found != JSON_NONE && declared_is_allocated(listing->document, found))
                return 0;
        if (!pass->waiting) {
                pass->waiting = ensured->declared->name;
                pass->absent = found == JSON_NONE;
        }
        return found == JSON_NONE ? create(pass, ensured, error) : 0;
}

/* One look at all of them; whoever is absent is created. pass->waiting tells whether another look is due. */
static int pass_once(struct pass *pass, struct error *error)
{
        _cleanup_listing_ struct listing listing = {0};

        pass->waiting = NULL;
        if (listing_read(pass->engine, &listing, error) < 0)
                return -1;
        for (size_t i = 0; i < pass->result->networks.count; i++) {
                struct ensured *ensured = &pass->result->networks.items[i];
                if (ensured->state != ENSURE_EXTERNAL && look_at(pass, &listing, ensured, error) < 0)
                        return -1;
        }
        return 0;
}

static int give_up(const struct pass *pass, const struct ensure_options *options, struct error *error)
{
        long long seconds = (long long)options->timeout_ms / 1000;

        if (pass->absent)
                return error_set(
                        error, ERROR_TIMEOUT, "%s is not there after %lld s: %s", pass->waiting, seconds,
                        pass->conflict.sentence ? pass->conflict.sentence
                                                : "the engine took the request and lists no such network");
        return error_set(
                error, ERROR_FAILED,
                "%s exists, but the engine has given it no addresses in %lld s, most often because its "
                "subnet overlaps another overlay's; nothing can start on it: look at `journalctl -u "
                "docker`, then `docker network rm %s`",
                pass->waiting, seconds, pass->waiting);
}

static int settle(struct pass *pass, const struct ensure_options *options, struct error *error)
{
        int64_t deadline_ms = clock_now_ms() + options->timeout_ms;

        for (;;) {
                if (pass_once(pass, error) < 0)
                        return -1;
                if (!pass->waiting)
                        return 0;
                if (clock_now_ms() >= deadline_ms)
                        return give_up(pass, options, error);
                _cleanup_free_ char *text = text_format("%s to get its addresses", pass->waiting);
                options->waiting(options->userdata, text);
                clock_sleep_ms(POLL_MS);
        }
}

/* What is there now */

static int compare_all(struct engine *engine, struct ensure_result *result, struct error *error)
{
        _cleanup_listing_ struct listing listing = {0};

        if (listing_read(engine, &listing, error) < 0)
                return -1;
        for (size_t i = 0; i < result->networks.count; i++) {
                struct ensured *ensured = &result->networks.items[i];
                json_node found = JSON_NONE;
                if (ensured->state == ENSURE_EXTERNAL)
                        continue;
                if (listing_find(&listing, ensured->declared->name, &found, error) < 0)
                        return -1;
                if (found == JSON_NONE)
                        return error_set(error, ERROR_FAILED, "somebody removed %s in between",
                                         ensured->declared->name);
                declared_compare(ensured->declared, listing.document, found, &ensured->differences);
                ensured->subnet = declared_subnets(listing.document, found);
                if (ensured->differences.items.count)
                        ensured->state = ENSURE_DRIFT;
        }
        return 0;
}

int ensure_networks(struct engine *engine, const struct swarm *swarm, const struct declared *declared,
                    const struct ensure_options *options, struct ensure_result *result, struct error *error)
{
        struct pass pass = {.engine = engine, .result = result};

        for_each_declared (network, declared)
                *list_add(&result->networks) = (struct ensured){
                        .declared = network, .state = network->external ? ENSURE_EXTERNAL : ENSURE_PRESENT};
        if (refuse_all(engine, swarm, declared, options, error) < 0)
                return -1;
        int settled = settle(&pass, options, error);
        error_done(&pass.conflict);
        return settled < 0 ? -1 : compare_all(engine, result, error);
}
