#!/bin/bash
# The whole procedure on the reference host, unattended and on a real systemd: found exhausted, diagnosed, planned with a
# patch, reviewed by a second person, moved while what makes work is paused, deployed again by the host's own units,
# verified, written down, and undone.
. "$(dirname "$0")/lib.sh"
. "$tests_here/operator.sh"

invocations() { for unit in swarm-init "${roads[@]}"; do echo "$unit $(unit_is "$unit" InvocationID)"; done; }
site() { [[ $(on_boot curl -s --max-time 5 "http://$1/") == "$1 "* ]]; }
sites() { for name in drone ccci-bridge ccci-dashboard ccci-reports warm-keycloak; do site "$name" || return 1; done; }
doctor_says() { run doctor doctor && grep -E "$1" "$work/doctor"; }
holds_but_for_reviews() { run held check "$plan" && ! grep '^FAIL' "$work/held" | grep -v 'number of reviews'; }
stack_gone() { ! docker service ls --format '{{.Name}}' | grep "^$1_"; }

# ---- diagnosis ----

reference_host "host$$" --systemd --exhaust
operators_arrive
# A task has to wait for a while before its waiting proves anything.
check doctor_names_the_cause wait_until 60 doctor_says '^critical: proxy refuses addresses: .*are leaked$'
runs doctor_is_critical 2 doctor
matches doctor_has_it_from_the_journal "^critical: the engine's log says \"could not find an available IP" "$work/doctor_is_critical"
matches doctor_names_the_next_command 'next: headroom plan proxy' "$work/doctor_is_critical"

# ---- planning and review ----

runs a_plan_to_be_reviewed_needs_its_planner 3 plan proxy --size 16 --patch "$nix" --in-place -o "$plan"
plan_move planning_works
runs a_recipe_under_test_is_not_quiet 1 check "$plan"
matches the_refusal_names_it '^FAIL .*ci-gitea' "$work/a_recipe_under_test_is_not_quiet"
on_boot docker stack rm ci-gitea >/dev/null
check the_recipe_goes wait_until 60 stack_gone ci-gitea
plan_move planning_again_works
check the_host_becomes_quiet wait_until 60 holds_but_for_reviews
runs no_move_without_a_review 2 apply --yes "$plan"
run check check --sign /root/planner "$plan"
runs no_move_with_the_planners_own_review 2 apply --yes "$plan"
runs every_point_holds_for_the_reviewer 0 check --sign /root/reviewer "$plan"
equal nothing_has_moved_yet "$(subnet_of proxy)" 10.0.1.0/24

# ---- the move ----

# arrived WHEN SUBNET: what a person would look at afterwards.
arrived() {
  wait_until 60 all_running >/dev/null || true
  check "$1_every_service_runs" all_running
  equal "$1_proxy_has_its_subnet" "$(subnet_of proxy)" "$2"
  check "$1_every_site_answers" wait_until 30 sites
  check "$1_nothing_of_headroom_is_left" nothing_of_headroom
  equal "$1_the_timer_is_active_again" "$(unit_is ci-poll.timer ActiveState)" active
  invocations >"$work/invocations"
  equal "$1_every_unit_has_run_again" "$(grep -cxFf "$work/invocations" "$work/invocations.before")" 0
  equal "$1_every_unit_is_active" "$(for unit in swarm-init "${roads[@]}"; do unit_is "$unit" ActiveState; done | sort -u)" active
  equal "$1_the_units_ran_in_order" "$(for unit in swarm-init "${roads[@]}"; do
    echo "$(unit_is "$unit" InactiveExitTimestampMonotonic) $unit"
  done | sort -n | cut -d' ' -f2 | xargs)" "swarm-init ${roads[*]}"
}
init_program() { on_boot sh -c "cat \"\$(sed -n 's/^ExecStart=//p' /etc/systemd/system/swarm-init.service)\""; }

# The longest time without work between two moments.
longest_pause() {
  on_boot cat /var/lib/ci-poll/runs | awk -v from="$1" -v to="$2" '
    function gap(at) { if (at - last > longest) longest = at - last; last = at }
    BEGIN { last = from } $1 > from && $1 < to { gap($1) } END { gap(to); printf "%d\n", longest }'
}

on_boot cat "$nix" >"$work/nix.before"
invocations >"$work/invocations.before"
began=$EPOCHREALTIME
runs apply_succeeds 0 apply --yes "$plan"
ended=$EPOCHREALTIME
((status == 0)) || exit
arrived applied 10.10.0.0/16
took_s=$((${ended%.*} - ${began%.*}))
check no_work_was_made_meanwhile test "$(longest_pause "$began" "$ended")" -ge $((took_s * 3 / 4))
on_boot cat "$nix" >"$work/nix"
equal one_line_of_the_declaration_changed "$(diff "$work/nix.before" "$work/nix" | grep -c '^<')" 1
matches the_declaration_has_the_subnet 'docker network create .*--subnet[ =]10\.10\.0\.0/16.* proxy' "$work/nix"
init_program >"$work/swarm-init"
matches swarm_init_was_rebuilt_from_it 'docker network create .*--subnet[ =]10\.10\.0\.0/16.* proxy' "$work/swarm-init"
runs check_verifies_the_move 0 check "$plan"
matches the_move_has_arrived_whole 'The move has arrived whole' "$work/check_verifies_the_move"
run doctor doctor
matches doctor_finds_no_refusal_any_more '^0 critical' "$work/doctor"

# ---- and back ----

invocations >"$work/invocations.before"
runs undo_succeeds 0 apply --undo --yes "$plan"
arrived undone 10.0.1.0/24
on_boot cat "$nix" >"$work/nix"
same undone_the_declaration_is_as_it_was "$work/nix.before" "$work/nix"
init_program >"$work/swarm-init"
equal undone_swarm_init_has_no_subnet "$(grep -c subnet "$work/swarm-init")" 0

verdict
