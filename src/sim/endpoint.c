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

/* Unseen by those who wait for an address; true when there was something. */
static bool take_back(struct sim *sim, const struct sim_vip *vip)
{
        struct sim_network *network = sim_network_stored(sim, vip->network);

        if (!network || !network->allocated || !vip->address)
                return false;
        sim_address_give(&network->pool, vip->address);
        return true;
}

static void give(struct sim *sim, const struct sim_vip *vip)
{
        if (take_back(sim, vip))
                sim_retry_due(sim);
}

void sim_vips_give(struct sim *sim, struct sim_service *service)
{
        for (size_t i = 0; !service->vips_lost && i < service->vips.count; i++)
                give(sim, &service->vips.items[i]);
        service->vips.count = 0;
        service->vips_lost = false;
}

static void drop_unwanted(struct sim *sim, struct sim_service *service)
{
        size_t kept = 0;

        for (size_t i = 0; i < service->vips.count; i++) {
                if (is_wanted(sim, service, service->vips.items[i].network))
                        service->vips.items[kept++] = service->vips.items[i];
                else if (!service->vips_lost)
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

/* What one try to give VIPs has come to. */
struct vip_try {
        LIST(struct sim_vip) fresh;
        struct sim_network *full; /* that has none left, or no pool; NULL: removed */
};

static bool add_vip(struct sim *sim, const struct sim_service *service, struct sim_ref ref,
                    struct vip_try *attempt)
{
        struct sim_network *network = sim_network_stored(sim, ref);
        uint32_t address;

        if (!service->vips_lost && has_vip(service, ref))
                return true;
        if (!network || !network->allocated || !sim_network_address(sim, network, &address)) {
                attempt->full = network;
                return false;
        }
        *list_add(&attempt->fresh) = (struct sim_vip){.network = ref, .address = address};
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

static bool try_all(struct sim *sim, const struct sim_service *service, struct vip_try *attempt)
{
        struct sim_network *ingress = service->spec->ingress ? sim_ingress(sim) : NULL;

        if (ingress && !add_vip(sim, service, ingress->object.ref, attempt))
                return false;
        for (size_t i = 0; i < service->spec->networks.count; i++)
                if (!add_vip(sim, service, service->spec->networks.items[i], attempt))
                        return false;
        return true;
}

/*
 * Where addresses are lost, too: a try that fails forgets the VIPs it was given before, but for ingress. And
 * it gives back those that the service had, although the store goes on to name them.
 */
static void fail(struct sim *sim, struct sim_service *service, const struct vip_try *attempt)
{
        for (size_t i = 0; i < attempt->fresh.count; i++) {
                struct sim_network *network = sim_network_stored(sim, attempt->fresh.items[i].network);
                if (network->ingress)
                        sim_address_give(&network->pool, attempt->fresh.items[i].address);
                else
                        sim_note_leak(sim, network);
        }
        for (size_t i = 0; !service->vips_lost && i < service->vips.count; i++)
                take_back(sim, &service->vips.items[i]);
        service->vips_lost = service->vips.count;
        log_refusal(sim, service, attempt->full);
}

static bool add_vips(struct sim *sim, struct sim_service *service)
{
        struct vip_try attempt = {0};
        bool whole = try_all(sim, service, &attempt);

        if (!whole) {
                fail(sim, service, &attempt);
        } else if (service->vips_lost) {
                service->vips.count = 0;
                service->vips_lost = false;
        }
        for (size_t i = 0; whole && i < attempt.fresh.count; i++)
                *list_add(&service->vips) = attempt.fresh.items[i];
        free(attempt.fresh.items);
        return whole;
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
        sim_spec_free(service->endpoint_of);
        service->endpoint_of = sim_spec_use(service->spec);
        sim_touch(sim, service);
        if (service->vips.count != vips)
                sim_tell_service(sim, service, "update", NULL);
}
