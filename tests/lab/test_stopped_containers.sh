#!/bin/bash
# Standalone containers that do not run: one that has exited before, one that is stopped once the plan is made, one while
# the move goes on, and one that was created and never started. All can start afterwards, there and back, with what they
# were connected with.
. "$(dirname "$0")/lib.sh"

guest() {
  local name=$1
  shift
  docker create --name "$name" --network shared "$@" busybox:lab sh -c "trap 'exit 0' TERM; sleep 100000 & wait" >/dev/null
}
start_guest() { guest "$@" && docker start "$1" >/dev/null; }

scene() {
  docker network create --driver overlay --attachable --subnet 10.60.0.0/24 shared >/dev/null
  small_service app --network shared
  small_service edge --network shared --publish published=8081,target=80,mode=host
  start_guest kept
  start_guest exited --network-alias exited-alias
  start_guest early --ip 10.60.0.77
  start_guest late
  guest created
  start_guest linked
  docker network disconnect shared linked
  docker network connect --link kept:lk --driver-opt headroom.test=yes --alias linked-alias shared linked
  docker stop --time 1 exited >/dev/null
  wait_until 60 all_running >/dev/null || give_up scene "$(docker service ls)"
}

settings() { docker inspect --format '{{with index .NetworkSettings.Networks "shared"}}{{json .Links}} {{json .DriverOpts}} {{json .Aliases}}{{end}}' linked | sed -E 's/"[0-9a-f]{12}"//'; }
networks_of_guests() { docker inspect --format '{{.Name}}{{range $name, $on := .NetworkSettings.Networks}} {{$name}}{{end}}' kept exited early late created linked; }
all_start() {
  local name
  for name in kept exited early late created linked; do docker start "$name" >/dev/null || return 1; done
  [[ $(docker inspect --format '{{.State.Running}}' kept exited early late created linked | sort -u) == true ]]
}
images() { docker image ls --all --quiet | sort; }
late_is_on_the_hop() { docker inspect --format '{{json .NetworkSettings.Networks}}' late | grep -q headroom-hop; }
stop_late() { wait_until 60 late_is_on_the_hop && docker stop --time 1 late >/dev/null; }

lab_up "stopped$$"
scene
images >"$work/images"
settings >"$work/settings"
networks_of_guests >"$work/networks"
hr plan shared --subnet 10.61.0.0/20 -o "$work/plan" >"$work/said" 2>&1 || give_up plan "$(cat "$work/said")"
matches the_plan_tells_of_the_one_that_has_exited 'container exited does not run' "$work/said"
docker stop --time 1 early >/dev/null
check the_check_before_holds hr check "$work/plan"
stop_late &
check the_move_ends_in_one_run hr apply --yes "$work/plan"
wait
equal one_was_stopped_meanwhile "$(docker inspect --format '{{.State.Running}}' late)" false
networks_of_guests >"$work/now"
same all_are_on_the_network_and_on_no_other "$work/networks" "$work/now"
check all_can_start all_start
docker stop --time 1 late >/dev/null
equal an_address_of_the_engines_choice_is_not_its_own "$(docker inspect --format '{{with index .NetworkSettings.Networks "shared"}}{{json .IPAMConfig}}{{end}}' late)" null
docker start late >/dev/null
equal its_own_address_is_kept "$(docker inspect --format '{{with index .NetworkSettings.Networks "shared"}}{{.IPAddress}}{{end}}' early)" 10.61.0.77
settings >"$work/now"
same links_and_options_are_kept "$work/settings" "$work/now"
docker stop --time 1 exited early >/dev/null
# The one that was only created has been started since, and is on the network now.
check the_way_back_ends_in_one_run hr apply --adopt --yes --undo "$work/plan"
networks_of_guests >"$work/now"
same all_are_back_on_it_and_on_no_other "$work/networks" "$work/now"
check all_can_start_again all_start
equal its_first_address_is_back "$(docker inspect --format '{{with index .NetworkSettings.Networks "shared"}}{{.IPAddress}}{{end}}' early)" 10.60.0.77
settings >"$work/now"
same links_and_options_are_back "$work/settings" "$work/now"
images >"$work/now"
same no_image_is_left "$work/images" "$work/now"
check nothing_of_headroom_is_left nothing_of_headroom
verdict
