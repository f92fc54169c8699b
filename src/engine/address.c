/*
 * Where the engine is. The order and the details follow the docker CLI (docker/cli: cli/command/cli.go
 * resolveContextName, cli/flags/options.go, opts/hosts.go, cli/context/docker/load.go), so that headroom
 * talks to the engine that `docker` talks to in the same shell. Two differences, both on the careful side: an
 * unreadable config.json is an error, and addresses headroom can't use yet are refused by name.
 */

#include "base/text.h"
#include "engine/context.h"
#include "engine/engine.h"

#include <ctype.h>

#define DEFAULT_SOCKET   "/var/run/docker.sock"
#define DEFAULT_TLS_HOST "tcp://localhost:2376"
#define DEFAULT_PORT     "2375" /* also with TLS: the CLI takes 2376 only when no host is named at all */

void engine_address_done(struct engine_address *address)
{
        free(address->host);
        free(address->ca_path);
        free(address->certificate_path);
        free(address->key_path);
        free(address->origin);
        *address = (struct engine_address){0};
}

static bool is_set(const char *variable)
{
        return !text_empty(getenv(variable));
}

static bool is_port(const char *text)
{
        uint64_t port;

        return text_to_u64(text, &port) && port > 0 && port <= UINT16_MAX;
}

/* "host", "host:port", ":port", "[::1]:port", each with an optional path: a daemon behind a proxy has one. */
static int parse_tcp(const char *rest, char **ret_host, struct error *error)
{
        size_t length = strcspn(rest, "/");
        _cleanup_free_ char *authority = text_copy_n(rest, length);
        const char *path = rest + length;
        const char *bracket = strchr(authority, ']');
        char *colon = strrchr(bracket ? bracket : authority, ':');
        const char *port = DEFAULT_PORT;

        if (colon) {
                *colon = 0;
                if (colon[1])
                        port = colon + 1;
        }
        bool literal = authority[0] == '[' && bracket && !bracket[1];
        if (!is_port(port) || strpbrk(authority, "@?# \t") || (strpbrk(authority, "[]:") && !literal))
                return error_set(error, ERROR_REFUSED,
                                 "\"tcp://%s\" is not an engine's address; write tcp://HOST:PORT", rest);
        *ret_host = text_format("tcp://%s:%s%s", *authority ? authority : "localhost", port, path);
        return 0;
}

static int refuse_scheme(const char *text, struct error *error)
{
        if (text_starts_with(text, "ssh://"))
                return error_set(
                        error, ERROR_REFUSED,
                        "%s: engines over ssh are not supported yet; run headroom on that manager itself",
                        text);
        if (text_starts_with(text, "npipe://"))
                return error_set(error, ERROR_REFUSED,
                                 "%s: Windows named pipes are not supported; run headroom on a "
                                 "Linux manager",
                                 text);
        if (text_starts_with(text, "fd://"))
                return error_set(
                        error, ERROR_REFUSED,
                        "%s is an address for dockerd to listen on; name the socket instead, as unix:///PATH",
                        text);
        return error_set(error, ERROR_REFUSED,
                         "\"%s\" is not an engine's address; write unix:///PATH or tcp://HOST:PORT", text);
}

static int parse_host(const char *text, char **ret_host, struct error *error)
{
        const char *scheme_end = strstr(text, "://");

        if (!scheme_end && (*text == '/' || text_starts_with(text, "./"))) {
                *ret_host = text_format("unix://%s", text);
                return 0;
        }
        if (!scheme_end)
                return parse_tcp(text, ret_host, error);
        const char *rest = scheme_end + 3;
        if (strstr(rest, "://"))
                return refuse_scheme(text, error);
        if (text_starts_with(text, "tcp://"))
                return parse_tcp(rest, ret_host, error);
        if (!text_starts_with(text, "unix://"))
                return refuse_scheme(text, error);
        *ret_host = text_format("unix://%s", *rest ? rest : DEFAULT_SOCKET);
        return 0;
}

/* `text` may be NULL or blank, as an unset variable is: then the default. */
static int address_set_host(struct engine_address *address, const char *text, struct error *error)
{
        _cleanup_free_ char *trimmed = text_copy(text ? text : "");
        char *start = trimmed;

        while (isspace((unsigned char)*start))
                start++;
        for (char *end = start + strlen(start); end > start && isspace((unsigned char)end[-1]);)
                *--end = 0;
        if (*start)
                return parse_host(start, &address->host, error);
        address->host = text_copy(address->tls ? DEFAULT_TLS_HOST : "unix://" DEFAULT_SOCKET);
        return 0;
}

static char *file_in(const char *folder, const char *name, bool only_if_there)
{
        _cleanup_free_ char *path = text_format("%s/%s", folder, name);

        return only_if_there && access(path, F_OK) < 0 ? NULL : steal_pointer(path);
}

/* The files of DOCKER_CERT_PATH. Client certificates may be missing, the authority to verify with may not. */
static int address_set_tls_files(struct engine_address *address, struct error *error)
{
        _cleanup_free_ char *folder =
                is_set("DOCKER_CERT_PATH") ? text_copy(getenv("DOCKER_CERT_PATH")) : context_folder();
        address->ca_path = file_in(folder, "ca.pem", !address->tls_verify);
        address->certificate_path = file_in(folder, "cert.pem", true);
        address->key_path = file_in(folder, "key.pem", true);
        if (address->tls_verify && access(address->ca_path, R_OK) < 0)
                return error_set(
                        error, ERROR_USAGE,
                        "DOCKER_TLS_VERIFY is set, but %s can't be read; set DOCKER_CERT_PATH to the folder "
                        "that holds ca.pem, cert.pem and key.pem",
                        address->ca_path);
        return 0;
}

/* `host` NULL: DOCKER_HOST, else the default. */
static int address_from_host(struct engine_address *address, const char *host, struct error *error)
{
        bool from_environment = !host && is_set("DOCKER_HOST");

        if (from_environment)
                host = getenv("DOCKER_HOST");
        address->origin = text_copy(from_environment ? "DOCKER_HOST" : host ? "--host" : "the default");
        address->tls_verify = is_set("DOCKER_TLS_VERIFY");
        address->tls = address->tls_verify || is_set("DOCKER_TLS");
        if (address_set_host(address, host, error) < 0)
                return error_while(error, "resolving the engine's address from %s", address->origin);
        if (text_starts_with(address->host, "unix://"))
                address->tls = address->tls_verify = false; /* as the CLI: plain HTTP on a socket */
        return address->tls ? address_set_tls_files(address, error) : 0;
}

static int address_from_context(struct engine_address *address, const char *name, const char *source,
                                struct error *error)
{
        _cleanup_endpoint_ struct context_endpoint endpoint = {0};

        address->origin = text_format("context %s, from %s", name, source);
        if (context_load(name, &endpoint, error) < 0 || address_set_host(address, endpoint.host, error) < 0)
                return error_while(error, "resolving the engine's address from %s", address->origin);
        if (text_starts_with(address->host, "unix://"))
                return 0;
        address->ca_path = steal_pointer(endpoint.ca_path);
        address->certificate_path = steal_pointer(endpoint.certificate_path);
        address->key_path = steal_pointer(endpoint.key_path);
        address->tls = address->ca_path || address->certificate_path || address->key_path ||
                       endpoint.skip_tls_verify;
        address->tls_verify = address->tls && !endpoint.skip_tls_verify;
        return 0;
}

/* The context's name in the CLI's order, and who named it; "default" means hosts, not contexts. */
static int choose_context(const char *context, char **ret_name, const char **ret_source, struct error *error)
{
        *ret_source = "--context";
        if (context) {
                *ret_name = text_copy(context);
                return 0;
        }
        if (is_set("DOCKER_HOST")) {
                *ret_name = text_copy("default");
                return 0;
        }
        *ret_source = "DOCKER_CONTEXT";
        if (is_set("DOCKER_CONTEXT")) {
                *ret_name = text_copy(getenv("DOCKER_CONTEXT"));
                return 0;
        }
        *ret_source = "currentContext in docker's config.json";
        return context_current(ret_name, error);
}

static int resolve(struct engine_address *address, const char *host, const char *context, struct error *error)
{
        _cleanup_free_ char *name = NULL;
        const char *source;

        if (host && context)
                return error_set(error, ERROR_USAGE,
                                 "--host and --context both say where the engine is; give one");
        if (host)
                return address_from_host(address, host, error);
        if (choose_context(context, &name, &source, error) < 0)
                return -1;
        if (text_empty(name) || text_equal(name, "default"))
                return address_from_host(address, NULL, error);
        return address_from_context(address, name, source, error);
}

int engine_address_resolve(const char *host, const char *context, struct engine_address *ret_address,
                           struct error *error)
{
        struct engine_address address = {0};

        /* An empty word is no word, as the CLI has it: --context "" is a script's unset variable. */
        if (resolve(&address, text_empty(host) ? NULL : host, text_empty(context) ? NULL : context, error) <
            0) {
                engine_address_done(&address);
                return -1;
        }
        *ret_address = address;
        return 0;
}
