#include "sim/forecast/forecast.h"

#include "pool/choose.h"
#include "sim/forecast/jobs.h"
#include "sim/forecast/quantity.h"

/*
 * First the workload runs as it is; what ran full then in half of the runs gets a larger subnet in the
 * variants that have one. Every variant uses the same seeds, so that they differ by what they change only.
 */

#define FULL_SHARE 0.5 /* of the runs: from here on a pool is one that runs full */

static const struct {
        const char *name, *title;
} variants[] = {
        [VARIANT_AS_IT_IS] = {"as-it-is", "as it is"},
        [VARIANT_RECLAIMED] = {"reclaimed", "leaks reclaimed now"},
        [VARIANT_HELD] = {"held", "no new leaks: removals held"},
        [VARIANT_LARGER] = {"larger", "larger subnet"},
        [VARIANT_LARGER_AND_HELD] = {"larger-and-held", "larger subnet, removals held"},
        [VARIANT_ROTATED] = {"rotated", "leader changed regularly"},
};

_Static_assert(ELEMENTS(variants) == VARIANTS, "every variant has its words");
_Static_assert(sizeof(struct course) <= JOBS_RECORD_MAX, "a course goes through a pipe at once");

const char *forecast_variant_name(enum forecast_variant variant)
{
        return variants[variant].name;
}

const char *forecast_variant_title(enum forecast_variant variant)
{
        return variants[variant].title;
}

void forecast_done(struct forecast *forecast)
{
        accounts_done(&forecast->accounts);
        free(forecast->pools.items);
        free(forecast->rows.items);
        free(forecast->no_larger);
        *forecast = (struct forecast){0};
}

/* Which networks */

static const struct account *account_named(const struct accounts *accounts, const char *name)
{
        for_each_account (account, accounts)
                if (name ? text_equal(account->network->name, name) : account->network->ingress)
                        return account;
        return NULL;
}

static void add_pool(struct forecast *forecast, const struct account *account)
{
        *list_add(&forecast->pools) =
                (struct forecast_pool){.account = account,
                                       .leaked = account->leaked,
                                       .subnet = account->network->subnets.items[0].prefix};
}

static struct forecast_pool *pool_named(const struct forecast *forecast, const char *name)
{
        for (size_t i = 0; i < forecast->pools.count; i++)
                if (text_equal(forecast->pools.items[i].account->network->name, name))
                        return &forecast->pools.items[i];
        return NULL;
}

static int tell_leaked(const struct forecast *forecast, const struct forecast_leaked *told,
                       struct error *error)
{
        struct forecast_pool *pool = pool_named(forecast, told->network);

        if (!pool)
                return error_set(error, ERROR_USAGE, "the workload's services join no network %s",
                                 told->network);
        uint64_t room = pool->account->capacity - MIN(pool->account->owned, pool->account->capacity);
        if (told->count > room)
                return error_set(error, ERROR_USAGE,
                                 "%llu addresses can't have leaked on %s: only %llu have no owner",
                                 (unsigned long long)told->count, told->network, (unsigned long long)room);
        pool->leaked = (struct interval){told->count, told->count};
        return 0;
}

static int find_pools(struct forecast *forecast, struct error *error)
{
        const struct workload *workload = forecast->workload;

        for (size_t i = 0; i < workload->shared.count; i++)
                add_pool(forecast, account_named(&forecast->accounts, workload->shared.items[i].name));
        if (workload->ingress)
                add_pool(forecast, account_named(&forecast->accounts, NULL));
        if (forecast->pools.count > COURSE_POOLS_MAX)
                return error_set(error, ERROR_REFUSED, "the workload joins %zu networks; %d are the most",
                                 forecast->pools.count, COURSE_POOLS_MAX);
        if (!forecast->pools.count)
                return error_set(error, ERROR_REFUSED,
                                 "%s joins no network that the swarm has, and so none can run full by it",
                                 workload->path);
        for (size_t i = 0; i < forecast->settings.leaked.count; i++)
                if (tell_leaked(forecast, &forecast->settings.leaked.items[i], error) < 0)
                        return -1;
        return 0;
}

/* One variant */

static bool is_held(enum forecast_variant variant)
{
        return variant == VARIANT_HELD || variant == VARIANT_LARGER_AND_HELD;
}

static bool is_larger(enum forecast_variant variant)
{
        return variant == VARIANT_LARGER || variant == VARIANT_LARGER_AND_HELD;
}

/* What has leaked when it begins. A network that was made anew has lost nothing yet. */
static struct interval leaked_at_first(enum forecast_variant variant, const struct forecast_pool *pool)
{
        if (variant == VARIANT_AS_IT_IS || (variant == VARIANT_LARGER && !pool->larger.length_bits))
                return pool->leaked;
        return (struct interval){0, 0};
}

static struct prefix subnet_in(enum forecast_variant variant, const struct forecast_pool *pool)
{
        return is_larger(variant) && pool->larger.length_bits ? pool->larger : pool->subnet;
}

static void ground_of(const struct forecast *forecast, enum forecast_variant variant,
                      struct ground *ret_ground)
{
        *ret_ground = (struct ground){.swarm = forecast->swarm};
        for (size_t i = 0; i < forecast->pools.count; i++) {
                const struct forecast_pool *pool = &forecast->pools.items[i];
                *list_add(&ret_ground->pools) =
                        (struct ground_pool){.account = pool->account,
                                             .subnet = subnet_in(variant, pool),
                                             .leaked = leaked_at_first(variant, pool).min};
        }
}

struct batch {
        const struct forecast *forecast;
        enum forecast_variant variant;
        struct course_settings settings;
};

static int run_one(void *userdata, size_t index, void *ret_record, struct error *error)
{
        const struct batch *batch = userdata;

        return course_run(&batch->settings, batch->forecast->settings.seed + index, ret_record, error);
}

static void tell_progress(void *userdata, size_t done)
{
        const struct batch *batch = userdata;

        if (batch->forecast->settings.progressed)
                batch->forecast->settings.progressed(forecast_variant_title(batch->variant), done,
                                                     batch->forecast->settings.runs);
}

/* Figures */

static int compare_times(const void *a, const void *b)
{
        int64_t left = *(const int64_t *)a;
        int64_t right = *(const int64_t *)b;

        return left < right ? -1 : left > right;
}

static int64_t quantile(const int64_t *sorted, size_t count, unsigned percent)
{
        return sorted[(percent * (count - 1) + 50) / 100];
}

static void set_times(struct forecast_row *row, const struct course *courses, size_t runs, size_t pool)
{
        _cleanup_free_ int64_t *times = memory_new(runs, sizeof(*times));

        for (size_t i = 0; i < runs; i++)
                if (courses[i].pools[pool].full_ms >= 0)
                        times[row->full_runs++] = courses[i].pools[pool].full_ms;
        if (!row->full_runs)
                return;
        qsort(times, row->full_runs, sizeof(*times), compare_times);
        row->early_ms = quantile(times, row->full_runs, 10);
        row->median_ms = quantile(times, row->full_runs, 50);
        row->late_ms = quantile(times, row->full_runs, 90);
}

static void set_leaks(const struct forecast *forecast, struct forecast_row *row, const struct course *courses,
                      size_t runs, size_t pool)
{
        const struct network *network = row->pool->account->network;
        double leaked = 0;
        double watched_ms = 0;

        for (size_t i = 0; i < runs; i++) {
                leaked += (double)courses[i].pools[pool].leaked;
                watched_ms += (double)courses[i].pools[pool].watched_ms;
        }
        row->leaks_a_day = watched_ms > 0 ? leaked / (watched_ms / (double)QUANTITY_DAY_MS) : 0;
        row->leaks_a_day_reckoned = reckon_leaks_a_day(
                forecast->workload, network->ingress ? NULL : network->name, ground_nodes(forecast->swarm),
                is_held(row->variant), (int64_t)(watched_ms / (double)runs));
}

static void add_row(struct forecast *forecast, enum forecast_variant variant, const struct course *courses,
                    size_t pool)
{
        size_t runs = forecast->settings.runs;
        struct forecast_row *row = list_add(&forecast->rows);

        row->variant = variant;
        row->pool = &forecast->pools.items[pool];
        row->subnet = subnet_in(variant, row->pool);
        row->leaked = leaked_at_first(variant, row->pool);
        row->capacity = courses[0].pools[pool].capacity;
        for (size_t i = 0; i < runs; i++)
                row->held_most = MAX(row->held_most, courses[i].pools[pool].held_most);
        set_times(row, courses, runs, pool);
        set_leaks(forecast, row, courses, runs, pool);
}

static int run_variant(struct forecast *forecast, enum forecast_variant variant, struct error *error)
{
        const struct forecast_settings *settings = &forecast->settings;
        _cleanup_ground_ struct ground ground = {0};
        _cleanup_free_ struct course *courses = memory_new(settings->runs, sizeof(*courses));

        ground_of(forecast, variant, &ground);
        struct batch batch = {
                .forecast = forecast,
                .variant = variant,
                .settings = {.workload = forecast->workload,
                             .ground = &ground,
                             .duration_ms = (int64_t)settings->days * QUANTITY_DAY_MS,
                             .held = is_held(variant),
                             .rotate_ms = variant == VARIANT_ROTATED
                                                  ? (int64_t)settings->rotate_days * QUANTITY_DAY_MS
                                                  : 0}};
        struct jobs jobs = {.count = settings->runs,
                            .processes = settings->processes,
                            .record_bytes = sizeof(struct course),
                            .work = run_one,
                            .progressed = tell_progress,
                            .userdata = &batch};
        if (forecast_jobs_run(&jobs, courses, error) < 0)
                return -1;
        for (size_t i = 0; i < forecast->pools.count; i++)
                add_row(forecast, variant, courses, i);
        for (size_t i = 0; variant == VARIANT_AS_IT_IS && i < settings->runs; i++) {
                forecast->refused += courses[i].refused;
                forecast->deploys += (double)courses[i].deploys / (double)settings->runs;
        }
        return 0;
}

/* Larger subnets */

static void find_occupied(const struct swarm *swarm, struct occupied *occupied)
{
        for_each_network (network, swarm)
                for (size_t i = 0; i < network->subnets.count; i++)
                        if (!network->subnets.items[i].ipv6)
                                occupied_add_overlay(occupied, network->subnets.items[i].prefix,
                                                     network->name);
}

static bool ran_full(const struct forecast *forecast, size_t pool)
{
        const struct forecast_row *row = &forecast->rows.items[pool]; /* those as it is come first */

        return (double)row->full_runs >= FULL_SHARE * (double)forecast->settings.runs;
}

static void no_larger(struct forecast *forecast, char *why)
{
        free(forecast->no_larger);
        forecast->no_larger = why;
}

static void choose_larger(struct forecast *forecast, struct occupied *occupied, struct forecast_pool *pool)
{
        const struct forecast_settings *settings = &forecast->settings;
        const struct swarm *swarm = forecast->swarm;
        struct prefix default_pool = swarm->pools.count ? swarm->pools.items[0].prefix : (struct prefix){0};
        struct default_pools pools = {.prefixes = &default_pool,
                                      .count = swarm->pools.count ? 1 : 0,
                                      .subnet_bits = swarm->pool_subnet_bits};
        _cleanup_choice_ struct choice choice = {0};
        _cleanup_error_ struct error none = {0};
        uint8_t bits = settings->has_subnet ? settings->subnet.length_bits : settings->larger_bits;
        const char *name = pool->account->network->name;

        if (pool->account->network->ingress)
                no_larger(forecast, text_copy("ingress keeps its subnet: headroom moves it not"));
        else if (bits >= pool->subnet.length_bits)
                no_larger(forecast, text_format("%s has a /%u, and a /%u is not larger", name,
                                                pool->subnet.length_bits, bits));
        else if (settings->has_subnet ? choose_named(occupied, &pools, settings->subnet, &choice, &none) < 0
                                      : choose_subnet(occupied, &pools, bits, &choice, &none) < 0)
                no_larger(forecast, text_format("%s gets no larger subnet: %s", name, none.sentence));
        else
                pool->larger = choice.subnet;
        if (pool->larger.length_bits)
                occupied_add_overlay(occupied, pool->larger, name);
}

/* Whether any network has one now. */
static bool find_larger(struct forecast *forecast)
{
        _cleanup_occupied_ struct occupied occupied = {0};
        bool any = false;

        find_occupied(forecast->swarm, &occupied);
        for (size_t i = 0; i < forecast->pools.count; i++) {
                if (!ran_full(forecast, i))
                        continue;
                choose_larger(forecast, &occupied, &forecast->pools.items[i]);
                any = any || forecast->pools.items[i].larger.length_bits;
        }
        return any;
}

/* All of it */

static bool has_leaks(const struct forecast *forecast)
{
        for (size_t i = 0; i < forecast->pools.count; i++)
                if (forecast->pools.items[i].leaked.max)
                        return true;
        return false;
}

static bool is_of_use(const struct forecast *forecast, enum forecast_variant variant, bool larger)
{
        switch (variant) {
        case VARIANT_RECLAIMED:
                return has_leaks(forecast);
        case VARIANT_LARGER:
        case VARIANT_LARGER_AND_HELD:
                return larger;
        case VARIANT_ROTATED:
                return forecast->settings.rotate_days > 0;
        default:
                return true;
        }
}

static int require_bounded(const struct forecast *forecast, struct error *error)
{
        double days = (double)forecast->settings.days;
        double deploys = workload_deploys_a_day(forecast->workload) * days;
        double redeploys = workload_redeploys(forecast->workload, days);

        if (deploys + redeploys <= FORECAST_DEPLOYS_MAX)
                return 0;
        _cleanup_free_ char *updates = redeploys > 0 ? text_format(" and %.0f redeploys", redeploys) : NULL;
        return error_set(error, ERROR_REFUSED,
                         "%.0f deploys%s in %llu days are more than one run reckons with (%.0f): ask for "
                         "fewer --days",
                         deploys, updates ? updates : "", (unsigned long long)forecast->settings.days,
                         FORECAST_DEPLOYS_MAX);
}

int forecast_make(struct swarm *swarm, const struct workload *workload,
                  const struct forecast_settings *settings, struct forecast *ret_forecast,
                  struct error *error)
{
        _cleanup_forecast_ struct forecast forecast = {
                .workload = workload, .swarm = swarm, .settings = *settings};
        bool larger = false;

        if (ground_check(swarm, error) < 0 || workload_check(workload, swarm, error) < 0 ||
            require_bounded(&forecast, error) < 0)
                return -1;
        accounts_of(swarm, NULL, &forecast.accounts);
        if (find_pools(&forecast, error) < 0)
                return -1;
        for (enum forecast_variant variant = 0; variant < VARIANTS; variant++) {
                if (is_of_use(&forecast, variant, larger) && run_variant(&forecast, variant, error) < 0)
                        return -1;
                if (variant == VARIANT_AS_IT_IS)
                        larger = find_larger(&forecast);
        }
        *ret_forecast = forecast;
        forecast = (struct forecast){0};
        return 0;
}
