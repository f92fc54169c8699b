#include "ask.h"

#include "json/write.h"

/*
 * Requests' bodies from a step's words. A service's container behaves in one of a few ways; each has an image
 * of its own, since the simulated swarm goes by images, and a command, by which real containers do it.
 */

#define NANOSECONDS_A_S 1000000000

static const struct {
        const char *name, *command;
        const char *test; /* of its health check */
} ways[] = {
        {"plain", "trap 'exit 0' TERM; sleep 1000 & wait", NULL},
        {"slow", "trap '' TERM; sleep 1000", NULL}, /* heeds no SIGTERM */
        {"fails", "exit 1", NULL},
        {"ends", "sleep 1", NULL},
        {"healthy", "trap 'exit 0' TERM; sleep 1000 & wait", "true"},
        {"sick", "trap 'exit 1' TERM; sleep 1000 & wait", "false"},
};
const char *const behaviours[] = {"plain", "slow", "fails", "ends", "healthy", "sick", NULL};

const char *step_option(const struct step *step, const char *key)
{
        size_t length = strlen(key);

        for (size_t i = 2; i < step->words.count; i++) {
                const char *word = step->words.items[i];
                if (strncmp(word, key, length) == 0 && (word[length] == '=' || !word[length]))
                        return word + length + (word[length] == '=');
        }
        return NULL;
}

static uint64_t number(const struct step *step, const char *key, uint64_t otherwise)
{
        const char *text = step_option(step, key);

        if (text)
                text_to_u64(text, &otherwise);
        return otherwise;
}

static size_t way_of(const struct step *step)
{
        for (size_t i = 0; i < ELEMENTS(ways); i++)
                if (step_option(step, ways[i].name))
                        return i;
        return 0;
}

static void write_member_list(struct json_writer *writer, const char *key, const char *first,
                              const char *second, const char *third)
{
        const char *const items[] = {first, second, third};

        json_write_key(writer, key);
        json_write_array(writer);
        for (size_t i = 0; i < ELEMENTS(items); i++)
                if (items[i])
                        json_write_text(writer, items[i]);
        json_write_array_end(writer);
}

static void write_health(struct json_writer *writer, const char *test)
{
        json_write_key(writer, "Healthcheck");
        json_write_object(writer);
        write_member_list(writer, "Test", "CMD", test, NULL);
        json_write_member_u64(writer, "Interval", NANOSECONDS_A_S);
        json_write_member_u64(writer, "Timeout", NANOSECONDS_A_S);
        json_write_member_u64(writer, "Retries", 1);
        json_write_object_end(writer);
}

static void write_container(struct json_writer *writer, const struct step *step)
{
        size_t way = way_of(step);
        const char *environment = step_option(step, "env");
        _cleanup_free_ char *image = text_format("conform:%s", ways[way].name);

        json_write_key(writer, "ContainerSpec");
        json_write_object(writer);
        json_write_member_text(writer, "Image", image);
        write_member_list(writer, "Command", "sh", "-c", ways[way].command);
        if (environment)
                write_member_list(writer, "Env", environment, NULL, NULL);
        json_write_member_u64(writer, "StopGracePeriod", number(step, "grace", 10) * NANOSECONDS_A_S);
        if (ways[way].test)
                write_health(writer, ways[way].test);
        json_write_object_end(writer);
}

/* "a,b", "-" for none; each may be followed by ":ALIAS". */
static void write_networks(struct json_writer *writer, const char *names)
{
        json_write_key(writer, "Networks");
        json_write_array(writer);
        for (const char *at = names; *at && *at != '-'; at += strcspn(at, ","), at += *at == ',') {
                _cleanup_free_ char *name = text_copy_n(at, strcspn(at, ","));
                char *alias = strchr(name, ':');
                if (alias)
                        *alias++ = 0;
                json_write_object(writer);
                json_write_member_text(writer, "Target", name);
                if (alias)
                        write_member_list(writer, "Aliases", alias, NULL, NULL);
                json_write_object_end(writer);
        }
        json_write_array_end(writer);
}

static void write_template(struct json_writer *writer, const struct step *step)
{
        const char *restart = step_option(step, "restart");
        const char *host = step_option(step, "host");
        _cleanup_free_ char *where = host ? text_format("node.id=={%s}", host) : NULL;

        json_write_key(writer, "TaskTemplate");
        json_write_object(writer);
        write_container(writer, step);
        if (restart) {
                json_write_key(writer, "RestartPolicy");
                json_write_object(writer);
                json_write_member_text(writer, "Condition", restart);
                json_write_object_end(writer);
        }
        json_write_key(writer, "Placement");
        json_write_object(writer);
        if (step_option(step, "nowhere"))
                where = text_copy("node.labels.conform==never");
        if (where)
                write_member_list(writer, "Constraints", where, NULL, NULL);
        json_write_object_end(writer);
        write_networks(writer, step->words.items[2]);
        json_write_object_end(writer);
}

static void write_mode(struct json_writer *writer, const struct step *step)
{
        const char *kind = step_option(step, "global")      ? "Global"
                           : step_option(step, "job")       ? "ReplicatedJob"
                           : step_option(step, "globaljob") ? "GlobalJob"
                                                            : "Replicated";

        json_write_key(writer, "Mode");
        json_write_object(writer);
        json_write_key(writer, kind);
        json_write_object(writer);
        if (text_equal(kind, "Replicated"))
                json_write_member_u64(writer, "Replicas", number(step, "replicas", 1));
        if (text_equal(kind, "ReplicatedJob")) {
                json_write_member_u64(writer, "MaxConcurrent", number(step, "atonce", 1));
                json_write_member_u64(writer, "TotalCompletions", number(step, "job", 1));
        }
        json_write_object_end(writer);
        json_write_object_end(writer);
}

/* Update and rollback go by the same settings. */
static void write_update(struct json_writer *writer, const struct step *step, const char *key)
{
        const char *failure = step_option(step, "failure");
        const char *order = step_option(step, "order");

        json_write_key(writer, key);
        json_write_object(writer);
        json_write_member_u64(writer, "Parallelism", number(step, "parallelism", 1));
        json_write_member_u64(writer, "Delay", number(step, "delay", 0) * NANOSECONDS_A_S);
        json_write_member_text(writer, "FailureAction",
                               failure && text_equal(key, "UpdateConfig") ? failure : "pause");
        json_write_member_u64(writer, "Monitor", number(step, "monitor", 1) * NANOSECONDS_A_S);
        json_write_member_u64(writer, "MaxFailureRatio", 0);
        json_write_member_text(writer, "Order", order ? order : "stop-first");
        json_write_object_end(writer);
}

/* "8080:80" */
static void write_port(struct json_writer *writer, const char *ports, const char *mode)
{
        uint64_t published = 0;
        uint64_t target = 0;
        _cleanup_free_ char *first = text_copy_n(ports, strcspn(ports, ":"));

        text_to_u64(first, &published);
        text_to_u64(ports + strlen(first) + (strchr(ports, ':') != NULL), &target);
        json_write_object(writer);
        json_write_member_text(writer, "Protocol", "tcp");
        json_write_member_u64(writer, "TargetPort", target);
        if (published)
                json_write_member_u64(writer, "PublishedPort", published);
        json_write_member_text(writer, "PublishMode", mode);
        json_write_object_end(writer);
}

static void write_endpoint(struct json_writer *writer, const struct step *step)
{
        const char *ingress = step_option(step, "port");
        const char *host = step_option(step, "hostport");

        json_write_key(writer, "EndpointSpec");
        json_write_object(writer);
        json_write_member_text(writer, "Mode", step_option(step, "dnsrr") ? "dnsrr" : "vip");
        if (ingress || host) {
                json_write_key(writer, "Ports");
                json_write_array(writer);
                if (ingress)
                        write_port(writer, ingress, "ingress");
                if (host)
                        write_port(writer, host, "host");
                json_write_array_end(writer);
        }
        json_write_object_end(writer);
}

char *spec_of_step(const struct step *step)
{
        struct buffer out = {0};
        struct json_writer writer = {.out = &out};

        json_write_object(&writer);
        json_write_member_text(&writer, "Name", step->words.items[1]);
        json_write_key(&writer, "Labels");
        json_write_object(&writer);
        if (step_option(step, "label"))
                json_write_member_text(&writer, "label", step_option(step, "label"));
        json_write_object_end(&writer);
        write_template(&writer, step);
        write_mode(&writer, step);
        if (!step_option(step, "job") && !step_option(step, "globaljob")) {
                write_update(&writer, step, "UpdateConfig");
                write_update(&writer, step, "RollbackConfig");
        }
        write_endpoint(&writer, step);
        json_write_object_end(&writer);
        return buffer_steal(&out);
}

char *network_of_step(const struct step *step)
{
        static const struct {
                const char *option, *member;
        } members[] = {{"range", "IPRange"}, {"gateway", "Gateway"}};
        const char *subnet = step->words.items[2];
        struct buffer out = {0};

        buffer_format(&out, "{\"Name\":\"%s\",\"Driver\":\"%s\",\"CheckDuplicate\":true,\"Attachable\":%s,",
                      step->words.items[1], step_option(step, "local") ? "bridge" : "overlay",
                      step_option(step, "fixed") || step_option(step, "local") ? "false" : "true");
        buffer_format(&out, "\"Labels\":{\"of\":\"%s\"},\"IPAM\":{\"Driver\":\"default\",\"Config\":[",
                      step->words.items[1]);
        if (!text_equal(subnet, "-")) {
                buffer_format(&out, "{\"Subnet\":\"%s\"", subnet);
                for (size_t i = 0; i < ELEMENTS(members); i++)
                        if (step_option(step, members[i].option))
                                buffer_format(&out, ",\"%s\":\"%s\"", members[i].member,
                                              step_option(step, members[i].option));
                buffer_add_text(&out, "}");
        }
        buffer_add_text(&out, "]}}");
        return buffer_steal(&out);
}

char *container_of_step(const struct step *step)
{
        const char *network = step->words.items[2];
        const char *address = step_option(step, "ip");
        struct buffer out = {0};

        buffer_format(&out,
                      "{\"Image\":\"conform:plain\",\"Cmd\":[\"sh\",\"-c\",\"%s\"],\"HostConfig\":{"
                      "\"NetworkMode\":\"%s\"}",
                      ways[0].command, network);
        if (address)
                buffer_format(&out,
                              ",\"NetworkingConfig\":{\"EndpointsConfig\":{\"%s\":{\"IPAMConfig\":{"
                              "\"IPv4Address\":\"%s\"}}}}",
                              network, address);
        buffer_add_text(&out, "}");
        return buffer_steal(&out);
}
