#include "move/spec.h"

#include "base/digest.h"
#include "json/edit.h"
#include "json/json.h"

#define EDITS_MAX      64
#define PART_DEPTH_MAX 3

void spec_edits_done(struct spec_edits *edits)
{
        for (size_t i = 0; i < edits->items.count; i++) {
                free(edits->items.items[i].path);
                free(edits->items.items[i].original);
                free(edits->items.items[i].edited);
        }
        free(edits->items.items);
        *edits = (struct spec_edits){0};
}

void spec_parts_done(struct spec_parts *parts)
{
        for (size_t i = 0; i < parts->items.count; i++)
                free(parts->items.items[i].path);
        free(parts->items.items);
        *parts = (struct spec_parts){0};
}

typedef const struct json_document *document_t;

/* One edit list under construction, and the texts it borrows. */
struct edit_list {
        struct json_edit edits[EDITS_MAX];
        size_t count;
        LIST(char *) texts;
};

static void edit_list_done(struct edit_list *list)
{
        for (size_t i = 0; i < list->texts.count; i++)
                free(list->texts.items[i]);
        free(list->texts.items);
}

/* Takes `text` over. */
static int add_edit(struct edit_list *list, size_t offset, size_t removed, char *text, struct error *error)
{
        *list_add(&list->texts) = text;
        if (list->count == EDITS_MAX)
                return error_set(error, ERROR_REFUSED, "the spec names the network more than %d times",
                                 EDITS_MAX);
        list->edits[list->count++] = (struct json_edit){offset, removed, text};
        return 0;
}

static int retarget(document_t d, json_node networks, const char *from, const char *to,
                    struct edit_list *list, struct error *error)
{
        json_for_each (entry, d, networks) {
                json_node target = json_get(d, entry, "Target");
                if (json_text_is(d, target, from) &&
                    add_edit(list, json_offset(d, target), json_length(d, target), text_format("\"%s\"", to),
                             error) < 0)
                        return -1;
        }
        return 0;
}

static json_node walk(document_t d, json_node node, const char *path)
{
        while (node != JSON_NONE && *path) {
                size_t length = strcspn(path, "/");
                _cleanup_free_ char *key = text_copy_n(path, length);
                node = json_get(d, node, key);
                path += length + (path[length] == '/');
        }
        return node;
}

static bool raw_equals(document_t d, json_node node, const char *raw)
{
        if (node == JSON_NONE || !raw)
                return node == JSON_NONE && !raw;
        return json_length(d, node) == strlen(raw) &&
               memcmp(json_bytes(d, node), raw, json_length(d, node)) == 0;
}

/* Adds or takes away a member of an object that is the spec itself: only top-level members are ever absent.
 */
static int insert_member(document_t d, json_node spec, const char *key, const char *raw,
                         struct edit_list *list, struct error *error)
{
        const char *comma = json_first(d, spec) == JSON_NONE ? "" : ",";

        return add_edit(list, json_offset(d, spec) + 1, 0, text_format("\"%s\":%s%s", key, raw, comma),
                        error);
}

/*
 * Takes a member out as insert_member put it in: from its key to the comma behind it. The engine writes
 * members in its own order, so the comma may also stand before it.
 */
static int remove_member(document_t d, json_node member, const char *key, struct edit_list *list,
                         struct error *error)
{
        const char *bytes = json_bytes(d, member) - json_offset(d, member);
        size_t end = json_offset(d, member) + json_length(d, member);
        size_t start = json_offset(d, member) - strlen(key) -
                       3; /* quotes and colon, without blanks as Go writes it */

        if (bytes[start] != '"' || strncmp(bytes + start + 1, key, strlen(key)) != 0)
                return error_set(error, ERROR_PROTOCOL,
                                 "the spec's member %s is not written as the engine writes it", key);
        if (bytes[end] == ',')
                end++;
        else if (bytes[start - 1] == ',')
                start--;
        return add_edit(list, start, end - start, text_copy(""), error);
}

/*
 * Whether the member stands as the edit leaves it. One that headroom added comes back from the engine with
 * the defaults of its other fields filled in, so it is known by its Order alone.
 */
static bool is_edited(document_t d, json_node now, const struct spec_edit *edit)
{
        _cleanup_json_ struct json_document *added = NULL;

        if (edit->original || now == JSON_NONE)
                return raw_equals(d, now, edit->edited);
        if (json_parse(edit->edited, strlen(edit->edited), &added, NULL) < 0)
                return false;
        _cleanup_free_ char *order = json_text(added, json_get(added, json_root(added), "Order"));
        return order && json_text_is(d, json_get(d, now, "Order"), order);
}

static int set_member(document_t d, json_node spec, const struct spec_edit *edit, bool in,
                      struct edit_list *list, struct error *error)
{
        json_node now = walk(d, spec, edit->path);
        const char *wanted = in ? edit->edited : edit->original;
        bool edited = is_edited(d, now, edit);

        if (in ? edited : raw_equals(d, now, edit->original))
                return 0;
        if (!edited && !raw_equals(d, now, edit->original))
                return error_set(error, ERROR_CONFLICT, "somebody else changed %s", edit->path);
        if (now == JSON_NONE)
                return insert_member(d, spec, edit->path, wanted, list, error);
        if (!wanted)
                return remove_member(d, now, edit->path, list, error);
        return add_edit(list, json_offset(d, now), json_length(d, now), text_copy(wanted), error);
}

static int set_members(document_t d, json_node spec, const struct spec_edits *edits, enum edits_wanted wanted,
                       struct edit_list *list, struct error *error)
{
        for (size_t i = 0; edits && i < edits->items.count; i++) {
                const struct spec_edit *edit = &edits->items.items[i];
                bool in = wanted == EDITS_AWAY || (wanted == EDITS_BACK && edit->until == EDIT_UNTIL_END);
                if (set_member(d, spec, edit, in, list, error) < 0)
                        return -1;
        }
        return 0;
}

/* What users name freely: keys there may differ in case alone (API: map[string]string). */
static const char *const spec_maps[] = {"Labels", "DriverOpts", "Options", "Sysctls", NULL};

static int open_service(const struct buffer *body, struct json_document **ret_d, json_node *ret_spec,
                        struct error *error)
{
        _cleanup_json_ struct json_document *d = NULL;

        if (json_parse(buffer_text(body), body->length, &d, error) < 0)
                return error_while(error, "reading a service");
        json_node spec = json_get(d, json_root(d), "Spec");
        if (spec == JSON_NONE || json_type(d, spec) != JSON_OBJECT)
                return error_set(error, ERROR_PROTOCOL, "the engine sent a service without a spec");
        if (json_require_plain_keys(d, spec, spec_maps, error) < 0)
                return -1;
        *ret_d = steal_pointer(d);
        *ret_spec = spec;
        return 0;
}

int spec_build(const struct buffer *service_body, const char *from, const char *to,
               const struct spec_edits *edits, enum edits_wanted wanted, struct buffer *ret_spec,
               struct error *error)
{
        _cleanup_json_ struct json_document *d = NULL;
        _cleanup_(edit_list_done) struct edit_list list = {0};
        json_node spec = JSON_NONE;

        if (open_service(service_body, &d, &spec, error) < 0)
                return -1;
        if (to &&
            (retarget(d, json_path(d, spec, "TaskTemplate", "Networks", NULL), from, to, &list, error) < 0 ||
             retarget(d, json_get(d, spec, "Networks"), from, to, &list, error) < 0))
                return -1;
        if (set_members(d, spec, edits, wanted, &list, error) < 0)
                return -1;
        for (size_t i = 0; i < list.count; i++)
                list.edits[i].offset -= json_offset(d, spec);
        return json_edit_apply(json_bytes(d, spec), json_length(d, spec), list.edits, list.count, ret_spec,
                               error);
}

int spec_member(const struct buffer *service_body, const char *path, char **ret_raw, struct error *error)
{
        _cleanup_json_ struct json_document *d = NULL;
        json_node spec = JSON_NONE;

        if (open_service(service_body, &d, &spec, error) < 0)
                return -1;
        json_node node = walk(d, spec, path);
        *ret_raw = node == JSON_NONE ? NULL : text_copy_n(json_bytes(d, node), json_length(d, node));
        return 0;
}

/* The length of the one of the ids that begins here, 0 when none does. */
static size_t id_length(const char *bytes, size_t length, const char *const *ids)
{
        for (; *ids; ids++) {
                size_t whole = strlen(*ids);
                if (whole && whole <= length && memcmp(bytes, *ids, whole) == 0)
                        return whole;
        }
        return 0;
}

/* The value's bytes with each of the ids replaced by one sign. */
static void add_masked(struct digest *digest, const char *bytes, size_t length, const char *const *ids)
{
        size_t added = 0;

        for (size_t i = 0; *ids && i < length;) {
                size_t skip = id_length(bytes + i, length - i, ids);
                if (skip) {
                        digest_add(digest, bytes + added, i - added);
                        digest_add(digest, "@", 1);
                        added = i + skip;
                }
                i += skip ? skip : 1;
        }
        digest_add(digest, bytes + added, length - added);
}

struct digesting {
        document_t d;
        const char *salt;
        const char *const *ids;
        struct spec_parts *parts;
};

static void digest_part(const struct digesting *with, json_node node, const char *path)
{
        static const char *const no_ids[] = {NULL};
        bool names_networks = text_equal(path, "Networks") || text_equal(path, "TaskTemplate.Networks");
        struct spec_part *part = list_add(&with->parts->items);
        struct digest *digest = digest_new();
        char text[DIGEST_TEXT_LENGTH + 1];

        digest_add(digest, with->salt, strlen(with->salt));
        add_masked(digest, json_bytes(with->d, node), json_length(with->d, node),
                   names_networks ? with->ids : no_ids);
        digest_end(digest, text);
        part->path = text_copy(path);
        memcpy(part->digest, text, PART_DIGEST_LENGTH);
}

/* Bounded by PART_DEPTH_MAX. */
static void digest_members(const struct digesting *with, json_node object, const char *path,
                           int depth) // NOLINT(misc-no-recursion)
{
        json_for_each (member, with->d, object) {
                _cleanup_free_ char *key = json_key(with->d, member);
                _cleanup_buffer_ struct buffer below = {0};
                buffer_add_texts(&below, path, *path ? "." : "", key ? key : "?");
                bool opens = depth < PART_DEPTH_MAX && json_type(with->d, member) == JSON_OBJECT &&
                             (text_equal(below.bytes, "TaskTemplate") ||
                              text_equal(below.bytes, "TaskTemplate.ContainerSpec"));
                if (opens)
                        digest_members(with, member, below.bytes, depth + 1);
                else
                        digest_part(with, member, below.bytes);
        }
}

int spec_digest(const char *spec, size_t length, const char *salt, const char *const *ids,
                struct spec_parts *ret_parts, struct error *error)
{
        _cleanup_json_ struct json_document *d = NULL;

        if (json_parse(spec, length, &d, error) < 0)
                return -1;
        struct digesting with = {d, salt, ids, ret_parts};
        digest_members(&with, json_root(d), "", 1);
        return 0;
}

static const struct spec_part *part_at(const struct spec_parts *parts, const char *path)
{
        for (size_t i = 0; i < parts->items.count; i++)
                if (text_equal(parts->items.items[i].path, path))
                        return &parts->items.items[i];
        return NULL;
}

/* Adds the paths of `a` that `b` lacks, or has otherwise unless `missing_only`. */
static void add_differences(struct buffer *out, const struct spec_parts *a, const struct spec_parts *b,
                            bool missing_only)
{
        for (size_t i = 0; i < a->items.count; i++) {
                const struct spec_part *other = part_at(b, a->items.items[i].path);
                if (other && (missing_only || text_equal(other->digest, a->items.items[i].digest)))
                        continue;
                buffer_format(out, "%s%s", out->length ? ", " : "", a->items.items[i].path);
        }
}

char *spec_difference(const struct spec_parts *a, const struct spec_parts *b)
{
        struct buffer out = {0};

        add_differences(&out, a, b, false);
        add_differences(&out, b, a, true);
        if (!out.length) {
                buffer_done(&out);
                return NULL;
        }
        return buffer_steal(&out);
}
