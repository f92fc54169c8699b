#pragma once

/* From the engine's objects to the model's: one function a kind of object. */

#include "swarm/swarm.h"
#include "json/json.h"

void parse_info(struct swarm *swarm, const struct json_document *document, json_node info);
void parse_node(struct swarm *swarm, const struct json_document *document, json_node object,
                struct node *node);
void parse_network(struct swarm *swarm, const struct json_document *document, json_node object,
                   struct network *network);
void parse_endpoints(struct swarm *swarm, const struct json_document *document, json_node object,
                     struct network *network);
void parse_service(struct swarm *swarm, const struct json_document *document, json_node object,
                   struct service *service);
void parse_task(struct swarm *swarm, const struct json_document *document, json_node object,
                struct task *task);

/* Labels that headroom reads; others may hold secrets and are never kept. */
bool label_is_read(const char *key);
