#include "move/patch/patch.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct patch_wish usual = {.network = "proxy",
                                        .old_subnet = "10.0.1.0/24",
                                        .new_subnet = "10.10.0.0/16",
                                        .reason = "255 times the room"};

#define SAYS "# headroom: subnet 10.10.0.0/16 in place of 10.0.1.0/24: 255 times the room.\n"

/* What the file becomes; the reverse gives it back. */
static void expect_of(const struct patch_wish *wish, const char *path, const char *file, const char *edited)
{
        _cleanup_patch_ struct plan_patch patch = {0};
        _cleanup_error_ struct error error = {0};
        _cleanup_buffer_ struct buffer after = {0};
        _cleanup_buffer_ struct buffer again = {0};

        if (patch_make_bytes(path, file, strlen(file), wish, &patch, &error) < 0 ||
            patch_edit(&patch, false, file, strlen(file), &after, &error) < 0)
                fail_msg("%s\n%s", error.sentence, file);
        assert_string_equal(buffer_text(&after), edited);
        assert_int_equal(patch_edit(&patch, true, buffer_text(&after), after.length, &again, &error), 0);
        assert_string_equal(buffer_text(&again), file);
}

static void expect(const char *path, const char *file, const char *edited)
{
        expect_of(&usual, path, file, edited);
}

/* No edits. */
static void expect_done(const char *path, const char *file)
{
        _cleanup_patch_ struct plan_patch patch = {0};
        _cleanup_error_ struct error error = {0};

        if (patch_make_bytes(path, file, strlen(file), &usual, &patch, &error) < 0)
                fail_msg("%s\n%s", error.sentence, file);
        assert_int_equal(patch.edits.count, 0);
        assert_string_equal(patch.before, patch.after);
}

/* Refused, with these words in the sentence. */
static void expect_refusal(const char *path, const char *file, const char *words)
{
        _cleanup_patch_ struct plan_patch patch = {0};
        _cleanup_error_ struct error error = {0};

        if (patch_make_bytes(path, file, strlen(file), &usual, &patch, &error) == 0)
                fail_msg("not refused, with %zu edits, the first '%s':\n%s", patch.edits.count,
                         patch.edits.count ? patch.edits.items[0].edited : "", file);
        assert_int_equal(error.kind, ERROR_REFUSED);
        if (!strstr(error.sentence, words))
                fail_msg("'%s' has no '%s'", error.sentence, words);
        assert_null(patch.path);
}

/* The reference host */

static const char swarm_nix[] =
        "{ config, pkgs, ... }:\n"
        "{\n"
        "  # The swarm's shared overlay; don't docker network create proxy by hand.\n"
        "  systemd.services.swarm-init = {\n"
        "    after = [ \"docker.service\" ];\n"
        "    path = [ pkgs.docker ];\n"
        "    script = ''\n"
        "      docker info --format '{{.Swarm.LocalNodeState}}' | grep -q active || docker swarm init\n"
        "      docker network inspect proxy >/dev/null 2>&1 ||\n"
        "        docker network create --driver overlay --attachable proxy\n"
        "    '';\n"
        "    serviceConfig.Type = \"oneshot\";\n"
        "  };\n"
        "}\n";

static void the_reference_hosts_one_line(void **state)
{
        _cleanup_patch_ struct plan_patch patch = {0};
        _cleanup_buffer_ struct buffer diff = {0};
        size_t length = strlen(swarm_nix);

        assert_int_equal(
                patch_make_bytes("/etc/nixos/nix/modules/swarm.nix", swarm_nix, length, &usual, &patch, NULL),
                0);
        assert_int_equal(patch.line, 10);
        assert_string_equal(patch.declaration,
                            "        docker network create --driver overlay --attachable proxy");
        assert_false(patch.in_place);
        assert_int_equal(patch_diff(&patch, swarm_nix, length, &diff, NULL), 0);
        assert_string_equal(
                buffer_text(&diff),
                "--- a/etc/nixos/nix/modules/swarm.nix\n"
                "+++ b/etc/nixos/nix/modules/swarm.nix\n"
                "@@ -7,7 +7,8 @@\n"
                "     script = ''\n"
                "       docker info --format '{{.Swarm.LocalNodeState}}' | grep -q active || docker swarm "
                "init\n"
                "       docker network inspect proxy >/dev/null 2>&1 ||\n"
                "+        " SAYS "-        docker network create --driver overlay --attachable proxy\n"
                "+        docker network create --driver overlay --attachable --subnet 10.10.0.0/16 proxy\n"
                "     '';\n"
                "     serviceConfig.Type = \"oneshot\";\n"
                "   };\n");
}

/* Shell */

static void a_plain_command_gets_the_subnet_before_its_name(void **state)
{
        expect("a.sh", "docker network create -d overlay proxy\n",
               SAYS "docker network create -d overlay --subnet 10.10.0.0/16 proxy\n");
        expect("a.sh", "docker network create proxy",
               SAYS "docker network create --subnet 10.10.0.0/16 proxy");
        expect("a.sh", "docker network create proxy --driver overlay\n",
               SAYS "docker network create --subnet 10.10.0.0/16 proxy --driver overlay\n");
        expect("a.sh", "docker network create -doverlay -- proxy\n",
               SAYS "docker network create -doverlay --subnet 10.10.0.0/16 -- proxy\n");
        expect("a.sh", "docker network create --label proxy 'proxy'\n",
               SAYS "docker network create --label proxy --subnet 10.10.0.0/16 'proxy'\n");
}

static void the_ways_to_name_docker(void **state)
{
        static const char *const ways[] = {"docker  network   create",
                                           "/usr/bin/docker network create",
                                           "sudo -n docker -H unix:///run/d.sock network create",
                                           "docker --context prod --debug network create",
                                           "docker --host=tcp://h:1 -l warn network create",
                                           "\"$DOCKER\" network create",
                                           "${docker} network create",
                                           "$(command -v docker) network create",
                                           "if ! docker network create",
                                           "DOCKER_HOST=x timeout 5 docker network create",
                                           "\"docker\" 'network' create"};

        for (size_t i = 0; i < ELEMENTS(ways); i++) {
                _cleanup_free_ char *file = text_format("#!/bin/sh\n\t%s \"proxy\" >/dev/null\n", ways[i]);
                _cleanup_free_ char *edited = text_format(
                        "#!/bin/sh\n\t" SAYS "\t%s --subnet 10.10.0.0/16 \"proxy\" >/dev/null\n", ways[i]);
                expect("create", file, edited);
        }
}

static void a_subnet_that_stands_there_is_replaced(void **state)
{
        expect("a.sh", "docker network create --subnet 10.0.1.0/24 proxy\n",
               SAYS "docker network create --subnet 10.10.0.0/16 proxy\n");
        expect("a.sh", "docker network create --subnet='10.0.1.0/24' proxy\n",
               SAYS "docker network create --subnet='10.10.0.0/16' proxy\n");
        expect("a.sh", "docker network create proxy \"--subnet=10.0.1.0/24\"\n",
               SAYS "docker network create proxy \"--subnet=10.10.0.0/16\"\n");
        expect_refusal("a.sh", "docker network create --subnet 10.0.1.0/24 --subnet 10.0.2.0/24 proxy\n",
                       "a.sh:1: proxy has several subnets");
        expect_refusal("a.sh", "docker network create --subnet 10.0.'1'.0/24 proxy\n", "several pieces");
        expect_refusal("a.sh", "docker network create --subnet 10.0.1.0/24,10.0.2.0/24 proxy\n",
                       "several subnets");
        expect_refusal("a.sh", "docker network create --config-from base proxy\n", "another network");
}

static void a_variable_is_edited_where_it_is_set(void **state)
{
        expect("a.sh", "SUBNET=10.0.1.0/24\nNET=\"proxy\"\ndocker network create --subnet \"$SUBNET\" $NET\n",
               SAYS "SUBNET=10.10.0.0/16\nNET=\"proxy\"\ndocker network create --subnet \"$SUBNET\" $NET\n");
        expect("a.sh", "x() {\n  local s='10.0.1.0/24'\n  docker network create --subnet=${s} proxy\n}\n",
               "x() {\n  " SAYS "  local s='10.10.0.0/16'\n  docker network create --subnet=${s} proxy\n}\n");
        expect_refusal("a.sh", "\n\ndocker network create --subnet $S proxy\n", "a.sh:3: ");
        expect_refusal("a.sh", "S=1\nS=2\ndocker network create --subnet $S proxy\n", "a.sh:3: ");
        expect_refusal("a.sh", "S=$1\ndocker network create --subnet $S proxy\n", "a.sh:2: ");
        expect_refusal("a.sh", "S=10.0.1.0/24\ndocker network create --subnet ${S:-10.0.9.0/24} proxy\n",
                       "only known when this runs");
        expect_refusal("a.sh",
                       "S=10.0.1.0/24\ndocker network create --subnet $S proxy\ndocker network create "
                       "--subnet $S b\n",
                       "a.sh:1: S is the subnet of another network");
}

static void what_lies_outside_of_the_subnet_goes(void **state)
{
        expect("a.sh", "docker network create --gateway 10.0.1.1 --subnet 10.0.1.0/24 proxy\n",
               "# headroom: subnet 10.10.0.0/16 in place of 10.0.1.0/24: 255 times the room. Taken out, "
               "being "
               "outside of it: 10.0.1.1.\ndocker network create --subnet 10.10.0.0/16 proxy\n");
        expect("a.sh",
               "docker network create \\\n  --gateway=10.0.1.1 \\\n  --ip-range 10.0.1.0/25 \\\n  proxy\n",
               "# headroom: subnet 10.10.0.0/16 in place of 10.0.1.0/24: 255 times the room. Taken out, "
               "being "
               "outside of it: 10.0.1.1, 10.0.1.0/25.\ndocker network create \\\n  --subnet 10.10.0.0/16 "
               "proxy\n");
        expect("a.sh", "docker network create --gateway 10.10.3.1 --aux-address a=10.10.0.9 proxy\n",
               SAYS
               "docker network create --gateway 10.10.3.1 --aux-address a=10.10.0.9 --subnet 10.10.0.0/16 "
               "proxy\n");
        expect_refusal("a.sh", "docker network create --gateway $GW proxy\n", "can't be told");
        expect_refusal("a.sh", "docker network create --aux-address 10.0.0.1 proxy\n", "can't be told");
        expect_refusal("a.sh", "docker network create 2>x --gateway 10.0.1.1 proxy\n", "taken out safely");
}

static void a_comment_stands_above_the_whole_command(void **state)
{
        expect("a.sh", "set -e\n  docker network create \\\n    --driver overlay \\\n    proxy\n",
               "set -e\n  " SAYS
               "  docker network create \\\n    --driver overlay \\\n    --subnet 10.10.0.0/16 proxy\n");
        expect("a.sh", "x='a\nb'; docker network create proxy\n",
               SAYS "x='a\nb'; docker network create --subnet 10.10.0.0/16 proxy\n");
        expect("a.sh", "id=$(\n  docker network create proxy\n)\n",
               SAYS "id=$(\n  docker network create --subnet 10.10.0.0/16 proxy\n)\n");
        expect("a.sh", "ssh host <<END\ndocker network create proxy\nEND\ntrue\n",
               SAYS "ssh host <<END\ndocker network create --subnet 10.10.0.0/16 proxy\nEND\ntrue\n");
        expect("a.sh", "cat >run <<-'END' || exit\n\tdocker network create proxy\n\tEND\n",
               SAYS
               "cat >run <<-'END' || exit\n\tdocker network create --subnet 10.10.0.0/16 proxy\n\tEND\n");
}

static void a_comment_of_an_earlier_move_is_replaced(void **state)
{
        expect("a.sh",
               "true\n  # headroom: subnet 10.0.1.0/24 in place of 10.0.0.0/28: too small\n  docker network "
               "create --subnet 10.0.1.0/24 proxy\n",
               "true\n  " SAYS "  docker network create --subnet 10.10.0.0/16 proxy\n");
}

static void commands_in_quotes_are_commands(void **state)
{
        expect("a.sh", "ssh host 'docker network create proxy'\n",
               SAYS "ssh host 'docker network create --subnet 10.10.0.0/16 proxy'\n");
        expect("a.sh", "sh -c \"docker network create \\\"proxy\\\"\"\n",
               SAYS "sh -c \"docker network create --subnet 10.10.0.0/16 \\\"proxy\\\"\"\n");
        expect("a.sh", "id=\"$(docker network create \"proxy\")\"\n",
               SAYS "id=\"$(docker network create --subnet 10.10.0.0/16 \"proxy\")\"\n");
        expect("a.sh", "c='docker network create proxy'; $c\n",
               SAYS "c='docker network create --subnet 10.10.0.0/16 proxy'; $c\n");
        expect("a.sh", "x=`docker network create proxy`\n",
               SAYS "x=`docker network create --subnet 10.10.0.0/16 proxy`\n");
        expect("a.sh", "sh -c \"ssh h 'docker network create proxy'\"\n",
               SAYS "sh -c \"ssh h 'docker network create --subnet 10.10.0.0/16 proxy'\"\n");
        expect_refusal("a.sh", "sh -c docker\\ network\\ create\\ proxy\n", "can't be edited safely");
}

static void what_is_only_said_is_no_declaration(void **state)
{
        static const char *const files[] = {
                "# docker network create proxy\n",
                "true # docker network create proxy\n",
                "echo docker network create proxy\n",
                "echo \"try: docker network create proxy\"\n",
                "cat <<END\ndocker network create proxy\nEND\n",
                "docker network create proxy2\n",
                "docker network create other # proxy\n",
                "docker network rm proxy\n",
                "docker network inspect proxy\n",
                "docker network create --driver proxy other\n",
                "docker network create -d proxy other\n",
                "docker --what network create proxy\n",
                "",
        };

        for (size_t i = 0; i < ELEMENTS(files); i++)
                expect_refusal("a.sh", files[i], "declares no network proxy");
        expect_refusal("a.sh", "docker network create a proxy\n", "line 1 is only known when it runs");
        expect_refusal("a.sh", "\nfor n in proxy b; do docker network create $n; done\n",
                       "line 2 is only known when it runs");
}

static void several_declarations_are_refused_with_their_lines(void **state)
{
        expect_refusal("a.sh", "docker network create proxy\n\ndocker network create proxy\n",
                       "declares the network proxy 2 times, in lines 1, 3");
        expect("a.sh", "echo docker network create proxy\ndocker network create proxy\n",
               "echo docker network create proxy\n" SAYS
               "docker network create --subnet 10.10.0.0/16 proxy\n");
}

static void a_file_that_has_the_subnet_needs_no_edit(void **state)
{
        expect_done("a.sh", "docker network create --subnet 10.10.0.0/16 --gateway 10.10.0.1 proxy\n");
        expect_done("a.sh", "s=10.10.0.0/16\ndocker network create --subnet $s proxy\n");
        expect_done("a.yml", "networks:\n  proxy:\n    ipam: {config: [{subnet: 10.10.0.0/16}]}\n");
}

static void line_ends_stay_as_they_are(void **state)
{
        expect("a.sh", "true\r\ndocker network create proxy\r\n",
               "true\r\n# headroom: subnet 10.10.0.0/16 in place of 10.0.1.0/24: 255 times the room.\r\n"
               "docker network create --subnet 10.10.0.0/16 proxy\r\n");
        expect("a.yml", "networks:\r\n  proxy:\r\n",
               "networks:\r\n  # headroom: subnet 10.10.0.0/16 in place of 10.0.1.0/24: 255 times the "
               "room.\r\n"
               "  proxy:\r\n    ipam:\r\n      config:\r\n        - subnet: 10.10.0.0/16\r\n");
        expect("a.yml", "networks:\n  proxy:",
               "networks:\n  " SAYS "  proxy:\n    ipam:\n      config:\n        - subnet: 10.10.0.0/16");
}

static void a_reason_can_break_nothing(void **state)
{
        struct patch_wish wish = usual;

        wish.reason = "it's ${x} `y` \"z\"\n'' \\ \t<caf\xc3\xa9>\x01";
        expect_of(&wish, "a.nix", "{ x = ''\n  docker network create proxy\n''; }\n",
                  "{ x = ''\n  # headroom: subnet 10.10.0.0/16 in place of 10.0.1.0/24: it s x y z "
                  "caf\xc3\xa9.\n"
                  "  docker network create --subnet 10.10.0.0/16 proxy\n''; }\n");
        wish.reason = NULL;
        wish.old_subnet = NULL;
        expect_of(&wish, "a.sh", "docker network create proxy\n",
                  "# headroom: subnet 10.10.0.0/16 in place of another.\ndocker network create --subnet "
                  "10.10.0.0/16 proxy\n");
}

static void what_is_no_text_is_refused(void **state)
{
        _cleanup_patch_ struct plan_patch patch = {0};
        _cleanup_error_ struct error error = {0};
        static const char bytes[] = "docker network create proxy\n\0";

        assert_int_equal(patch_make_bytes("a.sh", bytes, sizeof(bytes) - 1, &usual, &patch, &error), -1);
        assert_int_equal(error.kind, ERROR_REFUSED);
        assert_string_equal(error.sentence, "a.sh:2: this is no text: it holds the byte 0x00");
        expect_refusal("a.sh", "docker network create \1proxy\2\n", "no text");
        expect("a.sh", "docker network create proxy # caf\xe9\n",
               SAYS "docker network create --subnet 10.10.0.0/16 proxy # caf\xe9\n");
        expect_refusal("a.sh", "docker network create --subnet caf\xe9 proxy\n", "not written in UTF-8");
        expect("a.sh", "# caf\xe9 \ndocker network create proxy\n",
               "# caf\xe9 \n" SAYS "docker network create --subnet 10.10.0.0/16 proxy\n");
        expect("a.sh", "echo caf\xc3\xa9; docker network create proxy # \xe2\x82\xac\n",
               SAYS "echo caf\xc3\xa9; docker network create --subnet 10.10.0.0/16 proxy # \xe2\x82\xac\n");
}

/* Nix */

static void nix_strings_hold_commands(void **state)
{
        expect("a.nix", "{ e = \"${pkgs.docker}/bin/docker network create --driver overlay proxy\"; }\n",
               SAYS "{ e = \"${pkgs.docker}/bin/docker network create --driver overlay --subnet 10.10.0.0/16 "
                    "proxy\"; }\n");
        expect("a.nix", "{\n  e = \"sh -c \\\"docker network create \\\\\\\"proxy\\\\\\\"\\\"\";\n}\n",
               "{\n  " SAYS "  e = \"sh -c \\\"docker network create --subnet 10.10.0.0/16 "
               "\\\\\\\"proxy\\\\\\\"\\\"\";\n}\n");
        expect("a.nix", "{ e = ''\n    ''${DOCKER} network create '''proxy''' # it's\n  ''; }\n",
               "{ e = ''\n    " SAYS
               "    ''${DOCKER} network create --subnet 10.10.0.0/16 '''proxy''' # it's\n  "
               "''; }\n");
        expect("a.nix",
               "{ e = \"${pkgs.writeShellScript \"x\" ''\n  docker network create proxy\n''} now\"; }\n",
               "{ e = \"${pkgs.writeShellScript \"x\" ''\n  " SAYS
               "  docker network create --subnet 10.10.0.0/16 proxy\n''} now\"; }\n");
        expect("a.nix",
               "let\n  foldl' = x: x; # don't\n  n = \"proxy\";\n  s = \"10.0.1.0/24\";\nin ''\n  docker "
               "network create --subnet ${s} ${n}\n''\n",
               "let\n  foldl' = x: x; # don't\n  n = \"proxy\";\n  " SAYS
               "  s = \"10.10.0.0/16\";\nin ''\n  docker network create --subnet ${s} ${n}\n''\n");
        expect_refusal("a.nix", "/* e = \"docker network create proxy\"; */ { }\n", "declares no network");
        expect_refusal("a.nix",
                       "{ s.subnet = \"10.0.1.0/24\"; e = \"docker network create --subnet ${subnet} "
                       "proxy\"; }\n",
                       "only known when this runs");
        expect_refusal("a.nix", "{ e = ''docker network create proxy", "declares no network");
}

/* Units */

static void units_run_commands(void **state)
{
        expect("a.service",
               "[Service]\nType=oneshot\n; docker network create proxy\nExecStart=-/usr/bin/docker network "
               "create "
               "-d overlay proxy\n",
               "[Service]\nType=oneshot\n; docker network create proxy\n" SAYS
               "ExecStart=-/usr/bin/docker network create -d overlay --subnet 10.10.0.0/16 proxy\n");
        expect("unit",
               "[Service]\nExecStart=/bin/sh -c 'docker network inspect proxy || \\\n# don't\n  docker "
               "network "
               "create proxy'\n",
               "[Service]\n" SAYS
               "ExecStart=/bin/sh -c 'docker network inspect proxy || \\\n# don't\n  docker "
               "network create --subnet 10.10.0.0/16 proxy'\n");
        expect("a.service",
               "[Service]\nEnvironment=NET=proxy \"SUBNET=10.0.1.0/24\"\nExecStart=/usr/bin/docker network "
               "create "
               "\\\n  --subnet ${SUBNET} $NET\n",
               "[Service]\n" SAYS
               "Environment=NET=proxy \"SUBNET=10.10.0.0/16\"\nExecStart=/usr/bin/docker network "
               "create \\\n  --subnet ${SUBNET} $NET\n");
        expect_refusal("a.service", "[Unit]\nDescription=docker network create proxy\n",
                       "declares no network");
}

/* Compose */

static void compose_entries_in_every_style(void **state)
{
        expect("a.yml", "services:\n    a:\n        image: x\nnetworks:\n    proxy:\n    other:\n",
               "services:\n    a:\n        image: x\nnetworks:\n    " SAYS
               "    proxy:\n        ipam:\n            config:\n                - subnet: 10.10.0.0/16\n    "
               "other:\n");
        expect("a.yml", "networks:\n  proxy: # shared\n  b:\n",
               "networks:\n  " SAYS
               "  proxy: # shared\n    ipam:\n      config:\n        - subnet: 10.10.0.0/16\n  b:\n");
        expect("a.yml", "networks:\n  proxy: {}\n",
               "networks:\n  " SAYS "  proxy: {ipam: {config: [{subnet: 10.10.0.0/16}]}}\n");
        expect("a.yml", "networks:\n  proxy: { driver: overlay }\n",
               "networks:\n  " SAYS
               "  proxy: { ipam: {config: [{subnet: 10.10.0.0/16}]}, driver: overlay }\n");
        expect("a.yml", "networks:\n  proxy: null\n",
               "networks:\n  " SAYS "  proxy: {ipam: {config: [{subnet: 10.10.0.0/16}]}}\n");
        expect("a.yml", "networks: {proxy: {}, b: }\n",
               SAYS "networks: {proxy: {ipam: {config: [{subnet: 10.10.0.0/16}]}}, b: }\n");
        expect("a.yml", "networks:\n  x:\n    driver: overlay\n    name: 'proxy'\n",
               "networks:\n  x:\n    " SAYS "    ipam:\n      config:\n        - subnet: 10.10.0.0/16\n    "
               "driver: overlay\n    name: 'proxy'\n");
}

static void as_much_of_ipam_as_is_missing(void **state)
{
        expect("a.yml", "networks:\n  proxy:\n    ipam:\n      driver: default\n",
               "networks:\n  proxy:\n    ipam:\n      " SAYS
               "      config:\n        - subnet: 10.10.0.0/16\n      driver: default\n");
        expect("a.yml", "networks:\n  proxy:\n    ipam:\n      config:\n",
               "networks:\n  proxy:\n    ipam:\n      " SAYS
               "      config:\n        - subnet: 10.10.0.0/16\n");
        expect("a.yml", "networks:\n  proxy:\n    ipam:\n      config: []\n",
               "networks:\n  proxy:\n    ipam:\n      " SAYS "      config: [{subnet: 10.10.0.0/16}]\n");
        expect("a.yml", "networks:\n  proxy:\n    ipam:\n      config:\n      - gateway: 10.10.0.1\n",
               "networks:\n  proxy:\n    ipam:\n      config:\n      " SAYS
               "      - subnet: 10.10.0.0/16\n        gateway: 10.10.0.1\n");
        expect("a.yml", "networks:\n  proxy:\n    ipam: {driver: default}\n",
               "networks:\n  proxy:\n    " SAYS
               "    ipam: {config: [{subnet: 10.10.0.0/16}], driver: default}\n");
}

static void a_subnet_in_compose_is_replaced(void **state)
{
        expect("a.yml",
               "networks:\n  proxy:\n    ipam:\n      config:\n        - subnet: \"10.0.1.0/24\" # old\n",
               "networks:\n  proxy:\n    ipam:\n      config:\n        " SAYS
               "        - subnet: \"10.10.0.0/16\" # old\n");
        expect("a.json",
               "{\n  \"networks\": {\n    \"proxy\": {\n      \"driver\": \"overlay\"\n    }\n  }\n}\n",
               "{\n  \"networks\": {\n    \"proxy\": {\n      \"ipam\": {\"config\": [{\"subnet\": "
               "\"10.10.0.0/16\"}]},\n      \"driver\": \"overlay\"\n    }\n  }\n}\n");
        expect("a.json", "{\"networks\":{\"proxy\":{\"ipam\":{\"config\":[{\"subnet\":\"10.0.1.0/24\"}]}}}}",
               "{\"networks\":{\"proxy\":{\"ipam\":{\"config\":[{\"subnet\":\"10.10.0.0/16\"}]}}}}");
        expect("a.yml",
               "networks:\n  proxy:\n    ipam:\n      config:\n        - subnet: 10.0.1.0/24\n          "
               "gateway: "
               "10.0.1.1\n          ip_range: 10.10.4.0/24\n",
               "networks:\n  proxy:\n    ipam:\n      config:\n        # headroom: subnet 10.10.0.0/16 in "
               "place "
               "of 10.0.1.0/24: 255 times the room. Taken out, being outside of it: 10.0.1.1.\n        - "
               "subnet: "
               "10.10.0.0/16\n          ip_range: 10.10.4.0/24\n");
        expect("a.yml",
               "networks:\n  proxy:\n    ipam:\n      config: [{gateway: 10.0.1.1, subnet: 10.0.1.0/24, "
               "ip_range: "
               "10.0.1.0/25}]\n",
               "networks:\n  proxy:\n    ipam:\n      # headroom: subnet 10.10.0.0/16 in place of "
               "10.0.1.0/24: 255 "
               "times the room. Taken out, being outside of it: 10.0.1.1, 10.0.1.0/25.\n      config: "
               "[{subnet: "
               "10.10.0.0/16}]\n");
}

static void compose_files_that_cannot_be_edited(void **state)
{
        static const struct {
                const char *file, *words;
        } cases[] = {
                {"networks:\n  proxy:\n    external: true\n", "a.yml:2: proxy is external here"},
                {"networks:\n  x:\n    external:\n      name: proxy\n", "a.yml:2: proxy is external here"},
                {"networks:\n  web:\n  proxy:\n    name: shared\n",
                 "declares no network proxy, only web, shared"},
                {"services: {}\n", "no section networks"},
                {"[]\n", "no section networks"},
                {"networks: [proxy]\n", "no section networks"},
                {"networks:\n  proxy:\n  x:\n    name: proxy\n", "2 times, in lines 2, 3"},
                {"networks:\n  proxy: &p {}\n  x: *p\n", "a.yml:2: an alias repeats"},
                {"x: &p {}\nnetworks:\n  proxy: *p\n", "a.yml:3: proxy is taken from an alias"},
                {"x: &p {}\nnetworks:\n  proxy:\n    <<: *p\n", "a.yml:3: proxy is taken from an alias"},
                {"networks:\n  proxy:\n    ipam:\n      config:\n        - subnet: ${SUBNET}\n",
                 "a.yml:5: the subnet is a variable"},
                {"networks:\n  proxy:\n    ipam:\n      config:\n        - subnet: 1.0.0.0/8\n        - "
                 "subnet: 2.0.0.0/8\n",
                 "several subnets"},
                {"networks:\n  proxy:\n    ipam:\n      config:\n        - gateway: 10.0.1.1\n",
                 "taken out safely"},
                {"networks:\n  proxy:\n    ipam:\n      config:\n        - gateway: $GW\n", "can't be told"},
                {"networks:\n  proxy: yes\n", "not how Compose writes"},
                {"networks:\n  proxy: {}\n  proxy: {}\n", "a second time"},
                {"networks: {\n", "not YAML"},
                {"a: 1\n---\nnetworks: {proxy: {}}\n", "more than one YAML document"},
                {"", "no section networks"},
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++)
                expect_refusal("a.yml", cases[i].file, cases[i].words);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_reference_hosts_one_line),
                cmocka_unit_test(a_plain_command_gets_the_subnet_before_its_name),
                cmocka_unit_test(the_ways_to_name_docker),
                cmocka_unit_test(a_subnet_that_stands_there_is_replaced),
                cmocka_unit_test(a_variable_is_edited_where_it_is_set),
                cmocka_unit_test(what_lies_outside_of_the_subnet_goes),
                cmocka_unit_test(a_comment_stands_above_the_whole_command),
                cmocka_unit_test(a_comment_of_an_earlier_move_is_replaced),
                cmocka_unit_test(commands_in_quotes_are_commands),
                cmocka_unit_test(what_is_only_said_is_no_declaration),
                cmocka_unit_test(several_declarations_are_refused_with_their_lines),
                cmocka_unit_test(a_file_that_has_the_subnet_needs_no_edit),
                cmocka_unit_test(line_ends_stay_as_they_are),
                cmocka_unit_test(a_reason_can_break_nothing),
                cmocka_unit_test(what_is_no_text_is_refused),
                cmocka_unit_test(nix_strings_hold_commands),
                cmocka_unit_test(units_run_commands),
                cmocka_unit_test(compose_entries_in_every_style),
                cmocka_unit_test(as_much_of_ipam_as_is_missing),
                cmocka_unit_test(a_subnet_in_compose_is_replaced),
                cmocka_unit_test(compose_files_that_cannot_be_edited),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
