#include "cli/command.h"

#include "cli/commands.h"
#include "cli/help.h"

#include <stdio.h>

static int cmd_version(_unused_ const struct invocation *invocation)
{
        printf("headroom %s\nDocker API 1.%d to 1.%d\n", HEADROOM_VERSION, API_VERSION_MIN_MINOR,
               API_VERSION_MAX_MINOR);
        return 0;
}

const struct command commands[] = {
        {
                .name = "",
                .arguments = "[NET]",
                .summary = "how full each overlay network is; with NET, who holds which address",
                .description = "Like df for overlay networks: a line each with its subnet, how many "
                               "addresses it can hand "
                               "out, who holds them (VIPs of services, tasks, load-balancer endpoints of "
                               "nodes, attached "
                               "containers), how many are leaked and how many are free.\n\n"
                               "LEAKED is exact where the engine tells what its allocator holds (API 1.52), "
                               "or while the "
                               "network refuses addresses: then all that nobody owns is leaked. Elsewhere it "
                               "is '?', and FREE "
                               "is an upper bound. Nothing is written to the swarm.\n\n"
                               "With NET, a line a holder. Endpoints of other nodes can't be seen from here; "
                               "they are inferred "
                               "and marked so.\n\n"
                               " headroom\n headroom proxy\n headroom --format '{{.Network}} {{.FreeMax}}'",
                .options = pools_options,
                .words_max = 1,
                .run = command_pools,
                .monitoring = true,
        },
        {
                .name = "doctor",
                .arguments = "[--log FILE] [--since TIME]",
                .summary = "what is wrong with the swarm's addresses, what it means, and what to do next",
                .description =
                        "Looks, without writing anything, for pools that refuse, leak or end, networks that "
                        "were never allocated, tasks that wait for addresses, overlays that overlap with "
                        "this host's addresses, routes, bridges and resolvers, known faults of the engines, "
                        "what headroom itself left behind, and the allocator's words in the engine's log: in "
                        "the journal of docker.service since the last boot, or in a file of dockerd's.\n\n"
                        "A quiet log is no proof, because the engine repeats nothing. An error there that is "
                        "over is a note. What could not be looked at is a note, too.\n\n"
                        " headroom doctor\n headroom doctor --since 12h\n journalctl -u docker | headroom "
                        "doctor --log -",
                .options = doctor_options,
                .run = command_doctor,
                .monitoring = true,
        },
        {
                .name = "survey",
                .arguments = "-o FILE",
                .summary = "save what an engine tells, to look at it elsewhere",
                .description =
                        "Writes a snapshot of nodes, networks, services and tasks. It holds no environment, "
                        "command or secret, and only those labels that headroom reads. `headroom --from "
                        "FILE` "
                        "shows it.",
                .options = survey_options,
                .run = command_survey,
                .no_table = true,
        },
        {
                .name = "plan",
                .arguments = "NET --size BITS | --subnet CIDR [-o FILE] [--patch FILE ...]",
                .summary = "a plan to give a network another subnet under its own name",
                .description =
                        "Looks at the swarm and at this host, chooses a subnet that clashes with nothing "
                        "known, and "
                        "writes down what would be done: which services move in which order and way, how "
                        "long each is "
                        "expected to be out of reach, every step, and the way back. Nothing is changed.\n\n"
                        "--patch names a file that NET is deployed from: a shell script, a Nix file, a "
                        "systemd "
                        "unit or a Compose file. The one place in it that declares NET gets the new subnet "
                        "and a "
                        "comment that says why, by the smallest edit; a file in which that is not certain is "
                        "refused with the line. The diff lies beside the plan as FILE.patch, for patch -p1 "
                        "in the "
                        "root folder; with --in-place the move edits the file itself, if it is then as it "
                        "was "
                        "when planned, and --undo gives it back.\n\n"
                        "--key names the SSH key of who plans. The plan holds its fingerprint, so that its "
                        "reviews can be told from others', and FILE.sig is its signature where the private "
                        "key can be used. Where reviews are required a plan is not written without it.\n\n"
                        "Beside the plan lie two pages in Markdown. FILE.journal.md holds the facts as they "
                        "were "
                        "when it was planned, each with the API path or command that shows it: the cause, "
                        "every "
                        "subnet in use, what is on NET and what is not, how things are deployed, why this "
                        "subnet, "
                        "the patch, the state of the host, the procedure. FILE.status.md holds the checks "
                        "with "
                        "their verdicts, each step with its state and times, and the reviews; check and "
                        "apply "
                        "write it anew. Both can be read by their owner only.\n\n"
                        "--show tells again what a plan holds, as text or, with --format json, as JSON.\n\n"
                        "Exit code 1 also when the plan is written and one of its pages is not. check and "
                        "apply "
                        "tell that their page is not up to date, and otherwise do not depend on it.\n\n"
                        " headroom plan proxy --size 16 -o proxy.plan\n headroom plan proxy --size 16 -o "
                        "proxy.plan --patch swarm.nix\n headroom plan --show proxy.plan",
                .options = plan_options,
                .words_max = 1,
                .run = command_plan,
        },
        {
                .name = "check",
                .arguments = "FILE",
                .summary = "a cold second look at everything a plan rests on",
                .description =
                        "Takes nothing from the plan: asks the swarm and this host again, point by "
                        "point, and shows what the "
                        "plan claims, what is found, and whether it holds. What can't be asked from "
                        "here is shown "
                        "as unknown. After the move it shows whether it has arrived whole. `apply` "
                        "asks the same "
                        "points before its first change and after its last.\n\n"
                        "--sign writes all points and the verdict to FILE.review-XXXXXXXX, with a "
                        "signature by ssh-keygen(1) beside it. Where require_reviews is set, `apply` "
                        "demands that many reviews of this very plan: passed, not older than 30 minutes, "
                        "each by another key and person of allowed_signers, and none by who planned. "
                        "Without --sign the reviews that are there are judged too, and each that does "
                        "not count is told with its reason.\n\n"
                        "Exit code 1: a point does not hold, or (without --sign) reviews are "
                        "missing.\n\n"
                        " headroom check proxy.plan\n headroom check --sign ~/.ssh/id_ed25519 "
                        "proxy.plan",
                .options = check_options,
                .words_min = 1,
                .words_max = 1,
                .run = command_check,
        },
        {
                .name = "apply",
                .arguments = "FILE | --recover NET",
                .summary = "run a plan, resume it, or undo it",
                .description =
                        "Compares every fact of the plan with the swarm, then takes its steps one "
                        "after the other, "
                        "waiting for each to settle. Killed at any point, the same command goes on "
                        "where it was, and "
                        "--undo goes back to the old subnet. Where the plan's file or the host that "
                        "started it is gone, "
                        "--recover takes the plan out of the swarm itself.\n\n"
                        "What the configuration asks for is in the plan: units and services that make work "
                        "are "
                        "paused before the first change and go on at the end, also when the run fails or is "
                        "ended "
                        "by a signal; before each step that takes something out of reach the host has to be "
                        "quiet, "
                        "and is waited for (quiet.wait); after the move, files of --in-place are edited and "
                        "the roads "
                        "are gone: rebuild, units in their order, command. What a killed run has begun of "
                        "these is "
                        "examined, not repeated; where it can't be told, --unfinished says what to make of "
                        "it.\n\n"
                        "A first signal (Ctrl-C) ends the run in order, where the same command goes on; a "
                        "second one "
                        "ends it at once.\n\n"
                        "Where require_reviews is set, it begins only with that many signed reviews "
                        "(see check), and not with --adopt. A move that has begun was reviewed then: going "
                        "on with it, also with --recover, and going back need none.\n\n"
                        " headroom apply proxy.plan\n headroom apply --undo proxy.plan\n headroom "
                        "apply --recover proxy",
                .options = apply_options,
                .words_min = 1,
                .words_max = 1,
                .run = command_apply,
                .no_table = true,
        },
        {
                .name = "ensure",
                .arguments = "FILE",
                .summary = "networks declared in Compose syntax exist as declared",
                .description =
                        "Reads the section networks: of a Compose file (name, driver, attachable, internal, "
                        "driver_opts, labels, and ipam with subnet, ip_range and gateway), waits until the "
                        "engine is there and a swarm manager, creates the overlays that are missing, and "
                        "waits until they have their addresses. A network's name is its name:, else its key. "
                        "Entries that are external: are skipped. Any number of these may run at once.\n\n"
                        "Nothing that exists is ever changed. A network that differs from its declaration is "
                        "drift: each field is told with what is declared and what was found, and the exit "
                        "code is 4. A subnet that this host or the swarm uses already is refused before "
                        "anything is created.\n\n"
                        " headroom ensure /etc/headroom/networks.yaml",
                .options = ensure_specs,
                .words_min = 1,
                .words_max = 1,
                .run = command_ensure,
                .other_exit = "4 drift",
        },
        {
                .name = "config",
                .summary = "the configuration in effect, and where each value comes from",
                .description =
                        "Shows every key of the configuration with its value and its source: the default, a "
                        "line of the file, or "
                        "the environment. A list has a line an item. Options of a command line win over all "
                        "of it.\n\n"
                        " headroom config\n headroom config --format '{{.Key}}: {{.Help}}'",
                .run = command_config,
        },
        {
                .name = "help",
                .arguments = "[COMMAND]",
                .summary = "what headroom or one of its commands does and takes",
                .description = "Shows the commands, or the one that is named.",
                .options = help_options,
                .words_max = 1,
                .run = command_help,
                .no_table = true,
        },
        {
                .name = "version",
                .summary = "version of headroom and the engine API it speaks",
                .description = "Shows the version of headroom and which versions of the Docker Engine API it "
                               "speaks.",
                .run = cmd_version,
                .no_table = true,
        },
        {NULL},
};
