#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "move/plan_host.h"
#include "move/plan_service.h"
#include "json/json.h"
#include "json/write.h"

#include <stdio.h>

void plan_service_done(struct plan_service *service)
{
        free(service->id);
        free(service->name);
        free(service->why);
        spec_edits_done(&service->edits);
        spec_parts_done(&service->parts);
}

static void texts_done(char **items, size_t count)
{
        for (size_t i = 0; i < count; i++)
                free(items[i]);
        free(items);
}

static void container_done(struct plan_container *container)
{
        free(container->id);
        free(container->name);
        free(container->static_address);
        free(container->settings);
        texts_done(container->aliases.items, container->aliases.count);
}

void plan_done(struct plan *plan)
{
        char *const texts[] = {plan->cluster_id, plan->engine,      plan->author,      plan->network,
                               plan->network_id, plan->old_subnet,  plan->new_subnet,  plan->hop,
                               plan->hop_subnet, plan->old_request, plan->new_request, plan->hop_request,
                               plan->reason};

        for (size_t i = 0; i < ELEMENTS(texts); i++)
                free(texts[i]);
        for (size_t i = 0; i < plan->rejected.count; i++)
                free(plan->rejected.items[i].reason);
        free(plan->rejected.items);
        for_each_planned (service, plan)
                plan_service_done(service);
        free(plan->services.items);
        for_each_planned_container (container, plan)
                container_done(container);
        free(plan->containers.items);
        texts_done(plan->bystanders.items, plan->bystanders.count);
        texts_done(plan->notes.items, plan->notes.count);
        plan_host_done(plan);
        *plan = (struct plan){0};
}

typedef struct json_writer *writer_t;

static void write_texts(writer_t w, const char *key, char *const *items, size_t count)
{
        json_write_key(w, key);
        json_write_array(w);
        for (size_t i = 0; i < count; i++)
                json_write_text(w, items[i]);
        json_write_array_end(w);
}

static void write_edits(writer_t w, const struct spec_edits *edits)
{
        json_write_key(w, "edits");
        json_write_array(w);
        for (size_t i = 0; i < edits->items.count; i++) {
                const struct spec_edit *edit = &edits->items.items[i];
                json_write_object(w);
                json_write_member_text(w, "path", edit->path);
                json_write_member_text(w, "original", edit->original);
                json_write_member_text(w, "edited", edit->edited);
                json_write_member_text(w, "until", edit->until == EDIT_UNTIL_BACK ? "back" : "end");
                json_write_object_end(w);
        }
        json_write_array_end(w);
}

static void write_parts(writer_t w, const struct spec_parts *parts)
{
        json_write_key(w, "spec");
        json_write_object(w);
        for (size_t i = 0; i < parts->items.count; i++)
                json_write_member_text(w, parts->items.items[i].path, parts->items.items[i].digest);
        json_write_object_end(w);
}

static void write_service(writer_t w, const struct plan_service *service)
{
        json_write_object(w);
        json_write_member_text(w, "id", service->id);
        json_write_member_text(w, "name", service->name);
        json_write_member_u64(w, "version", service->version);
        json_write_member_text(w, "way", service->way == WAY_START_FIRST ? "start-first" : "stop-first");
        json_write_member_text(w, "why", service->why);
        json_write_member_bool(w, "edge", service->edge);
        json_write_member_bool(w, "stuck", service->stuck);
        json_write_member_bool(w, "complete", service->complete);
        json_write_member_u64(w, "ready_ms", (uint64_t)service->ready_ms);
        json_write_member_u64(w, "gap_expected_ms", (uint64_t)service->gap_expected_ms);
        json_write_member_u64(w, "gap_bound_ms", (uint64_t)service->gap_bound_ms);
        json_write_member_u64(w, "settle_bound_ms", (uint64_t)service->settle_bound_ms);
        write_edits(w, &service->edits);
        write_parts(w, &service->parts);
        json_write_object_end(w);
}

static void write_container(writer_t w, const struct plan_container *container)
{
        json_write_object(w);
        json_write_member_text(w, "id", container->id);
        json_write_member_text(w, "name", container->name);
        json_write_member_text(w, "static_address", container->static_address);
        write_texts(w, "aliases", container->aliases.items, container->aliases.count);
        if (container->settings) {
                json_write_key(w, "settings");
                json_write_raw(w, container->settings, strlen(container->settings));
        }
        json_write_object_end(w);
}

static void write_rejected(writer_t w, const struct plan *plan)
{
        json_write_key(w, "rejected");
        json_write_array(w);
        for (size_t i = 0; i < plan->rejected.count; i++) {
                char text[PREFIX_TEXT_SIZE];
                prefix_format(plan->rejected.items[i].prefix, text);
                json_write_object(w);
                json_write_member_text(w, "subnet", text);
                json_write_member_text(w, "reason", plan->rejected.items[i].reason);
                json_write_object_end(w);
        }
        json_write_array_end(w);
}

/* The members that are one text: one table for writing and reading. */
static const struct text_member {
        const char *key;
        size_t offset;
        bool optional;
} text_members[] = {
        {"cluster", offsetof(struct plan, cluster_id), false},
        {"engine", offsetof(struct plan, engine), true},
        {"author", offsetof(struct plan, author), true},
        {"network", offsetof(struct plan, network), false},
        {"network_id", offsetof(struct plan, network_id), false},
        {"old_subnet", offsetof(struct plan, old_subnet), false},
        {"new_subnet", offsetof(struct plan, new_subnet), false},
        {"hop", offsetof(struct plan, hop), false},
        {"hop_subnet", offsetof(struct plan, hop_subnet), false},
        {"old_request", offsetof(struct plan, old_request), false},
        {"new_request", offsetof(struct plan, new_request), false},
        {"hop_request", offsetof(struct plan, hop_request), false},
        {"reason", offsetof(struct plan, reason), true},
};

static char **text_field(const struct plan *plan, const struct text_member *member)
{
        return (char **)((char *)plan + member->offset);
}

void plan_format(const struct plan *plan, bool indented, struct buffer *ret_json)
{
        struct json_writer writer = {.out = ret_json, .indented = indented};
        writer_t w = &writer;
        _cleanup_free_ char *created = clock_format(plan->created_ms);

        json_write_object(w);
        json_write_member_u64(w, "format", PLAN_FORMAT);
        json_write_member_text(w, "id", plan->id);
        json_write_member_text(w, "created", created);
        for (size_t i = 0; i < ELEMENTS(text_members); i++)
                json_write_member_text(w, text_members[i].key, *text_field(plan, &text_members[i]));
        json_write_member_bool(w, "live_connect", plan->live_connect);
        json_write_member_bool(w, "refusing", plan->refusing);
        write_rejected(w, plan);
        json_write_key(w, "services");
        json_write_array(w);
        for_each_planned (service, plan)
                write_service(w, service);
        json_write_array_end(w);
        json_write_key(w, "containers");
        json_write_array(w);
        for_each_planned_container (container, plan)
                write_container(w, container);
        json_write_array_end(w);
        write_texts(w, "bystanders", plan->bystanders.items, plan->bystanders.count);
        write_texts(w, "notes", plan->notes.items, plan->notes.count);
        plan_host_write(w, plan);
        json_write_object_end(w);
}

typedef const struct json_document *document_t;

static int64_t read_ms(document_t d, json_node object, const char *key)
{
        int64_t value = 0;

        json_i64(d, json_get(d, object, key), &value);
        return value;
}

static void read_edits(document_t d, json_node array, struct spec_edits *edits)
{
        json_for_each (entry, d, array) {
                struct spec_edit *edit = list_add(&edits->items);
                edit->path = json_text(d, json_get(d, entry, "path"));
                edit->original = json_text(d, json_get(d, entry, "original"));
                edit->edited = json_text(d, json_get(d, entry, "edited"));
                edit->until = json_text_is(d, json_get(d, entry, "until"), "back") ? EDIT_UNTIL_BACK
                                                                                   : EDIT_UNTIL_END;
        }
}

static void read_parts(document_t d, json_node object, struct spec_parts *parts)
{
        json_for_each (member, d, object) {
                _cleanup_free_ char *digest = json_text(d, member);
                struct spec_part *part = list_add(&parts->items);
                part->path = json_key(d, member);
                snprintf(part->digest, sizeof(part->digest), "%s", digest ? digest : "");
        }
}

static void read_service(document_t d, json_node object, struct plan_service *service)
{
        service->id = json_text(d, json_get(d, object, "id"));
        service->name = json_text(d, json_get(d, object, "name"));
        json_u64(d, json_get(d, object, "version"), &service->version);
        service->way =
                json_text_is(d, json_get(d, object, "way"), "start-first") ? WAY_START_FIRST : WAY_STOP_FIRST;
        service->why = json_text(d, json_get(d, object, "why"));
        service->edge = json_bool(d, json_get(d, object, "edge"));
        service->stuck = json_bool(d, json_get(d, object, "stuck"));
        service->complete = json_bool(d, json_get(d, object, "complete"));
        service->ready_ms = read_ms(d, object, "ready_ms");
        service->gap_expected_ms = read_ms(d, object, "gap_expected_ms");
        service->gap_bound_ms = read_ms(d, object, "gap_bound_ms");
        service->settle_bound_ms = read_ms(d, object, "settle_bound_ms");
        read_edits(d, json_get(d, object, "edits"), &service->edits);
        read_parts(d, json_get(d, object, "spec"), &service->parts);
}

static void read_container(document_t d, json_node object, struct plan_container *container)
{
        container->id = json_text(d, json_get(d, object, "id"));
        container->name = json_text(d, json_get(d, object, "name"));
        container->static_address = json_text(d, json_get(d, object, "static_address"));
        json_for_each (alias, d, json_get(d, object, "aliases"))
                *list_add(&container->aliases) = json_text(d, alias);
        json_node settings = json_get(d, object, "settings");
        if (json_type(d, settings) == JSON_OBJECT)
                container->settings = text_copy_n(json_bytes(d, settings), json_length(d, settings));
}

static void read_lists(document_t d, json_node root, struct plan *plan)
{
        json_for_each (entry, d, json_get(d, root, "rejected")) {
                _cleanup_free_ char *subnet = json_text(d, json_get(d, entry, "subnet"));
                struct choice_rejected *rejected = list_add(&plan->rejected);
                prefix_parse(subnet, &rejected->prefix);
                rejected->reason = json_text(d, json_get(d, entry, "reason"));
        }
        json_for_each (entry, d, json_get(d, root, "services"))
                read_service(d, entry, list_add(&plan->services));
        json_for_each (entry, d, json_get(d, root, "containers"))
                read_container(d, entry, list_add(&plan->containers));
        json_for_each (entry, d, json_get(d, root, "bystanders"))
                *list_add(&plan->bystanders) = json_text(d, entry);
        json_for_each (entry, d, json_get(d, root, "notes"))
                *list_add(&plan->notes) = json_text(d, entry);
        plan_host_read(d, root, plan);
}

static bool has_fields(const struct plan *plan)
{
        for (size_t i = 0; i < ELEMENTS(text_members); i++)
                if (!text_members[i].optional && text_empty(*text_field(plan, &text_members[i])))
                        return false;
        /* The lock's labels go there. */
        return strstr(plan->hop_request, "\"Labels\":{}") != NULL;
}

static bool is_service_complete(const struct plan_service *service)
{
        for (size_t i = 0; i < service->edits.items.count; i++)
                if (text_empty(service->edits.items.items[i].path) ||
                    text_empty(service->edits.items.items[i].edited))
                        return false;
        return !text_empty(service->id) && !text_empty(service->name);
}

static bool is_container_complete(const struct plan_container *container)
{
        for (size_t i = 0; i < container->aliases.count; i++)
                if (text_empty(container->aliases.items[i]))
                        return false;
        return !text_empty(container->id) && !text_empty(container->name);
}

/* A plan may also come from a label that anybody wrote: what a run relies on is looked at here. */
static bool is_complete(const struct plan *plan)
{
        if (!has_fields(plan) || text_equal(plan->old_subnet, plan->new_subnet))
                return false;
        for (size_t i = 0; i < plan->services.count; i++)
                if (!is_service_complete(&plan->services.items[i]))
                        return false;
        for (size_t i = 0; i < plan->containers.count; i++)
                if (!is_container_complete(&plan->containers.items[i]))
                        return false;
        return plan_host_is_complete(plan);
}

/* It names a folder. */
static bool is_plan_id(const char *id)
{
        return id && strlen(id) == PLAN_ID_LENGTH && strspn(id, "0123456789abcdef") == PLAN_ID_LENGTH;
}

static int read_plan(document_t d, json_node root, const char *origin, struct plan *ret_plan,
                     struct error *error)
{
        _cleanup_plan_ struct plan plan = {0};
        uint64_t format = 0;
        _cleanup_free_ char *id = json_text(d, json_get(d, root, "id"));
        _cleanup_free_ char *created = json_text(d, json_get(d, root, "created"));

        if (!json_u64(d, json_get(d, root, "format"), &format) || format != PLAN_FORMAT)
                return error_set(error, ERROR_REFUSED,
                                 "%s is not a plan this headroom can read (format %llu, not %d)", origin,
                                 (unsigned long long)format, PLAN_FORMAT);
        snprintf(plan.id, sizeof(plan.id), "%s", id ? id : "");
        plan.created_ms = created ? clock_parse(created) : 0;
        for (size_t i = 0; i < ELEMENTS(text_members); i++)
                *text_field(&plan, &text_members[i]) = json_text(d, json_get(d, root, text_members[i].key));
        plan.live_connect = json_bool(d, json_get(d, root, "live_connect"));
        plan.refusing = json_bool(d, json_get(d, root, "refusing"));
        read_lists(d, root, &plan);
        if (!is_plan_id(id) || !is_complete(&plan))
                return error_set(error, ERROR_REFUSED, "%s is not a whole plan", origin);
        *ret_plan = plan;
        plan = (struct plan){0};
        return 0;
}

int plan_parse(const char *json, size_t length, const char *origin, struct plan *ret_plan,
               struct error *error)
{
        _cleanup_json_ struct json_document *d = NULL;
        _cleanup_error_ struct error unreadable = {0};

        if (json_parse(json, length, &d, &unreadable) < 0)
                return error_set(error, ERROR_REFUSED, "%s is not a plan: %s", origin, unreadable.sentence);
        return read_plan(d, json_root(d), origin, ret_plan, error);
}

int plan_write(const struct plan *plan, const char *path, struct error *error)
{
        _cleanup_buffer_ struct buffer body = {0};
        _cleanup_buffer_ struct buffer file = {0};
        char digest[DIGEST_TEXT_LENGTH + 1];

        plan_format(plan, true, &body);
        digest_of(body.bytes, body.length, digest);
        buffer_add_text(&file, "{\"headroom_plan\": ");
        buffer_add(&file, body.bytes, body.length);
        buffer_format(&file, ",\n\"sha256\": \"%s\"}\n", digest);
        return file_write(path, file.bytes, file.length, 0600, error);
}

int plan_read(const char *path, struct plan *ret_plan, struct error *error)
{
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_json_ struct json_document *d = NULL;
        _cleanup_error_ struct error unreadable = {0};
        char digest[DIGEST_TEXT_LENGTH + 1];

        if (file_read(path, PLAN_BYTES_MAX, &bytes, error) < 0)
                return -1;
        if (json_parse(buffer_text(&bytes), bytes.length, &d, &unreadable) < 0)
                return error_set(error, ERROR_REFUSED, "%s is no plan, or a truncated one: %s", path,
                                 unreadable.sentence);
        json_node body = json_get(d, json_root(d), "headroom_plan");
        if (body == JSON_NONE)
                return error_set(error, ERROR_REFUSED, "%s is no plan of `headroom plan`", path);
        digest_of(json_bytes(d, body), json_length(d, body), digest);
        if (!json_text_is(d, json_get(d, json_root(d), "sha256"), digest))
                return error_set(error, ERROR_REFUSED,
                                 "%s was changed after it was written; make a new plan with `headroom plan`",
                                 path);
        return read_plan(d, body, path, ret_plan, error);
}
