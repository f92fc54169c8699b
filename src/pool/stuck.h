#pragma once

/* Which pool refuses addresses now: inside pool/ only. */

#include "pool/account.h"

/* Fills stuck, stuck_name and refusing of every account. */
void stuck_find(const struct swarm *swarm, struct accounts *accounts);
