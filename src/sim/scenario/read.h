#pragma once

/* The readers of each kind of thing, for the files of this room only. Each is a field_reader. */

#include "sim/scenario/field.h"

#define AT(type, member) offsetof(struct type, member)

extern const struct field scenario_fields[];  /* of the file itself */
extern const struct field network_fields[];   /* read_network.c */
extern const struct field ingress_fields[];   /* the swarm's own network */
extern const struct field node_fields[];      /* read_node.c */
extern const struct field image_fields[];     /* an image, or a service's behaviour */
extern const struct field sketch_fields[];    /* read_service.c */
extern const struct field update_fields[];    /* an update, or a rollback */
extern const struct field port_fields[];      /* a published port */
extern const struct field join_fields[];      /* being on a network, as a service */
extern const struct field attach_fields[];    /* being on a network, as a container */
extern const struct field stack_fields[];     /* read_stack.c */
extern const struct field container_fields[]; /* read_container.c */
extern const struct field rule_fields[];      /* read_rule.c */
extern const struct field event_fields[];     /* read_event.c */
extern const struct field pool_fields[];
extern const struct field timing_fields[];

/* The member is the scenario. */
int read_networks(const struct yaml *, const struct yaml_node *, void *scenario, struct error *);
int read_nodes(const struct yaml *, const struct yaml_node *, void *scenario, struct error *);
int read_images(const struct yaml *, const struct yaml_node *, void *scenario, struct error *);
int read_services(const struct yaml *, const struct yaml_node *, void *scenario, struct error *);
int read_stacks(const struct yaml *, const struct yaml_node *, void *scenario, struct error *);
int read_containers(const struct yaml *, const struct yaml_node *, void *scenario, struct error *);
int read_rules(const struct yaml *, const struct yaml_node *, void *scenario, struct error *);
int read_events(const struct yaml *, const struct yaml_node *, void *scenario, struct error *);

/* What stands in a stack, too. `stack` is NULL, or lives as long as the scenario. */
int read_network(const struct yaml *yaml, const struct yaml_node *node, struct scenario *scenario,
                 const char *stack, struct error *error);
int read_service(const struct yaml *yaml, const struct yaml_node *node, struct scenario *scenario,
                 const char *stack, struct error *error);

/* A sketch of the scenario's own, with what is there when nothing is said. */
struct scenario_sketch *sketch_add(struct scenario *scenario, unsigned line);
/* The networks of a service (join_fields) or of a container (attach_fields): a list or a map. */
int read_joins_of(const struct yaml *yaml, const struct yaml_node *node, const struct field *table,
                  struct scenario_joins *joins, struct error *error);
/* The member is a struct scenario_ports. */
int read_ports(const struct yaml *, const struct yaml_node *, void *ports, struct error *);
/* The member is a struct sim_model. */
int read_model(const struct yaml *, const struct yaml_node *, void *model, struct error *);

void network_done(struct scenario_network *network);
void sketch_free(struct scenario_sketch *sketch);
void joins_done(struct scenario_joins *joins);
void container_done(struct scenario_container *container);
