#include "move/move.h"

#include <stdio.h>

#define NETWORK_BOUND_MS 60000
#define DRAIN_BASE_MS    60000
#define QUICK_BOUND_MS   30000
#define EDGE_BOUND_MS    300000 /* its containers are connected one by one */
#define UNIT_BOUND_MS    120000 /* systemd's own bound for stopping one is 90 s */
#define ROAD_SPARE_MS    30000  /* beyond its own bound, for ending it */
#define ATTACH_BOUND_MS                                                                                      \
        120000 /* a busy engine gives up attaching a container after 20 s, and is asked again */

/* What a step is about, for its title and for what `index` means. */
enum step_subject {
        SUBJECT_NET,
        SUBJECT_HOP,
        SUBJECT_SERVICE,
        SUBJECT_CONTAINER,
        SUBJECT_PAUSE_UNIT,
        SUBJECT_PAUSE_SERVICE,
        SUBJECT_PATCH,
        SUBJECT_ROAD,
        SUBJECT_NONE,
};

/* The one table of step kinds. */
static const struct step_info {
        const char *name;
        const char *title; /* with one %s for the subject's name, unless it has none */
        enum step_subject subject;
        look_function look;
        act_function act;
        int64_t bound_ms; /* 0: as long as the plan allows its services */
        bool again;       /* acting again is harmless and may help: names stay taken for a while */
        bool disrupts;
} infos[STEP_KINDS] = {
        [STEP_PAUSE_UNIT] = {"pause-unit", "pause unit %s", SUBJECT_PAUSE_UNIT, look_pause_unit,
                             act_pause_unit, UNIT_BOUND_MS, true, false},
        [STEP_PAUSE_SERVICE] = {"pause-service", "pause service %s", SUBJECT_PAUSE_SERVICE,
                                look_pause_service, act_pause_service, DRAIN_BASE_MS, false, false},
        [STEP_HOP_CREATE] = {"hop-create", "create the hop network %s: lock and way back", SUBJECT_HOP,
                             look_hop_create, act_hop_create, QUICK_BOUND_MS, false},
        [STEP_ANCHOR_HOP] = {"anchor-hop", "make %s live on this node", SUBJECT_HOP, look_anchor, act_anchor,
                             ATTACH_BOUND_MS, true},
        [STEP_EDGE_REACH_HOP] = {"edge-reach-hop", "connect the running %s to the hop", SUBJECT_SERVICE,
                                 look_edge, act_edge, EDGE_BOUND_MS, true},
        [STEP_CONTAINER_REACH_HOP] = {"container-reach-hop", "connect container %s to the hop",
                                      SUBJECT_CONTAINER, look_container_hop, act_container_hop,
                                      ATTACH_BOUND_MS, true},
        [STEP_SERVICE_TO_HOP] = {"service-to-hop", "service %s to the hop", SUBJECT_SERVICE, look_service_hop,
                                 act_service_hop, 0, false, true},
        [STEP_CONTAINER_TO_HOP] = {"container-to-hop", "container %s to the hop", SUBJECT_CONTAINER,
                                   look_container_hop, act_container_hop, ATTACH_BOUND_MS, true, true},
        [STEP_CLEAR_NET] = {"clear-net", "take live connections off %s", SUBJECT_NET, look_clear, act_clear,
                            QUICK_BOUND_MS, true},
        [STEP_DRAIN_NET] = {"drain-net", "wait until nobody has an address on %s", SUBJECT_NET, look_drain,
                            act_clear, DRAIN_BASE_MS, true},
        [STEP_NET_REMOVE] = {"net-remove", "remove %s", SUBJECT_NET, look_remove, act_remove,
                             NETWORK_BOUND_MS, true, true},
        [STEP_NET_CREATE] = {"net-create", "create %s anew", SUBJECT_NET, look_net_create, act_net_create,
                             NETWORK_BOUND_MS, true},
        [STEP_CONTAINER_REACH_NET] = {"container-reach-net", "connect container %s to the network",
                                      SUBJECT_CONTAINER, look_container_hop, act_container_hop,
                                      ATTACH_BOUND_MS, true},
        [STEP_ANCHOR_NET] = {"anchor-net", "make %s live on this node", SUBJECT_NET, look_anchor, act_anchor,
                             ATTACH_BOUND_MS, true},
        [STEP_EDGE_REACH_NET] = {"edge-reach-net", "connect the running %s to the network", SUBJECT_SERVICE,
                                 look_edge, act_edge, EDGE_BOUND_MS, true},
        [STEP_SERVICE_TO_NET] = {"service-to-net", "service %s back to the network", SUBJECT_SERVICE,
                                 look_service_hop, act_service_hop, 0, false, true},
        [STEP_CONTAINER_TO_NET] = {"container-to-net", "container %s back to the network", SUBJECT_CONTAINER,
                                   look_container_hop, act_container_hop, ATTACH_BOUND_MS, true, true},
        [STEP_ANCHOR_DROP] = {"anchor-drop",
                              "give back what headroom holds of %s, as far as the edge needs it", SUBJECT_NET,
                              look_anchor_drop, act_anchor_drop, QUICK_BOUND_MS, true, false},
        [STEP_SETTINGS_RESTORE] = {"settings-restore", "update settings of %s as they were", SUBJECT_SERVICE,
                                   look_settings, act_settings, QUICK_BOUND_MS, false},
        [STEP_CLEAR_HOP] = {"clear-hop", "take live connections off %s", SUBJECT_HOP, look_clear, act_clear,
                            QUICK_BOUND_MS, true},
        [STEP_DRAIN_HOP] = {"drain-hop", "wait until nobody has an address on %s", SUBJECT_HOP, look_drain,
                            act_clear, DRAIN_BASE_MS, true},
        [STEP_HOP_REMOVE] = {"hop-remove", "remove %s", SUBJECT_HOP, look_remove, act_remove,
                             NETWORK_BOUND_MS, true},
        [STEP_ANCHOR_REMOVE] = {"anchor-remove", "remove what headroom put on this node", SUBJECT_NONE,
                                look_anchor_remove, act_anchor_remove, QUICK_BOUND_MS, true},
        [STEP_PATCH] = {"patch", "declare the subnet in %s", SUBJECT_PATCH, look_patch, act_patch,
                        QUICK_BOUND_MS, true, false},
        [STEP_ROAD] = {"road", "deploy again: %s", SUBJECT_ROAD, look_road, act_road, 0, true, false},
        [STEP_RESUME_SERVICE] = {"resume-service", "resume service %s", SUBJECT_PAUSE_SERVICE,
                                 look_resume_service, act_resume_service, DRAIN_BASE_MS, false, false},
        [STEP_RESUME_UNIT] = {"resume-unit", "resume unit %s", SUBJECT_PAUSE_UNIT, look_resume_unit,
                              act_resume_unit, UNIT_BOUND_MS, true, false},
};

static void add(struct steps *steps, enum step_kind kind, size_t index)
{
        *list_add(&steps->items) = (struct step){kind, index};
}

static void add_edges(struct steps *steps, const struct plan *plan, enum step_kind kind)
{
        for (size_t i = 0; plan->live_connect && i < plan->services.count; i++)
                if (plan->services.items[i].edge)
                        add(steps, kind, i);
}

static void add_containers(struct steps *steps, const struct plan *plan, enum step_kind kind)
{
        for (size_t i = 0; i < plan->containers.count; i++)
                add(steps, kind, i);
}

static void add_services(struct steps *steps, const struct plan *plan, enum step_kind kind)
{
        for (size_t i = 0; i < plan->services.count; i++)
                add(steps, kind, i);
}

/*
 * Back to NET. In an undo NET may still be the exhausted network: those that were waiting for an address go
 * last, so that they can't take one from those that had it; and before each edge moves, headroom gives back
 * of what it took itself as much as the edge needs.
 */
static void add_services_back(struct steps *steps, const struct plan *plan, enum goal goal)
{
        for (int late = 0; late < 2; late++)
                for (size_t i = 0; i < plan->services.count; i++) {
                        const struct plan_service *service = &plan->services.items[i];
                        if ((goal == GOAL_OLD && service->stuck) != (bool)late)
                                continue;
                        if (service->edge && goal == GOAL_OLD && plan->live_connect)
                                add(steps, STEP_ANCHOR_DROP, i);
                        add(steps, STEP_SERVICE_TO_NET, i);
                }
}

static void add_each(struct steps *steps, enum step_kind kind, size_t count)
{
        for (size_t i = 0; i < count; i++)
                add(steps, kind, i);
}

static bool lasts_to_the_end(const struct spec_edits *edits)
{
        for (size_t i = 0; i < edits->items.count; i++)
                if (edits->items.items[i].until == EDIT_UNTIL_END)
                        return true;
        return false;
}

void steps_of(const struct plan *plan, enum goal goal, struct steps *ret_steps)
{
        struct steps steps = {0};

        add_each(&steps, STEP_PAUSE_UNIT, plan->pause_units.count);
        add_each(&steps, STEP_PAUSE_SERVICE, plan->pauses.count);
        add(&steps, STEP_HOP_CREATE, 0);
        if (plan->live_connect)
                add(&steps, STEP_ANCHOR_HOP, 0);
        add_edges(&steps, plan, STEP_EDGE_REACH_HOP);
        add_containers(&steps, plan, STEP_CONTAINER_REACH_HOP);
        add_services(&steps, plan, STEP_SERVICE_TO_HOP);
        add_containers(&steps, plan, STEP_CONTAINER_TO_HOP);
        add(&steps, STEP_CLEAR_NET, 0);
        add(&steps, STEP_DRAIN_NET, 0);
        add(&steps, STEP_NET_REMOVE, 0);
        add(&steps, STEP_NET_CREATE, 0);
        /* Containers before all others: their addresses are free as long as nobody has been given one. */
        add_containers(&steps, plan, STEP_CONTAINER_REACH_NET);
        if (plan->live_connect)
                add(&steps, STEP_ANCHOR_NET, 0);
        add_edges(&steps, plan, STEP_EDGE_REACH_NET);
        add_services_back(&steps, plan, goal);
        add_containers(&steps, plan, STEP_CONTAINER_TO_NET);
        for (size_t i = 0; i < plan->services.count; i++)
                if (lasts_to_the_end(&plan->services.items[i].edits))
                        add(&steps, STEP_SETTINGS_RESTORE, i);
        add(&steps, STEP_CLEAR_HOP, 0);
        add(&steps, STEP_DRAIN_HOP, 0);
        add(&steps, STEP_HOP_REMOVE, 0);
        add(&steps, STEP_ANCHOR_REMOVE, 0);
        for (size_t i = 0; i < plan->patches.count; i++)
                if (plan->patches.items[i].in_place)
                        add(&steps, STEP_PATCH, i);
        add_each(&steps, STEP_ROAD, plan->roads.count);
        add_each(&steps, STEP_RESUME_SERVICE, plan->pauses.count);
        add_each(&steps, STEP_RESUME_UNIT, plan->pause_units.count);
        *ret_steps = steps;
}

void steps_done(struct steps *steps)
{
        free(steps->items.items);
        *steps = (struct steps){0};
}

static const char *subject_name(const struct step *step, const struct plan *plan)
{
        switch (infos[step->kind].subject) {
        case SUBJECT_NET:
                return plan->network;
        case SUBJECT_HOP:
                return plan->hop;
        case SUBJECT_SERVICE:
                return plan->services.items[step->index].name;
        case SUBJECT_CONTAINER:
                return plan->containers.items[step->index].name;
        case SUBJECT_PAUSE_UNIT:
                return plan->pause_units.items[step->index];
        case SUBJECT_PAUSE_SERVICE:
                return plan->pauses.items[step->index].name;
        case SUBJECT_PATCH:
                return plan->patches.items[step->index].path;
        case SUBJECT_ROAD:
                return plan->roads.items[step->index].text;
        default:
                return "";
        }
}

char *step_title(const struct step *step, const struct plan *plan)
{
        const char *title = infos[step->kind].title;
        const char *at = strstr(title, "%s");

        if (!at)
                return text_copy(title);
        return text_format("%.*s%s%s", (int)(at - title), title, subject_name(step, plan), at + 2);
}

const char *step_name(enum step_kind kind)
{
        return infos[kind].name;
}

bool step_may_act_again(const struct step *step)
{
        return infos[step->kind].again;
}

bool step_disrupts(const struct step *step)
{
        return infos[step->kind].disrupts;
}

static bool reaches_for(enum step_kind kind, enum step_kind service)
{
        return service == STEP_SERVICE_TO_HOP   ? kind == STEP_ANCHOR_HOP || kind == STEP_EDGE_REACH_HOP
               : service == STEP_SERVICE_TO_NET ? kind == STEP_ANCHOR_NET || kind == STEP_EDGE_REACH_NET
                                                : false;
}

bool steps_need(const struct steps *steps, size_t index, size_t earlier)
{
        const struct step *items = steps->items.items;

        for (size_t i = earlier; i < index; i++)
                if (items[i].kind == STEP_ANCHOR_DROP)
                        return false;
        return reaches_for(items[earlier].kind, items[index].kind);
}

int step_look(struct move *move, const struct step *step, enum level *ret_level, char **ret_waiting,
              struct error *error)
{
        if (move_refresh(move, error) < 0)
                return -1;
        return infos[step->kind].look(move, step, ret_level, ret_waiting, error);
}

int step_act(struct move *move, const struct step *step, struct error *error)
{
        return infos[step->kind].act(move, step, error);
}

int64_t step_bound_ms(const struct move *move, const struct step *step)
{
        const struct plan *plan = move->plan;
        int64_t longest = 0;

        if (infos[step->kind].subject == SUBJECT_SERVICE && infos[step->kind].bound_ms == 0)
                return plan->services.items[step->index].settle_bound_ms;
        if (step->kind == STEP_ROAD)
                return (int64_t)plan->roads_timeout_s * 1000 + ROAD_SPARE_MS;
        if (infos[step->kind].look == look_drain) /* the slowest of those that leave */
                for_each_planned (service, plan)
                        longest = MAX(longest, service->settle_bound_ms);
        return infos[step->kind].bound_ms + longest;
}
