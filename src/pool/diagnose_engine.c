#include "pool/diagnose.h"

#include <stdio.h>

struct version {
        unsigned int major, minor, patch;
};

struct fault {
        struct version from;
        struct version mended; /* all zero: in no release yet */
        bool managers_only;
        const char *name;
        const char *meaning;
};

static const struct fault faults[] = {
        {{17, 6, 0},
         {0},
         true,
         "addresses leak when a network goes before its tasks (moby#37338)",
         "`docker stack rm` of a stack with a network of its own leaks an address of each shared network for "
         "every task. It is so in every release; leaks show in `headroom`."},
        {{0, 0, 0},
         {20, 10, 8},
         false,
         "endpoints of tasks that are gone stay behind (moby#40989)",
         "A new task can fail with \"Address already in use\" on that node. Mended in 20.10.8."},
        {{29, 0, 0},
         {29, 7, 3},
         true,
         "one unallocated network hides all others' Status (moby Engine 29.0 to 29.7.2)",
         "Asked about a network while another is unallocated, the engine answers 404 in API 1.52."},
};

/* "20.10.24+dfsg1", "28.5.2" */
static bool parse_version(const char *text, struct version *ret_version)
{
        struct version version = {0};

        // NOLINTNEXTLINE(cert-err34-c): a number too large is no version that the table knows
        if (!text || sscanf(text, "%u.%u.%u", &version.major, &version.minor, &version.patch) < 2)
                return false;
        *ret_version = version;
        return true;
}

static bool is_below(const struct version *a, const struct version *b)
{
        if (a->major != b->major)
                return a->major < b->major;
        if (a->minor != b->minor)
                return a->minor < b->minor;
        return a->patch < b->patch;
}

static bool has_fault(const struct node *node, const struct fault *fault)
{
        struct version version;

        if ((fault->managers_only && !node->manager) || !parse_version(node->engine_version, &version))
                return false;
        return !is_below(&version, &fault->from) &&
               (fault->mended.major == 0 || is_below(&version, &fault->mended));
}

void diagnose_engines(const struct swarm *swarm, struct findings *findings)
{
        for (size_t i = 0; i < ELEMENTS(faults); i++) {
                const struct node *first = NULL;
                size_t count = 0;
                for_each_node (node, swarm)
                        if (has_fault(node, &faults[i])) {
                                first = first ? first : node;
                                count++;
                        }
                if (!first)
                        continue;
                findings_add(findings, FINDING_ENGINE_FAULT, NULL, first->name,
                             text_format("Engine %s (%s%s): %s", first->engine_version, first->name,
                                         count > 1 ? ", ..." : "", faults[i].name))
                        ->meaning = faults[i].meaning;
        }
}
