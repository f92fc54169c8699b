/* The scenarios that come with headroom: each opens, and what headroom sees in them is what they are made
 * for. */

#include "scene.h"

#include "pool/finding.h"
#include "pool/stuck.h"
#include "sim/scenario/scenario.h"

#include <dirent.h>
#include <sched.h>
#include <time.h>

static struct sim *open_file(const char *name)
{
        _cleanup_free_ char *path = text_format("%s/%s.yaml", SCENARIOS, name);
        _cleanup_scenario_ struct scenario *scenario = NULL;
        _cleanup_error_ struct error error = {0};
        struct sim *sim = NULL;

        if (scenario_read(path, &scenario, &error) < 0 || scenario_open(scenario, 0, &sim, &error) < 0)
                fail_msg("%s", error.sentence);
        return sim;
}

static void look(struct sim *sim, struct swarm *ret_swarm)
{
        _cleanup_engine_ struct engine *engine = sim_engine_open(sim, 0);
        _cleanup_error_ struct error error = {0};

        if (survey(engine, NULL, ret_swarm, &error) < 0)
                fail_msg("%s", error.sentence);
}

static const struct account *account_named(const struct accounts *accounts, const char *name)
{
        for_each_account (account, accounts)
                if (text_equal(account->network->name, name))
                        return account;
        fail_msg("no account of %s", name);
        return NULL;
}

/* ---- the reference host ---- */

static void the_reference_host_has_its_overlays(void **state)
{
        static const struct {
                const char *name, *subnet;
        } overlays[] = {{"ingress", "10.0.0.0/24"},          {"proxy", "10.0.1.0/24"},
                        {"traefik_internal", "10.0.2.0/24"}, {"warm-keycloak_internal", "10.0.3.0/24"},
                        {"backups_default", "10.0.4.0/24"},  {"ci-gitea_internal", "10.0.5.0/24"}};
        _cleanup_sim_ struct sim *sim = open_file("cc-ci");

        (void)state;
        for (size_t i = 0; i < ELEMENTS(overlays); i++) {
                _cleanup_free_ char *path = text_format("/networks/%s", overlays[i].name);
                _cleanup_free_ char *wanted = text_format("\"Subnet\":\"%s\"", overlays[i].subnet);
                _cleanup_free_ char *config = scene_text(sim, path, "IPAM", "Config", NULL);
                assert_non_null(strstr(config, wanted));
        }
        scene_consistent(sim);
}

static void the_reference_host_is_exhausted_as_it_was_found(void **state)
{
        _cleanup_sim_ struct sim *sim = open_file("cc-ci");
        _cleanup_swarm_ struct swarm swarm = {0};
        _cleanup_accounts_ struct accounts accounts = {0};
        _cleanup_findings_ struct findings findings = {0};

        (void)state;
        look(sim, &swarm);
        accounts_of(&swarm, NULL, &accounts);
        findings_of(&swarm, &accounts, &findings);
        const struct account *proxy = account_named(&accounts, "proxy");
        assert_int_equal(proxy->capacity, 253);
        assert_int_equal(proxy->counts[HOLDER_VIP], 6);
        assert_int_equal(proxy->counts[HOLDER_TASK], 6);
        assert_int_equal(proxy->counts[HOLDER_NODE], 1);
        assert_int_equal(proxy->owned, 13);
        assert_true(proxy->refusing);
        assert_int_equal(proxy->verdict, VERDICT_FULL);
        assert_int_equal(proxy->leaked.min, 240);
        assert_int_equal(proxy->leaked.max, 240);
        assert_int_equal(proxy->stuck, 2);
        assert_int_equal(account_named(&accounts, "backups_default")->owned, 3);
        assert_int_equal(findings.items.items[0].kind, FINDING_POOL_REFUSES);
        assert_string_equal(findings.items.items[0].next, "headroom plan proxy --size 16 -o proxy.plan");
}

static int compare_texts(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in order, with blanks between. */
static char *joined(const char **names, size_t count)
{
        struct buffer all = {0};

        qsort(names, count, sizeof(*names), compare_texts);
        for (size_t i = 0; i < count; i++)
                buffer_format(&all, "%s%s", i ? " " : "", names[i]);
        return buffer_steal(&all);
}

static void expect_plan(const struct plan *plan)
{
        const char *names[16] = {0};
        size_t count = 0;

        for_each_planned (service, plan)
                if (!service->stuck)
                        names[count++] = service->name;
        _cleanup_free_ char *moved = joined(names, count);
        assert_string_equal(moved,
                            "ccci-bridge_app ccci-dashboard_app ccci-reports_app drone_app traefik_app "
                            "warm-keycloak_app");
        count = 0;
        for_each_planned (service, plan)
                if (service->stuck)
                        names[count++] = service->name;
        _cleanup_free_ char *stuck = joined(names, count);
        assert_string_equal(stuck, "ci-gitea_app ci-probe");
        for (count = 0; count < plan->bystanders.count; count++)
                names[count] = plan->bystanders.items[count];
        _cleanup_free_ char *others = joined(names, count);
        assert_string_equal(others, "backups_app ci-gitea_db traefik_socket-proxy warm-keycloak_db");
        assert_string_equal(plan->services.items[plan->services.count - 1].name, "traefik_app");
        assert_true(plan->services.items[plan->services.count - 1].edge);
}

/* In a network of its own, so that this machine's routes are not in the way of the reference host's choice.
 */
static void the_reference_host_gets_the_plan_of_the_real_one(void **state)
{
        bool alone = unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
        _cleanup_sim_ struct sim *sim = open_file("cc-ci");
        _cleanup_engine_ struct engine *engine = sim_engine_open(sim, 0);
        const struct reserved_range known[] = {{"91.98.47.73/32", "eth0"}, {"100.95.31.88/32", "tailscale0"}};
        const struct plan_wish wish = {
                .network = "proxy", .length_bits = 16, .reserved = known, .reserved_count = ELEMENTS(known)};
        _cleanup_plan_ struct plan plan = {0};
        _cleanup_error_ struct error error = {0};

        (void)state;
        clock_use(sim_clock(sim));
        int result = plan_make(engine, &wish, &plan, &error);
        clock_use(NULL);
        if (result < 0)
                fail_msg("%s", error.sentence);
        if (alone)
                assert_string_equal(plan.new_subnet, "10.10.0.0/16");
        assert_string_equal(plan.old_subnet, "10.0.1.0/24");
        assert_true(plan.refusing);
        expect_plan(&plan);
}

/* ---- the others ---- */

static void every_scenario_opens_and_agrees_with_itself(void **state)
{
        DIR *folder = opendir(SCENARIOS);
        size_t opened = 0;

        (void)state;
        assert_non_null(folder);
        for (struct dirent *entry; (entry = readdir(folder));) {
                size_t length = strlen(entry->d_name);
                if (length < 5 || strcmp(entry->d_name + length - 5, ".yaml") != 0 ||
                    strstr(entry->d_name, "workload")) /* what is done to a swarm, and not one */
                        continue;
                _cleanup_free_ char *name = text_copy_n(entry->d_name, length - 5);
                _cleanup_sim_ struct sim *sim = open_file(name);
                if (!text_equal(name, "10000")) /* the audit takes minutes there */
                        scene_consistent(sim);
                opened++;
        }
        closedir(folder);
        assert_true(opened >= 5);
}

static size_t resident_bytes(void)
{
        unsigned long pages[2] = {0, 0};
        FILE *file = fopen("/proc/self/statm", "re");

        assert_non_null(file);
        assert_int_equal(fscanf(file, "%lu %lu", &pages[0], &pages[1]), 2); /* NOLINT(cert-err34-c) */
        fclose(file);
        return pages[1] * (size_t)sysconf(_SC_PAGESIZE);
}

/* Sanitizers make it several times as large; then only that it opens is asked. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

static void ten_thousand_services_open_in_200_mb(void **state)
{
        _cleanup_sim_ struct sim *sim = open_file("10000");

        (void)state;
        assert_int_equal(scene_count(sim, "/services"), 10000);
        assert_int_equal(sim_service_running(sim, "shop-2000_s4"), 5);
        assert_int_equal(sim_pool_state(sim, "proxy").held, 8000 + 50000 + 100);
        assert_true(SANITIZED || resident_bytes() < (size_t)200 << 20);
}

/* Every account asked every task for every node once, which took minutes: meson's bound is less. */
static void fifty_thousand_tasks_are_counted(void **state)
{
        _cleanup_sim_ struct sim *sim = open_file("10000");
        _cleanup_swarm_ struct swarm swarm = {0};
        _cleanup_accounts_ struct accounts accounts = {0};

        (void)state;
        look(sim, &swarm);
        accounts_of(&swarm, NULL, &accounts);
        const struct account *proxy = account_named(&accounts, "proxy");
        assert_int_equal(proxy->owned, 8000 + 50000 + 100);
        assert_int_equal(proxy->counts[HOLDER_NODE], 100);
}

static void three_managers_get_their_addresses_back_after_an_hour(void **state)
{
        _cleanup_sim_ struct sim *sim = open_file("three-managers");

        (void)state;
        assert_int_equal(sim_pool_state(sim, "proxy").leaked, 84);
        assert_int_equal(sim_service_running(sim, "edge"), 3);
        assert_int_equal(sim_service_running(sim, "shop_web"), 3);
        scene_wait(sim, 3600 * 1000 + 1000);
        assert_int_equal(sim_pool_state(sim, "proxy").leaked, 0);
        scene_consistent(sim);
}

static void a_slash_28_is_full_of_leaks(void **state)
{
        _cleanup_sim_ struct sim *sim = open_file("slash-28");
        _cleanup_swarm_ struct swarm swarm = {0};
        _cleanup_accounts_ struct accounts accounts = {0};

        (void)state;
        look(sim, &swarm);
        accounts_of(&swarm, NULL, &accounts);
        const struct account *proxy = account_named(&accounts, "proxy");
        assert_int_equal(proxy->owned, 2 + 3 + 1);
        assert_int_equal(proxy->leaked.min, 7);
        assert_true(proxy->refusing);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_reference_host_has_its_overlays),
                cmocka_unit_test(the_reference_host_is_exhausted_as_it_was_found),
                cmocka_unit_test(every_scenario_opens_and_agrees_with_itself),
                cmocka_unit_test(ten_thousand_services_open_in_200_mb),
                cmocka_unit_test(fifty_thousand_tasks_are_counted),
                cmocka_unit_test(three_managers_get_their_addresses_back_after_an_hour),
                cmocka_unit_test(a_slash_28_is_full_of_leaks),
                cmocka_unit_test(the_reference_host_gets_the_plan_of_the_real_one),
        };

        return cmocka_run_group_tests_name("scenario_files", tests, NULL, NULL);
}
