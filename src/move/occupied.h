#pragma once

/* Ranges that are kept clear of although no network, interface or route shows them: inside move/ only. */

#define TAILSCALE_RANGE "100.64.0.0/10" /* from which Tailscale gives every machine its address */

/* Those that people forget. */
struct forgotten_range {
        const char *prefix;
        const char *owner;
};

extern const struct forgotten_range forgotten_ranges[]; /* ends with a NULL prefix */
