/* That headroom finds the engine the docker CLI finds. The expectations were measured with docker 28.2.2. */

#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static char folder[64]; /* DOCKER_CONFIG of every test */

static const char *const variables[] = {"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_TLS",
                                        "DOCKER_CERT_PATH"};

static void write_in(const char *name, const char *text)
{
        _cleanup_free_ char *path = text_format("%s/%s", folder, name);
        _cleanup_free_ char *parent = text_copy_n(path, (size_t)(strrchr(path, '/') - path));

        assert_int_equal(folder_make(parent, 0700, NULL), 0);
        assert_int_equal(file_write(path, text, strlen(text), 0600, NULL), 0);
}

static void write_context(const char *name, const char *endpoint_json, const char *tls_file)
{
        char digest[DIGEST_TEXT_LENGTH + 1];

        digest_of(name, strlen(name), digest);
        _cleanup_free_ char *meta = text_format("contexts/meta/%s/meta.json", digest);
        _cleanup_free_ char *json =
                text_format("{\"Name\":\"%s\",\"Metadata\":{},\"Endpoints\":%s}", name, endpoint_json);
        write_in(meta, json);
        if (!tls_file)
                return;
        _cleanup_free_ char *tls = text_format("contexts/tls/%s/docker/%s", digest, tls_file);
        write_in(tls, "pem");
}

static int set_up(void **state)
{
        strcpy(folder, "/tmp/headroom-address.XXXXXX");
        if (!mkdtemp(folder))
                return -1;
        for (size_t i = 0; i < ELEMENTS(variables); i++)
                unsetenv(variables[i]);
        return setenv("DOCKER_CONFIG", folder, 1);
}

static int tear_down(void **state)
{
        _cleanup_free_ char *command = text_format("rm -rf %s", folder);

        return system(command); // NOLINT(cert-env33-c): a test with fixed words
}

static void assert_resolves(const char *host, const char *context, const char *expected, const char *origin)
{
        struct engine_address address = {0};
        _cleanup_error_ struct error error = {0};

        if (engine_address_resolve(host, context, &address, &error) < 0)
                fail_msg("%s", error.sentence);
        assert_string_equal(address.host, expected);
        assert_string_equal(address.origin, origin);
        engine_address_done(&address);
}

static void assert_refuses(const char *host, const char *context, enum error_kind kind, const char *words)
{
        struct engine_address address = {0};
        _cleanup_error_ struct error error = {0};

        assert_int_equal(engine_address_resolve(host, context, &address, &error), -1);
        assert_null(address.host);
        if (error.kind != kind || !strstr(error.sentence, words))
                fail_msg("expected kind %d and \"%s\", got kind %d and \"%s\"", kind, words, error.kind,
                         error.sentence);
}

/* --- which source decides --- */

static void test_nothing_said_means_the_default_socket(void **state)
{
        assert_resolves(NULL, NULL, "unix:///var/run/docker.sock", "the default");
        assert_resolves("", "", "unix:///var/run/docker.sock", "the default");
}

static void test_each_source_overrides_the_next(void **state)
{
        write_in("config.json", "{\"auths\":{},\"currentContext\":\"current\"}");
        write_context("current", "{\"docker\":{\"Host\":\"unix:///current\"}}", NULL);
        write_context("named", "{\"docker\":{\"Host\":\"unix:///named\"}}", NULL);
        write_context("given", "{\"docker\":{\"Host\":\"unix:///given\"}}", NULL);

        assert_resolves(NULL, NULL, "unix:///current",
                        "context current, from currentContext in docker's config.json");
        setenv("DOCKER_CONTEXT", "named", 1);
        assert_resolves(NULL, NULL, "unix:///named", "context named, from DOCKER_CONTEXT");
        setenv("DOCKER_HOST", "unix:///env", 1);
        assert_resolves(NULL, NULL, "unix:///env", "DOCKER_HOST");
        assert_resolves(NULL, "given", "unix:///given", "context given, from --context");
        assert_resolves("unix:///flag", NULL, "unix:///flag", "--host");
}

static void test_the_default_context_is_what_the_variables_say(void **state)
{
        write_in("config.json", "{\"currentContext\":\"default\"}");
        assert_resolves(NULL, NULL, "unix:///var/run/docker.sock", "the default");
        setenv("DOCKER_CONTEXT", "default", 1);
        assert_resolves(NULL, NULL, "unix:///var/run/docker.sock", "the default");
        setenv("DOCKER_HOST", "unix:///env", 1);
        assert_resolves(NULL, "default", "unix:///env", "DOCKER_HOST");
}

static void test_host_and_context_together_are_refused(void **state)
{
        assert_refuses("unix:///x", "default", ERROR_USAGE, "--host and --context");
}

static void test_an_unknown_context_is_named(void **state)
{
        setenv("DOCKER_CONTEXT", "lab", 1);
        assert_refuses(NULL, NULL, ERROR_USAGE, "there is no docker context \"lab\"");
}

static void test_a_context_for_something_else_is_refused(void **state)
{
        write_context("k", "{\"kubernetes\":{}}", NULL);
        assert_refuses(NULL, "k", ERROR_USAGE, "\"k\" has no docker endpoint");
}

static void test_a_broken_config_is_an_error_and_not_another_engine(void **state)
{
        write_in("config.json", "{\"currentContext\":\"lab\"");
        assert_refuses(NULL, NULL, ERROR_USAGE, "");
        assert_resolves("unix:///x", NULL, "unix:///x", "--host"); /* where it is not needed it is not read */
}

static void test_the_config_folder_is_found_through_home(void **state)
{
        _cleanup_free_ char *home = text_copy(getenv("HOME"));

        write_in(".docker/config.json", "{\"currentContext\":\"default\"}");
        unsetenv("DOCKER_CONFIG");
        setenv("HOME", folder, 1);
        assert_refuses(NULL, "lab", ERROR_USAGE, "/.docker; `docker context ls`");
        unsetenv("HOME"); /* then the user's own folder */
        assert_refuses(NULL, "lab", ERROR_USAGE, "/.docker; `docker context ls`");
        setenv("HOME", home ? home : "/", 1);
}

/* --- how a host is written --- */

struct writing {
        const char *name;
        const char *host;
        const char *expected; /* NULL: refused with the words */
        const char *words;
};

static const struct writing writings[] = {
        {"a socket's path without a scheme is a socket", "/run/x.sock", "unix:///run/x.sock"},
        {"unix without a path is the default socket", "unix://", "unix:///var/run/docker.sock"},
        {"a bare host is TCP on 2375", "manager1", "tcp://manager1:2375"},
        {"a bare host and port are TCP", "manager1:99", "tcp://manager1:99"},
        {"a bare port is TCP on localhost", ":99", "tcp://localhost:99"},
        {"tcp without anything is localhost", "tcp://", "tcp://localhost:2375"},
        {"a missing port is 2375", "tcp://10.0.0.1", "tcp://10.0.0.1:2375"},
        {"an empty port is 2375", "tcp://10.0.0.1:", "tcp://10.0.0.1:2375"},
        {"an IPv6 literal keeps its brackets", "tcp://[::1]:99", "tcp://[::1]:99"},
        {"an IPv6 literal without a port gets one", "tcp://[::1]", "tcp://[::1]:2375"},
        {"a path behind a proxy is kept", "tcp://proxy:80/engine", "tcp://proxy:80/engine"},
        {"blanks around it do not count", " tcp://h:1\n", "tcp://h:1"},
        {"an IPv6 address without brackets is refused", "tcp://::1:99", NULL, "write tcp://HOST:PORT"},
        {"a port beyond the last is refused", "tcp://h:65536", NULL, "write tcp://HOST:PORT"},
        {"a port that is no number is refused", "tcp://h:docker", NULL, "write tcp://HOST:PORT"},
        {"a password in the address is refused", "tcp://me:secret@h:1", NULL, "write tcp://HOST:PORT"},
        {"two schemes are refused", "unix://tcp://h", NULL, "write unix:///PATH or tcp://HOST:PORT"},
        {"ssh is refused with what to do", "ssh://me@manager", NULL,
         "not supported yet; run headroom on that manager"},
        {"a named pipe is refused", "npipe:////./pipe/docker_engine", NULL, "Windows named pipes"},
        {"a listening address is refused", "fd://", NULL, "for dockerd to listen on"},
        {"an unknown scheme is refused", "http://h:1", NULL, "write unix:///PATH or tcp://HOST:PORT"},
};

static void test_writing(void **state)
{
        const struct writing *writing = *state;

        if (writing->expected)
                assert_resolves(writing->host, NULL, writing->expected, "--host");
        else
                assert_refuses(writing->host, NULL, ERROR_REFUSED, writing->words);
}

/* --- TLS --- */

static struct engine_address resolve(const char *host, const char *context)
{
        struct engine_address address = {0};
        _cleanup_error_ struct error error = {0};

        if (engine_address_resolve(host, context, &address, &error) < 0)
                fail_msg("%s", error.sentence);
        return address;
}
#define _cleanup_address_ _cleanup_(engine_address_done)

static void assert_file(const char *path, const char *name)
{
        assert_non_null(path);
        assert_true(text_starts_with(path, folder));
        assert_string_equal(strrchr(path, '/') + 1, name);
}

static void test_tls_takes_its_files_from_the_config_folder(void **state)
{
        setenv("DOCKER_TLS_VERIFY", "1", 1);
        write_in("ca.pem", "pem");
        write_in("cert.pem", "pem");
        write_in("key.pem", "pem");
        _cleanup_address_ struct engine_address address = resolve("tcp://h", NULL);
        assert_string_equal(address.host,
                            "tcp://h:2375"); /* measured: TLS does not change the port of a named host */
        assert_true(address.tls && address.tls_verify);
        assert_file(address.ca_path, "ca.pem");
        assert_file(address.certificate_path, "cert.pem");
        assert_file(address.key_path, "key.pem");
}

static void test_tls_without_a_host_means_localhost_2376(void **state)
{
        setenv("DOCKER_TLS", "1", 1);
        _cleanup_address_ struct engine_address address = resolve(NULL, NULL);
        assert_string_equal(address.host, "tcp://localhost:2376");
        assert_true(address.tls);
        assert_false(address.tls_verify);
        assert_null(address.ca_path);
}

static void test_verification_without_an_authority_names_the_missing_file(void **state)
{
        setenv("DOCKER_TLS_VERIFY", "1", 1);
        setenv("DOCKER_CERT_PATH", "/nonexistent", 1);
        assert_refuses("tcp://h", NULL, ERROR_USAGE,
                       "/nonexistent/ca.pem can't be read; set DOCKER_CERT_PATH");
}

static void test_a_socket_is_spoken_to_without_tls(void **state)
{
        setenv("DOCKER_TLS", "1", 1);
        write_in("cert.pem", "pem");
        _cleanup_address_ struct engine_address address = resolve("unix:///x", NULL);
        assert_false(address.tls || address.tls_verify);
        assert_null(address.certificate_path);
}

static void test_a_socket_needs_no_certificates_whatever_the_variables_say(void **state)
{
        /* the CLI wants ca.pem even then; asking for a file that is not used helps nobody */
        setenv("DOCKER_TLS_VERIFY", "1", 1);
        assert_resolves("unix:///x", NULL, "unix:///x", "--host");
}

static void test_a_context_brings_its_own_tls(void **state)
{
        setenv("DOCKER_TLS", "1", 1);
        write_in("cert.pem", "pem"); /* not the context's */
        write_context("lab", "{\"docker\":{\"Host\":\"tcp://h:2376\",\"SkipTLSVerify\":false}}", "ca.pem");
        _cleanup_address_ struct engine_address address = resolve(NULL, "lab");
        assert_true(address.tls && address.tls_verify);
        assert_file(address.ca_path, "ca.pem");
        assert_non_null(strstr(address.ca_path, "/contexts/tls/"));
        assert_null(address.certificate_path);
}

static void test_a_context_may_skip_verification(void **state)
{
        write_context("lab", "{\"docker\":{\"Host\":\"tcp://h:2376\",\"SkipTLSVerify\":true}}", NULL);
        _cleanup_address_ struct engine_address address = resolve(NULL, "lab");
        assert_true(address.tls);
        assert_false(address.tls_verify);
}

static void test_a_context_without_tls_files_is_plain(void **state)
{
        setenv("DOCKER_TLS", "1", 1);
        write_context("lab", "{\"docker\":{\"Host\":\"tcp://h\"}}", NULL);
        _cleanup_address_ struct engine_address address = resolve(NULL, "lab");
        assert_string_equal(address.host, "tcp://h:2375");
        assert_false(address.tls);
}

int main(void)
{
        static const struct CMUnitTest single[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
                TEST(test_nothing_said_means_the_default_socket),
                TEST(test_each_source_overrides_the_next),
                TEST(test_the_default_context_is_what_the_variables_say),
                TEST(test_host_and_context_together_are_refused),
                TEST(test_an_unknown_context_is_named),
                TEST(test_a_context_for_something_else_is_refused),
                TEST(test_a_broken_config_is_an_error_and_not_another_engine),
                TEST(test_the_config_folder_is_found_through_home),
                TEST(test_tls_takes_its_files_from_the_config_folder),
                TEST(test_tls_without_a_host_means_localhost_2376),
                TEST(test_verification_without_an_authority_names_the_missing_file),
                TEST(test_a_socket_is_spoken_to_without_tls),
                TEST(test_a_socket_needs_no_certificates_whatever_the_variables_say),
                TEST(test_a_context_brings_its_own_tls),
                TEST(test_a_context_may_skip_verification),
                TEST(test_a_context_without_tls_files_is_plain),
        };
        struct CMUnitTest tests[ELEMENTS(single) + ELEMENTS(writings)];
        size_t count = ELEMENTS(single);

        memcpy(tests, single, sizeof(single));
        for (size_t i = 0; i < ELEMENTS(writings); i++) {
                const struct writing *row = &writings[i];
                tests[count++] = (struct CMUnitTest){row->name, test_writing, set_up, tear_down, (void *)row};
        }
        return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
