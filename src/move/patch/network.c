/*
 * The edits of a Compose file: the one entry of `networks:` that is NET gets
 *
 *     ipam:
 *       config:
 *         - subnet: CIDR
 *
 * or as much of it as is not there yet, in brackets where the file has brackets.
 */

#include "move/patch/yaml.h"

#include "settings/yaml.h"

#include <assert.h>

#define STEP_DEFAULT 2
#define STEP_MAX     8

struct placing {
        const struct patch_job *job;
        const struct spot *root;
        const struct spot *networks;
        const struct spot *entry;
        size_t line;    /* a byte of the line that a comment may stand before */
        bool bracketed; /* inside of brackets: the line stays where it is */
        bool json;
        size_t step; /* of indentation */
        struct buffer gone;
};

/* Which entry */

/* Somebody else creates it: external: true, or the older external: {name: NET}. */
static bool is_external(const struct spot *entry)
{
        const struct spot *external = spot_get(entry, "external");

        return external && (external->type == SPOT_MAP || text_equal(external->text, "true"));
}

static const char *name_of(const struct spot *entry)
{
        const struct spot *name = spot_get(entry, "name");

        if (!name)
                name = spot_get(spot_get(entry, "external"), "name");
        return name && name->type == SPOT_SCALAR ? name->text : entry->key;
}

/* The names declared and the lines of those that are NET. */
static int refuse_count(const struct patch_job *job, const struct spot *networks, size_t count,
                        struct error *error)
{
        _cleanup_buffer_ struct buffer names = {0};
        _cleanup_buffer_ struct buffer lines = {0};

        for (size_t i = 0; networks && i < networks->children.count && i < 10; i++) {
                const struct spot *entry = &networks->children.items[i];
                buffer_format(&names, "%s%s", i ? ", " : "", name_of(entry));
                if (text_equal(name_of(entry), job->wish->network))
                        buffer_format(&lines, "%s%zu", lines.length ? ", " : "",
                                      patch_line(job, entry->key_begin));
        }
        if (count)
                return error_set(error, ERROR_REFUSED, "%s declares the network %s %zu times, in lines %s",
                                 job->path, job->wish->network, count, buffer_text(&lines));
        if (!names.length)
                return error_set(error, ERROR_REFUSED,
                                 "%s declares no network %s: it has no section networks with entries",
                                 job->path, job->wish->network);
        return error_set(error, ERROR_REFUSED, "%s declares no network %s, only %s", job->path,
                         job->wish->network, names.bytes);
}

static int find_entry(struct placing *placing, struct error *error)
{
        size_t count = 0;

        placing->networks = spot_get(placing->root, "networks");
        if (placing->networks && placing->networks->type != SPOT_MAP)
                placing->networks = NULL;
        for (size_t i = 0; placing->networks && i < placing->networks->children.count; i++) {
                const struct spot *entry = &placing->networks->children.items[i];
                if (!text_equal(name_of(entry), placing->job->wish->network))
                        continue;
                placing->entry = entry;
                count++;
        }
        if (count != 1)
                return refuse_count(placing->job, placing->networks, count, error);
        if (is_external(placing->entry))
                return patch_refuse(placing->job, placing->entry->key_begin, error,
                                    "%s is external here: it is declared elsewhere",
                                    placing->job->wish->network);
        return 0;
}

/* Putting in */

static size_t column(const struct patch_job *job, size_t offset)
{
        return offset - patch_line_start(job, offset);
}

static bool begins_line(const struct patch_job *job, size_t offset)
{
        for (size_t i = patch_line_start(job, offset); i < offset; i++)
                if (job->bytes[i] != ' ')
                        return false;
        return true;
}

/* Before the first member of a list or map. */
static void put_before(const struct placing *placing, const struct spot *spot, enum ipam_level level)
{
        const struct patch_job *job = placing->job;
        assert(spot->children.items);
        size_t at = spot->children.items[0].key_begin;
        const char *newline = patch_newline(job, at);
        struct buffer text = {0};

        if (spot->flow) {
                _cleanup_free_ char *rest = ipam_in_brackets(level, job->wish->new_subnet, placing->json);
                buffer_add_text(&text, rest);
                buffer_add_text(&text, begins_line(job, at) ? "," : ", ");
        } else {
                ipam_in_lines(level, job->wish->new_subnet, column(job, at), placing->step, newline, &text);
        }
        if (!spot->flow || begins_line(job, at))
                line_indent(&text, newline, column(job, at));
        patch_add_edit(job, at, at, buffer_steal(&text));
}

/* In the place of nothing. */
static int put_value(const struct placing *placing, const struct spot *spot, enum ipam_level level,
                     struct error *error)
{
        const struct patch_job *job = placing->job;
        _cleanup_free_ char *rest = ipam_in_brackets(level, job->wish->new_subnet, placing->json);
        const char *open = level == LEVEL_CONFIG ? "[" : "{";
        const char *close = level == LEVEL_CONFIG ? "]" : "}";
        size_t columns = column(job, spot->key_begin) + placing->step;
        struct buffer text = {0};

        if (spot->type == SPOT_SCALAR) { /* null, ~ */
                patch_add_edit(job, spot->begin, spot->end, text_format("%s%s%s", open, rest, close));
                return 0;
        }
        if (spot->type != SPOT_NOTHING) { /* {}, [] */
                patch_add_edit(job, spot->begin + 1, spot->begin + 1, steal_pointer(rest));
                return 0;
        }
        if (placing->bracketed)
                return patch_refuse(job, spot->key_begin, error, "%s has no value here; write {} there first",
                                    spot->key);
        size_t at = patch_line_end(job, spot->key_end);
        const char *newline = patch_newline(job, spot->key_end);
        at -= at > 0 && at < job->length && job->bytes[at - 1] == '\r';
        line_indent(&text, newline, columns);
        ipam_in_lines(level, job->wish->new_subnet, columns, placing->step, newline, &text);
        patch_add_edit(job, at, at, buffer_steal(&text));
        return 0;
}

static bool is_null(const struct spot *spot)
{
        return spot->type == SPOT_NOTHING ||
               (spot->type == SPOT_SCALAR && !spot->quoted &&
                (text_equal(spot->text, "null") || text_equal(spot->text, "~")));
}

static int put(struct placing *placing, const struct spot *spot, enum ipam_level level, struct error *error)
{
        if (spot->children.count == 0)
                return put_value(placing, spot, level, error);
        if (!placing->bracketed)
                placing->line = spot->children.items[0].key_begin;
        put_before(placing, spot, level);
        return 0;
}

/* Replacing */

static int replace(struct placing *placing, const struct spot *subnet, struct error *error)
{
        const struct patch_job *job = placing->job;
        size_t length = subnet->end - subnet->begin;

        if (subnet->type == SPOT_SCALAR && text_equal(subnet->text, job->wish->new_subnet))
                return 0;
        if (subnet->type == SPOT_SCALAR && strchr(subnet->text, '$'))
                return patch_refuse(job, subnet->key_begin, error,
                                    "the subnet is a variable here; change it where it is set");
        if (subnet->type != SPOT_SCALAR || length != strlen(subnet->text) || length == 0 ||
            memcmp(job->bytes + subnet->begin, subnet->text, length) != 0)
                return patch_refuse(job, subnet->key_begin, error,
                                    "the subnet stands here in a form that can't be edited safely");
        if (!placing->bracketed)
                placing->line = subnet->key_begin;
        patch_add_edit(job, subnet->begin, subnet->end, text_copy(job->wish->new_subnet));
        return 0;
}

/* Takes a member out of its map: its line, or what stands between it and its neighbour. */
static int take_out(struct placing *placing, const struct spot *map, const struct spot *member,
                    struct error *error)
{
        const struct patch_job *job = placing->job;
        const struct spot *first = map->children.items;
        const struct spot *last = first + map->children.count - 1;
        size_t from = member->key_begin;
        size_t to = member->end + member->quoted;

        if (!map->flow && begins_line(job, from)) {
                from = patch_line_start(job, from);
                to = MIN(patch_line_end(job, to) + 1, job->length);
        } else if (member < last) {
                to = member[1].key_begin;
        } else if (map->flow && member > first) {
                from = member[-1].end + member[-1].quoted;
        } else {
                return patch_refuse(job, from, error, "%s lies outside of %s, and can't be taken out safely",
                                    member->key, job->wish->new_subnet);
        }
        buffer_format(&placing->gone, "%s%s", placing->gone.length ? ", " : "", member->text);
        patch_add_edit(job, from, to, text_copy(""));
        return 0;
}

static int check_member(struct placing *placing, const struct spot *map, const struct spot *member,
                        struct error *error)
{
        bool gateway = text_equal(member->key, "gateway");
        bool range = text_equal(member->key, "ip_range");
        enum patch_fit fit = FIT_UNKNOWN;

        if (text_equal(member->key, "subnet") || is_null(member))
                return 0;
        if ((gateway || range) && member->type == SPOT_SCALAR)
                fit = patch_fits(gateway ? PATCH_GATEWAY : PATCH_RANGE, member->text, placing->job->subnet);
        if (fit == FIT_INSIDE)
                return 0;
        if (fit == FIT_OUTSIDE)
                return take_out(placing, map, member, error);
        return patch_refuse(placing->job, member->key_begin, error,
                            "whether %s lies in %s can't be told; change it by hand", member->key,
                            placing->job->wish->new_subnet);
}

/* auxiliary addresses: those outside are for people to think about. */
static int check_addresses(struct placing *placing, const struct spot *map, struct error *error)
{
        for (size_t i = 0; i < map->children.count; i++) {
                const struct spot *member = &map->children.items[i];
                if (member->type != SPOT_SCALAR ||
                    patch_fits(PATCH_GATEWAY, member->text, placing->job->subnet) != FIT_INSIDE)
                        return patch_refuse(placing->job, member->key_begin, error,
                                            "the address of %s does not lie in %s; change it by hand",
                                            member->key, placing->job->wish->new_subnet);
        }
        return 0;
}

static int edit_pool(struct placing *placing, const struct spot *pool, struct error *error)
{
        const struct spot *subnet = spot_get(pool, "subnet");

        for (size_t i = 0; i < pool->children.count; i++) {
                const struct spot *member = &pool->children.items[i];
                bool addresses = text_equal(member->key, "aux_addresses") && member->type == SPOT_MAP;
                if ((addresses ? check_addresses(placing, member, error)
                               : check_member(placing, pool, member, error)) < 0)
                        return -1;
        }
        return subnet ? replace(placing, subnet, error) : put(placing, pool, LEVEL_POOL, error);
}

/* Down the path */

static int check_spot(const struct placing *placing, const struct spot *spot, enum ipam_level level,
                      struct error *error)
{
        const struct patch_job *job = placing->job;
        size_t at = spot->key ? spot->key_begin : spot->begin;
        enum spot_type wanted = level == LEVEL_CONFIG ? SPOT_LIST : SPOT_MAP;

        if (spot->type == SPOT_ALIAS || spot_get(spot, "<<"))
                return patch_refuse(job, at, error,
                                    "%s is taken from an alias here; headroom follows none, write it out",
                                    job->wish->network);
        if (spot_is_repeated(placing->root, spot))
                return patch_refuse(job, at, error,
                                    "an alias repeats what stands here, for something else, too");
        if (spot->type != wanted && !(is_null(spot) && level != LEVEL_POOL))
                return patch_refuse(job, at, error, "this is not how Compose writes a network's ipam");
        if (spot->type == SPOT_LIST && spot->children.count > 1)
                return patch_refuse(job, at, error, "%s has several subnets here", job->wish->network);
        return 0;
}

static int go_down(struct placing *placing, struct error *error)
{
        const struct spot *spot = placing->entry;

        for (enum ipam_level level = LEVEL_ENTRY;; level++) {
                if (check_spot(placing, spot, level, error) < 0)
                        return -1;
                placing->bracketed = placing->bracketed || spot->flow;
                if (level == LEVEL_POOL)
                        return edit_pool(placing, spot, error);
                const struct spot *next = level == LEVEL_CONFIG
                                                  ? (spot->children.count ? spot->children.items : NULL)
                                                  : spot_get(spot, level == LEVEL_ENTRY ? "ipam" : "config");
                if (!next)
                        return put(placing, spot, level, error);
                spot = next;
                if (!placing->bracketed)
                        placing->line = spot->key ? spot->key_begin : spot->begin;
        }
}

static void find_style(struct placing *placing)
{
        size_t outer = column(placing->job, placing->networks->key_begin);
        size_t inner = column(placing->job, placing->entry->key_begin);
        const char *entry = placing->job->bytes + placing->entry->key_begin;

        placing->step = inner > outer && inner - outer <= STEP_MAX ? inner - outer : STEP_DEFAULT;
        placing->bracketed = placing->networks->flow;
        placing->line = placing->bracketed ? placing->networks->key_begin : placing->entry->key_begin;
        placing->json = *entry == '"' && (placing->bracketed || (placing->entry->flow));
}

static int edit(struct placing *placing, struct error *error)
{
        if (find_entry(placing, error) < 0)
                return -1;
        assert(placing->networks && placing->entry);
        patch_declared_at(placing->job, placing->entry->key_begin);
        find_style(placing);
        if (spot_is_repeated(placing->root, placing->networks))
                return patch_refuse(placing->job, placing->networks->key_begin, error,
                                    "an alias repeats what stands here, for something else, too");
        if (go_down(placing, error) < 0)
                return -1;
        if (placing->job->patch->edits.count == 0 || placing->root->flow)
                return 0; /* JSON has no comments */
        _cleanup_free_ char *also =
                placing->gone.length ? text_format("Taken out, being outside of it: %s.", placing->gone.bytes)
                                     : NULL;
        patch_add_comment(placing->job, patch_line_start(placing->job, placing->line), also);
        return 0;
}

int patch_edit_yaml(const struct patch_job *job, struct error *error)
{
        _cleanup_yaml_ struct yaml yaml = {0};
        _cleanup_spot_ struct spot root = {0};
        struct placing placing = {.job = job, .root = &root};

        if (yaml_parse(job->bytes, job->length, job->path, &yaml, error) < 0) {
                if (error)
                        error->kind = ERROR_REFUSED;
                return -1;
        }
        if (yaml.root.type != YAML_MAP)
                return refuse_count(job, NULL, 0, error);
        if (!spot_read(job->bytes, job->length, &root))
                return error_set(error, ERROR_REFUSED, "%s can't be read well enough to edit it", job->path);
        int result = edit(&placing, error);
        buffer_done(&placing.gone);
        return result;
}
