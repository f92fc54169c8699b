#include "move/held.h"

#include "move/anchor.h"

void held_done(struct held *held)
{
        accounts_done(&held->accounts);
        swarm_done(&held->swarm);
}

int held_look(struct engine *engine, const char *network_id, struct held *ret_held, struct error *error)
{
        if (survey(engine, network_id, &ret_held->swarm, error) < 0)
                return -1;
        accounts_of(&ret_held->swarm, network_id, &ret_held->accounts);
        ret_held->account = account_of_network(&ret_held->accounts, network_id);
        return 0;
}

bool held_has(const struct held *held, uint32_t address)
{
        for (size_t i = 0; held->account && i < held->account->holders.count; i++) {
                const struct holder *holder = &held->account->holders.items[i];
                if (holder->address_known && holder->address == address)
                        return true;
        }
        return false;
}

static bool has_prefix(const struct held *held, struct prefix *ret_prefix)
{
        if (!held->account || !held->account->network->subnets.count)
                return false;
        *ret_prefix = held->account->network->subnets.items[0].prefix;
        return true;
}

/* Other containers may have asked for theirs by number, which moves nothing. */
static bool tells_place(const struct holder *holder)
{
        return holder->kind == HOLDER_TASK ||
               (holder->kind == HOLDER_ATTACHMENT && text_starts_with(holder->name, ANCHOR_PREFIX));
}

static uint32_t allocator_place(const struct held *held, struct prefix prefix)
{
        uint32_t place = prefix.address;
        int64_t newest_ms = INT64_MIN;

        for (size_t i = 0; i < held->account->holders.count; i++) {
                const struct holder *holder = &held->account->holders.items[i];
                if (!tells_place(holder) || holder->created_ms < newest_ms)
                        continue;
                place = holder->address;
                newest_ms = holder->created_ms;
        }
        return place;
}

static uint32_t address_after(uint32_t address, struct prefix prefix)
{
        return address + 1 < prefix_last(prefix) ? address + 1 : prefix.address + 1;
}

static uint32_t address_before(uint32_t address, struct prefix prefix)
{
        return address > prefix.address + 1 ? address - 1 : prefix_last(prefix) - 1;
}

uint32_t held_last_free(const struct held *held, uint64_t before)
{
        struct prefix prefix;
        uint32_t found = 0;

        if (!has_prefix(held, &prefix))
                return 0;
        uint32_t address = address_before(allocator_place(held, prefix), prefix);
        for (uint64_t i = 0; i < prefix_size(prefix); i++, address = address_before(address, prefix)) {
                if (held_has(held, address))
                        continue;
                found = address;
                if (before-- == 0)
                        break;
        }
        return found;
}

/* Of other nodes' balancers a swarm tells that they are there, and not where. */
static uint64_t count_unknown(const struct held *held)
{
        uint64_t count = 0;

        for (size_t i = 0; i < held->account->holders.count; i++)
                count += !held->account->holders.items[i].address_known;
        return count;
}

uint64_t held_free_before(const struct held *held, uint32_t address)
{
        struct prefix prefix;
        uint64_t count = 0;

        if (!has_prefix(held, &prefix))
                return 0;
        uint32_t at = address_after(allocator_place(held, prefix), prefix);
        for (uint64_t i = 0; i < prefix_size(prefix) && at != address; i++, at = address_after(at, prefix))
                count += !held_has(held, at);
        return count - MIN(count, count_unknown(held));
}
