#pragma once

/*
 * The anchor: a container of headroom's own that does nothing, so that an overlay is live on this node before
 * the first task of it is, and running containers can be connected. Its image is one static program of a few
 * hundred bytes, imported from memory: no registry, and nothing of the user's images is run. Inside move/
 * only.
 */

#include "base/buffer.h"
#include "engine/engine.h"

#define ANCHOR_IMAGE  "headroom-anchor:1"
#define ANCHOR_PREFIX "headroom-anchor-"

int anchor_import(struct engine *engine, struct error *error);
