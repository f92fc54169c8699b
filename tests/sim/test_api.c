/* The API's manners: refusals in the engine's words, names, filters, long lists, and what a node knows. */

#include "scene.h"

static struct sim *swarm_of(size_t nodes)
{
        return sim_open(&(struct sim_settings){.nodes = nodes, .seed = 11});
}

#define NETWORK(name, config)                                                                                \
        "{\"Name\":\"" name "\",\"Driver\":\"overlay\",\"IPAM\":{\"Config\":[" config "]}}"
#define BRIDGE(name, subnet) "{\"Name\":\"" name "\",\"IPAM\":{\"Config\":[{\"Subnet\":\"" subnet "\"}]}}"

#define SPEC(rest)                                                                                           \
        "{\"Name\":\"t\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"},\"Placement\":{}}," rest "}"
#define CONSTRAINED(constraint)                                                                              \
        "{\"Name\":\"t\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"},\"Placement\":{"              \
        "\"Constraints\":[\"" constraint "\"]}}}"

static const struct {
        const char *method, *path, *body;
        int status;
        const char *words;
} refusals[] = {
        {"GET", "/nothing", NULL, 404, "page not found"},
        {"PUT", "/services", NULL, 404, "page not found"},
        {"GET", "/v1.99/info", NULL, 400,
         "client version 1.99 is too new. Maximum supported API version is 1.41"},
        {"GET", "/v1.1/info", NULL, 400, "is too old"},
        {"GET", "/networks/none-such", NULL, 404, "network none-such not found"},
        {"GET", "/services/x", NULL, 404, "service x not found"},
        {"GET", "/tasks/x", NULL, 404, "task x not found"},
        {"GET", "/nodes/x", NULL, 404, "node x not found"},
        {"GET", "/containers/x/json", NULL, 404, "No such container: x"},
        {"GET", "/images/x/json", NULL, 404, "No such image: x"},
        {"GET", "/services?filters=%7B", NULL, 400, "unexpected EOF"},
        {"GET", "/services?filters=%7B%22odd%22%3A%5B%22a%22%5D%7D", NULL, 400, "Invalid filter 'odd'"},
        {"GET", "/services?filters=%7B%22name%22%3A%22s%22%7D", NULL, 400,
         "json: cannot unmarshal string into Go value of type map[string]bool"},
        {"GET", "/tasks?filters=%7B%22desired-state%22%3A%5B%22foo%22%5D%7D", NULL, 500,
         "Invalid desired-state filter: 'foo'"},
        {"GET", "/nodes?filters=%7B%22role%22%3A%5B%22x%22%5D%7D", NULL, 500, "Invalid role filter: 'x'"},
        {"GET", "/nodes?filters=%7B%22membership%22%3A%5B%22x%22%5D%7D", NULL, 500,
         "Invalid membership filter: 'x'"},
        {"GET", "/networks?filters=%7B%22type%22%3A%5B%22x%22%5D%7D", NULL, 500,
         "invalid filter: 'type'='x'"},
        {"POST", "/networks/create", "{", 400, "unexpected EOF"},
        {"POST", "/networks/create", "[]", 400,
         "json: cannot unmarshal array into Go value of type types.NetworkCreateRequest"},
        {"POST", "/networks/create", NULL, 400, "got EOF while reading request body"},
        {"POST", "/networks/create", "{}", 500, "invalid name: "},
        {"POST", "/networks/create", "{\"Name\":1}", 400,
         "json: cannot unmarshal number into Go struct field NetworkCreateRequest.Name of type string"},
        {"POST", "/networks/create", "{\"Name\":\"bridge\"}", 403, "predefined bridge network"},
        {"POST", "/networks/create", NETWORK("m", "{\"Subnet\":\"10.9.0.0/99\"}"), 500,
         "Invalid subnet 10.9.0.0/99 : invalid CIDR address: 10.9.0.0/99"},
        {"POST", "/networks/create", NETWORK("m", "{\"Subnet\":\"10.9.0.0/24\",\"IPRange\":\"10.8.0.0/28\"}"),
         400, "subnet 10.9.0.0/24 does not contain range 10.8.0.0/28"},
        {"POST", "/networks/create", NETWORK("m", "{\"Subnet\":\"10.9.0.0/24\",\"Gateway\":\"10.8.0.1\"}"),
         400, "subnet 10.9.0.0/24 does not contain gateway 10.8.0.1"},
        {"POST", "/networks/create", BRIDGE("l", "172.17.4.0/24"), 403,
         "{\"message\":\"Pool overlaps with other one on this address space\"}"},
        {"POST", "/networks/create", NETWORK("n", ""), 409, "network with name n already exists"},
        {"POST", "/networks/create", NETWORK("N", ""), 500, "name conflicts with an existing object"},
        {"DELETE", "/networks/n", NULL, 400, "is in use by service "},
        {"DELETE", "/networks/ingress", NULL, 400, "ingress network cannot be removed"},
        {"POST", "/services/create", "", 400, "got EOF while reading request body"},
        {"POST", "/services/create",
         "{\"Name\":\"bad name\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"}}}", 400,
         "valid as a DNS name component"},
        {"POST", "/services/create", "{\"Name\":\"t\"}", 400, "mismatched Runtime and *Spec fields"},
        {"POST", "/services/create", "{\"Name\":\"t\",\"TaskTemplate\":{\"ContainerSpec\":{}}}", 400,
         "image reference must be provided"},
        {"POST", "/services/create", SPEC("\"Mode\":{\"Global\":{},\"Replicated\":{}}"), 400,
         "must specify only one service mode"},
        {"POST", "/services/create", SPEC("\"UpdateConfig\":{\"Order\":\"sideways\"}"), 400,
         "unrecognized update order sideways"},
        {"POST", "/services/create", SPEC("\"UpdateConfig\":{\"FailureAction\":\"explode\"}"), 400,
         "unrecognized update failure action explode"},
        {"POST", "/services/create", SPEC("\"EndpointSpec\":{\"Mode\":\"odd\"}"), 400,
         "invalid resolution mode: \\\"odd\\\""},
        {"POST", "/services/create", CONSTRAINED("foo"), 500, "constraint expected one operator from ==, !="},
        {"POST", "/services/create", CONSTRAINED("node.role=worker"), 500,
         "constraint expected one operator from ==, !="},
        {"POST", "/services/create", CONSTRAINED("node.role=="), 500, "value '' is invalid"},
        {"POST", "/services/s/update", "{}", 400, "invalid service version ''"},
        {"POST", "/services/s/update?version=1", "{}", 500, "update out of sequence"},
        {"POST", "/containers/create?name=c", "{\"Image\":\"none\"}", 404, "No such image: none"},
        {"GET", "/distribution/x/json", NULL, 500, "dial tcp: lookup registry-1.docker.io"},
        {"DELETE", "/nodes/node1", NULL, 400, "must be demoted to worker before removal"},
        {"DELETE", "/nodes/x", NULL, 404, "node x not found"},
        {"POST", "/nodes/node1/update?version=1", "{}", 400, "invalid Role: "},
        {"POST", "/networks/n/connect", "{\"Container\":\"none\"}", 404, "No such container: none"},
};

static void requests_are_refused_in_the_engines_words(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);

        (void)state;
        scene_network(sim, "n", "10.9.9.0/24");
        scene_service(
                sim, "s", "n", 1,
                ",\"EndpointSpec\":{\"Ports\":[{\"TargetPort\":80,\"PublishedPort\":80,\"Protocol\":\"tcp\","
                "\"PublishMode\":\"ingress\"}]}");
        scene_wait(sim, 5000);
        for (size_t i = 0; i < ELEMENTS(refusals); i++)
                scene_refused(sim, refusals[i].method, refusals[i].path, refusals[i].body, refusals[i].status,
                              refusals[i].words);
        _cleanup_free_ char *same_name = scene_spec("S", "n", 1, "");
        scene_refused(sim, "POST", "/services/create", same_name, 409, "service S already exists");
        _cleanup_free_ char *same_port =
                scene_spec("t", "n", 1,
                           ",\"EndpointSpec\":{\"Ports\":[{\"TargetPort\":81,\"PublishedPort\":"
                           "80,\"Protocol\":\"tcp\",\"PublishMode\":\"ingress\"}]}");
        scene_refused(sim, "POST", "/services/create", same_port, 400,
                      "port '80' is already in use by service 's'");
        _cleanup_free_ char *unknown = scene_spec("t", "absent", 1, "");
        scene_refused(sim, "POST", "/services/create", unknown, 500, "network absent not found");
        _cleanup_free_ char *local = scene_spec("t", "bridge", 1, "");
        scene_refused(sim, "POST", "/services/create", local, 403, "cannot be used with services");
        scene_consistent(sim);
}

static void update_refused(struct sim *sim, const char *body, const char *words)
{
        _cleanup_free_ char *version = scene_text(sim, "/services/legacy", "Version", "Index", NULL);
        _cleanup_free_ char *path = text_format("/services/legacy/update?version=%s", version);

        if (words)
                scene_refused(sim, "POST", path, body, 501, words);
        else
                scene_done(sim, "POST", path, body);
}

/* Networks beside the template, as clients before API 1.29 wrote them, can be moved into it, and not changed.
 */
static void an_update_changes_neither_mode_nor_outer_networks(void **state)
{
        static const char template[] =
                "\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"},\"Placement\":{}";
        _cleanup_sim_ struct sim *sim = swarm_of(1);
        _cleanup_free_ char *legacy =
                text_format("{\"Name\":\"legacy\",%s},\"Networks\":[{\"Target\":\"n\"}]}", template);
        _cleanup_free_ char *changed =
                text_format("{\"Name\":\"legacy\",%s},\"Networks\":[{\"Target\":\"m\"}]}", template);
        _cleanup_free_ char *migrated =
                text_format("{\"Name\":\"legacy\",%s,\"Networks\":[{\"Target\":\"m\"}]}}", template);
        _cleanup_free_ char *global = text_format(
                "{\"Name\":\"legacy\",%s,\"Networks\":[{\"Target\":\"m\"}]},\"Mode\":{\"Global\":{}}}",
                template);

        (void)state;
        scene_network(sim, "n", "10.9.9.0/24");
        scene_network(sim, "m", "10.9.8.0/24");
        scene_done(sim, "POST", "/services/create", legacy);
        update_refused(sim, changed, "networks must be migrated to TaskSpec before being changed");
        update_refused(sim, migrated, NULL);
        update_refused(sim, global, "service mode change is not allowed");
}

static void a_name_is_free_when_the_last_container_is_gone(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        scene_service(sim, "s", "n", 1, "");
        scene_wait(sim, 5000);
        scene_done(sim, "DELETE", "/services/s", NULL);
        scene_done(sim, "DELETE", "/networks/n", NULL);
        assert_int_equal(scene_ask(sim, "GET", "/networks/n", NULL, NULL), 200); /* the node's copy */
        scene_refused(sim, "DELETE", "/networks/n", NULL, 404, "not found");
        scene_refused(sim, "POST", "/networks/create", NETWORK("n", ""), 409, "already exists");
        scene_wait(sim, 10000);
        assert_int_equal(scene_ask(sim, "GET", "/networks/n", NULL, NULL), 404);
        scene_done(sim, "POST", "/networks/create", NETWORK("n", ""));
}

static void a_name_is_taken_on_those_nodes_only_that_have_a_copy(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(2);
        _cleanup_engine_ struct engine *other = sim_engine_open(sim, 1);
        static const char spec[] =
                "{\"Name\":\"s\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"},\"Placement\":{"
                "\"Constraints\":[\"node.hostname==node1\"]},\"Networks\":[{\"Target\":\"n\"}]},"
                "\"Mode\":{\"Replicated\":{\"Replicas\":1}}}";

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        scene_done(sim, "POST", "/services/create", spec);
        scene_wait(sim, 5000);
        scene_done(sim, "DELETE", "/services/s", NULL);
        scene_done(sim, "DELETE", "/networks/n", NULL);
        scene_refused(sim, "POST", "/networks/create", NETWORK("n", ""), 409, "already exists");
        assert_int_equal(engine_post(other, "/networks/create", NETWORK("n", ""), NULL, NULL), 0);
}

static void a_live_connection_needs_the_network_on_the_node_and_leaves_a_zombie(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        scene_network(sim, "hop", "10.9.1.0/24");
        scene_service(sim, "s", "n", 1, "");
        scene_wait(sim, 5000);
        _cleanup_buffer_ struct buffer tasks = {0};
        scene_ask(sim, "GET", "/tasks", NULL, &tasks);
        const char *at = strstr(tasks.bytes, "\"ContainerID\":\"") + 15;
        _cleanup_free_ char *connect = text_format("{\"Container\":\"%.64s\",\"EndpointConfig\":{"
                                                   "\"IPAMConfig\":{\"IPv4Address\":\"10.9.1.250\"}}}",
                                                   at);
        scene_refused(sim, "POST", "/networks/hop/connect", connect, 404, "network hop not found");
        sim_image_add(sim, "x");
        scene_done(sim, "POST", "/containers/create?name=anchor",
                   "{\"Image\":\"x\",\"HostConfig\":{\"NetworkMode\":\"hop\"}}");
        scene_done(sim, "POST", "/containers/anchor/start", NULL);
        uint64_t held = sim_pool_state(sim, "hop").held;
        scene_done(sim, "POST", "/networks/hop/connect", connect);
        assert_int_equal(sim_pool_state(sim, "hop").held, held); /* the swarm knows nothing of it */
        scene_refused(sim, "POST", "/networks/hop/connect", connect, 403, "already exists in network hop");
        scene_done(sim, "DELETE", "/containers/anchor?force=true", NULL);
        scene_done(sim, "DELETE", "/networks/hop", NULL);
        scene_wait(sim, 600000);
        scene_done(sim, "DELETE", "/services/s", NULL);
        scene_wait(sim, 600000);
        scene_refused(sim, "POST", "/networks/create", NETWORK("hop", ""), 409, "already exists");
        sim_engine_restart(sim, 0);
        scene_wait(sim, 1000);
        scene_done(sim, "POST", "/networks/create", NETWORK("hop", ""));
        scene_consistent(sim);
}

static void a_standalone_container_takes_an_address_of_the_swarm(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);
        static const char attachments[] = "/tasks?filters=%7B%22runtime%22%3A%5B%22attachment%22%5D%7D";

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        sim_image_add(sim, "x");
        scene_done(sim, "POST", "/containers/create?name=c",
                   "{\"Image\":\"x\",\"HostConfig\":{\"NetworkMode\":\"n\"}}");
        assert_int_equal(scene_count(sim, attachments), 0);
        scene_done(sim, "POST", "/containers/c/start", NULL);
        assert_int_equal(scene_count(sim, attachments), 1);
        assert_int_equal(scene_count(sim, "/tasks"), 0);
        assert_int_equal(sim_pool_state(sim, "n").held, 2); /* and the node's endpoint */
        scene_refused(sim, "DELETE", "/networks/n", NULL, 400, "is in use by task");
        scene_refused(sim, "DELETE", "/containers/c", NULL, 409, "You cannot remove a running container");
        scene_done(sim, "POST", "/networks/n/disconnect", "{\"Container\":\"c\"}");
        assert_int_equal(sim_pool_state(sim, "n").held, 0);
        scene_done(sim, "DELETE", "/containers/c?force=true", NULL);
        scene_done(sim, "DELETE", "/networks/n", NULL);
        scene_consistent(sim);
}

static void a_container_waits_twenty_seconds_for_an_address_that_is_taken(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        scene_service(sim, "s", "n", 1, "");
        scene_wait(sim, 5000);
        sim_image_add(sim, "x");
        scene_done(sim, "POST", "/containers/create?name=c", "{\"Image\":\"x\"}");
        scene_done(sim, "POST", "/containers/c/start", NULL);
        int64_t before_ms = sim_now_ms(sim);
        scene_refused(
                sim, "POST", "/networks/n/connect",
                "{\"Container\":\"c\",\"EndpointConfig\":{\"IPAMConfig\":{\"IPv4Address\":\"10.9.0.2\"}}}",
                500, "attaching to network failed");
        assert_in_range(sim_now_ms(sim) - before_ms, 20000, 20010);
        /* The next attempt passes, and the swarm's books have nothing of it. */
        uint64_t held = sim_pool_state(sim, "n").held;
        scene_done(sim, "POST", "/networks/n/connect", "{\"Container\":\"c\"}");
        assert_int_equal(sim_pool_state(sim, "n").held, held);
        /* Taken off again the engine has forgotten it, and asks. */
        scene_done(sim, "POST", "/networks/n/disconnect", "{\"Container\":\"c\"}");
        scene_done(sim, "POST", "/networks/n/connect", "{\"Container\":\"c\"}");
        assert_int_equal(sim_pool_state(sim, "n").held, held + 1);
        scene_consistent(sim);
}

/* Long enough to come in several parts; each element is there once. */
static void a_long_list_comes_in_parts_and_whole(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);
        struct sim_answer answer _cleanup_(sim_answer_done) = {0};
        const struct sim_request request = {.method = "GET", .path = "/services"};
        char name[16];
        size_t parts = 1;

        (void)state;
        scene_network(sim, "n", "10.9.0.0/16");
        for (unsigned i = 0; i < 1000; i++) {
                snprintf(name, sizeof(name), "s%u", i);
                scene_service(sim, name, "n", 0, "");
        }
        sim_request(sim, &request, &answer);
        while (sim_answer_more(sim, &answer))
                parts++;
        assert_true(parts > 3);
        assert_int_equal(scene_count(sim, "/services"), 1000);
        assert_int_equal(scene_count(sim, "/services?filters=%7B%22name%22%3A%5B%22s99%22%5D%7D"), 11);
}

static void overlays_are_found_by_name_and_what_is_on_the_node_by_any_part(void **state)
{
        static const char part[] = "/networks?filters=%7B%22name%22%3A%5B%22xy%22%2C%22idge%22%5D%7D";
        static const char name[] = "/networks?filters=%7B%22name%22%3A%5B%22foxy%22%5D%7D";
        _cleanup_sim_ struct sim *sim = swarm_of(1);

        (void)state;
        scene_network(sim, "proxy", "10.9.0.0/24");
        scene_network(sim, "foxy", "10.9.1.0/24");
        assert_int_equal(scene_count(sim, name), 1);
        assert_int_equal(scene_count(sim, part), 2); /* bridge and docker_gwbridge */
        scene_service(sim, "s", "foxy", 1, "");
        scene_wait(sim, 5000);
        assert_int_equal(scene_count(sim, part), 3);
}

static void events_tell_what_was_made_and_removed(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);
        _cleanup_buffer_ struct buffer events = {0};

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        scene_done(sim, "DELETE", "/networks/n", NULL);
        scene_ask(sim, "GET", "/events?since=1", NULL, &events);
        assert_non_null(strstr(events.bytes, "\"Type\":\"network\",\"Action\":\"create\""));
        assert_non_null(strstr(events.bytes, "\"Type\":\"network\",\"Action\":\"remove\""));
}

static void without_a_leader_only_the_engine_itself_answers(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(3);

        (void)state;
        scene_network(sim, "n", "10.9.0.0/24");
        sim_leader_lose(sim, 5000);
        scene_refused(sim, "GET", "/services", NULL, 500, "The swarm does not have a leader");
        scene_refused(sim, "DELETE", "/networks/n", NULL, 500, "The swarm does not have a leader");
        assert_int_equal(scene_ask(sim, "GET", "/info", NULL, NULL), 200);
        scene_wait(sim, 5000);
        assert_int_equal(scene_count(sim, "/services"), 0);
}

static void pruning_takes_networks_from_under_tasks_that_are_ending(void **state)
{
        _cleanup_sim_ struct sim *sim = swarm_of(1);

        (void)state;
        scene_network(sim, "proxy", "10.9.0.0/24");
        scene_network(sim, "own", NULL);
        scene_service(sim, "stays", "proxy", 1, "");
        scene_service(sim, "s", "proxy,own", 1, "");
        scene_wait(sim, 5000);
        scene_done(sim, "DELETE", "/services/s", NULL);
        scene_done(sim, "POST", "/networks/prune", NULL);
        scene_wait(sim, 10000);
        assert_int_equal(sim_leaked(sim), 1);
        assert_int_equal(scene_ask(sim, "GET", "/networks/own", NULL, NULL), 404);
        scene_consistent(sim);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(requests_are_refused_in_the_engines_words),
                cmocka_unit_test(an_update_changes_neither_mode_nor_outer_networks),
                cmocka_unit_test(a_name_is_free_when_the_last_container_is_gone),
                cmocka_unit_test(a_name_is_taken_on_those_nodes_only_that_have_a_copy),
                cmocka_unit_test(a_live_connection_needs_the_network_on_the_node_and_leaves_a_zombie),
                cmocka_unit_test(a_standalone_container_takes_an_address_of_the_swarm),
                cmocka_unit_test(a_container_waits_twenty_seconds_for_an_address_that_is_taken),
                cmocka_unit_test(a_long_list_comes_in_parts_and_whole),
                cmocka_unit_test(overlays_are_found_by_name_and_what_is_on_the_node_by_any_part),
                cmocka_unit_test(without_a_leader_only_the_engine_itself_answers),
                cmocka_unit_test(pruning_takes_networks_from_under_tasks_that_are_ending),
                cmocka_unit_test(events_tell_what_was_made_and_removed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
