#include "sim/bench/read.h"

#include "sim/scenario/field.h"

/* A shape: its keys as tables, and what can't be though each key is fine by itself. */

#define MEMBERS_MAX 50

#define AT(type, member) offsetof(struct type, member)

struct member_words {
        struct member member;
        unsigned kind;
};

static const char *kind_words[MEMBER_KINDS + 1];

static const struct field member_fields[] = {
        {"kind", FIELD_CHOICE, AT(member_words, kind), .words = kind_words},
        {"number", FIELD_NUMBER, AT(member_words, member.number), 1, MEMBERS_MAX},
        {"replicas", FIELD_NUMBER, AT(member_words, member.replicas), 1, 20},
        {"dnsrr", FIELD_BOOL, AT(member_words, member.dnsrr)},
        {"aliases", FIELD_BOOL, AT(member_words, member.aliases)},
        {"twice", FIELD_BOOL, AT(member_words, member.twice)},
        {"settings", FIELD_BOOL, AT(member_words, member.settings)},
        {"slow", FIELD_BOOL, AT(member_words, member.slow)},
        {"pinned", FIELD_BOOL, AT(member_words, member.pinned)},
        {NULL},
};

static int read_member(const struct yaml *yaml, const struct yaml_node *node, struct shape *shape,
                       struct error *error)
{
        struct member_words words = {.member = {.number = shape->members.count + 1, .replicas = 1}};

        if (fields_read(yaml, node, "a member", member_fields, &words, error) < 0)
                return -1;
        if (!words.kind)
                return yaml_refuse(yaml, node, error, "a member needs a kind");
        words.member.kind = (enum member_kind)(words.kind - 1);
        for (size_t i = 0; i < shape->members.count; i++)
                if (shape->members.items[i].number == words.member.number)
                        return yaml_refuse(yaml, node, error, "two members have the number %d",
                                           (int)words.member.number);
        *list_add(&shape->members) = words.member;
        return 0;
}

static int read_members(const struct yaml *yaml, const struct yaml_node *node, void *member,
                        struct error *error)
{
        if (yaml_require(yaml, node, YAML_LIST, "members", error) < 0)
                return -1;
        if (!node->children.count || node->children.count > MEMBERS_MAX)
                return yaml_refuse(yaml, node, error, "a shape has from 1 to %d members", MEMBERS_MAX);
        for_each_yaml (item, node)
                if (read_member(yaml, item, member, error) < 0)
                        return -1;
        return 0;
}

static const struct field shape_fields[] = {
        {"api", FIELD_NUMBER, AT(shape, api_minor), 41, 52},
        {"nodes", FIELD_NUMBER, AT(shape, nodes), 1, 20},
        {"bits", FIELD_NUMBER, AT(shape, bits), 24, 29},
        {"jitter_ms", FIELD_NUMBER, AT(shape, jitter_ms), 0, JITTER_MS_MAX},
        {"call_ms", FIELD_NUMBER, AT(shape, call_ms), 1, CALL_MS_MAX},
        {"detached", FIELD_BOOL, AT(shape, detached)},
        {"leak", FIELD_BOOL, AT(shape, leak)},
        {"container", FIELD_BOOL, AT(shape, container)},
        {"members", FIELD_OWN, 0, .read = read_members},
        {NULL},
};

static int refuse_api(const struct yaml *yaml, const struct yaml_node *node, uint64_t minor,
                      struct error *error)
{
        static const uint64_t minors[] = {41, 45, 51, 52};

        for (size_t i = 0; i < ELEMENTS(minors); i++)
                if (minors[i] == minor)
                        return 0;
        return yaml_refuse(yaml, node, error, "api is 41, 45, 51 or 52, not %d", (int)minor);
}

/* Why the swarm can't have such a member, NULL when it can. */
static const char *objection(const struct shape *shape, const struct member *member)
{
        bool edge = member->kind == MEMBER_EDGE_HOST || member->kind == MEMBER_EDGE_INGRESS;

        if (edge && member->dnsrr)
                return "has a port, and so no dnsrr";
        if (member->kind == MEMBER_GLOBAL && member->replicas > 1)
                return "runs once on every node, and has no replicas";
        if (member->kind == MEMBER_EDGE_HOST && member->replicas > (member->pinned ? 1 : shape->nodes))
                return "has a port of its host, and more replicas than there are nodes for it";
        return NULL;
}

static int refuse_members(const struct yaml *yaml, const struct yaml_node *node, const struct shape *shape,
                          struct error *error)
{
        for (size_t i = 0; i < shape->members.count; i++) {
                const char *why = objection(shape, &shape->members.items[i]);
                _cleanup_free_ char *name = member_name(shape, i);
                if (why)
                        return yaml_refuse(yaml, node, error, "%s %s", name, why);
        }
        return 0;
}

int shape_read(const struct yaml *yaml, const struct yaml_node *node, struct shape *shape,
               struct error *error)
{
        for (int i = 0; i < MEMBER_KINDS; i++)
                kind_words[i] = member_kind_name((enum member_kind)i);
        if (fields_read(yaml, node, "a shape", shape_fields, shape, error) < 0)
                return -1;
        if (!shape->members.count)
                return yaml_refuse(yaml, node, error, "a shape needs members");
        if (shape->container && shape->detached)
                return yaml_refuse(
                        yaml, node, error,
                        "a container can't be on a network that is detached, which is not attachable");
        if (refuse_api(yaml, node, shape->api_minor, error) < 0)
                return -1;
        return refuse_members(yaml, node, shape, error);
}
