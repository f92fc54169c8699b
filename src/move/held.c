#include "move/held.h"

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
