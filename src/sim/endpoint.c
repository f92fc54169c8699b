#include "sim/state.h"

/* A service's VIPs, one a network, and its published ports. */

#define PORT_FIRST 30000
#define PORT_LAST  32767

static bool is_wanted(struct sim *sim, const struct sim_service *service, struct sim_ref network)
{
        const struct sim_network *ingress = sim_ingress(sim);

        if (service->spec->dnsrr)
                return false;
        if (service->spec->ingress && ingress && sim_ref_equal(ingress->object.ref, network))
                return true;
        for (size_t i = 0; i < service->spec->networks.count; i++)
                if (sim_ref_equal(service->spec->networks.items[i], network))
                        return true;
        return false;
}

static void give(struct sim *sim, const struct sim_vip *vip)
{
        struct sim_network *network = sim_network_stored(sim, vip->network);

        if (!network || !network->allocated || !vip->address)
                return;
        sim_address_give(&network->pool, vip->address);
        sim_retry_due(sim);
}

void sim_vips_give(struct sim *sim, struct sim_service *service)
{
        for (size_t i = 0; i < service->vips.count; i++)
                give(sim, &service->vips.items[i]);
        service->vips.count = 0;
}

static void drop_unwanted(struct sim *sim, struct sim_service *service)
{
        size_t kept = 0;

        for (size_t i = 0; i < service->vips.count; i++) {
                if (is_wanted(sim, service, service->vips.items[i].network))
                        service->vips.items[kept++] = service->vips.items[i];
                else
                        give(sim, &service->vips.items[i]);
        }
        service->vips.count = kept;
}

static bool has_vip(const struct sim_service *service, struct sim_ref network)
{
        for (size_t i = 0; i < service->vips.count; i++)
                if (sim_ref_equal(service->vips.items[i].network, network))
                        return true;
        return false;
}

static bool add_vip(struct sim *sim, struct sim_service *service, struct sim_ref ref,
                    struct sim_network **ret_full)
{
        struct sim_network *network = sim_network_stored(sim, ref);
        uint32_t address;

        if (has_vip(service, ref))
                return true;
        if (!network || !network->allocated || !sim_network_address(sim, network, &address)) {
                *ret_full = network;
                return false;
        }
        *list_add(&service->vips) = (struct sim_vip){.network = ref, .address = address};
        return true;
}

static void log_refusal(struct sim *sim, struct sim_service *service, const struct sim_network *full)
{
        char id[SIM_ID_SIZE];

        sim_id(sim, SIM_KIND_SERVICE, service->object.ref, id);
        sim_log(sim, service->logged ? "debug" : "error", "Failed allocation for service %s: %s", id,
                full && full->allocated ? "could not find an available IP while allocating VIP"
                                        : "networkallocator: could not find local network state");
        service->logged = true;
}

static bool add_vips(struct sim *sim, struct sim_service *service)
{
        struct sim_network *ingress = service->spec->ingress ? sim_ingress(sim) : NULL;
        size_t before = service->vips.count;
        struct sim_network *full = NULL;
        bool whole = true;

        if (ingress)
                whole = add_vip(sim, service, ingress->object.ref, &full);
        for (size_t i = 0; whole && i < service->spec->networks.count; i++)
                whole = add_vip(sim, service, service->spec->networks.items[i], &full);
        if (whole)
                return true;
        while (service->vips.count > before)
                give(sim, &service->vips.items[--service->vips.count]);
        log_refusal(sim, service, full);
        return false;
}

static uint32_t port_free(struct sim *sim, uint32_t wanted)
{
        if (wanted)
                return wanted;
        if (sim->port_next < PORT_FIRST || sim->port_next > PORT_LAST)
                sim->port_next = PORT_FIRST;
        return sim->port_next++;
}

/* A port that was chosen before stays. */
static void add_ports(struct sim *sim, struct sim_service *service)
{
        for (size_t i = 0; i < service->spec->ports.count; i++) {
                struct sim_port port = service->spec->ports.items[i];
                if (!port.host_mode && i < service->ports.count && !port.published &&
                    service->ports.items[i].target == port.target)
                        port = service->ports.items[i];
                else if (!port.host_mode)
                        port.published = port_free(sim, port.published);
                if (i == service->ports.count)
                        list_add(&service->ports);
                service->ports.items[i] = port;
        }
        service->ports.count = service->spec->ports.count;
}

void sim_service_allocate(struct sim *sim, struct sim_service *service)
{
        if (service->allocated)
                return;
        size_t vips = service->vips.count;
        drop_unwanted(sim, service);
        if (!service->spec->dnsrr && !add_vips(sim, service))
                return;
        add_ports(sim, service);
        service->allocated = true;
        sim_touch(sim, service);
        if (service->vips.count != vips)
                sim_tell_service(sim, service, "update", NULL);
}
