#!/bin/bash
# Two standalone containers have the network's first addresses. On a network that is made anew the load balancer that comes
# with the first would take the second's: both have theirs, there and back. And the anchor of a plan that was left goes.
. "$(dirname "$0")/lib.sh"

old_subnet=10.60.0.0/24

guest() {
  docker run --detach --name "$1" --network shared --ip "10.60.0.$2" --network-alias "$1-alias" busybox:lab \
    sh -c "trap 'exit 0' TERM; sleep 100000 & wait" >/dev/null
}

# The one that comes first brings the balancer; made and removed once before, it is past both of them.
scene() {
  docker network create --driver overlay --attachable --subnet $old_subnet shared >/dev/null
  guest passer 2
  docker rm --force passer >/dev/null
  guest low 2
  guest high 3
  small_service app --network shared
  small_service edge --network shared --publish published=8081,target=80,mode=host
  wait_until 60 all_running >/dev/null || give_up scene "$(docker service ls)"
}

addresses() {
  docker inspect --format '{{.Name}} {{with index .NetworkSettings.Networks "shared"}}{{.IPAMConfig.IPv4Address}} {{.IPAddress}}{{end}}' low high
}
snapshot() { engine_state specs shared && engine_state network shared && addresses; }

lab_up "guests$$"
scene
snapshot >"$work/before"
check the_plan_is_made hr plan shared --subnet 10.61.0.0/20 -o "$work/plan"
check the_move_ends_in_one_run hr apply --yes "$work/plan"
equal both_have_their_addresses_on_the_new_network "$(addresses)" "/low 10.61.0.2 10.61.0.2
/high 10.61.0.3 10.61.0.3"
docker run --detach --name headroom-anchor-0123456789ab-net --network none busybox:lab sleep 100000 >/dev/null
check the_way_back_ends_in_one_run hr apply --yes --undo "$work/plan"
check all_run wait_until 30 all_running
snapshot >"$work/after"
same everything_is_as_it_was "$work/before" "$work/after"
check nothing_of_headroom_is_left nothing_of_headroom
verdict
