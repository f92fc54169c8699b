#include "sim/front/mode.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/progress.h"
#include "sim/forecast/report.h"

#include <stdio.h>

/* headroom-sim --what-if SNAPSHOT --workload FILE: when each pool runs full. */

#define QUIET_MS    1000 /* what takes less shows no progress */
#define DAYS        365
#define RUNS        50
#define LARGER_BITS 16
#define ROTATE_DAYS 7
#define BITS_MIN    8
#define BITS_MAX    28

enum { SNAPSHOT, WORKLOAD, DAYS_AHEAD, RUN_COUNT, SEED, SIZE, SUBNET, ROTATE, LEAKED, FORMAT };

static const struct mode_option options[] = {
        [SNAPSHOT] = {"what-if", "SNAPSHOT", "the swarm, as `headroom survey -o FILE` wrote it",
                      "the swarm to reckon with"},
        [WORKLOAD] = {"workload", "FILE", "what is deployed and removed, as docs/what-if.md says",
                      "what is deployed and removed"},
        [DAYS_AHEAD] = {"days", "N", "how far to look ahead (default 365)", NULL},
        [RUN_COUNT] = {"runs", "N", "how many times to run it, by as many seeds (default 50)", NULL},
        [SEED] = {"seed", "N", "the first run's seed (default 1)", NULL},
        [SIZE] = {"size", "BITS", "the length of the larger subnets (default 16)", NULL},
        [SUBNET] = {"subnet", "CIDR", "the larger subnet of the one network that runs full", NULL},
        [ROTATE] = {"rotate", "DAYS", "how often the leader changes in the last variant (default 7, 0: none)",
                    NULL},
        [LEAKED] = {"leaked", "NET=N,...",
                    "how many addresses have leaked already, where the snapshot does not tell", NULL},
        [FORMAT] = {"format", "FORMAT", "table or json (default table)", NULL},
        {NULL, NULL, NULL, NULL},
};

struct asking {
        struct report_command command;
        struct forecast_settings settings;
        LIST(char *) names; /* that settings.leaked borrows */
        bool json;
};

static void asking_done(struct asking *asking)
{
        for (size_t i = 0; i < asking->names.count; i++)
                free(asking->names.items[i]);
        free(asking->names.items);
        free(asking->settings.leaked.items);
}

static int64_t began_ms;

static void show_progress(const char *variant, uint64_t done, uint64_t runs)
{
        if (clock_now_ms() - began_ms < QUIET_MS)
                return;
        progress_show("%s: %llu of %llu runs", variant, (unsigned long long)done, (unsigned long long)runs);
}

/* "proxy=3" of the list */
static int read_leaked_item(struct asking *asking, const char *item, size_t length, struct error *error)
{
        char *name = text_copy_n(item, length);
        char *sign = strrchr(name, '=');
        uint64_t count;

        *list_add(&asking->names) = name;
        if (!sign || sign == name || !text_to_u64(sign + 1, &count))
                return error_set(error, ERROR_USAGE,
                                 "--leaked takes a network and a number, such as proxy=12, not '%s'", name);
        *sign = 0;
        for (size_t i = 0; i < asking->settings.leaked.count; i++)
                if (text_equal(asking->settings.leaked.items[i].network, name))
                        return error_set(error, ERROR_USAGE, "--leaked names %s twice", name);
        *list_add(&asking->settings.leaked) = (struct forecast_leaked){name, count};
        return 0;
}

static int read_leaked(struct asking *asking, const char *list, struct error *error)
{
        const char *at = list;

        for (;;) {
                size_t length = strcspn(at, ",");
                if (read_leaked_item(asking, at, length, error) < 0)
                        return -1;
                if (!at[length])
                        return 0;
                at += length + 1;
        }
}

static int read_subnet(struct forecast_settings *settings, const char *text, struct error *error)
{
        settings->has_subnet = prefix_parse(text, &settings->subnet) == PREFIX_FINE;
        if (settings->has_subnet && settings->subnet.length_bits >= BITS_MIN &&
            settings->subnet.length_bits <= BITS_MAX)
                return 0;
        return error_set(error, ERROR_USAGE, "--subnet takes a range like 10.20.0.0/16, not '%s'", text);
}

/* Numbers of the table: where they go and what they may be. */
static int read_numbers(struct forecast_settings *settings, const char *const *values, struct error *error)
{
        uint64_t bits = LARGER_BITS;
        const struct {
                size_t option;
                uint64_t min, max;
                uint64_t *ret_number;
        } numbers[] = {
                {DAYS_AHEAD, 1, FORECAST_DAYS_MAX, &settings->days},
                {RUN_COUNT, 1, FORECAST_RUNS_MAX, &settings->runs},
                {SEED, 1, UINT32_MAX, &settings->seed},
                {ROTATE, 0, FORECAST_DAYS_MAX, &settings->rotate_days},
                {SIZE, BITS_MIN, BITS_MAX, &bits},
        };

        for (size_t i = 0; i < ELEMENTS(numbers); i++) {
                const char *value = values[numbers[i].option];
                if (value && mode_number(options[numbers[i].option].name, value, numbers[i].min,
                                         numbers[i].max, numbers[i].ret_number, error) < 0)
                        return -1;
        }
        settings->larger_bits = (uint8_t)bits;
        return 0;
}

static int read_asking(int argc, char **argv, struct asking *asking, struct error *error)
{
        const char *values[MODE_OPTIONS_MAX];

        if (mode_read(&mode_what_if, argc, argv, values, error) < 0)
                return -1;
        asking->command = (struct report_command){values[SNAPSHOT], values[WORKLOAD]};
        asking->json = text_equal(values[FORMAT], "json");
        if (values[FORMAT] && !asking->json && !text_equal(values[FORMAT], "table"))
                return error_set(error, ERROR_USAGE, "--format is table or json, not '%s'", values[FORMAT]);
        if (values[SIZE] && values[SUBNET])
                return error_set(error, ERROR_USAGE, "--size and --subnet say the same: give one of them");
        if (read_numbers(&asking->settings, values, error) < 0 ||
            (values[SUBNET] && read_subnet(&asking->settings, values[SUBNET], error) < 0) ||
            (values[LEAKED] && read_leaked(asking, values[LEAKED], error) < 0))
                return -1;
        return 0;
}

static int answer(const struct asking *asking, struct error *error)
{
        _cleanup_swarm_ struct swarm swarm = {0};
        _cleanup_workload_ struct workload workload = {0};
        _cleanup_forecast_ struct forecast forecast = {0};

        if (snapshot_read(asking->command.snapshot, &swarm, error) < 0 ||
            workload_read(asking->command.workload, &workload, error) < 0 ||
            forecast_make(&swarm, &workload, &asking->settings, &forecast, error) < 0)
                return -1;
        progress_clear();
        if (!asking->json)
                return report_table(&forecast, &asking->command, error);
        report_json(&forecast, &asking->command);
        return 0;
}

static int run(int argc, char **argv)
{
        _cleanup_(asking_done) struct asking asking = {.settings = {.days = DAYS,
                                                                    .runs = RUNS,
                                                                    .seed = 1,
                                                                    .rotate_days = ROTATE_DAYS,
                                                                    .progressed = show_progress}};
        _cleanup_error_ struct error error = {0};

        began_ms = clock_now_ms();
        if (read_asking(argc, argv, &asking, &error) < 0)
                return mode_fail_usage(&error);
        if (answer(&asking, &error) == 0)
                return 0;
        progress_clear();
        return mode_fail(&error);
}

const struct mode mode_what_if = {
        .usage = "--what-if SNAPSHOT --workload FILE [--days N] [--size BITS | --subnet CIDR] [--leaked "
                 "NET=N]",
        .summary = "When each pool runs full",
        .description =
                "A workload runs on a copy of the snapshot's swarm, in virtual time, many times over: stacks "
                "are "
                "deployed, live and are removed as clients do it. What comes out is when each network that "
                "they "
                "share first refuses an address: as things are, without leaks, with a larger subnet, with a "
                "leader that changes regularly. docs/what-if.md has the workload's format, how it reckons "
                "and "
                "what it leaves out.\n\n"
                "The exit code is 0 whatever the answer is.\n\n"
                "  headroom survey -o host.snapshot\n"
                "  headroom-sim --what-if host.snapshot --workload scenarios/cc-ci-workload.yaml",
        .options = options,
        .run = run,
};
