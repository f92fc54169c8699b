#pragma once

/* From what a file says of a service to the JSON that is posted, and back from JSON that a file has. */

#include "sim/scenario/roster.h"

/*
 * The engine's own JSON of services that have it: the numbers, ports and networks that can be checked go into
 * their sketches. Refused where it is none, or is another service's.
 */
int spec_read_all(struct scenario *scenario, struct error *error);

/* What is posted to /services/create. */
void spec_write(const struct roster *roster, const struct roster_service *service, struct buffer *out);
/* What is posted to /networks/create. */
void network_write(const struct roster_network *network, struct buffer *out);
/* What is posted to /containers/create, and for each network after the first to /networks/NAME/connect. */
void container_write(const struct scenario_container *container, struct buffer *out);
void connect_write(const struct scenario_container *container, const struct scenario_join *join,
                   struct buffer *out);
