#include "pool/signature.h"

#include <ctype.h>
#include <stdio.h>

#define NO_ADDRESS "could not find an available IP"

const struct signature signatures[] = {
        {"could not find an available IP while allocating VIP", NULL, SUBJECT_SERVICE, "service ",
         FINDING_LOG_REFUSED, SEVERITY_CRITICAL,
         "A network of the service had no address left for its VIP; the engine does not log which, and tries "
         "again in silence."},
        {"failed to allocate network IP for task", NO_ADDRESS, SUBJECT_NETWORK, " network ",
         FINDING_LOG_REFUSED, SEVERITY_CRITICAL,
         "The network had no address left for a task; the engine tries again in silence."},
        {"Failed to allocate network resources for node", NO_ADDRESS, SUBJECT_NODE, "resources for node ",
         FINDING_LOG_REFUSED, SEVERITY_CRITICAL,
         "A network had no address left for a node's load balancer: the node's tasks on it can't start."},
        {"node is missing network attachments, ip addresses may be exhausted", NULL, SUBJECT_NONE, NULL,
         FINDING_LOG_REFUSED, SEVERITY_WARNING,
         "A task of this node waited in vain for addresses of its networks, or of its node there."},
        {"Pool overlaps with other one on this address space", NULL, SUBJECT_NETWORK, "network ",
         FINDING_LOG_UNALLOCATED, SEVERITY_CRITICAL,
         "The network's subnet overlaps that of another overlay: it exists, and never gets a pool."},
        {"all predefined address pools have been fully subnetted", NULL, SUBJECT_NETWORK, "network ",
         FINDING_LOG_UNALLOCATED, SEVERITY_CRITICAL,
         "The default address pools are used up: networks without a subnet of their own get none."},
        {"could not find an available, non-overlapping IPv4 address pool among the defaults", NULL,
         SUBJECT_NETWORK, "network ", FINDING_LOG_UNALLOCATED, SEVERITY_CRITICAL,
         "The default address pools are used up: networks without a subnet of their own get none."},
        {"No available addresses on this pool", NULL, SUBJECT_NETWORK, "network ", FINDING_LOG_UNALLOCATED,
         SEVERITY_CRITICAL,
         "The network's subnet is too small for a gateway: it exists, and never gets a pool."},
        {"could not find network allocator state for network", NULL, SUBJECT_NETWORK,
         "allocator state for network ", FINDING_LOG_LEAK, SEVERITY_NOTE,
         "Something outlived its network: the order in which addresses of its other networks are leaked."},
        {"could not find local network state", NULL, SUBJECT_SERVICE, "service ", FINDING_LOG_SYMPTOM,
         SEVERITY_NOTE, "A service names a network that has no pool, or was removed meanwhile."},
        {"allocation commit failure for task", NULL, SUBJECT_NONE, NULL, FINDING_LOG_LEAK, SEVERITY_NOTE,
         "A task was deleted while it got its addresses: they may be leaked."},
        {"belongs has pending allocations", NULL, SUBJECT_SERVICE, "service ", FINDING_LOG_SYMPTOM,
         SEVERITY_NOTE, "A task waits because its service has no VIP yet: a consequence, not a cause."},
        {"Address already in use", NULL, SUBJECT_NONE, NULL, FINDING_LOG_DUPLICATE, SEVERITY_WARNING,
         "An address was given out twice, or an endpoint of a task that is gone still holds it here "
         "(moby#40989 before 20.10.8)."},
        {"key modified", NULL, SUBJECT_NONE, NULL, FINDING_LOG_SYMPTOM, SEVERITY_NOTE,
         "Two clean-ups on this node met in its local store: a symptom, not a leak."},
        {"remove failed", "network ", SUBJECT_NONE, NULL, FINDING_LOG_SYMPTOM, SEVERITY_NOTE,
         "This node could not clean up a network at once: a symptom, not a leak."},
        {NULL},
};

/* "raft.node: A elected leader B": the leader, whichever it is, builds its allocator from what is stored. */
#define RENEWED "elected leader"

void sightings_done(struct sightings *sightings)
{
        free(sightings->items.items);
        *sightings = (struct sightings){0};
}

/* Where the last of these stands: an error's words follow the message's, and say more. */
static const char *find_last(const char *text, const char *words)
{
        const char *last = NULL;

        for (const char *at = strstr(text, words); at; at = strstr(at + 1, words))
                last = at;
        return last;
}

/* The ID after `before`: letters and digits, as swarmkit makes them. "" when there is none. */
static void find_id(const char *text, const char *before, char ret_id[SIGHTING_ID_MAX])
{
        const char *begin = before ? find_last(text, before) : NULL;
        size_t length = 0;

        if (begin)
                for (begin += strlen(before);
                     length < SIGHTING_ID_MAX - 1 && isalnum((unsigned char)begin[length]);)
                        length++;
        snprintf(ret_id, SIGHTING_ID_MAX, "%.*s", (int)length, begin ? begin : "");
}

static struct sighting *find(struct sightings *sightings, const struct signature *signature,
                             const char *subject)
{
        for (size_t i = 0; i < sightings->items.count; i++) {
                struct sighting *sighting = &sightings->items.items[i];
                if (sighting->signature == signature && text_equal(sighting->subject, subject))
                        return sighting;
        }
        return NULL;
}

static struct sighting *find_or_add(struct sightings *sightings, const struct signature *signature,
                                    const char *subject)
{
        struct sighting *sighting = find(sightings, signature, subject);

        if (!sighting && sightings->items.count >= SIGHTINGS_MAX) {
                subject = "";
                sighting = find(sightings, signature, subject);
        }
        if (sighting)
                return sighting;
        sighting = list_add(&sightings->items); /* once more for each signature at most when it is full */
        sighting->signature = signature;
        snprintf(sighting->subject, sizeof(sighting->subject), "%s", subject);
        return sighting;
}

static void note(struct sightings *sightings, const struct signature *signature,
                 const struct log_entry *entry)
{
        char subject[SIGHTING_ID_MAX];

        find_id(entry->text, signature->before, subject);
        struct sighting *sighting = find_or_add(sightings, signature, subject);
        if (sighting->count++ == 0 || entry->time_ms < sighting->first_ms)
                sighting->first_ms = entry->time_ms;
        if (entry->time_ms >= sighting->last_ms) {
                sighting->last_ms = entry->time_ms;
                find_id(entry->text, " for task ", sighting->task);
        }
}

static bool fits(const struct signature *signature, const char *text)
{
        return strstr(text, signature->text) && (!signature->also || strstr(text, signature->also));
}

void sightings_take(void *userdata, const struct log_entry *entry)
{
        struct sightings *sightings = userdata;

        if (strstr(entry->text, RENEWED))
                sightings->renewed_ms = MAX(sightings->renewed_ms, entry->time_ms);
        for (const struct signature *signature = signatures; signature->text; signature++)
                if (fits(signature, entry->text)) {
                        note(sightings, signature, entry);
                        return;
                }
}
