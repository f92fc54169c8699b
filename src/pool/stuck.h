#pragma once

/* Which pool refuses addresses now: inside pool/ only. */

#include "pool/account.h"

/* Fills stuck, stuck_name and refusing of every account. */
void stuck_find(const struct swarm *swarm, struct accounts *accounts);

/* Whether something that was created after that time has an address there: proof that the pool is not used up
 * for good. */
bool gave_address_since(const struct swarm *swarm, const char *network_id, int64_t since_ms);
