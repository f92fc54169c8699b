/* Scenario files: what is refused and with which words, and what swarms come of them. */

#include "scene.h"

#include "sim/scenario/scenario.h"

static struct sim *open_text(const char *text, uint64_t seed)
{
        _cleanup_scenario_ struct scenario *scenario = NULL;
        _cleanup_error_ struct error error = {0};
        struct sim *sim = NULL;

        if (scenario_parse(text, strlen(text), "s.yaml", &scenario, &error) < 0 ||
            scenario_open(scenario, seed, &sim, &error) < 0)
                fail_msg("%s\n%s", error.sentence, text);
        scene_consistent(sim);
        return sim;
}

/* Either when it is read or when it is made. */
static void expect_refused(const char *text, const char *sentence)
{
        _cleanup_scenario_ struct scenario *scenario = NULL;
        _cleanup_error_ struct error error = {0};
        _cleanup_sim_ struct sim *sim = NULL;

        if (scenario_parse(text, strlen(text), "s.yaml", &scenario, &error) == 0 &&
            scenario_open(scenario, 0, &sim, &error) == 0)
                fail_msg("taken, and not refused with \"%s\":\n%s", sentence, text);
        assert_int_equal(error.kind, ERROR_USAGE);
        assert_null(sim);
        if (!text_starts_with(error.sentence, sentence))
                fail_msg("refused with \"%s\", and not with \"%s\"", error.sentence, sentence);
}

struct refusal {
        const char *text, *sentence;
};

static void expect_all_refused(const struct refusal *refusals, size_t count)
{
        for (size_t i = 0; i < count; i++)
                expect_refused(refusals[i].text, refusals[i].sentence);
}

static void an_unknown_key_is_refused_with_the_nearest(void **state)
{
        static const struct refusal refusals[] = {
                {"netwroks: {}\n", "s.yaml:1: a scenario has no key netwroks; did you mean networks?"},
                {"seed: 1\nxyzzyxyzzy: 2\n",
                 "s.yaml:2: a scenario has no key xyzzyxyzzy, only engine, seed, "},
                {"networks:\n  a:\n    subnets: 1\n",
                 "s.yaml:3: a network has no key subnets; did you mean subnet?"},
                {"services:\n  web:\n    replica: 2\n",
                 "s.yaml:3: a service has no key replica; did you mean replicas?"},
                {"services:\n  a: {behaves: {strat: 1s}}\n",
                 "s.yaml:2: how containers behave has no key strat; did you mean start?"},
                {"nodes:\n  - {nmae: a}\n", "s.yaml:2: a node has no key nmae; did you mean name?"},
                {"then:\n  - {at: 1s, node_dwon: a}\n",
                 "s.yaml:2: an item of then has no key node_dwon; did you mean node_down?"},
                {"generate:\n  - {prefx: a}\n", "s.yaml:2: a rule has no key prefx; did you mean prefix?"},
                {"stacks:\n  s:\n    service: {}\n",
                 "s.yaml:3: a stack has no key service; did you mean services?"},
                {"containers:\n  c: {imgae: x}\n",
                 "s.yaml:2: a container has no key imgae; did you mean image?"},
                {"timing: {cal: 1ms}\n", "s.yaml:1: timing has no key cal; did you mean call?"},
                {"pool: {szie: 24}\n", "s.yaml:1: the pool has no key szie; did you mean size?"},
                {"ingress: {gateway: 10.0.0.1}\n",
                 "s.yaml:1: ingress has no key gateway, only subnet, leaks"},
        };

        (void)state;
        expect_all_refused(refusals, ELEMENTS(refusals));
}

#define SPEC_W                                                                                               \
        "'{\"Name\":\"w\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"},"                            \
        "\"RestartPolicy\":{\"Condition\":\"none\"}}}'"

static void a_name_that_the_swarm_refuses_is_refused(void **state)
{
        static const struct refusal refusals[] = {
                {"networks:\n  \"a b\": {}\n", "s.yaml:2: a b is no name for a network"},
                {"services:\n  a.b: {}\n", "s.yaml:2: a.b is no name for a service: no dot"},
                {"services:\n  a-: {}\n",
                 "s.yaml:2: a- is no name for a service: no dot, a letter or digit last"},
                {"networks:\n  Proxy.Net: {}\n", "s.yaml:2: Proxy.Net is no name for an overlay: no dot"},
                {"stacks:\n  a.b: {services: {w: {}}}\n",
                 "s.yaml:2: a.b_default is no name for an overlay: no dot"},
        };

        (void)state;
        expect_all_refused(refusals, ELEMENTS(refusals));
}

static void a_value_that_can_not_be_is_refused(void **state)
{
        static const struct refusal refusals[] = {
                {"[]\n", "s.yaml:1: a scenario takes a section, not a list"},
                {"engine: \"19.03\"\n", "s.yaml:1: engine takes 20.10, 26.1, 28.5 or 29.0, not 19.03"},
                {"seed: -1\n",
                 "s.yaml:1: seed takes a whole number from 1 to 4294967295 without quotes, not -1"},
                {"services:\n  a: {replicas: -2}\n",
                 "s.yaml:2: replicas takes a whole number from 0 to 250000 without quotes, not -2"},
                {"services:\n  a: {replicas: 18446744073709551617}\n",
                 "s.yaml:2: replicas takes a whole number"},
                {"services:\n  a: {replicas:}\n", "s.yaml:2: replicas takes a single value, not nothing"},
                {"services:\n  a: {health: yes}\n",
                 "s.yaml:2: health takes true or false without quotes, not yes"},
                {"start: yesterday\n",
                 "s.yaml:1: start takes a time like 2026-11-01T12:00:00Z, not yesterday"},
                {"age: 10\n",
                 "s.yaml:1: age takes a time like 20ms, 10s, 1h30m or 11d, 1000d at most, not 10"},
                {"age: 99999999999999999999d\n", "s.yaml:1: age takes a time like"},
                {"age: -1s\n", "s.yaml:1: age takes a time like"},
                {"timing: {call: 0ms}\n", "s.yaml:1: call takes from 1ms to 60000ms, not 0ms"},
                {"networks:\n  a: {subnet: 10.0.0.1/24}\n",
                 "s.yaml:2: subnet 10.0.0.1/24 has host bits set; did you mean 10.0.0.0/24?"},
                {"networks:\n  a: {subnet: fd00::/64}\n", "s.yaml:2: subnet fd00::/64 is IPv6"},
                {"networks:\n  a: {subnet: 10.0.0.0/31}\n",
                 "s.yaml:2: subnet takes a range from /8 to /30, not 10.0.0.0/31"},
                {"networks:\n  a: {leaks: many}\n", "s.yaml:2: leaks takes a whole number"},
                {"services:\n  a: {ports: [\"80:99999\"]}\n", "s.yaml:2: 80:99999 is no port like 80"},
                {"services:\n  a: {ports: [{published: 80}]}\n", "s.yaml:2: a port needs a target"},
                {"services:\n  a: {volumes: [data]}\n", "s.yaml:2: data is no volume like data:/data"},
                {"services:\n  a: {constraints: [never]}\n",
                 "s.yaml:2: never is no constraint like node.hostname==node2"},
                {"services:\n  a: {update: {order: sideways}}\n",
                 "s.yaml:2: order takes stop-first or start-first, not sideways"},
                {"services:\n  a: &x {}\n  b: *x\n", "s.yaml:3: a service is an alias"},
                {"seed: 1\nseed: 2\n", "s.yaml:2: seed stands here a second time, after line 1"},
                {"a: [\n", "s.yaml:2: this is not YAML"},
                {"nodes: 0\n", "s.yaml:1: nodes takes a whole number from 1 to 1000"},
                {"nodes: []\n", "s.yaml:1: a swarm has from 1 to 1000 nodes, not 0"},
                {"nodes:\n  - {manager: true}\n", "s.yaml:2: a node needs a name"},
                {"generate:\n  - {prefix: a, services: 60000}\n", "s.yaml:2: services takes a whole number"},
                {"generate:\n  - {prefix: a, services: 2, tasks: 9-1}\n",
                 "s.yaml:2: tasks takes how many each service has"},
                {"generate:\n  - {services: 2}\n", "s.yaml:2: a rule needs a prefix"},
                {"generate:\n  - {prefix: a, services: 2, service: {behaves: {fails: true}}}\n",
                 "s.yaml:2: what is made by rule has no behaves of its own; say it of its image"},
                {"then:\n  - {leader: changes}\n", "s.yaml:2: an item of then needs at: when it happens"},
                {"then:\n  - {at: 1s}\n",
                 "s.yaml:2: an item of then needs one thing that happens, and has 0"},
                {"then:\n  - {at: 1s, leader: lost}\n", "s.yaml:2: a leader that is lost needs for"},
                {"then:\n  - {at: 2s, leader: changes}\n  - {at: 1s, leader: changes}\n",
                 "s.yaml:3: this happens before what stands above it"},
        };

        (void)state;
        expect_all_refused(refusals, ELEMENTS(refusals));
}

#define NET "networks:\n  n: {subnet: 10.9.0.0/28, attachable: true}\n"

/* Of sections it was an empty one. */
static void a_key_without_a_value_is_refused(void **state)
{
        static const struct refusal refusals[] = {
                {"networks:\n", "s.yaml:1: networks takes a section, not nothing"},
                {"seed: 1\nservices: ~\n", "s.yaml:2: services takes a section, not nothing"},
                {"networks:\n  a:\n", "s.yaml:2: a network takes a section, not nothing"},
                {"services:\n  w: ~\n", "s.yaml:2: a service takes a section, not nothing"},
                {"stacks:\n  s: {services: }\n", "s.yaml:2: services takes a section, not nothing"},
                {NET "services:\n  w: {networks: {n: }}\n",
                 "s.yaml:4: being on a network takes a section, not nothing"},
                {"services:\n  w: {update: }\n", "s.yaml:2: an update takes a section, not nothing"},
                {"services:\n  w: {labels: {a: }}\n", "s.yaml:2: a takes a single value, not nothing"},
                {"timing:\n", "s.yaml:1: timing takes a section, not nothing"},
        };

        (void)state;
        expect_all_refused(refusals, ELEMENTS(refusals));
        sim_free(open_text("networks: {back: {}}\nservices: {w: {labels: {a: \"\"}}}\n", 0));
        sim_free(open_text("# nothing but one node\n", 0));
}

static void an_impossible_swarm_is_refused(void **state)
{
        static const struct refusal refusals[] = {
                {"nodes:\n  - {name: a, down: true}\n",
                 "s.yaml:2: a is the first node, which leads: it has to be up"},
                {"nodes:\n  - {name: a, manager: false}\n",
                 "s.yaml:2: a is the first node, which leads: it has to be a manager"},
                {"nodes:\n  - a\n  - {name: b, manager: true, down: true}\n",
                 "s.yaml:2: 1 of 2 managers are up, which is not more than half: nobody could lead"},
                {"nodes:\n  - a\n  - b\n  - a\n", "s.yaml:4: a second node is named a, after line 2"},
                {"networks:\n  n: {}\n  N: {}\n", "s.yaml:3: a second network is named N, after line 2"},
                {"networks:\n  s_n: {}\nstacks:\n  s:\n    networks:\n      n: {}\n",
                 "s.yaml:6: a second network is named s_n, after line 2"},
                {"networks:\n  ingress: {}\n",
                 "s.yaml:2: a network named ingress is there without being named"},
        };

        (void)state;
        expect_all_refused(refusals, ELEMENTS(refusals));
}

static void impossible_places_are_refused(void **state)
{
        static const struct refusal refusals[] = {
                {NET "services:\n  w: {networks: [m]}\n",
                 "s.yaml:4: w is on m, and there is no such network; did you mean n?"},
                {NET "services:\n  w: {networks: [n, n]}\n", "s.yaml:4: n stands twice in networks"},
                {"services:\n  w: {networks: [ingress]}\n", "s.yaml:2: w is on ingress by name"},
                {"networks:\n  b: {driver: bridge}\nservices:\n  w: {networks: [b]}\n",
                 "s.yaml:4: w is on b, a bridge, which services can't use"},
                {NET "services:\n  w: {networks: [n], replicas: 12}\n",
                 "s.yaml:2: n has room for 13 addresses, and 14 are asked for: 1 VIPs, 12 tasks, 1 nodes, 0 "
                 "containers, 0 leaked"},
                {"networks:\n  n: {subnet: 10.9.0.0/28, leaks: 14}\n",
                 "s.yaml:2: n has room for 13 addresses, and 14 are asked for"},
                {"nodes: 3\nnetworks:\n  n: {subnet: 10.9.0.0/28, leaks: 9}\nservices:\n  w: {networks: [n], "
                 "global: true, endpoint_mode: dnsrr}\n",
                 "s.yaml:3: n has room for 7 leaked addresses and not for 9"},
                {NET "containers:\n  c:\n    networks:\n      n: {address: 10.8.0.5}\n",
                 "s.yaml:6: 10.8.0.5 is no address that n can give out"},
                {NET "containers:\n  c:\n    networks:\n      n: {address: 10.9.0.1}\n",
                 "s.yaml:6: 10.9.0.1 is no address that n can give out"},
                {NET
                 "containers:\n  c:\n    networks:\n      n: {address: 10.9.0.5}\n  d:\n    networks:\n      "
                 "n: {address: 10.9.0.5}\n",
                 "s.yaml:9: 10.9.0.5 of n is taken already, in line 6"},
                {"networks:\n  n: {}\ncontainers:\n  c: {networks: [n]}\n",
                 "s.yaml:4: c can't be on n: it is not attachable"},
                {NET "containers:\n  c: {node: x, networks: [n]}\n",
                 "s.yaml:4: c is on node x, and there is none"},
                {"networks:\n  n: {subnet: 10.9.0.0/24, gateway: 10.8.0.1}\n",
                 "s.yaml:2: the gateway of n is no address of 10.9.0.0/24 that can be given out"},
                {"containers:\n  c: {networks: [bridge]}\n",
                 "s.yaml:2: c is on bridge, which is for containers that name no networks: leave networks "
                 "out"},
                {NET "containers:\n  c: {networks: [m]}\n",
                 "s.yaml:4: c is on m, and there is no such network; did you mean n?"},
                {"networks:\n  n: {gateway: 10.8.0.1}\n",
                 "s.yaml:2: n has a gateway or an ip_range, and no subnet"},
                {"networks:\n  n: {subnet: 10.9.0.0/24, ip_range: 10.8.0.0/25}\n",
                 "s.yaml:2: the ip_range of n is not inside its subnet 10.9.0.0/24"},
                {"networks:\n  n: {subnet: 10.9.0.0/24, leaks: [10.9.0.5, 10.9.0.5]}\n",
                 "s.yaml:2: 10.9.0.5 leaks twice from n"},
                {"networks:\n  n: {leaks: [10.9.0.5]}\n",
                 "s.yaml:2: n is to leak certain addresses, and has no subnet"},
        };

        (void)state;
        expect_all_refused(refusals, ELEMENTS(refusals));
}

static void a_swarm_that_can_not_come_to_be_is_refused(void **state)
{
        static const struct refusal refusals[] = {
                {"services:\n  w: {replicas: 2, ports: [{target: 80, published: 80, mode: host}]}\n",
                 "s.yaml:2: 2 tasks are to have port 80 of their host"},
                {"services:\n  w: {ports: [\"80:80\"]}\n  v: {ports: [\"80:81\"]}\n",
                 "s.yaml:3: v publishes port 80 on ingress, and so does w"},
                {"services:\n  w: {endpoint_mode: dnsrr, ports: [\"80:80\"]}\n",
                 "s.yaml:2: w is dnsrr and publishes a port on ingress"},
                {"services:\n  w: {global: true, job: 3}\n", "s.yaml:2: w is both global and a job"},
                {"services:\n  w: {behaves: {fails: true}}\n", "s.yaml:2: the swarm never comes to rest"},
                {"images:\n  app: {run: 1s}\nservices:\n  w: {}\n",
                 "s.yaml:4: the swarm never comes to rest"},
                {"services:\n  w: {constraints: [\"node.role==worker\"]}\n",
                 "s.yaml:2: w has 0 of 1 tasks running when all is at rest: no node takes the others"},
                {"services:\n  w: {restart: on-failure, behaves: {run: 5s}}\n",
                 "s.yaml:2: w has 0 of 1 tasks running when all is at rest: they end, and are not made "
                 "again after that (restart: on-failure); say restart: none if that is meant"},
                {NET "services:\n  w: {networks: [n], stuck: true}\n",
                 "s.yaml:4: w is to be stuck, and nothing keeps its 1 tasks from running"},
                {"pool: {range: 10.0.0.0/24, size: 16}\n",
                 "s.yaml:1: the pool 10.0.0.0/24 is smaller than the /16"},
                {"pool: {range: 10.0.0.0/24, size: 25}\nnetworks:\n  a: {}\n  b: {}\n",
                 "s.yaml:4: b gets no subnet: 10.0.0.0/24 has none of /25 left"},
                {"nodes:\n  - a\n  - {name: b, manager: true}\n  - {name: c, manager: true}\nthen:\n  - {at: "
                 "1s, "
                 "node_down: a}\n  - {at: 2s, node_down: b}\n",
                 "s.yaml:7: with b down, 1 of 3 managers are up"},
                {"then:\n  - {at: 1s, task_dies: web}\n", "s.yaml:2: there is no service web"},
                {"then:\n  - {at: 1s, leak: web}\n", "s.yaml:2: there is no network web that could leak"},
                {"then:\n  - {at: 1s, image_missing: web}\n", "s.yaml:2: nothing is of the image web"},
                {"then:\n  - {at: 1s, node_up: web}\n", "s.yaml:2: there is no node web"},
        };

        (void)state;
        expect_all_refused(refusals, ELEMENTS(refusals));
}

/* Of two keys that say the same in different ways one was dropped without a word. */
static void a_key_without_effect_is_refused(void **state)
{
        static const struct refusal refusals[] = {
                {"services:\n  w: {replicas: 3, global: true}\n",
                 "s.yaml:2: w has replicas and is global, which is one task on each node: say one of them"},
                {"services:\n  w: {job: 3, replicas: 2, behaves: {run: 1s}}\n",
                 "s.yaml:2: w has replicas and is a job: say concurrent, if that is how many of its tasks"},
                {"services:\n  w: {concurrent: 4}\n",
                 "s.yaml:2: w has concurrent and is no job: say job, or replicas"},
                {"generate:\n  - {prefix: a, services: 2, service: {global: true, replicas: 2}}\n",
                 "s.yaml:2: a-1 has replicas and is global"},
                {"generate:\n  - {prefix: a, services: 2, tasks: 3, service: {replicas: 2}}\n",
                 "s.yaml:2: tasks says how many each service has, and so does replicas"},
                {"services:\n  w:\n    replicas: 2\n    spec: " SPEC_W "\n",
                 "s.yaml:3: replicas says nothing beside a spec, which is posted as it is: say it there"},
                {"services:\n  w:\n    spec: " SPEC_W "\n    networks: [n]\n",
                 "s.yaml:4: networks says nothing beside a spec"},
                {"services:\n  w: {spec: " SPEC_W ", restart: none}\n",
                 "s.yaml:2: restart says nothing beside a spec"},
                {"networks:\n  n: {subnet: 10.9.0.0/24}\nthen:\n  - {at: 1s, leak: n, count: 254}\n",
                 "s.yaml:4: n has 253 addresses in all, and 254 are to leak"},
                {"networks:\n  n: {}\nthen:\n  - {at: 1s, leak: n, count: 999999}\n",
                 "s.yaml:4: n has 253 addresses in all, and 999999 are to leak"},
        };

        (void)state;
        expect_all_refused(refusals, ELEMENTS(refusals));
}

/* What the spec does not say itself still goes beside it. */
static void a_spec_s_containers_behave_as_the_file_says_and_end_as_the_spec_says(void **state)
{
        _cleanup_sim_ struct sim *sim =
                open_text("services:\n  w: {spec: " SPEC_W ", behaves: {run: 1s}}\n", 0);

        (void)state;
        assert_int_equal(sim_service_running(sim, "w"), 0);
}

#define TWO "networks:\n  a: {subnet: 10.9.0.0/16}\n  b: {subnet: 10.9.3.0/24"

static void overlapping_subnets_are_refused_unless_they_are_meant(void **state)
{
        static const struct refusal refusals[] = {
                {TWO "}\n", "s.yaml:3: 10.9.3.0/24 of b overlaps 10.9.0.0/16 of a; the engine would make the "
                            "network and never give it addresses: say overlap: true if that is meant"},
                {"networks:\n  a: {subnet: 10.0.0.0/24}\n",
                 "s.yaml:2: 10.0.0.0/24 of a overlaps 10.0.0.0/24 of ingress"},
                {"networks:\n  a: {subnet: 10.9.0.0/24, overlap: true}\n",
                 "s.yaml:2: a is to overlap another network, and overlaps none"},
                {TWO ", overlap: true, leaks: 1}\n",
                 "s.yaml:3: b never gets its addresses (overlap: true), and is"},
                {TWO ", overlap: true}\nservices:\n  w: {networks: [b]}\n",
                 "s.yaml:5: w is on b, which never gets its addresses (overlap: true)"},
                {TWO ", overlap: true, attachable: true}\ncontainers:\n  c: {networks: [b]}\n",
                 "s.yaml:5: c can't be on b: it never gets its addresses (overlap: true)"},
        };

        (void)state;
        expect_all_refused(refusals, ELEMENTS(refusals));
        _cleanup_sim_ struct sim *sim =
                open_text(TWO ", overlap: true}\nservices:\n  w: {networks: [b], stuck: true}\n", 0);
        assert_true(sim_network_has_pool(sim, "a"));
        assert_false(sim_network_has_pool(sim, "b"));
        assert_int_equal(sim_service_running(sim, "w"), 0);
        assert_int_equal(sim_service_wanted(sim, "w"), 1);
}

static void bridges_that_overlap_are_refused_as_the_engine_does(void **state)
{
        static const struct refusal refusals[] = {
                {"networks:\n  a: {driver: bridge, subnet: 10.1.0.0/16}\n"
                 "  b: {driver: bridge, subnet: 10.1.2.0/24}\n",
                 "s.yaml:3: 10.1.2.0/24 of b overlaps 10.1.0.0/16 of a, which the engine refuses of bridges"},
                {"networks:\n  a: {driver: bridge, subnet: 172.17.3.0/24}\n",
                 "s.yaml:2: 172.17.3.0/24 of a overlaps 172.17.0.0/16 of bridge, which the engine refuses"},
                {"networks:\n  a: {driver: bridge, subnet: 172.16.0.0/12}\n",
                 "s.yaml:2: 172.16.0.0/12 of a overlaps 172.17.0.0/16 of bridge, which the engine refuses"},
        };
        static const char overlay_over_bridge[] = "networks:\n  a.b: {driver: bridge, subnet: 10.9.0.0/16}\n"
                                                  "  b: {subnet: 10.9.3.0/24}\n";

        (void)state;
        expect_all_refused(refusals, ELEMENTS(refusals));
        _cleanup_sim_ struct sim *sim = open_text(overlay_over_bridge, 0);
        assert_true(sim_network_has_pool(sim, "b"));
}

/* A bridge that names no subnet was given one by its number, whoever had that already. */
static void a_bridge_without_a_subnet_gets_one_that_is_free(void **state)
{
        _cleanup_buffer_ struct buffer text = {0};

        (void)state;
        buffer_add_text(&text, "networks:\n  a: {driver: bridge, subnet: 172.20.0.0/14}\n");
        for (int name = 'b'; name <= 'h'; name++)
                buffer_format(&text, "  %c: {driver: bridge}\n", name);
        _cleanup_sim_ struct sim *sim = open_text(buffer_text(&text), 0);
        for (unsigned second = 19; second <= 27; second++) {
                _cleanup_free_ char *gateway = text_format("\"Gateway\":\"172.%u.0.1\"", second);
                _cleanup_buffer_ struct buffer answer = {0};
                assert_int_equal(scene_ask(sim, "GET", "/networks", NULL, &answer), 200);
                const char *first = strstr(buffer_text(&answer), gateway);
                assert_true(!first || (!strstr(first + 1, gateway) && (second <= 20 || second > 23)));
        }
}

static void a_file_that_is_too_large_or_too_deep_is_refused(void **state)
{
        _cleanup_buffer_ struct buffer deep = {0};
        _cleanup_scenario_ struct scenario *scenario = NULL;
        _cleanup_error_ struct error error = {0};
        char path[] = "/tmp/headroom-scenario.XXXXXX";
        int fd = mkstemp(path);

        (void)state;
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, (off_t)SCENARIO_BYTES_MAX + 1), 0);
        close(fd);
        assert_int_equal(scenario_read(path, &scenario, &error), -1);
        unlink(path);
        assert_int_equal(error.kind, ERROR_USAGE);
        assert_non_null(
                strstr(error.sentence, ":1: this is no scenario: the file is larger than 1048576 bytes"));
        for (int i = 0; i < 5000; i++)
                buffer_add_text(&deep, "[");
        expect_refused(buffer_text(&deep), "s.yaml:1: this is not YAML");
        error_done(&error);
        assert_int_equal(scenario_read("/nowhere/at/all", &scenario, &error), -1);
        assert_int_equal(error.kind, ERROR_FAILED);
}

static void what_is_made_is_at_rest_and_counts(void **state)
{
        _cleanup_sim_ struct sim *sim = open_text("nodes: 2\n"
                                                  "networks:\n"
                                                  "  n: {subnet: 10.9.0.0/24, attachable: true, leaks: 7}\n"
                                                  "  m: {subnet: 10.8.0.0/24, leaks: [10.8.0.9, 10.8.0.4]}\n"
                                                  "services:\n"
                                                  "  w: {networks: [n, m], replicas: 3}\n"
                                                  "  g: {networks: [m], global: true, endpoint_mode: dnsrr}\n"
                                                  "  j: {job: 4, concurrent: 2, behaves: {run: 5s}}\n"
                                                  "containers:\n"
                                                  "  c: {node: node2, networks: {n: {address: 10.9.0.77}}}\n",
                                                  0);

        (void)state;
        assert_true(sim_next_ms(sim) == INT64_MAX);
        assert_int_equal(sim_pool_state(sim, "n").leaked, 7);
        assert_int_equal(sim_pool_state(sim, "n").held, 7 + 1 + 3 + 2 + 1);
        assert_int_equal(sim_pool_state(sim, "m").leaked, 2);
        assert_int_equal(sim_pool_state(sim, "m").held, 2 + 1 + 3 + 2 + 2);
        assert_int_equal(sim_leaked(sim), 9);
        assert_int_equal(sim_service_running(sim, "g"), 2);
        assert_int_equal(sim_service_wanted(sim, "j"), 0);
        sim_leader_change(sim);
        assert_int_equal(sim_leaked(sim), 0);
        assert_int_equal(sim_pool_state(sim, "m").held, 1 + 3 + 2 + 2);
}

/* On its node the first one also brings the balancer, which takes the next address that is free. */
static void containers_have_the_addresses_that_they_ask_for_in_any_order(void **state)
{
        static const char *const orders[][3] = {{"2", "3", "4"}, {"3", "2", "4"}, {"4", "3", "2"}};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(orders); i++) {
                _cleanup_free_ char *text =
                        text_format("networks: {n: {subnet: 10.9.0.0/28, attachable: true}}\n"
                                    "containers:\n"
                                    "  a: {networks: {n: {address: 10.9.0.%s}}}\n"
                                    "  b: {networks: {n: {address: 10.9.0.%s}}}\n"
                                    "  c: {networks: {n: {address: 10.9.0.%s}}}\n",
                                    orders[i][0], orders[i][1], orders[i][2]);
                _cleanup_sim_ struct sim *sim = open_text(text, 0);
                for (size_t j = 0; j < 3; j++) {
                        _cleanup_free_ char *path = text_format("/containers/%c/json", (int)('a' + j));
                        _cleanup_free_ char *said = scene_text(sim, path, "NetworkSettings", "Networks", "n");
                        _cleanup_free_ char *wanted =
                                text_format("\"IPAddress\":\"10.9.0.%s\"", orders[i][j]);
                        assert_non_null(strstr(said, wanted));
                }
                assert_int_equal(sim_pool_state(sim, "n").held, 4);
        }
}

static void a_full_pool_refuses_whoever_is_stuck(void **state)
{
        _cleanup_sim_ struct sim *sim = open_text("networks:\n"
                                                  "  n: {subnet: 10.9.0.0/28, leaks: all}\n"
                                                  "services:\n"
                                                  "  w: {networks: [n]}\n"
                                                  "  late: {networks: [n], replicas: 2, stuck: true}\n",
                                                  0);

        (void)state;
        assert_int_equal(sim_pool_state(sim, "n").held, 13);
        assert_int_equal(sim_pool_state(sim, "n").leaked, 10);
        assert_int_equal(sim_service_running(sim, "late"), 0);
        _cleanup_free_ char *tasks =
                scene_text(sim, "/tasks?filters={\"service\":[\"late\"]}", NULL, NULL, NULL);
        assert_non_null(strstr(tasks, "\"State\":\"new\""));
        assert_int_equal(scene_count(sim, "/services"), 2); /* nothing of the leaks' making is left */
        assert_int_equal(scene_count(sim, "/networks"), 6);
        sim_leader_change(sim);
        scene_wait(sim, SETTLE_MS);
        assert_int_equal(sim_service_running(sim, "late"), 2);
}

/* No service can be on ingress by name: the engine refuses it, and so it refused the scenario. */
static void ingress_leaks_though_no_service_is_on_it_by_name(void **state)
{
        _cleanup_sim_ struct sim *some = open_text("ingress: {leaks: 3}\nservices:\n  w: {ports: [80]}\n", 0);
        _cleanup_sim_ struct sim *all = open_text("ingress: {subnet: 10.7.0.0/28, leaks: all}\n", 0);

        (void)state;
        assert_int_equal(sim_pool_state(some, "ingress").leaked, 3);
        assert_int_equal(sim_pool_state(some, "ingress").held, 3 + 1 + 1 + 1);
        assert_int_equal(sim_pool_state(all, "ingress").held, 13);
        assert_int_equal(sim_pool_state(all, "ingress").leaked, 12);
        assert_int_equal(scene_count(all, "/networks"), 5);
}

static void a_stack_is_made_as_the_docker_client_deploys_it(void **state)
{
        _cleanup_sim_ struct sim *sim = open_text("networks:\n"
                                                  "  proxy: {}\n"
                                                  "stacks:\n"
                                                  "  shop:\n"
                                                  "    networks: {inside: {}}\n"
                                                  "    services:\n"
                                                  "      web:\n"
                                                  "        networks: {proxy: [front], inside: {}}\n"
                                                  "        volumes: [\"data:/data:ro\", \"/srv:/srv\"]\n"
                                                  "        env: {A: 1}\n"
                                                  "      alone: {}\n",
                                                  0);
        const char *spec = sim_service_spec(sim, "shop_web", NULL);

        (void)state;
        assert_non_null(strstr(spec, "\"com.docker.stack.namespace\":\"shop\""));
        assert_non_null(strstr(spec, "\"Aliases\":[\"front\",\"web\"]"));
        assert_non_null(strstr(spec, "\"Source\":\"shop_data\""));
        assert_non_null(strstr(spec, "\"Type\":\"bind\",\"Source\":\"/srv\""));
        assert_non_null(strstr(spec, "\"Env\":[\"A=1\"]"));
        assert_int_equal(sim_pool_state(sim, "shop_inside").held, 3);
        assert_int_equal(sim_pool_state(sim, "shop_default").held, 3);
        assert_int_equal(sim_pool_state(sim, "proxy").held, 3);
}

static void the_engine_s_own_spec_is_posted_as_it_is(void **state)
{
        static const char spec[] = "{\"Name\":\"raw\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"},"
                                   "\"Placement\":{},\"Networks\":[{\"Target\":\"n\"}]},\"Mode\":{"
                                   "\"Replicated\":{\"Replicas\":2}},\"EndpointSpec\":{\"Mode\":\"dnsrr\"}}";
        _cleanup_free_ char *text = text_format(NET "services:\n  raw: {spec: '%s'}\n", spec);
        _cleanup_sim_ struct sim *sim = open_text(text, 0);
        static const struct refusal refusals[] = {
                {"services:\n  w: {spec: '{'}\n", "s.yaml:2: the spec of w is no JSON: "},
                {"services:\n  w: {spec: '[]'}\n", "s.yaml:2: the spec of w is no JSON object"},
                {"services:\n  w: {spec: '{}'}\n",
                 "s.yaml:2: the spec of w has no TaskTemplate.ContainerSpec.Image"},
                {"services:\n  w: {spec: "
                 "'{\"Name\":\"v\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"}}}'}\n",
                 "s.yaml:2: the spec has the Name v, and the service is called w"},
        };

        (void)state;
        assert_int_equal(sim_service_running(sim, "raw"), 2);
        assert_int_equal(sim_pool_state(sim, "n").held, 3);
        expect_all_refused(refusals, ELEMENTS(refusals));
}

static void what_is_for_later_happens_when_it_is_due(void **state)
{
        _cleanup_sim_ struct sim *sim =
                open_text("nodes:\n  - a\n  - {name: b, manager: true}\n  - {name: c, manager: true}\n"
                          "networks:\n  n: {leaks: 3}\n"
                          "services:\n  w: {networks: [n], constraints: [\"node.hostname==b\"], "
                          "restart_delay: 1s}\n"
                          "then:\n"
                          "  - {at: 10s, leak: n, count: 5}\n"
                          "  - {at: 20s, task_dies: w}\n"
                          "  - {at: 30s, node_down: b}\n"
                          "  - {at: 90s, node_up: b}\n"
                          "  - {at: 3m, leader: changes}\n"
                          "  - {at: 4m, leader: lost, for: 5s}\n"
                          "  - {at: 5m, engine_restarts: b}\n"
                          "  - {at: 6m, image_missing: app}\n"
                          "  - {at: 7m, task_dies: w}\n",
                          0);

        (void)state;
        assert_int_equal(sim_pool_state(sim, "n").leaked, 3);
        scene_wait(sim, 10500);
        assert_int_equal(sim_pool_state(sim, "n").leaked, 8);
        scene_wait(sim, 10000);
        assert_int_equal(sim_service_running(sim, "w"), 0);
        scene_wait(sim, 8000);
        assert_int_equal(sim_service_running(sim, "w"), 1);
        scene_wait(sim, 30000);
        assert_int_equal(sim_service_running(sim, "w"), 0);
        scene_wait(sim, 60000);
        assert_int_equal(sim_service_running(sim, "w"), 1);
        scene_wait(sim, 90000);
        assert_int_equal(sim_pool_state(sim, "n").leaked, 0);
        scene_wait(sim, 32000); /* 4 min and a second after it was opened */
        scene_refused(sim, "GET", "/services", NULL, 500, "does not have a leader");
        scene_wait(sim, 60000);
        assert_int_equal(scene_ask(sim, "GET", "/images/app/json", NULL, NULL), 200);
        scene_wait(sim, 60000);
        assert_int_equal(scene_ask(sim, "GET", "/images/app/json", NULL, NULL), 404);
        assert_int_equal(sim_service_running(sim, "w"), 1);
        scene_wait(sim, 60000);
        assert_int_equal(sim_service_running(sim, "w"), 0);
        scene_consistent(sim);
}

static void rules_make_many_and_the_seed_says_what_they_leave_open(void **state)
{
        static const char text[] =
                "networks:\n  proxy: {subnet: 10.64.0.0/16}\n"
                "nodes: 5\n"
                "generate:\n"
                "  - {prefix: app, services: 30, tasks: 1-9, networks: 4, service: {networks: "
                "[proxy]}}\n"
                "  - {prefix: shop, services: 8, stack: 3, service: {networks: [proxy]}}\n";
        _cleanup_sim_ struct sim *one = open_text(text, 1);
        _cleanup_sim_ struct sim *again = open_text(text, 1);
        _cleanup_sim_ struct sim *other = open_text(text, 2);

        (void)state;
        assert_int_equal(scene_count(one, "/services"), 38);
        assert_int_equal(scene_count(one, "/networks"), 5 + 1 + 4 + 3);
        assert_int_equal(sim_service_running(one, "shop-3_s2"), 1);
        assert_true(sim_service_running(one, "app-01") > 0 && sim_service_running(one, "app-30") > 0);
        assert_int_equal(sim_pool_state(one, "shop-3_default").held, 2 + 2 + 2);
        assert_true(sim_pool_state(one, "app-net-4").held > 7);
        assert_int_equal(scene_count(one, "/tasks"), scene_count(again, "/tasks"));
        assert_int_not_equal(scene_count(one, "/tasks"), scene_count(other, "/tasks"));
}

static void a_scenario_that_never_rests_opens_when_it_says_so(void **state)
{
        _cleanup_sim_ struct sim *sim =
                open_text("settle: 30s\nservices:\n  w: {behaves: {fails: true}, restart_delay: 1s}\n", 0);

        (void)state;
        assert_int_equal(sim_service_running(sim, "w"), 0);
        assert_true(sim_next_ms(sim) < sim_now_ms(sim) + 10000);
}

static void the_clock_on_the_wall_starts_where_the_file_says(void **state)
{
        _cleanup_sim_ struct sim *sim = open_text("start: 2026-11-12T03:12:00Z\nage: 2h\n", 0);
        _cleanup_free_ char *time = scene_text(sim, "/info", "SystemTime", NULL, NULL);

        (void)state;
        assert_true(text_starts_with(time, "2026-11-12T05:1"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_unknown_key_is_refused_with_the_nearest),
                cmocka_unit_test(a_value_that_can_not_be_is_refused),
                cmocka_unit_test(a_name_that_the_swarm_refuses_is_refused),
                cmocka_unit_test(a_key_without_a_value_is_refused),
                cmocka_unit_test(an_impossible_swarm_is_refused),
                cmocka_unit_test(impossible_places_are_refused),
                cmocka_unit_test(a_swarm_that_can_not_come_to_be_is_refused),
                cmocka_unit_test(a_key_without_effect_is_refused),
                cmocka_unit_test(a_spec_s_containers_behave_as_the_file_says_and_end_as_the_spec_says),
                cmocka_unit_test(overlapping_subnets_are_refused_unless_they_are_meant),
                cmocka_unit_test(bridges_that_overlap_are_refused_as_the_engine_does),
                cmocka_unit_test(a_bridge_without_a_subnet_gets_one_that_is_free),
                cmocka_unit_test(a_file_that_is_too_large_or_too_deep_is_refused),
                cmocka_unit_test(what_is_made_is_at_rest_and_counts),
                cmocka_unit_test(containers_have_the_addresses_that_they_ask_for_in_any_order),
                cmocka_unit_test(a_full_pool_refuses_whoever_is_stuck),
                cmocka_unit_test(ingress_leaks_though_no_service_is_on_it_by_name),
                cmocka_unit_test(a_stack_is_made_as_the_docker_client_deploys_it),
                cmocka_unit_test(the_engine_s_own_spec_is_posted_as_it_is),
                cmocka_unit_test(what_is_for_later_happens_when_it_is_due),
                cmocka_unit_test(rules_make_many_and_the_seed_says_what_they_leave_open),
                cmocka_unit_test(a_scenario_that_never_rests_opens_when_it_says_so),
                cmocka_unit_test(the_clock_on_the_wall_starts_where_the_file_says),
        };

        return cmocka_run_group_tests_name("scenario", tests, NULL, NULL);
}
