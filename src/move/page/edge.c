#include "move/page/edge.h"

#include "host/own_address.h"
#include "host/page.h"

/*
 * Whether a published port answers at 127.0.0.1 depends on how it is published, on the engine's settings and
 * on the kernel; so it is tried, and then the machine's other addresses are.
 */

#define PROBE_TIMEOUT_MS 1500
#define LOOPBACK         "127.0.0.1"

void edge_ports_done(struct edge_ports *ports)
{
        for (size_t i = 0; i < ports->items.count; i++)
                free(ports->items.items[i].at);
        free(ports->items.items);
        *ports = (struct edge_ports){0};
}

bool edge_port_is_tls(const struct edge_port *port)
{
        return port->published == 443 || port->target == 443 || port->published == 8443 ||
               port->target == 8443;
}

static bool runs_here(const struct swarm *swarm, const struct service *service)
{
        for_each_task (task, swarm)
                if (text_equal(task->service_id, service->id) && task->state == TASK_RUNNING &&
                    text_equal(task->node_id, swarm->local_node_id))
                        return true;
        return false;
}

static bool is_tcp(const struct port *port)
{
        return port->published && (!port->protocol || text_equal(port->protocol, "tcp"));
}

/* What the edge publishes and this node can be asked for. */
static void add_ports(const struct swarm *swarm, const struct plan_service *planned, struct plan *plan,
                      struct edge_ports *ports)
{
        const struct service *service = swarm_service_by_id(swarm, planned->id);
        bool here = service && (!planned->complete || runs_here(swarm, service));
        bool elsewhere = false;

        for (size_t i = 0; service && i < service->ports.count; i++) {
                const struct port *port = &service->ports.items[i];
                if (is_tcp(port) && (here || !port->host_mode))
                        *list_add(&ports->items) =
                                (struct edge_port){service, port->published, port->target, NULL};
                else if (is_tcp(port))
                        elsewhere = true;
        }
        if (elsewhere)
                *list_add(&plan->notes) = text_format(
                        "the ports of %s are other nodes', and are not asked from here", planned->name);
}

/* Tries all that have no address yet at this one. */
static void probe(struct edge_ports *ports, const char *address)
{
        size_t room = ports->items.count;
        _cleanup_free_ struct page_request *requests = memory_new(room, sizeof(*requests));
        _cleanup_free_ struct page_answer *answers = memory_new(room, sizeof(*answers));
        _cleanup_free_ struct edge_port **tried = memory_new(room, sizeof(struct edge_port *));
        size_t count = 0;

        for (size_t i = 0; i < room; i++)
                if (!ports->items.items[i].at) {
                        tried[count] = &ports->items.items[i];
                        requests[count++].url =
                                text_format("tcp://%s:%u", address, ports->items.items[i].published);
                }
        bool asked = pages_ask(requests, count, PROBE_TIMEOUT_MS, answers, NULL) == 0;
        for (size_t i = 0; i < count; i++) {
                if (asked && answers[i].connected)
                        tried[i]->at = text_format("%s:%u", address, tried[i]->published);
                page_answer_done(&answers[i]);
                free((char *)requests[i].url);
        }
}

static const struct plan_service *planned_of(const struct plan *plan, const struct edge_port *port)
{
        for_each_planned (planned, plan)
                if (text_equal(planned->id, port->service->id))
                        return planned;
        return NULL;
}

/* A port where nobody listens would only prove later that nobody listens. */
static void drop_silent(struct plan *plan, struct edge_ports *ports)
{
        size_t kept = 0;

        for (size_t i = 0; i < ports->items.count; i++) {
                struct edge_port *port = &ports->items.items[i];
                const struct plan_service *planned = planned_of(plan, port);
                if (!port->at && planned && !planned->complete)
                        port->at = text_format(LOOPBACK ":%u", port->published);
                if (port->at)
                        ports->items.items[kept++] = *port;
                else
                        *list_add(&plan->notes) = text_format(
                                "port %u of %s accepts no connection from this host, and is not looked at",
                                port->published, port->service->name);
        }
        ports->items.count = kept;
}

void edge_ports_find(const struct swarm *swarm, struct plan *plan, struct edge_ports *ret_ports)
{
        _cleanup_own_addresses_ struct own_addresses addresses = {0};
        struct edge_ports ports = {0};

        for_each_planned (planned, plan)
                if (planned->edge)
                        add_ports(swarm, planned, plan, &ports);
        own_addresses_read(&addresses);
        for (size_t i = 0; i < addresses.items.count; i++)
                probe(&ports, addresses.items.items[i]);
        drop_silent(plan, &ports);
        *ret_ports = ports;
}
