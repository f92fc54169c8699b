#pragma once

/*
 * A swarm small enough to stand in a test: networks, services, tasks and containers of one node, behind the
 * seam of engine.h. It is no simulator: it knows the calls a move makes, and the traps of a real engine that
 * a move must not fall into (docs/engine-notes.md): a stale version answers 500, a network that was just
 * created has neither driver nor subnet yet, a name stays taken while a container hangs on the network that
 * had it, an update config comes back with every field filled in, and a task in New has no address.
 *
 * Time is virtual: each call takes FAKE_CALL_MS, sleeping takes what it says, and tasks go on with it.
 */

#include "base/clock.h"
#include "base/prefix.h"
#include "base/text.h"
#include "engine/engine.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define FAKE_CALL_MS     2
#define FAKE_START_MS    700
#define FAKE_STOP_MS     500
#define FAKE_ALLOCATE_MS 300
#define FAKE_NAME_MS     900 /* how long a removed network's name stays taken at least */
#define FAKE_ID_SIZE     26
#define FAKE_NONE        SIZE_MAX

struct fake_network {
        char id[FAKE_ID_SIZE];
        char *name, *subnet, *gateway, *options, *labels; /* the last two raw */
        bool attachable, gone;
        bool zombie; /* something was taken away under a live connection: the name stays taken for good */
        int64_t created_ms, gone_ms;
        size_t room; /* how many tasks it has addresses for */
        uint32_t given;
};

struct fake_service {
        char id[FAKE_ID_SIZE];
        char *name, *spec;
        uint64_t version;
        LIST(char *)
        templates; /* every TaskTemplate it had: a task of an equal one is kept, as swarmkit does */
        size_t template;
        unsigned replicas;
        bool starts_first;
        bool updated;
        const char *update_state; /* NULL: none */
        bool fails;               /* its tasks do not come up */
};

enum fake_state {
        FAKE_NEW,
        FAKE_STARTING,
        FAKE_RUNNING,
        FAKE_SHUTDOWN,
        FAKE_FAILED,
};

struct fake_task {
        size_t service;
        unsigned slot;
        size_t template; /* of its service's */
        enum fake_state state;
        bool leaving; /* desired state shutdown */
        int64_t since_ms;
        LIST(size_t) networks;
        LIST(uint32_t) addresses;
};

struct fake_connection {
        size_t network;
        uint32_t address;
        char *configured; /* the address that was asked for, NULL when none */
        char *aliases;    /* raw, NULL when none */
};

struct fake_container {
        char id[65];
        char *name;
        size_t task; /* FAKE_NONE: a standalone one */
        bool gone, running;
        char *network_mode;
        LIST(struct fake_connection) connections;
};

struct fake {
        struct engine engine;
        int64_t now_ms;
        LIST(struct fake_network) networks;
        LIST(struct fake_service) services;
        LIST(struct fake_task) tasks;
        LIST(struct fake_container) containers;
        bool anchor_image;

        size_t calls, changes; /* requests so far, and those of them that were not GETs */
        LIST(size_t) change_calls;
        size_t kill_at;         /* from this call on no request is answered; 0: never */
        bool kill_after;        /* ... but the first of them is carried out */
        size_t silent_at;       /* at this call it is carried out ... */
        size_t silent;          /* ... and it and so many after it are not answered in time */
        size_t conflicts;       /* so many updates find that the version has moved */
        bool withholds;         /* networks created from now on get no subnet */
        const char *rolls_back; /* a service whose next update the engine takes back by itself */
        void (*before)(struct fake *fake, const struct engine_request *request);
};

static inline int64_t fake_now(void *userdata)
{
        return ((struct fake *)userdata)->now_ms;
}

static inline int64_t fake_wall(void *userdata)
{
        return 1767225600000 + ((struct fake *)userdata)->now_ms;
}

/* The engine's IDs: 25 lower-case digits and letters, here with what they are and a number. */
static inline void fake_id(char ret_id[FAKE_ID_SIZE], char kind, size_t number)
{
        snprintf(ret_id, FAKE_ID_SIZE, "%c%024zu", kind, number);
}

static inline bool fake_allocated(const struct fake *fake, const struct fake_network *network)
{
        return !network->gone && fake->now_ms >= network->created_ms + FAKE_ALLOCATE_MS;
}

static inline size_t fake_network_find(const struct fake *fake, const char *name_or_id)
{
        for (size_t i = 0; i < fake->networks.count; i++)
                if (!fake->networks.items[i].gone && (text_equal(fake->networks.items[i].name, name_or_id) ||
                                                      text_equal(fake->networks.items[i].id, name_or_id)))
                        return i;
        return FAKE_NONE;
}

static inline struct fake_service *fake_service_find(const struct fake *fake, const char *name_or_id)
{
        for (size_t i = 0; i < fake->services.count; i++)
                if (text_equal(fake->services.items[i].name, name_or_id) ||
                    text_equal(fake->services.items[i].id, name_or_id))
                        return &fake->services.items[i];
        return NULL;
}

static inline struct fake_container *fake_container_find(const struct fake *fake, const char *name_or_id)
{
        for (size_t i = 0; i < fake->containers.count; i++)
                if (!fake->containers.items[i].gone &&
                    (text_equal(fake->containers.items[i].name, name_or_id) ||
                     text_equal(fake->containers.items[i].id, name_or_id)))
                        return &fake->containers.items[i];
        return NULL;
}

static inline struct fake_connection *fake_connection_of(const struct fake_container *container,
                                                         size_t network)
{
        for (size_t i = 0; i < container->connections.count; i++)
                if (container->connections.items[i].network == network)
                        return &container->connections.items[i];
        return NULL;
}

static inline bool fake_address_taken(const struct fake *fake, size_t network, uint32_t address)
{
        for (size_t i = 0; i < fake->containers.count; i++) {
                const struct fake_container *container = &fake->containers.items[i];
                const struct fake_connection *connection = fake_connection_of(container, network);
                if (!container->gone && connection && connection->address == address)
                        return true;
        }
        return false;
}

static inline uint32_t fake_next_address(struct fake *fake, size_t network)
{
        struct fake_network *n = &fake->networks.items[network];
        uint32_t first = 0;

        address_parse(n->subnet, &first);
        do
                n->given++;
        while (fake_address_taken(fake, network, first + 1 + n->given));
        return first + 1 + n->given;
}

static inline void fake_connect(struct fake *fake, struct fake_container *container, size_t network,
                                uint32_t address, char *configured, char *aliases)
{
        *list_add(&container->connections) = (struct fake_connection){network, address, configured, aliases};
        (void)fake;
}

static inline void fake_disconnect(struct fake_container *container, struct fake_connection *connection)
{
        free(connection->configured);
        free(connection->aliases);
        *connection = container->connections.items[--container->connections.count];
}

static inline void fake_container_end(struct fake_container *container)
{
        while (container->connections.count)
                fake_disconnect(container, &container->connections.items[0]);
        container->gone = true;
        container->running = false;
}

static inline struct fake_container *fake_container_add(struct fake *fake, char *name, size_t task)
{
        struct fake_container *container = list_add(&fake->containers);

        snprintf(container->id, sizeof(container->id), "%064zx", 0xc000 + fake->containers.count);
        container->name = name;
        container->task = task;
        return container;
}

/* Tasks. */

static inline bool fake_is_live(const struct fake_task *task)
{
        return task->state <= FAKE_RUNNING;
}

static inline bool fake_task_is_on(const struct fake_task *task, size_t network)
{
        for (size_t i = 0; i < task->addresses.count; i++)
                if (task->networks.items[i] == network)
                        return true;
        return false;
}

static inline bool fake_has_room(const struct fake *fake, size_t network)
{
        size_t held = 0;

        for (size_t i = 0; i < fake->tasks.count; i++)
                held += fake_is_live(&fake->tasks.items[i]) &&
                        fake_task_is_on(&fake->tasks.items[i], network);
        return held < fake->networks.items[network].room &&
               fake_allocated(fake, &fake->networks.items[network]);
}

static inline void fake_task_allocate(struct fake *fake, struct fake_task *task)
{
        for (size_t i = 0; i < task->networks.count; i++)
                if (!fake_has_room(fake, task->networks.items[i]))
                        return;
        for (size_t i = 0; i < task->networks.count; i++)
                *list_add(&task->addresses) = fake_next_address(fake, task->networks.items[i]);
        task->state = FAKE_STARTING;
        task->since_ms = fake->now_ms;
}

static inline struct fake_container *fake_container_of(const struct fake *fake, size_t task)
{
        for (size_t i = 0; i < fake->containers.count; i++)
                if (!fake->containers.items[i].gone && fake->containers.items[i].task == task)
                        return &fake->containers.items[i];
        return NULL;
}

static inline void fake_task_end(struct fake *fake, size_t index, enum fake_state state)
{
        struct fake_container *container = fake_container_of(fake, index);

        fake->tasks.items[index].state = state;
        fake->tasks.items[index].since_ms = fake->now_ms;
        if (container)
                fake_container_end(container);
}

static inline void fake_task_run(struct fake *fake, size_t index)
{
        struct fake_task *task = &fake->tasks.items[index];
        const struct fake_service *service = &fake->services.items[task->service];
        char id[FAKE_ID_SIZE];

        fake_id(id, 't', index);
        struct fake_container *container =
                fake_container_add(fake, text_format("%s.%u.%s", service->name, task->slot, id), index);

        container->running = true;
        for (size_t i = 0; i < task->networks.count; i++)
                fake_connect(fake, container, task->networks.items[i], task->addresses.items[i], NULL, NULL);
        task->state = FAKE_RUNNING;
        task->since_ms = fake->now_ms;
}

static inline void fake_task_go_on(struct fake *fake, size_t index)
{
        struct fake_task *task = &fake->tasks.items[index];
        int64_t waited_ms = fake->now_ms - task->since_ms;

        if (!fake_is_live(task))
                return;
        if (task->leaving) {
                if (waited_ms >= FAKE_STOP_MS || task->state == FAKE_NEW)
                        fake_task_end(fake, index, FAKE_SHUTDOWN);
        } else if (task->state == FAKE_NEW) {
                fake_task_allocate(fake, task);
        } else if (task->state == FAKE_STARTING && waited_ms >= FAKE_START_MS) {
                if (fake->services.items[task->service].fails)
                        fake_task_end(fake, index, FAKE_FAILED);
                else
                        fake_task_run(fake, index);
        }
}

static inline void fake_task_leave(struct fake *fake, struct fake_task *task)
{
        if (!task->leaving)
                task->since_ms = fake->now_ms;
        task->leaving = true;
}

static inline json_node fake_spec_networks(const struct json_document *d, json_node spec)
{
        return json_path(d, spec, "TaskTemplate", "Networks", NULL);
}

static inline void fake_task_add(struct fake *fake, size_t service, unsigned slot)
{
        const struct fake_service *s = &fake->services.items[service];
        struct fake_task *task = list_add(&fake->tasks);
        _cleanup_json_ struct json_document *d = NULL;

        assert_int_equal(json_parse(s->spec, strlen(s->spec), &d, NULL), 0);
        task->service = service;
        task->slot = slot;
        task->template = s->template;
        task->since_ms = fake->now_ms;
        json_for_each (entry, d, fake_spec_networks(d, json_root(d))) {
                _cleanup_free_ char *target = json_text(d, json_get(d, entry, "Target"));
                size_t network = fake_network_find(fake, target);
                assert_true(network != FAKE_NONE);
                *list_add(&task->networks) = network;
        }
}

/* What the updater needs of the spec. */
static inline void fake_service_note(struct fake_service *service, const struct json_document *d)
{
        uint64_t replicas = 0;
        json_node template = json_get(d, json_root(d), "TaskTemplate");
        _cleanup_free_ char *text = text_copy_n(json_bytes(d, template), json_length(d, template));

        json_u64(d, json_path(d, json_root(d), "Mode", "Replicated", "Replicas", NULL), &replicas);
        service->replicas = (unsigned)replicas;
        service->starts_first =
                json_text_is(d, json_path(d, json_root(d), "UpdateConfig", "Order", NULL), "start-first");
        for (service->template = 0; service->template <service->templates.count; service->template ++)
                if (text_equal(service->templates.items[service->template], text))
                        return;
        *list_add(&service->templates) = steal_pointer(text);
}

/* Services: swarmkit's updater, one slot at a time. */

struct fake_slot {
        struct fake_task *old, *current, *ending;
};

static inline struct fake_slot fake_slot_of(struct fake *fake, size_t service, unsigned slot)
{
        struct fake_slot found = {0};

        for (size_t i = 0; i < fake->tasks.count; i++) {
                struct fake_task *task = &fake->tasks.items[i];
                if (task->service != service || task->slot != slot)
                        continue;
                if (task->leaving)
                        found.ending = fake_is_live(task) ? task : found.ending;
                else if (task->template != fake->services.items[service].template)
                        found.old = task;
                else
                        found.current = task;
        }
        return found;
}

/* True when the slot runs what the spec says. */
static inline bool fake_slot_go_on(struct fake *fake, size_t index, unsigned number)
{
        struct fake_service *service = &fake->services.items[index];
        struct fake_slot slot = fake_slot_of(fake, index, number);
        bool up = slot.current && slot.current->state == FAKE_RUNNING;
        /* A task of the wanted template that is there already is kept, and the others go at once. */
        bool kept = slot.current && slot.old && slot.current < slot.old;

        if (slot.current && slot.current->state == FAKE_FAILED) {
                fake_task_leave(fake, slot.current);
                service->update_state = "paused";
        } else if (slot.old && (up || kept || (!slot.current && !service->starts_first))) {
                fake_task_leave(fake, slot.old);
        } else if (!slot.current && !(slot.ending && !service->starts_first)) {
                fake_task_add(fake, index, number);
        }
        return up && !slot.old;
}

/* Scaled down: slots that are too many end, and no update is going on because of it. */
static inline void fake_service_shrink(struct fake *fake, size_t index)
{
        for (size_t i = 0; i < fake->tasks.count; i++) {
                struct fake_task *task = &fake->tasks.items[i];
                if (task->service == index && task->slot > fake->services.items[index].replicas &&
                    !task->leaving)
                        fake_task_leave(fake, task);
        }
}

static inline void fake_service_go_on(struct fake *fake, size_t index)
{
        struct fake_service *service = &fake->services.items[index];

        fake_service_shrink(fake, index);
        if (text_equal(service->update_state, "paused"))
                return;
        for (unsigned slot = 1; slot <= service->replicas; slot++)
                if (!fake_slot_go_on(fake, index, slot)) {
                        if (!service->update_state && service->updated)
                                service->update_state = "updating";
                        return;
                }
        if (text_equal(service->update_state, "updating"))
                service->update_state = "completed";
}

static inline void fake_go_on(struct fake *fake)
{
        for (size_t i = 0; i < fake->tasks.count; i++)
                fake_task_go_on(fake, i);
        for (size_t i = 0; i < fake->services.count; i++)
                fake_service_go_on(fake, i);
}

static inline void fake_sleep(void *userdata, int64_t duration_ms)
{
        struct fake *fake = userdata;
        int64_t until_ms = fake->now_ms + duration_ms;

        while (fake->now_ms < until_ms) {
                fake->now_ms = MIN(until_ms, fake->now_ms + 100);
                fake_go_on(fake);
        }
}

/* Answers. */

static inline void fake_refuse(struct engine_request *request, int status, const char *format, ...)
        _printf_(3, 4);
static inline void fake_refuse(struct engine_request *request, int status, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        _cleanup_free_ char *message = text_vformat(format, arguments);
        va_end(arguments);
        request->status = status;
        buffer_format(&request->answer, "{\"message\":\"%s\"}\n", message);
}

static inline void fake_write_network_containers(const struct fake *fake, size_t network, struct buffer *out)
{
        const char *comma = "";

        buffer_add_text(out, "\"Containers\":{");
        /* The engine sorts by random IDs: the latest first is as good an order as any. */
        for (size_t i = fake->containers.count; i-- > 0;) {
                const struct fake_container *container = &fake->containers.items[i];
                const struct fake_connection *connection = fake_connection_of(container, network);
                char address[ADDRESS_TEXT_SIZE];
                if (container->gone || !container->running || !connection)
                        continue;
                address_format(connection->address, address);
                buffer_format(out, "%s\"%s\":{\"Name\":\"%s\",\"IPv4Address\":\"%s/24\"}", comma,
                              container->id, container->name, address);
                comma = ",";
        }
        buffer_format(out, "%s\"lb-%s\":{\"Name\":\"%s-endpoint\",\"IPv4Address\":\"\"}}", comma,
                      fake->networks.items[network].name, fake->networks.items[network].name);
}

static inline void fake_write_network(const struct fake *fake, size_t index, bool inspected,
                                      struct buffer *out)
{
        const struct fake_network *network = &fake->networks.items[index];
        bool allocated = fake_allocated(fake, network);

        buffer_format(out,
                      "{\"Name\":\"%s\",\"Id\":\"%s\",\"Created\":\"2026-01-01T00:00:00Z\",\"Scope\":"
                      "\"swarm\",\"Driver\":"
                      "\"%s\",\"EnableIPv6\":false,\"IPAM\":{\"Driver\":\"%s\",\"Options\":null,\"Config\":",
                      network->name, network->id, allocated ? "overlay" : "", allocated ? "default" : "");
        if (allocated)
                buffer_format(out, "[{\"Subnet\":\"%s\",\"Gateway\":\"%s\"}]", network->subnet,
                              network->gateway);
        else
                buffer_add_text(out, "null");
        buffer_format(out, "},\"Internal\":false,\"Attachable\":%s,\"Ingress\":false,",
                      network->attachable ? "true" : "false");
        if (inspected)
                fake_write_network_containers(fake, index, out);
        else
                buffer_add_text(out, "\"Containers\":{}");
        buffer_format(out, ",\"Options\":%s,\"Labels\":%s}", allocated ? network->options : "null",
                      network->labels);
}

static inline void fake_write_service(const struct fake *fake, const struct fake_service *service,
                                      struct buffer *out)
{
        buffer_format(out,
                      "{\"ID\":\"%s\",\"Version\":{\"Index\":%llu},\"CreatedAt\":\"2026-01-01T00:00:00Z\","
                      "\"UpdatedAt\":"
                      "\"2026-01-01T00:00:00Z\",\"Spec\":%s,\"Endpoint\":{\"Spec\":{}}",
                      service->id, (unsigned long long)service->version, service->spec);
        if (service->update_state)
                buffer_format(out, ",\"UpdateStatus\":{\"State\":\"%s\",\"Message\":\"so it is\"}",
                              service->update_state);
        buffer_add_text(out, "}");
        (void)fake;
}

static inline void fake_write_attachments(const struct fake *fake, const struct fake_task *task,
                                          struct buffer *out)
{
        for (size_t i = 0; i < task->networks.count; i++) {
                char address[ADDRESS_TEXT_SIZE] = "";
                buffer_format(out, "%s{\"Network\":{\"ID\":\"%s\"}", i ? "," : "",
                              fake->networks.items[task->networks.items[i]].id);
                if (i < task->addresses.count) {
                        address_format(task->addresses.items[i], address);
                        buffer_format(out, ",\"Addresses\":[\"%s/24\"]", address);
                }
                buffer_add_text(out, "}");
        }
}

static inline void fake_write_task(const struct fake *fake, size_t index, struct buffer *out)
{
        static const char *const states[] = {"new", "starting", "running", "shutdown", "failed"};
        const struct fake_task *task = &fake->tasks.items[index];
        const struct fake_container *container = fake_container_of(fake, index);
        char id[FAKE_ID_SIZE];

        fake_id(id, 't', index);
        buffer_format(
                out,
                "{\"ID\":\"%s\",\"ServiceID\":\"%s\",\"NodeID\":\"node1\",\"Slot\":%u,\"CreatedAt\":"
                "\"2026-01-01T00:00:00Z\",\"DesiredState\":\"%s\",\"Status\":{\"Timestamp\":\"2026-01-01T00:"
                "00:01Z\","
                "\"State\":\"%s\",\"ContainerStatus\":{\"ContainerID\":\"%s\"}},\"NetworksAttachments\":[",
                id, fake->services.items[task->service].id, task->slot,
                task->leaving ? "shutdown" : "running", states[task->state], container ? container->id : "");
        fake_write_attachments(fake, task, out);
        buffer_add_text(out, "]}");
}

/* The hidden tasks of standalone containers. */
static inline void fake_write_attachment_tasks(const struct fake *fake, struct buffer *out)
{
        const char *comma = "";

        for (size_t i = 0; i < fake->containers.count; i++) {
                const struct fake_container *container = &fake->containers.items[i];
                for (size_t j = 0;
                     !container->gone && container->task == FAKE_NONE && j < container->connections.count;
                     j++) {
                        char address[ADDRESS_TEXT_SIZE];
                        address_format(container->connections.items[j].address, address);
                        buffer_format(out,
                                      "%s{\"ID\":\"a%zu-%zu\",\"NodeID\":\"node1\",\"DesiredState\":"
                                      "\"running\",\"Status\":{"
                                      "\"State\":\"running\"},\"NetworksAttachments\":[{\"Network\":{\"ID\":"
                                      "\"%s\"},"
                                      "\"Addresses\":[\"%s/24\"]}]}",
                                      comma, i, j,
                                      fake->networks.items[container->connections.items[j].network].id,
                                      address);
                        comma = ",";
                }
        }
}

/* What stands behind the prefix and before the suffix; NULL when the path is another one. */
static inline char *fake_path_part(const char *path, const char *prefix, const char *suffix)
{
        size_t before = strlen(prefix);
        size_t behind = strlen(suffix);
        size_t length = strlen(path);

        if (strncmp(path, prefix, before) != 0 || length < before + behind ||
            strcmp(path + length - behind, suffix) != 0)
                return NULL;
        return text_copy_n(path + before, length - before - behind);
}

typedef void (*fake_handler)(struct fake *fake, struct engine_request *request, const char *part);

static inline void fake_get_info(struct fake *fake, struct engine_request *request, const char *part)
{
        buffer_add_text(
                &request->answer,
                "{\"ServerVersion\":\"20.10.24\",\"Name\":\"host1\",\"SystemTime\":\"2026-01-01T00:00:00Z\","
                "\"Swarm\":{\"NodeID\":\"node1\",\"ControlAvailable\":true,\"Cluster\":{\"ID\":\"cluster1\","
                "\"SubnetSize\":24,\"DefaultAddrPool\":[\"10.0.0.0/8\"]}}}");
}

static inline void fake_get_nodes(struct fake *fake, struct engine_request *request, const char *part)
{
        buffer_add_text(
                &request->answer,
                "[{\"ID\":\"node1\",\"Spec\":{\"Role\":\"manager\",\"Availability\":\"active\"},"
                "\"Description\":{"
                "\"Hostname\":\"host1\"},\"Status\":{\"State\":\"ready\"},\"ManagerStatus\":{\"Leader\":true,"
                "\"Reachability\":\"reachable\"}}]");
}

static inline void fake_get_networks(struct fake *fake, struct engine_request *request, const char *part)
{
        const char *comma = "";

        buffer_add_text(&request->answer, "[");
        for (size_t i = 0; i < fake->networks.count; i++) {
                if (fake->networks.items[i].gone)
                        continue;
                buffer_add_text(&request->answer, comma);
                fake_write_network(fake, i, false, &request->answer);
                comma = ",";
        }
        buffer_add_text(&request->answer, "]");
}

static inline void fake_get_network(struct fake *fake, struct engine_request *request, const char *part)
{
        size_t index = fake_network_find(fake, part);

        if (index == FAKE_NONE)
                fake_refuse(request, 404, "network %s not found", part);
        else
                fake_write_network(fake, index, true, &request->answer);
}

static inline void fake_get_services(struct fake *fake, struct engine_request *request, const char *part)
{
        buffer_add_text(&request->answer, "[");
        for (size_t i = 0; i < fake->services.count; i++) {
                buffer_add_text(&request->answer, i ? "," : "");
                fake_write_service(fake, &fake->services.items[i], &request->answer);
        }
        buffer_add_text(&request->answer, "]");
}

static inline void fake_get_service(struct fake *fake, struct engine_request *request, const char *part)
{
        const struct fake_service *service = fake_service_find(fake, part);

        if (service)
                fake_write_service(fake, service, &request->answer);
        else
                fake_refuse(request, 404, "service %s not found", part);
}

static inline void fake_get_tasks(struct fake *fake, struct engine_request *request, const char *part)
{
        const char *comma = "";

        buffer_add_text(&request->answer, "[");
        if (strstr(part, "attachment")) {
                fake_write_attachment_tasks(fake, &request->answer);
        } else {
                for (size_t i = 0; i < fake->tasks.count; i++) {
                        if (*part && !strstr(part, fake->services.items[fake->tasks.items[i].service].id))
                                continue;
                        buffer_add_text(&request->answer, comma);
                        fake_write_task(fake, i, &request->answer);
                        comma = ",";
                }
        }
        buffer_add_text(&request->answer, "]");
}

static inline void fake_get_container(struct fake *fake, struct engine_request *request, const char *part)
{
        const struct fake_container *container = fake_container_find(fake, part);
        struct buffer *out = &request->answer;

        if (!container) {
                fake_refuse(request, 404, "No such container: %s", part);
                return;
        }
        buffer_format(out,
                      "{\"Id\":\"%s\",\"Name\":\"/"
                      "%s\",\"State\":{\"Running\":%s},\"NetworkSettings\":{\"Networks\":{",
                      container->id, container->name, container->running ? "true" : "false");
        for (size_t i = 0; i < container->connections.count; i++) {
                const struct fake_connection *connection = &container->connections.items[i];
                const struct fake_network *network = &fake->networks.items[connection->network];
                buffer_format(out, "%s\"%s\":{\"NetworkID\":\"%s\",\"IPAMConfig\":{%s%s%s},\"Aliases\":%s}",
                              i ? "," : "", network->name, network->id,
                              connection->configured ? "\"IPv4Address\":\"" : "",
                              connection->configured ? connection->configured : "",
                              connection->configured ? "\"" : "",
                              connection->aliases ? connection->aliases : "null");
        }
        buffer_add_text(out, "}}}");
}

/* All of them, whatever the filter. */
static inline void fake_get_containers(struct fake *fake, struct engine_request *request, const char *part)
{
        const char *comma = "";

        (void)part;
        buffer_add_text(&request->answer, "[");
        for (size_t i = 0; i < fake->containers.count; i++) {
                const struct fake_container *container = &fake->containers.items[i];
                if (container->gone)
                        continue;
                buffer_format(&request->answer, "%s{\"Id\":\"%s\",\"Names\":[\"/%s\"]}", comma, container->id,
                              container->name);
                comma = ",";
        }
        buffer_add_text(&request->answer, "]");
}

static inline void fake_get_image(struct fake *fake, struct engine_request *request, const char *part)
{
        if (fake->anchor_image && text_starts_with(part, "headroom-anchor"))
                buffer_add_text(&request->answer, "{\"Config\":{}}");
        else
                fake_refuse(request, 404, "No such image: %s", part);
}

/* Changes. */

static inline bool fake_name_taken(const struct fake *fake, const char *name)
{
        for (size_t i = 0; i < fake->networks.count; i++) {
                const struct fake_network *network = &fake->networks.items[i];
                if (!text_equal(network->name, name))
                        continue;
                if (!network->gone || network->zombie || fake->now_ms < network->gone_ms + FAKE_NAME_MS)
                        return true;
                for (size_t j = 0; j < fake->containers.count; j++)
                        if (!fake->containers.items[j].gone &&
                            fake_connection_of(&fake->containers.items[j], i))
                                return true;
        }
        return false;
}

static inline char *fake_raw(const struct json_document *d, json_node node, const char *otherwise)
{
        return node == JSON_NONE ? text_copy(otherwise)
                                 : text_copy_n(json_bytes(d, node), json_length(d, node));
}

static inline size_t fake_network_add(struct fake *fake, const char *body)
{
        struct fake_network *network = list_add(&fake->networks);
        _cleanup_json_ struct json_document *d = NULL;
        struct prefix prefix;
        char gateway[ADDRESS_TEXT_SIZE];

        assert_int_equal(json_parse(body, strlen(body), &d, NULL), 0);
        json_node config = json_first(d, json_path(d, json_root(d), "IPAM", "Config", NULL));
        fake_id(network->id, 'n', fake->networks.count);
        network->name = json_text(d, json_get(d, json_root(d), "Name"));
        network->subnet = json_text(d, json_get(d, config, "Subnet"));
        network->gateway = json_text(d, json_get(d, config, "Gateway"));
        network->options = fake_raw(d, json_get(d, json_root(d), "Options"), "{}");
        network->labels = fake_raw(d, json_get(d, json_root(d), "Labels"), "{}");
        network->attachable = json_bool(d, json_get(d, json_root(d), "Attachable"));
        network->created_ms = fake->withholds ? INT64_MAX / 2 : fake->now_ms;
        network->room = 1000;
        assert_int_equal(prefix_parse(network->subnet, &prefix), PREFIX_FINE);
        address_format(prefix.address + 1, gateway);
        if (!network->gateway)
                network->gateway = text_copy(gateway);
        return fake->networks.count - 1;
}

static inline void fake_create_network(struct fake *fake, struct engine_request *request, const char *part)
{
        _cleanup_json_ struct json_document *d = NULL;

        assert_int_equal(json_parse(request->body, request->body_length, &d, NULL), 0);
        _cleanup_free_ char *name = json_text(d, json_get(d, json_root(d), "Name"));
        if (fake_name_taken(fake, name)) {
                fake_refuse(request, 409, "network with name %s already exists", name);
                return;
        }
        size_t network = fake_network_add(fake, request->body); /* which may move the others */
        buffer_format(&request->answer, "{\"Id\":\"%s\",\"Warning\":\"\"}", fake->networks.items[network].id);
}

static inline bool fake_in_use(const struct fake *fake, size_t network)
{
        for (size_t i = 0; i < fake->services.count; i++)
                if (strstr(fake->services.items[i].spec, fake->networks.items[network].id))
                        return true;
        for (size_t i = 0; i < fake->tasks.count; i++)
                if (fake_is_live(&fake->tasks.items[i]) && !fake->tasks.items[i].leaving &&
                    fake_task_is_on(&fake->tasks.items[i], network))
                        return true;
        for (size_t i = 0; i < fake->containers.count; i++)
                if (!fake->containers.items[i].gone && fake->containers.items[i].task == FAKE_NONE &&
                    fake_connection_of(&fake->containers.items[i], network))
                        return true;
        return false;
}

/* A task's container that was connected behind the swarm's back. */
static inline bool fake_is_live_connected(const struct fake *fake, const struct fake_container *container,
                                          size_t network)
{
        return !container->gone && container->task != FAKE_NONE && fake_connection_of(container, network) &&
               !fake_task_is_on(&fake->tasks.items[container->task], network);
}

static inline void fake_take_from_under(struct fake *fake, size_t network)
{
        for (size_t i = 0; i < fake->containers.count; i++)
                if (fake_is_live_connected(fake, &fake->containers.items[i], network))
                        fake->networks.items[network].zombie = true;
}

static inline void fake_delete_network(struct fake *fake, struct engine_request *request, const char *part)
{
        size_t index = fake_network_find(fake, part);

        if (index == FAKE_NONE) {
                fake_refuse(request, 404, "network %s not found", part);
        } else if (fake_in_use(fake, index)) {
                fake_refuse(request, 400, "rpc error: network %s is in use by something", part);
        } else {
                fake_take_from_under(fake, index);
                fake->networks.items[index].gone = true;
                fake->networks.items[index].gone_ms = fake->now_ms;
        }
}

/* As the engine keeps a spec: members in Go's order, an update config with all its fields. */
static inline void fake_write_update_config(const struct json_document *d, json_node config,
                                            struct buffer *out)
{
        _cleanup_free_ char *order = json_text(d, json_get(d, config, "Order"));
        _cleanup_free_ char *action = json_text(d, json_get(d, config, "FailureAction"));

        if (json_get(d, config, "Monitor") != JSON_NONE)
                buffer_add(out, json_bytes(d, config), json_length(d, config));
        else
                buffer_format(out,
                              "{\"Parallelism\":1,\"FailureAction\":\"%s\",\"Monitor\":5000000000,"
                              "\"MaxFailureRatio\":0,"
                              "\"Order\":\"%s\"}",
                              action ? action : "pause", order ? order : "stop-first");
}

static inline char *fake_normal_spec(const struct json_document *d)
{
        static const char *const members[] = {"Name",     "Labels",       "TaskTemplate",
                                              "Mode",     "UpdateConfig", "RollbackConfig",
                                              "Networks", "EndpointSpec"};
        struct buffer out = {0};

        buffer_add_text(&out, "{");
        for (size_t i = 0; i < ELEMENTS(members); i++) {
                json_node member = json_get(d, json_root(d), members[i]);
                if (member == JSON_NONE)
                        continue;
                buffer_format(&out, "%s\"%s\":", out.length > 1 ? "," : "", members[i]);
                if (strstr(members[i], "Config"))
                        fake_write_update_config(d, member, &out);
                else
                        buffer_add(&out, json_bytes(d, member), json_length(d, member));
        }
        buffer_add_text(&out, "}");
        return buffer_steal(&out);
}

static inline bool fake_targets_exist(const struct fake *fake, const struct json_document *d)
{
        json_for_each (entry, d, fake_spec_networks(d, json_root(d))) {
                _cleanup_free_ char *target = json_text(d, json_get(d, entry, "Target"));
                if (fake_network_find(fake, target) == FAKE_NONE)
                        return false;
        }
        return true;
}

static inline void fake_service_set(struct fake *fake, struct fake_service *service,
                                    const struct json_document *d)
{
        if (text_equal(fake->rolls_back, service->name)) {
                fake->rolls_back = NULL;
                service->update_state = "rollback_completed";
                service->version += 2;
                return;
        }
        free(service->spec);
        service->spec = fake_normal_spec(d);
        service->version++;
        service->update_state = NULL;
        service->updated = true;
        fake_service_note(service, d);
}

static inline void fake_update_service(struct fake *fake, struct engine_request *request, const char *part)
{
        _cleanup_free_ char *id = text_copy_n(part, strcspn(part, "/"));
        const char *version = strstr(part, "/update?version=");
        struct fake_service *service = fake_service_find(fake, id);
        _cleanup_json_ struct json_document *d = NULL;
        uint64_t given = 0;

        assert_non_null(version);
        assert_true(text_to_u64(version + strlen("/update?version="), &given));
        assert_int_equal(json_parse(request->body, request->body_length, &d, NULL), 0);
        if (service && fake->conflicts && fake->conflicts--)
                service->version++;
        if (!service)
                fake_refuse(request, 404, "service %s not found", id);
        else if (given != service->version)
                fake_refuse(request, 500, "rpc error: code = Unknown desc = update out of sequence");
        else if (!fake_targets_exist(fake, d))
                fake_refuse(request, 404, "network not found");
        else
                fake_service_set(fake, service, d);
}

static inline void fake_create_container(struct fake *fake, struct engine_request *request, const char *part)
{
        _cleanup_json_ struct json_document *d = NULL;

        assert_int_equal(json_parse(request->body, request->body_length, &d, NULL), 0);
        if (!fake->anchor_image) {
                fake_refuse(request, 404, "No such image");
        } else if (fake_container_find(fake, part)) {
                fake_refuse(request, 409, "Conflict. The container name is already in use");
        } else {
                struct fake_container *container = fake_container_add(fake, text_copy(part), FAKE_NONE);
                container->network_mode =
                        json_text(d, json_path(d, json_root(d), "HostConfig", "NetworkMode", NULL));
                buffer_format(&request->answer, "{\"Id\":\"%s\"}", container->id);
        }
}

static inline void fake_start_container(struct fake *fake, struct engine_request *request, const char *part)
{
        struct fake_container *container = fake_container_find(fake, part);
        size_t network = container ? fake_network_find(fake, container->network_mode) : FAKE_NONE;

        if (network == FAKE_NONE || !fake_allocated(fake, &fake->networks.items[network])) {
                fake_refuse(request, 404, "no container %s, or no network for it", part);
                return;
        }
        fake_connect(fake, container, network, fake_next_address(fake, network), NULL, NULL);
        container->running = true;
}

static inline void fake_delete_container(struct fake *fake, struct engine_request *request, const char *part)
{
        struct fake_container *container = fake_container_find(fake, part);

        if (!container) {
                fake_refuse(request, 404, "No such container: %s", part);
                return;
        }
        for (size_t i = 0; i < container->connections.count; i++)
                fake_take_from_under(fake, container->connections.items[i].network);
        fake_container_end(container);
}

/* Whether this node knows the network: something of the swarm's runs on it here. */
static inline bool fake_is_here(const struct fake *fake, size_t network)
{
        for (size_t i = 0; i < fake->containers.count; i++) {
                const struct fake_container *container = &fake->containers.items[i];
                if (!container->gone && container->running && fake_connection_of(container, network) &&
                    !fake_is_live_connected(fake, container, network))
                        return true;
        }
        return false;
}

static inline void fake_post_connect(struct fake *fake, struct engine_request *request, const char *part)
{
        size_t network = fake_network_find(fake, part);
        _cleanup_json_ struct json_document *d = NULL;
        struct prefix subnet;
        uint32_t address = 0;

        assert_int_equal(json_parse(request->body, request->body_length, &d, NULL), 0);
        json_node config = json_get(d, json_root(d), "EndpointConfig");
        _cleanup_free_ char *id = json_text(d, json_get(d, json_root(d), "Container"));
        char *asked = json_text(d, json_path(d, config, "IPAMConfig", "IPv4Address", NULL));
        struct fake_container *container = fake_container_find(fake, id);
        assert_true(network != FAKE_NONE && container);
        assert_int_equal(prefix_parse(fake->networks.items[network].subnet, &subnet), PREFIX_FINE);
        if (container->task != FAKE_NONE && !fake_is_here(fake, network)) {
                fake_refuse(request, 404, "network %s not found", part);
        } else if (fake_connection_of(container, network)) {
                fake_refuse(request, 403, "endpoint exists already");
        } else if (asked && (!address_parse(asked, &address) || !prefix_contains(subnet, address) ||
                             fake_address_taken(fake, network, address))) {
                fake_refuse(request, 403, "Address already in use: %s", asked);
        } else {
                json_node aliases = json_get(d, config, "Aliases");
                fake_connect(fake, container, network, asked ? address : fake_next_address(fake, network),
                             text_copy(asked), aliases == JSON_NONE ? NULL : fake_raw(d, aliases, ""));
        }
        free(asked);
}

static inline void fake_post_disconnect(struct fake *fake, struct engine_request *request, const char *part)
{
        size_t network = fake_network_find(fake, part);
        _cleanup_json_ struct json_document *d = NULL;

        assert_int_equal(json_parse(request->body, request->body_length, &d, NULL), 0);
        _cleanup_free_ char *id = json_text(d, json_get(d, json_root(d), "Container"));
        struct fake_container *container = fake_container_find(fake, id);
        struct fake_connection *connection = container ? fake_connection_of(container, network) : NULL;
        if (connection)
                fake_disconnect(container, connection);
        else
                fake_refuse(request, 404, "not connected");
}

static inline void fake_import_image(struct fake *fake, struct engine_request *request, const char *part)
{
        fake->anchor_image = true;
        buffer_add_text(&request->answer, "{\"status\":\"sha256:0\"}");
}

static inline void fake_delete_image(struct fake *fake, struct engine_request *request, const char *part)
{
        if (!fake->anchor_image)
                fake_refuse(request, 404, "No such image");
        fake->anchor_image = false;
}

static const struct fake_route {
        const char *method, *prefix, *suffix;
        fake_handler handler;
} fake_routes[] = {
        {"GET", "/info", "", fake_get_info},
        {"GET", "/nodes", "", fake_get_nodes},
        {"GET", "/networks/", "", fake_get_network},
        {"GET", "/networks", "", fake_get_networks},
        {"GET", "/services/", "", fake_get_service},
        {"GET", "/services", "", fake_get_services},
        {"GET", "/tasks", "", fake_get_tasks},
        {"GET", "/containers/json?all=true", "", fake_get_containers},
        {"GET", "/containers/", "/json", fake_get_container},
        {"GET", "/images/", "/json", fake_get_image},
        {"POST", "/networks/create", "", fake_create_network},
        {"POST", "/networks/", "/connect", fake_post_connect},
        {"POST", "/networks/", "/disconnect", fake_post_disconnect},
        {"POST", "/services/", "", fake_update_service},
        {"POST", "/containers/create?name=", "", fake_create_container},
        {"POST", "/containers/", "/start", fake_start_container},
        {"POST", "/images/create", "", fake_import_image},
        {"DELETE", "/networks/", "", fake_delete_network},
        {"DELETE", "/containers/", "?force=true", fake_delete_container},
        {"DELETE", "/images/", "", fake_delete_image},
};

static inline void fake_handle(struct fake *fake, struct engine_request *request)
{
        for (size_t i = 0; i < ELEMENTS(fake_routes); i++) {
                if (!text_equal(fake_routes[i].method, engine_request_method(request)))
                        continue;
                _cleanup_free_ char *part =
                        fake_path_part(request->path, fake_routes[i].prefix, fake_routes[i].suffix);
                if (!part)
                        continue;
                request->status = 200;
                fake_routes[i].handler(fake, request, part);
                return;
        }
        fail_msg("the fake swarm does not know %s %s", engine_request_method(request), request->path);
}

static inline void fake_answer(struct fake *fake, struct engine_request *request)
{
        bool changes = !text_equal(engine_request_method(request), "GET");

        fake->now_ms += FAKE_CALL_MS;
        fake_go_on(fake);
        fake->calls++;
        fake->changes += changes;
        if (changes)
                *list_add(&fake->change_calls) = fake->calls;
        if (fake->before)
                fake->before(fake, request);
        bool dead = fake->kill_at && fake->calls >= fake->kill_at;
        bool silent = fake->silent_at && fake->calls >= fake->silent_at &&
                      fake->calls <= fake->silent_at + fake->silent;
        if ((!dead && !silent) || (fake->kill_after && fake->calls == fake->kill_at && changes) ||
            (silent && fake->calls == fake->silent_at))
                fake_handle(fake, request);
        if (!dead && !silent)
                return;
        request->status = 0;
        buffer_clear(&request->answer);
        if (dead)
                error_set(&request->error, ERROR_FAILED, "killed at call %zu", fake->kill_at);
        else
                error_set(&request->error, ERROR_TIMEOUT, "no answer at call %zu", fake->calls);
}

static inline void fake_perform(struct engine *engine, struct engine_request *requests, size_t count)
{
        struct fake *fake = (struct fake *)engine;

        for (size_t i = 0; i < count; i++) {
                struct engine_request *request = &requests[i];
                fake_answer(fake, request);
                if (!request->sink || request->status / 100 != 2)
                        continue;
                request->sink(request->userdata, buffer_text(&request->answer), request->answer.length,
                              &request->error);
                buffer_clear(&request->answer);
        }
}

static inline void fake_done(struct fake *fake)
{
        clock_use(NULL);
        for (size_t i = 0; i < fake->networks.count; i++) {
                struct fake_network *network = &fake->networks.items[i];
                char *const texts[] = {network->name, network->subnet, network->gateway, network->options,
                                       network->labels};
                for (size_t j = 0; j < ELEMENTS(texts); j++)
                        free(texts[j]);
        }
        for (size_t i = 0; i < fake->services.count; i++) {
                free(fake->services.items[i].name);
                free(fake->services.items[i].spec);
                for (size_t j = 0; j < fake->services.items[i].templates.count; j++)
                        free(fake->services.items[i].templates.items[j]);
                free(fake->services.items[i].templates.items);
        }
        for (size_t i = 0; i < fake->tasks.count; i++) {
                free(fake->tasks.items[i].networks.items);
                free(fake->tasks.items[i].addresses.items);
        }
        for (size_t i = 0; i < fake->containers.count; i++) {
                fake_container_end(&fake->containers.items[i]);
                free(fake->containers.items[i].connections.items);
                free(fake->containers.items[i].name);
                free(fake->containers.items[i].network_mode);
        }
        free(fake->networks.items);
        free(fake->services.items);
        free(fake->tasks.items);
        free(fake->containers.items);
        free(fake->change_calls.items);
        free(fake->engine.description);
        *fake = (struct fake){0};
}
#define _cleanup_fake_ _cleanup_(fake_done)

/* One at a time has the clock. */
static inline void fake_init(struct fake *fake)
{
        static const struct engine_operations operations = {.perform = fake_perform};
        static struct clock_source source;

        *fake = (struct fake){.engine = {.operations = &operations, .api_version_minor = 41}, .now_ms = 1000};
        fake->engine.description = text_copy("fake");
        source = (struct clock_source){fake_now, fake_wall, fake_sleep, fake};
        clock_use(&source);
}

/* `spec` as the engine keeps it; the fake's tasks start with the next call. */
static inline struct fake_service *fake_service_add(struct fake *fake, char *spec)
{
        struct fake_service *service = list_add(&fake->services);
        _cleanup_json_ struct json_document *d = NULL;

        if (json_parse(spec, strlen(spec), &d, NULL) < 0)
                fail_msg("%s", spec);
        fake_id(service->id, 's', fake->services.count);
        service->name = json_text(d, json_get(d, json_root(d), "Name"));
        service->spec = spec;
        service->version = 10;
        fake_service_note(service, d);
        return service;
}
