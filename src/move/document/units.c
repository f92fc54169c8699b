#include "base/file.h"
#include "move/document/inside.h"

#include <sys/stat.h>

/* The units by which the host is deployed, as systemd knows them now. */

#define SCRIPT_BYTES_MAX ((size_t)256 << 10)
#define UNITS_MAX        64 /* those of the roads and those they need */

static bool is_there(const struct facts *facts, const char *name)
{
        for (size_t i = 0; i < facts->units.count; i++)
                if (text_equal(facts->units.items[i].state.name, name) ||
                    text_equal(facts->units.items[i].state.id, name))
                        return true;
        return false;
}

static bool creates(const char *text, const char *network)
{
        return strstr(text, "network create") && strstr(text, network);
}

/* Whether a command of the unit, or the script it runs, creates the network: told to a reader, and relied
 * upon by nobody. */
static bool unit_creates(const struct unit_state *state, const char *network)
{
        for (size_t i = 0; i < state->commands.items.count; i++) {
                const char *command = state->commands.items.items[i];
                _cleanup_free_ char *path = text_copy_n(command, strcspn(command, " "));
                _cleanup_buffer_ struct buffer script = {0};
                struct stat status;
                if (creates(command, network))
                        return true;
                if (path[0] == '/' && stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
                    file_read(path, SCRIPT_BYTES_MAX, &script, NULL) == 0 &&
                    creates(buffer_text(&script), network))
                        return true;
        }
        return false;
}

static void look(struct facts *facts, struct units *units, const char *name, bool road)
{
        _cleanup_error_ struct error told = {0};
        struct document_unit unit = {.road = road};

        if (unit_look(units, name, &unit.state, &told) < 0) {
                unit.state.name = text_copy(name);
                unit.unknown = text_copy(told.sentence);
        }
        unit.creates = unit_creates(&unit.state, facts->plan->network);
        *list_add(&facts->units) = unit;
}

bool unit_is_service(const char *name)
{
        size_t length = strlen(name);

        return length > strlen(".service") && text_equal(name + length - strlen(".service"), ".service");
}

/* What creates the network is most often needed by what is deployed, and no road of its own. The engine's own
 * units are no part of the deployment. */
static bool is_of_interest(const char *name)
{
        return unit_is_service(name) && !text_equal(name, "docker.service") &&
               !text_equal(name, "containerd.service");
}

static void look_at_needed(struct facts *facts, struct units *units)
{
        size_t roads = facts->units.count;

        for (size_t i = 0; i < roads; i++)
                for (size_t j = 0; j < facts->units.items[i].state.requires.items.count; j++) {
                        _cleanup_free_ char *name =
                                text_copy(facts->units.items[i].state.requires.items.items[j]);
                        if (facts->units.count < UNITS_MAX && is_of_interest(name) && !is_there(facts, name))
                                look(facts, units, name, false);
                }
}

void facts_gather_units(struct facts *facts)
{
        _cleanup_units_ struct units *opened = NULL;
        _cleanup_error_ struct error told = {0};
        struct units *units = facts->wish->units;
        bool any = false;

        for (size_t i = 0; i < facts->plan->roads.count; i++)
                any = any || facts->plan->roads.items[i].kind == ROAD_UNIT;
        if (any && !units && units_open(&opened, &told) < 0)
                facts->units_unknown = text_copy(told.sentence);
        units = units ? units : opened;
        for (size_t i = 0; units && i < facts->plan->roads.count && facts->units.count < UNITS_MAX; i++)
                if (facts->plan->roads.items[i].kind == ROAD_UNIT)
                        look(facts, units, facts->plan->roads.items[i].text, true);
        if (units)
                look_at_needed(facts, units);
}
