#pragma once

/* Single fresh looks at the engine, for planning and between the steps of a run: inside move/ only. */

#include "engine/engine.h"
#include "swarm/swarm.h"

/* GET of one object; ERROR_NOT_FOUND when it is gone. `id` may be a name. */
int look_network(struct engine *engine, const char *id, struct buffer *ret_body, struct error *error);
int look_service(struct engine *engine, const char *id, struct buffer *ret_body, struct error *error);
int look_container(struct engine *engine, const char *id, struct buffer *ret_body, struct error *error);

/* The same, read into the model. The swarm must have been initialised; the object is added to its list. */
int look_service_model(struct engine *engine, const char *id, struct swarm *swarm, struct buffer *ret_body,
                       struct error *error);

/* Reads this node's endpoints of a network that the swarm's model already has. */
int look_endpoints(struct engine *engine, struct swarm *swarm, struct network *network,
                   struct buffer *ret_body, struct error *error);

/* The tasks of one service, read into swarm->tasks in place of what was there. */
int look_tasks_of(struct engine *engine, const char *service_id, struct swarm *swarm, struct error *error);

/* Networks that match a filter in the API's JSON form, as the engine lists them. */
int look_networks(struct engine *engine, const char *filter, struct buffer *ret_body, struct error *error);
/* Such a list, added to swarm->networks. */
int look_read_networks(const struct buffer *body, struct swarm *swarm, struct error *error);
