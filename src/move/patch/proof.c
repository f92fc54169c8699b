/* The proof of a Compose file's edit: read again, it is the same but for the subnet of NET. */

#include "move/patch/find.h"

#include "base/text.h"
#include "settings/yaml.h"

static bool same(const struct yaml_node *a, const struct yaml_node *b)
{
        bool equal = a->type == b->type && text_equal(a->key, b->key) && text_equal(a->text, b->text) &&
                     a->plain == b->plain && a->children.count == b->children.count;

        for (size_t i = 0; equal && i < a->children.count; i++)
                equal = same(&a->children.items[i], &b->children.items[i]);
        return equal;
}

static const struct yaml_node *get(const struct yaml_node *map, const char *key)
{
        for_each_yaml (child, map)
                if (text_equal(child->key, key))
                        return child;
        return NULL;
}

/* All members of both maps but the one, which may be new; YAML_NULL stands for no map at all. */
static bool same_but(const struct yaml_node *old, const struct yaml_node *new, const char *key)
{
        size_t at = 0;

        if (new->type != YAML_MAP || (old->type != YAML_MAP && old->type != YAML_NULL))
                return false;
        for_each_yaml (now, new) {
                bool there = at < old->children.count;
                const struct yaml_node *before = there ? &old->children.items[at] : NULL;
                bool paired = there && text_equal(before->key, now->key);
                if (!text_equal(now->key, key) && (!paired || !same(before, now)))
                        return false;
                at += paired;
        }
        return at == old->children.count && get(new, key);
}

/* In the pool itself, what lies outside of the new subnet is gone. */
static bool pool_proves(const struct patch_job *job, const struct yaml_node *old, const struct yaml_node *new)
{
        const struct yaml_node *subnet = get(new, "subnet");

        if (new->type != YAML_MAP || !subnet || !text_equal(subnet->text, job->wish->new_subnet))
                return false;
        for_each_yaml (child, new) {
                const struct yaml_node *before = get(old, child->key);
                if (child != subnet && (!before || !same(child, before)))
                        return false;
        }
        for_each_yaml (child, old) {
                enum patch_option_kind kind = text_equal(child->key, "gateway") ? PATCH_GATEWAY : PATCH_RANGE;
                bool may_go = kind == PATCH_GATEWAY || text_equal(child->key, "ip_range");
                bool outside =
                        may_go && child->text && patch_fits(kind, child->text, job->subnet) == FIT_OUTSIDE;
                if (outside == (get(new, child->key) != NULL))
                        return false;
        }
        return true;
}

static bool entry_proves(const struct patch_job *job, const struct yaml_node *old,
                         const struct yaml_node *new)
{
        static const struct yaml_node nothing;
        static const char *const path[] = {"ipam", "config"};

        for (size_t i = 0; i < ELEMENTS(path); i++) {
                if (!same_but(old, new, path[i]))
                        return false;
                const struct yaml_node *inner = get(old, path[i]);
                old = inner ? inner : &nothing;
                new = get(new, path[i]);
        }
        if (new->type != YAML_LIST || new->children.count != 1 || old->children.count > 1)
                return false;
        return pool_proves(job, old->children.count ? old->children.items : &nothing, new->children.items);
}

static const char *name_of(const struct yaml_node *entry)
{
        const struct yaml_node *name = get(entry, "name");

        return name && name->text ? name->text : entry->key;
}

static bool networks_prove(const struct patch_job *job, const struct yaml_node *old,
                           const struct yaml_node *new)
{
        if (old->type != YAML_MAP || new->type != YAML_MAP || old->children.count != new->children.count)
                return false;
        for (size_t i = 0; i < old->children.count; i++) {
                const struct yaml_node *a = &old->children.items[i];
                const struct yaml_node *b = &new->children.items[i];
                bool edited = text_equal(name_of(a), job->wish->network);
                if (!text_equal(a->key, b->key) || !(edited ? entry_proves(job, a, b) : same(a, b)))
                        return false;
        }
        return true;
}

static bool proves(const struct patch_job *job, const struct yaml_node *old, const struct yaml_node *new)
{
        const struct yaml_node *a = get(old, "networks");
        const struct yaml_node *b = get(new, "networks");

        return same_but(old, new, "networks") && a && b && networks_prove(job, a, b);
}

int patch_prove_yaml(const struct patch_job *job, const struct buffer *edited, struct error *error)
{
        _cleanup_yaml_ struct yaml old = {0};
        _cleanup_yaml_ struct yaml new = {0};

        if (yaml_parse(job->bytes, job->length, job->path, &old, NULL) == 0 &&
            yaml_parse(buffer_text(edited), edited->length, job->path, &new, NULL) == 0 &&
            proves(job, &old.root, &new.root))
                return 0;
        return error_set(
                error, ERROR_REFUSED,
                "%s:%zu: %s is declared here in a form that can't be edited safely; give it the subnet "
                "%s by hand",
                job->path, (size_t)job->patch->line, job->wish->network, job->wish->new_subnet);
}
