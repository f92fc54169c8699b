#include "move/road/order.h"

#include "base/buffer.h"
#include "move/road/source.h"

/* `from` is started before `to`, by systemd. */
struct edge {
        size_t from, to;
};

struct road {
        const struct unit_state *unit;
        const char *id;
        size_t node;
        struct road_sources sources;
        bool *later;      /* by node: whether systemd starts it after this one */
        size_t *previous; /* by node: the one before it on the way there */
};

struct judging {
        const struct road_name *names;
        size_t name_count;
        LIST(struct road) roads;
        LIST(const char *) nodes; /* names of units */
        LIST(struct edge) edges;
        struct road_findings *findings;
};

void road_findings_done(struct road_findings *findings)
{
        for (size_t i = 0; i < findings->items.count; i++) {
                free(findings->items.items[i].subject);
                free(findings->items.items[i].sentence);
        }
        free(findings->items.items);
        *findings = (struct road_findings){0};
}

/* Takes the sentence over. */
static void add_finding(struct judging *j, enum road_fault fault, const struct unit_state *unit,
                        char *sentence)
{
        *list_add(&j->findings->items) =
                (struct road_finding){fault, text_format("unit %s", unit->name), sentence};
}

static void judging_done(struct judging *j)
{
        for (size_t i = 0; i < j->roads.count; i++) {
                road_sources_done(&j->roads.items[i].sources);
                free(j->roads.items[i].later);
                free(j->roads.items[i].previous);
        }
        free(j->roads.items);
        free(j->nodes.items);
        free(j->edges.items);
}

/* The order that systemd keeps: a graph of all units that the planned ones name. */

static size_t node_of(struct judging *j, const char *name)
{
        for (size_t i = 0; i < j->nodes.count; i++)
                if (text_equal(j->nodes.items[i], name))
                        return i;
        *list_add(&j->nodes) = name;
        return j->nodes.count - 1;
}

static void add_edges(struct judging *j, const struct road *road)
{
        const struct unit_texts *after = &road->unit->after;
        const struct unit_texts *before = &road->unit->before;

        for (size_t i = 0; i < after->items.count; i++) {
                size_t other = node_of(j, after->items.items[i]);
                *list_add(&j->edges) = (struct edge){other, road->node};
        }
        for (size_t i = 0; i < before->items.count; i++) {
                size_t other = node_of(j, before->items.items[i]);
                *list_add(&j->edges) = (struct edge){road->node, other};
        }
}

/* Goes over the edges until nothing new is reached: at most once for each node. */
static void reach(const struct judging *j, struct road *road)
{
        road->later = memory_new(j->nodes.count, sizeof(*road->later));
        road->previous = memory_new(j->nodes.count, sizeof(*road->previous));
        for (bool more = true; more;) {
                more = false;
                for (size_t i = 0; i < j->edges.count; i++) {
                        const struct edge *edge = &j->edges.items[i];
                        if (road->later[edge->to] || (edge->from != road->node && !road->later[edge->from]))
                                continue;
                        road->later[edge->to] = more = true;
                        road->previous[edge->to] = edge->from;
                }
        }
}

/* "", or ", by way of a.target and b.service". Owned by the caller. */
static char *describe_way(const struct judging *j, const struct road *from, const struct road *to)
{
        struct buffer way = {0};
        size_t node = from->previous[to->node];

        for (size_t i = 0; node != from->node && i < j->nodes.count; i++, node = from->previous[node])
                buffer_format(&way, "%s%s", way.length ? " and " : ", by way of ", j->nodes.items[node]);
        return way.length ? buffer_steal(&way) : text_copy("");
}

static void judge_unit(struct judging *j, const struct unit_state *unit)
{
        const char *state = unit->load_state ? unit->load_state : "unknown";

        if (text_equal(state, "loaded"))
                return;
        if (text_equal(state, "not-found"))
                add_finding(
                        j, ROAD_MISSING, unit,
                        text_format(
                                "%s does not exist on this host, so it can't be started again: take it out "
                                "of roads.units, or install it",
                                unit->name));
        else if (text_equal(state, "masked"))
                add_finding(
                        j, ROAD_UNUSABLE, unit,
                        text_format("%s is masked, so systemd will not start it: unmask it (systemctl unmask "
                                    "%s), or take it out of roads.units",
                                    unit->name, unit->name));
        else
                add_finding(
                        j, ROAD_UNUSABLE, unit,
                        text_format(
                                "systemd can't use %s (its load state is %s): systemctl status %s says why",
                                unit->name, state, unit->name));
}

static void judge_order(struct judging *j, const struct road *first, const struct road *second)
{
        if (!second->later[first->node])
                return;
        _cleanup_free_ char *way = describe_way(j, second, first);
        add_finding(
                j, ROAD_ORDER, first->unit,
                text_format("%s comes before %s in the declared order, but systemd starts it after that one "
                            "(After= or Before=%s): exchange the two in roads.units, or mend the units",
                            first->unit->name, second->unit->name, way));
}

/* What one unit is waited for by, and where. */
struct evidence {
        const struct road_source *source;
        const struct road_statement *statement;
        const char *waits; /* "curl" */
        const char *name;  /* as it was found */
        const char *stack; /* that the name belongs to; NULL: it is the unit's own */
};

static bool is_deployed_by(const struct road *road, const char *stack)
{
        for (size_t i = 0; i < road->sources.deploys.items.count; i++)
                if (text_equal(road->sources.deploys.items.items[i], stack))
                        return true;
        return false;
}

static bool names_unit(const char *text, const char *id, const char **ret_name)
{
        static const char suffix[] = ".service";
        size_t length = strlen(id);
        bool service = length > strlen(suffix) && text_equal(id + length - strlen(suffix), suffix);
        _cleanup_free_ char *bare = text_copy_n(id, service ? length - strlen(suffix) : length);

        *ret_name = id;
        return road_text_names(text, id, false) || road_text_names(text, bare, false);
}

/* Whether the statement names the other unit, or what only the other one deploys. */
static bool names_road(const struct judging *j, const struct road *self, const struct road *other,
                       const char *text, struct evidence *evidence)
{
        evidence->stack = NULL;
        if (names_unit(text, other->unit->name, &evidence->name) ||
            names_unit(text, other->id, &evidence->name))
                return true;
        for (size_t i = 0; i < other->sources.deploys.items.count; i++) {
                evidence->name = evidence->stack = other->sources.deploys.items.items[i];
                if (!is_deployed_by(self, evidence->stack) && road_text_names(text, evidence->name, true))
                        return true;
        }
        for (size_t i = 0; i < j->name_count; i++) {
                evidence->name = j->names[i].name;
                evidence->stack = j->names[i].stack;
                if (is_deployed_by(other, evidence->stack) && !is_deployed_by(self, evidence->stack) &&
                    road_text_names(text, evidence->name, false))
                        return true;
        }
        return false;
}

static bool find_wait(const struct judging *j, const struct road *self, const struct road *other,
                      struct evidence *ret_evidence)
{
        for (size_t i = 0; i < self->sources.items.count; i++) {
                const struct road_source *source = &self->sources.items.items[i];
                if (road_sources_have(&other->sources, source->path))
                        continue;
                for (size_t k = 0; k < source->statements.items.count; k++) {
                        struct evidence found = {.source = source,
                                                 .statement = &source->statements.items.items[k]};
                        found.waits = road_statement_waits(found.statement);
                        if (found.waits && names_road(j, self, other, found.statement->text, &found)) {
                                *ret_evidence = found;
                                return true;
                        }
                }
        }
        return false;
}

/* "line 7 of /opt/deploy waits for "dashboard" (curl), which is stack x that b.service deploys". */
static char *describe_evidence(const struct evidence *evidence, const struct road *other)
{
        _cleanup_free_ char *place =
                evidence->source->path
                        ? text_format("line %u of %s", evidence->statement->line, evidence->source->path)
                        : text_copy("its own command line");
        _cleanup_free_ char *what = !evidence->stack ? text_copy("")
                                    : text_equal(evidence->stack, evidence->name)
                                            ? text_format(", which %s deploys", other->unit->name)
                                            : text_format(", which belongs to %s, which %s deploys",
                                                          evidence->stack, other->unit->name);

        return text_format("%s waits for \"%s\" (%s)%s", place, evidence->name, evidence->waits, what);
}

/* `self` is first in the declared order unless systemd alone orders the two. */
static void judge_wait(struct judging *j, const struct road *self, const struct road *other,
                       bool declared_later)
{
        struct evidence evidence = {0};
        bool ordered = self->later[other->node];

        if (other->later[self->node] || !(ordered || declared_later) || !find_wait(j, self, other, &evidence))
                return;
        _cleanup_free_ char *told = describe_evidence(&evidence, other);
        _cleanup_free_ char *way = ordered ? describe_way(j, self, other) : NULL;
        _cleanup_free_ char *why =
                ordered ? text_format("systemd starts that one only after it (After= or Before=%s)", way)
                        : text_copy("that one comes after it in the declared order");
        add_finding(
                j, ROAD_DEADLOCK, self->unit,
                text_format(
                        "%s would wait for %s, and %s: %s. Take the wait out of %s, or have %s started first",
                        self->unit->name, other->unit->name, why, told, self->unit->name, other->unit->name));
}

/* Where a name is made when the script runs, every stack of the swarm that is named in it may be meant. */
static void guess_deploys(const struct judging *j, struct road *road)
{
        for (size_t i = 0; i < j->name_count && road->sources.unnamed; i++) {
                const char *stack = j->names[i].stack;
                bool named = false;
                for (size_t k = 0; k < road->sources.items.count && !named; k++) {
                        const struct road_statements *all = &road->sources.items.items[k].statements;
                        for (size_t n = 0; n < all->items.count && !named; n++)
                                named = !road_statement_waits(&all->items.items[n]) &&
                                        road_text_names(all->items.items[n].text, stack, false);
                }
                if (named && !is_deployed_by(road, stack))
                        *list_add(&road->sources.deploys.items) = text_copy(stack);
        }
}

static bool is_known(const struct judging *j, const char *id)
{
        for (size_t i = 0; i < j->roads.count; i++)
                if (text_equal(j->roads.items[i].id, id))
                        return true;
        return false;
}

static void add_road(struct judging *j, const struct unit_state *unit, road_reader read, void *userdata)
{
        const char *id = unit->id ? unit->id : unit->name;

        if (is_known(j, id))
                return;
        judge_unit(j, unit);
        struct road *road = list_add(&j->roads);
        *road = (struct road){.unit = unit, .id = id, .node = node_of(j, id)};
        road_sources_of(unit, read, userdata, &road->sources);
        guess_deploys(j, road);
        add_edges(j, road);
}

void road_order_judge(const struct unit_state *units, size_t count, const struct road_name *names,
                      size_t name_count, road_reader read, void *userdata, struct road_findings *ret_findings)
{
        _cleanup_(judging_done) struct judging j = {
                .names = names, .name_count = name_count, .findings = ret_findings};

        for (size_t i = 0; i < count; i++)
                add_road(&j, &units[i], read, userdata);
        for (size_t i = 0; i < j.roads.count; i++)
                reach(&j, &j.roads.items[i]);
        for (size_t i = 0; i < j.roads.count; i++)
                for (size_t k = i + 1; k < j.roads.count; k++) {
                        judge_order(&j, &j.roads.items[i], &j.roads.items[k]);
                        judge_wait(&j, &j.roads.items[i], &j.roads.items[k], true);
                        judge_wait(&j, &j.roads.items[k], &j.roads.items[i], false);
                }
}
