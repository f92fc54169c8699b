#include "sim/bench/read.h"

#include "sim/bench/schedule.h"
#include "sim/scenario/roster.h"
#include "sim/timing.h"

/*
 * What a scenario may be, and a schedule's swarm may not: slower than headroom's own waits allow for, which
 * are of fixed length, or with more to wait for than the bench lets it call. That would be blamed on
 * headroom.
 */

#define ALLOCATE_MS_MAX 2000  /* after 3 s headroom takes it that a network will not get its subnet */
#define DRAIN_MS_MAX    30000 /* a network has 60 s for going away */
#define RESTART_MS_MAX  (30LL * 60 * 1000) /* nothing due for an hour is taken for rest */

/* What all services on the network take to go away once and to come up: some 30 calls a minute. */
#define MOVED_MS_MAX   (40LL * 60 * 1000)
#define PATIENT_MS_MAX (4LL * 60 * 1000) /* ... and some 900 */
#define SERVICE_MS     30000             /* of each for the calls themselves */

#define MINUTE_MS 60000

static int refuse_timing(const struct scenario *scenario, struct error *error)
{
        const struct {
                const char *key;
                int64_t ms, max_ms;
        } times[] = {
                {"call", scenario->call_ms, CALL_MS_MAX},
                {"allocate", scenario->allocate_ms, ALLOCATE_MS_MAX},
                {"drain", scenario->drain_ms, DRAIN_MS_MAX},
                {"jitter", scenario->jitter_ms, JITTER_MS_MAX},
        };

        for (size_t i = 0; i < ELEMENTS(times); i++)
                if (times[i].ms > times[i].max_ms)
                        return scenario_refuse(
                                scenario, scenario->timing_line, error,
                                "%s is at most %ds in a schedule: beyond that headroom's own waits run out",
                                times[i].key, (int)(times[i].max_ms / 1000));
        return 0;
}

static bool is_on(const struct roster *roster, const struct roster_service *service, const char *network)
{
        for (size_t i = 0; i < roster_join_count(service); i++)
                if (text_equal(roster->networks.items[roster_join(roster, service, i)].name, network))
                        return true;
        return false;
}

/* What becomes of a service whose tasks don't stay up is up to chance. */
static int refuse_restless(const struct scenario *scenario, const struct roster_service *service,
                           struct error *error)
{
        const struct scenario_sketch *sketch = service->sketch;
        struct sim_model model = scenario_model_of(scenario, sketch);
        bool ends = model.run_ms && sketch->restart != RESTART_NONE &&
                    sketch->restart != RESTART_ON_FAILURE && !sketch->job;

        if ((!model.fails && !ends) || !roster_tasks(service, scenario->nodes.count))
                return 0;
        return scenario_refuse(scenario, service->line, error,
                               "%s is on the network that is to be moved, and its tasks %s: no run could "
                               "bring it to rest; say it as a fault (unhealthy)",
                               service->name,
                               model.fails ? "never come up" : "end by themselves again and again");
}

static int64_t service_takes_ms(const struct scenario *scenario, const struct roster_service *service)
{
        const struct scenario_sketch *sketch = service->sketch;
        const struct sim_model model = scenario_model_of(scenario, sketch);
        int64_t grace_ms = sketch->stop_grace_ms ? sketch->stop_grace_ms : TASK_STOP_GRACE_MS;
        int64_t task_ms = model.start_ms + model.healthy_after_ms + MIN(model.stop_ms, grace_ms) +
                          sketch->update.delay_ms + 2 * scenario->jitter_ms;

        return SERVICE_MS + (sketch->update.monitor_ms ? sketch->update.monitor_ms : UPDATE_MONITOR_MS) +
               (int64_t)roster_tasks(service, scenario->nodes.count) * task_ms;
}

static int refuse_slow(const struct schedule *schedule, const struct roster_service *service,
                       int64_t takes_ms, struct error *error)
{
        int64_t max_ms = schedule->patient ? PATIENT_MS_MAX : MOVED_MS_MAX;
        int64_t minutes = takes_ms / MINUTE_MS + 1;

        if (takes_ms <= max_ms)
                return 0;
        return scenario_refuse(
                schedule->scenario, service->line, error,
                "with %s the services on %s take %lld minutes to stop and start one after the other, and "
                "%d is the limit of a schedule%s",
                service->name, schedule_network(schedule), (long long)minutes, (int)(max_ms / MINUTE_MS),
                schedule->patient ? " with `patient: true`" : "");
}

static int refuse_services(const struct schedule *schedule, const struct roster *roster, struct error *error)
{
        const struct scenario *scenario = schedule->scenario;
        int64_t takes_ms = 0;

        for (size_t i = 0; i < roster->services.count; i++) {
                const struct roster_service *service = &roster->services.items[i];
                if (service->sketch->restart_delay_ms > RESTART_MS_MAX)
                        return scenario_refuse(scenario, service->line, error,
                                               "restart_delay of %s is at most %d minutes in a schedule: "
                                               "longer, and the swarm is taken to be at rest",
                                               service->name, (int)(RESTART_MS_MAX / MINUTE_MS));
                if (!is_on(roster, service, schedule_network(schedule)))
                        continue;
                takes_ms += service_takes_ms(scenario, service);
                if (refuse_restless(scenario, service, error) < 0 ||
                    refuse_slow(schedule, service, takes_ms, error) < 0)
                        return -1;
        }
        return 0;
}

int bounds_check(const struct schedule *schedule, struct error *error)
{
        _cleanup_roster_ struct roster roster = {0};

        if (!schedule->scenario)
                return 0;
        if (refuse_timing(schedule->scenario, error) < 0 ||
            roster_make(schedule->scenario, schedule->seed, &roster, error) < 0)
                return -1;
        return refuse_services(schedule, &roster, error);
}
