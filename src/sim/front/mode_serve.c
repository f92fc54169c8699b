#include "sim/front/mode.h"
#include "sim/front/pace.h"
#include "sim/front/server.h"
#include "sim/front/socket.h"

#include "base/text.h"
#include "sim/scenario/scenario.h"

#include <errno.h>
#include <stdio.h>

/* headroom-sim --scenario FILE --socket PATH: a described swarm as an engine on a socket. */

enum { SCENARIO, SOCKET, SPEED, SEED };

static const struct mode_option options[] = {
        [SCENARIO] = {"scenario", "FILE", "the swarm as docs/scenarios.md says", "the swarm to serve"},
        [SOCKET] = {"socket", "PATH", "the unix socket to listen on, for `docker -H unix://PATH`",
                    "where to listen"},
        [SPEED] = {"speed", "N",
                   "virtual milliseconds that pass in a real one (default 1; 0.5 is half as fast)", NULL},
        [SEED] = {"seed", "N", "another seed than the scenario's own", NULL},
        {NULL, NULL, NULL, NULL},
};

struct serving {
        const char *scenario, *socket;
        double speed;
        uint64_t seed;
};

static int read_serving(int argc, char **argv, struct serving *ret_serving, struct error *error)
{
        const char *values[MODE_OPTIONS_MAX];
        struct serving serving = {.speed = 1};

        if (mode_read(&mode_serve, argc, argv, values, error) < 0)
                return -1;
        serving.scenario = values[SCENARIO];
        serving.socket = values[SOCKET];
        if ((values[SPEED] && pace_parse_speed(values[SPEED], &serving.speed, error) < 0) ||
            (values[SEED] && mode_number("seed", values[SEED], 1, UINT64_MAX, &serving.seed, error) < 0))
                return -1;
        *ret_serving = serving;
        return 0;
}

static int open_swarm(const struct serving *serving, struct sim **ret_sim, struct error *error)
{
        _cleanup_scenario_ struct scenario *scenario = NULL;

        if (scenario_read(serving->scenario, &scenario, error) < 0 ||
            scenario_open(scenario, serving->seed, ret_sim, error) < 0)
                return -1;
        if (!scenario_says_when(scenario))
                sim_set_wall(*ret_sim, clock_wall_ms());
        return 0;
}

/* The one line that tells that requests are answered now. */
static int tell_ready(const struct serving *serving, struct sim *sim, struct error *error)
{
        struct sim_count count = sim_count(sim);

        printf("ready: %zu nodes, %zu networks, %zu services, %zu tasks at unix://%s\n", count.nodes,
               count.networks, count.services, count.tasks, serving->socket);
        if (fflush(stdout) == 0)
                return 0;
        return error_set(error, ERROR_FAILED, "the output could not be written: %s", strerror(errno));
}

static int serve(const struct serving *serving, struct error *error)
{
        _cleanup_front_socket_ struct front_socket socket = FRONT_SOCKET_NONE;
        _cleanup_sim_ struct sim *sim = NULL;
        _cleanup_front_ struct front *front = NULL;

        if (open_swarm(serving, &sim, error) < 0 || front_socket_open(serving->socket, &socket, error) < 0 ||
            front_open(sim, serving->speed, socket.fd, &front, error) < 0 ||
            tell_ready(serving, sim, error) < 0)
                return -1;
        return front_run(front, error);
}

static int run(int argc, char **argv)
{
        _cleanup_error_ struct error error = {0};
        struct serving serving;

        if (read_serving(argc, argv, &serving, &error) < 0)
                return mode_fail_usage(&error);
        if (serve(&serving, &error) < 0)
                return mode_fail(&error);
        return 0;
}

const struct mode mode_serve = {
        .usage = "--scenario FILE --socket PATH [--speed N] [--seed N]",
        .summary = "a simulated swarm as an engine on a socket",
        .description =
                "Answers the docker client and headroom as the first manager of the swarm that FILE "
                "describes, until SIGINT or SIGTERM. One line on stdout says when it is ready.\n\n"
                "The swarm's clock goes on with the real one, N times as fast, whether anybody asks or not. "
                "A request takes no virtual time; one that waits in the swarm is answered when its time has "
                "come.\n\n"
                "The socket has mode 0600. A path where something is already is refused, but for a socket "
                "that nobody listens on any more. At the end the socket is removed if it is still the "
                "same.\n\n"
                "  headroom-sim --scenario scenarios/cc-ci.yaml --socket /tmp/sim.sock &\n"
                "  headroom -H unix:///tmp/sim.sock\n"
                "  docker -H unix:///tmp/sim.sock service ls",
        .options = options,
        .run = run,
};
