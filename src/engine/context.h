#pragma once

/*
 * What the docker CLI keeps in its own folder: the name of the current context, and the contexts themselves
 * (docker/cli, cli/context/store: contexts/meta/<sha256 of the name>/meta.json, contexts/tls/<the
 * same>/docker).
 */

#include "base/error.h"

#include <stdbool.h>

/* $DOCKER_CONFIG, else ~/.docker; owned by the caller. */
char *context_folder(void);

/* currentContext of config.json; NULL when there is none, or no such file. Owned by the caller. */
int context_current(char **ret_name, struct error *error);

struct context_endpoint {
        char *host; /* as written in the context: may be NULL */
        bool skip_tls_verify;
        char *ca_path, *certificate_path, *key_path; /* NULL when the context has none */
};

void context_endpoint_done(struct context_endpoint *endpoint);
#define _cleanup_endpoint_ _cleanup_(context_endpoint_done)

/* The docker endpoint of the context; a context that does not exist is ERROR_USAGE. */
int context_load(const char *name, struct context_endpoint *ret_endpoint, struct error *error);
