#include "sim/bench/bench.h"

#include "engine/engine.h"

/*
 * What must hold at every moment: no service is lost, its spec is as it was but for the network's ID and the
 * settings by which it is updated, an edge that reached a service reaches it, a volume has one writer, and
 * the swarm's own books agree.
 */

#define TARGET           "\"Target\":\""
#define ID_LENGTH        25
#define AUDIT_EVERY      256 /* looks; the books are long */
#define UNDISTURBED_RUNS 2   /* there and back */
#define SPEC_CUT_MAX     80  /* of a spec, around where it differs, in a message */

static bool is_id(const char *text)
{
        for (size_t i = 0; i < ID_LENGTH; i++)
                if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9')))
                        return false;
        return text[ID_LENGTH] == '"';
}

static bool is_other(const struct watch *watch, const char *id)
{
        for (size_t i = 0; i < watch->others.count; i++)
                if (strncmp(watch->others.items[i], id, ID_LENGTH) == 0)
                        return true;
        return false;
}

/* Takes `"key":{...}` out, and the comma before it; such an object has none inside it. */
static void cut_out(char *spec, const char *key)
{
        char *at = strstr(spec, key);
        char *end = at ? strchr(at, '}') : NULL;

        if (end)
                memmove(at, end + 1, strlen(end + 1) + 1);
}

char *watch_form(const struct bench *bench, const char *spec, bool loose)
{
        char *form = text_copy(spec);

        for (char *at = form; (at = strstr(at, TARGET));) {
                at += strlen(TARGET);
                if (!is_id(at) || is_other(&bench->watch, at))
                        continue;
                *at = '@';
                memmove(at + 1, at + ID_LENGTH, strlen(at + ID_LENGTH) + 1);
        }
        if (loose) {
                cut_out(form, ",\"UpdateConfig\":");
                cut_out(form, ",\"RollbackConfig\":");
        }
        return form;
}

/* The beginning */

struct kept *watch_find(struct watch *watch, const char *name)
{
        for (size_t i = 0; i < watch->services.count; i++)
                if (text_equal(watch->services.items[i].name, name))
                        return &watch->services.items[i];
        return NULL;
}

void watch_relearn(struct bench *bench, struct kept *kept)
{
        free(kept->loose);
        free(kept->seen);
        kept->loose = watch_form(bench, kept->spec, true);
        kept->seen = text_copy(sim_service_spec(bench->sim, kept->name, &kept->seen_length));
}

/* The engine rolls back what somebody changed when that does not come up. */
static bool is_rolled_back(struct bench *bench, struct kept *kept, const char *form)
{
        _cleanup_free_ char *former = kept->former ? watch_form(bench, kept->former, true) : NULL;

        if (!former || !text_equal(form, former))
                return false;
        free(kept->spec);
        kept->spec = steal_pointer(kept->former);
        kept->unseen = false;
        watch_relearn(bench, kept);
        return true;
}

static bool has_writable_mount(const char *spec)
{
        _cleanup_json_ struct json_document *d = NULL;

        if (json_parse(spec, strlen(spec), &d, NULL) < 0)
                return false;
        json_for_each (mount, d, json_path(d, json_root(d), "TaskTemplate", "ContainerSpec", "Mounts", NULL))
                if (!json_bool(d, json_get(d, mount, "ReadOnly")) &&
                    (json_text_is(d, json_get(d, mount, "Type"), "volume") ||
                     json_text_is(d, json_get(d, mount, "Type"), "bind")))
                        return true;
        return false;
}

/* Tasks that end by themselves do so at any time, and those that fail do as if that had gone wrong. */
static void learn_behaviour(struct bench *bench, struct kept *kept)
{
        struct sim_model model = sim_service_model(bench->sim, kept->name);

        if (model.run_ms || model.fails)
                kept->running = 0;
        kept->broken = model.fails;
        kept->one_writer = kept->one_writer && !model.fails;
}

struct kept *watch_add(struct bench *bench, const char *name)
{
        const char *spec = sim_service_spec(bench->sim, name, NULL);
        struct kept *kept;

        if (!spec)
                return NULL;
        kept = list_add(&bench->watch.services);
        kept->name = text_copy(name);
        kept->spec = watch_form(bench, spec, false);
        watch_relearn(bench, kept);
        kept->moved = strstr(kept->spec, TARGET "@\"") != NULL;
        kept->one_writer = has_writable_mount(spec) && strstr(spec, "\"Replicas\":1}") &&
                           !strstr(spec, "\"Order\":\"start-first\"");
        kept->running = sim_service_running(bench->sim, name);
        learn_behaviour(bench, kept);
        return kept;
}

static int compare_texts(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What a network is, but for what is made anew with it. */
static char *traits_of(const struct json_document *d, json_node network)
{
        static const char *const keys[] = {"Scope", "Driver", "Internal", "Attachable", "Ingress", "Labels"};
        struct buffer out = {0};

        for (size_t i = 0; i < ELEMENTS(keys); i++) {
                json_node node = json_get(d, network, keys[i]);
                buffer_format(&out, "%s=%.*s ", keys[i], (int)json_length(d, node), json_bytes(d, node));
        }
        json_for_each (option, d, json_get(d, network, "Options")) {
                _cleanup_free_ char *key = json_key(d, option);
                if (!strstr(key, "vxlanid"))
                        buffer_format(&out, "%s=%.*s ", key, (int)json_length(d, option),
                                      json_bytes(d, option));
        }
        return buffer_steal(&out);
}

void watch_networks(struct bench *bench, struct watch *watch)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_json_ struct json_document *d = NULL;

        if (!bench_ask(bench, "GET", "/networks", NULL, &body) ||
            json_parse(buffer_text(&body), body.length, &d, NULL) < 0)
                return;
        json_for_each (network, d, json_root(d)) {
                char *name = json_text(d, json_get(d, network, "Name"));
                *list_add(&watch->networks) = name;
                if (text_equal(name, schedule_network(bench->schedule))) {
                        free(watch->traits);
                        free(watch->subnet);
                        free(watch->id);
                        watch->id = json_text(d, json_get(d, network, "Id"));
                        watch->traits = traits_of(d, network);
                        watch->subnet = json_text(
                                d, json_get(d, json_first(d, json_path(d, network, "IPAM", "Config", NULL)),
                                            "Subnet"));
                } else if (json_text_is(d, json_get(d, network, "Scope"), "swarm")) {
                        *list_add(&watch->others) = json_text(d, json_get(d, network, "Id"));
                }
        }
        qsort(watch->networks.items, watch->networks.count, sizeof(char *), compare_texts);
}

void watch_container(struct bench *bench, const char *name)
{
        _cleanup_free_ char *path = text_format("/containers/%s/json", name);
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_json_ struct json_document *d = NULL;

        if (!bench_ask(bench, "GET", path, NULL, &body) ||
            json_parse(buffer_text(&body), body.length, &d, NULL) < 0)
                return;
        json_node on = json_path(d, json_root(d), "NetworkSettings", "Networks",
                                 schedule_network(bench->schedule), NULL);
        if (on == JSON_NONE)
                return;
        struct kept_container *kept = list_add(&bench->watch.containers);
        json_node aliases = json_get(d, on, "Aliases");
        kept->name = text_copy(name);
        kept->networks = json_count(d, json_path(d, json_root(d), "NetworkSettings", "Networks", NULL));
        kept->address = json_text(d, json_path(d, on, "IPAMConfig", "IPv4Address", NULL));
        kept->aliases = text_copy_n(json_bytes(d, aliases), json_length(d, aliases));
}

static void learn_services(struct bench *bench)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_json_ struct json_document *d = NULL;

        if (!bench_ask(bench, "GET", "/services", NULL, &body) ||
            json_parse(buffer_text(&body), body.length, &d, NULL) < 0)
                return;
        json_for_each (service, d, json_root(d)) {
                _cleanup_free_ char *name = json_text(d, json_path(d, service, "Spec", "Name", NULL));
                watch_add(bench, name);
        }
}

static void learn_containers(struct bench *bench)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_json_ struct json_document *d = NULL;

        if (!bench_ask(bench, "GET", "/containers/json?all=true", NULL, &body) ||
            json_parse(buffer_text(&body), body.length, &d, NULL) < 0)
                return;
        json_for_each (container, d, json_root(d)) {
                _cleanup_free_ char *name = json_text(d, json_first(d, json_get(d, container, "Names")));
                if (name && !strchr(name, '.')) /* a task's has dots */
                        watch_container(bench, name + 1);
        }
}

void watch_begin(struct bench *bench)
{
        watch_networks(bench, &bench->watch);
        learn_services(bench);
        learn_containers(bench);
        bench->watch.leaked = sim_leaked(bench->sim);
}

static void add_tie(struct bench *bench, size_t edge, size_t service)
{
        const struct watch *watch = &bench->watch;
        struct sim_reach reach =
                sim_reach(bench->sim, watch->services.items[edge].name, watch->services.items[service].name);

        if (reach.serving && reach.reaching == reach.serving)
                *list_add(&bench->watch.ties) = (struct tie){edge, service, false};
}

/* Those that the plan promises to keep in reach. */
void watch_plan(struct bench *bench, const struct plan *plan)
{
        struct watch *watch = &bench->watch;

        watch->ties.count = 0;
        for_each_planned (edge, plan)
                for_each_planned (service, plan) {
                        struct kept *from = watch_find(watch, edge->name);
                        struct kept *to = watch_find(watch, service->name);
                        if (!edge->edge || !edge->complete || service->edge || !from || !to ||
                            service->way != WAY_START_FIRST || service->gap_expected_ms || !service->complete)
                                continue;
                        add_tie(bench, (size_t)(from - watch->services.items),
                                (size_t)(to - watch->services.items));
                }
}

void watch_done(struct watch *watch)
{
        for (size_t i = 0; i < watch->services.count; i++) {
                free(watch->services.items[i].name);
                free(watch->services.items[i].spec);
                free(watch->services.items[i].former);
                free(watch->services.items[i].loose);
                free(watch->services.items[i].seen);
        }
        for (size_t i = 0; i < watch->containers.count; i++) {
                free(watch->containers.items[i].name);
                free(watch->containers.items[i].address);
                free(watch->containers.items[i].aliases);
        }
        for (size_t i = 0; i < watch->networks.count; i++)
                free(watch->networks.items[i]);
        for (size_t i = 0; i < watch->others.count; i++)
                free(watch->others.items[i]);
        free(watch->services.items);
        free(watch->ties.items);
        free(watch->containers.items);
        free(watch->networks.items);
        free(watch->others.items);
        free(watch->traits);
        free(watch->subnet);
        free(watch->id);
        *watch = (struct watch){0};
}

/* Looking */

/* Where two texts begin to differ, with a little around it. */
static char *cut(const char *text, const char *other)
{
        size_t same = 0;

        while (text[same] && text[same] == other[same])
                same++;
        size_t from = same > SPEC_CUT_MAX / 4 ? same - SPEC_CUT_MAX / 4 : 0;
        return text_format("...%.*s", SPEC_CUT_MAX, text + from);
}

void watch_compare(struct bench *bench, const char *name, const char *expected, const char *found)
{
        if (!text_equal(expected, found))
                bench_fault(bench, "specs stay as they are", cut(expected, found), cut(found, expected));
        (void)name;
}

static void look_at_spec(struct bench *bench, struct kept *kept)
{
        size_t length;
        const char *spec = sim_service_spec(bench->sim, kept->name, &length);

        if (!spec) {
                bench_fault(bench, "no service is lost", text_format("service %s", kept->name),
                            text_copy("none"));
                return;
        }
        if (kept->seen_length == length && memcmp(kept->seen, spec, length) == 0)
                return;
        free(kept->seen);
        kept->seen = text_copy_n(spec, length);
        kept->seen_length = length;
        _cleanup_free_ char *form = watch_form(bench, kept->seen, true);
        if (!text_equal(form, kept->loose) && !is_rolled_back(bench, kept, form))
                watch_compare(bench, kept->name, kept->loose, form);
}

static void look_at_writers(struct bench *bench, const struct kept *kept)
{
        size_t processes =
                kept->one_writer && !kept->shaken ? sim_service_processes(bench->sim, kept->name) : 0;

        if (processes > 1)
                bench_fault(bench, "a volume has one writer", text_format("one container of %s", kept->name),
                            text_format("%zu that run", processes));
}

/*
 * Back on a network without room for the edge beside all live connections, headroom gives those up before the
 * edge moves; the plan tells it. It does not know which addresses other nodes have.
 */
static bool is_cramped(struct bench *bench, struct sim_reach reach)
{
        const char *network = schedule_network(bench->schedule);
        struct sim_pool_state pool = sim_pool_state(bench->sim, network);
        size_t connections = sim_network_visitors(bench->sim, network) + reach.serving - reach.reaching;

        return pool.capacity && pool.capacity < pool.held + MAX(connections, reach.serving) + reach.serving +
                                                        1 + sim_count(bench->sim).nodes;
}

/*
 * Live connections have the addresses that the swarm comes to last. A leader change lets it begin at the
 * front again, and what is updated again and again takes it round: in a small network they may be in its way
 * then, and be given up, too. What nobody disturbs has none in its way.
 */
static bool is_in_the_way(struct bench *bench, struct sim_reach reach)
{
        bool disturbed = bench->outcome.runs > UNDISTURBED_RUNS || !bench_is_undisturbed(bench);

        /* The edge's tasks and its VIP; where balancers of other nodes are, headroom does not know. */
        return disturbed && sim_visitor_among_next(bench->sim, schedule_network(bench->schedule),
                                                   reach.serving + sim_count(bench->sim).nodes);
}

/* What was given up while there was no room stays so until the edge reaches all again. */
static void look_at_tie(struct bench *bench, struct tie *tie)
{
        const struct kept *edge = &bench->watch.services.items[tie->edge];
        const struct kept *service = &bench->watch.services.items[tie->service];

        if (edge->shaken || service->shaken || edge->gone || service->gone)
                return;
        struct sim_reach reach = sim_reach(bench->sim, edge->name, service->name);
        bool whole = reach.reaching >= reach.serving;
        if (whole)
                tie->in_the_way = is_in_the_way(bench, reach);
        bool made_way = tie->in_the_way && sim_visitor_clashes(bench->sim) == bench->clashes;
        tie->given_up = !whole && (tie->given_up || made_way || is_cramped(bench, reach));
        if (!whole && !tie->given_up)
                bench_fault(bench, "what was in reach stays in reach",
                            text_format("every task of %s to reach %s", edge->name, service->name),
                            text_format("%zu of %zu do", reach.reaching, reach.serving));
}

/* What somebody else made is not headroom's to remove. */
static void look_at_foreign(struct bench *bench)
{
        bool stands = sim_pool_state(bench->sim, bench->foreign_id).capacity > 0;

        if (bench->foreign_stands && !stands)
                bench_fault(bench, "no network is lost or left", text_copy("the network that somebody made"),
                            text_copy("none"));
        bench->foreign_stands = stands;
}

void watch_forgive(struct bench *bench)
{
        for (size_t i = 0; i < bench->watch.services.count; i++)
                bench->watch.services.items[i].unseen = false;
}

/* The engine has taken the update, so it was of the version that headroom had looked at. */
void watch_update(struct bench *bench, const char *service)
{
        const char *spec = sim_service_spec(bench->sim, service, NULL);

        for (size_t i = 0; i < bench->watch.services.count; i++) {
                const struct kept *kept = &bench->watch.services.items[i];
                if (kept->unseen && !bench->adopts && spec &&
                    spec == sim_service_spec(bench->sim, kept->name, NULL))
                        bench_fault(bench, "what somebody changes is not moved unseen",
                                    text_format("a refusal to move %s", kept->name), text_copy("an update"));
        }
}

void watch_look(struct bench *bench)
{
        struct watch *watch = &bench->watch;

        if (bench_is_over(bench))
                return;
        for (size_t i = 0; i < watch->services.count; i++)
                if (!watch->services.items[i].gone) {
                        look_at_spec(bench, &watch->services.items[i]);
                        look_at_writers(bench, &watch->services.items[i]);
                }
        for (size_t i = 0; i < watch->ties.count; i++)
                look_at_tie(bench, &watch->ties.items[i]);
        if (bench->foreign_id)
                look_at_foreign(bench);
        if (++watch->looks % AUDIT_EVERY == 0) {
                char *fault = sim_inconsistency(bench->sim);
                if (fault)
                        bench_fault(bench, "the swarm's books agree", text_copy("no contradiction"), fault);
        }
}
