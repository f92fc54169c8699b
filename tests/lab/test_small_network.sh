#!/bin/bash
# A /28 that is nearly full is enlarged and gone back to, each in one run: on the way back the addresses of the edge's live
# connections are those that the swarm comes to next, and a task that is given one fails.
. "$(dirname "$0")/lib.sh"

old_subnet=10.60.0.0/28

scene() {
  docker network create --driver overlay --attachable --subnet $old_subnet shared >/dev/null
  echo up >"$work/index.html"
  docker config create page "$work/index.html" >/dev/null
  small_service app --config source=page,target=/www/index.html "${healthy[@]}" --network shared --replicas 2 \
    --update-order start-first
  small_service plain --network shared --replicas 2
  small_service edge --config source=page,target=/www/index.html "${healthy[@]}" --network shared --replicas 2 \
    --update-order start-first --publish published=8081,target=80
  wait_until 60 all_running >/dev/null || give_up scene "$(docker service ls)"
  docker run --detach --name guest --network shared busybox:lab sh -c "trap 'exit 0' TERM; sleep 100000 & wait" >/dev/null
}

snapshot() { engine_state specs shared && engine_state network shared && engine_state container guest; }

run() { check "$1" hr apply --yes "${@:2}" "$work/plan"; }

# Of any of the services, since it was made.
failed_tasks() {
  docker service ps --no-trunc --format '{{.Name}} {{.Error}}' app plain edge | grep -vE ' $' && return 1 || return 0
}

lab_up "small$$"
scene
snapshot >"$work/before"
check the_plan_is_made hr plan shared --size 20 -o "$work/plan"
hr plan --show "$work/plan" >"$work/shown"
matches it_tells_that_the_way_back_has_hardly_room 'hardly room to come back to' "$work/shown"
run the_move_ends_in_one_run
equal it_has_its_subnet "$(subnet_of shared | cut -d/ -f2)" 20
check no_task_failed_on_the_way failed_tasks
run the_way_back_ends_in_one_run --undo
equal it_has_its_old_subnet "$(subnet_of shared)" $old_subnet
check no_task_failed_on_the_way_back failed_tasks
check all_run wait_until 30 all_running
snapshot >"$work/after"
same everything_is_as_it_was "$work/before" "$work/after"
check nothing_of_headroom_is_left nothing_of_headroom
verdict
