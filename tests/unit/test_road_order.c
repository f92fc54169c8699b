/*
 * The order of redeploy roads: the reference host's seven units, healthy and sick in every way that was seen
 * or can be thought of, and texts that must not raise a false alarm.
 */

#include "move/road/order.h"
#include "move/road/script.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#define UNITS       7
#define SCRIPTS_MAX 16

enum {
        SWARM_INIT,
        PROXY,
        DRONE,
        BRIDGE,
        DASHBOARD,
        REPORTS,
        KEYCLOAK,
};

static const char *const unit_names[UNITS] = {
        "swarm-init.service",       "deploy-proxy.service",   "deploy-drone.service", "deploy-bridge.service",
        "deploy-dashboard.service", "deploy-reports.service", "warm-keycloak.service"};

static const struct road_name names[] = {
        {"traefik", "traefik"},
        {"traefik_app", "traefik"},
        {"drone_app", "drone"},
        {"drone.ci.example.org", "drone"},
        {"ccci-bridge_app", "ccci-bridge"},
        {"ccci-dashboard_app", "ccci-dashboard"},
        {"dashboard", "ccci-dashboard"}, /* an alias */
        {"ci.example.org", "ccci-dashboard"},
        {"ccci-reports_app", "ccci-reports"},
        {"warm-keycloak_app", "warm-keycloak"},
};

struct host {
        struct unit_state units[UNITS];
        struct {
                const char *path, *text;
        } scripts[SCRIPTS_MAX];
        size_t scripts_count;
};

static void add_text(struct unit_texts *texts, const char *text)
{
        *list_add(&texts->items) = text_copy(text);
}

static void set_text(char **field, const char *text)
{
        free(*field);
        *field = text_copy(text);
}

static void command(struct host *host, size_t unit, const char *text)
{
        add_text(&host->units[unit].commands, text);
}

static void script(struct host *host, const char *path, const char *text)
{
        assert_in_range(host->scripts_count, 0, SCRIPTS_MAX - 1);
        host->scripts[host->scripts_count].path = path;
        host->scripts[host->scripts_count++].text = text;
}

static char *read_script(void *userdata, const char *path)
{
        struct host *host = userdata;

        for (size_t i = 0; i < host->scripts_count; i++)
                if (text_equal(host->scripts[i].path, path))
                        return text_copy(host->scripts[i].text);
        return NULL;
}

static void deploys(struct host *host, size_t unit, const char *stack)
{
        _cleanup_free_ char *line =
                text_format("/usr/bin/docker stack deploy --with-registry-auth -c /etc/cc-ci/"
                            "%s.yml %s",
                            stack, stack);

        command(host, unit, line);
}

/* As it was found: all after swarm-init, the dashboard after the proxy, a script where more than one line is
 * needed. */
static void host_init(struct host *host)
{
        *host = (struct host){0};
        for (size_t i = 0; i < UNITS; i++) {
                struct unit_state *unit = &host->units[i];
                unit->name = text_copy(unit_names[i]);
                unit->id = text_copy(unit_names[i]);
                unit->load_state = text_copy("loaded");
                add_text(&unit->after, "docker.service");
                add_text(&unit->after, "sysinit.target");
                add_text(&unit->after, "network-online.target");
                add_text(&unit->before, "shutdown.target");
                add_text(&unit->before, "multi-user.target");
                add_text(&unit->requires, "docker.service");
                if (i != SWARM_INIT)
                        add_text(&unit->after, unit_names[SWARM_INIT]);
        }
        for (size_t i = DRONE; i < UNITS; i++)
                add_text(&host->units[i].after, unit_names[PROXY]);
        command(host, SWARM_INIT, "/usr/bin/docker network inspect proxy");
        command(host, PROXY, "/opt/cc-ci/deploy-proxy");
        script(host, "/opt/cc-ci/deploy-proxy",
               "#!/bin/sh\nset -eu\n# deploy-dashboard waits for us: curl http://dashboard/ would never "
               "answer\n"
               "docker stack deploy -c /etc/cc-ci/traefik.yml traefik\n"
               "until curl -fs http://127.0.0.1/ping; do sleep 1; done\n");
        deploys(host, DRONE, "drone");
        deploys(host, BRIDGE, "ccci-bridge");
        deploys(host, DASHBOARD, "ccci-dashboard");
        deploys(host, REPORTS, "ccci-reports");
        deploys(host, KEYCLOAK, "warm-keycloak");
}

static void host_done(struct host *host)
{
        for (size_t i = 0; i < UNITS; i++)
                unit_state_done(&host->units[i]);
}

#define _cleanup_host_ _cleanup_(host_done)

static void judge(struct host *host, struct road_findings *ret_findings)
{
        *ret_findings = (struct road_findings){0};
        road_order_judge(host->units, UNITS, names, ELEMENTS(names), read_script, host, ret_findings);
        for (size_t i = 0; i < ret_findings->items.count; i++)
                print_message("    %s\n", ret_findings->items.items[i].sentence);
}

static void expect_nothing(struct host *host)
{
        _cleanup_road_findings_ struct road_findings findings;

        judge(host, &findings);
        assert_int_equal(findings.items.count, 0);
}

static void expect_one(struct host *host, enum road_fault fault, const char *subject, const char *const *says)
{
        _cleanup_road_findings_ struct road_findings findings;

        judge(host, &findings);
        assert_int_equal(findings.items.count, 1);
        assert_int_equal(findings.items.items[0].fault, fault);
        assert_string_equal(findings.items.items[0].subject, subject);
        for (; *says; says++)
                if (!strstr(findings.items.items[0].sentence, *says))
                        fail_msg("no \"%s\" in: %s", *says, findings.items.items[0].sentence);
}

#define expect(host, fault, subject, ...)                                                                    \
        expect_one(host, fault, subject, (const char *const[]){__VA_ARGS__, NULL})

static void the_healthy_host_has_no_finding(void **state)
{
        _cleanup_host_ struct host host;

        (void)state;
        host_init(&host);
        expect_nothing(&host);
}

static void a_missing_unit_is_found(void **state)
{
        _cleanup_host_ struct host host;

        (void)state;
        host_init(&host);
        set_text(&host.units[REPORTS].load_state, "not-found");
        expect(&host, ROAD_MISSING, "unit deploy-reports.service", "does not exist");
}

static void a_masked_or_broken_unit_is_found(void **state)
{
        static const char *const states[] = {"masked", "bad-setting", "error"};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(states); i++) {
                _cleanup_host_ struct host host;
                host_init(&host);
                set_text(&host.units[BRIDGE].load_state, states[i]);
                expect(&host, ROAD_UNUSABLE, "unit deploy-bridge.service", states[i]);
        }
}

static void an_order_against_systemds_is_found(void **state)
{
        _cleanup_host_ struct host host;

        (void)state;
        host_init(&host);
        add_text(&host.units[BRIDGE].after, unit_names[REPORTS]);
        expect(&host, ROAD_ORDER, "unit deploy-bridge.service", "deploy-reports.service",
               "exchange the two in roads.units");
}

static void an_order_over_units_in_between_is_found(void **state)
{
        _cleanup_host_ struct host host;

        (void)state;
        host_init(&host);
        add_text(&host.units[DASHBOARD].before, "cc-ci.target");
        add_text(&host.units[DRONE].after, "cc-ci.target");
        expect(&host, ROAD_ORDER, "unit deploy-drone.service", "deploy-dashboard.service",
               "by way of cc-ci.target");
}

static void an_alias_in_the_order_is_the_same_unit(void **state)
{
        _cleanup_host_ struct host host;

        (void)state;
        host_init(&host);
        set_text(&host.units[KEYCLOAK].name, "keycloak.service"); /* an alias of warm-keycloak.service */
        add_text(&host.units[REPORTS].after, "warm-keycloak.service");
        expect(&host, ROAD_ORDER, "unit deploy-reports.service", "keycloak.service");
}

/* What the reference host did: 15 minutes for a dashboard that was ordered after it. */
static void the_proxy_that_waits_for_the_dashboard_is_found(void **state)
{
        _cleanup_host_ struct host host;

        (void)state;
        host_init(&host);
        command(&host, PROXY,
                "/bin/sh -c until curl -fs -u admin:hunter2 https://ci.example.org/; do sleep 5; done");
        expect(&host, ROAD_DEADLOCK, "unit deploy-proxy.service", "deploy-dashboard.service",
               "After=", "its own command line waits for \"ci.example.org\" (curl)",
               "belongs to ccci-dashboard");
        _cleanup_road_findings_ struct road_findings findings;
        judge(&host, &findings);
        assert_null(strstr(findings.items.items[0].sentence, "hunter2"));
}

/* Each waits, in a script of the proxy, for what comes later. */
static void every_way_of_waiting_is_found(void **state)
{
        static const struct {
                const char *line, *waits;
        } waits[] = {
                {"curl -fs http://dashboard/health", "(curl)"},
                {"curl -fs http://dashboard.example.org:8080/", "\"dashboard\" (curl)"},
                {"timeout 900 wget -q -O- https://ci.example.org", "(wget)"},
                {"if ! /usr/bin/curl -f https://ci.example.org; then exit 1; fi", "(curl)"},
                {"code=$(curl -s -o /dev/null http://dashboard)", "(curl)"},
                {"systemctl start deploy-dashboard", "(systemctl start)"},
                {"systemctl --wait start deploy-dashboard.service || true", "(systemctl start)"},
                {"systemctl restart foo.service deploy-dashboard.service", "(systemctl restart)"},
                {"while ! systemctl is-active --quiet deploy-dashboard; do sleep 1; done",
                 "(systemctl is-active)"},
                {"docker service ls | grep ccci-dashboard_app", "(docker service ls)"},
                {"docker service ps ccci-dashboard_worker", "(docker service ps)"},
                {"docker -H unix:///run/d.sock service logs ccci-dashboard_app", "(docker service logs)"},
                {"[ \"$(docker service inspect \"ccci-dashboard_app\")\" = x ]", "(docker service inspect)"},
                {"docker stack services ccci-dashboard", "(docker stack services)"},
                {"wait-for-it.sh dashboard:80 -t 900", "(wait-for-it.sh)"},
                {"until nc -z tasks.ccci-dashboard_app 80\ndo sleep 1\ndone", "(the condition of a loop)"},
                {"until \\\n  docker ps | grep -q ccci-dashboard; do\n sleep 1; done",
                 "(the condition of a loop)"},
                {"for i in 1 2 3; do curl http://dashboard/ && break || true; done", "(curl)"},
                {"cat >x <<EOF\necho\nEOF\ncurl http://dashboard", "(curl)"},
                {"x=$((1<<2))\ncurl http://dashboard", "(curl)"},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(waits); i++) {
                _cleanup_free_ char *text = text_format("#!/bin/bash\n\n%s\n", waits[i].line);
                _cleanup_host_ struct host host;
                host_init(&host);
                command(&host, PROXY, "/opt/cc-ci/wait-for-all --quiet");
                script(&host, "/opt/cc-ci/wait-for-all", text);
                expect(&host, ROAD_DEADLOCK, "unit deploy-proxy.service", "deploy-dashboard.service",
                       "of /opt/cc-ci/wait-for-all", waits[i].waits);
        }
}

static void what_is_no_waiting_raises_no_alarm(void **state)
{
        static const char *const lines[] = {
                "docker stack deploy -c /etc/cc-ci/x.yml ccci-dashboard-proxy",
                "# curl http://dashboard/",
                "true # curl http://dashboard/",
                "echo waiting for curl http://dashboard/",
                "while ! curl -s http://127.0.0.1/; do echo no dashboard yet; sleep 1; done",
                "curl -s http://dashboard/refresh || true",
                "curl -s http://dashboard/refresh || :",
                "systemctl start --no-block deploy-dashboard.service",
                "systemctl stop deploy-dashboard.service",
                "systemctl status deploy-dashboard",
                "curl http://drone-runner/",
                "curl http://my-drone/",
                "curl http://traefik/; echo drone",
                "docker service ps ccci-dashboards",
                "docker service ps old-ccci-dashboard",
                "curl http://sub.ci.example.org/",
                "curl http://ci.example.org.uk/",
                "curl -o /tmp/dashboard.html http://127.0.0.1/",
                "curl http://$dashboard/ ${dashboard}",
                "cat >traefik.yml <<'EOF'\n  curl http://dashboard/\nEOF",
                "cat <<-END\n\tuntil curl http://dashboard/; do :; done\n\tEND",
                "docker service create --name dashboards --health-cmd 'curl http://dashboard/' x",
                "until docker stack deploy -c dashboard.yml traefik; do sleep 1; done",
                "while read -r line; do echo $line; done </etc/dashboard/list",
                "docker stack ps traefik",
                "docker service ps traefik_app 2>&1 >/dev/null",
                "mkdir -p /var/lib/deploy-dashboard",
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(lines); i++) {
                _cleanup_free_ char *text = text_format("#!/bin/bash\n%s\nexit 0\n", lines[i]);
                _cleanup_road_findings_ struct road_findings findings;
                _cleanup_host_ struct host host;
                host_init(&host);
                command(&host, PROXY, "/bin/bash /opt/cc-ci/more");
                script(&host, "/opt/cc-ci/more", text);
                judge(&host, &findings);
                if (findings.items.count)
                        fail_msg("false alarm by: %s", lines[i]);
        }
}

static void waiting_for_what_comes_before_is_fine(void **state)
{
        _cleanup_host_ struct host host;

        (void)state;
        host_init(&host);
        command(&host, DASHBOARD, "/bin/sh -c until curl -fs http://traefik/ping; do sleep 1; done");
        command(&host, REPORTS, "/usr/bin/curl --retry 10 http://dashboard/");
        command(&host, KEYCLOAK, "/bin/sh -c until docker service ps drone_app; do sleep 1; done");
        expect_nothing(&host);
}

static void the_declared_order_alone_is_enough(void **state)
{
        _cleanup_host_ struct host host;

        (void)state;
        host_init(&host);
        command(&host, DRONE, "/usr/bin/curl --retry 10 http://dashboard/");
        expect(&host, ROAD_DEADLOCK, "unit deploy-drone.service", "comes after it in the declared order",
               "deploy-dashboard.service deploys");
}

static void systemds_order_alone_is_enough(void **state)
{
        struct host host;
        struct road_findings findings;

        (void)state;
        host_init(&host);
        add_text(&host.units[DRONE].after, unit_names[REPORTS]);
        command(&host, REPORTS, "/usr/bin/curl --retry 10 https://drone.ci.example.org/");
        judge(&host, &findings);
        assert_int_equal(findings.items.count, 2); /* the declared order is wrong, and the wait is, too */
        assert_int_equal(findings.items.items[0].fault, ROAD_ORDER);
        assert_int_equal(findings.items.items[1].fault, ROAD_DEADLOCK);
        assert_string_equal(findings.items.items[1].subject, "unit deploy-reports.service");
        road_findings_done(&findings);
        host_done(&host);
}

static void a_script_that_a_script_runs_is_read(void **state)
{
        _cleanup_host_ struct host host;

        (void)state;
        host_init(&host);
        command(&host, PROXY, "/opt/outer");
        script(&host, "/opt/outer", "#!/bin/sh\nexec \"/opt/inner\" --all\n");
        script(&host, "/opt/inner", "#!/bin/sh\n\n\ndocker service ps ccci-dashboard_app\n");
        expect(&host, ROAD_DEADLOCK, "unit deploy-proxy.service", "line 4 of /opt/inner");
}

static void scripts_that_run_each_other_are_read_once(void **state)
{
        _cleanup_host_ struct host host;

        (void)state;
        host_init(&host);
        command(&host, PROXY, "/opt/a");
        script(&host, "/opt/a", "#!/bin/sh\n/opt/b\n/opt/a\n");
        script(&host, "/opt/b", "#!/bin/sh\n/opt/a\n");
        expect_nothing(&host);
}

/* One script for all, with an argument: which of its lines is whose can't be told. */
static void a_script_of_both_says_nothing(void **state)
{
        _cleanup_host_ struct host host;

        (void)state;
        host_init(&host);
        command(&host, PROXY, "/opt/deploy proxy");
        command(&host, DASHBOARD, "/opt/deploy dashboard");
        script(&host, "/opt/deploy", "#!/bin/sh\ncase $1 in dashboard) curl http://dashboard/ ;; esac\n");
        expect_nothing(&host);
}

static void a_file_that_is_no_script_is_not_read(void **state)
{
        _cleanup_host_ struct host host;

        (void)state;
        host_init(&host);
        command(&host, PROXY, "/usr/bin/docker stack deploy -c /etc/cc-ci/compose.yml traefik");
        script(&host, "/etc/cc-ci/compose.yml", "test: curl http://dashboard/\n");
        expect_nothing(&host);
}

static void a_stacks_name_in_a_variable_is_taken_from_the_script(void **state)
{
        _cleanup_host_ struct host host;

        (void)state;
        host_init(&host);
        set_text(&host.units[DASHBOARD].commands.items.items[0], "/opt/deploy-board");
        script(&host, "/opt/deploy-board",
               "#!/bin/sh\nSTACK=\"ccci-dashboard\"\ndocker stack deploy -c x.yml \"$STACK\"\n");
        command(&host, PROXY, "/bin/sh -c docker service logs ccci-dashboard_app");
        expect(&host, ROAD_DEADLOCK, "unit deploy-proxy.service", "deploy-dashboard.service");
}

static void a_service_by_its_name_is_deployed_as_a_stack_is(void **state)
{
        _cleanup_host_ struct host host;

        (void)state;
        host_init(&host);
        command(&host, KEYCLOAK, "/usr/bin/docker service create --detach --name probe --network proxy x");
        command(&host, BRIDGE, "/bin/sh -c until curl http://probe/; do sleep 1; done");
        expect(&host, ROAD_DEADLOCK, "unit deploy-bridge.service", "warm-keycloak.service", "\"probe\"");
}

static void a_unit_declared_twice_is_judged_once(void **state)
{
        _cleanup_road_findings_ struct road_findings findings = {0};
        struct unit_state twice[2] = {{.load_state = (char[]){"masked"}, .name = (char[]){"a.service"}},
                                      {.load_state = (char[]){"masked"}, .name = (char[]){"a.service"}}};

        (void)state;
        road_order_judge(twice, 2, NULL, 0, read_script, NULL, &findings);
        assert_int_equal(findings.items.count, 1);
}

static void nothing_to_judge_is_no_fault(void **state)
{
        _cleanup_road_findings_ struct road_findings findings = {0};

        (void)state;
        road_order_judge(NULL, 0, NULL, 0, read_script, NULL, &findings);
        assert_int_equal(findings.items.count, 0);
}

static void only_regular_files_of_bounded_size_are_scripts(void **state)
{
        char folder[] = "/tmp/headroom-test-road-XXXXXX";
        _cleanup_free_ char *huge = memory_new(ROAD_SCRIPT_BYTES_MAX + 1, 1);

        (void)state;
        assert_non_null(mkdtemp(folder));
        _cleanup_free_ char *path = text_format("%s/file", folder);
        assert_null(road_read_file(NULL, folder));
        assert_null(road_read_file(NULL, path));
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_null(road_read_file(NULL, path)); /* and it does not wait for a writer */
        unlink(path);
        memset(huge, 'x', ROAD_SCRIPT_BYTES_MAX + 1);
        assert_int_equal(file_write(path, huge, ROAD_SCRIPT_BYTES_MAX + 1, 0600, NULL), 0);
        assert_null(road_read_file(NULL, path));
        assert_int_equal(file_write(path, "a\0b", 3, 0600, NULL), 0);
        assert_null(road_read_file(NULL, path));
        assert_int_equal(file_write(path, "#!/bin/sh\n", 10, 0600, NULL), 0);
        _cleanup_free_ char *text = road_read_file(NULL, path);
        assert_string_equal(text, "#!/bin/sh\n");
        unlink(path);
        rmdir(folder);
}

/* Any text is split without end or error, and every statement is judged. */
static void any_text_is_split(void **state)
{
        static const char *const pieces[] = {
                "until ", "do",      "done\n",     ";",       "&&",     "||",  "|",         "<<EOF\n",
                "EOF\n",  "\\\n",    "#",          "\"",      "$( ",    ")",   "'",         "\n",
                "curl ",  "docker ", "stack ",     "deploy ", "--name", " -c", "dashboard", "&",
                ">",      "<<",      "systemctl ", "\xff",    "sh -c ", ".",   "://"};
        struct random_stream random = {20261124};

        (void)state;
        for (int round = 0; round < 20000; round++) {
                struct buffer text = {0};
                struct road_statements statements = {0};
                for (uint64_t n = random_below(&random, 30); n > 0; n--)
                        buffer_add_text(&text, pieces[random_below(&random, ELEMENTS(pieces))]);
                road_script_split(buffer_text(&text), &statements);
                for (size_t i = 0; i < statements.items.count; i++) {
                        bool unnamed;
                        road_statement_waits(&statements.items.items[i]);
                        free(road_statement_deploys(&statements.items.items[i], &unnamed));
                        road_text_names(statements.items.items[i].text, "dashboard", true);
                        assert_in_range(statements.items.items[i].line, 1, 31);
                }
                road_statements_done(&statements);
                buffer_done(&text);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_healthy_host_has_no_finding),
                cmocka_unit_test(a_missing_unit_is_found),
                cmocka_unit_test(a_masked_or_broken_unit_is_found),
                cmocka_unit_test(an_order_against_systemds_is_found),
                cmocka_unit_test(an_order_over_units_in_between_is_found),
                cmocka_unit_test(an_alias_in_the_order_is_the_same_unit),
                cmocka_unit_test(the_proxy_that_waits_for_the_dashboard_is_found),
                cmocka_unit_test(every_way_of_waiting_is_found),
                cmocka_unit_test(what_is_no_waiting_raises_no_alarm),
                cmocka_unit_test(waiting_for_what_comes_before_is_fine),
                cmocka_unit_test(the_declared_order_alone_is_enough),
                cmocka_unit_test(systemds_order_alone_is_enough),
                cmocka_unit_test(a_script_that_a_script_runs_is_read),
                cmocka_unit_test(scripts_that_run_each_other_are_read_once),
                cmocka_unit_test(a_script_of_both_says_nothing),
                cmocka_unit_test(a_file_that_is_no_script_is_not_read),
                cmocka_unit_test(a_stacks_name_in_a_variable_is_taken_from_the_script),
                cmocka_unit_test(a_service_by_its_name_is_deployed_as_a_stack_is),
                cmocka_unit_test(a_unit_declared_twice_is_judged_once),
                cmocka_unit_test(nothing_to_judge_is_no_fault),
                cmocka_unit_test(only_regular_files_of_bounded_size_are_scripts),
                cmocka_unit_test(any_text_is_split),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
