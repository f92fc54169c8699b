#!/bin/bash
# Others are at work too: a second headroom, and people who change what is being moved.
. "$(dirname "$0")/lib.sh"

plan=$work/shared.plan
new_subnet=10.70.0.0/20

# status_of COMMAND...: its exit code; what it said is in $work/said.
status_of() {
  local status=0
  "$@" >"$work/said" 2>&1 || status=$?
  echo "$status"
}
begun() { grep -q "$1.*: begin" "$journal" 2>/dev/null; }
label_of() { docker service inspect --format "{{index .Spec.Labels \"$2\"}}" "$1"; }

# The same user at another machine: the node's network and engine, but a name and a state folder of its own.
elsewhere() {
  # shellcheck disable=SC2016
  on_node 1 unshare --uts sh -c 'hostname elsewhere && exec env HEADROOM_STATE="$@"' sh "$work/elsewhere" "$headroom" "$@"
}

lab_up "ot$$"
small_scene
hr plan shared --subnet $new_subnet -o "$plan" >"$work/said" 2>&1 || give_up plan "$(cat "$work/said")"
hr plan shared --subnet 10.80.0.0/20 -o "$work/rival.plan" >"$work/said" 2>&1 || give_up plan "$(cat "$work/said")"
journal=$(journal_of "$plan")

hr apply "$plan" >"$work/first" 2>&1 &
first=$!
wait_until 60 begun 'service-to-hop service first' || give_up first_run "$(tail -3 "$work/first")"

# ---- a second headroom ----

equal a_second_apply_is_refused "$(status_of hr apply "$plan")" 2
matches the_second_apply_names_the_holder "process $(cat "$(dirname "$journal")/lock") on this host is running this plan" "$work/said"
equal an_undo_beside_it_is_refused "$(status_of hr apply --undo "$plan")" 2
equal an_apply_from_elsewhere_is_refused "$(status_of elsewhere apply "$plan")" 2
matches the_hop_tells_elsewhere_who_holds_the_move "held by $lab_name-n1 pid [0-9]+.*--recover shared" "$work/said"
equal an_apply_with_another_state_folder_is_refused "$(status_of on_node 1 env HEADROOM_STATE="$work/other" "$headroom" apply "$plan")" 2
matches that_apply_names_the_process "held by $lab_name-n1 pid $(cat "$(dirname "$journal")/lock")" "$work/said"
equal another_plan_for_the_network_is_refused "$(status_of hr apply "$work/rival.plan")" 2
equal planning_it_meanwhile_is_refused "$(status_of hr plan shared --size 20)" 2
matches planning_tells_of_the_move "shared is being moved already, and headroom-hop-shared holds" "$work/said"
equal planning_the_hop_is_refused "$(status_of hr plan headroom-hop-shared --size 20)" 2
equal the_table_takes_a_move_that_runs_for_no_alarm "$(status_of hr)" 0
matches the_table_tells_that_it_runs 'headroom is moving the network now' "$work/said"
kill -0 "$first" 2>/dev/null || fail the_first_run_goes_on "$(tail -3 "$work/first")"

# ---- somebody changes a service that has not moved yet, and deploys another ----

docker service update --quiet --detach --label-add changed=by-somebody edge >/dev/null
status=0 && wait "$first" || status=$?
equal a_changed_service_stops_the_move "$status" 1
matches the_change_is_named 'service edge was changed by somebody else since it was planned: Labels' "$work/first"
matches the_ways_on_are_named '^next: .*headroom apply' "$work/first"
equal the_change_is_not_taken_silently "$(status_of hr apply "$plan")" 2
matches the_change_is_named_again 'service edge was changed by somebody else.*Labels.*--adopt' "$work/said"
small_service late --network shared
docker service rm third >/dev/null
equal comings_and_goings_are_not_taken_silently "$(status_of hr apply "$plan")" 2
matches who_came_is_named 'service late joined shared since' "$work/said"
matches who_went_is_named 'service third was removed since' "$work/said"
equal adopting_goes_on_and_finishes "$(status_of timeout 300 "$lab/exec" --name "$lab_name" 1 \
  env HEADROOM_STATE="$state" "$headroom" apply --adopt "$plan")" 0
[[ $(subnet_of shared) == "$new_subnet" ]] || cat "$work/said"
equal adopted_shared_has_the_new_subnet "$(subnet_of shared)" "$new_subnet"
equal the_change_is_kept "$(label_of edge changed)" by-somebody
wait_until 30 all_running >/dev/null || true
check adopted_every_service_runs all_running
check nothing_of_headroom_is_left nothing_of_headroom

verdict
