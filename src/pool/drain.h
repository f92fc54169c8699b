#pragma once

/*
 * Pools that lose addresses because another one refuses: while a service waits for a full network, every try
 * of the engine takes a VIP on each network that its spec lists before that one, and forgets it
 * (docs/engine-notes.md, L3). Inside pool/ only.
 */

#include "pool/finding.h"

void drains_find(const struct swarm *swarm, const struct accounts *accounts, struct findings *findings);
