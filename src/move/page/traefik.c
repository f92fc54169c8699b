#include "move/page/traefik.h"

#include "move/page/traefik_rule.h"

#include <strings.h>

#define PREFIX        "traefik."
#define ROUTER_PREFIX "traefik.http.routers."

void traefik_labels_done(struct traefik_labels *labels)
{
        for (size_t i = 0; i < labels->items.count; i++) {
                free(labels->items.items[i].key);
                free(labels->items.items[i].value);
        }
        free(labels->items.items);
        *labels = (struct traefik_labels){0};
}

void traefik_sites_done(struct traefik_sites *sites)
{
        for (size_t i = 0; i < sites->items.count; i++) {
                free(sites->items.items[i].host);
                free(sites->items.items[i].path);
        }
        free(sites->items.items);
        *sites = (struct traefik_sites){0};
}

static bool begins_with(const char *key, const char *prefix)
{
        return strncasecmp(key, prefix, strlen(prefix)) == 0;
}

bool traefik_is_label(const char *key)
{
        return begins_with(key, PREFIX);
}

/* The value of the label whose key is these pieces; NULL when there is none. */
static const char *value_of(const struct traefik_labels *labels, const char *base, size_t base_length,
                            const char *rest)
{
        for (size_t i = 0; i < labels->items.count; i++) {
                const struct traefik_label *label = &labels->items.items[i];
                if (strncasecmp(label->key, base, base_length) == 0 && strlen(label->key) >= base_length &&
                    strcasecmp(label->key + base_length, rest) == 0)
                        return label->value;
        }
        return NULL;
}

static bool has_below(const struct traefik_labels *labels, const char *base, size_t base_length,
                      const char *rest)
{
        for (size_t i = 0; i < labels->items.count; i++) {
                const char *key = labels->items.items[i].key;
                if (strncasecmp(key, base, base_length) == 0 && strlen(key) >= base_length &&
                    begins_with(key + base_length, rest))
                        return true;
        }
        return false;
}

/* By the names that Traefik's documentation gives entry points; others say nothing. */
static enum traefik_entry entry_of_names(const char *names)
{
        enum traefik_entry entry = TRAEFIK_ENTRY_ANY;

        for (const char *at = names; at && *at; at += strcspn(at, ","), at += *at == ',') {
                at += strspn(at, " ");
                size_t length = strcspn(at, ", ");
                if ((length == 9 && strncasecmp(at, "websecure", length) == 0) ||
                    (length == 10 && strncasecmp(at, "web-secure", length) == 0) ||
                    (length == 5 && strncasecmp(at, "https", length) == 0))
                        return TRAEFIK_ENTRY_TLS;
                if ((length == 3 && strncasecmp(at, "web", length) == 0) ||
                    (length == 4 && strncasecmp(at, "http", length) == 0))
                        entry = TRAEFIK_ENTRY_PLAIN;
        }
        return entry;
}

static enum traefik_entry entry_of_router(const struct traefik_labels *labels, const char *base,
                                          size_t base_length)
{
        const char *tls = value_of(labels, base, base_length, ".tls");

        if ((tls && strcasecmp(tls, "false") != 0) || has_below(labels, base, base_length, ".tls."))
                return TRAEFIK_ENTRY_TLS;
        return entry_of_names(value_of(labels, base, base_length, ".entrypoints"));
}

static void add_sites(struct traefik_sites *sites, const struct rule_ways *ways, enum traefik_entry entry)
{
        bool any = false;

        for (size_t i = 0; i < ways->items.count; i++) {
                const struct rule_way *way = &ways->items.items[i];
                if (!way->host || way->obscure)
                        continue;
                struct traefik_site *site = list_add(&sites->items);
                site->host = text_copy(way->host);
                site->path = text_copy(way->path ? way->path : "/");
                site->entry = entry;
                any = true;
        }
        sites->obscure = sites->obscure || !any;
}

/* How long the part before the suffix is, when the key ends with it; else 0. */
static size_t length_before(const char *key, const char *suffix)
{
        size_t length = strlen(key);
        size_t suffix_length = strlen(suffix);

        return length > suffix_length && strcasecmp(key + length - suffix_length, suffix) == 0
                       ? length - suffix_length
                       : 0;
}

static void read_label(const struct traefik_labels *labels, const struct traefik_label *label,
                       struct traefik_sites *sites)
{
        _cleanup_rule_ways_ struct rule_ways ways = {0};
        size_t router = begins_with(label->key, ROUTER_PREFIX) ? length_before(label->key, ".rule") : 0;
        bool newer = begins_with(label->key, "traefik.http.") || begins_with(label->key, "traefik.tcp.");
        size_t frontend =
                !newer && traefik_is_label(label->key) ? length_before(label->key, ".frontend.rule") : 0;

        if (router > strlen(ROUTER_PREFIX)) {
                if (rule_parse(label->value, &ways))
                        add_sites(sites, &ways, entry_of_router(labels, label->key, router));
                else
                        sites->obscure = true;
        } else if (frontend) {
                const char *names = value_of(labels, label->key, frontend, ".frontend.entrypoints");
                if (rule_parse_v1(label->value, &ways))
                        add_sites(sites, &ways, entry_of_names(names));
                else
                        sites->obscure = true;
        }
}

void traefik_sites_of(const struct traefik_labels *labels, struct traefik_sites *ret_sites)
{
        struct traefik_sites sites = {0};
        const char *enabled = value_of(labels, PREFIX, strlen(PREFIX), "enable");

        for (size_t i = 0; i < labels->items.count && !(enabled && strcasecmp(enabled, "false") == 0); i++)
                read_label(labels, &labels->items.items[i], &sites);
        *ret_sites = sites;
}
