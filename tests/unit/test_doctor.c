/* What the doctor makes of evidence beyond the accounts: no false alarm, no false OK. */

#include "swarm_fixture.h"

#include "base/clock.h"
#include "move/leftover.h"
#include "pool/diagnose.h"

#include <sys/prctl.h>
#include <sys/stat.h>

#define EARLIER "11:30:00" /* within an hour of the survey */
#define LATER   "11:45:00"
#define MORNING "08:30:00"

struct ward {
        struct fixture fixture;
        struct swarm swarm;
        struct accounts accounts;
        struct sightings sightings;
        struct host host;
        struct findings findings;
};

static void ward_done(struct ward *ward)
{
        findings_done(&ward->findings);
        accounts_done(&ward->accounts);
        sightings_done(&ward->sightings);
        host_done(&ward->host);
        swarm_done(&ward->swarm);
        fixture_done(&ward->fixture);
}
#define _cleanup_ward_ _cleanup_(ward_done)

static void proxy(struct ward *ward)
{
        fixture_network(&ward->fixture, "proxy", "10.0.1.0/24", "10.0.1.1", "");
}

static void admit(struct ward *ward)
{
        fixture_read(&ward->fixture, &ward->swarm);
        accounts_of(&ward->swarm, NULL, &ward->accounts);
}

static int64_t time_of(const char *time)
{
        _cleanup_free_ char *text = text_format(FIXTURE_DAY "%sZ", time);

        return clock_parse(text);
}

static void log_says(struct ward *ward, const char *time, const char *text)
{
        sightings_take(&ward->sightings, &(struct log_entry){.time_ms = time_of(time), .text = text});
}

/* The fixture's IDs have a dash, the engine's have none. */
static void rename_id(const char **id, const char *to)
{
        *id = to;
}

static const struct finding *only(const struct ward *ward, enum severity severity, enum finding_kind kind)
{
        if (ward->findings.items.count != 1)
                fail_msg("%zu findings", ward->findings.items.count);
        const struct finding *finding = &ward->findings.items.items[0];
        if (finding->severity != severity || finding->kind != kind)
                fail_msg("%s %s: %s", severity_name(finding->severity), finding_kind_name(finding->kind),
                         finding->evidence);
        return finding;
}

/* ---- the log ---- */

#define TASK_REFUSED                                                                                         \
        "error=\"failed to allocate network IP for task t network netproxy: could not find an available "    \
        "IP\""
#define VIP_REFUSED                                                                                          \
        "msg=\"Failed allocation for service svcweb\" error=\"could not find an available IP while "         \
        "allocating VIP\""

/* A network `proxy` with one service of which a task got its address at that time. */
static void admit_proxy(struct ward *ward, const char *created, const char *vip)
{
        proxy(ward);
        fixture_service(&ward->fixture, "web", created, "proxy", vip, "");
        fixture_task(&ward->fixture, "web", created, "running", "n1", "proxy", "10.0.1.9/24");
        admit(ward);
        const char *id = swarm_string(&ward->swarm, "netproxy");
        rename_id(&ward->swarm.networks.items[0].id, id);
        rename_id(&ward->swarm.services.items[0].id, swarm_string(&ward->swarm, "svcweb"));
        rename_id(&ward->swarm.tasks.items[0].networks.items[0].network_id, id);
        rename_id(&ward->swarm.services.items[0].networks.items[0].network_id, id);
        for (size_t i = 0; i < ward->swarm.services.items[0].vips.count; i++)
                rename_id(&ward->swarm.services.items[0].vips.items[i].network_id, id);
}

static void ask_log(struct ward *ward)
{
        diagnose_log(&ward->swarm, &ward->accounts, &ward->sightings, &ward->findings);
}

static void an_error_is_over_when_the_network_gave_out_an_address_since(void **state)
{
        _cleanup_ward_ struct ward ward = {0};

        admit_proxy(&ward, LATER, "");
        log_says(&ward, EARLIER, TASK_REFUSED);
        ask_log(&ward);
        const struct finding *finding = only(&ward, SEVERITY_NOTE, FINDING_LOG_REFUSED);
        assert_non_null(strstr(finding->evidence, "once, at 2026-03-01T11:30:00Z"));
}

static void an_error_without_a_sign_of_life_since_stays_a_warning(void **state)
{
        _cleanup_ward_ struct ward ward = {0};

        admit_proxy(&ward, MORNING, "");
        log_says(&ward, EARLIER, TASK_REFUSED);
        log_says(&ward, LATER, TASK_REFUSED);
        ask_log(&ward);
        const struct finding *finding = only(&ward, SEVERITY_WARNING, FINDING_LOG_REFUSED);
        assert_string_equal(finding->subject, "proxy");
        assert_non_null(
                strstr(finding->evidence, "2 times from 2026-03-01T11:30:00Z to 2026-03-01T11:45:00Z"));
}

static void an_error_of_a_pool_that_refuses_now_is_critical(void **state)
{
        _cleanup_ward_ struct ward ward = {0};

        admit_proxy(&ward, MORNING, "");
        ward.accounts.items.items[0].refusing = true;
        log_says(&ward, EARLIER, TASK_REFUSED);
        ask_log(&ward);
        only(&ward, SEVERITY_CRITICAL, FINDING_LOG_REFUSED);
}

static void a_new_leader_ends_what_was_before_it_and_not_what_came_after(void **state)
{
        _cleanup_ward_ struct ward ward = {0};

        admit_proxy(&ward, MORNING, "");
        log_says(&ward, EARLIER, TASK_REFUSED);
        log_says(&ward, LATER, "raft.node: a elected leader a at term 3");
        ask_log(&ward);
        only(&ward, SEVERITY_NOTE, FINDING_LOG_REFUSED);
        findings_done(&ward.findings);
        log_says(&ward, "11:50:00", TASK_REFUSED);
        ask_log(&ward);
        only(&ward, SEVERITY_WARNING, FINDING_LOG_REFUSED);
}

static void a_service_without_its_vip_is_critical_and_one_with_it_is_over(void **state)
{
        _cleanup_ward_ struct ward without = {0};
        _cleanup_ward_ struct ward with = {0};

        admit_proxy(&without, MORNING, "");
        log_says(&without, MORNING, VIP_REFUSED);
        ask_log(&without);
        only(&without, SEVERITY_CRITICAL, FINDING_LOG_REFUSED);
        admit_proxy(&with, MORNING, "10.0.1.2/24");
        log_says(&with, MORNING, VIP_REFUSED);
        ask_log(&with);
        only(&with, SEVERITY_NOTE, FINDING_LOG_REFUSED);
}

static void a_vip_on_another_network_is_not_the_one_that_was_refused(void **state)
{
        _cleanup_ward_ struct ward ward = {0};

        admit_proxy(&ward, MORNING, "10.0.1.2/24");
        rename_id(&ward.swarm.services.items[0].vips.items[0].network_id,
                  swarm_string(&ward.swarm, "ingress"));
        log_says(&ward, MORNING, VIP_REFUSED);
        ask_log(&ward);
        only(&ward, SEVERITY_CRITICAL, FINDING_LOG_REFUSED);
}

static void errors_about_what_is_gone_count_for_an_hour(void **state)
{
        _cleanup_ward_ struct ward ward = {0};

        proxy(&ward);
        admit(&ward);
        log_says(&ward, MORNING, VIP_REFUSED);
        ask_log(&ward);
        only(&ward, SEVERITY_NOTE, FINDING_LOG_REFUSED);
        findings_done(&ward.findings);
        log_says(&ward, LATER, VIP_REFUSED);
        ask_log(&ward);
        only(&ward, SEVERITY_WARNING, FINDING_LOG_REFUSED);
}

static void symptoms_are_notes_however_young(void **state)
{
        _cleanup_ward_ struct ward ward = {0};

        proxy(&ward);
        admit(&ward);
        log_says(&ward, "11:59:59", "msg=\"Error (key modified) deleting object\"");
        log_says(&ward, "11:59:59", "msg=\"network proxy remove failed: error\"");
        log_says(&ward, "11:59:59", "error=\"could not find network allocator state for network gone\"");
        ask_log(&ward);
        assert_int_equal(ward.findings.items.count, 3);
        assert_int_equal(findings_worst(&ward.findings), SEVERITY_NOTE);
}

static void many_services_that_are_gone_are_one_finding(void **state)
{
        _cleanup_ward_ struct ward ward = {0};

        proxy(&ward);
        admit(&ward);
        for (int i = 0; i < 13; i++) {
                _cleanup_free_ char *text =
                        text_format("msg=\"Failed allocation for service s%d\" error=\"could not "
                                    "find an available IP while allocating VIP\"",
                                    i);
                log_says(&ward, LATER, text);
        }
        ask_log(&ward);
        assert_non_null(strstr(only(&ward, SEVERITY_WARNING, FINDING_LOG_REFUSED)->evidence,
                               "about 13 services, 13 times"));
}

/* ---- tasks ---- */

static void task_says(struct ward *ward, size_t task, enum task_state is, const char *error)
{
        ward->swarm.tasks.items[task].state = is;
        ward->swarm.tasks.items[task].error = error;
}

#define NO_ADDRESS "node is missing network attachments, ip addresses may be exhausted"

static void admit_two_tasks(struct ward *ward)
{
        proxy(ward);
        fixture_service(&ward->fixture, "web", MORNING, "proxy", "10.0.1.2/24", "");
        fixture_task(&ward->fixture, "web", EARLIER, "shutdown", "n1", "proxy", "");
        fixture_task(&ward->fixture, "web", LATER, "running", "n1", "proxy", "");
        admit(ward);
}

static void a_nodes_word_that_addresses_are_missing_is_critical(void **state)
{
        _cleanup_ward_ struct ward ward = {0};

        admit_two_tasks(&ward);
        task_says(&ward, 1, TASK_REJECTED, NO_ADDRESS);
        diagnose_tasks(&ward.swarm, &ward.findings);
        only(&ward, SEVERITY_CRITICAL, FINDING_TASKS_NO_ADDRESS);
}

static void a_failure_that_the_slot_has_got_over_is_none(void **state)
{
        _cleanup_ward_ struct ward ward = {0};

        admit_two_tasks(&ward);
        task_says(&ward, 0, TASK_REJECTED, NO_ADDRESS);
        diagnose_tasks(&ward.swarm, &ward.findings);
        assert_int_equal(ward.findings.items.count, 0);
}

static void a_missing_image_is_a_note_and_no_lack_of_addresses(void **state)
{
        _cleanup_ward_ struct ward ward = {0};

        admit_two_tasks(&ward);
        task_says(&ward, 1, TASK_REJECTED, "No such image: busybox:missing");
        diagnose_tasks(&ward.swarm, &ward.findings);
        assert_non_null(strstr(only(&ward, SEVERITY_NOTE, FINDING_TASKS_OTHER)->evidence, "busybox:missing"));
}

static void a_task_that_nobody_can_take_is_told_of_after_a_while(void **state)
{
        _cleanup_ward_ struct ward ward = {0};

        admit_two_tasks(&ward);
        task_says(&ward, 1, TASK_PENDING, "no suitable node");
        ward.swarm.tasks.items[1].created_ms = ward.swarm.taken_ms - TASKS_WAIT_MS / 2;
        diagnose_tasks(&ward.swarm, &ward.findings);
        assert_int_equal(ward.findings.items.count, 0);
        ward.swarm.tasks.items[1].created_ms = ward.swarm.taken_ms - 2 * TASKS_WAIT_MS;
        diagnose_tasks(&ward.swarm, &ward.findings);
        only(&ward, SEVERITY_NOTE, FINDING_TASKS_OTHER);
}

static void hundreds_of_failing_services_are_no_flood(void **state)
{
        _cleanup_ward_ struct ward ward = {0};

        proxy(&ward);
        for (int i = 0; i < 300; i++) {
                _cleanup_free_ char *name = text_format("web%d", i);
                fixture_service(&ward.fixture, name, MORNING, "proxy", "", "");
                fixture_task(&ward.fixture, name, LATER, "rejected", "n1", "proxy", "");
        }
        admit(&ward);
        for (size_t i = 0; i < ward.swarm.tasks.count; i++)
                task_says(&ward, i, TASK_REJECTED, "No such image: x");
        diagnose_tasks(&ward.swarm, &ward.findings);
        assert_int_equal(ward.findings.items.count, TASK_FINDINGS_MAX + 1);
        assert_string_equal(ward.findings.items.items[TASK_FINDINGS_MAX].evidence,
                            "the same of 290 more services");
}

/* ---- this host ---- */

static void host_uses(struct ward *ward, enum host_claim_kind kind, const char *prefix, const char *interface)
{
        struct host_claim *claim = list_add(&ward->host.claims);

        claim->kind = kind;
        claim->interface = text_copy(interface);
        assert_int_equal(prefix_parse(prefix, &claim->prefix), PREFIX_FINE);
}

static void add_bridge(struct ward *ward, const char *subnet)
{
        fixture_add(&ward->fixture.networks,
                    "{'Id':'gw','Name':'docker_gwbridge','Driver':'bridge','Scope':'local','IPAM':{'Config':["
                    "{'Subnet':'%s','Gateway':'172.18.0.1'}]}}",
                    subnet);
}

static void dockers_own_bridges_are_no_alarm(void **state)
{
        _cleanup_ward_ struct ward ward = {0};

        proxy(&ward);
        add_bridge(&ward, "172.18.0.0/16");
        admit(&ward);
        host_uses(&ward, HOST_ADDRESS, "172.18.0.0/16", "docker_gwbridge");
        host_uses(&ward, HOST_ADDRESS, "192.0.2.0/24", "eth0");
        host_uses(&ward, HOST_RESOLVER, "192.0.2.53/32", NULL);
        diagnose_overlaps(&ward.swarm, &ward.host, &ward.findings);
        assert_int_equal(ward.findings.items.count, 0);
}

static void an_overlay_over_a_bridge_is_told_once(void **state)
{
        _cleanup_ward_ struct ward ward = {0};

        proxy(&ward);
        add_bridge(&ward, "10.0.0.0/16");
        admit(&ward);
        host_uses(&ward, HOST_ADDRESS, "10.0.0.0/16", "docker_gwbridge");
        diagnose_overlaps(&ward.swarm, &ward.host, &ward.findings);
        assert_string_equal(only(&ward, SEVERITY_WARNING, FINDING_OVERLAP)->evidence,
                            "proxy (10.0.1.0/24) overlaps the local network docker_gwbridge (10.0.0.0/16)");
}

static void a_route_and_a_resolver_inside_an_overlay_are_named(void **state)
{
        _cleanup_ward_ struct ward ward = {0};

        proxy(&ward);
        admit(&ward);
        host_uses(&ward, HOST_ROUTE, "10.0.1.128/25", "wg0");
        host_uses(&ward, HOST_RESOLVER, "10.0.1.53/32", NULL);
        diagnose_overlaps(&ward.swarm, &ward.host, &ward.findings);
        const struct finding *finding = only(&ward, SEVERITY_WARNING, FINDING_OVERLAP);
        assert_non_null(strstr(finding->evidence, "route on wg0 (10.0.1.128/25)"));
        assert_non_null(strstr(finding->evidence, "resolver (10.0.1.53/32)"));
}

/* A plan of the size that the network has is refused. */
static void an_overlap_is_mended_by_another_size_than_the_present(void **state)
{
        _cleanup_ward_ struct ward ward = {0};

        proxy(&ward);
        admit(&ward);
        host_uses(&ward, HOST_ROUTE, "10.0.1.128/25", "wg0");
        diagnose_overlaps(&ward.swarm, &ward.host, &ward.findings);
        assert_string_equal(only(&ward, SEVERITY_WARNING, FINDING_OVERLAP)->next,
                            "headroom plan proxy --size 23 -o proxy.plan");
}

/* ---- engines and networks ---- */

static size_t faults_of(const char *version)
{
        _cleanup_ward_ struct ward ward = {0};

        admit(&ward);
        for_each_node (node, &ward.swarm)
                node->engine_version = version;
        diagnose_engines(&ward.swarm, &ward.findings);
        assert_int_equal(findings_worst(&ward.findings), SEVERITY_NOTE);
        return ward.findings.items.count;
}

static void faults_of_engines_are_notes_by_version(void **state)
{
        assert_int_equal(faults_of("20.10.7"), 2);
        assert_int_equal(faults_of("20.10.8"), 1);
        assert_int_equal(faults_of("20.10.24+dfsg1"), 1);
        assert_int_equal(faults_of("29.7.2"), 2);
        assert_int_equal(faults_of("29.7.3"), 1);
        assert_int_equal(faults_of("17.03.2-ce"), 1);
        assert_int_equal(faults_of("dev"), 0);
        assert_int_equal(faults_of(NULL), 0);
}

/* As GET /networks shows it: no driver, no subnet. */
static void add_unallocated(struct ward *ward, const char *created)
{
        fixture_add(&ward->fixture.networks,
                    "{'Id':'id-clash','Name':'clash','Driver':'','Scope':'swarm','Created':'" FIXTURE_DAY
                    "%sZ','IPAM':{'Driver':'','Config':null}}",
                    created);
}

static void a_network_that_never_got_a_pool_is_critical_and_a_new_one_is_not(void **state)
{
        _cleanup_ward_ struct ward old = {0};
        _cleanup_ward_ struct ward young = {0};

        add_unallocated(&old, LATER);
        fixture_service(&old.fixture, "web", LATER, "clash", "", "");
        fixture_task(&old.fixture, "web", LATER, "new", "", "clash", "");
        admit(&old);
        findings_of(&old.swarm, &old.accounts, &old.findings);
        assert_non_null(strstr(only(&old, SEVERITY_CRITICAL, FINDING_NETWORK_UNALLOCATED)->evidence,
                               "1 task (web) waits"));
        add_unallocated(&young, "11:59:58");
        admit(&young);
        findings_of(&young.swarm, &young.accounts, &young.findings);
        assert_int_equal(young.findings.items.count, 0);
}

/* ---- moves ---- */

#define PLAN_ID   "0123456789ab"
#define NOBODY    "999999999"
#define NO_FOLDER "/nonexistent"

static enum hop_holder holder_of(const char *holder, const char *state)
{
        struct label labels[] = {
                {"headroom.net", "proxy"}, {"headroom.move", PLAN_ID}, {"headroom.holder", holder}};
        struct network hop = {.name = "headroom-hop-proxy"};

        hop.labels.items = labels;
        hop.labels.count = ELEMENTS(labels);
        return hop_holder(&hop, state);
}

static char *holder_here(const char *pid)
{
        char host[256] = "";

        gethostname(host, sizeof(host) - 1);
        return text_format("%s pid %s", host, pid);
}

static void a_move_that_runs_is_told_from_one_that_is_dead_or_elsewhere(void **state)
{
        _cleanup_free_ char *pid = text_format("%d", (int)getpid());
        _cleanup_free_ char *alive = holder_here(pid);
        _cleanup_free_ char *dead = holder_here(NOBODY);

        assert_int_equal(holder_of(alive, NO_FOLDER), HOP_ABANDONED); /* that process is not headroom */
        prctl(PR_SET_NAME, "headroom");
        assert_int_equal(holder_of(alive, NO_FOLDER), HOP_RUNNING);
        assert_int_equal(holder_of(dead, NO_FOLDER), HOP_ABANDONED);
        assert_int_equal(holder_of("another.example pid 7", NO_FOLDER), HOP_ELSEWHERE);
        assert_int_equal(holder_of("garbage", NO_FOLDER), HOP_ABANDONED);
        prctl(PR_SET_NAME, "test_doctor");
}

/* The label names the process that made the hop; the lock names the one that resumed the move. */
static void a_resumed_move_is_known_by_its_lock(void **state)
{
        char folder[] = "/tmp/headroom-state-XXXXXX";
        assert_non_null(mkdtemp(folder));
        _cleanup_free_ char *plan = text_format("%s/" PLAN_ID, folder);
        _cleanup_free_ char *lock = text_format("%s/lock", plan);
        _cleanup_free_ char *pid = text_format("%d\n", (int)getpid());
        _cleanup_free_ char *dead = holder_here(NOBODY);

        assert_int_equal(mkdir(plan, 0700), 0);
        assert_int_equal(file_write(lock, pid, strlen(pid), 0600, NULL), 0);
        prctl(PR_SET_NAME, "headroom");
        enum hop_holder holder = holder_of(dead, folder);
        prctl(PR_SET_NAME, "test_doctor");
        unlink(lock);
        rmdir(plan);
        rmdir(folder);
        assert_int_equal(holder, HOP_RUNNING);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_error_is_over_when_the_network_gave_out_an_address_since),
                cmocka_unit_test(an_error_without_a_sign_of_life_since_stays_a_warning),
                cmocka_unit_test(an_error_of_a_pool_that_refuses_now_is_critical),
                cmocka_unit_test(a_new_leader_ends_what_was_before_it_and_not_what_came_after),
                cmocka_unit_test(a_service_without_its_vip_is_critical_and_one_with_it_is_over),
                cmocka_unit_test(a_vip_on_another_network_is_not_the_one_that_was_refused),
                cmocka_unit_test(errors_about_what_is_gone_count_for_an_hour),
                cmocka_unit_test(symptoms_are_notes_however_young),
                cmocka_unit_test(many_services_that_are_gone_are_one_finding),
                cmocka_unit_test(a_nodes_word_that_addresses_are_missing_is_critical),
                cmocka_unit_test(a_failure_that_the_slot_has_got_over_is_none),
                cmocka_unit_test(a_missing_image_is_a_note_and_no_lack_of_addresses),
                cmocka_unit_test(a_task_that_nobody_can_take_is_told_of_after_a_while),
                cmocka_unit_test(hundreds_of_failing_services_are_no_flood),
                cmocka_unit_test(dockers_own_bridges_are_no_alarm),
                cmocka_unit_test(an_overlay_over_a_bridge_is_told_once),
                cmocka_unit_test(an_overlap_is_mended_by_another_size_than_the_present),
                cmocka_unit_test(a_route_and_a_resolver_inside_an_overlay_are_named),
                cmocka_unit_test(faults_of_engines_are_notes_by_version),
                cmocka_unit_test(a_network_that_never_got_a_pool_is_critical_and_a_new_one_is_not),
                cmocka_unit_test(a_move_that_runs_is_told_from_one_that_is_dead_or_elsewhere),
                cmocka_unit_test(a_resumed_move_is_known_by_its_lock),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
