/*
 * Random files with a declaration planted in them. What a shell runs before and after the edit, and what the
 * reader of Compose files finds, are the models; the system's `patch` applies the diff. The seed is printed;
 * SEED=N replays it.
 */

#include "move/patch/patch.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "base/text.h"
#include "swarm/declared.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>

#include <cmocka.h>

#define ROUNDS 40

static const struct patch_wish wish = {
        .network = "proxy", .old_subnet = "10.0.1.0/24", .new_subnet = "10.10.0.0/16", .reason = "it's full"};

static struct random_stream stream;
static char folder[] = "/tmp/headroom-patch.XXXXXX";

static bool one_in(uint64_t n)
{
        return random_below(&stream, n) == 0;
}

#define PICK(list) ((list)[random_below(&stream, ELEMENTS(list))])

static void write_file(const char *name, const char *bytes, size_t length)
{
        _cleanup_free_ char *path = text_format("%s/%s", folder, name);

        assert_int_equal(file_write(path, bytes, length, 0644, NULL), 0);
}

static void read_file(const char *name, struct buffer *ret_bytes)
{
        _cleanup_free_ char *path = text_format("%s/%s", folder, name);

        buffer_add_text(ret_bytes, "");
        assert_int_equal(file_read(path, 1 << 20, ret_bytes, NULL), 0);
}

static void run(const char *command)
{
        _cleanup_free_ char *line = text_format("cd %s && { %s; } >out 2>&1", folder, command);
        _cleanup_buffer_ struct buffer out = {0};

        if (system(line) == 0) // NOLINT(cert-env33-c): our own words
                return;
        read_file("out", &out);
        fail_msg("%s: %s", command, buffer_text(&out));
}

/* Shell */

static const char *const noise[] = {
        "# it's a comment: docker network create proxy",
        "x=1",
        "echo \"don't\" 'say \"docker network create proxy\"' >/dev/null",
        "y=\"a\nb # c\"",
        "true && : $((1 + 2)) ${x:-'z'} || false",
        "cat <<END\ndocker network create proxy; it's only shown\nEND",
        "cat >file <<'END'\ndocker network create \"$other\nEND",
        "f() { echo \"$1\"; }",
        "if [ \"$x\" = 1 ]; then :; else :; fi",
        "docker network create other --subnet 10.0.9.0/24",
        "docker network inspect proxy >/dev/null 2>&1 || true",
        "case $x in 1) ;; *) echo \")\" ;; esac",
        "z=$(docker info # it's\n)",
        "caf\xc3\xa9=1 2>/dev/null || true",
        "",
        "\t",
};

/* @ is where --subnet stands or may be put, $ the name. */
static const char *const forms[] = {
        "docker network create --driver overlay @$",
        "docker  network create --attachable @$ >/dev/null",
        "docker -H unix:///x --debug network create \\\n  -d overlay \\\n  @$",
        "\tdocker network create @$ # shared",
        "if ! docker network create -doverlay @$; then :; fi",
        "id=$(docker network create -d overlay @$)",
        "id=\"$(docker network create --label \"a b\" @$)\"",
        "sh -c 'docker network create @$'",
        "sh -c \"true; docker network create @$\"",
        "sh <<END\ndocker network create @$\nEND",
        "docker network inspect proxy >/dev/null 2>&1 ||\n  docker network create @$ 2>/dev/null || true",
        "{ docker network create @$; }",
        "(docker network create @$)",
        "DOCKER=docker; $DOCKER network create @$",
        "echo a; docker network create @$; echo b",
        "docker network create --opt encrypted @-- $",
};

static const char *const names[] = {"proxy", "proxy", "pro\\xy"};

static void fill_form(const char *form, const char *subnet, struct buffer *file)
{
        const char *name = PICK(names);

        for (; *form; form++) {
                bool slot = *form == '$' && (form[1] == 0 || strchr(" ;)'\"\n", form[1]));
                if (*form == '@')
                        buffer_add_text(file, subnet);
                else if (slot)
                        buffer_add_text(file, name);
                else
                        buffer_add(file, form, 1);
        }
        buffer_add_text(file, "\n");
}

static void add_noise(struct buffer *file)
{
        for (uint64_t i = random_below(&stream, 6); i > 0; i--)
                buffer_format(file, "%s\n", PICK(noise));
}

static void make_script(struct buffer *file)
{
        static const char *const subnets[] = {"",
                                              "--subnet 10.0.1.0/24 ",
                                              "--subnet=10.0.1.0/24 --gateway 10.0.1.1 ",
                                              "--gateway 10.0.1.1 ",
                                              "--gateway 10.10.1.1 ",
                                              "--subnet ${subnet} ",
                                              "--subnet=$subnet --ip-range=10.0.1.0/25 "};
        const char *subnet = PICK(subnets);

        if (one_in(2))
                buffer_add_text(file, "#!/bin/bash\n");
        add_noise(file);
        if (strchr(subnet, '$'))
                buffer_add_text(file, "  export subnet=10.0.1.0/24\n");
        add_noise(file);
        fill_form(PICK(forms), subnet, file);
        add_noise(file);
        if (one_in(4))
                file->bytes[--file->length] = 0;
}

/* Every word that docker got, a line each. */
static void run_script(const char *name, struct buffer *ret_words)
{
        _cleanup_free_ char *line =
                text_format("rm -f words; : >words; PATH=$PWD/bin:$PATH bash %s || true", name);

        run(line);
        read_file("words", ret_words);
}

/* The words without those of a subnet that lies elsewhere. */
static void without_subnet(const char *words, struct buffer *ret_words)
{
        static const char *const drop[] = {"--subnet\n10.0.1.0/24\n",  "--subnet=10.0.1.0/24\n",
                                           "--gateway\n10.0.1.1\n",    "--ip-range=10.0.1.0/25\n",
                                           "--subnet\n10.10.0.0/16\n", "--subnet=10.10.0.0/16\n"};

        buffer_add_text(ret_words, "");
        while (*words) {
                size_t skip = 0;
                for (size_t i = 0; i < ELEMENTS(drop); i++)
                        skip = text_starts_with(words, drop[i]) ? strlen(drop[i]) : skip;
                if (!skip)
                        buffer_add(ret_words, words, 1);
                words += skip ? skip : 1;
        }
}

static size_t occurrences(const char *text, const char *word)
{
        size_t count = 0;

        while ((text = strstr(text, word))) {
                text += strlen(word);
                count++;
        }
        return count;
}

/* The edited file, its reverse, and what `patch` makes of the diff. */
static void make_patch(const char *name, const struct buffer *file, struct buffer *ret_edited)
{
        _cleanup_free_ char *path = text_format("/%s", name);
        _cleanup_free_ char *command = text_format("patch -s -p1 --posix <diff && cat %s", name);
        _cleanup_patch_ struct plan_patch patch = {0};
        _cleanup_error_ struct error error = {0};
        _cleanup_buffer_ struct buffer again = {0};
        _cleanup_buffer_ struct buffer diff = {0};
        _cleanup_buffer_ struct buffer patched = {0};

        if (patch_make_bytes(path, file->bytes, file->length, &wish, &patch, &error) < 0 ||
            patch_edit(&patch, false, file->bytes, file->length, ret_edited, &error) < 0 ||
            patch_edit(&patch, true, ret_edited->bytes, ret_edited->length, &again, &error) < 0 ||
            patch_diff(&patch, file->bytes, file->length, &diff, &error) < 0)
                fail_msg("%s\n%s", error.sentence, file->bytes);
        assert_string_equal(buffer_text(&again), file->bytes);
        write_file(name, file->bytes, file->length);
        write_file("diff", diff.bytes, diff.length);
        run(command);
        read_file(name, &patched);
        if (!text_equal(buffer_text(&patched), ret_edited->bytes))
                fail_msg("patch made\n%sof\n%sby\n%s", patched.bytes, file->bytes, diff.bytes);
}

/* What `before` and `after` have docker do is the same but for the subnet. */
static void compare_runs(const struct buffer *file, const struct buffer *edited)
{
        _cleanup_buffer_ struct buffer old = {0}, new = {0};
        _cleanup_buffer_ struct buffer old_rest = {0}, new_rest = {0};

        run_script("before", &old);
        run_script("after", &new);
        without_subnet(old.bytes, &old_rest);
        without_subnet(new.bytes, &new_rest);
        if (!text_equal(old_rest.bytes, new_rest.bytes) || occurrences(new.bytes, "10.10.0.0/16") != 1 ||
            strstr(new.bytes, "10.0.1."))
                fail_msg("%s\nbecame\n%s\nand ran\n%s", file->bytes, edited->bytes, new.bytes);
}

static void a_shell_runs_the_same_with_the_new_subnet(void **state)
{
        for (int round = 0; round < ROUNDS; round++) {
                _cleanup_buffer_ struct buffer file = {0}, edited = {0};

                make_script(&file);
                make_patch("script.sh", &file, &edited);
                write_file("before", file.bytes, file.length);
                write_file("after", edited.bytes, edited.length);
                compare_runs(&file, &edited);
        }
}

/* Nix */

/* The script as an indented string between other things. */
static void make_nix(struct buffer *file)
{
        _cleanup_buffer_ struct buffer script = {0};

        make_script(&script);
        buffer_add_text(file,
                        "{ }: let foldl' = \"it's ''\"; /* don't */ in {\n"
                        "  other = \"docker network create ${\"web\"} \\\"\"; # docker network create proxy\n"
                        "  script = ''\n");
        for (const char *at = script.bytes; *at; at++) {
                const char *put = text_starts_with(at, "''")   ? "'''"
                                  : text_starts_with(at, "${") ? "''${"
                                                               : NULL;
                buffer_add(file, put ? put : at, put ? strlen(put) : 1);
                at += put != NULL;
        }
        buffer_add_text(file, "\n'';\n}\n");
}

static void evaluate(const char *name, const struct buffer *file)
{
        _cleanup_free_ char *line = text_format(
                "HOME=$PWD NIX_STATE_DIR=$PWD/nix NIX_STORE_DIR=$PWD/nix/store nix-instantiate --eval "
                "--strict --json -E 'import ./x.nix { }' | jq -j .script >%s",
                name);

        write_file("x.nix", file->bytes, file->length);
        run(line);
}

static void nix_gives_the_same_script_with_the_new_subnet(void **state)
{
        if (system("nix-instantiate --version >/dev/null 2>&1") != 0) // NOLINT(cert-env33-c): our own words
                skip();
        for (int round = 0; round < ROUNDS / 5; round++) {
                _cleanup_buffer_ struct buffer file = {0}, edited = {0};

                make_nix(&file);
                make_patch("swarm.nix", &file, &edited);
                evaluate("before", &file);
                evaluate("after", &edited);
                compare_runs(&file, &edited);
        }
}

/* Compose */

static void add_pool(struct buffer *file, const char *pad)
{
        static const char *const pools[] = {
                "%s  ipam:\n%s    config:\n%s      - subnet: 10.0.1.0/24\n",
                "%s  ipam:\n%s    config:\n%s    - gateway: 10.10.0.1\n",
                "%s  ipam:\n%s    driver: default\n%s    # it's empty\n",
                "%s  ipam: {config: [{subnet: '10.0.1.0/24', gateway: 10.0.1.1}]}\n%s  # c\n%s\n",
                "%s  ipam: {}\n%s  # a: b\n%s\n",
                "%s  attachable: true\n%s  driver: overlay\n%s  labels: {a: '{'}\n",
                "%s  labels:\n%s    - a=b\n%s    - \"c=#d\"\n",
        };
        const char *pool = PICK(pools);

        for (; *pool; pool++) {
                bool slot = pool[0] == '%' && pool[1] == 's';
                buffer_add(file, slot ? pad : pool, slot ? strlen(pad) : 1);
                pool += slot;
        }
}

static void make_compose(struct buffer *file)
{
        static const char *const heads[] = {"", "# it's Compose\n", "version: \"3.8\"\n\n",
                                            "services:\n  a: {image: x, networks: [proxy]}\n", "---\n"};
        static const char *const others[] = {"", "web: {attachable: true}\n", "web:\n", "web: {}\n"};
        static const char *const entries[] = {"proxy: {}",        "proxy:",   "'proxy': {driver: overlay}",
                                              "x: {name: proxy}", "proxy: ~", "\"proxy\": # shared"};
        const char *pad = one_in(2) ? "  " : "    ";
        const char *other = PICK(others);
        bool first = one_in(2);

        buffer_format(file, "%snetworks:\n", PICK(heads));
        if (first && *other)
                buffer_format(file, "%s%s", pad, other);
        if (one_in(2)) {
                buffer_format(file, "%sproxy:\n", pad);
                add_pool(file, pad);
        } else {
                buffer_format(file, "%s%s\n", pad, PICK(entries));
        }
        if (!first && *other)
                buffer_format(file, "%s%s", pad, other);
        if (one_in(3))
                buffer_add_text(file, "\n# the end: it's here\n");
        else if (one_in(3))
                file->bytes[--file->length] = 0;
}

/* Every network as it would be created; of proxy, the pool left out. */
static char *networks_of(const char *bytes, bool *ret_has_subnet)
{
        struct declared declared = {0};
        struct buffer text = {0};
        _cleanup_error_ struct error error = {0};

        if (declared_parse(bytes, strlen(bytes), "file", &declared, &error) < 0)
                return text_copy(error.sentence); /* a gateway without a subnet */
        for_each_declared (network, &declared) {
                if (text_equal(network->name, "proxy")) {
                        *ret_has_subnet = text_equal(network->subnet, "10.10.0.0/16");
                        free(network->subnet);
                        free(network->gateway);
                        network->subnet = network->gateway = NULL;
                }
                _cleanup_free_ char *request = declared_request(network);
                buffer_format(&text, "%s\n", request);
        }
        declared_done(&declared);
        return buffer_steal(&text);
}

static void compose_declares_the_same_with_the_new_subnet(void **state)
{
        for (int round = 0; round < 2 * ROUNDS; round++) {
                _cleanup_buffer_ struct buffer file = {0}, edited = {0};
                bool has_subnet = false, had;

                make_compose(&file);
                make_patch("compose.yml", &file, &edited);
                _cleanup_free_ char *old = networks_of(file.bytes, &had);
                _cleanup_free_ char *new = networks_of(edited.bytes, &has_subnet);
                if (!has_subnet || (!text_equal(old, new) && !strstr(old, "gateway")))
                        fail_msg("%s\nbecame\n%s\n%s%s", file.bytes, edited.bytes, old, new);
        }
}

static int set_up(void **state)
{
        static const char docker[] = "#!/bin/bash\nprintf '%s\\n' \"$@\" >>words\n[ \"$2\" != inspect ]\n";
        const char *given = getenv("SEED");
        uint64_t seed = (uint64_t)clock_wall_ms() | 1;

        if (given && !text_to_u64(given, &seed))
                return -1;
        fprintf(stderr, "SEED=%ju\n", (uintmax_t)seed);
        stream.state = seed ? seed : 1;
        if (!mkdtemp(folder))
                return -1;
        run("mkdir bin");
        write_file("bin/docker", docker, strlen(docker));
        run("chmod +x bin/docker");
        return 0;
}

static int tear_down(void **state)
{
        run("rm -rf bin nix swarm.nix* x.nix .cache .nix* .local before after diff file words script.sh* "
            "compose.yml*; rm -f out");
        return rmdir(folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_shell_runs_the_same_with_the_new_subnet),
                cmocka_unit_test(nix_gives_the_same_script_with_the_new_subnet),
                cmocka_unit_test(compose_declares_the_same_with_the_new_subnet),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
