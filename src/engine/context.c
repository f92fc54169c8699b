#include "engine/context.h"

#include "base/buffer.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "json/json.h"

#include <pwd.h>

#define CONFIG_BYTES_MAX ((size_t)1 << 20) /* credentials and plugin settings live in config.json too */

static char *home_folder(void)
{
        const char *home = getenv("HOME");

        if (text_empty(home)) {
                const struct passwd *user = getpwuid(getuid());
                home = user ? user->pw_dir : "/";
        }
        return text_copy(home);
}

char *context_folder(void)
{
        const char *named = getenv("DOCKER_CONFIG");

        if (!text_empty(named))
                return text_copy(named);
        _cleanup_free_ char *home = home_folder();
        return text_format("%s/.docker", home);
}

/*
 * A file that can't be read or understood is an error: the CLI warns and goes on with the default engine, and
 * that may be another one than the user means.
 */
static int read_json(const char *path, struct buffer *bytes, struct json_document **ret_document,
                     struct error *error)
{
        if (file_read(path, CONFIG_BYTES_MAX, bytes, error) < 0)
                return -1;
        if (json_parse(buffer_text(bytes), bytes->length, ret_document, error) < 0) {
                if (error)
                        error->kind = ERROR_USAGE;
                return error_while(error, "reading %s", path);
        }
        return 0;
}

int context_current(char **ret_name, struct error *error)
{
        _cleanup_free_ char *folder = context_folder();
        _cleanup_free_ char *path = text_format("%s/config.json", folder);
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_json_ struct json_document *document = NULL;

        if (access(path, F_OK) < 0) {
                *ret_name = NULL;
                return 0;
        }
        if (read_json(path, &bytes, &document, error) < 0)
                return -1;
        *ret_name = json_text(document, json_get(document, json_root(document), "currentContext"));
        return 0;
}

void context_endpoint_done(struct context_endpoint *endpoint)
{
        free(endpoint->host);
        free(endpoint->ca_path);
        free(endpoint->certificate_path);
        free(endpoint->key_path);
        *endpoint = (struct context_endpoint){0};
}

/* The path of a TLS file of the context, or NULL when the context has none. */
static char *tls_file(const char *folder, const char *digest, const char *name)
{
        _cleanup_free_ char *path = text_format("%s/contexts/tls/%s/docker/%s", folder, digest, name);

        return access(path, F_OK) == 0 ? steal_pointer(path) : NULL;
}

int context_load(const char *name, struct context_endpoint *ret_endpoint, struct error *error)
{
        char digest[DIGEST_TEXT_LENGTH + 1];
        _cleanup_free_ char *folder = context_folder();
        _cleanup_buffer_ struct buffer bytes = {0};
        _cleanup_json_ struct json_document *document = NULL;

        digest_of(name, strlen(name), digest);
        _cleanup_free_ char *path = text_format("%s/contexts/meta/%s/meta.json", folder, digest);
        if (access(path, F_OK) < 0)
                return error_set(error, ERROR_USAGE,
                                 "there is no docker context \"%s\" in %s; `docker context ls` lists them",
                                 name, folder);
        if (read_json(path, &bytes, &document, error) < 0)
                return -1;
        json_node docker = json_get(document, json_get(document, json_root(document), "Endpoints"), "docker");
        if (docker == JSON_NONE)
                return error_set(error, ERROR_USAGE, "the docker context \"%s\" has no docker endpoint (%s)",
                                 name, path);
        *ret_endpoint = (struct context_endpoint){
                .host = json_text(document, json_get(document, docker, "Host")),
                .skip_tls_verify = json_bool(document, json_get(document, docker, "SkipTLSVerify")),
                .ca_path = tls_file(folder, digest, "ca.pem"),
                .certificate_path = tls_file(folder, digest, "cert.pem"),
                .key_path = tls_file(folder, digest, "key.pem"),
        };
        return 0;
}
