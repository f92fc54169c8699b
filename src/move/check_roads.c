#include "move/check_inside.h"

#include "host/command.h"
#include "move/road/order.h"

/* The points about the roads: the commands can be run, and the units restarted one after the other. */

#define LOOK_UP_MS 5000

/* The first word of a command, when it can be looked up: a path or a plain name. */
static char *program_of(const char *command)
{
        size_t length = strcspn(command, " \t\n");

        for (size_t i = 0; i < length; i++)
                if (strchr("$`'\"(){};|&<>*?[]=!~\\", command[i]))
                        return NULL;
        return length ? text_copy_n(command, length) : NULL;
}

/* The shell knows its own words, and where programs are. */
static void check_command(struct checking *c, const struct plan_road *road)
{
        _cleanup_free_ char *program = program_of(road->text);
        _cleanup_free_ char *ask = text_format("command -v -- %s", program ? program : ":");
        _cleanup_error_ struct error told = {0};
        char *subject = text_format("road `%s`", road->text);
        char *claim = text_copy("can be run");
        int status = 0;

        if (command_ask(ask, LOOK_UP_MS, &status, NULL, &told) < 0)
                check_add(c, CHECK_UNKNOWN, subject, claim, text_copy(told.sentence));
        else if (status)
                check_add(c, check_obstacle(c), subject, claim,
                          text_format("there is no program %s", program));
        else
                check_add(c, CHECK_PASS, subject, claim,
                          text_copy(program ? "its program is there" : "a command of the shell"));
}

/* The states of the plan's units, in the plan's order. */
struct road_units {
        LIST(struct unit_state) items;
};

static void road_units_done(struct road_units *units)
{
        for (size_t i = 0; i < units->items.count; i++)
                unit_state_done(&units->items.items[i]);
        free(units->items.items);
}

static int look_at_units(struct checking *c, struct road_units *units, struct error *error)
{
        if (!c->move.units && units_open(&c->move.units, error) < 0)
                return -1;
        for_each_road (road, c->plan)
                if (road->kind == ROAD_UNIT &&
                    unit_look(c->move.units, road->text, list_add(&units->items), error) < 0)
                        return -1;
        return 0;
}

/* The names by which commands may speak of what a unit deploys. */
struct road_names {
        LIST(struct road_name) items;
        LIST(char *) hosts;
};

static void road_names_done(struct road_names *names)
{
        for (size_t i = 0; i < names->hosts.count; i++)
                free(names->hosts.items[i]);
        free(names->hosts.items);
        free(names->items.items);
}

static void add_names_of(const struct service *service, struct road_names *names)
{
        const char *stack = service->stack ? service->stack : service->name;

        *list_add(&names->items) = (struct road_name){service->name, stack};
        for_each_attachment (attachment, service)
                for (size_t i = 0; i < attachment->alias_count; i++)
                        *list_add(&names->items) = (struct road_name){attachment->aliases[i], stack};
}

/* The host of a page that a service serves. */
static void add_host(const struct plan_page *page, const struct service *service, struct road_names *names)
{
        const char *host = strstr(page->url, "://");
        const char *stack = service->stack ? service->stack : service->name;

        if (!host)
                return;
        host += strlen("://");
        char *name = text_copy_n(host, strcspn(host, ":/?#"));
        *list_add(&names->hosts) = name;
        *list_add(&names->items) = (struct road_name){name, stack};
}

static void gather_names(const struct checking *c, struct road_names *names)
{
        for_each_service (service, &c->swarm)
                add_names_of(service, names);
        for (size_t i = 0; i < c->plan->pages.count; i++) {
                const struct plan_page *page = &c->plan->pages.items[i];
                const struct service *service =
                        page->service ? swarm_service_by_id(&c->swarm, page->service) : NULL;
                if (service && page->at)
                        add_host(page, service, names);
        }
}

static void add_units(struct checking *c, const struct road_units *units)
{
        _cleanup_road_findings_ struct road_findings findings = {0};
        _cleanup_(road_names_done) struct road_names names = {0};

        gather_names(c, &names);
        road_order_judge(units->items.items, units->items.count, names.items.items, names.items.count,
                         road_read_file, NULL, &findings);
        for (size_t i = 0; i < findings.items.count; i++)
                check_add(c, check_obstacle(c), text_copy(findings.items.items[i].subject),
                          text_copy("can be restarted in the plan's order"),
                          text_copy(findings.items.items[i].sentence));
        if (!findings.items.count)
                check_add(c, CHECK_PASS, text_format("%zu units to restart", units->items.count),
                          text_copy("are there, and none waits for a later one"), text_copy("so"));
}

static size_t count_roads(const struct plan *plan, bool units)
{
        size_t count = 0;

        for_each_road (road, plan)
                count += (road->kind == ROAD_UNIT) == units;
        return count;
}

int check_roads(struct checking *c, _unused_ struct error *error)
{
        _cleanup_(road_units_done) struct road_units units = {0};
        _cleanup_error_ struct error told = {0};

        if (c->plan->roads.count && !c->move.here) {
                check_add(c, CHECK_UNKNOWN, text_copy("roads"), text_copy("can be gone"),
                          text_copy(CHECK_ELSEWHERE));
                return 0;
        }
        for_each_road (road, c->plan)
                if (road->kind != ROAD_UNIT)
                        check_command(c, road);
        if (!count_roads(c->plan, true))
                return 0;
        if (look_at_units(c, &units, &told) < 0)
                check_add(c, check_obstacle(c), text_copy("units to restart"), text_copy("can be asked"),
                          text_copy(told.sentence));
        else
                add_units(c, &units);
        return 0;
}

/* Of one road; a move that was never made here has none to tell of. */
static int check_road_gone(struct checking *c, size_t index, struct error *error)
{
        const struct step step = {STEP_ROAD, index};
        _cleanup_free_ char *waiting = NULL;
        enum level level;

        if (step_look(&c->move, &step, &level, &waiting, error) < 0)
                return -1;
        check_add(c, level == LEVEL_DONE ? CHECK_PASS : CHECK_FAIL,
                  text_format("road `%s`", c->plan->roads.items[index].text), text_copy("was gone"),
                  text_copy(level == LEVEL_DONE   ? "so"
                            : level == LEVEL_WAIT ? "goes on still"
                                                  : "has not come to a good end: the same `headroom apply` "
                                                    "goes on with it"));
        return 0;
}

int check_roads_gone(struct checking *c, _unused_ struct error *error)
{
        if (!c->move.here || !c->move.folder || access(c->move.folder, F_OK) < 0)
                return 0;
        for (size_t i = 0; i < c->plan->roads.count; i++) {
                _cleanup_error_ struct error told = {0};
                if (check_road_gone(c, i, &told) < 0)
                        check_add(c, CHECK_UNKNOWN, text_format("road `%s`", c->plan->roads.items[i].text),
                                  text_copy("was gone"), text_copy(told.sentence));
        }
        return 0;
}
