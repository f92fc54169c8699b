/*
 * From the engine's objects to the model and through a snapshot's file: what must be kept, what must not be,
 * and which files are refused.
 */

#include "swarm_fixture.h"

#include "base/clock.h"

#include <sys/stat.h>

static const char rich_networks[] =
        "{'Id':'0123456789abcdefghijklmno','Name':'proxy','Driver':'overlay','Scope':'swarm','Created':"
        "'2026-03-01T08:00:00.5Z','Attachable':true,'Internal':true,'IPAM':{'Config':[{'Subnet':'10.0.1.0/"
        "24',"
        "'IPRange':'10.0.1.128/25','Gateway':'10.0.1.1'}]},'Status':{'IPAM':{'Subnets':{'10.0.1.0/24':{"
        "'IPsInUse':18446744073709551615,'DynamicIPsAvailable':7}}}},'Options':{'encrypted':''},'Labels':{"
        "'headroom.net':'x','password':'hunter2'},'Containers':{'lb-proxy':{'Name':'proxy-endpoint',"
        "'IPv4Address':'10.0.1.4/24'},'c1':{'Name':'other','IPv4Address':''}}},"
        "{'Id':'0123zzzzzzzzzzzzzzzzzzzzz','Name':'Proxy2','Driver':'overlay','Scope':'swarm'}";

static const char rich_services[] =
        "{'ID':'s1','Version':{'Index':18446744073709551615},'CreatedAt':'2026-03-01T09:00:00Z','UpdatedAt':"
        "'2026-03-01T09:30:00Z','Spec':{'Name':'web','Labels':{'com.docker.stack.namespace':'shop','token':"
        "'hunter2'},'Mode':{'Replicated':{'Replicas':3}},'TaskTemplate':{'ContainerSpec':{'Image':'web:1',"
        "'Env':['SECRET=hunter2'],'Command':['hunter2'],'Args':['--password=hunter2'],'Labels':{'x':'hunter2'"
        "},"
        "'StopGracePeriod':30000000000,'Healthcheck':{'Test':['CMD','curl','hunter2'],'Interval':2000000000,"
        "'StartPeriod':3000000000},'Mounts':[{'Type':'bind','Source':'/srv','Target':'/"
        "data','ReadOnly':true}]},"
        "'Networks':[{'Target':'0123456789abcdefghijklmno','Aliases':['web','www']}],'Placement':{'"
        "MaxReplicas':"
        "2},'LogDriver':{'Options':{'token':'hunter2'}}},'UpdateConfig':{'Order':'start-first','"
        "FailureAction':"
        "'rollback','Monitor':7000000000},'RollbackConfig':{'Order':'start-first'},'EndpointSpec':{'Mode':'"
        "vip',"
        "'Ports':[{'PublishedPort':80,'TargetPort':8080,'Protocol':'tcp','PublishMode':'host'}]}},'Endpoint':"
        "{"
        "'VirtualIPs':[{'NetworkID':'0123456789abcdefghijklmno','Addr':'10.0.1.2/24'},{'NetworkID':'n2'}]},"
        "'UpdateStatus':{'State':'paused'}},"
        "{'ID':'s2','Spec':{'Name':'job','Mode':{'ReplicatedJob':{}},'Networks':[{'Target':'old'}],"
        "'TaskTemplate':{'ContainerSpec':{'Healthcheck':{'Test':['NONE']}}},'EndpointSpec':{'Mode':'dnsrr'}}}"
        ","
        "{'ID':'s3','Spec':{'Name':'every','Mode':{'Global':{}}}}";

static const char rich_tasks[] =
        "{'ID':'t1','ServiceID':'s1','NodeID':'n1','Slot':2,'CreatedAt':'2026-03-01T09:00:01Z','DesiredState'"
        ":"
        "'running','Spec':{'ContainerSpec':{'Env':['SECRET=hunter2']}},'Status':{'State':'failed','Timestamp'"
        ":"
        "'2026-03-01T09:00:02Z','Err':'exit "
        "1','ContainerStatus':{'ContainerID':'c9'}},'NetworksAttachments':[{"
        "'Network':{'ID':'0123456789abcdefghijklmno'},'Addresses':['10.0.1.3/24']}]},"
        "{'ID':'t2','NodeID':'n1','DesiredState':'running','Status':{'State':'running','Timestamp':"
        "'0001-01-01T00:00:00Z'},'Spec':{'NetworkAttachmentSpec':{'ContainerID':'c1'}}}";

static char *rich_text(void)
{
        _cleanup_fixture_ struct fixture fixture = {0};

        fixture_add(&fixture.networks, "%s", rich_networks);
        fixture_add(&fixture.services, "%s", rich_services);
        fixture_add(&fixture.tasks, "%s", rich_tasks);
        return fixture_text(&fixture);
}

static void read_rich(struct swarm *ret_swarm)
{
        _cleanup_free_ char *text = rich_text();
        _cleanup_error_ struct error error = {0};

        if (fixture_read_text(text, ret_swarm, &error) < 0)
                fail_msg("%s", error.sentence);
}

/* The text of the swarm's snapshot; and what its file allows. */
static char *written(const struct swarm *swarm, mode_t *ret_mode)
{
        _cleanup_error_ struct error error = {0};
        struct buffer bytes = {0};
        char folder[] = "/tmp/headroom-snapshot-XXXXXX";
        struct stat stat_of;

        assert_non_null(mkdtemp(folder));
        _cleanup_free_ char *path = text_format("%s/snapshot", folder);
        if (snapshot_write(swarm, path, &error) < 0 || file_read(path, SIZE_MAX / 2, &bytes, &error) < 0)
                fail_msg("%s", error.sentence);
        assert_int_equal(stat(path, &stat_of), 0);
        *ret_mode = stat_of.st_mode & 0777;
        unlink(path);
        rmdir(folder);
        return buffer_steal(&bytes);
}

/* ---- the round trip ---- */

static void check_networks(const struct swarm *swarm)
{
        const struct network *network = &swarm->networks.items[0];

        assert_string_equal(network->name, "proxy");
        assert_true(network->attachable && network->internal && !network->ingress && network->inspected);
        assert_int_equal(network->created_ms, clock_parse("2026-03-01T08:00:00.5Z"));
        assert_string_equal(network->subnets.items[0].range, "10.0.1.128/25");
        assert_true(network->subnets.items[0].status_known);
        assert_true(network->subnets.items[0].in_use == UINT64_MAX);
        assert_string_equal(label_value(network->options.items, network->options.count, "encrypted"), "");
        assert_string_equal(label_value(network->labels.items, network->labels.count, "headroom.net"), "x");
        assert_int_equal(network->endpoints.count, 2);
        assert_int_equal(network->endpoints.items[0].address, 0x0a000104);
        assert_int_equal(network->endpoints.items[1].address, 0);
        assert_false(swarm->networks.items[1].inspected);
}

static void check_web(const struct service *web)
{
        assert_string_equal(web->stack, "shop");
        assert_true(web->version == UINT64_MAX);
        assert_int_equal(web->replicas, 3);
        assert_int_equal(web->stop_grace_ms, 30000);
        assert_true(web->health_check && !web->health_check_none);
        assert_int_equal(web->health_start_ms, 5000);
        assert_string_equal(web->mounts.items[0].source, "/srv");
        assert_true(web->mounts.items[0].read_only);
        assert_int_equal(web->networks.items[0].alias_count, 2);
        assert_string_equal(web->networks.items[0].aliases[1], "www");
        assert_int_equal(web->max_replicas_per_node, 2);
        assert_string_equal(web->update_order, "start-first");
        assert_string_equal(web->update_failure_action, "rollback");
        assert_int_equal(web->update_monitor_ms, 7000);
        assert_string_equal(web->rollback_order, "start-first");
        assert_int_equal(web->ports.items[0].published, 80);
        assert_true(web->ports.items[0].host_mode);
        assert_true(web->vips.items[0].allocated && web->vips.items[0].address == 0x0a000102);
        assert_false(web->vips.items[1].allocated);
        assert_string_equal(web->update_state, "paused");
}

static void check_services(const struct swarm *swarm)
{
        const struct service *job = &swarm->services.items[1];

        check_web(&swarm->services.items[0]);
        assert_int_equal(job->mode, SERVICE_JOB);
        assert_true(job->dnsrr && job->health_check_none && !job->health_check && !job->has_update_config);
        assert_string_equal(job->networks.items[0].network_id, "old"); /* where specs before 1.29 have it */
        assert_int_equal(job->stop_grace_ms, 10000);                   /* the engine's own default */
        assert_int_equal(swarm->services.items[2].mode, SERVICE_GLOBAL);
}

static void check_tasks(const struct swarm *swarm)
{
        const struct task *task = &swarm->tasks.items[0];

        assert_int_equal(task->slot, 2);
        assert_int_equal(task->state, TASK_FAILED);
        assert_int_equal(task->desired, TASK_RUNNING);
        assert_int_equal(task->state_since_ms, clock_parse("2026-03-01T09:00:02Z"));
        assert_string_equal(task->error, "exit 1");
        assert_string_equal(task->container_id, "c9");
        assert_false(task->attachment);
        assert_int_equal(task_on(task, "0123456789abcdefghijklmno")->addresses[0], 0x0a000103);
        assert_true(swarm->tasks.items[1].attachment);
        assert_null(swarm->tasks.items[1].service_id);
        assert_int_equal(swarm->tasks.items[1].state_since_ms, 0); /* Go's year 1 is "never" */
}

static void check_rest(const struct swarm *swarm)
{
        assert_string_equal(swarm->cluster_id, "cluster");
        assert_string_equal(swarm->engine_version, "20.10.24");
        assert_string_equal(swarm->local_node_id, "n1");
        assert_int_equal(swarm->taken_ms, clock_parse("2026-03-01T12:00:00Z"));
        assert_int_equal(swarm->pool_subnet_bits, 24);
        assert_int_equal(swarm->pools.items[0].prefix.length_bits, 8);
        assert_int_equal(swarm->nodes.count, 3);
        assert_string_equal(swarm->nodes.items[2].name, "n3");
        assert_true(swarm->nodes.items[2].manager);
}

static void the_engines_objects_become_the_model(void **state)
{
        _cleanup_swarm_ struct swarm swarm = {0};

        read_rich(&swarm);
        check_networks(&swarm);
        check_services(&swarm);
        check_tasks(&swarm);
        check_rest(&swarm);
}

static void a_snapshot_gives_the_same_model_back(void **state)
{
        _cleanup_swarm_ struct swarm first = {0}, second = {0};
        _cleanup_error_ struct error error = {0};
        mode_t mode;

        read_rich(&first);
        _cleanup_free_ char *text = written(&first, &mode);
        assert_int_equal(fixture_read_text(text, &second, &error), 0);
        check_networks(&second);
        check_services(&second);
        check_tasks(&second);
        check_rest(&second);
}

/* What cannot be named field by field: a second snapshot of what the first gave is the same bytes. */
static void a_snapshot_of_a_snapshot_is_the_same(void **state)
{
        _cleanup_swarm_ struct swarm first = {0}, second = {0};
        _cleanup_error_ struct error error = {0};
        mode_t mode;

        read_rich(&first);
        _cleanup_free_ char *text = written(&first, &mode);
        assert_int_equal(fixture_read_text(text, &second, &error), 0);
        second.engine = first.engine; /* a snapshot names its own file as what was asked */
        _cleanup_free_ char *again = written(&second, &mode);
        assert_string_equal(text, again);
}

static void a_snapshot_holds_no_environment_command_or_foreign_label(void **state)
{
        _cleanup_free_ char *source = rich_text();
        _cleanup_swarm_ struct swarm swarm = {0};
        mode_t mode;

        assert_non_null(strstr(source, "hunter2"));
        read_rich(&swarm);
        _cleanup_free_ char *text = written(&swarm, &mode);
        assert_null(strstr(text, "hunter2"));
        assert_null(strstr(text, "SECRET"));
        assert_null(strstr(text, "Env"));
        assert_int_equal(mode, 0600);
}

/* ---- refusals ---- */

static void expect_refused(const char *text, const char *words)
{
        _cleanup_swarm_ struct swarm swarm = {0};
        _cleanup_error_ struct error error = {0};

        assert_int_equal(fixture_read_text(text, &swarm, &error), -1);
        assert_int_equal(error.kind, ERROR_USAGE);
        if (!strstr(error.sentence, words))
                fail_msg("'%s' does not say '%s'", error.sentence, words);
}

static void what_is_no_snapshot_is_refused(void **state)
{
        expect_refused("", "is no snapshot of `headroom survey`");
        expect_refused("headroom", "is no snapshot of `headroom survey`");
        expect_refused("{}", "in format 1");
        expect_refused("[]", "in format 1");
        expect_refused("{\"HeadroomSnapshot\":2}", "in format 1");
        expect_refused("{\"HeadroomSnapshot\":\"1\"}", "in format 1");
}

static void a_snapshot_cut_off_anywhere_is_refused(void **state)
{
        _cleanup_free_ char *text = rich_text();

        for (size_t length = strlen(text) - 2; length > 0; length -= MIN(length, 97)) {
                text[length] = '\0';
                expect_refused(text, "is no snapshot of `headroom survey`");
        }
}

#define SNAPSHOT(info, nodes, networks, services, tasks)                                                     \
        "{\"HeadroomSnapshot\":1," info "\"Nodes\":" nodes ",\"Networks\":" networks                         \
        ",\"Services\":" services ",\"Tasks\":" tasks "}"
#define INFO "\"Info\":{},"

static void half_a_snapshot_is_refused(void **state)
{
        static const char *const halves[] = {
                SNAPSHOT("", "[{}]", "[]", "[]", "[]"),       SNAPSHOT(INFO, "[]", "[]", "[]", "[]"),
                SNAPSHOT(INFO, "[{}]", "null", "[]", "[]"),   SNAPSHOT(INFO, "[{}]", "[]", "{}", "[]"),
                SNAPSHOT(INFO, "[{}]", "[]", "[]", "[null]"), SNAPSHOT(INFO, "[{}]", "[7]", "[]", "[]"),
        };

        for (size_t i = 0; i < ELEMENTS(halves); i++)
                expect_refused(halves[i], "is no whole snapshot");
}

static void a_file_that_is_not_there_is_an_error_that_names_it(void **state)
{
        _cleanup_swarm_ struct swarm swarm = {0};
        _cleanup_error_ struct error error = {0};

        assert_int_equal(snapshot_read("/nowhere/snapshot", &swarm, &error), -1);
        assert_non_null(strstr(error.sentence, "/nowhere/snapshot"));
}

static void members_of_another_type_are_as_good_as_absent(void **state)
{
        _cleanup_swarm_ struct swarm swarm = {0};
        _cleanup_error_ struct error error = {0};

        assert_int_equal(fixture_read_text("{\"HeadroomSnapshot\":1,\"Info\":{},\"Nodes\":[{}],\"Networks\":["
                                           "{\"Id\":[],\"IPAM\":\"x\",\"Containers\":[]}],\"Services\":[],"
                                           "\"Tasks\":[{\"Status\":null,\"NetworksAttachments\":[1]}]}",
                                           &swarm, &error),
                         0);
        assert_int_equal(swarm.networks.count, 1);
        assert_null(swarm.networks.items[0].id);
        assert_int_equal(swarm.tasks.items[0].state, TASK_UNKNOWN);
}

/* ---- which network is meant ---- */

static void expect_found(const struct swarm *swarm, const char *name, const char *found)
{
        _cleanup_error_ struct error error = {0};
        struct network *network = NULL;

        if (swarm_find_network(swarm, name, &network, &error) < 0)
                fail_msg("%s", error.sentence);
        assert_string_equal(network->name, found);
}

static void expect_not_found(const struct swarm *swarm, const char *name, const char *words)
{
        _cleanup_error_ struct error error = {0};
        struct network *network = NULL;

        assert_int_equal(swarm_find_network(swarm, name, &network, &error), -1);
        if (!strstr(error.sentence, words))
                fail_msg("'%s' does not say '%s'", error.sentence, words);
}

static void a_network_is_meant_by_name_by_id_or_by_the_beginning_of_one(void **state)
{
        _cleanup_swarm_ struct swarm swarm = {0};

        read_rich(&swarm);
        expect_found(&swarm, "proxy", "proxy");
        expect_found(&swarm, "0123456789abcdefghijklmno", "proxy");
        expect_found(&swarm, "01234", "proxy");
        expect_found(&swarm, "0123z", "Proxy2");
        expect_not_found(&swarm, "0123", "more than one");
        expect_not_found(&swarm, "PROXY", "did you mean proxy?");
        expect_not_found(&swarm, "nothing", "there is no network nothing");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_engines_objects_become_the_model),
                cmocka_unit_test(a_snapshot_gives_the_same_model_back),
                cmocka_unit_test(a_snapshot_of_a_snapshot_is_the_same),
                cmocka_unit_test(a_snapshot_holds_no_environment_command_or_foreign_label),
                cmocka_unit_test(what_is_no_snapshot_is_refused),
                cmocka_unit_test(a_snapshot_cut_off_anywhere_is_refused),
                cmocka_unit_test(half_a_snapshot_is_refused),
                cmocka_unit_test(a_file_that_is_not_there_is_an_error_that_names_it),
                cmocka_unit_test(members_of_another_type_are_as_good_as_absent),
                cmocka_unit_test(a_network_is_meant_by_name_by_id_or_by_the_beginning_of_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
