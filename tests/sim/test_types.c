/* Bodies of other types than an engine reads: what 20.10, 26.1 and 28.5 said to each when they were asked. */

#include "scene.h"

#define SERVICE(rest)                                                                                        \
        "{\"Name\":\"t\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"},\"Placement\":{}}," rest "}"
#define TEMPLATE(rest) "{\"Name\":\"t\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"}," rest "}}"
#define CONTAINER(rest)                                                                                      \
        "{\"Name\":\"t\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\"," rest "},\"Placement\":{}}}"
#define NETWORK(rest) "{\"Name\":\"n\",\"Driver\":\"overlay\"," rest "}"

static const struct {
        const char *body;
        const char *value;
        const char *field_20, *field_26, *field_28;
        const char *type;
} cases[] = {
        {"{\"Name\":3}", "number", "ServiceSpec.Name", "ServiceSpec.Annotations.Name", "ServiceSpec.Name",
         "string"},
        {SERVICE("\"Labels\":[1]"), "array", "ServiceSpec.Labels", "ServiceSpec.Annotations.Labels",
         "ServiceSpec.Labels", "map[string]string"},
        {SERVICE("\"Labels\":{\"a\":1}"), "number", "ServiceSpec.Labels", "ServiceSpec.Annotations.Labels",
         "ServiceSpec.Labels.a", "string"},
        {SERVICE("\"UpdateConfig\":{\"Parallelism\":\"x\"}"), "string",
         "UpdateConfig.UpdateConfig.Parallelism", "UpdateConfig.UpdateConfig.Parallelism",
         "ServiceSpec.UpdateConfig.Parallelism", "uint64"},
        {SERVICE("\"RollbackConfig\":{\"Parallelism\":-1}"), "number -1",
         "UpdateConfig.RollbackConfig.Parallelism", "UpdateConfig.RollbackConfig.Parallelism",
         "ServiceSpec.RollbackConfig.Parallelism", "uint64"},
        {SERVICE("\"EndpointSpec\":{\"Ports\":{}}"), "object", "EndpointSpec.EndpointSpec.Ports",
         "EndpointSpec.EndpointSpec.Ports", "ServiceSpec.EndpointSpec.Ports", "[]swarm.PortConfig"},
        {SERVICE("\"Networks\":{}"), "object", "ServiceSpec.Networks", "ServiceSpec.Networks",
         "ServiceSpec.Networks", "[]swarm.NetworkAttachmentConfig"},
        {SERVICE("\"Mode\":{\"Replicated\":{\"Replicas\":\"1\"}}"), "string",
         "ReplicatedService.Mode.Replicated.Replicas", "ReplicatedService.Mode.Replicated.Replicas",
         "ServiceSpec.Mode.Replicated.Replicas", "uint64"},
        {"{\"Name\":\"t\",\"TaskTemplate\":[]}", "array", "ServiceSpec.TaskTemplate",
         "ServiceSpec.TaskTemplate", "ServiceSpec.TaskTemplate", "swarm.TaskSpec"},
        {TEMPLATE("\"Placement\":{\"Constraints\":\"x\"}"), "string",
         "Placement.TaskTemplate.Placement.Constraints", "Placement.TaskTemplate.Placement.Constraints",
         "ServiceSpec.TaskTemplate.Placement.Constraints", "[]string"},
        {TEMPLATE("\"ForceUpdate\":-1"), "number -1", "TaskSpec.TaskTemplate.ForceUpdate",
         "TaskSpec.TaskTemplate.ForceUpdate", "ServiceSpec.TaskTemplate.ForceUpdate", "uint64"},
        {TEMPLATE("\"RestartPolicy\":{\"Delay\":\"1s\"}"), "string",
         "RestartPolicy.TaskTemplate.RestartPolicy.Delay", "RestartPolicy.TaskTemplate.RestartPolicy.Delay",
         "ServiceSpec.TaskTemplate.RestartPolicy.Delay", "time.Duration"},
        {TEMPLATE("\"Runtime\":3"), "number", "TaskSpec.TaskTemplate.Runtime",
         "TaskSpec.TaskTemplate.Runtime", "ServiceSpec.TaskTemplate.Runtime", "swarm.RuntimeType"},
        {CONTAINER("\"Env\":\"x\""), "string", "ContainerSpec.TaskTemplate.ContainerSpec.Env",
         "ContainerSpec.TaskTemplate.ContainerSpec.Env", "ServiceSpec.TaskTemplate.ContainerSpec.Env",
         "[]string"},
        {CONTAINER("\"Mounts\":[{\"Type\":3}]"), "number", "Mount.TaskTemplate.ContainerSpec.Mounts.Type",
         "Mount.TaskTemplate.ContainerSpec.Mounts.Type",
         "ServiceSpec.TaskTemplate.ContainerSpec.Mounts.0.Type", "mount.Type"},
        {CONTAINER("\"Healthcheck\":{\"Interval\":\"1s\"}"), "string",
         "HealthConfig.TaskTemplate.ContainerSpec.Healthcheck.Interval",
         "HealthcheckConfig.TaskTemplate.ContainerSpec.Healthcheck.Interval",
         "ServiceSpec.TaskTemplate.ContainerSpec.Healthcheck.Interval", "time.Duration"},
        {NETWORK("\"Attachable\":\"yes\""), "string", "NetworkCreateRequest.Attachable",
         "NetworkCreateRequest.NetworkCreate.Attachable", "CreateRequest.Attachable", "bool"},
        {NETWORK("\"Options\":{\"a\":1}"), "number", "NetworkCreateRequest.Options",
         "NetworkCreateRequest.NetworkCreate.Options", "CreateRequest.Options.a", "string"},
        {NETWORK("\"IPAM\":{\"Config\":[{\"Subnet\":3}]}"), "number", "IPAMConfig.IPAM.Config.Subnet",
         "IPAMConfig.NetworkCreate.IPAM.Config.Subnet", "CreateRequest.IPAM.Config.0.Subnet", "string"},
        {NETWORK("\"IPAM\":[]"), "array", "NetworkCreateRequest.IPAM",
         "NetworkCreateRequest.NetworkCreate.IPAM", "CreateRequest.IPAM", "network.IPAM"},
};

static void check_types(int minor)
{
        _cleanup_sim_ struct sim *sim =
                sim_open(&(struct sim_settings){.nodes = 1, .seed = 1, .api_version_minor = minor});

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                bool network = strstr(cases[i].field_28, "CreateRequest") != NULL;
                const char *field = minor >= 51   ? cases[i].field_28
                                    : minor >= 45 ? cases[i].field_26
                                                  : cases[i].field_20;
                _cleanup_free_ char *words = text_format(
                        "{\"message\":\"%sjson: cannot unmarshal %s into Go struct field %s of "
                        "type %s\"}",
                        minor >= 45 ? "invalid JSON: " : "", cases[i].value, field, cases[i].type);
                scene_refused(sim, "POST", network ? "/networks/create" : "/services/create", cases[i].body,
                              400, words);
        }
}

static void engine_20_10_names_the_struct_that_the_member_is_in(void **state)
{
        (void)state;
        check_types(41);
}

static void engine_26_1_names_embedded_structs_too(void **state)
{
        (void)state;
        check_types(45);
}

static void engine_28_5_names_the_body_and_every_place(void **state)
{
        (void)state;
        check_types(51);
}

static void expect_kept(const char *posted, const char *kept)
{
        _cleanup_sim_ struct sim *sim = sim_open(&(struct sim_settings){.nodes = 1, .seed = 1});

        scene_done(sim, "POST", "/services/create", posted);
        _cleanup_free_ char *spec = scene_text(sim, "/services/t", "Spec", NULL, NULL);
        assert_string_equal(spec, kept);
}

/* Members that are null are members that are not there. */
static void what_is_null_is_of_any_type(void **state)
{
        (void)state;
        expect_kept("{\"Name\":\"t\",\"Labels\":null,\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\","
                    "\"Env\":null},\"Placement\":{},\"Networks\":null},\"Mode\":null}",
                    "{\"Name\":\"t\",\"Labels\":{},\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":"
                    "\"x\",\"Isolation\":\"default\"},\"Placement\":{},\"ForceUpdate\":0,"
                    "\"Runtime\":\"container\"},\"Mode\":{\"Replicated\":{\"Replicas\":1}}}");
}

/* Go reads what is posted and writes it anew: blanks go, and of a key that comes twice the last one stays. */
static void a_spec_comes_back_as_go_writes_it(void **state)
{
        (void)state;
        expect_kept("{ \"Mode\" : {\"Global\" : { } }, \"Labels\":{\"a\":\"1\",\"a\":\"2\"},\"Nonsense\":3,"
                    "\"Name\" : \"t\", \"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a\",\"Image\":\"x\"},"
                    " \"Placement\" : { \"Constraints\" : [ \"node.role == worker\" , \"a != b\" ] } } }",
                    "{\"Name\":\"t\",\"Labels\":{\"a\":\"2\"},\"TaskTemplate\":{\"ContainerSpec\":{"
                    "\"Image\":\"x\",\"Isolation\":\"default\"},\"Placement\":{\"Constraints\":["
                    "\"node.role == worker\",\"a != b\"]},\"ForceUpdate\":0,\"Runtime\":"
                    "\"container\"},\"Mode\":{\"Global\":{}}}");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(engine_20_10_names_the_struct_that_the_member_is_in),
                cmocka_unit_test(engine_26_1_names_embedded_structs_too),
                cmocka_unit_test(engine_28_5_names_the_body_and_every_place),
                cmocka_unit_test(what_is_null_is_of_any_type),
                cmocka_unit_test(a_spec_comes_back_as_go_writes_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
