/* The configuration: what is understood, what is refused and with which words, and where each value comes
 * from. */

#include "base/buffer.h"
#include "settings/settings.h"
#include "settings/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

static void parse(const char *text, struct settings *settings)
{
        _cleanup_error_ struct error error = {0};

        if (settings_parse(text, strlen(text), "test.yaml", settings, &error) < 0)
                fail_msg("%s", error.sentence);
}

static void refused(const char *text, const char *sentence)
{
        _cleanup_settings_ struct settings settings = {0};
        _cleanup_error_ struct error error = {0};

        if (settings_parse(text, strlen(text), "test.yaml", &settings, &error) == 0)
                fail_msg("understood: %s", text);
        assert_int_equal(error.kind, ERROR_USAGE);
        assert_string_equal(error.sentence, sentence);
}

static void nothing_written_is_all_defaults(void **state)
{
        static const char *const texts[] = {
                "",     "# only a comment\n",           "---\n",
                "{}\n", "state:\nreserve: ~\nquiet:\n", "ensure: {timeout: null}\n"};

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                _cleanup_settings_ struct settings settings = {0};
                parse(texts[i], &settings);
                assert_string_equal(settings.state, "/var/lib/headroom");
                assert_int_equal(settings.ensure_timeout_s, 60);
                assert_int_equal(settings.require_reviews, 0);
                assert_null(settings.allowed_signers);
                assert_int_equal(settings.reserve.items.count, 0);
        }
}

static const char all[] = "checks:\n"
                          "  - https://ci.example.org/\n"
                          "  - url: https://drone.example.org/healthz\n"
                          "    status: 200\n"
                          "    title: \"Drone: CI\"\n"
                          "quiet:\n"
                          "  stacks: [warm-*, traefik]\n"
                          "  busy: [\"*recipe*\"]\n"
                          "  commands: [\"! pgrep -f upgrade\"]\n"
                          "pause:\n"
                          "  units: [nightly.timer]\n"
                          "  services: [drone_runner]\n"
                          "roads:\n"
                          "  rebuild: nixos-rebuild switch\n"
                          "  units: [swarm-init.service, deploy-proxy.service]\n"
                          "  command: /root/deploy-all\n"
                          "reserve:\n"
                          "  - 10.20.0.0/16\n"
                          "  - 192.168.0.0/24\n"
                          "edges: [traefik_app]\n"
                          "require_reviews: 2\n"
                          "allowed_signers: /etc/headroom/allowed_signers\n"
                          "state: /srv/headroom\n"
                          "ensure: {timeout: 30}\n";

static void every_key_is_kept(void **state)
{
        _cleanup_settings_ struct settings settings = {0};

        parse(all, &settings);
        assert_int_equal(settings.checks.count, 2);
        assert_string_equal(settings.checks.items[0].url, "https://ci.example.org/");
        assert_int_equal(settings.checks.items[0].status, 0);
        assert_int_equal(settings.checks.items[1].status, 200);
        assert_string_equal(settings.checks.items[1].title, "Drone: CI");
        assert_int_equal(settings.checks.items[1].line, 3);
        assert_int_equal(settings.quiet_stacks.items.count, 2);
        assert_string_equal(settings.quiet_stacks.items.items[0].text, "warm-*");
        assert_string_equal(settings.quiet_busy.items.items[0].text, "*recipe*");
        assert_string_equal(settings.quiet_commands.items.items[0].text, "! pgrep -f upgrade");
        assert_string_equal(settings.pause_units.items.items[0].text, "nightly.timer");
        assert_string_equal(settings.pause_services.items.items[0].text, "drone_runner");
        assert_string_equal(settings.roads_rebuild, "nixos-rebuild switch");
        assert_string_equal(settings.roads_units.items.items[1].text, "deploy-proxy.service");
        assert_string_equal(settings.roads_command, "/root/deploy-all");
        assert_string_equal(settings.reserve.items.items[1].text, "192.168.0.0/24");
        assert_int_equal(settings.reserve.items.items[1].line, 19);
        assert_string_equal(settings.edges.items.items[0].text, "traefik_app");
        assert_int_equal(settings.require_reviews, 2);
        assert_string_equal(settings.allowed_signers, "/etc/headroom/allowed_signers");
        assert_string_equal(settings.state, "/srv/headroom");
        assert_int_equal(settings.ensure_timeout_s, 30);
}

static void unknown_keys_are_refused_with_their_line(void **state)
{
        refused("state: /x\nreserved: [10.0.0.0/8]\n",
                "test.yaml:2: there is no key reserved; `headroom help --man` lists all there are");
        refused("ensure:\n  # how long\n  timeout: 5\n  tiemout: 5\n",
                "test.yaml:4: there is no key ensure.tiemout; `headroom help --man` lists all there are");
        refused("ensure.timeout: 5\n",
                "test.yaml:1: there is no key ensure.timeout; `headroom help --man` lists all there are");
        refused("checks:\n  - url: http://a/\n    stauts: 200\n",
                "test.yaml:3: an item of checks has no key stauts, only url, status and title");
        refused("state: /x\nedges: []\nstate: /y\n",
                "test.yaml:3: state stands here a second time, after line 1");
}

static void wrong_types_are_refused_with_their_line(void **state)
{
        refused("- state\n", "test.yaml:1: the configuration takes a section, not a list");
        refused("hello\n", "test.yaml:1: the configuration takes a section, not a single value");
        refused("\nstate: [/x]\n", "test.yaml:2: state takes a single value, not a list");
        refused("state: \"\"\n", "test.yaml:1: state is empty");
        refused("state: here\n", "test.yaml:1: state takes a path that begins with /, not here");
        refused("reserve: 10.0.0.0/8\n", "test.yaml:1: reserve takes a list, not a single value");
        refused("reserve:\n  - 10.0.0.0/8\n  - lots\n", "test.yaml:3: lots is no range like 10.20.0.0/16");
        refused("reserve: [10.0.0.1/8]\n",
                "test.yaml:1: 10.0.0.1/8 has host bits set; did you mean 10.0.0.0/8?");
        refused("reserve: [\"fd00::/8\"]\n",
                "test.yaml:1: fd00::/8 is IPv6; headroom keeps IPv4 ranges only");
        refused("reserve:\n  - a: b\n",
                "test.yaml:2: an item of reserve takes a single value, not a section");
        refused("edges:\n  -\n", "test.yaml:1: an item of edges takes a single value, not nothing");
        refused("require_reviews: \"2\"\n",
                "test.yaml:1: require_reviews takes a whole number from 0 to 16 without quotes, not \"2\"");
        refused("require_reviews: -1\n",
                "test.yaml:1: require_reviews takes a whole number from 0 to 16 without quotes, not -1");
        refused("require_reviews: 17\n",
                "test.yaml:1: require_reviews takes a whole number from 0 to 16 without quotes, not 17");
        refused("ensure: 5\n", "test.yaml:1: ensure takes a section, not a single value");
        refused("ensure:\n  timeout: 0\n",
                "test.yaml:2: ensure.timeout takes a whole number from 1 to 86400 without quotes, not 0");
        refused("checks: [ftp://x/]\n", "test.yaml:1: ftp://x/ is no URL like https://ci.example.org/");
        refused("checks: [\"http:///x\"]\n", "test.yaml:1: http:///x is no URL like https://ci.example.org/");
        refused("checks:\n  - status: 200\n", "test.yaml:2: an item of checks needs a url");
        refused("checks:\n  - url: http://a/\n    status: 99\n",
                "test.yaml:3: checks.status takes a whole number from 100 to 599 without quotes, not 99");
        refused("edges: &e [a]\nreserve: *e\n",
                "test.yaml:2: reserve is an alias; headroom follows none, write the value out");
}

static void what_is_no_yaml_is_refused_with_its_line(void **state)
{
        refused("quiet:\n\tbusy: [a]\n",
                "test.yaml:2: this is not YAML: tab character may not be used as indentation");
        refused("state: \"/x\n", "test.yaml:1: this is not YAML: double-quoted scalar without closing quote");
        refused("state: /x\n---\nstate: /y\n",
                "test.yaml:3: this is a second document; the file holds more than one YAML document");
        refused("state: \"/x\\0y\"\n", "test.yaml:1: a text here holds a NUL");
        refused("state: /x\n? [a]\n: b\n", "test.yaml:2: a key here is no plain word");
        refused("state: /x\n\xff\xfe",
                "test.yaml:2: this is no text: the byte 0xff has no place in UTF-8 text");
        refused("a\x01", "test.yaml:1: this is no text: the byte 0x01 has no place in UTF-8 text");
}

static void a_list_is_bounded(void **state)
{
        _cleanup_buffer_ struct buffer text = {0};

        buffer_add_text(&text, "edges:\n");
        for (int i = 0; i <= SETTINGS_ITEMS_MAX; i++)
                buffer_format(&text, "  - s%d\n", i);
        refused(buffer_text(&text), "test.yaml:1: edges takes at most 256 items, not 257");
}

static void depth_is_bounded(void **state)
{
        _cleanup_free_ char *deep = memory_new(100001, 1);

        memset(deep, '[', 100000);
        refused(deep, "test.yaml:1: this is not YAML: Max depth (64) exceeded");
}

/* Every beginning of a good file is either understood or refused with a sentence, and every file with one
 * byte changed. */
static void no_damage_is_worse_than_a_sentence(void **state)
{
        static const char bytes[] = "\n \t:-[]{}#&*!|>'\"%@`,?\\x0\x80";
        size_t length = strlen(all);

        for (size_t i = 0; i < length; i++) {
                _cleanup_settings_ struct settings cut = {0};
                _cleanup_error_ struct error error = {0};
                if (settings_parse(all, i, "test.yaml", &cut, &error) < 0)
                        assert_memory_equal(error.sentence, "test.yaml", 9);
        }
        for (size_t i = 0; i < length; i++) {
                _cleanup_free_ char *changed = text_copy(all);
                _cleanup_settings_ struct settings settings = {0};
                _cleanup_error_ struct error error = {0};
                changed[i] = bytes[i % (sizeof(bytes) - 1)];
                if (settings_parse(changed, length, "test.yaml", &settings, &error) < 0)
                        assert_memory_equal(error.sentence, "test.yaml", 9);
        }
}

/* Files */

struct folder {
        char path[32];
};

static int make_folder(void **state)
{
        static struct folder folder;

        strcpy(folder.path, "/tmp/headroom-set.XXXXXX");
        *state = &folder;
        unsetenv("HEADROOM_CONFIG");
        unsetenv("HEADROOM_STATE");
        return mkdtemp(folder.path) ? 0 : -1;
}

static int remove_folder(void **state)
{
        const struct folder *folder = *state;
        _cleanup_free_ char *file = text_format("%s/file", folder->path);

        unlink(file);
        unsetenv("HEADROOM_CONFIG");
        unsetenv("HEADROOM_STATE");
        return rmdir(folder->path);
}

static char *file_in(void **state, const char *text)
{
        char *path = text_format("%s/file", ((const struct folder *)*state)->path);
        FILE *file = fopen(path, "we");

        assert_non_null(file);
        fputs(text, file);
        fclose(file);
        return path;
}

static void load_refused(const char *path, enum error_kind kind, const char *sentence)
{
        _cleanup_settings_ struct settings settings = {0};
        _cleanup_error_ struct error error = {0};

        assert_int_equal(settings_load(path, &settings, &error), -1);
        assert_int_equal(error.kind, kind);
        assert_string_equal(error.sentence, sentence);
}

static void a_file_that_can_not_be_read_is_named(void **state)
{
        const char *folder = ((const struct folder *)*state)->path;
        _cleanup_free_ char *file = text_format("%s/file", folder);
        _cleanup_free_ char *missing = text_format("cannot open %s: No such file or directory", file);
        _cleanup_free_ char *is_folder = text_format("%s is a folder, not a file", folder);
        _cleanup_free_ char *loop = text_format("cannot open %s: Too many levels of symbolic links", file);

        load_refused(file, ERROR_FAILED, missing);
        setenv("HEADROOM_CONFIG", file, 1);
        load_refused(NULL, ERROR_FAILED, missing);
        load_refused(folder, ERROR_FAILED, is_folder);
        assert_int_equal(symlink(file, file), 0);
        load_refused(file, ERROR_FAILED, loop);
}

static void a_huge_file_is_refused(void **state)
{
        _cleanup_free_ char *spaces = memory_new(SETTINGS_BYTES_MAX + 2, 1);
        memset(spaces, '\n', SETTINGS_BYTES_MAX + 1);
        _cleanup_free_ char *path = file_in(state, spaces);
        _cleanup_free_ char *sentence = text_format("%s is larger than 1048576 bytes", path);

        load_refused(path, ERROR_REFUSED, sentence);
        load_refused("/dev/zero", ERROR_REFUSED, "/dev/zero is larger than 1048576 bytes");
}

static void a_large_file_of_many_keys_is_judged_quickly(void **state)
{
        _cleanup_buffer_ struct buffer text = {0};
        _cleanup_yaml_ struct yaml yaml = {0};

        while (text.length < SETTINGS_BYTES_MAX - 100)
                buffer_format(&text, "k%zu: 1\n", text.length);
        assert_int_equal(yaml_parse(buffer_text(&text), text.length, "many", &yaml, NULL), 0);
        assert_true(yaml.root.children.count > 90000);
}

static void the_option_wins_over_the_environment(void **state)
{
        _cleanup_free_ char *path = file_in(state, "state: /from/file\n");
        _cleanup_settings_ struct settings settings = {0};

        setenv("HEADROOM_CONFIG", "/nowhere", 1);
        assert_int_equal(settings_load(path, &settings, NULL), 0);
        assert_string_equal(settings.state, "/from/file");
        assert_string_equal(settings.path, path);
}

/* HEADROOM_STATE=$FOLDER of a script in which FOLDER is not set. */
static void an_empty_variable_is_not_taken_for_an_unset_one(void **state)
{
        _cleanup_free_ char *path = file_in(state, "state: /from/file\n");
        _cleanup_settings_ struct settings settings = {0};

        setenv("HEADROOM_CONFIG", "", 1);
        load_refused(NULL, ERROR_USAGE, "HEADROOM_CONFIG is set, but empty: let it name a file, or unset it");
        assert_int_equal(settings_load(path, &settings, NULL), 0); /* the option wins over it */
        setenv("HEADROOM_STATE", "", 1);
        load_refused(path, ERROR_USAGE,
                     "HEADROOM_STATE is set, but empty: let it name a folder, or unset it");
}

/* Sources */

static void add_row(void *userdata, const struct setting *setting, const char *value, const char *source)
{
        buffer_format(userdata, "%s=%s (%s)\n", setting->name, value, source);
}

static void each_value_is_shown_with_its_source(void **state)
{
        _cleanup_free_ char *path = file_in(state, "checks:\n"
                                                   "  - {url: 'https://a/', status: 200, title: A}\n"
                                                   "reserve: [10.20.0.0/16,\n"
                                                   "  10.30.0.0/16]\n"
                                                   "require_reviews: 2\n"
                                                   "state: /from/file\n");
        _cleanup_settings_ struct settings settings = {0};
        _cleanup_buffer_ struct buffer shown = {0};
        _cleanup_free_ char *wanted = NULL;

        setenv("HEADROOM_STATE", "/from/environment", 1);
        assert_int_equal(settings_load(path, &settings, NULL), 0);
        settings_show(&settings, add_row, &shown);
        wanted = text_format("checks=https://a/ status 200 title \"A\" (%s:2)\n"
                             "quiet.stacks= (default)\n"
                             "quiet.busy= (default)\n"
                             "quiet.commands= (default)\n"
                             "quiet.wait=60 (default)\n"
                             "pause.units= (default)\n"
                             "pause.services= (default)\n"
                             "roads.rebuild= (default)\n"
                             "roads.units= (default)\n"
                             "roads.command= (default)\n"
                             "roads.timeout=900 (default)\n"
                             "reserve=10.20.0.0/16 (%s:3)\n"
                             "reserve=10.30.0.0/16 (%s:4)\n"
                             "edges= (default)\n"
                             "require_reviews=2 (%s:5)\n"
                             "allowed_signers= (default)\n"
                             "state=/from/environment (environment HEADROOM_STATE)\n"
                             "ensure.timeout=60 (default)\n",
                             path, path, path, path);
        assert_string_equal(buffer_text(&shown), wanted);
}

static void every_key_says_what_it_is(void **state)
{
        for (const struct setting *setting = settings_table; setting->name; setting++) {
                assert_non_null(setting->argument);
                assert_non_null(setting->help);
        }
}

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing_written_is_all_defaults),
                cmocka_unit_test(every_key_is_kept),
                cmocka_unit_test(unknown_keys_are_refused_with_their_line),
                cmocka_unit_test(wrong_types_are_refused_with_their_line),
                cmocka_unit_test(what_is_no_yaml_is_refused_with_its_line),
                cmocka_unit_test(a_list_is_bounded),
                cmocka_unit_test(depth_is_bounded),
                cmocka_unit_test(no_damage_is_worse_than_a_sentence),
                cmocka_unit_test(a_large_file_of_many_keys_is_judged_quickly),
                cmocka_unit_test(every_key_says_what_it_is),
                WITH_FOLDER(a_file_that_can_not_be_read_is_named),
                WITH_FOLDER(a_huge_file_is_refused),
                WITH_FOLDER(the_option_wins_over_the_environment),
                WITH_FOLDER(an_empty_variable_is_not_taken_for_an_unset_one),
                WITH_FOLDER(each_value_is_shown_with_its_source),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
