#include "move/page/plan_pages.h"

#include "host/host.h"
#include "move/page/edge.h"
#include "move/page/traefik.h"
#include "settings/settings.h"
#include "json/json.h"

#include <strings.h>

/*
 * Pages come in an order of trust: what the operator names, the edge's own ports, then what labels say. The
 * first of several with the same address is kept, so that an operator can say what is expected of a page that
 * would be derived. The labels are read from the engine here and not by the survey: a rule may hold a secret
 * header, and nothing of it but host and path is kept.
 */

struct gathering {
        const struct swarm *swarm;
        struct plan *plan;
        struct edge_ports ports;
        size_t left_out; /* for want of room */
};

static void note(struct plan *plan, const char *format, ...) _printf_(2, 3);
static void note(struct plan *plan, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        *list_add(&plan->notes) = text_vformat(format, arguments);
        va_end(arguments);
}

/* The same page but for the slash at its end. */
static bool same_url(const char *a, const char *b)
{
        size_t length_a = strlen(a);
        size_t length_b = strlen(b);

        length_a -= length_a && a[length_a - 1] == '/';
        length_b -= length_b && b[length_b - 1] == '/';
        return length_a == length_b && strncmp(a, b, length_a) == 0;
}

static struct plan_page *find_page(const struct plan *plan, const char *url)
{
        for (size_t i = 0; i < plan->pages.count; i++)
                if (same_url(plan->pages.items[i].url, url))
                        return &plan->pages.items[i];
        return NULL;
}

/* A new page of this address, which is taken over; NULL when it is there already, or there is no room. */
static struct plan_page *add_page(struct gathering *gathering, char *url)
{
        struct plan *plan = gathering->plan;
        bool known = find_page(plan, url);

        if (known || plan->pages.count >= PLAN_PAGES_MAX) {
                gathering->left_out += !known;
                free(url);
                return NULL;
        }
        struct plan_page *page = list_add(&plan->pages);
        page->url = url;
        return page;
}

/* What the operator names */

/* A plan is shown and kept where passwords do not belong. */
static bool has_password(const char *url)
{
        const char *authority = strstr(url, "://");

        return authority && memchr(authority + 3, '@', strcspn(authority + 3, "/?#"));
}

static void add_checks(struct gathering *gathering, const struct settings *settings)
{
        const char *path = settings->path ? settings->path : SETTINGS_PATH;

        for (size_t i = 0; i < settings->checks.count; i++) {
                const struct setting_check *check = &settings->checks.items[i];
                if (has_password(check->url)) {
                        note(gathering->plan,
                             "the page of line %u of %s is not looked at: it has a password, which a plan "
                             "would show",
                             check->line, path);
                        continue;
                }
                struct plan_page *page = add_page(gathering, text_copy(check->url));
                if (!page)
                        continue;
                page->origin = text_format("checks, line %u of %s", check->line, path);
                page->wanted = true;
                page->wanted_status = check->status;
                page->wanted_title = text_copy(check->title);
        }
}

/* The edge's ports */

static void add_ports(struct gathering *gathering)
{
        for (size_t i = 0; i < gathering->ports.items.count; i++) {
                const struct edge_port *port = &gathering->ports.items.items[i];
                struct plan_page *page =
                        add_page(gathering, text_format("%s://%s/", edge_port_is_tls(port) ? "https" : "http",
                                                        port->at));
                if (!page)
                        continue;
                page->at = text_copy(port->at);
                page->origin = text_format("port %u of %s", port->published, port->service->name);
                page->service = text_copy(port->service->id);
        }
}

/* What labels say */

static const struct edge_port *find_port(const struct gathering *gathering, bool tls)
{
        const struct edge_port *found = NULL;

        for (size_t i = 0; i < gathering->ports.items.count; i++) {
                const struct edge_port *port = &gathering->ports.items.items[i];
                if (edge_port_is_tls(port) != tls)
                        continue;
                if (port->published == (tls ? 443 : 80))
                        return port;
                if (!found || port->target == (tls ? 443 : 80))
                        found = port;
        }
        return found;
}

/* Where a page is asked: as its labels say, else by TLS when the edge has it; and at the one port there is.
 */
static const struct edge_port *port_for(const struct gathering *gathering, enum traefik_entry entry)
{
        const struct edge_port *tls = find_port(gathering, true);
        const struct edge_port *plain = find_port(gathering, false);

        if (entry == TRAEFIK_ENTRY_PLAIN)
                return plain ? plain : tls;
        return tls ? tls : plain;
}

/* "https://ci.example.org/x" and "https://ci.example.org/" are both of ci.example.org. */
static bool is_of_host(const char *url, const char *host)
{
        const char *authority = strstr(url, "://");
        size_t length = strlen(host);

        return authority && strncasecmp(authority + 3, host, length) == 0 &&
               strcspn(authority + 3, ":/?#") == length;
}

/* A page that the operator named is made by the service that the labels give its host to. */
static void tell_service(struct plan *plan, const char *host, const char *service_id)
{
        for (size_t i = 0; i < plan->pages.count; i++) {
                struct plan_page *page = &plan->pages.items[i];
                if (page->wanted && !page->service && is_of_host(page->url, host))
                        page->service = text_copy(service_id);
        }
}

static void add_site(struct gathering *gathering, const struct service *service,
                     const struct traefik_site *site)
{
        const struct edge_port *port = port_for(gathering, site->entry);

        tell_service(gathering->plan, site->host, service->id);
        if (!port)
                return;
        char *url =
                text_format("%s://%s%s", edge_port_is_tls(port) ? "https" : "http", site->host, site->path);
        for (char *p = strstr(url, "://") + 3; *p && *p != '/'; p++)
                *p = (char)(*p >= 'A' && *p <= 'Z' ? *p | 0x20 : *p);
        struct plan_page *page = add_page(gathering, url);
        if (!page)
                return;
        page->at = text_copy(port->at);
        page->origin = text_format("Host() of %s", service->name);
        page->service = text_copy(service->id);
}

static bool is_planned(const struct plan *plan, const struct service *service)
{
        for_each_planned (planned, plan)
                if (text_equal(planned->id, service->id))
                        return true;
        return false;
}

static bool runs(const struct swarm *swarm, const struct service *service)
{
        for_each_task (task, swarm)
                if (text_equal(task->service_id, service->id) && task->state == TASK_RUNNING)
                        return true;
        return false;
}

/* One without tasks has no page; one that the move does not touch has to have it now. */
static bool has_pages(const struct gathering *gathering, const struct service *service)
{
        if (service->mode == SERVICE_JOB || (service->mode == SERVICE_REPLICATED && !service->replicas))
                return false;
        return is_planned(gathering->plan, service) || runs(gathering->swarm, service);
}

static void collect(const struct json_document *d, json_node object, struct traefik_labels *labels)
{
        json_for_each (member, d, object) {
                _cleanup_free_ char *key = json_key(d, member);
                _cleanup_free_ char *value = json_text(d, member);
                if (!key || !value || !traefik_is_label(key))
                        continue;
                struct traefik_label *label = list_add(&labels->items);
                label->key = steal_pointer(key);
                label->value = steal_pointer(value);
        }
}

static int take_service(void *userdata, const struct json_document *d, _unused_ struct error *error)
{
        struct gathering *gathering = userdata;
        _cleanup_traefik_labels_ struct traefik_labels labels = {0};
        _cleanup_traefik_sites_ struct traefik_sites sites = {0};
        json_node spec = json_get(d, json_root(d), "Spec");
        _cleanup_free_ char *id = json_text(d, json_get(d, json_root(d), "ID"));
        const struct service *service = id ? swarm_service_by_id(gathering->swarm, id) : NULL;

        if (!service || !has_pages(gathering, service))
                return 0;
        collect(d, json_get(d, spec, "Labels"), &labels);
        collect(d, json_path(d, spec, "TaskTemplate", "ContainerSpec", "Labels", NULL), &labels);
        traefik_sites_of(&labels, &sites);
        for (size_t i = 0; i < sites.items.count; i++)
                add_site(gathering, service, &sites.items.items[i]);
        if (sites.obscure && gathering->ports.items.count)
                note(gathering->plan,
                     "a rule in the labels of %s names no host that could be asked; name its page in "
                     "`checks`",
                     service->name);
        return 0;
}

static int compare_pages(const void *a, const void *b)
{
        return strcmp(((const struct plan_page *)a)->url, ((const struct plan_page *)b)->url);
}

static void add_hosts(struct gathering *gathering, struct engine *engine)
{
        size_t first = gathering->plan->pages.count;
        _cleanup_error_ struct error error = {0};
        struct json_split *split = json_split_new(take_service, gathering);
        _cleanup_request_ struct engine_request request = {
                .path = "/services", .sink = engine_list_sink, .userdata = split};

        engine_perform(engine, &request, 1);
        if (engine_list_end(&request, &error) < 0)
                note(gathering->plan, "labels of services could not be read, nor their pages: %s",
                     error.sentence);
        json_split_free(split);
        qsort(gathering->plan->pages.items + first, gathering->plan->pages.count - first,
              sizeof(struct plan_page), compare_pages);
}

/* The machine whose engine was asked; only there are its addresses this machine's. */
static bool engine_is_here(const struct engine *engine, const struct swarm *swarm)
{
        _cleanup_free_ char *host = host_name();

        return text_starts_with(engine->description, "unix://") && text_equal(host, swarm->local_node_name);
}

static bool has_edge(const struct plan *plan)
{
        for_each_planned (planned, plan)
                if (planned->edge)
                        return true;
        return false;
}

void pages_gather(struct engine *engine, const struct swarm *swarm, const struct settings *settings,
                  struct plan *plan)
{
        struct gathering gathering = {.swarm = swarm, .plan = plan};
        bool here = engine_is_here(engine, swarm);

        if (settings)
                add_checks(&gathering, settings);
        if (here)
                edge_ports_find(swarm, plan, &gathering.ports);
        else if (has_edge(plan))
                note(plan, "this is not the engine's own host: the pages behind the edge are not looked at "
                           "but for those of `checks`");
        add_ports(&gathering);
        if (plan->pages.count)
                add_hosts(&gathering, engine);
        if (gathering.left_out)
                note(plan, "%zu more pages are not looked at: %d are", gathering.left_out, PLAN_PAGES_MAX);
        edge_ports_done(&gathering.ports);
}
