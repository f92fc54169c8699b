#pragma once

/* The part of a plan that is about its host - pages, patches, pauses, roads, quiet patterns - as JSON and
 * back: inside move/ only. */

#include "move/plan.h"
#include "json/json.h"
#include "json/write.h"

void plan_host_done(struct plan *plan);

/* Members of the plan's object, and what is read from them. */
void plan_host_write(struct json_writer *writer, const struct plan *plan);
void plan_host_read(const struct json_document *document, json_node root, struct plan *plan);

/* Whether all that a run relies on is there. */
bool plan_host_is_complete(const struct plan *plan);
