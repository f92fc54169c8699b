#pragma once

/* What tests of whole moves share: services to move, a plan of them, a folder for records, a silent observer.
 */

#include "fake_swarm.h"

#include "move/move.h"
#include "move/run.h"

#include <ftw.h>

#define NET_SUBNET "10.0.1.0/24"
#define SETTLE_MS  10000

#define NETWORK(name, subnet, attachable)                                                                    \
        "{\"Name\":\"" name "\",\"Driver\":\"overlay\",\"Attachable\":" attachable                           \
        ",\"IPAM\":{\"Config\":[{\"Subnet\":\"" subnet "\"}]},\"Options\":{"                                 \
        "\"com.docker.network.driver.overlay.vxlanid_list\":\"4097\",\"encrypted\":\"\"},\"Labels\":{\"l\":" \
        "\"v\"}}"

#define HEALTH ",\"Healthcheck\":{\"Test\":[\"CMD\",\"true\"]}"
#define ONE    "\"Mode\":{\"Replicated\":{\"Replicas\":1}}"
#define TWO    "\"Mode\":{\"Replicated\":{\"Replicas\":2}}"

/* A spec: name, more of the container, networks, and its other members. */
static inline void add_service(struct fake *fake, const char *name, const char *container,
                               const char *networks, const char *more)
{
        fake_service_add(
                fake,
                text_format("{\"Name\":\"%s\",\"Labels\":{\"big\":\"18446744073709551615\"},"
                            "\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\",\"Env\":[\"P=hunter2\"]%s},"
                            "\"Placement\":{},\"Networks\":[%s],\"ForceUpdate\":18446744073709551615},%s}",
                            name, container, networks, more));
}

static inline bool is_up(const struct fake *fake, size_t service)
{
        unsigned running = 0;

        for (size_t i = 0; i < fake->tasks.count; i++) {
                const struct fake_task *task = &fake->tasks.items[i];
                running += task->service == service && task->state == FAKE_RUNNING && !task->leaving;
        }
        return running == fake->services.items[service].replicas;
}

static inline void make_plan(struct fake *fake, struct plan *ret_plan)
{
        const struct plan_wish wish = {.network = "proxy", .length_bits = 16};
        _cleanup_error_ struct error error = {0};

        if (plan_make(&fake->engine, &wish, ret_plan, &error) < 0)
                fail_msg("%s", error.sentence);
}

static inline void quiet_waiting(void *userdata, size_t number, size_t total, const char *title,
                                 const char *waiting_for)
{
}
static inline void quiet_settled(void *userdata, size_t number, size_t total, const char *title, bool acted)
{
}
static inline void quiet_note(void *userdata, const char *text)
{
}
static const struct run_observer quiet = {
        .waiting = quiet_waiting, .settled = quiet_settled, .note = quiet_note};

/* A folder in memory where there is one: a move syncs its records to the disk. */
static char state_folder[64];

static inline int state_folder_make(void **state)
{
        (void)state;
        snprintf(state_folder, sizeof(state_folder), "%s/headroom-steps-XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        return mkdtemp(state_folder) ? 0 : -1;
}

static inline int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
        return remove(path);
}

static inline int state_folder_remove(void **state)
{
        (void)state;
        return nftw(state_folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}
